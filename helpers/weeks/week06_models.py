"""Week 6: what a neuron, a layer and a network are tried on.

A class is asked for little: `parameters`, as an attribute or a method, and a call. Its parameters
get seeded numbers, so that the order in which it draws its own does not matter.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable

from helpers.agreement import agree, show
from helpers.exercise import Case, Wrong
from helpers.weeks.week06_cases import is_node, seeded


def parameters_of(model: object) -> list | Wrong:
    """The parameters of a neuron, a layer or a network, whichever way it keeps them."""
    found = getattr(model, "parameters", None)
    if found is None:
        return Wrong(
            "It has no `parameters`, the list of its nodes. Make it an attribute in `__init__`."
        )
    found = list(found() if callable(found) else found)
    strange = next((p for p in found if not is_node(p)), None)
    if strange is not None:
        what = show(strange) if isinstance(strange, int | float) else f"a {type(strange).__name__}"
        return Wrong(f"`parameters` holds {what}. Every entry must be a node of its own, a Value.")
    if len({id(p) for p in found}) < len(found):
        return Wrong("The same node stands in `parameters` twice. It would be moved twice a step.")
    return found


# What each class is told: about the order of its parameters, about a generator that starts anew,
# and about one that nobody can repeat.
ORDER = {
    "Neuron": "`parameters` begins with the bias. The weights come first, then the bias.",
    "Layer": "`parameters` has another order: all of the first neuron, its bias the last of them, then "
    "those of the second neuron.",
    "MLP": "`parameters` has another order: layer by layer, the first layer first.",
}
ANEW = {
    "Layer": "All neurons start with the same weights, because each gets a fresh generator; so they stay "
    "alike for ever. Hand on the `rng` that you were given.",
    "MLP": "Each layer starts the generator anew. Make one random.Random(seed) and hand it to all.",
}
SOURCE = {
    "MLP": "make the generator from the seed, random.Random(seed).",
    "Layer": "draw all of them from `rng`.",
    "Neuron": "draw all of them from `rng`.",
}
BENDONCE = "Bend once, at the very end: after all products are added, and the bias."


def _of_class(
    kind: str,
    label: str,
    make: Callable,
    widths: list[int],
    n_out: int,
    seed: int,
    bends: bool = True,
) -> Case:
    """A model with given parameters, its outputs, and the gradient of every parameter.

    `widths` has the inputs of each neuron, in the order of the parameters.
    """
    count = sum(width + 1 for width in widths)

    def run(cls):
        model = make(cls)
        found = parameters_of(model)
        if isinstance(found, Wrong):
            return found
        if len(found) != count:
            return Wrong(f"{label} has {count} parameters; yours has {len(found)}.")
        start, again = ([p.data for p in parameters_of(each)] for each in (model, make(cls)))
        wrong = _start(kind, start, again, widths)
        if wrong:
            return wrong
        given, xs = seeded(seed, count), seeded(seed + 1, widths[0])
        for p, number in zip(found, given):
            p.data = number
        out = model(list(xs))
        outs = list(out) if isinstance(out, list | tuple) else [out]
        wrong = _form(kind, label, out, outs, n_out)
        if not wrong and kind == "Neuron":
            wrong = _bent_elsewhere(given, xs, bends, out.data)
        if wrong:
            return wrong
        f = outs[0] * 1.7
        for k, o in enumerate(outs[1:]):
            f = f + o * (0.6 - 1.1 * k)
        f.backward()
        gradients = [float(p.grad or 0.0) for p in found]
        if not bends and not any(gradients):
            return Wrong(
                "No gradient arrives at `parameters`: these are not the nodes that the call computes "
                "with, or the graph is cut by a `.data` on the way.",
                "COPIES",
            )
        return {"outputs": [o.data for o in outs], "gradients of the parameters": gradients}

    return Case(label, run)


def _start(kind: str, start: list, again: list, widths: list[int]) -> Wrong | None:
    """What is wrong with the numbers that a model starts with."""
    ends = [k - 1 for k in itertools.accumulate(width + 1 for width in widths)]
    zeros = [k for k, number in enumerate(start) if number == 0]
    if max(map(abs, start)) <= 1 and len(zeros) < len(ends):
        drawn = next(start[k] for k in ends if k not in zeros)
        return Wrong(f"A bias starts at 0; yours starts at {show(drawn)}.", "BIASDRAWN")
    if max(map(abs, start)) > 1 or len(zeros) > len(ends):
        return Wrong(
            "Weights are drawn from rng.uniform(-1, 1), each for itself; biases start at 0. "
            f"Yours start as {show(start, 60)}."
        )
    if start != again:
        return Wrong(f"The same seed must give the same weights: {SOURCE[kind]}")
    if zeros != ends:
        return Wrong(ORDER[kind], "PARAMETERORDER")
    rows = [start[end - width : end] for end, width in zip(ends, widths)]
    if any(a[: len(b)] == b[: len(a)] for a, b in itertools.combinations(rows, 2)):
        return Wrong(ANEW[kind], "FRESHRNG")
    return None


def _form(kind: str, label: str, out: object, outs: list, n_out: int) -> Wrong | None:
    """What is wrong with the kind of thing that comes out."""
    listed = isinstance(out, list | tuple)
    if kind == "Layer" and not listed and n_out == 1:
        return Wrong(
            f"{label} must give a *list* of one node: the next layer reads a list.", "NOLIST"
        )
    if len(outs) != n_out or not all(map(is_node, outs)):
        what = str(len(outs)) if all(map(is_node, outs)) else "something else"
        every = " Every neuron reads *all* inputs and gives one node." if kind == "Layer" else ""
        return Wrong(
            f"From {label} {n_out} node{'s' * (n_out > 1)} should come out, not {what}.{every}"
        )
    if kind != "Layer" and listed and n_out == 1:
        return Wrong(f"{label} gives a list of one node. Take the node out: xs[0].", "ONELIST")
    return None


def _bent_elsewhere(given: list, xs: list, bends: bool, got: float) -> Wrong | None:
    """What is wrong with the output of a neuron that uses all its numbers, but bends in its own way."""
    *weights, bias = given
    products = [w * x for w, x in zip(weights, xs)]
    z = sum(products) + bias
    if agree(max(z, 0.0) if bends else z, got):
        return None
    by_product = sum(max(product, 0.0) for product in products) + bias
    before_bias = max(sum(products), 0.0) + bias
    if any(agree(early, got) for early in (by_product, max(by_product, 0.0), before_bias)):
        return Wrong(BENDONCE, "RELUEARLY")
    if agree(math.tanh(z), got):
        return Wrong("A neuron of this week bends with relu, not with tanh.", "TANH")
    return None


def neuron_cases() -> list[Case]:
    def case(n_in, seed, relu):
        def make(Neuron):
            rng = random.Random(seed)
            return Neuron(n_in, rng) if relu else Neuron(n_in, rng, relu=False)

        kind = "" if relu else ", relu=False"
        return _of_class("Neuron", f"Neuron({n_in}, rng{kind})", make, [n_in], 1, seed, relu)

    kinds = [(1, 3, False), (3, 4, False), (2, 5, False), *((n, s, True) for n, s in RECTIFIED)]
    return [case(*kind) for kind in kinds]


RECTIFIED = ((2, 2), (2, 5), (3, 4), (4, 8))  # some of these are off


def layer_cases() -> list[Case]:
    def case(n_in, n_out, seed, relu):
        def make(Layer):
            return Layer(n_in, n_out, random.Random(seed), relu=relu)

        label = f"Layer({n_in}, {n_out}, rng, relu={relu})"
        return _of_class("Layer", label, make, [n_in] * n_out, n_out, seed, relu)

    kinds = [(2, 3, 1, False), (2, 1, 6, False), (3, 3, 2, False), (2, 3, 3, True), (3, 5, 4, True)]
    return [case(*kind) for kind in kinds]


def mlp_cases() -> list[Case]:
    def case(n_in, sizes, seed):
        widths = [a for a, b in zip([n_in, *sizes], sizes) for _ in range(b)]
        make = lambda MLP: MLP(n_in, sizes)  # noqa: E731
        return _of_class("MLP", f"MLP({n_in}, {sizes})", make, widths, sizes[-1], seed)

    kinds = [(2, [1], 1), (2, [3, 1], 2), (3, [4, 2], 3), (3, [3, 3, 2], 4), (2, [16, 16, 1], 5)]
    return [*(case(*kind) for kind in kinds), Case("MLP(2, [3, 1]) with seeds 0 and 1", _seeds)]


def _seeds(MLP):
    starts = [parameters_of(MLP(2, [3, 1], seed=seed)) for seed in (0, 1)]
    if starts[0][0].data == starts[1][0].data:
        return Wrong("Another seed gives the same weights. Use the argument: random.Random(seed).")
    return "different"


def wrong_outputs(case: Case, expected, got) -> str:
    """Advice on outputs of a layer or network about which no more is known."""
    if "Layer" in case.label:
        return "Every neuron reads *all* inputs xs; their nodes come in the order of the neurons."
    return "Each layer reads what the one before gives, and all but the last bend."
