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


@pytest.mark.parametrize("method, below, body", [
    ("GET", "", None), ("GET", "/events", None), ("PATCH", "", {"title": "t"}), ("PUT", "", {"title": "t", "source": "s", "severity": "P1"}),
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
