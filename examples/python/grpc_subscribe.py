"""Follows events over gRPC with Python's grpcio, and comes back where it was when the hub restarts:

    python grpc_subscribe.py localhost:50051 '{"severities": ["SEVERITY_P0"]}' [from] [count]

Prints each event as one line of JSON; ends after count events when that is given.
"""

import json
import random
import sys
import time

import grpc
from google.protobuf import json_format
from stubs import event_pb2, hub_pb2, hub_pb2_grpc


def follow(stub, filter, last, count):
    while True:
        request = hub_pb2.SubscribeRequest(filter=filter, **{"from": last})
        try:
            for response in stub.Subscribe(request):
                for event in response.events:
                    print(json.dumps(json_format.MessageToDict(event, preserving_proto_field_name=True)),
                          flush=True)
                    last = event.cursor
                    count -= 1
                    if count == 0:
                        return
                last = response.cursor or last
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                sys.exit(f"{error.code().name}: {error.details()}")
        time.sleep(0.5 + random.random() / 2)


def main(address="localhost:50051", filter="{}", last="latest", count="0"):
    with grpc.insecure_channel(address) as channel:
        follow(hub_pb2_grpc.EventHubStub(channel), json_format.Parse(filter, event_pb2.Filter()),
               last or "latest", int(count))


if __name__ == "__main__":
    main(*sys.argv[1:])
