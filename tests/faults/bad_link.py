"""A TCP link between two programs that stops, slows down, is refused or is reset when a test says so."""

import contextlib
import random
import socket
import struct
import threading
import time

PIECE = 2048  # bytes that are passed on at a time: less than most frames, so that a stop or a reset falls within one
LOSS, RESENT = 0.1, 0.2  # of the pieces, how many are lost, and the seconds until TCP would have sent one again
TICK = 0.01


class BadLink:
    """Use: with BadLink(address, rng) as link: … link.address. Of each way, "to" is towards that address, which is that of a network
    where within() is one (bad_net.py)."""

    def __init__(self, address, seed, within=contextlib.nullcontext):
        host, port = address.rsplit(":", 1)
        self._target, self._rng, self._within = (host, int(port)), random.Random(seed), within
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self._port}"
        self._pairs, self._over = [], False
        self._heal()

    def _heal(self):
        self._stopped, self._rate, self._lossy, self._until_reset = (), None, False, None

    # What may be wrong with it; each until heal().

    def dropped(self):
        self._stopped = ("to", "from")

    def one_way(self):
        self._stopped = (self._rng.choice(["to", "from"]),)

    def slow(self):
        self._rate = 20_000  # bytes a second

    def lossy(self):
        self._lossy = True

    def refused(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._reset()

    def reset_in_a_frame(self):
        self._until_reset = self._rng.randint(1, 20_000)

    def heal(self):
        self._heal()
        if self._listener.fileno() < 0:
            self._listener = socket.create_server(("127.0.0.1", self._port))
            self._serve()

    def _serve(self):
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        with contextlib.suppress(OSError), self._within():
            while True:
                client, _ = listener.accept()
                try:
                    server = socket.create_connection(self._target, 5)
                except OSError:
                    client.close()
                    continue
                server.settimeout(None)
                self._pairs.append((client, server))
                for source, target, way in ((client, server, "to"), (server, client, "from")):
                    threading.Thread(target=self._pass_on, args=(source, target, way), daemon=True).start()

    def _pass_on(self, source, target, way):
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                self._wait(len(data), way)
                if self._until_reset is not None:
                    left, self._until_reset = self._until_reset, self._until_reset - len(data)
                    if left <= len(data):
                        target.sendall(data[:left])
                        self._until_reset = None
                        self._reset()
                        return
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _wait(self, size, way):
        while way in self._stopped and not self._over:
            time.sleep(TICK)
        if self._rate:
            time.sleep(size / self._rate)
        if self._lossy and self._rng.random() < LOSS:
            time.sleep(RESENT)

    def _reset(self):
        """All connections end by a reset, with whatever was on its way."""
        for pair in self._pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RD)
                    end.close()
        self._pairs = []

    def __enter__(self):
        self._serve()
        return self

    def __exit__(self, *_):
        self._over = True
        self.heal()
        self._reset()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
