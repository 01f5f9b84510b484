"""A client of the hub over gRPC, of the kind that users write."""

import collections
import queue
import threading
import time

import grpc

from harness_base import TIMEOUT
from harness_events import make_filter

from tocsin.v1 import hub_pb2, hub_pb2_grpc


class Client:
    """A plain gRPC client of the hub, of the kind that users write."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address, options=[
            ("grpc.max_receive_message_length", 64 << 20), ("grpc.enable_retries", 0),
            ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200),
            ("grpc.use_local_subchannel_pool", 1)])
        self.stub = hub_pb2_grpc.EventHubStub(self.channel)

    def close(self):
        self.channel.close()

    def publish(self, *events, expected=None, timeout=TIMEOUT):
        """Publishes together, and returns the results (one event: its result)."""
        request = hub_pb2.PublishRequest(events=events, expected_incident_sequence=expected)
        answer = self.stub.Publish(request, timeout=timeout, wait_for_ready=True)
        return answer.results[0] if len(events) == 1 else list(answer.results)

    def publish_many(self, events, batch=500):
        """Publishes any number in calls of at most batch events; all the results in order."""
        events, results = list(events), []
        for at in range(0, len(events), batch):
            request = hub_pb2.PublishRequest(events=events[at:at + batch])
            results += self.stub.Publish(request, timeout=TIMEOUT, wait_for_ready=True).results
        return results

    def subscribe(self, filter=None, start="", on_gap=None, **more):
        """A Stream; start is a cursor, earliest, latest or a time. The first response has come."""
        request = hub_pb2.SubscribeRequest(
            filter=make_filter(filter), on_gap=on_gap or hub_pb2.ON_GAP_UNSPECIFIED, **more)
        setattr(request, "from", start)
        return Stream(self.stub.Subscribe(request, wait_for_ready=True))


class Stream:
    """A subscription over gRPC, read by a thread of its own into a queue."""

    def __init__(self, call):
        self.call = call
        self.responses = queue.Queue()
        self.pending = collections.deque()
        self.gaps = []
        self.closing = None
        self.caught_up = False
        self.cursor = ""
        self.error = None
        threading.Thread(target=self._read, daemon=True).start()
        self._next(TIMEOUT)

    def _read(self):
        try:
            for response in self.call:
                self.responses.put(response)
        except grpc.RpcError as error:
            self.responses.put(error)
        self.responses.put(None)

    def _next(self, timeout):
        """Takes one response in; False at the stream's end. A failed stream raises its error."""
        response = self.responses.get(timeout=timeout)
        if isinstance(response, grpc.RpcError):
            self.error = response
            raise response
        if response is None:
            self.responses.put(None)
            return False
        self.pending.extend(response.events)
        self.cursor = response.cursor or self.cursor
        self.caught_up = self.caught_up or response.caught_up
        if response.HasField("gap"):
            self.gaps.append(response.gap)
        if response.HasField("closing"):
            self.closing = response.closing
        return True

    def take(self, count, timeout=TIMEOUT):
        """The next count events; an AssertionError when they do not come."""
        taken = []
        deadline = time.monotonic() + timeout
        while len(taken) < count:
            while self.pending and len(taken) < count:
                taken.append(self.pending.popleft())
            if len(taken) < count:
                try:
                    more = self._next(max(0.001, deadline - time.monotonic()))
                except queue.Empty:
                    more = False
                if not more:
                    raise AssertionError(f"{len(taken)} of {count} events came")
        return taken

    def until(self, condition, timeout=TIMEOUT):
        """Reads until condition(self); returns the events that came and were not taken."""
        deadline = time.monotonic() + timeout
        while not condition(self):
            try:
                if not self._next(max(0.001, deadline - time.monotonic())):
                    raise AssertionError("the stream ended")
            except queue.Empty:
                raise AssertionError("the condition was not met in time") from None
        taken, self.pending = list(self.pending), collections.deque()
        return taken

    def to_end_of_log(self):
        """The events up to the log's present end."""
        return self.until(lambda s: s.caught_up)

    def cancel(self):
        self.call.cancel()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cancel()


def error_details(error):
    """The google.rpc details of a gRPC error: {'ErrorInfo': …, 'BadRequest': …, 'RetryInfo': …}."""
    from google.rpc import error_details_pb2
    from grpc_status import rpc_status
    status = rpc_status.from_call(error)
    found = {}
    for detail in status.details if status else []:
        for kind in ("ErrorInfo", "BadRequest", "RetryInfo"):
            message = getattr(error_details_pb2, kind)()
            if detail.Unpack(message):
                found[kind] = message
    return found
