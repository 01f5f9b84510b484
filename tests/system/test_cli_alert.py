"""`tocsin alert`: every field by a flag, and what became of the alert."""

import json
import re
import uuid

import pytest

import harness


def submit(hub, *arguments):
    """(what it prints as JSON)."""
    done = harness.cli(hub, "alert", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def get(hub, incident_id):
    return json.loads(harness.cli(hub, "incidents", "get", incident_id, "--json").stdout)["incident"]


def test_an_alert_opens_an_incident_and_the_next_joins_it(hub):
    flags = ["--title", "Gateway down", "--severity", "P0", "--source", "cli-test", "--service", "api-gateway"]
    done = harness.cli(hub, "alert", *flags)
    assert done.returncode == 0, done.stderr
    told = re.fullmatch(r"alert (\S+) opened incident (\S+)\n", done.stdout)
    assert told and uuid.UUID(told[1]) and uuid.UUID(told[2]), done.stdout
    second = submit(hub, *flags)
    assert second["incident_id"] == told[2] and second["opened"] is False and second["duplicate"] is False
    assert harness.cli(hub, "alert", *flags).stdout.endswith(f"belongs to incident {told[2]}\n")
    assert get(hub, told[2])["state"] == "Detected"
    assert submit(hub, *flags, "--status", "Resolved")["incident_id"] == told[2]
    assert get(hub, told[2])["state"] == "Resolved"


def test_every_flag_arrives(hub, client):
    before = hub.status().latest
    alert_id = str(uuid.uuid4())
    submit(hub, "--title", "t", "--severity", "P1", "--source", "s", "--description", "d", "--label", "env=production",
           "--label", "team=core", "--service", "a", "--service", "b", "--alert-type", "Availability", "--external-id", "e",
           "--runbook-url", "https://runbook", "--annotation", "k=v", "--status", "Firing", "--fingerprint", "f",
           "--alert-id", alert_id, "--timestamp", "2026-01-02T03:04:05Z")
    with client.subscribe({"event_types": ["alert_received"]}, before) as stream:
        (event,) = stream.take(1)
    alert = event.alert_received.alert
    assert (alert.id, alert.title, alert.description, alert.source, alert.external_id) == (alert_id, "t", "d", "s", "e")
    assert dict(alert.labels) == {"env": "production", "team": "core"} and list(alert.affected_services) == ["a", "b"]
    assert (alert.runbook_url, dict(alert.annotations)["k"]) == ("https://runbook", "v")
    assert alert.fingerprint.endswith("f") and alert.timestamp.ToJsonString() == "2026-01-02T03:04:05Z"


def test_the_same_alert_again_is_a_duplicate(hub):
    flags = ["--title", "again", "--severity", "P3", "--source", "s", "--alert-id", str(uuid.uuid4())]
    first = submit(hub, *flags)
    again = submit(hub, *flags)
    assert again["duplicate"] is True and again["incident_id"] == first["incident_id"]
    assert harness.cli(hub, "alert", *flags).stdout.startswith("duplicate of alert ")


@pytest.mark.parametrize("arguments, code, says", [
    (["--severity", "P0", "--source", "s"], 2, ["--title"]), (["--title", "t", "--source", "s", "--severity", "P9"], 2, ["--severity", "P0, P1"]),
    (["--title", "t", "--severity", "P0", "--source", "s", "--label", "env"], 2, ["--label", "KEY=VALUE"]),
    (["--title", "t", "--severity", "P0", "--source", "s", "--status", "Burning"], 2, ["--status", "Firing"]),
    (["--title", "t", "--severity", "P0", "--source", "s", "--alert-id", "x"], 2, ["--alert-id"]),
    (["--tilte", "t"], 2, ["--tilte", "--title"])], ids=repr)
def test_what_is_wrong_is_told_by_its_flag(hub, arguments, code, says):
    done = harness.cli(hub, "alert", *arguments)
    assert done.returncode == code, done
    assert all(word in done.stderr for word in says), done.stderr
