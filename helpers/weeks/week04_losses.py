"""Week 4: logsumexp and softmax, and the losses that are made of them."""

from __future__ import annotations

import numpy as np

from helpers.exercise import exercise, paper
from helpers.weeks import week04_cases as cases
from helpers.weeks import week04_judge as judge
from helpers.weeks.rewrite import rewritten

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
    judge=judge.softmax_rows(known=lambda: softmax_vjp.mistakes),
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
    ("NOSUM", "G·P answers for one path: from a score to its own probability as if the sum S stood still. "
     "S moves with every score, and that takes away pᵢ·Σⱼ Gⱼpⱼ.",
     "P * (G - (G * P).sum(axis=1, keepdims=True))", "G * P"),
    ("TWICE", "The sum over all classes holds j = i already, and G·P·(1 − P) subtracts it once more.",
     "P * (G - (G * P)", "P * (G * (1 - P) - (G * P)"),
    ("SUMOFP", "You subtract Gᵢ·Σⱼ pⱼ, and Σⱼ pⱼ is 1: nothing is left. G stays inside the sum: Σⱼ Gⱼpⱼ.",
     "(G * P).sum(axis=1, keepdims=True)", "G * P.sum(axis=1, keepdims=True)"),
    ("OFFSIGN", "You add the weighted sum. A score pushes the *other* probabilities down: ∂pⱼ/∂zᵢ = −pᵢpⱼ, so "
     "the sum is subtracted.", "P * (G - ", "P * (G + "),
    ("SELFLOST", "You have −pᵢpⱼ for all pairs. On the diagonal there is +pᵢ as well: J = diag(p) − p·pᵀ.",
     "P * (G - (G * P).sum(axis=1, keepdims=True))", "-P * (G * P).sum(axis=1, keepdims=True)"),
    ("SMAXIS", "You sum over the whole batch, so every sample feels the others. The sum runs over the classes "
     "of one sample: `axis=1, keepdims=True`.", "sum(axis=1, keepdims=True)", "sum()"),
    ("PLAINMEAN", "You subtract a plain mean over the classes. The average is weighted by the probabilities: "
     "Σⱼ Gⱼpⱼ.", "(G * P).sum(axis=1, keepdims=True)", "G.mean(axis=1, keepdims=True)"),
    ("PLAINMEAN", "You take the mean of G·P. The probabilities are weights already, and they sum to 1: sum.",
     "(G * P).sum", "(G * P).mean"),
    ("LOGSOFTMAX", "That is the gradient through *log*-softmax. Here G belongs to P itself.",
     "P * (G - (G * P).sum(axis=1, keepdims=True))", "G - P * G.sum(axis=1, keepdims=True)"),
    ("COLLAPSED", "That is P − Y with G in place of Y. It belongs to the cross-entropy, which comes next; here G "
     "is any upstream gradient, not a label.",
     "P * (G - (G * P).sum(axis=1, keepdims=True))", "P - G"),
    ("OWNP", "You subtract P where the weighted sum Σⱼ Gⱼpⱼ belongs.",
     "(G * P).sum(axis=1, keepdims=True)", "P"),
    ("FIRSTROW", "You use the first row's probabilities for the whole batch. Every sample has a Jacobian of its "
     "own.", "P * (G - (G * P).sum(axis=1, keepdims=True))", "G @ (np.diag(P[0]) - np.outer(P[0], P[0]))"),
]:  # fmt: skip
    softmax_vjp.mistake(_code, _why)(rewritten(softmax_vjp.reference, (_old, _new)))


# ------------------------------------------------------------------ losses

one_sample = paper(
    "one_sample",
    "D10 and D12 with a pencil: L = log(e0 + e1 + e2) − z1, one sample of class 1",
    answers=dict(dS="1 / S", dz0="dS * e0", dz1="dS * e1 - 1", dz2="dS * e2"),
    at=dict(z0=0.0, z1=1.0, z2=-1.0, e0="exp(z0)", e1="exp(z1)", e2="exp(z2)", S="e0 + e1 + e2"),
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
        "WRONGCLASS": (
            dict(dz0="dS * e0 - 1", dz2="dS * e2 - 1"),
            "The −1 comes from −z1 in L, so it belongs to z1 alone. Classes are counted from 0: class 1 "
            "has the second score.",
        ),
        "DIAGSOFTMAX": (
            dict(dz0="0", dz2="0"),
            "z0 and z2 are in the sum S as well: they move L although the class is 1.",
        ),
        "NOUPSTREAM": (
            dict(dz0="e0", dz1="e1 - 1", dz2="e2"),
            "That is the local derivative of exp. Times the upstream gradient dS.",
        ),
        "LOGLOCAL": (dict(dS="log(S)"), "That is the logarithm itself. Its slope is 1/S."),
    },
)

two_classes = paper(
    "two_classes",
    "D12 for two classes: p = σ(z) and L = −t·log(p) − (1 − t)·log(1 − p)",
    answers=dict(dp="-t / p + (1 - t) / (1 - p)", slope="p * (1 - p)", dz="p - t"),
    at=dict(z=0.5, t=1.0, p="sigmoid(z)"),
    minutes=8,
    difficulty=2,
    hints=[
        "Two stages: z → p → L. First hold p for the input. The slope of log(p) is 1/p, that of "
        "log(1 − p) is −1/(1 − p).",
        "dp = −t/p + (1 − t)/(1 − p), and the sigmoid's slope is p·(1 − p), as in section 1. Multiply.",
        "−t/p · p·(1 − p) is −t·(1 − p), and the other term becomes (1 − t)·p. Their sum is p − t.",
    ],
    mistakes={
        "SIGN": (
            dict(dp="t / p - (1 - t) / (1 - p)", dz="t - p"),
            "The sign is turned around. For t = 1 the loss falls as p and z rise: the slope is negative.",
        ),
        "CHAINSIGN": (
            dict(dp="-t / p - (1 - t) / (1 - p)"),
            "In log(1 − p) the inside falls as p rises: its slope −1 turns the second term around.",
        ),
        "ONETERM": (
            dict(dp="-1 / p", dz="p - 1"),
            "That is right for t = 1 only. For t = 0 the other term of L is the one that counts.",
        ),
        "NOCHAIN": (
            dict(dz="-t / p + (1 - t) / (1 - p)"),
            "That is dp once more. From p to z the sigmoid's slope is still missing as a factor.",
        ),
        "EXTRASIG": (
            dict(dz="(p - t) * p * (1 - p)"),
            "The slope p·(1 − p) has been used: it cancels the denominators of dp. That leaves p − t.",
        ),
        "ACTIVATIONINPUT": (
            dict(slope="z * (1 - z)"),
            "The slope has this form in the *output* p, not in the input z.",
        ),
        "SLOPEISOUTPUT": (dict(slope="p"), "That is the output itself. Its slope is p·(1 − p)."),
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
