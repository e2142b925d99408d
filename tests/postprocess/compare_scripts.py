#!/usr/bin/env python3
"""Runs the scripts of postprocess/ of this and of another checkout on the same files, and compares their output.

    compare_scripts.py OTHER_CHECKOUT FILE_OR_FOLDER...

A FILE is a result of `jpo run` (report.py), a FOLDER the files of `jpo study` (study.py, growth.py and
gradient_quality.py). Printed text and JSON must be equal. Exit code 1 if they differ, or if an exit code does.
Small files to compare with, from the built program:

    jpo run inputs/kuramoto_sivashinsky.toml --set data.n_problem=16 --set method.joint.updates=30
    jpo study inputs/wave_packet_bank.toml --set "study.sizes=[16, 32]" --set "study.seeds=[1, 2]"
    jpo study inputs/paper/gradient_quality.toml --set "study.sizes=[2, 4]" --set "study.seeds=[1, 2, 3]"
    jpo study inputs/paper/ablation_wave_packet.toml --set "study.sizes=[8]" --set method.joint.updates=5
"""

from __future__ import annotations

import difflib
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))


def output_of(checkout: str, script: str, path: str, folder: str) -> tuple[int, str, object]:
    """Exit code, text and JSON of one script; figures go to `folder`."""
    table = os.path.join(folder, "table.json")
    command = [sys.executable, os.path.join(checkout, "postprocess", script), path, "--json", table,
               "--figures", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    content = None
    if os.path.exists(table):
        with open(table, encoding="utf-8") as file:
            # Python's json reads NaN, which is not equal to itself; null is the same number.
            content = json.load(file, parse_constant=lambda _: None)
        os.remove(table)
    return done.returncode, done.stdout, content


def differences(other: str, script: str, path: str) -> list[str]:
    # The same folder for both: its name is part of the output.
    with tempfile.TemporaryDirectory() as folder:
        (code, text, content), (other_code, other_text, other_content) = (
            output_of(checkout, script, path, folder) for checkout in (HERE, other))
    found = list(difflib.unified_diff(other_text.splitlines(), text.splitlines(), "other", "this", lineterm=""))
    if code != other_code:
        found.append(f"exit code {code}, was {other_code}")
    if content != other_content:
        found += ["the JSON differs:", *difflib.unified_diff(*(json.dumps(one, indent=1, sort_keys=True).splitlines()
                                                               for one in (other_content, content)), lineterm="")]
    return found


def main() -> int:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    other, *paths = sys.argv[1:]
    n_different = 0
    for path in paths:
        scripts = ["study.py", "growth.py", "gradient_quality.py"] if os.path.isdir(path) else ["report.py"]
        for script in scripts:
            found = differences(os.path.realpath(other), script, path)
            print(f"{'different' if found else 'same     '} {script} {path}", *found, sep="\n")
            n_different += bool(found)
    return 1 if n_different else 0


if __name__ == "__main__":
    sys.exit(main())
