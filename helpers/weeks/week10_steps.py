"""Week 10: what its steps of descent are tried on, and what is wrong with a step or a state.

A step gets copies of parameters and gradients and must leave them alone. Adam takes several steps,
each from the state that the attempt itself returned; what the state holds is left open, and is
looked at only where a step fails.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch

from helpers.agreement import show
from helpers.exercise import Case, Wrong
from helpers.weeks.week04_cases import away_from_zero
from helpers.weeks.week10_cases import by_hand, network, raw, tensor

TENSORS_CHANGED = (
    "You change the tensors of the caller (`-=` works in place). The cache of a forward pass holds "
    "references to them, so a later backward would go through weights that have moved. Make new "
    "tensors."
)
FIRST_STEP = (
    "Steps are counted from 1. With the count of the steps *before* this one the first correction "
    "divides by 0."
)
GRADS_CHANGED = "You change the gradients of the caller. Make new tensors from them."
DICT_CHANGED = (
    "You put the new tensors into the caller's own dict, and it still needs the old ones. Build a "
    "new dict."
)


def _with_inner(grads: dict, *shape: int) -> dict:
    """Gradients as `backward` gives them: there are more than there are parameters."""
    return {"dZ3": torch.zeros(shape, dtype=torch.float64), **grads}


def sgd_cases():
    rng = np.random.default_rng(102)
    made = []
    for sizes, lr in (((2, 1),), 0.1), (((3, 2), (2,)), 0.5):
        names = ("W1", "b1")[: len(sizes)]
        params = {n: tensor(away_from_zero(rng, *s)) for n, s in zip(names, sizes)}
        grads = {"d" + n: tensor(away_from_zero(rng, *s)) for n, s in zip(names, sizes)}
        label = f"{', '.join(f'{n} of shape {s}' for n, s in zip(names, sizes))}, lr = {lr}"
        made.append(Case(label, _sgd_run(params, _with_inner(grads, 2, 1), lr)))
    return made


def _sgd_run(params: dict, grads: dict, lr: float):
    return lambda sgd_step: carefully(sgd_step, copy.deepcopy(params), copy.deepcopy(grads), lr)


def carefully(step, params: dict, grads: dict, *rest):
    """What step(params, grads, …) gives; `Wrong` where it changes what belongs to the caller."""
    tensors = [(had, name, x, x.clone()) for had in (params, grads) for name, x in had.items()]
    with by_hand():
        given = step(params, grads, *rest)
    for had, _, x, before in tensors:
        if not torch.allclose(x, before, rtol=0, atol=0, equal_nan=True):
            return Wrong(TENSORS_CHANGED, "INPLACE") if had is params else Wrong(GRADS_CHANGED)
    if any(had.get(name) is not x for had, name, x, _ in tensors):
        return Wrong(DICT_CHANGED, "INPLACE")
    return given


def train_cases():
    rng = np.random.default_rng(103)
    made = []
    for steps, lr, lam in ((1, 0.1, 0.0), (3, 0.3, 0.1), (4, 0.2, 1.0)):
        params, _, _ = network(rng, 4, 3, 4, 5, 3)
        rows = [4] * (steps - 1) + [4 if steps == 1 else 3]
        data = [network(rng, N, 3, 4, 5, 3)[1:] for N in rows]
        label = f"batch{'es' * (steps > 1)} of {', '.join(map(str, rows))}, lr = {lr}, lam = {lam}"
        made.append(raw(label, params, data, lr, lam))
    return made


def adam_start(params: dict) -> dict:
    """The state before Adam's first step."""
    zeros = {name: torch.zeros_like(p) for name, p in params.items()}
    return {"step": 0, "m": zeros, "v": {name: z.clone() for name, z in zeros.items()}}


def adam_cases():
    """Some steps with gradients of very different sizes; what the state holds is left open."""
    made = []
    sizes = (1, 0.1, 1.0), (3, 0.01, 1.0), (5, 0.001, 1e-3), (3, 0.1, 1e-7), (2, 0.1, 1e-9)
    for steps, lr, size in sizes:
        label = f"{steps} step{'s' * (steps > 1)}, lr = {lr}, gradients near {size:g}"
        made.append(Case(label, _adam_run(steps, lr, size)))
    label = "4 steps, lr = 0.1, gradients that shrink to a hundredth in each"
    return [*made, Case(label, _adam_run(4, 0.1, 1.0, shrink=0.01))]


def _adam_run(steps: int, lr: float, size: float, shrink: float = 1.0):
    def run(adam_step):
        rng = np.random.default_rng(104)
        params = {"W1": tensor(away_from_zero(rng, 3, 2)), "b1": tensor(away_from_zero(rng, 2))}
        state, path = adam_start(params), []
        for k in range(steps):
            grads = {
                "d" + n: size * shrink**k * tensor(away_from_zero(rng, *p.shape))
                for n, p in params.items()
            }
            before, inner = (params, state), _with_inner(grads, 3, 2)
            try:
                given = carefully(adam_step, params, inner, state, lr)
            except (LookupError, TypeError, AttributeError):
                if k and (lost := _unfit(state)):
                    return Wrong(f"After step {k} {lost}")
                raise
            if isinstance(given, Wrong):
                return given
            if not (isinstance(given, tuple | list) and len(given) == 2):
                return Wrong(f"Return `(params, state)`, two dicts; you give {show(given)}.")
            params, state = given
            if not isinstance(params, dict):
                return Wrong(f"The first of the two is the new params; you give {show(params)}.")
            if lost := [name for name in ("W1", "b1") if name not in params]:
                return Wrong(f"`{lost[0]}` is missing in the params that you return.")
            if any(p.isnan().any() for p in params.values()):
                return _nan(adam_step, k, *before, state, inner, lr)
            path.append({name: p.clone() for name, p in params.items()})
            if _count(state, k + 1) == _count(before[1], -1):
                path[-1]["step"] = state["step"]  # which has not grown
        return path

    return run


def _count(state: object, otherwise: int) -> object:
    return state.get("step", otherwise) if isinstance(state, Mapping) else otherwise


def _unfit(state: object) -> str | None:
    """Why the next step cannot use a state."""
    if not (isinstance(state, Mapping) and {"step", "m", "v"} <= set(state)):
        return f"you return the state {show(state)}. The next step needs its keys step, m and v."
    for part in "mv":
        if not isinstance(state[part], Mapping):
            return (
                f'state["{part}"] is {show(state[part])}. It must be a dict with an average for each '
                f"parameter: `{part}[name] = …`."
            )
    return None


def _negative(state: object) -> bool:
    v = state.get("v") if isinstance(state, Mapping) else None
    return isinstance(v, Mapping) and any((torch.as_tensor(x) < 0).any() for x in v.values())


def _nan(adam_step, k: int, params: dict, state: object, after: object, grads, lr) -> Wrong:
    """What makes a parameter NaN in step k + 1, which began with `state` and gave `after`."""
    if not _negative(state) and _negative(after):
        return Wrong(
            f"After step {k + 1} there is NaN, the root of a negative number: your v has negative "
            "entries. It averages the *squares*, g².",
            "NOSQUARE",
        )
    if _negative(state):
        return Wrong(
            f"After step {k + 1} there is NaN: the state that came in has a negative `v`, and an "
            "average of squares has none. Are m and v exchanged where you return the state?",
            "STATEORDER",
        )
    if k == 0:
        with by_hand():
            later, _ = adam_step(params, grads, {**state, "step": 1}, lr)
        if not any(p.isnan().any() for p in later.values()):
            return Wrong(FIRST_STEP, "STEPCOUNT")
    return Wrong(
        f"After step {k + 1} there is NaN: v̂ is negative under the root. The correction is "
        "1 − 0.999ᵏ, a power, and positive.",
        "NEGATIVEROOT",
    )
