#!/usr/bin/env bash
# Computes the main result from a fresh checkout: installs missing packages, builds, solves the Kuramoto-Sivashinsky
# problems on 2 ranks, prints the table and draws the figures. Called again, it repeats only outdated steps.
set -euo pipefail
cd "$(dirname "$0")/.."
source jobs/environment.sh

step() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }
deck=inputs/kuramoto_sivashinsky.toml
result=runs/kuramoto_sivashinsky.h5
jpo=build/release/src/jpo

step "dependencies"
jobs/install-dependencies.sh
step "configure and build"
[[ -f build/release/build.ninja ]] || cmake --preset release >/dev/null
cmake --build --preset release --target jpo

step "run $deck on 2 ranks"
bind=(--bind-to core)
mpirun -n 2 "${bind[@]}" true 2>/dev/null || bind=(--bind-to none --oversubscribe)
if [[ $result -nt $jpo && $result -nt $deck ]]; then
  echo "not run again: $result is newer than the program and the deck"
else
  overwrite=()
  [[ -f $result ]] && overwrite=(--overwrite)
  mpirun -n 2 "${bind[@]}" "$jpo" run "$deck" "${overwrite[@]}"
fi

step "report"
"$(find_python)" postprocess/report.py "$result"
step "done"
