"""Publishes one incident over gRPC (grpcio):

    python grpc_publish.py "API gateway down" P0 llm-sentinel
"""

import json
import os
import sys
import uuid

import grpc
from stubs import event_pb2, hub_pb2, hub_pb2_grpc, incident_pb2

HUB = os.environ.get("TOCSIN_HUB", "localhost:50051")
TOKEN = os.environ.get("AUTH_TOKEN")
# A call that breaks is tried again, with pauses that grow. The event's id makes that safe: the hub appends it once.
RETRY = json.dumps({"methodConfig": [{"name": [{"service": "tocsin.v1.EventHub", "method": "Publish"}], "retryPolicy": {
    "maxAttempts": 5, "initialBackoff": "0.25s", "maxBackoff": "5s", "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"]}}]})


def main(title="API gateway down", severity="P0", source="llm-sentinel"):
    event = event_pb2.Event(
        id=str(uuid.uuid4()), type=event_pb2.EVENT_TYPE_INCIDENT_CREATED,
        incident=incident_pb2.Incident(
            severity=incident_pb2.Severity.Value(f"SEVERITY_{severity}"),
            incident_type=incident_pb2.INCIDENT_TYPE_AVAILABILITY,
            source=source, title=title, labels={"env": "production"}))
    with grpc.insecure_channel(HUB, options=[("grpc.service_config", RETRY)]) as channel:
        try:
            answer = hub_pb2_grpc.EventHubStub(channel).Publish(
                hub_pb2.PublishRequest(events=[event]), timeout=30,
                metadata=[("authorization", f"Bearer {TOKEN}")] if TOKEN else [])
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name}: {error.details()}")
    print(answer.results[0].cursor)


if __name__ == "__main__":
    main(*sys.argv[1:])
