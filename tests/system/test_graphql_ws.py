"""/graphql/ws on the wire, as docs/protocol.md section 6 promises it: the handshake, resuming, sets. Its closes and errors: test_graphql_codes.py."""

import asyncio
import json
import socket
import time

import pytest
import websockets

import harness
import raw
from websockets.frames import Frame, Opcode

NO_RATE = ("--messages-per-second", 100_000, "--message-burst", 100_000)
PROTOCOL = "graphql-transport-ws"
INIT = {"type": "connection_init"}


@pytest.fixture(scope="module")
def plain(hub):
    with harness.start_bridge(hub, *NO_RATE) as bridge:
        yield bridge


def _handshake(bridge, *fields):
    """The answer to a handshake with these fields, and the bytes that follow it until the bridge ends the connection."""
    with raw.connect(bridge) as sock:
        lines = ["GET /graphql/ws HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket",
                 "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {raw.KEY}", *fields, "", ""]
        sock.sendall("\r\n".join(lines).encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += sock.recv(4096)
        head, _, rest = data.partition(b"\r\n\r\n")
        answer = raw.Answer(head + b"\r\n\r\n")
        if answer.status == 101 and "sec-websocket-protocol" in answer.fields:
            return answer, b""
        sock.shutdown(socket.SHUT_WR)
        return answer, rest + raw.read_all(sock)


# ---- the handshake (G7) ----

@pytest.mark.parametrize("offered", [PROTOCOL, f"graphql-ws, {PROTOCOL}", f"bearer.secret, {PROTOCOL}",
                                     f"{PROTOCOL},bearer.secret"])
def test_exactly_the_spoken_subprotocol_is_answered(plain, offered):
    answer, _ = _handshake(plain, f"Sec-WebSocket-Protocol: {offered}")
    assert answer.status == 101
    assert answer.fields["sec-websocket-protocol"] == PROTOCOL


@pytest.mark.parametrize("fields", [(), ("Sec-WebSocket-Protocol: graphql-ws",),
                                    ("Sec-WebSocket-Protocol: Graphql-Transport-WS",),
                                    ("Sec-WebSocket-Protocol: bearer.secret, graphql-ws",)])
def test_close_4406_without_the_subprotocol(plain, fields):
    answer, frames = _handshake(plain, *fields)
    assert answer.status == 101
    assert "sec-websocket-protocol" not in answer.fields
    assert frames[0] == 0x88 and int.from_bytes(frames[2:4], "big") == 4406
    assert b"UNSUPPORTED: offer the subprotocol graphql-transport-ws" in frames


def test_credentials_alone_are_400_and_are_not_repeated(plain):
    answer, body = _handshake(plain, "Sec-WebSocket-Protocol: bearer.secret")
    assert answer.status == 400
    assert b"graphql-transport-ws" in body and b"secret" not in body and "sec-websocket-protocol" not in answer.fields


def test_a_foreign_origin_is_refused_as_on_ws(plain):
    answer, _ = _handshake(plain, f"Sec-WebSocket-Protocol: {PROTOCOL}", "Origin: https://evil.example")
    assert answer.status == 403


def test_a_request_that_is_no_handshake_is_426(plain):
    with raw.connect(plain) as sock:
        sock.sendall(b"GET /graphql/ws HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert raw.read_answer(sock).status == 426


# ---- before an init ----

async def _close_of(graphql):
    with pytest.raises(websockets.ConnectionClosed) as closed:
        while True:
            await graphql.recv(20)
    return closed.value.rcvd.code, closed.value.rcvd.reason


def test_a_ping_is_answered_before_an_init_which_is_due_within_three_seconds(plain):
    async def silent():
        async with harness.graphql(plain, init=False) as graphql:
            begun = time.monotonic()
            await graphql.send({"type": "ping"})
            assert await graphql.recv() == {"type": "pong"}
            code, reason = await _close_of(graphql)
            assert code == 4408 and reason.startswith("UNAUTHENTICATED: ")
            assert 2.5 < time.monotonic() - begun < 6
    harness.run(silent())


# ---- G1, G2: the acknowledgement ----

def test_a_subscribe_after_the_acknowledgement_is_never_4401_under_load(plain, client):
    """1,000 times, while the bridge is kept busy: the answer to the subscribe is anything but a close."""
    async def once(slots):
        async with slots, harness.graphql(plain) as graphql:
            await graphql.subscribe("1", "subscription { nothing }")
            assert (await graphql.recv())["type"] == "error"

    async def many():
        slots = asyncio.Semaphore(50)
        async with harness.graphql(plain) as busy:
            await busy.subscribe("all", resume_from="earliest")
            await asyncio.gather(*(once(slots) for _ in range(1_000)))

    client.publish_many([harness.system_event(f"e{i}") for i in range(5_000)], batch=500)
    harness.run(many(), timeout=120)


def test_nothing_but_the_acknowledgement_is_first(plain):
    async def first():
        async with harness.graphql(plain, init=False) as graphql:
            await graphql.send({"type": "ping", "payload": {"n": 1}})
            assert await graphql.recv() == {"type": "pong", "payload": {"n": 1}}
            with pytest.raises(TimeoutError):
                await graphql.recv(0.3)
            payload = await graphql.init(authorization="Bearer x")
            assert payload["limits"]["maxSubscriptions"] == 128 and payload["cursor"]
    harness.run(first())


def test_init_and_subscribe_in_one_segment_are_4401(plain):
    async def pipelined():
        async with harness.graphql(plain, init=False) as graphql:
            messages = [INIT, {"id": "1", "type": "subscribe", "payload": {"query": "subscription { events { id } }"}}]
            graphql.connection.transport.write(b"".join(
                Frame(Opcode.TEXT, json.dumps(message).encode()).serialize(mask=True) for message in messages))
            assert (await graphql.recv())["type"] == "connection_ack"
            assert (await _close_of(graphql))[0] == 4401
    harness.run(pipelined())


# ---- G4, G5: resuming and ids ----

def test_from_the_acknowledgements_cursor_nothing_is_missed_and_nothing_comes_twice(plain, client):
    sent = []

    async def resumed():
        for _ in range(20):
            async with harness.graphql(plain) as graphql:
                cursor = graphql.ack["payload"]["cursor"]
                sent.append(client.publish(harness.system_event()))
                await graphql.subscribe("1", resume_from=cursor)
                sent.append(client.publish(harness.system_event()))
                got = []
                while not got or got[-1][1] != sent[-1].cursor:
                    got += [harness.event_of(message) for message in await graphql.nexts(1)]
                assert got == [(each.sequence, each.cursor) for each in sent[-len(got):]]
    harness.run(resumed(), timeout=60)


def test_an_id_used_again_within_a_replay_is_never_a_mix(plain, client):
    results = client.publish_many([harness.system_event(f"e{i}") for i in range(10_000)], batch=500)
    before, middle = results[0], results[5_000]

    async def again():
        for _ in range(5):
            async with harness.graphql(plain) as graphql:
                await graphql.subscribe("1", resume_from=before.cursor)
                await graphql.nexts(1)
                await graphql.complete("1")
                await graphql.subscribe("1", resume_from=middle.cursor)
                got = []
                while not got or got[-1] != results[-1].sequence or len(got) < 4_999 or \
                        got[-4_999] != middle.sequence + 1:
                    got.append(harness.event_of((await graphql.nexts(1))[0])[0])
                second = got[-4_999:]
                first = got[:-4_999]
                assert second == [each.sequence for each in results[5_001:]]
                assert first == list(range(before.sequence + 2, before.sequence + 2 + len(first)))
    harness.run(again(), timeout=120)


def test_a_gap_and_a_refused_cursor_are_told(plain, client):
    sent = client.publish(harness.system_event())
    epoch, _, sequence = sent.cursor.partition("-")

    async def refused():
        async with harness.graphql(plain) as graphql:
            await graphql.subscribe("gap", resume_from="aaaaaaaaaaaa-5")
            gap = (await graphql.nexts(1))[0]
            assert gap["payload"]["data"] is None
            extensions = gap["payload"]["extensions"]
            assert extensions["gap"]["reason"] == "epoch" and extensions["gap"]["from"] == "aaaaaaaaaaaa-5"
            assert extensions["cursor"] == extensions["gap"]["to"]
            await graphql.complete("gap")
            await graphql.subscribe("past", resume_from=f"{epoch}-{int(sequence, 16) + 100_000:x}")
            while (message := await graphql.recv())["id"] != "past":
                pass
            assert message["type"] == "error"
            told = message["payload"][0]["extensions"]
            assert told["code"] == "BAD_USER_INPUT" and told["field"] == "extensions.resumeFrom", told
            assert told["reason"] == "CURSOR_EXPIRED" and told["earliest"].startswith(epoch), told
    harness.run(refused())


# ---- sets ----

def test_a_snapshot_then_changes_and_what_leaves(hub, plain, client):
    query = """subscription { incidentUpdates(severities: [P0], snapshot: true)
               { updateType incident { id severity title } } }"""
    opened = [client.publish(harness.incident_created(severity="P0", title=f"t{i}")) for i in range(3)]
    harness.in_step(hub, plain)

    async def followed():
        async with harness.graphql(plain) as graphql:
            await graphql.subscribe("1", query)
            updates = []
            while not updates or updates[-1]["updateType"] != "SNAPSHOT_END":
                message = (await graphql.nexts(1))[0]
                updates.append(message["payload"]["data"]["incidentUpdates"])
            assert {f"t{i}" for i in range(3)} <= {each["incident"]["title"] for each in updates[:-1]}
            assert all(each["updateType"] == "SNAPSHOT" for each in updates[:-1])
            place = harness.place_of(message)
            client.publish(harness.incident_created(severity="P0", title="new"))
            created = (await graphql.nexts(1))[0]["payload"]["data"]["incidentUpdates"]
            assert created["updateType"] == "CREATED" and created["incident"]["title"] == "new"
            await graphql.complete("1")
            await graphql.subscribe("2", query, resume_from=place)
            again = (await graphql.nexts(1, "2"))[0]
            assert again["payload"]["data"]["incidentUpdates"] == created
    harness.run(followed())
    assert opened


# ---- the programs end and come back ----

def test_the_hubs_restart_is_told_and_nothing_is_lost():
    async def over(hub, bridge, client):
        async with harness.graphql(bridge) as graphql:
            await graphql.subscribe("1")
            await graphql.established()
            first = client.publish(harness.system_event())
            assert harness.event_of((await graphql.nexts(1))[0])[0] == first.sequence
            await asyncio.to_thread(hub.restart)
            words = []
            while "connected" not in words:
                message = await graphql.recv(30)
                assert message["type"] == "ping"
                words.append(message["payload"].get("hub"))
            assert words[0] == "reconnecting"
            with hub.client() as again:
                second = again.publish(harness.system_event())
            assert harness.event_of((await graphql.nexts(1))[0])[1] == second.cursor
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge, hub.client() as client:
        harness.run(over(hub, bridge, client), timeout=60)


# ---- beside /ws ----

def test_permessage_deflate_says_the_same(hub, client):
    query = "subscription { events { sequence cursor incident { id title description source labels } } }"

    async def both(bridge):
        async with harness.graphql(bridge, compression="deflate") as packed, harness.graphql(bridge) as plain, \
                harness.graphql(bridge, compression="deflate") as other:
            await packed.subscribe("a", query)
            await plain.subscribe("a", query)
            await other.subscribe("a much longer id", query)
            for each in (packed, plain, other):
                await each.established()
            for i in range(5):
                client.publish(harness.incident_created(title="again and again " * 10))
            got = await packed.nexts(5)
            assert got == await plain.nexts(5)
            assert [dict(each, id="a") for each in await other.nexts(5)] == got
    with harness.start_bridge(hub, "--compression", "deflate") as bridge:
        harness.in_step(hub, bridge)
        harness.run(both(bridge))


def test_a_session_is_explained(plain):
    async def explained():
        async with harness.graphql(plain) as graphql:
            await graphql.subscribe("mine")
            await graphql.send({"type": "ping"})
            await graphql.recv()
            return await asyncio.to_thread(harness.post, plain, "/v1/explain",
                                           {"session_id": graphql.ack["payload"]["sessionId"]})
    status, _, told = harness.run(explained())
    assert status == 200 and told["session"]["transport"] == "graphql", told
    assert told["session"]["subscriptions"][0]["subscription_id"] == "mine"
