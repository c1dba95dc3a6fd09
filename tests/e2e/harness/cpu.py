# SPDX-License-Identifier: MIT
"""What a process has used of the processor."""
from __future__ import annotations

import time
from pathlib import Path

from harness.program import Program

LITTLE_CPU = 0.1  # of the time that passes
WINDOWS = 5
TICKS_PER_S = 100  # of the clock in /proc (proc(5), sysconf(_SC_CLK_TCK))


def cpu_s(program: Program) -> float:
    """So far."""
    fields = Path(f"/proc/{program.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def expect_rest(program: Program) -> None:
    """It does not spin: soon come two seconds in which it does next to nothing."""
    for _ in range(WINDOWS):  # in the first it may have work left, under a sanitizer
        began_at, before_s = time.monotonic(), cpu_s(program)
        program.until(lambda began_at=began_at: time.monotonic() - began_at > 2, "time passes")
        if (cpu_s(program) - before_s) / (time.monotonic() - began_at) < LITTLE_CPU:
            return
    raise AssertionError("it did not come to rest")
