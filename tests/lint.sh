#!/usr/bin/env bash
# clang-tidy over src, but for network/ (clang 14 fails on LibTorch's headers in C++20) and what needs CUDA. A file that
# passed is not checked again before it, a header, or the rules change. Usage: lint.sh BUILD_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
stamps=$build/lint
mkdir -p "$stamps"
common=$(cat .clang-tidy $(git ls-files 'src/*.hpp') | sha256sum | cut -c1-16)
check() {
  local stamp=$stamps/$(cat "$1" | sha256sum | cut -c1-16)-$common
  [[ -f $stamp ]] && return
  clang-tidy -p "$build" --quiet "$1" 2>"$stamps/$$.log" || { echo "in $1"; return 1; }
  touch "$stamp"
}
export -f check
export build stamps common
git ls-files 'src/*.cpp' | grep -vE '^src/network/|_cuda.cpp$' | xargs -P "$(nproc --all)" -I{} bash -c 'check {}'
