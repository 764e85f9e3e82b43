"""Week 10: every gradient against autograd.

An attempt is given right and wrong backward passes. It must report an error that is one: below
1e-12 where the pass is right, and where it is wrong the error itself, in one of the usual norms. It
is also watched: the caller's parameters stay as they are, and both sides get the same `lam`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch

from helpers.agreement import agree, show
from helpers.exercise import Wrong, exercise
from helpers.sandbox import Outcome
from helpers.weeks import week10_rules as rules
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week10_cases import OnTensors, networks
from helpers.weeks.week10_judge import listed

NO_LEAF = "Autograd needs leaves: copies of the parameters with `requires_grad_()`."
SHARED = (
    "Your leaves are the caller's own tensors: after the call they require grad and keep a `.grad`. "
    "Called once more, the two gradients add up. Clone them first."
)
NO_GRAD = (
    "A `.grad` is None: an intermediate tensor keeps its own only after `retain_grad()`, and nothing "
    "has one before `backward()` is called on the loss."
)
PENALTY = (
    "Only weights disagree, and the penalty is theirs alone: do both sides have the same `lam`?"
)
_CHANGES = {
    "the right backward pass": [],
    "a ReLU mask that is always true": [('(cache["Z2"] > 0)', '(cache["H2"] >= 0)')],
    "a penalty that is forgotten in dW2": [(' + l2_grad(cache["W2"], lam)', "")],
    "a factor 2 in db1 alone": [("db1 = dZ1.sum(dim=0)", "db1 = 2 * dZ1.sum(dim=0)")],
    "−1 times all gradients": [("dZ3 = dZ3 / N", "dZ3 = -dZ3 / N")],
}


class Verification(OnTensors):
    """A case of `verify_all`: it may use autograd, on copies of the parameters."""

    def outcome(self, attempt: object, limit: float) -> Outcome:
        caught = []

        @functools.wraps(attempt)
        def watched(params, X, t, backward, lam):
            penalties = []

            def spied(cache, t, lam):
                penalties.append(lam)
                return backward(cache, t, lam)

            try:
                found = attempt(params, X, t, spied, lam)
            except Exception as error:
                caught.append(_none_of(error))
                raise
            if any(p.requires_grad or p.grad is not None for p in params.values()):
                return Wrong(SHARED, "SHARED")
            others = [used for used in penalties if used != lam]
            if others:
                return Wrong(
                    f"`lam` is an argument, {lam} here, and you call `backward` with {others[0]}. "
                    "Hand it on, to `loss_of` and to `backward`.", "FIXEDLAM")  # fmt: skip
            return found

        outcome = super().outcome(watched, limit)
        problem = outcome.problem
        if problem is None:
            return outcome
        if "does not require grad" in problem.detail:
            message = f"{problem.message} {NO_LEAF}"
        elif "NoneType" in problem.detail:
            said, _, _ = problem.message.partition(" Something there is None")
            message = f"{said} {caught[0] if caught else NO_GRAD}"
        else:
            return outcome
        return replace(outcome, problem=replace(problem, message=message))


def _none_of(error: Exception) -> str:
    """Why a `.grad` is None, from the cache that the failing function had."""
    trace, cache = error.__traceback__, None
    while trace is not None:
        local = trace.tb_frame.f_locals.values()
        cache = next((x for x in local if isinstance(x, dict) and "Z1" in x), cache)
        trace = trace.tb_next
    if cache is None:
        return NO_GRAD
    tensors = {name: x for name, x in cache.items() if name[0] in "WbZH"}
    missing = [name for name, x in tensors.items() if x.grad is None]
    if len(missing) == len(tensors):
        return "No tensor of the cache has a `.grad`: has nobody called `backward()` on the loss?"
    if any(name[0] in "Wb" for name in missing):
        return (
            f"{listed(missing)} got no `.grad`: each must be a leaf that requires grad, and the cache "
            "must hold it itself."
        )
    return (
        f"{listed(missing)} kept no `.grad`: call `retain_grad()` on each, *before* `backward()`."
    )


def verify_cases():
    """A network, and a backward pass that is right or has one wrong line."""
    made = []
    on = zip(_CHANGES.items(), networks()[:3] * 2, (0.1, 0.0, 1.0, 0.1, 0.5))
    for (name, changes), (label, params, X, t), lam in on:
        backward = rewritten(rules.backward, *changes)
        made.append(
            Verification(f"{name}; {label}", args=(params, X, t, backward, lam), autograd=True)
        )
    label, params, X, t = networks()[1]
    params, X = {**params, "W1": params["W1"] * 1e-6}, X * 1e6
    label = "the right backward pass, with inputs in the millions"
    args = (params, X, t, rules.backward, 0.1)
    return [*made, Verification(label, args=args, autograd=True)]


# ------------------------------------------------------------------ is it the error?


def errors(case: Verification, expected: Mapping, got) -> Wrong | str | None:
    """A judge of `verify_all`: the error of each gradient, in the 2-norm or another usual one."""
    if not isinstance(got, Mapping):
        return f"Return a dict from the gradients' names to their errors; you give {show(got)}."
    missing = [name for name in expected if name not in got]
    if missing:
        return f"There is no error for {listed(missing)}: one for every gradient of `backward`."
    params, X, t, backward, lam = case.args
    _, cache = rules.forward(params, X)
    checked, true = backward(cache, t, lam), rules.backward(cache, t, lam)
    for name, error in expected.items():
        said = _of_one(name, error, got[name], checked[name], true[name])
        if said and _weights_alone(expected, got):
            return f"{said} {PENALTY}"
        if said:
            return said
    return None


def _of_one(name: str, error: float, got, *pair: torch.Tensor) -> Wrong | str | None:
    """What is wrong with one reported number; `pair` is the gradient checked and the right one."""
    if isinstance(got, bool) or getattr(got, "dtype", None) in (torch.bool, np.bool_):
        return f"For `{name}` you give {bool(got)}. Give the error itself: its size tells a lot."
    try:
        yours = float(got)
    except (TypeError, ValueError):
        return f"For `{name}` a number is expected, but you give {show(got)}."
    if not np.isfinite(yours):
        return f"The error of `{name}` is {yours}."
    if error < 1e-12:
        small = "smaller than 1e-12, relative to the size of the gradient"
        off = f"This `{name}` is right: its error is {small}. You report {yours:.1e}."
        return None if abs(yours) < 1e-12 else off
    if any(_near(yours, norm) for norm in _norms(*pair)):
        return None
    said = f"This `{name}` is wrong, and its error is {error:.2g}. You report {yours:.2g}"
    sizes = _other_sizes(*pair)
    why = next((why for size, why in sizes.items() if _near(yours, size)), "")
    return Wrong(f"{said}: {why}", "NOTTHEERROR") if why else f"{said}."


def _weights_alone(expected: Mapping, got: Mapping) -> bool:
    """True if, of the right gradients, those of weights have errors, and no others."""
    right = [name for name, error in expected.items() if error < 1e-12]
    off = [name for name in right if not agree(0.0, got[name])]
    return bool(off) and all(name.startswith("dW") for name in off)


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-2 * abs(b)


def _norms(mine: torch.Tensor, right: torch.Tensor) -> list[float]:
    """The relative error of a gradient in the 2-norm, the largest entry, and the sum of entries."""
    return [
        float(torch.linalg.vector_norm(mine - right, p) / torch.linalg.vector_norm(right, p))
        for p in (2, torch.inf, 1)
    ]


def _other_sizes(mine: torch.Tensor, right: torch.Tensor) -> dict[float, str]:
    """Numbers that are taken for the error, and what each of them is."""
    error, apart = _norms(mine, right)[0], (mine - right).norm()
    return {
        error
        ** 2: "that is its square. With a tolerance of 1e-12 it lets an error of 1e-6 pass. Take "
        "norms, not their squares.",
        100 * error: "that is in percent.",
        float(apart / mine.norm()): "you divide by the norm of the gradient that is being checked. "
        "Divide by autograd's: it is known to be right.",
        float(
            apart / (mine.norm() + right.norm())
        ): "you divide by the sum of both norms. Divide by "
        "autograd's alone: it is known to be right.",
        1.0: "that says yes or no. How large an error is tells what is wrong.",
    }


verify_all = exercise(
    minutes=35,
    difficulty=2,
    version=2,
    cases=verify_cases,
    judge=errors,
    hints=[
        "Your forward works on any tensors: give it copies of the parameters that require grad, and "
        "the cache it returns is autograd's own graph.",
        "Intermediate tensors keep no gradient unless you ask: `retain_grad()` on each of them before "
        "`loss_of(cache, t, lam).backward()` (week 7).",
        "mine = backward({name: x.detach() for name, x in cache.items()}, t, lam). For each name of "
        "mine compare with cache[name[1:]].grad: norm of the difference over norm of autograd's.",
    ],
)(rules.verify_all)

_NORM = "((grad - right).norm() / right.norm()).item()"
for _code, _why, *_changes in [
    ("RELERR", "You report the absolute difference. Gradients in the millions differ by 10⁻¹⁰ from "
     "rounding alone: divide by the norm of autograd's.",
     (_NORM, "(grad - right).norm().item()")),
    ("SELFCHECK", "A wrong backward pass shows no error in your table: you compare a backward pass with "
     "itself, or check another one than the one given as `backward`.",
     ("mine = backward(", 'mine = globals()["backward"](')),
    ("L2FACTOR", "The weights' gradients disagree: autograd's loss lacks the penalty, and `backward` "
     "has it. Both sides need the same lam.",
     ("loss_of(cache, t, lam).backward()", "loss_of(cache, t, 0.0).backward()")),
    ("SIGNED", "You add up signed differences: they cancel, so a wrong gradient may look right. Take a "
     "norm.",
     (_NORM, "(abs((grad - right).sum()) / right.norm() * 1e-12).item()")),
    ("LEAVESONLY", "Only the parameters are compared. A wrong line shows first in an intermediate "
     "gradient: retain_grad() keeps those of Z and H, too.",
     ("    for name, grad in mine.items():\n",
      "    for name, grad in mine.items():\n        if name[1:] not in params:\n            continue\n")),
]:  # fmt: skip
    verify_all.mistake(_code, _why)(rewritten(rules.verify_all, *_changes))
