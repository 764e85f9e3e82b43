"""Week 9, section 5: a checker for operations, tried on operations that are wrong.

An operation is `op(*arrays) -> (value, vjp)`. Some of those planted here are right and look odd,
the others are wrong and look right: a checker has to tell them apart.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from helpers.agreement import agree, show
from helpers.exercise import Case, Wrong, exercise
from helpers.sandbox import call
from helpers.weeks.rewrite import rewritten
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
_RELATIVE = "Compare relative to the size of the numbers: an absolute tolerance passes everything that is small."
_BLAMES = "What is off here is rounding, or what your nudges leave behind: put each entry back before the next one."

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
    Planted("−x with the gradient G", _plus, [(2, 3)], False, "SIGN", _ENTRY),
    Planted("a − b with a plus for b", _subtract_plus, [(2, 3), (2, 3)], False, "FIRSTONLY",
            "Check the gradient of *every* operand: here the second one is wrong."),
    Planted("a + b, without unbroadcast", _add_stretched, [(2, 3), (3,)], False, "SHAPE", _SHAPE),
    Planted("a + b, without unbroadcast in a square", _add_stretched, [(3, 3), (3, 1)], False, "SHAPE", _SHAPE),
    Planted("column sums whose gradient is a row", _flat_sums, [(3, 2)], False, "SHAPE", _SHAPE),
    Planted("x² with a gradient of shape (1, 3)", _as_a_row, [(3,)], False, "SHAPE",
            "Compare the *shapes*, and not how many numbers there are."),
    Planted("a · b of two single numbers, 7 times too large for a", _seven_times, [(), ()], False, "SCALAR",
            "An operand of shape () has one number to nudge: np.ndindex(()) has one index, the empty one."),
    Planted("a · b, each with its own operand", _mul_own, [(2, 3), (2, 3)], False, "NOTRANDOM",
            "Draw different random numbers for each operand; on ones, or on equal arrays, it looks right."),
    Planted("a @ b with a transpose in the second VJP", _matmul_turned, [(3, 3), (3, 3)], False, "SUMS", _ENTRY),
    Planted("relu without its mask", _relu_unmasked, [(4, 5)], False, "POSITIVE", _SIGNS),
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


def planted_cases() -> list[Case]:
    return [_case(planted) for planted in PLANTED]


def _case(planted: Planted) -> Case:
    shapes = " and ".join(map(str, planted.shapes))
    label = f"{planted.name}, shapes {shapes}"

    def on_arrays(*arrays):
        return planted.op(*(np.asarray(x, float) for x in arrays))

    def run(check_op):
        outcome = call(check_op, on_arrays, list(planted.shapes), own=check_op)
        if outcome.problem and (planted.right or outcome.problem.error in _NEVER_MEANT):
            shapes = planted.advice if () in planted.shapes else ""
            said = f"check_op answers with True or False. {outcome.problem.message} {shapes}"
            return Wrong(said.strip())
        found = False if outcome.problem else outcome.value
        if isinstance(found, np.bool_) or found in (0, 1):
            found = bool(found)
        if not isinstance(found, bool):
            return Wrong(f"check_op returns True or False; yours returns {show(found)}.")
        if found == planted.right:
            return "accepted" if found else "found"
        if planted.right:
            return Wrong(f"Your checker refuses a right operation. {planted.advice}", planted.code)
        return Wrong(f"Your checker accepts a wrong operation. {planted.advice}", planted.code)

    return Case(label, run)


_NEVER_MEANT = ("NameError", "AttributeError", "SyntaxError", "ImportError")


def _judge(case, expected, got):
    return None if got == expected else agree(expected, got).message


@exercise(
    minutes=30,
    difficulty=3,
    cases=planted_cases,
    judge=_judge,
    version=2,
    hints=[
        "Week 2 in new clothes. A gradient check needs one number: L = Σ G·value, with a random G of the value's "
        "shape. Then vjp(G) must be the gradient of L with respect to each operand.",
        "Before any number: are there as many gradients as operands, and has each the shape of its operand? Then "
        "nudge each entry of each operand by ±h, with all the others held still.",
        "numerical = (L(x + h) − L(x − h)) / 2h for every entry, and np.abs(g − numerical).max() <= 1e-6 · "
        "max(|g|.max(), |numerical|.max()). Written with <= it is false for NaN, and right for two zeros.",
    ],
)
def check_op(op, shapes):
    """True if op's VJP is right on random arrays of these shapes, one for each operand.

    op(*arrays) returns (value, vjp), and vjp(G) one gradient for each operand.
    """
    rng, h = np.random.default_rng(0), 1e-5
    arrays = [rng.standard_normal(shape) for shape in shapes]
    value, vjp = op(*arrays)
    G = rng.standard_normal(np.shape(value))
    grads = vjp(G)
    if len(grads) != len(arrays):
        return False
    for k, (x, g) in enumerate(zip(arrays, grads)):
        if np.shape(g) != x.shape:
            return False
        numerical = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            nudge = np.zeros(x.shape)
            nudge[index] = h
            up, down = (op(*arrays[:k], x + d, *arrays[k + 1 :])[0] for d in (nudge, -nudge))
            numerical[index] = (G * (up - down)).sum() / (2 * h)
        size = max(np.abs(g).max(initial=0), np.abs(numerical).max(initial=0))
        if not np.abs(g - numerical).max(initial=0) <= 1e-6 * size:
            return False
    return True


_CLOSE = "not np.abs(g - numerical).max(initial=0) <= 1e-6 * size"

for _code, _why, *_changes in [
    ("ONES", "Your G is an array of ones: an operation that ignores the upstream gradient looks right then. Draw G "
     "at random.",
     ("rng.standard_normal(np.shape(value))", "np.ones(np.shape(value))")),
    ("SHAPE", "A gradient of the wrong shape passes: broadcasting hides it in the difference. Compare the shapes "
     "first.",
     ("if np.shape(g) != x.shape:", "if False:")),
    ("FIRSTONLY", "You check the first operand alone. Wrong rules love the second one.",
     ("enumerate(zip(arrays, grads))", "enumerate(zip(arrays[:1], grads))")),
    ("POSITIVE", "Your arrays are all positive: a relu without its mask looks right there. Draw both signs.",
     ("rng.standard_normal(shape) for", "rng.random(shape) for")),
    ("POSITIVE", "Your G is all positive: an operation that takes |G| looks right then. Draw both signs.",
     ("rng.standard_normal(np.shape(value))", "rng.random(np.shape(value))")),
    ("SCALAR", "Operands of shape () are left out. They have one number, and it can be nudged.",
     ("        if np.shape(g) != x.shape:", "        if x.ndim == 0:\n            continue\n        if np.shape(g) != x.shape:")),
    ("SHAPE", "You compare how many numbers there are, and not the shapes.",
     ("np.shape(g) != x.shape", "np.size(g) != x.size"), ("        size = max(", "        g = np.reshape(g, x.shape)\n        size = max(")),
    ("SIGN", "You compare absolute values. A sign is all that many wrong rules have wrong.",
     ("np.abs(g - numerical).max(initial=0)", "np.abs(np.abs(g) - np.abs(numerical)).max(initial=0)")),
    ("COUNT", "`zip` stops at the shorter one, so an operation with one gradient for two operands passes. Ask for as "
     "many gradients as operands.",
     ("len(grads) != len(arrays)", "False")),
    ("SUMS", "You compare the *sums* of the two gradients. Entries that were exchanged have the same sum.",
     (_CLOSE, "not abs(np.sum(g) - numerical.sum()) <= 1e-6 * size * max(x.size, 1)")),
    ("LOOSE", "Your tolerance is too wide: a slope that is off by one in a thousand slips through. A central "
     "difference is good to about nine digits.",
     ("1e-6 * size", "1e-2 * size")),
    ("ABSOLUTE", "You compare absolutely: numbers around 10⁻⁸ always pass. Divide by their size, or multiply the "
     "tolerance by it.",
     ("1e-6 * size", "1e-6 * max(1, size)")),
    ("NAN", "A gradient that is NaN passes: every comparison with NaN is false. Ask whether the numbers *are* close, "
     "not whether they are apart.",
     (_CLOSE, "np.abs(g - numerical).max(initial=0) > 1e-6 * size")),
    ("RELERR", "For 0 · x both gradients are 0, and your relative error is 0/0, which is NaN: guard the division.",
     (_CLOSE, "not np.abs(g - numerical).max(initial=0) / size <= 1e-6")),
    ("NOTRANDOM", "All your arrays are equal, or ones. A product that gives each operand its *own* array looks right "
     "on them. Draw each one anew.",
     ("rng.standard_normal(shape) for shape", "np.random.default_rng(1).standard_normal(shape) for shape")),
]:  # fmt: skip
    check_op.mistake(_code, _why)(rewritten(check_op.reference, *_changes))
