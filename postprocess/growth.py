#!/usr/bin/env python3
"""What a method needs to solve most of a set, against the size of the set.

    growth.py DIR [--share 0.9] [--json FILE] [--figure FILE.png]

Of a study's methods that go on in rounds and let solved problems rest (bank, multi_start). Until a share s
of the problems is solved each unsolved one has had as many evaluations as the dearest of that share, q:
the mean cost is mean(min(e_i, q)), e_i the evaluations of problem i, q the s-quantile of those that
are solved (the others count as dearest). No value where fewer than s are solved. Points are means over
seeds, bars the smallest and largest.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

import interpreter  # noqa: F401  (goes on in the one that has h5py)

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from comparison import solved
from result import BadResult, load_study

KINDS = ("bank", "multi_start")


def evaluations_to_solve(evaluations: np.ndarray, is_solved: np.ndarray, share: float) -> float:
    n_wanted = int(np.ceil(share * len(evaluations)))
    if is_solved.sum() < n_wanted:
        return float("nan")
    dearest = np.sort(evaluations[is_solved])[n_wanted - 1]
    return float(np.minimum(evaluations, dearest).mean())


def table_of(folder: str, share: float) -> dict[str, dict[int, dict[int, float]]]:
    """By method, size and seed."""
    table: dict[str, dict[int, dict[int, float]]] = {}
    for result in load_study(folder):
        for method in result.methods:
            if method.kind not in KINDS:
                continue
            value = evaluations_to_solve(result.evaluations(method),
                                         solved(method.loss, result.floor, result.loss_reference), share)
            table.setdefault(method.name, {}).setdefault(result.n_problem, {})[result.seed] = value
    return table


def draw(table: dict[str, dict[int, dict[int, float]]], share: float, path: str) -> None:
    figure, axes = plt.subplots(figsize=(6, 4.5))
    for (name, sizes), colour in zip(table.items(), ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]):
        n = sorted(size for size in sizes if np.isfinite(list(sizes[size].values())).all())
        if not n:
            continue
        values = [np.array(list(sizes[size].values())) for size in n]
        mean = np.array([v.mean() for v in values])
        bars = np.array([[m - v.min(), v.max() - m] for m, v in zip(mean, values)]).T
        axes.errorbar(n, mean, yerr=bars, fmt="o-", color=colour, capsize=3, label=name)
    axes.set_xscale("log", base=2)
    axes.set_ylim(bottom=0)
    axes.set(xlabel="problems n", ylabel=f"gradient evaluations a problem until {100 * share:.0f} % are solved")
    axes.legend()
    figure.savefig(path, dpi=150, bbox_inches="tight")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory")
    parser.add_argument("--share", type=float, default=0.9, help="of the problems (default 0.9)")
    parser.add_argument("--json")
    parser.add_argument("--figure")
    arguments = parser.parse_args()
    try:
        table = table_of(arguments.directory, arguments.share)
    except BadResult as error:
        print(f"growth.py: {error}", file=sys.stderr)
        return 2
    if not table:
        print(f"growth.py: no method of kind {' or '.join(KINDS)} in {arguments.directory}", file=sys.stderr)
        return 2
    for name, sizes in table.items():
        for n in sorted(sizes):
            values = list(sizes[n].values())
            print(f"{name:<12} n = {n:<6} {np.mean(values):7.1f} evaluations until "
                  f"{100 * arguments.share:.0f} % are solved; by seed {' '.join(f'{v:.1f}' for v in values)}")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"share": arguments.share, "evaluations": table}, file, indent=1)
            file.write("\n")
    draw(table, arguments.share, arguments.figure or os.path.join(arguments.directory, "growth.png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
