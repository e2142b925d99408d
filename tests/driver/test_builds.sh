#!/usr/bin/env bash
# Tests that results of another build of the program are recognized: a resumed run and a study refuse to mix them, unless
# --accept-other-build is given. Usage: test_builds.sh JPO
set -uo pipefail
jpo=$1
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
source "$source_dir/jobs/environment.sh"
source "$source_dir/tests/driver/expect.sh"

# patched NAME OLD NEW: writes a copy of the program in which the text OLD is replaced by NEW, of the same length.
patched() {
  python3 - "$jpo" "$@" <<'CODE'
import sys
program, name, old, new = sys.argv[1:]
with open(program, "rb") as file:
    content = file.read()
assert old.encode() in content and len(old) == len(new), (old, new)
with open(name, "wb") as file:
    file.write(content.replace(old.encode(), new.encode()))
CODE
  chmod +x "$1"
}
hash_of() { "$1" version | awk '$1 == "code_hash" { print $2 }'; }
attribute() { h5dump -a "/$2" "$1" | sed -n 's/^ *(0): "\(.*\)"$/\1/p'; }

# The hash depends on constants of the code, but not on the git revision or on symbols for debuggers.
mine=$(hash_of "$jpo")
[[ $mine =~ ^[0-9a-f]{16}$ && $mine == "$(hash_of "$jpo")" ]] || fail "code_hash: $mine"
patched other "diffusion with an unknown" "diffusion With an unknown"
other=$(hash_of ./other)
[[ $other =~ ^[0-9a-f]{16}$ && $other != "$mine" ]] || fail "a changed constant does not change the hash: $mine, $other"
revision=$("$jpo" version | sed -n '1s/.*(\(.*\))/\1/p')
patched renamed "$revision" "${revision//[0-9a-f]/0}"
[[ $(hash_of ./renamed) == "$mine" && $(./renamed version) == *"(${revision//[0-9a-f]/0})"* ]] ||
  fail "the git revision '$revision' belongs to the hash"
strip -o stripped "$jpo"
[[ $(hash_of ./stripped) == "$mine" ]] || fail "symbols belong to the hash"
# One machine code in all ranks.
expect 2 "the ranks run different builds of jpo: rank 0 on $(hostname) has code hash $mine" \
  mpirun --oversubscribe -n 1 "$jpo" models : -n 1 ./other models
grep -q "rank 1 on $(hostname) has code hash $other" log || fail "the other build is not named: $(cat log)"

cat >deck.toml <<'DECK'
[run]
name = "builds"
output = "result.h5"
[data]
n_problem = 4
[model]
name = "diffusion"
n_grid = 15
[checkpoint]
every_updates = 1
[[method]]
name = "bfgs"
kind = "tao"
[[method]]
kind = "joint"
updates = 20
[study]
output = "cells"
seeds = [1, 2]
DECK

# Resume: the build that wrote the checkpoint continues, another one is refused with both builds.
stop=(--set run.max_failed_fraction=0 --set 'fault.problems=[1]' --set 'fault.kind="blow_up"')
expect 3 "1 of 2 methods done" "$jpo" run deck.toml "${stop[@]}"
go=(--set run.max_failed_fraction=0.5 --set 'fault.problems=[1]' --set 'fault.kind="blow_up"')
expect 2 "was written by another build of jpo (code hash $mine, git revision $revision in the file; code hash $other, git revision $revision of this program); allowed: that build, or --accept-other-build" \
  ./other run deck.toml "${go[@]}" --resume
expect 2 "was written by another build" ./other run deck.toml "${go[@]}" --set 'checkpoint.resume="auto"'
cp -r result.h5.checkpoints kept
expect 0 "result: result.h5" ranks 2 "$jpo" run deck.toml "${go[@]}" --resume
[[ $(attribute result.h5 code_hash) == "$mine" && $(attribute result.h5 builds) == "$mine ($revision)" ]] ||
  fail "builds of one program: $(attribute result.h5 builds)"
mv result.h5 whole.h5
cp -r kept result.h5.checkpoints
expect 0 "result: result.h5" ./other run deck.toml "${go[@]}" --resume --accept-other-build
grep -q "warning.*was written by another build" log || fail "no warning about the accepted build: $(cat log)"
same whole.h5 result.h5
[[ $(attribute result.h5 code_hash) == "$other" &&
  $(attribute result.h5 builds) == "$mine ($revision); $other ($revision)" ]] ||
  fail "accepted builds: $(attribute result.h5 builds)"

# Study: cells of another build are neither reused nor replaced without a request.
expect 0 "2 run now, 0 done before" "$jpo" study deck.toml
expect 0 "differs   cells/default_n4_seed1.h5: another build of jpo (code hash $mine" ./other study deck.toml --list
expect 2 "2 of 2 results exist and belong to another deck or build; allowed: another study.output, --overwrite" ./other study deck.toml
grep -q "code hash $mine, git revision $revision in the file; code hash $other" log || fail "both builds are not named"
rm cells/default_n4_seed2.h5
expect 0 "1 run now, 1 done before" ./other study deck.toml --accept-other-build
[[ $(attribute cells/default_n4_seed2.h5 builds) == "$mine ($revision); $other ($revision)" ]] ||
  fail "builds of a study: $(attribute cells/default_n4_seed2.h5 builds)"
expect 2 "1 of 2 results exist and belong to another deck or build" ./other study deck.toml
expect 0 "1 run now, 1 done before" ./other study deck.toml --overwrite
expect 0 "0 run now, 2 done before" ./other study deck.toml

# A source that git does not track makes the revision dirty.
git init -q tree && git -C tree -c user.name=a -c user.email=a@b commit -q --allow-empty -m first
revision_of() {
  cmake -DSOURCE_DIR="$work/tree" -DVERSION=1 -DOUTPUT="$work/revision.hpp" -DCOMPILER=a -DFLAGS=b \
    -P "$source_dir/src/core/session/revision.cmake" && sed -n 's/#define JPO_GIT_REVISION "\(.*\)"/\1/p' revision.hpp
}
[[ $(revision_of) =~ ^[0-9a-f]{12}$ ]] || fail "revision of a clean tree: $(revision_of)"
mkdir -p tree/src/models/own && touch tree/src/models/own/notes.txt
[[ $(revision_of) =~ ^[0-9a-f]{12}$ ]] || fail "a file that is no source makes the tree dirty: $(revision_of)"
touch tree/src/models/own/own.cpp
[[ $(revision_of) =~ ^[0-9a-f]{12}-dirty$ ]] || fail "an untracked source: $(revision_of)"
echo own >tree/.git/info/exclude
[[ $(revision_of) =~ ^[0-9a-f]{12}-dirty$ ]] || fail "an ignored source: $(revision_of)"

exit $((failures > 0))
