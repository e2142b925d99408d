#!/usr/bin/env bash
# Runs fuzz_problem_files.py with a Python interpreter that has h5py.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/jobs/environment.sh"
exec "$(find_python)" -B "$root/tests/data/fuzz_problem_files.py" "$@"
