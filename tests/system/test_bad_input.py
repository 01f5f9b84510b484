"""What no well-behaved client sends: a clear error that names the field and what is allowed, and the process and
every other client live on (checked after each row by a witness on both transports)."""

import contextlib
import json
import os
import socket
import time

import grpc
import pytest

import corpus
import harness
import raw
import witness

SEVERITIES = corpus.SEVERITIES


@pytest.fixture(scope="module")
def watching(hub, bridge):
    with witness.witness(hub, bridge) as made:
        yield made


@pytest.fixture(autouse=True)
def others_live_on(watching):
    yield
    watching.check()


# --- /ws: bad messages, after which the connection lives on ---------------------------------------


def subscribe(**fields):
    return {"type": "subscribe", "subscription_id": "s", **fields}


def filters(**fields):
    return subscribe(filters=fields)


TYPES = ["subscribe", "unsubscribe", "ping", "ack", "authenticate"]
FILTER_FIELDS = ["event_types", "severities", "states", "sources", "affected_resources", "labels", "incident_ids",
                 "active_only"]
SUBSCRIBE_FIELDS = ["type", "subscription_id", "filters", "resume_from", "on_gap", "snapshot"]
ALLOWED = object()  # something must stand there, whatever it is

BAD_MESSAGES = {
    # name: (message, code, field, allowed)
    "empty": ("", "INVALID_MESSAGE", None, None),
    "no JSON": ("hello", "INVALID_MESSAGE", None, None),
    "half JSON": ('{"type":"ping"', "INVALID_MESSAGE", None, None),
    "two values": ('{"type":"ping"} {"type":"ping"}', "INVALID_MESSAGE", None, None),
    "trailing comma": ('{"type":"ping",}', "INVALID_MESSAGE", None, None),
    "comment": ('{"type":"ping"/**/}', "INVALID_MESSAGE", None, None),
    "NaN": ('{"type":"ping","timestamp":NaN}', "INVALID_MESSAGE", None, None),
    "1e999": ('{"type":"ping","timestamp":1e999}', "INVALID_MESSAGE", "timestamp", None),
    "control character in a text": ('{"type":"ping","timestamp":"a\nb"}', "INVALID_MESSAGE", None, None),
    "lone surrogate": ('{"type":"ping","timestamp":"\\ud800"}', "INVALID_MESSAGE", None, None),
    "key twice": ('{"type":"ping","type":"ack"}', "INVALID_MESSAGE", "type", None),
    "a list": ("[]", "INVALID_MESSAGE", None, None),
    "a number": ("1", "INVALID_MESSAGE", None, None),
    "null": ("null", "INVALID_MESSAGE", None, None),
    "40 levels deep": ('{"type":"ping","timestamp":' + "[" * 40 + "]" * 40 + "}", "INVALID_MESSAGE", None, ALLOWED),
    "20,000 levels deep": ("[" * 20_000 + "]" * 20_000, "INVALID_MESSAGE", None, ALLOWED),
    "no type": ({"subscription_id": "s"}, "INVALID_MESSAGE", "type", TYPES),
    "type a number": ({"type": 1}, "INVALID_MESSAGE", "type", ALLOWED),
    "type null": ({"type": None}, "INVALID_MESSAGE", "type", ALLOWED),
    "unknown type": ({"type": "subscrib"}, "INVALID_MESSAGE", "type", TYPES),
    "type in another case": ({"type": "Subscribe"}, "INVALID_MESSAGE", "type", TYPES),
    "a server's type": ({"type": "event"}, "INVALID_MESSAGE", "type", TYPES),
    "unknown field": (subscribe(filter={}), "INVALID_MESSAGE", "filter", SUBSCRIBE_FIELDS),
    "unknown field of ping": ({"type": "ping", "time": 1}, "INVALID_MESSAGE", "time", ["type", "timestamp"]),
    "no subscription_id": ({"type": "subscribe"}, "INVALID_MESSAGE", "subscription_id", ALLOWED),
    "empty subscription_id": ({"type": "subscribe", "subscription_id": ""}, "INVALID_MESSAGE", "subscription_id", ALLOWED),
    "subscription_id a number": ({"type": "subscribe", "subscription_id": 7}, "INVALID_MESSAGE", "subscription_id", ALLOWED),
    "subscription_id of 129": ({"type": "subscribe", "subscription_id": "ü" * 129}, "INVALID_MESSAGE", "subscription_id",
                               ["1 to 128 characters"]),
    "unsubscribe without id": ({"type": "unsubscribe"}, "INVALID_MESSAGE", "subscription_id", ALLOWED),
    "unsubscribe of none": ({"type": "unsubscribe", "subscription_id": "x"}, "NOT_FOUND", "subscription_id", None),
    "ack without message_id": ({"type": "ack"}, "INVALID_MESSAGE", "message_id", ALLOWED),
    "ack with a number": ({"type": "ack", "message_id": 5}, "INVALID_MESSAGE", "message_id", ALLOWED),
    "ping with an object": ({"type": "ping", "timestamp": {}}, "INVALID_MESSAGE", "timestamp", ALLOWED),
    "authenticate without token": ({"type": "authenticate"}, "INVALID_MESSAGE", "token", ALLOWED),
    "on_gap unknown": (subscribe(on_gap="skip"), "INVALID_MESSAGE", "on_gap", ["fail", "notify"]),
    "on_gap a bool": (subscribe(on_gap=True), "INVALID_MESSAGE", "on_gap", ALLOWED),
    "snapshot a text": (subscribe(snapshot="yes"), "INVALID_MESSAGE", "snapshot", ALLOWED),
    "resume_from a number": (subscribe(resume_from=5), "INVALID_MESSAGE", "resume_from", ALLOWED),
    "resume_from garbage": (subscribe(resume_from="yesterday"), "INVALID_MESSAGE", "resume_from", ALLOWED),
    "resume_from half a time": (subscribe(resume_from="2026-01-02"), "INVALID_MESSAGE", "resume_from", ALLOWED),
    "resume_from no leap day": (subscribe(resume_from="2026-02-29T00:00:00Z"), "INVALID_MESSAGE", "resume_from", ALLOWED),
    "resume_from too large": (subscribe(resume_from="f" * 17 + "-1"), "INVALID_MESSAGE", "resume_from", ALLOWED),
    "resume_from of 60 KB": (subscribe(resume_from="a" * 60_000), "INVALID_MESSAGE", "resume_from", ALLOWED),
    "filters a list": (subscribe(filters=[]), "INVALID_FILTER", "filters", ALLOWED),
    "filters a text": (subscribe(filters="P0"), "INVALID_FILTER", "filters", ALLOWED),
    "unknown filter field": (filters(severity=["P0"]), "INVALID_FILTER", "filters.severity", FILTER_FIELDS),
    "filter field in another case": (filters(Severities=["P0"]), "INVALID_FILTER", "filters.Severities", FILTER_FIELDS),
    "unknown severity": (filters(severities=["P0", "P5"]), "INVALID_FILTER", "filters.severities[1]", SEVERITIES),
    "severity a number": (filters(severities=[0]), "INVALID_FILTER", "filters.severities[0]", SEVERITIES),
    "severity empty": (filters(severities=[""]), "INVALID_FILTER", "filters.severities[0]", SEVERITIES),
    "severity unspecified": (filters(severities=["unspecified"]), "INVALID_FILTER", "filters.severities[0]", SEVERITIES),
    "severities a text": (filters(severities="P0"), "INVALID_FILTER", "filters.severities", ALLOWED),
    "unknown state": (filters(states=["Open"]), "INVALID_FILTER", "filters.states[0]", corpus.STATES),
    "unknown event type": (filters(event_types=["created"]), "INVALID_FILTER", "filters.event_types[0]", corpus.EVENT_TYPES),
    "source a number": (filters(sources=["a", 1]), "INVALID_FILTER", "filters.sources[1]", ALLOWED),
    "source empty": (filters(sources=[""]), "INVALID_FILTER", "filters.sources[0]", ALLOWED),
    "labels a list": (filters(labels=["env"]), "INVALID_FILTER", "filters.labels", ALLOWED),
    "label a number": (filters(labels={"env": 1}), "INVALID_FILTER", 'filters.labels["env"]', ALLOWED),
    "label key empty": (filters(labels={"": "a"}), "INVALID_FILTER", "filters.labels", ALLOWED),
    "incident_id no UUID": (filters(incident_ids=["12"]), "INVALID_FILTER", "filters.incident_ids[0]", ALLOWED),
    "active_only a text": (filters(active_only="true"), "INVALID_FILTER", "filters.active_only", ALLOWED),
    "1,001 sources": (filters(sources=[f"s{i}" for i in range(1001)]), "INVALID_FILTER", "filters.sources", ["at most 1000 values"]),
    "1,001 severities": (filters(severities=["P0"] * 1001), "INVALID_FILTER", "filters.severities", ["at most 1000 values"]),
    "1,001 labels": (filters(labels={f"k{i}": "v" for i in range(1001)}), "INVALID_FILTER", "filters.labels",
                     ["at most 1000 values"]),
    "a filter past 16 KiB": (filters(sources=["x" * 200 + str(i) for i in range(100)]), "INVALID_FILTER", "filters", ALLOWED),
}


@pytest.mark.parametrize("name", BAD_MESSAGES)
def test_a_bad_message_gets_its_error_and_the_connection_lives(bridge, name):
    message, code, field, allowed = BAD_MESSAGES[name]
    with raw.websocket(bridge) as frames:
        frames.send(message if isinstance(message, str) else json.dumps(message))
        error = frames.message()
        assert error["type"] == "error" and error["code"] == code, error
        assert error.get("field") == field, error
        assert field is None or code == "NOT_FOUND" or field.partition("[")[0] in error["message"], error
        if allowed is ALLOWED:
            assert error["allowed"] and all(isinstance(one, str) for one in error["allowed"]), error
            assert all(one in error["message"] for one in error["allowed"]), error
        elif allowed is not None:
            assert error["allowed"] == allowed, error
        assert len(json.dumps(error)) < 4096
        asked = isinstance(message, dict) and message.get("subscription_id")
        if asked and isinstance(asked, str) and len(asked) <= 128:
            assert error["subscription_id"] == asked, error
        frames.send_json({"type": "ping", "timestamp": "after"})
        assert frames.message()["timestamp"] == "after"
        frames.send_json({"type": "subscribe", "subscription_id": "good"})
        assert frames.expect("subscribed")["subscription_id"] == "good"


def test_binary_frames_are_unsupported_and_the_connection_lives(bridge):
    with raw.websocket(bridge) as frames:
        frames.send(b'{"type":"ping"}', opcode=raw.BINARY)
        error = frames.message()
        assert (error["type"], error["code"]) == ("error", "UNSUPPORTED")
        frames.send_json({"type": "ping"})
        frames.expect("pong")


def test_the_129th_subscription_is_refused(bridge):
    with raw.websocket(bridge) as frames:
        assert frames.welcome["limits"]["max_subscriptions"] == 128
        for i in range(128):
            frames.send_json({"type": "subscribe", "subscription_id": f"s{i}"})
            frames.expect("subscribed", subscription_id=f"s{i}")
        frames.send_json({"type": "subscribe", "subscription_id": "one more"})
        error = frames.expect("error")
        assert error["code"] == "SUBSCRIPTION_LIMIT_EXCEEDED" and error["subscription_id"] == "one more"
        assert "128" in error["message"]
        frames.send_json({"type": "subscribe", "subscription_id": "s5", "filters": {"severities": ["P0"]}})
        frames.expect("subscribed", subscription_id="s5")  # replacing one adds none
        frames.send_json({"type": "unsubscribe", "subscription_id": "s0"})
        frames.expect("unsubscribed")
        frames.send_json({"type": "subscribe", "subscription_id": "one more"})
        frames.expect("subscribed", subscription_id="one more")


def test_messages_past_the_rate_are_refused_with_a_wait(bridge):
    with raw.websocket(bridge) as frames:
        ping = json.dumps({"type": "ping"})
        for _ in range(400):
            frames.send(ping)
        error = frames.expect("error")
        assert error["code"] == "RATE_LIMIT_EXCEEDED" and error["retry_after_ms"] >= 1
        assert "100" in error["message"]
        # It goes on once the client is slower. Not each refused message has an error of its own.
        frames.sock.settimeout(0.3)
        for _ in range(20):
            frames.send_json({"type": "subscribe", "subscription_id": "later"})
            with contextlib.suppress(TimeoutError):
                frames.expect("subscribed", subscription_id="later")
                break
        else:
            raise AssertionError("nothing was taken any more")


# --- /ws: what ends the connection ----------------------------------------------------------------


def ends(frames, error_code, close_code):
    """The last messages are the error and closing; the close reason begins with the code. All messages."""
    messages = frames.until_end()
    assert frames.closed is not None, messages[-3:]
    code, reason = frames.closed
    assert code == close_code, frames.closed
    assert reason.startswith(error_code), frames.closed
    assert [m["type"] for m in messages[-2:]] == ["error", "closing"], messages[-3:]
    assert messages[-2]["code"] == error_code
    closing = messages[-1]
    assert closing["code"] == close_code and closing["reason"] == error_code and closing["reconnect_after_ms"] >= 0
    return messages


def test_ten_bad_messages_within_a_minute_end_it_with_1008(bridge):
    with raw.websocket(bridge) as frames:
        for _ in range(10):
            frames.send("no JSON")
        messages = ends(frames, "INVALID_MESSAGE", 1008)
        assert sum(m["type"] == "error" for m in messages) == 10


def test_bad_filters_do_not_count_towards_1008(bridge):
    with raw.websocket(bridge) as frames:
        for _ in range(15):
            frames.send_json(filters(severities=["P9"]))
            assert frames.message()["code"] == "INVALID_FILTER"
        frames.send_json({"type": "ping"})
        frames.expect("pong")


def test_a_rate_that_goes_on_for_10_s_ends_it_with_1008(bridge):
    with raw.websocket(bridge) as frames:
        ping = json.dumps({"type": "ping"}).encode()
        started = time.monotonic()
        messages = []
        frames.sock.settimeout(0.02)
        while frames.closed is None and time.monotonic() - started < 14:
            frames.sock.settimeout(1)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for _ in range(10):
                    frames.send(ping)
            frames.sock.settimeout(0.02)
            with contextlib.suppress(TimeoutError):
                messages += frames.until_end()
        assert 9 < time.monotonic() - started < 13
        assert frames.closed[0] == 1008 and frames.closed[1].startswith("RATE_LIMIT_EXCEEDED")


@pytest.mark.parametrize("parts", [1, 40])
def test_a_message_past_64_kib_ends_it_with_1009(bridge, parts):
    with raw.websocket(bridge) as frames:
        size = (64 << 10) + 1
        text = json.dumps({"type": "ping", "timestamp": ""})
        text = text.replace('""', '"' + "x" * (size - len(text)) + '"')
        assert len(text) == size
        step = size // parts + 1
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for at in range(0, size, step):
                frames.send(text[at:at + step], opcode=raw.TEXT if at == 0 else 0, fin=at + step >= size)
        messages = ends(frames, "MESSAGE_TOO_LARGE", 1009)
        assert "65536" in messages[-2]["message"]


def test_a_message_of_exactly_64_kib_is_read(bridge):
    with raw.websocket(bridge) as frames:
        text = json.dumps({"type": "ack", "message_id": ""})
        frames.send(text.replace('""', '"' + "x" * ((64 << 10) - len(text)) + '"'))
        frames.send_json({"type": "ping"})
        assert frames.message()["type"] == "pong"


@pytest.mark.parametrize("length", [1 << 40, (1 << 63) - 1, (1 << 64) - 1])
def test_a_frame_that_claims_terabytes_ends_it_once_it_is_too_large(bridge, length):
    """It is not believed: memory follows what comes."""
    with raw.websocket(bridge) as frames:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            frames.send(b"x" * 70_000, length=length)
        ends(frames, "MESSAGE_TOO_LARGE", 1009)


def test_a_sender_that_does_not_stop_is_ended_all_the_same(bridge):
    """What comes after the bound is thrown away: once it was read into memory that had been given up."""
    with raw.websocket(bridge) as frames:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            frames.send(b"x" * (4 << 20))
        ends(frames, "MESSAGE_TOO_LARGE", 1009)


BAD_FRAMES = {
    "invalid UTF-8": (1007, lambda f: f.send(b'{"type":"\xff"}')),
    "overlong UTF-8": (1007, lambda f: f.send(b'{"type":"\xc0\xaf"}')),
    "a surrogate in UTF-8": (1007, lambda f: f.send(b'{"type":"\xed\xa0\x80"}')),
    "UTF-8 cut at the end": (1007, lambda f: f.send(b'{"type":"\xe2\x82')),
    "unmasked": (1002, lambda f: f.send('{"type":"ping"}', mask=False)),
    "reserved bit 1": (1002, lambda f: f.send('{"type":"ping"}', rsv=4)),
    "reserved bit 2": (1002, lambda f: f.send('{"type":"ping"}', rsv=2)),
    "reserved bit 3": (1002, lambda f: f.send('{"type":"ping"}', rsv=1)),
    "reserved opcode": (1002, lambda f: f.send("x", opcode=3)),
    "reserved control opcode": (1002, lambda f: f.send("x", opcode=11)),
    "continuation of nothing": (1002, lambda f: f.send("x", opcode=0)),
    "text inside a fragmented text": (1002, lambda f: (f.send("{", fin=False), f.send("}"))),
    "fragmented ping": (1002, lambda f: f.send("x", opcode=raw.PING, fin=False)),
    "ping of 126": (1002, lambda f: f.send("x" * 126, opcode=raw.PING)),
    "length not minimal": (1002, lambda f: f.sock.sendall(b"\x81\xfe\x00\x01abcdx")),
    "close with one byte": (1002, lambda f: f.send(b"\x03", opcode=raw.CLOSE)),
    "close with code 1005": (1002, lambda f: f.send(b"\x03\xed", opcode=raw.CLOSE)),
    "close with a bad reason": (1007, lambda f: f.send(b"\x03\xe8\xff", opcode=raw.CLOSE)),
    "random bytes": (1002, lambda f: f.sock.sendall(b"\xf3\x9a" + bytes(range(64)))),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_frames_against_the_protocol_end_it(bridge, name):
    code, send = BAD_FRAMES[name]
    with raw.websocket(bridge, timeout=8) as frames:
        send(frames)
        frames.until_end()
        assert frames.closed is not None, "no close frame"
        assert frames.closed[0] == code or "close with" in name and frames.closed[0] in (1002, 1007), frames.closed


@pytest.mark.parametrize("name", ["unmasked", "invalid UTF-8"])
def test_a_peer_that_stays_after_its_end_is_let_go(bridge, name):
    """It neither closes nor says a word: its descriptor was once held for ever."""
    def descriptors():
        return len(os.listdir(f"/proc/{bridge.pid}/fd"))

    before = descriptors()
    with raw.websocket(bridge, timeout=8) as frames:
        BAD_FRAMES[name][1](frames)
        frames.until_end()
        harness.wait_for(lambda: descriptors() <= before, 15, "the bridge to close its side")


def test_bad_frames_say_what_is_wrong_before_the_close(bridge):
    with raw.websocket(bridge, timeout=8) as frames:
        frames.send(b'{"type":"\xff"}')
        messages = ends(frames, "INVALID_MESSAGE", 1007)
        assert "UTF-8" in messages[-2]["message"]


def test_fragments_and_control_frames_between_them_are_read(bridge):
    with raw.websocket(bridge) as frames:
        frames.send('{"type":"pi', fin=False)
        frames.send("between", opcode=raw.PING)
        frames.send('ng","timestamp":"whole"', opcode=0, fin=False)
        frames.send("", opcode=0, fin=False)
        frames.send("}", opcode=0)
        got = [frames.frame(), frames.frame()]
        assert (raw.PONG, b"between") in got
        assert any(opcode == raw.TEXT and json.loads(payload)["timestamp"] == "whole" for opcode, payload in got)


def test_a_peer_that_goes_without_a_word_is_forgotten(bridge):
    before = bridge.metric("websocket_active_connections")
    with raw.websocket(bridge) as frames:
        frames.send_json(subscribe())
        frames.expect("subscribed")
        assert bridge.metric("websocket_active_connections") == before + 1
        frames.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # close with RST
    harness.wait_for(lambda: bridge.metric("websocket_active_connections") == before, what="the session to end")


# --- HTTP -----------------------------------------------------------------------------------------


def head(*fields, method="GET", target="/health", version="HTTP/1.1", host="Host: localhost", body=b""):
    lines = [f"{method} {target} {version}", *([host] if host else []), *fields]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


CHUNKED = b"5\r\nhello\r\n0\r\n"
BAD_REQUESTS = {
    # research/reliability 0.6: chunked trailers that make the parser throw, and chunk extensions
    "a trailer value of 70 KB": (head("Transfer-Encoding: chunked", body=CHUNKED + b"X: " + b"a" * 70_000 + b"\r\n\r\n"), 411),
    "1.2 MB of trailers": (head("Transfer-Encoding: chunked", body=CHUNKED + b"X: aaaaaaaaaa\r\n" * 80_000 + b"\r\n"), 411),
    "a chunk extension of 100 KB": (head("Transfer-Encoding: chunked", body=b"5;" + b"a" * 100_000 + b"\r\nhello\r\n0\r\n\r\n"), 411),
    # 0.7: what Beast 1.81 takes and frames wrongly
    "TE gzip with a length": (head("Transfer-Encoding: gzip", "Content-Length: 5", body=b"hello"), 501),
    "TE chunked, identity with a length": (head("Transfer-Encoding: chunked, identity", "Content-Length: 5", body=b"hello"), 501),
    "TE identity": (head("Transfer-Encoding: identity", body=head()), 501),
    "TE identity with a length": (head("Transfer-Encoding: identity", "Content-Length: 5", body=b"hello"), 501),
    "TE chunked": (head("Transfer-Encoding: chunked", method="POST", body=b"0\r\n\r\n"), 411),
    "TE xchunked": (head("Transfer-Encoding: xchunked"), 501),
    "HTTP/1.0 chunked": (head("Transfer-Encoding: chunked", version="HTTP/1.0", body=b"0\r\n\r\n"), 411),
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
    "absolute target": (head(target="http://localhost/health"), 400),
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
    assert answer.problem()["code"] == "INVALID_MESSAGE"
    # One answer: what came after the head was taken for no second request.
    assert b"HTTP/1.1 2" not in answer.body and b"HTTP/1.1 4" not in answer.body


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


# --- gRPC -----------------------------------------------------------------------------------------


def refused(call, code):
    """The error of a call that must fail so: (message, reason, field)."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    error = caught.value
    assert error.code() == code, error
    details = harness.error_details(error)
    info = details["ErrorInfo"]
    assert info.domain == "tocsin"
    field = details["BadRequest"].field_violations[0].field if "BadRequest" in details else None
    return error.details(), info, field


def created(**changes):
    event = harness.incident_created()
    for path, value in changes.items():
        target = event
        *parents, name = path.split("__")
        for parent in parents:
            target = getattr(target, parent)
        setattr(target, name, value)
    return event


def _with_unknown_field(event):
    return harness.event_pb2.Event.FromString(event.SerializeToString() + b"\xa2\x06\x01x")


BAD_EVENTS = {
    # name: (event, field, what is allowed, in part)
    "nothing": (lambda: harness.event_pb2.Event(), "events[0].type", "incident_created"),
    "unknown type": (lambda: created(type=99), "events[0].type", "system_event"),
    "unknown severity": (lambda: created(incident__severity=42), "events[0].incident.severity", "P0"),
    "no severity": (lambda: created(incident__severity=0), "events[0].incident.severity", "P4"),
    "unknown state": (lambda: created(incident__state=-1), "events[0].incident.state", "Detected"),
    "unknown incident type": (lambda: created(incident__incident_type=9), "events[0].incident.incident_type", "Security"),
    "unknown priority": (lambda: created(priority=9), "events[0].priority", "Critical"),
    "no title": (lambda: created(incident__title=""), "events[0].incident.title", "1 to 500"),
    "title of 501": (lambda: created(incident__title="ü" * 501), "events[0].incident.title", "1 to 500"),
    "no source": (lambda: created(incident__source=""), "events[0].incident.source", "1 to 255"),
    "source of 256": (lambda: created(incident__source="s" * 256), "events[0].incident.source", "1 to 255"),
    "bad id": (lambda: created(id="1234"), "events[0].id", "UUID"),
    "id with a newline": (lambda: created(id="0190b6a5-7c1e-7000-8000-00000000000\n"), "events[0].id", "UUID"),
    "bad incident id": (lambda: created(incident__id="x"), "events[0].incident.id", "UUID"),
    "no incident id": (lambda: harness.event_pb2.Event(type=2), "events[0].incident.id", "UUID"),
    "comment on nothing": (lambda: harness.comment_added(""), "events[0].comment_added.incident_id", "UUID"),
    "comment on a bad id": (lambda: harness.comment_added("abc"), "events[0].comment_added.incident_id", "UUID"),
    "type against payload": (lambda: _typed(harness.system_event(), 13), "events[0].type", "system_event"),
    "alert without one": (lambda: harness.event_pb2.Event(type=5), "events[0].alert_received.alert", "title"),
    "empty label key": (lambda: harness.incident_created(labels={"": "x"}), "events[0].incident.labels", "key"),
    "unknown field": (lambda: _with_unknown_field(harness.system_event()), "events[0]", "traceparent"),
    "1 MiB": (lambda: harness.system_event("x" * (1 << 20)), "events[0]", "1048576"),
}


def _typed(event, number):
    event.type = number
    return event


@pytest.mark.parametrize("name", BAD_EVENTS)
def test_a_bad_event_names_its_field(hub, client, name):
    make, wanted, allowed = BAD_EVENTS[name]
    before = hub.status().last_sequence
    code = grpc.StatusCode.RESOURCE_EXHAUSTED if name == "1 MiB" else grpc.StatusCode.INVALID_ARGUMENT
    message, info, field = refused(lambda: client.publish(make()), code)
    assert info.reason == ("MESSAGE_TOO_LARGE" if name == "1 MiB" else "INVALID_MESSAGE")
    assert field == wanted
    assert allowed in message and wanted in message
    assert allowed in info.metadata["allowed"]
    assert hub.status().last_sequence == before


def test_one_bad_event_refuses_the_whole_call(hub, client):
    before = hub.status().last_sequence
    events = [harness.system_event() for _ in range(5)] + [created(incident__title="")]
    _, _, field = refused(lambda: client.publish(*events), grpc.StatusCode.INVALID_ARGUMENT)
    assert field == "events[5].incident.title"
    assert hub.status().last_sequence == before


def test_an_unknown_incident_is_not_found(client):
    message, info, field = refused(
        lambda: client.publish(harness.comment_added("0190b6a5-7c1e-7000-8000-00000000dead")), grpc.StatusCode.NOT_FOUND)
    assert info.reason == "NOT_FOUND" and "dead" in message
    assert field in ("events[0].comment_added.incident_id", "events[0].incident.id")


@pytest.mark.parametrize("events, code, field", [
    ([], grpc.StatusCode.INVALID_ARGUMENT, "events"),
    ([harness.system_event()] * 1001, grpc.StatusCode.RESOURCE_EXHAUSTED, "events"),
    ([harness.system_event("x" * 1_000_000)] * 5, grpc.StatusCode.RESOURCE_EXHAUSTED, None)],
    ids=["none", "1,001 events", "5 MB"])
def test_the_bounds_of_one_publish(hub, client, events, code, field):
    before = hub.status().last_sequence
    with pytest.raises(grpc.RpcError) as caught:
        client.publish_many(events, batch=2000) if events else client.stub.Publish(harness.hub_pb2.PublishRequest())
    if field:
        details = harness.error_details(caught.value)
        assert details["BadRequest"].field_violations[0].field == field
    assert caught.value.code() in (code, grpc.StatusCode.INVALID_ARGUMENT)
    assert hub.status().last_sequence == before


def test_a_thousand_events_in_one_publish(client):
    results = client.publish(*[harness.comment_added(client.publish(harness.incident_created()).incident_id)] * 1000)
    assert [r.sequence - results[0].sequence for r in results] == list(range(1000))


def _filter(**fields):
    return {"filter": harness.event_pb2.Filter(**fields)}


BAD_SUBSCRIPTIONS = {
    "unknown severity": (_filter(severities=[1, 77]), "INVALID_FILTER", "filter.severities[1]", "P0"),
    "severity unspecified": (_filter(severities=[0]), "INVALID_FILTER", "filter.severities[0]", "P0"),
    "unknown type": (_filter(event_types=[15]), "INVALID_FILTER", "filter.event_types[0]", "system_event"),
    "unknown state": (_filter(states=[9]), "INVALID_FILTER", "filter.states[0]", "Closed"),
    "1,001 sources": (_filter(sources=[str(i) for i in range(1001)]), "INVALID_FILTER", "filter.sources", "1000"),
    "a filter past 16 KiB": (_filter(sources=["x" * 20_000]), "INVALID_FILTER", "filter", "16384"),
    "no UUID": (_filter(incident_ids=["a"]), "INVALID_FILTER", "filter.incident_ids[0]", "UUID"),
    "garbage cursor": ({"start": "garbage"}, "INVALID_MESSAGE", "from", "earliest"),
    "cursor with upper case": ({"start": "ABC-1"}, "INVALID_MESSAGE", "from", "cursor"),
    "long label": ({"label": "x" * 65}, "INVALID_MESSAGE", "label", "64"),
    "bookmark interval of 1 ms": ({"bookmark_interval": {"nanos": 1_000_000}}, "INVALID_MESSAGE", "bookmark_interval", "100 ms"),
    "bookmark interval of 16 s": ({"bookmark_interval": {"seconds": 16}}, "INVALID_MESSAGE", "bookmark_interval", "15 s"),
    "bookmark interval below zero": ({"bookmark_interval": {"seconds": -1}}, "INVALID_MESSAGE", "bookmark_interval", "15 s"),
    "unknown on_gap": ({"on_gap": 7}, "INVALID_MESSAGE", "on_gap", "ON_GAP_FAIL"),
}


@pytest.mark.parametrize("name", BAD_SUBSCRIPTIONS)
def test_a_bad_subscription_names_its_field(client, name):
    options, reason, wanted, allowed = BAD_SUBSCRIPTIONS[name]
    message, info, field = refused(lambda: client.subscribe(**options), grpc.StatusCode.INVALID_ARGUMENT)
    assert (info.reason, field) == (reason, wanted)
    assert allowed in message


def test_the_same_id_with_another_content_is_a_conflict(client):
    id = "0190b6a5-7c1e-7000-8000-00000000abcd"
    first = client.publish(harness.system_event("one", event_id=id))
    again = client.publish(harness.system_event("one", event_id=id.upper()))
    assert again.duplicate and (again.cursor, again.sequence, again.id) == (first.cursor, first.sequence, id)
    message, info, field = refused(lambda: client.publish(harness.system_event("two", event_id=id)),
                                   grpc.StatusCode.ALREADY_EXISTS)
    assert info.reason == "CONFLICT" and id in message and field == "events[0].id"


def test_an_expected_sequence_that_is_not_the_present_one_aborts(client):
    made = client.publish(harness.incident_created())
    comment = lambda: harness.comment_added(made.incident_id)  # noqa: E731
    second = client.publish(comment(), expected=made.sequence)
    message, info, _ = refused(lambda: client.publish(comment(), expected=made.sequence), grpc.StatusCode.ABORTED)
    assert info.reason == "CONFLICT" and str(second.sequence) in message
    refused(lambda: client.publish(harness.incident_created(incident_id=made.incident_id), expected=0),
            grpc.StatusCode.ABORTED)
    assert client.publish(comment(), expected=second.sequence).sequence > second.sequence


def test_a_bad_request_of_a_stream_is_answered_in_its_place(client):
    make = lambda *events: harness.hub_pb2.PublishStreamRequest(  # noqa: E731
        publish=harness.hub_pb2.PublishRequest(events=events))
    answers = list(client.stub.PublishStream(
        iter([make(harness.system_event("a")), make(created(incident__title="")), make(harness.system_event("b"))]), timeout=20))
    assert [a.WhichOneof("outcome") for a in answers] == ["response", "error", "response"]
    error = answers[1].error
    assert error.status_code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert (error.reason, error.field) == ("INVALID_MESSAGE", "events[0].incident.title")
    assert answers[2].response.results[0].sequence == answers[0].response.results[0].sequence + 1


@pytest.mark.parametrize("data", [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", bytes(range(256)) * 16, b"\x16\x03\x01" + b"\0" * 200,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 4096,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0" + b"\x00\x00\x08\x01\x05\x00\x00\x00\x01" + b"\xff" * 8],
    ids=["HTTP/1.1", "random", "TLS", "preface and garbage", "bad HPACK"])
def test_garbage_to_the_grpc_port(hub, data):
    with raw.connect(hub, timeout=2) as sock:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            sock.sendall(data)
            raw.read_all(sock)


def test_bytes_that_are_no_message(hub, client):
    """A well-formed call whose request is no protobuf, or a text in it no UTF-8."""
    for method, kind in (("Publish", "unary_unary"), ("Subscribe", "unary_stream")):
        call = getattr(client.channel, kind)(f"/tocsin.v1.EventHub/{method}")
        for data in (b"\xff\xff\xff", b"\x0a\x05abc", b"\x0a\x04\x0a\x02\xff\xff"):
            with pytest.raises(grpc.RpcError) as caught:
                answer = call(data, timeout=10)
                if kind == "unary_stream":
                    list(answer)
            assert caught.value.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL), caught.value


def test_unknown_methods_are_unimplemented(client):
    for path in ("/tocsin.v1.EventHub/Nothing", "/nobody/Nothing"):
        with pytest.raises(grpc.RpcError) as caught:
            client.channel.unary_unary(path)(b"", timeout=10)
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
