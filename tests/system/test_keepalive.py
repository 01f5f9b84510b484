"""HTTP/2 pings without calls, as the keepalive of gRPC's clients sends them: allowed every 10 s, and not much oftener."""

import contextlib
import struct
import time

import harness
import raw

SETTINGS, PING, GOAWAY = 4, 6, 7
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def _frame(kind, payload=b"", flags=0):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + bytes(4) + payload


def _frames(connection):
    """(type, flags, payload) of each frame that comes, until the other side closes."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while more := connection.recv(65536):
            data += more
            while len(data) >= 9 and len(data) >= (end := 9 + int.from_bytes(data[:3], "big")):
                yield data[3], data[4], data[9:end]
                data = data[end:]


def _what_pings_get(hub, every, count):
    """The types of the frames that came for so many pings, so far apart: PING for an answer, GOAWAY for the last word."""
    got = []
    with raw.connect(hub, timeout=10) as connection:
        connection.sendall(PREFACE + _frame(SETTINGS) + _frame(SETTINGS, flags=1))
        frames = _frames(connection)
        for number in range(count):
            time.sleep(every if number else 0)  # the pings' own interval
            connection.sendall(_frame(PING, struct.pack(">Q", number)))
            for kind, flags, payload in frames:
                if kind == GOAWAY or (kind == PING and flags == 1):
                    got.append(kind)
                    break
            if got[-1:] == [GOAWAY]:
                assert b"too_many_pings" in payload
                break
    return got


def test_a_client_without_calls_may_ping_every_11_seconds():
    """Symptom: a client whose keepalive pinged every 11 or 20 s was sent GOAWAY too_many_pings after three. Cause: without a
    call under way gRPC allows a ping every five minutes, whatever PERMIT_WITHOUT_CALLS says. The older tests had calls."""
    with harness.start_hub() as hub:
        assert _what_pings_get(hub, every=11, count=5) == [PING] * 5
        assert _what_pings_get(hub, every=0.2, count=20)[-1] == GOAWAY
