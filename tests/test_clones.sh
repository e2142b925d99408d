#!/usr/bin/env bash
# Tests that a second clone, in another folder, uses the compiled files of the first one, after plain `cmake -B build`.
# Usage: test_clones.sh
set -uo pipefail
command -v ccache >/dev/null || { echo "skipped: no ccache"; exit 77; }
source_dir=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CCACHE_BASEDIR CCACHE_NOHASHDIR CCACHE_SLOPPINESS
export CCACHE_DIR=$work/cache
build() {  # build FOLDER: a clone in FOLDER, some libraries and a test with precompiled headers
  mkdir -p "$1"
  (cd "$source_dir" && git ls-files -co --exclude-standard -z CMakeLists.txt src tests | xargs -0 cp --parents -t "$1")
  cmake -S "$1" -B "$1/build" >"$1/log" 2>&1 && cmake --build "$1/build" --target test_core jpo_io -j 2 >>"$1/log" 2>&1 ||
    { tail -20 "$1/log"; exit 1; }
}
build "$work/first" || exit 1
ccache --zero-stats >/dev/null
build "$work/deeper/second" || exit 1
read -r hits misses < <(ccache --print-stats | awk '/^(direct|preprocessed)_cache_hit/ { hits += $2 } /^cache_miss/ { misses = $2 }
  END { print hits + 0, misses + 0 }')
echo "$hits hits, $misses misses"
[[ $hits -gt 20 && $((10 * hits)) -gt $((9 * (hits + misses))) ]]
