#!/bin/sh
# Starts a program of the archive made by jobs/bundle.sh, with the loader and the libraries of the archive. The MPI
# of the site is used if it fits. Each program in bin/ is a link to this script with the name of the program.
#   bin/jpo [--torch DIR] ARGUMENTS...
# --torch DIR    the torch folder of a Python installation (.../site-packages/torch); also JPO_TORCH=DIR.
#                Default: the torch of the python3 on PATH.
# JPO_MPI        auto (default): the Open MPI of the site if its major version and its C library fit, otherwise
#                the bundled one; bundled: always the bundled one; DIR: the folder of the site's libmpi.so.40.
set -eu
name=${0##*/}
self=$(readlink -f "$0")
home=${self%/*/*}
loader=$home/libexec/lib/ld-linux-x86-64.so.2
[ -f "$home/libexec/bundle.conf" ] || {
  echo "$name: this script works only inside its archive; make a link to it, not a copy" >&2
  exit 2
}
# Sets mpi_version, torch_version, torch_cuda and torch_programs.
. "$home/libexec/bundle.conf"

fail() {
  echo "$name: $1" >&2
  exit 2
}

[ -f "$home/libexec/$name" ] || fail "the archive has no program '$name': a link must keep the program's name"
case $home in
  *[:\;]*) fail "the archive cannot run in $home: libraries are not found in folders with ':' or ';'" ;;
esac

# torch_fits DIR: succeeds if DIR has the version of torch that the program was built with.
torch_fits() {
  [ -f "$1/version.py" ] && [ -f "$1/lib/libtorch_cpu.so" ] || return 1
  [ "$(sed -n "s/^__version__ = '\([0-9.]*\)['+].*/\1/p" "$1/version.py")" = "$torch_version" ] || return 1
  [ -z "$torch_cuda" ] || [ "$(sed -n "s/^cuda: .*= '\([0-9]*\).*/\1/p" "$1/version.py")" = "$torch_cuda" ]
}

# Sets torch to the folder of a fitting torch; exits if there is none.
find_torch() {
  wanted="torch $torch_version${torch_cuda:+ for CUDA $torch_cuda}"
  torch=${JPO_TORCH:-}
  if [ -n "$torch" ]; then
    torch_fits "$torch" || fail "$torch is not a folder of $wanted (--torch or JPO_TORCH)"
  else
    # Skips the working folder. Takes the last line, in case python3 prints other lines first.
    torch=$(python3 -c 'import sys; sys.path[:] = [p for p in sys.path if p]
import importlib.util as u; s = u.find_spec("torch")
print("\n" + (s.submodule_search_locations[0] if s else ""))' 2>/dev/null | tail -n 1) || torch=
    if [ -z "$torch" ] || ! torch_fits "$torch"; then
      fail "$wanted not found${torch:+ ($torch is another version)}: give its folder with --torch DIR, or put a python3 that has it on PATH (pip install torch==$torch_version)"
    fi
  fi
  torch=$(cd "$torch" && pwd)
  JPO_TORCH=$torch
  export JPO_TORCH
  path=$path:$torch/lib
  for folder in "${torch%/*}"/nvidia/*/lib; do
    [ -d "$folder" ] && path=$path:$folder
  done
  return 0
}

# site_program NAME: prints the path of the first program of this name on PATH that is not part of such an archive.
site_program() {
  (
    IFS=:
    for folder in $PATH; do
      candidate=$(readlink -f "$folder/$1") || continue
      if [ -x "$candidate" ] && [ "${candidate##*/}" != start.sh ]; then
        echo "$folder/$1"
        return 0
      fi
    done
  )
}

# Prints the folder with the libmpi.so.40 of the site's mpirun, if its major version fits.
site_mpi() {
  site_mpirun=$(site_program mpirun)
  [ -n "$site_mpirun" ] || return 0
  case $("$site_mpirun" --version 2>/dev/null) in
    *"(Open MPI) ${mpi_version%%.*}."*) ;;
    *) return 0 ;;
  esac
  prefix=$(readlink -f "$site_mpirun")
  prefix=${prefix%/*/*}
  for folder in "$prefix"/lib "$prefix"/lib64 "$prefix"/lib/*-linux-gnu; do
    if [ -e "$folder/libmpi.so.40" ]; then
      echo "$folder"
      return 0
    fi
  done
}

# use_site_mpi DIR: sets preload to the libraries in DIR. Fails if they do not load together with the bundled ones.
use_site_mpi() {
  preload=
  for library in "$home"/libexec/lib/mpi/libmpi*.so.40; do
    [ -e "$1/${library##*/}" ] || return 1
    preload=$preload${preload:+:}$1/${library##*/}
  done
  # Checks the MPI libraries, not the program: for the program --list fails, because torch is not on the path yet.
  for library in "$home"/libexec/lib/mpi/libmpi*.so.40; do
    listed=$("$loader" --library-path "$path${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" --list "$1/${library##*/}" 2>&1) ||
      return 1
    case $listed in
      *"not found"*) return 1 ;;
    esac
  done
}

case ${1:-} in
  --torch=*)
    JPO_TORCH=${1#--torch=}
    shift
    ;;
esac
if [ "${1:-}" = --torch ]; then
  [ $# -ge 2 ] || fail "--torch needs a folder"
  JPO_TORCH=$2
  shift 2
fi
path=$home/libexec/lib
preload=
case ${JPO_MPI:-auto} in
  auto)
    folder=$(site_mpi)
    if [ -n "$folder" ] && use_site_mpi "$folder"; then JPO_MPI=$folder; else JPO_MPI=bundled; fi
    ;;
  bundled) ;;
  *) use_site_mpi "$JPO_MPI" || fail "JPO_MPI=$JPO_MPI: no libmpi.so.40 there that loads with the bundled libraries; allowed: auto, bundled, a folder" ;;
esac
export JPO_MPI
if [ "$JPO_MPI" != bundled ]; then
  case $name in
    mpirun | orted | ompi_info)
      # Uses the launcher beside the chosen library, or the first one on PATH.
      program=
      for folder in "$JPO_MPI/../bin" "$JPO_MPI/../../bin"; do
        [ -z "$program" ] && [ -x "$folder/$name" ] && program=$folder/$name
      done
      [ -n "$program" ] || program=$(site_program "$name")
      [ -n "$program" ] || fail "JPO_MPI=$JPO_MPI, but the site's $name is not on PATH"
      exec "$program" "$@"
      ;;
  esac
else
  preload=
  path=$home/libexec/lib/mpi:$path
  # Open MPI finds its plug-ins and help texts by these variables.
  export OPAL_PREFIX="$home" OPAL_EXEC_PREFIX="$home" OPAL_BINDIR="$home/bin" OPAL_LIBDIR="$home/libexec/lib/mpi" \
    OPAL_PKGLIBDIR="$home/libexec/lib/mpi/plugins" OPAL_DATADIR="$home/share" OPAL_PKGDATADIR="$home/share/openmpi" \
    OPAL_SYSCONFDIR="$home/share/openmpi" PMIX_INSTALL_PREFIX="$home" PMIX_PKGLIBDIR="$home/libexec/lib/mpi/pmix" \
    PMIX_DATADIR="$home/share" PMIX_PKGDATADIR="$home/share/pmix" \
    HWLOC_PLUGINS_PATH="$home/libexec/lib/mpi/hwloc" \
    OMPI_MCA_orte_launch_agent="env JPO_MPI=bundled $home/bin/orted"
  # Open MPI fails on a machine without ssh, rsh and Slurm, even for a run on one machine.
  if [ -z "${SLURM_JOB_ID:-}${OMPI_MCA_plm:-}" ] && ! command -v ssh >/dev/null && ! command -v rsh >/dev/null; then
    export OMPI_MCA_plm=isolated
  fi
fi
case " $torch_programs " in
  *" $name "*) [ -n "$torch_version" ] && find_torch ;;
esac
path=$path${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
# The driver of a CUDA device, in case the loader's cache does not list it.
for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib /usr/lib64 /usr/lib/x86_64-linux-gnu; do
  if [ -e "$folder/libcuda.so.1" ]; then
    path=$path:$folder
    break
  fi
done
# If its launcher is started by an absolute path, Open MPI changes LD_LIBRARY_PATH on all nodes.
case $name in
  mpirun | orted) argv0=$name ;;
  *) argv0=$0 ;;
esac
if [ -n "$preload" ]; then
  exec "$loader" --argv0 "$argv0" --preload "$preload" --library-path "$path" "$home/libexec/$name" "$@"
fi
exec "$loader" --argv0 "$argv0" --library-path "$path" "$home/libexec/$name" "$@"
