# Sourced by the scripts: sets one thread per rank, and allows mpirun to run as root if the user is root.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
if [[ $(id -u) -eq 0 ]]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# find_python MODULE...: prints an interpreter that has these modules (default: those of postprocess/). The first
# python3 on PATH may lack them.
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
