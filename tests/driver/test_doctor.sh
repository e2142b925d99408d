#!/usr/bin/env bash
# Tests `jpo doctor` in environments with deliberate errors: its findings, its suggested fixes and its exit code.
# Usage: test_doctor.sh JPO
set -uo pipefail
jpo=$1
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
small=$work/small
trap 'mountpoint -q "$small" && umount "$small"; rm -rf "$work"' EXIT
cd "$work" || exit 1
source "$source_dir/jobs/environment.sh"
source "$source_dir/tests/driver/expect.sh"
# Removes settings of the environment in which the test runs.
unset CUDA_VISIBLE_DEVICES OMPI_MCA_io
for name in $(compgen -e SLURM_); do unset "$name"; done

cat >deck.toml <<'DECK'
[data]
n_problem = 64
[model]
name = "diffusion"
[network]
name = "mlp"
hidden = []
[parallel]
micro_batch = 16
[[method]]
name = "bfgs"
kind = "tao"
DECK

line() {  # line GRADE NAME TEXT: expects a line that matches in the report (file log)
  grep -qE "^$1 +$2 +.*$3" log || { fail "no line '$1 $2 ... $3' in:"; cat log; }
}
fix() {  # fix NAME TEXT: expects that the line after that of NAME suggests this fix
  # Lines of standard error can come in between, from jpo or Open MPI.
  grep -vE '^jpo: |mca_' log | grep -E -A1 "^(warning|problem) +$1 " | grep -qE " fix: .*$2" ||
    { fail "no fix '$2' is suggested for $1 in:"; cat log; }
}
untouched() {  # expects that doctor made and removed no file
  [[ $(ls -A "$work") == "$before" ]] || fail "files were made or removed: $(ls -A "$work")"
}
touch log
before=$(ls -A)

# No problem, on 1, 2 and 3 ranks.
for n in 1 2 3; do
  expect 0 "checks: " ranks "$n" "$jpo" doctor
  line "(ok|warning)" all-reduce "bit-identical to the serial sum"
  line ok "parallel HDF5" "read it back unchanged"
  line ok libraries "hdf5 [0-9.]+$"
  line ok gpu "computes on CPUs only|models with kernels|CUDA finds no device"
  untouched
done
expect 0 "0 problems" "$jpo" doctor deck.toml --set run.output=new/deep/a.h5
line ok ranks "1 rank runs on "
line ok threads "1 thread; OMP_NUM_THREADS is 1"
line ok memory "predicted need: .* per rank"
line ok "free space" "for the result, .* for 3 checkpoints"
line ok output "files can be written in new/deep"
line ok time "no Slurm job"
untouched

# Ranks, cores, threads.
expect 0 "0 problems" ranks 3 taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" "$jpo" doctor
line warning cores "3 ranks run on 1 core of .*too few cores"
fix cores "mpirun -n 1"
if [[ $(env -u OMP_NUM_THREADS nproc) -gt 1 ]]; then
  expect 0 "0 problems" ranks 2 "$jpo" doctor
  line warning binding "may move between"
  fix binding "--bind-to core"
  expect 0 "0 problems" mpirun -n 2 --map-by core --bind-to core "$jpo" doctor
  line ok binding "stay"
  line ok cores "2 ranks run on 2 cores"
else
  echo "NOTE: binding is not tested, because there is only one core"
fi
OMP_NUM_THREADS=4 expect 0 "1 warning" "$jpo" doctor
line warning threads "OMP_NUM_THREADS is 4"
fix threads "export OMP_NUM_THREADS=1"
expect 0 "0 problems" ranks 3 "$jpo" doctor deck.toml --set data.n_problem=20
line warning ranks "of which 1 have no work"
fix ranks "mpirun -n 2,"
PMI_SIZE=4 expect 3 "a run would fail here: ranks" "$jpo" doctor
line problem ranks "started 4 separate runs of one rank each"
fix ranks "srun --mpi=pmix"

# Memory and limits.
huge=(--set data.n_problem=1048576 --set parallel.micro_batch=4096 --set parallel.solve_batch=1048576
  --set model.name=kuramoto_sivashinsky)
if [[ $(awk '/MemTotal/ {print $2}' /proc/meminfo) -lt 250000000 ]]; then
  expect 3 "a run would fail here: memory" "$jpo" doctor deck.toml "${huge[@]}"
  line problem memory "predicted need: .* for the 1 rank of .*free there"
  fix memory "more machines with fewer ranks on each.*a smaller parallel.solve_batch"
else
  echo "NOTE: a deck that needs too much memory is not tested, because this machine has enough"
fi
expect 4 "a run could not write here: limits, parallel HDF5" ranks 1 --mca btl self,tcp \
  bash -c 'ulimit -f 24; exec "$@"' _ "$jpo" doctor deck.toml
line problem limits "file size: 24.6 kB"
fix limits "ulimit -f unlimited"

# Folders, free space, older files.
expect 4 "a run could not write here: output" "$jpo" doctor deck.toml --set run.output=deck.toml/below/a.h5
line problem output "no file can be written in deck.toml/below: Not a directory"
fix output "run.output="
expect 4 "could not write here: checkpoints" "$jpo" doctor deck.toml --set checkpoint.directory=deck.toml/c
fix checkpoints "checkpoint.directory="
mkdir "$small"
before=$(ls -A)
if mount -t tmpfs -o size=200k none "$small" 2>/dev/null; then
  expect 4 "could not write here: free space" ranks 2 "$jpo" doctor deck.toml --set run.output=small/a.h5 \
    --set data.n_problem=10000
  line ok "file system" "tmpfs"
  line ok "parallel HDF5" "read it back unchanged"
  line problem "free space" "predicted need: .* for the result"
  fix "free space" "move run.output or checkpoint.directory"
  [[ -z $(ls -A "$small") ]] || fail "left behind: $(ls -A "$small")"
  # No free space, and a file that must not be changed.
  head -c 250000 /dev/zero >"$small/full" 2>/dev/null
  for n in 1 2; do
    expect 4 "could not write here: parallel HDF5, free space" ranks "$n" "$jpo" doctor deck.toml \
      --set run.output=small/a.h5
    fix "parallel HDF5" "run.output"
    [[ $(ls -A "$small") == full ]] || fail "left behind: $(ls -A "$small")"
  done
  umount "$small"
else
  echo "NOTE: a full disk is not tested, because a tmpfs cannot be mounted"
fi
rmdir "$small"
before=$(ls -A)
echo older >older.h5
expect 0 "1 warning" "$jpo" doctor deck.toml --set run.output=older.h5
fix "older files" "--overwrite"
[[ $(cat older.h5) == older ]] || fail "an older file was overwritten"
rm older.h5
untouched

# Slurm's variables for time and GPUs.
export SLURM_JOB_ID=7
expect 0 "1 warning" "$jpo" doctor deck.toml
fix time "checkpoint.walltime_s=SECONDS"
expect 0 "0 warnings" "$jpo" doctor deck.toml --set checkpoint.walltime_s=600
SLURM_JOB_END_TIME=Unknown expect 0 "1 warning" "$jpo" doctor deck.toml
line warning time 'SLURM_JOB_END_TIME = "Unknown" is not an integer'
grep -qE '^  SLURM_JOB_END_TIME +Unknown ' log || fail "the variable is not listed: $(cat log)"
# Every variable of the list is in the documents.
for name in $(sed -n '/^environment variables/,/^[^ ]/s/^  \([A-Za-z_]*\) .*/\1/p' log); do
  grep -q "\`$name\`" "$source_dir/jobs/environment.md" || fail "$name is not in jobs/environment.md"
done
SLURM_JOB_END_TIME=$(($(date +%s) + 7300)) expect 0 "0 warnings" "$jpo" doctor
line ok time "ends in 2.0 h; jpo stops before"
SLURM_JOB_END_TIME=$(($(date +%s) + 30)) expect 0 "1 warning" "$jpo" doctor
fix time "sbatch --time"
SLURM_JOB_END_TIME=$(($(date +%s) + 7300)) SLURM_JOB_GPUS=0 CUDA_VISIBLE_DEVICES=0 expect 0 "1 warning" \
  "$jpo" doctor
line warning gpu "CUDA_VISIBLE_DEVICES=0.*the job has been given GPUs"
fix gpu "remove --gpus|check nvidia-smi"
unset SLURM_JOB_ID

expect 2 "deck" "$jpo" doctor --set data.n_problem=3
# A bad deck is refused as by `jpo check`.
expect 2 "cannot read the deck nowhere.toml" "$jpo" doctor nowhere.toml
expect 2 "did you mean" ranks 2 "$jpo" doctor deck.toml --set data.n_problm=3
untouched

exit $((failures > 0))
