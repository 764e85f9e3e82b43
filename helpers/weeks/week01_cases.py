"""Week 1: what its exercises are tried on, how an answer is judged where several are right, and what
is said about a wrong one that no known mistake explains: mostly, what a nudge would show there.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence

from helpers.agreement import agree, show
from helpers.engine import fifty
from helpers.exercise import Arguments, Case, Wrong

POINTS = [(2.0, 3.0), (-1.0, 4.0), (0.5, -2.0), (3.0, 1.0), (-2.5, -0.75), (1.25, 6.0)]
NUDGE = 0.001


# ------------------------------------------------------------------ the slope


def square(x):
    return x * x


def cube_minus(x):
    return x**3 - 2 * x


def slope_cases() -> list[Arguments]:
    tries = [
        (square, "x²", 3.0, 0.001),
        (square, "x²", -2.0, 0.01),
        (math.sin, "sin x", 1.0, 0.1),
        (cube_minus, "x³ − 2x", 0.5, 0.01),
        (math.exp, "exp x", -1.0, 0.05),
    ]
    return [
        Arguments(f"f(x) = {name}, x = {x:g}, h = {h:g}", args=(f, x, h)) for f, name, x, h in tries
    ]


def any_difference_quotient(case, expected, got):
    """Forward, backward and central difference are all answers of f to a nudge of size h."""
    f, x, h = case.args
    right = [(f(x + h) - f(x)) / h, (f(x) - f(x - h)) / h, (f(x + h) - f(x - h)) / (2 * h)]
    if any(agree(quotient, got, 1e-9) for quotient in right):
        return None
    first = agree(right[0], got)
    if not first.number_only:
        return first.message
    if agree(right[0], got, 0.05):
        return f"Close, but this is the slope for another nudge. Take the h you are given: {h:g}."
    return (
        f"A nudge of {h:g} takes x from {x:g} to {x + h:g}, and f from {f(x):.7g} to {f(x + h):.7g}. "
        "Divide the change of f by the change of x."
    )


# ------------------------------------------------------------------ f(x, y) = (x + y)·y


def node_by_node(case, expected, got):
    x, y = case.args
    if not agree(expected["q"], got["q"]):
        return f"q is what the plus makes: {x:g} + {y:g} = {x + y:g}."
    return f"Your q is right. f = q·y: {expected['q']:g} · {y:g} = {expected['f']:g}."


def nudge_x(case, expected, got):
    x, y = case.args
    return _nudged("x", x, "y", (x + y) * y, (x + NUDGE + y) * y)


def nudge_y(case, expected, got):
    x, y = case.args
    return _nudged("y", y, "x", (x + y) * y, (x + y + NUDGE) * (y + NUDGE))


def _nudged(name: str, value: float, other: str, before: float, after: float, f: str = "f") -> str:
    """What a nudge shows, in numbers."""
    slope = round((after - before) / NUDGE, 2) + 0.0
    return (
        f"Nudge {name} from {value:g} to {value + NUDGE:g}, {other} stays: {f} goes from "
        f"{before:.7g} to {after:.7g}. That is about {slope:g} per unit of nudge."
    )


# ------------------------------------------------------------------ local derivatives


FORWARD = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "max": max,
    "min": min,
    "exp": lambda a, b: math.exp(a),
    "pow": lambda a, b: a**b,
}
LOCAL_POINTS = [(op, a, b) for op in FORWARD for a, b in ((2.0, 3.0), (1.5, -2.0), (4.0, 0.5))]


def first_entries_count(case, expected, got):
    """For exp and pow a second entry is not asked for; 0, None or the derivative by b is welcome."""
    op, a, b = case.args
    got = got.item() if getattr(got, "shape", None) == () else got
    parts = [got] if isinstance(got, int | float) else got
    if not hasattr(parts, "__len__") or isinstance(parts, str | Mapping | set):
        return agree(expected, got).message
    parts = [float(p) if p in (True, False) else p for p in parts]
    if len(expected) == 1 and len(parts) == 2:
        by_b = a**b * math.log(a) if op == "pow" else 0.0
        extra = parts.pop()
        if not (extra is None or agree(0.0, extra) or agree(by_b, extra)):
            return f"For `{op}` one number is enough, ∂out/∂a; your second one, {show(extra)}, is wrong."
    if len(parts) != len(expected):
        wanted = "(∂out/∂a, ∂out/∂b)" if len(expected) == 2 else "(∂out/∂a,)"
        return f"For `{op}` a tuple {wanted} is expected, but you give {show(got)}."
    for name, right, part in zip("ab", expected, parts):
        found = agree(right, part)
        if not found and not found.number_only:
            return f"For `{op}`, ∂out/∂{name}: {found.message}"
        if not found:
            return f"`{op}`, ∂out/∂{name}: {_nudged_operand(op, a, b, name)} You say {show(part)}."
    return None


def _nudged_operand(op: str, a: float, b: float, name: str) -> str:
    f = FORWARD[op]
    if name == "a":
        return _nudged("a", a, f"b = {b:g}", f(a, b), f(a + NUDGE, b), "the result")
    return _nudged("b", b, f"a = {a:g}", f(a, b), f(a, b + NUDGE), "the result")


# ------------------------------------------------------------------ the sum over paths


def dag_cases() -> list[Arguments]:
    small = [
        ("one edge", [("x", "f", 3.0)], "x", "f"),
        ("a chain", [("x", "q", 2.0), ("q", "f", -3.0)], "x", "f"),
        ("(x + y)·y, from y", [("x", "q", 1.0), ("y", "q", 1.0), ("q", "f", 3.0), ("y", "f", 5.0)],
         "y", "f"),
        ("x·x: two edges side by side", [("x", "f", 3.0), ("x", "f", 3.0)], "x", "f"),
        ("no path", [("a", "f", 2.0), ("x", "b", 4.0)], "x", "f"),
    ]  # fmt: skip
    tries = [*small, *(_random_dag(seed) for seed in range(12))]
    return [Arguments(label, args=(edges, src, dst)) for label, edges, src, dst in tries]


def _random_dag(seed: int):
    rng = random.Random(seed)
    names = "abcdefgh"[: rng.randint(4, 8)]
    pairs = [(p, c) for i, p in enumerate(names) for c in names[i + 1 :] if rng.random() < 0.6]
    pairs += [(names[i], names[i + 1]) for i in range(len(names) - 1)]
    edges = [(p, c, round(rng.uniform(-2, 2), 2)) for p, c in pairs]
    rng.shuffle(edges)
    return f"random graph {seed} with {len(edges)} edges", edges, names[0], names[-1]


def path_by_path(case, expected, got):
    edges, src, dst = case.args
    paths = [*_paths(edges, src, dst)]
    if not paths:
        return f"No path leads from {src} to {dst}, and an empty sum is 0."
    if len(paths) > 3:
        return f"From {src} to {dst} there are {len(paths)} paths; each contributes its product."
    written = [f"{way} with {' · '.join(f'{d:g}' for d in ds)}" for way, ds in paths]
    said = f"From {src} to {dst}: {'; '.join(written)}. Multiply along each, then add."
    alone = next((way for way, ds in paths if agree(math.prod(ds), got)), None)
    return f"{said} Yours is {alone} alone." if alone else said


def _paths(edges, node, dst) -> Iterator[tuple[str, list[float]]]:
    if node == dst:
        yield node, []
    for start, end, local in edges:
        if start == node:
            for way, locals_ in _paths(edges, end, dst):
                yield f"{node}→{way}", [local, *locals_]


# ------------------------------------------------------------------ the sigmoid neuron


NEURON_POINTS = [
    ((2.0, -3.0, -3.0), (-1.0, -2.0)),
    ((0.5, 1.5, -0.25), (1.0, -0.4)),
    ((-1.2, 0.3, 0.8), (0.7, 2.0)),
]
NEURON_LINES = {
    "p0": "p0 = w0·x0",
    "p1": "p1 = w1·x1",
    "sum": "sum = p0 + p1",
    "dot": "dot = sum + w2",
    "neg": "neg = −dot",
    "exp": "exp is e to the power neg",
    "den": "den = exp + 1",
    "s": "s = 1/den",
    "dden": "the forward line is s = 1/den, and upstream is 1",
    "dexp": "the forward line is den = exp + 1, and upstream is dden",
    "dneg": "the forward line makes exp from neg, and upstream is dexp",
    "ddot": "the forward line is neg = −dot, and upstream is dneg",
    "dw": "w0 meets x0, w1 meets x1, w2 stands alone, and upstream is ddot",
    "dx": "x0 meets w0, x1 meets w1, and upstream is ddot",
}


def line_by_line(case, expected, got):
    wrong = next(key for key in NEURON_LINES if not agree(expected[key], got.get(key)))
    above = "" if wrong == "p0" else "The keys before it are right, so look at this line alone: "
    return f"{above}{NEURON_LINES[wrong]}."


# ------------------------------------------------------------------ the order


def order_graphs() -> dict:
    def named(name, node):
        node.name = name
        return node

    def leaf(name, number):
        return named(name, fifty.Value(number))

    def square():
        x = leaf("x", 2.0)
        return named("y", x * x)

    def diamond():
        a = named("a", leaf("x", 2.0) * leaf("two", 2.0))
        b = named("b", a + leaf("one", 1.0))
        c = named("c", a * b)
        return named("d", c + a)

    def ladder():
        # The last node is made first, so that neither age nor address gives an order away; and with
        # a negative number in it, neither does the value.
        nodes = [leaf(f"n{i}", 0.0) for i in range(8, -1, -1)][::-1]
        nodes[0].data, nodes[1].data = 1.0, -2.0
        for i in range(2, 9):
            a, b = nodes[i - 2], nodes[i - 1]
            made = a * b if i % 2 else a + b
            nodes[i].data, nodes[i].parents, nodes[i].op = made.data, made.parents, made.op
        return nodes[-1]

    return {"a leaf": lambda: leaf("x", 1.0), "y = x·x": square,
            "diamond: a = 2x, b = a + 1, c = a·b, d = c + a": diamond,
            "ladder of 9 nodes, each used twice": ladder}  # fmt: skip


def order_cases() -> list[Case]:
    return [_order_case(*item) for item in order_graphs().items()]


def _order_case(label: str, build) -> Case:
    def run(order_of):
        root = build()
        order = order_of(root)
        if order is not None and not isinstance(order, Sequence):
            return Wrong(f"A list is expected, but you give a {type(order).__name__}.")
        if order is None or isinstance(order, str):
            return order
        strange = [entry for entry in order if not isinstance(entry, fifty.Value)]
        if strange:
            return Wrong(_not_a_node(strange[0]))
        again = order_of(root)
        if not isinstance(again, Sequence) or [*map(id, again)] != [*map(id, order)]:
            return Wrong(
                "Called twice on the same graph, your function gives two different lists. Something "
                "is kept between the calls: a list or set outside of the function or as a default "
                "argument, or a mark on the nodes. Make it new inside.",
                "LEFTOVER",
            )
        return [getattr(node, "name", None) or show(node) for node in order]

    return Case(label, run)


def _not_a_node(entry) -> str:
    if isinstance(entry, list | tuple):
        return (
            "Your list contains lists: use `+=` (extend), which adds the nodes inside one by one."
        )
    return f"The list holds {show(entry)}, which is not a node of this graph. Append the nodes."


def any_valid_order(case, expected, got):
    if not isinstance(got, list):
        return agree(expected, got).message
    strange = next((name for name in got if name not in expected), None)
    if strange:
        return f"The list holds {strange}, which is not a node of this graph. Append the nodes."
    twice = next((name for name in got if got.count(name) > 1), None)
    if twice:
        return Wrong(
            f"`{twice}` stands in the list {got.count(twice)} times. Remember which nodes were "
            "visited, in a set.",
            "NOVISIT",
        )
    missing = [name for name in expected if name not in got]
    if missing:
        return Wrong(
            f"Missing from the list: {', '.join(missing)}. Everything belongs there: the leaves, what "
            "lies between, and root itself.",
            "MISSING",
        )
    pairs = [
        (parent.name, node.name)
        for node in _nodes(order_graphs()[case.label]())
        for parent in node.parents
    ]
    late = [(p, n) for p, n in pairs if got.index(p) > got.index(n)]
    if not late:
        return None
    if len(late) == len(pairs):
        return Wrong("Children stand before their parents: this is the order of backward. Turn it "
                     "around.", "REVERSED")  # fmt: skip
    parent, child = late[0]
    return Wrong(
        f"`{child}` stands before its parent `{parent}`. A node may be appended only when all its "
        "parents are in the list: append it *after* the loop over its parents.",
        "ORDER",
    )


def _nodes(root) -> list:
    """Every node below root once, in any order."""
    found, todo = [], [root]
    while todo:
        node = todo.pop()
        if node not in found:
            found.append(node)
            todo.extend(node.parents)
    return found
