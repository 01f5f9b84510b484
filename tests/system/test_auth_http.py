"""Tokens over HTTP: REST, server-sent events, GraphQL, and the senders of alerts, against the real programs."""

import asyncio
import collections
import json
import pathlib
import subprocess
import sys
import time

import pytest

import harness
import raw
import real_senders
import test_openapi
import tokens

RULES = ["--auth-issuer", "https://id.example", "--auth-issuer", "https://second.example", "--auth-audience", "tocsin"]
LEEWAY = 1
ALL = {"publish": True, "subscribe": True, "admin": True}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return tokens.Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def bridges(hub, keys):
    """One for each kind of keys: secrets and public keys are not given together."""
    flags = {"secret": ["--auth-secret-file", keys.secret_file], "pem": ["--auth-key-file", keys.pem_file],
             "jwks": ["--auth-jwks-file", keys.jwks_file]}
    started = {}
    try:
        for name, of_keys in flags.items():
            started[name] = harness.start_bridge(hub, *of_keys, *RULES)
        yield started
    finally:
        for bridge in started.values():
            bridge.__exit__(None, None, None)


@pytest.fixture(scope="module")
def guarded(hub, keys):
    with harness.start_bridge(hub, "--auth-secret-file", keys.secret_file, *RULES, "--auth-leeway", f"{LEEWAY}s") as bridge:
        yield bridge


def token(keys, permission, seconds=300, subject="ann"):
    return keys.make({"claims": {"sub": subject, "tocsin": permission, "exp": int(time.time()) + seconds}})


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def answer(bridge, method, target, value, body=b"", fields=()):
    """With `value` as the Authorization, whatever its bytes."""
    head = [f"{method} {target} HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Connection: close",
            f"Content-Length: {len(body)}", *fields]
    with raw.connect(bridge) as sock:
        sock.sendall("\r\n".join(head).encode() + b"\r\nAuthorization: " + value + b"\r\n\r\n" + body)
        if target.startswith("/v1/events") and method == "GET":
            return raw.Answer(sock.recv(65536))  # a stream that is let in has no end
        return raw.Answer(raw.read_all(sock))


def code_of(got):
    body = json.loads(got.body) if got.body.startswith(b"{") else {}
    return body.get("code") or body.get("errors", [{}])[0].get("extensions", {}).get("code")


def kind_of(row):
    return row.get("keys") or ("secret" if "secret" in row.get("key", "secret") else "jwks")


def test_each_token_of_the_table_is_refused_over_every_route_and_nothing_is_delivered(hub, bridges, keys):
    event = json.dumps({"type": "system_event", "category": "c", "message": "by a token of the table"}).encode()
    query = json.dumps({"query": "{health{status}}"}).encode()
    before = hub.status().latest
    wrong, refused, good = [], 0, 0
    for row in tokens.rows():
        if not row["refusal"]:
            good += 1
            continue
        made = keys.make(row)
        if made != made.strip():
            continue  # spaces around it are no part of the field (RFC 9110, section 5.5)
        value = b"Bearer " + made.encode("utf-8", "surrogateescape")
        bridge = bridges[kind_of(row)]
        for method, target, body in [("GET", "/v1/incidents", b""), ("GET", "/v1/events?resume_from=earliest", b""),
                                     ("POST", "/v1/events", event), ("POST", "/graphql", query)]:
            got = harness.wait_for(lambda: (told := answer(bridge, method, target, value, body)).status != 503 and told, 20,
                                   "the keys to be read, as a kid that is not known has them")
            if got.status in (400, 431) and (len(value) > 4096 or any(byte < 32 for byte in value)):
                refused += 1  # no header field at all
                continue
            expected = "UNAUTHENTICATED" if row["refusal"] == "missing" else "UNAUTHORIZED"
            told = (got.status, code_of(got), got.fields.get("www-authenticate"))
            delivered = b'"event' in got.body or b"by a token" in got.body
            if delivered or told not in [(401, "UNAUTHORIZED", 'Bearer error="invalid_token"')] + (
                    [(401, "UNAUTHENTICATED", "Bearer")] if expected == "UNAUTHENTICATED" else []):
                wrong.append((row["name"], target, told))
            refused += 1
    assert not wrong, f"{collections.Counter(target for _, target, _ in wrong)} of {refused // 4}, {wrong[:5]}"
    assert refused >= 4 * 200 and good >= 5
    assert hub.status().latest == before, "a refused token has published"


def test_the_good_tokens_of_the_table_are_let_in(bridges, keys):
    for row in tokens.rows():
        if row["refusal"]:
            continue
        value = b"Bearer " + keys.make(row).encode()
        got = answer(bridges[kind_of(row)], "POST", "/graphql", value, json.dumps({"query": "{health{status}}"}).encode())
        assert got.status == 200 and json.loads(got.body)["data"]["health"]["status"] == "ok", row["name"]


@pytest.mark.parametrize("fields, query", [
    ([], "?access_token={}"), ([], "?TOKEN={}"), ([], "?a=1&%61uth={}"), ([], "?resume_from={}"),
    (["Cookie: token={}"], ""), (["X-Authorization: Bearer {}"], ""), (["Proxy-Authorization: Bearer {}"], ""),
    (["Authorization: Basic {}"], ""), (["Authorization: Bearer {0}", "Authorization: Bearer {0}"], "")])
def test_a_misplaced_token_is_refused_and_not_repeated(guarded, keys, fields, query):
    good = token(keys, ALL)
    lines = [f"GET /v1/events{query.format(good)} HTTP/1.1", "Host: localhost", "Connection: close"]
    with raw.connect(guarded) as sock:
        sock.sendall("\r\n".join(lines + [f.format(good) for f in fields]).encode() + b"\r\n\r\n")
        got = raw.Answer(raw.read_all(sock))
    assert got.status == 401 and good.encode() not in got.body
    assert not query or "Authorization: Bearer" in got.problem()["detail"]
    assert good not in guarded.log()


# ---- a permission with a filter ----

def test_what_a_permission_hides_does_not_exist(hub, guarded, keys):
    mark = f"hidden-{time.time_ns()}"
    seen, hidden = ({"title": f"{mark} {s}", "source": mark, "severity": s} for s in ("P0", "P1"))
    full = bearer(token(keys, ALL))
    narrow = bearer(token(keys, {"publish": True, "subscribe": {"severities": ["P0"], "sources": [mark]}}))
    made = {s["severity"]: harness.post(guarded, "/v1/incidents", s, full)[2]["id"] for s in (seen, hidden)}

    def get(path, headers):
        return harness.post(guarded, path, None, headers, method="GET")

    assert get(f"/v1/incidents/{made['P0']}", narrow)[0] == 200
    unknown = "0190b6a5-7c1e-7000-8000-00000000dead"
    for path in ("", "/events"):
        status, _, body = get(f"/v1/incidents/{made['P1']}{path}", narrow)
        as_unknown = get(f"/v1/incidents/{unknown}{path}", narrow)
        assert status == 404 and json.dumps(body).replace(made["P1"], unknown) == json.dumps(as_unknown[2])
    page = get("/v1/incidents", narrow)[2]
    assert page["total"] == 1 and [i["id"] for i in page["incidents"]] == [made["P0"]]
    assert get("/v1/incidents?severity=P1", narrow)[2]["total"] == 0
    for method, path, body in [("POST", "/resolve", {}), ("POST", "/comments", {"comment": "c"}),
                               ("PATCH", "", {"title": "t"}), ("PATCH", "", {"severity": "P0"})]:
        for condition in ({}, {"If-Match": '"1"'}):
            status, fields, told = harness.post(guarded, f"/v1/incidents/{made['P1']}{path}", body, narrow | condition, method)
            assert status == 404 and "etag" not in fields and mark not in json.dumps(told)
    answer = harness.post(guarded, "/graphql", {"query": f'{{incident(id:"{made["P1"]}"){{title}} incidents{{total}}}}'}, narrow)[2]
    assert answer["data"] == {"incident": None, "incidents": {"total": 1}}
    explained = harness.post(guarded, "/v1/explain", {"last": 1000}, narrow)[2]
    assert explained["looked_at"] == 1 and made["P1"] not in json.dumps(explained)
    inline = {"event": {"type": "comment_added", "incident_id": made["P1"], "author": "a", "comment": "c"}}
    told = harness.post(guarded, "/v1/explain", inline, narrow)[2]
    assert told["matching"] == 0 and mark not in json.dumps(told["explanations"][0]["fields"][0].get("event_values", []))
    # A change that takes it out of sight is made and not shown.
    status, _, body = harness.post(guarded, f"/v1/incidents/{made['P0']}", {"severity": "P1"}, narrow, "PATCH")
    assert status == 202 and mark not in json.dumps(body)
    assert get(f"/v1/incidents/{made['P0']}", narrow)[0] == 404


def test_a_stream_is_narrowed(hub, guarded, keys):
    source = f"narrow-{time.time_ns()}"

    async def follow():
        claim = {"subscribe": {"severities": ["P0"]}}
        fields = [f"Authorization: Bearer {token(keys, claim)}"]
        start = hub.status().latest
        with hub.client() as client:
            client.publish_many([harness.incident_created(s, source=source) for s in ("P1", "P0", "P2", "P0")])
        async with harness.events(guarded, {"sources": [source]}, resume_from=start, fields=fields) as stream:
            got = await stream.until(hub.status().latest)
        assert [m.data["event"]["incident"]["severity"] for m in got] == ["P0", "P0"]

    harness.run(follow())


# ---- the token's end ----

@pytest.mark.parametrize("lines", [False, True], ids=["SSE", "NDJSON"])
def test_a_stream_ends_with_its_token_and_goes_on_with_a_fresh_one(hub, guarded, keys, lines):
    source = f"exp-{time.time_ns()}"

    async def follow():
        short = token(keys, {"subscribe": True}, seconds=3)
        expires = int(time.time()) + 3
        sent, got = [], []
        over = asyncio.Event()

        async def publish():
            with hub.client() as client:
                while not over.is_set():
                    sent.append(client.publish(harness.incident_created(source=source)).cursor)
                    await asyncio.sleep(0.02)

        start = hub.status().latest
        publishing = asyncio.create_task(publish())
        async with harness.events(guarded, {"sources": [source]}, resume_from=start, lines=lines,
                                  fields=[f"Authorization: Bearer {short}"]) as stream:
            while (message := await stream.next()) is not None:
                if message.event == "event":
                    got.append((message.id, time.time()))
                elif message.event in ("problem", "error"):
                    assert message.data["code"] == "UNAUTHORIZED"
                    problem = time.time()
            place = stream.cursor
        assert expires + LEEWAY - 1 <= problem <= expires + LEEWAY + 5
        assert got[-1][1] <= expires + LEEWAY + 5
        again = answer(guarded, "GET", "/v1/events", f"Bearer {short}".encode(), fields=[f"Last-Event-ID: {place}"])
        assert again.status == 401
        over.set()
        await publishing
        async with harness.events(guarded, {"sources": [source]}, last_event_id=place, lines=lines,
                                  fields=[f"Authorization: Bearer {token(keys, {'subscribe': True})}"]) as stream:
            rest = await stream.until(sent[-1])
        assert [cursor for cursor, _ in got] + [m.id for m in rest] == sent, "lost or twice"

    harness.run(follow())


# ---- others' programs ----

def test_generated_requests_with_a_token_are_answered_as_it_says(keys):
    with harness.start_hub() as hub, harness.start_bridge(hub, "--auth-secret-file", keys.secret_file, *RULES) as bridge:
        command = [pathlib.Path(sys.executable).parent / "schemathesis", "run", f"http://{bridge.address(0)}/openapi.json",
                   "-H", f"Authorization: Bearer {token(keys, ALL, 3600)}",
                   "--checks", f"{test_openapi.CHECKS},ignored_auth", "--phases", "examples,coverage",
                   "--max-time", test_openapi.MAX_TIME, "--generation-deterministic",
                   *(part for name in ("streamEvents", "webSocket", "graphqlWebSocket")
                     for part in ("--exclude-operation-id", name)),
                   "--request-timeout", "20", "--warnings", "off", "--no-color"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=400, cwd=bridge.folder)
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_prometheus_and_alertmanager_send_with_a_token(hub, guarded, keys, tmp_path):
    file = tmp_path / "token"
    file.write_text(token(keys, {"publish": ["alert_received"]}, 3600))
    receiver = {"webhook_configs": [{
        "url": f"http://{guarded.address(0)}/v1/integrations/alertmanager", "send_resolved": True,
        "http_config": {"authorization": {"credentials_file": str(file)}}}]}
    full = bearer(token(keys, ALL, 3600))

    def taken():
        page = harness.post(guarded, "/v1/incidents?labels.alertname=Trouble", None, full, method="GET")[2]
        return page["total"] > 0

    with real_senders.Trouble() as trouble, \
            real_senders.alertmanager(tmp_path / "a", receiver) as relay, \
            real_senders.prometheus(tmp_path / "p", trouble, [relay]):
        trouble.value = 1
        harness.wait_for(taken, timeout=60, what="an incident by way of Alertmanager with a token")
