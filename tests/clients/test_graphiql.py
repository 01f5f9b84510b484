"""GraphiQL in headless Chromium: everything comes from the bridge, nothing breaks the page's policy, a subscription runs."""

import contextlib
import time
import urllib.parse

import harness
from chromium import open_page

ARTEFACTS = harness.ROOT / "build" / "test" / "graphiql"
CONTROL, A, ENTER = 2, 65, 13
EDITOR = "document.querySelector('.graphiql-editor .monaco-editor textarea')"
ANSWER = "document.querySelector('.graphiql-response .view-lines')?.innerText.replaceAll('\\u00a0', ' ') ?? ''"
RUNS = "document.querySelector('[aria-label^=\"Stop\"]') !== null"
SUBSCRIPTION = "subscription Typed { newIncidents(severities: [P0]) { severity title source } }"


@contextlib.contextmanager
def playground(bridge):
    """The page; in the end it has asked no other host for anything, and its policy has had nothing to block."""
    origin = f"http://{bridge.address(0)}"
    with open_page("about:blank") as page:
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            page.command(f"{domain}.enable")
        page.command("Emulation.setDeviceMetricsOverride", width=1400, height=900, deviceScaleFactor=1, mobile=False)
        page.command("Page.navigate", url=origin + "/graphql/playground")
        harness.wait_for(lambda: page.evaluate(f"{EDITOR} !== null"), what="the editor", timeout=60)
        yield page
        page.evaluate("0")
        asked = [told["request"]["url"] for told in page.told("Network.requestWillBeSent")]
        asked += [told["url"] for told in page.told("Network.webSocketCreated")]
        here = urllib.parse.urlsplit(origin).netloc
        assert {urllib.parse.urlsplit(url).netloc for url in asked if not url.startswith("data:")} == {here}
        troubles = [told["entry"] for told in page.told("Log.entryAdded") if "Content Security Policy" in told["entry"]["text"]]
        troubles += [told["issue"] for told in page.told("Audits.issueAdded") if "SecurityPolicy" in told["issue"]["code"]]
        assert not troubles, troubles


def run(page):
    page.evaluate(f"{EDITOR}.focus()")
    page.press("Enter", ENTER, CONTROL)


def run_until(page, done):
    """GraphiQL reads an operation a moment after its tab was chosen; who is faster runs the one before it again."""
    deadline = time.monotonic() + harness.TIMEOUT
    while not done():
        assert time.monotonic() < deadline, page.evaluate(ANSWER)
        if not page.evaluate(RUNS):
            run(page)
        with contextlib.suppress(AssertionError):
            harness.wait_for(done, timeout=2, what="it")


def shows(page, *words):
    return all(word in page.evaluate(ANSWER) for word in words)


def answer(page, *words):
    harness.wait_for(lambda: shows(page, *words), what=f"{words} in the answer")


def keep(page, name):
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(ARTEFACTS / f"{name}.png")


def in_tab(page, name):
    """GraphiQL has read the operation: a tab is called as it is."""
    harness.wait_for(lambda: page.evaluate("document.querySelector('.graphiql-tab-active')?.innerText.trim()") == name, what=name)


def choose(page, tab):
    page.evaluate(f"[...document.querySelectorAll('.graphiql-tab-button')].find((b) => b.innerText.trim() === '{tab}').click()")
    in_tab(page, tab)


def type_and_run(bridge, page):
    page.evaluate(f"{EDITOR}.focus()")
    page.press("a", A, CONTROL)
    page.command("Input.insertText", text=SUBSCRIPTION)
    in_tab(page, "Typed")
    before = bridge.metric("websocket_active_subscriptions")
    run(page)
    harness.wait_for(lambda: bridge.metric("websocket_active_subscriptions") == before + 1, what="the subscription")


def test_a_subscription_that_is_typed_in_shows_the_incident_that_is_published(hub, bridge):
    with playground(bridge) as page, hub.client() as client:
        type_and_run(bridge, page)
        client.publish(harness.incident_created(severity="P2", title="not this one"))
        client.publish(harness.incident_created(severity="P0", title="API gateway down", source="graphiql-test"))
        answer(page, '"severity": "P0"', '"title": "API gateway down"', '"source": "graphiql-test"')
        assert "not this one" not in page.evaluate(ANSWER)
        keep(page, "subscription")


def test_a_subscription_goes_on_over_the_restart_of_hub_and_bridge():
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge, playground(bridge) as page:
        type_and_run(bridge, page)
        for program in (hub, bridge):
            program.restart()
            harness.wait_for(lambda: bridge.ready() and bridge.metric("websocket_active_subscriptions") == 1, timeout=40,
                             what="the page to be there again")
            with hub.client() as client:
                client.publish(harness.incident_created(severity="P0", title=f"after {program.name} was away"))
            answer(page, f'"title": "after {program.name} was away"')


def test_the_example_in_each_tab_runs(hub, bridge):
    with playground(bridge) as page:
        choose(page, "IncidentUpdates")
        before = bridge.metric("websocket_active_subscriptions")
        run_until(page, lambda: bridge.metric("websocket_active_subscriptions") == before + 1)
        choose(page, "CreateIncident")
        run_until(page, lambda: shows(page, '"createIncident"', '"state": "DETECTED"'))
        keep(page, "mutation")
        choose(page, "OpenIncidents")
        run_until(page, lambda: shows(page, '"total"', '"title": "API gateway down"'))
        keep(page, "query")


def test_the_schema_is_there_for_completion_and_docs(bridge):
    with playground(bridge) as page:
        harness.wait_for(lambda: page.evaluate("document.querySelector('[aria-label=\"Show Documentation Explorer\"]') !== null"), what="the docs' button")
        page.evaluate("document.querySelector('[aria-label=\"Show Documentation Explorer\"]').click()")
        harness.wait_for(lambda: "Subscription" in page.evaluate("document.querySelector('.graphiql-doc-explorer')?.innerText ?? ''"), what="the docs")
        keep(page, "docs")


def test_it_can_be_switched_off(hub):
    with harness.start_bridge(hub, "--playground", "off") as bridge:
        assert bridge.http("/graphql/playground", 0)[0] == 404
        assert bridge.http("/graphql?query={__typename}", 0)[0] == 200
