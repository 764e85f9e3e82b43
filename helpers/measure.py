"""Local derivatives measured from the forward function alone.

`measured_local(node, slot)` answers "how much does this node move when that operand moves?" without
asking the engine's backward: it takes the function that the node's op names, makes sure that it
reproduces the node's value, and differentiates it numerically by a complex step.
"""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Callable

from helpers.graph import Node

STEP = 1e-30  # nothing is subtracted, so a tiny step costs no digits


def _relu(z):
    return z if z.real > 0 else 0.0 * z


def _abs(z):
    return z if z.real >= 0 else -z


def _sigmoid(z):
    return 0.5 * (1.0 + cmath.tanh(0.5 * z))


BINARY: dict[str, Callable] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "max": lambda a, b: a if a.real >= b.real else b,
    "min": lambda a, b: a if a.real <= b.real else b,
}
UNARY: dict[str, Callable] = {
    "neg": lambda a: -a,
    "exp": cmath.exp,
    "log": cmath.log,
    "tanh": cmath.tanh,
    "sigmoid": _sigmoid,
    "relu": _relu,
    "abs": _abs,
    "sin": cmath.sin,
    "cos": cmath.cos,
    "sqrt": cmath.sqrt,
}
ALIASES = {
    "add": "+", "sub": "-", "−": "-", "mul": "*", "×": "*", "·": "*", "div": "/", "truediv": "/",
    "÷": "/", "pow": "**", "^": "**", "negate": "neg", "ln": "log", "σ": "sigmoid",
    "maximum": "max", "minimum": "min",
}  # fmt: skip
KINKS = {_relu: (0.0, 1.0), _abs: (-1.0, 1.0), BINARY["max"]: (0.0, 1.0), BINARY["min"]: (0.0, 1.0)}


def measured_local(node: Node, slot: int) -> tuple[float, float] | None:
    """∂node/∂operand, from the forward function.

    Parameters
    ----------
    node : Node
        A node of a scalar graph.
    slot : int
        Which operand, counted from 0.

    Returns
    -------
    (low, high) or None
        Equal where the function is smooth; the two one-sided slopes at a kink; None where the
        function is not known, or cannot be told from the value.

    Notes
    -----
    Im f(x + ih) / h has no cancellation, so h = 1e-30 gives the derivative to rounding error
    (Squire & Trapp 1998, "Using complex variables to estimate derivatives of real functions").
    """
    values = [parent.value for parent in node.parents]
    if not all(isinstance(v, float) for v in (*values, node.value)):
        return None
    slopes = [_slope(f, values, slot) for f in functions_of(node)]
    if not slopes or None in slopes:
        return None
    same = all(math.isclose(s[0], slopes[0][0], rel_tol=1e-9, abs_tol=1e-12) for s in slopes)
    return slopes[0] if same else None


def op_name(node: Node) -> str:
    """The op in the course's spelling: `*` for "mul", "×" or "Mul"; `**` for every power."""
    name = node.op.strip().lower().strip("_")
    name = ALIASES.get(name, name)
    return "**" if name.startswith(("**", "pow")) else name


def exponent_of(node: Node) -> float | None:
    """The constant exponent of a power: from the op's name, the node's closure, or its value."""
    if op_name(node) != "**" or len(node.parents) != 1:
        return None
    written = re.search(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", node.op.replace("−", "-"))
    if written:
        return float(written[0])
    backward = getattr(node.obj, "_backward", None)
    cells = getattr(backward, "__closure__", None) or ()
    for cell in cells:
        if isinstance(cell.cell_contents, (int, float)):
            return float(cell.cell_contents)
    base, power = node.parents[0].value, node.value
    if base in (0.0, 1.0, -1.0) or power == 0.0:
        return None
    return math.log(abs(power)) / math.log(abs(base))


def functions_of(node: Node) -> list[Callable]:
    """The forward functions that this node can be: the one its op names, else all that fit."""
    values = [parent.value for parent in node.parents]
    if (exponent := exponent_of(node)) is not None:
        candidates = [lambda a: a**exponent]
    else:
        table = {1: UNARY, 2: BINARY}.get(len(values), {})
        name = op_name(node)
        candidates = [table[name]] if name in table else list(table.values())
    return [f for f in candidates if _reproduces(f, values, node.value)]


def _reproduces(f: Callable, values: list[float], expected: float) -> bool:
    try:
        got = f(*map(complex, values))
    except (ArithmeticError, ValueError):
        return False
    return math.isclose(got.real, expected, rel_tol=1e-9, abs_tol=1e-12) and abs(got.imag) < 1e-9


def _slope(f: Callable, values: list[float], slot: int) -> tuple[float, float] | None:
    tied = len(values) == 2 and values[0] == values[1]
    if f in KINKS and (tied or (len(values) == 1 and values[0] == 0.0)):
        return KINKS[f]
    nudged = [complex(v, STEP if i == slot else 0.0) for i, v in enumerate(values)]
    try:
        slope = f(*nudged).imag / STEP
    except (ArithmeticError, ValueError):
        return None
    return slope, slope
