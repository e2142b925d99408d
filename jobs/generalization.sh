#!/usr/bin/env bash
# How far does a trained network reach? Trains one on the Kuramoto-Sivashinsky deck, predicts problems
# that it has seen and that it has not (inputs/generalization.toml), with the classical methods beside
# it, prints the table and stores it in postprocess/gallery/generalization.json. What is done already
# is not done again. Needs a built program.      jobs/generalization.sh [RANKS]
set -euo pipefail
cd "$(dirname "$0")/.."
source jobs/environment.sh
jpo=(mpirun -n "${1:-2}" --bind-to none --oversubscribe build/release/src/jpo)
training=runs/generalization_training.h5

# Only the method that trains the network is needed.
[[ -f $training ]] || "${jpo[@]}" run inputs/kuramoto_sivashinsky.toml --set "run.output=$training" \
  --set 'methods=["joint"]'

# The same seed: the first 128 of the problems that it was trained on.
"${jpo[@]}" study inputs/generalization.toml --set study.variants.seen={} --set 'study.only=["seen"]' \
  --set 'study.seeds=[7]'
"${jpo[@]}" study inputs/generalization.toml
"$(find_python)" postprocess/study.py runs/generalization --reference bfgs \
  --json postprocess/gallery/generalization.json
