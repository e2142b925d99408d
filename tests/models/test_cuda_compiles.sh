#!/usr/bin/env bash
# What is the CUDA build's own compiles and links where there is an nvcc: the sources that launch
# kernels, for devices, and those that call CUDA or NCCL. They take the place of the host's in the
# program of BUILD, whose PETSc and LibTorch need no CUDA: it computes the same bits on the host, and
# says that there is no device. The whole CUDA build is tests/device/test_cuda_build.sh.
# Usage: JPO_TEST_ARCHITECTURES="80 90" test_cuda_compiles.sh BUILD HOST_OPTION...     default: 90
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
shift
host_options=("$@")
source "$root/jobs/environment.sh"
source "$root/tests/driver/expect.sh"
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
  "$@" -std=c++20 -O3 -I"$root/src" "${includes[@]}" -c "$root/src/$source" -o "$work/${source//\//_}.o" \
    >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
}
devices=()
for architecture in ${JPO_TEST_ARCHITECTURES:-90}; do
  devices+=(-gencode "arch=compute_$architecture,code=sm_$architecture")
done
replaced=()  # objects of BUILD's models

for folder in core parallel models network inverse training; do
  mapfile -t sources < <(cd "$root/src/$folder" && find . -name '*_kernels.cpp' -printf '%P\n' | sort)
  [[ ${#sources[@]} -gt 0 ]] || { echo "no source of $folder launches kernels"; exit 1; }
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
echo "memory_cuda.cpp: good"
if echo '#include <nccl.h>' | "${host[@]}" -x c++ -E - >/dev/null 2>&1; then
  compile parallel/nccl_cuda.cpp "${host[@]}"
  echo "nccl_cuda.cpp: good"
else
  echo "nccl_cuda.cpp: not compiled, there is no nccl.h beside nvcc"
fi

[[ -f $build/build.ninja ]] || { echo "linked only where Ninja builds"; exit 0; }
cuda_home=$(readlink -f "$(nvcc --dryrun -x cu /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p')")
link=$(ninja -C "$build" -t commands src/jpo | tail -1)
for object in "${replaced[@]}"; do link=${link/ $object / }; done
rm -f "$work/parallel_nccl_cuda.cpp.o"  # it wants the library as well
link=${link/ -o src\/jpo / -o $work/jpo $(echo "$work"/*.o) -L$cuda_home/lib64 -Wl,-rpath,$cuda_home/lib64 -lcudart }
(cd "$build" && bash -c "$link") || { echo "it does not link"; exit 1; }
cd "$work"
set +e  # from here on failures are counted
[[ $(nm -C jpo | grep -c "cudaLaunchKernel") -gt 0 ]] || { echo "no kernel is in the program"; exit 1; }
deck=$root/inputs/kuramoto_sivashinsky.toml
small=(--set data.n_problem=8 --set model.horizon=2 --set method.joint.updates=5 --set method.bank.updates=5)
expect 0 "" "$build/src/jpo" run "$deck" "${small[@]}" --set run.output=host.h5
expect 0 "" ./jpo run "$deck" "${small[@]}" --set run.output=cuda.h5
same host.h5 cuda.h5
if [[ ! -e /dev/nvidiactl ]]; then
  expect 2 "not every rank sees a CUDA device" ./jpo run "$deck" "${small[@]}" --set parallel.device=cuda
fi
[[ $failures -eq 0 ]] && echo "linked: the host's bits"
exit $((failures > 0))
