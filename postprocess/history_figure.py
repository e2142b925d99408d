"""Figure of the best misfit so far of every method, against gradient evaluations and against seconds."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.patches import Patch

from comparison import solved_limit
from result import Result
from style import GREY, WIDE, add_legend_below, label_log_axis, line_handle, look_of, new_figure

AXES = {"evaluations": "gradient evaluations per problem", "seconds": "time [s]"}
LEVELS = ["loss_25", "loss_50", "loss_75"]
LEAST_LOSS = 1e-20
LIMIT = {"color": "black", "lw": 0.7, "ls": (0, (4, 3)), "zorder": 1}
SOLVED = "limit for solved (median)"
# Largest number of methods with bands; more bands would hide each other.
MOST_BANDS = 3
# An axis is logarithmic if the longest curve is this many times as long as the shortest one.
MOST_RATIO = 8.0


def curve_of(result: Result, name: str) -> pd.DataFrame:
    """Return the columns evaluations, seconds and LEVELS: the rows of the history, and at the end the answers.

    If a method starts from another method, its curve begins at the last row of the curve of that method.
    """
    earlier = result.methods.loc[name, "earlier"]
    before = [curve_of(result, earlier).iloc[[-1]]] if earlier else []
    evaluations, seconds = before[0][["evaluations", "seconds"]].iloc[0] if earlier else (0.0, 0.0)
    answers = result.answers.loc[name]
    loss = dict(zip(LEVELS, answers["loss"].quantile([0.25, 0.5, 0.75])))
    end = {"evaluations": answers["evaluations"].mean(), "seconds": seconds + result.methods.loc[name, "seconds"]}
    rows = []
    if name in result.histories.index:
        history = result.histories.loc[[name]]
        history = history[np.isfinite(history["loss_50"])]
        rows = [history[LEVELS].assign(evaluations=evaluations + history["gradient_evaluations"],
                                       seconds=seconds + history["seconds"])]
    curve = pd.concat([*before, *rows, pd.DataFrame([end | loss], index=[name])])
    return curve.sort_values("evaluations", kind="stable")


def is_timed(result: Result, name: str) -> bool:
    """Return True if the history of the method has times, or if it has no rows."""
    return name not in result.histories.index or np.isfinite(result.histories.loc[[name], "seconds"]).all()


def median_limit(result: Result) -> float:
    """Return the misfit up to which a problem counts as solved, the median over the problems."""
    return float(solved_limit(result.problems["reference"], result.loss_reference).median())


def _draw_panel(axes: plt.Axes, curves: dict[str, pd.DataFrame], key: str) -> None:
    has_bands = len(curves) <= MOST_BANDS
    for name, curve in curves.items():
        x, loss = curve[key], curve[LEVELS].clip(lower=LEAST_LOSS)
        look = look_of(name)
        if has_bands and x.nunique() > 1:
            axes.fill_between(x, loss["loss_25"], loss["loss_75"], color=look.colour, alpha=0.2, lw=0)
        # A marker on the last point; the others would cover the curve.
        axes.plot(x, loss["loss_50"], markevery=[len(curve) - 1], label=name, zorder=3, **look.line())
    ends = [curve[key].iloc[-1] for curve in curves.values()]
    if min(ends) > 0.0 and max(ends) > MOST_RATIO * min(ends):
        axes.set_xscale("log")
    else:
        axes.set_xlim(left=0.0)
    axes.set(yscale="log", xlabel=AXES[key])
    axes.grid(True)


def draw_history(result: Result, methods: list[str], width: float) -> plt.Figure:
    """Return the figure of the median of the best misfits so far, with bands from 25 to 75 % for few methods.

    The panel of seconds is drawn if the file has the seconds of all histories.
    """
    curves = {name: curve_of(result, name) for name in methods}
    keys = AXES if all(is_timed(result, name) for name in result.methods.index) else ["evaluations"]
    shape = (1, len(keys)) if width >= WIDE else (len(keys), 1)
    figure, axes = new_figure(width, 65 * shape[0], *shape, sharey=True)
    for one, key in zip(axes.flat, keys):
        _draw_panel(one, curves, key)
        limit = one.axhline(median_limit(result), label=SOLVED, **LIMIT)
    for one in axes[:, 0]:
        one.set_ylabel("median of the best misfits so far")
        label_log_axis(one.yaxis)
    handles = [line_handle(name) for name in curves]
    if axes[0, 0].collections:
        handles.append(Patch(color=GREY, alpha=0.4, lw=0, label="25 to 75 % of the problems"))
    add_legend_below(figure, [*handles, limit])
    return figure
