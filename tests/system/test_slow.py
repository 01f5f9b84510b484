"""One subscriber that does not keep up must cost the others nothing: neither time nor memory. It is cut after ten
seconds of taking nothing, and resumes; one that takes a little all the time gets everything."""

import asyncio
import json
import statistics
import time

import grpc
import pytest

import guarantees
import harness
import harness_history
import raw
from guarantees import Event, History, Publish, Resume

OTHERS = 99
PROBES = 150  # a run of the latency measurement, 50 a second
FILLER = 64 << 20  # bytes that only the stuck one is sent: more than all buffers on the way
WARM_UP = 128 << 20  # bytes after which the store's own buffers have been full
MEMORY = 48 << 20  # what a program may grow by, with a window of 2 MiB and a store whose buffers fill and empty
SMALL = ("--recent-bytes", "2MiB")


def _publish_filler(client, total, size=32 << 10):
    results = []
    event = harness.system_event("x" * size, category="filler")
    for _ in range(total // (size * 32)):
        results += client.publish(*[event] * 32)
    return results


def _reads_nothing_more(frames, name):
    frames.send_json({"type": "subscribe", "subscription_id": name})
    frames.expect("subscribed")


async def _latencies(bridge, client, during):
    """The median and worst delay of probes to OTHERS subscribers, from publish to receipt."""
    delays, sent = [], {}

    async def subscriber(ready):
        async with harness.connect(bridge) as ws:
            await ws.subscribe(filters={"event_types": ["incident_created"]})
            ready.append(1)
            for _ in range(PROBES):
                while True:
                    text = await asyncio.wait_for(ws.connection.recv(), 30)
                    now = time.monotonic()
                    message = json.loads(text)
                    if message["type"] == "event":
                        break
                delays.append(now - sent[message["event"]["incident"]["title"]])

    ready = []
    tasks = [asyncio.create_task(subscriber(ready)) for _ in range(OTHERS)]
    while len(ready) < OTHERS:
        await asyncio.sleep(0.01)

    def publish():
        started = time.monotonic()
        for i in range(PROBES):
            time.sleep(max(0.0, started + i / 50 - time.monotonic()))  # the rate that is measured
            sent[str(i)] = time.monotonic()
            client.publish(harness.incident_created(title=str(i)))
            during(i)

    await asyncio.to_thread(publish)
    await asyncio.gather(*tasks)
    assert len(delays) == OTHERS * PROBES
    return statistics.median(delays), max(delays)


def test_one_that_stops_reading_neither_delays_the_others_nor_fills_memory():
    with harness.start_hub(*SMALL) as hub, harness.start_bridge(hub, *SMALL) as bridge, hub.client() as client, \
            hub.client() as filler_client:
        # The same work before the measurement as in it: both programs have been to their usual size.
        _publish_filler(filler_client, WARM_UP)
        harness.in_step(hub, bridge)

        def publish_filler(i):
            if i % 5 == 0:
                client.publish(harness.system_event("x" * (64 << 10), category="filler"))

        median, worst = harness.run(_latencies(bridge, client, publish_filler))
        before = (hub.memory(), bridge.memory())
        with raw.websocket(bridge, receive_buffer=4096, timeout=30) as stuck:
            _reads_nothing_more(stuck, "stuck")
            cut_from = time.monotonic()
            start = hub.status().latest
            _publish_filler(filler_client, FILLER)
            harness.in_step(hub, bridge)
            slow_median, slow_worst = harness.run(_latencies(bridge, client, publish_filler))
            grown = hub.memory() - before[0], bridge.memory() - before[1]
            print(f"median {median * 1e3:.2f} ms, with a stuck one {slow_median * 1e3:.2f} ms; worst {worst * 1e3:.0f} "
                  f"and {slow_worst * 1e3:.0f} ms; memory of hub and bridge grew by {[one >> 10 for one in grown]} KiB "
                  f"for {FILLER >> 20} MiB not taken")
            assert slow_median < 3 * median + 0.01
            assert slow_worst < 3 * worst + 0.2
            assert max(grown) < MEMORY
            # Cut about ten seconds after it took its last byte; only it.
            harness.wait_for(lambda: bridge.metric("websocket_active_connections") == 0, 20, "the cut")
            lasted = time.monotonic() - cut_from
            assert 9 < lasted < 20, lasted
            got = stuck.until_end()
            events = [m for m in got if m["type"] == "event"]
            others = [m for m in got if m["type"] not in ("event", "pong")]
            print(f"cut after {lasted:.1f} s; {len(events)} events had been sent; then {others} {stuck.closed}")
        # It read nothing in the four seconds after the cut either: no farewell could reach it. The next test's does.
        assert others == [] and stuck.closed is None
        assert bridge.metric("websocket_connection_errors_total") == 1
        seen = harness_history.stream("the stuck one", start)
        seen.steps += [Event(m["event"]["id"], m["message_id"]) for m in events]
        seen.steps.append(Resume(events[-1]["message_id"]))
        end = hub.status()

        async def resume():
            async with harness.connect(bridge) as ws:
                assert (await ws.subscribe(resume_from=events[-1]["message_id"]))["recovered"]
                got = await ws.events(end.last_sequence - events[-1]["sequence"], timeout=60)
                return [Event(m["event"]["id"], m["message_id"]) for m in got]

        seen.steps += harness.run(resume())
        assert seen.steps[-1].cursor == end.latest
        log = harness_history.read_log(hub)
        guarantees.check(History([Publish([event.id]) for event in log], [seen], [log]))


def test_a_stuck_one_is_closed_with_1013_and_one_that_reads_a_little_every_100_ms_gets_everything():
    """12 seconds of 48 KiB every 100 ms, with all buffers full, is longer than the ten seconds of the stuck. The stuck
    one takes what waits for it within the four seconds after the cut, and finds error, closing and 1013 at the end."""
    total, step = 12 << 20, 48 << 10
    with harness.start_hub(*SMALL) as hub, harness.start_bridge(hub, *SMALL) as bridge, hub.client() as client:
        with raw.websocket(bridge, receive_buffer=8192, timeout=30) as slow, \
                raw.websocket(bridge, receive_buffer=4096, timeout=30) as stuck:
            _reads_nothing_more(slow, "slow")
            _reads_nothing_more(stuck, "stuck")
            results = _publish_filler(client, total, size=16 << 10)
            heard = []
            started = time.monotonic()
            while time.monotonic() - started < 13:
                for _ in range(step // 4096):
                    slow._data += slow.sock.recv(4096)
                if not heard and bridge.metric("websocket_connection_errors_total") == 1:
                    heard = stuck.until_end()
                time.sleep(0.1)  # the slowness
            assert [m["type"] for m in heard[-2:]] == ["error", "closing"], [m["type"] for m in heard[-3:]]
            assert heard[-2]["code"] == "SLOW_CONSUMER"
            assert heard[-1]["code"] == 1013 and heard[-1]["reconnect_after_ms"] > 0
            assert stuck.closed[0] == 1013 and stuck.closed[1].startswith("SLOW_CONSUMER")
            assert bridge.metric("websocket_connection_errors_total") == 1
            got = [slow.expect("event") for _ in results]
            assert [m["message_id"] for m in got] == [r.cursor for r in results]
            slow.send_json({"type": "ping", "timestamp": "well"})
            slow.expect("pong", timestamp="well")


def test_a_grpc_subscriber_that_stops_reading_is_cut_and_resumes():
    """And a bridge that was stopped for as long comes back by itself, and its clients miss nothing."""
    with harness.start_hub(*SMALL) as hub, harness.start_bridge(hub, *SMALL) as bridge, hub.client() as client, \
            hub.client() as stuck_client, client.subscribe({"event_types": ["incident_created"]}) as other:
        _publish_filler(client, WARM_UP)
        harness.in_step(hub, bridge)
        with raw.websocket(bridge, timeout=30) as frames:
            _reads_nothing_more(frames, "s")
            call = stuck_client.stub.Subscribe(harness.hub_pb2.SubscribeRequest())
            first = next(call)
            before = hub.memory()
            bridge.pause()
            started = time.monotonic()
            published = _publish_filler(client, FILLER)
            while time.monotonic() - started < 8:
                sent = time.monotonic()
                published.append(client.publish(harness.incident_created()))
                (event,) = other.take(1)
                assert event.cursor == published[-1].cursor and time.monotonic() - sent < 1
            harness.wait_for(lambda: hub.metric("tocsin_subscribers_stuck_total") == 2, 20, "the cut of both")
            lasted = time.monotonic() - started
            grown = hub.memory() - before
            print(f"cut after {lasted:.1f} s; memory grew by {grown >> 10} KiB for {FILLER >> 20} MiB not taken by two")
            assert 8 < lasted < 15
            assert grown < MEMORY
            bridge.resume()
            got, cursor = [], first.cursor
            with pytest.raises(grpc.RpcError) as caught:
                for response in call:
                    got += [e.sequence for e in response.events]
                    cursor = response.cursor or cursor
            assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, caught.value
            assert "SLOW_CONSUMER" in caught.value.details()
            sequences = [r.sequence for r in published]
            assert got == sequences[:len(got)]
            with client.subscribe(start=cursor) as stream:
                rest = [e.sequence for e in stream.take(len(sequences) - len(got), timeout=60)]
            assert got + rest == sequences
            assert [frames.expect("event")["sequence"] for _ in sequences] == sequences
