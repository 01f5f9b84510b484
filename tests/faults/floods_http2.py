"""Floods of the hub's gRPC port: HTTP/2 frames by hand (RFC 9113), and connections that speak none."""

import struct

from flood import Flood
from flood_claims import Claim

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS = 1, 4
BLOCK = 1 << 16
GRPC_1_51 = "gRPC 1.51 has no bound on it (docs/security.md)"


def frame(kind, payload=b"", flags=0, stream=0):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def _literal(name, value):
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def call(method):
    """The header block of a call, without a table: the same bytes for each stream."""
    return b"\x83\x86" + _literal(b":path", b"/tocsin.v1.EventHub/" + method) + _literal(b":authority", b"localhost") \
        + _literal(b"content-type", b"application/grpc") + _literal(b"te", b"trailers")


def many(one):
    """Blocks of that frame."""
    return one * (BLOCK // len(one))


def streams(make, each):
    """Blocks of `each` streams: make(id) gives the frames of one."""
    def block(number):
        return b"".join(make(stream) for stream in range(2 * each * number + 1, 2 * each * (number + 1) + 1, 2))
    return block


def headers(block, stream, flags=END_HEADERS):
    return frame(HEADERS, block, flags, stream)


def _reset(stream, block=call(b"GetStatus")):
    return headers(block, stream) + frame(RST, struct.pack(">I", 8), stream=stream)


def _half_sent(stream, block=call(b"Publish")):
    return headers(block, stream) + frame(DATA, b"\x00" + struct.pack(">I", 4 << 20) + b"x" * 400, stream=stream)


BEGUN = ((PREFACE + frame(SETTINGS), b"\x04\x00\x00\x00\x00\x00"),)  # up to the server's settings
CALLED = ((PREFACE + frame(SETTINGS) + headers(call(b"PublishStream"), 1), b"\x04\x00\x00\x00\x00\x00"),)
BIG = b"".join(_literal(b"x-%03d" % n, b"y" * 100) for n in range(600))  # some 64 KiB
CONTINUED = (frame(HEADERS, BIG[:16000], 0, 1)
             + b"".join(frame(CONTINUATION, BIG[at:at + 16000], END_HEADERS if at + 16000 >= len(BIG) else 0, 1)
                        for at in range(16000, len(BIG), 16000)))

FLOODS = {
    # Connections that are no HTTP/2.
    "hub_silent": Claim("hub", Flood(400, again=False), seconds=13, ends_after=12),
    "hub_half_preface": Claim("hub", Flood(400, ((PREFACE[:10], b""),), again=False), seconds=13, ends_after=12),
    "hub_comes_and_goes": Claim("hub", Flood(32, ((PREFACE, b""),), leaves=True)),
    "hub_no_http2": Claim("hub", Flood(8, block=many(b"GET / HTTP/1.1\r\n\r\n"))),
    # Frames.
    "hub_pings": Claim("hub", Flood(8, BEGUN, many(frame(PING, b"12345678"))), left_open=GRPC_1_51),
    "hub_settings": Claim("hub", Flood(1, BEGUN, many(frame(SETTINGS))), left_open=GRPC_1_51),
    "hub_empty_data": Claim("hub", Flood(1, CALLED, many(frame(DATA, stream=1))), left_open=GRPC_1_51),
    "hub_window_updates": Claim("hub", Flood(1, BEGUN, many(frame(WINDOW_UPDATE, b"\x00\x00\x00\x01"))), left_open=GRPC_1_51),
    "hub_zero_window_updates": Claim("hub", Flood(8, BEGUN, many(frame(WINDOW_UPDATE, b"\x00\x00\x00\x00")))),
    "hub_priorities": Claim("hub", Flood(1, BEGUN, many(frame(PRIORITY, b"\x00\x00\x00\x00\x10", stream=1))), left_open=GRPC_1_51),
    "hub_continuation": Claim("hub", Flood(1, ((BEGUN[0][0] + frame(HEADERS, call(b"Publish"), 0, 1), b"\x04\x00\x00\x00\x00\x00"),),
                                           many(frame(CONTINUATION, _literal(b"x-a", b"y" * 100), 0, 1)), most_bytes=64 << 20),
                              left_open=GRPC_1_51),
    # Calls.
    "hub_rapid_reset": Claim("hub", Flood(1, BEGUN, streams(_reset, 400)), left_open=GRPC_1_51),
    "hub_half_sent": Claim("hub", Flood(4, BEGUN, streams(_half_sent, 20), pace=0.2, most_bytes=1 << 20)),
    "hub_too_many_streams": Claim("hub", Flood(4, BEGUN, streams(lambda s: headers(call(b"PublishStream"), s), 400)), left_open=GRPC_1_51),
    "hub_big_headers": Claim("hub", Flood(4, ((BEGUN[0][0] + CONTINUED, b"\x04\x00\x00\x00\x00\x00"),), pace=0.05, block=frame(PING, b"12345678"))),
    "hub_never_reads": Claim("hub", Flood(16, ((PREFACE + frame(SETTINGS) + headers(call(b"Subscribe"), 1)
                                                + frame(DATA, b"\x00\x00\x00\x00\x0a" + b"\x12\x08earliest", END_STREAM, 1),
                                                b"\x04\x00\x00\x00\x00\x00"),), takes=False, receive_buffer=4096)),
}
