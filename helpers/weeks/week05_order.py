"""Week 5, section 4: the order of the nodes, without recursion.

The graphs are made of nodes that count how often they are asked, so that an algorithm whose work
explodes is recognized by what it does and not by the clock.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence

from helpers.agreement import agree, show
from helpers.engine import scalar
from helpers.exercise import Case, Wrong, exercise

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

    __slots__ = ("data", "grad", "name", "op", "tally", "_parents")

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
    "ladder of 9 nodes, each used twice": ladder,
    "40 doublings, 2⁴⁰ paths": doublings,
    "a node with 5,000 parents": wide,
    f"a chain of {DEPTH:,} nodes": chain,
}


def nodes_of(label: str) -> list[Node]:
    """A new graph of this kind: its nodes, parents before children, the root last."""
    new = Builder()
    GRAPHS[label](new)
    return new.nodes


EXPLODES = {
    "NOVISIT": "Your code has asked the {nodes:,} nodes of this graph more than {asked:,} times for "
    "their parents, and was stopped. It walks every *path*; with 40 doublings there are 2⁴⁰. Remember "
    "in a set which nodes were visited.",
    "QUADRATIC": "Your code compares nodes with one another, more than {compared:,} times on this "
    "graph, and was stopped: `node in order` searches a list from its start, for each node anew. A "
    "*set* knows at once.",
}


def tried(function: Callable, root: Node) -> object:
    """What the function gives for the root; a `Wrong` where its work explodes or it cheats."""
    root.tally.start()
    try:
        with usual_depth() as changed:
            result = function(root)
    except TooMuch as what:
        tally = root.tally
        said = EXPLODES[str(what)].format(**vars(tally))
        return Wrong(said, str(what))
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


# ------------------------------------------------------------------ the exercise


def order_cases() -> list[Case]:
    return [_case(label) for label in GRAPHS]


def _case(label: str) -> Case:
    def run(order_of):
        nodes = nodes_of(label)
        order = tried(order_of, nodes[-1])
        if isinstance(order, Wrong) or not isinstance(order, Sequence):
            return order
        first = _what_is_wrong(order, nodes)
        if first:
            return first
        if len(order) > 10_000:
            return ["a valid order"]
        again = tried(order_of, nodes[-1])
        if not isinstance(again, Sequence) or [*map(id, again)] != [*map(id, order)]:
            return Wrong(
                "Called twice on the same graph, your function gives two different lists. Something "
                "is kept between the calls: a list or set outside of the function or as a default "
                "argument, or a mark on the nodes. Make it new inside.",
                "LEFTOVER",
            )
        return ["a valid order"]

    return Case(label, run)


def _what_is_wrong(order: Sequence, nodes: list[Node]) -> Wrong | None:
    known = {id(node) for node in nodes}
    place = {id(node): i for i, node in enumerate(order)}
    strange = next((node for node in order if id(node) not in known), None)
    if strange is not None:
        return Wrong(f"The list holds {show(strange)}, which is not a node of this graph.")
    if len(place) < len(order):
        twice = next(node for i, node in enumerate(order) if place[id(node)] != i)
        return Wrong(
            f"`{twice.name}` stands in the list more than once. A node may be on the stack several "
            "times, but it is appended only once: ask the set again when it comes up.",
            "NOVISIT",
        )
    if len(place) < len(nodes):
        missing = [node.name for node in nodes if id(node) not in place]
        some = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        return Wrong(f"Missing from the list: {some}. Everything belongs there: the leaves, what lies "
                     "between, and root itself.", "MISSING")  # fmt: skip
    edges = [(parent, node) for node in nodes for parent in node._parents]
    late = next((edge for edge in edges if place[id(edge[0])] > place[id(edge[1])]), None)
    if late is None:
        return None
    if all(place[id(parent)] > place[id(node)] for parent, node in edges):
        return Wrong("Children stand before their parents: this is the order of backward. Turn it "
                     "around.", "REVERSED")  # fmt: skip
    parent, node = late
    return Wrong(
        f"`{node.name}` stands before its parent `{parent.name}`. A node may be appended when all its "
        "parents are in the list, so it must wait *below them* on the stack.",
        "ORDER",
    )


def _judge(case: Case, expected, got):
    return agree(expected, got).message if not isinstance(got, list) else None


topological_order = exercise(
    minutes=25,
    difficulty=2,
    cases=order_cases,
    judge=_judge,
    hints=[
        "Recursion keeps its unfinished calls on Python's own stack. Keep them on a list of yours: what "
        "must be known about an unfinished node?",
        "A node is met twice. The first time its parents go on top of it; the second time, when they "
        "are done, it is appended. So a mark on the stack must tell the two apart.",
        "stack = [(root, False)]. Pop (node, ready): if ready, append it; else, if it is not in seen, "
        "add it there, push (node, True), and push (parent, False) for each parent.",
    ],
)(scalar.topological_order)


@topological_order.mistake(
    "RECURSIONLIMIT",
    "Right on every small graph, and Python gives up at a depth of about 1,000: each node is a call "
    "inside a call. A sum over a batch of 1,000 losses is that deep. Keep the unfinished nodes on a list "
    "of your own.",
)
def _recursive(root):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    return order


@topological_order.mistake(
    "ORDER",
    "You append a node as soon as it comes from the stack, before its parents, and turn the list around "
    "at the end. For a chain that is right; a shared node is met too early. It must wait on the stack "
    "until its parents are done.",
)
def _preorder(root):
    order, seen, stack = [], set(), [root]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            stack.extend(node.parents)
    return order[::-1]


@topological_order.mistake(
    "ORDER",
    "You go level by level (a queue) and turn the list around. A shared node is met on its shortest "
    "path and ends up behind a child that lies on a longer one. It must wait until its parents are done.",
)
def _level_by_level(root):
    order, queue = [root], [root]
    seen = {root}
    for node in queue:
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                queue.append(parent)
                order.append(parent)
    return order[::-1]


@topological_order.mistake(
    "REVERSED", "This is the order of backward, children first. Turn it around."
)
def _children_first(root):
    return scalar.topological_order(root)[::-1]


@topological_order.mistake(
    "MISSING",
    "The leaves are missing. They are nodes too: they receive the gradients that we want.",
)
def _without_leaves(root):
    return [node for node in scalar.topological_order(root) if node.parents]


@topological_order.mistake(
    "NOVISIT",
    "Without a set of visited nodes a shared node is appended once for each path, and its gradient "
    "would be pushed as often.",
)
def _every_path(root):
    order, stack = [], [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        else:
            stack.append((node, True))
            stack += [(parent, False) for parent in node.parents]
    return order
