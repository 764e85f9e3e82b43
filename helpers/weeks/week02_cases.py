"""Week 2: what its exercises are tried on, and how an answer is judged where several are right.

The functions are made of + − · / alone where a check looks at rounding errors: these operations
round alike on every machine. The others use exp and tanh, in NumPy's form where arrays come in.
"""

from __future__ import annotations

import math

import numpy as np

from helpers.agreement import agree
from helpers.exercise import Arguments, Wrong

# ------------------------------------------------------------------ difference quotients


def _bell(x):
    return 1.0 / (1.0 + x * x)


def _bell_slope(x):
    return -2.0 * x / (1.0 + x * x) ** 2


def _cubic(x):
    return x * x * x - 2.0 * x


def _cubic_slope(x):
    return 3.0 * x * x - 2.0


def _hyperbola(x):
    return x + 1.0 / x


def _hyperbola_slope(x):
    return 1.0 - 1.0 / (x * x)


NUDGES = [
    Arguments(f"f(x) = {name}, x = {x:g}, h = {h:g}", args=(f, x, h))
    for f, name, x, h in [
        (_cubic, "x³ − 2x", 2.0, 0.1),
        (_cubic, "x³ − 2x", -1.5, 0.25),
        (math.exp, "eˣ", 0.5, 0.125),
        (_bell, "1/(1 + x²)", -0.75, 0.01),
        (math.sin, "sin x", 3.0, 0.5),
    ]
]


def about_the_secant(case, expected, got):
    """The values of f that the quotient is made of."""
    f, x, h = case.args
    if agree(expected, got, 1e-3):
        return "Close. Give the quotient as it is, without rounding."
    factor = isinstance(got, int | float) and any(agree(k * expected, got) for k in (-1, 0.5, 2))
    if factor or not isinstance(got, int | float):
        return None
    values = ", ".join(f"f({at:g}) = {f(at):.6g}" for at in (x - h, x, x + h))
    return f"Here {values}. Which of them do you need, and how far are they apart?"


def _needle(x):
    """A bell a thousand times as narrow: its best steps are a thousand times as small."""
    return _bell(1000.0 * x)


def _needle_slope(x):
    return 1000.0 * _bell_slope(1000.0 * x)


STEPS = [
    Arguments(f"f(x) = {name}, x = {x:g}, {dtype.__name__}", args=(f, df, x, dtype))
    for dtype in (np.float64, np.float32)
    for f, df, name, x in [
        (_bell, _bell_slope, "1/(1 + x²)", 0.5),
        (_cubic, _cubic_slope, "x³ − 2x", 1.5),
        (_hyperbola, _hyperbola_slope, "x + 1/x", 0.75),
        (_needle, _needle_slope, "1/(1 + (1000x)²)", 0.0007),
    ]
]


def near_the_best_step(case, expected, got):
    """Rounding errors are a lottery near the bottom of the V: a factor of 10 on either side."""
    plain = agree(expected, got)
    if plain or not plain.number_only:
        return plain.message
    if expected / 10.001 <= got <= expected * 10.001:
        return None
    f, df, x, dtype = case.args
    there, best = (_central_error(f, df, x, h, dtype) for h in (got, expected))
    name = dtype.__name__
    said = f"In {name} the step {got:.0e} gives an error of {there:.0e}, {expected:.0e} gives {best:.0e}."
    return Wrong(said) if math.isfinite(there) else Wrong(f"With {got!r} there is no difference.")


def _central_error(f, df, x, h, dtype):
    x, h = dtype(x), dtype(h)
    if h == 0:
        return math.nan
    return abs(float((f(x + h) - f(x - h)) / (2 * h)) - df(float(x)))


# ------------------------------------------------------------------ relative error

PAIRS = [
    (1.0, 1.1),
    (2.0, -2.0),
    (-3.0, -2.7),
    (1e-5, 1.1e-4),
    (250.0, 251.0),
    (0.0, 0.5),
    (-0.25, 0.0),
    (0.0, 0.0),
    (3e-13, 1e-13),
    (np.array([1.0, -4.0, 0.0, 1e-5]), np.array([1.5, -3.0, 0.0, 2e-5])),
    (np.array([[0.5, 0.0], [-2.0, 300.0]]), np.array([[0.5, 1.0], [2.0, 299.0]])),
]


def about_the_denominator(case, expected, got):
    """By what two numbers were divided, read off the result."""
    a, b = case.args
    if np.ndim(a) or np.ndim(got):
        return None
    size, distance = max(abs(a), abs(b)), abs(a - b)
    if size == 0:
        return "Two zeros agree perfectly: their error is 0."
    if got <= 0 or not math.isfinite(got) or not distance:
        return None
    divisor = distance / got
    added = divisor - size
    if 1e-17 < added < 1e-5 and added < 100 * size:
        return (
            f"You divide by about {added:.0e} more than the larger of |a| and |b|. A small number "
            "against 0/0 is felt wherever the sizes are as small: divide by 1 only where the size is 0."
        )
    return f"|a − b| is {distance:g}, so you divide by {divisor:g}; the larger of |a| and |b| is {size:g}."


# ------------------------------------------------------------------ a whole gradient


def _squares(x):
    return (x * x).sum()


def _cubes(x):
    return (x * x * x).sum()


def _neighbors(x):
    flat = x.reshape(-1)
    return (flat[:-1] * flat[1:]).sum() + 3.0 * flat[0]


def _rows(x):
    """A different weight for every entry: no two entries of the gradient are alike."""
    weights = np.arange(1.0, x.size + 1.0).reshape(x.shape)
    return (weights * x * x).sum()


_INTEGERS = np.array([1, 2, 3])
_TABLE = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
GRADIENTS = [
    Arguments(f"f(x) = {name}, x = {text}{f', h = {h[0]:g}' if h else ''}", args=(f, x, *h))
    for f, name, x, text, h in [
        (_squares, "Σ xᵢ²", np.array([0.3, -1.2, 2.0]), "[0.3, −1.2, 2]", ()),
        (_cubes, "Σ xᵢ³", np.array([0.3, -1.2, 2.0]), "[0.3, −1.2, 2]", (0.1,)),
        (_neighbors, "x₀x₁ + x₁x₂ + … + 3x₀", np.array([1.1, -0.7, 0.4, 2.3]), "4 numbers", ()),
        (_rows, "x₀² + 2x₁² + …", np.array([[0.6, -1.1], [1.7, 0.2]]), "a 2×2 array", ()),
        (_rows, "x₀² + 2x₁² + …", _TABLE, "a 2×3 array", (1e-4,)),
        (_rows, "x₀² + 2x₁² + …", _TABLE.T, "a transposed 2×3 array (not contiguous)", ()),
        (_squares, "Σ xᵢ²", _INTEGERS, "[1, 2, 3], integers", ()),
        (_squares, "Σ xᵢ²", np.array([0.3, -1.2], np.float32), "[0.3, −1.2] in float32", ()),
    ]
]


def about_the_array(case, expected, got):
    """What is special about the array on which a numerical gradient fails."""
    x = case.args[1]
    if x.dtype.kind == "i":
        return "This array holds integers, and they cannot hold x + h. Copy it into float64 first."
    if x.dtype == np.float32:
        return "This array is float32, too coarse for a nudge of 1e-5. Copy it into float64 first."
    if not x.flags.c_contiguous:
        return (
            "This array is transposed: `reshape(-1)` and `ravel()` give a copy of it, not a view."
        )
    if np.ndim(got) == 0 and x.ndim:
        return "That is one number. Nudge one entry at a time: every entry has a slope of its own."
    if np.shape(got) == x.shape and x.ndim == 2 and (np.ptp(got, axis=1) == 0).all():
        return "x[i] is a whole row here, and the nudge moves all of it. Nudge single entries."
    if agree(expected, got, 1e-3):
        return (
            "Close, and off in proportion to h, as a one-sided difference is. Nudge to both sides."
        )
    return None


# ------------------------------------------------------------------ the complex step


def _wave(x):
    return np.sin(x) * np.exp(-x * x)


def _steep(x):
    return np.tanh(x) * np.exp(x)


COMPLEX_POINTS = [
    Arguments(f"f(x) = {name}, x = {x:g}", args=(f, x))
    for f, name, x in [
        (_cubic, "x³ − 2x", 2.0),
        (_cubic, "x³ − 2x", -0.5),
        (_bell, "1/(1 + x²)", 0.5),
        (_steep, "tanh(x)·eˣ", 0.7),
        (_wave, "sin(x)·exp(−x²)", -1.3),
    ]
]


def without_a_difference(case, expected, got):
    """To the last digits: a difference quotient comes close, and never so close."""
    exact = agree(expected, got, 1e-13)
    if exact or not agree(expected, got, 1e-4):
        return exact.message
    return (
        "Close, but the last digits are off. A difference of values loses digits, and so does a large "
        "step. Read the slope off the imaginary part of f(x + ih), with a tiny h."
    )
