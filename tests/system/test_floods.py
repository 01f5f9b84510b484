"""What one WebSocket may send: a flood of frames is read no faster than a client's messages may come, costs the bridge little, and is
closed. tests/faults/test_hostile.py has the floods beside which a witness is measured."""

import contextlib
import os
import select
import socket
import threading
import time

import pytest

import harness
import raw

MASK = b"\x80\x00\x00\x00\x00"  # a length of 0, and a masking key


def _frames(first, again):
    return first + again * (60_000 // len(again))


# name → path, subprotocol, what is sent again and again
FLOODS = {
    "pings": ("/ws", None, _frames(b"", b"\x89" + MASK)),
    "pongs": ("/ws", None, _frames(b"", b"\x8a" + MASK)),
    "pieces of nothing": ("/ws", None, _frames(b"", b"\x00" + MASK)),
    "pings to GraphQL": ("/graphql/ws", "graphql-transport-ws", _frames(b"", b"\x89" + MASK)),
}


def _flood(bridge, path, protocol, block, ended):
    """Sends until the server closes; the code of its close frame, and after how long."""
    with raw.connect(bridge, timeout=30) as sock:
        sock.sendall(raw.handshake(path=path, Sec_WebSocket_Protocol=protocol))
        assert raw.read_head(sock).status == 101
        if protocol is not None:
            frames = raw.Frames(sock)
            frames.send_json({"type": "connection_init"})
            frames.expect("connection_ack")
        if block.startswith(b"\x00"):
            sock.sendall(b"\x01" + MASK)  # the message that the pieces continue
        began, got = time.monotonic(), b""
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 30:
                ready, room, _ = select.select([sock], [sock], [], 1)
                if ready:
                    part = sock.recv(65536)
                    got = (got + part)[-300:]
                    if not part:
                        break
                if room:
                    sock.send(block, socket.MSG_DONTWAIT)
        at = got.rfind(b"RATE_LIMIT_EXCEEDED")
        ended.append((got[at - 2:at] if at >= 2 else got[-60:], time.monotonic() - began))


def _cpu(program):
    fields = open(f"/proc/{program.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_of_frames_is_read_slowly_and_closed(hub, name):
    """Symptom: 32 connections that sent pings without end made others' events come half a second late, and went on for ever. Cause:
    only whole messages were counted, and all that came was read. The older tests counted messages."""
    path, protocol, block = FLOODS[name]
    with harness.start_bridge(hub) as bridge:
        before, ended = _cpu(bridge), []
        threads = [threading.Thread(target=_flood, args=(bridge, path, protocol, block, ended)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ended) == 4
        for code, after in ended:
            assert code == (1008 if protocol is None else 1013).to_bytes(2, "big"), code
            assert 9 < after < 20
        taken = _cpu(bridge) - before
        assert taken < 3, f"the bridge worked for {taken:.1f} s"
