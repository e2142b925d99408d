#!/usr/bin/env python3
"""Measures the cost of checkpoints for the main deck (256 Kuramoto-Sivashinsky problems).

    bench_checkpoint.py JPO OUT.json [--ranks N]

Runs the joint method alternately without checkpoints and with one at every update. The difference is the time per
checkpoint; its share of a run is computed for the default interval. Also measures the time of a resumed run from its
start until its first checkpoint is written. OUT.json also contains the size of a checkpoint in bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import h5py

DECK = pathlib.Path(__file__).resolve().parents[2] / "inputs/kuramoto_sivashinsky.toml"
UPDATES = 60
PAIRS = 5
DEFAULT_SECONDS = 600.0
MOST_SHARE = 0.02
MOST_RESUME_SECONDS = 5.0


def median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jpo", type=os.path.abspath)
    parser.add_argument("out", type=os.path.abspath)
    parser.add_argument("--ranks", type=int, default=2)
    arguments = parser.parse_args()

    def run(code: int, *options: str) -> float:
        command = ["mpirun", "-n", str(arguments.ranks), arguments.jpo, "run", str(DECK), "--set",
                   "run.output=kept.h5", "--set", f"method.joint.updates={UPDATES}", *options]
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != code:
            sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return time.monotonic() - start

    def seconds_of_joint(every_updates: int) -> float:
        run(0, "--overwrite", "--set", "checkpoint.every_seconds=0", "--set",
            f"checkpoint.every_updates={every_updates}", "--set", "methods=['joint']")
        with h5py.File("kept.h5") as file:
            return float(file["methods/joint"].attrs["seconds"])

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        costs = []
        for _ in range(PAIRS):
            without = seconds_of_joint(0)
            costs.append((seconds_of_joint(1) - without) / UPDATES)
        os.remove("kept.h5")
        run(75, "--set", "checkpoint.every_updates=5", "--set", "checkpoint.walltime_s=8")
        newest = max(pathlib.Path("kept.h5.checkpoints").glob("*.h5"))
        size = newest.stat().st_size
        resumes = [run(75, "--resume", "--set", "checkpoint.walltime_s=0.001") for _ in range(3)]
    result = {
        "deck": "inputs/kuramoto_sivashinsky.toml",
        "ranks": arguments.ranks,
        "checkpoint_bytes": size,
        "checkpoint_seconds": median(costs),
        "checkpoint_seconds_all": costs,
        "share_at_default_interval": median(costs) / DEFAULT_SECONDS,
        "resume_seconds": median(resumes),
        "resume_seconds_all": resumes,
    }
    with open(arguments.out, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    print(f"a checkpoint of {size / 1e6:.2f} MB: {1e3 * median(costs):.1f} ms, "
          f"{100 * median(costs) / DEFAULT_SECONDS:.4f} % of a run (at most {100 * MOST_SHARE:g})")
    print(f"resumed run until its first checkpoint: {median(resumes):.2f} s (at most {MOST_RESUME_SECONDS:g})")
    return int(median(costs) / DEFAULT_SECONDS > MOST_SHARE or median(resumes) > MOST_RESUME_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
