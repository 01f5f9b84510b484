"""Programs that die and come back: nothing that was acknowledged is lost, nothing comes twice, clients stay."""

import asyncio
import collections
import queue
import random
import subprocess
import threading
import time
import uuid

import grpc
import pytest
import websockets

import harness


class Publisher:
    """Publishes from several threads, and after an error again with the same ids until it is acknowledged."""

    def __init__(self, address, threads=2, batch=5, pause=0.002):
        self.address, self.batch, self.pause = address, batch, pause
        self.acknowledged = {}  # id → cursor
        self.conflicts = []  # an id that was acknowledged with two cursors
        self.attempted = set()
        self.errors = collections.Counter()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(i,), daemon=True) for i in range(threads)]

    def _run(self, number):
        rng = random.Random(number)
        client = harness.Client(self.address)
        try:
            while not self.stopping.is_set():
                ids = [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(self.batch)]
                self.attempted.update(ids)
                self._until_acknowledged(client, [harness.system_event("load", event_id=i) for i in ids])
                self.stopping.wait(self.pause)
        finally:
            client.close()

    def _until_acknowledged(self, client, events):
        request = harness.hub_pb2.PublishRequest(events=events)
        while True:
            try:
                answer = client.stub.Publish(request, timeout=5)
            except grpc.RpcError as error:
                self.errors[error.code().name] += 1
                if self.stopping.wait(0.02) and self.gave_up.is_set():
                    return
                continue
            for result in answer.results:
                if self.acknowledged.setdefault(result.id, result.cursor) != result.cursor:
                    self.conflicts.append(result.id)
            return

    def __enter__(self):
        self.gave_up = threading.Event()
        for thread in self.threads:
            thread.start()
        return self

    def wait_for_more(self, count):
        wanted = len(self.acknowledged) + count
        harness.wait_for(lambda: len(self.acknowledged) >= wanted, what="events to be acknowledged")

    def stop(self):
        """No more new events; waits until what is under way is acknowledged."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self.threads)

    def __exit__(self, *_):
        self.gave_up.set()
        self.stop()


def check_once(events, publisher, who):
    """events: (id, sequence, cursor) as received. Every acknowledged one once, in order, and nothing from nowhere."""
    ids = [event[0] for event in events]
    sequences = [event[1] for event in events]
    assert sequences == sorted(set(sequences)), f"{who}: repeated or out of order"
    assert len(ids) == len(set(ids)), f"{who}: an event twice"
    lost = set(publisher.acknowledged) - set(ids)
    assert not lost, f"{who}: {len(lost)} of {len(publisher.acknowledged)} acknowledged events lost"
    assert set(ids) <= publisher.attempted, f"{who}: events that nobody published"
    wrong = [i for i, _, cursor in events if publisher.acknowledged.get(i, cursor) != cursor]
    assert not wrong, f"{who}: another cursor than was acknowledged"
    assert not publisher.conflicts


def whole_log(hub):
    with hub.client() as client, client.subscribe(start="earliest") as stream:
        return [(e.id, e.sequence, e.cursor) for e in stream.to_end_of_log()]


def test_a_killed_hub_comes_back_under_100_clients():
    """They stay connected, are told, and end with every acknowledged event once, while publishing goes on."""
    clients = 100

    async def client(bridge, joined, ends):
        got, states = [], []
        async with harness.connect(bridge) as ws:
            await ws.subscribe()
            joined.append(1)
            while not ends or ends[0] not in (m[2] for m in got[-1:]):
                try:
                    message = await ws.recv(0.5 if not ends else 30)
                except TimeoutError:
                    assert not ends, f"waiting for {ends}, at {got[-1:]}"
                    continue
                if message["type"] == "event":
                    got.append((message["event"]["id"], message["sequence"], message["message_id"]))
                elif message["type"] == "status":
                    states.append(message["hub"])
                else:
                    assert message["type"] == "pong", message
        return got, states

    async def run(hub, bridge, publisher_box):
        joined, ends = [], []
        tasks = [asyncio.create_task(client(bridge, joined, ends)) for _ in range(clients)]
        while len(joined) < clients:
            await asyncio.sleep(0.01)
        with Publisher(hub.address(0), threads=2, batch=4, pause=0.03) as publisher:
            publisher_box.append(publisher)
            for _ in range(2):
                await asyncio.to_thread(publisher.wait_for_more, 150)
                await asyncio.to_thread(hub.restart, True)
            await asyncio.to_thread(publisher.wait_for_more, 100)
            await asyncio.to_thread(publisher.stop)
        with hub.client() as grpc_client:
            last = harness.system_event("the last one", event_id=str(uuid.uuid4()))
            publisher.attempted.add(last.id)
            ends.append(grpc_client.publish(last).cursor)
        return await asyncio.gather(*tasks)

    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        box = []
        outcomes = harness.run(run(hub, bridge, box), timeout=120)
        publisher = box[0]
        assert bridge.metric("websocket_total_connections") == clients
        check_once(whole_log(hub), publisher, "the log")
        for got, states in outcomes:
            check_once(got, publisher, "a client")
            assert states == ["reconnecting", "connected"] * 2
        assert publisher.errors
    print(f"{clients} clients, 2 kills, {len(publisher.acknowledged)} acknowledged, "
          f"errors of the publisher meanwhile {dict(publisher.errors)}")


def test_a_killed_bridge_is_resumed_by_last_message_id():
    clients, kills = 20, 3

    async def client(bridge, publisher, done):
        got, last, connections = [], "earliest", 0
        while True:
            try:
                async with harness.connect(bridge) as ws:
                    connections += 1
                    assert (await ws.subscribe(resume_from=last))["recovered"]
                    while True:
                        message = await ws.recv(30)
                        if message["type"] == "event":
                            last = message["message_id"]
                            got.append((message["event"]["id"], message["sequence"], last))
                            if done and last == done[0]:
                                return got, connections
            except (OSError, websockets.exceptions.WebSocketException):
                await asyncio.sleep(0.02)

    async def run(hub, bridge, box):
        done = []
        with Publisher(hub.address(0), threads=1, batch=4, pause=0.01) as publisher:
            box.append(publisher)
            tasks = [asyncio.create_task(client(bridge, publisher, done)) for _ in range(clients)]
            for _ in range(kills):
                await asyncio.to_thread(publisher.wait_for_more, 150)
                await asyncio.to_thread(bridge.restart, True)
            await asyncio.to_thread(publisher.stop)
        with hub.client() as grpc_client:
            last = harness.system_event("the last one", event_id=str(uuid.uuid4()))
            publisher.attempted.add(last.id)
            done.append(grpc_client.publish(last).cursor)
        return await asyncio.gather(*tasks)

    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        box = []
        for got, connections in harness.run(run(hub, bridge, box), timeout=120):
            check_once(got, box[0], "a client")
            assert connections > 1
    print(f"{clients} clients, {kills} kills of the bridge, {len(box[0].acknowledged)} acknowledged")


@pytest.mark.parametrize("durability", ["always", "interval"])
def test_twenty_kills_under_load_lose_nothing(durability):
    """Acknowledged is durable; a sequence that anybody saw never names another event."""
    seen = {}  # cursor → id, as subscribers saw it across all lives

    def watch(client):
        try:
            with client.subscribe(start="earliest") as stream:
                while True:
                    for event in stream.take(1, timeout=60):
                        assert seen.setdefault(event.cursor, event.id) == event.id
        except (grpc.RpcError, AssertionError, queue.Empty) as error:
            ended.append(error)

    rng = random.Random(7)
    ended = []
    with harness.start_hub(durability=durability) as hub:
        with Publisher(hub.address(0), threads=4, batch=8, pause=0) as publisher:
            for _ in range(20):
                client = harness.Client(hub.address(0))
                watcher = threading.Thread(target=watch, args=(client,), daemon=True)
                watcher.start()
                publisher.wait_for_more(rng.randint(20, 400))
                hub.kill()
                watcher.join(10)
                assert not watcher.is_alive()
                client.close()
                hub.start()
            publisher.stop()
        log = whole_log(hub)
        check_once(log, publisher, "the log")
        by_cursor = {cursor: id for id, _, cursor in log}
        assert all(by_cursor.get(cursor) == id for cursor, id in seen.items())
        assert not any(isinstance(error, AssertionError) and "events came" not in str(error) for error in ended)
        with hub.client() as client:
            after = client.publish(harness.system_event("after", event_id=str(uuid.uuid4())))
        assert after.sequence == log[-1][1] + 1
    print(f"{durability}: 20 kills, {len(publisher.acknowledged)} acknowledged, {len(log)} in the log, "
          f"{len(seen)} seen")


# --- SIGTERM --------------------------------------------------------------------------------------


def test_a_draining_bridge_gives_every_client_its_own_slot():
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


def test_publishing_while_the_hub_drains_is_acknowledged_or_refused():
    """SIGTERM under load: what was acknowledged is there after the restart."""
    with harness.start_hub() as hub:
        with Publisher(hub.address(0), threads=4, batch=8, pause=0) as publisher:
            for _ in range(3):
                publisher.wait_for_more(300)
                hub.restart()
            publisher.stop()
        check_once(whole_log(hub), publisher, "the log")


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
