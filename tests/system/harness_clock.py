"""A wall clock that a test may step, for programs that it starts."""

import harness


class Steppable:
    """The environment of a program whose wall clock the test may step."""

    def __init__(self, folder):
        self._file = folder / "shift"
        self.step(0)
        self.environment = harness.preload(folder, "set_back_clock.c", SET_BACK_CLOCK=self._file)

    def step(self, seconds):
        temporary = self._file.with_suffix(".new")
        temporary.write_text(str(seconds))
        temporary.rename(self._file)
