#!/usr/bin/env bash
# Measures how well a trained network generalizes. Trains one with the Kuramoto-Sivashinsky deck, and predicts
# training problems and new problems with it (inputs/generalization.toml). Compares with the classical methods,
# prints the table and stores it in postprocess/gallery/generalization.json. Finished runs are not repeated.
#   jobs/generalization.sh [RANKS]      needs a built program
set -euo pipefail
cd "$(dirname "$0")/.."
source jobs/environment.sh
jpo=(mpirun -n "${1:-2}" --bind-to none --oversubscribe build/release/src/jpo)
training=runs/generalization_training.h5

# Only the method that trains the network is needed.
[[ -f $training ]] || "${jpo[@]}" run inputs/kuramoto_sivashinsky.toml --set "run.output=$training" \
  --set 'methods=["joint"]'

# With the seed of the training, the problems are the first 128 of the training problems.
"${jpo[@]}" study inputs/generalization.toml --set study.variants.seen={} --set 'study.only=["seen"]' \
  --set 'study.seeds=[7]'
"${jpo[@]}" study inputs/generalization.toml
"$(find_python)" postprocess/study.py runs/generalization --reference bfgs \
  --json postprocess/gallery/generalization.json
