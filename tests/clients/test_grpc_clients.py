"""The gRPC clients that people use, each against the real hub: reflection, publish, subscribe, resume."""

import json
import os

import grpc
import pytest

import harness
from harness import hub_pb2, hub_pb2_grpc
from example_programs import readme_command
from scenario import EXAMPLES, NODE_BIN, Process, follow, go_tool, node, run

SERVICE = "tocsin.v1.EventHub"


def cursors(values):
    return [event["cursor"] for value in values for event in value.get("events", [])]


def request(scenario, start):
    return json.dumps({"filter": scenario.grpc_filter, "from": start}).encode()


# --- grpcurl: no .proto at hand --------------------------------------------------------------------


def test_grpcurl_lists_the_services_by_reflection(hub):
    listed = run([go_tool("grpcurl"), "-plaintext", hub.address(), "list"]).split()
    assert listed == ["grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection", SERVICE]
    methods = run([go_tool("grpcurl"), "-plaintext", hub.address(), "list", SERVICE]).split()
    assert f"{SERVICE}.Publish" in methods and f"{SERVICE}.Subscribe" in methods


def test_grpcurl_describes_the_service_and_checks_its_health(hub):
    described = run([go_tool("grpcurl"), "-plaintext", hub.address(), "describe", "tocsin.v1.Filter"])
    assert "active_only" in described
    health = json.loads(run([go_tool("grpcurl"), "-plaintext", hub.address(), "grpc.health.v1.Health/Check"]))
    assert health == {"status": "SERVING"}


def test_grpcurl_publishes_the_example(hub, client):
    body = (EXAMPLES / "incident_created.json").read_text()
    answer = json.loads(run([go_tool("grpcurl"), "-plaintext", "-d", "@", hub.address(), f"{SERVICE}/Publish"], body))
    [result] = answer["results"]
    with client.subscribe(start="earliest") as stream:
        events = stream.to_end_of_log()
    [event] = [e for e in events if e.cursor == result["cursor"]]
    assert (event.incident.title, event.incident.id) == ("API gateway down", result["incident_id"])


def test_grpcurl_subscribes_with_a_filter_and_resumes(scenario, hub):
    grpcurl = go_tool("grpcurl")
    follow(scenario, lambda start: [grpcurl, "-plaintext", "-d", "@", hub.address(), f"{SERVICE}/Subscribe"],
           cursors, stdin=lambda start: request(scenario, start))


def test_grpcurl_is_told_which_field_is_wrong(hub):
    with Process([go_tool("grpcurl"), "-plaintext", "-d", "@", hub.address(), f"{SERVICE}/Publish"],
                 b'{"events":[{"type":"EVENT_TYPE_INCIDENT_CREATED","incident":{"source":"x"}}]}') as process:
        harness.wait_for(lambda: b"events[0].incident." in process.errors, what="the field's path")
        assert b"InvalidArgument" in process.errors


# --- buf curl --------------------------------------------------------------------------------------


def buf_curl(hub, method):
    return [node(), NODE_BIN / "buf", "curl", "--protocol", "grpc", "--http2-prior-knowledge", "-d", "@-",
            f"http://{hub.address()}/{SERVICE}/{method}"]


def test_buf_curl_publishes_the_example(hub):
    body = (EXAMPLES / "incident_created.json").read_text()
    answer = json.loads(run(buf_curl(hub, "Publish"), body))
    assert answer["results"][0]["cursor"]


def test_buf_curl_subscribes_with_a_filter_and_resumes(scenario, hub):
    follow(scenario, lambda start: buf_curl(hub, "Subscribe"), cursors,
           stdin=lambda start: request(scenario, start))


# --- @grpc/grpc-js and Python's grpcio; their programs that follow events are in test_example_programs.py -------------


@pytest.mark.parametrize("folder", ["node", "python"])
def test_the_example_publishes(folder, scenario, hub, client):
    command = readme_command(folder, "grpc_publish")[:2]
    printed = run([*command, "Disk full", "P1", scenario.source], cwd=EXAMPLES / folder,
                  environment={**os.environ, "TOCSIN_HUB": hub.address(), "AUTH_TOKEN": "not.looked.at"})
    with client.subscribe({"sources": [scenario.source]}, start=scenario.start) as stream:
        [event] = stream.take(1)
    assert event.incident.title == "Disk full" and event.cursor in printed


@pytest.mark.parametrize("folder", ["node", "python"])
def test_the_example_that_publishes_waits_for_a_hub_that_restarts(folder):
    """The call is tried again, and the event appended once."""
    with harness.start_hub() as hub:
        command = readme_command(folder, "grpc_publish")[:2]
        hub.kill()
        with Process([*command, "Disk full", "P1"], cwd=EXAMPLES / folder,
                     environment={**os.environ, "TOCSIN_HUB": hub.address()}) as process:
            hub.start()
            assert process.wait_for_end(30) == 0, process.errors
        with hub.client() as client, client.subscribe(start="earliest") as stream:
            assert [event.incident.title for event in stream.to_end_of_log()] == ["Disk full"]


def test_grpcio_reads_the_details_of_an_error(client):
    bad = harness.incident_created(title="x" * 501)
    with pytest.raises(grpc.RpcError) as raised:
        client.publish(bad)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    details = harness.error_details(raised.value)
    assert details["ErrorInfo"].reason == "INVALID_MESSAGE"
    assert details["BadRequest"].field_violations[0].field == "events[0].incident.title"
    assert "500" in raised.value.details()


def test_grpcio_that_compresses_is_refused_and_told_why(hub):
    """A compressed request would be inflated before any bound is looked at (docs/security.md)."""
    with grpc.insecure_channel(hub.address(), compression=grpc.Compression.Gzip) as channel:
        stub = hub_pb2_grpc.EventHubStub(channel)
        request = hub_pb2.PublishRequest(events=[harness.incident_created(title="Disk full " * 40)])
        with pytest.raises(grpc.RpcError) as refused:
            stub.Publish(request, timeout=harness.TIMEOUT)
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "gzip" in refused.value.details()


def test_grpcio_publishes_on_a_stream_and_is_answered_in_order(client):
    good, bad = harness.system_event("one"), harness.incident_created(title="")
    requests = [hub_pb2.PublishStreamRequest(publish=hub_pb2.PublishRequest(events=[e]))
                for e in (good, bad, harness.system_event("two"))]
    answers = list(client.stub.PublishStream(iter(requests), timeout=harness.TIMEOUT))
    assert [a.WhichOneof("outcome") for a in answers] == ["response", "error", "response"]
    assert answers[1].error.reason == "INVALID_MESSAGE"
    assert answers[0].response.results[0].sequence < answers[2].response.results[0].sequence
