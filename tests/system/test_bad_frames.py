"""What ends a connection of /ws: what goes on too long, what is too large, frames against the protocol."""

import contextlib
import json
import os
import socket
import time

import pytest

import harness
import raw
from raw import filters, subscribe

pytestmark = pytest.mark.usefixtures("others_live_on")


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


def test_a_session_that_the_server_fails_at_is_ended_with_1011(failing):
    """INTERNAL_SERVER_ERROR: the message cannot be read for want of memory. The others of the same server go on."""
    with raw.websocket(failing) as frames, raw.websocket(failing) as other:
        frames.send_json({"type": "ping", "timestamp": harness.NO_MEMORY_FOR})
        ends(frames, "INTERNAL_SERVER_ERROR", 1011)
        other.send_json({"type": "ping"})
        other.expect("pong")


@pytest.mark.parametrize("length", [1 << 40, (1 << 63) - 1])
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
    "invalid UTF-8 in a text that goes on": (1007, lambda f: f.send(b'{"type":"\xff"', fin=False)),
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
    "length with its highest bit": (1002, lambda f: f.send("x", length=1 << 63)),
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


def test_a_client_that_stops_sending_gets_what_is_its_due_and_a_close_frame(bridge):
    """Symptom: its connection ended at once, without a close frame. Cause: the end of what it sends was taken for the end
    of the connection. Older tests close both directions."""
    with raw.websocket(bridge) as frames:
        frames.send_json({"type": "ping"})
        frames.sock.shutdown(socket.SHUT_WR)
        messages = frames.until_end()
        assert "pong" in [m["type"] for m in messages], messages
        assert frames.closed == (1000, "")
