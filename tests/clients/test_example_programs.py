"""Each program of examples/ that follows events, as its README runs it: over restarts of hub and bridge it prints every
event that matches, once and in order; it begins where it is told; it ends well on SIGTERM and SIGINT."""

import contextlib
import json
import signal

import pytest

import harness
from example_programs import PROGRAMS, Titles, ended
from refusing_servers import refusing


@contextlib.contextmanager
def running(example):
    """A hub, a bridge where the example speaks to one, and the incidents to publish."""
    with contextlib.ExitStack() as stack:
        hub = stack.enter_context(harness.start_hub())
        bridge = None if example.transport == "grpc" else stack.enter_context(harness.start_bridge(hub))
        titles = stack.enter_context(contextlib.closing(Titles(hub)))
        yield hub, bridge, titles


def logged(process):
    """Standard error: a JSON object a line, each with a time (which Rust's tracing calls timestamp), level and message."""
    lines = [json.loads(line) for line in process.errors.decode().splitlines()]
    for line in lines:
        assert {"level", "message"} <= line.keys() and {"time", "timestamp"} & line.keys(), line
    return lines


@pytest.mark.parametrize("example", PROGRAMS, ids=lambda example: example.name)
def test_misses_nothing_and_repeats_nothing_over_restarts(example):
    with running(example) as (hub, bridge, titles):
        with example.start(hub, bridge, AUTH_TOKEN="not.looked.at") as process:
            titles.begin(process)
            titles.arrived(process)
            programs = [program for program in (bridge, hub) if program]
            for interrupt in (harness.Program.kill, harness.Program.stop):
                for program in programs:
                    interrupt(program)
                hub.start()
                titles.publish()  # while the bridge is away
                for program in programs[:-1]:
                    program.start()
                titles.publish()
                titles.arrived(process)
            assert ended(process, signal.SIGTERM) == 0
            titles.arrived(process)
            assert "stopped" in {line["message"] for line in logged(process)}

        cursor, _ = titles.expected[-6]
        del titles.expected[:-5]
        with example.start(hub, bridge, RESUME_FROM=cursor) as process:
            titles.arrived(process)
            for program in programs:
                program.kill()
            harness.wait_for(lambda: b"reconnecting" in process.errors, what="the program to wait before it comes back")
            assert ended(process, signal.SIGINT) == 0, "it ends while it waits"
            assert "stopped" in {line["message"] for line in logged(process)}


@pytest.mark.parametrize("example", PROGRAMS, ids=lambda example: example.name)
def test_sends_its_token_and_ends_where_it_is_refused(example):
    with refusing(example.transport) as server, example.start(server, server, AUTH_TOKEN="s3cret", LOG_LEVEL="error") as process:
        assert process.wait_for_end(20) == 1, process.errors
        assert server.seen == ["Bearer s3cret"], "once: a refused token is refused again"
        assert {line["level"].lower() for line in logged(process)} == {"error"} and b"s3cret" not in process.errors
