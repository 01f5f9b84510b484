"""The WebSocket clients that people use, each against the real bridge: subscribe, exactly the matching, resume."""

import json

import pytest

import harness
from scenario import EXAMPLES, NODE_BIN, Process, follow, go_tool, node, node_example, python_example, rust_tool


def message_ids(values):
    return [v["message_id"] for v in values if v.get("type") == "event"]


# Each client's program takes: address, filters, resume_from.
PROGRAMS = {
    "npm ws": lambda: node_example("websocket_subscribe.mjs"),
    "Python websockets": lambda: python_example("websocket_subscribe.py"),
    "Go gorilla/websocket": lambda: [go_tool("go_subscribe")],
    "Rust tokio-tungstenite": lambda: [rust_tool("rust_subscribe")],
}


@pytest.fixture(scope="module")
def deflating_bridge(hub):
    with harness.start_bridge(hub, "--compression", "deflate") as program:
        yield program


@pytest.mark.parametrize("name", PROGRAMS)
def test_gets_exactly_the_matching_events_and_resumes(name, scenario, bridge):
    program = PROGRAMS[name]()
    follow(scenario, lambda start: [*program, bridge.url, json.dumps(scenario.filter), start], message_ids)


# These offer permessage-deflate by themselves.
@pytest.mark.parametrize("name", ["npm ws", "Python websockets"])
def test_gets_the_same_compressed(name, scenario, deflating_bridge):
    program = PROGRAMS[name]()
    follow(scenario, lambda start: [*program, deflating_bridge.url, json.dumps(scenario.filter), start], message_ids)


def test_npm_ws_agrees_on_compression_both_ways(scenario, deflating_bridge):
    """With everything compressed on its side (threshold 0); it says what was agreed on."""
    program = """
      import WebSocket from "ws";
      const [url, filters] = process.argv.slice(1);
      const socket = new WebSocket(url, {perMessageDeflate: {threshold: 0}});
      socket.on("open", () => {
        console.log(JSON.stringify({extensions: socket.extensions}));
        socket.send(JSON.stringify({type: "subscribe", subscription_id: "s", filters: JSON.parse(filters)}));
      });
      socket.on("message", (text) => console.log(text.toString()));
      socket.on("close", (code) => console.log(JSON.stringify({code})));
    """
    command = [node(), "--input-type=module", "-e", program, deflating_bridge.url, json.dumps(scenario.filter)]
    with Process(command, cwd=EXAMPLES / "node") as process:
        process.wait_for(lambda values: any(v.get("type") == "subscribed" for v in values), "subscribed")
        assert "permessage-deflate" in process.values[0]["extensions"]
        scenario.publish(40)
        process.wait_for(lambda values: len(message_ids(values)) >= len(scenario.expected), "the events")
        assert message_ids(process.values) == scenario.expected


def test_wscat_gets_exactly_the_matching_events_and_resumes(scenario, bridge):
    def command(start):
        subscribe = {"type": "subscribe", "subscription_id": "worst", "filters": scenario.filter,
                     "resume_from": start}
        return [node(), NODE_BIN / "wscat", "--no-color", "-c", bridge.url, "-w", "-1", "-x", json.dumps(subscribe)]
    follow(scenario, command, message_ids)
