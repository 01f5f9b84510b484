#!/usr/bin/env python3
"""What encryption costs a bridge: memory of idle connections, connects, and events delivered, ws beside wss.

  bench/tls.py [--idle 1000] [--clients 50] [--rate 500] [--seconds 5] [--runs 3]

Two bridges before one hub, one with a certificate that openssl makes (P-256); the sides in turn, medians. Prints a Markdown row a side: KB of the
bridge's resident memory a connection that has upgraded and is silent, its CPU milliseconds a connect (a full handshake), and its CPU microseconds a
delivery to clients that drain their sockets. It says nothing of rates: the clients are Python. TOCSIN_BIN names the folder with the programs.
"""
import argparse
import contextlib
import os
import pathlib
import selectors
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests" / "system"))
import harness  # noqa: E402
from harness_tls import Authority, Files  # noqa: E402

UPGRADE = ("GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
SUBSCRIBE = b'{"type":"subscribe","subscription_id":"s"}'
TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    """Seconds."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def connect(bridge, context):
    host, port = bridge.address(0).rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=20)
    if context is not None:
        connection = context.wrap_socket(connection, server_hostname="localhost")
    connection.sendall(UPGRADE.encode())
    while b"welcome" not in (got := connection.recv(4096)):
        assert got, "the bridge closed the connection"
    return connection


def frame(text):
    mask = b"\0\0\0\0"
    return bytes([0x81, 0x80 | len(text)]) + mask + text


def idle(bridge, context, count):
    with contextlib.ExitStack() as stack:
        stack.enter_context(connect(bridge, context))  # what is made once
        memory, used = bridge.memory(), cpu(bridge.pid)
        for _ in range(count):
            stack.enter_context(connect(bridge, context))
        return (bridge.memory() - memory) / count / 1024, (cpu(bridge.pid) - used) / count * 1000


def delivered(hub, bridge, context, clients, rate, seconds):
    """CPU microseconds a delivery."""
    events = 0
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as ready:
        for _ in range(clients):
            connection = stack.enter_context(connect(bridge, context))
            connection.sendall(frame(SUBSCRIBE))
            while b'"subscribed"' not in connection.recv(4096):
                pass
            connection.setblocking(False)
            ready.register(connection, selectors.EVENT_READ)
        used = cpu(bridge.pid)
        load = subprocess.Popen([harness.BIN / "tocsin", "--hub", hub.address(0), "bench", "pub", "--rate", f"{rate}/s", "--duration",
                                 f"{seconds}s", "--output", "json"], stdout=subprocess.DEVNULL)
        end = time.monotonic() + seconds + 2
        while time.monotonic() < end:
            for key, _ in ready.select(0.1):
                with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
                    while key.fileobj.recv(1 << 16):
                        pass
        assert load.wait() == 0
        events = rate * seconds
        return (cpu(bridge.pid) - used) / events / clients * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("idle", 1000), ("clients", 50), ("rate", 500), ("seconds", 5), ("runs", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    rows = {"ws": [], "wss": []}
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(folder)
        files = Files(folder, authority.issue())
        for _ in range(asked.runs):
            for side, flags, context in (("ws", [], None), ("wss", files.flags, authority.client())):
                with harness.start_hub(store="memory") as hub, harness.start_bridge(hub, "--threads", "1", *flags, wait=False) as bridge:
                    harness.wait_for(lambda b=bridge: "the hub is connected" in b.log(), what="the bridge to be ready")
                    rows[side].append((*idle(bridge, context, asked.idle),
                                       delivered(hub, bridge, context, asked.clients, asked.rate, asked.seconds)))
    print("| side | KB an idle connection | CPU ms a connect | CPU µs a delivery |\n|---|---|---|---|")
    for side, runs in rows.items():
        print("| " + " | ".join([side, *(f"{statistics.median(column):.2f}" for column in zip(*runs, strict=True))]) + " |")


if __name__ == "__main__":
    main()
