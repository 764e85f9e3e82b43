"""Week 1, sections 6 to 8: the sum over paths, the order, and the engine in fifty lines."""

from __future__ import annotations

from helpers.engine import fifty
from helpers.exercise import exercise
from helpers.weeks import week01_cases as cases
from helpers.weeks.battery import engine_cases, what_the_graph_tests
from helpers.weeks.rewrite import rewritten

# ------------------------------------------------------------------ the sum over paths


@exercise(
    minutes=15,
    difficulty=2,
    cases=cases.dag_cases,
    advice=cases.path_by_path,
    hints=[
        "Think backwards from the definition: every path from src starts with one edge out of src.",
        "sum over the edges out of src of (local derivative of that edge) × (sum over paths from its "
        "end to dst).",
        "Recursion: if src == dst the answer is 1.0 (the empty product). Otherwise loop over edges "
        "that start at src.",
    ],
)
def sum_over_paths(edges, src, dst):
    """The sum over all paths from src to dst of the product of local derivatives along each.

    `edges` is a list of (start, end, local derivative); two edges may join the same pair.
    """

    def from_node(node):
        if node == dst:
            return 1.0
        return sum((d * from_node(end) for start, end, d in edges if start == node), 0.0)

    return from_node(src)


_SUM = "return sum((d * from_node(end) for start, end, d in edges if start == node), 0.0)"
_HEAD = "    def from_node(node):"
_FIRST = (
    "You stop after the first edge. A value that is used twice reaches the result on several paths, "
    "and each contributes: `return` the sum when the loop is over."
)
_RETURN_IN_LOOP = """total = 0.0
        for start, end, d in edges:
            if start == node:
                total += d * from_node(end)
            return total
        return total"""

for _code, _why, *_changes in [
    ("NOBASE", "Your sum is 0 everywhere. What is the sum when src *is* dst? One path, empty, product 1. "
     "If you have that, see that you follow each edge from its start to its end.",
     ("return 1.0", "return 0.0")),
    ("ONEPATH", _FIRST, ("return sum(", "return next(")),
    ("ONEPATH", _FIRST, (_SUM, _SUM.replace("sum(", "next(").replace("0.0", "None"))),
    ("ONEPATH", _FIRST, (_SUM, _RETURN_IN_LOOP)),
    ("VISITED", "You go through each node once and remember it as done. But a node that is reached on "
     "two paths counts on both: here nothing may be skipped.",
     (_HEAD, "    seen = set()\n\n" + _HEAD),
     ("        " + _SUM, "        if node in seen:\n            return 0.0\n        seen.add(node)\n"
      "        " + _SUM)),
    ("SUMALONG", "Along one path you add the local derivatives. They are factors: a nudge is scaled "
     "by each of them in turn, so multiply along a path and add over paths.",
     ("return 1.0", "return 0.0"), ("(d * from_node(end) for", "(d + from_node(end) for")),
    ("EDGEDICT", "Two edges between the same pair of nodes count as one in your code, so x·x gets 3 "
     "instead of 6. A dict or set keyed by the end node forgets the second operand.",
     (_HEAD, "    edges = [(*pair, d) for pair, d in {(s, e): d for s, e, d in edges}.items()]\n\n"
      + _HEAD)),
    ("COUNT", "You count the paths; multiply the local derivatives along each of them.",
     ("d * from_node(end)", "from_node(end)")),
]:  # fmt: skip
    sum_over_paths.mistake(_code, _why)(rewritten(sum_over_paths.reference, *_changes))


# ------------------------------------------------------------------ the order


@exercise(
    minutes=15,
    difficulty=2,
    cases=cases.order_cases,
    judge=cases.any_valid_order,
    hints=[
        "When may a node be appended? Only when all its parents already are.",
        "Visit a node: if it was visited, return; visit all its parents; then append it.",
        "Keep `order` (a list) and `seen` (a set), and a function visit(node) inside yours.",
    ],
)
def topological_order(root):
    """All nodes that root depends on, each once, parents before children, as a list."""
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    return order


topological_order.mistake(
    "REVERSED", "This is the order of backward: children first. Turn it around."
)(rewritten(topological_order.reference, ("return order", "return order[::-1]")))

topological_order.mistake(
    "ORDER",
    "You append a node before its parents and turn the list around at the end. For a chain that is "
    "right; a shared node is met too early and ends up behind one of its children. Append it after the "
    "loop over its parents; then nothing needs to be turned around.",
)(
    rewritten(
        topological_order.reference,
        ("            order.append(node)\n", ""),
        ("seen.add(node)\n", "seen.add(node)\n            order.append(node)\n"),
        ("return order", "return order[::-1]"),
    )
)

topological_order.mistake(
    "NOVISIT",
    "Without a set of visited nodes a shared node is appended once for each path, and its gradient "
    "would be pushed as often.",
)(rewritten(topological_order.reference, ("if node not in seen:", "if True:")))

topological_order.mistake(
    "MISSING",
    "The leaves are missing. They are nodes too: they receive the gradients that we want.",
)(
    rewritten(
        topological_order.reference,
        (
            "            order.append(node)",
            "            if node.parents:\n                order.append(node)",
        ),
    )
)


# ------------------------------------------------------------------ the engine

Value = exercise(
    minutes=60,
    difficulty=3,
    cases=engine_cases,
    required=("__add__ __sub__ __mul__ __truediv__ __pow__ exp tanh relu backward".split()),
    hints=[
        "A node needs its number, its gradient (0.0 at first), its parents, and for each parent the "
        "local derivative ∂self/∂parent. Each operation fills them in; none of them runs backward.",
        "Each operation returns a new Value with four things in it: the number, the tuple of operands, "
        "the tuple of local derivatives in the same order, the name. A plain number on the right "
        "becomes a Value first.",
        "`backward`: list the nodes in topological order, set self.grad = 1.0, go through the list in "
        "reverse and do parent.grad += local * node.grad for each parent.",
    ],
    advice=what_the_graph_tests,
    fault_codes={"overwrote": "ASSIGN", "order": "ORDER", "not seeded": "NOSEED"},
)(fifty.Value)

_PASS = (
    "        visit(self)\n        self.grad = 1.0\n        for node in reversed(order):\n"
    "            for parent, local in zip(node.parents, node.local_grads):\n"
    "                parent.grad += local * node.grad\n"
)
_RECURSION = (
    "        self.grad = 1.0\n\n        def push(node):\n"
    "            for parent, local in zip(node.parents, node.local_grads):\n"
    "                parent.grad += local * node.grad\n"
    "            for parent in node.parents:\n                push(parent)\n\n        push(self)\n"
)

_RESTART = (
    "        self.grad = 1.0\n"
    "        for parent, local in zip(self.parents, self.local_grads):\n"
    "            parent.grad += local * self.grad\n"
    "        for parent in self.parents:\n            parent.backward()\n"
)

for _code, _why, *_changes in [
    ("ASSIGN", "Your backward *assigns* gradients, so the second contribution to a shared node erases "
     "the first: x·x at 3 gives 3 instead of 6. Write `+=`.",
     ("parent.grad += local", "parent.grad = local")),
    ("NOSEED", "No gradient arrives anywhere: ∂f/∂f, the gradient of the result itself, is never set "
     "to 1, and every product starts from 0.",
     ("        self.grad = 1.0\n", "")),
    ("SELFGRAD", "You multiply by the parent's own gradient, which is still 0, instead of the "
     "upstream gradient, that of the node that pushes.",
     ("local * node.grad", "local * parent.grad")),
    ("NOUPSTREAM", "You push the local derivative alone. Multiply it by the upstream gradient, that of "
     "the node that pushes: the chain rule is a product.",
     ("local * node.grad", "local")),
    ("FORWARDS", "Gradients get no further than the operands of the result. If you go through the "
     "nodes from the leaves to the result, each pushes before anything has arrived at it: go in "
     "reverse.",
     ("in reversed(order)", "in order")),
    ("ORDER", "You recurse into each parent at once. On the diamond a node then pushes before all its "
     "consumers have pushed to it, and again later: 52 instead of 20. Take the reversed topological "
     "order.",
     (_PASS, _RECURSION)),
    ("RESEED", "A node whose gradient is 0 is seeded again: only the result gets 1. Behind a relu that "
     "is off a gradient of 0 is right, and stays.",
     ("in reversed(order):\n",
      "in reversed(order):\n            if node.grad == 0:\n                node.grad = 1.0\n"),
     ("        self.grad = 1.0\n", "")),
    ("RESTART", "Every call of backward() sets the gradient of its node to 1, so the recursion erases "
     "what had arrived there, down to the leaves. Only the result starts at 1: let backward() do that "
     "once, and go through the reversed topological order after it.",
     (_PASS, _RESTART)),
    ("NOVISIT", "A shared node stands in your order more than once and pushes as often: 42 instead of "
     "20 on the diamond. Keep a set of visited nodes.",
     ("if node not in seen:", "if True:")),
    ("OWNDATA", "`*` gives each operand its own value. A product *swaps*: self gets other.data, other "
     "gets self.data.",
     ("(other.data, self.data), \"*\"", "(self.data, other.data), \"*\"")),
    ("ONESIDE", "In `+` and `*` only the first operand gets its share. The second one needs its own: "
     "1 for a sum, self.data for a product, times the upstream gradient.",
     ("(self, other), (other.data, self.data), \"*\"", "(self, other), (other.data,), \"*\""),
     ("(self, other), (1.0, 1.0), \"+\"", "(self, other), (1.0,), \"+\"")),
    ("SUBSIGN", "In x − y a nudge of y lowers the result: its local derivative is −1.",
     ("(1.0, -1.0), \"-\"", "(1.0, 1.0), \"-\"")),
    ("DIVSIGN", "In a/b a larger b makes the result smaller: ∂/∂b = −a/b².",
     ("-a / b**2", "a / b**2")),
    ("DIVSQUARE", "In a/b the divisor is squared in ∂/∂b = −a/b².",
     ("-a / b**2", "-a / b")),
    ("POWN", "The power rule lowers the exponent by one: n·x**(n − 1).",
     ("n * self.data ** (n - 1)", "n * self.data ** n")),
    ("POWFACTOR", "The exponent comes down as a factor: n·x**(n − 1).",
     ("n * self.data ** (n - 1)", "self.data ** (n - 1)")),
    ("EXPINPUT", "The local derivative of exp is its output e, not its input.",
     ("(e,), \"exp\"", "(self.data,), \"exp\"")),
    ("TANHIN", "tanh' is 1 − t² with the *output* t. You used the input, which is why the slope can "
     "become negative.",
     ("1.0 - t**2", "1.0 - self.data**2")),
    ("TANHSQUARE", "tanh' is 1 − t²: the square of the output is missing.",
     ("1.0 - t**2", "1.0 - t")),
    ("RELUMASK", "relu passes nothing where its input is negative: its local derivative is 0 there.",
     ("(float(self.data > 0),)", "(1.0,)")),
]:  # fmt: skip
    Value.mistake(_code, _why)(rewritten(fifty.Value, *_changes))
