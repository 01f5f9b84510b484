"""Processes are killed, stopped and continued while a crowd publishes and subscribes: nothing is lost, nothing comes twice,
nothing comes out of order, and the hub is ready again within a second."""

import json
import subprocess
import time
import uuid

import crowd
import harness
import harness_history
from guarantees import Gap, Publish

FAULTS_A_ROUND = 5
KNOWN = 5  # events that are published again after each restart
READY = 1.0  # seconds from a start to the readiness that health tells, in the middle of all starts
WINDOW = 100  # recent events, so few that resumes begin in the store
MEANWHILE = (1, 50)  # events that are published between two faults
PAUSE = (0.05, 1.0)  # seconds between SIGSTOP and SIGCONT
IN_ITS_START = (0.0, 0.3)  # seconds after its exec at which a starting hub is killed


class World:
    """What the faults of a round are done to."""

    def __init__(self, round, hub, bridges, people):
        self.round, self.rng, self.hub, self.bridges, self.people = round, round.rng, hub, bridges, people
        self.by_command_line = []  # ids
        self.sent = []  # (event, the cursor that it was acknowledged with)

    def publish(self):
        event = crowd.incident(self.rng, str(uuid.UUID(int=self.rng.getrandbits(128), version=4)))
        self.sent.append((event, self._publish(event).cursor))

    def publish_again(self):
        """What was acknowledged before a restart is known after it."""
        for event, cursor in self.sent[-KNOWN:]:
            again = self._publish(event)
            assert again.duplicate and again.cursor == cursor, f"{event.id} at {cursor} was appended again at {again.cursor}"

    def _publish(self, event):
        with self.hub.client() as client:
            result = client.publish(event)
        self.people.publisher.calls.append(Publish([event.id], [(result.cursor, result.duplicate)]))
        return result

    def start_hub(self):
        since = time.monotonic()
        self.hub.start()
        harness.wait_for(lambda: self.hub.http("/health/ready")[0] == 200, what="the hub to be ready")
        self.round.measured("seconds until ready", time.monotonic() - since)

    def start_hub_and_read(self):
        """The log is read before any publisher tries again, so that half a call would show."""
        self.people.publisher.hold()
        self.start_hub()
        self.people.reads.append(harness_history.read_log(self.hub))
        self.people.publisher.go_on()
        self.publish_again()


def hub_killed(world):
    world.hub.kill()
    world.start_hub_and_read()


def hub_killed_in_its_start(world):
    world.hub.kill()
    for _ in range(world.rng.randint(1, 3)):
        world.hub.begin()
        time.sleep(world.rng.uniform(*IN_ITS_START))
        world.hub.kill()
    world.start_hub_and_read()


def hub_ended(world):
    assert world.hub.stop() == 0, world.hub.log()
    world.start_hub_and_read()


def bridge_killed(world):
    world.rng.choice(world.bridges).restart(kill=True)


def all_killed(world):
    for program in (world.hub, *world.bridges):
        program.kill()
    world.start_hub_and_read()
    for bridge in world.bridges:
        bridge.start()


def stopped(program, rng):
    program.pause()
    time.sleep(rng.uniform(*PAUSE))
    program.resume()


def hub_stopped(world):
    stopped(world.hub, world.rng)


def bridge_stopped(world):
    stopped(world.rng.choice(world.bridges), world.rng)


def publisher_killed(world):
    """`tocsin pub --file` is killed and run again, until it has come to the file's end."""
    ids = [str(uuid.UUID(int=world.rng.getrandbits(128), version=4)) for _ in range(200)]
    file = world.round.folder / "published.jsonl"
    file.write_text("".join(json.dumps({"type": "system_event", "category": "load", "message": "m", "id": id}) + "\n"
                            for id in ids))
    command = [harness.BIN / "tocsin", "--hub", world.hub.address(0), "pub", "--file", file, "--batch", "1"]
    for _ in range(world.rng.randint(1, 3)):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(world.rng.uniform(0.0, 0.15))
        process.kill()
        process.wait()
    subprocess.run(command, check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    world.by_command_line += ids
    world.people.publisher.calls += [Publish([id]) for id in ids]


FAULTS = [hub_killed, hub_killed, hub_killed_in_its_start, hub_ended, bridge_killed, all_killed, hub_stopped, bridge_stopped,
          publisher_killed]


def one_round(round):
    faults = [round.rng.choice(FAULTS) for _ in range(FAULTS_A_ROUND)]
    round.fault = ", ".join(fault.__name__ for fault in faults)
    for name in ("hub", "bridge1", "bridge2"):
        (round.folder / name).mkdir()
    with harness.start_hub("--recent-events", WINDOW, durability="always", folder=round.folder / "hub") as hub, \
            harness.start_bridge(hub, "--recent-events", WINDOW, folder=round.folder / "bridge1") as first, \
            harness.start_bridge(hub, "--recent-events", WINDOW, folder=round.folder / "bridge2") as second, \
            crowd.Crowd(hub, [first, second], seed=round.number) as people:
        world = World(round, hub, [first, second], people)
        for fault in faults:
            people.publisher.wait_for_more(round.rng.randint(*MEANWHILE))
            world.publish()
            fault(world)
        people.publisher.wait_for_more(20)
        history = people.finish()
        round.judge(history)
        gaps = [stream.name for stream in history.streams if any(isinstance(step, Gap) for step in stream.steps)]
        assert not gaps, f"nothing is lost, and {gaps} were told of a gap"
        missing = set(world.by_command_line) - {event.id for event in history.log}
        assert not missing, f"`tocsin pub` said that it published what the log has not: {missing}"
        return f"{round.fault}: {len(history.log)} events, {people.resumes()} resumes"


def test_kills(rounds):
    rounds.play(one_round, short=3)
    assert rounds.middle("seconds until ready") <= READY
