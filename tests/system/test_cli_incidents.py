"""`tocsin incidents`: lists, one incident, and changes, as a user types them."""

import json
import os
import re
import subprocess

import pytest

import harness


@pytest.fixture
def incident(client):
    """A new incident's id."""
    return client.publish(harness.incident_created(severity="P2", title="Gateway down", labels={"env": "production"})).incident_id


def cli_json(hub, *arguments):
    done = harness.cli(hub, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def with_environment(hub, variables, *arguments):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")} | variables
    return subprocess.run([str(harness.BIN / "tocsin"), "--hub", hub.address(0), *arguments], capture_output=True, text=True,
                          timeout=60, env=environment)


def test_list_is_a_table_with_the_worst_or_the_newest_first(hub, client):
    source = "list-test"
    ids = {severity: client.publish(harness.incident_created(severity=severity, title=f"is {severity}", source=source)).incident_id
           for severity in ("P3", "P0", "P2")}
    done = harness.cli(hub, "incidents", "list", "--sources", source, "--sort", "severity")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["SEV", "STATE", "CHANGED", "INCIDENT", "ASSIGNEES", "SOURCE", "TITLE"]
    assert [line.split()[0] for line in lines[1:4]] == ["P0", "P2", "P3"]
    assert ids["P0"] in lines[1] and lines[1].endswith("is P0") and "Detected" in lines[1]
    assert lines[4] == "3 of 3 incidents"
    done = harness.cli(hub, "incidents", "list", "--sources", source, "--sort", "created", "--ascending")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:4]] == ["P3", "P0", "P2"]


def test_list_goes_from_page_to_page(hub, client):
    source = "page-test"
    made = {client.publish(harness.incident_created(source=source)).incident_id for _ in range(7)}
    seen, page = [], []
    while True:
        done = harness.cli(hub, "incidents", "list", "--sources", source, "--limit", "3", *page)
        assert done.returncode == 0, done.stderr
        seen += re.findall(r"[0-9a-f-]{36}", done.stdout.split("The next page")[0])
        token = re.search(r"add (--page \S+)", done.stdout)
        if not token:
            break
        page = token[1].split()
    assert len(seen) == 7 and set(seen) == made
    everything = cli_json(hub, "incidents", "list", "--sources", source, "--all")
    assert {one["id"] for one in everything["incidents"]} == made and everything["total"] == 7
    assert everything["next_page_token"] == ""


def test_get_tells_all_that_is_known(hub, incident):
    for arguments in (["comment", incident, "restarting it", "--author", "ada"], ["assign", incident, "ada", "grace"],
                      ["escalate", incident, "--to", "P0", "--reason", "all regions"]):
        done = harness.cli(hub, "incidents", *arguments)
        assert done.returncode == 0 and incident in done.stdout, done
    text = harness.cli(hub, "incidents", "get", incident, "--utc").stdout
    rows = dict(line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith(" ") and " " in line)
    assert (rows["severity"], rows["state"], rows["assignees"]) == ("P0", "Detected", "ada, grace"), text
    assert rows["labels"] == "env=production" and re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z \(\S+ ago\)", rows["created"])
    assert "ada: restarting it" in text
    whole = cli_json(hub, "incidents", "get", incident)
    assert whole["incident"]["severity"] == "P0" and whole["sequence"] == int(rows["sequence"])
    assert whole["incident"]["notes"][0]["content"] == "restarting it"


def test_resolve_tells_how(hub, incident):
    done = harness.cli(hub, "incidents", "resolve", incident, "--by", "ada", "--method", "Manual", "--root-cause", "bad deploy",
                       "--notes", "rolled back")
    assert done.returncode == 0, done.stderr
    got = cli_json(hub, "incidents", "get", incident)["incident"]
    assert got["state"] == "Resolved"
    assert {key: got["resolution"][key] for key in ("resolved_by", "resolution_method", "root_cause", "notes")} == {
        "resolved_by": "ada", "resolution_method": "Manual", "root_cause": "bad deploy", "notes": "rolled back"}


def test_who_changes_it_is_the_actor_else_the_user(hub, incident):
    for arguments in (["comment", incident, "looking"], ["comment", incident, "rolled back", "--actor", "grace"], ["resolve", incident]):
        done = with_environment(hub, {"USER": "ada"}, "incidents", *arguments)
        assert done.returncode == 0, done.stderr
    got = cli_json(hub, "incidents", "get", incident)["incident"]
    assert [note["author"] for note in got["notes"]] == ["ada", "grace"]
    assert [entry["actor"] for entry in got["timeline"][1:]] == ["ada", "grace", "ada"]
    assert got["resolution"]["resolved_by"] == "ada"


def test_a_comment_of_nobody_has_no_name_before_it(hub, incident):
    assert with_environment(hub, {"USER": ""}, "incidents", "comment", incident, "looking").returncode == 0
    note = harness.cli(hub, "incidents", "get", incident, "--utc").stdout.split("\nnotes\n")[1].splitlines()[0]
    assert re.fullmatch(r"  \S+ \S+Z  looking", note), note


def test_a_change_may_depend_on_what_was_seen(hub, incident):
    sequence = cli_json(hub, "incidents", "get", incident)["sequence"]
    assert harness.cli(hub, "incidents", "comment", incident, "first", "--if-sequence", str(sequence)).returncode == 0
    done = harness.cli(hub, "incidents", "resolve", incident, "--if-sequence", str(sequence))
    assert done.returncode == 4 and "nothing was changed" in done.stderr, done
    assert f"tocsin incidents get {incident}" in done.stderr
    assert cli_json(hub, "incidents", "get", incident)["incident"]["state"] == "Detected"


def test_times_are_the_users_and_json_is_utc(hub, incident):
    utc = cli_json(hub, "incidents", "get", incident)["incident"]["created_at"]
    hour, minute = int(utc[11:13]), utc[14:16]
    local = with_environment(hub, {"TZ": "<+03>-3"}, "incidents", "get", incident).stdout
    assert f" {(hour + 3) % 24:02}:{minute}" in local and "+03:00" in local, local
    assert with_environment(hub, {"TZ": "<+03>-3"}, "incidents", "get", incident, "--json").stdout == \
        with_environment(hub, {"TZ": "UTC"}, "incidents", "get", incident, "--json").stdout
    flagged = with_environment(hub, {"TZ": "<+03>-3"}, "incidents", "get", incident, "--utc").stdout
    assert f" {hour:02}:{minute}" in flagged and "+03:00" not in flagged


@pytest.mark.parametrize("arguments, code, says", [
    (["get", "nonsense"], 4, ["incident_id"]), (["get"], 2, ["ID is required"]),
    (["get", "0190b6a5-7c1e-7000-8000-00000000dead"], 4, ["0190b6a5-7c1e-7000-8000-00000000dead"]),
    (["list", "--severities", "P9"], 2, ["--severities", "P0, P1"]), (["list", "--sort", "sev"], 2, ["--sort", "severity"]),
    (["list", "--limit", "0"], 2, ["--limit", "1 to 1000"]), (["list", "--types", "escalated"], 2, ["--types"]),
    (["list", "--all", "--page", "x"], 2, ["--all", "--page"]), (["list", "--page", "x"], 4, ["page_token"]),
    (["list", "--require", "{"], 2, ["--require"]), (["list", "--require", '{"states":["x"]}'], 2, ["--require", "states"]),
    (["comment", "0190b6a5-7c1e-7000-8000-00000000dead"], 2, ["TEXT is required"]),
    (["comment", "x", "hm"], 2, ["ID", "UUID"]),
    (["comment", "0190b6a5-7c1e-7000-8000-00000000dead", "hm"], 4, ["no incident"]),
    (["escalate", "0190b6a5-7c1e-7000-8000-00000000dead", "--to", "P7"], 2, ["--to", "P0, P1"]),
    (["resolve", "0190b6a5-7c1e-7000-8000-00000000dead", "--method", "luck"], 2, ["--method", "Manual"]),
    (["resolve", "0190b6a5-7c1e-7000-8000-00000000dead", "--if-sequence", "x"], 2, ["--if-sequence"]),
    (["nothing"], 2, ["there is no command 'incidents nothing'"])], ids=lambda value: " ".join(map(str, value))
    if isinstance(value, list) else str(value))
def test_what_is_wrong_is_told_by_its_flag(hub, arguments, code, says):
    done = harness.cli(hub, "incidents", *arguments)
    assert done.returncode == code, done
    assert all(word in done.stderr for word in says), done.stderr


def test_a_hub_that_is_not_there_is_told_with_what_to_do():
    done = harness.cli("127.0.0.1:1", "incidents", "list", "--timeout", "300ms")
    assert done.returncode == 3 and "Is tocsin-hub running?" in done.stderr, done


def test_explain_says_what_stopped_events(hub, client):
    client.publish(harness.incident_created(severity="P2"))
    done = harness.cli(hub, "explain", "--severities", "P0,P1", "--last", "1")
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert first.startswith("stopped  incident_created ") and "severity is P2; the filter lets P0 and P1 through" in first
    assert last == "0 of the last 1 events match; stopped by: severities 1"
    assert cli_json(hub, "explain", "--severities", "P2", "--last", "1")["matching"] == 1
    done = harness.cli(hub, "explain", "--severities", "P0", "--last", "1", "--show", "matching")
    assert done.stdout == "0 of the last 1 events match\n", done


def test_explain_takes_the_events_of_a_pipe(hub, client):
    made = client.publish(harness.incident_created(severity="P0"))
    before = hub.status().latest
    client.publish(harness.comment_added(made.incident_id))
    client.publish(harness.system_event("x"))
    lines = harness.cli(hub, "sub", "--from", before, "--until-caught-up", "--output", "json").stdout
    assert len(lines.splitlines()) == 2
    done = harness.cli(hub, "explain", "--severities", "P0", "--event", "-", input=lines)
    assert done.returncode == 0, done.stderr
    assert "matches: the filter lets it through" in done.stdout.splitlines()[0]
    assert "NO  severities" in done.stdout and "the event has no severity" in done.stdout


@pytest.mark.parametrize("arguments, code, says", [
    (["--last", "5", "--session", "x"], 2, ["do not go together"]), (["--last", "1001"], 2, ["--last", "1 to 1000"]),
    (["--session", "x", "--severities", "P0"], 2, ["own filters"]), (["--event", "-", "--show", "matching"], 2, ["--show"]),
    (["--event", "/no/such/file"], 1, ["/no/such/file", "No such file"]), (["--session", "x"], 4, ["no live session"]),
    (["--label", "env"], 2, ["KEY=VALUE"])], ids=repr)
def test_explain_says_what_is_wrong(hub, arguments, code, says):
    done = harness.cli(hub, "explain", *arguments, input="")
    assert done.returncode == code, done
    assert all(word in done.stderr for word in says), done.stderr


def test_a_line_that_is_no_event_is_named(hub):
    done = harness.cli(hub, "explain", "--event", "-", input='{"type":"system_event","category":"c","message":"m"}\n{"type":"x"}\n')
    assert done.returncode == 4 and "stdin:2:" in done.stderr, done


def test_sub_prints_times_of_the_users_zone(hub, client):
    before = hub.status().latest
    client.publish(harness.system_event("x"))
    arguments = ["sub", "--from", before, "--until-caught-up"]
    assert "+05:30" in with_environment(hub, {"TZ": "<+0530>-5:30"}, *arguments).stdout
    assert "Z " in with_environment(hub, {"TZ": "<+0530>-5:30"}, *arguments, "--utc").stdout


def test_sub_takes_filters_that_must_hold_as_well(hub, client):
    before = hub.status().latest
    client.publish(harness.incident_created(severity="P0", source="a"))
    client.publish(harness.incident_created(severity="P0", source="b"))
    done = harness.cli(hub, "sub", "--severities", "P0", "--require", '{"sources":["b"]}', "--from", before,
                       "--until-caught-up", "--output", "json")
    assert [json.loads(line)["incident"]["source"] for line in done.stdout.splitlines()] == ["b"]
