"""Read a result file of jpo, or the files of a study, into pandas data frames.

    result = load_result("runs/kuramoto_sivashinsky.h5")
    result.answers.groupby(level="method", sort=False)[["loss", "evaluations"]].median()
"""

from __future__ import annotations

import glob
import os
import shlex
import sys
import tomllib
from collections.abc import Collection
from dataclasses import dataclass

import h5py
import numpy as np
import pandas as pd

CELL_ATTRIBUTES = ["variant", "deck", "command", "started", "processor_version"]
LEDGER = ["forward_solves", "adjoint_solves", "tangent_solves"]
SCHEMA_VERSION = 2
# Datasets of each method that jpo computes once; postprocess/ only reads them.
JUDGEMENT = ["chi2", "prior_part", "parameter_error", "evaluations", "evaluations_to_solved"]
YES, UNKNOWN = 1, 2  # values of the enum of solved and fitted; 0 is no
QUANTILES = ["loss_5", "loss_25", "loss_50", "loss_75", "loss_95"]


class BadResult(Exception):
    """The file is missing, incomplete or not written by jpo, or does not contain a requested method or problem."""


def known_name(name: str, known: Collection[str], source: str) -> str:
    """Return `name` if it is one of `known`, the methods of `source`. Throws BadResult if not."""
    if name not in known:
        raise BadResult(f"no method '{name}' in the {source}; it has {', '.join(known)}")
    return name


def chosen_names(names: str | None, known: Collection[str], source: str) -> list[str]:
    """Return the names of a list "A,B", in the order of `known`; all if there is no list. Throws BadResult."""
    wanted = [known_name(name, known, source) for name in names.split(",")] if names else known
    return [name for name in known if name in wanted]


@dataclass
class Example:
    """States of one problem over time, [time, grid point]: at the truth (None if it is not known) and by method.

    The labels of the state and of the axes are name and unit, as in "u [m/s]"; the unit 1 is omitted.
    """

    time: np.ndarray
    length: float
    truth: np.ndarray | None
    states: dict[str, np.ndarray]
    state_label: str
    axis_label: str
    time_label: str


@dataclass
class Result:
    """One result file.

    attributes  of the file: git_revision, command, deck, ...
    methods     index: name, in the order of the deck; columns kind, earlier (attribute `from`: the method
                whose answers were the starts, or ""), seconds (of this method alone)
    problems    index: problem; columns reference (reference misfit of solved, NaN if there is none), loss_at_centre
    answers     index: method, problem; columns loss, the solves of LEDGER, those of JUDGEMENT, seconds_to_solved,
                solved and fitted (0: no, YES, UNKNOWN)
    histories   index: method; columns of /methods/<name>/history, QUANTILES of the best misfit so far, seconds
                since the start of the method (NaN if they are not in the file)
    examples    by problem
    """

    attributes: dict[str, str]
    methods: pd.DataFrame
    problems: pd.DataFrame
    answers: pd.DataFrame
    histories: pd.DataFrame
    examples: dict[int, Example]

    @property
    def git_revision(self) -> str:
        return self.attributes["git_revision"]

    @property
    def is_incomplete(self) -> bool:
        """True for a file of `jpo result`: the run has not finished."""
        return "incomplete" in self.attributes

    @property
    def variant(self) -> str:
        """Name of the study variant of this run."""
        return self.attributes["variant"]

    @property
    def n_problem(self) -> int:
        return len(self.problems)

    @property
    def seed(self) -> int:
        return int(tomllib.loads(self.attributes["deck"])["run"]["seed"])

    @property
    def seconds(self) -> pd.Series:
        """Seconds of each method, including those of the earlier methods that provided its starts."""
        total: dict[str, float] = {}
        for name, row in self.methods.iterrows():
            total[name] = row["seconds"] + (total[row["earlier"]] if row["earlier"] else 0.0)
        return pd.Series(total, name="seconds", dtype=float)

    @property
    def loss_reference(self) -> float:
        """L_ref: the median of the finite misfits at the centre of the box."""
        centre = self.problems["loss_at_centre"]
        return float(centre[np.isfinite(centre)].median())

    def reference(self, name: str | None = None) -> str:
        """Return `name`, by default the first `tao` method without an earlier one. Throws BadResult if unknown."""
        if name:
            return self.known(name)
        from_nothing = self.methods[(self.methods["kind"] == "tao") & (self.methods["earlier"] == "")]
        return from_nothing.index[0] if len(from_nothing) else self.methods.index[0]

    def known(self, name: str) -> str:
        return known_name(name, self.methods.index, "file")

    def chosen(self, names: str | None) -> list[str]:
        """Return the methods of a list "A,B", in the order of the file; all methods if there is no list."""
        return chosen_names(names, self.methods.index, "file")


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _methods(group: h5py.Group) -> pd.DataFrame:
    names = [name for name in _text(group.attrs["order"]).split(",") if name]
    rows = [(_text(group[n].attrs["kind"]), _text(group[n].attrs["from"]), float(group[n].attrs["seconds"]))
            for n in names]
    return pd.DataFrame(rows, index=pd.Index(names, name="method"), columns=["kind", "earlier", "seconds"])


def _answers(file: h5py.File, methods: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each method and problem."""
    frames: dict[str, pd.DataFrame] = {}
    for name, earlier in methods["earlier"].items():
        if earlier and earlier not in frames:
            raise BadResult(f"method '{name}' starts from '{earlier}', which is not an earlier method of the file")
        group = file["methods"][name]
        frame = pd.DataFrame({column: group[column][...] for column in ["loss", *LEDGER, *JUDGEMENT]})
        for column in ("solved", "fitted"):
            frame[column] = group[column][...].astype(int)
        frame["seconds_to_solved"] = file[f"performance/seconds_to_solved/{name}"][...]
        frames[name] = frame
    return pd.concat(frames, names=["method", "problem"])


def _problems(group: h5py.Group) -> pd.DataFrame:
    frame = pd.DataFrame({"loss_at_centre": group["loss_at_centre"][...]})
    frame["reference"] = group["reference"][...] if "reference" in group else np.nan
    return frame


def check_schema(attributes: h5py.AttributeManager, path: str) -> None:
    """Throw BadResult if the file has another schema version."""
    version = int(attributes["schema_version"])
    if version != SCHEMA_VERSION:
        raise BadResult(f"{path} has schema version {version}, written by jpo {_text(attributes['git_revision'])}; "
                        f"these scripts read version {SCHEMA_VERSION}: run the job again, or use the scripts of that "
                        "revision")


def _history(group: h5py.Group, seconds: h5py.Dataset | None) -> pd.DataFrame:
    columns = {key: values[...] for key, values in group.items() if key != "loss_quantiles"}
    columns["seconds"] = np.nan if seconds is None else seconds[...]
    return pd.DataFrame(columns | dict(zip(QUANTILES, group["loss_quantiles"][...].T)))


def _histories(file: h5py.File, methods: pd.DataFrame) -> pd.DataFrame:
    frames = {name: _history(file[f"methods/{name}/history"], file.get(f"performance/history/{name}"))
              for name in methods.index if "history" in file[f"methods/{name}"]}
    return pd.concat(frames, names=["method"]).droplevel(1) if frames else pd.DataFrame()


def _label(attributes: h5py.AttributeManager, name: str, units: str, prefix: str = "") -> str:
    """Return "name [units]", or "name" if the unit is 1; `name` and `units` replace missing attributes."""
    name, units = (_text(attributes.get(prefix + key, value)) for key, value in (("name", name), ("units", units)))
    return name if units == "1" else f"{name} [{units}]"


def _example(group: h5py.Group) -> Example:
    methods = group.get("methods", {})
    states = {name: methods[name][...] for name in methods}
    truth = group["truth"][...] if "truth" in group else None
    state = group["truth"] if "truth" in group else methods[next(iter(methods))]
    return Example(group["time"][...], float(group.attrs["length"]), truth, states,
                   _label(state.attrs, "state", "1"), _label(group.attrs, "x", "length of the model", "axis_"),
                   _label(group["time"].attrs, "t", "time of the model"))


def load_result(path: str) -> Result:
    """Read one file. Throws BadResult."""
    try:
        with h5py.File(path, "r") as file:
            check_schema(file.attrs, path)
            methods = _methods(file["methods"])
            return Result({key: _text(value) for key, value in file.attrs.items()}, methods,
                          _problems(file["problems"]), _answers(file, methods), _histories(file, methods),
                          {int(key): _example(value) for key, value in file.get("examples", {}).items()})
    except OSError as error:
        raise BadResult(f"cannot read {path}: {error}") from error
    except KeyError as error:
        raise BadResult(f"{path} is not a result file of jpo: {error}") from error


def load_study(folder: str) -> list[Result]:
    """Read all cells in a directory of `jpo study`: by variant in the order of the runs, size, seed."""
    results = []
    for path in sorted(glob.glob(os.path.join(glob.escape(folder), "*.h5"))):
        result = load_result(path)
        missing = [name for name in CELL_ATTRIBUTES if name not in result.attributes]
        if missing:
            raise BadResult(f"{path} is not a cell of a study: it has no attribute '{missing[0]}'")
        results.append(result)
    if not results:
        raise BadResult(f"no result file (*.h5) in {folder}")
    cells = pd.DataFrame([(r.variant, r.n_problem, r.seed, r.attributes["started"]) for r in results],
                         columns=["variant", "n_problem", "seed", "started"])
    cells["started"] = cells.groupby("variant")["started"].transform("min")
    return [results[k] for k in cells.sort_values(["started", "variant", "n_problem", "seed"]).index]


def _distinct(results: list[Result], attribute: str) -> list[str]:
    return sorted({result.attributes[attribute] for result in results})


def origin(results: list[Result]) -> dict:
    """Return the revisions, commands and dates of the numbers of a study; the time is that of the first run."""
    return {
        "postprocess": shlex.join([os.path.basename(sys.argv[0]), *sys.argv[1:]]),
        "commands": _distinct(results, "command"),
        "git_revisions": _distinct(results, "git_revision"),
        "processors": _distinct(results, "processor_version"),
        "n_rank": sorted({int(result.attributes["n_rank"]) for result in results}),
        "started": min(_distinct(results, "started")),
    }
