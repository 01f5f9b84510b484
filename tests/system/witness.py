"""A witness: clients of both kinds that must go on receiving whatever another client does, and in the end have a
history that breaks no guarantee."""

import contextlib
import json

import guarantees
import harness
import harness_history
import raw
from guarantees import Event, History, Publish

ONLY = {"sources": ["witness"]}


class Witness:
    def __init__(self, hub, bridge, client, stream, frames):
        self.programs = [hub, bridge]
        self.pids = [program.pid for program in self.programs]
        self._client, self._stream, self._frames = client, stream, frames
        start = hub.status().latest
        self._seen = [harness_history.stream("the witness over " + way, start, ONLY) for way in ("gRPC", "/ws")]
        self._published = []

    def check(self):
        """Both programs are the ones that were started, and an event still reaches both clients."""
        for program, pid in zip(self.programs, self.pids):
            assert program.running() and program.pid == pid, f"{program.name} died:\n{program.log()[-3000:]}"
        result = self._client.publish(harness.incident_created(source="witness"))
        self._published.append(Publish([result.id], [(result.cursor, result.duplicate)]))
        (event,) = self._stream.take(1)
        assert event.cursor == result.cursor
        message = self._frames.expect("event")
        assert message["message_id"] == result.cursor
        for seen, id, cursor in zip(self._seen, (event.id, message["event"]["id"]),
                                    (event.cursor, message["message_id"])):
            seen.steps.append(Event(id, cursor))

    def history(self):
        return History(self._published, self._seen, [harness_history.read_log(self.programs[0], ONLY)])


def state(hub, bridge):
    """What a request that is refused must leave as it is: where the log ends, and the incidents."""
    listed = json.loads(bridge.http("/v1/incidents?page_size=1000", 0)[1])
    return hub.status().last_sequence, listed["total"], [(i["id"], i["updated_at"]) for i in listed["incidents"]]


@contextlib.contextmanager
def witness(hub, bridge):
    with hub.client() as client, client.subscribe(ONLY) as stream, raw.websocket(bridge) as frames:
        frames.send_json({"type": "subscribe", "subscription_id": "w", "filters": ONLY})
        frames.expect("subscribed")
        made = Witness(hub, bridge, client, stream, frames)
        yield made
        guarantees.check(made.history())
