"""Week 12, capstone B: what a training run must be, read off its curves.

`learning_curve` draws its own random numbers, so no curve can be compared number by number. Inputs
are chosen that leave nothing to chance, or one thing at a time: weights of variance 0 and one batch;
many equal samples, with one odd one whose place in the order shows; large inputs for the first loss,
which reads the weights; and at last means over seeds.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from helpers.data import digits
from helpers.exercise import Case, Wrong
from helpers.graph import number
from helpers.mutants import softmax

SAMPLES = 640
EPOCHS, BATCH, LR = 6, 32, 0.02
NEAR = 1e-4  # relative; an answer may compute in float32
WHY = {
    "AFTER": "An epoch's mean is over the losses that its steps start from; yours are the losses after a step.",
    "LOSSSUM": "That is 32·log 10: the loss of a batch is the *mean* over its samples, and yours the sum.",
    "MEANSUM": "Your gradients are not means: divide by the number of samples in the batch.",
    "SIGN": "You go *up*: the loss grows.",
    "STUCK": "With one weight matrix the loss stays where it began: nothing moves, or a ReLU stands on the scores.",
    "LASTBATCH": "That is the loss of the last batch. Average over all batches of the epoch.",
    "ORDER": "The samples come in the same order in each epoch. Draw a new order each time.",
    "NOORDER": "The samples are not shuffled: they come in the order of X, and the seed is to decide it.",
    "REPEAT": "Each sample comes once per epoch, in an order that is drawn. In yours the odd one comes more or less often.",
    "UNIFORM": "Your weights are not normal: their largest are too small, as those of uniform numbers are.",
    "STDVAR": "gain / n_in is the *variance*. A normal number is scaled by the standard deviation, its square root.",
    "NOGAIN": "The gain does not reach your weights: both schemes are the same.",
    "FANOUT": "You divide the variance by n_out, the columns of W. It is n_in, the rows.",
    "NOBEND": "Your layers are linear: there is no ReLU, and a gain of 1 is then the right one at any depth.",
    "DEPTH": "`depth` counts the weight matrices, the last one too.",
    "ONESEED": "Your runs are all the same: the seed is not used. Three equal curves make an error bar of 0.",
    "NOSEED": "Two runs with the same seed differ. Draw everything from np.random.default_rng(seed).",
}  # fmt: skip


def wrong(code: str, more: str = "") -> Wrong:
    return Wrong(f"{WHY[code]} {more}".strip(), code)


def study_data() -> tuple[np.ndarray, np.ndarray]:
    """The first 640 training digits, with mean 0 and standard deviation 1, and their classes."""
    X, t, *_ = digits()
    return ((X - X.mean()) / X.std())[:SAMPLES], t[:SAMPLES]


def _case(label: str, fact) -> Case:
    """`fact(curve)` gives None or what is wrong; curve(X, t, gain, depth, seed) is an array."""

    def run(learning_curve):
        def curve(X, t, *given):
            said = np.asarray(learning_curve(X.copy(), t.copy(), *given), dtype=float)
            if said.shape != (EPOCHS,):
                raise _Stop(Wrong("Return the mean loss of each of the 6 epochs, six numbers."))
            return said

        with threadpool_limits(1), np.errstate(all="ignore"):
            try:
                said = fact(curve) or "as it should be"
            except _Stop as stop:
                said = stop.args[0]
        return said

    return Case(label, run)


class _Stop(Exception):
    """Ends a case with what it holds."""


# ------------------------------------------------------------------ nothing left to chance


def step(W, X, t, lr=LR) -> tuple[float, np.ndarray]:
    """The mean loss of softmax regression, and W after one step."""
    P = softmax(X @ W)
    loss = -np.log(P[np.arange(len(t)), t]).mean()
    return loss, W - lr / len(t) * X.T @ (P - np.eye(10)[t])


def _six(X, t, steps=1, lr=LR) -> np.ndarray:
    """The losses of softmax regression from W = 0: before each of 6·steps steps, and at the end."""
    W, losses = np.zeros((64, 10)), []
    for _ in range(EPOCHS * steps + 1):
        loss, W = step(W, X, t, lr)
        losses.append(loss)
    return np.array(losses)


def _one_batch(curve):
    X, t = study_data()
    X, t = np.repeat(X[:1], BATCH, axis=0), np.repeat(t[:1], BATCH)
    got, all_right = curve(X, t, 0.0, 1, 0), _six(X, t)
    right, later = all_right[:-1], all_right[1:]
    if np.allclose(got, right, NEAR):
        return None
    if np.allclose(got, later, NEAR):
        return wrong("AFTER")
    if np.isclose(got[0], BATCH * np.log(10), NEAR):
        return wrong("LOSSSUM", f"With gain 0 your first loss is {number(got[0])}.")
    if not np.isclose(got[0], np.log(10), NEAR):
        return wrong(
            "NOGAIN", f"With gain 0 the first loss is log 10 = 2.303, and yours {number(got[0])}."
        )
    if np.allclose(got, got[0], NEAR):
        return wrong("STUCK")
    if np.allclose(got, _six(X, t, lr=BATCH * LR)[:-1], NEAR):
        return wrong("MEANSUM")
    if got[1] > got[0]:
        return wrong("SIGN")
    if not np.isclose(got[1], right[1], NEAR):
        rates = np.geomspace(1e-4, 1, 400)
        ends = [_six(X[:1], t[:1], lr=rate)[1] for rate in rates]
        rate = rates[np.argmin([abs(end - got[1]) for end in ends])]
        return Wrong(
            f"From weights 0 the first step, with lr {LR}, takes the loss from 2.303 to {right[1]:.4f}. Yours "
            f"takes it to {got[1]:.4f}, as a lr of about {rate:.2g} would."
        )
    return Wrong(
        f"The first step is right and a later one is not: after five the loss is {right[5]:.4f}, and yours {got[5]:.4f}."
    )


def _equal_samples(curve):
    N = 8 * BATCH
    X, t = (np.repeat(a[:1], N, axis=0) for a in study_data())
    got = curve(X, t, 0.0, 1, 0)
    for size in (BATCH, 1, 8, 16, 64, 128, N):
        steps = N // size
        losses = _six(X[:1], t[:1], steps)[:-1].reshape(EPOCHS, steps)
        if np.allclose(got, losses.mean(axis=1), NEAR):
            return (
                None
                if size == BATCH
                else Wrong(f"Your batches hold {size} samples; {BATCH} are asked for.")
            )
        if size == BATCH and np.allclose(got, losses[:, -1], NEAR):
            return wrong("LASTBATCH")
    return Wrong(
        f"256 equal samples are 8 equal steps in each epoch, and the mean loss of the first is "
        f"{_six(X[:1], t[:1], 8)[:8].mean():.4f}; yours is {got[0]:.4f}."
    )


# ------------------------------------------------------------------ the order


def _places(curve, seed: int) -> list[int]:
    """In which of 4 batches one odd sample, the first of X, comes in each epoch."""
    X, t = (np.repeat(a[1:2], 4 * BATCH, axis=0) for a in study_data())
    odd, _ = study_data()
    X[0], t[0] = 4 * odd[0], (t[1] + 1) % 10
    got = curve(X, t, 0.0, 1, seed)
    W, places = np.zeros((64, 10)), []
    for loss in got:
        ends = [_epoch(W, X, t, place) for place in range(4)]
        place = int(np.argmin([abs(end - loss) for end, _ in ends]))
        if not np.isclose(ends[place][0], loss, NEAR):
            raise _Stop(wrong("REPEAT"))
        places.append(place)
        W = ends[place][1]
    return places


def _epoch(W, X, t, place: int):
    losses = []
    for k in range(4):
        # Row 0 is the odd one; all others are equal, so that one stands for a whole batch.
        rows = slice(0, BATCH) if k == place else slice(1, 2)
        loss, W = step(W, X[rows], t[rows])
        losses.append(loss)
    return np.mean(losses), W


def _order(curve):
    one, two = (_places(curve, seed) for seed in (0, 1))
    if len({*one, *two}) == 1 and one[0] == 0:
        return wrong("NOORDER")
    if len({*one}) == len({*two}) == 1:
        return wrong("ORDER")
    return None


# ------------------------------------------------------------------ the weights


def _first_losses(curve, size, gain, depth, seeds) -> float:
    """Inputs so large that the first loss is the highest score less that of a class."""
    X, t = size * np.eye(64), np.arange(64) % 10
    if depth > 1:
        X, t = X[:BATCH], t[:BATCH]
    return float(np.mean([curve(X, t, gain, depth, seed)[0] for seed in range(seeds)]))


def _mean_loss(deviation: float, draw) -> float:
    rng = np.random.default_rng(1)
    Z = 46 * deviation * draw(rng, (60_000, 10))
    top = Z.max(axis=1)
    return float((top + np.log(np.exp(Z - top[:, None]).sum(axis=1)) - Z[:, 0]).mean())


def _one_matrix(curve):
    gain = 3.0
    got = _first_losses(curve, 46.0, gain, 1, 100)

    def normal(rng, shape):
        return rng.standard_normal(shape)

    def uniform(rng, shape):
        return rng.uniform(-(3**0.5), 3**0.5, shape)

    right = _mean_loss((gain / 64) ** 0.5, normal)
    if abs(got / right - 1) < 0.045:  # nearly five standard errors of 100 seeds
        return None
    others = {
        "UNIFORM": [_mean_loss((gain / 64) ** 0.5, uniform)],
        "STDVAR": [_mean_loss(gain / 64, normal)],
        "NOGAIN": [_mean_loss((g / 64) ** 0.5, normal) for g in (1, 2)],
        "FANOUT": [_mean_loss((gain / 10) ** 0.5, normal)],
    }
    for code, losses in others.items():
        if any(abs(got / loss - 1) < 0.03 for loss in losses):
            return wrong(code)
    return Wrong(
        "Your weights have another size than √(gain/n_in): on large inputs the first loss of a single matrix is "
        f"{got / right:.2g} times what it should be, on average over 100 seeds."
    )


def _four_matrices(curve):
    ratio = _first_losses(curve, 4.0, 8.0, 4, 30) / FOUR
    if 0.8 < ratio < 1.25:
        return None
    for code, factors in {"DEPTH": (0.5, 2.0), "NOBEND": (2**1.5,)}.items():
        if any(abs(ratio / factor - 1) < 0.2 for factor in factors):
            return wrong(
                code, f"On large inputs your first loss is {ratio:.2g} times what it should be."
            )
    return Wrong(
        "A gain of 8 doubles the signal in each hidden layer. With depth = 4 your first loss is "
        f"{ratio:.2g} times what it should be, on average over 30 seeds: one matrix too many or too few, or another size?"
    )


# ------------------------------------------------------------------ training, in the mean of seeds


def _trains(curve):
    X, t = study_data()
    got = np.mean([curve(X[:192], t[:192], 2.0, 3, seed) for seed in range(8)], axis=0)
    ends = (got - THREE) / THREE_ERRORS
    if np.abs(ends).max() < 5:
        return None
    k = int(np.argmax(np.abs(ends)))
    return Wrong(
        f"One matrix learns as it should, three do not. With gain 2 the loss of epoch {k + 1} is "
        f"{THREE[k]:.2f}, in the mean of 8 seeds; yours is {got[k]:.2f}. Look at the backward pass through the hidden layers."
    )


def _deep(curve):
    X, t = study_data()
    end = curve(X[:192], t[:192], 2.0, 14, 0)[-1]
    return (
        None
        if end < 2.2
        else Wrong(
            f"The loss must fall below 2.2; yours ends at {number(end)}. On the way back: is the slope of each ReLU there, "
            "and does D go through the W that the step began with, before its update?"
        )
    )


def _seeds(curve):
    X, t = study_data()
    first, again, other = (curve(X[:64], t[:64], 2.0, 2, seed) for seed in (0, 0, 1))
    if not np.array_equal(first, again):
        return wrong("NOSEED")
    return wrong("ONESEED") if abs(first - other).max() < 1e-6 else None


# By the reference over 400 other seeds: the mean, and the standard error of a mean of 8.
FOUR = 16.93
THREE = np.array([2.675, 2.134, 1.843, 1.621, 1.437, 1.280])
THREE_ERRORS = np.array([0.070, 0.046, 0.045, 0.046, 0.047, 0.047])

CURVES = [
    _case("one matrix of zeros, 32 equal samples: six steps without any chance", _one_batch),
    _case("256 equal samples: 8 batches of 32 in each epoch", _equal_samples),
    _case("the same seed twice, then another", _seeds),
    _case("127 equal samples and an odd one: a new order each epoch", _order),
    _case("one matrix: its weights are normal with variance gain / n_in", _one_matrix),
    _case("four matrices: three ReLUs between them", _four_matrices),
    _case("3 layers, gain 2, 8 seeds", _trains),
    _case("14 layers, gain 2", _deep),
]
