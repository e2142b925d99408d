#!/usr/bin/env bash
# The report's own tests, with the interpreter that has h5py.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
source "$root/jobs/environment.sh"
exec "$(find_python)" "$root/tests/driver/test_report.py"
