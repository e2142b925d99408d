#!/usr/bin/env bash
# Makes one relocatable archive of jpo for machines without an internet connection or without its libraries.
# It contains program, decks, job scripts, postprocess, MPI and all shared libraries, also the C library and the loader.
# The driver of a CUDA device is not included. jobs/README.md describes the use of the archive.
#   jobs/bundle.sh [--without-torch] [--cuda ARCH] [--tests] [--arch NAME] [--output FOLDER]
# --without-torch  build against the torch package of Python, and leave LibTorch out. On the target, bin/jpo finds
#                  a torch of the same version by --torch DIR, by JPO_TORCH or in python3
# --cuda ARCH      build for CUDA devices of this compute capability (90 for H100 and H200) with the libraries of
#                  jobs/build-cuda-stack.sh; only with --without-torch, because LibTorch for CUDA takes 4 GB
# --tests          also include the test programs, benchmarks and scripts that jobs/gpu-check.sh runs
# --arch NAME      instruction set of the host code (default: x86-64-v3, processors since about 2015)
# --output FOLDER  where the archive is written (default: build)
set -euo pipefail
cd "$(dirname "$0")/.."
source jobs/environment.sh

torch=inside cuda='' tests='' arch=x86-64-v3 output=build
while [[ $# -gt 0 ]]; do
  case $1 in
    --without-torch) torch=outside && shift ;;
    --cuda) cuda=${2:?--cuda needs a value} && shift 2 ;;
    --tests) tests=yes && shift ;;
    --arch) arch=${2:?--arch needs a value} && shift 2 ;;
    --output) output=${2:?--output needs a value} && shift 2 ;;
    -h | --help) sed -n '2,14s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *)
      echo "unknown option '$1'; allowed: --without-torch, --cuda, --tests, --arch, --output, --help" >&2
      exit 2
      ;;
  esac
done
if [[ $cuda && ! $cuda =~ ^[0-9]{2,3}$ ]]; then
  echo "--cuda $cuda: allowed: one compute capability without its point, for example 90" >&2
  exit 2
fi
if [[ $cuda && $torch == inside ]]; then
  echo "--cuda needs --without-torch: LibTorch for CUDA and its libraries would add 4 GB to the archive" >&2
  exit 2
fi

step() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }
stack=$PWD/build/cuda-stack
kind=linux-x86_64
[[ $cuda ]] && kind+=-sm$cuda
[[ $torch == outside ]] && kind+=-without-torch
[[ $tests ]] && kind+=-tests
build=build/bundle/$kind

step "dependencies"
jobs/install-dependencies.sh
command -v objdump xz >/dev/null || { echo "objdump and xz are needed (Debian: binutils, xz-utils)" >&2 && exit 2; }
settings=(-G Ninja -DCMAKE_BUILD_TYPE=Release "-DJPO_ARCH=$arch")
if [[ $tests ]]; then
  settings+=(-DJPO_TESTS=ON -DJPO_BENCHMARKS=ON)
else
  settings+=(-DJPO_TESTS=OFF -DJPO_BENCHMARKS=OFF)
fi
if [[ $cuda ]]; then
  jobs/build-cuda-stack.sh --arch "$cuda"
  export PKG_CONFIG_PATH=$stack/petsc/lib/pkgconfig:${PKG_CONFIG_PATH:-}
  settings+=(-DJPO_CUDA=ON "-DCMAKE_CUDA_ARCHITECTURES=$cuda" "-DCMAKE_PREFIX_PATH=$stack/torch/torch")
elif [[ $torch == outside ]]; then
  jobs/build-cuda-stack.sh --only-torch
  # Uses only the host part of the package: its own CMake files would also link the CUDA part.
  mkdir -p "$build/torch"
  version=$(sed -n "s/^__version__ = '\([0-9.]*\)['+].*/\1/p" "$stack/torch/torch/version.py")
  cat >"$build/torch/TorchConfig.cmake" <<CMAKE
set(Torch_VERSION $version)
set(TORCH_INCLUDE_DIRS $stack/torch/torch/include $stack/torch/torch/include/torch/csrc/api/include)
set(TORCH_LIBRARIES $stack/torch/torch/lib/libtorch_cpu.so $stack/torch/torch/lib/libc10.so)
CMAKE
  # The host library of the package has undefined symbols of the CUDA libraries beside it.
  settings+=("-DTorch_DIR=$PWD/$build/torch" "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--allow-shlib-undefined")
fi

step "build in $build"
programs=(jpo)
if [[ $tests ]]; then
  programs+=(print_bits_blocks test_device test_device_sum bench_models bench_parallel)
fi
cmake -S . -B "$build" "${settings[@]}"
cmake --build "$build" --target "${programs[@]}"
version=$(sed -n 's/^project(jpo VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
name=jpo-$version-$kind
stage=$build/stage/$name

step "collect into $stage"
rm -rf "$build/stage"
# Not in lib/: MPI launchers add that folder to the LD_LIBRARY_PATH of all programs, also of those of the site.
lib=$stage/libexec/lib
mkdir -p "$stage"/{bin,licences,share} "$lib"/mpi/{plugins,pmix}
paths=()
for program in "${programs[@]}"; do
  file=$(find "$build" -path "$build/stage" -prune -o -name "$program" -type f -perm -u+x -print)
  [[ $file ]] || { echo "$program was not built in $build" >&2 && exit 1; }
  paths+=("$file")
done
# Open MPI: launcher, plug-ins and help texts, from the paths that ompi_info reports.
ompi_path() { ompi_info --parsable --path "$1" | cut -d: -f3; }
plugins=()
while IFS= read -r plugin; do
  # OpenSHMEM and fault tolerance are not used.
  objdump -p "$plugin" | grep -q liboshmem || plugins+=("$plugin")
done < <(find "$(ompi_path pkglibdir)" -name 'mca_*.so')
pmix_plugins=(/usr/lib/x86_64-linux-gnu/pmix2/lib/pmix/*.so)
[[ -e ${pmix_plugins[0]} ]] || pmix_plugins=()
mpi_programs=()
for program in mpirun orted ompi_info; do
  mpi_programs+=("$(readlink -f "$(command -v "$program")")")
done
paths+=("$(readlink -f "$(command -v h5diff)")")

excluded=()
torch_version='' torch_cuda='' torch_programs=''
if [[ $torch == outside ]]; then
  excluded=(--exclude "$stack/torch" --exclude /usr/local/cuda)
  torch_version=$(sed -n "s/^__version__ = '\([0-9.]*\).*/\1/p" "$stack/torch/torch/version.py")
  [[ $cuda ]] && torch_cuda=$(sed -n "s/^cuda: .*= '\([0-9]*\).*/\1/p" "$stack/torch/torch/version.py")
  # PETSc for CUDA uses the CUDA libraries of the torch package, so every program needs that package.
  torch_programs="jpo test_device"
  [[ $cuda ]] && torch_programs="${programs[*]}"
fi
python=$(find_python json)
LD_LIBRARY_PATH=$(find "$stack/torch/nvidia" -maxdepth 2 -name lib -printf '%p:' 2>/dev/null || true) \
  "$python" jobs/bundle/libraries.py "${excluded[@]}" --programs "${paths[@]}" \
  --plugins "${mpi_programs[@]}" "${plugins[@]}" "${pmix_plugins[@]}" >"$build/libraries.txt"
while read -r set library path; do
  # The copy has the requested name: the archive needs no links from versioned names.
  if [[ $set == mpi ]]; then target=$lib/mpi/$library; else target=$lib/$library; fi
  cp "$path" "$target"
done <"$build/libraries.txt"
# All parts of the C library, in one version: a torch on the target can request parts that no program here requests.
libc=$(awk '$2 == "libc.so.6" { print $3 }' "$build/libraries.txt")
cp "${libc%/*}"/lib{pthread,dl,rt,util,resolv,anl,mvec,nss_files,nss_dns,nss_compat}.so.[0-9] "$lib"
cp "${plugins[@]}" "$lib/mpi/plugins"
[[ ${#pmix_plugins[@]} -eq 0 ]] || cp "${pmix_plugins[@]}" "$lib/mpi/pmix"
# Modules that UCX loads from a folder beside itself.
ucx=$(awk '$2 ~ /^libucs/ { print $3 }' "$build/libraries.txt")
if [[ $ucx && -d ${ucx%/*}/ucx ]]; then
  mkdir -p "$lib/mpi/ucx"
  cp "${ucx%/*}"/ucx/*.so* "$lib/mpi/ucx"
fi
cp -r "$(ompi_path pkgdatadir)" "$stage/share/openmpi"
[[ ! -d /usr/lib/x86_64-linux-gnu/pmix2/share/pmix ]] || cp -r /usr/lib/x86_64-linux-gnu/pmix2/share/pmix "$stage/share/pmix"
cp "$(ompi_path sysconfdir)"/*.conf "$stage/share/openmpi"
for path in "${paths[@]}" "${mpi_programs[@]}"; do
  target=$stage/libexec/$(basename "$path")
  [[ $path == */orterun ]] && target=$stage/libexec/mpirun
  [[ $path == */h5diff.* || $path == */h5diff ]] && target=$stage/libexec/h5diff
  cp "$path" "$target"
  chmod u+w "$target"
done
cp jobs/bundle/start.sh "$stage/libexec/start.sh"
for program in jpo mpirun orted ompi_info h5diff; do ln -s ../libexec/start.sh "$stage/bin/$program"; done
if [[ $tests ]]; then
  mkdir -p "$stage/tests/bin" "$stage/tests/benchmarks"
  for program in "${programs[@]:1}"; do ln -s ../../libexec/start.sh "$stage/tests/bin/$program"; done
  cp tests/benchmarks/jax_gradients.py "$stage/tests/benchmarks"
  # Values of jpo that JAX is compared with, if `jax_gradients.py reference` has made them (jobs/README.md).
  cp build/jax_reference_*.npz "$stage/tests/benchmarks" 2>/dev/null || echo "no build/jax_reference_*.npz: without"
fi
# Removes debug symbols and the library paths of this build: both are useless on other machines.
chmod -R u+w "$stage"
find "$stage/libexec" -type f \( -name '*.so*' -o -perm -u+x \) ! -name '*.sh' \
  ! -name 'ld-linux*' -exec strip --strip-unneeded {} + 2>/dev/null || true
for program in "${programs[@]}"; do
  echo "file(RPATH_REMOVE FILE \"$PWD/$stage/libexec/$program\")"
done >"$build/remove_rpath.cmake"
echo "file(GLOB libraries \"$PWD/$lib/libpetsc*\")
foreach(library IN LISTS libraries)
  file(RPATH_REMOVE FILE \"\${library}\")
endforeach()" >>"$build/remove_rpath.cmake"
cmake -P "$build/remove_rpath.cmake"
cat >"$stage/libexec/bundle.conf" <<CONF
mpi_version=$(mpirun --version | sed -n 's/^mpirun (Open MPI) //p')
torch_version=$torch_version
torch_cuda=$torch_cuda
torch_programs="$torch_programs"
CONF
git describe --always --dirty >"$stage/REVISION"
mkdir -p "$stage/inputs" "$stage/jobs" "$stage/postprocess"
git ls-files inputs jobs postprocess README.md LICENSE | grep -v '^postprocess/gallery/' |
  tar -c -T - | tar -x -C "$stage"

step "licences"
# The copyright files of the packages that contain the libraries. Debian's list has some of their paths without /usr.
{
  awk '{ print $3 }' "$build/libraries.txt"
  printf '%s\n' "${plugins[@]}" "${pmix_plugins[@]}" "${mpi_programs[@]}" "${paths[-1]}"
} | sort -u >"$build/files.txt"
xargs -a <(cat "$build/files.txt" <(sed -n 's#^/usr/lib#/lib#p' "$build/files.txt")) dpkg-query -S \
  2>/dev/null >"$build/packages.txt" || true
cut -d: -f1 "$build/packages.txt" | sort -u | while read -r package; do
  cp -L "/usr/share/doc/$package/copyright" "$stage/licences/$package"
done
while read -r file; do
  if [[ $file == "$stack"/petsc/* ]]; then
    texts=(/usr/share/doc/libpetsc-real3.*/copyright)  # PETSc's licence is the same for all versions
    cp -L "${texts[0]}" "$stage/licences/petsc"
  elif ! grep -qF -e ": $file" -e ": ${file#/usr}" "$build/packages.txt"; then
    echo "no licence found for $file" >&2
    exit 1
  fi
done <"$build/files.txt"
cp -L /usr/share/common-licenses/* "$stage/licences"
for package in libtomlplusplus-dev libcli11-dev libfmt-dev libspdlog-dev; do
  cp -L "/usr/share/doc/$package/copyright" "$stage/licences/$package"
done

step "archive"
mkdir -p "$output"
archive=$output/$name.tar.xz
tar -C "$build/stage" --owner=0 --group=0 --sort=name --mode=a+rX -c "$name" | xz -T0 -9 >"$archive.part"
mv "$archive.part" "$archive"
du -sh "$stage" | awk '{ print "unpacked: " $1 }'
ls -l "$archive" | awk '{ printf "archive: %s, %.1f MB\n", $NF, $5 / 1e6 }'
