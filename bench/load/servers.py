"""Starts servers on their core and runs the load program on another: the one place for all that measures.

BENCH_SERVER_CPUS, BENCH_CLIENT_CPUS   the cores (default 0 and 1)
BENCH_BIN                              where wsload and rawfan are (default: build/ next to this file)
"""
import contextlib
import json
import os
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.environ.get("BENCH_BIN", os.path.join(HERE, "build"))
SERVER_CORE = os.environ.get("BENCH_SERVER_CPUS", "0")
CLIENT_CORE = os.environ.get("BENCH_CLIENT_CPUS", "1")
READY_WITHIN = 20
STOP_WITHIN = 20
RUN_WITHIN = 120


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def certificate(folder):
    """(certificate, key) of localhost as files there: P-256, good for a day."""
    cert, key = os.path.join(folder, "server.pem"), os.path.join(folder, "server.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
                    "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    return cert, key


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


def wait_port(port, process):
    """Whether somebody listens before the process ends or the time is over."""
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until and process.poll() is None:
        if listens(port):
            return True
        time.sleep(0.05)
    return False


@contextlib.contextmanager
def running(command, core=SERVER_CORE, **popen):
    """A program on a core; terminated at the end, killed when that takes too long."""
    process = subprocess.Popen(["taskset", "-c", core, *map(str, command)], **popen)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run_wsload(options, pids, timeout=RUN_WITHIN):
    return finish_wsload(start_wsload(options, pids), timeout)


def start_wsload(options, pids):
    command = ["taskset", "-c", CLIENT_CORE, os.path.join(BIN, "wsload"), *map(str, options), "--server-pids", ",".join(map(str, pids))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish_wsload(process, timeout=RUN_WITHIN):
    """What the load program printed as its last line, with "log", what it said beside; {"error"} when there is no such line."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return {"error": f"not done in {timeout} s"}
    lines = out.strip().splitlines()
    result = json.loads(lines[-1]) if lines else {"error": err.strip()[-300:] or "the load program printed nothing"}
    return {**result, "rc": process.returncode, "cmdline": " ".join(process.args[3:]), "log": err.strip()}
