"""What each of these programs needs beside its client: settings, structured logs, a pause before a reconnect, and an
end on SIGINT or SIGTERM."""

import datetime
import json
import logging
import os
import random
import signal
import sys

TOKEN = os.environ.get("AUTH_TOKEN")
SEVERITIES = [severity for severity in os.environ.get("SEVERITIES", "P0,P1").split(",") if severity]
# Where to begin: a cursor, "earliest", "latest" or an RFC 3339 time.
RESUME_FROM = os.environ.get("RESUME_FROM") or None


class JsonLines(logging.Formatter):
    def format(self, record):
        time = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
        return json.dumps({"time": time.isoformat(timespec="milliseconds"), "level": record.levelname.lower(),
                           "message": record.getMessage(), **getattr(record, "fields", {})})


_lines = logging.StreamHandler()  # stderr; stdout is for the events
_lines.setFormatter(JsonLines())
logging.basicConfig(level=logging.WARNING, handlers=[_lines])  # of the libraries
_logger = logging.getLogger("example")
_logger.setLevel(os.environ.get("LOG_LEVEL", "info").upper())


def log(level, message, **fields):
    _logger.log(getattr(logging, level.upper()), message, extra={"fields": fields})


def backoff(attempt):
    """Seconds to wait before the attempt of that number (from 0): anywhere between nothing and 0.25 s, 0.5 s, 1 s … 30 s.

    Jitter spreads the clients of a server that restarts: without it all would come back at the same moments.
    """
    wait = random.uniform(0, min(30, 0.25 * 2 ** min(attempt, 10)))
    log("info", "reconnecting", attempt=attempt, wait_ms=round(wait * 1000))
    return wait


def on_signal(stop):
    """Calls stop() at SIGINT and SIGTERM."""
    def stopping(number, _):
        log("info", "stopping", signal=signal.Signals(number).name)
        stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stopping)


def fail(message, **fields):
    """An error that would come again."""
    log("error", message, **fields)
    sys.exit(1)
