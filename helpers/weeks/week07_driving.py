"""Week 7, section 4: the graphs that `my_backward` drives, and what is wrong with its gradients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import torch
from torch.autograd.graph import saved_tensors_hooks

from helpers.agreement import show
from helpers.exercise import Case, Wrong
from helpers.weeks import week07_cases as cases

LONG = 1500  # operations in a chain; Python's own stack ends at about 1000


def shared_amount():
    """+ gives x and y the very same tensor, and x gets more."""
    x, y, c = (cases.leaf((2,), seed=seed) for seed in (19, 20, 21))
    return (((x + y) + 2.0 * x) * c).sum(), dict(x=x, y=y, c=c)


DRIVEN = {
    "x + y": cases.a_sum,
    "(x + y)·y": cases.plus_times,
    "x·x": cases.square,
    "(3x + c)², 3 and c are constants": cases.with_constants,
    "diamond: a = 2x, b = a + 1, c = a·b, d = c + a": cases.diamond,
    "a + exp(a), a = 2x": cases.late_user,
    "ladder: every node is used twice": cases.ladder,
    "sum of ((x + y) + 2x)·c, vectors": shared_amount,
    "layer: mean of tanh(X·W + b)², b is broadcast": cases.layer,
    "square layer: sum of exp(X·W + b)·b, b is broadcast twice": cases.square_layer,
    "M·v + X, the vector M·v is broadcast": cases.inner_broadcast,
    f"a chain of {LONG} operations": lambda: cases.chain_of(LONG),
}
UNBROADCAST = (
    "An amount has the shape of the *result*, which is larger than an operand that was broadcast. Sum it "
    "on every edge, before you hand it on: `amount.sum_to_size(parent._input_metadata[index].shape)`."
)
WRITESGRAD = (
    "Your code writes `.grad`. An AccumulateGrad node does so when it is called, and so does an "
    "assignment. What has arrived at the node is the answer: put it into your dict, and leave `.grad` "
    "alone."
)


def drive_cases() -> list[Case]:
    return [_drive_case(*item) for item in DRIVEN.items()]


def _drive_case(label: str, build: Callable) -> Case:
    def run(my_backward):
        calls = _Calls()
        with calls.watched():
            loss, leaves = build()
        by_engine = []
        loss.grad_fn.register_hook(lambda *_: by_engine.append(True))  # not run by a plain call
        try:
            found = cases.through_none(my_backward, loss.grad_fn, loss)
        except RuntimeError as error:
            if "broadcast" in label and not isinstance(error, RecursionError):
                return Wrong(UNBROADCAST, "UNBROADCAST")
            raise
        if by_engine:
            return Wrong(
                "PyTorch's engine did the work: your code calls backward() or autograd.grad(). "
                "Call the nodes yourself, one after another: node(upstream).",
                "ENGINE",
            )
        if any(leaf.grad is not None for leaf in leaves.values()):
            return Wrong(WRITESGRAD, "WRITESGRAD")
        if not isinstance(found, Mapping):
            return found
        found = _by_name(found, leaves)
        return found if isinstance(found, Wrong) else calls.too_many() or _kind(found, leaves)

    return Case(label, run)


class _Calls:
    """How often each node of a graph was called: every call fetches what the node has saved."""

    def __init__(self):
        self._kept, self._fetched = [], Counter()

    def watched(self):
        return saved_tensors_hooks(self._pack, self._unpack)

    def too_many(self) -> Wrong | None:
        most = max(self._fetched.values(), default=0)
        if most <= 2:  # one look at a node's `_saved_…` is allowed
            return None
        return Wrong(
            f"One node of this graph was called {most} times: your code goes along every path of its "
            "own, and their number doubles with each rung. Collect what arrives, and call each node once, "
            "in the order of `walk`.",
            "EACHPATH",
        )

    def _pack(self, tensor):
        self._kept.append(tensor.detach())
        return len(self._kept) - 1

    def _unpack(self, place):
        self._fetched[place] += 1
        return self._kept[place]


def _by_name(found: Mapping, leaves: Mapping[str, torch.Tensor]) -> Wrong | dict:
    """The gradients under the names of their leaves."""
    named = {}
    for key, grad in found.items():
        leaf = getattr(key, "variable", key)  # an AccumulateGrad node stands for its leaf
        name = next((name for name, own in leaves.items() if own is leaf), None)
        if name is None:
            return Wrong(
                f"The keys are the leaves, {', '.join(leaves)}, as tensors (`node.variable`). One "
                f"of yours is {show(key, 40)}.",
                "KEYS",
            )
        if grad is not None and not isinstance(grad, torch.Tensor):
            return Wrong(f"The gradient of `{name}` is {show(grad, 40)}: a tensor is expected.")
        named[name] = grad
    return named


def _kind(found: dict, leaves: Mapping[str, torch.Tensor]) -> Wrong | dict:
    """A Wrong where a gradient has another type of number, or another shape, than its leaf."""
    for name, grad in found.items():
        if grad is not None and grad.dtype == torch.float32:
            return Wrong(
                f"The gradient of `{name}` is float32, and the graph computes in float64. Start with "
                "`torch.ones_like(loss)`: a one of the loss's own type.",
                "FLOAT32",
            )
        if grad is not None and grad.shape != leaves[name].shape:
            return Wrong(UNBROADCAST, "UNBROADCAST")
    return found
