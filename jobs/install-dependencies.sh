#!/usr/bin/env bash
# Installs what jpo is built with and runs on, from Debian's packages (12 and 13). Asks nothing, says
# what it installs, does nothing where all is there.
#   jobs/install-dependencies.sh [--tests | --list]   --tests: also what tests/run.sh needs
#                                                     --list: what jpo needs, to load as modules elsewhere
set -euo pipefail

packages=(build-essential cmake ninja-build ccache pkg-config git
  libopenmpi-dev openmpi-bin petsc-dev libhdf5-openmpi-dev zlib1g-dev hdf5-tools libtorch-dev
  # The reference BLAS is 15 times slower: OpenBLAS is a must.
  libopenblas0-pthread
  libtomlplusplus-dev libcli11-dev libfmt-dev libspdlog-dev
  libgtest-dev libbenchmark-dev
  python3 python3-h5py python3-numpy python3-matplotlib python3-pandas)
if [[ ${1:-} == --tests ]]; then
  # tests/cluster starts a Slurm of its own and empty Debian roots with them.
  packages+=(clang-format clang-tidy python3-pip python3-scipy munge slurmctld slurmd slurm-client debootstrap)
fi

list() {
  cat <<'LIST'
C++20 compiler   g++ 12 or later
CMake 3.25, Ninja (ccache where builds are repeated)
MPI              Open MPI 4 or another one
PETSc 3.18+      real, double; found by pkg-config: its lib/pkgconfig on PKG_CONFIG_PATH
HDF5 1.10+       parallel, built with the same MPI; found by pkg-config or HDF5_ROOT
LibTorch 1.13+   CPU is enough: Torch_DIR=.../share/cmake/Torch (a torch package of Python holds one)
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
  echo "This is not a Debian system: load these as modules, then go on with CMake. Trying with what is there."
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
  echo "Installing needs root. Run this once as root, then start again:"
  echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
  exit 2
fi
echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -q >/dev/null
"${as_root[@]}" "${install[@]}" "${missing[@]}" >/dev/null
