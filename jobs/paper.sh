#!/usr/bin/env bash
# The evaluation of the paper, extended: five problems, n = 2 ... 256, three seeds, six methods; an ablation of the
# joint method; gradient quality. Writes the tables and figures of the repository. Can be stopped; when it is
# started again, finished cells are not repeated.
#   jobs/paper.sh [--small] [RANKS]     --small: for 2 cores, Navier-Stokes on a 32 x 32 grid
# Under a scheduler: LAUNCH="srun --mpi=pmix" jobs/paper.sh
set -euo pipefail
cd "$(dirname "$0")/.."
source jobs/environment.sh

small=()
if [[ ${1:-} == --small ]]; then
  small=(--set model.n_grid=32 --set model.horizon=0.25 --set model.impulse_width=0.1)
  shift
fi
ranks=${1:-2}
launch=${LAUNCH:-mpirun -n $ranks --oversubscribe}
jpo=build/release/src/jpo
[[ -x $jpo ]] || { cmake --preset release >/dev/null && cmake --build --preset release --target jpo; }
out=postprocess/gallery/paper
mkdir -p "$out"

for deck in wave_packet billiards kuramoto_sivashinsky kuramoto_sivashinsky_hard navier_stokes \
  ablation_wave_packet ablation_kuramoto_sivashinsky; do
  printf '\n== %s (%d s)\n' "$deck" "$SECONDS"
  set=()
  [[ $deck == navier_stokes ]] && set=("${small[@]}")
  $launch "$jpo" study "inputs/paper/$deck.toml" "${set[@]}"
  "$(find_python)" postprocess/study.py "runs/paper/$deck" --json "$out/$deck.json" --width 85 --formats png |
    tee "$out/$deck.txt"
done
# The figure that postprocess/gallery/README.md shows; all others stay in runs/paper/*/figures.
mkdir -p "$out/kuramoto_sivashinsky_hard"
cp runs/paper/kuramoto_sivashinsky_hard/figures/solved.png "$out/kuramoto_sivashinsky_hard"

printf '\n== gradient_quality (%d s)\n' "$SECONDS"
$launch "$jpo" study inputs/paper/gradient_quality.toml
"$(find_python)" postprocess/gradient_quality.py runs/paper/gradient_quality \
  --json "$out/gradient_quality.json" --figures "$out" --width 85 --formats png
