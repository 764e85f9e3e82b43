"""Week 12: five usual tests of a backward pass, and the examiner that says what is wrong with one.

A test is a function of a backward pass that raises an AssertionError where it finds something, and
says what. The five of `STANDARD` are those that people rely on, from cheap to strict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from threadpoolctl import threadpool_limits  # comes with scikit-learn

from helpers import mutants
from helpers.data import digits
from helpers.differences import numerical_gradient
from helpers.graph import number

LAM = 1e-3  # as in training; a mistake in the penalty moves the gradient by a few thousandths


def shapes_fit(backward):
    """Each gradient has the shape of its parameter."""
    params, kept, t = tiny()
    grads = backward(kept, t, LAM)
    for name, p in params.items():
        assert grads["d" + name].shape == p.shape, f"d{name} has shape {grads['d' + name].shape}."


def loss_falls(backward):
    """Two epochs of training bring the loss down."""
    X, t = (array[:640] for array in digit_data()[:2])
    before = mutants.loss(mutants.start(), X, t)
    with np.errstate(all="ignore"):
        after = mutants.loss(mutants.train(backward, X, t, epochs=2), X, t)
    assert after < before, "The loss does not fall." if np.isfinite(after) else "The loss explodes."


def reads_digits(backward):
    """Fifteen epochs of training read 94% of the test digits."""
    X, t, X_test, t_test = digit_data()
    params = mutants.train(backward, X, t)
    with np.errstate(all="ignore"):
        share = mutants.accuracy(params, X_test, t_test)
    much = (
        "less than half of the digits"
        if share < 0.5
        else "more than half of the digits, but not 94%"
    )
    assert share >= 0.94, f"It reads {much}."


def agrees_in_float32(backward):
    """Central differences in float32, to one percent."""
    _agrees(backward, np.float32, 1e-2)


def agrees_in_float64(backward):
    """Central differences in float64, to one millionth."""
    _agrees(backward, np.float64, 1e-6)


STANDARD = {
    "shapes": shapes_fit,
    "loss falls": loss_falls,
    "accuracy": reads_digits,
    "float32": agrees_in_float32,
    "float64": agrees_in_float64,
}


def table(tests: dict[str, Callable]) -> dict[str, list[str]]:
    """For each test the mutants that it lets pass, by name."""
    return {label: [m.name for m in mutants.MUTANTS if passes(test, m.backward)]
            for label, test in tests.items()}  # fmt: skip


def passes(test: Callable, backward: Callable) -> bool:
    """Does a test let this backward pass live? Any exception is a no."""
    with np.errstate(all="ignore"):
        try:
            test(backward)
        except Exception:
            return False
    return True


def _agrees(backward, dtype, tolerance):
    params, kept, t = tiny(dtype)
    grads = backward(kept, t, LAM)
    for name, right in reversed(_measured(dtype).items()):
        error = relative(grads["d" + name], right)
        much = f"{error:.1%}" if dtype == np.float64 else "more than 1%"
        assert error < tolerance, f"d{name} is off by {much} of its norm."


def relative(a, b) -> float:
    """‖a − b‖ over the larger of the two norms."""
    return float(np.linalg.norm(a - b) / max(np.linalg.norm(a), np.linalg.norm(b)))


@cache
def digit_data():
    """The digits, read once."""
    return digits()


def tiny(dtype=np.float64):
    """A network of 6-5-5-4 with 8 samples: parameters, the cache of its forward pass, classes.

    The seed is chosen: no unit is within 0.16 of its kink, so that a step of 0.01 crosses none.
    """
    rng = np.random.default_rng(1381)
    params = {n: (p + 0.1).astype(dtype) for n, p in mutants.start((6, 5, 5, 4), seed=1).items()}
    X, t = rng.standard_normal((8, 6)).astype(dtype), np.arange(8) % 4
    return params, mutants.forward(params, X)[1], t


@cache
def _measured(dtype) -> dict[str, np.ndarray]:
    """The gradient of the tiny network by central differences, computed in this precision."""
    params, (_, X, *_), t = tiny(dtype)

    def loss(*arrays):
        given = {name: a.astype(dtype) for name, a in zip(params, arrays, strict=True)}
        return mutants.loss(given, X, t, LAM)

    h = 1e-5 if dtype == np.float64 else 1e-2
    return dict(zip(params, numerical_gradient(loss, *params.values(), h=h), strict=True))


# ------------------------------------------------------------------ the examiner


@dataclass(frozen=True)
class Finding:
    """What is wrong with a backward pass.

    Attributes
    ----------
    caught : bool
        False where every gradient agrees with PyTorch's.
    start : str or None
        The first wrong gradient, counted from the loss.
    codes, names : tuple of str
        The known mistakes that it behaves like.
    ratio : float or None
        The constant between a wrong gradient and the right one, where there is one.
    """

    caught: bool
    start: str | None = None
    codes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    ratio: float | None = None

    def __str__(self) -> str:
        if not self.caught:
            return "Every gradient agrees with PyTorch's."
        said = f"wrong from {self.start} on"
        if self.ratio is not None:
            said += f", by a factor {number(self.ratio)}"
        if self.names:
            said += f": {' or '.join(self.names)} ({self.codes[0]})"
        return said + "."

    __repr__ = __str__


def examine(backward: Callable, compare: Callable) -> Finding:
    """Compare a backward pass with PyTorch's by the learner's `compare`, and name the mistake."""
    params, X, t, lam = mutants.problems()[0]
    grads = mutants.grads_of(backward, params, X, t, lam)
    found = compare(grads, by_pytorch(params, X, t, lam))
    if found["start"] is None:
        return Finding(False)
    known = mutants.named(backward)
    codes = tuple(dict.fromkeys(mutant.code for mutant in known))
    names = tuple(mutant.name for mutant in known)
    wrong = (ratio for ratio in found["ratio"].values() if ratio and abs(ratio - 1) > 1e-10)
    return Finding(True, found["start"], codes, names, next(wrong, None))


def by_pytorch(params, X, t, lam=0.0) -> dict[str, np.ndarray]:
    """PyTorch's gradients of the network of `mutants`, from the loss back to the input."""
    with threadpool_limits(1):  # for arrays this small a second thread only has to be waited for
        return _by_pytorch(params, X, t, lam)


def _by_pytorch(params, X, t, lam) -> dict[str, np.ndarray]:
    import torch

    leaves = {name: torch.tensor(p, requires_grad=True) for name, p in params.items()}
    H1 = torch.tanh(torch.tensor(X) @ leaves["W1"] + leaves["b1"])
    H2 = torch.relu(H1 @ leaves["W2"] + leaves["b2"])
    Z3 = H2 @ leaves["W3"] + leaves["b3"]
    penalty = lam / 2 * sum((leaves[name] ** 2).sum() for name in mutants.LAYERS)
    (torch.nn.functional.cross_entropy(Z3, torch.tensor(t)) + penalty).backward()
    order = ("W3", "b3", "W2", "b2", "W1", "b1")
    return {"d" + name: leaves[name].grad.numpy() for name in order}
