"""Week 7, section 8: a training loop to repair, and a watch on what a loop keeps."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

import torch
from torch.autograd.graph import saved_tensors_hooks

from helpers.agreement import show
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks import week07_cases as cases
from helpers.weeks.rewrite import rewritten


class Problem:
    """A small regression, and a watch on the loop that trains it.

    Attributes
    ----------
    params : list of tensor
    calls : int
        How often the training loss was computed.
    graphs, saved : int
        The most earlier graphs, and saved tensors of them, that were alive when a new one was made.
    tested_with_graph : bool
        Whether a test loss was computed while grad mode was on.
    moved : bool
        Whether the parameters are no longer where they began.
    """

    def __init__(self, seed: int, count: int = 1):
        self.params = [cases.leaf((3,), seed), *(cases.leaf((), seed + k) for k in range(1, count))]
        self._X, self._t = (
            cases.leaf(shape, seed + 10, requires_grad=False) for shape in ((8, 3), (8,))
        )
        self._begin = [p.detach().clone() for p in self.params]
        self.calls, self.graphs, self.saved, self.tested_with_graph = 0, 0, 0, False
        self._nodes: list[weakref.ref] = []
        self._tensors: list[weakref.ref] = []

    @property
    def moved(self) -> bool:
        return any((p != begin).any() for p, begin in zip(self.params, self._begin))

    def loss(self, rows: slice) -> torch.Tensor:
        out = self._X[rows] @ self.params[0]
        for p in self.params[1:]:
            out = (out + p).tanh()
        return ((out - self._t[rows]) ** 2).mean()

    def train_loss(self) -> torch.Tensor:
        self._look()
        self.calls += 1
        with saved_tensors_hooks(self._pack, lambda kept: kept.tensor):
            loss = self.loss(slice(0, 5))
        if loss.grad_fn is not None:
            mark = _Mark()
            loss.grad_fn.metadata["mark"] = mark  # lives as long as the node
            self._nodes.append(weakref.ref(mark))
        return loss

    def test_loss(self) -> torch.Tensor:
        self.tested_with_graph |= torch.is_grad_enabled()
        return self.loss(slice(5, 8))

    def _pack(self, tensor):
        kept = _Mark(tensor.detach())
        self._tensors.append(weakref.ref(kept))
        return kept

    def _look(self) -> None:
        self.graphs = max(self.graphs, sum(ref() is not None for ref in self._nodes))
        self.saved = max(self.saved, sum(ref() is not None for ref in self._tensors))


class _Mark:
    """Something that a weak reference can watch."""

    def __init__(self, tensor=None):
        self.tensor = tensor


def _loop_case(seed: int, count: int, lr: float, steps: int) -> Case:
    def run(fix_loop):
        problem = Problem(seed, count)
        params = list(problem.params)
        try:
            got = fix_loop(params, problem.train_loss, problem.test_loss, lr, steps)
        except RuntimeError as error:
            if "leaf Variable" in str(error):
                return Wrong(_LEAF, "LEAFINPLACE")
            raise
        return _what_it_keeps(problem, steps, got) or {
            "mean training loss": got[0],
            "last test loss": got[1],
            **{f"parameter {k}": p.detach() for k, p in enumerate(problem.params)},
        }

    what = "1 parameter" if count == 1 else f"{count} parameters"
    return Case(f"{what}, lr {lr:g}, {steps} step{'s' * (steps > 1)}", run)


_NAMES = "mean training loss", "last test loss"
_CLEARED = (
    "The parameters have not moved: you clear the gradients between backward() and the update, so that the "
    "update finds none. Clear them before backward().",
    "CLEAREDTOOEARLY",
)
_REBOUND = (
    "The parameters have not moved. `p = p - …` makes a new tensor and gives it the name p; the parameter "
    "itself never changes. Write `p -= …`.",
    "REBIND",
)
_LEAF = (
    "A leaf that requires grad must not change in place while PyTorch records: that is what the update "
    "does. Put it under `torch.no_grad()`."
)


def _what_it_keeps(problem: Problem, steps: int, got: object) -> Wrong | object:
    """What is wrong with a loop, apart from its numbers."""
    if isinstance(got, str) or not isinstance(got, Sequence) or len(got) != 2:
        return Wrong(
            f"Two numbers are expected, the mean training loss and the last test loss; you give {show(got, 50)}."
        )
    if problem.calls < steps:
        return Wrong(
            f"train_loss() was called {problem.calls} times in {steps} steps. Every step needs its own forward "
            "pass: the parameters have changed, and the old graph is used up.",
            "BACKWARD2",
        )
    if problem.saved:
        return Wrong(
            f"When a step began, {problem.saved} saved tensors of earlier steps were still alive. backward() frees "
            "them, unless it is told retain_graph=True. Nobody needs them again.",
            "RETAIN",
        )
    if _has_history(got[0]) or problem.graphs > 2:
        which = (
            "The mean training loss still hangs on its graph"
            if _has_history(got[0])
            else "When the last step began, the graphs of earlier steps were still alive"
        )
        return Wrong(
            f"{which}. A sum of losses, or a list of them, keeps all that it was made from, and grows with "
            "every step. Keep plain numbers: `loss.item()`.",
            "HISTORY",
        )
    if problem.tested_with_graph:
        return Wrong(
            "The test loss was computed with grad mode on, so a graph was recorded that nobody will use. "
            "Put it under `torch.no_grad()`, and return a plain number: `test.item()`.",
            "EVALNOGRAD",
        )
    if tensors := [name for name, x in zip(_NAMES, got) if isinstance(x, torch.Tensor)]:
        return Wrong(
            f"The {tensors[0]} is a tensor. Plain numbers are expected: `.item()` makes one.",
            "TENSOR",
        )
    if not problem.moved:
        zero = all(p.grad is None or not p.grad.any() for p in problem.params)
        return Wrong(*(_CLEARED if zero else _REBOUND))
    return None


def _has_history(x: object) -> bool:
    return isinstance(x, torch.Tensor) and x.requires_grad


@exercise(
    minutes=20,
    difficulty=2,
    cases=[_loop_case(30, 1, 0.1, 1), _loop_case(31, 1, 0.1, 6), _loop_case(32, 3, 0.2, 8)],
    version=2,
    hints=[
        "Repair one thing at a time and run the cell again; each repair uncovers the next symptom. What is the state of "
        "p.grad before the first backward()?",
        "Order of a step: clear the gradients (p.grad = None), forward, backward, update. Every step has its own "
        "forward pass, and then retain_graph is not needed.",
        "What outlives the step must be a number: `total += loss.item()`. What is only looked at, the test loss, belongs "
        "under `torch.no_grad()`.",
    ],
)
def fix_loop(params, train_loss, test_loss, lr, steps):
    """`broken_loop`, repaired: the mean training loss and the last test loss, as plain numbers.

    `params` is a list of tensors that require grad; SGD changes them in place.
    """
    total = 0.0
    for _ in range(steps):
        for p in params:
            p.grad = None
        loss = train_loss()
        loss.backward()
        with torch.no_grad():
            for p in params:
                p -= lr * p.grad
            test = test_loss()
        total += loss.item()
    return total / steps, test.item()


_CLEAR = "        for p in params:\n            p.grad = None\n"
_FORWARD = "        loss = train_loss()\n"
_BACKWARD = "        loss.backward()\n"
_UPDATE = "                p -= lr * p.grad\n"

for _code, _why, *_changes in [
    ("ZEROGRAD", "The first step is right, later ones are not: the gradients pile up, because nobody clears them. "
     "`.grad` is an accumulator. Set p.grad = None before each backward().",
     (_CLEAR, "")),
    ("NONEGRAD", "Before the first backward() `.grad` is None, and None has no `zero_`. Set `p.grad = None` instead: that "
     "works at any time.",
     ("p.grad = None", "p.grad.zero_()")),
    ("CLEAREDTOOEARLY", "You clear the gradients between backward() and the update, so the update finds None. Clear them "
     "before backward().",
     (_CLEAR, ""), (_BACKWARD, _BACKWARD + _CLEAR)),
    ("CLEAREDTOOEARLY", _CLEARED[0],
     (_CLEAR, ""), (_BACKWARD, _BACKWARD + "        for p in params:\n            p.grad.zero_()\n")),
    ("LEAFINPLACE", _LEAF,
     ("        with torch.no_grad():\n            for p in params:\n" + _UPDATE,
      "        for p in params:\n            p -= lr * p.grad\n        with torch.no_grad():\n")),
    ("CLIMBS", "You climb: the gradient points uphill, so that the loss grows. Go against it: `p -= lr * p.grad`.",
     ("p -= lr", "p += lr")),
    ("SUM", "That is the sum of the training losses. Their mean is asked for: divide by steps.",
     ("total / steps", "total")),
    ("TESTEDEARLY", "The test loss was taken before the update. The last one is that after the last update.",
     ("        with torch.no_grad():\n            for p in params:\n",
      "        with torch.no_grad():\n            test = test_loss()\n            for p in params:\n"),
     (_UPDATE + "            test = test_loss()\n", _UPDATE)),
    ("TENSOR", "The mean training loss is a tensor. Plain numbers are expected: `.item()` makes one.",
     ("loss.item()", "loss.detach()")),
    ("BACKWARD2", "The forward pass stands before the loop, so that the second step goes through a graph that is used up. "
     "Compute the loss anew in each step: the parameters have changed.",
     (_FORWARD, ""), ("    total = 0.0\n", "    total = 0.0\n    loss = train_loss()\n")),
    ("RETAIN", "retain_graph=True keeps the saved tensors of a graph that nobody needs again. Each step has its own forward "
     "pass: leave it out.",
     ("loss.backward()", "loss.backward(retain_graph=True)")),
    ("HISTORY", "The running total is a tensor that hangs on the graphs of all steps. Add up plain numbers, `loss.item()`.",
     ("total += loss.item()", "total = total + loss")),
    ("EVALNOGRAD", "The test loss records a graph that nobody will use. Put it under `torch.no_grad()`; model.eval() "
     "would not help, it only changes how some layers behave.",
     ("            test = test_loss()\n", "        test = test_loss()\n")),
    ("REBIND", _REBOUND[0],
     ("p -= lr * p.grad", "p = p - lr * p.grad")),
    ("NOGRAPH", "The whole step runs under no_grad(), so that the loss has no graph to go back through. Only the update and "
     "the test loss belong there.",
     (_FORWARD + _BACKWARD, "        with torch.no_grad():\n            loss = train_loss()\n            loss.backward()\n")),
]:  # fmt: skip
    fix_loop.mistake(_code, _why)(rewritten(fix_loop.reference, *_changes))
