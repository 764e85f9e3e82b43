"""Week 1, sections 1 to 3: the slope, and the gradients of f(x, y) = (x + y)·y with a pencil."""

from __future__ import annotations

from helpers.exercise import exercise, paper
from helpers.weeks import week01_cases as cases

# ------------------------------------------------------------------ the slope


@exercise(
    minutes=5,
    difficulty=1,
    cases=cases.slope_cases,
    judge=cases.any_difference_quotient,
    hints=[
        "Nudge the input from x to x + h. By how much does the output change?",
        "A slope is a ratio: change of the output per change of the input.",
        "The output changes by f(x + h) − f(x), the input by h.",
    ],
)
def slope(f, x, h):
    """How much f answers to a nudge of size h at x, per unit of nudge."""
    return (f(x + h) - f(x)) / h


_SIGN = "The sign is turned around: subtract where you were from where you went, f(x + h) − f(x)."
_NODIVISION = (
    "This is how much f changes, not how much it changes *per unit* of nudge: it shrinks with h. "
    "Divide by the change of x."
)
for _code, _why, _wrong in [
    ("NODIVISION", _NODIVISION, lambda f, x, h: f(x + h) - f(x)),
    ("NODIVISION", _NODIVISION, lambda f, x, h: f(x + h) - f(x - h)),
    ("SIGN", _SIGN, lambda f, x, h: (f(x) - f(x + h)) / h),
    ("SIGN", _SIGN, lambda f, x, h: (f(x - h) - f(x + h)) / (2 * h)),
    (
        "TWOSTEPS",
        "From x − h to x + h the input moves by 2h, but you divide by h: the slope comes out twice "
        "as large.",
        lambda f, x, h: (f(x + h) - f(x - h)) / h,
    ),
    (
        "HALFSTEP",
        "From x to x + h the input moves by h, but you divide by 2h: the slope comes out half as "
        "large.",
        lambda f, x, h: (f(x + h) - f(x)) / (2 * h),
    ),
    (
        "NOCHANGE",
        "f(x + h) / h is not a change: subtract f(x) before you divide.",
        lambda f, x, h: f(x + h) / h,
    ),
    (
        "PRECEDENCE",
        "Without parentheses only f(x) is divided by h. Put the whole change in parentheses: "
        "(f(x + h) − f(x)) / h.",
        lambda f, x, h: f(x + h) - f(x) / h,
    ),
    (
        "NUDGEDOUTPUT",
        "You nudge the output: f(x) + h. The nudge belongs inside, to the input: f(x + h).",
        lambda f, x, h: (f(x) + h - f(x)) / h,
    ),
]:
    slope.mistake(_code, _why)(_wrong)


# ------------------------------------------------------------------ f(x, y) = (x + y)·y


@exercise(
    minutes=3,
    difficulty=1,
    cases=cases.POINTS,
    advice=cases.node_by_node,
    hints=[
        "Give the intermediate result a name: q is what the plus makes.",
        "q = x + y, and f is made of q and y.",
        "Return both in a dict: {'q': …, 'f': …}.",
    ],
)
def forward_graph(x, y):
    """The node values of f(x, y) = (x + y)·y, as {"q": …, "f": …}."""
    q = x + y
    f = q * y
    return {"q": q, "f": f}


@forward_graph.mistake(
    "PRECEDENCE", "Your f is x + y·y: without a node of its own for the sum, times binds first."
)
def no_parentheses(x, y):
    return {"q": x + y, "f": x + y * y}


@forward_graph.mistake("OTHEROPERAND", "Your f is q·x; the second operand of the product is y.")
def times_x(x, y):
    return {"q": x + y, "f": (x + y) * x}


@forward_graph.mistake("SWAPPEDOPS", "Plus and times have changed places: q is the sum.")
def swapped_ops(x, y):
    return {"q": x * y, "f": x * y + y}


by_hand = paper(
    "by_hand",
    "D1 with a pencil: the gradients of (x + y)·y at x = 2, y = 3",
    answers=dict(dq="y", dx="dq * 1", dy="q * 1 + dq * 1"),
    at=dict(x=2.0, y=3.0, q="x + y"),
    minutes=8,
    difficulty=1,
    hints=[
        "Start at the end: ∂f/∂f = 1. f = q·y, so what is ∂f/∂q?",
        "x reaches f only through q: ∂f/∂x = ∂f/∂q · ∂q/∂x.",
        "y reaches f on two paths: directly (with q held fixed, ∂f/∂y is q) and through q (∂f/∂q · 1). "
        "Add them.",
    ],
    mistakes={
        "OWNDATA": (
            dict(dq="q"),
            "That is q itself. For a product the local derivative is the *other* operand.",
        ),
        "NOUPSTREAM": (
            dict(dx="1"),
            "1 is ∂q/∂x, the local derivative alone. Multiply it by what arrives at q, ∂f/∂q.",
        ),
        "CHAINSUM": (dict(dy="q"), "That is only the direct path from y to f; y also feeds q."),
        "ASSIGN": (dict(dy="dq"), "That is only the path through q; y also feeds the product."),
        "PATHPRODUCT": (
            dict(dy="q * dq"),
            "Along a path the factors multiply, but the two paths from y *add*.",
        ),
    },
)


@exercise(
    minutes=3,
    difficulty=1,
    cases=cases.POINTS,
    advice=cases.nudge_x,
    hints=[
        "Which way can a nudge of x take to f? There is one.",
        "∂f/∂x = ∂f/∂q · ∂q/∂x. For q = x + y the second factor is 1.",
        "f = q·y, so ∂f/∂q is the other operand of the product.",
    ],
)
def df_dx(x, y):
    """∂f/∂x of f(x, y) = (x + y)·y."""
    return y


@df_dx.mistake(
    "OWNDATA",
    "You used q itself where the other operand belongs: for f = q·y the local derivative ∂f/∂q is y.",
)
def own_operand(x, y):
    return x + y


@df_dx.mistake(
    "NOUPSTREAM",
    "1 is ∂q/∂x, the last factor only. The gradient is the product along the path: multiply by ∂f/∂q.",
)
def last_factor_only(x, y):
    return 1.0


@df_dx.mistake("SWAPPED", "This is ∂f/∂y, not ∂f/∂x.")
def the_other_one(x, y):
    return x + 2 * y


@exercise(
    minutes=5,
    difficulty=1,
    cases=cases.POINTS,
    advice=cases.nudge_y,
    hints=[
        "Put your finger on y in the graph. How many arrows leave it?",
        "One path goes straight into the product, the other through q. Write down the product of "
        "local derivatives along each.",
        "Direct: q. Through q: ∂f/∂q · ∂q/∂y = y · 1. The gradient is their sum.",
    ],
)
def df_dy(x, y):
    """∂f/∂y of f(x, y) = (x + y)·y."""
    q = x + y
    return q * 1 + y * 1


@df_dy.mistake(
    "CHAINSUM",
    "You followed the direct path from y into the product and forgot the one through q = x + y. "
    "y is used twice, so two contributions add up.",
)
def forgot_the_path_through_q(x, y):
    return x + y


@df_dy.mistake(
    "ASSIGN",
    "You kept the path through q and lost the direct one. That is what `=` does in code where `+=` "
    "belongs: the second contribution overwrites the first.",
)
def forgot_the_direct_path(x, y):
    return y


@df_dy.mistake(
    "PATHPRODUCT", "Along a path the factors multiply, but different paths *add*: q + y, not q·y."
)
def multiplied_the_paths(x, y):
    return (x + y) * y


@df_dy.mistake(
    "TWICEONEPATH", "You counted the path through q twice. The direct path contributes q = x + y."
)
def the_same_path_twice(x, y):
    return 2 * y
