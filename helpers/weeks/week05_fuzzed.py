"""Week 5, section 7: the engines on which a learner's fuzz is tried, two right ones and wrong ones."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from helpers.engine import scalar
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week05_backwards import engine_with
from helpers.weeks.week05_engine import Value


def closures() -> type:
    """A right engine of another design: each node keeps a function that pushes."""

    class Closures:
        def __init__(self, data, parents=()):
            self.data, self.grad, self.parents = data, 0.0, parents
            self.push = lambda: None

        @staticmethod
        def made(data, *rules):
            out = Closures(data, tuple(parent for parent, _ in rules))

            def push():
                for parent, local in rules:
                    parent.grad += local * out.grad

            out.push = push
            return out

        def __add__(self, other):
            return self.made(self.data + other.data, (self, 1.0), (other, 1.0))

        def __sub__(self, other):
            return self.made(self.data - other.data, (self, 1.0), (other, -1.0))

        def __mul__(self, other):
            return self.made(self.data * other.data, (self, other.data), (other, self.data))

        def __truediv__(self, other):
            a, b = self.data, other.data
            return self.made(a / b, (self, 1 / b), (other, -a / b**2))

        def __pow__(self, n):
            return self.made(self.data**n, (self, n * self.data ** (n - 1)))

        def __neg__(self):
            return self.made(-self.data, (self, -1.0))

        def exp(self):
            return self.made(math.exp(self.data), (self, math.exp(self.data)))

        def log(self):
            return self.made(math.log(self.data), (self, 1 / self.data))

        def tanh(self):
            return self.made(math.tanh(self.data), (self, 1 - math.tanh(self.data) ** 2))

        def sigmoid(self):
            s = 1 / (1 + math.exp(-self.data))
            return self.made(s, (self, s * (1 - s)))

        def relu(self):
            return self.made(max(self.data, 0), (self, self.data > 0))

        def backward(self):
            self.grad = 1.0
            for node in reversed(scalar.topological_order(self)):
                node.push()

    return Closures


RIGHT_ENGINES = {"with stored local derivatives": scalar.Value, "with closures": closures()}

# ------------------------------------------------------------------ wrong ones

_SHOWN = """        @property
        def data(self):
            return self.value * 1.001 if self.parents else self.value

        @staticmethod"""


def right_for(pick: Callable) -> type:
    """An engine with the right gradient at one leaf, the first or the last, and wrong ones beside it."""
    Right, births = closures(), itertools.count()

    class OneLeaf(Right):
        def __init__(self, data, parents=()):
            super().__init__(data, parents)
            self.birth = next(births)

        @staticmethod
        def made(data, *rules):
            out = OneLeaf(data, tuple(parent for parent, _ in rules))

            def push():
                for parent, local in rules:
                    parent.grad += local * out.grad

            out.push = push
            return out

        def backward(self):
            super().backward()
            leaves = [node for node in scalar.topological_order(self) if not node.parents]
            for leaf in leaves:
                if leaf.birth != pick(other.birth for other in leaves):
                    leaf.grad *= 1.001

    return OneLeaf


_known = {mistake.code: mistake.attempt for mistake in Value.mistakes}

INFLATED = "whose every result is a thousandth too large, with the right gradients"
FIRST = "with the right gradient at the first leaf only"
LAST = "with the right gradient at the last leaf only"
WRONG_ENGINES = {
    "whose tanh has a wrong slope": _known["TANHIN"],
    "that overwrites gradients": _known["ASSIGN"],
    "that pushes too early": _known["ORDER"],
    "whose relu lets every gradient pass": _known["RELUMASK"],
    "whose tanh is a thousandth too large, with the slope of that": engine_with(
        ('Value(t, (self,), (1.0 - t * t,), "tanh")',
         'Value(1.001 * t, (self,), (1.001 * (1.0 - t * t),), "tanh")')),
    "whose sigmoid has a slope that is off by a millionth": engine_with(
        ("s * (1.0 - s),", "s * (1.0 - s) * 1.000001,")),
    "whose log has the slope NaN": engine_with(("(1.0 / self.data,)", "(math.nan,)")),
    INFLATED: rewritten(
        closures, ("self.data", "self.value"), ("other.data", "other.value"),
        ("        @staticmethod", _SHOWN))(),
    FIRST: right_for(min),
    LAST: right_for(max),
}  # fmt: skip
