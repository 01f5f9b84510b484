"""Memory as the metrics tell it: it rises with connections and subscriptions, is about right, and falls back."""

import contextlib
import re
import subprocess
import time

import pytest

import harness

CONNECTIONS = 200
EACH = 3  # subscriptions of a connection
STREAMS = 100

ON_BOTH = {
    "tocsin_subscriptions": "gauge", "tocsin_subscription_memory_bytes": "gauge",
    "tocsin_subscriptions_pending_bytes": "gauge", "tocsin_window_events": "gauge", "tocsin_window_bytes": "gauge",
    "process_resident_memory_bytes": "gauge"}
HEAP = {f"tocsin_heap_{what}_bytes": "gauge" for what in ("allocated", "active", "resident")}
BRIDGE = {"tocsin_connections": "gauge", "tocsin_connection_memory_bytes": "gauge"}
KINDS = {"subscribers", "subscriptions", "index", "batches", "runs"}


def kinds_of_metrics(program):
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", program.http("/metrics")[1], re.MULTILINE))


def has_jemalloc(program):
    libraries = subprocess.run(["ldd", harness.BIN / program.name], capture_output=True, text=True, check=True)
    return "jemalloc" in libraries.stdout


def settled(program, name):
    """The metric, once it has stayed the same for longer than the second after which memory is summed again."""
    last, since = program.metric(name), time.monotonic()
    while time.monotonic() - since < 1.5:
        time.sleep(0.1)
        now = program.metric(name)
        if now != last:
            last, since = now, time.monotonic()
    return last


def filters(n):
    return {"sources": [f"source-{n}"], "severities": ["P0"]}


@contextlib.asynccontextmanager
async def crowd(bridge, connections=CONNECTIONS, first=0):
    async with contextlib.AsyncExitStack() as stack:
        sessions = [await stack.enter_async_context(harness.connect(bridge)) for _ in range(connections)]
        for n, ws in enumerate(sessions):
            for each in range(EACH):
                await ws.subscribe(f"s{each}", filters((first + n) * EACH + each))
        yield sessions


def test_the_names_are_there(hub, bridge):
    for program, names in ((hub, ON_BOTH), (bridge, ON_BOTH | BRIDGE)):
        found = kinds_of_metrics(program)
        expected = names | (HEAP if has_jemalloc(program) else {})
        assert {name: found.get(name) for name in expected} == expected
        text = program.http("/metrics")[1]
        assert set(re.findall(r'^tocsin_subscription_memory_bytes\{kind="(\w+)"\}', text, re.MULTILINE)) == KINDS
        assert program.metric("process_resident_memory_bytes") == pytest.approx(program.memory(), rel=0.2)


def test_the_bridges_memory_follows_its_connections(bridge):
    before = {name: bridge.metric(name) for name in ("tocsin_connection_memory_bytes",
                                                     "tocsin_subscription_memory_bytes")}
    # The scrape itself may be among the connections.
    harness.wait_for(lambda: bridge.metric("tocsin_connections") <= 2)

    def rise(name):
        return bridge.metric(name) - before[name]

    async def session():
        async with crowd(bridge):
            harness.wait_for(lambda: bridge.metric("tocsin_connections") >= CONNECTIONS)
            assert bridge.metric("tocsin_connections") <= CONNECTIONS + 10
            assert bridge.metric("tocsin_subscriptions") == CONNECTIONS * EACH
            each = rise("tocsin_connection_memory_bytes") / CONNECTIONS
            assert 600 < each < 4_000
            settled(bridge, "tocsin_subscription_memory_bytes")
            each = rise("tocsin_subscription_memory_bytes") / (CONNECTIONS * EACH)
            assert 400 < each < 3_000

    harness.run(session())
    harness.wait_for(lambda: bridge.metric("tocsin_subscriptions") == 0)
    harness.wait_for(lambda: bridge.metric("tocsin_connections") <= 2)
    harness.wait_for(lambda: rise("tocsin_connection_memory_bytes") < 5_000)
    # What was grown for a pass stays.
    harness.wait_for(lambda: rise("tocsin_subscription_memory_bytes") < 5_000)


def test_what_is_counted_is_what_the_bridge_allocates(hub):
    """By what a second crowd adds to a first: the allocator's caches, which it counts as allocated, are filled by then. The second is
    much larger, since it also uses up what the first left in them (some 600 KB)."""
    counted = ("tocsin_connection_memory_bytes", "tocsin_subscription_memory_bytes")
    more = 9 * CONNECTIONS

    async def session(bridge):
        def now():
            settled(bridge, "tocsin_subscription_memory_bytes")
            return bridge.metric("tocsin_heap_allocated_bytes"), sum(bridge.metric(name) for name in counted)

        async with crowd(bridge):
            harness.wait_for(lambda: bridge.metric("tocsin_connections") >= CONNECTIONS)
            allocated, count = now()
            async with crowd(bridge, more, first=CONNECTIONS):
                harness.wait_for(lambda: bridge.metric("tocsin_connections") >= CONNECTIONS + more)
                more_allocated, more_count = now()
                print("counted", more_count - count, "allocated", more_allocated - allocated)
                assert more_count - count == pytest.approx(more_allocated - allocated, rel=0.15)

    with harness.start_bridge(hub) as bridge:
        if not has_jemalloc(bridge):
            pytest.skip("built without jemalloc: nothing to compare with")
        harness.run(session(bridge))


def test_the_hubs_memory_follows_its_streams(hub):
    before = hub.metric("tocsin_subscription_memory_bytes")

    def rise():
        return hub.metric("tocsin_subscription_memory_bytes") - before

    with hub.client() as client, contextlib.ExitStack() as stack:
        for n in range(STREAMS):
            stream = stack.enter_context(client.subscribe(filters(n)))
            stream.to_end_of_log()
        assert hub.metric("tocsin_subscriptions") >= STREAMS
        settled(hub, "tocsin_subscription_memory_bytes")
        assert 400 < rise() / STREAMS < 5_000
    harness.wait_for(lambda: hub.metric("tocsin_subscriptions") <= 2)
    harness.wait_for(lambda: rise() < 5_000)


def test_pending_bytes_rise_with_a_client_that_takes_nothing_and_fall_back():
    with harness.start_hub(store="memory") as hub, harness.start_bridge(hub) as bridge, hub.client() as client:
        async def session():
            # A small buffer in the client, which then reads nothing.
            async with harness.connect(bridge, max_queue=1) as ws:
                await ws.subscribe()
                client.publish_many([harness.system_event("x" * 8_000) for _ in range(1_500)])
                harness.wait_for(lambda: bridge.metric("tocsin_subscriptions_pending_bytes") > 100_000)
                harness.wait_for(lambda: bridge.metric("tocsin_window_bytes") > 1_500 * 8_000)
                await ws.events(1_500)
                harness.wait_for(lambda: bridge.metric("tocsin_subscriptions_pending_bytes") == 0)

        harness.run(session())
