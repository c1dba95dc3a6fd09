# SPDX-License-Identifier: MIT
"""tests/bench judges what it measured: which goal is reached, and when nothing can be said."""
from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "bench"), str(TESTS / "e2e")]

from plot import draw  # noqa: E402
from processes import cpu_s  # noqa: E402
from report import as_json, markdown  # noqa: E402
from results import Judgement, Results, judgements  # noqa: E402

UP, P50 = "bulk up, MB/s", "64 B p50, µs"


def results_of(metric: str, **chains: list[float]) -> Results:
    """One metric, each value of a round of its own."""
    results = Results([])
    for chain, values in chains.items():
        for value in values:
            results.add(chain, {metric: value})
    return results


def judged(results: Results, goal: str) -> Judgement:
    """The one whose goal reads so."""
    return next(each for each in judgements(results) if str(each.goal) == goal)


def test_a_ratio_is_of_medians_and_its_span_of_rounds() -> None:
    one = judged(results_of(UP, plain=[90, 100, 50], socat=[100, 100, 100]), "≥ 0.9 × socat")
    assert (one.value, one.lowest, one.highest) == (0.9, 0.5, 1.0)
    assert one.verdict == "reached"


def test_the_best_peer_has_the_most_of_a_rate_and_the_least_of_a_time() -> None:
    most = judged(results_of(UP, plain=[110], ssh=[50], frp=[100]), "≥ 1.2 × best like peer")
    assert (most.against, most.verdict) == ("frp", "MISSED")
    least = judged(results_of(P50, plain=[70], ssh=[100], frp=[200]), "≤ 0.7 × best like peer")
    assert (least.against, least.verdict) == ("ssh", "reached")


def test_ratios_are_to_the_socats_and_to_the_best_peer() -> None:
    table = markdown(results_of(UP, plain=[50], socat=[100], ssh=[40], frp=[25], rathole=[90]))
    line = next(line for line in table.splitlines() if UP in line and "ssh" in line)
    assert [cell.strip() for cell in line.split("|")[2:7]] == ["", "", "0.50", "1.25", "ssh"]


def test_a_goal_is_not_judged_without_both_sides() -> None:
    assert not list(judgements(results_of(UP, plain=[1.0])))
    assert not list(judgements(results_of(UP, socat=[1.0])))


def test_a_row_is_noisy_when_what_adds_nothing_swings() -> None:
    calm = results_of(UP, plain=[1, 9, 1, 9], socat=[100, 110, 90, 100])
    assert not calm.is_noisy(UP)  # ours may swing by itself
    loud = results_of(UP, plain=[5, 5, 5, 80], socat=[100, 160, 50, 80])
    assert judged(loud, "≥ 0.9 × socat").verdict == "too noisy to tell"
    assert "noisy: the middle half" in markdown(loud)
    far_off = results_of(UP, plain=[5, 5, 5, 5], socat=[100, 160, 50, 80])
    assert judged(far_off, "≥ 0.9 × socat").verdict == "MISSED"  # in every round
    assert not results_of(UP, socat=[100, 200]).is_noisy(UP)  # of two nothing is known


def test_the_json_and_the_picture_can_be_read() -> None:
    results = results_of(UP, plain=[1, 2], direct=[3, 4])
    results.add_point("a < b", "plain", 1, 2.0)
    results.add_point("a < b", "plain", 10_000, 2.5)
    assert json.loads(as_json(results, 2))["values"][UP] == {"plain": [1, 2], "direct": [3, 4]}
    assert xml.fromstring(draw(results)).tag.endswith("svg")


def test_cpu_time_of_children_counts_once_they_ended() -> None:
    burn = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"
    script = f"({burn}); echo done; read line"
    pipe = subprocess.PIPE
    with subprocess.Popen(["/bin/sh", "-c", script], stdin=pipe, stdout=pipe) as shell:
        assert shell.stdout is not None
        assert shell.stdout.readline() == b"done\n"
        used_s = cpu_s({"shell": shell.pid})["shell"]
        shell.communicate(b"\n")
    assert used_s > 0.01
