"""A shard of the hub, or a worker of the bridge, that does nothing any more: health says so, and names it."""

import contextlib
import json
import time

import grpc

import harness
import raw
from stuck_thread import stuck, threads

SERVING, NOT_SERVING = b"\x08\x01", b"\x08\x02"


def _health(program):
    """(status, body) of the operations port; of a bridge, from a worker that answers."""
    request = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    for _ in range(4):
        with contextlib.suppress(TimeoutError):
            answer = raw.exchange(program.address(-1), request, timeout=2)
            return answer.status, json.loads(answer.body)
    raise AssertionError("no worker answers")


def _checks(hub):
    """What grpc.health.v1.Health says over the connections that have an answer."""
    answers = set()
    for i in range(4):  # each on a shard of its own choice
        with grpc.insecure_channel(hub.address(0), options=[("test.connection", i)]) as channel, \
                contextlib.suppress(grpc.RpcError):
            answers.add(channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=1))
    return answers


def test_health_tells_a_stuck_shard_and_that_it_is_well_again():
    """Symptom: one peer kept a hub's only shard busy for 30 s, nine of ten publishes timed out, and health said 200. Cause:
    health asked the log alone. Why older tests missed it: none kept a shard from its turns."""
    with harness.start_hub(store="memory") as hub:
        harness.wait_for(lambda: _checks(hub) == {SERVING}, 10, "the hub to serve")
        assert _health(hub)[0] == 200
        with stuck(threads(hub, "shard")[0]):
            harness.wait_for(lambda: _health(hub)[0] == 503, 15, "health to tell")
            body = _health(hub)[1]
            assert body["status"] == "stuck" and "shard 0 has taken no turn for" in body["reason"]
            assert _checks(hub) <= {NOT_SERVING}  # the stuck shard's own connections have no answer
        harness.wait_for(lambda: _health(hub)[0] == 200, 15, "health to be well again")


def test_a_bridge_tells_a_stuck_worker():
    with harness.start_hub(store="memory") as hub, harness.start_bridge(hub, "--threads=2") as bridge:
        assert _health(bridge)[0] == 200
        with stuck(threads(bridge, "worker")[1]):
            harness.wait_for(lambda: _health(bridge)[0] == 503, 60, "health to tell")
            assert "has taken no turn for" in _health(bridge)[1]["reason"]
        harness.wait_for(lambda: _health(bridge)[0] == 200, 15, "health to be well again")


def test_a_suspended_program_is_not_taken_for_a_stuck_one():
    with harness.start_hub(store="memory") as hub, harness.start_bridge(hub) as bridge:
        for program in (hub, bridge):
            program.pause()
        time.sleep(7)  # more than a thread may be without a turn
        for program in (hub, bridge):
            program.resume()
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert _health(hub)[0] == 200
            assert _health(bridge)[1]["status"] != "stuck"
