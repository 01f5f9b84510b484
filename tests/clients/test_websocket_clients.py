"""The WebSocket clients that people use, each against the real bridge, compressed and not. The programs of examples/ are in
test_example_programs.py."""

import contextlib
import json

import pytest

import harness
from example_programs import Titles, example
from scenario import EXAMPLES, NODE_BIN, Process, follow, node


def message_ids(values):
    return [v["message_id"] for v in values if v.get("type") == "event"]


@pytest.fixture(scope="module")
def deflating_bridge(hub):
    with harness.start_bridge(hub, "--compression", "deflate") as program:
        yield program


# These offer permessage-deflate by themselves.
@pytest.mark.parametrize("name", ["typescript/websocket_subscribe", "python/websocket_subscribe"])
def test_gets_the_same_compressed(name, hub, deflating_bridge):
    with (contextlib.closing(Titles(hub)) as titles,
          example(name).start(hub, deflating_bridge, RESUME_FROM=hub.status().latest) as process):
        titles.publish(40)
        titles.arrived(process)


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
    with Process(command, cwd=EXAMPLES / "typescript") as process:
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
