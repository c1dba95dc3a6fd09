# SPDX-License-Identifier: MIT
"""The soak uses the end-to-end tests' harness; run it by hand with `./dev soak`."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from harness.fixtures import (  # noqa: E402, F401  (pytest finds them here)
    certificates,
    configure,
    deadline,
    skip_what_needs_a_binary,
    world,
)


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marks."""
    configure(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips what this run cannot show."""
    skip_what_needs_a_binary(items)
