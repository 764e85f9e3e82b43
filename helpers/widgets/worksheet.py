"""`Worksheet(root)`: a graph whose derivatives the learner fills in, told at once what is wrong.

One box for every local derivative and every gradient, in backward order. The right answers and the
known slips (`helpers.widgets.slips`) travel to the browser, so checking needs no kernel; `answer`
gives the same sentences from Python.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from helpers import formula, render
from helpers.cards import sentence
from helpers.graph import Graph, Node, expression, number
from helpers.widgets.answer_table import Table
from helpers.widgets.front import FrontWidget
from helpers.widgets.slips import Slips, local_name, operation

UNREADABLE = "This cannot be read as a number. Write it like −3, 1/3, 2*3 or 1 - 0.5^2."
FORWARD = "First the values, forward. "
BACKWARD = (
    "Go backward from the result: for each node its gradient, then the local derivative on each of "
    "its edges. Enter checks. Write −3 or 1/3 or a formula in this graph's names; three "
    "significant digits are enough."
)


class Score(NamedTuple):
    """How many boxes are right, how many of them at the first try, how many there are."""

    right: int
    first_try: int
    total: int

    def __str__(self) -> str:
        return f"{self.right} of {self.total} right, {self.first_try} at the first try"


@dataclass(frozen=True, slots=True)
class Box:
    """One number to fill in.

    Attributes
    ----------
    key : str
        Its name in `answer` and `fill`.
    kind : str
        "value", "local" or "gradient".
    node : Node
        Whose value or gradient; for a local derivative the result of the operation.
    label : str
        What is asked, as in "∂(q * y)/∂q (local)".
    right : float
    table : Table
        The right interval and the known slips.
    slot : int, optional
        The operand, for a local derivative.
    """

    key: str
    kind: str
    node: Node
    label: str
    right: float
    table: Table
    slot: int | None = None


class Worksheet(FrontWidget):
    """Fill in the backward pass of a computation, box by box.

    Parameters
    ----------
    root : Value, torch.Tensor, or an object of any similar engine
        The result of a computation with single numbers.
    names : dict, optional
        Variable names and their objects; by default the caller's variables.
    values : bool
        False leaves the forward values to the learner, too.

    Attributes
    ----------
    boxes : list of Box
        What is asked, in order.
    score : Score
        `(right, first_try, total)`.
    entries : dict
        What was entered last, by key.

    Raises
    ------
    ValueError
        For arrays, and where a derivative is not known or not finite.

    Notes
    -----
    What is right is measured from the forward pass, so a wrong engine does not matter. Constants
    without a name are not asked for.

    Examples
    --------
    >>> from helpers.engine.scalar import Value
    >>> x, y = Value(2.0), Value(3.0)
    >>> sheet = Worksheet(x * y, names={"x": x, "y": y})
    >>> sheet.answer("grad_x", -3)
    'The size is right, the sign is not: nudge x up; does t1 go up or down?'
    >>> sheet.answer("grad_x", 3)
    'Right.'
    """

    scripts = ("page.js", "picture.js", "formula.js", "answer.js", "worksheet.js")
    styles = ("widget.css", "answer.css", "worksheet.css")

    def __init__(
        self, root: object, *, names: dict[str, object] | None = None, values: bool = True
    ):
        graph = Graph.record(root, names)
        if not graph.scalar:
            raise ValueError(
                "A worksheet asks for single numbers; this graph holds arrays. Take one entry, or "
                "a sum, of a small computation; Stepper(root) shows arrays as well."
            )
        slips = Slips(graph)
        self._graph = graph
        self.boxes = list(_boxes(slips, values))
        hidden = {box.node.index for box in self.boxes if box.kind == "value"}
        shown = [n for n in graph.nodes if n.index not in hidden and n.value is not None]
        self._known = {n.label: n.value for n in shown if n.label.isidentifier()}
        self._shown = {n.index for n in shown}
        super().__init__(data=self._data(slips), state={"entries": {}, "tries": {}, "shown": []})

    @property
    def entries(self) -> dict[str, str]:
        return dict(self.state["entries"])

    @property
    def score(self) -> Score:
        right = [box.key for box in self.boxes if self._is_right(box)]
        first = sum(self.state["tries"][key] == 1 for key in right)
        return Score(len(right), first, len(self.boxes))

    def answer(self, key: str, value: float | str) -> str:
        """Enter a number or a formula into one box.

        Parameters
        ----------
        key : str
            As in `boxes`: "local_f_q" for the edge from q to f, "grad_q" for the gradient of q.
        value : float or str

        Returns
        -------
        str
            What the worksheet says about it.
        """
        box = next((box for box in self.boxes if box.key == key), None)
        if box is None:
            known = ", ".join(box.key for box in self.boxes)
            raise ValueError(f"This worksheet has no box {key!r}. It has: {known}.")
        text = value if isinstance(value, str) else repr(float(value))
        x = self._read(text)
        if x is None:
            return UNREADABLE
        if not self._is_done(box):
            entries, tries = self.state["entries"], self.state["tries"]
            self.state = {
                **self.state,
                "entries": {**entries, key: text},
                "tries": {**tries, key: tries.get(key, 0) + 1},
            }
        return box.table.find(x)[1]

    def fill(self, **answers: float | str) -> dict[str, str]:
        """Enter several answers; returns the sentence for each."""
        return {key: self.answer(key, value) for key, value in answers.items()}

    def _read(self, text: str) -> float | None:
        try:
            x = formula.read(text, set(self._known)).at(self._known)
        except ValueError:
            return None
        return x if math.isfinite(x) else None

    def _is_right(self, box: Box) -> bool:
        text = self.state["entries"].get(box.key)
        if text is None or box.key in self.state["shown"]:
            return False
        x = self._read(text)
        return x is not None and box.table.find(x)[0]

    def _is_done(self, box: Box) -> bool:
        return box.key in self.state["shown"] or self._is_right(box)

    # ------------------------------------------------------------------ its forms

    @property
    def svg(self) -> str:
        return self.data["svg"]

    @property
    def text(self) -> str:
        """The graph as lines, then the blanks with their keys."""
        width = max(len(box.key) for box in self.boxes)
        lines = [f"Worksheet: {self._graph.root.label}, {len(self.boxes)} boxes"]
        lines += [f"  {_line(node, self._shown)}" for node in self._graph.nodes]
        for box in self.boxes:
            entry = self.state["entries"].get(box.key, "____")
            mark = "" if entry == "____" else " ✓" if self._is_right(box) else " ✗"
            lines.append(f"  {box.key:{width}}  {box.label} = {entry}{mark}")
        return "\n".join([*lines, str(self.score)] if self.entries else lines)

    def _data(self, slips: Slips) -> dict:
        graph, asked = self._graph, slips.asked
        groups: list[dict] = []
        for box in self.boxes:
            phase = "forward" if box.kind == "value" else "backward"
            if not groups or (groups[-1]["node"], groups[-1]["phase"]) != (box.node.index, phase):
                made = expression(box.node) if box.node.parents else ""
                group = {"node": box.node.index, "phase": phase, "made": made, "boxes": []}
                groups.append(group)
            groups[-1]["boxes"].append(_for_browser(box, graph))
        found = [n for n in graph.leaves if n.index in asked]
        ends = [f"∂{graph.root.label}/∂{n.label} = {number(slips.right[n.index])}" for n in found]
        some = [*ends[:6], "…"] if len(ends) > 6 else ends
        return {
            "svg": _blank(render.draw(graph).svg, graph, self._shown, asked),
            "intro": FORWARD * (self.boxes[0].kind == "value") + BACKWARD,
            "unreadable": UNREADABLE,
            "closing": f"That was a whole backward pass by hand: {', '.join(some)}.",
            "root": graph.root.label,
            "names": [node.label for node in graph.nodes],
            "values": {i: number(graph.nodes[i].value) for i in self._shown},
            "asked": sorted(asked),
            "known": self._known,
            "groups": groups,
        }


# ---------------------------------------------------------------------- what is asked


def _boxes(slips: Slips, values: bool) -> Iterator[Box]:
    """All boxes: forward values first if they are asked for, then backward from the root."""
    taken: set[str] = set()

    def key(*words: str) -> str:
        name = "_".join(words)
        while name in taken:
            name += "_"
        taken.add(name)
        return name

    nodes = [node for node in slips.nodes if node.index in slips.asked]
    for node in nodes:
        if not values and node.parents and node.value is not None:
            table = slips.value_table(node)
            yield Box(key("value", node.label), "value", node, node.label, node.value, table)
    top = slips.root.label
    for node in reversed(nodes):
        right, table = slips.right[node.index], slips.gradient_table(node)
        yield Box(key("grad", node.label), "gradient", node, f"∂{top}/∂{node.label}", right, table)
        for slot, parent in slips.edges(node):
            often = node.parents.count(parent) > 1
            words = "local", node.label, parent.label, *([str(slot + 1)] if often else [])
            which = f", operand {slot + 1}" if often else ""
            label = f"{local_name(node, parent)} (local{which})"
            right, table = slips.local[node.index, slot], slips.local_table(node, slot)
            yield Box(key(*words), "local", node, label, right, table, slot)


# ---------------------------------------------------------------------- for the page


def _for_browser(box: Box, graph: Graph) -> dict:
    i, parents = box.node.index, box.node.parents
    if box.kind == "gradient":
        edges = [(n.index, s) for n in graph.nodes for s, p in enumerate(n.parents) if p.index == i]
    else:
        edges = [(i, slot) for slot in range(len(parents)) if box.slot in (None, slot)]
    inner = [f"{graph.nodes[to].parents[slot].index} {to} {slot}" for to, slot in edges]
    ends = [f"{part} {to}" for to, _ in edges for part in ("stem", "op")]
    return {
        "key": box.key,
        "kind": box.kind,
        "label": box.label,
        "top": operation(box.node) if box.kind == "local" else graph.root.label,
        "bottom": parents[box.slot].label if box.kind == "local" else box.node.label,
        "edges": inner + ends,
        "right": number(box.right),
        "rows": box.table.rows,
        "nudge": box.table.nudge,
    }


def _blank(svg: str, graph: Graph, shown: set[int], asked: set[int]) -> str:
    """The picture without what is asked for, in its boxes, tooltips and text alternative."""
    lines = "\n".join(_line(node, shown) for node in graph.nodes)
    svg = re.sub(r"<desc>[^<]*", lambda _: f"<desc>{escape(lines)}", svg, count=1)
    svg = re.sub(r"(<g class=\"ag-node[^>]*>)<title>[^<]*</title>", r"\1", svg)
    for node in graph.nodes:
        i = node.index
        svg = _say(svg, i, "ag-grad", "∂ ?" if i in asked else "")
        if i not in shown and node.value is not None:
            svg = _say(svg, i, "ag-value", "?")
    return svg


def _say(svg: str, i: int, kind: str, text: str) -> str:
    """Change one text in the box of node i, if that is drawn."""
    place = rf'(data-node="{i}">(?:(?!</g>).)*?class="{kind}"[^>]*>)[^<]*'
    return re.sub(place, lambda found: found[1] + text, svg, count=1, flags=re.DOTALL)


def _line(node: Node, shown: set[int]) -> str:
    """A node as a line to read, without its gradient, and without a value that is asked for."""
    line = sentence(node, grads=False)
    hidden = node.index not in shown and node.value is not None
    return f"{line.rpartition(' = ')[0]} = ____" if hidden else line
