"""Week 7: the PyTorch graphs that the exercises are tried on, and how a list of their nodes is judged.

Nodes of two runs are never the same objects, so what an attempt says about nodes is translated into
their names: "MulBackward0", "AccumulateGrad of x".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence

import torch

from helpers.agreement import agree, show
from helpers.exercise import Case, Wrong

DEEP = 3000  # operations in a chain; Python's own stack ends at about 1000


def leaf(shape: tuple[int, ...] = (), seed: int = 0, requires_grad: bool = True) -> torch.Tensor:
    """Seeded numbers in float64, between 0.5 and 1.5 in size, of either sign."""
    made = torch.Generator().manual_seed(seed)
    size = torch.rand(shape, generator=made, dtype=torch.float64) + 0.5
    signs = 2 * torch.randint(0, 2, shape, generator=made) - 1
    return (size * signs).requires_grad_(requires_grad)


# ------------------------------------------------------------------ graphs


def plus_times():
    x, y = leaf(seed=1), leaf(seed=2)
    return (x + y) * y, dict(x=x, y=y)


def mirrored():
    x, y = leaf(seed=1), leaf(seed=2)
    return y * (x + y), dict(x=x, y=y)


def late_user():
    x = leaf(seed=1)
    a = x * 2.0
    return a + a.exp(), dict(x=x)


def a_sum():
    x, y = leaf(seed=1), leaf(seed=2)
    return x + y, dict(x=x, y=y)


def square():
    x = leaf(seed=3)
    return x * x, dict(x=x)


def with_constants():
    x = leaf(seed=4)
    return (x * 3.0 + leaf(seed=5, requires_grad=False)) ** 2, dict(x=x)


def diamond():
    x = leaf(seed=6)
    a = x * 2.0
    b = a + 1.0
    c = a * b
    return c + a, dict(x=x)


def ladder():
    x, y = leaf(seed=7), leaf(seed=8)
    a, b = x * y, x.tanh()
    for _ in range(6):
        a, b = b * a, a + b
    return (a - b) * x, dict(x=x, y=y)


def layer():
    X, W = leaf((4, 3), seed=9, requires_grad=False), leaf((3, 2), seed=10)
    b = leaf((2,), seed=11)
    return ((X @ W + b).tanh() ** 2).mean(), dict(W=W, b=b)


def square_layer():
    X, W = leaf((3, 3), seed=12), leaf((3, 3), seed=13)
    b = leaf((3,), seed=14)
    return ((X @ W + b).exp() * b).sum(), dict(X=X, W=W, b=b)


def inner_broadcast():
    M, v, X = leaf((3, 2), seed=15), leaf((2,), seed=16), leaf((4, 3), seed=17)
    return ((M @ v + X).tanh() * X).sum(), dict(M=M, v=v, X=X)


def chain_of(length: int):
    x = leaf(seed=18)
    y = x
    for k in range(length):
        y = y * 1.0001 if k % 2 else y + x
    return y, dict(x=x)


WALKED = {
    "x + y": a_sum,
    "(x + y)·y": plus_times,
    "y·(x + y)": mirrored,
    "x·x": square,
    "(3x + c)², 3 and c are constants": with_constants,
    "a + exp(a), a = 2x": late_user,
    "diamond: a = 2x, b = a + 1, c = a·b, d = c + a": diamond,
    "ladder: every node is used twice": ladder,
    "layer: mean of tanh(X·W + b)²": layer,
    f"a chain of {DEEP} operations": lambda: chain_of(DEEP),
}


# ------------------------------------------------------------------ walking


def walk_cases() -> list[Case]:
    return [_walk_case(*item) for item in WALKED.items()]


def _walk_case(label: str, build: Callable) -> Case:
    def run(walk):
        root, leaves = build()
        names = names_of_nodes(root.grad_fn, leaves)
        found = through_none(walk, root.grad_fn)
        if isinstance(found, Wrong):
            return found
        if isinstance(found, str) or not isinstance(found, Sequence):
            return found
        return [_name_of(item, names) for item in found]

    return Case(label, run)


def through_none(function: Callable, fn, *args) -> object:
    """What a learner's function makes of a graph; a Wrong where it follows an edge to None."""
    try:
        return function(*(args or (fn,)))
    except (AttributeError, TypeError) as error:
        into_none = any(words in str(error) for words in _USES_OF_NONE)
        if not (into_none and any(p is None for n in _in_order(fn) for p, _ in n.next_functions)):
            raise
        return Wrong(
            "Your code goes along an edge that leads to None. It belongs to an operand that wants no "
            "gradient, a constant: skip it.",
            "NONEEDGE",
        )


_USES_OF_NONE = (
    "'NoneType' object has no attribute",
    "'NoneType' object is not callable",
    "and 'NoneType'",
)


def names_of_nodes(fn, leaves: Mapping[str, torch.Tensor]) -> dict[object, str]:
    """Every node below fn with a name of its own, consumers first."""
    order = _in_order(fn)
    counts, names = {}, {}
    for node in order:
        name = node.name().rpartition("::")[2]
        if hasattr(node, "variable"):
            name += f" of {next(k for k, leaf in leaves.items() if leaf is node.variable)}"
        counts[name] = counts.get(name, 0) + 1
        names[node] = name if counts[name] == 1 else f"{name} #{counts[name]}"
    return names


def _in_order(fn) -> list:
    """Nodes below fn, each before its operands: a node is ready when all its users are done."""
    waiting, todo = {fn: 0}, [fn]
    while todo:
        for parent, _ in todo.pop().next_functions:
            if parent is not None:
                if parent not in waiting:
                    todo.append(parent)
                waiting[parent] = waiting.get(parent, 0) + 1
    order, ready = [], [fn]
    while ready:
        order.append(ready.pop())
        for parent, _ in order[-1].next_functions:
            if parent is not None:
                waiting[parent] -= 1
                if not waiting[parent]:
                    ready.append(parent)
    return order


def _name_of(item: object, names: Mapping) -> str:
    if isinstance(item, tuple):
        return "a pair"
    if isinstance(item, str):
        return f"the text {show(item)}"
    known = isinstance(item, Hashable) and item in names
    return names[item] if known else show(item, 40)


def consumers_first(case: Case, expected: list[str], got: object):
    """Any order is right in which every node stands before those that it points to."""
    if not isinstance(got, list):
        return agree(expected, got).message
    known, counts = set(expected), Counter(got)
    strange = next((name for name in got if name not in known), None)
    if strange == "None":
        return Wrong(
            "Your list holds None. An edge that leads to None belongs to an operand that wants no "
            "gradient, a constant: there is no node to visit.",
            "NONEEDGE",
        )
    if strange == "a pair":
        return Wrong(
            "Your list holds pairs. An entry of next_functions is (node, number of its output); "
            "take the node.",
            "PAIRS",
        )
    if strange:
        return f"The list holds {strange}, which is not a node of this graph. Append the nodes."
    twice = next((name for name in got if counts[name] > 1), None)
    if twice:
        return Wrong(
            f"`{twice}` stands in the list {counts[twice]} times. It is one node that several "
            "edges lead to, so remember which nodes you have visited.",
            "NOVISIT",
        )
    missing = [name for name in expected if name not in counts]
    kinds = {name.split()[0] for name in got}
    alike = next((name for name in missing if name.split()[0] in kinds), None)
    if alike:
        return Wrong(
            f"`{alike}` is missing, and another {alike.split()[0]} is there. Several nodes may have one "
            "name: remember the nodes that you have visited, not their names.",
            "SEENBYNAME",
        )
    if missing and all(name.startswith("Accumulate") for name in missing):
        return Wrong(
            "The AccumulateGrad nodes are missing. They have no next_functions, and still they are "
            "nodes: there the gradients of the leaves arrive.",
            "MISSING",
        )
    if missing:
        return Wrong(f"Missing from the list: {show(missing, 60)}.", "MISSING")
    return _order(case, got)


def _order(case: Case, got: list[str]) -> Wrong | None:
    root, leaves = WALKED[case.label]()
    names, place = names_of_nodes(root.grad_fn, leaves), {name: k for k, name in enumerate(got)}
    edges = [(names[n], names[p]) for n in names for p, _ in n.next_functions if p is not None]
    late = [(user, used) for user, used in edges if place[user] > place[used]]
    if not late:
        return None
    if len(late) == len(edges):
        return Wrong(
            "Your list begins at the leaves: that is the order of the forward pass. Turn it "
            "around, so that fn comes first.",
            "REVERSED",
        )
    user, used = late[0]
    return Wrong(
        f"`{used}` stands before `{user}`, although `{user}` has yet to push to it. A node may "
        "come only after all nodes that point to it: the reversed topological order of week 1.",
        "ORDER",
    )
