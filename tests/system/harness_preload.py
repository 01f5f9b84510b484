"""Libraries of tests/system that are put into a program by the loader, to make its surroundings fail."""

import shutil
import subprocess

from harness_base import ROOT

NO_MEMORY_FOR = "x" * 55_000  # a text that fail_allocation.cc makes a program fail at


def preload(folder, source, **variables):
    """Builds it into the folder: the environment for a program that is to have it."""
    library = folder / f"{source}.so"
    compiler = shutil.which("c++" if source.endswith(".cc") else "cc") or "clang++"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, ROOT / "tests" / "system" / source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), **{name: str(value) for name, value in variables.items()}}
