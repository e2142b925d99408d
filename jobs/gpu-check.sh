#!/usr/bin/env bash
# On a machine with a CUDA device: builds what is missing, checks jpo on the device against jpo on
# the host, and measures it. Writes into DIRECTORY what it found; exit code 1 where a check fails.
#   jobs/gpu-check.sh [DIRECTORY]      default: runs/gpu-check
# With the stack of jobs/build-cuda-stack.sh there, it takes under 10 minutes.
set -uo pipefail
cd "$(dirname "$0")/.."
source jobs/environment.sh
source tests/driver/expect.sh
out=${1:-runs/gpu-check}
mkdir -p "$out"
exec > >(tee "$out/log.txt") 2>&1

if ! nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader; then
  echo "no CUDA device here"
  exit 2
fi
git describe --always --dirty
nvcc --version | tail -2
if [[ ! -x build/cuda/src/jpo || ! -x build/cuda/tests/models/print_bits_blocks ]]; then
  set -e
  jobs/install-dependencies.sh
  jobs/build-cuda-stack.sh --arch "${CUDA_ARCH:-80,90}"
  cmake --preset cuda >"$out/cmake.txt"
  cmake --build --preset cuda
  set +e
fi
build=build/cuda
jpo=$build/src/jpo
failed=0
check() { # check WHAT COMMAND...: its output goes to a file of that name
  local what=$1 start=$SECONDS
  shift
  if "$@" >"$out/$what.txt" 2>&1; then
    echo "good    $what ($((SECONDS - start)) s)"
  else
    echo "FAILED  $what: $out/$what.txt"
    tail -5 "$out/$what.txt"
    failed=1
  fi
}

# Kernels: the same bits as on the host. Those of darcy, navier_stokes and wave_packet call sin and exp,
# which each has its own of: there the sums agree.
same_bits() {
  "$build/tests/models/print_bits_blocks" >"$out/bits_host.txt" || return 1
  "$build/tests/models/print_bits_blocks" cuda >"$out/bits_device.txt" || return 1
  awk 'NR == FNR { host[NR] = $0; n = NR; next }
       /problems,/ { agrees = /model (darcy|navier_stokes|wave_packet)/ }
       $0 == host[FNR] { next }
       { split(host[FNR], was); d = $NF - was[5]; d = d < 0 ? -d : d; size = was[5] < 0 ? -was[5] : was[5] }
       agrees && /of sum/ && $1 == was[1] && d <= 1e-5 * (1 + size) { next }
       { print "host   " host[FNR]; print "device " $0; bad = 1 }
       END { exit bad || n == 0 || n != FNR }' "$out/bits_host.txt" "$out/bits_device.txt"
}
check bits same_bits
# Models and networks within their tolerances, twice the same bits.
against_host() { "$build/tests/device/test_device" | tee "$out/device.txt" && ! grep -q SKIPPED "$out/device.txt"; }
check device against_host
for deck in kuramoto_sivashinsky assimilation navier_stokes wave_packet billiards darcy; do
  check "verify_$deck" "$jpo" verify "inputs/$deck.toml" --set 'parallel.device="cuda"'
done
# A whole run: twice the same bits on the device, at one and two ranks.
run() { # run NAME RANKS DEVICE [TRANSPORT]
  mpirun -n "$2" --oversubscribe --bind-to none "$jpo" run inputs/kuramoto_sivashinsky.toml --overwrite \
    --set "run.output=\"$out/$1.h5\"" --set "parallel.device=\"$3\"" \
    --set "parallel.transport=\"${4:-mpi}\""
}
same_run() {
  local found
  found=$(differences "$out/$1.h5" "$out/$2.h5")
  [[ -f $out/$1.h5 && -f $out/$2.h5 && -z $found ]] || { echo "$found" && return 1; }
}
check run_on_host run host 1 host
check run_on_device run device 1 cuda
check run_again run again 1 cuda
check run_on_two_ranks run two 2 cuda
check deterministic same_run device again
check any_number_of_ranks same_run device two
# Sums on the device: the host's bits, whichever way they travel.
device_sum() {
  for n in 1 2; do
    mpirun -n $n --oversubscribe --bind-to none "$build/tests/parallel/test_device_sum" >"$out/sum.txt" &&
      ! grep -q SKIPPED "$out/sum.txt" || { cat "$out/sum.txt" && return 1; }
  done
}
check device_sum device_sum
check run_staged run staged 2 cuda staged
check staged same_run device staged
"$jpo" doctor >"$out/doctor.txt" 2>&1
if grep -q "NCCL can be chosen" "$out/doctor.txt"; then
  check run_nccl run nccl 1 cuda nccl
  check nccl same_run device nccl
  if [[ $(nvidia-smi --list-gpus | wc -l) -eq 1 ]]; then
    # Two ranks on one device: refused by name, not by NCCL's failure.
    nccl_refusal() {
      run refused 2 cuda nccl >"$out/refused.txt" 2>&1
      grep -q "ranks 0 and 1 share the device" "$out/refused.txt"
    }
    check nccl_refusal nccl_refusal
  else
    check run_nccl_two run nccl_two 2 cuda nccl
    check nccl_two same_run device nccl_two
  fi
fi
if command -v compute-sanitizer >/dev/null; then
  # Kernels use no shared memory: there is nothing for racecheck.
  for tool in "memcheck --report-api-errors no" initcheck; do
    check "sanitizer_${tool%% *}" compute-sanitizer --tool $tool --error-exitcode 9 \
      "$build/tests/models/print_bits_blocks" cuda
  done
else
  echo "SKIPPED compute-sanitizer is not on PATH"
fi
check host_tests ctest --test-dir "$build" --output-on-failure -R '^(core|models|network|inverse|one_lane)'
check benchmarks "$build/tests/benchmarks/bench_models" --benchmark_filter='device|forward/64|adjoint/64' \
  --benchmark_repetitions=5 --benchmark_report_aggregates_only=true --benchmark_out="$out/models.json"
grep -E "median" "$out/benchmarks.txt"
rm -f "$out"/*.h5
exit $failed
