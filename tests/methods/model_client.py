"""A jpo forward model for Python: starts a model_server, and lets concurrent solves share its batches."""

from __future__ import annotations

import subprocess
import tempfile
import threading

import numpy as np

SOLVE, ADJOINT, TANGENT = 1, 2, 3


class Model:
    """The model of a deck. c, m, y, w, v are arrays [problem, component] with at most n_batch rows."""

    def __init__(self, server: str, deck: str):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(deck)
            file.flush()
            self.process = subprocess.Popen([server, file.name], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE)
            # The server sends the sizes after it has read the deck, so the file can be removed then.
            sizes = self._receive(5, np.int64)
        (self.n_parameter, self.n_context, self.n_observation, self.n_batch,
         tangent) = map(int, sizes)
        self.has_tangent = bool(tangent)
        self.lower, self.upper, self.centre, self.scale = (
            self._receive(4 * self.n_parameter).reshape(4, self.n_parameter))

    def solve(self, c: np.ndarray, m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns a boolean per problem, true if its solve converged, and y."""
        n = len(m)
        self._send(SOLVE, n, c, m)
        return self._receive(n) == 0.0, self._receive(n * self.n_observation).reshape(n, -1)

    def adjoint(self, w: np.ndarray) -> np.ndarray:
        self._send(ADJOINT, len(w), w)
        return self._receive(len(w) * self.n_parameter).reshape(len(w), -1)

    def tangent(self, v: np.ndarray) -> np.ndarray:
        self._send(TANGENT, len(v), v)
        return self._receive(len(v) * self.n_observation).reshape(len(v), -1)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()

    def _send(self, operation: int, n: int, *blocks: np.ndarray) -> None:
        data = [np.array([operation, n], dtype=np.int64).tobytes()]
        data += [np.ascontiguousarray(block, dtype=float).tobytes() for block in blocks]
        self.process.stdin.write(b"".join(data))
        self.process.stdin.flush()

    def _receive(self, count: int, kind=np.float64) -> np.ndarray:
        size = count * np.dtype(kind).itemsize
        data = self.process.stdout.read(size)
        if len(data) < size:
            raise RuntimeError("the model server has ended")
        return np.frombuffer(data, dtype=kind)


class Objective:
    """Misfit, residuals and their derivatives for the problems of one result file, one row per problem."""

    def __init__(self, model: Model, context, observation, residual_scale: float,
                 prior_weight: float):
        self.model = model
        self.context, self.observation = context, observation
        self.residual_scale = residual_scale
        self.prior = np.sqrt(prior_weight) / model.scale if prior_weight > 0.0 else None

    def evaluate(self, kind: str, rows: list[int], m: np.ndarray) -> list:
        """Returns one value per row: (loss, g) for "gradient", r for "residual", dr/dm for "jacobian".

        r is not finite if the solve failed.
        """
        values = []
        for first in range(0, len(rows), self.model.n_batch):
            part = slice(first, first + self.model.n_batch)
            values += getattr(self, "_" + kind)(rows[part], m[part])
        return values

    def _residuals(self, rows, m) -> np.ndarray:
        converged, y = self.model.solve(self.context[rows], m)
        residual = (y - self.observation[rows]) / self.residual_scale
        residual[~converged] = np.nan
        return residual

    def _residual(self, rows, m) -> list:
        residual = self._residuals(rows, m)
        if self.prior is not None:
            residual = np.hstack([residual, (m - self.model.centre) * self.prior])
        return list(residual)

    def _gradient(self, rows, m) -> list:
        residual = self._residuals(rows, m)
        gradient = self.model.adjoint(np.nan_to_num(residual) / self.residual_scale)
        with np.errstate(over="ignore"):
            loss = 0.5 * np.sum(residual**2, axis=1)
        if self.prior is not None:
            loss = loss + 0.5 * np.sum(((m - self.model.centre) * self.prior) ** 2, axis=1)
            gradient = gradient + (m - self.model.centre) * self.prior**2
        return list(zip(loss, gradient))

    def _jacobian(self, rows, m) -> list:
        self._residuals(rows, m)
        columns = []
        for unit in np.eye(self.model.n_parameter):
            columns.append(self.model.tangent(np.tile(unit, (len(rows), 1))) / self.residual_scale)
        jacobian = np.stack(columns, axis=2)
        if self.prior is not None:
            prior = np.tile(np.diag(self.prior), (len(rows), 1, 1))
            jacobian = np.concatenate([jacobian, prior], axis=1)
        return list(jacobian)


class Lockstep:
    """Runs solves on threads that advance together.

    A solve that requests an evaluation waits until all live solves have requested one. Then one batch evaluates all
    requests, which is faster than an evaluation per problem.
    """

    def __init__(self, objective: Objective):
        self.objective = objective
        lock = threading.Lock()
        self.has_request, self.has_result = threading.Condition(lock), threading.Condition(lock)
        self.requests: dict[int, tuple[str, np.ndarray]] = {}
        self.results: dict[int, object] = {}
        self.n_live = 0

    def evaluate(self, kind: str, row: int, m: np.ndarray):
        """Returns the value of Objective.evaluate for one row. Called by the thread of its solve."""
        with self.has_result:
            self.requests[row] = (kind, np.array(m))
            self.has_request.notify()
            self.has_result.wait_for(lambda: row in self.results)
            return self.results.pop(row)

    def run(self, body, rows) -> None:
        """Calls body(row) for all rows at the same time. Raises the first exception of a body."""
        errors = []

        def guarded(row):
            try:
                body(row)
            except BaseException as error:  # noqa: BLE001  (raised again below)
                errors.append(error)
            with self.has_request:
                self.n_live -= 1
                self.has_request.notify()

        self.n_live = len(rows)
        threads = [threading.Thread(target=guarded, args=(row,), daemon=True) for row in rows]
        for thread in threads:
            thread.start()
        with self.has_request:
            while True:
                self.has_request.wait_for(lambda: len(self.requests) == self.n_live)
                if self.n_live == 0:
                    break
                self._evaluate_requests()
        if errors:
            raise errors[0]

    def _evaluate_requests(self) -> None:
        requests, self.requests = self.requests, {}
        for kind in sorted({kind for kind, _ in requests.values()}):
            rows = sorted(row for row, request in requests.items() if request[0] == kind)
            m = np.array([requests[row][1] for row in rows])
            for row, result in zip(rows, self.objective.evaluate(kind, rows, m)):
                self.results[row] = result
        self.has_result.notify_all()
