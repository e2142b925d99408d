"""An independent kuramoto_sivashinsky model in NumPy, to check the model of the program.

SBDF2 with dense inverses of the implicit operators, and the gradient in reverse mode. It was written from the
equations, not from the C++ model.
"""

from __future__ import annotations

import numpy as np


class Reference:
    """Computes loss and gradient of one problem. `settings` is the section [model] of the deck."""

    def __init__(self, settings: dict):
        if settings["name"] != "kuramoto_sivashinsky" or settings["unknown"] != "forcing":
            raise SystemExit("the independent model supports only kuramoto_sivashinsky with unknown = \"forcing\"")
        if settings["scheme"] != "second_order":
            raise SystemExit("the independent model supports only scheme = \"second_order\"")
        n_grid = settings["n_grid"]
        self.step = settings["time_step"] or 0.1  # 0: the default of the scheme
        self.n_step = round(settings["horizon"] / self.step)
        dx = settings["length"] / n_grid
        identity = np.eye(n_grid)
        second = (np.roll(identity, 1, 0) + np.roll(identity, -1, 0) - 2.0 * identity) / dx**2
        linear = second + second @ second
        self.first = np.linalg.inv(identity + self.step * linear)
        self.later = np.linalg.inv(1.5 * identity + self.step * linear)
        self.forcing = np.cos(4.0 * np.pi * np.arange(n_grid) / n_grid)
        self.flux = 0.25 / dx

    def loss(self, m: np.ndarray, u0: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
        alpha, beta = m
        u = [u0]
        nonlinear = []
        for t in range(self.n_step):
            square = u[t] ** 2
            slope = np.roll(square, -1) - np.roll(square, 1)
            nonlinear.append(alpha * self.forcing - beta * self.flux * slope)
            if t == 0:
                u.append(self.first @ (u0 + self.step * nonlinear[0]))
            else:
                u.append(self.later @ (2.0 * u[t] - 0.5 * u[t - 1]
                                       + self.step * (2.0 * nonlinear[t] - nonlinear[t - 1])))
        residual = u[-1] - y
        value = 0.5 * residual @ residual
        return value, self.gradient(u, residual, beta)

    def gradient(self, u: list[np.ndarray], residual: np.ndarray, beta: float) -> np.ndarray:
        # Reverse mode: the derivatives of the loss with respect to each state and nonlinear term.
        state = [np.zeros_like(residual) for _ in u]
        nonlinear = [np.zeros_like(residual) for _ in u]
        state[-1] = residual.copy()
        gradient = np.zeros(2)
        for t in range(self.n_step, 0, -1):
            self.backpropagate_nonlinear(t, u, state, nonlinear, beta, gradient)
            right = (self.first if t == 1 else self.later).T @ state[t]
            state[t - 1] += right if t == 1 else 2.0 * right
            nonlinear[t - 1] += self.step * right * (1.0 if t == 1 else 2.0)
            if t > 1:
                state[t - 2] -= 0.5 * right
                nonlinear[t - 2] -= self.step * right
        self.backpropagate_nonlinear(0, u, state, nonlinear, beta, gradient)
        return gradient

    def backpropagate_nonlinear(self, t, u, state, nonlinear, beta, gradient):
        nu = nonlinear[t]
        square = u[t] ** 2
        gradient[0] += self.forcing @ nu
        gradient[1] -= self.flux * (np.roll(square, -1) - np.roll(square, 1)) @ nu
        state[t] += 2.0 * beta * self.flux * u[t] * (np.roll(nu, -1) - np.roll(nu, 1))
