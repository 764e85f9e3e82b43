"""Graphs of arrays on which a tensor engine has to prove itself, once its operations are right.

What goes wrong here is in no single operation: gradients that overwrite each other or share memory,
a wrong order, a second pass, a graph that is deeper than Python's recursion.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from helpers.agreement import agree
from helpers.engine import tensor
from helpers.exercise import Case, Wrong
from helpers.weeks.week03_cases import random
from helpers.weeks.week09_errors import pulled_back
from helpers.weeks.week09_judge import Suspect, difference, largest_error
from helpers.weeks.week09_types import type_cases

DEEP = 3_000  # nodes in a row: more than the calls inside a call that Python allows
ALIAS = (
    "Two gradients are *one* array in your engine: what is added to one of them changes the other, too. Keep a "
    "copy when the first contribution arrives, or write `grad = grad + g`, which makes a new array."
)
KEPT = (
    "After (u + v).backward(G) u.grad and v.grad are *one* array: the first g is kept as it came. Nothing of yours writes "
    "into it, but an optimizer that does `w.grad *= 0` would. Keep a copy where gradients arrive: `g.copy()`."
)
INTERMEDIATE = (
    "A second backward must add the same once more; yours adds more than that. A node in the middle still holds "
    "the gradient of the first pass and pushes that again. Leaves accumulate, but a node in the middle belongs to "
    "one pass: set its gradient to None before the root gets its own."
)
NOACCUMULATE = (
    "A second backward must *add* to the leaves, and yours starts them again. Two losses that share a parameter "
    "would lose one of their contributions."
)
RECURSION = (
    "A graph of {n:,} nodes in a row is too deep for your backward. It visits the nodes by calling itself; take a list "
    "of your own, as in week 5."
)
WALK = (
    "Each operation in it is right when alone, so look at `backward`: each node pushes *once*, after all nodes that use it "
    "have pushed to it. That is the reversed topological order."
)
FORWARDS = (
    "A node pushes before any gradient has arrived at it: its own is still None. Go through the topological order in "
    "*reverse*, from the root to the leaves."
)
FINGERPRINTS = {
    "ASSIGN": "Your backward *assigns* gradients: the second contribution to a node erases the first. Accumulate.",
    "NOSEED": "No gradient arrives anywhere: that of the root itself is never set. backward() starts with 1 there.",
    "ORDER": "A node pushes before all its consumers have pushed to it. Take the reversed topological order.",
    "NOVISIT": "A shared node stands in your order more than once and pushes as often. Keep a set of visited nodes.",
    "EACHPATH": "You recurse into each parent at once, so a node pushes before all its consumers have, and again later.",
    "EDGEDICT": "An operand that is used twice by one operation gets its share once. Keep operands in a tuple or list.",
}


def first_graphs() -> list[Case]:
    """Graphs that need + and * alone."""
    return [
        _case(
            "x * x", _square, fingerprints=dict(ASSIGN=_half_of_square, EDGEDICT=_half_of_square)
        ),
        _case("x + x", _doubled, fingerprints=dict(EDGEDICT=_once)),
        _case("d = c + a with a = 2x, b = a + 1, c = a·b", _diamond, fingerprints=WALKS),
        Case("(x + y) + x: three gradients, no shared array", _aliased),
        Case("c = (3a)², backward twice", _twice),
        Case("x.backward(G) of a leaf, twice", _leaf_as_root),
    ]


def graph_cases() -> list[Case]:
    """The engine as a whole."""
    return [
        _case("(x * y).sum(), backward() without an argument", _summed),
        _case("(X @ W1 + b1).relu() @ W2 + b2, cross-entropy", _network),
        _case("(x − mean) / (variance + 1) ** 0.5, along the rows", _normalized),
        _case("softmax from exp, sum and max, along the columns", _softmax),
        _case("E[idx] with repeats, and a penalty on E", _embedded),
        *type_cases(),
        Case(f"{DEEP:,} additions in a row", _deep),
    ]


# ------------------------------------------------------------------ graphs, as (root, leaves)


def _summed(T, x, y):
    return (x * y).sum()


def _square(T, x):
    return x * x


def _doubled(T, x):
    return x + x


def _once(x, G):
    return [G]


def _half_of_square(x, G):
    return [G * x]


def _diamond(T, x):
    a = x * 2.0
    b = a + 1.0
    return a * b + a


WALKS = {  # what wrong walks pass on to x, from d, from b in c, and from a in c by way of b
    "ASSIGN": lambda x, G: [G * 2 * (2 * x)],
    "ORDER": lambda x, G: [G * 2 * (2 * x + 2)],
    "NOVISIT": lambda x, G: [G * 2 * (1 + 2 * (4 * x + 2))],
    "EACHPATH": lambda x, G: [G * 2 * ((2 * x + 2) + 2 * (4 * x + 2))],
}


def _network(T, X, W1, b1, W2, b2):
    return ((X @ W1 + b1).relu() @ W2 + b2).cross_entropy(np.array([0, 2, 1, 1]))


def _normalized(T, x, g):
    centered = x - x.mean(axis=1, keepdims=True)
    variance = (centered * centered).mean(axis=1, keepdims=True)
    return (centered / (variance + 1.0) ** 0.5 * g).tanh().sum()


def _softmax(T, x, g):
    e = (x - x.max(axis=0, keepdims=True)).exp()
    return (e / e.sum(axis=0, keepdims=True) * g).sum()


def _embedded(T, E, W):
    h = E[np.array([[1, 2, 1], [0, 1, 3]])].reshape(2, 6) @ W
    return (h.tanh() ** 2).mean() + (E * E).sum() * 0.1


SHAPES = {
    _summed: [(2, 3), (3,)],
    _square: [(2, 3)],
    _doubled: [(2, 3)],
    _diamond: [(3,)],
    _network: [(4, 3), (3, 5), (5,), (5, 3), (3,)],
    _normalized: [(3, 4), (4,)],
    _softmax: [(3, 3), (3, 3)],
    _embedded: [(4, 2), (6, 2)],
}


def _case(label: str, graph: Callable, fingerprints: dict[str, Callable] | None = None) -> Case:
    names = graph.__code__.co_varnames[1 : graph.__code__.co_argcount]
    arrays = random(200 + len(label), *SHAPES[graph])
    value, right, G = _reference(graph, arrays)
    known = {code: f(*arrays, G) for code, f in (fingerprints or {}).items()}

    def run(engine):
        leaves = [engine(x.copy()) for x in arrays]
        root = graph(engine, *leaves)
        try:
            wrong = difference("The value", value, root.data) or pulled_back(root, G)
        except TypeError as error:
            if "unsupported operand" in str(error) and "NoneType" in str(error):
                return Wrong(FORWARDS, "FORWARDS")
            raise
        if wrong:
            return wrong
        if all(leaf.grad is None or not np.any(leaf.grad) for leaf in leaves):
            return Wrong(FINGERPRINTS["NOSEED"], "NOSEED")
        for k, (name, leaf, grad) in enumerate(zip(names, leaves, right)):
            guesses = [Suspect(c, found[k], _small(FINGERPRINTS[c])) for c, found in known.items()]
            wrong = difference(f"The gradient of `{name}`", grad, leaf.grad, guesses)
            if wrong:
                return wrong if wrong.code else Wrong(f"{wrong.message} {WALK}")
        return largest_error([(value, root.data), *zip(right, (leaf.grad for leaf in leaves))])

    return Case(label, run)


def _small(sentence: str) -> str:
    """The sentence as it stands after a colon."""
    return sentence[0].lower() + sentence[1:]


def _reference(graph: Callable, arrays: list) -> tuple:
    """Value, gradients, and the upstream gradient where the root is no single number."""
    leaves = [tensor.Tensor(x.copy()) for x in arrays]
    root = graph(tensor.Tensor, *leaves)
    G = random(300, root.shape)[0] if root.shape else None
    root.backward(G)
    return root.data, [leaf.grad for leaf in leaves], G


# ------------------------------------------------------------------ what no single operation shows


def _aliased(engine):
    x, y = engine(np.array([1.0, 2.0])), engine(np.array([3.0, 4.0]))
    s = x + y
    root = s + x
    root.backward(np.ones(2))
    if agree([[2.0, 2.0], [2.0, 2.0]], [x.grad, y.grad]):
        return Wrong(f"(x + y) + x has the slopes 2 and 1. You give 2 and 2. {ALIAS}", "ALIAS")
    if agree([[1.0, 1.0], [1.0, 1.0]], [x.grad, y.grad]):
        return Wrong(
            f"(x + y) + x has the slope 2 in x, and you give 1. {FINGERPRINTS['ASSIGN']}", "ASSIGN"
        )
    found = {"∂/∂x": np.array(x.grad), "∂/∂y": np.array(y.grad)}
    u, v = engine(np.array([1.0, 2.0])), engine(np.array([3.0, 4.0]))
    (u + v).backward(np.ones(2))
    shared = isinstance(u.grad, np.ndarray) and np.shares_memory(u.grad, v.grad)
    return Wrong(KEPT, "ALIAS") if shared else found


def _twice(engine):
    a = engine(np.array([2.0, -1.0]))
    b = a * 3.0
    c = b * b
    found = []
    for _ in range(2):
        c.backward(np.ones(2))
        found.append(np.array(a.grad))
    once = np.array([36.0, -18.0])
    if agree(once, found[0]):
        if any(agree(k * once, found[1]) for k in (3, 4, 5)):
            return Wrong(INTERMEDIATE, "INTERMEDIATE")
        if agree(once, found[1]):
            return Wrong(NOACCUMULATE, "NOACCUMULATE")
    return {"after one backward": found[0], "after two": found[1]}


def _leaf_as_root(engine):
    x, G = engine(np.array([1.0, 2.0])), np.array([3.0, 5.0])
    found = []
    for _ in range(2):
        x.backward(G)
        found.append(np.array(x.grad))
    if agree([3.0, 5.0], found[1]):
        return Wrong(f"The root is a leaf itself here. {NOACCUMULATE}", "NOACCUMULATE")
    x.grad += 1.0
    if not agree([3.0, 5.0], G):
        return Wrong(f"The G that backward gets becomes the gradient of the root. {ALIAS}", "ALIAS")
    return {"after one backward": found[0], "after two": found[1]}


def _deep(engine):
    for n in (3, DEEP):  # what fails in a short row need not be tried in a long one
        x = total = engine(np.array([0.5, 1.5]))
        for _ in range(n):
            total = total + x
        try:
            total.sum().backward()
        except RecursionError:
            return Wrong(RECURSION.format(n=DEEP), "RECURSIONLIMIT")
        if not agree(np.full(2, n + 1.0), x.grad):
            break
    return {"∂/∂x": x.grad}
