#!/usr/bin/env bash
# Runs the benchmarks, writes JSON, and prints ratios of times with their limits. The machine should be idle otherwise.
# Exit code 1 if a limit is exceeded.
#   tests/benchmarks/run.sh [DIRECTORY]      default: runs/benchmarks
set -euo pipefail
cd "$(dirname "$0")/../.."
source jobs/environment.sh
out=${1:-runs/benchmarks}
mkdir -p "$out"
cmake --preset release >/dev/null
cmake --build --preset release --target bench_models bench_parallel jpo
options=(--benchmark_repetitions=5 --benchmark_report_aggregates_only=true
  --benchmark_enable_random_interleaving=true)
build/release/tests/benchmarks/bench_models "${options[@]}" --benchmark_out="$out/models.json"
for n in 1 2; do
  mpirun -n "$n" build/release/tests/benchmarks/bench_parallel --benchmark_out="$out/parallel_np$n.json"
done
"$(find_python)" tests/benchmarks/bench_checkpoint.py build/release/src/jpo "$out/checkpoint.json"
python3 tests/benchmarks/judge.py "$out/models.json"
