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
from harness.web import WebServer
from harness.streams import Payload
from harness.world import BINARY, Router, World, listening

pytestmark = pytest.mark.needs_binary

USAGE, NO_SERVICE, NO_ROUTER, CANNOT_LISTEN, TARGET_REFUSED, NAME_TAKEN = 2, 4, 5, 6, 7, 8

BAD_COMMAND_LINES: list[tuple[list[str], list[str]]] = [
    (["conect", "web"], ["connect"]),
    (["shre", "web=3000"], ["share"]),
    (["share", "web=3000", "--ruter", "http://127.0.0.1:1"], ["--router"]),
    (["connect", "web", "--hodl", "3s"], ["--hold"]),
    (["share"], []),
    (["connect"], []),
    (["list", "http://127.0.0.1/web#x"], ["ticket"]),
    (["router", "extra"], ["extra"]),
    (["share", "web"], ["web=3000"]),
    (["share", "web=notaport"], ["notaport"]),
    (["share", "web=70000"], ["70000"]),
    (["share", "web=0"], []),
    (["share", "web="], []),
    (["share", "=3000"], []),
    (["share", "web=host:"], []),
    (["share", "web=unix:"], []),
    (["share", "web=unix:/" + "x" * 200], []),
    (["share", "Web=3000"], ["Web"]),
    (["share", "a/b=3000"], ["a/b"]),
    (["share", "a\nb=3000"], []),
    (["share", "x" * 100_000 + "=3000"], []),
    (["share", "web=3000", "web=3001"], ["web"]),
    (["connect", "Web=3000"], ["Web"]),
    (["connect", "a\nb=3000"], []),
    (["connect", "x" * 100_000], []),
    (["connect", "web=70000"], ["70000"]),
    (["connect", "web=-", "db=-"], ["-"]),
    (["connect", "web=-", "--json"], ["--json"]),
    (["connect", "web=1234", "--hold", "soon"], ["--hold"]),
    (["connect", "web=1234", "--hold", "-1s"], ["--hold"]),
    (["share", "web=3000", "--dial-timeout", "soon"], ["--dial-timeout"]),
    (["list", "--router", "ftp://127.0.0.1"], ["ftp"]),
    (["list", "--router", "http://"], []),
    (["list", "--router", "http://127.0.0.1:99999"], ["99999"]),
    (["list", "--router", "http://127.0.0.1:1/path"], []),
    (["list", "--router", ""], ["--router"]),
    (["list", "--router"], ["--router"]),
    (["list", "--router", "--json"], ["--router"]),
    (["list", "--router", "http://127.0.0.1:1", "--router", "http://127.0.0.1:2"], ["--router"]),
    (["list", "--router", "https://127.0.0.1:1", "--ca", "/nonexistent/ca.pem"], ["ca.pem"]),
    (["list", "--config", "/nonexistent/config.json"], ["/nonexistent/config.json"]),
    (["router", "--listen", "nonsense"], ["nonsense"]),
    (["router", "--listen", "127.0.0.1:70000"], ["70000"]),
    (["router", "--listen", "0.0.0.0:0"], ["--allow-anonymous"]),
    (["router", "--listen", "[::]:0"], ["--allow-anonymous"]),
    (["router", "--listen", "127.0.0.1:0", "--tls-cert", "/nonexistent.pem"], ["--tls-key"]),
    (
        [
            "router",
            "--listen",
            "127.0.0.1:0",
            "--tls-cert",
            "/nonexistent.pem",
            "--tls-key",
            "/nonexistent.key",
        ],
        ["/nonexistent"],
    ),
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
    ('{"ruter": "http://127.0.0.1:1"}', ["ruter", "router"]),
    ('{"router": "http://127.0.0.1:1", "router": "http://127.0.0.1:2"}', ["router"]),
    ('{"router": 6353}', ["router"]),
    ('{"share": {"web": {"taget": 3000}}}', ["taget", "target"]),
    ('{"share": {"web": 70000}}', ["70000"]),
    ('{"share": {"Web": 3000}}', ["Web"]),
    ('{"share": {"a\\nb": 3000}}', []),
    ('{"share": {"' + "x" * (1 << 20) + '": 3000}}', []),
    ('{"share": ["web"]}', ["share"]),
    ('{"router": "http://127.0.0.1:1"', []),
    ("[]", []),
    ("", []),
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


def test_a_configuration_file_that_is_a_folder_is_told_in_one_line(world: World) -> None:
    world.run("share", "--config", str(world.folder)).expect_refusal(USAGE, str(world.folder))


def test_a_bad_environment_is_told_in_one_line(world: World) -> None:
    extra = {"MINDMELD_ROUTER": "ftp://127.0.0.1"}
    world.run("list", extra=extra).expect_refusal(USAGE, "MINDMELD_ROUTER", "ftp")


# ---- ports, paths, names


def test_a_router_whose_port_is_taken_says_which(world: World, router: Router) -> None:
    refused = world.run("router", "--listen", router.address)
    refused.expect_refusal(CANNOT_LISTEN, router.address)


def test_a_connect_whose_port_is_taken_says_which(world: World, router: Router) -> None:
    taken = world.target()
    refused = world.run("connect", f"web={taken.port}", *router.flags)
    refused.expect_refusal(CANNOT_LISTEN, str(taken.port))


@pytest.mark.parametrize("path", ["/nonexistent/web.sock", "/proc/web.sock"])
def test_a_unix_path_that_cannot_be_made_is_named(world: World, router: Router, path: str) -> None:
    refused = world.run("connect", f"web=unix:{path}", *router.flags)
    refused.expect_refusal(CANNOT_LISTEN, path)


def test_a_unix_listener_never_replaces_a_file(world: World, router: Router) -> None:
    file = world.folder / "precious"
    file.write_text("data", encoding="ascii")
    refused = world.run("connect", f"web=unix:{file}", *router.flags)
    refused.expect_refusal(CANNOT_LISTEN, str(file))
    assert file.read_text(encoding="ascii") == "data"


def test_a_name_that_another_share_has_is_taken(world: World, router: Router) -> None:
    world.share(router, "web=3000")
    other = world.run("share", "web=3001", *router.flags, extra=world.another_user())
    other.expect_refusal(NAME_TAKEN, "web")


def test_a_target_that_must_be_up_and_is_not_is_named(world: World, router: Router) -> None:
    address = world.dead_address().address
    checked = world.run("share", f"web={address}", "--check", *router.flags)
    checked.expect_refusal(TARGET_REFUSED, address, "refused")
    up = world.target()
    world.share(router, f"web={up.address}", flags=("--check",))


def test_an_address_whose_name_is_none_cannot_be_listened_on(world: World) -> None:
    flags = ("--allow-anonymous", "--plaintext")
    routed = world.run("router", "--listen", "nowhere.invalid:0", *flags)
    routed.expect_refusal(CANNOT_LISTEN, "nowhere.invalid")
    world.run("connect", "web=nowhere.invalid:0").expect_refusal(CANNOT_LISTEN, "nowhere.invalid")


@pytest.mark.parametrize("argument", ["web=8080:80", "web=80:unix:/x"])
def test_two_ports_where_one_is_wanted_are_refused(world: World, argument: str) -> None:
    world.run("connect", argument).expect_refusal(USAGE, argument.partition("=")[2])


def test_a_connection_that_waited_for_a_router_in_vain_is_told_so(world: World) -> None:
    address = world.dead_address().address
    flags = ("--hold", "300ms", "--router", f"http://{address}")
    waited = world.run("connect", "web=-", *flags)
    assert waited.code == 1
    assert f"no router at http://{address}" in waited.stderr.splitlines()[-1]


# ---- a router that is not one


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["share", "web=3000", "--no-wait"], ["connect", "web", "--no-wait"]],
    ids=" ".join,
)
def test_a_router_that_is_not_there_is_named(world: World, arguments: list[str]) -> None:
    address = world.dead_address().address
    refused = world.run(*arguments, "--router", f"http://{address}")
    refused.expect_refusal(NO_ROUTER, address)


def test_without_a_router_anywhere_it_says_how_to_start_one(world: World) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 6353)) == 0:
            pytest.skip("a router listens at the default address of this machine")
    world.run("list").expect_refusal(NO_ROUTER, "127.0.0.1:6353", "mindmeld router")


@pytest.mark.parametrize(
    "arguments", [["list"], ["share", "web=3000"], ["connect", "web=0"]], ids=" ".join
)
def test_a_web_server_where_the_router_should_be_is_final(
    world: World, arguments: list[str]
) -> None:
    web = world.owned(WebServer(Payload(0)))
    refused = world.run(*arguments, "--router", f"http://{web.address}")
    assert refused.stderr.splitlines(), refused
    last = refused.stderr.splitlines()[-1]
    assert refused.code == NO_ROUTER and web.address in last, refused


@pytest.mark.parametrize("arguments", [["list"], ["share", "web=3000"]], ids=" ".join)
def test_tls_to_a_plaintext_router_is_final_and_says_what_to_write(
    world: World, router: Router, arguments: list[str]
) -> None:
    refused = world.run(*arguments, "--router", f"https://{router.address}")
    assert refused.code == NO_ROUTER, refused
    assert router.address in refused.stderr.splitlines()[-1], refused


def test_a_certificate_of_an_unknown_authority_is_final(world: World) -> None:
    router = world.router(tls=True)
    refused = world.run("list", "--router", f"https://{router.address}")
    refused.expect_refusal(NO_ROUTER, router.address)


def test_a_service_that_is_not_there_is_final_with_no_wait(world: World, router: Router) -> None:
    refused = world.run("connect", "nosuch", "--no-wait", *router.flags)
    refused.expect_refusal(NO_SERVICE, "nosuch")


# ---- a full disk


def test_a_list_that_cannot_be_written_is_a_failure(world: World, router: Router) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [BINARY, "list", *router.flags],
            stdout=full,
            stderr=subprocess.PIPE,
            env=world.environment(),
            timeout=10,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"mindmeld: ") and done.stderr.count(b"\n") == 1


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
