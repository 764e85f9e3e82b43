"""Week 1: what its exercises are tried on, and how an answer is judged where several are right."""

from __future__ import annotations

import math
import random

from helpers.engine import scalar
from helpers.exercise import Case, Wrong

POINTS = [(2.0, 3.0), (-1.0, 4.0), (0.5, -2.0), (3.0, 1.0), (-2.5, -0.75), (1.25, 6.0)]


def _square(x):
    return x * x


def _cube_minus(x):
    return x**3 - 2 * x


def slope_cases():
    tries = [
        (_square, "x²", 3.0, 0.001),
        (_square, "x²", -2.0, 0.01),
        (math.sin, "sin x", 1.0, 0.1),
    ]
    tries += [(_cube_minus, "x³ − 2x", 0.5, 0.01), (math.exp, "exp x", -1.0, 0.05)]
    return [
        Case(f"f(x) = {name}, x = {x:g}, h = {h:g}", lambda slope, f=f, x=x, h=h: slope(f, x, h))
        for f, name, x, h in tries
    ]


def any_difference_quotient(case, expected, got):
    """Forward, backward and central difference are all answers of f to a nudge of size h."""
    f, x, h = case.run(lambda f, x, h: (f, x, h))
    right = [(f(x + h) - f(x)) / h, (f(x) - f(x - h)) / h, (f(x + h) - f(x - h)) / (2 * h)]
    if any(math.isclose(got, r, rel_tol=1e-9) for r in right):
        return None
    return "That is neither (f(x + h) − f(x)) / h nor one of its relatives."


OPS = ("add", "mul", "max", "min", "exp", "pow")
LOCAL_POINTS = [(op, a, b) for op in OPS for a, b in ((2.0, 3.0), (1.5, -2.0), (4.0, 0.5))]


def first_entries_count(case, expected, got):
    """For exp and pow a second entry is not asked for; 0 or the derivative by b is welcome."""
    op, a, b = case.args
    if op in ("exp", "pow") and isinstance(got, (tuple, list)) and len(got) == 2:
        also = (0.0,) if op == "exp" else (0.0, a**b * math.log(a))
        if any(math.isclose(got[1], other, abs_tol=1e-12) for other in also):
            got = got[:1]
    if op in ("exp", "pow") and isinstance(got, (int, float)) and not isinstance(got, bool):
        got = (got,)
    if not isinstance(got, (tuple, list)) or len(got) != len(expected):
        return f"For `{op}` expected {len(expected)} local derivative(s) in a tuple, got {got!r}."
    if all(math.isclose(g, e, rel_tol=1e-10) for g, e in zip(got, expected)):
        return None
    return f"The local derivatives of `{op}` at a = {a:g}, b = {b:g} are different."


def dag_cases():
    small = [
        ("one edge", [("x", "f", 3.0)], "x", "f"),
        ("a chain", [("x", "q", 2.0), ("q", "f", -3.0)], "x", "f"),
        ("(x + y)·y, from y", [("x", "q", 1.0), ("y", "q", 1.0), ("q", "f", 3.0), ("y", "f", 5.0)],
         "y", "f"),
        ("x·x: two edges side by side", [("x", "f", 3.0), ("x", "f", 3.0)], "x", "f"),
        ("no path", [("a", "f", 2.0), ("x", "b", 4.0)], "x", "f"),
    ]  # fmt: skip
    return [_dag_case(*each) for each in (*small, *(_random_dag(seed) for seed in range(12)))]


def _random_dag(seed):
    rng = random.Random(seed)
    names = "abcdefgh"[: rng.randint(4, 8)]
    pairs = [(p, c) for i, p in enumerate(names) for c in names[i + 1 :] if rng.random() < 0.6]
    pairs += [(names[i], names[i + 1]) for i in range(len(names) - 1)]
    edges = [(p, c, round(rng.uniform(-2, 2), 2)) for p, c in pairs]
    rng.shuffle(edges)
    return f"random graph {seed} with {len(edges)} edges", edges, names[0], names[-1]


def _dag_case(label, edges, src, dst):
    return Case(label, lambda f: f(list(edges), src, dst))


NEURON_POINTS = [
    ((2.0, -3.0, -3.0), (-1.0, -2.0)),
    ((0.5, 1.5, -0.25), (1.0, -0.4)),
    ((-1.2, 0.3, 0.8), (0.7, 2.0)),
]


def order_graphs():
    V = scalar.Value

    def chain():
        x = V(2.0, name="x")
        y = x * x
        y.name = "y"
        return y

    def diamond():
        x = V(2.0, name="x")
        a = x * V(2.0, name="two")
        b = a + V(1.0, name="one")
        c = a * b
        d = c + a
        a.name, b.name, c.name, d.name = "abcd"
        return d

    def ladder():
        nodes = [V(1.0, name="n0"), V(2.0, name="n1")]
        for i in range(2, 9):
            node = nodes[-1] * nodes[-2] if i % 2 else nodes[-2] + nodes[-1]
            node.name = f"n{i}"
            nodes.append(node)
        return nodes[-1]

    return {"a leaf": lambda: V(1.0, name="x"), "y = x·x": chain,
            "diamond: a = 2x, b = a + 1, c = a·b, d = c + a": diamond,
            "ladder of 9 nodes, each used twice": ladder}  # fmt: skip


def order_cases():
    return [_order_case(*item) for item in order_graphs().items()]


def _order_case(label, build):
    def run(order_of):
        order = order_of(build())
        return [getattr(node, "name", repr(node)) for node in order]

    return Case(label, run)


def any_valid_order(case, expected, got):
    if sorted(got) == sorted(expected):
        build = order_graphs()[case.label]
        place = {name: i for i, name in enumerate(got)}
        nodes = scalar.topological_order(build())
        pairs = [(p.name, n.name) for n in nodes for p in n.parents]
        late = next((pair for pair in pairs if place[pair[0]] > place[pair[1]]), None)
        if late is None:
            return None
        if all(place[p] > place[n] for p, n in pairs):
            return Wrong("Children come before their parents: this is the order of backward. "
                         "Turn it around.", "REVERSED")  # fmt: skip
        return Wrong(
            f"`{late[1]}` comes before its parent `{late[0]}`. A node may be appended only after all "
            "its parents: append *after* the loop over parents, not before it.",
            "ORDER",
        )
    twice = next((name for name in got if got.count(name) > 1), None)
    if twice:
        return Wrong(
            f"`{twice}` stands in the order {got.count(twice)} times. Remember which nodes were "
            "visited, in a set.",
            "NOVISIT",
        )
    missing = [name for name in expected if name not in got]
    return Wrong(f"Missing from the order: {', '.join(missing)}.", "MISSING")
