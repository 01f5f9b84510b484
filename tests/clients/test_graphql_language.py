"""The bridge's GraphQL language engine beside npm's graphql: the same verdicts on the same documents and values, and errors at the same places.

A million documents, as they were once compared: GRAPHQL_DOCUMENTS=1000000 runs test_random_documents_have_the_same_errors with so many.
"""

import collections
import json
import os
import pathlib
import subprocess

import pytest

import harness
from scenario import node

FOLDER = pathlib.Path(__file__).parent
SCHEMA = harness.ROOT / "bridge" / "graphql" / "schema.graphql"
PARSED = 2_000
VALIDATED = 1_200
RANDOM = int(os.environ.get("GRAPHQL_DOCUMENTS", 4_000))
CHUNK = 2_000
RULES = 25  # all of the specification's but "executable definitions", which is the parser's
TYPE_KEYWORDS = {"schema", "scalar", "type", "interface", "union", "enum", "input", "directive", "extend"}


def corpus(script, *arguments):
    done = subprocess.run([node(), FOLDER / script, *map(str, arguments)], capture_output=True, check=True, timeout=10 * harness.TIMEOUT)
    return [json.loads(line) for line in done.stdout.decode().split("\n") if line]


def verdicts(what, texts):
    encoded = [text.encode() for text in texts]
    done = subprocess.run([harness.BIN / "graphql_verdicts", what], input=b"".join(b"%d\n%s\n" % (len(text), text) for text in encoded),
                          capture_output=True, check=True, timeout=harness.TIMEOUT)
    lines = done.stdout.decode().split("\n")[:-1]
    assert len(lines) == len(encoded)
    return lines


# ---- the parser ----

def begins_types(verdict):
    """Whether the parser stopped where types are defined, which npm's graphql parses as well."""
    return "expected query" in verdict and verdict.rsplit(" ", 1)[1] in TYPE_KEYWORDS or "a description may stand before" in verdict


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_verdicts_are_those_of_graphql(seed):
    documents = corpus("graphql_corpus.mjs", PARSED, seed)
    ours = verdicts("parse", (document["text"] for document in documents))
    assert len(ours) == PARSED
    different = []
    for document, verdict in zip(documents, ours):
        place = "ok" if verdict == "ok" else " ".join(verdict.split(" ", 2)[:2])
        types = document["verdict"] != "ok" and begins_types(verdict)
        if place != document["verdict"] and not types:
            different.append((document, verdict))
    assert not different, different[:3]
    good = sum(verdict == "ok" for verdict in ours)
    assert PARSED / 4 < good < PARSED * 3 / 4, "the corpus tries both"


# ---- validation ----

def in_order(errors):
    return sorted(errors)


def test_each_rule_reports_what_graphql_reports():
    documents = corpus("graphql_validation_corpus.mjs", SCHEMA, "rules", VALIDATED, 7)
    ours = verdicts("rules", (document["text"] for document in documents))
    broken = collections.Counter()
    different = []
    for document, line in zip(documents, ours):
        found = json.loads(line)
        for rule in found.keys() | document["rules"].keys():
            theirs = document["rules"].get(rule, [])
            broken[rule] += 1
            if in_order(found.get(rule, [])) != in_order(theirs):
                different.append((rule, document["text"], found.get(rule), theirs))
    assert not different, (len(different), different[:3])
    assert ours.count("{}") > VALIDATED / 5, "valid documents are among them"
    assert len(broken) == RULES and min(broken.values()) >= 5, broken


def test_random_documents_have_the_same_errors():
    for seed in range(100, 100 + RANDOM // CHUNK):
        documents = corpus("graphql_validation_corpus.mjs", SCHEMA, "validate", CHUNK, seed)
        ours = verdicts("validate", (document["text"] for document in documents))
        different = [(document, line) for document, line in zip(documents, ours)
                     if in_order(json.loads(line)) != in_order(document["places"])]
        assert not different, (seed, len(different), different[:3])


def test_where_a_variable_decides_on_a_subscriptions_root_field_graphql_takes_nothing_either():
    """The bridge refuses @skip and @include there, as the specification does; graphql 16 takes constants alone. So no client that validates with
    it sends a condition that could be of use."""
    documents = ["subscription($x: Boolean!) { alerts @%s(if: $x) { id } }", "subscription($x: Boolean = true) { alerts @%s(if: $x) { id } }",
                 "subscription($x: Boolean!) { ... @%s(if: $x) { alerts { id } } }"]
    script = f"""
        import {{ buildSchema, parse, validate }} from "graphql";
        import {{ readFileSync }} from "node:fs";
        const schema = buildSchema(readFileSync({json.dumps(str(SCHEMA))}, "utf8"));
        for (const document of {json.dumps([each % name for each in documents for name in ("skip", "include")])}) {{
          let took = true;
          try {{ took = validate(schema, parse(document)).length === 0; }} catch {{ took = false; }}
          console.log(JSON.stringify(took));
        }}"""
    done = subprocess.run([node(), "--input-type=module", "-e", script], cwd=FOLDER, capture_output=True, check=True, timeout=harness.TIMEOUT)
    assert done.stdout.split() == [b"false"] * 6
    assert all(json.loads(line) for line in verdicts("validate", [each % "skip" for each in documents])), "the bridge refuses them"


# ---- values of variables ----

@pytest.mark.parametrize("what", ["coerce", "arguments"])
def test_variables_and_arguments_are_coerced_as_graphql_coerces_them(what):
    requests = corpus("graphql_validation_corpus.mjs", SCHEMA, what, 2_000, 11)
    ours = verdicts(what, (json.dumps({"query": one["query"], "variables": one["variables"]}) for one in requests))
    different = []
    for request, line in zip(requests, ours):
        coerced = line if line == "bad" else json.loads(line)
        if coerced != request["verdict"]:
            different.append((request, line))
    assert not different, (len(different), different[:3])
    bad = ours.count("bad")
    assert len(requests) / 20 < bad < len(requests) * 9 / 10, "the corpus tries both"


# ---- introspection ----

def test_the_introspection_queries_of_clients_are_within_the_bounds():
    options = ["descriptions", "specifiedByUrl", "directiveIsRepeatable", "schemaDescription", "inputValueDeprecation",
               "experimentalDirectiveDeprecation", "oneOf"]
    script = f"""
        import {{ getIntrospectionQuery }} from "graphql";
        const options = {json.dumps(options)};
        for (let set = 0; set < 1 << options.length; ++set) {{
          console.log(JSON.stringify(getIntrospectionQuery(Object.fromEntries(options.map((name, i) => [name, Boolean(set >> i & 1)])))));
        }}"""
    done = subprocess.run([node(), "--input-type=module", "-e", script], cwd=FOLDER, capture_output=True, check=True, timeout=harness.TIMEOUT)
    queries = [json.loads(line) for line in done.stdout.decode().split("\n") if line]
    assert len(queries) == 1 << len(options)
    assert set(verdicts("prepare", queries)) == {"ok"}
