"""Week 10: what its exercises are tried on.

Numbers are drawn from seeded generators and rounded to two decimals, so that a learner can redo a
case by hand; all are float64. Upstream gradients are random, never ones, and no input of a ReLU is
near 0. Attempts run where autograd records nothing, because this week they do its work themselves.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from helpers.agreement import agree
from helpers.exercise import Arguments, Case, Wrong
from helpers.sandbox import ADVICE, Outcome
from helpers.weeks import week10_rules as rules
from helpers.weeks.week04_cases import away_from_zero

SIZES = [(7, 2, 2, 3, 4), (5, 4, 6, 7, 3), (4, 4, 4, 4, 4)]  # N, D, H1, H2, C; the last all square
NO_AUTOGRAD = (
    "No graph is recorded here: this week you differentiate yourself, so nothing that calls "
    "`backward()` on a loss or `torch.autograd.grad` can work. Write the gradient as tensors."
)
BOOL = "A mask alone is bool: it multiplies the gradient that comes from above, `dH2 * (Z2 > 0)`."
SINGLE = (
    "There float32 meets float64: print the `.dtype` of each, and look where the float32 was made. "
    "`torch.zeros` and `torch.ones` do that, and `.float()`, and a division of integers; "
    "`torch.zeros_like(Z3)` and `dtype=Z3.dtype` keep float64."
)
ORDER = "A plain number stands where the classes `t` belong: the order is `(cache, t, lam)`."
COPIED = "in your cache is not the tensor of `params` itself."
WITNESS = (
    "In section 4 autograd looks over this function's shoulder: so nothing is copied, detached, "
    "computed by NumPy or under `no_grad` on the way."
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
        given: list = []

        @functools.wraps(attempt)
        def watched(*args):
            given.extend(args)
            return attempt(*args)

        watched.__wrapped__ = inspect.unwrap(attempt)  # whose lines a problem is looked for in
        with by_hand(self.autograd):
            outcome = super().outcome(watched, limit)
        problem = outcome.problem
        if problem is None:
            return outcome
        message = problem.message
        if problem.kind == "changed input":
            message = _what_changed(self.names, self.args, given) or message
        elif advice := self._advice(problem.detail):
            message = f"{message.removesuffix(ADVICE.get(problem.error, '')).rstrip()} {advice}"
        return replace(outcome, problem=replace(problem, message=message))

    def _advice(self, said: str) -> str:
        """What to do about an error that says this."""
        if "does not require grad" in said and not self.autograd:
            return NO_AUTOGRAD
        if "same dtype" in said:
            return BOOL if "bool" in said else SINGLE
        number = "(got float)" in said or "'float' has no len()" in said
        return ORDER if number else ""


def _what_changed(names: tuple[str, ...], before: tuple, after: list) -> str | None:
    """Which entry of which dict is no longer what it was."""
    for name, old, new in zip(names, before, after, strict=False):
        if not isinstance(old, Mapping):
            continue
        if added := [key for key in new if key not in old]:
            return (
                f"Your code changes its input `{name}`: it has a new key, `{added[0]}`. Put what is new "
                "into a dict of your own."
            )
        for key, value in old.items():
            if not agree(value, new.get(key), 0.0):
                return (
                    f"Your code changes its input `{name}`: `{key}` is no longer what it was. It was "
                    "changed in place, or got a new value. The caller still needs it; make a new tensor."
                )
    return None


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
    made = [raw(label, params, X) for label, params, X, _ in networks()]
    label, params, X, _ = networks()[1]
    large = {**params, "W2": 10 * params["W2"]}
    made.append(raw(f"{label}, with large inputs and a large W2", large, 20 * X))
    return [*made, Case(f"{label}, with parameters that require grad", _connected(params, X))]


def _connected(params: dict, X: torch.Tensor):
    """A run of `forward` that autograd must be able to follow, up to every tensor of the cache."""

    def run(forward):
        leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
        with by_hand(autograd=True):
            try:
                given = forward(leaves, X)
            except RuntimeError as error:
                if "numpy()" not in str(error):
                    raise
                return Wrong(f"Your forward pass leaves torch for NumPy. {WITNESS}", "CUTOFF")
            cut = _cut_off(given[1], leaves)
        return Wrong(f"{cut} {WITNESS}", "CUTOFF") if cut else given

    return run


def _cut_off(cache: dict, leaves: dict) -> str | None:
    """Which tensor of the cache autograd cannot reach from the scores, or only a copy of it."""
    inner = ("Z1", "H1", "Z2", "H2", "Z3")
    lost = [name for name in inner if not cache[name].requires_grad]
    if not lost:
        reached = torch.autograd.grad(
            cache["Z3"].sum(), [cache[name] for name in inner], allow_unused=True
        )
        lost = [name for name, grad in zip(inner, reached) if grad is None]
    if lost:
        return f"`{lost[0]}` in your cache is cut off from autograd."
    copied = [name for name, leaf in leaves.items() if cache[name] is not leaf]
    return f"`{copied[0]}` {COPIED}" if copied else None


def weight_cases():
    rng = np.random.default_rng(101)
    made = [raw("W = [[1, −2]], lam = 0.5", tensor(np.array([[1.0, -2.0]])), 0.5)]
    for shape, lam in (((4, 3), 0.1), ((3, 3), 1.0), ((2, 5), 0.0)):
        W = tensor(away_from_zero(rng, *shape))
        made.append(raw(f"W of shape {shape}, lam = {lam}", W, lam))
    return made


def backward_cases():
    """Caches of the reference's forward pass, another penalty for each; in one a class is absent."""
    made = []
    for (label, params, X, t), lam in zip(networks(), (0.1, 0.0, 1.0, 0.01)):
        made.append(raw(f"{label}, lam = {lam}", rules.forward(params, X)[1], t, lam))
    label, params, X, t = networks()[0]
    cache = rules.forward(params, X)[1]
    return [*made, raw(f"{label}, nobody of the last class, lam = 0.1", cache, t.clamp(max=2), 0.1)]


def sizes_of(case: Case) -> dict[str, int]:
    cache, t, _ = case.args
    (D, H1), (H2, C) = cache["W1"].shape, cache["W3"].shape
    return {"N": len(t), "C": C, "H2": H2, "H1": H1, "D": D}


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
