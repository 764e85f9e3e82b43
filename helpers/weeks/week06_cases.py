"""Week 6: what its exercises are tried on.

A class is asked for little: `parameters`, as an attribute or a method, and a call. Its parameters
get seeded numbers, so that the order in which it draws its own does not matter. Losses and loops
are given nodes of the engine that the learner's own code knows as `Value`.
"""

from __future__ import annotations

import random
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
        numbers = iter(_numbers(seed, hidden * (n_in + 2) + 1))
        self._rows = [[V(next(numbers)) for _ in range(n_in + 1)] for _ in range(hidden)]
        self._out = [V(next(numbers)) for _ in range(hidden + 1)]
        self.parameters = Parameters(p for row in [*self._rows, self._out] for p in row)

    def __call__(self, xs):
        return _affine(self._out, [_affine(row, xs).relu() for row in self._rows])


def _affine(row, xs):
    total = row[-1]
    for w, x in zip(row, xs):
        total = total + w * x
    return total


def _numbers(seed: int, count: int) -> list[float]:
    rng = random.Random(seed)
    return [round(rng.uniform(-2, 2), 2) or 0.5 for _ in range(count)]


def _engine(attempt: object) -> type:
    """The engine that this function calls `Value`."""
    known = getattr(attempt, "__globals__", {}).get("Value")
    return known if isinstance(known, type) else scalar.Value


def _is_node(thing: object) -> bool:
    return hasattr(thing, "data") and hasattr(thing, "grad") and hasattr(thing, "backward")


def parameters_of(model: object) -> list | Wrong:
    """The parameters of a neuron, a layer or a network, whichever way it keeps them."""
    found = getattr(model, "parameters", None)
    if found is None:
        return Wrong("It has no `parameters`: the list of its nodes, as an attribute or a method.")
    found = list(found() if callable(found) else found)
    if not all(_is_node(p) for p in found):
        return Wrong(
            f"`parameters` holds {show(found, 50)}; every entry must be a node of its own, a Value."
        )
    if len({id(p) for p in found}) < len(found):
        return Wrong("The same node stands in `parameters` twice. It would be moved twice a step.")
    return found


# ------------------------------------------------------------------ neuron, layer, network


def _of_class(label: str, make: Callable, n_in: int, count: int, n_out: int, seed: int) -> Case:
    """A model with given parameters, its outputs, and the gradient of every parameter."""

    def run(cls):
        model = make(cls)
        found = parameters_of(model)
        if isinstance(found, Wrong):
            return found
        if len(found) != count:
            return Wrong(f"{label} has {count} parameters; yours has {len(found)}.")
        start, again = ([p.data for p in parameters_of(each)] for each in (model, make(cls)))
        if max(map(abs, start)) > 1 or (len(set(start)) == 1 and count > 2):
            return Wrong(
                "Weights are drawn from rng.uniform(-1, 1), each for itself; biases start at 0. "
                f"Yours start as {show(start, 60)}."
            )
        if start != again:
            return Wrong("The same seed must give the same weights: draw all of them from `rng`.")
        for p, number in zip(found, _numbers(seed, count)):
            p.data = number
        out = model(_numbers(seed + 1, n_in))
        outs = out if isinstance(out, list | tuple) else [out]
        if len(outs) != n_out or not all(_is_node(o) for o in outs):
            return Wrong(
                f"{label}: {n_out} node{'s' * (n_out > 1)} should come out, got {show(out, 50)}."
            )
        f = outs[0] * 1.7
        for k, o in enumerate(outs[1:]):
            f = f + o * (0.6 - 1.1 * k)
        f.backward()
        return {
            "outputs": [o.data for o in outs],
            "gradients of the parameters": [float(p.grad or 0.0) for p in found],
        }

    return Case(label, run)


def neuron_cases() -> list[Case]:
    def case(n_in, seed, relu):
        def make(Neuron):
            rng = random.Random(seed)
            return Neuron(n_in, rng) if relu else Neuron(n_in, rng, relu=False)

        kind = "" if relu else ", relu=False"
        return _of_class(f"Neuron({n_in}, rng{kind})", make, n_in, n_in + 1, 1, seed)

    kinds = [(1, 3, False), (3, 4, False), (2, 5, False), *((n, s, True) for n, s in RECTIFIED)]
    return [case(*kind) for kind in kinds]


RECTIFIED = ((2, 2), (2, 5), (3, 4), (4, 8))  # some of these are off


def layer_cases() -> list[Case]:
    def case(n_in, n_out, seed, relu):
        def make(Layer):
            return Layer(n_in, n_out, random.Random(seed), relu=relu)

        label = f"Layer({n_in}, {n_out}, rng, relu={relu})"
        return _of_class(label, make, n_in, n_out * (n_in + 1), n_out, seed)

    kinds = [(2, 3, 1, False), (3, 3, 2, False), (2, 3, 3, True), (3, 5, 4, True)]
    return [case(*kind) for kind in kinds]


def mlp_cases() -> list[Case]:
    def case(n_in, sizes, seed):
        pairs = list(zip([n_in, *sizes], sizes))
        count = sum((a + 1) * b for a, b in pairs)
        label = f"MLP({n_in}, {sizes})"
        return _of_class(label, lambda MLP: MLP(n_in, sizes), n_in, count, sizes[-1], seed)

    kinds = [(2, [1], 1), (2, [3, 1], 2), (3, [4, 2], 3), (3, [3, 3, 2], 4), (2, [16, 16, 1], 5)]
    return [case(*kind) for kind in kinds]


# ------------------------------------------------------------------ losses


def _loss_case(label: str, numbers: list[float], loss: Callable) -> Case:
    """A loss of some leaves: its value and the gradient of each, from a random upstream."""

    def run(attempt):
        V = _engine(attempt)
        leaves = [V(x) for x in numbers]
        out = loss(attempt, leaves)
        if not _is_node(out):
            return Wrong(
                f"A loss must be a node, so that backward() can start there; yours is {show(out)}."
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
    tables = [([3.0], 1.0), ([1.0, -2.0], 0.5), (_numbers(7, 6), 0.01), (_numbers(8, 5), 3.0)]
    return [
        _loss_case(f"parameters {p}, lam {lam:g}", p, lambda f, leaves, lam=lam: f(leaves, lam))
        for p, lam in tables
    ]


# ------------------------------------------------------------------ steps and loops


def _with_grads(V: type, seed: int, count: int) -> list:
    params = [V(x) for x in _numbers(seed, count)]
    for p, grad in zip(params, _numbers(seed + 50, count)):
        p.grad = grad
    return params


def sgd_cases() -> list[Case]:
    def case(seed, count, lr):
        def run(sgd_step):
            params = _with_grads(_engine(sgd_step), seed, count)
            sgd_step(params, lr)
            return {"parameters": [p.data for p in params]}

        return Case(f"{count} parameter{'s' * (count > 1)}, lr {lr:g}", run)

    return [case(1, 1, 0.1), case(2, 4, 0.5), case(3, 7, 0.03)]


def momentum_cases() -> list[Case]:
    def case(seed, count, lr, beta, steps):
        def run(momentum_step):
            params = _with_grads(_engine(momentum_step), seed, count)
            velocities = [0.0] * count
            for step in range(steps):
                for p, grad in zip(params, _numbers(seed + step, count)):
                    p.grad = grad
                velocities = momentum_step(params, velocities, lr, beta)
                if velocities is None or len(velocities) != count:
                    return Wrong(
                        f"It returns the new velocities, a list of {count} numbers; yours gives "
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
            X = [_numbers(seed + 10 + i, n_in) for i in range(samples)]
            y = [1 if i % 3 else -1 for i in range(samples)]
            losses = [training_step(model, X, y) for _ in range(2)]
            return _no_nodes(losses) or {
                "losses": losses,
                "parameters": [p.data for p in model.parameters],
            }

        label = f"{samples} sample{'s' * (samples > 1)}, {len(Net(scalar.Value, n_in, hidden, 0).parameters)} parameters"
        return Case(f"{label}, two steps", run)

    return [case(1, 1, 1, 3), case(2, 3, 4, 4), case(3, 3, 5, 5)]


KEPT = (
    "You give back the loss as a *node*. Whoever keeps it keeps the whole graph of that step alive. "
    "Keep the number: loss.data."
)


def _no_nodes(losses: object) -> Wrong | None:
    if any(_is_node(loss) for loss in losses):
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

    return [case(1, 1, 0.1, 2), case(2, 3, 0.05, 4), case(3, 4, 0.02, 6)]
