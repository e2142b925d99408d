#!/usr/bin/env python3
"""Cost of solving a share of the problems, as a function of the number of problems n.

    growth.py DIR [--share 0.9] [--json FILE] [--figures DIR] [--width MM] [--formats pdf,png]

DIR may also be the FILE of an earlier --json; the share is then that of the file.

Applies to methods that work in rounds and stop working on solved problems (bank, multi_start). Let e_i be the
evaluations until problem i is solved, or all its evaluations if it is not, and q the smallest number for which the
share has e_i <= q. The cost is mean(min(e_i, q)). There is no value if fewer problems are solved. Points are means
over seeds; bars are the smallest and the largest value.
"""

from __future__ import annotations

import argparse
import os
import sys

from interpreter import run  # first: re-executes with the system's python3 if modules are missing

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from comparison import cost_to_solve, judge
from result import BadResult, Result, load_study, origin
from style import (Page, add_figure_options, add_legend_below, draw_bars, draw_size_axis, draw_spread, folder_of,
                   line_handle, look_of, new_figure)
from tables import read_json, write_json

KINDS = ("bank", "multi_start")


def table_of(results: list[Result], folder: str, share: float) -> pd.DataFrame:
    """Return columns method, n_problem, seed, evaluations; methods and cells in the order of the study."""
    rows = []
    for result in results:
        answers = judge(result)
        for name, own in answers[answers["kind"].isin(KINDS)].groupby(level="method", sort=False):
            rows.append((name, result.n_problem, result.seed, cost_to_solve(own, share)[0]))
    if not rows:
        raise BadResult(f"no method of kind {' or '.join(KINDS)} in {folder}")
    if len(variants := {result.variant for result in results}) > 1:
        raise BadResult(f"{folder} has several variants ({', '.join(sorted(variants))}); allowed: one")
    return pd.DataFrame(rows, columns=["method", "n_problem", "seed", "evaluations"])


def nested(table: pd.DataFrame) -> dict[str, dict[int, dict[int, float]]]:
    """Return the evaluations by method, size and seed."""
    return {name: {int(n): dict(zip(cell["seed"].tolist(), cell["evaluations"].tolist()))
                   for n, cell in own.groupby("n_problem")}
            for name, own in table.groupby("method", sort=False)}


def load(path: str, share: float) -> tuple[pd.DataFrame, float, dict]:
    """Return the table, the share and the origin of a study, or of an earlier --json. Throws BadResult."""
    if not os.path.isfile(path):
        results = load_study(path)
        return table_of(results, path, share), share, origin(results)
    content = read_json(path, "growth.py", ("share", "evaluations"))
    rows = [(name, int(n), int(seed), np.nan if value is None else value)
            for name, sizes in content["evaluations"].items() for n, seeds in sizes.items()
            for seed, value in seeds.items()]
    first = {key: value for key, value in content.items() if key not in ("share", "evaluations")}
    return pd.DataFrame(rows, columns=["method", "n_problem", "seed", "evaluations"]), content["share"], first


def draw(table: pd.DataFrame, share: float, width: float) -> plt.Figure:
    """Return a figure of means over seeds, with bars from the smallest to the largest value.

    Sizes at which a seed has no value are left out.
    """
    label = f"gradient evaluations per problem\nuntil {100 * share:.0f} % are solved"
    sizes = table.groupby(["method", "n_problem"], sort=False)["evaluations"]
    points = sizes.agg(["mean", "min", "max"])[sizes.count() == sizes.size()].reset_index()
    names = list(points["method"].unique())
    if table["n_problem"].nunique() == 1:
        figure, ((axes,),) = new_figure(width, 14 + 5 * max(1, len(names)))
        draw_bars(axes, names, points["mean"], [f"{value:.1f}" for value in points["mean"]])
        draw_spread(axes, range(len(names)), points["min"], points["max"], "black", is_vertical=False)
        axes.set_xlabel(f"{label}, n = {table['n_problem'].iloc[0]}")
        return figure
    figure, ((axes,),) = new_figure(width, 60)
    for name in names:
        own, look = points[points["method"] == name], look_of(name)
        axes.plot(own["n_problem"], own["mean"], **look.line())
        draw_spread(axes, own["n_problem"], own["min"], own["max"], look.colour)
    draw_size_axis(axes, table["n_problem"])
    axes.set_ylim(bottom=0)
    axes.set_ylabel(label)
    add_legend_below(figure, [line_handle(name) for name in names])
    return figure


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory", help="directory of result files of jpo study, or a file that --json wrote")
    parser.add_argument("--share", type=float, default=0.9, help="share of the problems to be solved (default 0.9)")
    parser.add_argument("--json", help="write the values to this file")
    parser.add_argument("--figures", help="directory of the figure growth (default: that of the input)")
    add_figure_options(parser)
    arguments = parser.parse_args()
    try:
        table, share, first = load(arguments.directory, arguments.share)
    except BadResult as error:
        print(f"growth.py: {error}", file=sys.stderr)
        return 2
    for name, own in table.groupby("method", sort=False):
        for n, values in own.groupby("n_problem")["evaluations"]:
            print(f"{name:<12} n = {n:<6} {values.mean(skipna=False):7.1f} evaluations until "
                  f"{100 * share:.0f} % are solved; by seed {' '.join(f'{v:.1f}' for v in values)}")
    if arguments.json:
        write_json(arguments.json, first | {"share": share, "evaluations": nested(table)})
    page = Page(arguments.figures or folder_of(arguments.directory), arguments.width, arguments.formats)
    page.save([("growth", draw(table, share, page.width))])
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
