"""One client in ten is stuck or slow, over every transport: the others have everything within a bounded time, the slow have it
as well, and the stuck are ended with the reason that the contract names, and resume without a loss."""

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import threading
import time
import uuid

import followers
import guarantees
import harness
import harness_history
import harness_link
import raw_readers
from guarantees import Event, Gap, Publish, Resume

CLIENTS, SHORT = 1_000, 160  # in a deep round, and in scripts/test
BAD_ONES = 10  # one in so many
FILTER = {"severities": ["P0", "P1", "P2", "P3", "P4"]}  # of the others: what fills the buffers of the stuck is not sent to them
FILLER, FILLERS = 32 << 10, 256  # bytes of an event, and how many: more than all buffers on the way to one of the stuck
STUCK = 60.0  # seconds in which all that take nothing are ended: 10 by the contract
PAUSE = 0.1  # seconds between two sips of a slow one
SLOW_LINK = 512 << 10  # bytes a second; a slow one over gRPC is at the end of a slow link
DELAY = 5.0  # seconds from a publish to its receipt: half of what one that is stuck may cost itself
READERS = {"gRPC": raw_readers.Grpc, "/ws": raw_readers.Ws, "SSE": raw_readers.Sse, "GraphQL": raw_readers.Graphql}
FAREWELLS = {"gRPC": "RESOURCE_EXHAUSTED SLOW_CONSUMER", "/ws": "1013 SLOW_CONSUMER", "GraphQL": "1013 SLOW_CONSUMER"}


class Timed(list):
    """Steps, and when each came."""

    def __init__(self):
        super().__init__()
        self.at = []

    def append(self, step):
        self.at.append(time.monotonic())
        super().append(step)

    def __iadd__(self, steps):
        for step in steps:
            self.append(step)
        return self


def over_grpc(streams):
    return [stream for stream in streams if stream.name.startswith("gRPC")]


def over_bridge(streams):
    return [stream for stream in streams if not stream.name.startswith("gRPC")]


class Following:
    """Streams that follow to the end, in the background, over whichever transport their name begins with."""

    def __init__(self, hub, bridge, streams, end):
        self._hub, self._bridge, self._end = hub, bridge, end
        self._running = [harness_history.InBackground(harness_history.follow_grpc, hub.address(0), stream, end, stream.filter)
                         for stream in over_grpc(streams)]
        self._running.append(harness_history.InBackground(lambda: harness.run(self._over_bridge(over_bridge(streams)), timeout=None)))

    async def _over_bridge(self, streams):
        over = {"/ws": harness_history.follow_ws, "SSE": followers.follow_http, "GraphQL": followers.follow_graphql}
        await asyncio.gather(*(over[stream.name.split()[0]]([self._bridge], stream, self._end, stream.filter) for stream in streams))

    def join(self):
        for each in self._running:
            each.join(120)


def streams(kind, count, start, filter=None):
    made = [harness_history.stream(f"{way} {kind} {number}", start, filter) for way in READERS for number in range(count // len(READERS))]
    for stream in made:
        stream.steps = Timed()
    return made


def readers(hub, bridge, streams):
    """hub, bridge: their addresses."""
    made = [READERS[stream.name.split()[0]](hub if over_grpc([stream]) else bridge, stream) for stream in streams]
    for reader in made:
        reader.begin()
    return made


def sip_and_read_on(reader, speed_up, end):
    """A slow one; False when it was ended."""
    try:
        while not isinstance(reader, raw_readers.Grpc) and not speed_up.wait(PAUSE):
            reader.sip()
    except (EOFError, OSError):
        return False
    return reader.read_on(end)


def fill(hub, publisher):
    with hub.client() as client:
        for _ in range(FILLERS // 32):
            events = [harness.system_event("x" * FILLER, category="filler", event_id=str(uuid.uuid4())) for _ in range(32)]
            results = client.publish(*events)
            publisher.calls.append(Publish([event.id for event in events], [(each.cursor, each.duplicate) for each in results]))


def followed(program, streams):
    """Whether the program serves so many of its own clients; beside them the hub serves the bridge."""
    return program.metric("tocsin_subscriptions") == len(streams) + (program.name == "tocsin-hub")


def farewells(stuck):
    """Reads to the end what came for those that were ended; how many were told why."""
    with concurrent.futures.ThreadPoolExecutor(len(stuck)) as pool:
        assert not any(pool.map(lambda reader: reader.read_on(), stuck)), "one that took nothing was not ended"
    told = 0
    for reader in stuck:
        wanted = FAREWELLS.get(reader.stream.name.split()[0])
        # Who does not read within four seconds of its end is told nothing.
        assert reader.told is None or reader.told.startswith(wanted), f"{reader.stream.name}: {reader.told}"
        told += reader.told is not None
    assert told, "nobody was told why it was ended"
    return told


def resumed(stuck):
    """The chains go on where the stuck were ended, and fill the same streams."""
    for reader in stuck:
        reader.stream.steps.append(Resume(reader.cursor))
    return [dataclasses.replace(reader.stream, start=reader.cursor) for reader in stuck]


def delays(calls, healthy, until):
    """Seconds from a publish to its receipt, or to that time: afterwards the tests' process is busy with what the others left unread."""
    asked = {call.ids[0]: call.invoked_us / 1e6 for call in calls if call.invoked_us and call.invoked_us / 1e6 < until}
    return [min(at, until) - asked[step.id] for stream in healthy for step, at in zip(stream.steps, stream.steps.at, strict=True)
            if isinstance(step, Event) and step.id in asked]


def one_round(round):
    size = CLIENTS if round.deep else SHORT
    bad = size // BAD_ONES
    round.fault = f"{bad} of {size} are stuck or slow"
    for name in ("hub", "bridge"):
        (round.folder / name).mkdir()
    ends = []

    def end():
        return ends[0] if ends else None
    with harness.start_hub(folder=round.folder / "hub") as hub, \
            harness.start_bridge(hub, "--heartbeat-interval", "5m", folder=round.folder / "bridge") as bridge, \
            contextlib.ExitStack() as closing, \
            harness_history.Publisher(hub.address(0), threads=1, batch=1, pause=0.3, seed=round.number,
                                      make=lambda rng, id: harness.incident_created(event_id=id)) as publisher:
        start = hub.status().latest
        healthy = streams("healthy", size - bad, start, FILTER)
        following = Following(hub, bridge, healthy, end)
        harness.wait_for(lambda: all(stream.steps for stream in healthy), 60, "all clients to be served")
        settled = len(publisher.calls)  # until now there were connections to make
        start = hub.status().latest
        link = closing.enter_context(harness_link.slow_link(hub.address(0), SLOW_LINK))
        stuck = readers(hub.address(0), bridge.address(0), streams("stuck", bad // 2, start))
        slow = readers(link, bridge.address(0), streams("slow", bad // 2, start))
        speed_up = threading.Event()
        pool = closing.enter_context(concurrent.futures.ThreadPoolExecutor(len(slow)))
        closing.callback(speed_up.set)
        for reader in stuck + slow:
            closing.callback(reader.close)
        sipping = [pool.submit(sip_and_read_on, reader, speed_up, end) for reader in slow]
        everybody = healthy + [reader.stream for reader in stuck + slow]
        harness.wait_for(lambda: followed(hub, over_grpc(everybody)) and followed(bridge, over_bridge(everybody)), 60,
                         "all to subscribe")
        fill(hub, publisher)
        left = healthy + [reader.stream for reader in slow]
        harness.wait_for(lambda: followed(hub, over_grpc(left)) and followed(bridge, over_bridge(left)), STUCK,
                         "the stuck to be ended")
        until = time.monotonic()
        told = farewells(stuck)
        again = Following(hub, bridge, resumed(stuck), end)
        publisher.stop()
        ends.append(publisher.last_one(hub, lambda title: harness.incident_created(title=title)))
        publisher.last_one(hub, lambda title: harness.incident_created(title=title))
        speed_up.set()
        gone = [f"{reader.stream.name} ({reader.told})" for reader, each in zip(slow, sipping, strict=True) if not each.result(120)]
        assert not gone, f"ended, and only slow: {gone}"
        following.join()
        again.join()
        log = harness_history.read_log(hub)
    round.judge(guarantees.History(publisher.calls, everybody, [log]))
    assert not [stream.name for stream in everybody if any(isinstance(step, Gap) for step in stream.steps)], "a gap, and nothing is lost"
    cut = [stream.name for stream in healthy if any(isinstance(step, Resume) for step in stream.steps)]
    assert not cut, f"{cut} were cut"
    took = delays(publisher.calls[settled:], healthy, until)
    round.measured("seconds from publish to receipt", max(took))
    assert max(took) < DELAY, f"an event came after {max(took):.1f} s"
    return f"{len(stuck)} stuck and {len(slow)} slow among {len(everybody)}: {len(log)} events, {told} of {len(stuck)} were told why they were ended, worst delay {max(took):.2f} s"


def test_crowd(rounds):
    rounds.play(one_round, short=1)
