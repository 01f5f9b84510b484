"""One flood: connections that say something first and then send the same bytes again and again, as fast as they are taken.

    python flood.py ws_pings 127.0.0.1:8080      # floods.py has the names; ends with its standard input

A process of its own, so that nothing that is measured shares an interpreter with it. What is sent is made beforehand, in blocks of
some 64 KiB: one thread sends as much as a core can. It prints `begun` when half of the connections are at it, and in the end what
became of them, as JSON.

The process has a low priority. Whoever attacks brings a machine of his own; here he would take a third of the processors from those
he attacks, and what is measured would be the kernel's scheduler.
"""

import collections
import dataclasses
import errno
import json
import math
import os
import re
import select
import socket
import sys
import time
import typing

TAIL = 4096  # bytes that are kept of what the server said last
CONNECT_TIME = 5.0
TAKE = 1 << 18
PRIORITY = 5
TURN = 8  # blocks that one connection sends before the others come


@dataclasses.dataclass(frozen=True)
class Flood:
    """What each of the connections does: steps are (bytes to send, text to wait for), then blocks until the time is over."""
    connections: int = 32
    steps: tuple = ()
    block: typing.Any = b""  # bytes, or a function of the block's number; empty: nothing more is sent
    pace: float = 0.0  # seconds between two blocks
    takes: bool = True  # False: reads nothing once its steps are done
    again: bool = True  # opens another connection for each that ends
    leaves: bool = False  # closes a connection as soon as its steps are done
    receive_buffer: int = 0
    most_bytes: float = math.inf  # that all send together


class Connection:
    def __init__(self, flood, address, poll):
        self.flood, self._poll = flood, poll
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if flood.receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, flood.receive_buffer)
        self.opened = self.next_block = time.monotonic()
        self.told = None  # when the server said that it closes
        self.head, self.tail = b"", b""
        self._step, self._blocks, self._waits_for = 0, 0, None
        self._pending = memoryview(b"")
        self._events = 0
        self.sent = self.taken = 0
        error = self.socket.connect_ex(address)
        if error not in (0, errno.EINPROGRESS):
            self.socket.close()
            raise OSError(error, os.strerror(error))
        self.watch(select.EPOLLIN | select.EPOLLOUT)

    @property
    def done_with_steps(self):
        return self._step == len(self.flood.steps) and self._waits_for is None and not self._pending

    @property
    def begun(self):
        return self.done_with_steps and (self._blocks > 0 or not self.flood.block)

    def watch(self, events):
        if events == self._events:
            return
        (self._poll.modify if self._events else self._poll.register)(self.socket, events | select.EPOLLRDHUP)
        self._events = events

    def what_to_watch(self, now):
        reads = select.EPOLLIN if self.flood.takes or not self.done_with_steps else 0
        if self._waits_for is not None:
            return reads
        if self._pending or self._step < len(self.flood.steps):
            return reads | select.EPOLLOUT
        due = self.flood.block and now >= self.next_block
        return reads | (select.EPOLLOUT if due else 0)

    def _next_bytes(self, now):
        """What is to be sent next; nothing while an answer is waited for, or the pace has it so."""
        if self._waits_for is not None:
            return b""
        if self._step < len(self.flood.steps):
            data, self._waits_for = self.flood.steps[self._step]
            self._step += 1
            return data
        if not self.flood.block or now < self.next_block:
            return b""
        self.next_block = now + self.flood.pace
        self._blocks += 1
        return self.flood.block(self._blocks - 1) if callable(self.flood.block) else self.flood.block

    def send(self, now):
        for _ in range(TURN):
            if not self._pending:
                self._pending = memoryview(self._next_bytes(now))
                if not self._pending:
                    return
            count = self.socket.send(self._pending)
            self.sent += count
            self._pending = self._pending[count:]
            if self._pending:
                return

    def take(self, now):
        data = self.socket.recv(TAKE)
        if not data:
            raise EOFError
        self.taken += len(data)
        self.head = self.head or data[:64]
        if self._waits_for is not None and self._waits_for in self.tail + data:
            self._waits_for = None
        self.tail = (self.tail + data)[-TAIL:] if len(data) < TAIL else data[-TAIL:]
        if self.told is None and closing(self.tail):
            self.told = now

    def close(self):
        self.socket.close()


def closing(tail):
    """What the server's last bytes say about the end: a close code of WebSocket, an error of HTTP/2, a status; or None."""
    for length in range(2, min(126, len(tail) - 1)):
        if tail[-length - 2] == 0x88 and tail[-length - 1] == length:
            return str(int.from_bytes(tail[-length:][:2], "big"))
    if goaway := re.search(rb"\x07\x00\x00\x00\x00\x00.{4}(.{4})", tail, re.DOTALL):
        return f"GOAWAY {int.from_bytes(goaway[1], 'big')}"
    if b"Connection: close\r\n" in tail:
        return re.findall(rb"HTTP/1\.[01] (\d{3})", tail)[-1].decode() if b"HTTP/1." in tail else "close"
    return None


class Run:
    def __init__(self, flood, address):
        host, port = address.rsplit(":", 1)
        self._flood, self._address = flood, (host, int(port))
        self._poll = select.epoll()
        self._live = {}
        self._ends, self._ended_after, self._told_after = collections.Counter(), [], []
        self._opened = self._failed = self._sent = self._taken = self._left = 0
        self._told_begun = False

    def _open(self):
        try:
            connection = Connection(self._flood, self._address, self._poll)
        except OSError:
            self._failed += 1
            return False
        self._live[connection.socket.fileno()] = connection
        self._opened += 1
        return True

    def _end(self, number, how, now):
        connection = self._live.pop(number)
        self._sent += connection.sent
        self._taken += connection.taken
        if how == "left":
            self._left += 1
        else:
            self._ends[closing(connection.tail) or how] += 1
            self._ended_after.append(now - connection.opened)
            if connection.told is not None:
                self._told_after.append(connection.told - connection.opened)
        connection.close()

    def _step(self, number, events, now):
        connection = self._live[number]
        try:
            if events & select.EPOLLOUT:
                connection.send(now)
            if events & select.EPOLLIN:
                connection.take(now)
            elif events & select.EPOLLRDHUP:
                raise EOFError
            if events & (select.EPOLLERR | select.EPOLLHUP):
                raise OSError(connection.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "")
            if self._flood.leaves and connection.done_with_steps and connection.sent:
                return self._end(number, "left", now)
            connection.watch(connection.what_to_watch(now))
        except BlockingIOError:
            pass
        except EOFError:
            self._end(number, "end", now)
        except OSError as error:
            self._end(number, "refused" if error.errno == errno.ECONNREFUSED else "reset", now)

    def _tell_begun(self):
        begun = self._left + len(self._ended_after) + sum(each.begun for each in self._live.values())
        if begun * 2 >= self._flood.connections:
            self._told_begun = True
            print("begun", flush=True)

    def _bytes(self):
        return self._sent + sum(each.sent for each in self._live.values())

    def play(self, control):
        """Until the control file is at its end."""
        self._poll.register(control, select.EPOLLIN | select.EPOLLHUP)
        wanted, most, wait = self._flood.connections, self._flood.most_bytes, min(0.02, self._flood.pace or 0.02)
        while True:
            may_send = most == math.inf or self._bytes() < most  # then its connections stay, and are silent
            while may_send and len(self._live) < wanted and self._open():
                pass
            now = time.monotonic()
            for number, events in self._poll.poll(wait):
                if number == control.fileno():
                    return self._said()
                self._step(number, events if may_send else events & ~select.EPOLLOUT, now)
            if not self._told_begun:
                self._tell_begun()
            if not self._flood.again:
                wanted = len(self._live)
            if self._flood.pace or not may_send:
                for connection in self._live.values():
                    connection.watch(connection.what_to_watch(now) if may_send else select.EPOLLIN)

    def _said(self):
        said = {"opened": self._opened, "failed": self._failed, "left": self._left, "open": len(self._live),
                "ends": dict(self._ends), "ended_after": max(self._ended_after, default=None),
                "told_after": max(self._told_after, default=None), "oldest": 0.0, "first": ""}
        now = time.monotonic()
        for connection in self._live.values():
            said["oldest"] = max(said["oldest"], now - connection.opened)
            said["first"] = connection.head[:32].decode("latin-1")
        for number in list(self._live):
            self._end(number, "left", now)
        return said | {"sent_mb": round(self._sent / 1e6, 1), "taken_mb": round(self._taken / 1e6, 1)}


def main():
    import floods
    name, address = sys.argv[1:]
    os.nice(PRIORITY)
    print(json.dumps(Run(floods.ALL[name].flood, address).play(sys.stdin)))


if __name__ == "__main__":
    main()
