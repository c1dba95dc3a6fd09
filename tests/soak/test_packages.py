# SPDX-License-Identifier: MIT
"""What `./dev package` makes, put into bare roots of two Debian releases, used there and removed."""
from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.bare_root import BareRoot, forward_within
from harness.debian import debian_root
from harness.world import REPOSITORY, World

pytestmark = pytest.mark.timeout_s(1800)

MAKE_ROOTS = {"bullseye": (), "bookworm": ("systemd",)}  # the oldest, and what units are for
SUITES = pytest.mark.parametrize("root", MAKE_ROOTS, indirect=True)


def dev(verb: str, folder: Path, **extra: str) -> None:
    """./dev of a tree."""
    subprocess.run(["./dev", verb], cwd=folder, env=dict(os.environ) | extra, check=True)


def git(*arguments: str) -> str:
    """What git says of this tree."""
    command = ["git", "-c", "safe.directory=*", *arguments]
    return subprocess.check_output(command, cwd=REPOSITORY, text=True)


@pytest.fixture(scope="module")
def packages() -> Path:
    """The folder with all of them."""
    dev("package", REPOSITORY)
    return REPOSITORY / "build" / "packages"


@pytest.fixture(scope="module")
def make_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], BareRoot]]:
    """Makes each only once: it takes a minute."""
    made: dict[str, BareRoot] = {}

    def make(suite: str) -> BareRoot:
        if suite not in made:
            place = tmp_path_factory.mktemp(suite)
            made[suite] = debian_root(suite, place, *MAKE_ROOTS[suite])
        return made[suite]

    yield make
    for root in made.values():
        root.close()


@pytest.fixture
def root(request: pytest.FixtureRequest, make_root: Callable[[str], BareRoot]) -> BareRoot:
    """With nothing of ours in it."""
    return make_root(request.param)


def put(packages: Path, pattern: str, root: BareRoot) -> str:
    """Copies a package into the root; its name there."""
    (package,) = packages.glob(pattern)
    shutil.copy(package, root.path)
    return f"/{package.name}"


def enable_units(root: BareRoot) -> None:
    """All that the package brings for the whole machine."""
    units = [path.name for path in (root.path / "usr/lib/systemd/system").glob("mindmeld*")]
    for unit in units:
        root.run("systemctl", "enable", unit.replace("@", "@web"))
    wanted = (root.path / "etc/systemd/system/multi-user.target.wants").glob("mindmeld*")
    assert len(list(wanted)) == len(units) > 0


def leave_state(root: BareRoot) -> None:
    """What systemd keeps for units that ran: StateDirectory= of a DynamicUser=."""
    for name in ("mindmeld", "mindmeld-share-web"):
        private = root.path / "var/lib/private" / name
        private.mkdir(parents=True)
        (private / "key").write_text("secret", encoding="ascii")
        (root.path / "var/lib" / name).symlink_to(f"private/{name}")


def expect_all_that_belongs_to_it(files: set[str], place: str) -> None:
    """The binary, and what one has with an installed program."""
    commands = ("router", "share", "connect", "list", "doctor")
    expected = {"bin/mindmeld", "share/bash-completion/completions/mindmeld"}
    expected |= {"share/fish/vendor_completions.d/mindmeld.fish", "share/doc/mindmeld/copyright"}
    expected |= {"share/doc/mindmeld/LICENSE", "share/man/man1/mindmeld.1"}
    expected |= {f"share/man/man1/mindmeld-{command}.1" for command in commands}
    units = ("system/mindmeld-router", "system/mindmeld-share@")
    expected |= {f"lib/systemd/{unit}.service" for unit in units}
    expected |= {f"lib/systemd/user/mindmeld-{end}.service" for end in ("share", "connect")}
    assert not {f"{place}/{name}" for name in expected} - files
    assert any(file.startswith(place) and file.endswith("/_mindmeld") for file in files)  # zsh's


def test_the_sums_are_those_of_the_packages(packages: Path) -> None:
    lines = (packages / "SHA256SUMS").read_text("ascii").splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    made = {path.name for path in packages.iterdir()} - {"SHA256SUMS"}
    assert set(sums) == made
    for name in made:
        assert hashlib.sha256((packages / name).read_bytes()).hexdigest() == sums[name]


@SUITES
def test_the_deb_is_installed_used_and_removed(
    world: World, packages: Path, root: BareRoot
) -> None:
    package = put(packages, "*.deb", root)
    (root.path / "var/lib/private").mkdir(exist_ok=True)  # systemd's own
    before = root.files()
    root.run("dpkg", "--install", package)
    expect_all_that_belongs_to_it(root.files().keys() - before.keys(), "usr")
    assert not root.run("dpkg", "--verify", "mindmeld")
    assert root.run("mindmeld", "--version").startswith("mindmeld ")
    forward_within(world, root, "mindmeld")
    if (root.path / "bin/systemctl").exists():
        enable_units(root)
    leave_state(root)
    root.run("dpkg", "--purge", "mindmeld")
    assert root.files() == before


@SUITES
def test_the_tarball_is_unpacked_used_and_removed(
    world: World, packages: Path, root: BareRoot
) -> None:
    package = put(packages, "*.tar.gz", root)
    before = root.files()
    root.run("tar", "-C", "/opt", "-xzf", package)
    (folder,) = (root.path / "opt").iterdir()
    expect_all_that_belongs_to_it(root.files().keys() - before.keys(), f"opt/{folder.name}")
    binary = f"/opt/{folder.name}/bin/mindmeld"
    assert root.run(binary, "--version").startswith("mindmeld ")
    forward_within(world, root, binary)
    root.run("rm", "-r", f"/opt/{folder.name}")
    assert root.files() == before


def test_another_build_of_the_same_commit_gives_the_same_bytes(
    packages: Path, tmp_path: Path
) -> None:
    if git("status", "--porcelain"):
        pytest.skip("this tree has changes that are in no commit")
    clone = tmp_path / "another-place-with-a-longer-name"
    git("clone", "--quiet", str(REPOSITORY), str(clone))
    dev("package", clone, CCACHE_DISABLE="1")
    sums = [place / "SHA256SUMS" for place in (packages, clone / "build" / "packages")]
    assert sums[0].read_text("ascii") == sums[1].read_text("ascii")
    shutil.rmtree(clone)
