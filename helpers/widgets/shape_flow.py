"""`ShapeFlow(X, W, b, G)`: a linear layer as blocks of numbers, forward and backward.

Each product stands as a Falk scheme: the left factor beside the result, the right factor above it,
so that the row and the column which make an entry meet at that entry, and the axis that is summed
is the one which the result does not have. The blocks are drawn here; the browser only chooses what
lights up.
"""

from __future__ import annotations

from html import escape
from typing import NamedTuple

import numpy as np

from helpers.graph import number
from helpers.palette import CSS as PALETTE
from helpers.widgets.front import FrontWidget, read

LARGEST = 8  # rows or columns that can still be read
CELL, LINE = 46, 28  # width and height of a cell
LEFT, TOP, GAP, RISE, RIGHT = 64, 82, 66, 52, 62  # room for axes, names, and between the blocks
HEAD = 30  # the line with the formula, which a widget has on its buttons
WIDEST = 760  # of the picture with all products, in pixels
WHAT = {"N": "samples", "D": "inputs", "H": "outputs"}


class Block(NamedTuple):
    """One matrix of a scheme. `of` is what it is the transpose of, "" if it is itself."""

    name: str
    ink: str
    values: list[list[float]]
    of: str = ""


class View(NamedTuple):
    """One product: result = left · right, with the names of its three axes."""

    key: str
    formula: str
    left: Block
    right: Block
    result: Block
    rows: str
    summed: str
    columns: str
    shapes: dict[str, tuple[int, ...]]
    bias: list[float] | None = None


class ShapeFlow(FrontWidget):
    """See which rows and columns of a linear layer meet, and which axis is summed.

    Parameters
    ----------
    X, W, b : array_like, shapes (N, D), (D, H), (H,)
        Small arrays: Y = X·W + b. At most 8 rows and columns, so that the numbers can be read.
    G : array_like, shape (N, H), optional
        ∂L/∂Y. Without it only the forward pass is shown.
    view : str
        What is shown first: "Y", "dX", "dW" or "db".

    Attributes
    ----------
    view : str
        What is shown; assign to it to change it on the screen.
    entry : tuple of int
        Row and column of the chosen entry of the result; assign to it as well.

    Raises
    ------
    ValueError
        If the shapes do not fit, or are too large to be read.

    Examples
    --------
    >>> flow = ShapeFlow([[1, 2]], [[3], [4]], [5], [[10]], view="dW")
    >>> print(flow.text.splitlines()[-1])
      db[0] = 10 = 10
    """

    scripts = ("page.js", "formula.js", "shape_flow.js")
    styles = ("widget.css", "shape_flow.css")

    def __init__(self, X, W, b, G=None, *, view: str = "Y"):
        arrays = _checked(X, W, b, G)
        self.views = _views(*arrays)
        start = {"view": self._place(view), "block": "P", "i": 0, "j": 0}
        super().__init__(data={"views": [_as_data(v) for v in self.views]}, state=start)

    @property
    def view(self) -> str:
        return self.views[self.state["view"]].key

    @view.setter
    def view(self, key: str) -> None:
        self.state = {"view": self._place(key), "block": "P", "i": 0, "j": 0}

    @property
    def entry(self) -> tuple[int, int]:
        return self.state["i"], self.state["j"]

    @entry.setter
    def entry(self, place: tuple[int, int]) -> None:
        i, j = place
        values = self.views[self.state["view"]].result.values
        rows, columns = len(values), len(values[0])
        if not (0 <= i < rows and 0 <= j < columns):
            raise ValueError(f"{self.view} has {rows} rows and {columns} columns; got {place!r}.")
        self.state = {**self.state, "block": "P", "i": i, "j": j}

    def _place(self, key: str) -> int:
        keys = [view.key for view in self.views]
        if key not in keys:
            missing = " Give G, too, to go backward." if len(keys) == 1 else ""
            raise ValueError(f"There is no view {key!r}; there is {', '.join(keys)}.{missing}")
        return keys.index(key)

    @property
    def text(self) -> str:
        return "\n".join(line for view in self.views for line in _words(view))

    @property
    def svg(self) -> str:
        return _still(self.views)


def _checked(X, W, b, G) -> list[np.ndarray | None]:
    """The arrays as floats, if they make a linear layer that can be read."""
    X, W, b = (np.asarray(a, dtype=float) for a in (X, W, b))
    found = f"X {X.shape}, W {W.shape}, b {b.shape}"
    if X.ndim != 2 or W.ndim != 2 or X.shape[1] != W.shape[0] or b.shape != W.shape[1:]:
        raise ValueError(f"A linear layer has X (N, D), W (D, H) and b (H,); got {found}.")
    if G is not None:
        G = np.asarray(G, dtype=float)
        if G.shape != (len(X), W.shape[1]):
            raise ValueError(
                f"G = ∂L/∂Y has the shape of Y, here {(len(X), W.shape[1])}; got {G.shape}."
            )
    if max(*X.shape, *W.shape) > LARGEST or min(*X.shape, *W.shape) < 1:
        raise ValueError(
            f"The numbers can be read for 1 to {LARGEST} rows and columns; got {found}."
        )
    return [X, W, b, G]


def _views(X, W, b, G) -> list[View]:
    shapes = {"X": X.shape, "W": W.shape, "b": b.shape, "Y": (len(X), W.shape[1])}
    forward = View(
        "Y", "Y = X·W + b", _block("X", X), _block("W", W), _block("Y", X @ W + b),
        "N", "D", "H", shapes, bias=b.tolist(),
    )  # fmt: skip
    if G is None:
        return [forward]
    shapes |= {"G": G.shape, "Wᵀ": W.T.shape, "Xᵀ": X.T.shape, "ones": (1, len(X))}
    shapes |= {"dX": X.shape, "dW": W.shape, "db": b.shape}
    upstream = _block("G", G, "gradient")
    return [
        forward,
        View("dX", "dX = G·Wᵀ", upstream, _block("Wᵀ", W.T, of="W"),
             _block("dX", G @ W.T, "gradient"), "N", "H", "D", shapes),
        View("dW", "dW = Xᵀ·G", _block("Xᵀ", X.T, of="X"), upstream,
             _block("dW", X.T @ G, "gradient"), "D", "N", "H", shapes),
        View("db", "db = column sums of G", _block("ones", np.ones((1, len(X))), "neutral"),
             upstream, _block("db", G.sum(axis=0)[None, :], "gradient"), "", "N", "H", shapes),
    ]  # fmt: skip


def _block(name: str, values: np.ndarray, ink: str = "data", of: str = "") -> Block:
    return Block(name, ink, values.tolist(), of)


def _as_data(view: View) -> dict:
    left, right, result = (block._asdict() for block in (view.left, view.right, view.result))
    return {
        **view._asdict(), "left": left, "right": right, "result": result, "what": WHAT,
        "svg": _drawn(view),
    }  # fmt: skip


# ------------------------------------------------------------------------------------- in words


def _words(view: View) -> list[str]:
    """The shapes of a product, then every entry with its numbers."""
    left, right, result = (view.shapes[b.name] for b in (view.left, view.right, view.result))
    size = len(view.right.values)
    lines = [
        f"{view.formula}: {left} · {right} → {result}, "
        f"summed over {view.summed} = {size} {WHAT[view.summed]}"
    ]
    for i, row in enumerate(view.result.values):
        for j, value in enumerate(row):
            place = f"{j}" if view.key == "db" else f"{i}, {j}"
            lines.append(
                f"  {view.key}[{place}] = {' + '.join(_terms(view, i, j))} = {cell(value)}"
            )
    return lines


def _terms(view: View, i: int, j: int) -> list[str]:
    pairs = [(a, row[j]) for a, row in zip(view.left.values[i], view.right.values)]
    if view.key == "db":
        terms = [_factor(b) for _, b in pairs]
    else:
        terms = [f"{_factor(a)}·{_factor(b)}" for a, b in pairs]
    return terms + ([_factor(view.bias[j])] if view.bias else [])


def cell(x: float) -> str:
    """A number as short as a cell needs it: "2", "−0.5"."""
    return number(x).removesuffix(".0")


def _factor(x: float) -> str:
    return f"({cell(x)})" if x < 0 else cell(x)


# ------------------------------------------------------------------------------------- drawing


def _drawn(view: View) -> str:
    """The scheme of one product, for the browser to light up."""
    width, height = _size(view)
    height -= HEAD
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ag-flow" '
        f'viewBox="0 {HEAD} {width} {height}" width="{width}" height="{height}" role="group" '
        f'aria-label="{escape(view.formula)}">'
        f"{_rect('ag-paper', 0, HEAD, width, height)}{''.join(_scheme(view))}</svg>"
    )


def _still(views: list[View]) -> str:
    """All products in one picture, two beside each other, complete in itself."""
    parts, width, height = [], 0, 0
    for pair in filter(None, (views[:2], views[2:])):
        x = 0
        for view in pair:
            drawn = "".join(_scheme(view, (0, 0)))
            parts.append(f'<g transform="translate({x} {height})">{drawn}</g>')
            x += _size(view)[0]
        width, height = max(width, x), height + max(_size(view)[1] for view in pair)
    scale = min(1.0, WIDEST / width)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ag-theme ag-flow" role="img" '
        f'viewBox="0 0 {width} {height}" width="{width * scale:.0f}" height="{height * scale:.0f}">'
        f"<style>{PALETTE}{read('shape_flow.css')}</style>"
        f'<rect class="ag-paper" width="{width}" height="{height}"/>{"".join(parts)}</svg>'
    )


def _size(view: View) -> tuple[int, int]:
    rows, summed, columns = len(view.left.values), len(view.right.values), len(view.right.values[0])
    width = LEFT + summed * CELL + GAP + columns * CELL + RIGHT
    return width, TOP + (summed + rows) * LINE + _rise(view) + 12


def _rise(view: View) -> int:
    """The room between the right factor and the result; b stands in it."""
    return RISE + (LINE + 10 if view.bias else 0)


def _scheme(view: View, entry: tuple[int, int] = (-1, -1)) -> list[str]:
    """The parts of one picture, with the row and the column of an entry lit."""
    rows, summed, columns = len(view.left.values), len(view.right.values), len(view.right.values[0])
    i, j = entry
    x, y = LEFT + summed * CELL + GAP, TOP + summed * LINE + _rise(view)
    lights = f"ag-summed ag-summed-{view.result.ink}"
    parts = [f"<g>{_text('ag-formula', 8, 22, view.formula, 'start')}</g>"]
    for row in range(rows):
        across = x + columns * CELL - LEFT
        parts.append(_band("row", row, LEFT, y + row * LINE, across, LINE, row == i))
    for column in range(columns):
        down = y + rows * LINE - TOP
        parts.append(_band("column", column, x + column * CELL, TOP, CELL, down, column == j))
    parts += [
        _axis_across(LEFT, y, summed, view.summed, lights),
        _axis_down(x, TOP, summed, view.summed, lights),
        _axis_across(x, TOP, columns, view.columns),
        _axis_down(LEFT, y, rows, view.rows) if view.rows else "",
        _block_of(view, "L", view.left, LEFT, y, lambda r, c: r == i),
        _block_of(view, "R", view.right, x, TOP, lambda r, c: c == j),
        _block_of(view, "P", view.result, x, y, lambda r, c: (r, c) == (i, j)),
        _label(view, view.left, LEFT + summed * CELL / 2, y - 66 - LINE, middle=True),
        _label(view, view.right, x + columns * CELL + 10, TOP + summed * LINE / 2 - 4),
        _label(view, view.result, x + columns * CELL + 10, y + rows * LINE / 2 - 4),
    ]
    if view.bias:
        bias, above = Block("b", "data", [view.bias]), y - LINE - 14
        parts.append(_block_of(view, "B", bias, x, above, lambda r, c: c == j))
        parts.append(_label(view, bias, x + columns * CELL + 10, above + LINE / 2 - 4))
        parts.append(f"<g>{_text('ag-plus', x - 14, above + 19, '+')}</g>")
    return parts


def _block_of(view: View, key: str, block: Block, x: float, y: float, lit) -> str:
    """A matrix with its frame; its cells carry their place, for the browser."""
    cells = []
    for r, row in enumerate(block.values):
        for c, value in enumerate(row):
            kind = "ag-cell" + (" ag-chosen" if key == "P" else " ag-lit") * lit(r, c)
            cells.append(
                f'<g class="{kind}" data-i="{r}" data-j="{c}">'
                + _rect("ag-fill", x + c * CELL, y + r * LINE, CELL, LINE)
                + _rect("ag-ring", x + c * CELL + 1.5, y + r * LINE + 1.5, CELL - 3, LINE - 3)
                + _text("ag-number", x + (c + 0.5) * CELL, y + r * LINE + 18.5, cell(value))
                + "</g>"
            )
    width, height = len(block.values[0]) * CELL, len(block.values) * LINE
    frame = _rect("ag-outline", x - 1, y - 1, width + 2, height + 2, ' rx="3"')
    said = escape(f"{block.name}, shape {view.shapes[block.name]}")
    return (
        f'<g class="ag-block ag-{block.ink}-block" data-block="{key}" tabindex="0" role="group" '
        f'aria-label="{said}">{"".join(cells)}{frame}</g>'
    )


def _label(view: View, block: Block, x: float, y: float, middle: bool = False) -> str:
    """A matrix's name and shape: beside it, or above it."""
    anchor = "middle" if middle else "start"
    shape = str(view.shapes[block.name])
    name = _text(f"ag-title ag-{block.ink}-title", x, y, block.name, anchor)
    return f"<g>{name}{_text('ag-shape', x, y + 15, shape, anchor)}</g>"


def _axis_across(x: float, y: float, count: int, name: str, kind: str = "") -> str:
    """Over a block: its columns' numbers, a bracket, the axis' name and length."""
    end = x + count * CELL
    line = f"M{x + 2} {y - 16}v-5H{end - 2}v5"
    numbers = [_text("ag-index", x + (k + 0.5) * CELL, y - 5, str(k)) for k in range(count)]
    return _axis(line, (x + end) / 2, y - 27, count, name, kind, numbers, "middle")


def _axis_down(x: float, y: float, count: int, name: str, kind: str = "") -> str:
    """At the left of a block: the same for its rows."""
    end = y + count * LINE
    line = f"M{x - 15} {y + 2}h-5V{end - 2}h5"
    numbers = [_text("ag-index", x - 8, y + (k + 0.5) * LINE + 4, str(k)) for k in range(count)]
    return _axis(line, x - 25, (y + end) / 2 + 4, count, name, kind, numbers, "end")


def _axis(line, x, y, count, name, kind, numbers, anchor) -> str:
    sign = "Σ " if kind else ""
    return (
        f'<g class="{f"ag-axis {kind}".strip()}"><path d="{line}"/>'
        + _text("ag-axis-name", x, y, f"{sign}{name}={count}", anchor)
        + "".join(numbers)
        + "</g>"
    )


def _band(kind: str, k: int, x, y, width, height, lit: bool) -> str:
    name = f"ag-{kind}-band" + " ag-lit" * lit
    return _rect(name, x, y, width, height, f' data-k="{k}"')


def _rect(name: str, x: float, y: float, width: float, height: float, more: str = "") -> str:
    place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
    return f'<rect class="{name}" {place}{more}/>'


def _text(name: str, x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text class="{name}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'
