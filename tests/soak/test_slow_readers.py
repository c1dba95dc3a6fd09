# SPDX-License-Identifier: MIT
"""R3: two hundred readers that hardly read share both processes' memory with one fast pair."""
from __future__ import annotations

import socket
import statistics
import threading
import time

import pytest
from harness.memory import MemoryWatch
from harness.streams import Payload, Received, drain, send_and_finish, send_payload
from harness.target import Target
from harness.world import World, listening

MIB = 1 << 20
SLOW, SLOW_BYTES_PER_S = 200, 1024
FAST = Payload(512 * MIB)
ROUNDS = 5
BUDGET_BYTES = 256 * MIB
BASE_BYTES = 64 * MIB  # of a process that holds so many connections, and nothing for them


class SlowReaders:
    """Read so slowly, each of them, until they are closed."""

    def __init__(self, connections: list[socket.socket]) -> None:
        self._connections = connections
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._over.wait(1):
            for connection in self._connections:
                connection.recv(SLOW_BYTES_PER_S)

    def close(self) -> None:
        """They read no more."""
        self._over.set()
        self._thread.join()


def rate_of_fast_pair(world: World, address: str, target: Target) -> float:
    """MiB/s of one download."""
    client, server = world.dial(address), target.accept()
    start = time.monotonic()
    sending = world.background(send_and_finish, server, FAST)
    assert drain(client) == Received.all_of(FAST)
    sending.result()
    return FAST.size / MIB / (time.monotonic() - start)


def send_for_ever(connection: socket.socket) -> None:
    """Until nobody takes it any more."""
    connection.settimeout(None)
    try:
        send_payload(connection, Payload(1 << 40))
    except OSError:
        pass


@pytest.mark.timeout_s(300)
def test_two_hundred_slow_readers_leave_a_fast_pair_its_speed(world: World) -> None:
    target, solo_target, slow_target = world.target(), world.target(), world.target()
    solo = world.chain(solo_target.address).address  # processes that have no slow reader
    router = world.router()
    share = world.share(router, f"slow={slow_target.address}", f"fast={target.address}")
    connect = world.connect(router, "slow=0", "fast=0")
    slow_address, fast_address = listening(connect, "slow"), listening(connect, "fast")

    readers = []
    for _ in range(SLOW):
        readers.append(world.dial(slow_address))
        writer = threading.Thread(target=send_for_ever, args=(slow_target.accept(),), daemon=True)
        writer.start()
    world.owned(SlowReaders(readers))
    alone, beside = [], []
    with MemoryWatch([share, connect, router.program]) as watch:
        for _ in range(ROUNDS):  # in turn: machines have their moods
            alone.append(rate_of_fast_pair(world, solo, solo_target))
            beside.append(rate_of_fast_pair(world, fast_address, target))
    ratio = statistics.median(beside) / statistics.median(alone)
    held = [f"{kib >> 10} MiB" for kib in watch.most_kib()]
    print(f"\nalone {statistics.median(alone):.0f} MiB/s, beside {SLOW} slow readers "
          f"{statistics.median(beside):.0f} MiB/s: {ratio:.2f}; share, connect and router held "
          f"{', '.join(held)}")
    for kib in watch.most_kib():
        assert kib << 10 < BUDGET_BYTES + BASE_BYTES
    assert ratio >= 0.9
