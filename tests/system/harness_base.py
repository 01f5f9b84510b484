"""Where things are, the stubs of the schema, and waiting."""

import asyncio
import fcntl
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("TOCSIN_BIN", "build/release"))
if not BIN.is_absolute():
    BIN = ROOT / BIN
GENERATED = ROOT / "tests" / "system" / "_gen"
TIMEOUT = 20.0


def _generate_stubs():
    """Makes the Python stubs of proto/tocsin into _gen, once for each change of the schema."""
    protos = sorted((ROOT / "proto" / "tocsin" / "v1").glob("*.proto"))
    GENERATED.mkdir(exist_ok=True)
    with open(GENERATED / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = GENERATED / ".made"
        if mark.exists() and all(p.stat().st_mtime < mark.stat().st_mtime for p in protos):
            return
        subprocess.run(
            [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}",
             f"--python_out={GENERATED}", f"--grpc_python_out={GENERATED}"]
            + [str(p.relative_to(ROOT / "proto")) for p in protos],
            check=True, cwd=ROOT / "proto")
        mark.touch()


_generate_stubs()
sys.path.insert(0, str(GENERATED))


def wait_for(condition, timeout=TIMEOUT, what="the condition"):
    """Polls condition() until it gives something true, and returns that."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout} s")
        time.sleep(0.01)


def run(coroutine, timeout=300):
    """Runs an async test to its end."""
    async def bounded():
        return await asyncio.wait_for(coroutine, timeout)
    return asyncio.run(bounded())
