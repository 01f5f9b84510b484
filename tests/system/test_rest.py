"""Alerts and incidents over HTTP, over both programs: /v1/incidents and its children."""

import concurrent.futures
import contextlib
import http.client
import json
import uuid

import pytest

import harness

UNKNOWN = "/v1/incidents/0190b6a5-7c1e-7000-8000-00000000dead"


class Answer:
    def __init__(self, answer):
        self.status = answer.status
        self.headers = {k.lower(): v for k, v in answer.getheaders()}
        self.text = answer.read().decode()
        self.json = json.loads(self.text) if "json" in self.headers.get("content-type", "") and self.text else None
        self.etag = self.headers.get("etag")

    def __repr__(self):
        return f"{self.status} {self.text[:500]}"


def ask(bridge, method, path, body=None, **headers):
    """One request on a connection of its own; a body that is not bytes is sent as JSON. `If_Match` is If-Match."""
    host, port = bridge.address(0).rsplit(":", 1)
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=30)) as connection:
        fields = {k.replace("_", "-"): v for k, v in headers.items()}
        if body is not None:
            fields.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, body=body, headers=fields)
        return Answer(connection.getresponse())


def created(bridge, **fields):
    answer = ask(bridge, "POST", "/v1/incidents", {"title": "Disk full", "source": "test", "severity": "P2"} | fields)
    assert answer.status == 201, answer
    return answer


def path_of(answer):
    return answer.headers["location"]


def test_the_life_of_an_incident(bridge):
    first = created(bridge, labels={"env": "production"}, actor="ann")
    path = path_of(first)
    assert path == f"/v1/incidents/{first.json['id']}" and first.json["state"] == "Detected"
    read = ask(bridge, "GET", path)
    assert (read.status, read.etag, read.json["title"]) == (200, first.etag, "Disk full")
    assert ask(bridge, "GET", path, If_None_Match=read.etag).status == 304

    patched = ask(bridge, "PATCH", path, {"severity": "P1", "labels": {"env": None, "team": "db"}, "actor": "bob"})
    assert patched.status == 200 and patched.json["severity"] == "P1" and patched.json["labels"] == {"team": "db"}
    assert patched.etag != first.etag
    commented = ask(bridge, "POST", f"{path}/comments", {"comment": "Looking.", "actor": "ann"})
    assert commented.status == 200
    assert [(n["author"], n["content"]) for n in commented.json["notes"]] == [("ann", "Looking.")]
    assigned = ask(bridge, "POST", f"{path}/assign", {"assignees": ["ann", "bob"]})
    assert assigned.json["assignees"] == ["ann", "bob"]
    escalated = ask(bridge, "POST", f"{path}/escalate", {"to_severity": "P0", "reason": "spreading"})
    assert escalated.json["severity"] == "P0"
    put = ask(bridge, "PUT", path, escalated.json | {"title": "Disks full"})
    assert put.json["title"] == "Disks full" and put.json["assignees"] == ["ann", "bob"]
    assert [n["content"] for n in put.json["notes"]] == ["Looking."], "history is the hub's"
    resolved = ask(bridge, "POST", f"{path}/resolve", {"root_cause": "logs", "actor": "ann"})
    assert resolved.json["state"] == "Resolved" and resolved.json["resolution"]["resolved_by"] == "ann"
    assert resolved.json["resolution"]["root_cause"] == "logs"


def test_the_events_of_an_incident_are_its_history(bridge):
    path = path_of(created(bridge))
    ask(bridge, "PATCH", path, {"severity": "P1"})
    ask(bridge, "POST", f"{path}/comments", {"comment": "c"})
    ask(bridge, "POST", f"{path}/resolve")
    types = ["incident_created", "incident_updated", "comment_added", "incident_resolved"]
    page = ask(bridge, "GET", f"{path}/events").json
    assert [e["type"] for e in page["events"]] == types and page["next_page_token"] is None
    got, token = [], ""
    while token is not None:
        page = ask(bridge, "GET", f"{path}/events?page_size=1" + (f"&page_token={token}" if token else "")).json
        got, token = got + [e["type"] for e in page["events"]], page["next_page_token"]
    assert got == types
    newest = ask(bridge, "GET", f"{path}/events?order=desc&event_types=comment_added,incident_resolved").json
    assert [e["type"] for e in newest["events"]] == ["incident_resolved", "comment_added"]


def test_pages_and_filters(bridge):
    source = f"pages-{uuid.uuid4()}"
    ids = [created(bridge, source=source, severity=f"P{i % 2}", title=f"t{i}").json["id"] for i in range(7)]
    page = ask(bridge, "GET", f"/v1/incidents?source={source}&sort=created_at&order=asc&page_size=3").json
    assert (page["total"], page["page"], page["page_size"]) == (7, 1, 3)
    got = [i["id"] for i in page["incidents"]]
    while page["next_page_token"]:
        page = ask(bridge, "GET", f"/v1/incidents?source={source}&sort=created_at&order=asc&page_size=3"
                                  f"&page_token={page['next_page_token']}").json
        got += [i["id"] for i in page["incidents"]]
    assert got == ids and page["page"] == 3
    numbered = ask(bridge, "GET", f"/v1/incidents?source={source}&sort=created_at&order=asc&page_size=3&page=2").json
    assert [i["id"] for i in numbered["incidents"]] == ids[3:6]
    worst = ask(bridge, "GET", f"/v1/incidents?sources={source}&severity=P0&active_only=true").json
    assert {i["id"] for i in worst["incidents"]} == set(ids[::2])
    assert ask(bridge, "GET", f"/v1/incidents?sources={source}&states=Resolved").json["incidents"] == []


def test_if_match_lets_one_of_two_through(bridge):
    first = created(bridge)
    path = path_of(first)
    second = ask(bridge, "POST", f"{path}/comments", {"comment": "a"}, If_Match=first.etag)
    assert second.status == 200
    late = ask(bridge, "POST", f"{path}/comments", {"comment": "b"}, If_Match=first.etag)
    assert late.status == 412 and late.json["code"] == "CONFLICT" and late.json["field"] == "If-Match"
    assert late.etag == second.etag == ask(bridge, "GET", path).etag, "nothing changed"
    assert late.json["incident"]["id"] == first.json["id"]


def test_patches_at_once_lose_nothing(bridge):
    path = path_of(created(bridge))
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda i: ask(bridge, "PATCH", path, {"labels": {f"l{i}": "x"}}), range(64)))
    assert {a.status for a in answers} == {200}
    assert set(ask(bridge, "GET", path).json["labels"]) == {f"l{i}" for i in range(64)}


def test_a_key_makes_a_retry_the_same_request(bridge):
    key = str(uuid.uuid4())
    body = {"title": "t", "source": f"key-{key}", "severity": "P3"}
    one = ask(bridge, "POST", "/v1/incidents", body, Idempotency_Key=key)
    two = ask(bridge, "POST", "/v1/incidents", body, Idempotency_Key=key)
    assert (one.status, two.status) == (201, 201) and one.json["id"] == two.json["id"] and one.etag == two.etag
    other = ask(bridge, "POST", "/v1/incidents", body | {"title": "other"}, Idempotency_Key=key)
    assert other.status == 409 and other.json["code"] == "CONFLICT"
    path = path_of(one)
    for _ in range(3):
        assert ask(bridge, "POST", f"{path}/comments", {"comment": "c"}, Idempotency_Key=key,
                   If_Match=one.etag).status == 200, "the retry is answered as the first try was"
    assert len(ask(bridge, "GET", path).json["notes"]) == 1


INCIDENT = {"title": "t", "source": "s", "severity": "P1"}
BAD = {
    # name: method, path below the incident ("" the incident, None the list), body, headers, status, code, field
    **{f"create, {name}": ("POST", None, body, {}, status, code, field) for name, (body, status, code, field) in {
        "not JSON": (b"{", 400, "INVALID_MESSAGE", None),
        "nothing": (b"", 400, "INVALID_MESSAGE", None),
        "a list": ([], 400, "INVALID_MESSAGE", None),
        "no title": ({"source": "s", "severity": "P1"}, 400, "INVALID_MESSAGE", "title"),
        "an empty title": (INCIDENT | {"title": ""}, 400, "INVALID_MESSAGE", "title"),
        "a title of 501": (INCIDENT | {"title": "x" * 501}, 400, "INVALID_MESSAGE", "title"),
        "no source": ({"title": "t", "severity": "P1"}, 400, "INVALID_MESSAGE", "source"),
        "a source of 256": (INCIDENT | {"source": "x" * 256}, 400, "INVALID_MESSAGE", "source"),
        "no severity": ({"title": "t", "source": "s"}, 400, "INVALID_MESSAGE", "severity"),
        "severity P9": (INCIDENT | {"severity": "P9"}, 400, "INVALID_MESSAGE", "severity"),
        "severity 1": (INCIDENT | {"severity": 1}, 400, "INVALID_MESSAGE", "severity"),
        "state Open": (INCIDENT | {"state": "Open"}, 400, "INVALID_MESSAGE", "state"),
        "a type that is not": (INCIDENT | {"incident_type": "Odd"}, 400, "INVALID_MESSAGE", "incident_type"),
        "labels of numbers": (INCIDENT | {"labels": {"a": 1}}, 400, "INVALID_MESSAGE", 'labels["a"]'),
        "labels as a list": (INCIDENT | {"labels": []}, 400, "INVALID_MESSAGE", "labels"),
        "an empty label": (INCIDENT | {"labels": {"": "x"}}, 400, "INVALID_MESSAGE", "labels"),
        "an empty key of metadata": (INCIDENT | {"metadata": {"": "x"}}, 400, "INVALID_MESSAGE", "metadata"),
        "id x": (INCIDENT | {"id": "x"}, 400, "INVALID_MESSAGE", "id"),
        "an unknown field": (INCIDENT | {"titel": "x"}, 400, "INVALID_MESSAGE", "titel"),
        "a field of the hub's": (INCIDENT | {"updated_at": "2026-01-01T00:00:00Z"}, 400, "INVALID_MESSAGE", "updated_at"),
        "notes": (INCIDENT | {"notes": []}, 400, "INVALID_MESSAGE", "notes"),
        "actor 7": (INCIDENT | {"actor": 7}, 400, "INVALID_MESSAGE", "actor"),
        "a related incident that is no UUID": (INCIDENT | {"related_incidents": ["x"]}, 400, "INVALID_MESSAGE", "related_incidents[0]"),
        "a key twice": (b'{"title":"a","title":"b"}', 400, "INVALID_MESSAGE", "title"),
        "invalid UTF-8": (b'{"title":"\xff"}', 400, "INVALID_MESSAGE", None),
        "deep": (b"[" * 100 + b"]" * 100, 400, "INVALID_MESSAGE", None),
        "above 1 MiB": (INCIDENT | {"description": "x" * 1_100_000}, 413, "MESSAGE_TOO_LARGE", None),
    }.items()},
    **{f"query {query}": ("GET", query, None, {}, 400, code, field) for query, code, field in [
        ("?severity=P9", "INVALID_FILTER", "severity"), ("?severities=", "INVALID_MESSAGE", "severities"),
        ("?severty=P1", "INVALID_MESSAGE", "severty"), ("?state=Open", "INVALID_FILTER", "state"),
        ("?event_types=escalated", "INVALID_MESSAGE", "event_types"), ("?active_only=yes", "INVALID_MESSAGE", "active_only"),
        ("?active_only=true&active_only=true", "INVALID_MESSAGE", "active_only"),
        ("?incident_ids=7", "INVALID_FILTER", "incident_ids[0]"), ("?labels.a=1&labels.a=2", "INVALID_MESSAGE", "labels.a"),
        ("?page=0", "INVALID_MESSAGE", "page"), ("?page=-1", "INVALID_MESSAGE", "page"), ("?page=x", "INVALID_MESSAGE", "page"),
        ("?page=99999999999", "INVALID_MESSAGE", "page"), ("?page=5000", "INVALID_MESSAGE", "page"),
        ("?page_size=0", "INVALID_MESSAGE", "page_size"), ("?page_size=1001", "INVALID_MESSAGE", "page_size"),
        ("?page_token=x", "INVALID_MESSAGE", "page_token"), ("?page_token=2.x", "INVALID_MESSAGE", "page_token"),
        ("?page=2&page_token=2.x", "INVALID_MESSAGE", "page"), ("?sort=title", "INVALID_MESSAGE", "sort"),
        ("?order=up", "INVALID_MESSAGE", "order"), ("?source=%zz", "INVALID_MESSAGE", "source"),
        ("?source=%e9", "INVALID_MESSAGE", "source"), ("?token=x", "INVALID_MESSAGE", "token")]},
    **{f"{path or 'patch'}, {name}": (method, path, body, {}, 400, "INVALID_MESSAGE", field)
       for method, path, name, body, field in [
        ("PATCH", "", "title null", {"title": None}, "title"), ("PATCH", "", "id", {"id": "x"}, "id"),
        ("PATCH", "", "notes", {"notes": []}, "notes"), ("PATCH", "", "an unknown field", {"tilte": "x"}, "tilte"),
        ("PATCH", "", "a list", [], None), ("PATCH", "", "severity P9", {"severity": "P9"}, "severity"),
        ("PATCH", "", "a label of a number", {"labels": {"a": 1}}, 'labels["a"]'),
        ("PATCH", "", "a part of the resolution", {"resolution": {"by": "x"}}, "resolution.by"),
        ("PATCH", "", "not JSON", b"}", None),
        ("PUT", "", "less than the whole", {"title": "t"}, "severity"),
        ("PUT", "", "another id", INCIDENT | {"id": UNKNOWN[-36:]}, "id"),
        ("PUT", "", "an unknown field", INCIDENT | {"x": 1}, "x"),
        ("POST", "/comments", "no comment", {}, "comment"), ("POST", "/comments", "an empty one", {"comment": ""}, "comment"),
        ("POST", "/comments", "a number", {"comment": 7}, "comment"), ("POST", "/comments", "an unknown field", {"text": "x"}, "text"),
        ("POST", "/comments", "nothing", b"", None),
        ("POST", "/assign", "no assignees", {}, "assignees"), ("POST", "/assign", "a text", {"assignees": "ann"}, "assignees"),
        ("POST", "/assign", "a number", {"assignees": [7]}, "assignees[0]"),
        ("POST", "/escalate", "no severity", {"reason": "r"}, "to_severity"),
        ("POST", "/escalate", "severity P9", {"to_severity": "P9"}, "to_severity"),
        ("POST", "/escalate", "from", {"from_severity": "P1"}, "from_severity"),
        ("POST", "/resolve", "a method that is not", {"resolution_method": "Magic"}, "resolution_method"),
        ("POST", "/resolve", "an unknown field", {"cause": "x"}, "cause"),
        ("POST", "/resolve", "a time that is not", {"resolved_at": "now"}, "resolved_at"),
        ("POST", "/resolve", "a list", [], None),
        ("GET", "/events?from=yesterday", "from", None, "from"), ("GET", "/events?to=x%20y", "to", None, "to"),
        ("GET", "/events?page_size=0", "size", None, "page_size"), ("GET", "/events?order=new", "order", None, "order"),
        ("GET", "/events?incident_ids=0190b6a5-7c1e-7000-8000-00000000dead", "another incident", None, "incident_ids"),
        ("GET", "/events?sort=severity", "sort", None, "sort")]},
    **{f"If-Match {tag}": ("PATCH", "", {"title": "u"}, {"If-Match": tag}, 400, "INVALID_MESSAGE", "If-Match")
       for tag in ['5', 'W/"5"', '"5", "6"', '"x"', '""', '"-1"']},
    "If-Match of another state": ("PATCH", "", {"title": "u"}, {"If-Match": '"99999999"'}, 412, "CONFLICT", "If-Match"),
    "a long key": ("POST", "/comments", {"comment": "c"}, {"Idempotency-Key": "k" * 256}, 400, "INVALID_MESSAGE", "Idempotency-Key"),
    "an empty key": ("POST", "/comments", {"comment": "c"}, {"Idempotency-Key": ""}, 400, "INVALID_MESSAGE", "Idempotency-Key"),
    "comments as text": ("POST", "/comments", b"c", {"Content-Type": "text/plain"}, 415, "UNSUPPORTED", "Content-Type"),
    "a JSON patch": ("PATCH", "", [], {"Content-Type": "application/json-patch+json"}, 415, "UNSUPPORTED", "Content-Type"),
    "deleting": ("DELETE", "", None, {}, 405, "INVALID_MESSAGE", None),
    "reading comments": ("GET", "/comments", None, {}, 405, "INVALID_MESSAGE", None),
    "no such action": ("POST", "/reopen", {}, {}, 404, "NOT_FOUND", None),
}


@pytest.fixture(scope="module")
def subject(bridge):
    return path_of(created(bridge, title="the subject of bad requests"))


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_named_and_changes_nothing(hub, bridge, subject, name):
    method, below, body, headers, status, code, field = BAD[name]
    path = "/v1/incidents" if below is None else f"/v1/incidents{below}" if below.startswith("?") else subject + below
    before = hub.status().last_sequence
    answer = ask(bridge, method, path, body, **headers)
    assert (answer.status, answer.json["code"]) == (status, code), answer
    assert answer.headers["content-type"] == "application/problem+json"
    if field is not None:
        assert answer.json["field"] == field and field in answer.json["detail"], answer
    assert hub.status().last_sequence == before


@pytest.mark.parametrize("method, below, body", [
    ("GET", "", None), ("GET", "/events", None), ("PATCH", "", {"title": "t"}), ("PUT", "", INCIDENT),
    ("POST", "/resolve", {}), ("POST", "/comments", {"comment": "c"}), ("POST", "/assign", {"assignees": []}),
    ("POST", "/escalate", {"to_severity": "P0"})])
def test_an_incident_that_is_not_known(bridge, method, below, body):
    answer = ask(bridge, method, UNKNOWN + below, body)
    assert (answer.status, answer.json["code"]) == (404, "NOT_FOUND"), answer
    wrong = ask(bridge, method, "/v1/incidents/x" + below, body)
    assert (wrong.status, wrong.json["field"]) == (400, "id")


def test_a_connection_is_kept_for_a_proxy(bridge):
    """Case S6: a proxy that reuses a connection which the server has just closed answers 502."""
    assert ask(bridge, "GET", "/v1/incidents").headers["keep-alive"] == "timeout=75"
