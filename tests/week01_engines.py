"""Right engines as learners write them, in many designs, and how to change a piece of one."""

from week01_answers import changed

LOCALS = '''
class Value:
    """Keeps local derivatives beside the parents."""

    def __init__(self, data, parents=(), local_grads=(), op=""):
        self.data, self.grad = data, 0.0
        self.parents, self.local_grads, self.op = parents, local_grads, op

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __sub__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data - other.data, (self, other), (1.0, -1.0), "-")

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __truediv__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        a, b = self.data, other.data
        return Value(a / b, (self, other), (1 / b, -a / b**2), "/")

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),), f"**{n}")

    def exp(self):
        e = math.exp(self.data)
        return Value(e, (self,), (e,), "exp")

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, (self,), (1 - t**2,), "tanh")

    def relu(self):
        return Value(max(0, self.data), (self,), (1 if self.data > 0 else 0,), "relu")

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad
'''
SUM = 'return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")'
TIMES = 'return Value(self.data * other.data, (self, other), (other.data, self.data), "*")'
EXP = 'return Value(e, (self,), (e,), "exp")'
KEPT = "self.parents, self.local_grads, self.op = parents, local_grads, op"
INIT = LOCALS[LOCALS.index("    def __init__") : LOCALS.index("    def __add__")]
FIELDS = """    data: float
    parents: tuple = ()
    local_grads: tuple = ()
    op: str = ""
    grad: float = 0.0

"""
LOCALS_PASS = LOCALS[LOCALS.index("        order, seen = []") :]

CLOSURES = '''
class Value:
    """micrograd's design: each node keeps a function that pushes; its parents are a set."""

    def __init__(self, data, _children=(), _op="", label=""):
        self.data = data
        self.grad = 0
        self._prev = set(_children)
        self._op = _op
        self.label = label
        self._backward = lambda: None

    def __repr__(self):
        return f"Value(data={self.data})"

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), "+")

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def __pow__(self, n):
        out = Value(self.data**n, (self,), f"**{n}")

        def _backward():
            self.grad += n * self.data ** (n - 1) * out.grad

        out._backward = _backward
        return out

    def exp(self):
        out = Value(math.exp(self.data), (self,), "exp")

        def _backward():
            self.grad += out.data * out.grad

        out._backward = _backward
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,), "tanh")

        def _backward():
            self.grad += (1 - t**2) * out.grad

        out._backward = _backward
        return out

    def relu(self):
        out = Value(self.data if self.data > 0 else 0, (self,), "relu")

        def _backward():
            self.grad += (out.data > 0) * out.grad

        out._backward = _backward
        return out

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return self * other**-1

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build(child)
                topo.append(v)

        build(self)
        self.grad = 1
        for v in reversed(topo):
            v._backward()
'''
CLOSURES_PASS = CLOSURES[CLOSURES.index("        topo, visited = []") :]
DIVISION = CLOSURES[CLOSURES.index("        return self * other**-1") :].partition("\n")[0]


def rule(name, *lines, source=CLOSURES):
    """The closure engine with other lines in the rule of one operation."""
    start = source.index("def _backward():", source.index(f"def {name}("))
    end = source.index("        out._backward", start)
    body = "".join(f"            {line}\n" for line in lines)
    return source[:start] + f"def _backward():\n{body}\n" + source[end:]


def with_pass(source, body):
    """The engine with another `backward`."""
    old = LOCALS_PASS if LOCALS_PASS in source else CLOSURES_PASS
    return source.replace(old, body)


def division(*lines):
    """The closure engine with a division of its own."""
    rule = "".join(f"            {line}\n" for line in lines)
    own = (
        '        out = Value(self.data / other.data, (self, other), "/")\n\n'
        f"        def _backward():\n{rule}\n        out._backward = _backward\n        return out"
    )
    return changed(CLOSURES, (DIVISION, own))


RIGHT = {
    "local derivatives": LOCALS,
    "micrograd's closures": CLOSURES,
    "closures over a tuple": changed(CLOSURES, ("set(_children)", "tuple(_children)")),
    "a division of its own": division(
        "self.grad += out.grad / other.data", "other.grad -= self.data / other.data**2 * out.grad"
    ),
    "slots": changed(
        LOCALS, (INIT, "    __slots__ = 'data', 'grad', 'parents', 'local_grads', 'op'\n\n" + INIT)
    ),
    "other attribute names": changed(
        LOCALS, (".parents", ".sources"), (".local_grads", ".weights"), ("self.op", "self.made_by")
    ),
    "pairs of parent and derivative": changed(
        LOCALS, (KEPT, "self.edges = list(zip(parents, local_grads))"),
        ("for parent in node.parents", "for parent, _ in node.edges"),
        ("zip(node.parents, node.local_grads)", "node.edges"),
    ),
    "a dataclass": "from dataclasses import dataclass\n@dataclass(eq=False)"
    + changed(LOCALS, (INIT, FIELDS)),
    "iterative": with_pass(LOCALS, """
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((p, False) for p in node.parents)
        self.grad = 1.0
        while order:
            node = order.pop()
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad
"""),
    "Kahn's algorithm": with_pass(LOCALS, """
        waiting, todo, seen = {self: 0}, [self], {self}
        while todo:
            for p in todo.pop().parents:
                waiting[p] = waiting.get(p, 0) + 1
                if p not in seen:
                    seen.add(p)
                    todo.append(p)
        self.grad = 1.0
        ready = [self]
        while ready:
            node = ready.pop()
            for p, local in zip(node.parents, node.local_grads):
                p.grad += local * node.grad
                waiting[p] -= 1
                if not waiting[p]:
                    ready.append(p)
"""),
    "path by path": changed(with_pass(LOCALS, """
        self.grad += upstream
        for parent, local in zip(self.parents, self.local_grads):
            parent.backward(upstream * local)
"""), ("def backward(self)", "def backward(self, upstream=1.0)")),
    "a counter gives the order": "import itertools\n_count = itertools.count()\n" + changed(
        with_pass(LOCALS, """
        nodes, todo = {self}, [self]
        while todo:
            for p in todo.pop().parents:
                if p not in nodes:
                    nodes.add(p)
                    todo.append(p)
        self.grad = 1.0
        for node in sorted(nodes, key=lambda n: n.number, reverse=True):
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad
"""), (KEPT, KEPT + "\n        self.number = next(_count)")),
    "a tape": changed(
        with_pass(LOCALS, """
        self.grad = 1.0
        for node in reversed(Value.tape[: Value.tape.index(self) + 1]):
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad
"""), (INIT, "    tape = []\n\n" + INIT), (KEPT, KEPT + "\n        Value.tape.append(self)")),
    "sums first, gradients at the end": with_pass(LOCALS, """
        order = []
        def visit(node):
            if node not in order:
                for parent in node.parents:
                    visit(parent)
                order.append(node)
        visit(self)
        total = {node: 0.0 for node in order}
        total[self] = 1.0
        for node in order[::-1]:
            for parent, local in zip(node.parents, node.local_grads):
                total[parent] += local * total[node]
        for node in order:
            node.grad = total[node]
"""),
    "only leaves get gradients": with_pass(LOCALS, """
        order = []
        def visit(node):
            if node not in order:
                for parent in node.parents:
                    visit(parent)
                order.append(node)
        visit(self)
        total = {node: 0.0 for node in order}
        total[self] = 1.0
        for node in order[::-1]:
            for parent, local in zip(node.parents, node.local_grads):
                total[parent] += local * total[node]
        for node in order:
            if not node.parents:
                node.grad += total[node]
"""),
    "gradients are made in the pass": changed(
        LOCALS, ("self.grad = data, 0.0", "self.grad = data, None"),
        ("        self.grad = 1.0", "        for node in order:\n            node.grad = 0\n"
         "        self.grad = 1"),
    ),
    "NumPy numbers": "import numpy as np\n" + changed(
        LOCALS, ("self.grad = data, 0.0", "self.grad = np.float64(data), np.float64(0)"),
        ("math.exp", "np.exp"), ("math.tanh", "np.tanh")
    ),
    "a helper for plain numbers": "def lift(x): return x if isinstance(x, Value) else Value(x)"
    + changed(LOCALS, ("other if isinstance(other, Value) else Value(other)", "lift(other)")),
    "a class for each operation": "import math\n" + '''
class Value:
    def __init__(self, data):
        self.data, self.grad, self.parents = data, 0.0, ()
    def push(self): pass
    def __add__(self, o): return Add(self, o)
    def __sub__(self, o): return Add(self, Mul(o, -1.0))
    def __mul__(self, o): return Mul(self, o)
    def __truediv__(self, o): return Mul(self, Power(o, -1))
    def __pow__(self, n): return Power(self, n)
    def exp(self): return Unary(self, math.exp(self.data), math.exp(self.data))
    def tanh(self): return Unary(self, math.tanh(self.data), 1 - math.tanh(self.data) ** 2)
    def relu(self): return Unary(self, max(self.data, 0.0), float(self.data > 0))
    def backward(self):
        order = []
        def visit(node):
            if node not in order:
                for parent in node.parents: visit(parent)
                order.append(node)
        visit(self)
        self.grad = 1.0
        for node in order[::-1]: node.push()
class Binary(Value):
    def __init__(self, a, b):
        a, b = (x if isinstance(x, Value) else Value(x) for x in (a, b))
        super().__init__(self.value(a.data, b.data))
        self.parents = (a, b)
class Add(Binary):
    def value(self, a, b): return a + b
    def push(self):
        for p in self.parents: p.grad += self.grad
class Mul(Binary):
    def value(self, a, b): return a * b
    def push(self):
        a, b = self.parents
        a.grad += b.data * self.grad
        b.grad += a.data * self.grad
class Unary(Value):
    def __init__(self, a, data, local):
        super().__init__(data)
        self.parents, self.local = (a,), local
    def push(self): self.parents[0].grad += self.local * self.grad
class Power(Unary):
    def __init__(self, a, n):
        a = a if isinstance(a, Value) else Value(a)
        super().__init__(a, a.data**n, n * a.data ** (n - 1))
''',
    "tanh from exp": changed(
        LOCALS, (LOCALS[LOCALS.index("        t = math.tanh") : LOCALS.index("    def relu")],
                 "        e = (self * 2).exp()\n        return (e - 1) / (e + 1)\n\n")
    ),
}  # fmt: skip
