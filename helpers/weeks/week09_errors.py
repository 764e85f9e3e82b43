"""What an error in a tensor engine comes from, where that is certain."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np

from helpers.agreement import show
from helpers.exercise import Wrong

OBJECTS = "An array holds Tensors, not numbers. lift(x) leaves a Tensor as it is, and makes one of everything else."
UNLIFTED = (
    "A plain number or array stands among the operands: `other = self.lift(other)` before its `.data` is asked for, and "
    "lift makes a Tensor of all that is none, `isinstance(x, Tensor)`. (An array has a `.data`, too.)"
)
STRETCHED = (
    "A gradient meets one of another shape, and NumPy cannot add them. Broadcasting has copied on the "
    "way forward: sum over the copies (`unbroadcast`) before the gradient is kept."
)
READ_ONLY = (
    "A gradient is kept as it came, and it is a view that may not be written to (`np.broadcast_to` makes "
    "such views). Keep a copy when the first contribution arrives."
)
NO_START = "The root pushes before it has a gradient itself: its own is None. Start it from G, or from ones."
LEAF = "A leaf has no vjp, and nothing to push: only nodes with parents push."
TENSOR_INSIDE = (
    "A Tensor stands where an array belongs. A vjp computes with arrays (`other.data`, not `other`), and "
    "accumulate(node, g) gets the node first."
)
NUMBER_INSIDE = "A gradient is an array, also that of the root: np.ones_like(self.data), and vjp gets node.grad."


def pulled_back(node, G=None, stops: str = "") -> Wrong | None:
    """Run backward, from G if there is one; what is wrong where it cannot run.

    `stops` says what an error means that is not known here.
    """
    given = () if G is None else (G,)
    try:
        inspect.signature(node.backward).bind(*given)
    except TypeError:
        return Wrong(
            "backward is called as `root.backward()` and as `root.backward(G)`, with the upstream "
            "gradient of the root: def backward(self, gradient=None).",
            "NOSEEDARG",
        )
    try:
        node.backward(*given)
    except (AttributeError, TypeError, ValueError) as error:
        known = _stopped(error, node)
        if not known and stops:
            known = explained(error, stops)
        if not known:
            raise
        return known
    return None


def unlifted_named(run: Callable, engine: type) -> object:
    """What a case gives; a sentence where a number or an array was taken for a Tensor."""
    try:
        return run(engine)
    except AttributeError as error:
        if error.name in ("data", "parents") and isinstance(error.obj, float | int | np.ndarray):
            return explained(error, UNLIFTED)
        raise


def explained(error: Exception, why: str) -> Wrong:
    said = f"{type(error).__name__}: {error}".rstrip(". ")
    return Wrong(f"Your code raises an error. Python says {said}. {why}")


def _stopped(error: Exception, node) -> Wrong | None:
    """What an error in a backward pass comes from, where that is certain."""
    said, at = str(error), getattr(error, "obj", ...)
    if "non-broadcastable output" in said:
        return Wrong(STRETCHED, "UNBROADCAST")
    if "read-only" in said:
        return Wrong(READ_ONLY, "ALIAS")
    if said == "unhashable type: 'numpy.ndarray'":
        return explained(error, UNLIFTED)
    if at is None and node.grad is None:
        return Wrong(NO_START, "NOSEED")
    if said == "'NoneType' object is not callable":
        return Wrong(LEAF)
    if isinstance(at, type(node)):
        return Wrong(TENSOR_INSIDE)
    if isinstance(at, int | float) and error.name not in ("data", "parents"):
        return Wrong(f"{show(at)} stands where a gradient belongs. {NUMBER_INSIDE}")
    return None
