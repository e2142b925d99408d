"""How methods are judged: better, tie, worse, solved, and the sign test."""

from __future__ import annotations

import math

import numpy as np

from result import Method, Result

RELATIVE = 1e-3


def verdicts(loss: np.ndarray, other: np.ndarray, loss_reference: float) -> np.ndarray:
    """-1 where `loss` is better than `other`, 0 for a tie, +1 where it is worse.

    NaN is worse than any number, and ties with NaN.
    """
    a = np.where(np.isnan(loss), np.inf, loss)
    b = np.where(np.isnan(other), np.inf, other)
    both = np.isinf(a) & np.isinf(b)
    with np.errstate(invalid="ignore"):
        size = np.maximum(np.maximum(np.where(np.isinf(a), 0, np.abs(a)),
                                     np.where(np.isinf(b), 0, np.abs(b))), RELATIVE * loss_reference)
        tolerance = RELATIVE * size
        verdict = np.where(a < b - tolerance, -1, np.where(a > b + tolerance, 1, 0))
    return np.where(both, 0, verdict)


def solved(loss: np.ndarray, floor: np.ndarray, loss_reference: float) -> np.ndarray:
    """L <= floor + 1e-3 max(floor, 1e-3 L_ref)."""
    return loss <= floor + RELATIVE * np.maximum(floor, RELATIVE * loss_reference)


def sign_test(n_better: int, n_worse: int) -> float:
    """Two-sided p of a fair coin, exact: the non-ties fall as unevenly or more so."""
    n = n_better + n_worse
    if n == 0:
        return 1.0
    log_half = n * math.log(0.5)
    tail = 0.0
    for k in range(min(n_better, n_worse) + 1):
        tail += math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + log_half)
    return min(1.0, 2.0 * tail)


def compare(result: Result, reference: Method) -> list[dict]:
    """One row a method; shares in percent of all problems."""
    rows = []
    reference_loss = result.loss_reference
    for method in result.methods:
        verdict = verdicts(method.loss, reference.loss, reference_loss)
        is_solved = solved(method.loss, result.floor, reference_loss)
        evaluations = result.evaluations(method)
        known = method.loss[np.isfinite(method.loss)]
        better, worse = int((verdict < 0).sum()), int((verdict > 0).sum())
        percent = 100.0 / len(method.loss)
        rows.append({
            "name": method.name,
            "solved": percent * int(is_solved.sum()),
            "better": percent * better,
            "tie": percent * int((verdict == 0).sum()),
            "worse": percent * worse,
            "better_and_solved": percent * int(((verdict < 0) & is_solved).sum()),
            "loss_mean": float(known.mean()) if known.size else math.nan,
            "loss_median": float(np.median(known)) if known.size else math.nan,
            "evaluations_mean": float(evaluations.mean()),
            "evaluations_max": float(evaluations.max()),
            "failed": percent * int((~np.isfinite(method.loss)).sum()),
            "seconds": method.seconds,
            "sign_test_p": sign_test(better, worse),
        })
    return rows
