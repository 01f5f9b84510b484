#!/usr/bin/env python3
"""Runs the load program against the real hub and bridge, the floor, and peers that are installed, and prints Markdown rows.

  bench/figures.py [--quick] [--only NAME,NAME] [--own] [--before FOLDER] [--runs 3]

Servers together on core 0, the client on core 1; each workload's sides run in turn, in one run of this script; medians. The floor (rawfan)
is a broadcast server with nothing in it but the kernel's cost, given messages of the size that Tocsin's have on /ws; that of a replay
is the store read alone (bench_read), and beside it the hub's records made from what is read. With --before, the programs of another
build are a side too: the rows "before".
"""
import argparse
import pathlib
import sys
from typing import NamedTuple

import sides

REPLAY_EVENTS, REPLAY_EVENTS_QUICK = 300_000, 100_000


class Workload(NamedTuple):
    name: str
    what: str
    sides: list     # Tocsin's first; the floor; peers of bench/load/peers.py
    options: list   # the load program's
    kind: str = "fan"   # fan, shipped (fan, with each side's log on disk), idle, publish, replay or window
    bridge: tuple = ()  # the bridge's options


def fan(connections, in_flight):
    return ["--conns", str(connections), "--duration", "3", "--inflight", str(in_flight), "--timeout", "40"]


def paced(connections, rate):
    return ["--conns", str(connections), "--rate", str(rate), "--duration", "4"]


IDLE = ["--mode", "idle", "--conns", "10000", "--hold", "1.5", "--timeout", "40"]
PUBLISH = ["--mode", "pubonly", "--duration", "3"]
DURABLE_PEERS = ["jetstream", "etcd"]  # JetStream answers before its sync (sync_interval, 2 minutes); Tocsin and etcd sync first
MANY = [*PUBLISH, "--pub-window", "256", "--inflight", "1000000"]
FAN_PEERS = ["nats-ws", "redis"]
GRAPHQL_PEERS = ["node-graphql-ws", "node-graphql-yoga"]
DEFLATE = ("--compression", "deflate")
READERS = {"records alone": "log", "floor": "store"}  # bench_read
BEFORE = " before"  # behind the name of a side: the same with the other build's programs
WORKLOADS = [
    Workload("ws-1000", "/ws, 1,000 subscribers, 64 in flight", ["tocsin-ws", *FAN_PEERS, "nchan", "mosquitto-ws", "floor"], fan(1000, 64)),
    Workload("ws-100", "/ws, 100 subscribers, 64 in flight", ["tocsin-ws", *FAN_PEERS, "floor"], fan(100, 64)),
    Workload("ws-5000", "/ws, 5,000 subscribers, 64 in flight", ["tocsin-ws", *FAN_PEERS, "floor"], fan(5000, 64)),
    Workload("ws-1000-16", "/ws, 1,000 subscribers, 16 in flight", ["tocsin-ws", *FAN_PEERS, "floor"], fan(1000, 16)),
    Workload("ws-1000-256", "/ws, 1,000 subscribers, 256 in flight", ["tocsin-ws", *FAN_PEERS, "floor"], fan(1000, 256)),
    Workload("ws-paced", "/ws, 1,000 subscribers, 100 events/s", ["tocsin-ws", *FAN_PEERS, "floor"], paced(1000, 100)),
    Workload("ws-filters", "/ws, 10,000 subscriptions, one match an event", ["tocsin-ws", *FAN_PEERS],
             ["--conns", "10000", "--selective", "--duration", "3", "--inflight", "1024", "--pub-window", "256", "--timeout", "40"]),
    Workload("wss-1000", "/ws over TLS, 1,000 subscribers, 64 in flight", ["tocsin-ws over TLS", "nats-wss", "tocsin-ws"], fan(1000, 64)),
    Workload("wss-paced", "/ws over TLS, 1,000 subscribers, 100 events/s", ["tocsin-ws over TLS", "nats-wss", "tocsin-ws"], paced(1000, 100)),
    Workload("wss-idle", "/ws over TLS, 10,000 idle connections", ["tocsin-ws over TLS", "nats-wss", "tocsin-ws"], IDLE, "idle"),
    Workload("ws-tokens", "/ws with tokens and permissions, 1,000 subscribers, 64 in flight", ["tocsin-ws with tokens", "tocsin-ws"], fan(1000, 64)),
    Workload("grpc-tokens", "gRPC with tokens and permissions, 1,000 streams, 64 in flight", ["tocsin-grpc with tokens", "tocsin-grpc"], fan(1000, 64)),
    Workload("ws-deflate", "/ws compressed, 1,000 subscribers, 64 in flight", ["tocsin-ws", "nchan-deflate"],
             [*fan(1000, 64), "--deflate"], bridge=DEFLATE),
    Workload("graphql-1000", "/graphql/ws, 1,000 subscribers of one operation, 64 in flight",
             ["tocsin-graphql", "tocsin-ws", *GRAPHQL_PEERS], fan(1000, 64)),
    Workload("graphql-1000-each", "/graphql/ws, 1,000 subscribers, each with an operation of its own, 64 in flight",
             ["tocsin-graphql-each", "tocsin-graphql"], fan(1000, 64)),
    Workload("graphql-paced", "/graphql/ws, 1,000 subscribers of one operation, 100 events/s",
             ["tocsin-graphql", "tocsin-ws", *GRAPHQL_PEERS], paced(1000, 100)),
    Workload("graphql-deflate", "/graphql/ws compressed, 1,000 subscribers of one operation, 64 in flight", ["tocsin-graphql", "tocsin-ws"],
             [*fan(1000, 64), "--deflate"], bridge=DEFLATE),
    Workload("sse-1000", "server-sent events, 1,000 subscribers, 64 in flight", ["tocsin-sse", "nchan-sse"], fan(1000, 64)),
    Workload("sse-100", "server-sent events, 100 subscribers, 64 in flight", ["tocsin-sse", "nchan-sse"], fan(100, 64)),
    Workload("ws-lone", "/ws, 1 subscriber, 20 events/s", ["tocsin-ws"], paced(1, 20)),
    Workload("grpc-1000", "gRPC, 1,000 streams, 64 in flight", ["tocsin-grpc", "etcd"], fan(1000, 64)),
    Workload("grpc-100", "gRPC, 100 streams, 64 in flight", ["tocsin-grpc", "etcd"], fan(100, 64)),
    Workload("grpc-paced", "gRPC, 1,000 streams, 100 events/s", ["tocsin-grpc", "etcd"], paced(1000, 100)),
    Workload("grpc-lone", "gRPC, 1 stream, 20 events/s", ["tocsin-grpc"], paced(1, 20)),
    Workload("shipped-ws-1000", "as shipped: /ws, 1,000 subscribers, 64 in flight", ["tocsin-ws", *DURABLE_PEERS], fan(1000, 64), "shipped"),
    Workload("shipped-ws-100", "as shipped: /ws, 100 subscribers, 64 in flight", ["tocsin-ws", *DURABLE_PEERS], fan(100, 64), "shipped"),
    Workload("shipped-grpc-1000", "as shipped: gRPC, 1,000 streams, 64 in flight", ["tocsin-grpc", *DURABLE_PEERS], fan(1000, 64), "shipped"),
    Workload("shipped-grpc-100", "as shipped: gRPC, 100 streams, 64 in flight", ["tocsin-grpc", *DURABLE_PEERS], fan(100, 64), "shipped"),
    Workload("shipped-ws-lone", "as shipped: /ws, 1 subscriber, 20 events/s", ["tocsin-ws", *DURABLE_PEERS], paced(1, 20), "shipped"),
    Workload("shipped-grpc-lone", "as shipped: gRPC, 1 stream, 20 events/s", ["tocsin-grpc", *DURABLE_PEERS], paced(1, 20), "shipped"),
    Workload("replay-grpc", "replay from disk, gRPC, 1 stream", ["tocsin-grpc", "records alone", "floor"], ["1"], "replay"),
    Workload("replay-grpc-10", "replay from disk, gRPC, 10 streams", ["tocsin-grpc"], ["10"], "replay"),
    Workload("replay-ws", "replay from disk, /ws, 1 subscriber", ["tocsin-ws", "floor"], ["1"], "replay"),
    Workload("replay-ws-10", "replay from disk, /ws, 10 subscribers", ["tocsin-ws"], ["10"], "replay"),
    Workload("replay-window", "replay from the bridge's window, /ws, 1 subscriber", ["tocsin-ws"], ["1"], "window"),
    Workload("ws-idle", "/ws, 10,000 idle connections", ["tocsin-ws", "nats-ws", "mosquitto-ws", "redis", "floor"], IDLE, "idle"),
    Workload("graphql-idle", "/graphql/ws, 10,000 idle subscribers of one operation", ["tocsin-graphql", "tocsin-ws", *GRAPHQL_PEERS], IDLE, "idle"),
    Workload("ws-deflate-idle", "/ws compressed, 10,000 idle connections", ["tocsin-ws"], [*IDLE, "--deflate"], "idle", DEFLATE),
    Workload("grpc-idle", "gRPC, 10,000 idle streams", ["tocsin-grpc"], IDLE, "idle"),
    Workload("publish-256", "synced publish, 256 events in flight", ["tocsin-grpc", "redis-aof-always", "etcd-put"], MANY, "publish"),
    Workload("publish-unary", "synced publish, 256 unary calls in flight", ["tocsin-grpc"], [*MANY, "--unary"], "publish"),
    Workload("publish-1", "synced publish, one at a time", ["tocsin-grpc", "redis-aof-always", "etcd-put"],
             [*PUBLISH, "--pub-window", "1"], "publish"),
]


def run_once(workload, target, builds):
    """`builds`: the folder of the programs and the log to replay, of this build and of the one before."""
    name = target.removesuffix(BEFORE)
    folder, log = builds[0 if name == target else 1]
    with sides.programs_of(folder):
        return sides.missing(workload.options, workload.bridge) or run_side(workload, name, log)


def run_side(workload, target, log):
    if workload.kind == "replay":
        if target in READERS:
            return sides.read_alone(READERS[target], log)
        return sides.replay(target, log, workload.options[0])
    if workload.kind == "window":
        return sides.replay_window(target, log.events, workload.options[0])
    durable = workload.kind in ("publish", "shipped")
    if target.startswith("tocsin"):
        return sides.own(target, workload.options, sides.ON_DISK if durable else sides.IN_MEMORY, workload.bridge)
    return sides.peer(target, workload.options, durable)


def key_of(kind, result):
    """The figure that sides are compared by."""
    return result[{"idle": "bytes_per_conn", "publish": "acks_s"}.get(kind, "deliveries_s")]


def bound_by(result):
    """Whose core was full: only the servers' makes the rate a figure of theirs."""
    shares = {"servers": result.get("server_cpu_share", 0), "client": result.get("client_cpu_share", 0)}
    return " and ".join(name for name, share in shares.items() if share > 0.9)


def describe(kind, result):
    """The columns of one side: rate, CPU seconds per million, p50, p99 (ms), KB a connection."""
    idle, timed = kind == "idle", kind in ("fan", "shipped")
    return {
        "rate": "" if idle else f"{key_of(kind, result):,.0f}",
        "cpu": "" if idle else f"{result['server_cpu_s_per_million']:.2f}",
        "p50": f"{result['p50_us'] / 1000:.2f}" if timed else "",
        "p99": f"{result['p99_us'] / 1000:.2f}" if timed else "",
        "memory": f"{result['bytes_per_conn'] / 1024:.1f}, in {result['connect_s']:.2f} s" if idle else "",
        "bound": bound_by(result),
        "lost": str(result.get("lost", 0)),
    }


def median_of(kind, results):
    good = sorted((result for result in results if "error" not in result), key=lambda result: key_of(kind, result))
    return good[len(good) // 2] if good else results[-1]


HEADER = ["workload", "server", "per second", "Tocsin : this", "CPU s per million", "p50 ms", "p99 ms", "KB a connection, all connected",
          "full core", "lost"]


def show(workload, medians):
    """A row for each side; the ratio is Tocsin's figure to the side's."""
    own = next(iter(medians.values()))
    for target, result in medians.items():
        if "error" in result:
            cells = [result["error"].splitlines()[0][:80]]
        else:
            row = describe(workload.kind, result)
            ratio = key_of(workload.kind, own) / max(key_of(workload.kind, result), 1e-9) if "error" not in own else 0
            cells = [row["rate"], "" if result is own or not ratio else f"{ratio:.2f}", row["cpu"], row["p50"], row["p99"],
                     row["memory"], row["bound"], row["lost"]]
        cells = [workload.what, target, *cells]
        print("| " + " | ".join(cells + [""] * (len(HEADER) - len(cells))) + " |", flush=True)


def failed(result):
    """Tocsin's side lost something, repeated or mixed up something, or did not run."""
    if result.get("skipped"):
        return False
    return "error" in result or any(result.get(bad, 0) for bad in ("lost", "duplicates", "out_of_order", "disconnected"))


def chosen_workloads(only):
    names = only.split(",") if only else [each.name for each in WORKLOADS]
    unknown = set(names) - {each.name for each in WORKLOADS}
    if unknown:
        raise SystemExit(f"no workload {', '.join(sorted(unknown))}; there are {', '.join(each.name for each in WORKLOADS)}")
    return [each for each in WORKLOADS if each.name in names]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="one run of each workload")
    options.add_argument("--only", help="workloads by name, with commas")
    options.add_argument("--own", action="store_true", help="Tocsin alone")
    options.add_argument("--before", type=pathlib.Path, help="the folder with another build's programs")
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    workloads = chosen_workloads(chosen.only)
    folders = [sides.PROGRAMS, *([chosen.before] if chosen.before else [])]
    builds = [(folder, sides.FilledLog(REPLAY_EVENTS_QUICK if chosen.quick else REPLAY_EVENTS)) for folder in folders]
    print("| " + " | ".join(HEADER) + " |")
    print("|---" * len(HEADER) + "|", flush=True)
    bad = False
    for workload in workloads:
        own = workload.sides[:1]
        targets = [*own, *([own[0] + BEFORE] if chosen.before else []), *([] if chosen.own else workload.sides[1:])]
        results = {target: [] for target in targets}
        for _ in range(1 if chosen.quick else chosen.runs):
            for target in targets:
                results[target].append(run_once(workload, target, builds))
        show(workload, {target: median_of(workload.kind, each) for target, each in results.items()})
        bad = bad or any(failed(result) for result in results[targets[0]])
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
