#!/usr/bin/env python3
"""Cosine between the joint gradient and the direction to the truth, as a function of the number of problems n.

    gradient_quality.py DIR [--until N] [--json FILE] [--figures DIR] [--width MM] [--formats pdf,png]

DIR may also be the FILE of an earlier --json. Reads /methods/joint/history/alignment at the first update of every
cell of a study. Fits mean cosine = a n^b by weighted least squares, b in [-1, 2], over the sizes up to --until
(default: all), with a 95 % interval of b from 2000 bootstrap draws of the seeds. Independent errors would give
b = 0.5 while the cosine is small.
"""

from __future__ import annotations

import argparse
import os
import sys

import interpreter  # noqa: F401  (re-executes with the system's python3 if modules are missing)

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from matplotlib.lines import Line2D

from result import BadResult, load_study
from style import GREY, Page, add_figure_options, add_legend_below, draw_size_axis, folder_of, new_figure, series_look
from tables import read_json, write_json


def load(directory: str) -> pd.DataFrame:
    """Return columns variant, n_problem, seed, cosine; one row for each cell."""
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
    """Return b of the weighted least-squares fit a n^b; a in closed form, b on a grid of [-1, 2]."""
    grid = np.linspace(-1.0, 2.0, 301)
    powers = (sizes[:, None] / sizes.max()) ** grid / errors[:, None]
    values = (means / errors)[:, None]
    a = (powers * values).sum(axis=0) / (powers**2).sum(axis=0)
    return float(grid[np.argmin(((a * powers - values) ** 2).sum(axis=0))])


def fit(cells: pd.DataFrame, until: int) -> dict:
    """Return the exponent and its interval for one variant, from the seeds that were run at every size."""
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


def fits_of(path: str, until: int) -> dict[str, dict]:
    """Return the fit of each variant of a study, or of an earlier --json. Throws BadResult."""
    if os.path.isfile(path):
        fits = read_json(path, "gradient_quality.py", ())
        if not all(isinstance(row, dict) and "exponent_95" in row for row in fits.values()):
            raise BadResult(f"{path} is not a table of gradient_quality.py")
        return fits
    return {variant: fit(own, until) for variant, own in load(path).groupby("variant")}


def draw_figure(fits: dict[str, dict], width: float) -> plt.Figure:
    """Return a figure of means over seeds with two standard errors, and of a curve proportional to sqrt(n)."""
    figure, ((axes,),) = new_figure(width, 66)
    handles = []
    for k, (variant, row) in enumerate(fits.items()):
        low, high = row["exponent_95"]
        look = series_look(k)
        axes.errorbar(row["n"], row["mean_cosine"], yerr=2 * np.array(row["standard_error"]), capsize=2, elinewidth=0.8,
                      **look.line())
        label = f"{variant}: exponent {row['exponent']:.2f} [{low:.2f}, {high:.2f}]"
        handles.append(Line2D([], [], label=label, **look.line()))
    n = np.array(next(iter(fits.values()))["n"], dtype=float)
    top = max(abs(row["mean_cosine"][-1]) for row in fits.values())
    handles += axes.plot(n, top * np.sqrt(n / n[-1]), ":", color=GREY, label="proportional to sqrt(n)")
    axes.axhline(0.0, color="black", lw=0.6)
    draw_size_axis(axes, n.astype(int))
    axes.set_ylabel("cosine with the direction to the truth [1]")
    figure.suptitle("first update; mean over seeds and 2 standard errors", fontsize=7)
    add_legend_below(figure, handles)
    return figure


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory", help="directory of result files of jpo study, or a file that --json wrote")
    parser.add_argument("--until", type=int, default=10**9, help="largest n of the fit")
    parser.add_argument("--json", help="write the fits to this file")
    parser.add_argument("--figures", help="directory of the figure gradient_quality (default: that of the input)")
    add_figure_options(parser)
    arguments = parser.parse_args()
    try:
        fits = fits_of(arguments.directory, arguments.until)
    except BadResult as error:
        print(f"gradient_quality.py: {error}", file=sys.stderr)
        return 2
    for variant, row in fits.items():
        print(f"{variant}: cosine ~ n^{row['exponent']:.3f}, 95 % interval "
              f"[{row['exponent_95'][0]:.3f}, {row['exponent_95'][1]:.3f}], {row['n_seed']} seeds")
        for n, mean, error in zip(row["n"], row["mean_cosine"], row["standard_error"]):
            print(f"  n = {n:<5} cosine {mean:8.4f} +- {error:.4f}")
    if arguments.json:
        write_json(arguments.json, fits)
    page = Page(arguments.figures or folder_of(arguments.directory), arguments.width, arguments.formats)
    page.save([("gradient_quality", draw_figure(fits, page.width))])
    return 0


if __name__ == "__main__":
    sys.exit(main())
