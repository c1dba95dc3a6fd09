# SPDX-License-Identifier: MIT
"""A router, or somebody before it, that listens in or changes what it forwards."""
from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from harness.chaos import DOWN, UP, Chaos
from harness.streams import RESET, Payload, drain, receive_exactly, send_and_finish
from harness.target import echo
from harness.world import Router, World, listening

pytestmark = pytest.mark.needs_binary

CHANGED = "it was changed on the way"
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


class Way:
    """A router with a link before each of its ends: all that passed there, and what it remembers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._links = {end: world.owned(Chaos("")) for end in ("share", "connect")}
        self._passed = {(end, way): bytearray() for end in self._links for way in (UP, DOWN)}
        # So a ticket of the share's names the link before connect.
        self.router = world.router("--public-url", f"http://{self._links['connect'].address}")
        for end, link in self._links.items():
            link.upstream = self.router.address
            link.on_block = self._recorder(end)

    def flags(self, end: str) -> tuple[str, str]:
        """By which this end goes through its own link."""
        return "--router", f"http://{self._links[end].address}"

    def seen(self) -> dict[str, bytes]:
        """What each place held by now."""
        places = {f"{end} {way}": bytes(passed) for (end, way), passed in self._passed.items()}
        return places | {"memory": b"".join(memory_of(self.router.program.pid))}

    def _recorder(self, end: str) -> Callable[[str, bytes], bytes]:
        def record(direction: str, block: bytes) -> bytes:
            self._passed[end, direction] += block
            return block

        return record


def forms_of(fragment: str) -> list[bytes]:
    """As which a ticket's secret might be seen: all of the fragment, its own digits, raw, in hex."""
    secret = base64.urlsafe_b64decode(fragment + "=")[:16]
    digits = fragment[:21]  # the next one has bits of the fingerprint
    return [fragment.encode(), digits.encode(), secret, secret.hex().encode()]


def exchange(world: World, address: str, message: bytes) -> None:
    """The message goes to an echo server and back, often; the connection stays open."""
    connection = world.dial(address)
    for _ in range(50):
        connection.sendall(message * 100)
        assert receive_exactly(connection, len(message) * 100) == message * 100


def test_the_router_sees_neither_the_bytes_nor_the_tickets_secret(world: World) -> None:
    web = f"web={world.target().serve(echo).port}"
    way = Way(world)
    share = world.start("share", web, *way.flags("share"))
    ticket = str(share.wait_event("sharing")["ticket"])
    fragment = ticket.partition("#")[2]
    assert len(fragment) == 43 and ticket.startswith(way.flags("connect")[1])
    connect = world.start("connect", f"{ticket}=0", extra=world.another_user())
    exchange(world, listening(connect, "web"), MARK)
    for place, held in way.seen().items():
        for form in (MARK, *forms_of(fragment)):
            assert form not in held, f"{form!r} is seen: {place}"
        assert place == "memory" or len(held) > len(MARK) * 5000  # all of it passed here


def test_what_is_not_encrypted_is_seen_wherever_this_looks(world: World) -> None:
    """The control of the test above: the same bytes, in clear, are found in each place."""
    planted = [MARK, *forms_of(base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("="))]
    way = Way(world)
    web = f"web={world.target().serve(echo).port}"
    world.start("share", web, "--no-e2e", *way.flags("share")).wait_event("sharing")
    connect = world.start("connect", "web=0", "--no-e2e", *way.flags("connect"))
    exchange(world, listening(connect, "web"), b"|".join(planted))
    for place, held in way.seen().items():
        for form in planted:
            assert form in held, f"{form!r} is not found: {place}"


@pytest.mark.parametrize("teller", ["share", "connect"])
def test_a_router_that_changes_a_byte_is_caught_and_nothing_wrong_is_delivered(
    world: World, router: Router, teller: str
) -> None:
    target = world.target()
    chaos = world.owned(Chaos(router.address))
    changed = replace(router, flags=("--router", f"http://{chaos.address}"))
    grace = ("--grace", "5s")
    share = world.share(
        changed if teller == "share" else router, f"web={target.port}", flags=grace
    )
    connect = world.connect(changed if teller == "connect" else router, "web=0", *grace)
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
    speaker, hearer = (server, application) if teller == "share" else (application, server)
    world.background(send_and_finish, speaker, payload)
    received = drain(hearer)
    assert received.end == RESET
    assert received.is_prefix_of(payload)
    for program in (share, connect):
        program.wait_event(
            "connection", state="closed", where=lambda event: CHANGED in event["why"]
        )
    if teller == "share":
        connect.wait_line(CHANGED)
