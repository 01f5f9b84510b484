"""The same events for the same filter, whichever way they come: 220 filters × 2,000 events of all types, delivered
live and by replay, over gRPC, /ws, /graphql/ws and HTTP streams, and by the oracle."""

import asyncio
import contextlib
import random
import threading

import pytest

import corpus
import harness

FILTERS = 220
EVENTS = 2_000
PER_CHANNEL = 50  # gRPC streams
PER_CONNECTION = 110  # /ws subscriptions
QUERY_BYTES = 1_800  # what fits into the target of a request


class World:
    """One run of the corpus through the programs, and what each way delivered."""

    def __init__(self, hub, bridge):
        self.hub, self.bridge = hub, bridge
        self.made = corpus.events(EVENTS)
        self.facts = [facts for _, facts in self.made]
        self.filters = corpus.filters(FILTERS, self.facts)
        self.results = []
        self.delivered = {}  # way → for each filter its [(sequence, cursor)]
        self.protos = {}  # sequence → the event as gRPC delivered it
        self.messages = {}  # sequence → the event message as /ws delivered it
        self.streamed = {}  # sequence → the same as a stream over HTTP delivered it

    @property
    def end(self):
        return self.results[-1].cursor

    def expected(self):
        return [[(result.sequence, result.cursor) for result, facts in zip(self.results, self.facts)
                 if corpus.matches(given, facts)] for given in self.filters]

    def publish(self):
        rng = random.Random(4)
        events = [corpus.to_proto(event) for event, _ in self.made]
        with self.hub.client() as client:
            while events:
                batch = rng.randint(1, 40)
                self.results += client.publish_many(events[:batch])
                del events[:batch]

    @contextlib.contextmanager
    def grpc_streams(self, start):
        with contextlib.ExitStack() as stack:
            streams = []
            for at in range(0, FILTERS, PER_CHANNEL):
                client = stack.enter_context(self.hub.client())
                for given in self.filters[at:at + PER_CHANNEL]:
                    stream = client.subscribe(given, start)
                    stack.callback(stream.cancel)
                    streams.append(stream)
            yield streams

    def read_grpc(self, streams):
        """What each stream brings until its cursor is the log's end."""
        got = []
        for stream in streams:
            events = stream.until(lambda s: s.cursor == self.end, timeout=60)
            self.protos.update((event.sequence, event) for event in events)
            got.append([(event.sequence, event.cursor) for event in events])
        return got

    async def open_ws(self, stack, bridge, start, odd=False):
        """Connections that hold all filters between them."""
        connections = []
        for at in range(0, FILTERS, PER_CONNECTION):
            ws = await stack.enter_async_context(harness.connect(bridge))
            for index in range(at, min(at + PER_CONNECTION, FILTERS)):
                given = self.filters[index]
                await ws.subscribe(str(index), corpus.odd_form(given) if odd and index % 3 == 0 else given, start)
            connections.append(ws)
        return connections

    async def read_ws(self, connections):
        """What each subscription brings until a pong says that the connection is at the log's end."""
        got = [[] for _ in self.filters]
        for ws in connections:
            await ws.send({"type": "ping"})
            while True:
                message = await ws.recv(60)
                if message["type"] == "event":
                    self.messages[message["sequence"]] = message
                    for index in message["subscription_ids"]:
                        got[int(index)].append((message["sequence"], message["message_id"]))
                elif message["type"] == "pong":
                    if message["cursor"] == self.end:
                        break
                    await asyncio.sleep(0.05)
                    await ws.send({"type": "ping"})
                else:
                    assert message["type"] == "subscribed", message
        return got

    async def replay_ws(self, bridge):
        async with contextlib.AsyncExitStack() as stack:
            return await self.read_ws(await self.open_ws(stack, bridge, "earliest", odd=True))

    async def open_graphql(self, stack, bridge, start):
        """Connections that hold all filters between them, each as an operation of its own."""
        connections = []
        for at in range(0, FILTERS, PER_CONNECTION):
            graphql = await stack.enter_async_context(harness.graphql(bridge))
            for index in range(at, min(at + PER_CONNECTION, FILTERS)):
                await graphql.subscribe(str(index), resume_from=start, filter=harness.filter_input(self.filters[index]))
            await graphql.subscribe("all", resume_from=start)
            connections.append(graphql)
        return connections

    async def read_graphql(self, connections):
        """What each operation brings, until all have brought as much as they must: one that misses an event is waited for in vain."""
        got = [[] for _ in self.filters]
        expected = self.expected()
        for number, graphql in enumerate(connections):
            mine = range(number * PER_CONNECTION, min((number + 1) * PER_CONNECTION, FILTERS))
            left = sum(len(expected[index]) for index in mine) + EVENTS
            for message in await graphql.nexts(left, timeout=60):
                if message["id"] != "all":
                    got[int(message["id"])].append(harness.event_of(message))
            with contextlib.suppress(TimeoutError):
                while (message := await graphql.recv(0.2)):  # and nothing more
                    assert message["type"] == "ping", message
        return got

    async def replay_graphql(self, bridge):
        async with contextlib.AsyncExitStack() as stack:
            return await self.read_graphql(await self.open_graphql(stack, bridge, "earliest"))

    async def open_streams(self, stack, bridge, start):
        """A stream over HTTP for each filter that fits into a query: by turns server-sent events and lines of JSON."""
        return {index: await stack.enter_async_context(
                    harness.events(bridge, given, resume_from=start, lines=index % 2 == 1))
                for index, given in enumerate(self.filters) if len(harness.query_of(given)) <= QUERY_BYTES}

    async def read_streams(self, streams):
        """What each stream brings until its cursor is the log's end; None for a filter without a stream."""
        got = [None] * len(self.filters)
        for index, stream in streams.items():
            messages = await stream.until(self.end)
            assert all(message.data["message_id"] == message.id for message in messages)
            self.streamed.update((message.data["sequence"], message.data) for message in messages)
            got[index] = [(message.data["sequence"], message.id) for message in messages]
        return got

    async def replay_streams(self, bridge):
        async with contextlib.AsyncExitStack() as stack:
            return await self.read_streams(await self.open_streams(stack, bridge, "earliest"))

    def run_live(self):
        """All subscriptions stand before the first event is published."""
        async def over_ws(ready):
            async with contextlib.AsyncExitStack() as stack:
                connections = await self.open_ws(stack, self.bridge, "latest")
                graphql = await self.open_graphql(stack, self.bridge, "latest")
                streams = await self.open_streams(stack, self.bridge, "latest")
                for each in graphql:
                    await each.established()
                ready.set()
                await asyncio.to_thread(published.wait)
                self.delivered["HTTP live"] = await self.read_streams(streams)
                self.delivered["GraphQL live"] = await self.read_graphql(graphql)
                return await self.read_ws(connections)

        def run_ws():
            try:
                self.delivered["/ws live"] = harness.run(over_ws(ready))
            finally:
                ready.set()

        ready, published = threading.Event(), threading.Event()
        ws_thread = threading.Thread(target=run_ws)
        with self.grpc_streams("latest") as streams:
            ws_thread.start()
            ready.wait()
            try:
                self.publish()
            finally:
                published.set()
            self.delivered["gRPC live"] = self.read_grpc(streams)
        ws_thread.join()


@pytest.fixture(scope="module")
def world():
    # A window much smaller than the run: most of a replay comes from the store.
    with harness.start_hub("--recent-events", 200) as hub, harness.start_bridge(hub) as bridge:
        made = World(hub, bridge)
        made.run_live()
        with made.grpc_streams("earliest") as streams:
            made.delivered["gRPC replay"] = made.read_grpc(streams)
        made.delivered["/ws replay, from the bridge's window"] = harness.run(made.replay_ws(bridge))
        made.delivered["GraphQL replay, from the bridge's window"] = harness.run(made.replay_graphql(bridge))
        made.delivered["HTTP replay, from the bridge's window"] = harness.run(made.replay_streams(bridge))
        with harness.start_bridge(hub, "--recent-events", 100) as late:
            made.delivered["/ws replay, from the hub"] = harness.run(made.replay_ws(late))
            made.delivered["GraphQL replay, from the hub"] = harness.run(made.replay_graphql(late))
            made.delivered["HTTP replay, from the hub"] = harness.run(made.replay_streams(late))
        yield made


@pytest.mark.parametrize("way", ["gRPC live", "/ws live", "gRPC replay", "/ws replay, from the bridge's window",
                                 "/ws replay, from the hub", "HTTP live", "HTTP replay, from the bridge's window",
                                 "HTTP replay, from the hub", "GraphQL live", "GraphQL replay, from the bridge's window",
                                 "GraphQL replay, from the hub"])
def test_every_filter_gets_the_oracles_events(world, way):
    expected = world.expected()
    assert len(expected) >= 200 and len(world.results) >= 2000
    assert way in world.delivered
    delivered = world.delivered[way]
    assert sum(got is not None for got in delivered) >= 210
    for given, wanted, got in zip(world.filters, expected, delivered):
        assert got is None and way.startswith("HTTP") or got == wanted, f"{way}, {given}"
    print(f"{way}: {len(expected)} filters × {len(world.results)} events, {sum(map(len, expected))} deliveries")


OF_INCIDENTS = [kind for kind in corpus.EVENT_TYPES if kind not in ("alert_received", "system_event")]


def own_subscriptions(facts):
    """GraphQL's subscriptions beside `events`, with all that their arguments can say: (field, selection, arguments, the same as a filter)."""
    rng = random.Random(9)
    ids = sorted({fact["incident_id"] for fact in facts if "incident_id" in fact})
    severities = [None, [], *([one] for one in corpus.SEVERITIES), *(rng.sample(corpus.SEVERITIES, 2) for _ in range(3))]
    for given in severities:
        yield "newIncidents", "id", {"severities": given}, {"event_types": ["incident_created"], "severities": given}
        for chosen, active in ((None, None), (rng.sample(ids, 20), False), (rng.sample(ids, 20), True), (None, True)):
            yield ("incidentUpdates", "updateType", {"incidentIds": chosen, "severities": given, "activeOnly": active},
                   {"event_types": OF_INCIDENTS, "incident_ids": chosen, "severities": given, "active_only": active})
    yield "criticalIncidents", "id", {}, {"event_types": ["incident_created", "escalated"], "severities": ["P0"]}
    for chosen in (None, *ids[:10]):
        yield ("incidentStateChanges", "oldState newState", {"incidentId": chosen},
               {"event_types": OF_INCIDENTS, "incident_ids": chosen and [chosen]})
    for sources in (None, [], *([one] for one in corpus.SOURCES), corpus.SOURCES[:3]):
        yield "alerts", "id", {"sources": sources}, {"event_types": ["alert_received"], "sources": sources}


def changes_of_state(facts):
    """Which of the events change the state of an incident that was known."""
    states, changes = {}, []
    for fact in facts:
        before = states.get(fact.get("incident_id"), fact.get("state"))
        changes.append(before != fact.get("state"))
        states[fact.get("incident_id")] = fact.get("state")
    return changes


def test_graphqls_own_subscriptions_are_filters_too(world):
    """Each tells what /ws, gRPC and `events` tell for the filter that its arguments are; of changes of state, those events that are one."""
    asked, changes = list(own_subscriptions(world.facts)), changes_of_state(world.facts)
    expected = [[result.cursor for result, facts, changed in zip(world.results, world.facts, changes)
                 if corpus.matches(given, facts) and (changed or field != "incidentStateChanges")] for field, _, _, given in asked]
    types = {"incidentIds": "[UUID!]", "severities": "[Severity!]", "activeOnly": "Boolean", "incidentId": "UUID", "sources": "[String!]"}

    async def told():
        got = [[] for _ in asked]
        async with harness.graphql(world.bridge) as graphql:
            for number, (field, selection, arguments, _) in enumerate(asked):
                declared = ", ".join(f"${name}: {types[name]}" for name in arguments)
                given = ", ".join(f"{name}: ${name}" for name in arguments)
                query = f"subscription{f'({declared})' if declared else ''} {{ {field}{f'({given})' if given else ''} {{ {selection} }} }}"
                await graphql.subscribe(str(number), query, resume_from="earliest", **arguments)
            messages = await graphql.nexts(sum(map(len, expected)), timeout=60)
            with contextlib.suppress(TimeoutError):
                while (message := await graphql.recv(0.5)):  # and nothing more
                    messages += [message] if message["type"] == "next" else []
        for message in messages:
            if message["payload"]["data"] != {"incidentUpdates": {"updateType": "HEARTBEAT"}}:
                got[int(message["id"])].append(harness.place_of(message))
        return got

    for (field, _, arguments, _), wanted, got in zip(asked, expected, harness.run(told())):
        assert got == wanted, (field, arguments)
    assert len(asked) > 70 and sum(map(bool, expected)) > 60
    assert sum(map(len, (wanted for (field, *_), wanted in zip(asked, expected) if field == "incidentStateChanges"))) > 100


def test_the_log_is_whole_and_in_order(world):
    sequences = [result.sequence for result in world.results]
    assert sequences == list(range(sequences[0], sequences[0] + EVENTS))
    assert not any(result.duplicate for result in world.results)
    assert sorted(world.protos) == sorted(world.messages) == sequences


def test_the_hub_fills_the_incident_in(world):
    """What the model of the corpus says of each event is what the event carries."""
    for result, (given, facts) in zip(world.results, world.made):
        event = corpus.to_json(world.protos[result.sequence])
        assert event["id"] == given["id"] and event["type"] == facts["event_type"]
        assert event["cursor"] == result.cursor
        subject = event.get("incident") or event.get("alert_received", {}).get("alert", {})
        named = {"affected_resources": "affected_resources" if "incident" in event else "affected_services"}
        for fact in ("severity", "state", "source", "affected_resources", "labels"):
            assert (subject.get(named.get(fact, fact)) or None) == (facts.get(fact) or None), (fact, event)
        assert event.get("incident", {}).get("id") == facts.get("incident_id")
        assert event["priority"] == given.get("priority", _priority(event))


def _priority(event):
    """Section 1 of docs/protocol.md."""
    kind, severity = event["type"], event.get("incident", {}).get("severity")
    if kind == "incident_created" and severity in ("P0", "P1"):
        return "Critical" if severity == "P0" else "High"
    if kind == "escalated":
        return "Critical" if event["escalated"]["to_severity"] == "P0" else "High"
    if kind == "alert_received" and event["alert_received"]["alert"]["severity"] == "P0":
        return "High"
    if kind in ("comment_added", "playbook_action_executed", "system_event"):
        return "Low"
    return "Normal"


def test_json_and_protobuf_say_the_same(world):
    for sequence, message in world.messages.items():
        event = corpus.to_json(world.protos[sequence])
        assert message["message_id"] == event.pop("cursor")
        assert message["timestamp"] == event.pop("time")
        assert message["sequence"] == event.pop("sequence")
        event.pop("before", None)  # what the event changed is for who judges filters
        del event["epoch"]
        event["event_type"] = event.pop("type")
        event.update(event.pop(event["event_type"], {}))
        assert corpus.without_empty(message["event"]) == corpus.without_empty(event)


def test_a_stream_over_http_says_what_ws_says(world):
    assert sorted(world.streamed) == sorted(world.messages)
    for sequence, message in world.messages.items():
        assert world.streamed[sequence] == {k: v for k, v in message.items() if k != "subscription_ids"}


def test_json_always_has_what_the_contract_names(world):
    payloads = {
        "alert_received": "alert", "alert_converted": "alert incident_id",
        "escalated": "incident_id from_severity to_severity reason",
        "playbook_started": "incident_id playbook_id playbook_name",
        "playbook_action_executed": "incident_id playbook_id action_name success message",
        "playbook_completed": "incident_id playbook_id success actions_executed",
        "notification_sent": "incident_id channel success", "assignment_changed": "incident_id assignees",
        "comment_added": "incident_id author comment", "system_event": "category message metadata"}
    incident = ("id created_at updated_at state severity incident_type source title description affected_resources "
                "labels metadata related_incidents assignees").split()
    alert = ("id external_id source timestamp received_at severity alert_type title description labels "
             "affected_services annotations deduplicated").split()
    seen = set()
    for message in world.messages.values():
        event = message["event"]
        kind = event["event_type"]
        seen.add(kind)
        assert set(payloads.get(kind, "").split()) <= set(event), event
        assert ("incident" in event) == (kind not in ("alert_received", "system_event"))
        assert set(incident) <= set(event.get("incident", incident)), event
        assert set(alert) <= set(event.get("alert", alert)), event
        assert not {"timeline", "notes"} & set(event.get("incident", ()))
    assert seen == set(corpus.EVENT_TYPES)
