#!/usr/bin/env python3
"""A steady load for minutes: does memory stay where it is?

  bench/soak.py [MINUTES] [--samples FILE]     10 minutes unless told otherwise

Hub (log on disk, a small retention, so that it is trimmed all the time) and bridge get 1,000 events a second for 100 subscribers
on /ws and 20 gRPC streams. Beside them some come and go every few seconds, some of these read all that is held first, and one reads
too slowly. Memory is sampled every 0.7 s: RSS, and each gauge of /metrics that has to do with bytes or memory. Exit status 1: the RSS
of hub or bridge grew by more than the bound over the second half (judged from 8 minutes on), an event was lost or came twice, or a
program ended.
"""
import argparse
import base64
import collections
import contextlib
import json
import re
import socket
import sys
import threading
import time

import sides
from servers import finish_wsload, run_wsload, start_wsload

RATE, WS_SUBSCRIBERS, GRPC_SUBSCRIBERS = 1000, 100, 20
# Some come and go every 5 s, and what they take comes and goes with them: samples at a multiple of that would see the same moment of it
# for minutes, then another, and call the drift a growth.
SAMPLE_SECONDS = 0.7
# The bound: what it would be to keep the least that an allocator gives of each event published, 938 KB a minute. Anything kept by the
# event, by the delivery or by the subscriber that comes and goes for long enough is above it.
LEAST_ALLOCATION_BYTES = 16
MAX_GROWTH_KB_PER_MINUTE = RATE * 60 * LEAST_ALLOCATION_BYTES / 1024
# The store's write buffers fill and empty (32 MiB, about three quarters of a minute at this rate), and an allocator gives back in
# steps: the slope is taken of the mean of the last minute. Then such a saw-tooth alone comes to less than half of the bound in 10
# minutes. In less than eight it is shown and not judged.
SMOOTH_SECONDS = 60
JUDGED_MINUTES = 8
# The hub remembers so many ids, for 10 minutes: published before the clock starts, they do not look like growth.
REMEMBERED_IDS = 1_000_000
RETAIN = ["--retain-events", 50_000]


# --- Subscribers that the load program does not have

class Slow(threading.Thread):
    """Subscribes on /ws, takes 16 KiB every half second, answers no ping; comes back when it is thrown out."""

    SUBSCRIBE = b'{"type":"subscribe","subscription_id":"slow","filters":{"sources":["ev.0"]}}'

    def __init__(self, address, stop):
        super().__init__(daemon=True)
        self.address, self.stop, self.sessions, self.taken, self.refused = address, stop, 0, 0, ""

    def run(self):
        while not self.stop.is_set():
            with contextlib.suppress(OSError):
                self.session()
            self.stop.wait(1)

    def session(self):
        host, port = self.address.split(":")
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            s.settimeout(20)
            s.connect((host, int(port)))
            key = base64.b64encode(bytes(16)).decode()
            s.sendall(f"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
            answer = s.recv(16384)
            if not answer.startswith(b"HTTP/1.1 101 "):
                self.refused = answer.decode(errors="replace").partition("\r\n")[0] or "no answer"
                return
            # One text frame; the mask of zeros is a mask too.
            s.sendall(bytes([0x81, 0x80 | len(self.SUBSCRIBE), 0, 0, 0, 0]) + self.SUBSCRIBE)
            self.sessions += 1
            while not self.stop.wait(0.5) and (part := s.recv(16384)):
                self.taken += len(part)

    def result(self):
        """As the load program's, so far as there is one: it counts no events."""
        return {"error": f"refused: {self.refused}"} if self.refused else {} if self.taken > 65536 else {"error": "took nothing"}


class ComeAndGo(threading.Thread):
    """Subscribers that stay some seconds, leave without a word, and come back after one."""

    def __init__(self, own, target, count, more, stop):
        super().__init__(daemon=True)
        self.options = [*own.target(target), "--mode", "listen", "--conns", count, "--duration", 4, *more]
        self.pids, self.stop, self.results = own.pids, stop, []

    def run(self):
        while not self.stop.wait(1):
            self.results.append(run_wsload(self.options, self.pids))


# --- Samples

def rss_kb(pid):
    with open(f"/proc/{pid}/status") as status:
        found = re.search(r"VmRSS:\s+(\d+)", status.read())
    if not found:
        raise SystemExit("a server has ended")
    return int(found.group(1))


def gauges(address):
    """Name to value, of each gauge of a /metrics page whose name has to do with bytes or memory."""
    page = sides.get(address, "/metrics")[1]
    names = [name for name in re.findall(r"^# TYPE (\S+) gauge$", page, re.M) if re.search("bytes|memory", name)]
    return {name + labels: float(value)
            for name in names
            for labels, value in re.findall(rf"^{name}(\{{[^}}]*\}})? (\S+)$", page, re.M)}


def sample(own):
    values = {"hub RSS": rss_kb(own.pids[0]), "bridge RSS": rss_kb(own.pids[1])}
    for address in (own.ops, own.bridges[0]):
        values.update((name, value / 1024) for name, value in gauges(address).items())
    return values


def collect(own, seconds):
    """[(seconds since the start, {name: KB})]."""
    start, samples = time.monotonic(), []
    while (now := time.monotonic() - start) <= seconds:
        samples.append((now, sample(own)))
        time.sleep(max(0.0, start + len(samples) * SAMPLE_SECONDS - time.monotonic()))
    return samples


# --- Verdict

def smooth(points):
    """[(t, the mean of the last minute)] of [(t, value)]."""
    minute, total, means = collections.deque(), 0.0, []
    for t, value in points:
        minute.append((t, value))
        total += value
        while minute[0][0] <= t - SMOOTH_SECONDS:
            total -= minute.popleft()[1]
        means.append((t, total / len(minute)))
    return means


def slope_per_minute(points):
    """By least squares."""
    mean_t = sum(t for t, _ in points) / len(points)
    mean_v = sum(v for _, v in points) / len(points)
    spread = sum((t - mean_t) ** 2 for t, _ in points)
    return 60 * sum((t - mean_t) * (v - mean_v) for t, v in points) / spread if spread else 0.0


def growth(points):
    """KB a minute over the second half."""
    half = points[-1][0] / 2
    return slope_per_minute([(t, v) for t, v in smooth(points) if t >= half])


def megabytes(samples, name):
    values = [each[name] / 1024 for each in samples]
    return f"{min(values):.1f} to {max(values):.1f}"


def show_samples(samples):
    """The lowest and highest RSS of each minute."""
    print("\n| minute | hub RSS MB | bridge RSS MB |\n|---|---|---|")
    for minute in range(int(samples[-1][0] // 60) + 1):
        within = [values for t, values in samples if int(t // 60) == minute]
        print(f"| {minute + 1} | {megabytes(within, 'hub RSS')} | {megabytes(within, 'bridge RSS')} |")


def show_growth(samples):
    """Prints a row for each series; those of RSS that grew too fast."""
    print("\n| KB | at first | half-way | at last | most | growth a minute, second half |\n|---|---|---|---|---|---|")
    grown = []
    for name in samples[0][1]:
        points = [(t, values[name]) for t, values in samples if name in values]
        rate = growth(points)
        values = [value for _, value in points]
        print(f"| {name} | {values[0]:,.0f} | {values[len(values) // 2]:,.0f} | {values[-1]:,.0f} | {max(values):,.0f} | {rate:+,.0f} |")
        if name.endswith("RSS") and rate > MAX_GROWTH_KB_PER_MINUTE:
            grown.append(f"{name} grows by {rate:,.0f} KB a minute, more than {MAX_GROWTH_KB_PER_MINUTE:.0f}")
    return grown


def show_subscribers(results):
    """Prints what each kind of subscriber got; what was wrong."""
    print("\n| subscribers | runs | events delivered | lost | duplicates | out of order | disconnected |\n|---|---|---|---|---|---|---|")
    wrong = []
    for name, runs in results.items():
        errors = [run["error"] for run in runs if "error" in run]
        sums = {key: sum(run.get(key, 0) for run in runs) for key in ("delivered", "lost", "duplicates", "out_of_order", "disconnected")}
        print(f"| {name} | {len(runs)} | " + " | ".join(f"{value:,}" for value in sums.values()) + " |")
        wrong += [f"{name}: {error}" for error in errors[:1]]
        wrong += [f"{name}: {value} {key}" for key, value in sums.items() if key != "delivered" and value]
    return wrong


# --- The run

def under_load(own, seconds):
    """Samples, and the results of each kind of subscriber."""
    stop = threading.Event()
    others = {"/ws, come and go": ComeAndGo(own, "tocsin-ws", 10, [], stop),
              "/ws, come and go, from the earliest": ComeAndGo(own, "tocsin-ws", 1, ["--earliest"], stop),
              "gRPC, come and go": ComeAndGo(own, "tocsin-grpc", 5, [], stop),
              "gRPC, come and go, from the earliest": ComeAndGo(own, "tocsin-grpc", 1, ["--earliest"], stop)}
    slow = Slow(own.bridges[0], stop)
    long = ["--duration", seconds + 10, "--warmup", 0, "--timeout", seconds + 60]
    steady = {"gRPC, steady": start_wsload([*own.target("tocsin-grpc"), "--mode", "listen", "--conns", GRPC_SUBSCRIBERS, *long], own.pids),
              "/ws, steady": start_wsload([*own.target("tocsin-ws"), "--conns", WS_SUBSCRIBERS, "--rate", RATE, "--pub-window", 4096, *long],
                                          own.pids)}
    for thread in (slow, *others.values()):
        thread.start()
    samples = collect(own, seconds)
    stop.set()
    results = {name: [finish_wsload(process)] for name, process in steady.items()}
    for name, thread in others.items():
        thread.join()
        results[name] = thread.results
    slow.join()
    results["/ws, slow"] = [slow.result()]
    print(f"The slow subscriber had {slow.sessions} sessions and took {slow.taken / 1024:,.0f} KB.")
    return samples, results


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("minutes", type=float, nargs="?", default=10)
    options.add_argument("--samples", help="a file to write the samples to, one JSON line each, in KB")
    chosen = options.parse_args()
    if chosen.minutes < 1:
        raise SystemExit("minutes: at least 1")
    with sides.scratch("soak") as data, sides.tocsin(data, [*sides.ON_DISK, *RETAIN], ops=True) as own:
        sides.fill(own, REMEMBERED_IDS, "--topic", "fill.{i}")
        samples, results = under_load(own, 60 * chosen.minutes)
    if chosen.samples:
        with open(chosen.samples, "w") as out:
            out.writelines(json.dumps({"seconds": round(t, 1), **values}) + "\n" for t, values in samples)
    show_samples(samples)
    grown, wrong = show_growth(samples), show_subscribers(results)
    if chosen.minutes >= JUDGED_MINUTES:
        wrong += grown
        passed = f"neither program grows by more than {MAX_GROWTH_KB_PER_MINUTE:.0f} KB a minute."
    else:
        passed = f"nothing was lost; in less than {JUDGED_MINUTES} minutes growth is not judged."
    print("\n" + ("Failed: " + "; ".join(wrong) if wrong else "Passed: " + passed))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
