#!/usr/bin/env bash
# The sources that launch kernels compile for devices, where there is an nvcc; nothing of the CUDA
# build's libraries is needed. Usage: test_cuda_compiles.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
if ! command -v nvcc >/dev/null; then
  echo "SKIPPED: there is no nvcc here"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mapfile -t sources < <(sed -n 's/.*set_source_files_properties(\(.*\) PROPERTIES LANGUAGE CUDA.*/\1/p' \
  "$root/src/models/CMakeLists.txt" | tr ' ' '\n')
[[ ${#sources[@]} -gt 0 ]] || { echo "no source launches kernels"; exit 1; }
read -ra includes <<<"$(pkg-config --cflags-only-I petsc 2>/dev/null || pkg-config --cflags-only-I PETSc) $(mpicxx --showme:incdirs | sed 's/[^ ]*/-I&/g')"
for source in "${sources[@]}"; do
  nvcc -x cu -std=c++20 --expt-relaxed-constexpr -fmad=false -O3 -gencode arch=compute_80,code=sm_80 \
    -gencode arch=compute_90,code=sm_90 -I"$root/src" "${includes[@]}" -Xptxas -v \
    -c "$root/src/models/$source" -o "$work/kernel.o" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
  n=$(grep -c "Compiling entry function" "$work/log" || true)
  [[ $n -gt 0 ]] || { cat "$work/log"; echo "$source has no kernels"; exit 1; }
  echo "$source: $n kernels, $(grep -o "Used [0-9]* registers" "$work/log" | sort -u | paste -sd, | sed 's/Used //g'), \
spilled: $(grep -o "[0-9]* bytes spill stores" "$work/log" | sort -u | paste -sd,)"
done
