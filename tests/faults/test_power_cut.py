"""The power is cut while clients publish and subscribe: what was acknowledged or shown before is still there, and what was
not kept, with `--durability interval` and `memory`, is told as a gap and never comes again under the same cursor."""

import dataclasses

import pytest

import followers
import guarantees
import harness
import harness_history
import loop_disk
from guarantees import Bookmark, Event, Gap, Resume

CUTS_A_ROUND = 2
# By the number of the round. The last two must lose: else the cut is none, and the others prove nothing.
DURABILITY = ["always", "always", "always", "interval", "memory"]
SYNC_INTERVAL = "100ms"  # so short that a part of what was acknowledged is kept, and new events follow it
NOTIFY = harness.hub_pb2.ON_GAP_NOTIFY


@dataclasses.dataclass
class Cuts:
    """What may be lost in spite of a sync: what was answered or seen while the power failed."""
    calls: set = dataclasses.field(default_factory=set)
    steps: list = dataclasses.field(default_factory=list)  # (the hub's epoch, stream → its steps before the cut)

    def unsure(self, stream, index, event):
        return any(guarantees.place(event.cursor)[1] == epoch and index >= before[stream.name]
                   for epoch, before in self.steps)


def answered(publisher):
    return {call.ids[0] for call in publisher.calls if call.answer}


def cut(disk, hub, publisher, streams, cuts):
    epoch = hub.status().epoch
    calls = answered(publisher)
    cuts.steps.append((epoch, {stream.name: len(stream.steps) for stream in streams}))
    disk.cut()
    hub.kill()
    publisher.hold()
    cuts.calls |= answered(publisher) - calls
    disk.remount()
    hub.start()
    publisher.go_on()


def told(stream, log):
    """Whoever saw what is gone is told of a gap before anything else."""
    there, gone = {event.cursor: event.id for event in log}, None
    for step in stream.steps:
        if isinstance(step, Gap):
            gone = None
        elif isinstance(step, Event) and step.cursor not in there:
            gone = step
        elif isinstance(step, Event):
            assert gone is None, f"{stream.name} saw {gone}, which is lost, and goes on with {step} without a gap"
            assert there[step.cursor] == step.id, f"{step.cursor} names {step.id} and {there[step.cursor]}"


def begins_in(log, cursor):
    """Whether the cursor is of an event that is kept, or of the place before the first."""
    sequence, epoch = guarantees.place(cursor)
    return any(guarantees.place(event.cursor) == (max(sequence, 1), epoch) for event in log)


def what_is_kept(stream, log, cuts, durability):
    """The stream without what it saw and the log has not, where that may be lost."""
    there = {event.cursor for event in log}
    steps = []
    for index, step in enumerate(stream.steps):
        lost = isinstance(step, (Event, Bookmark, Resume)) and step.cursor not in there
        if isinstance(step, Gap) and guarantees.place(step.start)[0] > guarantees.place(step.end)[0]:
            step = Gap(step.end, step.end)  # told by the place of an event that is lost
        if not lost or (isinstance(step, Event) and durability == "always" and not cuts.unsure(stream, index, step)):
            steps.append(step)
    gap = next((step for step in steps if isinstance(step, Gap)), None)
    start = stream.start if begins_in(log, stream.start) or gap is None else gap.end
    return dataclasses.replace(stream, start=start, steps=steps)


def follow(hub, bridge, end):
    start = hub.status().latest
    streams = [harness_history.stream(way, start) for way in ("gRPC", "/ws", "SSE")]
    over = [lambda: harness_history.follow_grpc(hub.address(0), streams[0], end, on_gap=NOTIFY),
            lambda: harness.run(harness_history.follow_ws([bridge], streams[1], end)),
            lambda: harness.run(followers.follow_http([bridge], streams[2], end))]
    return streams, [harness_history.InBackground(run) for run in over]


def the_last(hub, publisher, streams):
    """Publishes until the log is longer than all that anybody saw, lost or not: so everybody has to come to its end."""
    seen = max((guarantees.place(event.cursor)[0] for stream in streams for event in stream.events()), default=0)
    while True:
        last = publisher.last_one(hub)
        if guarantees.place(last)[0] > seen:
            return last


def one_round(round):
    durability = DURABILITY[(round.number - 1) % len(DURABILITY)]
    round.fault = durability
    ends, cuts = [], Cuts()
    for name in ("hub", "bridge"):
        (round.folder / name).mkdir()
    with loop_disk.LoopDisk(round.folder) as disk, \
            harness.start_hub("--data-dir", disk.path / "data", "--sync-interval", SYNC_INTERVAL, durability=durability,
                              folder=round.folder / "hub") as hub, \
            harness.start_bridge(hub, folder=round.folder / "bridge") as bridge, \
            harness_history.Publisher(hub.address(0), threads=8, pause=0.01, seed=round.number) as publisher:
        streams, running = follow(hub, bridge, lambda: ends and ends[0])
        for _ in range(CUTS_A_ROUND):
            publisher.wait_for_more(round.rng.randint(1, 400))
            cut(disk, hub, publisher, streams, cuts)
            publisher.wait_for_more(1)
        publisher.stop()
        ends.append(the_last(hub, publisher, streams))
        publisher.last_one(hub)
        for follower in running:
            follower.join()
        log = harness_history.read_log(hub)
    return judged(round, durability, publisher, streams, log, cuts)


def judged(round, durability, publisher, streams, log, cuts):
    there = {event.id for event in log}
    lost = [call for call in publisher.calls if call.answer and not there >= set(call.ids)]
    for call in publisher.calls:
        if call.ids[0] in cuts.calls or (durability != "always" and call in lost):
            call.answer = None
    for stream in streams:
        told(stream, log)
    streams = [what_is_kept(stream, log, cuts, durability) for stream in streams]
    round.judge(guarantees.History(publisher.calls, streams, [log]))
    assert lost or durability == "always", "nothing is lost without a sync: the power was not cut"
    return f"{durability}: {len(log)} events, {len(lost)} acknowledged calls lost"


def test_power_cut(rounds):
    if loop_disk.missing():
        pytest.skip(loop_disk.missing())
    rounds.play(one_round, short=5)
