"""Histories for the judge of docs/guarantees.md, which is `tocsin verify --judge` (core/history): what clients of the
real programs did and saw, written as the lines that it reads.

    history = History(publishes=[…], streams=[…], reads=[…])
    guarantees.check(history)            # raises Broken, which says by what
    guarantees.judge(history)            # the verdict as JSON

A history is the publishers' calls with the answers, each chain of resumes with everything that came on it in its order,
and full reads of the log, the last of which is what is there in the end. harness_history.py records them.
"""

import dataclasses
import json
import subprocess
import tempfile
import typing

from harness_base import BIN


class Broken(AssertionError):
    """A history breaks these guarantees."""

    def __init__(self, verdict):
        self.verdict = verdict
        self.rules = [each["name"] for each in verdict["guarantees"] if each["broken"]]
        told = [f"{each['name']}: {finding['what']}: {', '.join(finding['offending'])}"
                for each in verdict["guarantees"] for finding in each["findings"]]
        super().__init__("\n".join(told))


def halves(cursor):
    """The places of the ordinary and of the urgent events in a cursor; twice the same one in most."""
    if not cursor.startswith("p"):
        return cursor, cursor
    ordinary, urgent, _ = cursor[1:].split(".")
    return ordinary, urgent


def place(cursor):
    """(sequence, epoch) of a cursor: what the log is ordered by; of a split one, where its ordinary events stand."""
    epoch, sequence = halves(cursor)[0].split("-")
    return int(sequence, 16), int(epoch, 16)


@dataclasses.dataclass(frozen=True)
class Event:
    """An event as somebody received it."""
    id: str
    cursor: str
    facts: typing.Any = dataclasses.field(default=None, compare=False)  # of a read: what a filter may ask about it


@dataclasses.dataclass(frozen=True)
class Bookmark:
    cursor: str


@dataclasses.dataclass(frozen=True)
class Left:
    """What leaves the set that a stream follows, by the event at this cursor."""
    incident: str
    cursor: str


@dataclasses.dataclass(frozen=True)
class Gap:
    """What could not be given: all after `start` up to and including `end`."""
    start: str
    end: str


@dataclasses.dataclass(frozen=True)
class Resume:
    """The chain goes on from this cursor, over another connection, bridge or transport."""
    cursor: str


@dataclasses.dataclass
class Stream:
    """A chain of resumes: everything that came, in order."""
    name: str
    start: str  # the cursor from which the first subscription started
    steps: list  # Event, Left, Bookmark, Gap, Resume
    filter: dict = None
    leaves: bool = False
    latest_only: bool = False
    priority: bool = False

    def events(self):
        return [step for step in self.steps if isinstance(step, Event)]


@dataclasses.dataclass
class Publish:
    """One call. Without an answer it may have been appended or not; then the same ids are published again."""
    ids: list
    answer: list = None  # (cursor, duplicate) for each id
    invoked_us: int = 0  # of a clock that never goes back; 0: not told
    answered_us: int = 0


@dataclasses.dataclass
class History:
    publishes: list
    streams: list
    reads: list  # of the whole log, [Event], in the order of time; the last one when all was over

    @property
    def log(self):
        return self.reads[-1]


_KINDS = {Event: "event", Left: "left", Bookmark: "bookmark", Resume: "resume"}


def _step(stream, step):
    if isinstance(step, Gap):
        return {"record": "gap", "stream": stream, "from": step.start, "to": step.end}
    line = {"record": _KINDS[type(step)], "stream": stream, **dataclasses.asdict(step)}
    line.pop("facts", None)
    return line


def _read(number, event):
    facts = dict(event.facts)
    urgent, incident = facts.pop("urgent", False), facts.pop("incident_id", None)
    return {"record": "read", "read": number, "id": event.id, "cursor": event.cursor, "urgent": urgent, "facts": facts,
            **({"incident": incident} if incident else {})}


def lines(history):
    """The records of core/history/record.h."""
    for number, stream in enumerate(history.streams, 1):
        yield {"record": "stream", "stream": number, "name": stream.name, "start": stream.start,
               "filter": stream.filter or {}, "leaves": stream.leaves, "latest_only": stream.latest_only,
               "priority": stream.priority}
        yield from (_step(number, step) for step in stream.steps)
    for call in history.publishes:
        yield {"record": "publish", "ids": call.ids, "invoked_us": call.invoked_us, "answered_us": call.answered_us,
               **({"answer": [{"cursor": c, "duplicate": d} for c, d in call.answer]} if call.answer else {})}
    for number, read in enumerate(history.reads, 1):
        yield from (_read(number, event) for event in read)
        yield {"record": "end", "read": number}


def judge(history, path=None):
    """The verdict; the history is written to the path, or to a file for the time being."""
    with (open(path, "w") if path else tempfile.NamedTemporaryFile("w", suffix=".jsonl")) as file:
        file.writelines(json.dumps(line) + "\n" for line in lines(history))
        file.flush()
        done = subprocess.run([str(BIN / "tocsin"), "verify", "--judge", str(file.name), "--json"],
                              capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 6), done.stderr
    return json.loads(done.stdout)


def check(history, path=None):
    verdict = judge(history, path)
    if not verdict["held"]:
        raise Broken(verdict)
