"""The programs: started, stopped, killed and restarted, with their ports, logs, metrics and memory."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

from harness_base import BIN, wait_for
from harness_grpc import Client
from harness_ports import free_address

from tocsin.v1 import hub_pb2

START_TIMEOUT = 30.0
_LISTENING = re.compile(r"listening on (\S+):(\d+)(?: \((.*)\))?")


class Program:
    """One running program with its captured output and the ports that it said it listens on."""

    def __init__(self, name, arguments, ports_expected, folder, environment=None):
        self.name = name
        self.folder = pathlib.Path(folder)
        self.log_path = self.folder / f"{name}.log"
        self.lines = []
        self.ports = []  # (host, port, what), in the order printed
        self._arguments = arguments
        self._environment = environment or {}  # variables besides those of the tests
        self._ports_expected = ports_expected
        self._process = None
        self._reader = None

    # The flags that fix the ports over a restart; filled by a subclass from self.ports.
    def pinned(self):
        return []

    def start(self, extra=()):
        self._wait_until_listening(self.begin(extra))
        return self

    def begin(self, extra=()):
        """Starts it, and does not wait for it; the command line."""
        assert not self.running(), f"{self.name} runs already"
        pinned = self.pinned() if self.ports else []
        self._found = []
        command = [str(BIN / self.name), *self._arguments, *pinned, *extra]
        environment = {k: v for k, v in os.environ.items()
                       if not k.startswith("TOCSIN_") or k == "TOCSIN_PLANT"} | self._environment
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", env=environment, cwd=self.folder, start_new_session=True)
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        return command

    def _wait_until_listening(self, command):
        deadline = time.monotonic() + START_TIMEOUT
        while len(self._found) < self._ports_expected:
            if self._process.poll() is not None:
                self._reader.join(5)
                raise AssertionError(
                    f"{' '.join(command)} ended with {self._process.returncode}:\n{self.log()}")
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"{self.name} did not listen in time:\n{self.log()}")
            time.sleep(0.005)
        self.ports = self._found

    def _read(self, process):
        with open(self.log_path, "a") as log:
            for line in process.stdout:
                log.write(line)
                log.flush()
                self.lines.append(line.rstrip("\n"))
                found = _LISTENING.search(line)
                if found:
                    self._found.append((found[1], int(found[2]), found[3] or ""))

    def found(self):
        """The ports that a program said which was not waited for."""
        return list(self._found)

    def running(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    def address(self, index=0):
        host, port, _ = self.ports[index]
        return f"{host}:{port}"

    def log(self):
        return "\n".join(self.lines)

    def signal(self, number=signal.SIGTERM):
        self._process.send_signal(number)

    def wait_for_end(self, timeout=30.0):
        """The exit code of a program that is ending."""
        self._process.wait(timeout)
        self._reader.join(5)
        return self._process.returncode

    def stop(self, timeout=30.0):
        """SIGTERM, and waits for the end; returns the exit code."""
        if self._process is None:
            return 0
        if self.running():
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self.name} did not end on SIGTERM:\n{self.log()}") from None
        self._reader.join(5)
        return self._process.returncode

    def kill(self):
        """SIGKILL: no drain, no goodbye."""
        if self.running():
            self._process.send_signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._reader.join(5)

    def pause(self):
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def restart(self, kill=False, extra=()):
        """Ends it and starts it again, on the same ports and data."""
        self.kill() if kill else self.stop()
        return self.start(extra)

    def memory(self):
        """Resident bytes."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def http(self, path, index=-1, headers=None):
        """GET on the port of that index: (status, body)."""
        request = urllib.request.Request(f"http://{self.address(index)}{path}", headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name, index=-1):
        """The sum of a metric's samples; 0.0 when there is none."""
        _, body = self.http("/metrics", index)
        samples = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)", body, re.MULTILINE)
        return sum(float(s) for s in samples)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.running():
            self.resume()
        try:
            self.kill() if kind else self.stop()
        finally:
            if kind:
                tail = "\n".join(self.lines[-60:])
                print(f"--- the last lines of {self.name} (pid {self.pid})\n{tail}", file=sys.stderr)
            if self._own_folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    _own_folder = False


class Hub(Program):
    def __init__(self, arguments, folder, environment=None):
        super().__init__("tocsin-hub", arguments, 2, folder, environment)

    def pinned(self):
        return ["--listen", self.address(0), "--ops-listen", self.address(1)]

    @contextlib.contextmanager
    def client(self):
        client = Client(self.address(0))
        try:
            yield client
        finally:
            client.close()

    def status(self):
        with self.client() as client:
            return client.stub.GetStatus(hub_pb2.GetStatusRequest(), timeout=10)


class Bridge(Program):
    def __init__(self, arguments, folder, environment=None):
        super().__init__("tocsin-bridge", arguments, 1, folder, environment)

    def pinned(self):
        return ["--listen", self.address(0)]

    @property
    def url(self):
        return f"ws://{self.address(0)}/ws"

    def ready(self):
        with contextlib.suppress(OSError):
            return self.http("/health/ready", 0)[0] == 200
        return False


def _folder(prefix):
    return tempfile.mkdtemp(prefix=f"tocsin-{prefix}-")


def start_hub(*extra, store="rocksdb", durability="interval", folder=None, environment=None):
    """A hub on free ports with its data in a folder of its own. Further flags follow as they are."""
    own = folder is None
    folder = folder or _folder("hub")
    arguments = ["--store", store, "--durability", durability, "--data-dir", f"{folder}/data",
                 *map(str, extra)]
    hub = Hub(arguments, folder, environment)
    hub._own_folder = own
    hub.start(["--listen", free_address(), "--ops-listen", free_address()])
    return hub


def start_bridge(hub, *extra, folder=None, wait=True, environment=None):
    """A bridge on a free port before that hub (or an address), ready unless wait is False."""
    own = folder is None
    folder = folder or _folder("bridge")
    address = hub if isinstance(hub, str) else hub.address(0)
    bridge = Bridge(["--hub", address, *map(str, extra)], folder, environment)
    bridge._own_folder = own
    bridge.start(["--listen", free_address()])
    try:
        if wait:
            wait_for(bridge.ready, what="the bridge to be ready")
    except BaseException:
        bridge.__exit__(*sys.exc_info())
        raise
    return bridge


def cli(hub, *arguments, input=None, timeout=60):
    """Runs the command line to its end: subprocess.CompletedProcess with text output."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
    return subprocess.run(
        [str(BIN / "tocsin"), "--hub", hub if isinstance(hub, str) else hub.address(0), *arguments],
        input=input, capture_output=True, text=True, timeout=timeout, env=environment)
