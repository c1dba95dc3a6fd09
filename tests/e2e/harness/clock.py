# SPDX-License-Identifier: MIT
"""Clocks: the wall clock of one process, and the time that it thinks the machine slept."""
from __future__ import annotations

import mmap
import struct
import subprocess
from pathlib import Path

from harness.world import World

SOURCE = Path(__file__).with_name("clock.c")


def build_library(folder: Path) -> Path:
    """Compiles what stands between a process and its clocks."""
    library = folder / "clock.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)]
    subprocess.run(command, check=True)
    return library


class Clocks:
    """Those of the processes that are started with `options`."""

    def __init__(self, world: World, library: Path, name: str = "all") -> None:
        path = world.folder / f"clocks-{name}"
        path.write_bytes(bytes(16))
        with path.open("r+b") as file:
            self._shown = mmap.mmap(file.fileno(), 16)
        self.options: dict[str, dict[str, str]] = {
            "extra": {
                "LD_PRELOAD": str(library),
                "TEST_CLOCKS": str(path),
                # AddressSanitizer wants to be the first library, and need not be.
                "ASAN_OPTIONS": "verify_asan_link_order=0",
            }
        }

    def leap(self, seconds: int) -> None:
        """The wall clock is set; from what it should show, not from the last time."""
        self._shown[:8] = struct.pack("=q", seconds)

    def sleep(self, seconds: int) -> None:
        """The machine was suspended for so long, and has just woken up."""
        self._shown[8:] = struct.pack("=q", seconds)
