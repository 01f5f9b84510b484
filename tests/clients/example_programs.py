"""The programs of examples/ that follow events: where they are, the command that their README gives, and how to run one."""

import dataclasses
import os
import re
import shlex
import shutil
import signal
import sys

import pytest

import harness
from scenario import EXAMPLES, Process

SETTINGS = ("WS_URL", "TOCSIN_HUB", "HTTP_URL", "AUTH_TOKEN", "LOG_LEVEL", "SEVERITIES", "RESUME_FROM")


def readme_command(folder, program):
    """The line of the folder's README that runs that program: its words, without the settings before them."""
    for line in (EXAMPLES / folder / "README.md").read_text().splitlines():
        words = shlex.split(line, comments=True) if line.startswith("    ") else []
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            words.pop(0)
        if any(program in word for word in words[:3]):
            return [sys.executable if word == "python" else word for word in words]
    raise AssertionError(f"examples/{folder}/README.md does not say how to run {program}")


@dataclasses.dataclass
class Example:
    folder: str
    program: str
    transport: str  # what it speaks: ws, grpc, graphql or sse
    built: str = ""  # what scripts/setup makes of it; where that is not there, its toolchain was not
    toolchain: str = ""

    @property
    def name(self):
        return f"{self.folder}/{self.program}"

    def start(self, hub, bridge, **settings):
        """Runs it as its README says, with these settings; the addresses are those of hub and bridge."""
        if self.built and not (EXAMPLES / self.folder / self.built).exists():
            pytest.skip(f"examples/{self.name} was not built: no {self.toolchain}")
        command = readme_command(self.folder, self.program)
        assert shutil.which(command[0], path=f"{EXAMPLES / self.folder}:{os.environ['PATH']}") or "/" in command[0]
        addresses = {
            "ws": lambda: {"WS_URL": bridge.url},
            "graphql": lambda: {"WS_URL": f"ws://{bridge.address(0)}/graphql/ws"},
            "sse": lambda: {"HTTP_URL": f"http://{bridge.address(0)}"},
            "grpc": lambda: {"TOCSIN_HUB": hub.address(0)},
        }[self.transport]()
        environment = {k: v for k, v in os.environ.items() if k not in SETTINGS} | addresses | settings
        return Process(command, cwd=EXAMPLES / self.folder, environment=environment)


PROGRAMS = [
    Example("curl", "sse_subscribe", "sse"),
    Example("typescript", "websocket_subscribe", "ws", "dist/websocket_subscribe.js", "Node"),
    Example("typescript", "graphql_subscribe", "graphql", "dist/graphql_subscribe.js", "Node"),
    Example("typescript", "urql_subscribe", "graphql", "dist/urql_subscribe.js", "Node"),
    Example("python", "websocket_subscribe", "ws"),
    Example("python", "graphql_subscribe", "graphql"),
    Example("go", "websocket_subscribe", "ws", "bin/websocket_subscribe", "Go 1.19 or newer"),
    Example("rust", "websocket_subscribe", "ws", "target/debug/websocket_subscribe", "Rust 1.88 or newer"),
    Example("node", "grpc_subscribe", "grpc"),
    Example("python", "grpc_subscribe", "grpc"),
    Example("go", "grpc_subscribe", "grpc", "bin/grpc_subscribe", "Go 1.19 or newer"),
    Example("rust", "grpc_subscribe", "grpc", "target/debug/grpc_subscribe", "Rust 1.88 or newer"),
    Example("java", "grpc-subscribe", "grpc", "target/grpc-subscribe.jar", "Java 17 or newer with Maven"),
]


def example(name):
    return next(program for program in PROGRAMS if program.name == name)


def cursor_of(value):
    """The cursor of an event as an example prints it: a message of /ws, an event of gRPC or of GraphQL."""
    return value.get("message_id") or value["cursor"]


def title_of(value):
    return value.get("event", value)["incident"]["title"]


def ended(process, number=signal.SIGTERM, timeout=10):
    """Its exit code after that signal."""
    process.signal(number)
    return process.wait_for_end(timeout)


class Titles:
    """Incidents with numbered titles, of which every other one is of the severities that the examples follow."""

    def __init__(self, hub):
        self.expected = []  # (cursor, title) of those
        self._client = harness.Client(hub.address(0))
        self._made = 0

    def publish(self, count=8):
        for _ in range(count):
            n, self._made = self._made, self._made + 1
            title = f"number {n} – “ünï”"
            result = self._client.publish(harness.incident_created(severity=f"P{n % 4}", title=title))
            if n % 4 < 2:
                self.expected.append((result.cursor, title))
                self._newest = result.incident_id
        self._client.publish(harness.system_event("has no severity"))

    def resolve_newest(self):
        """Resolves the newest incident of those that are followed: its title."""
        _, title = self.expected[-1]
        event = harness.event_pb2.Event(type=harness.event_type_of("incident_resolved"))
        event.incident.id = self._newest
        self.expected.append((self._client.publish(event).cursor, title))
        return title

    def begin(self, process):
        """Publishes until the program, which follows what happens from now on, prints the first."""
        def printed():
            self.publish(1)
            return process.values

        harness.wait_for(printed, timeout=60, what="the first event")
        first = next(n for n, (cursor, _) in enumerate(self.expected) if cursor == cursor_of(process.values[0]))
        del self.expected[:first]

    def arrived(self, process):
        """Waits until the process has printed as many events as it should, and checks that they are those, in order."""
        process.wait_for(lambda values: len(values) >= len(self.expected), f"{len(self.expected)} events")
        assert [(cursor_of(v), title_of(v)) for v in process.values] == self.expected

    def close(self):
        self._client.close()
