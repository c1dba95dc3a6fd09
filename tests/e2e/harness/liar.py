# SPDX-License-Identifier: MIT
"""Liar: a router as it could be, which reads the frames that it forwards, and changes them.

It is a share towards connect and a connect towards share, at one honest router each: so whoever
has a ticket for the one router can be led through it to the other.
"""
from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import grpc

from harness.foreign import PATIENCE_S, ForeignClient, ForeignLane, Frame, LaneEnded

CONNECT, SHARE = "connect", "share"


def other(end: str) -> str:
    """The other end."""
    return SHARE if end == CONNECT else CONNECT


class Leg:
    """One connection through it: a lane to each end."""

    def __init__(self, liar: Liar, lanes: dict[str, ForeignLane]) -> None:
        self.lanes = lanes
        self.said: dict[str, list[bytes]] = {CONNECT: [], SHARE: []}  # each end's data, in order
        for source in lanes:
            threading.Thread(target=self._pass_on, args=(liar, source), daemon=True).start()

    def send(self, source: str, frame: Frame) -> None:
        """To the end that `source` is not."""
        self.lanes[other(source)].send(frame)

    def _pass_on(self, liar: Liar, source: str) -> None:
        with suppress(LaneEnded, queue.Empty):
            while True:
                frame = self.lanes[source].receive(PATIENCE_S * 6)
                if frame.data:
                    self.said[source].append(frame.data)
                liar.on_frame(self, source, frame)
        self.lanes[other(source)].half_close()


class Liar:
    """Shares `name` at the router of `near`, and leads to the share of it at that of `far`."""

    def __init__(self, near: ForeignClient, far: ForeignClient, name: str) -> None:
        self.legs: list[Leg] = []
        # What is done with a frame that came from `source`; honest at first.
        self.on_frame: Callable[[Leg, str, Frame], None] = Leg.send
        lanes = near.share(name)
        threading.Thread(target=self._serve, args=(lanes, far, name), daemon=True).start()

    def _serve(self, lanes: Iterator[ForeignLane], far: ForeignClient, name: str) -> None:
        with suppress(grpc.RpcError):  # the end of the test
            for lane in lanes:
                self.legs.append(Leg(self, {CONNECT: lane, SHARE: far.open_lane(name)}))
