# SPDX-License-Identifier: MIT
"""Where connections come in at a router: strangers who say nothing (H7), and no room left (R16)."""
from __future__ import annotations

import signal
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress

import h2.events
import pytest
from harness.admin import admin_of, samples
from harness.fixtures import runs_out_of_descriptors, traces_processes
from harness.http2 import Http2
from harness.streams import is_ended_within, ping
from harness.target import echo
from harness.world import Router, World, listening

pytestmark = pytest.mark.needs_binary

HANDSHAKE_S = 10
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# PING after 30 s, and 10 s for its answer: transport/server.cc.
KEEPALIVE_S = 40
# :method POST by its place in HPACK's table, and no END_HEADERS (RFC 9113, 6.2 and 6.10).
BEGUN_HEADERS = b"\0\0\x01\x01\0\0\0\0\x01\x83"
CONTINUATION = b"\0\0\x01\x09\0\0\0\0\x01\x86"
LONG_SETTINGS = b"\0\x3f\xfc\x04\0\0\0\0\0"  # 2730 of them follow
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
    strangers, routers = [], []
    for tls, beginnings in ((False, PLAIN), (True, BY_TLS)):
        router = world.router("--admin", "127.0.0.1:0", tls=tls)
        routers.append((router, len(beginnings)))
        for begin in beginnings:
            strangers.append(world.dial(router.address))
            begin(strangers[-1])
    for stranger in strangers:  # all of them wait at once
        stranger.settimeout(HANDSHAKE_S + 5)
        while stranger.recv(65536):  # what a server says of itself first
            continue
    for router, count in routers:
        wait_for_strangers(router, count)


@pytest.mark.parametrize(
    ("listen", "host", "tls"),
    [("127.0.0.1:0", "127.0.0.1", False), ("[::1]:0", "[::1]", False), ("[::]:0", "127.0.0.1", True)],
    ids=["ipv4", "ipv6", "ipv4_at_an_ipv6_socket"],
)
def test_who_makes_a_call_is_no_stranger(world: World, listen: str, host: str, tls: bool) -> None:
    begun = world.router("--admin", "127.0.0.1:0", "--allow-anonymous", listen=listen, tls=tls)
    address = f"{host}:{begun.address.rpartition(':')[2]}"
    flags = ("--router", f"{'https' if tls else 'http'}://{address}", *begun.flags[2:])
    router = Router(begun.program, address, flags)
    share = world.share(router, f"web={world.target().serve(echo).port}")
    connect = world.connect(router, "web=0")
    ping(world.dial(listening(connect, "web")))
    assert world.run("list", *router.flags).code == 0
    for program in (connect, share):
        program.send_signal(signal.SIGTERM)
        program.wait_exit()
    world.dial(address).close()
    wait_for_strangers(router, 1)


@pytest.mark.parametrize("tls", [True, False])
def test_who_comes_to_the_point_at_a_trickle_is_shown_out_as_soon(world: World, tls: bool) -> None:
    stranger = world.dial(world.router(tls=tls).address)
    began_at = time.monotonic()
    for byte in (TLS_CLIENT_HELLO if tls else PREFACE + LONG_SETTINGS).ljust(200, b"\0"):
        with suppress(ConnectionError):
            stranger.sendall(bytes([byte]))
        if is_ended_within(stranger, 0.2):
            break
    assert HANDSHAKE_S - 1 < time.monotonic() - began_at < HANDSHAKE_S + 5


@pytest.mark.timeout_s(KEEPALIVE_S + 30)
def test_who_falls_silent_within_the_headers_of_a_call_is_shown_out(world: World) -> None:
    """HTTP/2 is there, so only what proves that the other side is: its answers to PING."""
    router = world.router()
    strangers = []
    for headers in (BEGUN_HEADERS, BEGUN_HEADERS + CONTINUATION):
        client = world.owned(Http2(router.address))
        client.wait(lambda event: isinstance(event, h2.events.SettingsAcknowledged))
        client.write(headers)
        strangers.append(client)
    for client in strangers:
        assert client.is_ended_within(KEEPALIVE_S + 10)
    assert world.run("list", *router.flags).code == 0


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


def test_behind_a_front_end_one_address_may_take_what_room_there_is(world: World) -> None:
    router = world.router("--behind-proxy")
    crowd = [socket.create_connection(split(router)) for _ in range(600)]
    assert world.run("list", *router.flags).code == 0
    assert not router.program.has_said("router.refused")
    for stranger in crowd:
        stranger.close()


@traces_processes
def test_who_is_refused_costs_next_to_nothing(world: World) -> None:
    """System calls by which the router looks who has gone, over hundreds of refusals."""
    counted = world.folder / "counted"
    trace = ("strace", "-D", "-f", "-c", "--seccomp-bpf", "-o", str(counted))
    trace += ("-e", "trace=newfstatat,fstat,getpeername")
    router = world.router(within=trace, extra={"LSAN_OPTIONS": "detect_leaks=0"})
    crowd = [socket.create_connection(split(router)) for _ in range(512)]
    for _ in range(400):
        stranger = socket.create_connection(split(router))
        with stranger, suppress(ConnectionError):
            stranger.recv(1)  # its end
    for each in crowd:
        each.close()
    router.program.send_signal(signal.SIGTERM)
    router.program.wait_exit()
    rows = (line.split() for line in counted.read_text(encoding="ascii").splitlines())
    calls = {row[-1]: int(row[3]) for row in rows if row and row[-1] in ("newfstatat", "getpeername")}
    assert calls["getpeername"] >= 912
    assert calls["newfstatat"] < 40_000  # one look at each of them per refusal would be 200 000


def wait_for_strangers(router: Router, count: int) -> None:
    """So many and no more have come and gone without a call."""
    admin = admin_of(router)

    def counted() -> float:
        return samples(admin)['mindmeld_router_refusals_total{reason="no_call"}']

    router.program.until(lambda: counted() >= count, f"{count} strangers are counted")
    assert counted() == count


def split(router: Router) -> tuple[str, int]:
    """Its address as Python wants it."""
    host, _, port = router.address.rpartition(":")
    return host, int(port)
