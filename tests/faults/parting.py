"""A round in which something is wrong between a hub and a bridge for a while: clients of the bridge stay connected, and have
missed nothing when all is well again."""

import time

import crowd
import guarantees
import harness
from guarantees import Event, Gap, Resume

SHORT = (0.5, 3.0)  # seconds that a fault lasts
LONG, LONG_ONES = (10.0, 60.0), 10  # of the later rounds, one in so many is long
FIRST_LONG = 20
KNOWN = 20.0  # seconds after which a bridge knows that it has no hub
CAUGHT_UP = 30.0  # seconds after which clients have all that was published meanwhile


def length(round):
    if round.number >= FIRST_LONG and round.number % LONG_ONES == 0:
        return round.rng.uniform(*LONG)
    return round.rng.uniform(*SHORT)


def caught_up(round, hub, streams):
    """Waits until the clients that follow everything have what the hub has now."""
    since, latest = time.monotonic(), guarantees.place(hub.status().latest)[0]

    def reached(stream):
        newest = next((step for step in reversed(stream.steps) if isinstance(step, Event)), None)
        return newest is not None and guarantees.place(newest.cursor)[0] >= latest
    harness.wait_for(lambda: all(map(reached, streams)), CAUGHT_UP, "the clients to catch up")
    round.measured("seconds until caught up", time.monotonic() - since)


def play(round, hub, bridge, link, fault, seconds):
    """link has a method named as the fault, and heal()."""
    with crowd.Crowd(hub, [bridge], seed=round.number) as people:
        over_bridge = [stream for stream in people.streams if not stream.name.startswith("gRPC")]
        whole = [stream for stream in over_bridge if stream.name.endswith(" 0")]
        harness.wait_for(lambda: all(stream.steps for stream in over_bridge), what="all clients to be served")
        people.publisher.wait_for_more(round.rng.randint(1, 100))
        getattr(link, fault)()
        time.sleep(seconds)  # the length of the fault is what is tested
        if fault in ("dropped", "refused") and seconds > KNOWN:
            assert not bridge.ready(), "the bridge does not know that it has no hub"
        link.heal()
        caught_up(round, hub, whole)
        history = people.finish()
    round.judge(history)
    wrong = [stream.name for stream in over_bridge if any(isinstance(step, Gap) for step in stream.steps)]
    assert not wrong, f"{wrong} were told of a gap"
    cut = [stream.name for stream in over_bridge if any(isinstance(step, Resume) for step in stream.steps)]
    assert not cut, f"the bridge cut {cut}"
    return f"{round.fault}: {len(history.log)} events, {bridge.metric('bridge_hub_reconnects_total'):.0f} reconnects"
