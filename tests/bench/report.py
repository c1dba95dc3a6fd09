# SPDX-License-Identifier: MIT
"""The results: medians, spreads, ratios and goals as markdown, and everything as JSON."""
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
    cpu_parts: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, chain: str, values: Mapping[str, float]) -> None:
        """What one row gave in one round."""
        for metric, value in values.items():
            self.values.setdefault(metric, {}).setdefault(chain, []).append(value)

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
        """In a word or two."""
        is_met = "reached" if self.goal.is_met(self.value) else "MISSED"
        return f"{is_met}, noisy" if self.is_noisy else is_met


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


# ---- markdown


def markdown(results: Results) -> str:
    """All tables."""
    parts = [chain_table(results), value_table(results), goal_table(results), cpu_table(results)]
    notes = "\n".join(f"- {note}" for note in results.notes)
    return "\n\n".join(part for part in [*parts, notes] if part)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A markdown table, in columns; empty without rows."""
    if not rows:
        return ""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    lines.insert(1, ["-" * width for width in widths])
    padded = ([cell.ljust(widths[i]) for i, cell in enumerate(line)] for line in lines)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in padded)


def chain_table(results: Results) -> str:
    """What was measured."""
    head = ("chain", "is", "version", "processes", "cipher")
    rows = [
        (chain.name, chain.what, chain.version, str(len(chain.processes)), chain.cipher)
        for chain in results.chains
    ]
    return table(head, rows)


def value_table(results: Results) -> str:
    """A line for each metric, a column for each chain: the median, and the lowest and highest."""
    names = [chain.name for chain in results.chains]
    rows = []
    for metric, of_chains in results.values.items():
        cells = [spread_cell(of_chains.get(name, [])) for name in names]
        rows.append((metric, *cells, "noisy" if results.is_noisy(metric) else ""))
    return table(("median (lowest–highest)", *names, ""), rows)


def spread_cell(values: Sequence[float]) -> str:
    """"483 (470–490)"; of one round the value alone."""
    if not values:
        return "–"
    median = figure(statistics.median(values))
    if len(values) == 1:
        return median
    return f"{median} ({figure(min(values))}–{figure(max(values))})"


def figure(value: float) -> str:
    """Three digits are all that a benchmark knows."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def goal_table(results: Results) -> str:
    """What mindmeld wants to reach, and what it did."""
    head = ("metric", "chain", "goal", "is", "in single rounds", "")
    rows = []
    for judged in judgements(results):
        goal = judged.goal
        name = f" ({judged.against})" if judged.against and judged.against != goal.against else ""
        span = f"{figure(judged.lowest)}–{figure(judged.highest)}"
        value = figure(judged.value)
        rows.append((goal.metric, goal.chain, f"{goal}{name}", value, span, judged.verdict))
    return table(head, rows)


def cpu_table(results: Results) -> str:
    """CPU s/GB of each process, both directions together."""
    rows = []
    for chain, parts in results.cpu_parts.items():
        cells = [f"{label} {figure(statistics.median(p))}" for label, p in parts.items()]
        rows.append((chain, ", ".join(cells)))
    return table(("chain", "CPU s/GB of each process, the median of both directions"), rows)
