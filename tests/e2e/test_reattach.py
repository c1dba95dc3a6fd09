# SPDX-License-Identifier: MIT
"""Connections outlive what is between the two ends: R8-R11, R14 and R19, and R7 for 40 connections.

What takes long is in tests/soak: R3's crowd, R5, R7, R15, and R8, R10 and R11 with their real times.
"""
from __future__ import annotations

import signal
import socket
from collections.abc import Callable

import pytest
from harness.chaos import DOWN, UP
from harness.daemons import ssh_server
from harness.forward import Forward
from harness.streams import (
    RESET,
    Payload,
    Received,
    drain,
    finish,
    ping,
    receive_exactly,
    send_and_finish,
)
from harness.target import Target, echo
from harness.terminal import Terminal
from harness.world import Router, World, listening

pytestmark = pytest.mark.needs_binary

MIB = 1 << 20
PAYLOAD = Payload(48 * MIB)
AGAIN_BYTES_MOST = 16 * MIB  # sent once more after a cut: half of a largest window
STEPS = 8  # of a transfer, with a fault after each but the last


@pytest.fixture
def target(world: World) -> Target:
    """What is shared."""
    return world.target()


@pytest.fixture
def forward(world: World, target: Target) -> Forward:
    """A forward to it."""
    return Forward(world, target)


Fault = Callable[[Forward, int], None]
FAULTS: dict[str, Fault] = {
    "router killed": lambda forward, _: forward.restart_router(),
    "router stopped": lambda forward, _: forward.restart_router(signal.SIGTERM),
    "share's link": lambda forward, _: forward.share_link.cut(),
    "connect's link": lambda forward, _: forward.connect_link.cut(),
    "both links in turn": lambda forward, step: (
        (forward.share_link, forward.connect_link)[step % 2].cut(reset=step % 3 == 0)
    ),
}
every_fault = pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)


def most_carried(payload: Payload, cuts: int) -> int:
    """Bytes that its sender may have to give the network: it all with what is around it, and what
    was on its way at each cut, a window at most."""
    return int(payload.size * 1.01) + cuts * AGAIN_BYTES_MOST


def transfer(
    world: World,
    sender: socket.socket,
    receiver: socket.socket,
    between: Callable[[int], None],
) -> None:
    """All of the payload in steps, with something `between` them while it flows."""
    sending = world.background(send_and_finish, sender, PAYLOAD)
    received = bytearray()
    for step in range(STEPS):
        received += receive_exactly(receiver, PAYLOAD.size // STEPS)
        if step + 1 < STEPS:
            between(step)
    sending.result()
    assert bytes(received) == PAYLOAD.bytes()
    assert drain(receiver) == Received.nothing()


@every_fault
@pytest.mark.parametrize("direction", [UP, DOWN])
def test_a_transfer_does_not_notice(
    world: World, target: Target, forward: Forward, fault: Fault, direction: str
) -> None:
    client, server = world.dial(forward.address), target.accept()
    ends = (client, server) if direction == UP else (server, client)
    transfer(world, *ends, lambda step: fault(forward, step))
    ends[1].sendall(b"and back")
    finish(ends[1])
    assert receive_exactly(ends[0], 8) == b"and back"
    assert drain(ends[0]) == Received.nothing()
    link = forward.connect_link if direction == UP else forward.share_link
    assert link.carried[UP] <= most_carried(PAYLOAD, STEPS - 1)


@every_fault
def test_an_idle_connection_and_one_that_is_typed_into_do_not_notice(
    world: World, target: Target, forward: Forward, fault: Fault
) -> None:
    target.serve(echo)
    idle, typed = world.dial(forward.address), world.dial(forward.address)
    ping(idle)
    for step in range(3):
        ping(typed, b"before")
        fault(forward, step)
        ping(typed, b"after")
    ping(idle)


@every_fault
def test_an_interactive_ssh_session_that_is_typed_into_does_not_notice(
    world: World, fault: Fault
) -> None:
    server = world.owned(ssh_server(world.folder))
    forward = Forward(world, server)
    port = forward.address.rpartition(":")[2]
    terminal = world.owned(Terminal(server.shell_command(port)))
    for step in range(3):
        terminal.type(f'echo "before-$(({step} + 100))"\n')
        terminal.read_until(f"before-{step + 100}")
        terminal.type('echo "amid-$((')
        fault(forward, step)
        terminal.type(f'{step} + 200))"\n')
        terminal.read_until(f"amid-{step + 200}")
    terminal.type("exit\n")
    assert terminal.wait_exit(10) == 0


def test_the_router_is_told_lost_and_back_once_with_what_was_carried_over(
    world: World, target: Target, forward: Forward
) -> None:
    target.serve(echo)
    clients = [world.dial(forward.address) for _ in range(3)]
    for client in clients:
        ping(client)
    forward.router.program.kill()
    for program in (forward.share, forward.connect):
        offline = program.wait_event("router", state="offline")
        assert offline["connections"] == 3
        assert "the connection to the router at" in offline["why"]
    forward.router = world.router(listen=forward.router.address)
    for program in (forward.share, forward.connect):
        online = program.wait_event(
            "router", state="online", where=lambda event: "away_ms" in event
        )
        assert online["connections"] == 3
        assert online["away_ms"] >= 500
        program.wait_line("is there again after .* 3 connections go on")
    for client in clients:
        ping(client)
    for program in (forward.share, forward.connect):
        said = program.stderr_text()
        assert said.count("waiting for the router: ") == said.count("is there again after") == 1


def test_connections_that_are_made_while_the_router_is_away_wait_for_it(
    world: World, target: Target, forward: Forward
) -> None:
    target.serve(echo)
    ping(world.dial(forward.address))
    forward.router.program.kill()
    waiting = [world.dial(forward.address) for _ in range(5)]
    for connection in waiting:
        connection.sendall(b"early")
    forward.connect.wait_event("router", state="offline")
    forward.router = world.router(listen=forward.router.address)
    for connection in waiting:
        assert receive_exactly(connection, 5) == b"early"


def test_a_share_that_was_restarted_resets_what_its_ghost_had_and_serves_anew(
    world: World, target: Target, forward: Forward
) -> None:
    target.serve(echo)
    client = world.dial(forward.address)
    ping(client)
    forward.share.kill()
    link = ("--router", f"http://{forward.share_link.address}")
    world.start("share", f"web={target.address}", *link).wait_event("sharing")
    assert drain(client) == Received.nothing(RESET)
    ping(world.dial(forward.address))


def test_after_the_grace_both_sockets_are_reset(world: World, target: Target) -> None:
    forward = Forward(world, target, "--grace", "1s")
    client, server = world.dial(forward.address), target.accept()
    client.sendall(b"x")
    assert receive_exactly(server, 1) == b"x"
    forward.share_link.black_hole(UP, DOWN)
    forward.share_link.cut()
    assert drain(client) == drain(server) == Received.nothing(RESET)


@pytest.mark.parametrize("directions", [(UP,), (DOWN,), (UP, DOWN)], ids=" and ".join)
def test_a_partition_shorter_than_the_grace_only_delays(
    world: World, target: Target, forward: Forward, directions: tuple[str, ...]
) -> None:
    target.serve(echo)
    client = world.dial(forward.address)
    ping(client)
    forward.connect_link.black_hole(*directions)
    client.sendall(b"late")
    dialled = forward.connect_link.accepted
    forward.connect_link.cut()  # what a network does with a connection that it forgot
    forward.connect.until(lambda: forward.connect_link.accepted > dialled, "it dials again")
    forward.connect_link.black_hole()
    forward.connect_link.cut()
    assert receive_exactly(client, 4) == b"late"


def test_a_router_that_was_stopped_for_a_while_goes_on_with_everything(
    world: World, target: Target, forward: Forward
) -> None:
    target.serve(echo)
    client = world.dial(forward.address)
    ping(client)
    forward.router.program.send_signal(signal.SIGSTOP)
    client.sendall(b"held")
    forward.router.program.send_signal(signal.SIGCONT)
    assert receive_exactly(client, 4) == b"held"


def test_a_router_that_was_stopped_and_replaced_changes_nothing_when_it_goes_on(
    world: World, target: Target, forward: Forward
) -> None:
    """R11: what it held of the connections is no longer of any of them."""
    target.serve(echo)
    client = world.dial(forward.address)
    ping(client)
    stopped = forward.router.program
    stopped.send_signal(signal.SIGSTOP)
    client.sendall(b"held")
    next_router = world.router()
    for link in (forward.share_link, forward.connect_link):
        link.upstream = next_router.address
        link.cut()
    assert receive_exactly(client, 4) == b"held"
    stopped.send_signal(signal.SIGCONT)
    stopped.wait_line("bridge.closed")
    ping(client)
    finish(client)
    assert drain(client) == Received.nothing()


def test_the_newest_share_of_a_user_has_the_name_and_the_older_keeps_its_connections(
    world: World, target: Target, forward: Forward
) -> None:
    target.serve(echo)
    old = world.dial(forward.address)
    ping(old)
    newer_target = world.target().serve(lambda connection: connection.sendall(b"newer"))
    link = ("--router", f"http://{forward.share_link.address}")
    newer = world.start("share", f"web={newer_target.address}", *link)
    newer.wait_event("sharing")
    forward.share.expected_exit = 8
    forward.share.wait_event("error", code="superseded")
    forward.connect_link.cut()  # it has to find the older one again
    ping(old)
    assert receive_exactly(world.dial(forward.address), 5) == b"newer"
    finish(old)
    assert drain(old) == Received.nothing()
    assert forward.share.wait_exit(10) == 8
    assert newer.is_running()


def test_lanes_are_moved_at_their_age_and_nobody_notices(world: World, target: Target) -> None:
    router = world.router("--max-lane-age", "300ms")
    world.share(router, f"web={target.address}")
    address = listening(world.connect(router, "web=0"), "web")
    client, server = world.dial(address), target.accept()
    generations: list[int] = []

    def wait_for_a_move(step: int) -> None:
        line = router.program.wait_line(rf"bridge.opened .*generation={step + 1}")
        generations.append(int(line.rpartition("=")[2]))

    transfer(world, server, client, wait_for_a_move)
    assert generations == list(range(1, STEPS))
    assert "why=\"share lost\"" not in router.program.stderr_text()


def test_a_router_that_drains_sends_its_connections_to_the_next_one(
    world: World, target: Target, forward: Forward
) -> None:
    """R9, R19: two routers behind one address, as in a redeploy."""
    target.serve(echo)
    client = world.dial(forward.address)
    ping(client)
    next_router = world.router()
    for link in (forward.share_link, forward.connect_link):
        link.upstream = next_router.address
    forward.router.program.send_signal(signal.SIGTERM)
    for _ in range(50):
        ping(client)
    assert forward.router.program.wait_exit(10) == 0
    next_router.program.wait_line("bridge.opened")
    ping(client)
    ping(world.dial(forward.address))


def test_a_service_whose_share_is_lost_is_away_while_its_connections_wait(
    world: World, target: Target, forward: Forward
) -> None:
    target.serve(echo)
    client = world.dial(forward.address)
    ping(client)
    forward.share_link.refuse()
    forward.share_link.cut()
    forward.router.program.wait_line("service.away")
    assert [service["away"] for service in world.services(forward.router)] == [True]
    assert "web (away)" in world.run("list", *forward.router.flags).stdout
    forward.share_link.refuse(False)
    ping(client)
    assert [service["away"] for service in world.services(forward.router)] == [False]


def lanes_seen(router: Router) -> int:
    """How many bridges a router has opened."""
    return router.program.stderr_text().count("bridge.opened")


def test_a_refused_restart_storm_leaves_no_lane_behind(
    world: World, target: Target, forward: Forward
) -> None:
    """Every connection comes back once: as many bridges as connections, and no more later."""
    target.serve(echo)
    clients = [world.dial(forward.address) for _ in range(40)]
    for client in clients:
        ping(client)
    forward.restart_router()
    for client in clients:
        ping(client)
    assert lanes_seen(forward.router) == len(clients)
    for client in clients:
        finish(client)
        assert drain(client) == Received.nothing()
    forward.router.program.until(
        lambda: forward.router.program.stderr_text().count("why=done") == len(clients),
        "every bridge is over in order",
    )


def test_the_name_is_refused_to_another_user_and_its_connections_do_not_notice(
    world: World, target: Target, forward: Forward
) -> None:
    """R14, of another's share; the same user's is above."""
    client, server = world.dial(forward.address), target.accept()
    sending = world.background(send_and_finish, client, PAYLOAD)
    received = bytearray(receive_exactly(server, PAYLOAD.size // STEPS))
    other = world.start(
        "share",
        f"web={world.target().address}",
        *forward.router.flags,
        extra=world.another_user(),
        expected_exit=8,
    )
    other.wait_event("error", code="name_taken")
    assert other.wait_exit() == 8
    received += receive_exactly(server, PAYLOAD.size - len(received))
    sending.result()
    assert bytes(received) == PAYLOAD.bytes()
    server.sendall(b"and back")
    assert receive_exactly(client, 8) == b"and back"
    target.serve(echo)
    ping(world.dial(forward.address))
    assert not forward.share.has_said("tunnel.lost")
    assert forward.share.is_running()
