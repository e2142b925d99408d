#!/usr/bin/env python3
"""Compares ratios of medians of one bench_models run with their limits. Usage: judge.py MODELS.json"""

import json
import sys


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        runs = json.load(file)["benchmarks"]
    median = {run["run_name"].split("/iterations")[0]: run["cpu_time"] for run in runs
              if run.get("aggregate_name") == "median"}
    rows = [
        ("KS forward of 64 / plain interleaved step", median["forward/64"] / median["plain_interleaved_forward/64"], 1.5),
        ("KS adjoint of 64 / forward of 64", median["adjoint/64"] / median["forward/64"], 2.5),
        ("KS round of 1 / batch of 16", median["forward/1"] / median["forward/16"], 1.1),
        ("KS problem in a batch of 64 / alone", median["forward/64"] / 64 / median["forward/1"], 1 / 8),
        ("NS problem in a batch of 32 / alone",
         median["navier_stokes_forward/32"] / 32 / median["navier_stokes_forward/1"], 1 / 4),
    ]
    for name, value, limit in rows:
        print(f"{'good' if value <= limit else 'MISSED'}  {name:<45} {value:8.3f}  limit {limit:.3f}")
    return 0 if all(value <= limit for _, value, limit in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
