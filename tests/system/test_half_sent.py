"""Calls whose request does not come whole: what they may hold, and that they hold up nobody else."""

import contextlib
import time

import harness
import http2

WHOLE = 4_600_000  # what the message's head promises: under what a Publish may have
METHODS = ("/tocsin.v1.EventHub/Publish", "/tocsin.v1.EventHub/Subscribe", "/tocsin.v1.EventHub/SubmitAlerts",
           "/grpc.health.v1.Health/Watch")
MIB = 1 << 20


def _text(end):
    return end[b"grpc-message"].decode()


def _half(connection, path, sent=1000):
    stream = connection.call(path)
    connection.send(stream, http2.message(WHOLE, sent), within=1)
    return stream


def test_half_sent_calls_are_bounded_in_number_and_bytes_and_hold_up_nobody():
    """Symptom: 300 publishes of which 4.5 MB each came and the rest never did took 1.4 GB for ever. Cause: gRPC keeps a
    call with one request to itself until that is whole. Why older tests missed it: their calls were whole."""
    with harness.start_hub(store="memory") as hub, hub.client() as other, contextlib.ExitStack() as stack:
        other.publish(harness.system_event("before"))
        before = hub.memory()
        crowd = [stack.enter_context(http2.connect(hub)) for _ in range(3)]
        slowest = 0
        for i in range(150):
            _half(crowd[i % 3], METHODS[0], WHOLE - 1)
            if i % 10 == 9:
                started = time.monotonic()
                other.publish(harness.system_event(f"meanwhile {i}"), timeout=10)
                slowest = max(slowest, time.monotonic() - started)
        # Two shards at most, 32 messages each, and the windows of those that wait.
        # gRPC gives back what ended calls held when it comes to it: 64 and the windows are 400 MiB, seen were up to 540,
        # and 1,450 without the bound.
        assert hub.memory() - before < 800 * MIB
        assert slowest < 5
        # One that waits takes the place of one that has been there for a second.
        def gone():
            for each in crowd:
                each.read(0.1)
            return sum(len(each.ended) for each in crowd)

        harness.wait_for(lambda: gone() >= 150 - 2 * 32, 30, "half-sent calls to give way")
        ended = [connection.status(stream) for connection in crowd for stream in connection.ended]
        assert {end[b"grpc-status"] for end in ended} == {b"14"}
        assert all("32 are at a time" in _text(end) for end in ended)
        for connection in crowd:  # with the connection goes what its calls hold
            connection.sock.close()
        harness.wait_for(lambda: hub.memory() - before < 100 * MIB, 20, "the memory to come back")


def test_each_method_is_read_by_the_same_rule():
    with harness.start_hub("--shards=1", store="memory") as hub, hub.client() as other, http2.connect(hub) as bad:
        streams = [_half(bad, METHODS[i % len(METHODS)]) for i in range(80)]
        assert bad.wait(lambda: {streams.index(stream) % len(METHODS) for stream in bad.ended} == {0, 1, 2, 3}, 30)
        assert all(bad.status(stream)[b"grpc-status"] == b"14" for stream in bad.ended)
        other.publish(harness.system_event("meanwhile"), timeout=10)
        with other.subscribe(start="earliest") as stream:
            assert len(stream.take(1)) == 1
        assert hub.stop() == 0


def test_a_call_has_one_request():
    """As gRPC has it: without a request it is INTERNAL; what follows the first one is not read."""
    with harness.start_hub(store="memory") as hub, http2.connect(hub) as client:
        for path in METHODS:
            stream = client.call(path)
            client.end(stream)
            assert client.status(stream)[b"grpc-status"] == b"13", path
        stream = client.call()
        client.send(stream, 2 * http2.publish_body(harness.system_event("once")), end=True)
        end = client.status(stream)
        assert end.get(b"grpc-status") == b"0", end
        assert hub.status().last_sequence == 1
        stream = client.call()  # in pieces, and its sending side never ended
        for part in [http2.publish_body(harness.system_event("slow"))[i:i + 1] for i in range(200)]:
            client.send(stream, part)
        assert client.status(stream).get(b"grpc-status") == b"0"
        assert hub.status().last_sequence == 2
