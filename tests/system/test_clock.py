"""The hub's wall clock has a wrong date for a moment."""

import time

import harness
import harness_clock

DAY = 24 * 3600
TRIM_INTERVAL = 5  # seconds


def test_a_wrong_date_for_a_moment_takes_no_events_and_dates_none(tmp_path):
    """Symptom: the clock jumped 30 days ahead for a moment, and retention deleted every event within five seconds; later
    ones kept that date. Cause: the wall clock was believed. Why older tests missed it: none sets a clock ahead."""
    clock = harness_clock.Steppable(tmp_path)
    with harness.start_hub("--retain-age", "7d", environment=clock.environment) as hub, hub.client() as client:
        made = [client.publish(harness.system_event("before"))]
        for jump in (30 * DAY, 73 * 365 * DAY, -365 * DAY):
            jumps = hub.log().count("the wall clock jumped")
            clock.step(jump)
            harness.wait_for(lambda: hub.log().count("the wall clock jumped") > jumps, what="the jump to be seen")
            until = time.monotonic() + TRIM_INTERVAL + 1
            while time.monotonic() < until:
                made.append(client.publish(harness.system_event("meanwhile")))
                assert hub.status().events_held == len(made)
                time.sleep(0.1)
            clock.step(0)
            harness.wait_for(lambda: "the wall clock is right again" in hub.log(), what="the end of it to be seen")
            made.append(client.publish(harness.system_event("after")))
        with client.subscribe(start="earliest") as stream:
            events = list(stream.to_end_of_log())
        assert [event.cursor for event in events] == [result.cursor for result in made]
        assert all(abs(event.time.seconds - time.time()) < 120 for event in events)
        assert [event.time.ToNanoseconds() for event in events] == sorted(e.time.ToNanoseconds() for e in events)
