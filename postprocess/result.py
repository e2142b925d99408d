"""A jpo result file, read into arrays. The schema and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

import h5py
import numpy as np


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
    history: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass
class Example:
    """States over time of one problem, [time, grid point]."""

    time: np.ndarray
    length: float
    states: dict[str, np.ndarray]


@dataclass
class Result:
    floor: np.ndarray
    loss_at_centre: np.ndarray
    observation: np.ndarray
    methods: list[Method]
    examples: dict[int, Example]
    git_revision: str

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
        """Gradient evaluations by problem, with those of the methods it started from."""
        total = np.maximum(method.forward, method.adjoint)
        return total + self.evaluations(self.method(method.earlier)) if method.earlier else total


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _method(name: str, group: h5py.Group) -> Method:
    history = group.get("history", {})
    return Method(name, _text(group.attrs["kind"]), _text(group.attrs["from"]),
                  float(group.attrs["seconds"]), group["parameters"][...], group["loss"][...],
                  group["forward_solves"][...], group["adjoint_solves"][...],
                  {key: history[key][...] for key in history})


def _example(group: h5py.Group) -> Example:
    states = {key: group[key][...] for key in group if key != "time"}
    return Example(group["time"][...], float(group.attrs["length"]), states)


def load_result(path: str) -> Result:
    try:
        with h5py.File(path, "r") as file:
            group = file["methods"]
            names = [name for name in _text(group.attrs["order"]).split(",") if name]
            problems = file["problems"]
            return Result(problems["floor"][...], problems["loss_at_centre"][...],
                          problems["observation"][...], [_method(n, group[n]) for n in names],
                          {int(key): _example(value) for key, value in file.get("examples", {}).items()},
                          _text(file.attrs["git_revision"]))
    except OSError as error:
        raise BadResult(f"cannot read {path}: {error}") from error
    except KeyError as error:
        raise BadResult(f"{path} is not a result file of jpo: {error}") from error
