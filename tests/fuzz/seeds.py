#!/usr/bin/env python3
"""Small inputs for the fuzz targets to begin with, a folder a target: tests/fuzz/seeds.py FOLDER.

They are made here or come from the tests' own fixtures, so that none is kept beside what it was made from."""

import base64
import hashlib
import hmac
import json
import pathlib
import re
import sys
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def compress(text, bits=-15):
    packer = zlib.compressobj(9, zlib.DEFLATED, bits)
    return (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def frame(first, payload):
    """A client's frame with a mask that changes nothing."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([first]) + length + bytes(4) + payload


def frames():
    whole = [frame(0x81, b"hello"), frame(0x01, b"he") + frame(0x89, b"p") + frame(0x80, b"llo"), frame(0x82, b"\xff" * 200),
             frame(0x88, b"\x03\xe8bye"), frame(0x8a, b""), frame(0x81, "κόσμε".encode()), frame(0x01, b"\xe2\x82") + frame(0x80, b"\xac"),
             frame(0xc1, compress(b"hello hello")), frame(0x41, compress(b"hello")[:3]) + frame(0x80, compress(b"hello")[3:])]
    return [bytes([how]) + each for each in whole for how in (0, 3)]


def raw_strings(path):
    """The raw strings of a C++ source."""
    return [each.encode() for each in re.findall(r'R"\((.*?)\)"', (ROOT / path).read_text(), re.S)]


def documents():
    """GraphQL's, of the tests that read and validate them."""
    paths = [f"tests/bridge/graphql_{name}_test.cc" for name in ("parser", "validation", "request", "coercion", "selection_plan")]
    plain = [each.encode() for path in paths
             for each in re.findall(r'"((?:\{|query|mutation|subscription)[^"\n\\]*)"', (ROOT / path).read_text())]
    return [each for path in paths for each in raw_strings(path)] + plain


def proxy_headers():
    def binary(command, family, rest):
        return b"\r\n\r\n\0\r\nQUIT\n" + bytes([command, family]) + len(rest).to_bytes(2, "big") + rest

    v4, v6 = bytes([192, 0, 2, 1, 10, 0, 0, 1]), bytes(range(32))
    ports, extension = b"\x30\x39\x01\xbb", b"\x04\x00\x01x\x03\x00\x04\0\0\0\0"
    lines = [b"PROXY TCP4 192.0.2.1 10.0.0.1 12345 443\r\n", b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", b"PROXY UNKNOWN ffff::1\r\n"]
    return lines + [binary(0x21, 0x11, v4 + ports), binary(0x21, 0x11, v4 + ports + extension), binary(0x21, 0x21, v6 + ports),
                    binary(0x21, 0x31, bytes(216)), binary(0x20, 0, b"")]


def golden():
    return [path.read_bytes() for path in sorted((ROOT / "tests/core/golden").glob("*.json"))]


def tokens():
    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    made = []
    for row in json.loads((ROOT / "tests/tokens/table.json").read_text()):
        header = {"alg": "HS256", "typ": "JWT", **row.get("header", {})}
        claims = {"iss": "https://id.example", "aud": "tocsin", "sub": "a", "exp": 1700000300, **row.get("claims", {})}
        made += [json.dumps(header).encode(), json.dumps(claims).encode()]
        text = part(made[-2]) + b"." + part(made[-1])
        made.append(text + b"." + part(hmac.digest(b"0" * 32, text, hashlib.sha256)))
    return sorted(set(made))


def keys():
    number = base64.urlsafe_b64encode(b"\xc5" * 256).rstrip(b"=").decode()
    x, y = (base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode() for number in (
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5))
    rsa = {"kty": "RSA", "kid": "a", "use": "sig", "alg": "RS256", "n": number, "e": "AQAB"}
    curve = {"kty": "EC", "kid": "b", "crv": "P-256", "x": x, "y": y, "key_ops": ["verify"]}
    sets = [{"keys": [rsa]}, {"keys": [curve]}, {"keys": [rsa, curve, {"kty": "OKP"}]}, {"keys": []}]
    return [json.dumps(each).encode() for each in sets] + [b"0123456789abcdef0123456789abcdef\n"]


HTTP = [b"GET /things/1 HTTP/1.1\r\nHost: a\r\n\r\n", b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        b"POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\nOrigin: https://ops.example.com\r\nAccess-Control-Request-Method: POST\r\n\r\n",
        b"GET http://a/things/%31?x=y HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n"]
ANSWERS = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
           b"HTTP/1.0 200 OK\r\n\r\n{}", b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"HTTP/1.1 103 Early\r\n\r\n"]
CLIENT = [b'{"type":"subscribe","subscription_id":"s","filters":{"severities":["P0"],"labels":{"a":"b"},"active_only":true},"resume_from":"v1:1:2"}',
          b'{"type":"ping","timestamp":[1,{"a":null}]}', b'{"type":"ack","message_id":"v1:1:2"}', b'{"type":"unsubscribe","subscription_id":"s"}',
          b'{"type":"connection_init","payload":{"token":"a.b.c"}}', b'{"type":"authenticate","token":"a.b.c"}']
MESSAGES = [b'{"type":"connection_init","payload":{"Authorization":"Bearer a.b.c"}}', b'{"type":"ping","payload":{"a":[1]}}', b'{"type":"pong"}',
            b'{"type":"subscribe","id":"1","payload":{"query":"subscription { newIncidents { id } }","variables":{"a":1},"operationName":"b"}}',
            b'{"type":"complete","id":"1"}', b'{"query":"{__typename}","variables":null,"extensions":{}}']
QUERIES = [b"severities=P0,P1&labels.a=b&active_only=true", b"severity=P0&resume_from=v1:1:2&notify_on_gap=false\0v1:1:3",
           b"snapshot=true&leaves=true&latest_only=true&priority=true", b"event_types=incident_created%2Csystem_event&sources=a+b&from=earliest",
           b"states=Detected&page=2&page_size=10&sort=severity\0Bearer a.b.c", b'page_token=a&access%5Ftoken=b\0"17"']
CLAIMS = [b"203.0.113.7, 10.0.0.2:80", b"[2001:db8::1]:4711", b"unknown", b'for="[2001:db8::1]:47";proto=https, for=10.0.0.2', b'for="a\\"b";by=c',
          b'for="open']
OFFERS = [b"permessage-deflate; client_max_window_bits", b'permessage-deflate; server_max_window_bits="1\\2", permessage-deflate; server_no_context_takeover']


def cloud_events():
    attributes = {"specversion": "1.0", "id": "a", "source": "/s", "type": "com.example.x", "data": {"a": 1}, "time": "2026-03-01T10:00:00Z"}
    ours = {**attributes, "type": "tocsin.v1.system_event", "data": {"system_event": {"category": "c", "message": "m"}}}
    headers = "ce-specversion:1.0\nce-id:a\nce-source:/s\nce-type:x%20y\nce-subject:s\n\n{\"a\":1}"
    encoded = {**attributes, "data_base64": "aGVsbG8="}
    del encoded["data"]
    return [json.dumps(each).encode() for each in (attributes, ours, encoded, [attributes, ours])] + [headers.encode()]


def varint(number):
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def field(number, value):
    """A protobuf field: a number, a text or a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def protobufs(message):
    """Two levels of fields of every number, of each kind: the fuzzer finds the names that they have."""
    texts = [field(n, b"0190a000-0000-7000-8000-000000000001") for n in range(1, 16)] + [field(n, 1) for n in range(1, 16)]
    inner = [b"".join(texts[i::5]) for i in range(5)] + texts
    return [field(message, each) for each in inner] + [field(message, field(n, each)) for n in range(1, 24) for each in inner[:3]]


def seeds():
    compressed = [compress(b"x" * size) for size in (0, 1, 100, 70_000)] + [compress(bytes(range(256)) * 4, -9), b"\x00\x05\x00\xfa\xffHello\x00"]
    filters = [field(1, 1) + field(2, 1), field(4, b"monitor"), b""]
    return {
        "fuzz_alerts": raw_strings("tests/bridge/alert_bodies.h"),
        "fuzz_client_message": CLIENT,
        "fuzz_cloud_events": cloud_events(),
        "fuzz_cursor": [b"v1:abcdef:1", b"v1:0000000000abcdef:18446744073709551615", b"earliest", b"latest", b"2026-03-01T10:00:00Z"],
        "fuzz_filter": [varint(len(one)) + one + varint(len(two)) + two + each for one in filters for two in filters
                        for each in protobufs(7)[:8]],
        "fuzz_forwarded": CLAIMS,
        "fuzz_frame_reader": frames(),
        "fuzz_graphql_lexer": documents(),
        "fuzz_graphql_message": MESSAGES,
        "fuzz_graphql_parser": documents(),
        "fuzz_graphql_prepare": documents() + [b'query($n: Int = 1) { incidents(pageSize: $n) { total } }\0{"n": 2}'],
        "fuzz_http_request": [bytes([piece]) + each for each in HTTP for piece in (0, 6, 255)],
        "fuzz_http_response": [bytes([piece]) + each for each in ANSWERS for piece in (0, 6, 255)],
        "fuzz_inflate": compressed + OFFERS,
        "fuzz_json_event": golden(),
        "fuzz_keys": keys(),
        "fuzz_proxy_protocol": proxy_headers(),
        "fuzz_publish": protobufs(1),
        "fuzz_query": QUERIES,
        "fuzz_subscribe": [each[2 if len(each) < 130 else 3:] for each in protobufs(1)] + protobufs(1),
        "fuzz_token": tokens(),
        "fuzz_wire": protobufs(1),
    }


def main():
    folder = pathlib.Path(sys.argv[1])
    for target, inputs in seeds().items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for each in inputs:
            (folder / target / hashlib.sha256(each).hexdigest()[:16]).write_bytes(each)


if __name__ == "__main__":
    main()
