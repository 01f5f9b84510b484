"""What no client of the HTTP routes should send: the error names the field, whether or not the hub can be reached, and nothing changes."""

import collections
import json
import re

import pytest

import bad_requests
import witness
from test_rest import ask, created


@pytest.fixture(scope="module")
def subject(bridge):
    return created(bridge, title="the subject of bad requests").json["id"]


def refuse(bridge, case, subject):
    headers = dict(case.headers)
    if case.body is not None:
        headers.setdefault("Content-Type", "application/json")
    answer = ask(bridge, case.method, case.path.replace("{one}", subject), case.data(), **headers)
    assert (answer.status, answer.json["code"]) == (case.status, case.code), answer
    assert answer.headers["content-type"] == "application/problem+json" and answer.json["status"] == case.status
    if case.field is not None:
        assert answer.json.get("field") == case.field, answer
        assert case.field in answer.json["detail"], answer


@pytest.mark.parametrize("case", bad_requests.ALL, ids=str)
def test_it_is_refused_by_its_field_and_changes_nothing(hub, bridge, subject, case):
    before = witness.state(hub, bridge)
    refuse(bridge, case, subject)
    assert witness.state(hub, bridge) == before
    assert hub.running() and bridge.running()


@pytest.mark.parametrize("case", [case for case in bad_requests.ALL if not case.by_hub], ids=str)
def test_it_is_refused_alike_while_the_hub_is_away(without_hub, case):
    """Symptom: a client that sent nonsense while the hub was away got 503 after ten seconds, and sent it again for ever.
    Cause: the hub was asked first. Older tests sent bad requests to a whole system only."""
    refuse(without_hub, case, "0190b6a5-7c1e-7000-8000-000000000001")


def test_every_route_has_its_cases(bridge):
    """All that take a body or a query, but for the senders' formats, which have a table of their own."""
    told = json.loads(bridge.http("/openapi.json", 0)[1])["paths"]
    cases = collections.Counter()
    for case in bad_requests.ALL:
        path = re.sub(r"/v1/incidents/(\{one\}|7|%s)" % bad_requests.DEAD, "/v1/incidents/{id}", case.path.partition("?")[0])
        cases[case.method, path] += 1
    routes = [(method.upper(), path) for path, operations in told.items() for method in operations
              if re.match(r"/v1/(alerts|events|incidents|explain)", path)]
    few = {route: cases[route] for route in routes if cases[route] < (2 if route == ("GET", "/v1/incidents/{id}") else 14)}
    assert not few and len(bad_requests.ALL) >= 150, (few, len(bad_requests.ALL))
