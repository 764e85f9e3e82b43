"""Week 9, section 5: log-softmax and the fused cross-entropy, each as a value and its VJP.

From here on an operation is two things: the value, and a function that turns the upstream gradient
into one gradient for each operand. The tensor engine of section 7 stores exactly that.
"""

from __future__ import annotations

from copy import deepcopy

import numpy as np

from helpers.agreement import agree, show
from helpers.exercise import Case, Wrong, exercise, paper
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week03_cases import random
from helpers.weeks.week09_judge import difference
from helpers.weeks.week09_suspects import cross_entropy as cross_entropy_slips
from helpers.weeks.week09_suspects import cross_entropy_values, log_softmax_values, softmax
from helpers.weeks.week09_suspects import log_softmax as log_softmax_slips

log_softmax_entries = paper(
    "log_softmax_entries",
    "D11 with a pencil: y = log_softmax(z) for one row of three scores, backward",
    answers=dict(S="e1 + e2 + e3", dS="-(g1 + g2 + g3) / S", dz1="g1 + dS * e1", dz3="g3 + dS * e3"),
    at=dict(
        z1=0.5, z2=-1.0, z3=0.2, g1=1.5, g2=-0.4, g3=0.7, e1="exp(z1)", e2="exp(z2)", e3="exp(z3)"
    ),
    minutes=12,
    difficulty=2,
    hints=[
        "yᵢ = zᵢ − log S, with S = e1 + e2 + e3. S stands in *all three* outputs: how much does each yᵢ "
        "move when S does?",
        "∂yᵢ/∂S = −1/S for every i, so dS = −(g1 + g2 + g3)/S: three paths, added up.",
        "z1 has two ways: directly into y1 (factor 1), and through e1 into S: dz1 = g1 + dS·e1.",
    ],
    mistakes={
        "CHAINSUM": (
            dict(dS="-g1 / S", dz1="g1", dz3="g3"),
            "That is one path of several. S is in all three outputs, and z1 has a second way, through S.",
        ),
        "SIGN": (
            dict(dS="(g1 + g2 + g3) / S"),
            "A sign: a larger S makes every yᵢ *smaller*.",
        ),
        "SIGNTWICE": (
            dict(dz1="g1 - dS * e1", dz3="g3 - dS * e3"),
            "A sign: dS carries its minus already. What comes through S is *added*.",
        ),
        "NOUPSTREAM": (
            dict(dS="-3 / S", dz1="1 + dS * e1"),
            "The upstream gradients g1, g2, g3 are missing as factors.",
        ),
        "LOGSUM": (
            dict(S="log(e1 + e2 + e3)"),
            "S is the sum itself; the logarithm comes in yᵢ = zᵢ − log S.",
        ),
        "FACTORP": (
            dict(dz1="g1 + dS", dz3="g3 + dS"),
            "From S on to z1 the path passes exp, whose slope is e1 itself.",
        ),
    },
)  # fmt: skip

TUPLE = (
    "Return two things: the value, and `vjp`, a function. `vjp(G)` returns a tuple with one gradient for "
    "each operand; with a single operand that is `(dZ,)`, and the comma makes the tuple."
)
TUPLE_TWICE = (
    "What another vjp gives is a tuple already: return `back(G)` as it is, not `(back(G),)`."
)
AGAIN = (
    "The second call of vjp gives something else than the first one, for the same G. An array that it needs "
    "is changed by it (`-=` on a saved array?): work on a copy."
)
TOUCHED = "vjp changes the G that it gets. Others may hold that array, too: make a new one."


def _op_case(label: str, inputs: tuple, G, name: str, right, value, suspects=(), large="") -> Case:
    """An operation on one array: its value, its VJP with an upstream gradient, and once more.

    `large` says what is wrong with a wrong value at large scores, where only that can be.
    """

    def run(op):
        copies = [np.array(x) for x in inputs]
        made = op(*copies)
        if not (isinstance(made, tuple | list) and len(made) == 2 and callable(made[1])):
            return Wrong(f"{TUPLE} You give {show(made)}.", "NOVJP")
        wrong = difference("The value", value, made[0], suspects[1], _sizes(inputs))
        if wrong:
            return Wrong(f"{wrong.message} {large}", "MAXSHIFT") if large else wrong
        given = np.array(G)
        first = deepcopy(made[1](given))
        second = made[1](np.array(G))
        if not isinstance(first, tuple | list) or len(first) != 1:
            return Wrong(f"{TUPLE} Your vjp gives {show(first)}.", "NOTUPLE")
        if isinstance(first[0], tuple):
            return Wrong(TUPLE_TWICE)
        wrong = difference(f"`{name}`", right, first[0], suspects[0], _sizes(inputs))
        if wrong:
            return wrong
        if not np.array_equal(given, G):
            return Wrong(TOUCHED, "CHANGEDG")
        if not agree(right, second[0]):
            return Wrong(AGAIN, "CHANGEDSAVED")
        if not all(np.array_equal(a, b) for a, b in zip(copies, inputs)):
            return Wrong("Your code changes its input. Work on a copy.", "CHANGEDINPUT")
        return {"value": made[0], name: first[0]}

    return Case(label, run)


def _sizes(inputs: tuple) -> dict[str, int]:
    *batch, classes = np.shape(inputs[0])
    return {"N": int(np.prod(batch)), "C": classes, "N·C": int(np.size(inputs[0]))}


OVERFLOW = (
    "exp(1000) is infinite, and log 0 is −∞: subtract each row's maximum before exp. It cancels in "
    "z − log Σ exp z."
)
# Large scores: what is added to the rows of (4, 3), where, and what fails there alone.
LARGE = [
    (1000.0, "every score near 1000", OVERFLOW),
    (np.array([[1000.0], [0.0], [0.0], [1000.0]]), "two rows near 1000, two near 0",
     "You subtract one maximum from all rows. A row near 0 then has exp(−1000), which is 0, and log 0 is −∞. Each row "
     "its own: `max(axis=-1, keepdims=True)`."),
    (np.array([1000.0, 1000.0, -1000.0]), "scores near 1000 and −1000 in each row",
     "The probability of the last class is exactly 0 there, and log 0 is −∞. Do not take the log of P, and do not "
     "help it with a small number: z − max − log Σ exp(z − max) never needs it."),
    (np.array([1000.0, -1000.0, -1000.0]), "one score near 1000, two near −1000 in each row",
     "Do you subtract the mean? Here 1000 − mean is 1333, and exp of that is infinite. It is the row's *maximum* that "
     "leaves no exponent above 0."),
]  # fmt: skip


# ------------------------------------------------------------------ log_softmax


def log_softmax_cases() -> list[Case]:
    made = []
    usual = [(shape, 0.0, "", "") for shape in [(4, 3), (1, 3), (3, 3), (5, 2), (2, 2, 3)]]
    for seed, (shape, shift, where, large) in enumerate(usual + [((4, 3), *row) for row in LARGE]):
        Z, G = random(120 + seed, shape, shape)
        Z = Z + shift
        logP, P = softmax(Z)
        right = G - P * G.sum(axis=-1, keepdims=True)
        known = log_softmax_slips(Z, G)[0], log_softmax_values(Z)
        label = f"Z {shape}, {where}".rstrip(", ")
        made.append(_op_case(label, (Z,), G, "dZ", right, logP, known, large))
    return made


@exercise(
    minutes=15,
    difficulty=2,
    cases=log_softmax_cases,
    version=3,
    hints=[
        "The value: z − log Σ exp z, with each row's maximum subtracted first, as in week 4. Keep P = "
        "exp(value) for the way back.",
        "The VJP is your pencil work for a whole row: every entry gets its own G, and −P times the *sum* of the "
        "row's G.",
        "def vjp(G): return (G - np.exp(out) * G.sum(axis=-1, keepdims=True),), and at the end return out, vjp.",
    ],
)
def log_softmax(Z):
    """(value, vjp): the log-softmax along the last axis, and the function G → (dZ,)."""
    shifted = Z - Z.max(axis=-1, keepdims=True)
    out = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))

    def vjp(G):
        return (G - np.exp(out) * G.sum(axis=-1, keepdims=True),)

    return out, vjp


for _code, _why, *_changes in [
    ("MAXSHIFT", OVERFLOW, ("Z - Z.max(axis=-1, keepdims=True)", "Z + 0.0")),
    ("MAXSHIFT", LARGE[1][2], ("Z - Z.max(axis=-1, keepdims=True)", "Z - Z.max()")),
    ("MAXSHIFT", LARGE[2][2], ("    out = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))",
                               "    e = np.exp(shifted)\n    out = np.log(e / e.sum(axis=-1, keepdims=True))")),
    ("SMAXIS", "Each *row* is one sample: maximum and sum run along axis −1, the classes.",
     ("axis=-1", "axis=0")),
    ("SUMOFG", "The sum of the upstream gradients is missing. The path through S collects the G of the whole row: "
     "G − P·Σ G.",
     ("G - np.exp(out) * G.sum(axis=-1, keepdims=True)", "G - np.exp(out)")),
    ("DIAGSOFTMAX", "G·(1 − P) is the diagonal of the Jacobian alone. A score also moves the other classes, "
     "through the sum S.",
     ("G - np.exp(out) * G.sum(axis=-1, keepdims=True)", "G * (1 - np.exp(out))")),
    ("KEEPDIM", "The sums have lost their axis. Where the array is square they stand beside the *columns*, and no "
     "error tells you: keepdims=True.",
     ("np.exp(out) * G.sum(axis=-1, keepdims=True)", "np.exp(out) * G.sum(axis=-1)")),
    ("NOTUPLE", TUPLE, ("keepdims=True),)", "keepdims=True))")),
    ("NOVJP", TUPLE, ("    return out, vjp", "    return out")),
    ("CHANGEDG", TOUCHED,
     ("        return (G -", "        G -= np.exp(out) * G.sum(axis=-1, keepdims=True)\n        return (G,) or (G -")),
]:  # fmt: skip
    log_softmax.mistake(_code, _why)(rewritten(log_softmax.reference, *_changes))


# ------------------------------------------------------------------ cross_entropy


NEVER = "the last class never occurs"


def _in_float32(cross_entropy):
    made = np.asarray(cross_entropy(np.eye(2, 3, dtype=np.float32), np.array([1, 2]))[0]).dtype
    if made == np.float32:
        return "float32"
    return Wrong(
        f"Z is float32, and L is {made}: twice the memory and time for all that follows. `np.eye(C)`, `np.zeros(shape)` "
        "and `float(…)` are float64; `np.eye(C, dtype=Z.dtype)` is not."
    )


def cross_entropy_cases() -> list[Case]:
    made = []
    usual = [(size, 0.0, "", "") for size in [(4, 3), (1, 3), (3, 3), (5, 2), (6, 10)]]
    usual.append(((2, 3), 0.0, NEVER, ""))
    for seed, ((N, C), shift, where, large) in enumerate(usual + [((4, 3), *row) for row in LARGE]):
        Z, g = random(130 + seed, (N, C), ())
        Z, t = Z + shift, np.random.default_rng(seed).integers(0, C, N)
        t[0] = C - 1
        if where == NEVER:
            t[:] = 0
        logP, P = softmax(Z)
        rows = np.arange(N)
        right, L = g * (P - np.eye(C)[t]) / N, -logP[rows, t].mean()
        known = cross_entropy_slips(Z, t, g)[0], cross_entropy_values(Z, t)
        label = f"Z {(N, C)}, {where}".rstrip(", ") + f", g = {float(g)}"
        made.append(_op_case(label, (Z, t), g, "dZ", right, L, known, large))
    return [*made, Case("Z in float32", _in_float32)]


@exercise(
    minutes=15,
    difficulty=2,
    cases=cross_entropy_cases,
    version=3,
    hints=[
        "You have both halves: week 4's cross_entropy_grad gave L and dZ together. Here they come apart: L now, dZ "
        "when g arrives.",
        "L is −logP[rows, t].mean(). dZ is (P − Y)/N for g = 1; by the chain rule it is g times that.",
        "In vjp: dZ = np.exp(logP), a new array; dZ[rows, t] -= 1; return (g * dZ / len(t),).",
    ],
)
def cross_entropy(Z, t):
    """(L, vjp): the mean cross-entropy of scores Z (N, C) with classes t (N,), and g → (dZ,).

    t is no tensor: it gets no gradient. g = ∂(end)/∂L is a number.
    """
    rows = np.arange(len(t))
    shifted = Z - Z.max(axis=1, keepdims=True)
    logP = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))

    def vjp(g):
        dZ = np.exp(logP)
        dZ[rows, t] -= 1
        return (g * dZ / len(t),)

    return -logP[rows, t].mean(), vjp


_SAVED = (
    "        dZ = np.exp(logP)\n        dZ[rows, t] -= 1",
    "        dZ = P\n        dZ[rows, t] -= 1",
)

for _code, _why, *_changes in [
    ("NOUPSTREAM", "The upstream gradient g is missing. A loss is not always the end: it may be one term of two, or "
     "be scaled.",
     ("(g * dZ / len(t),)", "(dZ / len(t),)")),
    ("CHANGEDSAVED", AGAIN,
     _SAVED, ("    def vjp", "    P = np.exp(logP)\n\n    def vjp")),
    ("MEANSUM", "L is a *mean* over the samples, so 1/N goes into its gradient.",
     ("(g * dZ / len(t),)", "(g * dZ,)")),
    ("MEANSUM", "You divide by N·C. The mean is over the N *samples*.",
     ("(g * dZ / len(t),)", "(g * dZ / dZ.size,)")),
    ("MEANSUM", "L is the sum over the batch here; asked for is the mean.",
     ("logP[rows, t].mean()", "logP[rows, t].sum()")),
    ("NO-1", "The −1 at each sample's own class is missing: (P − Y)/N. Then no score is ever pushed up.",
     ("        dZ[rows, t] -= 1\n", "")),
    ("NO-1", "dZ[:, t] selects whole columns, for all samples. A pair of indices picks one entry for each row: "
     "dZ[np.arange(N), t].",
     ("dZ[rows, t] -= 1", "dZ[:, t] -= 1")),
    ("SIGN", "The sign is turned around: P − Y.", ("(g * dZ / len(t),)", "(-g * dZ / len(t),)")),
    ("DOUBLESOFTMAX", "You take softmax twice: cross-entropy applies its own to the *scores* Z.",
     ("    shifted = Z -", "    Z = softmax(Z)[1]\n    shifted = Z -")),
    ("MAXSHIFT", OVERFLOW,
     ("Z - Z.max(axis=1, keepdims=True)", "Z + 0.0")),
    ("MAXSHIFT", LARGE[1][2], ("Z - Z.max(axis=1, keepdims=True)", "Z - Z.max()")),
    ("MAXSHIFT", LARGE[2][2], ("    logP = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))",
                               "    e = np.exp(shifted)\n    logP = np.log(e / e.sum(axis=1, keepdims=True))")),
    ("NOUPSTREAM", "g multiplies P alone. It belongs to all of (P − Y).",
     ("        dZ[rows, t] -= 1\n        return (g * dZ / len(t),)",
      "        dZ *= g\n        dZ[rows, t] -= 1\n        return (dZ / len(t),)")),
    ("PAIR", "[:, t] takes the classes of *all* samples from every row. One entry for each row: logP[np.arange(N), t].",
     ("logP[rows, t].mean()", "logP[:, t].mean()")),
    ("NOTUPLE", TUPLE, ("(g * dZ / len(t),)", "g * dZ / len(t)")),
]:  # fmt: skip
    cross_entropy.mistake(_code, _why)(rewritten(cross_entropy.reference, *_changes))
