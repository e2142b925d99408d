"""How methods are judged: better, tie, worse, solved, and the sign test."""

from __future__ import annotations

import math
from dataclasses import dataclass

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


@dataclass
class Judgement:
    """One method of one run, or of several runs one after the other; arrays by problem."""

    method: Method
    loss: np.ndarray
    verdict: np.ndarray  # against the reference
    solved: np.ndarray
    reference_solved: np.ndarray
    rival_solved: np.ndarray | None  # by multi_start, where there is one
    evaluations: np.ndarray
    seconds: list[float]  # of each run


def rival_of(result: Result) -> Method | None:
    """The method whose name or kind is multi_start: the classical rival at equal budget."""
    return next((m for m in result.methods if "multi_start" in (m.name, m.kind)), None)


def judge(result: Result, method: Method, reference: Method) -> Judgement:
    def is_solved(one: Method) -> np.ndarray:
        return solved(one.loss, result.floor, result.loss_reference)

    rival = rival_of(result)
    return Judgement(method, method.loss, verdicts(method.loss, reference.loss, result.loss_reference),
                     is_solved(method), is_solved(reference), is_solved(rival) if rival else None,
                     result.evaluations(method), [method.seconds])


def pool(parts: list[Judgement]) -> Judgement:
    """Several runs as one; each problem is judged within its own run."""
    rivals = [part.rival_solved for part in parts if part.rival_solved is not None]
    return Judgement(
        parts[0].method,
        *(np.concatenate([getattr(part, name) for part in parts])
          for name in ("loss", "verdict", "solved", "reference_solved")),
        np.concatenate(rivals) if len(rivals) == len(parts) else None,
        np.concatenate([part.evaluations for part in parts]),
        [seconds for part in parts for seconds in part.seconds])


def _percent(chosen: np.ndarray, among: np.ndarray | None = None) -> float:
    n = chosen.size if among is None else int(among.sum())
    return 100.0 * int(chosen.sum()) / n if n else math.nan


def row_of(judged: Judgement) -> dict:
    """The numbers of a table's row; shares in percent of all problems where nothing else is said."""
    known = judged.loss[np.isfinite(judged.loss)]
    better, worse = judged.verdict < 0, judged.verdict > 0
    unsolved = ~judged.reference_solved
    row = {
        "name": judged.method.name,
        "kind": judged.method.kind,
        "n": int(judged.loss.size),
        "solved": _percent(judged.solved),
        "better": _percent(better),
        "tie": _percent(~better & ~worse),
        "worse": _percent(worse),
        "better_and_solved": _percent(better & judged.solved),
        "better_of_unsolved": _percent(better & unsolved, unsolved),
        "unsolved_by_reference": _percent(unsolved),
        "loss_mean": float(known.mean()) if known.size else math.nan,
        "loss_median": float(np.median(known)) if known.size else math.nan,
        "evaluations_mean": float(judged.evaluations.mean()),
        "evaluations_max": float(judged.evaluations.max()),
        "failed": _percent(~np.isfinite(judged.loss)),
        "seconds": float(np.mean(judged.seconds)),
        "sign_test_p": sign_test(int(better.sum()), int(worse.sum())),
    }
    if judged.rival_solved is not None:
        only_this = int((judged.solved & ~judged.rival_solved).sum())
        only_rival = int((judged.rival_solved & ~judged.solved).sum())
        row |= {"solved_not_by_rival": only_this, "solved_only_by_rival": only_rival,
                "rival_sign_test_p": sign_test(only_this, only_rival)}
    return row


def compare(result: Result, reference: Method) -> list[dict]:
    """One row a method."""
    return [row_of(judge(result, method, reference)) for method in result.methods]


def compare_study(results: list[Result], reference: str | None) -> list[dict]:
    """One row for each variant, size and method, over all seeds; in the order of `results`.

    The sign tests stand there for each seed (sign_test_p_by_seed) and for all problems together
    (sign_test_p): seeds draw different problems.
    """
    groups: dict[tuple[str, int, str], list[Judgement]] = {}
    seeds: dict[tuple[str, int], list[int]] = {}
    for result in results:
        against = result.method(reference) if reference else result.reference()
        seeds.setdefault((result.variant, result.n_problem), []).append(result.seed)
        for method in result.methods:
            groups.setdefault((result.variant, result.n_problem, method.name), []).append(
                judge(result, method, against))
    rows = []
    for (variant, n_problem, _), parts in groups.items():
        by_seed = [row_of(part) for part in parts]
        row = {"variant": variant, "n_problem": n_problem, "seeds": seeds[variant, n_problem]}
        row |= row_of(pool(parts))
        for name in ("solved", "better", "better_of_unsolved"):
            values = [one[name] for one in by_seed if not math.isnan(one[name])]
            row[name + "_min"] = min(values, default=math.nan)
            row[name + "_max"] = max(values, default=math.nan)
        for name in ("sign_test_p", "rival_sign_test_p"):
            if name in row:
                row[name + "_by_seed"] = [one[name] for one in by_seed]
        rows.append(row)
    return rows
