# SPDX-License-Identifier: MIT
"""Container: what container/Containerfile says, done in plain folders without a container engine."""
from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.bare_root import BareRoot
from harness.daemons import free_port
from harness.front_end import AS_ON_CLOUD_RUN
from harness.program import Program
from harness.streams import ping
from harness.target import echo
from harness.world import BINARY, REPOSITORY, World, listening

CONTAINERFILE = REPOSITORY / "container" / "Containerfile"

# As a user ($0: a flag of chroot) in a root ($1) that cannot be written to.
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec chroot "$0" "$@"'
# Engines mount it for who builds, too.
WITH_PROC = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'


@dataclass(frozen=True)
class Stage:
    """One FROM and what follows it."""

    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)  # ("COPY", "src src")

    def last(self, instruction: str) -> str:
        """What the last such instruction says."""
        return next(text for name, text in reversed(self.steps) if name == instruction)


def stages() -> list[Stage]:
    """Of the file, in its order."""
    found: list[Stage] = []
    for line in CONTAINERFILE.read_text("utf-8").splitlines():
        name, _, text = line.partition(" ")
        if name == "FROM":
            found.append(Stage(text.split()[0]))
        elif name and not name.startswith("#"):
            found[-1].steps.append((name, text))
    return found


def build(root: BareRoot) -> None:
    """The first stage, in the root of its base."""
    root.within = ("unshare", "--mount", "sh", "-c", WITH_PROC, str(root.path))
    folder = "/"
    for name, text in stages()[0].steps:
        if name == "WORKDIR":
            folder = text
            (root.path / folder[1:]).mkdir()
        elif name == "COPY":
            *sources, to = text.split()
            for source in sources:
                _copy(REPOSITORY / source, root.path / folder[1:] / to)
        else:
            assert name == "RUN", f"what does {name} do?"
            root.run("sh", "-c", f"cd {shlex.quote(folder)} && {text}")


def as_built_here(path: str) -> Path:
    """Where this machine has what the first stage makes: the program that is tested."""
    return Path(BINARY if path.endswith("/build/mindmeld") else path)


class Container:
    """The last stage: a folder that is its root. `built` finds what is at a path of the first."""

    def __init__(self, folder: Path, built: Callable[[str], Path]) -> None:
        stage = stages()[-1]
        assert stage.base == "scratch"
        self.root = BareRoot(folder)
        self.is_read_only = _may_mount(folder)
        self._user = stage.last("USER")
        (self.binary,) = json.loads(stage.last("ENTRYPOINT"))
        self.command: list[str] = json.loads(stage.last("CMD"))
        for name, text in stage.steps:
            if name == "COPY":
                _, source, to = text.split()
                _copy(built(source), folder / to[1:])

    def start(self, world: World, arguments: list[str], **variables: str) -> Program:
        """Its program, as an engine starts it."""
        user = f"--userspec={self._user}"
        within = ("chroot", user, str(self.root.path))
        if self.is_read_only:
            within = ("unshare", "--mount", "sh", "-c", READ_ONLY, user, str(self.root.path))
        extra = {"HOME": "/"} | variables
        return world.start(*arguments, within=within, binary=self.binary, extra=extra)

    def expect_to_serve(self, world: World) -> Program:
        """A router, as a platform starts it that is open to all; used from outside."""
        port = str(free_port())
        anybody = {"MINDMELD_ALLOW_ANONYMOUS": "true"}
        router = self.start(world, self.command, PORT=port, **AS_ON_CLOUD_RUN, **anybody)
        assert router.wait_event("listening")["address"] == f"0.0.0.0:{port}"
        flags = ("--router", f"http://127.0.0.1:{port}")
        target = world.target().serve(echo)
        world.start("share", f"web={target.port}", *flags).wait_event("sharing")
        ping(world.dial(listening(world.start("connect", "web=0", *flags), "web")))
        return router


def _may_mount(folder: Path) -> bool:
    """Not every engine in which tests run allows it. A user without rights writes nowhere anyway."""
    bind = ["unshare", "--mount", "mount", "--bind", str(folder), str(folder)]
    return subprocess.run(bind, capture_output=True, check=False).returncode == 0


def _copy(source: Path, to: Path) -> None:
    """As COPY does: a file of that name, or into that folder; of a folder, what is in it."""
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__", "build", "build-*")
        shutil.copytree(source, to, symlinks=True, ignore=ignored, dirs_exist_ok=True)
        return
    target = to / source.name if to.is_dir() else to
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
