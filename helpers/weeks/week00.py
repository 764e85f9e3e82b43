"""Start here: one small exercise, to see how an exercise behaves."""

from __future__ import annotations

from helpers.exercise import exercise


@exercise(
    minutes=1,
    difficulty=1,
    cases=[(2.0,), (-1.5,), (0.0,), (10.0,)],
    hints=[
        "What do you add to x to get twice x?",
        "x + x, or a product of x with a number.",
        "return 2 * x",
    ],
)
def double(x):
    """Twice x."""
    return 2 * x


@double.mistake(
    "SQUARE", "This is x times itself. At x = 2 it is right by chance; twice x is x + x."
)
def squared(x):
    return x * x


@double.mistake("PLUSTWO", "This is x plus two. At x = 2 it is right by chance; twice x is x + x.")
def plus_two(x):
    return x + 2


@double.mistake("UNCHANGED", "You return x as it came in.")
def unchanged(x):
    return x


all = [double]
