"""A scalar reverse-mode autograd engine, to be read from top to bottom.

Every operation is one small block: the value, the operands, and beside them the local derivatives
∂self/∂operand. `backward` then needs a single rule for all of them: walk the graph from the result
to the leaves, and add `local derivative × own gradient` to each operand.

Numbers are Python floats. A node keeps its operands, and no closure: so a graph has no reference
cycle, and is freed as soon as its result goes out of scope. It keeps them in slots of its own, and
no tuple: so it is one object for Python's garbage collector to visit, where it would be three.
`make bench` shows what that is worth.
"""

import math


def _by_number(compare):
    return lambda self, other: compare(float(self.data), _lift(other).data)


class Value:
    """A number that remembers how it was computed.

    Values are compared by their numbers with `<`, `<=`, `>` and `>=`; `==` asks whether two are
    the same node.

    Parameters
    ----------
    data : float
        The number itself.
    parents : tuple of Value
        The operands, in order, at most two; an operand used twice appears twice.
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

    __slots__ = ("data", "grad", "a", "b", "da", "db", "op", "name")

    def __init__(self, data, parents=(), local_grads=(), op="", name=""):
        self.data = data if data.__class__ is float else _number(data)
        self.grad, self.op, self.name = 0.0, op, name
        self.a, self.b = parents if len(parents) == 2 else parents + (None,) * (2 - len(parents))
        self.da, self.db = local_grads if self.b else local_grads + (0.0,) * (2 - len(parents))

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
        q = self.data / other.data
        return Value(q, (self, other), (1.0 / other.data, -q / other.data), "/")

    def __pow__(self, n):
        if not hasattr(n, "__float__"):
            raise TypeError(f"** takes a number, got {type(n).__name__}; x**y = (y*x.log()).exp()")
        if self.data < 0 and n % 1:
            raise ValueError(f"{self.data} ** {n}: a negative number has no real power {n}.")
        slope = n * self.data ** (n - 1) if self.data or n >= 1 else math.inf if n else 0.0
        return Value(self.data**n, (self,), (slope,), f"**{n}")

    def __neg__(self):
        return Value(-self.data, (self,), (-1.0,), "neg")

    def exp(self):
        if self.data > 709.78:  # the logarithm of the largest float
            raise OverflowError(f"exp({self.data}) is larger than the largest float.")
        e = math.exp(self.data)
        return Value(e, (self,), (e,), "exp")

    def log(self):
        if self.data <= 0:
            raise ValueError(f"log({self.data}): the logarithm needs a positive number.")
        return Value(math.log(self.data), (self,), (1.0 / self.data,), "log")

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, (self,), (1.0 - t * t,), "tanh")

    def sigmoid(self):
        s = math.exp(min(self.data, 0.0)) / (1.0 + math.exp(-abs(self.data)))  # never overflows
        return Value(s, (self,), (s * (1.0 - s),), "sigmoid")

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),), "relu")

    def maximum(self, other):
        other = _lift(other)
        first = float(self.data >= other.data)  # a tie goes to the first operand
        return Value(max(self.data, other.data), (self, other), (first, 1.0 - first), "max")

    def minimum(self, other):
        other = _lift(other)
        first = float(self.data <= other.data)
        return Value(min(self.data, other.data), (self, other), (first, 1.0 - first), "min")

    # ------------------------------------------------- numbers on the left, comparisons

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other):
        return _lift(other) - self

    def __rtruediv__(self, other):
        return _lift(other) / self

    __lt__, __le__ = _by_number(float.__lt__), _by_number(float.__le__)
    __gt__, __ge__ = _by_number(float.__gt__), _by_number(float.__ge__)

    def __repr__(self):
        return f"Value({self.data:.4g}, grad={self.grad:.4g})"

    # ------------------------------------------------------------------ the backward pass

    parents = property(lambda self: (self.a, self.b) if self.b else (self.a,) if self.a else ())
    local_grads = property(lambda self: (self.da, self.db)[: len(self.parents)])

    def push(self):
        """The chain rule: add `local derivative × own gradient` to each operand's gradient."""
        self.a.grad += self.da * self.grad
        if self.b:
            self.b.grad += self.db * self.grad

    def backward(self):
        """Add ∂self/∂node to `node.grad` of every leaf; set it for every inner node.

        The gradients of leaves accumulate from call to call, as `.grad` does in PyTorch; those of
        inner nodes belong to one pass and start at zero.
        """
        inner = [node for node in topological_order(self) if node.a]
        for node in inner:
            node.grad = 0.0
        self.grad += 1.0  # ∂self/∂self
        for node in reversed(inner):
            node.push()


def topological_order(root):
    """Every node that `root` depends on, parents before children, without recursion.

    A node waits on the stack below a mark, None, and its parents lie above that: when the mark
    comes up, the parents are done.
    """
    order, seen, stack = [], set(), [root]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            stack += node, None
            for parent in reversed(node.parents):
                if parent not in seen:
                    stack.append(parent)
    return order


def _lift(x):
    return x if isinstance(x, Value) else Value(x)


def _number(x):
    if hasattr(x, "__float__"):  # a string has none
        return float(x)
    raise TypeError(f"Value holds one number, got {type(x).__name__} {x!r}. Try Value(3.0).")
