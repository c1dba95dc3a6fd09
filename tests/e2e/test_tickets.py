# SPDX-License-Identifier: MIT
"""Who can use a shared service: tickets, and the keyrings that hold them."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness.program import Program
from harness.streams import RESET, drain, ping, wait_broken
from harness.target import echo
from harness.world import Router, World, listening

pytestmark = pytest.mark.needs_binary

BOB = ("--ticket", "bob")


@pytest.fixture
def web(world: World) -> str:
    """What is shared: an echo server, as NAME=TARGET."""
    return f"web={world.target().serve(echo).port}"


def start_share(world: World, router: Router, *arguments: str) -> tuple[Program, str]:
    """A share, and the ticket that it prints."""
    share = world.start("share", *arguments, *router.flags)
    return share, str(share.wait_event("sharing")["ticket"])


def connect_by(world: World, ticket: str, *flags: str, user: dict[str, str] | None = None) -> str:
    """The address that another user's connect opens for this ticket."""
    extra = world.another_user() if user is None else user
    return listening(world.start("connect", f"{ticket}=0", *flags, extra=extra), "web")


def expect_denied(world: World, *arguments: str, extra: dict[str, str], words: str) -> None:
    """One connection through standard input and output is refused, in words."""
    refused = world.run("connect", *arguments, stdin=b"hello", extra=extra)
    refused.expect_refusal(3, words)
    assert refused.stdout == ""


# ---- who may


def test_a_ticket_opens_the_service_to_another_user_and_a_bare_name_to_its_own(
    world: World, router: Router, web: str
) -> None:
    _, ticket = start_share(world, router, web)
    ping(world.dial(connect_by(world, ticket)))
    ping(world.dial(listening(world.connect(router, "web=0"), "web")))


def test_a_bare_name_does_not_open_another_users_service(
    world: World, router: Router, web: str
) -> None:
    start_share(world, router, web)
    expect_denied(
        world, "web=-", *router.flags, extra=world.another_user(), words="ask them for a ticket"
    )


def test_applications_see_a_reset_and_people_one_line_where_a_ticket_is_no_good(
    world: World, router: Router, web: str
) -> None:
    share, ticket = start_share(world, router, web)
    wrong = ticket[:-43] + ("A" if ticket[-43] != "A" else "B") + ticket[-42:]
    connect = world.start("connect", f"{wrong}=0", extra=world.another_user())
    address = listening(connect, "web")
    for _ in range(3):
        wait_broken(world.dial(address))
    connect.wait_event("error", code="not_allowed")
    assert connect.stderr_text().count('this ticket does not open "web"') == 1
    share.wait_line("somebody tried to connect to web with a ticket that is not good")
    assert not [event for event in share.events_left() if event["event"] == "connection"]


def test_a_target_is_not_dialled_for_who_has_no_ticket(world: World, router: Router) -> None:
    hole = world.black_hole()
    start_share(world, router, f"web={hole.address}")
    expect_denied(world, "web=-", *router.flags, extra=world.another_user(), words="ticket")
    assert not hole.is_dialled()


def test_each_guest_has_a_ticket_and_events_say_whose_it_was(
    world: World, router: Router, web: str
) -> None:
    share = world.start("share", web, *BOB, "--ticket", "carol", *router.flags)
    bobs = share.wait_event("sharing", guest="bob")["ticket"]
    carols = share.wait_event("sharing", guest="carol")["ticket"]
    assert bobs != carols
    share.wait_line(re.escape(f"bob runs: mindmeld connect '{bobs}'"))
    ping(world.dial(connect_by(world, carols)))
    share.wait_event("connection", state="open", guest="carol")


def test_a_made_up_name_has_tickets_without_a_date(world: World, router: Router) -> None:
    share = world.start("share", "3000", *BOB, *router.flags)
    share.wait_line(r"bob runs: mindmeld connect '\S+'$")


def test_a_new_ticket_cuts_what_the_old_one_had_opened(
    world: World, router: Router, web: str
) -> None:
    first, old = start_share(world, router, web)
    guest = world.dial(connect_by(world, old))
    ping(guest)
    first.expected_exit = 8  # its name goes to the second one
    _, new = start_share(world, router, web, "--new-ticket")
    assert new != old
    assert drain(guest).end == RESET
    ping(world.dial(connect_by(world, new)))
    expect_denied(world, f"{old}=-", extra=world.another_user(), words="does not open")


def test_a_guest_who_is_taken_out_of_the_keyring_is_cut_and_the_others_are_not(
    world: World, router: Router, web: str
) -> None:
    share = world.start("share", web, *BOB, "--ticket", "carol", *router.flags)
    tickets = [str(share.wait_event("sharing", guest=guest)["ticket"]) for guest in ("bob", "carol")]
    bob, carol = (world.dial(connect_by(world, ticket)) for ticket in tickets)
    ping(bob)
    ping(carol)
    keyring = world.folder / ".config/mindmeld/keyring"
    lines = keyring.read_text(encoding="ascii").splitlines(keepends=True)
    keyring.write_text("".join(line for line in lines if " bob " not in line), encoding="ascii")
    assert drain(bob).end == RESET
    ping(carol)
    expect_denied(world, f"{tickets[0]}=-", extra=world.another_user(), words="does not open")


def test_a_ticket_that_has_expired_opens_nothing_and_the_next_start_makes_another(
    world: World, router: Router, web: str
) -> None:
    share, old = start_share(world, router, web)
    ping(world.dial(connect_by(world, old)))
    keyring = world.folder / ".config/mindmeld/keyring"
    text = keyring.read_text(encoding="ascii")
    expired = re.sub(r"(ticket web - \d+) \d+", r"\1 1000", text)
    assert expired != text
    keyring.write_text(expired, encoding="ascii")
    share.until(
        lambda: world.run("connect", f"{old}=-", extra=world.another_user()).code == 3,
        "the expiry is noticed",
    )
    share.send_signal(15)
    share.wait_exit()
    _, new = start_share(world, router, web)
    assert new != old
    ping(world.dial(connect_by(world, new)))


def test_a_share_with_another_key_gets_nothing_although_it_has_the_name(
    world: World, router: Router, web: str
) -> None:
    first, ticket = start_share(world, router, web)
    first.send_signal(15)
    first.wait_exit()
    thief = world.target()
    stolen = world.start("share", f"web={thief.port}", *router.flags, extra=world.another_user())
    stolen.wait_event("sharing")
    refused = world.run("connect", f"{ticket}=-", stdin=b"secret", extra=world.another_user())
    refused.expect_refusal(3, "another key")


def test_without_encryption_both_sides_have_to_say_so(
    world: World, router: Router, web: str
) -> None:
    share = world.start("share", web, "--no-e2e", *router.flags)
    assert "ticket" not in share.wait_event("sharing")
    ping(world.dial(listening(world.connect(router, "web=0", "--no-e2e"), "web")))
    refused = world.run("connect", "web=-", *router.flags)
    refused.expect_refusal(3, "does not encrypt end to end")
    other, ticket = start_share(world, router, web.replace("web", "sealed"))
    assert ticket
    refused = world.run("connect", "sealed=-", "--no-e2e", *router.flags)
    refused.expect_refusal(3, "--no-e2e")
    assert other.is_running()


def test_a_share_that_can_keep_no_keyring_opens_by_its_ticket_alone(
    world: World, router: Router, web: str
) -> None:
    homeless = {"MINDMELD_KEYRING": "/proc/nowhere/keyring"}
    share = world.start("share", web, *router.flags, extra=homeless)
    ticket = str(share.wait_event("sharing")["ticket"])
    share.wait_line("after a restart this share cannot take over its own name, and its tickets end")
    share.wait_line(re.escape(f"connect '{ticket}'"))
    ping(world.dial(connect_by(world, ticket, user=homeless)))
    without = world.run("connect", "web=-", *router.flags, extra=homeless)
    assert without.code == 2
    assert "needs a ticket" in without.stderr


# ---- where tickets come from


def test_a_ticket_names_the_routers_public_url_where_the_share_is_beside_it(world: World) -> None:
    router = world.router("--public-url", "https://relay.example.com")
    share, ticket = start_share(world, router, "web=3000")
    assert ticket.startswith("https://relay.example.com/web#")
    share.wait_line(re.escape(f"a colleague runs: mindmeld connect '{ticket}'"))
    world.run("router", "--public-url", "ftp://x").expect_refusal(2, "--public-url", "ftp://")


def test_a_ticket_is_kept_after_its_first_use_and_then_the_name_is_enough(
    world: World, router: Router, web: str
) -> None:
    _, ticket = start_share(world, router, web)
    bob = world.another_user()
    assert world.run("connect", "web=-", extra=bob | {"MINDMELD_ROUTER": router.flags[1]}).code == 3
    assert world.run("connect", f"{ticket}=-", stdin=b"hi", extra=bob).stdout == "hi"
    later = world.run("connect", "web=-", stdin=b"hi", extra=bob)
    assert later.stdout == "hi", later
    assert "by the ticket for" in later.stderr


def test_a_connect_that_cannot_keep_its_ticket_says_so_and_goes_on(
    world: World, router: Router, web: str
) -> None:
    _, ticket = start_share(world, router, web)
    bob = world.another_user()
    connect = world.start("connect", f"{ticket}=0", extra=bob)
    address = listening(connect, "web")
    keyring = Path(bob["MINDMELD_KEYRING"])
    keyring.unlink(missing_ok=True)
    keyring.mkdir()  # no file can take its place
    ping(world.dial(address))
    connect.wait_line(f"{keyring}.*: the ticket is not kept")
    ping(world.dial(address))


def test_a_ticket_is_not_kept_where_that_is_not_wanted(
    world: World, router: Router, web: str
) -> None:
    _, ticket = start_share(world, router, web)
    bob = world.another_user()
    assert world.run("connect", f"{ticket}=-", "--no-save", stdin=b"hi", extra=bob).stdout == "hi"
    assert "kept" not in Path(bob["MINDMELD_KEYRING"]).read_text(encoding="ascii")


def test_no_secret_is_in_the_process_list_nor_in_a_log(
    world: World, router: Router, web: str
) -> None:
    share, ticket = start_share(world, router, web)
    secret = ticket.partition("#")[2]
    trace = {"MINDMELD_LOG": "trace"} | world.another_user()
    connect = world.start("connect", f"{ticket}=0", "-vv", extra=trace)
    ping(world.dial(listening(connect, "web")))
    for process in (connect, share, router.program):
        command = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert secret.encode() not in command
    shown = [line for line in share.stderr_text().splitlines() if "connect '" not in line]
    assert secret not in connect.stderr_text() + "".join(shown) + router.program.stderr_text()
    keyring = (world.folder / ".config/mindmeld/keyring").read_text(encoding="ascii")
    for line in keyring.splitlines():
        if line.startswith(("key ", "ticket ")):
            kept = line.split()[-1]
            assert kept not in connect.stderr_text() + share.stderr_text()
