# SPDX-License-Identifier: MIT
"""Forward: a router, a share and a connect, with a faulty link before each of the two ends."""
from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Protocol

from harness.chaos import Chaos
from harness.world import World, listening


class Server(Protocol):
    """Whatever listens: a Target, a Daemon, a WebServer."""

    address: str


class Forward:
    """A forward whose three processes and two links are in a test's hand."""

    def __init__(self, world: World, target: Server, *grace: str, share_flags: Sequence[str] = ()) -> None:
        self.world = world
        self.router = world.router()
        self.share_link = world.owned(Chaos(self.router.address))
        self.connect_link = world.owned(Chaos(self.router.address))
        self.share = world.start(
            "share", f"web={target.address}", *grace, *share_flags, *self._by(self.share_link)
        )
        self.share.wait_event("sharing")
        self.connect = world.start("connect", "web=0", *grace, *self._by(self.connect_link))
        self.address = listening(self.connect, "web")

    @staticmethod
    def _by(link: Chaos) -> tuple[str, str]:
        return ("--router", f"http://{link.address}")

    def restart_router(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Ends the router, and starts another one at its address."""
        old = self.router.program
        if number == signal.SIGKILL:
            old.kill()
        else:
            old.send_signal(number)
            assert old.wait_exit(10) == 0
        self.router = self.world.router(listen=self.router.address)
