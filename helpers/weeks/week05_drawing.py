"""Week 5: does a drawing show every node and every edge of a graph?

Drawings come in many forms: lines of text with the numbers or with names of their own, an indented
tree, or the DOT language, with or without circles for the operations. A node is shown where its
number is; an edge where a line, an arrow or an indentation ties two shown nodes together, as often
as the operand is used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from helpers.agreement import show
from helpers.exercise import Wrong

CLOSE = 0.004  # relative: a number with three digits is near enough
_NUMBER = re.compile(r"(?<![\w.])\d+\.?\d*(?:e[-+]?\d+)?(?![\w.]*\w)")
_NAME = re.compile(r"[A-Za-z_]\w*|(?<![\w.])\d+(?![\w.])")
_A_NAME = re.compile(r"\b(?:[A-Za-z]\w*\d|[A-Za-z])\W*$")  # n0, x: none of "leaf", "of", "+"
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
    text = _text(drawing)
    values = [node.data for node in nodes]
    shown = {i for number in _numbers(text) for i in _near(number, values)}
    for i, node in enumerate(nodes):
        if i not in shown:
            return _missing_number(node, _numbers(text))
    wanted = Counter((nodes.index(p), i) for i, node in enumerate(nodes) for p in node.parents)
    readings = _readings(text, values, wanted)
    way, found = max(readings.items(), key=lambda reading: _covered(reading[1], wanted))
    for (p, i), times in wanted.items():
        if found[p, i] < times:
            return _missing_edge(nodes[p], nodes[i], found[p, i], times)
    if way == "backward":
        return Wrong(
            "Your arrows run backward, from a result to its operands. Let them run as the numbers do: "
            "dot.edge(operand, result).",
            "BACKWARD",
        )
    if way == "nested":
        return _drawn_again(text)
    return _on_top(text, nodes)


def not_told_apart(drawing: object, number: float, count: int) -> Wrong | None:
    """What is wrong if some of the `count` nodes that hold this number look alike in a drawing."""
    text = _text(drawing)
    if _is_dot(text):
        labels, arrows = _statements(text)
        names = {*labels, *(end for pair in arrows for end in pair)}
        shown = {name for name in names if _shows(labels.get(name, name), number)}
    else:
        lines = [line.strip() for line in text.splitlines() if _shows(line, number)]
        words = [word for line in lines for word in re.split(r"[\s,]+", line)]
        alone = {line for line in lines if all(_near(n, [number]) for n in _numbers(line) if n % 1)}
        glued = {word for word in words if _shows(word, number)}
        before = {a for a, b in zip(words, words[1:]) if _shows(b, number) and _A_NAME.search(a)}
        shown = max(alone, glued, before, key=len)
    if len(shown) >= count:
        return None
    return Wrong(
        f"Two nodes hold {number:g}, and the drawing does not tell them apart. Give each node a name "
        "of its own, such as n0, n1, …, in a dict from node to name; a number is not a name.",
        "SAMENUMBER",
    )


def _text(drawing: object) -> str:
    text = drawing if isinstance(drawing, str) else drawing.source
    return re.sub(r"\\[nlr]", " ", text)


def _is_dot(text: str) -> bool:
    return bool(re.match(r"\s*(strict\s+)?digraph\b", text))


def _shows(text: str, number: float) -> bool:
    return any(_near(n, [number]) for n in _numbers(text))


def _missing_number(node, numbers: list[float]) -> Wrong:
    rough = min(numbers, key=lambda n: abs(n - node.data), default=0.0)
    if abs(rough - node.data) < 0.01 * abs(node.data):
        return Wrong(
            f"{node.data:.4g} is shown as {show(rough)}. Show at least four digits: "
            "`{node.data:.4g}`.", "ROUNDED")  # fmt: skip
    what = f"the result of `{node.op}`" if node.parents else "a leaf"
    return Wrong(f"The number {node.data:.4g}, {what}, is nowhere in the drawing. Show every "
                 "node with its number, `node.data`.", "NONUMBERS")  # fmt: skip


def _drawn_again(text: str) -> Wrong | None:
    lines = [re.sub(r"^\W+", "", line).strip() for line in text.splitlines()]
    line, times = Counter(lines).most_common(1)[0]
    if times == 1:
        return None
    return Wrong(
        f"`{line}` is drawn {times} times. A tree repeats what is shared, and of 40 doublings it would "
        "draw 2⁴⁰ lines. Draw each node once, on a line of its own, and name its operands there.",
        "TREE",
    )


def _on_top(text: str, nodes: Sequence) -> Wrong | None:
    twice = next((n for n in nodes if len({*map(id, n.parents)}) < len(n.parents)), None)
    if twice is None or not re.match(r"\s*strict\b", text):
        return None
    return Wrong(
        "In a `strict` graph dot draws one edge where there are two: that of x·x lies on top of the "
        "other. Leave `strict` out.",
        "EDGEDICT",
    )


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


def _readings(text: str, values: list[float], wanted: Edges) -> dict[str, Edges]:
    """The edges in a drawing, read in every way in which it may be meant."""
    if _is_dot(text):
        arrows = _arrows(text, values)
        return {"arrows": arrows, "backward": _turned(arrows)}
    lines = [line for line in text.splitlines() if line.strip()]
    nested = _nested(lines, values)
    return {
        "lines": _on_lines(lines, values, wanted),
        "nested": nested,
        "upside down": _turned(nested),
    }


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


def _statements(text: str) -> tuple[dict[str, str], Counter[tuple[str, str]]]:
    """The nodes of a DOT source with what is written at each, and its arrows."""
    body = text[text.index("{") :]
    labels: dict[str, str] = {}
    arrows: Counter[tuple[str, str]] = Counter()
    for ends, attributes in _STATEMENT.findall(body):
        names = [name.strip('"') for name in re.findall(rf"({_ID})(?::\w+)*", ends)]
        if len(names) == 1:
            labels[names[0]] = f"{labels.get(names[0], names[0])} {attributes}"
        for pair in zip(names, names[1:]):
            arrows[pair] += 1
    return labels, arrows


def _arrows(text: str, values: list[float]) -> Edges:
    """Arrows between nodes with numbers; they may pass through one node without, an operation."""
    labels, arrows = _statements(text)
    means = {
        name: {i for number in _numbers(labels.get(name, name)) for i in _near(number, values)}
        for name in {end for pair in arrows for end in pair}
    }
    found: Edges = Counter()
    for (a, b), times in arrows.items():
        found.update({(i, j): times for i in means[a] for j in means[b]})
        for (c, d), more in arrows.items() if not means[b] else ():
            if c == b:
                found.update({(i, j): times * more for i in means[a] for j in means[d]})
    return found


# ------------------------------------------------------------------ numbers


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


def _near(number: float, values: list[float]) -> list[int]:
    return [i for i, value in enumerate(values) if abs(number - value) <= CLOSE * value]
