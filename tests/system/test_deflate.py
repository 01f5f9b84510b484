"""permessage-deflate on /ws: what is agreed on, what comes compressed, and what a client may not send. Checked by
Python's own zlib, frame by frame, and by the websockets library."""

import contextlib
import json
import os
import uuid
import zlib

import pytest
import websockets.asyncio.client as ws_client

import harness
import raw

PLAIN = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
TAIL = b"\x00\x00\xff\xff"


@pytest.fixture(scope="module")
def bridge(hub):
    with harness.start_bridge(hub, "--compression", "deflate", "--max-message-bytes", "2MiB") as program:
        yield program


def deflate(data, level=9):
    packer = zlib.compressobj(level, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
    assert packed.endswith(TAIL)
    return packed[:-4]


@contextlib.contextmanager
def agreed(bridge, offer="permessage-deflate; client_max_window_bits", wanted=PLAIN):
    """A connection whose offer was answered so: (frame reader, take), where take() gives (compressed, JSON)."""
    with raw.connect(bridge) as sock:
        sock.sendall(raw.handshake(Sec_WebSocket_Extensions=offer))
        answer = raw.read_head(sock)
        assert answer.status == 101
        assert answer.fields.get("sec-websocket-extensions") == wanted
        frames = raw.Frames(sock)

        def take():
            frames._need(1)
            compressed = bool(frames._data[0] & 0x40)
            opcode, payload = frames.frame()
            assert opcode == raw.TEXT, (opcode, payload)
            # A new window for each message, of the size that was said: no message needs the one before.
            text = zlib.decompressobj(-12).decompress(payload + TAIL) if compressed else payload
            return compressed, json.loads(text)

        assert take()[1]["type"] == "welcome"
        yield frames, take


@pytest.mark.parametrize("offer, wanted", {
    "permessage-deflate": PLAIN,
    "permessage-deflate; client_max_window_bits=10; server_max_window_bits=15": PLAIN + "; server_max_window_bits=12",
    "permessage-deflate; server_max_window_bits=9": None,
    "permessage-deflate; server_max_window_bits=9, permessage-deflate": PLAIN,
    "permessage-deflate; what=ever": None,
    "x-webkit-deflate-frame": None,
    "": None}.items())
def test_what_is_agreed_on(bridge, offer, wanted):
    with agreed(bridge, offer, wanted) as (frames, _):
        frames.send_json({"type": "ping"})
        frames.expect("pong")


def test_it_is_off_unless_told(hub):
    with harness.start_bridge(hub) as off, agreed(off, wanted=None) as (frames, _):
        frames.send(deflate(b'{"type":"ping"}'), rsv=4)
        frames.until_end()
        assert frames.closed[0] == 1002


def test_events_come_compressed_and_short_messages_as_they_are(bridge, client):
    with agreed(bridge) as (frames, take), raw.websocket(bridge) as plain:
        for each in (frames, plain):
            each.send_json({"type": "subscribe", "subscription_id": "s"})
        assert take() == (False, plain.expect("subscribed"))
        sent = [client.publish(harness.incident_created(title=f"number {i} " + "ü" * 400)) for i in range(50)]
        sent.append(client.publish(harness.system_event("x" * 200_000)))
        for result in sent:
            compressed, message = take()
            assert compressed
            assert message == plain.message()
            assert message["message_id"] == result.cursor
        frames.send(deflate(b'{"type":"ping","timestamp":1}'), rsv=4)
        compressed, message = take()
        assert not compressed and message["timestamp"] == 1


def test_leaves_come_compressed_and_a_snapshot_as_it_is(bridge, client):
    """As docs/protocol.md says; to compress a snapshot would hold up the events of others."""
    incident = str(uuid.uuid4())
    client.publish(harness.incident_created("P0", title="t" * 400, source="zipped", incident_id=incident))
    with agreed(bridge) as (frames, take):
        frames.send_json({"type": "subscribe", "subscription_id": "s", "snapshot": True,
                          "filters": {"sources": ["zipped"], "severities": ["P0"]}})
        assert take()[1]["type"] == "subscribed"
        compressed, snapshot = take()
        assert not compressed and snapshot["last"] and [one["id"] for one in snapshot["incidents"]] == [incident]
        lowered = harness.incident_created("P3", title="t" * 400, source="zipped", incident_id=incident)
        lowered.type = harness.event_type_of("incident_updated")
        client.publish(lowered)
        compressed, left = take()
        assert compressed and (left["type"], left["incident_id"]) == ("left", incident)


def test_a_client_may_compress_in_fragments_or_not_at_all(bridge):
    with agreed(bridge) as (frames, take):
        for level in (0, 1, 9):
            stamp = f"{level}" * 200
            packed = deflate(json.dumps({"type": "ping", "timestamp": stamp}).encode(), level)
            frames.send(packed[:5], rsv=4, fin=False)
            frames.send("between", opcode=raw.PING)
            frames.send(packed[5:6], opcode=0, fin=False)
            frames.send(packed[6:], opcode=0)
            assert frames.frame() == (raw.PONG, b"between")
            assert take()[1]["timestamp"] == stamp
            frames.send('{"type":"ping","timestamp":"plain"}')
            assert take()[1]["timestamp"] == "plain"


BAD = {
    "more than the limit": (1009, "MESSAGE_TOO_LARGE", "2097152",
                             lambda f: f.send(deflate(os.urandom(3 << 19).hex().encode()), rsv=4)),
    "a dense bomb": (1009, "MESSAGE_TOO_LARGE", "100 times", lambda f: f.send(deflate(b"x" * (1 << 20)), rsv=4)),
    "corrupt": (1007, "INVALID_MESSAGE", "corrupt", lambda f: f.send(b"\xff" * 50, rsv=4)),
    "cut off": (1007, "INVALID_MESSAGE", "corrupt", lambda f: f.send(deflate(b'{"type":"ping"}')[:-5], rsv=4)),
    "not UTF-8 inside": (1007, "INVALID_MESSAGE", "UTF-8", lambda f: f.send(deflate(b'{"a":"\xff"}'), rsv=4)),
    "the bit on a continuation": (1002, "INVALID_MESSAGE", "reserved",
                                  lambda f: (f.send("{", fin=False), f.send("}", opcode=0, rsv=4))),
    "the bit on a ping": (1002, "INVALID_MESSAGE", "reserved", lambda f: f.send("", opcode=raw.PING, rsv=4)),
}


@pytest.mark.parametrize("name", BAD)
def test_what_a_client_may_not_send(bridge, name):
    code, reason, words, send = BAD[name]
    before = bridge.memory()
    with agreed(bridge) as (frames, _):
        send(frames)
        messages = frames.until_end()
        assert frames.closed and frames.closed[0] == code and frames.closed[1].startswith(reason), frames.closed
        assert [m["type"] for m in messages] == ["error", "closing"]
        assert messages[0]["code"] == reason and words in messages[0]["message"]
    assert bridge.memory() < before + (16 << 20)


def test_pythons_websockets_compresses_and_is_answered(bridge, client):
    async def follow():
        # The library offers permessage-deflate by itself.
        async with ws_client.connect(bridge.url, max_size=None) as connection:
            names = [extension.name for extension in connection.protocol.extensions]
            assert names == ["permessage-deflate"]
            await connection.recv()
            await connection.send(json.dumps({"type": "subscribe", "subscription_id": "s" * 100, "filters": {}}))
            assert json.loads(await connection.recv())["type"] == "subscribed"
            sent = client.publish_many([harness.incident_created(title="t" * 300) for _ in range(200)])
            got = [json.loads(await connection.recv())["message_id"] for _ in sent]
            assert got == [result.cursor for result in sent]

    harness.run(follow())
