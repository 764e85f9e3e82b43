"""Week 12, section 7: one network, and adapters that make an engine of what a learner wrote.

An engine is a function `engine(params, X, t) -> (loss, grads)` for the network of `helpers.mutants`
without a penalty: X·W1 + b1, tanh, ·W2 + b2, ReLU, ·W3 + b3, mean cross-entropy. Here are adapters
that make one of any scalar engine, any tensor engine and any backward pass by hand, and PyTorch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from helpers import mutants
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
