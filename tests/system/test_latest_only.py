"""With latest_only, one that is behind gets the newest event of each incident, and is told how many were passed over: over
gRPC, /ws and HTTP streams, from the window, from the log and over resumes, against a model that has seen all events."""

import json
import random
import subprocess

import pytest

import corpus
import harness

FILTERS = 25
EVENTS = 3_000


class World:
    """A log that is there, and what each filter matches of it: {sequence: (kind, incident id or None)}."""

    def __init__(self, hub, bridge):
        made = corpus.events(EVENTS, seed=21)
        self.hub, self.bridge, self.facts = hub, bridge, [facts for _, facts in made]
        self.filters = [{}] + [given for given in corpus.filters(FILTERS * 2, self.facts, seed=22)
                               if len(harness.query_of(given)) < 1_800][:FILTERS - 1]
        with hub.client() as client:
            self.end = client.publish_many([corpus.to_proto(event) for event, _ in made])[-1].cursor

    def matching(self, given, leaves):
        def in_set(facts):
            return facts and corpus.matches({f: v for f, v in given.items() if f != "event_types"}, facts)
        known, found = {}, {}
        for sequence, facts in enumerate(self.facts, 1):
            incident = facts.get("incident_id")
            if corpus.matches(given, facts):
                found[sequence] = "event", incident
            elif leaves and in_set(known.get(incident)) and not in_set(facts):
                found[sequence] = "left", incident
            if incident:
                known[incident] = facts
        return found

    def check(self, way, given, leaves, told):
        """told: [(sequence, kind, passed over before it)]."""
        matching = self.matching(given, leaves)
        sequences = [sequence for sequence, _, _ in told]
        assert sequences == sorted(set(sequences)), f"{way}, {given}: goes back, or comes twice"
        newest = {}
        for sequence, kind, _ in told:
            assert sequence in matching and matching[sequence][0] == kind, f"{way}, {given}: {kind} {sequence}"
            newest[matching[sequence][1]] = sequence
        for sequence, (_, incident) in matching.items():
            if sequence not in sequences:
                assert incident and newest.get(incident, 0) > sequence, f"{way}, {given}: {sequence} of {incident} is lost"
        assert len(told) + sum(passed for _, _, passed in told) == len(matching), f"{way}, {given}: counted wrongly"
        return len(matching) - len(told)


@pytest.fixture(scope="module")
def world():
    with harness.start_hub("--recent-events", 200) as hub, harness.start_bridge(hub, "--recent-events", 50) as bridge:
        yield World(hub, bridge)


# Each reads from a cursor until it is at the log's end, or has seen `most`: what it was told, and where it stands.


async def read_grpc(world, given, start, most, leaves):
    request = harness.hub_pb2.SubscribeRequest(filter=harness.make_filter(given), leaves=leaves, latest_only=True)
    setattr(request, "from", start)
    told, cursor = [], start
    with world.hub.client() as client:
        call = client.stub.Subscribe(request, wait_for_ready=True)
        for response in call:
            of_this = [(event.sequence, "event", 0) for event in response.events]
            of_this += [(left.sequence, "left", 0) for left in response.leaves]
            if response.passed_over:  # of the response: told before its first event
                of_this[0] = (*of_this[0][:2], response.passed_over)
            told, cursor = told + of_this, response.cursor or cursor
            if cursor == world.end or len(told) >= most:
                break
        call.cancel()
    return told, cursor


def said(message):
    assert message.get("passed_over") != 0
    return message["sequence"], message["type"], message.get("passed_over", 0)


async def read_ws(world, given, start, most, leaves):
    told, cursor = [], start
    async with harness.connect(world.bridge) as ws:
        await ws.subscribe("s", given, start, leaves=leaves, latest_only=True)
        await ws.send({"type": "ping"})
        while cursor != world.end and len(told) < most:
            message = await ws.recv(60)
            if message["type"] in ("event", "left"):
                told.append(said(message))
                cursor = message["message_id"]
            elif message["type"] == "pong":
                cursor = message.get("cursor") or cursor
                await ws.send({"type": "ping"})
    return told, cursor


async def read_http(world, given, start, most, leaves):
    told = []
    async with harness.events(world.bridge, given, resume_from=start, lines=most % 2 == 1,
                              query=f"latest_only=true&leaves={'true' if leaves else 'false'}") as stream:
        while stream.cursor != world.end and len(told) < most:
            message = await stream.next(60)
            if message.event in ("event", "left"):
                told.append(said(message.data))
        return told, stream.cursor


WAYS = {"gRPC": read_grpc, "/ws": read_ws, "HTTP": read_http}


async def chain(world, given, leaves, most, ways):
    told, cursor, resumes = [], "earliest", 0
    while cursor != world.end:
        got, cursor = await ways(resumes)(world, given, cursor, most(), leaves)
        told += got
        resumes += 1
    return told, resumes


@pytest.mark.parametrize("leaves", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_in_one_go(world, way, leaves):
    passed_over = 0
    for given in world.filters:
        told, _ = harness.run(chain(world, given, leaves, lambda: 1 << 30, lambda _: WAYS[way]))
        passed_over += world.check(way, given, leaves, told)
    assert passed_over > 2_000


@pytest.mark.parametrize("leaves", [False, True])
def test_over_resumes_on_any_transport(world, leaves):
    rng, resumes, passed_over = random.Random(23), 0, 0
    for given in world.filters:
        told, cuts = harness.run(chain(world, given, leaves, lambda: rng.randint(1, 40),
                                       lambda _: rng.choice(list(WAYS.values()))))
        passed_over += world.check("over resumes", given, leaves, told)
        resumes += cuts
    assert resumes > 2 * FILTERS and passed_over > 2_000


def test_one_that_is_live_gets_all(hub, client):
    incident = client.publish(harness.incident_created()).incident_id
    with client.subscribe({"incident_ids": [incident]}, latest_only=True) as stream:
        for i in range(20):
            client.publish(harness.comment_added(incident, f"{i}"))
        assert [event.comment_added.comment for event in stream.take(20)] == [f"{i}" for i in range(20)]


@pytest.mark.parametrize("output", ["text", "json"])
def test_the_command_line(hub, client, output):
    incident = client.publish(harness.incident_created(title="Gateway down")).incident_id
    for i in range(3):
        client.publish(harness.comment_added(incident, f"{i}"))
    done = subprocess.run([str(harness.BIN / "tocsin"), "--hub", hub.address(0), "sub", "--from", "earliest", "--latest-only",
                           "--incident-ids", incident, "--until-caught-up", "--output", output],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    passed, event = done.stdout.splitlines()
    if output == "json":
        assert json.loads(passed) == {"passed_over": 3}
        assert json.loads(event)["comment"] == "2"
    else:
        assert passed == "(3 events passed over: newer ones of the same incidents follow)"
        assert "comment_added" in event
