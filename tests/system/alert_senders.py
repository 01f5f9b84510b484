"""Senders of alerts as a test writes them: bodies of each format, a sender that tries again as the real one does, and
what the log holds of it in the end."""

import datetime
import http.client
import time

import harness

ALERTMANAGER = "/v1/integrations/alertmanager"
PROMETHEUS = "/api/v2/alerts"
GRAFANA = "/v1/integrations/grafana"
PAGERDUTY = "/v2/enqueue"
CHANGE = "/v2/change/enqueue"
ONCALL = "/v1/integrations/oncall"

NEVER = "0001-01-01T00:00:00Z"


def moment(seconds=0):
    """A time so far from now, as Go writes it."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.isoformat().replace("+00:00", "Z")


def alert(starts, status="firing", ends=NEVER, annotations=None, **labels):
    """Of Alertmanager's webhook; Prometheus' list has no status."""
    return {"status": status, "labels": {"alertname": "A", **labels}, "annotations": annotations or {},
            "startsAt": starts, "endsAt": ends, "generatorURL": "http://prometheus/graph"}


def group(*alerts, **more):
    return {"version": "4", "groupKey": "{}:{}", "status": "firing", "receiver": "tocsin", "groupLabels": {},
            "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://alertmanager", "truncatedAlerts": 0,
            "alerts": list(alerts), **more}


def trigger(key="disk", severity="critical", summary="disk is full", **more):
    return {"routing_key": "r" * 32, "event_action": "trigger", "dedup_key": key,
            "payload": {"summary": summary, "source": "db-1", "severity": severity}, **more}


def action(name, key="disk"):
    return {"routing_key": "r" * 32, "event_action": name, "dedup_key": key}


def send_until_taken(target, path, body, stop=lambda: False):
    """As the senders do it: again after a 5xx, a 429 and a broken connection; another 4xx is an error of the test."""
    while not stop():
        try:
            status, _, answer = harness.post(target, path, body)
        except (OSError, http.client.HTTPException):
            status, answer = 0, None
        if 200 <= status < 300:
            return answer
        assert status in (0, 429) or status >= 500, (status, answer)
        time.sleep(0.05)
    return None


def log_of(hub):
    """Everything that the hub's log holds, as protobuf events."""
    with hub.client() as client, client.subscribe(start="earliest") as stream:
        return stream.to_end_of_log()


class Told:
    """What the log tells of alerts: how many of each event for a fingerprint."""

    def __init__(self, events):
        self.events = events

    @classmethod
    def by(cls, hub):
        return cls(log_of(hub))

    def received(self, fingerprint=None):
        return [e.alert_received.alert for e in self.events if e.HasField("alert_received")
                and fingerprint in (None, e.alert_received.alert.fingerprint)]

    def statuses(self, fingerprint):
        """Of its alert_received, in order: F, A, R."""
        return "".join(" FAR"[alert.status] for alert in self.received(fingerprint))

    def _of_type(self, name, fingerprint):
        return [e for e in self.events if e.type == harness.event_type_of(name)
                and fingerprint in (None, e.incident.fingerprint)]

    def created(self, fingerprint=None):
        return self._of_type("incident_created", fingerprint)

    def resolved(self, fingerprint=None):
        return self._of_type("incident_resolved", fingerprint)
