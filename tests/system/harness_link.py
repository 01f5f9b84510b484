"""A TCP link between two programs that carries only so many bytes a second towards the client."""

import contextlib
import socket
import threading
import time

SLICE = 0.05  # seconds: how often a share of the rate is passed on


def _pass_on(source, target, rate):
    """Until either end is closed. The pauses are the rate; small buffers keep the rest with the sender."""
    size = int(rate * SLICE) if rate else 1 << 16
    with contextlib.suppress(OSError):
        while data := source.recv(size):
            target.sendall(data)
            if rate:
                time.sleep(len(data) / rate)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _serve(listener, address, rate):
    host, port = address.rsplit(":", 1)
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            server = socket.socket()
            server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            server.connect((host, int(port)))
            for source, target, limit in ((server, client, rate), (client, server, None)):
                threading.Thread(target=_pass_on, args=(source, target, limit), daemon=True).start()


@contextlib.contextmanager
def slow_link(address, bytes_per_second):
    """The address of a link to that address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, address, bytes_per_second), daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
