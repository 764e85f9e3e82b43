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
        spread = G if axis is None or options.get("keepdims") else np.expand_dims(G, axis)
        mask = x == x.max(axis=axis, keepdims=True)
        return [[Suspect("TIES", mask * spread, "entries that tie get *all* of it each. Together they move the "
                         "maximum as one does: share it (`max_backward`)."),
                 Suspect("EVERYWHERE", spread + 0 * x, "every entry gets it. Only the largest moves the "
                         "maximum.")]]  # fmt: skip

    return suspects


def moved(x, G):
    return [[Suspect("PERM", G.transpose(1, 2, 0), "you go forward once more. The way back is the *inverse* "
                     "permutation, np.argsort(axes).")]]  # fmt: skip


def picked(index) -> Suspects:
    def suspects(x, G):
        last = np.zeros(x.shape)
        last[index] = G
        return [[Suspect("SCATTER", last, "an entry that was taken twice has only the last of its two gradients: "
                         "`dx[index] += G` writes each entry once. np.add.at(dx, index, G) adds them all.")]]  # fmt: skip

    return suspects


def log_softmax(x, G):
    P = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
    return [[Suspect("DIAGSOFTMAX", G * (1 - P), "it is the diagonal of the Jacobian alone: G − P·Σ G."),
             Suspect("SUMOFG", G - P, "the sum of G along the row is missing: G − P·Σ G.")]]  # fmt: skip
