"""Figures of a study: shares and misfits against the number of problems; variants side by side."""

from __future__ import annotations

import os

import matplotlib.pyplot as plt
import numpy as np

from figures import save_figure

# Okabe and Ito's colours, told apart by everyone, and a marker each: black and white print will do.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = "osD^vPX"
PAPER_SHARE = 69.0  # better than BFGS, on average: arXiv 2408.08119
LEAST_LOSS = 1e-20  # misfits at round-off stand on the edge of the figure


class Look:
    """Colour and marker of each method, the same in all figures."""

    def __init__(self, rows: list[dict]) -> None:
        self.names = list(dict.fromkeys(row["name"] for row in rows))

    def of(self, name: str) -> dict:
        k = self.names.index(name)
        return {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)], "ms": 5}


def _log2_axis(axes: plt.Axes, sizes: list[int]) -> None:
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(n) for n in sizes])
    axes.minorticks_off()
    axes.set_xlabel("problems solved together, n [1]")


def _seeds_text(rows: list[dict]) -> str:
    n = max(len(row["seeds"]) for row in rows)
    return f"{n} seeds: mean, least and most" if n > 1 else "1 seed"


def _draw_share(axes: plt.Axes, rows: list[dict], look: Look, key: str) -> None:
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row for row in rows if row["name"] == name]
        share = np.array([row[key] for row in own])
        spread = [share - [row[key + "_min"] for row in own], [row[key + "_max"] for row in own] - share]
        # A little aside for each method: their spreads would hide each other.
        place = [row["n_problem"] * 2 ** (0.07 * (look.names.index(name) - 1)) for row in own]
        axes.errorbar(place, share, yerr=np.maximum(spread, 0.0), capsize=3,
                      label=name, **look.of(name))
    axes.set(ylim=(-2, 102))
    _log2_axis(axes, sorted({row["n_problem"] for row in rows}))
    axes.grid(alpha=0.3)


def _draw_better(rows: list[dict], reference: str, look: Look, folder: str, suffix: str) -> str:
    """Share better than the reference, with the most that is possible and the paper's figure."""
    figure, axes = plt.subplots(figsize=(7, 4.5))
    _draw_share(axes, [row for row in rows if row["name"] != reference], look, "better")
    room = [row for row in rows if row["name"] == reference]
    axes.plot([row["n_problem"] for row in room], [row["unsolved_by_reference"] for row in room], ":",
              color="#666666", label=f"not solved by {reference}: the room there is")
    axes.axhline(PAPER_SHARE, color="black", lw=0.9, ls="--",
                 label=f"{PAPER_SHARE:.0f} %: the paper's own figure, on average")
    axes.set(ylabel=f"problems better than {reference} [%]",
             title=f"{room[0]['variant']}: better than {reference} ({_seeds_text(rows)})")
    axes.legend(fontsize=8)
    return save_figure(figure, folder, f"better{suffix}")


def _draw_solved(rows: list[dict], look: Look, folder: str, suffix: str) -> str:
    figure, axes = plt.subplots(figsize=(7, 4.5))
    _draw_share(axes, rows, look, "solved")
    axes.set(ylabel="problems solved [%]", title=f"{rows[0]['variant']}: solved ({_seeds_text(rows)})")
    axes.legend(fontsize=8)
    return save_figure(figure, folder, f"solved{suffix}")


def _draw_loss(rows: list[dict], look: Look, folder: str, suffix: str) -> str:
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row for row in rows if row["name"] == name]
        sizes = [row["n_problem"] for row in own]
        for key, line, label in (("loss_median", "-", f"{name}: median"), ("loss_mean", "--", f"{name}: mean")):
            axes.plot(sizes, [max(row[key], LEAST_LOSS) for row in own], line, label=label, **look.of(name))
    axes.set(yscale="log", ylabel="misfit L [1]", title=f"{rows[0]['variant']}: misfit of all seeds' problems")
    _log2_axis(axes, sorted({row["n_problem"] for row in rows}))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, ncols=2)
    return save_figure(figure, folder, f"loss{suffix}")


def _draw_variants(rows: list[dict], look: Look, folder: str, n_problem: int) -> str:
    """Solved share of each method in each variant, at one size."""
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    names = list(dict.fromkeys(row["name"] for row in rows))
    figure, axes = plt.subplots(figsize=(7, 1.2 + 0.25 * len(variants) * (len(names) + 1)))
    height = 1.0 / (len(names) + 1)
    for j, name in enumerate(names):
        own = {row["variant"]: row for row in rows if row["name"] == name}
        place = [k + (j + 0.5) * height - 0.5 * len(names) * height for k, v in enumerate(variants) if v in own]
        share = np.array([own[v]["solved"] for v in variants if v in own])
        spread = [share - [own[v]["solved_min"] for v in variants if v in own],
                  [own[v]["solved_max"] for v in variants if v in own] - share]
        axes.barh(place, share, 0.9 * height, color=look.of(name)["color"], label=name,
                  xerr=np.maximum(spread, 0.0), error_kw={"capsize": 2, "lw": 0.8})
        for y, value in zip(place, share):
            axes.text(101, y, f"{value:.1f}", va="center", fontsize=7)
    axes.set_yticks(range(len(variants)), variants)
    axes.invert_yaxis()
    axes.set(xlim=(0, 108), xlabel="problems solved [%]", title=f"n = {n_problem} ({_seeds_text(rows)})")
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=4)
    return save_figure(figure, folder, f"variants_n{n_problem}")


def draw_study(rows: list[dict], reference: str, folder: str) -> list[str]:
    """Against n for each variant that has several sizes, or where there is one variant only."""
    os.makedirs(folder, exist_ok=True)
    look = Look(rows)
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    paths = []
    for variant in variants:
        own = [row for row in rows if row["variant"] == variant]
        if len(variants) > 1 and len({row["n_problem"] for row in own}) == 1:
            continue
        suffix = f"_{variant}" if len(variants) > 1 else ""
        paths += [_draw_better(own, reference, look, folder, suffix), _draw_solved(own, look, folder, suffix),
                  _draw_loss(own, look, folder, suffix)]
    if len(variants) > 1:
        largest = max(row["n_problem"] for row in rows)
        paths.append(_draw_variants([row for row in rows if row["n_problem"] == largest], look, folder, largest))
    return paths
