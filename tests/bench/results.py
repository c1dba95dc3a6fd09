# SPDX-License-Identifier: MIT
"""Results: the values of a run, what was noisy, and which goals were reached."""
from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chains import Chain
from goals import (
    BEST_LIKE_PEER,
    BEST_THAT_ENCRYPTS,
    GOALS,
    LIKE_PEERS,
    LIKE_PEERS_THAT_ENCRYPT,
    Goal,
    more_is_better,
)

# Within a run the middle half of the rounds of what adds nothing may lie so far apart, as a part of
# their median. Over it the machine was busy with something else, and a ratio says little.
NOISY_SPREAD = 0.25
CALM_CHAINS = ("socat", "direct")


@dataclass
class Results:
    """The values of each round, by metric and chain."""

    chains: list[Chain]
    values: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    # Of each process: by metric, chain and the process's label.
    parts: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)
    # What grows with something: (how many, value) by metric and chain.
    series: dict[str, dict[str, list[tuple[float, float]]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, chain: str, values: Mapping[str, float]) -> None:
        """What one row gave in one round."""
        for metric, value in values.items():
            self.values.setdefault(metric, {}).setdefault(chain, []).append(value)

    def add_parts(self, metric: str, chain: str, parts: Mapping[str, float]) -> None:
        """The same of each process."""
        of_chain = self.parts.setdefault(metric, {}).setdefault(chain, {})
        for label, value in parts.items():
            of_chain.setdefault(label, []).append(value)

    def add_point(self, metric: str, chain: str, count: float, value: float) -> None:
        """One point of a series."""
        self.series.setdefault(metric, {}).setdefault(chain, []).append((count, value))

    def note(self, text: str) -> None:
        """A line for the reader; the same line once."""
        if text not in self.notes:
            self.notes.append(text)

    def median(self, metric: str, chain: str) -> float | None:
        """None where it was not measured."""
        values = self.values.get(metric, {}).get(chain)
        return statistics.median(values) if values else None

    def best(self, metric: str, among: Sequence[str]) -> str | None:
        """The chain with the best median."""
        there = {c: m for c in among if (m := self.median(metric, c)) is not None}
        choose = max if more_is_better(metric) else min
        return choose(there, key=lambda chain: there[chain]) if there else None

    def spread(self, metric: str, chain: str) -> float | None:
        """Of the middle half of its rounds, as a part of the median; None with fewer than three."""
        values = self.values.get(metric, {}).get(chain, [])
        if len(values) < 3:
            return None
        low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
        return (high - low) / middle if middle else 0.0

    def is_noisy(self, metric: str) -> bool:
        """Did the chains that add nothing swing too much for a ratio to tell?"""
        spreads = [self.spread(metric, chain) for chain in CALM_CHAINS]
        return any(spread is not None and spread > NOISY_SPREAD for spread in spreads)


@dataclass(frozen=True)
class Judgement:
    """What became of a goal; `value` is the ratio, or the number itself."""

    goal: Goal
    against: str
    value: float
    lowest: float
    highest: float
    is_noisy: bool

    @property
    def verdict(self) -> str:
        """In a word or four. In noise, rounds that are all on one side of the bound still tell."""
        if self.is_noisy and self.goal.is_met(self.lowest) != self.goal.is_met(self.highest):
            return "too noisy to tell"
        return "reached" if self.goal.is_met(self.value) else "MISSED"


def judgements(results: Results) -> Iterator[Judgement]:
    """One for each goal that this run can tell of. A ratio is that of the medians; its lowest and
    highest are of the rounds, each with its neighbours in time."""
    for goal in GOALS:
        among = {BEST_LIKE_PEER: LIKE_PEERS, BEST_THAT_ENCRYPTS: LIKE_PEERS_THAT_ENCRYPT}
        against = results.best(goal.metric, among.get(goal.against, (goal.against,)))
        ours = results.values.get(goal.metric, {}).get(goal.chain, [])
        if not ours or (goal.against and against is None):
            continue
        theirs = results.values[goal.metric][against] if against else [1.0] * len(ours)
        ratios = [a / b for a, b in zip(ours, theirs, strict=False) if b]
        if not ratios:
            continue
        ratio = statistics.median(ours) / statistics.median(theirs)
        is_noisy = results.is_noisy(goal.metric)
        yield Judgement(goal, against or "", ratio, min(ratios), max(ratios), is_noisy)
