"""POST /v1/alerts over both programs: what a subscriber sees, and retries."""

import asyncio
import concurrent.futures
import uuid

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
