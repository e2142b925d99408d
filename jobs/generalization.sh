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

# The other methods of the deck do not influence the network, so they run for one evaluation only.
[[ -f $training ]] || "${jpo[@]}" run inputs/kuramoto_sivashinsky.toml --set "run.output=$training" \
  --set method.bfgs.max_evaluations=1 --set method.blmvm.max_evaluations=1 \
  --set method.joint+refine.max_evaluations=1 --set method.multi_start.max_evaluations=1 \
  --set 'method.multi_start.budget_of=""'

# With the seed of the training, the problems are the first 128 of the training problems.
"${jpo[@]}" study inputs/generalization.toml --set study.variants.seen={} --set 'study.only=["seen"]' \
  --set 'study.seeds=[7]'
"${jpo[@]}" study inputs/generalization.toml
"$(find_python)" postprocess/study.py runs/generalization --reference blmvm \
  --json postprocess/gallery/generalization.json
