#!/usr/bin/env python3
"""Makes examples/day.jsonl: a day of incidents at a shop's operations team, one event a line.

    python3 examples/make_day.py > examples/day.jsonl

The same seed gives the same day. Every incident lives a whole life: an alert, the incident, people and
playbooks at work, most often an end. Events about an incident give its id alone where that is enough;
the hub fills the rest in.
"""

import heapq
import itertools
import json
import random
import uuid

SEED = 20260102
INCIDENTS = 42
DAY = 24 * 3600

SERVICES = {
    # service: (type, what goes wrong, team)
    "api-gateway": ("Availability", ["API gateway down", "5xx rate above 5 %", "TLS certificate expires in 3 days"], "edge"),
    "checkout": ("Application", ["Checkout latency above 2 s", "Payment retries above 10 %", "Cart service unreachable"], "shop"),
    "search": ("Performance", ["Search p99 above 900 ms", "Index lag above 10 minutes"], "shop"),
    "orders-db": ("Data", ["Replication lag above 60 s", "Deadlocks above 20 a minute", "Disk 90 % full"], "data"),
    "auth": ("Security", ["Failed logins from one network", "Token signing key out of date"], "identity"),
    "llm-proxy": ("Performance", ["Model latency above 30 s", "Prompt rejection rate above 8 %"], "ai"),
    "k8s-prod": ("Infrastructure", ["Node not ready", "Pods evicted for memory", "API server slow"], "platform"),
    "audit-log": ("Compliance", ["Audit export is late", "Retention job failed"], "risk"),
}
SOURCES = ["prometheus", "llm-sentinel", "grafana", "cloudwatch", "pagerduty"]
PEOPLE = ["ann", "boris", "chen", "dana", "elif", "farid"]
CHANNELS = ["slack:#incidents", "pager", "email:oncall"]
PLAYBOOKS = {
    "restart-service": ["drain traffic", "restart pods", "check health", "restore traffic"],
    "failover-database": ["stop writes", "promote replica", "repoint clients", "start writes"],
    "scale-out": ["raise replica count", "wait for ready", "check latency"],
    "block-network": ["add firewall rule", "check login rate"],
}
COMMENTS = [
    "Looking at it.", "Seen on two nodes so far.", "The 09:40 deploy touched this.", "Rolled back, watching.",
    "Customers report errors as well.", "Latency is back to normal.", "Cause found: connection pool exhausted.",
    "Handing over to the night shift.", "Added a graph to the dashboard.",
]
CAUSES = ["a deploy with a wrong limit", "a full disk", "a noisy neighbour", "an expired certificate",
          "a slow query after an index was dropped", "a traffic peak"]


class Day:
    def __init__(self):
        self.random = random.Random(SEED)
        self.events = []  # a heap of (second, order, event)
        self.order = itertools.count()

    def uuid(self):
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def emit(self, at, kind, actor="", **fields):
        event = {"id": self.uuid(), "type": kind}
        if actor:
            event["actor"] = actor
        heapq.heappush(self.events, (at, next(self.order), {**event, **json.loads(json.dumps(fields))}))

    def later(self, at, low, high):
        return at + self.random.uniform(low, high)

    def person(self):
        return self.random.choice(PEOPLE)

    def alert(self, service, title, severity, source):
        kind, _, team = SERVICES[service]
        return {
            "id": self.uuid(), "external_id": f"{source}-{self.random.randrange(10**6):06}", "source": source,
            "severity": severity, "alert_type": kind, "title": title,
            "description": f"{title} ({service}), reported by {source}.",
            "labels": {"env": "production", "service": service, "team": team},
            "affected_services": [service], "runbook_url": f"https://runbooks.example.org/{service}",
        }

    def incident(self, alert):
        service = alert["labels"]["service"]
        others = [s for s in SERVICES if s != service]
        resources = [service, *self.random.sample(others, self.random.choice([0, 0, 1]))]
        region = self.random.choice(["eu-1", "us-1"])
        return {
            "id": self.uuid(), "state": "Detected", "severity": alert["severity"],
            "incident_type": alert["alert_type"], "source": alert["source"], "title": alert["title"],
            "description": alert["description"], "affected_resources": resources,
            "labels": {**alert["labels"], "region": region},
            "fingerprint": f"{service}/{alert['title'].lower().replace(' ', '-')}",
        }

    # --- One incident's life -------------------------------------------------------------------

    def life(self, at):
        service = self.random.choice(list(SERVICES))
        title = self.random.choice(SERVICES[service][1])
        severity = self.random.choices(["P0", "P1", "P2", "P3", "P4"], [6, 14, 35, 30, 15])[0]
        source = self.random.choice(SOURCES)
        alert = self.alert(service, title, severity, source)
        self.emit(at, "alert_received", source, alert=alert)
        incident = self.incident(alert)
        at = self.later(at, 0.2, 2)
        self.emit(at, "incident_created", source, incident=incident)
        self.notify(at, incident)
        self.repeats(at, incident, alert)
        at = self.triage(at, incident)
        at = self.escalate(at, incident)
        at = self.work(at, incident)
        at = self.playbook(at, incident)
        if self.random.random() < 0.9:
            self.end(at, incident)

    def notify(self, at, incident):
        urgent = incident["severity"] in ("P0", "P1")
        for channel in CHANNELS if urgent else CHANNELS[:1]:
            self.emit(self.later(at, 1, 8), "notification_sent", "notifier", incident_id=incident["id"],
                      channel=channel, success=self.random.random() < 0.95)

    def repeats(self, at, incident, alert):
        for _ in range(self.random.choice([0, 0, 0, 1, 2])):
            again = {**alert, "id": self.uuid(), "deduplicated": True, "incident_id": incident["id"],
                     "parent_alert_id": alert["id"]}
            when = self.later(at, 30, 400)
            self.emit(when, "alert_received", alert["source"], alert=again)
            self.emit(self.later(when, 0.1, 1), "alert_converted", alert["source"], alert=again,
                      incident_id=incident["id"])

    def move(self, at, incident, state, actor):
        previous, incident["state"] = incident["state"], state
        self.emit(at, "incident_updated", actor, incident=incident, previous_state=previous)

    def triage(self, at, incident):
        at = self.later(at, 60, 600)
        who = self.person()
        incident["assignees"] = sorted({who, self.person()})
        self.emit(at, "assignment_changed", who, incident_id=incident["id"], assignees=incident["assignees"])
        at = self.later(at, 5, 60)
        self.move(at, incident, "Triaged", who)
        return at

    def escalate(self, at, incident):
        if incident["severity"] in ("P0", "P4") or self.random.random() > 0.3:
            return at
        at = self.later(at, 300, 1200)
        worse = f"P{int(incident['severity'][1]) - 1}"
        self.emit(at, "escalated", self.person(), incident_id=incident["id"],
                  from_severity=incident["severity"], to_severity=worse, reason="more customers are affected")
        incident["severity"] = worse
        return at

    def work(self, at, incident):
        at = self.later(at, 60, 900)
        self.move(at, incident, "Investigating", incident["assignees"][0])
        for _ in range(self.random.choice([0, 1, 1, 2])):
            at = self.later(at, 120, 1500)
            who = self.person()
            self.emit(at, "comment_added", who, incident_id=incident["id"], author=who,
                      comment=self.random.choice(COMMENTS))
        return at

    def playbook(self, at, incident):
        if self.random.random() > 0.45:
            return at
        at = self.later(at, 60, 600)
        name, actions = self.random.choice(list(PLAYBOOKS.items()))
        run, who = self.uuid(), self.person()
        incident["active_playbook"] = run
        self.move(at, incident, "Remediating", who)
        self.emit(self.later(at, 1, 3), "playbook_started", who, incident_id=incident["id"],
                  playbook_id=run, playbook_name=name)
        at, done, success = at + 5, 0, True
        for action in actions:
            at = self.later(at, 10, 90)
            success = self.random.random() < 0.94
            self.emit(at, "playbook_action_executed", "automation", incident_id=incident["id"], playbook_id=run,
                      action_name=action, success=success,
                      message="done" if success else "timed out after 60 s")
            done += 1
            if not success:
                break
        at = self.later(at, 1, 5)
        del incident["active_playbook"]
        self.emit(at, "playbook_completed", "automation", incident_id=incident["id"], playbook_id=run,
                  success=success, actions_executed=done)
        return at

    def end(self, at, incident):
        at = self.later(at, 120, 2400)
        who = incident["assignees"][0]
        incident["state"] = "Resolved"
        incident["resolution"] = {
            "resolved_by": who, "root_cause": self.random.choice(CAUSES),
            "resolution_method": self.random.choice(["Manual", "Automated", "AutoAssistedManual"])}
        self.emit(at, "incident_resolved", who, incident=incident)
        if self.random.random() < 0.8:
            incident["state"] = "Closed"
            self.emit(self.later(at, 1800, 7200), "incident_closed", who, incident=incident)

    # --- What is about no incident ---------------------------------------------------------------

    def system(self):
        for hour in range(24):
            self.emit(hour * 3600 + 1, "system_event", "scheduler", category="health",
                      message="hourly self-check passed", metadata={"hour": f"{hour:02}"})
        for at, message in ((6 * 3600, "night shift hands over"), (14 * 3600, "day shift hands over"),
                            (22 * 3600, "evening shift hands over")):
            self.emit(at, "system_event", "scheduler", category="roster", message=message)
        for _ in range(6):
            service = self.random.choice(list(SERVICES))
            self.emit(self.random.uniform(8, 18) * 3600, "system_event", self.person(), category="deploy",
                      message=f"deployed {service}", metadata={"service": service})

    def make(self):
        self.system()
        for _ in range(INCIDENTS):
            # More happens by day than by night.
            self.life(self.random.triangular(0, DAY - 2 * 3600, 11 * 3600))
        return [heapq.heappop(self.events)[2] for _ in range(len(self.events))]


if __name__ == "__main__":
    for made in Day().make():
        print(json.dumps(made, ensure_ascii=False, separators=(",", ":")))
