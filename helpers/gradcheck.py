"""Is this gradient right? Numerical gradients, checks that say how sure they are, PyTorch.

A gradient check compares an analytic gradient with the answer of the function itself to small
nudges. It says nothing about the *value* of the function: a wrong forward with its own right
backward passes. Central differences work for any function; the complex step and random directions
are for those who want more digits, or have more parameters than patience.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

import numpy as np

from helpers.palette import CORRECT, WRONG

STEP = 1e-5  # near eps**(1/3) = 6e-6, where truncation (h²) and rounding (eps/h) of float64 meet
TOLERANCE = 1e-6  # central differences of float64 functions of order one are good to about 1e-9


class Entry(NamedTuple):
    """One number of a gradient: where it stands, the claim, the measurement, their difference."""

    where: str
    analytic: float
    numerical: float
    error: float


@dataclass(frozen=True)
class GradReport:
    """The result of a check: shows as a table, prints as text, is true where all entries agree.

    Attributes
    ----------
    ok : bool
        The verdict.
    entries : list of Entry
        Every entry of the gradient with its relative error.
    method : str
        What the analytic numbers were compared with, and the step size.
    tolerance : float
        The relative error that is allowed.
    notes : tuple of str
        What the reader should know: kinks, float32, integers, NaN.
    """

    ok: bool
    entries: list[Entry]
    method: str
    tolerance: float
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.ok

    @property
    def worst(self) -> Entry:
        return max(self.entries, key=_size)

    def __repr__(self) -> str:
        head = "✓ gradients agree" if self.ok else "✗ gradients differ"
        lines = [f"{head}: worst relative error {_bound(self.worst.error)}"]
        lines.append(f"  against {self.method}, tolerance {self.tolerance:g}")
        if not self.ok:
            lines.append(f"  {'entry':<14}{'analytic':>14}{'numerical':>14}{'rel. error':>12}")
            lines += [f"  {w:<14}{a:>14.6g}{n:>14.6g}{e:>12.1e}" for w, a, n, e in self._shown()]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        mark, color = ("✓", CORRECT) if self.ok else ("✗", WRONG)
        head = "gradients agree" if self.ok else "gradients differ"
        cells = "".join(
            f"<tr><td>{escape(w)}</td><td>{a:.6g}</td><td>{n:.6g}</td><td>{_bound(e)}</td></tr>"
            for w, a, n, e in self._shown()
        )
        notes = "".join(f"<div>{escape(note)}</div>" for note in self.notes)
        return (
            f'<div style="border-left:4px solid {color};padding-left:10px"><b>{mark} {head}</b>: '
            f"worst relative error {_bound(self.worst.error)}, against {escape(self.method)}, "
            f"tolerance {self.tolerance:g}<table><tr><th>entry</th><th>analytic</th>"
            f"<th>numerical</th><th>relative error</th></tr>{cells}</table>{notes}</div>"
        )

    def _shown(self) -> list[Entry]:
        return sorted(self.entries, key=_size, reverse=True)[:8]


def numerical_gradient(f: Callable, *inputs, h: float = STEP):
    """∂f/∂inputs by central differences, (f(x + h) − f(x − h)) / 2h, one entry at a time.

    Parameters
    ----------
    f : callable
        Takes the inputs, returns one number.
    *inputs : float or array_like
        Where to differentiate. They are copied to float64 and never changed.
    h : float
        The nudge. The error is about h² |f‴|/6 + 1e-16 |f|/h.

    Returns
    -------
    float, ndarray, or tuple of them
        One gradient for each input, of its shape.

    Raises
    ------
    ValueError
        If f does not return one number.

    Examples
    --------
    >>> round(numerical_gradient(lambda x: x**3, 2.0), 6)
    12.0
    """
    points = [np.array(x, dtype=float) for x in inputs]
    grads = []
    for point in points:
        grad = np.zeros_like(point)
        for index in np.ndindex(point.shape):
            here = point[index]
            point[index] = here + h
            up = _call(f, points)
            point[index] = here - h
            down = _call(f, points)
            point[index] = here
            grad[index] = (up - down) / (2 * h)
        grads.append(grad if grad.shape else float(grad))
    return grads[0] if len(grads) == 1 else tuple(grads)


def gradcheck(
    f: Callable, grad_f: Callable, *inputs, h: float = STEP, tolerance: float = TOLERANCE
):
    """Compare an analytic gradient with central differences, entry by entry.

    Parameters
    ----------
    f : callable
        Takes the inputs, returns one number.
    grad_f : callable
        Takes the same inputs, returns the gradient (a tuple of gradients for several inputs).
    *inputs : float or array_like
        Where to check.
    h, tolerance : float
        Step and allowed relative error; the report states both.

    Returns
    -------
    GradReport
        True where all entries agree.

    Raises
    ------
    ValueError
        If the gradient has another shape than its input, or f returns more than one number.

    Examples
    --------
    >>> gradcheck(lambda x, y: (x + y) * y, lambda x, y: (y, x + 2 * y), 2.0, 3.0).ok
    True
    """
    notes = _notes(inputs)
    points = [np.array(x, dtype=float) for x in inputs]
    numerical = numerical_gradient(f, *inputs, h=h)
    numerical = [np.asarray(g) for g in (numerical if len(points) > 1 else [numerical])]
    given = grad_f(*(p.copy() if p.shape else float(p) for p in points))
    given = list(given) if len(points) > 1 else [given]
    if len(given) != len(points):
        raise ValueError(f"grad_f returned {len(given)} gradients for {len(points)} inputs.")
    analytic = [np.asarray(g, dtype=float) for g in given]
    for k, (a, p) in enumerate(zip(analytic, points)):
        if a.shape != p.shape:
            raise ValueError(
                f"The gradient of input {k} has shape {a.shape}, the input {p.shape}. "
                "A gradient has the shape of what it is the gradient of."
            )
    entries = []
    for k, (a, n) in enumerate(zip(analytic, numerical)):
        for index in np.ndindex(n.shape):
            entry = _entry(_where(k, index), a[index], n[index])
            if not entry.error <= tolerance and (slopes := _kink(f, points, k, index, h)):
                low, high = sorted(slopes)
                notes += (
                    f"{entry.where}: a kink, slope {slopes[0]:.4g} from the left and "
                    f"{slopes[1]:.4g} from the right. Any slope between is defensible there; "
                    "check at another point to learn more.",
                )
                if low - tolerance <= entry.analytic <= high + tolerance:
                    entry = entry._replace(error=0.0)
            entries.append(entry)
    if any(math.isnan(entry.error) for entry in entries):
        notes += ("NaN: the function or the gradient is not a number at this point.",)
    return _report(entries, f"central differences with step {h:g}", tolerance, notes)


def compare_with_torch(f: Callable, *inputs: float, engine: type | None = None) -> GradReport:
    """The same expression in an engine and in PyTorch (float64): values and gradients.

    Parameters
    ----------
    f : callable
        An expression that both engines understand: operators and methods such as `.tanh()`.
    *inputs : float
        The leaves.
    engine : type
        A class with `data`, `grad` and `backward()`; the course's `Value` by default.

    Returns
    -------
    GradReport
        Its first entry is the value of f; then comes one gradient for each input.
    """
    import torch

    if engine is None:
        from helpers.engine.scalar import Value as engine
    ours = [engine(float(x)) for x in inputs]
    out = f(*ours)
    out.backward()
    theirs = [torch.tensor(float(x), dtype=torch.float64, requires_grad=True) for x in inputs]
    result = f(*theirs)
    result.backward()
    grads = [0.0 if t.grad is None else t.grad.item() for t in theirs]
    entries = [_entry("value of f", float(out.data), result.item())]
    for k, (ours_k, grad) in enumerate(zip(ours, grads)):
        entries.append(_entry(_where(k, ()), float(ours_k.grad), grad))
    return _report(entries, "PyTorch in float64", 1e-10)


def gradcheck_directional(
    f: Callable, grad: Sequence, *inputs, directions: int = 3, seed: int = 0, h: float = STEP
) -> GradReport:
    """Check a whole gradient along random directions: its cost does not grow with its size.

    Along a direction v of random signs, (f(x + hv) − f(x − hv)) / 2h must equal grad · v.

    Parameters
    ----------
    f : callable
        Takes the inputs, returns one number.
    grad : sequence of ndarray
        The gradient to check, one array for each input.
    *inputs : ndarray
        Where it was computed.
    directions : int
        How many directions; each costs two calls of f.
    """
    rng = np.random.default_rng(seed)
    points = [np.array(x, dtype=float) for x in inputs]
    grads = [np.asarray(g, dtype=float) for g in grad]
    claimed, measured = [], []
    for _ in range(directions):
        signs = [rng.choice([-1.0, 1.0], size=p.shape) for p in points]
        up = _call(f, [p + h * s for p, s in zip(points, signs)])
        down = _call(f, [p - h * s for p, s in zip(points, signs)])
        measured.append((up - down) / (2 * h))
        claimed.append(sum(float((g * s).sum()) for g, s in zip(grads, signs)))
    size = math.sqrt(sum(float((g * g).sum()) for g in grads)) or 1.0  # typical |grad · v|
    entries = [
        Entry(f"direction {i}", c, m, abs(c - m) / size)
        for i, (c, m) in enumerate(zip(claimed, measured))
    ]
    method = f"central differences with step {h:g} along {directions} random directions of ±1"
    note = "Errors are relative to the norm of the gradient."
    return _report(entries, method, TOLERANCE, (note,))


def complex_step(f: Callable, x, h: float = 1e-30):
    """df/dx as Im f(x + ih)/h: nothing is subtracted, so no digits are lost.

    f must be built from functions that continue into the complex plane: no abs, and comparisons
    on the real part (Squire & Trapp 1998).

    Parameters
    ----------
    x : float or ndarray
        For an array, the gradient of a scalar f, one entry at a time.

    Examples
    --------
    >>> complex_step(lambda z: z**3, 2.0)
    12.0
    """
    point = np.array(x, dtype=complex)
    grad = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        nudged = point.copy()
        nudged[index] += 1j * h
        grad[index] = np.imag(f(nudged if point.shape else nudged[()])) / h
    return grad if point.shape else float(grad)


def _call(f: Callable, points: list[np.ndarray]) -> float:
    out = np.asarray(f(*(p.copy() if p.shape else float(p) for p in points)))
    if out.size != 1:
        raise ValueError(
            f"A gradient check needs a function that returns one number; this one returns an array "
            f"of shape {out.shape}. Check a sum of it with random weights, not each entry."
        )
    return float(out.reshape(()))


def _report(entries, method, tolerance, notes=()) -> GradReport:
    ok = all(entry.error <= tolerance for entry in entries)
    return GradReport(ok, entries, method, tolerance, notes)


def _entry(where: str, a: float, n: float) -> Entry:
    """Relative error |a − n| / max(|a|, |n|, 1e-8): no trouble when both are zero."""
    a, n = float(a), float(n)
    return Entry(where, a, n, abs(a - n) / max(abs(a), abs(n), 1e-8) if a != n else 0.0)


def _where(k: int, index: tuple[int, ...]) -> str:
    return f"input {k}" + (f"[{', '.join(map(str, index))}]" if index else "")


def _size(entry: Entry) -> float:
    return math.inf if math.isnan(entry.error) else entry.error


def _bound(error: float) -> str:
    """An error as a bound: rounding differs from machine to machine, its size does not."""
    if math.isnan(error):
        return "nan"
    if error > 1e-5:
        return f"{error:.2g}"
    return f"below 1e{max(-15, math.ceil(math.log10(error)) if error else -15)}"


def _notes(inputs) -> tuple[str, ...]:
    kinds = {str(getattr(x, "dtype", type(x).__name__)) for x in inputs}
    notes = ()
    if any("int" in kind for kind in kinds):
        notes += ("Integer inputs were turned into float64: a nudge of 1e-5 would vanish in them.",)
    if any("float32" in kind or "float16" in kind for kind in kinds):
        notes += (
            "float32 inputs were turned into float64; if f computes in float32 inside, expect "
            "errors near 1e-3 and use a step near 1e-2.",
        )
    return notes


def _kink(f, points, k: int, index, h: float) -> tuple[float, float] | None:
    """Left and right slope, where they differ far more than curvature or rounding explain."""
    moved = [p.copy() for p in points]
    here = _call(f, points)
    moved[k][index] = points[k][index] + h
    right = (_call(f, moved) - here) / h
    moved[k][index] = points[k][index] - h
    left = (here - _call(f, moved)) / h
    gap = abs(right - left)
    return (left, right) if gap > 1e-3 and gap > 0.05 * max(abs(right), abs(left)) else None
