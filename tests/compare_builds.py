#!/usr/bin/env python3
"""Runs every shipped deck at small size, and compares the results of two builds.

    compare_builds.py run JPO FOLDER [--inputs inputs] [--ranks 2] [--only PATTERN]
    compare_builds.py diff FOLDER_BEFORE FOLDER_AFTER

`run` writes one result file per deck into FOLDER, with all methods of the deck. `diff` compares every numeric
dataset of FOLDER_BEFORE with the dataset of the same name in FOLDER_AFTER, bit by bit (NaN equals NaN).
Text, attributes and /performance are not compared; new datasets are allowed. Exit code: 0 equal, 1 different,
2 a run failed. Used before and after a refactoring that must not change numbers. Needs h5py.
"""

import argparse
import fnmatch
import os
import pathlib
import subprocess
import sys
import tomllib

LARGEST = {"updates": 6, "max_evaluations": 12, "start_evaluations": 6, "draws": 3, "starts": 3, "snapshots": 2,
           "random_draws": 2, "simulations": 4, "candidates": 4, "history_every": 2, "stage_evaluations": 4,
           "last_evaluations": 6, "windows": 3, "batch": 16}
DEFAULTS = {  # keys with expensive defaults, by method kind
    "joint": ["updates"], "supervised": ["updates"], "tao": ["max_evaluations"], "refine": ["max_evaluations"],
    "multi_start": ["max_evaluations", "start_evaluations"], "levenberg_marquardt": ["max_evaluations"],
    "bank": ["updates", "max_evaluations", "start_evaluations"],
}
MODELS = {"navier_stokes": {"n_grid": 16, "horizon": 0.1}, "darcy": {"n_grid": 16}}


def read_deck(path):
    """Returns the deck at `path`, merged into its base."""
    deck = tomllib.loads(path.read_text())
    if "base" not in deck:
        return deck
    whole = read_deck(path.parent / deck["base"])
    methods = {method.get("name", method["kind"]): method for method in whole["method"]}
    for method in deck.pop("method", []):
        name = method.get("name", method.get("kind"))
        methods[name] = methods.get(name, {}) | method
    for key, value in deck.items():
        whole[key] = whole.get(key, {}) | value if isinstance(value, dict) else value
    whole["method"] = [methods[name] for name in deck.get("methods", methods)]
    return whole


def small(deck):
    """Returns the overrides that make the deck small, or None if the deck has no method."""
    if not deck.get("method"):
        return None
    sets = {"data.n_problem": 24, "parallel.micro_batch": 8}
    for key, value in MODELS.get(deck["model"]["name"], {}).items():
        sets[f"model.{key}"] = value
    for method in deck["method"]:
        name = method.get("name", method["kind"])
        for key in set(method) | set(DEFAULTS.get(method["kind"], [])):
            if key in LARGEST and not (key == "max_evaluations" and method.get("budget_of")):
                sets[f"method.{name}.{key}"] = min(method.get(key, LARGEST[key]), LARGEST[key])
    return sets


def run(args):
    out = pathlib.Path(args.folder)
    out.mkdir(parents=True, exist_ok=True)
    inputs = pathlib.Path(args.inputs)
    failed = 0
    # The deck generalization uses a trained network, so it runs after the decks that train one.
    for path in sorted(inputs.rglob("*.toml"), key=lambda path: (path.stem == "generalization", path)):
        name = str(path.relative_to(inputs).with_suffix("")).replace("/", "_")
        if not fnmatch.fnmatch(name, args.only):
            continue
        sets = small(read_deck(path))
        if sets is None:
            print(f"no method    {name}")
            continue
        if path.stem == "generalization":
            sets["method.predict.result"] = f'"{out}/kuramoto_sivashinsky.h5"'
        sets["run.output"] = f'"{out / name}.h5"'
        command = ["mpirun", "-n", str(args.ranks), "--oversubscribe", "--bind-to", "none", args.jpo, "run", str(path),
                   "--overwrite"]
        for key, value in sets.items():
            command += ["--set", f"{key}={value}"]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        (out / f"{name}.log").write_text(done.stdout + done.stderr)
        print(f"{'done' if done.returncode == 0 else f'code {done.returncode}':12} {name}", flush=True)
        if done.returncode != 0:
            failed += 1
            print(done.stderr[-600:])
    return 2 if failed else 0


def numbers(path):
    """Returns {name: array} of all numeric datasets, except those of /performance."""
    import h5py
    found = {}
    with h5py.File(path) as file:
        def visit(name, item):
            if isinstance(item, h5py.Dataset) and item.dtype.kind in "iufb" and not name.startswith("performance"):
                found[name] = item[()]
        file.visititems(visit)
    return found


def same(a, b):
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def diff(args):
    different = n_dataset = 0
    before = sorted(pathlib.Path(args.before).glob("*.h5"))
    if not before:
        sys.exit(f"{args.before} has no result file")
    for path in before:
        other = pathlib.Path(args.after) / path.name
        if not other.exists():
            print(f"{path.stem}: no result in {args.after}")
            different += 1
            continue
        old, new = numbers(path), numbers(other)
        n_dataset += len(old)
        for name in old:
            if name not in new:
                print(f"{path.stem}: /{name} is missing")
            elif not same(old[name], new[name]):
                print(f"{path.stem}: /{name} differs")
            else:
                continue
            different += 1
    print(f"{len(before)} decks, {n_dataset} datasets, {different} different")
    return 1 if different else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("run")
    verb.add_argument("jpo")
    verb.add_argument("folder")
    verb.add_argument("--inputs", default=str(pathlib.Path(__file__).resolve().parent.parent / "inputs"))
    verb.add_argument("--ranks", type=int, default=2)
    verb.add_argument("--only", default="*")
    verb.set_defaults(call=run)
    verb = verbs.add_parser("diff")
    verb.add_argument("before")
    verb.add_argument("after")
    verb.set_defaults(call=diff)
    args = parser.parse_args()
    sys.exit(args.call(args))


main()
