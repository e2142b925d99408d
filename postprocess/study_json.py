"""The table of a study as a small JSON file: one line for each variant, size and method; numbers of six digits."""

from __future__ import annotations

import pandas as pd

from comparison import RIVAL_TYPES
from tables import read_json, records

TEXTS = ("variant", "name", "kind", "seeds")


def _cells(table: pd.DataFrame) -> list[dict]:
    """Variants with their sizes and seeds; a variant has several entries if its sizes have different seeds."""
    sizes: dict[tuple, list[int]] = {}
    for _, row in table.drop_duplicates(["variant", "n_problem"]).iterrows():
        sizes.setdefault((row["variant"], tuple(row["seeds"])), []).append(int(row["n_problem"]))
    return [{"variant": variant, "n_problem": n, "seeds": list(seeds)} for (variant, seeds), n in sizes.items()]


def study_json(table: pd.DataFrame, origin: dict) -> dict:
    """Return the content of the file. `origin`: reference, commands, revisions and dates."""
    lists = [name for name in table if name.endswith("_by_seed")]
    rows = records(table.drop(columns=["seeds", *lists]))
    short = [{key: float(f"{value:.6g}") if isinstance(value, float) else value for key, value in row.items()}
             for row in rows]
    return origin | {"cells": _cells(table), "table": short}


def load_study_json(path: str) -> tuple[pd.DataFrame, str, dict]:
    """Read such a file. Returns the table of compare_study() without p by seed, the reference, and the origin."""
    content = read_json(path, "study.py", ("cells", "table", "reference", "git_revisions"))
    seeds = {(cell["variant"], n): cell["seeds"] for cell in content["cells"] for n in cell["n_problem"]}
    table = pd.DataFrame(content["table"])
    table.insert(0, "seeds", [seeds[key] for key in zip(table["variant"], table["n_problem"])])
    origin = {key: value for key, value in content.items() if key not in ("cells", "table")}
    numbers = table.columns.difference(TEXTS)
    table[numbers] = table[numbers].apply(pd.to_numeric)
    table = table.reindex(columns=list(dict.fromkeys([*table.columns, *RIVAL_TYPES]))).astype(RIVAL_TYPES)
    return table, origin["reference"], origin
