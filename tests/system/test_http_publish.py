"""POST /v1/events over both programs, and publishing over a hub that is killed."""

import json
import threading
import time
import uuid

import pytest

import harness
import harness_history
import raw


def post(target, body, headers=None, timeout=30):
    """(status, fields, parsed body) of one POST of events."""
    return harness.post(target, "/v1/events", body, headers, timeout=timeout)


def system_event(message="m", **more):
    return {"type": "system_event", "category": "test", "message": message, **more}


def test_one_event_and_an_array(bridge):
    status, _, answer = post(bridge, system_event())
    assert status == 202
    (only,) = answer["events"]
    assert uuid.UUID(only["id"]).version == 7 and only["cursor"] and only["duplicate"] is False
    status, _, answer = post(bridge, [system_event(str(i)) for i in range(1000)])
    assert status == 202
    sequences = [event["sequence"] for event in answer["events"]]
    assert sequences == list(range(sequences[0], sequences[0] + 1000)), "one publish is contiguous"
    assert sequences[0] > only["sequence"]


def test_the_same_id_is_a_duplicate_and_another_content_a_conflict(bridge):
    event = system_event(id=str(uuid.uuid4()))
    first = post(bridge, event)[2]["events"][0]
    again = post(bridge, event)[2]["events"][0]
    assert again == first | {"duplicate": True}
    status, fields, problem = post(bridge, event | {"message": "other"})
    assert status == 409 and problem["code"] == "CONFLICT"
    assert fields["content-type"] == "application/problem+json"


@pytest.mark.parametrize("media_type, status", [
    ("application/json", 202), ("APPLICATION/JSON ; charset=utf-8", 202), ("text/plain", 415),
    ("application/x-www-form-urlencoded", 415), ("application/jsonx", 415), ("", 415)])
def test_only_json_is_taken(bridge, media_type, status):
    got, _, answer = post(bridge, system_event(), {"Content-Type": media_type})
    assert got == status
    if status == 415:
        assert answer["code"] == "UNSUPPORTED" and answer["allowed"] == ["application/json"]


def test_chunked_and_slow_bodies(bridge):
    data = json.dumps(system_event("chunked")).encode()
    status, _, _ = post(bridge, iter([data[:10], data[10:]]))  # chunked by the library
    assert status == 202
    head = f"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {len(data)}\r\n"
    with raw.connect(bridge) as sock:
        sock.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
        assert raw.read_head(sock).status == 100
        for i in range(len(data)):
            sock.sendall(data[i:i + 1])
        assert raw.Answer(raw.read_all(sock)).status == 202
    with raw.connect(bridge, timeout=30) as sock:
        started = time.monotonic()
        sock.sendall(head.encode() + b"\r\n" + data[:-1])
        answer = raw.Answer(raw.read_all(sock))
        assert answer.status == 408 and 9 < time.monotonic() - started < 15


def test_a_hub_that_is_gone_is_503_in_time():
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        hub.kill()
        started = time.monotonic()
        status, fields, problem = post(bridge, system_event())
        assert status == 503 and problem["code"] == "SERVICE_UNAVAILABLE" and int(fields["retry-after"]) >= 1
        assert 8 < time.monotonic() - started < 15


def test_over_a_killed_hub_nothing_is_lost_or_doubled():
    """Each publisher sends its next event only when the last was acknowledged; the hub is killed meanwhile. Those
    without an id of their own are made safe by the bridge, the others by their id."""
    acknowledged, failures = {}, []
    stop = threading.Event()

    def publish(bridge, name, own_ids):
        number = 0
        while not stop.is_set():
            body = [system_event(f"{name}-{number}-{part}") for part in range(3)]
            if own_ids:
                for event in body:
                    event["id"] = str(uuid.uuid4())
            status, _, answer = post(bridge, body)
            if status != 202:
                failures.append((name, number, status, answer))
                return
            for part, event in enumerate(answer["events"]):
                acknowledged[f"{name}-{number}-{part}"] = event
            number += 1

    with harness.start_hub(durability="always") as hub, harness.start_bridge(hub) as bridge:
        threads = [threading.Thread(target=publish, args=(bridge, f"p{i}", i % 2 == 0)) for i in range(4)]
        for thread in threads:
            thread.start()
        def go_on():
            count = len(acknowledged)
            harness.wait_for(lambda: len(acknowledged) > count + 50 or failures, what="publishing to go on")

        for _ in range(3):
            go_on()
            hub.restart(kill=True)
        go_on()
        stop.set()
        for thread in threads:
            thread.join(30)
        log = harness_history.read_log(hub)
        assert not failures, failures[:3]
        ids = [event.id for event in log]
        assert len(ids) == len(set(ids)), "none twice"
        assert {event["id"] for event in acknowledged.values()} == set(ids), "none lost, and none that nobody was told of"
        assert {event["id"]: event["cursor"] for event in acknowledged.values()} == {event.id: event.cursor for event in log}
        assert not any(event["duplicate"] for name, event in acknowledged.items() if name[1] in "13")
    print(f"{len(acknowledged)} events over 3 kills")
