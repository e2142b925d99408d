#!/usr/bin/env bash
# Tests exit codes, messages and files of the program, and bit-identical results. Usage: test_program.sh JPO
set -uo pipefail
jpo=$1
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
source "$source_dir/jobs/environment.sh"
source "$source_dir/tests/driver/expect.sh"

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
[[method]]
kind = "multi_start"
budget_of = "joint+refine"
[[method]]
kind = "levenberg_marquardt"
DECK
run=("$jpo" run deck.toml --set run.output=)

# The help of the program and of each verb.
expect 0 "75  stopped on request" "$jpo" --help
verbs=$(sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p' log)
[[ $(echo $verbs) == "check doctor evaluate models result run study verify version" ]] || fail "verbs: $verbs"
for verb in $verbs; do
  expect 0 "jpo $verb" "$jpo" "$verb" --help
  for text in "Examples:" "Exit codes:" "README.md"; do
    grep -q "$text" log || fail "no '$text' in the help of $verb"
  done
done

expect 0 "jpo" "$jpo" version
expect 0 "kuramoto_sivashinsky" "$jpo" models
expect 0 "deck.toml is valid" "$jpo" check deck.toml
# Standard output of check is a deck, for which check prints the same deck.
for deck in deck.toml "$source_dir"/inputs/kuramoto_sivashinsky_bank.toml \
  "$source_dir"/inputs/paper/wave_packet.toml; do
  ranks 2 "$jpo" check "$deck" >resolved.toml 2>sizes || fail "check of $deck: $(cat sizes)"
  "$jpo" check resolved.toml >again.toml 2>log || fail "check of its own output, of $deck: $(cat log)"
  cmp resolved.toml again.toml || fail "check changes its own output, of $deck"
  grep -q "^memory per rank: predicted" sizes || fail "no sizes of $deck on standard error: $(cat sizes)"
done
# Lost output is an error. A time limit that is no number is ignored with a warning.
expect 4 "cannot write standard output: No space left on device" sh -c '"$1" check deck.toml >/dev/full' sh "$jpo"
for end in Unknown 12x -5 1e9; do
  SLURM_JOB_END_TIME=$end expect 0 "SLURM_JOB_END_TIME = \"$end\" is not an integer >= 1 and is ignored" "$jpo" run deck.toml --set run.output=end.h5 --overwrite
done
# A closed pipe (| head) causes no error message.
errors=$({ "$jpo" check --keys | true; } 2>&1)
[[ -n $errors ]] && fail "a closed pipe: $errors"
expect 0 "max_evaluations" "$jpo" check --keys
expect 2 "deck" "$jpo" run
expect 2 "subcommand" "$jpo"
expect 2 "cannot read the deck nowhere.toml: No such file or directory" "$jpo" run nowhere.toml
for deck in unknown_key not_toml n_problem_zero kind_unknown; do
  expect 2 "$(sed -n '1s/# expect: //p' "$source_dir/tests/decks/invalid/$deck.toml" | sed 's/^[0-9:]* *//')" \
    "$jpo" run "$source_dir/tests/decks/invalid/$deck.toml"
done
expect 2 "key 'network.patch' = 7: does not divide" "$jpo" run deck.toml \
  --set network.name=transformer --set network.patch=7
# A deck with a base: an error message contains the file with the error, on all ranks.
mkdir below
cat >below/variant.toml <<'DECK'
base = "../deck.toml"
methods = ["bfgs", "joint"]
[[method]]
name = "joint"
updates = 5
DECK
expect 0 "below/variant.toml is valid" "$jpo" check below/variant.toml
grep -q "joint+refine" log && fail "a method that is not selected is listed: $(cat log)"
printf '# none\nbase = "nowhere.toml"\n' >below/bad.toml
expect 2 "below/bad.toml:2:8: key 'base': cannot read below/nowhere.toml: No such file" \
  ranks 3 "$jpo" run below/bad.toml
printf 'base = "bad.toml"\n' >below/nowhere.toml
expect 2 "below/nowhere.toml:1:8: key 'base': below/bad.toml is a variant of itself" \
  ranks 3 "$jpo" run below/bad.toml
[[ -e runs ]] && fail "a refused deck left files"

expect 0 "result: a.h5" "${run[@]}a.h5"
expect 2 "exists and is not overwritten" "${run[@]}a.h5"
cp a.h5 older.h5
expect 0 "result: a.h5" "${run[@]}a.h5" --overwrite
expect 2 "cannot be written" "${run[@]}deck.toml/below.h5"
expect 2 "is a directory" "${run[@]}below/"
expect 2 "PETSc refuses its options" "${run[@]}b.h5" --set 'petsc.bfgs_tao_max_it="abc"'
expect 2 "method.bfgs.type" "${run[@]}b.h5" --set method.bfgs.type=nonsense
expect 2 "key 'parallel.device' = \"cuda\": " env CUDA_VISIBLE_DEVICES= "${run[@]}b.h5" \
  --set 'parallel.device="cuda"'
expect 2 "key 'parallel.transport' = \"nccl\": " "${run[@]}b.h5" \
  --set parallel.transport=nccl
expect 2 "there is no problem 99" "${run[@]}b.h5" --set 'fault.problems=[99]'
expect 2 "share the PETSc options" "${run[@]}b.h5" --set 'method.bfgs.name="Joint"'
expect 2 "exceed the range of PETSc's indices" "$jpo" check deck.toml --set data.n_problem=134217729 \
  --set parallel.micro_batch=65536
expect 0 "result: truth.h5" "${run[@]}truth.h5" --set 'method.bfgs.name="truth"'
export PETSC_OPTIONS="-bfgs_tao_max_it 1"
expect 0 "PETSC_OPTIONS is ignored" "${run[@]}outer.h5"
expect 0 "budget_reached" "${run[@]}accepted.h5" --set run.petsc_environment=true
h5dump -a /deck accepted.h5 | grep -q '"bfgs_tao_max_it" = "1"' || fail "PETSC_OPTIONS is not recorded"
PETSC_OPTIONS=junk expect 2 "'junk' belongs to no option" "${run[@]}b.h5" --set run.petsc_environment=true
unset PETSC_OPTIONS
same a.h5 outer.h5
# Options that view or monitor change no result. An unknown viewer is refused.
for option in tao_view tao_monitor tao_converged_reason tao_ls_view; do
  expect 0 "result: viewed.h5" "${run[@]}viewed.h5" --overwrite --set "petsc.bfgs_$option=true"
  grep -q "unused" log && fail "petsc.bfgs_$option was not used"
  h5diff a.h5 viewed.h5 /methods/bfgs/reason || fail "petsc.bfgs_$option changes reasons"
  expect 0 "result: viewed.h5" "${run[@]}viewed.h5" --overwrite --set "petsc.bfgs_$option=false"
  grep -q "unused" log && fail "petsc.bfgs_$option = false is called unused"
done
[[ -e true ]] && fail "a monitor wrote a file called true"
expect 2 "PETSc has no such viewer" "${run[@]}b.h5" --set petsc.bfgs_tao_view=asci
expect 0 "PETSc Performance Summary" ranks 2 "${run[@]}logged.h5" --set 'petsc.log_view=""'
grep -q "^TaoSolve " log || fail "the log has no events: $(cat log)"
grep -q "unused" log && fail "log_view is called unused"
expect 0 "Event begin: TaoSolve" "${run[@]}logged.h5" --overwrite --set petsc.log_trace=true
# Single methods, with those that they start from, give the same answers as all methods.
expect 0 "joint+refine             refine  uses joint" "$jpo" run deck.toml --list-methods
expect 2 "--only nothing: the deck has no such method; allowed: bfgs, joint" "$jpo" run deck.toml --only nothing
expect 0 "result: only.h5" "${run[@]}only.h5" --only joint+refine
[[ $(h5ls only.h5/methods | wc -l) -eq 2 ]] || fail "--only: other methods: $(h5ls only.h5/methods)"
h5diff a.h5 only.h5 "/methods/joint+refine/loss" || fail "--only changes answers"
# A full disk, simulated by a limit on file sizes.
for n in 1 2; do
  expect 4 "an older result is kept" ranks "$n" --mca btl self,tcp \
    bash -c 'ulimit -f 24; exec "$@"' _ "${run[@]}full.h5"
done
compgen -G "full.h5*" && echo "FAILED: a part file was not removed" && failures=$((failures + 1))
# Too many problems fail: the run stops after the method, and resumes with a larger allowed fraction.
failing=("${run[@]}failed.h5" --set 'fault.problems=[1,2]')
expect 3 "stopped, 1 of 5 methods done; to resume from failed.h5.checkpoints/checkpoint_000001.h5 with a larger" \
  ranks 2 "${failing[@]}" --set run.max_failed_fraction=0.1
[[ -f failed.h5 ]] && fail "a stopped run wrote a result"
expect 3 "stopped, 1 of 5 methods done" "${failing[@]}" --set run.max_failed_fraction=0.1 --resume
expect 0 "result: failed.h5" "${failing[@]}" --resume
"${failing[@]}" --set run.output=failed_whole.h5 >/dev/null || fail "a run with failures"
same failed.h5 failed_whole.h5
expect 0 "unused [petsc] option 'joint_refine_tao_misspelt'" "${run[@]}options.h5" \
  --set 'petsc.joint_refine_tao_misspelt="1"'
used=$("${run[@]}options.h5" --overwrite --set 'petsc.joint_refine_tao_ls_type="armijo"' 2>&1)
[[ $used == *"unused [petsc] option"* ]] && fail "$used"

# A deck with a base on two ranks. The deck stored in the result is complete and needs no base.
expect 0 "result: on_base.h5" ranks 2 "$jpo" run below/variant.toml --set run.output=on_base.h5
"$(find_python h5py)" -c 'import h5py; print(h5py.File("on_base.h5").attrs["deck"].decode())' >echo.toml
expect 0 "result: echo.h5" "$jpo" run echo.toml --set run.output=echo.h5
same on_base.h5 echo.h5

# Other rank counts and three all-reduce algorithms of Open MPI give the same file.
for n in 2 3; do
  expect 0 "result: b$n.h5" ranks "$n" "${run[@]}b$n.h5"
  same a.h5 "b$n.h5"
done
for algorithm in 1 3 4; do
  export OMPI_MCA_coll_tuned_use_dynamic_rules=1 OMPI_MCA_coll_tuned_allreduce_algorithm=$algorithm
  expect 0 "result: c$algorithm.h5" ranks 4 "${run[@]}c$algorithm.h5"
  same a.h5 "c$algorithm.h5"
done
unset OMPI_MCA_coll_tuned_use_dynamic_rules OMPI_MCA_coll_tuned_allreduce_algorithm
# Tests the comparison: another seed must give another file.
expect 0 "result: d.h5" "${run[@]}d.h5" --set run.seed=1
[[ -z $(differences a.h5 d.h5) ]] && fail "another seed gave the same file"

small=(--set data.n_problem=8 --set parallel.micro_batch=2)
expect 0 "0 failed" ranks 2 "$jpo" verify deck.toml "${small[@]}"
expect 0 "derivative by each parameter" "$jpo" verify deck.toml --set data.n_problem=1 --set parallel.micro_batch=1
expect 1 "FAIL misfit gradient" "$jpo" verify deck.toml "${small[@]}" --scale-gradient 0.999

exit $((failures > 0))
