"""Week 2: a whole gradient by differences, and how close is close."""

from __future__ import annotations

import numpy as np

from helpers.exercise import exercise
from helpers.weeks import week02_cases as cases
from helpers.weeks.rewrite import rewritten

# ------------------------------------------------------------------ a whole gradient


@exercise(
    minutes=20,
    difficulty=2,
    cases=cases.GRADIENTS,
    tolerance=1e-7,
    advice=cases.about_the_array,
    hints=[
        "Nudge one entry at a time and hold the others still. `np.ndindex(x.shape)` runs through the "
        "places of an array of any shape.",
        "Work on a copy: `x = np.array(x, dtype=float)`. It turns integers and float32 into float64, and "
        "leaves the caller's array alone.",
        "In the loop: remember `here = x[index]`; f at here + h; f at here − h; put `here` back before the "
        "next entry.",
    ],
)
def numerical_gradient(f, x, h=1e-5):
    """The gradient of f at the array x by central differences, in x's shape.

    f takes an array and returns one number. x may hold integers or float32,
    may have any shape and any order in memory, and is not changed.
    """
    x = np.array(x, dtype=float)  # a copy, in float64
    grad = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        here = x[index]
        x[index] = here + h
        up = f(x)
        x[index] = here - h
        down = f(x)
        x[index] = here
        grad[index] = (up - down) / (2 * h)
    return grad


_LOOP = """    for index in np.ndindex(x.shape):
        here = x[index]
        x[index] = here + h
        up = f(x)
        x[index] = here - h
        down = f(x)
        x[index] = here
        grad[index] = (up - down) / (2 * h)
"""

for _code, _why, *_changes in [
    ("INTARRAY", "Integers stay integers: in an integer array x + 1e-5 is cut back to x, and x − 1e-5 to x − 1. "
     "For Σ xᵢ² at [1, 2, 3] that gives [50000, 150000, 250000]. Copy into float64: "
     "`np.array(x, dtype=float)`.",
     ("dtype=float", "dtype=x.dtype if x.dtype.kind == 'i' else float")),
    ("FLOAT32CHECK", "A float32 array stays float32 in your code, and there a nudge of 1e-5 is mostly rounding. "
     "Copy into float64: `np.array(x, dtype=float)`.",
     ("dtype=float", "dtype=x.dtype if x.dtype.kind == 'f' else float")),
    ("NOCAST", "Your copy keeps the type of x. Integers cut the nudge off altogether, float32 keeps hardly a "
     "digit of it. Copy into float64: `np.array(x, dtype=float)`.",
     ("np.array(x, dtype=float)", "np.array(x)")),
    ("NORESTORE", "You do not put an entry back before the next one is nudged. From the second entry on you "
     "measure at another point.",
     ("        x[index] = here\n", "")),
    ("FORWARD", "These are forward differences, with an error near h. Central ones, (f(x + h) − f(x − h)) / 2h, "
     "have an error near h².",
     ("x[index] = here - h", "x[index] = here"), ("/ (2 * h)", "/ h")),
    ("NOHALF", "From x − h to x + h the entry moves by 2h, but you divide by h: twice the gradient.",
     ("/ (2 * h)", "/ h")),
    ("PRECEDENCE", "`/ 2 * h` divides by 2 and multiplies by h. Write `/ (2 * h)`.",
     ("/ (2 * h)", "/ 2 * h")),
    ("HIGNORED", "Your code has a step of its own and never looks at the parameter h.",
     ("    grad = np.zeros", "    h = 1e-5\n    grad = np.zeros")),
    ("WHOLEROW", "x[i] is a whole row where x has two axes, and the nudge moves all of it. Nudge single entries: "
     "`for index in np.ndindex(x.shape)`.",
     ("for index in np.ndindex(x.shape)", "for index in range(len(x))"),
     ("here = x[index]", "here = x[index].copy()")),
    ("TWOAXES", "You run through rows and columns, but x may have one axis, or three. `np.ndindex(x.shape)` gives the "
     "places of an array of any shape.",
     ("    grad = np.zeros", "    x.shape[1]\n    grad = np.zeros")),
    ("FLATRESULT", "Your slopes are in one long row. The gradient has the shape of x: `.reshape(x.shape)` at the end.",
     ("return grad", "return grad.ravel()")),
    ("HALFWAY", "You come back to x, not to x − h: subtracting h once undoes the nudge, and your two values are "
     "only h apart. Subtract 2h, or start from the old number.",
     ("x[index] = here - h", "x[index] = here")),
    ("ALLATONCE", "You nudge all entries at once, so every place gets the sum of all slopes. One entry at a "
     "time.",
     ("x[index] = here + h", "x += h"), ("x[index] = here - h", "x -= 2 * h"),
     ("x[index] = here\n", "x += h\n")),
    ("VIEWCOPY", "`reshape(-1)` gives a view of an array that is contiguous, and a *copy* of one that is not. "
     "Nudges of a copy never reach f, so the gradient of a transposed array is 0. Nudge `x[index]` "
     "itself.",
     (_LOOP, "    flat, out = x.reshape(-1), grad.reshape(-1)\n"
             + _LOOP.replace("np.ndindex(x.shape)", "range(x.size)").replace("x[index]", "flat[index]")
             .replace("grad[index]", "out[index]"))),
    ("CHANGESINPUT", "You nudge the caller's own array and put it back by adding and subtracting. x + h − 2h + h is "
     "not always x: rounding remains. Work on a copy, or keep the old number and put that back.",
     ("x = np.array(x, dtype=float)", "x = x if x.dtype == float else np.array(x, dtype=float)"),
     ("here = x[index]\n", "pass\n"), ("x[index] = here + h", "x[index] += h"),
     ("x[index] = here - h", "x[index] -= 2 * h"), ("x[index] = here\n", "x[index] += h\n")),
]:  # fmt: skip
    numerical_gradient.mistake(_code, _why)(rewritten(numerical_gradient.reference, *_changes))


# ------------------------------------------------------------------ how close is close?


@exercise(
    minutes=10,
    difficulty=2,
    cases=cases.PAIRS,
    advice=cases.about_the_denominator,
    version=2,
    hints=[
        "The difference, without its sign, in proportion to the larger of the two sizes.",
        "`np.maximum(np.abs(a), np.abs(b))` compares two arrays entry by entry, and two numbers as well.",
        "Where the larger size is 0, both are 0 and the error is 0: divide by 1 there, "
        "`np.where(size == 0, 1.0, size)`.",
    ],
)
def relative_error(a, b):
    """|a − b| / max(|a|, |b|), 0 where both are 0; arrays entry by entry."""
    size = np.maximum(np.abs(a), np.abs(b))
    return np.abs(a - b) / np.where(size == 0, 1.0, size)


for _code, _why, *_changes in [
    ("RELERR", "This is the absolute difference. 1e-4 is little beside 250 and ten times too much beside 1e-5: "
     "divide by the larger of the two sizes.",
     (" / np.where(size == 0, 1.0, size)", "")),
    ("ZEROZERO", "Where both are 0 you compute 0/0, which is NaN. Two zeros agree perfectly: their error is 0.",
     ("np.where(size == 0, 1.0, size)", "size")),
    ("ONESIDED", "You divide by |b| alone. Then the error of (a, b) is not that of (b, a), and it is infinite where "
     "b is 0. Take the larger of |a| and |b|.",
     ("np.maximum(np.abs(a), np.abs(b))", "np.abs(b)")),
    ("NOABS", "Sizes have no sign: for two negative numbers your denominator is negative, and for a number and its "
     "negative it is too small. Use |a| and |b|.",
     ("np.maximum(np.abs(a), np.abs(b))", "np.maximum(a, b)")),
    ("SIGNED", "The sign of a − b is left in: an error of −0.5 would count as smaller than 0.",
     ("np.abs(a - b)", "(a - b)")),
    ("SUMSIZE", "You divide by |a| + |b|, as some courses do: at most half of what is asked for here, and never "
     "more than 1. Take the larger of the two.",
     ("np.maximum(np.abs(a), np.abs(b))", "np.abs(a) + np.abs(b)")),
    ("BIGGUARD", "A floor of 1 under the denominator turns it into the absolute error wherever both are small: "
     "1e-5 against 1.1e-4 would count as close.",
     ("np.where(size == 0, 1.0, size)", "np.maximum(size, 1.0)")),
    ("FLOOR", "You guard against 0/0 with a small number that is added everywhere. It is felt wherever the sizes "
     "are as small: 3·10⁻¹³ against 10⁻¹³ would count as closer than they are. Divide by 1 only where the size "
     "is 0.",
     ("np.where(size == 0, 1.0, size)", "(size + 1e-12)")),
    ("FLOOR", "You guard against 0/0 with a floor under the denominator. It is felt wherever both are below it: "
     "3·10⁻¹³ against 10⁻¹³ would count as equal. Divide by 1 only where the size is 0.",
     ("np.where(size == 0, 1.0, size)", "np.maximum(size, 1e-8)")),
    ("MEANSIZE", "You divide by the mean of |a| and |b|. Take the larger of the two.",
     ("np.maximum(np.abs(a), np.abs(b))", "(np.abs(a) + np.abs(b)) / 2")),
    ("WHOLEARRAY", "You divide by the largest entry of the whole array. A small entry could be wrong altogether "
     "beside a large one. Compare entry by entry: `np.maximum`.",
     ("np.maximum(np.abs(a), np.abs(b))", "np.maximum(np.abs(a).max(), np.abs(b).max())")),
    ("ONENUMBER", "Right for two numbers. For arrays Python cannot decide an `if` or a `max`: there is one answer "
     "for each entry. `np.maximum` and `np.where` decide entry by entry.",
     ("np.maximum(np.abs(a), np.abs(b))", "max(abs(a), abs(b))"),
     ("np.abs(a - b) / np.where(size == 0, 1.0, size)", "0.0 if size == 0 else abs(a - b) / size")),
]:  # fmt: skip
    relative_error.mistake(_code, _why)(rewritten(relative_error.reference, *_changes))
