# SPDX-License-Identifier: MIT
"""A router, or somebody before it, that listens in or changes what it forwards."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from harness.chaos import DOWN, Chaos
from harness.streams import RESET, Payload, drain, finish, receive_exactly, send_and_finish
from harness.target import echo
from harness.world import Router, World, listening

pytestmark = pytest.mark.needs_binary

MARK = b"the plain words of the application "


def memory_of(pid: int) -> Iterator[bytes]:
    """Everything that a process can write to."""
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="ascii", errors="replace")
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps.splitlines():
            place, rights = line.split()[:2]
            if "rw" not in rights:
                continue
            begin, end = (int(part, 16) for part in place.split("-"))
            memory.seek(begin)
            try:
                yield memory.read(end - begin) or b""
            except OSError:
                continue  # a region of the kernel's


def seen_on_the_way(world: World, *flags: str) -> tuple[bytes, bytes]:
    """What the router's memory and its two connections held of a transfer; the ticket's secret."""
    router = world.router()
    web = f"web={world.target().serve(echo).port}"
    recorded: list[bytes] = []

    def record(_: str, block: bytes) -> bytes:
        recorded.append(block)
        return block

    links = []
    for _ in range(2):
        chaos = world.owned(Chaos(router.address))
        chaos.on_block = record
        links.append(replace(router, flags=("--router", f"http://{chaos.address}")))
    share = world.start("share", web, *flags, *links[0].flags)
    secret = str(share.wait_event("sharing").get("ticket", "#none")).partition("#")[2]
    connection = world.dial(listening(world.connect(links[1], "web=0", *flags), "web"))
    for _ in range(50):
        connection.sendall(MARK * 100)
        assert receive_exactly(connection, len(MARK) * 100) == MARK * 100
    seen = b"".join(recorded) + b"".join(memory_of(router.program.pid))
    finish(connection)
    return seen, secret.encode()


def test_the_router_sees_neither_the_bytes_nor_the_tickets_secret(world: World) -> None:
    in_clear, _ = seen_on_the_way(world, "--no-e2e")
    assert MARK in in_clear  # so this looks in the right places
    sealed, secret = seen_on_the_way(world)
    assert MARK not in sealed
    assert secret not in sealed


def test_a_router_that_changes_a_byte_is_caught_and_nothing_wrong_is_delivered(
    world: World, router: Router
) -> None:
    target = world.target()
    chaos = world.owned(Chaos(router.address))
    share_way = replace(router, flags=("--router", f"http://{chaos.address}"))
    world.share(share_way, f"web={target.port}", flags=("--grace", "5s"))
    connect = world.connect(router, "web=0", "--grace", "5s")
    application = world.dial(listening(connect, "web"))
    server = target.accept()
    payload = Payload(4 << 20)

    def change(direction: str, block: bytes) -> bytes:
        # In the midst of a large block are no headers of HTTP/2 or gRPC.
        if direction == DOWN or len(block) < 32_000:
            return block
        chaos.on_block = lambda _, later: later
        middle = len(block) // 2
        return block[:middle] + bytes([block[middle] ^ 1]) + block[middle + 1 :]

    chaos.on_block = change
    world.background(send_and_finish, server, payload)
    received = drain(application)
    assert received.end == RESET
    assert received.is_prefix_of(payload)
    connect.wait_line("was changed on the way")
