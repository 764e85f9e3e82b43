"""`SoftmaxBars(scores, target)`: scores to drag, and the probabilities and gradients they make.

One row for each class: its score z as a slider, its probability P as a bar, and ∂L/∂z as a bar to
either side of zero. Two more sliders try what should change nothing (a constant added to all
scores) and what should (a temperature). The browser computes; Python computes the same for the
picture and the text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from helpers.palette import CSS
from helpers.widgets.front import FrontWidget

LOWEST, HIGHEST = -6.0, 6.0  # of a score
LARGEST_SHIFT = 1000.0
MOST = 8  # classes that fit on the screen

WIDTH, LINE, TOP = 640, 30, 40
STYLE = CSS + (
    ".ag-still text{font:13px 'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif;"
    "fill:var(--ag-ink)}"
    ".ag-still .ag-paper{fill:var(--ag-paper)}"
    ".ag-still .ag-p{fill:var(--ag-data)}.ag-still .ag-d{fill:var(--ag-gradient)}"
    ".ag-still .ag-axis{stroke:var(--ag-line)}"
    ".ag-still .ag-head{font-weight:600}.ag-still .ag-right{text-anchor:end}"
)


class SoftmaxBars(FrontWidget):
    """Drag scores; see softmax, and the gradient of cross-entropy.

    Parameters
    ----------
    scores : sequence of float
        One for each class, from −6 to 6.
    target : int, optional
        The class of this sample. Without it only the probabilities are shown.
    names : sequence of str, optional
        What the classes are called.

    Attributes
    ----------
    scores, P, dZ : numpy.ndarray
        What is shown now: the scores with the shift, their softmax, and ∂L/∂scores (None without
        a target).
    loss : float or None

    Raises
    ------
    ValueError
        For fewer than 2 or more than 8 scores, for one out of range, or a target that is no class.

    Examples
    --------
    >>> bars = SoftmaxBars([2.0, 0.0], target=0)
    >>> bars.P.round(3), bars.dZ.round(3)
    (array([0.881, 0.119]), array([-0.119,  0.119]))
    """

    scripts = ("page.js", "softmax_bars.js")
    styles = ("widget.css", "softmax_bars.css")

    def __init__(
        self,
        scores: Sequence[float],
        target: int | None = None,
        names: Sequence[str] | None = None,
    ):
        scores = [float(z) for z in scores]
        names = [f"class {k}" for k in range(len(scores))] if names is None else list(names)
        if not 2 <= len(scores) <= MOST:
            raise ValueError(f"From 2 to {MOST} classes can be shown, got {len(scores)}.")
        if not all(LOWEST <= z <= HIGHEST for z in scores):
            raise ValueError(f"Scores go from {LOWEST:g} to {HIGHEST:g}, got {scores}.")
        if len(names) != len(scores):
            raise ValueError(f"There are {len(scores)} scores, but {len(names)} names.")
        if target is not None and target not in range(len(scores)):
            raise ValueError(f"The target is one of 0 to {len(scores) - 1}, got {target!r}.")
        super().__init__(
            data={
                "names": names,
                "lowest": LOWEST,
                "highest": HIGHEST,
                "largest": LARGEST_SHIFT,
                "gradient": target is not None,
            },
            state={"scores": scores, "target": target, "temperature": 1.0, "shift": 0.0},
        )

    @property
    def scores(self) -> np.ndarray:
        return np.array(self.state["scores"], dtype=float) + self.state["shift"]

    @property
    def P(self) -> np.ndarray:
        z = self.scores / self.state["temperature"]
        e = np.exp(z - z.max())
        return e / e.sum()

    @property
    def dZ(self) -> np.ndarray | None:
        if self.state["target"] is None:
            return None
        one_hot = np.eye(len(self.P))[self.state["target"]]
        return (self.P - one_hot) / self.state["temperature"]

    @property
    def loss(self) -> float | None:
        if self.state["target"] is None:
            return None
        z = self.scores / self.state["temperature"]
        return float(math.log(np.exp(z - z.max()).sum()) + z.max() - z[self.state["target"]])

    @property
    def text(self) -> str:
        lines = [f"{'':12}{'score z':>8} {'P':>8}" + f" {'dZ':>8}" * self.data["gradient"]]
        for k, (name, z, p) in enumerate(zip(self.data["names"], self.scores, self.P)):
            slope = "" if self.dZ is None else f" {_signed(self.dZ[k]):>8}"
            mark = "  ← target" if k == self.state["target"] else ""
            lines.append(f"{name:12}{_minus(f'{z:.1f}'):>8} {p:8.3f}{slope}{mark}")
        if self.loss is not None:
            lines.append(f"L = −log P[target] = {self.loss:.3f}")
        return "\n".join(lines)

    @property
    def svg(self) -> str:
        height = TOP + LINE * len(self.P) + 30
        heads = [(16, "class", ""), (190, "score z", " ag-right"), (220, "P", "")]
        heads += [(430, "dZ = P − Y", "")] if self.data["gradient"] else []
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="ag-theme ag-still" role="img" '
            f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
            f"<title>Softmax of {len(self.P)} scores</title><style>{STYLE}</style>",
            f'<rect class="ag-paper" width="{WIDTH}" height="{height}"/>',
            *(_text(x, 22, words, f"ag-head{more}") for x, words, more in heads),
            *(part for k in range(len(self.P)) for part in self._row(k)),
        ]
        if self.loss is not None:
            parts.append(_text(16, height - 12, f"L = −log P[target] = {self.loss:.3f}"))
        return "\n".join([*parts, "</svg>"])

    def _row(self, k: int) -> list[str]:
        """One class in the static picture."""
        y, p = TOP + LINE * k, self.P[k]
        star = "★ " if k == self.state["target"] else ""
        parts = [
            _text(16, y + 15, star + self.data["names"][k]),
            _text(190, y + 15, _minus(f"{self.scores[k]:.1f}"), "ag-right"),
            f'<rect class="ag-p" x="220" y="{y + 3}" width="{120 * p:.1f}" height="16"/>',
            _text(226 + 120 * p, y + 15, f"{p:.3f}"),
        ]
        if self.dZ is not None:
            slope = float(np.clip(self.dZ[k], -1, 1))
            left, width = 500 + 60 * min(slope, 0), 60 * abs(slope)
            parts += [
                f'<path class="ag-axis" d="M500 {y}v22"/>',
                f'<rect class="ag-d" x="{left:.1f}" y="{y + 3}" width="{width:.1f}" height="16"/>',
                _text(570, y + 15, _signed(self.dZ[k])),
            ]
        return parts


def _signed(x: float) -> str:
    return _minus(f"{x:+.3f}") if round(abs(x), 3) else "0.000"


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _text(x: float, y: float, words: str, name: str = "") -> str:
    return f'<text class="{name}" x="{x:.1f}" y="{y}">{escape(words)}</text>'
