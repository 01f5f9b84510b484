"""`tocsin incidents check`: what the hub keeps of incidents is what its log says; a difference is told, field by field."""

import concurrent.futures
import contextlib
import json
import threading

import grpc
import pytest

import harness

from tocsin.v1 import event_pb2, hub_pb2, hub_pb2_grpc, incident_pb2

RESOLVED = incident_pb2.ALERT_STATUS_RESOLVED


def check(hub, *arguments):
    """(exit code, what it says)."""
    done = harness.cli(hub, "incidents", "check", "--json", *arguments)
    assert done.returncode in (0, 1), done
    return done.returncode, json.loads(done.stdout)


def agreed(hub, *arguments):
    code, report = check(hub, *arguments)
    assert code == 0 and report["differing"] == 0 and report["differences"] == [], report
    return report


def alert(number, status=incident_pb2.ALERT_STATUS_FIRING):
    return incident_pb2.Alert(source="check", title=f"alert {number}", severity=incident_pb2.SEVERITY_P1,
                              fingerprint=f"fp {number}", status=status, affected_services=["gateway"])


def change(client, number):
    """Some of all that happens to incidents."""
    submitted = client.stub.SubmitAlert(hub_pb2.SubmitAlertRequest(alert=alert(number)), timeout=10)
    client.stub.SubmitAlert(hub_pb2.SubmitAlertRequest(alert=alert(number)), timeout=10)
    client.publish(harness.comment_added(submitted.incident_id, f"comment {number}"))
    escalated = event_pb2.Event(incident=incident_pb2.Incident(id=submitted.incident_id),
                                escalated=event_pb2.Escalated(to_severity=incident_pb2.SEVERITY_P0, reason="worse"))
    client.publish(escalated, harness.system_event())
    if number % 2:
        client.stub.SubmitAlert(hub_pb2.SubmitAlertRequest(alert=alert(number, RESOLVED)), timeout=10)
    client.publish(harness.incident_created(labels={"env": "production", "region": "eu"}))


@contextlib.contextmanager
def load(hub):
    """Incidents change while the check runs."""
    stop, failed = threading.Event(), []

    def run():
        with hub.client() as client:
            number = 1_000
            while not stop.is_set():
                try:
                    change(client, number)
                except Exception as error:
                    failed.append(error)
                    return
                number += 1

    thread = threading.Thread(target=run)
    thread.start()
    yield
    stop.set()
    thread.join()
    assert not failed, failed


@pytest.mark.parametrize("store", ["rocksdb", "memory"])
def test_a_hub_keeps_what_its_log_says(store):
    with harness.start_hub(store=store) as hub, hub.client() as client:
        report = agreed(hub)
        assert (report["compared"], report["events"]) == (0, 0)
        for number in range(30):
            change(client, number)
        assert agreed(hub, "--histories", "1000")["histories_compared"] == 60
        with load(hub):
            for _ in range(3):
                report = agreed(hub)
                assert report["compared"] >= 60 and report["histories_compared"] >= 50
        if store == "rocksdb":
            before = agreed(hub)
            hub.restart(kill=True)
            after = agreed(hub)
            assert after["compared"] == before["compared"] and after["events"] == before["events"]


def test_what_retention_took_is_not_compared_and_told():
    with harness.start_hub("--retain-incidents", "1s", "--retain-events", "100") as hub, hub.client() as client:
        for number in range(40):
            change(client, number)
        # Both of them: events that are no longer held, and incidents that were over.
        def trimmed():
            client.publish(harness.system_event())
            report = agreed(hub)
            return report["events_gone"] > 0 and hub.metric("tocsin_incidents_over", 1) == 0 and report
        report = harness.wait_for(trimmed, what="retention to drop events and incidents")
        assert 0 < report["compared"] < 80
        text = harness.cli(hub, "incidents", "check")
        assert text.returncode == 0 and "whose first events are no longer in the log" in text.stdout


class ChangedHub(hub_pb2_grpc.EventHubServicer):
    """A hub that keeps something else than its log says: what it answers is the real one's, changed."""

    def __init__(self, stub):
        self.stub = stub
        self.change = lambda incident: incident  # None: it is not kept
        self.change_history = lambda incident: None

    def GetStatus(self, request, context):
        return self.stub.GetStatus(request)

    def ListEvents(self, request, context):
        return self.stub.ListEvents(request)

    def GetIncident(self, request, context):
        response = self.stub.GetIncident(request)
        kept = self.change(response.incident)
        if kept is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such incident is known")
        self.change_history(response.incident)
        return response

    def Subscribe(self, request, context):
        for response in self.stub.Subscribe(request):
            kept = [one for one in map(self.change, response.snapshot.incidents) if one is not None]
            if response.HasField("snapshot"):
                del response.snapshot.incidents[:]
                response.snapshot.incidents.extend(kept)
            yield response


@contextlib.contextmanager
def changed_hub(client):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    changed = ChangedHub(client.stub)
    hub_pb2_grpc.add_EventHubServicer_to_server(changed, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield changed, f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def test_a_difference_is_told_by_field():
    with harness.start_hub() as hub, hub.client() as client, changed_hub(client) as (changed, address):
        for number in range(5):
            change(client, number)
        agreed(address)
        [victim] = client.stub.ListIncidents(hub_pb2.ListIncidentsRequest(page_size=1)).incidents

        def milder(incident):
            if incident.id == victim.id:
                incident.severity = incident_pb2.SEVERITY_P4
                incident.labels["env"] = "staging"
            return incident

        changed.change = milder
        code, report = check(address)
        assert code == 1 and report["differing"] == 1, report
        assert {one["field"]: one["kept"] for one in report["differences"]}["severity"] == '"P4"'
        assert [one["field"] for one in report["differences"]] == ["severity", "labels"]
        text = harness.cli(address, "incidents", "check")
        assert text.returncode == 1 and f'{victim.id} severity: the hub says "P4", the log says' in text.stdout, text

        changed.change = lambda incident: None if incident.id == victim.id else incident
        code, report = check(address)
        assert code == 1 and report["differences"] == [
            {"incident_id": victim.id, "field": "incident", "kept": "", "logged": "has events"}]

        changed.change = lambda incident: incident
        changed.change_history = lambda incident: incident.id == victim.id and incident.timeline.pop()
        code, report = check(address)
        assert code == 1 and [one["field"] for one in report["differences"]] == ["timeline"], report


def test_no_hub_is_no_agreement():
    done = harness.cli("127.0.0.1:1", "--timeout", "200ms", "incidents", "check")
    assert done.returncode == 3 and done.stdout == "", done
