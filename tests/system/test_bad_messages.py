"""Bad messages on /ws: each gets its error, and the connection lives on."""

import contextlib
import json

import pytest

import corpus
import raw
from raw import filters, subscribe

pytestmark = pytest.mark.usefixtures("others_live_on")
SEVERITIES = corpus.SEVERITIES
TYPES = ["subscribe", "unsubscribe", "ping", "ack", "authenticate"]
FILTER_FIELDS = ["event_types", "severities", "states", "sources", "affected_resources", "labels", "incident_ids",
                 "active_only"]
SUBSCRIBE_FIELDS = ["type", "subscription_id", "filters", "resume_from", "on_gap", "snapshot",
                       "leaves", "priority", "latest_only"]
ALLOWED = object()  # something must stand there, whatever it is

BAD_MESSAGES = {
    # name: (message, code, field, allowed)
    "empty": ("", "INVALID_MESSAGE", None, None),
    "no JSON": ("hello", "INVALID_MESSAGE", None, None),
    "half JSON": ('{"type":"ping"', "INVALID_MESSAGE", None, None),
    "two values": ('{"type":"ping"} {"type":"ping"}', "INVALID_MESSAGE", None, None),
    "trailing comma": ('{"type":"ping",}', "INVALID_MESSAGE", None, None),
    "comment": ('{"type":"ping"/**/}', "INVALID_MESSAGE", None, None),
    "NaN": ('{"type":"ping","timestamp":NaN}', "INVALID_MESSAGE", None, None),
    "control character in a text": ('{"type":"ping","timestamp":"a\nb"}', "INVALID_MESSAGE", None, None),
    "lone surrogate": ('{"type":"ping","timestamp":"\\ud800"}', "INVALID_MESSAGE", None, None),
    "key twice": ('{"type":"ping","type":"ack"}', "INVALID_MESSAGE", "type", None),
    "a list": ("[]", "INVALID_MESSAGE", None, None),
    "a number": ("1", "INVALID_MESSAGE", None, None),
    "null": ("null", "INVALID_MESSAGE", None, None),
    "40 levels deep": ('{"type":"ping","timestamp":' + "[" * 40 + "]" * 40 + "}", "INVALID_MESSAGE", None, ALLOWED),
    "20,000 levels deep": ("[" * 20_000 + "]" * 20_000, "INVALID_MESSAGE", None, ALLOWED),
    "no type": ({"subscription_id": "s"}, "INVALID_MESSAGE", "type", TYPES),
    "type a number": ({"type": 1}, "INVALID_MESSAGE", "type", ALLOWED),
    "type null": ({"type": None}, "INVALID_MESSAGE", "type", ALLOWED),
    "unknown type": ({"type": "subscrib"}, "INVALID_MESSAGE", "type", TYPES),
    "type in another case": ({"type": "Subscribe"}, "INVALID_MESSAGE", "type", TYPES),
    "a server's type": ({"type": "event"}, "INVALID_MESSAGE", "type", TYPES),
    "unknown field": (subscribe(filter={}), "INVALID_MESSAGE", "filter", SUBSCRIBE_FIELDS),
    "unknown field of ping": ({"type": "ping", "time": 1}, "INVALID_MESSAGE", "time", ["type", "timestamp"]),
    "no subscription_id": ({"type": "subscribe"}, "INVALID_MESSAGE", "subscription_id", ALLOWED),
    "empty subscription_id": ({"type": "subscribe", "subscription_id": ""}, "INVALID_MESSAGE", "subscription_id", ALLOWED),
    "subscription_id a number": ({"type": "subscribe", "subscription_id": 7}, "INVALID_MESSAGE", "subscription_id", ALLOWED),
    "subscription_id of 129": ({"type": "subscribe", "subscription_id": "ü" * 129}, "INVALID_MESSAGE", "subscription_id",
                               ["1 to 128 characters"]),
    "unsubscribe without id": ({"type": "unsubscribe"}, "INVALID_MESSAGE", "subscription_id", ALLOWED),
    "unsubscribe of none": ({"type": "unsubscribe", "subscription_id": "x"}, "NOT_FOUND", "subscription_id", None),
    "ack without message_id": ({"type": "ack"}, "INVALID_MESSAGE", "message_id", ALLOWED),
    "ack with a number": ({"type": "ack", "message_id": 5}, "INVALID_MESSAGE", "message_id", ALLOWED),
    "ping with an object": ({"type": "ping", "timestamp": {}}, "INVALID_MESSAGE", "timestamp", ALLOWED),
    "authenticate without token": ({"type": "authenticate"}, "INVALID_MESSAGE", "token", ALLOWED),
    "on_gap unknown": (subscribe(on_gap="skip"), "INVALID_MESSAGE", "on_gap", ["fail", "notify"]),
    "on_gap a bool": (subscribe(on_gap=True), "INVALID_MESSAGE", "on_gap", ALLOWED),
    "snapshot a text": (subscribe(snapshot="yes"), "INVALID_MESSAGE", "snapshot", ALLOWED),
    "resume_from a number": (subscribe(resume_from=5), "INVALID_MESSAGE", "resume_from", ALLOWED),
    "resume_from garbage": (subscribe(resume_from="yesterday"), "INVALID_MESSAGE", "resume_from", ALLOWED),
    "resume_from half a time": (subscribe(resume_from="2026-01-02"), "INVALID_MESSAGE", "resume_from", ALLOWED),
    "resume_from no leap day": (subscribe(resume_from="2026-02-29T00:00:00Z"), "INVALID_MESSAGE", "resume_from", ALLOWED),
    "resume_from too large": (subscribe(resume_from="f" * 17 + "-1"), "INVALID_MESSAGE", "resume_from", ALLOWED),
    "resume_from of 60 KB": (subscribe(resume_from="a" * 60_000), "INVALID_MESSAGE", "resume_from", ALLOWED),
    "filters a list": (subscribe(filters=[]), "INVALID_FILTER", "filters", ALLOWED),
    "filters a text": (subscribe(filters="P0"), "INVALID_FILTER", "filters", ALLOWED),
    "unknown filter field": (filters(severity=["P0"]), "INVALID_FILTER", "filters.severity", FILTER_FIELDS),
    "filter field in another case": (filters(Severities=["P0"]), "INVALID_FILTER", "filters.Severities", FILTER_FIELDS),
    "unknown severity": (filters(severities=["P0", "P5"]), "INVALID_FILTER", "filters.severities[1]", SEVERITIES),
    "severity a number": (filters(severities=[0]), "INVALID_FILTER", "filters.severities[0]", SEVERITIES),
    "severity empty": (filters(severities=[""]), "INVALID_FILTER", "filters.severities[0]", SEVERITIES),
    "severity unspecified": (filters(severities=["unspecified"]), "INVALID_FILTER", "filters.severities[0]", SEVERITIES),
    "severities a text": (filters(severities="P0"), "INVALID_FILTER", "filters.severities", ALLOWED),
    "unknown state": (filters(states=["Open"]), "INVALID_FILTER", "filters.states[0]", corpus.STATES),
    "unknown event type": (filters(event_types=["created"]), "INVALID_FILTER", "filters.event_types[0]", corpus.EVENT_TYPES),
    "source a number": (filters(sources=["a", 1]), "INVALID_FILTER", "filters.sources[1]", ALLOWED),
    "source empty": (filters(sources=[""]), "INVALID_FILTER", "filters.sources[0]", ALLOWED),
    "labels a list": (filters(labels=["env"]), "INVALID_FILTER", "filters.labels", ALLOWED),
    "label a number": (filters(labels={"env": 1}), "INVALID_FILTER", 'filters.labels["env"]', ALLOWED),
    "label key empty": (filters(labels={"": "a"}), "INVALID_FILTER", "filters.labels", ALLOWED),
    "incident_id no UUID": (filters(incident_ids=["12"]), "INVALID_FILTER", "filters.incident_ids[0]", ALLOWED),
    "active_only a text": (filters(active_only="true"), "INVALID_FILTER", "filters.active_only", ALLOWED),
    "1,001 sources": (filters(sources=[f"s{i}" for i in range(1001)]), "INVALID_FILTER", "filters.sources", ["at most 1000 values"]),
    "1,001 severities": (filters(severities=["P0"] * 1001), "INVALID_FILTER", "filters.severities", ["at most 1000 values"]),
    "1,001 labels": (filters(labels={f"k{i}": "v" for i in range(1001)}), "INVALID_FILTER", "filters.labels",
                     ["at most 1000 values"]),
    "a filter past 16 KiB": (filters(sources=["x" * 200 + str(i) for i in range(100)]), "INVALID_FILTER", "filters", ALLOWED),
}


@pytest.mark.parametrize("name", BAD_MESSAGES)
def test_a_bad_message_gets_its_error_and_the_connection_lives(bridge, name):
    message, code, field, allowed = BAD_MESSAGES[name]
    with raw.websocket(bridge) as frames:
        frames.send(message if isinstance(message, str) else json.dumps(message))
        error = frames.message()
        assert error["type"] == "error" and error["code"] == code, error
        assert error.get("field") == field, error
        assert field is None or code == "NOT_FOUND" or field.partition("[")[0] in error["message"], error
        if allowed is ALLOWED:
            assert error["allowed"] and all(isinstance(one, str) for one in error["allowed"]), error
            assert all(one in error["message"] for one in error["allowed"]), error
        elif allowed is not None:
            assert error["allowed"] == allowed, error
        assert len(json.dumps(error)) < 4096
        asked = isinstance(message, dict) and message.get("subscription_id")
        if asked and isinstance(asked, str) and len(asked) <= 128:
            assert error["subscription_id"] == asked, error
        frames.send_json({"type": "ping", "timestamp": "after"})
        assert frames.message()["timestamp"] == "after"
        frames.send_json({"type": "subscribe", "subscription_id": "good"})
        assert frames.expect("subscribed")["subscription_id"] == "good"


def test_binary_frames_are_unsupported_and_the_connection_lives(bridge):
    with raw.websocket(bridge) as frames:
        frames.send(b'{"type":"ping"}', opcode=raw.BINARY)
        error = frames.message()
        assert (error["type"], error["code"]) == ("error", "UNSUPPORTED")
        frames.send_json({"type": "ping"})
        frames.expect("pong")


def test_the_129th_subscription_is_refused(bridge):
    with raw.websocket(bridge) as frames:
        assert frames.welcome["limits"]["max_subscriptions"] == 128
        for i in range(128):
            frames.send_json({"type": "subscribe", "subscription_id": f"s{i}"})
            frames.expect("subscribed", subscription_id=f"s{i}")
        frames.send_json({"type": "subscribe", "subscription_id": "one more"})
        error = frames.expect("error")
        assert error["code"] == "SUBSCRIPTION_LIMIT_EXCEEDED" and error["subscription_id"] == "one more"
        assert "128" in error["message"]
        frames.send_json({"type": "subscribe", "subscription_id": "s5", "filters": {"severities": ["P0"]}})
        frames.expect("subscribed", subscription_id="s5")  # replacing one adds none
        frames.send_json({"type": "unsubscribe", "subscription_id": "s0"})
        frames.expect("unsubscribed")
        frames.send_json({"type": "subscribe", "subscription_id": "one more"})
        frames.expect("subscribed", subscription_id="one more")


def test_messages_past_the_rate_are_refused_with_a_wait(bridge):
    with raw.websocket(bridge) as frames:
        ping = json.dumps({"type": "ping"})
        for _ in range(400):
            frames.send(ping)
        error = frames.expect("error")
        assert error["code"] == "RATE_LIMIT_EXCEEDED" and error["retry_after_ms"] >= 1
        assert "100" in error["message"]
        # It goes on once the client is slower. Not each refused message has an error of its own.
        frames.sock.settimeout(0.3)
        for _ in range(20):
            frames.send_json({"type": "subscribe", "subscription_id": "later"})
            with contextlib.suppress(TimeoutError):
                frames.expect("subscribed", subscription_id="later")
                break
        else:
            raise AssertionError("nothing was taken any more")
