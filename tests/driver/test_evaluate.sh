#!/usr/bin/env bash
# Tests `jpo evaluate`: a trained network predicts the parameters of another deck's problems; then its methods run.
# Usage: test_evaluate.sh JPO
set -uo pipefail
jpo=$1
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
source "$source_dir/jobs/environment.sh"
source "$source_dir/tests/driver/expect.sh"

# The answers of the method supervised are those of its trained network, so a prediction must repeat them.
cat >train.toml <<'DECK'
[run]
output = "trained.h5"
[data]
n_problem = 11
[model]
name = "kuramoto_sivashinsky"
horizon = 3.0
[network]
channels = [4, 4]
hidden = [8]
[parallel]
micro_batch = 4
[[method]]
kind = "supervised"
updates = 5
[[method]]
kind = "joint"
updates = 3
mini_batch = 2
DECK
cat >other.toml <<'DECK'
[run]
seed = 5
output = "other.h5"
[data]
n_problem = 9
noise = 0.1
[model]
name = "kuramoto_sivashinsky"
horizon = 2.0
alpha_max = 0.5
[parallel]
micro_batch = 2
[[method]]
name = "bfgs"
kind = "tao"
max_evaluations = 10
[[method]]
name = "predict+refine"
kind = "refine"
from = "predict"
max_evaluations = 10
[[method]]
kind = "multi_start"
budget_of = "predict+refine"
DECK
expect 0 "result: trained.h5" ranks 2 "$jpo" run train.toml
evaluate=("$jpo" evaluate trained.h5 --network supervised --deck)

# Refused before any work, without leaving a file.
expect 2 "deck is required" "$jpo" evaluate trained.h5
expect 2 "cannot read the deck nowhere.toml" "${evaluate[@]}" nowhere.toml
expect 2 "key 'method.predict.result' = \"nowhere.h5\": there is no such file" "$jpo" evaluate nowhere.h5 --deck other.toml
expect 2 "not an HDF5 file" "$jpo" evaluate other.toml --deck other.toml
expect 2 "trained.h5 has several networks; allowed: joint, supervised" ranks 2 "$jpo" evaluate trained.h5 --deck other.toml
expect 2 "has no such network; allowed: joint, supervised" ranks 2 "$jpo" evaluate trained.h5 --deck other.toml --network misspelt
expect 2 "network 'supervised' of trained.h5 was trained on 1 x 128 periodic values of the observation" \
  ranks 2 "${evaluate[@]}" other.toml --set model.n_grid=64
expect 2 "the model of this deck has 10 x 16 periodic" "${evaluate[@]}" other.toml --set model.unknown=initial_state
expect 2 "method 'predict' reads its network from that file" "${evaluate[@]}" other.toml --output ./trained.h5 --overwrite
expect 2 "\"predict\" is the name of two methods" "${evaluate[@]}" other.toml --set method.bfgs.name=predict
expect 2 "\"predict\" is not an earlier method" "$jpo" check other.toml
[[ -e other.h5 ]] && fail "a refusal left a file"

# On the training deck, the prediction must equal the answers of supervised.
expect 0 "result: again.h5" ranks 2 "${evaluate[@]}" train.toml --output again.h5
for table in parameters loss; do
  h5diff trained.h5 again.h5 "/methods/supervised/$table" "/methods/predict/$table" || fail "$table differ"
done
h5diff trained.h5 again.h5 /methods/joint/loss || fail "the other methods of the deck changed"
h5diff trained.h5 again.h5 /methods/joint/loss /methods/predict/loss >/dev/null && fail "h5diff finds no difference"

# Another deck: the same file on any number of ranks; its other methods equal those of `jpo run`.
expect 0 "result: other.h5" "${evaluate[@]}" other.toml
expect 2 "exists and is not overwritten" "${evaluate[@]}" other.toml
for n in 2 3; do
  expect 0 "result: other$n.h5" ranks "$n" "${evaluate[@]}" other.toml --output "other$n.h5"
  same other.h5 "other$n.h5"
done
grep -q "network 'supervised' of trained.h5" log || fail "the network is not shown"
sed '/name = "predict+refine"/,$d; s/other.h5/alone.h5/' other.toml | sed '$d' >alone.toml
expect 0 "result: alone.h5" "$jpo" run alone.toml
for table in parameters loss forward_solves; do
  h5diff alone.h5 other.h5 "/methods/bfgs/$table" || fail "bfgs differs: $table"
done

# A deck with the method predict gives the same result. A deck without methods is allowed. The result of an evaluation
# can be evaluated again.
{ sed '/^\[\[method/,$d' other.toml; printf '[[method]]\nkind = "predict"\nresult = "trained.h5"\nnetwork = "supervised"\n'; } >own.toml
expect 0 "own.toml is valid" "$jpo" check own.toml
expect 0 "result: own.h5" "$jpo" run own.toml --set run.output=own.h5
sed '/^\[\[method/,$d' other.toml >bare.toml
expect 0 "result: bare.h5" "${evaluate[@]}" bare.toml --output bare.h5
same own.h5 bare.h5
expect 0 "result: chain.h5" "$jpo" evaluate own.h5 --deck bare.toml --output chain.h5
same own.h5 chain.h5

exit $((failures > 0))
