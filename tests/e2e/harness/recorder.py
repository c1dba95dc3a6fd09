# SPDX-License-Identifier: MIT
"""Recorder: a router that keeps what its callers show of themselves, and lets nobody through.

It answers so that connect makes each call that there is: a token, no list worth having, a lane's end.
"""
from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from harness.certificates import Certificates
from harness.foreign import Stubs


class Recorder(grpc.ServerInterceptor):
    """Listens on a port of its own, by TLS if it is given certificates."""

    def __init__(self, stubs: Stubs, certificates: Certificates | None = None) -> None:
        self._called = threading.Condition()
        self._calls: list[tuple[str, dict[str, str]]] = []  # in order: which, and its metadata
        self._tokens = 0
        self._server = grpc.server(ThreadPoolExecutor(8), interceptors=(self,))
        stubs.control_grpc.add_ControlServiceServicer_to_server(self._control(stubs), self._server)
        stubs.proxy_grpc.add_ProxyServiceServicer_to_server(self._proxy(stubs), self._server)
        if certificates is None:
            port = self._server.add_insecure_port("127.0.0.1:0")
            self.flags: tuple[str, ...] = ()
        else:
            pair = (certificates.key.read_bytes(), certificates.certificate.read_bytes())
            credentials = grpc.ssl_server_credentials([pair])
            port = self._server.add_secure_port("127.0.0.1:0", credentials)
            self.flags = ("--ca", str(certificates.authority))
        self.url = f"{'https' if certificates else 'http'}://127.0.0.1:{port}"
        self.flags = ("--router", self.url, *self.flags)
        self._server.start()

    def close(self) -> None:
        """Frees the port."""
        self._server.stop(None)

    def intercept_service(self, continuation: Callable[..., Any], details: Any) -> Any:
        """gRPC's: each call as it comes in."""
        with self._called:
            metadata = {key: str(value) for key, value in details.invocation_metadata}
            self._calls.append((details.method.rpartition("/")[2], metadata))
            self._called.notify_all()
        return continuation(details)

    def wait(self, *names: str, timeout_s: float = 10.0) -> None:
        """Until each of these was called."""
        with self._called:
            is_there = lambda: set(names) <= {name for name, _ in self._calls}  # noqa: E731
            assert self._called.wait_for(is_there, timeout_s), f"not all of {names}: {self._calls}"

    def shown(self, key: str) -> set[str]:
        """What was said under this key of the metadata, by whichever call."""
        with self._called:
            return {metadata[key] for _, metadata in self._calls if key in metadata}

    def has_seen(self, secret: str) -> bool:
        """Is it anywhere in any call's metadata?"""
        with self._called:
            return any(secret in value for _, each in self._calls for value in each.values())

    def _control(self, stubs: Stubs) -> Any:
        recorder = self

        class Control(stubs.control_grpc.ControlServiceServicer):  # type: ignore[misc, name-defined]
            """Tokens for whoever asks; the first time nothing, for then connect asks for a list."""

            def ForwardToService(self, request: Any, context: Any) -> Any:
                recorder._tokens += 1
                if recorder._tokens == 1:
                    context.abort(grpc.StatusCode.NOT_FOUND, "not yet")
                tokens = [f"{recorder._tokens:064x}"]
                return stubs.control.ForwardToServiceResponse(token=tokens)

            def ListServices(self, request: Any, context: Any) -> Any:
                return stubs.control.ListServicesResponse(router_instance="recorder")

        return Control()

    def _proxy(self, stubs: Stubs) -> Any:
        class Proxy(stubs.proxy_grpc.ProxyServiceServicer):  # type: ignore[misc, name-defined]
            """Nobody is at the other end."""

            def ProxyConnection(self, frames: Any, context: Any) -> Any:
                context.abort(grpc.StatusCode.ABORTED, "nobody is there")

        return Proxy()
