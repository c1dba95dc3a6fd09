# SPDX-License-Identifier: MIT
"""A pytest plugin that keeps every third test: always the same ones, whatever is added elsewhere.

./dev asan uses it (pytest -p one_third): under the sanitizers all of them would take too long. What
needs a dynamic binary is kept whole, for ./dev test has none; what needs the binary's speed is left
to ./dev test.
"""
from __future__ import annotations

import zlib

import pytest


def is_kept(test_id: str, marks: frozenset[str] = frozenset()) -> bool:
    """Chosen by the test's own name, so a new test does not change what happens to the others."""
    if "needs_speed" in marks:
        return False
    return "needs_dynamic_binary" in marks or zlib.crc32(test_id.encode()) % 3 == 0


def marks_of(item: pytest.Item) -> frozenset[str]:
    """Their names."""
    return frozenset(mark.name for mark in item.iter_markers())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Drops the others."""
    dropped = [item for item in items if not is_kept(item.nodeid, marks_of(item))]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if item not in dropped]
