#!/usr/bin/env python3
"""Table and figures of a jpo result file.

    report.py RESULT.h5 [--methods A,B,...] [--reference METHOD] [--answer METHOD] [--problem ID]
                        [--json FILE] [--figures DIR] [--width MM] [--formats pdf,png]

Reads only datasets that the documented schema defines (postprocess/README.md). Prints the comparison of all methods
with the reference (default: the first `tao` method without an earlier one), problem by problem. Draws figures beside
the result (default: RESULT_figures/).

For each problem, method A against reference B: better if L_A < L_B - tol, worse if L_A > L_B + tol, else
tie; tol = 1e-3 max(|L_A|, |L_B|, 1e-3 L_ref), L_ref is the median misfit at the centre of the box.
The verdicts solved and fitted, chi^2, parameter errors and evaluations are those of the file (postprocess/README.md).
A problem without an answer is never solved, and worse than any answer. Gradient evaluations and seconds include
those of the methods in the chain of `from`.
"""

from __future__ import annotations

import argparse
import os
import sys

from interpreter import run  # first: re-executes with the system's python3 if modules are missing

import pandas as pd

from comparison import SHARES, compare, judge
from figures import result_figures, select
from result import BadResult, load_result
from style import Page, add_figure_options
from tables import records, table_lines, write_json

COLUMNS = [
    ("method", "<24", "name"),
    ("solved%", ">7.1f", "solved"),
    ("fitted%", ">7.1f", "fitted"),
    ("better%", ">7.1f", "better"),
    ("tie%", ">5.1f", "tie"),
    ("worse%", ">6.1f", "worse"),
    ("better&solved%", ">14.1f", "better_and_solved"),
    ("mean L", ">10.4g", "loss_mean"),
    ("median L", ">10.4g", "loss_median"),
    ("evals", ">7.1f", "evaluations_mean"),
    ("median", ">7.1f", "evaluations_median"),
    ("max", ">7.1f", "evaluations_max"),
    ("failed%", ">7.1f", "failed"),
    ("time [s]", ">8.2f", "seconds"),
    ("sign test p", ">11.2g", "sign_test_p"),
]
QUALITY = [
    ("method", "<24", "name"),
    ("gap%", ">9.2g", "gap_median"),
    ("prior part", ">10.3g", "prior_part_mean"),
    ("error mean", ">10.3g", "error_mean"),
    ("median", ">9.3g", "error_median"),
    *((f"evals {share} %", ">10.1f", f"evaluations_to_{share}") for share in SHARES),
    *((f"time {share} %", ">10.2f", f"seconds_to_{share}") for share in SHARES),
]


def print_table(table: pd.DataFrame, reference: str, n_without: int) -> None:
    """Print two tables with one line for each method; shares are percentages of all problems."""
    print(f"against {reference}; evals: gradient evaluations per problem, mean, median and max\n"
          "evals and time include those of the earlier methods that provided the starts")
    if n_without > 0:
        print(f"solved: {n_without} problems have no reference misfit; they do not count as solved")
    for line in table_lines(table, COLUMNS):
        print(line)
    print("\ngap: median of (L - best of all methods) / max(best, 1e-3 L_ref); error: root mean square of (answer - truth) "
          "/ scale\nevals, time [s]: until this share of the problems is solved")
    for line in table_lines(table, QUALITY):
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
    n_without = int(result.problems["reference"].isna().sum())
    if arguments.json:
        write_json(arguments.json, {"result": arguments.result, "reference": reference,
                                    "problems_without_reference": n_without, "methods": records(table),
                                    "git_revision": result.git_revision})
    if arguments.json != "-":
        print_table(table, reference, n_without)
    folder = arguments.figures or os.path.splitext(arguments.result)[0] + "_figures"
    page = Page(folder, arguments.width, arguments.formats)
    for path in page.save(result_figures(result, judged, selection, page.width)):
        print(f"figure: {path}", file=sys.stderr if arguments.json == "-" else sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
