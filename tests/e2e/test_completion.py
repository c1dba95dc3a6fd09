# SPDX-License-Identifier: MIT
"""Completion in bash, fish and zsh themselves: commands, flags, files and the router's services."""
from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from harness.terminal import Terminal
from harness.world import BINARY, World

pytestmark = pytest.mark.needs_binary

PATH = f"{Path(BINARY).parent}:{os.environ['PATH']}"

Complete = Callable[[str], set[str]]

# As bash calls the function; compopt may be called from nowhere else.
BASH = """
source <(mindmeld completion bash)
compopt() { :; }
COMP_LINE=$1 COMP_POINT=${#1}
_mindmeld
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = 'mindmeld completion fish | source; complete -C "$argv[1]"'

# Each answer is the whole line, between < and >, once it was asked for by ^X.
ZSH = """
autoload -Uz compinit && compinit -u -D
source <(mindmeld completion zsh)
show() { zle -I; print -r -- "<$BUFFER>"; zle kill-whole-line }
zle -N show && bindkey '^X' show && print -r -- rea""dy
"""


@pytest.fixture(params=["bash", "fish"])
def complete(request: pytest.FixtureRequest, world: World) -> Complete:
    """What a shell offers for a line; it must be silent otherwise."""
    shell = {"bash": ["bash", "--norc", "-c", BASH, "bash"], "fish": ["fish", "-N", "-c", FISH]}
    command = shell[request.param]

    def ask(line: str) -> set[str]:
        done = subprocess.run(
            [*command, line],
            env=world.environment({"PATH": PATH}),
            cwd=world.folder,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        assert done.stderr == ""
        offered = {answer.partition("\t")[0] for answer in done.stdout.splitlines()}
        return offered - {""}

    return ask


def test_commands_are_completed(complete: Complete) -> None:
    assert {"share", "connect", "list", "router", "help", "completion"} <= complete("mindmeld ")
    assert complete("mindmeld con") == {"connect"}
    assert complete("mindmeld help rou") == {"router"}
    assert complete("mindmeld completion z") == {"zsh"}


def test_a_commands_own_flags_are_completed(complete: Complete) -> None:
    assert complete("mindmeld router --tls") == {"--tls-cert", "--tls-key"}
    assert complete("mindmeld share --no-") == {"--no-e2e", "--no-wait"}
    assert complete("mindmeld list --tls") == set()


def test_a_flag_that_takes_a_file_gets_files_and_another_nothing(
    world: World, complete: Complete
) -> None:
    (world.folder / "cert.pem").touch()
    assert complete("mindmeld router --tls-cert ce") == {"cert.pem"}
    assert complete("mindmeld router --listen ce") == set()


@pytest.mark.parametrize("command", ["share", "connect"])
def test_the_path_of_a_unix_socket_is_completed(
    world: World, complete: Complete, command: str
) -> None:
    (world.folder / "app.sock").touch()
    line = f"mindmeld {command} app=unix:{world.folder}/ap"
    offered = {answer.removeprefix("app=unix:") for answer in complete(line)}  # bash replaces less
    assert offered == {f"{world.folder}/app.sock"}


def test_services_of_the_router_that_the_line_names_are_completed(
    world: World, complete: Complete
) -> None:
    router = world.router()
    target = world.target().address
    world.share(router, f"web={target}", f"web-2={target}", f"db={target}")
    line = f"mindmeld connect {' '.join(router.flags)} "
    assert complete(line) == {"web", "web-2", "db"}
    assert complete(line + "w") == {"web", "web-2"}
    assert complete(line.replace("--router ", "--router=") + "db web-") == {"web-2"}


def test_without_a_router_nothing_is_offered_and_soon(world: World, complete: Complete) -> None:
    refused = world.dead_address().address
    start = time.monotonic()
    assert complete(f"mindmeld connect --router http://{refused} ") == set()
    silent = world.black_hole().address
    assert complete(f"mindmeld connect --router http://{silent} ") == set()
    assert time.monotonic() - start < 10


def zsh(world: World, setup: str, **variables: str) -> Terminal:
    """An interactive zsh in the test's folder, which has done `setup`."""
    script = world.folder / "setup.zsh"
    script.write_text(setup, encoding="ascii")
    variables |= {"HOME": str(world.folder), "PATH": PATH, "TERM": "dumb"}
    words = [f"{name}={value}" for name, value in variables.items()]
    shell = Terminal(["env", "-i", "-C", str(world.folder), *words, "zsh", "-f", "-i"])
    shell.type(f"source {script}\n")
    shell.read_until("ready")
    return world.owned(shell)


def test_zsh_completes_the_same(world: World) -> None:
    router = world.router()
    world.share(router, f"web={world.target().address}")
    (world.folder / "cert.pem").touch()
    shell = zsh(world, ZSH, MINDMELD_ROUTER=router.flags[1])
    for line, whole in (
        ("mindmeld conn", "mindmeld connect "),
        ("mindmeld completion f", "mindmeld completion fish "),
        ("mindmeld connect we", "mindmeld connect web="),
        ("mindmeld connect --hold 1s w", "mindmeld connect --hold 1s web="),
        ("mindmeld router --tls-c", "mindmeld router --tls-cert="),
        ("mindmeld router --tls-cert ce", "mindmeld router --tls-cert cert.pem "),
        ("mindmeld share app=unix:ce", "mindmeld share app=unix:cert.pem "),
    ):
        shell.type(line + "\t\x18")
        shell.read_until(f"<{whole}>")


def test_zsh_finds_an_installed_script_by_itself(world: World) -> None:
    script = world.run("completion", "zsh").stdout
    (world.folder / "_mindmeld").write_text(script, encoding="ascii")
    sourced = "source <(mindmeld completion zsh)\n"
    assert sourced in ZSH
    shell = zsh(world, "fpath=($PWD $fpath)\n" + ZSH.replace(sourced, ""))
    shell.type("mindmeld conn\t\x18")
    shell.read_until("<mindmeld connect >")
