"""A scalar reverse-mode autograd engine, to be read from top to bottom.

Every operation is one small block: the value, the parents, and beside them the local derivatives
∂out/∂parent. `backward` then needs a single rule for all of them: walk the graph from the result
to the leaves, and add `local derivative × upstream gradient` to each parent.

Numbers are Python floats. A node keeps floats and references to its parents, no closures, so a
graph holds no reference cycle and is freed as soon as its result goes out of scope.
"""

from __future__ import annotations

import math


class Value:
    """A number that remembers how it was computed.

    Parameters
    ----------
    data : float
        The number itself.
    parents : tuple of Value
        The operands, in order; an operand used twice appears twice.
    local_grads : tuple of float
        ∂self/∂parent, one for each parent.
    op : str
        The operation that made this value; empty for a leaf.
    name : str
        A name for pictures; a variable's own name is found without it.

    Examples
    --------
    >>> x, y = Value(2.0), Value(3.0)
    >>> f = (x + y) * y
    >>> f.backward()
    >>> x.grad, y.grad
    (3.0, 8.0)
    """

    __slots__ = ("data", "grad", "parents", "local_grads", "op", "name")

    def __init__(self, data, parents=(), local_grads=(), op="", name=""):
        self.data = data if data.__class__ is float else _number(data)
        self.grad = 0.0
        self.parents = parents
        self.local_grads = local_grads
        self.op = op
        self.name = name

    # ------------------------------------------------------------------ operations

    def __add__(self, other):
        other = _lift(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __sub__(self, other):
        other = _lift(other)
        return Value(self.data - other.data, (self, other), (1.0, -1.0), "-")

    def __mul__(self, other):
        other = _lift(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __truediv__(self, other):
        other = _lift(other)
        if other.data == 0.0:
            raise ZeroDivisionError(f"{self.data} / 0.0: the divisor is zero; nothing is defined.")
        a, b = self.data, other.data
        return Value(a / b, (self, other), (1.0 / b, -a / (b * b)), "/")

    def __pow__(self, n):
        if not isinstance(n, (int, float)):
            raise TypeError(
                f"Value ** n takes a number as exponent, got {type(n).__name__}. "
                "For a**b with both variable, write (b * a.log()).exp()."
            )
        x = self.data
        if x < 0 and n != int(n):
            raise ValueError(f"{x} ** {n}: a negative number has no real power {n}.")
        if x == 0 and n < 0:
            raise ZeroDivisionError(f"0.0 ** {n} divides by zero.")
        return Value(x**n, (self,), (_pow_slope(x, n),), f"**{n}")

    def __neg__(self):
        return Value(-self.data, (self,), (-1.0,), "neg")

    def exp(self):
        try:
            e = math.exp(self.data)
        except OverflowError:
            raise OverflowError(f"exp({self.data}) is larger than the largest float.") from None
        return Value(e, (self,), (e,), "exp")

    def log(self):
        if self.data <= 0:
            raise ValueError(f"log({self.data}): the logarithm needs a positive number.")
        return Value(math.log(self.data), (self,), (1.0 / self.data,), "log")

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, (self,), (1.0 - t * t,), "tanh")

    def sigmoid(self):
        s = 0.5 * (1.0 + math.tanh(0.5 * self.data))  # never overflows
        return Value(s, (self,), (s * (1.0 - s),), "sigmoid")

    def relu(self):
        on = self.data > 0
        return Value(self.data if on else 0.0, (self,), (1.0 if on else 0.0,), "relu")

    def maximum(self, other):
        other = _lift(other)
        first = self.data >= other.data  # a tie goes to the first operand
        winner = self.data if first else other.data
        return Value(winner, (self, other), (1.0, 0.0) if first else (0.0, 1.0), "max")

    def minimum(self, other):
        other = _lift(other)
        first = self.data <= other.data
        winner = self.data if first else other.data
        return Value(winner, (self, other), (1.0, 0.0) if first else (0.0, 1.0), "min")

    # ------------------------------------------------- numbers on the left, comparisons

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other):
        return _lift(other) - self

    def __rtruediv__(self, other):
        return _lift(other) / self

    def __lt__(self, other):
        return self.data < _lift(other).data

    def __le__(self, other):
        return self.data <= _lift(other).data

    def __gt__(self, other):
        return self.data > _lift(other).data

    def __ge__(self, other):
        return self.data >= _lift(other).data

    def __repr__(self):
        name = f"{self.name}: " if self.name else ""
        return f"Value({name}{self.data:.4g}, grad={self.grad:.4g})"

    # ------------------------------------------------------------------ the backward pass

    def backward(self):
        """Add ∂self/∂node to `node.grad` of every leaf; set it for every inner node.

        The gradients of leaves accumulate from call to call, as `.grad` does in PyTorch; those of
        inner nodes belong to one pass and start at zero.
        """
        order = topological_order(self)
        for node in order:
            if node.parents:
                node.grad = 0.0
        self.grad += 1.0  # ∂self/∂self
        for node in reversed(order):
            upstream = node.grad
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * upstream


def topological_order(root: Value) -> list[Value]:
    """Every node that `root` depends on, parents before children, without recursion.

    A node is met twice on the stack: first to put its parents above it, then, when those are
    done, to be appended itself.
    """
    order, seen, done, stack = [], set(), set(), [root]
    while stack:
        node = stack[-1]
        if node not in seen:
            seen.add(node)
            stack.extend(parent for parent in reversed(node.parents) if parent not in seen)
        else:
            stack.pop()
            if node not in done:
                done.add(node)
                order.append(node)
    return order


def _lift(x):
    return x if isinstance(x, Value) else Value(x)


def _number(x):
    if not isinstance(x, (str, bytes)) and hasattr(x, "__float__"):
        try:
            return float(x)
        except TypeError:  # an array of several numbers
            pass
    raise TypeError(f"Value holds one number, got {type(x).__name__} {x!r}. Try Value(3.0).")


def _pow_slope(x, n):
    """d(x**n)/dx = n·x**(n−1), with its limits at x = 0."""
    if n == 0:
        return 0.0
    if x == 0 and n < 1:
        return math.inf
    return n * x ** (n - 1)
