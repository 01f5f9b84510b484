"""A client of /graphql/ws over Python's websockets."""

import asyncio
import contextlib
import json

import websockets.asyncio.client as ws_client

from harness_base import TIMEOUT

PROTOCOL = "graphql-transport-ws"
PARTS = 'multipart/mixed;subscriptionSpec="1.0"'
EVENTS = "subscription ($filter: EventFilter) { events(filter: $filter) { sequence cursor } }"
_ENUMS = ("event_types", "severities", "states")


def filter_input(given):
    """A filter in the JSON of the contract as GraphQL's EventFilter."""
    def name(field):
        first, *others = field.split("_")
        return first + "".join(map(str.title, others))
    return {name(field): [each.upper() for each in value] if field in _ENUMS and value else value
            for field, value in given.items()}


class GraphqlWs:
    """Use: async with harness.graphql(bridge) as graphql."""

    def __init__(self, connection):
        self.connection = connection
        self.ack = None

    async def send(self, message):
        await self.connection.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    async def recv(self, timeout=TIMEOUT):
        return json.loads(await asyncio.wait_for(self.connection.recv(), timeout))

    async def init(self, **payload):
        await self.send({"type": "connection_init", **({"payload": payload} if payload else {})})
        self.ack = await self.recv()
        assert self.ack["type"] == "connection_ack", self.ack
        return self.ack["payload"]

    async def subscribe(self, operation, query=EVENTS, resume_from=None, **variables):
        payload = {"query": query, "variables": variables}
        if resume_from is not None:
            payload["extensions"] = {"resumeFrom": resume_from}
        await self.send({"id": operation, "type": "subscribe", "payload": payload})

    async def established(self):
        """All that was asked before has been done: the answer to a ping comes after it."""
        await self.send({"type": "ping"})
        assert await self.recv() == {"type": "pong"}

    async def complete(self, operation):
        await self.send({"id": operation, "type": "complete"})

    async def nexts(self, count, operation=None, timeout=TIMEOUT):
        """The next so many `next` messages (of that operation); pings are passed over, anything else is wrong."""
        got = []
        while len(got) < count:
            message = await self.recv(timeout)
            if message["type"] == "next" and operation in (None, message["id"]):
                got.append(message)
            else:
                assert message["type"] in ("ping", "next"), message
        return got


@contextlib.asynccontextmanager
async def graphql(bridge, init=True, **options):
    """A connection to a bridge's /graphql/ws that has been acknowledged."""
    url = bridge.url.removesuffix("/ws") + "/graphql/ws"
    options = {"max_size": None, "max_queue": None, "ping_interval": None, "proxy": None, "compression": None,
               "subprotocols": [PROTOCOL], **options}
    async with ws_client.connect(url, **options) as connection:
        made = GraphqlWs(connection)
        if init:
            await made.init()
        yield made


@contextlib.asynccontextmanager
async def graphql_parts(bridge, query, resume_from):
    """A subscription over POST /graphql: an iterator of the payloads of its parts, and of the last part, which has only
    errors."""
    host, port = bridge.address(0).rsplit(":", 1)
    body = json.dumps({"query": query, "extensions": {"resumeFrom": resume_from}})
    reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 20)
    writer.write((f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: {PARTS}\r\n"
                  f"Content-Length: {len(body)}\r\n\r\n{body}").encode())

    async def payloads():
        # A part's JSON stands on a line of its own, and the server sends it in one chunk.
        while line := await asyncio.wait_for(reader.readline(), TIMEOUT):
            if line.startswith(b'{"payload"'):
                part = json.loads(line)
                yield part["payload"] if part["payload"] is not None else part

    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT)
        assert b" 200 " in head.splitlines()[0], head
        yield payloads()
    finally:
        writer.close()


def place_of(message):
    """The cursor of a `next`."""
    return message["payload"]["extensions"]["cursor"]


def event_of(message):
    """(sequence, cursor) of a `next` of EVENTS; its two cursors are one."""
    event = message["payload"]["data"]["events"]
    assert event["cursor"] == place_of(message)
    return event["sequence"], event["cursor"]
