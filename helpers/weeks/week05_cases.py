"""Week 5, section 6: what the engine with every operation is tried on."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace

from helpers.agreement import agree, show
from helpers.engine import scalar
from helpers.exercise import Case, Wrong
from helpers.fuzz import random_program
from helpers.weeks.battery import engine_cases
from helpers.weeks.week05_order import usual_depth

DEPTH = 5_000
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
SINGLE = {
    "−x": lambda x, y: -x,
    "log(x)": lambda x, y: x.log(),
    "sigmoid(x)": lambda x, y: x.sigmoid(),
    "sigmoid(y)": lambda x, y: y.sigmoid(),
    "2 + x": lambda x, y: 2 + x,
    "2 − x": lambda x, y: 2 - x,
    "2 · x": lambda x, y: 2 * x,
    "2 / x": lambda x, y: 2 / x,
}
INTERMEDIATE = (
    "A second backward must add 36 once more; yours adds more than that. The node in the middle still "
    "holds the gradient of the first pass and pushes that again. Leaves accumulate, but a node in the "
    "middle belongs to one pass: set its gradient to 0 before the result gets its 1."
)
DEEPER = (
    "A second backward must double the gradient of a; yours does not. Some node in the middle still "
    "holds its gradient of the first pass and pushes that again. Set *every* node that has parents to 0, whatever its operation and however deep it lies."
)
NOACCUMULATE = (
    "A second backward must *add* to the leaves: 36, then 72. Yours leaves 36: either the leaves start "
    "again at 0, or the second pass pushes nothing (a mark that stays, parents thrown away). Two losses "
    "that share a parameter would lose a contribution; clearing is zero_grad's job."
)
SAMENUMBER = (
    "Two different nodes with the same number are one for your engine: `==` compares numbers, so that "
    "Value(2.0) == Value(2.0) is True, and a set or dict may take one node for another. A node is itself "
    "and nothing else: leave `==` and the hash alone; for a dataclass write `@dataclass(eq=False)`."
)
RAISED = (
    "Your engine raises Python's recursion limit. That holds for the whole program, and a deep recursion "
    "can then end it without any message. Use the list of topological_order instead."
)


def cases() -> list[Case]:
    """Week 1's battery, the new operations, and what makes an engine fit for use."""
    graphs = {f"({name})·7 at x = 0.8, y = −1.3": _times_seven(f) for name, f in SINGLE.items()}
    graphs["two nodes with the same number: a = 3x, b = 3y at x = y = 2"] = _same_number
    for seed in range(25):
        program = random_program(1000 + seed, size=3 + seed % 12)
        graphs[f"random expression {1000 + seed}"] = _of_program(program)
    tried = [
        Case("Value(2.0) == Value(2.0), two nodes", _two_nodes),
        *engine_cases(random_graphs=5),
        *(_graph_case(label, build) for label, build in graphs.items()),
        Case("x < y, x <= y, x > y, x >= y, of nodes and of numbers", _compared),
        Case("c = (3a)² at a = 2, backward twice", _twice),
        Case("c = (tanh(−3a) + a)² at a = 0.5, backward twice", _twice_and_deeper),
        Case("f = 2h and g = 5h with h = x², backward of both", _two_results),
        Case("backward of h = x², while f = exp(h) exists, too", _from_the_middle),
        Case(f"a sum of {DEPTH:,} terms, one after another", _deep),
    ]
    return [replace(case, run=_at_the_usual_depth(case.run)) for case in tried]


def _at_the_usual_depth(run: Callable) -> Callable:
    """Run a case with Python's usual recursion limit, and see that it stays as it is."""

    def guarded(engine):
        try:
            with usual_depth() as changed:
                found = run(engine)
        except AttributeError as error:
            if type(error.obj) not in (int, float) or error.name != "data":
                raise
            return Wrong(
                f"The other side of the operation is the plain number {error.obj!r} here, and a number "
                "has no `data`. Make a node of it first, whatever kind of number it is."
            )
        return Wrong(RAISED, "RECURSIONLIMIT") if changed() else found

    return guarded


def _times_seven(f: Callable) -> Callable:
    def build(V):
        x, y = V(0.8), V(-1.3)
        t = f(x, y)
        return t * V(7.0) if hasattr(t, "data") else t, dict(x=x, y=y)

    return build


def _same_number(V):
    x, y = V(2.0), V(2.0)
    a, b = x * 3.0, y * 3.0
    return a * b + a, dict(x=x, y=y, a=a, b=b)


def _of_program(program) -> Callable:
    def build(V):
        leaves = [V(x) for x in program.leaves]
        return program.run(leaves), {f"x{i}": leaf for i, leaf in enumerate(leaves)}

    return build


def _graph_case(label: str, build: Callable) -> Case:
    right, named = build(scalar.Value)
    right.backward()
    leaves = {name: node.grad for name, node in named.items() if not node.parents}

    def run(engine):
        root, named = build(engine)
        if not hasattr(root, "data"):
            return Wrong(f"This operation gives {show(root)}. It must return a new node.")
        if not agree(right.data, root.data):
            return Wrong(
                f"The number itself is wrong, before any gradient: {label} is {show(right.data)}, but "
                f"your engine computes {show(root.data)}. Look at the forward part of the operation."
            )
        root.backward()
        return {f"∂/∂{name}": _grad(named[name]) for name in leaves}

    return Case(label, run, graph=build)


def _grad(node) -> object:
    return 0.0 if node.grad is None else node.grad


def _two_nodes(engine):
    try:
        same = bool(engine(2.0) == engine(2.0))
    except Exception:  # what fails here fails below, too, and is explained there
        return "two"
    return Wrong(SAMENUMBER, "SAMENUMBER") if same else "two"


def _compared(engine):
    pairs = [(2.0, 3.0), (3.0, 2.0), (2.0, 2.0)]
    ways = [(engine, engine), (engine, lambda number: number), (lambda number: number, engine)]
    for left, right in ways:
        for a, b in pairs:
            for sign, compare in COMPARISONS.items():
                wrong = _wrong_answer(sign, compare, left(a), right(b))
                if wrong:
                    return wrong
    return "as numbers"


def _wrong_answer(sign: str, compare: Callable, a: object, b: object) -> Wrong | None:
    one, two = (getattr(side, "data", side) for side in (a, b))
    plain = f"{one:g} {sign} {two:g}"
    try:
        answer = compare(a, b)
    except AttributeError as error:
        if not isinstance(error.obj, float):
            raise
        return Wrong(
            f"In `x {sign} {two:g}` the other side is a plain number, and a number has no "
            f"`{error.name}`. Ask first whether it is a Value."
        )
    if answer is None:
        return Wrong(f"`{sign}` gives None: is a `return` missing?")
    if not isinstance(answer, bool) and not hasattr(answer, "dtype"):
        return Wrong(f"A comparison gives True or False; yours gives {show(answer)}.")
    right = compare(one, two)
    if bool(answer) == right:
        return None
    swapped = ": are the sides swapped?" if one != two else ""
    return Wrong(f"With nodes `{plain}` gives {not right}, and must be {right}{swapped or '.'}")


def _twice(engine):
    a = engine(2.0)
    b = a * engine(3.0)
    c = b * b
    found = []
    for _ in range(2):
        c.backward()
        found.append(_grad(a))
    if any(agree([36.0, more], found) for more in (108.0, 144.0)):  # 144: the result, too
        return Wrong(INTERMEDIATE, "INTERMEDIATE")
    if agree([36.0, 36.0], found):
        return Wrong(NOACCUMULATE, "NOACCUMULATE")
    return {"∂c/∂a after one backward": found[0], "∂c/∂a after two": found[1]}


def _twice_and_deeper(engine):
    a = engine(0.5)
    b = (-(a * engine(3.0))).tanh() + a
    c = b * b
    found = []
    for _ in range(2):
        c.backward()
        found.append(_grad(a))
    once, both = found
    if agree(once, both):
        return Wrong(NOACCUMULATE, "NOACCUMULATE")
    if not agree(2 * once, both):
        return Wrong(DEEPER, "INTERMEDIATE")
    return {"∂c/∂a after one backward": once, "∂c/∂a after two": both}


def _two_results(engine):
    x = engine(1.5)
    h = x * x
    f, g = h * engine(2.0), h * engine(5.0)
    f.backward()
    g.backward()
    return {"∂f/∂x + ∂g/∂x": _grad(x)}


def _from_the_middle(engine):
    x = engine(1.5)
    h = x * x
    f = h.exp()
    h.backward()
    return {"∂h/∂x": _grad(x), "f": f.data}


def _deep(engine):
    x = total = engine(0.5)
    for _ in range(DEPTH):
        total = total + x
    total.backward()
    return {"value": total.data, "∂/∂x": _grad(x)}
