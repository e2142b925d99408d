# Sourced by the scripts: one thread a rank, and mpirun's permission to run as root where one is root.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
if [[ $(id -u) -eq 0 ]]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# find_python MODULE...: an interpreter that has these modules; the first python3 on PATH may not be one.
find_python() {
  local modules=("$@") candidate
  [[ $# -eq 0 ]] && modules=(h5py numpy matplotlib pandas)
  for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c "import $(IFS=,; echo "${modules[*]}")" 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "No python3 with ${modules[*]}: install the package of each (Debian: ${modules[*]/#/python3-})" >&2
  return 2
}

# Another checkout of the same sources finds what this one compiled.
CCACHE_BASEDIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CCACHE_BASEDIR CCACHE_NOHASHDIR=1
# Tests use precompiled headers (tests/CMakeLists.txt); CMakePresets.json sets the same.
export CCACHE_SLOPPINESS=pch_defines,time_macros
