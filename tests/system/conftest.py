"""What no well-behaved client sends: a clear error that names the field and what is allowed, and the process and
every other client live on (checked after each row by a witness on both transports)."""

import pytest

import harness
import witness


@pytest.fixture(scope="module")
def watching(hub, bridge):
    with witness.witness(hub, bridge) as made:
        yield made


@pytest.fixture
def others_live_on(watching):
    yield
    watching.check()


@pytest.fixture(scope="module")
def without_hub():
    """A bridge that was ready, and whose hub is dead."""
    with harness.start_hub() as gone, harness.start_bridge(gone) as bridge:
        gone.kill()
        yield bridge
