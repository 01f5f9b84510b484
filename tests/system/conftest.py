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


@pytest.fixture(scope="module")
def failing(hub, tmp_path_factory):
    """A bridge that fails at harness.NO_MEMORY_FOR, and at nothing else."""
    folder = tmp_path_factory.mktemp("failing")
    environment = harness.preload(folder, "fail_allocation.cc", FAIL_ALLOCATION=folder / "armed")
    with harness.start_bridge(hub, environment=environment) as bridge:
        (folder / "armed").touch()
        yield bridge
