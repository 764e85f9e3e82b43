"""Week 5, section 6: the engine with every operation, for graphs of any depth."""

from __future__ import annotations

import ast
import gc
import inspect
from collections.abc import Callable
from dataclasses import replace

from helpers.agreement import agree, show
from helpers.engine import scalar
from helpers.engine.scalar import topological_order
from helpers.exercise import Case, Exercise, Wrong
from helpers.fuzz import random_program
from helpers.sandbox import call
from helpers.verdict import Verdict
from helpers.weeks.battery import engine_cases, what_the_graph_tests
from helpers.weeks.week05_order import usual_depth

DEPTH = 20_000
SINGLE = {
    "−x": lambda x, y: -x,
    "log(x)": lambda x, y: x.log(),
    "sigmoid(x)": lambda x, y: x.sigmoid(),
    "sigmoid(y)": lambda x, y: y.sigmoid(),
    "2 + x": lambda x, y: 2 + x,
    "2 − x": lambda x, y: 2 - x,
    "2 · x": lambda x, y: 2 * x,
    "2 / x": lambda x, y: 2 / x,
}
INTERMEDIATE = (
    "A second backward must add 36 once more; yours adds more than that. The node in the middle still "
    "holds the gradient of the first pass and pushes that again. Leaves accumulate, but a node in the "
    "middle belongs to one pass: set its gradient to 0 before the result gets its 1."
)
NOACCUMULATE = (
    "A second backward must *add* to the leaves: 36, then 72. Yours starts the leaves again at 0. Two "
    "losses that share a parameter would lose one of their contributions; clearing is zero_grad's job."
)
RAISED = (
    "Your engine raises Python's recursion limit. That holds for the whole program, and a deep recursion "
    "can then end it without any message. Use the list of topological_order instead."
)


# ------------------------------------------------------------------ cases


def cases() -> list[Case]:
    """Week 1's battery, the new operations, and what makes an engine fit for use."""
    graphs = {f"({name})·7 at x = 0.8, y = −1.3": _times_seven(f) for name, f in SINGLE.items()}
    graphs["two nodes with the same number: a = 3x, b = 3y at x = y = 2"] = _same_number
    for seed in range(25):
        program = random_program(1000 + seed, size=3 + seed % 12)
        graphs[f"random expression {1000 + seed}"] = _of_program(program)
    tried = [
        *engine_cases(random_graphs=5),
        *(_graph_case(label, build) for label, build in graphs.items()),
        Case("x < y, x <= y, x > y, x >= y, of nodes and of numbers", _compared),
        Case("c = (3a)² at a = 2, backward twice", _twice),
        Case("f = 2h and g = 5h with h = x², backward of both", _two_results),
        Case("backward of h = x², while f = exp(h) exists, too", _from_the_middle),
        Case(f"a sum of {DEPTH:,} terms, one after another", _deep),
    ]
    return [replace(case, run=_at_the_usual_depth(case.run)) for case in tried]


def _at_the_usual_depth(run: Callable) -> Callable:
    """Run a case with Python's usual recursion limit, and see that it stays as it is."""

    def guarded(engine):
        with usual_depth() as changed:
            found = run(engine)
        return Wrong(RAISED, "RECURSIONLIMIT") if changed() else found

    return guarded


def _times_seven(f: Callable) -> Callable:
    def build(V):
        x, y = V(0.8), V(-1.3)
        t = f(x, y)
        return t * V(7.0) if hasattr(t, "data") else t, dict(x=x, y=y)

    return build


def _same_number(V):
    x, y = V(2.0), V(2.0)
    a, b = x * 3.0, y * 3.0
    return a * b + a, dict(x=x, y=y, a=a, b=b)


def _of_program(program) -> Callable:
    def build(V):
        leaves = [V(x) for x in program.leaves]
        return program.run(leaves), {f"x{i}": leaf for i, leaf in enumerate(leaves)}

    return build


def _graph_case(label: str, build: Callable) -> Case:
    right, named = build(scalar.Value)
    right.backward()
    leaves = {name: node.grad for name, node in named.items() if not node.parents}

    def run(engine):
        root, named = build(engine)
        if not hasattr(root, "data"):
            return Wrong(f"This operation gives {show(root)}. It must return a new node.")
        if not agree(right.data, root.data):
            return Wrong(
                f"The number itself is wrong, before any gradient: {label} is {show(right.data)}, but "
                f"your engine computes {show(root.data)}. Look at the forward part of the operation."
            )
        root.backward()
        return {f"∂/∂{name}": _grad(named[name]) for name in leaves}

    return Case(label, run, graph=build)


def _grad(node) -> object:
    return 0.0 if node.grad is None else node.grad


def _compared(engine):
    x, y = engine(0.8), engine(-1.3)
    pairs = [(x, y), (y, x), (x, x), (x, 0.8), (y, 0), (0.5, x), (engine(0.8), x)]
    found = [answer for a, b in pairs for answer in (a < b, a <= b, a > b, a >= b)]
    strange = next((answer for answer in found if not isinstance(answer, bool)), None)
    if strange is not None and not hasattr(strange, "dtype"):
        return Wrong(f"A comparison gives True or False; yours gives {show(strange)}.")
    return [bool(answer) for answer in found]


def _twice(engine):
    a = engine(2.0)
    b = a * engine(3.0)
    c = b * b
    found = []
    for _ in range(2):
        c.backward()
        found.append(_grad(a))
    if any(agree([36.0, more], found) for more in (108.0, 144.0)):  # 144: the result, too
        return Wrong(INTERMEDIATE, "INTERMEDIATE")
    if agree([36.0, 36.0], found):
        return Wrong(NOACCUMULATE, "NOACCUMULATE")
    return {"∂c/∂a after one backward": found[0], "∂c/∂a after two": found[1]}


def _two_results(engine):
    x = engine(1.5)
    h = x * x
    f, g = h * engine(2.0), h * engine(5.0)
    f.backward()
    g.backward()
    return {"∂f/∂x + ∂g/∂x": _grad(x)}


def _from_the_middle(engine):
    x = engine(1.5)
    h = x * x
    f = h.exp()
    h.backward()
    return {"∂h/∂x": _grad(x), "f": f.data}


def _deep(engine):
    x = total = engine(0.5)
    for _ in range(DEPTH):
        total = total + x
    total.backward()
    return {"value": total.data, "∂/∂x": _grad(x)}


# ------------------------------------------------------------------ the exercise


class EngineExercise(Exercise):
    """An exercise whose reference is an engine in a file of its own, with functions beside it."""

    def check(self, attempt: object) -> Verdict:
        """As every exercise, with a word on what a right engine leaves to the garbage collector."""
        verdict = super().check(attempt)
        if verdict.status != "passed":
            return verdict
        left = call(left_behind, attempt, own=attempt).value
        if not left:
            return verdict
        more = (
            f"Right, and one thing to know: a graph of 100 nodes leaves {left} objects in reference "
            "cycles, which only the garbage collector can free. Section 8 says what that costs."
        )
        return replace(verdict, message=f"{verdict.message}\n{more}")

    def solution_source(self) -> str:
        module = inspect.getsource(inspect.getmodule(self.reference))
        return module.split('"""', 2)[2].strip() + "\n"

    def solution_cell(self) -> str:
        """A notebook cell with this exercise solved; the class last, since it is checked at once."""
        source = self.solution_source()
        parts = [ast.get_source_segment(source, part) for part in ast.parse(source).body]
        head = f"class {self.name}:"
        own = next(part for part in parts if part.startswith(head))
        beside = [part for part in parts if not part.startswith("class ")]
        return "\n\n\n".join([*beside, f"@ex.{self.name}\n{own}"]) + "\n"


def left_behind(engine: type, n: int = 100) -> int:
    """How many objects of a graph of n nodes only the cyclic garbage collector can free."""
    gc.collect()
    x = y = engine(1.0)
    for _ in range(n):
        y = y * x
    del x, y
    return gc.collect()


Value = EngineExercise(
    scalar.Value,
    name="Value",
    week="week05",
    minutes=90,
    difficulty=3,
    cases=cases,
    judge=None,
    required=(
        "__add__ __sub__ __mul__ __truediv__ __pow__ __neg__ exp log tanh sigmoid relu backward "
        "__radd__ __rsub__ __rmul__ __rtruediv__ __lt__ __le__ __gt__ __ge__".split()
    ),
    tolerance=1e-10,
    version=1,
    fault_codes={
        "overwrote": "ASSIGN",
        "order": "ORDER",
        "not seeded": "NOSEED",
        "missing push": "ONESIDE",
    },
    advice=what_the_graph_tests,
    hints=[
        "Begin with your engine of week 1: it has + − · / ** exp tanh relu. Each new operation is three "
        "lines, with the local derivatives of section 2. Run the cell after each: what is still missing "
        "is listed.",
        "backward: order = topological_order(self); set grad to 0.0 on every node that has parents; then "
        "self.grad = 1.0; then push, in reverse order. Leaves keep what they have.",
        "`__rsub__` is Value(other) − self. `__lt__` returns self.data < the other's number. The sigmoid "
        "is 1/(1 + e⁻ˣ), with the local derivative s·(1 − s).",
    ],
)


# ------------------------------------------------------------------ known mistakes


def engine_with(*changes: tuple[str, str], backward: Callable | None = None) -> type:
    """The course's engine with pieces of its source exchanged, or with another backward pass."""
    source = inspect.getsource(scalar)
    for old, new in changes:
        if old not in source:
            raise ValueError(f"helpers.engine.scalar has no {old!r} to exchange.")
        source = source.replace(old, new)
    space = {"__name__": "helpers.engine.scalar"}
    exec(compile(source, "<scalar with a mistake>", "exec"), space)
    if backward:
        space["Value"].backward = backward
    return space["Value"]


def start(root, nodes: list) -> None:
    for node in nodes:
        if node.parents:
            node.grad = 0.0
    root.grad += 1.0


def push(node) -> None:
    for parent, local in zip(node.parents, node.local_grads):
        parent.grad += local * node.grad


def pushing(how: Callable) -> Callable:
    """A backward pass in the right order, in which each node pushes in another way."""

    def backward(self):
        nodes = topological_order(self)
        start(self, nodes)
        for node in reversed(nodes):
            how(node)

    return backward


@pushing
def assigning(node):
    for parent, local in zip(node.parents, node.local_grads):
        parent.grad = local * node.grad


@pushing
def local_alone(node):
    for parent, local in zip(node.parents, node.local_grads):
        parent.grad += local


@pushing
def each_parent_once(node):
    for parent, local in dict(zip(node.parents, node.local_grads)).items():
        parent.grad += local * node.grad


@pushing
def first_parent_of_a_product(node):
    for parent, local in [*zip(node.parents, node.local_grads)][: 1 if node.op == "*" else 2]:
        parent.grad += local * node.grad


def without_a_seed(self):
    nodes = topological_order(self)
    start(self, nodes)
    self.grad -= 1.0
    for node in reversed(nodes):
        push(node)


def forwards(self):
    nodes = topological_order(self)
    start(self, nodes)
    for node in nodes:
        push(node)


def by_recursion(self):
    start(self, topological_order(self))
    todo = [self]  # the calls that are still open
    while todo:
        node = todo.pop()
        push(node)
        todo += node.parents[::-1]


def as_met(self):
    nodes, stack = {}, [self]
    while stack:
        node = stack.pop()
        if node not in nodes:
            nodes[node] = True
            stack += node.parents[::-1]
    start(self, nodes)
    for node in nodes:
        push(node)


def level_by_level(self):
    nodes = [self]
    seen = {self}
    for node in nodes:
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                nodes.append(parent)
    start(self, nodes)
    for node in nodes:
        push(node)


def along_every_path(self):
    order, stack = [], [(self, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        else:
            stack.append((node, True))
            stack += [(parent, False) for parent in node.parents[::-1]]
    start(self, order)
    for node in reversed(order):
        push(node)


def with_old_gradients(self):
    self.grad = 1.0
    for node in reversed(topological_order(self)):
        push(node)


def all_from_zero(self):
    nodes = topological_order(self)
    for node in nodes:
        node.grad = 0.0
    self.grad = 1.0
    for node in reversed(nodes):
        push(node)


def too_deep(self):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(self)
    start(self, order)
    for node in reversed(order):
        push(node)


for _code, _why, _backward in [
    ("ASSIGN", "Your backward *assigns* gradients, so the second contribution to a shared node erases "
     "the first: x·x at 3 gives 3 instead of 6. Write `+=`.", assigning),
    ("NOUPSTREAM", "You push the local derivative alone. Multiply it by the upstream gradient, that of "
     "the node that pushes: the chain rule is a product.", local_alone),
    ("EDGEDICT", "x·x at 3 gets 3 instead of 6: the operands are kept in a dict or a set, which holds "
     "each node once. An operand used twice contributes twice; keep a tuple or a list.",
     each_parent_once),
    ("ONESIDE", "In `*` only the first operand gets its share; the second one needs its own, with "
     "self.data as the local derivative.", first_parent_of_a_product),
    ("NOSEED", "No gradient arrives anywhere: ∂f/∂f, the gradient of the result itself, is never set "
     "to 1, and every product starts from 0.", without_a_seed),
    ("FORWARDS", "Gradients get no further than the operands of the result. If you go through the "
     "nodes from the leaves to the result, each pushes before anything has arrived at it: go in "
     "reverse.", forwards),
    ("ORDER", "You recurse into each parent at once. On the diamond a node then pushes before all its "
     "consumers have pushed to it, and again later: 52 instead of 20. Take the reversed topological "
     "order.", by_recursion),
    ("ORDER", "Your order is not topological: a node that is used twice is met, and pushes, before all "
     "its consumers have. On the diamond that gives 12 instead of 20.", as_met),
    ("ORDER", "You go level by level. A node that is used twice is met on its shortest path, and pushes, "
     "before all its consumers have. On the diamond that gives 12 instead of 20.", level_by_level),
    ("NOVISIT", "A shared node stands in your order more than once and pushes as often: 42 instead of "
     "20 on the diamond. Keep a set of visited nodes.", along_every_path),
    ("INTERMEDIATE", INTERMEDIATE, with_old_gradients),
    ("NOACCUMULATE", NOACCUMULATE, all_from_zero),
    ("RECURSIONLIMIT", "Everything is right on small graphs, and a long one is too deep: `backward` "
     "visits the nodes by recursion. Take the list of your iterative topological_order.", too_deep),
]:  # fmt: skip
    Value.mistake(_code, _why)(engine_with(backward=_backward))

for _code, _why, *_changes in [
    ("RADD", "`other + self` is the very sum that brought Python here: it calls `__radd__` again, and "
     "again. Turn the operands around: `self + other`.",
     ("    __radd__, __rmul__ = __add__, __mul__",
      "    __rmul__ = __mul__\n\n    def __radd__(self, other):\n        return other + self")),
    ("REFLECTED", "2 − x comes out as x − 2. `__rsub__` is called on the *right* operand: `self` is what "
     "is subtracted.",
     ("_lift(other) - self", "self - _lift(other)")),
    ("REFLECTED", "2 / x comes out as x / 2. `__rtruediv__` is called on the *right* operand: `self` is "
     "the divisor.",
     ("_lift(other) / self", "self / _lift(other)")),
    ("COMPARE", "Your comparisons ask for the gradients, or answer for the other operand: x < y is true "
     "where the *number* of x is below that of y.",
     ("compare(float(self.data), _lift(other).data)", "compare(_lift(other).data, float(self.data))")),
    ("SAMENUMBER", "Two different nodes with the same number are one for your engine: `==` and the hash "
     "compare numbers, so a set of visited nodes takes the second for the first. A node is itself and "
     "nothing else; for a dataclass write `@dataclass(eq=False)`.",
     ("    __radd__, __rmul__ = __add__, __mul__",
      "    __radd__, __rmul__ = __add__, __mul__\n\n    def __eq__(self, other):\n"
      "        return isinstance(other, Value) and self.data == other.data\n\n"
      "    def __hash__(self):\n        return hash(self.data)")),
    ("OWNDATA", "`*` gives each operand its own value. A product *swaps*: self gets other.data, other "
     "gets self.data.",
     ("(other.data, self.data), \"*\"", "(self.data, other.data), \"*\"")),
    ("SUBSIGN", "In x − y a nudge of y lowers the result: its local derivative is −1.",
     ("(1.0, -1.0), \"-\"", "(1.0, 1.0), \"-\"")),
    ("NEGSIGN", "−x falls when x grows: its local derivative is −1.", ("(-1.0,), \"neg\"", "(1.0,), \"neg\"")),
    ("DIVSIGN", "In a/b a larger b makes the result smaller: ∂/∂b = −a/b².",
     ("-q / other.data), \"/\"", "q / other.data), \"/\"")),
    ("DIVSQUARE", "In a/b the divisor is squared in ∂/∂b = −a/b².",
     ("-q / other.data), \"/\"", "-q), \"/\"")),
    ("POWN", "The power rule lowers the exponent by one: n·x**(n − 1).",
     ("n * self.data ** (n - 1) if", "n * self.data ** n if")),
    ("POWFACTOR", "The exponent comes down as a factor: n·x**(n − 1).",
     ("n * self.data ** (n - 1) if", "self.data ** (n - 1) if")),
    ("EXPINPUT", "The local derivative of exp is its output e, not its input.",
     ("(e,), \"exp\"", "(self.data,), \"exp\"")),
    ("LOGX", "The local derivative of log is 1/x.", ("(1.0 / self.data,), \"log\"", "(self.data,), \"log\"")),
    ("TANHIN", "tanh' is 1 − t² with the *output* t. You used the input, which is why the slope can "
     "become negative.",
     ("1.0 - t * t", "1.0 - self.data * self.data")),
    ("SIGMOIDIN", "The sigmoid's slope is s·(1 − s) with the *output* s. You used the input.",
     ("s * (1.0 - s)", "self.data * (1.0 - self.data)")),
    ("SIGMOIDTANH", "1 − s² is the slope of tanh. The sigmoid's is s·(1 − s).",
     ("s * (1.0 - s)", "1.0 - s * s")),
    ("RELUMASK", "relu passes nothing where its input is negative: its local derivative is 0 there.",
     ("(float(self.data > 0),)", "(1.0,)")),
]:  # fmt: skip
    Value.mistake(_code, _why)(engine_with(*_changes))
