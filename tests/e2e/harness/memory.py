# SPDX-License-Identifier: MIT
"""MemoryWatch: how much memory processes hold while a test works, looked at ten times a second."""
from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType

from harness.program import Program

LOOK_EVERY_S = 0.1


class MemoryWatch:
    """Within `with`: watches. most_kib() is the most that each process held."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._programs = programs
        self._most_kib = [program.resident_kib() for program in programs]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def most_kib(self) -> list[int]:
        """One figure for each program, in order."""
        return list(self._most_kib)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            now = [program.resident_kib() for program in self._programs]
            self._most_kib = [max(pair) for pair in zip(self._most_kib, now, strict=True)]
