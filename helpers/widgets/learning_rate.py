"""`LearningRate(loss, start)`: choose the learning rate and see where gradient descent goes.

At the left the surface of a loss of two parameters with the path of the descent, at the right the
loss after each step. Gradients come from an engine. All paths are computed here, once; the browser
draws the one that is chosen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

import numpy as np

from helpers.engine import scalar
from helpers.palette import CSS
from helpers.widgets.front import FrontWidget

SIZE = 28  # rows and columns of the surface
BANDS = 12  # shades of it
FIELD, LEFT, RIGHT, TOP = 300, 400, 700, 24  # sizes on the screen
BOTTOM, WIDTH, HEIGHT = TOP + FIELD, 712, 366
HUGE = 1e30  # farther away a path is not followed
STYLE = CSS + (
    ".ag-rates text{font:12px 'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif;"
    "fill:var(--ag-ink);text-anchor:middle}"
    ".ag-rates .ag-paper{fill:var(--ag-paper)}.ag-rates .ag-band{fill:var(--ag-data)}"
    ".ag-rates .ag-panel{fill:none;stroke:var(--ag-line)}"
    ".ag-rates .ag-end{text-anchor:end}"
    ".ag-rates .ag-path{fill:none;stroke:var(--ag-gradient);stroke-width:2;stroke-linejoin:round}"
    ".ag-rates .ag-stops{fill:var(--ag-gradient)}"
    ".ag-rates .ag-start{fill:var(--ag-box);stroke:var(--ag-ink);stroke-width:2}"
)


class LearningRate(FrontWidget):
    """Drag the learning rate of a gradient descent in two parameters.

    Parameters
    ----------
    loss : callable
        Takes two nodes of the engine, gives a node.
    start : (float, float)
        Where every descent begins.
    rates : sequence of float
        Learning rates to choose from, smallest first.
    steps : int
        Steps of each descent.
    extent : float
        The surface is drawn from −extent to extent in both parameters.
    engine : type
        Makes nodes of numbers; they have `data`, `grad` and `backward()`.
    names : (str, str)
        Of the two parameters.

    Attributes
    ----------
    rate : float
        The chosen one.
    path : list of (float, float)
        Where its descent was after each step; it ends where the numbers become too large.
    losses : list of float
        The loss at each point of the path.

    Examples
    --------
    >>> widget = LearningRate(lambda a, b: a * a + b * b, (1.0, 0.5), rates=[0.25, 0.5], steps=2)
    >>> widget.rate, widget.path[1]
    (0.25, (0.5, 0.25))
    """

    scripts = ("page.js", "learning_rate.js")
    styles = ("widget.css", "learning_rate.css")

    def __init__(
        self,
        loss: Callable,
        start: tuple[float, float],
        *,
        rates: Sequence[float],
        steps: int = 40,
        extent: float = 2.0,
        engine: type = scalar.Value,
        names: tuple[str, str] = ("w₁", "w₂"),
    ):
        if not rates or steps < 1:
            raise ValueError("There must be at least one learning rate and one step.")
        self.rates, self._extent, self._names = [float(r) for r in rates], extent, names
        self._runs = [_descend(loss, start, rate, steps, engine) for rate in self.rates]
        first = self._runs[0][1][0]
        axis = np.linspace(-extent, extent, SIZE)
        heights = [[loss(engine(x), engine(y)).data for x in axis.tolist()] for y in axis.tolist()]
        self._bands = _banded(np.array(heights, dtype=float))
        data = {
            "rates": [f"{rate:g}" for rate in self.rates],
            "paths": [[self._place(*point) for point in path] for path, _ in self._runs],
            "curves": [
                [_fall(k, value, first, steps) for k, value in enumerate(losses)]
                for _, losses in self._runs
            ],
            "losses": [[f"{v:.3g}" for v in losses] for _, losses in self._runs],
            "words": [self._said(*run) for run in self._runs],
            "svg": "",
        }
        super().__init__(data=data, state={"i": 0})
        self._first, self._steps = first, steps
        self.data = {**data, "svg": self.svg}

    @property
    def rate(self) -> float:
        return self.rates[self.state["i"]]

    @property
    def path(self) -> list[tuple[float, float]]:
        return self._runs[self.state["i"]][0]

    @property
    def losses(self) -> list[float]:
        return self._runs[self.state["i"]][1]

    @property
    def text(self) -> str:
        lines = ["learning rate   steps   last loss"]
        for rate, (path, losses) in zip(self.rates, self._runs):
            said = self._said(path, losses)
            lines.append(f"{rate:13g}   {len(losses) - 1:5}   {losses[-1]:9.3g}  {said}")
        return "\n".join(lines)

    @property
    def svg(self) -> str:
        """The picture at the chosen rate."""
        i, side = self.state["i"], FIELD / SIZE
        path, curve = self.data["paths"][i], self.data["curves"][i]
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="ag-theme ag-rates" role="img" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">',
            f"<title>Gradient descent on a loss surface</title><style>{STYLE}</style>",
            f'<rect class="ag-paper" width="{WIDTH}" height="{HEIGHT}"/>',
            '<g shape-rendering="crispEdges">',
        ]
        for row, line in enumerate(self._bands):
            for column, band in enumerate(line):
                parts.append(
                    f'<rect class="ag-band" x="{40 + column * side:.1f}" '
                    f'y="{BOTTOM - (row + 1) * side:.1f}" width="{side:.1f}" height="{side:.1f}" '
                    f'fill-opacity="{0.04 + 0.55 * band / BANDS:.2f}"/>'
                )
        across, up = (escape(name) for name in self._names)
        parts += [
            "</g>",
            f'<clipPath id="ag-field"><rect x="40" y="{TOP}" width="{FIELD}" height="{FIELD}"/>'
            f'</clipPath><clipPath id="ag-fall"><rect x="{LEFT}" y="{TOP}" '
            f'width="{RIGHT - LEFT}" height="{FIELD}"/></clipPath>',
            f'<rect class="ag-panel" x="40" y="{TOP}" width="{FIELD}" height="{FIELD}"/>',
            f'<rect class="ag-panel" x="{LEFT}" y="{TOP}" width="{RIGHT - LEFT}" '
            f'height="{FIELD}"/>',
            f'<g clip-path="url(#ag-field)">{_line("ag-descent", path)}</g>',
            f'<g clip-path="url(#ag-fall)">{_line("ag-loss", curve)}</g>',
            f'<circle class="ag-start" cx="{path[0][0]}" cy="{path[0][1]}" r="5"/>',
            f'<text x="{40 + FIELD / 2}" y="16">the loss: bluer is higher</text>',
            f'<text x="{(LEFT + RIGHT) / 2}" y="16">loss after each step</text>',
            f'<text x="{40 + FIELD / 2}" y="{BOTTOM + 32}">{across}</text>',
            f'<text x="14" y="{TOP + FIELD / 2}">{up}</text>',
            f'<text x="{(LEFT + RIGHT) / 2}" y="{BOTTOM + 32}">step</text>',
            f'<text x="{LEFT}" y="{BOTTOM + 16}">0</text>',
            f'<text x="{RIGHT}" y="{BOTTOM + 16}">{self._steps}</text>',
        ]
        for value in (-self._extent, self._extent):
            x, y = self._place(value, value)
            label = f"{value:g}".replace("-", "−")
            parts.append(f'<text x="{x}" y="{BOTTOM + 16}">{label}</text>')
            parts.append(f'<text class="ag-end" x="36" y="{y + 4}">{label}</text>')
        for factor, name in ((1e2, "×100"), (1.0, "start"), (1e-2, "÷100"), (1e-4, "÷10⁴")):
            y = _fall(0, factor, 1.0, 1)[1]
            parts.append(f'<text class="ag-end" x="{LEFT - 6}" y="{y + 4}">{name}</text>')
        return "\n".join([*parts, "</svg>"])

    def _said(self, path: list[tuple[float, float]], losses: list[float]) -> str:
        """A sentence on a descent: what its loss does, or which parameter jumps to and fro."""
        for name, *last in zip(self._names, *path[-2:]):
            if len(last) == 2 and abs(last[1]) > 1e-3 and math.isclose(-last[0], last[1]):
                size = abs(last[1])
                return (
                    f"{name} jumps between {size:.3g} and −{size:.3g} for ever: the loss stays at "
                    f"{losses[-1]:.3g}."
                )
        return _said(losses)

    def _place(self, x: float, y: float) -> list[float]:
        """Where a point stands in the picture; one far outside stands a little outside."""
        share = [(max(-9.0, min(9.0, v / self._extent)) + 1) / 2 for v in (x, y)]
        return [round(40 + FIELD * share[0], 1), round(BOTTOM - FIELD * share[1], 1)]


def _descend(loss, start, rate, steps, engine):
    """The path of a descent and the loss at each of its points."""
    here, path, losses = tuple(map(float, start)), [], []
    for _ in range(steps + 1):
        a, b = engine(here[0]), engine(here[1])
        root = loss(a, b)
        if not math.isfinite(root.data) or abs(root.data) > HUGE:
            break
        path.append(here)
        losses.append(float(root.data))
        root.backward()
        here = (here[0] - rate * a.grad, here[1] - rate * b.grad)
    if not path:
        raise ValueError(f"The loss must be a finite number at the start {start!r}.")
    return path, losses


def _banded(heights: np.ndarray) -> np.ndarray:
    """Which shade each cell has; the square root leaves more of them for the valley."""
    share = np.sqrt((heights - heights.min()) / (np.ptp(heights) or 1.0))
    return np.minimum((share * BANDS).astype(int), BANDS - 1)


def _fall(step: int, value: float, first: float, steps: int) -> list[float]:
    """Where a loss stands at the right: powers of ten from 10⁻⁵ to 10³ times the first one."""
    ratio = value / first if first else value
    power = math.log10(ratio) if ratio > 0 else -9.0
    y = BOTTOM - (max(-9.0, min(9.0, power)) + 5) / 8 * FIELD
    return [round(LEFT + step / steps * (RIGHT - LEFT), 1), round(y, 1)]


def _said(losses: list[float]) -> str:
    if losses[-1] > losses[0]:
        return "It diverges: in the end each step lands farther away."
    if any(b > a * (1 + 1e-9) for a, b in zip(losses, losses[1:])):
        return "The loss falls, but not at every step."
    return "The loss falls at every step."


def _line(name: str, points: list[list[float]]) -> str:
    d = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    dots = "".join(f"M{x - 3:g} {y:g}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0" for x, y in points)
    return f'<path class="ag-path {name}" d="{d}"/><path class="ag-stops {name}-stops" d="{dots}"/>'
