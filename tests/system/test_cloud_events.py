"""CloudEvents 1.0 on POST /v1/events, over both programs: cases C2, C3, C5."""

import contextlib
import http.client
import json
import uuid

import pytest


def send(bridge, body=b"", method="POST", **headers):
    host, port = bridge.address(0).rsplit(":", 1)
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=30)) as connection:
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, "/v1/events", body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, dict(answer.getheaders()), json.loads(text) if text else None


def cloud_event(**more):
    return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/ci", "type": "com.example.built"} | more


@pytest.mark.parametrize("media_type", ["application/cloudevents+json", "Application/CloudEvents+JSON; charset=UTF-8"])
def test_structured_and_binary_are_one_event(hub, bridge, media_type):
    """C2. The same source and id, sent in both modes, is published once."""
    event = cloud_event(subject="main", data={"ok": True}, datacontenttype="application/json")
    status, _, first = send(bridge, event, Content_Type=media_type)
    assert status == 202 and first["events"][0]["duplicate"] is False
    status, _, second = send(bridge, b'{"ok":true}', Content_Type="application/json",
                             **{f"ce_{k}": event[k] for k in ("specversion", "id", "source", "type", "subject")})
    assert status == 202 and second["events"][0] == first["events"][0] | {"duplicate": True}
    with hub.client() as client, client.subscribe({}, start="earliest") as stream:
        (published,) = [e for e in stream.to_end_of_log() if e.id == first["events"][0]["id"]]
    assert published.system_event.category == "com.example.built" and published.system_event.message == "main"
    assert published.system_event.metadata["data"] == '{"ok":true}' and published.actor == "/ci"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_batch_is_published_together(hub, bridge, count):
    """C3: a batch of three is three events, next to each other in the log."""
    before = hub.status().last_sequence
    batch = [cloud_event() for _ in range(count)]
    status, _, answer = send(bridge, batch, Content_Type="application/cloudevents-batch+json")
    assert status == 202 and len(answer["events"]) == count
    assert [e["sequence"] for e in answer["events"]] == list(range(before + 1, before + 1 + count))


def test_a_batch_with_one_that_is_wrong_publishes_none(hub, bridge):
    before = hub.status().last_sequence
    status, _, answer = send(bridge, [cloud_event(), cloud_event(specversion="0.3")],
                             Content_Type="application/cloudevents-batch+json")
    assert (status, answer["field"]) == (400, "events[1].specversion")
    status, _, answer = send(bridge, [cloud_event()], Content_Type="application/cloudevents+json")
    assert (status, answer["field"]) == (400, "event"), "an array under the type of one event"
    assert hub.status().last_sequence == before


def test_an_event_of_tocsins(hub, bridge):
    data = {"incident": {"title": "t", "source": "s", "severity": "P0"}}
    status, _, answer = send(bridge, cloud_event(type="tocsin.v1.incident_created", data=data),
                             Content_Type="application/cloudevents+json")
    assert status == 202 and uuid.UUID(answer["events"][0]["incident_id"])
    data["incident"]["severity"] = "P9"
    status, _, answer = send(bridge, cloud_event(type="incident_created", data=data),
                             Content_Type="application/cloudevents+json")
    assert (status, answer["field"]) == (400, "event.data.incident.severity")


def test_names_and_values(bridge):
    """C5."""
    for name in ("myExt", "my-ext", "my_ext", ""):
        status, _, answer = send(bridge, cloud_event(**{name: "x"}), Content_Type="application/cloudevents+json")
        assert status == 400 and name in answer["field"], name
    headers = {"ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_source": "/s", "ce_type": "x"}
    assert send(bridge, ce_subject="Euro%20%E2%82%AC", **headers)[0] == 202
    status, _, answer = send(bridge, ce_subject="%FF", **headers)
    assert (status, answer["field"]) == (400, "ce-subject")
    assert send(bridge, b"<x/>", Content_Type="application/cloudevents+xml")[0] == 415


def test_the_handshake_of_webhooks(bridge):
    status, fields, _ = send(bridge, method="OPTIONS", WebHook_Request_Origin="sender.example", WebHook_Request_Rate="120")
    assert status == 204 and fields["WebHook-Allowed-Origin"] == "sender.example" and fields["WebHook-Allowed-Rate"] == "*"
