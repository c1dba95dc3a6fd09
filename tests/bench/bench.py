#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`./dev bench`: measures mindmeld beside other ways to forward a port, in turn, in one run.

Each round measures every chain for each row, so that a noisy machine is noisy for all of them.
"""
from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from chains import CHAINS, Chain, LeftOut  # noqa: E402
from harness.world import BINARY, World  # noqa: E402
from install import install_peers  # noqa: E402
from load import LoadFailed, Target  # noqa: E402
from peers import PEERS  # noqa: E402
from report import Results, markdown  # noqa: E402
from rows import ROWS, Bench  # noqa: E402

ROUNDS = 5
ALL_CHAINS = CHAINS | PEERS
ALSO_IN = {"cpu": "bulk"}  # what a row measures besides


def start_chains(world: World, target: Target, names: list[str], results: Results) -> None:
    """Those of them that are on this machine; of each other one a note says why it is not there."""
    for name in names:
        try:
            results.chains.append(ALL_CHAINS[name](world, target.port))
        except LeftOut as why:
            results.note(f"{name} is left out: {why}")


def measure(bench: Bench, chain: Chain, row: str, results: Results) -> None:
    """One row through one chain."""
    try:
        results.add(chain.name, ROWS[row](bench, chain))
    except LoadFailed as why:
        results.note(f"{chain.name} failed in a round of {row}: {why}")


def run_rounds(bench: Bench, rows: list[str], rounds: int, results: Results) -> None:
    """Each begins with another chain, for what comes first in a row may find the machine calmer."""
    for number in range(rounds):
        shift = number % len(results.chains)
        for row in rows:
            for chain in results.chains[shift:] + results.chains[:shift]:
                measure(bench, chain, row, results)
        print(f"round {number + 1} of {rounds} is done", file=sys.stderr)


def chosen(text: str, known: list[str]) -> list[str]:
    """The words of a list with commas, each of which must be known."""
    words = [word for word in text.split(",") if word]
    for word in words:
        if word not in known:
            sys.exit(f"bench: there is no {word!r}; there are: {', '.join(known)}")
    return words


def parse_flags() -> argparse.Namespace:
    """The few options."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"{ROUNDS} without this")
    parser.add_argument("--only", default="", metavar="ROWS", help=f"of: {','.join([*ROWS, *ALSO_IN])}")
    parser.add_argument("--chains", default="", help=f"of: {','.join(ALL_CHAINS)}")
    parser.add_argument("--install-peers", action="store_true", help="gets them, and ends")
    return parser.parse_args()


def main() -> None:
    """Starts the chains, measures them in turn, prints the tables."""
    flags = parse_flags()
    if flags.install_peers:
        install_peers()
        return
    words = chosen(flags.only, [*ROWS, *ALSO_IN]) or list(ROWS)
    rows = list(dict.fromkeys(ALSO_IN.get(word, word) for word in words))
    names = chosen(flags.chains, list(ALL_CHAINS)) or list(ALL_CHAINS)
    results = Results([])
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            target = world.owned(Target(world.folder))
            start_chains(world, target, names, results)
            bench = Bench(world, target, results.cpu_parts)
            run_rounds(bench, rows, flags.rounds, results)
        finally:
            world.close()
    if any(chain.is_mindmeld for chain in results.chains):
        results.add("mindmeld", {"binary, MB": Path(BINARY).stat().st_size / 1e6})
    print(markdown(results))


if __name__ == "__main__":
    main()
