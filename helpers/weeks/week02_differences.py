"""Week 2: two difference quotients, their errors, and their best step."""

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
    advice=cases.about_the_secant,
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
    "OUTPUTNUDGE",
    "You add h to the *value* of f, so the quotient is 1 for every f. Nudge the input: f(x + h).",
)
def nudged_behind_f(f, x, h):
    return (f(x) + h - f(x)) / h


@forward_difference.mistake(
    "WRONGDIVISOR", "The input moves by h, from x to x + h. Divide by h, not by where it arrives."
)
def over_the_place(f, x, h):
    return (f(x + h) - f(x)) / (x + h)


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
    advice=cases.about_the_secant,
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
    "SECOND",
    "That is a difference of two slopes: it measures how f bends. A slope is a difference of two values.",
)
def of_two_slopes(f, x, h):
    return (f(x + h) - 2 * f(x) + f(x - h)) / h**2


@central_difference.mistake(
    "PARENTHESES",
    "Division binds before minus, so only f(x − h) is divided. Put the difference in parentheses, and 2h, too.",
)
def only_the_last_over_two_steps(f, x, h):
    return f(x + h) - f(x - h) / (2 * h)


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
        "NUMERATOR": (
            dict(
                trunc_forward="M2 * h**2 / 2",
                round_forward="2 * noise",
                trunc_central="M3 * h**3 / 3",
                round_central="2 * noise",
            ),
            "That is the error of the numerator, the difference of two values. The quotient divides it by the step, "
            "by h or by 2h.",
        ),
        "POWERLEFT": (
            dict(trunc_central="M3 * h**3 / 6"),
            "That is Taylor's term itself. The numerator has it twice, and the quotient divides by 2h.",
        ),
        "BALANCED": (
            dict(best_central="(6 * noise / M3) ** (1/3)", best_forward="sqrt(2 * noise / M2)"),
            "Is that where both errors are equal? Close, but asked for is the smallest *sum*: write down the sum, take "
            "its derivative by h, and set it to zero.",
        ),
        "NOROOT": (
            dict(best_forward="4 * noise / M2", best_central="3 * noise / M3"),
            "That is the power of h that the equation gives, h² or h³. Take the root.",
        ),
        "PRECEDENCE": (
            dict(best_central="(3 * noise / M3) ** 1/3"),
            "`** 1/3` raises to the power 1 and divides by 3: Python's powers bind first. Write `** (1/3)`.",
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
    ("INDEX", "You return the *place* of the best step in your list. Asked for is the step that stands there: "
     "`steps[np.argmin(errors)]`.",
     ("steps[np.argmin(errors)]", "np.argmin(errors)")),
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
