"""Programs that die and come back: nothing that was acknowledged is lost, nothing comes twice, clients stay."""

import asyncio
import random
import subprocess
import time

import grpc
import pytest
import websockets

import guarantees
import harness
import harness_history
from guarantees import Event
from harness_history import Publisher


def test_a_killed_hub_comes_back_under_100_clients():
    """They stay connected, are told, and end with every acknowledged event once, while publishing goes on."""
    clients = 100

    async def client(bridge, stream, joined, ends):
        states = []
        async with harness.connect(bridge) as ws:
            await ws.subscribe(resume_from=stream.start)
            joined.append(1)
            while not ends or ends[0] not in (step.cursor for step in stream.steps[-1:]):
                try:
                    message = await ws.recv(0.5 if not ends else 30)
                except TimeoutError:
                    assert not ends, f"waiting for {ends}, at {stream.steps[-1:]}"
                    continue
                if message["type"] == "event":
                    stream.steps.append(Event(message["event"]["id"], message["message_id"]))
                elif message["type"] == "status":
                    states.append(message["hub"])
                else:
                    assert message["type"] == "pong", message
        return states

    async def run(hub, bridge, streams, publisher):
        joined, ends = [], []
        tasks = [asyncio.create_task(client(bridge, stream, joined, ends)) for stream in streams]
        while len(joined) < clients:
            await asyncio.sleep(0.01)
        with publisher:
            for _ in range(2):
                await asyncio.to_thread(publisher.wait_for_more, 150)
                await asyncio.to_thread(hub.restart, True)
            await asyncio.to_thread(publisher.wait_for_more, 100)
            await asyncio.to_thread(publisher.stop)
        ends.append(publisher.last_one(hub))
        return await asyncio.gather(*tasks)

    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        streams = [harness_history.stream(f"client {i}", hub.status().latest) for i in range(clients)]
        publisher = Publisher(hub.address(0), threads=2, batch=4, pause=0.03)
        states = harness.run(run(hub, bridge, streams, publisher), timeout=120)
        assert bridge.metric("websocket_total_connections") == clients
        guarantees.check(publisher.history(streams, [harness_history.read_log(hub)]))
        assert states == [["reconnecting", "connected"] * 2] * clients
        assert publisher.errors
    print(f"{clients} clients, 2 kills, {publisher.acknowledged} acknowledged, "
          f"errors of the publisher meanwhile {dict(publisher.errors)}")


def test_a_killed_bridge_is_resumed_by_last_message_id():
    clients, kills = 20, 3

    async def run(hub, bridge, streams, publisher):
        ends = []
        tasks = [asyncio.create_task(harness_history.follow_ws([bridge], stream, lambda: ends and ends[0]))
                 for stream in streams]
        with publisher:
            for _ in range(kills):
                await asyncio.to_thread(publisher.wait_for_more, 150)
                await asyncio.to_thread(bridge.restart, True)
            await asyncio.to_thread(publisher.stop)
        ends.append(publisher.last_one(hub))
        return await asyncio.gather(*tasks)

    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        streams = [harness_history.stream(f"client {i}", hub.status().latest) for i in range(clients)]
        publisher = Publisher(hub.address(0), threads=1, batch=4, pause=0.01)
        connections = harness.run(run(hub, bridge, streams, publisher), timeout=120)
        guarantees.check(publisher.history(streams, [harness_history.read_log(hub)]))
        assert all(count > 1 for count in connections)
    print(f"{clients} clients, {kills} kills of the bridge, {publisher.acknowledged} acknowledged")


@pytest.mark.parametrize("durability", ["always", "interval"])
def test_twenty_kills_under_load_lose_nothing(durability):
    """Acknowledged is durable; a sequence that anybody saw never names another event; and no call is half there
    after a kill, before its publisher tries again."""
    rng = random.Random(7)
    ends, reads = [], []
    with harness.start_hub(durability=durability) as hub:
        stream = harness_history.stream("a follower", hub.status().latest)
        follower = harness_history.InBackground(harness_history.follow_grpc, hub.address(0), stream,
                                                lambda: ends and ends[0])
        with Publisher(hub.address(0), threads=4, batch=8, pause=0) as publisher:
            for _ in range(20):
                publisher.wait_for_more(rng.randint(20, 400))
                hub.kill()
                publisher.hold()
                hub.start()
                reads.append(harness_history.read_log(hub))
                publisher.go_on()
            publisher.stop()
        ends.append(publisher.last_one(hub))
        follower.join()
        reads.append(harness_history.read_log(hub))
        guarantees.check(publisher.history([stream], reads))
    print(f"{durability}: 20 kills, {publisher.acknowledged} acknowledged, {len(reads[-1])} in the log, "
          f"{len(stream.events())} seen")


# --- SIGTERM --------------------------------------------------------------------------------------


def test_a_draining_bridge_closes_with_1012_and_gives_every_client_its_own_slot():
    clients = 40

    async def client(bridge, joined):
        async with harness.connect(bridge) as ws:
            await ws.subscribe()
            joined.append(1)
            closing = None
            try:
                while True:
                    message = await ws.recv(30)
                    closing = message if message["type"] == "closing" else closing
            except websockets.exceptions.ConnectionClosed as closed:
                return closing, closed.rcvd

    async def run(bridge):
        joined = []
        tasks = [asyncio.create_task(client(bridge, joined)) for _ in range(clients)]
        while len(joined) < clients:
            await asyncio.sleep(0.01)
        code = await asyncio.to_thread(bridge.stop)
        return code, await asyncio.gather(*tasks)

    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        started = time.monotonic()
        code, outcomes = harness.run(run(bridge), timeout=60)
        assert code == 0
        assert time.monotonic() - started < 20
    waits = [closing["reconnect_after_ms"] for closing, _ in outcomes]
    assert len(set(waits)) == clients, sorted(waits)
    for closing, frame in outcomes:
        assert closing["code"] == 1012 and closing["reason"] == "SERVICE_UNAVAILABLE"
        assert frame.code == 1012 and frame.reason.startswith("SERVICE_UNAVAILABLE")
    print(f"reconnect_after_ms from {min(waits)} to {max(waits)}")


def _health(client, service=""):
    name = service.encode()
    request = bytes([0x0A, len(name)]) + name if name else b""
    return client.channel.unary_stream("/grpc.health.v1.Health/Watch")(request)


SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"


def test_a_draining_hub_tells_its_subscribers_and_health():
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge, hub.client() as client:
        client.publish(harness.system_event("before"))
        health = _health(client)
        assert next(health) == SERVING
        service = _health(client, "tocsin.v1.EventHub")
        assert next(service) == SERVING
        streams = [client.subscribe(start="earliest") for _ in range(5)]
        for stream in streams:
            stream.to_end_of_log()  # the hub has it: one that comes during the drain is refused instead

        async def session():
            async with harness.connect(bridge) as ws:
                await ws.subscribe()
                assert await asyncio.to_thread(hub.stop) == 0
                await ws.expect("status", hub="reconnecting")
                await asyncio.to_thread(hub.start)
                await ws.expect("status", hub="connected")
                with hub.client() as again:
                    sent = await asyncio.to_thread(again.publish, harness.system_event("after"))
                assert (await ws.events(1))[0]["message_id"] == sent.cursor

        harness.run(session())
        assert next(health) == NOT_SERVING
        assert next(service) == NOT_SERVING
        waits = set()
        for stream in streams:
            with pytest.raises(grpc.RpcError) as caught:
                while True:
                    stream.until(lambda s: False)
            assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
            assert harness.error_details(caught.value)["ErrorInfo"].reason == "SERVICE_UNAVAILABLE"
            assert "RetryInfo" in harness.error_details(caught.value)
            assert stream.closing.reason == "SERVICE_UNAVAILABLE"
            waits.add(stream.closing.reconnect_after.ToMilliseconds())
        assert len(waits) == len(streams)


def test_twenty_lives_are_one_log_under_every_cursor():
    """Every start begins an epoch. Each cursor that was ever given out resumes exactly, on every way to the events: by
    gRPC, by a bridge that lived through it all (from its own window: the hub is not asked), and by a new one."""
    events, cursors, epochs = [], [], set()  # cursors: (cursor, how many events lie before it)

    async def session(bridge):
        async with harness.connect(bridge) as ws:
            await ws.subscribe("live", resume_from="earliest")
            for life in range(20):
                cursors.append((hub.status().latest, len(events)))  # where this life begins
                epochs.add(hub.status().epoch)
                with hub.client() as client:
                    made = client.publish_many([harness.system_event(f"{life}: {i}") for i in range(life % 4)])
                for message, result in zip(await ws.events(len(made)), made):
                    assert (message["message_id"], message["sequence"]) == (result.cursor, result.sequence)
                    events.append((result.sequence, result.cursor))
                    cursors.append((result.cursor, len(events)))
                await ws.send({"type": "ping"})
                cursors.append(((await ws.expect("pong"))["cursor"], len(events)))
                await asyncio.to_thread(hub.restart, life % 2 == 0)
                await ws.expect("status", hub="reconnecting")
                await ws.expect("status", hub="connected")

    async def over_ws(bridge):
        async with harness.connect(bridge) as ws:
            for number, (cursor, before) in enumerate(cursors):
                assert (await ws.subscribe(f"s{number}", resume_from=cursor))["recovered"]
                got = [(m["sequence"], m["message_id"]) for m in await ws.events(len(events) - before, f"s{number}")]
                assert got == events[before:], f"after {cursor}"
                await ws.send({"type": "unsubscribe", "subscription_id": f"s{number}"})
                await ws.expect("unsubscribed")

    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        harness.run(session(bridge))
        assert len(epochs) == 20 and len(events) == 30
        harness.in_step(hub, bridge)
        harness.run(over_ws(bridge))
        assert "bridge-catch-up" not in hub.http("/metrics")[1]
        with harness.start_bridge(hub) as late:
            harness.run(over_ws(late))
        with hub.client() as client:
            for cursor, before in cursors:
                with client.subscribe(start=cursor) as stream:
                    assert [(e.sequence, e.cursor) for e in stream.to_end_of_log()] == events[before:], cursor
        assert [sequence for sequence, _ in events] == list(range(1, 31))


def test_a_write_ahead_log_that_is_gone_is_said_everywhere():
    with harness.start_hub(durability="always") as hub:
        with hub.client() as client:
            made = client.publish_many([harness.system_event(f"e{i}") for i in range(20)])
        mark = hub.folder / "data" / "log.durable"
        harness.wait_for(lambda: f"sequence {made[-1].sequence} " in mark.read_text(), what="the mark to be written")
        assert hub.status().log_damage == "" and hub.metric("tocsin_log_damaged") == 0
        hub.kill()
        for file in (hub.folder / "data" / "log").glob("*.log"):
            file.unlink()
        hub.start()
        said = hub.status().log_damage
        assert "sequence 20 was known to be on the disk, and the log ends at 0" in said
        assert hub.metric("tocsin_log_damaged") == 1
        assert '"level":"error","event":"log opened"' in hub.log() and said in hub.log()
        assert said in harness.cli(hub, "status").stdout
        with hub.client() as client, client.subscribe(start=made[5].cursor, on_gap=harness.hub_pb2.ON_GAP_NOTIFY) as stream:
            assert stream.until(lambda s: s.caught_up) == []
            assert [gap.reason for gap in stream.gaps] == [harness.hub_pb2.GAP_REASON_EPOCH]


def test_publishing_while_the_hub_drains_is_acknowledged_or_refused():
    """SIGTERM under load: what was acknowledged is there after the restart."""
    with harness.start_hub() as hub:
        with Publisher(hub.address(0), threads=4, batch=8, pause=0) as publisher:
            for _ in range(3):
                publisher.wait_for_more(300)
                hub.restart()
            publisher.stop()
        guarantees.check(publisher.history([], [harness_history.read_log(hub)]))


def test_a_second_hub_on_the_same_data_is_refused():
    with harness.start_hub() as hub:
        second = subprocess.run(
            [harness.BIN / "tocsin-hub", "--data-dir", hub.folder / "data", "--listen", "127.0.0.1:0",
             "--ops-listen", ""],
            capture_output=True, text=True, timeout=20)
        assert second.returncode != 0
        said = second.stdout + second.stderr
        assert "data" in said and ("another hub" in said or "in use" in said or "locked" in said), said
        assert str(hub.folder / "data") in said
        assert "listening on" not in said
        with hub.client() as client:
            assert client.publish(harness.system_event("still here")).sequence
        hub.kill()  # a dead hub's lock does not stay
        hub.start()
