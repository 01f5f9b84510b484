"""`tocsin events`: an incident's history, or the events of a time, in the user's zone."""

import datetime
import json
import os
import subprocess

import pytest

import harness


def run(hub, *arguments, zone="UTC"):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")} | {"TZ": zone}
    return subprocess.run([str(harness.BIN / "tocsin"), "--hub", hub.address(0), "events", *arguments], capture_output=True,
                          text=True, timeout=60, env=environment)


def sequences(done):
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["sequence"] for line in done.stdout.splitlines()]


def test_an_incidents_history(hub, client):
    made = client.publish(harness.incident_created(title="Gateway down"))
    client.publish(harness.incident_created())
    comments = [client.publish(harness.comment_added(made.incident_id, f"{i}")).sequence for i in range(3)]
    assert sequences(run(hub, "--incident", made.incident_id, "--json")) == [made.sequence, *comments]
    newest = run(hub, "--incident", made.incident_id, "--json", "--newest-first", "--limit", "2")
    assert sequences(newest) == comments[:0:-1]
    assert "these are the first 2; --limit gives more" in newest.stderr
    text = run(hub, "--incident", made.incident_id).stdout.splitlines()
    assert len(text) == 4 and "incident_created" in text[0] and '"Gateway down"' in text[0]


def test_more_than_a_page(hub, client):
    results = client.publish_many([harness.system_event(f"{i}", category="page") for i in range(2500)])
    got = sequences(run(hub, "--types", "system-event", "--limit", "2500", "--since", results[0].cursor.rsplit("-", 1)[0]
                        + f"-{results[0].sequence - 1:x}", "--json"))
    assert got == [result.sequence for result in results]


def test_since_is_in_the_users_zone(hub, client):
    """An event of now: since a minute ago has it, since a minute from now has not, however the time is written."""
    result = client.publish(harness.system_event("now"))
    now = datetime.datetime.now(datetime.timezone.utc)
    for zone, hours in (("UTC", 0), ("<+03>-3", 3), ("<-05>5", -5)):
        for minutes, expected in ((-1, True), (1, False)):
            moment = now + datetime.timedelta(minutes=minutes)
            local = (moment + datetime.timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M:%S")
            got = sequences(run(hub, "--since", local, "--json", "--limit", "100000", zone=zone))
            assert (result.sequence in got) == expected, (zone, local)
            utc = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
            assert (result.sequence in sequences(run(hub, "--since", utc, "--json", "--limit", "100000", zone=zone))) == expected
            if expected:
                flagged = moment.strftime("%Y-%m-%d %H:%M:%S")
                assert result.sequence in sequences(run(hub, "--since", flagged, "--utc", "--json", "--limit", "100000", zone=zone))
    assert result.sequence in sequences(run(hub, "--since", "1h", "--json", "--limit", "100000", zone="<+03>-3"))
    assert result.sequence not in sequences(run(hub, "--until", "1m", "--json", "--limit", "100000"))


@pytest.mark.parametrize("arguments, code, says", [
    (["--since", "yesterday"], 2, ["--since", "1h", "cursor"]), (["--until", "99:00"], 2, ["--until"]),
    (["--incident", "x"], 2, ["--incident ", "UUID"]), (["--limit", "0"], 2, ["--limit"]),
    (["--since", "aaaaaaaaaaaa-5"], 5, ["cannot"])], ids=repr)
def test_what_is_wrong_is_told_by_its_flag(hub, arguments, code, says):
    done = run(hub, *arguments)
    assert done.returncode == code, done
    assert all(word in done.stderr for word in says), done.stderr
