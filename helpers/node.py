"""One value of a computation, as the record keeps it, and how it is written down."""

from __future__ import annotations

from dataclasses import dataclass

from helpers.summary import Summary, factor, number


@dataclass(slots=True, eq=False)
class Node:
    """One value of the computation.

    Attributes
    ----------
    index : int
        Place in `graph.nodes`; parents come before children.
    name : str
        The learner's variable name, or "" where none is known.
    op : str
        What made the value ("+", "tanh", "MulBackward0"); "" for a leaf.
    value, grad : float, Summary or None
        A number; shape and norm of an array; None where the engine does not keep it.
    parents : tuple of Node
        The operands in order; an operand used twice appears twice.
    obj : object
        The engine's own object.
    """

    index: int
    name: str
    op: str
    value: float | Summary | None
    grad: float | Summary | None
    parents: tuple[Node, ...]
    obj: object
    serial: int = 0

    @property
    def label(self) -> str:
        """A name that is never empty: `x`; without one `t3` for a result, `const1` for a leaf."""
        return self.name or f"{'t' if self.parents else 'const'}{self.serial}"

    def __repr__(self) -> str:
        made = f" = {expression(self)}" if self.parents else ""
        value = "" if self.value is None else f" = {number(self.value)}"
        return f"Node({self.label}{made}{value})"


def expression(node: Node, operands: list[str] | None = None) -> str:
    """How a node was computed: `x + y`, `X @ W`, `q**3`; with other words for its operands."""
    names = operands or [_operand(parent) for parent in node.parents]
    if node.op in ("+", "-", "*", "/", "@") and len(names) == 2:
        return f"{names[0]} {node.op} {names[1]}"
    if node.op.startswith("**"):
        return f"{names[0]}{node.op}"
    return f"{node.op or '?'}({', '.join(names)})"


def _operand(node: Node) -> str:
    """An operand's name; the number itself for a constant."""
    constant = not node.parents and not node.name and isinstance(node.value, float)
    return factor(node.value) if constant else node.label
