"""A snapshot, then changes: the incidents that match at one place of the log, and every change after it, over gRPC, /ws and
streams over HTTP. The oracle is the whole log, read when all is over: what the set was at a place follows from it."""

import asyncio
import contextlib
import pathlib
import random
import re
import threading
import time

import grpc
import pytest

import corpus
import harness
import harness_history
import raw
import sets
from tocsin.v1 import hub_pb2

PART_INCIDENTS = 1_000
PART_BYTES = 256 << 10

STATES = ["Triaged", "Investigating", "Remediating", "Resolved"]  # of which incident_updated may go from each to each
FILTERS = [
    {}, {"active_only": True}, {"severities": ["P0"]}, {"states": ["Resolved", "Closed"]}, {"labels": {"env": "production"}},
    {"severities": ["P0", "P1"], "active_only": True, "labels": {"team": "core"}},
    {"event_types": ["incident_resolved"], "severities": ["P1", "P2"]}, {"sources": ["nobody"]},
]


class Load:
    """Changes incidents at random until it is stopped, whatever becomes of the hub meanwhile."""

    def __init__(self, hub, incidents=200, batch=10, seed=1):
        self.address, self.batch = hub.address(0), batch
        self.rng = random.Random(seed)
        self.ids = [corpus._uuid(self.rng) for _ in range(incidents)]
        self.stopping = threading.Event()
        self.error = None
        self.published = 0
        self.thread = threading.Thread(target=self._run, daemon=True)

    def event(self, incident_id, description=""):
        rng = self.rng
        kind = rng.choice(["incident_updated", "incident_updated", "incident_resolved", "comment_added"])
        incident = {
            "id": incident_id, "state": rng.choice(STATES), "severity": rng.choice(corpus.SEVERITIES),
            "source": rng.choice(corpus.SOURCES), "title": f"version {rng.getrandbits(60)}",
            "labels": {"env": rng.choice(["production", "staging"]), "team": rng.choice(["core", "edge"])},
            "description": description}
        event = {"type": kind, "id": corpus._uuid(rng), "incident": incident}
        if kind == "comment_added":
            del incident["state"]  # a comment reopens nothing
            event.update(author="ann", comment="again")
        return corpus.to_proto(event)

    def fill(self, hub, description=""):
        """Every incident once."""
        with hub.client() as client:
            client.publish_many([self.event(incident_id, description) for incident_id in self.ids], batch=400)

    def _run(self):
        client = harness.Client(self.address)
        try:
            while not self.stopping.is_set():
                events = [self.event(self.rng.choice(self.ids)) for _ in range(self.batch)]
                self._publish(client, events)
                self.published += len(events)
                self.stopping.wait(0.002)
        except Exception as error:  # told by whoever waits
            self.error = error
        finally:
            client.close()

    def _publish(self, client, events):
        while True:
            try:
                return client.stub.Publish(hub_pb2.PublishRequest(events=events), timeout=30, wait_for_ready=True)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE or self.stopping.wait(0.02):
                    raise

    def wait_for_more(self, count):
        wanted = self.published + count
        harness.wait_for(lambda: self.error or self.published >= wanted, what="more events to be published")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.stopping.set()
        self.thread.join(60)
        assert kind or self.error is None, self.error


class Truth:
    """What the whole log says."""

    def __init__(self, hub):
        with hub.client() as client, client.subscribe({}, "earliest") as stream:
            self.events = stream.to_end_of_log()
        self.place = {event.cursor: index + 1 for index, event in enumerate(self.events)}
        self.facts = [harness_history.facts_of(event) for event in self.events]

    def at(self, cursor, given):
        """The incidents of the set at a place, by id, as JSON."""
        newest = {}
        for event, facts in zip(self.events[:self.place[cursor]], self.facts):
            if event.HasField("incident"):
                newest[event.incident.id] = (event, facts)
        return {key: corpus.without_empty(corpus.to_json(event.incident))
                for key, (event, facts) in newest.items() if sets.in_set(given, facts)}

    def after(self, cursor, given, count):
        """The sequences of the first changes after a place."""
        begin = self.place[cursor]
        return [event.sequence for event, facts in zip(self.events[begin:], self.facts[begin:])
                if corpus.matches(given, facts)][:count]


class Taken:
    """What one subscription was given: a snapshot, and the changes after it."""

    def __init__(self, given):
        self.given, self.cursor, self.incidents, self.changes, self.begun = given, None, {}, [], 0

    def add(self, incidents):
        for incident in incidents:
            assert incident["id"] not in self.incidents, "an incident came twice"
            self.incidents[incident["id"]] = corpus.without_empty(incident)

    def part(self, message):
        """A `snapshot` message; True for the last."""
        assert len(message["incidents"]) <= PART_INCIDENTS
        if message["first"]:
            self.incidents, self.cursor = {}, message["cursor"]
            self.begun += 1
        assert message["cursor"] == self.cursor
        self.add(message["incidents"])
        return message["last"]

    def check(self, truth):
        assert self.cursor in truth.place, "a cursor that no event has"
        assert self.incidents == truth.at(self.cursor, self.given), (self.given, self.cursor)
        assert self.changes == truth.after(self.cursor, self.given, len(self.changes)), (self.given, self.cursor)


def take_grpc(hub, given, changes):
    taken = Taken(given)
    with hub.client() as client:
        call = client.stub.Subscribe(
            hub_pb2.SubscribeRequest(filter=harness.make_filter(given), snapshot=True, on_gap=hub_pb2.ON_GAP_NOTIFY), timeout=60)
        for response in call:
            if response.HasField("snapshot"):
                assert len(response.snapshot.incidents) <= PART_INCIDENTS
                assert response.ByteSize() < 2 * PART_BYTES
                assert taken.cursor in (None, response.cursor)
                taken.cursor = response.cursor
                taken.add(corpus.to_json(incident) for incident in response.snapshot.incidents)
                last = response.snapshot.kind == hub_pb2.SnapshotMark.KIND_LAST
            taken.changes += [event.sequence for event in response.events]
            if last and len(taken.changes) >= changes:
                break
        call.cancel()
    return taken


async def take_ws(ws, subscription, given, changes):
    """Of a connection that others may use as well: only what is of this subscription is taken."""
    taken = Taken(given)
    await ws.subscribe(subscription, given, snapshot=True)
    while not taken.part(await ws.expect("snapshot", subscription_id=subscription, timeout=60)):
        pass
    if changes:
        taken.changes = [event["sequence"] for event in await ws.events(changes, subscription, timeout=60)]
    return taken


async def take_http(bridge, given, changes, lines):
    taken = Taken(given)
    async with harness.events(bridge, given, query="snapshot=true", lines=lines) as stream:
        last = False
        while not last:
            message = await stream.expect("snapshot", timeout=60)
            last = taken.part(message.data)
            assert lines or message.id == (taken.cursor if last else ""), "only the last has an id"
        taken.changes = [event.data["sequence"] for event in await stream.events(changes, timeout=60)]
    return taken


def seldom(given):
    return given.get("sources") == ["nobody"]


@pytest.mark.parametrize("store", ["memory", "rocksdb"])
def test_is_the_set_at_its_place_and_then_every_change_under_load(store):
    """Each transport, each filter, over and over while the incidents change."""
    async def run(hub, bridge, load):
        taken = []
        for _ in range(3):
            for given in FILTERS:
                changes = 0 if seldom(given) else 20
                taken.append(await asyncio.to_thread(take_grpc, hub, given, changes))
                async with harness.connect(bridge) as ws:
                    taken.append(await take_ws(ws, "s", given, changes))
                for lines in (False, True):
                    taken.append(await take_http(bridge, given, changes, lines))
            load.wait_for_more(10)
        return taken

    with harness.start_hub(store=store) as hub, harness.start_bridge(hub) as bridge:
        load = Load(hub)
        load.fill(hub)
        with load:
            taken = harness.run(run(hub, bridge, load), timeout=240)
        truth = Truth(hub)
    for each in taken:
        each.check(truth)
    places = {each.cursor for each in taken}
    assert len(places) > len(taken) // 2, "the log did not move"


def test_subscriptions_of_one_connection_have_their_snapshots_beside_live_ones():
    async def run(bridge, load):
        async with harness.connect(bridge) as ws:
            live = await ws.subscribe("live")
            taken = []
            for index, given in enumerate(FILTERS):
                taken.append(await take_ws(ws, f"s{index}", given, 0 if seldom(given) else 5))
            events = [message["sequence"] for message in ws.inbox
                      if message["type"] == "event" and "live" in message["subscription_ids"]]
            return live["cursor"], events, taken

    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        load = Load(hub, incidents=3_000)
        load.fill(hub, "d" * 500)
        harness.in_step(hub, bridge)
        with load:
            load.wait_for_more(10)
            start, live, taken = harness.run(run(bridge, load), timeout=120)
        truth = Truth(hub)
    for each in taken:
        each.check(truth)
    assert live, "none came while the snapshots did"
    assert sorted(live) == live and len(set(live)) == len(live)


def test_for_every_filter_of_the_corpus_it_is_what_list_incidents_answers():
    made = corpus.events(2_000)
    filters = corpus.filters(220, [facts for _, facts in made])
    with harness.start_hub() as hub:
        with hub.client() as client:
            client.publish_many([corpus.to_proto(event) for event, _ in made])
            truth = Truth(hub)
            for given in filters:
                taken = take_grpc(hub, given, 0)
                taken.check(truth)
                assert set(taken.incidents) == sets.listed(client, given), given


# --- What breaks in the midst ---------------------------------------------------------------------

MANY, LONG = 15_000, "d" * 1_500  # more than the sockets on the way hold


@contextlib.contextmanager
def full_hub(load_incidents=MANY):
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        load = Load(hub, incidents=load_incidents, seed=5)
        load.fill(hub, LONG)
        yield hub, bridge, load


def test_the_hub_is_killed_in_the_midst_and_the_snapshot_begins_anew():
    """A client of /ws and one of a stream over HTTP, both held up after their first message until the hub is back."""
    async def run(hub, bridge):
        ws_taken, sse_taken = Taken({}), Taken({})
        async with (harness.connect(bridge, max_queue=1) as ws,
                    harness.events(bridge, query="snapshot=true") as stream):
            await ws.subscribe("s", snapshot=True)
            assert not ws_taken.part(await ws.expect("snapshot"))
            assert not sse_taken.part((await stream.expect("snapshot")).data)
            await asyncio.to_thread(hub.restart, True)
            with Load(hub, incidents=10, seed=6) as load:
                await asyncio.to_thread(load.wait_for_more, 50)
                while not ws_taken.part(await ws.expect("snapshot", timeout=60)):
                    pass
                while not sse_taken.part((await stream.expect("snapshot", timeout=60)).data):
                    pass
                ws_taken.changes = [event["sequence"] for event in await ws.events(20)]
                sse_taken.changes = [event.data["sequence"] for event in await stream.events(20)]
        return ws_taken, sse_taken

    with full_hub() as (hub, bridge, _):
        taken = harness.run(run(hub, bridge), timeout=180)
        truth = Truth(hub)
        for each in taken:
            each.check(truth)
            assert each.begun >= 2, "it was not in the midst"


def test_the_bridge_is_killed_in_the_midst_and_the_client_asks_anew():
    async def first_part(bridge):
        async with harness.connect(bridge, max_queue=1) as ws:
            await ws.subscribe("s", snapshot=True)
            assert not (await ws.expect("snapshot"))["last"]
            await asyncio.to_thread(bridge.kill)

    async def whole(bridge):
        async with harness.connect(bridge) as ws:
            return await take_ws(ws, "s", {}, 20)

    with full_hub() as (hub, bridge, _):
        with contextlib.suppress(Exception):  # the close of a connection whose peer is dead
            harness.run(first_part(bridge), timeout=60)
        bridge.start()
        harness.wait_for(bridge.ready, what="the bridge to be ready")
        with Load(hub, incidents=10, seed=7):
            taken = harness.run(whole(bridge), timeout=120)
        taken.check(Truth(hub))


def test_a_stream_over_http_that_has_had_its_snapshot_is_resumed_without_another():
    """As a browser's EventSource does it: the same address, with the last id."""
    async def run(hub, bridge, load):
        taken = await take_http(bridge, {"active_only": True}, 5, lines=False)
        load.wait_for_more(20)
        await asyncio.to_thread(bridge.restart, True)
        harness.wait_for(bridge.ready, what="the bridge to be ready")
        async with harness.events(bridge, {"active_only": True}, query="snapshot=true",
                                  last_event_id=taken.cursor) as stream:
            taken.changes = [event.data["sequence"] for event in await stream.events(20)]
        return taken

    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        load = Load(hub)
        load.fill(hub)
        with load:
            taken = harness.run(run(hub, bridge, load), timeout=60)
        taken.check(Truth(hub))


def test_clients_that_go_in_the_midst_leave_nothing():
    async def run(bridge):
        for _ in range(10):
            async with harness.connect(bridge, max_queue=1) as ws:
                await ws.subscribe("s", snapshot=True)
                await ws.expect("snapshot")
                ws.connection.transport.abort()

    with full_hub(load_incidents=6_000) as (hub, bridge, _):
        harness.run(run(bridge), timeout=60)
        harness.wait_for(lambda: bridge.metric("bridge_snapshots_running") == 0 and
                         hub.metric("tocsin_snapshots_running") == 0, what="the snapshots to end")
        assert hub.metric("tocsin_snapshots_total") == 10


CLIENTS = 100
# What a program may take for them, beside a few MiB of its own: 64 snapshots are read at a time, each of which holds a part
# as it was read and as it is sent. Unbounded it would be over 2 GiB.
MOST_GROWTH = 96 << 20


def test_a_hundred_clients_that_ask_at_once_hold_a_part_each_at_most():
    """Over HTTP and over gRPC; none takes anything until memory grows no more. Then most go, and the others are served."""
    request = b"GET /v1/events?snapshot=true HTTP/1.1\r\nHost: localhost\r\nAccept: application/x-ndjson\r\n\r\n"
    with full_hub() as (hub, bridge, _), contextlib.ExitStack() as stack:
        harness.in_step(hub, bridge)
        before = [most_memory(program) for program in (hub, bridge)]
        sockets = [stack.enter_context(raw.connect(bridge, receive_buffer=4096, timeout=60)) for _ in range(CLIENTS)]
        client = stack.enter_context(hub.client())
        calls = [client.stub.Subscribe(hub_pb2.SubscribeRequest(snapshot=True)) for _ in range(CLIENTS)]
        for sock in sockets:
            sock.sendall(request)
        harness.wait_for(lambda: hub.metric("tocsin_snapshots_running") == 64 and bridge.metric("bridge_snapshots_running") > 0,
                         what="as many snapshots as are read at a time")
        growth = [most_memory(program) - then for program, then in zip((hub, bridge), before)]
        print(f"the hub grew by {growth[0] >> 20} MiB, the bridge by {growth[1] >> 20} MiB")
        assert max(growth) < MOST_GROWTH
        for call in calls:
            call.cancel()
        for sock in sockets[3:]:
            sock.close()
        for sock in sockets[:3]:
            read_to_the_last(sock)


def most_memory(program):
    """The memory of a program once it has not grown for a second."""
    most, since = program.memory(), time.monotonic()
    while time.monotonic() - since < 1:
        time.sleep(0.02)
        if (now := program.memory()) > most:
            most, since = now, time.monotonic()
    return most


def read_to_the_last(sock):
    tail = b""
    while b'"last":true}' not in tail:
        part = sock.recv(1 << 18)
        assert part, "the stream ended"
        tail = tail[-64:] + part


def test_what_cannot_go_with_a_snapshot_is_refused(hub, bridge):
    async def run():
        async with harness.connect(bridge) as ws:
            await ws.send({"type": "subscribe", "subscription_id": "s", "snapshot": True, "resume_from": "latest"})
            error = await ws.expect("error")
            assert (error["code"], error["field"]) == ("INVALID_MESSAGE", "resume_from")
            assert error["allowed"]
        async with harness.events(bridge, query="snapshot=true", resume_from="earliest", check=False) as stream:
            assert stream.status == 400
            assert "resume_from" in await stream.body()

    harness.run(run())
    with hub.client() as client:
        for request in (hub_pb2.SubscribeRequest(snapshot=True, **{"from": "earliest"}),
                        hub_pb2.SubscribeRequest(snapshot=True, recent=3)):
            with pytest.raises(grpc.RpcError) as refused:
                list(client.stub.Subscribe(request, timeout=10))
            details = harness.error_details(refused.value)
            assert details["BadRequest"].field_violations[0].field in ("from", "recent")


def times_woken(process, name):
    """How often a thread of the process has slept and woken."""
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        if (task / "comm").read_text().strip() == name:
            return int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text())[1])
    raise AssertionError(f"there is no thread {name}")


def test_live_events_do_not_wait_for_the_thread_that_reads_snapshots():
    """Symptom: with a busy processor live events on /ws were late by as much as that thread waits for it, which stands back for
    all others. Cause: any of gRPC's threads took in the bytes for all of them. Why older tests missed it: the events came."""
    async def session(client, bridge):
        async with harness.connect(bridge) as ws:
            await take_ws(ws, "s", {}, changes=0)
            before = times_woken(bridge, "snapshots")
            for number in range(200):
                client.publish(harness.system_event(f"event {number}"))
                await ws.events(1)
            assert times_woken(bridge, "snapshots") - before < 20

    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge, hub.client() as client:
        client.publish(harness.incident_created())
        harness.run(session(client, bridge))
