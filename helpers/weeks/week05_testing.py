"""Week 5, sections 7 and 8: an engine tested with random expressions, and what a node costs."""

from __future__ import annotations

import gc
import math
import sys
import tracemalloc

from helpers.agreement import agree, show
from helpers.engine import fifty, scalar
from helpers.exercise import Case, Wrong, exercise
from helpers.fuzz import random_program
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week05_backwards import engine_with
from helpers.weeks.week05_engine import Value

# ------------------------------------------------------------------ random expressions

EXPRESSIONS = 60
_known = {mistake.code: mistake.attempt for mistake in Value.mistakes}

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
}  # fmt: skip


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


def fuzz_cases() -> list[Case]:
    right = {"with stored local derivatives": scalar.Value, "with closures": closures()}
    cases = [_fuzz_case(f"a right engine, {name}", engine, True) for name, engine in right.items()]
    cases += [_fuzz_case(f"an engine {name}", e, False) for name, e in WRONG_ENGINES.items()]
    return cases


def _fuzz_case(label: str, engine: type, right: bool) -> Case:
    def run(fuzz):
        found = fuzz(engine, EXPRESSIONS)
        found = len(found) if isinstance(found, list | tuple | set) else found
        if not agree(0.0, found) and not isinstance(found, int):
            return found if found is None else Wrong(
                f"fuzz returns how many of the n expressions went wrong, a number; yours returns "
                f"{show(found)}."
            )  # fmt: skip
        if found > EXPRESSIONS or found < 0:
            return Wrong(f"Of {EXPRESSIONS} expressions {found} cannot go wrong.")
        if right and found:
            return Wrong(
                f"Your fuzz blames a right engine for {found} of {EXPRESSIONS} expressions. Is PyTorch in "
                "float64, is a leaf that is not used taken as 0, and does the comparison allow for rounding?",
                "BLAMES",
            )
        if not right and not found:
            return Wrong(f"An engine {label.removeprefix('an engine ')} passes your fuzz on "
                         f"{EXPRESSIONS} expressions.")  # fmt: skip
        return "passes" if right else "is caught"

    return Case(label, run)


def _a_number(case, expected, got):
    return None if got == expected else agree(0.0, got).message


@exercise(
    minutes=30,
    difficulty=2,
    cases=fuzz_cases,
    judge=_a_number,
    hints=[
        "For each of n seeds: one expression, run twice, once on the engine's leaves and once on "
        "PyTorch's. Which numbers must agree at the end?",
        "The value of the result, and the gradient of *every* leaf. A tensor for each leaf: "
        "torch.tensor(x, dtype=torch.float64, requires_grad=True). A leaf that is not used has the "
        "gradient None in PyTorch; that means 0.",
        "math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) is False for NaN, too. Count the seeds where "
        "not all pairs are close.",
    ],
)
def fuzz(engine, n):
    """How many of n random expressions the engine gets wrong, by value or by gradient."""
    import torch

    wrong = 0
    for seed in range(n):
        program = random_program(seed, size=1 + seed % 20)
        ours = [engine(x) for x in program.leaves]
        theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.leaves]
        result, truth = program.run(ours), program.run(theirs)
        result.backward()
        truth.backward()
        pairs = [(result.data, truth.item())]
        for leaf, tensor in zip(ours, theirs):
            pairs.append((leaf.grad, 0.0 if tensor.grad is None else tensor.grad.item()))
        if not all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in pairs):
            wrong += 1
    return wrong


_CLOSE = "math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)"

for _code, _why, *_changes in [
    ("VALUESONLY", "You compare the values only. The gradients are what an engine is for: compare "
     "`leaf.grad` of every leaf.",
     ("            pairs.append((leaf.grad, 0.0 if tensor.grad is None else tensor.grad.item()))",
      "            pass")),
    ("LOOSE", "Your tolerance is too wide: a slope that is off by a millionth slips through. Both sides "
     "compute in float64 and agree to about 12 digits; allow a relative error of 1e-9.",
     ("rel_tol=1e-9, abs_tol=1e-12", "rel_tol=1e-4, abs_tol=1e-4")),
    ("NAN", "An engine that gives NaN passes: every comparison with NaN is false, also `abs(a − b) > "
     "tolerance`. Ask whether the numbers *are* close, not whether they are far apart.",
     (f"not all({_CLOSE} for", "any(abs(a - b) > 1e-9 * max(abs(a), abs(b), 1e-3) for")),
    ("ONEPROGRAM", "You try one and the same expression n times. The seed must change from expression to "
     "expression.",
     ("random_program(seed, size=1 + seed % 20)", "random_program(0, size=2)")),
    ("FLOAT32", "PyTorch computes in float32 here, with 7 digits, so right engines look wrong. Ask for "
     "`dtype=torch.float64`.",
     ("dtype=torch.float64, ", "")),
    ("COUNTRIGHT", "You count the expressions that are right. Asked for are those that go wrong.",
     ("    return wrong", "    return n - wrong")),
]:  # fmt: skip
    fuzz.mistake(_code, _why)(rewritten(fuzz.reference, *_changes))


# ------------------------------------------------------------------ what a node costs

NEAR = 0.25  # relative: what is counted around a chain may differ


def sized_engines() -> dict[str, type]:
    from micrograd.engine import Value as Micrograd

    return {
        "week 1's engine": fifty.Value,
        "the course's engine": scalar.Value,
        "micrograd's": Micrograd,
    }


def size_cases() -> list[Case]:
    return [
        Case(name, lambda f, engine=e: _sized(f, engine)) for name, e in sized_engines().items()
    ]


def _sized(engine_size, engine: type) -> object:
    gc.collect()  # also empties the stores of freed tuples and floats, which are not counted again
    try:
        return engine_size(engine)
    finally:
        tracemalloc.stop()


def _near(case, expected, got):
    plain = agree(expected, got, NEAR)
    if plain or not plain.number_only:
        return plain.message
    ratio = got / expected
    if abs(got) < 1:
        return Wrong(
            "Nothing is left when you measure. If the chain is not kept, its nodes are freed at once: "
            "hold on to the last one.", "FREED")  # fmt: skip
    if 1.3 < ratio < 2.6:
        return Wrong(
            "Much more than a node costs. `y * 2.0` makes *two* nodes, the product and a leaf for the "
            "number. Multiply by a node that is there already.", "TWONODES")  # fmt: skip
    if ratio > 20:
        return Wrong(
            "That is the memory of the whole chain. Divide by the number of nodes.", "WHOLE"
        )
    if got == sys.getsizeof(sized_engines()[case.label](1.0)):
        return Wrong(
            "sys.getsizeof looks at one object and at nothing that it refers to: not at the float in it, "
            "the tuples, the closure. Measure the memory before and after.", "SHALLOW")  # fmt: skip
    low = ratio < 1
    return Wrong(
        f"{case.label}: about {expected:.0f} bytes for a node in a chain of products, and you measure "
        f"{got:.0f}. {'Something is not counted' if low else 'Something else is counted, too'}."
    )


@exercise(
    minutes=15,
    difficulty=2,
    cases=size_cases,
    judge=_near,
    hints=[
        "Ask Python how much memory it has given out, build many nodes, and ask again.",
        "tracemalloc.start() begins to count; tracemalloc.get_traced_memory()[0] is what is in use now. "
        "Keep the last node, and the whole chain stays alive.",
        "x = y = engine(1.0); then n times y = y * x between two measurements; "
        "return (after - before) / n. Stop with tracemalloc.stop().",
    ],
)
def engine_size(engine):
    """Bytes that one more node costs: the memory of a chain of products, divided by its length."""
    import tracemalloc

    n = 2000
    x = y = engine(1.0)
    gc.collect()  # Python keeps freed tuples for later; this lets them go
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(n):
        y = y * x
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / n


@engine_size.mistake(
    "SHALLOW",
    "sys.getsizeof looks at one object and at nothing that it refers to: not at the float in it, the "
    "tuples, the closure. Measure the memory before and after.",
)
def _shallow(engine):
    x = engine(1.0)
    return sys.getsizeof(x * x)


for _code, _why, *_changes in [
    ("WHOLE", "That is the memory of the whole chain. Divide by the number of nodes.",
     ("(after - before) / n", "after - before")),
    ("TWONODES", "Much more than a node costs. `y * 2.0` makes *two* nodes, the product and a leaf for "
     "the number. Multiply by a node that is there already.",
     ("y = y * x", "y = y * 1.5")),
    ("FREED", "Nothing is left when you measure. If the chain is not kept, its nodes are freed at once: "
     "hold on to the last one.",
     ("        y = y * x", "        x * x")),
]:  # fmt: skip
    engine_size.mistake(_code, _why)(rewritten(engine_size.reference, *_changes))
