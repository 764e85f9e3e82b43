"""Week 7: the PyTorch graphs that the exercises are tried on, and how answers about them are judged.

Nodes of two runs are never the same objects, so what an attempt says about nodes is translated into
their names: "MulBackward0", "AccumulateGrad of x".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import torch

from helpers.agreement import agree, show
from helpers.exercise import Case, Wrong

DEEP, LONG = 3000, 1500  # operations in a chain; Python's own stack ends at about 1000


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
    "x·x": square,
    "(3x + c)², 3 and c are constants": with_constants,
    "diamond: a = 2x, b = a + 1, c = a·b, d = c + a": diamond,
    "ladder: every node is used twice": ladder,
    "layer: mean of tanh(X·W + b)²": layer,
    f"a chain of {DEEP} operations": lambda: chain_of(DEEP),
}
DRIVEN = {
    "x + y": a_sum,
    "(x + y)·y": plus_times,
    "x·x": square,
    "(3x + c)², 3 and c are constants": with_constants,
    "diamond: a = 2x, b = a + 1, c = a·b, d = c + a": diamond,
    "ladder: every node is used twice": ladder,
    "layer: mean of tanh(X·W + b)², b is broadcast": layer,
    "square layer: sum of exp(X·W + b)·b, b is broadcast twice": square_layer,
    "M·v + X, the vector M·v is broadcast": inner_broadcast,
    f"a chain of {LONG} operations": lambda: chain_of(LONG),
}


# ------------------------------------------------------------------ walking


def walk_cases() -> list[Case]:
    return [_walk_case(*item) for item in WALKED.items()]


def _walk_case(label: str, build: Callable) -> Case:
    def run(walk):
        root, leaves = build()
        names = names_of_nodes(root.grad_fn, leaves)
        found = walk(root.grad_fn)
        if isinstance(found, str) or not isinstance(found, Sequence):
            return found
        return [_name_of(item, names) for item in found]

    return Case(label, run)


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


# ------------------------------------------------------------------ driving


def drive_cases() -> list[Case]:
    return [_drive_case(*item) for item in DRIVEN.items()]


def _drive_case(label: str, build: Callable) -> Case:
    def run(my_backward):
        loss, leaves = build()
        by_engine = []
        loss.grad_fn.register_hook(lambda *_: by_engine.append(True))  # not run by a plain call
        found = my_backward(loss)
        written = [name for name, leaf in leaves.items() if leaf.grad is not None]
        if by_engine:
            return Wrong(
                "PyTorch's engine did the work: your code calls backward() or autograd.grad(). "
                "Call the nodes yourself, one after another: node(upstream).",
                "ENGINE",
            )
        if written:
            return Wrong(
                f"Your loop has written `{written[0]}.grad`: calling an AccumulateGrad node adds "
                "to it. Collect the gradients in your own dict, and leave `.grad` alone.",
                "WRITESGRAD",
            )
        if not isinstance(found, Mapping):
            return found
        return _by_name(found, leaves)

    return Case(label, run)


def _by_name(found: Mapping, leaves: Mapping[str, torch.Tensor]) -> Wrong | dict:
    """The gradients under the names of their leaves."""
    named = {}
    for key, grad in found.items():
        leaf = getattr(key, "variable", key)  # an AccumulateGrad node stands for its leaf
        name = next((name for name, own in leaves.items() if own is leaf), None)
        if name is None:
            return Wrong(
                f"The keys are the leaves, {', '.join(leaves)}, as tensors (`node.variable`). One "
                f"of yours is {show(key, 40)}.",
                "KEYS",
            )
        if grad is not None and not isinstance(grad, torch.Tensor):
            return Wrong(f"The gradient of `{name}` is {show(grad, 40)}: a tensor is expected.")
        named[name] = grad
    return named


# ------------------------------------------------------------------ answers in a table


@dataclass(frozen=True)
class WrongAnswers(Wrong):
    """What is wrong with a table of answers; whoever answers alike makes the same mistake."""

    answers: tuple[str, ...] = ()


def table_case(label: str, right: Mapping, explain: Callable) -> Case:
    """A table of answers, of which a verdict gives none away.

    `explain(key, said)` has a sentence, or a `Wrong`, on the first answer that is wrong.
    """

    def run(attempt):
        said = attempt()
        if not isinstance(said, Mapping) or set(right) - set(said):
            return WrongAnswers(agree(right, said).message)
        if extra := set(said) - set(right):
            return WrongAnswers(f"The table has no entry {show(extra.pop())}.")
        found = {key: _same(right[key], said[key]) for key in right}
        if all(found.values()):
            return len(found)
        key = next(key for key in right if not found[key])
        why = explain(key, said[key])
        why = why if isinstance(why, Wrong) else Wrong(why)
        message = f"{sum(found.values())} of {len(right)} are right. {why.message}"
        return WrongAnswers(message, why.code, tuple(str(said[key]) for key in right))

    return Case(label, run)


def true_or_false(table: Mapping) -> Callable:
    """What to say about a wrong answer in a table {key: (True or False, reason)}."""

    def explain(key, said):
        if not isinstance(said, bool):
            return f"`{key}`: True or False is expected, but you say {show(said, 30)}."
        return f"Look at `{key}`: {table[key][1]}"

    return explain


def plainly(case: Case, expected: object, got: object) -> str | None:
    return agree(expected, got).message


def _same(right: object, answer: object) -> bool:
    if isinstance(right, str):
        return str(answer).strip().upper() == right
    return bool(agree(right, answer))
