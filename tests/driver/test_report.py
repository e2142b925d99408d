"""The comparison of methods, on numbers small enough to check by hand."""

import os
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "postprocess"))

from comparison import compare, sign_test, solved, verdicts  # noqa: E402
from result import BadResult, load_result  # noqa: E402

NAN = float("nan")


def write_result(path: str) -> None:
    """Four problems, L_ref = 100; bfgs, joint, and a refinement of joint."""
    with h5py.File(path, "w") as file:
        file.attrs["git_revision"] = "test"
        file["problems/floor"] = [0.0, 0.0, 10.0, 0.0]
        file["problems/loss_at_centre"] = [100.0, 100.0, 100.0, NAN]
        file["problems/observation"] = np.zeros((4, 8))
        file.create_group("methods").attrs["order"] = "bfgs,joint,joint+refine"
        for name, earlier, kind, loss, solves in (
                ("bfgs", "", "tao", [50.0, 1e-5, 12.0, NAN], [10, 20, 30, 1]),
                ("joint", "", "joint", [5.0, 0.5, 10.5, NAN], [100] * 4),
                ("joint+refine", "joint", "refine", [5e-5, 1e-5, 10.005, 3.0], [5, 5, 5, 9])):
            group = file.create_group(f"methods/{name}")
            group.attrs.update({"kind": kind, "from": earlier, "seconds": 1.0})
            group["parameters"] = np.zeros((4, 2))
            group["loss"] = loss
            group["forward_solves"] = solves
            group["adjoint_solves"] = solves
        history = file.create_group("methods/joint/history")
        history["gradient_evaluations"] = [1.0, 100.0]
        history["loss_mean"] = [90.0, 5.0]
        history["loss_quantiles"] = [[1, 2, 3, 4, 5], [1, 1, 2, 2, 3]]
        example = file.create_group("examples/1")
        example.attrs["length"] = 44.0
        example["time"] = [0.0, 1.0]
        for name in ("truth", "bfgs", "joint", "joint+refine"):
            example[name] = np.random.default_rng(0).normal(size=(2, 16))


class Judging(unittest.TestCase):
    def test_verdicts_follow_the_tolerance(self):
        # tol = 1e-3 max(|a|, |b|, 1e-3 * 100)
        a = np.array([1.0, 1.0, 1.0, 1e-5, NAN, 1.0, NAN])
        b = np.array([1.0005, 1.1, 0.9, 2e-5, 1.0, NAN, NAN])
        self.assertEqual(list(verdicts(a, b, 100.0)), [0, -1, 1, 0, 1, -1, 0])

    def test_solved_is_one_sided(self):
        loss = np.array([1e-4, 1.1e-4, 9.0, 10.009, 10.02, NAN])
        floor = np.array([0.0, 0.0, 10.0, 10.0, 10.0, 0.0])
        self.assertEqual(list(solved(loss, floor, 100.0)), [True, False, True, True, False, False])

    def test_sign_test_is_the_binomial_tail(self):
        self.assertAlmostEqual(sign_test(0, 5), 2 / 32)
        self.assertAlmostEqual(sign_test(8, 2), 2 * (1 + 10 + 45) / 1024)
        self.assertEqual(sign_test(3, 3), 1.0)
        self.assertEqual(sign_test(0, 0), 1.0)
        self.assertLess(sign_test(4000, 100), 1e-300)


class Report(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "result.h5")
        write_result(self.path)

    def tearDown(self):
        self.folder.cleanup()

    def test_table(self):
        result = load_result(self.path)
        self.assertEqual(result.loss_reference, 100.0)
        bfgs, joint, refined = compare(result, result.reference())
        self.assertEqual((bfgs["solved"], bfgs["tie"], bfgs["failed"]), (25.0, 100.0, 25.0))
        self.assertEqual((joint["better"], joint["worse"], joint["tie"]), (50.0, 25.0, 25.0))
        self.assertEqual((refined["better"], refined["tie"], refined["solved"]), (75.0, 25.0, 75.0))
        self.assertEqual((refined["evaluations_mean"], refined["evaluations_max"]), (106.0, 109.0))
        self.assertEqual(refined["better_and_solved"], 50.0)
        self.assertAlmostEqual(refined["sign_test_p"], 0.25)

    def test_program_draws_and_refuses(self):
        command = [sys.executable, os.path.join(ROOT, "postprocess", "report.py")]
        done = subprocess.run([*command, self.path], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        figures = os.listdir(os.path.join(self.folder.name, "result_figures"))
        self.assertEqual(sorted(figures),
                         ["history_joint.png", "scatter.png", "shares.png", "space_time.png"])
        for arguments in ([self.path + "x"], [__file__], [self.path, "--reference", "none"]):
            refused = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertEqual(len(refused.stderr.strip().splitlines()), 1)
        with self.assertRaises(BadResult):
            load_result(__file__)


if __name__ == "__main__":
    unittest.main()
