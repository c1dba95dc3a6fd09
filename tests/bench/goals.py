# SPDX-License-Identifier: MIT
"""What mindmeld wants to reach, each goal as a ratio to another chain or as a plain number."""
from __future__ import annotations

from dataclasses import dataclass

LIKE_PEERS = ("ssh", "frp", "frp-tls", "wstunnel", "chisel")  # as many hops, a client on each side
LIKE_PEERS_THAT_ENCRYPT = ("ssh", "frp-tls", "chisel")
BEST_LIKE_PEER = "best like peer"
BEST_THAT_ENCRYPTS = "best like peer that encrypts"


@dataclass(frozen=True)
class Goal:
    """`chain` at `metric` is `sense` ("≥" or "≤") `bound`, times `against` unless that is ""."""

    metric: str
    chain: str
    sense: str
    bound: float
    against: str = ""

    def is_met(self, value: float) -> bool:
        """Does this value, or ratio, reach it?"""
        return value >= self.bound if self.sense == "≥" else value <= self.bound

    def __str__(self) -> str:
        return f"{self.sense} {self.bound:g}" + (f" × {self.against}" if self.against else "")


def more_is_better(metric: str) -> bool:
    """Of throughputs and rates; of all else less is."""
    return metric.endswith("/s") or "connections/s" in metric


BULK = ("bulk up, MB/s", "bulk down, MB/s")
FAR = [
    f"bulk {way} over {ms} ms{buffers}, MB/s"
    for ms in (50, 100, 200)
    for buffers in ("", ", 64 MiB TCP buffers")
    for way in ("up", "down")
]
COUNTS = ("1,000", "10,000")
STALLED = "bulk down beside 200 stalled readers / alone"
STALLED_MEMORY = "memory with 200 stalled readers, MiB"
RESTART = "gap after a killed router is back, ms"
P99_RATIO = "p99 beside a bulk / alone"

GOALS: list[Goal] = [
    *(Goal(metric, "plain", "≥", 0.9, "socat") for metric in BULK),
    *(Goal(metric, "plain", "≥", 1.2, BEST_LIKE_PEER) for metric in BULK),
    *(Goal(metric, "mindmeld", "≥", 0.65, "socat") for metric in BULK),
    *(Goal(metric, "mindmeld", "≥", 1.2, "ssh") for metric in BULK),
    *(Goal(metric, "mindmeld", "≥", 2.5, "frp-tls") for metric in BULK),
    *(Goal(f"bulk {way}, 8 at once, MB/s", "plain", "≥", 0.9, "socat") for way in ("up", "down")),
    Goal("CPU up, s/GB", "plain", "≤", 1.2, "socat"),
    Goal("CPU down, s/GB", "plain", "≤", 1.2, "socat"),
    Goal("64 B p50, µs", "plain", "≤", 0.7, BEST_LIKE_PEER),
    Goal("64 B p50, µs", "plain", "≤", 1.0, "rathole"),
    Goal("64 B p50, µs", "mindmeld", "≤", 1.15, "plain"),
    Goal("connections/s, 16 at once", "plain", "≥", 3.0, BEST_LIKE_PEER),
    Goal("connections/s, 16 at once", "plain", "≥", 1.0, "rathole"),
    Goal("connections/s, 16 at once", "mindmeld", "≥", 1.5, BEST_THAT_ENCRYPTS),
    Goal(P99_RATIO, "plain", "≤", 3.0),
    Goal(P99_RATIO, "mindmeld", "≤", 3.0),
    *(Goal(f"memory of one of {n} idle connections, KiB", "plain", "≤", 80) for n in COUNTS),
    *(Goal(f"memory of one of {n} idle connections, KiB", "mindmeld", "≤", 115) for n in COUNTS),
    *(Goal(STALLED, chain, "≥", 0.9) for chain in ("plain", "mindmeld")),
    # Of each process: 256 MiB that wait for readers, and what it is without them.
    *(Goal(STALLED_MEMORY, chain, "≤", 256 + 64) for chain in ("plain", "mindmeld")),
    *(Goal(RESTART, chain, "≤", 1000) for chain in ("plain", "mindmeld")),
    *(Goal(metric, chain, "≥", 0.8, "direct") for metric in FAR for chain in ("plain", "mindmeld")),
    Goal("share to its first event, ms", "mindmeld", "≤", 100),
    Goal("binary, MB", "mindmeld", "≤", 16),
]
