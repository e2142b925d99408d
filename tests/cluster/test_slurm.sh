#!/usr/bin/env bash
# Tests jobs/*.sbatch in a real Slurm on this machine: a run, chains that are stopped by the time limit and queued
# again, a study as an array. Their results must be bit-identical to those of mpirun without Slurm.
# Skipped (77) if Slurm cannot be started. Usage: test_slurm.sh JPO
set -uo pipefail
export JPO=$1
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
source "$source_dir/jobs/environment.sh"
source "$source_dir/tests/driver/expect.sh"
source "$source_dir/tests/cluster/cluster.sh"

reason=$(no_cluster_reason)
if [[ -n $reason ]]; then
  echo "SKIPPED, Slurm cannot be started: $reason"
  exit 77
fi
work=$(mktemp -d)
daemons=()
trap 'stop_cluster "$work"; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
if ! start_cluster "$work"; then
  echo "SKIPPED, Slurm did not start:"
  tail -n 5 "$work"/*.out "$work"/munged.log
  exit 77
fi
cd "$work" || exit 1
jobs=$source_dir/jobs

# There may be more ranks than cores, so waiting ranks must yield their core.
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export LAUNCH=
mpirun -n 2 --bind-to core true >log 2>&1 || export LAUNCH="mpirun -n 2 --bind-to none --oversubscribe"

field() {  # field JOB NAME: prints a field of `scontrol show job`
  scontrol show job --oneliner "$1" | grep -o " $2=[^ ]*" | head -n 1 | cut -d= -f2
}
wait_until() {  # wait_until SECONDS COMMAND...: repeats COMMAND until it succeeds; fails after SECONDS
  local end=$((SECONDS + $1))
  until "${@:2}"; do
    ((SECONDS < end)) || return 1
    sleep 0.3
  done
}
has_ended() { [[ $(field "$1" JobState) =~ ^(COMPLETED|FAILED|TIMEOUT|CANCELLED|NODE_FAIL)$ ]]; }
was_requeued() { [[ $(field "$1" Restarts) -gt 0 ]]; }
# Also true if the signal came after the last checkpoint, while the result was written.
ended_unstopped() { [[ $(field "$1" JobState) == COMPLETED ]] && ! was_requeued "$1"; }
was_stopped() {
  has_ended "$1" || { was_requeued "$1" && grep -q "to resume from .*: jpo run with --resume" "jpo_$1.log"; }
}
expect_end() {  # expect_end JOB STATE EXIT LOG
  wait_until 150 has_ended "$1"
  [[ $(field "$1" JobState) == "$2" && $(field "$1" ExitCode) == "$3:0" ]] ||
    fail "$4: $(field "$1" JobState), exit code $(field "$1" ExitCode), expected $2, $3: $(tail -n 30 "$4")"
}
# Slurm checks time limits every 30 s. A job that is submitted 20 s after a check runs for some seconds before it is
# signalled.
n_limit_check() { grep -c "Testing job time limits" slurmctld.log; }
has_checked_limits_again() { [[ $(n_limit_check) -gt $1 ]]; }
wait_for_limit_check() {
  wait_until 40 has_checked_limits_again "$(n_limit_check)"
  sleep 20
}

cat >chain.toml <<'DECK'
[run]
name = "chain"
seed = 3
[data]
n_problem = 64
noise = 0.1
[model]
name = "kuramoto_sivashinsky"
horizon = 5.0
[network]
name = "mlp"
hidden = [16]
[parallel]
micro_batch = 8
[[method]]
name = "bfgs"
kind = "tao"
max_evaluations = 20
[[method]]
kind = "joint"
updates = 50
[[method]]
name = "joint+refine"
kind = "refine"
from = "joint"
max_evaluations = 20
[study]
sizes = [8]
seeds = [1, 2]
[study.variants.plain]
[study.variants.wide]
network.hidden = [32]
DECK
endless=(--set study.sizes=[16] --set study.variants.endless.method.joint.updates=10000000
  --set 'study.only=["endless"]')

# A study that takes longer than a minute. It gets no SIGUSR1, so jpo must stop it by its own clock.
long=$(sbatch --parsable --array=7 --ntasks=1 --time=1 --signal=B:CONT@1 "$jobs/study.sbatch" chain.toml \
  "${endless[@]}" --set study.output=runs/endless)

# One run with ROMIO; a run of a deck with an error; a study in two tasks; a job that waits for both tasks.
run=$(OMPI_MCA_io=romio321 sbatch --parsable "$jobs/run.sbatch" chain.toml --set run.output=runs/run.h5)
refused=$(sbatch --parsable "$jobs/requeue.sbatch" chain.toml --set run.sed=1)
study=$(sbatch --parsable --array=1-2 "$jobs/study.sbatch" chain.toml --set study.output=runs/array)
table=$(sbatch --parsable --dependency="afterok:$study" --ntasks=1 --output=table.log --wrap \
  "$(find_python) $source_dir/postprocess/study.py runs/array --json array.json")
# Two tasks. Task 2, which has the job id of the array, exits with 75. Only this task must be queued again.
# shellcheck disable=SC2016
printf '#!/bin/sh\n[ "$SLURM_ARRAY_TASK_ID" = 2 ] && [ -z "$SLURM_RESTART_COUNT" ] && exit 75\nexit 0\n' >stops_once
chmod +x stops_once
two=$(JPO=./stops_once sbatch --parsable --array=1-2 --ntasks=1 "$jobs/study.sbatch" none.toml)
expect 0 "result: direct/run.h5" ranks 2 "$JPO" run chain.toml --set run.output=direct/run.h5
expect 0 "4 run now" ranks 2 "$JPO" study chain.toml --set study.output=direct/array
expect_end "$run" COMPLETED 0 "jpo_$run.log"
same direct/run.h5 runs/run.h5
expect_end "$refused" FAILED 2 "jpo_$refused.log"
was_requeued "$refused" && fail "the job of a refused deck was queued again"
expect_end "$table" COMPLETED 0 table.log
for cell in direct/array/*.h5; do
  same "$cell" "runs/array/${cell##*/}"
done
"$(find_python)" "$source_dir/postprocess/study.py" direct/array --json direct/array.json >log
table_of() { sed -n '/^ "table"/,/^ \]/p' "$1" | sed 's/"seconds[a-z_0-9]*": [^,}]*//g'; }
diff <(table_of direct/array.json) <(table_of array.json) || fail "the tables of the two studies differ"

# Two chains of the same run, one with mpirun and one with srun. If one ends before it is stopped, the machine is too
# fast, and both are repeated with more updates. After the stop with a checkpoint, they get a longer time limit.
chain=(sbatch --parsable --time=1 --signal=B:USR1@30 "$jobs/requeue.sbatch" chain.toml)
for updates in 2000 8000 32000; do
  work_of=(--set "method.joint.updates=$updates")
  rm -f runs/mpirun.h5 runs/srun.h5
  wait_for_limit_check
  by_mpirun=$("${chain[@]}" "${work_of[@]}" --set run.output=runs/mpirun.h5)
  by_srun=$(LAUNCH="srun --mpi=pmix" "${chain[@]}" "${work_of[@]}" --set run.output=runs/srun.h5)
  for job in "$by_mpirun" "$by_srun"; do
    wait_until 100 was_stopped "$job" && scontrol update job="$job" TimeLimit=5 >log 2>&1
  done
  ended_unstopped "$by_mpirun" || ended_unstopped "$by_srun" || break
  scancel "$by_mpirun" "$by_srun"
  rm -rf runs/*.checkpoints
done
expect_end "${two}_1" COMPLETED 0 "jpo_study_${two}_1.log"
expect_end "${two}_2" COMPLETED 0 "jpo_study_${two}_2.log"
[[ $(field "${two}_1" Restarts)$(field "${two}_2" Restarts) == 01 ]] || fail "expected that only task 2 is queued again"

log=jpo_study_${long}_7.log
wait_until 60 was_requeued "${long}_7" || fail "Slurm has not queued the study again: $(tail -n 30 "$log")"
grep -q "SIGUSR1" "$log" && fail "the study got SIGUSR1, so its stop by the clock was not tested"
scancel "$long"

expect 0 "result: direct/chain.h5" ranks 2 "$JPO" run chain.toml "${work_of[@]}" --set run.output=direct/chain.h5
for job in "$by_mpirun" "$by_srun"; do
  log=jpo_$job.log
  expect_end "$job" COMPLETED 0 "$log"
  for text in "SIGUSR1: close to the time limit" "is queued again" "resuming from runs/.* of 3 methods done"; do
    grep -q "$text" "$log" || fail "no '$text': $(tail -n 30 "$log")"
  done
  echo "chain $job of $updates updates: $(($(field "$job" Restarts) + 1)) parts"
done
same direct/chain.h5 runs/mpirun.h5
same direct/chain.h5 runs/srun.h5
compgen -G "runs/*.checkpoints" >/dev/null && fail "checkpoints of a finished run were not removed"

echo "$SECONDS s"
[[ $failures -eq 0 ]] && echo "runs, chains and studies under Slurm equal those of mpirun"
exit $((failures > 0))
