"""Rows of numbers as text and as JSON."""

from __future__ import annotations

import json
import math
import re

Column = tuple[str, str, str]  # title, format (alignment, width, ...), key of the row


def table_lines(rows: list[dict], columns: list[Column]) -> list[str]:
    """A line of titles and one a row; blank where a row does not have the key."""
    widths = [re.match("[<>][0-9]+", form).group() for _, form, _ in columns]
    lines = ["".join(format(title, width) for (title, _, _), width in zip(columns, widths))]
    for row in rows:
        lines.append("".join(format(row[key], form) if key in row else format("", width)
                             for (_, form, key), width in zip(columns, widths)))
    return [line.rstrip() for line in lines]


def _plain(value: object) -> object:
    """NaN and infinity are no JSON: null."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_json(path: str, content: dict) -> None:
    """To a file, or to standard output where the path is -."""
    text = json.dumps(_plain(content), indent=1, allow_nan=False)
    if path == "-":
        print(text)
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n")
