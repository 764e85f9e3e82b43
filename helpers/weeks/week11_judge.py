"""Week 11: what is wrong with drawn weights, and with numbers that are right up to chance.

`weights` judges one matrix of random weights by its shape, its std, its distribution and, where it is
orthogonal, by that. `near` judges numbers per layer that depend a little on a random batch: they are
right within a few percent. `closest` recognizes a known mistake by the same measure, in one case.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from functools import cache

import numpy as np

from helpers.agreement import agree, show
from helpers.diagnosis import MISTAKE_LIMIT
from helpers.exercise import Case, Mistake, Wrong
from helpers.graph import number

STD_SLACK = 0.03  # relative; for the 24,000 weights of a case chance stays below 0.005
KURTOSIS = {"uniform": 1.8, "normal": 3.0}  # E[w⁴] / E[w²]²
ORTHOGONAL = 1e-10
STANDARD = "That is a standard normal without the factor. In `rng.normal` the first number is the *mean*, the second the std."
ROOT_OF_N = {  # where the std is 1/√n_in
    "xavier": (
        "XAVIERMEAN",
        "Xavier is one over the *mean* of the two fans: variance 2/(n_in + n_out).",
    ),
    "he": ("RELUHALF", "The 2 is missing: relu keeps half."),
    "default": ("UNIFORMSTD", "1/√n_in is the *bound* of a uniform, not its std."),
}


def weights(kind: str, n_in: int, n_out: int, W: object) -> Wrong | None:
    """What is wrong with random weights; any draw of the right distribution is right."""
    if not isinstance(W, np.ndarray) or W.dtype.kind != "f":
        return Wrong(f"{kind}: an array of weights is expected, but you give {show(W)}.")
    if W.shape == (n_out, n_in) != (n_in, n_out):
        return Wrong(
            f"{kind}: W has shape {W.shape}. Used as h @ W it has shape (n_in, n_out), {n_in, n_out}.",
            "FANSWAP",
        )
    if W.shape != (n_in, n_out):
        return Wrong(f"{kind}: shape {n_in, n_out} is expected, but yours is {W.shape}.")
    if not np.isfinite(W).all() or (W == 0).any():
        return Wrong(f"{kind}: some weights are exactly 0, or no finite numbers.")
    if kind == "orthogonal":
        return _orthogonal(W)
    return _repeated(kind, W) or _spread(kind, W) or _distribution(kind, W)


def _orthogonal(W: np.ndarray) -> Wrong | None:
    n_in, n_out = W.shape
    products = W.T @ W if n_in >= n_out else W @ W.T
    which = "columns" if n_in >= n_out else "rows"
    lengths = np.sqrt(np.diag(products))
    off = np.abs(products - np.diag(lengths**2)).max()
    if off > ORTHOGONAL:
        said = (
            f"your {which} are not orthogonal: the product of two of them is {number(float(off))}"
        )
        return Wrong(f"orthogonal: {said}.")
    if np.abs(lengths**2 - 2).max() > ORTHOGONAL:
        length = number(float(lengths.mean()))
        return Wrong(
            f"orthogonal: your {which} are orthogonal, but of length {length}, not √2 = 1.414.",
            "NOGAIN",
        )
    lines = W.T if n_in >= n_out else W
    if any(len(set(np.sign(line))) == 1 for line in lines):
        return Wrong(
            f"orthogonal: one of your {which} has all numbers of one sign, as if you took the Q of numbers from 0 to 1. Draw them "
            "from a normal, or around 0: `rng.standard_normal`."
        )
    return None


def _spread(kind: str, W: np.ndarray) -> Wrong | None:
    """What is wrong with the std, and what it most likely is instead."""
    n_in, n_out = W.shape
    variance = {
        "small": 1e-4,
        "one": 1.0,
        "xavier": 2 / (n_in + n_out),
        "he": 2 / n_in,
        "default": 1 / (3 * n_in),
    }[kind]
    wanted, got = np.sqrt(variance), np.sqrt((W**2).mean())
    if abs(got / wanted - 1) < STD_SLACK:
        return None
    said = f"{kind}: your weights have std {got:.3g}; {wanted:.3g} is wanted."
    known = [(variance, "STDVAR", "That is the variance. The factor in front is its square root.")]
    if kind in ROOT_OF_N:
        known += [
            (2 / np.sqrt(n_in), "STDVAR", "The 2 belongs under the root, too."),
            (np.sqrt(2 / n_out), "FANSWAP", "In h @ W each output sums over the n_in rows of W."),
            (1 / np.sqrt(n_in), *ROOT_OF_N[kind]),
        ]
    for std, code, why in known:
        if abs(got / std - 1) < STD_SLACK:
            return Wrong(f"{said} {why}", code)
    if kind != "one" and abs(W.std() - 1) < STD_SLACK:
        mean = abs(W.mean() - wanted) < 5 / np.sqrt(W.size)
        return Wrong(f"{said} {STANDARD}" if mean else said)
    return Wrong(said)


def _repeated(kind: str, W: np.ndarray) -> Wrong | None:
    """Equal columns or rows are equal units, whatever their size."""
    for which, lines in (("columns", W.T), ("rows", W)):
        if len(np.unique(lines, axis=0)) < len(lines):
            return Wrong(f"{kind}: {which} repeat. Each weight is a draw of its own.")
    return None


def _distribution(kind: str, W: np.ndarray) -> Wrong | None:
    """What is wrong with weights of the right std."""
    wanted, std = "uniform" if kind == "default" else "normal", W.std()
    if abs(W.mean()) > 5 * std / np.sqrt(W.size):
        mean = number(float(W.mean()))
        return Wrong(f"{kind}: the mean of your weights is {mean}; it should be 0.")
    kurtosis = (W**4).mean() / (W**2).mean() ** 2
    if abs(kurtosis - KURTOSIS[wanted]) > 0.3:
        return Wrong(f"{kind}: the std is right, but the distribution is not {wanted}.")
    return None


def near(tolerance: float, known: Callable[[], Iterable[Mistake]], back: bool = False):
    """A judge of one number per layer, right within a relative tolerance.

    Parameters
    ----------
    tolerance : float
        Chance in the batch stays well below it.
    known : function
        The mistakes of the exercise.
    back : bool
        True if the walk begins at the last layer, whose number does not depend on any weights: its
        tolerance is a quarter.
    """

    def judge(case: Case, expected: np.ndarray, got: object) -> Wrong | str | None:
        plain = agree(expected, got, tolerance)
        if not plain and not plain.number_only:
            longer = np.shape(got) == (len(expected) + 1,)
            if longer and agree(expected, np.asarray(got)[1:], tolerance):
                return "One number too many: the first belongs to the input. Layer 1 comes first."
            return plain.message
        got = np.asarray(got, dtype=float)
        ratios, limits = got / expected, np.full(len(got), tolerance)
        limits[-1] /= 4 if back else 1
        if (np.abs(ratios - 1) <= limits).all():
            return None
        mistake = closest(case, got, known(), tolerance / 2)
        if mistake and len(got) > 2:  # one number can be anything
            return Wrong(mistake.explanation, mistake.code)
        walk = range(len(got))[:: -1 if back else 1]
        tight = np.minimum(limits, tolerance / 2)  # for what is called right
        steps = next(i for i, k in enumerate(walk) if not abs(ratios[k] - 1) <= tight[k])
        k = walk[steps]
        return (
            f"{_place(steps, len(got), back)}: about {number(float(expected[k]))} is expected, but you give "
            f"{number(float(got[k]))}, {number(float(ratios[k]))} times as much."
        )

    return judge


def _place(steps: int, depth: int, back: bool) -> str:
    """The layer after so many right ones on the walk, after what is right."""
    if not back:
        right = (
            ("", "Layer 1 is right. ")[steps] if steps < 2 else f"Layers 1 to {steps} are right. "
        )
        return f"{right}Layer {steps + 1}"
    if not steps:
        return f"Layer {depth}"
    if steps == 1:
        return f"Layer {depth} is right; the first step back, layer {depth - 1}"
    right = f"Layers {depth} to {depth - steps + 1} are right"
    return f"{right}; one step further back, layer {depth - steps}"


def closest(case: Case, got: object, known: Iterable[Mistake], tolerance: float) -> Mistake | None:
    """The known mistake that gives these numbers in this case, up to chance; None if two would do."""
    off = {}
    for mistake in known:
        with contextlib.suppress(Exception):  # it may fail here, and is then not the one
            by = float(np.abs(np.divide(_theirs(case, mistake), got) - 1).max())
            off[mistake.code] = min(
                off.get(mistake.code, (np.inf, mistake)), (by, mistake), key=_by
            )
    best, *others = sorted(off.values(), key=_by)
    second = others[0][0] if others else np.inf
    return best[1] if best[0] < min(tolerance, second / 2) else None


@cache
def _theirs(case: Case, mistake: Mistake) -> object:
    return case.outcome(mistake.attempt, MISTAKE_LIMIT).value


def _by(pair: tuple[float, Mistake]) -> float:
    return pair[0]
