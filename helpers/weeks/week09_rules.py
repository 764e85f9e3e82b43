"""Week 9, sections 2 and 3: where gradients arrive, and the two rules in which entries compete.

`accumulate` is the one place of a tensor engine where a gradient is written. `max_backward` shares
between equal entries, `embedding_backward` adds up what comes back to one row from many places.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from helpers.agreement import agree
from helpers.exercise import Arguments, Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week03_cases import random
from helpers.weeks.week03_rules import unbroadcast
from helpers.weeks.week09_judge import Suspect, difference

# ------------------------------------------------------------------ accumulate

SHARED = (
    "Two nodes got the same array g, and then one of them got more. The other one changed with it: "
    "both hold *one* array, and `+=` writes into it. Keep a copy (`g.copy()`), or make a new array: "
    "`node.grad = node.grad + g`."
)
LATE_SHAPE = (
    "NumPy cannot add the larger g into the smaller gradient in place. Bring g to the shape of "
    "node.data first: `unbroadcast(g, node.data.shape)`."
)


def _node(shape: tuple[int, ...]) -> SimpleNamespace:
    return SimpleNamespace(data=np.zeros(shape), grad=None)


def _arrivals(shape: tuple[int, ...], *sent: tuple[int, ...], seed: int) -> Case:
    """Gradients of these shapes arrive at a node of another shape, one after another."""
    label = f"node.data {shape}, g {' and then '.join(map(str, sent))}"
    arrays = random(seed, *sent)

    def run(accumulate):
        node, sent_now = _node(shape), [g.copy() for g in arrays]
        total = np.zeros(shape)
        for k, g in enumerate(sent_now, start=1):
            try:
                accumulate(node, g)
            except ValueError as error:
                if "broadcast" in str(error):
                    return Wrong(LATE_SHAPE, "UNBROADCAST")
                raise
            last = unbroadcast(arrays[k - 1], shape)
            total = total + last
            assigned = [Suspect("ASSIGN", last, "that is the last g alone. Contributions add up.")]
            wrong = difference(f"After {k} of {len(sent)} pushes node.grad", total, node.grad,
                               assigned if k > 1 else ())  # fmt: skip
            if wrong:
                return wrong
        if not all(np.array_equal(g, old) for g, old in zip(sent_now, arrays)):
            return Wrong(SHARED, "ALIAS")
        return node.grad

    return Case(label, run)


def _shared(accumulate):
    a, b = _node((2,)), _node((2,))
    g, more = np.array([1.0, 2.0]), np.array([10.0, 20.0])
    accumulate(a, g)
    accumulate(b, g)
    accumulate(b, more)
    if agree([11.0, 22.0], a.grad) or agree([11.0, 22.0], g):
        return Wrong(SHARED, "ALIAS")
    return {"a.grad": a.grad, "b.grad": b.grad}


def _read_only(accumulate):
    node = _node((2, 3))
    g = np.broadcast_to(np.array([1.0, 2.0, 3.0]), (2, 3))
    try:
        accumulate(node, g)
        accumulate(node, g)
    except ValueError as error:
        if "read-only" in str(error):
            return Wrong(
                "Here g is a view that may not be written to, as `np.broadcast_to` makes it, and "
                "you keep it as node.grad and add into it. " + SHARED,
                "ALIAS",
            )
        raise
    return node.grad


def accumulate_cases() -> list[Case]:
    return [
        _arrivals((2, 3), (2, 3), seed=91),
        _arrivals((2, 3), (2, 3), (2, 3), seed=92),
        _arrivals((3,), (2, 3), seed=93),
        _arrivals((2, 1), (2, 3), seed=94),
        _arrivals((3, 1), (3, 3), (3, 1), seed=95),
        _arrivals((3,), (3, 3), (3, 3), (3,), seed=96),
        _arrivals((), (2, 3), (), seed=97),
        _arrivals((1, 3), (4, 2, 3), seed=98),
        Case("a and b both get g = (1, 2), then b gets (10, 20)", _shared),
        Case("g is a read-only view of shape (2, 3), and arrives twice", _read_only),
    ]


@exercise(
    minutes=15,
    difficulty=2,
    cases=accumulate_cases,
    hints=[
        "Two questions. Which shape has node.grad at the end? And does anybody else hold the array that "
        "you keep?",
        "node.grad has the shape of node.data: `unbroadcast(g, node.data.shape)`. The first contribution "
        "is kept, as a copy; every later one is added.",
        "if node.grad is None: node.grad = g.copy(), else: node.grad = node.grad + g.",
    ],
)
def accumulate(node, g):
    """Add g to node.grad, in the shape of node.data. node.grad is None before the first time."""
    g = unbroadcast(g, node.data.shape)
    if node.grad is None:
        node.grad = np.array(g)
    else:
        node.grad = node.grad + g


for _code, _why, *_changes in [
    ("ALIAS", SHARED,
     ("g = unbroadcast", "if g.shape != node.data.shape:\n        g = unbroadcast"),
     ("np.array(g)", "g"), ("node.grad = node.grad + g", "node.grad += g")),
    ("ASSIGN", "The last contribution replaces the earlier ones. A node that is used twice gets a gradient "
     "from each use, and they add up.",
     ("node.grad = node.grad + g", "node.grad = np.array(g)")),
    ("UNBROADCAST", "g arrives in the shape of the *result*, and you keep it like that. A gradient has the "
     "shape of what it is the gradient of: sum over the axes along which broadcasting has copied.",
     ("    g = unbroadcast(g, node.data.shape)\n", "")),
    ("KEEPDIM", "For node.data (2, 1) the gradient must be (2, 1). Where the shape has a 1, sum and *keep* "
     "the axis.",
     ("unbroadcast(g, node.data.shape)",
      "g.sum(axis=tuple(k for k in range(g.ndim) if k < g.ndim - node.data.ndim or "
      "node.data.shape[k - g.ndim + node.data.ndim] == 1))")),
    ("MEANSUM", "You average over the copies. Each copy moves the result: their gradients *add up*.",
     ("unbroadcast(g, node.data.shape)",
      "unbroadcast(g, node.data.shape) * max(node.data.size, 1) / g.size")),
]:  # fmt: skip
    accumulate.mistake(_code, _why)(rewritten(accumulate.reference, *_changes))


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
    ]:
        G = random(103 + len(made), values.max(axis=axis, keepdims=keepdims).shape)[0]
        label = f"X {values.shape}, {name}, axis={axis}, keepdims={keepdims}"
        made.append(Arguments(label, args=(values, G, axis, keepdims)))
    return made


def _judge_max(case, expected, got):
    X, G, axis, keepdims = case.args
    spread = G if keepdims or axis is None else np.expand_dims(G, axis)
    mask = X == X.max(axis=axis, keepdims=True)
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
    ]  # fmt: skip
    return difference("Your gradient", expected, got, suspects)


TIES = (
    "Each of the entries that tie gets *all* of G. Together they get it twice: if all of them rise by "
    "1, the maximum rises by 1, and yours says 2. Divide by the number of ties."
)


@exercise(
    minutes=10,
    difficulty=2,
    cases=max_cases,
    judge=_judge_max,
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
        (3, 1, [0, -1, 2]),
        (4, 4, [3, 0, 3, 1]),
        (3, 2, []),
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
    suspects = [
        Suspect("SCATTER", last, SCATTER),
        Suspect("NOUPSTREAM", counts, "you count how often a row is used. Add up the gradients G that "
                "come back from those uses."),
        Suspect("MEANSUM", expected / np.maximum(counts, 1), "you average over the uses of a row. "
                "Contributions add up."),
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
