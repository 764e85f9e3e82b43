"""Week 9, section 6: operations for a checker. Some are right and look odd, others wrong and look right.

An operation is `op(*arrays) -> (value, vjp)`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from helpers.weeks.week03_rules import unbroadcast


class Planted(NamedTuple):
    """An operation, the shapes it is tried at, and what a checker that errs has overlooked."""

    name: str
    op: object
    shapes: list[tuple[int, ...]]
    right: bool
    code: str
    advice: str


def _elementwise(f, slope):
    """A right operation on one array."""

    def op(x):
        return f(x), lambda G: (G * slope(x),)

    return op


def _add(a, b):
    return a + b, lambda G: (unbroadcast(G, a.shape), unbroadcast(G, b.shape))


def _mul(a, b):
    return a * b, lambda G: (unbroadcast(G * b, a.shape), unbroadcast(G * a, b.shape))


def _matmul(a, b):
    return a @ b, lambda G: (G @ b.T, a.T @ G)


def _affine(x, w, b):
    return x @ w + b, lambda G: [G @ w.T, x.T @ G, G.sum(axis=0)]


def _total(x):
    return x.sum(), lambda G: (np.full(x.shape, G),)


def _rows(x):
    def vjp(G):
        dx = np.zeros(x.shape)
        np.add.at(dx, [0, 2, 0], G)
        return (dx,)

    return x[[0, 2, 0]], vjp


def _column_sums(x):
    return x.sum(axis=0), lambda G: (np.tile(G, (len(x), 1)),)


def _centered(x):
    return x - x.mean(), lambda G: (G - G.mean(),)


# ------------------------------------------------------------------ wrong ones


def _add_stretched(a, b):
    return a + b, lambda G: (G, G)


def _mul_own(a, b):
    return a * b, lambda G: (unbroadcast(G * a, a.shape), unbroadcast(G * b, b.shape))


def _matmul_turned(a, b):
    return a @ b, lambda G: (G @ b.T, G.T @ a)


def _plus(x):
    return -x, lambda G: (G,)


def _relu_unmasked(x):
    return x * (np.real(x) > 0), lambda G: (G,)


def _exp_of_positive(x):
    return np.exp(x), lambda G: (np.abs(G) * np.exp(x),)


def _seven_times(a, b):
    return a * b, lambda G: (7 * G * b, G * a)


def _as_a_row(x):
    return x**2, lambda G: ((G * 2 * x).reshape(1, -1),)


def _subtract_plus(a, b):
    return a - b, lambda G: (G, G)


def _add_tiny(a, b):
    return a + 1e-8 * b, lambda G: (G, -1e-8 * G)


def _one_of_two(a, b):
    return a * b, lambda G: (G * b,)


def _mean_as_sum(x):
    return x.mean(), lambda G: (np.full(x.shape, G),)


def _flat_sums(x):
    return x.sum(axis=0), lambda G: (G.reshape(1, -1),)


def _rows_scattered(x):
    def vjp(G):
        dx = np.zeros(x.shape)
        dx[[0, 2, 0]] += G
        return (dx,)

    return x[[0, 2, 0]], vjp


def _exchanged(x):
    return x**2, lambda G: ((G * 2 * x)[::-1],)


def _last_forgotten(x):
    def vjp(G):
        dx = G * np.exp(x)
        dx.ravel()[-1:] = 0
        return (dx,)

    return np.exp(x), vjp


_SHAPE = "Compare the shape of each gradient with that of its operand first: broadcasting hides the difference."
_ENTRY = (
    "Compare entry by entry, each at its own place and with its sign (or along random directions). Sums, norms and "
    "sorted numbers cannot see what was exchanged."
)
_SIGNS = "Draw numbers of both signs, as standard_normal does: on positive ones it looks right."
_G = " G, too; and where G is the value, or made of it, its zeros hide the entries that are wrong."
_RELATIVE = "Compare relative to the size of the numbers: an absolute tolerance passes everything that is small."
_BLAMES = (
    "Print the two gradients. One is twice the other? Divide by 2h. Unrelated? L and vjp need the same G, drawn once, in "
    "the shape of value. Right at the first entry only? Put each entry back before the next one. Nearly equal? Rounding. Equal? "
    "Then True is for the right ones."
)

PLANTED = [
    Planted("a + b", _add, [(2, 3), (3,)], True, "BLAMES", _BLAMES),
    Planted("a · b", _mul, [(2, 1), (2, 3)], True, "BLAMES", _BLAMES),
    Planted("a @ b", _matmul, [(3, 3), (3, 3)], True, "BLAMES", _BLAMES),
    Planted("tanh", _elementwise(np.tanh, lambda x: 1 - np.tanh(x) ** 2), [(4,)], True, "BLAMES", _BLAMES),
    Planted("x @ w + b, gradients in a list", _affine, [(4, 2), (2, 3), (3,)], True, "BLAMES",
            "Three operands, and a list is as good as a tuple. " + _BLAMES),
    Planted("the sum of everything", _total, [(2, 3)], True, "BLAMES",
            "The value is a single number, so G is one, too: of shape ()."),
    Planted("a + b of two single numbers", _add, [(), ()], True, "BLAMES",
            "The shape () is a shape: one number. standard_normal(()) gives no array; np.asarray makes it one."),
    Planted("x[[0, 2, 0]]", _rows, [(3, 2)], True, "RELERR",
            "Row 1 is never picked: both gradients are 0 there, and a relative error of two zeros is 0/0, which is NaN."),
    Planted("column sums", _column_sums, [(3, 2)], True, "BLAMES", _BLAMES),
    Planted("x minus its mean", _centered, [(2, 3)], True, "ONES",
            "Is your G random? If all its entries are equal, the gradient is 0 here, and rounding alone is left."),
    Planted("0 · x", _elementwise(lambda x: 0 * x, lambda x: 0 * x), [(3,)], True, "RELERR",
            "Both gradients are 0 here. A relative error of two zeros is 0/0, which is NaN: guard the division."),
    Planted("a million · x", _elementwise(lambda x: 1e6 * x, lambda x: 1e6 + 0 * x), [(3,)], True, "RELERR",
            "Rounding grows with the numbers: compare relative to their size."),
    Planted("relu", _elementwise(lambda x: x * (np.real(x) > 0), lambda x: x > 0), [(6, 6)], True, "KINK",
            "Do you draw whole numbers? A 0 among them is the kink of relu, where a central difference gives ½; a large "
            "step h reaches across it, too. standard_normal and h = 1e-5 never meet it."),
    Planted("−x with the gradient G", _plus, [(2, 3)], False, "SIGN", _ENTRY),
    Planted("a − b with a plus for b", _subtract_plus, [(2, 3), (2, 3)], False, "FIRSTONLY",
            "Check the gradient of *every* operand: here the second one is wrong."),
    Planted("a + b/10⁸ with a minus for b", _add_tiny, [(2, 3), (2, 3)], False, "ABSOLUTE",
            "Compare each operand with its own size: beside the gradient of a, that of b is small in every digit."),
    Planted("a + b, without unbroadcast", _add_stretched, [(2, 3), (3,)], False, "SHAPE", _SHAPE),
    Planted("a + b, without unbroadcast in a square", _add_stretched, [(3, 3), (3, 1)], False, "SHAPE", _SHAPE),
    Planted("column sums whose gradient is a row", _flat_sums, [(3, 2)], False, "SHAPE", _SHAPE),
    Planted("x² with a gradient of shape (1, 3)", _as_a_row, [(3,)], False, "SHAPE",
            "Compare the *shapes*, and not how many numbers there are."),
    Planted("a · b of two single numbers, 7 times too large for a", _seven_times, [(), ()], False, "SCALAR",
            "An operand of shape () has one number to nudge: np.ndindex(()) has one index, the empty one. And a factor "
            "changes no direction: a cosine cannot see it."),
    Planted("a · b, each with its own operand", _mul_own, [(2, 3), (2, 3)], False, "NOTRANDOM",
            "Draw different random numbers for each operand; on ones, or on equal arrays, it looks right."),
    Planted("a @ b with a transpose in the second VJP", _matmul_turned, [(3, 3), (3, 3)], False, "SUMS", _ENTRY),
    Planted("relu without its mask", _relu_unmasked, [(4, 5)], False, "POSITIVE", _SIGNS + _G),
    Planted("a · b with one gradient for two operands", _one_of_two, [(2, 3), (2, 3)], False, "COUNT",
            "`zip` stops at the shorter one: ask for as many gradients as operands."),
    Planted("a mean with the gradient of a sum", _mean_as_sum, [(2, 3)], False, "LOOSE", _ENTRY),
    Planted("exp that ignores its upstream gradient",
            lambda x: (np.exp(x), lambda G: (np.exp(x),)), [(2, 3)], False, "ONES",
            "With an upstream gradient of ones it looks right. Draw G at random, too."),
    Planted("exp with |G| in place of G", _exp_of_positive, [(4, 5)], False, "POSITIVE", "For G, too: " + _SIGNS[0].lower() + _SIGNS[1:]),
    Planted("x[[0, 2, 0]] by dx[idx] += G", _rows_scattered, [(3, 2)], False, "LOOSE", _ENTRY),
    Planted("x² with the rows of its gradient exchanged", _exchanged, [(4, 2)], False, "SUMS", _ENTRY),
    Planted("exp with the last entry forgotten", _last_forgotten, [(3, 3)], False, "SUMS", _ENTRY),
    Planted("tanh with a slope that is off by 1 in 1,000",
            _elementwise(np.tanh, lambda x: 1.001 * (1 - np.tanh(x) ** 2)), [(4,)], False, "LOOSE",
            "A central difference with h = 1e-5 is good to about nine digits; allow a relative error of 1e-6."),
    Planted("log(1 + x²) with the gradient NaN",
            _elementwise(lambda x: np.log1p(x**2), lambda x: np.nan * x), [(3,)], False, "NAN",
            "Every comparison with NaN is false. Ask whether the numbers *are* close, not whether they are apart."),
    Planted("x²/10⁸ with the factor 2 forgotten",
            _elementwise(lambda x: 1e-8 * x**2, lambda x: 1e-8 * x), [(3,)], False, "ABSOLUTE", _RELATIVE),
]  # fmt: skip
