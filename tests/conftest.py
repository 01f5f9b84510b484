"""What the system and client tests share: a hub and a bridge for each test module."""

import pytest

import harness


@pytest.fixture(scope="module")
def hub():
    with harness.start_hub() as program:
        yield program


@pytest.fixture(scope="module")
def bridge(hub):
    with harness.start_bridge(hub) as program:
        yield program


@pytest.fixture
def client(hub):
    with hub.client() as made:
        yield made


@pytest.fixture(scope="module")
def failing(hub, tmp_path_factory):
    """A bridge that fails at harness.NO_MEMORY_FOR, and at nothing else."""
    folder = tmp_path_factory.mktemp("failing")
    environment = harness.preload(folder, "fail_allocation.cc", FAIL_ALLOCATION=folder / "armed")
    with harness.start_bridge(hub, environment=environment) as bridge:
        (folder / "armed").touch()
        yield bridge
