"""One problem in space and time: the states at the truth and at the answers, and their differences."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from result import Example, Result
from style import WIDE, new_figure, short

MOST_FIELDS = 5
# The brightness of the colour map of the states is monotone, so the figure can be read in grey as well.
STATES, DIFFERENCES = "cividis", "RdBu_r"


def choose_problem(result: Result, problem: int | None) -> int | None:
    """Return the problem, or None if the file has no states of it; by default that of the median loss_at_centre."""
    if problem is None:
        by_difficulty = result.problems["loss_at_centre"].loc[list(result.examples)].sort_values().index
        return int(by_difficulty[len(by_difficulty) // 2])
    if problem not in result.examples:
        print(f"problem {problem} has no states in the file; it has {sorted(result.examples)}")
        return None
    return problem


def _fields(result: Result, problem: int, methods: list[str]) -> list[tuple[str, str, np.ndarray]]:
    """Return (name, title, states), at most MOST_FIELDS; the first is the base of the differences."""
    example = result.examples[problem]
    loss = result.answers["loss"].xs(problem, level="problem")
    names = [name for name in methods if name in example.states]
    if example.truth is None and names:
        # The best answer is used instead of the truth.
        best = min(names, key=lambda name: np.nan_to_num(loss[name], nan=np.inf))
        names = [best, *(name for name in names if name != best)]
    fields = [(name, f"{name}\nmisfit {short(loss[name])}", example.states[name]) for name in names]
    if example.truth is not None:
        fields.insert(0, ("truth", f"truth\nproblem {problem}", example.truth))
    return fields[:MOST_FIELDS]


def _largest(fields: list[np.ndarray]) -> float:
    values = np.abs(np.concatenate([field.ravel() for field in fields]))
    values = values[np.isfinite(values)]
    return float(values.max()) if values.size and values.max() > 0.0 else 1.0


def _draw_images(figure: plt.Figure, axes: np.ndarray, fields: list, example: Example, side: str) -> None:
    """Draw the states in axes[0], and the differences of the other fields from the first one in axes[1]."""
    base_name, _, base = fields[0]
    differences = [states - base for _, _, states in fields[1:]]
    options = {"origin": "lower", "aspect": "auto", "extent": [0.0, example.length, 0.0, example.time[-1]],
               "interpolation": "nearest", "rasterized": True}
    finite = np.concatenate([states[np.isfinite(states)] for _, _, states in fields])
    limit = _largest(differences) if differences else 1.0
    for one, (_, title, states) in zip(axes[0], fields):
        image = one.imshow(states, cmap=STATES, vmin=finite.min(), vmax=finite.max(), **options)
        one.set_title(title)
    figure.colorbar(image, ax=list(axes[0]), label=example.state_label, location=side)
    if not differences:
        return
    for one, (name, _, _), values in zip(axes[1, 1:], fields[1:], differences):
        image = one.imshow(values, cmap=DIFFERENCES, vmin=-limit, vmax=limit, **options)
        one.set_title(f"{name}\nminus {base_name}")
    figure.colorbar(image, ax=list(axes[1]), label=f"difference of {example.state_label}", location=side)


def draw_fields(result: Result, methods: list[str], problem: int | None, width: float) -> plt.Figure | None:
    """Return a figure with one field per column, or per row on a narrow page; None if the file has no states."""
    if not result.examples or (problem := choose_problem(result, problem)) is None:
        return None
    example = result.examples[problem]
    fields = _fields(result, problem, methods)
    if not fields:
        return None
    n = len(fields)
    if width >= WIDE:
        figure, axes = new_figure(width, 95, 2, n, sharex=True, sharey=True)
        axes[0, 0].tick_params(labelbottom=True)
        axes[1, min(1, n - 1)].tick_params(labelleft=True)
        figure.supxlabel(example.axis_label, fontsize=7)
    else:
        figure, axes = new_figure(width, 25 + 27 * n, n, 2, sharex=True, sharey=True)
        for one in axes[-1]:
            one.set_xlabel(example.axis_label)
        axes = axes.T
    axes[1, 0].set_axis_off()
    _draw_images(figure, axes, fields, example, "right" if width >= WIDE else "bottom")
    figure.supylabel(example.time_label, fontsize=7)
    return figure
