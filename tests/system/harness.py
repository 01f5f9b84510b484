"""Starts, stops, kills and restarts the real programs for the tests, and speaks to them as clients do.

    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        with hub.client() as client:
            result = client.publish(harness.incident_created(severity="P0"))
            got = client.subscribe(filter={"severities": ["P0"]}, start="earliest").take(1)

Programs come from the folder named by TOCSIN_BIN (default build/release). Each has its own free ports,
which stay the same over restart(), a data folder of its own, and a log that is printed when a test fails.
Nothing here sleeps to let something happen: wait_for() polls a condition up to a deadline.
"""

import asyncio
import collections
import contextlib
import fcntl
import json
import os
import pathlib
import queue
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

import grpc
import websockets.asyncio.client as ws_client

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TOCSIN_BIN", "build/release"))
if not BIN.is_absolute():
    BIN = ROOT / BIN
GENERATED = ROOT / "tests" / "system" / "_gen"
START_TIMEOUT = 30.0
TIMEOUT = 20.0


def _generate_stubs():
    """Makes the Python stubs of proto/tocsin into _gen, once for each change of the schema."""
    protos = sorted((ROOT / "proto" / "tocsin" / "v1").glob("*.proto"))
    GENERATED.mkdir(exist_ok=True)
    with open(GENERATED / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = GENERATED / ".made"
        if mark.exists() and all(p.stat().st_mtime < mark.stat().st_mtime for p in protos):
            return
        subprocess.run(
            [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}",
             f"--python_out={GENERATED}", f"--grpc_python_out={GENERATED}"]
            + [str(p.relative_to(ROOT / "proto")) for p in protos],
            check=True, cwd=ROOT / "proto")
        mark.touch()


_generate_stubs()
sys.path.insert(0, str(GENERATED))

from tocsin.v1 import event_pb2, hub_pb2, hub_pb2_grpc, incident_pb2  # noqa: E402


def wait_for(condition, timeout=TIMEOUT, what="the condition"):
    """Polls condition() until it gives something true, and returns that."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout} s")
        time.sleep(0.01)


# --- Programs -------------------------------------------------------------------------------------

_LISTENING = re.compile(r"listening on (\S+):(\d+)(?: \((.*)\))?")


class Program:
    """One running program with its captured output and the ports that it said it listens on."""

    def __init__(self, name, arguments, ports_expected, folder):
        self.name = name
        self.folder = pathlib.Path(folder)
        self.log_path = self.folder / f"{name}.log"
        self.lines = []
        self.ports = []  # (host, port, what), in the order printed
        self._arguments = arguments
        self._ports_expected = ports_expected
        self._process = None
        self._reader = None

    # The flags that fix the ports over a restart; filled by a subclass from self.ports.
    def pinned(self):
        return []

    def start(self, extra=()):
        assert not self.running(), f"{self.name} runs already"
        pinned = self.pinned() if self.ports else []
        self._found = []
        command = [str(BIN / self.name), *self._arguments, *pinned, *extra]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace", env=environment, cwd=self.folder, start_new_session=True)
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        self._wait_until_listening(command)
        return self

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
    def __init__(self, arguments, folder):
        super().__init__("tocsin-hub", arguments, 2, folder)

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
    def __init__(self, arguments, folder):
        super().__init__("tocsin-bridge", arguments, 1, folder)

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


def start_hub(*extra, store="rocksdb", durability="interval", folder=None):
    """A hub on free ports with its data in a folder of its own. Further flags follow as they are."""
    own = folder is None
    folder = folder or _folder("hub")
    arguments = ["--store", store, "--durability", durability, "--data-dir", f"{folder}/data",
                 *map(str, extra)]
    hub = Hub(arguments, folder)
    hub._own_folder = own
    hub.start(["--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"])
    return hub


def start_bridge(hub, *extra, folder=None, wait=True):
    """A bridge on a free port before that hub (or an address), ready unless wait is False."""
    own = folder is None
    folder = folder or _folder("bridge")
    address = hub if isinstance(hub, str) else hub.address(0)
    bridge = Bridge(["--hub", address, *map(str, extra)], folder)
    bridge._own_folder = own
    bridge.start(["--listen", "127.0.0.1:0"])
    try:
        if wait:
            wait_for(bridge.ready, what="the bridge to be ready")
    except BaseException:
        bridge.__exit__(*sys.exc_info())
        raise
    return bridge


def in_step(hub, bridge):
    """Waits until the bridge has what the hub has, so that `latest` means the same on both."""
    async def cursor():
        async with connect(bridge) as ws:
            return ws.welcome["cursor"]

    wait_for(lambda: run(cursor()) == hub.status().latest, what="the bridge to have all events")


def cli(hub, *arguments, input=None, timeout=60):
    """Runs the command line to its end: subprocess.CompletedProcess with text output."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
    return subprocess.run(
        [str(BIN / "tocsin"), "--hub", hub if isinstance(hub, str) else hub.address(0), *arguments],
        input=input, capture_output=True, text=True, timeout=timeout, env=environment)


# --- Events ---------------------------------------------------------------------------------------


def severity_of(name):
    return getattr(incident_pb2, f"SEVERITY_{name}")


def state_of(name):
    return getattr(incident_pb2, f"INCIDENT_STATE_{name.upper()}")


def event_type_of(name):
    return getattr(event_pb2, f"EVENT_TYPE_{name.upper()}")


def incident_created(severity="P2", title="API gateway down", source="test", labels=None,
                     resources=(), incident_id="", event_id="", state="Detected"):
    event = event_pb2.Event(id=event_id, type=event_pb2.EVENT_TYPE_INCIDENT_CREATED)
    incident = event.incident
    incident.id = incident_id
    incident.severity = severity_of(severity)
    incident.state = state_of(state)
    incident.incident_type = incident_pb2.INCIDENT_TYPE_AVAILABILITY
    incident.title = title
    incident.source = source
    incident.affected_resources.extend(resources)
    incident.labels.update(labels or {})
    return event


def comment_added(incident_id, comment="looking", author="ann", event_id=""):
    event = event_pb2.Event(id=event_id)
    event.comment_added.incident_id = incident_id
    event.comment_added.author = author
    event.comment_added.comment = comment
    return event


def system_event(message="hello", category="test", event_id="", **metadata):
    event = event_pb2.Event(id=event_id)
    event.system_event.category = category
    event.system_event.message = message
    event.system_event.metadata.update(metadata)
    return event


def make_filter(given):
    """A protobuf filter from the JSON form of /ws, or from a protobuf filter."""
    if given is None or isinstance(given, event_pb2.Filter):
        return given or event_pb2.Filter()
    made = event_pb2.Filter(active_only=given.get("active_only", False))
    made.event_types.extend(event_type_of(v) for v in given.get("event_types", []))
    made.severities.extend(severity_of(v) for v in given.get("severities", []))
    made.states.extend(state_of(v) for v in given.get("states", []))
    for field in ("sources", "affected_resources", "incident_ids"):
        getattr(made, field).extend(given.get(field, []))
    made.labels.update(given.get("labels", {}))
    return made


# --- gRPC -----------------------------------------------------------------------------------------


class Client:
    """A plain gRPC client of the hub, of the kind that users write."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address, options=[
            ("grpc.max_receive_message_length", 64 << 20), ("grpc.enable_retries", 0),
            ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.max_reconnect_backoff_ms", 200),
            ("grpc.use_local_subchannel_pool", 1)])
        self.stub = hub_pb2_grpc.EventHubStub(self.channel)

    def close(self):
        self.channel.close()

    def publish(self, *events, expected=None, timeout=TIMEOUT):
        """Publishes together, and returns the results (one event: its result)."""
        request = hub_pb2.PublishRequest(events=events, expected_incident_sequence=expected)
        answer = self.stub.Publish(request, timeout=timeout, wait_for_ready=True)
        return answer.results[0] if len(events) == 1 else list(answer.results)

    def publish_many(self, events, batch=500):
        """Publishes any number in calls of at most batch events; all the results in order."""
        events, results = list(events), []
        for at in range(0, len(events), batch):
            request = hub_pb2.PublishRequest(events=events[at:at + batch])
            results += self.stub.Publish(request, timeout=TIMEOUT, wait_for_ready=True).results
        return results

    def subscribe(self, filter=None, start="", on_gap=None, **more):
        """A Stream; start is a cursor, earliest, latest or a time. The first response has come."""
        request = hub_pb2.SubscribeRequest(
            filter=make_filter(filter), on_gap=on_gap or hub_pb2.ON_GAP_UNSPECIFIED, **more)
        setattr(request, "from", start)
        return Stream(self.stub.Subscribe(request, wait_for_ready=True))


class Stream:
    """A subscription over gRPC, read by a thread of its own into a queue."""

    def __init__(self, call):
        self.call = call
        self.responses = queue.Queue()
        self.pending = collections.deque()
        self.gaps = []
        self.closing = None
        self.caught_up = False
        self.cursor = ""
        self.error = None
        threading.Thread(target=self._read, daemon=True).start()
        self._next(TIMEOUT)

    def _read(self):
        try:
            for response in self.call:
                self.responses.put(response)
        except grpc.RpcError as error:
            self.responses.put(error)
        self.responses.put(None)

    def _next(self, timeout):
        """Takes one response in; False at the stream's end. A failed stream raises its error."""
        response = self.responses.get(timeout=timeout)
        if isinstance(response, grpc.RpcError):
            self.error = response
            raise response
        if response is None:
            self.responses.put(None)
            return False
        self.pending.extend(response.events)
        self.cursor = response.cursor or self.cursor
        self.caught_up = self.caught_up or response.caught_up
        if response.HasField("gap"):
            self.gaps.append(response.gap)
        if response.HasField("closing"):
            self.closing = response.closing
        return True

    def take(self, count, timeout=TIMEOUT):
        """The next count events; an AssertionError when they do not come."""
        taken = []
        deadline = time.monotonic() + timeout
        while len(taken) < count:
            while self.pending and len(taken) < count:
                taken.append(self.pending.popleft())
            if len(taken) < count:
                try:
                    more = self._next(max(0.001, deadline - time.monotonic()))
                except queue.Empty:
                    more = False
                if not more:
                    raise AssertionError(f"{len(taken)} of {count} events came")
        return taken

    def until(self, condition, timeout=TIMEOUT):
        """Reads until condition(self); returns the events that came and were not taken."""
        deadline = time.monotonic() + timeout
        while not condition(self):
            try:
                if not self._next(max(0.001, deadline - time.monotonic())):
                    raise AssertionError("the stream ended")
            except queue.Empty:
                raise AssertionError("the condition was not met in time") from None
        taken, self.pending = list(self.pending), collections.deque()
        return taken

    def to_end_of_log(self):
        """The events up to the log's present end."""
        return self.until(lambda s: s.caught_up)

    def cancel(self):
        self.call.cancel()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cancel()


def error_details(error):
    """The google.rpc details of a gRPC error: {'ErrorInfo': …, 'BadRequest': …, 'RetryInfo': …}."""
    from google.rpc import error_details_pb2
    from grpc_status import rpc_status
    status = rpc_status.from_call(error)
    found = {}
    for detail in status.details if status else []:
        for kind in ("ErrorInfo", "BadRequest", "RetryInfo"):
            message = getattr(error_details_pb2, kind)()
            if detail.Unpack(message):
                found[kind] = message
    return found


# --- WebSocket ------------------------------------------------------------------------------------


class Ws:
    """A client of /ws over Python's websockets. Use: async with harness.connect(bridge) as ws."""

    def __init__(self, connection):
        self.connection = connection
        self.inbox = collections.deque()  # messages that came while another was waited for
        self.last = {}  # subscription id → the last message_id seen

    async def send(self, message):
        await self.connection.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    async def recv(self, timeout=TIMEOUT):
        """The next message, whatever it is."""
        if self.inbox:
            return self.inbox.popleft()
        return await self._read(timeout)

    async def _read(self, timeout):
        message = json.loads(await asyncio.wait_for(self.connection.recv(), timeout))
        if message["type"] == "event":
            for subscription in message["subscription_ids"]:
                self.last[subscription] = message["message_id"]
        return message

    async def expect(self, kind, timeout=TIMEOUT, **fields):
        """The next message of that type with those fields; others stay for later, in order."""
        def fits(message):
            return message["type"] == kind and all(message.get(k) == v for k, v in fields.items())
        for message in self.inbox:
            if fits(message):
                self.inbox.remove(message)
                return message
        deadline = time.monotonic() + timeout
        while True:
            try:
                message = await self._read(max(0.001, deadline - time.monotonic()))
            except TimeoutError:
                raise AssertionError(f"no {kind} {fields} came; there was {list(self.inbox)[:5]}") from None
            if fits(message):
                return message
            self.inbox.append(message)

    async def subscribe(self, subscription="s", filters=None, resume_from=None, **more):
        """Sends subscribe, and returns the subscribed message."""
        message = {"type": "subscribe", "subscription_id": subscription, **more}
        if filters is not None:
            message["filters"] = filters
        if resume_from is not None:
            message["resume_from"] = resume_from
        await self.send(message)
        return await self.expect("subscribed", subscription_id=subscription)

    async def events(self, count, subscription=None, timeout=TIMEOUT):
        """The next count event messages (of that subscription)."""
        got = []
        kept = collections.deque()
        deadline = time.monotonic() + timeout
        try:
            while len(got) < count:
                message = await self.recv(max(0.001, deadline - time.monotonic()))
                if message["type"] == "event" and (
                        subscription is None or subscription in message["subscription_ids"]):
                    got.append(message)
                else:
                    kept.append(message)
        except TimeoutError:
            raise AssertionError(f"{len(got)} of {count} events came; beside them {list(kept)[:5]}") from None
        finally:
            self.inbox = kept + self.inbox
        return got

    async def close(self):
        await self.connection.close()


@contextlib.asynccontextmanager
async def connect(bridge, welcome=True, **options):
    """A connection to a bridge's /ws that has been welcomed (its message is ws.welcome)."""
    url = bridge if isinstance(bridge, str) else bridge.url
    # max_queue: with one, a client that leaves messages unread waits ten seconds for the answer to its close.
    options = {"max_size": None, "max_queue": None, "ping_interval": None, "proxy": None, "compression": None,
               **options}
    async with ws_client.connect(url, **options) as connection:
        ws = Ws(connection)
        if welcome:
            ws.welcome = await ws.expect("welcome")
        yield ws


def run(coroutine, timeout=300):
    """Runs an async test to its end."""
    async def bounded():
        return await asyncio.wait_for(coroutine, timeout)
    return asyncio.run(bounded())
