# SPDX-License-Identifier: MIT
"""Download: a curl that goes as far as the test reads what it writes, and no further."""
from __future__ import annotations

import socket
import subprocess

from harness.streams import PATIENCE_S


class Download:
    """Fetches `url`; `output` is what came. What nobody reads holds curl, and its connection, up."""

    def __init__(self, url: str) -> None:
        self.output, its_end = socket.socketpair()
        self.output.settimeout(PATIENCE_S)
        with its_end:
            self._curl = subprocess.Popen(
                ["curl", "-sSf", url], stdout=its_end, stderr=subprocess.PIPE, text=True
            )

    def failure(self) -> str:
        """What it said when it ended; nothing: it ended well."""
        _, said = self._curl.communicate(timeout=PATIENCE_S)
        assert (self._curl.returncode == 0) == (said == ""), (self._curl.returncode, said)
        return said

    def close(self) -> None:
        """Ends it, if it still runs."""
        self._curl.kill()
        self._curl.communicate()
        self.output.close()
