# SPDX-License-Identifier: MIT
"""./dev demo shows the main job, and leaves nothing behind."""
from __future__ import annotations

import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from harness.world import BINARY, REPOSITORY

pytestmark = pytest.mark.needs_binary


class Demo:
    """One run of it, in a session and with a folder for temporary files of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._folder = folder
        self.process = subprocess.Popen(
            [REPOSITORY / "dev", "demo", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"MINDMELD_BINARY": BINARY, "TMPDIR": str(folder)},
            start_new_session=True,
        )

    def read_until(self, text: str) -> str:
        """What it says up to the line that begins with `text`."""
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            if line.startswith(text):
                return said
        raise AssertionError(f"it never says {text!r}: {said}")

    def programs(self) -> dict[int, str]:
        """What runs in its session, by process id."""
        found = {}
        for folder in Path("/proc").iterdir():
            with suppress(OSError, ValueError):  # it has ended, or is no process
                name, _, fields = (folder / "stat").read_text(encoding="ascii").rpartition(") ")
                state, session = fields.split()[0], int(fields.split()[3])
                if session == self.process.pid and state != "Z":
                    found[int(folder.name)] = name.partition(" (")[2]
        return found

    def expect_end(self) -> str:
        """It ends in order, with no process and no file left; what else it said."""
        said, _ = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, said
        assert not self.programs()
        assert list(self._folder.iterdir()) == []
        return said

    def close(self) -> None:
        """Where the test failed: ends the session."""
        for pid in self.programs():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def demos(tmp_path: Path) -> Iterator[list[Demo]]:
    """Those that a test started."""
    started: list[Demo] = []
    yield started
    for demo in started:
        demo.close()


def test_the_demo_shows_a_forward_and_leaves_nothing_behind(
    tmp_path: Path, demos: list[Demo]
) -> None:
    demos.append(Demo(tmp_path))
    said = demos[0].expect_end()
    for shown in ("$ mindmeld router", "$ mindmeld share", "$ mindmeld connect", "$ curl"):
        assert shown in said
    assert re.search(r"^Hello from .*^hello +tcp .*^It works\.$", said, re.MULTILINE | re.DOTALL)


def test_the_demo_goes_on_until_ctrl_c_where_it_is_to_be_kept(
    tmp_path: Path, demos: list[Demo]
) -> None:
    demos.append(Demo(tmp_path, "--keep"))
    demos[0].read_until("It works, and goes on until Ctrl-C.")
    address = demos[0].read_until("  curl ").split()[-1]
    demos[0].read_until("  mindmeld connect hello=PORT")
    assert urllib.request.urlopen(address, timeout=10).read().startswith(b"Hello from ")
    assert list(demos[0].programs().values()).count("mindmeld") == 3
    os.killpg(demos[0].process.pid, signal.SIGINT)  # as a terminal does
    demos[0].expect_end()
