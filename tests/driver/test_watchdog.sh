#!/usr/bin/env bash
# Tests of the watchdog: a job without progress ends with 75, can be resumed, and gives the same bits; a job with
# progress is never ended. Usage: test_watchdog.sh JPO [STUCK_RANKS]; with a number, only that many stuck ranks.
set -uo pipefail
jpo=$1
n_stuck=${2:-0}
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
# In memory if possible: 20 times the longest write is a lower bound of the limit.
[[ -w /dev/shm ]] && export TMPDIR=/dev/shm
work=$(cd "$(mktemp -d)" && pwd -P)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
source "$source_dir/jobs/environment.sh"
source "$source_dir/tests/driver/expect.sh"
export OMPI_MCA_mpi_yield_when_idle=1

# Problem 0, on rank 0, takes 10 ms longer at each evaluation.
cat >deck.toml <<'DECK'
[run]
name = "deck"
seed = 3
[data]
n_problem = 8
noise = 0.1
[model]
name = "wave_packet"
[network]
name = "mlp"
hidden = [8]
[parallel]
micro_batch = 4
[fault]
problems = [0]
kind = "slow"
slow_seconds = 0.01
[checkpoint]
every_updates = 20
[[method]]
name = "bfgs"
kind = "tao"
max_evaluations = 40
[[method]]
kind = "joint"
updates = 120
DECK
limit=2
folder=runs/deck.h5.checkpoints
stall=(--set run.stall_seconds=$limit)

launch=(mpirun --oversubscribe --bind-to none)
# pid_of MPIRUN RANK: prints the process of a rank; fails if there is none.
pid_of() {
  local pid
  for pid in $(pgrep -P "$1"); do
    tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "OMPI_COMM_WORLD_RANK=$2" && echo "$pid" && return
  done
  return 1
}
wait_for() {  # wait_for FILE: waits up to 20 s
  for ((k = 0; k < 200; ++k)); do
    [[ -e $1 ]] && return
    sleep 0.1
  done
  fail "$1 has not appeared: $(cat job_log)"
}
# ends_with CODE SECONDS JOB: fails if the job does not end with CODE within SECONDS.
ends_with() {
  local code=$1 start got
  start=$(date +%s%N)
  while kill -0 "$3" 2>/dev/null && (($(date +%s%N) - start < 30000000000)); do sleep 0.05; done
  seconds=$((($(date +%s%N) - start) / 1000000))
  if kill -0 "$3" 2>/dev/null; then
    fail "the job has not ended after 30 s"
    pkill -9 -P "$3"
  fi
  wait "$3"
  got=$?
  [[ $got -eq $code ]] || fail "exit $got instead of $code: $(cat job_log)"
  ((seconds <= $2 * 1000)) || fail "ended after $seconds ms instead of $2 s"
}
# stop_rank RANK N_RANK CHECKPOINT: stops a rank after a checkpoint; the watchdog must end the job.
stop_rank() {
  rm -rf runs
  "${launch[@]}" -n "$2" "$jpo" run deck.toml "${stall[@]}" >job_log 2>&1 &
  local job=$! pid
  wait_for $folder/checkpoint_00000$3.h5
  pid=$(pid_of $job "$1") && kill -STOP "$pid"
  ends_with 75 $((2 * limit)) $job
  grep -qE "^ +$1 .* $pid T \(stopped\)" job_log || fail "no message where rank $1 is: $(cat job_log)"
  grep -q "to resume from $folder/checkpoint_.*: jpo run with --resume" job_log || fail "no message how to resume"
  for ((k = 0; k < 30; ++k)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -0 "$pid" 2>/dev/null && fail "rank $1 is still there after 3 s: $(grep -E "^(State|PPid)" "/proc/$pid/status")"
  expect 0 "result: runs/deck.h5" ranks "$2" "$jpo" run deck.toml "${stall[@]}" --resume
  same whole.h5 runs/deck.h5
  [[ -e $folder ]] && fail "$folder was not removed: $(ls $folder)"
}

expect 0 "result: runs/deck.h5" ranks 2 "$jpo" run deck.toml
mv runs/deck.h5 whole.h5
if ((n_stuck > 0)); then
  for ((round = 0; round < n_stuck; ++round)); do stop_rank $((round % 2)) 2 $((1 + round % 4)); done
  [[ $failures -eq 0 ]] && echo "$n_stuck of $n_stuck stuck ranks were ended and resumed"
  exit $((failures > 0))
fi
stop_rank 0 2 2
stop_rank 1 2 3

# A model that loops, on one rank: 75; the resumed run meets the same point again and ends with 1.
rm -rf runs
loop=(--set fault.slow_seconds=3600 --set fault.first_evaluation=30 --set fault.kind="slow")
"${launch[@]}" -n 2 "$jpo" run deck.toml "${stall[@]}" "${loop[@]}" >job_log 2>&1 &
ends_with 75 $((2 * limit + 5)) $!
grep -qE "^ +0 .* forward +joint" job_log || fail "the looping rank is not named: $(cat job_log)"
"${launch[@]}" -n 2 "$jpo" run deck.toml "${stall[@]}" "${loop[@]}" --set 'checkpoint.resume="auto"' >job_log 2>&1 &
ends_with 1 $((2 * limit + 5)) $!
grep -q "stalled at the same point" job_log || fail "no message about the earlier stall: $(cat job_log)"
# One process alone: its own thread ends it.
rm -rf runs
"$jpo" run deck.toml "${stall[@]}" "${loop[@]}" >job_log 2>&1 &
ends_with 75 $((2 * limit + 5)) $!

# A file system that blocks: during a checkpoint, during the result, and a pipe in place of standard output.
cc -shared -fPIC -o shim.so "$source_dir/tests/driver/blocked_writes_shim.c" -ldl || fail "the shim does not compile"
for path in checkpoint_000003 deck.h5.; do
  rm -rf runs
  LD_PRELOAD=$work/shim.so BLOCKED_PATH=$path "${launch[@]}" -n 2 "$jpo" run deck.toml "${stall[@]}" \
    --set "checkpoint.directory=\"kept\"" >job_log 2>&1 &
  ends_with 75 $((2 * limit + 15)) $!
  grep -qE "^ +[01] .* io " job_log || fail "the phase io is not named: $(cat job_log)"
  expect 0 "resuming from kept/checkpoint_" ranks 2 "$jpo" run deck.toml --resume --set "checkpoint.directory=\"kept\""
  same whole.h5 runs/deck.h5
done

# Not ended: rank 0 computes for three times the limit while rank 1 waits, and finishes calls all the time.
rm -rf runs
expect 0 "result: runs/deck.h5" ranks 2 "$jpo" run deck.toml "${stall[@]}" --set 'fault.problems=[0, 1, 2, 3]' \
  --set fault.slow_seconds=0.05 --set method.joint.updates=1
# A rank without problems, and ranks that finish early.
expect 0 "result: runs/deck.h5" ranks 3 "$jpo" run deck.toml "${stall[@]}" --overwrite --set method.joint.updates=1 \
  --set fault.slow_seconds=0.1
# A debugger holds a rank.
if [[ -n $(command -v gdb) ]]; then
  "${launch[@]}" -n 2 "$jpo" run deck.toml "${stall[@]}" --overwrite >job_log 2>&1 &
  job=$!
  wait_for $folder/checkpoint_000002.h5
  gdb -batch -p "$(pid_of $job 1)" -ex "shell sleep $((2 * limit))" >gdb_log 2>&1 ||
    echo "SKIPPED: gdb cannot attach to a process: $(tail -1 gdb_log)"
  ends_with 0 20 $job
else
  echo "SKIPPED: a debugger that holds a rank: there is no gdb"
fi

[[ $failures -eq 0 ]] && echo "the watchdog ends stalled jobs only"
exit $((failures > 0))
