"""Stops one thread of a program by the debugger's interface, as one that is stuck stands still: the others go on."""

import contextlib
import ctypes
import os
import pathlib

_SEIZE, _INTERRUPT, _DETACH, _WALL = 0x4206, 0x4207, 17, 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def threads(program, name):
    """The ids of its threads of that name."""
    folder = pathlib.Path(f"/proc/{program.pid}/task")
    return sorted(int(each.name) for each in folder.iterdir() if (each / "comm").read_text().strip() == name)


def _ptrace(request, thread):
    if _libc.ptrace(request, thread, None, None) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


@contextlib.contextmanager
def stuck(thread):
    _ptrace(_SEIZE, thread)
    _ptrace(_INTERRUPT, thread)
    os.waitpid(thread, _WALL)
    try:
        yield
    finally:
        _ptrace(_DETACH, thread)
