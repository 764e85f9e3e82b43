"""What one backward pass did, push by push, in the terms of the graph that it ran on.

A watched backward pass is a list of writes to numbered gradients (`helpers.watch`). Here each write
becomes the chain rule for one edge: source, parent, upstream gradient, local derivative, amount.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from helpers.node import Node
from helpers.summary import Summary, factor, number
from helpers.watch import Write


@dataclass(frozen=True, slots=True, eq=False)
class Push:
    """One contribution of a node to the gradient of one of its parents.

    `amount` is what arrived; `local` is amount / upstream, the local derivative that the engine
    used (None where it cannot be told, as for arrays); `slot` is the operand's position.
    `overwrote` says that the engine assigned instead of adding.

    `manner` is "edge" for most engines. An engine that recurses along each path pushes one part per
    path ("path"): `upstream` is then the part that came along that path. An engine that adds up
    first and writes once brings the finished sum over all `uses` ("sum"); it has no `local`.
    """

    source: Node
    parent: Node
    slot: int
    upstream: float | Summary
    local: float | None
    amount: float | Summary
    before: float | Summary
    after: float | Summary
    overwrote: bool
    root: str
    manner: str = "edge"
    uses: tuple[Node, ...] = ()

    @property
    def text(self) -> str:
        """The push as the chain rule, with this graph's numbers."""
        top, source, parent = self.root, self.source.label, self.parent.label
        if self.uses:
            terms = [f"∂{top}/∂{u.label} · ∂{u.label}/∂{parent}" for u in self.uses]
            return f"∂{top}/∂{parent} = {' + '.join(terms)} = {number(self.amount)}"
        sign = "=" if self.overwrote else "+="
        rule = f"∂{top}/∂{parent} {sign} ∂{top}/∂{source} · ∂{source}/∂{parent}"
        if isinstance(self.amount, Summary) or self.local is None:
            return f"{rule} = {number(self.amount)}"
        return f"{rule} = {factor(self.upstream)} × {factor(self.local)} = {number(self.amount)}"

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What one backward pass of the engine did: its pushes, in its order, and where it ended."""

    pushes: list[Push]
    seed: float | Summary | None
    final: list


def as_pushes(
    writes: list[Write], nodes: list[Node], consumers: Callable[[Node], list[Node]]
) -> list[Push]:
    """The writes of a backward pass as pushes along the edges of the graph.

    A node that is an operand twice is pushed to twice: the first write counts for the first slot.
    """
    pushes: list[Push] = []
    turns: dict[tuple[int, int], int] = {}
    for w in writes:
        source, parent, slot = nodes[w.source], nodes[w.target], w.slot
        if slot is None:
            slots = [s for s, p in enumerate(source.parents) if p is parent]
            turn = turns.get((w.source, w.target), 0) if len(slots) > 1 else 0
            if len(slots) > 1:
                turns[w.source, w.target] = turn + 1
            slot = slots[turn % len(slots)]
        users = consumers(parent) if w.manner == "sum" else []
        uses = tuple(reversed(users)) if len(users) > 1 else ()
        local = None if uses else _ratio(w.amount, w.upstream)
        numbers = w.upstream, local, w.amount, w.before, w.after
        place = nodes[-1].label, w.manner, uses
        pushes.append(Push(source, parent, slot, *numbers, w.overwrote, *place))
    return pushes


def _ratio(amount, upstream) -> float | None:
    if not isinstance(amount, float) or not isinstance(upstream, float):
        return None
    return amount / upstream if upstream and math.isfinite(upstream) else None
