#!/usr/bin/env bash
# Runs only the methods bqnls, levenberg_marquardt and trust_region of a deck, and compares them with SciPy.
# OPTIONs are those of scipy_baseline.py; arguments after -- go to jpo run.
#   test_baselines.sh JPO MODEL_SERVER DECK OPTION... [-- --set KEY=VALUE...]
set -euo pipefail
jpo=$1 server=$2 deck=$3
shift 3
options=()
while (($#)) && [[ $1 != -- ]]; do options+=("$1"); shift; done
(($#)) && shift
here=$(cd "$(dirname "$0")" && pwd)
source "$here/../../jobs/environment.sh"
python=$(find_python)
"$python" -c "import scipy" || { echo "[  SKIPPED ] scipy is not installed"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" "$here/only_rivals.py" "$deck" bqnls levenberg_marquardt trust_region >"$work/deck.toml"
"$jpo" run "$work/deck.toml" --set "run.output='$work/result.h5'" "$@"
"$python" -B "$here/scipy_baseline.py" "$server" "$work/result.h5" "${options[@]}"
