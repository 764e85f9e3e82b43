"""Which reader understands this engine? The door to all of them.

`helpers.engine_reader` reads any engine written in Python: the course's own, one from a notebook
cell, micrograd's. `helpers.torch_reader` reads PyTorch's `grad_fn` graph. Both also observe a
backward pass. `helpers.graph` turns what they say into a record, and needs to know nothing else
about engines.
"""

from __future__ import annotations

import sys
from typing import Protocol

from helpers.engine_reader import EngineReader, lacks
from helpers.naming import callers_variables, names_of
from helpers.summary import Summary, short
from helpers.torch_reader import TorchReader
from helpers.watch import Write

__all__ = ["Reader", "Summary", "Write", "callers_variables", "for_root", "names_of", "short"]


class Reader(Protocol):
    """What `helpers.graph` asks of a reader. Objects are the engine's own nodes."""

    engine: str  # what the engine is called
    start: object  # the object of the result
    epsilon: float  # distance from 1 to the next number of its coarsest values

    def parents(self, obj) -> list: ...  # the operands in order
    def op(self, obj) -> str: ...  # what made the value; "" for a leaf
    def value(self, obj) -> float | Summary | None: ...
    def grad(self, obj) -> float | Summary | None: ...
    def own_name(self, obj) -> str: ...  # a name that the object itself carries, or ""
    def key(self, obj) -> object: ...  # what a variable holds that stands for the object
    def key_of_variable(self, value) -> object: ...  # the same, from the variable's side
    def array(self, obj) -> object: ...  # inside a leaf, where a variable may hold it
    def observe(self, nodes) -> tuple[list[Write], list, object]: ...  # writes, gradients, seed
    def locals_at(self, nodes, node) -> dict[int, float]: ...  # local derivatives by operand


def for_root(root: object) -> Reader:
    """The reader that understands this root.

    Raises
    ------
    TypeError
        If no engine has made it.
    ValueError
        If it is a PyTorch tensor without history.
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(root, torch.Tensor):
        return TorchReader(root)
    if not (missing := lacks(root)):
        return EngineReader(root)
    raise TypeError(
        f"Expected the result of a computation: a Value, a Tensor, a PyTorch tensor with a "
        f"grad_fn, or any object with data, grad and parents. Got {_shown(root)}, which has no "
        f"{' and no '.join(missing)}. Pass the node itself, for example draw(f) and not "
        "draw(f.data)."
    )


def _shown(root: object) -> str:
    text = repr(root) if isinstance(root, (int, float, str)) else ""
    kind = f"the class {root.__name__}" if isinstance(root, type) else type(root).__name__
    return f"{kind} {text[:40]}".strip() if root is not None else "None"
