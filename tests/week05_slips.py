"""Slips in week 5's exercises that a trial by a learner has brought up: each is seen and named.

An entry is (source, CODE or None, words of the verdict).
"""

from week01_answers import changed
from week05_answers import DRAWINGS, FUZZ, LOCALS, REFLECTED, SIZES

# ------------------------------------------------------------------ the order

PUSHED = """
def topological_order(root):
    order, seen, stack = [], {root}, [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
            continue
        stack.append((node, True))
        for p in node.parents:
            if p not in seen:
                seen.add(p)
                stack.append((p, False))
    return order
"""
ORDER = {
    "marked when pushed": (PUSHED, "ORDER", "when you *push* it"),
    "marked when pushed, the last operand first": (
        changed(PUSHED, ("in node.parents", "in reversed(node.parents)")),
        "ORDER",
        "d = c + a",
    ),
    "another name for parents": (
        changed(PUSHED, ("node.parents", "node._prev")),
        None,
        "in `parents`, as in week 1. It has no `_prev`",
    ),
    "a mark on the node": (
        """
def topological_order(root):
    order, stack = [], [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready: order.append(node)
        elif not getattr(node, "mark", 0):
            node.mark = 1
            stack += [(node, True)] + [(p, False) for p in node.parents]
    return order
""",
        "LEFTOVER",
        "a mark on the nodes",
    ),
    "never taken off": (
        """
def topological_order(root):
    order, stack = [], [root]
    while stack:
        node = stack[-1]
        if node.parents: stack += node.parents
        else: order.append(stack.pop())
    return order
""",
        None,
        "it never ends",
    ),
    "turned around without need": (
        changed(PUSHED, ("return order", "return reversed(order)")),
        None,
        "`reversed` gives an iterator",
    ),
}

# ------------------------------------------------------------------ the drawing

EDGES = "[f'{p.data:.5f} -> {n.data:.5f}' for n in order for p in n.parents]"
DRAWINGS_WRONG = {
    "arrows from child to parent": (
        changed(
            DRAWINGS["Karpathy's graphviz"],
            ("dot.edge(str(id(n)) + n.op, str(id(n)))", "dot.edge(str(id(n)), str(id(n)) + n.op)"),
            ("dot.edge(str(id(p)), str(id(n)) + n.op)", "dot.edge(str(id(n)) + n.op, str(id(p)))"),
        ),
        "BACKWARD",
        "dot.edge(operand, result)",
    ),
    "the numbers are the names": (
        """
import graphviz
def draw_graph(root):
    dot = graphviz.Digraph()
    for n in topological_order(root):
        dot.node(f"{n.data:.4f}")
        for p in n.parents:
            dot.edge(f"{p.data:.4f}", f"{n.data:.4f}", label=n.op)
    return dot
""",
        "SAMENUMBER",
        "does not tell them apart",
    ),
    "equations of numbers": (
        """
def draw_graph(root):
    return "\\n".join(f"{n.data:.4g} = {n.op} " + " ".join(f"{p.data:.4g}" for p in n.parents)
                      for n in topological_order(root))
""",
        "SAMENUMBER",
        "does not tell them apart",
    ),
    "a list of edges between numbers": (
        f"""
def draw_graph(root):
    order = topological_order(root)
    return "\\n".join([f"node {{n.data:.5f}}" for n in order] + {EDGES})
""",
        "SAMENUMBER",
        "does not tell them apart",
    ),
    "an indented tree": (
        """
def draw_graph(root):
    lines = []
    def show(n, depth):
        lines.append("    " * depth + f"{n.op or 'leaf'} {n.data:g}")
        for p in n.parents: show(p, depth + 1)
    show(root, 0)
    return "\\n".join(lines)
""",
        "TREE",
        "is drawn 2 times",
    ),
    "a tree with branches": (
        """
def draw_graph(root):
    def show(n, indent):
        rows = [f"{n.data:.3f} {n.op}"]
        for i, p in enumerate(n.parents):
            last = i == len(n.parents) - 1
            first, *rest = show(p, indent)
            rows.append(("└── " if last else "├── ") + first)
            rows += [("    " if last else "│   ") + row for row in rest]
        return rows
    return "\\n".join(show(root, ""))
""",
        "TREE",
        "is drawn 2 times",
    ),
    "strict": (
        changed(DRAWINGS["Karpathy's graphviz"], ('Digraph(format="svg"', "Digraph(strict=True")),
        "EDGEDICT",
        "Leave `strict` out",
    ),
    "two digits": (
        changed(DRAWINGS["numbered rows"], ("{n.data:.4f}", "{n.data:.2f}")),
        "ROUNDED",
        "1.015 is shown as 1.01",
    ),
}

# ------------------------------------------------------------------ zero

ZERO = {
    "== for =": (
        "def zero_grad(root):\n    for n in topological_order(root): n.grad == 0.0",
        None,
        "`==` compares",
    ),
    "a name of one's own": (
        "def zero_grad(root):\n    for n in topological_order(root): grad = 0.0",
        None,
        "a name of yours",
    ),
    "all but root": (
        "def zero_grad(root):\n    for n in topological_order(root)[:-1]: n.grad = 0.0",
        "ROOTKEPT",
        "root itself keeps its gradient",
    ),
    "times 0": (
        "def zero_grad(root):\n    for n in topological_order(root): n.grad *= 0.0",
        None,
        "0 times NaN is NaN",
    ),
}

# ------------------------------------------------------------------ the engine

CLEARING = "        for node in order:\n            if node.parents:\n"
EQUAL = "    def __eq__(self, other): return self.data == getattr(other, 'data', other)\n"
HASH = "    __hash__ = object.__hash__\n"
ENGINES_WRONG = {
    "only the operands of the result start at 0": (
        changed(
            LOCALS,
            (CLEARING, CLEARING.replace("order", "self.parents")),
            ("self.grad += 1.0", "self.grad = 1.0"),
        ),
        "INTERMEDIATE",
        "however deep it lies",
    ),
    "only nodes with two operands start at 0": (
        changed(LOCALS, (CLEARING, CLEARING.replace("node.parents", "len(node.parents) == 2"))),
        "INTERMEDIATE",
        "whatever its operation",
    ),
    "cleared by its op, and neg has none": (
        changed(LOCALS, (CLEARING, CLEARING.replace(".parents", ".op")), (', "neg")', ")")),
        "INTERMEDIATE",
        "whatever its operation",
    ),
    "== compares numbers": (
        changed(LOCALS, ("    def __lt__", EQUAL + HASH + "    def __lt__")),
        "SAMENUMBER",
        "Value(2.0) == Value(2.0) is True",
    ),
    "== compares numbers, no hash": (
        changed(LOCALS, ("    def __lt__", EQUAL + "    def __lt__")),
        "SAMENUMBER",
        "leave `==` and the hash alone",
    ),
    "<= is <": (
        changed(LOCALS, ("self.data <= ", "self.data < ")),
        None,
        "With nodes `2 <= 2` gives False, and must be True.",
    ),
    "> the other way round": (
        changed(LOCALS, ("return self.data > ", "return self.data < ")),
        None,
        "are the sides swapped?",
    ),
    "no return in >=": (
        changed(LOCALS, ("return self.data >= ", "self.data >= ")),
        None,
        "`>=` gives None: is a `return` missing?",
    ),
    "only floats become nodes": (
        changed(
            LOCALS,
            ("other if isinstance(other, Value) else Value(other)",
             "Value(other) if isinstance(other, float) else other"),
        ),
        None,
        "is the plain number 2 here",
    ),
    "the seed is set, then cleared": (
        changed(
            LOCALS,
            ("        self.grad += 1.0\n", ""),
            ("        order = top", "        self.grad = 1.0\n        order = top"),
        ),
        "NOSEED",
        "set and then cleared",
    ),
    "parents thrown away after the pass": (
        changed(
            LOCALS,
            ("                parent.grad += local * node.grad\n",
             "                parent.grad += local * node.grad\n            node.parents = ()\n"),
        ),
        "NOACCUMULATE",
        "parents thrown away",
    ),
}  # fmt: skip
LATE = changed(
    LOCALS,
    ('(other.data, self.data), "*")', '(lambda: other.data, lambda: self.data), "*")'),
    ("local * node.grad", "(local() if callable(local) else local) * node.grad"),
)
PAIRS = changed(
    LOCALS,
    ("        self.parents, self.local_grads = parents, local_grads\n",
     "        self.feeds = list(zip(parents, local_grads))\n"),
    (LOCALS[LOCALS.index("        order = topological_order"):],
     """        pending, order, seen = {}, [self], {self}
        for node in order:
            for p, _ in node.feeds:
                pending[p] = pending.get(p, 0) + 1
                if p not in seen:
                    seen.add(p)
                    order.append(p)
        for node in order:
            if node.feeds: node.grad = 0.0
        self.grad, ready = 1.0, [self]
        while ready:
            node = ready.pop()
            for p, slope in node.feeds:
                p.grad += slope * node.grad
                pending[p] -= 1
                if not pending[p]: ready.append(p)
"""),
)  # fmt: skip

# ------------------------------------------------------------------ the fuzz

VALUE = "        good = abs(f.data - g.item()) <= 1e-9 * abs(g.item())\n"
FUZZ_WRONG = {
    "gradients only": (
        changed(FUZZ, (VALUE, "        good = True\n")),
        None,
        "Compare the value of the result, too",
    ),
    "the first leaf only": (
        changed(FUZZ, ("zip(a, b):", "zip(a[:1], b[:1]):")),
        None,
        "not only of the first",
    ),
    "the last leaf only": (
        changed(FUZZ, ("good = good and abs(x.grad", "last = abs(x.grad"),
                ("bad += not good", "bad += not (good and last)")),
        None,
        "inside of the loop",
    ),
    "a list": (
        changed(FUZZ, ("bad = 0", "bad = []"), ("bad += not good", "bad += [] if good else [1]")),
        "LIST",
        "return `len(…)`",
    ),
    "stops at the first": (
        changed(FUZZ, ("        bad += not good\n", "        if not good: return 1\n")),
        "FIRSTONLY",
        "Do you stop at the first one?",
    ),
    "one's own engine as the witness": (
        "from helpers.engine.scalar import Value\n" + changed(
            FUZZ,
            ("torch.tensor(x, dtype=torch.float64, requires_grad=True)", "Value(x)"),
            ("g.item()", "g.data"),
            ("y.grad.item() if y.grad is not None else 0.0", "y.grad"),
        ),
        "OWNWITNESS",
        "Take PyTorch as the witness",
    ),
    "other seeds at every call": (
        "import random\n" + changed(FUZZ, ("random_program(seed, 8)",
                                           "random_program(random.randrange(10**9), 8)")),
        "UNREPEATABLE",
        "Seed i gives expression i",
    ),
    "always the same seed": (
        changed(FUZZ, ("random_program(seed, 8)", "random_program(0, 8)")),
        "ONEPROGRAM",
        "are the same one",
    ),
    "one instruction": (
        changed(FUZZ, ("random_program(seed, 8)", "random_program(seed, 1)")),
        "ONESTEP",
        "a size of about 10",
    ),
}  # fmt: skip

# ------------------------------------------------------------------ the size of a node

SIZES_WRONG = {
    "before minus after": (
        changed(SIZES["a list of nodes"], ("return (", "return -(")),
        "SIGN",
        "after, minus before",
    ),
    "counting begins too late": (
        """
def engine_size(engine):
    import tracemalloc
    x = y = engine(1.0)
    for _ in range(1000): y = y * x
    tracemalloc.start()
    return tracemalloc.get_traced_memory()[0] / 1000
""",
        "FREED",
        "before tracemalloc.start()",
    ),
    "the chain ends with a function": (
        """
def engine_size(engine):
    import tracemalloc
    def chain():
        x = y = engine(1.0)
        for _ in range(1000): y = y * x
    tracemalloc.start()
    chain()
    return tracemalloc.get_traced_memory()[0] / 1000
""",
        None,
        "keep the last one until",
    ),
    "a list of leaves": (
        """
def engine_size(engine):
    import tracemalloc
    tracemalloc.start()
    nodes = [engine(1.0) for _ in range(1000)]
    return tracemalloc.get_traced_memory()[0] / 1000
""",
        "LEAVES",
        "A leaf has no operands",
    ),
}

# ------------------------------------------------------------------ rules and operators

RULES = [
    ("dneg", "-x", "That is the value"),
    ("dlog", "-1/x**2", "the slope of 1/x"),
    ("dlog", "1/log(x)", "No logarithm is left"),
    ("dsigmoid", "1 - s", "where is s itself"),
    ("dc_minus_x", "c - 1", "c stands still"),
    ("dc_minus_x", "-x", "Its slope is a number"),
    ("dc_over_x", "-1/x**2", "where is c?"),
    ("dc_over_x", "1/x", "power rule"),
    ("dc_over_x", "c*log(x)", "No logarithm is left"),
    ("dlog", "x", "Nudge x by a little"),
]
LOOP = """
def reflected(Value):
    import operator
    for n in ("add", "sub", "mul", "truediv"):
        method = lambda self, other: getattr(operator, n)(Value(other), self)
        setattr(Value, f"__r{n}__", method)
"""
REFLECTED_WRONG = {
    "minus of a node": (
        changed(REFLECTED["lift in each"], ("lift(other) - self", "-(self - other)")),
        None,
        "has no `-x` yet",
    ),
    "one over": (
        changed(REFLECTED["lift in each"], ("lift(other) / self", "self**-1")),
        None,
        "Where is the 5?",
    ),
    "functions of a loop": (LOOP, "CLOSURE", "Bind it"),
    "a node of the result": (
        changed(REFLECTED["lift in each"], ("lift(other) - self", "V(other - self)")),
        "RADD",
        "not Value(other - self)",
    ),
}
