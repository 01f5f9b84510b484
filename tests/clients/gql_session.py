"""Python's gql with its reconnecting session, as applications use it: two subscriptions on one connection that comes back by itself.

    gql_session.py URL RESUME_FROM

Prints a JSON object a line: {"operation", "cursor"} for each event, {"answer"} for a query that is asked after each break.
"""

import asyncio
import json
import sys

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportError
from gql.transport.websockets import WebsocketsTransport
from tenacity import retry, wait_fixed

EVENTS = "subscription { events { cursor } }"


def say(**told):
    print(json.dumps(told), flush=True)


async def follow(session, operation, cursor):
    while True:
        request = GraphQLRequest(EVENTS, extensions={"resumeFrom": cursor})
        try:
            async for result in session.subscribe(request, get_execution_result=True):
                cursor = result.extensions["cursor"]
                say(operation=operation, cursor=cursor)
        except TransportError:  # the session comes back by itself, and what was subscribed is asked for again
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("the subscription is complete")
        say(answer=(await session.execute(GraphQLRequest("{ health { status } }")))["health"]["status"])


async def main(url, start):
    client = Client(transport=WebsocketsTransport(url=url))
    session = await client.connect_async(reconnecting=True, retry_connect=retry(wait=wait_fixed(0.1)),
                                         retry_execute=retry(wait=wait_fixed(0.1)))
    await asyncio.gather(follow(session, 0, start), follow(session, 1, start))


asyncio.run(main(*sys.argv[1:]))
