"""Every message and field of /ws on the wire, as docs/protocol.md section 5 promises them."""

import asyncio
import contextlib
import datetime
import json
import time
import uuid

import pytest
import websockets

import harness
import raw


def _close_to_now(text):
    assert text.endswith("Z") and len(text.rpartition(".")[2]) == 7
    return abs(datetime.datetime.fromisoformat(text) - datetime.datetime.now(datetime.timezone.utc)).total_seconds() < 5


def _ws_test(*flags):
    """Runs an async test with its own bridge where flags are given, else with the module's."""
    def wrap(test):
        if flags:
            def own(hub):
                with harness.start_bridge(hub, *flags) as bridge, hub.client() as client:
                    harness.run(test(bridge, client), timeout=60)
            own.__name__, own.__doc__ = test.__name__, test.__doc__
            return own

        def shared(bridge, client):
            harness.run(test(bridge, client), timeout=60)
        shared.__name__, shared.__doc__ = test.__name__, test.__doc__
        return shared
    return wrap


@_ws_test()
async def test_welcome(bridge, client):
    sent = client.publish(harness.system_event())
    harness.wait_for(lambda: bridge.metric("websocket_events_broadcast_total") >= 1)
    async with harness.connect(bridge) as ws, harness.connect(bridge) as other:
        welcome = ws.welcome
        assert set(welcome) == {"type", "session_id", "server_time", "protocol_version", "heartbeat_interval_ms",
                                "cursor", "limits"}
        assert uuid.UUID(welcome["session_id"]).version == 7
        assert welcome["session_id"] != other.welcome["session_id"]
        assert _close_to_now(welcome["server_time"])
        assert welcome["protocol_version"] == 1
        assert welcome["heartbeat_interval_ms"] == 30_000
        limits = welcome["limits"]
        assert limits["max_message_bytes"] == 65536 and limits["max_json_depth"] == 32
        assert limits["max_subscriptions"] == 128 and limits["max_subscription_id_chars"] == 128
        assert limits["max_filter_values"] == 1000 and limits["max_filter_bytes"] == 16384
        assert limits["messages_per_second"] == 100 and limits["message_burst"] == 200
        assert limits["session_timeout_ms"] == 300_000
        # The welcome's cursor is a place to resume from.
        after = client.publish(harness.system_event())
        await ws.subscribe(resume_from=welcome["cursor"])
        events = await ws.events(1)
        assert events[0]["message_id"] in (after.cursor, sent.cursor)


@_ws_test()
async def test_subscribed_says_the_filter_as_understood(bridge, client):
    async with harness.connect(bridge) as ws:
        subscribed = await ws.subscribe("a")
        assert set(subscribed) == {"type", "subscription_id", "filters", "cursor", "recovered"}
        assert subscribed["filters"] == {} and subscribed["recovered"] is True
        assert isinstance(subscribed["cursor"], str)
        given = {"event_types": ["ESCALATED", "comment_added", "escalated"], "severities": ["p1", "P0", "P1"],
                 "states": ["detected"], "sources": ["b", "a", "b"], "affected_resources": [],
                 "labels": {"z": "1", "a": ""}, "incident_ids": ["0190B6A5-7C1E-7000-8000-000000000001"],
                 "active_only": True}
        assert (await ws.subscribe("b", given))["filters"] == {
            "event_types": ["escalated", "comment_added"], "severities": ["P0", "P1"], "states": ["Detected"],
            "sources": ["a", "b"], "labels": {"a": "", "z": "1"},
            "incident_ids": ["0190b6a5-7c1e-7000-8000-000000000001"], "active_only": True}
        assert (await ws.subscribe("c", {"active_only": False, "labels": None}))["filters"] == {}
        assert (await ws.subscribe("x" * 128))["recovered"]
        assert (await ws.subscribe('odd "id" \n é 😀'))["subscription_id"] == 'odd "id" \n é 😀'


@_ws_test()
async def test_event_fields_and_one_message_for_all_subscriptions(bridge, client):
    async with harness.connect(bridge) as ws:
        await ws.subscribe("all")
        await ws.subscribe("P0", {"severities": ["P0"]})
        await ws.subscribe("none", {"sources": ["nobody"]})
        await ws.subscribe("P0 again", {"severities": ["P0"]})
        first = client.publish(harness.incident_created(severity="P0", labels={"env": "production"}))
        second = client.publish(harness.incident_created(severity="P1"))
        message = await ws.recv()
        assert set(message) == {"type", "message_id", "timestamp", "subscription_ids", "sequence", "event"}
        assert message["message_id"] == first.cursor and message["sequence"] == first.sequence
        assert sorted(message["subscription_ids"]) == ["P0", "P0 again", "all"]
        assert _close_to_now(message["timestamp"])
        event = message["event"]
        assert event["event_type"] == "incident_created" and event["id"] == first.id and event["priority"] == "Critical"
        assert event["incident"]["labels"] == {"env": "production"} and event["incident"]["id"] == first.incident_id
        message = await ws.recv()
        assert (message["message_id"], message["subscription_ids"]) == (second.cursor, ["all"])


@_ws_test()
async def test_catching_up_has_messages_of_its_own(bridge, client):
    made = client.publish_many([harness.system_event(str(i), category="catch-up") for i in range(50)])
    harness.wait_for(lambda: bridge.metric("websocket_events_broadcast_total") >= made[-1].sequence)
    async with harness.connect(bridge) as ws:
        await ws.subscribe("live")
        place = made[0].cursor
        await ws.subscribe("behind", resume_from=place)
        got = await ws.events(49, "behind")
        assert all(m["subscription_ids"] == ["behind"] for m in got)
        assert [m["message_id"] for m in got] == [r.cursor for r in made[1:]]
        sent = client.publish(harness.system_event("now"))
        # Once live, it shares the others' message.
        message = await ws.recv()
        assert message["message_id"] == sent.cursor and sorted(message["subscription_ids"]) == ["behind", "live"]


@_ws_test()
async def test_a_known_id_replaces_the_filter_at_one_place(bridge, client):
    """While events pour in: every event before `subscribed` is by the old filter, every one after by the new."""
    async with harness.connect(bridge) as ws:
        await ws.subscribe("s", {"sources": ["a"]})
        await ws.subscribe("watch")  # sees all, so that the place can be told

        def publish():
            return client.publish_many([harness.incident_created(source="ab"[i % 2]) for i in range(600)], batch=3)

        publishing = asyncio.create_task(asyncio.to_thread(publish))
        sources = {}  # sequence → source, of every event
        stream = []  # of "s", in order: the sequence of an event, or (cursor, source) where its filter changed
        watched = 0
        while watched < 600:
            message = await ws.recv()
            if message["type"] == "subscribed":
                assert message["recovered"] is True
                stream.append((message["cursor"], message["filters"]["sources"][0]))
                continue
            sources[message["sequence"]] = message["event"]["incident"]["source"]
            if "s" in message["subscription_ids"]:
                stream.append(message["sequence"])
            if "watch" in message["subscription_ids"]:
                watched += 1
                if watched % 50 == 25:
                    await ws.send({"type": "subscribe", "subscription_id": "s",
                                   "filters": {"sources": ["b" if watched % 100 == 25 else "a"]}})
        await ws.send({"type": "ping"})
        while (message := await ws.recv())["type"] != "pong":
            if message["type"] == "subscribed":
                stream.append((message["cursor"], message["filters"]["sources"][0]))
            elif "s" in message["subscription_ids"]:
                stream.append(message["sequence"])
        sequence_of = {result.cursor: result.sequence for result in await publishing}
        assert sorted(sources) == sorted(sequence_of.values())
        # What should stand there: at each change, all before its place by the old filter, all after it by the new.
        changes = [one for one in stream if isinstance(one, tuple)]
        wanted, now = [], "a"
        ends = [sequence_of[cursor] for cursor, _ in changes] + [max(sources)]
        at = min(sources)
        for change, end in zip([None, *changes], ends):
            if change:
                wanted.append(change)
                now = change[1]
            wanted += [sequence for sequence in range(at, end + 1) if sources[sequence] == now]
            at = end + 1
        assert stream == wanted
        assert len(changes) == 12


@_ws_test()
async def test_a_known_id_with_resume_from_starts_there(bridge, client):
    made = client.publish_many([harness.system_event(str(i), category="again") for i in range(10)])
    async with harness.connect(bridge) as ws:
        await ws.subscribe("s", resume_from=made[-1].cursor)
        again = await ws.subscribe("s", resume_from=made[3].cursor)
        assert again["cursor"] == made[3].cursor
        assert [m["message_id"] for m in await ws.events(6)] == [r.cursor for r in made[4:]]


@_ws_test()
async def test_unsubscribe(bridge, client):
    async with harness.connect(bridge) as ws:
        await ws.subscribe("a")
        await ws.subscribe("b")
        await ws.send({"type": "unsubscribe", "subscription_id": "a"})
        assert await ws.expect("unsubscribed") == {"type": "unsubscribed", "subscription_id": "a"}
        client.publish(harness.system_event())
        assert (await ws.recv())["subscription_ids"] == ["b"]
        await ws.send({"type": "unsubscribe", "subscription_id": "a"})
        error = await ws.recv()
        assert (error["code"], error["subscription_id"]) == ("NOT_FOUND", "a")
        await ws.send({"type": "unsubscribe", "subscription_id": "b"})
        await ws.expect("unsubscribed", subscription_id="b")
        client.publish(harness.system_event())
        await ws.send({"type": "ping"})
        assert (await ws.recv())["type"] == "pong"
        # The id is free again; a fast client need not wait for the answer.
        await ws.send({"type": "subscribe", "subscription_id": "a"})
        await ws.send({"type": "unsubscribe", "subscription_id": "a"})
        await ws.send({"type": "subscribe", "subscription_id": "a", "filters": {"severities": ["P0"]}})
        kinds = [(await ws.recv())["type"] for _ in range(3)]
        assert kinds == ["subscribed", "unsubscribed", "subscribed"]
        sent = client.publish(harness.incident_created(severity="P0"))
        assert (await ws.recv())["message_id"] == sent.cursor


@_ws_test()
async def test_ping_and_pong(bridge, client):
    async with harness.connect(bridge) as ws:
        for stamp in ("now", 1735787045123, 0, 1.5, "2026-01-02T03:04:05Z", 'q"\\', "é"):
            await ws.send({"type": "ping", "timestamp": stamp})
            pong = await ws.recv()
            assert set(pong) == {"type", "timestamp", "cursor"}
            assert pong["timestamp"] == stamp
        await ws.send({"type": "ping"})
        assert _close_to_now((await ws.recv())["timestamp"])
        # Its cursor is a bookmark: after all the events before it.
        await ws.subscribe("few", {"sources": ["nobody"]})
        sent = client.publish(harness.system_event())
        while True:
            await ws.send({"type": "ping"})
            pong = await ws.recv()
            assert pong["type"] == "pong"
            if pong["cursor"] == sent.cursor:
                break
        after = client.publish(harness.system_event())
        await ws.subscribe("all", resume_from=pong["cursor"])
        assert (await ws.events(1))[0]["message_id"] == after.cursor


@_ws_test()
async def test_a_pong_stands_after_the_events_before_it(bridge, client):
    """No bookmark overtakes an event: whatever pong says has been delivered."""
    async with harness.connect(bridge) as ws:
        await ws.subscribe()
        publishing = asyncio.create_task(asyncio.to_thread(
            client.publish_many, [harness.system_event() for _ in range(500)], 1))
        last, pongs = ws.welcome["cursor"], 0
        seen = 0
        await ws.send({"type": "ping"})
        while seen < 500:
            message = await ws.recv()
            if message["type"] == "event":
                last, seen = message["message_id"], seen + 1
            else:
                assert message["cursor"] == last
                pongs += 1
                if pongs < 150:  # within the burst that a client may send
                    await ws.send({"type": "ping"})
        await publishing
        assert pongs >= 5


@_ws_test()
async def test_ack_and_where_authentication_is_off_a_token_are_taken_in_silence(bridge, client):
    async with harness.connect(bridge) as ws:
        await ws.send({"type": "ack", "message_id": ws.welcome["cursor"]})
        await ws.send({"type": "authenticate", "token": "abc"})
        await ws.send({"type": "ping"})
        assert (await ws.recv())["type"] == "pong"


@_ws_test("--heartbeat-interval", "300ms")
async def test_heartbeat(bridge, client):
    """A WebSocket ping and a pong message with the server's time and a bookmark, every interval."""
    sent = client.publish(harness.system_event())

    def read():
        with raw.websocket(bridge) as frames:
            assert frames.welcome["heartbeat_interval_ms"] == 300
            pings, pongs, started = 0, [], time.monotonic()
            while len(pongs) < 4:
                opcode, payload = frames.frame()
                if opcode == raw.PING:
                    pings += 1
                    frames.send(payload, opcode=raw.PONG)
                else:
                    message = json.loads(payload)
                    assert message["type"] == "pong" and set(message) == {"type", "timestamp", "cursor"}
                    assert _close_to_now(message["timestamp"]) and message["cursor"] == sent.cursor
                    pongs.append(message)
            assert 0.9 < time.monotonic() - started < 6
            assert pings >= 3

    harness.wait_for(lambda: bridge.http("/health/ready", 0)[0] == 200)
    await asyncio.to_thread(read)


@_ws_test("--heartbeat-interval", "500ms")
async def test_a_silent_peer_is_dropped_after_two_intervals(bridge, client):
    def read():
        with raw.websocket(bridge) as frames:
            started = time.monotonic()
            with contextlib.suppress(EOFError, ConnectionResetError):
                while True:
                    assert frames.frame()[0] != raw.CLOSE  # dropped: it would not answer a closing handshake either
            assert 0.9 < time.monotonic() - started < 5
        with raw.websocket(bridge) as frames:  # one that answers pings stays, whatever else it does not
            started = time.monotonic()
            while time.monotonic() - started < 2.5:
                opcode, payload = frames.frame()
                if opcode == raw.PING:
                    frames.send(payload, opcode=raw.PONG)

    await asyncio.to_thread(read)


@_ws_test("--session-timeout", "700ms")
async def test_an_idle_session_is_ended_with_1001(bridge, client):
    """No message, pong or ack for the session timeout; an ack in time keeps it."""
    async with harness.connect(bridge) as idle, harness.connect(bridge) as acking:
        await idle.subscribe()
        started = time.monotonic()
        closing = None
        with pytest.raises(websockets.exceptions.ConnectionClosed) as caught:
            while True:
                with_message = asyncio.create_task(idle.recv(5))
                await acking.send({"type": "ack", "message_id": acking.welcome["cursor"]})
                done, _ = await asyncio.wait([with_message], timeout=0.1)
                while not done:
                    await acking.send({"type": "ack", "message_id": acking.welcome["cursor"]})
                    done, _ = await asyncio.wait([with_message], timeout=0.1)
                closing = with_message.result()
        assert 0.6 < time.monotonic() - started < 4
        assert closing["type"] == "closing" and set(closing) == {"type", "reason", "code", "reconnect_after_ms"}
        assert caught.value.rcvd.code == closing["code"] == 1001
        await acking.send({"type": "ping"})
        assert (await acking.recv())["type"] == "pong"


def test_status_while_the_hub_is_away():
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        async def run():
            async with harness.connect(bridge) as ws:
                await ws.subscribe()
                await asyncio.to_thread(hub.kill)
                assert await ws.expect("status") == {"type": "status", "hub": "reconnecting"}
                assert bridge.http("/health/ready", 0)[0] == 503
                assert json.loads(bridge.http("/health", 0)[1])["hub"] == "reconnecting"
                assert bridge.http("/health/live", 0)[0] == 200
                # A client that comes now is told at once; its session works, and what it asks for comes later.
                async with harness.connect(bridge) as late:
                    assert (await late.recv())["hub"] == "reconnecting"
                    await late.send({"type": "ping", "timestamp": 1})
                    await late.expect("pong", timestamp=1)
                    await late.send({"type": "subscribe", "subscription_id": "s", "resume_from": "earliest"})
                    await asyncio.to_thread(hub.start)
                    for each in (ws, late):
                        assert (await each.expect("status"))["hub"] == "connected"
                    with hub.client() as client:
                        sent = await asyncio.to_thread(client.publish, harness.system_event())
                    for each in (ws, late):
                        assert (await each.events(1))[0]["message_id"] == sent.cursor
        harness.run(run(), timeout=60)


def test_before_the_hub_was_ever_reached_a_session_is_put_off():
    with harness.start_bridge("127.0.0.1:1", wait=False) as bridge:
        with raw.connect(bridge) as sock:
            sock.sendall(raw.handshake())
            answer = raw.read_answer(sock)
        assert answer.status == 503 and answer.problem()["code"] == "SERVICE_UNAVAILABLE"
        assert int(answer.fields["retry-after"]) >= 1
        assert bridge.http("/health/live", 0)[0] == 200
        assert bridge.http("/health/ready", 0)[0] == 503


@_ws_test()
async def test_the_clients_close_is_answered(bridge, client):
    def close():
        for payload, code in ((b"\x03\xe8bye", 1000), (b"", None), (b"\x0f\xa0", 4000)):
            with raw.websocket(bridge) as frames:
                frames.send(payload, opcode=raw.CLOSE)
                assert frames.until_end() == []
                assert frames.closed is not None and (code is None or frames.closed[0] == code)

    await asyncio.to_thread(close)


@_ws_test("--max-connections", "2", "--max-connections-per-address", "100")
async def test_a_full_bridge_refuses(bridge, client):
    def fill():
        def opened(stack):  # the connection that asked whether the bridge is ready may still have a place
            try:
                return stack.enter_context(raw.websocket(bridge))
            except AssertionError:
                return None
        with contextlib.ExitStack() as stack:
            for _ in range(2):
                harness.wait_for(lambda: opened(stack), what="a place to be free")
            with raw.connect(bridge) as sock:
                sock.sendall(raw.handshake())
                answer = raw.Answer(raw.read_all(sock))
                assert answer.status == 503 and answer.problem()["code"] == "SERVICE_UNAVAILABLE"
                assert int(answer.fields["retry-after"]) >= 1
        def again():
            try:
                with raw.websocket(bridge):
                    return True
            except AssertionError:
                return False
        harness.wait_for(again, what="a place to be free again")

    await asyncio.to_thread(fill)
