"""Week 5, section 3: the order of the nodes, without recursion."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.agreement import agree, show
from helpers.engine import scalar
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.week05_order import GRAPHS, Node, nodes_of, tried


def order_cases() -> list[Case]:
    return [_case(label) for label in GRAPHS]


def _case(label: str) -> Case:
    def run(order_of):
        nodes = nodes_of(label)
        order = tried(order_of, nodes[-1])
        if isinstance(order, Wrong):
            return order
        if not isinstance(order, Sequence):
            return _no_list(order, nodes)
        if not _is_valid(order, nodes):
            return _what_is_wrong(order, nodes)
        if len(order) > 10_000:
            return _names(nodes)
        again = tried(order_of, nodes[-1])
        if not isinstance(again, Sequence) or [*map(id, again)] != [*map(id, order)]:
            return Wrong(
                "Called twice on the same graph, your function gives two different lists. Something "
                "is kept between the calls: a list or set outside of the function or as a default "
                "argument, or a mark on the nodes, which is still there at the next call. Make a new "
                "set inside.",
                "LEFTOVER",
            )
        return _names(nodes)

    return Case(label, run)


def _names(nodes: list[Node]) -> list[str]:
    """A valid order, shown where a verdict gives an example."""
    return [node.name for node in nodes[:8]] + ["…"] * (len(nodes) > 8)


def _no_list(order: object, nodes: list[Node]) -> Wrong:
    if type(order) is type(reversed([])):
        return Wrong(
            "`reversed` gives an iterator, not a list; and the order that you turn around has the "
            "parents first already."
        )
    return Wrong(agree(_names(nodes), order).message)


def _judge(case: Case, expected, got):
    return agree(expected, got).message


def _is_valid(order: Sequence, nodes: list[Node]) -> bool:
    """All nodes, each once, behind its parents; quick, for the long chain."""
    seen = set()
    for node in order:
        if not isinstance(node, Node) or not seen.issuperset(map(id, node._parents)):
            return False
        seen.add(id(node))
    return len(order) == len(nodes) and seen == set(map(id, nodes))


def _what_is_wrong(order: Sequence, nodes: list[Node]) -> Wrong:
    known = set(map(id, nodes))
    place = dict(zip(map(id, order), range(len(order))))
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
    if all(place[id(parent)] > place[id(node)] for node in nodes for parent in node._parents):
        return Wrong("Children stand before their parents: this is the order of backward. Turn it "
                     "around.", "REVERSED")  # fmt: skip
    edges = ((parent, node) for node in nodes for parent in node._parents)
    parent, node = next(edge for edge in edges if place[id(edge[0])] > place[id(edge[1])])
    return Wrong(
        f"`{node.name}` stands before its parent `{parent.name}`. A node may be appended when all its "
        "parents are in the list, so it must wait *below them* on the stack.",
        "ORDER",
    )


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


def _marked_when_pushed(turn: int):
    def order_of(root):
        order, seen, stack = [], {root}, [(root, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
                continue
            stack.append((node, True))
            for parent in node.parents[::turn]:
                if parent not in seen:
                    seen.add(parent)
                    stack.append((parent, False))
        return order

    return order_of


for _turn, _sum in [(1, "d = a + c"), (-1, "d = c + a")]:
    topological_order.mistake(
        "ORDER",
        f"On {_sum} b stands before its operand a. You mark a node as visited when you *push* it; then "
        "it keeps its low place on the stack, and nobody puts it higher. Mark it when it comes up.",
    )(_marked_when_pushed(_turn))


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
