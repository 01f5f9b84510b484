"""GET /openapi.json: a document that validators take, and that the bridge keeps to (schemathesis)."""

import json
import os
import pathlib
import subprocess
import sys
import urllib.parse

import openapi_spec_validator
import pytest

import harness
import raw
import test_rest as rest

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


def operations(bridge):
    for path, of_path in document(bridge)["paths"].items():
        for method, operation in of_path.items():
            yield method.upper(), path, operation


def test_every_route_says_what_it_takes_and_answers(bridge):
    for method, path, operation in operations(bridge):
        where = f"{method} {path}"
        assert operation["summary"].endswith("."), where
        assert ("requestBody" in operation) == (method in ("POST", "PUT", "PATCH")), where
        for body in operation.get("requestBody", {}).get("content", {}).values():
            assert body["schema"] and body["example"], where
        good = [status for status in operation["responses"] if status < "400"]
        assert good and "default" not in operation["responses"], where
        for status, answer in operation["responses"].items():
            assert answer["description"], (where, status)
            assert status in ("101", "304") or all(c["schema"] for c in answer["content"].values()), (where, status)


def first_line(bridge, target, accept):
    """Of the answer: streams have no end."""
    with raw.connect(bridge) as sock:
        sock.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n".encode())
        return sock.recv(65536).split(b"\r\n")[0].decode()


@pytest.mark.parametrize("path", ["/v1/incidents", "/v1/incidents/{id}/events", "/v1/events"])
def test_the_query_takes_what_it_says_and_nothing_else(bridge, path):
    """Every name that an error lists is described, and every one that is described is taken."""
    made = rest.created(bridge).json["id"]
    target = path.replace("{id}", made)
    told = [p for p in document(bridge)["paths"][path]["get"]["parameters"] if p["in"] == "query"]
    names = {p["name"] for p in told}
    listed = set(json.loads(bridge.http(f"{target}?nothing=1", 0)[1])["allowed"])
    singular = {"event_type", "severity", "state", "source", "incident_id", "affected_resource"}
    assert listed <= names <= listed | singular
    for parameter in told:
        if parameter["name"] == "page_token":
            continue  # the tests of pages have them
        query = f"{parameter['name']}={urllib.parse.quote(parameter['example'], safe=',')}"
        assert first_line(bridge, f"{target}?{query}", "application/x-ndjson") == "HTTP/1.1 200 OK", query


def test_the_examples_are_taken(bridge):
    """Each example of a body, sent as it stands."""
    one = rest.created(bridge).json["id"]
    taken = {}
    for method, path, operation in operations(bridge):
        for media_type, body in operation.get("requestBody", {}).get("content", {}).items():
            answer = rest.ask(bridge, method, path.replace("{id}", one), body["example"], Content_Type=media_type)
            taken[method, path, media_type] = answer.status
            assert str(answer.status) in operation["responses"], (method, path, answer)
    assert len(taken) > 20 and {status // 100 for status in taken.values()} == {2}, taken


def test_generated_requests_are_answered_as_it_says():
    """Streams and sockets, which have no end, are left out."""
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        command = [pathlib.Path(sys.executable).parent / "schemathesis", "run", f"http://{bridge.address(0)}/openapi.json",
                   "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", MAX_EXAMPLES,
                   "--max-time", MAX_TIME, "--generation-deterministic",
                   "--exclude-operation-id", "streamEvents", "--exclude-operation-id", "webSocket",
                   "--exclude-operation-id", "graphqlWebSocket",
                   "--request-timeout", "20", "--warnings", "off", "--no-color"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=280 + float(MAX_TIME), cwd=bridge.folder)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert bridge.ready()
        print(done.stdout[-1200:])
