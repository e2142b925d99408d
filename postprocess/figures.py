"""Figures of a result: history, scatter, shares, a problem in space and time."""

from __future__ import annotations

import os

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

import pandas as pd  # noqa: E402

from result import QUANTILES, Result  # noqa: E402

# Okabe and Ito's colours: distinct for colour-blind readers as well.
BETTER, TIE, WORSE, SOLVED = "#0072B2", "#999999", "#D55E00", "#009E73"
VERDICTS = ((-1, BETTER, "better than"), (0, TIE, "tie with"), (1, WORSE, "worse than"))


def save_figure(figure: plt.Figure, folder: str, name: str) -> str:
    path = os.path.join(folder, name + ".png")
    figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(figure)
    return path


def draw_history(result: Result, folder: str) -> list[str]:
    """Best misfit so far against gradient evaluations, for each method that recorded its history."""
    paths = []
    summary = result.answers.groupby(level="method", sort=False).agg(
        cost=("evaluations", "mean"), loss=("loss", "median"), least=("loss", "min"))
    summary["loss"] = summary["loss"].clip(lower=1e-12)
    for name in summary.index[np.isfinite(summary["least"]) & summary.index.isin(result.histories.index)]:
        history = result.histories.loc[[name]]
        evaluations, quantiles = history["gradient_evaluations"], history[QUANTILES].clip(lower=1e-12)
        figure, axes = plt.subplots(figsize=(7, 4.5))
        axes.fill_between(evaluations, quantiles["loss_5"], quantiles["loss_95"], color=BETTER, alpha=0.15,
                          label="5 to 95 % of the problems, best so far")
        axes.fill_between(evaluations, quantiles["loss_25"], quantiles["loss_75"], color=BETTER, alpha=0.3,
                          label="25 to 75 %")
        axes.plot(evaluations, quantiles["loss_50"], color=BETTER, label="median")
        axes.plot(evaluations, history["loss_mean"], color="black", lw=0.8,
                  label="mean at the current weights")
        for k, (other, point) in enumerate(summary.drop(name).iterrows()):
            axes.plot(point["cost"], point["loss"], "osD^vP*X"[k % 8], color=WORSE,
                      label=f"{other}: median at its mean cost")
        axes.set(yscale="log", xlabel="gradient evaluations a problem", ylabel="misfit L",
                 title=f"{name}: best misfit and cost")
        axes.legend(fontsize=8)
        paths.append(save_figure(figure, folder, f"history_{name}"))
    return paths


def draw_scatter(result: Result, judged: pd.DataFrame, reference: str, answer: str, folder: str) -> str:
    low = 1e-10 * result.loss_reference
    own = judged.loc[answer]
    loss = pd.DataFrame({"reference": judged.loc[reference]["loss"], "answer": own["loss"]}).clip(lower=low)
    figure, axes = plt.subplots(figsize=(5.5, 5.2))
    for value, colour, name in VERDICTS:
        chosen = loss[own["verdict"] == value]
        axes.plot(chosen["reference"], chosen["answer"], "o", ms=4,
                  alpha=0.7, color=colour, label=f"{answer} {name}: {len(chosen)}")
    ends = [low, 1.5 * loss.max().max()]
    axes.plot(ends, ends, color="black", lw=0.7)
    axes.axhline(max(result.problems["floor"].median(), 1e-6 * result.loss_reference), color=SOLVED, lw=0.8, ls="--",
                 label="about solved")
    axes.set(xscale="log", yscale="log", xlabel=f"misfit of {reference}",
             ylabel=f"misfit of {answer}", title="misfit of each problem (below the line: better)")
    axes.legend(fontsize=8)
    return save_figure(figure, folder, "scatter")


def draw_shares(judged: pd.DataFrame, reference: str, folder: str) -> str:
    methods = judged.groupby(level="method", sort=False)
    figure, axes = plt.subplots(figsize=(7, 0.8 + 0.7 * len(methods)))
    for k, (_, own) in enumerate(methods):
        left = 0.0
        for value, colour, name in VERDICTS:
            share = 100.0 * (own["verdict"] == value).mean()
            axes.barh(k + 0.18, share, 0.34, left=left, color=colour,
                      label=f"{name} {reference}" if k == 0 else None)
            left += share
        share = 100.0 * own["solved"].mean()
        axes.barh(k - 0.18, share, 0.34, color=SOLVED, label="solved" if k == 0 else None)
        axes.text(share + 1, k - 0.18, f"{share:.1f} %", va="center", fontsize=8)
    axes.set_yticks(range(len(methods)), [name for name, _ in methods])
    axes.set(xlim=(0, 108), xlabel="share of the problems [%]")
    axes.legend(fontsize=8, ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.25))
    return save_figure(figure, folder, "shares")


def draw_example(result: Result, folder: str, problem: int | None) -> list[str]:
    """States at the truth and at each answer, and the difference of each answer from the truth."""
    if not result.examples:
        return []
    if problem is None:
        problem = result.problems["loss_at_centre"].loc[list(result.examples)].sort_values().index[
            len(result.examples) // 2]
    if problem not in result.examples:
        print(f"problem {problem} has no states in the file; it has {sorted(result.examples)}")
        return []
    example = result.examples[problem]
    loss = result.answers["loss"].xs(problem, level="problem")
    columns = [(name, example.states[name], f"misfit {loss[name]:.3g}") for name in loss.index if name in example.states]
    if example.truth is not None:
        columns.insert(0, ("truth", example.truth, f"problem {problem}"))
    else:  # the best answer is used in its place
        columns.sort(key=lambda column: loss.fillna(np.inf)[column[0]])
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


def draw_figures(result: Result, judged: pd.DataFrame, reference: str, answer: str, folder: str,
                 problem: int | None) -> list[str]:
    """Draw the figures of a result into `folder`; `judged` is judge(result, reference). Returns their paths."""
    if not all(np.isfinite(judged.loc[name]["loss"]).any() for name in (reference, answer)):
        print("no figures: one of the two methods has no answer to any problem")
        return []
    os.makedirs(folder, exist_ok=True)
    return [*draw_history(result, folder), draw_scatter(result, judged, reference, answer, folder),
            draw_shares(judged, reference, folder), *draw_example(result, folder, problem)]
