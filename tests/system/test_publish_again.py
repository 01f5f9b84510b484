"""An event that is published again as it was received is the same event: whatever its type and the way it came and goes."""

import json

import pytest

import corpus
import harness


@pytest.fixture(scope="module")
def published():
    """A hub, a bridge, and 200 events of every type as their subscribers get them."""
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge, hub.client() as client:
        for event, _ in corpus.events(200):
            client.publish(corpus.to_proto(event))
        with client.subscribe(start="earliest") as stream:
            events = list(stream.to_end_of_log())
        assert {event.type for event in events} == set(range(1, len(corpus.EVENT_TYPES) + 1))
        yield hub, bridge, events


def test_as_grpc_gives_it(published):
    """Symptom: an event that was published back as it had been received was a CONFLICT. Cause: its content was compared
    with what had been sent, without what the hub had filled in. Why older tests missed it: they sent the same twice."""
    hub, _, events = published
    with hub.client() as client:
        for event in events:
            result = client.publish(event)
            assert result.duplicate and result.cursor == event.cursor, event


def test_as_the_command_line_gives_it(published):
    hub, _, events = published
    text = harness.cli(hub, "sub", "--from", "earliest", "--count", str(len(events)), "--output", "json").stdout
    assert len(text.splitlines()) == len(events)
    done = harness.cli(hub, "pub", "--file", "-", input=text)
    assert done.returncode == 0 and f"{len(events)} duplicates" in done.stdout + done.stderr, done


def test_as_a_stream_over_http_gives_it(published):
    hub, bridge, events = published
    text = harness.cli(hub, "sub", "--from", "earliest", "--count", str(len(events)), "--output", "json").stdout
    status, _, answer = harness.post(bridge, "/v1/events", [json.loads(line) for line in text.splitlines()])
    assert status == 202 and all(result["duplicate"] for result in answer["events"]), answer


def test_with_a_change_it_is_a_conflict(published):
    hub, _, events = published
    with hub.client() as client:
        changed = events[0]
        for event in events:
            changed.CopyFrom(event)
            changed.actor = "somebody else"
            with pytest.raises(Exception, match="another content"):
                client.publish(changed)
