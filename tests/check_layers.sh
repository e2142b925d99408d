#!/usr/bin/env bash
# Fails if a folder includes a header of a folder that it may not depend on, if a library is included outside its
# folder, if a file is too long without a stated reason, or if a folder has too many files.
# Usage: check_layers.sh [ROOT]
set -uo pipefail
root=${1:-$(dirname "$0")/..}
declare -A sees=(
  [core]="" [core/device]="core" [core/session]="core core/device"
  [lanes]="core core/device" [deck]="core core/session" [parallel]="core core/device"
  [models]="core core/device lanes" [network]="core core/device"
  [inverse]="core core/device models" [io]="core core/device parallel" [data]="core core/device parallel models io"
  [solving]="core core/device deck parallel models network inverse io data"
  [training]="core core/device deck parallel models network inverse io data solving"
  [methods]="core core/device deck parallel models network inverse io data solving training"
  [driver]="core core/device core/session deck parallel models network inverse io data solving training methods")
bad=0
complain() { echo "$1"; bad=1; }

for folder in "${!sees[@]}"; do
  # core/device and core/session have rules of their own. Subfolders of other folders follow the rules of the parent.
  depth=99
  [[ $folder == core ]] && depth=1
  while IFS=: read -r file line text; do
    target=$(sed -E 's|.*"(core/[a-z]+/\|[a-z]+/).*|\1|; s|/$||' <<<"$text")
    [[ $target == "$folder" || " ${sees[$folder]} " == *" $target "* ]] ||
      complain "$file:$line: $folder may not include $target"
  done < <(find "$root/src/$folder" -maxdepth $depth -name '*.?pp' -exec grep -nHE '^#include "[a-z]+/' {} + 2>/dev/null)
done

only() {  # only FOLDERS PATTERN: complains if another folder includes a header that matches PATTERN
  while IFS= read -r hit; do
    complain "$hit: only $1 may include this"
  done < <(grep -rnE --include="*.?pp" "^#include <($2)" "$root/src" | grep -vE "/src/($1)[/.]")
}
only network 'torch/'
only io 'hdf5'
only deck 'toml\+\+/'
only 'main|driver' 'CLI/'

# All environment variables are read in one place, which lists them.
while IFS= read -r hit; do
  complain "$hit: only core/session/environment.cpp may read environment variables"
done < <(grep -rnE --include="*.?pp" '\b(secure_)?getenv\(' "$root/src" | grep -v '/core/session/environment\.cpp:')

while IFS= read -r file; do
  lines=$(wc -l <"$file")
  if [[ $lines -gt 400 ]] && ! grep -q 'long: ' "$file"; then
    complain "$file: $lines lines; split it, or give the reason in a line 'long: reason'"
  fi
done < <(find "$root/src" "$root/tests" "$root/jobs" "$root/postprocess" -type f \
  \( -name '*.cpp' -o -name '*.hpp' -o -name '*.py' -o -name '*.sh' -o -name '*.cmake' \) 2>/dev/null)
while IFS= read -r folder; do
  n=$(find "$folder" -maxdepth 1 -type f | wc -l)
  [[ $n -le 25 ]] || complain "$folder: $n files; at most 25 in a folder"
done < <(find "$root/src" -type d)
exit $bad
