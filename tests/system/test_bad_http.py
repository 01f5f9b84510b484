"""Bad requests and handshakes over HTTP."""

import contextlib
import json
import time

import pytest

import harness
import raw

pytestmark = pytest.mark.usefixtures("others_live_on")


def head(*fields, method="GET", target="/health", version="HTTP/1.1", host="Host: localhost", body=b""):
    lines = [f"{method} {target} {version}", *([host] if host else []), *fields]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


CHUNKED = b"5\r\nhello\r\n0\r\n"
BAD_REQUESTS = {
    # what makes Beast's parser throw, on a path that takes no body
    "a trailer value of 70 KB": (head("Transfer-Encoding: chunked", body=CHUNKED + b"X: " + b"a" * 70_000 + b"\r\n\r\n"), 413),
    "1.2 MB of trailers": (head("Transfer-Encoding: chunked", body=CHUNKED + b"X: aaaaaaaaaa\r\n" * 80_000 + b"\r\n"), 413),
    "a chunk extension of 100 KB": (head("Transfer-Encoding: chunked", body=b"5;" + b"a" * 100_000 + b"\r\nhello\r\n0\r\n\r\n"), 400),
    "trailers alone": (head("Transfer-Encoding: chunked", body=b"0\r\nHost: evil\r\n\r\n"), 400),
    "a chunk without a size": (head("Transfer-Encoding: chunked", body=b"\r\n\r\n"), 400),
    # 0.7: what Beast 1.81 takes and frames wrongly
    "TE gzip with a length": (head("Transfer-Encoding: gzip", "Content-Length: 5", body=b"hello"), 501),
    "TE chunked, identity with a length": (head("Transfer-Encoding: chunked, identity", "Content-Length: 5", body=b"hello"), 501),
    "TE identity": (head("Transfer-Encoding: identity", body=head()), 501),
    "TE identity with a length": (head("Transfer-Encoding: identity", "Content-Length: 5", body=b"hello"), 501),
    "TE chunked twice": (head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    "TE xchunked": (head("Transfer-Encoding: xchunked"), 501),
    "HTTP/1.0 chunked": (head("Transfer-Encoding: chunked", version="HTTP/1.0", body=b"0\r\n\r\n"), 400),
    "two Hosts": (head("Host: evil"), 400),
    "two equal Hosts": (head("Host: localhost"), 400),
    "no Host": (head(host=None), 400),
    "empty Host": (head(host="Host:"), 400),
    "two equal lengths": (head("Content-Length: 5", "Content-Length: 5", body=b"hello"), 400),
    "obs-fold": (head("X: a", " b"), 400),
    # 0.7: what it refuses by itself, and must go on refusing
    "length then chunked": (head("Content-Length: 5", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
    "chunked then length": (head("Transfer-Encoding: chunked", "Content-Length: 5", body=b"0\r\n\r\n"), 400),
    "two lengths": (head("Content-Length: 5", "Content-Length: 6", body=b"hello!"), 400),
    "length +5": (head("Content-Length: +5", body=b"hello"), 400),
    "length list": (head("Content-Length: 5, 5", body=b"hello"), 400),
    "space before the colon": (head("X : a"), 400),
    "bare LF": (b"GET /health HTTP/1.1\nHost: localhost\n\n\r\n\r\n", 400),
    "bare CR": (head("X: a\rb"), 400),
    "NUL": (head("X: a\0b"), 400),
    # lines and bounds
    "no request at all": (b"\r\n\r\n", 400),
    "random bytes": (bytes(range(128, 256)) + b"\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n", 400),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/1.2": (head(version="HTTP/1.2"), 505),
    "HTTP/0.9": (b"GET /health\r\n\r\n", 400),
    "absolute target with a user": (head(target="http://me@localhost/health"), 400),
    "asterisk for GET": (head(target="*"), 400),
    "wrong percent-encoding": (head(target="/he%4"), 400),
    "Expect": (head("Expect: 200-ok"), 417),
    "a body where none is taken": (head("Content-Length: 5", body=b"hello"), 413),
    "CONNECT": (head(method="CONNECT", target="localhost:80"), 400),
    "target of 3 KB": (head(target="/" + "a" * 3000), 414),
    "70 fields": (head(*(f"X-{i}: 1" for i in range(70))), 431),
    "a head of 9 KB": (head("X: " + "a" * 9000), 431),
    "an endless head": (b"GET /health HTTP/1.1\r\n" + b"X: aaaaaaaaaaaaaaa\r\n" * 5000, 431),
}


@pytest.mark.parametrize("port", ["bridge", "hub's operations port"])
@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_bad_request_is_refused_and_the_connection_closed(hub, bridge, name, port):
    request, status = BAD_REQUESTS[name]
    answer = raw.exchange(bridge if port == "bridge" else hub.address(1), request)
    assert answer.status == status, (answer.status, answer.body)
    assert answer.problem()["code"] == ("MESSAGE_TOO_LARGE" if status == 413 else "INVALID_MESSAGE")
    # One answer: what came after the head was taken for no second request.
    assert b"HTTP/1.1 2" not in answer.body and b"HTTP/1.1 4" not in answer.body


GOOD_REQUESTS = {
    "HTTP/1.0 without Host": b"GET /health HTTP/1.0\r\n\r\n",
    "HTTP/1.0 with Host": head(version="HTTP/1.0"),
    "an empty line first": b"\r\n" + head("Connection: close"),
    "absolute target": head("Connection: close", target="http://localhost:1/health?x=1"),
    "percent-encoded path": head("Connection: close", target="/%68ealth"),
    "chunked without a body": head("Connection: close", "Transfer-Encoding: chunked", body=b"0;x=\"y\"\r\n\r\n"),
    "a length of nothing": head("Connection: close", "Content-Length: 0"),
    "Expect without a body": head("Connection: close", "Expect: 100-continue"),
}


@pytest.mark.parametrize("port", ["bridge", "hub's operations port"])
@pytest.mark.parametrize("name", GOOD_REQUESTS)
def test_what_http_allows_is_answered(hub, bridge, name, port):
    answer = raw.exchange(bridge if port == "bridge" else hub.address(1), GOOD_REQUESTS[name])
    assert answer.status == 200, answer.body
    assert json.loads(answer.body)["status"] == "ok"


@pytest.mark.parametrize("port", ["bridge", "hub's operations port"])
def test_options_are_told(hub, bridge, port):
    target = bridge if port == "bridge" else hub.address(1)
    for path, allow in {"*": "GET", "/health": "GET, HEAD, OPTIONS"}.items():
        answer = raw.exchange(target, head("Connection: close", method="OPTIONS", target=path))
        assert answer.status == 204 and answer.fields["allow"].startswith(allow), answer.fields


@pytest.mark.parametrize("port", ["bridge", "hub's operations port"])
def test_requests_sent_together_are_answered_in_order(hub, bridge, port):
    target = bridge if port == "bridge" else hub.address(1)
    data = raw.exchange(target, head(target="/none") + head(method="HEAD") + head("Connection: close")).body
    assert data.count(b"HTTP/1.1 200 OK") == 2 and data.endswith(b"}\n")


@pytest.mark.parametrize("port", ["bridge", "hub's operations port"])
def test_half_requests_end_after_five_seconds(hub, bridge, port):
    """Nothing at all, half a line, half a head, and one byte every now and then: all at once."""
    target = bridge if port == "bridge" else hub.address(1)
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(raw.connect(target)) for _ in range(5)]
        started = time.monotonic()
        for sock, data in zip(socks, [b"", b"GET", b"GET /health HTTP/1.1\r\nHost", b"GET /ws HTTP/1.1\r\nHost: a\r\n", b"G"]):
            sock.sendall(data)
        drip = socks[-1]
        drip.settimeout(0.4)
        while time.monotonic() - started < 12:
            try:
                data = drip.recv(4096)
            except TimeoutError:
                drip.sendall(b"E")
                continue
            except ConnectionResetError:
                data = b""
            if not data:
                break
        assert 4 < time.monotonic() - started < 9
        for sock in socks[:-1]:
            sock.settimeout(max(0.1, started + 9 - time.monotonic()))
            raw.read_all(sock)
        assert time.monotonic() - started < 9


BAD_HANDSHAKES = {
    # name: (request, statuses)
    "no key": (raw.handshake(Sec_WebSocket_Key=None), {400}),
    "empty key": (raw.handshake(Sec_WebSocket_Key=""), {400}),
    "key too short": (raw.handshake(Sec_WebSocket_Key="YWJj"), {400}),
    "key no base64": (raw.handshake(Sec_WebSocket_Key="!" * 22 + "=="), {400}),
    "key twice": (raw.handshake(Sec_WebSocket_Key=raw.KEY + "\r\nSec-WebSocket-Key: " + raw.KEY), {400}),
    "no version": (raw.handshake(Sec_WebSocket_Version=None), {400, 426}),
    "version 12": (raw.handshake(Sec_WebSocket_Version="12"), {400, 426}),
    "version 14": (raw.handshake(Sec_WebSocket_Version="14"), {400, 426}),
    "version words": (raw.handshake(Sec_WebSocket_Version="thirteen"), {400, 426}),
    "no Connection": (raw.handshake(Connection=None), {400, 426}),
    "no Upgrade": (raw.handshake(Upgrade=None), {400, 426}),
    "Upgrade to h2c": (raw.handshake(Upgrade="h2c"), {400, 426}),
    "POST": (raw.handshake(method="POST"), {405}),
    "HTTP/1.0": (raw.handshake(version="HTTP/1.0"), {400, 505}),
    "foreign Origin": (raw.handshake(Origin="https://evil.example"), {403}),
    "Origin null": (raw.handshake(Origin="null"), {403}),
    "a name that was made to point here": (raw.handshake(Host="evil.example:8080", Origin="http://evil.example:8080"), {403}),
    "Origin of another port": (raw.handshake(Host="localhost:8080", Origin="http://localhost:9"), {403}),
    "Origin with our name inside": (raw.handshake(Origin="http://localhost.evil.example"), {403}),
    "two Origins": (raw.handshake(Origin="http://localhost\r\nOrigin: https://evil.example"), {400, 403}),
    "body": (raw.handshake(Content_Length="5") + b"hello", {400, 413}),
    "other path": (raw.handshake(path="/wss"), {404}),
    "upgrade of /health": (raw.handshake(path="/health"), {200, 400, 404, 426}),
}


@pytest.mark.parametrize("name", BAD_HANDSHAKES)
def test_a_wrong_handshake_is_refused(bridge, name):
    request, statuses = BAD_HANDSHAKES[name]
    with raw.connect(bridge) as sock:
        sock.sendall(request)
        answer = raw.read_head(sock)
    assert answer.status in statuses, answer.status
    if answer.status != 200:
        assert answer.fields["content-type"] == "application/problem+json"
    if answer.status == 426:
        assert answer.fields["sec-websocket-version"] == "13" or answer.fields["upgrade"] == "websocket"


@pytest.mark.parametrize("fields", [
    {}, {"Host": "localhost:8080", "Origin": "http://localhost:8080"}, {"Origin": "http://localhost"},
    {"Connection": "keep-alive, Upgrade"}, {"Upgrade": "WebSocket"}, {"path": "/ws?a=b"},
    {"Sec_WebSocket_Protocol": "chat"}, {"Sec_WebSocket_Extensions": "permessage-deflate"}], ids=str)
def test_a_right_handshake_is_let_in(bridge, fields):
    with raw.connect(bridge) as sock:
        sock.sendall(raw.handshake(**fields))
        answer = raw.read_head(sock)
        assert answer.status == 101
        assert answer.fields["sec-websocket-accept"] == "BACScCJPNqyz+UBoqMH89VmURoA="
        assert "sec-websocket-extensions" not in answer.fields
        assert raw.Frames(sock).message()["type"] == "welcome"


def test_frames_before_the_answer_to_the_handshake_are_refused(bridge):
    """RFC 6455, 4.1: a client sends nothing before the server has answered."""
    with raw.connect(bridge) as sock:
        frame = bytes([0x81, 0x80]) + b"abcd"
        sock.sendall(raw.handshake() + frame)
        assert raw.read_head(sock).status == 400


@pytest.mark.parametrize("request_head, status, code", [
    (head("Connection: close", target="/nothing"), 404, "NOT_FOUND"),
    (head("Connection: close", target="/health/"), 404, "NOT_FOUND"),
    (head("Connection: close", target="/%2e%2e/etc/passwd"), 404, "NOT_FOUND"),
    (head("Connection: close", method="DELETE"), 405, None),
    (head("Connection: close", method="POST", target="/metrics"), 405, None),
    (head("Connection: close", method="BREW"), 405, None)], ids=str)
@pytest.mark.parametrize("port", ["bridge", "hub's operations port"])
def test_unknown_paths_and_methods(hub, bridge, port, request_head, status, code):
    answer = raw.exchange(bridge if port == "bridge" else hub.address(1), request_head)
    assert answer.status == status
    assert answer.problem()["code"] == (code or "INVALID_MESSAGE")
    if status == 405:
        assert "GET" in answer.fields["allow"]


@pytest.mark.parametrize("port", ["bridge", "hub's operations port"])
def test_head_and_get_on_one_connection(hub, bridge, port):
    with raw.connect(bridge if port == "bridge" else hub.address(1)) as sock:
        sock.sendall(head(method="HEAD"))
        first = raw.read_head(sock)
        assert first.status == 200 and int(first.fields["content-length"]) > 0
        assert first.fields["keep-alive"] == "timeout=75"
        sock.sendall(head("Connection: close"))
        second = raw.Answer(raw.read_all(sock))
        assert second.status == 200 and json.loads(second.body)["status"] == "ok"


def test_listed_origins_are_let_in_exactly(hub):
    with harness.start_bridge(hub, "--allowed-origin", "https://app.example") as bridge:
        for origin, status in {"https://app.example": 101, "https://app.example:444": 403, "http://app.example": 403,
                               "https://app.example.evil": 403, "https://sub.app.example": 403}.items():
            with raw.connect(bridge) as sock:
                sock.sendall(raw.handshake(Origin=origin))
                assert raw.read_head(sock).status == status, origin


def test_idle_connections_do_not_keep_a_probe_from_the_operations_port(hub):
    """Symptom: 256 idle connections, and a liveness probe was refused: it would have killed a healthy hub. Cause: the
    bound on connections refused whoever came last. Older tests never filled the port."""
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(raw.connect(hub.address(1))) for _ in range(300)]
        for sock in idle[::2]:
            with contextlib.suppress(OSError):
                sock.sendall(head())
        for _ in range(20):
            assert raw.exchange(hub.address(1), head("Connection: close")).status == 200
