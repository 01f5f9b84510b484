"""A cursor is a place in the log, on any transport and any bridge: every cut point of a run of 500 events, chains of
resumes that change the transport each time, and replays that hand over to live while publishing goes on."""

import asyncio
import itertools
import random
import threading
import time

import pytest

import guarantees
import harness
import harness_history
from guarantees import Event, History, Publish, Resume

EVENTS = 500
ROUND_SECONDS = 30
BACK = 800  # a round starts at most so many events before the end
NO_RATE = ("--messages-per-second", 100_000, "--message-burst", 100_000)  # the tests ask as fast as they are answered


class World:
    def __init__(self, hub, bridges):
        self.hub, self.bridges = hub, bridges
        self.before = hub.status().latest
        with hub.client() as client:
            self.results = client.publish_many([harness.system_event(f"e{i}") for i in range(EVENTS)], batch=7)

    def tail(self, k):
        return [(r.sequence, r.cursor) for r in self.results[k:]]


@pytest.fixture(scope="module")
def world():
    # The window of the second bridge holds a part of the run, the first one's all of it, the hub's a part.
    with harness.start_hub("--recent-events", 150) as hub, harness.start_bridge(hub, *NO_RATE) as first, \
            harness.start_bridge(hub, "--recent-events", 100, *NO_RATE) as second:
        yield World(hub, [first, second])


async def _read_ws(ws, start, count, subscription="s"):
    subscribed = await ws.subscribe(subscription, resume_from=start)
    assert subscribed["recovered"] is True
    assert subscribed["cursor"] == start
    got = await ws.events(count, subscription, timeout=30) if count else []
    await ws.send({"type": "unsubscribe", "subscription_id": subscription})
    await ws.expect("unsubscribed", subscription_id=subscription)
    return [(m["sequence"], m["message_id"]) for m in got]


def test_every_cut_point_resumes_exactly_after_it(world):
    """For each k, from the cursor of event k come k+1 to the end; by gRPC, bridge 1 and bridge 2 in turn."""
    cursors = [world.before] + [r.cursor for r in world.results]

    async def over_ws():
        for bridge, first in zip(world.bridges, (1, 2)):
            async with harness.connect(bridge) as ws:
                for k in range(first, EVENTS + 1, 3):
                    assert await _read_ws(ws, cursors[k], EVENTS - k) == world.tail(k), f"after event {k}"

    with world.hub.client() as client:
        for k in range(0, EVENTS + 1, 3):
            with client.subscribe(start=cursors[k]) as stream:
                got = [(e.sequence, e.cursor) for e in stream.to_end_of_log()]
            assert got == world.tail(k), f"after event {k}"
    harness.run(over_ws())


@pytest.mark.parametrize("seed", range(3))
def test_a_chain_of_resumes_gives_every_event_once(world, seed):
    """Each hop takes a few events and goes on elsewhere, from the last cursor that it saw."""
    rng = random.Random(seed)
    chain, hops, left = harness_history.stream("a chain", world.before), 0, EVENTS

    async def ws_hop(bridge, place, count):
        async with harness.connect(bridge) as ws:
            await ws.subscribe("chain", resume_from=place)
            return [Event(m["event"]["id"], m["message_id"]) for m in await ws.events(count)]

    async def graphql_hop(bridge, place, count):
        async with harness.graphql(bridge) as graphql:
            await graphql.subscribe("chain", "subscription { events { id } }", resume_from=place)
            return [Event(m["payload"]["data"]["events"]["id"], harness.place_of(m)) for m in await graphql.nexts(count)]

    async def parts_hop(bridge, place, count):
        async with harness.graphql_parts(bridge, "subscription { events { id } }", place) as parts:
            payloads = [await anext(parts) for _ in range(count)]
            return [Event(payload["data"]["events"]["id"], payload["extensions"]["cursor"]) for payload in payloads]

    async def stream_hop(bridge, place, count):
        async with harness.events(bridge, {}, resume_from=place) as stream:
            got = [await stream.expect("event") for _ in range(count)]
            return [Event(m.data["event"]["id"], m.id) for m in got]

    over_bridge = [(hop, bridge) for bridge in world.bridges for hop in (ws_hop, graphql_hop, stream_hop, parts_hop)]
    with world.hub.client() as client:
        for way in itertools.cycle(["gRPC", *over_bridge]):
            place = chain.steps[-1].cursor if chain.steps else world.before
            count = min(rng.choice([1, 2, 3, 5, 20]), left)
            if count == 0:
                break
            if way == "gRPC":
                with client.subscribe(start=place) as stream:
                    got = [Event(e.id, e.cursor) for e in stream.take(count)]
            else:
                hop, bridge = way
                got = harness.run(hop(bridge, place, count))
            chain.steps += [Resume(place), *got]
            left -= count
            hops += 1
    published = [Publish([r.id], [(r.cursor, r.duplicate)]) for r in world.results]
    guarantees.check(History(published, [chain], [harness_history.read_log(world.hub)]))
    print(f"{hops} hops over {EVENTS} events")


class Publisher:
    """Publishes as fast as one pipelined stream goes; knows the cursors of what was acknowledged last."""

    def __init__(self, hub):
        self.hub = hub
        self.recent = []  # the last (sequence, cursor)
        self.count = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.failed = None

    def _requests(self):
        events = [harness.system_event("x" * 40) for _ in range(20)]
        request = harness.hub_pb2.PublishStreamRequest(publish=harness.hub_pb2.PublishRequest(events=events))
        while not self.stopping.is_set():
            self.window.acquire()
            yield request

    def _run(self):
        self.window = threading.Semaphore(8)
        try:
            with self.hub.client() as client:
                for answer in client.stub.PublishStream(self._requests()):
                    self.window.release()
                    results = answer.response.results
                    self.count += len(results)
                    self.recent = (self.recent + [(results[0].sequence, results[0].cursor)])[-BACK // 20:]
        except Exception as error:  # noqa: BLE001: shown by the test
            self.failed = error

    def __enter__(self):
        self.thread.start()
        harness.wait_for(lambda: len(self.recent) > 10, what="the publisher to run")
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(20)


def test_replay_hands_over_to_live_while_publishing():
    """Rounds that start somewhere behind, catch up with a log that runs away, and must see every sequence once."""
    rounds = {"gRPC": 0, "bridge 1": 0, "bridge 2": 0}
    events = dict.fromkeys(rounds, 0)

    def check(way, start, sequences, live_from):
        assert sequences == list(range(start + 1, start + 1 + len(sequences))), f"{way} after {start}"
        assert sequences[-1] > live_from
        rounds[way] += 1
        events[way] += len(sequences)

    def grpc_rounds(hub, publisher, deadline):
        rng = random.Random(6)
        with hub.client() as client:
            while time.monotonic() < deadline:
                start, cursor = rng.choice(publisher.recent)
                with client.subscribe(start=cursor) as stream:
                    got = stream.until(lambda s: s.caught_up, timeout=30)
                    live_from = got[-1].sequence if got else start
                    got += stream.take(30, timeout=30)
                check("gRPC", start, [e.sequence for e in got], live_from)

    async def ws_rounds(name, bridge, publisher, deadline):
        rng = random.Random(name)
        async with harness.connect(bridge) as ws:
            while time.monotonic() < deadline:
                start, cursor = rng.choice(publisher.recent)
                live_from = publisher.recent[-1][0]
                await ws.send({"type": "subscribe", "subscription_id": "r", "resume_from": cursor})
                got = []
                while not got or got[-1] <= live_from + 30:
                    message = await ws.recv(30)
                    if message["type"] == "event":
                        got.append(message["sequence"])
                await ws.send({"type": "unsubscribe", "subscription_id": "r"})
                while (message := await ws.recv(30))["type"] != "unsubscribed":
                    if message["type"] == "event":
                        got.append(message["sequence"])
                check(name, start, got, live_from)

    # Windows so small that a replay begins in the store.
    with harness.start_hub("--recent-events", 200) as hub, \
            harness.start_bridge(hub, "--recent-events", 200) as first, \
            harness.start_bridge(hub, "--recent-events", 2_000) as second, Publisher(hub) as publisher:
        deadline = time.monotonic() + ROUND_SECONDS
        failures = []

        def guarded(run, *arguments):
            try:
                run(*arguments)
            except BaseException as error:  # noqa: BLE001: raised again below
                failures.append(error)

        async def both():
            await asyncio.gather(ws_rounds("bridge 1", first, publisher, deadline),
                                 ws_rounds("bridge 2", second, publisher, deadline))

        grpc_thread = threading.Thread(target=guarded, args=(grpc_rounds, hub, publisher, deadline))
        grpc_thread.start()
        guarded(harness.run, both())
        grpc_thread.join()
        for failure in failures:
            raise failure
        assert publisher.failed is None
    print(f"rounds {rounds}, events {events}, published {publisher.count} in {ROUND_SECONDS} s")
    assert all(count >= 10 for count in rounds.values())
