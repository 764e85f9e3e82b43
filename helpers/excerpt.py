"""The part of a graph that one picture shows.

Up to `LIMIT` nodes a picture shows them all. Of a larger graph it shows the levels nearest to the
root, and a note says so. `depth` asks for a number of levels; `collapse` folds away everything that
only feeds the nodes named. It works on the record with plain loops: a chain of a million nodes is
cut as fast as a short one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from helpers.graph import Graph, Node

LIMIT = 150  # nodes that are drawn without being asked for
MOST = 1000  # nodes that are drawn at all


@dataclass(slots=True)
class Fold:
    """The nodes that only feed `into`, drawn as one box; `inputs` come from outside of it."""

    into: Node
    count: int = 0
    inputs: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What is shown: nodes in graph order, folds by the index of the node they feed, a note."""

    nodes: list[Node]
    folds: dict[int, Fold]
    note: str
    shown: set[int]

    def is_cut(self, nodes: Iterable[Node]) -> bool:
        """True where one of these operands is left out: neither shown nor folded."""
        return any(node.index not in self.shown for node in nodes)


def excerpt(graph: Graph, depth: int | None = None, collapse: object = None) -> Excerpt:
    """Choose what a picture of `graph` shows.

    Parameters
    ----------
    graph : Graph
    depth : int, optional
        Levels back from the root; by default all, or as many as keep to `LIMIT` nodes.
    collapse : node, name, or a list of them, optional
        Nodes behind which everything that feeds nothing else is folded into one box.

    Raises
    ------
    ValueError
        If `depth` is no count of levels, or asks for more than `MOST` nodes.
    KeyError
        If a node to collapse is not in the graph.
    """
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 0):
        raise ValueError(
            f"depth counts levels back from the root, so it is 0, 1, 2, …; got {depth!r}."
        )
    folded, folds = _folded(graph, collapse)
    levels, shown, fold_keys = 0, [], []
    reached = 0
    for level in _levels(graph, folded, folds):
        reached += len(level)
        if depth is None and reached > LIMIT:
            break
        if reached > MOST:
            raise ValueError(
                f"depth={depth} would draw more than {MOST:,} nodes, which no one can read. "
                f"The deepest that fits is depth={levels - 1}; collapse=[…] folds parts away."
            )
        levels += 1
        shown += [key for key in level if key >= 0]
        fold_keys += [~key for key in level if key < 0]
        if depth is not None and levels > depth:
            break
    nodes = [graph.nodes[index] for index in sorted(shown)]
    kept = {index: folds[index] for index in sorted(fold_keys)}
    hidden = len(graph.nodes) - len(nodes) - sum(fold.count for fold in kept.values())
    return Excerpt(nodes, kept, _note(graph, len(nodes), hidden, levels - 1), set(shown))


def _note(graph: Graph, drawn: int, hidden: int, depth: int) -> str:
    if not hidden:
        return ""
    root, total = graph.root.label, len(graph.nodes)
    return (
        f"This graph has {total:,} nodes. Drawn: {drawn:,} of them, nearest to {root} "
        f"(depth={depth}); dots stand for what is left out. "
        f"depth=k draws k levels back from {root}, "
        f"collapse=[node] folds what feeds only that node into one box."
    )


def _folded(graph: Graph, collapse: object) -> tuple[dict[int, int], dict[int, Fold]]:
    """For each folded node the index of the node it is folded behind; and the folds.

    A node is folded behind `g` when each of its consumers is `g` or is itself folded behind `g`.
    Consumers come later in the record, so one walk from the end decides all.
    """
    behind: dict[int, int] = {}
    targets = {_find(graph, key).index for key in _as_list(collapse)}
    if not targets:
        return behind, {}
    unset, many = -1, -2
    owner = [unset] * len(graph.nodes)  # the one node that all consumers belong to
    for node in reversed(graph.nodes):
        if owner[node.index] >= 0:
            behind[node.index] = owner[node.index]
        mine = behind.get(node.index, node.index if node.index in targets else many)
        for parent in node.parents:
            known = owner[parent.index]
            owner[parent.index] = mine if known in (unset, mine) else many
    folds: dict[int, Fold] = {}
    inputs: dict[tuple[int, int], None] = {}
    for index, into in behind.items():
        folds.setdefault(into, Fold(graph.nodes[into])).count += 1
        for parent in graph.nodes[index].parents:
            if parent.index not in behind:
                inputs[into, parent.index] = None
    for into, parent in sorted(inputs):
        folds[into].inputs.append(graph.nodes[parent])
    return behind, folds


def _levels(graph: Graph, behind: dict[int, int], folds: dict[int, Fold]) -> Iterator[list[int]]:
    """What is 0, 1, 2, … steps away from the root. A fold behind node i has the key ~i."""
    level, seen = [graph.root.index], {graph.root.index}
    while level:
        yield level
        following = []
        for key in level:
            sources = graph.nodes[key].parents if key >= 0 else folds[~key].inputs
            for parent in sources:
                index = parent.index
                source = ~behind[index] if index in behind else index
                if source not in seen:
                    seen.add(source)
                    following.append(source)
        level = following


def _as_list(collapse: object) -> Iterable:
    if collapse is None:
        return []
    return collapse if isinstance(collapse, (list, tuple, set)) else [collapse]


def _find(graph: Graph, key: object) -> Node:
    return key if isinstance(key, Node) else graph.node(key)
