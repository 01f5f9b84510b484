#!/usr/bin/env python3
"""Runs the load program against the real hub and bridge, and against the floor, and prints a Markdown row per workload.

  bench/figures.py [--quick] [--only NAME] [--runs 3]

Servers together on core 0, the client on core 1; each workload's sides run in turn, in one run of this script; medians. The floor (rawfan)
is a broadcast server with nothing in it but the kernel's cost; it is given messages of the size that Tocsin's have on /ws.
"""
import argparse
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = pathlib.Path(os.environ.get("TOCSIN_BIN", ROOT / "build/release"))
LOAD = ROOT / "build/load"
SERVER_CORE, CLIENT_CORE = "0", "1"
READY_WITHIN = 20
# A message on /ws for an event of about 512 bytes; what the floor is given.
WS_MESSAGE_BYTES = 1013

FAN = ["--duration", "4", "--inflight", "64"]
# name, what it is, sides {target: options}
WORKLOADS = [
    ("ws-1000", "/ws, 1,000 subscribers, 64 in flight", ["tocsin-ws", "floor"], ["--conns", "1000", *FAN]),
    ("ws-100", "/ws, 100 subscribers, 64 in flight", ["tocsin-ws", "floor"], ["--conns", "100", *FAN]),
    ("grpc-1000", "gRPC, 1,000 streams, 64 in flight", ["tocsin-grpc"], ["--conns", "1000", *FAN]),
    ("grpc-100", "gRPC, 100 streams, 64 in flight", ["tocsin-grpc"], ["--conns", "100", *FAN]),
    ("ws-paced", "/ws, 1,000 subscribers, 100 events/s", ["tocsin-ws", "floor"],
     ["--conns", "1000", "--rate", "100", "--duration", "5"]),
    ("ws-lone", "/ws, 1 subscriber, 20 events/s", ["tocsin-ws"], ["--conns", "1", "--rate", "20", "--duration", "5"]),
    ("grpc-lone", "gRPC, 1 stream, 20 events/s", ["tocsin-grpc"], ["--conns", "1", "--rate", "20", "--duration", "5"]),
    ("ws-idle", "/ws, 10,000 idle connections", ["tocsin-ws", "floor"], ["--mode", "idle", "--conns", "10000"]),
    ("publish-256", "synced publish, 256 unary calls in flight", ["tocsin-grpc"],
     ["--mode", "pubonly", "--pub-window", "256", "--duration", "4"]),
    ("publish-1", "synced publish, one at a time", ["tocsin-grpc"],
     ["--mode", "pubonly", "--pub-window", "1", "--duration", "4"]),
]
QUICK = {"ws-1000", "grpc-1000", "ws-lone", "ws-idle", "publish-256"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def server(command, log):
    """A program on the servers' core, ready once it says where it listens."""
    process = subprocess.Popen(["taskset", "-c", SERVER_CORE, *map(str, command)], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_listening(process):
    line = process.stdout.readline()
    if not line.startswith("listening on "):
        raise SystemExit(f"a server did not start: {line!r}")


def wait_ready(port):
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as s:
            s.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            if b" 200 " in s.recv(64):
                return
        time.sleep(0.05)
    raise SystemExit("the bridge does not become ready")


@contextlib.contextmanager
def tocsin(durable):
    """Hub and bridge; yields the load program's addresses and the process ids that count as the server."""
    with tempfile.TemporaryDirectory(prefix="bench", dir=ROOT / "build") as data, open(os.path.join(data, "log"), "w") as log:
        hub_port, bridge_port = free_port(), free_port()
        store = ["--durability", "always"] if durable else ["--store", "memory", "--durability", "memory"]
        hub = [PROGRAMS / "tocsin-hub", "--listen", f"127.0.0.1:{hub_port}", "--ops-listen", "", "--data-dir", data + "/data", *store]
        bridge = [PROGRAMS / "tocsin-bridge", "--listen", f"127.0.0.1:{bridge_port}", "--hub", f"127.0.0.1:{hub_port}", "--threads", "1"]
        with server(hub, log) as h:
            wait_listening(h)
            with server(bridge, log) as b:
                wait_listening(b)
                wait_ready(bridge_port)
                yield hub_port, bridge_port, [h.pid, b.pid]


def load(arguments, pids):
    command = ["taskset", "-c", CLIENT_CORE, str(LOAD / "wsload"), *arguments, "--server-pids", ",".join(map(str, pids))]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=120)
    if not done.stdout.strip():
        raise SystemExit(f"the load program failed: {' '.join(command)}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def run_once(target, options):
    if target == "floor":
        port = free_port()
        with server([LOAD / "rawfan", port, "coalesce"], subprocess.DEVNULL) as floor:
            until = time.monotonic() + READY_WITHIN
            while time.monotonic() < until:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            return load(["--target", "plainws", "--sub", f"127.0.0.1:{port}", "--payload", str(WS_MESSAGE_BYTES), *options], [floor.pid])
    durable = "pubonly" in options
    with tocsin(durable) as (hub, bridge, pids):
        sub = bridge if target == "tocsin-ws" else hub
        return load(["--target", target, "--sub", f"127.0.0.1:{sub}", "--pub", f"127.0.0.1:{hub}", *options], pids)


def describe(name, result):
    """The columns of one side: rate, CPU seconds per million, p50, p99 (ms), KB a connection."""
    idle, publish = name.endswith("idle"), name.startswith("publish")
    rate = result.get("acks_s" if publish else "deliveries_s", 0)
    return {
        "rate": "" if idle else f"{rate:,.0f}",
        "cpu": "" if idle else f"{result['server_cpu_s_per_million']:.2f}",
        "p50": "" if idle or publish else f"{result['p50_us'] / 1000:.2f}",
        "p99": "" if idle or publish else f"{result['p99_us'] / 1000:.2f}",
        "memory": f"{result['bytes_per_conn'] / 1024:.1f}, in {result['connect_s']:.2f} s" if idle else "",
        "lost": str(result.get("lost", 0)),
    }


def key_of(name, result):
    if name.endswith("idle"):
        return result["bytes_per_conn"]
    return result["acks_s" if name.startswith("publish") else "deliveries_s"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="one run of the main workloads")
    options.add_argument("--only", help="one workload by name")
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    runs = 1 if chosen.quick else chosen.runs
    print("| workload | server | per second | CPU s per million | p50 ms | p99 ms | KB a connection, all connected | lost |")
    print("|---|---|---|---|---|---|---|---|")
    lost = False
    for name, what, targets, arguments in WORKLOADS:
        if (chosen.only and name != chosen.only) or (chosen.quick and not chosen.only and name not in QUICK):
            continue
        results = {target: [] for target in targets}
        for _ in range(runs):
            for target in targets:
                results[target].append(run_once(target, arguments))
        for target in targets:
            ordered = sorted(results[target], key=lambda result: key_of(name, result))
            row = describe(name, ordered[len(ordered) // 2])
            lost = lost or any(result.get("lost", 0) for result in results[target])
            print(f"| {what} | {target} | {row['rate']} | {row['cpu']} | {row['p50']} | {row['p99']} | {row['memory']} | {row['lost']} |",
                  flush=True)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
