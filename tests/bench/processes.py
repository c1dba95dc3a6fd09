# SPDX-License-Identifier: MIT
"""What the kernel says of processes: the CPU time and the memory of each, with all its children."""
from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(processes: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds so far of each process, by its label; children count, those that ended too."""
    ticks, children = _all_processes()
    return {
        label: _of_family(pid, ticks, children) / TICKS_PER_S for label, pid in processes.items()
    }


def busy_part(seconds: float) -> float:
    """How much of all processors' time somebody uses, while as long passes."""
    idle_before, all_before = _idle_and_all()
    threading.Event().wait(seconds)
    idle_after, all_after = _idle_and_all()
    return 1 - (idle_after - idle_before) / max(1, all_after - all_before)


def resident_kib(pid: int) -> int:
    """The memory that a process holds now."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found.group(1)) if found else 0


def _idle_and_all() -> tuple[int, int]:
    """Ticks of all processors since the start of the machine."""
    first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    ticks = [int(word) for word in first.split()[1:9]]  # guests are in user's already: proc(5)
    return ticks[3] + ticks[4], sum(ticks)


def _of_family(pid: int, ticks: Mapping[int, int], children: Mapping[int, list[int]]) -> int:
    own = ticks.get(pid, 0)
    return own + sum(_of_family(child, ticks, children) for child in children.get(pid, []))


def _all_processes() -> tuple[dict[int, int], dict[int, list[int]]]:
    """The ticks of each process and of its children that ended; and who is whose child."""
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text(errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
        pid = int(place.parent.name)
        ticks[pid] = sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime: proc(5)
        children.setdefault(int(fields[1]), []).append(pid)
    return ticks, children
