"""Week 12, section 6: healthy and sick networks at step 0, and what is wrong with each."""

from __future__ import annotations

import numpy as np

from helpers import mutants
from helpers.exercise import Case, Wrong


class Model:
    """A network at step 0: parameters, a batch, scores, loss and gradients.

    Attributes
    ----------
    params : dict of ndarray
        W1, b1, …, from the input to the scores.
    X, t : ndarray
        A batch (N, D) and its classes.
    """

    def __init__(
        self, params: dict, bend: str = "tanh", frozen: tuple = (), centered=False, classes=None
    ):
        self.params = params
        rng = np.random.default_rng(8)
        self.X = rng.standard_normal((40, 12))
        self.t = np.arange(40) % (classes or params["b3"].size)
        self.X[:, 1] = self.X[:, 0]  # as two pixels can be: that is no symmetry of units
        self._bend, self._frozen, self._centered = bend, frozen, centered / 2

    def scores(self, X) -> np.ndarray:
        """Scores (N, C) of inputs (N, D)."""
        return self._forward(X)[-1]

    def loss(self, X, t) -> float:
        """Mean cross-entropy."""
        Z = self.scores(X)
        top = Z.max(axis=1)
        lse = top + np.log(np.exp(Z - top[:, None]).sum(axis=1))
        return float((lse - Z[np.arange(len(t)), t]).mean())

    def gradients(self, X, t) -> dict[str, np.ndarray]:
        """∂loss/∂parameter by name."""
        *H, Z = self._forward(X)
        D = mutants.softmax(Z)
        D[np.arange(len(t)), t] -= 1
        D, grads = D / len(t), {}
        for layer in (3, 2, 1):
            grads |= {f"W{layer}": H[layer - 1].T @ D, f"b{layer}": D.sum(axis=0)}
            slope = H[layer - 1] > 0 if self._bend == "relu" else 1 - H[layer - 1] ** 2
            D = (D @ self.params[f"W{layer}"].T) * slope
            D = D - D.mean(axis=0) * self._centered
        return {n: grads[n] * (n not in self._frozen) for n in self.params}

    def _forward(self, X) -> list[np.ndarray]:
        """The input, the hidden layers, the scores."""
        H = [X]
        for layer in (1, 2):
            Z = H[-1] @ self.params[f"W{layer}"] + self.params[f"b{layer}"]
            Z = Z - Z.mean(axis=0) * self._centered
            H.append(np.maximum(Z, 0) if self._bend == "relu" else np.tanh(Z))
        return [*H, H[-1] @ self.params["W3"] + self.params["b3"]]


def models() -> dict[str, Model]:
    """Healthy and sick networks of 12-8-8-10."""
    fine, two = (_weights((12, 8, 8, C)) for C in (10, 2))
    loud = {**fine, "W3": fine["W3"] * 16}
    constant = {**fine, "W1": np.full((12, 8), 0.1)}
    alike = {n: p.copy() for n, p in fine.items()}
    alike["W3"][:, 9] = alike["W3"][:, 8]

    dead = {**fine, "b1": np.where(np.arange(8) % 5 == 1, -100.0, 0.0)}

    return {
        "a healthy network": Model(fine),
        "a healthy network with two classes": Model(two),
        "a healthy network with ReLU": Model(fine, bend="relu"),
        "two dead ReLUs, 1 and 6, beside live ones": Model(dead, bend="relu"),
        "its last weights 16 times as large": Model(loud),
        "a last bias from 0 to 9": Model({**fine, "b3": np.arange(10.0)}),
        "a bias of 5 for the only class": Model({**fine, "b3": 5 * np.eye(10)[0]}, classes=1),
        "two classes with equal weights and no sample": Model(alike, classes=8),
        "all weights 0": Model({n: 0 * p for n, p in fine.items()}),
        "W1 frozen": Model(fine, frozen=("W1",)),
        "b2 frozen": Model(fine, frozen=("b2",)),
        "W1 constant, W2 random: the gradients differ": Model(constant),
        "W1 and W2 constant": Model({**constant, "W2": np.full((8, 8), 0.1)}),
        "units 0 and 2 of layer 1 are twins": Model(_twins(fine, 1, 0, 2)),
        "units 1 and 2 of layer 2 are twins": Model(_twins(fine, 2, 1, 2)),
        "half of the batch mean subtracted": Model(fine, centered=True),
        "half of the batch mean subtracted, and loud": Model(loud, centered=True),
    }


def _weights(sizes) -> dict[str, np.ndarray]:
    return {n: 0.6 * p for n, p in mutants.start(sizes, seed=2).items()}


def _twins(params, layer: int, i: int, j: int) -> dict[str, np.ndarray]:
    """The parameters with unit j of a layer as a copy of unit i."""
    params = {n: p.copy() for n, p in params.items()}
    params[f"W{layer}"][:, j] = params[f"W{layer}"][:, i]
    params[f"W{layer + 1}"][j] = params[f"W{layer + 1}"][i]
    return params


EQUALZEROS = "The gradients of dead units are equal, too: columns of zeros are no symmetry. Ask for equal *and not 0*, in each pair."
TOUCHED = "Your code changes `model.X`. Whoever called it still needs it: change a copy, `model.X.copy()`."


def sanity_cases() -> list[Case]:
    def case(label):
        def run(initial_sanity):
            model = models()[label]
            before = model.X.copy()
            found = initial_sanity(model)
            return found if np.array_equal(model.X, before) else Wrong(TOUCHED, "INPLACE")

        return Case(label, run)

    return [case(label) for label in models()]


def judge_sanity(case, expected, got) -> str | None:
    """The same codes in any order and container."""
    if isinstance(got, str) or not hasattr(got, "__iter__"):
        return "Return the codes as a list or a set; an empty one for a healthy network."
    got = set(got)
    missing, extra = sorted(expected - got), sorted(got - expected, key=str)
    if extra == ["SYMMETRY"] and ("dead" in case.label or "all weights 0" in case.label):
        return Wrong(EQUALZEROS, "EQUALZEROS")
    said = [f"{', '.join(missing)} is there and not found."] if missing else []
    said += [f"{', '.join(map(str, extra))} is reported and not there."] if extra else []
    if missing and got and not extra:
        said.append("Do you return at the first finding? Several can be there.")
    return " ".join(said) or None
