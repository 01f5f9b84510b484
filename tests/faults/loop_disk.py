"""A small ext4 of its own, in a file, whose power can be cut: what was not synced is gone. It is mounted for this process
and those that it starts alone: a mount that another namespace had copied would keep the file system that was cut."""

import contextlib
import ctypes
import fcntl
import functools
import os
import struct
import subprocess

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
WITHOUT_FLUSH = 2  # not even the journal is written
MEBIBYTES = 160
INODES = 1_000
CLONE_NEWNS = 0x00020000


def _run(*command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)


@functools.cache
def _own_mounts():
    """From now on this thread's mounts, and those of what it starts, are seen by nobody else; they end with it."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "cannot get a mount namespace")
    # In a chroot / is no mount, and whoever made the chroot has seen to that.
    subprocess.run(["mount", "--make-rprivate", "/"], check=False, capture_output=True)


def missing():
    """Why there is no such disk here; None where there is."""
    if os.geteuid() != 0:
        return "a power cut needs root: it mounts a file system of its own"
    if not os.path.exists("/dev/loop-control"):
        return "a power cut needs loop devices, and this machine has none"
    return None


class LoopDisk:
    """Use: with LoopDisk(folder) as disk: … disk.path."""

    def __init__(self, folder, mebibytes=MEBIBYTES):
        self._image, self.path = folder / "disk.ext4", folder / "disk"
        self.path.mkdir()
        _own_mounts()
        with open(self._image, "wb") as image:
            image.truncate(mebibytes << 20)
        _run("mkfs.ext4", "-q", "-m", "0", self._image)

    def mount(self):
        _run("mount", "-o", "loop", self._image, self.path)

    def unmount(self):
        _run("umount", self.path)

    def cut(self):
        """From now on every write and sync fails, and nothing more reaches the disk."""
        directory = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(directory, SHUTDOWN, struct.pack("I", WITHOUT_FLUSH))
        finally:
            os.close(directory)

    def remount(self):
        """Power is back. Nobody may have a file open."""
        self.unmount()
        self.mount()

    def __enter__(self):
        self.mount()
        return self

    def __exit__(self, *_):
        self.unmount()


@contextlib.contextmanager
def few_inodes(path):
    """A file system in memory at that path, with room for INODES files."""
    path.mkdir()
    _own_mounts()
    _run("mount", "-t", "tmpfs", "-o", f"size=1g,nr_inodes={INODES}", "tocsin-tests", path)
    try:
        yield path
    finally:
        _run("umount", path)
