"""Figures of a study: shares and misfits against the number of problems; variants side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.lines import Line2D

from style import (add_legend_below, bar_handle, draw_bars, draw_size_axis, draw_spread, label_log_axis, line_handle,
                   look_of, new_figure, short)

PAPER_SHARE = 69.0  # better than BFGS, on average: arXiv 2408.08119
LEAST_LOSS = 1e-20  # misfits at round-off are drawn at the edge of the figure
MAXIMUM = {"color": "#606060", "ls": ":", "lw": 1.2, "zorder": 4}
PAPER = {"color": "black", "ls": (0, (4, 3)), "lw": 0.8}


def _names(table: pd.DataFrame) -> list[str]:
    return list(table["name"].unique())


def _percent(value: float) -> str:
    return f"{value:.1f}"


def _title(figure: plt.Figure, table: pd.DataFrame, text: str = "") -> None:
    """Name the variant if the study has several, and the seeds."""
    n = table["seeds"].map(len).max()
    seeds = f"{n} seeds together; error bars: least and most" if n > 1 else "1 seed"
    figure.suptitle(", ".join(part for part in (text, seeds) if part), fontsize=7)


def _values(own: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return columns value, least and most over seeds."""
    columns = {"value": key, "least": key + "_min", "most": key + "_max"}
    return pd.DataFrame({name: own[column].clip(lower=LEAST_LOSS) for name, column in columns.items()})


def _draw_lines(axes: plt.Axes, table: pd.DataFrame, key: str) -> None:
    names = _names(table)
    for k, (name, own) in enumerate(table.groupby("name", sort=False)):
        # Methods are shifted a little along n, so that their error bars do not hide each other.
        sizes = own["n_problem"] * 2 ** (0.07 * (k - 0.5 * (len(names) - 1)))
        values, look = _values(own, key), look_of(name)
        axes.plot(sizes, values["value"], zorder=2.5, **look.line())
        draw_spread(axes, sizes, values["least"], values["most"], look.colour)
    draw_size_axis(axes, table["n_problem"])


def _draw_values(table: pd.DataFrame, key: str, label: str, width: float, text_of: Callable) -> tuple:
    """Draw a line per method against n, or a bar per method if there is one n. Return figure, axes and handles."""
    names = _names(table)
    if table["n_problem"].nunique() > 1:
        figure, ((axes,),) = new_figure(width, 65)
        _draw_lines(axes, table, key)
        axes.set_ylabel(label)
        return figure, axes, [line_handle(name) for name in names]
    figure, ((axes,),) = new_figure(width, 16 + 4.5 * len(names))
    values = _values(table, key)
    draw_bars(axes, names, values["value"], [text_of(value) for value in values["value"]])
    draw_spread(axes, range(len(names)), values["least"], values["most"], "black", is_vertical=False)
    axes.set_xlabel(f"{label}, n = {table['n_problem'].iloc[0]}")
    return figure, axes, []


def _draw_better(table: pd.DataFrame, reference: str, width: float, title: str) -> plt.Figure:
    """Draw the share better than the reference, the largest possible share, and the average of the paper."""
    maximum = table.drop_duplicates("n_problem")
    figure, axes, handles = _draw_values(table[table["name"] != reference], "better",
                                         f"better than {reference} [%]", width, _percent)
    lines = [Line2D([], [], label=f"not solved by {reference}", **MAXIMUM),
             Line2D([], [], label=f"{PAPER_SHARE:.0f} %: arXiv 2408.08119", **PAPER)]
    if len(maximum) > 1:
        axes.plot(maximum["n_problem"], maximum["unsolved_by_reference"], **MAXIMUM)
        axes.axhline(PAPER_SHARE, **PAPER)
        axes.set_ylim(-3, 103)
    else:
        axes.axvline(maximum["unsolved_by_reference"].iloc[0], **MAXIMUM)
        axes.axvline(PAPER_SHARE, **PAPER)
        axes.set_xlim(0, 100)
    _title(figure, table, title)
    add_legend_below(figure, [*handles, *lines])
    return figure


def _draw_solved(table: pd.DataFrame, width: float, title: str) -> plt.Figure:
    figure, axes, handles = _draw_values(table, "solved", "problems solved [%]", width, _percent)
    axes.set(**{"ylim": (-3, 103)} if handles else {"xlim": (0, 100)})
    _title(figure, table, title)
    if handles:
        add_legend_below(figure, handles)
    return figure


def _draw_loss(table: pd.DataFrame, width: float, title: str) -> plt.Figure:
    figure, axes, handles = _draw_values(table, "loss_median", "median misfit [1]", width, short)
    axes.set(**{"yscale": "log"} if handles else {"xscale": "log"})
    label_log_axis(axes.yaxis if handles else axes.xaxis)
    _title(figure, table, title)
    if handles:
        add_legend_below(figure, handles)
    return figure


def _draw_variants(table: pd.DataFrame, width: float) -> plt.Figure:
    """Draw the solved share of each method in each variant, at one size."""
    variants = list(table["variant"].unique())
    names = _names(table)
    figure, ((axes,),) = new_figure(width, 16 + 2.7 * len(variants) * (len(names) + 1))
    height = 1.0 / (len(names) + 1)
    for j, (name, own) in enumerate(table.groupby("name", sort=False)):
        rows = own["variant"].map(variants.index) + (j + 0.5 - 0.5 * len(names)) * height
        axes.barh(rows, own["solved"], 0.9 * height, **look_of(name).bar())
        draw_spread(axes, rows, own["solved_min"], own["solved_max"], "black", is_vertical=False)
        for y, value in zip(rows, own["solved"]):
            axes.text(1.01, y, _percent(value), transform=axes.get_yaxis_transform(), va="center", fontsize=6)
    axes.set_yticks(range(len(variants)), variants)
    axes.set(xlim=(0, 100), ylim=(len(variants) - 0.5, -0.5), xlabel="problems solved [%]")
    _title(figure, table, f"n = {table['n_problem'].iloc[0]}")
    add_legend_below(figure, [bar_handle(name) for name in names])
    return figure


def study_figures(table: pd.DataFrame, reference: str, width: float) -> Iterator[tuple[str, plt.Figure]]:
    """Yield (name, figure) from the table of compare_study().

    A variant has figures against n if it has several sizes or is the only one. If there are several variants, a
    figure compares them at the largest n.
    """
    variants = table.groupby("variant", sort=False)
    for variant, own in variants:
        if len(variants) > 1 and own["n_problem"].nunique() == 1:
            continue
        suffix, title = (f"_{variant}", str(variant)) if len(variants) > 1 else ("", "")
        if (own["name"] != reference).any():
            yield f"better{suffix}", _draw_better(own, reference, width, title)
        yield f"solved{suffix}", _draw_solved(own, width, title)
        yield f"loss{suffix}", _draw_loss(own, width, title)
    if len(variants) > 1:
        largest = table["n_problem"].max()
        yield f"variants_n{largest}", _draw_variants(table[table["n_problem"] == largest], width)
