#!/usr/bin/env python3
"""Compares our baselines with those of SciPy on the same problems and from the same start.

    scipy_baseline.py SERVER RESULT.h5 [--problems N] [--difference POINTS] [--independent]

SERVER is the test program model_server. Solves the problems of a result file again with SciPy's L-BFGS-B and
least_squares (trf), from the centre of the box. The solvers use the forward model of the deck with its adjoint and
tangent, and the bounds, tolerances and budget of the methods `bqnls` and `levenberg_marquardt` of the deck. Compares
the shares of solved problems.

The misfit is implemented again in Python, and must agree with that of the file at the centre. Each solver of SciPy
runs twice, with scaled and with unscaled parameters, because the better choice depends on the problem. Other TAO
methods that start at the centre are printed too.

One evaluation is a forward and an adjoint solve; a residual or a tangent without the other is half of one. The
budget is exact and the best point counts, as in jpo. --independent also compares loss and gradient at the centre
with a model written in NumPy (kuramoto_sivashinsky only).

Exit code 1 if a method of ours and the better of the two SciPy runs differ by more than --difference points (8), or
if the losses do not agree to 1e-8.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
import warnings

import h5py
import numpy as np
from scipy.optimize import least_squares, minimize

from kuramoto_sivashinsky_reference import Reference
from model_client import Lockstep, Model, Objective

AGREEMENT = 1e-8
GRADIENT_AGREEMENT = 1e-6  # larger, because chaos amplifies rounding errors


class BudgetReached(Exception):
    pass


class Counted:
    """The functions that one solve of SciPy calls.

    Converts to the units of the solver, counts evaluations, and stores the best loss.
    """

    def __init__(self, lockstep, row, budget, unit, centre):
        self.lockstep, self.row, self.budget = lockstep, row, budget
        self.unit, self.centre = unit, centre
        self.spent, self.best = 0.0, np.inf
        self.start_loss = None

    def _evaluate(self, kind, z, cost):
        if self.spent + cost > self.budget:
            raise BudgetReached
        self.spent += cost
        return self.lockstep.evaluate(kind, self.row, self.centre + self.unit * z)

    def gradient(self, z):
        loss, gradient = self._evaluate("gradient", z, 1.0)
        if not (np.isfinite(loss) and np.all(np.isfinite(gradient))):
            # As in jpo, a failed evaluation returns a finite loss that is worse than the start.
            return 10.0 * self.start_loss, np.zeros(len(z))
        if self.start_loss is None:
            self.start_loss = loss
        self.best = min(self.best, loss)
        return loss, gradient * self.unit

    def residual(self, z):
        residual = self._evaluate("residual", z, 0.5)
        if np.all(np.isfinite(residual)):
            self.best = min(self.best, 0.5 * residual @ residual)
        return residual

    def jacobian(self, z):
        return self._evaluate("jacobian", z, 0.5 * len(z)) * self.unit


def l_bfgs_b(counted, lower, upper, method, start_gradient):
    free = np.where(start_gradient > 0, lower < 0, upper > 0)
    size = np.max(np.abs(start_gradient * free), initial=0.0)
    gtol = max(method["absolute_gradient_tolerance"], method["gradient_tolerance"] * size)
    minimize(counted.gradient, np.zeros(len(lower)), jac=True, method="L-BFGS-B",
             bounds=list(zip(lower, upper)),
             options={"maxfun": 10**6, "maxiter": 10**6, "ftol": 0.0, "gtol": gtol,
                      "maxcor": max(10, len(lower))})


def trf(counted, lower, upper, method, start_gradient):
    # The tolerance of trf applies to the gradient times the distance to the bound in its direction.
    distance = np.where(start_gradient > 0, -lower, upper)
    size = np.max(np.abs(start_gradient) * np.where(np.isfinite(distance), distance, 1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a tolerance below machine precision is switched off with a warning
        least_squares(counted.residual, np.zeros(len(lower)), jac=counted.jacobian, method="trf",
                      bounds=(lower, upper), ftol=None, xtol=method["step_tolerance"],
                      gtol=max(1e-300, method["gradient_tolerance"] * size), max_nfev=10**6)


RIVALS = {"bqnls": ("L-BFGS-B", l_bfgs_b), "levenberg_marquardt": ("trf", trf)}


def solve_all(objective, solver, method, unit, start):
    """Solves all problems with a finite loss at the start by SciPy. Returns best loss and cost of each problem."""
    model = objective.model
    lower, upper = ((bound - model.centre) / unit for bound in (model.lower, model.upper))
    lockstep = Lockstep(objective)
    loss, cost = np.full(len(start), np.nan), np.zeros(len(start))

    def body(row):
        counted = Counted(lockstep, row, method["max_evaluations"], unit, model.centre)
        try:
            solver(counted, lower, upper, method, start[row][1] * unit)
        except BudgetReached:
            pass
        loss[row], cost[row] = counted.best, counted.spent

    lockstep.run(body, [row for row, (value, _) in enumerate(start) if np.isfinite(value)])
    return loss, cost


def deck_of(file) -> str:
    deck = file.attrs["deck"]
    return deck.decode() if isinstance(deck, bytes) else deck


class Comparison:
    """The problems of a result file, and the comparison of solvers on them."""

    def __init__(self, file, model, n_problem):
        self.file = file
        self.deck = tomllib.loads(deck_of(file))
        self.methods = {method["name"]: method for method in self.deck["method"]}
        problems = file["problems"]
        self.n = min(n_problem, problems["observation"].shape[0])
        misfit = self.deck["misfit"]
        context = problems["context"][:self.n] if "context" in problems else np.zeros((self.n, 0))
        self.objective = Objective(model, context, problems["observation"][:self.n],
                                   misfit["residual_scale"], misfit["prior_weight"])
        centre_loss = problems["loss_at_centre"][...]
        reference = np.median(centre_loss[np.isfinite(centre_loss)])
        floor = problems["floor"][:self.n]
        self.limit = floor + 1e-3 * np.maximum(floor, 1e-3 * reference)
        self.start = self.objective.evaluate("gradient", list(range(self.n)),
                                             np.tile(model.centre, (self.n, 1)))
        theirs = np.array([loss for loss, _ in self.start])
        finite = np.isfinite(centre_loss[:self.n])
        error = np.abs(theirs - centre_loss[:self.n]) / np.abs(centre_loss[:self.n])
        self.disagreement = np.max(error[finite], initial=0.0)

    def disagreement_with(self, reference) -> tuple[float, float]:
        """Returns the largest relative differences of loss and gradient at the centre from another model."""
        losses, gradients = [0.0], [0.0]
        for row, (loss, gradient) in enumerate(self.start):
            theirs, slope = reference.loss(self.objective.model.centre, self.objective.context[row],
                                           self.objective.observation[row])
            losses.append(abs(theirs / loss - 1.0))
            gradients.append(np.max(np.abs(slope - gradient)) / np.max(np.abs(gradient)))
        return max(losses), max(gradients)

    def show(self, name, loss, cost) -> float:
        solved = 100.0 * np.mean(loss <= self.limit)
        print(f"  {name:<24} {solved:8.1f} {cost.mean():11.1f} {cost.max():8.1f} "
              f"{np.nanmedian(loss):12.4g} {np.nanmean(loss):12.4g}")
        return solved

    def ours(self, name) -> float:
        group = self.file["methods"][name]
        cost = sum(0.5 * group[kind + "_solves"][:self.n]
                   for kind in ("forward", "adjoint", "tangent"))
        return self.show(name, group["loss"][:self.n], cost)

    def against(self, name) -> tuple[float, list[float]]:
        rival, solver = RIVALS[name]
        model = self.objective.model
        ours = self.ours(name)
        theirs = [self.show(f"SciPy {rival}{label}",
                            *solve_all(self.objective, solver, self.methods[name], unit,
                                       self.start))
                  for label, unit in (("", np.ones(model.n_parameter)), (", scaled", model.scale))]
        return ours, theirs


def verdict(name: str, ours: float, theirs: list[float], allowed: float) -> bool:
    """Returns true if our share and the better share of SciPy differ by at most `allowed` points."""
    gap = ours - max(theirs)
    print(f"{name}: {gap:+.1f} points from the better of SciPy's two runs"
          + ("" if abs(gap) <= allowed else f": more than {allowed:g}"))
    return abs(gap) <= allowed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("server")
    parser.add_argument("result")
    parser.add_argument("--problems", type=int, default=128)
    parser.add_argument("--difference", type=float, default=8.0)
    parser.add_argument("--independent", action="store_true")
    arguments = parser.parse_args()
    with h5py.File(arguments.result) as file:
        model = Model(arguments.server, deck_of(file))
        comparison = Comparison(file, model, arguments.problems)
        print(f"{comparison.deck['model']['name']}, {comparison.n} problems; "
              f"loss at the centre agrees to {comparison.disagreement:.1e}")
        good = comparison.disagreement <= AGREEMENT
        if arguments.independent:
            loss, gradient = comparison.disagreement_with(Reference(comparison.deck["model"]))
            print(f"the independent model agrees to {loss:.1e}, its gradient to {gradient:.1e}")
            good = good and loss <= AGREEMENT and gradient <= GRADIENT_AGREEMENT
        print(f"  {'':<24} {'solved %':>8} {'evaluations':>11} {'max':>8} {'median L':>12} "
              f"{'mean L':>12}")
        pairs = {name: comparison.against(name) for name in RIVALS if name in comparison.methods}
        for name, method in comparison.methods.items():
            if method["kind"] == "tao" and name not in RIVALS:
                comparison.ours(name)
        for name, (ours, theirs) in pairs.items():
            good = verdict(name, ours, theirs, arguments.difference) and good
        model.close()
    return 0 if good and pairs else 1


if __name__ == "__main__":
    sys.exit(main())
