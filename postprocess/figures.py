"""Figures of a result: history, scatter, shares, a problem in space and time."""

from __future__ import annotations

import os

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

from comparison import solved, verdicts  # noqa: E402
from result import Method, Result  # noqa: E402

# Okabe and Ito's colours: told apart by everyone.
BETTER, TIE, WORSE, SOLVED = "#0072B2", "#999999", "#D55E00", "#009E73"


def save_figure(figure: plt.Figure, folder: str, name: str) -> str:
    path = os.path.join(folder, name + ".png")
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)
    return path


def draw_history(result: Result, folder: str) -> list[str]:
    """Best misfit so far against gradient evaluations, for each method that recorded its course."""
    paths = []
    for method in (m for m in result.methods if m.history and np.isfinite(m.loss).any()):
        figure, axes = plt.subplots(figsize=(7, 4.5))
        evaluations = method.history["gradient_evaluations"]
        quantiles = np.maximum(method.history["loss_quantiles"], 1e-12)
        axes.fill_between(evaluations, quantiles[:, 0], quantiles[:, 4], color=BETTER, alpha=0.15,
                          label="5 to 95 % of the problems, best so far")
        axes.fill_between(evaluations, quantiles[:, 1], quantiles[:, 3], color=BETTER, alpha=0.3,
                          label="25 to 75 %")
        axes.plot(evaluations, quantiles[:, 2], color=BETTER, label="median")
        axes.plot(evaluations, method.history["loss_mean"], color="black", lw=0.8,
                  label="mean at the current weights")
        for k, other in enumerate(m for m in result.methods if m is not method):
            axes.plot(result.evaluations(other).mean(), max(np.nanmedian(other.loss), 1e-12), "osD^vP*X"[k % 8],
                      color=WORSE, label=f"{other.name}: median at its mean cost")
        axes.set(yscale="log", xlabel="gradient evaluations a problem", ylabel="misfit L",
                 title=f"{method.name}: course of the misfit")
        axes.legend(fontsize=8)
        paths.append(save_figure(figure, folder, f"history_{method.name}"))
    return paths


def draw_scatter(result: Result, reference: Method, answer: Method, folder: str) -> str:
    verdict = verdicts(answer.loss, reference.loss, result.loss_reference)
    low = 1e-10 * result.loss_reference
    figure, axes = plt.subplots(figsize=(5.5, 5.2))
    for value, colour, name in ((-1, BETTER, "better than"), (0, TIE, "tie with"), (1, WORSE, "worse than")):
        chosen = verdict == value
        axes.plot(np.maximum(reference.loss[chosen], low), np.maximum(answer.loss[chosen], low), "o", ms=4,
                  alpha=0.7, color=colour, label=f"{answer.name} {name}: {chosen.sum()}")
    ends = [low, 1.5 * np.nanmax([np.nanmax(reference.loss), np.nanmax(answer.loss)])]
    axes.plot(ends, ends, color="black", lw=0.7)
    axes.axhline(max(np.nanmedian(result.floor), 1e-6 * result.loss_reference), color=SOLVED, lw=0.8, ls="--",
                 label="about solved")
    axes.set(xscale="log", yscale="log", xlabel=f"misfit of {reference.name}",
             ylabel=f"misfit of {answer.name}", title="each problem's misfit (below the line: better)")
    axes.legend(fontsize=8)
    return save_figure(figure, folder, "scatter")


def draw_shares(result: Result, reference: Method, folder: str) -> str:
    figure, axes = plt.subplots(figsize=(7, 0.8 + 0.7 * len(result.methods)))
    for k, method in enumerate(result.methods):
        verdict = verdicts(method.loss, reference.loss, result.loss_reference)
        left = 0.0
        for value, colour, name in ((-1, BETTER, "better than"), (0, TIE, "tie with"), (1, WORSE, "worse than")):
            share = 100.0 * np.mean(verdict == value)
            axes.barh(k + 0.18, share, 0.34, left=left, color=colour,
                      label=f"{name} {reference.name}" if k == 0 else None)
            left += share
        share = 100.0 * np.mean(solved(method.loss, result.floor, result.loss_reference))
        axes.barh(k - 0.18, share, 0.34, color=SOLVED, label="solved" if k == 0 else None)
        axes.text(share + 1, k - 0.18, f"{share:.1f} %", va="center", fontsize=8)
    axes.set_yticks(range(len(result.methods)), [method.name for method in result.methods])
    axes.set(xlim=(0, 108), xlabel="share of the problems [%]")
    axes.legend(fontsize=8, ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.25))
    return save_figure(figure, folder, "shares")


def draw_example(result: Result, folder: str, problem: int | None) -> list[str]:
    """States at the truth and at each answer, and what the answers miss of it."""
    if not result.examples:
        return []
    if problem is None:
        problem = sorted(result.examples, key=lambda i: result.loss_at_centre[i])[len(result.examples) // 2]
    if problem not in result.examples:
        print(f"problem {problem} has no states in the file; it has {sorted(result.examples)}")
        return []
    example = result.examples[problem]
    columns = [(m.name, example.states[m.name], f"misfit {m.loss[problem]:.3g}") for m in result.methods
               if m.name in example.states]
    if example.truth is not None:
        columns.insert(0, ("truth", example.truth, f"problem {problem}"))
    else:  # the best answer stands for it
        best = {m.name: np.nan_to_num(m.loss[problem], nan=np.inf) for m in result.methods}
        columns.sort(key=lambda column: best[column[0]])
    base, base_states, _ = columns[0]
    limit = np.nanpercentile(np.abs(base_states), 99.5)
    figure, axes = plt.subplots(2, len(columns), figsize=(3 * len(columns), 6), sharex=True, sharey=True,
                                squeeze=False)
    extent = [0.0, example.length, 0.0, example.time[-1]]
    for k, (name, states, text) in enumerate(columns):
        for row, values in ((0, states), (1, states - base_states)):
            image = axes[row, k].imshow(values, origin="lower", aspect="auto", extent=extent, cmap="RdBu_r",
                                        vmin=-limit, vmax=limit)
            axes[row, k].set_title(f"u, {name}\n{text}" if row == 0 else f"{name} - {base}", fontsize=9)
    axes[1, 0].clear()
    x = np.linspace(0.0, example.length, base_states.shape[1], endpoint=False)
    axes[1, 0].plot(x, example.time[-1] * (0.5 + 0.4 * base_states[-1] / limit), color="black")
    data = "the data" if example.truth is not None else f"{base}, problem {problem}"
    axes[1, 0].set_title(f"u(T): {data} (scaled)", fontsize=9)
    for axis in axes[1]:
        axis.set_xlabel("x [length]")
    for axis in axes[:, 0]:
        axis.set_ylabel("t [time]")
    figure.colorbar(image, ax=axes, shrink=0.7, label="u [velocity]")
    return [save_figure(figure, folder, "space_time")]


def draw_figures(result: Result, reference: Method, answer: Method, folder: str,
                 problem: int | None) -> list[str]:
    if not np.isfinite(reference.loss).any() or not np.isfinite(answer.loss).any():
        print("no figures: one of the two methods has no answer to any problem")
        return []
    os.makedirs(folder, exist_ok=True)
    return [*draw_history(result, folder), draw_scatter(result, reference, answer, folder),
            draw_shares(result, reference, folder), *draw_example(result, folder, problem)]
