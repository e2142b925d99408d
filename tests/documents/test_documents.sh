#!/usr/bin/env bash
# Checks all documents, then runs the complete example of the README, with fewer problems. Usage: test_documents.sh JPO
set -uo pipefail
jpo=$(realpath "$1")
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
source "$source_dir/jobs/environment.sh"
source "$source_dir/tests/driver/expect.sh"
python=$(find_python) || exit 1

expect 0 ": 0 faults" python3 -B "$source_dir/tests/documents/check_documents.py" "$jpo"

# A copy with faults of each kind must be refused.
mkdir copy
(cd "$source_dir" && git ls-files -co --exclude-standard -z | xargs -0 cp -r --parents -t "$work/copy" 2>/dev/null) || true
cat >>copy/jobs/README.md <<'DOCUMENT'
[no file](nothing.md) [no heading](../README.md#nothing)
```sh
jobs/nothing.sh
jobs/quickstart.sh --nothing
mpirun -n 2 build/release/src/jpo solve inputs/wave_packet.toml
mpirun -n 2 build/release/src/jpo run inputs/wave_packet.toml --nothing
mpirun -n 2 build/release/src/jpo run inputs/wave_packet.toml --set model.nothing=1
mpirun -n 2 build/release/src/jpo run nothing.toml
```
```python
import = 3
```
```toml
key =
```
DOCUMENT
python3 -B copy/tests/documents/check_documents.py "$jpo" >faults && fail "a document with faults passes"
for fault in "no file nothing.md" "no heading #nothing" "no file jobs/nothing.sh" "quickstart.sh has no option --nothing" \
  "no verb solve" "jpo run has no option --nothing" "model.nothing" "no deck nothing.toml" "Python:" "TOML:"; do
  grep -qF -- "$fault" faults || fail "not found: $fault"
done

block() {  # block LANGUAGE N: the Nth block of that language in the README
  awk -v start="^\`\`\`$1" -v wanted="$2" '/^```/ && on {exit} on {print} $0 ~ start && ++n == wanted {on = 1}' "$source_dir/README.md"
}
block toml 1 >arrival.toml
block python 1 >answers.py
[[ $(wc -l <arrival.toml) -ge 12 && $(wc -l <answers.py) -ge 3 ]] || fail "the README has no complete example"
expect 0 "result: runs/run.h5" ranks 2 "$jpo" run arrival.toml --set data.n_problem=16 --set parallel.micro_batch=8 \
  --set method.bank.updates=5
expect 0 "" "$python" answers.py
expect 0 "bank" "$python" "$source_dir/postprocess/report.py" runs/run.h5
[[ $failures -eq 0 ]]
