"""Week 5, section 2: the rules of the new operations, and numbers on the left of an operator."""

from __future__ import annotations

import math
from collections.abc import Callable

from helpers.agreement import agree, show
from helpers.attempt import source_of
from helpers.engine import fifty, scalar
from helpers.exercise import Case, Wrong, exercise, paper
from helpers.weeks.rewrite import rewritten

rules = paper(
    "rules",
    "The local derivative of each new operation at x = 0.8, with c = 5 a plain number",
    answers=dict(
        dneg="-1",
        dlog="1 / x",
        dsigmoid="s * (1 - s)",
        dc_minus_x="-1",
        dc_over_x="-c / x**2",
    ),
    at=dict(x=0.8, c=5.0, s="sigmoid(x)"),
    minutes=8,
    difficulty=1,
    hints=[
        "One input moves, x. The number c stands still.",
        "c/x is c times x to the power −1. For the sigmoid, use what the forward pass has: s.",
        "dlog = 1/x, dsigmoid = s·(1 − s), and c·x⁻¹ has the slope −c·x⁻².",
    ],
    mistakes={
        "SIGN": (
            dict(dneg="1", dc_minus_x="1", dc_over_x="c / x**2"),
            "The sign: what happens to the result when x grows?",
        ),
        "VALUE": (
            dict(dneg="-x", dsigmoid="s", dc_minus_x="c - x", dc_over_x="c / x"),
            "That is the value, not the slope.",
        ),
        "MINUSX": (dict(dc_minus_x="-x"), "−x is what is added to c. Its slope is a number."),
        "CSTILL": (dict(dc_minus_x="c - 1"), "c stands still: its slope is 0. What is left?"),
        "NOC": (dict(dc_over_x="-1 / x**2"), "And where is c?"),
        "NOPOWER": (dict(dc_over_x="1 / x"), "c/x is c·x⁻¹. What does the power rule say?"),
        "RECIPROCAL": (dict(dlog="-1 / x**2"), "That is the slope of 1/x, not that of log(x)."),
        "HALF": (dict(dsigmoid="1 - s"), "One factor is missing: where is s itself?"),
        "LOGLEFT": (
            dict(dlog="1 / log(x)", dc_over_x="c * log(x)"),
            "No logarithm is left in this slope: that of log(x) is 1/x, and c/x = c·x⁻¹ follows the "
            "power rule.",
        ),
        "LOGX": (dict(dlog="log(x)"), "That is the value. The slope of log is 1/x."),
        "SIGMOIDIN": (
            dict(dsigmoid="x * (1 - x)"),
            "The form is right, but with the *output* s in the place of x.",
        ),
        "SIGMOIDTANH": (dict(dsigmoid="1 - s**2"), "1 − s² is the slope of tanh, from its output."),
        "DIVSQUARE": (
            dict(dc_over_x="-c / x"),
            "The divisor is squared: c·x⁻¹ has the slope −c·x⁻².",
        ),
        "REFLECTED": (
            dict(dc_over_x="1 / c"),
            "That is the slope of x/c. Here x is the divisor.",
        ),
    },
    advice="Nudge x by a little: how much does the result change, per nudge?",
)

# ------------------------------------------------------------------ numbers on the left


def fresh_engine() -> type:
    """A copy of week 1's engine of its own, to which operators may be added."""
    space = {"math": math}
    exec(source_of(fifty.Value), space)
    return space["Value"]


METHODS = {"+": "__radd__", "−": "__rsub__", "·": "__rmul__", "/": "__rtruediv__"}
SINGLE = {
    "0 + x": ("+", lambda x: 0 + x),
    "5 + x": ("+", lambda x: 5 + x),
    "5 − x": ("−", lambda x: 5 - x),
    "5 · x": ("·", lambda x: 5.0 * x),
    "5 / x": ("/", lambda x: 5 / x),
    "−2.5 − x": ("−", lambda x: -2.5 - x),
    "−2.5 / x": ("/", lambda x: -2.5 / x),
}
COMPOSED = {
    "sum([x, y, x])": lambda x, y: sum([x, y, x]),
    "1 / (1 + exp(−1·x))": lambda x, y: 1 / (1 + (-1 * x).exp()),
    "(3 − x·y)·(2 / (1 − y)) − x": lambda x, y: (3 - x * y) * (2 / (1 - y)) - x,
}


def reflected_cases() -> list[Case]:
    cases = [
        _case(name, op, _single(f), "t", f(0.0)) for name, (op, f) in SINGLE.items() if op in "+−"
    ]
    cases += [
        _case(name, op, _single(f), "t", f(1.0)) for name, (op, f) in SINGLE.items() if op in "·/"
    ]
    return cases + [_case(name, "", _two(f), "f") for name, f in COMPOSED.items()]


def _single(f: Callable) -> Callable:
    """The operation, times x, so that upstream is not 1."""

    def build(V):
        x = V(0.8)
        t = f(x)
        return t * x if hasattr(t, "data") else t, dict(x=x, t=t)

    return build


def _two(f: Callable) -> Callable:
    def build(V):
        x, y = V(0.8), V(-1.3)
        root = f(x, y)
        return root, dict(x=x, y=y, f=root)

    return build


def _case(label: str, op: str, build: Callable, result: str, left: float = 0.0) -> Case:
    right, named = build(scalar.Value)
    right.backward()
    value = named[result].data
    gradients = {name: node.grad for name, node in named.items() if name in "xy"}
    point = ", ".join(f"{name} = {named[name].data:g}" for name in gradients)
    where = f"({label})·x at {point}" if op else f"{label} at {point}"

    def run(reflected):
        engine = _given(reflected)
        method = METHODS.get(op)
        if method and not callable(getattr(engine, method, None)):
            return Wrong(
                f"The class has no `{method}`, so Python does not know what to do with {label}. "
                f"Write `Value.{method} = …` inside.",
                "FORGOTTEN",
            )
        try:
            root, named = build(engine)
        except TypeError as error:
            if "unary -" not in str(error):
                raise
            return Wrong(
                "Week 1's class has no `-x` yet. Write `Value(other) - self`, or `self * -1 + other`."
            )
        got = named[result]
        if not hasattr(got, "data"):
            return Wrong(
                f"{label} gives {show(got)}. As every operator, `{method}` must return a node."
            )
        if not agree(value, got.data):
            if op == "/" and agree(1 / 0.8, got.data):
                return Wrong(f"That is 1 / x. Where is the {left:g}?")
            if op in METHODS and op != "/" and agree(left / 0.8, got.data):
                return Wrong(
                    f"{label} divides. If you made the methods in a loop, each function looks up the "
                    "loop's variable when it is called, and finds the last one (CLOSURE, section 9). Bind "
                    "it: `lambda self, other, n=n: …`.",
                    "CLOSURE",
                )
            return Wrong(
                f"The value is wrong: {label} is {show(value)} at {point}, and you get "
                f"{show(got.data)}. The method is called on the *right* operand: that is `self`."
            )
        root.backward()
        return {f"∂/∂{name}": named[name].grad for name in gradients}

    return Case(where, run, graph=lambda reflected: build(_given(reflected)))


def _given(reflected: Callable) -> type:
    """The engine with the operators of an attempt, which may return the class or change it only."""
    engine = fresh_engine()
    given = reflected(engine)
    return given if isinstance(given, type) else engine


@exercise(
    minutes=15,
    difficulty=1,
    cases=reflected_cases,
    fault_codes={"missing push": "NOGRAPH"},
    hints=[
        "For `5 - x` Python calls `x.__rsub__(5)`: `self` is x, `other` is 5. Which of the operators "
        "that the class has already gives 5 − x?",
        "A sum or product may be turned around: `self + other`. For − and / turn the number into a "
        "node, `Value(other)`, and the class can do the rest.",
        "rsub: `return Value(other) - self`; rtruediv: `return Value(other) / self`.",
    ],
)
def reflected(Value):
    """Give an engine's class the operators for a plain number on the left."""

    def radd(self, other):
        return self + other

    def rsub(self, other):
        return Value(other) - self

    def rmul(self, other):
        return self * other

    def rtruediv(self, other):
        return Value(other) / self

    Value.__radd__, Value.__rsub__ = radd, rsub
    Value.__rmul__, Value.__rtruediv__ = rmul, rtruediv
    return Value


for _code, _why, *_changes in [
    ("RADD", "`other + self` is the very sum that brought Python here: it calls `__radd__` again, and "
     "again. Turn the operands around: `self + other`.",
     ("return self + other", "return other + self")),
    ("RADD", "`other - self` is the very expression that brought Python here: it calls `__rsub__` again, "
     "and again. Make a node of the number first: `Value(other) - self`.",
     ("Value(other) - self", "other - self"), ("Value(other) / self", "other / self")),
    ("RADD", "`other - self` is the very expression that brought Python here: it calls `__rsub__` again, "
     "and again. Make a node of the *number*: `Value(other) - self`, not Value(other - self).",
     ("Value(other) - self", "Value(other - self)")),
    ("RADD", "`other / self` is the very expression that brought Python here: it calls `__rtruediv__` "
     "again, and again. Make a node of the *number*: `Value(other) / self`.",
     ("Value(other) / self", "Value(other / self)")),
    ("RADD", "`other + self` is the very sum that brought Python here: it calls `__radd__` again, and "
     "again. The same holds for the other three. Turn the operands around where you may, and make a "
     "node of the number where you may not: `Value(other) - self`.",
     ("return self + other", "return other + self"), ("return self * other", "return other * self"),
     ("Value(other) - self", "other - self"), ("Value(other) / self", "other / self")),
    ("REFLECTED", "5 − x comes out as x − 5. `__rsub__` is called on the *right* operand: `self` is what "
     "is subtracted. No gradient check sees that, because it compares with your own forward pass.",
     ("Value(other) - self", "self - other")),
    ("REFLECTED", "5 / x comes out as x / 5. `__rtruediv__` is called on the *right* operand: `self` is "
     "the divisor. No gradient check sees that, because it compares with your own forward pass.",
     ("Value(other) / self", "self / other")),
    ("REFLECTED", "5 − x comes out as x − 5, and 5 / x as x / 5. The methods are called on the *right* "
     "operand: `self` is what is subtracted, or the divisor. No gradient check sees that.",
     ("Value(other) - self", "self - other"), ("Value(other) / self", "self / other")),
    ("NOGRAPH", "The numbers are right, but the new node does not know that it was made from x: no "
     "gradient gets there. Build it from `self`, not from `self.data`.",
     ("return self + other", "return Value(other + self.data)"),
     ("Value(other) - self", "Value(other - self.data)"),
     ("return self * other", "return Value(other * self.data)"),
     ("Value(other) / self", "Value(other / self.data)")),
]:  # fmt: skip
    reflected.mistake(_code, _why)(rewritten(reflected.reference, *_changes))
