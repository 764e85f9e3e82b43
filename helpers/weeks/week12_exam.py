"""Week 12, section 9: the exit test of month 3, on raw PyTorch tensors with autograd out of reach."""

from __future__ import annotations

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from helpers.agreement import agree
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week04_judge import layers

SIZES = {
    "N = 3, H = 2": dict(N=3, D=4, H=2, C=5),
    "N = 6, H = 4": dict(N=6, D=3, H=4, C=5),
    "N = H = D = C = 4": dict(N=4, D=4, H=4, C=4),
}
NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")


def problem(N, D, H, C, seed=0):
    """Parameters, inputs, classes and lam, as float64 tensors without a gradient."""
    rng = np.random.default_rng(seed)
    shapes = [(D, H), (H,), (H, H), (H,), (H, C), (C,)]
    params = {n: torch.tensor(rng.standard_normal(s)) for n, s in zip(NAMES, shapes)}
    return params, torch.tensor(rng.standard_normal((N, D))), torch.arange(N) % C, 0.3


OUT_OF_REACH = (
    "Autograd is out of reach here: the tensors are made under torch.inference_mode(). Derive the gradients by "
    "hand, and write one line for each."
)


FLOAT32 = (
    "You compute in float32: seven digits are left, and your formulas may all be right. The tensors that you are given are "
    "float64; stay there."
)


def _run(label: str) -> Case:
    def run(exit_test):
        with threadpool_limits(1), torch.inference_mode():
            params, X, t, lam = problem(**SIZES[label])
            before = {n: p.clone() for n, p in params.items()}
            try:
                said = exit_test(params, X, t, lam)
            except RuntimeError as error:
                if "grad" in str(error) or "nference" in str(error):
                    return Wrong(OUT_OF_REACH, "AUTOGRAD")
                raise
            if not agree(before, params, 0.0):
                return Wrong("Your code changes `params`. Whoever called it still needs them.")
            if not isinstance(said, dict):
                return said
            if any(np.dtype("float32") == getattr(v, "dtype", None) or getattr(v, "dtype", None) == torch.float32
                   for v in said.values()):  # fmt: skip
                return Wrong(FLOAT32, "FLOAT32")
            return {n: v.numpy() if isinstance(v, torch.Tensor) else v for n, v in said.items()}

    return Case(label, run)


CLUES = {
    "dW1 db1": "look between them, at dH1. H1 is used twice, in Z2 and in H2.",
    "dW2 db2 dW1 db1": "look at dZ2, at the slope of tanh.",
    "dW2": "the mistake is in this line alone: what went into W2?",
    "dW3": "the mistake is in this line alone: what went into W3?",
    "dW1": "the mistake is in this line alone.",
    "dW3 db3 dW2 db2 dW1 db1": "begin with `db3`. It is dZ3 summed over the batch, so look at dZ3 = (P − Y)/N.",
    "dW3 dW2 dW1": "the biases are right: look at the penalty.",
}


_judge_layers = layers(
    *("dW3", "db3", "dW2", "db2", "dW1", "db1"),
    inside=lambda case: {},
    clues=CLUES,
    sizes=lambda case: SIZES[case.label],
)


def _judge(case, expected, got) -> Wrong | str | None:
    """As for any network; of a loss that alone is wrong it says what it is."""
    said = _judge_layers(case, expected, got)
    if said is None or "loss" not in got or "All gradients are right." not in str(said):
        return said
    params, _, t, lam = problem(**SIZES[case.label])
    weights, biases = (
        lam / 2 * sum((params[n] ** 2).sum().item() for n in NAMES if n[0] == kind) for kind in "Wb"
    )
    right = float(expected["loss"])
    slips = {
        "it is the sum over the batch, and not the mean": (right - weights) * len(t) + weights,
        "the penalty is lam/2 times the squares, and you take lam": right + weights,
        "the penalty is missing": right - weights,
        "the penalty is on W1, W2 and W3 alone, and yours on the biases, too": right + biases,
    }
    why = next((why for why, loss in slips.items() if agree(loss, float(got["loss"]))), None)
    return Wrong(f"All gradients are right. Of the loss: {why}.") if why else said


@exercise(
    minutes=40,
    difficulty=3,
    cases=[_run(label) for label in SIZES],
    judge=_judge,
    hints=[
        "Forward in stages, each with a name: Z1, H1, Z2, H2, Z3, loss. Then one line backward for each, from the bottom to "
        "the top.",
        "H2 = tanh(Z2) + H1 is a sum, and a sum copies: dH2 goes through tanh into Z2, and directly into H1. The "
        "penalty adds lam·W to each dW.",
        "dH1 = dZ2·W2ᵀ + dH2. dZ2 = dH2·(1 − tanh(Z2)²), with the tanh alone, not with H2.",
    ],
)
def exit_test(params, X, t, lam):
    """Loss and gradients of a network with a skip connection, on raw tensors without autograd.

    H1 = relu(X·W1 + b1), H2 = tanh(H1·W2 + b2) + H1, scores H2·W3 + b3;
    loss: mean cross-entropy plus lam/2 times the sum of squares of W1, W2,
    W3. Returns loss, dW1, db1, …, dW3, db3.
    """
    rows = torch.arange(len(t))
    W1, b1, W2, b2, W3, b3 = (params[n] for n in ("W1", "b1", "W2", "b2", "W3", "b3"))
    Z1 = X @ W1 + b1
    H1 = Z1.clamp(min=0)
    T = torch.tanh(H1 @ W2 + b2)
    H2 = T + H1
    Z3 = H2 @ W3 + b3
    logP = Z3 - Z3.logsumexp(dim=1, keepdim=True)
    loss = -logP[rows, t].mean() + lam / 2 * sum((W**2).sum() for W in (W1, W2, W3))

    dZ3 = logP.exp()
    dZ3[rows, t] -= 1
    dZ3 = dZ3 / len(t)
    dW3 = H2.T @ dZ3 + lam * W3
    db3 = dZ3.sum(0)
    dH2 = dZ3 @ W3.T
    dZ2 = dH2 * (1 - T**2)
    dW2 = H1.T @ dZ2 + lam * W2
    db2 = dZ2.sum(0)
    dH1 = dZ2 @ W2.T + dH2
    dZ1 = dH1 * (Z1 > 0)
    dW1 = X.T @ dZ1 + lam * W1
    db1 = dZ1.sum(0)
    return {"loss": loss, "dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2, "dW3": dW3, "db3": db3}


for _code, _why, *_changes in [
    ("AUTOGRAD", OUT_OF_REACH, ("    rows = torch", "    loss = sum(p.sum() for p in params.values())\n    loss.backward()\n    rows = torch")),
    ("CHAINSUM", "dH1 lacks the path around W2: H1 is used twice, in Z2 and in H2, so two contributions add up.",
     ("dZ2 @ W2.T + dH2", "dZ2 @ W2.T")),
    ("ASSIGN", "dH1 holds the path around W2 only; the one through it is lost.", ("dZ2 @ W2.T + dH2", "dH2 + 0")),
    ("ACTIVATIONINPUT", "tanh's slope is 1 − T² with the output of tanh *alone*. H2 is tanh plus H1.",
     ("1 - T**2", "1 - H2**2")),
    ("RELUMASK", "Your mask asks H1 >= 0, or there is none. The output of a ReLU is never negative, so that is true everywhere.",
     ("(Z1 > 0)", "(H1 >= 0)")),
    ("PREACT", "dW2 = H1ᵀ·dZ2: what W2 was multiplied with is H1, after the ReLU; you take Z1.",
     ("H1.T @ dZ2", "Z1.T @ dZ2")),
    ("MEANSUM", "All gradients of the data are N times too large: the mean's 1/N is missing.",
     ("dZ3 = dZ3 / len(t)", "dZ3 = dZ3 * 1")),
    ("L2FACTOR", "The penalty is lam/2·ΣW²; its slope is lam·W, without a 2.",
     ("+ lam * W3", "+ 2 * lam * W3"), ("+ lam * W2", "+ 2 * lam * W2"), ("+ lam * W1", "+ 2 * lam * W1")),
    ("L2BIAS", "The penalty is on W1, W2 and W3; yours is also on the biases.",
     ("db3 = dZ3.sum(0)", "db3 = dZ3.sum(0) + lam * b3"), ("db2 = dZ2.sum(0)", "db2 = dZ2.sum(0) + lam * b2"),
     ("db1 = dZ1.sum(0)", "db1 = dZ1.sum(0) + lam * b1")),
    ("SMAXIS", "Your softmax adds up over the batch (dim 0). Each *sample* has its own scores: dim 1.",
     ("dim=1", "dim=0")),
    ("TRANSPOSE", "dH1 = dZ2·W2 lacks the transpose. W2 is square, so no error tells you.",
     ("dZ2 @ W2.T + dH2", "dZ2 @ W2 + dH2")),
]:  # fmt: skip
    exit_test.mistake(_code, _why)(rewritten(exit_test.reference, *_changes))
