"""What leaves is told: whoever starts at an empty log and applies events and leaves has the set that its filter
describes. Over gRPC, /ws and HTTP streams, live, behind and over resumes, against a model that has seen all events."""

import asyncio
import contextlib
import random
import threading

import grpc
import pytest

import corpus
import harness
import sets

FILTERS = 150
EVENTS = 1_500
CHAINS = 40  # filters that are followed over resumes, a connection each


class World:
    """One run of the corpus, and what each filter is owed of it: [(sequence, "event" or "left", incident id)]."""

    def __init__(self, hub):
        made = corpus.events(EVENTS, seed=8)
        self.filters = [given for given in corpus.filters(FILTERS + 20, [facts for _, facts in made], seed=9)
                        if len(harness.query_of(given)) < 1_800][:FILTERS]
        self.events, self.facts = [corpus.to_proto(event) for event, _ in made], [facts for _, facts in made]
        self.hub, self.cursors = hub, []

    def publish(self):
        rng = random.Random(4)
        with self.hub.client() as client:
            events = list(self.events)
            while events:
                batch = rng.randint(1, 40)
                self.cursors += [result.cursor for result in client.publish_many(events[:batch])]
                del events[:batch]

    @property
    def end(self):
        return self.cursors[-1]

    def log(self):
        return enumerate(self.facts, 1)

    def owed(self, given):
        return sets.owed(given, self.log())

    def check(self, way, delivered):
        leaves = 0
        assert len(delivered) == min(len(self.filters), len(delivered)) >= CHAINS
        for given, got in zip(self.filters, delivered):
            assert got == self.owed(given), f"{way}, {given}"
            if not given.get("event_types"):
                assert applied(got) == sets.members(given, self.log()), f"{way}, {given}"
            leaves += sum(kind == "left" for _, kind, _ in got)
        assert leaves > 500
        print(f"{way}: {len(delivered)} filters, {sum(map(len, delivered))} told, {leaves} of them leaves")


def applied(told):
    """The set of one that began with none and believed what it was told."""
    members = set()
    for _, kind, incident in told:
        if kind == "left":
            assert incident in members, "it left and was not there"
            members.remove(incident)
        elif incident:
            members.add(incident)
    return members


# --- Readers: each reads from a cursor until it is at the log's end, or has `most`, and gives what it was told with the
# --- cursors.


def read_grpc(client, given, start, end, most=None, opened=None):
    request = harness.hub_pb2.SubscribeRequest(filter=harness.make_filter(given), leaves=True)
    setattr(request, "from", start)
    call = client.stub.Subscribe(request, wait_for_ready=True)
    told = []
    for response in call:
        if opened:
            opened()
            opened = None
        assert not (response.events and response.leaves)
        told += [(event.sequence, "event", event.incident.id or None, event.cursor) for event in response.events]
        for left in response.leaves:
            assert left.incident.id == left.incident_id and left.sequence == sets.sequence_of(left.cursor)
            told.append((left.sequence, "left", left.incident_id, left.cursor))
        if response.cursor == end() or (most and len(told) >= most):
            break
    call.cancel()
    return told[:most]


def said(message):
    """What an `event` or `left` message says."""
    if message["type"] == "event":
        incident = message["event"].get("incident", {}).get("id")
    else:
        assert message["incident"]["id"] == message["incident_id"] and "timestamp" in message
        incident = message["incident_id"]
    return message["sequence"], message["type"], incident, message["message_id"]


async def read_ws(ws, count, end, most=None):
    """Of the subscriptions "0" to "count - 1"."""
    told = [[] for _ in range(count)]
    await ws.send({"type": "ping"})
    while not most or len(told[0]) < most:
        message = await ws.recv(60)
        if message["type"] in ("event", "left"):
            for index in message["subscription_ids"]:
                told[int(index)].append(said(message))
        elif message["type"] == "pong":
            if message.get("cursor") == end():
                break
            await asyncio.sleep(0.02)
            await ws.send({"type": "ping"})
    return told


async def read_stream(stream, end, most=None):
    told = []
    while stream.cursor != end() and (not most or len(told) < most):
        message = await stream.next(60)
        if message.event in ("event", "left"):
            assert message.id == message.data["message_id"]
            told.append(said(message.data))
    return told


def plain(told):
    return [one[:3] for one in told]


async def chained(world, read, rng):
    """All that comes over resumes, each from the last that was seen."""
    told, start = [], "earliest"
    while True:
        most = rng.randint(1, 60)
        got = await read(start, most)
        told += got
        if len(got) < most:
            return plain(told)
        start = got[-1][3]


async def chained_ws(world, bridge):
    async def read(given, start, most):
        async with harness.connect(bridge) as ws:
            await ws.subscribe("0", given, start, leaves=True)
            return (await read_ws(ws, 1, lambda: world.end, most))[0][:most]
    rng = random.Random(5)
    return [await chained(world, lambda s, m, g=given: read(g, s, m), rng) for given in world.filters[-CHAINS:]]


async def chained_streams(world, bridge):
    async def read(given, start, most):
        resume = {"resume_from": start} if start == "earliest" else {"last_event_id": start}
        async with harness.events(bridge, given, query="leaves=true", **resume) as stream:
            return await read_stream(stream, lambda: world.end, most)
    rng = random.Random(6)
    return [await chained(world, lambda s, m, g=given: read(g, s, m), rng) for given in world.filters[-CHAINS:]]


async def replay_ws(world, bridge, start="earliest", ready=None):
    async with contextlib.AsyncExitStack() as stack:
        connections = []
        for at in range(0, FILTERS, 75):
            ws = await stack.enter_async_context(harness.connect(bridge))
            for index in range(75):
                await ws.subscribe(str(index), world.filters[at + index], start, leaves=True)
            connections.append(ws)
        if ready:
            await asyncio.to_thread(ready)
        return [plain(told) for ws in connections for told in await read_ws(ws, 75, lambda: world.end)]


async def replay_streams(world, bridge, start="earliest", ready=None):
    async with contextlib.AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(
                       harness.events(bridge, given, resume_from=start, query="leaves=true", lines=index % 2 == 1))
                   for index, given in enumerate(world.filters)]
        if ready:
            await asyncio.to_thread(ready)
        return [plain(await read_stream(stream, lambda: world.end)) for stream in streams]


@pytest.fixture(scope="module")
def world():
    # A window much smaller than the run: most of a replay comes from the store.
    with harness.start_hub("--recent-events", 200) as hub, harness.start_bridge(hub) as bridge:
        made = World(hub)
        made.bridge = bridge
        run_live(made)
        yield made


def run_live(world):
    """All stand before the first event is published."""
    ready = threading.Barrier(4)
    world.live = {}

    def go(way, run):
        world.live[way] = run()

    def over_grpc():
        told = [None] * FILTERS
        opened = threading.Barrier(FILTERS + 1)

        def one(client, index):
            told[index] = plain(read_grpc(client, world.filters[index], "latest",
                                          lambda: world.cursors and world.published and world.end, opened=opened.wait))
        clients = [stack.enter_context(world.hub.client()) for _ in range(FILTERS // 50 + 1)]
        threads = [threading.Thread(target=one, args=(clients[index // 50], index)) for index in range(FILTERS)]
        for thread in threads:
            thread.start()
        opened.wait(60)
        ready.wait(60)
        published.wait(60)
        for thread in threads:
            thread.join(60)
        return told

    published = threading.Event()
    world.published = False
    with contextlib.ExitStack() as stack:
        def stand():
            ready.wait(60)
            published.wait(60)
        ways = [("gRPC", over_grpc),
                ("/ws", lambda: harness.run(replay_ws(world, world.bridge, "latest", stand))),
                ("HTTP", lambda: harness.run(replay_streams(world, world.bridge, "latest", stand)))]
        threads = [threading.Thread(target=go, args=way) for way in ways]
        for thread in threads:
            thread.start()
        ready.wait(60)
        world.publish()
        with world.hub.client() as client:  # what tells all that the end has come
            world.cursors.append(client.publish(harness.system_event("the last one")).cursor)
        world.facts.append({"event_type": "system_event"})
        world.published = True
        published.set()
        for thread in threads:
            thread.join(120)


@pytest.mark.parametrize("way", ["gRPC", "/ws", "HTTP"])
def test_live(world, way):
    world.check(way + " live", world.live[way])


def test_grpc_from_the_log(world):
    with world.hub.client() as client:
        world.check("gRPC, from the log", [plain(read_grpc(client, given, "earliest", lambda: world.end))
                                           for given in world.filters])


def test_grpc_over_resumes(world):
    rng = random.Random(3)
    delivered = []
    with world.hub.client() as client:
        for given in world.filters:
            async def read(start, most, given=given):
                return read_grpc(client, given, start, lambda: world.end, most)
            delivered.append(harness.run(chained(world, read, rng)))
    world.check("gRPC, over resumes", delivered)


def test_ws_and_streams_from_the_bridges_window(world):
    world.check("/ws, from the window", harness.run(replay_ws(world, world.bridge)))
    world.check("HTTP, from the window", harness.run(replay_streams(world, world.bridge)))


def test_ws_and_streams_from_the_hub(world):
    """A bridge that holds little asks the hub for the rest: for one subscription by its filter, for many whole."""
    with harness.start_bridge(world.hub, "--recent-events", 50) as late:
        world.check("/ws, from the hub", harness.run(replay_ws(world, late)))
        world.check("HTTP, from the hub", harness.run(replay_streams(world, late)))


def test_ws_and_streams_over_resumes(world):
    with harness.start_bridge(world.hub, "--recent-events", 50) as late:
        for way, told in (("/ws", harness.run(chained_ws(world, late))),
                          ("HTTP", harness.run(chained_streams(world, late)))):
            for given, got in zip(world.filters[-CHAINS:], told):
                assert got == world.owed(given), f"{way}, {given}"
            assert sum(kind == "left" for got in told for _, kind, _ in got) > 300


def test_nobody_is_told_who_did_not_ask(world):
    given = {"severities": ["P0"]}
    with world.hub.client() as client, client.subscribe(given, "earliest") as stream:
        events = stream.until(lambda s: s.cursor == world.end)
    assert [event.sequence for event in events] == [one[0] for one in world.owed(given) if one[1] == "event"]


def test_an_event_tells_what_it_changed_and_nothing_else(world):
    with world.hub.client() as client, client.subscribe(None, "earliest") as stream:
        events = stream.until(lambda s: s.cursor == world.end)
    known, changed = {}, 0
    for event, facts in zip(events, world.facts):
        incident = facts.get("incident_id")
        before = known.get(incident)
        wanted = {field: before[field] for field in ("severity", "state", "source", "affected_resources", "labels")
                  if before and before[field] != facts[field]}
        assert {field.name for field, _ in event.before.ListFields()} == set(wanted), event
        changed += bool(wanted)
        if "labels" in wanted:
            assert dict(event.before.labels.values) == wanted["labels"]
        if "affected_resources" in wanted:
            assert list(event.before.affected_resources.values) == wanted["affected_resources"]
        if "severity" in wanted:
            assert event.before.severity == harness.severity_of(wanted["severity"])
        if "state" in wanted:
            assert event.before.state == harness.state_of(wanted["state"])
        if incident:
            known[incident] = facts
    assert changed > 200
