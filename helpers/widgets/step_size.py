"""`StepSize(f, df, x)`: drag the step of a difference quotient and watch both of its errors.

At the left f under a microscope that zooms with the step: a secant turns into the tangent, and
then, for tiny steps, the curve itself falls apart into the stairs of floating-point numbers. At the
right the error of forward and central differences in float32 and float64 over all steps, the
V-curves, with a point that moves along. All is computed here, once; the browser shows and moves it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape

import numpy as np

from helpers.palette import CSS
from helpers.widgets.front import FrontWidget

STEPS = [f"{m}e{p}" for p in range(-16, 0) for m in ("1", "1.8", "3.2", "5.6")] + ["1"]
TYPES = {"float64": np.float64, "float32": np.float32}
METHODS = ("forward", "central")
WINDOW = 1.6  # half the width of the microscope, in steps
SAMPLES = 81  # points of the curve in it
LOWEST, HIGHEST = -13, 1  # powers of ten of the errors that are drawn

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 16, 316, 34, 254  # the microscope
FAR_LEFT, FAR_RIGHT = 404, 708  # the V-curves, between the same heights
MIDDLE = ((LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2)
STYLE = CSS + (
    ".ag-steps text{font:12px 'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif;"
    "fill:var(--ag-ink);text-anchor:middle}"
    ".ag-steps .ag-paper{fill:var(--ag-paper)}"
    ".ag-steps .ag-panel{fill:var(--ag-box);stroke:var(--ag-line)}"
    ".ag-steps .ag-grid{stroke:var(--ag-line);stroke-opacity:.3}"
    ".ag-steps .ag-quiet{fill:var(--ag-neutral-text)}"
    ".ag-steps .ag-start{text-anchor:start}.ag-steps .ag-end{text-anchor:end}"
    ".ag-steps .ag-f{fill:none;stroke:var(--ag-data-text);stroke-width:6;stroke-opacity:.65;"
    "stroke-linejoin:round}"
    ".ag-steps .ag-tangent{stroke:var(--ag-ink);stroke-dasharray:5 5}"
    ".ag-steps .ag-secant{stroke:var(--ag-gradient);stroke-width:2.5}"
    ".ag-steps .ag-f-name{fill:var(--ag-data-text)}"
    ".ag-steps .ag-secant-name{fill:var(--ag-gradient-text)}"
    ".ag-steps .ag-end-of-secant{fill:var(--ag-gradient)}"
    ".ag-steps .ag-v{fill:none;stroke:var(--ag-neutral);stroke-width:1.3;stroke-linejoin:round}"
    ".ag-steps .ag-v.ag-forward{stroke-dasharray:4 3}"
    ".ag-steps .ag-v.ag-chosen{stroke:var(--ag-gradient);stroke-width:2.6}"
    ".ag-steps .ag-here{stroke:var(--ag-ink);stroke-opacity:.55}"
    ".ag-steps .ag-point{fill:var(--ag-neutral)}"
    ".ag-steps .ag-point.ag-chosen{fill:var(--ag-gradient);stroke:var(--ag-box);stroke-width:1.5}"
)


class StepSize(FrontWidget):
    """Drag the step h of a difference quotient of f at x.

    Parameters
    ----------
    f, df : callable
        A function of one number and its derivative. f is called with numbers of both types.
    x : float
        Where the slope is wanted.
    label : str
        How f is written, as in "f(x) = x²".

    Attributes
    ----------
    h : float
        The step that is shown; `method` and `dtype` are the rest of the choice.
    slope, error : float
        What the difference quotient gives there, and its relative error.

    Raises
    ------
    ValueError
        If f or df has no finite value at x.

    Examples
    --------
    >>> widget = StepSize(lambda x: x * x, lambda x: 2 * x, 1.0)
    >>> widget.h, widget.method, widget.slope
    (1.0, 'forward', 3.0)
    """

    scripts = ("page.js", "step_size.js")
    styles = ("widget.css", "step_size.css")

    def __init__(self, f: Callable, df: Callable, x: float, *, label: str = "f(x)"):
        self.label, self.x, self.true = label, float(x), _number(df, float(x), "df")
        _number(f, float(x), "f")
        with np.errstate(all="ignore"):
            self._values = {name: _Values(f, self.true, x, kind) for name, kind in TYPES.items()}
        curves = {f"{m} {t}": self._values[t].curve(m) for t in TYPES for m in METHODS}
        data = {
            "steps": STEPS,
            "true": self.true,
            "views": {name: values.views for name, values in self._values.items()},
            "curves": curves,
            "lens": {
                "left": LEFT,
                "right": RIGHT,
                "middle": MIDDLE,
                "step": _across(1) - MIDDLE[0],
            },
            "pad": {"first": FAR_LEFT, "last": FAR_RIGHT, "top": TOP, "bottom": BOTTOM},
        }
        data["svg"] = _svg(label, self.true, data)
        state = {"i": len(STEPS) - 1, "method": "forward", "dtype": "float64"}
        super().__init__(data=data, state=state)

    @property
    def h(self) -> float:
        return float(STEPS[self.state["i"]])

    @property
    def method(self) -> str:
        return self.state["method"]

    @property
    def dtype(self) -> str:
        return self.state["dtype"]

    @property
    def slope(self) -> float:
        return self._values[self.dtype].slopes[self.method][self.state["i"]]

    @property
    def error(self) -> float:
        return self._values[self.dtype].errors[self.method][self.state["i"]]

    @property
    def svg(self) -> str:
        return self.data["svg"]

    @property
    def text(self) -> str:
        keys = [(m, t) for t in TYPES for m in METHODS]
        lines = [
            f"StepSize: {self.label} at x = {self.x:g}, true slope {self.true:.6g}",
            "relative error of  " + "  ".join(f"{m}, {t}" for m, t in keys),
        ]
        for i in range(0, len(STEPS), 8):
            errors = (f"{self._values[t].errors[m][i]:>16.0e}" for m, t in keys)
            lines.append(f"  h = {float(STEPS[i]):<7.0e}     " + "  ".join(errors))
        return "\n".join(lines)


class _Values:
    """All slopes and errors in one type, and f under the microscope at every step."""

    def __init__(self, f: Callable, true: float, x: float, kind: type):
        self.slopes = {method: [] for method in METHODS}
        self.views = []
        x = kind(x)
        here = kind(f(x))
        for step in STEPS:
            h = kind(float(step))
            up, down = kind(f(x + h)), kind(f(x - h))
            self.slopes["forward"].append(float((up - here) / h))
            self.slopes["central"].append(float((up - down) / (2 * h)))
            places = [kind(t) * h for t in np.linspace(-WINDOW, WINDOW, SAMPLES)]
            curve = [_height((kind(f(x + p)) - here) / h, true) for p in places]
            ends = [_height((value - here) / h, true) for value in (down, up)]
            self.views.append({"curve": _thinned(curve), "ends": ends})
        self.errors = {
            method: [abs(s - true) / (abs(true) or 1.0) for s in slopes]
            for method, slopes in self.slopes.items()
        }

    def curve(self, method: str) -> dict:
        """A V-curve for the browser: slopes, errors, where they are drawn, the best step."""
        errors = [e if math.isfinite(e) else 10.0**HIGHEST for e in self.errors[method]]
        around = [max(errors[max(i - 2, 0) : i + 3]) for i in range(len(errors))]
        best = around.index(min(around))  # in the middle of the low ground, not a lucky hit
        return {
            "slopes": self.slopes[method],
            "errors": errors,
            "y": [_depth(error) for error in errors],
            "best": best,
        }


def _number(f: Callable, x: float, name: str) -> float:
    try:
        value = float(f(x))
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ValueError(f"{name}({x:g}) must be a number; it fails: {error}.") from None
    if not math.isfinite(value):
        raise ValueError(f"{name}({x:g}) must be a finite number, got {value}.")
    return value


def _across(t: float) -> float:
    """Where x + t·h stands in the microscope."""
    return MIDDLE[0] + t / WINDOW * (RIGHT - LEFT) / 2


def _height(rise: float, true: float) -> float:
    """How high a rise of f stands in the microscope, in pixels; `rise` is in steps."""
    full = 2.0 * (abs(true) or 1.0)
    share = max(-3.0, min(3.0, float(rise) / full)) if math.isfinite(rise) else 0.0
    return round(MIDDLE[1] - share * (BOTTOM - TOP) / 2, 1)


def _thinned(curve: list[float]) -> list[float]:
    """Two points for a curve that looks straight."""
    straight = np.linspace(curve[0], curve[-1], len(curve))
    return curve if max(abs(straight - curve)) > 0.6 else [curve[0], curve[-1]]


def _depth(error: float) -> float:
    """Where an error stands among the V-curves."""
    power = math.log10(error) if error > 0 else LOWEST
    share = (max(LOWEST, min(HIGHEST, power)) - LOWEST) / (HIGHEST - LOWEST)
    return round(BOTTOM - share * (BOTTOM - TOP), 1)


def _along(i: int) -> float:
    """Where a step stands among the V-curves."""
    return round(FAR_LEFT + i / (len(STEPS) - 1) * (FAR_RIGHT - FAR_LEFT), 1)


# ------------------------------------------------------------------------------ the picture


def _svg(label: str, true: float, data: dict) -> str:
    """The picture at the first step; what moves has a class that the browser knows."""
    last = len(STEPS) - 1
    view = data["views"]["float64"][last]
    across = np.linspace(LEFT, RIGHT, len(view["curve"]))
    slope = (view["ends"][1] - MIDDLE[1]) / (_across(1) - _across(0))
    half = (RIGHT - LEFT) / 2
    ends = [(x, MIDDLE[1] + slope * (x - MIDDLE[0])) for x in (LEFT, RIGHT)]
    rise = [_height(t * true, true) for t in (-WINDOW, WINDOW)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ag-theme ag-steps" role="img" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">',
        f"<title>Step size of a difference quotient of {escape(label)}</title>",
        f"<desc>A secant of f beside its tangent, and the error over the step.</desc>"
        f"<style>{STYLE}</style>",
        f'<rect class="ag-paper" width="{WIDTH}" height="{HEIGHT}"/>',
        f'<clipPath id="ag-lens"><rect x="{LEFT}" y="{TOP}" width="{RIGHT - LEFT}" '
        f'height="{BOTTOM - TOP}"/></clipPath>',
        *_frame(LEFT, RIGHT),
        _text(MIDDLE[0], 18, f"{label} under a microscope"),
        *(_line("ag-grid", _across(t), TOP, _across(t), BOTTOM) for t in (-1, 0, 1)),
        '<g clip-path="url(#ag-lens)">',
        f'<path class="ag-f" d="{_path(across, view["curve"])}"/>',
        _line("ag-secant", *ends[0], *ends[1]),
        _line("ag-tangent", LEFT, rise[0], RIGHT, rise[1]),
        _dot("ag-end-of-secant", *MIDDLE, 4),
        _dot("ag-end-of-secant", MIDDLE[0] + half / WINDOW, view["ends"][1], 4),
        "</g>",
        *(_text(_across(t), 270, name) for t, name in ((-1, "x − h"), (0, "x"), (1, "x + h"))),
        _text(LEFT + 8, TOP + 16, "f", "ag-f-name ag-start"),
        _text(LEFT + 24, TOP + 16, "secant", "ag-secant-name ag-start"),
        _text(LEFT + 70, TOP + 16, "tangent (dashed)", "ag-quiet ag-start"),
        *_axes(),
        *_type_names(data["curves"]),
    ]
    for name, curve in data["curves"].items():
        method = name.partition(" ")[0]
        steps = [_along(i) for i in range(len(STEPS))]
        chosen = " ag-chosen" * (name == "forward float64")
        parts.append(
            f'<path class="ag-v ag-{method}{chosen}" data-key="{name}" '
            f'd="{_path(steps, curve["y"])}"/>'
        )
    parts.append(_line("ag-here", FAR_RIGHT, TOP, FAR_RIGHT, BOTTOM))
    for name, curve in data["curves"].items():
        chosen = name == "forward float64"
        kind = f'ag-point{" ag-chosen" * chosen}" data-key="{name}'
        parts.append(_dot(kind, FAR_RIGHT, curve["y"][last], 5.5 if chosen else 3.5))
    return "\n".join([*parts, "</svg>"])


def _axes() -> list[str]:
    """The frame of the V-curves with its ticks."""
    middle = (FAR_LEFT + FAR_RIGHT) / 2
    parts = [
        *_frame(FAR_LEFT, FAR_RIGHT),
        _text(middle, 18, "relative error: forward, float64", "ag-secant-name ag-chosen-name"),
        _text(FAR_LEFT + 8, BOTTOM - 22, "dashed: forward", "ag-quiet ag-start"),
        _text(FAR_LEFT + 8, BOTTOM - 8, "solid: central", "ag-quiet ag-start"),
    ]
    for power in range(-15, 1, 3):
        x = _along(4 * (power + 16))
        parts.append(_line("ag-grid", x, TOP, x, BOTTOM))
        parts.append(_text(x, 270, _power(power)))
    for power in range(LOWEST + 1, HIGHEST, 3):
        y = _depth(10.0**power)
        parts.append(_line("ag-grid", FAR_LEFT, y, FAR_RIGHT, y))
        parts.append(_text(FAR_LEFT - 6, y + 4, _power(power), "ag-end"))
    parts.append(_text(middle, 290, "step h"))
    return parts


def _type_names(curves: dict) -> list[str]:
    """The names of the two types, each at the left side of its own V."""
    parts = []
    for name, below in (("float64", 1e-5), ("float32", 0.5)):
        curve = curves[f"central {name}"]
        i = next((i for i, error in enumerate(curve["errors"]) if error < below), len(STEPS) // 2)
        parts.append(_text(_along(i) - 8, _depth(2 * below) + 12, name, "ag-quiet ag-end"))
    return parts


def _power(power: int) -> str:
    digits = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return "1" if power == 0 else "10" + str(power).translate(digits)


def _frame(left: float, right: float) -> list[str]:
    return [
        f'<rect class="ag-panel" x="{left}" y="{TOP}" width="{right - left}" '
        f'height="{BOTTOM - TOP}"/>'
    ]


def _path(xs, ys) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in zip(np.round(xs, 1), ys))


def _line(name: str, x1: float, y1: float, x2: float, y2: float) -> str:
    points = " ".join(f'{k}="{v:g}"' for k, v in zip(("x1", "y1", "x2", "y2"), (x1, y1, x2, y2)))
    return f'<line class="{name}" {points}/>'


def _dot(name: str, x: float, y: float, radius: float) -> str:
    return f'<circle class="{name}" cx="{x:g}" cy="{y:g}" r="{radius:g}"/>'


def _text(x: float, y: float, words: str, name: str = "") -> str:
    kind = f' class="{name}"' if name else ""
    return f'<text{kind} x="{x:g}" y="{y:g}">{escape(words)}</text>'
