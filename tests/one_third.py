# SPDX-License-Identifier: MIT
"""A pytest plugin that keeps every third test: always the same ones, whatever is added elsewhere.

./dev asan uses it (pytest -p one_third): under the sanitizers all of them would take too long.
"""
from __future__ import annotations

import zlib

import pytest


def is_kept(test_id: str) -> bool:
    """Chosen by the test's own name, so a new test does not change what happens to the others."""
    return zlib.crc32(test_id.encode()) % 3 == 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Drops the others."""
    kept = [item for item in items if is_kept(item.nodeid)]
    config.hook.pytest_deselected(items=[item for item in items if not is_kept(item.nodeid)])
    items[:] = kept
