"""The rounds that a fault suite plays: few by default, as many as scripts/torture asks for."""

import sys

import pytest

from rounds import Rounds


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=0, help="of each suite; by default its own short number")
    parser.addoption("--first", type=int, default=1, help="the number of the first round")
    parser.addoption("--seed", default="1", help="what all choices of the rounds follow from")


@pytest.fixture
def rounds(request):
    def tell(line):
        print(line, flush=True)
        if request.config.getoption("capture") == "no":
            sys.stdout.flush()

    options = [request.config.getoption(name) for name in ("--rounds", "--first", "--seed")]
    suite = request.module.__name__.removeprefix("test_")
    return Rounds(suite, options, tell)
