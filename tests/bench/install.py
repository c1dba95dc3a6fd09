# SPDX-License-Identifier: MIT
"""`./dev bench --install-peers`: gets the peers by go and cargo into build/bench/peers, built from
source at versions that were tried. Nothing is put outside of it but what those two keep as a cache.
"""
from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chains import PEER_FOLDER


@dataclass(frozen=True)
class GoPeer:
    """`packages` of a module, each a program."""

    module: str
    version: str
    packages: tuple[str, ...]
    flags: tuple[str, ...] = ()


GO_PEERS = [
    # noweb: without its dashboard, whose pages are not in the module.
    GoPeer("github.com/fatedier/frp", "v0.70.0", ("/cmd/frps", "/cmd/frpc"), ("-tags", "noweb")),
    GoPeer(
        "github.com/jpillora/chisel",
        "v1.11.3",
        ("",),
        ("-ldflags", "-X github.com/jpillora/chisel/share.BuildVersion=1.11.3"),
    ),
]
CARGO_PEERS = [
    ("bore-cli@0.6.0", "--locked"),
    # Not as it was locked: its `time` is too old for today's compilers. Without what it does not
    # need here: TLS, noise, and a description of its own repository.
    ("rathole@0.5.0", "--no-default-features", "--features", "server,client"),
]


def install_peers() -> None:
    """All that can be had; says what could not."""
    (PEER_FOLDER / "bin").mkdir(parents=True, exist_ok=True)
    for peer in GO_PEERS:
        if is_there("go", peer.module):
            install_by_go(peer)
    for crate, *flags in CARGO_PEERS:
        if is_there("cargo", crate):
            where = {"CARGO_TARGET_DIR": str(PEER_FOLDER / "cargo")}  # goes on where it was stopped
            command = ["cargo", "install", "--root", str(PEER_FOLDER), crate, *flags]
            run(crate, command, PEER_FOLDER, where)


def is_there(tool: str, for_what: str) -> bool:
    """Is this tool installed? Says so if not."""
    found = shutil.which(tool) is not None
    if not found:
        print(f"{for_what} needs {tool}, which is not installed")
    return found


def install_by_go(peer: GoPeer) -> None:
    """Builds its programs in a module of ours that has the same requirements.

    `go install module@version` refuses a module that replaces another, as frp's does. The sums are
    its own, so what is fetched is what its authors built.
    """
    folder = PEER_FOLDER / Path(peer.module).name
    folder.mkdir(exist_ok=True)
    download = ["go", "mod", "download", "-json", f"{peer.module}@{peer.version}"]
    done = subprocess.run(download, cwd=PEER_FOLDER, capture_output=True, text=True, check=False)
    source = json.loads(done.stdout or "{}").get("Dir")
    if source is None:
        print(f"{peer.module} cannot be had: {done.stdout}{done.stderr}")
        return
    lines = (Path(source) / "go.mod").read_text(encoding="utf-8").splitlines()
    ours = ["module bench" if line.startswith("module ") else line for line in lines]
    ours.append(f"require {peer.module} {peer.version}")
    (folder / "go.mod").write_text("\n".join(ours) + "\n", encoding="utf-8")
    (folder / "go.sum").write_bytes((Path(source) / "go.sum").read_bytes())
    packages = [peer.module + package for package in peer.packages]
    command = ["go", "build", *peer.flags, "-o", f"{PEER_FOLDER}/bin/", *packages]
    run(peer.module, command, folder, {"GOFLAGS": "-mod=mod"})


def run(what: str, command: Sequence[str], folder: Path, more: dict[str, str]) -> None:
    """Runs one installation to its end; shows what it said only if it failed."""
    print(f"installing {what}", flush=True)
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(done.stdout, f"{what} could not be installed", sep="\n")
