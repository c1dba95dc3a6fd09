# SPDX-License-Identifier: MIT
"""Clocks: the wall clock of one process, and the time that it thinks the machine slept."""
from __future__ import annotations

import mmap
import struct
from pathlib import Path

from harness.preload import preloaded
from harness.world import World


class Clocks:
    """Those of the processes that are started with `options`."""

    def __init__(self, world: World, library: Path, name: str = "all") -> None:
        path = world.folder / f"clocks-{name}"
        path.write_bytes(bytes(16))
        with path.open("r+b") as file:
            self._shown = mmap.mmap(file.fileno(), 16)
        self.options = preloaded(library, TEST_CLOCKS=str(path))

    def leap(self, seconds: int) -> None:
        """The wall clock is set; from what it should show, not from the last time."""
        self._shown[:8] = struct.pack("=q", seconds)

    def sleep(self, seconds: int) -> None:
        """The machine was suspended for so long, and has just woken up."""
        self._shown[8:] = struct.pack("=q", seconds)
