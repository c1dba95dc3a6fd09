# SPDX-License-Identifier: MIT
"""A router without a domain: TLS by a key of its own, whose pin is in its URL and in tickets."""
from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from harness.program import Program
from harness.streams import ping
from harness.target import echo
from harness.world import World, listening

pytestmark = pytest.mark.needs_binary

FLAGS = ("--listen", "0.0.0.0:0", "--allow-anonymous")
ANOTHER_PIN = "AAECAwQFBgcICQoLDA0ODw"


def start_router(world: World, *flags: str, home: str | None = None) -> tuple[Program, str, str]:
    """A router with its address on this machine, and its pin."""
    extra = {} if home is None else {"XDG_STATE_HOME": str(world.folder / home)}
    program = world.start("router", *FLAGS, *flags, extra=extra)
    event = program.wait_event("listening")
    port = event["address"].rpartition(":")[2]
    url, _, pin = event["url"].partition("#")
    assert len(pin) == 22
    assert "--public-url" in flags or url.endswith(f":{port}")
    program.wait_line(f"others name it: --router {event['url']}")
    return program, f"https://127.0.0.1:{port}", pin


def key_file(world: World) -> Path:
    """Where the router keeps its key."""
    return world.folder / ".local/state/mindmeld/router-key.pem"


def test_its_url_and_its_tickets_lead_to_that_router_and_to_no_other(world: World) -> None:
    _, url, pin = start_router(world)
    web = world.target().serve(echo).port
    share = world.start("share", f"web={web}", "--router", f"{url}#{pin}")
    ticket = str(share.wait_event("sharing")["ticket"])
    assert ticket.endswith(f".{pin}")
    connect = world.start("connect", f"{ticket}=0", extra=world.another_user())
    ping(world.dial(listening(connect, "web")))
    assert world.run("list", "--router", f"{url}#{pin}").code == 0

    for wrong in (f"{url}#{ANOTHER_PIN}", url):
        refused = world.run("list", "--router", wrong)
        words = "another key than its pin" if "#" in wrong else "not trusted"
        refused.expect_refusal(5, url, words)
    stranger = world.run("connect", f"{ticket[:-22]}{ANOTHER_PIN}=-", "--no-wait")
    stranger.expect_refusal(5, "another key than its pin", "new ticket")


def test_the_key_is_made_once_and_is_the_users_alone(world: World) -> None:
    first, _, pin = start_router(world)
    path = key_file(world)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    first.kill()
    _, _, again = start_router(world)
    assert again == pin
    _, _, other = start_router(world, home="elsewhere")
    assert other != pin


def test_a_connection_outlives_a_restart_with_the_same_key(world: World) -> None:
    router, url, pin = start_router(world)
    web = world.target().serve(echo).port
    share = world.start("share", f"web={web}", "--router", f"{url}#{pin}")
    ticket = str(share.wait_event("sharing")["ticket"])
    connect = world.start("connect", f"{ticket}=0", extra=world.another_user())
    connection = world.dial(listening(connect, "web"))
    ping(connection)
    router.kill()
    port = url.rpartition(":")[2]
    world.start("router", "--listen", f"0.0.0.0:{port}", "--allow-anonymous")
    ping(connection)


def test_a_public_url_gets_the_pin_and_is_what_tickets_name(world: World) -> None:
    _, url, pin = start_router(world)
    port = url.rpartition(":")[2]
    _, own_url, same = start_router(world, "--public-url", f"https://localhost:{port}")
    assert same == pin
    share = world.start("share", "web=1", "--router", f"{own_url}#{pin}")
    ticket = str(share.wait_event("sharing")["ticket"])
    assert ticket.startswith(f"https://localhost:{port}/web#") and ticket.endswith(f".{pin}")


def test_a_key_that_is_none_or_that_others_can_read_is_refused(world: World) -> None:
    path = key_file(world)
    path.parent.mkdir(parents=True)
    path.write_text("no key\n", encoding="ascii")
    path.chmod(0o600)
    world.run("router", *FLAGS).expect_refusal(2, str(path), "no PEM private key")
    path.chmod(0o644)
    world.run("router", *FLAGS).expect_refusal(2, str(path), "chmod 600")


def test_what_it_shows_tells_nothing_of_the_machine(world: World) -> None:
    _, url, _ = start_router(world)
    port = int(url.rpartition(":")[2])
    pem = ssl.get_server_certificate(("127.0.0.1", port))
    der = ssl.PEM_cert_to_DER_cert(pem)
    assert b"mindmeld router" in der
    assert world.folder.name.encode() not in der
