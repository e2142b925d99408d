"""A small result file for the tests of postprocess/, with numbers to check by hand."""

from __future__ import annotations

import h5py
import numpy as np

NAN = float("nan")
# Methods that have the name of their kind; others are of kind tao, or refine.
KINDS = ("levenberg_marquardt", "windows", "bank", "multi_start", "joint", "supervised", "predict")


def add_judgement(file: h5py.File, name: str, loss: list[float], reference: np.ndarray, evaluations: np.ndarray) -> None:
    """Add the datasets that jpo computes: solved by the rule, with L_ref = 100; a problem is solved at the end."""
    group = file[f"methods/{name}"]
    known = np.isfinite(reference)
    with np.errstate(invalid="ignore"):
        is_solved = np.array(loss) <= reference + 1e-3 * np.maximum(reference, 0.1)
    group["solved"] = np.where(known, is_solved, 2).astype(np.int8)
    group["fitted"] = np.full(len(loss), 2, dtype=np.int8)
    group["chi2"] = group["prior_part"] = np.full(len(loss), NAN)
    group["parameter_error"] = np.arange(len(loss)) + 0.5
    group["evaluations"] = evaluations
    group["evaluations_to_solved"] = np.where(is_solved, evaluations, NAN)
    file[f"performance/seconds_to_solved/{name}"] = np.where(is_solved, 1.0 + np.arange(len(loss)), NAN)


def add_method(file: h5py.File, name: str, kind: str, earlier: str, loss: list[float], n_evaluation: int) -> None:
    """Add a method with a history of four rows, times of the rows, and states of problem 1."""
    group = file.create_group(f"methods/{name}")
    group.attrs.update({"kind": kind, "from": earlier, "seconds": 2.0})
    group["loss"] = loss
    for key, share in (("forward_solves", 1), ("adjoint_solves", 1), ("tangent_solves", 0)):
        group[key] = np.full(len(loss), share * n_evaluation)
    own = np.full(len(loss), float(n_evaluation))
    add_judgement(file, name, loss, file["problems/reference"][...],
                  own + (file[f"methods/{earlier}/evaluations"][...] if earlier else 0.0))
    middle = np.geomspace(100.0, max(1e-9, np.nanmedian(loss)), 4)
    group["history/gradient_evaluations"] = np.linspace(1.0, n_evaluation, 4)
    group["history/loss_mean"] = middle
    group["history/loss_quantiles"] = np.outer(middle, [0.1, 0.3, 1.0, 2.0, 4.0])
    file[f"performance/history/{name}"] = [0.5, 1.0, 1.5, 2.0]
    file[f"examples/1/methods/{name}"] = np.random.default_rng(len(name)).normal(size=(2, 16))
    order = file["methods"].attrs["order"]
    file["methods"].attrs["order"] = f"{order},{name}" if order else name


def write_many_methods(path: str, names: list[str]) -> None:
    """Write four problems and these methods; A+refine starts from A if A is one of them."""
    with h5py.File(path, "w") as file:
        file.attrs.update({"git_revision": "test", "schema_version": 2})
        file["problems/reference"] = [0.0, 0.0, 10.0, 0.0]
        file["problems/loss_at_centre"] = [100.0] * 4
        file.create_group("methods").attrs["order"] = ""
        example = file.create_group("examples/1")
        example.attrs.update({"length": 44.0, "axis_name": "x", "axis_units": "km"})
        example["time"] = [0.0, 1.0]
        example["time"].attrs.update({"name": "t", "units": "h"})
        example["truth"] = np.random.default_rng(0).normal(size=(2, 16))
        example["truth"].attrs.update({"name": "u", "units": "m/s"})
        for k, name in enumerate(names):
            earlier = name.removesuffix("+refine")
            is_refined = name != earlier and earlier in names
            kind = "refine" if is_refined else name if name in KINDS else "tao"
            add_method(file, name, kind, earlier if is_refined else "", [10.0 ** -k, 1e-4, 12.0 + k, 3.0], 10 + k)


def write_result(path: str, attributes: dict | None = None, rival: list[float] | None = None,
                 reference: list[float] | None = (0.0, 0.0, 10.0, 0.0), repeats: int = 1) -> None:
    """Write four problems, or `repeats` times these four, with L_ref = 100.

    Methods: bfgs, joint, a refinement of joint, and multi_start if its losses `rival` are given. Without a
    reference: problems of a file whose truth is not known.
    """
    with h5py.File(path, "w") as file:
        file.attrs.update({"git_revision": "test", "schema_version": 2} | (attributes or {}))
        references = np.array(list(reference or [NAN] * 4) * repeats)
        if reference is not None:
            file["problems/reference"] = references
        file["problems/loss_at_centre"] = [100.0, 100.0, 100.0, NAN] * repeats
        file["problems/observation"] = np.zeros((4 * repeats, 8))
        methods = [("bfgs", "", "tao", [50.0, 1e-5, 12.0, NAN], [10, 20, 30, 1]),
                   ("joint", "", "joint", [5.0, 0.5, 10.5, NAN], [100] * 4),
                   ("joint+refine", "joint", "refine", [5e-5, 1e-5, 10.005, 3.0], [5, 5, 5, 9])]
        if rival is not None:
            methods.append(("many", "", "multi_start", rival, [106] * 4))
        file.create_group("methods").attrs["order"] = ",".join(method[0] for method in methods)
        for name, earlier, kind, loss, solves in methods:
            group = file.create_group(f"methods/{name}")
            group.attrs.update({"kind": kind, "from": earlier, "seconds": 1.0})
            group["parameters"] = np.zeros((4 * repeats, 2))
            group["loss"] = loss * repeats
            group["forward_solves"] = solves * repeats
            # Half evaluations: a joint method's closing evaluation has no adjoint, and a tangent no forward.
            group["adjoint_solves"] = np.array(solves * repeats) - (kind == "joint")
            group["tangent_solves"] = np.full(4 * repeats, 2 * (kind == "refine"))
            own = 0.5 * (group["forward_solves"][...] + group["adjoint_solves"][...] + group["tangent_solves"][...])
            add_judgement(file, name, loss * repeats, references,
                          own + (file[f"methods/{earlier}/evaluations"][...] if earlier else 0.0))
        history = file.create_group("methods/joint/history")
        history["gradient_evaluations"] = [1.0, 100.0]
        history["loss_mean"] = [90.0, 5.0]
        history["loss_quantiles"] = [[1, 2, 3, 4, 5], [1, 1, 2, 2, 3]]
        example = file.create_group("examples/1")
        example.attrs["length"] = 44.0
        example["time"] = [0.0, 1.0]
        for name in ("truth", "methods/bfgs", "methods/joint", "methods/joint+refine"):
            if name != "truth" or reference is not None:
                example[name] = np.random.default_rng(0).normal(size=(2, 16))
