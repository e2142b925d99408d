#!/usr/bin/env bash
# Tests that check_layers.sh finds forbidden includes and long files.
set -uo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r "$root/src" "$root/tests" "$root/jobs" "$root/postprocess" "$copy"
check() { "$root/tests/check_layers.sh" "$copy" >"$copy/log" 2>&1; }

check || { echo "the check fails for the unchanged sources:"; cat "$copy/log"; exit 1; }
for violation in 'core/device/batch.hpp:#include "models/registry.hpp"' 'core/random.cpp:#include "core/device/batch.hpp"' 'network/network.hpp:#include "inverse/misfit.hpp"' \
           'driver/run.cpp:#include <torch/torch.h>' 'data/problem_set.cpp:#include <hdf5.h>'; do
  file=$copy/src/${violation%%:*}
  cp "$file" "$copy/kept"
  echo "${violation#*:}" >>"$file"
  check && { echo "not found: $violation"; exit 1; }
  cp "$copy/kept" "$file"
done
yes '// line' | head -401 >"$copy/src/core/long.cpp"
check && { echo "a long file was not found"; exit 1; }
exit 0
