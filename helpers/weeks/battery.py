"""The graphs on which an engine has to prove itself, smallest first.

Each builder takes an engine's class and returns the result and its named nodes. Which graph can see
which bug differs a lot: (x + y)·y notices an overwritten gradient and no wrong order at all, the
diamond notices the order. So an engine is tried on all of them, and on random expressions.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

from helpers.agreement import agree, show
from helpers.engine import scalar
from helpers.exercise import Case, Wrong
from helpers.fuzz import BASIC, random_program


def plus_times(V):
    x, y = V(2.0), V(3.0)
    q = x + y
    f = q * y
    return f, dict(x=x, y=y, q=q, f=f)


def square(V):
    x = V(3.0)
    f = x * x
    return f, dict(x=x, f=f)


def double(V):
    x = V(1.5)
    f = x + x
    return f, dict(x=x, f=f)


def chain(V):
    x, w = V(0.4), V(1.7)
    u = x * w
    s = u.tanh()
    f = s.exp()
    return f, dict(x=x, w=w, u=u, s=s, f=f)


def diamond(V):
    x = V(2.0)
    a = x * 2.0
    b = a + 1.0
    c = a * b
    d = c + a
    return d, dict(x=x, a=a, b=b, c=c, d=d)


def nested(V):
    a = V(1.0)
    b = a + a
    c = b + b
    return c, dict(a=a, b=b, c=c)


def skip(V):
    x, w = V(0.6), V(-1.1)
    h = (x * w).tanh()
    u = h * w
    f = u + h
    return f, dict(x=x, w=w, h=h, u=u, f=f)


def quotient(V):
    a, b = V(1.5), V(-0.7)
    q = a / b
    f = q**3 * a
    return f, dict(a=a, b=b, q=q, f=f)


def rectified(V):
    x, w = V(-0.6), V(1.7)
    off = (x * w).relu()
    on = (w * w).relu()
    f = (off + on) * x
    return f, dict(x=x, w=w, off=off, on=on, f=f)


def difference(V):
    x, y = V(2.0), V(0.5)
    d = x - y
    f = d * d - y
    return f, dict(x=x, y=y, d=d, f=f)


SINGLE = {
    "x · y": lambda x, y: x * y,
    "x + y": lambda x, y: x + y,
    "x − y": lambda x, y: x - y,
    "x / y": lambda x, y: x / y,
    "x ** 3": lambda x, y: x**3,
    "x ** −1": lambda x, y: x**-1,
    "x ** 0.5": lambda x, y: x**0.5,
    "exp(x)": lambda x, y: x.exp(),
    "tanh(x)": lambda x, y: x.tanh(),
    "relu(x)": lambda x, y: x.relu(),
    "relu(y)": lambda x, y: y.relu(),
    "x + 2 (a number)": lambda x, y: x + 2.0,
    "x − 2 (a number)": lambda x, y: x - 2.0,
    "x · 2 (a number)": lambda x, y: x * 2.0,
    "x / 2 (a number)": lambda x, y: x / 2.0,
}
GRAPHS = {
    "x·x": square,
    "x + x": double,
    "(x + y)·y": plus_times,
    "nested: b = a + a, c = b + b": nested,
    "chain: exp(tanh(x·w))": chain,
    "difference: d = x − y, d·d − y": difference,
    "diamond: a = 2x, b = a + 1, c = a·b, d = c + a": diamond,
    "skip: h = tanh(x·w), h·w + h": skip,
    "quotient: (a/b)³·a": quotient,
    "rectified: (relu(x·w) + relu(w·w))·x": rectified,
}
TESTED = {
    ")·7": "Only this operation is tried here: compare what it pushes with a nudge of its operand.",
    "x·x": "Both operands are the same node, and both contributions count. Does a set or a dict of "
    "parents keep only one of them?",
    "x + x": "Both operands are the same node, and both contributions count. Does a set or a dict of "
    "parents keep only one of them?",
    "nested": "Here a node in the middle is used twice. It may push when both contributions are there.",
    "diamond": "Here a node in the middle is used on several paths. It may push when all contributions "
    "are there.",
}


def what_the_graph_tests(case: Case, expected, got) -> str:
    """What the smallest graph on which an engine fails says about it."""
    for part, sentence in TESTED.items():
        if part in case.label:
            return sentence
    return "Build this graph in a cell of its own and print the gradient of each node."


def engine_cases(random_graphs: int = 20) -> list[Case]:
    """The battery as cases of an exercise: the value of each graph and the gradient of each leaf."""
    cases = [_single(label, build) for label, build in SINGLE.items()]
    cases += [_case(label, build) for label, build in GRAPHS.items()]
    for seed in range(random_graphs):
        program = random_program(seed, size=3 + seed % 10, ops=BASIC)
        cases.append(_case(f"random expression {seed}", _of_program(program)))
    return cases


class _NotANode(Exception):
    """An operation of the engine has given something that no graph can go on from."""


def _single(label: str, build: Callable) -> Case:
    """A single operation on x = 0.8 and y = −1.3, times 7 so that upstream is not 1."""

    def graph(V):
        x, y = V(0.8), V(-1.3)
        t = build(x, y)
        if t is None or isinstance(t, int | float | tuple):
            raise _NotANode(
                f"`{label}` gives {show(t)}. An operation must return a new node that knows its "
                "number, its parents and how to push."
            )
        f = t * V(7.0)
        return f, dict(x=x, y=y, t=t, f=f)

    return _case(f"({label})·7 at x = 0.8, y = −1.3", graph)


def _case(label: str, build: Callable) -> Case:
    right, named = build(scalar.Value)
    right.backward()
    gradients = {name: node.grad for name, node in named.items()}

    def run(engine):
        inputs = []
        if not _takes(engine, 0.8):
            return Wrong(
                f"A leaf is made as `{engine.__name__}(0.8)`; give the other parameters of `__init__` "
                "defaults."
            )

        def leaf(x):
            inputs.append((engine(x), x))
            return inputs[-1][0]

        try:
            root, named = build(leaf)
        except _NotANode as error:
            return Wrong(str(error))
        if not hasattr(root, "data"):
            return Wrong("A node keeps its number in `data`; your result has no attribute `data`.")
        if not agree(right.data, root.data):
            return Wrong(
                f"The number itself is wrong, before any gradient: {label} is {show(right.data)}, but "
                f"your engine computes {show(root.data)}. Look at the forward part of the operation."
            )
        if not _takes(root.backward):
            return Wrong("backward is called as `root.backward()`; give its parameters defaults.")
        returned = root.backward()
        grads = {
            name: getattr(node, "grad", None)
            for name, node in named.items()
            if any(node is made for made, _ in inputs)
        }
        missing = [name for name, grad in grads.items() if grad is None and gradients[name]]
        if returned is not None and not any(grads.values()) and any(gradients.values()):
            return Wrong(
                "Your backward returns something, while `grad` stays 0 in every leaf. Let it add to "
                "`grad` of each node instead."
            )
        return _broken_leaf(inputs, missing) or {
            "value": root.data,
            **{f"∂/∂{name}": 0.0 if grad is None else grad for name, grad in grads.items()},
        }

    return Case(label, run, graph=build)


def _takes(function: Callable, *args) -> bool:
    """Can the function be called with these arguments, as far as one can see?"""
    try:
        inspect.signature(function).bind(*args)
    except TypeError:
        return False
    except ValueError:  # a signature that Python does not know
        pass
    return True


def _broken_leaf(inputs: list, missing: list[str]) -> Wrong | None:
    """What is wrong with the leaves themselves after a backward pass."""
    for node, x in inputs:
        if not agree(x, node.data):
            return Wrong(
                f"A leaf was made with {show(x)} and holds {show(node.data)} after the computation. "
                "An operation makes a new node and leaves its operands as they are."
            )
    if missing:
        return Wrong(
            f"After backward() `{missing[0]}` has no gradient in `grad`. Start it at 0.0 when the node "
            "is made, and add what each consumer pushes."
        )
    return None


def _of_program(program) -> Callable:
    def build(V):
        leaves = [V(x) for x in program.leaves]
        return program.run(leaves), {f"x{i}": leaf for i, leaf in enumerate(leaves)}

    return build
