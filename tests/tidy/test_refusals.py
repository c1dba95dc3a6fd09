# SPDX-License-Identifier: MIT
"""Each reason for which a router refuses is asked for by a test, lest it be counted as another."""
from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# How a test says that it looks at the count of a reason: by the world's list, or by name.
LOOKS = re.compile(r"\brefused\(|\brefusals\b.*==|reason=|const char\* reason :")
WORD = re.compile(r'(?:"|reason=\\*"?)(\w+)')


def reasons() -> set[str]:
    """What the table in refusals.cc has."""
    source = (REPOSITORY / "src/router/refusals.cc").read_text(encoding="utf-8")
    tables = re.findall(r"string_view k\w+\[\] = \{(.*?)\};", source, re.DOTALL)
    return {reason for table in tables for reason in re.findall(r'"(\w+)"', table)}


def asked_for() -> set[str]:
    """The words in those statements of tests that look at counts."""
    names: set[str] = set()
    for folder, pattern in (("unit", "*.cc"), ("e2e", "*.py")):
        for file in (REPOSITORY / "tests" / folder).rglob(pattern):
            text = file.read_text(encoding="utf-8")
            for statement in re.split(r";\n|\n\n" if folder == "unit" else r"\n", text):
                if LOOKS.search(statement):
                    names.update(WORD.findall(statement))
    return names


def test_each_reason_of_the_router_is_asked_for_by_a_test() -> None:
    assert len(reasons()) > 30
    assert reasons() - asked_for() == set()
