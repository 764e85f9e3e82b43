"""Week 5, section 6: the engine with every operation, for graphs of any depth.

What it is tried on stands in `week05_cases`, wrong backward passes in `week05_backwards`.
"""

from __future__ import annotations

import ast
import gc
import inspect
from dataclasses import replace

from helpers.engine import scalar
from helpers.exercise import Exercise
from helpers.sandbox import call
from helpers.verdict import Verdict
from helpers.weeks import week05_backwards as wrong
from helpers.weeks.battery import what_the_graph_tests
from helpers.weeks.week05_backwards import engine_with
from helpers.weeks.week05_cases import DEEPER, INTERMEDIATE, NOACCUMULATE, SAMENUMBER, cases
from helpers.weeks.week05_parents import Parents, give_parents


class EngineExercise(Exercise):
    """An exercise whose reference is an engine in a file of its own, with functions beside it."""

    def check(self, attempt: object) -> Verdict:
        """As every exercise, with a word on what is worth knowing about a right engine."""
        verdict = super().check(attempt)
        if verdict.status != "passed":
            return verdict
        known = [said for look in (_cycles, _late, _parents) if (said := look(attempt))]
        if not known:
            return verdict
        head = "one thing" if len(known) == 1 else f"{len(known)} things"
        more = "\n".join([f"Right, and {head} to know:", *known])
        return replace(verdict, message=f"{verdict.message}\n{more}")

    def _examine(self, attempt: object) -> Verdict:
        """The bare verdict; a right engine also gets `parents` where it has none."""
        verdict = super()._examine(attempt)
        if verdict.status == "passed":
            call(give_parents, attempt, own=attempt)
        return verdict

    def solution_source(self) -> str:
        module = inspect.getsource(inspect.getmodule(self.reference))
        return module.split('"""', 2)[2].strip() + "\n"

    def solution_cell(self) -> str:
        """A notebook cell with this exercise solved; the class last, since it is checked at once."""
        source = self.solution_source()
        parts = [ast.get_source_segment(source, part) for part in ast.parse(source).body]
        head = f"class {self.name}:"
        own = next(part for part in parts if part.startswith(head))
        beside = [part for part in parts if not part.startswith("class ")]
        return "\n\n\n".join([*beside, f"@ex.{self.name}\n{own}"]) + "\n"


def left_behind(engine: type, n: int = 100) -> int:
    """How many objects of a graph of n nodes only the cyclic garbage collector can free."""
    gc.collect()
    x = y = engine(1.0)
    for _ in range(n):
        y = y * x
    del x, y
    return gc.collect()


def _cycles(engine: type) -> str:
    left = call(left_behind, engine, own=engine).value
    return left and (
        f"A graph of 100 nodes leaves {left} objects in reference cycles, which only the garbage "
        "collector can free. Section 8 says what that costs."
    )


def _late(engine: type) -> str:
    """A sentence if the slope of a·a at 2 changes when a is changed between forward and backward."""

    def changed_between() -> float:
        a = engine(2.0)
        c = a * a
        a.data = 100.0
        c.backward()
        return a.grad

    slope = call(changed_between, own=engine).value
    return "" if slope is None or slope == 4.0 else (
        "Your product reads `.data` when it pushes, not on the way forward. Change a leaf in between, "
        f"and the slope of a·a at 2 is {slope:g} instead of 4. The clinic has a patient with that."
    )  # fmt: skip


def _parents(engine: type) -> str:
    added = vars(engine).get("parents")
    if isinstance(added, Parents):
        return (
            f"Later cells look for `parents`, the operands of a node. Yours are in `{added.kept_in}`, so "
            "the check has added a property `parents` to your class that reads them."
        )
    return "" if call(give_parents, engine, own=engine).value else (
        "Later cells draw your graph and look for `parents`, the operands of a node in a tuple or "
        "list. Add them to your nodes."
    )  # fmt: skip


Value = EngineExercise(
    scalar.Value,
    name="Value",
    week="week05",
    minutes=90,
    difficulty=3,
    cases=cases,
    judge=None,
    required=(
        "__add__ __sub__ __mul__ __truediv__ __pow__ __neg__ exp log tanh sigmoid relu backward "
        "__radd__ __rsub__ __rmul__ __rtruediv__ __lt__ __le__ __gt__ __ge__".split()
    ),
    tolerance=1e-10,
    version=1,
    fault_codes={
        "overwrote": "ASSIGN",
        "order": "ORDER",
        "not seeded": "NOSEED",
        "missing push": "ONESIDE",
    },
    advice=what_the_graph_tests,
    hints=[
        "Begin with your engine of week 1: it has + − · / ** exp tanh relu. Each new operation is three "
        "lines, with the local derivatives of section 2. Run the cell after each: what is still missing "
        "is listed.",
        "backward: order = topological_order(self); set grad to 0.0 on every node that has parents; then "
        "self.grad = 1.0; then push, in reverse order. Leaves keep what they have.",
        "`__rsub__` is Value(other) − self. `__lt__` returns self.data < the other's number. The sigmoid "
        "is 1/(1 + e⁻ˣ), with the local derivative s·(1 − s).",
    ],
)


# ------------------------------------------------------------------ known mistakes

for _code, _why, _backward in [
    ("ASSIGN", "Your backward *assigns* gradients, so the second contribution to a shared node erases "
     "the first: x·x at 3 gives 3 instead of 6. Write `+=`.", wrong.assigning),
    ("NOUPSTREAM", "You push the local derivative alone. Multiply it by the upstream gradient, that of "
     "the node that pushes: the chain rule is a product.", wrong.local_alone),
    ("EDGEDICT", "x·x at 3 gets 3 instead of 6: the operands are kept in a dict or a set, which holds "
     "each node once. An operand used twice contributes twice; keep a tuple or a list.",
     wrong.each_parent_once),
    ("ONESIDE", "In `*` only the first operand gets its share; the second one needs its own, with "
     "self.data as the local derivative.", wrong.first_parent_of_a_product),
    ("NOSEED", "No gradient arrives anywhere: ∂f/∂f, the gradient of the result itself, is never set "
     "to 1, or set and then cleared in the same loop. Clear first, then set it.", wrong.without_a_seed),
    ("FORWARDS", "Gradients get no further than the operands of the result. If you go through the "
     "nodes from the leaves to the result, each pushes before anything has arrived at it: go in "
     "reverse.", wrong.forwards),
    ("ORDER", "You recurse into each parent at once. On the diamond a node then pushes before all its "
     "consumers have pushed to it, and again later: 52 instead of 20. Take the reversed topological "
     "order.", wrong.by_recursion),
    ("ORDER", "Your order is not topological: a node that is used twice is met, and pushes, before all "
     "its consumers have. On the diamond that gives 12 instead of 20.", wrong.as_met),
    ("ORDER", "You go level by level. A node that is used twice is met on its shortest path, and pushes, "
     "before all its consumers have. On the diamond that gives 12 instead of 20.", wrong.level_by_level),
    ("NOVISIT", "A shared node stands in your order more than once and pushes as often: 42 instead of "
     "20 on the diamond. Keep a set of visited nodes.", wrong.along_every_path),
    ("INTERMEDIATE", INTERMEDIATE, wrong.with_old_gradients),
    ("INTERMEDIATE", DEEPER, wrong.clearing_the_operands_alone),
    ("INTERMEDIATE", DEEPER, wrong.clearing_sums_and_products_alone),
    ("NOACCUMULATE", NOACCUMULATE, wrong.all_from_zero),
    ("RECURSIONLIMIT", "Everything is right on small graphs, and a long one is too deep: `backward` "
     "visits the nodes by recursion. Take the list of your iterative topological_order.", wrong.too_deep),
]:  # fmt: skip
    Value.mistake(_code, _why)(engine_with(backward=_backward))

for _code, _why, *_changes in [
    ("RADD", "`other + self` is the very sum that brought Python here: it calls `__radd__` again, and "
     "again. Turn the operands around: `self + other`.",
     ("    __radd__, __rmul__ = __add__, __mul__",
      "    __rmul__ = __mul__\n\n    def __radd__(self, other):\n        return other + self")),
    ("REFLECTED", "2 − x comes out as x − 2. `__rsub__` is called on the *right* operand: `self` is what "
     "is subtracted.",
     ("_lift(other) - self", "self - _lift(other)")),
    ("REFLECTED", "2 / x comes out as x / 2. `__rtruediv__` is called on the *right* operand: `self` is "
     "the divisor.",
     ("_lift(other) / self", "self / _lift(other)")),
    ("COMPARE", "Your comparisons ask for the gradients, or answer for the other operand: x < y is true "
     "where the *number* of x is below that of y.",
     ("compare(float(self.data), _lift(other).data)", "compare(_lift(other).data, float(self.data))")),
    ("SAMENUMBER", SAMENUMBER,
     ("    __radd__, __rmul__ = __add__, __mul__",
      "    __radd__, __rmul__ = __add__, __mul__\n\n    def __eq__(self, other):\n"
      "        return isinstance(other, Value) and self.data == other.data\n\n"
      "    def __hash__(self):\n        return hash(self.data)")),
    ("OWNDATA", "`*` gives each operand its own value. A product *swaps*: self gets other.data, other "
     "gets self.data.",
     ("(other.data, self.data), \"*\"", "(self.data, other.data), \"*\"")),
    ("SUBSIGN", "In x − y a nudge of y lowers the result: its local derivative is −1.",
     ("(1.0, -1.0), \"-\"", "(1.0, 1.0), \"-\"")),
    ("NEGSIGN", "−x falls when x grows: its local derivative is −1.", ("(-1.0,), \"neg\"", "(1.0,), \"neg\"")),
    ("DIVSIGN", "In a/b a larger b makes the result smaller: ∂/∂b = −a/b².",
     ("-q / other.data), \"/\"", "q / other.data), \"/\"")),
    ("DIVSQUARE", "In a/b the divisor is squared in ∂/∂b = −a/b².",
     ("-q / other.data), \"/\"", "-q), \"/\"")),
    ("POWN", "The power rule lowers the exponent by one: n·x**(n − 1).",
     ("n * self.data ** (n - 1) if", "n * self.data ** n if")),
    ("POWFACTOR", "The exponent comes down as a factor: n·x**(n − 1).",
     ("n * self.data ** (n - 1) if", "self.data ** (n - 1) if")),
    ("EXPINPUT", "The local derivative of exp is its output e, not its input.",
     ("(e,), \"exp\"", "(self.data,), \"exp\"")),
    ("LOGX", "The local derivative of log is 1/x.", ("(1.0 / self.data,), \"log\"", "(self.data,), \"log\"")),
    ("TANHIN", "tanh' is 1 − t² with the *output* t. You used the input, which is why the slope can "
     "become negative.",
     ("1.0 - t * t", "1.0 - self.data * self.data")),
    ("SIGMOIDIN", "The sigmoid's slope is s·(1 − s) with the *output* s. You used the input.",
     ("s * (1.0 - s)", "self.data * (1.0 - self.data)")),
    ("SIGMOIDTANH", "1 − s² is the slope of tanh. The sigmoid's is s·(1 − s).",
     ("s * (1.0 - s)", "1.0 - s * s")),
    ("RELUMASK", "relu passes nothing where its input is negative: its local derivative is 0 there.",
     ("(float(self.data > 0),)", "(1.0,)")),
]:  # fmt: skip
    Value.mistake(_code, _why)(engine_with(*_changes))
