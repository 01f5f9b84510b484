"""Senders of alerts, each as it behaves: pairs in any order, repeats, storms, retries over a hub that is killed. One incident an
episode, one alert_received a change."""

import concurrent.futures
import random
import re
import subprocess
import threading
import time

import pagerduty
import pytest

import alert_senders as senders
import harness
from alert_senders import ALERTMANAGER, CHANGE, GRAFANA, ONCALL, PAGERDUTY, PROMETHEUS, Told, action, alert, group, moment, trigger

EPISODES = 3


def told(hub, fingerprint):
    """(statuses of its alert_received, incidents created, incidents resolved)"""
    seen = Told.by(hub)
    return seen.statuses(fingerprint), len(seen.created(fingerprint)), len(seen.resolved(fingerprint))


def fingerprint_of(hub, **labels):
    """Of the alert in the log with these labels, whatever its source."""
    (found,) = {a.fingerprint for a in Told.by(hub).received() if labels.items() <= dict(a.labels).items()}
    return found


# ---- pairs, repeats, both ways ----

def episodes(name, path, count=EPISODES):
    """The reports of one alert that fires and ends so often, in their order."""
    for n in range(count):
        start, end = f"2026-01-01T00:0{n}:00Z", f"2026-01-01T00:0{n}:30Z"
        firing = alert(start, name=name)
        over = alert(start, "resolved", end, name=name)
        if path == PROMETHEUS:
            yield [firing | {"endsAt": moment(240)}]
            yield [over]
        else:
            yield group(firing)
            yield group(over)


@pytest.mark.parametrize("path", [ALERTMANAGER, GRAFANA, PROMETHEUS])
def test_a_pair_in_any_order_is_one_source(hub, bridge, path):
    """Both members report in their own order, each when it likes, some of it twice."""
    rng = random.Random(path)
    for round in range(8):
        name = f"pair-{path}-{round}"
        members = [list(episodes(name, path)) for _ in range(2)]
        while any(members):
            member = rng.choice([m for m in members if m])
            body = member[0] if rng.random() < 0.3 else member.pop(0)
            status, _, _ = harness.post(bridge, path, body)
            assert status == 200
        assert told(hub, fingerprint_of(hub, name=name)) == ("FR" * EPISODES, EPISODES, EPISODES)


def test_a_pair_at_once_is_one_source(hub, bridge):
    names = [f"at-once-{n}" for n in range(10)]

    def member(name):
        for body in episodes(name, ALERTMANAGER):
            assert harness.post(bridge, ALERTMANAGER, body)[0] == 200

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        list(pool.map(member, names * 2))
    for name in names:
        assert told(hub, fingerprint_of(hub, name=name)) == ("FR" * EPISODES, EPISODES, EPISODES)


def test_an_alert_is_one_directly_and_through_alertmanager(hub, bridge):
    start = moment(-60)
    direct = alert(start, ends=moment(240), name="both-ways", empty="")
    del direct["status"]
    relayed = alert(start, name="both-ways")
    for path, body in ((PROMETHEUS, [direct]), (ALERTMANAGER, group(relayed)), (PROMETHEUS, [direct | {"endsAt": moment(250)}]),
                       (ALERTMANAGER, group(relayed | {"status": "resolved", "endsAt": moment(-1)})),
                       (PROMETHEUS, [direct | {"endsAt": moment(-1)}])):
        assert harness.post(bridge, path, body)[0] == 200
    assert told(hub, fingerprint_of(hub, name="both-ways")) == ("FR", 1, 1)


def test_prometheus_repeats_for_an_hour_and_then_the_end_for_a_quarter(hub, bridge):
    body = alert(moment(-3600), name="repeats")
    for _ in range(240):
        assert harness.post(bridge, PROMETHEUS, [body | {"endsAt": moment(240)}])[0] == 200
    over = [body | {"endsAt": moment(-1)}]
    for _ in range(15):
        status, _, answer = harness.post(bridge, PROMETHEUS, over)
        assert status == 200
    assert answer["duplicates"] == 1 and answer["taken"] == 0
    assert told(hub, fingerprint_of(hub, name="repeats")) == ("FR", 1, 1)


def test_the_order_of_labels_is_nothing(hub, bridge):
    for body in (b'[{"labels":{"name":"order","a":"1","b":"2","c":""}}]', b'[{"labels":{"b":"2","name":"order","a":"1"}}]'):
        assert harness.post(bridge, PROMETHEUS, body)[0] == 200
    assert told(hub, fingerprint_of(hub, name="order")) == ("F", 1, 0)


# ---- ends ----

def test_an_end_to_come_ends_it_unless_it_comes_again(hub, bridge):
    body = alert(moment(-5), name="ends")
    harness.post(bridge, PROMETHEUS, [body | {"endsAt": moment(1.5)}])
    harness.post(bridge, PROMETHEUS, [body | {"endsAt": moment(3)}])
    fingerprint = fingerprint_of(hub, name="ends")
    put_off = time.monotonic() + 1.5
    harness.wait_for(lambda: told(hub, fingerprint)[2], what="the alert to end")
    assert time.monotonic() > put_off
    assert told(hub, fingerprint) == ("FR", 1, 1)


def test_an_alert_without_an_end_ends_after_the_resolve_timeout(hub):
    with harness.start_bridge(hub, "--alert-resolve-timeout", "1s") as bridge:
        harness.post(bridge, PROMETHEUS, [{"labels": {"name": "no end"}}])
        fingerprint = fingerprint_of(hub, name="no end")
        harness.wait_for(lambda: told(hub, fingerprint) == ("FR", 1, 1), what="the alert to end")


def test_an_alert_of_the_webhook_lasts_and_truncated_ones_too(hub, bridge):
    both = group(alert(moment(-9), name="lasts-1"), alert(moment(-9), name="lasts-2"))
    assert harness.post(bridge, ALERTMANAGER, both)[2]["taken"] == 2
    status, _, answer = harness.post(bridge, ALERTMANAGER, group(alert(moment(-9), name="lasts-3"), truncatedAlerts=2))
    assert status == 200 and answer["truncated"] == 2
    for name in ("lasts-1", "lasts-2", "lasts-3"):
        assert told(hub, fingerprint_of(hub, name=name)) == ("F", 1, 0)
    assert bridge.metric("bridge_alerts_total") > 0


# ---- what cannot be taken, and what can ----

def test_one_bad_alert_does_not_refuse_the_group(hub, bridge):
    alerts = [alert(moment(-9), name=f"nine-{n}") for n in range(10)]
    alerts[3]["labels"]["name"] = "x" * (1 << 20)
    alerts[7]["labels"] = {}
    status, _, answer = harness.post(bridge, ALERTMANAGER, group(*alerts))
    assert status == 200 and answer["taken"] == 8 and answer["left_out"] == 2
    assert [problem["alert"] for problem in answer["problems"]] == [3, 7]
    for n in (0, 9):
        assert told(hub, fingerprint_of(hub, name=f"nine-{n}")) == ("F", 1, 0)


def test_an_alert_without_name_or_severity_is_taken(hub, bridge):
    assert harness.post(bridge, PROMETHEUS, [{"labels": {"name": "bare"}}])[0] == 200
    (taken,) = [a for a in Told.by(hub).received() if a.labels.get("name") == "bare"]
    assert taken.title == '{name="bare"}' and taken.severity == harness.severity_of("P3")
    assert "no severity" in taken.annotations["tocsin_severity"]


@pytest.mark.parametrize("summary", ["x" * 1025, "x" * 10_000, "\N{FIRE}" * 10_000])
def test_a_page_is_not_lost_for_being_long(hub, bridge, summary):
    status, _, answer = harness.post(bridge, PAGERDUTY, trigger(key=f"long-{len(summary)}-{summary[0]}", summary=summary))
    assert status == 202 and answer["status"] == "success"
    taken = Told.by(hub).received()[-1]
    assert len(taken.title) == 500 and taken.description == summary


def test_a_body_of_512_kb_is_taken(hub, bridge):
    details = {f"k{n}": "v" * 1000 for n in range(490)}
    body = trigger(key="half a megabyte")
    body["payload"]["custom_details"] = details
    assert harness.post(bridge, PAGERDUTY, body)[0] == 202
    assert Told.by(hub).received()[-1].annotations["k489"] == "v" * 1000


def test_the_configuration_maps_words(hub):
    with harness.start_bridge(hub, "--alert-severity", "page=P1", "--alert-severity", "grafana:purple=P0",
                              "--alert-service-label", "team") as bridge:
        harness.post(bridge, ALERTMANAGER, group(alert(moment(-9), name="words-a", severity="page", team="blue")))
        harness.post(bridge, GRAFANA, group(alert(moment(-9), name="words-g", severity="Purple")))
    taken = {a.labels["name"]: a for a in Told.by(hub).received() if a.labels.get("name", "").startswith("words-")}
    assert taken["words-a"].severity == harness.severity_of("P1") and list(taken["words-a"].affected_services) == ["blue"]
    assert taken["words-g"].severity == harness.severity_of("P0")


def test_a_wrong_word_in_the_configuration_is_named():
    run = subprocess.run([str(harness.BIN / "tocsin-bridge"), "--alert-severity", "page=P9", "--check-config"],
                         capture_output=True, text=True, timeout=20)
    assert run.returncode != 0 and "--alert-severity" in run.stderr + run.stdout and "P0, P1" in run.stderr + run.stdout


# ---- a storm ----

@pytest.mark.parametrize("path", [ALERTMANAGER, PROMETHEUS])
def test_ten_thousand_alerts_in_one_body(path):
    def body(status, ends):
        alerts = [alert("2026-01-01T00:00:00Z", status, ends, {"summary": f"storm {n}"}, instance=f"i-{n}") for n in range(10_000)]
        return group(*alerts) if path == ALERTMANAGER else alerts

    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        firing = body("firing", senders.NEVER if path == ALERTMANAGER else moment(240))
        # On a slow machine the hub may not take all in time: the sender comes again, and what was taken is a duplicate.
        for report in (firing, firing, body("resolved", "2026-01-01T01:00:00Z")):
            answer = senders.send_until_taken(bridge, path, report)
            assert answer["taken"] + answer["duplicates"] == 10_000 and answer["left_out"] == 0, answer
        seen = Told.by(hub)
        assert len(seen.received()) == 20_000
        assert len(seen.created()) == len(seen.resolved()) == 10_000
        assert len({e.incident.fingerprint for e in seen.created()}) == 10_000


# ---- PagerDuty ----

def test_pagerdutys_own_client(hub, bridge):
    client = pagerduty.EventsApiV2Client("k" * 32)
    client.url = f"http://{bridge.address(0)}"
    key = client.trigger("disk is full", "db-1", severity="error", custom_details={"free": 0}, links=[{"href": "https://x", "text": "more"}])
    assert key
    fingerprint = Told.by(hub).received()[-1].fingerprint
    assert fingerprint.startswith("pagerduty:") and "k" * 32 not in fingerprint
    client.acknowledge(key)
    client.resolve(key)
    assert told(hub, fingerprint) == ("FAR", 1, 1)
    assert [s for e in Told.by(hub).events if e.incident.fingerprint == fingerprint
            for s in [e.incident.state]][-1] == harness.state_of("Resolved")
    assert client.trigger("disk is full", "db-1", severity="error", dedup_key=key) == key
    assert told(hub, fingerprint) == ("FARF", 2, 1), "a trigger after the end is another incident, though its words are the same"
    client.send_change_event(payload={"summary": "deployed", "source": "ci"}, links=[{"href": "https://x"}])
    change = Told.by(hub).events[-1]
    assert change.system_event.category == "change" and change.system_event.message == "deployed"
    with pytest.raises(pagerduty.Error):
        client.trigger("disk is full", "db-1", severity="purple")


# Bodies of each format for one alert whose severity is no label of it, or none that tells alerts apart.
WORSE = {
    "pagerduty": (PAGERDUTY, lambda severity, name: trigger(key=name, severity={"P2": "warning", "P0": "critical"}[severity])),
    "oncall": (ONCALL, lambda severity, name: {"alert_uid": name, "title": "disk is full", "state": "alerting", "severity": severity}),
    **{way: (path, lambda severity, name, way=way: group(
        alert("2026-01-01T00:00:00Z", name=name, severity=severity) | {"fingerprint": f"{way}-{name}"}))
       for way, path in (("alertmanager", ALERTMANAGER), ("grafana", GRAFANA))},
}


@pytest.mark.parametrize("source", WORSE)
def test_an_alert_that_gets_worse_raises_its_incident(hub, bridge, source):
    path, body = WORSE[source]
    name = f"worse-{source}"

    def send(severity):
        """The events that it appends about incidents."""
        before = hub.status().last_sequence
        senders.send_until_taken(bridge, path, body(severity, name))
        return [e for e in Told.by(hub).events if e.sequence > before and e.HasField("incident")]

    [created] = send("P2")
    assert created.incident.severity == harness.severity_of("P2"), created
    assert send("P2") == []
    _, raised = send("P0")
    assert raised.type == harness.event_type_of("escalated") and raised.incident.id == created.incident.id
    assert (raised.escalated.from_severity, raised.incident.severity) == (harness.severity_of("P2"), harness.severity_of("P0"))
    assert send("P0") == [] and send("P2") == [], "said once, and no better because it was reported milder"


def test_the_pages_examples_do_what_it_says(hub, bridge):
    """docs/alert-sources.md: its curl lines and its Python, as a reader copies them."""
    page = (harness.ROOT / "docs/alert-sources.md").read_text().replace("127.0.0.1:8080", bridge.address(0))
    before = hub.status().last_sequence
    calls = re.findall(r"^    (curl .+)$", page, re.MULTILINE)
    blocks = re.findall(r"^```python\n(.+?)^```$", page, re.MULTILINE | re.DOTALL)
    assert calls and blocks
    for call in calls:
        answer = subprocess.run(["sh", "-c", f"{call} -s --fail-with-body"], capture_output=True, text=True, timeout=30)
        assert answer.returncode == 0, (call, answer)
    for block in blocks:
        exec(block, {})
    new = [e for e in Told.by(hub).events if e.sequence > before and e.HasField("incident")]
    opened = [e.incident.id for e in new if e.type == harness.event_type_of("incident_created")]
    resolved = [e.incident.id for e in new if e.type == harness.event_type_of("incident_resolved")]
    assert len(opened) == 2 and opened == resolved, "each example fires and resolves"


def test_keys_of_two_services_are_two_alerts(hub, bridge):
    for routing in ("one", "two"):
        assert harness.post(bridge, PAGERDUTY, trigger(key="shared") | {"routing_key": routing})[0] == 202
    shared = {a.fingerprint for a in Told.by(hub).received() if a.external_id == "shared"}
    assert len(shared) == 2
    harness.post(bridge, PAGERDUTY, action("resolve", "shared") | {"routing_key": "one"})
    assert sorted(told(hub, f) for f in shared) == [("F", 1, 0), ("FR", 1, 1)]


def test_a_resolve_after_a_trigger_from_a_clock_that_is_ahead(hub, bridge):
    ahead = trigger(key="ahead")
    ahead["payload"]["timestamp"] = moment(3600)
    harness.post(bridge, PAGERDUTY, ahead)
    harness.post(bridge, PAGERDUTY, action("resolve", "ahead"))
    (fingerprint,) = {a.fingerprint for a in Told.by(hub).received() if a.external_id == "ahead"}
    assert told(hub, fingerprint) == ("FR", 1, 1)


# ---- a hub that dies ----

def steps_of(path, n):
    """(bodies of an alert that fires, and ends; what finds it in the log)"""
    start = f"2026-01-01T00:{n % 60:02}:00Z"
    firing = alert(start, name=f"kill-{n}")
    over = alert(start, "resolved", "2026-01-01T02:00:00Z", name=f"kill-{n}")
    if path in (ALERTMANAGER, GRAFANA):
        return [group(firing), group(over)]
    if path == PROMETHEUS:
        return [[firing | {"endsAt": moment(3600)}], [over]]
    if path == PAGERDUTY:
        return [trigger(key=f"kill-{n}"), action("resolve", f"kill-{n}")]
    if path == ONCALL:
        uid = {"alert_uid": f"kill-{n}"}
        return [uid | {"title": "t", "state": "alerting"}, uid | {"state": "ok"}]
    return [{"routing_key": "r", "payload": {"summary": f"kill-{n}"}}]


@pytest.mark.parametrize("path", [ALERTMANAGER, PROMETHEUS, GRAFANA, PAGERDUTY, ONCALL, CHANGE])
def test_a_hub_that_is_killed_loses_and_doubles_nothing(path):
    """Six senders, each of which tries again until it is answered; the hub is killed under them, again and again."""
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        numbers, lock, stop = iter(range(10**6)), threading.Lock(), threading.Event()
        sent = []

        def sender():
            while not stop.is_set():
                with lock:
                    n = next(numbers)
                    sent.append(n)
                for body in steps_of(path, n):
                    assert senders.send_until_taken(bridge, path, body) is not None

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            running = [pool.submit(sender) for _ in range(6)]
            try:
                for _ in range(4):
                    mark = len(sent) + 30
                    harness.wait_for(lambda: len(sent) > mark, what="the senders to go on")
                    hub.restart(kill=True)
                mark = len(sent) + 30
                harness.wait_for(lambda: len(sent) > mark, what="the senders to go on")
            finally:
                stop.set()
            for each in running:
                each.result(60)
        seen = Told.by(hub)
        if path == CHANGE:
            messages = [e.system_event.message for e in seen.events if e.HasField("system_event")]
            assert sorted(messages) == sorted(f"kill-{n}" for n in sent)
            return
        fingerprints = {}
        for event in seen.events:
            if event.HasField("alert_received"):
                received = event.alert_received.alert
                fingerprints.setdefault(received.fingerprint, []).append(" FAR"[received.status])
        assert len(fingerprints) == len(sent), "nothing is lost"
        assert {"".join(statuses) for statuses in fingerprints.values()} == {"FR"}, "nothing is doubled"
        assert len(seen.created()) == len(seen.resolved()) == len(sent)


def test_while_the_hub_is_away_each_sender_is_told_to_come_again():
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge:
        hub.kill()
        paths = (ALERTMANAGER, PROMETHEUS, GRAFANA, PAGERDUTY, ONCALL, CHANGE)
        with concurrent.futures.ThreadPoolExecutor(len(paths)) as pool:
            answers = list(pool.map(lambda path: harness.post(bridge, path, steps_of(path, 0)[0]), paths))
        for path, (status, fields, answer) in zip(paths, answers):
            assert status == 503 and int(fields["retry-after"]) >= 1, (path, status, answer)
            assert path not in (PAGERDUTY, CHANGE) or answer["status"] == "unavailable" and answer["errors"]
        hub.start()
        for path in paths:
            assert senders.send_until_taken(bridge, path, steps_of(path, 0)[0])
        assert len(Told.by(hub).created()) == 4, "Prometheus' alert is Alertmanager's"
