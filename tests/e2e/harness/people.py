# SPDX-License-Identifier: MIT
"""People: a router's auth file, and the passes of those whom it lists."""
from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from harness.world import Finished, World


class People:
    """An auth file in the world's folder, written anew by each change."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._entries: dict[str, dict[str, Any]] = {}
        self.path = world.folder / "people.json"
        self.write()

    @property
    def flags(self) -> tuple[str, str]:
        """What makes a router ask."""
        return "--auth-file", str(self.path)

    def add(self, name: str, secret: str = "A" * 43, **members: Any) -> str:
        """Somebody, or the same with another pass; returns that."""
        text = f"mm_{name}_{secret}"
        digest = hashlib.sha256(text.encode("ascii")).hexdigest()
        self._entries[name] = {"id": name, "sha256": digest, **members}
        self.write()
        return text

    def take_out(self, name: str) -> None:
        """From now on."""
        del self._entries[name]
        self.write()

    def write(self, text: str | None = None) -> None:
        """Replaces the file as an editor does: whoever reads sees the old text or the new one."""
        new = self.path.with_suffix(".new")
        people = list(self._entries.values())
        new.write_text(json.dumps({"people": people}) if text is None else text, encoding="utf-8")
        new.rename(self.path)

    def make(self, name: str, *flags: str) -> Finished:
        """What `mindmeld router --new-pass` does."""
        return self._world.run("router", *self.flags, "--new-pass", name, *flags)

    def pass_file(self, text: str, mode: int = 0o600) -> tuple[str, str]:
        """The flag that gives a pass."""
        path = self._world.folder / f"pass-{len(os.listdir(self._world.folder))}"
        return "--pass-file", str(written(path, text + "\n", mode))


def written(path: Path, text: str, mode: int) -> Path:
    """A file with this text and this mode."""
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path
