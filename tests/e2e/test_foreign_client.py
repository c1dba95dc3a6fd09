# SPDX-License-Identifier: MIT
"""A client that we did not write shares and connects; it is Python, made from proto/ alone."""
from __future__ import annotations

import threading
from contextlib import suppress

import grpc
import pytest
from harness.foreign import ForeignClient, ForeignConduit, ForeignLane, LaneEnded, Stubs
from harness.streams import (
    RESET,
    Payload,
    Received,
    drain,
    finish,
    is_ended_within,
    ping,
    receive_exactly,
    reset,
    send_and_finish,
    send_payload,
)
from harness.target import echo
from harness.world import Router, World, listening

pytestmark = pytest.mark.needs_binary

MIB = 1 << 20


def share_echo(client: ForeignClient, name: str) -> None:
    """Offers an echo service from Python, until the test ends."""
    lanes = client.share(name)

    def serve(conduit: ForeignConduit) -> None:
        with suppress(ConnectionResetError):
            while data := conduit.receive():
                conduit.send(data)
            conduit.finish()
            conduit.close()

    def serve_all() -> None:
        with suppress(grpc.RpcError):
            for lane in lanes:
                conduit = ForeignConduit(lane)
                conduit.open()
                threading.Thread(target=serve, args=(conduit,), daemon=True).start()

    threading.Thread(target=serve_all, daemon=True).start()


# ---- Python shares, mindmeld connects


def test_an_echo_shared_from_python_answers_through_connect(
    world: World, router: Router, client: ForeignClient
) -> None:
    share_echo(client, "py")
    address = listening(world.connect(router, "py=0"), "py")
    payload = Payload(8 * MIB)
    connections = [world.dial(address) for _ in range(3)]
    for connection in connections:
        ping(connection)
    sending = world.background(send_and_finish, connections[0], payload)
    assert drain(connections[0]) == Received.all_of(payload)
    sending.result()
    for connection in connections[1:]:
        ping(connection)
        finish(connection)
        assert drain(connection) == Received.nothing()


def test_a_service_shared_from_python_is_in_the_list(
    world: World, router: Router, client: ForeignClient
) -> None:
    share_echo(client, "py")
    assert "py" in world.run("list", *router.flags).stdout


def test_a_reset_from_python_is_a_reset_at_connect(
    world: World, router: Router, client: ForeignClient
) -> None:
    lanes = client.share("py")
    connection = world.dial(listening(world.connect(router, "py=0"), "py"))
    conduit = ForeignConduit(next(lanes))
    payload = Payload(1000)
    conduit.send(payload.bytes())
    conduit.send_reset("the weather")
    assert drain(connection) == Received.all_of(payload, RESET)


# ---- mindmeld shares, Python connects


def test_python_connects_to_a_real_share(
    world: World, router: Router, client: ForeignClient
) -> None:
    world.share(router, f"echo={world.target().serve(echo).port}")
    conduit = client.connect("echo")
    payload = Payload(3 * MIB).bytes()
    for start in range(0, len(payload), 100_000):
        part = payload[start : start + 100_000]
        conduit.send(part)
        assert conduit.receive_exactly(len(part)) == part
    conduit.finish()
    assert conduit.receive() == b""
    conduit.close()


def test_python_hears_a_target_that_speaks_first(
    world: World, router: Router, client: ForeignClient
) -> None:
    target = world.target()
    world.share(router, f"web={target.port}")
    conduit = client.connect("web")
    server = target.accept()
    send_and_finish(server, Payload(300_000))
    assert conduit.receive_exactly(300_000) == Payload(300_000).bytes()
    assert conduit.receive() == b""


def test_python_is_told_of_a_reset_after_the_bytes_before_it(
    world: World, router: Router, client: ForeignClient
) -> None:
    target = world.target()
    world.share(router, f"web={target.port}")
    conduit = client.connect("web")
    server = target.accept()
    send_payload(server, Payload(1000))
    reset(server)
    assert conduit.receive_exactly(1000) == Payload(1000).bytes()
    with pytest.raises(ConnectionResetError):
        conduit.receive()


def test_python_is_told_that_a_target_refuses(
    world: World, router: Router, client: ForeignClient, stubs: Stubs
) -> None:
    world.share(router, f"web={world.dead_address().port}")
    conduit = client.connect("web")
    with pytest.raises(ConnectionResetError):
        conduit.receive()
    assert conduit.reset.code == stubs.proxy.RESET_CODE_REFUSED
    assert len(conduit.reset.text) <= 256


def test_a_lane_of_an_older_generation_is_refused_and_changes_nothing(
    world: World, router: Router, client: ForeignClient
) -> None:
    """R11: a lane that was held up, and comes when a newer one has taken its place."""
    target = world.target()
    world.share(router, f"web={target.port}")
    token = client.tokens("web", 1)[0]

    def lane_with(generation: int, offset: int, data: bytes) -> ForeignLane:
        lane = client.lane(token, "connect", "web", generation)
        credit = {"received": 0, "limit": MIB}
        lane.send(lane.frame(attach=True, offset=offset, data=data, **credit))
        return lane

    lane_with(0, 0, b"one")
    server = target.accept()
    assert receive_exactly(server, 3) == b"one"
    newer = lane_with(2, 3, b"two")
    assert receive_exactly(server, 3) == b"two"
    for generation in (1, 2):
        with pytest.raises(LaneEnded, match="ALREADY_EXISTS"):
            lane_with(generation, 6, b"old").receive()
    newer.send(newer.frame(offset=6, data=b"three"))
    assert receive_exactly(server, 5) == b"three"


def test_a_service_that_nobody_shares_is_not_found(client: ForeignClient) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        client.open_lane("nobody")
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_connect_says_why_the_router_gives_it_no_token(
    world: World, router: Router, client: ForeignClient
) -> None:
    world.share(router, f"web={world.target().address}")
    taken = 0
    while taken < 4096:  # of one address: router/limits.h
        taken += len(client.tokens("web", 16))
    connect = world.connect(router, "web=0", "--hold", "1s")
    connect.wait_line('connections to "web" wait: too many unused tokens of this caller')
    assert is_ended_within(world.dial(listening(connect, "web")), 5)
