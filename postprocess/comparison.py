"""Compare the methods of a result: better, tie, worse, solved, and the sign test."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from result import UNKNOWN, YES, Result

RELATIVE = 1e-3
SHARES = (50, 90, 95)  # percentages of the tables of costs
JOINT_KINDS = ("bank", "joint", "supervised", "predict")
# Columns that apply only if the run has a multi_start; pandas.NA otherwise.
RIVAL_TYPES = {"solved_not_by_rival": "Int64", "solved_only_by_rival": "Int64", "rival_sign_test_p": "Float64"}


def verdicts(loss: np.ndarray, other: np.ndarray, loss_reference: float) -> np.ndarray:
    """Return -1 if `loss` is better than `other`, 0 for a tie, +1 if it is worse.

    NaN is worse than any number. Two NaN are a tie.
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


def solved_limit(reference: np.ndarray, loss_reference: float) -> np.ndarray:
    """Return reference + 1e-3 max(reference, 1e-3 L_ref), the largest misfit of a solved problem."""
    return reference + RELATIVE * np.maximum(reference, RELATIVE * loss_reference)


def sign_test(n_better: int, n_worse: int) -> float:
    """Return the exact two-sided p value of the sign test; ties are ignored."""
    n = n_better + n_worse
    if n == 0:
        return 1.0
    log_half = n * math.log(0.5)
    tail = 0.0
    for k in range(min(n_better, n_worse) + 1):
        tail += math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + log_half)
    return min(1.0, 2.0 * tail)


def judge(result: Result, reference: str | None = None) -> pd.DataFrame:
    """Return the answers of a result and their comparison with the reference.

    Index: method, problem. Columns: those of Result.answers, kind, seconds (with earlier methods), gap, verdict against
    the reference, solved_by_reference, solved_by_rival. solved and fitted are True or False, and solved_is_known,
    fitted_is_known tell whether the file has a verdict. gap: (L - best) / max(best, 1e-3 L_ref), best: the smallest
    misfit of all methods. solved_by_rival: whether multi_start (the first method of this name or kind) solves the
    problem; pandas.NA if there is no such method.
    """
    frame = result.answers.join(result.methods["kind"], on="method").join(result.seconds, on="method")
    for column in ("solved", "fitted"):
        frame[f"{column}_is_known"] = frame[column] != UNKNOWN
        frame[column] = frame[column] == YES
    best = frame["loss"].groupby(level="problem").transform("min")
    frame["gap"] = (frame["loss"] - best) / np.maximum(best, RELATIVE * result.loss_reference)
    problem = frame.index.get_level_values("problem")
    other = frame.loc[result.reference(reference)].loc[problem]
    frame["verdict"] = verdicts(frame["loss"], other["loss"].to_numpy(), result.loss_reference)
    frame["solved_by_reference"] = other["solved"].to_numpy()
    rivals = result.methods.index[(result.methods.index == "multi_start") | (result.methods["kind"] == "multi_start")]
    frame["solved_by_rival"] = pd.array(
        frame["solved"].loc[rivals[0]].loc[problem] if len(rivals) else [pd.NA] * len(frame), dtype="boolean")
    return frame


def _percent(chosen: pd.Series) -> float:
    return 100.0 * int(chosen.sum()) / len(chosen) if len(chosen) else math.nan


def _share(group: pd.DataFrame, column: str) -> float:
    """Return the percentage of all problems with the verdict yes; NaN if the file has no verdicts."""
    return _percent(group[column]) if group[f"{column}_is_known"].any() else math.nan


def cost_to_solve(group: pd.DataFrame, share: float) -> tuple[float, float]:
    """Return evaluations per problem and seconds until a share of the problems is solved; NaN if fewer are.

    Let e_i be the evaluations until problem i is solved, or all its evaluations if it is not, and q the smallest number
    for which the share has e_i <= q. The evaluations are mean(min(e_i, q)).
    """
    until = group["evaluations_to_solved"]
    n_wanted = math.ceil(share * len(group))
    if n_wanted == 0 or until.notna().sum() < n_wanted:
        return math.nan, math.nan
    enough = np.sort(until.dropna())[n_wanted - 1]
    return (float(np.minimum(until.fillna(group["evaluations"]), enough).mean()),
            float(np.sort(group["seconds_to_solved"].dropna())[n_wanted - 1]))


def _summary(group: pd.DataFrame) -> dict:
    """Return a row of the table from the answers of one method in judge(); shares are percentages of its problems."""
    known = group["loss"][np.isfinite(group["loss"])]
    better, worse = group["verdict"] < 0, group["verdict"] > 0
    unsolved = ~group["solved_by_reference"]
    row = {
        "n": len(group),
        "solved": _share(group, "solved"),
        "fitted": _share(group, "fitted"),
        "better": _percent(better),
        "tie": _percent(~better & ~worse),
        "worse": _percent(worse),
        "better_and_solved": _percent(better & group["solved"]),
        "better_of_unsolved": _percent(better[unsolved]),
        "unsolved_by_reference": _percent(unsolved),
        "loss_mean": known.mean(),
        "loss_median": known.median(),
        "gap_median": 100.0 * group["gap"].median(),
        "prior_part_mean": group["prior_part"].mean(),
        "error_mean": group["parameter_error"].mean(),
        "error_median": group["parameter_error"].median(),
        "evaluations_mean": group["evaluations"].mean(),
        "evaluations_median": group["evaluations"].median(),
        "evaluations_max": group["evaluations"].max(),
        "failed": _percent(~np.isfinite(group["loss"])),
        "seconds": group["seconds"].xs(0, level="problem").mean(),  # one row for each run
        "sign_test_p": sign_test(int(better.sum()), int(worse.sum())),
    }
    for share in SHARES:
        row[f"evaluations_to_{share}"], row[f"seconds_to_{share}"] = cost_to_solve(group, share / 100.0)
    if group["solved_by_rival"].notna().all():
        only_this = int((group["solved"] & ~group["solved_by_rival"]).sum())
        only_rival = int((group["solved_by_rival"] & ~group["solved"]).sum())
        row |= {"solved_not_by_rival": only_this, "solved_only_by_rival": only_rival,
                "rival_sign_test_p": sign_test(only_this, only_rival)}
    return row


def compare(judged: pd.DataFrame, keys: tuple[str, ...] = ("method", "kind")) -> pd.DataFrame:
    """Return the table: one row for each combination of the keys, in the order in which they appear."""
    rows = [dict(zip(keys, key)) | _summary(group) for key, group in judged.groupby(list(keys), sort=False)]
    table = pd.DataFrame(rows).rename(columns={"method": "name"})
    return table.reindex(columns=list(dict.fromkeys([*table.columns, *RIVAL_TYPES]))).astype(RIVAL_TYPES)


def ranking(table: pd.DataFrame) -> list[str]:
    """Return the methods of compare(), the best first: by the solved share, then by the median misfit."""
    return list(table.sort_values(["solved", "loss_median"], ascending=[False, True], kind="stable")["name"])


def joint_methods(methods: pd.DataFrame) -> list[str]:
    """Return the names of the methods that use all problems together, and of those that start from one of them."""
    joint: list[str] = []
    for name, row in methods.iterrows():
        if row["kind"] in JOINT_KINDS or row["earlier"] in joint:
            joint.append(name)
    return joint


def compare_study(results: list[Result], reference: str | None = None) -> pd.DataFrame:
    """Return one row for each variant, size and method, over all seeds; in the order of `results`.

    Different seeds have different problems. The sign tests are made for each seed (sign_test_p_by_seed) and for
    the problems of all seeds together (sign_test_p).
    """
    judged = pd.concat([judge(r, reference).assign(variant=r.variant, n_problem=r.n_problem, seed=r.seed)
                        for r in results])
    keys = ("variant", "n_problem", "method", "kind")
    index = ["variant", "n_problem", "name", "kind"]
    table = compare(judged, keys).set_index(index)
    seeds = compare(judged, (*keys, "seed")).groupby(index, sort=False)
    table.insert(0, "seeds", seeds["seed"].agg(list))
    for name in ("solved", "better", "better_of_unsolved", "loss_median"):
        table[name + "_min"], table[name + "_max"] = seeds[name].min(), seeds[name].max()
    for name in ("sign_test_p", "rival_sign_test_p"):
        table[name + "_by_seed"] = seeds[name].agg(list).where(table[name].notna(), pd.NA)
    return table.reset_index()
