"""docs/guarantees.md: each guarantee has a test under its name, over one run of the real programs in which both are
killed under load; and each rule of the checker fails on a bad history made by hand, and on that by no other rule first."""


import uuid

import pytest

import guarantees
import harness
import harness_history
from guarantees import Bookmark, Broken, Event, Gap, History, Left, Publish, Resume, Stream

SEVERITIES = ["P0", "P1", "P2"]
WATCHED = {"severities": ["P0", "P2"]}
HUB_KILLS = 3


INCIDENTS = [str(uuid.UUID(int=number, version=4)) for number in range(20)]


def _incident(rng, event_id):
    """Few incidents, each of which changes its severity again and again."""
    event = harness.incident_created(rng.choice(SEVERITIES), event_id=event_id, incident_id=rng.choice(INCIDENTS))
    event.type = harness.event_pb2.EVENT_TYPE_INCIDENT_UPDATED  # whole, so it may be the first of its incident as well
    event.priority = harness.event_pb2.PRIORITY_HIGH if rng.random() < 0.2 else harness.event_pb2.PRIORITY_NORMAL
    return event


KINDS = [("everything", None, {}), ("filtered", WATCHED, {}), ("the newest", None, {"latest_only": True}),
         ("with priority", None, {"priority": True})]  # filter, options


class Run:
    """Publishers, and followers of everything, of a filter, of the newest of each incident and of the urgent first, over gRPC
    and over two bridges, while hub and bridges are killed in turn. After each kill of the hub the log is read before any
    publisher tries again."""

    def __init__(self, hub, bridges):
        self.hub, self.bridges = hub, bridges
        self.end = None
        start = hub.status().latest
        self.streams = [harness_history.stream(f"{way}, {what}", start, filter, bool(filter), **options)
                        for way in ("gRPC", "/ws") for what, filter, options in KINDS]
        self.reads = []

    def _followers(self):
        for stream, (_, filter, _) in zip(self.streams[:len(KINDS)], KINDS):
            yield harness_history.InBackground(
                harness_history.follow_grpc, self.hub.address(0), stream, lambda: self.end, filter)
        for stream, (_, filter, _) in zip(self.streams[len(KINDS):], KINDS):
            yield harness_history.InBackground(lambda s=stream, f=filter: harness.run(
                harness_history.follow_ws(self.bridges, s, lambda: self.end, f)))

    def run(self):
        followers = list(self._followers())
        with harness_history.Publisher(self.hub.address(0), threads=4, batch=7, pause=0, make=_incident) as publisher:
            for kill in range(HUB_KILLS):
                publisher.wait_for_more(200)
                self.hub.kill()
                publisher.hold()
                self.hub.start()
                self.reads.append(harness_history.read_log(self.hub))
                publisher.go_on()
                publisher.wait_for_more(50)
                self.bridges[kill % len(self.bridges)].restart(kill=True)
            publisher.wait_for_more(50)
            publisher.stop()
            assert publisher.errors
            self.end = publisher.last_one(self.hub, lambda title: harness.incident_created("P0", title))
        for follower in followers:
            follower.join()
        self.reads.append(harness_history.read_log(self.hub))
        return publisher.history(self.streams, self.reads)


@pytest.fixture(scope="module")
def history():
    # Windows so small that resumes begin in the store.
    with harness.start_hub("--recent-events", 100) as hub, harness.start_bridge(hub, "--recent-events", 50) as first, \
            harness.start_bridge(hub, "--recent-events", 50) as second:
        made = Run(hub, [first, second]).run()
    resumes = [sum(isinstance(step, Resume) for step in stream.steps) for stream in made.streams]
    print(f"{len(made.log)} events in {len(made.publishes)} calls, {len(made.reads)} reads, resumes {resumes}")
    assert all(resumes) and len(made.log) > 500
    assert any(isinstance(step, Bookmark) for stream in made.streams for step in stream.steps)
    assert all(any(isinstance(step, Left) for step in stream.steps) for stream in made.streams if stream.has)
    return made


@pytest.mark.parametrize("name", guarantees.RULES)
def test_guarantee(history, name):
    guarantees.RULES[name](history)


def test_every_guarantee_of_the_docs_is_a_rule():
    text = (harness.ROOT / "docs" / "guarantees.md").read_text()
    assert [line.split("**")[1] for line in text.splitlines() if line.startswith("| **")] == list(guarantees.RULES)


# --- The checker itself ---------------------------------------------------------------------------


def at(sequence, epoch=1):
    return f"{epoch:x}-{sequence:x}"


def event(number, sequence=None, epoch=1):
    facts = {"severity": SEVERITIES[number % 2], "incident_id": "i", "urgent": number % 3 == 1}
    return Event(f"e{number}", at(sequence or number, epoch), facts)


def split(ordinary, urgent):
    return f"p{at(ordinary)}.{at(urgent)}.00000000"


def seen(number, ordinary, urgent):
    """The event as one with priority receives it."""
    return Event(f"e{number}", split(ordinary, urgent))


def good():
    """Six events of one incident in calls of two: e0 … e5 at the places 10 to 15; a stream of all, one of P0 (the even
    ones), one that follows the set of P0, which the odd ones leave, one of the newest of each incident, and the two parts
    of one that was given the urgent ones (e1 and e4) first."""
    log = [event(n, 10 + n) for n in range(6)]
    calls = [Publish([f"e{n}", f"e{n + 1}"], [(at(10 + n), False), (at(11 + n), False)]) for n in (0, 2, 4)]
    everything = Stream("all", at(9), [log[0], log[1], Bookmark(at(11)), Resume(at(11)), *log[2:]])
    even = Stream("even", at(9), [log[0], Bookmark(at(11)), Resume(at(11)), log[2], log[4], Bookmark(at(15))],
                  lambda facts: facts["severity"] == "P0")
    is_p0 = even.matches
    follower = Stream("set", at(9), [log[0], Left("i", at(11)), Resume(at(11)), log[2], Left("i", at(13)), log[4],
                                     Bookmark(at(14)), Left("i", at(15))], is_p0, is_p0)
    newest = Stream("newest", at(9), [log[2], Resume(at(12)), log[4], Bookmark(at(14))], latest_only=True)
    first = Stream("priority", at(9), [seen(1, 9, 11), seen(4, 9, 14), seen(0, 10, 14), Resume(split(10, 14)), seen(2, 12, 14),
                                       Bookmark(split(12, 15)), seen(3, 13, 15), Event("e5", at(15))], priority=True)
    return History(calls, [everything, even, follower, newest, *guarantees.parts(first, log)], [log[:4], log])


def broken_by(change):
    history = good()
    change(history)
    with pytest.raises(Broken) as caught:
        guarantees.check(history)
    return caught.value


def test_a_good_history_breaks_nothing():
    guarantees.check(good())


def test_what_a_gap_tells_is_not_owed():
    history = good()
    history.streams[0].steps = [Gap(at(9), at(13)), *history.log[4:]]
    guarantees.check(history)


def test_a_call_without_an_answer_may_be_in_the_log_or_not():
    history = good()
    history.publishes[2].answer = None
    guarantees.check(history)
    history.publishes.append(Publish(["x1", "x2"]))
    guarantees.check(history)


def steps(history, index=0):
    return history.streams[index].steps


def swap(history):
    steps(history)[4], steps(history)[5] = steps(history)[5], steps(history)[4]


def log_goes_back(history):
    history.reads[0].reverse()


def repeat(history):
    steps(history).insert(5, steps(history)[4])


def repeat_after_a_resume(history):
    steps(history).insert(4, history.log[1])


def the_log_twice(history):
    history.log.append(Event("e5", at(20), history.log[5].facts))
    history.publishes[2].answer[1] = (at(20), False)


def pass_over(history):
    del steps(history)[5]


def pass_over_the_end(history):
    del steps(history, 1)[4]


def half_visible_before_the_retry(history):
    """A crash left e4 alone; the retry appended e5 after it, and by ids nothing is missing in the end."""
    history.reads.insert(1, history.log[:5])


def half_known(history):
    """The same seen by the publisher: one of the two was there already."""
    history.publishes[2].answer = [(at(14), True), (at(15), False)]


def appended_in_two_lives(history):
    """The same seen in the log: the parts are of two epochs."""
    second = Event("e5", at(15, epoch=2), history.log[5].facts)
    history.log[5] = steps(history)[-1] = second
    history.publishes[2].answer = None


def another_call_between(history):
    other = Event("x", at(16), history.log[5].facts)
    history.log[5] = Event("e5", at(17), other.facts)
    history.log.insert(5, other)
    steps(history)[-1:] = [other, history.log[6]]
    history.publishes[2].answer = [(at(14), False), (at(17), False)]
    history.publishes.append(Publish(["x"], [(at(16), False)]))


def resume_goes_back(history):
    """Told as a bookmark only: the stream of the even ones had e2 already when it goes on from before it."""
    steps(history, 1)[2] = Resume(at(12))


def overtake(history):
    steps(history)[5:5] = [Bookmark(at(13))]


def a_bookmark_past_what_follows(history):
    steps(history).insert(2, Bookmark(at(14)))


def unasked(history):
    steps(history, 1).insert(1, history.log[1])
    steps(history, 1)[2] = Bookmark(at(11))


def forget_what_was_acknowledged(history):
    """Nobody else saw it: only the answer names it."""
    history.publishes.append(Publish(["x"], [(at(16), False)]))


def forget_what_was_seen(history):
    steps(history).append(Event("x", at(16)))
    history.publishes.append(Publish(["x"]))


def name_another_event(history):
    """One cursor for two events: a reader of an earlier life saw another one there."""
    history.reads[0] = history.reads[0][:3] + [Event("x", at(13), history.log[3].facts)]
    history.publishes[1].ids, history.publishes[1].answer = ["e2"], [(at(12), False)]
    history.publishes += [Publish(["e3"], [(at(13), False)]), Publish(["x"])]


def invent(history):
    history.publishes.pop(0)


def lose_the_newest(history):
    del steps(history, 3)[2]


def miss_a_leave(history):
    del steps(history, 2)[4]


def miss_the_last_leave_before_a_bookmark(history):
    steps(history, 2)[-1] = Bookmark(at(15))


def tell_a_leave_twice_after_a_resume(history):
    steps(history, 2).insert(3, Left("i", at(11)))


def tell_a_leave_out_of_order(history):
    followed = steps(history, 2)
    followed[4], followed[5] = followed[5], followed[4]


def tell_of_what_stays(history):
    steps(history, 2)[5] = Left("i", at(14))
    history.streams[2].matches = lambda facts: False
    history.streams[2].steps = [step for step in history.streams[2].steps if not isinstance(step, Event)]


def tell_of_what_was_not_there(history):
    steps(history, 2)[1] = Left("another", at(11))


def rebuilt(history, change):
    """The stream with priority anew, with other steps."""
    steps = [seen(1, 9, 11), seen(4, 9, 14), seen(0, 10, 14), Resume(split(10, 14)), seen(2, 12, 14), seen(3, 13, 15),
             Event("e5", at(15))]
    change(steps)
    history.streams[4:] = guarantees.parts(Stream("priority", at(9), steps, priority=True), history.log)


def tell_the_urgent_place_alone(history):
    """As if all were given up to it: whoever resumes there loses what waits."""
    def change(steps):
        steps[1] = Event("e4", at(14))
    rebuilt(history, change)


def tell_the_ordinary_place_alone(history):
    """Whoever resumes there has the urgent ones again."""
    def change(steps):
        steps[2:2] = [Resume(at(13)), seen(4, 9, 14)]
    rebuilt(history, change)


def urgent_ones_out_of_order(history):
    def change(steps):
        steps[0], steps[1] = seen(4, 9, 14), seen(1, 9, 11)
    rebuilt(history, change)


def tell_who_did_not_ask(history):
    history.streams[2].has = None


@pytest.mark.parametrize("rule, change", [
    ("Followed", miss_a_leave), ("Followed", miss_the_last_leave_before_a_bookmark),
    ("Followed", tell_a_leave_twice_after_a_resume), ("Followed", tell_a_leave_out_of_order),
    ("Followed", tell_of_what_stays), ("Followed", tell_of_what_was_not_there), ("Followed", tell_who_did_not_ask),
    ("Ordered", swap), ("Ordered", log_goes_back), ("Unique", repeat), ("Unique", repeat_after_a_resume),
    ("Unique", the_log_twice), ("Reliable", pass_over), ("Reliable", pass_over_the_end),
    ("Reliable", lose_the_newest), ("Reliable", tell_the_urgent_place_alone), ("Unique", tell_the_ordinary_place_alone),
    ("Ordered", urgent_ones_out_of_order),
    ("Atomic", half_visible_before_the_retry), ("Atomic", half_known), ("Atomic", appended_in_two_lives),
    ("Atomic", another_call_between), ("Durable", forget_what_was_acknowledged), ("Durable", forget_what_was_seen),
    ("Durable", name_another_event), ("Durable", invent), ("Filterable", unasked)],
    ids=lambda value: getattr(value, "__name__", value))
def test_a_bad_history_fails_by_its_rule(rule, change):
    assert broken_by(change).rule == rule


@pytest.mark.parametrize("rule, change", [
    (guarantees.resumable, resume_goes_back), (guarantees.resumable, repeat_after_a_resume),
    (guarantees.bookmarkable, overtake), (guarantees.bookmarkable, a_bookmark_past_what_follows)],
    ids=lambda value: getattr(value, "__name__", value))
def test_what_another_rule_sees_too_is_seen_by_this_one_alone(rule, change):
    """A stream that repeats or passes over breaks more than one promise."""
    history = good()
    change(history)
    with pytest.raises(Broken) as caught:
        rule(history)
    assert caught.value.rule.lower() == rule.__name__ and caught.value.offending


def test_each_rule_alone_accepts_a_good_history_and_names_what_it_refuses():
    for rule in guarantees.RULES.values():
        rule(good())
    error = broken_by(repeat)
    assert str(error) == "Unique: all has one twice: e2 at 1-c, e2 at 1-c"
