"""Publishes one incident over gRPC with Python's grpcio:

    python grpc_publish.py localhost:50051 P0 "API gateway down" [source]
"""

import sys

import grpc
from stubs import event_pb2, hub_pb2, hub_pb2_grpc, incident_pb2


def main(address="localhost:50051", severity="P0", title="API gateway down", source="llm-sentinel"):
    event = event_pb2.Event(
        type=event_pb2.EVENT_TYPE_INCIDENT_CREATED,
        incident=incident_pb2.Incident(
            severity=incident_pb2.Severity.Value(f"SEVERITY_{severity}"),
            incident_type=incident_pb2.INCIDENT_TYPE_AVAILABILITY,
            source=source, title=title, labels={"env": "production"}))
    with grpc.insecure_channel(address) as channel:
        try:
            answer = hub_pb2_grpc.EventHubStub(channel).Publish(hub_pb2.PublishRequest(events=[event]))
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name}: {error.details()}")
    print(answer.results[0].cursor)


if __name__ == "__main__":
    main(*sys.argv[1:])
