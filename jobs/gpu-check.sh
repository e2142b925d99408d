#!/usr/bin/env bash
# Checks and measures jpo on a machine with a CUDA device, in small steps, the most useful first. Each result
# is written at once. If the script is stopped or killed and started again, it continues with the next step.
#   jobs/gpu-check.sh --bundle FILE [OPTIONS]   an archive of jobs/bundle.sh; this script works as a single file
#   jobs/gpu-check.sh [OPTIONS]                 build/cuda of this checkout, built first if it is missing
# --out DIR                 results (default: ./gpu-check-results, or runs/gpu-check of the checkout)
# --minutes M               time budget; a step is not started if its estimate is longer than the remaining time
# --resume-from FILE        continue from the results.tar.gz of another DIR
# --list                    print steps, estimates and states, run nothing
# --only STEP               only this step, also if it is done; a pattern like 'ks_*' is allowed; repeatable
# --retry                   also run failed steps again
# --rehearse                test this script without a device: host instead of cuda, tiny sizes
# DIR/STEP.txt is a step's output, DIR/steps.tsv the states, DIR/summary.txt the numbers, DIR/results.tar.gz all.
# JPO_TORCH=DIR is the torch folder of a Python installation, needed if python3 has no torch.
# Exit code: 0 all steps are good or skipped, 1 a step failed, 2 no device or bad usage, 75 some steps are not done.
# long: one file, because it is copied alone to machines with a device.
set -uo pipefail
self=$(readlink -f "$0")

usage() { sed -n '2,17s/^# \{0,1\}//p' "$self"; }
refuse() { echo "gpu-check: $1" >&2 && exit 2; }

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export XLA_PYTHON_CLIENT_PREALLOCATE=false PYTHONUNBUFFERED=1 LC_ALL=C

# Container runtimes mount the driver in these folders, which are not always on the search paths.
[[ ! -d /usr/local/nvidia/bin ]] || PATH+=:/usr/local/nvidia/bin
[[ ! -d /usr/local/nvidia/lib64 ]] || export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/local/nvidia/lib64
has_device() { nvidia-smi -L 2>/dev/null | grep -q GPU || compgen -G '/dev/nvidia[0-9]*' >/dev/null; }

# ------------------------------------------------------------------ steps: name, estimate in seconds
models=(kuramoto_sivashinsky assimilation navier_stokes wave_packet billiards darcy)
list_steps() {
  echo "versions 20
bits 60
device 120
device_sum 20"
  for deck in "${models[@]}"; do echo "verify_$deck 30"; done
  echo "run_device 60
run_again 60
run_two_ranks 90
run_host 120
same_twice 5
same_ranks 5"
  echo "ks_device_256_32 15
ks_device_256_256 15
ks_host_256 15
ks_jax_256 60
ks_device_4096_32 30
ks_device_4096_512 20
ks_host_4096 60
ks_jax_4096 60
ks_device_65536_512 60
ks_device_65536_32 120
ks_jax_65536 90
jax_check 120
bench_device 120
rate_assimilation_256 20
rate_assimilation_4096 40
rate_navier_stokes_256 40
rate_navier_stokes_4096 120
rate_wave_packet_4096 20
rate_wave_packet_65536 30
rate_billiards_4096 20
rate_billiards_65536 40
rate_darcy_256 40
rate_darcy_4096 120
roofline 5
network_share 5
sanitizer_memcheck 300
sanitizer_initcheck 300"
  for deck in "${models[@]}"; do echo "ncu_survey_$deck 60"; done
  echo "ncu_first 60
ncu_second 60
ncu_third 60
two_ranks_staged 60
two_ranks_time 40
nccl 40
memory_kuramoto_sivashinsky 60
memory_navier_stokes 90
memory_darcy 90"
  [[ ${bundle:-} ]] || echo "host_tests 300"
}

# ------------------------------------------------------------------ helpers of the steps
skip() { echo "skipped: $1" && exit 77; }
ranks() { "$mpirun" -n "$1" --oversubscribe --bind-to none "${@:2}"; }
needs_device() { [[ $rehearse ]] && skip "$1 needs a device; this is a rehearsal"; return 0; }
tiny() { if [[ $rehearse ]]; then echo "$2"; else echo "$1"; fi; }  # tiny REAL REHEARSED

# make_deck DECK FILE: writes a deck with model, network and misfit of inputs/DECK.toml and one joint method.
make_deck() {
  awk '/^\[\[method\]\]|^\[petsc\]|^\[study\]/ { skip = 1; next } /^\[/ { skip = 0 } !skip' "$inputs/$1.toml" >"$2" &&
    printf '\n[[method]]\nname = "joint"\nkind = "joint"\nupdates = 1\nhistory_every = 100000\n' >>"$2"
}

# joint_run DECK NAME N MICRO_BATCH DEVICE UPDATES [RANKS [TRANSPORT]]
joint_run() {
  local command=("$jpo" run "$out/work/$2.toml" --overwrite
    --set "run.output=\"$out/work/$2.h5\"" --set "data.n_problem=$3" --set "parallel.micro_batch=$4"
    --set "parallel.device=\"$5\"" --set "method.joint.updates=$6" --set "parallel.transport=\"${8:-mpi}\"")
  make_deck "$1" "$out/work/$2.toml" || return 1
  if [[ ${7:-1} -gt 1 ]]; then ranks "$7" "${command[@]}"; else ${prefix:-} "${command[@]}"; fi
}

# joint_rate NAME DECK N MICRO_BATCH DEVICE UPDATES [RANKS]: measures the seconds per update and writes data/NAME.json.
# Takes the difference of two runs with different numbers of updates, so that the time of the start cancels.
joint_rate() {
  local name=$1 deck=$2 n=$3 batch=$4 device=$5 updates=$6 k
  mkdir -p "$out/data"
  for k in 2 $((2 + updates)); do
    echo "== $k updates"
    joint_run "$deck" "$name" "$n" "$batch" "$device" "$k" "${7:-1}" >"$out/work/$name.$k.log" 2>&1 ||
      { cat "$out/work/$name.$k.log" && return 1; }
    cat "$out/work/$name.$k.log"
    mv "$out/work/$name.h5" "$out/work/$name.$k.h5"
  done
  python3 - "$out/work/$name" "$updates" "$out/data/$name.json" "$deck" "$n" "$batch" "$device" "${7:-1}" <<'PYTHON'
import json, os, re, sys
path, updates, target, deck, n, batch, device, ranks = sys.argv[1:]
updates = int(updates)
def phases(k):
    try:
        import h5py
        with h5py.File(f"{path}.{k}.h5") as f:
            names = [s.decode().strip("\0") if isinstance(s, bytes) else s for s in f["performance/phase"][:]]
            return dict(zip(names, map(float, f["performance/methods/joint"][:, 1]))), "result file"
    except ImportError:
        found = {}
        text = open(f"{path}.{k}.log").read()
        table = text[text.index("\nphase "):].strip().splitlines()[1:]
        for line in table:
            words = line.split()
            if len(words) != 5: break
            found[words[0]] = float(words[2])
        return found, "printed table (1 ms)"
(short, source), (long, _) = phases(2), phases(2 + updates)
step = {p: (long[p] - short.get(p, 0.0)) / updates for p in long if p != "data"}
step = {p: max(0.0, s) for p, s in step.items()}
result = {"deck": deck, "n": int(n), "micro_batch": int(batch), "device": device, "ranks": int(ranks), "updates": updates,
          "seconds_per_update": sum(step.values()), "phases": step, "source": source,
          "gradient_seconds": step.get("forward", 0.0) + step.get("adjoint", 0.0)}
with open(target + ".new", "w") as f: json.dump(result, f, indent=1)
os.replace(target + ".new", target)
print(f"{deck}, {n} problems on {device}: {result['seconds_per_update']:.6g} s per update, of which "
      f"forward + adjoint {result['gradient_seconds']:.6g} s, network {step.get('network', 0.0):.6g} s")
PYTHON
}

# whole_run NAME RANKS DEVICE [TRANSPORT]: a short run of all methods of the main deck. Writes work/NAME.h5.
whole_run() {
  local deck=("$inputs/kuramoto_sivashinsky.toml" --overwrite) method
  for method in bfgs bqnls trust_region levenberg_marquardt joint+refine; do
    deck+=(--set "method.$method.max_evaluations=$(tiny 20 3)")
  done
  deck+=(--set "method.joint.updates=$(tiny 50 2)" --set "method.bank.updates=$(tiny 50 2)"
    --set "data.n_problem=$(tiny 256 16)" --set "parallel.micro_batch=$(tiny 32 8)")
  ranks "$2" "$jpo" run "${deck[@]}" --set "run.output=\"$out/work/$1.part.h5\"" \
    --set "parallel.device=\"$3\"" --set "parallel.transport=\"${4:-mpi}\"" &&
    mv "$out/work/$1.part.h5" "$out/work/$1.h5"
}
# same_run A B: compares two results, except attributes of the run and timings. Repeats a run if its file is missing.
same_run() {
  local name found
  for name in "$1" "$2"; do
    [[ -f $out/work/$name.h5 ]] && continue
    echo "repeating $name"
    case $name in
      two) whole_run two 2 "$device" ;;
      staged) whole_run staged 2 "$device" staged ;;
      *) whole_run "$name" 1 "$device" ;;
    esac >"$out/work/$name.log" 2>&1 || { tail -20 "$out/work/$name.log" && return 1; }
  done
  found=$("$h5diff" --exclude-path /performance --exclude-attribute / "$out/work/$1.h5" "$out/work/$2.h5" 2>&1 |
    sed '/^attribute: <seconds of/,+1d')
  [[ -z $found ]] || { echo "$1 and $2 differ:" && echo "$found" | head -40 && return 1; }
  echo "$1 and $2: equal"
}

# ------------------------------------------------------------------ the steps
step_versions() {
  cat "$base/REVISION" 2>/dev/null || git -C "$base" describe --always --dirty
  uname -a
  grep -m1 'model name' /proc/cpuinfo
  grep -E 'MemTotal|MemAvailable' /proc/meminfo
  nvidia-smi 2>&1
  nvidia-smi --query-gpu=name,driver_version,memory.total,compute_cap,clocks.max.sm,clocks.max.mem,power.limit,ecc.mode.current \
    --format=csv 2>&1
  nvcc --version 2>&1 | tail -2
  for name in ncu compute-sanitizer cuobjdump; do command -v $name || echo "no $name"; done
  python3 - <<'PYTHON'
import sys
from importlib.metadata import version
print("python", sys.version)
for name in ("torch", "jax", "jaxlib", "numpy", "h5py"):
    try: print(name, version(name))
    except Exception: print(name, "not installed")
PYTHON
  "$jpo" version && "$jpo" doctor
}

# Kernels must give the same bits on device and host. The models darcy, navier_stokes and wave_packet call sin and
# exp, which differ between host and device: for these models, sums are compared with a tolerance.
step_bits() {
  "$test_programs/print_bits_blocks" >"$out/bits_host.txt" || return 1
  "$test_programs/print_bits_blocks" ${on_cuda} >"$out/bits_device.txt" || return 1
  awk 'NR == FNR { host[NR] = $0; n = NR; next }
       /problems,/ { agrees = /model (darcy|navier_stokes|wave_packet)/ }
       $0 == host[FNR] { same++; next }
       { split(host[FNR], was); d = $NF - was[5]; d = d < 0 ? -d : d; size = was[5] < 0 ? -was[5] : was[5] }
       agrees && /of sum/ && $1 == was[1] && d <= 1e-5 * (1 + size) { close_to++; next }
       { print "host   " host[FNR]; print "device " $0; bad = 1 }
       END { print same + 0 " lines equal, " close_to + 0 " within tolerance, of " n + 0; exit bad || n == 0 || n != FNR }' \
    "$out/bits_host.txt" "$out/bits_device.txt"
}
step_device() {
  needs_device test_device
  "$test_programs/test_device" | tee "$out/work/device.log" && ! grep -q SKIPPED "$out/work/device.log"
}
step_device_sum() {
  needs_device test_device_sum
  local n
  for n in 1 2; do
    ranks $n "$test_programs/test_device_sum" | tee "$out/work/sum.log" && ! grep -q SKIPPED "$out/work/sum.log" || return 1
  done
}
step_verify() { "$jpo" verify "$inputs/$1.toml" --set "parallel.device=\"$device\""; }
step_run_device() { whole_run device 1 "$device"; }
step_run_again() { whole_run again 1 "$device"; }
step_run_two_ranks() { whole_run two 2 "$device"; }
step_run_host() { whole_run host 1 host; }
step_same_twice() { same_run device again; }
step_same_ranks() { same_run device two; }

step_ks() {  # device|host N [MICRO_BATCH]
  local n=$2 batch=${3:-32} updates=10
  [[ $1 == host ]] && updates=2
  [[ $n -eq 256 ]] && updates=20
  [[ $rehearse ]] && n=$((n / 32)) && [[ $n -gt 128 ]] && n=256
  [[ $rehearse ]] && updates=2
  local where=$device
  [[ $1 == host ]] && where=host
  joint_rate "$step_name" kuramoto_sivashinsky "$n" "$batch" "$where" "$updates"
}
step_jax() {
  python3 -c 'import jax' 2>/dev/null || skip "python3 has no jax"
  python3 "$base/tests/benchmarks/jax_gradients.py" bench --model kuramoto_sivashinsky --n "$(tiny "$1" 8)" \
    --precision float64,float32 --json "$out/data/jax_$1.json"
}
step_jax_check() {
  python3 -c 'import jax' 2>/dev/null || skip "python3 has no jax"
  local file failed=0
  for file in "$base"/tests/benchmarks/jax_reference_*.npz; do
    echo "== $file"
    python3 "$base/tests/benchmarks/jax_gradients.py" check "$file" || failed=1
  done
  return $failed
}
step_bench_device() {
  local filter='device|forward/64|adjoint/64'
  [[ $rehearse ]] && filter='^forward/16$'
  "$test_programs/bench_models" --benchmark_filter="$filter" --benchmark_repetitions="$(tiny 5 1)" \
    --benchmark_out="$out/data/bench_models.json" --benchmark_out_format=json
}
step_rate() {  # DECK N
  local n updates
  n=$(tiny "$2" 8) updates=$(tiny 5 1)
  joint_rate "$step_name" "$1" "$n" "$((n < 512 ? n : 512))" "$device" "$updates"
}
# Prints the roofline table. measured.json has the seconds of one gradient evaluation of all problems.
step_roofline() {
  python3 - "$out/data" <<'PYTHON' || return 1
import glob, json, os, sys
folder, measured = sys.argv[1], {}
for path in sorted(glob.glob(folder + "/rate_*.json") + glob.glob(folder + "/ks_device_*.json")):
    r = json.load(open(path))
    entry = measured.setdefault(r["deck"], {}).setdefault(str(r["n"]), {})
    if r["gradient_seconds"] > 0 and r["gradient_seconds"] <= entry.get("seconds", 1e300):
        entry["seconds"] = r["gradient_seconds"]
measured = {m: {n: e for n, e in by_n.items() if e} for m, by_n in measured.items()}
with open(folder + "/measured.json.new", "w") as f: json.dump(measured, f, indent=1)
os.replace(folder + "/measured.json.new", folder + "/measured.json")
for model, by_n in measured.items():
    for n, e in by_n.items(): print(f"{model:22} {n:>6} problems {int(n) / e['seconds']:12.1f} gradients/s")
PYTHON
  python3 "$base/postprocess/roofline.py" --measured "$out/data/measured.json"
}
step_network_share() {
  python3 - "$out/data" <<'PYTHON'
import glob, json, sys
files = sorted(glob.glob(sys.argv[1] + "/ks_*.json") + glob.glob(sys.argv[1] + "/rate_*.json"))
for path in files:
    r = json.load(open(path))
    total = r["seconds_per_update"] or 1e-30
    shares = "  ".join(f"{p} {100 * s / total:5.1f}%" for p, s in r["phases"].items() if s > 0.001 * total)
    print(f"{r['deck']:22} n {r['n']:>6} micro-batch {r['micro_batch']:>4} {r['device']:5} {total:10.5f} s/update  {shares}")
sys.exit(not files)
PYTHON
}
# The tool racecheck is not run, because kernels use no shared memory.
step_sanitizer() {  # TOOL
  command -v compute-sanitizer >/dev/null || skip "compute-sanitizer is not on PATH"
  needs_device compute-sanitizer
  local options=()
  [[ $1 == memcheck ]] && options=(--report-api-errors no)
  compute-sanitizer --tool "$1" "${options[@]}" --target-processes all --error-exitcode 9 \
    "$test_programs/print_bits_blocks" cuda
}

ncu_command() {  # ncu_command DECK OPTIONS...: profiles jpo's kernels of one short run
  local deck=$1 n=1024
  shift
  [[ $deck == kuramoto_sivashinsky || $deck == wave_packet || $deck == billiards ]] && n=4096
  [[ $deck == navier_stokes ]] && n=512
  prefix="ncu --target-processes all --clock-control none -k regex:run_kernel|run_index $*" \
    joint_run "$deck" "ncu_$deck" "$n" 512 cuda 1
}
step_ncu_survey() {
  command -v ncu >/dev/null || skip "ncu is not on PATH"
  needs_device ncu
  local file=$out/work/ncu_$1.csv
  ncu_command "$1" --launch-count 20000 --csv --log-file "$file" --metrics gpu__time_duration.sum
  local code=$?
  [[ $code -eq 0 ]] || { tail -5 "$file" && return $code; }
  python3 - "$1" "$file" "$out/data/ncu_$1.json" <<'PYTHON'
import csv, json, os, sys
deck, path, target = sys.argv[1:]
lines = [l for l in open(path) if l.startswith('"')]
unit = {"ns": 1e-9, "nsecond": 1e-9, "us": 1e-6, "usecond": 1e-6, "ms": 1e-3, "msecond": 1e-3, "s": 1.0, "second": 1.0}
kernels = {}
for k, row in enumerate(csv.DictReader(lines)):
    seconds = float(row["Metric Value"].replace(",", "")) * unit[row["Metric Unit"]]
    kernel = kernels.setdefault(row["Kernel Name"], {"deck": deck, "seconds": 0.0, "longest": 0.0, "count": 0})
    kernel["seconds"] += seconds
    kernel["count"] += 1
    if seconds > kernel["longest"]: kernel.update(longest=seconds, launch=k)
found = sorted(({"kernel": n, **v} for n, v in kernels.items()), key=lambda v: -v["longest"])
for v in found[:12]: print(f"{v['longest'] * 1e3:10.4f} ms longest {v['seconds'] * 1e3:10.3f} ms all {v['count']:5} launches  {v['kernel'][:150]}")
with open(target + ".new", "w") as f: json.dump(found[:12], f, indent=1)
os.replace(target + ".new", target)
sys.exit(not found)
PYTHON
}
step_ncu_kernel() {  # K: the K-th slowest kernel of all surveys
  command -v ncu >/dev/null || skip "ncu is not on PATH"
  needs_device ncu
  local deck launch kernel
  { read -r deck launch && read -r kernel; } < <(python3 - "$out/data" "$1" <<'PYTHON'
import glob, json, sys
every = [v for path in glob.glob(sys.argv[1] + "/ncu_*.json") for v in json.load(open(path))]
every.sort(key=lambda v: -v["longest"])
v = every[int(sys.argv[2])]
print(f"{v['deck']} {v['launch']}\n{v['kernel']}")
PYTHON
  ) || return 1
  echo "$deck: $kernel (launch $launch)"
  rm -f "$out/work/$step_name.ncu-rep"
  ncu_command "$deck" --set full --launch-skip "$launch" --launch-count 1 --export "$out/work/$step_name" --force-overwrite || return 1
  [[ $(stat -c %s "$out/work/$step_name.ncu-rep") -lt 1500000 ]] && cp "$out/work/$step_name.ncu-rep" "$out/data"
  ncu --import "$out/work/$step_name.ncu-rep" --page details
}

step_two_ranks_staged() { whole_run staged 2 "$device" staged && same_run device staged; }
step_two_ranks_time() {
  joint_rate "two_ranks" kuramoto_sivashinsky "$(tiny 4096 64)" "$(tiny 512 32)" "$device" "$(tiny 10 2)" 2
}
step_nccl() {
  needs_device NCCL
  "$jpo" doctor >"$out/work/doctor.log" 2>&1
  grep -q "NCCL is available" "$out/work/doctor.log" || skip "this build has no NCCL"
  whole_run nccl 1 cuda nccl && same_run device nccl || return 1
  if [[ $(nvidia-smi -L | wc -l) -eq 1 ]]; then
    # jpo refuses two ranks on one device with an error message.
    whole_run refused 2 cuda nccl >"$out/work/refused.log" 2>&1
    cat "$out/work/refused.log"
    grep -q "ranks 0 and 1 share the device" "$out/work/refused.log"
  else
    whole_run nccl_two 2 cuda nccl && same_run device nccl_two
  fi
}
# step_memory DECK N: prints the memory that jpo check predicts, and the memory of a run, sampled at 5 Hz.
step_memory() {
  local n before process code
  n=$(tiny "$2" 16)
  make_deck "$1" "$out/work/memory.toml" || return 1
  "$jpo" check "$out/work/memory.toml" --set "parallel.device=\"$device\"" --set "data.n_problem=$n" \
    --set parallel.micro_batch=512 >"$out/work/check.log" 2>&1
  code=$?
  grep -iE 'memory|at once|device|error|key' "$out/work/check.log"
  [[ $code -eq 0 ]] || return 1
  needs_device nvidia-smi
  before=$(nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits | head -1)
  : >"$out/work/used.log"
  joint_run "$1" memory_run "$n" 512 cuda 5 >"$out/work/memory.log" 2>&1 &
  process=$!
  while kill -0 $process 2>/dev/null; do
    echo "$(nvidia-smi --query-compute-apps=used_memory --format=csv,noheader,nounits | sort -n | tail -1)" \
      "$(nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits | head -1)" >>"$out/work/used.log"
    sleep 0.2
  done
  wait $process
  code=$?
  tail -15 "$out/work/memory.log"
  awk -v before="$before" 'NF == 2 { if ($1 > process) process = $1; if ($2 > all) all = $2 } NF == 1 && $1 > all { all = $1 }
    END { printf "measured: %d MiB by the process, %d MiB more on the device than before the run (%d samples)\n", process, all - before, NR }' \
    "$out/work/used.log"
  return $code
}
step_host_tests() { ctest --test-dir "$base/build/cuda" --output-on-failure -R '^(core|models|network|inverse|one_lane)'; }

run_step() {
  step_name=$1
  case $1 in
    verify_*) step_verify "${1#verify_}" ;;
    ks_jax_*) step_jax "${1#ks_jax_}" ;;
    ks_*) IFS=_ read -r _ a b c <<<"$1" && step_ks "$a" "$b" "$c" ;;
    rate_*) a=${1#rate_} && step_rate "${a%_*}" "${a##*_}" ;;
    sanitizer_*) step_sanitizer "${1#sanitizer_}" ;;
    ncu_survey_*) step_ncu_survey "${1#ncu_survey_}" ;;
    ncu_first) step_ncu_kernel 0 ;;
    ncu_second) step_ncu_kernel 1 ;;
    ncu_third) step_ncu_kernel 2 ;;
    memory_kuramoto_sivashinsky) step_memory kuramoto_sivashinsky 65536 ;;
    memory_*) step_memory "${1#memory_}" 1024 ;;
    *) "step_$1" ;;
  esac
}

# The main script starts itself again for each step, so that each step is a separate process group.
if [[ ${1:-} == --run-step ]]; then
  # The main script below exports these variables.
  out=$GPU_CHECK_OUT base=$GPU_CHECK_BASE bundle=$GPU_CHECK_BUNDLE rehearse=$GPU_CHECK_REHEARSE
fi
set_paths() {
  device=cuda on_cuda=cuda
  [[ $rehearse ]] && device=host on_cuda=''
  inputs=$base/inputs
  if [[ $bundle ]]; then
    jpo=$base/bin/jpo mpirun=$base/bin/mpirun h5diff=$base/bin/h5diff test_programs=$base/tests/bin
  else
    jpo=$base/build/cuda/src/jpo mpirun=mpirun h5diff=h5diff test_programs=$out/work/tests
  fi
}
if [[ ${1:-} == --run-step ]]; then
  set_paths
  run_step "$2"
  exit $?
fi

# ------------------------------------------------------------------ arguments
bundle='' out='' minutes='' resume='' list='' only=() retry='' rehearse=''
while [[ $# -gt 0 ]]; do
  case $1 in
    --bundle | --out | --minutes | --resume-from | --only)
      [[ ${2:-} ]] || refuse "$1 needs a value"
      case $1 in
        --bundle) bundle=$2 ;;
        --out) out=$2 ;;
        --minutes) minutes=$2 ;;
        --resume-from) resume=$2 ;;
        --only) only+=("$2") ;;
      esac
      shift 2
      ;;
    --list) list=yes && shift ;;
    --retry) retry=yes && shift ;;
    --rehearse) rehearse=yes && shift ;;
    -h | --help) usage && exit 0 ;;
    *) refuse "unknown option '$1'; see --help" ;;
  esac
done
[[ -z $minutes || $minutes =~ ^[0-9]+$ ]] || refuse "--minutes $minutes: a whole number is needed"
[[ -z $bundle || -f $bundle ]] || refuse "$bundle is not a file"
[[ -z $resume || -f $resume ]] || refuse "$resume is not a file"
checkout=$(dirname "$(dirname "$self")")
[[ $bundle || -f $checkout/CMakePresets.json ]] || refuse "outside of a checkout, --bundle FILE is needed"
if [[ ! $out ]]; then
  out=$checkout/runs/gpu-check
  [[ $bundle ]] && out=gpu-check-results
fi
mkdir -p "$out" || refuse "cannot write $out"
out=$(cd "$out" && pwd)
[[ $bundle ]] && bundle=$(readlink -f "$bundle")
[[ $resume ]] && resume=$(readlink -f "$resume")
matches() {  # matches STEP: it is selected by --only, or there is no --only
  local pattern
  [[ ${#only[@]} -eq 0 ]] && return 0
  # shellcheck disable=SC2053
  for pattern in "${only[@]}"; do [[ $1 == $pattern ]] && return 0; done
  return 1
}
state_of() { awk -F'\t' -v name="$1" 'NF == 3 && $1 == name { state = $2 } END { print state }' "$out/steps.tsv" 2>/dev/null; }
mapfile -t steps < <(list_steps)
if [[ $list ]]; then
  total=0
  for line in "${steps[@]}"; do
    matches "${line% *}" || continue
    printf '%-30s %5d s  %s\n' "${line% *}" "${line#* }" "$(state_of "${line% *}")"
    total=$((total + ${line#* }))
  done
  echo "estimate of all: $((total / 60)) minutes"
  exit 0
fi
chosen=0
for line in "${steps[@]}"; do matches "${line% *}" && chosen=$((chosen + 1)); done
[[ $chosen -gt 0 ]] || refuse "no step is named ${only[*]}; see --list"

# ------------------------------------------------------------------ locks DIR, ends a step left by a killed script
# A process is identified by its id and start time, because ids repeat in a fresh container.
started() { [[ $1 =~ ^[0-9]+$ ]] && { sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20; } 2>/dev/null; }
is_alive() { [[ $1 && $2 && $(started "$1") == "$2" ]]; }
read -r other since < <(cat "$out/pid" 2>/dev/null)
if is_alive "${other:-}" "${since:-}"; then refuse "process $other already uses $out"; fi
echo "$$ $(started $$)" >"$out/pid"
read -r group since < <(cat "$out/step.pid" 2>/dev/null)
if is_alive "${group:-}" "${since:-}"; then
  echo "ending a step that a killed script left behind (process $group)"
  kill -TERM -- "-$group" 2>/dev/null
  sleep 2
  kill -KILL -- "-$group" 2>/dev/null
fi
rm -f "$out/step.pid"
if [[ $resume ]]; then
  if [[ -e $out/steps.tsv ]]; then
    echo "$out already has results: --resume-from is ignored"
  else
    rm -rf "$out/resume.new" && mkdir "$out/resume.new"
    tar -xzf "$resume" -C "$out/resume.new" && [[ -f $out/resume.new/steps.tsv ]] || refuse "$resume is not a results.tar.gz"
    mkdir -p "$out/data"
    cp -r "$out/resume.new/data/." "$out/data" 2>/dev/null
    find "$out/resume.new" -maxdepth 1 -name '*.txt' -exec mv {} "$out" \;
    mv "$out/resume.new/steps.tsv" "$out/steps.tsv"
    rm -rf "$out/resume.new"
    echo "resumed from $resume: $(awk -F'\t' '$2 == "good"' "$out/steps.tsv" | wc -l) good steps"
  fi
fi
mkdir -p "$out/work" "$out/data"
touch "$out/steps.tsv"
# Ends an incomplete last line, in case a killed script left one.
[[ ! -s $out/steps.tsv || -z $(tail -c1 "$out/steps.tsv") ]] || echo >>"$out/steps.tsv"

# Writes the numbers of all steps so far to summary.txt, and all results to results.tar.gz.
write_results() {
  {
    echo "revision $(cat "$base/REVISION" 2>/dev/null || git -C "$base" describe --always --dirty 2>/dev/null), $(date -u +%FT%TZ)${rehearse:+, REHEARSAL ON THE HOST}"
    echo
    awk -F'\t' 'NF == 3 { if (!($1 in state)) order[++n] = $1; state[$1] = $2; seconds[$1] = $3 }
                END { for (k = 1; k <= n; ++k) printf "%-8s %-32s %6d s\n", state[order[k]], order[k], seconds[order[k]] }' "$out/steps.tsv"
    command -v python3 >/dev/null && python3 - "$out/data" <<'PYTHON'
import glob, json, os, sys
folder = sys.argv[1]
results = {}
for path in sorted(glob.glob(folder + "/ks_*.json") + glob.glob(folder + "/rate_*.json") + glob.glob(folder + "/two_ranks.json")):
    try: results[os.path.basename(path)[:-5]] = json.load(open(path))
    except ValueError: pass
print("\njoint method                     ranks problems batch   s/update  gradients/s  forward+adjoint  network")
for name, r in results.items():
    t, g = r["seconds_per_update"], r["gradient_seconds"]
    if t <= 0 or g <= 0:
        print(f"{name:34} {r['ranks']:3} {r['n']:8} {r['micro_batch']:5}  too short for the clock")
        continue
    print(f"{name:34} {r['ranks']:3} {r['n']:8} {r['micro_batch']:5} {t:10.5f} {r['n'] / g:12.1f} {100 * g / t:15.1f}% {100 * r['phases'].get('network', 0) / t:7.1f}%")
host = results.get("ks_host_4096")
for name, r in results.items():
    if not name.startswith("ks_device") or r["seconds_per_update"] <= 0: continue
    same = next((h for k, h in results.items() if k.startswith("ks_host") and h["n"] == r["n"]), None)
    base, note = same, ""
    if same is None and host:
        base, note = {"seconds_per_update": host["seconds_per_update"] * r["n"] / host["n"]}, f" (host extrapolated linearly from n = {host['n']})"
    if base: print(f"{name}: {base['seconds_per_update'] / r['seconds_per_update']:.1f} times one host core{note}")
for path in sorted(glob.glob(folder + "/jax_*.json")):
    print(f"\n{os.path.basename(path)}\n{open(path).read()[:4000]}")
PYTHON
  } >"$out/summary.txt.new" 2>&1
  mv "$out/summary.txt.new" "$out/summary.txt"
  # Files over 400 kB are left out, except profiles of ncu (at most 1.5 MB).
  (cd "$out" && find steps.tsv data . -maxdepth 1 -type f \( -size -400k -o -name '*.ncu-rep' \) \
    ! -name '*.h5' ! -name '*.tar.*' ! -name 'pid' ! -name '*.pid' ! -name '*.new' | sed 's#^\./##' | sort -u |
    tar -czf results.tar.gz.new -T - 2>/dev/null) && mv "$out/results.tar.gz.new" "$out/results.tar.gz"
  return 0
}
record() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$out/steps.tsv"; }

# ------------------------------------------------------------------ start of jpo, before a device is needed
if [[ $bundle ]]; then
  unpacked=$out/unpacked
  sum=$(sha256sum "$bundle" | cut -d' ' -f1)
  if [[ $(cat "$unpacked/.sha256" 2>/dev/null) != "$sum" ]]; then
    rm -rf "$unpacked" "$unpacked.new"
    mkdir "$unpacked.new"
    if command -v xz >/dev/null; then
      tar -xJf "$bundle" -C "$unpacked.new"
    else
      python3 -m tarfile -e "$bundle" "$unpacked.new"
    fi || refuse "$bundle cannot be unpacked: it is damaged, or xz and python3 are missing"
    tops=("$unpacked.new"/*)
    [[ ${#tops[@]} -eq 1 && -x ${tops[0]}/bin/jpo ]] || refuse "$bundle is not an archive of jobs/bundle.sh"
    echo "$sum" >"$unpacked.new/.sha256"
    mv "$unpacked.new" "$unpacked"
  fi
  base=$(echo "$unpacked"/jpo-*)
else
  base=$checkout
  if [[ ! $rehearse ]] && { [[ ! -x $base/build/cuda/src/jpo ]] || [[ ! $(find "$base/build/cuda/tests" -name print_bits_blocks 2>/dev/null) ]]; }; then
    has_device || { echo "no CUDA device found" && exit 2; }
    (cd "$base" && source jobs/environment.sh && jobs/install-dependencies.sh &&
      jobs/build-cuda-stack.sh --arch "${CUDA_ARCH:-80,90}" && cmake --preset cuda && cmake --build --preset cuda) ||
      refuse "the build in build/cuda failed"
  fi
  # Links all test programs into one folder, as in the archive.
  mkdir -p "$out/work/tests"
  find "$base/build/cuda/tests" -type f -perm -u+x 2>/dev/null | while read -r file; do ln -sf "$file" "$out/work/tests"; done
fi
set_paths
start=$SECONDS
{
  cat "$base/REVISION" 2>/dev/null
  echo "torch: ${JPO_TORCH:-} $(cat "${JPO_TORCH:-/nowhere}/version.py" 2>/dev/null | sed -n "s/^__version__ = //p")" \
    "$(python3 -c 'from importlib.metadata import version; print("python3 has torch", version("torch"))' 2>/dev/null)"
  timeout 120 "$jpo" version && timeout 120 "$jpo" doctor
} >"$out/start.partial" 2>&1
code=$?
mv "$out/start.partial" "$out/start.txt"
if [[ $code -eq 0 ]]; then state=good; else state=FAILED; fi
echo "$state start ($((SECONDS - start)) s): $(grep -m1 '^jpo ' "$out/start.txt"), $(grep -m1 '^torch:' "$out/start.txt")"
[[ $code -eq 0 ]] || tail -8 "$out/start.txt"
if ! timeout 120 "$jpo" version >/dev/null 2>&1; then
  # No step is marked as failed, because the environment is a likely reason.
  echo "jpo does not start (see above); set JPO_TORCH or PATH, then start this script again"
  rm -f "$out/pid"
  exit 2
fi
record start $state $((SECONDS - start))
write_results
if [[ ! $rehearse ]] && ! has_device; then
  echo "no CUDA device found"
  rm -f "$out/pid"
  exit 2
fi

# ------------------------------------------------------------------ all steps
export GPU_CHECK_OUT=$out GPU_CHECK_BASE=$base GPU_CHECK_BUNDLE=$bundle GPU_CHECK_REHEARSE=$rehearse
step_process=''
stop() {
  trap - INT TERM HUP
  [[ $step_process ]] && kill -TERM -- "-$step_process" 2>/dev/null
  echo "stopped; start the script again to continue"
  write_results
  rm -f "$out/pid" "$out/step.pid"
  exit 75
}
trap stop INT TERM HUP
remaining() { if [[ $minutes ]]; then echo $((minutes * 60 - SECONDS)); else echo 1000000; fi; }
for line in "${steps[@]}"; do
  name=${line% *} estimate=${line#* }
  matches "$name" || continue
  if [[ ${#only[@]} -eq 0 ]]; then
    state=$(state_of "$name")
    [[ $state == good || ($state == FAILED && ! $retry) ]] && continue
  fi
  left=$(remaining)
  [[ $estimate -gt $left ]] && continue
  limit=$((estimate * 4 > 120 ? estimate * 4 : 120))
  cut=''
  [[ $limit -gt $left ]] && limit=$left cut=yes
  start=$SECONDS
  timeout -k 10 "$limit" bash "$self" --run-step "$name" </dev/null >"$out/$name.partial" 2>&1 &
  step_process=$!
  echo "$step_process $(started "$step_process")" >"$out/step.pid"
  wait $step_process
  code=$?
  step_process=''
  rm -f "$out/step.pid"
  seconds=$((SECONDS - start))
  # A step that was stopped by the time budget is repeated at the next start.
  if [[ $cut && ($code -eq 124 || $code -eq 137) ]]; then
    echo "cut     $name ($seconds s): stopped at the end of --minutes"
    continue
  fi
  [[ $code -eq 124 || $code -eq 137 ]] && echo "stopped after the limit of $limit s" >>"$out/$name.partial"
  # Shortens long output, so that results.tar.gz stays small.
  if [[ $(stat -c %s "$out/$name.partial") -gt 300000 ]]; then
    { head -c 150000 "$out/$name.partial" && printf '\n[...]\n' && tail -c 140000 "$out/$name.partial"; } >"$out/$name.partial.new"
    mv "$out/$name.partial.new" "$out/$name.partial"
  fi
  mv "$out/$name.partial" "$out/$name.txt"
  case $code in
    0) state=good ;;
    77) state=skipped ;;
    *) state=FAILED ;;
  esac
  record "$name" $state $seconds
  case $state in
    good) echo "good    $name ($seconds s)" ;;
    skipped) echo "skipped $name: $(sed -n 's/^skipped: //p' "$out/$name.txt" | tail -1)" ;;
    FAILED) echo "FAILED  $name ($seconds s, exit $code): $out/$name.txt" && tail -3 "$out/$name.txt" | sed 's/^/        /' ;;
  esac
  write_results
done

left=() failed=()
for line in "${steps[@]}"; do
  state=$(state_of "${line% *}")
  [[ $state == FAILED ]] && failed+=("${line% *}")
  [[ $state ]] || left+=("${line% *} (${line#* } s)")
done
write_results
rm -f "$out/pid"
echo
sed -n '/^joint method/,$p' "$out/summary.txt" | head -60
echo "results: $out/results.tar.gz ($(($(stat -c %s "$out/results.tar.gz") / 1000)) kB)"
[[ ${#failed[@]} -eq 0 ]] || printf 'failed: %s\n' "${failed[@]}"
if [[ ${#left[@]} -gt 0 ]]; then printf 'not done: %s\n' "${left[@]}"; else echo "all steps are done"; fi
[[ ${#failed[@]} -eq 0 ]] || exit 1
[[ ${#left[@]} -eq 0 ]] || exit 75
exit 0
