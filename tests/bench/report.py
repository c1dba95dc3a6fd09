# SPDX-License-Identifier: MIT
"""The results for people, as markdown, and for programs, as JSON."""
from __future__ import annotations

import dataclasses
import json
import os
import platform
import statistics
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from goals import LIKE_PEERS
from results import CALM_CHAINS, NOISY_SPREAD, Results, judgements


def markdown(results: Results) -> str:
    """All tables."""
    tables = (chain_table, value_table, ratio_table, goal_table, part_table, series_table)
    notes = "\n".join(f"- {note}" for note in [*results.notes, *noise(results)])
    return "\n\n".join(part for part in [*(make(results) for make in tables), notes] if part)


def noise(results: Results) -> list[str]:
    """What "noisy" means, where it stands."""
    if not any(results.is_noisy(metric) for metric in results.values):
        return []
    chains = " or ".join(CALM_CHAINS)
    bound = f"over {NOISY_SPREAD:.0%} of their median apart"
    return [f"noisy: the middle half of the rounds of {chains} lay {bound}"]


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
    there = {chain for of_chains in results.values.values() for chain in of_chains}
    names = [chain.name for chain in results.chains if chain.name in there] or sorted(there)
    rows = []
    for metric, of_chains in results.values.items():
        cells = [spread_cell(of_chains.get(name, [])) for name in names]
        rows.append((metric, *cells, "noisy" if results.is_noisy(metric) else ""))
    return table(("median (lowest–highest)", *names, ""), rows)


def ratio_table(results: Results) -> str:
    """Ours to the socats and to the best of those that have as many processes."""
    rows = []
    for metric, of_chains in results.values.items():
        best = results.best(metric, LIKE_PEERS)
        cells = [
            ratio_cell(results, metric, ours, other)
            for ours in ("mindmeld", "plain")
            for other in ("socat", best)
        ]
        if any(cells) and ("socat" in of_chains or best):
            rows.append((metric, *cells, best or ""))
    head = (
        "ratio",
        "mindmeld / socat",
        "/ best peer",
        "plain / socat",
        "/ best peer",
        "best like peer",
    )
    return table(head, rows)


def ratio_cell(results: Results, metric: str, ours: str, other: str | None) -> str:
    """Of the medians."""
    above, below = results.median(metric, ours), other and results.median(metric, other)
    return figure(above / below) if above is not None and below else ""


def spread_cell(values: Sequence[float]) -> str:
    """ "483 (470–490)"; of one round the value alone."""
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


def part_table(results: Results) -> str:
    """What each process takes of a whole."""
    rows = []
    for metric, of_chains in results.parts.items():
        for chain, parts in of_chains.items():
            cells = [f"{label} {figure(statistics.median(p))}" for label, p in parts.items()]
            rows.append((metric, chain, ", ".join(cells)))
    return table(("of each process", "chain", "median"), rows)


def series_table(results: Results) -> str:
    """A line for each metric and chain, a column for each count."""
    rows = []
    counts = sorted(
        {x for chains in results.series.values() for p in chains.values() for x, _ in p}
    )
    for metric, of_chains in results.series.items():
        for chain, points in of_chains.items():
            values = dict(points)
            cells = (figure(values[count]) if count in values else "–" for count in counts)
            rows.append((metric, chain, *cells))
    return table(("beside so many idle connections", "chain", *(f"{c:,}" for c in counts)), rows)


# ---- for programs, and of the machine


def as_json(results: Results, rounds: int) -> str:
    """Everything: the values of every round, and what was made of them."""
    judged = [dataclasses.asdict(each) | {"verdict": each.verdict} for each in judgements(results)]
    told = dataclasses.asdict(results) | {
        "machine": machine(),
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "rounds": rounds,
        "noisy_spread": NOISY_SPREAD,
        "noisy": [metric for metric in results.values if results.is_noisy(metric)],
        "goals": judged,
    }
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def machine() -> str:
    """What this ran on."""
    model = "a processor without a name"
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    return f"{os.cpu_count()} × {model}, Linux {platform.release()}"
