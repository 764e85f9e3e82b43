"""Answers to week 5's exercises as learners write them: right in other styles, and wrong in ways
that no list knows. Engines are put together from a class of one design and a backward pass.
"""

from week01_answers import changed

# ------------------------------------------------------------------ the operators

REFLECTED = {
    "aliases and minus one": """
def reflected(Value):
    Value.__radd__ = Value.__add__
    Value.__rmul__ = Value.__mul__
    Value.__rsub__ = lambda self, other: self * -1 + other
    Value.__rtruediv__ = lambda self, other: self**-1 * other
""",
    "setattr in a loop": """
def reflected(Value):
    def back(name):
        forward = getattr(Value, name)
        return lambda self, other: forward(Value(other), self)
    for name in ("add", "sub", "mul", "truediv"):
        setattr(Value, f"__r{name}__", back(f"__{name}__"))
    return Value
""",
    "lift in each": """
def reflected(V):
    def lift(x): return x if isinstance(x, V) else V(x)
    V.__radd__ = lambda self, other: lift(other) + self
    V.__rsub__ = lambda self, other: lift(other) - self
    V.__rmul__ = lambda self, other: lift(other) * self
    V.__rtruediv__ = lambda self, other: lift(other) / self
    return V
""",
}
REFLECTED_WRONG = {
    "one is missing": (changed(REFLECTED["lift in each"], (
        "    V.__rmul__ = lambda self, other: lift(other) * self\n", "")), "no `__rmul__`"),
    "a number": (changed(REFLECTED["lift in each"], (
        "lift(other) - self", "other - self.data")), "must return a node"),
    "the sign": (changed(REFLECTED["aliases and minus one"], (
        "self * -1 + other", "self * -1 - other")), "5 − x is 4.2"),
    "the reciprocal": (changed(REFLECTED["aliases and minus one"], (
        "self**-1 * other", "self * other**-1")), "5 / x"),
}  # fmt: skip

# ------------------------------------------------------------------ the order

ORDER = {
    "a mark on the stack": """
def topological_order(root):
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            for p in node.parents:
                stack.append((p, False))
    return order
""",
    "iterators on the stack": """
def topological_order(root):
    order, seen, stack = [], {root}, [(root, iter(root.parents))]
    while stack:
        node, rest = stack[-1]
        parent = next((p for p in rest if p not in seen), None)
        if parent is None:
            order.append(node)
            stack.pop()
        else:
            seen.add(parent)
            stack.append((parent, iter(parent.parents)))
    return tuple(order)
""",
    "Kahn from the result": """
from collections import deque
def topological_order(root):
    uses, nodes, seen = {}, [root], {root}
    for node in nodes:
        for p in node.parents:
            uses[p] = uses.get(p, 0) + 1
            if p not in seen:
                seen.add(p)
                nodes.append(p)
    order, ready = deque(), [root]
    while ready:
        node = ready.pop()
        order.appendleft(node)
        for p in node.parents:
            uses[p] -= 1
            if not uses[p]:
                ready.append(p)
    return list(order)
""",
    "looked at twice": """
def topological_order(root):
    order, seen, done, stack = [], set(), set(), [root]
    while stack:
        node = stack[-1]
        if node not in seen:
            seen.add(node)
            stack.extend(p for p in node.parents if p not in seen)
        else:
            stack.pop()
            if node not in done:
                done.add(node)
                order.append(node)
    return order
""",
    "a dict as an ordered set": """
def topological_order(root):
    done, stack = {}, [root]
    while stack:
        node = stack[-1]
        waiting = [p for p in node.parents if p not in done]
        if waiting:
            stack += waiting
        else:
            done[stack.pop()] = True
    return list(done)
""",
}
ORDER_WRONG = {
    "search in the list": (
        """
def topological_order(root):
    order, stack = [], [(root, False)]
    while stack:
        node, ready = stack.pop()
        if node in order: continue
        if ready: order.append(node)
        else: stack += [(node, True)] + [(p, False) for p in node.parents]
    return order
""",
        "QUADRATIC",
        "compares nodes",
    ),
    "raises the limit": (
        """
import sys
def topological_order(root):
    sys.setrecursionlimit(10**6)
    order, seen = [], set()
    def visit(node):
        if node not in seen:
            seen.add(node)
            for p in node.parents: visit(p)
            order.append(node)
    visit(root)
    return order
""",
        "RECURSIONLIMIT",
        "raises Python's recursion limit",
    ),
    "kept between calls": (
        """
def topological_order(root, seen=set()):
    order, stack = [], [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready: order.append(node)
        elif node not in seen:
            seen.add(node)
            stack += [(node, True)] + [(p, False) for p in node.parents]
    return order
""",
        "LEFTOVER",
        "two different lists",
    ),
    "names": ("def topological_order(root): return [root.name]", None, "not a node"),
    "a generator": ("def topological_order(root): yield root", None, "generator"),
    "a number": ("def topological_order(root): return 3", None, "3"),
}

# ------------------------------------------------------------------ the drawing

DRAWINGS = {
    "Karpathy's graphviz": """
from graphviz import Digraph
def draw_graph(root):
    dot = Digraph(format="svg", graph_attr={"rankdir": "LR"})
    seen, stack = set(), [root]
    while stack:
        n = stack.pop()
        if id(n) in seen: continue
        seen.add(id(n))
        label = "{ data %.4f | grad %.4f }" % (n.data, n.grad)
        dot.node(name=str(id(n)), label=label, shape="record")
        if n.op:
            dot.node(name=str(id(n)) + n.op, label=n.op)
            dot.edge(str(id(n)) + n.op, str(id(n)))
        for p in n.parents:
            dot.edge(str(id(p)), str(id(n)) + n.op)
            stack.append(p)
    return dot
""",
    "DOT by hand": """
def draw_graph(root):
    lines, names, todo = ["digraph {", "  rankdir=LR"], {}, [root]
    while todo:
        n = todo.pop()
        if n in names: continue
        names[n] = f"v{len(names)}"
        lines.append(f'  {names[n]} [label="{n.op}\\\\n{n.data:.3f}"];')
        todo += n.parents
    for n in names:
        for p in n.parents:
            lines.append(f"  {names[p]} -> {names[n]};")
    return "\\n".join(lines + ["}"])
""",
    "edges with names and numbers": """
def draw_graph(root):
    order = topological_order(root)
    name = {n: f"n{i}" for i, n in enumerate(order)}
    edges = [f"{name[p]} ({p.data:.5g}) -> {name[n]} ({n.data:.5g})"
             for n in order for p in n.parents]
    return "\\n".join(edges or [f"n0 ({root.data})"])
""",
    "nodes, then edges": """
def draw_graph(root):
    order = topological_order(root)
    name = {n: chr(97 + i) for i, n in enumerate(order)}
    return "\\n".join([f"{name[n]}: {n.data:.5f}" for n in order]
                      + [f"{name[p]} -> {name[n]}" for n in order for p in n.parents])
""",
    "numbered rows": """
def draw_graph(root):
    order = topological_order(root)
    place = {n: i for i, n in enumerate(order)}
    return "\\n".join(f"[{i}] {n.data:.4f} {n.op} parents: {[place[p] for p in n.parents]}"
                      for i, n in enumerate(order))
""",
    "Mermaid": """
def draw_graph(root):
    order = topological_order(root)
    name = {n: f"n{i}" for i, n in enumerate(order)}
    lines = [f"{name[n]}[{n.data:.3f}]" for n in order]
    lines += [f"{name[p]} --> {name[n]}" for n in order for p in n.parents]
    return "graph LR\\n" + "\\n".join(lines)
""",
}
DRAWINGS_WRONG = {
    "edges in a set": (changed(DRAWINGS["nodes, then edges"], (
        '[f"{name[p]} -> {name[n]}" for n in order for p in n.parents]',
        'sorted({f"{name[p]} -> {name[n]}" for n in order for p in n.parents})')),
        "EDGEDICT", "a set"),
    "Karpathy's, edges in a set": (changed(DRAWINGS["Karpathy's graphviz"], (
        "for p in n.parents:", "for p in set(n.parents):")), "EDGEDICT", "a set"),
    "all on one line": ("""
def draw_graph(root): return " ".join(f"{n.data:.4f}" for n in topological_order(root))
""", "EDGEDICT", "A set or a dict"),
    "the nodes alone, in DOT": (changed(DRAWINGS["Karpathy's graphviz"], (
        "dot.edge(str(id(p)), str(id(n)) + n.op)", "pass")), "NOEDGES", "node.parents"),
    "no leaves": (changed(DRAWINGS["Karpathy's graphviz"], (
        "label=label", "label=label if n.op else '?'")), "NONUMBERS", "node.data"),
    "printed": ("def draw_graph(root): print(root.data)", None, "return"),
    "the picture itself": ("""
from helpers import draw
def draw_graph(root): return draw(root)
""", None, "as a text or as a graphviz.Digraph"),
    "two edges too few": (changed(DRAWINGS["numbered rows"], (
        "for p in n.parents]", "for p in n.parents[:1]]")), None, ""),
}  # fmt: skip

# ------------------------------------------------------------------ zero

ZERO = {
    "the loop": "def zero_grad(root):\n    for n in topological_order(root): n.grad = 0",
    "a stack": """
def zero_grad(root):
    seen, stack = set(), [root]
    while stack:
        node = stack.pop()
        node.grad = 0.0
        for p in node.parents:
            if p not in seen:
                seen.add(p)
                stack.append(p)
""",
    "returns the root": """
def zero_grad(root):
    for n in topological_order(root): n.grad = n.grad.__class__(0)
    return root
""",
}
ZERO_WRONG = {
    "recursion": (
        "def zero_grad(root):\n    root.grad = 0.0\n    for p in root.parents: zero_grad(p)",
        "NOVISIT"),
    "one": ("def zero_grad(root):\n    for n in topological_order(root): n.grad = 1.0", None),
    "the data": ("def zero_grad(root):\n    for n in topological_order(root): n.data = 0.0", None),
    "nothing": ("def zero_grad(root):\n    return [0.0 for n in topological_order(root)]", None),
    "False": ("def zero_grad(root):\n    for n in topological_order(root): n.grad = False", None),
}  # fmt: skip

# ------------------------------------------------------------------ the fuzz

FUZZ = """
def fuzz(engine, n):
    bad = 0
    for seed in range(n):
        program = random_program(seed, 8)
        a = [engine(x) for x in program.leaves]
        b = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.leaves]
        f, g = program.run(a), program.run(b)
        f.backward()
        g.backward()
        good = abs(f.data - g.item()) <= 1e-9 * abs(g.item())
        for x, y in zip(a, b):
            want = y.grad.item() if y.grad is not None else 0.0
            good = good and abs(x.grad - want) <= 1e-9 * max(1.0, abs(want))
        bad += not good
    return bad
"""
FUZZES = {
    "by hand": FUZZ,
    "NumPy": changed(
        FUZZ,
        (
            "        good = abs(f.data - g.item()) <= 1e-9 * abs(g.item())\n",
            "        want = [0.0 if y.grad is None else float(y.grad) for y in b]\n"
            "        good = np.allclose([x.grad for x in a], want, rtol=1e-9, atol=1e-10)\n"
            "        good = good and np.isclose(f.data, g.item(), rtol=1e-9)\n",
        ),
        (FUZZ[FUZZ.index("        for x, y in") : FUZZ.index("        bad +=")], ""),
    ),
    "seeds from random": changed(
        FUZZ,
        (
            "        program = random_program(seed, 8)\n",
            "        import random\n        draw = random.Random(seed * 7 + 1)\n"
            "        program = random_program(draw.randrange(10**6), draw.randint(1, 25), 4)\n",
        ),
    ),
    "the length of a list of the failures": changed(
        FUZZ,
        ("bad = 0", "bad = []"),
        ("bad += not good", "bad += [] if good else [program]"),
        ("return bad", "return len(bad)"),
    ),
    "generator": """
def fuzz(engine, n):
    def ok(seed):
        p = random_program(seed, 12)
        a = [engine(x) for x in p.leaves]
        b = [torch.tensor(x, dtype=torch.double, requires_grad=True) for x in p.leaves]
        f, g = p.run(a), p.run(b)
        f.backward(); g.backward()
        want = [0 if y.grad is None else y.grad.item() for y in b] + [g.item()]
        return all(math.isclose(u, v, rel_tol=1e-8, abs_tol=1e-10)
                   for u, v in zip([x.grad for x in a] + [f.data], want))
    return sum(not ok(seed) for seed in range(n))
""",
}
FUZZ_WRONG = {
    "always right": ("def fuzz(engine, n): return 0", "passes your fuzz"),
    "always wrong": ("def fuzz(engine, n): return n", "count the right ones"),
    "one too many": ("def fuzz(engine, n): return 1", "blames a right engine"),
    "None": (changed(FUZZ, ("    return bad", "    print(bad)")), "return"),
    "a text": (changed(FUZZ, ("    return bad", "    return str(bad)")), "a number"),
    "None for a leaf that is not used": (
        changed(FUZZ, (" if y.grad is not None else 0.0", "")), "It means 0"),
    "against itself": (changed(FUZZ, (
        "b = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.leaves]",
        "b = a"), ("g.item()", "g.data"), ("        g.backward()\n", ""),
        ("y.grad.item()", "y.grad")), "passes your fuzz"),
}  # fmt: skip

# ------------------------------------------------------------------ the size of a node

SIZES = {
    "a list of nodes": """
def engine_size(engine):
    import tracemalloc
    tracemalloc.start()
    start = tracemalloc.get_traced_memory()[0]
    x = engine(2.0 ** -0.001)
    nodes = [x]
    for _ in range(500):
        nodes.append(nodes[-1] * x)
    end = tracemalloc.get_traced_memory()[0]
    return (end - start) // 500
""",
    "the peak": """
def engine_size(engine):
    import tracemalloc
    x = y = engine(1.0)
    tracemalloc.start()
    for _ in range(2000):
        y = x * y
    return tracemalloc.get_traced_memory()[1] / 2000
""",
    "two lengths": """
def engine_size(engine):
    import tracemalloc, gc
    def chain(n):
        gc.collect()
        tracemalloc.start()
        x = y = engine(1.0)
        for _ in range(n): y = y * x
        used = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return used
    return (chain(3000) - chain(1000)) / 2000
""",
}
SIZES_WRONG = {
    "per operation": (changed(SIZES["two lengths"], ("y * x", "y * 0.5")), "two* nodes"),
    "not divided": (changed(SIZES["the peak"], (" / 2000\n", "\n")), "whole chain"),
    "a constant": ("def engine_size(engine): return 100", "you measure 100"),
    "getsizeof": (
        "import sys\ndef engine_size(engine): return sys.getsizeof(engine(1.0) * engine(2.0))",
                  "one object"),
}  # fmt: skip

# ------------------------------------------------------------------ engines

LOCALS = """
import math
class Value:
    def __init__(self, data, parents=(), local_grads=(), op=""):
        self.data, self.grad, self.op = data, 0.0, op
        self.parents, self.local_grads = parents, local_grads

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __sub__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data - other.data, (self, other), (1.0, -1.0), "-")

    def __truediv__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        a, b = self.data, other.data
        return Value(a / b, (self, other), (1 / b, -a / b**2), "/")

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),), f"**{n}")

    def __neg__(self):
        return Value(-self.data, (self,), (-1.0,), "neg")

    def exp(self):
        e = math.exp(self.data)
        return Value(e, (self,), (e,), "exp")

    def log(self):
        return Value(math.log(self.data), (self,), (1 / self.data,), "log")

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, (self,), (1 - t**2,), "tanh")

    def sigmoid(self):
        s = 1 / (1 + math.exp(-self.data))
        return Value(s, (self,), (s * (1 - s),), "sigmoid")

    def relu(self):
        return Value(max(0.0, self.data), (self,), (1.0 if self.data > 0 else 0.0,), "relu")

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return Value(other) - self

    def __rtruediv__(self, other):
        return Value(other) / self

    def __lt__(self, other): return self.data < getattr(other, "data", other)
    def __le__(self, other): return self.data <= getattr(other, "data", other)
    def __gt__(self, other): return self.data > getattr(other, "data", other)
    def __ge__(self, other): return self.data >= getattr(other, "data", other)

    def backward(self):
        order = topological_order(self)
        for node in order:
            if node.parents:
                node.grad = 0.0
        self.grad += 1.0
        for node in reversed(order):
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad
"""
PASS = LOCALS[LOCALS.index("        order = topological_order(self)") :]
ZEROING = "            if node.parents:\n                node.grad = 0.0\n"
INIT = LOCALS[LOCALS.index("    def __init__") : LOCALS.index("    def __add__")]


def with_pass(body):
    return LOCALS.replace(PASS, body)


CLOSURES = """
import math
class Value:
    def __init__(self, data, _prev=(), _op=""):
        self.data, self.grad, self._prev, self._op = data, 0, _prev, _op
        self._backward = lambda: None

    def _make(self, data, op, *rules):
        out = Value(data, tuple(p for p, _ in rules), op)
        def _backward():
            for p, local in rules:
                p.grad += local * out.grad
        out._backward = _backward
        return out

    @staticmethod
    def _lift(x): return x if isinstance(x, Value) else Value(x)

    def __add__(self, o):
        o = self._lift(o)
        out = Value(self.data + o.data, (self, o), "+")
        def _backward():
            self.grad += out.grad
            o.grad += out.grad
        out._backward = _backward
        return out

    def __mul__(self, o):
        o = self._lift(o)
        out = Value(self.data * o.data, (self, o), "*")
        def _backward():
            self.grad += o.data * out.grad
            o.grad += self.data * out.grad
        out._backward = _backward
        return out

    def __pow__(self, n):
        return self._make(self.data**n, f"**{n}", (self, n * self.data ** (n - 1)))
    def __neg__(self): return self * -1
    def __sub__(self, o): return self + (-self._lift(o))
    def __truediv__(self, o): return self * self._lift(o) ** -1
    def exp(self): return self._make(math.exp(self.data), "exp", (self, math.exp(self.data)))
    def log(self): return self._make(math.log(self.data), "log", (self, 1 / self.data))
    def tanh(self):
        t = math.tanh(self.data)
        return self._make(t, "tanh", (self, 1 - t * t))
    def sigmoid(self): return 1 / ((-self).exp() + 1)
    def relu(self): return self._make(self.data * (self.data > 0), "relu", (self, self.data > 0))
    def __radd__(self, o): return self + o
    def __rmul__(self, o): return self * o
    def __rsub__(self, o): return -self + o
    def __rtruediv__(self, o): return self**-1 * o
    def __lt__(self, o): return self.data < self._lift(o).data
    def __gt__(self, o): return self.data > self._lift(o).data
    def __le__(self, o): return not self > o
    def __ge__(self, o): return not self < o

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(p, False) for p in node._prev]
        for node in order:
            if node._prev:
                node.grad = 0
        self.grad = 1
        for node in reversed(order):
            node._backward()
"""
OPS_BY_TABLE = """
import math
RULES = {
    "+": lambda a, b, o: (1.0, 1.0), "*": lambda a, b, o: (b, a), "-": lambda a, b, o: (1.0, -1.0),
    "/": lambda a, b, o: (1 / b, -o / b), "neg": lambda a, o: (-1.0,), "exp": lambda a, o: (o,),
    "log": lambda a, o: (1 / a,), "tanh": lambda a, o: (1 - o * o,),
    "relu": lambda a, o: (float(a > 0),), "sigmoid": lambda a, o: (o * (1 - o),),
}
class Value:
    __slots__ = ("data", "grad", "parents", "op", "rule")
    def __init__(self, data, parents=(), op="", rule=None):
        self.data, self.grad, self.parents, self.op, self.rule = data, 0.0, parents, op, rule
    def _binary(self, other, op, f):
        other = other if isinstance(other, Value) else Value(other)
        return Value(f(self.data, other.data), (self, other), op, RULES[op])
    def _unary(self, op, x): return Value(x, (self,), op, RULES[op])
    def __add__(self, o): return self._binary(o, "+", lambda a, b: a + b)
    def __sub__(self, o): return self._binary(o, "-", lambda a, b: a - b)
    def __mul__(self, o): return self._binary(o, "*", lambda a, b: a * b)
    def __truediv__(self, o): return self._binary(o, "/", lambda a, b: a / b)
    def __pow__(self, n):
        return Value(self.data**n, (self,), f"**{n}", lambda a, o: (n * a ** (n - 1),))
    def __neg__(self): return self._unary("neg", -self.data)
    def exp(self): return self._unary("exp", math.exp(self.data))
    def log(self): return self._unary("log", math.log(self.data))
    def tanh(self): return self._unary("tanh", math.tanh(self.data))
    def sigmoid(self): return self._unary("sigmoid", 1 / (1 + math.exp(-self.data)))
    def relu(self): return self._unary("relu", max(self.data, 0))
    __radd__, __rmul__ = __add__, __mul__
    def __rsub__(self, o): return Value(o) - self
    def __rtruediv__(self, o): return Value(o) / self
    def __lt__(self, o): return float(self) < float(o)
    def __le__(self, o): return float(self) <= float(o)
    def __gt__(self, o): return float(self) > float(o)
    def __ge__(self, o): return float(self) >= float(o)
    def __float__(self): return float(self.data)
    def backward(self):
        totals, order = {self: 1.0}, topological_order(self)
        for node in reversed(order):
            if node.rule:
                locals_ = node.rule(*[p.data for p in node.parents], node.data)
                for p, local in zip(node.parents, locals_):
                    totals[p] = totals.get(p, 0.0) + local * totals[node]
        for node in order:
            node.grad = totals[node] if node.parents else node.grad + totals[node]
"""
ENGINES = {
    "local derivatives": LOCALS,
    "closures": CLOSURES,
    "a table of rules, sums in a dict": OPS_BY_TABLE,
    "a dataclass": "from dataclasses import dataclass\n" + changed(
        LOCALS, ("class Value:", "@dataclass(eq=False)\nclass Value:"), (INIT,
        '    data: float\n    parents: tuple = ()\n    local_grads: tuple = ()\n    op: str = ""\n'
        "    grad: float = 0.0\n\n")),
    "slots": changed(LOCALS, ("class Value:\n", "class Value:\n    __slots__ = ('data', 'grad', "
                              "'parents', 'local_grads', 'op')\n\n")),
    "Kahn": with_pass("""        uses, nodes, seen = {}, [self], {self}
        for node in nodes:
            for p in node.parents:
                uses[p] = uses.get(p, 0) + 1
                if p not in seen:
                    seen.add(p)
                    nodes.append(p)
        for node in nodes:
            if node.parents: node.grad = 0.0
        self.grad = 1.0
        ready = [self]
        while ready:
            node = ready.pop()
            for p, local in zip(node.parents, node.local_grads):
                p.grad += local * node.grad
                uses[p] -= 1
                if not uses[p]: ready.append(p)
"""),
    "a creation number": "import itertools\n_count = itertools.count()\n" + changed(
        with_pass("""        nodes, stack = {self}, [self]
        while stack:
            for p in stack.pop().parents:
                if p not in nodes:
                    nodes.add(p)
                    stack.append(p)
        order = sorted(nodes, key=lambda n: -n.number)
        for n in order:
            n.grad = 0.0 if n.parents else n.grad
        self.grad += 1.0
        for n in order:
            for p, local in zip(n.parents, n.local_grads):
                p.grad = p.grad + local * n.grad
"""), ("        self.parents, self.local_grads", "        self.number = next(_count)\n"
       "        self.parents, self.local_grads")),
    "inner gradients set to zero afterwards": with_pass("""        self.grad = 1.0
        for node in reversed(topological_order(self)):
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad
            if node.parents:
                node.grad = 0.0
"""),
    "NumPy numbers": "import numpy as np\n" + changed(
        LOCALS, ("self.data, self.grad, self.op = data, 0.0, op",
                 "self.data, self.grad, self.op = np.float64(data), np.float64(0), op")),
}  # fmt: skip
ENGINES_WRONG = {
    "everything starts at zero": (
        with_pass(changed(PASS, (ZEROING, "            node.grad = 0.0\n"))),
        "NOACCUMULATE", "36, then 72"),
    "nothing starts at zero": (
        with_pass(changed(PASS, ("        for node in order:\n" + ZEROING, ""))),
        "INTERMEDIATE", "adds more than that"),
    "week 1's recursion": (with_pass("""        order, seen = [], set()
        def visit(node):
            if node not in seen:
                seen.add(node)
                for p in node.parents: visit(p)
                order.append(node)
        visit(self)
        for node in order:
            if node.parents: node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for p, local in zip(node.parents, node.local_grads):
                p.grad += local * node.grad
"""), "RECURSIONLIMIT", "too deep"),
    "raises the limit": ("import sys\n" + with_pass("""        sys.setrecursionlimit(10**6)
        order, seen = [], set()
        def visit(node):
            if node not in seen:
                seen.add(node)
                for p in node.parents: visit(p)
                order.append(node)
        visit(self)
        for node in order:
            if node.parents: node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for p, local in zip(node.parents, node.local_grads):
                p.grad += local * node.grad
"""), "RECURSIONLIMIT", "raises Python's recursion limit"),
    "a dataclass with ==": (changed(ENGINES["a dataclass"], ("@dataclass(eq=False)", "@dataclass")),
                            "SAMENUMBER", "@dataclass(eq=False)"),
    "rsub the other way": (changed(LOCALS, ("return Value(other) - self", "return self - other")),
                           "REFLECTED", "2 − x"),
    "closures, rsub": (
        changed(CLOSURES, ("return -self + o", "return self - o")), "REFLECTED", "2 − x"),
    "closures, no upstream in tanh": (changed(CLOSURES, (
        '        return self._make(t, "tanh", (self, 1 - t * t))',
        '        out = Value(t, (self,), "tanh")\n        def _backward(): self.grad += 1 - t * t\n'
        '        out._backward = _backward\n        return out')), None, "upstream"),
    "late binding": (changed(CLOSURES, (
        "        def _backward():\n            for p, local in rules:\n"
        "                p.grad += local",
        "        for p, local in [*rules, (Value(0.0), 1.0)]: pass\n        def _backward():\n"
        "            for _ in rules:\n                p.grad += local")), None, "pushes nothing"),
    "log of the wrong base": (changed(LOCALS, ("math.log(self.data), (self,)",
                                               "math.log10(self.data), (self,)")), None,
                              "number itself"),
    "a sigmoid that returns a number": (changed(
        LOCALS, ('return Value(s, (self,), (s * (1 - s),), "sigmoid")', "return s")),
        None, "must return a new node"),
    "comparisons give nodes": (changed(
        LOCALS, ("return self.data < getattr(other, \"data\", other)",
                 "return Value(self.data < getattr(other, 'data', other))")), None,
        "True or False"),
    "total_ordering, where 0.8 <= 0.8 is false": (
        "from functools import total_ordering\n" + changed(
        LOCALS, ("class Value:", "@total_ordering\nclass Value:"), (
        LOCALS[LOCALS.index("    def __le__"):LOCALS.index("    def backward")], "\n")),
        None, "`2 <= 2` gives False"),
    "numbers cannot be compared": (changed(
        LOCALS, ("self.data < getattr(other, \"data\", other)", "self.data < other.data")),
        None, "a number has no `data`"),
}  # fmt: skip
