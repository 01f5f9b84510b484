"""The descriptors of a program, or the hub's memory or inodes, run out for a while, under a crowd: nothing is lost or comes twice, whoever was connected
stays, and whoever comes when there are some again is served. A program that memory ends is started again, and has lost nothing."""

import asyncio
import contextlib
import os
import resource
import socket
import time

import pytest

import crowd
import harness
import loop_disk
from guarantees import Gap, Publish

FOR = (0.3, 2.0)  # seconds without
SPARE = 4  # descriptors that are left
KNOCKS = 30  # connections that are tried meanwhile
SERVED = 10.0  # seconds in which a client is served when there are descriptors again
MEBIBYTE = 1 << 20


@contextlib.contextmanager
def limited(program, what, limit):
    before = resource.prlimit(program.pid, what)
    resource.prlimit(program.pid, what, (limit, before[1]))
    try:
        yield
    finally:
        if program.running():
            resource.prlimit(program.pid, what, before)


def knock(address):
    """Connections that come while there is no descriptor for them, and go."""
    host, port = address.rsplit(":", 1)
    made = []
    for _ in range(KNOCKS):
        with contextlib.suppress(OSError):
            made.append(socket.create_connection((host, int(port)), 1))
    for each in made:
        each.close()


def without_descriptors(program, rng):
    used = max(map(int, os.listdir(f"/proc/{program.pid}/fd")))
    with limited(program, resource.RLIMIT_NOFILE, used + 1 + rng.randint(0, SPARE)):
        knock(program.address(0))
        time.sleep(rng.uniform(*FOR))
        knock(program.address(0))


def without_memory(program, rng):
    size = int(open(f"/proc/{program.pid}/statm").read().split()[0]) * os.sysconf("SC_PAGESIZE")
    with limited(program, resource.RLIMIT_AS, size + rng.randint(0, 4) * MEBIBYTE):
        time.sleep(rng.uniform(*FOR))


def disk_of(folder):
    """Where a round's hub has its data directory."""
    return folder / "disk"


def without_inodes(hub, rng):
    """Files of somebody else's take all that are left under the hub's folder, before it makes its next one."""
    taken = []
    with contextlib.suppress(OSError):
        while True:
            taken.append(disk_of(hub.folder.parent) / str(len(taken)))
            taken[-1].touch()
    taken.pop()
    time.sleep(rng.uniform(*FOR))
    if rng.random() < 0.5:  # a start makes files as well
        hub.kill()
        hub.begin()
        time.sleep(rng.uniform(*FOR))
    for path in taken:
        path.unlink()


def is_served(hub, bridge):
    """Both serve who comes now. The publish that shows it."""
    harness.wait_for(bridge.ready, SERVED, "the bridge to be ready")
    with hub.client() as client:
        result = client.publish(harness.system_event("still there?"), timeout=SERVED)

    async def greeted():
        async with harness.connect(bridge) as ws:
            return ws.welcome
    harness.run(asyncio.wait_for(greeted(), SERVED))
    return Publish([result.id], [(result.cursor, result.duplicate)])


# Not the bridge without memory: docs/reliability.md says what becomes of it.
FAULTS = [("bridge", without_descriptors), ("hub", without_descriptors), ("hub", without_memory)]


MAY_END = (without_memory, without_inodes)


def disk(fault, path):
    return loop_disk.few_inodes(path) if fault is without_inodes else contextlib.nullcontext()


def one_round(round, faults):
    which, fault = round.rng.choice(faults)
    round.fault = f"{which} {fault.__name__}"
    for name in ("hub", "bridge"):
        (round.folder / name).mkdir()
    with disk(fault, disk_of(round.folder)), \
            harness.start_hub("--data-dir", disk_of(round.folder) / "data", folder=round.folder / "hub") as hub, \
            harness.start_bridge(hub, folder=round.folder / "bridge") as bridge, \
            crowd.Crowd(hub, [bridge], seed=round.number) as people:
        program = {"hub": hub, "bridge": bridge}[which]
        people.publisher.wait_for_more(round.rng.randint(1, 100))
        fault(program, round.rng)
        said = "lives"
        if not program.running():
            assert fault in MAY_END, f"{which} ended:\n{program.log()[-3000:]}"
            said = f"ended with {program.wait_for_end()}, and was started again"
            program.start()
        published = is_served(hub, bridge)
        people.publisher.wait_for_more(50)
        history = people.finish()
        history.publishes.append(published)
        round.judge(history)
        told = [stream.name for stream in history.streams if any(isinstance(step, Gap) for step in stream.steps)]
        assert not told, f"nothing is lost, and {told} were told of a gap"
        return f"{round.fault}: {said}, {len(history.log)} events"


def test_starved(rounds):
    rounds.play(lambda round: one_round(round, FAULTS), short=3)


def test_starved_of_inodes(rounds):
    if os.geteuid() != 0:
        pytest.skip("inodes that run out need root: a file system of the test's own is mounted")
    rounds.play(lambda round: one_round(round, [("hub", without_inodes)]), short=2)
