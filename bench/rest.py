#!/usr/bin/env python3
"""What HTTP costs over hub and bridge: lists of incidents, and alerts that are posted.

  bench/rest.py lists --log DIR [--seconds 5] [--conns 1]
  bench/rest.py alerts [--conns 64] [--rate 0] [--seconds 10] [--runs 3]

`lists` asks `GET /v1/incidents` for pages of 50 of the log in DIR with each kind of filter and order, one request at a time, and prints p50 and p99. DIR is what
`build/release/bench_incidents --dir=DIR` has made: 1,000,000 incidents, 100,000 of them active. `alerts` posts new alerts to `POST /v1/alerts` on connections that
are kept open, each with one request at a time, the log on disk and synced before an answer: as fast as they are taken, or at a rate. It prints what was answered a second, and
the processor time of each program for an alert. Programs come from TOCSIN_BIN (build/release); all of them share the machine's cores.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import time

os.environ.setdefault("BENCH_SERVER_CPUS", f"0-{os.cpu_count() - 1}")
import sides  # noqa: E402

FILTERS = {
    "none": "", "active_only": "active_only=true", "severity": "severity=P1", "state": "state=Resolved", "source": "source=source-7",
    "affected_resource": "affected_resource=node-77", "label, of a third": "labels.env=test", "label, of one in 200": "labels.service=service-77",
    "active P0 of two labels": "active_only=true&severity=P0&labels.env=prod&labels.team=team-7",
}
ALERT = ('{"title":"disk {n} is filling up","source":"monitor-{n}","severity":"P2","description":"' + "x" * 200 +
         '","affected_services":["node-{r}"],"labels":{"env":"production","team":"edge","own":"{n}"},"fingerprint":"alert-{n}"}')


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(address, *options):
    done = subprocess.run([pathlib.Path(os.environ["BENCH_BIN"]) / "httpload", "--address", address, *map(str, options)], capture_output=True, text=True)
    if not done.stdout:
        raise SystemExit(done.stderr)
    return {**json.loads(done.stdout), "first_failure": done.stderr.strip()[-600:]}


def lists(chosen):
    with sides.scratch("rest") as data:
        os.symlink(pathlib.Path(chosen.log).resolve(), data / "log")
        with sides.tocsin(data, sides.FILLING) as own:
            while sides.get(own.bridges[0], "/v1/incidents?page_size=1")[0] != 200:  # the index is loaded
                time.sleep(0.2)
            total = json.loads(sides.get(own.bridges[0], "/v1/incidents?page_size=1")[1])["total"]
            if total == 0:
                raise SystemExit(f"{chosen.log} has no incidents")
            print(f"{total} incidents\n\n| filter | order | answers/s | p50, ms | p99, ms | bytes |\n|---|---|---|---|---|---|")
            for name, query in FILTERS.items():
                for order in ("updated_at", "created_at", "severity"):
                    found = load(own.bridges[0], "--conns", chosen.conns, "--seconds", chosen.seconds, "--path", f"/v1/incidents?page_size=50&sort={order}&{query}".rstrip("&"))
                    print(f"| {name} | {order} | {found['per_second']:.0f} | {found['p50_ms']:.2f} | {found['p99_ms']:.2f} | {found['mean_body']:.0f} |", flush=True)
                    if found["failed"]:
                        raise SystemExit(f"{found['failed']} requests failed: {found['first_failure']}")


def alerts(chosen):
    rates, p99s, costs = [], [], []
    for run in range(chosen.runs):
        with sides.scratch("rest") as data, sides.tocsin(data, sides.ON_DISK) as own:
            before = [cpu(pid) for pid in own.pids]
            found = load(own.bridges[0], "--conns", chosen.conns, "--rate", chosen.rate, "--seconds", chosen.seconds, "--warmup", 0, "--method", "POST",
                         "--path", "/v1/alerts", "--body", ALERT, "--seed", run + 1)
            if found["failed"]:
                raise SystemExit(f"{found['failed']} alerts were not taken: {found['first_failure']}")
            spent = [cpu(pid) - old for pid, old in zip(own.pids, before)] + [found["client_cpu_s"]]
            costs.append([each * 1e6 / found["requests"] for each in spent])
            rates.append(found["per_second"])
            p99s.append(found["p99_ms"])
    print("| alerts/s | p99, ms | hub, µs of processor time an alert | bridge | sender |\n|---|---|---|---|---|")
    print(f"| {statistics.median(rates):.0f} | {statistics.median(p99s):.1f} | " + " | ".join(f"{statistics.median(each):.1f}" for each in zip(*costs)) + " |")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = options.add_subparsers(required=True)
    of_lists = commands.add_parser("lists")
    of_lists.add_argument("--log", required=True)
    of_lists.add_argument("--seconds", type=float, default=5)
    of_lists.add_argument("--conns", type=int, default=1)
    of_lists.set_defaults(run=lists)
    of_alerts = commands.add_parser("alerts")
    of_alerts.add_argument("--conns", type=int, default=64)
    of_alerts.add_argument("--rate", type=float, default=0)
    of_alerts.add_argument("--seconds", type=float, default=10)
    of_alerts.add_argument("--runs", type=int, default=3)
    of_alerts.set_defaults(run=alerts)
    chosen = options.parse_args()
    chosen.run(chosen)


if __name__ == "__main__":
    main()
