#!/usr/bin/env python3
"""Alignment of the joint gradient with the direction to the solution, against the size of the set.

    gradient_quality.py DIRECTORY [--until N] [--json FILE] [--figure FILE.png]

Reads /methods/joint/history/alignment at the first update of every cell of a study. Fits
mean cosine = a n^b by weighted least squares, b in [-1, 2], over the sizes up to --until (default: all),
with a 95 % interval of b from 2000 bootstrap draws of the seeds. Independent errors would give b = 0.5 while the
cosine is small.
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

from result import BadResult, load_study
from tables import write_json


def load(directory: str) -> pd.DataFrame:
    """Columns variant, n_problem, seed, cosine; one row for each cell."""
    rows = []
    for result in load_study(directory):
        history = result.histories.loc[[result.known("joint")]]
        value = history["alignment"].iloc[0] if "alignment" in history else np.nan
        if not np.isfinite(value):
            raise BadResult(f"{directory}: the cell {result.variant}, n = {result.n_problem}, seed {result.seed} has no "
                            "alignment: it needs method.joint.gradient_alignment = true, and problems whose truth is known")
        rows.append((result.variant, result.n_problem, result.seed, value))
    return pd.DataFrame(rows, columns=["variant", "n_problem", "seed", "cosine"])


def exponent(sizes: np.ndarray, means: np.ndarray, errors: np.ndarray) -> float:
    """b of the weighted least-squares fit a n^b; a in closed form, b on a grid of [-1, 2]."""
    grid = np.linspace(-1.0, 2.0, 301)
    powers = (sizes[:, None] / sizes.max()) ** grid / errors[:, None]
    values = (means / errors)[:, None]
    a = (powers * values).sum(axis=0) / (powers**2).sum(axis=0)
    return float(grid[np.argmin(((a * powers - values) ** 2).sum(axis=0))])


def fit(cells: pd.DataFrame, until: int) -> dict:
    """Exponent and its interval for one variant, from the seeds that were run at every size."""
    table = cells[cells["n_problem"] <= until].pivot(index="n_problem", columns="seed", values="cosine")
    table = table.dropna(axis="columns")
    sizes, values = table.index.to_numpy(), np.ascontiguousarray(table)
    n_seed = table.shape[1]
    draw = np.random.default_rng(0)
    errors = values.std(axis=1, ddof=1) / np.sqrt(n_seed)
    fits = [exponent(sizes, values[:, draw.integers(0, n_seed, n_seed)].mean(axis=1), errors)
            for _ in range(2000)]
    return {"n": sizes.tolist(), "mean_cosine": values.mean(axis=1).tolist(),
            "standard_error": errors.tolist(), "n_seed": n_seed,
            "exponent": exponent(sizes, values.mean(axis=1), errors),
            "exponent_95": np.percentile(fits, [2.5, 97.5]).tolist()}


def draw_figure(fits: dict[str, dict], path: str) -> None:
    figure, axes = plt.subplots(figsize=(6, 4.5))
    for (variant, row), colour in zip(fits.items(), ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]):
        low, high = row["exponent_95"]
        axes.errorbar(row["n"], row["mean_cosine"], yerr=2 * np.array(row["standard_error"]), fmt="o-",
                      color=colour, capsize=3,
                      label=f"{variant}: exponent {row['exponent']:.2f} [{low:.2f}, {high:.2f}]")
    n = np.array(next(iter(fits.values()))["n"], dtype=float)
    top = max(abs(row["mean_cosine"][-1]) for row in fits.values())
    axes.plot(n, top * np.sqrt(n / n[-1]), "--", color="#999999", label="sqrt(n)")
    axes.axhline(0.0, color="black", lw=0.6)
    axes.set_xscale("log", base=2)
    axes.set(xlabel="problems n", ylabel="cosine with the direction to the truth",
             title="joint gradient at the first update (mean over seeds, 2 standard errors)")
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=150, bbox_inches="tight")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory")
    parser.add_argument("--until", type=int, default=10**9, help="largest n of the fit")
    parser.add_argument("--json")
    parser.add_argument("--figure")
    arguments = parser.parse_args()
    try:
        cells = load(arguments.directory)
    except BadResult as error:
        print(f"gradient_quality.py: {error}", file=sys.stderr)
        return 2
    fits = {variant: fit(own, arguments.until) for variant, own in cells.groupby("variant")}
    for variant, row in fits.items():
        print(f"{variant}: cosine ~ n^{row['exponent']:.3f}, 95 % interval "
              f"[{row['exponent_95'][0]:.3f}, {row['exponent_95'][1]:.3f}], {row['n_seed']} seeds")
        for n, mean, error in zip(row["n"], row["mean_cosine"], row["standard_error"]):
            print(f"  n = {n:<5} cosine {mean:8.4f} +- {error:.4f}")
    if arguments.json:
        write_json(arguments.json, fits)
    draw_figure(fits, arguments.figure or os.path.join(arguments.directory, "gradient_quality.png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
