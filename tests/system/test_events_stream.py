"""GET /v1/events as server-sent events and as lines of JSON: what others were bitten by, against the real programs."""

import asyncio
import json
import time

import pytest

import harness

FORMATS = pytest.mark.parametrize("lines", [False, True], ids=["SSE", "NDJSON"])


def _cursors(messages):
    return [message.id for message in messages]


@FORMATS
def test_a_stream_begins_at_once_and_may_not_be_kept(hub, bridge, lines):
    async def follow():
        async with harness.events(bridge, lines=lines) as stream:
            assert stream.headers["content-type"] == ("application/x-ndjson" if lines else "text/event-stream")
            assert stream.headers["cache-control"] == "no-store"
            assert stream.headers["x-accel-buffering"] == "no"
            if not lines:
                assert 1000 <= (await stream.next()).retry <= 3000
            place = await stream.next()
            assert place.id == hub.status().latest and (lines or place.data is None)

    harness.in_step(hub, bridge)
    harness.run(follow())


@pytest.mark.parametrize("accept, status", [
    ("text/event-stream", 200), ("application/x-ndjson", 200), ("*/*", 200), ("text/html, */*;q=0.1", 200),
    ("application/json", 406), ("text/html", 406)])
def test_what_is_accepted(bridge, accept, status):
    async def ask():
        reader, writer = await asyncio.open_connection(*bridge.address(0).split(":"))
        writer.write(f"GET /v1/events HTTP/1.1\r\nHost: {bridge.address(0)}\r\nAccept: {accept}\r\n\r\n".encode())
        line = await asyncio.wait_for(reader.readline(), 10)
        writer.close()
        return int(line.split()[1])

    assert harness.run(ask()) == status


def test_head_has_the_fields_and_no_body(bridge):
    async def ask():
        async with harness.events(bridge, method="HEAD") as stream:
            assert stream.headers["content-type"] == "text/event-stream"

    harness.run(ask())


@FORMATS
def test_http_1_0_streams_until_the_end_of_the_connection(hub, bridge, lines):
    async def follow():
        async with harness.events(bridge, lines=lines, version="1.0") as stream:
            assert "transfer-encoding" not in stream.headers
            with hub.client() as client:
                cursor = (await asyncio.to_thread(client.publish, harness.system_event("one"))).cursor
            assert (await stream.events(1))[0].id == cursor

    harness.run(follow())


# --- Resuming ---------------------------------------------------------------------------------------


@FORMATS
def test_resuming_on_another_transport_loses_and_repeats_nothing(hub, bridge, lines):
    """Each takes some events and gives its cursor to the next: SSE, /ws, gRPC, lines of JSON."""
    with hub.client() as client:
        results = client.publish_many([harness.system_event(f"e{i}") for i in range(40)], batch=7)
    harness.in_step(hub, bridge)
    cursors = [r.cursor for r in results]

    async def over_ws(start, count):
        async with harness.connect(bridge) as ws:
            await ws.subscribe(resume_from=start)
            return [m["message_id"] for m in await ws.events(count)]

    async def over_http(start, count, lines, header):
        start = {"last_event_id" if header else "resume_from": start}
        async with harness.events(bridge, lines=lines, **start) as stream:
            return _cursors(await stream.events(count))

    def over_grpc(start, count):
        with hub.client() as client, client.subscribe(start=start) as stream:
            return [e.cursor for e in stream.take(count)]

    got = harness.run(over_http(cursors[0], 5, lines, header=True))
    got += harness.run(over_ws(got[-1], 6))
    got += harness.run(over_http(got[-1], 7, not lines, header=False))
    got += over_grpc(got[-1], 8)
    got += harness.run(over_http(got[-1], 13, lines, header=True))
    assert got == cursors[1:]


def test_a_recent_cursor_is_found_however_long_the_log_is():
    """Others scan their history from its oldest end, up to a bound, and never find a recent id once more is kept.
    Here the time to the first event does not grow with what lies before or after the cursor."""
    count = 100_000
    with harness.start_hub("--recent-events", 1000) as hub, \
            harness.start_bridge(hub, "--recent-events", 1000) as bridge:
        with hub.client() as client:
            results = client.publish_many([harness.system_event("x")] * count, batch=1000)
        harness.in_step(hub, bridge)

        async def first(at):
            started = time.monotonic()
            async with harness.events(bridge, last_event_id=results[at].cursor) as stream:
                message = (await stream.events(1))[0]
                assert message.id == results[at + 1].cursor
                return time.monotonic() - started

        async def all_places():
            return {at: min([await first(at) for _ in range(5)]) for at in (0, 500, count // 2, count - 2)}

        times = harness.run(all_places())
        print(times)
        assert max(times.values()) < 0.25, times


def test_bookmarks_move_the_cursor_of_a_stream_that_seldom_matches():
    """Its filter lets nothing through; the log drops what it was sent last; its place is not lost."""
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        async def follow():
            async with harness.events(bridge, filters={"severities": ["P0"]}) as stream:
                place = await stream.next()
                place = await stream.next()
                with hub.client() as client:
                    newest = await asyncio.to_thread(client.publish, harness.system_event("not for you"))
                started = time.monotonic()
                while place.id != newest.cursor:
                    place = await stream.next(20)
                    assert place.data is None
                assert time.monotonic() - started < 16  # a proxy cuts a stream that is silent for longer

        harness.run(follow())


# --- Restarts and drains ----------------------------------------------------------------------------


@FORMATS
def test_nothing_is_lost_over_restarts_of_both_programs(hub, lines):
    async def follow(bridge):
        got, cursor, expected = [], None, []

        def publish(count):
            with hub.client() as client:
                expected.extend(r.cursor for r in client.publish_many(
                    [harness.system_event(f"e{i}") for i in range(count)], batch=3))

        async with harness.events(bridge, lines=lines) as stream:
            await asyncio.to_thread(publish, 10)
            got += _cursors(await stream.events(10))
            await asyncio.to_thread(bridge.signal)
            closing = await stream.expect("closing")
            assert closing.data["reason"] == "SERVICE_UNAVAILABLE" and closing.data["reconnect_after_ms"] > 0
            assert await stream.next() is None  # a whole end, with its last chunk
            cursor = stream.cursor
        await asyncio.to_thread(bridge.wait_for_end)
        await asyncio.to_thread(publish, 10)
        await asyncio.to_thread(bridge.start)
        await asyncio.to_thread(harness.wait_for, bridge.ready)
        async with harness.events(bridge, lines=lines, last_event_id=cursor) as stream:
            got += _cursors(await stream.events(10))
            await asyncio.to_thread(hub.restart, True)  # the stream stays
            await asyncio.to_thread(publish, 10)
            got += _cursors(await stream.events(10))
        assert got == expected

    with harness.start_bridge(hub) as bridge:
        harness.run(follow(bridge))


def test_each_client_gets_a_slot_of_its_own_at_a_drain(hub):
    async def drain(bridge):
        async with asyncio.TaskGroup() as group:
            ready = []

            async def follow():
                async with harness.events(bridge) as stream:
                    await stream.next()
                    await stream.next()
                    ready.append(1)
                    message = await stream.next(30)
                    return message.retry, (await stream.expect("closing")).data["reconnect_after_ms"]

            tasks = [group.create_task(follow()) for _ in range(50)]
            while len(ready) < 50:
                await asyncio.sleep(0.01)
            bridge.signal()
        slots = [task.result() for task in tasks]
        assert all(retry == after for retry, after in slots)
        assert len({retry for retry, _ in slots}) == 50

    with harness.start_bridge(hub) as bridge:
        harness.run(drain(bridge))
        assert bridge.wait_for_end() == 0


def test_before_the_hub_is_reached_a_browser_is_told_to_come_back():
    """A browser's EventSource gives up for ever on any other status than 200."""
    with harness.start_bridge("127.0.0.1:9", wait=False) as bridge:
        async def ask():
            async with harness.events(bridge) as stream:
                body = await stream.body()
                assert body.startswith("retry: 1000\n\n"), body
            async with harness.events(bridge, lines=True, check=False) as stream:
                assert stream.status == 503 and stream.headers["retry-after"] == "1"

        harness.run(ask())


# --- Slow clients -----------------------------------------------------------------------------------


def test_a_client_that_takes_nothing_is_cut_off_and_one_that_is_slow_gets_everything(hub):
    big = harness.system_event("x" * (32 << 10))
    count = 1_500

    async def follow(bridge):
        stuck = await asyncio.open_connection(*bridge.address(0).split(":"), limit=1 << 12)
        stuck[1].write(f"GET /v1/events HTTP/1.1\r\nHost: {bridge.address(0)}\r\n\r\n".encode())
        async with harness.events(bridge) as stream:
            await stream.next()

            def publish():
                with hub.client() as client:
                    return [r.cursor for _ in range(count // 30) for r in client.publish(*[big] * 30)]

            cursors = await asyncio.to_thread(publish)
            got = []
            while len(got) < count:
                got.append((await stream.expect("event", 60)).id)
                if len(got) % 300 == 0:
                    await asyncio.sleep(0.5)  # slow, and never stuck
            assert got == cursors
            assert bridge.metric("bridge_event_streams") == 2
            await asyncio.to_thread(
                harness.wait_for, lambda: bridge.metric("bridge_event_streams") == 1, 30, "the stuck one to be cut off")
        stuck[1].close()

    with harness.start_bridge(hub, "--recent-bytes", "2MiB") as bridge:
        harness.run(follow(bridge))
        harness.wait_for(lambda: bridge.metric("bridge_event_streams") == 0, what="all streams to be gone")


# --- Pages ------------------------------------------------------------------------------------------


def test_a_page_of_a_listed_origin_may_read_and_no_other(hub):
    async def ask(bridge, origin):
        async with harness.events(bridge, fields=(f"Origin: {origin}",), check=False) as stream:
            return stream.status, stream.headers.get("access-control-allow-origin")

    with harness.start_bridge(hub, "--allowed-origin", "https://good.example") as bridge:
        assert harness.run(ask(bridge, "https://good.example")) == (200, "https://good.example")
        assert harness.run(ask(bridge, "https://bad.example"))[0] == 403
