"""The table and figures of a study, on numbers small enough to check by hand."""

import json
import os
import pathlib
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

from comparison import compare_study  # noqa: E402
from result import BadResult, load_study  # noqa: E402
from study_json import load_study_json  # noqa: E402
from tables import records  # noqa: E402

# Solves problems 1 and 2 with the first seed, nothing with the second.
RIVALS = [[1e-5, 1e-5, 20.0, 1.0], [1.0, 1.0, 20.0, 1.0]]


def write_cell(folder: str, variant: str, seed: int, started: str, rival: list[float] | None, n: int = 4,
               alignment: float = float("nan")) -> None:
    attributes = {"variant": variant, "deck": f"[run]\nseed = {seed}\n", "command": "jpo study deck.toml",
                  "started": started, "processor_version": "a CPU", "n_rank": 2}
    path = os.path.join(folder, f"{variant}_n{n}_seed{seed}.h5")
    write_result(path, attributes, rival, repeats=n // 4)
    with h5py.File(path, "r+") as file:
        file["methods/joint/history/alignment"] = [alignment, 0.0]


class Study(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.folder = self.place.name
        # Run in this order: the names would sort the other way round.
        for k, rival in enumerate(RIVALS):
            write_cell(self.folder, "plain", 7 + k, f"2026-01-0{k + 1}T00:00:00Z", rival)
        write_cell(self.folder, "a_wide", 7, "2026-01-03T00:00:00Z", None)

    def tearDown(self):
        self.place.cleanup()

    def study(self, *arguments: str) -> subprocess.CompletedProcess:
        program = os.path.join(ROOT, "postprocess", "study.py")
        return subprocess.run([sys.executable, program, *arguments], capture_output=True, text=True, check=False)

    def check_origin(self, content: dict) -> None:
        self.assertEqual((content["commands"], content["git_revisions"], content["processors"], content["n_rank"]),
                         (["jpo study deck.toml"], ["test"], ["a CPU"], [2]))
        self.assertEqual(content["started"], "2026-01-01T00:00:00Z")

    def test_cells_are_pooled_over_seeds(self):
        table = compare_study(load_study(self.folder))
        self.assertEqual(list(zip(table["variant"], table["name"])),
                         [("plain", "bfgs"), ("plain", "joint"), ("plain", "joint+refine"), ("plain", "many"),
                          ("a_wide", "bfgs"), ("a_wide", "joint"), ("a_wide", "joint+refine")])
        refined, many = table.loc[2], table.loc[3]
        self.assertEqual((refined["n"], refined["n_problem"], refined["seeds"]), (8, 4, [7, 8]))
        self.assertEqual((refined["seconds"], many["seconds"]), (2.0, 1.0))  # a second each, joint before refine
        self.assertEqual((refined["solved"], refined["solved_min"], refined["solved_max"]), (75.0, 75.0, 75.0))
        # Two of four, and none of four.
        self.assertEqual((many["solved"], many["solved_min"], many["solved_max"]), (25.0, 0.0, 50.0))
        # Better on 3 of 4 and never worse: p = 2 / 2^3 a seed, 2 / 2^6 for both.
        np.testing.assert_allclose(refined["sign_test_p_by_seed"], [0.25, 0.25])
        self.assertAlmostEqual(refined["sign_test_p"], 2 / 64)
        # Of problems solved: only by the refinement problem 3, and 1, 2, 3 with the second seed.
        self.assertEqual((refined["solved_not_by_rival"], refined["solved_only_by_rival"]), (4, 0))
        self.assertAlmostEqual(refined["rival_sign_test_p"], 2 / 16)
        np.testing.assert_allclose(refined["rival_sign_test_p_by_seed"], [1.0, 0.25])
        self.assertIs(table["rival_sign_test_p"].iloc[-1], pd.NA)
        self.assertNotIn("rival_sign_test_p", records(table)[-1])
        self.assertNotIn("rival_sign_test_p_by_seed", records(table)[-1])

    def test_reference_can_be_chosen(self):
        table = compare_study(load_study(self.folder), "joint")
        self.assertEqual(table.loc[1, "tie"], 100.0)
        with self.assertRaises(BadResult):
            compare_study(load_study(self.folder), "many")  # not in every variant

    def test_program_writes_table_json_and_figures(self):
        path = os.path.join(self.folder, "table.json")
        done = self.study(self.folder, "--json", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("plain, n = 4, 2 seeds (7, 8); the reference leaves 75.0 % unsolved", done.stdout)
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        self.assertEqual((content["git_revisions"], content["processors"]), (["test"], ["a CPU"]))
        self.assertEqual((content["reference"], content["commands"]), ("bfgs", ["jpo study deck.toml"]))
        self.assertEqual((content["started"], content["n_rank"]), ("2026-01-01T00:00:00Z", [2]))
        self.assertEqual(content["cells"], [{"variant": "plain", "n_problem": [4], "seeds": [7, 8]},
                                            {"variant": "a_wide", "n_problem": [4], "seeds": [7]}])
        self.assertEqual(len(content["table"]), 7)
        self.assertFalse([key for row in content["table"] for key, value in row.items() if isinstance(value, list)])
        self.assertEqual(sorted(os.listdir(os.path.join(self.folder, "figures"))), ["variants_n4.pdf", "variants_n4.png"])

    def test_json_has_a_line_for_each_record_and_can_be_read_again(self):
        path = os.path.join(self.folder, "table.json")
        self.assertEqual(self.study(self.folder, "--json", path, "--formats", "png").returncode, 0)
        text = pathlib.Path(path).read_text(encoding="utf-8")
        self.assertEqual(len([line for line in text.splitlines() if line.startswith("  {")]), 2 + 7)
        table, reference, origin = load_study_json(path)
        self.assertEqual((reference, origin["git_revisions"]), ("bfgs", ["test"]))
        stored = compare_study(load_study(self.folder)).drop(columns=["sign_test_p_by_seed", "rival_sign_test_p_by_seed"])
        pd.testing.assert_frame_equal(table[stored.columns], stored, check_dtype=False, rtol=1e-5)
        again = os.path.join(self.folder, "again.json")
        done = self.study(path, "--json", again, "--figures", os.path.join(self.folder, "f"), "--formats", "png")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(text, pathlib.Path(again).read_text(encoding="utf-8"))
        refused = self.study(path, "--reference", "joint")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("another reference needs the result files", refused.stderr)

    def test_methods_restrict_the_table(self):
        done = self.study(self.folder, "--methods", "joint,bfgs", "--json", "-", "--formats", "png")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([row["name"] for row in json.loads(done.stdout)["table"]], ["bfgs", "joint"] * 2)
        refused = self.study(self.folder, "--methods", "bfgs,none")
        self.assertEqual((refused.returncode, refused.stderr),
                         (2, "study.py: no method 'none' in the study; it has bfgs, joint, joint+refine, many\n"))

    def test_one_variant_is_drawn_against_n(self):
        os.remove(os.path.join(self.folder, "a_wide_n4_seed7.h5"))
        done = self.study(self.folder, "--json", "-", "--figures", os.path.join(self.folder, "f"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(json.loads(done.stdout)["table"]), 4)
        self.assertEqual(sorted(os.listdir(os.path.join(self.folder, "f"))),
                         [f"{name}.{suffix}" for name in ("better", "loss", "solved") for suffix in ("pdf", "png")])

    def test_growth_writes_table_and_figure(self):
        growth = [sys.executable, os.path.join(ROOT, "postprocess", "growth.py"), self.folder]
        refused = subprocess.run(growth, capture_output=True, text=True, check=False)
        self.assertEqual((refused.returncode, refused.stderr.strip()),
                         (2, f"growth.py: {self.folder} has several variants (a_wide, plain); allowed: one"))
        os.remove(os.path.join(self.folder, "a_wide_n4_seed7.h5"))
        path = os.path.join(self.folder, "growth.json")
        done = subprocess.run([*growth, "--share", "0.5", "--json", path], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        # Two of four are solved with the first seed, none with the second: 106 forward and adjoint solves.
        self.assertIn("many         n = 4          nan evaluations until 50 % are solved; by seed 106.0 nan", done.stdout)
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        self.assertEqual((content["share"], content["evaluations"]), (0.5, {"many": {"4": {"7": 106.0, "8": None}}}))
        self.check_origin(content)
        self.assertIn("growth.png", os.listdir(self.folder))
        self.assertIn("growth.pdf", os.listdir(self.folder))
        again = subprocess.run([*growth[:2], path], capture_output=True, text=True, check=False)
        self.assertEqual((again.returncode, again.stdout), (0, done.stdout))

    def test_gradient_quality_fits_the_exponent(self):
        for n in (4, 16):
            for seed, error in ((1, -0.01), (2, 0.0), (3, 0.01)):
                write_cell(self.folder, "plain", seed, "2026-01-01T00:00:00Z", None, n, 0.1 * n**0.5 * (1 + error))
        program = [sys.executable, os.path.join(ROOT, "postprocess", "gradient_quality.py")]
        refused = subprocess.run([*program, self.folder], capture_output=True, text=True, check=False)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("the cell plain, n = 4, seed 7 has no alignment", refused.stderr)
        for name in ("plain_n4_seed7.h5", "plain_n4_seed8.h5", "a_wide_n4_seed7.h5"):
            os.remove(os.path.join(self.folder, name))
        path = os.path.join(self.folder, "quality.json")
        done = subprocess.run([*program, self.folder, "--json", path], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        self.check_origin(content)
        fit = content["fits"]["plain"]
        self.assertEqual((fit["n"], fit["n_seed"]), ([4, 16], 3))
        self.assertAlmostEqual(fit["exponent"], 0.5)
        np.testing.assert_allclose(fit["mean_cosine"], [0.2, 0.4])
        again = subprocess.run([*program, path], capture_output=True, text=True, check=False)
        self.assertEqual((again.returncode, again.stdout), (0, done.stdout))

    def test_program_refuses_what_is_no_study(self):
        alone = os.path.join(self.folder, "alone")
        os.mkdir(alone)
        for arguments in ([alone], [self.folder, "--reference", "none"]):
            refused = self.study(*arguments)
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertEqual(len(refused.stderr.strip().splitlines()), 1)
        write_result(os.path.join(alone, "run.h5"))
        self.assertIn("no attribute 'variant'", self.study(alone).stderr)


if __name__ == "__main__":
    unittest.main()
