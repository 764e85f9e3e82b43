"""Formulas as a learner types them, `x·y^2`, `2y`, `q + dq`: read and evaluated, never by `eval`.

Numbers, names, pi, + - * / **, parentheses and a handful of functions are known; × · − ^ ² and
products without a sign (`2y`, `(1 − s)s`, `½n`, `√n`) are read as they are meant.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
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
    "cbrt": math.cbrt,
    "max": max,
    "min": min,
}
CONSTANTS = {"pi": math.pi}
_AS_MEANT = {"^": "**", "×": "*", "·": "*", "⋅": "*", "−": "-", "–": "-", "÷": "/"}
_AS_MEANT |= {"²": "**2", "³": "**3", "σ": "sigmoid", "π": "pi", "λ": "lam", "γ": "gamma"}
_BINARY = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}
_LONGEST = 300  # characters


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
        except (ArithmeticError, TypeError, ValueError):
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
    if "=" in text:
        raise ValueError(f"`{text}` holds an equals sign; write only what stands on its right.")
    meant = "".join(_AS_MEANT.get(sign, sign) for sign in _with_roots(text)).strip()
    meant = _with_products(meant)
    names: set[str] = set()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(meant, mode="eval").body
        _check(tree, text, known, names)
    except (SyntaxError, MemoryError, RecursionError):
        raise ValueError(
            f"`{text}` cannot be read as a formula. Write it like `x*y + 2*exp(-x)`"
            f"{', a root as `sqrt(…)`' if '√' in text else ''}."
        ) from None
    return Formula(text, frozenset(names), tree)


def _with_roots(text: str) -> str:
    """The formula with ½ as a quotient, and with √ of a parenthesis, name or number as `sqrt`."""
    text = re.sub(r"(?<!\d)½", "(1/2)", text)
    text = re.sub(r"√\s*(?=\()", " sqrt", text)
    return re.sub(r"√\s*([^\W\d²³]\w*|\d+\.?\d*)(?![\w.]|\s*\()", r" sqrt(\1)", text)


def _with_products(text: str) -> str:
    """The formula with a `*` wherever a product is meant: `2y`, `x y`, `s(1 - s)`, `(x + y)y`."""
    text = re.sub(r"(?<![\w.])(\d+\.?\d*|\.\d+)(?![eE][-+]?\d)\s*(?=[A-Za-z(])", r"\1*", text)
    text = re.sub(r"\)\s*(?=[\w(])", ")*", text)
    text = re.sub(r"(?<=\w)\s+(?=[A-Za-z])", "*", text)
    call = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
    return call.sub(lambda m: f"{m[1]}(" if m[1] in FUNCTIONS else f"{m[1]}*(", text)


def _check(node: ast.AST, text: str, known: set[str] | None, names: set[str]) -> None:
    """Collect the names of a formula; ValueError for anything that does not belong in one."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return
    if isinstance(node, ast.Name):
        if node.id in CONSTANTS:
            return
        if known is not None and node.id not in known:
            raise ValueError(
                f"`{node.id}` is not defined here; you can use "
                f"{', '.join(f'`{name}`' for name in sorted(known))}.{_perhaps(node.id, known)}"
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
            f"{', '.join(FUNCTIONS)} are known.{_instead(node)}"
        )
    for part in parts:
        _check(part, text, known, names)


def _perhaps(name: str, known: set[str]) -> str:
    """What someone may mean by a name that does not exist."""
    if name in FUNCTIONS:
        return f" A function needs an argument: `{name}(…)`."
    if name == "e":
        return " For a power of e write `exp(…)`."
    factors = _split(name, known)
    return f" For a product write `{'*'.join(factors)}`." if factors else ""


def _split(name: str, known: set[str]) -> list[str]:
    """The known names that make up a name when written one after another; [] for none."""
    if name in known:
        return [name]
    for end in range(len(name) - 1, 0, -1):
        rest = _split(name[end:], known) if name[:end] in known else []
        if rest:
            return [name[:end], *rest]
    return []


def _instead(node: ast.AST) -> str:
    """How to write what cannot be read."""
    if isinstance(node, ast.Tuple):
        return " Decimals are written with a point: `0.5`."
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        few = "two arguments or more" if node.func.id in ("max", "min") else "one argument"
        return f" `{node.func.id}` takes {few}."
    return ""


def _is_function(node: ast.Call) -> bool:
    if not (isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS):
        return False
    return len(node.args) >= 2 if node.func.id in ("max", "min") else len(node.args) == 1


def _evaluate(node: ast.expr, values: Mapping[str, float]) -> float:
    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.Name):
        return CONSTANTS.get(node.id) or values[node.id]
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_evaluate(node.left, values), _evaluate(node.right, values))
    if isinstance(node, ast.UnaryOp):
        inside = _evaluate(node.operand, values)
        return -inside if isinstance(node.op, ast.USub) else inside
    return FUNCTIONS[node.func.id](*(_evaluate(arg, values) for arg in node.args))
