"""A wall clock that a test may step, for programs that it starts."""

import mmap
import struct

import harness

SECOND = 1_000_000_000  # nanoseconds
_SHIFT = struct.Struct("q")


class Steppable:
    """The environment of a program whose wall clock the test may step. `library`: the environment of one built before."""

    def __init__(self, folder, name="clock", library=None):
        path = folder / name
        path.write_bytes(_SHIFT.pack(0))
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), _SHIFT.size)
        self.environment = (library or build(folder)) | {"SET_BACK_CLOCK": str(path)}

    def step(self, seconds):
        """The wall clock is from now on so many seconds ahead of the right time."""
        _SHIFT.pack_into(self._map, 0, int(seconds * SECOND))


def build(folder):
    return harness.preload(folder, "set_back_clock.c")
