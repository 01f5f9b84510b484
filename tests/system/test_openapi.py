"""GET /openapi.json: a document that validators take, and that the bridge keeps to (schemathesis)."""

import json
import os
import pathlib
import subprocess
import sys

import openapi_spec_validator

import harness

# What it cannot judge: what is read is more lenient than the schema (null for what is left out, names of
# enumerations in any letter case), and dates beyond what a log may hold are refused.
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
          "response_headers_conformance,unsupported_method")
MAX_EXAMPLES = os.environ.get("TOCSIN_FUZZ_EXAMPLES", "15")  # of each operation and phase
MAX_TIME = os.environ.get("TOCSIN_FUZZ_SECONDS", "60")


def document(bridge):
    return json.loads(bridge.http("/openapi.json", 0)[1])


def test_the_document_is_valid(bridge):
    openapi_spec_validator.validate(document(bridge))


def test_it_describes_what_there_is(bridge):
    paths = document(bridge)["paths"]
    for path, operations in paths.items():
        status, _ = bridge.http(path.replace("{id}", "0190b6a5-7c1e-7000-8000-00000000dead"), 0, {"Accept": "text/plain"})
        assert ("get" in operations) == (status != 405), (path, status)
    assert {"get", "post"} == set(paths["/v1/incidents"]) and {"get", "put", "patch"} == set(paths["/v1/incidents/{id}"])


def test_generated_requests_are_answered_as_it_says():
    """Streams and sockets, which have no end, are left out, and so are the senders' own formats."""
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        command = [pathlib.Path(sys.executable).parent / "schemathesis", "run", f"http://{bridge.address(0)}/openapi.json",
                   "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", MAX_EXAMPLES,
                   "--max-time", MAX_TIME, "--generation-deterministic",
                   "--include-path-regex", "^/v1/(events|alerts|incidents)", "--exclude-operation-id", "streamEvents",
                   "--request-timeout", "20", "--warnings", "off", "--no-color"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=280 + float(MAX_TIME), cwd=bridge.folder)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert bridge.ready()
        print(done.stdout[-1200:])
