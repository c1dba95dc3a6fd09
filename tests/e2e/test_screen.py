# SPDX-License-Identifier: MIT
"""The live screen, as somebody at a terminal sees it."""
from __future__ import annotations

import re
import signal

import pytest
from harness.streams import finish, ping, receive_exactly
from harness.target import echo
from harness.terminal import OWN_PAGE, PAGE_BEFORE
from harness.world import World, listening

pytestmark = pytest.mark.needs_binary


def test_a_share_shows_its_state_its_connections_and_at_the_end_what_was_said(
    world: World,
) -> None:
    router = world.router()
    target = world.target()
    share = world.at_terminal("share", f"web={target.address}", *router.flags)
    share.read_until(OWN_PAGE)
    share.read_until(f"\x1b[32monline at http://{router.address}, ")
    share.read_until("on this machine run: mindmeld connect web")
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
    share.read_until("1 connection in")
    assert share.wait_exit(10) == 130


def test_a_connect_shows_where_it_listens_and_how_each_connection_went(world: World) -> None:
    router = world.router()
    world.share(router, f"web={world.target().serve(echo).port}")
    connect = world.at_terminal("connect", "web=127.0.0.1:0", *router.flags)
    shown = connect.read_until(" for web")
    client = world.dial(shown.rpartition("listening on ")[2].partition(" ")[0])
    ping(client)
    connect.read_until("connections  1 open, 1 in all")
    connect.read_until("GUEST")
    connect.read_until("  open")
    finish(client)
    connect.read_until("connections  0 open, 1 in all")
    connect.read_until("  done")
    connect.send_signal(signal.SIGTERM)
    connect.read_until(PAGE_BEFORE)
    assert connect.wait_exit(10) == 0


def test_the_picture_takes_the_width_that_the_window_has_now(world: World) -> None:
    router = world.router()
    share = world.at_terminal("share", f"web={world.target().address}", "--router", router.flags[1])
    share.read_until("mindmeld share")
    share.resize(200, 50)
    share.read_until(" " * 100 + "\x1b[32monline at ")
    share.resize(40, 12)
    share.read_until("\x1b[H\x1b[J\x1b[32monline at ")  # and no room for more
    share.send_signal(signal.SIGTERM)
    assert share.wait_exit(10) == 0


def test_a_router_that_is_away_is_seen_and_tried_again(world: World) -> None:
    router = world.router()
    target = world.target()
    share = world.at_terminal("share", f"web={target.address}", *router.flags)
    share.read_until("online at http")
    router.program.kill()
    share.read_until(f"http://{router.address} is away for ")
    share.read_until(", trying again every 1 s")
    share.send_signal(signal.SIGTERM)
    share.read_until(PAGE_BEFORE)
    assert share.wait_exit(10) == 0


@pytest.mark.parametrize("how", ["flag", "dumb"])
def test_who_wants_lines_gets_lines(world: World, how: str) -> None:
    router = world.router()
    flags, variables = (("--plain",), {}) if how == "flag" else ((), {"TERM": "dumb"})
    share = world.at_terminal(
        "share", f"web={world.target().address}", *flags, *router.flags, **variables
    )
    shown = share.read_until("ms away")
    assert "sharing web" in shown and "\x1b" not in shown
    share.send_signal(signal.SIGTERM)
    assert share.wait_exit(10) == 0


def test_colour_and_letters_are_as_the_terminal_wants_them(world: World) -> None:
    router = world.router()
    share = world.at_terminal(
        "share", f"web={world.target().address}", *router.flags, NO_COLOR="1", LANG="C"
    )
    shown = share.read_until("online at http") + share.read_until("web -> ")
    assert not re.search(r"\x1b\[[0-9;]*m", shown)
    assert shown.isascii()
    share.send_signal(signal.SIGTERM)
    assert share.wait_exit(10) == 0


def test_ctrl_z_gives_the_page_back_and_the_next_picture_takes_it_again(world: World) -> None:
    router = world.router()
    share = world.at_terminal("share", f"web={world.target().address}", *router.flags)
    share.read_until("online at http")
    share.send_signal(signal.SIGTSTP)
    share.read_until(PAGE_BEFORE)
    share.wait_stopped()
    share.type("echoed")  # by the terminal, as before
    assert OWN_PAGE not in share.read_until("echoed")
    share.send_signal(signal.SIGCONT)
    share.read_until(OWN_PAGE)
    share.send_signal(signal.SIGTERM)
    assert share.wait_exit(10) == 0


def test_what_a_shell_started_in_the_background_leaves_the_terminal_to_it(world: World) -> None:
    router = world.router()
    shell = world.at_terminal(
        *("share", f"web={world.target().address}", "--for", "55s", *router.flags),
        within=("bash", "-mc", '"$@" & read -r; kill %1; wait %1', "bash"),
    )
    shown = shell.read_until("ms away")
    assert "sharing web" in shown and "\x1b" not in shown
    shell.type("\n")
    assert shell.wait_exit(10) == 0


def test_what_goes_on_in_the_background_is_seen_again_in_front(world: World) -> None:
    router = world.router()
    shell = world.at_terminal(
        *("share", f"web={world.target().address}", "--for", "55s", *router.flags),
        within=("bash", "-mc", '"$@"; bg; read -r; echo in front; fg', "bash"),
    )
    shell.read_until("online at http")
    shell.type("\x1a")
    shell.read_until(PAGE_BEFORE)
    shell.read_until("&")  # bg tells what it does
    shell.type("\n")
    assert "in front" in shell.read_until(OWN_PAGE)
    shell.type("\x03")
    shell.read_until(PAGE_BEFORE)
    assert shell.wait_exit(10) == 130
