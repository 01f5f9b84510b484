"""Admin: who is connected over each transport, ended one by one or by order, and what a program takes up while it runs."""

import asyncio
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import tempfile

import grpc
import pytest
import websockets.exceptions

import harness
import harness_auth
from tocsin.v1 import admin_pb2, admin_pb2_grpc


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="tocsin-admin-") as made:  # short: a socket's path has 107 bytes
        yield pathlib.Path(made)


@contextlib.contextmanager
def both(folder, *bridge_flags, hub_flags=()):
    """A hub and a bridge with admin sockets: .admin of each is its path."""
    hub_socket, bridge_socket = folder / "hub.sock", folder / "bridge.sock"
    with harness.start_hub("--admin-socket", hub_socket, *hub_flags, store="memory") as hub, \
            harness.start_bridge(hub, "--admin-socket", bridge_socket, *bridge_flags) as bridge:
        hub.admin, bridge.admin = hub_socket, bridge_socket
        yield hub, bridge


def admin(program, *arguments, code=0, env=None):
    """What `tocsin admin` prints."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
    path = program if isinstance(program, pathlib.Path) else program.admin
    done = subprocess.run([harness.BIN / "tocsin", "admin", *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, env=environment | {"TOCSIN_ADMIN_SOCKET": str(path)} | (env or {}))
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def connections(program, **flags):
    given = [part for name, value in flags.items() for part in (f"--{name}", value)]
    return json.loads(admin(program, "connections", "--json", "--all", *given))["connections"]


def closed(program):
    return json.loads(admin(program, "closed", "--json"))["connections"]


def audit(program, did):
    """The audit lines of an action."""
    return [line for line in program.lines if '"event":"admin"' in line and f'"did":"{did}"' in line]



async def over_ws(bridge, resume_from, body):
    async with harness.connect(bridge) as ws:
        await ws.subscribe("s", resume_from=resume_from)
        return await body(ws.events, lambda message: (message["sequence"], message["message_id"]),
                          lambda: ended_ws(ws))


async def ended_ws(ws):
    closing = await ws.expect("closing")
    with contextlib.suppress(websockets.exceptions.ConnectionClosed):
        while True:
            await ws.recv()
    assert ws.connection.close_code == 1012
    assert ws.connection.close_reason.startswith("SERVICE_UNAVAILABLE: closed by an operator: moving house")
    assert closing["reason"] == "SERVICE_UNAVAILABLE"
    return closing["reconnect_after_ms"]


async def over_graphql(bridge, resume_from, body):
    async with harness.graphql(bridge) as client:
        await client.subscribe("s", resume_from=resume_from)
        return await body(client.nexts, harness.event_of, lambda: ended_graphql(client))


async def ended_graphql(client):
    with contextlib.suppress(websockets.exceptions.ConnectionClosed):
        while True:
            await client.recv()
    assert client.connection.close_code == 1012
    reason = client.connection.close_reason
    assert reason.startswith("SERVICE_UNAVAILABLE: closed by an operator: moving house")
    return int(re.search(r"reconnect in (\d+) ms", reason)[1])


def over_stream(lines):
    async def follow(bridge, resume_from, body):
        async with harness.events(bridge, resume_from=resume_from, lines=lines) as stream:
            async def ended():
                closing = await stream.expect("closing")
                assert await stream.next() is None
                assert closing.data["reason"] == "SERVICE_UNAVAILABLE"
                assert closing.data["message"] == "closed by an operator: moving house"
                return closing.data["reconnect_after_ms"]
            return await body(stream.events, lambda message: (message.data["sequence"], message.id), ended)
    return follow


async def over_parts(bridge, resume_from, body):
    query = "subscription { events { sequence cursor } }"
    async with harness.graphql_parts(bridge, query, resume_from) as parts:
        async def events(count):
            return [event for event in [await part_with_event(parts) for _ in range(count)]]

        async def ended():
            last = {}
            async for payload in parts:
                last = payload
            (error,) = last["errors"]
            assert error["message"] == "closed by an operator: moving house; resume from the last cursor"
            assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
        return await body(events, lambda event: (event["sequence"], event["cursor"]), ended)


async def part_with_event(parts):
    async for payload in parts:
        if payload and payload.get("data"):
            return payload["data"]["events"]
    raise AssertionError("the stream ended")


WAYS = {"websocket": over_ws, "graphql": over_graphql, "sse": over_stream(False), "ndjson": over_stream(True),
        "graphql-multipart": over_parts}


@pytest.mark.parametrize("transport", WAYS)
def test_kicked_clients_resume_without_loss(folder, transport):
    follow = WAYS[transport]
    with both(folder) as (hub, bridge), hub.client() as client:
        client.publish(harness.system_event())
        start = client.publish(harness.system_event()).cursor

        async def first(events, place, ended):
            client.publish_many([harness.system_event() for _ in range(5)])
            got = [place(event) for event in await events(5)]
            (mine,) = connections(bridge, transport=transport)
            assert mine["subscriptions"] == 1 and mine["subject"] == "" and mine["since"]
            assert re.fullmatch(r"127\.0\.0\.1:\d+", mine["address"]), mine
            out = admin(bridge, "kick", mine["id"], "--reason", "moving house", "--reconnect-after", "7s")
            assert out == "kicked 1\n"
            assert await ended() in (7_000, None)
            return mine["id"], got

        async def second(events, place, _):
            return [place(event) for event in await events(3)]

        kicked, before = harness.run(follow(bridge, start, first))
        client.publish_many([harness.system_event() for _ in range(3)])  # while it is away
        after = harness.run(follow(bridge, before[-1][1], second))
        sequences = [sequence for sequence, _ in before + after]
        assert sequences == list(range(sequences[0], sequences[0] + 8))
        (entry,) = [each for each in closed(bridge) if each["id"] == kicked]
        assert entry["code"] == "SERVICE_UNAVAILABLE" and entry["transport"] == transport
        assert entry["reason"].startswith("closed by an operator: moving house")
        harness.wait_for(lambda: audit(bridge, "kick"), what="the audit line")
        line = json.loads(audit(bridge, "kick")[0])
        assert line["id"] == kicked and line["kicked"] == 1 and line["reason"] == "moving house"
        assert re.fullmatch(rf"unix socket, uid {os.getuid()}, pid \d+", line["by"])
        assert "refused: id: no connection" in admin(bridge, "kick", kicked, code=4)


def test_a_stream_of_the_hub_is_kicked_and_resumes(folder):
    with both(folder) as (hub, _), hub.client() as client:
        client.publish(harness.system_event())
        stream = client.subscribe(start="earliest", label="wall board")
        (first,) = stream.take(1)
        (mine,) = [each for each in connections(hub, transport="grpc") if each["label"] == "wall board"]
        assert re.fullmatch(r"127\.0\.0\.1:\d+", mine["address"]) and mine["subscriptions"] == 1
        assert admin(hub, "kick", mine["id"], "--reconnect-after", "2s") == "kicked 1\n"
        with pytest.raises(grpc.RpcError) as error:
            stream.until(lambda s: False)
        assert stream.closing.reason == "SERVICE_UNAVAILABLE"
        assert stream.closing.reconnect_after.ToMilliseconds() == 2_000
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE
        assert "closed by an operator" in error.value.details()
        assert harness.error_details(error.value)["RetryInfo"].retry_delay.ToMilliseconds() == 2_000
        result = client.publish(harness.system_event())
        again = client.subscribe(start=first.cursor)
        assert again.take(1)[0].sequence == result.sequence
        # The bridge's own stream to the hub is a connection like any other, and it comes back by itself.
        for each in connections(hub):
            if each["label"] != "wall board":
                admin(hub, "kick", each["id"], code=0)
        assert closed(hub)[0]["code"] == "SERVICE_UNAVAILABLE"


def test_the_table_is_for_people(folder):
    async def go(bridge):
        async with harness.connect(bridge) as ws:
            await ws.subscribe("a")
            await ws.subscribe("b")
            return await asyncio.to_thread(admin, bridge, "connections")

    with both(folder) as (_, bridge):
        head, row = harness.run(go(bridge)).splitlines()
        assert head.split() == ["ID", "SUBJECT", "ADDRESS", "TRANSPORT", "LABEL", "SINCE", "SUBS", "WAITING", "STANDS"]
        assert row.split()[3:5] == ["websocket", "-"] and row.endswith("live") and row.split()[6] == "2"
        harness.wait_for(lambda: closed(bridge), what="the closed connection")
        assert closed(bridge)[0]["code"] == "CLIENT_CLOSED"
        assert "CLIENT_CLOSED" in admin(bridge, "closed")


def test_pages_of_connections(folder):
    async def go(bridge):
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(7):
                await stack.enter_async_context(harness.connect(bridge))
            return await asyncio.to_thread(pages, bridge)

    def pages(bridge):
        with grpc.insecure_channel(f"unix:{bridge.admin}") as channel:
            stub = admin_pb2_grpc.AdminStub(channel)
            token, seen = "", []
            while True:
                page = stub.ListConnections(admin_pb2.ListConnectionsRequest(page_size=3, page_token=token), timeout=10)
                assert page.total == 7 and page.silent_threads == 0
                seen.append([each.id for each in page.connections])
                token = page.next_page_token
                if not token:
                    return seen

    with both(folder, "--threads", "3") as (_, bridge):
        seen = harness.run(go(bridge))
        assert [len(page) for page in seen] == [3, 3, 1]
        ids = sum(seen, [])
        assert len(set(ids)) == 7 and ids == sorted(ids)


# ---- on the hub's port, by a token ----

@pytest.fixture
def issuer(folder):
    return harness_auth.Issuer(folder)


def by_token(hub, folder, token, *arguments, code=0, env=None):
    """What `tocsin --hub … admin` prints, with the token in a file; None: without one."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")} | (env or {})
    given = []
    if token is not None:
        (folder / "token").write_text(token)
        given = ["--token-file", folder / "token"]
    done = subprocess.run([harness.BIN / "tocsin", "admin", *map(str, arguments), "--hub", hub.address(0), *map(str, given)],
                          capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def test_who_may_administer_does_so_on_the_hubs_port(folder, issuer):
    opal = issuer.token({"admin": True}, name="opal")
    with harness.start_hub(*issuer.flags, store="memory") as hub, \
            harness_auth.TokenClient(hub, issuer.token(name="bob")) as bob:
        stream = bob.subscribe()
        stream.to_end_of_log()
        (mine,) = json.loads(by_token(hub, folder, opal, "connections", "--json"))["connections"]
        assert mine["subject"] == "bob" and mine["transport"] == "grpc"
        # A socket in the environment is not meant where the command line names a hub.
        assert by_token(hub, folder, opal, "log-level", env={"TOCSIN_ADMIN_SOCKET": str(folder / "other.sock")}) == "info\n"
        assert by_token(hub, folder, opal, "log-level", "error") == "error (was info)\n"
        assert by_token(hub, folder, opal, "kick", "--subject", "bob", "--reason", "moving house") == "kicked 1\n"
        with pytest.raises(grpc.RpcError) as error:
            stream.until(lambda _: False)
        assert "closed by an operator: moving house" in error.value.details()
        (gone,) = json.loads(by_token(hub, folder, opal, "closed", "--json"))["connections"]
        assert gone["subject"] == "bob" and gone["code"] == "SERVICE_UNAVAILABLE"
        assert "read again; no setting has changed" in by_token(hub, folder, opal, "reload")
        assert "reason: must be at most 64 bytes" in by_token(hub, folder, opal, "kick", "x", "--reason", "a" * 65, code=4)
        assert by_token(hub, folder, opal, "drain") == "draining\n"
        assert hub.wait_for_end() == 0
        for did in ("kick", "set log level", "reload", "drain"):
            (line,) = [json.loads(each) for each in audit(hub, did)]
            assert line["by"] == "subject opal, 127.0.0.1", line
        assert opal not in hub.log()


@pytest.mark.parametrize("permission, code, says", [
    (None, "UNAUTHENTICATED", "--token-file"), (harness_auth.ALL, "PERMISSION_DENIED", "does not allow administering"),
    ({"admin": False}, "PERMISSION_DENIED", "does not allow administering"),
    ({"subscribe": True}, "PERMISSION_DENIED", "does not allow administering")], ids=repr)
def test_who_may_not_administer_does_nothing_on_the_hubs_port(folder, issuer, permission, code, says):
    token = issuer.token(permission) if permission is not None else None
    metadata = [("authorization", f"Bearer {token}")] if token else []
    methods = {"ListConnections": admin_pb2.ListConnectionsRequest(), "ListClosed": admin_pb2.ListClosedRequest(),
               "Kick": admin_pb2.KickRequest(subject="ann"), "Drain": admin_pb2.DrainRequest(),
               "Reload": admin_pb2.ReloadRequest(), "SetLogLevel": admin_pb2.SetLogLevelRequest(level="LOG_LEVEL_ERROR"),
               "GetLogLevel": admin_pb2.GetLogLevelRequest()}
    with harness.start_hub(*issuer.flags, store="memory") as hub, grpc.insecure_channel(hub.address(0)) as channel, \
            harness_auth.TokenClient(hub, issuer.token()) as client:
        stream = client.subscribe()
        stream.to_end_of_log()
        assert set(methods) == {method.name for method in admin_pb2.DESCRIPTOR.services_by_name["Admin"].methods}
        for name, request in methods.items():
            with pytest.raises(grpc.RpcError) as error:
                getattr(admin_pb2_grpc.AdminStub(channel), name)(request, metadata=metadata, timeout=10)
            assert error.value.code() == getattr(grpc.StatusCode, code), name
        assert says in by_token(hub, folder, token, "drain", code=4)
        client.publish(harness.system_event())
        assert stream.take(1) and not any('"event":"admin"' in line for line in hub.lines)


def test_without_authentication_the_hubs_port_has_no_admin_and_says_where_it_is(folder, issuer):
    with harness.start_hub("--admin-socket", folder / "hub.sock", store="memory") as hub:
        for token in (None, issuer.token({"admin": True})):
            assert "on the Unix socket of --admin-socket" in by_token(hub, folder, token, "drain", code=4)
        assert admin(folder / "hub.sock", "log-level") == "info\n"
        assert by_token(hub, folder, None, "--socket", folder / "hub.sock", "log-level") == "info\n"


@pytest.mark.parametrize("which", ["hub", "bridge"])
def test_drain_is_sigterms(folder, which):
    with both(folder) as programs:
        program = programs[which == "bridge"]
        assert admin(program, "drain") == "draining\n"
        assert program.wait_for_end() == 0
        assert audit(program, "drain")
        assert not program.admin.exists()


def test_the_log_level_changes_while_it_runs(folder):
    with both(folder) as programs:
        for program in programs:
            assert admin(program, "log-level") == "info\n"
            assert admin(program, "log-level", "error") == "error (was info)\n"
            assert admin(program, "log-level") == "error\n"
            harness.wait_for(lambda: audit(program, "set log level"), what="the audit line at level error")
            assert "allowed: debug, info, warning, error" in admin(program, "log-level", "loud", code=2)


def origin_allowed(bridge, origin):
    status, _, _ = harness.post(bridge, "/v1/explain", {"last": 1}, {"Content-Type": "application/json", "Origin": origin})
    return status != 403


@pytest.mark.parametrize("by", ["signal", "socket"])
def test_reload_takes_up_origins_limits_and_the_log_level(folder, by):
    file = folder / "bridge.toml"
    file.write_text("max-subscriptions = 5\n")

    def reload(bridge):
        before = len([line for line in bridge.lines if '"event":"settings' in line])
        if by == "socket":
            admin(bridge, "reload", code=0)
        else:
            bridge.signal(signal.SIGHUP)
        harness.wait_for(lambda: len([line for line in bridge.lines if '"event":"settings' in line]) > before,
                         what="the reload")

    async def welcome(bridge):
        async with harness.connect(bridge) as ws:
            return ws.welcome["limits"]["max_subscriptions"]

    with both(folder, "--config", file) as (_, bridge):
        assert not origin_allowed(bridge, "https://status.example.com")
        file.write_text('max-subscriptions = 7\nallowed-origin = ["https://status.example.com"]\nlog-level = "debug"\n'
                        'threads = 3\nrecent-events = 77\n')
        reload(bridge)
        harness.wait_for(lambda: origin_allowed(bridge, "https://status.example.com"), what="the new origin")
        assert not origin_allowed(bridge, "https://other.example.com")
        harness.wait_for(lambda: harness.run(welcome(bridge)) == 7, what="the new limit")
        assert admin(bridge, "log-level") == "debug\n"
        (line,) = [json.loads(each) for each in bridge.lines if "needs a restart" in each]
        assert line["settings"].split(", ") == ["--threads", "--recent-events"]
        # The origin that has gone from the file is refused again.
        file.write_text("")
        reload(bridge)
        harness.wait_for(lambda: not origin_allowed(bridge, "https://status.example.com"), what="the origin to go")
        assert admin(bridge, "log-level") == "info\n"


@pytest.mark.parametrize("text, why", [
    ('allowed-origin = ["https://new.example.com"]\nlog-level = "loud"\n', "loud"),
    ('allowed-origin = ["https://new.example.com/path"]\n', "is no origin"),
    ('allowed-origin = ["https://new.example.com"]\nliste = "x"\n', "unknown key"),
    ("allowed-origin = [\n", ":1"), (None, "cannot read")], ids=repr)
def test_a_bad_file_changes_nothing_and_says_why(folder, text, why):
    file = folder / "bridge.toml"
    file.write_text('allowed-origin = ["https://old.example.com"]\nlog-level = "warning"\n')
    with both(folder, "--config", file) as (_, bridge):
        file.write_text(text) if text is not None else file.unlink()
        out = admin(bridge, "reload", code=4)
        assert "no setting was changed" in out and why in out
        assert origin_allowed(bridge, "https://old.example.com")
        assert not origin_allowed(bridge, "https://new.example.com")
        assert admin(bridge, "log-level") == "warning\n"
        assert any("settings are wrong" in line for line in bridge.lines)


def test_the_hub_takes_up_its_limit_and_names_the_rest(folder):
    file = folder / "hub.toml"
    file.write_text("")
    with both(folder, hub_flags=("--config", file)) as (hub, _), hub.client() as client:
        file.write_text("max-subscriptions = 1\nretain-events = 5\n")
        out = json.loads(admin(hub, "reload", "--json"))
        assert out == {"changed": ["max-subscriptions"], "needs_restart": ["retain-events"]}
        with pytest.raises(grpc.RpcError) as error:  # the bridge has the one
            client.subscribe(start="latest")
        assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_the_socket_is_its_owners_alone_and_goes_with_the_program(folder):
    before = os.umask(0)
    try:
        with both(folder) as (hub, bridge):
            for program in (hub, bridge):
                mode = os.stat(program.admin).st_mode
                assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
            paths = [hub.admin, bridge.admin]
    finally:
        os.umask(before)
    assert not any(path.exists() for path in paths)


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(folder):
    with both(folder) as (hub, _):
        hub.kill()
        assert hub.admin.exists()
        hub.start()
        assert admin(hub, "log-level") == "info\n"
        with pytest.raises(AssertionError, match="another program listens there"):
            harness.start_hub("--admin-socket", hub.admin, store="memory")
        assert admin(hub, "log-level") == "info\n"


def test_a_path_that_is_too_long_or_taken_is_refused(folder):
    done = subprocess.run([harness.BIN / "tocsin-hub", "--check-config", "--admin-socket", "/" + "a" * 107],
                          capture_output=True, text=True)
    assert done.returncode == 2 and "--admin-socket" in done.stderr and "107" in done.stderr
    (folder / "file").write_text("kept")
    with pytest.raises(AssertionError, match="cannot listen"):
        harness.start_hub("--admin-socket", folder / "file", store="memory")
    assert (folder / "file").read_text() == "kept"


def test_what_the_command_says_when_nobody_answers(folder):
    assert "nobody answers on the admin socket" in admin(folder / "none.sock", "connections", code=3)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(folder / "deaf.sock"))
        deaf.listen()
        admin(folder / "deaf.sock", "--timeout", "300ms", "connections", code=3)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
    done = subprocess.run([harness.BIN / "tocsin", "admin", "connections"], capture_output=True, text=True, env=environment)
    assert done.returncode == 2 and "--socket" in done.stderr
    with both(folder) as (_, bridge):
        assert "give either an ID or --subject" in admin(bridge, "kick", code=2)
        assert "reason: must be at most 64 bytes" in admin(bridge, "kick", "x", "--reason", "a" * 65, code=4)
        assert admin(bridge, "kick", "--subject", "nobody") == "kicked 0\n"


def test_a_thousand_closed_connections_are_kept(folder):
    async def come_and_go(bridge, count):
        for _ in range(count):
            async with harness.events(bridge):
                pass

    with both(folder) as (_, bridge):
        harness.run(come_and_go(bridge, 1_010))
        with grpc.insecure_channel(f"unix:{bridge.admin}") as channel:
            stub = admin_pb2_grpc.AdminStub(channel)
            request = admin_pb2.ListClosedRequest(limit=1000)
            harness.wait_for(lambda: len(stub.ListClosed(request, timeout=10).connections) == 1_000, what="the thousand")
        assert {each["code"] for each in closed(bridge)} == {"CLIENT_GONE"}
