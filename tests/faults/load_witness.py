"""A witness of what others' floods cost: it publishes and subscribes over gRPC and over /ws, and asks both programs for their health
over connections of their own. What it measures, and whether something was lost or came twice.

It is made of programs of their own (`tocsin bench`, and `tocsin verify` for the guarantees), so that neither the flood nor the tests
hold its clock up. Times are from when an event was due, so one that could not be sent counts as late.
"""

import contextlib
import json
import socket
import subprocess
import threading
import time

from harness_base import BIN

class Unserved(AssertionError):
    """The witness was not answered in time, or not told that a program is healthy."""


LOST = 6  # exit code: of `tocsin verify`, a guarantee is broken; of `tocsin bench`, events did not come in its time
RATE = 150  # events a second, of each of the two that measure
JUDGED = 60  # events a second of the one whose history is judged
PAUSE = 0.02  # seconds between two questions for the health of a program
TIMEOUT = 10.0
SPARE = 60.0  # seconds until a program that measures must have ended


class Probe:
    """Asks a program for its health again and again, each time over a new connection."""

    def __init__(self, program):
        host, port = program.address(-1).rsplit(":", 1)
        self.times, self.failures = [], []
        self._address, self._ending = (host, int(port)), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._ending.wait(PAUSE):
            since = time.monotonic()
            try:
                with socket.create_connection(self._address, TIMEOUT) as asking:
                    asking.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    answer = asking.recv(4096)
                if not answer.startswith(b"HTTP/1.1 200"):
                    self.failures.append(answer[:200].decode("latin-1"))
            except OSError as error:
                self.failures.append(repr(error))
            self.times.append(time.monotonic() - since)

    def end(self):
        self._ending.set()
        self._thread.join(TIMEOUT + 1)


class Scheduler:
    """How late a thread that only sleeps is woken: what the machine itself costs at the time, whatever the programs do."""

    NAP = 0.005

    def __init__(self):
        self.times, self._ending = [], threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        since = time.monotonic()
        while not self._ending.wait(self.NAP):
            now = time.monotonic()
            self.times.append(now - since - self.NAP)
            since = now

    def end(self):
        self._ending.set()
        self._thread.join()


def p99(times):
    return sorted(times)[int(len(times) * 0.99)] * 1e3 if times else 0.0


def _begin(hub, *arguments):
    return subprocess.Popen([str(BIN / "tocsin"), "--hub", hub.address(0), *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def _ended(program, what):
    try:
        out, told = program.communicate(timeout=SPARE)
    except subprocess.TimeoutExpired:
        program.kill()
        raise Unserved(f"{what} hangs: {program.communicate()[1][-2000:]}") from None
    if program.returncode not in (0, LOST):
        raise Unserved(f"{what} ended with {program.returncode}: {told[-2000:]} {out[-2000:]}")
    return json.loads(out)


def _figures(name, said):
    wrong = {each: said[each] for each in ("out_of_order", "duplicates", "gaps") if said[each]}
    assert not wrong, f"the witness over {name}: {wrong}"
    unserved = {each: said[each] for each in ("events_refused", "events_unanswered", "subscribers_disconnected", "lost") if said[each]}
    if unserved:
        raise Unserved(f"the witness over {name}: {unserved}")
    return {f"{name} event": said["delivery_latency"]["p99_ms"], f"{name} publish": said["publish_latency"]["p99_ms"]}


def measure(hub, bridge, seconds, history):
    """p99 in ms of what the witness does for so long: name → number; and how late the machine wakes who sleeps."""
    run = ("--duration", f"{seconds}s", "--output", "json")
    with contextlib.ExitStack() as stack:
        probes, scheduler = {"hub health": Probe(hub), "bridge health": Probe(bridge)}, Scheduler()
        for each in (*probes.values(), scheduler):
            stack.callback(each.end)
        programs = {"gRPC": _begin(hub, "bench", "sub", "--rate", f"{RATE}/s", *run),
                    "/ws": _begin(hub, "bench", "ws", "--rate", f"{RATE}/s", "--bridge", bridge.url, *run),
                    "the judged": _begin(hub, "verify", "--bridge", bridge.url, "--transports", "grpc,ws", "--rate", str(JUDGED),
                                         "--history", str(history), *run)}
        for program in programs.values():
            stack.callback(program.kill)
        said = {name: _ended(program, name) for name, program in programs.items()}
    verdict = said["the judged"]["verdict"]
    assert verdict["held"] and not verdict["gaps"], f"a guarantee is broken, or a gap was told: {verdict}"
    failures = {name: probe.failures[:3] for name, probe in probes.items() if probe.failures}
    if failures:
        raise Unserved(f"not healthy: {failures}")
    figures = _figures("gRPC", said["gRPC"]) | _figures("/ws", said["/ws"])
    return figures | {name: p99(probe.times) for name, probe in probes.items()}, p99(scheduler.times)
