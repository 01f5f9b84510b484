"""GET /v1/events with the clients that people have: a browser's EventSource, npm eventsource, Python sseclient, curl.
Each gets exactly the matching events, over restarts of both programs, with nothing of ours to help it resume."""

import contextlib
import json
import pathlib
import shutil
import sys
import urllib.parse

import pytest

import harness
from chromium import open_page, serve
from scenario import Process, node

PAGES = pathlib.Path(__file__).parent / "pages"
CLIENTS = pathlib.Path(__file__).parent


def url_of(bridge, scenario):
    return f"http://{bridge.address(0)}/v1/events?" + harness.query_of(scenario.filter)


def shown(page, expected):
    harness.wait_for(lambda: page.evaluate("(window.seen ?? []).length") >= len(expected), timeout=60,
                     what=f"{len(expected)} events in the page")
    seen = page.evaluate("seen")
    assert all(last == own for last, own in seen), "the browser's last id is the event's"
    return [last for last, _ in seen]


def test_a_browsers_event_source_misses_nothing_over_restarts_of_both_programs(hub, scenario):
    with (serve(PAGES) as origin,
          harness.start_bridge(hub, "--allowed-origin", origin) as bridge,
          open_page(f"{origin}/events.html?" + urllib.parse.urlencode({"url": url_of(bridge, scenario)})) as page):
        harness.wait_for(lambda: page.evaluate("window.opened") == 1, what="the stream to be open")
        scenario.publish()
        assert shown(page, scenario.expected) == scenario.expected

        bridge.stop()
        scenario.publish()  # while the bridge is away
        bridge.start()
        assert shown(page, scenario.expected) == scenario.expected

        bridge.kill()  # no goodbye
        scenario.publish()
        bridge.start()
        assert shown(page, scenario.expected) == scenario.expected

        opened = page.evaluate("window.opened")
        hub.restart(kill=True)
        scenario.publish()
        assert shown(page, scenario.expected) == scenario.expected
        assert page.evaluate("window.opened") == opened, "the hub's restart is no end of the stream"

        bridge.stop()
        hub.kill()
        bridge.start()  # before it reaches the hub, it sends the browser away to come back
        hub.start()
        scenario.publish()
        assert shown(page, scenario.expected) == scenario.expected
        assert page.evaluate("gaps.length") == 0 and page.evaluate("state()") == 1


NPM = """
  import {EventSource} from "eventsource";
  const source = new EventSource(process.argv[1]);
  source.addEventListener("event", (message) => {
    console.log(JSON.stringify({id: message.lastEventId, message: JSON.parse(message.data)}));
  });
  source.onopen = () => console.log(JSON.stringify({open: true}));
"""
# It comes back after an end of the stream by itself, with the last id; a refused connection is its caller's.
PYTHON = """
import json, requests, sseclient, sys, time
print(json.dumps({"open": True}))
last = None
while True:
    try:
        for message in sseclient.SSEClient(sys.argv[1], last_id=last, retry=200):
            last = message.id or last
            if message.event == "event":
                print(json.dumps({"id": message.id, "message": json.loads(message.data)}))
    except requests.RequestException:
        time.sleep(0.2)
"""
# Each follows the address that comes after, and prints a JSON object an event.
PROGRAMS = {
    "npm eventsource": lambda: ([node(), "--input-type=module", "-e", NPM], CLIENTS),
    "Python sseclient": lambda: ([sys.executable, "-c", PYTHON], CLIENTS),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_client_library_misses_nothing_over_restarts(name, hub, scenario):
    command, folder = PROGRAMS[name]()

    def ids(values):
        return [value["id"] for value in values if "id" in value]

    def check(process):
        process.wait_for(lambda values: len(ids(values)) >= len(scenario.expected), f"{len(scenario.expected)} events")
        assert ids(process.values) == scenario.expected
        assert [v["message"]["message_id"] for v in process.values if "id" in v] == scenario.expected

    with (harness.start_bridge(hub) as bridge,
          Process([*command, url_of(bridge, scenario) + "&resume_from=" + scenario.start], cwd=folder) as process):
        process.wait_for(lambda values: values, "the client to begin")
        for interruption in (lambda: None, bridge.stop, bridge.kill):
            scenario.publish()
            check(process)
            interruption()
            if not bridge.running():
                scenario.publish()
                bridge.start()
                check(process)


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson"])
def test_curl(accept, bridge, scenario):
    curl = shutil.which("curl")
    assert curl, "no curl: scripts/setup installs it"
    command = [curl, "-sN", "-H", f"Accept: {accept}", "-H", f"Last-Event-ID: {scenario.start}", url_of(bridge, scenario)]
    with Process(command) as process:
        scenario.publish()

        def cursors(values):
            return [v["message_id"] for v in values if v.get("type") == "event"]
        process.wait_for(lambda values: len(cursors(values)) >= len(scenario.expected), "the events")
        assert cursors(process.values) == scenario.expected
        if accept == "application/x-ndjson":
            with contextlib.suppress(IndexError):
                for line in process.text.splitlines()[:-1]:
                    json.loads(line)
