"""Week 7, section 9: requires_grad, detach and no_grad for the learner's own engine.

The reference stands on `helpers.engine.scalar`; an attempt may stand on any engine, or on none. All
that is asked of it is data, grad, parents under some usual name, and backward. What is right is what
PyTorch does: each case is a short script that runs on the attempt and on PyTorch alike.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import types
from collections.abc import Callable, Mapping

import torch

from helpers import readers
from helpers.agreement import show
from helpers.engine import scalar
from helpers.exercise import Case, Wrong, exercise
from helpers.fuzz import BASIC, random_program
from helpers.sandbox import functions
from helpers.weeks import battery
from helpers.weeks.rewrite import rewritten

Engine = scalar.Value


def opened(engine: type) -> type:
    """An engine to build on: its operations make nodes of the class that is derived from it.

    Operations of an engine usually end in `Value(…)`, which makes nodes of that very class. Here
    they run with a copy of their module's names, in which this name stands for the derived class.

    Examples
    --------
    >>> class Louder(opened(scalar.Value)):
    ...     pass
    >>> type(Louder(2.0) * 3.0).__name__
    'Louder'
    """
    family = engine.__mro__[-2::-1]  # object left out, the engine itself last
    home = next(f.__globals__ for cls in reversed(family) for f in functions(cls))
    space = dict(home)

    def moved(names: Mapping) -> dict:
        """The functions among these that belong to the engine's module, with the copied names."""
        found = {}
        for name, f in names.items():
            if isinstance(f, types.FunctionType) and f.__globals__ is home:
                found[name] = types.FunctionType(
                    f.__code__, space, f.__name__, f.__defaults__, f.__closure__
                )
                found[name].__kwdefaults__ = f.__kwdefaults__
        return found

    space |= moved(home)
    stands_for = functools.partial(space.__setitem__, engine.__name__)  # called with the class
    methods = {name: f for cls in family for name, f in moved(vars(cls)).items()}
    methods["__init_subclass__"] = classmethod(stands_for)
    return type(engine)(engine.__name__, (engine,), methods)


def reachable(root) -> list:
    """All nodes below a result of any engine, each once, and the result itself."""
    reader = readers.for_root(root)
    found, todo = {id(root): root}, [root]
    while todo:
        new = {id(p): p for p in reader.parents(todo.pop()) if id(p) not in found}
        found |= new
        todo += new.values()
    return list(found.values())


class Value(opened(Engine)):
    """Your engine with requires_grad, detach() and no_grad(), as PyTorch has them."""

    recording = True  # False inside of no_grad()

    def __init__(self, data, *rest, requires_grad=False, **named):
        super().__init__(data, *rest, **named)
        wanted = Value.recording and any(p.requires_grad for p in self.parents)
        if not wanted:
            super().__init__(data)  # nobody will ask where it came from: a leaf
        self.requires_grad = requires_grad or wanted

    def backward(self):
        if not self.requires_grad:
            raise RuntimeError("this value does not require grad: no graph leads to it")
        super().backward()
        for node in reachable(self):
            if not node.requires_grad:
                node.grad = 0.0

    def detach(self):
        return Value(self.data)

    @staticmethod
    @contextlib.contextmanager
    def no_grad():
        before, Value.recording = Value.recording, False
        try:
            yield
        finally:
            Value.recording = before


# ------------------------------------------------------------------ the same script on both sides


class Lacks(Exception):
    """A node has not what every node of the exercise must have."""


class Side:
    """One of the two engines that run a script: how to make leaves, and what a node says.

    `PYTORCH` is the other side of every attempt.
    """

    def __init__(self, engine: type):
        self._engine = engine
        self.no_grad = self._no_grad

    def leaf(self, number: float, requires_grad: bool = False):
        return self._engine(number, requires_grad=True) if requires_grad else self._engine(number)

    def _no_grad(self):
        if inspect.signature(self._engine.no_grad).parameters:
            raise Lacks(
                "`Value.no_grad()` is called on the class, without a value. Put `@staticmethod` above it, "
                "and no `self` into its parentheses."
            )
        made = self._engine.no_grad()
        if not hasattr(made, "__enter__"):
            raise Lacks(
                f"`with Value.no_grad():` needs a context manager, but no_grad() gives {show(made, 40)}. "
                "Is `@contextlib.contextmanager` above it?"
            )
        return made

    def number(self, node) -> float:
        return node.data

    def wants(self, node) -> bool:
        if not hasattr(node, "requires_grad"):
            raise Lacks(
                "The result of an operation has no `requires_grad`: the operation makes nodes of the class "
                "below yours. Derive your class from `opened(Engine)`."
            )
        return bool(node.requires_grad)

    def history(self, node) -> bool:
        return bool(readers.for_root(node).parents(node))

    def grad(self, node) -> float:
        return 0.0 if node.grad is None else node.grad


class _PyTorch(Side):
    def __init__(self):
        self.no_grad = torch.no_grad

    def leaf(self, number, requires_grad=False):
        return torch.tensor(number, dtype=torch.float64, requires_grad=requires_grad)

    def number(self, node):
        return node.item()

    def history(self, node):
        return node.grad_fn is not None


PYTORCH = _PyTorch()


def _flags(side: Side, **nodes) -> dict:
    facts = {}
    for name, node in nodes.items():
        name = name.replace("_times_", "·").replace("_plus_", " + ")
        facts[f"{name} requires grad"] = side.wants(node)
        facts[f"{name} has a history"] = side.history(node)
    return facts


def _raised(action: Callable) -> str:
    """What an action raises: "RuntimeError", or "no error"."""
    try:
        action()
    except Exception as error:
        return type(error).__name__
    return "no error"


def handed_on(side):
    x, c = side.leaf(2.0, True), side.leaf(3.0)
    facts = _flags(side, x=x, c=c, x_plus_x=x + x, x_plus_c=x + c, c_plus_x=c + x, c_plus_c=c + c)
    return facts | _flags(
        side, x_times_5=x * 5.0, c_times_5=c * 5.0, tanh_x=x.tanh(), tanh_c=c.tanh()
    )


def gradients(side):
    x, c = side.leaf(2.0, True), side.leaf(3.0)
    y = (x * c + 1.0) * x
    y.backward()
    return {"y": side.number(y), "∂y/∂x": side.grad(x), "grad of c": side.grad(c)}


def constants(side):
    x, c = side.leaf(0.5, True), side.leaf(-1.5)
    k = c * c + c
    y = (k * x).tanh() * k
    y.backward()
    facts = {"∂y/∂x": side.grad(x), "grad of c": side.grad(c), "grad of k = c·c + c": side.grad(k)}
    return facts | _flags(side, k=k)


def detached(side):
    x = side.leaf(3.0, True)
    y = x * x
    d = y.detach()
    facts = {"d": side.number(d), "d is y": d is y} | _flags(side, d=d, y=y)
    z = d * y + x
    z.backward()
    return facts | {"∂z/∂x, z = d·y + x": side.grad(x)}


def detached_leaf(side):
    x = side.leaf(3.0, True)
    d = x.detach()
    y = d * x
    y.backward()
    return _flags(side, d=d, x=x, y=y) | {"∂y/∂x, y = d·x": side.grad(x), "grad of d": side.grad(d)}


def not_recorded(side):
    x = side.leaf(2.0, True)
    with side.no_grad():
        a = x * 5.0
        w = side.leaf(1.5, True)
        b = w * x
    after = w * x
    after.backward()
    facts = _flags(side, a=a, b=b, w=w, after=after)
    return facts | {"∂after/∂x": side.grad(x), "∂after/∂w": side.grad(w)}


def nested(side):
    x = side.leaf(2.0, True)
    with side.no_grad():
        with side.no_grad():
            inside = x * 5.0
        between = x * 5.0
    return _flags(side, inside=inside, between=between, after=x * 5.0)


def after_an_error(side):
    x = side.leaf(2.0, True)
    with contextlib.suppress(KeyError), side.no_grad():
        raise KeyError
    return _flags(side, after=x * 5.0)


def without_a_graph(side):
    x, c = side.leaf(2.0, True), side.leaf(3.0)
    with side.no_grad():
        hidden = x * 5.0
    roots = {"c + c": c + c, "x made under no_grad()": hidden, "(x·x).detach()": (x * x).detach()}
    return {f"backward() of {name}": _raised(root.backward) for name, root in roots.items()}


SCRIPTS = {
    "x requires grad, c does not": handed_on,
    "gradients: y = (x·c + 1)·x": gradients,
    "constants: k = c·c + c, y = tanh(k·x)·k": constants,
    "detach: y = x·x, d = y.detach(), z = d·y + x": detached,
    "detach of a leaf: d = x.detach(), y = d·x": detached_leaf,
    "no_grad: a and b are made inside, after is made after it": not_recorded,
    "no_grad inside of no_grad": nested,
    "an error inside of no_grad": after_an_error,
    "backward() without a graph": without_a_graph,
}


def _graph_script(build: Callable) -> Callable:
    """A graph of week 1's battery whose leaves all require grad."""

    def script(side):
        root, nodes = build(lambda number: side.leaf(number, True))
        root.backward()
        leaves = {name: node for name, node in nodes.items() if not side.history(node)}
        return {"value": side.number(root)} | {f"∂/∂{k}": side.grad(v) for k, v in leaves.items()}

    return script


def _random_script(seed: int) -> Callable:
    """A random expression, in which every third leaf wants no gradient."""
    program = random_program(seed, size=4 + seed, ops=BASIC)

    def script(side):
        leaves = [side.leaf(x, (k + seed) % 3 > 0) for k, x in enumerate(program.leaves)]
        root = program.run(leaves)
        if side.wants(root):
            root.backward()
        facts = {"value": side.number(root), "root requires grad": side.wants(root)}
        return facts | {f"grad of leaf {k}": side.grad(leaf) for k, leaf in enumerate(leaves)}

    return script


SCRIPTS |= {label: _graph_script(build) for label, build in battery.GRAPHS.items()}
SCRIPTS |= {f"random expression {seed}": _random_script(seed) for seed in range(10)}


def _case(label: str, script: Callable) -> Case:
    def run(engine):
        with _as_it_was(engine):
            try:
                return script(Side(engine))
            except Lacks as lack:
                return Wrong(str(lack))

    return Case(label, run)


@contextlib.contextmanager
def _as_it_was(engine: type):
    """A switch that a wrong no_grad() leaves off does not reach the next case."""
    before = dict(vars(engine))
    try:
        yield
    finally:
        for name, member in before.items():
            if vars(engine).get(name) is not member:
                setattr(engine, name, member)


def _what_the_script_tests(case, expected, got) -> str:
    """What a wrong fact of a script says about the engine."""
    if case.label.startswith("constants") and not isinstance(got, Wrong):
        return (
            "k was computed from c, and neither wants a gradient. k has no parents any more; if your nodes "
            "also keep a function that pushes, k's still pushes to c. Take it away."
        )
    return "Run the script of this case in a cell of its own, and print what it compares."


value = exercise(
    minutes=40,
    difficulty=3,
    cases=[_case(*item) for item in SCRIPTS.items()],
    required=("backward", "detach", "no_grad"),
    advice=_what_the_script_tests,
    hints=[
        "Every node passes through `__init__`, so that is where to decide. A leaf requires grad if it was asked to; a "
        "result, if one of its parents does and recording is on. What does not require grad keeps no parents.",
        "detach() is a new leaf with the same number. no_grad() switches `Value.recording` off and puts back *what "
        "was there before*, also after an error: `try: yield` and `finally:`.",
        "In `__init__`: if nobody wants a gradient, `super().__init__(data)` makes a leaf of it. In backward(): raise a "
        "RuntimeError if self requires no grad; after super().backward() go through `reachable(self)`, and set grad "
        "back to 0.0 where none is required.",
    ],
)(Value)

_WANTED = "wanted = Value.recording and any(p.requires_grad for p in self.parents)"
_DETACH = "return Value(self.data)"
_NO_GRAD = (
    "        before, Value.recording = Value.recording, False\n        try:\n            yield\n"
    "        finally:\n            Value.recording = before\n"
)
_OFF = "        Value.recording = False\n"

for _code, _why, *_changes in [
    ("ALLREQUIRED", "A result requires grad as soon as *one* of its parents does: `any`, not `all`. Otherwise w·x stands "
     "still, because the data x wants no gradient.",
     ("any(p.requires_grad for p in self.parents)",
      "bool(self.parents) and all(p.requires_grad for p in self.parents)")),
    ("ALWAYSREQUIRED", "Every leaf requires grad in your engine. As in PyTorch, only those should that were asked to: data "
     "and plain numbers want none.",
     ("requires_grad=False", "requires_grad=True")),
    ("HISTORYKEPT", "What requires no grad still keeps its parents. Nobody will ever go back through them, but they keep "
     "the whole graph below alive: leave it without parents, as a leaf.",
     ("            super().__init__(data)  # nobody will ask where it came from: a leaf\n",
      "            pass\n")),
    ("CONSTANTGRAD", "A value that requires no grad collects one all the same. After the pass, set grad back to 0.0 where "
     "none is required.",
     ("                node.grad = 0.0\n", "                pass\n")),
    ("NOGRAPH", "backward() of a value without a graph does nothing in your engine, and a learner waits for gradients that "
     "never come. PyTorch raises a RuntimeError there.",
     ("if not self.requires_grad:", "if False:")),
    ("DETACHDATA", "Your detach() changes the value itself, so that everything computed from it later is cut off, too. "
     "Return a new leaf, and leave self as it is.",
     (_DETACH, "self.__init__(self.data)\n        return self")),
    ("NOTDETACHED", "Your detach() gives a value that still has its history. A new leaf with the same number has none: "
     "`Value(self.data)`.",
     (_DETACH, "return self * 1.0")),
    ("DETACHREQUIRES", "What detach() gives requires grad in your engine. It is a constant: gradients end there.",
     (_DETACH, "return Value(self.data, requires_grad=self.requires_grad)")),
    ("LEAFINNOGRAD", "no_grad() stops the recording of *operations*. A leaf that is made inside and asked to require grad "
     "does so: that is how layers are initialized.",
     ("self.requires_grad = requires_grad or wanted",
      "self.requires_grad = Value.recording and (requires_grad or wanted)")),
    ("NOGRADIGNORED", "Operations under no_grad() are recorded as ever. Ask `Value.recording` where a result decides whether "
     "it requires grad.",
     ("Value.recording and any(", "any(")),
    ("NOTRESTORED", "After an error inside of no_grad() recording stays off for good. Put it back in a `finally:`.",
     (_NO_GRAD, _NO_GRAD.replace("        try:\n            yield\n        finally:\n            ",
                                 "        yield\n        "))),
    ("NOTNESTED", "At the end of an inner no_grad() your engine records again, although the outer one is not over. Put "
     "back what was there before, not True.",
     ("finally:\n            Value.recording = before", "finally:\n            Value.recording = True")),
    ("NEVERBACKON", "After the first no_grad() recording is off for good. Put it back when the block ends.",
     (_NO_GRAD, _OFF + "        yield\n")),
]:  # fmt: skip
    value.mistake(_code, _why)(rewritten(Value, *_changes))
