"""Appearance of all figures: one style per method, sizes in mm, legends outside the data."""

from __future__ import annotations

import argparse
import math
import os
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.artist import Artist  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.patches import Patch  # noqa: E402
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter  # noqa: E402

INCH = 25.4  # mm
WIDE = 120.0  # mm; panels are side by side if the figure is at least this wide, otherwise one above the other
FORMATS = ("pdf", "png")
GREY = "#8C8C8C"

plt.rcParams.update({
    "font.size": 7, "axes.titlesize": 7, "axes.labelsize": 7, "xtick.labelsize": 6.5, "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5, "lines.linewidth": 1.1, "lines.markersize": 4, "axes.linewidth": 0.6,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "hatch.linewidth": 0.4, "grid.alpha": 0.3,
    "grid.linewidth": 0.5, "axes.axisbelow": True, "legend.frameon": False, "pdf.fonttype": 42,
})


@dataclass(frozen=True)
class Look:
    """Colour, marker, line style and hatch of one method; hollow markers have a white face."""

    colour: str
    marker: str
    dashes: object
    hatch: str
    is_hollow: bool = False

    def line(self) -> dict:
        """Return the keywords of a line with markers."""
        return {"color": self.colour, "linestyle": self.dashes, **self.points()}

    def points(self) -> dict:
        """Return the keywords of the markers alone."""
        return {"color": self.colour, "marker": self.marker, "markeredgewidth": 0.8,
                "markerfacecolor": "white" if self.is_hollow else self.colour}

    def bar(self) -> dict:
        """Return the keywords of a bar."""
        return {"facecolor": self.colour, "edgecolor": "black", "linewidth": 0.4, "hatch": self.hatch}


# The colours of Okabe and Ito, which colour-blind readers can distinguish, and darker shades of them.
KNOWN = {
    "truth": Look("#000000", "*", "-", ""),
    "bfgs": Look("#0072B2", "o", "-", "///"),
    "bqnls": Look("#00456B", "o", "--", "\\\\\\", True),
    "blmvm": Look("#56B4E9", "<", "-.", "|||"),
    "trust_region": Look("#8C8C8C", "v", ":", "..."),
    "levenberg_marquardt": Look("#4D4D4D", "^", (0, (5, 1, 1, 1, 1, 1)), "xxx", True),
    "joint": Look("#E69F00", "D", "--", "---", True),
    "joint+refine": Look("#D55E00", "D", "-", "+++"),
    "supervised": Look("#CC79A7", "P", "--", "ooo", True),
    "supervised+refine": Look("#8C3B6A", "P", "-", "**"),
    "multi_start": Look("#B8A100", "X", "-.", "\\\\"),
    "bank": Look("#009E73", "s", "-", ""),
    "windows": Look("#005C43", ">", ":", "OO"),
    "predict": Look("#A67300", "h", "--", "//", True),
    "predict+refine": Look("#6B2F00", "h", "-", "xx"),
}
# Colours and markers for methods without a fixed style; the markers differ from all fixed ones.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("d", "p", "8", "H")
DASHES = ((0, (3, 1, 1, 1)), (0, (1, 1)), (0, (6, 2)), "-")
HATCHES = ("..", "--", "||", "oo", "++")


def look_of(name: str) -> Look:
    """Return the style of a method. It depends only on the name."""
    if name in KNOWN:
        return KNOWN[name]
    code = zlib.crc32(name.encode())
    parts = []
    for choices in (COLOURS, MARKERS, DASHES, HATCHES, (False, True)):
        code, index = divmod(code, len(choices))
        parts.append(choices[index])
    return Look(*parts)


def series_look(index: int) -> Look:
    """Return the style of a curve that does not belong to a method, by its index."""
    return Look(COLOURS[index % len(COLOURS)], "osD^vP"[index % 6], ("-", "--", "-.")[index % 3], "")


def line_handle(name: str, label: str | None = None) -> Line2D:
    """Return the legend entry of a method that is drawn as a line."""
    return Line2D([], [], label=label or name, **look_of(name).line())


def bar_handle(name: str) -> Patch:
    """Return the legend entry of a method that is drawn as bars."""
    return Patch(label=name, **look_of(name).bar())


@dataclass(frozen=True)
class Page:
    """Folder, width in mm and formats of the figures of one call of a script."""

    folder: str
    width: float = 180.0
    formats: tuple[str, ...] = FORMATS

    def save(self, figures: Iterable[tuple[str, plt.Figure]]) -> list[str]:
        """Write figures, given as (name, figure), at their exact size. Returns the paths."""
        os.makedirs(self.folder, exist_ok=True)
        paths = []
        for name, figure in figures:
            for suffix in self.formats:
                paths.append(os.path.join(self.folder, f"{name}.{suffix}"))
                figure.savefig(paths[-1], dpi=300, metadata={"CreationDate": None} if suffix == "pdf" else None)
            plt.close(figure)
        return paths


def _width(text: str) -> float:
    value = float(text)
    if not 80.0 <= value <= 400.0:
        raise argparse.ArgumentTypeError(f"{text} is out of bounds; allowed: 80 to 400 mm")
    return value


def _formats(text: str) -> tuple[str, ...]:
    formats = tuple(text.split(","))
    if unknown := [one for one in formats if one not in FORMATS]:
        raise argparse.ArgumentTypeError(f"unknown format '{unknown[0]}'; allowed: {', '.join(FORMATS)}")
    return formats


def folder_of(path: str) -> str:
    """Return the path if it is a directory, and the directory of a file."""
    return path if os.path.isdir(path) else os.path.dirname(path) or "."


def add_figure_options(parser: argparse.ArgumentParser) -> None:
    """Add the options --width and --formats."""
    parser.add_argument("--width", type=_width, default=180.0, metavar="MM",
                        help="width of the figures in mm (default: 180; 85: one column)")
    parser.add_argument("--formats", type=_formats, default=FORMATS, metavar="LIST",
                        help="formats of the figures (default: pdf,png)")


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1, **options) -> tuple:
    """Return a figure of a size in mm, and its axes [rows, columns]."""
    return plt.subplots(rows, columns, figsize=(width / INCH, height / INCH), layout="constrained", squeeze=False,
                        **options)


def _legend_of(figure: plt.Figure, handles: list[Artist], location: str, columns: int) -> tuple:
    legend = figure.legend(handles=handles, loc=location, ncols=columns, handlelength=3.2, columnspacing=1.2,
                           borderaxespad=0.3)
    extent = legend.get_window_extent(figure.canvas.get_renderer())
    return legend, extent.width / figure.dpi, extent.height / figure.dpi


def add_legend_below(figure: plt.Figure, handles: list[Artist]) -> None:
    """Place a legend below the data, in as many columns as fit. The figure grows by its height."""
    n = len(handles)
    for rows in range(1, n + 1):
        legend, width, height = _legend_of(figure, handles, "lower center", math.ceil(n / rows))
        if width <= figure.get_figwidth() - 0.1 or rows == n:
            break
        legend.remove()
    total = figure.get_figheight() + height + 0.08
    figure.set_figheight(total)
    bottom = (height + 0.08) / total
    figure.get_layout_engine().set(rect=(0.0, bottom, 1.0, 1.0 - bottom))


def add_legend_right(figure: plt.Figure, handles: list[Artist]) -> None:
    """Place a legend of one column to the right of the data, within the width of the figure."""
    _, width, _ = _legend_of(figure, handles, "center right", 1)
    figure.get_layout_engine().set(rect=(0.0, 0.0, 1.0 - (width + 0.08) / figure.get_figwidth(), 1.0))


def short(value: float) -> str:
    """Return a number of three digits as a label."""
    return f"{value:.0f}" if 1000 <= value < 1e6 else f"{value:.3g}"


def label_log_axis(axis: plt.Axis) -> None:
    """Label 1, 2 and 5 of each decade of a logarithmic axis that spans less than two decades. Call it last."""
    low, high = axis.get_view_interval()
    if high < 100.0 * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def draw_size_axis(axes: plt.Axes, sizes: Iterable[int]) -> None:
    """Label the x axis with numbers of problems, in powers of two."""
    sizes = sorted(set(sizes))
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(n) for n in sizes])
    axes.minorticks_off()
    axes.set_xlabel("problems solved together, n [1]")
    axes.grid(True)


def draw_spread(axes: plt.Axes, at: Iterable[float], least: Iterable[float], most: Iterable[float], colour: str,
                is_vertical: bool = True) -> None:
    """Draw error bars from `least` to `most`. These are values, so the bars are correct on logarithmic axes too."""
    lines, cap = (axes.vlines, "_") if is_vertical else (axes.hlines, "|")
    lines(at, least, most, color=colour, lw=0.8)
    for ends in (least, most):
        axes.plot(*((at, ends) if is_vertical else (ends, at)), cap, color=colour, markersize=4, markeredgewidth=0.8)


def draw_bars(axes: plt.Axes, names: list[str], values: Iterable[float], texts: list[str]) -> None:
    """Draw one horizontal bar per method, from top to bottom, and a text to the right of each."""
    for k, (name, value, text) in enumerate(zip(names, values, texts)):
        axes.barh(k, value, 0.7, **look_of(name).bar())
        axes.text(1.01, k, text, transform=axes.get_yaxis_transform(), va="center", fontsize=6.5)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
