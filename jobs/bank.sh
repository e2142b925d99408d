#!/usr/bin/env bash
# Repeats the results of the gallery on the main deck and on the bank: three seeds of each *_bank deck, unknown
# amplitude, variants of the bank's keys, cost against the number of problems. Writes tables (.txt), their numbers
# (.json) and figures. Can be stopped; when it is started again, finished runs are not repeated.
#   jobs/bank.sh [--small] [--output DIR] [RANKS]
# --small       16 problems and one seed of each study, to try the script; results in runs/bank_small/gallery
# --output DIR  folder of the figures of the main deck (default: postprocess/gallery); all else is in DIR/bank
# RANKS         number of MPI ranks (default: 2)
# Under a scheduler: LAUNCH="srun --mpi=pmix" jobs/bank.sh; another program than build/release/src/jpo: JPO=FILE
set -euo pipefail
cd "$(dirname "$0")/.."
source jobs/environment.sh

gallery='' ranks=2 runs=runs/bank sizes='[32, 64, 128, 256, 512, 1024]' small_run=() small_study=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --small)
      runs=runs/bank_small sizes='[8, 16]'
      small_run=(--set data.n_problem=16)
      small_study=(--set data.n_problem=16 --set 'study.seeds=[1]')
      shift
      ;;
    --output) gallery=${2:?--output needs a value} && shift 2 ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit 0 ;;
    [1-9]*) ranks=$1 && shift ;;
    *) echo "unknown option '$1'; allowed: --small, --output, --help, a number of ranks" >&2 && exit 2 ;;
  esac
done
if [[ ! $gallery ]]; then
  gallery=postprocess/gallery
  [[ $runs == runs/bank ]] || gallery=$runs/gallery
fi
launch=${LAUNCH:-mpirun -n $ranks --oversubscribe}
jpo=${JPO:-build/release/src/jpo}
if [[ ! ${JPO:-} && ! -x $jpo ]]; then
  cmake --preset release >/dev/null && cmake --build --preset release --target jpo
fi
python=$(find_python)
out=$gallery/bank
mkdir -p "$out" "$runs"

step() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }

# study NAME DECK [--set ...]: runs a study in $runs/NAME and writes its table and numbers.
study() {
  local name=$1 deck=$2
  shift 2
  step "$name"
  $launch "$jpo" study "inputs/$deck.toml" --set "study.output=$runs/$name" "$@" "${small_study[@]}"
  "$python" postprocess/study.py "$runs/$name" --json "$out/$name.json" --width 85 --formats png | tee "$out/$name.txt"
}

# candidates NAME: four values of candidates in the deck NAME_bank.
candidates() {
  local variants=() k
  for k in 1 4 16 64; do
    variants+=(--set "study.variants.candidates_$k.method.bank.candidates=$k"
      --set "study.variants.candidates_$k.method.multi_start.candidates=$k")
  done
  study "candidates_$1" "$1_bank" --set 'methods=["bfgs", "bank", "multi_start"]' --set 'study.seeds=[11]' \
    "${variants[@]}"
}

step "the main deck"
result=$runs/main_deck.h5
[[ -f $result ]] || $launch "$jpo" run inputs/kuramoto_sivashinsky.toml --set "run.output=$result" \
  --set checkpoint.resume=auto "${small_run[@]}"
"$python" postprocess/report.py "$result" --json "$out/main_deck.json" --formats png | tee "$out/main_deck.txt"
for figure in history shares space_time; do
  cp "$runs/main_deck_figures/$figure.png" "$gallery/kuramoto_sivashinsky_$figure.png"
done

for name in wave_packet billiards kuramoto_sivashinsky kuramoto_sivashinsky_hard assimilation navier_stokes; do
  study "$name" "${name}_bank"
done
# The figure that postprocess/gallery/README.md shows; all others stay in $runs/*/figures.
cp "$runs/assimilation/figures/solved.png" "$out/assimilation_solved.png"

study amplitude wave_packet_bank --set model.unknown_amplitude=true --set method.bank.rest_deviations=-1 \
  --set method.multi_start.rest_deviations=-1
study amplitude_default wave_packet_bank --set model.unknown_amplitude=true --set 'methods=["bfgs", "bank"]' \
  --set 'study.seeds=[11]'
study weighting wave_packet_bank --set 'methods=["bfgs", "bank"]' --set 'study.seeds=[11]' \
  --set study.variants.chi={} --set study.variants.rank.method.bank.weighting=rank \
  --set study.variants.equal.method.bank.weighting=equal
for name in kuramoto_sivashinsky_hard kuramoto_sivashinsky billiards; do candidates "$name"; done
no_draws=(--set study.variants.default={} --set study.variants.no_draws.method.bank.random_draws=0
  --set 'study.seeds=[11, 12]')
study draws_kuramoto_sivashinsky_hard kuramoto_sivashinsky_hard_bank --set 'methods=["bfgs", "bank"]' "${no_draws[@]}"
study draws_assimilation assimilation_bank --set 'methods=["bqnls", "bank"]' --set data.n_problem=64 "${no_draws[@]}"

step growth
$launch "$jpo" study inputs/wave_packet_bank.toml --set "study.output=$runs/growth" --set "study.sizes=$sizes" \
  "${small_study[@]}"
"$python" postprocess/growth.py "$runs/growth" --json "$out/growth.json" --figures "$out" --width 85 --formats png
step "done: $out"
