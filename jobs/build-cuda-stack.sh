#!/usr/bin/env bash
# Builds the libraries that the CUDA build of jpo needs and Debian does not have: LibTorch with CUDA from the
# torch package, and PETSc with CUDA from its source package. Both come from the Python package index.
#   jobs/build-cuda-stack.sh [--arch 80,90] [--prefix build/cuda-stack] [--only-torch]
# --arch: compute capabilities without the point: 80 is sm_80 (A100), 90 is sm_90 (H100).
# --only-torch: installs only the torch package, which also works for a build for the host; needs no nvcc.
# A step that has finished is not repeated when the script is started again. The log of a step is PREFIX/STEP.log.
# Needs nvcc (CUDA 12.8 or later, or 13) and Python 3.10 or later with pip.
# On a cluster use its modules instead: CMake finds PETSc by PKG_CONFIG_PATH and LibTorch by
# Torch_DIR or CMAKE_PREFIX_PATH, and reports a library that was built without CUDA.
set -euo pipefail
cd "$(dirname "$0")/.."
source jobs/environment.sh

arch=80,90
prefix=build/cuda-stack
only_torch=''
while [[ $# -gt 0 ]]; do
  case $1 in
    --arch) arch=${2:?--arch needs a value} && shift 2 ;;
    --prefix) prefix=${2:?--prefix needs a value} && shift 2 ;;
    --only-torch) only_torch=yes && shift ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *) echo "unknown option '$1'; allowed: --arch, --prefix, --only-torch, --help" >&2 && exit 2 ;;
  esac
done
if [[ ! $arch =~ ^[0-9]{2,3}(,[0-9]{2,3})*$ ]]; then
  echo "--arch $arch: allowed: numbers with commas between them, for example 80,90" >&2
  exit 2
fi

petsc_version=3.26.1
cuda_version=13.0
if command -v nvcc >/dev/null; then
  cuda_home=$(nvcc --dryrun -x cu /dev/null 2>&1 | sed -n 's/^#\$ TOP=//p')
  cuda_home=$(readlink -f "$cuda_home")
  cuda_version=$(nvcc --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')
elif [[ ! $only_torch ]]; then
  echo "nvcc is not on PATH: install the CUDA toolkit, or load its module" >&2
  exit 2
fi
# Each torch package of the index is built for one CUDA version.
case $cuda_version in
  13.*) torch_version=2.11.0 ;;
  12.8 | 12.9) torch_version=2.9.1 ;;
  *) echo "CUDA $cuda_version: allowed: 12.8, 12.9, 13.x" >&2 && exit 2 ;;
esac
python=$(find_python pip)
mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)

# step NAME KEY: runs the function NAME, unless it has already finished with the same KEY (versions).
step() {
  local name=$1 key=$2 stamp=$prefix/$1.done start=$SECONDS
  [[ -f $stamp && $(<"$stamp") == "$key" ]] && echo "$name: already done" && return
  rm -f "$stamp"
  echo "$name: $key (log: $prefix/$name.log)"
  set +e
  (
    set -e
    "$name"
  ) >"$prefix/$name.log" 2>&1
  local code=$?
  set -e
  if [[ $code -ne 0 ]]; then
    tail -20 "$prefix/$name.log" >&2
    echo "$name failed; its log: $prefix/$name.log" >&2
    exit 4
  fi
  echo "$key" >"$stamp"
  echo "$name: $((SECONDS - start)) s"
}

# Triton is left out: only the Python interface of torch needs it.
torch() {
  rm -rf "$prefix/torch"
  "$python" -m pip download --no-deps --dest "$prefix/wheels" "torch==$torch_version"
  local needed
  mapfile -t needed < <("$python" - "$prefix/wheels" <<'PYTHON'
import glob, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + "/torch-*.whl")[0])
metadata = next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
for line in wheel.read(metadata).decode().splitlines():
    if line.startswith("Requires-Dist: ") and ("nvidia-" in line or "cuda-toolkit" in line):
        print(line.removeprefix("Requires-Dist: ").split(";")[0].strip())
PYTHON
  )
  "$python" -m pip install --target "$prefix/torch" --no-deps "$prefix"/wheels/torch-*.whl
  "$python" -m pip install --target "$prefix/torch" "${needed[@]}"
  rm -rf "$prefix/wheels"
}

petsc() {
  "$python" -m pip download --no-deps --no-binary petsc \
    --dest "$prefix/source" "petsc==$petsc_version"
  tar -xzf "$prefix/source/petsc-$petsc_version.tar.gz" -C "$prefix/source"
  cd "$prefix/source/petsc-$petsc_version"
  # jpo needs neither Fortran nor X. Without fused multiply-add the host code gives reproducible bits.
  env -u PETSC_DIR -u PETSC_ARCH ./configure --prefix="$prefix/petsc" PETSC_ARCH=cuda \
    --with-cuda=1 --with-cuda-dir="$cuda_home" --with-cuda-arch="$arch" \
    --with-debugging=0 --with-fc=0 --with-x=0 --with-shared-libraries=1 \
    --with-cc=mpicc --with-cxx=mpicxx --with-petsc4py=0 \
    COPTFLAGS="-O3 -ffp-contract=off" CXXOPTFLAGS="-O3 -ffp-contract=off" CUDAOPTFLAGS=-O3
  make PETSC_DIR="$PWD" PETSC_ARCH=cuda all
  make PETSC_DIR="$PWD" PETSC_ARCH=cuda install
  cd - >/dev/null
  rm -rf "$prefix/source"
}

step torch "torch $torch_version for CUDA $cuda_version"
[[ $only_torch ]] && exit 0
step petsc "PETSc $petsc_version with CUDA $cuda_version for sm_${arch//,/, sm_}"
du -sh "$prefix" | awk '{ print "size: " $1 }'
cat <<TEXT
Build jpo with the preset cuda, which looks in build/cuda-stack. For another prefix:
  PKG_CONFIG_PATH=$prefix/petsc/lib/pkgconfig cmake --preset cuda -DCMAKE_PREFIX_PATH=$prefix/torch/torch
  cmake --build --preset cuda
TEXT
