"""Week 9, section 3: `accumulate`, the one place of a tensor engine where gradients arrive.

Whatever the operation, a gradient is summed to the shape of its node, turned to its type, added to
what is there, and kept in an array that no other node holds.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from helpers.agreement import agree
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week03_cases import random
from helpers.weeks.week03_rules import unbroadcast
from helpers.weeks.week09_judge import Suspect, difference

SHARED = (
    "Two nodes got the same array g, and then one of them got more. The other one changed with it: "
    "both hold *one* array, and `+=` writes into it. Keep a copy (`g.copy()`), or make a new array: "
    "`node.grad = node.grad + g`."
)
NONE_YET = (
    "Before the first contribution node.grad is None, and None + g is an error. Ask `if node.grad is None` and keep "
    "the first one; add from the second on."
)
OWNTYPE = (
    "A gradient has the type of its node's numbers, too. `np.zeros(shape)` is float64, and adding to it makes float64 "
    "of everything; `np.zeros_like(node.data)` is not."
)
CAST = (
    "node.data is float32, g came in float64, and so is node.grad. Rules make float64 easily: a float32 array divided by "
    "a count of whole numbers is float64. Here, where all gradients arrive, `g.astype(node.data.dtype)` mends it for all "
    "of them at once, and is a copy, too."
)
KEPT = (
    "Your first contribution is kept, not copied: node.grad and g are *one* array. Nothing of yours writes into it, but "
    "an optimizer that does `w.grad *= 0` would, and change whoever else holds g. `g.copy()`."
)
ASK = "node.grad is an array from the second time on, and has no single truth value: ask `node.grad is None`."
GIVEN_ARRAY = (
    "unbroadcast gets the array where it takes a shape: `unbroadcast(g, node.data.shape)`."
)
ATTRIBUTE = "A node has `data` and `grad`; the shape is that of its array, `node.data.shape`."
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
            stopped = _stopped(accumulate, node, g)
            if stopped:
                return stopped
            last = unbroadcast(arrays[k - 1], shape)
            total = total + last
            guesses = [
                Suspect(
                    "TWICE",
                    total + last,
                    "g is in it twice. Kept as the first contribution, and added once more?",
                ),
                *[Suspect("ASSIGN", last, "that is the last g alone. Contributions add up.")][
                    : k - 1
                ],
            ]
            what = f"After {k} of {len(sent)} pushes node.grad"
            if k > 1:
                first = unbroadcast(arrays[0], shape)
                guesses.append(Suspect("FIRSTONLY", first, "only the first contribution is there. What was added "
                                       "later has to be kept in node.grad."))  # fmt: skip
            wrong = difference(what, total, node.grad, guesses)
            if wrong and node.grad is not None and np.size(node.grad) < total.size:
                return Wrong(
                    f"{what} has shape {np.shape(node.grad)} and must have {shape}: you summed too many axes. Line the "
                    f"shapes up from the right, {np.shape(g)} over {shape}: an axis that both have, in the same "
                    "length, stays.",
                    "OVERSUM",
                )
            if wrong:
                return wrong
        if not all(np.array_equal(g, old) for g, old in zip(sent_now, arrays)):
            return Wrong(SHARED, "ALIAS")
        return node.grad

    return Case(label, run)


def _stopped(accumulate, node, g) -> Wrong | None:
    """Push g to a node; what is wrong where an error that we know comes out."""
    try:
        accumulate(node, g)
    except (AttributeError, TypeError, ValueError) as error:
        for text, why, code in (
            ("broadcast", LATE_SHAPE, "UNBROADCAST"),
            ("NoneType", NONE_YET, "NONEGRAD"),
            ("truth value", GIVEN_ARRAY if node.grad is None else ASK, None),
            ("SimpleNamespace", ATTRIBUTE, None),
        ):
            if text in str(error):
                return Wrong(why, code)
        raise
    return None


def _shared(accumulate):
    a, b = _node((2,)), _node((2,))
    g, more = np.array([1.0, 2.0]), np.array([10.0, 20.0])
    accumulate(a, g)
    kept = isinstance(a.grad, np.ndarray) and np.shares_memory(a.grad, g)
    accumulate(b, g)
    accumulate(b, more)
    if agree([11.0, 22.0], a.grad) or agree([11.0, 22.0], g):
        return Wrong(SHARED, "ALIAS")
    return Wrong(KEPT, "ALIAS") if kept else {"a.grad": a.grad, "b.grad": b.grad}


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


def _single(accumulate):
    for sent, why in (
        (np.float32, f"node.data and g are float32, node.grad is float64. {OWNTYPE}"),
        (np.float64, CAST),
    ):
        node = SimpleNamespace(data=np.zeros((2, 3), np.float32), grad=None)
        for _ in range(2):
            accumulate(node, np.ones((2, 3), sent))
            if np.asarray(node.grad).dtype != np.float32:
                return Wrong(why, "UPCAST")
    return {"node.grad": node.grad, "its type": "float32"}


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
        Case("node.data in float32, g in float32 or float64", _single),
    ]


@exercise(
    minutes=15,
    difficulty=2,
    cases=accumulate_cases,
    version=3,
    hints=[
        "Two questions. Which shape and type has node.grad at the end? And does anybody else hold the array that "
        "you keep?",
        "node.grad has the shape of node.data: `unbroadcast(g, node.data.shape)`. The first contribution "
        "is kept, as a copy; every later one is added.",
        "g = unbroadcast(g, node.data.shape).astype(node.data.dtype), which is a copy. If node.grad is None: "
        "node.grad = g, else: node.grad = node.grad + g.",
    ],
)
def accumulate(node, g):
    """Add g to node.grad, in the shape and type of node.data. It is None before the first time."""
    g = unbroadcast(g, node.data.shape).astype(node.data.dtype)  # a copy, in the node's own type
    if node.grad is None:
        node.grad = g
    else:
        node.grad = node.grad + g


for _code, _why, *_changes in [
    ("NONEGRAD", NONE_YET, ("    if node.grad is None:\n        node.grad = g\n    else:\n        node.grad = node.grad + g",
                           "    node.grad += g")),
    ("ALIAS", SHARED,
     ("g = unbroadcast", "if g.shape != node.data.shape:\n        g = unbroadcast"),
     ("node.grad = node.grad + g", "node.grad += g")),
    ("UPCAST", OWNTYPE,
     (".astype(node.data.dtype)", ""), ("node.grad = g\n", "node.grad = np.zeros(node.data.shape) + g\n")),
    ("ASSIGN", "The last contribution replaces the earlier ones. A node that is used twice gets a gradient "
     "from each use, and they add up.",
     ("node.grad = node.grad + g", "node.grad = g")),
    ("UNBROADCAST", "g arrives in the shape of the *result*, and you keep it like that. A gradient has the "
     "shape of what it is the gradient of: sum over the axes along which broadcasting has copied.",
     ("unbroadcast(g, node.data.shape)", "g")),
    ("KEEPDIM", "For node.data (2, 1) the gradient must be (2, 1). Where the shape has a 1, sum and *keep* "
     "the axis.",
     ("unbroadcast(g, node.data.shape)",
      "g.sum(axis=tuple(k for k in range(g.ndim) if k < g.ndim - node.data.ndim or "
      "node.data.shape[k - g.ndim + node.data.ndim] == 1))")),
    ("MEANSUM", "You average over the copies. Each copy moves the result: their gradients *add up*.",
     ("unbroadcast(g, node.data.shape)",
      "(unbroadcast(g, node.data.shape) * (node.data.size / g.size))")),
]:  # fmt: skip
    accumulate.mistake(_code, _why)(rewritten(accumulate.reference, *_changes))
