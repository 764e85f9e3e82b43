"""Wrong engines as learners write them: with mistakes that the course knows by name, in other
designs than its own, and with mistakes that nobody has listed.
"""

from week01_answers import changed
from week01_engines import (
    CLOSURES,
    EXP,
    FIELDS,
    INIT,
    KEPT,
    LOCALS,
    RIGHT,
    SUM,
    TIMES,
    division,
    rule,
    with_pass,
)

_TUPLES = RIGHT["closures over a tuple"]
_RECURSION = """
        self.grad = 1
        def push(v):
            v._backward()
            for child in v._prev:
                push(child)
        push(self)
"""
_BREADTH = """
        from collections import deque
        self.grad, seen, queue = 1, {self}, deque([self])
        while queue:
            v = queue.popleft()
            v._backward()
            for child in v._prev:
                if child not in seen:
                    seen.add(child)
                    queue.append(child)
"""
_PREORDER = """
        self.grad, seen = 1, set()
        def push(v):
            if v not in seen:
                seen.add(v)
                v._backward()
                for child in v._prev:
                    push(child)
        push(self)
"""
_EVERY_PATH = """
        topo = []
        def build(v):
            for child in v._prev:
                build(child)
            topo.append(v)
        build(self)
        self.grad = 1
        for v in reversed(topo):
            v._backward()
"""
_OWN_GRADIENT = (
    CLOSURES.replace("other.data * out.grad", "other.data * self.grad")
    .replace("self.data * out.grad", "self.data * other.grad")
    .replace("+= out.grad", "+= self.grad")
    .replace("* out.grad", "* self.grad")
)

KNOWN = {
    "closures, = everywhere": (CLOSURES.replace("grad += ", "grad = "), "ASSIGN"),
    "closures, = in + only": (
        rule("__add__", "self.grad = out.grad", "other.grad = out.grad"), "ASSIGN"),
    "closures, = in * only": (
        rule("__mul__", "self.grad = other.data * out.grad", "other.grad = self.data * out.grad"),
        "ASSIGN"),
    "closures, = for the second operand": (
        rule("__mul__", "self.grad += other.data * out.grad", "other.grad = self.data * out.grad"),
        "ASSIGN"),
    "path by path, =": (
        changed(RIGHT["path by path"], ("self.grad += up", "self.grad = up")), "ASSIGN"),
    "other names, =": (
        changed(RIGHT["other attribute names"], ("parent.grad +=", "parent.grad =")), "ASSIGN"),
    "closures, recursion": (with_pass(CLOSURES, _RECURSION), "ORDER"),
    "closures over a tuple, recursion": (with_pass(_TUPLES, _RECURSION), "ORDER"),
    "closures, breadth first": (with_pass(CLOSURES, _BREADTH), "ORDER"),
    "closures over a tuple, breadth first": (with_pass(_TUPLES, _BREADTH), "ORDER"),
    "closures, depth first": (with_pass(CLOSURES, _PREORDER), "ORDER"),
    "closures over a tuple, depth first": (with_pass(_TUPLES, _PREORDER), "ORDER"),
    "local derivatives, recursion by method": (changed(with_pass(LOCALS, """
        if first:
            self.grad = 1.0
        for parent, local in zip(self.parents, self.local_grads):
            parent.grad += local * self.grad
        for parent in self.parents:
            parent.backward(first=False)
"""), ("def backward(self)", "def backward(self, first=True)")), "ORDER"),
    "local derivatives, recursion in between": (with_pass(LOCALS, """
        self.grad = 1.0
        def push(node):
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad
                push(parent)
        push(self)
"""), "ORDER"),
    "local derivatives, breadth first": (with_pass(LOCALS, """
        self.grad, queue, seen = 1.0, [self], set()
        while queue:
            node = queue.pop(0)
            if node in seen:
                continue
            seen.add(node)
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad
                queue.append(parent)
"""), "ORDER"),
    "local derivatives, depth first": (with_pass(LOCALS, """
        self.grad, stack, seen = 1.0, [self], set()
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad
                stack.append(parent)
"""), "ORDER"),
    "closures, restarting in every node": (with_pass(_TUPLES, """
        self.grad = 1
        self._backward()
        for child in self._prev:
            child.backward()
"""), "RESTART"),
    "closures, every path in the list": (with_pass(_TUPLES, _EVERY_PATH), "NOVISIT"),
    "closures, not reversed": (changed(CLOSURES, ("reversed(topo)", "topo")), "FORWARDS"),
    "closures, no seed": (changed(CLOSURES, ("        self.grad = 1\n", "")), "NOSEED"),
    "local derivatives, seeded wherever there is 0": (with_pass(LOCALS, """
        if self.grad == 0:
            self.grad = 1
        for parent, local in zip(self.parents, self.local_grads):
            parent.grad += local * self.grad
        for parent in self.parents:
            parent.backward()
"""), "RESEED"),
    "closures, seeded wherever there is 0": (
        changed(CLOSURES, ("        self.grad = 1\n", ""), ("v._backward()", "v.push()")) + """
    def push(self):
        if self.grad == 0:
            self.grad = 1
        self._backward()
""", "RESEED"),
    "closures, own gradient": (_OWN_GRADIENT, "SELFGRAD"),
    "closures, own gradient in *": (
        rule("__mul__", "self.grad += other.data * self.grad",
             "other.grad += self.data * other.grad"), "SELFGRAD"),
    "closures, no upstream in *": (
        rule("__mul__", "self.grad += other.data", "other.grad += self.data"), "NOUPSTREAM"),
    "closures, no upstream in tanh": (rule("tanh", "self.grad += 1 - t**2"), "NOUPSTREAM"),
    "closures, no upstream in exp": (rule("exp", "self.grad += out.data"), "NOUPSTREAM"),
    "closures, no upstream in relu": (
        rule("relu", "self.grad += float(out.data > 0)"), "NOUPSTREAM"),
    "closures, no upstream in pow": (
        rule("__pow__", "self.grad += n * self.data ** (n - 1)"), "NOUPSTREAM"),
    "closures, own operand": (
        rule("__mul__", "self.grad += self.data * out.grad", "other.grad += other.data * out.grad"),
        "OWNDATA"),
    "a class for each operation, own operand": (
        changed(RIGHT["a class for each operation"], ("a.grad += b.data", "a.grad += a.data"),
                ("b.grad += a.data", "b.grad += b.data")), "OWNDATA"),
    "closures, one side of *": (
        rule("__mul__", "self.grad += other.data * out.grad"), "ONESIDE"),
    "closures, one side of +": (rule("__add__", "self.grad += out.grad"), "ONESIDE"),
    "closures, sign of /": (
        division("self.grad += out.grad / other.data",
                 "other.grad += self.data / other.data**2 * out.grad"), "DIVSIGN"),
    "closures, square of /": (
        division("self.grad += out.grad / other.data",
                 "other.grad -= self.data / other.data * out.grad"), "DIVSQUARE"),
    "closures, exponent": (
        rule("__pow__", "self.grad += n * self.data**n * out.grad"), "POWN"),
    "closures, factor of the power": (
        rule("__pow__", "self.grad += self.data ** (n - 1) * out.grad"), "POWFACTOR"),
    "closures, input of exp": (rule("exp", "self.grad += self.data * out.grad"), "EXPINPUT"),
    "closures, input of tanh": (
        rule("tanh", "self.grad += (1 - self.data**2) * out.grad"), "TANHIN"),
    "closures, no square in tanh": (rule("tanh", "self.grad += (1 - t) * out.grad"), "TANHSQUARE"),
    "closures, no mask": (rule("relu", "self.grad += out.grad"), "RELUMASK"),
    "two mistakes: the first one is named": (
        rule("tanh", "self.grad += (1 - self.data**2) * out.grad",
             source=rule("relu", "self.grad += out.grad")), "TANHIN"),
}  # fmt: skip

# ------------------------------------------------------------------ in no list

WRONG = {
    "+ multiplies": (
        rule("__add__", "self.grad += other.data * out.grad", "other.grad += self.data * out.grad"),
        "The backward of `+`"),
    "the mask of relu from the gradient": (
        rule("relu", "self.grad += (out.grad > 0) * out.grad"), "The backward of `relu`"),
    "the mask of relu turned around": (
        rule("relu", "self.grad += (out.data <= 0) * out.grad"), "The backward of `relu`"),
    "the square of 1 − t": (
        rule("tanh", "self.grad += (1 - t) ** 2 * out.grad"), "The backward of `tanh`"),
    "the rule of the sigmoid": (
        rule("tanh", "self.grad += t * (1 - t) * out.grad"), "rule of the sigmoid"),
    "the power rule for exp": (
        rule("exp", "self.grad += self.data * math.exp(self.data - 1) * out.grad"),
        "The backward of `exp`"),
    "no numerator in /": (
        division("self.grad += out.grad / other.data",
                 "other.grad -= 1 / other.data**2 * out.grad"),
        "The backward of `/`"),
    "no rule for exp": (rule("exp", "pass"), "The backward of `exp`"),
    "twice the gradient": (changed(LOCALS, ("grad += local", "grad += 2 * local")), "∂"),
    "seeded with 2": (changed(LOCALS, ("self.grad = 1.0", "self.grad = 2.0")), "It must be 1"),
    "every gradient is 1": (with_pass(LOCALS, """
        for node in (self, *self.parents):
            node.grad = 1.0
            for parent in node.parents:
                parent.grad = 1.0
"""), ""),
    "every gradient is 0": (with_pass(LOCALS, "        pass\n"), "∂"),
    "one step back only": (with_pass(LOCALS, """
        self.grad = 1.0
        for parent, local in zip(self.parents, self.local_grads):
            parent.grad += local
"""), "no further than the operands of the result"),
    "gradients are returned": (with_pass(LOCALS, """
        grads = {self: 1.0}
        def visit(node):
            for parent, local in zip(node.parents, node.local_grads):
                grads[parent] = grads.get(parent, 0.0) + local * grads[node]
                visit(parent)
        visit(self)
        return grads
"""), "Your backward returns something"),
    "parents without repetition": (
        changed(LOCALS, (KEPT, KEPT.replace("= parents", "= list(dict.fromkeys(parents))"))),
        "Both operands are the same node"),
    "nodes of equal value are one": (
        changed(LOCALS, (INIT, INIT + "    def __eq__(self, o): return self.data == o.data\n\n"
                         "    def __hash__(self): return hash(self.data)\n\n")), ""),
    "an order that is kept": (
        changed(LOCALS, ("def backward(self)", "def backward(self, order=[], seen=set())"),
                ("        order, seen = [], set()\n", "        if order: return\n")), "∂"),
    "− turned around": (changed(LOCALS, ("self.data - other.data", "other.data - self.data")),
                        "The number itself is wrong, before any gradient: (x − y)·7"),
    "× adds": (changed(LOCALS, ("self.data * other.data", "self.data + other.data")),
               "The number itself is wrong, before any gradient: (x · y)·7"),
    "powers of whole numbers only": (
        changed(LOCALS, ("self.data**n,", "math.prod([self.data] * int(n)),")), "(x ** −1)·7"),
    "relu lets all through": (
        changed(LOCALS, ("max(0, self.data)", "self.data"), ("1 if self.data > 0 else 0", "1")),
        "The number itself is wrong, before any gradient: (relu(y))·7"),
    "operands are changed": (
        changed(LOCALS, (SUM, "self.data += other.data; return self")),
        "A leaf was made with 0.8 and holds"),
    "a plain number comes back": (
        changed(LOCALS, (TIMES, "return self.data * other.data")),
        "`x · y` gives -1.04. An operation must return a new node"),
    "nothing comes back": (changed(LOCALS, (EXP, "Value(e)")), "`exp(x)` gives None"),
    "a pair comes back": (
        changed(LOCALS, (EXP, "return Value(e, (self,), (e,)), e")),
        "`exp(x)` gives (a Value object"),
    "`value` for `data`": (
        changed(LOCALS, (".data", ".value")), "A node keeps its number in `data`"),
    "`gradient` for `grad`": (changed(LOCALS, (".grad", ".gradient")), "has no gradient in `grad`"),
    "a gradient of None": (
        changed(LOCALS, ("self.grad = data, 0.0", "self.grad = data, None")),
        "Something there is None"),
    "another constructor": (
        changed(LOCALS, ("parents=(), ", "parents, ")), "A leaf is made as `Value(0.8)`"),
    "no plain numbers": (
        LOCALS.replace("        other = other if isinstance(other, Value) else Value(other)\n", ""),
        "Python says AttributeError: 'float' object has no attribute 'data'"),
    "a misspelled name": (
        changed(LOCALS, ("t = math.tanh", "t = maths.tanh")), "'maths' is not defined"),
    "backward wants an argument": (
        changed(LOCALS, ("def backward(self)", "def backward(self, grad)")),
        "called as `root.backward()`"),
    "backward ends in itself": (
        with_pass(LOCALS, "        self.backward()\n"), "calls itself too deep"),
    "backward raises": (
        with_pass(LOCALS, "        raise NotImplementedError\n"), "still to be written"),
    "backward exits": (with_pass(LOCALS, "        exit()\n"), "exit"),
    "not a number": (
        changed(LOCALS, ("* node.grad", "* node.grad * float('nan')")), "pushes nan"),
    "equal to everything": (
        changed(LOCALS, ("data, 0.0", "data, Same(1.0)")) + """
class Same(float):
    def __eq__(self, other): return True
    def __hash__(self): return 0
    def __add__(self, other): return self
    __radd__ = __mul__ = __rmul__ = __sub__ = __rsub__ = __add__
""", "∂"),
    "exp without the comma": (
        changed(LOCALS, (EXP, EXP.replace("(e,)", "(e)"))),
        "`local_grads` of `exp` is a number; a tuple `(…,)` is needed, with its comma."),
    "exp without the comma, parents": (
        changed(LOCALS, (EXP, EXP.replace("(self,)", "(self)"))),
        "`parents` of `exp` is a node; a tuple `(…,)` is needed, with its comma."),
    "a power without the comma": (
        changed(LOCALS, ("(n * self.data ** (n - 1),)", "(n * self.data ** (n - 1))")),
        "`local_grads` of `**3` is a number"),
    "unhashable": (
        "from dataclasses import dataclass\n@dataclass" + changed(LOCALS, (INIT, FIELDS)),
        "`@dataclass(eq=False)`"),
}  # fmt: skip
