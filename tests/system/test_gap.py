"""What cannot be given whole is said, never skipped in silence: cursors out of retention, of another epoch, from the
future, and damaged texts; and the ways to start that are no cursor. On every transport, on_gap fail and notify."""

import datetime
import json
import shutil

import grpc
import pytest

import harness

KEPT = 100
FAIL, NOTIFY = harness.hub_pb2.ON_GAP_FAIL, harness.hub_pb2.ON_GAP_NOTIFY
TRANSPORTS = pytest.mark.parametrize("transport", ["gRPC", "/ws", "/ws on a late bridge", "SSE", "SSE on a late bridge"])


class World:
    """A log that has dropped its beginning."""

    def __init__(self, hub, bridge, late):
        self.hub, self.bridges = hub, {"/ws": bridge, "SSE": bridge}
        self.late = late

    # Both answer (gap or None, its first events' sequences), or raise Refused.
    def start(self, transport, start, on_gap, count):
        if transport == "gRPC":
            return _grpc(self.hub, start, FAIL if on_gap == "fail" else NOTIFY, count)
        bridge = self.bridges.get(transport, self.late)
        if transport.startswith("SSE"):
            return harness.run(_sse(bridge, start, on_gap, count, self.hub.status().latest))
        return harness.run(_ws(bridge, start, on_gap, count))


class Refused(Exception):
    def __init__(self, code, message, earliest, latest, field):
        super().__init__(code, message)
        self.code, self.message, self.earliest, self.latest, self.field = code, message, earliest, latest, field


def _grpc(hub, start, on_gap, count):
    with hub.client() as client:
        try:
            with client.subscribe(start=start, on_gap=on_gap) as stream:
                events = stream.take(count) if count else stream.to_end_of_log()
                if not stream.gaps:
                    return None, [e.sequence for e in events]
                gap = stream.gaps[0]
                assert len(stream.gaps) == 1
                reason = harness.hub_pb2.GapReason.Name(gap.reason).removeprefix("GAP_REASON_").lower()
                return {"reason": reason, "from": getattr(gap, "from"), "to": gap.to}, [e.sequence for e in events]
        except grpc.RpcError as error:
            codes = {"CURSOR_EXPIRED": grpc.StatusCode.OUT_OF_RANGE,
                     "INVALID_MESSAGE": grpc.StatusCode.INVALID_ARGUMENT}
            details = harness.error_details(error)
            info = details["ErrorInfo"]
            assert error.code() == codes[info.reason]
            field = details["BadRequest"].field_violations[0].field if "BadRequest" in details else None
            raise Refused(info.reason, error.details(), info.metadata.get("earliest"), info.metadata.get("latest"),
                          field) from None


async def _ws(bridge, start, on_gap, count):
    async with harness.connect(bridge) as ws:
        await ws.send({"type": "subscribe", "subscription_id": "s", "resume_from": start, "on_gap": on_gap})
        first = await ws.recv()
        if first["type"] == "error":
            assert first["subscription_id"] == "s"
            await ws.send({"type": "unsubscribe", "subscription_id": "s"})
            assert (await ws.expect("error"))["code"] == "NOT_FOUND"  # a refused one is gone, and the session lives
            raise Refused(first["code"], first["message"], first.get("earliest"), first.get("latest"),
                          first.get("field"))
        assert first["type"] == "subscribed", first
        gap = None
        if not first["recovered"]:
            gap = await ws.recv()
            assert gap["type"] == "gap" and gap["subscription_id"] == "s", gap
            gap = {key: gap[key] for key in ("reason", "from", "to")}
        if not count:
            return gap, await _to_end(ws)
        return gap, [m["sequence"] for m in await ws.events(count)]


async def _sse(bridge, start, on_gap, count, end):
    async with harness.events(bridge, resume_from=start, query=f"on_gap={on_gap}", check=False) as stream:
        if stream.status != 200:
            problem = json.loads(await stream.body())
            assert stream.headers["content-type"] == "application/problem+json"
            assert stream.status == {"CURSOR_EXPIRED": 410, "INVALID_MESSAGE": 400}[problem["code"]]
            raise Refused(problem["code"], problem["detail"], problem.get("earliest"), problem.get("latest"),
                          problem.get("field"))
        gap, sequences = None, []
        while (len(sequences) < count) if count else (stream.cursor != end):
            message = await stream.next()
            if message.event == "problem":
                assert await stream.next() is None  # the stream has ended
                refused = message.data
                raise Refused(refused["code"], refused["message"], refused.get("earliest"), refused.get("latest"),
                              refused.get("field"))
            if message.event == "gap":
                assert gap is None and not sequences and message.id == message.data["to"]
                gap = {key: message.data[key] for key in ("reason", "from", "to")}
            if message.event == "event":
                sequences.append(message.data["sequence"])
        return gap, sequences


async def _to_end(ws):
    """Events until a pong stands where the log ends (the hub's status says where)."""
    got = []
    while True:
        await ws.send({"type": "ping"})
        while (message := await ws.recv())["type"] == "event":
            got.append(message["sequence"])
        assert message["type"] == "pong"
        if message["cursor"] == ws.welcome["cursor"]:
            return got


def _other(cursor, epoch=0, sequence=0):
    """The cursor moved; its form is docs/adr's business, and no client's."""
    parts = [int(part, 16) for part in cursor.split("-")]
    return f"{parts[0] + epoch:x}-{parts[1] + sequence:x}"


@pytest.fixture(scope="module", params=["rocksdb", "memory"])
def world(request):
    with harness.start_hub("--retain-events", KEPT, "--recent-events", 20, store=request.param) as hub, \
            harness.start_bridge(hub, "--recent-events", 30) as bridge:
        with hub.client() as client:
            first = client.publish_many([harness.system_event(f"e{i}") for i in range(1000)], batch=50)
            harness.wait_for(lambda: hub.status().first_sequence > first[0].sequence + 10, what="retention to work")
            harness.in_step(hub, bridge)
            with harness.start_bridge(hub) as late:
                made = World(hub, bridge, late)
                made.results = first
                yield made


@TRANSPORTS
@pytest.mark.parametrize("which", [0, 3])
def test_expired_notify_tells_a_gap_and_goes_on_after_it(world, transport, which):
    old = world.results[which].cursor
    gap, sequences = world.start(transport, old, "notify", 0)
    assert gap["reason"] == "expired" and gap["from"] == old
    status = world.hub.status()
    to = next(r for r in world.results if r.cursor == gap["to"])
    assert to.sequence + 1 == status.first_sequence and gap["to"] == status.earliest
    assert sequences == list(range(to.sequence + 1, status.last_sequence + 1))
    assert len(sequences) >= KEPT


@TRANSPORTS
def test_expired_fail_is_refused_with_what_is_held(world, transport):
    with pytest.raises(Refused) as caught:
        world.start(transport, world.results[0].cursor, "fail", 0)
    status = world.hub.status()
    assert caught.value.code == "CURSOR_EXPIRED"
    assert (caught.value.earliest, caught.value.latest) == (status.earliest, status.latest)
    gap, sequences = world.start(transport, caught.value.earliest, "fail", 0)
    assert gap is None and sequences[0] == status.first_sequence


@TRANSPORTS
def test_the_boundary_of_what_is_held(world, transport):
    """From the earliest place there is no gap, from the one before it there is; the end gives nothing and no gap."""
    status = world.hub.status()
    at = status.first_sequence - world.results[0].sequence
    gap, sequences = world.start(transport, world.results[at - 1].cursor, "fail", 1)
    assert gap is None and sequences == [status.first_sequence]
    gap, sequences = world.start(transport, world.results[at - 2].cursor, "notify", 1)
    assert gap["reason"] == "expired" and sequences == [status.first_sequence]
    assert world.start(transport, status.latest, "fail", 0) == (None, [])


@TRANSPORTS
@pytest.mark.parametrize("on_gap", ["fail", "notify"])
@pytest.mark.parametrize("ahead", [1, 1000, 1 << 60])
def test_a_cursor_from_the_future_is_refused(world, transport, on_gap, ahead):
    status = world.hub.status()
    with pytest.raises(Refused) as caught:
        world.start(transport, _other(status.latest, sequence=ahead), on_gap, 0)
    assert caught.value.code == "CURSOR_EXPIRED" and "lost data" in caught.value.message
    assert (caught.value.earliest, caught.value.latest) == (status.earliest, status.latest)


@TRANSPORTS
def test_a_cursor_of_an_unknown_epoch(world, transport):
    status = world.hub.status()
    stray = _other(status.latest, epoch=-1 if status.epoch > 1 else 1)
    gap, sequences = world.start(transport, stray, "notify", 1)
    assert gap == {"reason": "epoch", "from": stray, "to": status.earliest}
    assert sequences == [status.first_sequence]
    with pytest.raises(Refused) as caught:
        world.start(transport, stray, "fail", 0)
    assert caught.value.code == "CURSOR_EXPIRED"
    assert (caught.value.earliest, caught.value.latest) == (status.earliest, status.latest)


@TRANSPORTS
@pytest.mark.parametrize("text", ["garbage", "-", "0-1", "1-", "-1", "1-1-1", "g-1", "01-1", "1-01", " 1-1",
                                  "earliest ", "EARLIEST", "2026-13-01T00:00:00Z", "2026-01-01", "é", "1" * 1500])
def test_a_malformed_start_names_its_field(world, transport, text):
    with pytest.raises(Refused) as caught:
        world.start(transport, text, "notify", 0)
    assert caught.value.code == "INVALID_MESSAGE"
    assert caught.value.field == ("from" if transport == "gRPC" else "resume_from")
    assert "earliest" in caught.value.message and "latest" in caught.value.message


@TRANSPORTS
def test_earliest_latest_and_times(transport):
    with harness.start_hub() as hub, harness.start_bridge(hub) as bridge, hub.client() as client:
        first = client.publish_many([harness.system_event(f"e{i}") for i in range(20)], batch=20)
        with client.subscribe(start="earliest") as stream:
            stamp = stream.take(20)[-1].time.ToMicroseconds()
        # An event whose time is later than all before it.
        while True:
            client.publish(harness.system_event("between"))
            with client.subscribe(start="earliest") as stream:
                events = stream.to_end_of_log()
            if events[-1].time.ToMicroseconds() > stamp:
                break
        harness.in_step(hub, bridge)
        with harness.start_bridge(hub) as late:
            world = World(hub, bridge, late)
            moment = datetime.datetime.fromtimestamp(events[-1].time.ToMicroseconds() / 1e6, datetime.timezone.utc)
            exact = events[-1].time.ToJsonString()
            everything = [e.sequence for e in events]
            assert everything[0] == first[0].sequence
            assert world.start(transport, "earliest", "fail", 0) == (None, everything)
            assert world.start(transport, "latest", "fail", 0) == (None, [])
            assert world.start(transport, "", "fail", 0) == (None, [])
            assert world.start(transport, exact, "fail", 0) == (None, everything[-1:])
            assert world.start(transport, "2000-01-01T00:00:00Z", "fail", 0) == (None, everything)
            # The same moment by another clock; a microsecond later it is past.
            east = moment.astimezone(datetime.timezone(datetime.timedelta(hours=5, minutes=30)))
            nanos = events[-1].time.nanos // 1000
            written = east.strftime("%Y-%m-%dT%H:%M:%S") + f".{nanos:06}" + "+05:30"
            assert world.start(transport, written, "fail", 0) == (None, everything[-1:])
            later = east.strftime("%Y-%m-%dT%H:%M:%S") + f".{nanos:06}9" + "+05:30"
            assert world.start(transport, later, "fail", 0) == (None, [])


def _begin_anew(hub, how):
    """The hub comes back with another log."""
    if how == "data directory deleted":
        hub.kill()
        shutil.rmtree(hub.folder / "data")
        hub.start()
    else:
        hub.restart(kill=how.endswith("killed"))


@pytest.mark.parametrize("how, store", [("memory hub stopped", "memory"), ("memory hub killed", "memory"),
                                        ("data directory deleted", "rocksdb")])
def test_another_epoch_after_the_log_was_lost(how, store):
    """Old cursors meet a new log: told on both transports, and to the sessions that live through it."""
    with harness.start_hub(store=store) as hub, harness.start_bridge(hub) as bridge:
        with hub.client() as client:
            old = client.publish_many([harness.system_event(f"old {i}") for i in range(10)])
        harness.in_step(hub, bridge)

        async def lives_through_it():
            async with harness.connect(bridge) as ws:
                await ws.subscribe("live")
                await ws.subscribe("behind", resume_from="earliest")
                await ws.events(10, "behind")
                _begin_anew(hub, how)
                await ws.expect("status", hub="reconnecting")
                await ws.expect("status", hub="connected")
                with hub.client() as client:
                    made = client.publish_many([harness.system_event(f"new {i}") for i in range(5)])
                got = {"live": [], "behind": []}
                gaps = {}
                while any(len(events) < 5 for events in got.values()):
                    message = await ws.recv()
                    for name in message.get("subscription_ids", ()):
                        got[name].append(message["message_id"])
                    if message["type"] == "gap":
                        assert not got[message["subscription_id"]]
                        gaps[message["subscription_id"]] = message
                assert got == {name: [r.cursor for r in made] for name in got}
                for name in got:
                    assert gaps[name]["reason"] == "epoch" and gaps[name]["from"] == old[-1].cursor, gaps
                return made

        new = harness.run(lives_through_it())
        harness.in_step(hub, bridge)
        assert hub.status().epoch != int(old[0].cursor.split("-")[0], 16)
        with harness.start_bridge(hub) as late:
            world = World(hub, bridge, late)
            for transport in ("gRPC", "/ws", "/ws on a late bridge", "SSE", "SSE on a late bridge"):
                for cursor in (old[0].cursor, old[-1].cursor):
                    gap, sequences = world.start(transport, cursor, "notify", 0)
                    assert gap["reason"] == "epoch" and gap["from"] == cursor, transport
                    assert gap["to"] == hub.status().earliest
                    assert sequences == [r.sequence for r in new]
                    with pytest.raises(Refused) as caught:
                        world.start(transport, cursor, "fail", 0)
                    assert caught.value.code == "CURSOR_EXPIRED"


@TRANSPORTS
def test_a_copy_of_the_data_was_put_back(transport):
    """A cursor of the life that it took away is told as a gap; one from before the copy resumes exactly."""
    with harness.start_hub() as hub:
        data, copy = hub.folder / "data", hub.folder / "copy"

        def publish(name):
            with hub.client() as client:
                return client.publish_many([harness.system_event(f"{name} {i}") for i in range(10)])

        first = publish("first")
        hub.stop()
        shutil.copytree(data, copy)
        hub.start()
        with harness.start_bridge(hub) as bridge:
            taken_away = publish("taken away")
            harness.in_step(hub, bridge)
            hub.stop()
            shutil.rmtree(data)
            copy.rename(data)
            hub.start()
            others = publish("others")
            assert [r.sequence for r in others] == [r.sequence for r in taken_away]
            assert not {r.cursor for r in others} & {r.cursor for r in taken_away}
            harness.in_step(hub, bridge)
            with harness.start_bridge(hub) as late:
                world = World(hub, bridge, late)
                everything = [r.sequence for r in first + others]
                for lost in (taken_away[0], taken_away[5], taken_away[-1]):
                    gap, sequences = world.start(transport, lost.cursor, "notify", 0)
                    assert gap == {"reason": "epoch", "from": lost.cursor, "to": hub.status().earliest}
                    assert sequences == everything
                    with pytest.raises(Refused) as caught:
                        world.start(transport, lost.cursor, "fail", 0)
                    assert caught.value.code == "CURSOR_EXPIRED"
                for k in (0, 5, 9):
                    assert world.start(transport, first[k].cursor, "fail", 0) == (None, everything[k + 1:])
                assert world.start(transport, others[3].cursor, "fail", 0) == (None, everything[14:])
