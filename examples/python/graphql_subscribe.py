"""Follows events over GraphQL (gql), and misses none over a restart of the bridge or of the hub."""

import asyncio
import json
import os

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.websockets import WebsocketsTransport
from service import RESUME_FROM, SEVERITIES, TOKEN, backoff, fail, log, on_signal

URL = os.environ.get("WS_URL", "ws://localhost:8080/graphql/ws")
PRESENT = "query { incidents(pageSize: 1) { cursor } }"
EVENTS = """subscription Events($filter: EventFilter) {
  events(filter: $filter) { cursor type priority time incident { id severity state title } }
}"""
# Codes of errors that the next attempt may well not meet. Any other would come again.
PASSING = ("SERVICE_UNAVAILABLE", "RATE_LIMIT_EXCEEDED", "INTERNAL_SERVER_ERROR")
# Codes of a close that would come again: for a wrong message, without or with a refused token, for a wrong subprotocol.
FINAL = (4400, 4401, 4403, 4406)


def handle(event):
    """Your own work with an event."""
    print(json.dumps(event), flush=True)


def close_code(error):
    """The code that the server has closed the connection with, if it has."""
    closed = getattr(error.__cause__, "rcvd", None)
    return closed and closed.code


class Follower:
    def __init__(self):
        self.cursor = RESUME_FROM  # where to go on after a break
        self.attempt = 0

    async def run(self):
        while True:
            try:
                await self.follow()
            except TransportQueryError as error:
                code = (error.errors or [{}])[0].get("extensions", {}).get("code")
                if code not in PASSING:
                    fail(str(error), code=code)
                log("warning", str(error), code=code)
            except (OSError, TransportError) as error:
                if close_code(error) in FINAL:
                    fail(str(error.__cause__), code=close_code(error))
                log("warning", "connection failed", error=str(error.__cause__ or error))
            await asyncio.sleep(backoff(self.attempt))
            self.attempt += 1

    async def follow(self):
        """One connection, from its beginning to its end. The library pings, so that a dead one is noticed."""
        transport = WebsocketsTransport(
            URL, init_payload={"Authorization": f"Bearer {TOKEN}"} if TOKEN else {}, ping_interval=30)
        async with Client(transport=transport) as session:
            if not self.cursor:  # so that a break before the first event loses nothing either
                self.cursor = (await session.execute(GraphQLRequest(PRESENT)))["incidents"]["cursor"]
            request = GraphQLRequest(
                EVENTS, variable_values={"filter": {"severities": SEVERITIES} if SEVERITIES else {}},
                extensions={"resumeFrom": self.cursor})
            log("info", "subscribed", cursor=self.cursor)
            async for result in session.subscribe(request, get_execution_result=True):
                self.take(result)

    def take(self, result):
        self.attempt = 0
        told = result.extensions or {}
        if "gap" in told:
            log("warning", "events are missing", **told["gap"])
        if result.data:
            handle(result.data["events"])
        # Only now: should handling fail, the event comes again after a restart instead of being lost.
        self.cursor = told.get("cursor", self.cursor)


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
