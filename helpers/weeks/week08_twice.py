"""Week 8, section 9: gradients that are nodes themselves, so that they can be differentiated again.

An engine that stores its local derivatives as numbers differentiates once. Here they are written with
the operations of the engine, `LOCAL`, and so the backward pass of `gradient` is a graph.
"""

from __future__ import annotations

from helpers.weeks.week07_opened import opened

LOCAL = {  # ∂y/∂a and ∂y/∂b for y = a.operation(b); or ∂y/∂a alone
    "__add__": lambda y, a, b: (1.0, 1.0),
    "__sub__": lambda y, a, b: (1.0, -1.0),
    "__mul__": lambda y, a, b: (b, a),
    "__truediv__": lambda y, a, b: (1.0 / b, -y / b),
    "__pow__": lambda y, a, n: (n * a ** (n - 1),),
    "__neg__": lambda y, a: (-1.0,),
    "exp": lambda y, a: (y,),
    "log": lambda y, a: (1.0 / a,),
    "tanh": lambda y, a: (1.0 - y * y,),
    "sigmoid": lambda y, a: (y * (1.0 - y),),
    "relu": lambda y, a: (float(a.data > 0),),
}
REFLECTED = {"__radd__": "__add__", "__rsub__": "__sub__", "__rmul__": "__mul__",
             "__rtruediv__": "__truediv__"}  # fmt: skip


def noting(engine: type) -> type:
    """The engine, with nodes that note how they were made: `made` is (operation, operands).

    Examples
    --------
    >>> from helpers.engine import scalar
    >>> V = noting(scalar.Value)
    >>> x = V(2.0)
    >>> f = x**3
    >>> df = gradient(f, x)
    >>> df.backward()
    >>> f.data, df.data, x.grad
    (8.0, 12.0, 12.0)
    """

    class Value(opened(engine)):
        made = None, ()

    def lift(x):
        return x if isinstance(x, Value) else Value(x)

    def noted(name):
        def operation(self, *others):
            operands = others if name == "__pow__" else [*map(lift, others)]
            y = getattr(super(Value, self), name)(*operands)
            y.made = name, (self, *operands)
            return y

        return operation

    def turned(name):
        return lambda self, other: getattr(lift(other), name)(self)

    for name in LOCAL:
        if hasattr(engine, name):
            setattr(Value, name, noted(name))
    for name, straight in REFLECTED.items():
        setattr(Value, name, turned(straight))
    return Value


def gradient(root, leaf):
    """∂root/∂leaf as a node, made by the engine's own operations."""
    arrived = {root: type(root)(1.0)}
    for y in consumers_first(root):
        operation, operands = y.made
        if operation is None or y not in arrived:
            continue
        for operand, local in zip(operands, LOCAL[operation](y, *operands)):
            pushed = arrived[y] * local
            arrived[operand] = arrived[operand] + pushed if operand in arrived else pushed
    return arrived.get(leaf, type(root)(0.0))


def consumers_first(root) -> list:
    """Every node that root depends on, each before its operands, without recursion."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        y, done = stack.pop()
        if done:
            order.append(y)
        elif y not in seen:
            seen.add(y)
            stack.append((y, True))
            stack += [(operand, False) for operand in y.made[1] if hasattr(operand, "made")]
    return order[::-1]
