# SPDX-License-Identifier: MIT
"""What PROTOCOL.md shows byte by byte is what a test says that the ends say."""
from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HEX = re.compile(r"^(?:\w+ → \w+ +)?((?:[0-9a-f]{2} )*[0-9a-f]{2})$", re.MULTILINE)


def test_the_worked_example_of_the_protocol_is_held_by_a_test() -> None:
    document = (REPOSITORY / "proto/PROTOCOL.md").read_text(encoding="utf-8")
    example = document.partition("## 7. A worked example")[2]
    shown = HEX.findall(example)
    test = (REPOSITORY / "tests/unit/wire/worked_example_test.cc").read_text(encoding="utf-8")
    joined = re.sub(r'"\s*"', "", test)  # a message over several lines
    assert len(shown) == 8, shown
    for part in shown:
        assert part in joined, f"no test says {part}"
