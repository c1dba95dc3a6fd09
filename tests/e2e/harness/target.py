# SPDX-License-Identifier: MIT
"""Target: the server that a share dials, inside the test's own process."""
from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from harness.streams import PATIENCE_S

SYN_SENT = "02"  # a state in /proc/net/tcp


def echo(connection: socket.socket) -> None:
    """Sends back what comes, and ends in order when the other side has."""
    while part := connection.recv(1 << 18):
        connection.sendall(part)
    connection.shutdown(socket.SHUT_WR)


class Target:
    """A listener; the test accepts by hand, or lets serve() do it in threads."""

    def __init__(self, place: str = "127.0.0.1", receive_buffer_bytes: int | None = None) -> None:
        """`place`: "127.0.0.1", "::1" or "unix:/path"; the port is any free one."""
        if place.startswith("unix:"):
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(place.removeprefix("unix:"))
            self.port = 0
            self.address = place
        else:
            self.listener = socket.socket(socket.AF_INET6 if ":" in place else socket.AF_INET)
            self.listener.bind((place, 0))
            self.port = self.listener.getsockname()[1]
            self.address = f"[{place}]:{self.port}" if ":" in place else f"{place}:{self.port}"
        if receive_buffer_bytes is not None:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.listener.settimeout(PATIENCE_S)
        self.listener.listen(1024)
        self._accepted: list[socket.socket] = []
        self.connections = 0

    def accept(self) -> socket.socket:
        """The next connection."""
        connection, _ = self.listener.accept()
        if connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(PATIENCE_S)
        self._accepted.append(connection)
        self.connections += 1
        return connection

    def serve(self, handler: Callable[[socket.socket], None] = echo) -> Target:
        """Gives every connection a thread of its own; returns itself."""
        self.listener.settimeout(None)
        threading.Thread(target=self._accept_all, args=(handler,), daemon=True).start()
        return self

    def close(self) -> None:
        """Stops listening, and closes what was accepted."""
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self.listener.close()
        for connection in self._accepted:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept_all(self, handler: Callable[[socket.socket], None]) -> None:
        with suppress(OSError):
            while True:
                connection = self.accept()
                connection.settimeout(None)
                threading.Thread(
                    target=self._serve_one, args=(handler, connection), daemon=True
                ).start()

    @staticmethod
    def _serve_one(handler: Callable[[socket.socket], None], connection: socket.socket) -> None:
        with suppress(OSError), connection:
            handler(connection)


class BlackHole:
    """An address whose packets are dropped: a listener of this machine whose backlog is full."""

    def __init__(self) -> None:
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE_S)
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._fill: list[socket.socket] = []
        while self._dial_one():
            assert len(self._fill) < 64, "the backlog does not fill up"

    def is_dialled(self) -> bool:
        """Does somebody wait for an answer?"""
        lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()
        rows = (line.split() for line in lines[1:])
        return any(row[2].endswith(f":{self.port:04X}") and row[3] == SYN_SENT for row in rows)

    def accept(self) -> socket.socket:
        """Answers from now on; the first connection that is not one of those that filled it up."""
        ours = [connection.getsockname() for connection in self._fill]
        while True:
            connection, peer = self.listener.accept()
            self._fill.append(connection)  # to be closed
            if peer not in ours:
                return connection

    def close(self) -> None:
        """Lets go of it all."""
        for connection in [*self._fill, self.listener]:
            connection.close()

    def _dial_one(self) -> bool:
        connection = socket.socket()
        connection.settimeout(0.3)
        try:
            connection.connect(("127.0.0.1", self.port))
        except TimeoutError:
            connection.close()
            return False
        self._fill.append(connection)
        return True


class DeadAddress:
    """An address of this machine that refuses: bound, so that it stays ours, and not listening."""

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"

    def listen(self) -> socket.socket:
        """From now on it answers; the listener."""
        self._socket.settimeout(PATIENCE_S)
        self._socket.listen(16)
        return self._socket

    def close(self) -> None:
        """Lets the port go."""
        self._socket.close()
