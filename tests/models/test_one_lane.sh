#!/usr/bin/env bash
# Tests that kernels give the same bits in the form for the host (a block of problems in registers) and in the form
# for devices (one lane per thread). Usage: test_one_lane.sh PRINT_BITS_BLOCKS PRINT_BITS_ONE_LANE
set -uo pipefail
blocks=$("$1") || exit 1
one_lane=$("$2" cuda) || exit 1
[[ $(grep -c "of sum" <<<"$blocks") -ge 100 ]] || { echo "too few hashes are compared"; exit 1; }
grep -q "nan" <<<"$blocks" && { echo "a sum is not finite: $blocks"; exit 1; }
grep -q "status 0 0 1" <<<"$blocks" || { echo "no problem diverges: $blocks"; exit 1; }
if [[ $blocks != "$one_lane" ]]; then
  diff <(echo "$blocks") <(echo "$one_lane")
  exit 1
fi
echo "$(grep -c "of sum" <<<"$blocks") hashes are equal"
