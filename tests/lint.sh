#!/usr/bin/env bash
# Runs clang-tidy on src, except network/ (clang 14 fails on LibTorch's headers in C++20) and *_cuda.cpp. A file that
# passed is checked again only if the file, a header, or the rules have changed. Usage: lint.sh BUILD_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
source jobs/environment.sh
build=$1
tools=build/tools
version=23.1.4
# Newer versions of clang-tidy skip the headers of libraries and are much faster than Debian's. Debian's version is
# used if the package index cannot be reached.
tidy=$tools/clang_tidy/data/bin/clang-tidy
if [[ ! -x $tidy ]] && python=$(find_python pip) &&
  ! "$python" -m pip install --quiet --no-deps --retries 0 --timeout 20 --target "$tools" "clang-tidy==$version" 2>"$build/pip.log"; then
  echo "clang-tidy $version cannot be installed ($(tail -1 "$build/pip.log")): using Debian's version"
fi
[[ -x $tidy ]] || tidy=clang-tidy
stamps=$build/lint
mkdir -p "$stamps"
common=$( { cat .clang-tidy $(git ls-files 'src/*.hpp'); "$tidy" --version; } | sha256sum | cut -c1-16)
check() {
  local stamp=$stamps/$(cat "$1" | sha256sum | cut -c1-16)-$common
  [[ -f $stamp ]] && return
  # With the default limit of 225,000 nodes the analyzer needs more time and reports no more errors in this code.
  "$tidy" -p "$build" --quiet -extra-arg=-Xclang -extra-arg=-analyzer-config \
    -extra-arg=-Xclang -extra-arg=max-nodes=20000 "$1" 2>"$stamps/$$.log" || { echo "in $1"; return 1; }
  touch "$stamp"
}
export -f check
export build stamps common tidy
git ls-files --cached --others --exclude-standard 'src/*.cpp' | grep -vE '^src/network/|_cuda.cpp$' | xargs -P "$(nproc --all)" -I{} bash -c 'check {}'
