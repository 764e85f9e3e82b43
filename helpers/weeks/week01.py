"""Week 1 · Computational graphs and the chain rule: its exercises.

Each exercise is its reference solution. Above it stand its cases and hints, below it the mistakes
that it knows by name, each as code that runs. `all` lists them in the order of the notebook.
"""

from __future__ import annotations

import math

from helpers.engine import fifty
from helpers.exercise import exercise, paper
from helpers.weeks import week01_cases as cases
from helpers.weeks.battery import engine_cases
from helpers.weeks.rewrite import rewritten

# ------------------------------------------------------------------ the slope


@exercise(
    minutes=5,
    difficulty=1,
    cases=cases.slope_cases,
    judge=cases.any_difference_quotient,
    hints=[
        "Nudge the input from x to x + h. By how much does the output change?",
        "A slope is a ratio: change of the output per change of the input.",
        "The output changes by f(x + h) − f(x), the input by h.",
    ],
)
def slope(f, x, h):
    """How much f answers to a nudge of size h at x, per unit of nudge."""
    return (f(x + h) - f(x)) / h


@slope.mistake(
    "NODIVISION",
    "This is how much f changes, not how much it changes *per unit* of nudge: it shrinks with h. "
    "Divide by h.",
)
def change_only(f, x, h):
    return f(x + h) - f(x)


@slope.mistake(
    "SIGN",
    "The sign is turned around: subtract where you were, f(x), from where you went, f(x + h).",
)
def turned_around(f, x, h):
    return (f(x) - f(x + h)) / h


@slope.mistake(
    "TWOSTEPS",
    "From x − h to x + h the input moves by 2h, but you divide by h: the slope comes out twice as "
    "large.",
)
def central_over_h(f, x, h):
    return (f(x + h) - f(x - h)) / h


@slope.mistake("NOCHANGE", "f(x + h) / h is not a change: subtract f(x) before you divide.")
def quotient_of_value(f, x, h):
    return f(x + h) / h


# ------------------------------------------------------------------ f(x, y) = (x + y)·y


@exercise(
    minutes=3,
    difficulty=1,
    cases=cases.POINTS,
    hints=[
        "Give the intermediate result a name: q is what the plus makes.",
        "q = x + y, and f is made of q and y.",
        "Return both in a dict: {'q': …, 'f': …}.",
    ],
)
def forward_graph(x, y):
    """The node values of f(x, y) = (x + y)·y, as {"q": …, "f": …}."""
    q = x + y
    f = q * y
    return {"q": q, "f": f}


@forward_graph.mistake(
    "PRECEDENCE", "Your f is x + y·y: without a node of its own for the sum, times binds first."
)
def no_parentheses(x, y):
    return {"q": x + y, "f": x + y * y}


@forward_graph.mistake("OTHEROPERAND", "Your f is q·x; the second operand of the product is y.")
def times_x(x, y):
    return {"q": x + y, "f": (x + y) * x}


@forward_graph.mistake("SWAPPEDOPS", "Plus and times have changed places: q is the sum.")
def swapped_ops(x, y):
    return {"q": x * y, "f": x * y + y}


by_hand = paper(
    "by_hand",
    "D1 with a pencil: the gradients of (x + y)·y at x = 2, y = 3",
    answers=dict(dq="y", dx="dq * 1", dy="q * 1 + dq * 1"),
    at=dict(x=2.0, y=3.0, q="x + y"),
    minutes=8,
    difficulty=1,
    hints=[
        "Start at the end: ∂f/∂f = 1. f = q·y, so what is ∂f/∂q?",
        "x reaches f only through q: ∂f/∂x = ∂f/∂q · ∂q/∂x.",
        "y reaches f on two paths: directly (∂f/∂y with q held fixed is q) and through q. Add them.",
    ],
    mistakes={
        "CHAINSUM": (dict(dy="q"), "That is only the direct path from y to f; y also feeds q."),
        "ASSIGN": (dict(dy="dq"), "That is only the path through q; y also feeds the product."),
        "OWNDATA": (dict(dq="q"), "For a product the local derivative is the *other* operand."),
    },
)


@exercise(
    minutes=3,
    difficulty=1,
    cases=cases.POINTS,
    hints=[
        "Which way can a nudge of x take to f? There is one.",
        "∂f/∂x = ∂f/∂q · ∂q/∂x. For q = x + y the second factor is 1.",
        "f = q·y, so ∂f/∂q is the other operand of the product.",
    ],
)
def df_dx(x, y):
    """∂f/∂x of f(x, y) = (x + y)·y."""
    return y


@df_dx.mistake(
    "OWNDATA",
    "You used q itself where the other operand belongs: for f = q·y the local derivative ∂f/∂q is y.",
)
def own_operand(x, y):
    return x + y


@df_dx.mistake(
    "NOUPSTREAM",
    "1 is ∂q/∂x, the last factor only. The gradient is the product along the path: multiply by ∂f/∂q.",
)
def last_factor_only(x, y):
    return 1.0


@df_dx.mistake("SWAPPED", "This is ∂f/∂y, not ∂f/∂x.")
def the_other_one(x, y):
    return x + 2 * y


@exercise(
    minutes=5,
    difficulty=1,
    cases=cases.POINTS,
    hints=[
        "Put your finger on y in the graph. How many arrows leave it?",
        "One path goes straight into the product, the other through q. Write down the product of "
        "local derivatives along each.",
        "Direct: q. Through q: ∂f/∂q · ∂q/∂y = y · 1. The gradient is their sum.",
    ],
)
def df_dy(x, y):
    """∂f/∂y of f(x, y) = (x + y)·y."""
    q = x + y
    return q * 1 + y * 1


@df_dy.mistake(
    "CHAINSUM",
    "You followed the direct path from y into the product and forgot the one through q = x + y. "
    "y is used twice, so two contributions add up.",
)
def forgot_the_path_through_q(x, y):
    return x + y


@df_dy.mistake(
    "ASSIGN",
    "You kept the path through q and lost the direct one. That is what `=` does in code where `+=` "
    "belongs: the second contribution overwrites the first.",
)
def forgot_the_direct_path(x, y):
    return y


@df_dy.mistake(
    "PATHPRODUCT", "Along a path the factors multiply, but different paths *add*: q + y, not q·y."
)
def multiplied_the_paths(x, y):
    return (x + y) * y


@df_dy.mistake(
    "TWICEONEPATH", "You counted the path through q twice. The direct path contributes q = x + y."
)
def the_same_path_twice(x, y):
    return 2 * y


# ------------------------------------------------------------------ local derivatives


@exercise(
    minutes=10,
    difficulty=2,
    cases=cases.LOCAL_POINTS,
    judge=cases.first_entries_count,
    hints=[
        "For each op hold one operand fixed and nudge the other. What happens to the result?",
        "add copies (1 and 1); mul gives each operand the other; max passes the nudge of the winner.",
        "exp is its own derivative; a**b with b fixed has slope b·a**(b − 1).",
    ],
)
def local_derivatives(op, a, b):
    """(∂out/∂a, ∂out/∂b) of one operation; for "exp" and "pow" (∂out/∂a,) with b a constant."""
    if op == "add":
        return (1.0, 1.0)
    if op == "mul":
        return (b, a)
    if op == "max":
        return (1.0, 0.0) if a > b else (0.0, 1.0)
    if op == "min":
        return (1.0, 0.0) if a < b else (0.0, 1.0)
    if op == "exp":
        return (math.exp(a),)
    return (b * a ** (b - 1),)


local_derivatives.mistake(
    "OWNDATA",
    "For a product you return (a, b): each operand's own value. If a is nudged by h, a·b changes by "
    "h·b, so ∂out/∂a is b: mul *swaps*.",
)(rewritten(local_derivatives.reference, ("return (b, a)", "return (a, b)")))

local_derivatives.mistake("POWN", "d(aᵇ)/da lowers the exponent by one: b·a**(b − 1), not b·a**b.")(
    rewritten(local_derivatives.reference, ("b * a ** (b - 1)", "b * a**b"))
)

local_derivatives.mistake("POWFACTOR", "The exponent comes down as a factor: b·a**(b − 1).")(
    rewritten(local_derivatives.reference, ("b * a ** (b - 1)", "a ** (b - 1)"))
)

local_derivatives.mistake(
    "EXPPOWER", "exp is not a power of a: its slope is exp(a) itself, not a·exp(a − 1)."
)(rewritten(local_derivatives.reference, ("(math.exp(a),)", "(a * math.exp(a - 1),)")))

local_derivatives.mistake(
    "MAXVALUE",
    "max *routes*: the winner's local derivative is 1, not its value. If a wins and is nudged by h, "
    "the result moves by h.",
)(rewritten(local_derivatives.reference, ("(1.0, 0.0) if a > b", "(a, 0.0) if a > b"),
            ("(0.0, 1.0)\n    if op == \"min\"", "(0.0, b)\n    if op == \"min\"")))  # fmt: skip

local_derivatives.mistake(
    "MAXBOTH", "max lets only the winner through: a nudge of the smaller operand changes nothing."
)(rewritten(local_derivatives.reference, ("(1.0, 0.0) if a > b else (0.0, 1.0)", "(1.0, 1.0)")))


# ------------------------------------------------------------------ the sum over paths


@exercise(
    minutes=15,
    difficulty=2,
    cases=cases.dag_cases,
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


sum_over_paths.mistake(
    "ONEPATH",
    "You follow one path and stop. A value that is used twice reaches the result on several paths, "
    "and each contributes.",
)(
    rewritten(
        sum_over_paths.reference,
        (
            "return sum((d * from_node(end) for start, end, d in edges if start == node), 0.0)",
            "return next((d * from_node(end) for start, end, d in edges if start == node), 0.0)",
        ),
    )
)

sum_over_paths.mistake(
    "SUMALONG",
    "Along one path you add the local derivatives. They are factors: a nudge is scaled by each of "
    "them in turn, so multiply along a path and add over paths.",
)(
    rewritten(
        sum_over_paths.reference,
        ("return 1.0", "return 0.0"),
        ("(d * from_node(end) for", "(d + from_node(end) for"),
    )
)

sum_over_paths.mistake(
    "EDGEDICT",
    "Two edges between the same pair of nodes count as one in your code, so x·x gets 3 instead of 6. "
    "A dict or set keyed by the end node forgets the second operand.",
)(
    rewritten(
        sum_over_paths.reference,
        ("    def from_node", "    edges = [(s, e, d) for (s, e), d in {(s, e): d for s, e, d in edges}"
                                ".items()]\n\n    def from_node"),
    )
)  # fmt: skip

sum_over_paths.mistake(
    "COUNT", "You count the paths; multiply the local derivatives along each of them."
)(rewritten(sum_over_paths.reference, ("d * from_node(end)", "from_node(end)")))


# ------------------------------------------------------------------ the sigmoid neuron


@exercise(
    minutes=25,
    difficulty=3,
    cases=cases.NEURON_POINTS,
    hints=[
        "Write the forward pass in stages, one operation a line, each with a name. Then walk the same "
        "lines from bottom to top, one backward line for each.",
        "The last stages: s = 1/den has the local derivative −1/den², den = exp + 1 has 1, "
        "exp = e^neg has exp itself, neg = −dot has −1.",
        "At (2, −3, −3), (−1, −2): dden = −0.5344, dexp = −0.5344, dneg = −0.1966, ddot = 0.1966. Then "
        "a product swaps: ∂s/∂w0 = x0·ddot.",
    ],
)
def sigmoid_neuron(w, x):
    """All numbers of s = σ(w0·x0 + w1·x1 + w2), forward and backward, as a dict.

    Keys: p0, p1, sum, dot, neg, exp, den, s, then dden, dexp, dneg, ddot, dw, dx.
    """
    p0, p1 = w[0] * x[0], w[1] * x[1]
    total = p0 + p1
    dot = total + w[2]
    neg = -dot
    exp = math.exp(neg)
    den = exp + 1.0
    s = 1.0 / den
    dden = -1.0 / den**2
    dexp = dden
    dneg = dexp * exp
    ddot = -dneg
    dw = (ddot * x[0], ddot * x[1], ddot)
    dx = (ddot * w[0], ddot * w[1])
    forward = dict(p0=p0, p1=p1, sum=total, dot=dot, neg=neg, exp=exp, den=den, s=s)
    return {**forward, "dden": dden, "dexp": dexp, "dneg": dneg, "ddot": ddot, "dw": dw, "dx": dx}


for _code, _why, _old, _new in [
    ("DIVSIGN", "The slope of 1/den is negative: −1/den². A larger denominator makes s smaller.",
     "-1.0 / den**2", "1.0 / den**2"),
    ("EXPINPUT", "The derivative of exp is its output: dneg = dexp·exp, not dexp·neg.",
     "dexp * exp", "dexp * neg"),
    ("NEGSIGN", "neg = −dot has the local derivative −1, so ddot = −dneg.",
     "ddot = -dneg", "ddot = dneg"),
    ("OWNDATA", "A product swaps its operands: ∂(w0·x0)/∂w0 is x0, and ∂/∂x0 is w0. You have them "
     "the other way round.",
     "(ddot * x[0], ddot * x[1], ddot)\n    dx = (ddot * w[0], ddot * w[1])",
     "(ddot * w[0], ddot * w[1], ddot)\n    dx = (ddot * x[0], ddot * x[1])"),
    ("NOUPSTREAM", "Your dw and dx are the local derivatives; each needs the upstream gradient ddot as "
     "a factor.",
     "(ddot * x[0], ddot * x[1], ddot)\n    dx = (ddot * w[0], ddot * w[1])",
     "(x[0], x[1], 1.0)\n    dx = (w[0], w[1])"),
]:  # fmt: skip
    sigmoid_neuron.mistake(_code, _why)(rewritten(sigmoid_neuron.reference, (_old, _new)))


# ------------------------------------------------------------------ gates and staged computation

gates = paper(
    "gates",
    "D3: the gradients of f = 2·(x·y + max(z, w)) at (3, −4, 2, −1), by the pattern of each gate",
    answers=dict(
        ds="2", dp="ds * 1", dm="ds * 1", dx="dp * y", dy="dp * x", dz="dm * 1", dw="dm * 0"
    ),
    at=dict(x=3.0, y=-4.0, z=2.0, w=-1.0),
    minutes=8,
    difficulty=1,
    hints=[
        "Name the stages: p = x·y, m = max(z, w), s = p + m, f = 2·s.",
        "Times 2 scales, plus copies, times swaps, max routes to the winner.",
        "ds = 2; dp = dm = ds; dx = dp·y; dy = dp·x; z wins, so dz = dm and dw = 0.",
    ],
    mistakes={
        "OWNDATA": (dict(dx="dp * x", dy="dp * y"), "The product swaps: x gets y, y gets x."),
        "MAXBOTH": (dict(dw="dm"), "w loses against z: a nudge of w does not reach f at all."),
        "NOUPSTREAM": (dict(dx="y", dy="x"), "The factor 2 from the end of the graph is missing."),
    },
)

staged = paper(
    "staged",
    "D4: (x + σ(y)) / (σ(x) + (x + y)²), backward, line by line as formulas",
    answers=dict(
        dnum="1 / den",
        dden="-num / den**2",
        dxpy="dden * 2 * xpy",
        dsigx="dden",
        dsigy="dnum",
        dx="dnum + dxpy + dsigx * sigx * (1 - sigx)",
        dy="dxpy + dsigy * sigy * (1 - sigy)",
    ),
    at=dict(
        x=3.0,
        y=-4.0,
        sigy="sigmoid(y)",
        num="x + sigy",
        sigx="sigmoid(x)",
        xpy="x + y",
        den="sigx + xpy**2",
    ),
    minutes=20,
    difficulty=3,
    hints=[
        "f = num/den. Write dnum and dden first; everything else is upstream of them.",
        "den = sigx + xpy², so dsigx = dden and dxpy = dden·2·xpy. σ'(x) = sigx·(1 − sigx).",
        "x is used three times: in num, in xpy, in sigx. Its gradient is the sum of three terms.",
    ],
    mistakes={
        "DIVSIGN": (dict(dden="num / den**2"), "A larger denominator makes f smaller: minus."),
        "DIVSQUARE": (dict(dden="-num / den"), "The denominator is squared: −num/den²."),
        "CHAINSUM": (
            dict(dx="dnum + dxpy"),
            "x is used three times; the path through σ(x) is missing.",
        ),
        "SIGMOIDIN": (
            dict(dy="dxpy + dsigy * y * (1 - y)"),
            "σ' is s·(1 − s) with the *output* s, not with the input.",
        ),
    },
)


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
    "You append a node before its parents are done, so a shared parent can end up too late.",
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
    "MISSING", "The leaves are nodes too: they receive the gradients that we want."
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
        "`__mul__` returns Value(self.data * other.data, (self, other), (other.data, self.data), '*'). "
        "A plain number on the right becomes a Value first.",
        "`backward`: list the nodes in topological order, set self.grad = 1.0, go through the list in "
        "reverse and do parent.grad += local * node.grad for each parent.",
    ],
    fault_codes={
        "overwrote": "ASSIGN",
        "order": "ORDER",
        "not seeded": "NOSEED",
        "missing push": "ONESIDE",
    },
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
    "                push(parent)\n\n        push(self)\n"
)

for _code, _why, *_changes in [
    ("ASSIGN", "Your backward *assigns* gradients, so the second contribution to a shared node erases "
     "the first: x·x at 3 gives 3 instead of 6. Write `+=`.",
     ("parent.grad += local", "parent.grad = local")),
    ("NOSEED", "No gradient arrives anywhere: ∂f/∂f, the gradient of the result itself, is never set "
     "to 1, and every product starts from 0.",
     ("        self.grad = 1.0\n", "")),
    ("SELFGRAD", "You multiply by the parent's own gradient, which is still 0, instead of the "
     "upstream gradient `node.grad`.",
     ("local * node.grad", "local * parent.grad")),
    ("NOUPSTREAM", "You push the local derivative alone. Times the upstream gradient `node.grad`: the "
     "chain rule is a product.",
     ("local * node.grad", "local")),
    ("FORWARDS", "You go through the nodes from the leaves to the result. Nothing has arrived there "
     "yet: go in reverse.",
     ("in reversed(order)", "in order")),
    ("ORDER", "You recurse into each parent at once. On the diamond a node then pushes before all its "
     "consumers have pushed to it, and again later: 52 instead of 20. Take the reversed topological "
     "order.",
     (_PASS, _RECURSION)),
    ("NOVISIT", "A shared node stands in your order more than once and pushes as often: 42 instead of "
     "20 on the diamond. Keep a set of visited nodes.",
     ("if node not in seen:", "if True:")),
    ("OWNDATA", "`*` gives each operand its own value; a product swaps: (other.data, self.data).",
     ("(other.data, self.data), \"*\"", "(self.data, other.data), \"*\"")),
    ("SUBSIGN", "In x − y a nudge of y lowers the result: its local derivative is −1.",
     ("(1.0, -1.0), \"-\"", "(1.0, 1.0), \"-\"")),
    ("DIVSIGN", "In a/b a larger b makes the result smaller: ∂/∂b = −a/b².",
     ("-a / b**2", "a / b**2")),
    ("POWN", "The power rule lowers the exponent by one: n·x**(n − 1).",
     ("n * self.data ** (n - 1)", "n * self.data ** n")),
    ("EXPINPUT", "The local derivative of exp is its output e, not its input.",
     ("(e,), \"exp\"", "(self.data,), \"exp\"")),
    ("TANHIN", "tanh' is 1 − t² with the *output* t. You used the input, which is why the slope can "
     "become negative.",
     ("1.0 - t**2", "1.0 - self.data**2")),
    ("RELUMASK", "relu passes nothing where its input is negative: its local derivative is 0 there.",
     ("(float(self.data > 0),)", "(1.0,)")),
]:  # fmt: skip
    Value.mistake(_code, _why)(rewritten(fifty.Value, *_changes))

all = [
    slope,
    forward_graph,
    by_hand,
    df_dx,
    df_dy,
    gates,
    local_derivatives,
    staged,
    sigmoid_neuron,
    sum_over_paths,
    topological_order,
    Value,
]
