#!/usr/bin/env python3
"""Apply small changes to src/, one at a time, and run the tests that must notice each one.

    mutants.py [--only TEXT] [--check] [--json FILE] [--build DIR] [--jobs N]

Works on a copy of the sources with its own build folder (default: build/mutants). A mutant is killed if a test fails
or does not end, and invalid if it does not compile. Exit code 1: a mutant survives or is invalid, or a test fails
without a change. Exit code 2: the text to change does not occur exactly once in its file.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time

from changes import CHANGES

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECONDS = 300


@dataclasses.dataclass
class Mutant:
    """One change; `reason` is not empty if it is equivalent to the original."""

    file: str
    old: str
    new: str
    tests: str
    reason: str = ""

    @property
    def name(self) -> str:
        return f"{self.file}: {self.old.splitlines()[0].strip()} -> {(self.new.splitlines() or [''])[0].strip()}"

    def read(self, root: str) -> str:
        with open(os.path.join(root, "src", self.file), encoding="utf-8") as file:
            return file.read()


class Scratch:
    """A copy of the sources and its build folder."""

    def __init__(self, folder: str, jobs: int) -> None:
        self.source, self.build, self.jobs = os.path.join(folder, "source"), os.path.join(folder, "build"), jobs

    def update(self) -> None:
        """Copy the files that differ, so that the build is incremental, and remove those that no longer exist."""
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True,
                                capture_output=True, text=True).stdout.split("\0")
        files = {path for path in listed if path and os.path.isfile(os.path.join(ROOT, path))}
        for folder, _, names in os.walk(self.source):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.relpath(path, self.source) not in files:
                    os.remove(path)
        for path in files:
            self.restore(path)
        subprocess.run(["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DJPO_BENCHMARKS=OFF"], check=True,
                       stdout=subprocess.DEVNULL)

    def restore(self, path: str) -> None:
        here, there = os.path.join(ROOT, path), os.path.join(self.source, path)
        with open(here, "rb") as file:
            content = file.read()
        if os.path.isfile(there):
            with open(there, "rb") as file:
                if file.read() == content:
                    return
        os.makedirs(os.path.dirname(there), exist_ok=True)
        shutil.copyfile(here, there)
        shutil.copymode(here, there)

    def compiles(self, tests: str) -> bool:
        target = "jpo" if tests.endswith(".sh") else "test_" + tests.split()[0].split("@")[0]
        command = ["cmake", "--build", self.build, "--target", target, "-j", str(self.jobs)]
        return subprocess.run(command, capture_output=True).returncode == 0

    def passes(self, tests: str) -> bool:
        """Run the tests. A test that does not end, or that runs no case, does not pass."""
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
                                    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        if tests.endswith(".sh"):
            command = [os.path.join(self.source, tests), os.path.join(self.build, "src/jpo")]
        else:
            folder, pattern = tests.split()
            folder, _, ranks = folder.partition("@")
            environment["JPO_TEST_RANKS"] = ranks or "1"
            command = ["mpirun", "-n", ranks or "1", os.path.join(self.build, f"tests/{folder}/test_{folder}"),
                       f"--gtest_filter={pattern}"]
        try:
            done = subprocess.run(["timeout", "--kill-after=5", str(SECONDS), *command], env=environment, text=True,
                                  capture_output=True, errors="replace")
        except OSError as error:
            raise SystemExit(f"mutants.py: {error}") from error
        return done.returncode == 0 and "Running 0 tests" not in done.stdout

    def state_of(self, mutant: Mutant) -> str:
        path = os.path.join("src", mutant.file)
        with open(os.path.join(self.source, path), "w", encoding="utf-8") as file:
            file.write(mutant.read(ROOT).replace(mutant.old, mutant.new))
        try:
            if not self.compiles(mutant.tests):
                return "invalid"
            return "survived" if self.passes(mutant.tests) else "killed"
        finally:
            self.restore(path)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants whose file, tests or text contain TEXT")
    parser.add_argument("--check", action="store_true", help="only check that all texts occur in the sources")
    parser.add_argument("--json", metavar="FILE", help="write the states")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "mutants"), metavar="DIR")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def check_texts(mutants: list[Mutant]) -> int:
    n_bad = 0
    for mutant in mutants:
        n = mutant.read(ROOT).count(mutant.old)
        if n != 1 or mutant.old == mutant.new:
            print(f"mutants.py: src/{mutant.name}: the text occurs {n} times; it must occur once, and must change")
            n_bad += 1
    print(f"{len(mutants)} mutants, {sum(1 for mutant in mutants if mutant.reason)} of them equivalent")
    return 2 if n_bad else 0


def check_unchanged(scratch: Scratch, mutants: list[Mutant]) -> None:
    """Exit if a test fails without a change: it would kill any mutant."""
    for tests in sorted({mutant.tests for mutant in mutants}):
        if not scratch.compiles(tests) or not scratch.passes(tests):
            sys.exit(f"mutants.py: the tests '{tests}' do not pass, or run no case, without a change")


def main() -> int:
    arguments = parse()
    mutants = [Mutant(*change) for change in CHANGES]
    if (code := check_texts(mutants)) or arguments.check:
        return code
    chosen = [mutant for mutant in mutants if arguments.only in mutant.file + " " + mutant.tests + " " + mutant.name]
    scratch = Scratch(arguments.build, arguments.jobs)
    scratch.update()
    check_unchanged(scratch, [mutant for mutant in chosen if not mutant.reason])
    rows = []
    for mutant in chosen:
        start = time.monotonic()
        state = "equivalent" if mutant.reason else scratch.state_of(mutant)
        rows.append({"mutant": mutant.name, "tests": mutant.tests, "state": state, "reason": mutant.reason,
                     "seconds": round(time.monotonic() - start, 1)})
        print(f"{state:<10} {rows[-1]['seconds']:>6.1f} s  {mutant.name}", flush=True)
    counts = {state: sum(row["state"] == state for row in rows) for state in ("killed", "survived", "invalid", "equivalent")}
    print(", ".join(f"{n} {state}" for state, n in counts.items()))
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"counts": counts, "mutants": rows}, file, indent=1)
    return 1 if counts["survived"] or counts["invalid"] else 0


if __name__ == "__main__":
    sys.exit(main())
