"""POST /v1/alerts over both programs: what a subscriber sees, retries, and bad bodies."""

import asyncio
import concurrent.futures
import uuid

import pytest

import harness
from test_rest import ask

ALERT = {"title": "Test P0 Incident", "description": "Testing WebSocket notifications", "severity": "P0", "source": "test",
         "alert_type": "availability"}


def alert(**fields):
    """One that no other test's joins."""
    return ALERT | {"source": f"test-{uuid.uuid4()}"} | fields


def test_a_subscriber_to_p0_sees_the_alert_and_its_incident(hub, bridge):
    """The acceptance's curl, with a subscriber on gRPC and one on /ws."""
    async def over_ws():
        async with harness.connect(bridge) as ws:
            await ws.subscribe("s", filters={"severities": ["P0"]})
            answer = await asyncio.to_thread(ask, bridge, "POST", "/v1/alerts", alert())
            return answer, [message["event"]["event_type"] for message in await ws.events(2)]

    with hub.client() as client:
        start = hub.status().latest
        answer, seen = harness.run(over_ws())
        assert answer.status == 202 and answer.json["status"] == "accepted"
        assert uuid.UUID(answer.json["alert_id"]) and uuid.UUID(answer.json["incident_id"])
        assert seen == ["alert_received", "incident_created"]
        with client.subscribe({"severities": ["P0"]}, start=start) as stream:
            assert [e.type for e in stream.take(2)] == [harness.event_type_of(name) for name in seen]
    shown = ask(bridge, "GET", answer.headers["location"])
    assert shown.json["title"] == ALERT["title"] and len(shown.json["alerts"]) == 1


def test_the_same_alert_joins_and_a_resolved_one_resolves(bridge):
    body = alert()
    first = ask(bridge, "POST", "/v1/alerts", body)
    second = ask(bridge, "POST", "/v1/alerts", body)
    assert second.json["incident_id"] == first.json["incident_id"] and second.json["status"] == "accepted"
    assert second.json["alert_id"] != first.json["alert_id"]
    ask(bridge, "POST", "/v1/alerts", body | {"status": "Resolved"})
    assert ask(bridge, "GET", first.headers["location"]).json["state"] == "Resolved"


def test_a_key_makes_a_retry_the_same_alert(hub, bridge):
    body, key = alert(), str(uuid.uuid4())
    first = ask(bridge, "POST", "/v1/alerts", body, Idempotency_Key=key)
    before = hub.status().last_sequence
    second = ask(bridge, "POST", "/v1/alerts", body, Idempotency_Key=key)
    assert second.status == 202 and second.json["status"] == "duplicate"
    assert second.json["alert_id"] == first.json["alert_id"]
    other = ask(bridge, "POST", "/v1/alerts", body | {"title": "other"}, Idempotency_Key=key)
    assert (other.status, other.json["code"]) == (409, "CONFLICT")
    assert hub.status().last_sequence == before


def test_many_at_once_are_each_answered_with_their_own(bridge):
    def post(number):
        answer = ask(bridge, "POST", "/v1/alerts", alert(title=f"t{number}"))
        return ask(bridge, "GET", answer.headers["location"]).json["title"]

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert list(pool.map(post, range(200))) == [f"t{number}" for number in range(200)]


BAD = {
    "not JSON": (b"{", 400, None), "a list": ([ALERT], 400, None), "no title": ({"source": "s", "severity": "P1"}, 400, "title"),
    "a title of 501": (ALERT | {"title": "x" * 501}, 400, "title"), "no source": ({"title": "t", "severity": "P1"}, 400, "source"),
    "no severity": ({"title": "t", "source": "s"}, 400, "severity"), "severity P9": (ALERT | {"severity": "P9"}, 400, "severity"),
    "a type that is not": (ALERT | {"alert_type": "odd"}, 400, "alert_type"), "status": (ALERT | {"status": "gone"}, 400, "status"),
    "labels of numbers": (ALERT | {"labels": {"a": 1}}, 400, 'labels["a"]'), "an unknown field": (ALERT | {"titel": "x"}, 400, "titel"),
    "the hub's field": (ALERT | {"incident_id": str(uuid.uuid4())}, 400, "incident_id"), "id x": (ALERT | {"id": "x"}, 400, "id"),
    "a long fingerprint": (ALERT | {"fingerprint": "f" * 513}, 400, "fingerprint"),
    "a time that is not": (ALERT | {"ends_at": "soon"}, 400, "ends_at"), "services": (ALERT | {"affected_services": "db"}, 400, "affected_services"),
    "above 1 MiB": (ALERT | {"description": "x" * 1_100_000}, 413, None),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_named_and_changes_nothing(hub, bridge, name):
    body, status, field = BAD[name]
    before = hub.status().last_sequence
    answer = ask(bridge, "POST", "/v1/alerts", body)
    assert answer.status == status and answer.json["code"] == ("INVALID_MESSAGE" if status == 400 else "MESSAGE_TOO_LARGE"), answer
    assert field is None or (answer.json["field"] == field and field in answer.json["detail"]), answer
    assert hub.status().last_sequence == before
