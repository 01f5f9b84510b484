"""Floods at every port of both programs, each beside a witness that publishes, subscribes and asks for their health: what it sees is
late by at most three times what it is without the flood, nothing of it is lost or comes twice, memory and descriptors come back, and
whoever floods is closed within the limit that he meets. floods.py has the floods; docs/reliability.md what is claimed and was seen."""

import json
import math
import os
import pathlib
import select
import subprocess
import sys
import time

import floods
import harness
import load_witness

RATIO = 3.0
FLOOR = 50.0  # ms: a quiet p99 below it counts as so much. Three times less is a busy machine's scheduler
TRIES = 3  # a claim about time is broken when it is in so many tries: any machine is busy for a moment
SHORT, QUIET = 1.2, 1.5  # seconds of a flood in scripts/test, and of the time without one before
BEGINS = 60.0  # seconds within which a flood must have begun
MEMORY = 64 << 20  # bytes that a program may have more than before, after a flood
BACK = 60.0  # seconds in which memory and descriptors must be back
DESCRIPTORS = 8
INCIDENTS, EVENTS = 1_000, 4_000  # that are there before: what snapshots, lists and replays have to do


class Flooding:
    """The flood's process: with Flooding(…) as flooding: …; said = flooding.end()."""

    def __init__(self, name, claim, hub, bridge):
        program, port = {"hub": (hub, 0), "hub operations": (hub, 1), "bridge": (bridge, 0)}[claim.at]
        script = pathlib.Path(__file__).with_name("flood.py")
        self._since = time.monotonic()
        self._process = subprocess.Popen([sys.executable, str(script), name, program.address(port)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def wait_until_it_is_at_it(self):
        ready, _, _ = select.select([self._process.stdout], [], [], BEGINS)
        assert ready and self._process.stdout.readline() == "begun\n", "the flood does not begin"

    def end(self, at_least=0.0):
        """What became of its connections. It has gone on for so many seconds."""
        time.sleep(max(0.0, self._since + at_least - time.monotonic()))
        out, told = self._process.communicate(timeout=60)
        assert self._process.returncode == 0, told
        return json.loads(out)

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()


class Site:
    """A hub and a bridge that have something to tell, and what they take when all is quiet."""

    def __init__(self, hub, bridge, folder):
        self.hub, self.bridge, self._history = hub, bridge, folder / "history.jsonl"
        with hub.client() as client:
            client.publish_many([harness.incident_created("P2", f"incident {n}", source="before") for n in range(INCIDENTS)])
            client.publish_many([harness.system_event("x" * 500, category="before") for _ in range(EVENTS)])
        harness.in_step(hub, bridge)
        self.quiet, _ = self.measure(QUIET)
        self._before = self.taken()

    def measure(self, seconds):
        return load_witness.measure(self.hub, self.bridge, seconds, self._history)

    def taken(self):
        """(name, resident bytes, descriptors) of each program."""
        return [(program.name, program.memory(), len(os.listdir(f"/proc/{program.pid}/fd"))) for program in (self.hub, self.bridge)]

    def comes_back(self, memory):
        """Waits until both programs take about what they took before; how many bytes more they have."""
        def back():
            now = self.taken()
            for (_, bytes_before, open_before), (_, bytes_now, open_now) in zip(self._before, now):
                if bytes_now > bytes_before + memory or open_now > open_before + DESCRIPTORS:
                    return None
            return now
        try:
            now = harness.wait_for(back, BACK, "memory and descriptors to come back")
        except AssertionError as error:
            raise AssertionError(f"{error}: before {self._before}, now {self.taken()}") from None
        return max(after[1] - before[1] for before, after in zip(self._before, now))

    def ratio(self, flooded, machine):
        """(how many times later than in quiet, what) of the figure that is latest. A machine that wakes nobody sooner excuses it."""
        return max((flooded[name] / max(self.quiet[name], FLOOR, machine), name) for name in flooded)


def play(site, name, claim, seconds, at_least):
    """One flood, and the witness beside it: (ratio, what), all figures, what became of the flood's connections."""
    with Flooding(name, claim, site.hub, site.bridge) as flooding:
        flooding.wait_until_it_is_at_it()
        time.sleep(claim.begins)
        try:
            flooded, machine = site.measure(seconds)
        except load_witness.Unserved:
            if not claim.left_open:
                raise
            flooded, machine = dict.fromkeys(site.quiet, math.inf), 0.0
        return site.ratio(flooded, machine), flooded, flooding.end(at_least)


def check_ends(claim, said, at_least):
    if claim.ends_after and at_least:
        latest = max(said["ended_after"] or 0.0, said["oldest"])
        assert latest <= claim.ends_after, f"a connection lived for {latest:.1f} s, more than {claim.ends_after} s: {said}"
    if claim.ends:
        assert set(said["ends"]) <= set(claim.ends), f"connections ended by {said['ends']}, and not by {claim.ends}"


def one_flood(round, site, name, deep):
    claim = floods.ALL[name]
    seconds = claim.seconds if deep else SHORT
    at_least = max(claim.seconds, (claim.ends_after or 0) + 1) if deep else 0.0
    for tries in range(1, TRIES + 1):
        (ratio, what), flooded, said = play(site, name, claim, seconds, at_least)
        grown = site.comes_back(MEMORY + claim.memory)
        if ratio <= RATIO or claim.left_open or not deep:
            break  # scripts/test plays other suites beside it: there the ratio is told, and all else is judged
        assert tries < TRIES, f"{name}: {what} is {ratio:.1f} times as late: {flooded}, in quiet {site.quiet}; {said}"
        site.quiet, _ = site.measure(QUIET)
    check_ends(claim, said, at_least)
    round.measured("ratio" if not claim.left_open else "ratio of what is left open", ratio)
    told = f" (not claimed: {claim.left_open})" if claim.left_open else ""
    return (f"{name}: {ratio:.1f} times{told}, {what} {site.quiet[what]:.1f} -> {flooded[what]:.1f} ms; {said['opened']} connections, "
            f"{said['sent_mb']} MB sent, {said['taken_mb']} taken, ended by {said['ends']}; memory {grown >> 20:+} MiB")


def one_round(round):
    """One flood; of the short rounds some at one port."""
    names = [sorted(floods.ALL)[(round.number - 1) % len(floods.ALL)]] if round.deep else floods.SHORT[round.number - 1]
    round.fault = ", ".join(names)
    with harness.start_hub(folder=round.folder) as hub, \
            harness.start_bridge(hub, "--compression", "deflate", folder=round.folder) as bridge:
        site = Site(hub, bridge, round.folder)
        said = [one_flood(round, site, name, round.deep) for name in names]
    return "\n  ".join(said)


def test_hostile(rounds):
    rounds.play(one_round, short=len(floods.SHORT))
