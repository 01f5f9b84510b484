"""What the bridge answers beside npm's graphql: the same data, errors at the same places, and the same schema."""

import json
import pathlib
import subprocess

import pytest

import harness
from scenario import node

HERE = pathlib.Path(__file__).parent
SCHEMA = harness.ROOT / "bridge" / "graphql" / "schema.graphql"
OPERATIONS = 2_000


def run_node(script, *arguments, **options):
    return subprocess.run([node(), HERE / script, *map(str, arguments)], capture_output=True, check=True, timeout=harness.TIMEOUT, **options).stdout


def results(lines):
    text = "".join(json.dumps({key: line[key] for key in ("query", "variables", "event")}) + "\n" for line in lines)
    done = subprocess.run([harness.BIN / "graphql_results"], input=text.encode(), capture_output=True, check=True, timeout=harness.TIMEOUT)
    return [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]


def told(result):
    """What is compared: the data, in its order, and where which error is."""
    if result is None or "refused" in result:
        return result
    errors = result.get("errors", [])
    return {"data": result["data"], "paths": [error["path"] for error in errors], "places": [error["locations"] for error in errors]}


@pytest.mark.parametrize("seed", range(1, 4))
def test_the_results_are_those_of_graphql(seed):
    lines = [json.loads(line) for line in run_node("graphql_oracle.mjs", SCHEMA, OPERATIONS, seed).decode().split("\n") if line]
    ours = [told(result) for result in results(lines)]
    assert len(ours) == len(lines) == OPERATIONS
    different = [(line, own) for line, own in zip(lines, ours) if json.dumps(own) != json.dumps(line["result"])]
    assert not different, f"{len(different)} differ; the first: {json.dumps(different[0], indent=1)}"
    tried = [line["result"] for line in lines if line["result"] is not None]
    assert sum(bool(result["paths"]) for result in tried) > OPERATIONS / 20, "the corpus has errors"
    assert sum(result["data"] is not None for result in tried) > OPERATIONS / 2, "and data"


def test_introspection_gives_the_schema():
    query = run_node("graphql_introspection.mjs", "query").decode()
    event = {"type": "system_event", "sequence": 1, "epoch": 1}
    [answer] = results([{"query": query, "variables": {}, "event": event}])
    assert "errors" not in answer and "refused" not in answer, answer
    from_introspection = run_node("graphql_introspection.mjs", "print", input=json.dumps(answer["data"]).encode())
    from_file = run_node("graphql_introspection.mjs", "print-sdl", SCHEMA)
    assert from_introspection.decode() == from_file.decode()
