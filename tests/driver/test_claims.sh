#!/usr/bin/env bash
# Tests the claims of the README about the main deck, with another seed. Usage: test_claims.sh JPO
set -euo pipefail
jpo=$1
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
source "$source_dir/jobs/environment.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=$(find_python)

mpirun -n 2 --oversubscribe --bind-to none "$jpo" run "$source_dir/inputs/kuramoto_sivashinsky.toml" \
  --set "run.output=\"$work/result.h5\"" --set run.seed=11 >"$work/log"
"$python" "$source_dir/postprocess/report.py" "$work/result.h5" --figures "$work" --json "$work/table.json"
"$python" - "$work/table.json" "$work/result.h5" <<'PY'
import json, sys
import h5py, numpy as np
rows = {row["name"]: row for row in json.load(open(sys.argv[1]))["methods"]}
evaluations = {name: row["evaluations_mean"] for name, row in rows.items()}
with h5py.File(sys.argv[2]) as file:
    names = [name.decode().rstrip("\0") for name in file["performance/phase"][...]]
    mean = dict(zip(names, file["performance/methods/joint"][:, 1]))
    no_observation = h5py.check_enum_dtype(file["methods/bfgs/reason"].dtype)["no_observation"]
    n_failed = int((file["methods/bfgs/reason"][...] == no_observation).sum())
useful = (mean["forward"] + mean["adjoint"] + mean["network"]) / sum(mean.values())
print(f"useful share of the joint loop: {100 * useful:.1f} %")
claims = {
    "the solve of every draw of the prior succeeds": n_failed == 0,
    "joint+refine solves at least 90 %": rows["joint+refine"]["solved"] >= 90.0,
    "joint+refine is worse than bfgs on at most 5 %": rows["joint+refine"]["worse"] <= 5.0,
    "bank solves at least 95 %": rows["bank"]["solved"] >= 95.0,
    "bank is worse than bfgs on at most 1 %": rows["bank"]["worse"] <= 1.0,
    "bank needs at most 4 times the evaluations of bfgs": evaluations["bank"] <= 4.0 * evaluations["bfgs"],
    "bank needs at most a fifth of the evaluations of joint+refine":
        evaluations["bank"] <= evaluations["joint+refine"] / 5.0,
    "multi_start solves at least 95 %": rows["multi_start"]["solved"] >= 95.0,
    "multi_start is worse than bfgs on at most 1 %": rows["multi_start"]["worse"] <= 1.0,
    "multi_start needs at most half of the evaluations of joint+refine":
        evaluations["multi_start"] <= evaluations["joint+refine"] / 2.0,
}
for text, holds in claims.items():
    print("ok    " if holds else "FAILED", text)
sys.exit(0 if all(claims.values()) else 1)
PY
