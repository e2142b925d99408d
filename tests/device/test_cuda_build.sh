#!/usr/bin/env bash
# Tests that the CUDA build compiles, links and passes the tests of the host. Skipped (77) if build/cuda-stack has no
# stack of jobs/build-cuda-stack.sh, because the stack takes longer to build than all tests.
# Usage: test_cuda_build.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
source jobs/environment.sh
if ! command -v nvcc >/dev/null || [[ ! -e build/cuda-stack/torch.done || ! -e build/cuda-stack/petsc.done ]]; then
  echo "SKIPPED: no nvcc, or no stack in build/cuda-stack (jobs/build-cuda-stack.sh)"
  exit 77
fi
cmake --preset cuda
cmake --build --preset cuda
echo "compiled and linked after $SECONDS s"
# Runs the quick host tests: this build differs from the release build in the libraries and the compiler of the kernels.
ctest --test-dir build/cuda --output-on-failure --parallel 2 -LE 'long|cuda' \
  -E '^(slurm|layers|report|study|evaluate|own_data)$|_np[34]$'
