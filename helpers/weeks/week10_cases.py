"""Week 10: what its exercises are tried on.

Numbers are drawn from seeded generators and rounded to two decimals, so that a learner can redo a
case by hand; all are float64. Upstream gradients are random, never ones, and no input of a ReLU is
near 0. Attempts run where autograd records nothing, because this week they do its work themselves.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from helpers.exercise import Arguments, Case
from helpers.sandbox import Outcome
from helpers.weeks import week10_rules as rules
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week04_cases import away_from_zero

SIZES = [(5, 2, 2, 3, 4), (7, 4, 6, 5, 3), (4, 4, 4, 4, 4)]  # N, D, H1, H2, C; the last all square
NO_AUTOGRAD = (
    "No graph is recorded here: this week you differentiate yourself, so nothing that calls "
    "`backward()` on a loss or `torch.autograd.grad` can work. Write the gradient as tensors."
)
NO_LEAF = "Autograd needs leaves: copies of the parameters with `requires_grad_()`."
NO_GRAD = (
    "A `.grad` is None: an intermediate tensor keeps its own only after `retain_grad()`, and nothing "
    "has one before `backward()` is called on the loss."
)


@contextlib.contextmanager
def by_hand(autograd: bool = False) -> Iterator[None]:
    """One thread, which is quickest for small tensors, and no graph unless it is asked for."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode(not autograd):
            yield
    finally:
        torch.set_num_threads(threads)


@dataclass(frozen=True)
class OnTensors(Arguments):
    """A case of a function on tensors; unless `autograd`, it has to do without a graph."""

    autograd: bool = False

    def outcome(self, attempt: object, limit: float) -> Outcome:
        with by_hand(self.autograd):
            outcome = super().outcome(attempt, limit)
        problem = outcome.problem
        if problem is None:
            return outcome
        if "does not require grad" in problem.detail:
            advice = NO_LEAF if self.autograd else NO_AUTOGRAD
        elif self.autograd and "NoneType" in problem.detail:
            advice = NO_GRAD
        else:
            return outcome
        return replace(outcome, problem=replace(problem, message=f"{problem.message} {advice}"))


def raw(label: str, *args) -> OnTensors:
    return OnTensors(label, args=args)


def tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))


# ------------------------------------------------------------------ the network


def network(rng: np.random.Generator, N: int, *sizes: int) -> tuple[dict, object, object]:
    """Parameters, inputs and classes; no input of the ReLU is within 0.01 of 0."""
    while True:
        params = {}
        for k, (n_in, n_out) in enumerate(zip(sizes, sizes[1:]), start=1):
            params[f"W{k}"] = tensor(away_from_zero(rng, n_in, n_out) / 2)
            params[f"b{k}"] = tensor(away_from_zero(rng, n_out) / 4)
        X = tensor(away_from_zero(rng, N, sizes[0]))
        t = tensor(rng.permutation(np.arange(N) % sizes[-1]))
        Z2 = rules.forward(params, X)[1]["Z2"]
        if Z2.abs().min() > 0.01 and (Z2 > 0).any(dim=0).all():
            return params, X, t


def _named(N: int, D: int, H1: int, H2: int, C: int) -> str:
    return f"N = {N}, D = {D}, H1 = {H1}, H2 = {H2}, C = {C}"


def networks() -> list[tuple[str, dict, object, object]]:
    """(label, params, X, t) for each of the sizes, and one whose scores are in the thousands."""
    rng = np.random.default_rng(100)
    made = [(_named(*sizes), *network(rng, *sizes)) for sizes in SIZES]
    params, X, t = network(rng, 6, 3, 5, 4, 3)
    large = {**params, "W3": 2000 * params["W3"]}
    return [*made, (f"{_named(6, 3, 5, 4, 3)}, scores in the thousands", large, X, t)]


def forward_cases():
    return [raw(label, params, X) for label, params, X, _ in networks()]


def weight_cases():
    rng = np.random.default_rng(101)
    made = [raw("W = [[1, −2]], lam = 0.5", tensor(np.array([[1.0, -2.0]])), 0.5)]
    for shape, lam in (((4, 3), 0.1), ((3, 3), 1.0), ((2, 5), 0.0)):
        W = tensor(away_from_zero(rng, *shape))
        made.append(raw(f"W of shape {shape}, lam = {lam}", W, lam))
    return made


def backward_cases():
    """Caches of the reference's forward pass, and another penalty for each."""
    made = []
    for (label, params, X, t), lam in zip(networks(), (0.1, 0.0, 1.0, 0.01)):
        made.append(raw(f"{label}, lam = {lam}", rules.forward(params, X)[1], t, lam))
    return made


def sizes_of(case: Case) -> dict[str, int]:
    cache, t, _ = case.args
    (D, H1), (H2, C) = cache["W1"].shape, cache["W3"].shape
    return {"N": len(t), "C": C, "H2": H2, "H1": H1, "D": D}


# ------------------------------------------------------------------ verification

_CHANGES = {
    "the right backward pass": [],
    "a ReLU mask that is always true": [('(cache["Z2"] > 0)', '(cache["H2"] >= 0)')],
    "a penalty that is forgotten in dW2": [(' + l2_grad(cache["W2"], lam)', "")],
    "a factor 2 in db1 alone": [("db1 = dZ1.sum(dim=0)", "db1 = 2 * dZ1.sum(dim=0)")],
    "−1 times all gradients": [("dZ3 = dZ3 / N", "dZ3 = -dZ3 / N")],
}


def verify_cases():
    """A network, and a backward pass that is right or has one wrong line."""
    made = []
    on = zip(_CHANGES.items(), networks()[:3] * 2, (0.1, 0.0, 1.0, 0.1, 0.5))
    for (name, changes), (label, params, X, t), lam in on:
        backward = rewritten(rules.backward, *changes)
        args = (params, X, t, backward, lam)
        made.append(OnTensors(f"{name}; {label}", args=args, autograd=True))
    label, params, X, t = networks()[1]
    params, X = {**params, "W1": params["W1"] * 1e-6}, X * 1e6
    label = "the right backward pass, with inputs in the millions"
    made.append(OnTensors(label, args=(params, X, t, rules.backward, 0.1), autograd=True))
    return made


# ------------------------------------------------------------------ training


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
        made.append(raw(label, params, _with_inner(grads, 2, 1), lr))
    return made


def train_cases():
    rng = np.random.default_rng(103)
    made = []
    for steps, lr, lam in ((1, 0.1, 0.0), (3, 0.3, 0.1), (4, 0.2, 1.0)):
        params, _, _ = network(rng, 4, 3, 4, 5, 3)
        data = [network(rng, 4, 3, 4, 5, 3)[1:] for _ in range(steps)]
        label = f"{steps} batch{'es' * (steps > 1)} of 4, lr = {lr}, lam = {lam}"
        made.append(raw(label, params, data, lr, lam))
    return made


def adam_start(params: dict) -> dict:
    """The state before Adam's first step."""
    zeros = {name: torch.zeros_like(p) for name, p in params.items()}
    return {"step": 0, "m": zeros, "v": {name: z.clone() for name, z in zeros.items()}}


def adam_cases():
    """Some steps with gradients of very different sizes; what the state holds is left open."""
    made = []
    for steps, lr, size in ((1, 0.1, 1.0), (3, 0.01, 1.0), (5, 0.001, 1e-3), (3, 0.1, 1e-7)):
        label = f"{steps} step{'s' * (steps > 1)}, lr = {lr}, gradients near {size:g}"
        made.append(Case(label, _adam_run(steps, lr, size)))
    return made


def _adam_run(steps: int, lr: float, size: float):
    def run(adam_step):
        rng = np.random.default_rng(104)
        params = {"W1": tensor(away_from_zero(rng, 3, 2)), "b1": tensor(away_from_zero(rng, 2))}
        state, path = adam_start(params), []
        for _ in range(steps):
            grads = {
                "d" + n: size * tensor(away_from_zero(rng, *p.shape)) for n, p in params.items()
            }
            with by_hand():
                params, state = adam_step(params, _with_inner(grads, 3, 2), state, lr)
            path.append({name: p.clone() for name, p in params.items()})
        return path

    return run


# ------------------------------------------------------------------ normalization


def norm_cases():
    """X, gamma and a random G; one square, and one with little variance, where eps counts."""
    rng = np.random.default_rng(105)
    made = []
    for N, C in ((4, 3), (5, 4), (3, 3), (3, 6)):
        X, G, gamma = (tensor(away_from_zero(rng, *s)) for s in ((N, C), (N, C), (C,)))
        made.append(raw(f"X and G of shape {(N, C)}", X, gamma, G))
    X, G, gamma = (tensor(away_from_zero(rng, *s)) for s in ((4, 3), (4, 3), (3,)))
    made.append(raw("X of shape (4, 3), with a variance near eps", 2 + X / 500, gamma, G))
    return made


def norm_sizes(case: Case) -> dict[str, int]:
    N, C = case.args[0].shape
    return {"N": N, "C": C}
