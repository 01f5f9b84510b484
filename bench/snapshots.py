#!/usr/bin/env python3
"""What live subscribers see of snapshots: the delay of their events while others are sent the incidents, over and over.

  bench/snapshots.py [--incidents 100000] [--rate 1000/s] [--subscribers 50] [--seconds 10] [--runs 3] [--readers 2]

Two sides in turn, the same hub and bridge: no snapshots, and clients that read whole snapshots over `GET /v1/events?snapshot=true`, one after the
other. Prints a Markdown row a side: the delay of events to subscribers of the hub (gRPC) and of the bridge (/ws), 50th and 99th percentile, medians
over the runs; how many snapshots were sent meanwhile; and how far the programs' memory grew beyond what it was before, at the most.
The log is on disk and synced at an interval, so that no commit waits for the disk; servers on one core, the load on the other, where the readers
run when nobody else does (SCHED_IDLE): what measures the delays does not wait for them.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid

import sides
from servers import CLIENT_CORE

LAST = b'"last":true}'


def incident(number):
    """Some 600 bytes as the hub keeps it; every third is over."""
    return {"type": "incident_created", "incident": {
        "id": str(uuid.UUID(int=number + 1, version=4)), "state": "Resolved" if number % 3 == 2 else "Detected", "severity": f"P{number % 5}",
        "source": f"monitor-{number % 50}", "title": f"service {number} does not answer", "description": "x" * 360,
        "affected_resources": [f"service-{number % 1000}"], "labels": {"env": "production", "team": f"team-{number % 20}"}}}


def fill(own, data, count):
    path = data / "incidents.jsonl"
    with open(path, "w") as file:
        for number in range(count):
            file.write(json.dumps(incident(number)) + "\n")
    subprocess.run([sides.PROGRAMS / "tocsin", "--hub", own.hub, "pub", "--file", path], check=True, stdout=subprocess.DEVNULL)
    path.unlink()


def read_snapshots(address):
    """Reads snapshots for ever; a line for each: its bytes and seconds."""
    host, port = address.split(":")
    while True:
        begun, size, seen = time.monotonic(), 0, b""
        with socket.create_connection((host, int(port)), 10) as s:
            s.sendall(f"GET /v1/events?snapshot=true HTTP/1.1\r\nHost: {address}\r\nAccept: application/x-ndjson\r\n\r\n".encode())
            while LAST not in seen and (part := s.recv(1 << 18)):
                size += len(part)
                seen = seen[-len(LAST):] + part
        sys.stdout.write(f"{size} {time.monotonic() - begun}\n")
        sys.stdout.flush()


@contextlib.contextmanager
def readers(own, count):
    """Yields what they have read so far: [(bytes, seconds)]."""
    read = []

    def collect(process):
        for line in process.stdout:
            if line.endswith("\n"):  # one that was cut off says nothing
                read.append(tuple(map(float, line.split())))

    running = [subprocess.Popen(["taskset", "-c", CLIENT_CORE, "chrt", "--idle", "0", sys.executable, __file__, "--read", own.bridges[0]],
                                stdout=subprocess.PIPE, text=True) for _ in range(count)]
    for process in running:
        threading.Thread(target=collect, args=(process,), daemon=True).start()
    try:
        yield read
    finally:
        for process in running:
            process.kill()
            process.wait()


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) / 1024


class Memory:
    """How far each program's memory grows, MiB."""

    def __init__(self, pids):
        self.pids, self.before = pids, [resident(pid) for pid in pids]
        self.most = list(self.before)

    def __enter__(self):
        self.over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def _watch(self):
        while not self.over.wait(0.02):
            self.most = [max(most, resident(pid)) for most, pid in zip(self.most, self.pids)]

    def __exit__(self, *_):
        self.over.set()

    def growth(self):
        return [most - before for most, before in zip(self.most, self.before)]


def delays(own, how, chosen):
    """(50th, 99th percentile) in ms."""
    target = ["ws", "--bridge", f"ws://{own.bridges[0]}/ws"] if how == "/ws" else ["sub"]
    done = subprocess.run(["taskset", "-c", CLIENT_CORE, sides.PROGRAMS / "tocsin", "--hub", own.hub, "bench", *target, "--rate", chosen.rate,
                           "--subscribers", str(chosen.subscribers), "--duration", f"{chosen.seconds}s", "--output", "json"],
                          capture_output=True, text=True, check=True)
    latency = json.loads(done.stdout)["delivery_latency"]
    return latency["p50_ms"], latency["p99_ms"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--incidents", type=int, default=100_000)
    options.add_argument("--rate", default="1000/s")
    options.add_argument("--subscribers", type=int, default=50)
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--readers", type=int, default=2)
    options.add_argument("--read", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.read:
        return read_snapshots(chosen.read)
    found = {(side, how): [] for side in ("none", "snapshots") for how in ("gRPC", "/ws")}
    growth, read = {"none": [], "snapshots": []}, []
    with sides.scratch("snapshots") as data, sides.tocsin(data, ["--durability", "interval"]) as own:
        fill(own, data, chosen.incidents)
        for _ in range(chosen.runs):
            for side, how in found:
                with readers(own, chosen.readers if side == "snapshots" else 0) as reading, Memory(own.pids) as memory:
                    found[side, how].append(delays(own, how, chosen))
                read += reading
                growth[side].append(memory.growth())
    print("| side | gRPC p50, ms | gRPC p99, ms | /ws p50, ms | /ws p99, ms | hub grew by, MiB | bridge grew by, MiB |\n|---|---|---|---|---|---|---|")
    for side in growth:
        figures = [statistics.median(each) for how in ("gRPC", "/ws") for each in zip(*found[side, how])]
        most = [max(each) for each in zip(*growth[side])]
        print(f"| {side} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " | " + " | ".join(f"{each:.0f}" for each in most) + " |")
    if read:
        print(f"{len(read)} snapshots of {chosen.incidents} incidents were read meanwhile, {statistics.median(size for size, _ in read) / 2**20:.0f} MiB "
              f"of JSON each, in {statistics.median(seconds for _, seconds in read):.1f} s (median)")


if __name__ == "__main__":
    main()
