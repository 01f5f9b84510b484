"""The bridge over TLS: the same events, certificates that are replaced under clients, and what is refused."""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import time

import harness
import pytest
from harness_tls import Authority, Files


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@contextlib.contextmanager
def _bridge(hub, authority, *flags, names="first"):
    files = Files(authority.folder, authority.issue(names))
    with harness.start_bridge(hub, *files.flags, *flags, wait=False) as bridge:
        harness.wait_for(lambda: _get(bridge, authority, "/health/ready").status == 200, what="the bridge to be ready")
        bridge.files = files
        yield bridge


def _get(bridge, authority, path, method="GET", body=None):
    host, port = bridge.address(0).rsplit(":", 1)
    connection = http.client.HTTPSConnection(host, int(port), timeout=10, context=authority.client())
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    connection.close()
    return answer


def _handshake(bridge, context):
    """The connection's (protocol, peer's name)."""
    host, port = bridge.address(0).rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as encrypted:
            subject = dict(field[0] for field in encrypted.getpeercert()["subject"])
            return encrypted.version(), subject["commonName"]


def _url(bridge):
    return f"wss://{bridge.address()}/ws"


def test_events_come_over_wss_and_https_as_without_tls(authority):
    async def run():
        async with harness.connect(_url(bridge), ssl=authority.client()) as ws:
            await ws.subscribe(filters={"event_types": ["system_event"]})
            event = {"type": "system_event", "category": "test", "message": "x" * 50_000}
            answer = await asyncio.to_thread(_get, bridge, authority, "/v1/events", "POST", json.dumps(event))
            assert answer.status == 202, answer.text
            message = await ws.expect("event")
            assert message["event"]["message"] == "x" * 50_000

    with harness.start_hub() as hub, _bridge(hub, authority) as bridge:
        assert bridge.log().find("(https)") >= 0
        asyncio.run(run())
        answer = _get(bridge, authority, "/health")
        assert answer.headers["Strict-Transport-Security"] == "max-age=15552000"


def test_protocols_and_names(authority, tmp_path):
    with harness.start_hub() as hub, _bridge(hub, authority) as bridge:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = authority.client(minimum_version=version, maximum_version=version)
            context.set_alpn_protocols(["h2", "http/1.1"])
            assert _handshake(bridge, context)[0] == version.name.replace("_", ".")
        other = Authority(tmp_path, "other")
        with pytest.raises(ssl.SSLCertVerificationError):
            _handshake(bridge, other.client())
        for arguments in (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1_2", "-cipher", "AES128-SHA"], ["-alpn", "h2"]):
            ended = subprocess.run(["openssl", "s_client", "-connect", bridge.address(), *arguments], input="", text=True,
                                   capture_output=True, timeout=20)
            assert "Cipher is (NONE)" in ended.stdout or "no application protocol" in ended.stderr, (arguments, ended)


def test_plaintext_on_the_encrypted_port_is_told(authority):
    with harness.start_hub() as hub, _bridge(hub, authority) as bridge:
        status, body = bridge.http("/health")
        assert status == 400
        assert "use https:// or wss://" in body


CLIENTS, ROUNDS = int(os.environ.get("TEST_CLIENTS", 100)), int(os.environ.get("TEST_ROUNDS", 10))


def test_certificates_are_replaced_under_clients(authority):
    """None is cut, none misses an event, and new handshakes get the new certificate soon: how soon is printed.

    By hand with more: TEST_CLIENTS=1000 TEST_ROUNDS=100, pytest -s."""
    slowest = 0.0

    async def run(hub_client):
        nonlocal slowest
        async with contextlib.AsyncExitStack() as stack:
            context = authority.client()
            all_ws = []
            for _ in range(CLIENTS):
                ws = await stack.enter_async_context(harness.connect(_url(bridge), ssl=context))
                await ws.subscribe(filters={"event_types": ["system_event"]})
                all_ws.append(ws)
            for number in range(ROUNDS):
                name = f"number-{number}"
                bridge.files.put(await asyncio.to_thread(authority.issue, name))
                since = time.monotonic()
                await asyncio.to_thread(
                    harness.wait_for, lambda: _handshake(bridge, context)[1] == name, what=name, timeout=5)
                slowest = max(slowest, time.monotonic() - since)
                await asyncio.to_thread(hub_client.publish, harness.system_event(name))
                for ws in all_ws:
                    assert (await ws.expect("event"))["event"]["message"] == name

    with harness.start_hub() as hub, _bridge(hub, authority) as bridge, hub.client() as client:
        asyncio.run(run(client))
    print(f"{CLIENTS} clients, {ROUNDS} certificates: the slowest was on new handshakes after {slowest:.2f} s")


def test_a_bad_pair_leaves_the_old_one_and_says_so_also_on_sighup(authority):
    with harness.start_hub() as hub, _bridge(hub, authority) as bridge:
        bridge.files.key.write_text(authority.issue("other")[1])
        harness.wait_for(lambda: "the one in use stays" in bridge.log(), what="the complaint")
        assert "holds another key than that of the certificate" in bridge.log()
        bridge.signal(signal.SIGHUP)
        harness.wait_for(lambda: bridge.log().count("the one in use stays") == 2, what="the second complaint")
        assert _handshake(bridge, authority.client())[1] == "first"
        bridge.files.put(authority.issue("second"))
        harness.wait_for(lambda: _handshake(bridge, authority.client())[1] == "second", what="the new certificate")


def test_what_does_not_fit_together_is_said_at_the_start(authority):
    certificate = Files(authority.folder, authority.issue()).flags
    for flags, told in ((certificate[:2], "--tls-cert and --tls-key must be given together"),
                        ([*certificate[:3], "missing.key"], "--tls-key: cannot read missing.key")):
        ended = subprocess.run([harness.BIN / "tocsin-bridge", "--listen", "127.0.0.1:0", *flags], capture_output=True,
                               text=True, timeout=20)
        assert ended.returncode == 2
        assert told in ended.stderr


# ---- between hub and its clients ----

@contextlib.contextmanager
def _mutual_hub(authority, tmp_path):
    """A hub that wants certificates, and the flags of a client that has one."""
    server = tmp_path / "hub"
    client = tmp_path / "client"
    for folder in (server, client):
        folder.mkdir()
    files = Files(server, authority.issue("hub"))
    shown = Files(client, authority.issue("a client"))
    flags = ["--hub-ca", str(authority.file), "--hub-cert", str(shown.certificate), "--hub-key", str(shown.key)]
    with harness.start_hub(*files.flags, "--tls-client-ca", str(authority.file)) as hub:
        hub.files = files
        yield hub, flags


def _tocsin(hub, *arguments):
    return subprocess.run([harness.BIN / "tocsin", "--hub", hub.address(0), "--timeout", "5s", *arguments], text=True,
                          capture_output=True, timeout=30)


def test_hub_bridge_and_command_line_over_mutual_tls(authority, tmp_path):
    async def run(bridge, hub, flags):
        async with harness.connect(bridge) as ws:
            await ws.subscribe(filters={"event_types": ["system_event"]})
            sent = await asyncio.to_thread(_tocsin, hub, *flags, "pub", "system-event", "--category", "test", "--message", "m")
            assert sent.returncode == 0, sent.stderr
            assert (await ws.expect("event"))["event"]["message"] == "m"

    with _mutual_hub(authority, tmp_path) as (hub, flags), harness.start_bridge(hub, *flags) as bridge:
        asyncio.run(run(bridge, hub, flags))


def test_who_does_not_fit_is_refused_and_told_what_to_do(authority, tmp_path):
    other = Authority(tmp_path, "other")
    with _mutual_hub(authority, tmp_path) as (hub, flags):
        for arguments, told in ((["status"], "--hub-tls"),
                                (["--hub-ca", str(other.file), "status"], "--hub-ca"),
                                (["--hub-ca", str(authority.file), "status"], "--hub-cert"),
                                ([*flags, "--hub-server-name", "else.example", "status"], "--hub-server-name")):
            ended = _tocsin(hub, *arguments)
            assert ended.returncode != 0
            assert told in ended.stderr, (arguments, ended.stderr)
        assert _tocsin(hub, *flags, "status").returncode == 0
        assert _tocsin(hub, "--hub-cert", "x", "status").stderr.startswith(
            "tocsin: --hub-cert and --hub-key must be given together")


def test_a_hub_s_certificate_is_replaced_under_its_clients(authority, tmp_path):
    """New handshakes get the new one; a stream that runs goes on, and misses nothing."""
    with _mutual_hub(authority, tmp_path) as (hub, flags), harness.start_bridge(hub, *flags) as bridge:
        context = authority.client()
        context.load_cert_chain(tmp_path / "client" / "server.pem", tmp_path / "client" / "server.key")
        context.set_alpn_protocols(["h2"])
        assert _handshake(hub, context)[1] == "hub"

        async def run():
            async with harness.connect(bridge) as ws:
                await ws.subscribe(filters={"event_types": ["system_event"]})
                for number in range(5):
                    hub.files.put(await asyncio.to_thread(authority.issue, f"hub-{number}"))
                    await asyncio.to_thread(harness.wait_for, lambda: _handshake(hub, context)[1] == f"hub-{number}")
                    sent = await asyncio.to_thread(
                        _tocsin, hub, *flags, "pub", "system-event", "--category", "test", "--message", str(number))
                    assert sent.returncode == 0, sent.stderr
                    assert (await ws.expect("event"))["event"]["message"] == str(number)
        asyncio.run(run())
        assert bridge.metric("bridge_hub_reconnects_total") == 0
