"""Explain: over gRPC, POST /v1/explain and the command line, the verdict is the one that a subscriber meets, and a live
session is found by the id that its client was told, wherever it is."""

import contextlib
import http.client
import random

import pytest

import corpus
import harness
from tocsin.v1 import hub_pb2


def ask(target, body, content_type="application/json"):
    """(status, fields, parsed body) of one POST /v1/explain."""
    return harness.post(target, "/v1/explain", body, {"Content-Type": content_type})


@pytest.fixture(scope="module")
def published(hub):
    """The corpus in the log: its facts, and its results."""
    made = corpus.events(400, seed=77)
    with hub.client() as client:
        results = client.publish_many([corpus.to_proto(event) for event, _ in made])
    return [facts for _, facts in made], results


def test_the_verdict_is_the_oracles_for_the_whole_corpus(bridge, client, published):
    facts, results = published
    expected_by_cursor = {result.cursor: fact for result, fact in zip(results, facts)}
    for given in corpus.filters(120, facts, seed=5):
        answer = client.stub.Explain(hub_pb2.ExplainRequest(filter=harness.make_filter(given), last=1000), timeout=30)
        told = {one.cursor: one for one in answer.explanations if one.cursor in expected_by_cursor}
        assert len(told) + answer.left_out >= 400, "an explanation is missing"
        for cursor, one in told.items():
            expected = corpus.matches(given, expected_by_cursor[cursor])
            assert one.matches == expected, (given, expected_by_cursor[cursor], one)
            assert one.matches == all(field.matches for field in one.fields)
            assert all(field.reason for field in one.fields)


def test_an_event_is_explained_as_it_would_be_delivered(client, published):
    """What Explain says of an event before it is published is what a subscriber then meets."""
    maker = corpus._Maker(9)
    rng = random.Random(9)
    filters = corpus.filters(80, published[0], seed=6)
    for _ in range(40):
        event, facts = maker.event(rng.choice(corpus.EVENT_TYPES))
        proto = corpus.to_proto(event)
        for given in rng.sample(filters, 6):
            request = hub_pb2.ExplainRequest(filter=harness.make_filter(given), event=proto)
            assert client.stub.Explain(request, timeout=10).matching == int(corpus.matches(given, facts)), (given, facts)
        client.publish(proto)


def test_http_says_the_same_in_json(bridge, client, published):
    client.publish(harness.incident_created(severity="P2"))
    status, fields, answer = ask(bridge, {"filter": {"severities": ["P1", "P0"]}, "last": 1})
    assert status == 200 and fields["content-type"] == "application/json", answer
    assert (answer["looked_at"], answer["matching"], answer["left_out"]) == (1, 0, 0)
    (only,) = answer["explanations"]
    assert only["event_type"] == "incident_created" and only["matches"] is False
    assert only["fields"] == [{"field": "severities", "matches": False,
                               "reason": "severity is P2; the filter lets P0 and P1 through",
                               "event_values": ["P2"], "filter_values": ["P0", "P1"]}]
    status, _, answer = ask(bridge, {"filter": {"severities": ["P0"]}, "require": [{"active_only": True}],
                                     "event": {"type": "incident_created", "incident": {
                                         "title": "t", "source": "s", "severity": "P0"}}})
    assert status == 200 and answer["matching"] == 1
    assert [field["field"] for field in answer["explanations"][0]["fields"]] == ["severities", "require[0].active_only"]


def session_of(bridge, session_id):
    status, _, answer = ask(bridge, {"session_id": session_id})
    assert status == 200, answer
    return answer["session"]


def test_a_hub_stream_is_found_by_its_header_also_through_a_bridge(hub, bridge, client):
    with client.subscribe({"severities": ["P0"]}, label="pager") as stream:
        (session_id,) = [value for key, value in stream.call.initial_metadata() if key == "tocsin-session"]
        session = session_of(bridge, session_id)
        assert (session["transport"], session["label"]) == ("grpc", "pager")
        assert session["subscriptions"][0]["filter"] == {"severities": ["P0"]}
        done = harness.cli(hub, "explain", "--session", session_id, "--utc")
        assert done.returncode == 0 and "live, given everything up to " in done.stdout, done
        assert '{"severities":["P0"]}' in done.stdout
    harness.wait_for(lambda: ask(bridge, {"session_id": session_id})[0] == 404, what="the stream's end")
    done = harness.cli(hub, "explain", "--session", session_id)
    assert done.returncode == 4 and "no live session" in done.stderr, done


def test_a_ws_session_is_found_by_its_welcome(hub, bridge, client):
    async def check():
        async with harness.connect(bridge) as ws, harness.connect(bridge) as other:
            await other.subscribe("mild", {"severities": ["P4"]})
            await ws.subscribe("worst", {"severities": ["P0"]})
            await ws.subscribe("all", {})
            result = client.publish(harness.incident_created(severity="P0"))
            await ws.expect("event")
            session = session_of(bridge, ws.welcome["session_id"])
            assert session["transport"] == "websocket" and session["last_cursor"] == result.cursor
            by_id = {one["subscription_id"]: one for one in session["subscriptions"]}
            assert set(by_id) == {"worst", "all"}  # the other connection has a session of its own
            (mild,) = session_of(bridge, other.welcome["session_id"])["subscriptions"]
            assert mild["subscription_id"] == "mild"
            assert by_id["worst"]["filter"] == {"severities": ["P0"]} and by_id["worst"]["live"] is True
            assert by_id["all"]["cursor"] == result.cursor and by_id["all"]["behind"] == 0
            return ws.welcome["session_id"]

    session_id = harness.run(check())
    harness.wait_for(lambda: ask(bridge, {"session_id": session_id})[0] == 404, what="the session's end")


def test_an_event_stream_is_found_by_its_header(bridge):
    host, port = bridge.address(0).rsplit(":", 1)
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=30)) as connection:
        connection.request("GET", "/v1/events?severities=P0", headers={"Accept": "text/event-stream"})
        answer = connection.getresponse()
        session = session_of(bridge, answer.getheader("Tocsin-Session"))
        assert session["transport"] == "sse" and session["subscriptions"][0]["filter"] == {"severities": ["P0"]}


def test_a_crowd_that_asks_is_served_or_told_to_come_back(hub, client, published):
    """Explain reads the log on one thread: what is too much at a time is refused with a time to come back, and subscribers
    are not held up."""
    import grpc
    calls = [client.stub.Explain.future(hub_pb2.ExplainRequest(last=1000), timeout=60) for _ in range(60)]
    codes = [call.exception().code() if call.exception() else None for call in calls]
    assert set(codes) <= {None, grpc.StatusCode.RESOURCE_EXHAUSTED} and codes.count(None) >= 16, codes
    assert client.stub.Explain(hub_pb2.ExplainRequest(last=1), timeout=10).looked_at == 1
