"""Formulas as a learner types them, `x·y^2`, `2y`, `q + dq`: read and evaluated, never by `eval`.

Numbers, names, + - * / **, parentheses and a handful of functions are known; × · − ^ ² and a
number before a name (`2y`) are read as they are meant.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

FUNCTIONS = {
    "exp": math.exp,
    "log": math.log,
    "ln": math.log,
    "tanh": math.tanh,
    "sigmoid": lambda x: 0.5 * (1 + math.tanh(x / 2)),
    "relu": lambda x: max(x, 0.0),
    "sqrt": math.sqrt,
    "max": max,
    "min": min,
}
_AS_MEANT = {"^": "**", "×": "*", "·": "*", "⋅": "*", "−": "-", "–": "-", "÷": "/"}
_AS_MEANT |= {"²": "**2", "³": "**3", "σ": "sigmoid"}
_BINARY = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}
_LONGEST = 500  # characters


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read without error; `names` are the variables in it."""

    text: str
    names: frozenset[str]
    tree: ast.expr

    def at(self, values: Mapping[str, float]) -> float:
        """The formula's value at a point; NaN where it has none (division by zero, log of −1)."""
        try:
            value = _evaluate(self.tree, values)
        except (ArithmeticError, ValueError):
            return math.nan
        return math.nan if isinstance(value, complex) else float(value)


def read(text: str, known: set[str] | None = None) -> Formula:
    """Read a formula.

    Parameters
    ----------
    text : str
    known : set of str, optional
        The variables that may occur; by default any.

    Raises
    ------
    ValueError
        With a sentence about what cannot be read.

    Examples
    --------
    >>> read("x + 2y").at({"x": 2.0, "y": 3.0})
    8.0
    """
    if len(text) > _LONGEST:
        raise ValueError(f"A formula of {len(text)} characters is too long to read.")
    meant = "".join(_AS_MEANT.get(sign, sign) for sign in text.strip())
    meant = re.sub(r"(?<![\w.])(\d+\.?\d*)(?![eE][-+]?\d)\s*(?=[A-Za-z(])", r"\1*", meant)
    try:
        tree = ast.parse(meant, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ValueError(
            f"`{text}` cannot be read as a formula. Write it like `x*y + 2*exp(-x)`."
        ) from None
    names: set[str] = set()
    _check(tree, text, known, names)
    return Formula(text, frozenset(names), tree)


def _check(node: ast.AST, text: str, known: set[str] | None, names: set[str]) -> None:
    """Collect the names of a formula; ValueError for anything that does not belong in one."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return
    if isinstance(node, ast.Name):
        if known is not None and node.id not in known:
            more = f" For a product write `{'*'.join(node.id)}`." if len(node.id) == 2 else ""
            raise ValueError(
                f"`{text}` uses `{node.id}`, which is not defined here; you can use "
                f"{', '.join(f'`{name}`' for name in sorted(known))}.{more}"
            )
        names.add(node.id)
        return
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        parts = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        parts = [node.operand]
    elif isinstance(node, ast.Call) and not node.keywords and _is_function(node):
        parts = node.args
    else:
        raise ValueError(
            f"`{text}` is not a formula that can be checked: numbers, names, + - * / ** and "
            f"{', '.join(FUNCTIONS)} are known."
        )
    for part in parts:
        _check(part, text, known, names)


def _is_function(node: ast.Call) -> bool:
    if not (isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS):
        return False
    return len(node.args) >= 2 if node.func.id in ("max", "min") else len(node.args) == 1


def _evaluate(node: ast.expr, values: Mapping[str, float]) -> float:
    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_evaluate(node.left, values), _evaluate(node.right, values))
    if isinstance(node, ast.UnaryOp):
        inside = _evaluate(node.operand, values)
        return -inside if isinstance(node.op, ast.USub) else inside
    return FUNCTIONS[node.func.id](*(_evaluate(arg, values) for arg in node.args))
