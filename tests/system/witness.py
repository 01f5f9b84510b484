"""A witness: clients of both kinds that must go on receiving whatever another client does."""

import contextlib

import harness
import raw


class Witness:
    def __init__(self, hub, bridge, client, stream, frames):
        self.programs = [hub, bridge]
        self.pids = [program.pid for program in self.programs]
        self._client, self._stream, self._frames = client, stream, frames

    def check(self):
        """Both programs are the ones that were started, and an event still reaches both clients."""
        for program, pid in zip(self.programs, self.pids):
            assert program.running() and program.pid == pid, f"{program.name} died:\n{program.log()[-3000:]}"
        result = self._client.publish(harness.incident_created(source="witness"))
        (event,) = self._stream.take(1)
        assert event.cursor == result.cursor
        message = self._frames.expect("event")
        assert message["message_id"] == result.cursor


@contextlib.contextmanager
def witness(hub, bridge):
    only = {"sources": ["witness"]}
    with hub.client() as client, client.subscribe(only) as stream, raw.websocket(bridge) as frames:
        frames.send_json({"type": "subscribe", "subscription_id": "w", "filters": only})
        frames.expect("subscribed")
        yield Witness(hub, bridge, client, stream, frames)
