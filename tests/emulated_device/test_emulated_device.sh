#!/usr/bin/env bash
# Tests that the program gives bit-identical results on the emulated device (emulated_device.hpp) and on the host.
# Usage: test_emulated_device.sh JPO JPO_EMULATED
set -uo pipefail
jpo=$1
emulated=$2
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
source "$source_dir/jobs/environment.sh"
source "$source_dir/tests/driver/expect.sh"

cat >wave_packet.toml <<'DECK'
[run]
name = "wave_packet"
seed = 3
[data]
n_problem = 22
noise = 0.1
[model]
name = "wave_packet"
unknown_amplitude = true
[network]
name = "mlp"
hidden = [16]
[parallel]
micro_batch = 4
solve_batch = 5
[fault]
problems = [5, 9]
kind = "blow_up"
first_evaluation = 6
[[method]]
name = "bfgs"
kind = "tao"
max_evaluations = 20
[[method]]
kind = "joint"
updates = 12
exploration = 0.5
snapshots = 3
loss = "normalized"
gradient_samples = 4
gradient_alignment = true
[[method]]
name = "joint+refine"
kind = "refine"
from = "joint"
starts = 2
max_evaluations = 20
[[method]]
kind = "bank"
max_evaluations = 30
start_evaluations = 10
updates = 8
[[method]]
kind = "supervised"
updates = 8
draws = 3
DECK
cat >assimilation.toml <<'DECK'
[run]
name = "assimilation"
seed = 4
[data]
n_problem = 10
noise = 0.1
inverse_crime = false
[misfit]
residual_scale = 0.1
prior_weight = 1.0
[model]
name = "kuramoto_sivashinsky"
unknown = "initial_state"
horizon = 5.0
[network]
name = "cnn"
precision = "double"
channels = [8, 8]
[parallel]
micro_batch = 2
solve_batch = 3
reduction = "fast"
[fault]
problems = [5]
kind = "not_finite"
first_evaluation = 4
[[method]]
kind = "windows"
stages = 3
concurrent_solves = 3
[[method]]
name = "lm"
kind = "levenberg_marquardt"
max_evaluations = 40
[[method]]
name = "lm_cg"
kind = "levenberg_marquardt"
from = "windows"
linear_solver = "cg"
max_evaluations = 40
[[method]]
kind = "joint"
updates = 6
loss = "huber"
DECK
cat >kuramoto_sivashinsky.toml <<'DECK'
[run]
name = "kuramoto_sivashinsky"
seed = 5
[data]
n_problem = 40
[model]
name = "kuramoto_sivashinsky"
horizon = 5.0
[network]
name = "unet"
channels = [4, 8]
[parallel]
micro_batch = 16
[fault]
problems = [3, 21]
kind = "mask"
[[method]]
kind = "joint"
updates = 10
mini_batch = 5
clip_problem = 0.1
loss = "log"
[[method]]
kind = "multi_start"
max_evaluations = 20
start_evaluations = 5
DECK
cat >navier_stokes.toml <<'DECK'
[run]
name = "navier_stokes"
seed = 6
[data]
n_problem = 6
[model]
name = "navier_stokes"
n_grid = 16
horizon = 0.2
time_step = 0.01
[network]
name = "cnn2d"
channels = [4, 8]
image_channels = 2
[parallel]
micro_batch = 3
[[method]]
kind = "joint"
updates = 5
[[method]]
name = "bfgs"
kind = "tao"
max_evaluations = 8
DECK
cat >billiards.toml <<'DECK'
[run]
name = "billiards"
seed = 7
[data]
n_problem = 33
[model]
name = "billiards"
[network]
name = "mlp"
output_map = "algebraic"
[parallel]
micro_batch = 8
[[method]]
kind = "joint"
updates = 10
clip_problem = 0.5
[[method]]
kind = "bank"
max_evaluations = 20
start_evaluations = 8
candidates = 3
updates = 6
DECK

cat >darcy.toml <<'DECK'
[run]
name = "darcy"
seed = 8
[data]
n_problem = 19
inverse_crime = false
[misfit]
prior_weight = 1e-5
[model]
name = "darcy"
n_grid = 16
n_mode = 6
[network]
name = "cnn"
channels = [8]
[parallel]
micro_batch = 10
[[method]]
kind = "joint"
updates = 8
[[method]]
name = "lm"
kind = "levenberg_marquardt"
max_evaluations = 20
DECK

for deck in wave_packet assimilation kuramoto_sivashinsky navier_stokes billiards darcy; do
  expect 0 "" ranks 2 "$jpo" run $deck.toml --set run.output=host_$deck.h5
  expect 0 "" ranks 2 "$emulated" run $deck.toml --set parallel.device=cuda \
    --set run.output=device_$deck.h5
  grep -q "rank 0: emulated" log || { fail "$deck: the device is not used"; cat log; }
  same host_$deck.h5 device_$deck.h5
done

# A device with too little memory for all problems at once: as many as fit are solved at once, with the same bits.
expect 0 "emulated, 16 problems at once" env JPO_EMULATED_ROOM=4e6 "$emulated" run kuramoto_sivashinsky.toml \
  --set parallel.device=cuda --set run.output=small.h5
same host_kuramoto_sivashinsky.h5 small.h5
expect 0 "the problems of a rank do not fit into the memory of its device" env JPO_EMULATED_ROOM=1e5 "$emulated" check \
  kuramoto_sivashinsky.toml --set parallel.device=cuda

# A network that was trained on the host; problems from a file; gradient checks.
for space in host device; do
  [[ $space == host ]] && program=("$jpo") device=host || program=("$emulated") device=cuda
  expect 0 "" "${program[@]}" evaluate host_wave_packet.h5 --network joint --deck wave_packet.toml \
    --set "parallel.device=$device" --set run.seed=8 --set 'fault.problems=[]' \
    --output evaluated_$space.h5
  expect 0 "" "${program[@]}" run wave_packet.toml --set "parallel.device=$device" \
    --set data.source=file --set data.file=host_wave_packet.h5 --set run.output=read_$space.h5
done
same evaluated_host.h5 evaluated_device.h5
same read_host.h5 read_device.h5
expect 0 "gradient" "$emulated" verify kuramoto_sivashinsky.toml --set parallel.device=cuda

# Counts the bytes that an update of the joint loop copies. For each problem these are loss, status and some flags,
# but never observations or contexts (128 numbers each), parameters or gradients. For each weight these are the two
# integers of its gradient. Copies of weights back to LibTorch are not counted.
traffic() { # traffic UPDATES -> "TO FROM"
  JPO_EMULATED_BYTES=1 "$emulated" run kuramoto_sivashinsky.toml --set parallel.device=cuda \
    --set data.n_problem=64 --set 'network.name="cnn"' --set 'network.channels=[2]' --set 'network.hidden=[2]' \
    --set method.joint.updates="$1" --set method.joint.mini_batch=0 --set method.joint.history_every=1000 \
    --set 'fault.problems=[]' --set method.multi_start.max_evaluations=1 --set run.output=t.h5 \
    --overwrite 2>&1 | sed -n 's/bytes to the device \(.*\), from it \(.*\)/\1 \2/p;s/.*network cnn: \(.*\) weights/\1/p' | xargs
}
read -r n_weight to_few from_few <<<"$(traffic 4)"
read -r n_weight to_many from_many <<<"$(traffic 24)"
to=$(((to_many - to_few) / 20)) from=$(((from_many - from_few) / 20))
echo "an update of 64 problems and $n_weight weights: $to bytes to the device, $from from it"
((from > 64 * 8 && from <= 64 * 32 + 24 * n_weight + 1000)) || fail "too many bytes are copied from the device"
((to <= 64 * 32 + 24 * n_weight + 1000)) || fail "too many bytes are copied to the device"

[[ $failures -eq 0 ]] && echo "bit-identical results on host and emulated device"
exit $((failures > 0))
