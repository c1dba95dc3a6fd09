#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`./dev bench`: measures mindmeld beside other ways to forward a port, in turn, in one run.

Each round measures every chain for each row, so that a noisy machine is noisy for all of them.
"""
from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import large  # noqa: E402
import line  # noqa: E402
import restart  # noqa: E402
from chains import CHAINS, OUTPUT_FOLDER, Chain, LeftOut  # noqa: E402
from harness.world import World  # noqa: E402
from install import install_peers  # noqa: E402
from load import LoadFailed, Target  # noqa: E402
from peers import PEERS  # noqa: E402
from plot import draw  # noqa: E402
from processes import busy_part  # noqa: E402
from report import as_json, machine, markdown  # noqa: E402
from results import Results  # noqa: E402
from rows import ROWS, Bench  # noqa: E402

ROUNDS = 5
OTHERS_LOOK_S, OTHERS_MOST = 1.0, 0.1
ALL_CHAINS = CHAINS | PEERS
ALSO_IN = {"cpu": "bulk", "netem": "line"}  # what is measured by another row, or in its way
# Rows that start what they need, and take a while.
BY_THEMSELVES: dict[str, Callable[[list[str], int, Results], None]] = {
    "line": line.run,
    "memory": lambda chains, _, results: large.all_memory(chains, results),
    "restart": restart.run,
    "scale": lambda chains, _, results: large.all_scale(chains, results),
}
WORDS = [*ROWS, *ALSO_IN, *BY_THEMSELVES, "all"]


def start_chains(bench: Bench, names: list[str]) -> None:
    """Those of them that are on this machine; of each other one a note says why it is not there."""
    for name in names:
        try:
            bench.results.chains.append(ALL_CHAINS[name](bench.world, bench.target.port))
        except LeftOut as why:
            bench.results.note(f"{name} is left out: {why}")


def measure(bench: Bench, chain: Chain, row: str) -> None:
    """One row through one chain."""
    try:
        bench.results.add(chain.name, ROWS[row](bench, chain))
    except LoadFailed as why:
        bench.results.note(f"{chain.name} failed in a round of {row}: {why}")


def run_rounds(rows: list[str], names: list[str], rounds: int, results: Results) -> None:
    """Each begins with another chain, for what comes first in a row may find the machine calmer."""
    with tempfile.TemporaryDirectory() as folder, closing(World(Path(folder))) as world:
        bench = Bench(world, world.owned(Target(world.folder)), results)
        start_chains(bench, names)
        for number in range(rounds if results.chains else 0):
            note_others(number, results)
            shift = number % len(results.chains)
            for row in rows:
                for chain in results.chains[shift:] + results.chains[:shift]:
                    measure(bench, chain, row)
            say(f"round {number + 1} of {rounds} is done")


def note_others(number: int, results: Results) -> None:
    """The chains are at rest between two rounds: who is busy then is somebody else."""
    part = busy_part(OTHERS_LOOK_S)
    if part > OTHERS_MOST:
        results.note(f"others kept the machine {part:.0%} busy before round {number + 1}")


def measure_by_itself(row: str, names: list[str], rounds: int, results: Results) -> None:
    """What was measured before a failure is kept."""
    try:
        BY_THEMSELVES[row](names, rounds, results)
    except (LeftOut, LoadFailed) as why:
        results.note(f"{row} ended early: {why}")
    say(f"{row} is done")


def say(text: str) -> None:
    """Progress, which is no part of the result."""
    print(text, file=sys.stderr, flush=True)


def chosen(text: str, known: list[str], default: list[str]) -> list[str]:
    """The words of a list with commas, each of which must be known."""
    words = [word for word in text.split(",") if word]
    for word in words:
        if word not in known:
            sys.exit(f"bench: there is no {word!r}; there are: {', '.join(known)}")
    return words or default


def parse_flags() -> argparse.Namespace:
    """The few options."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    default = ",".join(ROWS)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"{ROUNDS} without this")
    parser.add_argument(
        "--only",
        default="",
        metavar="ROWS",
        help=f"of: {','.join(WORDS)}; all is every one, and without this it is {default}",
    )
    parser.add_argument("--chains", default="", help=f"of: {','.join(ALL_CHAINS)}")
    parser.add_argument("--install-peers", action="store_true", help="gets them, and ends")
    return parser.parse_args()


def chosen_rows(text: str) -> list[str]:
    """Their names, without the other names that some have."""
    words = chosen(text, WORDS, list(ROWS))
    if "all" in words:
        return [*ROWS, *BY_THEMSELVES]
    return list(dict.fromkeys(ALSO_IN.get(word, word) for word in words))


def main() -> None:
    """Starts the chains, measures them in turn, prints the tables."""
    flags = parse_flags()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # ends all that was started, too
    if flags.install_peers:
        install_peers()
        return
    rows = chosen_rows(flags.only)
    names = chosen(flags.chains, list(ALL_CHAINS), list(ALL_CHAINS))
    results = Results([])
    if in_rounds := [row for row in rows if row in ROWS]:
        run_rounds(in_rounds, names, flags.rounds, results)
    for row in rows:
        if row in BY_THEMSELVES:
            measure_by_itself(row, names, flags.rounds, results)
    keep(results, flags.rounds)


def keep(results: Results, rounds: int) -> None:
    """Prints the tables, and writes them with all values and the plots."""
    OUTPUT_FOLDER.mkdir(parents=True, exist_ok=True)
    tables = f"{machine()}; rounds: {rounds}\n\n{markdown(results)}\n"
    (OUTPUT_FOLDER / "bench.md").write_text(tables, encoding="utf-8")
    (OUTPUT_FOLDER / "bench.json").write_text(as_json(results, rounds), encoding="utf-8")
    (OUTPUT_FOLDER / "bench.svg").write_text(draw(results), encoding="utf-8")
    print(tables)
    say(f"written: {OUTPUT_FOLDER}/bench.md, bench.json and bench.svg")


if __name__ == "__main__":
    main()
