# SPDX-License-Identifier: MIT
"""BareRoot: a folder that is a machine's root, with nothing of ours in it, and programs in it."""
from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.program import Program
from harness.streams import ping
from harness.target import echo
from harness.world import BINARY, World, is_static, listening

# Who uses the program in there; what it keeps for them (a keyring) is not the package's to remove.
HOME = "/home/ann"
ENVIRONMENT = {"HOME": HOME, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
# What Debian's own tools write down about what they did.
RECORDS = ("var/lib/dpkg/", "var/log/", "var/cache/", "run/", HOME[1:])


class BareRoot:
    """`path` is its root; `within`: the command that runs another in it."""

    def __init__(self, path: Path) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root may change its root")
        if not is_static(BINARY):
            pytest.skip("a binary that needs libraries is not the one that is packaged")
        path.mkdir(exist_ok=True)
        self.path = path
        self.within = ("chroot", str(path))

    def run(self, *command: str, **extra: str) -> str:
        """What a command in it says, which must succeed."""
        done = subprocess.run(
            [*self.within, *command],
            env=ENVIRONMENT | extra,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}"
        return done.stdout

    def start(self, world: World, binary: str, *arguments: str, **options: Any) -> Program:
        """As World does, in it."""
        extra = ENVIRONMENT | options.pop("extra", {})
        return world.start(*arguments, binary=binary, within=self.within, extra=extra, **options)

    def files(self) -> dict[str, tuple[int, int]]:
        """Everything in it but records: what it is and may, and its size."""
        found = {}
        for path in self.path.rglob("*"):
            name = str(path.relative_to(self.path))
            if not name.startswith(RECORDS):
                info = path.lstat()
                found[name] = (info.st_mode, 0 if path.is_dir() else info.st_size)
        return found

    def close(self) -> None:
        """Nothing is left of it."""
        shutil.rmtree(self.path)


def forward_within(world: World, root: BareRoot, binary: str) -> None:
    """A forward by way of three processes in the root, used from outside of it."""
    target = world.target().serve(echo)
    router = root.start(world, binary, "router", "--listen", "127.0.0.1:0")
    flags = ("--router", f"http://{router.wait_event('listening')['address']}")
    root.start(world, binary, "share", f"web={target.port}", *flags).wait_event("sharing")
    connect = root.start(world, binary, "connect", "web=0", *flags)
    ping(world.dial(listening(connect, "web")))
