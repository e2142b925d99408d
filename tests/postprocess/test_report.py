"""The comparison of methods, on numbers small enough to check by hand."""

import os
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np
import pandas as pd

from small_result import write_result

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "postprocess"))

import report  # noqa: E402
import study  # noqa: E402

from comparison import compare, cost_to_solve, judge, sign_test, solved_limit, verdicts  # noqa: E402
from result import QUANTILES, BadResult, load_result  # noqa: E402
from tables import table_lines  # noqa: E402

NAN = float("nan")


class Judging(unittest.TestCase):
    def test_verdicts_follow_the_tolerance(self):
        # tol = 1e-3 max(|a|, |b|, 1e-3 * 100)
        a = np.array([1.0, 1.0, 1.0, 1e-5, NAN, 1.0, NAN])
        b = np.array([1.0005, 1.1, 0.9, 2e-5, 1.0, NAN, NAN])
        self.assertEqual(list(verdicts(a, b, 100.0)), [0, -1, 1, 0, 1, -1, 0])

    def test_limit_of_solved(self):
        np.testing.assert_allclose(solved_limit(np.array([0.0, 10.0]), 100.0), [1e-4, 10.01], rtol=1e-12)

    def test_cost_counts_until_a_share_is_solved(self):
        group = pd.DataFrame({"evaluations": [1.0, 9.0, 9.0, 100.0], "evaluations_to_solved": [1.0, 2.0, 4.0, NAN],
                              "seconds_to_solved": [0.5, 3.0, 0.1, NAN]})
        # Three of four: when the third is solved, after 4 evaluations, the last has had 4 as well.
        self.assertEqual(cost_to_solve(group, 0.75), (11 / 4, 3.0))
        self.assertEqual(cost_to_solve(group, 0.5), (7 / 4, 0.5))
        self.assertTrue(np.isnan(cost_to_solve(group, 0.76)).all())

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
        table = compare(judge(result))
        self.assertEqual(list(table["kind"]), ["tao", "joint", "refine"])
        self.assertTrue(table["rival_sign_test_p"].isna().all())  # no multi_start
        bfgs, joint, refined = (row for _, row in table.set_index("name").iterrows())
        self.assertEqual((bfgs["solved"], bfgs["tie"], bfgs["failed"]), (25.0, 100.0, 25.0))
        self.assertEqual((joint["better"], joint["worse"], joint["tie"]), (50.0, 25.0, 25.0))
        self.assertEqual((refined["better"], refined["tie"], refined["solved"]), (75.0, 25.0, 75.0))
        # joint: 100 forward and 99 adjoint solves. refine: 5 or 9 of both, 2 tangents, and joint's.
        self.assertEqual((joint["evaluations_mean"], joint["evaluations_max"]), (99.5, 99.5))
        self.assertEqual((refined["evaluations_mean"], refined["evaluations_max"]), (106.5, 109.5))
        # A second each: that of refine follows that of joint.
        self.assertEqual((bfgs["seconds"], joint["seconds"], refined["seconds"]), (1.0, 1.0, 2.0))
        # bfgs leaves 1, 3 and 4 unsolved; 10.005 of problem 3 is better than its 12, NaN is not.
        self.assertEqual(bfgs["unsolved_by_reference"], 75.0)
        self.assertAlmostEqual(joint["better_of_unsolved"], 100 * 2 / 3)
        self.assertEqual(refined["better_of_unsolved"], 100.0)
        self.assertEqual(refined["better_and_solved"], 50.0)
        self.assertAlmostEqual(refined["sign_test_p"], 0.25)

    def test_a_space_separates_columns(self):
        for columns in (report.COLUMNS, report.QUALITY, [*study.COLUMNS, study.RIVAL]):
            keys = [key for _, _, key in columns if key != "name"]
            for name, number in (("a" * 24, 99999.9), ("b" * 40, 123456789.9), ("c", -1.2345e-300)):
                lines = table_lines(pd.DataFrame([{"name": name} | dict.fromkeys(keys, number)]), columns)
                self.assertEqual([len(line.split()) for line in lines[1:]], [len(columns)], lines)
                self.assertEqual(lines[1].split()[0], name)
            # A longer entry widens the line; these do not.
            large = dict.fromkeys(keys, 100.0) | dict.fromkeys(("evaluations_mean", "evaluations_max", "seconds", "evaluations_median", "evaluations_to_90", "seconds_to_90",
                                                                "loss_mean", "loss_median"), 99999.9)
            short, long = (table_lines(pd.DataFrame([row]), columns)[0] for row in (
                {"name": "a"} | dict.fromkeys(keys, 0.0), {"name": "a" * 24} | large))
            self.assertEqual(short, long)

    def test_reader_that_closes_the_pipe(self):
        for script, path in (("report.py", self.path), ("study.py", self.folder.name)):
            write_result(self.path, {"variant": "a", "deck": "[run]\nseed = 1\n", "command": "jpo", "started": "today",
                                     "processor_version": "a CPU", "n_rank": 1})
            program = os.path.join(ROOT, "postprocess", script)
            end, start = os.pipe()
            os.close(end)
            try:
                done = subprocess.run([sys.executable, program, path, "--formats", "png"], stdout=start,
                                      stderr=subprocess.PIPE, text=True, check=False)
            finally:
                os.close(start)
            self.assertEqual((done.returncode, done.stderr), (141, ""))

    def test_problems_without_a_reference_are_not_solved(self):
        write_result(self.path, reference=[0.0, NAN, 10.0, NAN])
        table = compare(judge(load_result(self.path)))
        self.assertEqual(list(table["solved"]), [0.0, 0.0, 50.0])
        write_result(self.path, reference=None)
        table = compare(judge(load_result(self.path)))
        self.assertTrue(table[["solved", "fitted"]].isna().all(axis=None))
        self.assertEqual(table_lines(table, report.COLUMNS)[1].split()[1:3], ["-", "-"])

    def test_verdicts_are_those_of_the_file(self):
        with h5py.File(self.path, "r+") as file:
            file["methods/bfgs/solved"][...] = [0, 1, 2, 1]
            file["methods/bfgs/fitted"][...] = [1, 1, 0, 0]
        bfgs = compare(judge(load_result(self.path))).loc[0]
        self.assertEqual((bfgs["solved"], bfgs["fitted"]), (50.0, 50.0))
        self.assertEqual((bfgs["error_mean"], bfgs["error_median"], bfgs["evaluations_median"]), (2.0, 2.0, 15.0))
        # gap: against the best 5e-5, 1e-5, 10.005 and 3 of all methods, in units of at least 1e-3 L_ref.
        self.assertAlmostEqual(bfgs["gap_median"], 100.0 * (12.0 - 10.005) / 10.005)

    def test_another_schema_is_refused(self):
        write_result(self.path, {"schema_version": 1})
        with self.assertRaisesRegex(BadResult, "schema version 1, written by jpo test; these scripts read version 2"):
            load_result(self.path)

    def test_frames_follow_the_file(self):
        result = load_result(self.path)
        self.assertEqual(list(result.methods.index), ["bfgs", "joint", "joint+refine"])
        self.assertEqual(list(result.methods["earlier"]), ["", "", "joint"])
        self.assertEqual(list(result.answers.index.names), ["method", "problem"])
        self.assertEqual(result.answers.loc[("joint+refine", 2), "loss"], 10.005)
        history = result.histories.loc[["joint"]]
        self.assertEqual(list(history["gradient_evaluations"]), [1.0, 100.0])
        self.assertEqual(history[QUANTILES].to_numpy().tolist(), [[1, 2, 3, 4, 5], [1, 1, 2, 2, 3]])

    def test_missing_module_is_named(self):
        with open(os.path.join(self.folder.name, "pandas.py"), "w", encoding="utf-8") as file:
            file.write("raise ImportError\n")
        for script in ("report.py", "study.py", "growth.py", "gradient_quality.py"):
            done = subprocess.run([sys.executable, os.path.join(ROOT, "postprocess", script), self.path],
                                  env=os.environ | {"PYTHONPATH": self.folder.name}, capture_output=True, text=True,
                                  check=False)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr, f"{script} needs pandas: apt-get install python3-pandas\n")

    def test_program_judges_and_draws_without_a_truth(self):
        write_result(self.path, reference=None)
        program = os.path.join(ROOT, "postprocess", "report.py")
        done = subprocess.run([sys.executable, program, self.path], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("4 problems have no reference misfit; they do not count as solved", done.stdout)
        self.assertIn("space_time.png", os.listdir(os.path.join(self.folder.name, "result_figures")))

    def test_program_draws_and_refuses(self):
        command = [sys.executable, os.path.join(ROOT, "postprocess", "report.py")]
        done = subprocess.run([*command, self.path], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        figures = os.listdir(os.path.join(self.folder.name, "result_figures"))
        self.assertEqual(sorted(figures),
                         [f"{name}.{suffix}" for name in ("history", "scatter", "shares", "space_time")
                          for suffix in ("pdf", "png")])
        for arguments in ([self.path + "x"], [__file__], [self.path, "--reference", "none"]):
            refused = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertEqual(len(refused.stderr.strip().splitlines()), 1)
        with self.assertRaises(BadResult):
            load_result(__file__)


if __name__ == "__main__":
    unittest.main()
