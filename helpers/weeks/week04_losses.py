"""Week 4: cross-entropy with many classes and with two, and the squared error."""

from __future__ import annotations

import numpy as np

from helpers.exercise import exercise, paper
from helpers.weeks import week04_cases as cases
from helpers.weeks import week04_judge as judge
from helpers.weeks.rewrite import rewritten

# ------------------------------------------------------------------ losses

one_sample = paper(
    "one_sample",
    "D10 and D12 with a pencil: L = log(e0 + e1 + e2) − z1, one sample of class 1",
    answers=dict(dS="1 / S", dz0="dS * e0", dz1="dS * e1 - 1", dz2="dS * e2"),
    at=dict(z0=0.5, z1=2.0, z2=-1.0, e0="exp(z0)", e1="exp(z1)", e2="exp(z2)", S="e0 + e1 + e2"),
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
        "NOLOCAL": (
            dict(dz0="dS", dz1="dS - 1", dz2="dS"),
            "On the way from S to a score stands exp: times its local derivative, which is eᵢ.",
        ),
        "DIRECTVALUE": (
            dict(dz1="dS * e1 - z1"),
            "The direct path is −z1, and its slope is −1, whatever z1 is.",
        ),
        "DIRECTSIGN": (
            dict(dz1="dS * e1 + 1"),
            "In L stands *minus* z1: the second path brings −1.",
        ),
        "EXTRASIG": (
            dict(dz0="dS * e0 * (1 - dS * e0)", dz2="dS * e2 * (1 - dS * e2)"),
            "p·(1 − p) is the slope of a probability by its own score. L depends on z0 and z2 by way of S alone: dS·eᵢ.",
        ),
        "NOTDERIVED": (dict(dS="S"), "L holds log(S). Its slope by S is 1/S."),
        "LOGLOCAL": (dict(dS="log(S)"), "That is the logarithm itself. Its slope is 1/S."),
    },
)

two_classes = paper(
    "two_classes",
    "D12 for two classes: p = σ(z) and L = −t·log(p) − (1 − t)·log(1 − p)",
    answers=dict(dp="-t / p + (1 - t) / (1 - p)", slope="p * (1 - p)", dz="p - t"),
    at=dict(z=0.5, t=1.0, p="sigmoid(z)"),
    advice="dp: differentiate both terms by p, with t held still. slope: how p answers to z. dz: their product, "
    "simplified.",
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
        "NOTDERIVED": (
            dict(dp="-t * log(p) - (1 - t) * log(1 - p)"),
            "That is the loss itself. Differentiate it by p: the slope of log(p) is 1/p.",
        ),
        "FIRSTTERM": (
            dict(dp="-t / p"),
            "That is the first term. For t = 0 the second one counts: −(1 − t)·log(1 − p) depends on p, too.",
        ),
        "COLLAPSED": (
            dict(dp="p - t"),
            "That is the end of the way, dz. Here stop at p: what is the slope of each logarithm?",
        ),
        "FACTORLOST": (
            dict(slope="1 - p", dz="slope"),
            "That is one factor alone; the other one is missing.",
        ),
        "TANHSLOPE": (
            dict(slope="1 - p**2"),
            "That is the form of *tanh's* slope. The sigmoid has p·(1 − p).",
        ),
        "DIVIDED": (
            dict(dz="dp / slope"),
            "Along a path derivatives are multiplied: dp times slope.",
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
    ("MAXSHIFT", "Right for small scores; at 1000 exp overflows, and the log of 0 is −∞. Subtract each row's maximum "
     "first, and stay in logs: L is the mean of logsumexp(z) − z at the own class.",
     ("Z - Z.max(axis=1, keepdims=True)", "Z + 0"), ("-logP[rows, t]", "-np.log(np.exp(logP))[rows, t]"),
     ("logP = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))",
      "logP = np.log(np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True))")),
    ("CLIPLOG", "A small number inside the log keeps it finite and puts a lid on the loss: no sample can cost more "
     "than 27.6, and the loss is no longer the one that dZ belongs to. Stay in logs: logsumexp(z) − z.",
     ("-logP[rows, t]", "-np.log(np.exp(logP) + 1e-12)[rows, t]")),
    ("WHOLECOLUMN", "In L, [:, t] takes whole columns, for all samples. A pair of indices picks one entry for each "
     "row: [np.arange(N), t].",
     ("-logP[rows, t]", "-logP[:, t]")),
    ("DOUBLESOFTMAX", "dZ is right, but L takes softmax twice: logsumexp needs the *scores*, and you give it P.",
     ("L = -logP[rows, t].mean()",
      "P = np.exp(logP)\n    L = (np.log(np.exp(P).sum(axis=1)) - P[rows, t]).mean()")),
    ("STOPPED", "−Y/P is ∂L/∂P. It has still to go through softmax; there P cancels, and P − Y is left.",
     ("    dZ[rows, t] -= 1\n", "    dZ = -np.eye(Z.shape[1])[t] / dZ\n")),
    ("LABELS", "t holds the *numbers* of the classes. Y has a 1 at each sample's own class and 0 elsewhere: "
     "np.eye(C)[t].",
     ("    dZ[rows, t] -= 1\n", "    dZ = dZ - t[:, None]\n")),
    ("LABELS", "t holds the *numbers* of the classes. Y has a 1 at each sample's own class and 0 elsewhere: "
     "np.eye(C)[t].",
     ("    dZ[rows, t] -= 1\n", "    dZ = dZ - t\n")),
    ("ROWS", "P[t] picks whole *rows*, by class number. A pair of indices picks one entry for each row: "
     "P[np.arange(N), t].",
     ("dZ[rows, t] -= 1", "dZ[t] -= 1")),
    ("BATCHMEAN", "You average dZ over the samples. Each sample keeps its own row; the mean's 1/N is a factor of each.",
     ("return L, dZ / len(t)", "return L, dZ.mean(axis=0)")),
    ("SMAXIS", "Your softmax divides by the sum over the whole batch. Each sample has probabilities of its own: axis 1, "
     "with keepdims.",
     ("    dZ = np.exp(logP)\n", "    dZ = np.exp(Z) / np.exp(Z).sum()\n")),
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
    ("MEANSUM", "L and dA belong to the *sum* of the squares; the mean is asked for.",
     ("((A - B) ** 2).mean()", "((A - B) ** 2).sum()"), (" / A.size", "")),
    ("HALF", "You take half of the mean, as some do, so that the 2 cancels. Here the plain mean is asked for.",
     ("((A - B) ** 2).mean(), 2", "((A - B) ** 2).mean() / 2, 1")),
    ("SQUARED", "In dA the difference is still squared. The slope of a square is 2 times what is squared.",
     ("2 * (A - B) /", "2 * (A - B) ** 2 /")),
    ("WRONGERROR", "Shapes that differ are noticed, but by an AssertionError. An assert is switched off by python -O: "
     "raise ValueError.",
     ("    if A.shape != B.shape:\n        raise ValueError(f\"A has shape {A.shape}, but B has {B.shape}.\")\n",
      "    assert A.shape == B.shape\n")),
    ("WRONGERROR", "Shapes that differ are noticed, but by a TypeError. The types are right, a value is not: raise "
     "ValueError.",
     ("raise ValueError", "raise TypeError")),
    ("ABSOLUTE", "That is the mean absolute error; the differences are squared here.",
     ("((A - B) ** 2)", "np.abs(A - B)")),
]:  # fmt: skip
    mse_grad.mistake(_code, _why)(rewritten(mse_grad.reference, *_changes))
