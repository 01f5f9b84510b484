#!/usr/bin/env python3
"""GraphQL for minutes, over restarts of the hub: does the bridge's memory stay where it is, and does every subscriber get everything?

  .venv/bin/python bench/soak_graphql.py [MINUTES] [--samples FILE]     15 minutes unless told otherwise; programs from TOCSIN_BIN

A bridge whose window is full before the clock starts gets 50 events a second. Eight clients of /graphql/ws stay, each with two
operations. Ten come and go every few seconds: each time they have operations that nobody else has, resume somewhere behind, and leave
in one of three ways. Over HTTP there are queries, mutations, wrong requests and subscriptions in parts. The hub is restarted every 100 s,
by turns asked and killed. Exit status 1: the bridge's RSS grew by more than the bound over the second half (judged from 8 minutes on), a
subscriber did not get exactly what the log has, a request was answered wrongly, or the bridge ended. bench/soak.py is for many
subscribers; its load program knows no hub that goes away.
"""
import argparse
import asyncio
import collections
import contextlib
import http.client
import itertools
import json
import pathlib
import random
import sys
import time
import uuid

import soak

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "system"))
import harness  # noqa: E402

import grpc  # noqa: E402

RATE, STEADY, COMING = 50, 8, 10
WINDOW = 5_000  # events that the bridge keeps
BACK = 300  # those that come and go begin at most so many events before the end
RESTART_SECONDS = 100
# The bound: about 200 sessions come and go in a minute, and 3,000 events come. What keeps 1.3 KB of each session or 90 bytes of each
# event is above it.
MAX_GROWTH_KB_PER_MINUTE = 256
ALL, NEW = "subscription { events { sequence cursor } }", "subscription { newIncidents { id } }"
FIELDS = ("type", "time", "actor", "message", "category", "incident { title state severity }", "incident { id labels source }")
OTHERS = ("subscription { %s: newIncidents { title severity } }",
          "subscription { %s: incidentUpdates { updateType incident { title } } }",
          "subscription { %s: incidentUpdates(snapshot: true, severities: [P0]) { updateType incidentId } }",
          "subscription { %s: criticalIncidents { title } }")
REQUESTS = (("{ incidents(pageSize: 20) { total items { id title state timeline { timestamp } } } }", None),
            ("{ health { status hub } }", None), ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"), ("{", "GRAPHQL_PARSE_FAILED"),
            ('mutation { createIncident(input: {title: "soak", source: "soak", severity: P3}) { cursor } }', None))
AWAY = {"SERVICE_UNAVAILABLE"}  # what a request may meet while the hub is away
TRANSIENT = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED)


class Run:
    def __init__(self, hub, bridge, seconds):
        self.hub, self.bridge = hub, bridge
        self.until = time.monotonic() + seconds
        self.recent = collections.deque(maxlen=BACK)  # (sequence, cursor) of what was published last
        self.samples, self.counts, self.wrong = [], collections.Counter(), []
        self.ended = False  # nothing is published any more, and the hub stays

    def going(self):
        return time.monotonic() < self.until

    def fault(self, what):
        self.counts["wrong"] += 1
        self.wrong.append(what)

    # --- The hub

    async def publish(self):
        started = time.monotonic()
        with self.hub.client() as client:
            for n in itertools.takewhile(lambda _: self.going(), itertools.count()):
                await asyncio.sleep(max(0.0, started + n / RATE - time.monotonic()))
                severity, name = f"P{n // 50 % 5}", str(uuid.uuid4())
                event = (harness.incident_created(source="soak", severity=severity, event_id=name) if n % 50 == 0
                         else harness.system_event(f"e{n}", event_id=name))
                self.recent.append(await asyncio.to_thread(self._surely, client, event))

    @staticmethod
    def _surely(client, event):
        """Publishes until it is acknowledged. It has an id, so it is published once."""
        while True:
            try:
                result = client.publish(event)
                return result.sequence, result.cursor
            except grpc.RpcError as error:
                if error.code() not in TRANSIENT:
                    raise
                time.sleep(0.1)

    async def restart(self):
        for kill in itertools.cycle((False, True)):
            if time.monotonic() + RESTART_SECONDS + 20 > self.until:
                return
            await asyncio.sleep(RESTART_SECONDS)
            await asyncio.to_thread(self.hub.restart, kill)
            self.counts["restarts of the hub"] += 1

    async def sample(self):
        begun, hub_kb = time.monotonic(), 0.0
        while self.going():
            with contextlib.suppress(OSError, TypeError):  # between two hubs
                hub_kb = self.hub.memory() / 1024
            self.samples.append((time.monotonic() - begun, {"hub RSS": hub_kb, "bridge RSS": self.bridge.memory() / 1024}))
            await asyncio.sleep(soak.SAMPLE_SECONDS)

    # --- Subscribers

    async def steady(self, start, log):
        """Stays over every restart, and in the end has what the log has."""
        got = {"all": [], "new": []}
        async with harness.graphql(self.bridge) as graphql:
            await graphql.subscribe("all", ALL, resume_from=start)
            await graphql.subscribe("new", NEW, resume_from=start)
            while not (self.ended and got["all"] and got["all"][-1] == log[-1][0]):
                message = await graphql.recv(60)
                if message["type"] == "next":
                    got[message["id"]].append(harness.place_of(message))
                    self.counts["delivered to those that stay"] += 1
            with contextlib.suppress(TimeoutError):
                while (message := await graphql.recv(1))["type"] == "next":
                    got[message["id"]].append(harness.place_of(message))
        if got["all"] != [cursor for cursor, _ in log] or got["new"] != [cursor for cursor, created in log if created]:
            self.fault("one that stays did not get what the log has")

    async def come_and_go(self, number):
        rng = random.Random(number)
        for visit in itertools.takewhile(lambda _: self.going(), itertools.count()):
            name = f"a{number}_{visit}"
            sequence, cursor = rng.choice(self.recent)
            async with harness.graphql(self.bridge) as graphql:
                query = f"subscription {{ {name}: events {{ sequence {rng.choice(FIELDS)} }} }}"
                await graphql.subscribe("events", query, resume_from=cursor)
                for other in rng.sample(OTHERS, rng.randint(0, 2)):
                    await graphql.subscribe(other, other % name)
                got = await self._read(graphql, name, time.monotonic() + rng.uniform(1, 5))
                await self._leave(graphql, rng.randint(0, 2))
            self.counts["sessions that came and went"] += 1
            self.counts["delivered to those"] += len(got)
            if got != list(range(sequence + 1, sequence + 1 + len(got))):
                self.fault(f"after {sequence} came {got[:3]}… {len(got)}")

    async def _read(self, graphql, name, until):
        got = []
        while (left := until - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                message = await graphql.recv(left)
                if message["type"] not in ("next", "ping") or "errors" in message.get("payload", {}):
                    self.fault(str(message))
                if message.get("id") == "events":
                    got.append(message["payload"]["data"][name]["sequence"])
        return got

    @staticmethod
    async def _leave(graphql, how):
        if how == 0:
            await graphql.complete("events")
        elif how == 1:
            graphql.connection.transport.abort()  # without a word

    # --- HTTP

    async def ask(self, number):
        rng = random.Random(number)
        while self.going():
            query, code = rng.choice(REQUESTS)
            status, told = await asyncio.to_thread(self._post, query)
            codes = {error["extensions"]["code"] for error in told.get("errors", ())}
            self.counts["requests over HTTP"] += 1
            self.counts["of these while the hub was away"] += codes == AWAY
            if codes != ({code} if code else set()) and codes != AWAY:
                self.fault(f"{query}: {status} {told}")
            await asyncio.sleep(0.2)

    def _post(self, query):
        with contextlib.closing(http.client.HTTPConnection(self.bridge.address(0), timeout=30)) as connection:
            connection.request("POST", "/graphql", json.dumps({"query": query}), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    async def parts(self):
        """Subscriptions in parts, each left after two seconds, with the last while there are still events to come."""
        while time.monotonic() + 5 < self.until:
            (sequence, cursor), got, until = self.recent[0], [], time.monotonic() + 2
            async with harness.graphql_parts(self.bridge, ALL, cursor) as payloads:
                async for payload in payloads:
                    got.append(payload["data"]["events"]["sequence"])
                    if time.monotonic() > until:
                        break
            self.counts["subscriptions in parts"] += 1
            self.counts["parts"] += len(got)
            if got != list(range(sequence + 1, sequence + 1 + len(got))):
                self.fault(f"in parts after {sequence} came {got[:3]}… {len(got)}")

    # --- The run

    def read_log(self, start):
        with self.hub.client() as client, client.subscribe(start=start) as stream:
            events = stream.to_end_of_log()
        created = harness.event_type_of("incident_created")
        return [(event.cursor, event.type == created) for event in events]

    async def run(self):
        start, log = self.hub.status().latest, []
        steady = [asyncio.create_task(self.steady(start, log)) for _ in range(STEADY)]
        publishing = asyncio.create_task(self.publish())
        while not self.recent:
            await asyncio.sleep(0.05)
        await asyncio.gather(publishing, self.restart(), self.sample(), self.parts(), *(self.ask(n) for n in range(2)),
                             *(self.come_and_go(n) for n in range(COMING)))
        log += await asyncio.to_thread(self.read_log, start)
        self.ended = True
        with self.hub.client() as client:  # one more event, so that nobody waits for a message in vain
            last = client.publish(harness.system_event("the end"))
        log.append((last.cursor, False))
        await asyncio.gather(*steady)
        self.counts["events"] = len(log)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("minutes", type=float, nargs="?", default=15)
    options.add_argument("--samples", help="a file to write the samples to, one JSON line each, in KB")
    chosen = options.parse_args()
    with harness.start_hub() as hub, harness.start_bridge(hub, "--recent-events", WINDOW) as bridge:
        with hub.client() as client:
            client.publish_many([harness.system_event(f"before {i}") for i in range(2 * WINDOW)])
        run = Run(hub, bridge, 60 * chosen.minutes)
        asyncio.run(run.run())
    if chosen.samples:
        with open(chosen.samples, "w") as out:
            out.writelines(json.dumps({"seconds": round(t, 1), **values}) + "\n" for t, values in run.samples)
    soak.show_samples(run.samples)
    rate = soak.growth([(t, values["bridge RSS"]) for t, values in run.samples])
    print(f"\nthe bridge's RSS over the second half: {rate:+,.0f} KB a minute, at most {MAX_GROWTH_KB_PER_MINUTE}")
    print("; ".join(f"{name}: {count:,}" for name, count in run.counts.items()))
    if chosen.minutes >= soak.JUDGED_MINUTES and rate > MAX_GROWTH_KB_PER_MINUTE:
        run.fault("the bridge grows")
    print("Failed: " + "; ".join(run.wrong[:5]) if run.wrong else "Passed")
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
