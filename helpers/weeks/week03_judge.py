"""Judges answers made of arrays, and says what is wrong with one in the words of shapes and factors.

In this order: a shape that does not fit (and whether it is only transposed, only lacks an axis of
length 1, or still has the broadcast shape), the transpose of a square matrix, a constant factor
(named by the size that it equals: N, 1/N, …), and only then the first entry that differs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from helpers.agreement import agree, show
from helpers.exercise import Case, Wrong
from helpers.graph import number

EXACT = 1e-10  # relative; float64 rounding of these short sums stays near 1e-15


class Finding(NamedTuple):
    """What is wrong with one array; `ratio` where it is the right one times a constant."""

    message: str
    code: str | None = None
    ratio: float | None = None


def arrays(
    *names: str, sizes: Callable[[Case], Mapping[str, float]] | None = None
) -> Callable[[Case, object, object], Wrong | str | None]:
    """A judge of one array, or of a tuple of them.

    Parameters
    ----------
    *names : str
        What the arrays are called in sentences, as in "dX", "dW", "db".
    sizes : function, optional
        From a case to the sizes in it, {"N": 4, "D": 3}: a constant factor that equals one of them,
        or 1 over it, is called by its name.

    Returns
    -------
    function
        `judge(case, expected, got)`, as `helpers.exercise.exercise` takes it.
    """

    def judge(case: Case, expected, got) -> Wrong | str | None:
        rights = expected if len(names) > 1 else (expected,)
        given = _parts(names, got)
        if given is None:
            return f"Return {_as_tuple(names)}, a tuple of {len(names)}; you give {show(got)}."
        known = sizes(case) if sizes else {}
        said = [
            _difference(f"`{name}`" if len(names) > 1 else "Your result", right, part, known)
            for name, right, part in zip(names, rights, given, strict=True)
        ]
        first = next((one for one in said if one), None)
        if first is None:
            return None
        if len(names) > 1 and _same_in_another_order(rights, given):
            return Wrong(
                f"The right arrays in another order: return {_as_tuple(names)}.", "SWAPPED"
            )
        message, ratio = first.message, first.ratio
        alike = [name for name, one in zip(names, said, strict=True) if one and one.ratio == ratio]
        if ratio is not None and len(alike) > 1:
            message = message.replace(f"`{alike[0]}` is", f"{listed(alike)} are each", 1)
        fine = [name for name, one in zip(names, said, strict=True) if not one]
        return Wrong(f"{message} Right: {listed(fine)}." if fine else message, first.code)

    return judge


def _parts(names: tuple[str, ...], got) -> list | None:
    """The arrays of an answer, one for each name; None if it is made otherwise."""
    if len(names) == 1:
        return [got]
    if isinstance(got, tuple | list | np.ndarray) and len(got) == len(names):
        return list(got)
    return None


def _difference(name: str, right, given, sizes: Mapping[str, float]) -> Finding | None:
    """What is wrong with one array; None if nothing is."""
    right = np.asarray(right)
    try:
        made = np.asarray(given)
    except ValueError:  # rows of different lengths
        made = np.asarray(None)
    if made.dtype.kind not in "iuf":
        plain = agree(right, given, EXACT)
        return None if plain else Finding(f"{name}: {plain.message}")
    given = made.astype(float)
    if given.shape != right.shape:
        return _wrong_shape(name, right, given)
    plain = agree(right, given, EXACT)
    if plain:
        return None
    if not np.isfinite(given).all():
        return Finding(f"{name}: {plain.message}")
    if _is_transposed(right, given):
        return Finding(
            f"{name} is the transpose of the right one. Its matrix is square, so the shape cannot "
            "tell you; the numbers can.",
            "TRANSPOSE",
        )
    ratio = constant_ratio(right, given)
    if ratio is not None:
        return _factor(name, ratio, sizes)
    share = np.isclose(right, given, rtol=EXACT, atol=EXACT).mean()
    some = "No entry is right" if share == 0 else f"{share:.0%} of the entries are right"
    return Finding(
        f"{name} has the right shape {right.shape}, and other numbers. {some}. {plain.message}"
    )


def _is_transposed(right: np.ndarray, given: np.ndarray) -> bool:
    """True for a matrix, or a stack of them, with rows and columns exchanged."""
    matrices = min(right.ndim, given.ndim) >= 2
    return matrices and bool(agree(np.swapaxes(right, -1, -2), given, EXACT))


def _wrong_shape(name: str, right: np.ndarray, given: np.ndarray) -> Finding:
    said = f"{name} has shape {given.shape}; it must be {right.shape}, "
    if _is_transposed(right, given):
        return Finding(f"{said}and the numbers are right, but transposed.", "TRANSPOSE")
    if given.size == right.size and agree(right.ravel(), given.ravel(), EXACT):
        less = given.ndim < right.ndim
        how = "an axis of length 1 is lost: `keepdims=True`" if less else "an axis is too many"
        return Finding(f"{said}and the numbers are right: {how}.", "KEEPDIM")
    if given.ndim >= right.ndim and given.size > right.size and _fits(given.shape, right.shape):
        return Finding(
            f"{said}the shape of what it is the gradient of. Broadcasting copied on the way "
            "forward; sum over the copies on the way back.",
            "UNBROADCAST",
        )
    return Finding(f"{said}the shape of what it is the gradient of.")


def _fits(large: tuple[int, ...], small: tuple[int, ...]) -> bool:
    """True if an array of the small shape can be broadcast to the large one."""
    try:
        return np.broadcast_shapes(large, small) == large
    except ValueError:
        return False


def constant_ratio(right: np.ndarray, given: np.ndarray) -> float | None:
    """The number k with given = k · right everywhere; None where there is none, or no telling."""
    r, g = right.ravel(), given.ravel()
    if np.count_nonzero(r) < 2:
        return None
    k = float(r @ g / (r @ r))
    return k if np.allclose(g, k * r, rtol=0, atol=1e-9 * np.abs(r).max()) else None


def _factor(name: str, ratio: float, sizes: Mapping[str, float]) -> Finding:
    ratio = float(f"{ratio:.6g}") + 0.0
    if abs(ratio) < 1e-9:
        return Finding(f"{name} is zero everywhere: no gradient arrives there.")
    said = f"{name} is {number(ratio)} times the right one, everywhere"
    if ratio == -1:
        return Finding(f"{said}: a sign.", "SIGN", ratio)
    for size, n in sizes.items():
        if n != 1 and math.isclose(ratio, n, rel_tol=1e-5):
            why = f"that is {size}. A division by {size} is missing, or one sum is too many."
            return Finding(f"{said}: {why}", "MEANSUM", ratio)
        if n != 1 and math.isclose(ratio * n, 1, rel_tol=1e-5):
            why = f"that is 1/{size}. You average where a sum belongs."
            return Finding(f"{said}: {why}", "MEANSUM", ratio)
    return Finding(f"{said}: a factor.", None, ratio)


def _same_in_another_order(rights, given) -> bool:
    places = range(len(rights))
    found = [next((i for i in places if agree(rights[i], part, EXACT)), None) for part in given]
    return sorted(places) == sorted(i for i in found if i is not None)


def listed(names: Iterable[str]) -> str:
    """Names as code, in a sentence: "`dX`, `dW` and `db`"."""
    *most, last = [f"`{name}`" for name in names]
    return f"{', '.join(most)} and {last}" if most else last


def _as_tuple(names: tuple[str, ...]) -> str:
    return f"`({', '.join(names)})`"
