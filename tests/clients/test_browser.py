"""Chromium's own WebSocket, by the page of examples/browser: it misses nothing over restarts."""

import json
import urllib.parse

import harness
from chromium import open_page, serve
from scenario import EXAMPLES

SHOWN = "[...document.querySelectorAll('#events li')].map((line) => line.dataset.messageId)"
STATE = "document.getElementById('state')?.textContent ?? ''"


def shown(page, expected):
    """Waits until the page shows as many, and gives what it shows."""
    harness.wait_for(lambda: len(page.evaluate(SHOWN)) >= len(expected), what=f"{len(expected)} events in the page")
    return page.evaluate(SHOWN)


def address(origin, bridge, filters):
    return f"{origin}/index.html?" + urllib.parse.urlencode({"url": bridge.url, "filters": json.dumps(filters)})


def test_the_page_misses_nothing_over_a_restart_of_the_bridge_and_of_the_hub(hub, scenario):
    with (serve(EXAMPLES / "browser") as origin,
          harness.start_bridge(hub, "--allowed-origin", origin) as bridge,
          open_page(address(origin, bridge, scenario.filter)) as page):
        harness.wait_for(lambda: "subscribed" in page.evaluate(STATE), what="the page to be subscribed")
        scenario.publish()
        assert shown(page, scenario.expected) == scenario.expected

        bridge.stop()
        scenario.publish()  # while the bridge is away
        bridge.start()
        assert shown(page, scenario.expected) == scenario.expected

        hub.restart(kill=True)
        scenario.publish()
        assert shown(page, scenario.expected) == scenario.expected


def test_a_page_of_another_origin_is_refused(hub, bridge, scenario):
    with serve(EXAMPLES / "browser") as origin, open_page(address(origin, bridge, scenario.filter)) as page:
        harness.wait_for(lambda: "trying again" in page.evaluate(STATE), what="the page to be refused")
        scenario.publish()
        assert page.evaluate(SHOWN) == []
        assert bridge.metric("websocket_total_connections") == 0
