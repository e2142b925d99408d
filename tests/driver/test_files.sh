#!/usr/bin/env bash
# Tests disks that are full, read-only or over quota: older results and checkpoints are kept, the message contains
# path and cause, and all ranks end. Usage: test_files.sh JPO
set -uo pipefail
jpo=$1
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'umount -l "$work/disk" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
source "$source_dir/jobs/environment.sh"
source "$source_dir/tests/driver/expect.sh"

cat >deck.toml <<'DECK'
[run]
name = "kept"
seed = 3
output = "disk/kept.h5"
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
[checkpoint]
every_updates = 20
# Makes the run at least four seconds longer, so that the disk can change during it.
[fault]
problems = [5]
kind = "slow"
first_evaluation = 60
last_evaluation = 459
slow_seconds = 0.01
[[method]]
kind = "joint"
updates = 1200
[[method]]
name = "bfgs"
kind = "tao"
DECK
folder=disk/kept.h5.checkpoints
run=("$jpo" run deck.toml)

mkdir disk
expect 0 "result: disk/kept.h5" "${run[@]}"
mv disk/kept.h5 whole.h5

# begin COMMAND...: starts COMMAND in the background and waits until it has written two checkpoints.
begin() {
  "${@}" >job.log 2>&1 &
  job=$!
  for ((k = 0; k < 1500; ++k)); do
    [[ $(compgen -G "$folder/checkpoint_*.h5" | wc -l) -ge 2 ]] && return
    sleep 0.02
  done
  fail "no checkpoints: $(cat job.log)"
}
# ends_with CODE TEXT...: waits for the job; expects this exit code, and each TEXT in its output.
ends_with() {
  local code=$1 got
  shift
  for ((k = 0; k < 600; ++k)); do
    kill -0 $job 2>/dev/null || break
    sleep 0.1
  done
  kill -0 $job 2>/dev/null && fail "the job hangs: $(cat job.log)" && pkill -9 -P $job
  wait $job
  got=$?
  [[ $got -eq $code ]] || fail "exit $got (expected $code): $(cat job.log)"
  for text in "$@"; do
    grep -qF -- "$text" job.log || fail "no message '$text': $(cat job.log)"
  done
  compgen -G "$folder/*.part" && fail "a part file was not removed"
}
resumes_exactly() {
  expect 0 "result: disk/kept.h5" ranks 1 "${run[@]}" --resume
  same whole.h5 disk/kept.h5
  [[ -e $folder ]] && fail "checkpoints of a finished run were not removed"
  rm -rf disk/*
}

# Over quota in the middle of a checkpoint.
cc -shared -fPIC -O1 -o quota.so "$source_dir/tests/driver/quota_shim.c" -ldl || exit 1
for n in 1 2; do
  QUOTA_BYTES=1000000 begin ranks "$n" -x QUOTA_BYTES -x LD_PRELOAD="$work/quota.so" "${run[@]}"
  ends_with 4 "cannot write $folder/checkpoint_" "quota exceeded" \
    "to resume from $folder/checkpoint_"
  resumes_exactly
done
# Over quota in the first checkpoint: the run cannot be resumed, and must not print how to resume.
expect 4 "cannot write $folder/checkpoint_000001.h5" \
  ranks 2 -x QUOTA_BYTES=1000 -x LD_PRELOAD="$work/quota.so" "${run[@]}"
grep -q "to resume from" log && fail "resuming is suggested without a checkpoint: $(cat log)"
rm -rf disk/*

# A second run on a live run's output is refused before it changes a file; also in a study, and if it shares only the
# folder of checkpoints. The result of the first run is the same as without the other runs.
begin "${run[@]}" --set checkpoint.keep=1000
kill -STOP $job  # so that it is not faster than the other runs
in_use="is in use by pid $job on host $(uname -n) since "
expect 2 "run.output = \"disk/kept.h5\" $in_use" ranks 2 "${run[@]}"
for option in --overwrite --resume --set=checkpoint.resume=auto --set=run.output=disk/../disk/kept.h5; do
  expect 2 "$in_use" "${run[@]}" $option
done
expect 2 "checkpoint.directory = \"$folder/\" $in_use" "${run[@]}" --overwrite --set run.output=other.h5 \
  --set checkpoint.directory=$folder/
ln -s kept.h5 disk/default_n24_seed3.h5
expect 2 "$in_use" "$jpo" study deck.toml --set study.output=disk --set 'study.seeds=[3]' --overwrite
rm disk/default_n24_seed3.h5
[[ -f $folder/checkpoint_000001.h5 ]] || fail "the first checkpoint of a live run was removed"
kill -CONT $job
ends_with 0 "result: disk/kept.h5"
same whole.h5 disk/kept.h5
[[ $(ls -A disk) == kept.h5 && ! -e other.h5.lock ]] || fail "files are left behind: $(ls -A . disk)"
rm -rf disk/*
# A run that ends by a signal leaves no lock. That of a killed run is replaced.
for signal in INT KILL; do
  begin "${run[@]}"
  kill -$signal $job
  wait $job 2>/dev/null
  locks=$(compgen -G "disk/*.lock" | wc -l)
  if [[ $signal == INT ]]; then
    [[ $locks -eq 0 ]] || fail "a lock is left after SIGINT"
    rm -rf disk/*
  else
    [[ $locks -eq 1 ]] || fail "no lock is left after SIGKILL"
  fi
done
expect 0 "is replaced: that process has ended" ranks 2 "${run[@]}" --resume
same whole.h5 disk/kept.h5
[[ $(ls -A disk) == kept.h5 ]] || fail "files are left behind: $(ls -A disk)"
rm -rf disk/*

# A folder that cannot be written is refused before any work.
touch file
expect 2 'checkpoint.directory = "file/below": no file can be written there' \
  "${run[@]}" --set 'checkpoint.directory="file/below"'
# A part file of a killed run is reported.
touch disk/kept.h5.12345.part
expect 0 "disk/kept.h5.12345.part is an incomplete result of a run that was killed" \
  "${run[@]}" --set method.joint.updates=2
rm -rf disk/*

# A file system without hard links, whose folders cannot be flushed: a warning, and the result.
cc -shared -fPIC -O1 -o no_links.so "$source_dir/tests/driver/no_links_shim.c" -ldl || exit 1
expect 0 "is written, but not flushed to disk" ranks 2 -x LD_PRELOAD="$work/no_links.so" "${run[@]}" --set method.joint.updates=2
expect 0 "result: disk/kept.h5" ranks 2 -x LD_PRELOAD="$work/no_links.so" "${run[@]}" --set method.joint.updates=2 --overwrite
[[ $(ls -A disk) == kept.h5 ]] || fail "other files than the result: $(ls -A disk)"
# The same file system without rename(): refused before any work, and doctor leaves no file behind.
mv disk/kept.h5 complete.h5
export NO_RENAME=1
expect 2 "disk/kept.h5\" cannot be written: rename: Input/output error" ranks 2 -x LD_PRELOAD="$work/no_links.so" "${run[@]}"
expect 4 "rename: Input/output error" ranks 2 -x LD_PRELOAD="$work/no_links.so" "$jpo" doctor deck.toml
unset NO_RENAME
[[ -z $(ls -A disk) ]] || fail "files are left behind: $(ls -A disk)"
# A complete part file is not called incomplete.
mv complete.h5 disk/kept.h5.12345.part
expect 0 "disk/kept.h5.12345.part is the complete result of a run that could not place it" \
  "${run[@]}" --set method.joint.updates=2
rm -rf disk/*
# The output is a link to a file that does not exist: the result is written there.
mkdir scratch && ln -s ../scratch/real.h5 disk/kept.h5
expect 0 "result: disk/kept.h5" ranks 2 "${run[@]}" --set method.joint.updates=2
[[ -f scratch/real.h5 && -L disk/kept.h5 ]] || fail "the result is not at the end of the link: $(ls -l disk scratch)"
rm -rf disk/* scratch

# A small disk that becomes full, and one that becomes read-only.
if ! mount -t tmpfs -o size=8m tmpfs disk 2>/dev/null; then
  echo "SKIPPED: full and read-only disks are not tested, because a tmpfs cannot be mounted"
  exit $((failures > 0))
fi
for n in 1 2; do
  begin ranks "$n" "${run[@]}"
  dd if=/dev/zero of=disk/filler bs=1k count=8192 2>/dev/null
  ends_with 4 "cannot write $folder/checkpoint_" "No space left on device" \
    "to resume from $folder/checkpoint_"
  rm disk/filler
  resumes_exactly
done
begin ranks 2 "${run[@]}"
# The disk cannot be remounted while a file on it is open for writing, so this is repeated.
for ((k = 0; k < 200; ++k)); do
  mount -o remount,ro disk 2>/dev/null && break
  sleep 0.02
done
ends_with 4 "cannot write $folder/checkpoint_" "read only"
expect 2 "cannot be written" "${run[@]}" --resume
mount -o remount,rw disk
resumes_exactly

[[ $failures -eq 0 ]] && echo "older files are kept, and runs resume from them"
exit $((failures > 0))
