"""A gradient check to the last digits: the complex step along random directions.

Im f(x + ihv)/h is the slope of f along v with nothing subtracted, so no digits are lost (Squire &
Trapp 1998); along a direction of random signs it sees every entry of the gradient at once. Three
directions cost three calls of f with complex numbers, however many parameters there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from helpers.differences import complex_step
from helpers.gradcheck import gradients_of
from helpers.gradreport import Entry, GradReport

TOLERANCE = 1e-13  # of the norm; rounding leaves 1e-15, and one entry off by 1e-12 is seen


def gradcheck_complex(
    f: Callable,
    grad: Sequence,
    *inputs: np.ndarray,
    directions: int = 3,
    seed: int = 0,
    tolerance: float = TOLERANCE,
) -> GradReport:
    """Check a whole gradient along random directions by the complex step.

    One wrong entry is seen for certain, if it is off by more than the tolerance times the norm of
    the gradient; of two that are off by the same amount, half of the directions see nothing.

    Parameters
    ----------
    f : callable
        Takes the inputs as complex arrays, returns one complex number: no abs, and comparisons on
        the real part.
    grad : sequence of ndarray
        The gradient to check, one array for each input.
    *inputs : ndarray
        Where it was computed.
    directions : int
        How many directions; each costs one call of f.
    seed : int
        The same seed gives the same directions on every machine.
    tolerance : float
        Allowed error, relative to the norm of the gradient.

    Returns
    -------
    GradReport

    Raises
    ------
    ValueError
        If the imaginary part, which carries the slope, gets lost in f.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 10_000)
    >>> gradcheck_complex(lambda x: (x * x).sum(), [2 * x], x).ok
    True
    """
    if directions < 1:
        raise ValueError(f"directions is {directions}; at least one is needed.")
    points = [np.asarray(x, dtype=float) for x in inputs]
    grads = gradients_of(tuple(grad), points)
    norm = math.sqrt(sum(float((g * g).sum()) for g in grads))
    rng, entries = np.random.default_rng(seed), []
    for i in range(directions):
        way = [2.0 * rng.integers(2, size=p.shape, dtype=np.int8) - 1.0 for p in points]

        def along(t, way=way):
            return f(*(p + t * v for p, v in zip(points, way)))

        measured = complex_step(along, 0.0)
        claimed = sum(float((g * v).sum()) for g, v in zip(grads, way))
        error = abs(claimed - measured) / (norm or 1.0) if math.isfinite(claimed) else math.inf
        entries.append(Entry(f"direction {i}", claimed, measured, error))
    why = (
        "step: any tiny one will do, since nothing is subtracted\n"
        "tolerance: rounding leaves about 1e-15 of the norm; one entry off by 1e-12 is seen"
    )
    method = f"the complex step along {directions} random directions"
    notes = ("Errors are relative to the norm of the gradient.",)
    return GradReport(entries, method, why, tolerance, norm, notes)
