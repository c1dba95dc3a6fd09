#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs suites of tests, shows what failed, and ends with one line: N passed, N failed, N skipped.

Called by ./dev. A suite is one C++ test program, or one folder of pytest's. A suite that crashes,
hangs or holds no test counts as a failure. The exit code is 0 only if something ran and all passed.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM_TIMEOUT_S = 600  # the slowest takes a few seconds, and some ten times that under TSan
PYTEST_TIMEOUT_S = 900
SUMMARY = re.compile(
    r"test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped", re.ASCII
)
PROCESSORS = os.cpu_count() or 1
# One process of the program's tests mostly waits for three others: several a processor. A sanitizer
# lets it wait less.
E2E_WORKERS, E2E_WORKERS_SANITIZED = 3 * PROCESSORS, 2 * PROCESSORS

TESTS = Path(__file__).resolve().parent
SANITIZERS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "LSAN_OPTIONS": f"suppressions={TESTS}/lsan.supp:print_suppressions=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": f"suppressions={TESTS}/tsan.supp:ignore_noninstrumented_modules=1",
}


@dataclass
class Count:
    """How many tests ended in which way."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    what_failed: list[str] = field(default_factory=list)  # what each suite that failed said

    def add(self, other: Count) -> None:
        """Adds another suite's."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.what_failed += other.what_failed

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def environment(**more: str) -> dict[str, str]:
    """Ours, without what would change the program's behaviour; sanitizers are set up."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MINDMELD_")}
    return SANITIZERS | kept | {"PYTHONDONTWRITEBYTECODE": "1"} | more


def report(suite: str, count: Count, began: float) -> None:
    """One line of progress."""
    print(f"{suite:24} {str(count):40} {time.monotonic() - began:6.1f} s", flush=True)


# ---- C++ test programs


def count_program(output: str, exit_code: int) -> Count:
    """What doctest's summary says; a program that ended otherwise than it says has failed."""
    found = SUMMARY.search(output)
    count = Count(*map(int, found.groups())) if found else Count()
    if count.failed == 0 and (exit_code != 0 or count.passed == 0):
        count.failed = 1
    return count


def run(command: list[str], timeout_s: int, env: dict[str, str]) -> tuple[str, int]:
    """Runs a suite to its end; what it said and its exit code. Leaves no process of it behind."""
    suite = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=env,
        start_new_session=True,
    )
    try:
        output, _ = suite.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        end_group(suite.pid)
        output, _ = suite.communicate()
        output += f"\nended after {timeout_s} s\n"
    finally:
        end_group(suite.pid)
    return output, suite.returncode


def end_group(leader: int) -> None:
    """Ends a suite and whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def run_program(test: dict) -> Count:
    """Runs one of meson's tests."""
    began = time.monotonic()
    output, exit_code = run(test["cmd"], PROGRAM_TIMEOUT_S, environment() | test["env"])
    count = count_program(output, exit_code)
    if count.failed:
        count.what_failed = [f"{output}exit code {exit_code} from {' '.join(test['cmd'])}"]
    report(test["name"], count, began)
    return count


def run_programs(folder: str, only: str) -> Count:
    """Runs the test programs of a build folder whose name matches, one a processor."""
    listed = subprocess.run(
        ["meson", "introspect", "--tests", folder], stdout=subprocess.PIPE, check=True
    )
    tests = [test for test in json.loads(listed.stdout) if re.search(only, test["name"])]
    total = Count()
    if not tests:
        print(f"no test program in {folder} is called like {only!r}")
        total.failed = 1
    with ThreadPoolExecutor(PROCESSORS) as pool:
        for count in pool.map(run_program, tests):
            total.add(count)
    return total


# ---- pytest


def count_pytest(report_file: Path, exit_code: int) -> Count:
    """What pytest's report says; a pytest that ended otherwise than it says has failed."""
    count = Count()
    if report_file.is_file() and report_file.stat().st_size > 0:
        for suite in xml.parse(report_file).getroot().iter("testsuite"):
            failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped = int(suite.get("skipped", 0))
            passed = max(0, int(suite.get("tests", 0)) - failed - skipped)
            count.add(Count(passed, failed, skipped))
    if count.failed == 0 and (exit_code != 0 or count.passed == 0):
        count.failed = 1
    return count


def run_pytest(folder: str, options: list[str], **variables: str) -> Count:
    """Runs a folder of tests."""
    began = time.monotonic()
    print(f"running {folder}", flush=True)
    with tempfile.TemporaryDirectory() as place:
        report_file = Path(place) / "report.xml"
        command = [sys.executable, "-m", "pytest", folder, "--quiet", "-rs", "--rootdir=."]
        command += ["-p", "no:cacheprovider", f"--junitxml={report_file}", *options]
        output, exit_code = run(command, PYTEST_TIMEOUT_S, environment(**variables))
        count = count_pytest(report_file, exit_code)
    if count.failed:
        count.what_failed = [output]
    elif count.skipped:
        print(output, end="")  # which, and why
    report(folder, count, began)
    return count


def run_e2e(binary: str, third: bool) -> Count:
    """Runs the tests of the program itself, all or a third of them."""
    options = ["--numprocesses", str(E2E_WORKERS_SANITIZED if third else E2E_WORKERS)]
    options += ["-p", "one_third"] if third else []
    variables = {"MINDMELD_BINARY": str(Path(binary).resolve()), "PYTHONPATH": str(TESTS)}
    return run_pytest("tests/e2e", options, **variables)


def run_mutants(folder: str) -> Count:
    """Runs a build folder's simulations on code with a fault in it: each must be noticed."""
    options = ["--numprocesses", str(PROCESSORS)]
    return run_pytest("tests/mutants", options, MINDMELD_BUILD=folder)


def main() -> int:
    """Runs what the flags name."""
    parser = argparse.ArgumentParser(description="Runs tests from the repository's folder.")
    parser.add_argument("--programs", metavar="FOLDER", help="the test programs built there")
    parser.add_argument("--only", metavar="PATTERN", default="", help="of those, the ones like it")
    parser.add_argument("--mutants", metavar="FOLDER", help="faults put into the code built there")
    parser.add_argument("--tidy", action="store_true", help="the house rules")
    parser.add_argument("--e2e", metavar="BINARY", help="this program, with real processes")
    parser.add_argument("--third", action="store_true", help="of those, every third test")
    flags = parser.parse_args()
    total = Count()
    if flags.programs:
        total.add(run_programs(flags.programs, flags.only))
    if flags.mutants:
        total.add(run_mutants(flags.mutants))
    if flags.tidy:
        total.add(run_pytest("tests/tidy", []))
    if flags.e2e:
        total.add(run_e2e(flags.e2e, flags.third))
    if total.what_failed:
        print("\n--- what failed", *total.what_failed, sep="\n")
    print(total, flush=True)
    return 0 if total.failed == 0 and total.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
