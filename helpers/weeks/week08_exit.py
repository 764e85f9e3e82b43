"""Week 8, section 12: the exit test of month 2, an engine from a blank page."""

from __future__ import annotations

import math
from collections.abc import Callable

from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten

DEPTH = 2_000


class ExitTest:
    """An engine from a blank page, by PyTorch's rules.

    ExitTest(data, requires_grad=False) has data and grad, 0.0 at first. a + b and a * b, also with
    numbers; a.tanh(); a.softplus(), which is log(1 + eᵃ); a.add_(number) in place; a.backward().
    """

    def __init__(self, data, requires_grad=False, parents=(), local=(), saved=()):
        self.data, self.grad, self.version = data, 0.0, 0
        self.requires_grad = requires_grad or any(p.requires_grad for p in parents)
        self.parents = parents if self.requires_grad else ()
        self.local = local
        self.saved = [(node, node.version) for node in saved]

    def lift(self, x):
        return x if isinstance(x, ExitTest) else ExitTest(x)

    def __add__(self, other):
        other = self.lift(other)
        return ExitTest(self.data + other.data, False, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = self.lift(other)
        pair = (self, other)
        return ExitTest(self.data * other.data, False, pair, (other.data, self.data), pair)

    __radd__, __rmul__ = __add__, __mul__

    def tanh(self):
        t = math.tanh(self.data)
        out = ExitTest(t, False, (self,), (1.0 - t * t,))
        out.saved = [(out, 0)]
        return out

    def softplus(self):
        small = math.exp(-abs(self.data))
        slope = 1.0 / (1.0 + small) if self.data > 0 else small / (1.0 + small)
        value = max(self.data, 0.0) + math.log1p(small)
        return ExitTest(value, False, (self,), (slope,), (self,))

    def add_(self, number):
        self.data, self.version = self.data + number, self.version + 1

    def backward(self):
        if not self.requires_grad:
            raise RuntimeError("nothing in this graph requires grad")
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(p, False) for p in node.parents]
        for node in order:
            if node.parents and any(kept.version != at for kept, at in node.saved):
                raise RuntimeError("a saved value was changed in place")
            node.grad = 0.0 if node.parents else node.grad
        self.grad += 1.0
        for node in reversed(order):
            for parent, local in zip(node.parents, node.local):
                if parent.requires_grad:
                    parent.grad += local * node.grad


# ------------------------------------------------------------------ what it is tried on

OVERFLOW = (
    "softplus(800) is 800 and a little more, but e⁸⁰⁰ is larger than the largest float. Write it with e to the power "
    "−|a|, as week 4's log-sum-exp: max(a, 0) + log(1 + e^−|a|)."
)


def _script(*numbers: float) -> Callable:
    """A case: `build(leaves)` of an engine gives the result; the gradients of all leaves are compared."""

    def make(build: Callable) -> Callable:
        def run(engine):
            leaves = [engine(x, requires_grad=True) for x in numbers]
            y = build(engine, *leaves)
            y.backward()
            return {"value": y.data, "gradients": [leaf.grad for leaf in leaves]}

        return run

    return make


@_script(0.7, -1.2)
def _tanh(V, x, w):
    return (x * w + 0.5).tanh() * w


@_script(0.7, -1.2)
def _numbers(V, x, w):
    return (2.0 * x + 1.0) * (3.0 + w * 4.0)


@_script(0.7, -1.2)
def _softplus(V, x, w):
    return x.softplus() * 3.0 + (x * w).softplus() * w


@_script(2.0)
def _diamond(V, x):
    a = x * 2.0
    b = a + 1.0
    return a * b + a


@_script(1.5)
def _twice_used(V, x):
    return x * x + x


@_script(0.5)
def _deep(V, x):
    total = x
    for _ in range(DEPTH):
        total = total + x
    return total


def _large(engine):
    x, y = engine(800.0, requires_grad=True), engine(-800.0, requires_grad=True)
    try:
        total = x.softplus() + y.softplus()
        total.backward()
    except OverflowError:
        return Wrong(OVERFLOW, "OVERFLOW")
    return {"value": total.data, "gradients": [x.grad, y.grad]}


def _again(engine):
    x, w = engine(1.5, requires_grad=True), engine(2.0, requires_grad=True)
    h = x * w
    y = h * h
    found = []
    for _ in range(2):
        y.backward()
        found += [x.grad, w.grad]
    (x * 5.0).backward()
    return {"∂y/∂x, ∂y/∂w after one and after two passes": found, "and after one of 5x": x.grad}


def _constant(engine):
    x, c = engine(1.5, requires_grad=True), engine(2.0)
    y = x * c + c * c
    y.backward()
    return {"∂y/∂x": x.grad, "grad of c, which wants none": c.grad or 0.0}


def _refused(action: Callable) -> str:
    try:
        action()
    except RuntimeError:
        return "RuntimeError"
    return "no error"


def _no_graph(engine):
    c = engine(2.0)
    return {"backward() of c·c": _refused((c * c).backward)}


def _in_place(changes: Callable) -> Callable:
    def run(engine):
        x, w = engine(0.7, requires_grad=True), engine(-1.2, requires_grad=True)
        u = x * w
        y = changes(u)
        said = _refused(y.backward)
        return {"backward()": said} | ({} if said == "RuntimeError" else {"∂y/∂x": x.grad})

    return run


def _result(u):
    y = u.tanh()
    y.add_(1.0)
    return y


def _input(u):
    y = u.tanh()
    u.add_(1.0)
    return y


def _factor(u):
    y = u * u
    u.add_(1.0)
    return y


def _summand(u):
    y = u + u
    u.add_(1.0)
    return y


def _before(u):
    u.add_(1.0)
    return u * u


CASES = {
    "x·x + x at x = 1.5": _twice_used,
    "tanh(x·w + 0.5)·w": _tanh,
    "numbers on both sides: (2x + 1)·(3 + 4w)": _numbers,
    "3·softplus(x) + softplus(x·w)·w": _softplus,
    "the diamond: a = 2x, b = a + 1, a·b + a": _diamond,
    "y = x·w + w·w, where w requires no grad": _constant,
    "nothing requires grad": _no_graph,
    "y = (x·w)², backward twice, then another graph": _again,
    "u = x·w, y = tanh(u), y.add_(1)": _in_place(_result),
    "u = x·w, y = tanh(u), u.add_(1)": _in_place(_input),
    "u = x·w, y = u·u, u.add_(1)": _in_place(_factor),
    "u = x·w, y = u + u, u.add_(1)": _in_place(_summand),
    "u = x·w, u.add_(1), y = u·u": _in_place(_before),
    f"a sum of {DEPTH:,} terms, one after another": _deep,
    "softplus of 800 and of −800": _large,
}
ADVICE = {
    "3·softplus": "Derive the slope of log(1 + eᵃ): it is eᵃ/(1 + eᵃ), a function that you know from week 1.",
    "y = x·w + w·w": "What requires no grad gets none: leave its grad at 0.0.",
    "nothing": "Raise a RuntimeError where no gradient can be asked for.",
    "y = (x": "Leaves add up over passes; a node in the middle starts every pass at 0 (week 5).",
    "u = x·w": "Only what an operation needs on the way back must stay as it was. tanh needs its result, a product its "
    "factors, a sum nothing (weeks 7 and 8).",
}


def _advice(case, expected, got) -> str:
    return next((said for start, said in ADVICE.items() if case.label.startswith(start)), "")


exit_test = exercise(
    minutes=45,
    difficulty=3,
    cases=[Case(label, run) for label, run in CASES.items()],
    required=("__add__ __mul__ __radd__ __rmul__ tanh softplus add_ backward".split()),
    advice=_advice,
    hints=[
        "Begin with __init__, + and *, and backward over a topological order. Each result keeps its parents and the "
        "local derivative towards each; a result of operands that require no grad keeps none.",
        "A loop with a stack of pairs (node, done) gives the order. Then: inner nodes to 0, the result to 1, and "
        "backward through the order with +=.",
        "A version counts up in add_. Each result notes the version of what it needs: * both factors, softplus its input, "
        "tanh itself. backward compares before it pushes. The slope of softplus is the sigmoid.",
    ],
)(ExitTest)

for _code, _why, *_changes in [
    ("ASSIGN", "Your backward *assigns*: x·x + x at 1.5 has three contributions to x, and only the last one is left. Write "
     "`+=`.",
     ("parent.grad += local * node.grad", "parent.grad = local * node.grad")),
    ("FORWARDS", "You push from the leaves to the result. Nothing has arrived at a node then: go through the order in "
     "reverse.",
     ("for node in reversed(order):", "for node in order:")),
    ("INTERMEDIATE", "A second backward on the same graph adds too much: nodes in the middle still hold the gradient of the "
     "first pass, and push it again. Set them to 0 first.",
     ("            node.grad = 0.0 if node.parents else node.grad\n", "")),
    ("NOACCUMULATE", "Leaves start again at 0 in every pass. They must add up, as PyTorch's do; clearing is the caller's work.",
     ("node.grad = 0.0 if node.parents else node.grad", "node.grad = 0.0")),
    ("CONSTANTGRAD", "w requires no grad and gets one all the same. Push only to what asks for it.",
     ("if parent.requires_grad:", "if True:")),
    ("NOGRAPH", "backward() of a graph in which nothing requires grad does nothing, silently. Raise a RuntimeError.",
     ("if not self.requires_grad:", "if False:")),
    ("NOVERSIONCHECK", "A saved value was changed in place, and your backward goes on. Compare its version with the one that "
     "was noted.",
     ("kept.version != at", "False")),
    ("INPUTSAVED", "Your tanh refuses when its *input* has changed, and not when its result has. Its slope is 1 − t², so it "
     "keeps t.",
     ("(1.0 - t * t,))\n        out.saved = [(out, 0)]", "(1.0 - t * t,), (self,))")),
    ("SOFTPLUSSLOPE", "The slope of softplus is not that of tanh. From log(1 + eᵃ): eᵃ/(1 + eᵃ), the sigmoid.",
     ("(slope,)", "(1.0 - value * value,)")),
    ("RECURSIONLIMIT", "Right on small graphs; a sum of 2,000 terms is too deep for a function that calls itself. Build the "
     "order with a stack of your own.",
     ("        while stack:\n", "        def visit(node):\n            if node not in seen:\n                seen.add(node)\n"
      "                for p in node.parents:\n                    visit(p)\n                order.append(node)\n\n"
      "        visit(self)\n        stack = []\n        while stack:\n")),
]:  # fmt: skip
    exit_test.mistake(_code, _why)(rewritten(ExitTest, *_changes))
