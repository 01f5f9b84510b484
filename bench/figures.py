#!/usr/bin/env python3
"""Runs the load program against the real hub and bridge, the floor, and peers that are installed, and prints Markdown rows.

  bench/figures.py [--quick] [--only NAME,NAME] [--own] [--runs 3]

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
os.environ.setdefault("BENCH_BIN", str(ROOT / "build/load"))
sys.path.insert(0, str(ROOT / "bench/load"))
import bench  # noqa: E402
import peers  # noqa: E402

PROGRAMS = pathlib.Path(os.environ.get("TOCSIN_BIN", ROOT / "build/release"))
LOAD = ROOT / "build/load"
SERVER_CORE, CLIENT_CORE = "0", "1"
READY_WITHIN = 20
# A message on /ws for an event of about 512 bytes; what the floor is given.
WS_MESSAGE_BYTES = 1013

def fan(connections, in_flight):
    return ["--conns", str(connections), "--duration", "3", "--inflight", str(in_flight), "--timeout", "40"]


FAN_PEERS = ["nats-ws", "redis"]
# name, what it is, sides (Tocsin's, the floor, peers of bench/load/peers.py), the load program's options
WORKLOADS = [
    ("ws-1000", "/ws, 1,000 subscribers, 64 in flight", ["tocsin-ws", *FAN_PEERS, "nchan", "mosquitto-ws", "floor"], fan(1000, 64)),
    ("ws-100", "/ws, 100 subscribers, 64 in flight", ["tocsin-ws", *FAN_PEERS, "floor"], fan(100, 64)),
    ("ws-5000", "/ws, 5,000 subscribers, 64 in flight", ["tocsin-ws", *FAN_PEERS, "floor"], fan(5000, 64)),
    ("ws-1000-16", "/ws, 1,000 subscribers, 16 in flight", ["tocsin-ws", *FAN_PEERS, "floor"], fan(1000, 16)),
    ("ws-1000-256", "/ws, 1,000 subscribers, 256 in flight", ["tocsin-ws", *FAN_PEERS, "floor"], fan(1000, 256)),
    ("ws-paced", "/ws, 1,000 subscribers, 100 events/s", ["tocsin-ws", *FAN_PEERS, "floor"], ["--conns", "1000", "--rate", "100", "--duration", "4"]),
    ("ws-filters", "/ws, 10,000 subscriptions, one match an event", ["tocsin-ws", *FAN_PEERS],
     ["--conns", "10000", "--selective", "--duration", "3", "--inflight", "1024", "--pub-window", "256", "--timeout", "40"]),
    ("ws-lone", "/ws, 1 subscriber, 20 events/s", ["tocsin-ws"], ["--conns", "1", "--rate", "20", "--duration", "4"]),
    ("grpc-1000", "gRPC, 1,000 streams, 64 in flight", ["tocsin-grpc", "etcd"], fan(1000, 64)),
    ("grpc-100", "gRPC, 100 streams, 64 in flight", ["tocsin-grpc", "etcd"], fan(100, 64)),
    ("grpc-paced", "gRPC, 1,000 streams, 100 events/s", ["tocsin-grpc", "etcd"], ["--conns", "1000", "--rate", "100", "--duration", "4"]),
    ("grpc-lone", "gRPC, 1 stream, 20 events/s", ["tocsin-grpc"], ["--conns", "1", "--rate", "20", "--duration", "4"]),
    ("ws-idle", "/ws, 10,000 idle connections", ["tocsin-ws", "nats-ws", "mosquitto-ws", "redis", "floor"],
     ["--mode", "idle", "--conns", "10000", "--hold", "1.5", "--timeout", "40"]),
    ("grpc-idle", "gRPC, 10,000 idle streams", ["tocsin-grpc"], ["--mode", "idle", "--conns", "10000", "--hold", "1.5", "--timeout", "40"]),
    ("publish-256", "synced publish, 256 events in flight", ["tocsin-grpc", "redis-aof-always", "etcd-put"],
     ["--mode", "pubonly", "--pub-window", "256", "--inflight", "1000000", "--duration", "3"]),
    ("publish-unary", "synced publish, 256 unary calls in flight", ["tocsin-grpc"],
     ["--mode", "pubonly", "--pub-window", "256", "--inflight", "1000000", "--duration", "3", "--unary"]),
    ("publish-1", "synced publish, one at a time", ["tocsin-grpc", "redis-aof-always", "etcd-put"],
     ["--mode", "pubonly", "--pub-window", "1", "--duration", "3"]),
]


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
    if target in peers.PEERS:
        if not peers.installed(target):
            return {"error": "not installed (scripts/setup --bench)"}
        return bench.measure(target, options, durable="pubonly" in options)
    if target == "floor":
        port = free_port()
        with server([LOAD / "rawfan", port, "coalesce"], subprocess.DEVNULL) as floor:
            until = time.monotonic() + READY_WITHIN
            while time.monotonic() < until:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            return load(["--target", "plainws", "--sub", f"127.0.0.1:{port}", "--payload", str(WS_MESSAGE_BYTES), *options], [floor.pid])
    with tocsin("pubonly" in options) as (hub, bridge, pids):
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


def median_of(name, results):
    good = sorted((result for result in results if "error" not in result), key=lambda result: key_of(name, result))
    return good[len(good) // 2] if good else results[-1]


def show(name, what, medians):
    """A row for each side; the ratio is Tocsin's figure to the side's."""
    own = next(iter(medians.values()))
    for target, result in medians.items():
        if "error" in result:
            print(f"| {what} | {target} | {result['error'].splitlines()[0][:80]} | | | | | | |", flush=True)
            continue
        row = describe(name, result)
        ratio = "" if result is own or "error" in own else f"{key_of(name, own) / max(key_of(name, result), 1e-9):.2f}"
        print(f"| {what} | {target} | {row['rate']} | {ratio} | {row['cpu']} | {row['p50']} | {row['p99']} | {row['memory']} | {row['lost']} |",
              flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="one run of each workload")
    options.add_argument("--only", help="workloads by name, with commas")
    options.add_argument("--own", action="store_true", help="Tocsin alone")
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    runs = 1 if chosen.quick else chosen.runs
    print("| workload | server | per second | Tocsin : this | CPU s per million | p50 ms | p99 ms | KB a connection, all connected | lost |")
    print("|---|---|---|---|---|---|---|---|---|")
    lost = False
    for name, what, targets, arguments in WORKLOADS:
        if chosen.only and name not in chosen.only.split(","):
            continue
        sides = targets[:1] if chosen.own else targets
        results = {target: [] for target in sides}
        for _ in range(runs):
            for target in sides:
                results[target].append(run_once(target, arguments))
        show(name, what, {target: median_of(name, each) for target, each in results.items()})
        lost = lost or any(result.get("lost", 0) for result in results[sides[0]])
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
