"""Data frames as text and as JSON."""

from __future__ import annotations

import json
import math
import re

import pandas as pd

from result import BadResult

Column = tuple[str, str, str]  # title, format (alignment, width, ...), column of the data frame


def records(table: pd.DataFrame) -> list[dict]:
    """Return one dictionary for each row, without the entries that do not apply (pandas.NA)."""
    # pandas 3 converts NA to None here.
    return [{key: value for key, value in row.items() if value is not pd.NA and value is not None}
            for row in table.to_dict("records")]


def _cell(value: object, form: str) -> str:
    """Return the text of a value; "-" for NaN, a number that is not known."""
    return "-" if isinstance(value, float) and math.isnan(value) else format(value, form)


def table_lines(table: pd.DataFrame, columns: list[Column]) -> list[str]:
    """Return one line of titles and one line for each row; entries that do not apply (pandas.NA) are blank.

    A space separates the columns. A column is wider than its format if an entry is.
    """
    lines = [[title for title, _, _ in columns]]
    lines += [[_cell(row[key], form) if key in row else "" for _, form, key in columns] for row in records(table)]
    forms = [re.match("([<>])([0-9]+)", form).groups() for _, form, _ in columns]
    widths = [max(int(width), *map(len, cells)) for (_, width), cells in zip(forms, zip(*lines))]
    return [" ".join(format(cell, f"{side}{width}") for cell, (side, _), width in zip(line, forms, widths)).rstrip()
            for line in lines]


def _plain(value: object) -> object:
    """Replace NaN and infinity by None, because JSON has neither."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(path: str, script: str, keys: tuple[str, ...]) -> dict:
    """Read a file that `script` wrote with --json. Throws BadResult if it is another file."""
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, ValueError) as error:
        raise BadResult(f"cannot read {path}: {error}") from error
    if missing := [key for key in keys if key not in content]:
        raise BadResult(f"{path} is not a table of {script}: it has no '{missing[0]}'")
    return content


def _dump(value: object) -> str:
    return json.dumps(value, allow_nan=False)


def _lines(value: object) -> str:
    """Return the lines of one element of the outermost object: one line per entry of a list or of a nested object."""
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        return "[\n" + ",\n".join("  " + _dump(one) for one in value) + "\n ]"
    if isinstance(value, dict) and any(isinstance(one, dict) for one in value.values()):
        return "{\n" + ",\n".join(f"  {_dump(key)}: {_dump(one)}" for key, one in value.items()) + "\n }"
    return _dump(value)


def write_json(path: str, content: dict) -> None:
    """Write to a file, or to standard output if the path is -; one line for each record."""
    entries = (f" {_dump(key)}: {_lines(value)}" for key, value in _plain(content).items())
    text = "{\n" + ",\n".join(entries) + "\n}"
    if path == "-":
        print(text)
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n")
