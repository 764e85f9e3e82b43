"""Week 2, first half: derivatives from function values alone, and how far they can be trusted."""

from __future__ import annotations

import numpy as np

from helpers.exercise import exercise, paper
from helpers.weeks import week02_cases as cases
from helpers.weeks.rewrite import rewritten

# ------------------------------------------------------------------ two difference quotients


@exercise(
    minutes=3,
    difficulty=1,
    cases=cases.NUDGES,
    hints=[
        "It is the slope of week 1: the change of f per unit of nudge.",
        "Where you went minus where you were, divided by how far you went.",
        "(f(x + h) − f(x)) / h, with parentheses around the difference.",
    ],
)
def forward_difference(f, x, h):
    """Slope of the secant from x to x + h."""
    return (f(x + h) - f(x)) / h


@forward_difference.mistake(
    "PARENTHESES",
    "Division binds before minus, so only f(x) is divided by h. Put the difference in parentheses.",
)
def only_the_last_is_divided(f, x, h):
    return f(x + h) - f(x) / h


@forward_difference.mistake(
    "BACKWARD", "This secant goes from x − h to x, to the left. Nudge forward: from x to x + h."
)
def to_the_left(f, x, h):
    return (f(x) - f(x - h)) / h


@forward_difference.mistake(
    "SIGN", "The sign is turned around: f(x + h) − f(x), where you went minus where you were."
)
def turned_around(f, x, h):
    return (f(x) - f(x + h)) / h


@forward_difference.mistake(
    "NODIVISION",
    "This is the change of f. The slope is the change *per unit* of nudge: divide by h.",
)
def change_only(f, x, h):
    return f(x + h) - f(x)


@forward_difference.mistake(
    "CENTRAL",
    "This is the central difference, a better one; it comes next. Here start at x itself.",
)
def already_central(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


@exercise(
    minutes=3,
    difficulty=1,
    cases=cases.NUDGES,
    hints=[
        "Two nudges: one to x + h, one to x − h. f(x) itself is not needed.",
        "From x − h to x + h the input moves by 2h.",
        "(f(x + h) − f(x − h)) / (2 * h). Mind the second pair of parentheses.",
    ],
)
def central_difference(f, x, h):
    """Slope of the secant from x − h to x + h."""
    return (f(x + h) - f(x - h)) / (2 * h)


@central_difference.mistake(
    "NOHALF", "From x − h to x + h the input moves by 2h, but you divide by h: twice the slope."
)
def twice_the_slope(f, x, h):
    return (f(x + h) - f(x - h)) / h


@central_difference.mistake(
    "PRECEDENCE",
    "`/ 2 * h` divides by 2 and then multiplies by h: Python reads from left to right. Write "
    "`/ (2 * h)`.",
)
def divided_and_multiplied(f, x, h):
    return (f(x + h) - f(x - h)) / 2 * h


@central_difference.mistake(
    "FORWARD", "This secant starts at x. The central one starts at x − h and goes to x + h."
)
def from_x(f, x, h):
    return (f(x + h) - f(x)) / h


@central_difference.mistake(
    "HALFSTEP",
    "A fine central difference, but with half the step: it goes h/2 to each side. Go h to each side, "
    "so that your numbers are those of the text.",
)
def half_a_step(f, x, h):
    return (f(x + h / 2) - f(x - h / 2)) / h


@central_difference.mistake(
    "SUM", "A slope is a difference of values: f(x + h) − f(x − h), with a minus between them."
)
def added(f, x, h):
    return (f(x + h) + f(x - h)) / (2 * h)


# ------------------------------------------------------------------ the two errors

step_theory = paper(
    "step_theory",
    "truncation and rounding error of both differences, and the step where their sum is smallest",
    answers=dict(
        trunc_forward="M2 * h / 2",
        round_forward="2 * noise / h",
        best_forward="2 * sqrt(noise) / sqrt(M2)",
        trunc_central="M3 * h**2 / 6",
        round_central="noise / h",
        best_central="(3 * noise / M3) ** (1/3)",
    ),
    at=dict(noise=0.01, M2=1.0, M3=3.0, h=0.1),
    advice="Truncation is what Taylor's series leaves beside f′; rounding is two values that are off by "
    "`noise`; at the best step the derivative of their sum is zero.",
    minutes=20,
    difficulty=3,
    hints=[
        "Put Taylor's series for f(x + h) and f(x − h) into the two quotients. What is left beside f′ is "
        "the truncation error. For the rounding error let both values be off by `noise`, in the "
        "directions that hurt most.",
        "Forward: h·M2/2 and 2·noise/h. Central: in f(x + h) − f(x − h) the f″ terms cancel and the f‴ "
        "terms double: 2·h³·M3/6, divided by 2h. Both values are off by noise, divided by 2h.",
        "At the best step the derivative of the sum is zero. Forward: M2/2 = 2·noise/h². Central: "
        "M3·h/3 = noise/h². Solve for h.",
    ],
    mistakes={
        "ORDER": (
            dict(trunc_central="M2 * h / 2"),
            "The h·f″/2 terms of f(x + h) and f(x − h) are equal, so the minus between them cancels them. "
            "The first term that survives has f‴.",
        ),
        "NOHALF": (
            dict(round_central="2 * noise / h"),
            "The two values are off by 2·noise together, but they are divided by 2h.",
        ),
        "ONENOISE": (
            dict(round_forward="noise / h"),
            "Both f(x + h) and f(x) are off. In the worst case one is too high and the other too low.",
        ),
        "FACTORIAL": (
            dict(trunc_central="M3 * h**2 / 3"),
            "Taylor's third term is h³·f‴/3!, with 3! = 6. Twice that, divided by 2h.",
        ),
        "NOTMINIMUM": (
            dict(best_forward="sqrt(noise)", best_central="noise ** (1/3)"),
            "That is the right power of the noise. The exact step also depends on how strongly f bends: set "
            "the derivative of the sum to zero.",
        ),
    },
)


@exercise(
    minutes=10,
    difficulty=2,
    cases=cases.STEPS,
    judge=cases.near_the_best_step,
    hints=[
        "Try all powers of ten from 0.1 down to 1e-15, and keep the one with the smallest error.",
        "Everything must be computed in the given type: start with `x = dtype(x)`, and make each step a "
        "`dtype(h)`, too.",
        "errors = [abs(central − df(x)) for each step]; `np.argmin(errors)` is the place of the smallest.",
    ],
)
def best_step(f, df, x, dtype):
    """The power of ten that is the best step for the central difference of f at x.

    Best: with the smallest error, when all is computed in dtype (np.float64 or np.float32).
    """
    steps = [10.0**-k for k in range(1, 16)]
    x = dtype(x)
    errors = []
    for step in steps:
        h = dtype(step)
        slope = (f(x + h) - f(x - h)) / (2 * h)
        errors.append(abs(slope - df(x)))
    return steps[np.argmin(errors)]


for _code, _why, *_changes in [
    ("FLOAT32CHECK", "Your best step is the one of float64, whatever `dtype` says. The sums must be done in "
     "the given type: `x = dtype(x)` and `h = dtype(h)`. In float32 a step of 1e-5 leaves hardly a "
     "digit.",
     ("x = dtype(x)", "x = float(x)"), ("h = dtype(step)", "h = step")),
    ("SMALLEST", "You return the smallest step. Smaller is better only until rounding takes over: measure "
     "the error of each step.",
     ("steps[np.argmin(errors)]", "steps[-1]")),
    ("ERRORNOTSTEP", "You return the smallest error. Asked for is the *step* that gives it.",
     ("steps[np.argmin(errors)]", "min(errors)")),
    ("NOABS", "Without `abs` the most negative error counts as the smallest.",
     ("abs(slope - df(x))", "slope - df(x)")),
    ("FORWARD", "That is the best step of the *forward* difference, near √ε. The central difference has its "
     "own, near ε^(1/3).",
     ("(f(x + h) - f(x - h)) / (2 * h)", "(f(x + h) - f(x)) / h")),
    ("NOHALF", "You divide by h, so every step is off by a factor of two and no step can win. From x − h to "
     "x + h the input moves by 2h.",
     ("/ (2 * h)", "/ h")),
    ("FIXED", "Your step depends on the type alone. The best step depends on f as well: measure the f and "
     "the x that you are given, not those of the notebook. A bell that is a thousand times as narrow "
     "needs steps that are a thousand times as small.",
     ("steps[np.argmin(errors)]", "1e-6 if dtype is np.float64 else 1e-3")),
    ("WORST", "You return the step with the *largest* error.",
     ("np.argmin", "np.argmax")),
]:  # fmt: skip
    best_step.mistake(_code, _why)(rewritten(best_step.reference, *_changes))


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
