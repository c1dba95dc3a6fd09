# SPDX-License-Identifier: MIT
"""pytest's entry: most fixtures live in harness/fixtures.py."""
from __future__ import annotations

import pytest
from harness.fixtures import (  # noqa: F401  (pytest finds them here)
    certificates,
    configure,
    deadline,
    ends,
    skip_what_needs_a_binary,
    transport,
    world,
)
from harness.foreign import ForeignClient, Stubs, generate_stubs
from harness.world import Router, World


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marks."""
    configure(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what this run cannot show. The long ones go first: they wait, while others work."""
    skip_what_needs_a_binary(items)
    items.sort(key=lambda item: item.get_closest_marker("timeout_s") is None)


@pytest.fixture(scope="session")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Stubs:
    """What protoc makes of proto/."""
    return generate_stubs(tmp_path_factory.mktemp("stubs"))


@pytest.fixture
def router(world: World) -> Router:
    """A router that listens."""
    return world.router()


@pytest.fixture
def client(world: World, stubs: Stubs, router: Router) -> ForeignClient:
    """A client of that router, in Python. It does not encrypt end to end, so nobody does."""
    world.without_encryption()
    return world.owned(ForeignClient(stubs, router))
