# SPDX-License-Identifier: MIT
"""How long a connection stands still once a router that was killed is back."""
from __future__ import annotations

import os
import signal
import time

from chains import Starter, wait_for_listener
from harness.streams import dial, ping, receive_exactly
from harness.world import BINARY
from large import OURS, fresh_world
from results import Results

TIMES = 5
WORDS = b"is anybody there?"
GAP = "gap after a killed router is back, ms"


def run(chains: list[str], _rounds: int, results: Results) -> None:
    """The row, for those of the chains that are mindmeld."""
    for name in [name for name in OURS if name in chains]:
        with fresh_world() as (world, target):
            starter = Starter(world, OURS[name](world, target.port))
            for _ in range(TIMES):
                results.add(name, {GAP: gap_ms(starter)})


def gap_ms(starter: Starter) -> float:
    """From the moment that the new router listens until an answer comes that was asked before."""
    chain = starter.chain
    address = chain.router[1].removeprefix("http://")
    with dial(chain.address) as application:
        ping(application, b"e")  # an echo, and the chain is whole
        old = chain.processes["router"]
        os.kill(old, signal.SIGKILL)
        os.waitid(os.P_PID, old, os.WEXITED | os.WNOWAIT)  # its port is free
        application.sendall(WORDS)
        starter.start("router", BINARY, "router", "--listen", address, "--quiet")
        wait_for_listener(address)
        back = time.perf_counter()
        receive_exactly(application, len(WORDS))
        return (time.perf_counter() - back) * 1000
