"""Every close of /graphql/ws and every error code of GraphQL, provoked under its name; those are the ones that the documentation lists."""

import asyncio
import dataclasses
import re
import time
import typing

import pytest
import websockets

import harness
import raw
from harness_auth import Issuer
from test_rest import ask

INIT = {"type": "connection_init"}
UNKNOWN = "0190b6a5-7c1e-7000-8000-00000000dead"
DOCS = harness.ROOT / "docs"


@pytest.fixture(scope="module")
def plain(hub):
    with harness.start_bridge(hub, "--messages-per-second", 100_000, "--message-burst", 100_000) as bridge:
        yield bridge


def subscribe(query, name="1", **payload):
    return {"id": name, "type": "subscribe", "payload": {"query": query, **payload}}


def documented(page, begin, end, row):
    """What that part of a page of docs/ has in rows like this."""
    text = (DOCS / page).read_text()
    return re.findall(row, text[text.index(begin):text.index(end, text.index(begin))], re.MULTILINE)


# ---- closes ----

@dataclasses.dataclass
class Close:
    provoke: typing.Callable  # of a connection
    bridge: tuple = ()  # the bridge's options
    init: bool = True
    offered: tuple = (harness.GRAPHQL_PROTOCOL,)


def sends(*messages):
    async def send(graphql):
        for message in messages:
            await graphql.send(message)
    return send


async def says_nothing(_):
    pass


async def uses_an_id_twice(graphql):
    for _ in range(2):
        await graphql.subscribe("same")


async def floods(graphql):
    """For longer than the ten seconds for which it is only refused."""
    with pytest.raises(websockets.ConnectionClosed):
        while True:
            await graphql.send({"type": "pong"})
            await asyncio.sleep(0.001)


CLOSES = {
    "4400 INVALID_MESSAGE": Close(sends("{"), init=False),
    "4400 UNSUPPORTED": Close(sends(b"\x00\x01"), init=False),
    "4401 UNAUTHENTICATED": Close(sends(subscribe("{ health { status } }")), init=False),
    "4406 UNSUPPORTED": Close(says_nothing, init=False, offered=("graphql-ws",)),
    "4408 UNAUTHENTICATED": Close(says_nothing, init=False),
    "4409 CONFLICT": Close(uses_an_id_twice),
    "4429 INVALID_MESSAGE": Close(sends(INIT)),
    "1001 SESSION_TIMEOUT": Close(says_nothing, ("--session-timeout", "700ms")),
    "1009 MESSAGE_TOO_LARGE": Close(sends("x" * 65_537)),
    "1013 RATE_LIMIT_EXCEEDED": Close(floods, ("--messages-per-second", 20, "--message-burst", 20)),
}
OTHER_CLOSES = {"4500 INTERNAL_SERVER_ERROR", "1012 SERVICE_UNAVAILABLE", "1013 SLOW_CONSUMER",  # tests of their own
                "4403 UNAUTHENTICATED", "4403 UNAUTHORIZED", "4403 FORBIDDEN"}


async def closed(graphql):
    """Code and reason of the close, which no operation is told of before."""
    try:
        while True:
            message = await graphql.recv(20)
            assert message["type"] not in ("error", "complete"), message
    except websockets.ConnectionClosed as close:
        return f"{close.rcvd.code} {close.rcvd.reason}"


@pytest.mark.parametrize("name", CLOSES)
def test_close(hub, plain, name):
    case = CLOSES[name]

    async def provoked(bridge):
        async with harness.graphql(bridge, init=case.init, subprotocols=case.offered) as graphql:
            await case.provoke(graphql)
            got = await closed(graphql)
            assert got.startswith(f"{name}: "), got

    if not case.bridge:
        return harness.run(provoked(plain))
    with harness.start_bridge(hub, *case.bridge) as bridge:
        harness.run(provoked(bridge))


def test_close_4500_internal_server_error(failing):
    """The message cannot be read for want of memory: that session ends, and the others go on."""
    async def provoked():
        async with harness.graphql(failing) as graphql, harness.graphql(failing) as other:
            await other.subscribe("1")
            await graphql.subscribe("1")
            await graphql.send(subscribe(f"{{ health {{ status }} }} # {harness.NO_MEMORY_FOR}", "2"))
            got = await closed(graphql)
            assert got.startswith("4500 INTERNAL_SERVER_ERROR: "), got
            await other.established()
    harness.run(provoked())


def test_close_1012_service_unavailable(hub):
    async def drained(bridge):
        async with harness.graphql(bridge) as graphql:
            await graphql.subscribe("1")
            stopped = asyncio.create_task(asyncio.to_thread(bridge.stop))
            got = await closed(graphql)
            await stopped
            assert re.match(r"1012 SERVICE_UNAVAILABLE: the server is going down; reconnect in \d+ ms", got), got
    with harness.start_bridge(hub) as bridge:
        harness.run(drained(bridge))


def test_close_1013_slow_consumer():
    """One that takes nothing for ten seconds hears why, once it reads again, and resumes with nothing lost."""
    small = ("--recent-bytes", "2MiB")
    with harness.start_hub(*small) as hub, harness.start_bridge(hub, *small) as bridge, hub.client() as client, \
            raw.connect(bridge, receive_buffer=4096, timeout=30) as sock:
        sock.sendall(raw.handshake(path="/graphql/ws", Sec_WebSocket_Protocol=harness.GRAPHQL_PROTOCOL))
        assert raw.read_head(sock).status == 101
        stuck = raw.Frames(sock)
        stuck.send_json(INIT)
        start = stuck.expect("connection_ack")["payload"]["cursor"]
        stuck.send_json(subscribe("subscription { events { sequence cursor message } }", extensions={"resumeFrom": start}))
        sent = client.publish_many([harness.system_event("x" * (32 << 10)) for _ in range(400)], batch=32)
        begun = time.monotonic()
        harness.wait_for(lambda: bridge.metric("websocket_connection_errors_total") == 1, 30, "the cut")
        assert 8 < time.monotonic() - begun < 25
        got = [message for message in stuck.until_end() if message["type"] == "next"]
        assert stuck.closed and stuck.closed[0] == 1013 and stuck.closed[1].startswith("SLOW_CONSUMER: "), stuck.closed

        async def rest():
            async with harness.graphql(bridge) as graphql:
                await graphql.subscribe("1", resume_from=harness.place_of(got[-1]) if got else start)
                return [harness.event_of(message) for message in await graphql.nexts(len(sent) - len(got), timeout=60)]

        events = [(message["payload"]["data"]["events"]["sequence"], harness.place_of(message)) for message in got]
        assert events + harness.run(rest()) == [(each.sequence, each.cursor) for each in sent]


@pytest.mark.parametrize("payload, handshake, reason", [
    (None, None, "UNAUTHENTICATED"),
    ("Bearer a.b.c", None, "UNAUTHORIZED"),
    ("bob", "ann", "FORBIDDEN"),
])
def test_close_4403_of_whom_a_token_does_not_let_in(hub, tmp_path, payload, handshake, reason):
    issuer = Issuer(tmp_path)

    def bearer(who):
        return who if " " in who else f"Bearer {issuer.token(name=who)}"

    async def run(bridge):
        headers = {"Authorization": bearer(handshake)} if handshake else {}
        async with harness.graphql(bridge, init=False, additional_headers=headers) as graphql:
            await graphql.send(INIT | ({"payload": {"Authorization": bearer(payload)}} if payload else {}))
            return await closed(graphql)

    with harness.start_bridge(hub, *issuer.flags) as bridge:
        assert harness.run(run(bridge)).startswith(f"4403 {reason}: ")


def test_every_close_of_the_documentation_is_provoked():
    rows = documented("protocol.md", "| close | reason begins with |", "\n\n", r"^\| (\d{4}) \| ([^|]*) \|")
    assert {f"{code} {reason}" for code, reasons in rows for reason in re.findall("`(.*?)`", reasons)} == CLOSES.keys() | OTHER_CLOSES


# ---- errors ----

@dataclasses.dataclass
class Error:
    query: str
    variables: dict = dataclasses.field(default_factory=dict)
    reason: str | None = None  # of the table of errors, where it says more
    field: str | None = None


CREATE = 'mutation { createIncident(input: {title: "t", source: "s", severity: P1}) { incident { id } } }'
ERRORS = {
    "GRAPHQL_PARSE_FAILED": Error("{"),
    "GRAPHQL_VALIDATION_FAILED": Error("{ nothing }"),
    "BAD_USER_INPUT": Error("query($id: UUID!) { incident(id: $id) { id } }", {"id": "x"}, field="id"),
    "BAD_USER_INPUT, NOT_FOUND": Error(f'mutation {{ addComment(id: "{UNKNOWN}", comment: "x") {{ cursor }} }}', reason="NOT_FOUND",
                                       field="id"),
    "BAD_USER_INPUT, CONFLICT": Error("mutation($id: UUID!) { escalateIncident(id: $id, toSeverity: P0, ifSequence: 9007199254740991) { cursor } }",
                                      reason="CONFLICT", field="ifSequence"),
}
# Tests of their own; those of tokens are in test_auth_http.py, and /graphql/ws has UNAUTHENTICATED as a close.
OTHER_ERRORS = {"FORBIDDEN", "RATE_LIMIT_EXCEEDED", "SUBSCRIPTION_LIMIT_EXCEEDED", "SERVICE_UNAVAILABLE", "INTERNAL_SERVER_ERROR"}
AUTHENTICATION = {"UNAUTHENTICATED", "UNAUTHORIZED"}


def over_http(bridge, payload):
    answer = ask(bridge, "POST", "/graphql", payload, Accept="application/graphql-response+json")
    return answer.json["errors"]


def over_socket(bridge, payload):
    """By `error` where nothing was executed, else by `next` and then `complete`."""
    async def asked():
        async with harness.graphql(bridge) as graphql:
            await graphql.send({"id": "1", "type": "subscribe", "payload": payload})
            while (message := await graphql.recv())["type"] == "ping":  # the hub is away
                pass
            if message["type"] == "error":
                return message["payload"]
            assert await graphql.recv() == {"id": "1", "type": "complete"}
            return message["payload"]["errors"]
    return harness.run(asked())


WAYS = pytest.mark.parametrize("asked", [over_http, over_socket])


@WAYS
@pytest.mark.parametrize("name", ERRORS)
def test_error(plain, name, asked):
    case = ERRORS[name]
    if case.reason == "CONFLICT":
        made = ask(plain, "POST", "/graphql", {"query": CREATE}).json
        case = dataclasses.replace(case, variables={"id": made["data"]["createIncident"]["incident"]["id"]})
    (error,) = asked(plain, {"query": case.query, "variables": case.variables})
    told = error["extensions"]
    assert error["message"] and told["timestamp"] and told["code"] == name.split(",")[0], error
    assert (told.get("reason"), told.get("field")) == (case.reason, case.field), error


@WAYS
@pytest.mark.parametrize("query", ["{ incidents { total } }", CREATE])
def test_error_service_unavailable(without_hub, query, asked):
    (error,) = asked(without_hub, {"query": query})
    assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE" and error["extensions"]["retryAfterMs"] >= 1, error


def test_error_internal_server_error(failing):
    """Over HTTP; a session of /graphql/ws that fails so is closed with 4500."""
    answer = ask(failing, "POST", "/graphql", {"query": f"{{ health {{ status }} }} # {harness.NO_MEMORY_FOR}"})
    assert answer.status == 500 and answer.json["code"] == "INTERNAL_SERVER_ERROR", answer
    assert ask(failing, "POST", "/graphql", {"query": "{ health { status } }"}).status == 200


def test_error_forbidden(plain):
    """Where nobody is authenticated, a page of another origin is all that may not ask."""
    for path in ("/graphql?query={__typename}", "/graphql/ws"):
        answer = ask(plain, "GET", path, Origin="https://evil.example", Upgrade="websocket", Connection="Upgrade",
                     Sec_WebSocket_Version="13", Sec_WebSocket_Key=raw.KEY)
        assert answer.status == 403 and answer.json["code"] == "FORBIDDEN", answer


def test_error_subscription_limit_exceeded(hub):
    async def one_more(bridge):
        async with harness.graphql(bridge) as graphql:
            for name in ("1", "2", "3"):
                await graphql.subscribe(name)
            error = await graphql.recv()
            assert (error["type"], error["id"]) == ("error", "3")
            assert error["payload"][0]["extensions"]["code"] == "SUBSCRIPTION_LIMIT_EXCEEDED"
            await graphql.complete("1")
            await graphql.subscribe("3")
            await graphql.established()
    with harness.start_bridge(hub, "--max-subscriptions", 2) as bridge:
        harness.run(one_more(bridge))


def test_error_rate_limit_exceeded(hub):
    """The operation is refused with a wait, after which it is taken; the others of the connection go on."""
    async def too_fast(bridge):
        async with harness.graphql(bridge) as graphql:
            await graphql.subscribe("first")
            for n in range(20):
                await graphql.subscribe(str(n), "{ health { status } }")
            while (message := await graphql.recv())["type"] != "error":
                pass
            told = message["payload"][0]["extensions"]
            assert told["code"] == "RATE_LIMIT_EXCEEDED" and told["retryAfterMs"] >= 1, told

            async def taken():
                await asyncio.sleep(told["retryAfterMs"] / 1000)  # as it was told
                await graphql.subscribe("again", "{ health { status } }")
                while (message := await graphql.recv()).get("id") != "again":
                    assert message.get("id") != "first", message
                return message["type"] == "next"

            for _ in range(20):
                if await taken():
                    return
            raise AssertionError("it is never taken")
    with harness.start_bridge(hub, "--messages-per-second", 20, "--message-burst", 10) as bridge:
        harness.run(too_fast(bridge))


def test_every_error_of_the_documentation_is_provoked():
    rows = documented("graphql.md", "| `extensions.code` | when |", "\n\n", r"^\| (`[^|]*) \|")
    provoked = {name.split(",")[0] for name in ERRORS} | OTHER_ERRORS | AUTHENTICATION
    assert {code for row in rows for code in re.findall("`([A-Z_]+)`", row)} == provoked
