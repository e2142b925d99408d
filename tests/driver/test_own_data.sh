#!/usr/bin/env bash
# Tests problems from a file: the example of the README, results as problem files, refusals, files without truth or
# with missing values.
# Usage: test_own_data.sh JPO
set -uo pipefail
jpo=$1
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
source "$source_dir/jobs/environment.sh"
source "$source_dir/tests/driver/expect.sh"
python=$(find_python) || exit 1

# Runs the example of the README, then its command with small sizes.
block() {  # block LANGUAGE: prints the first code block in LANGUAGE of the section
  awk -v start="^\`\`\`$1" '/^## /{section = /^## Your own data/} !section{next}
    $0 ~ start{on = 1; next} /^```/{if (on) exit} on' "$source_dir/inputs/README.md"
}
block python >example.py
block sh >command.sh
[[ $(wc -l <example.py) -ge 8 && $(wc -l <command.sh) -ge 1 ]] || fail "no example in the README"
"$python" example.py || fail "the example of the README failed"
mkdir -p build/release/src && ln -s "$jpo" build/release/src/jpo && ln -s "$source_dir/inputs" inputs
{ printf 'set -e\n'; sed '$s/$/ "$@"/' command.sh; } >cut_short.sh
expect 0 "12 of 12 problems have no reference misfit" bash cut_short.sh --set run.output=own.h5 \
  --set data.n_problem=12 --set method.joint.updates=4 --set parallel.micro_batch=4
expect 0 "have no reference misfit" "$python" "$source_dir/postprocess/report.py" own.h5
h5ls own.h5/problems/truth >/dev/null 2>&1 && fail "a truth is written, although the file has none"

cat >deck.toml <<'DECK'
[data]
n_problem = 10
noise = 0.01
[model]
name = "kuramoto_sivashinsky"
horizon = 3.0
[network]
channels = [4, 4]
hidden = [8]
[parallel]
micro_batch = 3
[[method]]
name = "bfgs"
kind = "tao"
max_evaluations = 10
[[method]]
kind = "joint"
updates = 4
snapshots = 2
gradient_alignment = true
[[method]]
name = "joint+refine"
kind = "refine"
from = "joint"
max_evaluations = 10
starts = 2
[[method]]
kind = "multi_start"
budget_of = "joint+refine"
[[method]]
kind = "levenberg_marquardt"
max_evaluations = 10
[[method]]
kind = "supervised"
updates = 3
[[method]]
kind = "bank"
max_evaluations = 20
updates = 5
DECK
run=("$jpo" run deck.toml --set run.output=)
from() { echo "--set data.source=file --set data.file=$1"; }
same_methods() {
  local found
  found=$(h5diff "$1" "$2" /methods 2>&1 | sed '/^attribute: <seconds of/,+1d')
  [[ -z $found ]] || fail "the methods of $1 and $2 differ: $found"
  h5diff "$1" "$2" /examples || fail "the examples of $1 and $2 differ"
}
hash_of() { h5dump -a /problems/hash "$1" | grep '(0)'; }

# A result is also a problem file. It gives the same answers, on any number of ranks.
expect 0 "result: made.h5" ranks 2 "${run[@]}made.h5"
for n in 1 2 3; do
  expect 0 "10 problems read from made.h5" ranks "$n" "${run[@]}read$n.h5" $(from made.h5)
  same_methods made.h5 "read$n.h5"
  for table in observation context truth floor loss_at_centre; do
    h5diff made.h5 "read$n.h5" "/problems/$table" || fail "$table differs"
  done
  [[ $(hash_of made.h5) == "$(hash_of "read$n.h5")" ]] || fail "the hash differs"
done
h5dump -a /problems/source -a /problems/file read1.h5 >log
grep -q '"file"' log && grep -q '"made.h5"' log || fail "the result does not record the problem file"
# Without n_problem all problems are read, with it the first n_problem. The resolved deck has the number.
sed '/n_problem/d' deck.toml >no_size.toml
expect 0 "n_problem = 10" "$jpo" check no_size.toml $(from made.h5)
expect 0 "n_problem = 4" "$jpo" check deck.toml $(from made.h5) --set data.n_problem=4
expect 0 "result: made4.h5" "${run[@]}made4.h5" --set data.n_problem=4
expect 0 "4 problems read from made.h5, the first of 10" "${run[@]}read4.h5" --set data.n_problem=4 $(from made.h5)
same_methods made4.h5 read4.h5
[[ $(hash_of made.h5) != "$(hash_of made4.h5)" ]] || fail "the hash does not depend on the number of problems"
expect 0 "0 failed" ranks 2 "$jpo" verify deck.toml $(from made.h5) --set data.n_problem=4
expect 0 "result: evaluated.h5" "$jpo" evaluate made.h5 --network joint --deck deck.toml \
  --output evaluated.h5 --set data.source=file --set data.file=made.h5
h5diff read1.h5 evaluated.h5 /methods/bfgs/loss || fail "evaluate reads other problems"

# Refused on all ranks, with one line, without leaving a file; also by check.
refused() {  # refused MESSAGE ARGUMENTS...
  expect 2 "$1" ranks 2 "${run[@]}refused.h5" "${@:2}"
  [[ $(grep -c "jpo: " log) -eq 1 && $(grep -c HDF5-DIAG log) -eq 0 ]] || fail "not one message: $(cat log)"
  [[ ! -e refused.h5 ]] || fail "a refusal leaves a file"
}
"$python" - <<'PY'
import h5py, numpy as np
with h5py.File("made.h5") as made, h5py.File("bare.h5", "w") as bare, h5py.File("narrow.h5", "w") as narrow:
    for name in ("observation", "context"):
        bare[f"problems/{name}"] = made[f"problems/{name}"][...].astype(">f8")
    narrow["problems/observation"] = made["problems/observation"][:, :-1]
    narrow["problems/context"] = made["problems/context"][...]
with h5py.File("holes.h5", "w") as holes, h5py.File("bare.h5") as bare:
    y, c = bare["problems/observation"][...], bare["problems/context"][...]
    y[3, 17], c[5, :] = np.nan, np.inf
    holes["problems/observation"], holes["problems/context"] = y, c
    holes["problems/truth"] = np.where(np.arange(10)[:, None] < 5, 0.5, np.nan) * np.ones(2)
    holes["problems/floor"] = np.where(np.arange(10) < 8, 1e9, np.nan)  # so high that all problems count as solved
with h5py.File("empty.h5", "w") as empty:
    empty["problems/observation"], empty["problems/context"] = np.nan * y, c
PY
for verb in check verify; do
  expect 2 "there is no such file" "$jpo" $verb deck.toml $(from nowhere.h5)
  expect 2 "found 127 values per problem" "$jpo" $verb deck.toml $(from narrow.h5) --set data.n_problem=2
done
refused "there is no such file" $(from nowhere.h5)
refused "found a directory; expected an HDF5 file" $(from .)
refused "found another kind of file; expected an HDF5 file" $(from deck.toml)
refused "/problems/observation: found 127 values per problem; expected 128: the model's observation" $(from narrow.h5)
refused "found 128 values per problem; expected 160: the model's observation" $(from made.h5) --set 'model.unknown=initial_state'
refused "key 'data.n_problem' = 11: made.h5 has 10 problems; allowed: 1 to 10" $(from made.h5) --set data.n_problem=11
refused "there is no problem 10; allowed: 0 to 9" $(from made.h5) --set 'fault.problems=[10]'
refused "key 'method.joint.gradient_alignment' = true: the problems of data.file have no known truth" $(from bare.h5)
refused "key 'data.file': missing" --set data.source=file
refused "reads no file; allowed: data.source = \"file\"" --set data.file=made.h5
cp made.h5 output.h5
expect 2 "key 'run.output' = \"./output.h5\": the problems are read from that file" "${run[@]}./output.h5" --overwrite \
  $(from output.h5)

# A file with data only: the answers are the same, and are judged by the best misfit of all methods.
plain=(--set method.joint.gradient_alignment=false)
expect 0 "result: known.h5" "${run[@]}known.h5" $(from made.h5) "${plain[@]}"
expect 0 "10 of 10 problems have no reference misfit" ranks 2 "${run[@]}bare_run.h5" $(from bare.h5) "${plain[@]}"
for table in parameters loss reason forward_solves adjoint_solves chi2; do
  h5diff known.h5 bare_run.h5 "/methods/bank/$table" || fail "$table of bank depends on the truth"
done
[[ $(hash_of known.h5) == "$(hash_of bare_run.h5)" ]] || fail "the hash depends on the byte order"
expect 0 "10 problems have no reference misfit" "$python" "$source_dir/postprocess/report.py" bare_run.h5
[[ -f bare_run_figures/space_time.png ]] || fail "no figure without a truth"

# Problems without an observation are left out, on any number of ranks. Other problems are unaffected.
for n in 1 2; do
  expect 0 "2 of 10 problems of holes.h5 have a value" ranks "$n" "${run[@]}holes$n.h5" $(from holes.h5)
  grep -q "2 no_observation" log || fail "no reason is printed for the omitted problems"
  grep -q "3 of 10 problems have no reference misfit" log || fail "floors: $(cat log)"
done
same holes1.h5 holes2.h5
"$python" - <<'PY' || fail "holes.h5: answers or floors are wrong"
import h5py, numpy as np
with h5py.File("holes1.h5") as holes, h5py.File("known.h5") as known:
    others = np.setdiff1d(np.arange(10), [3, 5])
    for name in ("parameters", "loss"):
        assert np.array_equal(holes[f"methods/bfgs/{name}"][others], known[f"methods/bfgs/{name}"][others])
    reason = holes["methods/bank/reason"]
    assert list(np.flatnonzero(reason[...] == h5py.check_enum_dtype(reason.dtype)["no_observation"])) == [3, 5]
    # The floor is the misfit at the truth if the truth is known, otherwise the value of the file.
    floor = holes["problems/floor"][...]
    assert np.isfinite(floor[[0, 1, 2, 4]]).all() and (floor[[0, 1, 2, 4]] < 1e6).all(), floor
    assert (floor[5:8] == 1e9).all() and np.isnan(floor[[3, 8, 9]]).all(), floor
PY
expect 0 "bfgs" "$python" "$source_dir/postprocess/report.py" holes1.h5
for n in 1 2; do
  expect 3 "no problem has an answer" ranks "$n" "${run[@]}empty_run$n.h5" $(from empty.h5) "${plain[@]}"
done
same empty_run1.h5 empty_run2.h5
expect 0 "no figures" "$python" "$source_dir/postprocess/report.py" empty_run1.h5

# Starts of the problems' own: every method begins there. A row of NaN is the default start.
"$python" - <<'PY'
import h5py, numpy as np
with h5py.File("made.h5") as made:
    start = made["problems/truth"][...] + 1e-3
    start[2] = np.nan
    for name, value in (("started", start[0, 0]), ("outside", 99.0)):
        with h5py.File(f"{name}.h5", "w") as file:
            for table in ("observation", "context", "truth"):
                file[f"problems/{table}"] = made[f"problems/{table}"][...]
            file["problems/start"] = start
            file["problems/start"][7, 1] = start[7, 1] if name == "started" else value
PY
one=(--set method.bfgs.max_evaluations=1 --set method.joint.updates=1 --set method.multi_start.budget_of=
  --set method.multi_start.max_evaluations=1 --set method.levenberg_marquardt.max_evaluations=1
  --set method.bank.max_evaluations=1 --set method.bank.random_draws=0 --set method.bank.updates=1
  --set network.output_spread=0 --set method.joint.learning_rate=1e-12)
for n in 1 2; do
  expect 0 "result: started_run$n.h5" ranks "$n" "${run[@]}started_run$n.h5" $(from started.h5) "${one[@]}"
done
same_methods started_run1.h5 started_run2.h5
"$python" - <<'PY' || fail "a method does not begin at the start of the problem"
import h5py, numpy as np
with h5py.File("started.h5") as file, h5py.File("started_run1.h5") as run:
    start = file["problems/start"][...]
    start[2] = run["problems/start"][2]
    assert np.isfinite(start).all() and np.array_equal(run["problems/start"][...], start)
    for name in ("bfgs", "joint", "multi_start", "levenberg_marquardt", "bank"):
        answers = run[f"methods/{name}/parameters"][...]
        assert np.allclose(answers, start, atol=1e-6), (name, answers - start)
    assert np.array_equal(run["problems/loss_at_centre"][...], run["methods/bfgs/loss"][...])
PY
expect 2 "/problems/start: found 99 for" ranks 2 "${run[@]}outside_run.h5" $(from outside.h5)
[[ $(hash_of started_run1.h5) != "$(hash_of made.h5)" ]] || fail "the hash does not depend on the starts"

# Fill values, valid ranges and packed numbers, as netCDF and CF define them: the same values as in a plain file.
"$python" - <<'PY'
import h5py, numpy as np
with h5py.File("bare.h5") as bare:
    y, c = bare["problems/observation"][...], bare["problems/context"][...]
stored = np.round(y * 1e4).astype("i4")
holes = {(3, 17): -2000000000, (5, 0): 2000000001, (7, 2): 2000000000}
plain = stored * 1e-4 + 0.25
for at, value in holes.items():
    stored[at], plain[at] = value, np.nan
def write(name, values, **attributes):
    with h5py.File(name, "w") as file:
        file["problems/observation"], file["problems/context"] = values, c
        file["problems/observation"].attrs.update(attributes)
write("plain.h5", plain)
write("packed.h5", stored, scale_factor=1e-4, add_offset=0.25, _FillValue=np.array([-2000000000], "i4"),
      missing_value=np.array([1.0, 2000000001.0]), valid_range=np.array([-2000000000, 1999999999], "i4"))
write("unpacked_range.h5", stored, scale_factor=1e-4, add_offset=0.25, valid_min=-1e3, valid_max=1e3)
single = y.astype("f4")
single[3, 17] = 9.96921e36
write("single.h5", single, _FillValue=9.96921e36)
write("text.h5", y, _FillValue="none")
write("zero.h5", y, scale_factor=0.0)
write("signed.h5", stored, _Unsigned="true")
huge = y.copy()
huge[2, 5] = 1e30
write("huge.h5", huge)
PY
short=("${plain[@]}" --set 'methods=["bfgs"]')
for file in plain packed unpacked_range; do
  expect 0 "3 of 10 problems of $file.h5 have a value in observation or context that is missing" ranks 2 "${run[@]}$file.r.h5" \
    $(from $file.h5) "${short[@]}"
  grep -qF "; /problems/observation: problems 3, 5, 7" log || fail "the ids are not printed: $(cat log)"
  [[ $(hash_of plain.r.h5) == "$(hash_of $file.r.h5)" ]] || fail "$file.h5 is read as other values than plain.h5"
  same_answers=$(h5diff plain.r.h5 $file.r.h5 /methods/bfgs/loss) || fail "$same_answers"
done
expect 0 "1 of 10 problems of single.h5" "${run[@]}single.r.h5" $(from single.h5) "${short[@]}"
refused "/problems/observation: found an attribute _FillValue that cannot be used; expected a number" $(from text.h5)
refused "attribute scale_factor that cannot be used; expected a number that is not 0" $(from zero.h5)
refused "attribute _Unsigned that cannot be used" $(from signed.h5)
# One wild sample without a mark: a warning, the same on any number of ranks. None for the plain file.
for n in 1 2; do
  expect 0 "/problems/observation: sample 5 of problem 2 is 1e+30, more than 1000 times" ranks $n "${run[@]}huge$n.r.h5" \
    $(from huge.h5) "${short[@]}"
done
expect 0 "" "${run[@]}bare.r.h5" $(from bare.h5) "${short[@]}"
grep -q "usual size" log && fail "a warning of outliers for good data: $(cat log)"

# The file is open for writing in another program; a file that is cut off; a path with a variable.
"$python" -c 'import h5py, time; f = h5py.File("bare.h5", "r+"); open("open", "w"); time.sleep(60)' &
writer=$!
for ((k = 0; k < 100; ++k)); do [[ -e open ]] && break; sleep 0.1; done
refused "the file is open for writing in another program, or its file lock cannot be taken" $(from bare.h5)
kill $writer
wait $writer 2>/dev/null
head -c 9000 bare.h5 >cut.h5
refused "the file is cut off: it has 9000 bytes, its header says $(stat -c %s bare.h5)" $(from cut.h5)
data_folder=$work expect 0 "result: variable.r.h5" "${run[@]}variable.r.h5" --set data.source=file \
  --set 'data.file="$data_folder/bare.h5"' "${short[@]}"
refused "the environment variable data_folder is not set" --set data.source=file --set 'data.file="$data_folder/bare.h5"'

# A study of the first problems of the file. After a change of the file, the affected cell is refused.
study=("$jpo" study no_size.toml $(from bare.h5) "${plain[@]}" --set 'study.seeds=[1]' --set run.name=own)
expect 0 "2 run now, 0 done before" "${study[@]}" --set 'study.sizes=[2, 10]'
expect 0 "0 run now, 1 done before" "${study[@]}"
expect 2 "has 10 problems" "${study[@]}" --set 'study.sizes=[2, 11]'
expect 0 "default, n = 10" "$python" "$source_dir/postprocess/study.py" runs/own
cp holes.h5 bare.h5
expect 2 "default_n10_seed1.h5: the problems in bare.h5 have changed" "${study[@]}" --set 'study.sizes=[2, 10]'
grep -q "n2_seed1" log && fail "a cell is refused, although its two problems have not changed"
expect 2 "has no alignment: it needs method.joint.gradient_alignment" "$python" \
  "$source_dir/postprocess/gradient_quality.py" runs/own

exit $((failures > 0))
