"""HTTP/2 by hand to the hub's gRPC port: what no client library would send. One thread; read() takes what has come."""

import contextlib
import socket
import struct
import time

import raw

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def field(name, value):
    """HPACK: a literal that is not indexed, without Huffman's code; both shorter than 127 bytes."""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def call_fields(path):
    return b"".join(field(*pair) for pair in (
        (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
        ("content-type", "application/grpc"), ("te", "trailers")))


def message(size, sent=None):
    """A gRPC message's head, which says its size, and its first bytes."""
    return b"\0" + struct.pack(">I", size) + bytes(size if sent is None else sent)


def publish_body(event):
    """A whole message that publishes the event."""
    import harness
    data = harness.hub_pb2.PublishRequest(events=[event]).SerializeToString()
    return b"\0" + struct.pack(">I", len(data)) + data


class Connection:
    def __init__(self, sock):
        self.sock = sock
        self.last = -1  # the newest stream
        self.ended = {}  # stream: its last header block and RST_STREAM's code, or None
        self.data = {}  # stream: what came
        self._bytes = bytearray()
        self._window, self._initial, self._windows = 65535, 65535, {}
        self.goaway = self.closed = False
        sock.sendall(PREFACE + frame(SETTINGS, 0, 0, bytes([0, 1, 0, 0, 0, 0])))  # no table for header fields
        self.wait(lambda: self._settled, 5)

    _settled = False

    def call(self, path="/tocsin.v1.EventHub/Publish"):
        """Begins a call; its stream."""
        self.last += 2
        self.sock.sendall(frame(HEADERS, END_HEADERS, self.last, call_fields(path)))
        return self.last

    def send(self, stream, body, end=False, within=10):
        """As flow control allows; what is left after that time or the stream's end is not sent. Returns how much was."""
        until, at = time.monotonic() + within, 0
        while at < len(body) and stream not in self.ended and time.monotonic() < until:
            room = min(16384, self._window, self._windows.get(stream, 0) + self._initial, len(body) - at)
            if room <= 0:
                self.read(0.05)
                continue
            last = END_STREAM if end and at + room == len(body) else 0
            self.sock.sendall(frame(DATA, last, stream, body[at:at + room]))
            self._window -= room
            self._windows[stream] = self._windows.get(stream, 0) - room
            at += room
        return at

    def end(self, stream):
        self.sock.sendall(frame(DATA, END_STREAM, stream))

    def read(self, timeout):
        """What has come, waiting so long for the first of it."""
        self.sock.settimeout(timeout or 0.001)
        with contextlib.suppress(TimeoutError, BlockingIOError, ConnectionResetError):
            part = self.sock.recv(1 << 20)
            self.closed = self.closed or not part
            self._bytes += part
        self.sock.settimeout(15)
        while len(self._bytes) >= 9 and len(self._bytes) >= 9 + int.from_bytes(self._bytes[:3], "big"):
            size = int.from_bytes(self._bytes[:3], "big")
            kind, flags, stream = self._bytes[3], self._bytes[4], int.from_bytes(self._bytes[5:9], "big")
            payload = bytes(self._bytes[9:9 + size])
            del self._bytes[:9 + size]
            self._take(kind, flags, stream, payload)

    def _take(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                if int.from_bytes(payload[at:at + 2], "big") == 4:
                    self._initial = int.from_bytes(payload[at + 2:at + 6], "big")
            self._settled = True
            self.sock.sendall(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.sock.sendall(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE:
            by = int.from_bytes(payload, "big")
            if stream:
                self._windows[stream] = self._windows.get(stream, 0) + by
            else:
                self._window += by
        elif kind == DATA:
            self.data[stream] = self.data.get(stream, b"") + payload
        elif kind == HEADERS and flags & END_STREAM:
            self.ended[stream] = payload
        elif kind == RST_STREAM:
            self.ended.setdefault(stream, None)
        elif kind == GOAWAY:
            self.goaway = True

    def wait(self, holds, within=10):
        """Reads until it holds, or the time is over; whether it does."""
        until = time.monotonic() + within
        while not holds() and not self.closed and time.monotonic() < until:
            self.read(0.2)
        return holds()

    def status(self, stream, within=10):
        """(grpc-status, its message) of a call's end; None when it has none."""
        if not self.wait(lambda: stream in self.ended, within) or self.ended[stream] is None:
            return None
        return _literals(self.ended[stream])


def _literals(block):
    """Of a block in which gRPC writes status and message as literals, or the status 0 from its table."""
    fields, at = {}, 0

    def integer(bits):
        nonlocal at
        value = block[at] & ((1 << bits) - 1)
        at += 1
        if value == (1 << bits) - 1:
            shift = 0
            while True:
                byte = block[at]
                at += 1
                value += (byte & 0x7F) << shift
                shift += 7
                if not byte & 0x80:
                    break
        return value

    def text():
        nonlocal at
        huffman, size = block[at] & 0x80, integer(7)
        data = block[at:at + size]
        at += size
        return None if huffman else data

    while at < len(block):
        if block[at] & 0x80:
            integer(7)
            continue
        if block[at] & 0xE0 == 0x20:
            integer(5)
            continue
        index = integer(6 if block[at] & 0x40 else 4)
        name = text() if index == 0 else index
        fields[name] = text()
    return fields


@contextlib.contextmanager
def connect(target, receive_buffer=None):
    with raw.connect(target, receive_buffer) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Connection(sock)
