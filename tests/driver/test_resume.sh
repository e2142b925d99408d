#!/usr/bin/env bash
# Tests that a run that is stopped or killed at any moment, and resumed on another number of ranks, gives a
# bit-identical result. Usage: test_resume.sh JPO [KILLS]
set -uo pipefail
jpo=$1
n_kill=${2:-2}
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
work=$(cd "$(mktemp -d)" && pwd -P)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
source "$source_dir/jobs/environment.sh"
source "$source_dir/tests/driver/expect.sh"

cat >kept.toml <<'DECK'
[run]
name = "kept"
seed = 3
[data]
n_problem = 24
noise = 0.1
[model]
name = "wave_packet"
[network]
name = "mlp"
hidden = [16]
[parallel]
micro_batch = 4
[fault]
problems = [5]
kind = "blow_up"
first_evaluation = 30
[checkpoint]
every_updates = 4
[[method]]
name = "bfgs"
kind = "tao"
[[method]]
kind = "joint"
updates = 60
exploration = 0.5
snapshots = 4
schedule = "plateau"
loss = "normalized"
[[method]]
name = "joint+refine"
kind = "refine"
from = "joint"
starts = 3
[[method]]
kind = "bank"
max_evaluations = 60
start_evaluations = 15
updates = 40
[[method]]
kind = "multi_start"
max_evaluations = 60
start_evaluations = 15
[[method]]
kind = "supervised"
updates = 60
draws = 10
optimizer = "adamw"
DECK
# A deck with long solves of single problems, so that checkpoints are written in the middle of solves.
cat >solves.toml <<'DECK'
[run]
name = "solves"
seed = 4
[data]
n_problem = 10
noise = 0.1
[misfit]
residual_scale = 0.1
prior_weight = 1.0
[model]
name = "kuramoto_sivashinsky"
unknown = "initial_state"
horizon = 15.0
[network]
name = "mlp"
hidden = [16]
[parallel]
micro_batch = 2
solve_batch = 3
[fault]
problems = [5]
kind = "not_finite"
first_evaluation = 12
[checkpoint]
every_updates = 25
[[method]]
name = "bfgs"
kind = "tao"
max_evaluations = 60
concurrent_solves = 4
[[method]]
kind = "windows"
stages = 4
concurrent_solves = 3
[[method]]
name = "lm"
kind = "levenberg_marquardt"
max_evaluations = 150
[[method]]
name = "lm_cg"
kind = "levenberg_marquardt"
from = "windows"
linear_solver = "cg"
max_evaluations = 100
[[method]]
kind = "bank"
max_evaluations = 60
start_evaluations = 30
candidates = 3
updates = 20
DECK

# kill_ranks DECK one|all: kills one of the ranks, or all of them.
kill_ranks() {
  local pids
  mapfile -t pids < <(pgrep -f "$jpo run $1.toml" | while read -r pid; do
    # Only ranks of this test, not of another test that runs at the same time.
    [[ $(readlink "/proc/$pid/exe") == "$jpo" && $(readlink "/proc/$pid/cwd") == "$work" ]] && echo "$pid"
  done)
  [[ ${#pids[@]} -eq 0 ]] && return
  if [[ $2 == one ]]; then
    kill -9 "${pids[RANDOM % ${#pids[@]}]}"
  else
    kill -9 "${pids[@]}"
  fi 2>/dev/null
}
# ends_soon PID: fails if the job has not ended after 30 s.
ends_soon() {
  for ((k = 0; k < 300; ++k)); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  return 1
}

# kill_and_resume DECK KILLS: kills the run at random moments and resumes it on another number of ranks. Repeats this
# KILLS times and compares each result with that of a run without a kill.
RANDOM=20261125
n_killed=0 n_resumed=0
kill_and_resume() {
  local deck=$1 result=runs/$1.h5 start milliseconds pause job resume killed
  local folder=$result.checkpoints
  start=$(date +%s%N)
  expect 0 "result: $result" ranks 2 "$jpo" run "$deck.toml"
  milliseconds=$((($(date +%s%N) - start) / 1000000))
  [[ -e $folder ]] && fail "checkpoints of a finished run were not removed"
  mv "$result" "whole_$deck.h5"
  for ((kill_number = 1; kill_number <= $2; ++kill_number)); do
    rm -rf runs
    resume=()
    for n_rank in 2 3 1; do
      ranks $n_rank "$jpo" run "$deck.toml" "${resume[@]}" >log 2>&1 &
      job=$!
      until compgen -G "$folder/checkpoint_*.h5" >/dev/null || ! kill -0 $job 2>/dev/null; do
        sleep 0.05
      done
      pause=$((RANDOM % 100 * milliseconds / 300))
      sleep $((pause / 1000)).$(printf %03d $((pause % 1000)))
      killed=$([[ $((RANDOM % 2)) -eq 0 ]] && echo one || echo all)
      kill_ranks "$deck" "$killed"
      if ! ends_soon $job; then
        fail "a job of $n_rank ranks hangs after the kill of $killed: $(cat log)"
        pkill -9 -P "$job"  # the mpirun of this job only
      fi
      wait $job && break
      n_killed=$((n_killed + 1))
      # If one rank was killed during the methods, another rank must print how to resume.
      [[ $killed == one && $n_rank -gt 1 ]] && grep -q "^  .* done in" log && ! grep -q "^result: " log &&
        ! grep -q "jpo: stopped by SIGTERM" log &&
        fail "no message how to resume after the kill of one of $n_rank ranks: $(cat log)"
      resume=()
      if compgen -G "$folder/checkpoint_*.h5" >/dev/null; then
        resume=(--resume)
        n_resumed=$((n_resumed + 1))
      fi
    done
    if [[ ! -f $result ]]; then
      [[ ${#resume[@]} -eq 0 ]] && rm -rf runs
      expect 0 "result: $result" ranks 2 "$jpo" run "$deck.toml" "${resume[@]}"
    fi
    same "whole_$deck.h5" "$result"
  done
}
kill_and_resume kept "$n_kill"
kill_and_resume solves "$n_kill"
echo "$n_killed jobs killed, $n_resumed resumed"
[[ $n_resumed -gt 0 ]] || fail "no run was killed after a checkpoint, so nothing was tested"
result=runs/kept.h5
folder=$result.checkpoints

# SIGUSR1: a checkpoint and exit code 75. SIGUSR2: a checkpoint, and the run continues.
rm -rf runs
slow=(--set method.joint.updates=100000 --set checkpoint.every_updates=0)
"$jpo" run kept.toml "${slow[@]}" >log 2>&1 &
job=$!
for ((k = 0; k < 200; ++k)); do
  grep -q "bfgs .*done" log && break
  sleep 0.1
done
sleep 0.5
kill -USR2 $job
for ((k = 0; k < 100; ++k)); do
  [[ -f $folder/checkpoint_000001.h5 ]] && break
  sleep 0.1
done
[[ -f $folder/checkpoint_000001.h5 ]] || fail "no checkpoint after SIGUSR2"
kill -0 $job 2>/dev/null || fail "SIGUSR2 has ended the run"
kill -USR1 $job
wait $job
[[ $? -eq 75 ]] || fail "SIGUSR1: exit code is not 75: $(cat log)"
grep -q "stopped on request (SIGUSR1)" log || fail "no message why the run stopped: $(cat log)"
grep -q "to resume from $folder/checkpoint_000002.h5: jpo run with --resume" log || fail "no message how to resume: $(cat log)"

# Ctrl-C and a hang-up print how to resume.
for signal in INT HUP; do
  "$jpo" run kept.toml "${slow[@]}" --set checkpoint.every_updates=1 --set run.output=runs/$signal.h5 >signal_log 2>&1 &
  job=$!
  for ((k = 0; k < 100; ++k)); do
    [[ -f runs/$signal.h5.checkpoints/checkpoint_000001.h5 ]] && break
    sleep 0.1
  done
  kill -$signal $job
  wait $job
  [[ $? -gt 128 ]] || fail "SIG$signal: exit code $?: $(cat signal_log)"
  grep -q "jpo: stopped by SIG$signal; to resume from runs/$signal.h5.checkpoints/checkpoint_" signal_log ||
    fail "no message after SIG$signal: $(cat signal_log)"
done

# Allowed and refused ways to resume.
expect 2 "contains checkpoints of an unfinished run; allowed: --resume" "$jpo" run kept.toml "${slow[@]}"
expect 2 "belongs to another deck: method.joint.learning_rate (0.1 in the deck, 0.001 in the file)" "$jpo" run kept.toml "${slow[@]}" --resume --set method.joint.learning_rate=0.1
# An older checkpoint is suggested only if it is of this deck.
grep -q "allowed: the deck of the stopped run" log || fail "an older checkpoint of another deck is offered: $(cat log)"
expect 2 "there is no checkpoint in elsewhere" "$jpo" run kept.toml "${slow[@]}" --resume --set 'checkpoint.directory="elsewhere"'
cp $folder/checkpoint_000002.h5 good.h5
printf 'x' | dd of=$folder/checkpoint_000002.h5 bs=1 seek=$(($(stat -c %s good.h5) / 2)) conv=notrunc status=none
expect 2 "allowed: --resume-from $folder/checkpoint_000001.h5, an older one" "$jpo" run kept.toml "${slow[@]}" --resume
truncate -s 5000 $folder/checkpoint_000002.h5
expect 2 "checkpoint_000002.h5: the file is cut off: it has 5000 bytes, its header says $(stat -c %s good.h5)" "$jpo" run kept.toml "${slow[@]}" --resume
[[ -f $result ]] && fail "a refusal left a result"
expect 75 "stopped on request (the time limit is near)" "$jpo" run kept.toml "${slow[@]}" --resume-from $folder/checkpoint_000001.h5 --set checkpoint.walltime_s=6 --set parallel.solve_batch=7

# With resume = "auto" the same command line resumes the run. A finished run removes its checkpoints.
rm -rf runs
expect 75 "stopped on request (the time limit is near), 0 of 6 methods done" ranks 2 "$jpo" run kept.toml --set checkpoint.walltime_s=1
# Two parts without a step end a chain with code 1; a part with a step in between does not count. The checkpoint that
# was resumed from, in the middle of a method, is kept.
auto=("$jpo" run kept.toml --set 'checkpoint.resume="auto"')
expect 1 "this is the second run in a row without progress" ranks 2 "${auto[@]}" --set checkpoint.walltime_s=1
expect 75 "before the first step" "${auto[@]}" --set checkpoint.walltime_s=1
expect 75 "methods done; to resume" "${auto[@]}" \
  --set checkpoint.walltime_s=6 --set checkpoint.every_updates=1
newest=$(ls $folder | tail -n 1)
expect 75 "to resume from $folder/$newest" ranks 2 "${auto[@]}" --set checkpoint.walltime_s=1
[[ $(ls $folder/*.h5 | tail -n 1) == "$folder/$newest" ]] || fail "a stop before the first step writes a checkpoint"
expect 0 "resuming from $folder/$newest" ranks 3 "$jpo" run kept.toml --set 'checkpoint.resume="auto"'
same whole_kept.h5 $result
[[ -e $folder ]] && fail "checkpoints of a finished run were not removed"

# Methods that have not begun may change: another budget, no bank, a new method. One that has begun may not.
rm -rf runs
expect 0 "result: changed.h5" ranks 2 "$jpo" run kept.toml --set run.output=changed.h5 \
  --set 'methods=["bfgs", "joint", "multi_start"]' --set method.multi_start.max_evaluations=30
expect 75 "1 of 6 methods done" "$jpo" run kept.toml "${slow[@]}" --set checkpoint.walltime_s=6
expect 2 "method.joint.updates (60 in the deck, 100000 in the file)" "$jpo" run kept.toml --resume
rm -rf runs
expect 75 "0 of 6 methods done" ranks 2 "$jpo" run kept.toml --set checkpoint.walltime_s=1
expect 0 "result: $result" ranks 2 "$jpo" run kept.toml --resume \
  --set 'methods=["bfgs", "joint", "multi_start"]' --set method.multi_start.max_evaluations=30
same changed.h5 $result
# A result of a running job, which is not disturbed.
rm -rf runs
"$jpo" run kept.toml "${slow[@]}" >job_log 2>&1 &
job=$!
for ((k = 0; k < 600; ++k)); do
  grep -q "joint .*updates" job_log && break
  sleep 0.1
done
kill -USR2 $job
for ((k = 0; k < 100; ++k)); do
  [[ -f $folder/checkpoint_000001.h5 ]] && break
  sleep 0.1
done
sha256sum $folder/* >sums
expect 0 "incomplete result, 2 of 6 methods begun: runs/kept.incomplete.h5" "$jpo" result $folder
sha256sum --quiet -c sums || fail "jpo result has changed a checkpoint"
kill -0 $job 2>/dev/null || fail "jpo result has ended the running job: $(cat job_log)"
expect 2 "exists and is not overwritten" "$jpo" result $folder
expect 0 "incomplete result" ranks 2 "$jpo" result $folder --output now.h5
same runs/kept.incomplete.h5 now.h5
h5diff whole_kept.h5 now.h5 /methods/bfgs/loss || fail "jpo result: other answers of a finished method"
h5ls now.h5/methods/joint/history/loss_mean >/dev/null || fail "jpo result: no history of the running method"
if python=$(find_python); then
  "$python" -B "$source_dir/postprocess/report.py" now.h5 --figures figures >log 2>&1
  grep -q "INCOMPLETE: now.h5" log || fail "report.py does not say that the result is incomplete: $(cat log)"
else
  echo "SKIPPED: report.py of an incomplete result"
fi
expect 2 "there is no checkpoint in nowhere" "$jpo" result nowhere
kill -USR1 $job
wait $job
[[ $? -eq 75 ]] || fail "the job of which a result was written: $(cat job_log)"

# A resumed run reads the network of predict again; it must be the same network as before.
cat >predicted.toml <<'DECK_END'
[run]
name = "predicted"
seed = 3
max_failed_fraction = 0.5
[data]
n_problem = 24
noise = 0.1
[model]
name = "wave_packet"
[fault]
problems = [5]
kind = "blow_up"
[[method]]
kind = "predict"
result = "trained.h5"
network = "joint"
[[method]]
kind = "refine"
from = "predict"
DECK_END
cp whole_kept.h5 trained.h5
expect 0 "result: runs/predicted.h5" ranks 2 "$jpo" run predicted.toml
mv runs/predicted.h5 whole_predicted.h5
h5ls -r whole_predicted.h5 | grep -q "/predict/weights" || fail "the network of predict is not in the result"
expect 3 "stopped, 1 of 2 methods done" ranks 2 "$jpo" run predicted.toml --set run.max_failed_fraction=0
expect 0 "result: trained.h5" "$jpo" run kept.toml --overwrite --set run.seed=4 --set 'run.output="trained.h5"'
expect 2 "method 'predict': the network in its file has changed since the checkpoint was written" "$jpo" run predicted.toml --resume
cp whole_kept.h5 trained.h5
expect 0 "result: runs/predicted.h5" ranks 3 "$jpo" run predicted.toml --resume
same whole_predicted.h5 runs/predicted.h5

[[ $failures -eq 0 ]] && echo "all resumes are exact"
exit $((failures > 0))
