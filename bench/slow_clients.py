#!/usr/bin/env python3
"""What clients that are slow on purpose cost: slowhttptest in its three modes, and TLS handshakes that are never finished.

  .venv/bin/python bench/slow_clients.py [--connections 2000] [--handshakes 10000] [--seconds 20]

One hub and one bridge without TLS and one of each with it; nobody but the slow clients and a witness, who asks both for their health over
new connections and gets events over gRPC and /ws, and over TLS connects and waits for an answer. Prints a Markdown row an attack: the witness's p99 before and
during it, the bridge's resident memory before, during and a minute after it ended, and what became of the connections. This machine is
exempt from the limits by address, so they do not help. slowhttptest is a package of Debian's.
TOCSIN_BIN names the folder with the programs.
"""
import argparse
import contextlib
import pathlib
import re
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "tests" / "faults")]
import harness  # noqa: E402
import load_witness  # noqa: E402
from harness_tls import Authority, Files  # noqa: E402

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
STATUS = re.compile(r"(pending|connected|error|closed|service available): +(\w+)")
BACK = 60.0  # seconds after an attack until memory is looked at again
MODES = {"slow headers": ["-H"], "slow bodies": ["-B", "-t", "POST"], "slow reads": ["-X", "-w", "1", "-y", "256", "-n", "1", "-z", "5", "-k", "3"]}
PATHS = {"slow headers": "/", "slow bodies": "/v1/alerts", "slow reads": "/v1/openapi.json"}
PART_OF_A_HELLO = bytes.fromhex("16030100c8010000c40303")  # a record of 200 bytes begins


class Slowhttptest:
    """One of its modes, until the end of the block."""

    def __init__(self, mode, bridge, asked):
        rate = max(asked.connections // 5, 1)
        self._command = ["slowhttptest", *MODES[mode], "-c", asked.connections, "-r", rate, "-i", 1, "-l", asked.seconds, "-s", 1 << 20,
                         "-f", "application/json", "-u", f"http://{bridge.address(0)}{PATHS[mode]}", "-v", 1]

    def __enter__(self):
        self._process = subprocess.Popen([*map(str, self._command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return self

    def told(self):
        out = self._process.communicate(timeout=120)[0]
        last = dict(STATUS.findall(COLOURS.sub("", out)))  # it tells more than once how they are
        return ", ".join(f"{name} {last[name]}" for name in last) or out.strip()[-200:]

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()


class HalfOpen:
    """Connections that send the beginning of a handshake, in 50 at a time; one that is closed comes back."""

    def __init__(self, bridge, asked):
        host, port = bridge.address(0).rsplit(":", 1)
        self._to, self._wanted, self.closed, self.oldest = (host, int(port)), asked.handshakes, 0, 0.0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        with selectors.DefaultSelector() as ready:
            while not self._ending.is_set():
                for _ in range(min(50, self._wanted - len(ready.get_map()))):
                    self._open(ready)
                for key, _ in ready.select(0.005):
                    self._look(ready, key)
            for key in list(ready.get_map().values()):
                key.fileobj.close()

    def _open(self, ready):
        with contextlib.suppress(OSError):
            made = socket.create_connection(self._to, 5)
            made.sendall(PART_OF_A_HELLO)
            made.setblocking(False)
            ready.register(made, selectors.EVENT_READ, time.monotonic())

    def _look(self, ready, key):
        with contextlib.suppress(BlockingIOError, ConnectionError):
            if key.fileobj.recv(4096):
                return
        self.closed += 1
        self.oldest = max(self.oldest, time.monotonic() - key.data)
        ready.unregister(key.fileobj)
        key.fileobj.close()

    def __enter__(self):
        self._thread.start()
        return self

    def told(self):
        return f"{self.closed} closed by the bridge, the oldest after {self.oldest:.1f} s"

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join()


HEALTH = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # the preface and empty SETTINGS


def handshakes(program, context, ask, seconds):
    """p99 in ms of a new connection, its handshake and the first bytes of an answer to `ask`."""
    host, port = program.address(0).rsplit(":", 1)
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        since = time.monotonic()
        with socket.create_connection((host, int(port)), 10) as plain, context.wrap_socket(plain, server_hostname="localhost") as asking:
            asking.sendall(ask)
            assert asking.recv(4096), "it was closed"
        times.append(time.monotonic() - since)
        time.sleep(load_witness.PAUSE)
    return {"handshake and answer": load_witness.p99(times)}


def row(name, program, attack, measure):
    """`measure` gives the witness's figures."""
    quiet, before = measure(), program.memory()
    with attack:
        time.sleep(6)  # until its connections stand
        during, most = measure(), program.memory()
        told = attack.told()
    time.sleep(BACK)
    latest = max(during, key=lambda each: during[each] / max(quiet[each], 0.1))
    sizes = " -> ".join(f"{size >> 20}" for size in (before, most, program.memory()))
    print(f"| {name} | {latest} {quiet[latest]:.1f} -> {during[latest]:.1f} | {sizes} | {told} |", flush=True)


def half_handshakes(hub, bridge, authority, asked):
    context = authority.client()
    row(f"half handshakes at the bridge, {asked.handshakes}", bridge, HalfOpen(bridge, asked), lambda: handshakes(bridge, context, HEALTH, 5))
    context = authority.client()
    context.set_alpn_protocols(["h2"])
    row(f"half handshakes at the hub, {asked.handshakes}", hub, HalfOpen(hub, asked), lambda: handshakes(hub, context, HTTP2, 5))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("connections", 2000), ("handshakes", 10_000), ("seconds", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    if shutil.which("slowhttptest") is None:
        raise SystemExit("there is no slowhttptest (apt-get install slowhttptest)")
    print("| attack | the witness, p99 ms | MiB before, during, a minute after | its connections |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
            for mode in MODES:
                row(f"{mode}, {asked.connections}", bridge, Slowhttptest(mode, bridge, asked),
                    lambda: load_witness.measure(hub, bridge, 5, pathlib.Path(folder) / "history")[0])
        authority = Authority(folder)
        tls = Files(folder, authority.issue()).flags
        with harness.start_hub(*tls) as hub, harness.start_bridge(hub, *tls, "--hub-ca", authority.file, wait=False) as bridge:
            harness.wait_for(lambda: "the hub is connected" in bridge.log(), what="the bridge to be ready")
            half_handshakes(hub, bridge, authority, asked)


if __name__ == "__main__":
    main()
