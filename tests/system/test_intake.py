"""A bridge that asks the hub only for what its clients need: they notice nothing of it."""
import asyncio

import harness

NARROW = ("--narrow-after", "1s")


async def _publish_until(client, bridge, value):
    """A hundred events at a time that nobody wants, until the bridge's intake is as wanted."""
    for _ in range(200):
        client.publish_many([harness.system_event("nobody's") for _ in range(100)], batch=100)
        await asyncio.sleep(0.05)
        if bridge.metric("bridge_hub_intake_filtered") == value:
            return
    raise AssertionError("the bridge's intake does not change")


async def _sequences(ws, count):
    return [message["sequence"] for message in await ws.events(count)]


def _place_before(result):
    epoch, sequence = result.cursor.split("-")
    return f"{epoch}-{int(sequence, 16) - 1:x}"


def test_what_nobody_needs_is_not_sent_and_what_somebody_needs_is_not_lost():
    async def body(hub, bridge, client):
        async with harness.connect(bridge) as cpu, harness.connect(bridge) as disk:
            await cpu.subscribe("s", {"sources": ["cpu"]})
            await _publish_until(client, bridge, 1)
            before = bridge.metric("websocket_events_broadcast_total")
            wanted = [client.publish(harness.incident_created(source="cpu")).sequence for _ in range(3)]
            client.publish_many([harness.system_event("nobody's") for _ in range(300)])
            wanted += [client.publish(harness.incident_created(source="cpu")).sequence for _ in range(3)]
            assert await _sequences(cpu, 6) == wanted
            assert bridge.metric("websocket_events_broadcast_total") == before + 6

            # Somebody comes who needs more: served at once, and the intake is everything again.
            earlier = client.publish(harness.incident_created(source="disk"))
            await disk.subscribe("s", {"sources": ["disk"]})
            late = [client.publish(harness.incident_created(source="disk")).sequence for _ in range(5)]
            assert await _sequences(disk, 5) == late
            harness.wait_for(lambda: bridge.metric("bridge_hub_intake_filtered") == 0, what="the intake to be everything")
            more = [client.publish(harness.incident_created(source=source)).sequence
                    for source in ("cpu", "disk", "cpu", "disk")]
            assert await _sequences(cpu, 2) == more[0::2]
            assert await _sequences(disk, 2) == more[1::2]

            # What passed while it was filtered is in the log: a cursor from then misses nothing.
            async with harness.connect(bridge) as resumed:
                await resumed.subscribe("s", {"sources": ["disk"]}, resume_from=_place_before(earlier))
                assert await _sequences(resumed, 8) == [earlier.sequence, *late, *more[1::2]]

    with harness.start_hub() as hub, harness.start_bridge(hub, *NARROW) as bridge, hub.client() as client:
        harness.run(body(hub, bridge, client))

