#!/usr/bin/env bash
# Exit codes, messages, files and equal bits of the program. Usage: test_program.sh JPO
set -uo pipefail
jpo=$1
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
source "$source_dir/jobs/environment.sh"
failures=0

expect() {  # expect CODE MESSAGE COMMAND...
  local code=$1 message=$2
  shift 2
  "$@" >log 2>&1
  local got=$?
  if [[ $got -ne $code ]] || ! grep -qF -- "$message" log; then
    echo "FAILED: $*: exit $got (expected $code), message '$message':"
    cat log
    failures=$((failures + 1))
  fi
}
# Differences of content: the run's own attributes and timings do not count.
differences() {
  h5diff --exclude-path /performance --exclude-attribute / "$1" "$2" 2>&1 |
    sed '/^attribute: <seconds of/,+1d'
}
same() {
  if [[ -n $(differences "$1" "$2") ]]; then
    echo "FAILED: $1 and $2 differ:"
    differences "$1" "$2" | head -20
    failures=$((failures + 1))
  fi
}
ranks() {
  mpirun -n "$1" --oversubscribe --bind-to none "${@:2}"
}

cat >deck.toml <<'DECK'
[data]
n_problem = 10
[model]
name = "kuramoto_sivashinsky"
horizon = 4.0
[parallel]
micro_batch = 3
[[method]]
name = "bfgs"
kind = "tao"
[[method]]
kind = "joint"
updates = 6
snapshots = 2
[[method]]
name = "joint+refine"
kind = "refine"
from = "joint"
starts = 3
DECK
run=("$jpo" run deck.toml --set run.output=)

expect 0 "jpo" "$jpo" version
expect 0 "kuramoto_sivashinsky" "$jpo" models
expect 0 "deck.toml is good" "$jpo" check deck.toml
expect 0 "max_evaluations" "$jpo" check --keys
expect 2 "deck" "$jpo" run
expect 2 "subcommand" "$jpo"
expect 2 "cannot read the deck nowhere.toml" "$jpo" run nowhere.toml
for deck in unknown_key not_toml n_problem_zero kind_unknown; do
  expect 2 "$(sed -n '1s/# expect: //p' "$source_dir/tests/decks/invalid/$deck.toml" | sed 's/^[0-9:]* *//')" \
    "$jpo" run "$source_dir/tests/decks/invalid/$deck.toml"
done
expect 2 "key 'network.patch' = 7: does not divide" "$jpo" run deck.toml \
  --set network.name=transformer --set network.patch=7
[[ -e runs ]] && echo "FAILED: a refused deck left files" && failures=$((failures + 1))

expect 0 "result: a.h5" "${run[@]}a.h5"
expect 2 "exists and is not overwritten" "${run[@]}a.h5"
cp a.h5 older.h5
expect 0 "result: a.h5" "${run[@]}a.h5" --overwrite
expect 2 "cannot be written" "${run[@]}deck.toml/below.h5"
expect 3 "no answer" "${run[@]}failed.h5" --set 'fault.problems=[1,2]' --set run.max_failed_fraction=0.1
[[ -f failed.h5 ]] || { echo "FAILED: no result beside exit code 3"; failures=$((failures + 1)); }
expect 0 "'joint_refine_tao_misspelt' was used by nothing" "${run[@]}options.h5" \
  --set 'petsc.joint_refine_tao_misspelt="1"'
used=$("${run[@]}options.h5" --overwrite --set 'petsc.joint_refine_tao_ls_type="armijo"' 2>&1)
[[ $used == *"used by nothing"* ]] && echo "FAILED: $used" && failures=$((failures + 1))

# Two rank counts, and three all-reduce algorithms of Open MPI: the same file.
expect 0 "result: b.h5" ranks 3 "${run[@]}b.h5"
same a.h5 b.h5
for algorithm in 1 3 4; do
  export OMPI_MCA_coll_tuned_use_dynamic_rules=1 OMPI_MCA_coll_tuned_allreduce_algorithm=$algorithm
  expect 0 "result: c$algorithm.h5" ranks 4 "${run[@]}c$algorithm.h5"
  same a.h5 "c$algorithm.h5"
done
unset OMPI_MCA_coll_tuned_use_dynamic_rules OMPI_MCA_coll_tuned_allreduce_algorithm
# The comparison can fail: another seed is another file.
expect 0 "result: d.h5" "${run[@]}d.h5" --set run.seed=1
[[ -z $(differences a.h5 d.h5) ]] &&
  echo "FAILED: another seed gave the same file" && failures=$((failures + 1))

small=(--set data.n_problem=8 --set parallel.micro_batch=2)
expect 0 "0 failed" ranks 2 "$jpo" verify deck.toml "${small[@]}"
expect 1 "FAIL misfit gradient" "$jpo" verify deck.toml "${small[@]}" --spoil-gradient 0.999

exit $((failures > 0))
