"""Alerts to a hub that is killed while they are on their way: each fingerprint has one incident, and no alert is lost
or doubled; and what the alerts did is there after the start."""

import collections
import threading
import uuid

import grpc
import pytest

import harness

from tocsin.v1 import event_pb2, hub_pb2, incident_pb2

FIRING, RESOLVED = incident_pb2.ALERT_STATUS_FIRING, incident_pb2.ALERT_STATUS_RESOLVED
KILLS = 3
SENDERS = 4
RETRIED = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.RESOURCE_EXHAUSTED}


def alert(fingerprint, status=FIRING, at=1_700_000_000, alert_id=""):
    made = incident_pb2.Alert(id=alert_id, source="prometheus", title="disk full", severity=incident_pb2.SEVERITY_P1,
                              fingerprint=fingerprint, status=status)
    made.timestamp.seconds = at
    return made


class Sender:
    """Sends the same fingerprints as the other senders, each alert again until it is answered."""

    def __init__(self, address, progress):
        self.address, self.progress = address, progress
        self.answers = []  # (alert id, fingerprint, response)
        self.failures = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        client = harness.Client(self.address)
        number = 0
        while not self.stop.is_set():
            own = alert(f"alert {number // 2}", alert_id=str(uuid.uuid4()))
            self._send(client, hub_pb2.SubmitAlertRequest(alert=own))
            self._send(client, hub_pb2.SubmitAlertRequest(alert=alert(f"report {number}"), state_report=True))
            number += 1
            self.progress.release()
        client.close()

    def _send(self, client, request):
        while True:
            try:
                response = client.stub.SubmitAlert(request, timeout=5)
                self.answers.append((request.alert.id, request.alert.fingerprint, response))
                return
            except grpc.RpcError as error:
                assert error.code() in RETRIED | {grpc.StatusCode.DEADLINE_EXCEEDED}, error
                self.failures += 1
                self.stop.wait(0.02)


@pytest.fixture(scope="module")
def run():
    with harness.start_hub() as hub:
        progress = threading.Semaphore(0)
        senders = [Sender(hub.address(0), progress) for _ in range(SENDERS)]
        for _ in range(KILLS):
            for _ in range(100):
                assert progress.acquire(timeout=60)
            hub.kill()
            hub.start()
        for _ in range(100):
            assert progress.acquire(timeout=60)
        for sender in senders:
            sender.stop.set()
            sender.thread.join(60)
        assert any(sender.failures for sender in senders)
        with hub.client() as client, client.subscribe(start="earliest") as stream:
            log = stream.to_end_of_log()
        yield hub, [answer for sender in senders for answer in sender.answers], log


def of_type(log, name):
    return [event for event in log if event.type == harness.event_type_of(name)]


def test_each_fingerprint_has_one_incident(run):
    _, answers, log = run
    created = collections.Counter(event.incident.fingerprint for event in of_type(log, "incident_created"))
    assert set(created.values()) == {1}
    assert set(created) >= {fingerprint for _, fingerprint, _ in answers}
    incidents = {event.incident.fingerprint: event.incident.id for event in of_type(log, "incident_created")}
    for _, fingerprint, response in answers:
        assert response.incident_id == incidents[fingerprint]


def test_no_alert_is_lost_or_doubled(run):
    _, answers, log = run
    received = collections.Counter(event.alert_received.alert.id for event in of_type(log, "alert_received"))
    assert set(received.values()) == {1}
    with_id = [alert_id for alert_id, _, _ in answers if alert_id]
    assert len(with_id) > 100
    assert all(received[alert_id] == 1 for alert_id in with_id)
    # Of a state that several report, and report again, one event tells.
    reports = collections.Counter(event.alert_received.alert.fingerprint for event in of_type(log, "alert_received")
                                  if event.alert_received.alert.fingerprint.startswith("report"))
    assert set(reports.values()) == {1}


def test_what_belongs_together_is_together(run):
    _, _, log = run
    for first, second in zip(log, log[1:]):
        if first.type == event_pb2.EVENT_TYPE_ALERT_RECEIVED:
            assert second.incident.id == first.alert_received.alert.incident_id
            assert second.sequence == first.sequence + 1


def test_an_incident_counts_its_alerts(run):
    hub, _, log = run
    taken = collections.Counter(event.alert_received.alert.incident_id for event in of_type(log, "alert_received"))
    with hub.client() as client:
        for incident_id, count in list(taken.items())[:50]:
            answer = client.stub.GetIncident(hub_pb2.GetIncidentRequest(incident_id=incident_id), timeout=10)
            assert [row.count for row in answer.incident.alerts] == [count]


def test_the_ends_resolve_them_all(run):
    hub, answers, _ = run
    fingerprints = sorted({fingerprint for _, fingerprint, _ in answers})
    with hub.client() as client:
        for at in range(0, len(fingerprints), 500):
            request = hub_pb2.SubmitAlertsRequest(alerts=[
                hub_pb2.SubmitAlertRequest(alert=alert(name, RESOLVED), state_report=True)
                for name in fingerprints[at:at + 500] for _ in range(2)])
            outcomes = client.stub.SubmitAlerts(request, timeout=30).outcomes
            assert [outcome.response.duplicate for outcome in outcomes] == [False, True] * (len(outcomes) // 2)
        left = client.stub.ListIncidents(hub_pb2.ListIncidentsRequest(
            filter=event_pb2.Filter(active_only=True)), timeout=10)
        assert left.total == 0
