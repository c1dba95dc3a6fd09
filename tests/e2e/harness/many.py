# SPDX-License-Identifier: MIT
"""Many short connections at once, and the look afterwards at what they left behind."""
from __future__ import annotations

import asyncio
import socket
import time
from functools import partial

from harness.program import Program
from harness.target import Target
from harness.world import Router, World


def use_many(address: str, target: Target, count: int, at_once: int) -> list[float]:
    """Connects, sends a byte, gets it back, ends in order: `count` times, `at_once` at a time.

    `address` leads to `target`, which is served meanwhile. The first failure raises. Returns for each
    how many seconds it took to open: from the connect to the byte that came back.
    """
    return asyncio.run(_use_many(address, target.listener.dup(), count, at_once))


def holds_at_most(program: Program, descriptors: int) -> bool:
    """Does it hold no more of them than that?"""
    return program.descriptors() <= descriptors


def expect_back_to(
    world: World, router: Router | None, descriptors: dict[Program, int]
) -> None:
    """The router lists no open connection, and no process holds more descriptors than then."""
    for program, before in descriptors.items():
        program.until(
            partial(holds_at_most, program, before),
            f"more than {before} descriptors: {program.describe()}",
        )
    if router is None:
        return

    def is_idle() -> bool:
        return all(service["connections"] == 0 for service in world.services(router))

    router.program.until(is_idle, "connections stay open")


async def _use_briefly(address: str, turn: asyncio.Semaphore) -> float:
    host, _, port = address.rpartition(":")
    async with turn:
        start = time.perf_counter()
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"x")
        assert await reader.readexactly(1) == b"x"
        opened_s = time.perf_counter() - start
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        return opened_s


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while part := await reader.read(1 << 16):
        writer.write(part)
    writer.close()


async def _use_many(
    address: str, listener: socket.socket, count: int, at_once: int
) -> list[float]:
    server = await asyncio.start_server(_echo, sock=listener, backlog=1024)
    async with server:
        turn = asyncio.Semaphore(at_once)
        return await asyncio.gather(*(_use_briefly(address, turn) for _ in range(count)))
