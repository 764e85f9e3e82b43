"""Week 7, section 9: scripts that run on an engine and on PyTorch alike, and what they compare."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable

import torch

from helpers import readers
from helpers.agreement import show
from helpers.exercise import Case, Wrong
from helpers.fuzz import BASIC, random_program
from helpers.weeks import battery


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


def leaf_alone(side):
    x = side.leaf(2.0, True)
    return {"backward() of a leaf x": _raised(x.backward), "grad of x": side.grad(x)}


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
    "backward() of a leaf that requires grad": leaf_alone,
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


def case_of(label: str, script: Callable) -> Case:
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
