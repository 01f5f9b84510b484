"""The real Prometheus and Alertmanager with a rule that fires and ends: directly, through Alertmanager, through a pair of them, and
all of it at once, over a hub that is killed."""

import contextlib
import shutil
import subprocess

import pytest

import harness
import real_senders
from alert_senders import ALERTMANAGER, PAGERDUTY, Told


def webhook(bridge):
    return {"webhook_configs": [{"url": f"http://{bridge.address(0)}{ALERTMANAGER}"}]}


def incidents(hub, source=None):
    """(created, resolved) so far."""
    seen = Told.by(hub)
    of = [e for e in seen.events if source in (None, e.incident.source)]
    return tuple(sum(e.type == harness.event_type_of(name) for e in of) for name in ("incident_created", "incident_resolved"))


def sent(hub):
    return harness.wait_for(lambda: Told.by(hub).received(), timeout=60, what="an alert")


@pytest.fixture
def programs():
    """A hub and a bridge of its own for each test."""
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        yield hub, bridge


def until(hub, counts):
    harness.wait_for(lambda: incidents(hub) == counts, timeout=60, what=f"{counts} (created, resolved)")


def repeated(bridge, times):
    """Waits until so many more reports have come."""
    have = bridge.metric("bridge_alerts_total")
    harness.wait_for(lambda: bridge.metric("bridge_alerts_total") >= have + times, timeout=60, what="more reports")


def test_prometheus_takes_the_bridge_for_an_alertmanager(programs, tmp_path):
    hub, bridge = programs
    with real_senders.Trouble() as trouble, real_senders.prometheus(tmp_path / "p", trouble, [bridge.address(0)]):
        for episode in (1, 2):
            trouble.value = 1
            until(hub, (episode, episode - 1))
            repeated(bridge, 3)
            trouble.value = 0
            until(hub, (episode, episode))
            repeated(bridge, 2)  # the end is told again and again
        assert incidents(hub) == (2, 2)
        (fingerprint,) = {alert.fingerprint for alert in Told.by(hub).received()}
        assert Told.by(hub).statuses(fingerprint) == "FRFR"
        first = Told.by(hub).received()[0]
        assert first.source == "prometheus" and first.severity == harness.severity_of("P0")
        assert first.title.startswith("there is trouble on 127.0.0.1:")
        assert "db" in first.affected_services and "empty" not in first.labels


def test_its_retries_over_a_killed_hub_give_one_incident(programs, tmp_path):
    hub, bridge = programs
    with real_senders.Trouble() as trouble, real_senders.prometheus(tmp_path / "p", trouble, [bridge.address(0)]):
        hub.kill()
        trouble.value = 1
        harness.wait_for(lambda: "alert" in asked(bridge, tmp_path), timeout=30, what="Prometheus to have found the trouble")
        hub.start()
        until(hub, (1, 0))
        for _ in range(3):
            hub.restart(kill=True)
            repeated(bridge, 2)
        hub.kill()
        trouble.value = 0
        hub.start()
        until(hub, (1, 1))
        repeated(bridge, 2)
        assert incidents(hub) == (1, 1)
        (fingerprint,) = {alert.fingerprint for alert in Told.by(hub).received()}
        assert Told.by(hub).statuses(fingerprint) == "FR"


def test_alertmanager_sends_it_on_and_a_pair_is_one_source(programs, tmp_path):
    hub, bridge = programs
    with contextlib.ExitStack() as stack:
        trouble = stack.enter_context(real_senders.Trouble())
        pair = [stack.enter_context(real_senders.alertmanager(tmp_path / name, webhook(bridge))) for name in ("a", "b")]
        # Directly as well: the fingerprint that the bridge computes is the one that Alertmanager has.
        stack.enter_context(real_senders.prometheus(tmp_path / "p", trouble, [*pair, bridge.address(0)]))
        for episode in (1, 2):
            trouble.value = 1
            until(hub, (episode, episode - 1))
            repeated(bridge, 4)
            if episode == 2:
                hub.restart(kill=True)
                repeated(bridge, 4)
            trouble.value = 0
            until(hub, (episode, episode))
            repeated(bridge, 4)
        assert incidents(hub) == (2, 2)
        (fingerprint,) = {alert.fingerprint for alert in Told.by(hub).received()}
        assert Told.by(hub).statuses(fingerprint) == "FRFR"
        assert came_by(bridge, "alertmanager") and came_by(bridge, "prometheus")


def came_by(bridge, source):
    _, text = bridge.http("/metrics")
    return any(f'source="{source}"' in line for line in text.splitlines() if line.startswith("bridge_alerts_total"))


def asked(bridge, folder):
    """What Prometheus has logged of alerts that it could not deliver."""
    return (folder / "p" / "log").read_text().split("Error sending alert", 1)[-1] if "Error sending alert" in (
        folder / "p" / "log").read_text() else ""


def test_alertmanagers_pagerduty_receiver(programs, tmp_path):
    hub, bridge = programs
    receiver = {"pagerduty_configs": [{"routing_key": "a" * 32, "url": f"http://{bridge.address(0)}{PAGERDUTY}",
                                       "severity": "warning", "send_resolved": True}]}
    with contextlib.ExitStack() as stack:
        trouble = stack.enter_context(real_senders.Trouble())
        relay = stack.enter_context(real_senders.alertmanager(tmp_path / "a", receiver))
        stack.enter_context(real_senders.prometheus(tmp_path / "p", trouble, [relay]))
        trouble.value = 1
        until(hub, (1, 0))
        repeated(bridge, 2)
        trouble.value = 0
        until(hub, (1, 1))
        first = Told.by(hub).received()[0]
        assert first.source == "pagerduty" and first.severity == harness.severity_of("P2")
        assert "a" * 32 not in str(Told.by(hub).events) and "a" * 32 not in bridge.log() + hub.log()


def test_amtool_adds_an_alert(programs):
    hub, bridge = programs
    if shutil.which("amtool") is None:
        pytest.skip("no amtool: scripts/setup --tests installs it")
    run = subprocess.run(["amtool", f"--alertmanager.url=http://{bridge.address(0)}", "alert", "add", "alertname=Test",
                          "severity=page"], capture_output=True, text=True, timeout=30)
    assert run.returncode == 0, run.stdout + run.stderr
    assert incidents(hub) == (1, 0)
