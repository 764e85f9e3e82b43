"""Week 12, capstone B: a study of depth and initialization, with seeds and error bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from helpers.agreement import agree, show
from helpers.exercise import Arguments, Wrong, exercise
from helpers.sandbox import Outcome
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week12_curves import CURVES, WHY

# ------------------------------------------------------------------ milestone 1


@exercise(
    minutes=30,
    difficulty=3,
    cases=CURVES,
    hints=[
        "Lists instead of names: Ws[0] … Ws[depth − 1], and H[0] = X, H[k] = relu(H[k − 1] @ Ws[k − 1]). The last one "
        "gives scores, without a ReLU.",
        "Backward: D = (P − Y)/n at the scores. For k from the last to the first: dW = H[k].T @ D, then "
        "D = (D @ Ws[k].T) * (H[k] > 0), with the old Ws[k].",
        "One rng = np.random.default_rng(seed) for the weights, standard_normal · √(gain/n_in), and for the order of "
        "the samples. Average the losses of all batches of an epoch.",
    ],
)
def learning_curve(X, t, gain, depth, seed):
    """Mean training loss of each of 6 epochs, at `depth` weight matrices.

    64-64-…-64-10 with ReLUs, or 64-10 for depth = 1; no biases; entries of
    W are normal with variance gain / n_in. SGD with lr 0.02 and batches of
    32, in a new order each epoch; the mean is over the losses that the
    steps start from. The seed decides weights and order.
    """
    rng = np.random.default_rng(seed)
    sizes = [64] * depth + [10]
    Ws = [rng.standard_normal(s) * np.sqrt(gain / s[0]) for s in zip(sizes, sizes[1:])]
    curve = []
    for _ in range(6):
        losses = []
        for rows in np.array_split(rng.permutation(len(t)), len(t) // 32):
            H, classes = [X[rows]], np.arange(len(rows))
            for W in Ws[:-1]:
                H.append(np.maximum(H[-1] @ W, 0))
            Z = H[-1] @ Ws[-1]
            logP = Z - Z.max(axis=1, keepdims=True)
            logP = logP - np.log(np.exp(logP).sum(axis=1, keepdims=True))
            losses.append(-logP[classes, t[rows]].mean())
            D = np.exp(logP)
            D[classes, t[rows]] -= 1
            D = D / len(rows)
            for k in reversed(range(depth)):
                dW = H[k].T @ D
                D = (D @ Ws[k].T) * (H[k] > 0)
                Ws[k] = Ws[k] - 0.02 * dW
        curve.append(float(np.mean(losses)))
    return curve


for _code, *_changes in [  # the cases name the others of WHY themselves
    ("STDVAR", ("np.sqrt(gain / s[0])", "gain / s[0]")),
    ("NOBEND", ("H.append(np.maximum(H[-1] @ W, 0))", "H.append(H[-1] @ W)"), (" * (H[k] > 0)", "")),
    ("SIGN", ("Ws[k] - 0.02", "Ws[k] + 0.02")),
]:  # fmt: skip
    learning_curve.mistake(_code, WHY[_code])(rewritten(learning_curve.reference, *_changes))


# ------------------------------------------------------------------ milestone 2


def _tables() -> list[Arguments]:
    rng = np.random.default_rng(3)
    made = {
        "2 seeds, 1 epoch": [[1.0], [2.0]],
        "3 seeds, 2 epochs": [[2.3, 1.9], [2.3, 2.1], [2.3, 2.3]],
    }
    tables = {label: np.array(rows) for label, rows in made.items()}
    tables |= {f"{n} seeds, {k} epochs": rng.uniform(0, 3, (n, k)) for n, k in [(3, 3), (5, 6)]}
    return [Arguments(label, args=(table,)) for label, table in tables.items()]


@exercise(
    minutes=10,
    difficulty=1,
    cases=_tables,
    hints=[
        "The seeds are the rows: average over axis 0.",
        "The spread of n numbers is estimated with n − 1: .std(axis=0, ddof=1).",
        "The mean of n numbers is known √n times as well as one of them: divide by np.sqrt(len(curves)).",
    ],
)
def error_bars(curves):
    """(mean, error) at each epoch: the mean of curves, its standard error.

    curves (seeds, epochs). The standard error is s/√n, where s is the
    sample standard deviation, with n − 1.
    """
    curves = np.asarray(curves)
    return curves.mean(axis=0), curves.std(axis=0, ddof=1) / np.sqrt(len(curves))


for _code, _why, _old, _new in [
    ("DDOF", "np.std divides by n. From three seeds that makes the bars 18% too short: ddof=1 divides by n − 1.",
     ", ddof=1", ""),
    ("NOTSE", "That is the spread of single runs. The *mean* of n runs is known √n times as well.",
     " / np.sqrt(len(curves))", ""),
    ("OVERN", "You divide by n; it is √n. Variances shrink with n, standard deviations with its root.",
     "np.sqrt(len(curves))", "len(curves)"),
    ("SMAXIS", "You average over the epochs (axis 1). The seeds are the rows, axis 0.", "axis=0", "axis=1"),
    ("STDVAR", "That is the variance over n. Take the root.",
     "curves.std(axis=0, ddof=1) / np.sqrt(len(curves))", "curves.var(axis=0, ddof=1) / len(curves)"),
]:  # fmt: skip
    error_bars.mistake(_code, _why)(rewritten(error_bars.reference, (_old, _new)))


# ------------------------------------------------------------------ milestone 3


EQUAL = "Two equal curves: neither is below the other, and None is right. Below is `<`."
FROM = "first epoch"


@dataclass(frozen=True)
class OrNone(Arguments):
    """Arguments of a function whose None is an answer, and no forgotten `return`."""

    def outcome(self, attempt, limit):
        outcome = super().outcome(attempt, limit)
        return outcome if outcome.problem else Outcome({FROM: outcome.value})


def _judge_claim(case, expected, got) -> Wrong | str | None:
    right, given = expected[FROM], got[FROM]
    if (right is None and given is None) or (
        None not in (right, given) and not isinstance(given, bool) and agree(right, given)
    ):
        return None
    if right is None and "equal" in case.label:
        return Wrong(EQUAL, "EQUAL")
    if right is None:
        return f"None is right here: up to the last epoch a's bar is not below b's. You give {show(given)}."
    if given is None:
        return f"From epoch {right} on a is below b here, and you give None."
    return f"From epoch {right} on a is below b here, where the first epoch is number 0. You give {show(given)}."


def _pairs() -> list[Arguments]:
    def three(*means, spread=0.05):
        return np.array(means) + spread * np.array([[-1.0], [0.0], [1.0]])

    high = three(2.3, 2.3, 2.3, 2.3)
    pairs = {
        "one epoch, far apart": (three(1.0), three(2.3)),
        "one epoch, the same": (three(2.3), three(2.3)),
        "apart from epoch 2 on": (three(2.3, 2.2, 1.5, 1.0, spread=0.1), high),
        "apart in epoch 1 only": (three(2.3, 1.5, 2.25, 2.3), high),
        "apart in epoch 0, and again from 3 on": (three(1.5, 2.3, 2.29, 1.5), high),
        "the other one is lower": (high, three(2.0, 1.5, 1.2, 1.0)),
        "means apart, bars not": (three(2.1, 2.0, 1.9, 1.9, spread=0.4), high),
        "one bar is enough, two are not": (three(2.2, 2.2, 2.2, 2.2), high),
        "all of a below all of b, and the bars overlap": (
            np.array([[0.0], [1.0]]),
            np.array([[1.2], [2.2]]),
        ),
        "two equal curves, the same in each seed": (np.full((2, 3), 2.3), np.full((2, 3), 2.3)),
    }
    return [OrNone(label, args=pair) for label, pair in pairs.items()]


@exercise(
    minutes=15,
    difficulty=2,
    version=2,
    cases=_pairs,
    judge=_judge_claim,
    hints=[
        "For each epoch: is the upper end of a's bar, mean + 2·error, below the lower end of b's?",
        "It must hold from that epoch to the *end*: look from the last epoch backward.",
        "apart = (mean_a + 2·error_a < mean_b − 2·error_b); then the first k for which apart[k:].all() is true.",
    ],
)
def claim(a, b):
    """From which epoch on is a below b? None where the seeds cannot tell.

    a, b: curves (seeds, epochs); the first epoch is number 0. From that
    epoch to the last, mean + 2 standard errors of a must be below mean − 2
    standard errors of b.
    """
    ends = []
    for curves, side in [(np.asarray(a), 2), (np.asarray(b), -2)]:
        error = curves.std(axis=0, ddof=1) / np.sqrt(len(curves))
        ends.append(curves.mean(axis=0) + side * error)
    apart = ends[0] < ends[1]
    return next((k for k in range(len(apart)) if apart[k:].all()), None)


for _code, _why, *_changes in [
    ("EQUAL", EQUAL, ("ends[0] < ends[1]", "ends[0] <= ends[1]")),
    ("ORNONE", "You give None where epoch 0 is right: 0 is false in Python, and `k or None` loses it.",
     ("for k in range(len(apart)) if apart[k:].all()), None)", "for k in range(len(apart)) if apart[k:].all()), None) or None")),
    ("SWAPPED", "a and b are swapped: asked is from when on *a* is below b.", ("    ends = []", "    a, b = b, a\n    ends = []")),
    ("NOBARS", "You compare the means alone. Then any noise makes a claim.", ("[(np.asarray(a), 2), (np.asarray(b), -2)]",
     "[(np.asarray(a), 0), (np.asarray(b), 0)]")),
    ("FIRSTANY", "You take the first epoch in which they are apart, although they meet again later.",
     ("apart[k:].all()", "apart[k]")),
    ("ONEBAR", "One standard error on each side: two means of the same thing are that far apart in one of six trials.",
     ("[(np.asarray(a), 2), (np.asarray(b), -2)]", "[(np.asarray(a), 1), (np.asarray(b), -1)]")),
    ("EITHERSIDE", "You also claim it where b is the lower one.",
     ("apart = ends[0] < ends[1]", "apart = np.abs(np.mean(a, axis=0) - np.mean(b, axis=0)) > np.abs(ends[0] - np.mean(a, axis=0)) + np.abs(ends[1] - np.mean(b, axis=0))")),
    ("LASTONLY", "You look at the last epoch only; asked for is since when it holds.",
     ("return next((k for k in range(len(apart)) if apart[k:].all()), None)",
      "return len(apart) - 1 if apart[-1] else None")),
]:  # fmt: skip
    claim.mistake(_code, _why)(rewritten(claim.reference, *_changes))
