"""Week 12, capstone C: attention by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from helpers.exercise import Arguments, Wrong, exercise
from helpers.sandbox import Outcome
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week04_judge import arrays

SIZES = {
    "2 queries, 3 keys, d = 2, 1 value each": (2, 3, 2, 1),
    "4 queries, 5 keys, d = 3, 2 values each": (4, 5, 3, 2),
    "square: 4 of everything": (4, 4, 4, 4),
}


def inputs_of(N, M, d, dv, seed=0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal(s) for s in ((N, d), (M, d), (M, dv), (N, dv)))


def _forward_cases() -> list[Arguments]:
    made = [Arguments(label, args=inputs_of(*sizes)[:3]) for label, sizes in SIZES.items()]
    Q, K, V, _ = inputs_of(3, 4, 2, 2, seed=9)
    return [*made, Arguments("scores of about 1000", args=(1000 * Q, K, V))]


OUT_OF_REACH = (
    "By hand: autograd is out of reach here. One line for each row of the table on paper."
)


def _backward_cases() -> list[Arguments]:
    inputs = {label: inputs_of(*sizes) for label, sizes in SIZES.items()}
    Q, K, V, G = inputs_of(3, 4, 2, 2, seed=9)
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
    """(dQ, dK, dV) of Y = softmax(Q·Kᵀ/√d)·V, with G = ∂L/∂Y, (N, dv)."""
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
