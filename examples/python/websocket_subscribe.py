"""Follows events over a plain WebSocket (websockets), and misses none over a restart of the bridge or of the hub."""

import asyncio
import json
import os

import websockets
from service import RESUME_FROM, SEVERITIES, TOKEN, backoff, fail, log, on_signal

URL = os.environ.get("WS_URL", "ws://localhost:8080/ws")
# Codes that the next attempt may well not meet. Any other would come again.
PASSING = ("SERVICE_UNAVAILABLE", "RATE_LIMIT_EXCEEDED", "SLOW_CONSUMER", "INTERNAL_SERVER_ERROR")
REFUSED = 4401  # the close code for a token that is missing or refused


def handle(message):
    """Your own work with an event."""
    print(json.dumps(message), flush=True)


class Follower:
    def __init__(self):
        self.cursor = RESUME_FROM  # where to go on after a break
        self.attempt = 0
        self.slot = 0  # what the server asked this client to wait, in seconds

    async def run(self):
        while True:
            try:
                await self.follow()
            except (OSError, websockets.WebSocketException) as error:
                closed = getattr(error, "rcvd", None)
                if closed and closed.code == REFUSED:
                    fail(str(error))
                log("warning", "connection failed", error=str(error))
            await asyncio.sleep(self.slot + backoff(self.attempt))
            self.attempt += 1
            self.slot = 0

    async def follow(self):
        """One connection, from its beginning to its end. The library pings, so that a dead one is noticed."""
        headers = {"Authorization": f"Bearer {TOKEN}"} if TOKEN else {}
        async with websockets.connect(URL, additional_headers=headers) as socket:
            await socket.send(json.dumps({
                "type": "subscribe", "subscription_id": "example", "resume_from": self.cursor,
                "filters": {"severities": SEVERITIES} if SEVERITIES else {}}))
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "error" and message["code"] in PASSING:
                    log("warning", message["message"], code=message["code"])
                    return
                self.take(message)

    def take(self, message):
        match message["type"]:
            case "subscribed":
                self.attempt = 0
                # So that a break before the first event loses nothing either.
                self.cursor = self.cursor or message["cursor"]
                log("info", "subscribed", cursor=message["cursor"])
            case "event":
                handle(message)
                # Only now: should handling fail, the event comes again after a restart instead of being lost.
                self.cursor = message["message_id"]
            case "pong":  # a heartbeat: all that matches up to here has come
                self.cursor = message["cursor"]
            case "gap":
                log("warning", "events are missing", **{k: message[k] for k in ("reason", "from", "to")})
            case "closing":
                self.slot = message["reconnect_after_ms"] / 1000
                log("info", "the server closes", reason=message["reason"])
            case "error":
                fail(message["message"], code=message["code"])


async def main():
    follower = Follower()
    task = asyncio.create_task(follower.run())
    loop = asyncio.get_running_loop()
    on_signal(lambda: loop.call_soon_threadsafe(task.cancel))
    try:
        await task
    except asyncio.CancelledError:
        log("info", "stopped", cursor=follower.cursor)


asyncio.run(main())
