"""A client of /ws over Python's websockets."""

import asyncio
import collections
import contextlib
import json
import time

import websockets.asyncio.client as ws_client

from harness_base import TIMEOUT


class Ws:
    """A client of /ws over Python's websockets. Use: async with harness.connect(bridge) as ws."""

    def __init__(self, connection):
        self.connection = connection
        self.inbox = collections.deque()  # messages that came while another was waited for
        self.last = {}  # subscription id → the last message_id seen

    async def send(self, message):
        await self.connection.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    async def recv(self, timeout=TIMEOUT):
        """The next message, whatever it is."""
        if self.inbox:
            return self.inbox.popleft()
        return await self._read(timeout)

    async def _read(self, timeout):
        message = json.loads(await asyncio.wait_for(self.connection.recv(), timeout))
        if message["type"] == "event":
            for subscription in message["subscription_ids"]:
                self.last[subscription] = message["message_id"]
        return message

    async def expect(self, kind, timeout=TIMEOUT, **fields):
        """The next message of that type with those fields; others stay for later, in order."""
        def fits(message):
            return message["type"] == kind and all(message.get(k) == v for k, v in fields.items())
        for message in self.inbox:
            if fits(message):
                self.inbox.remove(message)
                return message
        deadline = time.monotonic() + timeout
        while True:
            try:
                message = await self._read(max(0.001, deadline - time.monotonic()))
            except TimeoutError:
                raise AssertionError(f"no {kind} {fields} came; there was {list(self.inbox)[:5]}") from None
            if fits(message):
                return message
            self.inbox.append(message)

    async def subscribe(self, subscription="s", filters=None, resume_from=None, **more):
        """Sends subscribe, and returns the subscribed message."""
        message = {"type": "subscribe", "subscription_id": subscription, **more}
        if filters is not None:
            message["filters"] = filters
        if resume_from is not None:
            message["resume_from"] = resume_from
        await self.send(message)
        return await self.expect("subscribed", subscription_id=subscription)

    async def events(self, count, subscription=None, timeout=TIMEOUT):
        """The next count event messages (of that subscription)."""
        got = []
        kept = collections.deque()
        deadline = time.monotonic() + timeout
        try:
            while len(got) < count:
                message = await self.recv(max(0.001, deadline - time.monotonic()))
                if message["type"] == "event" and (
                        subscription is None or subscription in message["subscription_ids"]):
                    got.append(message)
                else:
                    kept.append(message)
        except TimeoutError:
            raise AssertionError(f"{len(got)} of {count} events came; beside them {list(kept)[:5]}") from None
        finally:
            self.inbox = kept + self.inbox
        return got

    async def close(self):
        await self.connection.close()


@contextlib.asynccontextmanager
async def connect(bridge, welcome=True, **options):
    """A connection to a bridge's /ws that has been welcomed (its message is ws.welcome)."""
    url = bridge if isinstance(bridge, str) else bridge.url
    # max_queue: with one, a client that leaves messages unread waits ten seconds for the answer to its close.
    options = {"max_size": None, "max_queue": None, "ping_interval": None, "proxy": None, "compression": None,
               **options}
    async with ws_client.connect(url, **options) as connection:
        ws = Ws(connection)
        if welcome:
            ws.welcome = await ws.expect("welcome")
        yield ws
