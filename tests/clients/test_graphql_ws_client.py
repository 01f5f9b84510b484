"""npm's graphql-ws against the real bridge: lazy and not, several operations, retries over restarts of hub and bridge, and which closes
it takes as final."""

import json
import pathlib

import pytest

import harness
from scenario import Process, follow, node

PROGRAM = pathlib.Path(__file__).parent / "graphql_ws_client.mjs"
QUERY = "subscription ($filter: EventFilter) { events(filter: $filter) { cursor } }"


def address(bridge):
    return bridge.url.removesuffix("/ws") + "/graphql/ws"


def command(url, start, lazy=True, operations=1, query=QUERY, **variables):
    return [node(), PROGRAM, url, json.dumps(lazy), operations, start, query, json.dumps(variables)]


def cursors(values, operation=0):
    return [value["cursor"] for value in values if value.get("operation") == operation and "data" in value]


@pytest.mark.parametrize("lazy", [True, False])
def test_gets_exactly_the_matching_events_and_resumes(scenario, bridge, lazy):
    filter = harness.filter_input(scenario.filter)
    follow(scenario, lambda start: command(address(bridge), start, lazy, filter=filter), cursors)


def test_several_operations_resume_over_the_restart_of_bridge_and_hub():
    """Each of three operations gets each event once, whatever ends in between; the closes are not final."""
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        start = hub.status().latest
        published = []

        def publish(count):
            with hub.client() as client:
                published.extend(client.publish(harness.system_event()).cursor for _ in range(count))

        def all_there(values):
            return all(len(cursors(values, operation)) >= len(published) for operation in range(3))

        with Process(command(address(bridge), start, operations=3)) as process:
            publish(5)
            process.wait_for(all_there, "the first events")
            hub.restart()
            publish(5)
            process.wait_for(all_there, "the events after the hub's restart")
            bridge.stop()
            publish(5)
            bridge.start()
            process.wait_for(all_there, "the events after the bridge's restart")
            bridge.kill()
            publish(5)
            bridge.start()
            process.wait_for(all_there, "the events after the bridge's death")
            for operation in range(3):
                assert cursors(process.values, operation) == published
            closes = [value["closed"] for value in process.values if "closed" in value]
            assert closes[:1] == [1012] and 1006 in closes, closes
            assert any(value.get("retried") for value in process.values)
            pings = [value["ping"] for value in process.values if value.get("ping")]
            assert {"hub": "reconnecting"} in pings and {"hub": "connected"} in pings


@pytest.mark.parametrize("lazy", [True, False])
@pytest.mark.parametrize("code, long", [(4500, harness.NO_MEMORY_FOR), (1009, "x" * 65_536)])
def test_a_close_that_the_client_takes_as_final_ends_the_retries(failing, lazy, code, long):
    """Though its shouldRetry says yes to everything: each operation is told the close, and the client does not come back."""
    with Process(command(address(failing), "latest", lazy, operations=2, query=f"{QUERY} # {long}", filter={})) as process:
        def ended(values):
            return {0, 1} <= {value.get("operation") for value in values if value.get("error") == code}

        process.wait_for(ended, "both operations to end")
        assert [value["closed"] for value in process.values if "closed" in value] == [code]
        assert len([value for value in process.values if "connected" in value]) == 1, process.values
        assert [value["fatal"] for value in process.values if "fatal" in value] == ([] if lazy else [code])


@pytest.mark.parametrize("lazy", [True, False])
def test_a_close_that_is_not_final_is_followed_by_a_new_connection(hub, client, lazy):
    """1001, again and again; each operation gets each event once."""
    start = hub.status().latest
    with harness.start_bridge(hub, "--session-timeout", "700ms") as bridge, \
            Process(command(address(bridge), start, lazy, operations=2)) as process:
        sent = []
        while [value["closed"] for value in process.values if "closed" in value].count(1001) < 2:
            sent.append(client.publish(harness.system_event()).cursor)
            process.wait_for(lambda values: all(len(cursors(values, each)) >= len(sent) for each in range(2)), "the event")
        for operation in range(2):
            assert cursors(process.values, operation) == sent
        assert not [value for value in process.values if "error" in value or "fatal" in value]


def test_a_close_that_the_protocol_calls_final_is_final(bridge):
    """The client reuses the id of an operation that is under way: 4409."""
    program = """
      import {createClient} from "graphql-ws";
      import WebSocket from "ws";
      const client = createClient({url: process.argv[1], webSocketImpl: WebSocket, generateID: () => "same", retryAttempts: 50});
      const request = {query: "subscription { events { cursor } }"};
      for (let i = 0; i < 2; i++) {
        client.subscribe(request, {next: () => {}, complete: () => {}, error: (e) => console.log(JSON.stringify({code: e.code, reason: e.reason}))});
      }
    """
    with Process([node(), "--input-type=module", "-e", program, address(bridge)], cwd=PROGRAM.parent) as process:
        process.wait_for(lambda values: len(values) == 2, "both to end")
        assert process.values == [{"code": 4409, "reason": "CONFLICT: Subscriber for same already exists"}] * 2


def test_what_is_wrong_with_an_operation_is_its_error_and_the_others_go_on(bridge, client):
    start = client.publish(harness.system_event()).cursor
    with Process(command(address(bridge), "yesterday")) as wrong, Process(command(address(bridge), start)) as right:
        wrong.wait_for(lambda values: any("error" in value for value in values), "the error")
        (error,) = [value["error"][0] for value in wrong.values if "error" in value]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["extensions"]["field"] == "extensions.resumeFrom"
        sent = client.publish(harness.system_event())
        right.wait_for(cursors, "the event")
        assert cursors(right.values) == [sent.cursor]
