#!/usr/bin/env python3
"""Roofline of the models on a device: work of one gradient evaluation, and its predicted time.

Usage: roofline.py [--measured FILE.json] [--json]

Prints the tables of postprocess/gallery/device/README.md in Markdown; --json prints their numbers instead. FILE.json
contains measured seconds of one gradient evaluation (forward and adjoint) of a batch of n problems:

    {"kuramoto_sivashinsky": {"4096": {"seconds": 0.0155}}, "darcy": {"256": {"seconds": 0.2}}}

Formulas follow the loops of src/models; each docstring lists the source functions whose operations are counted. The
sizes of the decks are in MODELS.
"""
import argparse
import json
import math
from dataclasses import dataclass, field

# NVIDIA H200, as assumed on the page.
N_SM = 132
CLOCK = 1.98e9              # Hz
COPY = 4.3e12               # bytes / s, measured copy
PEAK = 34e12 / 2            # operations / s without fused multiply-add
L1 = 200e3                  # bytes of a multiprocessor's first cache that data can use, of 256 kB
L2 = 60e6                   # bytes
MEMORY = 0.9 * 141e9        # bytes
LATENCY = {"none": 0, "L1": 40, "L2": 260, "HBM": 600}  # cycles from a load to the use of its value
CHAIN = 8                   # cycles from one double operation to the next that needs its result
COST = {"div": 10, "root": 12, "exp": 20, "sin": 30}    # double operations of a call
ISSUE = 2                   # cycles of a scheduler for one double operation, load or store of a warp
LAUNCH = 2 * 10e-6          # s: start of two kernels and wait for their end
SIZES = [256, 4096, 65536]


@dataclass
class Work:
    """Work of one gradient evaluation of one problem. `rounds`: (count, dependent operations, tier). In a round a
    thread loads, waits for the latency of the tier, computes and stores; tier is "hot", "record" or "none"."""

    add: float = 0.0
    mul: float = 0.0
    div: float = 0.0
    root: float = 0.0
    exp: float = 0.0
    sin: float = 0.0
    access: float = 0.0         # loads and stores of doubles
    stream_bytes: float = 0.0   # each sweep reads and writes its arrays once
    least_bytes: float = 0.0    # work arrays stay in caches
    hot_bytes: float = 0.0      # work arrays of a thread
    record_bytes: float = 0.0   # states kept for the adjoint
    memory_bytes: float = 0.0   # of a problem on the device
    rounds: list = field(default_factory=list)

    def flops(self):
        return self.add + self.mul

    def operations(self):
        return self.flops() + sum(getattr(self, name) * cost for name, cost in COST.items())


def border_rows(n, length, dt, mass):
    """Return the number of rows whose corner entries the cyclic band LU keeps (src/lanes/cyclic_band_lu.cpp:
    CyclicBandLu::drop_negligible), half-bandwidth 2."""
    w = 2
    d2 = (n / length) ** 2
    second, fourth = [-2.0, 1.0, 0.0], [6.0, -4.0, 1.0]
    a = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for d in range(-w, w + 1):
            a[i][(i + d) % n] = (mass if d == 0 else 0.0) + dt * (second[abs(d)] * d2 + fourth[abs(d)] * d2 * d2)
    for p in range(n):
        columns = [j for j in range(p + 1, n) if a[p][j] != 0.0]
        for i in range(p + 1, n):
            if a[i][p] != 0.0:
                a[i][p] /= a[p][p]
                for j in columns:
                    a[i][j] -= a[i][p] * a[p][j]
    largest = max(abs(a[i][i]) for i in range(n))
    kept = [i for i in range(n - 2 * w) if any(abs(a[n - w + k][i]) >= 1e-18 or abs(a[i][n - w + k]) >= 1e-18 * largest
                                               for k in range(w))]
    return (max(kept) + 1 if kept else 0) + w


def kuramoto_sivashinsky(n, n_step, n_start=0, n_seen=None, length=44.0, dt=0.1):
    """Scheme second_order: src/models/kuramoto_sivashinsky/sweeps.hpp (advance, pull_back) and
    src/lanes/cyclic_band_lu.hpp (the two sweeps).
    n_start > 0: the initial state is unknown, a product with a matrix of n_start columns."""
    first, later = border_rows(n, length, dt, 1.0), border_rows(n, length, dt, 1.5)
    n_seen = n if n_seen is None else n_seen
    band = n - 2
    rows = later * (n_step - 1) + first       # rows with corner entries, of all steps
    solve_add = n_step * (4 * band + 4) + 4 * rows
    solve_mul = n_step * (5 * band + 4) + 4 * rows
    start = 2 * n * n_start                   # start_state, pull_start_state
    work = Work()
    work.add = 2 * solve_add + (5 + 6) * n * n_step - 2 * n + 4 * n_step + n + n_seen + start
    work.mul = 2 * solve_mul + (9 + 9) * n * n_step - 4 * n + 8 * n_step + n + 1 + start
    ends = max(n, n * n_start) + n * n_start + 3 * n_seen + (4 if n_start == 0 else 0)
    loads = n_step * (11 * n + 2 * band + 4) + ends
    stores = 2 * n_step * (n + 2 * band + 2) + 5 * n + 2 * n_seen + 1 + (2 if n_start == 0 else n_start)
    work.access = loads + stores
    # Arrays that are read or written once per step. Forward, 7: u, the previous u, the previous N, N and the next u in
    # advance; the next u twice in the band solve. Adjoint, 8: lambda and mu1; mu1 twice in the band solve; mu1, mu2, u
    # and lambda in pull_back.
    work.stream_bytes = 8 * n_step * (7 + 8) * n
    work.least_bytes = 8 * n_step * 2 * n
    work.hot_bytes = 8 * 5 * n
    work.record_bytes = 8 * (n_step + 1) * n
    work.memory_bytes = work.record_bytes + 8 * (3 * n + n_start + 2 + 3 * n)
    points = n * n_step
    work.rounds = [(points, 10, "hot"), (points, 3, "hot"),                           # step, both sweeps
                   (points, 2, "hot"), (points, 3, "hot"), (points, 7, "record")]     # adjoint, then pull_back
    return work


def navier_stokes(n, n_step, nonzero, panel_rows, panels):
    """Walls, no obstacle, every state kept: src/models/navier_stokes/ fluxes.hpp (sweep, RateShares, AdjointShares),
    sweeps.hpp (advance, pull_back), projection.hpp (apply), and src/lanes/sparse_cholesky.hpp (solve).
    nonzero, panel_rows, panels: of PETSc's nested dissection; entries of L, rows below its panels, panels."""
    cells, corners, unknowns = n * n, n * (n + 1), n * n - 1
    squares = 2 * cells + 2 * n
    project_add = 3 * unknowns + 2 * nonzero + 4 * cells
    project_mul = 2 * nonzero + unknowns + 2 * cells
    work = Work()
    work.add = n_step * (6 * corners + 3 * squares + corners + 5 * cells + 4 * cells + project_add)
    work.add += n_step * (9 * corners + 4 * squares + corners + 5 * cells + 4 * cells + project_add)
    work.add += 2 * project_add + 5 * cells + 4 * cells + 4 * n
    work.mul = n_step * (8 * corners + 5 * squares + 4 * cells + 2 * n + project_mul)
    work.mul += n_step * (7 * corners + 4 * squares + 4 * cells + 4 * n + project_mul)
    work.mul += 2 * project_mul + 7 * cells + 3 * cells + 6 * n
    work.exp, work.sin = 4 * n, 4 * n         # Impulse::along_x; a sine and a cosine are one call
    solve = 2 * (panel_rows + unknowns) + panel_rows + 2 * unknowns - panels
    project = solve + 5 * unknowns + 7 * cells + n + 1
    work.access = n_step * (5 * corners + 17 * cells + 10 * n + project)
    work.access += n_step * (9 * corners + 23 * cells + 18 * n + project)
    work.access += 2 * project + (28 if n_step % 3 == 0 else 32) * cells + 4 * n + 8
    # Arrays that are read or written in a step. Forward: u, rate twice, next u. Adjoint: nu of mu1 and mu2, then u, nu,
    # mu1, lambda. Projection: velocity three times, pressure six times, if each sweep of the factor reads and writes
    # the pressure once.
    work.stream_bytes = 8 * n_step * cells * (8 + 12 + 14 + 12)
    work.least_bytes = 8 * n_step * 4 * cells
    work.hot_bytes = 8 * 11 * cells
    work.record_bytes = 8 * (n_step + 1) * 2 * cells
    work.memory_bytes = work.record_bytes + 8 * (12 * cells + 11 * n)
    # In the backward substitution nothing is stored, so four loads are issued together.
    solve_rounds = panel_rows + panels + panel_rows / 4 + panels
    work.rounds = [(2 * n_step * solve_rounds, 4, "hot"), (2 * n_step * 3 * cells, 3, "hot"),
                   (n_step * 2 * cells, 10, "hot"), (n_step * 4 * cells, 8, "hot")]
    return work


def darcy(n, n_mode, n_wave, n_value, offdiagonal, counted):
    """src/models/darcy/ physics.hpp (solve, adjoint) and operator.hpp; src/lanes/ cosine_expansion.hpp and
    lane_cholesky.hpp.
    n_value, offdiagonal: numbers of a factor, and those of them that are entries of L below its diagonal; counted:
    additions of the factorization alone, and loads and stores of all."""
    cells, faces, edges, n_sensor = n * n, 2 * n * (n - 1), 4 * n - 4, 64
    work = Work(root=cells, exp=cells)
    expand = n_mode * n + cells * n_wave
    sweeps = 4 * offdiagonal                  # forward and backward substitution, in solve and adjoint
    work.add = counted["add"] + sweeps + 2 * expand + 5 * faces + cells + 5 * n_sensor        # forward
    work.add += 5 * faces + edges + 4 * n_sensor                                              # adjoint
    work.mul = counted["add"] + offdiagonal + cells + sweeps + 2 * (expand + n_mode) + 6 * cells + faces + 5 * n_sensor
    work.mul += 6 * faces + 3 * edges + 4 * n_sensor + n_mode
    work.div = 4 * faces + 2 * cells + edges
    work.access = counted["access"]
    # The factor: cleared, assembled, read as source of updates, eliminated, and four sweeps; fields about 20 times.
    work.stream_bytes = 8 * (10 * n_value + 20 * cells)
    work.least_bytes = 8 * 2 * n_value
    work.hot_bytes = 8 * (n_value + 4 * cells)
    work.record_bytes = 8 * (n_value + 2 * cells)
    work.memory_bytes = work.record_bytes + 8 * (2 * cells + n_wave * n + 96)
    work.rounds = [(counted["tile_loads"] / 6, 1, "hot"), (4 * offdiagonal / 4, 4, "hot"), (20 * cells, 4, "hot")]
    return work


def wave_packet(n_sample=256):
    """src/models/wave_packet/wave_packet_kernels.cpp: solve and adjoint of Physics; s / 20 is divided once. Rows are
    not interleaved."""
    work = Work(add=5 * n_sample, mul=11 * n_sample, div=3 * n_sample, exp=2 * n_sample, sin=2 * n_sample)
    work.access = 2 * n_sample
    work.stream_bytes = work.least_bytes = 8 * 2 * n_sample
    work.hot_bytes = 8 * 4
    work.memory_bytes = 8 * (2 * n_sample + 4)
    work.rounds = [(n_sample, 34, "none"), (n_sample, 36, "record")]
    work.record_bytes = 8 * n_sample          # w, read by the adjoint
    return work


def billiards(n_ball, collisions, longest, counted):
    """src/models/billiards/hard_discs.hpp (run, pull_back). collisions: mean number per problem; longest: mean over the
    warps of the largest number of collisions in a warp, because all threads of a warp wait for the longest shot;
    counted: operations of the forward shots, which depend on the draws."""
    pairs = n_ball * (n_ball - 1) / 2
    work = Work(add=counted["add"] + 28 * collisions, mul=counted["mul"] + 30 * collisions,
                div=counted["div"] + 2 * collisions, root=counted["root"])
    work.access = (1 + longest) * pairs * 8 + 30 * longest
    work.hot_bytes = 32 * n_ball + 48 * n_ball
    work.record_bytes = 48 * n_ball
    work.stream_bytes = work.least_bytes = 8 * 2 * (n_ball - 1) + 8 * 8 + 2 * work.hot_bytes
    work.memory_bytes = work.hot_bytes + 16
    work.rounds = [((1 + longest) * pairs, 32, "hot"), (longest, 30, "hot"), (longest, 34, "hot"), (10, 2, "record")]
    return work


# Sizes of the decks in inputs/. The other numbers are counts (postprocess/gallery/device/README.md).
MODELS = {
    "kuramoto_sivashinsky": kuramoto_sivashinsky(128, 250),
    "assimilation": kuramoto_sivashinsky(128, 250, 18, 160),
    "navier_stokes": navier_stokes(64, 100, 80083, 33396, 3031),
    "darcy": darcy(64, 32, 6, 72242, 63904,
                   {"add": 1311500, "access": 2638993, "tile_loads": 1379316}),
    "billiards": billiards(4, 1.478, 2.969, {"add": 189.1, "mul": 179.7, "div": 3.22, "root": 2.74}),
    "wave_packet": wave_packet(),
}
# nvcc -Xptxas -v for sm_90: the larger of the solve and the adjoint kernel.
REGISTERS = {"kuramoto_sivashinsky": 83, "assimilation": 83, "navier_stokes": 148, "darcy": 130, "billiards": 68,
             "wave_packet": 40}
# Measured seconds of one host core for one gradient evaluation (postprocess/gallery/device/README.md).
HOST = {"kuramoto_sivashinsky": 129e-6, "assimilation": 136e-6, "navier_stokes": 9.1e-3, "darcy": 690e-6,
        "billiards": 0.244e-6, "wave_packet": 18.2e-6}
# Operation counts of a gradient, measured with an instrumented build (postprocess/gallery/device/README.md): (formula,
# additions, multiplications, loads and stores).
COUNTED = {
    "kuramoto_sivashinsky": (MODELS["kuramoto_sivashinsky"], 791088, 1078705, 608415),
    "kuramoto_sivashinsky, 125 steps": (kuramoto_sivashinsky(128, 125), 395588, 539205, 304915),
    "kuramoto_sivashinsky, 64 points": (kuramoto_sivashinsky(64, 250), 391048, 534857, 303711),
    "assimilation": (MODELS["assimilation"], 795728, 1083313, 613067),
    "navier_stokes, 20 steps": (navier_stokes(64, 20, 80083, 33396, 3031), 12021950, 10693010, 11444234),
    "navier_stokes, 40 steps": (navier_stokes(64, 40, 80083, 33396, 3031), 23629110, 20999770, 22431634),
    "darcy": (MODELS["darcy"], 1705928, 1770816, 2638993),
}


def predict(name, n):
    """Return the times of a batch of n problems in seconds, and the limiting resource."""
    work = MODELS[name]
    registers = REGISTERS[name]
    parts = math.ceil(n / math.floor(MEMORY / work.memory_bytes))
    share = n / parts
    warps = math.ceil(share / 32)
    resident = min(32, 65536 // (32 * 8 * math.ceil(registers / 8)))  # a warp is a thread block: at most 32
    per_sm = math.ceil(warps / N_SM)
    waves = math.ceil(per_sm / resident)
    active = min(per_sm, resident)
    if work.hot_bytes * 32 * active <= L1:
        hot = "L1"
    else:
        hot = "L2" if work.hot_bytes * min(share, 32 * active * N_SM) <= L2 else "HBM"
    tier = {"hot": hot, "record": "L2" if work.record_bytes * share <= L2 else "HBM", "none": "none"}
    traffic = work.stream_bytes if hot == "HBM" else work.least_bytes
    cycles = sum(count * (LATENCY[tier[where]] + chain * CHAIN) for count, chain, where in work.rounds)
    times = {
        "bytes": n * traffic / COPY,
        "flops": n * work.operations() / PEAK,
        "issue": parts * math.ceil(per_sm / 4) * ISSUE * (work.operations() + work.access) / CLOCK,
        "latency": parts * waves * cycles / CLOCK,
        "launch": parts * LAUNCH,
    }
    rules = max(times, key=times.get)
    seconds = max(value for key, value in times.items() if key != "launch") + times["launch"]
    return {"parts": parts, "warps_per_sm": warps / N_SM, "resident": resident, "hot": hot,
            "times": times, "rules": rules, "seconds": seconds, "rate": n / seconds,
            "share": max(times["bytes"], times["flops"]) / seconds}


def number(x):
    if x == 0.0:
        return "0"
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if x >= limit:
            return f"{x / limit:.3g} {unit}"
    return f"{x:.3g}" if x >= 1.0 else f"{x:.2g}"


def print_tables(measured):
    print("| model | add + mul | div, sqrt | exp, sin | loads + stores | bytes, all sweeps | bytes, least | "
          "work arrays | record |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, work in MODELS.items():
        print(f"| {name} | {number(work.flops())} | {number(work.div)}, {number(work.root)} | {number(work.exp)}, "
              f"{number(work.sin)} | {number(work.access)} | {number(work.stream_bytes)}B | "
              f"{number(work.least_bytes)}B | "
              f"{number(work.hot_bytes)}B | {number(work.record_bytes)}B |")
    print("\n| counted run | additions | multiplications | loads and stores | largest difference to the formulas |")
    print("|---|---|---|---|---|")
    for name, (work, *counts) in COUNTED.items():
        off = max(abs(x / y - 1) for x, y in zip((work.add, work.mul, work.access), counts))
        print(f"| {name} | {counts[0]} | {counts[1]} | {counts[2]} | {100 * off:.3f} % |")
    print("\n| model | n | warps | in | bytes | flops | issue | latency | predicted | rules | eval./s | of roof | "
          "cores | measured |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for name in MODELS:
        for n in SIZES:
            p = predict(name, n)
            t = {key: milliseconds(value) for key, value in p["times"].items()}
            seen = measured.get(name, {}).get(str(n), {}).get("seconds")
            seen = "-" if seen is None else milliseconds(seen)
            print(f"| {name.replace('sivashinsky', 's.')} | {n} | {p['warps_per_sm']:.2g} | {p['hot']} | "
                  f"{t['bytes']} | {t['flops']} | "
                  f"{t['issue']} | {t['latency']} | **{milliseconds(p['seconds'])}** | "
                  f"{p['rules']} | {number(p['rate'])} | {100 * p['share']:.0f} % | "
                  f"{number(p['rate'] * HOST[name])} | {seen} |")
    print("\n| model | registers | resident warps | occupancy at most | problems in memory at once | "
          "half of the roof from n = |")
    print("|---|---|---|---|---|---|")
    for name, work in MODELS.items():
        p = predict(name, 4096)
        room = math.floor(MEMORY / work.memory_bytes)
        enough = [2**k for k in range(5, 23) if predict(name, 2**k)["share"] >= 0.5]
        print(f"| {name} | {REGISTERS[name]} | {p['resident']} | {100 * p['resident'] / 64:.0f} % | {number(room)} | "
              f"{enough[0] if enough else 'never'} |")


def milliseconds(seconds):
    if seconds >= 1.0:
        return f"{1e3 * seconds:.0f}"
    return f"{1e3 * seconds:.3g}" if seconds >= 1e-6 else "0"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--measured", help="JSON file of measured seconds: {model: {n: {seconds: s}}}")
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    arguments = parser.parse_args()
    measured = {}
    if arguments.measured:
        with open(arguments.measured, encoding="utf-8") as file:
            measured = json.load(file)
    if arguments.json:
        result = {name: {"work": vars(work), "predicted": {n: predict(name, n) for n in SIZES}}
                  for name, work in MODELS.items()}
        print(json.dumps({"models": result, "measured": measured}, indent=1))
    else:
        print_tables(measured)


if __name__ == "__main__":
    main()
