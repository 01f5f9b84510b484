"""Subscribers over every transport that read as little as a test wants, so that a program's writes to them get stuck;
afterwards they read on, and what came is in a stream of the history."""

import contextlib
import socket

import grpc

import followers
import harness
import harness_history
import harness_sse
import raw
from guarantees import Bookmark, Event

RECEIVE_BUFFER, SIP = 4096, 4096  # bytes
TIMEOUT = 60.0  # seconds without a byte after which a connection is taken for dead
QUERY = "subscription { events { id cursor message } }"


class Reader:
    """begin() subscribes from the stream's start, sip() takes a few bytes (not over gRPC, whose library reads ahead by megabytes, so that
    a program that takes little is not a slow one to its peer), read_on() everything until a cursor, or the connection's end."""

    def __init__(self, address, stream):
        self.stream, self.cursor, self.address = stream, stream.start, address
        self.told = None  # how the program said that it ends the stream

    def read_on(self, end=lambda: None):
        """Whether it came to the cursor that end() gives."""
        try:
            while not followers.reached(self.cursor, end):
                self.cursor = self._next() or self.cursor
            return True
        except (EOFError, OSError):
            return False


class _OverSocket(Reader):
    def begin(self):
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._socket.settimeout(TIMEOUT)
        host, port = self.address.rsplit(":", 1)
        self._socket.connect((host, int(port)))
        self._data = bytearray()
        self._subscribe()

    def sip(self):
        self._data += self._socket.recv(SIP)

    def close(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads
        self._socket.close()


class Ws(_OverSocket):
    PATH, FIELDS = "/ws", {}

    def _subscribe(self):
        self._socket.sendall(raw.handshake(path=self.PATH, **self.FIELDS))
        assert raw.read_head(self._socket).status == 101
        self._frames = raw.Frames(self._socket)
        self._data = self._frames._data
        self._ask()

    def _ask(self):
        self._frames.expect("welcome")
        self._frames.send_json(raw.subscribe(resume_from=self.stream.start))
        self._frames.expect("subscribed")

    def _next(self):
        try:
            return self._take(self._frames.message())
        except EOFError:
            if self._frames.closed:
                self.told = "%d %s" % self._frames.closed
            raise

    def _take(self, message):
        if message["type"] == "event":
            self.stream.steps.append(Event(message["event"]["id"], message["message_id"]))
            return message["message_id"]
        if message["type"] == "pong":
            self.stream.steps.append(Bookmark(message["cursor"]))
            return message["cursor"]
        assert message["type"] in ("error", "closing"), message
        return None


class Graphql(Ws):
    PATH, FIELDS = "/graphql/ws", {"Sec-WebSocket-Protocol": harness.GRAPHQL_PROTOCOL}

    def _ask(self):
        self._frames.send_json({"type": "connection_init"})
        self._frames.expect("connection_ack")
        self._frames.send_json({"id": "1", "type": "subscribe",
                                "payload": {"query": QUERY, "extensions": {"resumeFrom": self.stream.start}}})

    def _take(self, message):
        return followers.take_graphql(self.stream, message)


class Sse(_OverSocket):
    def _subscribe(self):
        self._socket.sendall(f"GET /v1/events HTTP/1.0\r\nAccept: text/event-stream\r\nLast-Event-ID: {self.stream.start}\r\n\r\n".encode())
        assert raw.read_head(self._socket).status == 200
        self._blocks = harness_sse.Events(None, None, lines=False)

    def _next(self):
        while b"\n\n" not in self._data:
            part = self._socket.recv(1 << 16)
            if not part:
                raise EOFError
            self._data += part
        block, _, rest = bytes(self._data).partition(b"\n\n")
        self._data = bytearray(rest)
        return followers.take_http(self.stream, self._blocks._block(block))


class Grpc(Reader):
    def begin(self):
        self._client = harness.Client(self.address)
        request = harness.hub_pb2.SubscribeRequest()
        setattr(request, "from", self.stream.start)
        self._call = self._client.stub.Subscribe(request)
        self._next()

    def _next(self):
        try:
            response = next(self._call)
        except StopIteration:
            raise EOFError from None
        except grpc.RpcError as error:
            self.told = f"{error.code().name} {error.details()}"
            raise EOFError from error
        harness_history.take(self.stream, response)
        return response.cursor

    def close(self):
        self._client.close()
