"""Week 5: graphs to walk, made of nodes that count how often they are asked.

So an algorithm whose work explodes is recognized by what it does and not by the clock. `tried` runs
a learner's function on such a graph, at Python's usual recursion limit.
"""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Callable, Iterator

from helpers.exercise import Wrong

DEPTH = 100_000
USUAL = 1500  # Python's recursion limit, and room for the notebook around


class TooMuch(Exception):
    """An algorithm asks the nodes more often than any sensible one; the message is the CODE."""


class Tally:
    """How often the nodes of one graph have been asked for their parents, and compared."""

    def __init__(self):
        self.nodes = 0
        self.start()

    def start(self) -> None:
        self.asked = self.compared = 0

    def ask(self) -> None:
        self.asked += 1
        if self.asked > 1000 + 20 * self.nodes:
            raise TooMuch("NOVISIT")

    def compare(self) -> None:
        self.compared += 1
        if self.compared > 1000 + 5 * self.nodes:
            raise TooMuch("QUADRATIC")


class Node:
    """A node as any engine has it: `data`, `grad`, `op`, `parents`; and a name."""

    __slots__ = ("data", "grad", "name", "op", "tally", "_parents", "__dict__")

    def __init__(self, tally: Tally, name: str, *parents: Node, data: float = 1.0):
        self.data, self.grad, self.name = data, 0.0, name
        self.op = "+" if parents else ""
        self.tally, self._parents = tally, parents
        tally.nodes += 1

    @property
    def parents(self) -> tuple[Node, ...]:
        self.tally.ask()
        return self._parents

    def __eq__(self, other: object) -> bool:
        self.tally.compare()
        return self is other

    __hash__ = object.__hash__


# ------------------------------------------------------------------ graphs


class Builder:
    """A graph in the making; `nodes` has every node, parents before children."""

    def __init__(self):
        self.tally, self.nodes = Tally(), []

    def __call__(self, name: str, *parents: Node) -> Node:
        node = Node(self.tally, name, *parents)
        self.nodes.append(node)
        return node


def leaf(new: Builder) -> None:
    new("x")


def square(new: Builder) -> None:
    x = new("x")
    new("y", x, x)


def diamond(new: Builder) -> None:
    a = new("a", new("x"), new("two"))
    b = new("b", a, new("one"))
    new("d", new("c", a, b), a)


def mirrored(new: Builder) -> None:
    a = new("a", new("x"), new("two"))
    b = new("b", a, new("one"))
    new("d", a, new("c", b, a))


def ladder(new: Builder) -> None:
    nodes = [new("n0"), new("n1")]
    for i in range(2, 9):
        nodes.append(new(f"n{i}", *(nodes[-2:] if i % 2 else nodes[:-3:-1])))


def doublings(new: Builder) -> None:
    node = new("n0")
    for i in range(1, 41):
        node = new(f"n{i}", node, node)


def wide(new: Builder) -> None:
    new("sum", *[new(f"x{i}") for i in range(5000)])


def chain(new: Builder) -> None:
    node, x = new("n0"), new("x")
    for _ in range(2, DEPTH):
        node = new("n", node, x)


GRAPHS = {
    "a leaf": leaf,
    "y = x·x": square,
    "diamond: a = 2x, b = a + 1, c = a·b, d = c + a": diamond,
    "mirrored: a = 2x, b = a + 1, c = b·a, d = a + c": mirrored,
    "ladder of 9 nodes, each used twice": ladder,
    "40 doublings, 2⁴⁰ paths": doublings,
    "a node with 5,000 parents": wide,
    f"a chain of {DEPTH:,} nodes": chain,
}


def nodes_of(label: str) -> list[Node]:
    """A new graph of this kind: its nodes, parents before children, the root last."""
    new = Builder()
    with _no_collection():
        GRAPHS[label](new)
    return new.nodes


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """No visits of the garbage collector, which would take most of the time of a long chain."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


EXPLODES = {
    "NOVISIT": "Your code has asked the {nodes:,} nodes of this graph more than {asked:,} times for "
    "their parents, and was stopped. It walks every *path*; with 40 doublings there are 2⁴⁰. Remember "
    "in a set which nodes were visited.",
    "QUADRATIC": "Your code compares nodes with one another, more than {compared:,} times on this "
    "graph, and was stopped: `node in order` searches a list from its start, for each node anew. A "
    "*set* knows at once.",
}


ENDLESS = (
    "Your code has asked the {nodes} nodes of this graph more than {asked:,} times for their parents, "
    "and was stopped: it never ends. Is a node with parents ever taken off the stack for good?"
)


def tried(function: Callable, root: Node) -> object:
    """What the function gives for the root; a `Wrong` where its work explodes or it cheats."""
    root.tally.start()
    try:
        with usual_depth() as changed:
            result = function(root)
    except TooMuch as what:
        tally, code = root.tally, str(what)
        if code == "NOVISIT" and tally.nodes < 20:
            return Wrong(ENDLESS.format(**vars(tally)))
        return Wrong(EXPLODES[code].format(**vars(tally)), code)
    except AttributeError as error:
        if not isinstance(error.obj, Node):
            raise
        return Wrong(
            f"A node here keeps its operands in `parents`, as in week 1. It has no `{error.name}`."
        )
    if changed():
        return Wrong(
            "Your code raises Python's recursion limit. That holds for the whole program, and a deep "
            "recursion can then end it without any message. Use a loop with a stack of your own.",
            "RECURSIONLIMIT",
        )
    return result


@contextlib.contextmanager
def usual_depth() -> Iterator[Callable[[], bool]]:
    """Python's usual recursion limit inside; gives a function that says whether it was changed."""
    before, changes = sys.getrecursionlimit(), []
    sys.setrecursionlimit(USUAL)
    try:
        yield lambda: bool(changes)
    finally:
        if sys.getrecursionlimit() != USUAL:
            changes.append(True)
        sys.setrecursionlimit(before)
