"""The bridge's GraphQL parser beside npm's graphql: the same verdicts on the same documents, and errors at the same place."""

import json
import pathlib
import subprocess

import pytest

import harness
from scenario import node

CORPUS = pathlib.Path(__file__).parent / "graphql_corpus.mjs"
DOCUMENTS = 2_000
TYPE_KEYWORDS = {"schema", "scalar", "type", "interface", "union", "enum", "input", "directive", "extend"}


def corpus(seed):
    done = subprocess.run([node(), CORPUS, str(DOCUMENTS), str(seed)], capture_output=True, check=True, timeout=harness.TIMEOUT)
    return [json.loads(line) for line in done.stdout.decode().split("\n") if line]


def verdicts(texts):
    encoded = [text.encode() for text in texts]
    done = subprocess.run([harness.BIN / "graphql_verdicts"], input=b"".join(b"%d\n%s\n" % (len(text), text) for text in encoded),
                          capture_output=True, check=True, timeout=harness.TIMEOUT)
    return done.stdout.decode().split("\n")[:-1]


def begins_types(verdict):
    """Whether the parser stopped where types are defined, which npm's graphql parses as well."""
    return "expected query" in verdict and verdict.rsplit(" ", 1)[1] in TYPE_KEYWORDS or "a description may stand before" in verdict


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_verdicts_are_those_of_graphql(seed):
    documents = corpus(seed)
    ours = verdicts(document["text"] for document in documents)
    assert len(ours) == len(documents) == DOCUMENTS
    different = []
    for document, verdict in zip(documents, ours):
        place = "ok" if verdict == "ok" else " ".join(verdict.split(" ", 2)[:2])
        types = document["verdict"] != "ok" and begins_types(verdict)
        if place != document["verdict"] and not types:
            different.append((document, verdict))
    assert not different, different[:3]
    good = sum(verdict == "ok" for verdict in ours)
    assert DOCUMENTS / 4 < good < DOCUMENTS * 3 / 4, "the corpus tries both"
