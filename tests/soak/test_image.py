# SPDX-License-Identifier: MIT
"""The image, made of nothing but a Debian's least and this tree, as container/Containerfile says."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.bare_root import BareRoot
from harness.container import Container, build
from harness.debian import debian_root
from harness.world import World

pytestmark = pytest.mark.timeout_s(3600)


@pytest.fixture
def built(tmp_path: Path) -> Iterator[BareRoot]:
    """The first stage: it installs what it needs and builds, which takes many minutes."""
    root = debian_root("bookworm", tmp_path / "built")
    build(root)
    yield root
    root.close()


def test_the_image_is_built_in_a_bare_root_and_serves(world: World, built: BareRoot) -> None:
    container = Container(world.folder / "root", lambda path: built.path / path[1:])
    files = {str(path.relative_to(container.root.path)) for path in container.root.path.rglob("*")}
    assert {"mindmeld", "etc/ssl/certs/ca-certificates.crt"} <= files
    container.expect_to_serve(world)
