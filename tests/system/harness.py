"""Starts, stops, kills and restarts the real programs for the tests, and speaks to them as clients do.

    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        with hub.client() as client:
            result = client.publish(harness.incident_created(severity="P0"))
            got = client.subscribe(filter={"severities": ["P0"]}, start="earliest").take(1)

Programs come from the folder named by TOCSIN_BIN (default build/release). Each has its own free ports,
which stay the same over restart(), a data folder of its own, and a log that is printed when a test fails.
Nothing here sleeps to let something happen: wait_for() polls a condition up to a deadline.
"""

# What tests take from here; each part is a file of its own.
from harness_base import BIN, ROOT, TIMEOUT, run, wait_for  # noqa: F401
from harness_events import (  # noqa: F401
    comment_added, event_type_of, incident_created, make_filter, severity_of, state_of, system_event)
from harness_graphql import PROTOCOL as GRAPHQL_PROTOCOL  # noqa: F401
from harness_graphql import GraphqlWs, event_of, filter_input, graphql, graphql_parts, place_of  # noqa: F401
from harness_grpc import Client, Stream, error_details  # noqa: F401
from harness_http import post  # noqa: F401
from harness_preload import NO_MEMORY_FOR, preload  # noqa: F401
from harness_programs import Bridge, Hub, Program, cli, start_bridge, start_hub  # noqa: F401
from harness_sse import Events, events, query_of  # noqa: F401
from harness_ws import Ws, connect  # noqa: F401

from tocsin.v1 import event_pb2, hub_pb2, hub_pb2_grpc, incident_pb2  # noqa: F401


def in_step(hub, bridge):
    """Waits until the bridge has what the hub has, so that `latest` means the same on both."""
    async def cursor():
        async with connect(bridge) as ws:
            return ws.welcome["cursor"]

    wait_for(lambda: run(cursor()) == hub.status().latest, what="the bridge to have all events")
