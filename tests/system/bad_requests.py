"""Requests of the bridge's own HTTP routes that must be refused, and what each is to be told. The formats of alert senders have
their own (test_bad_alerts.py)."""

import dataclasses
import json

DEAD = "0190b6a5-7c1e-7000-8000-00000000dead"  # of no incident
ONE = "/v1/incidents/{one}"  # an incident that there is

ALERT = {"title": "t", "source": "s", "severity": "P1", "alert_type": "availability"}
INCIDENT = {"title": "t", "source": "s", "severity": "P1"}
SYSTEM_EVENT = {"type": "system_event", "category": "test", "message": "m"}
CLOUD_EVENT = {"specversion": "1.0", "id": "7", "source": "/ci", "type": "com.example.built"}
CE_HEADERS = {"ce-specversion": "1.0", "ce-id": "7", "ce-source": "/ci", "ce-type": "com.example.built"}
STRUCTURED = {"Content-Type": "application/cloudevents+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
TEXT = {"Content-Type": "text/plain"}


@dataclasses.dataclass
class Bad:
    method: str
    path: str
    name: str
    body: object  # bytes as they are, else JSON; None for no body
    field: str | None  # that the answer must name
    status: int = 400
    code: str = "INVALID_MESSAGE"
    headers: dict = dataclasses.field(default_factory=dict)
    # Only the hub can tell, or has to be asked before.
    by_hub: bool = False

    def __str__(self):
        return f"{self.method} {self.path.partition('?')[0]} {self.name}"

    def data(self):
        return self.body if isinstance(self.body, (bytes, type(None))) else json.dumps(self.body).encode()


def too_large(method, path, name, body, **more):
    return Bad(method, path, name, body, None, 413, "MESSAGE_TOO_LARGE", **more)


def unsupported(method, path, name, body, media_type):
    return Bad(method, path, name, body, "Content-Type", 415, "UNSUPPORTED", {"Content-Type": media_type})


def not_json(method, path, **more):
    """What is no JSON, on any route that takes JSON."""
    bodies = {"half an object": b'{"title":"t"', "a form": b"title=t&severity=P0", "two objects": b"{}{}",
              "invalid UTF-8": b'{"title":"\xff"}', "a lone surrogate": rb'{"title":"\ud800"}', "a trailing comma": b'{"title":"t",}',
              "nested too deeply": b"[" * 100 + b"]" * 100, "a number out of range": b'{"title":1e999}'}
    return [Bad(method, path, name, body, None, **more) for name, body in bodies.items()]


def keys(path, body):
    return [Bad("POST", path, f"an Idempotency-Key of {what}", body, "Idempotency-Key", headers={"Idempotency-Key": key})
            for what, key in {"256 characters": "k" * 256, "nothing": ""}.items()]


def if_match(method, path, body):
    return [Bad(method, path, f"If-Match {tag}", body, "If-Match", headers={"If-Match": tag})
            for tag in ('5', 'W/"5"', '"5", "6"', '"x"', '""', '"-1"', '"05"')]


SUBJECT = {
    "no title": (("title", None), "title"), "an empty title": (("title", ""), "title"),
    "a title of 501": (("title", "x" * 501), "title"), "a title that is a number": (("title", 7), "title"),
    "no source": (("source", None), "source"), "an empty source": (("source", ""), "source"),
    "a source of 256": (("source", "x" * 256), "source"),
    "no severity": (("severity", None), "severity"), "severity P9": (("severity", "P9"), "severity"),
    "a severity that is a number": (("severity", 1), "severity"), "an empty severity": (("severity", ""), "severity"),
    "labels of numbers": (("labels", {"a": 1}), 'labels["a"]'), "labels as a list": (("labels", []), "labels"),
    "a label without a key": (("labels", {"": "x"}), "labels"), "an unknown field": (("titel", "x"), "titel"),
    "an id that is no UUID": (("id", "x"), "id"), "a description that is a list": (("description", []), "description"),
}


def subject(path, good):
    """What incidents and alerts have in common; None takes the field away."""
    rows = []
    for name, ((field, value), named) in SUBJECT.items():
        body = {k: v for k, v in (good | {field: value}).items() if v is not None}
        rows.append(Bad("POST", path, name, body, named))
    return rows + [Bad("POST", path, "a field twice", b'{"title":"a","title":"b"}', "title"),
                   Bad("POST", path, "a list", [good], None), Bad("POST", path, "a text", "alert", None),
                   too_large("POST", path, "above 1 MiB", good | {"description": "x" * 1_100_000}),
                   unsupported("POST", path, "as text", json.dumps(good).encode(), "text/plain")]


ALERTS = [
    *not_json("POST", "/v1/alerts"), *subject("/v1/alerts", ALERT), *keys("/v1/alerts", ALERT),
    *(Bad("POST", "/v1/alerts", f"{field} {json.dumps(value)[:24]}", ALERT | {field: value}, named) for field, value, named in [
        ("alert_type", "odd", "alert_type"), ("status", "gone", "status"), ("incident_id", DEAD, "incident_id"),
        ("received_at", "2026-01-01T00:00:00Z", "received_at"), ("deduplicated", True, "deduplicated"),
        ("fingerprint", "f" * 513, "fingerprint"), ("ends_at", "soon", "ends_at"), ("timestamp", 1767225600, "timestamp"),
        ("affected_services", "db", "affected_services"), ("affected_services", [7], "affected_services[0]"),
        ("annotations", {"a": {}}, 'annotations["a"]'), ("annotations", {"": "x"}, "annotations"),
        ("runbook_url", 7, "runbook_url"), ("parent_alert_id", "x", "parent_alert_id"), ("external_id", [], "external_id")]),
]

CREATE = [
    *not_json("POST", "/v1/incidents"), *subject("/v1/incidents", INCIDENT), *keys("/v1/incidents", INCIDENT),
    *(Bad("POST", "/v1/incidents", f"{field} {json.dumps(value)[:24]}", INCIDENT | {field: value}, named) for field, value, named in [
        ("state", "Open", "state"), ("incident_type", "Odd", "incident_type"), ("metadata", {"": "x"}, "metadata"),
        ("updated_at", "2026-01-01T00:00:00Z", "updated_at"), ("notes", [], "notes"), ("timeline", [], "timeline"),
        ("alerts", [], "alerts"), ("actor", 7, "actor"), ("related_incidents", ["x"], "related_incidents[0]"),
        ("active_playbook", "x", "active_playbook"), ("assignees", "ann", "assignees"),
        ("resolution", {"by": "x"}, "resolution.by"), ("correlation_score", "high", "correlation_score")]),
]

PATCH = [
    *not_json("PATCH", ONE),
    *(Bad("PATCH", ONE, name, body, field) for name, body, field in [
        ("a title of null", {"title": None}, "title"), ("a title of 501", {"title": "x" * 501}, "title"),
        ("an empty source", {"source": ""}, "source"), ("the id", {"id": "x"}, "id"), ("notes", {"notes": []}, "notes"),
        ("an unknown field", {"tilte": "x"}, "tilte"), ("a list", [], None), ("severity P9", {"severity": "P9"}, "severity"),
        ("a severity of null", {"severity": None}, "severity"), ("state Open", {"state": "Open"}, "state"),
        ("a label of a number", {"labels": {"a": 1}}, 'labels["a"]'), ("labels as a list", {"labels": []}, "labels"),
        ("a part of the resolution", {"resolution": {"by": "x"}}, "resolution.by"),
        ("a related incident", {"related_incidents": ["x"]}, "related_incidents[0]"),
        ("an actor of a number", {"actor": 7}, "actor")]),
    *if_match("PATCH", ONE, {"title": "u"}),
    unsupported("PATCH", ONE, "a JSON patch", [], "application/json-patch+json"),
    too_large("PATCH", ONE, "above 1 MiB", {"description": "x" * 1_100_000}),
    Bad("PATCH", "/v1/incidents/7", "an id that is no UUID", {"title": "u"}, "id"),
    Bad("PATCH", ONE, "If-Match of another state", {"title": "u"}, "If-Match", 412, "CONFLICT", {"If-Match": '"99999999"'}, by_hub=True),
    Bad("PATCH", f"/v1/incidents/{DEAD}", "of none", {"title": "u"}, "id", 404, "NOT_FOUND", by_hub=True),
]

PUT = [
    *not_json("PUT", ONE),
    *(Bad("PUT", ONE, name, body, field) for name, body, field in [
        ("less than the whole", {"title": "t"}, "severity"), ("an unknown field", INCIDENT | {"x": 1}, "x"),
        ("another id", INCIDENT | {"id": DEAD}, "id"), ("severity P9", INCIDENT | {"severity": "P9"}, "severity"),
        ("an empty title", INCIDENT | {"title": ""}, "title"), ("labels as a text", INCIDENT | {"labels": "a=b"}, "labels"),
        ("a list", [INCIDENT], None)]),
    *if_match("PUT", ONE, INCIDENT), unsupported("PUT", ONE, "as text", b"{}", "text/plain"),
    Bad("PUT", "/v1/incidents/7", "an id that is no UUID", INCIDENT, "id"),
    Bad("PUT", f"/v1/incidents/{DEAD}", "of none", INCIDENT, "id", 404, "NOT_FOUND", by_hub=True),
]


def action(name, good, *rows):
    path = f"{ONE}/{name}"
    return [*not_json("POST", path), *(Bad("POST", path, what, body, field) for what, body, field in rows),
            Bad("POST", path, "a list", [], None), Bad("POST", path, "an unknown field", good | {"text": "x"}, "text"),
            Bad("POST", path, "an actor of a number", good | {"actor": 7}, "actor"), *if_match("POST", path, good), *keys(path, good),
            unsupported("POST", path, "as text", b"c", "text/plain"),
            Bad("POST", f"/v1/incidents/7/{name}", "an id that is no UUID", good, "id"),
            Bad("POST", path, "If-Match of another state", good, "If-Match", 412, "CONFLICT", {"If-Match": '"99999999"'}, by_hub=True),
            Bad("POST", f"/v1/incidents/{DEAD}/{name}", "of none", good, "id", 404, "NOT_FOUND", by_hub=True)]


ACTIONS = [
    *action("comments", {"comment": "c"}, ("no comment", {}, "comment"), ("an empty one", {"comment": ""}, "comment"),
            ("a number", {"comment": 7}, "comment"), ("an author of a list", {"comment": "c", "author": []}, "author")),
    *action("assign", {"assignees": ["ann"]}, ("no assignees", {}, "assignees"), ("a text", {"assignees": "ann"}, "assignees"),
            ("a number", {"assignees": [7]}, "assignees[0]")),
    *action("escalate", {"to_severity": "P0"}, ("no severity", {"reason": "r"}, "to_severity"),
            ("severity P9", {"to_severity": "P9"}, "to_severity"), ("from", {"from_severity": "P1"}, "from_severity"),
            ("a reason of a number", {"to_severity": "P0", "reason": 7}, "reason")),
    *action("resolve", {"root_cause": "r"}, ("a method that is not", {"resolution_method": "Magic"}, "resolution_method"),
            ("a time that is not", {"resolved_at": "now"}, "resolved_at"), ("notes as a list", {"notes": []}, "notes")),
    Bad("POST", f"{ONE}/reopen", "no such action", {}, None, 404, "NOT_FOUND"),
    Bad("DELETE", ONE, "deleting", None, None, 405), Bad("GET", f"{ONE}/comments", "reading comments", None, None, 405),
]


def queries(path, *rows, by_hub=False):
    return [Bad("GET", f"{path}?{query}", query, None, field, code=code[0] if code else "INVALID_MESSAGE", by_hub=by_hub)
            for query, field, *code in rows]


QUERIES = [
    *queries("/v1/incidents", ("severity=P9", "severity", "INVALID_FILTER"), ("severities=", "severities"), ("severty=P1", "severty"),
             ("state=Open", "state", "INVALID_FILTER"), ("event_types=escalated", "event_types"), ("active_only=yes", "active_only"),
             ("active_only=true&active_only=true", "active_only"), ("incident_ids=7", "incident_ids[0]", "INVALID_FILTER"),
             ("labels.a=1&labels.a=2", "labels.a"), ("page=0", "page"), ("page=-1", "page"), ("page=x", "page"), ("page=1.5", "page"),
             ("page=99999999999", "page"), ("page=5000", "page"), ("page_size=0", "page_size"), ("page_size=1001", "page_size"),
             ("page_size=x", "page_size"), ("page_token=x", "page_token"), ("page_token=1.x", "page_token"),
             ("page_token=2.", "page_token"), ("page=2&page_token=2.x", "page"), ("sort=title", "sort"), ("sort=", "sort"),
             ("order=up", "order"), ("order=asc&order=asc", "order"), ("source=%zz", "source"), ("source=%e9", "source"),
             ("token=x", "token"), ("resume_from=latest", "resume_from")),
    *queries("/v1/incidents", ("page_token=2.x", "page_token"), by_hub=True),
    *queries(f"{ONE}/events", ("from=yesterday", "from"), ("to=x%20y", "to"), ("from=", "from"), ("to=earliest", "to"),
             ("page_size=0", "page_size"), ("page_size=1001", "page_size"), ("order=new", "order"), ("sort=severity", "sort"),
             ("page=2", "page"), (f"incident_ids={DEAD}", "incident_ids"), ("event_type=incident_gone", "event_type", "INVALID_FILTER"),
             ("severities=P1,", "severities", "INVALID_FILTER"), ("from=latest&from=latest", "from")),
    *queries(f"{ONE}/events", ("page_token=x", "page_token"), by_hub=True),
    Bad("GET", "/v1/incidents/7", "an id that is no UUID", None, "id"), Bad("GET", "/v1/incidents/7/events", "an id that is no UUID", None, "id"),
    Bad("GET", f"/v1/incidents/{DEAD}", "of none", None, "id", 404, "NOT_FOUND", by_hub=True),
    Bad("GET", f"/v1/incidents/{DEAD}/events", "of none", None, "id", 404, "NOT_FOUND", by_hub=True),
    *queries("/v1/events", ("severity=P0", "severity"), ("severities=P9", "severities", "INVALID_FILTER"), ("severities=", "severities"),
             ("event_types=gone", "event_types", "INVALID_FILTER"), ("states=Open", "states", "INVALID_FILTER"),
             ("incident_ids=7", "incident_ids[0]", "INVALID_FILTER"), ("access_token=x", "access_token"), ("on_gap=never", "on_gap"),
             ("resume_from=yesterday", "resume_from"), ("snapshot=yes", "snapshot"), ("leaves=1", "leaves"),
             ("snapshot=true&snapshot=true", "snapshot"), ("active_only=maybe", "active_only"), ("page=1", "page"),
             ("sources=%zz", "sources"), ("labels.=x&severities=", "severities")),
    Bad("GET", "/v1/events", "neither of the media types", None, None, 406, headers={"Accept": "application/json"}),
]

PUBLISH = [
    *not_json("POST", "/v1/events"), *keys("/v1/events", SYSTEM_EVENT),
    *(Bad("POST", "/v1/events", name, body, field) for name, body, field in [
        ("nothing", b"", None), ("no type", {}, "event.type"), ("an unknown type", {"type": "gone"}, "event.type"),
        ("an unknown field", SYSTEM_EVENT | {"mesage": "x"}, "event.mesage"),
        ("an id that is no UUID", SYSTEM_EVENT | {"id": "x"}, "event.id"),
        ("a wrong severity", [SYSTEM_EVENT, {"type": "incident_created", "incident": INCIDENT | {"severity": "P9"}}],
         "events[1].incident.severity"),
        ("no title", {"type": "incident_created", "incident": {"source": "s", "severity": "P1"}}, "event.incident.title"),
        ("a comment on nothing", {"type": "comment_added", "author": "a", "comment": "c"}, "event.comment_added.incident_id"),
        ("a comment without text", {"type": "comment_added", "incident_id": DEAD, "comment": 7}, "event.comment"),
        ("a priority that is none", SYSTEM_EVENT | {"priority": "Urgent"}, "event.priority"),
        ("no events", [], "events"), ("1,001 events", [SYSTEM_EVENT] * 1001, "events"), ("a number", b"7", "event"),
        ("one of two is null", [SYSTEM_EVENT, None], "events[1]")]),
    Bad("POST", "/v1/events", "one event above 1 MiB", SYSTEM_EVENT | {"message": "x" * 1_100_000}, "event", 413, "MESSAGE_TOO_LARGE"),
    too_large("POST", "/v1/events", "above 4 MiB", [SYSTEM_EVENT | {"message": "x" * 1_000_000}] * 5),
    *(unsupported("POST", "/v1/events", f"as {media_type or 'nothing'}", SYSTEM_EVENT, media_type)
      for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", "", "application/cloudevents+xml",
                         "application/cloudevents-batch+protobuf")),
    Bad("POST", "/v1/events", "of no incident", {"type": "comment_added", "incident_id": DEAD, "author": "a", "comment": "c"},
        "event.comment_added.incident_id", 404, "NOT_FOUND", by_hub=True),
]


def cloud(name, field, **changes):
    """One event by JSON; None takes the attribute away."""
    body = {k: v for k, v in (CLOUD_EVENT | changes).items() if v is not None}
    return Bad("POST", "/v1/events", f"CloudEvent, {name}", body, field, headers=STRUCTURED)


def binary(name, field, body=b"", **changes):
    headers = {k: v for k, v in (CE_HEADERS | {k.replace("_", "-"): v for k, v in changes.items()}).items() if v is not None}
    return Bad("POST", "/v1/events", f"binary CloudEvent, {name}", body, field, headers={"Content-Type": "application/json"} | headers)


CLOUD_EVENTS = [
    cloud("no version", "event.specversion", specversion=None), cloud("version 0.3", "event.specversion", specversion="0.3"),
    cloud("no id", "event.id", id=None), cloud("an empty id", "event.id", id=""), cloud("no source", "event.source", source=None),
    cloud("no type", "event.type", type=None), cloud("a capital in a name", "event.myExt", myExt="x"),
    cloud("a dash in a name", "event.my-ext", **{"my-ext": "x"}), cloud("an empty name", "event.", **{"": "x"}),
    cloud("a list as an attribute", "event.ext", ext=[1]), cloud("a number of 33 bits", "event.ext", ext=3_000_000_000),
    cloud("a time that is none", "event.time", time="now"), cloud("data that is no base64", "event.data_base64", data_base64="*"),
    cloud("data twice", "event.data_base64", data=1, data_base64="AA=="),
    cloud("a type that is not ours", "event.type", type="tocsin.v1.nothing", data={}),
    cloud("a type of ours without data", "event.data", type="escalated"),
    cloud("a wrong severity in data", "event.data.incident.severity", type="incident_created", data={"incident": INCIDENT | {"severity": "P9"}}),
    cloud("an unknown field in data", "event.data.mesage", type="system_event", data={"mesage": "m"}),
    Bad("POST", "/v1/events", "CloudEvent, a list", [CLOUD_EVENT], "event", headers=STRUCTURED),
    Bad("POST", "/v1/events", "CloudEvent, half an object", b'{"specversion":', None, headers=STRUCTURED),
    Bad("POST", "/v1/events", "batch, one event", CLOUD_EVENT, "events", headers=BATCH),
    Bad("POST", "/v1/events", "batch, the second is wrong", [CLOUD_EVENT, CLOUD_EVENT | {"specversion": "0.3"}], "events[1].specversion", headers=BATCH),
    Bad("POST", "/v1/events", "batch, the second is a number", [CLOUD_EVENT, 7], "events[1]", headers=BATCH),
    Bad("POST", "/v1/events", "batch, 1,001 events", [CLOUD_EVENT | {"id": str(i)} for i in range(1001)], "events", headers=BATCH),
    Bad("POST", "/v1/events", "batch, no JSON", b"[", None, headers=BATCH),
    binary("no version", "ce-specversion", ce_specversion=None), binary("no id", "ce-id", ce_id=None),
    binary("an empty source", "ce-source", ce_source=""), binary("a dash in a name", "ce-my-ext", ce_my_ext="x"),
    binary("bytes that are no UTF-8", "ce-subject", ce_subject="%FF"), binary("the type of its data", "ce-datacontenttype", ce_datacontenttype="x/y"),
    binary("a time that is none", "ce-time", ce_time="now"), binary("data that is no JSON", None, b"{"),
    binary("a wrong severity in data", "event.data.incident.severity", json.dumps({"incident": INCIDENT | {"severity": "P9"}}).encode(),
           ce_type="tocsin.v1.incident_created"),
]

EXPLAIN = [
    *not_json("POST", "/v1/explain"),
    *(Bad("POST", "/v1/explain", name, body, field, code=code[0] if code else "INVALID_MESSAGE") for name, body, field, *code in [
        ("a list", [], None), ("nothing asked", {}, None), ("two things asked", {"last": 1, "session_id": "x"}, None),
        ("an unknown field", {"lats": 5}, "lats"), ("too many", {"last": 1001}, "last"), ("none", {"last": 0}, None),
        ("a text for a number", {"last": "5"}, "last"), ("a fraction", {"last": 1.5}, "last"), ("less than none", {"last": -1}, "last"),
        ("an unknown severity", {"last": 1, "filter": {"severities": ["P9"]}}, "filter.severities[0]", "INVALID_FILTER"),
        ("an unknown filter field", {"last": 1, "filter": {"sev": []}}, "filter.sev", "INVALID_FILTER"),
        ("an incident that is no UUID", {"last": 1, "filter": {"incident_ids": ["x"]}}, "filter.incident_ids[0]", "INVALID_FILTER"),
        ("1,001 sources", {"last": 1, "filter": {"sources": [str(i) for i in range(1001)]}}, "filter.sources", "INVALID_FILTER"),
        ("a bad required filter", {"last": 1, "require": [{}, {"incident_ids": ["x"]}]}, "require[1].incident_ids[0]", "INVALID_FILTER"),
        ("nine required filters", {"last": 1, "require": [{}] * 9}, "require", "INVALID_FILTER"),
        ("required filters that are no list", {"last": 1, "require": {}}, "require"),
        ("an unknown choice", {"last": 1, "show": "some"}, "show"), ("a choice of one", {"event": SYSTEM_EVENT, "show": "matching"}, "show"),
        ("a bad event", {"event": {"type": "incident_created", "incident": {"source": "s", "severity": "P0"}}}, "event.incident.title"),
        ("an event that is a list", {"event": []}, "event"),
        ("a session with a filter", {"session_id": "x", "filter": {}}, "filter"),
        ("a session with required filters", {"session_id": "x", "require": [{}]}, "require"),
        ("a session that is a number", {"session_id": 7}, "session_id")]),
    unsupported("POST", "/v1/explain", "as text", {"last": 1}, "text/plain"),
    Bad("POST", "/v1/explain", "an event of an unknown incident", {"event": {
        "type": "comment_added", "author": "a", "comment": "c", "incident_id": DEAD}}, "event.comment_added.incident_id", 404, "NOT_FOUND", by_hub=True),
    Bad("POST", "/v1/explain", "an unknown session", {"session_id": DEAD}, "session_id", 404, "NOT_FOUND", by_hub=True),
]

ALL = [*ALERTS, *CREATE, *PATCH, *PUT, *ACTIONS, *QUERIES, *PUBLISH, *CLOUD_EVENTS, *EXPLAIN]
