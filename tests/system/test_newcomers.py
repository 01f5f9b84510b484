"""In a storm, those who come back with a cursor are let in before those who come anew."""

import asyncio
import contextlib

import websockets

import harness

PLACES, KEPT = 40, 2
# What a bridge that is full says to a handshake, or the connection that it has no words for.
TURNED_AWAY = (websockets.WebSocketException, OSError, AssertionError, asyncio.TimeoutError)


async def subscribed(bridge, resume_from=None):
    """Whether the bridge lets one more in, who stays until the stack of the caller ends."""
    stack = contextlib.AsyncExitStack()
    try:
        ws = await stack.enter_async_context(harness.connect(bridge, open_timeout=20))
        await ws.subscribe("s", resume_from=resume_from)
        return ws, stack
    except TURNED_AWAY:
        await stack.aclose()
        return None, stack


async def fill(bridge, stack):
    """All places but those that are kept; the bridge's own health may have been asked just now."""
    left = PLACES - KEPT
    while left > 0:
        ws, its = await subscribed(bridge)
        if ws is not None:
            left -= 1
            await stack.enter_async_context(its)
        else:
            await asyncio.sleep(0.05)


def test_who_resumes_is_let_in_while_newcomers_storm_a_full_bridge(hub):
    async def check(bridge, cursor):
        stop, let_in, tried = asyncio.Event(), 0, 0

        async def storm():
            nonlocal let_in, tried
            while not stop.is_set():
                ws, its = await subscribed(bridge)
                tried += 1
                let_in += ws is not None
                await its.aclose()
                await asyncio.sleep(0.02)

        async with contextlib.AsyncExitStack() as stack:
            await fill(bridge, stack)
            newcomers = [asyncio.create_task(storm()) for _ in range(20)]
            for _ in range(10):
                async with asyncio.timeout(20):
                    ws = None
                    while ws is None:
                        ws, its = await subscribed(bridge, cursor)
                assert len(await ws.events(5)) == 5
                await its.aclose()
            async with asyncio.timeout(60):
                while tried <= 50:
                    await asyncio.sleep(0.02)
            stop.set()
            await asyncio.gather(*newcomers)
            assert let_in == 0, f"of {tried} newcomers {let_in} were let in"
        ws, its = await subscribed(bridge)  # there is room again
        for _ in range(100):
            if ws is not None:
                break
            await asyncio.sleep(0.1)
            ws, its = await subscribed(bridge)
        assert ws is not None
        await its.aclose()

    with hub.client() as client:
        results = client.publish_many([harness.incident_created() for _ in range(6)])
    with harness.start_bridge(hub, "--max-connections", PLACES) as bridge:
        harness.run(check(bridge, results[0].cursor))


def test_streams_over_http_and_silence(hub):
    async def check(bridge, cursor):
        async with contextlib.AsyncExitStack() as stack:
            await fill(bridge, stack)
            status, fields, body = harness.post(bridge, "/v1/events", None, {"Accept": "application/x-ndjson"}, method="GET")
            assert status == 503 and body["code"] == "SERVICE_UNAVAILABLE" and fields["retry-after"] == "5", (status, body)
            async with harness.events(bridge) as stream:  # a browser comes back only after a 200
                assert "SERVICE_UNAVAILABLE" in str((await stream.expect("closing")).data)
            async with harness.events(bridge, last_event_id=cursor) as stream:
                assert len(await stream.events(5)) == 5
            # One on a kept place that says nothing has 10 s.
            ws, its = None, None
            while ws is None:
                with contextlib.suppress(*TURNED_AWAY):
                    its = contextlib.AsyncExitStack()
                    ws = await its.enter_async_context(harness.connect(bridge))
            error = await ws.expect("error", timeout=15)
            assert error["code"] == "SERVICE_UNAVAILABLE" and "resume" in error["message"]
            await ws.expect("closing")
            await its.aclose()

    with hub.client() as client:
        results = client.publish_many([harness.incident_created() for _ in range(6)])
    with harness.start_bridge(hub, "--max-connections", PLACES) as bridge:
        harness.run(check(bridge, results[0].cursor))
