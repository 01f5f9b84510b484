"""docs/guarantees.md: each guarantee has a test under its name, over one run of the real programs in which both are
killed under load. The judge itself is tested beside its code (tests/core/history_judge_test.cc)."""


import uuid

import pytest

import guarantees
import harness
import harness_history
from guarantees import Bookmark, Left, Resume

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
    assert all(any(isinstance(step, Left) for step in stream.steps) for stream in made.streams if stream.leaves)
    return made


@pytest.fixture(scope="module")
def verdict(history):
    return {each["name"]: each for each in guarantees.judge(history)["guarantees"]}


GUARANTEES = [line.split("**")[1] for line in (harness.ROOT / "docs" / "guarantees.md").read_text().splitlines()
              if line.startswith("| **")]


@pytest.mark.parametrize("name", GUARANTEES)
def test_guarantee(verdict, name):
    assert verdict[name]["tried"] and not verdict[name]["findings"]


def test_the_judge_knows_the_guarantees_of_the_docs(verdict):
    assert list(verdict) == GUARANTEES


def test_the_judge_finds_what_is_taken_out_of_a_history(history):
    """What is written for the judge is what it reads: an event less in a stream is one that was lost."""
    stream = history.streams[0]
    at = next(i for i in range(1, len(stream.steps) - 1)
              if all(isinstance(step, guarantees.Event) for step in stream.steps[i - 1:i + 2]))
    gone = stream.steps.pop(at)
    try:
        with pytest.raises(guarantees.Broken, match=gone.id) as caught:
            guarantees.check(history)
        assert caught.value.rules == ["Reliable"]
    finally:
        stream.steps.insert(at, gone)
