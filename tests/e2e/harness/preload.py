# SPDX-License-Identifier: MIT
"""Libraries that stand between a process and libc. A test that uses one is marked
needs_dynamic_binary: ./dev test has a static one, and ./dev asan runs all that are so marked."""
from __future__ import annotations

import subprocess
from pathlib import Path

HERE = Path(__file__).parent


def build_library(folder: Path, name: str) -> Path:
    """Compiles NAME.c of this folder."""
    library = folder / f"{name}.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(HERE / f"{name}.c")]
    subprocess.run(command, check=True)
    return library


def preloaded(library: Path, **more: str) -> dict[str, dict[str, str]]:
    """What start() is told of a process that has it."""
    # AddressSanitizer wants to be the first library, and need not be.
    own = {"LD_PRELOAD": str(library), "ASAN_OPTIONS": "verify_asan_link_order=0"}
    return {"extra": own | more}
