# SPDX-License-Identifier: MIT
"""Chaos: a TCP proxy whose faults a test commands. Stands between an end and the router.

Bytes that it has read and not passed on are lost at a cut, as in a network's queues.
"""
from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

BLOCK_BYTES = 256 << 10
UP, DOWN = "up", "down"  # towards the router, and back
RST = struct.pack("ii", 1, 0)  # SO_LINGER: on, for 0 s


class Pipe:
    """One connection through the proxy: two threads that copy, each in one direction."""

    def __init__(self, chaos: Chaos, near: socket.socket, far: socket.socket) -> None:
        self._chaos = chaos
        self._ends = (near, far)
        self._is_cut = False
        for direction, source, sink in ((UP, near, far), (DOWN, far, near)):
            threading.Thread(
                target=self._copy, args=(direction, source, sink), daemon=True
            ).start()

    def cut(self, reset: bool = True) -> None:
        """Ends it at once: with resets at both ends, or with ends of stream."""
        self._is_cut = True
        for end in self._ends:
            with suppress(OSError):
                if reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
                end.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads from it
                end.close()

    def _copy(self, direction: str, source: socket.socket, sink: socket.socket) -> None:
        try:
            while block := source.recv(BLOCK_BYTES):
                self._chaos.count(direction, len(block))
                if not self._chaos.pass_on(direction, len(block)):
                    continue  # into the black hole
                if self._is_cut:
                    return
                sink.sendall(self._chaos.on_block(direction, block))
                self._chaos.passed(self, len(block))
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            self.cut()


class Chaos:
    """Listens on an address of its own, and leads to `upstream` ("127.0.0.1:6353")."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self.latency_s = 0.0
        self.bytes_per_s: float | None = None
        self.cut_after_bytes: int | None = None  # over all connections, from now; then it is off
        # What is passed on in place of the bytes that came: for who listens in, or changes them.
        self.on_block: Callable[[str, bytes], bytes] = lambda _, block: block
        self.accepted = 0
        self.carried = {UP: 0, DOWN: 0}  # bytes that the ends gave it
        self._holes: set[str] = set()
        self._held: set[str] = set()
        self._gate = threading.Condition()
        self._never = threading.Event()
        self._open = threading.Event()
        self._open.set()
        self._lock = threading.Lock()
        self._pipes: list[Pipe] = []
        threading.Thread(target=self._accept, daemon=True).start()

    # ---- faults

    def cut(self, reset: bool = True) -> None:
        """Ends every connection that is open now."""
        with self._lock:
            pipes, self._pipes = self._pipes, []
        for pipe in pipes:
            pipe.cut(reset)

    def black_hole(self, *directions: str) -> None:
        """Swallows what goes in these directions, in silence; none: no longer."""
        self._holes = set(directions)

    def hold(self, *directions: str) -> None:
        """Passes nothing on in these directions, and loses nothing: a network that drops packets
        of connections whose ends send them again; none: no longer."""
        with self._gate:
            self._held = set(directions)
            self._gate.notify_all()

    def refuse(self, is_refusing: bool = True) -> None:
        """Ends new connections at once, or no longer."""
        if is_refusing:
            self._open.clear()
        else:
            self._open.set()

    def close(self) -> None:
        """The end of the test."""
        self._listener.close()
        self.hold()
        self.cut()

    # ---- what pipes ask

    def pass_on(self, direction: str, count: int) -> bool:
        """Waits as long as the link would take; False: the bytes are swallowed."""
        if self.latency_s or self.bytes_per_s:
            taken_s = self.latency_s + (count / self.bytes_per_s if self.bytes_per_s else 0)
            self._never.wait(taken_s)
        with self._gate:
            self._gate.wait_for(lambda: direction not in self._held)
        return direction not in self._holes

    def count(self, direction: str, count: int) -> None:
        """Bytes came, and may still be lost."""
        with self._lock:
            self.carried[direction] += count

    def passed(self, pipe: Pipe, count: int) -> None:
        """Counts towards the commanded cut."""
        with self._lock:
            if self.cut_after_bytes is None:
                return
            self.cut_after_bytes -= count
            if self.cut_after_bytes > 0:
                return
            self.cut_after_bytes = None
        self.cut()
        pipe.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.accepted += 1
                self._connect(near)

    def _connect(self, near: socket.socket) -> None:
        host, _, port = self.upstream.rpartition(":")
        try:
            if not self._open.is_set():
                raise ConnectionRefusedError
            far = socket.create_connection((host, int(port)), timeout=5)
        except OSError:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
            near.close()
            return
        far.settimeout(None)
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._pipes.append(Pipe(self, near, far))

