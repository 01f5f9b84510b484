"""Makes input and output of a program fail under one folder: the environment for it, and the plan (failing_io.c)."""

import mmap
import shutil
import struct
import subprocess

import harness

KINDS = {"write": 1, "sync": 2, "open": 3, "rename": 4}
FOR_EVER = 1 << 40
_PLAN = struct.Struct("10l")
_SOURCE = harness.ROOT / "tests" / "faults" / "failing_io.c"


def compile_library(folder):
    library = folder / "failing_io.so"
    subprocess.run([shutil.which("cc") or "clang", "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-ldl"], check=True)
    return library


class Plan:
    """What fails, from now on. Without a call of fail() nothing does."""

    def __init__(self, library, folder, under):
        path = folder / "plan"
        path.write_bytes(bytes(_PLAN.size))
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), _PLAN.size)
        self.environment = {"LD_PRELOAD": str(library), "FAILING_IO_DIR": str(under), "FAILING_IO_PLAN": str(path)}

    def fail(self, kind, error, nth=1, times=1):
        """The nth call of that kind from now on fails with that error (0: is short), and the times - 1 after it."""
        self.end()
        struct.pack_into("4l", self._map, 8, error, nth, times, 0)
        struct.pack_into("l", self._map, 0, KINDS[kind])

    def end(self):
        struct.pack_into("l", self._map, 0, 0)

    def failed(self):
        return _PLAN.unpack_from(self._map)[4]

    def seen(self, kind):
        """How many calls of that kind there were."""
        return _PLAN.unpack_from(self._map)[5 + KINDS[kind]]
