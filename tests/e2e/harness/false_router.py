# SPDX-License-Identifier: MIT
"""FalseRouter: says what a test wants to whoever asks which router this is, and forwards nothing."""
from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness.foreign import Stubs, grpc


class FalseRouter:
    """Listens on an address of its own; `said` are the fields of its ListServicesResponse."""

    def __init__(self, stubs: Stubs, *, takes_lanes: bool = False, **said: Any) -> None:
        """`takes_lanes`: and services; what is said on them goes nowhere."""
        control = stubs.control
        answer = control.ListServicesResponse(router_instance="false", **said)

        class Control(stubs.control_grpc.ControlServiceServicer):  # type: ignore[misc, name-defined]
            """The calls that it answers."""

            def ListServices(self, _request: Any, _context: Any) -> Any:
                """Always the same."""
                return answer

            if takes_lanes:

                def CreateService(self, requests: Iterator[Any], _context: Any) -> Iterator[Any]:
                    """For as long as it is wanted."""
                    registered = control.Registered(router_instance="false")
                    yield control.CreateServiceResponse(registered=registered)
                    for _ in requests:
                        pass

                def ForwardToService(self, _request: Any, _context: Any) -> Any:
                    """One token."""
                    return control.ForwardToServiceResponse(token=["0" * 64])

        class Proxy(stubs.proxy_grpc.ProxyServiceServicer):  # type: ignore[misc, name-defined]
            """Hears everything, and says nothing."""

            def ProxyConnection(self, frames: Iterator[Any], _context: Any) -> Iterator[Any]:
                """Until its end goes."""
                for _ in frames:
                    pass
                yield from ()

        self._server = grpc.server(ThreadPoolExecutor(4))
        stubs.control_grpc.add_ControlServiceServicer_to_server(Control(), self._server)
        if takes_lanes:
            stubs.proxy_grpc.add_ProxyServiceServicer_to_server(Proxy(), self._server)
        self.url = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def close(self) -> None:
        """Frees the port."""
        self._server.stop(None).wait()


def unix_ms() -> int:
    """This machine's clock, as a router tells its own."""
    return int(time.time() * 1000)
