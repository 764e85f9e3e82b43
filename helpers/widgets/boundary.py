"""`boundary(frames, X, t)`: how the decision boundary of a classifier moves while it trains.

A frame is a moment of the training: its step, its loss, and the scores that the classifier gives
then at the points of `grid(X)`. Any classifier of points in the plane will do; here nothing is
trained. The browser paints the regions and plays the frames.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Sequence

import numpy as np

from helpers.palette import CSS
from helpers.widgets.front import FrontWidget

SIZE = 32  # rows and columns of the grid
MARGIN = 0.15  # around the points, as a share of their extent
CLASSES = ("#56B4E9", "#F0E442", "#9A9A9A", "#E69F00")  # none of them has a meaning elsewhere
MARKS = ("circle", "square", "triangle", "diamond")
DEEPEST = 8.0  # log-probabilities below −8 are as good as −8

FIELD, GAP, CHART = 330, 62, 300  # sizes on the screen
WIDTH, HEIGHT, TOP, BOTTOM = FIELD + GAP + CHART + 8, FIELD + 4, 30, 290
STYLE = CSS + (
    ".ag-bounds text{font:12px 'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif;"
    "fill:var(--ag-ink)}"
    ".ag-bounds .ag-paper{fill:var(--ag-paper)}"
    ".ag-bounds .ag-frame-line{fill:none;stroke:var(--ag-line)}"
    ".ag-bounds .ag-mark{stroke:#1F2328;stroke-width:.9}"
    ".ag-bounds .ag-ring{fill:none;stroke:#A3457C;stroke-width:2.2}"
    ".ag-bounds .ag-loss{fill:none;stroke:var(--ag-data);stroke-width:2;stroke-linejoin:round}"
    ".ag-bounds .ag-axis{stroke:var(--ag-line);fill:none}"
    ".ag-bounds .ag-here{stroke:var(--ag-ink);stroke-dasharray:3 3}"
    ".ag-bounds .ag-dot{fill:var(--ag-data);stroke:var(--ag-paper);stroke-width:1.5}"
    ".ag-bounds .ag-name{fill:var(--ag-data-text);font-weight:600}"
    ".ag-bounds .ag-end{text-anchor:end}.ag-bounds .ag-middle{text-anchor:middle}"
)

Frame = tuple[int, float, np.ndarray]


def grid(X: np.ndarray, size: int = SIZE) -> np.ndarray:
    """The points at which `boundary` wants scores: a square grid over the data, then X itself.

    Parameters
    ----------
    X : array of shape (n, 2)
    size : int
        Rows and columns of the grid; fewer are enough for a slow classifier.

    Returns
    -------
    array of shape (size² + n, 2)

    Examples
    --------
    >>> grid(np.array([[0.0, 0.0], [1.0, 1.0]]), size=20).shape
    (402, 2)
    """
    X = _points(X)
    low, high = _extent(X)
    across, up = (np.linspace(low[axis], high[axis], size) for axis in (0, 1))
    return np.concatenate([np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2), X])


def boundary(
    frames: Iterable[Frame],
    X: np.ndarray,
    t: np.ndarray,
    *,
    losses: Sequence[float] | None = None,
) -> Boundary:
    """Play a training: regions of the classes, points, and the loss.

    Parameters
    ----------
    frames : list of (step, loss, scores)
        `scores` at the points of `grid(X)`: shape (P, C) for C classes, the largest wins; or (P,)
        for two classes, 1 where the score is positive.
    X : array of shape (n, 2)
    t : array of n whole numbers
        Classes from 0.
    losses : sequence of float, optional
        The loss before every step, for a finer curve than that of the frames.

    Returns
    -------
    Boundary

    Raises
    ------
    ValueError
        If there is no frame, or shapes do not fit.

    Examples
    --------
    >>> X, t = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([0, 1])
    >>> scores = grid(X).sum(axis=1) - 1.0
    >>> boundary([(0, 0.3, scores)], X, t).right
    [2]
    """
    X, t = _points(X), np.asarray(t)
    if t.shape != (len(X),) or t.dtype.kind not in "iu" or t.min() < 0:
        raise ValueError(
            f"t is one whole number from 0 for each of the {len(X)} points, got {t!r}."
        )
    frames = [(int(step), float(loss), np.asarray(s, dtype=float)) for step, loss, s in frames]
    if not frames:
        raise ValueError("There is no frame to show.")
    return Boundary(frames, X, t, losses)


class Boundary(FrontWidget):
    """A training to look at; made by `boundary`.

    Attributes
    ----------
    frame : int
        Which frame is shown; assign to it to change it on the screen.
    steps, losses, right : list
        Of each frame: the step, the loss, and how many points are on their own side.
    """

    scripts = ("page.js", "boundary.js")
    styles = ("widget.css", "boundary.css")

    def __init__(self, frames: list[Frame], X, t, losses):
        scores = [_two_sided(scores) for _, _, scores in frames]
        size = _size(scores, len(X))
        classes = max(scores[0].shape[1], int(t.max()) + 1)
        if classes > len(CLASSES) or any(s.shape != (size**2 + len(X), classes) for s in scores):
            raise ValueError(
                f"Every frame needs scores of one shape, for 2 to {len(CLASSES)} classes, as many "
                f"as t has; got the shapes {[frame[2].shape for frame in frames]}."
            )
        self._X, self._t, self._size = X, t, size
        self.steps = [step for step, _, _ in frames]
        self.losses = [loss for _, loss, _ in frames]
        wrong = [np.flatnonzero(_winner(s[size**2 :]) != t) for s in scores]
        self.right = [len(X) - len(each) for each in wrong]
        curve = list(zip(self.steps, self.losses)) if losses is None else list(enumerate(losses))
        self._curve = _Curve([point for point in curve if math.isfinite(point[1])], self.steps)
        self._cells = [s[: size**2].argmax(axis=1) for s in scores]
        self._wrong = wrong
        shown = [
            {
                "step": step,
                "loss": f"{loss:.3f}",
                "at": self._curve.place(step, loss),
                "right": right,
                "wrong": missed.tolist(),
                "scores": _packed(s[: size**2]),
            }
            for (step, loss, _), right, missed, s in zip(frames, self.right, wrong, scores)
        ]
        data = {
            "frames": shown,
            "points": len(X),
            "size": size,
            "classes": classes,
            "colors": CLASSES,
            "field": FIELD,
            "width": WIDTH,
            "deepest": DEEPEST,
            "svg": self._drawing(len(frames) - 1, field=False),
        }
        super().__init__(data=data, state={"frame": len(frames) - 1})

    @property
    def frame(self) -> int:
        return self.state["frame"]

    @frame.setter
    def frame(self, k: int) -> None:
        if k not in range(len(self.steps)):
            raise ValueError(f"There are the frames 0 to {len(self.steps) - 1}, got {k!r}.")
        self.state = {"frame": k}

    @property
    def text(self) -> str:
        lines = ["step     loss   right side"]
        for step, loss, right in zip(self.steps, self.losses, self.right):
            lines.append(f"{step:5} {loss:8.3f}   {right} of {len(self._X)}")
        return "\n".join(lines)

    @property
    def svg(self) -> str:
        return self._drawing(self.frame, field=True)

    def _drawing(self, k: int, field: bool) -> str:
        """A frame as SVG; without the field it lies over the browser's own painting of it."""
        low, high = _extent(self._X)
        places = (self._X - low) / (high - low) * FIELD
        at = self._curve.place(self.steps[k], self.losses[k])
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="ag-theme ag-bounds" role="img" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">',
            f"<title>Decision boundary of {len(self._X)} points</title><style>{STYLE}</style>",
        ]
        if field:
            parts.append(f'<rect class="ag-paper" width="{WIDTH}" height="{HEIGHT}"/>')
            parts += self._regions(self._cells[k])
        parts.append(f'<rect class="ag-frame-line" width="{FIELD}" height="{FIELD}"/>')
        wrong = set(self._wrong[k].tolist())
        for i, (x, y) in enumerate(places):
            parts.append(_mark(MARKS[self._t[i]], CLASSES[self._t[i]], x, FIELD - y))
            hidden = "" if i in wrong else ' visibility="hidden"'
            parts.append(
                f'<circle class="ag-ring" cx="{x:.1f}" cy="{FIELD - y:.1f}" r="6"{hidden}/>'
            )
        parts += self._curve.drawn()
        parts.append(f'<path class="ag-here" d="M{at[0]} {TOP}V{BOTTOM}"/>')
        parts.append(f'<circle class="ag-dot" cx="{at[0]}" cy="{at[1]}" r="5"/>')
        return "\n".join([*parts, "</svg>"])

    def _regions(self, cells: np.ndarray) -> list[str]:
        """The field of the static picture: runs of equal cells in each row."""
        parts, side = ['<g fill-opacity=".4" shape-rendering="crispEdges">'], FIELD / self._size
        for row, line in enumerate(cells.reshape(self._size, -1)):
            cuts = [0, *(np.flatnonzero(np.diff(line)) + 1).tolist(), self._size]
            for start, end in zip(cuts, cuts[1:]):
                x, y = start * side, FIELD - (row + 1) * side
                parts.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{(end - start) * side:.1f}" '
                    f'height="{side:.1f}" fill="{CLASSES[line[start]]}"/>'
                )
        return [*parts, "</g>"]


class _Curve:
    """The loss over the steps, as it stands at the right of the field."""

    def __init__(self, points: list[tuple[int, float]], steps: list[int]):
        self._last = max([*steps, *(step for step, _ in points)]) or 1
        self._top = max([loss for _, loss in points], default=0.0) or 1.0
        every = max(1, len(points) // 150)
        self._points = points[::every] + points[-1:]

    def place(self, step: int, loss: float) -> list[float]:
        """Where a step and its loss stand, in pixels."""
        loss = min(max(loss, 0.0), self._top) if math.isfinite(loss) else self._top
        x = FIELD + GAP + CHART * min(step / self._last, 1.0)
        return [round(x, 1), round(BOTTOM - (BOTTOM - TOP) * loss / self._top, 1)]

    def drawn(self) -> list[str]:
        left, right = FIELD + GAP, FIELD + GAP + CHART
        path = "L".join("{} {}".format(*self.place(*point)) for point in self._points)
        middle = (left + right) / 2
        return [
            f'<path class="ag-axis" d="M{left} {TOP}V{BOTTOM}H{right}"/>',
            f'<path class="ag-loss" d="M{path}"/>',
            f'<text class="ag-name ag-middle" x="{middle:g}" y="18">loss</text>',
            f'<text class="ag-end" x="{left - 6}" y="{TOP + 4}">{self._top:.2f}</text>',
            f'<text class="ag-end" x="{left - 6}" y="{BOTTOM + 4}">0</text>',
            f'<text class="ag-middle" x="{left}" y="{BOTTOM + 17}">0</text>',
            f'<text class="ag-end" x="{right}" y="{BOTTOM + 17}">{self._last}</text>',
            f'<text class="ag-middle" x="{middle:g}" y="{BOTTOM + 17}">step</text>',
        ]


def _points(X) -> np.ndarray:
    X = np.asarray(X, dtype=float)
    if X.ndim != 2 or X.shape[1] != 2 or not len(X):
        raise ValueError(f"The points have shape (n, 2), got {X.shape}.")
    return X


def _extent(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two corners of the square that is drawn."""
    middle, half = (X.max(axis=0) + X.min(axis=0)) / 2, np.ptp(X, axis=0).max() / 2 or 1.0
    return middle - half * (1 + MARGIN), middle + half * (1 + MARGIN)


def _two_sided(scores: np.ndarray) -> np.ndarray:
    """One score for each class: a lone score s counts for class 1, and −s for class 0."""
    scores = scores[:, 0] if scores.ndim == 2 and scores.shape[1] == 1 else scores
    return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores


def _size(scores: list[np.ndarray], n: int) -> int:
    """Rows of the grid; every frame must have scores for the grid and the n points."""
    counts = {len(s) for s in scores}
    size = math.isqrt(max(min(counts) - n, 0))
    if counts != {size**2 + n} or size < 2:
        raise ValueError(
            f"Each frame needs the scores at the points of `grid(X)`, a square grid and the {n} "
            f"points of X; got {sorted(counts)} scores."
        )
    return size


def _winner(scores: np.ndarray) -> np.ndarray:
    """The class of the largest score in each row; −1 where there is none."""
    return np.where(np.isnan(scores).any(axis=1), -1, scores.argmax(axis=1))


def _packed(scores: np.ndarray) -> str:
    """How far each score is below the row's largest, in 255 steps, as base64."""
    below = np.nan_to_num(scores - scores.max(axis=1, keepdims=True), nan=0.0, neginf=-DEEPEST)
    return base64.b64encode(np.round(-below.clip(-DEEPEST, 0) * 255 / DEEPEST).astype(np.uint8))\
        .decode()  # fmt: skip


def _mark(shape: str, color: str, x: float, y: float) -> str:
    paths = {
        "square": f"M{x - 3:.1f} {y - 3:.1f}h6v6h-6z",
        "triangle": f"M{x:.1f} {y - 4:.1f}l3.9 7h-7.8z",
        "diamond": f"M{x:.1f} {y - 4.4:.1f}l4.4 4.4l-4.4 4.4l-4.4 -4.4z",
    }
    if shape == "circle":
        return f'<circle class="ag-mark" fill="{color}" cx="{x:.1f}" cy="{y:.1f}" r="3.2"/>'
    return f'<path class="ag-mark" fill="{color}" d="{paths[shape]}"/>'
