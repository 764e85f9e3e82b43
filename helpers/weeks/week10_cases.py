"""Week 10: what its exercises are tried on.

Numbers are drawn from seeded generators and rounded to two decimals, so that a learner can redo a
case by hand; all are float64. Upstream gradients are random, never ones, and no input of a ReLU is
near 0. Attempts run where autograd records nothing, because this week they do its work themselves.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from helpers.agreement import show
from helpers.exercise import Arguments, Case, Wrong
from helpers.sandbox import Outcome
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
TENSORS_CHANGED = (
    "You change the tensors of the caller (`-=` works in place). The cache of a forward pass holds "
    "references to them, so a later backward would go through weights that have moved. Make new "
    "tensors."
)
GRADS_CHANGED = "You change the gradients of the caller. Make new tensors from them."
DICT_CHANGED = (
    "You put the new tensors into the caller's own dict, and it still needs the old ones. Build a "
    "new dict."
)
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
        with by_hand(self.autograd):
            outcome = super().outcome(attempt, limit)
        problem = outcome.problem
        advice = self._advice(problem.detail) if problem else ""
        if not advice:
            return outcome
        return replace(outcome, problem=replace(problem, message=f"{problem.message} {advice}"))

    def _advice(self, said: str) -> str:
        """What to do about an error that says this."""
        if "does not require grad" in said and not self.autograd:
            return NO_AUTOGRAD
        if "same dtype" in said:
            return BOOL if "bool" in said else SINGLE
        return ""


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
        if not torch.equal(x, before):
            return Wrong(TENSORS_CHANGED, "INPLACE") if had is params else Wrong(GRADS_CHANGED)
    if any(had.get(name) is not x for had, name, x, _ in tensors):
        return Wrong(DICT_CHANGED, "INPLACE")
    return given


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
    sizes = (1, 0.1, 1.0), (3, 0.01, 1.0), (5, 0.001, 1e-3), (3, 0.1, 1e-7), (2, 0.1, 1e-9)
    for steps, lr, size in sizes:
        label = f"{steps} step{'s' * (steps > 1)}, lr = {lr}, gradients near {size:g}"
        made.append(Case(label, _adam_run(steps, lr, size)))
    return made


def _adam_run(steps: int, lr: float, size: float):
    def run(adam_step):
        rng = np.random.default_rng(104)
        params = {"W1": tensor(away_from_zero(rng, 3, 2)), "b1": tensor(away_from_zero(rng, 2))}
        state, path = adam_start(params), []
        for k in range(steps):
            grads = {
                "d" + n: size * tensor(away_from_zero(rng, *p.shape)) for n, p in params.items()
            }
            try:
                given = carefully(adam_step, params, _with_inner(grads, 3, 2), state, lr)
            except (KeyError, TypeError, AttributeError):
                if k and not (isinstance(state, dict) and {"step", "m", "v"} <= set(state)):
                    return Wrong(
                        f"After step {k} you return the state {show(state)}. The next step needs its "
                        "keys step, m and v."
                    )
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
