"""With priority, one that is behind gets Critical and High events before the others, each in the log's order: over gRPC,
/ws and HTTP streams, from the window, from the log and over resumes that change the transport, against all events."""

import asyncio
import json
import os
import random
import subprocess
import time

import grpc
import pytest
import websockets

import corpus
import guarantees
import harness
import harness_history
from guarantees import Bookmark, Event, Resume

FILTERS = 12
EVENTS = 3_000


class World:
    """A log that is there: {sequence: urgent or not} of what each filter matches."""

    def __init__(self, hub, bridge):
        made = corpus.events(EVENTS, seed=31)
        self.hub, self.bridge, self.facts = hub, bridge, [facts for _, facts in made]
        self.filters = [{}] + [given for given in corpus.filters(FILTERS * 2, self.facts, seed=32)
                               if len(harness.query_of(given)) < 1_800][:FILTERS - 1]
        with hub.client() as client:
            self.end = client.publish_many([corpus.to_proto(event) for event, _ in made])[-1].cursor
            with client.subscribe(start="earliest") as stream:
                high = harness.event_pb2.PRIORITY_HIGH
                self.urgent = {event.sequence: event.priority >= high for event in stream.to_end_of_log()}

    def matching(self, given):
        return [sequence for sequence, facts in enumerate(self.facts, 1) if corpus.matches(given, facts)]

    def in_order(self, given):
        """As one that reads all in one go from the beginning has them."""
        return sorted(self.matching(given), key=lambda sequence: (not self.urgent[sequence], sequence))

    def check(self, way, given, told):
        assert sorted(told) == self.matching(given), f"{way}, {given}: lost, or twice"
        for urgent in (True, False):
            ours = [sequence for sequence in told if self.urgent[sequence] == urgent]
            assert ours == sorted(ours), f"{way}, {given}: goes back"


@pytest.fixture(scope="module")
def world():
    with harness.start_hub("--recent-events", 200) as hub, harness.start_bridge(hub, "--recent-events", 50) as bridge:
        yield World(hub, bridge)


# Each reads from a cursor until it is at the log's end, or has seen `most`: what it was told, and where it resumes from.


async def read_grpc(world, given, start, most):
    """Goes on from an event's own cursor where the cut is within a response, as `tocsin sub` does."""
    request = harness.hub_pb2.SubscribeRequest(filter=harness.make_filter(given), priority=True)
    setattr(request, "from", start)
    told, cursor = [], start
    with world.hub.client() as client:
        call = client.stub.Subscribe(request, wait_for_ready=True)
        for response in call:
            events = list(response.events)[:most - len(told)]
            told += [event.sequence for event in events]
            cursor = response.cursor or cursor
            if len(events) < len(response.events):
                cursor = events[-1].cursor
            if cursor == world.end or len(told) >= most:
                break
        call.cancel()
    return told, cursor


async def read_ws(world, given, start, most):
    told, cursor = [], start
    async with harness.connect(world.bridge) as ws:
        assert (await ws.subscribe("s", given, start, priority=True))["cursor"]
        await ws.send({"type": "ping"})
        while cursor != world.end and len(told) < most:
            message = await ws.recv(60)
            if message["type"] == "event":
                told.append(message["sequence"])
                cursor = message["message_id"]
            elif message["type"] == "pong":
                cursor = message.get("cursor") or cursor
                await ws.send({"type": "ping"})
    return told, cursor


async def read_http(world, given, start, most):
    told = []
    async with harness.events(world.bridge, given, resume_from=start, lines=most % 2 == 1, query="priority=true") as stream:
        while stream.cursor != world.end and len(told) < most:
            message = await stream.next(60)
            if message.event == "event":
                told.append(message.data["sequence"])
        return told, stream.cursor


WAYS = {"gRPC": read_grpc, "/ws": read_ws, "HTTP": read_http}


async def chain(world, given, most, ways):
    told, cursor, resumes, split = [], "earliest", 0, 0
    while cursor != world.end:
        got, cursor = await ways(resumes)(world, given, cursor, most())
        told += got
        resumes += 1
        split += cursor.startswith("p")
    return told, resumes, split


@pytest.mark.parametrize("way", WAYS)
def test_in_one_go(world, way):
    for given in world.filters:
        told, _, _ = harness.run(chain(world, given, lambda: 1 << 30, lambda _: WAYS[way]))
        world.check(way, given, told)
        assert told == world.in_order(given)
    assert 300 < sum(world.urgent.values()) < EVENTS - 300


def test_over_resumes_on_any_transport(world):
    rng, resumes, split = random.Random(33), 0, 0
    for given in world.filters:
        told, cuts, between = harness.run(chain(world, given, lambda: rng.randint(1, 150),
                                                lambda _: rng.choice(list(WAYS.values()))))
        world.check("over resumes", given, told)
        resumes, split = resumes + cuts, split + between
    assert resumes > 5 * FILTERS and split > 4 * FILTERS


def test_a_place_is_taken_from_one_that_does_not_ask_for_priority_again(world):
    _, place = harness.run(read_grpc(world, {}, "earliest", 700))
    assert place.startswith("p")
    first, _ = harness.run(read_grpc(world, {}, "earliest", 700))
    with world.hub.client() as client, client.subscribe(start=place) as stream:
        rest = [event.sequence for event in stream.take(EVENTS - 700)]
    assert sorted(first + rest) == list(range(1, EVENTS + 1))


def test_one_that_is_live_gets_all_as_they_come(hub, client):
    incident = client.publish(harness.incident_created()).incident_id
    with client.subscribe({"incident_ids": [incident]}, priority=True) as stream:
        cursors = []
        for i in range(20):
            made = harness.comment_added(incident, f"{i}")
            made.priority = harness.event_pb2.PRIORITY_CRITICAL if i % 3 == 0 else harness.event_pb2.PRIORITY_LOW
            cursors.append(client.publish(made).cursor)
        assert [event.cursor for event in stream.take(20)] == cursors


def test_a_cursor_that_is_cut_off_is_refused(world):
    _, place = harness.run(read_grpc(world, {}, "earliest", 700))
    for cut in (place[:-1], place[:place.rindex(".")], place[:place.index(".")], place + "0"):
        with world.hub.client() as client, pytest.raises(grpc.RpcError) as refused:
            client.subscribe(start=cut, priority=True)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT and "from" in refused.value.details()


def test_where_only_the_logs_order_will_do_such_a_cursor_is_refused_by_name(world):
    _, place = harness.run(read_grpc(world, {}, "earliest", 700))
    with world.hub.client() as client, pytest.raises(grpc.RpcError) as refused:
        client.stub.ListEvents(harness.hub_pb2.ListEventsRequest(**{"from": place}))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT and "priority" in refused.value.details()

    async def over_graphql():
        async with harness.graphql(world.bridge) as graphql:
            await graphql.subscribe("1", resume_from=place)
            by_extension = await graphql.recv()
            await graphql.subscribe("2", f'subscription {{ events(resumeFrom: "{place}") {{ id }} }}')
            return by_extension, await graphql.recv()

    for error, field in zip(harness.run(over_graphql()), ("extensions.resumeFrom", "resumeFrom")):
        (told,) = error["payload"]
        assert error["type"] == "error" and told["extensions"]["code"] == "BAD_USER_INPUT", error
        assert told["extensions"]["field"] == field and "priority" in told["message"], error


@pytest.mark.parametrize("other", ["snapshot", "leaves", "latest_only"])
def test_what_it_cannot_be_given_with_is_refused_by_its_name(world, other):
    with world.hub.client() as client, pytest.raises(grpc.RpcError) as refused:
        client.subscribe(None, priority=True, **{other: True})
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "priority" in refused.value.details() and other in refused.value.details()

    async def over_ws():
        async with harness.connect(world.bridge) as ws:
            await ws.send({"type": "subscribe", "subscription_id": "s", "priority": True, other: True})
            return await ws.expect("error")

    async def over_http():
        async with harness.events(world.bridge, query=f"priority=true&{other}=true", check=False) as stream:
            return stream.status, await stream.body()
    error = harness.run(over_ws())
    assert (error["code"], error["field"]) == ("INVALID_MESSAGE", "priority") and other in error["message"]
    status, body = harness.run(over_http())
    assert status == 400 and "priority" in body and other in body


def test_the_benefit():
    """Of a backlog with one urgent event in a hundred, the last urgent one comes before the first ordinary one."""
    count, took = int(os.environ.get("BACKLOG", 20_000)), {}
    with harness.start_hub("--recent-events", 100) as hub, hub.client() as client:
        high, low = harness.event_pb2.PRIORITY_HIGH, harness.event_pb2.PRIORITY_LOW
        events = [harness.system_event(f"{number}") for number in range(1, count + 1)]
        for number, event in enumerate(events, 1):
            event.priority = low if number % 100 else high
        client.publish_many(events)
        for priority in (False, True):
            since = time.monotonic()
            with client.subscribe(start="earliest", priority=priority) as stream:
                before, urgent = 0, 0
                while urgent < count // 100:
                    before += 1
                    urgent += stream.take(1)[0].priority == high
            took[priority] = before, time.monotonic() - since
    print(f"the last urgent of {count}: {took[False][1]:.2f} s, with priority {took[True][1]:.2f} s")
    assert (took[False][0], took[True][0]) == (count, count // 100)


# --- kills ----------------------------------------------------------------------------------------


async def on_grpc(hub, bridge, stream, cursor):
    request = harness.hub_pb2.SubscribeRequest(priority=True)
    setattr(request, "from", cursor)
    with hub.client() as client:
        for response in client.stub.Subscribe(request):
            at = len(stream.steps)
            harness_history.take(stream, response)
            for step in stream.steps[at:]:
                yield step.cursor


async def on_ws(hub, bridge, stream, cursor):
    async with harness.connect(bridge) as ws:
        assert (await ws.subscribe("s", None, cursor, priority=True))["recovered"]
        while True:
            message = await ws.recv(10)
            if message["type"] == "event":
                stream.steps.append(Event(message["event"]["id"], message["message_id"]))
                yield message["message_id"]
            else:
                assert message["type"] == "status", message


async def on_http(hub, bridge, stream, cursor):
    async with harness.events(bridge, resume_from=cursor, query="priority=true") as events:
        while (message := await events.next(10)) is not None:
            assert message.event in ("event", "", "closing"), message
            if message.event == "event":
                stream.steps.append(Event(message.data["event"]["id"], message.id))
            elif message.id:
                stream.steps.append(Bookmark(message.id))
            if message.id:
                yield message.id


async def follow(hub, bridge, stream, end, rng):
    """On each transport in turn, cut after some events, until the end has been reached; how many connections."""
    cursor, connections = stream.start, 0
    while not (end() and cursor == end()):
        steps = (on_grpc, on_ws, on_http)[connections % 3](hub, bridge, stream, cursor)
        connections += 1
        left = rng.randint(1, 60)
        try:
            async for cursor in steps:
                left -= 1
                if left == 0 or (end() and cursor == end()):
                    break
        except (OSError, EOFError, TimeoutError, websockets.exceptions.WebSocketException):
            await asyncio.sleep(0.02)  # the time between two tries
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE, error
            await asyncio.sleep(0.02)
        finally:
            await steps.aclose()
        del stream.steps[_seen(stream.steps, cursor):]
        stream.steps.append(Resume(cursor))
    return connections


def _seen(steps, cursor):
    """How many of the steps a client that resumes from the cursor has had: what came after it in the same response is not its."""
    return max((at + 1 for at, step in enumerate(steps) if step.cursor == cursor), default=0)


def _event(rng, event_id):
    event = harness.system_event("load", event_id=event_id)
    event.priority = harness.event_pb2.PRIORITY_HIGH if rng.random() < 0.1 else harness.event_pb2.PRIORITY_LOW
    return event


def test_a_chain_over_all_transports_while_hub_and_bridge_are_killed():
    rng, end = random.Random(34), None
    with harness.start_hub("--recent-events", 100) as hub, harness.start_bridge(hub, "--recent-events", 50) as bridge:
        stream = harness_history.stream("over all", hub.status().latest, priority=True)
        with harness_history.Publisher(hub.address(0), threads=2, batch=7, pause=0, make=_event) as publisher:
            publisher.wait_for_more(2_000)
            follower = harness_history.InBackground(lambda: harness.run(follow(hub, bridge, stream, lambda: end, rng)))
            for kill in range(4):
                publisher.wait_for_more(300)
                hub.restart(kill=True) if kill % 2 else bridge.restart(kill=True)
            publisher.stop()
            end = publisher.last_one(hub)
        follower.join(120)
        made = publisher.history([stream], [harness_history.read_log(hub)])
    split = sum(isinstance(step, Resume) and step.cursor.startswith("p") for step in stream.steps)
    assert split > 20, "it was hardly ever behind"
    guarantees.check(made)


@pytest.mark.parametrize("output", ["text", "json"])
def test_the_command_line(hub, client, output):
    incident = client.publish(harness.incident_created("P3", title="Gateway slow")).incident_id
    for i in range(3):
        client.publish(harness.comment_added(incident, f"{i}"))
    urgent = harness.comment_added(incident, "look at this")
    urgent.priority = harness.event_pb2.PRIORITY_CRITICAL
    client.publish(urgent)

    def sub(*more):
        done = subprocess.run([str(harness.BIN / "tocsin"), "--hub", hub.address(0), "sub", "--priority", "--incident-ids",
                               incident, "--output", output, *more], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()
    lines = sub("--from", "earliest", "--until-caught-up")
    assert len(lines) == 5 and "look at this" in lines[0]
    if output == "json":
        cursors = [json.loads(line)["cursor"] for line in lines]
        assert all(cursor.startswith("p") for cursor in cursors[:-1])
        assert sub("--from", cursors[1], "--until-caught-up") == lines[2:]
