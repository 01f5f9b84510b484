"""What no sender of alerts should send: the status that its sender acts on, an error that names the field, and nothing changed."""

import json
import re

import pytest

import alert_senders as senders
import harness
import witness
from alert_senders import ALERTMANAGER, CHANGE, GRAFANA, ONCALL, PAGERDUTY, PROMETHEUS, action, group, trigger

A = {"alertname": "A"}


def one(**fields):
    """A group of one alert with these fields."""
    return {"alerts": [{"labels": A, **fields}]}


def without(body, *path):
    body = json.loads(json.dumps(body))
    within = body
    for name in path[:-1]:
        within = within[name]
    del within[path[-1]]
    return body


def deep(levels):
    return b"[" * levels + b"]" * levels


MANY = b"[" + b",".join([b'{"labels":{"a":"b"}}'] * 10_001) + b"]"

# name: (path, body, status, what the answer has in it)
ROWS = {
    # no JSON, on each route
    **{f"nothing to {path}": (path, b"", 400, "not JSON") for path in (ALERTMANAGER, PROMETHEUS, GRAFANA, ONCALL, PAGERDUTY, CHANGE)},
    **{f"half an object to {path}": (path, b'{"alerts":[', 400, "not JSON") for path in (ALERTMANAGER, PROMETHEUS, GRAFANA, ONCALL, PAGERDUTY, CHANGE)},
    "two bodies": (ALERTMANAGER, b'{"alerts":[]}{"alerts":[]}', 400, "not JSON"),
    "a comment": (ALERTMANAGER, b'{"alerts":[]} // none', 400, "not JSON"),
    "a trailing comma": (PROMETHEUS, b"[{}, ]", 400, "not JSON"),
    "no UTF-8": (PROMETHEUS, b'[{"labels":{"a":"\xff\xfe"}}]', 400, "not JSON"),
    "a lone surrogate": (PROMETHEUS, rb'[{"labels":{"a":"\ud800"}}]', 400, "not JSON"),
    "a form": (PAGERDUTY, b"routing_key=x&event_action=trigger", 400, "not JSON"),
    "a key twice": (ALERTMANAGER, b'{"alerts":[],"alerts":[]}', 400, "alerts comes twice"),
    "a label twice": (PROMETHEUS, b'[{"labels":{"a":"1","a":"2"}}]', 400, "comes twice"),
    "nested too deeply": (PROMETHEUS, deep(40), 400, "nested too deeply"),
    "details nested too deeply": (PAGERDUTY, json.dumps(trigger()).replace('"db-1"', '"db-1","custom_details":{"a":' + deep(40).decode() + "}").encode(), 400, "nested too deeply"),
    "a number out of range": (GRAFANA, b'{"alerts":[{"labels":{"a":"b"},"values":{"B":1e999}}]}', 400, "out of range"),
    # another format
    "a list to the webhook": (ALERTMANAGER, [], 400, '"field":"body"'),
    "a number to the webhook": (ALERTMANAGER, 7, 400, '"field":"body"'),
    "null to the webhook": (ALERTMANAGER, b"null", 400, '"field":"body"'),
    "an object to /api/v2/alerts": (PROMETHEUS, group(senders.alert("2026-01-01T00:00:00Z")), 400, "body is no list"),
    "a text to /api/v2/alerts": (PROMETHEUS, "alert", 400, "body is no list"),
    "a custom payload": (ALERTMANAGER, {"text": "HighErrorRate fires"}, 400, "alerts is required"),
    "a custom payload of Grafana": (GRAFANA, {"title": "x", "msg": "y"}, 400, "alerts is required"),
    "Grafana's old alerting": (GRAFANA, {"ruleId": 1, "ruleName": "x", "state": "alerting", "evalMatches": []}, 400, "alerts is required"),
    "alerts that are no list": (ALERTMANAGER, {"alerts": {"a": 1}}, 400, "alerts is no list"),
    "alerts that are a text": (GRAFANA, {"alerts": "none"}, 400, "alerts is no list"),
    "alerts that are null": (ALERTMANAGER, {"alerts": None}, 400, "alerts is required"),
    "PagerDuty's event to the webhook": (ALERTMANAGER, trigger(), 400, "alerts is required"),
    "a list to OnCall": (ONCALL, [], 400, '"field":"body"'),
    "a group to OnCall": (ONCALL, group(), 400, "title is required"),
    # alerts of which none can be taken
    "an alert that is a number": (ALERTMANAGER, {"alerts": [7]}, 400, "alerts[0] is no object"),
    "an alert that is null": (PROMETHEUS, [None], 400, "alerts[0] is no object"),
    "an alert that is a list": (PROMETHEUS, [[]], 400, "alerts[0] is no object"),
    "no labels": (ALERTMANAGER, {"alerts": [{"status": "firing"}]}, 400, "alerts[0].labels is required"),
    "no labels in it": (PROMETHEUS, [{"labels": {}}], 400, "alerts[0].labels is required"),
    "empty labels alone": (PROMETHEUS, [{"labels": {"a": "", "b": None}}], 400, "alerts[0].labels is required"),
    "labels that are a list": (PROMETHEUS, [{"labels": ["a", "b"]}], 400, "alerts[0].labels is no object"),
    "labels that are a text": (GRAFANA, {"alerts": [{"labels": "a=b"}]}, 400, "alerts[0].labels is no object"),
    "a label that is a list": (PROMETHEUS, [{"labels": {"a": ["b"]}}], 400, r'alerts[0].labels[\"a\"] is no text'),
    "a label that is an object": (ALERTMANAGER, {"alerts": [{"labels": {"a": {"b": "c"}}}]}, 400, r'alerts[0].labels[\"a\"] is no text'),
    "a label without a name": (PROMETHEUS, [{"labels": {"": "b"}}], 400, "alerts[0].labels has an empty key"),
    "annotations that are a list": (ALERTMANAGER, one(annotations=[]), 400, "alerts[0].annotations is no object"),
    "an annotation that is an object": (GRAFANA, one(annotations={"a": {}}), 400, r'alerts[0].annotations[\"a\"] is no text'),
    "an annotation without a name": (PROMETHEUS, [{"labels": A, "annotations": {"": "x"}}], 400, "alerts[0].annotations has an empty key"),
    "a start that is no time": (ALERTMANAGER, one(startsAt="yesterday"), 400, "alerts[0].startsAt is no time"),
    "a start that is a number": (PROMETHEUS, [{"labels": A, "startsAt": 1767225600}], 400, "alerts[0].startsAt is no time"),
    "a start without a zone": (PROMETHEUS, [{"labels": A, "startsAt": "2026-01-01T00:00:00"}], 400, "alerts[0].startsAt is no time"),
    "a start in the 13th month": (ALERTMANAGER, one(startsAt="2026-13-01T00:00:00Z"), 400, "alerts[0].startsAt is no time"),
    "an end that is no time": (PROMETHEUS, [{"labels": A, "endsAt": "soon"}], 400, "alerts[0].endsAt is no time"),
    "an empty end": (ALERTMANAGER, one(endsAt=""), 400, "alerts[0].endsAt is no time"),
    "a status of another kind": (ALERTMANAGER, one(status="pending"), 400, "alerts[0].status is"),
    "a status of Grafana's old alerting": (GRAFANA, one(status="alerting"), 400, "firing, resolved"),
    "two that cannot be taken": (ALERTMANAGER, {"alerts": [{}, {"labels": {}}]}, 400, "none of the 2 alerts can be taken"),
    "an alert of more than 1 MiB": (ALERTMANAGER, {"alerts": [{"labels": {"a": "x" * (1 << 20)}}]}, 413, "alerts[0]"),
    # too much
    "10,001 alerts": (PROMETHEUS, MANY, 413, "at most 10000 alerts in one body"),
    "10,001 alerts in a group": (ALERTMANAGER, b'{"alerts":' + MANY + b"}", 413, "at most 10000 alerts in one body"),
    "17 MiB": (ALERTMANAGER, b" " * (17 << 20), 413, "MESSAGE_TOO_LARGE"),
    "an event of 2 MiB": (PAGERDUTY, b" " * (2 << 20), 413, "MESSAGE_TOO_LARGE"),
    "an alert of 2 MiB to OnCall": (ONCALL, b" " * (2 << 20), 413, "MESSAGE_TOO_LARGE"),
    # PagerDuty
    "an empty event": (PAGERDUTY, {}, 400, "'routing_key' is missing or blank"),
    "no routing key": (PAGERDUTY, without(trigger(), "routing_key"), 400, "'routing_key' is missing or blank"),
    "a blank routing key": (PAGERDUTY, trigger() | {"routing_key": ""}, 400, "'routing_key' is missing or blank"),
    "a routing key that is a number": (PAGERDUTY, trigger() | {"routing_key": 7}, 400, "'routing_key' is missing or blank"),
    "no action": (PAGERDUTY, without(trigger(), "event_action"), 400, "'event_action' must be one of"),
    "an unknown action": (PAGERDUTY, trigger() | {"event_action": "close"}, 400, "trigger, acknowledge, resolve"),
    "the action of version 1": (PAGERDUTY, {"service_key": "k", "event_type": "trigger", "description": "d"}, 400, "event_action"),
    "no payload": (PAGERDUTY, without(trigger(), "payload"), 400, "'payload' is missing"),
    "a payload that is a text": (PAGERDUTY, trigger() | {"payload": "x"}, 400, "'payload.summary' is missing"),
    "no summary": (PAGERDUTY, without(trigger(), "payload", "summary"), 400, "'payload.summary' is missing or blank"),
    "no source": (PAGERDUTY, without(trigger(), "payload", "source"), 400, "'payload.source' is missing or blank"),
    "no severity": (PAGERDUTY, without(trigger(), "payload", "severity"), 400, "'payload.severity' is missing or blank"),
    "an unknown severity": (PAGERDUTY, trigger(severity="P1"), 400, "critical, error, info, warning"),
    "a dedup key of 256 characters": (PAGERDUTY, trigger(key="k" * 256), 400, "256 characters"),
    "acknowledge without a key": (PAGERDUTY, without(action("acknowledge"), "dedup_key"), 400, "'dedup_key' is missing"),
    "resolve without a key": (PAGERDUTY, without(action("resolve"), "dedup_key"), 400, "'dedup_key' is missing"),
    "a list of events": (PAGERDUTY, [trigger()], 400, "an object"),
    "a change without summary": (CHANGE, {"routing_key": "k", "payload": {}}, 400, "'payload.summary' is missing or blank"),
    "a change without payload": (CHANGE, {"routing_key": "k"}, 400, "'payload.summary' is missing or blank"),
    "a change without routing key": (CHANGE, {"payload": {"summary": "s"}}, 400, "'routing_key' is missing or blank"),
    # OnCall
    "an empty alert to OnCall": (ONCALL, {}, 400, "title is required"),
    "a title that is a number": (ONCALL, {"title": 7}, 400, "title is required"),
    "an end of nothing": (ONCALL, {"state": "ok"}, 400, "title is required"),
}


def refuse(bridge, name):
    path, body, status, said = ROWS[name]
    got, fields, answer = harness.post(bridge, path, body)
    text = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
    assert got == status and said in text, (got, text)
    if path in (PAGERDUTY, CHANGE) and "MESSAGE_TOO_LARGE" not in text:
        assert answer["status"] == "invalid event" and answer["errors"], answer
        assert "r" * 32 not in text, "a routing key is told nobody"
        return
    assert fields["content-type"] == "application/problem+json" and answer["code"]
    if named := re.match(r"(\S+) (is|has|comes)\b", said.replace('\\"', '"')):
        assert answer["field"] == named[1], answer


@pytest.mark.parametrize("name", ROWS)
def test_a_bad_body_gets_its_error_and_changes_nothing(hub, bridge, name):
    before = witness.state(hub, bridge)
    refuse(bridge, name)
    assert witness.state(hub, bridge) == before
    assert bridge.running() and hub.running()


@pytest.mark.parametrize("name", ROWS)
def test_a_bad_body_gets_its_error_while_the_hub_is_away(without_hub, name):
    """A sender that is told 503 would send it again for ever."""
    refuse(without_hub, name)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", [ALERTMANAGER, PROMETHEUS, PAGERDUTY, CHANGE, ONCALL])
def test_other_methods_are_refused(bridge, path, method):
    status, fields, _ = harness.post(bridge, path, b"", method=method)
    assert status == 405 and "POST" in fields["allow"]


def test_a_compressed_body_is_refused(bridge):
    for path in (ALERTMANAGER, PROMETHEUS):
        status, _, answer = harness.post(bridge, path, b"\x1f\x8b", {"Content-Encoding": "gzip"})
        assert status == 415 and answer["field"] == "Content-Encoding"
    status, _, answer = harness.post(bridge, PAGERDUTY, b"\x1f\x8b", {"Content-Encoding": "gzip"})
    assert status == 400 and "Content-Encoding" in answer["errors"][0]
