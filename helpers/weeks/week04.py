"""Week 4 · Losses, nonlinearities, and a network by hand.

Each exercise is its reference solution. Above it stand its cases and hints, below it the mistakes
that it knows by name, each as code that runs. The network itself stands in `week04_network`. `all`
lists the exercises in the order of the notebook.
"""

from __future__ import annotations

import numpy as np

from helpers.exercise import exercise, paper
from helpers.weeks import week04_cases as cases
from helpers.weeks import week04_judge as judge
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week04_clock import Clock
from helpers.weeks.week04_network import (
    exit_test,
    overfit_small_batch,
    tiny_network,
    train_two_layer,
    two_layer_grads,
)

# ------------------------------------------------------------------ nonlinearities

slopes = paper(
    "slopes",
    "D9 with a pencil: the slope of each nonlinearity, with what the forward pass already has",
    answers=dict(
        dtanh="1 - h**2", dsigmoid="s * (1 - s)", dsoftplus="s", dsilu="s + z * s * (1 - s)"
    ),
    at=dict(z=0.7, h="tanh(z)", s="sigmoid(z)"),
    minutes=12,
    difficulty=1,
    hints=[
        "tanh is u/v with u = eᶻ − e⁻ᶻ and v = eᶻ + e⁻ᶻ. Note that u′ = v and v′ = u.",
        "Quotient rule: (u′v − uv′)/v² = (v² − u²)/v² = 1 − h². In the same way s′ = s·(1 − s); "
        "softplus is log(1 + eᶻ), and its slope is eᶻ/(1 + eᶻ).",
        "silu(z) = z·s is a product: its slope is s + z·s′. And eᶻ/(1 + eᶻ) is s itself.",
    ],
    mistakes={
        "ACTIVATIONINPUT": (
            dict(dtanh="1 - z**2", dsigmoid="z * (1 - z)"),
            "The slope has this form in terms of the *output* (h or s), not of the input z.",
        ),
        "SLOPEISOUTPUT": (
            dict(dsigmoid="s", dtanh="h"),
            "That is the output itself. Only exp is its own slope.",
        ),
        "PRODUCTRULE": (
            dict(dsilu="s * (1 - s)"),
            "silu is a *product*, z·s, and z moves both factors: two terms.",
        ),
        "SIGN": (dict(dtanh="h**2 - 1"), "The sign is turned around: tanh rises everywhere."),
    },
)


@exercise(
    minutes=15,
    difficulty=1,
    cases=cases.activation_cases,
    judge=judge.arrays(sizes=lambda case: {}, known=lambda: activation_backward.mistakes),
    hints=[
        "An elementwise function has a diagonal Jacobian: the gradient is G times the slope, entry by "
        "entry.",
        "The slopes: relu 1 where z > 0 and 0 elsewhere; leaky_relu 1 and 0.01; tanh 1 − h² with "
        "h = tanh(z); sigmoid s·(1 − s) with s = 1/(1 + e⁻ᶻ).",
        'For example: if name == "relu": return G * (z > 0). The mask comes from z, never from G.',
    ],
)
def activation_backward(name, z, G):
    """∂L/∂z for h = relu(z), leaky_relu(z), tanh(z) or sigmoid(z).

    G is ∂L/∂h, of the shape of z. leaky_relu has the slope 0.01 below 0.
    """
    if name == "relu":
        return G * (z > 0)
    if name == "leaky_relu":
        return G * np.where(z > 0, 1.0, 0.01)
    if name == "tanh":
        h = np.tanh(z)
        return G * (1 - h**2)
    s = 1 / (1 + np.exp(-z))
    return G * (s * (1 - s))


for _code, _why, *_changes in [
    ("NOUPSTREAM", "These are the slopes alone. The chain rule is a product: times the upstream "
     "gradient G.",
     ("G * (", "1.0 * ("), ("G * np", "1.0 * np")),
    ("RELUMASK", "relu: your mask is true everywhere. The *output* of relu is never negative, so "
     "`h >= 0` always holds. Ask `z > 0`, or `h > 0`.",
     ("G * (z > 0)", "G * (np.maximum(z, 0) >= 0)")),
    ("RELUMASK", "relu: you let the *gradient* decide, (G > 0). What passed on the way forward is "
     "decided by z; a negative G passes where z > 0.",
     ("G * (z > 0)", "G * (G > 0)")),
    ("RELUMASK", "relu: that is the mask alone, and the upstream gradient is dropped: G * (z > 0).",
     ("G * (z > 0)", "1.0 * (z > 0)")),
    ("RELUMASK", "relu: the mask is inverted. Where z > 0 the value passes, and so does its gradient.",
     ("G * (z > 0)", "G * (z < 0)")),
    ("RELUMASK", "relu: you apply relu to the gradient times z. The slope is 1, not z: the mask does "
     "not scale.",
     ("G * (z > 0)", "G * np.maximum(z, 0)")),
    ("LEAKYZERO", "leaky_relu: below 0 its slope is 0.01, not 0. That leak is its point.",
     ("1.0, 0.01", "1.0, 0.0")),
    ("ACTIVATIONINPUT", "tanh: the slope is 1 − h² with the *output* h. With the input, 1 − z², it "
     "would be negative for |z| > 1, and tanh never falls.",
     ("1 - h**2", "1 - z**2")),
    ("ACTIVATIONINPUT", "tanh: 1 − h² needs the square.", ("1 - h**2", "1 - h")),
    ("ACTIVATIONINPUT", "tanh: (1 − h)² is another number than 1 − h².", ("1 - h**2", "(1 - h) ** 2")),
    ("ACTIVATIONINPUT", "tanh: h·(1 − h) is the form of the *sigmoid's* slope. tanh has 1 − h².",
     ("1 - h**2", "h * (1 - h)")),
    ("ACTIVATIONINPUT", "tanh: you took tanh of a tanh. h is the output already: 1 − h².",
     ("1 - h**2", "1 - np.tanh(h) ** 2")),
    ("ACTIVATIONINPUT", "sigmoid: s·(1 − s) is meant with the *output* s = σ(z), not with z.",
     ("s * (1 - s)", "z * (1 - z)")),
    ("ACTIVATIONINPUT", "sigmoid: you took σ of a σ. s is the output already.",
     ("(s * (1 - s))", "(1 / (1 + np.exp(-s)) * (1 - 1 / (1 + np.exp(-s))))")),
    ("SLOPEISOUTPUT", "sigmoid: that is G·s. The slope is s·(1 − s).", ("s * (1 - s)", "s")),
]:  # fmt: skip
    activation_backward.mistake(_code, _why)(rewritten(activation_backward.reference, *_changes))


# ------------------------------------------------------------------ softmax


@exercise(
    minutes=10,
    difficulty=1,
    cases=cases.score_cases,
    hints=[
        "Write it down first as it is defined, log of the sum of exp, along axis 1. Then look at "
        "Z = [[1000, 0]].",
        "For any m: log Σ eᶻ = m + log Σ eᶻ⁻ᵐ. Which m makes the largest exponent 0?",
        "m = Z.max(axis=1, keepdims=True); then m[:, 0] + np.log(np.exp(Z - m).sum(axis=1)).",
    ],
)
def logsumexp(Z):
    """log(Σ exp) of each row of Z (N, C), of shape (N,), for scores of any size."""
    top = Z.max(axis=1, keepdims=True)
    return top[:, 0] + np.log(np.exp(Z - top).sum(axis=1))


for _code, _why, *_changes in [
    ("MAXSHIFT", "Right for small scores, but exp(1000) is infinite and exp(−1000) is 0. Subtract the "
     "row's maximum before exp, and add it again after log.",
     ("Z.max(axis=1, keepdims=True)", "np.zeros((len(Z), 1))")),
    ("MAXSHIFT", "One maximum for the whole batch: a row that lies far below it underflows to "
     "log 0 = −∞. Each row needs its own maximum.",
     ("Z.max(axis=1, keepdims=True)", "np.full((len(Z), 1), Z.max())")),
    ("MEANSHIFT", "You subtract the row's mean: the largest exponent can still overflow, as for the "
     "scores 1000 and −1000. Only the maximum leaves no exponent above 0.",
     ("Z.max(axis=1, keepdims=True)", "Z.mean(axis=1, keepdims=True)")),
    ("MAXFORGOTTEN", "You subtract the maximum and never add it again: the result is off by it.",
     ("top[:, 0] + ", "")),
    ("SMAXIS", "You sum over the batch (axis 0). Each sample has its own sum, over its classes: "
     "axis 1.",
     ("Z.max(axis=1, keepdims=True)", "Z.max(axis=0, keepdims=True)"),
     ("top[:, 0]", "top[0]"), (".sum(axis=1)", ".sum(axis=0)")),
    ("KEEPDIM", "The numbers are right, in a column of shape (N, 1); (N,) is asked for.",
     ("top[:, 0]", "top"), (".sum(axis=1)", ".sum(axis=1, keepdims=True)")),
    ("KEEPDIM", "Z − Z.max(axis=1) subtracts along the wrong axis: the maxima have shape (N,) and "
     "line up with the *columns*. For a square Z no error tells you. `keepdims=True` keeps them a "
     "column.",
     ("Z.max(axis=1, keepdims=True)", "Z.max(axis=1)"), ("top[:, 0]", "top")),
    ("LOGMEAN", "The *sum* is asked for, not the mean: yours is too small by log C.",
     (".sum(axis=1)", ".mean(axis=1)")),
]:  # fmt: skip
    logsumexp.mistake(_code, _why)(rewritten(logsumexp.reference, *_changes))


@exercise(
    minutes=15,
    difficulty=2,
    cases=cases.softmax_cases,
    judge=judge.arrays(sizes=cases.array_sizes, known=lambda: softmax_vjp.mistakes),
    hints=[
        "One row first. Every pⱼ depends on every zᵢ, so ∂L/∂zᵢ is a *sum* over j of Gⱼ·∂pⱼ/∂zᵢ.",
        "∂pⱼ/∂zᵢ = pⱼ·(1 if i = j else 0) − pⱼ·pᵢ. Put it into the sum and take pᵢ out.",
        "dzᵢ = pᵢ·(Gᵢ − Σⱼ Gⱼpⱼ). The sum runs along axis 1 and keeps its axis.",
    ],
)
def softmax_vjp(P, G):
    """∂L/∂Z, where P = softmax(Z) row by row, of shape (N, C), and G is ∂L/∂P."""
    return P * (G - (G * P).sum(axis=1, keepdims=True))


for _code, _why, _old, _new in [
    ("DIAGSOFTMAX", "G·P·(1 − P) is the diagonal of the Jacobian only. A score also moves the "
     "probabilities of the *other* classes: −pᵢpⱼ. A sign of it: the rows of your dZ do not sum to 0.",
     "P * (G - (G * P).sum(axis=1, keepdims=True))", "G * P * (1 - P)"),
    ("NOUPSTREAM", "P·(1 − P) does not contain G at all.",
     "P * (G - (G * P).sum(axis=1, keepdims=True))", "P * (1 - P)"),
    ("SMAXIS", "You sum over the batch (axis 0), which mixes samples. The sum runs over the classes of "
     "one sample: axis 1.", "axis=1", "axis=0"),
    ("KEEPDIM", "The sums have shape (N,) and line up with the *columns*; for a square P no error tells "
     "you. `keepdims=True` keeps them a column.", ", keepdims=True", ""),
    ("SUMOFG", "The sum is over G·P, weighted by the probabilities. With Σ G alone it would be the "
     "gradient of something else.", "(G * P).sum", "G.sum"),
    ("FACTORP", "The factor P in front is missing: dzᵢ = pᵢ·(Gᵢ − Σⱼ Gⱼpⱼ).", "P * (G -", "(G -"),
    ("FACTORP", "The sum belongs inside the parentheses: it is multiplied by pᵢ, too.",
     "P * (G - (G * P).sum(axis=1, keepdims=True))", "P * G - (G * P).sum(axis=1, keepdims=True)"),
    ("DOUBLESOFTMAX", "You take softmax of P. P already *is* the softmax of Z.",
     "    return", "    P = np.exp(P) / np.exp(P).sum(axis=1, keepdims=True)\n    return"),
    ("SIGN", "The sign is turned around: it is G minus the weighted sum.",
     "(G - (G * P).sum(axis=1, keepdims=True))", "((G * P).sum(axis=1, keepdims=True) - G)"),
]:  # fmt: skip
    softmax_vjp.mistake(_code, _why)(rewritten(softmax_vjp.reference, (_old, _new)))


# ------------------------------------------------------------------ losses

one_sample = paper(
    "one_sample",
    "D10 and D12 with a pencil: L = log(e1 + e2 + e3) − z1, one sample of class 1",
    answers=dict(dS="1 / S", dz1="dS * e1 - 1", dz2="dS * e2", dz3="dS * e3"),
    at=dict(z1=1.0, z2=0.0, z3=-1.0, e1="exp(z1)", e2="exp(z2)", e3="exp(z3)", S="e1 + e2 + e3"),
    minutes=12,
    difficulty=2,
    hints=[
        "The graph: each zᵢ goes through exp into the sum S, S through log into L. And z1 goes into L "
        "once more, on its own.",
        "dS = 1/S. Along the path through exp, zᵢ gets dS·eᵢ, which is the probability of class i.",
        "z1 has two paths, as y had in week 1: dS·e1 through the sum, and −1 directly.",
    ],
    mistakes={
        "NO-1": (
            dict(dz1="dS * e1"),
            "That is the path through the sum. z1 also enters L directly, with −z1: the second path "
            "brings −1.",
        ),
        "CHAINSUM": (dict(dz1="-1"), "That is the direct path only; z1 is also inside the sum S."),
        "SIGN": (dict(dz1="1 - dS * e1"), "The sign is turned around: L falls as z1 rises."),
        "DIAGSOFTMAX": (
            dict(dz2="0", dz3="0"),
            "z2 and z3 are in the sum S as well: they move L although the class is 1.",
        ),
        "NOUPSTREAM": (
            dict(dz2="e2", dz3="e3"),
            "That is the local derivative of exp. Times the upstream gradient dS.",
        ),
    },
)


@exercise(
    minutes=20,
    difficulty=2,
    cases=cases.class_cases,
    judge=judge.arrays(
        "L", "dZ", sizes=cases.class_sizes, known=lambda: cross_entropy_grad.mistakes
    ),
    hints=[
        "L is the mean over the batch of logsumexp(row) − score of the row's own class. "
        "Z[np.arange(N), t] picks those scores.",
        "dZ = (P − Y)/N, where P is the softmax of Z and Y has a 1 at each sample's own class. The "
        "1/N comes from the mean.",
        "Subtract each row's maximum first. Then logP = Z − log Σ exp, P = exp(logP), and "
        "P[np.arange(N), t] −= 1 is P − Y.",
    ],
)
def cross_entropy_grad(Z, t):
    """(L, dZ): mean cross-entropy of scores Z (N, C) with classes t (N,), and ∂L/∂Z."""
    rows = np.arange(len(t))
    shifted = Z - Z.max(axis=1, keepdims=True)
    logP = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    L = -logP[rows, t].mean()
    dZ = np.exp(logP)
    dZ[rows, t] -= 1
    return L, dZ / len(t)


_PROBABILITIES = "    shifted = Z"
_SOFTMAX_FIRST = (
    "    Z = np.exp(Z - Z.max(axis=1, keepdims=True))\n    Z = Z / Z.sum(axis=1, keepdims=True)\n"
)

for _code, _why, *_changes in [
    ("MEANSUM", "Your dZ is N times the right one, and N is the batch size: L is a *mean*, so the 1/N "
     "goes into its gradient.",
     ("dZ / len(t)", "dZ")),
    ("MEANSUM", "Your dZ is 1/N times the right one: you divide by N twice.",
     ("dZ / len(t)", "dZ / len(t) / len(t)")),
    ("MEANSUM", "Your dZ is N/C times the right one: you divide by the number of classes. The mean is "
     "over the *samples*.",
     ("dZ / len(t)", "dZ / Z.shape[1]")),
    ("MEANSUM", "You divide by N·C, the number of entries: your dZ is 1/C times the right one. The mean "
     "is over the N *samples*.",
     ("dZ / len(t)", "dZ / Z.size")),
    ("MEANSUM", "dZ is right, but L is the sum over the batch: the loss is N times too large.",
     ("logP[rows, t].mean()", "logP[rows, t].sum()")),
    ("NO-1", "Your dZ is P/N: the −1 at each sample's own class is missing. Then no score is ever "
     "pushed up. Each row must sum to 0.",
     ("    dZ[rows, t] -= 1\n", "")),
    ("NO-1", "You subtract 1 from *every* class. Only each sample's own class gets it.",
     ("dZ[rows, t] -= 1", "dZ -= 1")),
    ("NO-1", "dZ[:, t] selects whole columns, for all samples. A pair of indices picks one entry for "
     "each row: dZ[np.arange(N), t].",
     ("dZ[rows, t] -= 1", "dZ[:, t] -= 1")),
    ("SIGN", "Your dZ is −1 times the right one: (Y − P)/N instead of (P − Y)/N. With it, descent "
     "becomes ascent.",
     ("L, dZ / len(t)", "L, -dZ / len(t)")),
    ("LOSSSIGN", "Your L is negative. A probability is below 1 and its log below 0; the loss is minus "
     "that.",
     ("L = -logP", "L = logP")),
    ("DOUBLESOFTMAX", "You take softmax twice: cross-entropy applies its own to the *scores* Z. No "
     "error, but the loss can never come near 0 and the gradients are tiny.",
     (_PROBABILITIES, _SOFTMAX_FIRST + _PROBABILITIES)),
    ("EXTRASIG", "There is an extra factor P·(1 − P). It is the softmax's own slope, and it has "
     "already been used: together with the log's 1/P it *became* P − Y.",
     ("dZ / len(t)", "dZ * np.exp(logP) * (1 - np.exp(logP)) / len(t)")),
    ("DIAGSOFTMAX", "You took the diagonal of the softmax Jacobian only: −Y·(1 − P). The other classes "
     "get no gradient at all.",
     ("    dZ[rows, t] -= 1\n", "    dZ = -np.eye(Z.shape[1])[t] * (1 - dZ)\n")),
    ("MAXSHIFT", "Right for small scores; at 1000 exp overflows and you give NaN. Subtract each row's "
     "maximum first.",
     ("Z - Z.max(axis=1, keepdims=True)", "Z + 0")),
    ("MAXSHIFT", "You take the log of a softmax. A probability that has underflowed to 0 gives −∞, "
     "though the loss is a number (1000 here). Stay in logs: z − logsumexp(z).",
     ("-logP[rows, t]", "-np.log(np.exp(logP))[rows, t]")),
    ("SMAXIS", "Your softmax runs over the batch (axis 0). Probabilities are over the classes of one "
     "sample: axis 1.",
     ("axis=1", "axis=0")),
]:  # fmt: skip
    cross_entropy_grad.mistake(_code, _why)(rewritten(cross_entropy_grad.reference, *_changes))


@exercise(
    minutes=10,
    difficulty=1,
    cases=cases.pair_cases,
    judge=judge.arrays("L", "dA", sizes=cases.pair_sizes, known=lambda: mse_grad.mistakes),
    hints=[
        "L is the mean over *all* entries: how many are there, and which of them does A[i, j] touch?",
        "A[i, j] is in one term, (A[i, j] − B[i, j])², divided by the number of entries A.size.",
        "First `if A.shape != B.shape: raise ValueError(…)`; then ((A − B)**2).mean() and "
        "2·(A − B)/A.size.",
    ],
)
def mse_grad(A, B):
    """(L, dA): mean squared error over all entries, and ∂L/∂A.

    Raises a ValueError where the shapes of A and B differ.
    """
    if A.shape != B.shape:
        raise ValueError(f"A has shape {A.shape}, but B has {B.shape}.")
    return ((A - B) ** 2).mean(), 2 * (A - B) / A.size


_CHECK = (
    "    if A.shape != B.shape:\n"
    '        raise ValueError(f"A has shape {A.shape}, but B has {B.shape}.")\n'
)

for _code, _why, *_changes in [
    ("MSEBROADCAST", "A (3, 1) against B (3,) broadcasts to a 3 × 3 table: every prediction is compared "
     "with every target. No error, no warning, and a model trained on it predicts the mean. Compare "
     "the shapes first and raise ValueError.",
     (_CHECK, "")),
    ("FACTOR2", "Your dA is ½ of the right one: the square's slope brings a factor 2.",
     ("2 * (A - B)", "(A - B)")),
    ("MEANSUM", "The mean is over all N·D entries; you divide by the number of rows N only.",
     ("A.size", "len(A)")),
    ("MEANSUM", "L is a mean, but your dA is the gradient of the sum: divide by the number of entries.",
     (" / A.size", "")),
    ("MEANSUM", "L is the sum of the squares; the mean is asked for.",
     ("((A - B) ** 2).mean()", "((A - B) ** 2).sum()")),
    ("SIGN", "Your dA is −1 times the right one: that is ∂L/∂B.", ("2 * (A - B)", "2 * (B - A)")),
    ("ABSOLUTE", "That is the mean absolute error; the differences are squared here.",
     ("((A - B) ** 2)", "np.abs(A - B)")),
]:  # fmt: skip
    mse_grad.mistake(_code, _why)(rewritten(mse_grad.reference, *_changes))

all = [
    slopes,
    activation_backward,
    logsumexp,
    softmax_vjp,
    one_sample,
    cross_entropy_grad,
    mse_grad,
    tiny_network,
    two_layer_grads,
    train_two_layer,
    overfit_small_batch,
    exit_test,
]

clock = Clock(exit_test)
