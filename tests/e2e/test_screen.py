# SPDX-License-Identifier: MIT
"""The live screen, as somebody at a terminal sees it."""
from __future__ import annotations

import signal

import pytest
from harness.streams import receive_exactly
from harness.terminal import Terminal
from harness.world import BINARY, World, listening

pytestmark = pytest.mark.needs_binary

OWN_PAGE, PAGE_BEFORE = "\x1b[?1049h", "\x1b[?1049l"


def at_terminal(world: World, *arguments: str, **variables: str) -> Terminal:
    """A command before which somebody sits."""
    environment = world.environment({"TERM": "xterm", "LANG": "C.UTF-8"} | variables)
    command = ("setsid", "--ctty", BINARY, *arguments)
    return world.owned(Terminal(command, environment))


def test_a_share_shows_its_state_its_connections_and_at_the_end_what_was_said(
    world: World,
) -> None:
    router = world.router()
    target = world.target()
    share = at_terminal(world, "share", f"web={target.address}", *router.flags)
    share.read_until(OWN_PAGE)
    share.read_until("on this machine run: mindmeld connect web")
    share.read_until("online, ")
    client = world.dial(listening(world.connect(router, "web=0"), "web"))
    client.sendall(b"x" * 5_000)
    receive_exactly(target.accept(), 5_000)
    share.read_until("1 open, 1 in all")
    share.read_until("5.0 kB in all")
    share.send_signal(signal.SIGINT)
    share.read_until("Ctrl-C again ends them now")
    share.send_signal(signal.SIGINT)
    share.read_until(PAGE_BEFORE)
    share.read_until("sharing web")
    share.read_until("1 connections in")
    assert share.wait_exit(10) == 130


def test_a_router_that_is_away_is_seen_and_tried_again(world: World) -> None:
    router = world.router()
    target = world.target()
    share = at_terminal(world, "share", f"web={target.address}", *router.flags)
    share.read_until("online, ")
    router.program.kill()
    share.read_until("the router is away for ")
    share.send_signal(signal.SIGTERM)
    share.read_until(PAGE_BEFORE)
    assert share.wait_exit(10) == 0


@pytest.mark.parametrize("how", ["flag", "dumb"])
def test_who_wants_lines_gets_lines(world: World, how: str) -> None:
    router = world.router()
    flags, variables = (("--plain",), {}) if how == "flag" else ((), {"TERM": "dumb"})
    share = at_terminal(
        world, "share", f"web={world.target().address}", *flags, *router.flags, **variables
    )
    shown = share.read_until("ms away")
    assert "sharing web" in shown and "\x1b" not in shown
    share.send_signal(signal.SIGTERM)
    assert share.wait_exit(10) == 0


def test_colour_and_letters_are_as_the_terminal_wants_them(world: World) -> None:
    router = world.router()
    share = at_terminal(
        world, "share", f"web={world.target().address}", *router.flags, NO_COLOR="1", LANG="C"
    )
    shown = share.read_until("online, ") + share.read_until("web -> ")
    assert "\x1b[32m" not in shown
    share.send_signal(signal.SIGTERM)
    assert share.wait_exit(10) == 0


def test_ctrl_z_gives_the_page_back_and_the_next_picture_takes_it_again(world: World) -> None:
    router = world.router()
    share = at_terminal(world, "share", f"web={world.target().address}", *router.flags)
    share.read_until("online, ")
    share.send_signal(signal.SIGTSTP)
    share.read_until(PAGE_BEFORE)
    share.send_signal(signal.SIGCONT)
    share.read_until(OWN_PAGE)
    share.send_signal(signal.SIGTERM)
    assert share.wait_exit(10) == 0
