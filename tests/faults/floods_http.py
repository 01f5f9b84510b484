"""Floods over HTTP/1.1: of the hub's operations port and of the bridge's only one; of server-sent events too."""

from flood import Flood
from flood_claims import Claim

BLOCK = 1 << 16


def get(path, *fields):
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def post(path, body, *fields, length=None):
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json",
                        f"Content-Length: {len(body) if length is None else length}", *fields, "", ""]).encode() + body


def many(one):
    return one * max(1, BLOCK // len(one))


def letters(text):
    """A byte of it a block; past its end the same header field for ever."""
    more = b"x: y\r\n"
    return lambda number: text[number:number + 1] or more[number % len(more):number % len(more) + 1]


DEEP = b"[" * 100_000
EVENT = b'{"type":"system_event","system_event":{"category":"flood","message":"%s"}}' % (b"x" * 500_000)

BOTH = {  # of each port that speaks HTTP/1.1
    "silent": dict(flood=Flood(200, again=False), seconds=8, ends_after=7),
    "comes_and_goes": dict(flood=Flood(32, ((get("/health/live"), b""),), leaves=True)),
    "slow_heads": dict(flood=Flood(200, block=letters(get("/health/live")[:-2]), pace=1.0, again=False), seconds=8, ends_after=7,
                       ends=("408", "end", "reset")),
    "pipelined": dict(flood=Flood(32, block=many(get("/health/live")))),
    "pipelined_metrics": dict(flood=Flood(32, block=many(get("/metrics")))),
    "pipelined_and_not_read": dict(flood=Flood(64, block=many(get("/metrics")), takes=False, receive_buffer=4096), seconds=14),
    "not_found": dict(flood=Flood(32, block=many(get("/nothing/there")))),
    "huge_heads": dict(flood=Flood(32, block=b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * BLOCK), ends_after=3),
    "idle": dict(flood=Flood(240, ((get("/health/live"), b"\r\n\r\n"),), again=False)),
}

FLOODS = {f"{name}_{what}": Claim(at, **claim)
          for at, name in (("hub operations", "operations"), ("bridge", "bridge")) for what, claim in BOTH.items()}
FLOODS |= {
    "operations_more_than_all": Claim("hub operations", Flood(400, ((get("/health/live"), b"\r\n\r\n"),)),
                                      left_open="400 that come back as they are sent away may be faster than who asks for the health"),
    # Bodies.
    "bridge_slow_bodies": Claim("bridge", Flood(200, ((post("/v1/events", b"", length=1000), b""),), block=b"x", pace=12, again=False),
                                seconds=14, ends_after=13, ends=("408", "end", "reset")),
    "bridge_large_bodies": Claim("bridge", Flood(32, block=post("/v1/events", b"[" + EVENT * 8))),
    "bridge_bodies_that_wait": Claim("bridge", Flood(200, ((post("/v1/events", b"x" * 4_000_000, length=4_100_000), b""),), again=False),
                                     seconds=13, ends_after=12, memory=256 << 20),
    "bridge_deep_json": Claim("bridge", Flood(32, block=post("/v1/events", DEEP))),
    "bridge_many_chunks": Claim("bridge", Flood(32, ((b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                                     b"Transfer-Encoding: chunked\r\n\r\n", b""),), many(b"1\r\nx\r\n"))),
    "bridge_deep_alerts": Claim("bridge", Flood(32, block=post("/api/v2/alerts", DEEP))),
    # Answers that cost much.
    "bridge_lists": Claim("bridge", Flood(32, block=many(get("/v1/incidents?page_size=1000")))),
    "bridge_lists_not_read": Claim("bridge", Flood(64, block=get("/v1/incidents?page_size=1000"), takes=False, receive_buffer=4096), seconds=14),
    "bridge_explains": Claim("bridge", Flood(32, block=many(post("/v1/explain", b'{"last":1000}')))),
    "bridge_api_documents": Claim("bridge", Flood(32, block=many(get("/openapi.json")))),
    # Server-sent events.
    "sse_comes_and_goes": Claim("bridge", Flood(32, ((get("/v1/events?resume_from=earliest"), b""),), leaves=True)),
    "sse_never_reads": Claim("bridge", Flood(200, ((get("/v1/events?resume_from=earliest", "Accept: text/event-stream"), b"\r\n\r\n"),),
                                             takes=False, receive_buffer=4096), begins=4.0, seconds=14),
    "sse_crowd": Claim("bridge", Flood(200, ((get("/v1/events?resume_from=earliest", "Accept: text/event-stream"), b"\r\n\r\n"),)),
                       left_open="200 that read all of the log at once are work that clients may ask for"),
    "sse_snapshots": Claim("bridge", Flood(16, ((get("/v1/events?snapshot=true", "Accept: text/event-stream"), b"incidents"),), leaves=True)),
    "sse_talks": Claim("bridge", Flood(32, ((get("/v1/events", "Accept: text/event-stream"), b"\r\n\r\n"),), block=b"x" * BLOCK)),
}
