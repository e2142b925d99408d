#!/usr/bin/env python3
"""Computes gradients of the misfit with JAX, on the discretizations of jpo's models.

    jax_gradients.py bench --model kuramoto_sivashinsky --n 256,4096 --precision float64 --json OUT.json
    jax_gradients.py reference --server MODEL_SERVER --deck DECK --out REFERENCE.npz
    jax_gradients.py check REFERENCE.npz

`bench` times value and gradient of a batch of misfits 1/2 |y(m) - y_obs|^2 with respect to the
parameters m. `reference` stores values and gradients of jpo; `check` compares JAX with them.

The schemes, the time steps, the first step and the grids are those of src/models/
kuramoto_sivashinsky/sweeps.hpp (unknown = "forcing", data without a finer grid) and of
src/models/navier_stokes/ (without a cylinder). The derivatives are JAX's reverse mode through
lax.scan, jit(vmap(value_and_grad)). Only the linear solves differ in method, not in the result:

    kuramoto_sivashinsky   B is circulant. "dense": product with its inverse; "fft": real FFT.
    navier_stokes          the pressure operator is diagonal in products of Fourier modes in x and
                           of cosines (walls) or Fourier modes in y. "dense": products with the
                           matrices of eigenvectors; "fft": real FFT, of the even extension if there
                           are walls.

Products in float32 use full precision, not TF32. Needs jax and numpy; Python 3.11 or later.

long: one file, because it is copied alone to machines with a device.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import pathlib
import re
import sys
import time
import tomllib

import numpy as np

import jax
import jax.numpy as jnp
from jax import lax

jax.config.update("jax_enable_x64", True)

SEED = 20261129
N_REFERENCE = 16
HOST_MEMORY = 4e9  # limit of a plan on the CPU, bytes
DEVICE_SHARE = 0.95  # of the memory that XLA may allocate
CHUNKS = (16384, 4096, 1024)  # problems at once if a batch does not fit
FOURIER_DECAY = 3.2  # of the modes of u(0), as in src/models/kuramoto_sivashinsky/fourier.hpp
HIGHEST = lax.Precision.HIGHEST

DEFAULTS = {  # the defaults of jpo's keys in [model]
    "kuramoto_sivashinsky": {
        "horizon": 25.0, "length": 44.0, "n_grid": 128, "scheme": "second_order", "time_step": 0.0,
        "unknown": "forcing", "alpha_max": 1.0, "beta_min": 0.5, "beta_max": 1.5},
    "navier_stokes": {
        "n_grid": 64, "horizon": 0.5, "time_step": 0.005, "viscosity": 2e-3, "walls": True,
        "obstacle": "none", "speed": 0.5, "impulse_height": 0.15, "impulse_width": 0.06,
        "strength_max": 3.0},
}
IGNORED_KEYS = {"name", "memory_cap", "obstacle_x", "obstacle_y", "obstacle_radius"}


def scan_steps(step, state, n_step: int, segment: int):
    """Applies `step` n_step times.

    If segment > 0, reverse mode stores one state per `segment` steps and recomputes the others. If segment is 0, it
    stores the residuals of all steps.
    """

    def steps(count):
        return lambda state: lax.scan(lambda s, _: (step(s), None), state, None, length=count)[0]

    if segment == 0:
        return steps(n_step)(state)
    n_segment, rest = divmod(n_step, segment)
    if rest > 0:
        state = jax.checkpoint(steps(rest))(state)
    one = jax.checkpoint(steps(segment))
    return lax.scan(lambda s, _: (one(s), None), state, None, length=n_segment)[0]


class KuramotoSivashinsky:
    """Computes u(T) of one problem from c = u(0) and m = (alpha, beta)."""

    STENCILS = {
        "second_order": {"second": [-2.0, 1.0, 0.0, 0.0], "fourth": [6.0, -4.0, 1.0, 0.0],
                         "mass": 1.5, "theta": 1.0, "flux": 0.25, "time_step": 0.1},
        "fourth_order": {"second": [-5 / 2, 4 / 3, -1 / 12, 0.0],
                         "fourth": [28 / 3, -13 / 2, 2.0, -1 / 6],
                         "mass": 1.0, "theta": 0.5, "flux": 1 / 24, "time_step": 0.05},
    }

    def __init__(self, keys: dict, dtype, linear_solve: str, spoil: float = 0.0):
        if keys["unknown"] != "forcing":
            raise SystemExit("model.unknown: only \"forcing\" is implemented")
        self.keys, self.linear_solve = keys, linear_solve
        stencil = self.STENCILS[keys["scheme"]]
        n = self.n = keys["n_grid"]
        self.second_order = keys["scheme"] == "second_order"
        self.dt = keys["time_step"] or stencil["time_step"]
        self.n_step = round(keys["horizon"] / self.dt)
        dx = keys["length"] / n
        self.flux = float(stencil["flux"] / dx * (1.0 + spoil))
        self.forcing = np.cos(4.0 * np.pi * np.arange(n) / n).astype(dtype)
        self.lower = np.array([-keys["alpha_max"], keys["beta_min"]])
        self.upper = np.array([keys["alpha_max"], keys["beta_max"]])

        def symbol(mass):  # eigenvalues of B
            angle = 2.0 * np.pi * np.arange(n) / n
            total = np.full(n, mass)
            for k in range(4):
                weight = stencil["second"][k] / dx**2 + stencil["fourth"][k] / dx**4
                cosine = 1.0 if k == 0 else 2.0 * np.cos(k * angle)
                total = total + stencil["theta"] * self.dt * weight * cosine
            return total

        def inverse(mass):
            if linear_solve == "fft":
                return (1.0 / symbol(mass))[: n // 2 + 1].astype(dtype)
            column = np.fft.ifft(1.0 / symbol(mass)).real
            index = (np.arange(n)[:, None] - np.arange(n)[None, :]) % n
            matrix = column[index]
            return (0.5 * (matrix + matrix.T)).astype(dtype)

        self.first_inverse, self.inverse = inverse(1.0), inverse(stencil["mass"])

    def _solve(self, inverse, r):
        if self.linear_solve == "fft":
            return jnp.fft.irfft(inverse * jnp.fft.rfft(r), n=self.n)
        return jnp.matmul(jnp.asarray(inverse), r, precision=HIGHEST)

    def _nonlinear(self, m, u):
        square = u * u
        difference = jnp.roll(square, -1) - jnp.roll(square, 1)
        if not self.second_order:
            difference = 8.0 * difference - (jnp.roll(square, -2) - jnp.roll(square, 2))
        return m[0] * self.forcing - (self.flux * m[1]) * difference

    def observe(self, c, m, segment: int):
        dt = self.dt
        first_rate = self._nonlinear(m, c)
        if self.second_order:
            u = self._solve(self.first_inverse, c + dt * first_rate)

            def step(state):
                u, before, old = state
                rate = self._nonlinear(m, u)
                r = 2.0 * u - 0.5 * before + dt * (2.0 * rate - old)
                return self._solve(self.inverse, r), u, rate

            return scan_steps(step, (u, c, first_rate), self.n_step - 1, segment)[0]
        u = self._solve(self.first_inverse, 2.0 * c + dt * first_rate) - c

        def step(state):
            u, old = state
            rate = self._nonlinear(m, u)
            r = 2.0 * u + dt * (1.5 * rate - 0.5 * old)
            return self._solve(self.inverse, r) - u, rate

        return scan_steps(step, (u, first_rate), self.n_step - 1, segment)[0]

    def draw_context(self, random, count: int) -> np.ndarray:
        """Returns smooth fields of 9 Fourier modes, with standard deviation 1 over the grid."""
        k = np.arange(1, 10)
        amplitude = np.exp(-(k / FOURIER_DECAY) ** 2)
        phase = 2.0 * np.pi * np.outer(k, np.arange(self.n)) / self.n
        modes = np.concatenate([amplitude[:, None] * np.cos(phase),
                                amplitude[:, None] * np.sin(phase)])
        c = random.standard_normal((count, len(modes))) @ modes
        return c / np.sqrt(np.mean(c**2, axis=1, keepdims=True))


class NavierStokes:
    """Computes the velocity in the upper half at T from that at time 0 and m = (x, f_x, f_y).

    u, v [j, i] are on the left and the lower face of cell (i, j).
    """

    def __init__(self, keys: dict, dtype, linear_solve: str, spoil: float = 0.0):
        if keys["obstacle"] != "none":
            raise SystemExit("model.obstacle: only \"none\" is implemented")
        self.keys, self.linear_solve = keys, linear_solve
        n = self.n = keys["n_grid"]
        self.walls = keys["walls"]
        self.dt = keys["time_step"]
        self.n_step = round(keys["horizon"] / self.dt)
        self.viscous = keys["viscosity"] * n * (1.0 + spoil)
        self.open_v = np.ones((n, 1), dtype)
        if self.walls:
            self.open_v[0] = 0.0
        strength = keys["strength_max"]
        self.lower = np.array([0.1, -strength, -strength])
        self.upper = np.array([0.9, strength, strength])
        width = keys["impulse_width"]
        self.width = width

        def rows(offset):
            y = np.arange(n) / n - keys["impulse_height"] + offset
            return np.exp(-y * y / (2.0 * width * width)).astype(dtype)

        self.rows_u, self.rows_v = rows(0.5 / n), rows(0.0)
        self.x_u = (np.arange(n) / n).astype(dtype)
        self.x_v = (np.arange(n) / n + 0.5 / n).astype(dtype)

        k = np.arange(n)
        if linear_solve == "fft":
            n_y = 2 * n if self.walls else n
            along_x = 2.0 - 2.0 * np.cos(2.0 * np.pi * np.arange(n // 2 + 1) / n)
            along_y = 2.0 - 2.0 * np.cos(2.0 * np.pi * np.arange(n_y) / n_y)
        else:
            fourier, along_x = self._fourier(n)
            self.basis_x = fourier.astype(dtype)
            if self.walls:
                cosine = np.cos(np.pi * np.outer(k, k + 0.5) / n) * math.sqrt(2.0 / n)
                cosine[0] /= math.sqrt(2.0)
                self.basis_y = cosine.astype(dtype)
                along_y = 2.0 - 2.0 * np.cos(np.pi * k / n)
            else:
                self.basis_y, along_y = self.basis_x, along_x
        total = along_y[:, None] + along_x[None, :]
        total[0, 0] = 1.0
        self.inverse = 1.0 / total
        self.inverse[0, 0] = 0.0  # a constant pressure has no gradient
        self.inverse = self.inverse.astype(dtype)

    @staticmethod
    def _fourier(n: int):
        """Returns orthonormal real Fourier modes as rows, and the eigenvalues of the second difference."""
        points = np.arange(n)
        rows, values = [], []
        for k in range(n // 2 + 1):
            angle = 2.0 * np.pi * k * points / n
            single = k == 0 or 2 * k == n
            rows.append(np.cos(angle) * math.sqrt((1.0 if single else 2.0) / n))
            values.append(2.0 - 2.0 * math.cos(2.0 * math.pi * k / n))
            if not single:
                rows.append(np.sin(angle) * math.sqrt(2.0 / n))
                values.append(values[-1])
        return np.array(rows), np.array(values)

    def _pressure(self, divergence):
        n = self.n
        if self.linear_solve == "fft":
            if self.walls:
                divergence = jnp.concatenate([divergence, divergence[::-1]])
            spectrum = self.inverse * jnp.fft.rfft2(divergence)
            return jnp.fft.irfft2(spectrum, s=divergence.shape)[:n]

        def product(a, b):
            return jnp.matmul(a, b, precision=HIGHEST)

        x, y = jnp.asarray(self.basis_x), jnp.asarray(self.basis_y)
        spectrum = self.inverse * product(y, product(divergence, x.T))
        return product(y.T, product(spectrum, x))

    def _project(self, u, v):
        v = self.open_v * v
        p = self._pressure(jnp.roll(u, -1, 1) - u + jnp.roll(v, -1, 0) - v)
        return u + (p - jnp.roll(p, 1, 1)), v + self.open_v * (p - jnp.roll(p, 1, 0))

    def _rate(self, u, v):
        n, viscous = self.n, self.viscous

        def square(a, b):
            mean = 0.5 * (a + b)
            return mean * mean - viscous * (b - a)

        cell_u = square(u, jnp.roll(u, -1, 1))
        cell_v = square(v, jnp.roll(v, -1, 0))
        # Corner rows 0 .. n: u below and above them, v on them.
        below = -u[:1] if self.walls else u[-1:]
        above = -u[-1:] if self.walls else u[:1]
        a = jnp.concatenate([below, u])
        b = jnp.concatenate([u, above])
        d = jnp.concatenate([v, v[:1]])
        c = jnp.roll(d, 1, 1)
        product = 0.25 * ((a + b) * (c + d))
        corner_u = product - viscous * (b - a)
        corner_v = (product - viscous * (d - c))[:n]
        rate_u = jnp.roll(cell_u, 1, 1) - cell_u + corner_u[:-1] - corner_u[1:]
        rate_v = jnp.roll(cell_v, 1, 0) - cell_v + corner_v - jnp.roll(corner_v, -1, 1)
        return n * rate_u, n * rate_v

    def _impulse(self, x, m):
        distance = jnp.sin(np.pi * (x - m[0])) / np.pi
        return jnp.exp(-0.5 / (self.width * self.width) * distance * distance)

    def observe(self, c, m, segment: int):
        n, dt = self.n, self.dt
        c = c.reshape(2, n // 2, n)
        rest = jnp.zeros((n // 2, n), c.dtype)
        u = jnp.concatenate([rest, c[0]])
        v = jnp.concatenate([rest, c[1]])
        u = u + self.rows_u[:, None] * (m[1] * self._impulse(self.x_u, m))
        v = v + self.rows_v[:, None] * (m[2] * self._impulse(self.x_v, m))
        u, v = self._project(u, v)
        rate_u, rate_v = self._rate(u, v)
        u, v = self._project(u + dt * rate_u, v + dt * rate_v)

        def step(state):
            u, v, old_u, old_v = state
            rate_u, rate_v = self._rate(u, v)
            u, v = self._project(u + dt * (1.5 * rate_u - 0.5 * old_u),
                                 v + dt * (1.5 * rate_v - 0.5 * old_v))
            return u, v, rate_u, rate_v

        u, v, _, _ = scan_steps(step, (u, v, rate_u, rate_v), self.n_step - 1, segment)
        return jnp.concatenate([u[n // 2:], v[n // 2:]]).reshape(-1)

    def draw_context(self, random, count: int) -> np.ndarray:
        """Returns discrete curls of random stream functions that vanish at mid-height and at the top."""
        n, n_row = self.n, self.n // 2
        x = np.arange(n) / n
        eta = np.arange(n_row + 1) / n_row
        bump = np.sin(np.pi * eta) ** 2
        bump[[0, -1]] = 0.0
        modes = []
        for k in range(4):
            for l in range(3):
                for wave in (np.cos, np.sin):
                    column = bump * np.cos(np.pi * l * eta) * math.exp(-(k * k + l * l) / 4.0)
                    modes.append(np.outer(column, wave(2.0 * np.pi * k * x)))
        modes = np.array(modes)
        curl = np.concatenate([modes[:, 1:] - modes[:, :-1],
                               modes[:, :-1] - np.roll(modes[:, :-1], -1, axis=2)], axis=1)
        c = random.standard_normal((count, len(modes))) @ curl.reshape(len(modes), -1)
        square = np.sum(c**2, axis=1, keepdims=True)
        c *= self.keys["speed"] / np.sqrt(square / (n_row * n))
        return c


MODELS = {"kuramoto_sivashinsky": KuramotoSivashinsky, "navier_stokes": NavierStokes}


def complete_keys(model: str, given: dict) -> dict:
    keys = dict(DEFAULTS[model])
    for key, value in given.items():
        if key in IGNORED_KEYS:
            continue
        if key not in keys:
            raise SystemExit(f"unknown key model.{key}")
        keys[key] = type(keys[key])(value)
    return keys


def draw_parameters(model, random, count: int) -> np.ndarray:
    return random.uniform(model.lower, model.upper, (count, len(model.lower)))


def misfit_gradient(model, segment: int, chunk: int):
    """Returns a function of a batch, (c, m, y_obs) -> (loss, y), gradient.

    If chunk > 0, it computes that many problems at a time.
    """

    def loss(m, c, y_obs):
        y = model.observe(c, m, segment)
        return 0.5 * jnp.sum((y - y_obs) ** 2), y

    def one(problem):
        c, m, y_obs = problem
        return jax.value_and_grad(loss, has_aux=True)(m, c, y_obs)

    def batch(c, m, y_obs):
        if chunk == 0:
            return jax.vmap(one)((c, m, y_obs))
        return lax.map(one, (c, m, y_obs), batch_size=chunk)

    return batch


# --- bench ---------------------------------------------------------------------------------------


def is_out_of_memory(error: Exception) -> bool:
    text = str(error)
    return (isinstance(error, MemoryError) or "RESOURCE_EXHAUSTED" in text
            or "out of memory" in text.lower())


def memory_limit(device) -> float:
    stats = device.memory_stats() or {}
    return DEVICE_SHARE * stats["bytes_limit"] if "bytes_limit" in stats else HOST_MEMORY


def compiled_bytes(compiled) -> int | None:
    """Returns the memory for arguments, results and temporaries that XLA has planned, in bytes."""
    try:
        analysis = compiled.memory_analysis()
        return int(analysis.argument_size_in_bytes + analysis.output_size_in_bytes
                   + analysis.temp_size_in_bytes)
    except Exception:  # not every backend has memory_analysis
        return None


def plans(checkpoint: str, chunk: int, n_step: int, n: int):
    """Returns the pairs (segment, chunk) to try; the pair that stores most is first."""
    root = max(1, round(math.sqrt(n_step - 1)))
    segments = {"auto": [0, root], "none": [0], "sqrt": [root]}.get(checkpoint)
    if segments is None:
        segments = [int(checkpoint)]
    if chunk > 0:
        return [(segment, chunk if chunk < n else 0) for segment in segments]
    result = [(segment, 0) for segment in segments]
    if checkpoint == "auto":
        result += [(root, size) for size in CHUNKS if size < n]
    return result


def measure(model, n: int, dtype, options) -> dict:
    device = jax.devices()[0]
    random = np.random.default_rng(SEED)
    c = jax.device_put(model.draw_context(random, n).astype(dtype))
    m_true = jax.device_put(draw_parameters(model, random, n).astype(dtype))
    m = jax.device_put(draw_parameters(model, random, n).astype(dtype))
    forward_chunk = 1024 if n > 1024 else 0

    def forward(c, m):
        if forward_chunk == 0:
            return jax.vmap(lambda c, m: model.observe(c, m, 0))(c, m)
        return lax.map(lambda problem: model.observe(*problem, 0), (c, m),
                       batch_size=forward_chunk)

    y_obs = jax.block_until_ready(jax.jit(forward)(c, m_true))
    limit = memory_limit(device)
    rejected = []
    for segment, chunk in plans(options.checkpoint, options.chunk, model.n_step, n):
        plan = {"segment": segment, "chunk": chunk}
        batch = misfit_gradient(model, segment, chunk)

        def without_y(c, m, y_obs, batch=batch):
            (loss, _), gradient = batch(c, m, y_obs)
            return loss, gradient

        try:
            begin = time.perf_counter()
            compiled = jax.jit(without_y).lower(c, m, y_obs).compile()
            compile_seconds = time.perf_counter() - begin
            planned = compiled_bytes(compiled)
            if planned is not None and planned > limit:
                rejected.append({**plan, "planned_bytes": planned})
                continue
            loss, gradient = jax.block_until_ready(compiled(c, m, y_obs))
            seconds = []
            for _ in range(options.repetitions):
                begin = time.perf_counter()
                loss, gradient = jax.block_until_ready(compiled(c, m, y_obs))
                seconds.append(time.perf_counter() - begin)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            rejected.append({**plan, "error": str(error)[:300]})
            continue
        stats = device.memory_stats() or {}
        median = float(np.median(seconds))
        return {"status": "ok", **plan, "compile_seconds": compile_seconds,
                "median_seconds": median, "min_seconds": min(seconds),
                "max_seconds": max(seconds), "repetitions": len(seconds),
                "gradients_per_second": n / median, "planned_bytes": planned,
                # The peak since the start of the process, which includes earlier measurements.
                "peak_bytes_of_process": stats.get("peak_bytes_in_use"),
                "finite": bool(np.all(np.isfinite(np.asarray(loss)))
                               and np.all(np.isfinite(np.asarray(gradient)))),
                "rejected_plans": rejected}
    return {"status": "out_of_memory", "limit_bytes": limit, "rejected_plans": rejected}


def write_json(path: pathlib.Path, data) -> None:
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(data, indent=1) + "\n")
    os.replace(temporary, path)


def bench(options) -> int:
    path = pathlib.Path(options.json)
    data = json.loads(path.read_text()) if path.exists() else {"results": []}
    device = jax.devices()[0]
    keys = complete_keys(options.model, parse_settings(options.set))
    failed = False
    for precision in options.precision.split(","):
        dtype = np.dtype(precision)
        model = MODELS[options.model](keys, dtype, options.linear_solve)
        for n in map(int, options.n.split(",")):
            identity = {"model": options.model, "keys": keys, "precision": precision, "n": n,
                        "linear_solve": options.linear_solve, "checkpoint": options.checkpoint,
                        "chunk_requested": options.chunk, "device": device.device_kind}
            known = [r for r in data["results"] if r["status"] != "error"
                     and all(r.get(key) == value for key, value in identity.items())]
            if known:
                print(f"{options.model} {precision} n={n}: already in {path}", flush=True)
                continue
            try:
                result = measure(model, n, dtype, options)
            except Exception as error:
                status = "out_of_memory" if is_out_of_memory(error) else "error"
                failed = failed or status == "error"
                result = {"status": status, "error": f"{type(error).__name__}: {error}"[:1000]}
            gc.collect()
            data["results"] = [r for r in data["results"]
                               if any(r.get(key) != value for key, value in identity.items())]
            data["results"].append({**identity, "platform": device.platform,
                                    "jax": jax.__version__, "numpy": np.__version__,
                                    "utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                                    "xla_flags": os.environ.get("XLA_FLAGS", ""), **result})
            write_json(path, data)
            line = f"{options.model} {precision} n={n}: {result['status']}"
            if result["status"] == "ok":
                line += (f", {result['median_seconds']:.4g} s per batch, "
                         f"{result['gradients_per_second']:.4g} gradients/s, compiled in "
                         f"{result['compile_seconds']:.2f} s, segment {result['segment']}, "
                         f"chunk {result['chunk']}")
            elif "error" in result:
                line += ", " + result["error"].splitlines()[0]
            print(line, flush=True)
    return 1 if failed else 0


# --- reference and check -------------------------------------------------------------------------


def parse_settings(settings: list[str]) -> dict:
    """Parses ["n_grid=32", ...] to a dictionary of TOML values."""
    result = {}
    for setting in settings:
        key, _, value = setting.removeprefix("model.").partition("=")
        result[key] = tomllib.loads(f"value = {value}")["value"]
    return result


def set_model_keys(deck: str, settings: list[str]) -> str:
    """Returns the deck with keys of [model] replaced or added."""
    for setting in settings:
        key, _, value = setting.removeprefix("model.").partition("=")
        head, model, tail = re.split(r"(?m)^(\[model\][^\n]*\n)", deck, maxsplit=1)
        section, rest = (re.split(r"(?m)^(?=\[)", tail, maxsplit=1) + [""])[:2]
        section = re.sub(rf"(?m)^{re.escape(key)}\s*=.*\n", "", section)
        deck = f"{head}{model}{key} = {value}\n{section}{rest}"
    return deck


def reference(options) -> int:
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "methods"))
    import model_client

    deck = set_model_keys(pathlib.Path(options.deck).read_text(), options.set)
    given = tomllib.loads(deck)["model"]
    name = given["name"]
    keys = complete_keys(name, given)
    ours = MODELS[name](keys, np.dtype("float64"), "dense")
    random = np.random.default_rng(SEED)
    c = ours.draw_context(random, N_REFERENCE)
    server = model_client.Model(options.server, deck)
    if c.shape[1] != server.n_context:
        raise SystemExit(f"jpo's context has {server.n_context} components, not {c.shape[1]}")
    if not (np.allclose(server.lower, ours.lower) and np.allclose(server.upper, ours.upper)):
        raise SystemExit("jpo's parameter bounds differ from the ones of this script")
    m_true = random.uniform(server.lower, server.upper, (N_REFERENCE, server.n_parameter))
    m = random.uniform(server.lower, server.upper, (N_REFERENCE, server.n_parameter))
    parts = {"y_obs": [], "y": [], "gradient": []}
    for first in range(0, N_REFERENCE, server.n_batch):
        rows = slice(first, first + server.n_batch)
        converged, y_obs = server.solve(c[rows], m_true[rows])
        also, y = server.solve(c[rows], m[rows])
        if not (np.all(converged) and np.all(also)):
            raise SystemExit("jpo did not solve all problems")
        parts["y_obs"].append(y_obs)
        parts["y"].append(y)
        parts["gradient"].append(server.adjoint(y - y_obs))
    server.close()
    y_obs, y, gradient = (np.concatenate(parts[key]) for key in ("y_obs", "y", "gradient"))
    np.savez(options.out, model=name, keys=json.dumps(keys), c=c, m=m, m_true=m_true, y_obs=y_obs,
             y=y, loss=0.5 * np.sum((y - y_obs) ** 2, axis=1), gradient=gradient,
             lower=server.lower, upper=server.upper)
    print(f"{options.out}: {name}, {N_REFERENCE} problems, {keys}")
    return 0


def check(options) -> int:
    """Compares JAX with the stored values of jpo. Returns the exit code.

    The two programs do the same operations in another order. So y differs by 1e-16 times the condition of the linear
    solves, times the growth of errors until T. For losses and gradients, this is divided by the relative size of the
    residual. The default tolerance of 1e-9 allows for chaotic problems.
    """
    with np.load(options.reference) as file:
        stored = {key: file[key] for key in file.files}
    keys = json.loads(str(stored["keys"]))
    dtype = np.dtype(options.precision)
    model = MODELS[str(stored["model"])](keys, dtype, options.linear_solve, options.spoil)
    arrays = [stored[key].astype(dtype) for key in ("c", "m", "y_obs")]
    failed = False
    root = max(1, round(math.sqrt(model.n_step - 1)))
    for segment, chunk in ((0, 0), (root, 0), (root, 5)):
        (loss, y), gradient = jax.jit(misfit_gradient(model, segment, chunk))(*arrays)
        print(f"{stored['model']}, {len(stored['c'])} problems, {options.precision}, "
              f"{options.linear_solve}, segment {segment}, chunk {chunk}:")
        for name, value in (("y", y), ("loss", loss), ("gradient", gradient)):
            expected = stored[name].reshape(len(stored[name]), -1)
            value = np.asarray(value, dtype=float).reshape(expected.shape)
            error = (np.linalg.norm(value - expected, axis=1)
                     / np.linalg.norm(expected, axis=1))
            bad = not np.max(error) <= options.tolerance  # also true for NaN
            failed = failed or bad
            print(f"  {name:9} relative error: largest {np.max(error):.2e}, median "
                  f"{np.median(error):.2e}{'  FAILED' if bad else ''}")
    print("FAILED" if failed else "passed", f"(tolerance {options.tolerance:g})")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("bench", help="time gradients of batches")
    command.add_argument("--model", choices=sorted(MODELS), required=True)
    command.add_argument("--n", default="256,4096,65536", help="problems in a batch")
    command.add_argument("--precision", default="float64,float32")
    command.add_argument("--repetitions", type=int, default=7)
    command.add_argument("--json", required=True)
    command.add_argument("--checkpoint", default="auto",
                         help="auto: the first of none, sqrt, sqrt in chunks that fits into memory; none; "
                              "sqrt; or the number of steps per segment")
    command.add_argument("--chunk", type=int, default=0,
                         help="problems at a time; 0: chosen by the available memory")
    command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                         help="key of [model]: n_grid=32")
    command.set_defaults(run=bench)

    command = commands.add_parser("reference", help="store values and gradients of jpo")
    command.add_argument("--server", required=True, help="jpo's model_server")
    command.add_argument("--deck", required=True)
    command.add_argument("--out", required=True)
    command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    command.set_defaults(run=reference)

    command_check = commands.add_parser("check", help="compare JAX with a reference")
    command_check.add_argument("reference")
    command_check.add_argument("--tolerance", type=float, default=1e-9)
    command_check.add_argument("--precision", default="float64")
    command_check.add_argument("--spoil", type=float, default=0.0,
                               help="relative error added to a coefficient (flux or viscosity); the "
                                    "check must fail")
    command_check.set_defaults(run=check)
    for command in (commands.choices["bench"], command_check):
        command.add_argument("--linear-solve", choices=["dense", "fft"], default="dense")

    options = parser.parse_args()
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
