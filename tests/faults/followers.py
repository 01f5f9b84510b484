"""Chains of resumes over the bridge's other transports, recorded as harness_history.py does for gRPC and /ws:
server-sent events, lines of JSON, and GraphQL over a WebSocket."""

import asyncio
import json

import websockets

import guarantees
import harness
from guarantees import Bookmark, Event, Gap, Left, Resume

CUT = (OSError, EOFError, TimeoutError, websockets.exceptions.WebSocketException)
GRAPHQL = "subscription ($filter: EventFilter) { events(filter: $filter) { id cursor } }"
FAILED = "INTERNAL_SERVER_ERROR"  # the server could not go on with a stream, which may be resumed
RETRY = 0.02  # seconds between two tries to connect
SILENCE = 1.0  # seconds without a message after which a follower looks whether it is at its end


def reached(cursor, end):
    return bool(end()) and guarantees.place(cursor)[0] >= guarantees.place(end())[0]


async def follow(session, bridges, stream, end):
    """Runs session(bridge, cursor, at) on each bridge in turn until the end; it calls at(cursor) for all that it took."""
    at, tries = [stream.start], 0
    while not reached(at[0], end):
        try:
            await session(bridges[tries % len(bridges)], at[0], lambda cursor: at.__setitem__(0, cursor))
        except CUT:
            await asyncio.sleep(RETRY)
        tries += 1
        if not reached(at[0], end):
            stream.steps.append(Resume(at[0]))


def _options(stream):
    named = {"leaves": stream.leaves, "latest_only": stream.latest_only, "priority": stream.priority}
    return "&".join(f"{name}=true" for name, wanted in named.items() if wanted)


async def follow_http(bridges, stream, end, filter=None, lines=False):
    async def session(bridge, cursor, at):
        async with harness.events(bridge, filter, last_event_id=cursor, lines=lines, query=_options(stream),
                                  check=False) as events:
            if events.status != 200:
                raise OSError(f"no stream begins: {events.status}")
            while not reached(cursor, end):
                try:
                    message = await events.next(SILENCE)
                except TimeoutError:
                    continue
                if message is None:
                    return
                cursor = take_http(stream, message) or cursor
                at(cursor)

    await follow(session, bridges, stream, end)


def take_http(stream, message):
    """Adds what a message says; the cursor that it moves to, or None."""
    kind, data = message.event, message.data
    if kind == "event":
        stream.steps.append(Event(data["event"]["id"], data["message_id"]))
    elif kind == "left":
        stream.steps.append(Left(data["incident_id"], data["message_id"]))
    elif kind == "gap":
        stream.steps.append(Gap(data["from"], data["to"]))
    elif message.id:
        stream.steps.append(Bookmark(message.id))
    elif kind in ("problem", "error") and data["code"] == FAILED:
        raise OSError(data["message"])
    else:
        assert kind in ("", "status", "closing"), message
    return message.id or None


async def follow_graphql(bridges, stream, end, filter=None):
    async def session(bridge, cursor, at):
        async with harness.graphql(bridge) as socket:
            await socket.subscribe("1", GRAPHQL, cursor, filter=harness.filter_input(filter or {}))
            while not reached(cursor, end):
                try:
                    message = await socket.recv(SILENCE)
                except TimeoutError:
                    continue
                cursor = take_graphql(stream, message) or cursor
                at(cursor)

    await follow(session, bridges, stream, end)


def take_graphql(stream, message):
    payload = message.get("payload") or {}
    if message["type"] == "next":
        cursor, gap = harness.place_of(message), payload["extensions"].get("gap")
        stream.steps.append(Gap(gap["from"], gap["to"]) if gap else
                            Event(payload["data"]["events"]["id"], payload["data"]["events"]["cursor"]))
        return cursor
    if message["type"] == "ping" and "cursor" in payload:
        stream.steps.append(Bookmark(payload["cursor"]))
        return payload["cursor"]
    refused = json.dumps(payload)
    if message["type"] == "error" and ("SERVICE_UNAVAILABLE" in refused or FAILED in refused):
        raise OSError(refused)
    assert message["type"] == "ping", message
    return None
