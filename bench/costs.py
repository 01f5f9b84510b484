#!/usr/bin/env python3
"""Prints what grows with what: a table of Tocsin's costs for each of subscribers, filters, event size, rate and bridges.

  bench/costs.py [--only subscribers,filters,size,rate,bridges]

One run of some two seconds a row: figures to compare within a table. Hub and bridges share core 0, the client has core 1.
"""
import argparse
import sys
from typing import NamedTuple

import sides
from figures import bound_by, failed

BOTH = ("tocsin-ws", "tocsin-grpc")
SECONDS = ["--duration", "2", "--timeout", "40"]
CLOSED = [*SECONDS, "--inflight", "64"]
# An event of the load program as it is published, without its payload (kTocsinEvent of bench/load/targets.hpp).
EVENT_BYTES = 156
# The least that the hub takes as an incident update, for small events.
SMALL_EVENT = "1:m(5:v=2;10:m(1:s=00000000-0000-7000-8000-000000000001;4:v=1;5:v=2;6:v=1;7:s={topic};8:s=x;9:s={payload}))"
SMALL_EVENT_BYTES = 64


class Row(NamedTuple):
    value: str
    options: list
    targets: tuple = BOTH
    bridges: int = 1


class Table(NamedTuple):
    name: str
    what: str
    column: str
    rows: list


def event_of(size):
    if size < 512:
        return ["--grpc-pub-body", SMALL_EVENT, "--payload", size - SMALL_EVENT_BYTES]
    return ["--payload", size - EVENT_BYTES]


def bytes_text(size):
    return f"{size} B" if size < 1024 else f"{size // 1024} KiB"


def subscribers(count):
    return ["--conns", count, *CLOSED]


TABLES = [
    Table("subscribers", "All match, 64 events in flight", "subscribers",
          [Row(f"{n:,}", subscribers(n)) for n in (1, 10, 100, 1000, 5000)]),
    Table("filters", "As many subscribers as filters, all distinct; an event matches one; 256 events in flight", "filters",
          [Row(f"{n:,}", ["--conns", n, "--selective", *SECONDS, "--inflight", 256, "--pub-window", 256]) for n in (1, 100, 10000)]),
    Table("size", "100 subscribers, all match, 64 events in flight", "event as published",
          [Row(bytes_text(n), [*subscribers(100), *event_of(n)]) for n in (128, 512, 4096, 65536)]),
    Table("rate", "100 subscribers, all match, events at a steady rate", "events/s asked",
          [Row(f"{n:,}", ["--conns", 100, *SECONDS, "--rate", n, "--pub-window", 4096]) for n in (10, 100, 1000, 10000)]),
    Table("bridges", "500 subscribers on each bridge, all match, 200 events/s; all bridges and the hub on one core", "bridges",
          [Row(f"{n}", ["--conns", 500 * n, *SECONDS, "--rate", 200], BOTH[:1], n) for n in (1, 2, 4)]),
]
HEADER = ["server", "events/s", "deliveries/s", "CPU µs a delivery", "hub's CPU µs an event", "p50 ms", "p99 ms", "full core", "lost"]


def cells(result):
    if "error" in result:
        return [result["error"].splitlines()[0][:80], *[""] * (len(HEADER) - 2)]
    hub = 1e6 * result["server_cpu_s_each"][0] / max(result["published"], 1)
    return [f"{result['events_s']:,.0f}", f"{result['deliveries_s']:,.0f}", f"{result['server_cpu_s_per_million']:.2f}", f"{hub:,.1f}",
            f"{result['p50_us'] / 1000:.2f}", f"{result['p99_us'] / 1000:.2f}", bound_by(result), str(result["lost"])]


def line(values):
    print("| " + " | ".join(map(str, values)) + " |", flush=True)


def run(table):
    """Prints the table; true when a run failed or lost something."""
    print(f"\n### By {table.column}\n\n{table.what}.\n")
    line([table.column, *HEADER])
    print("|---" * (len(HEADER) + 1) + "|", flush=True)
    bad = False
    for row in table.rows:
        for target in row.targets:
            result = sides.own(target, row.options, sides.IN_MEMORY, bridges=row.bridges)
            line([row.value, target, *cells(result)])
            bad = bad or failed(result)
    return bad


def main():
    names = [table.name for table in TABLES]
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", help="tables by name, with commas", default=",".join(names))
    chosen = options.parse_args().only.split(",")
    if set(chosen) - set(names):
        raise SystemExit(f"no table {', '.join(sorted(set(chosen) - set(names)))}; there are {', '.join(names)}")
    failures = [run(table) for table in TABLES if table.name in chosen]
    return 1 if any(failures) else 0


if __name__ == "__main__":
    sys.exit(main())
