"""Week 5: does a drawing show every node and every edge of a graph?

Drawings come in many forms: lines of text with the numbers or with names of their own, an indented
tree, or the DOT language, with or without circles for the operations. A node is shown where its
number is; an edge where a line, an arrow or an indentation ties two shown nodes together, as often
as the operand is used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from helpers.exercise import Wrong

CLOSE = 0.004  # relative: a number with three digits is near enough
_NUMBER = re.compile(r"(?<![\w.])\d+\.?\d*(?:e[-+]?\d+)?(?![\w.]*\w)")
_NAME = re.compile(r"[A-Za-z_]\w*|(?<![\w.])\d+(?![\w.])")
_ID = r'(?:"(?:[^"\\]|\\.)*"|[\w.]+)'
_STATEMENT = re.compile(
    rf'({_ID}(?::\w+)*(?:\s*->\s*{_ID}(?::\w+)*)*)\s*(\[(?:"(?:[^"\\]|\\.)*"|[^\]"])*\])?'
)
Edges = Counter[tuple[int, int]]  # (parent, node) by their places, and how often


def what_is_missing(drawing: object, nodes: Sequence) -> Wrong | None:
    """The first node or edge that a drawing does not show.

    Parameters
    ----------
    drawing : str, or an object whose `source` is DOT, as a graphviz.Digraph
    nodes : sequence
        Every node of the graph, with `data`, `op` and `parents`; their numbers differ.
    """
    text = drawing if isinstance(drawing, str) else drawing.source
    text = re.sub(r"\\[nlr]", " ", text)
    values = [node.data for node in nodes]
    shown = {i for number in _numbers(text) for i in _near(number, values)}
    for i, node in enumerate(nodes):
        if i not in shown:
            what = f"the result of `{node.op}`" if node.parents else "a leaf"
            return Wrong(f"The number {node.data:.4g}, {what}, is nowhere in the drawing. Show every "
                         "node with its number, `node.data`.", "NONUMBERS")  # fmt: skip
    wanted = Counter((nodes.index(p), i) for i, node in enumerate(nodes) for p in node.parents)
    found = max(_readings(text, values, wanted), key=lambda edges: _covered(edges, wanted))
    for (p, i), times in wanted.items():
        if found[p, i] < times:
            return _missing_edge(nodes[p], nodes[i], found[p, i], times)
    return None


def _missing_edge(parent, node, found: int, times: int) -> Wrong:
    edge = f"{parent.data:.4g} → {node.data:.4g}"
    if found:
        return Wrong(
            f"The edge {edge} is there once, but `{node.op}` uses {parent.data:.4g} {times} times, and "
            "each use brings a gradient of its own. A set or a dict of edges forgets the second one.",
            "EDGEDICT",
        )
    return Wrong(
        f"The edge {edge} is missing: {parent.data:.4g} is an operand of the `{node.op}` that makes "
        f"{node.data:.4g}. Go through `node.parents` of every node, down to the leaves.",
        "NOEDGES",
    )


def _covered(edges: Edges, wanted: Edges) -> int:
    return sum((edges & wanted).values())


def _readings(text: str, values: list[float], wanted: Edges) -> Iterator[Edges]:
    """The edges in a drawing, read in every way in which it may be meant."""
    if re.match(r"\s*(strict\s+)?digraph\b", text):
        arrows = _arrows(text[text.index("{") :], values)
        yield arrows
        yield _turned(arrows)
        return
    lines = [line for line in text.splitlines() if line.strip()]
    yield _on_lines(lines, values, wanted)
    nested = _nested(lines, values)
    yield nested
    yield _turned(nested)


def _turned(edges: Edges) -> Edges:
    return Counter({(b, a): times for (a, b), times in edges.items()})


# ------------------------------------------------------------------ lines of text


def _on_lines(lines: list[str], values: list[float], wanted: Edges) -> Edges:
    """Edges that stand on a line: a node with its operands, or a single edge, and nothing else."""
    names = _own_names(lines, values)
    parents: dict[int, set[int]] = {}
    for p, i in wanted:
        parents.setdefault(i, set()).add(p)
    found: Edges = Counter()
    for line in lines:
        here = Counter(i for number in _numbers(line) for i in _near(number, values))
        here.update(names[name] for name in _NAME.findall(line) if name in names)
        for i, operands in parents.items():
            if i in here and set(here) <= {i} | operands:
                found.update({(p, i): here[p] for p in operands})
    return found


def _own_names(lines: list[str], values: list[float]) -> dict[str, int]:
    """The names that a drawing gives to the nodes: words that stand on each node's own line only."""
    own: dict[int, list[str]] = {}
    for line in lines:
        here = {i for number in _numbers(line) for i in _near(number, values)}
        if len(here) == 1:
            own.setdefault(here.pop(), _NAME.findall(line))
    for k in range(min(map(len, own.values()), default=0)):
        names = {words[k]: i for i, words in own.items()}
        if len(names) == len(own):
            return names
    return {}


def _nested(lines: list[str], values: list[float]) -> Edges:
    """Edges by indentation: an operand stands below its node, further to the right."""
    found: Edges = Counter()
    above: list[tuple[int, int]] = []
    for line in lines:
        here = [i for number in _numbers(line) for i in _near(number, values)]
        if not here:
            continue
        indent = re.search(r"\w", line).start()
        while above and above[-1][0] >= indent:
            above.pop()
        if above:
            found[here[0], above[-1][1]] += 1
        above.append((indent, here[0]))
    return found


# ------------------------------------------------------------------ DOT


def _arrows(body: str, values: list[float]) -> Edges:
    """Arrows between nodes with numbers; they may pass through one node without, an operation."""
    labels: dict[str, str] = {}
    arrows: Counter[tuple[str, str]] = Counter()
    for ends, attributes in _STATEMENT.findall(body):
        names = [name.strip('"') for name in re.findall(rf"({_ID})(?::\w+)*", ends)]
        if len(names) == 1:
            labels[names[0]] = f"{labels.get(names[0], names[0])} {attributes}"
        for pair in zip(names, names[1:]):
            arrows[pair] += 1
    means = {
        name: {i for number in _numbers(labels.get(name, name)) for i in _near(number, values)}
        for name in {end for pair in arrows for end in pair}
    }
    found: Edges = Counter()
    for (a, b), times in arrows.items():
        found.update({(i, j): times for i in means[a] for j in means[b]})
        for (c, d), _ in arrows.items() if not means[b] else ():
            if c == b:
                found.update({(i, j): times for i in means[a] for j in means[d]})
    return found


# ------------------------------------------------------------------ numbers


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


def _near(number: float, values: list[float]) -> list[int]:
    return [i for i, value in enumerate(values) if abs(number - value) <= CLOSE * value]
