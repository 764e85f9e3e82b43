"""Week 10: every gradient against autograd.

An attempt is given right and wrong backward passes. It must report an error that is one: below
1e-12 where the pass is right, and where it is wrong the error itself, in the norm that is asked for.
It is also watched: the caller's parameters stay as they are, and both sides get the same `lam`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import torch

from helpers.agreement import agree, show
from helpers.exercise import Wrong, exercise
from helpers.sandbox import Outcome
from helpers.weeks import week10_rules as rules
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week03_judge import listed
from helpers.weeks.week10_cases import OnTensors, networks
from helpers.weeks.week10_judge import LINES

NO_LEAF = "Autograd needs leaves: copies of the parameters with `requires_grad_()`."
SHARED = (
    "Your leaves are the caller's own tensors: after the call they require grad and keep a `.grad`. "
    "Called once more, the two gradients add up. Clone them first."
)
NO_GRAD = (
    "A `.grad` is None: an intermediate tensor keeps its own only after `retain_grad()`, and nothing "
    "has one before `backward()` is called on the loss."
)
SELFCHECK = (
    "A wrong backward pass shows no error in your table: you compare a backward pass with itself, or "
    "check another one than the one given as `backward`."
)
PENALTY = (
    "Only weights disagree, and the penalty is theirs alone: do both sides have the same `lam`?"
)
SMALL = (
    "Such an error is no rounding, which ends near 1e-16: do not round, stay in float64, and let "
    "nothing but autograd's norm into the divisor."
)
_CHANGES = {
    "the right backward pass": [],
    "a ReLU mask that is always true": [('(cache["Z2"] > 0)', '(cache["H2"] >= 0)')],
    "a penalty that is forgotten in dW2": [(' + l2_grad(cache["W2"], lam)', "")],
    "a factor 2 in db1 alone": [("db1 = dZ1.sum(dim=0)", "db1 = 2 * dZ1.sum(dim=0)")],
    "−1 times all gradients": [("dZ3 = dZ3 / N", "dZ3 = -dZ3 / N")],
}
_SIX = [(f'"d{name}": d{name}, ', "") for name in ("Z3", "H2", "Z2", "H1", "Z1")]
_SMALL = [("db2 = dZ2.sum(dim=0)", "db2 = dZ2.sum(dim=0) * (1 + 1e-9)")]


class Verification(OnTensors):
    """A case of `verify_all`: it may use autograd, on copies of the parameters."""

    def outcome(self, attempt: object, limit: float) -> Outcome:
        caught, gave = [], {}

        @functools.wraps(attempt)
        def watched(params, X, t, backward, lam):
            penalties = []

            def spied(cache, t, lam):
                penalties.append(lam)
                gave.update(backward(cache, t, lam))
                return dict(gave)

            try:
                found = attempt(params, X, t, spied, lam)
            except (TypeError, AttributeError) as error:  # as None raises them
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
        elif "can't retain_grad" in problem.detail:
            message = f"{problem.message} X needs no gradient: ask `if tensor.requires_grad` first."
        elif problem.error == "KeyError" and (why := _no_key(problem.detail.strip("'"), gave)):
            said, _, _ = problem.message.partition(" Print the keys")
            message = f"{said} {why}"
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
    if not missing:
        return "Every tensor of the cache has its `.grad`: something else is None there."
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


def _no_key(name: str, gave: Mapping) -> str | None:
    """Why a gradient's name is not found: in the cache none is, and not every pass gives it."""
    if name not in LINES or not gave:
        return None
    if name in gave:
        return "The names in the cache have no d: `cache[name[1:]]`."
    return (
        f"This backward pass gives {len(gave)} gradients, and you ask it for `{name}`. Walk through "
        "what it returns."
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
    _, params, X, t = networks()[1]
    small = rewritten(rules.backward, *_SMALL)
    wide = {**params, "W1": params["W1"] * 1e-6}
    for label, *args in (
        ("the right backward pass, with inputs in the millions", wide, X * 1e6, t, rules.backward, 0.1),
        ("the right backward pass, which gives the parameters' gradients alone", params, X, t,
         rewritten(rules.backward, *_SIX), 0.1),
        ("a part in 10⁹ too much in db2, where gradients are small",
         {**params, "W3": params["W3"] * 1e-4}, X, t, small, 0.0),
    ):  # fmt: skip
        made.append(Verification(label, args=tuple(args), autograd=True))
    return made


# ------------------------------------------------------------------ is it the error?


def errors(case: Verification, expected: Mapping, got) -> Wrong | str | None:
    """A judge of `verify_all`: the error of each gradient, in the 2-norm."""
    if not isinstance(got, Mapping):
        return f"Return a dict from the gradients' names to their errors; you give {show(got)}."
    missing = [name for name in expected if name not in got]
    if missing:
        return f"There is no error for {listed(missing)}: one for every gradient of `backward`."
    for name, error in expected.items():
        said = _of_one(name, error, got[name])
        if said and error > 1e-6 and all(agree(0.0, off) for off in got.values()):
            return Wrong(SELFCHECK, "SELFCHECK")
        if said and error >= 1e-12 and (why := _taken_for_it(case, expected, got)):
            return Wrong(f"{said[:-1]}: {why}", "NOTTHEERROR")
        if said:
            return f"{said} {PENALTY}" if _weights_alone(expected, got) else said
    return None


def _of_one(name: str, error: float, got) -> str | None:
    """What is wrong with one reported number, where `error` is right."""
    if isinstance(got, bool) or getattr(got, "dtype", None) in (torch.bool, np.bool_):
        return f"For `{name}` you give {bool(got)}. Give the error itself: its size tells a lot."
    if isinstance(got, str):
        return f"For `{name}` you give a text, {show(got)}. Give the number itself."
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
    if _near(yours, error):
        return None
    said = f"This `{name}` is wrong, and its error is {error:.2g}. You report {yours:.2g}."
    return said if error > 1e-6 else f"{said} {SMALL}"


def _weights_alone(expected: Mapping, got: Mapping) -> bool:
    """True if, of the right gradients, those of weights have errors, and no others."""
    right = [name for name, error in expected.items() if error < 1e-12]
    off = [name for name in right if not agree(0.0, got[name])]
    return bool(off) and all(name.startswith("dW") for name in off)


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-2 * abs(b)


def _taken_for_it(case: Verification, expected: Mapping, got: Mapping) -> str | None:
    """What is reported in place of the error, for every wrong gradient of this case."""
    params, X, t, backward, lam = case.args
    _, cache = rules.forward(params, X)
    checked, true = backward(cache, t, lam), rules.backward(cache, t, lam)
    wrong = [name for name, error in expected.items() if error >= 1e-12]
    for why, size in OTHER_SIZES.items():
        if all(_near(float(got[name]), size(checked[name], true[name])) for name in wrong):
            return why
    return None


def _off(mine: torch.Tensor, right: torch.Tensor, norm: Callable = torch.Tensor.norm) -> float:
    return float(norm(mine - right) / norm(right))


def _spectral(x: torch.Tensor) -> torch.Tensor:
    return torch.linalg.norm(x, 2)


_OTHER = "that is another norm, {}. Here a norm is the root of the sum of squares, `.norm()`."
OTHER_SIZES: dict[str, Callable[[torch.Tensor, torch.Tensor], float]] = {
    "that is its square. With a tolerance of 1e-12 it lets an error of 1e-6 pass. Take norms, not "
    "their squares.": lambda g, a: _off(g, a) ** 2,
    "that is in percent.": lambda g, a: 100 * _off(g, a),
    "you divide by the norm of the gradient that is being checked. Divide by autograd's: it is known "
    "to be right.": lambda g, a: float((g - a).norm() / g.norm()),
    "you divide by the sum of both norms. Divide by autograd's alone: it is known to be right.":
        lambda g, a: float((g - a).norm() / (g.norm() + a.norm())),
    "that says yes or no. How large an error is tells what is wrong.": lambda g, a: 1.0,
    "that is the norm of |g| − |a|, to which a wrong sign is invisible. Subtract the gradients "
    "themselves.": lambda g, a: _off(g.abs(), a.abs()),
    "you subtract two norms. Take the norm of the difference: other numbers may have the same norm.":
        lambda g, a: abs(float(g.norm() / a.norm()) - 1),
    _OTHER.format("the largest entry"): lambda g, a: _off(g, a, lambda x: x.abs().max()),
    _OTHER.format("the sum of the sizes"): lambda g, a: _off(g, a, lambda x: x.abs().sum()),
    _OTHER.format("the largest singular value"): lambda g, a: _off(g, a, _spectral),
}  # fmt: skip


verify_all = exercise(
    minutes=35,
    difficulty=2,
    version=3,
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
    ("SELFCHECK", SELFCHECK,
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
