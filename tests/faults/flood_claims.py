"""What is claimed of a flood, beside the flood itself."""

import dataclasses

import flood


@dataclasses.dataclass(frozen=True)
class Claim:
    """`at`: hub, hub operations, or bridge (whose operations are on the port of its clients)."""
    at: str
    flood: flood.Flood
    begins: float = 0.3  # seconds of it before the witness looks
    seconds: float = 5.0  # of a deep round; more than the limit after which its connections end
    ends_after: float = None  # every connection ends within so many seconds of its beginning
    ends: tuple = ()  # with one of these; by default however it likes
    left_open: str = ""  # why nothing is claimed: it is measured, told, and not judged
    memory: int = 0  # bytes that are claimed to be enough for it besides MEMORY
