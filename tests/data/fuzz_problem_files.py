#!/usr/bin/env python3
"""Tests with damaged problem files that each is read, or refused with one message.

    fuzz_problem_files.py READER N SEED [--jpo JPO] [--ranks R] [--keep DIR]

READER (read_problem_files) reads the N files one after the other, in one process per batch. JPO checks and runs some
of them. The test fails on a crash, a hang, another exit code, a second message, or a file that is left behind.
--keep: folder for copies of the files that failed.
"""

from __future__ import annotations

import argparse
import collections
import os
import shutil
import subprocess
import sys
import tempfile

from broken_files import KINDS, Case, make_case

BATCH = 200  # files per process of READER
EACH_PROGRAM = 20  # JPO reads every 20th file, and the first of each kind
DECK = """
[model]
name = "{model}"
[parallel]
micro_batch = 2
[data]
source = "file"
file = "{path}"
[[method]]
kind = "tao"
max_evaluations = 3
"""


def read_all(launch: list[str], reader: str, cases: list[Case], folder: str) -> list[str]:
    """Returns one answer per case. If the reader died at a case, it is started again after that case."""
    answers: list[str] = []
    while len(answers) < len(cases):
        todo = cases[len(answers):]
        path = os.path.join(folder, "list")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{case.model} {case.path}\n" for case in todo)
        done = subprocess.run([*launch, reader, path], capture_output=True, text=True, check=False,
                              errors="replace")
        answers += done.stdout.splitlines()
        if done.returncode != 0:
            answers.append(f"died: exit {done.returncode}: {done.stderr.strip()[-2000:]}")
        elif done.stderr:
            answers[-1] += ", stderr: " + done.stderr
    return answers


def run_program(launch: list[str], jpo: str, case: Case, folder: str) -> list[str]:
    """Runs `jpo check` and `jpo run` with the file. Returns a list of errors."""
    deck = os.path.join(folder, "deck.toml")
    output = os.path.join(folder, "out", "result.h5")
    with open(deck, "w", encoding="utf-8") as file:
        file.write(DECK.format(model=case.model, path=case.path))
    wrong = []
    for verb, more in (("check", []), ("run", ["--set", f"run.output={output}"])):
        try:
            done = subprocess.run([*launch, jpo, verb, deck, *more], capture_output=True, text=True, check=False,
                                  timeout=120, errors="replace")
        except subprocess.TimeoutExpired:
            wrong.append(f"{verb} hangs")
            continue
        messages = [line for line in done.stderr.splitlines() if line.startswith("jpo: ")]
        if done.returncode not in ((0, 2) if verb == "check" else (0, 2, 3)):
            wrong.append(f"{verb}: exit {done.returncode}: {done.stderr}")
        if len(messages) != (done.returncode != 0) or "HDF5-DIAG" in done.stderr:
            wrong.append(f"{verb}: exit {done.returncode}, messages: {done.stderr}")
        if case.allowed == {"refused"} and done.returncode != 2 and not (verb == "check" and case.kind in ("huge", "short_chunks")):
            wrong.append(f"{verb}: exit {done.returncode}, should refuse")
        if case.allowed == {"good"} and done.returncode == 2:
            wrong.append(f"{verb}: should not refuse: {done.stderr}")
    left = os.listdir(os.path.dirname(output)) if os.path.isdir(os.path.dirname(output)) else []
    if left not in ([], ["result.h5"]) or (left and done.returncode == 2):
        wrong.append(f"exit {done.returncode} leaves {left}")
    shutil.rmtree(os.path.dirname(output), ignore_errors=True)
    return wrong


def check_answer(case: Case, answer: str) -> list[str]:
    kind = answer.split(" ", maxsplit=1)[0]
    if kind not in case.allowed:
        return [f"answer: {answer}; allowed: {case.allowed}"]
    if kind == "refused" and f"key 'data.file' = \"{case.path}\": " not in answer:
        return [f"the message does not contain the path: {answer}"]
    return []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("reader")
    parser.add_argument("n", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--jpo")
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--keep")
    arguments = parser.parse_args()
    launch = ["mpirun", "-n", str(arguments.ranks), "--oversubscribe", "--bind-to", "none"]
    if arguments.ranks == 1:
        launch = []  # starts faster without mpirun
    n_wrong = 0
    count: collections.Counter = collections.Counter()
    for first in range(0, arguments.n, BATCH):
        with tempfile.TemporaryDirectory() as folder:
            cases = [make_case(folder, k, arguments.seed) for k in range(first, min(first + BATCH, arguments.n))]
            answers = read_all(launch, arguments.reader, cases, folder)
            for k, (case, answer) in enumerate(zip(cases, answers), start=first):
                wrong = check_answer(case, answer)
                if arguments.jpo and (k < len(KINDS) or k % EACH_PROGRAM == 0):
                    wrong += run_program(launch, arguments.jpo, case, folder)
                    count["program"] += 1
                count[case.kind, answer.split(" ", maxsplit=1)[0]] += 1
                for text in wrong:
                    n_wrong += 1
                    print(f"FAILED: case {k} of seed {arguments.seed}, {case.kind}, {case.model}: {text}")
                    if arguments.keep and os.path.isfile(case.path):
                        shutil.copy(case.path, arguments.keep)
    for key, value in sorted(count.items(), key=str):
        print(f"{value:6} {key if isinstance(key, str) else ' '.join(key)}")
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
