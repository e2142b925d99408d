#!/usr/bin/env bash
# The sources of the CUDA build alone compile where there is an nvcc: those that launch kernels, for
# devices, and those that call CUDA or NCCL. Nothing of that build's libraries is needed.
# Usage: test_cuda_compiles.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
if ! command -v nvcc >/dev/null; then
  echo "SKIPPED: there is no nvcc here"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read -ra includes <<<"$(pkg-config --cflags-only-I petsc 2>/dev/null || pkg-config --cflags-only-I PETSc) $(mpicxx --showme:incdirs | sed 's/[^ ]*/-I&/g')"
read -ra cuda_includes <<<"$(nvcc --dryrun -x cu /dev/null 2>&1 | sed -n 's/^#\$ INCLUDES=//p' | tr -d '"')"
compile() { # compile SOURCE COMPILER OPTIONS...
  local source=$1
  shift
  "$@" -std=c++20 -O3 -I"$root/src" "${includes[@]}" -c "$root/src/$source" -o "$work/object.o" \
    >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
}

for folder in core parallel models network inverse methods; do
  mapfile -t sources < <(sed -n 's/.*set_source_files_properties(\(.*\) PROPERTIES LANGUAGE CUDA.*/\1/p' \
    "$root/src/$folder/CMakeLists.txt" | tr ' ' '\n')
  [[ ${#sources[@]} -gt 0 ]] || { echo "no source of $folder launches kernels"; exit 1; }
  for source in "${sources[@]}"; do
    compile "$folder/$source" nvcc -x cu --expt-relaxed-constexpr -fmad=false -Xptxas -v \
      -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90
    n=$(grep -c "Compiling entry function" "$work/log" || true)
    [[ $n -gt 0 ]] || { cat "$work/log"; echo "$source has no kernels"; exit 1; }
    echo "$source: $n kernels, $(grep -o "Used [0-9]* registers" "$work/log" | sort -u | paste -sd, | sed 's/Used //g'), \
spilled: $(grep -o "[0-9]* bytes spill stores" "$work/log" | sort -u | paste -sd,)"
  done
done

host=(mpicxx -Wall -Wextra -Wshadow -DFMT_HEADER_ONLY "${cuda_includes[@]}")
compile core/memory_cuda.cpp "${host[@]}"
echo "memory_cuda.cpp: good"
if echo '#include <nccl.h>' | "${host[@]}" -x c++ -E - >/dev/null 2>&1; then
  compile parallel/nccl_cuda.cpp "${host[@]}"
  echo "nccl_cuda.cpp: good"
else
  echo "nccl_cuda.cpp: not compiled, there is no nccl.h beside nvcc"
fi
