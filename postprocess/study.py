#!/usr/bin/env python3
"""Table and figures of a study: a directory of result files that jpo study wrote.

    study.py DIR [--methods A,B,...] [--reference METHOD] [--json FILE]
                 [--figures DIR] [--width MM] [--formats pdf,png]

Reads only datasets that the documented schema defines (postprocess/README.md). DIR may also be the FILE of an
earlier --json. A row of the table has the problems of all seeds of one variant and size. Each problem is compared
within its own run, as in report.py: better, tie, worse than the reference (default: the first `tao` method without an
earlier one). The verdict solved is that of the files. Gradient evaluations are (forward + adjoint + tangent solves) / 2
for each problem. They and the seconds include those of the earlier methods that provided the starts.

The sign tests are two-sided and exact. One compares the misfits with those of the reference. If there is a method of
the name or kind multi_start, the other compares the numbers of problems that only this method or only multi_start
solves.
"""

from __future__ import annotations

import argparse
import os
import sys

from interpreter import run  # first: re-executes with the system's python3 if modules are missing

import pandas as pd

from comparison import compare_study
from result import BadResult, chosen_names, load_study, origin
from study_figures import study_figures
from study_json import load_study_json, study_json
from style import Page, add_figure_options
from tables import table_lines, write_json

COLUMNS = [
    ("method", "<24", "name"),
    ("solved%", ">7.1f", "solved"),
    ("min", ">5.1f", "solved_min"),
    ("max", ">5.1f", "solved_max"),
    ("better%", ">7.1f", "better"),
    ("tie%", ">5.1f", "tie"),
    ("worse%", ">6.1f", "worse"),
    ("of unsolved%", ">12.1f", "better_of_unsolved"),
    ("mean L", ">10.4g", "loss_mean"),
    ("median L", ">10.4g", "loss_median"),
    ("error", ">8.2g", "error_median"),
    ("evals", ">7.1f", "evaluations_mean"),
    ("median", ">7.1f", "evaluations_median"),
    ("max", ">7.1f", "evaluations_max"),
    ("to 90%", ">7.1f", "evaluations_to_90"),
    ("time to 90%", ">11.2f", "seconds_to_90"),
    ("failed%", ">7.1f", "failed"),
    ("time [s]", ">8.2f", "seconds"),
    ("p", ">6.1g", "sign_test_p"),
]
RIVAL = ("p(multi)", ">8.1g", "rival_sign_test_p")
LEGEND = """against {reference}; shares in % of the problems of all seeds together
solved min, max: over seeds; of unsolved: better than the reference among the problems it does not solve
evals, median, max: gradient evaluations per problem; time [s]: mean over the runs
to 90%, time to 90%: until 90 % of the problems are solved; error: RMS of (answer - truth) / scale, median
evals and time include those of the earlier methods that provided the starts
p: sign test of better against worse, and p(multi) of the problems solved against those that multi_start solves,
over all seeds, then for each seed"""


def _by_seed(row: pd.Series) -> str:
    parts = [" ".join(f"{p:.1g}" for p in row[key])
             for key in ("sign_test_p_by_seed", "rival_sign_test_p_by_seed") if isinstance(row.get(key), list)]
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
        print(titles + ("  p by seed" if "sign_test_p_by_seed" in group else ""))
        for (_, row), line in zip(group.iterrows(), lines):
            print(f"{line}  {_by_seed(row)}".rstrip())


def load(path: str, reference: str | None) -> tuple[pd.DataFrame, str, dict]:
    """Return the table, the reference and the origin of a study, or of an earlier --json. Throws BadResult."""
    if os.path.isdir(path) or not os.path.exists(path):
        results = load_study(path)
        return compare_study(results, reference), results[0].reference(reference), origin(results)
    table, stored, first = load_study_json(path)
    if reference not in (None, stored):
        raise BadResult(f"{path} compares with '{stored}'; another reference needs the result files")
    return table, stored, first


def choose(table: pd.DataFrame, methods: str | None) -> pd.DataFrame:
    """Return the rows of a list "A,B" of methods; all rows if there is no list. Throws BadResult."""
    return table[table["name"].isin(chosen_names(methods, table["name"].unique(), "study"))]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("directory", help="directory of result files of jpo study, or a file that --json wrote")
    parser.add_argument("--methods", metavar="A,B,...", help="methods of the table and figures (default: all)")
    parser.add_argument("--reference", help="method that the others are compared with")
    parser.add_argument("--json", help="write the table to this file; - is standard output")
    parser.add_argument("--figures", help="directory of the figures (default: DIR/figures)")
    add_figure_options(parser)
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    try:
        table, reference, first = load(arguments.directory, arguments.reference)
        table = choose(table, arguments.methods)
    except BadResult as error:
        print(f"study.py: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        write_json(arguments.json, study_json(table, first | {"reference": reference}))
    out = sys.stderr if arguments.json == "-" else sys.stdout
    if arguments.json != "-":
        print_study(table, reference)
    if len(first["git_revisions"]) > 1:
        print(f"\nthe cells are of several revisions: {', '.join(first['git_revisions'])}", file=out)
    folder = arguments.figures or os.path.join(os.path.splitext(arguments.directory)[0], "figures")
    page = Page(folder, arguments.width, arguments.formats)
    for path in page.save(study_figures(table, reference, page.width)):
        print(f"figure: {path}", file=out)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
