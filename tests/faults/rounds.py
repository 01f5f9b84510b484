"""Plays rounds of a fault suite: a line a round, and of a failing one all that is needed to look at it and repeat it.

    def test_it(rounds):
        rounds.play(one_round, short=3)      # one_round(Round) -> what happened, in a few words

A round draws all its choices from its own random numbers, which follow from the seed and its number. When it fails, its folder
(data directories, logs, the history) stays, and the others are still played.
"""

import collections
import dataclasses
import pathlib
import random
import shutil
import statistics
import tempfile
import time
import traceback

import guarantees

FAILURES = 30  # with so many failed rounds there is no need of more


@dataclasses.dataclass
class Round:
    number: int
    rng: random.Random
    folder: pathlib.Path  # its own; kept when it fails
    figures: dict  # name → numbers, of which the summary tells the middle and the largest
    deep: bool = False  # the rounds were asked for, and may take what they need
    fault: str = ""  # what is done in it, as soon as that is known

    def judge(self, history):
        """Every guarantee holds. The history is kept in the round's folder, for `tocsin verify --judge`."""
        guarantees.check(history, self.folder / "history.jsonl")

    def measured(self, name, value):
        self.figures[name].append(value)


class Rounds:
    def __init__(self, suite, options, tell):
        self.suite, self._count, self._first, self._seed = suite, *options
        self._tell = tell
        self._figures = collections.defaultdict(list)

    def play(self, one_round, short):
        """Plays as many rounds as were asked for, `short` when nothing was."""
        started, failed = time.monotonic(), []
        count = self._count or short
        for number in range(self._first, self._first + count):
            if not self._played(one_round, number):
                failed.append(number)
                if len(failed) == FAILURES:
                    break
        self._tell(f"{self.suite}: {number - self._first + 1} rounds in {time.monotonic() - started:.0f} s, "
                   f"{len(failed)} failed{self._summary()}")
        assert not failed, f"failed rounds of {self.suite}: {failed}"

    def _played(self, one_round, number):
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"tocsin-{self.suite}-{number}-"))
        this = Round(number, random.Random(f"{self.suite} {self._seed} {number}"), folder, self._figures,
                     deep=self._count > 0)
        started = time.monotonic()
        try:
            said = one_round(this)
        except Exception:  # noqa: BLE001: told, and the round counts as failed
            self._tell(f"{traceback.format_exc()}\n{self.suite} {number}: FAILED: {this.fault}. All of it is in {folder}. Again: "
                       f"scripts/torture {self.suite} --rounds 1 --first {number} --seed {self._seed}")
            return False
        shutil.rmtree(folder)
        self._tell(f"{self.suite} {number}: {time.monotonic() - started:.1f} s: {said}")
        return True

    def middle(self, name):
        return statistics.median(self._figures[name] or [0])

    def _summary(self):
        return "".join(f"; {name}: middle {self.middle(name):.2f}, largest {max(numbers):.2f}"
                       for name, numbers in self._figures.items())
