"""What is measured against what: Tocsin's own programs, a log to replay, and the peers; and the columns of a result.

Servers together on one core, the load program on another (bench/load/servers.py). Programs come from TOCSIN_BIN (build/release).
"""
import atexit
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ.setdefault("BENCH_BIN", str(ROOT / "build/load"))
sys.path.insert(0, str(ROOT / "bench/load"))
import bench  # noqa: E402
import peers  # noqa: E402
from secured import PLAIN, VARIANTS  # noqa: E402
from servers import BIN, READY_WITHIN, SERVER_CORE, free_port, run_wsload, running  # noqa: E402

PROGRAMS = pathlib.Path(os.environ.get("TOCSIN_BIN", ROOT / "build/release"))
# A message on /ws for an event of about 512 bytes; what the floor is given.
WS_MESSAGE_BYTES = 1013
IN_MEMORY = ["--store", "memory", "--durability", "memory"]
ON_DISK = ["--durability", "always"]
# Fast to fill: the hub that is measured opens the log anew.
FILLING = ["--durability", "memory"]


@dataclasses.dataclass
class Tocsin:
    """A hub and its bridges that run; process ids as the load program takes them, the hub's first."""
    hub: str
    bridges: list
    pids: list
    ops: str = ""
    load: tuple = ()  # further options of the load program

    def target(self, name):
        """The load program's options for subscribers on /ws (over the bridges in turn) or on the hub; the publisher is on the hub."""
        return ["--target", name, "--sub", self.hub if name == "tocsin-grpc" else ",".join(self.bridges), "--pub", self.hub, *self.load]


@contextlib.contextmanager
def programs_of(folder):
    """Until it ends, Tocsin's programs come from this folder."""
    global PROGRAMS
    PROGRAMS, before = folder, PROGRAMS
    try:
        yield
    finally:
        PROGRAMS = before


@contextlib.contextmanager
def scratch(prefix):
    """A folder on the disk that one builds on, not in memory."""
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=ROOT / "build") as folder:
        yield pathlib.Path(folder)


def wait_listening(process, log):
    line = process.stdout.readline()
    if not line.startswith("listening on "):
        raise SystemExit(f"a server did not start: {line!r} {pathlib.Path(log.name).read_text()[-500:]}")


def unverified():
    """The certificates are made for a run, by us."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def get(address, path, tls=False):
    """(status, body) of a GET; (0, "") when nobody answers."""
    host, port = address.split(":")
    answer = b""
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        s = stack.enter_context(socket.create_connection((host, int(port)), 5))
        if tls:
            s = stack.enter_context(unverified().wrap_socket(s))
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        while part := s.recv(65536):
            answer += part
    head, _, body = answer.decode(errors="replace").partition("\r\n\r\n")
    return (int(head.split()[1]) if head else 0), body


def wait_ready(address, tls):
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        if get(address, "/health/ready", tls)[0] == 200:
            return
        time.sleep(0.05)
    raise SystemExit("the bridge does not become ready")


@contextlib.contextmanager
def tocsin(data, store, bridge=(), bridges=1, ops=False, secured=PLAIN):
    """Starts a hub on the log in `data` and so many bridges with the options `bridge`; yields a Tocsin."""
    def address():
        return f"127.0.0.1:{free_port()}"

    hub, addresses, ops_address = address(), [address() for _ in range(bridges)], address() if ops else ""
    commands = [[PROGRAMS / "tocsin-hub", "--listen", hub, "--ops-listen", ops_address, "--data-dir", data / "log", *store, *secured.hub]]
    commands += [[PROGRAMS / "tocsin-bridge", "--listen", each, "--hub", hub, "--threads", "1", *bridge, *secured.bridge] for each in addresses]
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(open(data / "programs.log", "a"))
        pids = []
        for command in commands:
            process = stack.enter_context(running(command, stdout=subprocess.PIPE, stderr=log, text=True))
            wait_listening(process, log)
            pids.append(process.pid)
        for each in addresses:
            wait_ready(each, secured.tls)
        yield Tocsin(hub, addresses, pids, ops_address, secured.load)


def fill(own, events, *more):
    """Publishes so many events, as fast as they are taken."""
    result = run_wsload([*own.target("tocsin-grpc"), "--mode", "pubonly", "--expect", events, "--duration", 100, "--warmup", 0,
                         "--pub-window", 2048, "--timeout", 110, *more], own.pids)
    if result.get("published") != events or "error" in result:
        raise SystemExit(f"the log could not be filled: {result}")


class FilledLog:
    """A log on disk of so many events, filled at first use and removed at the end of the program."""

    def __init__(self, events):
        self.events = events
        self._folder = None

    def folder(self):
        if self._folder is None:
            folder = pathlib.Path(tempfile.mkdtemp(prefix="replay", dir=ROOT / "build"))
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            with tocsin(folder, FILLING, bridges=0) as own:
                fill(own, self.events)
            self._folder = folder
        return self._folder


def replay(target, log, subscribers):
    """Subscribers read the whole log from the earliest event on: the hub was started anew, so all but its window is read from disk."""
    # The bridge's window is empty too: it only has what came while it ran.
    with tocsin(log.folder(), ON_DISK) as own:
        return replayed(own, target, log.events, subscribers)


def replay_window(target, events, subscribers):
    """The same from a bridge whose window holds all: it ran while they were published."""
    window = ["--recent-events", events, "--recent-bytes", "4GiB"]
    with scratch("window") as data, tocsin(data, FILLING, bridge=window) as own:
        fill(own, events)
        return replayed(own, target, events, subscribers)


def replayed(own, target, events, subscribers):
    return run_wsload([*own.target(target), "--mode", "replay", "--expect", events, "--conns", subscribers, "--timeout", 110], own.pids)


def read_alone(what, log):
    """The same log read from the first event to the last by one thread and sent nowhere: "store", its bytes; "log", the hub's records."""
    done = subprocess.run(["taskset", "-c", SERVER_CORE, str(PROGRAMS / "bench_read"), what, str(log.folder() / "log")],
                          capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        return {"error": done.stderr.strip()[-300:] or "bench_read failed"}
    result = json.loads(done.stdout)
    return result if result["events"] == log.events else {"error": f"read {result['events']} of {log.events} events"}


def peer(target, options, durable):
    """One run against a peer of bench/load/peers.py; "floor" is rawfan with messages of Tocsin's size."""
    if target == "floor":
        return bench.measure("rawfan-coalesce", ["--payload", WS_MESSAGE_BYTES, *options], durable=False)
    if not peers.installed(target):
        return {"error": "not installed (scripts/setup --bench)"}
    return bench.measure(target, options, durable=durable)


def help_of(program, *arguments):
    said = subprocess.run([str(program), *arguments, "--help"], capture_output=True, text=True, timeout=20)
    return said.stdout + said.stderr


def missing(options, bridge):
    """A result that says what this build cannot be asked for; None when all is there."""
    lacking = ""
    if "--compression" in bridge and "--compression" not in help_of(PROGRAMS / "tocsin-bridge"):
        lacking = "tocsin-bridge has no --compression"
    elif "--deflate" in options and "unknown option --deflate" in help_of(pathlib.Path(BIN) / "wsload", "--deflate"):
        lacking = "wsload has no --deflate"
    return {"error": f"skipped: {lacking}", "skipped": True} if lacking else None


def own(target, options, store, bridge=(), bridges=1):
    """One run against a fresh hub and bridges; a target's name may end with one of VARIANTS."""
    variant = next((each for each in VARIANTS if target.endswith(each)), "")
    with scratch("bench") as data:
        secured = VARIANTS[variant](data, PROGRAMS) if variant else PLAIN
        with tocsin(data, store, bridge, bridges, secured=secured) as programs:
            return run_wsload([*programs.target(target.removesuffix(variant)), *options], programs.pids)
