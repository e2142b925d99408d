#!/usr/bin/env bash
# Fails where an include goes against the flow of the data, where a library is seen outside its
# folder, or where a file is too long without a stated reason. Usage: check_layers.sh [ROOT]
set -uo pipefail
root=${1:-$(dirname "$0")/..}
declare -A sees=(
  [core]="" [deck]="core" [parallel]="core" [models]="core" [network]="core"
  [inverse]="core models" [io]="core parallel" [data]="core parallel models io"
  [methods]="core deck parallel models network inverse io data"
  [driver]="core deck parallel models network inverse io data methods")
bad=0
complain() { echo "$1"; bad=1; }

for folder in "${!sees[@]}"; do
  while IFS=: read -r file line text; do
    target=$(sed -E 's|.*"([a-z]+)/.*|\1|' <<<"$text")
    [[ $target == "$folder" || " ${sees[$folder]} " == *" $target "* ]] ||
      complain "$file:$line: $folder may not include $target"
  done < <(grep -rnE '^#include "[a-z]+/' "$root/src/$folder" 2>/dev/null)
done

only() {  # only FOLDERS may include what matches PATTERN
  while IFS= read -r hit; do
    complain "$hit: only $1 may include this"
  done < <(grep -rnE --include="*.?pp" "^#include <($2)" "$root/src" | grep -vE "/src/($1)[/.]")
}
only network 'torch/'
only io 'hdf5'
only deck 'toml\+\+/'
only main 'CLI/'

while IFS= read -r file; do
  lines=$(wc -l <"$file")
  if [[ $lines -gt 400 ]] && ! grep -q 'long: ' "$file"; then
    complain "$file: $lines lines; split it, or say why in a line 'long: reason'"
  fi
done < <(find "$root/src" "$root/tests" "$root/jobs" "$root/postprocess" -type f \
  \( -name '*.cpp' -o -name '*.hpp' -o -name '*.py' -o -name '*.sh' -o -name '*.cmake' \) 2>/dev/null)
exit $bad
