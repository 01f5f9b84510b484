"""Records what clients do and see, as a history for guarantees.py: publishers that try again until they are answered,
chains of resumes over gRPC and /ws, and full reads of the log."""

import asyncio
import collections
import random
import threading
import time
import uuid

import grpc
import websockets

import corpus
import guarantees
import harness
from guarantees import Bookmark, Event, Gap, History, Left, Publish, Resume, Stream


# How a stream ends that may begin again. CANCELLED is what gRPC makes of a call that comes while the hub ends.
CUT = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


def facts_of(event):
    """What a filter may ask about an event as gRPC gives it (corpus.matches)."""
    said = corpus.to_json(event)
    subject = said.get("incident") or said.get("alert_received", {}).get("alert", {})
    facts = {key: subject[key] for key in ("severity", "state", "source", "labels") if key in subject}
    resources = subject.get("affected_resources") or subject.get("affected_services")
    facts.update({"affected_resources": resources} if resources else {}, event_type=said["type"],
                 urgent=said["priority"] in ("High", "Critical"))
    facts.update({"incident_id": said["incident"]["id"]} if "incident" in said else {})
    return facts


def read_log(hub, filter=None):
    """Everything that the hub's log holds."""
    with hub.client() as client, client.subscribe(filter, start="earliest") as stream:
        return [Event(event.id, event.cursor, facts_of(event)) for event in stream.to_end_of_log()]


def _now_us():
    return time.monotonic_ns() // 1000


class Publisher:
    """Publishes from several threads, and after an error again with the same ids until it is acknowledged.

    Between hold() and go_on() no call is under way: what the log then holds is what was appended before.
    """

    def __init__(self, address, threads=2, batch=5, pause=0.002, make=None, seed=0):
        self.address, self.batch, self.pause, self.seed = address, batch, pause, seed
        self.make = make or (lambda rng, event_id: harness.system_event("load", event_id=event_id))
        self.calls = []  # guarantees.Publish
        self.acknowledged = 0
        self.errors = collections.Counter()
        self.stopping = threading.Event()
        self.gave_up = threading.Event()
        self._free = threading.Condition()
        self._held, self._under_way = False, 0
        self.threads = [threading.Thread(target=self._run, args=(i,), daemon=True) for i in range(threads)]

    def _run(self, number):
        rng = random.Random(f"{self.seed} {number}")
        client = harness.Client(self.address)
        try:
            while not self.stopping.is_set():
                ids = [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(self.batch)]
                call = Publish(ids)
                self.calls.append(call)
                request = harness.hub_pb2.PublishRequest(events=[self.make(rng, i) for i in ids])
                while not self._answered(client, request, call):
                    if self.stopping.wait(0.02) and self.gave_up.is_set():
                        return
                self.stopping.wait(self.pause)
        finally:
            client.close()

    def _answered(self, client, request, call):
        with self._free:
            self._free.wait_for(lambda: not self._held)
            self._under_way += 1
        call.invoked_us = call.invoked_us or _now_us()
        try:
            answer = client.stub.Publish(request, timeout=5)
        except grpc.RpcError as error:
            self.errors[error.code().name] += 1
            return False
        finally:
            with self._free:
                self._under_way -= 1
                self._free.notify_all()
        call.answered_us = _now_us()
        call.answer = [(result.cursor, result.duplicate) for result in answer.results]
        self.acknowledged += len(call.ids)
        return True

    def hold(self):
        with self._free:
            self._held = True
            assert self._free.wait_for(lambda: self._under_way == 0, 30)

    def go_on(self):
        with self._free:
            self._held = False
            self._free.notify_all()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def wait_for_more(self, count):
        wanted = self.acknowledged + count
        harness.wait_for(lambda: self.acknowledged >= wanted, what="events to be acknowledged")

    def stop(self):
        """No more new events; waits until what is under way is acknowledged."""
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self.threads)

    def last_one(self, hub, make=harness.system_event):
        """Publishes one more, which tells followers that nothing comes after it; its cursor."""
        event = make("the last one")
        event.id = str(uuid.uuid4())
        with hub.client() as client:
            result = client.publish(event)
        self.calls.append(Publish([event.id], [(result.cursor, result.duplicate)]))
        return result.cursor

    def __exit__(self, *_):
        self.gave_up.set()
        self.go_on()
        self.stop()

    def history(self, streams, reads):
        """What was published, with the last read's end of the log."""
        return History(self.calls, streams, reads)


def take(stream, response):
    """Adds what a SubscribeResponse says to a stream."""
    gap = Gap(getattr(response.gap, "from"), response.gap.to) if response.HasField("gap") else None
    events = [Event(event.id, event.cursor) for event in response.events]
    # A gap comes before the events that lie after it, and after the others.
    place = guarantees.place(gap.end)[0] if gap else 0
    stream.steps += [e for e in events if guarantees.place(e.cursor)[0] <= place]
    stream.steps += [gap] if gap else []
    stream.steps += [e for e in events if guarantees.place(e.cursor)[0] > place]
    stream.steps += [Left(left.incident_id, left.cursor) for left in response.leaves]
    events = events or list(response.leaves)
    if response.cursor and not (events and events[-1].cursor == response.cursor):
        stream.steps.append(Bookmark(response.cursor))


def follow_grpc(address, stream, end, filter=None, on_gap=None):
    """Follows from the stream's start over every cut, until end() is a cursor that has been reached. Blocks."""
    cursor, client = stream.start, harness.Client(address)
    try:
        while True:
            request = harness.hub_pb2.SubscribeRequest(filter=harness.make_filter(filter), leaves=stream.leaves,
                                                       latest_only=stream.latest_only, priority=stream.priority,
                                                       on_gap=on_gap)
            setattr(request, "from", cursor)
            try:
                for response in client.stub.Subscribe(request, wait_for_ready=True):
                    take(stream, response)
                    cursor = response.cursor or cursor
                    if end() and guarantees.place(cursor)[0] >= guarantees.place(end())[0]:
                        return
            except grpc.RpcError as error:
                assert error.code() in CUT, error
            stream.steps.append(Resume(cursor))
    finally:
        client.close()


async def follow_ws(bridges, stream, end, filter=None):
    """The same over /ws, from each bridge in turn, resumed by the last message_id or bookmark seen."""
    cursor, connections = stream.start, 0
    while True:
        try:
            async with harness.connect(bridges[connections % len(bridges)]) as ws:
                connections += 1
                assert (await ws.subscribe("s", filter, cursor, leaves=stream.leaves, priority=stream.priority,
                                           latest_only=stream.latest_only))["recovered"]
                while not (end() and guarantees.place(cursor)[0] >= guarantees.place(end())[0]):
                    cursor = await _take_ws(ws, stream, cursor)
                return connections
        except (OSError, websockets.exceptions.WebSocketException):
            await asyncio.sleep(0.02)  # the time between two tries
        stream.steps.append(Resume(cursor))


async def _take_ws(ws, stream, cursor):
    """One message, or a ping after a quiet second, whose pong is a bookmark."""
    try:
        message = await ws.recv(1)
    except TimeoutError:
        await ws.send({"type": "ping"})
        return cursor
    if message["type"] == "event":
        stream.steps.append(Event(message["event"]["id"], message["message_id"]))
        return message["message_id"]
    if message["type"] == "left":
        stream.steps.append(Left(message["incident_id"], message["message_id"]))
        return message["message_id"]
    if message["type"] == "gap":
        stream.steps.append(Gap(message["from"], message["to"]))
        return message["to"]
    if message["type"] == "pong":
        stream.steps.append(Bookmark(message["cursor"]))
        return message["cursor"]
    if message["type"] == "error" and message["code"] == "INTERNAL_SERVER_ERROR":
        raise OSError(message["message"])  # the session may be resumed
    assert message["type"] in ("status", "closing"), message
    return cursor


class InBackground:
    """Runs a follower on a thread and gives what it raised."""

    def __init__(self, run, *arguments, **more):
        self.failed = None
        self.thread = threading.Thread(target=self._run, args=(run, arguments, more), daemon=True)
        self.thread.start()

    def _run(self, run, arguments, more):
        try:
            run(*arguments, **more)
        except BaseException as error:  # noqa: BLE001: raised again by join
            self.failed = error

    def join(self, timeout=60):
        self.thread.join(timeout)
        if self.failed:
            raise self.failed
        assert not self.thread.is_alive(), "it has not come to the end"


def stream(name, start, filter=None, leaves=False, latest_only=False, priority=False):
    return Stream(name, start, [], filter, leaves, latest_only, priority)
