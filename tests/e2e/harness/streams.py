# SPDX-License-Identifier: MIT
"""Sockets as applications use them: send much, read to the end, end in order, reset.

What a test compares is a Received: how many bytes came, their SHA-256, and how it ended.
"""
from __future__ import annotations

import errno
import hashlib
import random
import select
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

BLOCK_BYTES = 1 << 20
PATIENCE_S = 20.0  # no single send or receive of a test takes longer

END_OF_STREAM = "end of stream"
RESET = "reset"
MORE = "more to come"  # drain() was told to stop here


class Payload:
    """`size` bytes that look random, the same each time, of which no two MiB are equal."""

    def __init__(self, size: int, seed: int = 1) -> None:
        self.size = size
        self._block = random.Random(seed).randbytes(BLOCK_BYTES)

    def blocks(self) -> Iterator[memoryview]:
        """The bytes in order, at most 1 MiB at a time; a block is valid until the next one."""
        block = bytearray(self._block)
        for start in range(0, self.size, BLOCK_BYTES):
            block[:8] = struct.pack("<Q", start)
            yield memoryview(block)[: min(BLOCK_BYTES, self.size - start)]

    def bytes(self) -> bytes:
        """All of it at once, for the small ones."""
        return b"".join(bytes(block) for block in self.blocks())

    def sha256(self, size: int | None = None) -> str:
        """Of the first `size` bytes, or of all."""
        digest = hashlib.sha256()
        left = self.size if size is None else size
        for block in self.blocks():
            digest.update(block[:left])
            left -= min(left, len(block))
        return digest.hexdigest()


@dataclass(frozen=True)
class Received:
    """What an application got, until the end."""

    size: int
    sha256: str
    end: str  # END_OF_STREAM, RESET or MORE

    @staticmethod
    def all_of(payload: Payload, end: str = END_OF_STREAM) -> Received:
        """Every byte of `payload`, then `end`."""
        return Received(payload.size, payload.sha256(), end)

    @staticmethod
    def nothing(end: str = END_OF_STREAM) -> Received:
        """No byte, then `end`."""
        return Received.all_of(Payload(0), end)

    def is_prefix_of(self, payload: Payload) -> bool:
        """Are these the first bytes of `payload`, none wrong, none left out?"""
        return self.size <= payload.size and self.sha256 == payload.sha256(self.size)


def dial(address: str, *, receive_buffer_bytes: int | None = None) -> socket.socket:
    """Connects to "127.0.0.1:80", "[::1]:80" or "unix:/path"."""
    if address.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        place: tuple[str, int] | str = address.removeprefix("unix:")
    else:
        host, _, port = address.rpartition(":")
        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        connection = socket.socket(family)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        place = (host.strip("[]"), int(port))
    if receive_buffer_bytes is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
    connection.settimeout(PATIENCE_S)
    connection.connect(place)
    return connection


def dial_and_drain(address: str) -> Received:
    """What an application gets that only reads. A quick reset may be told by connect() already."""
    try:
        connection = dial(address)
    except ConnectionResetError:
        return Received.nothing(RESET)
    with connection:
        return drain(connection)


def send_payload(connection: socket.socket, payload: Payload) -> None:
    """Sends all of it, waiting for room as long as it takes (but see PATIENCE_S)."""
    for block in payload.blocks():
        connection.sendall(block)


def send_and_finish(connection: socket.socket, payload: Payload) -> None:
    """Sends all of it, then our end of stream."""
    send_payload(connection, payload)
    finish(connection)


def send_what_fits(connection: socket.socket, payload: Payload, pause_s: float = 0.3) -> int:
    """Sends until nothing more was taken for `pause_s`; the number of bytes that were taken."""
    taken = 0
    for block in payload.blocks():
        while len(block) > 0:
            if not select.select([], [connection], [], pause_s)[1]:
                return taken
            sent = connection.send(block)
            taken += sent
            block = block[sent:]
    return taken


def receive_exactly(connection: socket.socket, size: int) -> bytes:
    """`size` bytes; an end before them fails the test."""
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(BLOCK_BYTES, size - len(parts)))
        assert part, f"end of stream after {len(parts)} of {size} bytes"
        parts += part
    return bytes(parts)


def drain(connection: socket.socket, at_most: int | None = None) -> Received:
    """Reads until the end, whichever it is, or until `at_most` bytes came."""
    digest = hashlib.sha256()
    size = 0
    buffer = memoryview(bytearray(BLOCK_BYTES))
    while True:
        room = BLOCK_BYTES if at_most is None else min(BLOCK_BYTES, at_most - size)
        if room == 0:
            return Received(size, digest.hexdigest(), MORE)
        try:
            count = connection.recv_into(buffer, room)
        except ConnectionResetError:
            return Received(size, digest.hexdigest(), RESET)
        if count == 0:
            return Received(size, digest.hexdigest(), END_OF_STREAM)
        digest.update(buffer[:count])
        size += count


def finish(connection: socket.socket) -> None:
    """Ends our direction in order (FIN)."""
    connection.shutdown(socket.SHUT_WR)


def reset(connection: socket.socket) -> None:
    """Closes with a reset (RST); what the kernel has not sent yet is lost."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def socket_error(connection: socket.socket) -> int:
    """The error that the kernel holds for this socket; 0 is none."""
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def wait_readable(connection: socket.socket, timeout_s: float = 10.0) -> bool:
    """Is there something to read, or does it come within the time?"""
    return bool(select.select([connection], [], [], timeout_s)[0])


def is_ended_within(connection: socket.socket, timeout_s: float) -> bool:
    """Does the other side end it, in whichever way, before it is silent for so long?"""
    connection.settimeout(timeout_s)
    try:
        while connection.recv(BLOCK_BYTES):
            continue
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def wait_broken(connection: socket.socket, timeout_s: float = 10.0) -> None:
    """Waits for the reset of a connection whose end of stream came before, then sees it."""
    poll = select.poll()
    poll.register(connection, select.POLLERR)
    assert poll.poll(timeout_s * 1000), f"no reset within {timeout_s} s"
    try:
        connection.send(b"x")
    except OSError as error:
        assert error.errno in (errno.EPIPE, errno.ECONNRESET)
    else:
        raise AssertionError("a connection that was reset takes bytes")


def ping(connection: socket.socket, data: bytes = b"ping") -> None:
    """One round trip through an echo."""
    ping_all([connection], data)


def ping_all(connections: Sequence[socket.socket], data: bytes = b"ping") -> None:
    """One round trip of each: all of them at once, for many in a row take long on a busy machine."""
    for connection in connections:
        connection.sendall(data)
    for connection in connections:
        answer = receive_exactly(connection, len(data))
        assert answer == data, f"sent {data!r}, got {answer!r}"


def finish_all(connections: Sequence[socket.socket]) -> None:
    """Ends each in order, when nothing is to come but the other side's end; all of them at once."""
    for connection in connections:
        finish(connection)
    for connection in connections:
        assert drain(connection) == Received.nothing()
