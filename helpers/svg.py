"""Writes the picture of a graph as SVG: the same bytes for the same graph, on every machine.

A value is a box with its name, value and gradient; a leaf has a bar at its left edge; an operation
is a circle in front of its result. In graphs of more than `COMPACT` nodes the operation moves into
the box. Every element that a widget may want to change carries a class and the index of its node:

    <g class="ag-node" data-node="2">   rect.ag-box, text.ag-name, text.ag-value, text.ag-grad
    <g class="ag-op" data-op="2">       the circle in front of node 2
    <path class="ag-edge" data-from="0" data-to="2" data-slot="1">   operand 1 of node 2
    <path class="ag-stem" data-to="2">  from the circle to the box
    <g class="ag-fold" data-fold="2">   what was folded away behind node 2
"""

import math
from html import escape
from typing import NamedTuple

from helpers import palette
from helpers.cards import (
    NORMAL,
    SMALL,
    Card,
    card,
    counted,
    op_label,
    order_matters,
    printable,
    sentence,
)
from helpers.excerpt import Excerpt, Fold
from helpers.graph import Node
from helpers.layout import Box, Layout, Link, Point, fit, place, text_width, wrap

COMPACT = 50
MARGIN = 6

CSS = palette.CSS + (
    ".ag-frame{overflow-x:auto;max-width:100%}"
    ".ag-frame>svg{display:block;max-width:100%;height:auto}\n"
    ".ag-picture text{font:12px 'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif;"
    "text-anchor:middle;fill:var(--ag-ink)}\n"
    ".ag-paper{fill:var(--ag-paper)}"
    ".ag-box{fill:var(--ag-box);stroke:var(--ag-line);stroke-width:1.2}"
    ".ag-leaf .ag-box{fill:var(--ag-soft)}"
    ".ag-bar{fill:var(--ag-data)}\n"
    ".ag-picture .ag-name{font-size:13px;font-weight:600}"
    ".ag-picture .ag-auto .ag-name{font-weight:400;fill:var(--ag-neutral-text)}"
    ".ag-picture .ag-value{fill:var(--ag-data-text)}"
    ".ag-picture .ag-grad{fill:var(--ag-gradient-text)}\n"
    ".ag-circle{fill:var(--ag-paper);stroke:var(--ag-neutral);stroke-width:1.2}"
    ".ag-edge,.ag-stem,.ag-dots{fill:none;stroke:var(--ag-neutral);stroke-width:1.3;"
    "stroke-linecap:round;stroke-linejoin:round}"
    ".ag-dots{stroke-dasharray:0 4.5;stroke-width:2}\n"
    ".ag-folded{fill:var(--ag-paper);stroke:var(--ag-neutral);stroke-dasharray:4 3}"
    ".ag-picture .ag-sign{font-size:16px}"
    ".ag-picture .ag-rank{font-size:9.5px;fill:var(--ag-neutral-text)}"
    ".ag-picture .ag-title{font-size:14px;font-weight:600;text-anchor:start}"
    ".ag-picture .ag-note{fill:var(--ag-neutral-text);text-anchor:start}\n"
    ".ag-compact .ag-node text{font-size:11px}"
    ".ag-compact .ag-node text.ag-name{font-size:11px;text-anchor:start}"
    ".ag-compact .ag-node text.ag-sign{font-size:12px;text-anchor:end}\n"
)


def write(
    part: Excerpt, grads: bool, title: str, name: str, description: str
) -> tuple[str, Layout]:
    """Lay the excerpt out and write it down.

    Parameters
    ----------
    part : Excerpt
    grads : bool
        Whether boxes show gradients.
    title : str
        A line above the picture, or "".
    name, description : str
        The text alternative.

    Returns
    -------
    svg : str
    layout : Layout
        Coordinates in the picture; "n3" is the box of node 3, "o3" its circle.
    """
    compact = len(part.nodes) > COMPACT
    sketch = _Sketch(part, compact, grads)
    rows, columns = (10, 34) if compact else (14, 20)
    layout = place(sketch.boxes, sketch.links, rows, columns)
    top = MARGIN + (28 if title else 0)
    layout = layout.moved(MARGIN, top)
    title = printable(title)
    width = max(layout.width, text_width(title, 14, bold=True), 260 if part.note else 0)
    note = wrap(part.note, min(width, 640), 12)
    bottom = layout.height + (4 + 17 * len(note) if note else 0)
    size = f"{_n(width + MARGIN)}", f"{_n(bottom + MARGIN)}"
    kind = "ag-theme ag-picture" + " ag-compact" * compact
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{kind}" role="img" '
        f'viewBox="0 0 {size[0]} {size[1]}" width="{size[0]}" height="{size[1]}" '
        f'style="min-width:{_n(0.8 * width)}px">',  # shrinks so far in a narrow page, then scrolls
        f"<title>{escape(name)}</title><desc>{escape(description)}</desc><style>{CSS}</style>",
        f'<rect class="ag-paper" width="{size[0]}" height="{size[1]}"/>',
        *([_text("ag-title", MARGIN, MARGIN + 14, title)] if title else []),
        *sketch.drawn(layout),
    ]
    for i, words in enumerate(note, start=1):
        lines.append(_text("ag-note", MARGIN, layout.height + 17 * i, words))
    return "\n".join([*lines, "</svg>"]), layout


class Stroke(NamedTuple):
    """How a link is drawn. `rank` is the operand's number, where the order of operands matters."""

    name: str
    data: str
    arrow: bool = False
    rank: str = ""


class _Sketch:
    """The parts of a picture before they have a place: boxes and links, and what is in them."""

    def __init__(self, part: Excerpt, compact: bool, grads: bool):
        self.part = part
        self.compact = compact
        self.grads = grads
        self.boxes: list[Box] = []
        self.links: list[Link] = []
        self.strokes: list[Stroke] = []
        self.ops: list[tuple[Node, str]] = []
        self.cards: list[Card] = []
        self.folds: list[tuple[Fold, str]] = []
        for node in part.nodes:
            self._add(node)
        for fold in part.folds.values():
            self._add_inputs(fold)

    def drawn(self, layout: Layout) -> list[str]:
        """Everything as SVG, the links first so that boxes cover their ends."""
        at = layout.centers
        size = {box.key: (box.width, box.height) for box in self.boxes}

        def where(key):
            return *at[key], *size[key]

        return [
            *map(_link, self.strokes, layout.curves),
            *(_op(node, sign, *where(f"o{node.index}")) for node, sign in self.ops),
            *(self._node(card, *where(f"n{card.node.index}")) for card in self.cards),
            *(_fold(fold, text, *where(f"f{fold.into.index}")) for fold, text in self.folds),
        ]

    def _add(self, node: Node) -> None:
        i, part = node.index, self.part
        words = card(node, SMALL if self.compact else NORMAL, self.grads)
        entry = f"n{i}"
        if node.parents and not self.compact:
            entry = f"o{i}"
            sign = fit(op_label(node.op), 110, 12)
            width = 24 if len(sign) == 1 else text_width(sign, 12) + 18
            self.ops.append((node, sign))
            self.boxes.append(Box(entry, width, 24, round=width == 24))
            self._connect(entry, f"n{i}", Stroke("ag-stem", f'data-to="{i}"'), near=True)
        self.cards.append(words)
        self.boxes.append(Box(f"n{i}", words.width, words.height))
        if fold := part.folds.get(i):
            self.folds.append((fold, text := counted(fold)))
            self.boxes.append(Box(f"f{i}", text_width(text, 12) + 18, 28))
        elif part.is_cut(node.parents):
            self._dots(entry, i)
        ranked = not self.compact and order_matters(node)
        for slot, parent in enumerate(node.parents):
            shown = parent.index in part.shown
            if shown or fold:
                data = f'data-from="{parent.index}" data-to="{i}" data-slot="{slot}"'
                stroke = Stroke("ag-edge", data, arrow=True, rank=str(slot + 1) if ranked else "")
                start = f"n{parent.index}" if shown else f"f{i}"
                self._connect(start, entry, stroke, near=len(node.parents) == 1)

    def _add_inputs(self, fold: Fold) -> None:
        i = fold.into.index
        if self.part.is_cut(fold.inputs):
            self._dots(f"f{i}", i)
        for parent in fold.inputs:
            if parent.index in self.part.shown:
                data = f'data-from="{parent.index}" data-to="{i}"'
                stroke = Stroke("ag-edge ag-into-fold", data, arrow=True)
                self._connect(f"n{parent.index}", f"f{i}", stroke)

    def _dots(self, entry: str, i: int) -> None:
        """Dots in place of operands that are left out."""
        self.boxes.append(Box(f"c{entry}", 4, 4))
        self._connect(f"c{entry}", entry, Stroke("ag-dots", f'data-to="{i}"'), near=True)

    def _connect(self, tail: str, head: str, stroke: Stroke, near: bool = False) -> None:
        self.links.append(Link(tail, head, near, aimed=near or self.compact))
        self.strokes.append(stroke)

    def _node(self, words: Card, x, y, width, height) -> str:
        node, line = words.node, (SMALL if self.compact else NORMAL).line
        kind = "ag-node" + " ag-leaf" * (not node.parents) + " ag-auto" * (not node.name)
        left, top = x - width / 2, y - height / 2
        middle = x if node.parents else x + 2.5  # a leaf's bar takes 5 pixels at the left
        first = top + 5 + line * 0.77
        second = first + line * bool(words.value)
        return (
            f'<g class="{kind}" data-node="{node.index}">'
            f"<title>{escape(sentence(node, self.grads))}</title>"
            + _rect("ag-box", left, top, width, height, 5)
            + ("" if node.parents else _bar(left, top, height))
            + _text("ag-name", left + 8 if self.compact else middle, first, words.name)
            + (_text("ag-sign", left + width - 7, first, words.sign) if words.sign else "")
            + _text("ag-value", middle, second, words.value)
            + (_text("ag-grad", middle, second + line, words.grad) if self.grads else "")
            + "</g>"
        )


# ------------------------------------------------------------------------------ single elements


def _op(node: Node, sign: str, x, y, width, height) -> str:
    one = len(sign) == 1
    return (
        f'<g class="ag-op" data-op="{node.index}"><title>{escape(op_label(node.op))}</title>'
        + _rect("ag-circle", x - width / 2, y - height / 2, width, height, height / 2)
        + _text("ag-sign" if one else "ag-word", x, y + (5.5 if one else 4.3), sign)
        + "</g>"
    )


def _fold(fold: Fold, text: str, x, y, width, height) -> str:
    return (
        f'<g class="ag-fold" data-fold="{fold.into.index}">'
        + _rect("ag-folded", x - width / 2, y - height / 2, width, height, 5)
        + _text("ag-word", x, y + 4.3, text)
        + "</g>"
    )


def _link(stroke: Stroke, curve: list[Point]) -> str:
    start, *rest = curve
    d = f"M{_n(start[0])} {_n(start[1])}C" + " ".join(f"{_n(x)} {_n(y)}" for x, y in rest)
    x, y = curve[-1]
    ux, uy = _direction(curve)
    if stroke.arrow:  # two short strokes back from the tip
        back_x, back_y, dx, dy = x - 6 * ux, y - 6 * uy, 3.6 * uy, 3.6 * ux
        d += f"M{_n(back_x - dx)} {_n(back_y + dy)}L{_n(x)} {_n(y)}"
        d += f"L{_n(back_x + dx)} {_n(back_y - dy)}"
    path = f'<path class="{stroke.name}" {stroke.data} d="{d}"/>'
    if not stroke.rank:
        return path
    above = uy > 0.1 or (uy > -0.1 and stroke.rank == "1")  # the outer side of the edge
    side = -8 if above else 8
    x, y = x - 11 * ux - side * uy, y - 11 * uy + side * ux + 3.5
    return path + _text("ag-rank", x, y, stroke.rank)


def _direction(curve: list[Point]) -> Point:
    """The unit vector in which a curve arrives."""
    x, y = curve[-1]
    back_x, back_y = next(point for point in reversed(curve) if point != (x, y))
    length = math.hypot(x - back_x, y - back_y)
    return (x - back_x) / length, (y - back_y) / length


def _rect(name, x, y, width, height, radius) -> str:
    size = f'width="{_n(width)}" height="{_n(height)}" rx="{_n(radius)}"'
    return f'<rect class="{name}" x="{_n(x)}" y="{_n(y)}" {size}/>'


def _bar(x, y, height) -> str:
    """A leaf's left edge, thick and with the box's round corners."""
    right, low, bottom = _n(x + 5), _n(y + height - 5), _n(y + height)
    start = f"M{right} {_n(y)}A5 5 0 0 0 {_n(x)} {_n(y + 5)}"
    return f'<path class="ag-bar" d="{start}V{low}A5 5 0 0 0 {right} {bottom}Z"/>'


def _text(name, x, y, text) -> str:
    return f'<text class="{name}" x="{_n(x)}" y="{_n(y)}">{escape(text)}</text>'


def _n(x: float) -> str:
    """A coordinate: at most one decimal, no "-0"."""
    return f"{round(x, 1) + 0:.1f}".removesuffix(".0")
