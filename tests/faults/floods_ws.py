"""Floods of /ws and /graphql/ws: frames (RFC 6455), messages, and documents."""

import json
import struct
import zlib

from flood import Flood
from flood_claims import Claim
from floods_http import get, many, post

TEXT, BINARY, PING, PONG = 1, 2, 9, 10
KEY = "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg=="
BEGUN = 4.0  # seconds until those who begin together have been given what they take
LIMIT = 65_536  # bytes of a message


def frame(payload=b"", opcode=TEXT, fin=True, rsv=0, length=None):
    """A client's frame; its masking key is 0, so the payload stands as it is."""
    size = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    head += bytes([0x80 | size]) if size < 126 else \
        bytes([0x80 | 126]) + struct.pack(">H", size) if size < 1 << 16 else bytes([0x80 | 127]) + struct.pack(">Q", size)
    return head + b"\x00\x00\x00\x00" + payload


def pieces(payload):
    """A message without end."""
    return lambda number: (frame(payload, TEXT, fin=False) if number == 0 else b"") + many(frame(payload, 0, fin=False))


def said(message):
    return frame(json.dumps(message).encode())


def deflated(text):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def upgrade(path, *fields):
    return get(path, "Connection: Upgrade", "Upgrade: websocket", KEY, "Sec-WebSocket-Version: 13", *fields)


WS = ((upgrade("/ws"), b'"welcome"'),)
DEFLATE = ((upgrade("/ws", "Sec-WebSocket-Extensions: permessage-deflate"), b'"welcome"'),)
GRAPHQL = ((upgrade("/graphql/ws", "Sec-WebSocket-Protocol: graphql-transport-ws"), b"101 Switching"),
           (said({"type": "connection_init"}), b"connection_ack"))


def of_each(make, each=400):
    """Blocks of that many messages, each of them other than all before."""
    return lambda number: b"".join(make(number * each + i) for i in range(each))


def subscribe(number, **more):
    return said({"type": "subscribe", "subscription_id": f"s{number % 100}", **more})


def operation(number, query, **more):
    return said({"id": str(number), "type": "subscribe", "payload": {"query": query, **more}})


EVENTS, NOTHING = "subscription{events{id cursor}}", "subscription{events(filter:{sources:[\"nobody\"]}){id cursor}}"
FAN_OUT = "each event goes to all of its 4,096 subscriptions: it is work that clients may ask for"
DEEP_QUERY = "{incidents{nodes" + "{relatedIncidents" * 3000 + "}" * 3000 + "}}"
ALIASES = "{" + " ".join(f"a{n}:health{{status}}" for n in range(3000)) + "}"
FRAGMENTS = "{...f0}" + "".join(f" fragment f{n} on Query{{...f{n + 1} ...f{n + 1}}}" for n in range(1000)) + " fragment f1000 on Query{health{status}}"
INTROSPECTION = "{__schema{types{name fields{name args{name type{name kind}} type{name kind ofType{name}}}}}}"
REPEATED = "{" + "health{status} " * 4000 + "}"


def asked(query):
    return post("/graphql", json.dumps({"query": query}).encode())


FLOODS = {
    # Frames.
    "ws_comes_and_goes": Claim("bridge", Flood(32, WS, leaves=True)),
    "ws_pings": Claim("bridge", Flood(32, WS, many(frame(opcode=PING))), seconds=18, ends_after=16),
    "ws_long_pings": Claim("bridge", Flood(32, WS, many(frame(b"x" * 125, PING))), seconds=18, ends_after=16),
    "ws_pongs": Claim("bridge", Flood(32, WS, many(frame(opcode=PONG))), seconds=18, ends_after=16),
    "ws_pings_not_read": Claim("bridge", Flood(32, WS, many(frame(b"x" * 125, PING)), takes=False, receive_buffer=4096), seconds=18, ends_after=16),
    "ws_fragments": Claim("bridge", Flood(32, WS, pieces(b" ")), seconds=18, ends_after=16),
    "ws_empty_fragments": Claim("bridge", Flood(32, WS, pieces(b"")), seconds=18, ends_after=16),
    "ws_huge_frame": Claim("bridge", Flood(32, WS, lambda n: frame(b"x" * 1000, length=1 << 40) if n == 0 else b"x" * LIMIT), ends_after=7),
    # Messages.
    "ws_messages": Claim("bridge", Flood(32, WS, many(said({"type": "ping"}))), seconds=18, ends_after=16, ends=("1008", "reset", "end")),
    "ws_longest_messages": Claim("bridge", Flood(32, WS, frame(b'{"type":"ping","timestamp":"' + b"x" * 56_000 + b'"}')),
                                 seconds=18, ends_after=16, ends=("1008", "reset", "end")),
    "ws_malformed": Claim("bridge", Flood(32, WS, many(frame(b"{]"))), ends_after=7, ends=("1008", "reset", "end")),
    "ws_deep": Claim("bridge", Flood(32, WS, frame(b"[" * 65_000)), ends_after=7, ends=("1008", "reset", "end")),
    "ws_binary": Claim("bridge", Flood(32, WS, many(frame(b"x", BINARY))), seconds=18, ends_after=16),
    "ws_too_large": Claim("bridge", Flood(32, WS, frame(b"x" * 70_000)), ends_after=7, ends=("1009", "reset", "end")),
    "ws_bombs": Claim("bridge", Flood(32, DEFLATE, frame(deflated(b" " * 60_000_000), rsv=4)), ends_after=7,
                      ends=("1009", "reset", "end")),
    "ws_small_bombs": Claim("bridge", Flood(32, DEFLATE, many(frame(deflated(b" " * LIMIT), rsv=4))), seconds=18, ends_after=16),
    # Subscriptions.
    "ws_subscribes": Claim("bridge", Flood(32, WS, of_each(lambda n: subscribe(n, filters={"sources": ["nobody"]}))), seconds=18, ends_after=16),
    "ws_subscribes_from_earliest": Claim("bridge", Flood(32, WS, of_each(lambda n: subscribe(n, resume_from="earliest"), 20), pace=0.2)),
    "ws_snapshots": Claim("bridge", Flood(32, WS, of_each(lambda n: subscribe(n, snapshot=True), 20), pace=0.2)),
    "ws_large_filters": Claim("bridge", Flood(32, WS, of_each(lambda n: subscribe(n, filters={"sources": [f"s{n} {i}" for i in range(900)]}), 20), pace=0.2)),
    "ws_never_reads": Claim("bridge", Flood(100, (*WS, (subscribe(0, resume_from="earliest"), b"subscribed")), takes=False,
                                            receive_buffer=4096), begins=BEGUN, seconds=18),
    # GraphQL.
    "graphql_ws_comes_and_goes": Claim("bridge", Flood(32, GRAPHQL, leaves=True)),
    "graphql_ws_pings": Claim("bridge", Flood(32, GRAPHQL, many(said({"type": "ping"}))), seconds=18, ends_after=16),
    "graphql_ws_operations": Claim("bridge", Flood(32, GRAPHQL, of_each(lambda n: operation(n, NOTHING))), seconds=18, ends_after=16),
    "graphql_ws_fan_out": Claim("bridge", Flood(32, GRAPHQL, of_each(lambda n: operation(n, EVENTS))), left_open=FAN_OUT),
    "graphql_ws_queries": Claim("bridge", Flood(32, GRAPHQL, of_each(lambda n: operation(n, "{health{status}}"))), seconds=18, ends_after=16),
    "graphql_ws_lists": Claim("bridge", Flood(32, GRAPHQL, of_each(lambda n: operation(n, "{incidents(pagination:{pageSize:100}){totalCount}}"), 20), pace=0.2)),
    "graphql_ws_deep": Claim("bridge", Flood(32, GRAPHQL, of_each(lambda n: operation(n, DEEP_QUERY), 1)), seconds=18, ends_after=16),
    "graphql_ws_aliases": Claim("bridge", Flood(32, GRAPHQL, of_each(lambda n: operation(n, ALIASES), 1)), seconds=18, ends_after=16),
    "graphql_ws_never_reads": Claim("bridge", Flood(100, (*GRAPHQL, (operation(1, EVENTS, extensions={"resumeFrom": "earliest"}), b'"next"')),
                                                    takes=False, receive_buffer=4096), begins=BEGUN, seconds=18),
    "graphql_deep": Claim("bridge", Flood(32, block=many(asked(DEEP_QUERY)))),
    "graphql_aliases": Claim("bridge", Flood(32, block=many(asked(ALIASES)))),
    "graphql_fragments": Claim("bridge", Flood(32, block=many(asked(FRAGMENTS)))),
    "graphql_repeated": Claim("bridge", Flood(32, block=many(asked(REPEATED)))),
    "graphql_introspection": Claim("bridge", Flood(32, block=many(asked(INTROSPECTION)))),
    "graphql_deep_variables": Claim("bridge", Flood(32, block=many(post("/graphql", b'{"query":"{health{status}}","variables":{"a":' + b"[" * 60_000)))),
}
