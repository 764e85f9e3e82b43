"""Week 6: what its exercises are tried on.

Losses, steps and loops are given nodes of the engine that the learner's own code knows as `Value`.
What the classes are tried on stands in `week06_models`.
"""

from __future__ import annotations

import gc
import random
import types
import weakref
from collections.abc import Callable

from helpers.agreement import show
from helpers.engine import scalar
from helpers.exercise import Case, Wrong


class Parameters(list):
    """A list of parameters that can also be called, as in PyTorch."""

    def __call__(self):
        return self


class Net:
    """A small network of any engine: one hidden layer with ReLU, one output."""

    def __init__(self, V: type, n_in: int, hidden: int, seed: int):
        given = iter(seeded(seed, hidden * (n_in + 2) + 1))
        self._rows = [[V(next(given)) for _ in range(n_in + 1)] for _ in range(hidden)]
        self._out = [V(next(given)) for _ in range(hidden + 1)]
        self.parameters = Parameters(p for row in [*self._rows, self._out] for p in row)

    def __call__(self, xs):
        return _affine(self._out, [_affine(row, xs).relu() for row in self._rows])


def _affine(row, xs):
    total = row[-1]
    for w, x in zip(row, xs):
        total = total + w * x
    return total


def seeded(seed: int, count: int) -> list[float]:
    rng = random.Random(seed)
    return [round(rng.uniform(-2, 2), 2) or 0.5 for _ in range(count)]


def _engine(attempt: object) -> type:
    """The engine that this function calls `Value`."""
    known = getattr(attempt, "__globals__", {}).get("Value")
    return known if isinstance(known, type) else scalar.Value


def is_node(thing: object) -> bool:
    return hasattr(thing, "data") and hasattr(thing, "grad") and hasattr(thing, "backward")


# ------------------------------------------------------------------ losses


def _loss_case(label: str, numbers: list[float], loss: Callable) -> Case:
    """A loss of some leaves: its value and the gradient of each, from a random upstream."""

    def run(attempt):
        V = _engine(attempt)
        leaves = [V(x) for x in numbers]
        out = loss(attempt, leaves)
        if not is_node(out):
            return Wrong(
                f"A loss must be a node, so that backward() can start there; yours is {show(out)}, a plain "
                "number. Is each term made of the nodes, and is none left out?"
            )
        (out * -1.3).backward()
        return {"loss": out.data, "gradients": [float(leaf.grad or 0.0) for leaf in leaves]}

    return Case(label, run)


def hinge_cases() -> list[Case]:
    tables = [
        ([0.3], [1]), ([0.3], [-1]), ([1.8], [1]),
        ([0.5, -0.2, 2.5, -1.7], [1, 1, 1, -1]),
        ([-0.4, 0.9, 1.4, -3.0, 0.2], [-1, 1, -1, -1, 1]),
    ]  # fmt: skip
    return [
        _loss_case(f"scores {scores}, y {y}", scores, lambda f, leaves, y=y: f(leaves, y))
        for scores, y in tables
    ]


def penalty_cases() -> list[Case]:
    tables = [([3.0], 1.0), ([1.0, -2.0], 0.5), (seeded(7, 6), 0.01), (seeded(8, 5), 3.0)]
    return [
        _loss_case(f"parameters {p}, lam {lam:g}", p, lambda f, leaves, lam=lam: f(leaves, lam))
        for p, lam in tables
    ]


# ------------------------------------------------------------------ steps and loops


def _with_grads(V: type, seed: int, count: int) -> list:
    params = [V(x) for x in seeded(seed, count)]
    for p, grad in zip(params, seeded(seed + 50, count)):
        p.grad = grad
    return params


NEWNODES = (
    "You make new nodes; the network keeps the old ones, and they have not moved. Change `p.data` of the "
    "nodes that are there."
)
CLEARS = (
    "The step clears `grad`, too. Leave that to the loop: section 5 needs the difference between a loop "
    "that clears and one that does not."
)


def sgd_cases() -> list[Case]:
    def case(seed, count, lr):
        def run(sgd_step):
            nodes = _with_grads(_engine(sgd_step), seed, count)
            before = [(p.data, p.grad) for p in nodes]
            params = list(nodes)
            returned = sgd_step(params, lr)
            data, grads = ([getattr(p, what) for p in nodes] for what in ("data", "grad"))
            if _exchanged(params, nodes) or (
                _nodes_in(returned) and data == [x for x, _ in before]
            ):
                return Wrong(NEWNODES, "NEWNODES")
            if grads != [grad for _, grad in before]:
                moved = data != [x for x, _ in before]
                return Wrong(
                    CLEARS if moved else "You change `grad`. The step changes `data`.", "GRAD"
                )
            return {"parameters": data}

        return Case(f"{count} parameter{'s' * (count > 1)}, lr {lr:g}", run)

    return [case(1, 1, 0.1), case(2, 4, 0.5), case(3, 7, 0.03)]


def _exchanged(params: list, nodes: list) -> bool:
    return [*map(id, params)] != [*map(id, nodes)]


def _nodes_in(returned: object) -> bool:
    """Does a list of new nodes come back?"""
    return isinstance(returned, list | tuple) and any(map(is_node, returned))


def momentum_cases() -> list[Case]:
    def case(seed, count, lr, beta, steps):
        def run(momentum_step):
            nodes = _with_grads(_engine(momentum_step), seed, count)
            params = list(nodes)
            velocities = [0.0] * count
            for step in range(steps):
                for p, grad in zip(params, seeded(seed + step, count)):
                    p.grad = grad
                velocities = momentum_step(params, velocities, lr, beta)
                if _exchanged(params, nodes):
                    return Wrong(NEWNODES, "NEWNODES")
                if not hasattr(velocities, "__len__") or len(velocities) != count:
                    return Wrong(
                        f"It returns the new velocities, a list of length {count}; yours gives "
                        f"{show(velocities)}."
                    )
            return {"parameters": [p.data for p in params], "velocities": list(velocities)}

        return Case(f"{count} parameters, lr {lr:g}, beta {beta:g}, {steps} steps", run)

    return [case(1, 1, 0.1, 0.9, 1), case(2, 1, 0.1, 0.5, 3), case(3, 5, 0.02, 0.9, 4)]


def training_cases() -> list[Case]:
    def case(n_in, hidden, samples, seed):
        def run(training_step):
            model = Net(_engine(training_step), n_in, hidden, seed)
            for p in model.parameters:
                p.grad = 0.7  # something is left from before
            X = [seeded(seed + 10 + i, n_in) for i in range(samples)]
            y = [1 if i % 3 else -1 for i in range(samples)]
            losses = [training_step(model, X, y) for _ in range(2)]
            return _no_nodes(losses) or {
                "losses": losses,
                "parameters": [p.data for p in model.parameters],
            }

        label = f"{samples} sample{'s' * (samples > 1)}, {len(Net(scalar.Value, n_in, hidden, 0).parameters)} parameters"
        return Case(f"{label}, two steps", run)

    kinds = [(1, 1, 1, 3), (2, 3, 4, 4), (3, 3, 5, 5), (2, 2, 8, 6)]
    return [
        *(case(*kind) for kind in kinds),
        Case("one step of your own MLP(2, [3, 1])", _own_model),
    ]


def _own_model(training_step):
    """A step of the model that the learner has written: are its parameters asked for as it has them?"""
    model = getattr(training_step, "__globals__", {}).get("MLP")
    if not isinstance(model, type):
        return "it runs"
    model = model(2, [3, 1], seed=1)
    try:
        training_step(model, [[0.5, -1.0], [1.5, 0.25]], [1, -1])
    except TypeError as error:
        if isinstance(getattr(model, "parameters", None), types.MethodType):
            return Wrong(
                "In your own MLP `parameters` is a method, and here it stands without a call: "
                f"`model.parameters()`. Python says: {error}.",
                "METHOD",
            )
        if "not callable" not in str(error):
            raise
        return Wrong(
            "In the MLP of this notebook `parameters` is a list, and here it is called. Write "
            "`model.parameters`.",
            "METHOD",
        )
    return "it runs"


CUT = (
    "The number is right, and no gradient arrives: a node made of `.data` has no parents, there the graph "
    "is cut. Compute with the nodes themselves."
)
STILL = (
    "Nothing moves: there is no step, or the gradients are cleared between backward and the step, or the "
    "step comes before backward, when all of them are still 0 (UPDATEFIRST)."
)
CLEARLATE = (
    "Right from the second step on. The first one adds to what stood in `grad` before: clear *before* "
    "backward."
)
AFTER = "You give the loss *after* the step. Asked for is the one before it: loss.data."
KEPT = (
    "You give back the loss as a *node*. Whoever keeps it keeps the whole graph of that step alive. "
    "Keep the number: loss.data."
)


def _no_nodes(losses: object) -> Wrong | None:
    if any(is_node(loss) for loss in losses):
        return Wrong(KEPT, "HISTORY")
    return None


def loop_cases() -> list[Case]:
    def case(seed, count, lr, steps):
        def run(fix_the_loop):
            params = _with_grads(_engine(fix_the_loop), seed, count)

            def loss_of():
                total = params[0] * params[0]
                for k, p in enumerate(params[1:], start=2):
                    total = total + (p * k + params[0] - 1.0) * (p - 0.5) + p * p
                return total

            losses = fix_the_loop(params, loss_of, lr, steps)
            if not isinstance(losses, list | tuple) or len(losses) != steps:
                return Wrong(
                    f"A list of {steps} losses is expected, one for each step; got {show(losses)}."
                )
            return _no_nodes(losses) or {
                "losses": list(losses),
                "parameters": [p.data for p in params],
            }

        return Case(f"{count} parameter{'s' * (count > 1)}, lr {lr:g}, {steps} steps", run)

    kinds = [(1, 1, 0.1, 2), (2, 3, 0.05, 4), (3, 4, 0.02, 6)]
    return [
        *(case(*kind) for kind in kinds),
        Case("8 steps: how many graphs are alive?", _kept_graphs),
    ]


class _Witness(float):
    """A number that can be referred to weakly, kept alive by the graph that it stands in."""


def _kept_graphs(fix_the_loop):
    V, witnesses, kept = _engine(fix_the_loop), [], []
    p = V(2.0)

    def alive() -> int:
        return sum(witness() is not None for witness in witnesses)

    def loss_of():
        if not kept and alive() > 3:
            gc.collect()  # graphs in cycles are garbage, and still there
            kept.extend([True] * (alive() > 3))
        constant = V(1.0)
        constant.data = _Witness(1.0)
        witnesses.append(weakref.ref(constant.data))
        return p * p + constant

    fix_the_loop([p], loss_of, 0.1, 8)
    if kept:
        return Wrong(
            "During the loop a list keeps every graph alive, although you give back numbers in the end. "
            "Append loss.data at once.",
            "HISTORY",
        )
    return "one"
