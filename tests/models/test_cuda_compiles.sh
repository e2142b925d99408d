#!/usr/bin/env bash
# Tests that the sources of the CUDA build compile with nvcc, without a CUDA version of PETSc and LibTorch: sources
# that launch kernels, and sources that call CUDA or NCCL. Then links the program of BUILD with these objects. It must
# give the same bits on the host, and report that there is no device. The whole CUDA build is tested by
# tests/device/test_cuda_build.sh.
# Usage: JPO_TEST_ARCHITECTURES="80 90" test_cuda_compiles.sh BUILD HOST_OPTION...     default: 90
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
shift
host_options=("$@")
source "$root/jobs/environment.sh"
source "$root/tests/driver/expect.sh"
if ! command -v nvcc >/dev/null; then
  echo "SKIPPED: nvcc is not on PATH"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
read -ra includes <<<"$(pkg-config --cflags-only-I petsc 2>/dev/null || pkg-config --cflags-only-I PETSc) $(mpicxx --showme:incdirs | sed 's/[^ ]*/-I&/g')"
read -ra cuda_includes <<<"$(nvcc --dryrun -x cu /dev/null 2>&1 | sed -n 's/^#\$ INCLUDES=//p' | tr -d '"')"
compile() { # compile SOURCE COMPILER OPTIONS...
  local source=$1
  shift
  "$@" -std=c++20 -O3 -I"$root/src" "${includes[@]}" -c "$root/src/$source" -o "$work/${source//\//_}.o" \
    >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
}
devices=()
for architecture in ${JPO_TEST_ARCHITECTURES:-90}; do
  devices+=(-gencode "arch=compute_$architecture,code=sm_$architecture")
done
replaced=()  # objects of BUILD that are not linked

for folder in core parallel models network inverse training; do
  mapfile -t sources < <(cd "$root/src/$folder" && find . -name '*_kernels.cpp' -printf '%P\n' | sort)
  [[ ${#sources[@]} -gt 0 ]] || { echo "found no source in $folder that launches kernels"; exit 1; }
  for source in "${sources[@]}"; do
    replaced+=("src/models/CMakeFiles/jpo_models.dir/$source.o")
    compile "$folder/$source" nvcc -x cu --expt-relaxed-constexpr -fmad=false -Xptxas -v \
      "-Xcompiler=$(IFS=,; echo "${host_options[*]}")" "${devices[@]}"
    n=$(grep -c "Compiling entry function" "$work/log" || true)
    [[ $n -gt 0 ]] || { cat "$work/log"; echo "$source has no kernels"; exit 1; }
    echo "$source: $n kernels, $(grep -o "Used [0-9]* registers" "$work/log" | sort -u | paste -sd, | sed 's/Used //g'), \
spilled: $(grep -o "[0-9]* bytes spill stores" "$work/log" | sort -u | paste -sd,)"
  done
done

host=(mpicxx -Wall -Wextra -Wshadow -DFMT_HEADER_ONLY "${cuda_includes[@]}")
compile core/device/memory_cuda.cpp "${host[@]}"
echo "memory_cuda.cpp: compiled"
if echo '#include <nccl.h>' | "${host[@]}" -x c++ -E - >/dev/null 2>&1; then
  compile parallel/nccl_cuda.cpp "${host[@]}"
  echo "nccl_cuda.cpp: compiled"
else
  echo "nccl_cuda.cpp: not compiled, because nccl.h is not found"
fi

[[ -f $build/build.ninja ]] || { echo "not linked, because the build does not use Ninja"; exit 0; }
cuda_home=$(readlink -f "$(nvcc --dryrun -x cu /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p')")
link=$(ninja -C "$build" -t commands src/jpo | tail -1)
for object in "${replaced[@]}"; do link=${link/ $object / }; done
rm -f "$work/parallel_nccl_cuda.cpp.o"  # linking it would need the NCCL library
link=${link/ -o src\/jpo / -o $work/jpo $(echo "$work"/*.o) -L$cuda_home/lib64 -Wl,-rpath,$cuda_home/lib64 -lcudart }
(cd "$build" && bash -c "$link") || { echo "the program does not link"; exit 1; }
cd "$work"
set +e  # from here on, failures are counted
[[ $(nm -C jpo | grep -c "cudaLaunchKernel") -gt 0 ]] || { echo "the program has no kernels"; exit 1; }
deck=$root/inputs/kuramoto_sivashinsky.toml
small=(--set data.n_problem=8 --set model.horizon=2 --set method.joint.updates=5 --set method.bank.updates=5)
expect 0 "" "$build/src/jpo" run "$deck" "${small[@]}" --set run.output=host.h5
expect 0 "" ./jpo run "$deck" "${small[@]}" --set run.output=cuda.h5
same host.h5 cuda.h5
if [[ ! -e /dev/nvidiactl ]]; then
  expect 2 "a rank has no CUDA device" ./jpo run "$deck" "${small[@]}" --set parallel.device=cuda
fi
[[ $failures -eq 0 ]] && echo "linked, with the same bits on the host"
exit $((failures > 0))
