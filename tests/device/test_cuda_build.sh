#!/usr/bin/env bash
# The CUDA build compiles, links and passes the host's tests, where the stack of jobs/build-cuda-stack.sh
# is in build/cuda-stack. Skipped (77) elsewhere: the stack takes longer to build than all the tests.
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
# The quick host tests: what differs from the release build is the libraries and the compiler of the kernels.
ctest --test-dir build/cuda --output-on-failure --parallel 2 -LE 'long|cuda' \
  -E '^(slurm|layers|report|study|evaluate|own_data)$|_np[34]$'
