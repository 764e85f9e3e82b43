"""Week 9, section 4: the two rules in which entries compete.

`max_backward` shares between equal entries, `embedding_backward` adds up what comes back to one row
from many places.
"""

from __future__ import annotations

import numpy as np

from helpers.exercise import Arguments, Wrong, exercise
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week03_cases import random
from helpers.weeks.week09_judge import Suspect, difference

# ------------------------------------------------------------------ max

_TIED = np.array([[2.0, -1.0, 2.0], [0.5, 3.0, -2.0]])


def max_cases() -> list[Arguments]:
    X, square = random(101, (2, 3), (3, 3))
    tied_square = np.array([[1.0, 4.0, 1.0], [4.0, 4.0, 0.0], [1.0, -2.0, 1.0]])
    made = []
    for name, values, axis, keepdims in [
        ("no ties", X, None, False),
        ("no ties", X, 0, False),
        ("no ties", X, 1, True),
        ("two 2s in a row", _TIED, 1, False),
        ("two 2s in a row", _TIED, 1, True),
        ("all equal", np.full((2, 2), 0.5), None, False),
        ("all equal", np.full((3, 2), -1.0), 0, False),
        ("no ties", square, 0, False),
        ("ties", tied_square, 0, False),
        ("ties", tied_square, 1, False),
        ("no ties", random(102, (2, 3, 2))[0], 1, False),
        (
            "two that are nearly equal",
            np.array([[2.0, 1.999998, 0.5], [-1.0, -3.0, -0.999999]]),
            1,
            False,
        ),
    ]:
        G = np.abs(random(103 + len(made), values.max(axis=axis, keepdims=keepdims).shape)[0])
        label = f"X {values.shape}, {name}, axis={axis}, keepdims={keepdims}"
        made.append(Arguments(label, args=(values, G, axis, keepdims)))
    return made


def _judge_max(case, expected, got):
    X, G, axis, keepdims = case.args
    spread = G if keepdims or axis is None else np.expand_dims(G, axis)
    top = X.max(axis=axis, keepdims=True)
    mask, near = X == top, top - X < 1e-5
    if not np.isfinite(got).all() and axis is not None:
        return Wrong(NO_MAXIMUM, "GLOBALMAX")
    first = np.zeros(X.shape)
    along = axis if axis is not None else None
    if along is None:
        first.ravel()[X.argmax()] = 1.0
    else:
        np.put_along_axis(first, np.expand_dims(X.argmax(axis=axis), axis), 1.0, axis=axis)
    suspects = [
        Suspect("TIES", mask * spread, TIES),
        Suspect("TIES", first * spread, "all of G goes to the *first* of the entries that tie. "
                "That is one of the choices mathematics allows, and `torch.max(dim)` makes it; here they share "
                "equally, as in `torch.amax`."),
        Suspect("NOUPSTREAM", mask / mask.sum(axis=axis, keepdims=True),
                "that is the share alone. Times the upstream gradient G."),
        Suspect("EVERYWHERE", spread + np.zeros(X.shape),
                "every entry gets G. Only the largest one moves the maximum."),
        Suspect("TIES", mask * spread / mask.sum(),
                "you divide by the number of maxima in the whole array. Each result has its own "
                "ties: count along the axis, with keepdims=True."),
        Suspect("TIES", near / near.sum(axis=axis, keepdims=True) * spread, "two entries that differ, "
                "if only by 0.000001, share it. Nearly equal is no tie: only the larger one moves the maximum."),
    ]  # fmt: skip
    if keepdims:
        twice = np.expand_dims(G, axis) * mask / mask.sum(axis=axis, keepdims=True)
        suspects.append(Suspect("KEEPDIM", twice, STILL_THERE))
    return difference("Your gradient", expected, got, suspects)


NO_MAXIMUM = (
    "NaN: where a row or column has no entry in your mask, its share is 0/0. Each row or column has a maximum of its "
    "own: X.max(axis=axis, keepdims=True)."
)
STILL_THERE = "with keepdims=True the axis is still in G, and you put it in once more. np.expand_dims only without keepdims."
TIES = (
    "Each of the entries that tie gets *all* of G. Together they get it twice: if all of them rise by "
    "1, the maximum rises by 1, and yours says 2. Divide by the number of ties."
)


@exercise(
    minutes=10,
    difficulty=2,
    cases=max_cases,
    judge=_judge_max,
    version=2,
    hints=[
        "Only the largest entry moves the maximum. Where are the largest entries? A mask of True and False "
        "says it: X == X.max(axis=axis, keepdims=True).",
        "How many tie? mask.sum(axis=axis, keepdims=True). Each of them gets that part of G.",
        "Without keepdims the reduced axis is gone from G: np.expand_dims(G, axis) puts it back (not for "
        "axis=None). Then G * mask / mask.sum(axis=axis, keepdims=True).",
    ],
)
def max_backward(X, G, axis=None, keepdims=False):
    """∂L/∂X for X.max(axis, keepdims=keepdims), from its gradient G. Equal maxima share equally."""
    if axis is not None and not keepdims:
        G = np.expand_dims(G, axis)
    mask = X == X.max(axis=axis, keepdims=True)
    return G * mask / mask.sum(axis=axis, keepdims=True)


for _code, _why, *_changes in [
    ("TIES", TIES, (" / mask.sum(axis=axis, keepdims=True)", "")),
    ("TIES", "You divide by the number of maxima in the whole array. Each result has its own ties: count "
     "along the axis, with keepdims=True.",
     ("mask.sum(axis=axis, keepdims=True)", "mask.sum()")),
    ("KEEPDIM", "G has lost the axis along which the maximum was taken. (2,) stands beside the *columns* of "
     "(2, 3), or fits them by accident where X is square: np.expand_dims(G, axis) first.",
     ("    if axis is not None and not keepdims:\n        G = np.expand_dims(G, axis)\n", "")),
    ("KEEPDIM", "With keepdims=True the axis is still in G, and you put it in once more. np.expand_dims only without "
     "keepdims.",
     ("axis is not None and not keepdims", "axis is not None")),
    ("TIES", "Two entries that differ, if only a little, share G. Nearly equal is no tie: only the larger one moves the "
     "maximum.",
     ("X == X.max(axis=axis, keepdims=True)", "np.isclose(X, X.max(axis=axis, keepdims=True))")),
    ("GLOBALMAX", NO_MAXIMUM, ("X == X.max(axis=axis, keepdims=True)", "X == X.max()")),
    ("KEEPDIM", "The maxima have lost the axis along which they were taken, so they stand beside the wrong entries "
     "of X: X.max(axis=axis, keepdims=True).",
     ("X == X.max(axis=axis, keepdims=True)", "X == X.max(axis=axis, keepdims=keepdims)")),
    ("NOUPSTREAM", "That is the share alone. Times the upstream gradient G.",
     ("G * mask", "1.0 * mask")),
    ("GLOBALMAX", "You compare with the largest entry of the whole array. With an axis each row or column has a "
     "maximum of its own.",
     ("X == X.max(axis=axis, keepdims=True)", "X == X.max()"),
     ("mask.sum(axis=axis, keepdims=True)", "np.maximum(mask.sum(axis=axis, keepdims=True), 1)")),
    ("EVERYWHERE", "Every entry gets a part of G, also those that are far below the maximum. A small nudge of "
     "them does not move it: their gradient is 0.",
     ("X == X.max(axis=axis, keepdims=True)", "np.ones(X.shape)"),
     (" / mask.sum(axis=axis, keepdims=True)", "")),
]:  # fmt: skip
    max_backward.mistake(_code, _why)(rewritten(max_backward.reference, *_changes))


# ------------------------------------------------------------------ rows of a table

SCATTER = (
    "Where a row is picked more than once, only its *last* gradient has arrived. `dE[idx] += G` reads all "
    "rows first, adds, and writes them back: of two writes to one row the last one stays. `np.add.at(dE, "
    "idx, G)` adds them one after another."
)


def embedding_cases() -> list[Arguments]:
    made = []
    for seed, (rows, width, idx) in enumerate([
        (4, 2, [2, 0, 3]),
        (4, 2, [1, 2, 1]),
        (3, 3, [2, 2, 2]),
        (5, 2, [[0, 1, 0], [4, 1, 1]]),
        (3, 2, [0, -1, 2]),
        (4, 4, [3, 0, 3, 1]),
    ]):  # fmt: skip
        idx = np.array(idx, dtype=int)
        E, G = random(110 + seed, (rows, width), (*idx.shape, width))
        made.append(Arguments(f"E {E.shape}, idx = {idx.tolist()}", args=(E, idx, G)))
    return made


def _judge_embedding(case, expected, got):
    E, idx, G = case.args
    last, counts = np.zeros(E.shape), np.zeros(E.shape)
    last[idx] = G
    np.add.at(counts, idx, np.ones(G.shape))
    by_rows = np.zeros(E.shape)
    if idx.ndim == 2:
        for i, r in enumerate(idx):
            by_rows[r] += G[i]
    counted_from_0, forward = np.zeros(E.shape), idx >= 0
    np.add.at(counted_from_0, idx[forward], G[forward])
    suspects = [
        Suspect("NEGATIVE", counted_from_0 if not forward.all() else np.nan, "what was picked by a negative index is "
                f"missing. It counts from the end: −1 is row {len(E) - 1}."),
        Suspect("SCATTER", last, SCATTER),
        Suspect("SCATTER", by_rows if idx.ndim == 2 else np.nan, "idx has two axes here, so the r of your loop is a *row* of "
                "indices, and in `dE[r] += G[i]` one that stands there twice counts once. np.add.at(dE, idx, G)."),
        Suspect("NOUPSTREAM", counts, "you count how often a row is used. Add up the gradients G that "
                "come back from those uses."),
        Suspect("MEANSUM", expected / np.maximum(counts, 1), "you average over the uses of a row. "
                "Contributions add up."),
        Suspect("OWNDATA", E + expected, "it began as a copy of E. Begin with zeros in the shape of E."),
        Suspect("GATHER", G, "that is G as it came. It belongs to the rows of E that were picked."),
    ]  # fmt: skip
    return difference("dE", expected, got, suspects)


@exercise(
    minutes=12,
    difficulty=2,
    cases=embedding_cases,
    judge=_judge_embedding,
    hints=[
        "E[idx] copies rows. What is the backward of copying, if one row has been copied twice?",
        "Start with zeros in the shape of E. Each row of G belongs to one row of E; a row of E that was "
        "picked twice gets two of them.",
        "dE = np.zeros(E.shape); np.add.at(dE, idx, G). Try dE[idx] += G on idx = [1, 2, 1], too, and "
        "look at row 1.",
    ],
)
def embedding_backward(E, idx, G):
    """∂L/∂E for the rows E[idx], from their gradient G, of shape (*idx.shape, E.shape[1])."""
    dE = np.zeros(E.shape)
    np.add.at(dE, idx, G)
    return dE


for _code, _why, *_changes in [
    ("SCATTER", SCATTER, ("np.add.at(dE, idx, G)", "dE[idx] += G")),
    ("NEGATIVE", "A negative index counts from the end: −1 is the last row, and what was picked by it is missing.",
     ("np.add.at(dE, idx, G)", "np.add.at(dE, idx[idx >= 0], G[idx >= 0])")),
    ("NOUPSTREAM", "You count how often a row is used. Add up the gradients G that come back from those uses.",
     ("np.add.at(dE, idx, G)", "np.add.at(dE, idx, 1.0)")),
    ("MEANSUM", "You average over the uses of a row. Contributions add up.",
     ("    return dE",
      "    n = np.bincount(idx.ravel() % len(E), minlength=len(E))\n    return dE / np.maximum(n, 1)[:, None]")),
    ("GATHER", "That is E[idx] once more, the way forward. Backward goes the other way: from the picked rows "
     "to the table.",
     ("    np.add.at(dE, idx, G)\n    return dE", "    return E[idx] * G")),
    ("OWNDATA", "You multiply G by the rows of E. Picking a row is copying: its slope is 1, whatever stands in "
     "it.",
     ("np.add.at(dE, idx, G)", "np.add.at(dE, idx, G * E[idx])")),
]:  # fmt: skip
    embedding_backward.mistake(_code, _why)(rewritten(embedding_backward.reference, *_changes))
