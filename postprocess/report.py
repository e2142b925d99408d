#!/usr/bin/env python3
"""Table and figures of a jpo result file.

    report.py RESULT.h5 [--methods A,B,...] [--reference METHOD] [--answer METHOD] [--problem ID]
                        [--json FILE] [--figures DIR] [--width MM] [--formats pdf,png]

Reads only datasets that the documented schema defines (postprocess/README.md). Prints the comparison of all methods
with the reference (default: the first `tao` method without an earlier one), problem by problem. Draws figures beside
the result (default: RESULT_figures/).

For each problem, method A against reference B: better if L_A < L_B - tol, worse if L_A > L_B + tol, else
tie; tol = 1e-3 max(|L_A|, |L_B|, 1e-3 L_ref), L_ref is the median misfit at the centre of the box.
Solved: L <= floor + 1e-3 max(floor, 1e-3 L_ref); floor is the misfit at the truth, or the smallest
misfit of all methods if the truth is not known. A problem without an answer is never solved, and worse than
any answer. Gradient evaluations and seconds include those of the methods in the chain of `from`.
"""

from __future__ import annotations

import argparse
import os
import sys

from interpreter import run  # first: re-executes with the system's python3 if modules are missing

import numpy as np
import pandas as pd

from comparison import compare, judge
from figures import result_figures, select
from result import BadResult, load_result
from style import Page, add_figure_options
from tables import records, table_lines, write_json

COLUMNS = [
    ("method", "<24", "name"),
    ("solved%", ">7.1f", "solved"),
    ("better%", ">7.1f", "better"),
    ("tie%", ">5.1f", "tie"),
    ("worse%", ">6.1f", "worse"),
    ("better&solved%", ">14.1f", "better_and_solved"),
    ("mean L", ">10.4g", "loss_mean"),
    ("median L", ">10.4g", "loss_median"),
    ("evals", ">7.1f", "evaluations_mean"),
    ("max", ">7.1f", "evaluations_max"),
    ("failed%", ">7.1f", "failed"),
    ("time [s]", ">8.2f", "seconds"),
    ("sign test p", ">11.2g", "sign_test_p"),
]


def print_table(table: pd.DataFrame, reference: str, n_unknown: int) -> None:
    """Print one line for each method; shares are percentages of all problems."""
    print(f"against {reference}; evals: gradient evaluations per problem, mean and max\n"
          "evals and time include those of the earlier methods that provided the starts")
    if n_unknown > 0:
        print(f"solved: against the best of all methods for the {n_unknown} problems whose truth is not known")
    for line in table_lines(table, COLUMNS):
        print(line)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("result", help="HDF5 file that jpo wrote")
    parser.add_argument("--methods", metavar="A,B,...", help="methods of the table and figures (default: all)")
    parser.add_argument("--reference", help="method that the others are compared with")
    parser.add_argument("--answer", help="method of the scatter figure (default: the best joint method)")
    parser.add_argument("--problem", type=int, help="id of the problem drawn in space and time")
    parser.add_argument("--json", help="write the table to this file; - is standard output")
    parser.add_argument("--figures", help="directory of the figures")
    add_figure_options(parser)
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    try:
        result = load_result(arguments.result)
        reference = result.reference(arguments.reference)
        if result.is_incomplete:
            print(f"INCOMPLETE: {arguments.result} was written from a checkpoint of a run that has not finished")
        judged = judge(result, reference)
        table = compare(judged)
        selection = select(result, table, reference, arguments.methods, arguments.answer, arguments.problem)
    except BadResult as error:
        print(f"report.py: {error}", file=sys.stderr)
        return 2
    table = table[table["name"].isin(selection.methods)]
    n_unknown = int((~result.problems["floor_is_known"] & np.isfinite(result.problems["floor"])).sum())
    if arguments.json:
        write_json(arguments.json, {"result": arguments.result, "reference": reference,
                                    "problems_without_floor": n_unknown, "methods": records(table),
                                    "git_revision": result.git_revision})
    if arguments.json != "-":
        print_table(table, reference, n_unknown)
    folder = arguments.figures or os.path.splitext(arguments.result)[0] + "_figures"
    page = Page(folder, arguments.width, arguments.formats)
    for path in page.save(result_figures(result, judged, selection, page.width)):
        print(f"figure: {path}", file=sys.stderr if arguments.json == "-" else sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
