"""Week 12, section 7: the judge of the chain, and the engines that it must tell apart.

Right ones agree with PyTorch; the others are off in one place, step, or number.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from helpers import mutants
from helpers.agreement import show
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week12_engines import NETWORK, by_hand, on_pytorch

BOTH = ("loss", "gradient")
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


OWNSTEP = (
    "The second time your code asks the engine, it gives it other parameters than one step of descent with the engine's *own* "
    "gradients leads to. Keep two sets: the engine's, and PyTorch's, each with p − lr·(its own gradient)."
)


def _own_steps(autograd_vs_engine):
    """Which parameters is an engine given, whose gradients are 1% off?"""
    asked, lr = [], NETWORK.lr

    def engine(params, X, t):
        loss, grads = by_hand(params, X, t)
        grads = {name: 1.01 * g for name, g in grads.items()}
        start = {n: p.copy() for n, p in params.items()}
        if not asked or not _close(asked[-1][0], start):  # it may be asked twice
            asked.append((start, {n: p - lr * grads["d" + n] for n, p in start.items()}))
        return loss, grads

    with threadpool_limits(1), _kept():
        said = autograd_vs_engine(engine)
    if not all(_close(step, given) for (_, step), (given, _) in zip(asked, asked[1:])):
        return Wrong(OWNSTEP, "OWNSTEP")
    return {f"the {name} agrees": bool(said[name] < 1e-9) for name in BOTH}


def _close(a, b) -> bool:
    return all(np.allclose(a[n], b[n], rtol=1e-9, atol=1e-9) for n in b)


def _numbers(autograd_vs_engine):
    """A loss half too high, and gradients that are doubled in the last step."""
    with threadpool_limits(1), _kept():
        said = autograd_vs_engine(
            _changed(
                lambda loss, grads, n: (
                    1.5 * loss,
                    {k: g * (1 + (n >= NETWORK.steps)) for k, g in grads.items()},
                )
            )()
        )
    if not np.isclose(said["gradient"], 0.5, rtol=1e-6):
        return Wrong(
            f"A gradient that is doubled in one step has the error 0.5, ‖a − b‖ over the larger norm; by yours {show(said['gradient'])}.",
            "RELERR",
        )
    if not np.isclose(said["loss"], [1 / 2, 1 / 3], rtol=1e-6).any():
        return Wrong(
            f"A loss half too high is off by 0.5, relative to PyTorch's; by yours {show(said['loss'])}. Divide.",
            "RELERR",
        )
    return "as they should be"


def _mutant(k: int):
    def engine(params, X, t):
        grads = mutants.MUTANTS[k].backward(mutants.forward(params, X)[1], t, 0.0)
        return mutants.loss(params, X, t), grads

    return lambda: engine


def _changed(change):
    """By hand, with loss and gradients changed; `change` also gets the number of the step."""

    def make():
        steps = []

        def engine(params, X, t):
            if not steps or not _close(steps[-1], params):  # an engine may be asked twice in a step
                steps.append({name: p.copy() for name, p in params.items()})
            return change(*by_hand(params, X, t), len(steps))

        return engine

    return make


def _times(factor):
    return _changed(lambda loss, grads, n: (loss, {k: factor * g for k, g in grads.items()}))


def _never_cleared():
    total = {}

    def engine(params, X, t):
        loss, grads = by_hand(params, X, t)
        for name, g in grads.items():
            total[name] = total.get(name, 0) + g
        return loss, dict(total)

    return engine


def _first_step(name):
    """Off in one array, in the first step alone, and by so little that nothing comes after it."""
    return _changed(
        lambda loss, grads, n: (loss, {**grads, name: grads[name] * (1 + 2e-9 * (n == 1))})
    )


def _last_step(name):
    return _changed(
        lambda loss, grads, n: (
            loss,
            {**grads, name: grads[name] * (1 + 0.01 * (n == NETWORK.steps))},
        )
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
    Case("gradients 1% off, with the right loss: in step 2 the loss differs, too", _own_steps),
    Case("only the loss of step 1 is off, by 0.1%",
         _facts(_changed(lambda loss, grads, n: (loss * (1 + 1e-3 * (n == 1)), grads)), *BOTH)),
    Case("only db1 is off, in the last step, by 1%", _facts(_last_step("db1"), "gradient")),
    Case("only db1 is off, in the first step, by 2e-9", _facts(_first_step("db1"), "gradient")),
    Case("only dW1 is off, in the first step, by 2e-9", _facts(_first_step("dW1"), "gradient")),
    Case("the loss is 0.001 too high, the gradients are right",
         _facts(_changed(lambda loss, grads, _: (loss + 1e-3, grads)), *BOTH)),
    Case("right in the first step, piling up from then on",
         _facts(_never_cleared, "gradient")),
    Case("right at the start alone, off by 0.1% at any other parameters", _facts(_away_from_the_start, "gradient")),
    Case("off by 0.1% in the last step alone", _facts(_from(NETWORK.steps), "gradient")),
    Case("all gradients are 0", _facts(_times(0.0), "gradient")),
    Case("all gradients are NaN", _facts(_times(np.nan), "gradient")),
    Case("a loss half too high, gradients doubled in the last step", _numbers),
    Case("the loss is NaN", _facts(_changed(lambda _, grads, n: (np.nan, grads)), "loss")),
]  # fmt: skip


def _judge(case, expected, got) -> str | None:
    """What the answer says of an engine, against what that engine is."""
    for fact, holds in expected.items():
        if got[fact] != holds:
            name = fact.split()[1]
            says = "differs" if holds else "agrees"
            is_ = "agrees with PyTorch's to the last digits" if holds else "does not agree"
            lost = " A slip in the first step is lost in yours: keep the largest over steps *and* arrays."
            return f"Of this engine the {name} {is_}, and by your number for it, it {says}." + (
                lost if "in the first step" in case.label or "step 1" in case.label else ""
            )
    return None


@exercise(
    minutes=35,
    difficulty=3,
    version=2,
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
    """{"loss": …, "gradient": …}: how far an engine is from PyTorch.

    engine(params, X, t) gives (loss, grads), with grads["dW1"] for
    params["W1"]. NETWORK holds params, X, t, lr, steps: gradient descent
    with all samples, on each side with its own gradients. "loss" is the
    largest relative difference from PyTorch's loss over the steps,
    "gradient" the largest ‖a − b‖ / max(‖a‖, ‖b‖) over steps and arrays.
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
    ("SAMEPARAMS", "Both sides are asked at the engine's parameters, so that a difference cannot grow: an engine whose gradients are 1% "
     "off has the right loss in each step. PyTorch trains beside it, with its own gradients.",
     ("for name, p in theirs.items()}\n        H1", "for name, p in params.items()}\n        H1")),
    ("OWNSTEP", OWNSTEP, ("p - lr * grads[\"d\" + name]", "p - lr * leaves[name].grad.numpy()")),
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
