"""`tocsin verify`: all guarantees hold over kills of both programs; a deployment that breaks one is named by it; and it
says what is wrong when it cannot begin."""

import json
import os
import re
import signal
import subprocess

import pytest

import harness
from harness_faulty import Faulty

NAMES = [line.split("**")[1] for line in (harness.ROOT / "docs" / "guarantees.md").read_text().splitlines()
         if line.startswith("| **")]


def arguments(hub, url, *more):
    address = hub if isinstance(hub, str) else hub.address(0)
    return ["--hub", address, "verify", "--bridge", url, *more]


class Running:
    """A run to which something is done meanwhile."""

    def __init__(self, *given):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
        self.process = subprocess.Popen([harness.BIN / "tocsin", *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, env=environment)

    def result(self, timeout=120):
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err


def verdict(out):
    return {each["name"]: each for each in json.loads(out)["verdict"]["guarantees"]}


def broken(out):
    return {name for name, each in verdict(out).items() if each["broken"]}


def wait_for_events(hub, more):
    wanted = hub.status().last_sequence + more
    harness.wait_for(lambda: hub.status().last_sequence >= wanted, what="events of the run")


def test_every_guarantee_holds_while_hub_and_bridge_are_killed(tmp_path):
    history = tmp_path / "history.jsonl"
    with harness.start_hub("--recent-events", 100) as hub, harness.start_bridge(hub, "--recent-events", 50) as bridge:
        run = Running(*arguments(hub, bridge.url, "--duration", "10m", "--json", "--history", str(history)))
        for program in (hub, bridge, hub):
            wait_for_events(hub, 100)
            program.restart(kill=True)
        wait_for_events(hub, 100)
        run.process.send_signal(signal.SIGINT)
        code, out, err = run.result()
        assert code == 130, err + out
        assert not broken(out) and list(verdict(out)) == NAMES
        assert all(each["tried"] for each in verdict(out).values())
        said = json.loads(out)
        assert said["connections"] > 40 and said["acknowledged"] > 400 and said["history"] == str(history)
        # It leaves nothing active behind.
        with hub.client() as client:
            listed = client.stub.ListIncidents(harness.hub_pb2.ListIncidentsRequest(
                filter=harness.make_filter({"active_only": True})), timeout=10)
            assert listed.total == 0
    again = harness.cli("127.0.0.1:1", "verify", "--judge", str(history))
    assert again.returncode == 0 and re.search(r"^Ordered +held +[\d,]+ deliveries$", again.stdout, re.M), again.stdout


@pytest.fixture(scope="module")
def deployment():
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        yield hub, bridge


@pytest.mark.parametrize("fault, guarantee", [
    ("drop", "Reliable"), ("repeat", "Unique"), ("swap", "Ordered"), ("alter", "Durable"), ("invent", "Durable"),
    ("left", "Followed"), ("overtake", "Bookmarkable")])
def test_a_broken_bridge_is_named_by_what_it_breaks(deployment, tmp_path, fault, guarantee):
    hub, bridge = deployment
    with Faulty(bridge, fault) as proxy:
        done = harness.cli(hub, *arguments(hub, proxy.url, "--duration", "4s", "--transports", "ws", "--json", "--rate",
                                           "300", "--history", str(tmp_path / "history"))[2:])
    assert proxy.done > 3
    assert done.returncode == 6, done.stdout + done.stderr
    assert guarantee in broken(done.stdout), done.stdout
    assert all(finding["offending"] for finding in verdict(done.stdout)[guarantee]["findings"])
    if fault in ("repeat", "alter", "invent", "left"):  # a cut can lose what the others hold back
        assert broken(done.stdout) == {guarantee}


def test_a_good_deployment_is_found_good(deployment):
    hub, bridge = deployment
    done = harness.cli(hub, *arguments(hub, bridge.url, "--duration", "3s")[2:])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "stay in the log" in done.stderr and "BROKEN" not in done.stdout and "history" not in done.stdout


def test_interrupted_it_judges_what_there_is(deployment):
    hub, bridge = deployment
    run = Running(*arguments(hub, bridge.url, "--duration", "10m"))
    wait_for_events(hub, 100)
    run.process.send_signal(signal.SIGINT)
    code, out, err = run.result()
    assert code == 130 and "interrupted" in err, err
    assert len(re.findall(r"^\w+ +held ", out, re.M)) == len(NAMES), out


@pytest.mark.parametrize("hub_address, url, more, code, said", [
    ("127.0.0.1:1", None, [], 3, r"cannot reach the hub at 127.0.0.1:1: connection refused. Is tocsin-hub running\?"),
    (None, "ws://127.0.0.1:1/ws", [], 3, r"the bridge at 127.0.0.1:1 cannot be reached: .*--bridge changes the address"),
    (None, "http://x", [], 2, r"'http://x' does not begin with ws://"),
    (None, "ops", [], 3, r"is no bridge.*answers 404"),
    ("hub.example.org:50051", None, [], 2, r"may be another machine's.*add --yes"),
    (None, None, ["--transports", "pigeon"], 2, r"--transports"),
    (None, None, ["--judge", "/nowhere"], 2, r"cannot read /nowhere: No such file")])
def test_what_is_wrong_is_said(deployment, hub_address, url, more, code, said):
    hub, bridge = deployment
    url = f"ws://{hub.address(1)}/ws" if url == "ops" else url or bridge.url
    done = harness.cli(hub_address or hub, "--timeout", "3s", *arguments(hub, url, *more)[2:], timeout=30)
    assert done.returncode == code and re.search(said, done.stderr, re.S), done.stderr


def test_a_hub_that_loses_what_it_acknowledged_is_named():
    """Symptom: 'the call failed: CANCELLED', and nothing judged. Cause: the log was read back from a place that was lost with the rest,
    which was refused. Why older tests missed it: no hub of theirs lost anything."""
    with harness.start_hub(store="memory") as hub, harness.start_bridge(hub) as bridge:
        run = Running(*arguments(hub, bridge.url, "--duration", "10m"))
        wait_for_events(hub, 300)
        hub.restart(kill=True)
        wait_for_events(hub, 300)
        run.process.send_signal(signal.SIGINT)
        code, out, err = run.result()
    assert code == 6, out + err
    assert re.search(r"^Durable +BROKEN", out, re.M) and "promised: what was acknowledged" in out, out
    assert "Verdict: BROKEN: " in out and " gaps told" in out, out


def test_a_bridge_before_another_hub_is_named(deployment):
    """Symptom: 'GraphQL answered without an event', and nothing judged. Cause: nobody asked whether hub and bridge are of one log.
    Why older tests missed it: theirs had one hub."""
    _, bridge = deployment
    with harness.start_hub(store="memory") as other:
        done = harness.cli(other, *arguments(other, bridge.url, "--duration", "3s")[2:])
    assert done.returncode == 2 and "it stands before another hub" in done.stderr, done.stderr


def test_a_hub_that_stays_away_ends_the_run(tmp_path):
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        run = Running(*arguments(hub, bridge.url, "--duration", "10m", "--patience", "2s", "--history",
                                 str(tmp_path / "history")))
        wait_for_events(hub, 50)
        hub.kill()
        code, _, err = run.result(60)
    assert code == 3 and "cannot reach the hub" in err and "nothing was judged" in err, err
