"""Filters and events for the tests, the same ones each time, and the oracle that says which go together.

An event is a plain dict in the JSON form of docs/protocol.md section 1, together with its facts: what a filter
may ask about it, with the incident as it stands after the event. The facts are kept here by a model of their
own, so that what the hub fills in is checked as well.
"""

import copy
import datetime
import random
import uuid

import harness

EVENT_TYPES = [
    "incident_created", "incident_updated", "incident_resolved", "incident_closed", "alert_received",
    "alert_converted", "escalated", "playbook_started", "playbook_action_executed",
    "playbook_completed", "notification_sent", "assignment_changed", "comment_added", "system_event"]
SEVERITIES = ["P0", "P1", "P2", "P3", "P4"]
STATES = ["Detected", "Triaged", "Investigating", "Remediating", "Resolved", "Closed"]
ACTIVE = STATES[:4]
INCIDENT_TYPES = ["Infrastructure", "Application", "Security", "Data", "Performance", "Availability",
                  "Compliance", "Unknown"]
METHODS = ["Automated", "Manual", "AutoAssistedManual"]
SOURCES = ["llm-sentinel", "prometheus", "grafana", "büro/östlich", 'the "old" one', "x" * 255]
RESOURCES = ["api-gateway", "db-1", "db-2", "cache", "queue", "dns", "地域-東京", "a b", "db-1 ", "DB-1"]
LABELS = {"env": ["production", "staging", ""], "team": ["core", "edge", "data"],
          "region": ["eu-1", "us-1", "ap-1"], "tier": ["1", "2"], "日本": ["はい"]}


def _uuid(rng):
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _some(rng, values, most):
    return rng.sample(values, rng.randint(0, min(most, len(values))))


def _labels(rng, most=4):
    return {key: rng.choice(LABELS[key]) for key in _some(rng, list(LABELS), most)}


def _text(rng):
    return rng.choice(["", "down", "tab\there", "line\nbreak", "\u2028 and \u2029", "\x01\x7f", "😀 ok",
                       'quote " and \\', "</script>"])


# --- Events ---------------------------------------------------------------------------------------


def states_after(state, kind):
    """The states that an event of this kind may leave an incident in (docs/protocol.md section 1)."""
    if state == "Detected":
        return STATES
    if state == "Closed" or (state == "Resolved" and kind != "incident_updated"):
        return STATES[STATES.index(state):]
    return STATES[1:]


class _Maker:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.incidents = {}  # id → the incident as it stands

    def incident(self, incident_id):
        rng = self.rng
        made = {
            "id": incident_id, "state": rng.choice(STATES), "severity": rng.choice(SEVERITIES),
            "incident_type": rng.choice(INCIDENT_TYPES), "source": rng.choice(SOURCES),
            "title": "down " + _text(rng), "description": _text(rng),
            "affected_resources": _some(rng, RESOURCES, 4), "labels": _labels(rng),
            "metadata": {"k" + _text(rng): _text(rng)}, "assignees": _some(rng, ["ann", "bob"], 2)}
        if rng.random() < 0.3:
            made.update(fingerprint="f-" + _text(rng), related_incidents=[_uuid(rng)],
                        correlation_score=rng.choice([0.0, 0.1, 1e-7, 12345678.9, -2.5e300]))
        return made

    def alert(self):
        rng = self.rng
        made = {
            "id": _uuid(rng), "external_id": "e1", "source": rng.choice(SOURCES),
            "severity": rng.choice(SEVERITIES), "alert_type": rng.choice(INCIDENT_TYPES),
            "title": "alert " + _text(rng), "description": _text(rng), "labels": _labels(rng),
            "affected_services": _some(rng, RESOURCES, 4), "annotations": {"a": _text(rng)},
            "timestamp": "2026-01-02T03:04:05.000678Z", "received_at": "2026-01-02T03:04:06Z"}
        if rng.random() < 0.3:
            made.update(runbook_url="https://r/" + _text(rng), incident_id=_uuid(rng),
                        parent_alert_id=_uuid(rng), deduplicated=True)
        return made

    def payload(self, kind):
        rng = self.rng
        return {
            "alert_converted": lambda: {"alert": self.alert()},
            "escalated": lambda: {"to_severity": rng.choice(SEVERITIES), "reason": _text(rng)},
            "playbook_started": lambda: {"playbook_id": _uuid(rng), "playbook_name": _text(rng)},
            "playbook_action_executed": lambda: {
                "playbook_id": _uuid(rng), "action_name": _text(rng), "success": rng.random() < 0.5,
                "message": _text(rng)},
            "playbook_completed": lambda: {
                "playbook_id": _uuid(rng), "success": rng.random() < 0.5, "actions_executed": rng.randint(0, 9)},
            "notification_sent": lambda: {"channel": "mail", "success": rng.random() < 0.5},
            "assignment_changed": lambda: {"assignees": _some(rng, ["ann", "bob", "cyd"], 3)},
            "comment_added": lambda: {"author": "ann", "comment": _text(rng)},
        }.get(kind, dict)()

    def event(self, kind):
        rng = self.rng
        event = {"type": kind, "id": _uuid(rng)}
        if rng.random() < 0.3:
            event.update(actor="ann", traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
        if rng.random() < 0.1:
            event["priority"] = rng.choice(["Low", "Normal", "High", "Critical"])
        if kind == "system_event":
            event.update(category="deploy", message=_text(rng), metadata={"m": _text(rng)})
            return event, {"event_type": kind}
        if kind == "alert_received":
            event["alert"] = alert = self.alert()
            return event, {"event_type": kind, "severity": alert["severity"], "source": alert["source"],
                           "affected_resources": alert["affected_services"], "labels": alert["labels"]}
        return self.incident_event(event, kind)

    def incident_event(self, event, kind):
        rng = self.rng
        if kind == "incident_created" or not self.incidents:
            event["type"] = kind = "incident_created"
            now = self.incident(_uuid(rng))
            event["incident"] = copy.deepcopy(now)
        else:
            now = copy.deepcopy(self.incidents[rng.choice(list(self.incidents))])
            if kind == "incident_resolved" and now["state"] == "Closed":
                event["type"] = kind = "incident_closed"  # again, which changes nothing
            event.update(self.payload(kind))
            if rng.random() < 0.25:  # whole: it replaces what is known
                state = rng.choice(states_after(now["state"], kind))
                now = self.incident(now["id"])
                now["state"] = state
                event["incident"] = copy.deepcopy(now)
            elif kind in ("incident_updated", "incident_resolved", "incident_closed") or rng.random() < 0.3:
                event["incident"] = {"id": now["id"]}
            else:
                event["incident_id"] = now["id"]
        self.apply(event, kind, now)
        self.incidents[now["id"]] = now
        while len(self.incidents) > 40:
            del self.incidents[next(iter(self.incidents))]
        facts = {key: copy.deepcopy(now[key])
                 for key in ("severity", "state", "source", "affected_resources", "labels")}
        return event, {"event_type": kind, "incident_id": now["id"], **facts}

    @staticmethod
    def apply(event, kind, now):
        if kind == "incident_resolved":
            now["state"] = "Resolved"
        elif kind == "incident_closed":
            now["state"] = "Closed"
        elif kind == "escalated":
            now["severity"] = event["to_severity"]
        elif kind == "assignment_changed":
            now["assignees"] = event["assignees"]


def events(count, seed=1):
    """count pairs (event, facts); every type comes."""
    maker = _Maker(seed)
    kinds = EVENT_TYPES + [maker.rng.choice(EVENT_TYPES) for _ in range(count - len(EVENT_TYPES))]
    return [maker.event(kind) for kind in kinds]


# --- Filters --------------------------------------------------------------------------------------


def filters(count, facts, seed=2):
    """count filters; incident ids are taken from the facts of the events that they are for."""
    rng = random.Random(seed)
    ids = sorted({fact["incident_id"] for fact in facts if "incident_id" in fact})
    fields = {
        "event_types": lambda: rng.sample(EVENT_TYPES, rng.randint(1, 5)),
        "severities": lambda: rng.sample(SEVERITIES, rng.randint(1, 3)),
        "states": lambda: rng.sample(STATES, rng.randint(1, 3)),
        "sources": lambda: rng.sample(SOURCES, rng.randint(1, 3)),
        "affected_resources": lambda: rng.sample(RESOURCES, rng.randint(1, 4)),
        "labels": lambda: _labels(rng, 2) or {"env": "production"},
        "incident_ids": lambda: rng.sample(ids, rng.randint(1, 12)),
        "active_only": lambda: True,
    }
    made = [{}, {field: [] for field in list(fields)[:5]}, {"labels": {}, "active_only": False}]
    made += [{"event_types": [kind]} for kind in EVENT_TYPES]
    made += [{"severities": [name]} for name in SEVERITIES] + [{"states": [name]} for name in STATES]
    made += [{"sources": [name]} for name in SOURCES]
    made += [{"affected_resources": [name]} for name in RESOURCES]
    made += [{"labels": {key: value}} for key, values in LABELS.items() for value in values]
    made += [{"incident_ids": [one]} for one in ids[:5]]
    made += [
        {"active_only": True}, {"active_only": True, "states": ["Resolved"]},  # the second matches none
        {"sources": ["nobody"]}, {"labels": {"env": "no such"}}, {"labels": {"no such": ""}},
        {"incident_ids": [_uuid(rng)]}, {"event_types": ["system_event"], "severities": ["P0"]},
        {"severities": SEVERITIES}, {"states": STATES}, {"event_types": EVENT_TYPES},
        {"labels": {"env": "production", "team": "core", "region": "eu-1"}},
        {"sources": SOURCES + [f"s{i}" for i in range(900)]}, {"incident_ids": ids[:400]}]
    while len(made) < count:
        chosen = rng.sample(list(fields), rng.randint(2, 4) if rng.random() < 0.8 else len(fields))
        made.append({field: fields[field]() for field in chosen})
    return made


def odd_form(given, seed=3):
    """The same filter as a careless client writes it: enum names and UUIDs in another case, values twice."""
    rng = random.Random(seed)
    odd = dict(given)
    for field in ("event_types", "severities", "states", "incident_ids"):
        if field in given:
            odd[field] = [rng.choice([str.upper, str.lower, str.swapcase])(value) for value in given[field] * 2]
    return odd if sum(len(v) for v in odd.get("incident_ids", [])) < 16000 else given


# --- The oracle -----------------------------------------------------------------------------------


def matches(given, facts):
    """Section 2 of docs/protocol.md, in ten lines."""
    for field, fact in (("event_types", "event_type"), ("severities", "severity"), ("states", "state"),
                        ("sources", "source"), ("incident_ids", "incident_id")):
        if given.get(field) and facts.get(fact) not in given[field]:
            return False
    wanted = given.get("affected_resources")
    if wanted and not set(wanted) & set(facts.get("affected_resources", ())):
        return False
    labels = facts.get("labels", {})
    if any(labels.get(key) != value for key, value in given.get("labels", {}).items()):
        return False
    return not given.get("active_only") or facts.get("state") in ACTIVE


# --- Between JSON and protobuf --------------------------------------------------------------------


def _enum_number(enum, name):
    wanted = name.replace("_", "").lower()
    return next(v.number for v in enum.values if short_name(v).lower() == wanted)


def short_name(value):
    """AutoAssistedManual for RESOLUTION_METHOD_AUTO_ASSISTED_MANUAL, without the words' own case."""
    prefix = value.type.values[0].name.removesuffix("UNSPECIFIED")
    return value.name.removeprefix(prefix).replace("_", "")


def fill(message, given):
    """Sets the message's fields from their JSON form."""
    for name, value in given.items():
        field = message.DESCRIPTOR.fields_by_name[name]
        if field.message_type and field.message_type.GetOptions().map_entry:
            getattr(message, name).update(value)
        elif field.message_type and field.message_type.name == "Timestamp":
            getattr(message, name).FromJsonString(value)
        elif field.message_type:
            getattr(message, name).SetInParent()
            fill(getattr(message, name), value)
        elif field.is_repeated:
            getattr(message, name).extend(value)
        else:
            setattr(message, name, _enum_number(field.enum_type, value) if field.enum_type else value)


def to_proto(event):
    """The protobuf event of a JSON one."""
    made = harness.event_pb2.Event()
    own = {key: event[key] for key in ("id", "type", "priority", "actor", "traceparent", "incident") if key in event}
    fill(made, own)
    payload = {key: value for key, value in event.items() if key not in own}
    if payload:
        getattr(made, event["type"]).SetInParent()
        fill(getattr(made, event["type"]), payload)
    return made


def _json_time(stamp):
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)
    return moment.isoformat(timespec="microseconds") + "Z"


_NAMES = {name.lower().replace("_", ""): name
          for name in EVENT_TYPES + SEVERITIES + STATES + INCIDENT_TYPES + METHODS
          + ["Low", "Normal", "High", "Critical", "Firing", "Acknowledged"]}


def to_json(message):
    """What is set in a protobuf message, in the contract's JSON form."""
    made = {}
    for field, value in message.ListFields():
        if field.message_type and field.message_type.GetOptions().map_entry:
            made[field.name] = dict(value)
        elif field.message_type and field.message_type.name == "Timestamp":
            made[field.name] = _json_time(value)
        elif field.message_type:
            made[field.name] = [to_json(item) for item in value] if field.is_repeated else to_json(value)
        elif field.enum_type:
            made[field.name] = _NAMES[short_name(field.enum_type.values_by_number[value]).lower()]
        else:
            made[field.name] = list(value) if field.is_repeated else value
    return made


def without_empty(value):
    """A JSON value without the members that say nothing: null, "", [], {}, false, 0."""
    if isinstance(value, dict):
        kept = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item or key == "correlation_score"}
    return [without_empty(item) for item in value] if isinstance(value, list) else value
