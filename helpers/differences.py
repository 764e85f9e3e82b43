"""Derivatives measured from a function's own answers: central differences, the complex step.

Also what a measurement has to know: whether the function answers in float32, whether it has a kink
at the point, and that its inputs are its own.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

STEP = 1e-5  # near eps**(1/3) = 6e-6, where truncation (h²) and rounding (eps/h) of float64 meet
STEP32 = 5e-3  # the same for a function that answers in float32
EPS, EPS32 = 2.0**-52, 2.0**-23
LARGE = 1e3  # beyond it the step grows with the number
FINER = 1 / 16  # the second step, where the first one is in doubt


def numerical_gradient(f: Callable, *inputs, h: float = STEP):
    """∂f/∂inputs by central differences, (f(x + h) − f(x − h)) / 2h, one entry at a time.

    Parameters
    ----------
    f : callable
        Takes the inputs, returns one number.
    *inputs : float or array_like
        Where to differentiate. They are copied to float64 and never changed.
    h : float
        The nudge; for an entry x larger than 1000, h |x| / 1000. The error is about
        h² |f‴|/6 + 1e-16 |f|/h.

    Returns
    -------
    float, ndarray, or tuple of them
        One gradient for each input, of its shape.

    Raises
    ------
    ValueError
        If f does not return one number.
    TypeError
        If an input, or what f returns, is not made of real numbers.

    Warns
    -----
    UserWarning
        If f answers in float32, which a step below 1e-3 drowns in rounding.

    Examples
    --------
    >>> round(numerical_gradient(lambda x: x**3, 2.0), 6)
    12.0
    """
    grads, heard = central(f, points_of(inputs), h)
    if in_float32(heard) and h < STEP32 / 5:
        warnings.warn(
            f"f answers in float32: with a step of {h:g} its rounding drowns the difference. "
            f"Compute in float64 inside f, or pass h={STEP32}.",
            stacklevel=2,
        )
    grads = [grad if grad.shape else float(grad) for grad in grads]
    return grads[0] if len(grads) == 1 else tuple(grads)


def complex_step(f: Callable, x, h: float = 1e-30):
    """df/dx as Im f(x + ih)/h: nothing is subtracted, so no digits are lost.

    f must be built from functions that continue into the complex plane: no abs, and comparisons
    on the real part (Squire & Trapp 1998).

    Parameters
    ----------
    x : float or ndarray
        For an array, the gradient of a scalar f, one entry at a time.

    Raises
    ------
    ValueError
        If f returns several numbers, or a real one: then the imaginary part got lost on the way.

    Examples
    --------
    >>> complex_step(lambda z: z**3, 2.0)
    12.0
    """
    point = points_of([x])[0].astype(complex)
    grad = np.zeros(point.shape)
    for index in np.ndindex(point.shape):
        nudged = point.copy()
        nudged[index] += 1j * h
        try:
            out = np.asarray(f(nudged if point.shape else complex(nudged)))
        except TypeError as error:
            raise TypeError(
                f"f does not take complex numbers: {error}. Use NumPy's functions, or cmath "
                "instead of math."
            ) from error
        if out.size != 1:
            raise ValueError(not_one_number(out.shape))
        if not np.iscomplexobj(out):
            raise ValueError(
                f"f answered {out}, a real number, to a complex input: its imaginary part, which "
                "carries the derivative, got lost. Look for abs, float or .real."
            )
        grad[index] = out.imag.reshape(()) / h
    return grad if point.shape else float(grad)


# ------------------------------------------------------------------ pieces of a measurement


def central(f: Callable, points: list[np.ndarray], h: float) -> tuple[list[np.ndarray], list]:
    """Central differences for every entry, and all that f has answered on the way."""
    grads, heard = [], []
    for point in points:
        grad = np.zeros(point.shape)
        for index in np.ndindex(point.shape):
            here = point[index]
            step = h * stretch(here)
            above, below = here + step, here - step
            if above == below:
                raise ValueError(
                    f"A step of {h:g} vanishes: {here:g} + {step:g} is {here:g} again in float64. "
                    "Take a larger one; 1e-5 is near the best."
                )
            point[index] = above
            up = answer(f, points)
            point[index] = below
            down = answer(f, points)
            point[index] = here
            grad[index] = (up - down) / (above - below)
            heard += [up, down]
        grads.append(grad)
    return grads, heard


def stretch(x):
    """How much longer the step is at a large number, which could not feel a short one."""
    return np.maximum(1.0, np.abs(x) / LARGE)


def slopes_at(f: Callable, points, k: int, index, h: float) -> tuple[float, float]:
    """The slopes from the left and from the right."""
    moved = [p.copy() for p in points]
    here, middle = points[k][index], answer(f, points)
    step = h * stretch(here)
    moved[k][index] = here + step
    right = (answer(f, moved) - middle) / (moved[k][index] - here)
    moved[k][index] = here - step
    left = (middle - answer(f, moved)) / (here - moved[k][index])
    return left, right


def answer(f: Callable, points: list[np.ndarray]) -> float:
    out = f(*copies_of(points))
    if out is None:
        raise ValueError("f returned None. Does its last line say `return`?")
    return one_number(out.detach() if hasattr(out, "detach") else out)


def one_number(out) -> float:
    """The answer of a function as a float."""
    if np.asarray(out).size != 1:
        raise ValueError(not_one_number(np.shape(out)))
    try:
        return float(real_array(out).reshape(()))
    except (TypeError, ValueError):
        raise TypeError(
            f"f returned a {type(out).__name__}; expected one real number. Of a Value, return its "
            ".data."
        ) from None


def real_array(x) -> np.ndarray:
    if isinstance(x, str) or np.iscomplexobj(x):
        raise TypeError
    return np.array(np.asarray(x), dtype=float)


def not_one_number(shape: tuple[int, ...]) -> str:
    return (
        f"A gradient check needs a function that returns one number; this one returns an array of "
        f"shape {shape}. Check a sum of it with random weights, not each entry."
    )


class Kink(NamedTuple):
    """The slopes from left and right, and whether they grow as the step shrinks: then f jumps."""

    left: float
    right: float
    jump: bool


def kink_at(f, points, k: int, index, h: float, eps: float) -> Kink | None:
    """A kink where the slopes from left and right stay apart as the step shrinks, else None."""
    left, right = slopes_at(f, points, k, index, h)
    near_left, near_right = slopes_at(f, points, k, index, h * FINER)
    gap, near_gap = abs(right - left), abs(near_right - near_left)
    noise = 40 * eps * abs(answer(f, points)) / (h * stretch(points[k][index]) * FINER)
    if not near_gap > max(gap / 4, noise, 1e-3 * max(abs(near_left), abs(near_right))):
        return None
    return Kink(near_left, near_right, near_gap > 8 * gap)


def in_float32(heard: list[float]) -> bool:
    """Do all answers of f fit into float32, and not by being round numbers?"""
    finite = np.array([value for value in heard if math.isfinite(value)])
    with np.errstate(over="ignore"):
        return bool((finite.astype(np.float32) == finite).all()) and bool(
            (finite.astype(np.float16) != finite).any()
        )


# ------------------------------------------------------------------ inputs and answers


def points_of(inputs) -> list[np.ndarray]:
    """Copies of the inputs as float64 arrays."""
    if not inputs:
        raise ValueError("Give the point too: gradcheck(f, grad_f, x), with one x or several.")
    points = []
    for k, x in enumerate(inputs):
        try:
            points.append(real_array(x))
        except (TypeError, ValueError, RuntimeError):
            raise TypeError(
                f"Input {k} is a {type(x).__name__}; expected a real number or an array of them. "
                "Of a Value pass .data, of a torch tensor .detach().numpy()."
            ) from None
        if not points[-1].size:
            raise ValueError(f"Input {k} is empty: there is nothing to differentiate.")
    return points


def copies_of(points: list[np.ndarray]) -> list:
    """What f is called with: plain floats and fresh arrays, so that it can change nothing."""
    return [p.copy() if p.shape else float(p) for p in points]
