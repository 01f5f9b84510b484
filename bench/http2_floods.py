#!/usr/bin/env python3
"""What 100,000 frames of each HTTP/2 flood cost a hub and a client beside it.

    TOCSIN_BIN=build/release .venv/bin/python bench/http2_floods.py [FLOOD…] [--frames N]

Starts a hub of its own. A witness publishes every 20 ms, before and during; the flood sends its frames as fast as they are taken, over
one connection after the other where they are closed. A row each: how long that took, connections that it took, CPU of the hub, the
witness's p99 before and during, and the hub's memory before, at most, and 5 s later. docs/security.md has what was measured.
"""

import argparse
import contextlib
import os
import pathlib
import select
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "tests" / "faults")]

import floods_http2 as http2  # noqa: E402
import harness  # noqa: E402

OPEN = http2.PREFACE + http2.frame(http2.SETTINGS)
CALL = OPEN + http2.headers(http2.call(b"PublishStream"), 1)
CONTINUED = OPEN + http2.frame(http2.HEADERS, http2.call(b"Publish"), 0, 1)


def same(data):
    return lambda number: data


# name → what a connection begins with, and its frame of that number (from 0 in each connection)
FLOODS = {
    "reset": (OPEN, lambda n: http2._reset(2 * n + 1)),
    "ping": (OPEN, same(http2.frame(http2.PING, b"12345678"))),
    "settings": (OPEN, same(http2.frame(http2.SETTINGS))),
    "continuation": (CONTINUED, same(http2.frame(http2.CONTINUATION, http2._literal(b"x-a", b"y" * 100), 0, 1))),
    "empty data": (CALL, same(http2.frame(http2.DATA, stream=1))),
}
AT_ONCE = 200  # frames in one send


def flood(address, begin, make, frames):
    """Sends them all; the number of connections that it took."""
    host, port = address.rsplit(":", 1)
    sent, connections = 0, 0
    while sent < frames:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 5) as sock:
            connections += 1
            sock.settimeout(30)
            sock.sendall(begin)
            number = 0
            while sent < frames:
                count = min(AT_ONCE, frames - sent)
                sock.sendall(b"".join(make(number + i) for i in range(count)))
                number, sent = number + count, sent + count
                if select.select([sock], [], [], 0)[0]:
                    sock.recv(1 << 18)
        if connections > frames:
            break
    return connections


class Witness:
    """Publishes all the time; how long each took."""

    def __init__(self, hub):
        self._hub, self._took, self._end = hub, [], threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        with self._hub.client() as client:
            while not self._end.is_set():
                began = time.monotonic()
                client.publish(harness.system_event("witness"))
                self._took.append((began, (time.monotonic() - began) * 1000))
                self._end.wait(0.02)

    def p99(self, since):
        took = sorted(each for began, each in list(self._took) if began >= since)
        return took[int(len(took) * 0.99)] if took else float("nan")

    def end(self):
        self._end.set()
        self._thread.join()


def cpu(program):
    fields = pathlib.Path(f"/proc/{program.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(name, frames):
    with harness.start_hub(store="memory") as hub:
        witness = Witness(hub)
        quiet = time.monotonic()
        time.sleep(2)
        before, memory, worked, began = witness.p99(quiet), hub.memory(), cpu(hub), time.monotonic()
        command = [sys.executable, __file__, "--flood", name, "--at", hub.address(0), "--frames", str(frames)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
            most = memory
            while sender.poll() is None:
                most = max(most, hub.memory())
                time.sleep(0.02)
            connections = int(sender.stdout.read())
        took = time.monotonic() - began
        during, worked = witness.p99(began), cpu(hub) - worked
        time.sleep(5)
        after, dropped = hub.memory(), hub.metric("tocsin_connections_dropped_total")
        witness.end()
    print(f"{name:14} {took:6.2f} s {connections:6} connections {worked:6.2f} s CPU  p99 {before:6.1f} -> {during:7.1f} ms  "
          f"memory {memory >> 20} -> {most >> 20} -> {after >> 20} MiB  dropped {dropped:.0f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", choices=[[], *FLOODS])
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--flood")
    parser.add_argument("--at")
    arguments = parser.parse_args()
    if arguments.flood:
        os.nice(5)
        print(flood(arguments.at, *FLOODS[arguments.flood], arguments.frames))
        return
    for name in arguments.names or FLOODS:
        measure(name, arguments.frames)


if __name__ == "__main__":
    main()
