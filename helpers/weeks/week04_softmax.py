"""Week 4: logsumexp for scores of any size, and the backward pass of softmax."""

from __future__ import annotations

import numpy as np

from helpers.exercise import exercise
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
    ("KEEPDIM", "m is a column, (N, 1), and the log of the sums has shape (N,): added, they make an (N, N) table. Take "
     "m[:, 0], or keep the axis of the sum and drop it at the end.",
     ("top[:, 0]", "top")),
    ("MINSHIFT", "You subtract the *minimum*: all exponents are positive, and a large one overflows. Subtract the "
     "maximum, then none is above 0.",
     ("Z.max(", "Z.min(")),
    ("ABSSHIFT", "You subtract the largest *size*. For a row of large negative scores that makes all exponents very "
     "negative, and the sum underflows to 0. Take the maximum itself.",
     ("Z.max(", "np.abs(Z).max(")),
    ("CLIP", "You clip the scores. Nothing overflows, but large scores are no longer what they were. A shift, made "
     "good after the log, changes nothing.",
     ("top[:, 0] + np.log(np.exp(Z - top).sum(axis=1))", "np.log(np.exp(np.clip(Z, -700, 700)).sum(axis=1))")),
    ("ONLYMAX", "The maximum alone is a good guess, and too small: the other scores add to the sum.",
     ("top[:, 0] + np.log(np.exp(Z - top).sum(axis=1))", "top[:, 0]")),
    ("LOGEACH", "You take the log of each exp, which gives Z back. First the sum over the classes, then one log.",
     ("top[:, 0] + np.log(np.exp(Z - top).sum(axis=1))", "np.log(np.exp(Z)).sum(axis=1)")),
    ("SHIFTSIGN", "You subtract the maximum once more. log Σ eᶻ = m + log Σ eᶻ⁻ᵐ: add it.",
     ("top[:, 0] + np.log(np.exp(Z - top).sum(axis=1))", "np.log(np.exp(Z - top).sum(axis=1)) - top[:, 0]")),
    ("ONENUMBER", "You sum over everything. Each row is a sample with a sum of its own: axis 1.",
     ("np.log(np.exp(Z - top).sum(axis=1))", "0"), ("top[:, 0] + 0", "np.log(np.exp(Z).sum())")),
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
