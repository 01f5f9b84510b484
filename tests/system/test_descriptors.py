"""File descriptors run out and come back: clients get in again, and what is not a client's keeps its own."""

import contextlib
import resource
import socket
import time

import harness
import raw

FEW = 64


def _allow(program, descriptors):
    resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (descriptors, descriptors))


@contextlib.contextmanager
def _crowd(program, size, opening=b""):
    """Connections that say no more than that; yields those that the program has not closed."""
    host, port = program.address(0).rsplit(":", 1)
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(socket.create_connection((host, int(port)), timeout=5)) for _ in range(size)]
        for each in crowd:
            with contextlib.suppress(OSError):
                each.sendall(opening)
        time.sleep(0.5)  # for a program that leaves some in its backlog nothing else tells when it is done
        yield [each for each in crowd if _is_open(each)]


def _is_open(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_clients_get_in_again_when_descriptors_are_free():
    """Symptom: once all descriptors of a hub were taken, no new client ever got in again, though all were free and health
    said 200. Cause: gRPC 1.51 ends its listener when accept fails (CVE-2023-4785). The older tests had descriptors enough."""
    with harness.start_hub() as hub, hub.client() as early:
        early.publish(harness.system_event("before"))
        _allow(hub, FEW)
        with _crowd(hub, 2 * FEW) as left:
            assert len(left) < FEW
            # Who is in goes on, and the store and the operations port have their own.
            early.publish(harness.system_event("meanwhile"))
            assert hub.http("/health/ready")[0] == 200
            assert hub.metric("tocsin_connections_refused_total") > 0
        with hub.client() as late:
            # The hub may not have seen yet that the crowd has gone: the client comes again, as clients do.
            late.stub.Publish(harness.hub_pb2.PublishRequest(events=[harness.system_event("after")]), timeout=10, wait_for_ready=True)


def test_a_full_bridge_finds_its_hub_again():
    """Symptom: a bridge whose clients had all of its descriptors never found a restarted hub. Cause: nothing was kept for
    the link to the hub. The older tests had descriptors enough."""
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge, raw.connect(bridge) as asking:
        _allow(bridge, FEW)

        def ready():
            asking.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return raw.read_answer(asking).status == 200

        assert ready()
        with _crowd(bridge, 2 * FEW, raw.handshake()):
            hub.stop()
            harness.wait_for(lambda: not ready(), 10, "the bridge to lose its hub")
            hub.start()
            harness.wait_for(ready, 15, "the bridge to find its hub")
        with raw.websocket(bridge) as frames:
            assert frames.welcome["type"] == "welcome"


def test_a_silent_connection_to_the_hub_is_closed():
    """Symptom: 10,000 connections without a byte were kept for ever. Cause: no limit on the time until HTTP/2 begins but
    gRPC's two minutes, none on idle ones. The older tests' peers always spoke."""
    with harness.start_hub() as hub, raw.connect(hub, timeout=20) as silent:
        started = time.monotonic()
        raw.read_all(silent)  # gRPC's own settings, then the end
        assert 5 < time.monotonic() - started < 15
