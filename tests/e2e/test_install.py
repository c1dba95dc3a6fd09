# SPDX-License-Identifier: MIT
"""What `meson install` installs: the program, the manual, completions, and systemd's units."""
from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from harness.world import BINARY, World

BUILD = Path(BINARY).parent

pytestmark = [
    pytest.mark.needs_binary,
    pytest.mark.skipif(not (BUILD / "build.ninja").is_file(), reason="not built here"),
]

FILES = {
    "bin/mindmeld",
    "lib/systemd/system/mindmeld-router.service",
    "lib/systemd/system/mindmeld-share@.service",
    "lib/systemd/user/mindmeld-connect.service",
    "lib/systemd/user/mindmeld-share.service",
    "share/bash-completion/completions/mindmeld",
    "share/doc/mindmeld/LICENSE",
    "share/doc/mindmeld/README.md",
    "share/fish/vendor_completions.d/mindmeld.fish",
    "share/man/man1/mindmeld.1",
    "share/zsh/site-functions/_mindmeld",
}


@pytest.fixture
def installed(world: World) -> Path:
    """The prefix of an installation."""
    command = ["meson", "install", "-C", str(BUILD), "--no-rebuild", "--quiet"]
    subprocess.run([*command, "--destdir", str(world.folder)], check=True)
    prefixes = list(world.folder.glob("**/bin"))
    assert len(prefixes) == 1
    return prefixes[0].parent


def commands(world: World) -> list[str]:
    """Those that --help lists."""
    page = world.run("--help").stdout.partition("usage:")[2].partition("Try it")[0]
    return re.findall(r"^  ([a-z]+) ", page, re.MULTILINE)


def silent(*command: str, folder: Path) -> None:
    """It has nothing to complain about."""
    variables = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    done = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), command


def test_everything_has_its_place_and_every_command_its_page(
    world: World, installed: Path
) -> None:
    pages = {f"share/man/man1/mindmeld-{command}.1" for command in commands(world)}
    assert len(pages) >= 4
    found = {str(path.relative_to(installed)) for path in installed.glob("**/*") if path.is_file()}
    assert found == FILES | pages


def test_man_has_nothing_to_say_against_a_page(world: World, installed: Path) -> None:
    for page in installed.glob("share/man/man1/*"):
        silent("groff", "-man", "-Tutf8", "-ww", "-z", str(page), folder=world.folder)


def test_systemd_has_nothing_to_say_against_a_unit(world: World, installed: Path) -> None:
    for unit in installed.glob("lib/systemd/*/*"):
        text = unit.read_text(encoding="utf-8")
        assert "\nExecStart=mindmeld " in text
        copy = world.folder / unit.name.replace("@", "@web")
        here = text.replace("\nExecStart=mindmeld ", f"\nExecStart={BINARY} ")
        copy.write_text(here, encoding="utf-8")
        whose = f"--{unit.parent.name}"
        silent("systemd-analyze", whose, "verify", "--man=no", str(copy), folder=world.folder)


def test_what_a_unit_starts_is_understood(world: World, installed: Path) -> None:
    for unit in installed.glob("lib/systemd/*/*"):
        found = re.search(r"^ExecStart=mindmeld (.*)$", unit.read_text(encoding="utf-8"), re.M)
        assert found is not None
        assert world.run(*found.group(1).split(), "--help").code == 0
