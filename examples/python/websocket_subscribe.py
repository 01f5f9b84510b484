"""Follows events over WebSocket with Python's websockets, and misses none over a restart of bridge or hub:

    python websocket_subscribe.py ws://localhost:8080/ws '{"severities": ["P0", "P1"]}' [resume_from] [count]

Prints each event message as one line of JSON; ends after count events when that is given.
"""

import asyncio
import json
import sys

import websockets


async def follow(url, filters, last, count):
    async for connection in websockets.connect(url):  # connects again, with a growing pause
        try:
            await connection.send(json.dumps({
                "type": "subscribe", "subscription_id": "example", "filters": filters,
                **({"resume_from": last} if last else {})}))
            async for text in connection:
                message = json.loads(text)
                if message["type"] == "event":
                    last = message["message_id"]
                    print(json.dumps(message), flush=True)
                    count -= 1
                    if count == 0:
                        return
                elif message["type"] == "error":
                    sys.exit(f"{message['code']}: {message['message']}")
                elif message["type"] == "gap":
                    print(f"events are missing after {message['from']} ({message['reason']})",
                          file=sys.stderr)
        except websockets.ConnectionClosed:
            continue


def main(url="ws://localhost:8080/ws", filters="{}", last="", count="0"):
    asyncio.run(follow(url, json.loads(filters), last, int(count)))


if __name__ == "__main__":
    main(*sys.argv[1:])
