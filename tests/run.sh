#!/usr/bin/env bash
# Runs all checks on a fresh checkout: install, format, layers, build, lint, tests, tests with sanitizers.
#   tests/run.sh [--fast]      without clang-tidy and sanitizers
set -euo pipefail
cd "$(dirname "$0")/.."
source jobs/environment.sh

step() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }
fast=${1:-}
# Many tests wait more than they compute, so there are two processes per core, and at least 4 for tests on 4 ranks.
cores=$(env -u OMP_NUM_THREADS nproc)  # nproc follows OMP_NUM_THREADS
processes=$((2 * cores > 4 ? 2 * cores : 4))

step "dependencies"
jobs/install-dependencies.sh --tests
step "format and layers"
tests/check_format.sh
tests/check_layers.sh
step "build"
cmake --preset release >/dev/null
cmake --build --preset release
if [[ $fast != --fast ]]; then
  step "lint"
  tests/lint.sh build/release
fi
step "tests"
ctest --test-dir build/release --output-on-failure --parallel "$processes" -LE long
if [[ $fast != --fast ]]; then
  step "build with sanitizers"
  cmake --preset asan >/dev/null
  cmake --build --preset asan --target sanitized_tests
  step "tests with sanitizers"
  # Left out, because tests on two ranks cover their code: tests on three and four ranks, and methods on one rank.
  ctest --test-dir build/asan --output-on-failure --parallel "$processes" -L sanitize -E '_np[34]$|^methods_np1$'
fi
step "done"
