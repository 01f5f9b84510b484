"""docs/graphql.md: every block of it, run as a reader copies it."""

import json
import pathlib
import re
import subprocess

import pytest

import harness
from scenario import Process, node, run

PAGE = harness.ROOT / "docs" / "graphql.md"
MODULES = pathlib.Path(__file__).parent / "node_modules"
BLOCK = re.compile(r"^```(\w+)\n(.+?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall(PAGE.read_text())


def blocks(language, condition=lambda text: True):
    return [text for name, text in BLOCKS if name == language and condition(text)]


def here(text, bridge):
    return text.replace("localhost:8080", bridge.address(0))


def endless(text):
    return "curl -N" in text


def created(hub, title):
    with hub.client() as client:
        client.publish(harness.incident_created(severity="P0", title=title, source="page"))


@pytest.mark.parametrize("block", blocks("sh", lambda text: not endless(text)))
def test_a_command_is_answered_with_data_alone(bridge, block):
    answer = json.loads(run(["sh", "-c", here(block, bridge).replace("curl ", "curl -sS --fail-with-body ")]))
    assert set(answer) == {"data"} and all(answer["data"].values()), answer


@pytest.mark.parametrize("block", blocks("sh", endless))
def test_a_command_that_follows_is_told_what_happens(hub, bridge, block):
    with Process(["sh", "-c", "exec " + here(block, bridge).replace("curl ", "curl -sS ")]) as client:
        harness.wait_for(lambda: bridge.metric("bridge_event_streams") == 1, what="the stream")
        created(hub, "seen by curl")
        client.wait_for(lambda values: any("seen by curl" in json.dumps(value) for value in values), "the incident")


@pytest.mark.parametrize("block", blocks("js"), ids=lambda block: re.match(r"// (\S+):", block)[1])
def test_a_program_is_told_what_happens_and_misses_nothing_over_a_restart(hub, block, tmp_path):
    name = re.match(r"// (\S+):", block)[1]
    (tmp_path / "node_modules").symlink_to(MODULES)
    with harness.start_bridge(hub) as bridge:
        (tmp_path / name).write_text(here(block, bridge))
        with Process([node(), tmp_path / name], cwd=tmp_path) as client:
            def follows(title):
                created(hub, title)
                client.wait_for(lambda values: title in json.dumps(values), f"the incident {title}")

            harness.wait_for(lambda: bridge.metric("tocsin_subscriptions") == 1, what="the subscription")
            follows("first")
            if name == "follow.mjs":
                bridge.stop()
                created(hub, "while away")
                bridge.start()
                client.wait_for(lambda values: "while away" in json.dumps(values), "what happened while it was away")
                follows("last")
                assert client.text.count("while away") == 1


@pytest.mark.parametrize("block", blocks("graphql"))
def test_an_operation_is_taken(bridge, block):
    asked = {"query": block, "variables": {"id": "0190b6a5-7c1e-7000-8000-00000000dead"} if "$id" in block else {}}
    if block.startswith("subscription"):
        command = ["curl", "-sSN", "--max-time", "1", "-D", "-", "-o", "/dev/null", f"http://{bridge.address(0)}/graphql",
                   "-H", "Content-Type: application/json", "-H", 'Accept: multipart/mixed;subscriptionSpec="1.0"', "-d", json.dumps(asked)]
        told = subprocess.run(command, capture_output=True, text=True, timeout=30).stdout
        assert "200 OK" in told and "multipart/mixed" in told, told
    else:
        status, _, answer = harness.post(bridge, "/graphql", asked, {"Accept": "application/graphql-response+json"})
        assert (status, list(answer)) == (200, ["data"]), answer


def test_every_block_is_run_by_one_of_these():
    assert {name for name, _ in BLOCKS} == {"sh", "js", "graphql", "json"}
    (error,) = blocks("json")
    assert json.loads(error)["errors"], "the form of an error: test_bad_graphql.py provokes them"
