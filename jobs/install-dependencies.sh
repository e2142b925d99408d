#!/usr/bin/env bash
# Installs the Debian packages (12 and 13) that jpo needs to build and to run. Prints the missing packages and
# installs them without a question. Does nothing if all are installed.
#   jobs/install-dependencies.sh [--tests | --list]   --tests: also the packages for tests/run.sh
#                                                     --list: print the requirements, for systems with modules
set -euo pipefail

packages=(build-essential cmake ninja-build ccache pkg-config git
  libopenmpi-dev openmpi-bin petsc-dev libhdf5-openmpi-dev zlib1g-dev hdf5-tools libtorch-dev
  # OpenBLAS is required: the reference BLAS is much slower.
  libopenblas0-pthread
  libtomlplusplus-dev libcli11-dev libfmt-dev libspdlog-dev
  libgtest-dev libbenchmark-dev
  python3 python3-h5py python3-numpy python3-matplotlib python3-pandas)
if [[ ${1:-} == --tests ]]; then
  # tests/cluster uses the last five to start its own Slurm and to make empty Debian roots.
  packages+=(clang-format clang-tidy python3-pip python3-scipy munge slurmctld slurmd slurm-client debootstrap)
fi

list() {
  cat <<'LIST'
C++20 compiler   g++ 12 or later
CMake 3.25, Ninja (ccache makes repeated builds faster)
MPI              Open MPI 4 or another one
PETSc 3.18+      real, double; found by pkg-config: its lib/pkgconfig on PKG_CONFIG_PATH
HDF5 1.10+       parallel, built with the same MPI; found by pkg-config or HDF5_ROOT
LibTorch 1.13+   CPU is enough: Torch_DIR=.../share/cmake/Torch (the torch package of Python contains one)
zlib, toml++, CLI11, fmt, spdlog: small; headers and CMake packages, on CMAKE_PREFIX_PATH
GoogleTest, Google Benchmark: only for tests and benchmarks; without them -DJPO_TESTS=OFF -DJPO_BENCHMARKS=OFF
python3 3.11+ with h5py, numpy, matplotlib, pandas: for tables and figures
LIST
}
if [[ ${1:-} == --list ]]; then
  list
  exit 0
fi
if ! command -v dpkg-query >/dev/null; then
  echo "This is not a Debian system, so nothing is installed. The build needs these; load them as modules:"
  list
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == "install ok installed" ]] ||
    missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends)
if [[ $(id -u) -eq 0 ]]; then
  as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
else
  echo "Missing packages: ${missing[*]}"
  echo "The installation needs root. Run this command once as root, then start this script again:"
  echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
  exit 2
fi
echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -q >/dev/null
"${as_root[@]}" "${install[@]}" "${missing[@]}" >/dev/null
