"""Week 12, section 7: one network on four engines.

An engine is a function `engine(params, X, t) -> (loss, grads)` for the network of `helpers.mutants`
without a penalty: X·W1 + b1, tanh, ·W2 + b2, ReLU, ·W3 + b3, mean cross-entropy. Here are adapters
that make one of any scalar engine, any tensor engine and any backward pass by hand, and PyTorch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from helpers import mutants
from helpers.agreement import show
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week12_checks import by_pytorch


class Problem(NamedTuple):
    """A network to train for a few steps with all of its samples."""

    params: dict
    X: np.ndarray
    t: np.ndarray
    lr: float
    steps: int


def _problem() -> Problem:
    rng = np.random.default_rng(21)
    sizes = (5, 6, 6, 3)
    params = {n: p + 0.1 * rng.standard_normal(p.shape) for n, p in mutants.start(sizes).items()}
    return Problem(params, rng.standard_normal((8, 5)), np.arange(8) % 3, 0.5, 5)


NETWORK = _problem()
BOTH = ("loss", "gradient")


# ------------------------------------------------------------------ engines


def on_scalars(Value):
    """The network on a scalar engine: arrays that hold a Value for each number."""

    def engine(params, X, t):
        entry = np.vectorize(lambda x: Value(float(x)), otypes=[object])
        leaves = {name: entry(p) for name, p in params.items()}
        tanh = np.vectorize(lambda v: v.tanh(), otypes=[object])
        relu = np.vectorize(lambda v: v.relu(), otypes=[object])
        H1 = tanh(entry(X) @ leaves["W1"] + leaves["b1"])
        H2 = relu(H1 @ leaves["W2"] + leaves["b2"])
        Z3 = H2 @ leaves["W3"] + leaves["b3"]
        losses = [sum(z.exp() for z in row).log() - row[c] for row, c in zip(Z3, t)]
        loss = sum(losses) * (1 / len(t))
        loss.backward()
        grad = np.vectorize(lambda v: v.grad, otypes=[float])
        return loss.data, {"d" + name: grad(leaf) for name, leaf in leaves.items()}

    return engine


def on_tensors(Tensor):
    """The network on a tensor engine: a dozen nodes."""

    def engine(params, X, t):
        leaves = {name: Tensor(p) for name, p in params.items()}
        H1 = (X @ leaves["W1"] + leaves["b1"]).tanh()
        H2 = (H1 @ leaves["W2"] + leaves["b2"]).relu()
        loss = (H2 @ leaves["W3"] + leaves["b3"]).cross_entropy(t)
        loss.backward()
        return float(loss.data), {"d" + name: leaf.grad for name, leaf in leaves.items()}

    return engine


def on_paper(forward, backward):
    """The network by the forward and backward pass of week 10, on raw PyTorch tensors."""

    def engine(params, X, t):
        classes = torch.tensor(t)
        given = {name: torch.tensor(p) for name, p in params.items()}
        scores, cache = forward(given, torch.tensor(X))
        grads = backward(cache, classes, 0.0)
        loss = torch.nn.functional.cross_entropy(scores, classes)
        return loss.item(), {"d" + name: grads["d" + name].numpy() for name in params}

    return engine


def by_hand(params, X, t):
    """The network by hand, in NumPy."""
    grads = mutants.backward(mutants.forward(params, X)[1], t, 0.0)
    return mutants.loss(params, X, t), grads


def on_pytorch(params, X, t):
    """The network in PyTorch."""
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(
            torch.tensor(mutants.forward(params, X)[0]), torch.tensor(t)
        )
    return loss.item(), by_pytorch(params, X, t)


# ------------------------------------------------------------------ the exercise


SHARED = (
    "Your code changes the arrays of `NETWORK`: the next run, and every engine after this one, starts from what it has "
    "left. Make new arrays, `{name: p - lr * … for name, p in params.items()}`, or train copies."
)


FLOAT32 = (
    "A right engine is off by about 1e-7 in yours: PyTorch computes in float32 there. Hand it the float64 arrays as they "
    "are, `torch.tensor(p)`."
)


@contextlib.contextmanager
def _kept():
    """Puts the parameters of NETWORK back; the list that it gives then says whether it had to."""
    params, changed = NETWORK.params, []
    before = {name: p.copy() for name, p in params.items()}
    try:
        yield changed
    finally:
        if params.keys() != before.keys() or not all(
            map(np.array_equal, params.values(), before.values())
        ):
            changed.append(True)
            params.clear()
            params.update(before)


def _facts(make, *names: str):
    """What the answer says of an engine, as agreement or not; `names` are those that count."""

    def run(autograd_vs_engine):
        with threadpool_limits(1), _kept() as changed:
            said = autograd_vs_engine(make())
        if changed:
            return Wrong(SHARED, "INPLACE")
        if not isinstance(said, Mapping) or any(name not in said for name in BOTH):
            return Wrong(f'Return a dict, {{"loss": …, "gradient": …}}; you give {show(said)}.')
        if names == BOTH and all(1e-9 < said[name] < 1e-5 for name in BOTH):
            return Wrong(FLOAT32, "FLOAT32")
        return {f"the {name} agrees": bool(said[name] < 1e-9) for name in names}

    return run


def _mutant(k: int):
    def engine(params, X, t):
        grads = mutants.MUTANTS[k].backward(mutants.forward(params, X)[1], t, 0.0)
        return mutants.loss(params, X, t), grads

    return lambda: engine


def _changed(change):
    """By hand, with loss and gradients changed; `change` also gets the number of the call."""

    def make():
        calls = []

        def engine(params, X, t):
            calls.append(1)
            return change(*by_hand(params, X, t), len(calls))

        return engine

    return make


def _grads(function):
    return _changed(lambda loss, grads, n: (loss, {k: function(g, n) for k, g in grads.items()}))


def _first_step(name):
    """Off in one array, in the first step alone, and by so little that nothing comes after it."""
    return _changed(
        lambda loss, grads, n: (loss, {**grads, name: grads[name] * (1 + 2e-9 * (n == 1))})
    )


def _from(step):
    """Right in the steps before this one, and then off by one thousandth."""
    return _changed(
        lambda loss, grads, n: (loss, {k: g * (1 + 1e-3 * (n >= step)) for k, g in grads.items()})
    )


def _away_from_the_start():
    def engine(params, X, t):
        loss, grads = by_hand(params, X, t)
        moved = not np.array_equal(params["W3"], NETWORK.params["W3"])
        return loss, {name: g * (1 + 1e-3 * moved) for name, g in grads.items()}

    return engine


def _second_weights(loss, grads, _):
    return loss, {**grads, "dW2": grads["dW2"] * (1 + 1e-6)}


CHAIN_CASES = [
    Case("by hand: both agree", _facts(lambda: by_hand, *BOTH)),
    Case("PyTorch itself: both agree", _facts(lambda: on_pytorch, *BOTH)),
    Case("1/N forgotten", _facts(_mutant(0), "gradient")),
    Case("dW2 is off by one millionth", _facts(_changed(_second_weights), "gradient")),
    Case("dW2 transposed", _facts(_mutant(19), "gradient")),
    Case("only db1 is off, in the first step, by 2e-9", _facts(_first_step("db1"), "gradient")),
    Case("only dW1 is off, in the first step, by 2e-9", _facts(_first_step("dW1"), "gradient")),
    Case("the loss is 0.001 too high, the gradients are right",
         _facts(_changed(lambda loss, grads, _: (loss + 1e-3, grads)), *BOTH)),
    Case("right in the first step, piling up from then on",
         _facts(_grads(lambda g, n: n * g), "gradient")),
    Case("right at the start alone, off by 0.1% at any other parameters", _facts(_away_from_the_start, "gradient")),
    Case("off by 0.1% in the last step alone", _facts(_from(NETWORK.steps), "gradient")),
    Case("all gradients are 0", _facts(_grads(lambda g, _: 0 * g), "gradient")),
    Case("all gradients are NaN", _facts(_grads(lambda g, _: np.nan * g), "gradient")),
    Case("the loss is NaN", _facts(_changed(lambda _, grads, n: (np.nan, grads)), "loss")),
]  # fmt: skip


def _judge(case, expected, got) -> str | None:
    """What the answer says of an engine, against what that engine is."""
    for fact, holds in expected.items():
        if got[fact] != holds:
            name = fact.split()[1]
            says = "differs" if holds else "agrees"
            is_ = "agrees with PyTorch's to the last digits" if holds else "does not agree"
            return f"Of this engine the {name} {is_}, and by your number for it, it {says}."
    return None


@exercise(
    minutes=35,
    difficulty=3,
    cases=CHAIN_CASES,
    judge=_judge,
    hints=[
        "Two runs side by side: one takes its gradients from `engine`, the other from PyTorch's autograd. Both start from "
        "the same parameters and take the same number of steps. Compare in every step.",
        "PyTorch's side: leaves = {name: torch.tensor(p, requires_grad=True) …}, the three layers, "
        "torch.nn.functional.cross_entropy, loss.backward(), then leaf.grad.numpy().",
        "Collect all differences in two lists and take np.max at the end, which hands a NaN on. For a gradient: "
        "norm(a − b) / max(norm(a), norm(b)).",
    ],
)
def autograd_vs_engine(engine):
    """{"loss": …, "gradient": …}: how far an engine is from PyTorch while the network trains.

    engine(params, X, t) gives (loss, grads), with grads["dW1"] for params["W1"]. NETWORK holds
    params, X, t, lr, steps: gradient descent with all samples. "loss" is the largest relative
    difference of the losses over the steps, "gradient" that of all gradients, by norms.
    """
    params, X, t, lr, steps = NETWORK
    theirs = params
    losses, gradients = [], []
    for _ in range(steps):
        loss, grads = engine(params, X, t)
        leaves = {name: torch.tensor(p, requires_grad=True) for name, p in theirs.items()}
        H1 = torch.tanh(torch.tensor(X) @ leaves["W1"] + leaves["b1"])
        H2 = torch.relu(H1 @ leaves["W2"] + leaves["b2"])
        Z3 = H2 @ leaves["W3"] + leaves["b3"]
        right = torch.nn.functional.cross_entropy(Z3, torch.tensor(t))
        right.backward()
        losses.append(abs(loss - right.item()) / abs(right.item()))
        for name, leaf in leaves.items():
            a, b = grads["d" + name], leaf.grad.numpy()
            gradients.append(np.linalg.norm(a - b) / max(np.linalg.norm(a), np.linalg.norm(b)))
        params = {name: p - lr * grads["d" + name] for name, p in params.items()}
        theirs = {name: p - lr * leaves[name].grad.numpy() for name, p in theirs.items()}
    return {"loss": float(np.max(losses)), "gradient": float(np.max(gradients))}


for _code, _why, *_changes in [
    ("ONESTEP", "You compare the first step only. An engine that never clears its gradients is right there, and wrong from "
     "the second step on.",
     ("for _ in range(steps)", "for _ in range(1)")),
    ("NOTRAINING", "The parameters never change: you compare the start `steps` times. An engine that is right there and "
     "nowhere else passes.",
     ("p - lr * grads[\"d\" + name]", "p"), ("p - lr * leaves[name].grad.numpy()", "p")),
    ("SHORT", "The last step is left out: `steps` steps are compared, the last one too.",
     ("range(steps)", "range(steps - 1)")),
    ("FLOAT32", FLOAT32, ("torch.tensor(p, ", "torch.tensor(p, dtype=torch.float32, "),
     ("torch.tensor(X)", "torch.tensor(X).float()")),
    ("INPLACE", SHARED,
     ("        params = {name: p - lr * grads[\"d\" + name] for name, p in params.items()}\n",
      "        for name in params:\n            params[name] -= lr * grads[\"d\" + name]\n")),
    ("LASTONLY", "You return the difference of the last parameter in the last step. Keep the largest over everything.",
     ("np.max(gradients)", "gradients[-1]")),
    ("NANPASSES", "max(0.0, nan) is 0.0 in Python: an engine that gives NaN has passed. np.max hands it on.",
     ("losses, gradients = [], []", "losses, gradients = [0.0], [0.0]"),
     ("np.max(losses)", "max(losses)"), ("np.max(gradients)", "max(gradients)")),
    ("SELFTEST", "Both sides of your comparison come from `engine`. A check that asks the engine about itself cannot fail.",
     ("b = grads[\"d\" + name], leaf.grad.numpy()", "b = grads[\"d\" + name], engine(params, X, t)[1][\"d\" + name]"),
     ("abs(loss - right.item())", "abs(loss - engine(params, X, t)[0])")),
    ("NOLOSS", "The loss of the engine is never looked at: gradients can be right and the value wrong, "
     "and a gradient check cannot see it.",
     ("abs(loss - right.item()) / abs(right.item())", "0.0")),
    ("WEIGHTSONLY", "You compare the weights and forget the biases.",
     ("        for name, leaf in leaves.items():\n            a, b",
      "        for name, leaf in leaves.items():\n            if name[0] == \"b\":\n                continue\n            a, b")),
    ("LOOSE", "You call 1e-3 the same: what is below it counts as 0 in yours.",
     ("float(np.max(gradients))", "float(np.max(np.where(np.array(gradients) < 1e-3, 0, gradients)))")),
]:  # fmt: skip
    autograd_vs_engine.mistake(_code, _why)(rewritten(autograd_vs_engine.reference, *_changes))
