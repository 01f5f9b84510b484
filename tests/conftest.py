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
