"""Week 9: gradients that people compute by mistake, operation by operation.

Each function gets the operands' arrays and the upstream gradient, and gives a list of `Suspect` for
each operand.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from helpers.weeks.week03_rules import unbroadcast
from helpers.weeks.week09_judge import Suspect

Suspects = Callable[..., list[list[Suspect]]]


def product(a, b, G):
    why = "it is the upstream gradient times its *own* array. A product swaps: times the other one."
    return [
        [Suspect("OWNDATA", unbroadcast(G * a, a.shape), why)],
        [Suspect("OWNDATA", unbroadcast(G * b, b.shape), why)],
    ]


def minus(a, b, G):
    return [
        [],
        [Suspect("SUBSIGN", unbroadcast(G, b.shape), "a larger b makes a − b smaller: −G.")],
    ]


def quotient(a, b, G):
    return [[], [
        Suspect("DIVSIGN", unbroadcast(G * a / b**2, b.shape), "a larger b makes a/b smaller: −a/b²."),
        Suspect("DIVSQUARE", unbroadcast(-G * a / b, b.shape), "the divisor is squared: −a/b²."),
    ]]  # fmt: skip


def power(n):
    return lambda x, G: [[
        Suspect("POWN", G * n * x**n, "the power rule lowers the exponent by one: n·x**(n − 1)."),
        *(Suspect("PRECEDENCE", wrong, "`**` binds more tightly than `-`: x ** (n - 1) needs its parentheses.")
          for wrong in (G * n * x**n - 1, G * (n * x**n - 1))),
        Suspect("POWFACTOR", G * x ** (n - 1), "the exponent comes down as a factor: n·x**(n − 1)."),
    ]]  # fmt: skip


def slope(code: str, wrong: Callable, why: str) -> Suspects:
    return lambda x, G: [[Suspect(code, G * wrong(x), why)]]


SLOPES: dict[str, Suspects] = {
    "exp": slope("EXPINPUT", lambda x: x, "the slope of exp is its output, not its input."),
    "log": slope("LOGX", lambda x: x, "the slope of log is 1/x."),
    "tanh": slope("TANHIN", lambda x: 1 - x**2, "the slope is 1 − t² with the *output* t."),
    "sigmoid": slope("SIGMOIDIN", lambda x: x * (1 - x), "the slope is s·(1 − s) with the *output* s."),
    "relu": slope("RELUMASK", lambda x: 1, "relu passes nothing where its input is negative: times (x > 0)."),
}  # fmt: skip


def matrices(a, b, G):
    if a.shape != b.shape:
        return [[], []]
    why = "its matrix is square, so every product fits. dA = G·Bᵀ and dB = Aᵀ·G."
    return [
        [Suspect("TRANSPOSE", G @ b, why), Suspect("TRANSPOSE", b.T @ G, why)],
        [Suspect("TRANSPOSE", a @ G, why), Suspect("TRANSPOSE", G @ a.T, why)],
    ]


def largest(options: dict) -> Suspects:
    axis = options.get("axis")

    def suspects(x, G):
        kept = []
        if options.get("keepdims"):
            share = x == x.max(axis=axis, keepdims=True)
            kept = [Suspect("KEEPDIM", (np.expand_dims(G, axis) * share).sum(axis=0), "with keepdims=True the axis is still "
                            "in G, and was put in once more. Pass keepdims on: max_backward(self.data, G, axis, keepdims).")]  # fmt: skip
        spread = G if axis is None or options.get("keepdims") else np.expand_dims(G, axis)
        mask = x == x.max(axis=axis, keepdims=True)
        return [[Suspect("TIES", mask * spread, "entries that tie get *all* of it each. Together they move the "
                         "maximum as one does: share it (`max_backward`)."),
                 Suspect("EVERYWHERE", spread + 0 * x, "every entry gets it. Only the largest moves the "
                         "maximum."), *kept]]  # fmt: skip

    return suspects


def moved(x, G):
    return [[Suspect("PERM", G.transpose(1, 2, 0), "you go forward once more. The way back is the *inverse* "
                     "permutation, np.argsort(axes).")]]  # fmt: skip


def picked(index) -> Suspects:
    def suspects(x, G):
        last = np.zeros(x.shape)
        last[index] = G
        return [[Suspect("SCATTER", last, "an entry that was taken twice has only the last of its two gradients: "
                         "`dx[index] += G` writes each entry once. np.add.at(dx, index, G) adds them all. (A tuple of lists or arrays can repeat, too.)")]]  # fmt: skip

    return suspects


def softmax(z, axis: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """log P and P."""
    shifted = z - z.max(axis=axis, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return log_p, np.exp(log_p)


def along(axis: int) -> Suspects:
    """log_softmax along another axis than the last one, whose rule sums along the last."""
    return lambda z, G: [[Suspect("SMAXIS", G - softmax(z, axis)[1] * G.sum(axis=-1, keepdims=True), "its G is summed along "
                                  "the last axis, whatever `axis` is.")]]  # fmt: skip


def log_softmax(z, G):
    P = softmax(z)[1]
    row_sums = G.sum(axis=-1, keepdims=True)
    weighted = (P * G).sum(axis=-1, keepdims=True)
    return [[
        Suspect("DIAGSOFTMAX", G * (1 - P), "you have the diagonal of the Jacobian alone. A score also moves the other "
                "classes, through the sum S."),
        Suspect("NOUPSTREAM", 1 - P, "G does not occur in it. The gradient is G − P·Σ G."),
        Suspect("NOUPSTREAM", 1 - P * z.shape[-1], "it is the gradient for a G of ones: G − P·Σ G."),
        Suspect("SUMOFG", G - P, "the sum of the upstream gradients is missing: P times Σ G, along the row."),
        Suspect("SUMOFG", G - P * weighted, "here G is summed as it is. Weighted by P it belongs to softmax itself, "
                "without the log."),
        Suspect("DIAGSOFTMAX", P * (G - weighted), "this is the VJP of softmax. log_softmax has G − P·Σ G."),
        Suspect("SMAXIS", G - P * G.sum(), "you sum G over the whole array. Each row has its own sum: axis=-1, "
                "keepdims=True."),
        Suspect("SMAXIS", G - P * G.sum(axis=0, keepdims=True), "you sum G down the columns, over the samples. Each row "
                "has its own sum: axis=-1."),
        Suspect("KEEPDIM", G - P * G.sum(axis=-1) if z.shape == (3, 3) else np.nan, "the sums have lost their axis and "
                "stand beside the *columns*: keepdims=True."),
        Suspect("MEANSUM", G - P * G.mean(axis=-1, keepdims=True), "P stands times the mean of the row's G; it is the "
                "*sum*."),
        Suspect("SIGN", G + P * row_sums, "a sign: a larger S makes every output smaller. G − P·Σ G."),
        Suspect("OUTPUT", G - softmax(z)[0] * row_sums, "log P stands where P belongs: np.exp(out)."),
        Suspect("NOSUM", G - np.exp(z - z.max(axis=-1, keepdims=True)) * row_sums, "P is exp(z − max) *divided by S*, the "
                "sum of the row."),
    ]]  # fmt: skip


def log_softmax_values(z):
    highest = z.max(axis=-1, keepdims=True)
    return [
        *(Suspect("SMAXIS", softmax(z, axis)[0], "each *row* is one sample: maximum and sum run along axis −1, the last "
                  "one.") for axis in range(z.ndim - 1)),
        Suspect("NOLOG", softmax(z)[1], "this is softmax; its logarithm is asked for."),
        Suspect("SHIFT", softmax(z)[0] + highest, "the maximum is subtracted inside of exp alone. Subtract it from z, "
                "too: it has to cancel."),
    ]  # fmt: skip


LAST_CLASS = (
    "t.max() + 1 is not C, the number of classes: the last ones need not occur. C is Z.shape[1]."
)


def cross_entropy(z, t, g):
    (N, C), P = z.shape, softmax(z)[1]
    Y, rows, columns = np.eye(C)[t], P.copy(), P.copy()
    rows[t % N] -= 1
    columns[:, t] -= 1
    return [[
        Suspect("NOUPSTREAM", (P - Y) / N, "the upstream gradient g is missing. A loss is not always the end: it may be "
                "one term of two, or be scaled."),
        Suspect("NO-1", g * P / N, "the −1 at each sample's own class is missing: g·(P − Y)/N."),
        Suspect("SIGN", g * (Y - P) / N, "the sign is turned around: P − Y."),
        Suspect("NOUPSTREAM", (g * P - Y) / N, "g multiplies P alone. It belongs to all of (P − Y)."),
        Suspect("NO-1", -g * Y / N, "P is missing: g·(P − Y)/N."),
        Suspect("OWNCLASS", g * Y * (P - 1) / N, "only the sample's own class is there. The other scores are in the loss, "
                "too, through the sum S: P everywhere, and −1 at the own class."),
        Suspect("DLOG", -g * Y / np.maximum(P, 1e-300) / N, "that is the gradient of the *probabilities*. The scores "
                "stand before softmax: g·(P − Y)/N."),
        Suspect("ONEHOT", g * (P - t[:, None]) / N, "t holds numbers of classes, not rows of 0 and 1: P − Y, with the "
                "one-hot Y."),
        Suspect("ONEHOT", g * (P - 1) / N if t.max() == 0 else np.nan, LAST_CLASS),
        Suspect("PAIR", g * rows / N, "dZ[t] picks whole *rows*. One entry for each row: dZ[np.arange(N), t]."),
        Suspect("PAIR", g * columns / N, "dZ[:, t] picks whole *columns*. One entry for each row: dZ[np.arange(N), t]."),
    ]]  # fmt: skip


def cross_entropy_values(z, t):
    (log_p, P), N = softmax(z), len(t)
    own = log_p[np.arange(N), t]
    return [
        Suspect("LOSSSIGN", own.mean(), "the loss is *minus* the mean of log P: it is never negative."),
        Suspect("PAIR", -log_p[:, t].mean(), "[:, t] takes the classes of *all* samples from every row. One entry for "
                "each row: logP[np.arange(N), t]."),
        Suspect("ONEHOT", -log_p.sum() / N if t.max() == 0 else np.nan, LAST_CLASS),
        Suspect("NOLOG", -P[np.arange(N), t].mean(), "that is the mean probability. The mean of its *logarithm* is "
                "asked for."),
        Suspect("NOMEAN", -own if N > 1 else np.nan, "there is one loss for each sample. Their mean is asked for."),
    ]  # fmt: skip
