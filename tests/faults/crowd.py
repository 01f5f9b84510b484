"""Eight publishers and sixteen subscribers that resume, over every transport, before one hub and two bridges."""

import asyncio
import uuid

import followers
import guarantees
import harness
import harness_history

PUBLISHERS = 8
SEVERITIES = ["P0", "P1", "P2"]
WATCHED = {"severities": ["P0", "P2"]}
INCIDENTS = [str(uuid.UUID(int=number, version=4)) for number in range(20)]
EVERYTHING, FILTERED, SET = (None, {}), (WATCHED, {}), (WATCHED, {"leaves": True})
NEWEST, URGENT_FIRST = (None, {"latest_only": True}), (None, {"priority": True})
# transport → what each of its subscribers follows: filter, options
SUBSCRIBERS = {"gRPC": [EVERYTHING, SET, NEWEST, URGENT_FIRST], "/ws": [EVERYTHING, SET, NEWEST, URGENT_FIRST],
               "SSE": [EVERYTHING, SET, NEWEST], "NDJSON": [EVERYTHING, SET, URGENT_FIRST],
               "GraphQL": [EVERYTHING, FILTERED]}


def incident(rng, event_id):
    """Few incidents, each of which changes its severity again and again."""
    event = harness.incident_created(rng.choice(SEVERITIES), event_id=event_id, incident_id=rng.choice(INCIDENTS))
    event.type = harness.event_pb2.EVENT_TYPE_INCIDENT_UPDATED  # whole, so it may be the first of its incident as well
    event.priority = harness.event_pb2.PRIORITY_HIGH if rng.random() < 0.2 else harness.event_pb2.PRIORITY_NORMAL
    return event


class Crowd:
    """Use: with Crowd(hub, bridges) as crowd: …; history = crowd.finish()."""

    def __init__(self, hub, bridges, seed=0, pause=0.1):
        self.hub = hub
        self.publisher = harness_history.Publisher(hub.address(0), PUBLISHERS, batch=3, pause=pause, make=incident,
                                                   seed=seed)
        self.reads, self._end = [], None
        self._bridges = bridges
        start = hub.status().latest
        self._wanted = [(way, harness_history.stream(f"{way} {number}", start, filter, **options), filter)
                        for way, kinds in SUBSCRIBERS.items() for number, (filter, options) in enumerate(kinds)]
        self.streams = [stream for _, stream, _ in self._wanted]

    def __enter__(self):
        def end():
            return self._end
        self._followers = [
            harness_history.InBackground(harness_history.follow_grpc, self.hub.address(0), stream, end, filter)
            for way, stream, filter in self._wanted if way == "gRPC"]
        self._followers.append(harness_history.InBackground(lambda: harness.run(self._over_bridges(end), timeout=None)))
        self.publisher.__enter__()
        return self

    async def _over_bridges(self, end):
        over = {"/ws": harness_history.follow_ws, "SSE": followers.follow_http, "GraphQL": followers.follow_graphql,
                "NDJSON": lambda *more: followers.follow_http(*more, lines=True)}
        await asyncio.gather(*(over[way](self._bridges, stream, end, filter)
                               for way, stream, filter in self._wanted if way != "gRPC"))

    def read(self):
        """Reads the whole log while no call is under way."""
        self.publisher.hold()
        self.reads.append(harness_history.read_log(self.hub))
        self.publisher.go_on()

    def finish(self):
        """Publishers end, subscribers come to the end, and what they all did and saw is the history."""
        self.publisher.stop()
        self._end = self.publisher.last_one(self.hub, lambda title: harness.incident_created("P0", title))
        # Whoever had that event before it was known to be the last has one more to wake it.
        self.publisher.last_one(self.hub, lambda title: harness.incident_created("P0", title))
        for follower in self._followers:
            follower.join()
        self.reads.append(harness_history.read_log(self.hub))
        return self.publisher.history(self.streams, self.reads)

    def resumes(self):
        return sum(isinstance(step, guarantees.Resume) for stream in self.streams for step in stream.steps)

    def __exit__(self, *_):
        if self._end is None:
            self._end = "0-0"  # the followers of a round that failed end at their next message
        self.publisher.__exit__()
