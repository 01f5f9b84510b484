"""What no client of /graphql should send: the status of each media type, the code, the field; nothing changes, hub or no hub."""

import dataclasses
import json
import urllib.parse

import pytest

import harness
import witness
from test_rest import ask

RESPONSE, JSON = "application/graphql-response+json", "application/json"
PARTS = 'multipart/mixed;subscriptionSpec="1.0"'
GOOD = {"query": "{ __typename }"}
FORMS = ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x")
DEAD = "0190b6a5-7c1e-7000-8000-00000000dead"


@dataclasses.dataclass
class Bad:
    name: str
    body: object  # bytes as they are, else JSON; None for no body
    status: int = 400  # as application/graphql-response+json
    code: str = "BAD_USER_INPUT"
    field: str | None = None
    as_json: int = 200  # the status as application/json
    method: str = "POST"
    path: str = "/graphql"
    headers: dict = dataclasses.field(default_factory=dict)
    problem: bool = False  # refused by HTTP, whatever the media type

    def __str__(self):
        return f"{self.method} {self.name}"


def no_request(name, body, field=None):
    return Bad(name, body, field=field, as_json=400)


def refused(name, body, status, code, field=None, **more):
    return Bad(name, body, status, code, field, status, problem=True, **more)


def invalid(name, query, code="GRAPHQL_VALIDATION_FAILED", **variables):
    return Bad(name, {"query": query, "variables": variables}, code=code)


def wrong(name, field, query, **variables):
    return Bad(name, {"query": query, "variables": variables}, field=field)


def get(name, status, headers=None, as_json=200, **parameters):
    return Bad(name, None, status, as_json=as_json, method="GET", path="/graphql?" + urllib.parse.urlencode(parameters),
               headers=headers or {})


def in_input(field, value, named):
    good = {"title": "t", "source": "s", "severity": "P1"}
    return wrong(f"{field} {json.dumps(value)[:24]} in an input", named,
                 "mutation($input: IncidentInput!) { createIncident(input: $input) { cursor } }", input=good | {field: value})


NO_JSON = {"nothing": b"", "half an object": b'{"query":"{ __typename }"', "two objects": b"{}{}", "a form": b"query={__typename}",
           "invalid UTF-8": b'{"query":"\xff"}', "a lone surrogate": rb'{"query":"\ud800"}', "a trailing comma": b'{"query":"a",}',
           "nested too deeply": b"[" * 100 + b"]" * 100, "a number out of range": b'{"query":"{a}","variables":{"x":1e999}}',
           "a member twice": b'{"query":"{a}","query":"{b}"}'}

REQUESTS = [
    *(no_request(name, body) for name, body in NO_JSON.items()),
    no_request("a batch", [GOOD, GOOD]), no_request("an empty batch", []), no_request("a text", "{ __typename }"),
    no_request("null", b"null"), no_request("no query", {}, "query"), no_request("a typing slip", {"qeury": "{a}"}, "query"),
    *(no_request(f"a query that is {json.dumps(value)}", {"query": value}, "query") for value in (None, 7, False, {}, ["{a}"])),
    *(no_request(f"{member} that is {json.dumps(value)}", GOOD | {member: value}, member)
      for member, values in {"operationName": (7, False, {}, ["q"]), "variables": ("{}", 7, False, [1]), "extensions": ("x", 7, True, [])}.items()
      for value in values),
]

DOCUMENTS = [
    *(invalid(f"the document {text!r}", text, "GRAPHQL_PARSE_FAILED") for text in ("", " ", "{", "{ a", "query {}", "{ a(b: ) }", "type A { b: Int }", '{ a(b: "x) }')),
    invalid("a field that is not there", "{ nothing }"), invalid("a type that is not there", "query($x: Nothing) { __typename }"),
    invalid("no selection of an object", "{ health }"), invalid("a selection of a leaf", "{ __typename { a } }"),
    invalid("an argument that is not there", "{ incidents(size: 7) { total } }"), invalid("a required argument left out", "{ incident { id } }"),
    invalid("a literal of another type", '{ incidents(page: "1") { total } }'), invalid("an enum that is not there", "{ incidents(filter: {severities: [P9]}) { total } }"),
    invalid("a variable that is not defined", "{ incident(id: $id) { id } }"), invalid("a fragment that is not there", "{ ...F }"),
    invalid("fragments in a circle", "{ ...F } fragment F on Query { ...F }"), invalid("two root fields of a subscription", "subscription { newIncidents { id } alerts { id } }"),
    invalid("too deep", "{ __schema { types { fields { type " + "{ ofType " * 30 + "{ name }" + " }" * 30 + " } } } }"),
    invalid("too many fields", "{ health { " + " ".join(f"a{i}: status" for i in range(101)) + " } }"),
    invalid("too many tokens", "{ " + "health { status } " * 2_000 + "}", "GRAPHQL_PARSE_FAILED"),
]

INPUTS = [
    wrong("a variable that is left out", "id", "query($id: UUID!) { incident(id: $id) { id } }"),
    wrong("a variable of another type", "id", "query($id: UUID!) { incident(id: $id) { id } }", id=7),
    wrong("a UUID that is none", "id", "query($id: UUID!) { incident(id: $id) { id } }", id="x"),
    wrong("an enum in a variable", "s[1]", "query($s: [Severity!]) { incidents(filter: {severities: $s}) { total } }", s=["P0", "P9"]),
    wrong("an unknown field in a variable", "f", "query($f: IncidentFilter) { incidents(filter: $f) { total } }", f={"severity": "P0"}),
    Bad("an operation that is not there", {"query": "query a { __typename }", "operationName": "b"}),
    Bad("no name of several operations", {"query": "query a { __typename } query b { __typename }"}),
    in_input("severity", "P9", "input.severity"), in_input("title", 7, "input.title"), in_input("titel", "x", "input"),
    in_input("labels", {"a": 1}, "input.labels"),
    Bad("a subscription without parts", {"query": "subscription { newIncidents { id } }"}),
]

HTTP = [
    *(refused(f"as {media_type}", json.dumps(GOOD).encode(), 415, "UNSUPPORTED", "Content-Type", headers={"Content-Type": media_type})
      for media_type in (*FORMS, "application/graphql", "application/json; charset=utf-16", "")),
    refused("a body over 64 KiB", GOOD | {"extensions": {"x": "y" * 70_000}}, 413, "MESSAGE_TOO_LARGE"),
    refused("Accept: text/html", GOOD, 406, "INVALID_MESSAGE", headers={"Accept": "text/html"}),
    refused("a query in parts", GOOD, 406, "INVALID_MESSAGE", headers={"Accept": PARTS}),
    refused("a page of another origin", GOOD, 403, "FORBIDDEN", "Origin", headers={"Origin": "https://evil.example"}),
    refused("a sandboxed page", GOOD, 403, "FORBIDDEN", "Origin", headers={"Origin": "null"}),
    *(refused(f"a page of a {site} site", None, 403, "FORBIDDEN", "Sec-Fetch-Site", method="GET", path="/graphql?query={__typename}",
              headers={"Sec-Fetch-Site": site}) for site in ("cross-site", "same-site")),
    *(refused(method, None, 405, "INVALID_MESSAGE", method=method) for method in ("PUT", "DELETE", "PATCH")),
    get("a mutation", 405, as_json=405, query=f'mutation {{ addComment(id: "{DEAD}", comment: "x") {{ cursor }} }}'),
    get("a subscription", 405, as_json=405, query="subscription { newIncidents { id } }", headers={"Accept": f"{PARTS}, {RESPONSE}"}),
    get("no query", 400, as_json=400), get("variables that are no JSON", 400, as_json=400, query="{a}", variables="{"),
    get("variables that are a list", 400, as_json=400, query="{a}", variables="[]"),
]

ALL = [*REQUESTS, *DOCUMENTS, *INPUTS, *HTTP]


def refuse(bridge, case, media_type):
    headers = {"Accept": media_type} | case.headers
    body = case.body
    if isinstance(body, bytes) and "Content-Type" not in headers:
        headers["Content-Type"] = JSON
    answer = ask(bridge, case.method, case.path, body, **headers)
    expected = case.as_json if media_type == JSON and "Accept" not in case.headers else case.status
    assert answer.status == expected, answer
    if case.problem:
        assert answer.headers["content-type"] == "application/problem+json" and answer.json["code"] == case.code, answer
        assert case.field is None or answer.json.get("field") == case.field, answer
        return
    kind = media_type if "Accept" not in case.headers else RESPONSE
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8" and set(answer.json) == {"errors"}, answer
    error = answer.json["errors"][0]
    assert error["extensions"]["code"] == case.code and error["message"], answer
    assert case.field is None or error["extensions"].get("field") == case.field, answer


@pytest.mark.parametrize("media_type", [RESPONSE, JSON])
@pytest.mark.parametrize("case", ALL, ids=str)
def test_it_is_refused_and_changes_nothing(hub, bridge, case, media_type):
    before = witness.state(hub, bridge)
    refuse(bridge, case, media_type)
    assert witness.state(hub, bridge) == before
    assert hub.running() and bridge.running()


@pytest.mark.parametrize("case", ALL, ids=str)
def test_it_is_refused_alike_while_the_hub_is_away(without_hub, case):
    refuse(without_hub, case, RESPONSE)


def test_a_page_that_is_allowed_may_ask(hub):
    page = "https://ops.example"
    with harness.start_bridge(hub, "--allowed-origin", page) as bridge:
        answer = ask(bridge, "POST", "/graphql", GOOD, Origin=page)
        assert answer.status == 200 and answer.headers["access-control-allow-origin"] == page
        preflight = ask(bridge, "OPTIONS", "/graphql", Origin=page, Access_Control_Request_Method="POST")
        assert "POST" in preflight.headers["access-control-allow-methods"]
        assert {"Accept", "Content-Type", "Authorization"} <= set(preflight.headers["access-control-allow-headers"].split(", "))
        allowed = ask(bridge, "GET", "/graphql?query={__typename}", Origin=page, Sec_Fetch_Site="cross-site")
        assert allowed.json == {"data": {"__typename": "Query"}}
