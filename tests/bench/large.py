# SPDX-License-Identifier: MIT
"""What many connections and services cost: memory, and whether one more is as cheap as the first.

Each works with processes of its own, which nobody has used before, and measures mindmeld alone.
"""
from __future__ import annotations

import statistics
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import load
from chains import Chain, Starter, mindmeld, plain, wait_for_listener
from harness.daemons import free_port
from harness.world import BINARY, World
from load import Held, Target
from processes import cpu_s, resident_kib
from results import Results

SETTLE_S = 2.0
HEARTBEAT_S = 15.0  # of every idle connection; those that were opened together beat together
MEMORY_STEPS = (1_000, 9_000)
IDLE_STEPS = (1, 9, 90, 900, 8_900)  # a share holds 10 000: some are left for the probe
REST_FROM = 1_000  # so many idle connections cost more than a tick of the clock
PROBES = 3
PROBE_PINGS = 5000
PROBE_OPENING_S = 1.0
STALLED, STALLED_BULK_S = 200, 1.5
SHARES, SERVICES_EACH, IDLE_EACH = 8, 250, 1_250

OURS = {"mindmeld": mindmeld, "plain": plain}


@contextmanager
def fresh(name: str) -> Iterator[tuple[Chain, Target]]:
    """A chain and its target."""
    with fresh_world() as (world, target):
        yield OURS[name](world, target.port), target


@contextmanager
def fresh_world() -> Iterator[tuple[World, Target]]:
    """All that is started in it ends with it."""
    with tempfile.TemporaryDirectory() as folder, closing(World(Path(folder))) as world:
        yield world, world.owned(Target(world.folder))


def settle() -> None:
    """For what is done a moment later, as giving memory back is."""
    threading.Event().wait(SETTLE_S)


def resident(chain: Chain) -> dict[str, int]:
    """KiB of each process."""
    return {label: resident_kib(pid) for label, pid in chain.processes.items()}


# ---- memory


def memory(name: str, results: Results) -> None:
    """KiB that an idle connection takes in each process, and in all."""
    with fresh(name) as (chain, _), ExitStack() as open_ones:
        load.openings(chain.address, seconds=1)  # what is made once, is made now
        settle()
        before, count = resident(chain), 0
        for step in MEMORY_STEPS:
            open_ones.enter_context(closing(Held(chain.address, step)))
            count += step
            settle()
            each = {label: (kib - before[label]) / count for label, kib in resident(chain).items()}
            title = f"memory of one of {count:,} idle connections, KiB"
            results.add(name, {title: sum(each.values())})
            results.add_parts(title, name, each)


# ---- scale


def scale(name: str, results: Results) -> None:
    """What one probe costs beside more and more connections that are idle; and what they cost."""
    with fresh(name) as (chain, _), ExitStack() as open_ones:
        load.openings(chain.address, seconds=1)
        count = 0
        for step in IDLE_STEPS:
            open_ones.enter_context(closing(Held(chain.address, step)))
            count += step
            settle()
            measured = probe(chain) | (at_rest(chain, count) if count >= REST_FROM else {})
            for title, value in measured.items():
                results.add_point(title, name, count, value)
    for title, of_chains in results.series.items():
        first, last = of_chains[name][0][1], of_chains[name][-1][1]
        if title in MUST_BE_FLAT:
            results.add(name, {f"{title}: beside {count:,} idle / beside 1": last / first})


CPU, P50, RATE = "CPU of a 64 B round trip, µs", "64 B round trip p50, µs", "connections/s"
REST = "CPU of one idle connection, µs/s"
MUST_BE_FLAT = (CPU, P50, RATE)


def probe(chain: Chain) -> dict[str, float]:
    """One probing connection, then short ones; medians."""
    tries: dict[str, list[float]] = {CPU: [], P50: [], RATE: []}
    for _ in range(PROBES):
        before = sum(cpu_s(chain.processes).values())
        tries[P50].append(load.ping(chain.address, PROBE_PINGS)["p50_us"])
        used_s = sum(cpu_s(chain.processes).values()) - before
        tries[CPU].append(used_s / PROBE_PINGS * 1e6)
        tries[RATE].append(load.openings(chain.address, seconds=PROBE_OPENING_S)["per_s"])
    return {title: statistics.median(values) for title, values in tries.items()}


def at_rest(chain: Chain, count: int) -> dict[str, float]:
    """The CPU time of one of so many idle connections in all processes, over a heartbeat."""
    settle()
    before = sum(cpu_s(chain.processes).values())
    threading.Event().wait(HEARTBEAT_S)
    used_s = sum(cpu_s(chain.processes).values()) - before
    return {REST: used_s / HEARTBEAT_S / count * 1e6}


# ---- two hundred readers that do not read


def stalled(name: str, results: Results) -> None:
    """What is left of a fast pair's speed beside them, and the memory that they take."""

    def rate(chain: Chain, target: Target) -> float:
        return statistics.median(
            load.bulk(chain.address, target, "down", seconds=STALLED_BULK_S)["mb_per_s"]
            for _ in range(PROBES)
        )

    with fresh(name) as (chain, target):
        alone = rate(chain, target)
        with closing(Held(chain.address, STALLED, "source")):
            settle()
            beside = rate(chain, target)
            mib = {label: kib / 1024 for label, kib in resident(chain).items()}
    results.add(name, {f"bulk down beside {STALLED} stalled readers / alone": beside / alone})
    title = f"memory with {STALLED} stalled readers, MiB"
    results.add(name, {title: max(mib.values())})
    results.add_parts(title, name, mib)


# ---- two thousand services


def services(results: Results) -> None:
    """One router with 2 000 services and 10 000 idle connections, beside one with one service."""
    with fresh_world() as (world, target):
        chain = Chain("plain", "", "", "")
        starter = Starter(world, chain)
        router = free_port()
        by = ("--router", f"http://127.0.0.1:{router}", "--quiet", "--no-e2e")
        starter.start("router", BINARY, "router", "--listen", f"127.0.0.1:{router}", "--quiet")
        listeners = {f"s{share}-0": f"127.0.0.1:{free_port()}" for share in range(SHARES)}
        for share in range(SHARES):
            offers = [f"s{share}-{i}={target.port}" for i in range(SERVICES_EACH)]
            starter.start(f"share {share}", BINARY, "share", *offers, *by)
        services_at = [f"{service}={address}" for service, address in listeners.items()]
        starter.start("connect", BINARY, "connect", *services_at, *by)
        with ExitStack() as open_ones:
            for address in listeners.values():
                wait_for_listener(address)
                open_ones.enter_context(closing(Held(address, IDLE_EACH)))
            chain.address = next(iter(listeners.values()))
            settle()
            measured = probe(chain) | at_rest(chain, SHARES * IDLE_EACH)
            router_mib = resident_kib(chain.processes["router"]) / 1024
    beside = f"beside {SHARES * SERVICES_EACH:,} services and {SHARES * IDLE_EACH:,} idle"
    results.add("plain", {f"{title}, {beside}": value for title, value in measured.items()})
    results.add("plain", {f"memory of the router {beside}, MiB": router_mib})


# ---- the rows


def all_memory(chains: list[str], results: Results) -> None:
    """The row `memory`."""
    for name in [name for name in OURS if name in chains]:
        memory(name, results)


def all_scale(chains: list[str], results: Results) -> None:
    """The row `scale`."""
    for name in [name for name in OURS if name in chains]:
        scale(name, results)
        stalled(name, results)
    if "plain" in chains:
        services(results)
