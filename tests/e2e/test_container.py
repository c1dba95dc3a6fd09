# SPDX-License-Identifier: MIT
"""What container/Containerfile makes: a root that holds the program, started as engines do."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness.container import Container, as_built_here
from harness.fixtures import as_shipped
from harness.front_end import AS_ON_CLOUD_RUN
from harness.world import World

pytestmark = [pytest.mark.needs_binary, as_shipped]


@pytest.fixture
def container(world: World) -> Container:
    """Of the program that is tested, and this machine's list of trusted certificates."""
    return Container(world.folder / "root", as_built_here)


def test_it_serves_who_is_outside_as_nobody_in_a_root_that_it_cannot_change(
    world: World, container: Container
) -> None:
    router = container.expect_to_serve(world)
    mounts = Path(f"/proc/{router.pid}/mountinfo").read_text("ascii")
    if container.is_read_only:
        assert re.findall(r"^\S+ \S+ \S+ \S+ / (r[ow])", mounts, re.MULTILINE) == ["ro"]
    status = Path(f"/proc/{router.pid}/status").read_text("ascii")
    assert "Uid:\t65532\t65532\t65532\t65532" in status
    assert "CapEff:\t0000000000000000" in status


def test_without_being_told_who_may_use_it_it_does_not_start(
    world: World, container: Container
) -> None:
    router = container.start(world, container.command, PORT="8080", **AS_ON_CLOUD_RUN)
    router.expected_exit = 2
    assert router.wait_exit() == 2
    router.wait_line("allow-anonymous")
