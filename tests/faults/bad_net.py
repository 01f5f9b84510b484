"""Two network namespaces of the test's own, and a wire between them that loses, delays, garbles and slows packets: what TCP
makes of it is the kernel's. Needs root and TUN devices, and neither netem nor a firewall; nothing of it is seen outside."""

import contextlib
import ctypes
import fcntl
import heapq
import os
import random
import select
import shutil
import struct
import subprocess
import threading
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
ADDRESSES = ("10.211.0.1", "10.211.0.2")
MTU = 1400
LOSS = (0.05, 0.30)  # of the packets
GARBLED = (0.01, 0.10)
DELAY = (0.02, 0.40)  # seconds; packets overtake each other
RATE, WAITING = 20_000, 1.0  # bytes a second; seconds of them that may wait, and what comes then is lost


def _libc(name, *arguments):
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)


def missing():
    """Why there is no such network here; None where there is."""
    if os.geteuid() != 0:
        return "losing packets needs root: it makes network namespaces of its own"
    if not os.path.exists("/dev/net/tun"):
        return "losing packets needs TUN devices, and this machine has none (/dev/net/tun)"
    if shutil.which("ip") is None:
        return "losing packets needs `ip` (the package iproute2)"
    return None


class Namespace:
    """A network of its own with one address, whose packets to elsewhere are read and written as `wire`."""

    def __init__(self, address):
        self.address = address
        making = threading.Thread(target=self._make)
        making.start()
        making.join()

    def _make(self):
        _libc("unshare", CLONE_NEWNET)
        self._place = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.wire = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.wire, TUNSETIFF, struct.pack("16sH22x", b"wire", IFF_TUN | IFF_NO_PI))
        for command in ("link set lo up", f"address add {self.address}/24 dev wire", f"link set wire mtu {MTU} up"):
            subprocess.run(["ip", *command.split()], check=True)

    @contextlib.contextmanager
    def inside(self):
        """The thread's new sockets, and the programs that it starts, are of this network."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            _libc("setns", self._place, CLONE_NEWNET)
            yield
        finally:
            _libc("setns", before, CLONE_NEWNET)
            os.close(before)

    def close(self):
        os.close(self.wire)
        os.close(self._place)


class BadNet:
    """Use: with BadNet(seed) as net: with net.ends[0].inside(): … Of each way, "to" is towards the first end."""

    def __init__(self, seed):
        self._rng = random.Random(seed)
        self.ends = [Namespace(address) for address in ADDRESSES]
        self.lost = 0  # packets
        self._due, self._number, self._free_at, self._over = [], 0, {"to": 0.0, "from": 0.0}, False
        self.heal()

    # What may be wrong with it; each until heal().

    def heal(self):
        self._stopped, self._loss, self._garbled, self._delay, self._rate = (), 0.0, 0.0, 0.0, None

    def dropped(self):
        self._stopped = ("to", "from")

    def one_way(self):
        self._stopped = (self._rng.choice(["to", "from"]),)

    def lossy(self):
        self._loss = self._rng.uniform(*LOSS)

    def garbled(self):
        self._garbled = self._rng.uniform(*GARBLED)

    def delayed(self):
        self._delay = self._rng.uniform(*DELAY)

    def slow(self):
        self._rate = RATE

    def _run(self):
        first, second = (end.wire for end in self.ends)
        ways = {first: ("from", second), second: ("to", first)}
        while not self._over:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else 0.05
            for source in select.select([first, second], [], [], min(wait, 0.05))[0]:
                with contextlib.suppress(BlockingIOError):
                    self._take(os.read(source, 2 * MTU), *ways[source])
            while self._due and self._due[0][0] <= time.monotonic():
                _, _, target, packet = heapq.heappop(self._due)
                with contextlib.suppress(OSError):
                    os.write(target, packet)

    def _take(self, packet, way, target):
        now = time.monotonic()
        at = max(now, self._free_at[way])
        if way in self._stopped or self._rng.random() < self._loss or at - now > WAITING:
            self.lost += 1
            return
        if self._rng.random() < self._garbled:
            place = self._rng.randrange(len(packet))
            packet = packet[:place] + bytes([packet[place] ^ 1 << self._rng.randrange(8)]) + packet[place + 1:]
        at += len(packet) / self._rate if self._rate else 0
        self._free_at[way] = at
        self._number += 1  # packets of one time keep their order
        heapq.heappush(self._due, (at + self._rng.uniform(0, self._delay), self._number, target, packet))

    def __enter__(self):
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over = True
        self._thread.join()
        for end in self.ends:
            end.close()
