# SPDX-License-Identifier: MIT
"""Bad input of every kind: one line that says what to do, the promised exit code, and no hang."""
from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from harness.streams import ping
from harness.target import Target, echo
from harness.world import BINARY, Router, World, listening

pytestmark = pytest.mark.needs_binary

USAGE, NO_ROUTER, CANNOT_LISTEN, TARGET_REFUSED = 2, 5, 6, 7

# errors.txt has the usual ones, with their texts.
BAD_COMMAND_LINES: list[tuple[list[str], list[str]]] = [
    (["connect", "web", "--hodl", "3s"], ["--hold"]),
    (["share", "a/b=3000"], ["a/b"]),
    (["share", "a\nb=3000"], []),
    (["share", "x" * 100_000 + "=3000"], []),
    (["connect", "a\nb=3000"], []),
    (["connect", "x" * 100_000], []),
    (["connect", "web=1234", "--hold", "-1s"], ["--hold"]),
    (["router", "--listen", "[::]:0"], ["--allow-anonymous"]),
]


@pytest.mark.parametrize(
    "arguments, words",
    BAD_COMMAND_LINES,
    ids=lambda value: " ".join(value)[:60] if value else "none",
)
def test_a_bad_command_line_is_told_in_one_line(
    world: World, arguments: list[str], words: list[str]
) -> None:
    world.run(*arguments).expect_refusal(USAGE, *words)


TICKET = "https://relay.example.com/web#MDEyMzQ1Njc4OWFiY2RlZgABAgMEBQYHCAkKCwwNDg8"
PASS = "mm_ann_8pQIFj0lzYbYcWYbPQnSa0wJ1D2ww1Zt3fJdP4V3q7E"
# Where people paste one by mistake. World.run() looks whether what is said shows it.
MISPLACED_SECRETS = [
    ["share", TICKET],
    ["share", f"web={TICKET}"],
    ["share", "web=1", "--ticket", TICKET],
    ["connect", TICKET.partition("://")[2]],
    ["connect", f"web={TICKET}"],
    ["connect", TICKET.rpartition("#")[2]],
    ["connect", "--ticket-file", TICKET],
    ["connect", f"{TICKET}=x:y:z"],
    ["list", TICKET, "web"],
    ["list", "--router", TICKET],
    ["list", "--router", PASS + ":x"],
    ["list", PASS],
    ["list", "--pass-file", PASS],
    ["router", "--listen", TICKET],
    ["router", "--new-pass", PASS, "--auth-file", "people.json"],
    [TICKET],
    [PASS],
]


@pytest.mark.parametrize("arguments", MISPLACED_SECRETS, ids=lambda value: " ".join(value)[:30])
def test_a_secret_in_the_wrong_place_is_not_shown_by_the_error(
    world: World, arguments: list[str]
) -> None:
    for form in (arguments, [*arguments, "--json"]):
        assert world.run(*form).code == USAGE


def test_a_secret_in_the_wrong_place_of_a_file_is_not_shown_by_the_error(world: World) -> None:
    path = world.folder / "config.json"
    for text in (
        f'{{"share": {{"web": "{TICKET}"}}}}',
        f'{{"connect": {{"{TICKET}": 3000}}}}',
        f'{{"pass_file": 1, "{PASS}": 2}}',
        f'{{"router": "{TICKET}"}}',
        f'{{"{PASS}',
        TICKET,
    ):
        path.write_text(text, encoding="ascii")
        assert world.run("list", "--config", str(path)).code == USAGE


BAD_FILES: list[tuple[str, list[str]]] = [
    ('{"share": {"a\\nb": 3000}}', []),
    ('{"share": {"' + "x" * (1 << 20) + '": 3000}}', []),
    ('{"router": "http://127.0.0.1:1"', []),
    ("\xff\xfe", []),
    ("[" * 100_000, []),
]


@pytest.mark.parametrize("text, words", BAD_FILES, ids=lambda value: repr(value)[:50])
def test_a_bad_configuration_file_is_told_in_one_line(
    world: World, text: str, words: list[str]
) -> None:
    file = world.folder / "mindmeld-test.json"
    file.write_text(text, encoding="latin-1")
    world.run("share", "--config", str(file)).expect_refusal(USAGE, file.name, *words)


# ---- paths and targets


def test_a_unix_listener_never_replaces_a_file(world: World, router: Router) -> None:
    file = world.folder / "precious"
    file.write_text("data", encoding="ascii")
    refused = world.run("connect", f"web=unix:{file}", *router.flags)
    refused.expect_refusal(CANNOT_LISTEN, str(file))
    assert file.read_text(encoding="ascii") == "data"


def test_a_target_that_must_be_up_and_is_not_is_named(world: World, router: Router) -> None:
    address = world.dead_address().address
    checked = world.run("share", f"web={address}", "--check", *router.flags)
    checked.expect_refusal(TARGET_REFUSED, address, "refused")
    up = world.target()
    world.share(router, f"web={up.address}", flags=("--check",))


# ---- no router


def test_without_a_router_anywhere_it_says_how_to_start_one(world: World) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 6353)) == 0:
            pytest.skip("a router listens at the default address of this machine")
    world.run("list").expect_refusal(NO_ROUTER, "127.0.0.1:6353", "mindmeld router")


# ---- a full disk


def test_a_share_goes_on_when_its_log_cannot_be_written(world: World, router: Router) -> None:
    target: Target = world.target().serve(echo)
    with Path("/dev/full").open("wb") as full:
        world.share(router, f"web={target.port}", stderr=full)
    connection = world.dial(listening(world.connect(router, "web=0"), "web"))
    ping(connection)


@pytest.mark.parametrize(
    "command", [["router", "--listen", "127.0.0.1:0"], ["share", "web=3000"]], ids=" ".join
)
def test_events_that_cannot_be_written_end_no_process_by_a_signal(
    world: World, router: Router, command: list[str]
) -> None:
    """A reader of events that went away is no reason to hang or to crash."""
    reading, writing = os.pipe()
    flags = router.flags if command[0] == "share" else ()
    with subprocess.Popen(
        [BINARY, *command, "--json", *flags],
        stdout=writing,
        stderr=subprocess.DEVNULL,
        env=world.environment(),
    ) as program:
        os.close(writing)
        assert os.read(reading, 1)
        os.close(reading)
        program.send_signal(signal.SIGTERM)
        assert program.wait(5) in (0, 1)
