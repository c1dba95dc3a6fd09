# SPDX-License-Identifier: MIT
"""Download: a curl that goes as far as the test reads what it writes, and no further."""
from __future__ import annotations

import socket
import subprocess

from harness.streams import PATIENCE_S, Payload, drain, receive_exactly

BEGUN_BYTES = 1 << 20


class Download:
    """Fetches the payload of the WebServer that `address` leads to."""

    def __init__(self, address: str, payload: Payload) -> None:
        self._payload = payload
        self._output, its_end = socket.socketpair()  # full, it holds curl and its connection up
        self._output.settimeout(PATIENCE_S)
        with its_end:
            self._curl = subprocess.Popen(
                ["curl", "-sSf", f"http://{address}/file"],
                stdout=its_end,
                stderr=subprocess.PIPE,
                text=True,
            )

    def expect_beginning(self) -> None:
        """Its first bytes come."""
        assert receive_exactly(self._output, BEGUN_BYTES) == self._payload.bytes()[:BEGUN_BYTES]

    def expect_rest(self) -> None:
        """After the first ones every other byte comes, and then the end."""
        left = self._payload.bytes()[BEGUN_BYTES:]
        assert receive_exactly(self._output, len(left)) == left
        assert self._output.recv(1) == b""
        assert self.failure() == ""

    def expect_cut(self) -> None:
        """After the first ones it ends before its end, and not as if that were all."""
        assert drain(self._output).size < self._payload.size - BEGUN_BYTES
        assert "Connection reset by peer" in self.failure()

    def failure(self) -> str:
        """What curl said when it ended; nothing: it ended well."""
        _, said = self._curl.communicate(timeout=PATIENCE_S)
        assert (self._curl.returncode == 0) == (said == ""), (self._curl.returncode, said)
        return said

    def close(self) -> None:
        """Ends it, if it still runs."""
        self._curl.kill()
        self._curl.communicate()
        self._output.close()
