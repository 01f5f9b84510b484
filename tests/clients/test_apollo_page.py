"""The page of examples/apollo in Chromium: React and Apollo Client see every event once, over restarts of both programs."""

import contextlib
import urllib.parse

import pytest

import harness
from chromium import open_page, serve
from example_programs import Titles
from scenario import EXAMPLES

BUILT = EXAMPLES / "apollo" / "dist"
HAPPENED = "[...document.querySelectorAll('#events b')].map((line) => line.textContent)"
OPEN = "[...document.querySelectorAll('#incidents li')].map((line) => line.textContent.split(': ')[1])"


def arrived(page, titles):
    """Waits until the page shows as many events as it should, and checks that they are those, in order."""
    expected = [title for _, title in titles.expected]
    harness.wait_for(lambda: len(page.evaluate(HAPPENED)) >= len(expected), what=f"{len(expected)} events in the page")
    assert page.evaluate(HAPPENED) == expected


def test_the_page_misses_nothing_over_restarts():
    if not BUILT.exists():
        pytest.skip("examples/apollo was not built: no Node")
    with contextlib.ExitStack() as stack:
        hub = stack.enter_context(harness.start_hub())
        origin = stack.enter_context(serve(BUILT))
        bridge = stack.enter_context(harness.start_bridge(hub, "--allowed-origin", origin))
        titles = stack.enter_context(contextlib.closing(Titles(hub)))
        titles.publish()  # what the page finds
        found = [title for _, title in titles.expected]
        titles.expected.clear()
        settings = urllib.parse.urlencode({"WS_URL": f"ws://{bridge.address(0)}/graphql/ws"})
        page = stack.enter_context(open_page(f"{origin}/index.html?{settings}"))
        harness.wait_for(lambda: len(page.evaluate(OPEN)) == len(found), what="the open incidents in the page")
        titles.publish()
        arrived(page, titles)
        for interrupt in (harness.Program.kill, harness.Program.stop):
            interrupt(bridge)
            interrupt(hub)
            hub.start()
            titles.publish()  # while the bridge is away
            bridge.start()
            titles.publish()
            arrived(page, titles)
        assert sorted(page.evaluate(OPEN)) == sorted(found + [title for _, title in titles.expected])

        resolved = titles.resolve_newest()
        arrived(page, titles)
        assert resolved not in page.evaluate(OPEN)
