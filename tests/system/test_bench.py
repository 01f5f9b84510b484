"""`tocsin bench`: that its figures add up, that a run ends whatever happens to it, and that it leaves others in peace."""

import json
import os
import re
import signal
import subprocess

import pytest

import harness

LATENCY = {"from", "count", "min_ms", "mean_ms", "p50_ms", "p90_ms", "p99_ms", "p99_9_ms", "max_ms", "buckets"}
ALWAYS = {"bench", "version", "run_id", "started_at", "hub", "hub_version", "hub_store", "hub_durability", "listen",
          "elapsed_s", "client_cores", "interrupted", "error", "exit_code"}
LOAD = {"type", "source", "resource", "rate_per_s", "in_flight_events", "batch_events", "payload_bytes", "unary"}
PUBLISHED = {"events_due", "events_sent", "events_acknowledged", "events_refused", "events_unanswered", "events_per_s",
             "publish_mb_per_s", "publish_errors", "publish_latency"}
DELIVERED = {"subscribers_ready", "subscribers_disconnected", "deliveries", "deliveries_per_s", "delivery_mb_per_s",
             "out_of_order", "duplicates", "gaps", "foreign", "subscriber_errors", "delivery_latency"}
FIELDS = {"pub": ALWAYS | LOAD | PUBLISHED,
          "sub": ALWAYS | LOAD | PUBLISHED | DELIVERED | {"subscribers", "channels", "lost"},
          "ws": ALWAYS | LOAD | PUBLISHED | DELIVERED | {"subscribers", "bridge", "lost"}}


def bench(hub, kind, *arguments, bridge=None, **more):
    """Runs it to its end: the finished process."""
    where = ["--bridge", bridge.url] if bridge else []
    return harness.cli(hub, "bench", kind, *where, *map(str, arguments), **more)


def figures(hub, kind, *arguments, bridge=None, code=0):
    """Runs it with --output json: its figures."""
    done = bench(hub, kind, *arguments, "--output", "json", bridge=bridge)
    assert done.returncode == code, done.stderr
    got = json.loads(done.stdout)
    assert got["exit_code"] == code and got["bench"] == kind
    return got


class Running:
    """A run that something is done to: started, with a line of progress out of it."""

    def __init__(self, hub, kind, *arguments, bridge=None):
        where = ["--bridge", bridge.url] if bridge else []
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
        self.process = subprocess.Popen(
            [harness.BIN / "tocsin", "--hub", hub.address(0), "bench", kind, *where, *arguments, "--progress",
             "--output", "json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    def __enter__(self):
        self.line = self.process.stderr.readline()
        assert re.match(r"\s*\d+ s  ", self.line), self.line + self.process.stderr.read()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def result(self, timeout=40):
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, json.loads(out), err


def check_latency(latency, count):
    assert set(latency) == LATENCY
    assert latency["count"] == count == sum(bucket["count"] for bucket in latency["buckets"])
    order = [latency[name] for name in ("min_ms", "p50_ms", "p90_ms", "p99_ms", "p99_9_ms", "max_ms")]
    assert order == sorted(order) and order[0] > 0


def check_published(got, events):
    assert got["events_due"] == got["events_sent"] == got["events_acknowledged"] == events
    assert got["events_refused"] == got["events_unanswered"] == 0 and got["publish_errors"] == {}
    check_latency(got["publish_latency"], events)


def check_delivered(got, events, subscribers):
    assert got["subscribers_ready"] == subscribers and got["subscribers_disconnected"] == 0
    assert got["deliveries"] == events * subscribers
    assert (got["lost"], got["out_of_order"], got["duplicates"], got["gaps"], got["foreign"]) == (0, 0, 0, 0, 0)
    check_latency(got["delivery_latency"], events * subscribers)


# --- Counts add up ----------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [
    [], ["--unary"], ["--batch", 50], ["--batch", 7, "--unary", "--in-flight", 21], ["--in-flight", 1, "--size", 0],
    ["--type", "system-event", "--size", "10KiB"], ["--rate", "5000/s"]], ids=lambda a: " ".join(map(str, a)))
def test_pub_publishes_what_it_says(hub, arguments):
    before = hub.status().last_sequence
    got = figures(hub, "pub", "--events", 1000, *arguments)
    assert set(got) == FIELDS["pub"]
    check_published(got, 1000)
    assert hub.status().last_sequence == before + 1000
    assert got["publish_latency"]["from"] == ("due" if "--rate" in arguments else "sent")
    assert got["hub_store"] == "rocksdb" and got["hub_durability"] == "interval"


def test_pub_by_time_and_rate(hub):
    got = figures(hub, "pub", "--duration", "1s", "--rate", "200/s")
    check_published(got, 200)
    assert 1.0 <= got["elapsed_s"] < 2.0 and got["rate_per_s"] == 200


def test_a_rate_that_is_not_reached_is_told(hub):
    # One at a time cannot make a million a second; what was due is counted all the same.
    got = figures(hub, "pub", "--duration", "300ms", "--rate", "1000000/s", "--in-flight", 1)
    assert got["events_due"] == pytest.approx(300_000, rel=0.1)
    assert 0 < got["events_sent"] == got["events_acknowledged"] < got["events_due"]
    # The last that was sent had waited for nearly all of the run.
    assert got["publish_latency"]["max_ms"] > 200


@pytest.mark.parametrize("kind", ["sub", "ws"])
@pytest.mark.parametrize("load, events", [
    (["--duration", "1s"], 100), (["--rate", 0, "--events", 2000, "--in-flight", 64], 2000),
    (["--rate", 0, "--events", 2000, "--in-flight", 300, "--batch", 100], 2000)], ids=["rate", "closed", "batch"])
def test_every_subscriber_gets_every_event(hub, bridge, kind, load, events):
    got = figures(hub, kind, "--subscribers", 20, *load, bridge=bridge if kind == "ws" else None)
    assert set(got) == FIELDS[kind]
    check_published(got, events)
    check_delivered(got, events, 20)


def test_many_streams_over_few_connections(hub):
    got = figures(hub, "sub", "--subscribers", 1000, "--channels", 10, "--rate", "20/s", "--duration", "1s")
    check_delivered(got, 20, 1000)
    assert got["channels"] == 10
    harness.wait_for(lambda: hub.status().subscriptions == 0 or hub.status().subscriptions == 1, what="they are closed")


def test_many_connections_to_the_bridge(hub, bridge):
    errors = bridge.metric("websocket_connection_errors_total", 0)
    got = figures(hub, "ws", "--subscribers", 1000, "--rate", "20/s", "--duration", "1s", bridge=bridge)
    check_delivered(got, 20, 1000)
    harness.wait_for(lambda: bridge.metric("websocket_active_connections", 0) == 0, what="they are closed")
    assert bridge.metric("websocket_connection_errors_total", 0) == errors


@pytest.mark.parametrize("kind", ["sub", "ws"])
def test_what_others_publish_is_not_of_the_run(hub, bridge, kind):
    with Running(hub, "pub", "--duration", "20s", "--rate", "500/s") as other:
        got = figures(hub, kind, "--subscribers", 3, "--duration", "1s", bridge=bridge if kind == "ws" else None)
        check_delivered(got, 100, 3)
        other.process.send_signal(signal.SIGINT)
        assert other.result()[0] == 130


def deliveries_told(progress):
    """The deliveries a second of a line of progress."""
    return float(re.search(r" ([\d.]+) deliveries/s", progress)[1])


@pytest.mark.parametrize("kind", ["sub", "ws"])
def test_listening_publishes_nothing_and_counts_what_comes(hub, bridge, kind):
    with Running(hub, kind, "--listen", "--duration", "20s", "--subscribers", "2", "--severities", "P0",
                 bridge=bridge if kind == "ws" else None) as run:
        before = hub.status().last_sequence
        with hub.client() as client:
            client.publish_many([harness.incident_created(severity=s) for s in ("P0", "P1") * 10])
        # A line of progress a second: some have come, and then no more.
        while deliveries_told(run.process.stderr.readline()) == 0:
            pass
        while deliveries_told(run.process.stderr.readline()) > 0:
            pass
        run.process.send_signal(signal.SIGINT)
        code, got, _ = run.result()
    assert code == 130 and got["interrupted"] and got["listen"]
    assert hub.status().last_sequence == before + 20
    assert got["deliveries"] == 20 and got["subscribers_ready"] == 2
    assert got["delivery_latency"]["from"] == "accepted" and "lost" not in got and "events_sent" not in got


def test_the_events_are_marked_so_that_others_can_leave_them_out(hub, client):
    with client.subscribe(filter={"sources": ["tocsin.bench"]}) as marked, \
            client.subscribe(filter={"severities": ["P0", "P1", "P2", "P3"]}) as serious:
        got = figures(hub, "pub", "--events", 10, "--resource", "billing")
        for event in marked.take(10):
            alert = event.alert_received.alert
            assert alert.labels == {"tocsin_bench_run": got["run_id"]}
            assert (alert.source, alert.title, list(alert.affected_services)) == ("tocsin.bench", "tocsin bench",
                                                                                  ["billing"])
        client.publish(harness.incident_created(severity="P3", title="real"))
        assert serious.take(1)[0].incident.title == "real"


def test_the_documentation_names_every_field_and_no_other():
    text = (harness.ROOT / "docs" / "operations.md").read_text().split("The JSON object.")[1]
    named = set(re.findall(r"`([a-z0-9_]+)`", text))
    fields = set.union(*FIELDS.values()) | LATENCY | {"up_to_ms", "count"}
    values = {"pub", "sub", "ws", "due", "sent", "accepted"}
    assert named - values == fields


# --- What is printed --------------------------------------------------------------------------------


def test_the_table_and_the_chart(hub, bridge):
    for kind in ("pub", "sub", "ws"):
        done = bench(hub, kind, "--events", 200, "--rate", 0, bridge=bridge if kind == "ws" else None)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        assert re.search(r"^published +200 events +[\d,.]+ events/s +[\d.]+ MB/s$", done.stdout, re.M), done.stdout
        assert re.search(r"^latency +p50 +p90 +p99 +p99\.9 +max +mean$", done.stdout, re.M)
        assert re.search(r"^  <= +[\d.]+ [mun]?s +[\d.]+% +[\d,]+ [#█▏▎▍▌▋▊▉]+$", done.stdout, re.M)
        if kind != "pub":
            assert "lost 0, out of order 0, duplicates 0, gaps 0" in done.stdout


def test_the_chart_keeps_to_the_terminals_width_and_letters(hub, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LC_ALL", "C")
    text = bench(hub, "pub", "--events", 500).stdout
    bars = [line for line in text.splitlines() if line.startswith("  <= ")]
    assert bars and max(map(len, bars)) in (58, 59, 60) and text.isascii() and "#" in text
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert "█" in bench(hub, "pub", "--events", 500).stdout


def test_progress_is_a_line_a_second_only_when_asked_for(hub):
    done = bench(hub, "pub", "--rate", "100/s", "--duration", "2500ms")
    assert done.stderr == ""
    done = bench(hub, "pub", "--rate", "100/s", "--duration", "2500ms", "--progress")
    lines = done.stderr.splitlines()
    assert len(lines) == 2 and "\r" not in done.stderr
    assert all(re.fullmatch(r" +\d s  [\d.,]+ events/s  p50 \S+ [mu]s  p99 \S+ [mu]s  in flight \d+", line)
               for line in lines), lines


# --- What goes wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pub", "sub", "ws"])
def test_ctrl_c_ends_the_run_with_its_summary(hub, bridge, kind):
    with Running(hub, kind, "--duration", "10m", bridge=bridge if kind == "ws" else None) as run:
        run.process.send_signal(signal.SIGINT)
        code, got, err = run.result()
    assert code == got["exit_code"] == 130 and got["interrupted"] and "interrupted" in err
    assert got["events_acknowledged"] == got["events_sent"] > 0
    assert got["elapsed_s"] < 60 and got.get("lost", 0) == 0


@pytest.mark.parametrize("kind", ["pub", "sub", "ws"])
def test_a_hub_that_is_not_there(kind):
    done = bench("127.0.0.1:9", kind)
    assert done.returncode == 3 and "cannot reach the hub at 127.0.0.1:9" in done.stderr and done.stdout == ""


def test_a_bridge_that_is_not_there_or_none(hub):
    done = bench(hub, "ws", "--bridge", "ws://127.0.0.1:9/ws")
    assert done.returncode == 3 and "the bridge at 127.0.0.1:9 cannot be reached" in done.stderr
    done = bench(hub, "ws", "--bridge", f"ws://{hub.address(1)}/ws")
    assert done.returncode == 4 and "answered 404" in done.stderr


def test_limits_of_hub_and_bridge_are_told():
    with harness.start_hub("--max-subscriptions", 5, store="memory") as hub, \
            harness.start_bridge(hub, "--max-connections", 5) as bridge:
        for kind, where in (("sub", None), ("ws", bridge)):
            done = bench(hub, kind, "--subscribers", 20, bridge=where)
            assert done.returncode == 4 and "of 20 ready" in done.stderr, done.stderr


@pytest.mark.parametrize("kind, load", [
    ("pub", []), ("pub", ["--unary"]), ("pub", ["--rate", "200/s"]), ("sub", ["--subscribers", "20"]),
    ("sub", ["--subscribers", "20", "--rate", "0"]), ("ws", ["--subscribers", "20"]),
    ("sub", ["--listen"])], ids=lambda v: v if isinstance(v, str) else " ".join(v))
def test_a_hub_that_is_killed_ends_the_run_with_its_summary(kind, load):
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge, \
            Running(hub, kind, "--duration", "10m", *load, bridge=bridge if kind == "ws" else None) as run:
        hub.kill()
        code, got, err = run.result()
    assert code == got["exit_code"] == 3 and got["error"] and got["error"] in err
    assert hub.address(0) in got["error"]
    if "--listen" not in load:
        assert got["events_acknowledged"] > 0 and sum(got["publish_errors"].values()) >= 1
    if kind == "sub":
        assert got["subscribers_disconnected"] == got["subscribers"]


def test_a_hub_that_answers_nothing_ends_the_run_too():
    with harness.start_hub() as hub, \
            Running(hub, "pub", "--duration", "2s", "--timeout", "1s") as run:
        hub.pause()
        try:
            code, got, err = run.result()
        finally:
            hub.resume()
    assert code == 3 and got["events_unanswered"] > 0 and "not answered" in err


def test_a_bridge_that_is_killed_is_told():
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge, \
            Running(hub, "ws", "--duration", "10m", "--subscribers", "20", bridge=bridge) as run:
        bridge.kill()
        code, got, err = run.result()
    assert code == 3 and got["subscribers_disconnected"] == 20 and "20 subscribers were cut off" in err


def test_another_machine_needs_a_yes(hub):
    for done in (bench("192.0.2.1:50051", "pub"), bench(hub, "ws", "--bridge", "ws://192.0.2.1:8080/ws")):
        assert done.returncode == 2 and "192.0.2.1" in done.stderr and "--yes" in done.stderr
