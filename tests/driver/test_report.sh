#!/usr/bin/env bash
# The tests of postprocess/, with the interpreter that has h5py.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/jobs/environment.sh"
cd "$root/tests/driver"
exec "$(find_python)" -B -m unittest test_report test_study_table
