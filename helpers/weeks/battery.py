"""The graphs on which an engine has to prove itself, smallest first.

Each builder takes an engine's class and returns the result and its named nodes. Which graph can see
which bug differs a lot: (x + y)·y notices an overwritten gradient and no wrong order at all, the
diamond notices the order. So an engine is tried on all of them, and on random expressions.
"""

from __future__ import annotations

from collections.abc import Callable

from helpers.exercise import Case
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


def _one(build: Callable) -> Callable:
    """A graph of a single operation on x = 0.8 and y = −1.3, times 3 so that upstream is not 1."""

    def graph(V):
        x, y = V(0.8), V(-1.3)
        t = build(x, y)
        f = t * V(3.0)
        return f, dict(x=x, y=y, t=t, f=f)

    return graph


SINGLE = {
    "x · y": lambda x, y: x * y,
    "x + y": lambda x, y: x + y,
    "x − y": lambda x, y: x - y,
    "x / y": lambda x, y: x / y,
    "x ** 3": lambda x, y: x**3,
    "exp(x)": lambda x, y: x.exp(),
    "tanh(x)": lambda x, y: x.tanh(),
    "relu(x)": lambda x, y: x.relu(),
    "relu(y)": lambda x, y: y.relu(),
    "x + 2 (a number)": lambda x, y: x + 2.0,
    "x · 2 (a number)": lambda x, y: x * 2.0,
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


def engine_cases(random_graphs: int = 20) -> list[Case]:
    """The battery as cases of an exercise: the value and all gradients of each graph."""
    cases = [_case(f"({label})·3", _one(build)) for label, build in SINGLE.items()]
    cases += [_case(label, build) for label, build in GRAPHS.items()]
    for seed in range(random_graphs):
        program = random_program(seed, size=3 + seed % 10, ops=BASIC)
        cases.append(_case(f"random expression {seed}", _of_program(program)))
    return cases


def _case(label: str, build: Callable) -> Case:
    def run(engine):
        root, named = build(engine)
        root.backward()
        leaves = {name: node for name, node in named.items() if node.__class__ is engine}
        return {"value": root.data, **{f"∂/∂{name}": n.grad for name, n in leaves.items()}}

    return Case(label, run, graph=build)


def _of_program(program) -> Callable:
    def build(V):
        leaves = [V(x) for x in program.leaves]
        return program.run(leaves), {f"x{i}": leaf for i, leaf in enumerate(leaves)}

    return build
