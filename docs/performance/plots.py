"""Draws the plots of docs/performance.md as SVG, the same bytes for the same measurements."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
from matplotlib import pyplot
from matplotlib.axes import Axes

from docs.performance.plot_data import PLOTS, Bars, Plot

_LOOK: Mapping[str, object] = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "figure.figsize": (7.0, 3.6),
    "font.size": 9,
    # Text as text, and names that do not change from one drawing to the next.
    "svg.fonttype": "none",
    "svg.hashsalt": "redisched",
}


def draw(folder: Path) -> None:
    """Write every plot into a folder."""
    matplotlib.use("svg")
    with matplotlib.rc_context(dict(_LOOK)):
        for name, make in PLOTS.items():
            figure, axes = pyplot.subplots(layout="constrained")
            what = make()
            axes.set_title(what.title)
            axes.set_xlabel(what.x_label)
            if isinstance(what, Bars):
                _draw_bars(what, axes)
            else:
                _draw_lines(what, axes)
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None}, facecolor="white")
            pyplot.close(figure)


def _draw_lines(plot: Plot, axes: Axes) -> None:
    for line in plot.lines:
        axes.plot(line.x, line.y, marker="o", markersize=4, label=line.label)
    axes.set_xscale(plot.x_scale.value)
    axes.set_yscale(plot.y_scale.value)
    if plot.y_scale == "linear":
        axes.set_ylim(bottom=0)
    axes.set_ylabel(plot.y_label)
    if len(plot.lines) > 1:
        axes.legend()


def _draw_bars(bars: Bars, axes: Axes) -> None:
    drawn = axes.barh(bars.names, bars.values)
    axes.bar_label(drawn, labels=[f"{value:,.0f}" for value in bars.values], padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.grid(axis="y", visible=False)
