#!/usr/bin/env python3
"""A crowd of /ws clients that come back together: how long until each has all that it missed, and what does it cost?

  bench/comeback.py restart [--clients 10000]   each with a cursor and a filter of its own; the bridge is killed and started
                                                again, and 300 events that each of them wants were published meanwhile
  bench/comeback.py restart --everything        without filters: each wants all of 300 events
  bench/comeback.py burst [--clients 1000]      all live; a burst of 3,000 events is more than may wait for one of them, so
                                                that all are sent behind together

Prints one line of JSON; --times FILE writes when each client was back, and when it had everything, in seconds since the bridge
was ready (bench/comeback_plot.py draws them). Exit status 1: an event was lost, came twice or out of order, or not all were back in time.
The programs are those of TOCSIN_BIN (build/release). One process plays all clients, so that its own work is within the time.
"""
import argparse
import asyncio
import base64
import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = pathlib.Path(os.environ.get("TOCSIN_BIN", ROOT / "build/release"))
GROUPS = 10  # a client's filter matches one event in so many
WANTED = 300  # events that each client is to catch up on
BURST = 3_000
PUBLISHED_AT_ONCE = 1_000
IN_TIME = 60  # seconds
AT_A_TIME = 500  # connections that are being opened
SEQUENCE = re.compile(rb'"sequence":(\d+),')
CURSOR = re.compile(rb'"type":"subscribed".*?"cursor":"([^"]+)"')


# --- The programs

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Program:
    def __init__(self, name, port, *options, log):
        self.port = port
        self.process = subprocess.Popen([PROGRAMS / name, *map(str, options)], stderr=log)

    def cpu(self):
        """Seconds of processor time since its start."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def wait_until_ready(port, path):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2).status == 200:
                return
        time.sleep(0.01)
    raise SystemExit("a program did not start")


class Programs:
    def __init__(self, folder):
        self.log = open(folder / "log", "wb")
        self.hub_port, self.ops_port, self.ws_port = free_port(), free_port(), free_port()
        self.hub = Program("tocsin-hub", self.hub_port, "--listen", f"127.0.0.1:{self.hub_port}", "--ops-listen",
                           f"127.0.0.1:{self.ops_port}", "--data-dir", folder / "data", "--log-level", "warning", log=self.log)
        wait_until_ready(self.ops_port, "/health")
        self.start_bridge()

    def start_bridge(self):
        self.bridge = Program("tocsin-bridge", self.ws_port, "--listen", f"127.0.0.1:{self.ws_port}", "--hub",
                              f"127.0.0.1:{self.hub_port}", "--max-connections-per-address", 100_000, "--log-level", "warning",
                              log=self.log)
        wait_until_ready(self.ws_port, "/health/ready")

    def publish(self, events):
        for at in range(0, len(events), PUBLISHED_AT_ONCE):
            lines = "".join(json.dumps(event) + "\n" for event in events[at:at + PUBLISHED_AT_ONCE])
            subprocess.run([PROGRAMS / "tocsin", "pub", "--hub", f"127.0.0.1:{self.hub_port}", "--file", "-"],
                           input=lines.encode(), check=True, stdout=subprocess.DEVNULL)

    def stop(self):
        self.bridge.kill()
        self.hub.kill()


def event(n):
    """One of group n."""
    return {"event_type": "incident_created",
            "incident": {"severity": "P2", "source": f"group-{n % GROUPS}", "title": "x" * 300}}


# --- The clients

def frame(text):
    mask = b"\0\0\0\0"  # masked, as a client's frame must be, by zeros
    size = len(text)
    head = bytes([0x81, 0x80 | size]) if size < 126 else bytes([0x81, 0x80 | 126]) + size.to_bytes(2, "big")
    return head + mask + text


class Client(asyncio.Protocol):
    """Subscribes, and keeps of each event its sequence, folded into a checksum."""

    def __init__(self, crowd, number, cursor=None):
        self.crowd, self.number, self.cursor = crowd, number, cursor
        self.got, self.sum, self.rest, self.shaken, self.ready, self.transport = 0, 0, b"", False, False, None

    def connection_made(self, transport):
        self.transport = transport
        key = base64.b64encode(self.number.to_bytes(16, "big")).decode()
        transport.write((f"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())

    def subscribe(self):
        message = {"type": "subscribe", "subscription_id": "s", "filters": self.crowd.filters(self.number)}
        if self.cursor:
            message["resume_from"] = self.cursor
        self.transport.write(frame(json.dumps(message).encode()))

    def data_received(self, data):
        data = self.rest + data
        if not self.shaken:  # nothing may follow the handshake before it is answered
            if b"\r\n\r\n" not in data:
                self.rest = data
                return
            self.shaken = True
            self.subscribe()
        if not self.ready:
            subscribed = CURSOR.search(data)
            if subscribed is None:
                self.rest = data
                return
            self.ready, self.cursor = True, subscribed.group(1).decode()
            self.crowd.on_ready()
        sequences = SEQUENCE.findall(data)
        begun = data.rfind(b'"sequence":')
        self.rest = data[begun:] if begun >= 0 and b"," not in data[begun:] else data[-10:]
        if sequences:
            self.got += len(sequences)
            self.sum = zlib.crc32(b",".join(sequences) + b",", self.sum)
            self.crowd.on_events(self)

    def connection_lost(self, _):
        self.crowd.on_lost(self)


class Crowd:
    def __init__(self, port, size, own_filters):
        self.port, self.size, self.own_filters = port, size, own_filters
        self.clients, self.cursors = [], [None] * size
        self.begin(0)

    def filters(self, number):
        return {"sources": [f"group-{number % GROUPS}", f"own-{number}"]} if self.own_filters else {}

    def begin(self, wanted):
        """From now on each is to get so many events."""
        self.wanted, self.ready, self.whole, self.lost = wanted, 0, 0, 0
        self.ready_at, self.whole_at, self.begun = [], [], time.monotonic()
        self.done, self.connected = asyncio.Event(), asyncio.Event()
        for client in self.clients:
            client.got = client.sum = 0

    def on_ready(self):
        self.ready += 1
        self.ready_at.append(round(time.monotonic() - self.begun, 3))
        if self.ready == self.size:
            self.connected.set()

    def on_events(self, client):
        if client.got == self.wanted:
            self.whole += 1
            self.whole_at.append(round(time.monotonic() - self.begun, 3))
            if self.whole == self.size:
                self.done.set()

    def on_lost(self, _):
        self.lost += 1

    async def connect(self):
        gate, loop = asyncio.Semaphore(AT_A_TIME), asyncio.get_running_loop()

        async def one(number):
            async with gate:
                _, client = await loop.create_connection(lambda: Client(self, number, self.cursors[number]), "127.0.0.1",
                                                         self.port)
                self.clients.append(client)

        self.clients = []
        await asyncio.gather(*(one(number) for number in range(self.size)))
        await asyncio.wait_for(self.connected.wait(), IN_TIME)

    def forget(self):
        """All have lost their connection: they keep their cursors."""
        for client in self.clients:
            self.cursors[client.number] = client.cursor
            client.transport.abort()

    def wrong(self, published, first):
        """Clients that did not get exactly what they wanted, in order; sequences begin at `first`."""
        sums = []
        for group in range(GROUPS):
            wanted = range(first, first + published) if not self.own_filters else range(first + group, first + published, GROUPS)
            sums.append(zlib.crc32(b"".join(b"%d," % sequence for sequence in wanted)))
        return sum(client.sum != sums[client.number % GROUPS] for client in self.clients)


# --- The rounds

async def restart(programs, size, everything=False, times=None):
    crowd = Crowd(programs.ws_port, size, own_filters=not everything)
    await crowd.connect()
    programs.bridge.kill()
    crowd.forget()
    published = WANTED if everything else GROUPS * WANTED
    programs.publish([event(n) for n in range(published)])
    crowd.begin(WANTED)
    hub_before = programs.hub.cpu()
    programs.start_bridge()
    crowd.begun = begin = time.monotonic()
    await crowd.connect()
    connected = time.monotonic() - begin
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(crowd.done.wait(), IN_TIME)
    if times:
        times.write_text(json.dumps({"clients": size, "filters": not everything, "ready": crowd.ready_at, "whole": crowd.whole_at}))
    return {"round": "restart", "filters": not everything, "clients": size, "events_each": WANTED, "connected_s": round(connected, 2),
            "resumed_s": round(time.monotonic() - begin, 2), "whole": crowd.whole, "wrong": crowd.wrong(published, 1),
            "hub_cpu_s": round(programs.hub.cpu() - hub_before, 2), "bridge_cpu_s": round(programs.bridge.cpu(), 2)}


async def burst(programs, size):
    crowd = Crowd(programs.ws_port, size, own_filters=False)
    await crowd.connect()
    crowd.begin(BURST)
    hub_before, bridge_before = programs.hub.cpu(), programs.bridge.cpu()
    begin = time.monotonic()
    await asyncio.to_thread(programs.publish, [event(n) for n in range(BURST)])
    published = time.monotonic() - begin
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(crowd.done.wait(), IN_TIME)
    return {"round": "burst", "clients": size, "events_each": BURST, "published_s": round(published, 2),
            "live_again_s": round(time.monotonic() - begin, 2), "whole": crowd.whole, "wrong": crowd.wrong(BURST, 1),
            "hub_cpu_s": round(programs.hub.cpu() - hub_before, 2),
            "bridge_cpu_s": round(programs.bridge.cpu() - bridge_before, 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("round", choices=["restart", "burst"])
    parser.add_argument("--clients", type=int)
    parser.add_argument("--everything", action="store_true")
    parser.add_argument("--times", type=pathlib.Path)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="comeback") as folder:
        programs = Programs(pathlib.Path(folder))
        try:
            if options.round == "restart":
                result = asyncio.run(restart(programs, options.clients or 10_000, options.everything, options.times))
            else:
                result = asyncio.run(burst(programs, options.clients or 1_000))
        finally:
            programs.stop()
    print(json.dumps(result))
    sys.exit(0 if result["wrong"] == 0 and result["whole"] == result["clients"] else 1)


if __name__ == "__main__":
    main()
