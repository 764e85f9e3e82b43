"""What the gradients of a scalar graph should be: from local derivatives measured, not believed.

The chain rule is applied once more, independently of the engine: each local derivative comes from
the forward function (`helpers.measure`). Where that is not possible the engine is believed, so that
an op which nobody here knows is no fault.
"""

from __future__ import annotations

import math

from helpers.graph import Graph, Node, Push, Trace
from helpers.measure import measured_local, op_name

TOLERANCE = 1e-10  # relative; rounding in a deep float64 graph stays far below, bugs far above
ROUNDING = 1e-15  # absolute, of a local derivative: 1 − t² has lost its digits where t is near 1


class Truth:
    """The right local derivatives and gradients of one graph.

    Parameters
    ----------
    graph : Graph
        A graph of single numbers.
    trace : Trace
        What the engine did on it: at a kink its own choice stands, if it lies between the slopes.

    Attributes
    ----------
    local : dict
        The local derivative on each edge, by (node index, operand slot).
    grads, slack : list of float
        The gradient of each node, and how far rounding may carry an engine from it.
    """

    def __init__(self, graph: Graph, trace: Trace):
        self.tolerance = max(TOLERANCE, 1e3 * graph.epsilon)
        self.local = _locals(graph, trace)
        n = len(graph.nodes)
        self.grads, self.slack, size = [0.0] * n, [0.0] * n, [0.0] * n
        self.grads[-1] = size[-1] = 1.0
        self.slack[-1] = self.tolerance
        rounding = max(ROUNDING, 4 * graph.epsilon)
        for node in reversed(graph.nodes):
            k = node.index
            for slot, parent in enumerate(node.parents):
                slope = self.local[k, slot]
                self.grads[parent.index] += slope * self.grads[k]
                size[parent.index] += abs(slope) * size[k]
                self.slack[parent.index] += abs(slope) * self.slack[k] + rounding * size[k]

    def agrees(self, got: float, node: Node) -> bool:
        """Is this the gradient of the node, up to rounding?"""
        return close(got, self.grads[node.index], self.slack[node.index])

    def wanted(self, push: Push) -> float:
        """What this push should bring, given the upstream gradient that it used."""
        return self.local[push.source.index, push.slot] * push.upstream

    def right(self, push: Push) -> bool:
        """Did the push bring what it should?"""
        slack = self.tolerance * max(self.size(push), abs(push.before))
        return close(push.amount, self.wanted(push), slack)

    def size(self, push: Push) -> float:
        """How large the push may be, which is what its rounding is relative to."""
        return abs(push.upstream) * max(1.0, abs(self.local[push.source.index, push.slot]))


def close(got: float, right: float, slack: float) -> bool:
    """Equal up to the slack. Beyond the range of floats nothing is compared."""
    if not math.isfinite(right) or not math.isfinite(slack):
        return True
    return abs(got - right) <= max(slack, 1e-300)


def _locals(graph: Graph, trace: Trace) -> dict[tuple[int, int], float]:
    used: dict[tuple[int, int], float] = {}
    for push in trace.pushes:
        if push.local is not None:
            key = push.source.index, push.slot
            before = used.get(key, 0.0) if push.manner == "edge" else 0.0
            used[key] = before + push.local
    tolerance = max(1e-9, 1e2 * graph.epsilon)
    found = {}
    for node in graph.nodes:
        own = [used.get((node.index, slot)) for slot in range(len(node.parents))]
        for slot, parent in enumerate(node.parents):
            slopes = measured_local(node, slot, own, tolerance)
            mine = own[slot] or 0.0
            mine = mine if slopes is None or math.isfinite(mine) else 0.0
            if slopes is None or (own[slot] is None and _constant_exponent(node, slot, parent)):
                found[node.index, slot] = mine
            else:
                found[node.index, slot] = min(max(mine, slopes[0]), slopes[1])
    return found


def _constant_exponent(node: Node, slot: int, parent: Node) -> bool:
    """The 3 of x**3, kept as an operand: no engine needs its gradient."""
    return slot == 1 and op_name(node) == "**" and not parent.parents and not parent.name
