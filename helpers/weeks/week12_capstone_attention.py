"""Week 12, capstone C: attention by hand, and a test that no planted mistake survives."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from helpers.exercise import Arguments, Case, Wrong, exercise
from helpers.sandbox import Outcome
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week04_judge import arrays
from helpers.weeks.week12_mutation import RETURNS

SIZES = {
    "2 queries, 3 keys, d = 2, 1 value each": (2, 3, 2, 1),
    "4 queries, 5 keys, d = 3, 2 values each": (4, 5, 3, 2),
    "square: 4 of everything": (4, 4, 4, 4),
}


def _inputs(N, M, d, dv, seed=0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal(s) for s in ((N, d), (M, d), (M, dv), (N, dv)))


def _forward_cases() -> list[Arguments]:
    made = [Arguments(label, args=_inputs(*sizes)[:3]) for label, sizes in SIZES.items()]
    Q, K, V, _ = _inputs(3, 4, 2, 2, seed=9)
    return [*made, Arguments("scores of about 1000", args=(1000 * Q, K, V))]


OUT_OF_REACH = (
    "By hand: autograd is out of reach here. One line for each row of the table on paper."
)


def _backward_cases() -> list[Arguments]:
    inputs = {label: _inputs(*sizes) for label, sizes in SIZES.items()}
    Q, K, V, G = _inputs(3, 4, 2, 2, seed=9)
    Q[:, 0], K[:, 0] = 2000.0, 1.0  # large scores, and shares that are not 0 or 1
    inputs["scores of about 1400"] = (Q, K, V, G)
    return [ByHand(label, args=args) for label, args in inputs.items()]


@dataclass(frozen=True)
class ByHand(Arguments):
    """Arguments of a function that has no autograd to lean on."""

    def outcome(self, attempt, limit):
        with torch.inference_mode():
            outcome = super().outcome(attempt, limit)
        detail = outcome.problem.detail if outcome.problem else ""
        leans = "require grad" in detail or "nference" in detail
        return Outcome(Wrong(OUT_OF_REACH, "AUTOGRAD")) if leans else outcome


def _named_sizes(case) -> dict[str, int]:
    Q, K = case.args[:2]
    return {"N": len(Q), "M": len(K), "d": Q.shape[1]}


# ------------------------------------------------------------------ milestones 1 and 2


@exercise(
    minutes=15,
    difficulty=1,
    cases=_forward_cases,
    hints=[
        "S = Q·Kᵀ/√d has a row for each query and a column for each key. A softmax makes shares of each row.",
        "np.sqrt(Q.shape[1]) is √d. Subtract each row's maximum before exp.",
        "E = np.exp(S − S.max(axis=1, keepdims=True)); P = E / E.sum(axis=1, keepdims=True); return P @ V.",
    ],
)
def attention(Q, K, V):
    """softmax(Q·Kᵀ/√d)·V, row by row: each query's mixture of the values.

    Q (N, d), K (M, d), V (M, dv); the result is (N, dv).
    """
    S = Q @ K.T / np.sqrt(Q.shape[1])
    E = np.exp(S - S.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True) @ V


for _code, _why, *_changes in [
    ("NOSCALE", "The scores are not divided by √d.", (" / np.sqrt(Q.shape[1])", "")),
    ("SCALED", "You divide by d; it is √d.", ("np.sqrt(Q.shape[1])", "Q.shape[1]")),
    ("SMAXIS", "Your shares add up to 1 over the queries (axis 0). Each *query* mixes the keys: axis 1.",
     ("axis=1", "axis=0")),
    ("MAXSHIFT", "exp of a score near 1000 is infinite. Subtract each row's maximum first.",
     ("S - S.max(axis=1, keepdims=True)", "S")),
    ("ROWMAX", "You subtract the largest of *all* scores. A row far below it becomes 0/0: take each row's own maximum.",
     ("S.max(axis=1, keepdims=True)", "S.max()")),
    ("KEYSASVALUES", "You mix the keys; the values are to be mixed.",
     ("@ V", "@ K[:, :1].repeat(V.shape[1], axis=1)")),
]:  # fmt: skip
    attention.mistake(_code, _why)(rewritten(attention.reference, *_changes))


@exercise(
    minutes=35,
    difficulty=3,
    cases=_backward_cases,
    judge=arrays("dQ", "dK", "dV", sizes=_named_sizes, known=lambda: attention_backward.mistakes),
    hints=[
        "Y = P·V is a product: dP = G·Vᵀ and dV = Pᵀ·G. Then comes a softmax, then another product.",
        "Softmax, as in week 4: dS = P·(dP − Σ dP·P) row by row. S = Q·Kᵀ/√d: a constant factor stays a factor.",
        "dS = dS/√d; dQ = dS·K; dK = dSᵀ·Q.",
    ],
)
def attention_backward(Q, K, V, G):
    """(dQ, dK, dV) for Y = softmax(Q·Kᵀ/√d)·V, where G is ∂L/∂Y, of shape (N, dv)."""
    S = Q @ K.T / np.sqrt(Q.shape[1])
    E = np.exp(S - S.max(axis=1, keepdims=True))
    P = E / E.sum(axis=1, keepdims=True)
    dV = P.T @ G
    dP = G @ V.T
    dS = P * (dP - (dP * P).sum(axis=1, keepdims=True))
    dS = dS / np.sqrt(Q.shape[1])
    return dS @ K, dS.T @ Q, dV


_SUM = "(dP * P).sum(axis=1, keepdims=True)"
for _code, _why, *_changes in [
    ("NOSCALE", "dQ and dK are √d times too large: the scores were divided by √d on the way forward, so is their gradient.",
     ("    dS = dS / np.sqrt(Q.shape[1])\n", "")),
    ("SCALED", "dQ and dK are off by a factor √d: divide by √d, not by d.",
     ("dS = dS / np.sqrt(Q.shape[1])", "dS = dS / Q.shape[1]")),
    ("DIAGSOFTMAX", "dP·P·(1 − P) is the diagonal of softmax's Jacobian only: each row of dS must sum to 0.",
     (f"P * (dP - {_SUM})", "P * (1 - P) * dP")),
    ("NOSOFTMAX", "The gradient goes past the softmax as if it were not there.", (f"P * (dP - {_SUM})", "dP")),
    ("SMAXIS", "Your sum mixes queries (axis 0). Softmax works row by row: axis 1.",
     (_SUM, "(dP * P).sum(axis=0, keepdims=True)")),
    ("SWAPPED", "dQ and dK are swapped.", ("return dS @ K, dS.T @ Q, dV", "return dS.T @ Q, dS @ K, dV")),
    ("SCORESNOTSHARES", "dV = Pᵀ·G with the shares P; you use the scores S.", ("dV = P.T @ G", "dV = S.T @ G")),
    ("AUTOGRAD", OUT_OF_REACH, ("    S = Q @ K.T /", "    Q, K, V = (torch.tensor(a, requires_grad=True) for a in (Q, K, V))\n"
     "    Y = torch.softmax(Q @ K.T / Q.shape[1] ** 0.5, 1) @ V\n"
     "    (Y * torch.tensor(G)).sum().backward()\n    S = Q @ K.T /")),
    ("MAXSHIFT", "Your exp overflows at scores of about 1400. Subtract each row's maximum first, as on the way forward.",
     ("S - S.max(axis=1, keepdims=True)", "S")),
    ("NOUPSTREAM", "dP lacks G: it is G·Vᵀ.", ("dP = G @ V.T", "dP = np.ones_like(G) @ V.T")),
]:  # fmt: skip
    attention_backward.mistake(_code, _why)(rewritten(attention_backward.reference, *_changes))


# ------------------------------------------------------------------ milestone 3


def batchnorm(X, gamma, beta):
    """D15: gamma·(X − mean)/√(var + 1e-5) + beta, over the batch."""
    return gamma * (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 1e-5) + beta


def batchnorm_backward(X, gamma, beta, G):
    """(dX, dgamma, dbeta) of `batchnorm`."""
    N, inv = len(X), 1 / np.sqrt(X.var(axis=0) + 1e-5)
    xh = (X - X.mean(axis=0)) * inv
    dxh = G * gamma
    dX = inv / N * (N * dxh - dxh.sum(axis=0) - xh * (dxh * xh).sum(axis=0))
    return dX, (G * xh).sum(axis=0), G.sum(axis=0)


class Layer(NamedTuple):
    """A layer to test: its two directions, inputs, and planted mistakes by name."""

    forward: Callable
    backward: Callable
    inputs: tuple
    planted: dict[str, Callable]


_DX = "dX = inv / N * (N * dxh - dxh.sum(axis=0) - xh * (dxh * xh).sum(axis=0))"
_BATCHNORM = {
    "BNNAIVE: mean and variance as constants": (_DX, "dX = inv * dxh"),
    "BNVAR: the path through the mean is missing":
        (_DX, "dX = inv / N * (N * dxh - xh * (dxh * xh).sum(axis=0))"),
    "BNMEAN: the path through the variance is missing":
        (_DX, "dX = inv / N * (N * dxh - dxh.sum(axis=0))"),
    "N − 1 with a variance over N": ("inv / N *", "inv / (N - 1) *"),
    "gamma forgotten": ("dxh = G * gamma", "dxh = G"),
    "X instead of its normalized form": ("- xh * (dxh * xh)", "- X * (dxh * X)"),
    "dgamma from X": ("(G * xh).sum", "(G * X).sum"),
    "dbeta is a mean": ("G.sum(axis=0)\n", "G.mean(axis=0)\n"),
    "dgamma lacks the upstream gradient": ("(G * xh).sum", "(1.0 * xh).sum"),
}  # fmt: skip


def layers() -> dict[str, Layer]:
    """Attention and BatchNorm, each with its planted mistakes."""
    wrong = {f"{m.code}: {m.explanation}": m.attempt for m in attention_backward.mistakes
             if m.code not in ("SWAPPED", "AUTOGRAD", "MAXSHIFT")}  # fmt: skip
    rng = np.random.default_rng(6)
    X, gamma, beta = rng.standard_normal((7, 3)), np.array([0.5, 1.5, -2.0]), rng.standard_normal(3)
    norm = {name: rewritten(batchnorm_backward, change) for name, change in _BATCHNORM.items()}
    return {
        "attention": Layer(
            attention.reference, attention_backward.reference, _inputs(4, 5, 3, 2)[:3], wrong
        ),
        "BatchNorm": Layer(batchnorm, batchnorm_backward, (X, gamma, beta), norm),
    }


def _right_lives(name: str):
    def run(layer_test):
        layer = layers()[name]
        try:
            layer_test(layer.forward, layer.backward, *layer.inputs)
        except AssertionError as error:
            return Wrong(
                f"The right backward pass of {name} is killed ({str(error) or 'without a message'})."
            )
        return "it lives"

    return Case(f"{name}: the right backward pass lives", run)


NEVER = (
    "Your test never raises, not even for zeros of another shape. np.allclose returns True or False; nothing happens "
    "without `assert`."
)


def _wrong_die(name: str):
    def run(layer_test):
        layer, alive = layers()[name], []
        with contextlib.suppress(Exception):
            said = layer_test(
                layer.forward,
                lambda *given: [np.zeros((1, *np.shape(x))) for x in given[:-1]],
                *layer.inputs,
            )
            return Wrong(
                NEVER if said is None else RETURNS, "CANNOTFAIL" if said is None else "RETURNS"
            )
        for what, backward in layer.planted.items():
            try:
                layer_test(layer.forward, backward, *layer.inputs)
            except Exception:
                continue
            alive.append(what.split(": ")[0])
        if alive:
            return Wrong(
                f"{len(alive)} of {len(layer.planted)} mistakes in {name} live: {', '.join(alive)}."
            )
        return "all die"

    return Case(f"{name}: every planted mistake dies", run)


CRUDE = {
    "NANPASSES": ("one entry of a gradient is NaN", lambda first, *more: (first * [np.nan, 1, 1], *more),
                  "`error > tolerance` is False for NaN: ask `error < tolerance`."),
    "COUNT": ("the last gradient is missing", lambda *grads: grads[:-1],
              "`zip` stops at the shorter one: ask for as many gradients as inputs."),
    "LOOSE": ("the first gradient is a thousandth too large", lambda first, *more: (1.001 * first, *more),
              "Central differences agree to nine digits: there is no need to be so patient."),
}  # fmt: skip


def _crude_die(layer_test):
    """Mistakes that show without any mathematics."""
    layer = layers()["attention"]
    for code, (what, spoil, advice) in CRUDE.items():

        def backward(*given, spoil=spoil):
            return spoil(*layer.backward(*given))

        try:
            layer_test(layer.forward, backward, *layer.inputs)
        except Exception:
            continue
        return Wrong(f"A backward pass lives in which {what}. {advice}", code)
    return "all die"


@exercise(
    minutes=30,
    difficulty=3,
    cases=[
        *(test(name) for name in ("attention", "BatchNorm") for test in (_right_lives, _wrong_die)),
        Case("attention: NaN, a missing gradient and one a thousandth too large die", _crude_die),
    ],
    hints=[
        "A gradient check of an array needs one number: L = Σ G·forward(*inputs) with *random* weights G. Then "
        "∂L/∂Y is G, and that is what backward gets.",
        "For each input and each of its entries: nudge to both sides, (L₊ − L₋)/2h, with h = 1e-5 in float64. Compare with "
        "the gradient by norms, to about 1e-6.",
        "helpers.numerical_gradient(lambda *xs: (G * forward(*xs)).sum(), *inputs) gives a tuple of gradients, one for "
        "each input.",
    ],
)
def layer_test(forward, backward, *inputs):
    """Raise an AssertionError where a backward pass does not fit its forward pass.

    forward(*inputs) gives an array Y; backward(*inputs, G) gives one gradient for each input,
    where G is ∂L/∂Y. It also wakes up at NaN, a wrong shape, a missing gradient and one that is off
    by a thousandth.
    """
    G = np.random.default_rng(0).standard_normal(forward(*inputs).shape)
    for k, (x, grad) in enumerate(zip(inputs, backward(*inputs, G), strict=True)):
        measured = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            ends = []
            for h in (1e-5, -1e-5):
                moved = [a.copy() for a in inputs]
                moved[k][index] += h
                ends.append((G * forward(*moved)).sum())
            measured[index] = (ends[0] - ends[1]) / 2e-5
        assert np.shape(grad) == x.shape, f"input {k}: shape {np.shape(grad)}"
        error = np.linalg.norm(grad - measured) / np.linalg.norm(measured)
        assert error < 1e-6, f"input {k} is off by {error:.1e}"


_DRAW = "np.random.default_rng(0).standard_normal(forward(*inputs).shape)"
_ERROR = "        error = np.linalg.norm(grad - measured) / np.linalg.norm(measured)\n"
_ASK = '        assert error < 1e-6, f"input {k} is off by {error:.1e}"\n'
for _code, _why, *_changes in [
    ("ONES", "With G = 1 everywhere a backward pass that forgets G looks right. And BatchNorm's outputs then add up to a "
     "constant: its right dX is 0, and you divide rounding by rounding. Draw G at random.",
     (_DRAW, "np.ones(forward(*inputs).shape)")),
    ("SHAPEONLY", "You ask for shapes only. Every mistake has the right ones.", (_ASK, "")),
    ("CANNOTFAIL", NEVER, (", strict=True", ""), ("        assert np.shape(grad) == x.shape, f\"input {k}: shape {np.shape(grad)}\"\n", ""),
     (_ERROR + _ASK, "        np.allclose(grad, measured)\n")),
    ("RETURNS", RETURNS, (", strict=True", ""), ("        assert np.shape(grad) == x.shape, f\"input {k}: shape {np.shape(grad)}\"\n",
     "        if np.shape(grad) != x.shape:\n            return False\n"),
     (_ASK, "        if not error < 1e-6:\n            return False\n    return True\n")),
    ("FIRSTINPUT", "You look at the first input only. The gradients of the others are never compared.",
     (_ASK, '        assert error < 1e-6 or k > 0, f"input {k} is off by {error:.1e}"\n')),
    ("LASTINPUT", "You look at the last input only. The gradients of the others are never compared.",
     (_ASK, '        assert error < 1e-6 or k < len(inputs) - 1, f"input {k}"\n')),
    ("LOOSE", "You allow an error of one half. A lost factor can be smaller than that.",
     ("error < 1e-6", "error < 0.5")),
    ("NANPASSES", CRUDE["NANPASSES"][2], ("assert error < 1e-6", "assert not error > 1e-6")),
    ("COUNT", CRUDE["COUNT"][2], (", strict=True", "")),
    ("TIGHT", "You ask for 1e-13; central differences leave about 1e-10. The right backward pass dies, too.",
     ("error < 1e-6", "error < 1e-13")),
]:  # fmt: skip
    layer_test.mistake(_code, _why)(rewritten(layer_test.reference, *_changes))
