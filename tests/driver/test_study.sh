#!/usr/bin/env bash
# Tests `jpo study`: each cell equals a run; a study can be resumed; a changed deck is refused. Usage: test_study.sh JPO
set -uo pipefail
jpo=$1
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
source "$source_dir/jobs/environment.sh"
source "$source_dir/tests/driver/expect.sh"

cat >deck.toml <<'DECK'
[run]
name = "tiny"
[data]
n_problem = 99
[model]
name = "kuramoto_sivashinsky"
horizon = 3.0
[parallel]
micro_batch = 2
[[method]]
name = "bfgs"
kind = "tao"
max_evaluations = 20
[[method]]
kind = "joint"
updates = 4
[study]
seeds = [3, 4]
sizes = [2, 5]
[study.variants.short]
petsc.bfgs_tao_max_it = 2
petsc.spelt_wrong = 1
[study.variants.plain]
DECK
study=(ranks 2 "$jpo" study deck.toml)

# Refused before any work.
bad=(--set study.variants.bad.data.nois=1)
expect 2 "--set study.variants.bad.data.nois: key 'data.nois': unknown key" "${study[@]}" "${bad[@]}"
expect 2 '(in variant "bad" of [study])' "${study[@]}" "${bad[@]}"
expect 2 "key 'study.variants': is not a table" "${study[@]}" --set 'study.variants=["bad: data.noise=1"]'
expect 0 "8 cells: 2 variants x 2 sizes x 2 seeds" "$jpo" check deck.toml
expect 2 'variant "bad" of [study]' "$jpo" check deck.toml --set study.variants.bad.network.patch=7 \
  --set study.variants.bad.network.name=transformer
expect 2 '(in variant "bad" of [study])' "$jpo" run deck.toml "${bad[@]}"
expect 0 "to run    runs/tiny/plain_n5_seed4.h5" "${study[@]}" --list
[[ -e runs ]] && fail "a refusal or a list left files"

# Runs all cells, then one cell again, then none.
expect 0 "8 run now, 0 done before" "${study[@]}"
cp log first_log
grep -q "cell 4 of 8: short, n = 5, seed 4, about .* left" first_log || fail "the remaining time is not printed"
[[ $(grep -c "unused \[petsc\] option 'spelt_wrong'" first_log) -eq 4 ]] ||
  fail "PETSc options of a cell are used in other cells: $(grep -c spelt_wrong first_log) warnings"
[[ $(ls runs/tiny | wc -l) -eq 8 ]] || fail "files: $(ls runs/tiny)"
cp -r runs/tiny first
rm runs/tiny/plain_n2_seed4.h5
expect 0 "1 run now, 7 done before" "${study[@]}"
grep -q "plain, n = 5, seed 4: already done" log || fail "a skipped cell is not reported"
same first/plain_n2_seed4.h5 runs/tiny/plain_n2_seed4.h5
expect 0 "0 run now, 8 done before" "${study[@]}"
expect 0 "0 run now, 8 done before" "${study[@]}" --overwrite

# A cell equals the result of `jpo run` with the same deck, so cells do not influence each other.
alone=("$jpo" run deck.toml --set data.n_problem=5 --set run.seed=3)
expect 0 "result: alone.h5" "${alone[@]}" --set run.output=alone.h5
same alone.h5 runs/tiny/plain_n5_seed3.h5
expect 0 "result: short.h5" "${alone[@]}" --set run.output=short.h5 --set 'petsc.bfgs_tao_max_it=2'
same short.h5 runs/tiny/short_n5_seed3.h5
[[ -n $(differences alone.h5 short.h5) ]] || fail "the option max_it has no effect, so nothing was tested"

# A changed deck is refused with its changed keys, and no file is changed. --overwrite runs the cell again.
expect 2 "plain_n5_seed4.h5: data.noise (0.01 in the deck, 0 in the file)" "${study[@]}" --set data.noise=0.01
expect 2 "method.bfgs.max_evaluations (21 in the deck, 20 in the file)" "${study[@]}" --set method.bfgs.max_evaluations=21
expect 0 "differs   runs/tiny/plain_n5_seed4.h5: data.noise" "${study[@]}" --list --set data.noise=0.01
same first/plain_n5_seed4.h5 runs/tiny/plain_n5_seed4.h5
echo "no result" >runs/tiny/plain_n2_seed3.h5
expect 2 "plain_n2_seed3.h5: not an HDF5 file" "${study[@]}"
expect 0 "1 run now, 7 done before" "${study[@]}" --overwrite
same first/plain_n2_seed3.h5 runs/tiny/plain_n2_seed3.h5
# More cells, in a folder that was moved: only the new cell runs.
mv runs/tiny moved
expect 0 "1 run now, 2 done before" "${study[@]}" --set study.output=moved --set 'study.only=["plain"]' \
  --set 'study.seeds=[3, 4, 5]' --set 'study.sizes=[2]'

# A cell in which too many problems fail does not stop the other cells, and a resumed study repeats it.
faulty=("${study[@]}" --set run.name=faulty --set 'study.seeds=[]' --set 'study.sizes=[3]')
faulty+=(--set 'study.only=["plain", "faulty"]' --set 'study.variants.faulty.fault.problems=[1, 2]')
faulty_strict=("${faulty[@]}" --set study.variants.faulty.run.max_failed_fraction=0.1)
expect 3 "in 1 of 2 cells more problems failed" "${faulty_strict[@]}"
[[ -d runs/faulty/faulty_n3_seed0.h5.checkpoints && -f runs/faulty/plain_n3_seed0.h5 ]] || fail "$(ls runs/faulty)"
expect 3 "a checkpoint: faulty, n = 3, seed 0" "${faulty_strict[@]}"
grep -q "1 of . methods done" log || fail "the failed cell did not resume from its checkpoint: $(cat log)"
expect 0 "1 run now, 1 done before" "${faulty[@]}"
[[ -f runs/faulty/faulty_n3_seed0.h5 ]] || fail "$(ls runs/faulty)"

exit $((failures > 0))
