# SPDX-License-Identifier: MIT
"""Network: a network of a test's own, which nothing outside of it can reach or notice."""
from __future__ import annotations

import subprocess

import pytest

NAMESPACES = ("--user", "--net")
ROUTER, FIRST, SECOND = "10.77.0.1", "10.77.0.2", "10.77.0.3"


class Network:
    """A namespace with one interface. Commands that start with `within` run in it; there the router
    has an address of its own, and what goes to it comes from FIRST."""

    def __init__(self) -> None:
        # Its only process: it ends with its standard input, and the namespace with it.
        self._holder = subprocess.Popen(
            ["unshare", "--map-root-user", *NAMESPACES, "cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self._holder.stdin and self._holder.stdout and self._holder.stderr
        try:
            self._holder.stdin.write(b"ready\n")
            self._holder.stdin.flush()
        except BrokenPipeError:
            pass
        if not self._holder.stdout.readline():
            why = self._holder.stderr.read().decode()
            self.close()
            pytest.skip(f"this machine allows no network namespaces: {why.strip()}")
        target = ("--target", str(self._holder.pid))
        self.within = ("nsenter", *target, "--preserve-credentials", *NAMESPACES)
        self._ip("link", "set", "lo", "up")
        for address in (ROUTER, FIRST):
            self._ip("address", "add", f"{address}/32", "dev", "lo")
        self._come_from(FIRST)

    def lead_outside(self) -> None:
        """As a machine with one address has it: what goes anywhere else would come from ROUTER."""
        self._ip("route", "add", "default", "dev", "lo", "src", ROUTER)

    def change(self) -> None:
        """Another network: what goes to the router comes from SECOND, and FIRST is no more."""
        self._ip("address", "add", f"{SECOND}/32", "dev", "lo")
        self._come_from(SECOND)
        self._ip("address", "delete", f"{FIRST}/32", "dev", "lo")

    def close(self) -> None:
        """The end of the test."""
        self._holder.communicate()

    def _come_from(self, address: str) -> None:
        way = ("local", ROUTER, "dev", "lo", "table", "local")
        self._ip("route", "replace", *way, "src", address)

    def _ip(self, *arguments: str) -> None:
        subprocess.run([*self.within, "ip", *arguments], check=True)
