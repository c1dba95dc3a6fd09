# SPDX-License-Identifier: MIT
"""The program needs nothing but itself: one static file, which starts where there is no other."""
from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from harness.bare_root import BareRoot, forward_within
from harness.fixtures import as_shipped
from harness.world import BINARY, World, is_static

pytestmark = [pytest.mark.needs_binary, as_shipped]

BYTES_MOST = 16_000_000


@pytest.mark.skipif(not is_static(BINARY), reason="it is the static binary that is packaged")
def test_the_binary_is_no_larger_than_it_was_promised_to_be() -> None:
    assert Path(BINARY).stat().st_size <= BYTES_MOST


@pytest.mark.skipif(not is_static(BINARY), reason="the others have debug information")
def test_the_binary_does_not_say_where_it_was_built() -> None:
    assert f"{Path(BINARY).parent}/".encode() not in Path(BINARY).read_bytes()


def test_it_is_used_in_a_root_that_holds_nothing_else(world: World) -> None:
    root = BareRoot(world.folder / "root")
    shutil.copy(BINARY, root.path)
    assert root.run("/mindmeld", "--version").startswith("mindmeld ")
    forward_within(world, root, "/mindmeld")
