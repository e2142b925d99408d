"""Figures of a study: shares and misfits against the number of problems; variants side by side."""

from __future__ import annotations

import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from figures import save_figure

# Okabe and Ito's colours, distinct for colour-blind readers, and one marker each for black and white print.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = "osD^vPX"
PAPER_SHARE = 69.0  # better than BFGS, on average: arXiv 2408.08119
LEAST_LOSS = 1e-20  # misfits at round-off are drawn at the edge of the figure


class Look:
    """Colour and marker of each method, the same in all figures."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.names = list(table["name"].unique())

    def of(self, name: str) -> dict:
        k = self.names.index(name)
        return {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)], "ms": 5}


def _log2_axis(axes: plt.Axes, table: pd.DataFrame) -> None:
    sizes = sorted(table["n_problem"].unique())
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(n) for n in sizes])
    axes.minorticks_off()
    axes.set_xlabel("problems solved together, n [1]")


def _seeds_text(table: pd.DataFrame) -> str:
    n = table["seeds"].map(len).max()
    return f"{n} seeds: mean, least and most" if n > 1 else "1 seed"


def _spread(own: pd.DataFrame, key: str) -> np.ndarray:
    """Distances of the mean from the smallest and the largest value over seeds, [2, row]."""
    return np.maximum([own[key] - own[key + "_min"], own[key + "_max"] - own[key]], 0.0)


def _draw_share(axes: plt.Axes, table: pd.DataFrame, look: Look, key: str) -> None:
    for name, own in table.groupby("name", sort=False):
        # Methods are shifted a little along n, so that their bars do not hide each other.
        place = own["n_problem"] * 2 ** (0.07 * (look.names.index(name) - 1))
        axes.errorbar(place, own[key], yerr=_spread(own, key), capsize=3, label=name, **look.of(name))
    axes.set(ylim=(-2, 102))
    _log2_axis(axes, table)
    axes.grid(alpha=0.3)


def _draw_better(table: pd.DataFrame, reference: str, look: Look, folder: str, suffix: str) -> str:
    """Share better than the reference, with the largest possible share and the figure of the paper."""
    figure, axes = plt.subplots(figsize=(7, 4.5))
    room = table[table["name"] == reference]
    _draw_share(axes, table.drop(room.index), look, "better")
    axes.plot(room["n_problem"], room["unsolved_by_reference"], ":",
              color="#666666", label=f"not solved by {reference}: the largest possible share")
    axes.axhline(PAPER_SHARE, color="black", lw=0.9, ls="--",
                 label=f"{PAPER_SHARE:.0f} %: average of the paper")
    axes.set(ylabel=f"problems better than {reference} [%]",
             title=f"{table['variant'].iloc[0]}: better than {reference} ({_seeds_text(table)})")
    axes.legend(fontsize=8)
    return save_figure(figure, folder, f"better{suffix}")


def _draw_solved(table: pd.DataFrame, look: Look, folder: str, suffix: str) -> str:
    figure, axes = plt.subplots(figsize=(7, 4.5))
    _draw_share(axes, table, look, "solved")
    axes.set(ylabel="problems solved [%]", title=f"{table['variant'].iloc[0]}: solved ({_seeds_text(table)})")
    axes.legend(fontsize=8)
    return save_figure(figure, folder, f"solved{suffix}")


def _draw_loss(table: pd.DataFrame, look: Look, folder: str, suffix: str) -> str:
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for name, own in table.groupby("name", sort=False):
        for key, line, label in (("loss_median", "-", f"{name}: median"), ("loss_mean", "--", f"{name}: mean")):
            axes.plot(own["n_problem"], own[key].clip(lower=LEAST_LOSS), line, label=label, **look.of(name))
    axes.set(yscale="log", ylabel="misfit L [1]",
             title=f"{table['variant'].iloc[0]}: misfit of the problems of all seeds")
    _log2_axis(axes, table)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, ncols=2)
    return save_figure(figure, folder, f"loss{suffix}")


def _draw_variants(table: pd.DataFrame, look: Look, folder: str, n_problem: int) -> str:
    """Solved share of each method in each variant, at one size."""
    variants = list(table["variant"].unique())
    methods = table.groupby("name", sort=False)
    figure, axes = plt.subplots(figsize=(7, 1.2 + 0.25 * len(variants) * (len(methods) + 1)))
    height = 1.0 / (len(methods) + 1)
    for j, (name, own) in enumerate(methods):
        place = own["variant"].map(variants.index) + (j + 0.5 - 0.5 * len(methods)) * height
        axes.barh(place, own["solved"], 0.9 * height, color=look.of(name)["color"], label=name,
                  xerr=_spread(own, "solved"), error_kw={"capsize": 2, "lw": 0.8})
        for y, value in zip(place, own["solved"]):
            axes.text(101, y, f"{value:.1f}", va="center", fontsize=7)
    axes.set_yticks(range(len(variants)), variants)
    axes.invert_yaxis()
    axes.set(xlim=(0, 108), xlabel="problems solved [%]", title=f"n = {n_problem} ({_seeds_text(table)})")
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=4)
    return save_figure(figure, folder, f"variants_n{n_problem}")


def draw_study(table: pd.DataFrame, reference: str, folder: str) -> list[str]:
    """Draw the figures into `folder` and return their paths.

    Against n for each variant that has several sizes or is the only one; variants side by side at the largest n.
    """
    os.makedirs(folder, exist_ok=True)
    look = Look(table)
    variants = table.groupby("variant", sort=False)
    paths = []
    for variant, own in variants:
        if len(variants) > 1 and own["n_problem"].nunique() == 1:
            continue
        suffix = f"_{variant}" if len(variants) > 1 else ""
        paths += [_draw_better(own, reference, look, folder, suffix), _draw_solved(own, look, folder, suffix),
                  _draw_loss(own, look, folder, suffix)]
    if len(variants) > 1:
        largest = table["n_problem"].max()
        paths.append(_draw_variants(table[table["n_problem"] == largest], look, folder, largest))
    return paths
