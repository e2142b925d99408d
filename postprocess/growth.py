#!/usr/bin/env python3
"""Cost of solving most of a set of problems, against the size of the set.

    growth.py DIR [--share 0.9] [--json FILE] [--figure FILE.png]

For the methods of a study that work in rounds and stop working on solved problems (bank, multi_start). Until a
share s of the problems is solved, each unsolved problem has had as many evaluations as the most expensive problem
of that share, q: the mean cost is mean(min(e_i, q)), e_i the evaluations of problem i, q the s-quantile of those
that are solved (the others count as most expensive). No value if fewer than s are solved. Points are means over
seeds, bars the smallest and largest.
"""

from __future__ import annotations

import argparse
import os
import sys

import interpreter  # noqa: F401  (re-executes with the system's python3 if modules are missing)

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from comparison import judge
from result import BadResult, load_study
from tables import write_json

KINDS = ("bank", "multi_start")


def evaluations_to_solve(evaluations: np.ndarray, is_solved: np.ndarray, share: float) -> float:
    n_wanted = int(np.ceil(share * len(evaluations)))
    if is_solved.sum() < n_wanted:
        return float("nan")
    most_expensive = np.sort(evaluations[is_solved])[n_wanted - 1]
    return float(np.minimum(evaluations, most_expensive).mean())


def table_of(folder: str, share: float) -> pd.DataFrame:
    """Columns method, n_problem, seed, evaluations; methods and cells in the order of the study."""
    rows = []
    results = load_study(folder)
    for result in results:
        answers = judge(result)
        for name, own in answers[answers["kind"].isin(KINDS)].groupby(level="method", sort=False):
            value = evaluations_to_solve(own["evaluations"].to_numpy(), own["solved"].to_numpy(), share)
            rows.append((name, result.n_problem, result.seed, value))
    if not rows:
        raise BadResult(f"no method of kind {' or '.join(KINDS)} in {folder}")
    if len(variants := {result.variant for result in results}) > 1:
        raise BadResult(f"{folder} has several variants ({', '.join(sorted(variants))}); allowed: one")
    return pd.DataFrame(rows, columns=["method", "n_problem", "seed", "evaluations"])


def nested(table: pd.DataFrame) -> dict[str, dict[int, dict[int, float]]]:
    """Evaluations by method, size and seed."""
    return {name: {int(n): dict(zip(cell["seed"].tolist(), cell["evaluations"].tolist()))
                   for n, cell in own.groupby("n_problem")}
            for name, own in table.groupby("method", sort=False)}


def draw(table: pd.DataFrame, share: float, path: str) -> None:
    figure, axes = plt.subplots(figsize=(6, 4.5))
    for (name, own), colour in zip(table.groupby("method", sort=False), ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]):
        sizes = own.groupby("n_problem")["evaluations"]
        points = sizes.agg(["mean", "min", "max"])[sizes.count() == sizes.size()]  # only if all seeds have a value
        if len(points):
            bars = np.array([points["mean"] - points["min"], points["max"] - points["mean"]])
            axes.errorbar(points.index, points["mean"], yerr=bars, fmt="o-", color=colour, capsize=3, label=name)
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
    for name, own in table.groupby("method", sort=False):
        for n, values in own.groupby("n_problem")["evaluations"]:
            print(f"{name:<12} n = {n:<6} {values.mean(skipna=False):7.1f} evaluations until "
                  f"{100 * arguments.share:.0f} % are solved; by seed {' '.join(f'{v:.1f}' for v in values)}")
    if arguments.json:
        write_json(arguments.json, {"share": arguments.share, "evaluations": nested(table)})
    draw(table, arguments.share, arguments.figure or os.path.join(arguments.directory, "growth.png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
