"""Is this gradient right? Numerical gradients, checks that say how sure they are, PyTorch.

A gradient check compares an analytic gradient with the answer of the function itself to small
nudges. It says nothing about the *value* of the function: a wrong forward with its own right
backward passes. Central differences work for any function; the complex step and random directions
are for those who want more digits, or have more parameters than patience.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from helpers.differences import (
    EPS,
    EPS32,
    FINER,
    STEP,
    STEP32,
    Kink,
    answer,
    central,
    complex_step,
    copies_of,
    in_float32,
    kink_at,
    not_one_number,
    numerical_gradient,
    one_number,
    points_of,
    real_array,
    slopes_at,
    stretch,
)
from helpers.gradreport import Entry, GradReport
from helpers.graph import Graph
from helpers.summary import number

__all__ = [
    "Entry",
    "GradReport",
    "compare_with_torch",
    "complex_step",
    "gradcheck",
    "gradcheck_directional",
    "numerical_gradient",
]

TOLERANCE = 1e-6  # central differences leave about 1e-10; a wrong derivative is off by far more
TOLERANCE32 = 1e-2  # the same for a function that answers in float32
EXACT = 1e-10  # between two programs in float64


def gradcheck(
    f: Callable,
    grad_f: Callable,
    *inputs,
    h: float | None = None,
    tolerance: float | None = None,
) -> GradReport:
    """Compare an analytic gradient with central differences, entry by entry.

    Parameters
    ----------
    f : callable
        Takes the inputs, returns one number.
    grad_f : callable
        Takes the same inputs, returns the gradient (a tuple of gradients for several inputs).
    *inputs : float or array_like
        Where to check.
    h, tolerance : float, optional
        Step and allowed relative error; 1e-5 and 1e-6, or 5e-3 and 1e-2 where f answers in
        float32. The report states both, and why.

    Returns
    -------
    GradReport
        True where all entries agree.

    Raises
    ------
    ValueError
        If the gradient has another shape than its input, or f returns more than one number.
    TypeError
        If an input, or what f or grad_f returns, is not made of real numbers.

    Examples
    --------
    >>> gradcheck(lambda x, y: (x + y) * y, lambda x, y: (y, x + 2 * y), 2.0, 3.0)
    ✓ gradients agree: 2 entries, worst relative error below 1e-06
      against central differences with step 1e-05, tolerance 1e-06
      step: near eps^(1/3) of float64, where truncation (h²) and rounding (eps/h) meet
      tolerance: they leave errors near 1e-10; a wrong derivative is off by far more
    """
    points = points_of(inputs)
    given = gradients_of(grad_f(*copies_of(points)), points)
    rule, numerical, bends = _measure(f, points, h, tolerance)
    entries, notes = [], _about_inputs(inputs, rule)
    for k, (a, n) in enumerate(zip(given, numerical)):
        for index in np.ndindex(n.shape):
            pair = float(a[index]), float(n[index])
            here = rule._replace(floor=rule.floor / stretch(points[k][index]))
            entry = Entry(_where(k, index), *pair, here.error(*pair))
            if next(bends) or not entry.error <= rule.tolerance:
                entry, note = _second_look(f, points, k, index, entry, here)
                notes += [note] if note else []
            entries.append(entry)
    method = f"central differences with step {rule.step:g}"
    return GradReport(entries, method, rule.why, rule.tolerance, rule.floor, tuple(notes))


def compare_with_torch(f: Callable, *inputs, engine: type | None = None) -> GradReport:
    """The same expression in an engine and in PyTorch (float64): values and gradients.

    Parameters
    ----------
    f : callable
        An expression that both engines understand: operators and methods such as `.tanh()`.
    *inputs : float or array_like
        The leaves.
    engine : type
        A class with `data`, `grad` and `backward()`; the course's `Value` by default.

    Returns
    -------
    GradReport
        Its first entry is the value of f; then comes one gradient for each input.

    Raises
    ------
    ValueError
        If the result is not one number, or does not depend on the inputs.

    Examples
    --------
    >>> compare_with_torch(lambda x, y: (x * y).tanh(), 0.5, -1.0).ok
    True
    """
    import torch

    if engine is None:
        from helpers.engine.scalar import Value as engine
    points = points_of(inputs)
    ours = [engine(x) for x in copies_of(points)]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in points]
    out, result = f(*ours), f(*theirs)
    if not getattr(result, "requires_grad", False) or not hasattr(out, "backward"):
        raise ValueError(
            "The result of f does not depend on its inputs, so there is no gradient to compare. "
            "Does f use all its arguments, and return the last value?"
        )
    if result.numel() != 1:
        raise ValueError(not_one_number(tuple(result.shape)))
    out.backward()
    result.backward()
    mine = gradients_of(
        tuple(0.0 * p if v.grad is None else v.grad for v, p in zip(ours, points)), points
    )
    right = [np.zeros(t.shape) if t.grad is None else t.grad.numpy() for t in theirs]
    rules = _exact([*right, _inside(out)]), _exact(points)  # of gradients, and of the value
    value = one_number(out.data), result.item()
    entries, notes = [Entry("value of f", *value, rules[1].error(*value))], []

    def in_torch(*xs):
        return f(*(torch.tensor(x, dtype=torch.float64) for x in xs))

    for k, (a, n) in enumerate(zip(mine, right)):
        for index in np.ndindex(n.shape):
            pair = float(a[index]), float(n[index])
            entry = Entry(_where(k, index), *pair, rules[0].error(*pair))
            if entry.error > EXACT and (kink := kink_at(in_torch, points, k, index, STEP, EPS)):
                entry, note = _at_kink(entry, kink, EXACT)
                notes.append(note)
            entries.append(entry)
    columns = getattr(engine, "__name__", "engine"), "PyTorch"
    method, (rule, _) = "PyTorch in float64", rules
    return GradReport(entries, method, rule.why, EXACT, rule.floor, tuple(notes), columns)


def gradcheck_directional(
    f: Callable,
    grad: Sequence,
    *inputs,
    directions: int = 3,
    seed: int = 0,
    h: float | None = None,
    tolerance: float | None = None,
) -> GradReport:
    """Check a whole gradient along random directions: its cost does not grow with its size.

    Along a direction v of random signs, (f(x + hv) − f(x − hv)) / 2h must equal grad · v. One wrong
    entry is seen for certain, if it is off by more than the tolerance times the norm of the
    gradient; of two that are off by the same amount, half of the directions see nothing.

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
    seed : int
        The same seed gives the same directions on every machine.
    h, tolerance : float, optional
        Step, and allowed error relative to the norm of the gradient; as for `gradcheck`.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 10_000)
    >>> gradcheck_directional(lambda x: (x * x).sum(), [2 * x], x).ok
    True
    """
    if directions < 1:
        raise ValueError(f"directions is {directions}; at least one is needed.")
    points = points_of(inputs)
    grads = gradients_of(grad, points)
    sizes = [stretch(p) for p in points]
    norm = math.sqrt(sum(float(((g * s) ** 2).sum()) for g, s in zip(grads, sizes)))
    rng = np.random.default_rng(seed)
    entries, notes, start = [], ["Errors are relative to the norm of the gradient."], [np.zeros(())]
    for i in range(directions):
        way = [rng.choice([-1.0, 1.0], size=s.shape) * s for s in sizes]

        def along(t, way=way):
            return f(*copies_of([p + t * v for p, v in zip(points, way)]))

        rule, [measured], _ = _measure(along, start, h, tolerance)
        rule = rule._replace(floor=max(rule.floor, norm))
        pair = sum(float((g * v).sum()) for g, v in zip(grads, way)), float(measured)
        entry = Entry(f"direction {i}", *pair, rule.error(*pair))
        if not entry.error <= rule.tolerance:
            entry, note = _second_look(along, start, 0, (), entry, rule)
            notes += [note] if note else []
        entries.append(entry)
    notes = (*_about_inputs(inputs, rule), *notes)
    method = f"central differences with step {rule.step:g} along {directions} random directions"
    return GradReport(entries, method, rule.why, rule.tolerance, rule.floor, notes)


# ------------------------------------------------------------------ judging


class _Rule(NamedTuple):
    """How closely two numbers must agree, and why."""

    step: float
    tolerance: float
    floor: float  # what is smaller drowns in rounding, and counts as this large
    eps: float
    why: str

    def error(self, a: float, n: float) -> float:
        """|a − n| / max(|a|, |n|, floor); nan where nothing was measured."""
        if a == n:
            return 0.0
        if not math.isfinite(n):
            return math.nan
        return abs(a - n) / max(abs(a), abs(n), self.floor) if math.isfinite(a) else math.inf


def _measure(
    f: Callable, points: list[np.ndarray], h: float | None, tolerance: float | None
) -> tuple[_Rule, list[np.ndarray], Iterator[bool]]:
    """Central differences at a step that suits the precision of f.

    Also, entry by entry, whether f bends so much within the step that it needs a second look.
    """
    step = STEP if h is None else h
    numerical, heard = central(f, points, step)
    best, usual, eps, kind, left = STEP, TOLERANCE, EPS, "float64", "1e-10"
    if in_float32(heard):
        best, usual, eps, kind, left = STEP32, TOLERANCE32, EPS32, "float32", "1e-04"
        if h is None:
            step = STEP32
            numerical, heard = central(f, points, step)
    tolerance = usual if tolerance is None else tolerance
    size = max((abs(value) for value in heard if math.isfinite(value)), default=0.0)
    where = "" if step == best else f"{best:g} is best, "
    why = (
        f"step: {where}near eps^(1/3) of {kind}, where truncation (h²) and rounding (eps/h) meet\n"
        f"tolerance: they leave errors near {left}; a wrong derivative is off by far more"
    )
    rule = _Rule(step, tolerance, 10 * eps * size / (step * tolerance), eps, why)
    return rule, numerical, _bends(f, points, heard, 40 * eps * size)


def _bends(f: Callable, points: list[np.ndarray], heard: list, noise: float) -> Iterator[bool]:
    """Entry by entry: do the slopes to both sides differ by more than a thousandth?"""
    middle = answer(f, points)
    for up, down in zip(heard[::2], heard[1::2]):
        apart = abs(up - 2 * middle + down)
        yield apart > max(noise, 1e-3 * max(abs(up - middle), abs(middle - down)))


def _exact(arrays: list[np.ndarray]) -> _Rule:
    """The rule for two programs in float64, at numbers of this size."""
    sizes = np.abs(np.concatenate([np.ravel(a) for a in arrays]))
    largest = max(sizes[np.isfinite(sizes)], default=0.0)
    why = "tolerance: both compute in float64; only the order of operations differs, 1e-15 for each"
    return _Rule(0.0, EXACT, 1e-4 * max(1.0, float(largest)), EPS, why)


def _inside(out: object) -> np.ndarray:
    """Gradients of inner nodes: they may be large and cancel, and rounding is relative to them."""
    try:
        nodes = Graph.record(out, {}).nodes
    except TypeError:  # an engine that shows no graph
        return np.array([])
    return np.array([node.grad for node in nodes if isinstance(node.grad, float)])


def _second_look(f, points, k: int, index, entry: Entry, rule: _Rule) -> tuple[Entry, str | None]:
    """An entry that does not agree: is it the gradient, or the point where it was measured?"""
    where = entry.where
    if not math.isfinite(entry.numerical):
        place = "one step away from" if math.isfinite(answer(f, points)) else "at"
        return entry, f"{where}: f is not a finite number {place} this point (NaN or ∞)."
    if not math.isfinite(entry.analytic):
        return entry, f"{where}: the gradient is not a finite number (NaN or ∞)."
    if kink := kink_at(f, points, k, index, rule.step, rule.eps):
        return _at_kink(entry, kink, rule.tolerance)
    fine = sum(slopes_at(f, points, k, index, rule.step * FINER)) / 2
    coarser = rule._replace(floor=rule.floor / FINER)
    if coarser.error(entry.numerical, fine) <= rule.tolerance:
        return entry, None  # both steps measure the same: it is the gradient
    again = Entry(where, entry.analytic, fine, coarser.error(entry.analytic, fine))
    finer = f"{rule.step * FINER:g}"
    return again, f"{where}: f bends within one step here, so it was measured with step {finer}."


def _at_kink(entry: Entry, kink: Kink, tolerance: float) -> tuple[Entry, str]:
    left, right = number(kink.left), number(kink.right)
    if kink.jump:
        entry = entry._replace(error=math.nan)
        return entry, f"{entry.where}: f jumps at this point, so it has no derivative there."
    low, high = sorted((kink.left, kink.right))
    slack = max(tolerance, TOLERANCE) * max(abs(low), abs(high))  # they are measured, too
    if low - slack <= entry.analytic <= high + slack:
        entry = entry._replace(error=0.0)
    return entry, (
        f"{entry.where}: a kink, slope {left} from the left and {right} from the right. Any slope "
        "between is defensible there; check at another point to learn more."
    )


# ------------------------------------------------------------------ inputs and gradients


def gradients_of(given, points: list[np.ndarray]) -> list[np.ndarray]:
    """The claimed gradient, one array for each input."""
    if len(points) == 1:
        alone = isinstance(given, (tuple, list)) and len(given) == 1
        given = given if alone and np.shape(given) != points[0].shape else [given]
    if not isinstance(given, (tuple, list, np.ndarray)) or len(given) != len(points):
        got = len(given) if isinstance(given, (tuple, list, np.ndarray)) else type(given).__name__
        raise ValueError(
            f"Expected {len(points)} gradients for {len(points)} inputs, got {got}. Return a tuple "
            "with one gradient for each input."
        )
    arrays = []
    for k, (g, p) in enumerate(zip(given, points)):
        if g is None:
            raise ValueError(f"The gradient of input {k} is None. Does grad_f say `return`?")
        try:
            arrays.append(real_array(g.detach() if hasattr(g, "detach") else g))
        except (TypeError, ValueError):
            raise TypeError(
                f"The gradient of input {k} is a {type(g).__name__}; expected real numbers."
            ) from None
        if arrays[-1].shape != p.shape:
            raise ValueError(
                f"The gradient of input {k} has shape {arrays[-1].shape}, the input {p.shape}. "
                "A gradient has the shape of what it is the gradient of."
            )
    return arrays


def _where(k: int, index: tuple[int, ...]) -> str:
    return f"input {k}" + (f"[{', '.join(map(str, index))}]" if index else "")


def _about_inputs(inputs, rule: _Rule) -> list[str]:
    kinds = {str(getattr(x, "dtype", type(x).__name__)) for x in inputs}
    notes = []
    if any("int" in kind for kind in kinds):
        notes.append("Integers were turned into float64: a nudge of 1e-5 would vanish in them.")
    if any("float32" in kind or "float16" in kind for kind in kinds):
        notes.append("float32 inputs were turned into float64 before the nudges.")
    if rule.eps == EPS32:
        notes.append("f answers in float32, about seven digits. In float64 you would see more.")
    return notes
