#!/usr/bin/env python3
"""What a bridge costs whose clients want nothing of what is published: the most that a narrower stream from the hub could save.

  bench/unwanted.py [--rate 1000/s] [--seconds 8] [--runs 3]

Two sides in turn: the hub alone, and the hub with a bridge and ten /ws clients of a filter that never matches. Prints a Markdown row a
side: processor time of hub and bridge for each event, medians. The log is on disk and synced; servers on one core, the load on the other.
"""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import time

import sides
from servers import CLIENT_CORE

CLIENTS = 10


def cpu(pid):
    """Seconds of processor time since the program's start."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def command(own, *arguments):
    return ["taskset", "-c", CLIENT_CORE, sides.PROGRAMS / "tocsin", "--hub", own.hub, "bench", *map(str, arguments)]


@contextlib.contextmanager
def listeners(own):
    """Clients on /ws that ask for a severity which `bench pub` never has."""
    if not own.bridges:
        yield
        return
    process = subprocess.Popen(command(own, "ws", "--bridge", f"ws://{own.bridges[0]}/ws", "--listen", "--subscribers", CLIENTS,
                                       "--severities", "P0", "--duration", "120s"),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def measure(bridges, rate, seconds):
    """Microseconds of processor time an event: [hub, bridge]."""
    with sides.scratch("unwanted") as data, sides.tocsin(data, sides.ON_DISK, bridges=bridges) as own, listeners(own):
        before = [cpu(pid) for pid in own.pids]
        done = subprocess.run(command(own, "pub", "--rate", rate, "--duration", f"{seconds}s", "--output", "json"),
                              capture_output=True, text=True, check=True)
        spent = [cpu(pid) - old for pid, old in zip(own.pids, before)]
        events = json.loads(done.stdout)["events_acknowledged"]
    return [each * 1e6 / events for each in [*spent, 0.0][:2]]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rate", default="1000/s")
    options.add_argument("--seconds", type=int, default=8)
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    results = {0: [], 1: []}
    for _ in range(chosen.runs):
        for bridges, runs in results.items():
            runs.append(measure(bridges, chosen.rate, chosen.seconds))
    print("| events/s | side | hub, µs an event | bridge, µs an event | together |\n|---|---|---|---|---|")
    for bridges, runs in results.items():
        hub, bridge = (statistics.median(each) for each in zip(*runs))
        side = f"with a bridge and {CLIENTS} clients" if bridges else "hub alone"
        print(f"| {chosen.rate} | {side} | {hub:.1f} | {bridge:.1f} | {hub + bridge:.1f} |")


if __name__ == "__main__":
    main()
