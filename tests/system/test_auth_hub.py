"""Who may do what at the hub, with the real programs: every token of the table over gRPC, tokens that run out in
mid-stream, keys that change under many clients, and bridge and command line as callers."""

import asyncio
import contextlib
import subprocess
import threading
import time

import grpc
import harness
import jwt
import pytest
import tokens
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from harness_auth import ALL, Issuer, TokenClient, jwk_set, put

from tocsin.v1 import hub_pb2

RULES = ["--auth-issuer", "https://id.example", "--auth-issuer", "https://second.example", "--auth-audience", "tocsin"]
GRPCURL = harness.ROOT / ".tools" / "bin" / "grpcurl"


def _refused(call):
    """The code and the reason of a call that must fail."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    info = harness.error_details(caught.value).get("ErrorInfo")
    return caught.value.code(), info.reason if info else ""


# ---- the table ----

@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The keys of the table, and a hub for each way in which a verifier is given them."""
    keys = tokens.Keys(tmp_path_factory.mktemp("keys"))
    flags = {"secret": ["--auth-secret-file", keys.secret_file], "pem": ["--auth-key-file", keys.pem_file],
             "jwks": ["--auth-jwks-file", keys.jwks_file]}
    with contextlib.ExitStack() as stack:
        hubs = {name: stack.enter_context(harness.start_hub(*given, *RULES, store="memory"))
                for name, given in flags.items()}
        yield keys, hubs


def _hub_of(row, hubs):
    return hubs[row.get("keys") or ("secret" if "secret" in row.get("key", "secret") else "jwks")]


def _can_be_sent(token):
    """What gRPC's clients put into a field of metadata."""
    return all(" " <= letter <= "~" for letter in token)


def _unless_keys_are_read(call):
    """The call's answer or error; again while it is UNAVAILABLE: a kid that is not known has the keys read, at most every 30 s."""
    until = time.monotonic() + 20
    while True:
        try:
            return call()
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() > until:
                raise
        time.sleep(0.1)


def test_each_token_of_the_table_is_answered_as_it_says(table):
    """Refused: by each kind of call, with the code, and nothing is appended. Good: what it says may be published is."""
    keys, hubs = table
    channels = {name: grpc.insecure_channel(hub.address(0)) for name, hub in hubs.items()}
    stubs = {name: harness.hub_pb2_grpc.EventHubStub(channel) for name, channel in channels.items()}
    names = {id(hub): name for name, hub in hubs.items()}
    appended, wrong, unsendable, refused = dict.fromkeys(hubs, 0), [], 0, 0
    for row in tokens.rows():
        token, name = keys.make(row), names[id(_hub_of(row, hubs))]
        if token.startswith(" "):
            continue  # after "Bearer" it is one space more, which RFC 7235 allows
        if not _can_be_sent(token) or len(token) > 8_000:
            unsendable += 1  # gRPC's own clients refuse it, or the hub's gRPC does: test_what_is_no_metadata…
            continue
        metadata = [("authorization", f"Bearer {token}")] if token else []
        publish = hub_pb2.PublishRequest(events=[harness.system_event(row["name"])])
        if not row["refusal"]:
            try:
                stubs[name].Publish(publish, metadata=metadata, timeout=10)
                appended[name] += 1
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.PERMISSION_DENIED:  # good, and may publish something else
                    wrong.append((row["name"], error.code()))
            continue
        reason = "UNAUTHENTICATED" if row["refusal"] == "missing" else "UNAUTHORIZED"
        refused += 1
        for call in (lambda: stubs[name].Publish(publish, metadata=metadata, timeout=10),
                     lambda: next(stubs[name].Subscribe(hub_pb2.SubscribeRequest(**{"from": "earliest"}),
                                                        metadata=metadata, timeout=10)),
                     lambda: stubs[name].GetStatus(hub_pb2.GetStatusRequest(), metadata=metadata, timeout=10)):
            try:
                got = _unless_keys_are_read(call)
                wrong.append((row["name"], "was answered", got))
            except grpc.RpcError as error:
                info = harness.error_details(error).get("ErrorInfo")
                if error.code() != grpc.StatusCode.UNAUTHENTICATED or info is None or info.reason != reason:
                    wrong.append((row["name"], error.code(), error.details()))
    assert not wrong, f"{len({name for name, *_ in wrong})} of {refused}, {wrong[:5]}"
    assert unsendable <= 12 and len(tokens.rows()) - unsendable >= 245
    for name, hub in hubs.items():
        assert hub.metric("tocsin_log_last_sequence") == appended[name]
        channels[name].close()


def _curl(hub, token, tmp_path):
    """What GetStatus answers to a token as it is, whatever it holds."""
    field = tmp_path / "field"
    field.write_text(f"authorization: Bearer {token}\n")
    return subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", "-m", "10", "-D", "-", "-o", "/dev/null", "-X", "POST",
         "-H", "content-type: application/grpc", "-H", "te: trailers", "-H", f"@{field}",
         "--data-binary", "@-", f"http://{hub.address(0)}/tocsin.v1.EventHub/GetStatus"],
        input=b"\0\0\0\0\0", capture_output=True, timeout=20).stdout


def test_what_grpc_does_not_carry_is_refused_too(table, tmp_path):
    """Tokens that gRPC's clients do not send, or that are longer than what gRPC takes of metadata."""
    keys, hubs = table
    sent = 0
    for row in tokens.rows():
        token, hub = keys.make(row), _hub_of(row, hubs)
        if (_can_be_sent(token) and len(token) <= 8_000) or not row["refusal"]:
            continue
        if any(letter in token for letter in "\r\n\0"):
            continue  # no field of HTTP/2 has one: curl sends another field
        assert b"grpc-status: 0" not in _curl(hub, token, tmp_path), row["name"]
        sent += 1
    good = next(row for row in tokens.rows() if not row["refusal"])
    assert b"grpc-status: 0" in _curl(_hub_of(good, hubs), keys.make(good), tmp_path)
    assert sent > 0


# ---- running out ----

@pytest.fixture
def issuer(tmp_path):
    return Issuer(tmp_path)


@contextlib.contextmanager
def _publishing(hub, issuer, every=0.02):
    """Publishes all the while: the cursors and times of what was appended, in order."""
    published, stop = [], threading.Event()

    def publish():
        with TokenClient(hub, issuer.token()) as client:
            while not stop.wait(every):
                published.append(client.publish(harness.system_event(f"event {len(published)}")))

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield published
    finally:
        stop.set()
        thread.join()


def _time_of(event):
    return event.time.seconds + event.time.nanos / 1e9


def test_a_subscription_ends_with_its_token_and_the_next_one_loses_nothing(issuer):
    with harness.start_hub(*issuer.flags, "--auth-leeway", "0s", store="memory") as hub, \
            _publishing(hub, issuer) as published:
        seen, cursor = [], "earliest"
        for _ in range(3):
            good_for = 2
            token = issuer.token(good_for=good_for)
            end = int(time.time() + good_for)
            with TokenClient(hub, token) as client:
                stream = client.subscribe(start=cursor)
                with pytest.raises(grpc.RpcError) as caught:
                    stream.until(lambda _: False)
                ended = time.time()
            got = list(stream.pending)
            assert stream.closing.reason == "UNAUTHORIZED"
            assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
            assert "resume from the last cursor with a fresh one" in caught.value.details()
            assert end <= ended <= end + 5
            assert got and all(_time_of(event) <= end + 0.05 for event in got), "delivered after the end"
            seen += [event.sequence for event in got]
            cursor = stream.cursor
        with TokenClient(hub, issuer.token()) as client:
            seen += [event.sequence for event in client.subscribe(start=cursor).to_end_of_log()]
        assert seen == list(range(1, len(seen) + 1)) and len(seen) >= len(published) - 5


def test_a_publish_stream_ends_with_its_token(issuer):
    with harness.start_hub(*issuer.flags, "--auth-leeway", "0s", store="memory") as hub:
        end = int(time.time() + 2)

        def requests():
            number = 0
            while time.time() < end + 10:
                number += 1
                yield hub_pb2.PublishStreamRequest(publish=hub_pb2.PublishRequest(
                    events=[harness.system_event(f"event {number}")]))
                time.sleep(0.01)

        answers = []
        with TokenClient(hub, issuer.token(good_for=2)) as client, pytest.raises(grpc.RpcError) as caught:
            for answer in client.stub.PublishStream(requests()):
                answers.append(answer)
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert end <= time.time() <= end + 5
        with TokenClient(hub, issuer.token()) as client:
            events = client.subscribe(start="earliest").to_end_of_log()
        assert len(events) == len(answers) > 50
        assert all(_time_of(event) <= end + 0.05 for event in events)


def test_idle_streams_end_with_their_token(issuer):
    """Nothing is sent that would make the hub look at the token."""
    with harness.start_hub(*issuer.flags, "--auth-leeway", "0s", store="memory") as hub:
        end = int(time.time() + 2)
        over = threading.Event()

        def nothing():
            over.wait(20)
            yield from ()

        with TokenClient(hub, issuer.token(good_for=2)) as client:
            stream = client.subscribe()
            publishing = client.stub.PublishStream(nothing())
            for wait in (lambda: stream.until(lambda _: False), lambda: next(publishing)):
                with pytest.raises(grpc.RpcError) as caught:
                    wait()
                assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
                assert end <= time.time() <= end + 5
            over.set()


# ---- keys that change ----

class _Signer:
    def __init__(self, number):
        self.kid = f"key-{number}"
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.jwk = tokens.jwk(self.key, kid=self.kid, use="sig", alg="ES256")

    def token(self):
        pem = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption())
        claims = {"sub": "ann", "exp": int(time.time()) + 300, "tocsin": ALL}
        return jwt.encode(claims, pem, algorithm="ES256", headers={"kid": self.kid})


@pytest.mark.parametrize("clients, rounds", [(500, 20)])
def test_keys_are_replaced_under_clients(tmp_path, clients, rounds):
    """No open stream is cut, the new key's token is good within seconds, the old one's is not any more."""
    jwks = tmp_path / "jwks.json"
    signer = _Signer(0)
    put(jwks, jwk_set(signer.jwk))

    async def follow(stub, token, received):
        call = stub.Subscribe(hub_pb2.SubscribeRequest(), metadata=[("authorization", f"Bearer {token}")])
        async for response in call:
            received[0] += len(response.events)
            if response.caught_up:
                received[1] = True

    async def run(hub):
        nonlocal signer
        options = [("grpc.use_local_subchannel_pool", 1)]
        async with contextlib.AsyncExitStack() as stack:
            channels = [await stack.enter_async_context(grpc.aio.insecure_channel(hub.address(0), options=options))
                        for _ in range(10)]
            stubs = [harness.hub_pb2_grpc.EventHubStub(channel) for channel in channels]
            received = [[0, False] for _ in range(clients)]
            token = signer.token()
            tasks = [asyncio.create_task(follow(stubs[i % 10], token, received[i])) for i in range(clients)]
            await _until(lambda: all(each[1] for each in received), tasks)
            for number in range(1, rounds + 1):
                old, signer = signer, _Signer(number)
                put(jwks, jwk_set(signer.jwk))
                await asyncio.to_thread(harness.wait_for, lambda: _is_good(hub, signer.token()), what="the new key", timeout=5)
                assert not await asyncio.to_thread(_is_good, hub, old.token())
                with TokenClient(hub, signer.token()) as client:
                    await asyncio.to_thread(client.publish, harness.system_event(f"round {number}"))
                await _until(lambda: all(each[0] == number for each in received), tasks)
            for task in tasks:
                task.cancel()

    with harness.start_hub("--auth-jwks-file", jwks, store="memory") as hub:
        harness.run(run(hub))
        assert hub.metric("tocsin_auth_key_failures_total") == 0


async def _until(condition, tasks):
    deadline = time.monotonic() + 60
    while not condition():
        ended = [task for task in tasks if task.done()]
        assert not ended, ended[0].exception()
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def _is_good(hub, token):
    with TokenClient(hub, token) as client:
        try:
            client.stub.GetStatus(hub_pb2.GetStatusRequest(), timeout=10, wait_for_ready=True)
            return True
        except grpc.RpcError as error:
            # UNAVAILABLE: the keys are being read again, because of this one's.
            assert error.code() in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNAVAILABLE), error
            return False


# ---- the clients that we ship, and others ----

@pytest.mark.skipif(not GRPCURL.exists(), reason="scripts/setup makes it")
def test_grpcurl_shows_a_token(issuer):
    def call(*fields):
        return subprocess.run([GRPCURL, "-plaintext", *fields, hub.address(0), "tocsin.v1.EventHub/GetStatus"],
                              capture_output=True, text=True, timeout=20)

    with harness.start_hub(*issuer.flags, store="memory") as hub:
        assert "Unauthenticated" in call().stderr
        assert '"latest"' in call("-H", f"authorization: Bearer {issuer.token()}").stdout
        listed = subprocess.run([GRPCURL, "-plaintext", hub.address(0), "list"], capture_output=True, text=True, timeout=20)
        assert "tocsin.v1.EventHub" in listed.stdout, "reflection is open"


COMMANDS = [
    ["status"], ["events"], ["incidents", "list"], ["incidents", "check"],
    ["pub", "system-event", "--category", "test", "--message", "m"],
    ["pub", "--file", "-"], ["alert", "--title", "t", "--source", "test", "--severity", "P3"],
    ["explain", "--last", "1"], ["sub", "--from", "earliest", "--count", "1"],
    ["verify", "--duration", "1s", "--transports", "grpc"],
    ["bench", "pub", "--events", "10"], ["bench", "pub", "--events", "10", "--unary"],
    ["bench", "sub", "--events", "10", "--subscribers", "2"]]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_every_command_shows_its_token(issuer, tmp_path, arguments):
    event = '{"type": "system_event", "category": "test", "message": "m"}\n'
    token = tmp_path / "token"
    token.write_text(issuer.token() + "\n")
    with harness.start_hub(*issuer.flags, store="memory") as hub:
        with TokenClient(hub, issuer.token()) as client:
            client.publish(harness.incident_created())
        refused = harness.cli(hub, *arguments, input=event)
        assert refused.returncode == 4, refused
        done = harness.cli(hub, "--token-file", str(token), *arguments, input=event)
        assert done.returncode == 0, done


@pytest.mark.parametrize("arguments, says", [
    (["bench", "ws", "--events", "10", "--subscribers", "2"], "a token is required"),
    (["verify", "--duration", "1s"], "GET /v1/incidents answers 401")], ids=["bench", "verify"])
def test_commands_that_follow_a_bridge_show_it_their_token(issuer, tmp_path, arguments, says):
    token = tmp_path / "token"
    token.write_text(issuer.token() + "\n")
    with harness.start_hub(store="memory") as hub, harness.start_bridge(hub, *issuer.flags) as bridge:
        refused = harness.cli(hub, "--timeout", "1s", *arguments, "--bridge", bridge.url)
        assert refused.returncode in (3, 4) and says in refused.stderr, refused
        done = harness.cli(hub, "--token-file", str(token), *arguments, "--bridge", bridge.url)
        assert done.returncode == 0, done
        assert issuer.token()[:20] not in done.stdout + done.stderr
        clear = harness.cli(hub, "--token-file", str(token), *arguments, "--bridge", "ws://192.0.2.1:8080/ws", "--yes")
        assert clear.returncode == 2 and "--hub-insecure" in clear.stderr and "192.0.2.1" in clear.stderr, clear


def test_a_token_is_no_flag_and_goes_to_no_other_machine_in_the_clear(issuer, tmp_path):
    token = tmp_path / "token"
    token.write_text(issuer.token())
    done = harness.cli("192.0.2.1:50051", "--token-file", str(token), "status")
    assert done.returncode == 2 and "--hub-tls" in done.stderr and "192.0.2.1" in done.stderr, done
    assert issuer.token()[:20] not in done.stderr
    assert harness.cli("127.0.0.1:1", "--token", issuer.token(), "status").returncode == 2
    done = harness.cli("192.0.2.1:50051", "--token-file", str(token), "--hub-insecure", "--timeout", "100ms", "status")
    assert done.returncode == 3, done
    token.write_text("two tokens")
    done = harness.cli("127.0.0.1:1", "--token-file", str(token), "status")
    assert done.returncode == 2 and str(token) in done.stderr and "two" not in done.stderr, done
    bridge = subprocess.run([harness.BIN / "tocsin-bridge", "--hub", "192.0.2.1:50051", "--hub-token-file", tmp_path / "token",
                             "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=20)
    assert bridge.returncode == 2 and "--hub-token-file" in bridge.stderr, bridge


def test_sub_goes_on_with_the_next_token_of_its_file(issuer, tmp_path):
    token = tmp_path / "token"
    put(token, issuer.token(good_for=2))
    with harness.start_hub(*issuer.flags, "--auth-leeway", "0s", store="memory") as hub, \
            _publishing(hub, issuer) as published:
        renewed = threading.Timer(3, lambda: put(token, issuer.token()))  # late: it is refused meanwhile
        renewed.start()
        done = harness.cli(hub, "--token-file", str(token), "sub", "--from", "earliest", "--count", "250", "--output", "json")
        renewed.join()
    assert done.returncode == 0, done
    assert "nothing was missed" in done.stderr and len(published) >= 250
    assert [f'"event {n}"' in line for n, line in enumerate(done.stdout.splitlines())] == [True] * 250


def test_a_bridge_whose_token_is_renewed_loses_nothing(issuer, tmp_path):
    """In time, and once too late: then it says so, and goes on where it was."""
    token = tmp_path / "token"
    put(token, issuer.token(good_for=2))

    async def follow(bridge, published):
        renewing = asyncio.create_task(asyncio.to_thread(renew, bridge))
        async with harness.connect(bridge) as ws:
            await ws.subscribe(filters={"event_types": ["system_event"]})
            first = len(published)
            seen = []
            while not (renewing.done() and len(seen) >= len(published) - first):
                seen.append((await ws.expect("event"))["sequence"])
            await renewing
            return seen

    def refusals(bridge):
        return bridge.log().count("the hub refuses this bridge's token")

    def renew(bridge):
        put(token, issuer.token(good_for=4))  # in time: the first one runs out, and the stream goes on with this
        harness.wait_for(lambda: refusals(bridge) == 1 and bridge.ready(), what="the stream to go on")
        harness.wait_for(lambda: refusals(bridge) == 2, what="the second one to run out")
        harness.wait_for(lambda: "refuses this bridge's token" in bridge.http("/health", 0)[1], what="the health to say so")
        put(token, issuer.token())  # too late
        harness.wait_for(bridge.ready, what="the bridge to be ready again")

    with harness.start_hub(*issuer.flags, "--auth-leeway", "0s", store="memory") as hub, \
            harness.start_bridge(hub, "--hub-token-file", token) as bridge, _publishing(hub, issuer, 0.05) as published:
        seen = harness.run(follow(bridge, published))
        assert seen == list(range(seen[0], seen[0] + len(seen))) and len(seen) > 50
        assert bridge.running() and "the hub refuses this bridge's token" in bridge.log()
        assert issuer.token()[:30] not in bridge.log()
