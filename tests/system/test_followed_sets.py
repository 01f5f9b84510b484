"""Snapshot plus changes minus leaves is what ListIncidents answers, at every cursor: each filter of the identity test is
followed over gRPC, /ws and (a share of them) streams over HTTP while incidents change. Followers begin at different
places of the log, are cut at random and resume from the last cursor they saw, on either of two bridges, and the hub is
killed once in between.

ListIncidents is asked all the while, and tells the cursor that its answer stands at; what a follower knew at that cursor
must be the same, incident by incident."""

import asyncio
import collections
import contextlib
import random

import grpc
import pytest

import corpus
import harness
import sets
from tocsin.v1 import hub_pb2, hub_pb2_grpc

FILTERS = 220
EVENTS = 2_000
KNOWN = 700  # of them, there before anybody follows
LAST_START = 1_500  # events that are there when the last follower begins
HUB_KILLED = 1_200  # events that are there when it is
PER_CONNECTION = 10  # /ws subscriptions
STREAMS = 70  # followers over HTTP
QUERY_BYTES = 1_800  # what fits into the target of a request
MOST_BEFORE_CUT = 80  # messages to one follower

Step = collections.namedtuple("Step", "sequence kind incident_id incident")
Listed = collections.namedtuple("Listed", "given sequence incidents")


class Follower:
    """One filter over one transport and every cut: its snapshot, and all that it was told after it."""

    def __init__(self, index, given):
        self.index, self.given = index, given
        self.cursor, self.start = None, None  # the last cursor that it saw, and the snapshot's sequence
        self.snapshot, self.steps = {}, []
        self.resumes = 0

    def begin(self):
        """What a request must say besides the filter: a snapshot, or where to go on."""
        self.snapshot = self.snapshot if self.start else {}
        self.resumes += self.start is not None
        return {"snapshot": True} if self.start is None else {"resume_from": self.cursor, "leaves": True}

    def part(self, cursor, first, last, incidents):
        """A part of the snapshot; one that was cut off begins anew."""
        assert self.start is None, "a second snapshot"
        if first:
            self.snapshot = {}
        for incident in incidents:
            assert incident["id"] not in self.snapshot, "an incident came twice"
            self.snapshot[incident["id"]] = incident
        if last:
            self.cursor, self.start = cursor, sets.sequence_of(cursor)

    def told(self, cursor, kind, incident):
        assert self.start is not None, "a change came before the snapshot was whole"
        sequence = sets.sequence_of(cursor)
        self.steps.append(Step(sequence, kind, incident.get("id"), incident))
        self.cursor = cursor

    def message(self, message):
        """A message of /ws or of a stream over HTTP."""
        if message["type"] == "snapshot":
            incidents = [corpus.without_empty(incident) for incident in message["incidents"]]
            self.part(message["cursor"], message["first"], message["last"], incidents)
            return
        if message["type"] == "left":
            assert message["incident"]["id"] == message["incident_id"]
        subject = message if message["type"] == "left" else message["event"]
        self.told(message["message_id"], message["type"], corpus.without_empty(subject.get("incident", {})))

    def response(self, response):
        """A response over gRPC; how many changes it told."""
        if response.HasField("snapshot"):
            mark = response.snapshot
            self.part(response.cursor, False, mark.kind == hub_pb2.SnapshotMark.KIND_LAST,
                      [json_of(incident) for incident in mark.incidents])
        for event in response.events:
            self.told(event.cursor, "event", json_of(event.incident))
        for left in response.leaves:
            assert left.sequence == sets.sequence_of(left.cursor) and left.incident.id == left.incident_id
            self.told(left.cursor, "left", json_of(left.incident))
        if self.start is not None and response.cursor:
            self.cursor = response.cursor
        return len(response.events) + len(response.leaves)

    def at(self, sequence):
        """The incidents that it believed to be in the set at a place."""
        incidents = dict(self.snapshot)
        for step in self.steps:
            if step.sequence > sequence:
                break
            if step.kind == "left":
                gone = incidents.pop(step.incident_id, None)
                assert gone or self.given.get("event_types"), f"{step} left and was not there"
            elif step.incident_id:
                incidents[step.incident_id] = step.incident
        return incidents


def json_of(incident):
    return corpus.without_empty(corpus.to_json(incident))


# --- Following: one connection, until it is cut after `most` messages or has come to the end -----------------------------


async def follow_grpc(world, followers, most):
    (follower,) = followers
    begin = follower.begin()
    request = hub_pb2.SubscribeRequest(filter=harness.make_filter(follower.given), snapshot="snapshot" in begin,
                                       leaves="leaves" in begin, **{"from": begin.get("resume_from", "")})
    request.bookmark_interval.FromMilliseconds(500)
    call = world.stub.Subscribe(request, wait_for_ready=True)
    try:
        async for response in call:
            most -= follower.response(response)
            if most <= 0 or world.is_end(follower.cursor):
                break
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNAVAILABLE, error
    finally:
        call.cancel()


async def follow_ws(world, followers, most):
    """Several subscriptions of one connection."""
    async with harness.connect(world.some_bridge()) as ws:
        for index, follower in enumerate(followers):
            await ws.subscribe(str(index), follower.given, **follower.begin())
        await ws.send({"type": "ping"})
        while most > 0:
            message = await ws.recv(60)
            if message["type"] in sets.TOLD_OF_SETS:
                for index in message.get("subscription_ids") or [message["subscription_id"]]:
                    most -= 1
                    followers[int(index)].message(message)
            elif message["type"] == "pong":
                if "cursor" in message:  # a bookmark for each that has its snapshot
                    for follower in followers:
                        follower.cursor = follower.start and message["cursor"]
                    if world.is_end(message["cursor"]):
                        return
                await asyncio.sleep(0.1)  # the time between two pings
                await ws.send({"type": "ping"})


async def follow_http(world, followers, most):
    (follower,) = followers
    begin = follower.begin()
    resume = begin.pop("resume_from", None)
    async with harness.events(world.some_bridge(), follower.given, last_event_id=resume, lines=follower.index % 2 == 1,
                              query=f"{next(iter(begin))}=true") as stream:
        while most > 0 and not world.is_end(stream.cursor):
            message = await stream.next(60)
            if message.event in sets.TOLD_OF_SETS:
                most -= 1
                follower.message(message.data)
            elif follower.start is not None and message.id:
                follower.cursor = message.id


# --- One run of the corpus ------------------------------------------------------------------------------------------------


class World:
    def __init__(self, hub, bridges):
        self.hub, self.bridges = hub, bridges
        self.rng = random.Random(12)
        made = corpus.events(EVENTS, seed=11)
        self.events, self.facts = [corpus.to_proto(event) for event, _ in made], [facts for _, facts in made]
        self.filters = corpus.filters(FILTERS, self.facts, seed=2)
        self.cursors = []
        self.listed = []
        self.followers = {
            "gRPC": self._followers(range(FILTERS)), "/ws": self._followers(range(FILTERS)),
            "HTTP": self._followers([index for index, given in enumerate(self.filters)
                                     if len(harness.query_of(given)) < QUERY_BYTES][::FILTERS // STREAMS])}

    def _followers(self, indexes):
        return [Follower(index, self.filters[index]) for index in indexes]

    def some_bridge(self):
        return self.rng.choice(self.bridges)

    def is_end(self, cursor):
        return len(self.cursors) == EVENTS and cursor == self.cursors[-1]

    def log(self, after=0):
        """[(sequence, facts)] of all that lies after a sequence."""
        return [(sequence, facts) for cursor, facts in zip(self.cursors, self.facts)
                if (sequence := sets.sequence_of(cursor)) > after]

    # Load and followers share one event loop, so that nobody runs far ahead.

    async def run(self):
        options = [("grpc.max_receive_message_length", 64 << 20), ("grpc.max_reconnect_backoff_ms", 200)]
        async with grpc.aio.insecure_channel(self.hub.address(0), options=options) as channel:
            self.stub = hub_pb2_grpc.EventHubStub(channel)
            while len(self.cursors) < KNOWN:
                await self._publish(100)
            async with asyncio.TaskGroup() as tasks:
                waiting = self._chains()
                tasks.create_task(self._ask_for_lists())
                for place, chain in waiting:
                    while len(self.cursors) < place:
                        await self._publish(self.rng.randint(1, 8))
                    tasks.create_task(chain)
                while len(self.cursors) < EVENTS:
                    await self._publish(self.rng.randint(1, 8))

    async def _publish(self, count):
        events = self.events[len(self.cursors):][:count]
        if len(self.cursors) < HUB_KILLED <= len(self.cursors) + count:
            await asyncio.to_thread(self.hub.restart, True)
        answer = await self._call(self.stub.Publish, hub_pb2.PublishRequest(events=events))
        self.cursors += [result.cursor for result in answer.results]

    async def _call(self, method, request):
        while True:
            try:
                return await method(request, timeout=30, wait_for_ready=True)
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                await asyncio.sleep(0.02)  # the time between two tries

    def _chains(self):
        """[(how many events are there when it begins, the chain of resumes)], in order."""
        chains = [self._chain(follow_grpc, [follower]) for follower in self.followers["gRPC"]]
        chains += [self._chain(follow_http, [follower]) for follower in self.followers["HTTP"]]
        chains += [self._chain(follow_ws, self.followers["/ws"][at:at + PER_CONNECTION])
                   for at in range(0, FILTERS, PER_CONNECTION)]
        self.rng.shuffle(chains)
        places = sorted(self.rng.randrange(KNOWN, LAST_START) for _ in chains)
        return list(zip(places, chains))

    async def _chain(self, follow, followers):
        while not all(self.is_end(follower.cursor) for follower in followers):
            await follow(self, followers, self.rng.randint(1, MOST_BEFORE_CUT) * len(followers))

    async def _ask_for_lists(self):
        """Asks with each filter over and over until the load is over, and then once more."""
        over = False
        while not over:
            over = len(self.cursors) == EVENTS
            for given in self.filters:
                answer = await self._call(self.stub.ListIncidents, sets.list_request(given))
                assert not answer.next_page_token
                incidents = {incident.id: json_of(incident) for incident in answer.incidents}
                self.listed.append(Listed(given, sets.sequence_of(answer.cursor), incidents))


@pytest.fixture(scope="module")
def world():
    # A window much smaller than the run: a resume comes from the window or from the hub's store.
    with harness.start_hub("--recent-events", 100) as hub, contextlib.ExitStack() as stack:
        bridges = [stack.enter_context(harness.start_bridge(hub, "--recent-events", recent)) for recent in (50, 1_000)]
        made = World(hub, bridges)
        harness.run(made.run())
        yield made


@pytest.mark.parametrize("way", ["gRPC", "/ws", "HTTP"])
def test_is_told_every_change_and_every_leave_once_in_its_place(world, way):
    resumes = leaves = 0
    for follower in world.followers[way]:
        told = [step[:3] for step in follower.steps]
        wanted = [one for one in sets.owed(follower.given, world.log()) if one[0] > follower.start]
        assert told == wanted, f"{way}, {follower.given}"
        resumes += follower.resumes
        leaves += sum(step.kind == "left" for step in follower.steps)
    count = len(world.followers[way])
    assert leaves > 5 * count and resumes > count
    print(f"{way}: {count} filters, {leaves} leaves, {resumes} resumes")


@pytest.mark.parametrize("way", ["gRPC", "/ws", "HTTP"])
def test_snapshot_plus_changes_minus_leaves_is_what_list_incidents_answers(world, way):
    compared, places = 0, set()
    lists = collections.defaultdict(list)
    for one in world.listed:
        lists[id(one.given)].append(one)
    for follower in world.followers[way]:
        for listed in lists[id(follower.given)]:
            if listed.sequence < follower.start:
                continue
            followed = follower.at(listed.sequence)
            if follower.given.get("event_types"):  # only some changes are sent: it knows of no more than is there
                assert set(followed) <= set(listed.incidents), f"{way}, {follower.given}"
            else:
                assert followed == listed.incidents, f"{way}, {follower.given}, at {listed.sequence}"
            compared += 1
            places.add(listed.sequence)
    assert compared >= 2 * len(world.followers[way]) and len(places) > 20
    print(f"{way}: {compared} lists compared, at {len(places)} places")


def test_the_snapshot_is_the_set_at_its_place(world):
    for way, followers in world.followers.items():
        for follower in followers:
            log = [one for one in world.log() if one[0] <= follower.start]
            assert set(follower.snapshot) == sets.members(follower.given, log), f"{way}, {follower.given}"
    assert len({follower.start for followers in world.followers.values() for follower in followers}) > 100


def test_what_leaves_is_told_alike_over_all_transports(world):
    """From the place on where the last of a filter's followers began."""
    compared = 0
    of_filter = collections.defaultdict(list)
    for followers in world.followers.values():
        for follower in followers:
            of_filter[follower.index].append(follower)
    for followers in of_filter.values():
        start = max(follower.start for follower in followers)
        leaves = [[step for step in follower.steps if step.kind == "left" and step.sequence > start]
                  for follower in followers]
        assert all(one == leaves[0] for one in leaves), followers[0].given
        compared += len(leaves[0])
    assert compared > 500
