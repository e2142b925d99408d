#!/usr/bin/env python3
"""Prints a deck with only the given methods: only_rivals.py DECK METHOD..."""

import re
import sys


def main() -> None:
    with open(sys.argv[1]) as file:
        parts = re.split(r"(?m)^(?=\[)", file.read())
    for part in parts:
        name = re.search(r'(?m)^name *= *"([^"]*)"', part)
        if not part.startswith("[[method]]") or name[1] in sys.argv[2:]:
            print(part, end="")


main()
