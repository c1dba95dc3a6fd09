# SPDX-License-Identifier: MIT
"""Bare roots of Debian releases, fetched from where this machine's own packages come from."""
from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.bare_root import BareRoot

_TARGETS = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
_PROXY = ("apt-config", "shell", "http_proxy", "Acquire::http::Proxy")


def debian_root(suite: str, path: Path, *packages: str) -> BareRoot:
    """The least that `suite` can be, and these packages."""
    root = BareRoot(path)
    if shutil.which("debootstrap") is None:
        pytest.skip("there is no debootstrap here")
    command = ["debootstrap", "--variant=minbase", *_included(packages), suite, str(path)]
    made = _run([*command, _mirror()])
    assert made.returncode == 0, made.stdout[-2000:]
    return root


def _included(packages: tuple[str, ...]) -> list[str]:
    return [f"--include={','.join(packages)}"] if packages else []


def _mirror() -> str:
    named = _run([*_TARGETS, "Origin: Debian", "Label: Debian"]).stdout.split()
    if not named:
        pytest.skip("apt names no mirror of Debian")
    return named[0]


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    proxy = subprocess.run(_PROXY, stdout=subprocess.PIPE, text=True, check=True).stdout
    found = {"http_proxy": proxy.split("'")[1]} if proxy else {}
    return subprocess.run(
        command,
        env=dict(os.environ) | found,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
