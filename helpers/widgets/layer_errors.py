"""`LayerErrors(programs)`: the error of every gradient against autograd, along the backward pass.

One row for each gradient, from the loss to the first layer; its bar is the relative error on a
logarithmic scale. Tabs choose among several backward passes, a slider moves the tolerance. What is
above the tolerance is wrong, and the first wrong one in the order of the backward pass is where the
mistake is. The errors come from elsewhere, as `verify_all` of week 10 returns them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

from helpers.palette import CSS
from helpers.widgets.front import FrontWidget

LOWEST, HIGHEST = -17, 1  # powers of ten at the ends of the scale
TIGHTEST, LOOSEST = -13, -2  # tolerances to choose from; above 1e-2 real mistakes look right
ROUNDING, ENDLESS = -16.0, 99.0  # the powers of what is below 1e-13, and of ∞ and NaN

WIDTH, LINE, TOP, LEFT, LENGTH = 640, 22, 58, 150, 360  # sizes of the static picture
STYLE = CSS + (
    ".ag-still text{font:13px 'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif;"
    "fill:var(--ag-ink)}"
    ".ag-still .ag-paper{fill:var(--ag-paper)}.ag-still .ag-axis{stroke:var(--ag-line)}"
    ".ag-still .ag-fine{fill:var(--ag-correct)}.ag-still .ag-off{fill:var(--ag-wrong)}"
    ".ag-still .ag-head{font-weight:600}"
)


class LayerErrors(FrontWidget):
    """See where a backward pass goes wrong.

    Parameters
    ----------
    programs : dict
        From the name of a backward pass to its relative errors by gradient, {"dZ3": 1e-16, …}, in
        the order of the backward pass.
    tolerance : float
        Errors below it count as right; a power of ten from 1e-13 to 1e-2.

    Attributes
    ----------
    program : str
        The chosen one.
    tolerance : float
    wrong : list of str
        Its gradients above the tolerance; the first one is where the mistake is.

    Raises
    ------
    ValueError
        For no program, a program without gradients, or a tolerance out of range.

    Examples
    --------
    >>> errors = LayerErrors({"a lost factor": {"dZ3": 1e-16, "dZ2": 0.5, "dW2": 0.5, "db1": 0.1}})
    >>> errors.wrong
    ['dZ2', 'dW2', 'db1']
    """

    scripts = ("page.js", "layer_errors.js")
    styles = ("widget.css", "layer_errors.css")

    def __init__(self, programs: Mapping[str, Mapping[str, float]], tolerance: float = 1e-12):
        if not programs or not all(programs.values()):
            raise ValueError("There must be a backward pass, and an error for its gradients.")
        power = round(math.log10(tolerance)) if tolerance > 0 else TIGHTEST - 1
        if not TIGHTEST <= power <= LOOSEST:
            raise ValueError(f"The tolerance goes from 1e-13 to 1e-2, got {tolerance!r}.")
        rows = [
            [
                {"name": name, "text": _said(error), "power": _power(error)}
                for name, error in errors.items()
            ]
            for errors in programs.values()
        ]
        data = {
            "programs": list(programs),
            "rows": rows,
            "scale": [LOWEST, HIGHEST],
            "tolerances": [TIGHTEST, LOOSEST],
        }
        super().__init__(data=data, state={"i": 0, "power": power})

    @property
    def program(self) -> str:
        return self.data["programs"][self.state["i"]]

    @property
    def tolerance(self) -> float:
        return 10.0 ** self.state["power"]

    @property
    def wrong(self) -> list[str]:
        return self._wrong(self.state["i"])

    @property
    def text(self) -> str:
        said = []
        for i, name in enumerate(self.data["programs"]):
            wrong, rows = self._wrong(i), self.data["rows"][i]
            where = f"it starts at {wrong[0]}" if wrong else "all agree"
            said.append(
                f"{name}: {len(wrong)} of {len(rows)} above 1e{self.state['power']}; {where}"
            )
        return "\n".join(said)

    @property
    def svg(self) -> str:
        """The chosen program at the chosen tolerance."""
        rows, power = self.data["rows"][self.state["i"]], self.state["power"]
        height = TOP + LINE * len(rows) + 12
        limit = LEFT + LENGTH * _share(power)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="ag-theme ag-still" role="img" '
            f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
            f"<title>Errors of {len(rows)} gradients</title><style>{STYLE}</style>",
            f'<rect class="ag-paper" width="{WIDTH}" height="{height}"/>',
            _text(16, 22, self.program, "ag-head"),
            _text(16, 46, "gradient"),
            _text(LEFT, 46, f"relative error; the line is the tolerance, 1e{power}"),
        ]
        for k, row in enumerate(rows):
            y, fine = TOP + LINE * k, row["power"] < power
            length = max(2.0, LENGTH * _share(row["power"]))
            kind, sign = ("fine", "✓") if fine else ("off", "✗")
            parts += [
                _text(16, y + 14, row["name"]),
                f'<rect class="ag-{kind}" x="{LEFT}" y="{y + 2}" width="{length:.1f}" '
                'height="15"/>',
                _text(LEFT + LENGTH + 14, y + 14, f"{sign} {row['text']}"),
            ]
        parts.append(f'<path class="ag-axis" d="M{limit:.1f} {TOP - 4}V{height - 8}"/>')
        return "\n".join([*parts, "</svg>"])

    def _wrong(self, i: int) -> list[str]:
        limit = self.state["power"]
        return [row["name"] for row in self.data["rows"][i] if not row["power"] < limit]


def _power(error: float) -> float:
    """An error's power of ten. What rounding leaves counts as 1e-16: machines differ in it."""
    if not math.isfinite(error):
        return ENDLESS
    power = math.log10(abs(error)) if error else ROUNDING
    return round(power, 3) if power >= TIGHTEST else ROUNDING


def _said(error: float) -> str:
    """An error in words."""
    if not math.isfinite(error):
        return "NaN" if math.isnan(error) else "∞"
    return "rounding" if _power(error) == ROUNDING else f"{abs(error):.1e}"


def _share(power: float) -> float:
    """Where a power of ten stands on the scale, from 0 to 1."""
    return min(1.0, max(0.0, (power - LOWEST) / (HIGHEST - LOWEST)))


def _text(x: float, y: float, words: str, name: str = "") -> str:
    return f'<text class="{name}" x="{x:.1f}" y="{y}">{escape(words)}</text>'
