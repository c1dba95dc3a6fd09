#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`./dev instructions`: counts what one round of each case of the hot path executes, by callgrind.

Unlike a time, the count is the same on a busy machine. What it was is kept in instructions.json; a
case that takes a tenth more than that has failed. It depends on the compiler and on libc, so
another machine than the one of KEPT_ON skips all.
"""
from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

KEPT = Path(__file__).with_suffix(".json")
KEPT_ON = "x86_64, debian 12"
KEEP = "./dev instructions --keep"
CHANGE_MOST = 0.10
ROUNDS = 1000
# libc chooses its memcpy by the processor; this is the one that every processor can run. Nothing
# else of our environment comes along.
ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM,-SSSE3"}


@dataclass(frozen=True)
class Judgement:
    """What is to be said of one case."""

    case: str
    text: str
    is_good: bool = True


def judge(case: str, counted: int | None, kept: int | None) -> Judgement:
    """Compares instructions a round; None: there is no such case in the program, or in the file."""
    if counted is None:
        return Judgement(case, f"is kept, but is no case of the program: {KEEP}", is_good=False)
    if kept is None:
        return Judgement(case, f"{counted}, and nothing is kept of it: {KEEP}", is_good=False)
    change = counted / kept - 1
    text = f"{counted}, {change:+.1%}"
    if change > CHANGE_MOST:
        return Judgement(case, f"{text}: too much; if it is worth it: {KEEP}", is_good=False)
    if change < -CHANGE_MOST:
        return Judgement(case, f"{text}: so that it stays so: {KEEP}")
    return Judgement(case, text)


def judge_all(counted: dict[str, int], kept: dict[str, int]) -> list[Judgement]:
    """Every case that either of them knows."""
    return [judge(case, counted.get(case), kept.get(case)) for case in {**counted, **kept}]


def count(program: Path, case: str) -> int:
    """Instructions of one round: what twice the rounds cost more, without any start or end."""
    return (executed(program, case, 2 * ROUNDS) - executed(program, case, ROUNDS)) // ROUNDS


def executed(program: Path, case: str, rounds: int) -> int:
    """Instructions of a whole run. Leaves callgrind's file beside the program."""
    run = subprocess.run(
        [
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={profile(program, case)}.{rounds}",
            program, case, str(rounds),
        ],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, env=ENVIRONMENT,
    )  # fmt: skip
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not found:
        sys.exit(f"{run.stderr}instructions: {case} ended with exit code {run.returncode}")
    return int(found.group(1))


def profile(program: Path, case: str) -> Path:
    """Where callgrind writes; the number of rounds follows."""
    return program.with_name(f"callgrind.{case}")


def count_all(program: Path) -> dict[str, int]:
    """Counts every case of the program."""
    listed = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True)
    cases = listed.stdout.split()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(cases, pool.map(lambda case: count(program, case), cases)))


def this_machine() -> str:
    """What the counts depend on."""
    system = platform.freedesktop_os_release()
    return f"{platform.machine()}, {system['ID']} {system.get('VERSION_ID', '')}"


def main() -> int:
    """Counts, and compares or keeps."""
    parser = argparse.ArgumentParser(prog="./dev instructions", description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path, help="tests/bench/hot_path.cc, built")
    parser.add_argument("--keep", action="store_true", help="takes what is counted as right")
    flags = parser.parse_args()
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    if this_machine() != KEPT_ON:
        print(f"skipped: what is kept is of {KEPT_ON}, and this is {this_machine()}")
        print(f"0 passed, 0 failed, {len(kept)} skipped")
        return 0
    counted = count_all(flags.program.resolve())
    if flags.keep:
        kept = counted
        KEPT.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    judgements = judge_all(counted, kept)
    for each in judgements:
        print(f"{each.case:20} {each.text}")
        if not each.is_good and each.case in counted:
            print(f"  where: callgrind_annotate {profile(flags.program, each.case)}.{2 * ROUNDS}")
    passed = sum(each.is_good for each in judgements)
    print(f"{passed} passed, {len(judgements) - passed} failed, 0 skipped")
    return 0 if passed == len(judgements) else 1


if __name__ == "__main__":
    sys.exit(main())
