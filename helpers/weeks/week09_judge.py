"""Week 9: what is wrong with the gradient of an operation, in the words of its VJP.

`difference` compares one array with the right one and finds, in this order: no array at all, a
shape that broadcasting has left behind, a transpose, a wrong result that people compute (each
operation knows its own, `Suspect`), a constant factor, and only then other numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from helpers.agreement import agree, show
from helpers.exercise import Wrong
from helpers.graph import number
from helpers.weeks.week03_judge import constant_ratio

EXACT = 1e-10  # relative; float64 rounding of these short sums stays near 1e-15
ROUNDING = 1e-12  # relative, too: above it something was added or left out


class Suspect(NamedTuple):
    """A gradient that people get by mistake, its CODE and what it comes from."""

    code: str
    gradient: object
    why: str


def difference(
    what: str,
    right: np.ndarray,
    given: object,
    suspects: Iterable[Suspect] = (),
    sizes: Mapping[str, int] | None = None,
) -> Wrong | None:
    """What is wrong with one array, called `what` in the sentence; None if nothing is.

    Parameters
    ----------
    what : str
        As in "the gradient of `a`".
    right, given : array_like
    suspects : iterable of Suspect
        Wrong results that are recognized here.
    sizes : dict, optional
        Numbers that a constant factor may equal, with their names: {"N": 4}.
    """
    right = np.asarray(right)
    if isinstance(given, tuple) and len(given) == 1 and np.ndim(given[0]) == right.ndim:
        return Wrong(f"{what} comes in a tuple, with the comma. Here the array alone is asked for.")
    if given is None:
        return Wrong(f"{what} is None: nothing arrives there.", "NOTHING")
    made = _as_floats(given)
    if made is None:
        return Wrong(f"{what} must be an array of shape {right.shape}; yours is {show(given)}.")
    if made.shape == right.shape and np.allclose(made, right, rtol=EXACT / 10, atol=EXACT / 1000):
        return None  # the usual case, decided without looking at each entry
    if agree(right, made, EXACT):
        return None if made.shape == right.shape else _misshapen(what, right, made)
    for suspect in suspects:
        known = np.asarray(suspect.gradient, dtype=float)
        if known.shape == made.shape and agree(known, made, EXACT):
            return Wrong(f"{what} is wrong: {suspect.why}", suspect.code)
    if made.shape != right.shape:
        return _misshapen(what, right, made)
    if not np.isfinite(made).all():
        return Wrong(
            f"{what} holds NaN or infinity: look for 0/0, log 0, or exp of a large number."
        )
    if right.ndim >= 2 and agree(np.swapaxes(right, -1, -2), made, EXACT):
        return Wrong(
            f"{what} is the transpose of the right one. The matrix is square, so its shape cannot "
            "tell you; the numbers can.",
            "TRANSPOSE",
        )
    ratio = constant_ratio(right, made)
    if ratio is None and np.count_nonzero(right) == 1 and not made[right == 0].any():
        one = float(made[right != 0].item() / right[right != 0].item())
        ratio = one if _has_a_name(one, sizes or {}) else None  # any two numbers have a ratio
    return _factor(what, ratio, sizes or {}) if ratio is not None else _other(what, right, made)


def largest_error(pairs: Iterable[tuple[object, object]]) -> dict[str, float] | Wrong:
    """The largest relative error of pairs (right, given) that agree, as the result of a case.

    The value is the first pair. What is no rounding any more is wrong, small as it is.
    """
    pairs = [(np.asarray(right), np.asarray(given)) for right, given in pairs]
    off = [np.abs(a - b).max(initial=0) / np.abs(a).max(initial=1e-2) for a, b in pairs]
    largest = float(max(off))
    if largest <= ROUNDING:
        return {"largest error": largest}
    where = "The value" if off[0] == largest else "A gradient"
    return Wrong(
        f"{where} is off by {largest:.0e}, relative to its size. Rounding stays near 1e-16: was a small number "
        "added somewhere, as in log(x + 1e-12)?"
    )


def _as_floats(given: object) -> np.ndarray | None:
    try:
        made = np.asarray(given)
    except ValueError:  # rows of different lengths
        return None
    return made.astype(float) if made.dtype.kind in "iufb" else None


def _misshapen(what: str, right: np.ndarray, made: np.ndarray) -> Wrong:
    said = f"{what} has shape {made.shape} and must have {right.shape}"
    if right.ndim >= 2 and agree(np.swapaxes(right, -1, -2), made, EXACT):
        return Wrong(f"{said}: it is transposed.", "TRANSPOSE")
    if made.size == right.size and agree(right.ravel(), made.ravel(), EXACT):
        if [n for n in made.shape if n > 1] != [n for n in right.shape if n > 1]:
            return Wrong(
                f"{said}. The numbers are right, in another arrangement: give it back the shape of the operand, "
                "`G.reshape(a.shape)`."
            )
        return Wrong(
            f"{said}. The numbers are right: an axis of length 1 was lost or gained (`keepdims`, "
            "`reshape`).",
            "KEEPDIM",
        )
    if made.size > right.size and _broadcasts(right.shape, made.shape):
        return Wrong(
            f"{said}, the shape of what it is the gradient of. Broadcasting has copied on the way "
            "forward: sum over the copies on the way back (`unbroadcast`).",
            "UNBROADCAST",
        )
    if made.size < right.size and _broadcasts(made.shape, right.shape):
        return Wrong(
            f"{said}. It would broadcast to it: spread it over the whole shape before it arrives.",
            "NOTSPREAD",
        )
    return Wrong(f"{said}, the shape of what it is the gradient of.")


def _broadcasts(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(small, large) == large
    except ValueError:
        return False


def _has_a_name(ratio: float, sizes: Mapping[str, int]) -> bool:
    named = [0.0, -1.0, 2.0, 0.5, *(k for n in sizes.values() for k in (n, 1 / n))]
    return any(math.isclose(ratio, k, rel_tol=1e-9, abs_tol=1e-9) for k in named)


def _factor(what: str, ratio: float, sizes: Mapping[str, int]) -> Wrong:
    if abs(ratio) < 1e-9:
        return Wrong(f"{what} is zero everywhere: nothing arrives there.", "NOTHING")
    if abs(ratio - 1) < 1e-4:
        return _nearly(what, abs(ratio - 1))
    said = f"{what} is {number(float(f'{ratio:.6g}'))} times the right one, everywhere"
    if abs(ratio + 1) < 1e-9:
        return Wrong(f"{said}: a sign.", "SIGN")
    for name, size in sizes.items():
        for called, value in ((name, size), (f"1/{name}", 1 / size)):
            if size > 1 and abs(ratio - value) < 1e-9 * value:
                return Wrong(f"{said}: that is {called}. Count where you divide by it.", "MEANSUM")
    return Wrong(f"{said}: look for a factor.", "FACTOR2" if abs(ratio - 2) < 1e-9 else None)


def _nearly(what: str, off: float) -> Wrong:
    return Wrong(
        f"{what} is off by {off:.0e}, relative to its size. That is no wrong rule: rounding of float32 (an array made "
        "without its dtype?), a clip, or a small number that was added.",
        "PRECISION",
    )


def _other(what: str, right: np.ndarray, made: np.ndarray) -> Wrong:
    off = np.abs(made - right).max() / max(np.abs(right).max(), 1e-2)
    if off < 1e-6:
        return _nearly(what, off)
    if not right.shape:
        return Wrong(f"{what} is {show(float(made))}; {show(float(right))} is right.")
    share = np.isclose(right, made, rtol=EXACT, atol=EXACT).mean()
    some = "no entry is right" if share == 0 else f"{share:.0%} of the entries are right"
    first = agree(right, made, EXACT).message or ""
    return Wrong(
        f"{what} has the right shape {right.shape} and other numbers: {some}. {first}".strip()
    )
