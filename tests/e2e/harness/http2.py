# SPDX-License-Identifier: MIT
"""Http2: a client that speaks HTTP/2 by python3-h2, for what gRPC's own would never send."""
from __future__ import annotations

import socket
from collections.abc import Callable

import h2.config
import h2.connection
import h2.events

from harness.streams import is_ended_within

CREATE = "/mindmeld.v1.ControlService/CreateService"
FORWARD = "/mindmeld.v1.ControlService/ForwardToService"
LANE = "/mindmeld.v1.ProxyService/ProxyConnection"

Header = tuple[str, str]


class Http2:
    """A connection to a router; what it does to it is told by `h2`, and sent by flush()."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=30)
        config = h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=False
        )
        self.h2 = h2.connection.H2Connection(config)
        self._is_gone = False
        self._ended: set[int] = set()
        self.h2.initiate_connection()
        self.flush()

    def close(self) -> None:
        """Goes away without a word."""
        self._socket.close()

    def request(self, path: str, *headers: Header) -> int:
        """The headers of a call; returns the stream's number."""
        stream = self.h2.get_next_available_stream_id()
        fixed = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "router"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ]
        self.h2.send_headers(stream, [*fixed, *headers])
        return stream

    def flush(self) -> bool:
        """Sends what is to be sent; False: the other side has ended the connection."""
        try:
            self._socket.sendall(self.h2.data_to_send())
        except OSError:
            return False
        return True

    def is_open(self, stream: int) -> bool:
        """For us to send more on it."""
        return not self._is_gone and stream not in self._ended

    def write(self, raw: bytes) -> bool:
        """Bytes as they are."""
        try:
            self._socket.sendall(raw)
        except OSError:
            return False
        return True

    def is_ended_within(self, timeout_s: float) -> bool:
        """Reads and answers nothing, until the other side ends the connection."""
        return is_ended_within(self._socket, timeout_s)

    def wait(self, is_it: Callable[[h2.events.Event], bool]) -> h2.events.Event | None:
        """The first event that is it; nothing: the connection ended before."""
        while True:
            try:
                data = self._socket.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                self._is_gone = True
                return None
            found = None
            for event in self.h2.receive_data(data):
                if isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                    self._ended.add(event.stream_id)
                if found is None and is_it(event):
                    found = event
            self.flush()
            if found is not None:
                return found
