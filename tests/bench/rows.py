# SPDX-License-Identifier: MIT
"""What is measured through every chain, once each round. A row gives one value for each metric."""
from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import load
from chains import Chain, Ended
from harness.world import BINARY, World
from load import LoadFailed, Target
from processes import cpu_s
from results import Results

BULK_S = 1.5
MIXED_S = 1.3
OPENING_S = 1.5
PINGS = 6000
START_TRIES = 3

Values = dict[str, float]  # by the metric's name


@dataclass(frozen=True)
class Bench:
    """What the rows work with."""

    world: World
    target: Target
    results: Results


def bulk(bench: Bench, chain: Chain) -> Values:
    """Throughput, and what it costs in CPU time."""
    values = {}
    for direction in ("up", "down"):
        values |= bulk_one(bench, chain, direction)
    for direction in ("up", "down"):
        eight = load.bulk(chain.address, bench.target, direction, seconds=BULK_S, connections=8)
        values[f"bulk {direction}, 8 at once, MB/s"] = eight["mb_per_s"]
    return values


def bulk_one(bench: Bench, chain: Chain, direction: str) -> Values:
    """One connection: MB/s, and the CPU seconds of the chain's processes (not the load's) a GB."""
    before = cpu_s(chain.processes)
    measured = load.bulk(chain.address, bench.target, direction, seconds=BULK_S)
    after = cpu_s(chain.processes)
    values = {f"bulk {direction}, MB/s": measured["mb_per_s"]}
    if not chain.processes:
        return values
    gb = measured["bytes"] / 1e9
    parts = {label: (after[label] - before[label]) / gb for label in after}
    bench.results.add_parts(f"CPU {direction}, s/GB", chain.name, parts)
    return values | {f"CPU {direction}, s/GB": sum(parts.values())}


def round_trip(_bench: Bench, chain: Chain) -> Values:
    """64 bytes there and back on a connection that is open."""
    measured = load.ping(chain.address, PINGS)
    return {"64 B p50, µs": measured["p50_us"], "64 B p99, µs": measured["p99_us"]}


def openings(_bench: Bench, chain: Chain) -> Values:
    """New connections."""
    measured = load.openings(chain.address, seconds=OPENING_S)
    if measured["per_s"] == 0:
        raise LoadFailed("no connection comes to be")
    failed = {"failed connections": measured["failed"]} if measured["failed"] else {}
    return {"connections/s, 16 at once": measured["per_s"], **failed}


def mixed(bench: Bench, chain: Chain) -> Values:
    """What a bulk does to 20 ping-pong connections beside it."""
    alone = load.mixed(chain.address, bench.target, "alone", seconds=MIXED_S)
    beside = load.mixed(chain.address, bench.target, "bulk", seconds=MIXED_S)
    return {
        "20 × 64 B p99 alone, µs": alone["p99_us"],
        "20 × 64 B p99 beside a bulk, µs": beside["p99_us"],
        "p99 beside a bulk / alone": beside["p99_us"] / alone["p99_us"],
        "bulk beside the 20, MB/s": beside["mb_per_s"],
    }


def start(bench: Bench, chain: Chain) -> Values:
    """How long `mindmeld share` takes to say that it shares; and how large the program is."""
    if not chain.is_mindmeld:
        return {}
    times_ms = sorted(start_once(bench, chain) for _ in range(START_TRIES))
    values = {"share to its first event, ms": times_ms[START_TRIES // 2]}
    if chain.name == "mindmeld":
        values["binary, MB"] = Path(BINARY).stat().st_size / 1e6
    return values


def start_once(bench: Bench, chain: Chain) -> float:
    """From the start of the process, in ms."""
    flags = ("--no-e2e",) if chain.name in ("plain", "tls") else ()
    name = f"start-{os.urandom(4).hex()}={bench.target.port}"
    command = [BINARY, "share", name, *chain.router, *flags, "--json"]
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=bench.world.environment(),
        cwd=bench.world.folder,
    )
    try:
        for line in process.stdout or ():
            if json.loads(line)["event"] == "sharing":
                return (time.perf_counter() - began) * 1000
    finally:
        Ended(process).close()
    raise LoadFailed("a share ended before it shared")


ROWS: dict[str, Callable[[Bench, Chain], Values]] = {
    "bulk": bulk,
    "rtt": round_trip,
    "open": openings,
    "mixed": mixed,
    "start": start,
}
