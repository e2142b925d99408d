"""A jpo result file, or a directory of them, read into arrays. The schema and nothing else."""

from __future__ import annotations

import glob
import os
import tomllib
from dataclasses import dataclass, field

import h5py
import numpy as np


CELL_ATTRIBUTES = ["variant", "deck", "command", "started", "processor_version"]


class BadResult(Exception):
    """The file is missing, foreign or incomplete, or a name is not in it."""


@dataclass
class Method:
    """One group of /methods; arrays by problem."""

    name: str
    kind: str
    earlier: str  # attribute `from`: the method whose answers were the starts
    seconds: float
    parameters: np.ndarray
    loss: np.ndarray
    forward: np.ndarray
    adjoint: np.ndarray
    tangent: np.ndarray
    history: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass
class Example:
    """States over time of one problem, [time, grid point]."""

    time: np.ndarray
    length: float
    truth: np.ndarray | None  # None where it is not known
    states: dict[str, np.ndarray]  # by method


@dataclass
class Result:
    floor: np.ndarray  # misfit at the truth; the best of all methods where it is not known
    floor_is_known: np.ndarray
    loss_at_centre: np.ndarray
    observation: np.ndarray
    methods: list[Method]
    examples: dict[int, Example]
    attributes: dict[str, str]  # of the file: git_revision, command, deck, processor_version, ...

    @property
    def git_revision(self) -> str:
        return self.attributes["git_revision"]

    @property
    def variant(self) -> str:
        """Of the study that the run was a cell of."""
        return self.attributes["variant"]

    @property
    def n_problem(self) -> int:
        return len(self.floor)

    @property
    def seed(self) -> int:
        return int(tomllib.loads(self.attributes["deck"])["run"]["seed"])

    @property
    def loss_reference(self) -> float:
        """L_ref: median misfit at the centre of the box, over the finite ones."""
        return float(np.nanmedian(np.where(np.isfinite(self.loss_at_centre), self.loss_at_centre,
                                           np.nan)))

    def method(self, name: str) -> Method:
        for method in self.methods:
            if method.name == name:
                return method
        known = ", ".join(method.name for method in self.methods)
        raise BadResult(f"no method '{name}' in the file; it has {known}")

    def reference(self) -> Method:
        """The first per-problem method that starts from nothing."""
        return next((m for m in self.methods if m.kind == "tao" and not m.earlier), self.methods[0])

    def evaluations(self, method: Method) -> np.ndarray:
        """Gradient evaluations by problem, with those of the methods it started from.

        One gradient evaluation is one forward and one adjoint solve, and so the number of them is
        (forward + adjoint + tangent) / 2: a solve of any kind, also one without its partner (the
        closing evaluation of a joint method, a tangent of Gauss-Newton), counts half.
        """
        total = 0.5 * (method.forward + method.adjoint + method.tangent)
        return total + self.evaluations(self.method(method.earlier)) if method.earlier else total


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _method(name: str, group: h5py.Group) -> Method:
    history = group.get("history", {})
    return Method(name, _text(group.attrs["kind"]), _text(group.attrs["from"]),
                  float(group.attrs["seconds"]), group["parameters"][...], group["loss"][...],
                  group["forward_solves"][...], group["adjoint_solves"][...],
                  group["tangent_solves"][...],
                  {key: history[key][...] for key in history})


def _example(group: h5py.Group) -> Example:
    methods = group.get("methods", {})
    truth = group["truth"][...] if "truth" in group else None
    return Example(group["time"][...], float(group.attrs["length"]), truth,
                   {name: methods[name][...] for name in methods})


def _floor(problems: h5py.Group, methods: list[Method]) -> tuple[np.ndarray, np.ndarray]:
    """What each problem is judged against, and whether that is the misfit at its truth."""
    n_problem = len(problems["loss_at_centre"])
    known = problems["floor"][...] if "floor" in problems else np.full(n_problem, np.nan)
    is_known = np.isfinite(known)
    best = np.fmin.reduce([method.loss for method in methods], initial=np.nan)
    return np.where(is_known, known, best), is_known


def load_result(path: str) -> Result:
    try:
        with h5py.File(path, "r") as file:
            group = file["methods"]
            names = [name for name in _text(group.attrs["order"]).split(",") if name]
            problems = file["problems"]
            file.attrs["git_revision"]  # every result file has it
            methods = [_method(n, group[n]) for n in names]
            return Result(*_floor(problems, methods), problems["loss_at_centre"][...],
                          problems["observation"][...], methods,
                          {int(key): _example(value) for key, value in file.get("examples", {}).items()},
                          {key: _text(value) for key, value in file.attrs.items()})
    except OSError as error:
        raise BadResult(f"cannot read {path}: {error}") from error
    except KeyError as error:
        raise BadResult(f"{path} is not a result file of jpo: {error}") from error


def load_study(folder: str) -> list[Result]:
    """All cells of a directory that `jpo study` wrote: by variant as they were run, size, seed."""
    results = []
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), "*.h5"))):
        result = load_result(path)
        missing = [name for name in CELL_ATTRIBUTES if name not in result.attributes]
        if missing:
            raise BadResult(f"{path} is not a cell of a study: it has no attribute '{missing[0]}'")
        results.append(result)
    if not results:
        raise BadResult(f"no result file (*.h5) in {folder}")
    started: dict[str, str] = {}
    for result in results:
        time = result.attributes["started"]
        started[result.variant] = min(time, started.get(result.variant, time))
    return sorted(results, key=lambda r: (started[r.variant], r.variant, r.n_problem, r.seed))
