"""Week 4: what its exercises are tried on.

Numbers are drawn from seeded generators and rounded to two decimals, so that a learner can redo a
case by hand. Upstream gradients are random, never ones, and no input of a ReLU is near 0.
"""

from __future__ import annotations

import numpy as np

from helpers.exercise import Arguments

ACTIVATIONS = ("relu", "leaky_relu", "tanh", "sigmoid")


def case(label: str, *args) -> Arguments:
    return Arguments(label, args=args)


def away_from_zero(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers between 0.1 and 2 of either sign, with two decimals."""
    return np.round(rng.uniform(0.1, 2.0, shape) * rng.choice([-1, 1], shape), 2)


# ------------------------------------------------------------------ nonlinearities

# Every sign of z meets every sign of G: a mask taken from the wrong one of them shows.
_SMALL_Z = np.array([0.5, -1.5, 2.0, -0.25])
_SMALL_G = np.array([-0.8, 1.2, 0.3, -0.7])


def activation_cases():
    rng = np.random.default_rng(40)
    made = []
    for name in ACTIVATIONS:
        made.append(case(f"{name}, z = {_SMALL_Z.tolist()}, G = {_SMALL_G.tolist()}",
                         name, _SMALL_Z, _SMALL_G))  # fmt: skip
    for name in ACTIVATIONS:
        for shape in ((4, 3), (3, 3)):
            z, G = away_from_zero(rng, *shape), away_from_zero(rng, *shape)
            made.append(case(f"{name}, z and G of shape {shape}", name, z, G))
    return made


# ------------------------------------------------------------------ softmax and losses


def score_cases():
    """For logsumexp: one row, several, a square, and rows that overflow or underflow."""
    rng = np.random.default_rng(41)
    made = [case("Z = [[1, 0]]", np.array([[1.0, 0.0]]))]
    for shape in ((4, 3), (3, 3), (2, 5)):
        made.append(case(f"Z of shape {shape}", away_from_zero(rng, *shape)))
    large = [[1000.0, 0.0]], [[1000.0, -1000.0]], [[-1000.0, -1001.0]], [[1000.0, 0.0], [-5.0, 3.0]]
    for rows in large:
        made.append(case(f"Z = {rows}", np.array(rows)))
    return made


def softmax_cases():
    """For softmax_vjp: probabilities, and a random upstream gradient."""
    rng = np.random.default_rng(42)
    made = []
    for shape in ((1, 3), (4, 3), (3, 3), (2, 5)):
        E = np.exp(away_from_zero(rng, *shape))
        P, G = E / E.sum(axis=1, keepdims=True), away_from_zero(rng, *shape)
        made.append(case(f"P and G of shape {shape}", P, G))
    return made


def class_cases():
    """For cross_entropy_grad: small, square, ten classes, and scores that overflow."""
    rng = np.random.default_rng(43)
    made = [case("Z = [[1, 0, −1]], t = [2]", np.array([[1.0, 0.0, -1.0]]), np.array([2]))]
    for N, C in ((4, 3), (4, 4), (7, 10), (12, 5)):
        Z, t = away_from_zero(rng, N, C), rng.integers(0, C, N)
        made.append(case(f"Z of shape {(N, C)}", Z, t))
    large = np.array([[1000.0, 0.0, -1000.0], [3.0, 1.0, 2.0]])
    made.append(case(f"Z = {large.tolist()}, t = [1, 0]", large, np.array([1, 0])))
    return made


def class_sizes(case):
    Z, t = case.args
    return {"N": len(t), "C": Z.shape[1]}


def pair_cases():
    """For mse_grad: equal shapes, and the pair that broadcasts to a table."""
    rng = np.random.default_rng(44)
    A, B = np.array([[1.0, 3.0, 0.0]]), np.array([[2.0, 0.5, 4.0]])
    made = [case("A = [[1, 3, 0]], B = [[2, 0.5, 4]]", A, B)]
    for shape in ((5, 3), (3, 3), (6, 1)):
        A, B = away_from_zero(rng, *shape), away_from_zero(rng, *shape)
        made.append(case(f"A and B of shape {shape}", A, B))
    A, B = away_from_zero(rng, 3, 1), away_from_zero(rng, 3)
    made.append(case("A of shape (3, 1) against B of shape (3,)", A, B))
    return made


def pair_sizes(case):
    A, _ = case.args
    sizes = {"N": len(A), "D": A.shape[1]} if A.ndim == 2 else {"N": len(A)}
    return {**sizes, "N·D": A.size}


# ------------------------------------------------------------------ networks

SIZES = [(5, 2, 4, 3), (7, 4, 6, 3), (4, 4, 4, 4), (12, 3, 8, 5)]  # N, D, H, C; one all square


def _network(rng, D, H, C, shortcut, scale=1.0):
    params = {
        "W1": away_from_zero(rng, D, H),
        "b1": away_from_zero(rng, H) / 4,
        "W2": scale * away_from_zero(rng, H, C),
        "b2": away_from_zero(rng, C),
    }
    return {**params, "W3": away_from_zero(rng, D, C)} if shortcut else params


def network_cases(shortcut=False):
    """Parameters, inputs and classes; the last network has scores in the thousands."""
    rng = np.random.default_rng(45 + shortcut)
    made = []
    for N, D, H, C in SIZES:
        X, t = away_from_zero(rng, N, D), rng.permutation(np.arange(N) % C)
        label = f"N = {N}, D = {D}, H = {H}, C = {C}"
        made.append(case(label, _network(rng, D, H, C, shortcut), X, t))
    large = _network(rng, 3, 5, 4, shortcut, scale=500.0)
    X, t = away_from_zero(rng, 6, 3), rng.permutation(np.arange(6) % 4)
    return [*made, case("N = 6, D = 3, H = 5, C = 4, scores in the thousands", large, X, t)]


def exit_cases():
    return network_cases(shortcut=True)


def network_sizes(case):
    params, X, t = case.args
    return {"N": len(t), "C": params["W2"].shape[1]}


def _residual(Z, t):
    """dZ of the mean cross-entropy."""
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return (E / E.sum(axis=1, keepdims=True) - np.eye(Z.shape[1])[t]) / len(t)


def two_layer_inside(case):
    params, X, t = case.args
    Z1 = X @ params["W1"] + params["b1"]
    dZ2 = _residual(np.maximum(Z1, 0) @ params["W2"] + params["b2"], t)
    dH = dZ2 @ params["W2"].T
    return {"dZ2": dZ2, "dH": dH, "dZ1": dH * (Z1 > 0)}


def exit_inside(case):
    params, X, t = case.args
    H = np.tanh(X @ params["W1"] + params["b1"])
    dZ2 = _residual(H @ params["W2"] + X @ params["W3"] + params["b2"], t)
    dH = dZ2 @ params["W2"].T
    return {"dZ2": dZ2, "dH": dH, "dZ1": dH * (1 - H**2)}


TWO_LAYER_CLUES = {
    "dW1 db1": "look between them, at dH = dZ2·W2ᵀ and at the ReLU's mask.",
    "dW1": "then dZ1 has arrived right. Look at the product with X itself.",
    "db1": "then dZ1 has arrived right. Look at the sum over the batch.",
    "dW2": "then dZ2 is right. Look at the product with H itself.",
    "db2": "then dZ2 is right. Look at the sum over the batch.",
    "dW2 db2": "dW1 and db1 come after them, so dZ2 is right. Look at these two lines.",
    "db2 db1": "dZ2 and dZ1 are right. A bias is added to every row: look at the sum over the batch.",
    "dW2 dW1": "dZ2 and dZ1 are right. Look at the two products.",
    "dW2 db2 dW1 db1": "look where they begin, at dZ2.",
}
EXIT_CLUES = {
    "dW1 db1": "look at dH = dZ2·W2ᵀ and at tanh's slope; dX passes there, too, if you use dZ1.",
    "dW1 db1 dX": "look between them, at dH = dZ2·W2ᵀ and at tanh's slope.",
    "dX": "X is used twice, by W1 and by W3. Add what comes back from both.",
    "dW3": "the shortcut is a linear layer like the others: X times W3.",
    "dW2 db2 dW3 dW1 db1 dX": "look where they begin, at dZ2.",
}


# ------------------------------------------------------------------ training


def _valley(params, X, t):
    """A bowl instead of a network: loss and gradients that can be followed by hand."""
    w = params["w"]
    return {"loss": float(((w - X) ** 2).sum()), "dw": 2 * (w - X)}


def _two_hills(params, X, t):
    """Two parameters whose gradients depend on each other, so the order of updates shows."""
    a, b = params["a"], params["b"]
    return {"loss": float((a * b).sum()), "da": b * X, "db": a * X}


def _linear_model(params, X, t):
    """Softmax regression, the network without a hidden layer."""
    dZ = _residual(X @ params["W"] + params["b"], t)
    Z = X @ params["W"] + params["b"]
    top = Z.max(axis=1)
    loss = (top + np.log(np.exp(Z - top[:, None]).sum(axis=1)) - Z[np.arange(len(t)), t]).mean()
    return {"loss": loss, "dW": X.T @ dZ, "db": dZ.sum(axis=0)}


def training_cases():
    target, t = np.array([1.0, -2.0]), np.array([0])
    start = {"w": np.array([0.0, 0.5])}
    pair = {"a": np.array([1.0, 2.0]), "b": np.array([0.5, -1.0])}
    rng = np.random.default_rng(46)
    X, classes = away_from_zero(rng, 6, 2), rng.integers(0, 3, 6)
    model = {"W": away_from_zero(rng, 2, 3), "b": np.zeros(3)}
    return [
        case("the bowl (w − X)², one step, lr = 0.1", _valley, start, target, t, 0.1, 1),
        case("the bowl (w − X)², 4 steps, lr = 0.25", _valley, start, target, t, 0.25, 4),
        case("a·b, 3 steps, lr = 0.1", _two_hills, pair, np.array([1.0, 2.0]), t, 0.1, 3),
        case("softmax regression, 5 steps, lr = 0.5", _linear_model, model, X, classes, 0.5, 5),
    ]


def overfit_cases():
    """Softmax regression on the first few of a larger set; the rest must not matter."""
    rng = np.random.default_rng(47)
    made = []
    for n, steps, lr in ((2, 1, 0.5), (3, 4, 0.2), (4, 25, 1.0)):
        X, t = away_from_zero(rng, 9, 2), rng.permutation(np.arange(9) % 3)
        model = {"W": away_from_zero(rng, 2, 3), "b": np.zeros(3)}
        label = (
            f"softmax regression on {n} of 9 samples, {steps} step{'s' * (steps > 1)}, lr = {lr}"
        )
        made.append(case(label, _linear_model, model, X, t, n, lr, steps))
    return made
