"""A broken bridge: a proxy before a real one that does one thing wrong on /ws, now and then."""

import asyncio
import contextlib
import http
import json
import threading

import websockets.asyncio.client as ws_client
import websockets.asyncio.server as ws_server
import websockets.exceptions

EVERY = 25  # messages of its kind, of which one is tampered with
KIND = {"left": "left"}  # what a fault tampers with; else events


class Faulty:
    """`fault`: drop, repeat, swap, alter, invent, left or overtake. Counts what it did in `done`."""

    def __init__(self, bridge, fault):
        self.target, self.fault = bridge.url, fault
        self.done = self._seen = 0

    def _tamper(self, message, held):
        """What is sent in place of the message."""
        text = json.dumps(message)
        if held:
            return [text, held.pop()]
        if message["type"] != KIND.get(self.fault, "event"):
            return [text]
        self._seen += 1
        if self._seen % EVERY:
            return [text]
        self.done += 1
        return self._wrong(message, text, held)

    def _wrong(self, message, text, held):
        if self.fault == "drop":
            return []
        if self.fault == "repeat":
            return [text, text]
        if self.fault == "swap":
            held.append(text)
            return []
        if self.fault == "alter":
            message["event"]["incident"]["description"] = "something else"
        elif self.fault == "invent":
            other = json.loads(text)
            other["event"]["id"] = other["event"]["id"][:-4] + "0000"
            return [text, json.dumps(other)]
        elif self.fault == "left":
            message["incident_id"] = message["incident_id"][:-4] + "0000"
        elif self.fault == "overtake":
            return [json.dumps({"type": "pong", "cursor": message["message_id"]}), text]
        return [json.dumps(message)]

    async def _serve(self, client):
        held = []
        with contextlib.suppress(websockets.exceptions.WebSocketException, OSError):
            async with ws_client.connect(self.target, proxy=None, compression=None, max_size=None) as server:
                async def upstream():
                    with contextlib.suppress(websockets.exceptions.WebSocketException):
                        async for message in client:
                            await server.send(message)
                task = asyncio.create_task(upstream())
                task.add_done_callback(lambda _: asyncio.ensure_future(server.close()))
                async for message in server:
                    for text in self._tamper(json.loads(message), held):
                        await client.send(text)
                task.cancel()

    @staticmethod
    def _health(connection, request):
        return connection.respond(http.HTTPStatus.OK, "{}") if request.path != "/ws" else None

    async def _run(self, ready):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with ws_server.serve(self._serve, "127.0.0.1", 0, process_request=self._health,
                                   compression=None, max_size=None) as server:
            self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
            ready.set()
            await self._stop.wait()

    def __enter__(self):
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
