# SPDX-License-Identifier: MIT
"""Routers that know people: what a pass admits to, every way to give one, and how it ends."""
from __future__ import annotations

import json
import signal
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from harness.certificates import Certificates
from harness.foreign import Stubs
from harness.people import People, written
from harness.program import Program
from harness.recorder import Recorder
from harness.streams import RESET, drain, ping
from harness.target import echo
from harness.world import Finished, Router, World, listening

pytestmark = pytest.mark.needs_binary

NOT_VALID = "this pass is not valid here"
WANTS_PASS = "this router lets in who has a pass"


@pytest.fixture
def people(world: World) -> People:
    """An auth file that lists nobody yet."""
    return People(world)


@pytest.fixture
def router(world: World, people: People) -> Router:
    """A router that asks who somebody is."""
    return world.router(*people.flags)


@pytest.fixture
def web(world: World) -> str:
    """What is shared: an echo server, as NAME=TARGET."""
    return f"web={world.target().serve(echo).port}"


def listed(world: World, router: Router, *flags: str, **extra: str) -> Finished:
    """`mindmeld list`, with a credential in one of the ways."""
    return world.run("list", "--json", *router.flags, *flags, extra=extra)


def share_web(
    world: World, router: Router, web: str, *flags: str, expected_exit: int = 0
) -> tuple[Program, str]:
    """A share, and its ticket."""
    share = world.start("share", web, *router.flags, *flags, expected_exit=expected_exit)
    return share, str(share.wait_event("sharing")["ticket"])


def connect_web(world: World, router: Router, *arguments: str, **options: object) -> Program:
    """Another user's connect."""
    extra = world.another_user()
    return world.start("connect", *arguments, *router.flags, extra=extra, **options)


# ---- every way to give a pass, with what is good and what is not


def given(way: str, text: str, world: World, people: People, router: Router) -> Finished:
    """`mindmeld list` with this text as the pass."""
    if way == "flag":
        return listed(world, router, *people.pass_file(text))
    if way == "variable":
        return listed(world, router, MINDMELD_PASS=text)
    if way == "file variable":
        return listed(world, router, MINDMELD_PASS_FILE=people.pass_file(text)[1])
    holder = people.pass_file(text)[1]
    config = {"router": router.flags[1], "pass_file": holder}
    path = written(world.folder / "config.json", json.dumps(config), 0o644)
    return world.run("list", "--json", "--config", str(path))


WAYS = pytest.mark.parametrize("way", ["flag", "variable", "file variable", "configuration"])


@WAYS
def test_a_pass_admits_in_every_way_to_give_one_and_nothing_else_does(
    world: World, people: People, router: Router, way: str
) -> None:
    # What follows is read by the router before it is asked: each file is another one.
    good = people.make("ann").stdout.strip()
    expired = people.add("eve", expires="2020-01-01")
    revoked = people.add("bob")
    people.take_out("bob")
    assert "ann" not in people.path.read_text(encoding="utf-8")  # written anew, without her
    good = people.add("ann", good[-43:])
    router.program.send_signal(signal.SIGHUP)
    router.program.wait_line("router.people")

    assert given(way, good, world, people, router).code == 0
    for bad in (good[:-1] + "_", good[:-1], "mm_ann_", "nonsense", expired, revoked):
        given(way, bad, world, people, router).expect_refusal(3, router.flags[1], NOT_VALID)
    empty = given(way, "", world, people, router)
    empty.expect_refusal(2, "empty")


def test_a_command_that_ends_by_itself_shows_no_secret_at_any_level(
    world: World, people: People, web: str
) -> None:
    """Whatever runs longer logs at the same level in every test, and is looked at in each."""
    traced = {"MINDMELD_LOG": "trace"}
    ann = people.pass_file(people.add("ann"))
    router = world.router(*people.flags)
    _, ticket = share_web(world, router, web, *ann)
    for command in (("list", *router.flags, *ann), ("doctor", *router.flags, *ann)):
        done = world.run(*command, extra=traced)  # which looks for what opens something
        assert done.code == 0 and " debug " in done.stderr
    guest = traced | world.another_user()
    assert world.run("connect", f"{ticket}=-", stdin=b"x", extra=guest).code == 0
    wrong = people.pass_file("mm_ann_" + "B" * 43)
    assert world.run("list", *router.flags, *wrong, extra=traced).code == 3


def test_without_a_pass_each_command_says_how_to_give_one(
    world: World, router: Router, web: str
) -> None:
    listed(world, router).expect_refusal(3, WANTS_PASS, "--pass-file")
    world.run("share", web, *router.flags).expect_refusal(3, WANTS_PASS)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_pass_that_others_can_read_is_not_used(
    world: World, people: People, router: Router, mode: int
) -> None:
    flags = people.pass_file(people.add("ann"), mode)
    listed(world, router, *flags).expect_refusal(2, "others can read it", "chmod 600")


def test_a_pass_is_not_sent_in_clear_to_where_others_could_listen(
    world: World, people: People
) -> None:
    flags = people.pass_file(people.add("ann"))
    refused = world.run("list", "--router", "http://192.0.2.1:1", *flags)
    refused.expect_refusal(2, "in clear", "--plaintext")


# ---- to whom a pass is sent


@pytest.mark.parametrize("asks_own", [True, False])
def test_the_pass_of_a_file_is_for_the_router_of_that_file_alone(
    world: World, people: People, stubs: Stubs, asks_own: bool
) -> None:
    text = people.add("ann")
    own, other = world.owned(Recorder(stubs)), world.owned(Recorder(stubs))
    config = {"router": own.url, "pass_file": people.pass_file(text)[1]}
    path = written(world.folder / "config.json", json.dumps(config), 0o644)
    asked = own if asks_own else other
    done = world.run("list", "--config", str(path), "--router", asked.url)
    assert done.code == 0
    assert ("asked without one" in done.stderr) is not asks_own
    asked.wait("ListServices")
    assert asked.shown("mindmeld-auth") == ({f"person {text}"} if asks_own else set())
    assert asked.has_seen(text) is asks_own


def test_a_pass_of_the_command_line_is_not_for_a_router_of_the_file(
    world: World, people: People
) -> None:
    path = written(world.folder / "config.json", '{"router": "http://127.0.0.1:1"}', 0o644)
    text = people.add("ann")
    for flags, extra in ((people.pass_file(text), {}), ((), {"MINDMELD_PASS": text})):
        refused = world.run("list", "--config", str(path), *flags, extra=extra)
        refused.expect_refusal(2, "config.json", "add --router")


def test_a_mindmeld_json_of_somebody_elses_gets_no_pass(world: World, people: People) -> None:
    text = people.add("ann")
    folder = world.folder / "cloned"
    folder.mkdir()
    for hostile in ({"router": "http://127.0.0.1:1"}, {"pass_file": "/etc/passwd"}):
        (folder / "mindmeld.json").write_text(json.dumps(hostile), encoding="ascii")
        refused = world.run("list", folder=folder, extra={"MINDMELD_PASS": text})
        refused.expect_refusal(2, "mindmeld.json", "must not")


def test_a_ticket_that_names_another_router_gets_neither_the_pass_nor_the_identity(
    world: World, people: People, stubs: Stubs, certificates: Certificates
) -> None:
    text = people.add("ann")
    own, hostile = (world.owned(Recorder(stubs, certificates)) for _ in range(2))
    token = "token-of-the-platform"
    flags = (*own.flags, *people.pass_file(text), "--identity-command", f"echo {token}")
    connect = world.start("connect", "db=0", f"{hostile.url}/web#{'A' * 43}=0", *flags)
    for service, recorder in (("db", own), ("web", hostile)):
        world.dial(listening(connect, service))
        recorder.wait("ForwardToService", "ListServices", "ProxyConnection")
    assert own.shown("mindmeld-auth") == {f"person {text}"}
    assert own.shown("authorization") == {f"Bearer {token}"}
    (shown,) = hostile.shown("mindmeld-auth")
    assert shown.startswith("ticket ")
    assert not hostile.shown("authorization")
    assert not hostile.has_seen(text[-43:]) and not hostile.has_seen(token)


# ---- what a pass admits to


def test_people_share_connect_and_list_as_far_as_their_verbs_and_names_go(
    world: World, people: People, router: Router, web: str
) -> None:
    ann = people.pass_file(people.add("ann"))
    bob = people.pass_file(people.add("bob", verbs=["connect"], names=["w*"]))
    router.program.send_signal(signal.SIGHUP)
    router.program.wait_line("count=2")
    world.share(router, web, flags=(*ann, "--no-e2e"))
    shown = json.loads(listed(world, router, *ann).stdout)["services"]
    assert [(service["name"], service["owner"]) for service in shown] == [("web", "ann")]
    connect = world.start("connect", "web=0", *router.flags, *bob, "--no-e2e")
    ping(world.dial(listening(connect, "web")))
    listed(world, router, *bob).expect_refusal(3, "bob may not list")
    world.run("share", "w=1", *router.flags, *bob).expect_refusal(3, "bob may not share")
    other = world.run("connect", "db=-", *router.flags, *bob)
    other.expect_refusal(3, 'bob may not connect "db"')


def test_a_ticket_is_enough_for_its_service_on_a_router_that_admits_only_people(
    world: World, people: People, router: Router, web: str
) -> None:
    ann = people.pass_file(people.add("ann"))
    router.program.wait_line("router.people")
    share, ticket = share_web(world, router, web, *ann)
    ping(world.dial(listening(connect_web(world, router, f"{ticket}=0"), "web")))
    # Also by its name, on ann's own machines: her keyring is a ticket.
    ping(world.dial(listening(world.connect(router, "web=0"), "web")))
    wrong = ticket[:-43] + ("A" if ticket[-43] != "A" else "B") + ticket[-42:]
    stranger = connect_web(world, router, f"{wrong}=0")
    stranger.wait_line('waiting for service "web": no such service, or this ticket')
    nobody = connect_web(world, router, "web=0")
    nobody.wait_line('waiting for service "web": no such service, or this ticket')
    nothing = connect_web(world, router, "nothing=0")
    nothing.wait_line('waiting for service "nothing": no such service, or this ticket')
    assert not [event for event in share.events_left() if event.get("state") == "denied"]


def test_a_new_ticket_is_told_to_the_router_and_the_old_one_withdrawn(
    world: World, people: People, router: Router, web: str
) -> None:
    ann = people.pass_file(people.add("ann"))
    router.program.wait_line("router.people")
    first, old = share_web(world, router, web, *ann)
    keyring = world.folder / ".config/mindmeld/keyring"
    lines = keyring.read_text(encoding="ascii").splitlines(keepends=True)
    fresh = "".join(line for line in lines if not line.startswith("ticket "))
    guest = world.dial(listening(connect_web(world, router, f"{old}=0"), "web"))
    ping(guest)
    keyring.write_text(fresh, encoding="ascii")
    assert drain(guest).end == RESET
    stranger = connect_web(world, router, f"{old}=0")
    stranger.wait_line('waiting for service "web"')
    assert first.is_running()


def test_tickets_and_people_come_back_after_the_router_was_restarted(
    world: World, people: People, web: str
) -> None:
    ann = people.pass_file(people.add("ann"))
    first = world.router(*people.flags)
    _, ticket = share_web(world, first, web, *ann)
    connection = world.dial(listening(connect_web(world, first, f"{ticket}=0"), "web"))
    ping(connection)
    first.program.kill()
    world.router(*people.flags, listen=first.address)
    ping(connection)


# ---- how it ends


@pytest.mark.parametrize("by", ["signal", "change"])
def test_who_is_taken_out_loses_services_and_connections_at_once(
    world: World, people: People, router: Router, web: str, by: str
) -> None:
    ann = people.pass_file(people.add("ann"))
    bob = people.pass_file(people.add("bob"))
    router.program.send_signal(signal.SIGHUP)
    router.program.wait_line("count=2")
    world.share(router, web, flags=(*ann, "--no-e2e"))
    anns, ticket = share_web(world, router, web.replace("web", "more"), *bob, expected_exit=3)
    connect = world.start("connect", "web=0", *router.flags, *bob, "--no-e2e")
    bobs = world.dial(listening(connect, "web"))
    guest = world.dial(
        listening(connect_web(world, router, f"{ticket}=0"), "more"),
    )
    ping(bobs)
    ping(guest)

    people.take_out("bob")
    if by == "signal":
        router.program.send_signal(signal.SIGHUP)
    assert drain(bobs).end == RESET
    assert drain(guest).end == RESET
    assert anns.wait_exit() == 3
    anns.wait_event("error", code="not_allowed", where=lambda event: NOT_VALID in event["message"])
    shown = json.loads(listed(world, router, *ann).stdout)["services"]
    assert [service["name"] for service in shown] == ["web"]


def test_a_persons_time_ends_while_they_are_connected(
    world: World, people: People, router: Router, web: str
) -> None:
    ann = people.pass_file(people.add("ann"))
    bob = people.pass_file(people.add("bob"))
    router.program.send_signal(signal.SIGHUP)
    router.program.wait_line("count=2")
    world.share(router, web, flags=(*ann, "--no-e2e"))
    connect = world.start("connect", "web=0", *router.flags, *bob, "--no-e2e")
    bobs = world.dial(listening(connect, "web"))
    ping(bobs)
    end = datetime.now(timezone.utc) + timedelta(seconds=3)
    people.add("bob", expires=end.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert drain(bobs).end == RESET
    assert datetime.now(timezone.utc) >= end - timedelta(seconds=1)  # whole seconds are written
    listed(world, router, *bob).expect_refusal(3, NOT_VALID)


def test_an_auth_file_that_breaks_changes_nothing_and_is_told(
    world: World, people: People, router: Router
) -> None:
    ann = people.pass_file(people.add("ann"))
    router.program.wait_line("router.people")
    people.write('{"people": [\n{"id": "bob"}]}')
    told = router.program.wait_event("error", code="auth_file")
    assert told["message"].endswith(
        'people.json:2: "bob" needs the "sha256" of a pass: mindmeld router --auth-file FILE --new-pass ID makes it; those who might do something before still may'
    )
    assert listed(world, router, *ann).code == 0
    people.path.unlink()
    router.program.wait_event("error", code="auth_file")
    assert listed(world, router, *ann).code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "it does not exist"),
        ("", "not JSON"),
        ('{"people": [{"id": "ann"}]}', 'needs the "sha256"'),
        ('{"people": [{"id": "ann", "sha257": ""}]}', 'did you mean "sha256"'),
    ],
)
def test_a_router_does_not_start_with_an_auth_file_that_is_none(
    world: World, text: str | None, words: str
) -> None:
    path: Path = world.folder / "people.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    refused = world.run("router", "--listen", "127.0.0.1:0", "--auth-file", str(path))
    refused.expect_refusal(2, "people.json", words)


# ---- making a pass


def test_a_new_pass_is_printed_once_and_admits(world: World, people: People) -> None:
    people.path.unlink()
    made = people.make("ann")
    assert made.code == 0
    text = made.stdout.strip()
    assert made.stdout == f"{text}\n"
    assert text.startswith("mm_ann_") and len(text) == len("mm_ann_") + 43
    assert text not in made.stderr and text not in people.path.read_text(encoding="utf-8")
    more = people.make("bob", "--json")
    assert json.loads(more.stdout)["pass"].startswith("mm_bob_")
    people.make("ann").expect_refusal(2, "people.json", '"ann" already')
    people.make("A N").expect_refusal(2, "cannot be a person's id")
    router = world.router(*people.flags)
    assert listed(world, router, *people.pass_file(text)).code == 0


def test_a_new_pass_needs_a_file_to_put_its_hash_in(world: World) -> None:
    world.run("router", "--new-pass", "ann").expect_refusal(2, "--auth-file FILE")


def test_people_and_everybody_exclude_each_other(world: World, people: People) -> None:
    refused = world.run("router", *people.flags, "--allow-anonymous")
    refused.expect_refusal(2, "--auth-file", "--allow-anonymous", "exclude")


# ---- where a pass is not to be seen


def test_a_pass_is_in_no_environment_or_command_line_that_others_see(
    world: World, people: People, router: Router, web: str
) -> None:
    text = people.add("ann")
    router.program.wait_line("router.people")
    share = world.start("share", web, *router.flags, extra={"MINDMELD_PASS": text})
    share.wait_event("sharing")
    for file in ("environ", "cmdline"):
        assert text[-43:].encode() not in Path(f"/proc/{share.pid}/{file}").read_bytes()
