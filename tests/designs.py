"""Right engines of many designs, which differ in how they keep a graph and walk it backward.

Every design has the same operations and the same local derivatives. `design(name, **rules)`
replaces some of those, so that any design can be broken in the same way: what the record and
find_fault say must not depend on the design.
"""

import math
from collections import deque
from dataclasses import dataclass

RULES = {
    "+": lambda a, b, out: (1.0, 1.0),
    "-": lambda a, b, out: (1.0, -1.0),
    "*": lambda a, b, out: (b, a),
    "/": lambda a, b, out: (1.0 / b, -a / b**2),
    "neg": lambda a, out: (-1.0,),
    "exp": lambda a, out: (out,),
    "log": lambda a, out: (1.0 / a,),
    "tanh": lambda a, out: (1.0 - out * out,),
    "sigmoid": lambda a, out: (out * (1.0 - out),),
    "relu": lambda a, out: (float(a > 0),),
    "**2": lambda a, out: (2.0 * a,),
    "**3": lambda a, out: (3.0 * a**2,),
    "**-1": lambda a, out: (-(a**-2),),
}


class Plain:
    """A node that stores its local derivatives; most designs differ in `backward` only."""

    __slots__ = ("__dict__",)
    rules = RULES

    def __init__(self, data, parents=(), op="", local_grads=()):
        self.data, self.parents, self.op, self.local_grads = data, parents, op, local_grads
        self.grad = 0.0

    def make(self, data, parents, op, local_grads):
        return type(self)(data, parents, op, local_grads)

    def leaf(self, data):
        return type(self)(data)

    def apply(self, op, data, *parents):
        parents = tuple(p if isinstance(p, Plain) else self.leaf(p) for p in parents)
        local_grads = self.rules[op](*[p.data for p in parents], data)
        return self.make(data, parents, op, local_grads)

    def __add__(self, other):
        return self.apply("+", self.data + number(other), self, other)

    def __sub__(self, other):
        return self.apply("-", self.data - number(other), self, other)

    def __mul__(self, other):
        return self.apply("*", self.data * number(other), self, other)

    def __truediv__(self, other):
        return self.apply("/", self.data / number(other), self, other)

    def __pow__(self, n):
        return self.apply(f"**{n}", self.data**n, self)

    def __neg__(self):
        return self.apply("neg", -self.data, self)

    def exp(self):
        return self.apply("exp", math.exp(self.data), self)

    def log(self):
        return self.apply("log", math.log(self.data), self)

    def tanh(self):
        return self.apply("tanh", math.tanh(self.data), self)

    def sigmoid(self):
        return self.apply("sigmoid", 1.0 / (1.0 + math.exp(-self.data)), self)

    def relu(self):
        return self.apply("relu", max(self.data, 0.0), self)


def number(x):
    return x.data if isinstance(x, Plain) else x


def order_of(root):
    """Parents first, without recursion."""
    order, seen, done, stack = [], set(), set(), [root]
    while stack:
        node = stack[-1]
        if id(node) not in seen:
            seen.add(id(node))
            stack.extend(p for p in node.parents if id(p) not in seen)
        else:
            stack.pop()
            if id(node) not in done:
                done.add(id(node))
                order.append(node)
    return order


def edges(node):
    return zip(node.parents, node.local_grads)


# ------------------------------------------------------------------ ways to run backward


def by_order(self):
    self.grad = 1.0
    for node in reversed(order_of(self)):
        for parent, local in edges(node):
            parent.grad += local * node.grad


def with_upstream_in_a_variable(self):
    self.grad = 1.0
    for node in reversed(order_of(self)):
        upstream = node.grad
        for parent, local in edges(node):
            parent.grad = parent.grad + local * upstream


def zeroed_first(self):
    for node in order_of(self):
        node.grad = 0.0
    by_order(self)


def freeing_inner_gradients(self):
    self.grad = 1.0
    for node in reversed(order_of(self)):
        for parent, local in edges(node):
            parent.grad += local * node.grad
        if node.parents and node is not self:
            node.grad = 0.0


def freeing_the_graph(self):
    self.grad = 1.0
    for node in reversed(order_of(self)):
        for parent, local in edges(node):
            parent.grad += local * node.grad
        node.parents, node.local_grads = (), ()


def kahn(self):
    """Breadth first, a node when all its consumers are done."""
    waiting = {}
    for node in order_of(self):
        for parent in node.parents:
            waiting[id(parent)] = waiting.get(id(parent), 0) + 1
    self.grad, ready = 1.0, deque([self])
    while ready:
        node = ready.popleft()
        for parent, local in edges(node):
            parent.grad += local * node.grad
            waiting[id(parent)] -= 1
            if not waiting[id(parent)]:
                ready.append(parent)


def along_each_path(self, upstream=1.0):
    self.grad += upstream
    for parent, local in edges(self):
        parent.backward(upstream * local)


def along_each_path_by_a_function(self):
    def go(node, upstream):
        for parent, local in edges(node):
            parent.grad += upstream * local
            go(parent, upstream * local)

    go(self, 1.0)


def sums_in_a_dict(self):
    sums = {id(self): 1.0}
    order = order_of(self)
    for node in reversed(order):
        for parent, local in edges(node):
            sums[id(parent)] = sums.get(id(parent), 0.0) + local * sums[id(node)]
    for node in order:
        node.grad = sums[id(node)]


def upstream_in_a_dict(self):
    upstream = {id(self): 1.0}
    self.grad = 1.0
    for node in reversed(order_of(self)):
        for parent, local in edges(node):
            part = local * upstream[id(node)]
            upstream[id(parent)] = upstream.get(id(parent), 0.0) + part
            parent.grad += part


def running_totals(self):
    totals = {id(self): 1.0}
    self.grad = 1.0
    for node in reversed(order_of(self)):
        for parent, local in edges(node):
            totals[id(parent)] = totals.get(id(parent), 0.0) + local * node.grad
            parent.grad = totals[id(parent)]


def pulled_by_each_node(self):
    """A node adds up what its consumers hold for it."""
    order, users = order_of(self), {}
    for node in order:
        for parent, local in edges(node):
            users.setdefault(id(parent), []).append((node, local))
    self.grad = 1.0
    for node in reversed(order[:-1]):
        node.grad = sum(local * user.grad for user, local in users[id(node)])


def with_a_seed(self, seed):
    self.grad = seed
    for node in reversed(order_of(self)):
        for parent, local in edges(node):
            parent.grad += local * node.grad


# ------------------------------------------------------------------ ways to keep a node


class Closures(Plain):
    """Each node keeps a function that pushes; the parents stand in a set, as in micrograd."""

    def __init__(self, data, parents=(), op="", local_grads=()):
        self.data, self.grad, self._op = data, 0, op
        self._prev, self._backward = set(parents), lambda: None

    def make(self, data, parents, op, local_grads):
        out = type(self)(data, parents, op)
        first, *rest = parents
        other = rest[0] if rest else None

        def _backward():
            first.grad += local_grads[0] * out.grad
            if other is not None:
                other.grad += local_grads[1] * out.grad

        out._backward = _backward
        return out

    @property
    def parents(self):
        return self._prev

    def backward(self):
        self.grad = 1
        for node in reversed(order_of(self)):
            node._backward()


class Tape(Plain):
    """One global list of functions, run in reverse."""

    tape = None

    def make(self, data, parents, op, local_grads):
        out = type(self)(data, parents, op)

        def push():
            for parent, local in zip(parents, local_grads):
                parent.grad += local * out.grad

        type(self).tape.append(push)
        return out

    def backward(self):
        self.grad = 1.0
        for push in reversed(type(self).tape):
            push()


class Lazy(Plain):
    """Gradients are None until something arrives."""

    def __init__(self, *args):
        super().__init__(*args)
        self.grad = None

    def backward(self):
        self.grad = 1.0
        for node in reversed(order_of(self)):
            for parent, local in edges(node):
                part = local * node.grad
                parent.grad = part if parent.grad is None else parent.grad + part


class Property(Plain):
    """The gradient stands in `_grad`, and a property without a setter shows it."""

    def __init__(self, data, parents=(), op="", local_grads=()):
        self.data, self.parents, self.op, self.local_grads = data, parents, op, local_grads
        self._grad = 0.0

    @property
    def grad(self):
        return self._grad

    def backward(self):
        self._grad = 1.0
        for node in reversed(order_of(self)):
            for parent, local in edges(node):
                parent._grad += local * node._grad


class Checked(Plain):
    """The gradient is a property with a setter that checks what comes."""

    @property
    def grad(self):
        return self.__grad

    @grad.setter
    def grad(self, value):
        self.__grad = float(value)

    backward = by_order


class Slots(Plain):
    """Slots; other attribute names; pairs of parent and local derivative."""

    __slots__ = ("_children", "_op", "grad", "value")

    def __init__(self, value, parents=(), op="", local_grads=()):
        self.value, self.grad, self._op = value, 0.0, op
        self._children = list(zip(parents, local_grads))

    data = property(lambda self: self.value)
    parents = property(lambda self: [parent for parent, _ in self._children])
    local_grads = property(lambda self: [local for _, local in self._children])
    backward = by_order


@dataclass(eq=False)
class Data(Plain):
    """A dataclass, with the number of its creation for the order."""

    data: float
    inputs: tuple = ()
    op: str = ""
    local_grads: tuple = ()
    grad: float = 0.0

    @property
    def parents(self):
        return self.inputs

    backward = by_order


class Methods(Plain):
    """Each op has a class of its own, with a method that pushes."""

    def make(self, data, parents, op, local_grads):
        return self.kinds[len(parents)](data, parents, op, local_grads)

    def leaf(self, data):
        return self.base(data)

    def push(self):
        pass

    def backward(self):
        self.grad = 1.0
        for node in reversed(order_of(self)):
            node.push()


WALKS = {
    walk.__name__: walk
    for walk in (
        by_order, with_upstream_in_a_variable, zeroed_first, freeing_inner_gradients,
        freeing_the_graph, kahn, along_each_path, along_each_path_by_a_function, sums_in_a_dict,
        upstream_in_a_dict, running_totals, pulled_by_each_node, with_a_seed,
    )
}  # fmt: skip
KEEPS = {kept.__name__: kept for kept in (Closures, Tape, Lazy, Property, Checked, Slots, Data)}
NAMES = [*WALKS, *KEEPS, "Methods"]
EXPONENTIAL = ("along_each_path", "along_each_path_by_a_function")  # for small graphs only


def design(name, **rules):
    """The engine class of this design, with some of its rules replaced (`mul=…`, `tanh=…`)."""
    spelled = dict(add="+", sub="-", mul="*", div="/", square="**2", cube="**3", inverse="**-1")
    body = {"rules": {**RULES, **{spelled.get(op, op): rule for op, rule in rules.items()}}}
    if name in WALKS:
        return type("Value", (Plain,), {**body, "backward": WALKS[name]})
    if name == "Methods":
        return _methods(body)
    if name == "Tape":
        body["tape"] = []
    if name == "Slots":
        body["__slots__"] = ()
    return type("Value", (KEEPS[name],), body)


def _methods(body):
    base = type("Value", (Methods,), body)

    def push_one(self):
        self.parents[0].grad += self.local_grads[0] * self.grad

    def push_two(self):
        a, b = self.parents
        a.grad += self.local_grads[0] * self.grad
        b.grad += self.local_grads[1] * self.grad

    base.base = base
    base.kinds = {
        1: type("Unary", (base,), {"push": push_one}),
        2: type("Binary", (base,), {"push": push_two}),
    }
    return base
