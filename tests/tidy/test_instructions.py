# SPDX-License-Identifier: MIT
"""tests/bench/instructions.py fails on what costs a tenth more, and on what it knows nothing of."""
from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "bench"))

import instructions  # noqa: E402


@pytest.mark.parametrize(
    ("counted", "kept", "is_good", "text"),
    [
        (1000, 1000, True, "1000, +0.0%"),
        (1090, 1000, True, "1090, +9.0%"),
        (1110, 1000, False, "1110, +11.0%: too much"),
        (910, 1000, True, "910, -9.0%"),
        (890, 1000, True, "890, -11.0%: so that it stays so: ./dev instructions --keep"),
        (1000, None, False, "nothing is kept of it: ./dev instructions --keep"),
        (None, 1000, False, "is no case of the program: ./dev instructions --keep"),
    ],
)
def test_a_case_is_judged_by_what_is_kept_of_it(
    counted: int | None, kept: int | None, is_good: bool, text: str
) -> None:
    judgement = instructions.judge("encode", counted, kept)
    assert judgement.is_good is is_good
    assert text in judgement.text


def test_a_case_that_only_one_side_knows_is_judged_too() -> None:
    judgements = instructions.judge_all({"same": 10, "new": 10}, {"same": 10, "gone": 10})
    assert [(each.case, each.is_good) for each in judgements] == [
        ("same", True),
        ("new", False),
        ("gone", False),
    ]


def run(monkeypatch: pytest.MonkeyPatch, machine: str, counted: dict[str, int], *flags: str) -> int:
    """The program, on such a machine and with such a count."""
    monkeypatch.setattr(sys, "argv", ["instructions.py", "hot_path", *flags])
    monkeypatch.setattr(instructions, "this_machine", lambda: machine)
    monkeypatch.setattr(instructions, "count_all", lambda program: counted)
    return instructions.main()


def test_the_last_line_counts_and_what_is_kept_is_what_is_right_from_then_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    kept = tmp_path / "instructions.json"
    kept.write_text('{"encode": 100, "decode": 100}', encoding="ascii")
    monkeypatch.setattr(instructions, "KEPT", kept)
    here, counted = instructions.KEPT_ON, {"encode": 111, "decode": 100}
    assert run(monkeypatch, here, counted) == 1
    assert capsys.readouterr().out.endswith("\n1 passed, 1 failed, 0 skipped\n")
    assert run(monkeypatch, here, counted, "--keep") == 0
    assert json.loads(kept.read_text(encoding="ascii")) == counted
    capsys.readouterr()
    assert run(monkeypatch, here, counted) == 0
    assert capsys.readouterr().out.endswith("\n2 passed, 0 failed, 0 skipped\n")


def test_another_machine_skips_all_and_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = instructions.KEPT.read_bytes()
    assert run(monkeypatch, "riscv64, debian 13", {}, "--keep") == 0
    said = capsys.readouterr().out
    assert "riscv64, debian 13" in said.splitlines()[0]
    assert said.endswith(f"\n0 passed, 0 failed, {len(json.loads(before))} skipped\n")
    assert instructions.KEPT.read_bytes() == before
