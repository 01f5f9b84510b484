"""Ports for programs that must be told theirs. No two of the tests get the same, also where several runs of tests go on beside
each other.

On port 0 a program would get one that, while it is down for a restart, a client that tries to come back to it may be given
for its own end: that client is then connected to itself, and the program cannot start. So the ports lie below those that
systems give to the clients' ends of connections.
"""

import contextlib
import itertools
import socket

FIRST, LAST = 15_000, 31_999
BLOCK = 500  # what one run of tests takes: many times what it has in use at a time


def _own_block():
    """The first block that no other run holds. The name of an abstract socket is the lease: the system ends it with us."""
    for first in range(FIRST, LAST + 1, BLOCK):
        lease = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with contextlib.suppress(OSError):
            lease.bind(f"\0tocsin-tests-ports-{first}")
            return lease, range(first, min(first + BLOCK, LAST + 1))
        lease.close()
    raise RuntimeError(f"more than {(LAST + 1 - FIRST) // BLOCK} runs of tests at a time: no ports are left")


_lease, _block = _own_block()
_turns = itertools.cycle(_block)


def _listens_nobody(port):
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False


def free_port():
    """The next of our ports on which nobody listens. It comes again only after all others of the block."""
    for port in itertools.islice(_turns, len(_block)):
        if _listens_nobody(port):
            return port
    raise RuntimeError(f"none of the ports {_block.start} to {_block.stop - 1} is free")


def free_address():
    return f"127.0.0.1:{free_port()}"
