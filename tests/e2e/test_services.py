# SPDX-License-Identifier: MIT
"""share and connect as people use them: several services, names, ports, waiting, lists, files."""
from __future__ import annotations

import os
import re
import signal
import socket
import stat
from collections.abc import Callable

import pytest
from harness.streams import (
    RESET,
    Payload,
    Received,
    dial_and_drain,
    drain,
    finish,
    ping,
    receive_exactly,
    send_and_finish,
)
from harness.target import echo
from harness.world import USER, Router, World, listening

pytestmark = pytest.mark.needs_binary


def speak(word: bytes) -> Callable[[socket.socket], None]:
    """A server that says its word to everybody, and ends."""

    def say(connection: socket.socket) -> None:
        connection.sendall(word)
        finish(connection)
        drain(connection)

    return say


def heard_at(world: World, address: str) -> bytes:
    """What the server behind `address` says."""
    connection = world.dial(address)
    word = receive_exactly(connection, 3)
    finish(connection)
    return word


def test_one_share_offers_several_services_and_one_connect_opens_them(
    world: World, router: Router
) -> None:
    words = {"one": b"111", "two": b"222", "six": b"666"}
    targets = {name: world.target().serve(speak(word)) for name, word in words.items()}
    world.share(router, *(f"{name}={target.port}" for name, target in targets.items()))
    connect = world.connect(router, *(f"{name}=0" for name in words))
    for name, word in words.items():
        assert heard_at(world, listening(connect, name)) == word


def test_a_connect_listens_on_both_loopback_addresses(world: World, router: Router) -> None:
    world.share(router, f"web={world.target().serve(speak(b'abc')).port}")
    connect = world.connect(router, "web=0")
    v4, v6 = listening(connect, "web"), listening(connect, "web", host="::1")
    assert v4.rpartition(":")[2] == v6.rpartition(":")[2]
    assert heard_at(world, v4) == heard_at(world, v6) == b"abc"


@pytest.mark.parametrize("place", ["127.0.0.1", "::1"])
def test_a_bare_port_reaches_a_server_on_either_loopback_address(
    world: World, router: Router, place: str
) -> None:
    target = world.target(place).serve(speak(b"abc"))
    world.share(router, f"web={target.port}", f"localhost=localhost:{target.port}")
    connect = world.connect(router, "web=0", "localhost=0")
    assert heard_at(world, listening(connect, "web")) == b"abc"
    assert heard_at(world, listening(connect, "localhost")) == b"abc"


def test_a_unix_target_and_a_unix_listener_carry_bytes_and_ends(
    world: World, router: Router
) -> None:
    target = world.target(f"unix:{world.folder}/target").serve(echo)
    world.share(router, f"web={target.address}")
    path = f"unix:{world.folder}/listener"
    address = listening(world.connect(router, f"web={path}"), "web")
    assert address == path
    connection = world.dial(address)
    payload = Payload(300_000)
    sending = world.background(send_and_finish, connection, payload)
    assert drain(connection) == Received.all_of(payload)
    sending.result()


def test_a_unix_listener_is_for_this_user_alone_and_gone_at_the_end(
    world: World, router: Router
) -> None:
    path = world.folder / "listener"
    for _ in range(2):
        connect = world.connect(router, f"web=unix:{path}")
        listening(connect, "web")
        assert stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0
        connect.send_signal(signal.SIGTERM)
        assert connect.wait_exit() == 0
        assert not path.exists()


# ---- names and ports


def test_a_share_without_a_name_makes_one_up_and_numbers_the_next_of_another_user(
    world: World, router: Router
) -> None:
    target = world.target().serve(speak(b"abc"))
    expected = re.sub("[^a-z0-9._-]", "-", USER.lower()) + f"-{target.port}"
    names = []
    for _ in range(3):
        user = world.another_user()
        share = world.start("share", str(target.port), *router.flags, extra=user)
        names.append(share.wait_event("sharing")["name"])
    assert names == [expected, f"{expected}-2", f"{expected}-3"]
    connect = world.connect(router, f"{names[2]}=0", extra=user)
    assert heard_at(world, listening(connect, names[2])) == b"abc"


def test_connect_opens_the_targets_own_port_number(world: World, router: Router) -> None:
    target = world.target("127.0.0.2").serve(speak(b"abc"))
    world.share(router, f"web={target.address}")
    address = listening(world.connect(router, "web"), "web")
    assert address == f"127.0.0.1:{target.port}"
    assert heard_at(world, address) == b"abc"


def test_connect_says_that_a_port_of_root_is_not_the_targets_own(
    world: World, router: Router
) -> None:
    world.share(router, "web=80")
    connect = world.connect(router, "web")
    listening(connect, "web")
    connect.wait_line("gets another port than its own, 80: ports below 1024 are for root")


def test_services_are_there_in_the_order_in_which_they_were_given(
    world: World, router: Router
) -> None:
    names = ["d", "c", "b", "a"]
    share = world.share(router, *(f"{name}=3000" for name in names))
    assert [service["name"] for service in world.services(router)] == names
    assert share.is_running()


def test_connect_opens_another_port_where_that_number_is_taken_and_says_so(
    world: World, router: Router
) -> None:
    target = world.target().serve(speak(b"abc"))
    world.share(router, f"web={target.port}")
    connect = world.connect(router, "web")
    address = listening(connect, "web")
    assert address != target.address
    assert heard_at(world, address) == b"abc"
    connect.wait_line(str(target.port))


# ---- waiting


def test_a_connect_that_starts_before_its_share_waits_for_it(world: World, router: Router) -> None:
    world.share(router, "other=3000")
    connect = world.connect(router, "web")
    said = connect.wait_line("web")
    assert "other" in said or connect.wait_line("other")
    target = world.target("127.0.0.2").serve(speak(b"abc"))
    world.share(router, f"web={target.address}")
    assert heard_at(world, listening(connect, "web")) == b"abc"


def test_a_connection_made_before_the_share_is_there_is_held(world: World, router: Router) -> None:
    connect = world.connect(router, "web=0")
    early = world.dial(listening(connect, "web"))
    early.sendall(b"early")
    target = world.target()
    world.share(router, f"web={target.port}")
    assert receive_exactly(target.accept(), 5) == b"early"


def test_a_held_connection_is_reset_after_the_hold(world: World, router: Router) -> None:
    connect = world.connect(router, "web=0", "--hold", "1s")
    assert dial_and_drain(listening(connect, "web")).end == RESET


def test_share_and_connect_wait_for_a_router_that_is_not_there_yet(world: World) -> None:
    place = world.dead_address()
    flags = ("--router", f"http://{place.address}")
    target = world.target().serve(echo)
    share = world.start("share", f"web={target.port}", *flags)
    connect = world.start("connect", "web=0", *flags)
    share.wait_event("router", state="offline")
    place.close()
    world.router(listen=place.address)
    share.wait_event("sharing", name="web")
    ping(world.dial(listening(connect, "web")))


def test_share_registers_again_and_connect_goes_on_after_a_router_restart(world: World) -> None:
    router = world.router()
    target = world.target().serve(echo)
    share = world.share(router, f"web={target.port}")
    connect = world.connect(router, "web=0")
    address = listening(connect, "web")
    ping(world.dial(address))
    share.wait_event("router", state="online")
    router.program.kill()
    share.wait_event("router", state="offline")
    world.router(listen=router.address)
    share.wait_event("router", state="online")
    ping(world.dial(address))


def test_a_share_starts_before_its_target_and_says_that_it_is_down(
    world: World, router: Router
) -> None:
    dead = world.dead_address()
    world.share(router, f"web={dead.port}").wait_line(f"nothing listens at .*{dead.port}")


def test_a_target_is_dialled_for_a_connection_and_for_nothing_else(
    world: World, router: Router
) -> None:
    """A server that serves once (`nc -l`, `iperf3 -s -1`) must not be used up by a look at it."""
    target = world.target()
    world.share(router, f"web={target.port}")
    client = world.dial(listening(world.connect(router, "web=0"), "web"))
    client.sendall(b"hello")
    assert target.accept().recv(100) == b"hello"


def test_a_name_is_free_again_as_soon_as_its_share_ends(world: World, router: Router) -> None:
    for _ in range(3):
        share = world.share(router, "web=3000")
        share.send_signal(signal.SIGTERM)
        assert share.wait_exit() == 0


# ---- list


def test_an_empty_router_says_that_it_is_empty(world: World, router: Router) -> None:
    listed = world.run("list", *router.flags)
    assert listed.code == 0
    assert "no service" in (listed.stdout + listed.stderr).lower()
    assert world.run("list", "--json", *router.flags).stdout == '{"services":[]}\n'


def test_the_list_is_an_aligned_table_newest_last(world: World, router: Router) -> None:
    for name in ("zebra", "a-rather-long-name", "mid"):
        world.share(router, f"{name}=3000")
    header, *rows = world.run("list", *router.flags).stdout.splitlines()
    assert header.lower().split() == ["name", "kind", "owner", "since", "connections", "bytes"]
    assert [row.split()[0] for row in rows] == ["zebra", "a-rather-long-name", "mid"]
    kind = header.lower().index("kind")
    assert [row[kind:].split()[0] for row in rows] == ["tcp"] * 3


def test_the_list_counts_open_connections_and_bytes(world: World, router: Router) -> None:
    target = world.target().serve(echo)
    world.share(router, f"web={target.port}")
    address = listening(world.connect(router, "web=0"), "web")
    connections = [world.dial(address) for _ in range(3)]
    for connection in connections:
        ping(connection, b"x" * 10_000)
    (service,) = world.services(router)
    assert service["name"] == "web" and service["kind"] == "tcp"
    assert service["connections"] == 3
    assert service["bytes"] >= 60_000
    assert service["owner"].startswith(f"{USER}@")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", service["create_time"])


# ---- events, help, files


def test_both_ends_tell_of_a_connection_with_its_bytes(world: World, router: Router) -> None:
    target = world.target().serve(echo)
    share = world.share(router, f"web={target.port}")
    connect = world.connect(router, "web=0")
    connection = world.dial(listening(connect, "web"))
    ping(connection, b"x" * 1000)
    for program in (share, connect):
        opened = program.wait_event("connection", state="open", service="web")
        assert re.fullmatch("[0-9a-f]{8}", opened["id"])
    finish(connection)
    assert drain(connection).size == 0
    ids = set()
    for program in (share, connect):
        closed = program.wait_event("connection", state="closed", service="web", why="done")
        assert (closed["up_bytes"], closed["down_bytes"]) == (1000, 1000)
        ids.add(closed["id"])
    assert len(ids) == 1, "the two ends name one connection differently"


@pytest.mark.parametrize("command", [[], ["router"], ["share"], ["connect"], ["list"]], ids=str)
def test_help_fits_a_terminal(world: World, command: list[str]) -> None:
    told = world.run(*command, "--help")
    assert told.code == 0 and told.stderr == ""
    assert max(map(len, told.stdout.splitlines())) <= 100
    assert "usage" in told.stdout.lower()
    assert len(told.stdout.splitlines()) <= 60


def test_version_is_one_line(world: World) -> None:
    assert re.fullmatch(r"mindmeld \d+\.\d+\.\d+.*\n", world.run("--version").stdout)


def test_one_configuration_file_serves_all_commands(world: World, router: Router) -> None:
    target = world.target().serve(speak(b"abc"))
    file = world.folder / "all.json"
    file.write_text(
        f"""{{
          // the router of this test
          "router": "http://{router.address}",
          "share": {{ "web": {target.port}, "db": {{ "target": "127.0.0.1:{target.port}" }} }},
          "connect": {{ "web": "127.0.0.1:0", "db": {{ "listen": 0 }} }}
        }}""",
        encoding="ascii",
    )
    share = world.start("share", "--config", str(file))
    for name in ("web", "db"):
        share.wait_event("sharing", name=name)
    connect = world.start("connect", extra={"MINDMELD_CONFIG": str(file)})
    for name in ("web", "db"):
        assert heard_at(world, listening(connect, name)) == b"abc"


def test_a_flag_wins_over_the_environment_and_that_over_the_file(
    world: World, router: Router
) -> None:
    file = world.folder / "config.json"
    file.write_text('{"router": "http://127.0.0.1:1"}', encoding="ascii")
    config = ("--config", str(file))
    right = {"MINDMELD_ROUTER": f"http://{router.address}"}
    wrong = {"MINDMELD_ROUTER": "http://127.0.0.1:1"}
    assert world.run("list", *config).code == 5
    assert world.run("list", *config, extra=right).code == 0
    assert world.run("list", *config, *router.flags, extra=wrong).code == 0


def test_a_file_in_a_cloned_repository_cannot_name_a_router(world: World) -> None:
    (world.folder / "mindmeld.json").write_text('{"router": "http://127.0.0.1:1"}')
    world.run("list").expect_refusal(2, "router", "mindmeld.json")
