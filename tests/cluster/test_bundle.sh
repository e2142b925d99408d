#!/usr/bin/env bash
# Tests the archive of jobs/bundle.sh in empty roots of Debian 11 and 13, without a network, read-only, as another
# user. The program must start, doctor must find no problem, and a small Kuramoto-Sivashinsky run on 2 ranks must
# have the same bits as the build that the archive was made from. Skipped (77) without root or debootstrap.
#   test_bundle.sh [--archive FILE --build FOLDER] [--torch FOLDER] [--roots FOLDER]
# --archive, --build  an existing archive and the build that it was made from (default: runs
#                     jobs/bundle.sh --without-torch)
# --torch             the torch folder of the Python package, bound to another path in the root; none: the archive
#                     contains LibTorch
# --roots             folder of the Debian roots (default: build/roots); they are made if missing
set -euo pipefail
cd "$(dirname "$0")/../.."
source jobs/environment.sh
source tests/driver/expect.sh
PATH+=:/usr/sbin

kind=linux-x86_64-without-torch
archive='' build=build/bundle/$kind torch=$PWD/build/cuda-stack/torch/torch roots=build/roots
while [[ $# -gt 0 ]]; do
  case $1 in
    --archive) archive=$2 && shift 2 ;;
    --build) build=$2 && shift 2 ;;
    --torch) torch=$2 && shift 2 ;;
    --roots) roots=$2 && shift 2 ;;
    *) echo "unknown option '$1'; allowed: --archive, --build, --torch, --roots" >&2 && exit 2 ;;
  esac
done
if [[ $(id -u) -ne 0 ]] || ! command -v debootstrap >/dev/null; then
  echo "SKIPPED: needs root and debootstrap (jobs/install-dependencies.sh --tests)"
  exit 77
fi
if [[ ! $archive ]]; then
  jobs/bundle.sh --without-torch
  archive=build/$(cd build/bundle/$kind/stage && echo jpo-*).tar.xz
fi
work=$(mktemp -d)
mkdir -p "$roots"
roots=$(cd "$roots" && pwd)

# in_root ROOT COMMAND: runs COMMAND as user 1000, without a network, with the archive read-only in /srv and a
# writable /home. The mounts end with the process that made them.
in_root() {
  unshare --mount --net --propagation private bash -euc '
    root=$1 unpacked=$2 torch=$3 home=$4
    # The root has the programs of another machine, and only these mounts of this one.
    mkdir -p "$root"/{srv/jpo,opt/elsewhere,home/someone}
    mount --bind "$unpacked" "$root/srv/jpo"
    mount -o remount,bind,ro "$root/srv/jpo"
    [[ $torch == none ]] || mount --bind "$(dirname "$torch")" "$root/opt/elsewhere"
    mount --bind "$home" "$root/home/someone"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    ip link set lo up 2>/dev/null || true
    exec chroot --userspec=1000:1000 "$root" /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/home/someone \
      LANG=C.UTF-8 JPO_TORCH="${6:-}" OMP_NUM_THREADS=1 sh -c "cd /home/someone && $5"
  ' in_root "$1" "$work/unpacked" "$torch" "$work/home" "$2" \
    "$([[ $torch == none ]] || echo "/opt/elsewhere/$(basename "$torch")")"
}

mkdir "$work/unpacked" "$work/home"
tar -xJf "$archive" -C "$work/unpacked" --strip-components 1
chmod 755 "$work" "$work/unpacked"
deck=(inputs/kuramoto_sivashinsky.toml --set data.n_problem=32 --set method.joint.updates=5 --set method.bank.updates=5)
for method in bfgs bqnls trust_region levenberg_marquardt joint+refine; do
  deck+=(--set "method.$method.max_evaluations=10")
done
echo "reference: $build/src/jpo"
mpirun -n 2 --oversubscribe --bind-to none "$build/src/jpo" run "${deck[@]}" \
  --set "run.output=\"$work/reference.h5\"" >"$work/reference.log"

# From here on, a failure is counted and the test continues.
set +e
cd "$work"
# This machine has its own libraries and plug-ins; no process of the archive may map one of them.
torch_root=$(dirname "$torch")
[[ $torch == none ]] && torch_root=$work/unpacked || export JPO_TORCH=$torch
JPO_MPI=bundled "$work/unpacked/bin/mpirun" -n 2 --oversubscribe --bind-to none "$work/unpacked/bin/jpo" run \
  "$work/unpacked/${deck[0]}" --set method.joint.updates=100000 --set run.output=long.h5 >long.log 2>&1 &
for _ in $(seq 60); do
  sleep 0.5
  [[ $(pgrep -fc "libexec/jpo run $work") -ge 2 ]] && grep -q "bfgs" long.log && break
done
pgrep -f "$work/unpacked/libexec/" | xargs -I{} cat /proc/{}/maps 2>/dev/null |
  awk '$6 ~ /\.so/ { print $6 }' | sort -u >mapped
kill %1
wait
unset JPO_TORCH
[[ $(grep -c "^$work/unpacked/libexec/lib/" mapped) -ge 50 ]] || fail "too few libraries are mapped: $(cat mapped long.log)"
foreign=$(grep -v -e "^$work/unpacked/" -e "^$torch_root/" mapped)
[[ -z $foreign ]] || fail "libraries of this machine are mapped: $foreign"

for release in bullseye trixie; do
  root=$roots/$release
  if [[ ! -e $root/.done ]]; then
    debootstrap --variant=minbase "$release" "$root" >"$roots/$release.log" && touch "$root/.done"
  fi
  rm -rf "$work/home"/*
  chown 1000:1000 "$work/home"
  start=$SECONDS
  expect 0 "0.1.0" in_root "$root" "/srv/jpo/bin/jpo version"
  cp log "$work/version_$release.txt"
  expect 0 " in /srv/jpo/libexec/lib/mpi/libmpi.so.40" in_root "$root" \
    "/srv/jpo/bin/mpirun --oversubscribe -n 2 /srv/jpo/bin/jpo doctor"
  run="/srv/jpo/bin/mpirun --oversubscribe --bind-to none -n 2 /srv/jpo/bin/jpo run /srv/jpo/${deck[*]}"
  expect 0 "multi_start" in_root "$root" "$run --set run.output=result.h5"
  same "$work/reference.h5" "$work/home/result.h5"
  expect 0 "0 differences found" in_root "$root" "/srv/jpo/bin/h5diff -v result.h5 result.h5"
  if [[ $torch != none ]]; then
    expect 2 "is not a folder of torch" in_root "$root" "/srv/jpo/bin/jpo --torch /nowhere version"
  fi
  # The launcher finds its help texts.
  expect 0 "Usage: mpirun" in_root "$root" "/srv/jpo/bin/mpirun --help"
  echo "$release: $((SECONDS - start)) s"
done
cd /
rm -rf "$work"
[[ $failures -eq 0 ]]
