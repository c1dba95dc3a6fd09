# SPDX-License-Identifier: MIT
"""Where connections come in at a router: strangers who say nothing (H7), and no room left (R16)."""
from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

import pytest
from harness.fixtures import runs_out_of_descriptors
from harness.streams import ping
from harness.target import echo
from harness.world import Router, World, listening

pytestmark = pytest.mark.needs_binary

HANDSHAKE_S = 10
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
TLS_CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # as far as it goes


def say_nothing(stranger: socket.socket) -> None:
    """A connection, and no more."""


def begin_tls(stranger: socket.socket) -> None:
    """The first bytes of a handshake."""
    stranger.sendall(TLS_CLIENT_HELLO)


def begin_http2(stranger: socket.socket) -> None:
    """The preface without the SETTINGS that must follow."""
    stranger.sendall(PREFACE)


def finish_tls(stranger: socket.socket) -> None:
    """A whole handshake of TLS, and nothing inside."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    inside = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(*inside)
    while True:
        try:
            session.do_handshake()
            stranger.sendall(inside[1].read())
            return
        except ssl.SSLWantReadError:
            stranger.sendall(inside[1].read())
            inside[0].write(stranger.recv(65536))


PLAIN: list[Callable[[socket.socket], None]] = [say_nothing, begin_http2]
BY_TLS: list[Callable[[socket.socket], None]] = [say_nothing, begin_tls, finish_tls]


def test_who_does_not_come_to_the_point_is_shown_out(world: World) -> None:
    strangers = []
    for tls, beginnings in ((False, PLAIN), (True, BY_TLS)):
        address = world.router(tls=tls).address
        for begin in beginnings:
            strangers.append(world.dial(address))
            begin(strangers[-1])
    for stranger in strangers:  # all of them wait at once
        stranger.settimeout(HANDSHAKE_S + 5)
        while stranger.recv(65536):  # what a server says of itself first
            continue


@runs_out_of_descriptors
def test_a_router_without_room_keeps_what_it_has_and_takes_more_when_there_is_some(
    world: World,
) -> None:
    few = 160
    router = world.router(within=("prlimit", f"--nofile={few}:{few}"))
    web = world.target().serve(echo).port
    world.share(router, f"web={web}")
    connection = world.dial(listening(world.connect(router, "web=0"), "web"))
    ping(connection)
    crowd = [socket.create_connection(split(router)) for _ in range(few)]
    router.program.wait_line("router.refused reason=connections")
    ping(connection)
    for stranger in crowd:
        stranger.close()
    router.program.until(
        lambda: world.run("list", *router.flags).code == 0, "there is room again", timeout_s=20
    )
    ping(connection)


def test_one_address_does_not_take_all_the_room(world: World) -> None:
    router = world.router()
    crowd = [socket.create_connection(split(router)) for _ in range(600)]
    router.program.wait_line("router.refused reason=connections_per_address")
    for stranger in crowd:
        stranger.close()
    router.program.until(
        lambda: world.run("list", *router.flags).code == 0, "there is room again", timeout_s=20
    )


def split(router: Router) -> tuple[str, int]:
    """Its address as Python wants it."""
    host, _, port = router.address.rpartition(":")
    return host, int(port)
