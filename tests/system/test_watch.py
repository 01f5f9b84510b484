"""`tocsin incidents watch` on a terminal and in a pipe: what it shows is what a list with that filter shows, over changes,
leaves, a hub that is killed, and a window that changes its size."""

import contextlib
import fcntl
import json
import os
import pty
import random
import re
import signal
import struct
import subprocess
import termios
import threading
import time

import pytest

import harness
from tocsin.v1 import event_pb2, hub_pb2, incident_pb2

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


class Terminal:
    """The command line on a terminal of its own. A picture begins at the top left corner and ends with clearing what is
    below it."""

    def __init__(self, hub, *arguments, columns=110, rows=24, environment=None):
        self.output = b""
        self._lock = threading.Lock()
        self.main, terminal = pty.openpty()
        self.resize(columns, rows)
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")} | {"TZ": "UTC"} | (environment or {})
        # Not by preexec_fn: Python's gRPC may end a child that is forked for one, before it is the program.
        command = ["setsid", "--ctty", str(harness.BIN / "tocsin"), "--hub", hub.address(0), *arguments]
        self.process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=clean)
        os.close(terminal)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with contextlib.suppress(OSError):
            while data := os.read(self.main, 65536):
                with self._lock:
                    self.output += data

    def resize(self, columns, rows):
        fcntl.ioctl(self.main, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def text(self):
        with self._lock:
            return self.output.decode(errors="replace")

    def picture(self):
        """The lines of the last whole picture, without colours."""
        whole = self.text().rpartition("\x1b[J")[0]
        picture = whole.rpartition("\x1b[H")[2].replace("\r\r\n", "\r\n")  # as the terminal driver sends it
        return [re.sub(r"\x1b\[[0-9;]*[mK]", "", line) for line in picture.split("\r\n")]

    def rows(self):
        """The incidents' ids, from the top."""
        return [found[0] for line in self.picture()[2:] if (found := _ID.search(line))]

    def wait_for(self, condition, timeout=30, what=""):
        try:
            harness.wait_for(lambda: condition(self), timeout=timeout, what=what)
        except AssertionError as error:
            raise AssertionError(f"{error}; it ended with {self.process.poll()}, and wrote {self.text()[-2000:]!r}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._reader.join(10)  # it must not read on from the next one's, which may get the same number
        os.close(self.main)


def created(client, **more):
    return client.publish(harness.incident_created(**more)).incident_id


def change(client, incident_id, **fields):
    """Publishes what the fields say: severity, state."""
    now = client.stub.GetIncident(hub_pb2.GetIncidentRequest(incident_id=incident_id), timeout=10).incident
    for name, value in fields.items():
        setattr(now, name, value)
    now.ClearField("timeline"), now.ClearField("notes"), now.ClearField("alerts")
    client.publish(event_pb2.Event(type=event_pb2.EVENT_TYPE_INCIDENT_UPDATED, incident=now))


def resolve(client, incident_id):
    client.publish(event_pb2.Event(type=event_pb2.EVENT_TYPE_INCIDENT_RESOLVED, incident=incident_pb2.Incident(id=incident_id)))


def listed(client, **filters):
    """What the hub's list says: the ids."""
    request = hub_pb2.ListIncidentsRequest(filter=harness.make_filter(filters), page_size=1000)
    answer = client.stub.ListIncidents(request, timeout=10)
    assert not answer.next_page_token
    return {one.id for one in answer.incidents}


@pytest.fixture
def hub():
    with harness.start_hub() as program:
        yield program


def test_rows_come_change_and_go(hub, client):
    old = created(client, severity="P2", title="was there before")
    with Terminal(hub, "incidents", "watch", "--active-only", "--severities", "P0,P1,P2") as watch:
        watch.wait_for(lambda t: t.rows() == [old], what="the snapshot")
        assert watch.picture()[0].startswith("1 incident: 1 P2  ") and hub.address(0) in watch.picture()[0]
        worst = created(client, severity="P0", title="Gateway down")
        watch.wait_for(lambda t: t.rows() == [worst, old], what="a new one, the worst first")
        change(client, old, severity=harness.severity_of("P4"))
        watch.wait_for(lambda t: t.rows() == [worst], what="one that was lowered out of the filter")
        change(client, old, severity=harness.severity_of("P1"))
        watch.wait_for(lambda t: t.rows() == [worst, old], what="one that came back")
        resolve(client, worst)
        watch.wait_for(lambda t: t.rows() == [old], what="one that was resolved")
        resolve(client, old)
        watch.wait_for(lambda t: t.rows() == [] and t.picture()[0].startswith("0 incidents"), what="none")


def test_the_table_follows_the_window(hub, client):
    ids = [created(client, severity="P1", title="the API gateway is down in every region of the world", source="s")
           for _ in range(12)]
    with Terminal(hub, "incidents", "watch", columns=160, rows=30) as watch:
        watch.wait_for(lambda t: set(t.rows()) == set(ids))
        assert all(line.endswith("of the world") for line in watch.picture()[2:])
        watch.resize(80, 30)
        watch.wait_for(lambda t: max(map(len, t.picture())) < 80 and set(t.rows()) == set(ids), what="80 columns")
        watch.resize(80, 8)
        watch.wait_for(lambda t: t.picture()[-1] == "and 7 more; a taller window shows them", what="8 rows")
        assert len(watch.picture()) == 8 and len(watch.rows()) == 5
        watch.resize(80, 40)
        watch.wait_for(lambda t: set(t.rows()) == set(ids), what="40 rows")


def test_ctrl_c_leaves_the_terminal_as_it_was(hub, client):
    created(client)
    with Terminal(hub, "incidents", "watch") as watch:
        watch.wait_for(lambda t: len(t.rows()) == 1)
        assert "\x1b[?1049h" in watch.text()
        os.write(watch.main, b"\x03")
        assert watch.process.wait(10) == 130
        watch.wait_for(lambda t: t.text().endswith("\x1b[?25h\x1b[?1049l"), what="the screen before")


def test_a_refused_filter_is_told_on_the_screen_before(hub):
    with Terminal(hub, "incidents", "watch", "--incident-ids", ",".join(["0190b6a5-7c1e-7000-8000-00000000dead"] * 1)) as watch:
        watch.wait_for(lambda t: t.picture()[0].startswith("0 incidents"))
    done = harness.cli(hub, "incidents", "watch", "--severities", "P9")
    assert done.returncode == 2 and "--severities" in done.stderr
    done = harness.cli("127.0.0.1:1", "incidents", "watch", "--timeout", "300ms")
    assert done.returncode == 3 and "Is tocsin-hub running?" in done.stderr


def test_a_hub_that_is_killed_is_told_and_the_table_is_right_afterwards(hub, client):
    gone, stays = created(client, severity="P0"), created(client, severity="P1")
    with Terminal(hub, "incidents", "watch", "--active-only") as watch:
        watch.wait_for(lambda t: t.rows() == [gone, stays])
        hub.kill()
        watch.wait_for(lambda t: t.picture()[0].startswith("NOT CONNECTED for "), what="that it is cut off")
        assert watch.rows() == [gone, stays], "the table stays"
        hub.start()
        with hub.client() as again:
            resolve(again, gone)
            new = created(again, severity="P2")
        watch.wait_for(lambda t: t.rows() == [stays, new] and t.picture()[0].startswith("2 incidents"), what="the set of now")


@pytest.mark.parametrize("kills", [0, 2])
def test_what_it_shows_is_what_a_list_shows(hub, client, kills):
    """Random changes of 40 incidents, which enter and leave the filter again and again, also while the hub is killed."""
    rng = random.Random(kills)
    filters = {"severities": ["P0", "P1"], "active_only": True}
    ids = [created(client, severity=f"P{rng.randrange(5)}") for _ in range(40)]
    with Terminal(hub, "incidents", "watch", "--active-only", "--severities", "P0,P1", rows=60) as watch:
        for round_ in range(kills + 1):
            for _ in range(250):
                fields = {"severity": harness.severity_of(f"P{rng.randrange(5)}"),
                          "state": harness.state_of(rng.choice(["Triaged", "Investigating", "Remediating", "Resolved"]))}
                change(client, rng.choice(ids), **fields)
            expected = listed(client, **filters)
            watch.wait_for(lambda t: set(t.rows()) == expected and not t.picture()[0].startswith("NOT"), what=f"round {round_}")
            assert 0 < len(expected) < 40
            if round_ < kills:
                hub.kill()
                hub.start()


def follow(hub, *arguments):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
    return subprocess.Popen([str(harness.BIN / "tocsin"), "--hub", hub.address(0), "incidents", "watch", *arguments],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_in_a_pipe_there_is_a_line_for_each_change(hub, client):
    first = created(client, severity="P1", title="Gateway down")
    process = follow(hub, "--active-only", "--severities", "P0,P1", "--utc")
    try:
        line = process.stdout.readline()
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z  P1  entered  Detected +" + first, line), line
        change(client, first, state=harness.state_of("Investigating"))
        assert "  changed  Investigating  " in process.stdout.readline()
        hub.kill()
        hub.start()
        with hub.client() as again:
            resolve(again, first)
            second = created(again, severity="P0")
        # In the order in which they are told: by the snapshot's difference, or one after the other.
        lines = [process.stdout.readline(), process.stdout.readline()]
        assert any("  left " in line and first in line for line in lines), lines
        assert any("  entered " in line and second in line for line in lines), lines
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert "\x1b" not in process.stdout.read()
    finally:
        process.kill()
        process.wait(10)


def test_as_json_it_can_be_scripted(hub, client):
    process = follow(hub, "--active-only", "--json")
    try:
        made = created(client, severity="P1")
        told = json.loads(process.stdout.readline())
        assert told["change"] == "entered" and told["incident"]["id"] == made
        resolve(client, made)
        told = json.loads(process.stdout.readline())
        assert told["change"] == "left" and told["incident"]["state"] == "Resolved"
    finally:
        process.kill()
        process.wait(10)


def test_a_reader_that_has_gone_ends_it(hub, client):
    created(client)
    command = f"{harness.BIN / 'tocsin'} --hub {hub.address(0)} incidents watch | head -1; echo ${{PIPESTATUS[0]}}"
    begun = time.monotonic()
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30)
    assert done.stdout.splitlines()[-1] == "0", done
    assert time.monotonic() - begun < 15
