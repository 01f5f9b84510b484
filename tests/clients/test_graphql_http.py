"""/graphql with what people have: npm graphql-http's audits, Apollo Client over HTTP, curl."""

import json
import pathlib
import urllib.parse

import harness
from scenario import Process, follow, node, run

CLIENTS = pathlib.Path(__file__).parent
AUDITS = 61

EVENTS = """subscription Events($filter: EventFilter) { events(filter: $filter) { cursor incident { title } } }"""


def url_of(bridge):
    return f"http://{bridge.address(0)}/graphql"


def graphql_filter(scenario):
    return {"sources": [scenario.source], "severities": ["P0", "P1"], "labels": {"env": "production"}}


def test_every_audit_of_graphql_http_passes(bridge):
    lines = run([node(), CLIENTS / "graphql_http_audit.mjs", url_of(bridge)]).splitlines()
    audits = [json.loads(line) for line in lines]
    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len(audits) >= AUDITS, "MUST, SHOULD and MAY"


def test_apollo_client_is_told_each_event_once_and_resumes(bridge, scenario):
    def command(start):
        return [node(), CLIENTS / "graphql_multipart.mjs", url_of(bridge), EVENTS,
                json.dumps({"filter": graphql_filter(scenario)}), start]

    def cursors(values):
        assert all(value["data"]["events"]["cursor"] == value["extensions"]["cursor"] for value in values), values
        return [value["extensions"]["cursor"] for value in values]

    follow(scenario, command, cursors)


def test_apollo_client_is_told_that_the_server_goes_down(hub, scenario):
    with (harness.start_bridge(hub) as bridge,
          Process([node(), CLIENTS / "graphql_multipart.mjs", url_of(bridge), EVENTS, "{}", scenario.start]) as client):
        scenario.publish(1)
        client.wait_for(lambda values: len(values) >= 1, "an event")
        bridge.stop()
        client.wait_for(lambda values: "the server is going down; resume" in str(values), "the end")


def test_curl_asks_by_post_and_by_get(bridge, scenario):
    scenario.publish(4)
    asked = json.dumps({"query": "query($s: [String!]) { incidents(filter: {sources: $s}) { total } }",
                        "variables": {"s": [scenario.source]}})
    post = run(["curl", "-sf", url_of(bridge), "-H", "Content-Type: application/json", "-d", asked])
    assert json.loads(post) == {"data": {"incidents": {"total": 4}}}
    query = urllib.parse.urlencode({"query": f'{{ incidents(filter: {{sources: "{scenario.source}"}}) {{ total }} }}'})
    assert json.loads(run(["curl", "-sf", f"{url_of(bridge)}?{query}"])) == json.loads(post)
