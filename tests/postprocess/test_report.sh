#!/usr/bin/env bash
# The tests of postprocess/, with an interpreter that has its modules.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/jobs/environment.sh"
cd "$root/tests/postprocess"
exec "$(find_python)" -B -m unittest test_report test_study_table test_figures
