"""What README and examples/ show, done as they say."""

import json
import os
import shlex
import subprocess
import sys

import pytest

import harness
from scenario import EXAMPLES, ROOT, Process


def test_the_day_is_what_its_script_makes():
    made = subprocess.run([sys.executable, EXAMPLES / "make_day.py"], capture_output=True, text=True, check=True)
    assert made.stdout == (EXAMPLES / "day.jsonl").read_text()


def test_the_day_is_published_whole_and_comes_back_in_order(hub):
    lines = [json.loads(line) for line in (EXAMPLES / "day.jsonl").read_text().splitlines()]
    start = hub.status().latest
    published = harness.cli(hub, "pub", "--file", str(EXAMPLES / "day.jsonl"))
    assert published.returncode == 0, published.stderr
    with hub.client() as client, client.subscribe(start=start) as stream:
        events = stream.take(len(lines))
    assert [e.id for e in events] == [line["id"] for line in lines]
    assert {line["type"] for line in lines} == {
        harness.event_pb2.EventType.Name(e.type).removeprefix("EVENT_TYPE_").lower() for e in events}
    # What gives an incident's id alone leaves with the whole incident.
    assert all(e.incident.title for e in events if e.WhichOneof("payload") == "comment_added")
    again = harness.cli(hub, "pub", "--file", str(EXAMPLES / "day.jsonl"))
    assert again.returncode == 0, again.stderr
    assert hub.status().last_sequence == events[-1].sequence, "the same ids were appended twice"


def readme_command(begins):
    """The first command of the README's that begins so, as arguments without the program."""
    for line in (ROOT / "README.md").read_text().splitlines():
        if line.startswith(f"    {begins}"):
            return shlex.split(line, comments=True)[1:]
    raise AssertionError(f"the README has no {begins}")


def test_the_readmes_follower_sees_the_readmes_incident(hub):
    follow = [harness.BIN / "tocsin", "--hub", hub.address(), *readme_command("build/release/tocsin sub"),
              "--output", "json", "--from", hub.status().latest]
    with Process(follow) as follower:
        published = harness.cli(hub, *readme_command("build/release/tocsin pub incident-created"))
        assert published.returncode == 0, published.stderr
        follower.wait_for(lambda values: values, "the incident")
        incident = follower.values[0]["incident"]
    assert (incident["severity"], incident["title"], incident["labels"]) == (
        "P0", "API gateway down", {"env": "production"})


@pytest.mark.parametrize("program", ["tocsin-hub", "tocsin-bridge", "tocsin"])
def test_every_program_says_what_it_is_for(program):
    said = subprocess.run([harness.BIN / program, "--help"], capture_output=True, text=True, timeout=20)
    assert said.returncode == 0 and program in said.stdout


def test_the_tour_of_curl_goes_through(hub, bridge):
    toured = subprocess.run(["./tour.sh"], cwd=EXAMPLES / "curl", capture_output=True, text=True, timeout=60,
                            env={**os.environ, "HTTP_URL": f"http://{bridge.address(0)}", "AUTH_TOKEN": "not.looked.at"})
    assert toured.returncode == 0, toured.stderr
    first, again, *others = [json.loads(line) for line in toured.stdout.splitlines()]
    assert (first["events"][0]["duplicate"], again["events"][0]["duplicate"]) == (False, True)
    followed = [line["event"] for line in others if "event" in line]
    assert followed == ["alert_received", "incident_created"], "what came after the cursor, and that alone"
    assert others[-1]["incident"]["resolution"]["rootCause"] == "log rotation was off"
