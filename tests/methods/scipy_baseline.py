#!/usr/bin/env python3
"""Is our BFGS as strong as an independent one? SciPy's L-BFGS-B on the same problems and start.

    scipy_baseline.py RESULT.h5 [--problems N] [--method bfgs]

Solves the Kuramoto-Sivashinsky problems of a result file again, with a forward model and an adjoint
written here in NumPy, bounds and budget as in the file, and compares the shares of solved problems.
Exit code 1 where they differ by more than 8 points.
"""

from __future__ import annotations

import argparse
import sys

import h5py
import numpy as np
from scipy.optimize import minimize

LENGTH, STEP, HORIZON = 44.0, 0.1, 25.0
ALPHA_MAX, BETA_MIN, BETA_MAX = 1.0, 0.5, 1.5


class Model:
    """SBDF2 with dense inverses of the implicit operators; loss and gradient of one problem."""

    def __init__(self, n_grid: int):
        dx = LENGTH / n_grid
        identity = np.eye(n_grid)
        second = (np.roll(identity, 1, 0) + np.roll(identity, -1, 0) - 2.0 * identity) / dx**2
        linear = second + second @ second
        self.first = np.linalg.inv(identity + STEP * linear)
        self.later = np.linalg.inv(1.5 * identity + STEP * linear)
        self.forcing = np.cos(4.0 * np.pi * np.arange(n_grid) / n_grid)
        self.flux = 0.25 / dx
        self.n_step = round(HORIZON / STEP)

    def loss(self, m: np.ndarray, u0: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
        alpha, beta = m
        u = [u0]
        nonlinear = []
        for t in range(self.n_step):
            square = u[t] ** 2
            slope = np.roll(square, -1) - np.roll(square, 1)
            nonlinear.append(alpha * self.forcing - beta * self.flux * slope)
            if t == 0:
                u.append(self.first @ (u0 + STEP * nonlinear[0]))
            else:
                u.append(self.later @ (2.0 * u[t] - 0.5 * u[t - 1]
                                       + STEP * (2.0 * nonlinear[t] - nonlinear[t - 1])))
        residual = u[-1] - y
        value = 0.5 * residual @ residual
        if not np.isfinite(value):
            return 1e10, np.zeros(2)
        return value, self.gradient(u, residual, beta)

    def gradient(self, u: list[np.ndarray], residual: np.ndarray, beta: float) -> np.ndarray:
        # Reverse mode, variable by variable: cotangents of every state and nonlinear term.
        state = [np.zeros_like(residual) for _ in u]
        nonlinear = [np.zeros_like(residual) for _ in u]
        state[-1] = residual.copy()
        gradient = np.zeros(2)
        for t in range(self.n_step, 0, -1):
            self.pull_nonlinear(t, u, state, nonlinear, beta, gradient)
            right = (self.first if t == 1 else self.later).T @ state[t]
            state[t - 1] += right if t == 1 else 2.0 * right
            nonlinear[t - 1] += STEP * right * (1.0 if t == 1 else 2.0)
            if t > 1:
                state[t - 2] -= 0.5 * right
                nonlinear[t - 2] -= STEP * right
        self.pull_nonlinear(0, u, state, nonlinear, beta, gradient)
        return gradient

    def pull_nonlinear(self, t, u, state, nonlinear, beta, gradient):
        nu = nonlinear[t]
        square = u[t] ** 2
        gradient[0] += self.forcing @ nu
        gradient[1] -= self.flux * (np.roll(square, -1) - np.roll(square, 1)) @ nu
        state[t] += 2.0 * beta * self.flux * u[t] * (np.roll(nu, -1) - np.roll(nu, 1))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("result")
    parser.add_argument("--problems", type=int, default=256)
    parser.add_argument("--method", default="bfgs")
    parser.add_argument("--budget", type=int, default=100)
    arguments = parser.parse_args()
    with h5py.File(arguments.result) as file:
        n = min(arguments.problems, file["problems/context"].shape[0])
        u0, y = file["problems/context"][:n], file["problems/observation"][:n]
        centre_loss = file["problems/loss_at_centre"][...]
        ours = file[f"methods/{arguments.method}/loss"][:n]
        our_cost = file[f"methods/{arguments.method}/forward_solves"][:n].mean()
    reference = np.median(centre_loss)
    model = Model(u0.shape[1])
    centre = np.array([0.0, 0.5 * (BETA_MIN + BETA_MAX)])
    worst = max(abs(model.loss(centre, u0[i], y[i])[0] / centre_loss[i] - 1.0) for i in range(n))
    theirs, cost = np.zeros(n), np.zeros(n)
    for i in range(n):
        best = [np.inf]

        def function(m, i=i, best=best):
            value, gradient = model.loss(m, u0[i], y[i])
            best[0] = min(best[0], value)
            return value, gradient

        answer = minimize(function, centre, jac=True, method="L-BFGS-B",
                          bounds=[(-ALPHA_MAX, ALPHA_MAX), (BETA_MIN, BETA_MAX)],
                          options={"maxfun": arguments.budget, "ftol": 1e-14, "gtol": 1e-9})
        theirs[i], cost[i] = best[0], answer.nfev
    limit = 1e-6 * reference
    share = 100.0 * np.mean(ours <= limit), 100.0 * np.mean(theirs <= limit)
    print(f"{n} problems; loss at the centre agrees to {worst:.1e}")
    print(f"solved: {arguments.method} {share[0]:.1f} % at {our_cost:.1f} evaluations, "
          f"SciPy L-BFGS-B {share[1]:.1f} % at {cost.mean():.1f}")
    return 0 if abs(share[0] - share[1]) <= 8.0 and worst < 1e-6 else 1


if __name__ == "__main__":
    sys.exit(main())
