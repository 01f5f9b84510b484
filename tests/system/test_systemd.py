"""The units in systemd/: how exposed they leave the machine, and that the programs live within what they allow."""

import pathlib
import re
import shutil
import subprocess

import harness
import harness_programs
import pytest

UNITS = pathlib.Path(__file__).parents[2] / "systemd"
PROGRAMS = ["tocsin-hub", "tocsin-bridge"]
# Of 10; systemd's own word for up to 2 is OK.
MOST_EXPOSED = 1.5


def _settings(program):
    """Of the unit's [Service], each with its values in order."""
    settings = {}
    for line in (UNITS / f"{program}.service").read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            settings.setdefault(name, []).append(value)
    return settings


def _members(name):
    """The system calls of a set such as @privileged."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True)
    calls = set()
    for line in listed.stdout.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            calls |= _members(word)
        elif word and not word.startswith("#"):
            calls.add(word)
    return calls


def _allowed(program):
    allowed = set()
    for value in _settings(program)["SystemCallFilter"]:
        words = value.removeprefix("~").split()
        calls = set().union(*(_members(word) if word.startswith("@") else {word} for word in words))
        allowed = allowed - calls if value.startswith("~") else allowed | calls
    return allowed


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_unit_leaves_little_of_the_machine_open(program):
    judged = subprocess.run(["systemd-analyze", "security", "--offline=true", str(UNITS / f"{program}.service")],
                            capture_output=True, text=True, check=False)
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    assert level, judged.stdout + judged.stderr
    assert float(level[1]) <= MOST_EXPOSED, judged.stdout


@pytest.fixture
def traced(tmp_path, monkeypatch):
    """Programs started from now on write down their system calls; gives a program's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    strace = shutil.which("strace")
    assert strace, "strace is missing: scripts/setup --tests installs it"
    for program in PROGRAMS:
        wrapper = folder / program
        # -D: the program is what was started, and gets the signals.
        wrapper.write_text(f'#!/bin/sh\nexec {strace} -D -f -qq -s 0 -o {tmp_path}/{program}.calls '
                           f'{harness.BIN / program} "$@"\n')
        wrapper.chmod(0o755)
    monkeypatch.setattr(harness_programs, "BIN", folder)
    return lambda program: (tmp_path / f"{program}.calls").read_text(errors="replace")


def test_the_programs_live_within_what_their_units_allow(traced):
    """Start, publishing, subscribers with snapshots, and a drain."""
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        async def follow():
            async with harness.connect(bridge) as ws, harness.events(bridge) as stream:
                await ws.subscribe(snapshot=True)
                with hub.client() as client, client.subscribe(snapshot=True) as subscribed:
                    client.publish(harness.incident_created(severity="P0"))
                    await ws.events(1)
                    await stream.events(1)
                    subscribed.take(1)

        harness.run(follow())
    for program in PROGRAMS:
        calls = traced(program)
        seen = set(re.findall(r"^\d+ +(\w+)\(", calls, re.M))
        assert {"mmap", "socket"} <= seen, "nothing was traced"
        assert seen <= _allowed(program), f"{program}: not allowed by its unit: {sorted(seen - _allowed(program))}"
        assert not re.search(r"(mmap|mprotect)\([^\n]*PROT_WRITE\|PROT_EXEC", calls), "MemoryDenyWriteExecute"
        families = set(re.findall(r"socket\((AF_\w+)", calls))
        allowed = set(_settings(program)["RestrictAddressFamilies"][0].split())
        assert families <= allowed, f"{program}: {families - allowed}"
