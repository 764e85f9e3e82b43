"""The course's few plots, in one style: an opaque light page, thin axes, words beside the lines.

A plot says in text what it shows, so that it can be read where there is no picture. Colors come
from `helpers.palette`; whoever gives one line a color gives it a dash or a label, too.
"""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # says that it builds a cache

from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from helpers.palette import NEUTRAL  # noqa: E402

INK, PAPER = "#1F2328", "#FFFFFF"
DPI = 144
NAME_SIZE = 10  # points


class Line(NamedTuple):
    """One curve: its points, and how it is drawn."""

    x: Sequence[float]
    y: Sequence[float]
    color: str = NEUTRAL
    dash: str = "-"


class Plot:
    """A figure that Jupyter shows as a picture, with a text in its place elsewhere.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
    text : str
        What the picture shows, in words.
    """

    def __init__(self, figure: Figure, text: str):
        self.figure = figure
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_):
        file = io.BytesIO()
        self.figure.savefig(file, format="png", dpi=DPI, bbox_inches="tight", pad_inches=0.12)
        picture = base64.b64encode(file.getvalue()).decode()
        width = round(self.figure.get_figwidth() * 100)
        return {"image/png": picture, "text/plain": self.text}, {"image/png": {"width": width}}


def axes(width: float = 7.0, height: float = 3.8) -> tuple[Figure, Axes]:
    """An empty figure in the course's style, and its axes. Sizes are in hundreds of pixels."""
    figure = Figure(figsize=(width, height), facecolor=PAPER)
    ax = figure.add_subplot()
    style(ax)
    return figure, ax


def style(ax: Axes) -> None:
    """Thin grey axes at the left and below, and a faint grid."""
    ax.set_facecolor(PAPER)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(NEUTRAL)
    ax.tick_params(colors=NEUTRAL, labelcolor=INK, labelsize=10)
    ax.grid(color="#E6E8EB", linewidth=0.8)
    ax.set_axisbelow(True)


def lines(curves: Mapping[str, Line], *, x: str, y: str, log: str = "") -> Plot:
    """Curves in one picture, each with its name at its right end.

    Parameters
    ----------
    curves : dict
        Name and `Line`.
    x, y : str
        What the axes show, with the unit.
    log : str
        The logarithmic axes: "", "x", "y" or "xy".

    Returns
    -------
    Plot

    Examples
    --------
    >>> lines({"doubled": Line([1, 2, 3], [2, 4, 6])}, x="n", y="2n")
    Plot of 2n against n: doubled (2 to 6).
    """
    figure, ax = axes()
    for axis in log:
        getattr(ax, f"set_{axis}scale")("log")
    ax.set_xlabel(x, color=INK, fontsize=11)
    ax.set_ylabel(y, color=INK, fontsize=11)
    for line in curves.values():
        ax.plot(line.x, line.y, color=line.color, linestyle=line.dash, linewidth=2)
    _name(ax, curves)
    shown = ", ".join(f"{name} ({min(c.y):.3g} to {max(c.y):.3g})" for name, c in curves.items())
    return Plot(figure, f"Plot of {y} against {x}: {shown}.")


def _name(ax: Axes, curves: Mapping[str, Line]) -> None:
    """Write each name at the right end of its curve, raised where it would cover the one below."""
    ax.autoscale_view()
    to_points = 72 / ax.figure.dpi
    ends = [
        (ax.transData.transform((line.x[-1], line.y[-1]))[1] * to_points, name, line)
        for name, line in curves.items()
    ]
    free = float("-inf")
    for height, name, line in sorted(ends, key=lambda end: end[0]):
        place = max(height, free)
        free = place + NAME_SIZE * 1.3
        ax.annotate(
            name,
            (line.x[-1], line.y[-1]),
            xytext=(8, place - height),
            textcoords="offset points",
            va="center",
            color=line.color,
            fontsize=NAME_SIZE,
            fontweight="bold",
        )


def panels(pictures: Mapping[str, Mapping[str, Line]], *, x: str) -> Plot:
    """Small pictures side by side on equal axes; the names of the curves stand in the last one.

    Parameters
    ----------
    pictures : dict
        Title of each picture, and its curves as for `lines`.
    x : str
        What all horizontal axes show.

    Returns
    -------
    Plot

    Examples
    --------
    >>> panels({"twice": {"f": Line([0, 1], [0, 2])}, "half": {"f": Line([0, 1], [0, 1])}}, x="z")
    Plots against z: twice: f (0 to 2); half: f (0 to 1).
    """
    figure = Figure(figsize=(2.0 * len(pictures) + 0.6, 2.4), facecolor=PAPER, layout="constrained")
    places = figure.subplots(1, len(pictures), sharex=True, sharey=True, squeeze=False)[0]
    said = []
    for ax, (title, curves) in zip(places, pictures.items()):
        style(ax)
        ax.set_title(title, color=INK, fontsize=11)
        ax.set_xlabel(x, color=INK, fontsize=11)
        for line in curves.values():
            ax.plot(line.x, line.y, color=line.color, linestyle=line.dash, linewidth=2)
        shown = ", ".join(
            f"{name} ({min(c.y):.3g} to {max(c.y):.3g})" for name, c in curves.items()
        )
        said.append(f"{title}: {shown}")
    _name(ax, curves)
    return Plot(figure, f"Plots against {x}: {'; '.join(said)}.")
