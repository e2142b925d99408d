"""A jpo forward model in Python: a running model_server, and many solves that share its batches."""

from __future__ import annotations

import subprocess
import tempfile
import threading

import numpy as np

SOLVE, ADJOINT, TANGENT = 1, 2, 3


class Model:
    """The model of a deck; c, m, y, w, v are arrays [problem, component], n_batch rows at most."""

    def __init__(self, server: str, deck: str):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write(deck)
            file.flush()
            self.process = subprocess.Popen([server, file.name], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE)
            sizes = self._receive(5, np.int64)  # the deck has been read once they come
        (self.n_parameter, self.n_context, self.n_observation, self.n_batch,
         tangent) = map(int, sizes)
        self.has_tangent = bool(tangent)
        self.lower, self.upper, self.centre, self.scale = (
            self._receive(4 * self.n_parameter).reshape(4, self.n_parameter))

    def solve(self, c: np.ndarray, m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which problems converged, and y."""
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
    """Misfit, residuals and their derivatives of the problems of one result file, by row."""

    def __init__(self, model: Model, context, observation, residual_scale: float,
                 prior_weight: float):
        self.model = model
        self.context, self.observation = context, observation
        self.residual_scale = residual_scale
        self.prior = np.sqrt(prior_weight) / model.scale if prior_weight > 0.0 else None

    def evaluate(self, kind: str, rows: list[int], m: np.ndarray) -> list:
        """One answer a row: (loss, g) for "gradient", r for "residual", dr/dm for "jacobian"; r is
        not finite where the solve failed."""
        answers = []
        for first in range(0, len(rows), self.model.n_batch):
            part = slice(first, first + self.model.n_batch)
            answers += getattr(self, "_" + kind)(rows[part], m[part])
        return answers

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
    """Solves on threads that advance together: each waits where it asks for an evaluation, until
    all do; one batch answers them. A model is several times faster so than problem by problem."""

    def __init__(self, objective: Objective):
        self.objective = objective
        lock = threading.Lock()
        self.asked, self.answered = threading.Condition(lock), threading.Condition(lock)
        self.questions: dict[int, tuple[str, np.ndarray]] = {}
        self.answers: dict[int, object] = {}
        self.n_live = 0

    def ask(self, kind: str, row: int, m: np.ndarray):
        with self.answered:
            self.questions[row] = (kind, np.array(m))
            self.asked.notify()
            self.answered.wait_for(lambda: row in self.answers)
            return self.answers.pop(row)

    def run(self, body, rows) -> None:
        """body(row) for every row, all at once; an exception in any ends the program."""
        errors = []

        def guarded(row):
            try:
                body(row)
            except BaseException as error:  # noqa: BLE001  (raised again below)
                errors.append(error)
            with self.asked:
                self.n_live -= 1
                self.asked.notify()

        self.n_live = len(rows)
        threads = [threading.Thread(target=guarded, args=(row,), daemon=True) for row in rows]
        for thread in threads:
            thread.start()
        with self.asked:
            while True:
                self.asked.wait_for(lambda: len(self.questions) == self.n_live)
                if self.n_live == 0:
                    break
                self._answer()
        if errors:
            raise errors[0]

    def _answer(self) -> None:
        questions, self.questions = self.questions, {}
        for kind in sorted({kind for kind, _ in questions.values()}):
            rows = sorted(row for row, question in questions.items() if question[0] == kind)
            m = np.array([questions[row][1] for row in rows])
            for row, answer in zip(rows, self.objective.evaluate(kind, rows, m)):
                self.answers[row] = answer
        self.answered.notify_all()
