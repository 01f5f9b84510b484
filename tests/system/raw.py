"""Bytes on a socket, for what no client library would send: HTTP requests and WebSocket frames by hand."""

import base64
import contextlib
import json
import os
import socket
import struct

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
KEY = base64.b64encode(b"0123456789abcdef").decode()


def _address(target):
    host, port = (target if isinstance(target, str) else target.address(0)).rsplit(":", 1)
    return host.strip("[]"), int(port)


@contextlib.contextmanager
def connect(target, receive_buffer=None, timeout=15):
    """A TCP connection to a program's first port, or to an address."""
    with socket.socket() as made:
        if receive_buffer:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        made.settimeout(timeout)
        made.connect(_address(target))
        yield made


class Answer:
    """An HTTP response as it came."""

    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if data else None
        self.fields = {name.strip().lower(): value.strip() for name, _, value in (l.partition(":") for l in lines[1:])}

    def problem(self):
        """The problem+json, checked to be one."""
        assert self.fields["content-type"] == "application/problem+json", self.fields
        problem = json.loads(self.body)
        assert problem["status"] == self.status
        assert {"type", "title", "detail", "code"} <= set(problem)
        return problem


def read_all(sock):
    """Up to the end of the stream, however it ends."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while part := sock.recv(65536):
            data += part
    return data


def read_answer(sock):
    """One answer by its Content-Length: the connection may be kept."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        assert part, data
        data += part
    head = data.split(b"\r\n\r\n", 1)[0]
    length = int(Answer(head + b"\r\n\r\n").fields["content-length"])
    while len(data) < len(head) + 4 + length:
        part = sock.recv(65536)
        assert part, data
        data += part
    return Answer(data)


def exchange(target, request, timeout=15):
    """Sends the bytes and reads until the server closes."""
    with connect(target, timeout=timeout) as sock:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(request)
        return Answer(read_all(sock))


def handshake(**changes):
    """A correct upgrade request to /ws; changes replace fields (None leaves one out), path, method and version."""
    line = {"method": "GET", "path": "/ws", "version": "HTTP/1.1"}
    fields = {"Host": "localhost", "Connection": "Upgrade", "Upgrade": "websocket",
              "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}
    for name, value in changes.items():
        (line if name in line else fields)[name.replace("_", "-") if name not in line else name] = value
    text = f"{line['method']} {line['path']} {line['version']}\r\n"
    text += "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)
    return (text + "\r\n").encode("latin-1")


def read_head(sock):
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        part = sock.recv(1)
        if not part:
            break
        data += part
    return Answer(data)


class Frames:
    """A WebSocket after its handshake, frame by frame."""

    def __init__(self, sock):
        self.sock = sock
        self.closed = None  # (code, reason) of the server's close frame
        self._data = bytearray()

    def send(self, payload=b"", opcode=TEXT, fin=True, rsv=0, mask=True, length=None):
        payload = payload.encode() if isinstance(payload, str) else payload
        size = len(payload) if length is None else length
        head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
        flag = 0x80 if mask else 0
        if size < 126:
            head += bytes([flag | size])
        elif size < 1 << 16:
            head += bytes([flag | 126]) + struct.pack(">H", size)
        else:
            head += bytes([flag | 127]) + struct.pack(">Q", size)
        if mask:
            key = os.urandom(4)
            head += key
            pattern = key * (len(payload) // 4 + 1)
            masked = int.from_bytes(payload, "big") ^ int.from_bytes(pattern[:len(payload)], "big")
            payload = masked.to_bytes(len(payload), "big")
        self.sock.sendall(head + payload)

    def send_json(self, message):
        self.send(json.dumps(message))

    def _need(self, size):
        while len(self._data) < size:
            part = self.sock.recv(65536)
            if not part:
                raise EOFError
            self._data += part

    def frame(self):
        """(opcode, payload) of the next frame; EOFError at the end."""
        self._need(2)
        assert not self._data[1] & 0x80, "a server's frame is masked"
        size, at = self._data[1] & 0x7F, 2
        if size >= 126:
            width = 2 if size == 126 else 8
            self._need(2 + width)
            size, at = int.from_bytes(self._data[2:2 + width], "big"), 2 + width
        self._need(at + size)
        opcode, payload = self._data[0] & 0x0F, bytes(self._data[at:at + size])
        del self._data[:at + size]
        return opcode, payload

    def message(self):
        """The next JSON message; EOFError after a close frame (see closed) or at the end."""
        while True:
            opcode, payload = self.frame()
            if opcode == CLOSE:
                self.closed = (int.from_bytes(payload[:2], "big"), payload[2:].decode())
                raise EOFError
            if opcode == TEXT:
                return json.loads(payload)
            if opcode == PING:
                self.send(payload, opcode=PONG)

    def until_end(self):
        """All messages until the close frame or the end of the connection."""
        got = []
        with contextlib.suppress(EOFError, ConnectionResetError):
            while True:
                got.append(self.message())
        return got

    def expect(self, kind, **fields):
        """Reads on to the next message of that type with those fields."""
        while True:
            message = self.message()
            if message["type"] == kind and all(message.get(k) == v for k, v in fields.items()):
                return message


@contextlib.contextmanager
def websocket(target, receive_buffer=None, timeout=15):
    """A welcomed connection to /ws, frame by frame."""
    with connect(target, receive_buffer, timeout) as sock:
        sock.sendall(handshake())
        answer = read_head(sock)
        assert answer.status == 101, answer.fields
        frames = Frames(sock)
        frames.welcome = frames.expect("welcome")
        yield frames


# --- Messages -------------------------------------------------------------------------------------


def subscribe(**fields):
    return {"type": "subscribe", "subscription_id": "s", **fields}


def filters(**fields):
    return subscribe(filters=fields)
