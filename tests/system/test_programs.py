"""The programs' faces: what they print, what they refuse, where their configuration comes from, health and metrics."""

import json
import os
import re
import signal
import socket
import subprocess
import urllib.request

import pytest

import harness
import raw
from harness_preload import preload
from harness_tls import Authority, Files

PROGRAMS = pytest.mark.parametrize("program", ["tocsin-hub", "tocsin-bridge"])


def run(program, *arguments, env=None, timeout=20):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")} | (env or {})
    return subprocess.run([harness.BIN / program, *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout, env=environment)


def said(done):
    return done.stdout + done.stderr


def check(program, *arguments, env=None):
    """--check-config: 0, or else what it said."""
    done = run(program, "--check-config", *arguments, env=env)
    return "" if done.returncode == 0 else said(done)


def test_listening_lines_name_each_port_the_main_one_first(hub, bridge):
    lines = [line for line in hub.lines if line.startswith("listening on ")]
    assert len(lines) == 2 and all(re.fullmatch(r"listening on 127\.0\.0\.1:\d+ \(.+\)", line) for line in lines), lines
    assert "grpc" in lines[0].lower() and hub.ports[0][1] != hub.ports[1][1] != 0
    lines = [line for line in bridge.lines if line.startswith("listening on ")]
    assert len(lines) == 1 and re.fullmatch(r"listening on 127\.0\.0\.1:\d+ \(.+\)", lines[0])
    with hub.client() as client:  # the main port is the one that serves
        assert client.publish(harness.system_event()).sequence
    assert hub.http("/health")[0] == 200


def test_a_port_in_use_is_refused_by_name(hub, bridge):
    done = run("tocsin-bridge", "--hub", hub.address(0), "--listen", bridge.address(0))
    assert done.returncode != 0 and bridge.address(0) in said(done)
    done = run("tocsin-hub", "--store", "memory", "--listen", hub.address(0), "--ops-listen", "")
    assert done.returncode != 0 and str(hub.ports[0][1]) in said(done)


@PROGRAMS
def test_help_and_version(program):
    done = run(program, "--help")
    assert done.returncode == 0 and "--listen" in done.stdout and "--config" in done.stdout
    done = run(program, "--version")
    assert done.returncode == 0 and re.match(rf"{program} \d+\.\d+", done.stdout)


@PROGRAMS
@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"])
def test_listening_for_other_machines_needs_insecure(program, address):
    done = run(program, "--listen", address, "--data-dir", "/nonexistent") if program == "tocsin-hub" else \
        run(program, "--listen", address)
    assert done.returncode != 0
    assert "--insecure" in said(done) and "--listen" in said(done)
    assert check(program, "--listen", address, "--insecure") == ""


@PROGRAMS
@pytest.mark.parametrize("tls, auth, proxy, starts", [
    (tls, auth, proxy, auth and (tls or proxy)) for tls in (False, True) for auth in (False, True) for proxy in (False, True)])
def test_listening_for_other_machines_needs_authentication_and_tls(program, tls, auth, proxy, starts, tmp_path):
    flags = ["--listen", "192.0.2.1:0"]
    if tls:
        flags += Files(tmp_path, Authority(tmp_path).issue()).flags
    if auth:
        secret = tmp_path / "secret"
        secret.write_text("0123456789abcdef0123456789ABCDEF-system")
        secret.chmod(0o600)
        flags += ["--auth-secret-file", secret]
    if proxy:
        flags += ["--behind-proxy"]
    complaint = check(program, *flags)
    if starts:
        assert complaint == ""
    else:
        assert "--listen 192.0.2.1:0" in complaint and "--insecure" in complaint
        assert ("--auth-secret-file" in complaint) == (not auth)
        assert ("--tls-cert" in complaint) == ("--behind-proxy" in complaint) == (not tls and not proxy)


def test_the_operations_port_is_guarded_as_well():
    assert "--ops-listen" in check("tocsin-hub", "--ops-listen", "0.0.0.0:0")


def test_insecure_listens_everywhere():
    with harness.start_hub("--insecure", store="memory") as hub:
        hub.kill()
        hub.start(["--listen", "0.0.0.0:0"])
        assert hub.ports[0][0] == "0.0.0.0"
        with harness.start_bridge(f"127.0.0.1:{hub.ports[0][1]}") as bridge:
            assert bridge.ready()


@PROGRAMS
def test_check_config_opens_nothing(program, tmp_path):
    done = run(program, "--check-config", *(["--data-dir", tmp_path / "data"] if program == "tocsin-hub" else []))
    assert done.returncode == 0 and "valid" in said(done)
    assert "listening" not in said(done) and not (tmp_path / "data").exists()


def test_flag_over_environment_over_file(tmp_path):
    file = tmp_path / "tocsin.toml"

    def level(text, *arguments, env=None):
        """Which of three wrong values the program complains of."""
        file.write_text(text)
        complaint = check("tocsin-bridge", "--config", file, *arguments, env=env)
        return next((one for one in ("from-flag", "from-env", "from-file") if one in complaint), "")

    in_file = 'log-level = "from-file"\n'
    env = {"TOCSIN_LOG_LEVEL": "from-env"}
    assert level(in_file) == "from-file"
    assert level('log-level = "debug"\n', env=env) == "from-env"
    assert level('log-level = "debug"\n', "--log-level", "from-flag", env={"TOCSIN_LOG_LEVEL": "info"}) == "from-flag"
    assert level('log-level = "debug"\n', "--log-level", "info", env={"TOCSIN_LOG_LEVEL": "error"}) == ""


def test_the_strongest_source_is_what_runs(hub, tmp_path):
    file = tmp_path / "tocsin.toml"
    file.write_text('heartbeat-interval = "20s"\nmax-subscriptions = 7\n'
                    "[bridge]\nmessage-burst = 50\n[hub]\nretain-events = 9\n")

    async def limits(bridge):
        async with harness.connect(bridge) as ws:
            return {"heartbeat": ws.welcome["heartbeat_interval_ms"], **ws.welcome["limits"]}

    with harness.start_bridge(hub, "--config", file, "--heartbeat-interval", "10s") as bridge:
        got = harness.run(limits(bridge))
    assert (got["heartbeat"], got["max_subscriptions"], got["message_burst"]) == (10_000, 7, 50)


@PROGRAMS
@pytest.mark.parametrize("text, names", [
    ('liste = "127.0.0.1:0"\n', ["liste", "listen", ":1"]),
    ('\n\nrecent_events = 5\n', ["recent_events", "recent-events", ":3"]),
    ('[hubb]\nlisten = "127.0.0.1:0"\n', ["hubb", "[hub]"]),
    ('recent-events = "many"\n', ["recent-events", "many"]),
    ("recent-events = -1\n", ["recent-events"]),
    ("recent-events = 1.5\n", ["recent-events"]),
    ("recent-events = true\n", ["recent-events"]),
    ('recent-events = ["a"]\n', ["recent-events"]),
    ("insecure = 1\n", ["insecure", "true or false"]),
    ('drain-timeout = "soon"\n', ["drain-timeout", "soon"]),
    ('listen = "127.0.0.1"\n', ["--listen", "port"]),
    ("listen = \n", [":1"]), ("listen = 'a'\nlisten = 'b'\n", ["listen", ":2"]), ("\xff", [])], ids=repr)
def test_a_wrong_file_is_refused_by_line_and_key(program, tmp_path, text, names):
    file = tmp_path / "tocsin.toml"
    file.write_bytes(text.encode("latin-1"))
    complaint = check(program, "--config", file)
    assert complaint
    assert all(name in complaint for name in names), complaint


@PROGRAMS
@pytest.mark.parametrize("arguments, names", [
    (["--lisen", "127.0.0.1:0"], ["--lisen", "--listen"]), (["extra"], ["extra"]), (["--listen"], ["--listen"]),
    (["--listen", "127.0.0.1:70000"], ["--listen", "65535"]), (["--listen", "::1:80"], ["--listen", "bracket"]),
    (["--recent-events", "0"], ["--recent-events", "1 to"]), (["--recent-bytes", "lots"], ["--recent-bytes", "lots"]),
    (["--log-level", "loud"], ["--log-level", "loud", "debug"]),
    (["--config", "/nonexistent.toml"], ["/nonexistent.toml"])], ids=repr)
def test_a_wrong_flag_is_refused_by_name(program, arguments, names):
    complaint = check(program, *arguments)
    assert complaint
    assert all(name in complaint for name in names), complaint


def test_what_belongs_to_one_program_alone():
    for arguments, names in (
            (["--store", "disk"], ["--store", "rocksdb, memory"]),
            (["--durability", "sometimes"], ["--durability", "always"]),
            (["--data-dir", ""], ["--data-dir"])):
        complaint = check("tocsin-hub", *arguments)
        assert complaint and all(name in complaint for name in names), complaint
    # The last four can never match: no browser sends them so.
    for origin in ("example.com", "https://a/b", "https://A", "*", "https://*",
                   "https://a.example:443", "http://a:80", "https://bücher.example", "https://user@a.example"):
        complaint = check("tocsin-bridge", "--allowed-origin", origin)
        assert complaint and "--allowed-origin" in complaint and origin in complaint
    assert check("tocsin-bridge", "--allowed-origin", "https://a.example", "--allowed-origin", "http://b:8080") == ""
    assert check("tocsin-bridge", env={"TOCSIN_ALLOWED_ORIGIN": "https://a.example,http://b"}) == ""
    assert check("tocsin-bridge", env={"TOCSIN_ALLOWED_ORIGIN": "b"})


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    done = run("tocsin-hub", "--data-dir", tmp_path / "file" / "data", "--listen", "127.0.0.1:0", "--ops-listen", "")
    assert done.returncode != 0 and str(tmp_path / "file") in said(done)


@pytest.mark.parametrize("mode, warned", [(0o700, False), (0o755, True), (0o710, True)], ids=oct)
def test_a_data_directory_that_others_may_read_is_warned_of(tmp_path, mode, warned):
    """Symptom: events in a directory made with 0755 could be read by everybody, and no word was said. Cause: only one that
    the hub makes itself is closed. Why older tests missed it: the hub makes theirs."""
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(mode)
    with harness.start_hub(folder=tmp_path) as hub:
        said = "other users of this machine may read the events" in hub.log()
        assert said == warned and (f"chmod 700 {data}" in hub.log()) == warned


def test_interval_durability_is_said_at_start():
    with harness.start_hub(durability="interval") as hub:
        assert "interval" in hub.log()


def test_a_second_signal_ends_a_drain_at_once():
    """Each has a client that keeps it draining: the hub one that reads nothing, the bridge one that does not close."""
    with harness.start_hub("--drain-timeout", "2m") as hub, hub.client() as client, \
            harness.start_bridge(hub, "--drain-timeout", "2m") as bridge:
        with raw.websocket(bridge) as frames:
            frames.send_json({"type": "subscribe", "subscription_id": "s"})
            frames.expect("subscribed")
            bridge.signal()
            frames.expect("closing")
            bridge.signal()
            assert bridge.wait_for_end(5) == 128 + signal.SIGTERM
            assert "ended by a second signal" in bridge.log()
        stuck = client.stub.Subscribe(harness.hub_pb2.SubscribeRequest())
        next(stuck)
        event = harness.system_event("x" * (32 << 10))
        for _ in range(64):  # more than fits into the buffers on the way
            client.publish(*[event] * 8)
        hub.signal()
        harness.wait_for(lambda: "shutting down" in hub.log(), what="the drain")
        hub.signal(signal.SIGINT)
        assert hub.wait_for_end(5) == 128 + signal.SIGINT
        assert "ended by a second signal" in hub.log()


def test_a_proxy_for_the_web_is_not_asked_for_the_hub(hub):
    """Symptom: with http_proxy set the bridge was never ready. Cause: gRPC sends even 127.0.0.1 to such a proxy.
    Why older tests missed it: they run without proxies in the environment."""
    nowhere = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "grpc_proxy")}
    with harness.start_bridge(hub, environment=nowhere) as bridge:
        assert bridge.ready()


# --- Health, metrics, status ----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_health(hub, bridge, path):
    for program, index in ((hub, 1), (bridge, 0)):
        status, body = program.http(path, index)
        health = json.loads(body)
        assert status == 200 and health["status"] == "ok"
        assert re.match(r"\d+\.\d+", health["version"]) and health["uptime_seconds"] >= 0
    assert json.loads(bridge.http(path, 0)[1])["hub"] == "connected"


BRIDGE_METRICS = {
    "websocket_active_connections": "gauge", "websocket_total_connections": "counter",
    "websocket_active_subscriptions": "gauge", "websocket_messages_sent_total": "counter",
    "websocket_messages_received_total": "counter", "websocket_events_broadcast_total": "counter",
    "websocket_events_delivered_total": "counter", "websocket_connection_errors_total": "counter",
    "websocket_send_errors_total": "counter", "websocket_session_duration_seconds": "histogram",
    "websocket_message_latency_seconds": "histogram", "websocket_broadcast_channel_usage_ratio": "gauge"}


def test_the_bridges_metrics_have_the_names_of_the_contract_and_count():
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge, hub.client() as client:
        async def session():
            async with harness.connect(bridge) as ws:
                await ws.subscribe("a")
                await ws.subscribe("b", {"severities": ["P0"]})
                client.publish_many([harness.system_event() for _ in range(20)])
                await ws.events(20)
                now = {name: bridge.metric(name) for name in BRIDGE_METRICS}
                await ws.send("no JSON")
                await ws.expect("error")
                return now

        now = harness.run(session())
        status, text = bridge.http("/metrics", 0)
        assert status == 200
        kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
        assert {name: kinds.get(name) for name in BRIDGE_METRICS} == BRIDGE_METRICS
        assert set(re.findall(r"^# HELP (\S+) .", text, re.MULTILINE)) >= set(BRIDGE_METRICS)
        assert now["websocket_active_connections"] == now["websocket_total_connections"] == 1
        assert now["websocket_active_subscriptions"] == 2
        assert now["websocket_events_broadcast_total"] == now["websocket_events_delivered_total"] == 20
        assert now["websocket_messages_received_total"] == 2
        assert now["websocket_messages_sent_total"] == 23  # welcome, two subscribed, the events
        assert now["websocket_send_errors_total"] == 0
        harness.wait_for(lambda: bridge.metric("websocket_active_connections") == 0)
        assert bridge.metric("websocket_active_subscriptions") == 0
        assert bridge.metric("websocket_session_duration_seconds_count") == 1
        assert bridge.metric("websocket_message_latency_seconds_count") >= 1
        assert bridge.metric("websocket_message_latency_seconds_sum") < 5


def test_the_hubs_metrics_begin_with_tocsin_or_are_the_processs(hub):
    with hub.client() as client:
        before = hub.metric("tocsin_events_published_total")
        client.publish_many([harness.system_event() for _ in range(5)])
        assert hub.metric("tocsin_events_published_total") == before + 5
    _, text = hub.http("/metrics")
    names = re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)
    assert len(names) > 5 and all(name.startswith(("tocsin_", "process_")) for name in names), names


def test_get_status():
    with harness.start_hub("--retain-events", 0, store="memory") as hub, hub.client() as client:
        before = hub.status()
        assert (before.store, before.events_held, before.last_sequence) == ("memory", 0, 0)
        assert before.accepts_publish and not before.draining and before.publish_error == ""
        assert before.earliest == before.latest and before.epoch > 0 and before.version
        results = client.publish_many([harness.system_event() for _ in range(3)])
        with client.subscribe():
            after = hub.status()
            assert after.subscriptions == 1
        assert (after.first_sequence, after.last_sequence, after.events_held) == (1, 3, 3)
        assert after.latest == results[-1].cursor and after.earliest == before.earliest
        assert after.bytes_held > 0 and after.epoch == before.epoch
        assert 0 <= after.started_at.ToSeconds()


def answers(address, port, path="/health"):
    host = f"[{address}]" if ":" in address else address
    with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=harness.TIMEOUT) as answer:
        return answer.status


def publishes(address, port):
    client = harness.Client(f"[{address}]:{port}" if ":" in address else f"{address}:{port}")
    try:
        return client.publish(harness.system_event()).sequence > 0
    finally:
        client.close()


# Symptom: with both localhost lines in the hosts file the HTTP ports listened on ::1 alone, the gRPC port on both.
# Cause: HTTP took the first address of a name. The older tests listened on 127.0.0.1, or on a machine with one line.
def test_a_name_listens_on_all_of_its_addresses_on_every_port(tmp_path):
    hosts = preload(tmp_path, "two_localhosts.c")
    with harness.start_hub(store="memory", environment=hosts) as hub:
        hub.restart(extra=["--listen", "localhost:0", "--ops-listen", "localhost:0"])
        (_, grpc, _), (_, ops, _) = hub.ports
        with harness.start_bridge(f"127.0.0.1:{grpc}", environment=hosts) as bridge:
            bridge.restart(extra=["--listen", "localhost:0"])
            for address in ("::1", "127.0.0.1"):
                assert publishes(address, grpc)
                assert answers(address, ops) == 200
                assert answers(address, bridge.ports[0][1], "/health/live") == 200


# With port 0 a port that is free on the first address and another program's on the second is no reason not to start;
# a port that was asked for is.
def test_a_port_that_is_taken_on_one_of_the_addresses_is_refused(tmp_path):
    hosts = preload(tmp_path, "two_localhosts.c")
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"localhost:{other.getsockname()[1]}"
        for program, flag in (("tocsin-hub", "--listen"), ("tocsin-hub", "--ops-listen"), ("tocsin-bridge", "--listen")):
            rest = ["--store", "memory", *([] if flag == "--listen" else ["--listen", "127.0.0.1:0"])] if program == "tocsin-hub" else []
            done = run(program, flag, taken, *rest, env=hosts)
            assert done.returncode != 0 and taken in said(done) and "another program listens there" in said(done)
