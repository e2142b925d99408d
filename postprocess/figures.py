"""Figures of a result: history, scatter, shares, a problem in space and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from comparison import joint_methods, ranking
from field_figure import draw_fields
from history_figure import LIMIT, SOLVED, draw_history, median_limit
from result import Result
from style import GREY, WIDE, add_legend_below, add_legend_right, draw_bars, label_log_axis, look_of, new_figure, short

# Share of L_ref below which a misfit is drawn at the edge of an axis.
EDGE = 1e-10
VERDICTS = ((-1, "better", "#404040", ""), (0, "tie", "#D0D0D0", ""), (1, "worse", "white", "/////"))


@dataclass(frozen=True)
class Selection:
    """Choices for the figures of a result.

    methods    in the order of the file
    reference  method that the others are compared with
    answer     method of the scatter figure
    fields     methods of the figure in space and time
    problem    problem of the figure in space and time; None: the one with the median loss_at_centre
    """

    methods: list[str]
    reference: str
    answer: str
    fields: list[str]
    problem: int | None = None


def select(result: Result, table: pd.DataFrame, reference: str, methods: str | None, answer: str | None,
           problem: int | None) -> Selection:
    """Fill in the options that the user did not set.

    Default of the scatter figure: the best joint method. Default of the space-time figure: the reference, then the
    other methods, the best first. `table` is compare(judge(result, reference)); `methods` is a list "A,B" or None.
    Throws BadResult if a name is not in the file.
    """
    names = result.chosen(methods)
    best = [name for name in ranking(table) if name in names]
    others = [name for name in best if name != reference]
    joint = [name for name in others if name in joint_methods(result.methods)]
    return Selection(names, reference, result.known(answer) if answer else (joint + others + [reference])[0],
                     names if methods else [reference, *others], problem)


def draw_scatter(result: Result, judged: pd.DataFrame, selection: Selection, width: float) -> plt.Figure:
    """Return the figure of the misfits of a method against those of the reference, one point per problem."""
    reference, answer = selection.reference, selection.answer
    own = judged.loc[answer]
    loss = pd.DataFrame({"x": judged.loc[reference]["loss"], "y": own["loss"]})
    low = max(EDGE * result.loss_reference, 0.7 * loss.min().min())
    figure, ((axes,),) = new_figure(width, 80)
    handles = []
    for value, word, *_ in VERDICTS:
        look = look_of(answer if value < 0 else reference)
        colour, marker = (GREY, "+") if value == 0 else (look.colour, look.marker)
        points = {"color": colour, "linestyle": "none", "markersize": 3.5, "alpha": 0.8, "markeredgewidth": 0.5}
        chosen = loss[own["verdict"] == value]
        inside = chosen[(chosen >= low).all(axis="columns")]
        axes.plot(inside["x"], inside["y"], marker=marker, **points)
        outside = chosen[(chosen < low).any(axis="columns")]
        for edge, rows in outside.clip(lower=low).groupby(np.where(outside["y"] < low, "v", "<")):
            axes.plot(rows["x"], rows["y"], edge, clip_on=False, zorder=3, **points)
        text = f"{answer} {word} than {reference}" if value else word
        handles.append(Line2D([], [], marker=marker, label=f"{text}: {len(chosen)}", **points))
    if (loss < low).any(axis=None):
        handles += [Line2D([], [], color="black", linestyle="none", marker="v", markersize=3.5,
                           label=f"at an edge: below {short(low)}")]
    if n_failed := int(loss.isna().any(axis="columns").sum()):
        handles.append(Line2D([], [], linestyle="none", label=f"not drawn, no misfit: {n_failed}"))
    ends = (low, 1.4 * loss.max().max())
    handles += axes.plot(ends, ends, color="black", lw=0.7, label="equal misfits")
    handles += [axes.axhline(median_limit(result), label=SOLVED, **LIMIT)]
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends, xlabel=f"misfit of {reference} [1]",
             ylabel=f"misfit of {answer} [1]")
    for axis in (axes.xaxis, axes.yaxis):
        label_log_axis(axis)
    (add_legend_right if width >= WIDE else add_legend_below)(figure, handles)
    return figure


def draw_shares(judged: pd.DataFrame, selection: Selection, width: float) -> plt.Figure:
    """Return the figure of the shares of problems: solved; better, tie and worse than the reference."""
    names = selection.methods
    methods = judged.groupby(level="method")
    solved = 100.0 * methods["solved"].mean()[names]
    figure, ((left, right),) = new_figure(width, 12 + 4.5 * len(names), 1, 2, sharey=True)
    draw_bars(left, names, solved, [f"{value:.1f}" for value in solved])
    handles = []
    before = pd.Series(0.0, index=names)
    for value, word, colour, hatch in VERDICTS:
        share = 100.0 * (judged["verdict"] == value).groupby(level="method").mean()[names]
        patch = {"facecolor": colour, "edgecolor": "black", "linewidth": 0.4, "hatch": hatch}
        right.barh(range(len(names)), share, 0.7, left=before, **patch)
        handles.append(Patch(label=f"{word} than {selection.reference}" if value else f"tie with {selection.reference}",
                             **patch))
        before += share
    left.set(xlim=(0, 100), xlabel="solved [%]")
    right.set(xlim=(0, 100), xlabel=f"against {selection.reference} [%]")
    right.tick_params(left=False)
    add_legend_below(figure, handles)
    return figure


def result_figures(result: Result, judged: pd.DataFrame, selection: Selection,
                   width: float) -> Iterator[tuple[str, plt.Figure]]:
    """Yield (name, figure); `judged` is judge(result, selection.reference).

    Yields nothing if the method of the scatter figure or the reference has no finite misfit.
    """
    if not all(np.isfinite(judged.loc[name]["loss"]).any() for name in (selection.reference, selection.answer)):
        print("no figures: one of the two methods has no answer to any problem")
        return
    yield "history", draw_history(result, selection.methods, width)
    if selection.answer != selection.reference:
        yield "scatter", draw_scatter(result, judged, selection, width)
    yield "shares", draw_shares(judged, selection, width)
    if fields := draw_fields(result, selection.fields, selection.problem, width):
        yield "space_time", fields
