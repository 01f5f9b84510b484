"""docs/guarantees.md as rules over a recorded history: one function a guarantee, under its name.

    history = History(publishes=[…], streams=[…], reads=[…])
    guarantees.check(history)            # all of them
    guarantees.unique(history)           # one

A history is what clients did and saw: their calls with the answers, each chain of resumes with everything that came on
it in its order, and full reads of the log, the last of which is what is there in the end. A rule that does not hold
raises Broken with its name and the events that break it. harness_history.py records histories of the real programs;
test_guarantees.py has one made by hand for each way to break each rule.
"""

import dataclasses
import typing


class Broken(AssertionError):
    """A guarantee that a history breaks."""

    def __init__(self, rule, what, offending):
        self.rule, self.offending = rule, list(offending)
        shown = ", ".join(map(str, self.offending[:5])) + (", …" if len(self.offending) > 5 else "")
        super().__init__(f"{rule}: {what}: {shown}")


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

    def __str__(self):
        return f"{self.id} at {self.cursor}"


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
    matches: typing.Callable = lambda facts: True
    # Whether an incident of these facts is in the set that it follows; None: it is told of no leaves.
    has: typing.Callable = None
    latest_only: bool = False  # an event may be missing where a newer one of its incident came
    priority: bool = False  # urgent events may come before others: parts() is what the rules are asked about

    def events(self):
        return [step for step in self.steps if isinstance(step, Event)]


def parts(stream, log):
    """A stream with priority as what it is: one of the urgent events, and one of the others, each in the log's order and
    with cursors of its own. What an event's cursor says about the part that it is not of is a bookmark there."""
    if not stream.priority:
        return [stream]
    urgent = {event.id for event in log if event.facts["urgent"]}

    def steps(half):
        for step in stream.steps:
            if isinstance(step, Gap):
                yield Gap(halves(step.start)[half], halves(step.end)[half])
            elif isinstance(step, Event) and (step.id in urgent) == half:
                yield Event(step.id, halves(step.cursor)[half])
            elif isinstance(step, Resume):
                yield Resume(halves(step.cursor)[half])
            else:
                yield Bookmark(halves(step.cursor)[half])
    return [Stream(f"{stream.name}, {name}", stream.start, list(steps(half)),
                   lambda facts, half=half: facts["urgent"] == half and stream.matches(facts))
            for half, name in ((True, "the urgent"), (False, "the others"))]


@dataclasses.dataclass
class Publish:
    """One call. Without an answer it may have been appended or not; then the same ids are published again."""
    ids: list
    answer: list = None  # (cursor, duplicate) for each id

    def __str__(self):
        return f"the call of {self.ids[0]} and {len(self.ids) - 1} more"


@dataclasses.dataclass
class History:
    publishes: list
    streams: list
    reads: list  # of the whole log, [Event], in the order of time; the last one when all was over
    attempted: set = None  # ids that were ever published, when there is no Publish for each

    @property
    def log(self):
        return self.reads[-1]


def ordered(history):
    """A stream follows the log's order, and the log has one."""
    for read in history.reads:
        _increasing("Ordered", "the log", read)
    for stream in history.streams:
        _increasing("Ordered", stream.name, stream.events())


def _increasing(rule, who, events):
    for before, after in zip(events, events[1:]):
        if place(after.cursor)[0] < place(before.cursor)[0]:
            raise Broken(rule, f"{who} goes back", [before, after])


def unique(history):
    """No event twice in a chain of resumes, nor in the log; and no place with two events."""
    for who, events in [("the log", history.log)] + [(s.name, s.events()) for s in history.streams]:
        for what in (lambda event: event.id, lambda event: place(event.cursor)[0]):
            seen = {}
            for event in events:
                if what(event) in seen:
                    raise Broken("Unique", f"{who} has one twice", [seen[what(event)], event])
                seen[what(event)] = event


def reliable(history):
    """Every event of the range that matches comes, but for what is told as a gap."""
    for stream in history.streams:
        for step, wanted in _owed(stream, history.log):
            raise Broken("Reliable", f"{stream.name} passes over, before {step},", wanted)


def _promised(stream, log):
    """What of the log a stream is to have: what matches, but for what it may pass over."""
    matching = [event for event in log if stream.matches(event.facts)]
    if not stream.latest_only:
        return matching
    told = {event.cursor for event in stream.events()}
    newest = {event.facts.get("incident_id"): place(event.cursor)[0] for event in matching if event.cursor in told}
    return [event for event in matching if event.cursor in told or not event.facts.get("incident_id")
            or place(event.cursor)[0] > newest.get(event.facts["incident_id"], 0)]


def _owed(stream, log):
    """What of the log a stream should have had before each of its steps and had not."""
    matching = [(place(event.cursor)[0], event) for event in _promised(stream, log)]
    at = place(stream.start)[0]
    for step in stream.steps:
        if isinstance(step, Resume):
            continue
        end = place(step.start if isinstance(step, Gap) else step.cursor)[0]
        last = end - 1 if isinstance(step, Event) else end
        wanted = [event for sequence, event in matching if at < sequence <= last]
        if wanted:
            yield step, wanted
        at = max(at, place(step.end)[0] if isinstance(step, Gap) else end)


def atomic(history):
    """The events of one call are contiguous in the log, all or none of them, in every read.

    A call that is half in the log after a crash is healed by a retry, which appends the rest: the ids then are all
    there. It shows in a read before the retry, in an answer that calls some of its events duplicates, and in the two
    epochs of the parts.
    """
    for read in history.reads:
        at = {event.id: index for index, event in enumerate(read)}
        for call in history.publishes:
            there = [at[id] for id in call.ids if id in at]
            if there and len(there) < len(call.ids):
                raise Broken("Atomic", f"{call} is half visible", [read[index] for index in there])
            if there and there != list(range(there[0], there[0] + len(call.ids))):
                raise Broken("Atomic", f"{call} is not contiguous", [read[index] for index in there])
            if len({place(read[index].cursor)[1] for index in there}) > 1:
                raise Broken("Atomic", f"{call} was appended in parts", [read[index] for index in there])
    for call in history.publishes:
        if call.answer and len({duplicate for _, duplicate in call.answer}) > 1:
            raise Broken("Atomic", f"{call} was known in part", call.answer)


def resumable(history):
    """A resume goes on exactly after its cursor."""
    for stream in history.streams:
        matching = _promised(stream, history.log)
        for index, step in enumerate(stream.steps):
            if isinstance(step, Resume):
                _exactly_after(stream, step, stream.steps[index + 1:], matching)


def _exactly_after(stream, resume, later, matching):
    first = next((step for step in later if isinstance(step, (Event, Gap))), None)
    if first is None or isinstance(first, Gap):
        return
    wanted = next((event for event in matching if place(event.cursor)[0] > place(resume.cursor)[0]), None)
    if wanted is None or wanted.cursor != first.cursor:
        raise Broken("Resumable", f"{stream.name}, resumed from {resume.cursor}, goes on with another event",
                     [first, wanted])


def bookmarkable(history):
    """No bookmark overtakes an event that matches."""
    for stream in history.streams:
        mark = None
        for step in stream.steps:
            if isinstance(step, Bookmark):
                mark = step
            elif isinstance(step, Event) and mark and place(step.cursor)[0] <= place(mark.cursor)[0]:
                raise Broken("Bookmarkable", f"{stream.name} had {mark} before", [step])
        for step, wanted in _owed(stream, history.log):
            if isinstance(step, Bookmark):
                raise Broken("Bookmarkable", f"{stream.name} had {step} before", wanted)


def filterable(history):
    """Nothing comes but what the filter describes. That all of it comes is Reliable."""
    facts = {event.cursor: event.facts for event in history.log}
    for stream in history.streams:
        wrong = [event for event in stream.events()
                 if event.cursor in facts and not stream.matches(facts[event.cursor])]
        if wrong:
            raise Broken("Filterable", f"{stream.name} does not ask for", wrong)


def followed(history):
    """An incident that leaves the set is told, in its place and once, and nothing that stays or was not there is."""
    for stream in history.streams:
        owed = _leaves_owed(stream, history.log) if stream.has else {}
        at = place(stream.start)[0]
        for step in stream.steps:
            if isinstance(step, Resume):
                continue
            end = place(step.start if isinstance(step, Gap) else step.cursor)[0]
            if isinstance(step, Left) and (end <= at or owed.get(end) != step.incident):
                raise Broken("Followed", f"{stream.name} is told of what has not left there, or was told before", [step])
            last = end - 1 if isinstance(step, Left) else end
            missed = [Left(incident, sequence) for sequence, incident in owed.items() if at < sequence <= last]
            if missed:
                raise Broken("Followed", f"{stream.name} is not told, before {step},", missed)
            at = max(at, place(step.end)[0] if isinstance(step, Gap) else end)


def _leaves_owed(stream, log):
    """Sequence → the incident that leaves the stream's set there."""
    owed, known = {}, {}
    for event in log:
        incident = event.facts.get("incident_id")
        if incident in known and stream.has(known[incident]) and not stream.has(event.facts):
            owed[place(event.cursor)[0]] = incident
        if incident:
            known[incident] = event.facts
    return owed


def durable(history):
    """What was acknowledged or seen by anyone is in the log, under the cursor that was told, and nothing else is."""
    at = {event.id: event.cursor for event in history.log}
    for call in history.publishes:
        for id, (cursor, _) in zip(call.ids, call.answer or ()):
            if at.get(id) != cursor:
                raise Broken("Durable", f"{call} was answered with {cursor}, and the log has {at.get(id)}", [id])
    for who, events in [("a read", sum(history.reads[:-1], []))] + [(s.name, s.events()) for s in history.streams]:
        gone = [event for event in events if at.get(event.id) != event.cursor]
        if gone:
            raise Broken("Durable", f"{who} saw what the log has not", gone)
    attempted = history.attempted or {id for call in history.publishes for id in call.ids}
    invented = [event for event in history.log if event.id not in attempted]
    if invented:
        raise Broken("Durable", "nobody published", invented)


RULES = {"Ordered": ordered, "Unique": unique, "Reliable": reliable, "Atomic": atomic, "Resumable": resumable,
         "Bookmarkable": bookmarkable, "Filterable": filterable, "Followed": followed, "Durable": durable}


def check(history):
    for rule in RULES.values():
        rule(history)
