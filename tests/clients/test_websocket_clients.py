"""The WebSocket clients that people use, each against the real bridge: subscribe, exactly the matching, resume."""

import json

import pytest

from scenario import NODE_BIN, follow, go_tool, node, node_example, python_example, rust_tool


def message_ids(values):
    return [v["message_id"] for v in values if v.get("type") == "event"]


# Each client's program takes: address, filters, resume_from.
PROGRAMS = {
    "npm ws": lambda: node_example("websocket_subscribe.mjs"),
    "Python websockets": lambda: python_example("websocket_subscribe.py"),
    "Go gorilla/websocket": lambda: [go_tool("go_subscribe")],
    "Rust tokio-tungstenite": lambda: [rust_tool("rust_subscribe")],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_gets_exactly_the_matching_events_and_resumes(name, scenario, bridge):
    program = PROGRAMS[name]()
    follow(scenario, lambda start: [*program, bridge.url, json.dumps(scenario.filter), start], message_ids)


def test_wscat_gets_exactly_the_matching_events_and_resumes(scenario, bridge):
    def command(start):
        subscribe = {"type": "subscribe", "subscription_id": "worst", "filters": scenario.filter,
                     "resume_from": start}
        return [node(), NODE_BIN / "wscat", "--no-color", "-c", bridge.url, "-w", "-1", "-x", json.dumps(subscribe)]
    follow(scenario, command, message_ids)
