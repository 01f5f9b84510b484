"""What every client test does: mixed events, a filter, exactly the matching ones, and a resume."""

import json
import os
import shutil
import subprocess
import threading
import uuid

import pytest

import harness

ROOT = harness.ROOT
TOOLS = ROOT / ".tools" / "bin"
NODE_BIN = ROOT / "tests" / "clients" / "node_modules" / ".bin"
EXAMPLES = ROOT / "examples"
SEVERITIES = ["P0", "P1", "P2", "P3"]


def go_tool(name):
    """A client that is built with Go, which not every machine has; skipped by name where it was not built."""
    path = TOOLS / name
    if not path.exists():
        pytest.skip(f"{name} was not built: no Go toolchain that is new enough (1.19)")
    return str(path)


class Scenario:
    """Events of one source, half of which match the filter; publish() can be called in parts."""

    def __init__(self, hub):
        self.source = f"client-{uuid.uuid4().hex[:12]}"
        self.start = hub.status().latest
        self.expected = []  # the cursors of those that match, in order
        self._client = harness.Client(hub.address(0))
        self._made = 0

    filter = property(lambda self: {"sources": [self.source], "severities": ["P0", "P1"],
                                    "labels": {"env": "production"}})

    @property
    def grpc_filter(self):
        """The same in the JSON of protobuf."""
        return {**self.filter, "severities": ["SEVERITY_P0", "SEVERITY_P1"]}

    def publish(self, count=16):
        for _ in range(count):
            n, self._made = self._made, self._made + 1
            environment = "staging" if n % 5 == 4 else "production"
            event = harness.incident_created(
                severity=SEVERITIES[n % 4], title=f"number {n} – “ünï”", source=self.source,
                labels={"env": environment})
            result = self._client.publish(event)
            if n % 4 < 2 and environment == "production":
                self.expected.append(result.cursor)
        # What never matches, so that a client that took everything would be seen.
        self._client.publish(harness.system_event("between"))

    def close(self):
        self._client.close()


@pytest.fixture
def scenario(hub):
    made = Scenario(hub)
    yield made
    made.close()


class Process:
    """A client program whose output is read as a row of JSON values, wherever its lines break."""

    def __init__(self, command, stdin=None, cwd=ROOT, environment=None):
        self.command = [str(part) for part in command]
        self.values = []
        self.text = ""
        environment = {**(environment or os.environ), "PYTHONUNBUFFERED": "1"}
        self._process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE,  # left open when nothing is given: wscat ends with it
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=cwd)
        if stdin is not None:
            self._process.stdin.write(stdin)
            self._process.stdin.close()
        self.errors = b""
        self._readers = [threading.Thread(target=target, daemon=True) for target in (self._read, self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read(self):
        decoder, pending = json.JSONDecoder(), ""
        while chunk := os.read(self._process.stdout.fileno(), 1 << 16):
            text = chunk.decode(errors="replace")
            self.text += text
            pending += text
            while (at := pending.find("{")) >= 0:
                try:
                    value, end = decoder.raw_decode(pending, at)
                except json.JSONDecodeError:
                    break
                self.values.append(value)
                pending = pending[end:]

    def _read_errors(self):
        for line in self._process.stderr:
            self.errors += line

    def wait_for(self, condition, what):
        def done():
            return condition(self.values) or self._process.poll() is not None
        try:
            harness.wait_for(done, timeout=60, what=what)
            # A program that has ended has yet to be read to its end.
            return harness.wait_for(lambda: condition(self.values), timeout=5, what=what)
        except AssertionError as error:
            self.end()
            raise AssertionError(f"{error}\n{self.command}\n{self.text[-2000:]}\n"
                                 f"{self.errors.decode(errors='replace')[-2000:]}") from None

    def signal(self, number):
        self._process.send_signal(number)

    def wait_for_end(self, timeout):
        """Its exit code; all that it printed has been read."""
        code = self._process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return code

    def end(self):
        self._process.kill()
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def follow(scenario, command, cursors, stdin=None):
    """Starts command(start) before the events are there, publishes in two parts, and checks that exactly the
    matching ones come; then resumes in the middle, and checks that exactly the rest comes.

    command(start) gives the program's arguments; cursors(values) the cursors among what it printed.
    """
    stdin = stdin or (lambda start: None)
    with Process(command(scenario.start), stdin(scenario.start)) as process:
        for _ in range(2):
            scenario.publish()
            wanted = list(scenario.expected)
            process.wait_for(lambda values: len(cursors(values)) >= len(wanted), f"{len(wanted)} events")
            assert cursors(process.values) == wanted
    middle = scenario.expected[4]
    with Process(command(middle), stdin(middle)) as process:
        rest = scenario.expected[5:]
        process.wait_for(lambda values: len(cursors(values)) >= len(rest), "the rest")
        assert cursors(process.values) == rest


def run(command, stdin=None, timeout=60, cwd=ROOT, environment=None):
    """Runs a client to its end: its standard output."""
    done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, timeout=timeout,
                          text=True, cwd=cwd, env=environment)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def node():
    path = shutil.which("node")
    assert path, "no node: scripts/setup --tests installs it"
    return path
