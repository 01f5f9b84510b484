"""What a permission's filter hides does not exist at the hub: for queries, streams, explanations and numbers."""

import grpc
import harness
import pytest
from harness_auth import Issuer, TokenClient

from tocsin.v1 import event_pb2, hub_pb2, incident_pb2

SEEN, HIDDEN, NEVER = (f"00000000-0000-7000-8000-{number:012d}" for number in (1, 2, 3))
ONLY_P0 = {"publish": ["comment_added"], "subscribe": {"severities": ["P0"]}}


def _comment(incident):
    return event_pb2.Event(comment_added=event_pb2.CommentAdded(incident_id=incident, author="ann", comment="c"))


def _escalation(incident, to):
    return event_pb2.Event(escalated=event_pb2.Escalated(incident_id=incident, to_severity=to))


@pytest.fixture
def issuer(tmp_path):
    return Issuer(tmp_path)


@pytest.fixture
def hub(issuer):
    """With an incident that ann may see and one that she may not: events 1 and 4, and 2 and 3."""
    with harness.start_hub(*issuer.flags, store="memory") as started:
        with TokenClient(started, issuer.token()) as client:
            client.publish(harness.incident_created("P0", incident_id=SEEN))
            client.publish(harness.incident_created("P3", incident_id=HIDDEN))
            client.publish(_comment(HIDDEN))
            client.publish(_comment(SEEN))
        yield started


@pytest.fixture
def root(hub, issuer):
    with TokenClient(hub, issuer.token()) as client:
        yield client


@pytest.fixture
def ann(hub, issuer):
    with TokenClient(hub, issuer.token(ONLY_P0)) as client:
        yield client


def _error(call):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), caught.value.details()


def test_a_hidden_incident_is_as_unknown_as_one_that_never_was(ann, root):
    def get(client, incident):
        return client.stub.GetIncident(hub_pb2.GetIncidentRequest(incident_id=incident), timeout=10)

    assert get(ann, SEEN).incident.id == SEEN and get(root, HIDDEN).incident.id == HIDDEN
    code, text = _error(lambda: get(ann, HIDDEN))
    assert code == grpc.StatusCode.NOT_FOUND
    assert text.replace(HIDDEN, NEVER) == _error(lambda: get(ann, NEVER))[1]


def test_lists_totals_and_pages(ann, root):
    listed = ann.stub.ListIncidents(hub_pb2.ListIncidentsRequest(), timeout=10)
    assert [incident.id for incident in listed.incidents] == [SEEN] and listed.total == 1
    assert root.stub.ListIncidents(hub_pb2.ListIncidentsRequest(), timeout=10).total == 2
    events = ann.stub.ListEvents(hub_pb2.ListEventsRequest(), timeout=10).events
    assert [event.sequence for event in events] == [1, 4]
    page = root.stub.ListEvents(hub_pb2.ListEventsRequest(limit=1), timeout=10)
    request = hub_pb2.ListEventsRequest(limit=1, page_token=page.next_page_token)
    assert _error(lambda: ann.stub.ListEvents(request, timeout=10))[0] == grpc.StatusCode.INVALID_ARGUMENT


def test_streams_behind_and_live(ann, root):
    with ann.subscribe(start="earliest") as stream:
        assert [event.sequence for event in stream.to_end_of_log()] == [1, 4]
        root.publish(_comment(HIDDEN))
        root.publish(_comment(SEEN))
        assert stream.take(1)[0].sequence == 6


def test_snapshots_and_leaves(ann, root):
    call = ann.stub.Subscribe(hub_pb2.SubscribeRequest(snapshot=True), timeout=20)
    snapshot, left = [], None
    for response in call:
        snapshot += [incident.id for incident in response.snapshot.incidents]
        if response.caught_up:
            root.publish(_escalation(HIDDEN, incident_pb2.SEVERITY_P4))
            root.publish(_escalation(SEEN, incident_pb2.SEVERITY_P2))
        assert not response.events
        if response.leaves:
            left = response.leaves
            break
    call.cancel()
    assert snapshot == [SEEN]
    assert [each.incident_id for each in left] == [SEEN]
    assert not left[0].HasField("incident"), "it may not be seen any more"


def test_event_types_choose_of_a_history(hub, issuer, root):
    request = hub_pb2.GetIncidentRequest(incident_id=SEEN)
    whole = root.stub.GetIncident(request, timeout=10).incident
    assert len(whole.notes) == 1 and len(whole.timeline) == 2
    with TokenClient(hub, issuer.token({"subscribe": {"event_types": ["incident_created"]}})) as client:
        part = client.stub.GetIncident(request, timeout=10).incident
    assert not part.notes and [entry.event_type for entry in part.timeline] == ["incident_created"]
    request.require.add(event_types=[event_pb2.EVENT_TYPE_INCIDENT_CREATED])
    required = root.stub.GetIncident(request, timeout=10).incident
    assert required == part, "a bridge asks with the permission's filter as `require`"


def test_explanations(ann, root, hub, issuer):
    def explain(client, **what):
        return client.stub.Explain(hub_pb2.ExplainRequest(**what), timeout=10)

    stopped = explain(ann, event=harness.incident_created(severity="P3"))
    assert stopped.matching == 0
    assert [field.field for field in stopped.explanations[0].fields] == ["permission"]
    assert "P0" not in str(stopped)
    assert explain(ann, event=harness.incident_created(severity="P0")).matching == 1
    code, text = _error(lambda: explain(ann, event=_comment(HIDDEN)))
    assert code == grpc.StatusCode.NOT_FOUND
    assert text.replace(HIDDEN, NEVER) == _error(lambda: explain(ann, event=_comment(NEVER)))[1]
    last = explain(ann, last=2)
    assert last.looked_at == 2 and [int(each.cursor.split("-")[1], 16) for each in last.explanations] == [4, 1]
    assert explain(root, last=1000).looked_at == 4 and explain(ann, last=1000).looked_at == 2
    with ann.subscribe(filter={"sources": ["x"]}) as stream:
        session = dict(stream.call.initial_metadata())["tocsin-session"]
        own = explain(ann, session_id=session).session.subscriptions[0]
        assert list(own.filter.sources) == ["x"] and not own.require and not own.filter.severities
        with TokenClient(hub, issuer.token(name="bob")) as bob:
            assert _error(lambda: explain(bob, session_id=session))[0] == grpc.StatusCode.NOT_FOUND
        with TokenClient(hub, issuer.token({"admin": True}, name="root")) as admin:
            assert explain(admin, session_id=session).session.session_id == session


def test_numbers_and_types(ann, root):
    status = ann.stub.GetStatus(hub_pb2.GetStatusRequest(), timeout=10)
    assert not status.events_held and not status.bytes_held and status.latest and status.accepts_publish
    assert root.stub.GetStatus(hub_pb2.GetStatusRequest(), timeout=10).events_held == 4
    request = hub_pb2.PublishRequest(events=[_comment(SEEN), harness.incident_created()])
    code, text = _error(lambda: ann.stub.Publish(request, timeout=10))
    assert code == grpc.StatusCode.PERMISSION_DENIED and "events[1].type" in text
    stream = [hub_pb2.PublishStreamRequest(publish=request),
              hub_pb2.PublishStreamRequest(publish=hub_pb2.PublishRequest(events=[_comment(SEEN)]))]
    answers = list(ann.stub.PublishStream(iter(stream), timeout=10))
    assert [answer.error.reason for answer in answers] == ["FORBIDDEN", ""]
    assert root.stub.GetStatus(hub_pb2.GetStatusRequest(), timeout=10).events_held == 5
