"""A client of GET /v1/events: server-sent events, or lines of JSON, over a socket of its own."""

import asyncio
import contextlib
import dataclasses
import json
import time
import urllib.parse

from harness_base import TIMEOUT


@dataclasses.dataclass
class Message:
    """A block of server-sent events, or a line of JSON; `data` is its JSON, `id` its cursor."""
    event: str = ""
    id: str = ""
    data: dict | None = None
    retry: int | None = None
    comment: bool = False


def query_of(filters):
    """A filter in the JSON form of /ws as query parameters."""
    def escaped(value):
        return value.replace("\\", "\\\\").replace(",", "\\,")
    pairs = []
    for field, value in (filters or {}).items():
        if field == "labels":
            pairs += [(f"labels.{key}", text) for key, text in value.items()]
        elif isinstance(value, bool):
            pairs.append((field, "true" if value else "false"))
        elif value:
            pairs.append((field, ",".join(map(escaped, value))))
    return urllib.parse.urlencode(pairs)


class Events:
    """A stream that has begun: `status`, `headers`, then next()."""

    def __init__(self, reader, writer, lines):
        self.reader, self.writer, self.lines = reader, writer, lines
        self.cursor = ""  # of the last message that had one
        self.over = False
        self._text = b""
        self._size = None  # of the chunk that is being read

    async def read_head(self, timeout=TIMEOUT):
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), timeout)).decode("latin-1")
        first, *fields = head.split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields if f)}
        self._chunked = self.headers.get("transfer-encoding") == "chunked"
        self._left = int(self.headers.get("content-length", -1))

    async def _more(self):
        """Reads a piece of the body; False at its end."""
        if self._chunked:
            if self._size is None:  # a wait that was over after a chunk's head goes on with its body
                self._size = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
            piece = await self.reader.readexactly(self._size + 2)
            self._text += piece[:-2]
            self.over, self._size = self._size == 0, None
        elif self._left >= 0:
            self._text += await self.reader.readexactly(self._left)
            self.over = True
        else:
            piece = await self.reader.read(1 << 16)
            self._text += piece
            self.over = not piece
        return not self.over

    async def body(self, timeout=TIMEOUT):
        """The whole body of an answer that is no stream."""
        async def read():
            while not self.over and self._left != 0:
                await self._more()
        await asyncio.wait_for(read(), timeout)
        return self._text.decode()

    async def next(self, timeout=TIMEOUT):
        """The next message; None when the stream has ended."""
        async def read():
            end = b"\n" if self.lines else b"\n\n"
            while end not in self._text:
                if not self.over and await self._more():
                    continue
                if end in self._text:
                    break
                assert self._text == b"", f"the stream ended within a message: {self._text!r}"
                return None
            block, self._text = self._text.split(end, 1)
            return self._line(block) if self.lines else self._block(block)
        message = await asyncio.wait_for(read(), timeout)
        if message is not None and message.id:
            self.cursor = message.id
        return message

    def _line(self, line):
        data = json.loads(line)
        return Message(data["type"], data.get("message_id") or data.get("cursor") or data.get("to", ""), data)

    def _block(self, block):
        message = Message()
        for line in block.decode().split("\n"):
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                message.comment = True
            elif name == "data":
                message.data = json.loads(value)
            elif name == "retry":
                message.retry = int(value)
            elif name in ("event", "id"):
                setattr(message, name, value)
            else:
                raise AssertionError(f"not a field of server-sent events: {line!r}")
        return message

    async def expect(self, event, timeout=TIMEOUT):
        """The next message of that event name; others are dropped."""
        deadline = time.monotonic() + timeout
        while True:
            message = await self.next(max(0.001, deadline - time.monotonic()))
            assert message is not None, f"the stream ended before {event} came"
            if message.event == event:
                return message

    async def events(self, count, timeout=TIMEOUT):
        """The next count events."""
        deadline = time.monotonic() + timeout
        return [await self.expect("event", max(0.001, deadline - time.monotonic())) for _ in range(count)]

    async def until(self, cursor, timeout=60):
        """The events up to a cursor, which must come at last, with an event or as a bookmark."""
        got, deadline = [], time.monotonic() + timeout
        while self.cursor != cursor:
            message = await self.next(max(0.001, deadline - time.monotonic()))
            assert message is not None, "the stream ended"
            if message.event == "event":
                got.append(message)
        return got


def address_of(bridge):
    host, _, port = (bridge if isinstance(bridge, str) else bridge.address(0)).rpartition(":")
    return host, int(port)


@contextlib.asynccontextmanager
async def events(bridge, filters=None, resume_from=None, last_event_id=None, lines=False, query="", fields=(),
                 method="GET", version="1.1", check=True):
    """A stream from a bridge. check: it begins with 200."""
    parts = [query_of(filters), query]
    if resume_from is not None:
        parts.append(urllib.parse.urlencode({"resume_from": resume_from}))
    target = "/v1/events?" + "&".join(filter(None, parts))
    host, port = address_of(bridge)
    head = [f"{method} {target} HTTP/{version}", f"Host: {host}:{port}",
            f"Accept: {'application/x-ndjson' if lines else 'text/event-stream'}", *fields]
    if last_event_id is not None:
        head.append(f"Last-Event-ID: {last_event_id}")
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 24)
    try:
        writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
        stream = Events(reader, writer, lines)
        await stream.read_head()
        if check:
            assert stream.status == 200, (stream.status, await stream.body())
        yield stream
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
