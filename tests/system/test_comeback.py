"""Crowds that come back together: a smaller round of bench/comeback.py, which has the figures."""

import json
import os
import pathlib
import subprocess
import sys

import harness_base

ROUND = pathlib.Path(__file__).resolve().parents[2] / "bench" / "comeback.py"


def _round(name, clients, *options):
    done = subprocess.run([sys.executable, ROUND, name, "--clients", str(clients), *options], capture_output=True, text=True,
                          timeout=170, env={**os.environ, "TOCSIN_BIN": str(harness_base.BIN)})
    assert done.stdout, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["whole"], result["wrong"]) == (clients, 0), result
    return result


# Symptom: 1,000 clients with a filter that came back to a restarted bridge waited 6.5 s for 10 events each, 5,000 waited 50 s, and the
# hub sent nineteen times what was wanted. Cause: each opened a stream to the hub of its own, and gave up its turn whether it had moved or
# not. The older tests brought back one client at a time.
def test_a_crowd_comes_back_to_a_restarted_bridge_from_its_memory():
    result = _round("restart", 1000)
    assert result["hub_cpu_s"] < 1, result  # one stream for all of them


def test_a_crowd_without_filters_comes_back_to_a_restarted_bridge():
    _round("restart", 1000, "--everything")


def test_all_that_a_burst_sent_behind_together_come_back_whole():
    _round("burst", 300)
