"""The wall clocks of hub, bridge and command line jump, both ways, and hub and bridge are suspended, under a crowd: nothing is lost
or told as lost, nobody is dropped, nothing is taken for old, and every timer goes on."""

import contextlib
import json
import subprocess
import threading
import time
import uuid

import pytest

import crowd
import harness
import harness_clock
import harness_history
from guarantees import Event, Gap, Publish, Resume

HOUR, DAY = 3600, 24 * 3600
# The kernel takes no time before 1970, so that is how far a clock can be set back.
JUMPS = [HOUR, -HOUR, 8 * DAY, -8 * DAY, 73 * 365 * DAY, -55 * 365 * DAY]
KEPT = "7d"  # age that the hub keeps events for: less than the jumps of days
TRIMMED = 5.5  # seconds in which the hub has looked for events that are too old
BRIEF = (0.0, 0.5)  # seconds that another jump lasts
HEARTBEAT = "3s"  # so that clients which wait for a processor for some seconds are not taken for silent
SUSPENDED = 7.0  # seconds: more than two heartbeats
LONG_SUSPENDED, FIRST_LONG, LONG_ONES = 60.0, 20, 10  # of the later rounds, one in so many suspends for a minute
FAULTS_A_ROUND = 3
KNOWN = 5  # events that are published again under each wrong clock
TIMER = 10.0  # seconds in which a bookmark of 100 ms, and a heartbeat, has come
FINDS = 15.0  # seconds in which the bridge has found a hub that was started again
RIGHT = 5.0  # seconds that an event's time may differ from the right one


class World:
    def __init__(self, round, hub, bridge, people, clocks):
        self.round, self.rng, self.hub, self.bridge, self.people, self.clocks = round, round.rng, hub, bridge, people, clocks
        self.sent, self.restarts = [], 0

    def publish(self, event):
        with self.hub.client() as client:
            result = client.publish(event)
        self.people.publisher.calls.append(Publish([event.id], [(result.cursor, result.duplicate)]))
        return result

    def publish_again(self):
        """What was acknowledged is known, whatever time it is."""
        event = crowd.incident(self.rng, str(uuid.UUID(int=self.rng.getrandbits(128), version=4)))
        self.sent.append((event, self.publish(event).cursor))
        for event, cursor in self.sent[-KNOWN:]:
            again = self.publish(event)
            assert again.duplicate and again.cursor == cursor, f"{event.id} at {cursor} was appended again at {again.cursor}"

    def timers_go_on(self):
        """A subscription that nothing matches is sent its bookmarks, and a quiet session its heartbeats."""
        nothing = {"sources": ["nobody"]}
        with self.hub.client() as client:
            request = harness.hub_pb2.SubscribeRequest(filter=harness.make_filter(nothing))
            request.bookmark_interval.FromMilliseconds(100)
            call = client.stub.Subscribe(request, timeout=TIMER)
            for _ in range(2):
                next(call)
            call.cancel()

        async def heartbeats():
            async with harness.connect(self.bridge) as ws:
                await ws.subscribe(filters=nothing)
                await ws.expect("pong", TIMER)
        harness.run(heartbeats())

    def publish_by_command_line(self):
        command = [harness.BIN / "tocsin", "--hub", self.hub.address(0), "pub", "system-event", "--category", "load",
                   "--message", "by command line", "--output", "json"]
        done = subprocess.run(command, env=self.clocks["tocsin"].environment, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        self.people.publisher.calls.append(Publish([said["id"]], [(said["cursor"], said["duplicate"])]))


def jumped(world, names, by, seconds):
    for name in names:
        world.clocks[name].step(by)
    until = time.monotonic() + seconds
    world.publish_again()
    world.publish_by_command_line()
    world.timers_go_on()
    # A hub that starts has nothing to hold a clock against that is ahead.
    if by < 0 and world.rng.random() < 0.5:
        world.hub.restart(kill=True)
        world.restarts += 1
        harness.wait_for(world.bridge.ready, FINDS, "the bridge to find its hub")
        world.publish_again()
    while time.monotonic() < until:
        world.people.publisher.wait_for_more(1)
    for name in names:
        world.clocks[name].step(0)


def suspended(world, seconds):
    programs = (world.hub, world.bridge)
    for program in programs:
        program.pause()
    time.sleep(seconds)  # the length is what is tested
    for program in programs:
        program.resume()
    world.timers_go_on()


def suspension(round):
    long = round.number >= FIRST_LONG and round.number % LONG_ONES == 0
    return LONG_SUSPENDED if long else SUSPENDED


def right_times(hub, started):
    """The hub's events have the right time, whatever its clock said, and in their order."""
    with hub.client() as client, client.subscribe(start="earliest") as stream:
        times = [event.time.ToNanoseconds() / harness_clock.SECOND for event in stream.to_end_of_log()]
    assert times == sorted(times), "the time goes back"
    wrong = [at for at in times if not started - RIGHT < at < time.time() + RIGHT]
    assert not wrong, f"{len(wrong)} of {len(times)} events have a wrong time: {wrong[:3]}"


class CommandLine:
    """`tocsin sub` that follows everything under a wrong clock; what it printed is a stream of the history."""

    def __init__(self, hub, clock):
        self.stream = harness_history.stream("tocsin sub", hub.status().latest)
        self._process = subprocess.Popen([harness.BIN / "tocsin", "--hub", hub.address(0), "sub", "--from", self.stream.start,
                                          "--output", "json"], env=clock.environment, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            said = json.loads(line)
            self.stream.steps.append(Event(said["id"], said["cursor"]))

    def has_come_to(self, cursor):
        harness.wait_for(lambda: self.stream.steps and self.stream.steps[-1].cursor == cursor, what="`tocsin sub` to have all")

    def close(self):
        self._process.kill()
        self._process.wait()
        self._reader.join()


def play(round, world):
    said = []
    for number in range(FAULTS_A_ROUND):
        world.people.publisher.wait_for_more(round.rng.randint(1, 50))
        if round.rng.random() < 0.2:
            seconds = suspension(round)
            said.append(f"suspended for {seconds:.0f} s")
            round.fault = ", ".join(said)
            suspended(world, seconds)
            continue
        by, seconds = round.rng.choice(JUMPS), TRIMMED if number == 0 else round.rng.uniform(*BRIEF)
        names = round.rng.choice([["tocsin-hub"], ["tocsin-bridge"], list(world.clocks), list(world.clocks)])
        said.append(f"{by / HOUR:+.0f} h on {' and '.join(names)}")
        round.fault = ", ".join(said)
        jumped(world, names, by, seconds)


def one_round(round, library):
    for name in ("hub", "bridge"):
        (round.folder / name).mkdir()
    clocks = {name: harness_clock.Steppable(round.folder, f"{name}.clock", library)
              for name in ("tocsin-hub", "tocsin-bridge", "tocsin")}
    started = time.time()
    with harness.start_hub("--retain-age", KEPT, folder=round.folder / "hub",
                           environment=clocks["tocsin-hub"].environment) as hub, \
            harness.start_bridge(hub, "--heartbeat-interval", HEARTBEAT, folder=round.folder / "bridge",
                                 environment=clocks["tocsin-bridge"].environment) as bridge, \
            contextlib.closing(CommandLine(hub, clocks["tocsin"])) as line, \
            crowd.Crowd(hub, [bridge], seed=round.number) as people:
        harness.wait_for(lambda: all(stream.steps for stream in people.streams), what="all clients to be served")
        world = World(round, hub, bridge, people, clocks)
        play(round, world)
        history = people.finish()
        line.has_come_to(history.log[-1].cursor)
        history.streams.append(line.stream)
        round.judge(history)
        right_times(hub, started)
        nobody_is_dropped(world, history)
        return f"{round.fault}: {len(history.log)} events, {world.restarts} restarts of the hub"


def nobody_is_dropped(world, history):
    told = [stream.name for stream in history.streams if any(isinstance(step, Gap) for step in stream.steps)]
    assert not told, f"nothing is lost, and {told} were told of a gap"
    cut = [stream.name for stream in history.streams if any(isinstance(step, Resume) for step in stream.steps)
           and not (world.restarts and stream.name.startswith("gRPC"))]
    assert not cut, f"{cut} were cut"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return harness_clock.build(tmp_path_factory.mktemp("library"))


def test_clocks(rounds, library):
    rounds.play(lambda round: one_round(round, library), short=2)
