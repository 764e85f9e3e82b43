"""Engines with one bug each, by the CODE of the misconception: the material of several tests.

Each is the same small closure engine with one piece exchanged. The bugs are those that learners and
published engines really have.
"""

import math


def _add(s, o, out):
    s.grad += out.grad
    o.grad += out.grad


def _mul(s, o, out):
    s.grad += o.data * out.grad
    o.grad += s.data * out.grad


def _div(s, o, out):
    s.grad += out.grad / o.data
    o.grad += -s.data / o.data**2 * out.grad


def _pow(s, n, out):
    s.grad += n * s.data ** (n - 1) * out.grad


def _tanh(s, out):
    s.grad += (1 - out.data**2) * out.grad


def _exp(s, out):
    s.grad += out.data * out.grad


def _relu(s, out):
    s.grad += (s.data > 0) * out.grad


def _backward(self):
    order, seen = [], set()

    def build(v):
        if v not in seen:
            seen.add(v)
            for p in v.parents:
                build(p)
            order.append(v)

    build(self)
    self.grad = 1.0
    for v in reversed(order):
        v.push()


RIGHT = dict(add=_add, mul=_mul, div=_div, pow=_pow, tanh=_tanh, exp=_exp, relu=_relu)


def engine(backward=_backward, **rules):
    """A closure engine in which the given rules replace the right ones."""
    rule = {**RIGHT, **rules}

    class Value:
        def __init__(self, data, parents=(), op=""):
            self.data, self.grad, self.parents, self.op = data, 0.0, parents, op
            self.push = lambda: None

        def _new(self, data, parents, op, push):
            out = Value(data, parents, op)
            out.push = lambda: push(out)
            return out

        def _two(self, other, op, f, name):
            other = other if isinstance(other, Value) else Value(other)
            return self._new(
                f(self.data, other.data),
                (self, other),
                op,
                lambda out: rule[name](self, other, out),
            )

        def __add__(self, other):
            return self._two(other, "+", lambda a, b: a + b, "add")

        def __mul__(self, other):
            return self._two(other, "*", lambda a, b: a * b, "mul")

        def __truediv__(self, other):
            return self._two(other, "/", lambda a, b: a / b, "div")

        def __sub__(self, other):
            return self + (other if isinstance(other, Value) else Value(other)) * -1.0

        def __pow__(self, n):
            return self._new(self.data**n, (self,), f"**{n}", lambda out: rule["pow"](self, n, out))

        def tanh(self):
            t = math.tanh(self.data)
            return self._new(t, (self,), "tanh", lambda out: rule["tanh"](self, out))

        def exp(self):
            return self._new(
                math.exp(self.data), (self,), "exp", lambda out: rule["exp"](self, out)
            )

        def relu(self):
            return self._new(
                max(self.data, 0.0), (self,), "relu", lambda out: rule["relu"](self, out)
            )

    Value.backward = backward
    return Value


# ------------------------------------------------------------------ traversals that are wrong


def _no_seed(self):
    for v in reversed(_order(self)):
        v.push()


def _forwards(self):
    self.grad = 1.0
    for v in _order(self):
        v.push()


def _recursive(self):
    self.grad = 1.0

    def go(v):
        v.push()
        for p in v.parents:
            go(p)

    go(self)


def _depth_first(self):
    seen = set()
    self.grad = 1.0

    def go(v):
        if v not in seen:
            seen.add(v)
            v.push()
            for p in v.parents:
                go(p)

    go(self)


def _breadth_first(self):
    seen, queue = set(), [self]
    self.grad = 1.0
    while queue:
        v = queue.pop(0)
        if v not in seen:
            seen.add(v)
            v.push()
            queue.extend(v.parents)


def _no_visited_set(self):
    order = []

    def build(v):
        for p in v.parents:
            build(p)
        order.append(v)

    build(self)
    self.grad = 1.0
    for v in reversed(order):
        v.push()


def _order(self):
    order, seen = [], set()

    def build(v):
        if v not in seen:
            seen.add(v)
            for p in v.parents:
                build(p)
            order.append(v)

    build(self)
    return order


# ------------------------------------------------------------------ rules that are wrong


def _set(node, grad):
    node.grad = grad


def _push(*terms):
    """A rule from (operand, amount) pairs: each is added."""
    for node, amount in terms:
        node.grad += amount


def diamond(V):
    x = V(3.0)
    a = x * 2.0
    b = a + 1.0
    c = a * b
    return c + a


def quotient(V):
    a, b = V(1.5), V(-0.7)
    return (a / b) ** 3 * a


def squash(V):
    x, w = V(0.8), V(-1.3)
    return ((x * w).tanh() * 2.0).exp() * w


def rectify(V):
    x, w = V(-0.6), V(1.7)
    return ((x * w).relu() + (w * w).relu()) * x


#: CODE -> (engine class, expression, op at fault, kind)
BROKEN = {
    "ASSIGN-add": (
        engine(add=lambda s, o, out: (_set(s, out.grad), _set(o, out.grad))),
        diamond, "+", "overwrote"),
    "ASSIGN-mul": (
        engine(mul=lambda s, o, out: (_set(s, o.data * out.grad), _set(o, s.data * out.grad))),
        diamond, "*", "overwrote"),
    "SELFGRAD": (
        engine(mul=lambda s, o, out: _push((s, o.data * s.grad), (o, s.data * o.grad))),
        quotient, "*", "local derivative"),
    "OWNDATA": (
        engine(mul=lambda s, o, out: _push((s, s.data * out.grad), (o, o.data * out.grad))),
        diamond, "*", "local derivative"),
    "ONESIDE": (
        engine(mul=lambda s, o, out: _push((s, o.data * out.grad))),
        diamond, "*", "missing push"),
    "ONESIDE-add": (
        engine(add=lambda s, o, out: _push((s, out.grad))),
        diamond, "+", "missing push"),
    "ADDMUL": (
        engine(add=lambda s, o, out: _push((s, o.data * out.grad), (o, s.data * out.grad))),
        diamond, "+", "local derivative"),
    "NOUPSTREAM": (
        engine(mul=lambda s, o, out: _push((s, o.data), (o, s.data))),
        diamond, "*", "local derivative"),
    "NOSEED": (engine(backward=_no_seed), diamond, "+", "not seeded"),
    "ORDER-rec": (engine(backward=_recursive), diamond, "*", "order"),
    "ORDER-dfs": (engine(backward=_depth_first), diamond, "*", "order"),
    "ORDER-bfs": (engine(backward=_breadth_first), diamond, "*", "order"),
    "ORDER-fwd": (engine(backward=_forwards), diamond, "*", "order"),
    "NOVISIT": (engine(backward=_no_visited_set), diamond, "*", "order"),
    "POWN": (
        engine(pow=lambda s, n, out: _push((s, n * s.data**n * out.grad))),
        quotient, "**3", "local derivative"),
    "POWFACTOR": (
        engine(pow=lambda s, n, out: _push((s, s.data ** (n - 1) * out.grad))),
        quotient, "**3", "local derivative"),
    "TANHIN": (
        engine(tanh=lambda s, out: _push((s, (1 - s.data**2) * out.grad))),
        squash, "tanh", "local derivative"),
    "TANH1-t": (
        engine(tanh=lambda s, out: _push((s, (1 - out.data) * out.grad))),
        squash, "tanh", "local derivative"),
    "TANH(1-t)2": (
        engine(tanh=lambda s, out: _push((s, (1 - out.data) ** 2 * out.grad))),
        squash, "tanh", "local derivative"),
    "TANHsigmoid": (
        engine(tanh=lambda s, out: _push((s, out.data * (1 - out.data) * out.grad))),
        squash, "tanh", "local derivative"),
    "EXPINPUT": (
        engine(exp=lambda s, out: _push((s, s.data * out.grad))),
        squash, "exp", "local derivative"),
    "EXPPOWER": (
        engine(exp=lambda s, out: _push((s, s.data * math.exp(s.data - 1) * out.grad))),
        squash, "exp", "local derivative"),
    "RELUGRAD": (
        engine(relu=lambda s, out: _push((s, (out.grad > 0) * out.grad))),
        rectify, "relu", "local derivative"),
    "RELUALWAYS": (
        engine(relu=lambda s, out: _push((s, out.grad))),
        rectify, "relu", "local derivative"),
    "RELUINVERTED": (
        engine(relu=lambda s, out: _push((s, (s.data <= 0) * out.grad))),
        rectify, "relu", "local derivative"),
    "RELUDROP": (
        engine(relu=lambda s, out: _push((s, float(s.data > 0)))),
        rectify, "relu", "local derivative"),
    "DIVSIGN": (
        engine(div=lambda s, o, out: _push(
            (s, out.grad / o.data), (o, s.data / o.data**2 * out.grad))),
        quotient, "/", "local derivative"),
    "DIVSQUARE": (
        engine(div=lambda s, o, out: _push(
            (s, out.grad / o.data), (o, -s.data / o.data * out.grad))),
        quotient, "/", "local derivative"),
    "DIVNUMERATOR": (
        engine(div=lambda s, o, out: _push((s, out.grad / o.data), (o, -1 / o.data**2 * out.grad))),
        quotient, "/", "local derivative"),
}  # fmt: skip
