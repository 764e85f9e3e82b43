"""Where things go in a picture: places boxes of fixed size, and tells how wide a text will be.

A layout program (Graphviz) only ever sees empty boxes, so no font, label or locale changes what it
answers, and the same graph gets the same coordinates on every machine. It is looked for in this
order: `pygraphviz`, whose wheels carry Graphviz inside; the programs `graphviz-pure` and `dot`.
What is drawn at these coordinates is `helpers.render`'s business.
"""

import os
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

Point = tuple[float, float]


class Box(NamedTuple):
    """One thing to place. Sizes are in pixels; a `round` one is a circle or an ellipse."""

    key: str
    width: float
    height: float
    round: bool = False


class Link(NamedTuple):
    """One connection, from the right side of `tail` to `head`.

    A `near` one is kept short and straight. An `aimed` one ends in the middle of the left side of
    its head, where others end wherever they meet it.
    """

    tail: str
    head: str
    near: bool = False
    aimed: bool = False


class Layout(NamedTuple):
    """Where everything is, in pixels, y downwards.

    Attributes
    ----------
    width, height : float
        Size of the whole.
    centers : dict of str to (x, y)
        Center of each box, by key.
    curves : list of list of (x, y)
        For each link, in the order given: a start, then three Bézier points for each stretch.
    """

    width: float
    height: float
    centers: dict[str, Point]
    curves: list[list[Point]]

    def moved(self, dx: float, dy: float) -> "Layout":
        """The same, shifted to the right and down."""
        centers = {key: (x + dx, y + dy) for key, (x, y) in self.centers.items()}
        curves = [[(x + dx, y + dy) for x, y in curve] for curve in self.curves]
        return Layout(self.width + dx, self.height + dy, centers, curves)


def place(
    boxes: Sequence[Box], links: Sequence[Link], rows: float = 14, columns: float = 20
) -> Layout:
    """Place boxes in columns from left to right, so that links run forward and seldom cross.

    Parameters
    ----------
    boxes : sequence of Box
        Keys are plain words without spaces.
    links : sequence of Link
    rows, columns : float
        Least distance between two boxes, vertical and horizontal, in pixels.

    Raises
    ------
    RuntimeError
        If no layout program is installed.

    Examples
    --------
    >>> layout = place([Box("a", 72, 36), Box("b", 72, 36)], [Link("a", "b", near=True)])
    >>> layout.centers
    {'a': (36.0, 18.0), 'b': (128.0, 18.0)}
    """
    return _read(_run(_source(boxes, links, rows, columns)), links)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Width in pixels of a text in Helvetica, Arial or Liberation Sans, from a fixed table."""
    total = sum(_ADVANCE.get(character) or _advance(character) for character in text)
    return total * size / 1000 * (1.08 if bold else 1)


def fit(text: str, room: float, size: float, bold: bool = False) -> str:
    """The text, or its beginning and "…", so that it is at most `room` pixels wide."""
    if text_width(text, size, bold) <= room:
        return text
    while text and text_width(text + "…", size, bold) > room:
        text = text[:-1]
    return text + "…"


def wrap(text: str, room: float, size: float) -> list[str]:
    """The text as lines of at most `room` pixels; one word alone may be wider."""
    lines = [""] if text else []
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if not lines[-1] or text_width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


# Advance widths of Arial in thousandths of its size; the characters of a group share one width.
_GROUPS = {
    191: "'",
    222: "ijl",
    260: "|",
    278: " !,./:;I[]\\ft",
    333: "()-`r",
    355: '"{}',
    389: "*",
    494: "^∂",
    500: "Jckosvxyz‖",
    556: "#$0123456789?L_abdeghnopqu÷√",
    584: "+<=>~−×·",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw∞",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1015: "@…",
}
_ADVANCE = {character: width for width, group in _GROUPS.items() for character in group}


def _advance(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    wide = unicodedata.east_asian_width(character) in "WF"
    return 1300 if wide else 700


def _source(boxes: Sequence[Box], links: Sequence[Link], rows: float, columns: float) -> str:
    """The graph in Graphviz's language: fixed sizes, no labels."""
    lines = [
        f"digraph{{rankdir=LR;nodesep={rows / 72:.3f};ranksep={columns / 72:.3f};",
        'node[shape=box,fixedsize=true,label=""];edge[arrowhead=none,tailport=e];',
    ]
    for box in boxes:
        shape = ",shape=ellipse" if box.round else ""
        lines.append(f"{box.key}[width={box.width / 72:.4f},height={box.height / 72:.4f}{shape}];")
    for link in links:
        how = "weight=100," * link.near + "headport=w" * link.aimed
        lines.append(f"{link.tail}->{link.head}[{how}];")
    return "\n".join(lines) + "}"


def _run(source: str) -> str:
    """Graphviz's plain output, from the first layout program that works."""
    try:
        from pygraphviz import AGraph

        with closing(AGraph(string=source)) as graph:
            return graph.draw(format="plain", prog="dot").decode()
    except (ImportError, OSError, ValueError):
        pass
    beside_python = os.path.dirname(sys.executable)
    where = os.pathsep.join([os.environ.get("PATH", ""), beside_python])
    for name in ("graphviz-pure", "dot"):
        if program := shutil.which(name, path=where):
            command = [program, "-Kdot", "-Tplain"]
            done = subprocess.run(command, input=source, capture_output=True, encoding="utf-8")
            if done.returncode == 0:
                return done.stdout
    raise RuntimeError(
        "draw() needs a layout program to place the boxes, and found none. Install one of these, "
        "then restart the kernel: `pip install pygraphviz` (it carries Graphviz inside), "
        "`pip install graphviz-pure`, or Graphviz itself from https://graphviz.org/download."
    )


def _read(plain: str, links: Sequence[Link]) -> Layout:
    """Graphviz's plain output as pixels. Parallel links keep their order."""
    width = height = 0.0
    centers: dict[str, Point] = {}
    drawn: dict[tuple[str, str], list[list[Point]]] = {}
    for line in plain.splitlines():
        kind, *words = line.split()
        if kind == "graph":
            width, height = float(words[1]) * 72, float(words[2]) * 72
        elif kind == "node":
            centers[words[0]] = _point(words[1], words[2], height)
        elif kind == "edge":
            count = int(words[2])
            numbers = words[3 : 3 + 2 * count]
            curve = [_point(x, y, height) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
            drawn.setdefault((words[0], words[1]), []).append(curve)
    for curves in drawn.values():
        curves.sort(key=lambda curve: max(y for _, y in curve))  # first operand on top
    return Layout(width, height, centers, [drawn[link.tail, link.head].pop(0) for link in links])


def _point(x: str, y: str, height: float) -> Point:
    return round(float(x) * 72, 1), round(height - float(y) * 72, 1)
