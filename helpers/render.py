"""Draws a computational graph: `draw(root)` gives a picture for Jupyter and a text to read.

`helpers.excerpt` chooses what a picture of a large graph shows, `helpers.layout` places the boxes,
`helpers.svg` writes the picture; here they come together, with the text alternative, the Graphviz
source for export, and the form in which a notebook stores the picture.
"""

from __future__ import annotations

import base64
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from helpers import svg
from helpers.cards import counted, grad_label, op_label, sentence
from helpers.excerpt import Excerpt, excerpt
from helpers.graph import Graph, number
from helpers.svg import CSS

if TYPE_CHECKING:
    import graphviz

__all__ = ["CSS", "Picture", "draw", "grad_label", "op_label"]

# A notebook stores the picture as an <img>, and an untrusted one shows that. Where scripts may run,
# this one puts the SVG itself in its place, which follows the page's theme and shows a node's full
# text under the pointer. (Of an inline SVG an untrusted notebook would strip the tags and keep the
# words.)
INLINE = (
    "<script>{const image=document.currentScript.previousElementSibling;"
    "if(image?.src.startsWith('data:image/svg+xml;base64,')){"
    "const bytes=Uint8Array.from(atob(image.src.split(',')[1]),c=>c.charCodeAt(0));"
    "image.outerHTML='<div class=\"ag-frame\">'+new TextDecoder().decode(bytes)+'</div>'}}</script>"
)


def draw(
    root: object,
    *,
    names: dict[str, object] | None = None,
    depth: int | None = None,
    collapse: object = None,
    grads: bool = True,
    title: str | None = None,
) -> Picture:
    """Draw the computation that ends in `root`.

    Parameters
    ----------
    root : Value, Tensor, torch.Tensor, an object of any similar engine, or Graph
    names : dict, optional
        Variable names and their objects; by default the caller's variables.
    depth : int, optional
        Levels back from the root. By default all, or as many as keep to 150 nodes.
    collapse : node, name, or a list of them, optional
        Folds everything that only feeds such a node into one box.
    grads : bool
        False leaves the gradients out: the picture of a forward pass.
    title : str, optional
        A line above the picture.

    Returns
    -------
    Picture
        Shown by Jupyter; `.svg`, `.text` and `.dot` (Graphviz source) hold it for other uses.

    Raises
    ------
    TypeError
        If `root` belongs to no engine.
    RuntimeError
        If no layout program is installed.

    Examples
    --------
    >>> from helpers.engine.scalar import Value
    >>> x, y = Value(-2.0), Value(5.0)
    >>> print(draw(x * y, names={"x": x, "y": y}).text)
    x = −2.0   (grad 0.0)
    y = 5.0   (grad 0.0)
    t1 = x * y = −10.0   (grad 0.0)
    """
    graph = Graph.record(root, names=names)
    return Picture(graph, excerpt(graph, depth, collapse), grads, title or "")


class Picture:
    """A drawn graph.

    Attributes
    ----------
    svg : str
        The picture, complete in itself.
    html : str
        The picture as a notebook stores it.
    text : str
        The same as lines to read.
    dot : graphviz.Digraph
        The same graph as Graphviz source, to change or to export.
    graph : Graph
    layout : Layout
        Coordinates in the picture. Key "n3" is the box of node 3, "o3" the circle before it.
    """

    def __init__(self, graph: Graph, part: Excerpt, grads: bool, title: str):
        self.graph = graph
        self._part = part
        self._grads = grads
        self.text = _text(part, grads, title)
        self.svg, self.layout = svg.write(part, grads, title, self._summary, self.text)

    @property
    def _summary(self) -> str:
        count = len(self.graph.nodes)
        return f"Computational graph of {self.graph.root.label}, {count:,} nodes"

    @property
    def html(self) -> str:
        data = base64.b64encode(self.svg.encode()).decode()
        alt = escape(f"{self._summary}. {self.text}".replace("\n", "; "))
        source = f"data:image/svg+xml;base64,{data}"
        return f'<img style="max-width:none" alt="{alt}" src="{source}">{INLINE}'

    @cached_property
    def dot(self) -> graphviz.Digraph:
        return _dot(self._part, self._grads)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": self.html, "image/svg+xml": self.svg, "text/plain": self.text}

    def __repr__(self) -> str:
        return f"<Picture: {self._summary}>"

    def __str__(self) -> str:
        return self.text


def _text(part: Excerpt, grads: bool, title: str) -> str:
    lines = [title] if title else []
    for node in part.nodes:
        if fold := part.folds.get(node.index):
            lines.append(f"{counted(fold)} that feed only {node.label}")
        lines.append(sentence(node, grads))
    return "\n".join([*lines, part.note] if part.note else lines)


def _dot(part: Excerpt, grads: bool) -> graphviz.Digraph:
    import graphviz

    dot = graphviz.Digraph(graph_attr={"rankdir": "LR"}, node_attr={"shape": "box"})
    for node in part.nodes:
        lines = [node.label]
        lines += [number(node.value)] if node.value is not None else []
        lines += [grad_label(node.grad, node.value)] if grads else []
        box, circle = f"n{node.index}", f"o{node.index}"
        dot.node(box, graphviz.escape("\n".join(lines)))
        if not node.parents:
            continue
        dot.node(circle, graphviz.escape(op_label(node.op)), shape="circle")
        dot.edge(circle, box)
        fold = part.folds.get(node.index)
        if fold:
            dot.node(f"f{node.index}", counted(fold), style="dashed")
        for parent in node.parents:
            if parent.index in part.shown:
                dot.edge(f"n{parent.index}", circle)
            elif fold:
                dot.edge(f"f{node.index}", circle)
    for index, fold in part.folds.items():
        for parent in fold.inputs:
            if parent.index in part.shown:
                dot.edge(f"n{parent.index}", f"f{index}")
    return dot
