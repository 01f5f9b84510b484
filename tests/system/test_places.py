"""What one peer keeps open locks nobody else out: of places that are all taken, who holds most gives one up."""

import contextlib

import grpc

import harness
import http2

STREAM = "/tocsin.v1.EventHub/PublishStream"
WATCH = "/grpc.health.v1.Health/Watch"


def _publish_by_stream(client, message):
    request = harness.hub_pb2.PublishStreamRequest(
        publish=harness.hub_pb2.PublishRequest(events=[harness.system_event(message)]))
    (answer,) = client.stub.PublishStream(iter([request]), timeout=20)
    return answer.WhichOneof("outcome")


def test_idle_publish_streams_of_one_peer_give_way():
    """Symptom: 1,000 idle publish streams of one connection, and nobody else could publish by stream. Cause: the bound did
    not ask whose they were. Why older tests missed it: all streams were of one client."""
    with harness.start_hub(store="memory") as hub, contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(http2.connect(hub)) for _ in range(2)]
        for connection in crowd:
            for _ in range(600):
                connection.call(STREAM)
            connection.wait(lambda c=connection: len(c.ended) >= 100, 1)
        for i in range(20):
            with hub.client() as other:  # a connection, and its shard, of its own
                assert _publish_by_stream(other, f"event {i}") == "response"
        def gave_way():
            for connection in crowd:
                connection.read(0.1)
            ended = [connection.status(stream) for connection in crowd for stream in connection.ended]
            return [end for end in ended if end[b"grpc-status"] == b"14"]

        left = harness.wait_for(gave_way, 20, "streams that gave way")
        assert b"one of the 500 publish streams" in left[0][b"grpc-message"]
        assert hub.stop() == 0


def test_a_peer_that_opens_streams_without_end_turns_its_own_round():
    with harness.start_hub("--shards=1", store="memory") as hub, http2.connect(hub) as bad, hub.client() as other:
        assert _publish_by_stream(other, "first") == "response"
        streams = [bad.call(STREAM) for _ in range(500)]
        assert not bad.wait(lambda: bad.ended, 1.5)
        last = bad.call(STREAM)
        assert bad.status(streams[0], 5)[b"grpc-status"] == b"14"
        assert last not in bad.ended
        assert len(bad.ended) == 1


def test_health_watches_give_way():
    with harness.start_hub("--shards=1", store="memory") as hub, http2.connect(hub) as bad:
        empty = b"\0" + bytes(4)
        for _ in range(1000):
            bad.send(bad.call(WATCH), empty)
        bad.read(0.5)
        with grpc.insecure_channel(hub.address(0)) as channel:
            watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=20)
            assert next(iter(watch)) == b"\x08\x01"
            watch.cancel()


def test_reflection_streams_give_way():
    """Symptom: 15 reflection streams that ask nothing, and reflection was refused to others. Cause: gRPC's reflection
    takes a thread for each. Why older tests missed it: they asked and left."""
    path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    list_services = b"\0" + (2).to_bytes(4, "big") + b"\x3a\0"
    with harness.start_hub(store="memory") as hub, http2.connect(hub) as bad:
        for _ in range(300):
            bad.call(path)
        bad.read(0.5)
        for _ in range(4):
            with http2.connect(hub) as other:
                stream = other.call(path)
                other.send(stream, list_services, end=True)
                assert other.status(stream).get(b"grpc-status") == b"0"
                assert b"tocsin.v1.EventHub" in other.data[stream] and b"grpc.health.v1.Health" in other.data[stream]
        assert hub.stop() == 0
