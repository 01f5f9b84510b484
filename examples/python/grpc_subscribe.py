"""Follows events over gRPC (grpcio), and misses none over a restart of the hub."""

import json
import os
import threading

import grpc
from google.protobuf import json_format
from service import RESUME_FROM, SEVERITIES, TOKEN, backoff, fail, log, on_signal
from stubs import event_pb2, hub_pb2, hub_pb2_grpc, incident_pb2

HUB = os.environ.get("TOCSIN_HUB", "localhost:50051")
# Codes that the next attempt may well not meet. Any other would come again.
PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INTERNAL)
# A connection that leaves a ping without answer is dead, though nobody closed it. The pause before a reconnect is ours.
CHANNEL = [("grpc.keepalive_time_ms", 30_000), ("grpc.initial_reconnect_backoff_ms", 100),
           ("grpc.min_reconnect_backoff_ms", 1_000), ("grpc.max_reconnect_backoff_ms", 1_000)]
FILTER = event_pb2.Filter(severities=[incident_pb2.Severity.Value(f"SEVERITY_{name}") for name in SEVERITIES])


def handle(event):
    """Your own work with an event."""
    print(json.dumps(json_format.MessageToDict(event, preserving_proto_field_name=True)), flush=True)


class Follower:
    def __init__(self, stub):
        self.stub = stub
        self.cursor = RESUME_FROM or "latest"  # where to go on after a break
        self.attempt = 0
        self.slot = 0  # what the hub asked this client to wait, in seconds
        self.call = None
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            try:
                self.follow()
            except grpc.RpcError as error:
                if error.code() in PASSING:
                    log("warning", "connection failed", code=error.code().name, error=error.details())
                elif not self.stopping.is_set():
                    fail(error.details(), code=error.code().name)
            if not self.stopping.is_set():
                self.stopping.wait(self.slot + backoff(self.attempt))
            self.attempt += 1
            self.slot = 0
        log("info", "stopped", cursor=self.cursor)

    def follow(self):
        """One stream, from its beginning to its end."""
        request = hub_pb2.SubscribeRequest(filter=FILTER, on_gap=hub_pb2.ON_GAP_NOTIFY, **{"from": self.cursor})
        self.call = self.stub.Subscribe(
            request, metadata=[("authorization", f"Bearer {TOKEN}")] if TOKEN else [])
        for response in self.call:
            self.take(response)

    def take(self, response):
        if response.HasField("gap"):
            log("warning", "events are missing", **json_format.MessageToDict(response.gap))
        if response.HasField("closing"):
            self.slot = response.closing.reconnect_after.ToTimedelta().total_seconds()
            log("info", "the hub closes", reason=response.closing.reason)
        for event in response.events:
            handle(event)
            # Only now: should handling fail, the event comes again after a restart instead of being lost.
            self.cursor = event.cursor
        if response.cursor:  # the first response has one, and so has a heartbeat
            self.attempt = 0
            self.cursor = response.cursor

    def stop(self):
        self.stopping.set()
        if self.call:
            self.call.cancel()


with grpc.insecure_channel(HUB, options=CHANNEL) as channel:
    follower = Follower(hub_pb2_grpc.EventHubStub(channel))
    on_signal(follower.stop)
    follower.run()
