"""Sizes, legends, texts and looks of the figures."""

import itertools
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np
import pandas as pd

from small_result import write_many_methods, write_result

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "postprocess"))

from comparison import compare, judge  # noqa: E402
from field_figure import DIFFERENCES, STATES  # noqa: E402
from figures import result_figures, select  # noqa: E402
from gradient_quality import draw_figure as draw_quality  # noqa: E402
from growth import draw as draw_growth  # noqa: E402
from history_figure import curve_of, draw_history  # noqa: E402
from result import BadResult, load_result  # noqa: E402
from study_figures import study_figures  # noqa: E402
from style import COLOURS, HATCHES, KNOWN, MARKERS, Page, look_of, plt  # noqa: E402

NAMES = [name for name in KNOWN if name != "truth"]
# Names of methods in the decks of other tests; style.py does not know them.
OTHERS = ["lm", "lm_cg", "cg", "tao", "refined", "more", "short", "kept", "refine", "again"]
WIDTHS = (85.0, 180.0)


def brightness(colour: object) -> float:
    """Return L* of CIELAB, 0 to 100: how bright a colour is in grey."""
    rgb = np.array(plt.matplotlib.colors.to_rgb(colour))
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    return 116 * np.cbrt(max(linear @ [0.2126, 0.7152, 0.0722], 0.008856)) - 16


def texts_of(figure: plt.Figure) -> list:
    """Return (text, bounding box in pixels) of everything that is written in a figure."""
    figure.canvas.draw()
    artists = list(figure.texts)
    for legend in figure.legends:
        artists += legend.get_texts()
    for axes in figure.axes:
        artists += [axes.title, *axes.texts]
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            artists += [axis.label, axis.offsetText]
            artists += [label for tick in axis._update_ticks() for label in (tick.label1, tick.label2)]
    return [(one.get_text(), one.get_window_extent()) for one in artists
            if one.get_visible() and one.get_text().strip()]


def faults(figure: plt.Figure) -> list[str]:
    """Return the texts that leave the canvas or cover each other, small fonts, and legends on data."""
    texts = texts_of(figure)
    width, height = figure.canvas.get_width_height()
    found = [f"'{text}' leaves the figure" for text, box in texts
             if box.x0 < 0 or box.y0 < 0 or box.x1 > width or box.y1 > height]
    for (a, box_a), (b, box_b) in itertools.combinations(texts, 2):
        if box_a.padded(-0.5).overlaps(box_b.padded(-0.5)):
            found.append(f"'{a}' and '{b}' overlap")
    for legend in figure.legends:
        for axes in figure.axes:
            if legend.get_window_extent().overlaps(axes.get_tightbbox(figure.canvas.get_renderer())):
                found.append("the legend covers an axis")
    found += [f"'{text.get_text()}' has {text.get_fontsize()} pt" for text in figure.findobj(plt.Text)
              if text.get_text() and text.get_fontsize() < 6]
    plt.close(figure)
    return found


def study_table(names: list[str], sizes: list[int], variants: list[str]) -> pd.DataFrame:
    rows = []
    for variant, n, (k, name) in itertools.product(variants, sizes, enumerate(names)):
        value = 100.0 * (k + 1) / len(names)
        loss = 10.0 ** (2 - k)
        rows.append({"variant": variant, "n_problem": n, "seeds": [1, 2], "name": name, "kind": "tao", "solved": value,
                     "solved_min": value - 3, "solved_max": min(100.0, value + 3), "better": value,
                     "better_min": value - 3, "better_max": min(100.0, value + 3), "unsolved_by_reference": 80.0,
                     "loss_median": loss, "loss_median_min": 0.5 * loss, "loss_median_max": 2.0 * loss})
    return pd.DataFrame(rows)


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "result.h5")

    def tearDown(self):
        plt.close("all")
        self.folder.cleanup()

    def figures(self, names: list[str], width: float, methods: str | None = None) -> dict[str, plt.Figure]:
        write_many_methods(self.path, names)
        result = load_result(self.path)
        judged = judge(result)
        selection = select(result, compare(judged), result.reference(), methods, None, None)
        return dict(result_figures(result, judged, selection, width))

    def run_script(self, script: str, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, os.path.join(ROOT, "postprocess", script), *arguments],
                              capture_output=True, text=True, check=False)


class Layout(Files):
    def test_result_figures(self):
        for width, names in itertools.product(WIDTHS, (NAMES, NAMES[:1])):
            figures = self.figures(names, width)
            self.assertEqual("scatter" in figures, len(names) > 1)
            for name, figure in figures.items():
                self.assertEqual(faults(figure), [], f"{name} at {width} mm, {len(names)} methods")

    def test_study_figures(self):
        for width, sizes, variants in itertools.product(WIDTHS, ([256], [2, 4, 8, 16, 32, 64, 128, 256]),
                                                        (["default"], ["base", "loss_normalized", "exploration"])):
            for name, figure in study_figures(study_table(NAMES[:8], sizes, variants), "bfgs", width):
                self.assertEqual(faults(figure), [], f"{name} at {width} mm, {len(sizes)} sizes")

    def test_growth_and_quality(self):
        sizes = [32, 64, 128, 256, 512, 1024]
        growth = pd.DataFrame([(name, n, seed, 20.0 + seed) for name in ("bank", "multi_start") for n in sizes
                               for seed in (1, 2)], columns=["method", "n_problem", "seed", "evaluations"])
        fit = {"n": sizes, "mean_cosine": [0.1] * 6, "standard_error": [0.02] * 6, "exponent": 0.5,
               "exponent_95": [0.25, 1.0]}
        for width in WIDTHS:
            for figure in (draw_growth(growth, 0.9, width), draw_growth(growth[growth["n_problem"] == 32], 0.9, width),
                           draw_quality({"T25": fit, "T50": fit}, width)):
                self.assertEqual(faults(figure), [])

    def test_one_size_is_drawn_as_bars(self):
        for sizes, n_bar in (([64], 3), ([32, 64], 0)):
            figures = dict(study_figures(study_table(NAMES[:3], sizes, ["default"]), "bfgs", 85.0))
            self.assertEqual(list(figures), ["better", "solved", "loss"])
            self.assertEqual(len(figures["solved"].axes[0].patches), n_bar)

    def test_errors_over_seeds_are_drawn(self):
        for sizes in ([64], [32, 64]):
            for _, figure in study_figures(study_table(NAMES[:3], sizes, ["default"]), "bfgs", 85.0):
                lines = np.concatenate([one.get_segments() for one in figure.axes[0].collections])
                self.assertGreaterEqual(len(lines), 2 * len(sizes))
                self.assertTrue((np.ptp(lines, axis=1).max(axis=1) > 0).all())
        table = study_table(NAMES[:1], [32, 64], ["default"])
        table["loss_median_min"] = 1e-19  # 19 digits below the median: a difference would not show it
        figure = dict(study_figures(table, "bfgs", 85.0))["loss"]
        self.assertEqual(figure.axes[0].collections[0].get_segments()[0][0, 1], 1e-19)


class Content(Files):
    def test_every_method_has_a_curve(self):
        write_many_methods(self.path, NAMES)
        result = load_result(self.path)
        figure = draw_history(result, NAMES, 180.0)
        self.assertEqual(len(figure.axes), 2)
        for axes in figure.axes:
            lines = {line.get_label(): line for line in axes.lines}
            self.assertTrue(set(NAMES) <= set(lines))
            for name in NAMES:
                self.assertEqual(lines[name].get_color(), KNOWN[name].colour)
                self.assertGreater(len(lines[name].get_xdata()), 3)
        kinds = {"tao", "levenberg_marquardt", "windows", "bank", "multi_start", "joint", "refine"}
        self.assertLessEqual(kinds, set(result.methods["kind"]))
        # One above the other in one column.
        left, right = draw_history(result, NAMES, 85.0).axes
        self.assertEqual(left.get_position().x0, right.get_position().x0)

    def test_times_that_are_missing_are_not_drawn(self):
        write_many_methods(self.path, NAMES[:3])
        with h5py.File(self.path, "r+") as file:
            del file["performance/history"]
        self.assertEqual(len(draw_history(load_result(self.path), NAMES[:3], 180.0).axes), 1)

    def test_bands_are_drawn_for_few_methods(self):
        write_many_methods(self.path, NAMES)
        result = load_result(self.path)
        for n, n_band in ((3, 3), (4, 0)):
            self.assertEqual(len(draw_history(result, NAMES[:n], 180.0).axes[0].collections), n_band)

    def test_a_later_method_begins_after_the_earlier_one(self):
        write_many_methods(self.path, ["joint", "joint+refine"])
        result = load_result(self.path)
        joint, refined = curve_of(result, "joint"), curve_of(result, "joint+refine")
        self.assertEqual(joint["evaluations"].iloc[-1], 10.0)
        np.testing.assert_array_equal(refined.iloc[0], joint.iloc[-1][refined.columns])
        self.assertEqual(list(refined["evaluations"])[1:3], [11.0, 10.0 + 1.0 + 10.0 / 3.0])
        self.assertEqual(list(refined["seconds"])[1:3], [2.5, 3.0])
        self.assertEqual(refined["evaluations"].iloc[-1], result.answers.loc["joint+refine"]["evaluations"].mean())

    def test_the_same_looks_in_all_figures(self):
        history = self.figures(NAMES, 180.0)["history"]
        lines = {line.get_label(): line for line in history.axes[0].lines}
        shares = next(figure for name, figure in study_figures(study_table(NAMES, [64], ["default"]), "bfgs", 180.0)
                      if name == "solved")
        bars = dict(zip(NAMES, shares.axes[0].patches))
        for name in NAMES:
            self.assertEqual(plt.matplotlib.colors.to_hex(bars[name].get_facecolor()).upper(), lines[name].get_color())
            self.assertEqual(lines[name].get_marker(), KNOWN[name].marker)

    def test_looks_are_distinct_and_depend_on_the_name_alone(self):
        looks = list(KNOWN.values())
        self.assertEqual(len({look.colour for look in looks}), len(looks))
        self.assertEqual(len({(look.marker, look.is_hollow, str(look.dashes)) for look in looks}), len(looks))
        self.assertEqual(look_of("my_method"), look_of("my_method"))
        for parts, known in ((COLOURS, "colour"), (MARKERS, "marker"), (HATCHES, "hatch")):
            self.assertFalse(set(parts) & {getattr(look, known) for look in looks}, known)
        for a, b in itertools.combinations([*NAMES, *OTHERS], 2):
            one, other = look_of(a), look_of(b)
            self.assertNotEqual((one.colour, one.marker), (other.colour, other.marker), f"{a}, {b}")
            is_as_bright = abs(brightness(one.colour) - brightness(other.colour)) < 7.0
            for parts in (("marker", "dashes", "is_hollow"), ("hatch",)):
                is_alike = is_as_bright and all(getattr(one, part) == getattr(other, part) for part in parts)
                self.assertFalse(is_alike, f"{a} and {b} look alike in grey: {parts}")

    def test_scatter_shows_the_best_joint_method_and_marks_clipped_points(self):
        write_result(self.path)
        with h5py.File(self.path, "r+") as file:
            file["methods/joint+refine/loss"][:2] = 1e-12, 1e-22
        result = load_result(self.path)
        table = compare(judge(result))
        selection = select(result, table, "bfgs", None, None, None)
        self.assertEqual((selection.answer, selection.fields), ("joint+refine", ["bfgs", "joint+refine", "joint"]))
        self.assertEqual(select(result, table, "bfgs", "bfgs,joint", None, None).answer, "joint")
        self.assertEqual(select(result, table, "bfgs", None, "joint", None).answer, "joint")
        axes = dict(result_figures(result, judge(result), selection, 85.0))["scatter"].axes[0]
        edge = [line for line in axes.lines if line.get_marker() == "v"]
        np.testing.assert_allclose([line.get_ydata() for line in edge], [[1e-20]])
        np.testing.assert_allclose(axes.get_ylim()[0], 1e-20)
        self.assertIn(1e-12, np.concatenate([line.get_ydata() for line in axes.lines]))

    def test_scatter_is_square_with_limits_of_each_axis(self):
        write_result(self.path)
        with h5py.File(self.path, "r+") as file:
            file["methods/bfgs/loss"][:] = 2.0, 3.0, 20.0, 5.0
            file["methods/joint+refine/loss"][:] = 1e-18, 1e-15, 1e-10, 1e-9
        result = load_result(self.path)
        judged = judge(result)
        selection = select(result, compare(judged), "bfgs", None, None, None)
        for width in WIDTHS:
            figure = dict(result_figures(result, judged, selection, width))["scatter"]
            axes = figure.axes[0]
            figure.canvas.draw()
            box = axes.get_window_extent()
            self.assertAlmostEqual(box.width, box.height, delta=1.0)
            np.testing.assert_allclose([*axes.get_xlim(), axes.get_ylim()[0]], [1.4, 28.0, 0.7e-18])
            self.assertEqual([line for line in axes.lines if line.get_marker() in ("v", "<") and line.get_clip_on() is False],
                             [])

    def test_fields_have_five_columns_at_most_and_two_colour_maps(self):
        for methods, n in ((None, 5), ("bfgs,bank", 3)):
            figure = self.figures(NAMES, 180.0, methods)["space_time"]
            images = [axes.images[0] for axes in figure.axes if axes.images]
            self.assertEqual(len(images), 2 * n - 1)
            self.assertEqual({image.get_cmap().name for image in images[:n]}, {"cividis"})
            self.assertEqual({image.get_cmap().name for image in images[n:]}, {"differences"})
            low, high = images[-1].get_clim()
            self.assertEqual(low, -high)
            texts = [text for text, _ in texts_of(figure)]
            for text in ("u [m/s]", "difference of u [m/s]", "x [km]", "t [h]", "bfgs\nminus truth"):
                self.assertIn(text, texts)

    def test_maps_can_be_read_in_grey(self):
        for name in (STATES, DIFFERENCES):
            values = [brightness(colour) for colour in plt.get_cmap(name)(np.linspace(0, 1, 65))[:, :3]]
            self.assertTrue((np.diff(values) > 0.2).all(), name)

    def test_units_are_in_brackets_if_they_are_not_1(self):
        figures = self.figures(NAMES[:5], 180.0)
        figures |= dict(study_figures(study_table(NAMES[:3], [32, 64], ["default"]), "bfgs", 85.0))
        texts = {name: [text for text, _ in texts_of(figure)] for name, figure in figures.items()}
        self.assertFalse([text for some in texts.values() for text in some if "[1]" in text])
        self.assertIn("time [s]", texts["history"])
        self.assertIn("gradient evaluations per problem", texts["history"])

    def test_units_that_the_file_lacks_are_those_of_the_model(self):
        write_result(self.path)
        example = load_result(self.path).examples[1]
        self.assertEqual((example.state_label, example.axis_label, example.time_label),
                         ("state", "x [length of the model]", "t [time of the model]"))


class Scripts(Files):
    def test_files_have_the_width_that_was_asked_for(self):
        write_many_methods(self.path, NAMES[:5])
        for width in (85, 180):
            folder = os.path.join(self.folder.name, str(width))
            done = self.run_script("report.py", self.path, "--width", str(width), "--figures", folder)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sorted(os.listdir(folder)),
                             [f"{name}.{suffix}" for name in ("history", "scatter", "shares", "space_time")
                              for suffix in ("pdf", "png")])
            for name in os.listdir(folder):
                content = pathlib.Path(folder, name).read_bytes()
                if name.endswith("png"):
                    self.assertAlmostEqual(int.from_bytes(content[16:20], "big") / 300 * 25.4, width, delta=0.1)
                else:
                    box = re.search(rb"/MediaBox \[ ?0 0 ([0-9.]+) ", content)
                    self.assertAlmostEqual(float(box.group(1)) / 72 * 25.4, width, delta=0.01)

    def test_methods_restrict_the_table(self):
        write_many_methods(self.path, NAMES[:5])
        done = self.run_script("report.py", self.path, "--methods", "bqnls,bfgs", "--formats", "png")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = done.stdout.splitlines()[3:5]
        self.assertEqual([row.split()[0] for row in rows], ["bfgs", "bqnls"])
        self.assertNotIn("bqnls_100", done.stdout)
        refused = self.run_script("report.py", self.path, "--methods", "bfgs,none")
        self.assertEqual((refused.returncode, refused.stderr), (2, "report.py: no method 'none' in the file; it has "
                                                                   f"{', '.join(NAMES[:5])}\n"))

    def test_options_out_of_bounds_are_refused(self):
        for option, value, reason in (("--width", "20", "allowed: 80 to 400 mm"),
                                      ("--formats", "gif", "allowed: pdf, png")):
            refused = self.run_script("report.py", self.path, option, value)
            self.assertEqual(refused.returncode, 2)
            self.assertIn(reason, refused.stderr)

    def test_the_same_figure_has_the_same_bytes(self):
        write_many_methods(self.path, NAMES[:5])
        contents = []
        for folder in ("a", "b"):
            page = Page(os.path.join(self.folder.name, folder), 85.0, ("pdf",))
            paths = page.save(self.figures(NAMES[:5], 85.0).items())
            contents.append([pathlib.Path(path).read_bytes() for path in paths])
        self.assertEqual(*contents)

    def test_names_that_are_not_in_the_file(self):
        write_result(self.path)
        result = load_result(self.path)
        self.assertEqual(result.chosen(None), ["bfgs", "joint", "joint+refine"])
        self.assertEqual(result.chosen("joint+refine,bfgs"), ["bfgs", "joint+refine"])
        with self.assertRaises(BadResult):
            result.chosen("bfgs,,joint")


if __name__ == "__main__":
    unittest.main()
