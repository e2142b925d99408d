#!/usr/bin/env python3
"""Table and figures of a study: a directory of result files that jpo study wrote.

    study.py DIR [--json FILE] [--figures DIR] [--reference METHOD]

Reads only the schema of the files. Runs of the same variant and size are pooled over their seeds. Each
problem is judged within its own run, as in report.py: better, tie, worse than the reference (default: the
first `tao` method without an earlier one), solved (against the best of all methods of the run if no misfit
at the truth is known). Gradient evaluations are (forward + adjoint + tangent solves) / 2 for each problem,
with those of the methods that the method started from.

The sign tests are two-sided and exact. One compares the misfits with those of the reference. If there is a
method whose name or kind is multi_start, the other compares the problems solved with those it solves.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys

import interpreter  # noqa: F401  (re-executes with the system's python3 if modules are missing)

import pandas as pd

from comparison import compare, compare_study, judge
from result import BadResult, Result, load_study
from study_figures import draw_study
from tables import records, table_lines, write_json

COLUMNS = [
    ("method", "<16", "name"),
    ("solved%", ">8.1f", "solved"),
    ("min", ">6.1f", "solved_min"),
    ("max", ">6.1f", "solved_max"),
    ("better%", ">8.1f", "better"),
    ("tie%", ">6.1f", "tie"),
    ("worse%", ">7.1f", "worse"),
    ("of unsolved%", ">13.1f", "better_of_unsolved"),
    ("mean L", ">11.4g", "loss_mean"),
    ("median L", ">11.4g", "loss_median"),
    ("evals", ">9.1f", "evaluations_mean"),
    ("max", ">8.1f", "evaluations_max"),
    ("failed%", ">8.1f", "failed"),
    ("time [s]", ">9.2f", "seconds"),
    ("p", ">9.1g", "sign_test_p"),
]
RIVAL = ("p(multi)", ">10.1g", "rival_sign_test_p")
LEGEND = """against {reference}; shares in % of the problems of all seeds together
solved min, max: over seeds; of unsolved: better than the reference among the problems it does not solve
evals, max: gradient evaluations a problem; time: of a run; p: sign test of better against worse, and
p(multi) of the problems solved against those that multi_start solves, over all seeds, then for each seed"""


def _by_seed(row: pd.Series) -> str:
    parts = [" ".join(f"{p:.1g}" for p in row[key])
             for key in ("sign_test_p_by_seed", "rival_sign_test_p_by_seed") if isinstance(row[key], list)]
    return "; multi: ".join(parts)


def print_study(table: pd.DataFrame, reference: str) -> None:
    print(LEGEND.format(reference=reference))
    columns = COLUMNS + ([RIVAL] if table["rival_sign_test_p"].notna().any() else [])
    for (variant, n_problem), group in table.groupby(["variant", "n_problem"], sort=False):
        first = group.iloc[0]
        seeds = first["seeds"]
        print(f"\n{variant}, n = {n_problem}, {len(seeds)} seed{'s' * (len(seeds) != 1)} "
              f"({', '.join(map(str, seeds))}); the reference leaves "
              f"{first['unsolved_by_reference']:.1f} % unsolved")
        titles, *lines = table_lines(group, columns)
        print(titles + "  p by seed")
        for (_, row), line in zip(group.iterrows(), lines):
            print(line + "  " + _by_seed(row))


def distinct(results: list[Result], attribute: str) -> list[str]:
    return sorted({result.attributes[attribute] for result in results})


def study_json(results: list[Result], table: pd.DataFrame, reference: str | None) -> dict:
    """The numbers and their origin."""
    return {
        "postprocess": shlex.join([os.path.basename(sys.argv[0]), *sys.argv[1:]]),
        "commands": distinct(results, "command"),
        "git_revisions": distinct(results, "git_revision"),
        "processors": distinct(results, "processor_version"),
        "reference": results[0].reference(reference),
        "table": records(table),
        "cells": [{"variant": r.variant, "n_problem": r.n_problem, "seed": r.seed,
                   "started": r.attributes["started"], "n_rank": int(r.attributes["n_rank"]),
                   "git_revision": r.git_revision, "methods": records(compare(judge(r, reference)))}
                  for r in results],
        # The first cell's; the others differ in run.seed, data.n_problem and run.output.
        "decks": {r.variant: r.attributes["deck"] for r in reversed(results)},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("directory", help="of the HDF5 files that jpo study wrote")
    parser.add_argument("--figures", help="directory of the figures (default: DIR/figures)")
    parser.add_argument("--json", help="write the table to this file; - is standard output")
    parser.add_argument("--reference", help="method that the others are compared with")
    arguments = parser.parse_args()
    try:
        results = load_study(arguments.directory)
        table = compare_study(results, arguments.reference)
    except BadResult as error:
        print(f"study.py: {error}", file=sys.stderr)
        return 2
    content = study_json(results, table, arguments.reference)
    if arguments.json:
        write_json(arguments.json, content)
    out = sys.stderr if arguments.json == "-" else sys.stdout
    if arguments.json != "-":
        print_study(table, content["reference"])
    if len(content["git_revisions"]) > 1:
        print(f"\nthe cells are of several revisions: {', '.join(content['git_revisions'])}", file=out)
    folder = arguments.figures or os.path.join(arguments.directory, "figures")
    for path in draw_study(table, content["reference"], folder):
        print(f"figure: {path}", file=out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
