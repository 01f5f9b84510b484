"""The link between hub and bridge: slow, and with a clock that is set back."""

import contextlib
import json
import socket
import threading
import time

import harness
import harness_clock
import harness_link

EVENT = 1_000_000  # bytes: nearly the largest that a publisher may send
RATE = 150_000


def test_bytes_that_move_are_no_silence():
    """Symptom: over a link of 150 kB/s an event of 1 MB never came, nor anything after it; the bridge reconnected for ever.
    Cause: five seconds without a whole response counted as a dead hub. Why older tests missed it: loopback is fast."""
    async def session(client, bridge):
        async with harness.connect(bridge) as ws:
            await ws.subscribe()
            started = time.monotonic()
            sent = [client.publish(harness.system_event("x" * EVENT)), client.publish(harness.system_event("after it"))]
            got = await ws.events(2, timeout=60)
            assert [m["message_id"] for m in got] == [r.cursor for r in sent]
            assert time.monotonic() - started > 5, "the link is not slow"
            assert not [m for m in ws.inbox if m["type"] == "status"]

    with harness.start_hub() as hub, harness_link.slow_link(hub.address(0), RATE) as address, \
            harness.start_bridge(address) as bridge, hub.client() as client:
        harness.run(session(client, bridge))
        assert bridge.metric("bridge_hub_reconnects_total") == 0


def _refuse_connections(listener, tries):
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            connection.close()
            tries.append(time.monotonic())


def test_a_clock_that_is_set_back_does_not_keep_a_bridge_from_its_hub(tmp_path):
    """Symptom: a bridge that waited for its hub while the clock was set back by 45 s came to it 45 s late.
    Cause: gRPC waits between two tries to connect until a time of the wall clock. Why older tests missed it: none sets a
    clock back."""
    clock = harness_clock.Steppable(tmp_path)
    with harness.start_hub() as hub, socket.create_server(("127.0.0.1", 0)) as listener:
        hub.stop()
        address, tries = f"127.0.0.1:{listener.getsockname()[1]}", []
        threading.Thread(target=_refuse_connections, args=(listener, tries), daemon=True).start()
        with harness.start_bridge(address, wait=False, environment=clock.environment) as bridge:
            # The waits between two tries have grown to their full length, and one has just begun.
            harness.wait_for(lambda: len(tries) > 5, 30, "some tries")
            clock.step(-45)
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            hub.start(["--listen", address])
            started = time.monotonic()
            harness.wait_for(bridge.ready, 15, "the bridge to find its hub")
            assert json.loads(bridge.http("/health", 0)[1])["uptime_seconds"] >= 0
            print(f"connected {time.monotonic() - started:.1f} s after the hub had started")
