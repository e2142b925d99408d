#!/usr/bin/env bash
# fuzz_problem_files.py, with the interpreter that has h5py.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/jobs/environment.sh"
exec "$(find_python)" -B "$root/tests/data/fuzz_problem_files.py" "$@"
