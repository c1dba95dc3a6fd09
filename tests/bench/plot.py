# SPDX-License-Identifier: MIT
"""The results as one SVG: bars of what was measured through every chain, lines of what grows."""
from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from report import figure
from results import Results

PANEL_WIDTH, GAP, COLUMNS = 400, 36, 3
LABEL_WIDTH, VALUE_WIDTH = 72, 48
BAR, TITLE_HEIGHT = 18, 26
LINES_HEIGHT = 150
COLOURS = {"mindmeld": "#0b5394", "plain": "#4a90d9", "socat": "#888888", "direct": "#bbbbbb"}
OTHERS_COLOUR = "#c9a66b"
STYLE = "text{font:12px sans-serif;fill:#222}.title{font-weight:bold}.end{text-anchor:end}"

Points = Sequence[tuple[float, float]]


def draw(results: Results) -> str:
    """The whole picture: panels in columns, from left to right."""
    panels = [
        bars(metric, of_chains)
        for metric, of_chains in results.values.items()
        if len(of_chains) > 1
    ]
    panels += [lines(metric, of_chains) for metric, of_chains in results.series.items()]
    top, parts = 0.0, []
    for first in range(0, len(panels), COLUMNS):
        row = panels[first : first + COLUMNS]
        for column, (content, _) in enumerate(row):
            left = GAP + column * (PANEL_WIDTH + GAP)
            parts.append(f'<g transform="translate({left},{top + GAP})">{content}</g>')
        top += max(height for _, height in row) + GAP
    width = COLUMNS * (PANEL_WIDTH + GAP) + GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{top + GAP:.0f}">'
    paper = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([head, f"<style>{STYLE}</style>", paper, *parts, "</svg>", ""])


def text(x: float, y: float, content: str, kind: str = "") -> str:
    """One line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(content)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    """One straight line."""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="{colour}"/>'


def colour_of(chain: str) -> str:
    """Ours stand out."""
    return COLOURS.get(chain, OTHERS_COLOUR)


def bars(metric: str, of_chains: Mapping[str, Sequence[float]]) -> tuple[str, float]:
    """A bar up to the median of each chain, a thin line from the lowest to the highest."""
    room = PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH
    # A direct connection is another order of magnitude: its bar may be cut for the others' sake.
    most = max(max(v) for chain, v in of_chains.items() if chain != "direct" or len(of_chains) == 2)

    def at(value: float) -> float:
        return LABEL_WIDTH + room * min(1.0, value / most if most else 0.0)

    parts = [text(0, 12, metric, "title")]
    for index, (chain, values) in enumerate(of_chains.items()):
        y = TITLE_HEIGHT + index * BAR
        median = statistics.median(values)
        size = f'width="{at(median) - LABEL_WIDTH:.1f}" height="{BAR - 6}"'
        place = f'x="{LABEL_WIDTH}" y="{y}" fill="{colour_of(chain)}"'
        parts.append(text(LABEL_WIDTH - 6, y + 11, chain, "end"))
        parts.append(f"<rect {place} {size}/>")
        parts.append(line(at(min(values)), y + 6, at(max(values)), y + 6, "#222"))
        parts.append(text(PANEL_WIDTH, y + 11, figure(median), "end"))
    return "".join(parts), TITLE_HEIGHT + len(of_chains) * BAR


def lines(metric: str, of_chains: Mapping[str, Points]) -> tuple[str, float]:
    """A line for each chain, from zero, over the logarithm of how many; flat is good."""
    counts = sorted({count for points in of_chains.values() for count, _ in points})
    most = max(value for points in of_chains.values() for _, value in points) or 1.0
    bottom = TITLE_HEIGHT + LINES_HEIGHT
    room = PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH
    span = math.log10(counts[-1] / counts[0]) or 1.0

    def at(count: float, value: float) -> tuple[float, float]:
        x = LABEL_WIDTH + room * math.log10(count / counts[0]) / span
        return x, bottom - LINES_HEIGHT * value / most

    parts = [text(0, 12, f"{metric}, beside idle connections", "title")]
    parts.append(line(LABEL_WIDTH, bottom, LABEL_WIDTH + room, bottom, "#222"))
    for value in (0.0, most / 2, most):
        y = at(counts[0], value)[1]
        parts.append(line(LABEL_WIDTH, y, LABEL_WIDTH + room, y, "#dddddd"))
        parts.append(text(LABEL_WIDTH - 6, y + 4, figure(value), "end"))
    parts += [text(at(count, 0)[0] - 6, bottom + 16, f"{count:,.0f}") for count in counts]
    for chain, points in of_chains.items():
        places = [at(*point) for point in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        stroke = f'fill="none" stroke="{colour_of(chain)}" stroke-width="2"'
        parts.append(f'<polyline points="{path}" {stroke}/>')
        parts.append(text(places[-1][0] + 4, places[-1][1] + 4, chain))
    return "".join(parts), bottom + 24
