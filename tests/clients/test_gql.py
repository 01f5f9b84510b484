"""Python's gql against the real bridge: its reconnecting session over restarts of hub and bridge. examples/python has one that connects anew."""

import pathlib
import sys

import harness
from scenario import Process

PROGRAM = pathlib.Path(__file__).parent / "gql_session.py"


def test_a_reconnecting_session_misses_nothing_and_repeats_nothing_over_restarts():
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        url, published = f"ws://{bridge.address(0)}/graphql/ws", []

        def cursors(values, operation):
            return [value["cursor"] for value in values if value.get("operation") == operation]

        def arrives(count=5):
            with hub.client() as client:
                published.extend(client.publish(harness.system_event()).cursor for _ in range(count))
            process.wait_for(lambda values: all(len(cursors(values, each)) >= len(published) for each in (0, 1)), "the events")

        with Process([sys.executable, PROGRAM, url, hub.status().latest]) as process:
            arrives()
            hub.restart()
            arrives()
            for interrupt in (harness.Program.stop, harness.Program.kill):
                interrupt(bridge)
                bridge.start()
                arrives()
            for operation in (0, 1):
                assert cursors(process.values, operation) == published
            assert {value["answer"] for value in process.values if "answer" in value} == {"ok"}
