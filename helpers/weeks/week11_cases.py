"""Week 11: what its exercises are tried on.

Random weights are asked for twice, so that a generator which is ignored or made anew shows. The
networks of `std_per_layer` and `grad_std_per_layer` get weights from here in the place of `init`:
rows, columns and layers of them differ in size, so that a missing transpose or the slope of another
layer shows in a single number, and the learner's own batch hardly matters.
"""

from __future__ import annotations

import contextlib
import copy
from functools import cache, partial

import numpy as np

from helpers.agreement import show
from helpers.exercise import Arguments, Case, Wrong
from helpers.graph import number
from helpers.weeks import week11_judge as judge

EXACT = 1e-3  # relative; float32 stays well below, a bias of 0.01 or a leak of 0.01 does not
KINDS = ("small", "one", "xavier", "he", "default", "orthogonal")
N, WIDTH = 200, 128  # rows and units of the deep networks
SLACK = 0.11  # relative; another batch moves the numbers of a deep network by 0.08 at most


def case(label: str, *args) -> Arguments:
    return Arguments(label, args=args)


# ------------------------------------------------------------------ weights


def init_cases() -> list[Case]:
    """Many weights where their std is measured, few where they are orthogonal or not."""
    made = [(kind, 120, 200) for kind in KINDS[:-1]]
    made += [("he", 200, 120), ("default", 200, 120), ("xavier", 150, 150)]
    made += [("orthogonal", *shape) for shape in ((12, 20), (20, 12), (15, 15))]
    return [
        Case(f"{kind}, n_in = {n_in}, n_out = {n_out}", _drawn_twice(kind, n_in, n_out))
        for kind, n_in, n_out in made
    ]


def _drawn_twice(kind, n_in, n_out):
    """What is wrong with the weights of an attempt, or with the way it uses its generator."""

    def run(attempt):
        rng = np.random.default_rng(11)
        first, second = attempt(kind, n_in, n_out, rng), attempt(kind, n_in, n_out, rng)
        again = attempt(kind, n_in, n_out, np.random.default_rng(11))
        wrong = judge.weights(kind, n_in, n_out, first)
        if wrong:
            return wrong
        if np.array_equal(first, second):
            return Wrong(
                f"{kind}: two calls in a row give the same weights, so all layers would be equal. Draw "
                "from rng, and do not make a new one.",
                "RESEED",
            )
        if not np.array_equal(first, again):
            return Wrong(
                f"{kind}: two generators with the same seed give different weights. Draw all of them "
                "from rng, and nothing from np.random.",
                "GLOBALRNG",
            )
        return "as asked"

    return run


# ------------------------------------------------------------------ deep networks


@cache
def probe(kind: str, layer: int) -> np.ndarray:
    """Weights of one layer, (WIDTH, WIDTH), whose rows and columns have their own sizes.

    Those of "one" give all units of a row the same z, nine of ten with the same sign: within a row
    there is another std than over all of them, however many rows there are.
    """
    if kind == "one":
        unit = np.arange(WIDTH)
        return np.outer((-1.0) ** unit, np.where(unit % 10, 4.0, -4.0))
    rng = np.random.default_rng(100 + layer)
    uneven = np.linspace(0.2, 2.2, WIDTH)
    W = rng.standard_normal((WIDTH, WIDTH)) + 0.4 * np.linspace(-1, 1, WIDTH)
    W = W * uneven if layer % 2 else W * uneven[:, None]
    return W * (0.8 if layer % 3 else 1.6) / np.sqrt(WIDTH)


NETWORKS = ("he", "relu", 4), ("xavier", "tanh", 4), ("small", "relu", 1), ("he", "tanh", 1)


def signal_cases(*references) -> list[Case]:
    """The last case asks for the numbers of one of the references, where the draws are theirs."""
    last = "he", "relu", 2
    right = [_deep(*last, _other_inputs).run(reference) for reference in references]
    first = [_deep(*network, _other_inputs) for network in (("one", "tanh", 3), *NETWORKS)]
    return [*first, _deep(*last, partial(_to_the_last_digit, right))] if references else first


def gradient_cases() -> list[Case]:
    return [_deep(*network, _other_gradient) for network in NETWORKS]


def _deep(kind: str, act: str, depth: int, draws) -> Case:
    label = f"{kind}, {act}, {depth} layer{'s' * (depth > 1)}"
    return Case(label, _with_probes(kind, act, depth, draws))


def _with_probes(kind, act, depth, draws):
    """The result of an attempt while its `init` gives the probes, one after another.

    `draws` looks at a result and at the attempt's generator as it was before the first weights.
    """

    def run(attempt):
        calls, drawn, untouched = [], [], []

        def given(kind, n_in, n_out, rng):
            with contextlib.suppress(TypeError):  # the module np.random has no copy
                untouched.append(copy.deepcopy(rng))
            calls.append((kind, n_in, n_out))
            drawn.append(float(rng.standard_normal()))
            return probe(wanted[0], min(len(calls), depth + 1)).copy()

        wanted = kind, WIDTH, WIDTH
        given.__qualname__ = "init"  # as an error calls it
        space = getattr(attempt, "__globals__", {})
        own = {"init": space["init"]} if "init" in space else {}
        space["init"] = given
        try:
            result = attempt(kind, act, depth)
        finally:
            del space["init"]
            space.update(own)
        if len(set(drawn)) < len(drawn):
            return Wrong(FRESH, "RESEED")
        wrong = _misused(calls, wanted, depth)
        if not wrong and untouched:
            rows = _rows_drawn(untouched[0])
            with contextlib.suppress(Exception):  # the result can be anything
                wrong = _fewer(rows) or draws(untouched[0], rows == N, kind, act, result)
        return wrong or result

    return run


@cache
def _states() -> list[dict]:
    """The states of default_rng(0) after 0, 1, 2, … rows of inputs."""
    rng = np.random.default_rng(0)
    found = [rng.bit_generator.state]
    for _ in range(N):
        rng.standard_normal(WIDTH)
        found.append(rng.bit_generator.state)
    return found


def _rows_drawn(rng) -> int | None:
    """How many rows of inputs default_rng(0) has given when it is where rng is; None if elsewhere."""
    state, known = rng.bit_generator.state, _states()
    return known.index(state) if state in known else None


def _fewer(rows: int | None) -> Wrong | None:
    """0 rows: the weights may come first."""
    if not rows or rows == N:
        return None
    return Wrong(
        f"Before the first weights your rng gives a batch of {rows} row{'s' * (rows > 1)}. {N} are asked for: "
        f"rng.standard_normal(({N}, {WIDTH}))."
    )


def _other_inputs(rng, ours: bool, kind: str, act: str, result) -> Wrong | None:
    """What is wrong if the inputs are the very numbers that the weights' generator gives first."""
    z = rng.standard_normal((N, WIDTH)) @ probe(kind, 1)
    h = np.maximum(z, 0) if act == "relu" else np.tanh(z)
    return Wrong(TWICE, "RESEED") if abs(result[0] / h.std() - 1) < 1e-9 else None


def _to_the_last_digit(right: list, rng, ours: bool, kind: str, act: str, result) -> Wrong | None:
    """What is wrong with numbers that chance would allow, but not with these very draws."""
    off = min(np.abs(np.divide(result, exact) - 1).max() for exact in right)
    if not ours or not EXACT < off < SLACK:
        return _other_inputs(rng, ours, kind, act, result)
    k = int(np.abs(np.divide(result, right[0]) - 1).argmax())
    return Wrong(
        "Near, but your rng gives the very numbers of the solution, so chance has no part in it. "
        f"Layer {k + 1}: {number(float(right[0][k]))} is expected, but you give {number(float(result[k]))}. Take the batch as it "
        "is drawn, without a bias, a leak or a factor."
    )


def _other_gradient(rng, ours: bool, kind: str, act: str, result) -> Wrong | None:
    """What is wrong if ∂L/∂h of the last layer is the inputs again, number by number."""
    inputs = np.random.default_rng(0).standard_normal((N, WIDTH))
    return Wrong(INPUTS, "RESEED") if ours and abs(result[-1] / inputs.std() - 1) < 1e-9 else None


INPUTS = (
    "∂L/∂h of the last layer comes from a second generator with the same seed: it is the inputs again. Draw it from rng, "
    "after the weights."
)
TWICE = (
    "Inputs and weights come from two generators with the same seed: the weights of layer 1 are the first inputs. "
    "Make one rng, draw the batch from it, and hand it on."
)
FRESH = (
    "Each call of `init` gets a fresh generator with the same seed, so all layers would have the same weights. Make one "
    "rng before the loop, and hand it on."
)


def _misused(calls: list[tuple], wanted: tuple, depth: int) -> Wrong | None:
    """What is wrong with the way an attempt draws its weights."""
    if not calls:
        return Wrong(f"Draw each layer's weights by {_call(wanted)}: `init` is never called.")
    other = next((call for call in calls if call != wanted), None)
    if other:
        return Wrong(f"`init` is called as {_call(other)}; wanted is {_call(wanted)}.")
    if len(calls) == 1 < depth:
        return Wrong(
            f"`init` is called once for {depth} layers: they would all have the same weights. Each layer "
            "needs a draw of its own.",
            "SAMEWEIGHTS",
        )
    if len(calls) != depth:
        again = " Going back, use the W of the way forward: keep them in a list."
        why = again if len(calls) in (2 * depth - 1, 2 * depth) else ""
        if len(calls) == depth - 1:
            why = " The input is not layer 1: the h after the first weights is."
        return Wrong(f"`init` is called {len(calls)} times for {depth} layers.{why}")
    return None


def _call(asked: tuple) -> str:
    return f"`init({', '.join(map(show, asked))}, rng)`"


def theory_cases() -> list[Arguments]:
    made = [("linear", 0.5, 3, 4), ("relu", 0.125, 128, 6), ("relu", 0.3, 50, 3)]
    made += [("tanh", 0.0625, 256, 8), ("tanh", 0.2, 100, 4), ("linear", 0.1, 81, 2)]
    return [case(f"{act}, s = {s}, n = {n}, depth {d}", act, s, n, d) for act, s, n, d in made]


# ------------------------------------------------------------------ the start of a training

_ROWS = [[0.3, -0.6], [0.3, -0.6], [0.3, -0.6]]
_MIXED = [[0.1, 0.3], [-0.2, 0.7], [0.5, 0.9], [-0.8, -0.4]]  # others on either side of unit 0


def symmetry_cases() -> list[Arguments]:
    equal, uneven = [[0.1, 0.1]] * 3, [0.4, -0.7, 0.2]
    made = [
        ("all weights 0", [[0.0, 0.0]] * 3, [0.0] * 3, "tanh", 1),
        ("all weights 0.1", equal, [0.1] * 3, "tanh", 5),
        ("three equal units", _ROWS, [0.5] * 3, "tanh", 20),
        ("W1 equal, W2 mixed", equal, uneven, "tanh", 1),
        ("W1 equal, W2 mixed", _ROWS, uneven, "tanh", 12),
        ("W1 mixed, W2 = 0", _MIXED, [0.0] * 4, "tanh", 3),
        ("W1 = 0, W2 mixed, relu", [[0.0, 0.0]] * 3, uneven, "relu", 4),
        ("all mixed", _MIXED, [0.6, -0.5, 0.3, 0.8], "relu", 7),
        ("first weights equal", [[0.3, -0.6], [0.3, 0.2], [0.3, 0.9]], uneven, "tanh", 1),
    ]
    return [
        case(
            f"{label}{'' if act in label else ', ' + act}, {steps} step{'s' * (steps > 1)}",
            W1,
            W2,
            act,
            steps,
        )
        for label, W1, W2, act, steps in made
    ]


def loss_cases() -> list[Arguments]:
    made = [(10, 0.0), (2, 0.0), (10, 0.5), (10, 1.0), (3, 2.0), (10, 4.0), (30, 1.0), (10, 300.0)]
    return [case(f"C = {C}, s = {s:g}", C, s) for C, s in made]


def activation_cases() -> list[Arguments]:
    rng = np.random.default_rng(14)
    some = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 1.5], [0.0, 0.0, 0.0]])
    made = [case(f"H = {some.tolist()}", some)]
    for shape, dead in (((6, 5), [1, 4]), ((5, 5), [0]), ((4, 8), []), ((9, 4), [0, 1, 2, 3])):
        H = np.maximum(np.round(rng.standard_normal(shape), 2), 0)
        H[0, :] += 0.25  # no unit is dead by chance
        H[:, dead] = 0.0
        H[-1] = 0.0  # one input at which all of them are silent
        made.append(case(f"H of shape {shape}, {len(dead)} dead", H))
    rare = np.zeros((250, 4))  # silent nearly always, constant, late, and dead
    rare[120, 0], rare[:, 1], rare[200:210, 2] = 0.0005, 2.0, 1.0
    made.append(
        case(
            "H of shape (250, 4): a unit that fires once, one that is constant, one that is late",
            rare,
        )
    )
    return made


def lsuv_cases() -> list[Arguments]:
    rng = np.random.default_rng(15)
    made = []
    for N_rows, sizes in ((3, (2, 2)), (8, (4, 6, 3)), (10, (5, 5, 5, 5))):
        X = np.round(rng.standard_normal((N_rows, sizes[0])), 2)
        layers = [
            np.round(rng.standard_normal(shape), 2) for shape in zip(sizes, sizes[1:], strict=False)
        ]
        label = f"X of shape {X.shape}, layers {'-'.join(map(str, sizes))}"
        made.append(case(label, layers, X))
    return made
