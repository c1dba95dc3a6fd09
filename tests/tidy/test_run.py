# SPDX-License-Identifier: MIT
"""tests/run.py counts what happened, and takes nothing for a success that is none."""
from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

import one_third  # noqa: E402
import run  # noqa: E402

SUMMARY = "[doctest] test cases: {} | {} passed | {} failed | {} skipped\n"


@pytest.mark.parametrize(
    ("output", "exit_code", "count"),
    [
        (SUMMARY.format(3, 3, 0, 0), 0, run.Count(3, 0, 0)),
        (SUMMARY.format(" 13", "  9", " 3", 1), 1, run.Count(9, 3, 1)),
        (SUMMARY.format(3, 3, 0, 0), 1, run.Count(3, 1, 0)),  # a leak, found at the very end
        (SUMMARY.format(0, 0, 0, 0), 0, run.Count(0, 1, 0)),
        ("", 0, run.Count(0, 1, 0)),
        ("Segmentation fault\n", -11, run.Count(0, 1, 0)),
    ],
)
def test_a_program_is_counted(output: str, exit_code: int, count: run.Count) -> None:
    assert run.count_program(output, exit_code) == count


@pytest.mark.parametrize(
    ("report", "exit_code", "count"),
    [
        ('<testsuite tests="6" failures="1" errors="1" skipped="1"/>', 1, run.Count(3, 2, 1)),
        ('<testsuite tests="6" failures="0" errors="0" skipped="0"/>', 3, run.Count(6, 1, 0)),
        ('<testsuite tests="0" failures="0" errors="0" skipped="0"/>', 5, run.Count(0, 1, 0)),
        ("", 2, run.Count(0, 1, 0)),
    ],
)
def test_pytest_is_counted(
    tmp_path: Path, report: str, exit_code: int, count: run.Count
) -> None:
    file = tmp_path / "report.xml"
    file.write_text(f"<testsuites>{report}</testsuites>" if report else "", encoding="ascii")
    assert run.count_pytest(file, exit_code) == count
    assert run.count_pytest(tmp_path / "none.xml", exit_code) == run.Count(0, 1, 0)


def test_a_program_that_crashes_is_shown_and_counted(capfd: pytest.CaptureFixture[str]) -> None:
    command = ["/bin/sh", "-c", "echo its last words; kill -SEGV $$"]
    count = run.run_program({"name": "unit/bad", "cmd": command, "env": {}})
    assert (count.passed, count.failed, count.skipped) == (0, 1, 0)
    assert "its last words\nexit code -11" in count.what_failed[0]
    assert "unit/bad" in capfd.readouterr().out


def ends(pid: int) -> bool:
    """Whether a process is gone, or goes at once: a signal takes a moment."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], 20)[0])
    finally:
        os.close(process)


def test_a_suite_that_hangs_is_ended_with_all_that_it_started() -> None:
    command = ["/bin/sh", "-c", "sleep 600 & echo $!; wait"]
    output, exit_code = run.run(command, 1, run.environment())
    child, why = output.split("\n", 1)
    assert why == "\nended after 1 s\n"
    assert exit_code == -signal.SIGKILL
    assert ends(int(child))


def test_what_a_suite_leaves_behind_is_ended() -> None:
    command = ["/bin/sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!"]
    output, exit_code = run.run(command, 60, run.environment())
    assert exit_code == 0
    assert ends(int(output))


def test_the_last_line_is_the_sum_and_the_exit_code_says_whether_it_is_good() -> None:
    done = subprocess.run(
        [sys.executable, TESTS / "run.py"], stdout=subprocess.PIPE, text=True, check=False
    )
    assert done.stdout == "0 passed, 0 failed, 0 skipped\n"
    assert done.returncode == 1  # nothing ran


def test_a_third_is_about_a_third_and_always_the_same() -> None:
    kept = [n for n in range(3000) if one_third.is_kept(f"tests/e2e/test_a.py::test_{n}")]
    assert 900 < len(kept) < 1100
    assert kept[:5] == [0, 3, 4, 5, 7]
    marks = frozenset({"needs_dynamic_binary"})  # ./dev test cannot run these
    assert all(one_third.is_kept(f"tests/e2e/test_a.py::test_{n}", marks) for n in range(10))
    marks = frozenset({"needs_speed"})  # nor can ./dev asan run these
    assert not any(one_third.is_kept(f"tests/e2e/test_a.py::test_{n}", marks) for n in range(10))
