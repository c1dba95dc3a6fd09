# SPDX-License-Identifier: MIT
"""FalseRouter: says what a test wants to whoever asks which router this is, and can do nothing else."""
from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness.foreign import Stubs, grpc


class FalseRouter:
    """Listens on an address of its own; `said` are the fields of its ListServicesResponse."""

    def __init__(self, stubs: Stubs, **said: Any) -> None:
        answer = stubs.control.ListServicesResponse(router_instance="false", **said)

        class Control(stubs.control_grpc.ControlServiceServicer):  # type: ignore[misc, name-defined]
            """The one call that it answers."""

            def ListServices(self, _request: Any, _context: Any) -> Any:
                """Always the same."""
                return answer

        self._server = grpc.server(ThreadPoolExecutor(2))
        stubs.control_grpc.add_ControlServiceServicer_to_server(Control(), self._server)
        self.url = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self) -> None:
        """Frees the port."""
        self._server.stop(None).wait()


def unix_ms() -> int:
    """This machine's clock, as a router tells its own."""
    return int(time.time() * 1000)
