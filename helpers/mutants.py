"""Thirty-three wrong backward passes of one network, each a single changed line of the right one.

The network has three layers: tanh, ReLU, and scores for a softmax with cross-entropy. `backward` is
right; every entry of `MUTANTS` is its source with one line exchanged, so it can be read, run,
trained and checked. All of them run without an error. `named` tells which of them a backward pass
behaves like.
"""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

SIZES = (64, 48, 48, 10)  # two square steps in the middle: a transposed matrix keeps its shape
LAYERS = ("W1", "W2", "W3")


def forward(params, X):
    """Scores Z3 of shape (N, C), and the cache that backward needs."""
    Z1 = X @ params["W1"] + params["b1"]
    H1 = np.tanh(Z1)
    Z2 = H1 @ params["W2"] + params["b2"]
    H2 = np.maximum(Z2, 0)
    Z3 = H2 @ params["W3"] + params["b3"]
    return Z3, (params, X, Z1, H1, Z2, H2, Z3)


def backward(cache, t, lam):
    """Gradients of the mean cross-entropy plus lam/2 times the sum of squared weights."""
    params, X, Z1, H1, Z2, H2, Z3 = cache
    N, C = Z3.shape
    P = softmax(Z3, axis=1)
    Y = np.eye(C)[t]
    dZ3 = (P - Y) / N
    dW3 = H2.T @ dZ3
    dH2 = dZ3 @ params["W3"].T
    dZ2 = dH2 * (Z2 > 0)
    dW2 = H1.T @ dZ2
    dH1 = dZ2 @ params["W2"].T
    dZ1 = dH1 * (1 - H1**2)
    dW1 = X.T @ dZ1
    db1, db2, db3 = (dZ.sum(axis=0) for dZ in (dZ1, dZ2, dZ3))
    grads = {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2, "dW3": dW3, "db3": db3}
    for name in LAYERS:
        grads["d" + name] = grads["d" + name] + lam * params[name]
    return grads


def softmax(Z, axis=1):
    """Shares that add up to 1 along an axis."""
    E = np.exp(Z - Z.max(axis=axis, keepdims=True))
    return E / E.sum(axis=axis, keepdims=True)


def loss(params, X, t, lam=0.0):
    """Mean cross-entropy plus lam/2 times the sum of squared weights: what `backward` derives."""
    Z, _ = forward(params, X)
    top = Z.max(axis=1)
    logsumexp = top + np.log(np.exp(Z - top[:, None]).sum(axis=1))
    penalty = sum((params[name] ** 2).sum() for name in LAYERS)
    return (logsumexp - Z[np.arange(len(t)), t]).mean() + lam / 2 * penalty


def accuracy(params, X, t):
    """Share of the samples whose own class has the highest score."""
    return (forward(params, X)[0].argmax(axis=1) == t).mean()


def start(sizes=SIZES, seed=0):
    """Random weights of variance 2/fan-in, and biases that are 0."""
    rng = np.random.default_rng(seed)
    params = {}
    for layer, (n_in, n_out) in enumerate(zip(sizes, sizes[1:], strict=False), start=1):
        params[f"W{layer}"] = rng.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in)
        params[f"b{layer}"] = np.zeros(n_out)
    return params


def train(backward, X, t, *, epochs=15, lr=0.1, batch=64, lam=1e-3, seed=0):
    """Parameters after plain minibatch SGD with this backward pass; NaN where it blows up."""
    params, rng = start(seed=seed), np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        for _ in range(epochs):
            order = rng.permutation(len(t))
            for rows in np.split(order, range(batch, len(t), batch)):
                grads = backward(forward(params, X[rows])[1], t[rows], lam)
                params = {name: p - lr * grads["d" + name] for name, p in params.items()}
    return params


@dataclass(frozen=True)
class Mutant:
    """One wrong backward pass.

    Examples
    --------
    >>> MUTANTS[0].new
    'dZ3 = P - Y'

    Attributes
    ----------
    name : str
        What is wrong, in a few words.
    code : str
        CODE of the misconception.
    old, new : str
        The right line and the wrong one.
    """

    name: str
    code: str
    old: str
    new: str

    @property
    def source(self) -> str:
        """The whole wrong backward pass as text."""
        return _SOURCE.replace(self.old, self.new)

    @cached_property
    def backward(self) -> Callable:
        """The wrong backward pass as a function, called like the right one."""
        file = f"<backward with a mistake: {self.name}>"
        linecache.cache[file] = len(self.source), None, self.source.splitlines(True), file
        space = dict(globals())
        exec(compile(self.source, file, "exec"), space)
        return space["backward"]


_SOURCE = inspect.getsource(backward)

_OUTPUT = "dZ3 = (P - Y) / N"
_RELU = "dZ2 = dH2 * (Z2 > 0)"
_TANH = "dZ1 = dH1 * (1 - H1**2)"
_DECAY = 'grads["d" + name] = grads["d" + name] + lam * params[name]'

MUTANTS = [
    Mutant(*row)
    for row in [
        ("1/N forgotten", "MEANSUM", _OUTPUT, "dZ3 = P - Y"),
        ("1/N twice", "MEANSUM", _OUTPUT, "dZ3 = (P - Y) / N / N"),
        ("divided by C instead of N", "MEANSUM", _OUTPUT, "dZ3 = (P - Y) / C"),
        ("1/N again on the weights only", "MEANSUM", _DECAY,
         _DECAY.replace(" + lam", " / N + lam")),
        ("db is a mean, not a sum", "DBMEAN", "(dZ.sum(axis=0) for", "(dZ.mean(axis=0) for"),
        ("sign turned around, Y − P", "SIGN", _OUTPUT, "dZ3 = (Y - P) / N"),
        ("an extra P·(1 − P)", "EXTRASIG", _OUTPUT, "dZ3 = (P - Y) * P * (1 - P) / N"),
        ("diagonal of the softmax Jacobian only", "DIAGSOFTMAX", _OUTPUT,
         "dZ3 = -Y / P * P * (1 - P) / N"),
        ("−1 at the target forgotten", "NO-1", _OUTPUT, "dZ3 = P / N"),
        ("−1 at every class", "NO-1", _OUTPUT, "dZ3 = (P - 1) / N"),
        ("softmax over the batch", "SMAXIS", "softmax(Z3, axis=1)", "softmax(Z3, axis=0)"),
        ("dW3 from Z2, before the ReLU", "PREACT", "dW3 = H2.T @ dZ3", "dW3 = Z2.T @ dZ3"),
        ("dH2 through the updated W3", "UPDATEFIRST", 'dH2 = dZ3 @ params["W3"].T',
         'dH2 = dZ3 @ (params["W3"] - 0.1 * dW3).T'),
        ("ReLU mask H2 >= 0, always true", "RELUMASK", _RELU, "dZ2 = dH2 * (H2 >= 0)"),
        ("ReLU's slope left out", "RELUMASK", _RELU, "dZ2 = dH2"),
        ("ReLU mask on the gradient", "RELUMASK", _RELU, "dZ2 = dH2 * (dH2 > 0)"),
        ("ReLU's slope without the upstream", "RELUMASK", _RELU, "dZ2 = 1.0 * (Z2 > 0)"),
        ("ReLU mask of the wrong layer", "RELUMASK", _RELU, "dZ2 = dH2 * (Z1 > 0)"),
        ("ReLU mask inverted", "RELUMASK", _RELU, "dZ2 = dH2 * (Z2 <= 0)"),
        ("dW2 transposed", "TRANSPOSE", "dW2 = H1.T @ dZ2", "dW2 = dZ2.T @ H1"),
        ("dH1 without the transpose", "TRANSPOSE", 'dH1 = dZ2 @ params["W2"].T',
         'dH1 = dZ2 @ params["W2"]'),
        ("tanh′ with the input, 1 − Z1²", "ACTIVATIONINPUT", _TANH, "dZ1 = dH1 * (1 - Z1**2)"),
        ("tanh′ as 1 − H1", "ACTIVATIONINPUT", _TANH, "dZ1 = dH1 * (1 - H1)"),
        ("tanh′ as (1 − H1)²", "ACTIVATIONINPUT", _TANH, "dZ1 = dH1 * (1 - H1) ** 2"),
        ("the sigmoid's slope for tanh", "ACTIVATIONINPUT", _TANH, "dZ1 = dH1 * H1 * (1 - H1)"),
        ("tanh's slope left out", "ACTIVATIONINPUT", _TANH, "dZ1 = dH1"),
        ("tanh′ of the output, 1 − tanh(H1)²", "ACTIVATIONINPUT", _TANH,
         "dZ1 = dH1 * (1 - np.tanh(H1) ** 2)"),
        ("penalty overwrites the gradient", "L2FACTOR", _DECAY,
         'grads["d" + name] = lam * params[name]'),
        ("penalty with a factor 2", "L2FACTOR", _DECAY, _DECAY.replace("lam *", "2 * lam *")),
        ("penalty forgotten", "L2FACTOR", _DECAY, 'grads["d" + name] = grads["d" + name]'),
        ("penalty divided by N", "L2FACTOR", _DECAY, _DECAY + " / N"),
        ("sum of W² instead of W", "L2FACTOR", _DECAY, _DECAY.replace("params[name]",
         "(params[name] ** 2).sum()")),
        ("penalty on the biases, too", "L2FACTOR", "for name in LAYERS:", "for name in params:"),
    ]
]  # fmt: skip


def named(backward: Callable) -> list[Mutant]:
    """The mutants whose gradients a backward pass gives, on two small problems.

    Several have the same gradients where two wrong lines amount to the same: a mask that is always
    true is no mask.

    Examples
    --------
    >>> [mutant.name for mutant in named(lambda *given: MUTANTS[0].backward(*given))]
    ['1/N forgotten']
    """
    given = [grads_of(backward, *problem) for problem in problems()]
    return [
        mutant
        for mutant, theirs in zip(MUTANTS, _known(), strict=True)
        if all(map(same_gradients, given, theirs))
    ]


@cache
def problems() -> tuple[tuple, ...]:
    """Two small networks in which each mutant differs: `(params, X, t, lam)`.

    Their sizes differ from each other, so that a factor N is no factor C; two steps are square; no
    bias is 0, and the penalty is as large as the rest.
    """
    rng, made = np.random.default_rng(12), []
    for sizes, N, lam in [((7, 5, 5, 4), 6, 0.3), ((6, 4, 4, 3), 9, 0.1)]:
        params = {name: p + 0.3 * rng.standard_normal(p.shape) for name, p in start(sizes).items()}
        made.append((params, rng.standard_normal((N, sizes[0])), np.arange(N) % sizes[-1], lam))
    return tuple(made)


def grads_of(backward: Callable, params, X, t, lam) -> dict:
    """What a backward pass gives on one problem; nothing where it fails."""
    try:
        return backward(forward(params, X)[1], t, lam)
    except Exception:
        return {}


def same_gradients(one: dict, other: dict, tolerance: float = 1e-9) -> bool:
    """Have two dicts the same arrays, up to rounding?"""
    return one.keys() == other.keys() and all(
        np.shape(one[name]) == np.shape(other[name])
        and np.linalg.norm(one[name] - other[name]) <= tolerance * np.linalg.norm(other[name])
        for name in other
    )


@cache
def _known() -> list[list[dict]]:
    return [[grads_of(mutant.backward, *problem) for problem in problems()] for mutant in MUTANTS]
