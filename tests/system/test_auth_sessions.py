"""Tokens on /ws and /graphql/ws with the real programs: each of the table over every place where one may stand, running out in
mid-stream, refreshed and changed under load, and keys that are rotated meanwhile."""

import asyncio
import contextlib
import json
import os
import random
import signal
import threading
import time

import pytest
import websockets

import harness
import raw
import tokens

NO_RATE = ("--messages-per-second", 100_000, "--message-burst", 100_000)
RULES = ("--auth-audience", "tocsin", "--auth-issuer", "https://id.example", "--auth-issuer", "https://second.example")
EVENTS = "subscription { events { sequence } }"
SEVERITIES = ("P0", "P1", "P2", "P3", "P4")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return tokens.Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def bridges(hub, keys):
    """One for each kind of keys that the table's verifiers have."""
    with contextlib.ExitStack() as stack:
        yield {kind: stack.enter_context(harness.start_bridge(hub, *NO_RATE, *RULES, flag, file))
               for kind, flag, file in (("secret", "--auth-secret-file", keys.secret_file),
                                        ("pem", "--auth-key-file", keys.pem_file),
                                        ("jwks", "--auth-jwks-file", keys.jwks_file))}


def bridge_of(bridges, row):
    return bridges[row.get("keys") or ("secret" if "secret" in row.get("key", "secret") else "jwks")]


def token(keys, lasts=3600, subscribe=True, sub="ann", **more):
    """A good one, signed with the secret."""
    claims = {"sub": sub, "exp": int(time.time() + lasts), "tocsin": {"subscribe": subscribe}, **more}
    return keys.make({"claims": claims})


# ---- each token of the table, over each place ----


def handshake(bridge, path, *fields):
    """The answer; of one that is let in, only its head."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket",
             "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {raw.KEY}", *fields, "", ""]
    with raw.connect(bridge) as sock:
        with contextlib.suppress(OSError):  # it may have been refused before it was whole
            sock.sendall("\r\n".join(lines).encode("utf-8", "surrogateescape"))
        data = b""
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" not in data and (more := sock.recv(65536)):
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            answer = raw.Answer(head + b"\r\n\r\n")
            length = int(answer.fields.get("content-length", 0))
            while len(body) < length and (more := sock.recv(65536)):
                body += more
            answer.body = body
        return answer


def fits_a_header(text):
    """HTTP itself refuses the others."""
    return text.isprintable() and text.isascii() and len(text) < 4500


def check_handshake(bridge, name, refused, path, fields, spoken):
    answer = handshake(bridge, path, *fields)
    if not refused:
        assert answer.status == 101, (name, answer.status, answer.body)
        assert answer.fields.get("sec-websocket-protocol", "") == spoken, name
    elif answer.status == 401:
        assert answer.fields["www-authenticate"].startswith("Bearer"), name
        assert answer.problem()["code"] in ("UNAUTHORIZED", "UNAUTHENTICATED"), name
    else:  # what cannot stand in a header, or is two tokens
        assert answer.status in (400, 431), (name, answer.status)


READING = ("503", "SERVICE_UNAVAILABLE", "being read again")  # because of this token's kid, at most every 30 s


class Wrong:
    """The rows of the table that were not answered as they say: each is asked, whatever came of those before it. Told beside
    how many are to be refused."""

    def __init__(self):
        self.asked, self.rows = [], {}

    async def ask(self, row, asking):
        """`asking` makes what is awaited; again while the keys are being read."""
        self.asked += [row["name"]] * bool(row["refusal"])
        until = time.monotonic() + 20
        while True:
            try:
                return await asking()
            except AssertionError as error:
                if time.monotonic() > until or not any(word in str(error) for word in READING):
                    self.rows.setdefault(row["name"], str(error))
                    return
            await asyncio.sleep(0.1)

    def shake(self, row, *handshake):
        async def asking():
            check_handshake(*handshake)
        harness.run(self.ask(row, asking))

    def check(self):
        assert not self.rows, f"{len(self.rows)} of {len(set(self.asked))}, {list(self.rows.items())[:5]}"


def test_each_token_of_the_table_in_the_header(bridges, keys):
    wrong = Wrong()
    for row in tokens.rows():
        made = keys.make(row)
        if "\n" in made or "\r" in made or "\0" in made or made != made.strip():
            continue  # that would be another header, and spaces around a value are not of it
        for path, more, spoken in (("/ws", (), ""),
                                   ("/graphql/ws", ("Sec-WebSocket-Protocol: graphql-transport-ws",), "graphql-transport-ws")):
            wrong.shake(row, bridge_of(bridges, row), row["name"], row["refusal"], path, (f"Authorization: Bearer {made}", *more), spoken)
    wrong.check()


def test_each_token_of_the_table_as_a_subprotocol(bridges, keys):
    wrong = Wrong()
    for row in tokens.rows():
        made = keys.make(row)
        if not fits_a_header(made):
            continue
        for path, spoken in (("/ws", "tocsin.v1"), ("/graphql/ws", "graphql-transport-ws")):
            wrong.shake(row, bridge_of(bridges, row), row["name"], row["refusal"], path,
                        (f"Sec-WebSocket-Protocol: {spoken}, bearer.{made}",), spoken)
    wrong.check()


async def closes(connection):
    """The messages that came until the close, and its code and reason. Let in instead: those until then, and no code."""
    got = []
    try:
        while True:
            if got and got[-1]["type"] in ("authenticated", "connection_ack"):
                return got, None, ""
            got.append(json.loads(await asyncio.wait_for(connection.recv(), 20)))
    except websockets.ConnectionClosed as closed:
        return got, closed.rcvd.code, closed.rcvd.reason


def test_each_token_of_the_table_by_authenticate(bridges, keys, hub):
    async def ask(row):
        async with harness.connect(bridge_of(bridges, row)) as ws:
            assert "cursor" not in ws.welcome
            await ws.send({"type": "authenticate", "token": keys.make(row)})
            if not row["refusal"]:
                assert (await ws.recv())["type"] == "authenticated", row["name"]
                return
            with contextlib.suppress(websockets.ConnectionClosed):
                await ws.send({"type": "subscribe", "subscription_id": "s", "resume_from": "earliest"})
            if keys.make(row) == "":  # a message without one: it may still come
                assert (await ws.recv())["code"] == "INVALID_MESSAGE"
                assert (await ws.recv())["code"] == "UNAUTHENTICATED"
                return
            got, code, reason = await closes(ws.connection)
            if len(keys.make(row)) > 60_000:
                assert code == 1009, row["name"]
                return
            assert [message["type"] for message in got] == ["error", "closing"], (row["name"], got)
            assert (got[0]["code"], code) == ("UNAUTHORIZED", 4401), (row["name"], got)
            assert reason.startswith("UNAUTHORIZED"), row["name"]

    wrong = Wrong()

    async def all_of_them():
        for row in tokens.rows():
            await wrong.ask(row, lambda row=row: ask(row))
    with hub.client() as client:
        client.publish(harness.incident_created())
    harness.run(all_of_them())
    wrong.check()


def test_each_token_of_the_table_by_connection_init(bridges, keys):
    async def ask(row):
        async with harness.graphql(bridge_of(bridges, row), init=False) as graphql:
            await graphql.send({"type": "connection_init", "payload": {"authorization": f"Bearer {keys.make(row)}"}})
            if not row["refusal"]:
                assert (await graphql.recv())["type"] == "connection_ack", row["name"]
                return
            got, code, reason = await closes(graphql.connection)
            assert not got, (row["name"], got)
            assert code == (1009 if len(keys.make(row)) > 60_000 else 4403), (row["name"], code, reason)

    wrong = Wrong()

    async def all_of_them():
        for row in tokens.rows():
            if keys.make(row) == keys.make(row).strip():  # "Bearer  token" is good
                await wrong.ask(row, lambda row=row: ask(row))
    harness.run(all_of_them())
    wrong.check()


@pytest.mark.parametrize("path", ["/ws", "/graphql/ws"])
def test_where_a_token_does_not_belong(bridges, keys, path):
    good, bridge = token(keys), bridges["secret"]
    for target in (f"{path}?access_token={good}", f"{path}?token={good}", f"{path}?x={good}"):
        answer = handshake(bridge, target)
        assert answer.status == 401 and b"URL" in answer.body and good.encode() not in answer.body, target
    twice = handshake(bridge, path, f"Authorization: Bearer {good}", f"Sec-WebSocket-Protocol: tocsin.v1, bearer.{good}")
    assert twice.status == 400
    alone = handshake(bridge, path, f"Sec-WebSocket-Protocol: bearer.{good}")
    assert alone.status == 400 and b"beside the token" in alone.body and good.encode() not in alone.body
    assert good not in bridge.log()


def test_nobody_says_who_he_is_and_is_told_nothing(bridges, hub):
    async def wait():
        began = time.monotonic()
        async with harness.connect(bridges["secret"]) as ws:
            await ws.send({"type": "subscribe", "subscription_id": "s", "resume_from": "earliest"})
            assert (await ws.recv())["code"] == "UNAUTHENTICATED"
            got, code, reason = await closes(ws.connection)
            assert [message["type"] for message in got] == ["error", "closing"] and code == 4401, got
            assert reason.startswith("UNAUTHENTICATED") and 9.5 < time.monotonic() - began < 12
    harness.run(wait())


# ---- under load ----


class Load:
    """Publishes incidents of all severities, one after the other, until it is stopped."""

    def __init__(self, hub, pause=0.004):
        self.hub, self.pause = hub, pause
        self.severities = {}  # sequence → severity
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        rng = random.Random(7)
        with self.hub.client() as client:
            while not self._stop.wait(self.pause):
                severity = rng.choice(SEVERITIES)
                self.severities[client.publish(harness.incident_created(severity=severity)).sequence] = severity

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


def sequence_of(cursor):
    return int(cursor.split("-")[1], 16)


@pytest.fixture(scope="module")
def strict(hub, keys):
    """A bridge with a leeway of a second."""
    with harness.start_bridge(hub, *NO_RATE, "--auth-secret-file", keys.secret_file, "--auth-leeway", "1s") as bridge:
        yield bridge


def test_one_that_runs_out_in_mid_stream(hub, strict, keys):
    async def over_ws(lasts):
        arrived = []
        async with harness.connect(strict, additional_headers={"Authorization": f"Bearer {token(keys, lasts)}"}) as ws:
            end = int(time.time() + lasts) + 1
            await ws.expect("token_expiring")  # there is less than a minute left
            await ws.subscribe()
            with pytest.raises(websockets.ConnectionClosed) as closed:
                while True:
                    arrived.append((time.time(), await ws._read(30)))
        kinds = [message["type"] for _, message in arrived]
        assert kinds[-2:] == ["error", "closing"] and "token_expiring" not in kinds
        assert arrived[-2][1]["code"] == "UNAUTHORIZED" and closed.value.rcvd.code == 4401
        assert end <= arrived[-1][0] + 1 <= end + 6
        delivered = [at for at, message in arrived if message["type"] == "event"]
        assert len(delivered) > 100 and delivered[-1] < end + 1.2, (delivered[-1], end)

    async def over_graphql(lasts):
        arrived = []
        async with harness.graphql(strict, init=False) as graphql:
            await graphql.init(Authorization=f"Bearer {token(keys, lasts)}")
            end = int(time.time() + lasts) + 1
            await graphql.subscribe("s", EVENTS)
            with pytest.raises(websockets.ConnectionClosed) as closed:
                while True:
                    arrived.append((time.time(), await graphql.recv(30)))
        assert closed.value.rcvd.code == 4403 and closed.value.rcvd.reason.startswith("UNAUTHORIZED")
        assert sum(m.get("payload", {}).get("type") == "token_expiring" for _, m in arrived) == 1
        delivered = [at for at, message in arrived if message["type"] == "next"]
        assert len(delivered) > 100 and delivered[-1] < end + 1.2

    async def both():
        await asyncio.gather(over_ws(3), over_graphql(3))
    with Load(hub):
        harness.run(both())


def test_refreshed_in_time_nothing_is_lost_or_twice_over_several_ends(hub, strict, keys):
    """Each token lasts for 3 s, and its leeway for another."""
    rounds = 10

    async def over_ws():
        seen = []
        async with harness.connect(strict, additional_headers={"Authorization": f"Bearer {token(keys, 3)}"}) as ws:
            await ws.subscribe()

            async def refresh():
                for _ in range(rounds):
                    await asyncio.sleep(1)
                    await ws.send({"type": "authenticate", "token": token(keys, 3)})
            asking, answered = asyncio.create_task(refresh()), 0
            while answered < rounds:
                message = await ws.recv()
                answered += message["type"] == "authenticated"
                assert message["type"] in ("event", "authenticated", "token_expiring", "pong"), message
                assert "permission_changed" not in message
                if message["type"] == "event":
                    seen.append(message["sequence"])
            await asking
        return seen

    async def over_graphql():
        seen = []
        async with harness.graphql(strict, init=False) as graphql:
            await graphql.init(Authorization=f"Bearer {token(keys, 3)}")
            await graphql.subscribe("s", EVENTS)

            async def refresh():
                for _ in range(rounds):
                    await asyncio.sleep(1)
                    await graphql.send({"type": "ping", "payload": {"Authorization": f"Bearer {token(keys, 3)}"}})
            asking, answered = asyncio.create_task(refresh()), 0
            while answered < rounds:
                message = await graphql.recv()
                answered += message["type"] == "pong" and message["payload"]["type"] == "authenticated"
                if message["type"] == "next":
                    seen.append(message["payload"]["data"]["events"]["sequence"])
            await asking
        return seen

    async def both():
        return await asyncio.gather(over_ws(), over_graphql())
    with Load(hub):
        for seen in harness.run(both()):
            assert len(seen) > 500 and seen == list(range(seen[0], seen[0] + len(seen)))


def expected(severities, changes, last):
    """changes: [(place, what may be seen after it)], the first at the beginning."""
    wanted = []
    for (start, may), (end, _) in zip(changes, changes[1:] + [(last, None)]):
        wanted += [s for s in range(start + 1, end + 1) if may is True or severities.get(s) in may["severities"]]
    return wanted


def test_narrowed_and_widened_under_load_at_exact_places(hub, strict, keys):
    rng = random.Random(11)

    def some():
        return True if rng.random() < 0.2 else {"severities": sorted(rng.sample(SEVERITIES, rng.randint(1, 3)))}

    async def over_ws(load):
        may = some()
        async with harness.connect(strict, additional_headers={"Authorization": f"Bearer {token(keys, 600, may)}"}) as ws:
            start = await ws.subscribe(filters={"sources": ["test"]})
            assert start["filters"] == {"sources": ["test"]}
            changes, seen = [(sequence_of(start["cursor"]), may)], []
            for _ in range(40):
                await asyncio.sleep(0.1)
                may = some()
                await ws.send({"type": "authenticate", "token": token(keys, 600, may)})
                while (message := await ws.recv())["type"] != "authenticated":
                    assert message["type"] == "event", message
                    seen.append(message["sequence"])
                changes.append((sequence_of(message["cursor"]), may))
                assert all(s <= changes[-1][0] for s in seen), "an event of the permission before stands behind its end"
            while len(seen) < 200 or seen[-1] < changes[-1][0] + 50:
                message = await ws.recv()
                if message["type"] == "event":
                    seen.append(message["sequence"])
        return changes, seen

    with Load(hub) as load:
        changes, seen = harness.run(over_ws(load))
    assert seen == expected(load.severities, changes, seen[-1])


# ---- keys that are rotated ----


def test_no_client_is_dropped_while_keys_are_rotated_a_hundred_times(hub, tmp_path):
    """The set holds the last keys, the newest published before it signs, as providers do it."""
    clients, rotations, kept = 500, 100, 20
    jwks, made = tmp_path / "jwks.json", []

    def rotate():
        made.append(tokens.ec.generate_private_key(tokens.ec.SECP256R1()))
        held = list(enumerate(made))[-kept:]
        text = json.dumps({"keys": [tokens.jwk(key, kid=f"k{n}", use="sig", alg="ES256") for n, key in held]})
        (tmp_path / "next").write_text(text)
        os.replace(tmp_path / "next", jwks)

    def signed(client):
        n = len(made) - 3  # published two rotations ago, so that the bridge has read it
        row = {"header": {"kid": f"k{n}"}, "claims": {"sub": f"client-{client}", "exp": int(time.time()) + 3600,
                                                       "tocsin": {"subscribe": True}}}
        return tokens.make(row, "ES256", lambda text: tokens.ecdsa_of(made[n], text), int(time.time()))

    async def run(bridge):
        refreshed, places = [0], [0] * clients

        async def follow(client):
            seen, rng = [], random.Random(client)
            async with harness.connect(bridge) as ws:
                await ws.send({"type": "authenticate", "token": signed(client)})
                await ws.expect("authenticated", timeout=60)
                await ws.subscribe()
                joined.append(client)

                async def refresh():
                    while not over.is_set():
                        await asyncio.sleep(rng.uniform(1, 5))
                        await ws.send({"type": "authenticate", "token": signed(client)})
                refreshing = asyncio.create_task(refresh())
                while not (over.is_set() and seen and seen[-1] >= last[0]):
                    message = await ws.recv(60)
                    assert message["type"] in ("event", "authenticated", "pong"), message
                    refreshed[0] += message["type"] == "authenticated"
                    if message["type"] == "event":
                        seen.append(message["sequence"])
                        places[client] = seen[-1]
                refreshing.cancel()
            return seen

        joined, over, last = [], asyncio.Event(), [0]
        following = [asyncio.create_task(follow(client)) for client in range(clients)]

        async def until(all_are):
            while not all_are():
                await asyncio.sleep(0.05)
                assert not any(task.done() for task in following), [t for t in following if t.done()][0].exception()

        await until(lambda: len(joined) == clients)
        with hub.client() as client:
            for _ in range(rotations):
                before = readings(bridge)
                rotate()
                bridge.signal(signal.SIGHUP)
                await until(lambda before=before: readings(bridge) > before)
                event = await asyncio.to_thread(client.publish, harness.incident_created())
                # So that no token waits on a busy machine until its key is gone.
                await until(lambda event=event: min(places) >= event.sequence)
            over.set()
            last[0] = (await asyncio.to_thread(client.publish, harness.incident_created())).sequence
        return await asyncio.gather(*following), refreshed[0]

    def readings(bridge):
        return sum("keys of tokens read" in line for line in bridge.lines)

    rotate(), rotate(), rotate()
    with harness.start_bridge(hub, *NO_RATE, "--auth-jwks-file", jwks) as bridge:
        seen, refreshed = harness.run(run(bridge))
    assert refreshed > clients * 2
    for each in seen:
        assert len(each) >= rotations and each == list(range(each[0], each[0] + len(each)))
