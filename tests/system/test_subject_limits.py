"""What one subject may have open at a time, and how often it may publish, on every transport of the real programs."""

import asyncio
import contextlib
import time

import grpc
import pytest
import websockets

import harness
from harness_auth import Issuer, TokenClient, put

LIVE = "subscription { events { sequence } }"
MOST = 3
EVENT = {"type": "system_event", "category": "c", "message": "m"}
MUTATION = {"query": 'mutation { submitAlert(input: {title: "t", description: "d", severity: P2, source: "s"}) { __typename } }'}


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    return Issuer(tmp_path_factory.mktemp("issuer"))


def start_bridge(hub, issuer, *flags, **more):
    return harness.start_bridge(hub, *issuer.flags, *flags, **more)


def bearer(issuer, name="ann"):
    return {"Authorization": f"Bearer {issuer.token(name=name)}"}


def metrics(bridge, issuer):
    token = issuer.token({"admin": True}, name="scraper")
    _, _, body = exchange(bridge, "GET", "/metrics", {"Authorization": f"Bearer {token}"})
    return body.decode()


def exchange(bridge, method, path, headers, body=None):
    import http.client
    host, port = bridge.address(0).rsplit(":", 1)
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=30)) as connection:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


async def open_one(stack, bridge, issuer, kind, name="ann"):
    """A session or stream that has begun."""
    if kind == "ws":
        await stack.enter_async_context(harness.connect(bridge, additional_headers=bearer(issuer, name)))
    elif kind == "graphql":
        session = await stack.enter_async_context(harness.graphql(bridge, init=False))
        await session.init(**bearer(issuer, name))
    else:
        fields = [f"Authorization: Bearer {issuer.token(name=name)}"]
        await stack.enter_async_context(harness.events(bridge, fields=fields))


async def refusals(bridge, issuer):
    """How one too many is refused, each way."""
    with pytest.raises(websockets.InvalidStatus) as handshake:
        async with harness.connect(bridge, additional_headers=bearer(issuer)):
            pass
    response = handshake.value.response
    assert response.status_code == 429 and int(response.headers["Retry-After"]) == 5
    async with harness.connect(bridge) as ws:
        await ws.send({"type": "authenticate", "token": issuer.token()})
        error = await ws.recv()
        assert error["code"] == "RATE_LIMIT_EXCEEDED" and error["retry_after_ms"] == 5000
        await ws.send({"type": "authenticate", "token": issuer.token(name="bob")})
        assert (await ws.recv())["type"] == "authenticated", "the connection is not lost, and another may have it"
    async with harness.graphql(bridge, init=False) as session:
        await session.send({"type": "connection_init", "payload": bearer(issuer)})
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await session.recv()
        assert closed.value.rcvd.code == 1013 and closed.value.rcvd.reason.startswith("RATE_LIMIT_EXCEEDED")
    for accept in ("text/event-stream", "application/x-ndjson"):
        status, fields, body = harness.post(bridge, "/v1/events", None, bearer(issuer) | {"Accept": accept}, method="GET")
        assert status == 429 and body["code"] == "RATE_LIMIT_EXCEEDED" and fields["retry-after"] == "5"
    parts = bearer(issuer) | {"Accept": 'multipart/mixed;subscriptionSpec="1.0"'}
    status, fields, body = harness.post(bridge, "/graphql", {"query": LIVE}, parts)
    assert status == 429 and body["code"] == "RATE_LIMIT_EXCEEDED" and fields["retry-after"] == "5"


def test_sessions_and_streams_of_a_subject_are_counted_together(hub, issuer):
    async def check(bridge):
        async with contextlib.AsyncExitStack() as others:
            for kind in ("ws", "graphql", "sse"):
                await open_one(others, bridge, issuer, kind, "bob")
            async with contextlib.AsyncExitStack() as stack:
                for kind in ("ws", "graphql", "sse"):
                    await open_one(stack, bridge, issuer, kind)
                await others.aclose()  # the refusals come as bob, too
                await refusals(bridge, issuer)
            # All three have gone, as soon as the bridge has seen it.
            for kind in ("sse", "graphql", "ws"):
                for attempt in range(100):
                    with contextlib.suppress(AssertionError, websockets.WebSocketException):
                        await open_one(others, bridge, issuer, kind)
                        break
                    await asyncio.sleep(0.1)
                else:
                    pytest.fail(f"no room for {kind}")

    with start_bridge(hub, issuer, "--max-connections-per-subject", MOST) as bridge:
        harness.run(check(bridge))
        assert 'tocsin_subject_refused_total{limit="connections"}' in metrics(bridge, issuer)


def test_subscriptions_replays_and_snapshots_of_a_subject(hub, issuer):
    """Replays and snapshots end by themselves: a hundred after each other do not meet a bound of one."""
    async def check(bridge):
        async with harness.connect(bridge, additional_headers=bearer(issuer)) as one, \
                harness.connect(bridge, additional_headers=bearer(issuer)) as two:
            await one.subscribe("a")
            await two.subscribe("b")
            await two.send({"type": "subscribe", "subscription_id": "c"})
            error = await two.expect("error")
            assert error["code"] == "SUBSCRIPTION_LIMIT_EXCEEDED" and error["subscription_id"] == "c", error
            assert error["retry_after_ms"] == 5000
            status, fields, body = harness.post(bridge, "/v1/events", None, bearer(issuer), method="GET")
            assert status == 429 and body["code"] == "SUBSCRIPTION_LIMIT_EXCEEDED" and fields["retry-after"] == "5"
            for i in range(50):
                await two.subscribe("b", resume_from="earliest")
                await two.events(20)
                await two.send({"type": "subscribe", "subscription_id": "b", "snapshot": True})
                while not (await two.expect("snapshot"))["last"]:
                    pass
            await one.send({"type": "unsubscribe", "subscription_id": "a"})
            await one.expect("unsubscribed")
            await two.subscribe("c")

    with hub.client() as client:
        client.publish_many([harness.incident_created() for _ in range(20)])
    flags = ["--max-subscriptions-per-subject", 2, "--max-replays-per-subject", 1, "--max-snapshots-per-subject", 1,
             "--recent-events", 5, "--messages-per-second", 100_000, "--message-burst", 100_000]
    with start_bridge(hub, issuer, *flags) as bridge:
        harness.run(check(bridge))


def test_publishes_of_a_subject_have_a_rate_over_all_routes(hub, issuer):
    with start_bridge(hub, issuer, "--publishes-per-second", 1) as bridge:
        def publish(name="ann"):
            return harness.post(bridge, "/v1/events", EVENT, bearer(issuer, name))
        assert publish()[0] == 202
        harness.wait_for(lambda: publish()[0] == 429, what="the rate")
        status, fields, body = publish()
        assert status == 429 and body["code"] == "RATE_LIMIT_EXCEEDED" and fields["retry-after"] == "1"
        for path, expected in (("/v1/alerts", 429), ("/v1/incidents", 429), ("/v2/enqueue", 429),
                               ("/v1/integrations/alertmanager", 503), ("/api/v2/alerts", 503)):
            status, fields, _ = harness.post(bridge, path, {}, bearer(issuer))
            assert status == expected and fields["retry-after"] == "1", path
        status, _, body = harness.post(bridge, "/graphql", MUTATION, bearer(issuer))
        assert body["errors"][0]["extensions"]["code"] == "RATE_LIMIT_EXCEEDED", body
        assert publish("bob")[0] == 202
        time.sleep(1.1)  # what Retry-After said
        assert publish()[0] == 202
        text = metrics(bridge, issuer)
        refused = [line for line in text.splitlines() if line.startswith('tocsin_subject_refused_total{limit="publishes"}')]
        assert float(refused[0].split()[-1]) >= 8


def test_without_authentication_nobody_is_counted(hub):
    async def check(bridge):
        async with harness.connect(bridge) as one, harness.connect(bridge) as two:
            for ws in (one, two):
                await ws.subscribe("a")
                await ws.subscribe("b")

    with harness.start_bridge(hub, "--max-connections-per-subject", 1, "--max-subscriptions-per-subject", 1,
                              "--publishes-per-second", 1) as bridge:
        harness.run(check(bridge))
        for _ in range(10):
            assert harness.post(bridge, "/v1/events", EVENT)[0] == 202


def test_a_reload_takes_up_the_limits(hub, issuer, tmp_path):
    import signal
    file = tmp_path / "bridge.toml"
    file.write_text("max-connections-per-subject = 1\n")

    async def both(bridge):
        async with harness.connect(bridge, additional_headers=bearer(issuer)), \
                harness.connect(bridge, additional_headers=bearer(issuer)):
            return True

    def fits(bridge):
        try:
            return harness.run(both(bridge))
        except websockets.InvalidStatus:
            return False

    with start_bridge(hub, issuer, "--config", file) as bridge:
        assert not fits(bridge)
        file.write_text("max-connections-per-subject = 2\n")
        bridge.signal(signal.SIGHUP)
        harness.wait_for(lambda: fits(bridge), what="the new limit")


# ---- the hub ----

def refused(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    details = harness.error_details(caught.value)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    retry = details["RetryInfo"].retry_delay
    return details["ErrorInfo"].reason, retry.seconds + retry.nanos / 1e9


def test_streams_and_publishes_at_the_hub(issuer):
    """A subject's own, and a bridge that is not counted serves many all the same."""
    with harness.start_hub(*issuer.flags, "--max-connections-per-subject", 1, "--publishes-per-second", 1,
                           "--uncounted-subject", "bridge", store="memory") as hub, \
            TokenClient(hub, issuer.token()) as ann, TokenClient(hub, issuer.token(name="bob")) as bob, \
            TokenClient(hub, issuer.token(name="bridge")) as bridge:
        with ann.subscribe() as stream:
            stream.to_end_of_log()
            assert refused(lambda: next(iter(ann.stub.Subscribe(harness.hub_pb2.SubscribeRequest())))) == \
                ("RATE_LIMIT_EXCEEDED", 5)
            with bob.subscribe() as other:
                other.to_end_of_log()
        for client in (ann, bob):
            def publish():
                for _ in range(10):
                    client.publish(harness.incident_created())
            reason, seconds = refused(publish)
            assert reason == "RATE_LIMIT_EXCEEDED" and 0 < seconds <= 1
        for _ in range(10):
            bridge.publish(harness.incident_created())
        with bridge.subscribe() as one, bridge.subscribe() as two:
            one.to_end_of_log()
            two.to_end_of_log()


def test_a_bridge_before_a_hub_that_counts(issuer, tmp_path):
    token = tmp_path / "token"
    put(token, issuer.token(name="bridge"))

    async def check(bridge):
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(5):
                ws = await stack.enter_async_context(harness.connect(bridge))
                await ws.subscribe("s", resume_from="earliest")
                await ws.events(30)

    with harness.start_hub(*issuer.flags, "--max-connections-per-subject", 1, "--max-replays-per-subject", 1,
                           "--uncounted-subject", "bridge", store="memory") as hub, \
            harness.start_bridge(hub, "--hub-token-file", token, "--recent-events", 5) as bridge, \
            TokenClient(hub, issuer.token(name="bridge")) as publisher:
        publisher.publish_many([harness.incident_created() for _ in range(30)])
        harness.run(check(bridge))
