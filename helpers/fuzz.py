"""Random expressions, the same for every engine: how an engine is compared with PyTorch.

A `Program` is a list of instructions, not a graph. It runs on floats, on any engine's values and on
torch tensors, so that values and gradients of two engines can be compared on the very same
expression. Operands are drawn with repetition, so nodes are reused; every result stays in a range
where float64 is exact enough to compare.
"""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass

BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}
UNARY = {
    "neg": lambda a: -a,
    "exp": lambda a: a.exp(),
    "log": lambda a: a.log(),
    "tanh": lambda a: a.tanh(),
    "sigmoid": lambda a: a.sigmoid(),
    "relu": lambda a: a.relu(),
    "**2": lambda a: a**2,
    "**3": lambda a: a**3,
    "**-1": lambda a: a**-1,
}
BASIC = ("+", "-", "*", "/", "exp", "tanh", "relu", "**2", "**3")  # what week 1's engine can do
ALL = tuple(BINARY) + tuple(UNARY)


@dataclass(frozen=True)
class Program:
    """A random expression: `leaves` are its inputs, `steps` its instructions (op, i, j)."""

    leaves: tuple[float, ...]
    steps: tuple[tuple[str, int, int], ...]

    def run(self, leaves: list):
        """The result of the expression on these leaves, of any engine."""
        values = list(leaves)
        for op, i, j in self.steps:
            if op in BINARY:
                values.append(BINARY[op](values[i], values[j]))
            else:
                values.append(UNARY[op](values[i]))
        return values[-1]

    def __str__(self) -> str:
        names = [f"x{i}" for i in range(len(self.leaves))]
        lines = [f"{n} = {v:.4g}" for n, v in zip(names, self.leaves)]
        for k, (op, i, j) in enumerate(self.steps):
            names.append(f"t{k + 1}")
            right = f"{names[i]} {op} {names[j]}" if op in BINARY else f"{op}({names[i]})"
            if op.startswith("**"):
                right = f"{names[i]}{op}"
            lines.append(f"{names[-1]} = {right}")
        return "\n".join(lines)


@functools.lru_cache(maxsize=1024)
def random_program(
    seed: int, size: int = 10, leaves: int = 3, ops: tuple[str, ...] = ALL
) -> Program:
    """A random expression with `size` operations over `leaves` leaves.

    Each operation takes the newest value as an operand, so all of them are used; its other operand
    is any earlier value. An operation is only taken where its result lies between 0.01 and 50 in
    size and its argument is away from kinks and poles.

    Parameters
    ----------
    seed : int
        The same seed gives the same expression on every machine.
    size, leaves : int
        Number of operations, and of inputs.
    ops : tuple of str
        The operations to draw from: `ALL`, or `BASIC` for the engine of week 1.

    Examples
    --------
    >>> print(random_program(seed=1, size=2, leaves=2))
    x0 = -0.528
    x1 = 0.734
    t1 = x1**-1
    t2 = log(t1)
    """
    from helpers.engine.scalar import Value

    rng = random.Random(seed)
    inputs = tuple(round(rng.uniform(0.3, 2.0) * rng.choice((-1, 1)), 3) for _ in range(leaves))
    values = [Value(x) for x in inputs]
    steps = []
    while len(steps) < size:
        op, newest = rng.choice(ops), len(values) - 1
        other = rng.randrange(len(values))
        i, j = (newest, other) if rng.random() < 0.5 else (other, newest)
        if op in UNARY:
            i = j = newest
        elif i == j and op in "-/":
            continue  # x − x and x / x have no gradient worth comparing
        if _tame(op, values[i], values[j]):
            steps.append((op, i, j))
            f = BINARY.get(op) or (lambda a, _, op=op: UNARY[op](a))
            values.append(f(values[i], values[j]))
    return Program(inputs, tuple(steps))


def _tame(op: str, a, b) -> bool:
    """Does the operation stay in range, away from poles, kinks and saturation?"""
    x = a.data
    if op == "log" and not 0.05 < x:
        return False
    if op in ("exp", "tanh", "sigmoid") and abs(x) > 3:
        return False
    if op in ("relu", "**-1") and abs(x) < 0.05:
        return False
    if op == "/" and abs(b.data) < 0.05:
        return False
    result = (BINARY[op](a, b) if op in BINARY else UNARY[op](a)).data
    return abs(result) < 50 and (abs(result) > 0.01 or op == "relu")
