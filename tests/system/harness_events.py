"""Events and filters, as tests write them."""

import harness_base  # noqa: F401: makes the stubs

from tocsin.v1 import event_pb2, incident_pb2


def severity_of(name):
    return getattr(incident_pb2, f"SEVERITY_{name}")


def state_of(name):
    return getattr(incident_pb2, f"INCIDENT_STATE_{name.upper()}")


def event_type_of(name):
    return getattr(event_pb2, f"EVENT_TYPE_{name.upper()}")


def incident_created(severity="P2", title="API gateway down", source="test", labels=None,
                     resources=(), incident_id="", event_id="", state="Detected"):
    event = event_pb2.Event(id=event_id, type=event_pb2.EVENT_TYPE_INCIDENT_CREATED)
    incident = event.incident
    incident.id = incident_id
    incident.severity = severity_of(severity)
    incident.state = state_of(state)
    incident.incident_type = incident_pb2.INCIDENT_TYPE_AVAILABILITY
    incident.title = title
    incident.source = source
    incident.affected_resources.extend(resources)
    incident.labels.update(labels or {})
    return event


def comment_added(incident_id, comment="looking", author="ann", event_id=""):
    event = event_pb2.Event(id=event_id)
    event.comment_added.incident_id = incident_id
    event.comment_added.author = author
    event.comment_added.comment = comment
    return event


def system_event(message="hello", category="test", event_id="", **metadata):
    event = event_pb2.Event(id=event_id)
    event.system_event.category = category
    event.system_event.message = message
    event.system_event.metadata.update(metadata)
    return event


def make_filter(given):
    """A protobuf filter from the JSON form of /ws, or from a protobuf filter."""
    if given is None or isinstance(given, event_pb2.Filter):
        return given or event_pb2.Filter()
    made = event_pb2.Filter(active_only=given.get("active_only", False))
    made.event_types.extend(event_type_of(v) for v in given.get("event_types", []))
    made.severities.extend(severity_of(v) for v in given.get("severities", []))
    made.states.extend(state_of(v) for v in given.get("states", []))
    for field in ("sources", "affected_resources", "incident_ids"):
        getattr(made, field).extend(given.get(field, []))
    made.labels.update(given.get("labels", {}))
    return made
