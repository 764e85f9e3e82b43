"""What a picture says about a node: the few words in its box, and the full sentence behind them.

A box has room for little, so its texts are shortened to fit; the sentence is what a pointer over
the box shows, and one line of the text alternative. All of it is text and sizes; `helpers.svg`
draws it.
"""

import re
from typing import NamedTuple

from helpers.excerpt import Fold
from helpers.graph import Node, expression, number
from helpers.layout import fit, text_width
from helpers.readers import Summary

SIGNS = {"*": "×", "-": "−", "/": "÷"}
COMMUTATIVE = re.compile(r"[+*]|(add|mul|max|min|maximum|minimum)(Backward\d*)?", re.IGNORECASE)


class Scale(NamedTuple):
    """Sizes of letters, of a line, and of the narrowest and widest box, in pixels."""

    name: float
    text: float
    line: float
    least: float
    most: float


NORMAL = Scale(name=13, text=12, line=16, least=72, most=150)
SMALL = Scale(name=11, text=11, line=13.5, least=60, most=120)


class Card(NamedTuple):
    """The texts in a node's box, shortened to fit, and the size of the box.

    `sign` is the operation, where it stands inside the box; "" where it has a circle of its own.
    """

    node: Node
    name: str
    sign: str
    value: str
    grad: str
    width: float
    height: float


def card(node: Node, scale: Scale, grads: bool) -> Card:
    """What the box of this node says at this scale."""
    room = scale.most - 16
    sign, beside = "", 0.0
    if scale is SMALL and node.parents:
        sign = fit(op_label(node.op), room * 0.7, 12)
        beside = text_width(sign, 12) + 8
    name = fit(printable(node.label), room - beside, scale.name, bold=True)
    value = "" if node.value is None else fit(number(node.value), room, scale.text)
    grad = fit(grad_label(node.grad, node.value), room, scale.text) if grads else ""
    widths = [text_width(text, scale.text) for text in (value, grad)]
    widest = max(text_width(name, scale.name, bold=True) + beside, *widths) + 18
    width = max(scale.least, 8 * -(-widest // 8))  # steps of 8: most boxes are of one width
    lines = 1 + bool(value) + bool(grad)
    return Card(node, name, sign, value, grad, width, lines * scale.line + 10)


def grad_label(grad: float | Summary | None, value: float | Summary | None = None) -> str:
    """A gradient as a box shows it: "∂ 8.0"; an array's shape only where it is not the value's."""
    if grad is None:
        return "∂ –"
    if isinstance(grad, Summary) and isinstance(value, Summary) and grad.shape == value.shape:
        return "∂ " + str(grad).rpartition(") ")[2]
    return f"∂ {number(grad)}"


def op_label(op: str) -> str:
    """An operation as a circle shows it: "×" for "*"."""
    return printable(SIGNS.get(op, op.replace("-", "−"))) or "?"


def order_matters(node: Node) -> bool:
    """True for `a − b`, where a picture must tell the operands apart; not for `a + b`."""
    few = len(node.parents) <= 4 and len(set(node.parents)) > 1
    return few and not COMMUTATIVE.fullmatch(node.op)


def sentence(node: Node, grads: bool = True) -> str:
    """A node as a line to read: `q = x + y = 5.0   (grad 3.0)`."""
    made = f" = {expression(node)}" if node.parents else ""
    made = made if len(made) < 120 else made[:119] + "…"
    value = "" if node.value is None else f" = {number(node.value)}"
    grad = f"   (grad {number(node.grad)})" if grads and node.grad is not None else ""
    return printable(f"{node.label}{made}{value}{grad}")


def counted(fold: Fold) -> str:
    """How many nodes a fold holds: "… 12 nodes"."""
    return f"… {fold.count:,} node{'s' if fold.count > 1 else ''}"


def printable(text: str) -> str:
    """The text without control characters, which XML does not allow."""
    return "".join(character if character.isprintable() else " " for character in text)
