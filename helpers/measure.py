"""Local derivatives measured from the forward function alone.

`measured_local(node, slot)` answers "how much does this node move when that operand moves?" without
asking the engine's backward: it takes the function that the node's op names, makes sure that it
reproduces the node's value, and differentiates it numerically by a complex step.
"""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Callable, Sequence

from helpers.engine_reader import held_by
from helpers.graph import Node

STEP = 1e-30  # nothing is subtracted, so a tiny step costs no digits
TOLERANCE = 1e-9  # relative; how closely a function must reproduce the node's value


def _relu(z):
    return z if z.real > 0 else 0.0 * z


def _abs(z):
    return z if z.real >= 0 else -z


def _sigmoid(z):
    return 0.5 * (1.0 + cmath.tanh(0.5 * z))


def _power(a, b):
    """a**b; for a negative base and a whole exponent, (−1)^b (−a)^b, which needs no angle."""
    if a.real < 0 and b.imag == 0 and b.real == round(b.real):
        return (-1.0) ** round(b.real) * (-a) ** b
    return a**b


BINARY: dict[str, Callable] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": _power,
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
    "square": lambda a: a * a,
    "reciprocal": lambda a: 1.0 / a,
}
ALIASES = {
    "add": "+", "plus": "+", "sum": "+", "sub": "-", "−": "-", "minus": "-", "subtract": "-",
    "mul": "*", "×": "*", "·": "*", "times": "*", "mult": "*", "multiply": "*", "prod": "*",
    "div": "/", "truediv": "/", "÷": "/", "divide": "/", "negate": "neg", "ln": "log",
    "σ": "sigmoid", "logistic": "sigmoid", "absolute": "abs", "inv": "reciprocal",
    "maximum": "max", "minimum": "min",
}  # fmt: skip
KINKS = {_relu: (0.0, 1.0), _abs: (-1.0, 1.0), BINARY["max"]: (0.0, 1.0), BINARY["min"]: (0.0, 1.0)}


def measured_local(
    node: Node, slot: int, used: Sequence[float | None] = (), tolerance: float = TOLERANCE
) -> tuple[float, float] | None:
    """∂node/∂operand, from the forward function.

    Parameters
    ----------
    node : Node
        A node of a scalar graph.
    slot : int
        Which operand, counted from 0.
    used : sequence of float or None, optional
        The local derivatives that the engine used, one for each operand. They decide where the
        node can be read in more than one way: 4 from 2 may be x**2, 2·x or x + 2.
    tolerance : float
        How closely, relative to it, a function must reproduce the node's value.

    Returns
    -------
    (low, high) or None
        Equal where the function is smooth; the two one-sided slopes at a kink; None where the
        function is not known, or cannot be told from the value.

    Notes
    -----
    Im f(x + ih) / h has no cancellation, so h = 1e-30 gives the derivative to rounding error
    (Squire & Trapp 1998, "Using complex variables to estimate derivatives of real functions").

    Examples
    --------
    >>> from helpers.engine.scalar import Value
    >>> from helpers.graph import Graph
    >>> measured_local(Graph.record(Value(2.0) * Value(3.0)).root, 0)
    (3.0, 3.0)
    """
    values = [parent.value for parent in node.parents]
    if not all(isinstance(v, float) for v in (*values, node.value)):
        return None
    likely, others = (
        [f for f in functions if _reproduces(f, values, node.value, tolerance)]
        for functions in _readings(node, values)
    )
    if used and None not in used:
        for f in (*likely, *others):
            if all(_explains(f, values, k, own, tolerance) for k, own in enumerate(used)):
                return _slope(f, values, slot)
    slopes = [_slope(f, values, slot) for f in likely]
    if not slopes or None in slopes:
        return None
    same = all(math.isclose(s[0], slopes[0][0], rel_tol=1e-9, abs_tol=1e-12) for s in slopes)
    return slopes[0] if same else None


def op_name(node: Node) -> str:
    """The op in the course's spelling: `*` for "mul", "×" or "Mul"; `**` for every power."""
    name = re.sub(r"(backward\d*|\(\))$", "", node.op.strip().lower().strip("_")).strip("_")
    name = ALIASES.get(name, name)
    return "**" if re.match(r"\*\*|\^|pow", name) else name


def exponent_of(node: Node) -> float | None:
    """The constant exponent of a power: from the op's name, the node's closure, or its value."""
    if op_name(node) != "**" or len(node.parents) != 1:
        return None
    named = re.sub(r"[Bb]ackward\d*$", "", node.op.replace("−", "-"))
    if written := re.search(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", named):
        return float(written[0])
    for value in (value for held in held_by(node.obj) for value in held.values()):
        if isinstance(value, (int, float)):
            return float(value)
    base, power = node.parents[0].value, node.value
    if base in (0.0, 1.0, -1.0) or power == 0.0 or not math.isfinite(base * power):
        return None
    exponent = math.log(abs(power)) / math.log(abs(base))
    whole = round(2 * exponent) / 2  # rounding of the logarithms hides that it is 3, or ½
    return whole if math.isclose(exponent, whole, rel_tol=1e-6) else exponent


def _readings(node: Node, values: list[float]) -> tuple[list[Callable], list[Callable]]:
    """The functions that this node can be, by its op and operands: likely ones, and others.

    A function that the op names is likely. An op without a name can be any that fits. The others
    are for engines that keep their operands in another order, or constants outside the operands.
    """
    name, out = op_name(node), node.value
    if len(values) == 2:
        named = BINARY.get(name)
        if named:
            return [named], [lambda a, b: named(b, a)]
        return ([] if name else list(BINARY.values())), []
    if len(values) != 1:
        return [], []
    x = values[0]
    shifted, mirrored = (lambda a: a + (out - x)), (lambda a: (out + x) - a)  # a + c, c − a
    scaled, inverse = (lambda a: a * (out / x)), (lambda a: out * x / a)  # c·a, c/a
    if name == "**":
        n = exponent_of(node)
        to_x = [lambda a: (complex(out) ** (1.0 / x)) ** a]  # c**a
        return ([] if n is None else [lambda a: _power(a, n)]), to_x
    if name in BINARY:
        twice = {"+": lambda a: a + a, "*": lambda a: a * a}  # from a set that holds x once
        likely = {
            "+": [shifted],
            "-": [mirrored] if out == -x else [mirrored, shifted],
            "*": [scaled],
            "/": [scaled, inverse],
        }
        return likely.get(name, []), [twice[name]] if name in twice else [shifted]
    if name:
        return [UNARY[name]] if name in UNARY else [], []
    detached = [lambda a: out + 0.0 * a] if out == x else []  # a copy that passes nothing on
    return list(UNARY.values()), [shifted, mirrored, scaled, *detached]


def _reproduces(f: Callable, values: list[float], expected: float, tolerance: float) -> bool:
    try:
        got = complex(f(*map(complex, values)))
    except (ArithmeticError, ValueError):
        return False
    near = math.isclose(got.real, expected, rel_tol=tolerance, abs_tol=tolerance * 1e-3)
    return near and abs(got.imag) <= tolerance * max(1.0, abs(got.real))


def _explains(f: Callable, values: list[float], slot: int, used: float, tolerance: float) -> bool:
    """Is `used` the slope of this function? Near t = 1, 1 − t² has lost its relative precision."""
    slopes = _slope(f, values, slot)
    near = tolerance * abs(used) + 1e-14
    return slopes is not None and slopes[0] - near <= used <= slopes[1] + near


def _slope(f: Callable, values: list[float], slot: int) -> tuple[float, float] | None:
    tied = len(values) == 2 and values[0] == values[1]
    if f in KINKS and (tied or (len(values) == 1 and values[0] == 0.0)):
        return KINKS[f]
    slopes = []
    for step in (STEP, STEP**2):  # two steps agree where the function is smooth
        nudged = [complex(v, step if i == slot else 0.0) for i, v in enumerate(values)]
        try:
            slopes.append(f(*nudged).imag / step)
        except (ArithmeticError, ValueError):
            return None
    return (slopes[0], slopes[0]) if math.isclose(*slopes, rel_tol=1e-9) else None
