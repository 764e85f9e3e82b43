"""Which line of an engine is wrong: the first op whose backward disagrees with mathematics.

`find_fault` lets the engine run its own backward pass under watch (`helpers.graph`), measures every
local derivative from the forward function alone (`helpers.measure`), and compares push by push. A
push can be wrong in five ways: the local derivative is not the right one, it overwrote what another
path had brought, it came before the node's own gradient was complete, it never came, or the pass
was never seeded with 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from helpers.graph import Graph, Node, Push, Trace, factor, number
from helpers.measure import exponent_of, measured_local, op_name

TOLERANCE = 1e-8  # relative; rounding in a deep float64 graph stays far below, real bugs far above


@dataclass(frozen=True, slots=True)
class Fault:
    """The first push that is wrong.

    Attributes
    ----------
    op : str
        The operation whose backward is at fault, in the engine's spelling.
    node, parent : Node
        Where it happened: the result of that operation, and the operand that got a wrong push.
    kind : str
        "local derivative", "overwrote", "order", "missing push" or "not seeded".
    expected, got : float
        The push as it should be and as it was; for "order" and "not seeded" the gradient of `node`.
    message : str
        What is wrong, and what the engine seems to have done instead.
    """

    op: str
    node: Node
    parent: Node | None
    kind: str
    expected: float
    got: float
    message: str

    def __str__(self) -> str:
        return self.message


def find_fault(root: object, names: dict[str, object] | None = None) -> Fault | None:
    """Name the first op whose backward is wrong, or None if every gradient is right.

    Parameters
    ----------
    root : Value, or an object of any similar scalar engine
        The result of a computation. Its engine's `backward()` is run; gradients are put back.
    names : dict, optional
        Variable names for the message; by default the caller's variables.

    Raises
    ------
    ValueError
        If the graph holds arrays, or belongs to PyTorch.

    Examples
    --------
    >>> from helpers.engine.scalar import Value
    >>> x = Value(3.0)
    >>> find_fault(x * x) is None
    True
    """
    graph = Graph.record(root, names)
    if not graph.scalar or graph.engine == "PyTorch":
        raise ValueError(
            "find_fault looks into scalar engines written in Python. For PyTorch or array code, "
            "compare the gradients with gradcheck or compare_with_torch."
        )
    trace = graph.trace()
    local = _local_derivatives(graph, trace)
    right, scale = _gradients(graph, local)
    if all(_close(trace.final[n.index], right[n.index], scale[n.index]) for n in _kept(graph)):
        return None
    if not _close(trace.seed or 0.0, 1.0, 1.0):
        return _not_seeded(graph, trace)
    pushes: dict[int, list[tuple[int, Push]]] = {}
    for when, push in enumerate(trace.pushes):
        pushes.setdefault(push.source.index, []).append((when, push))
    for node in reversed(graph.nodes):
        mine = pushes.get(node.index, [])
        fault = _order(node, mine, trace) or _wrong_push(node, mine, local, right)
        if fault:
            return fault
    return _wrong_total(graph, trace, right, scale)


# ------------------------------------------------------------------ what would be right


def _local_derivatives(graph: Graph, trace: Trace) -> dict[tuple[int, int], float]:
    """The right local derivative on each edge. At a kink the engine's own choice stands, if it
    lies between the two slopes; where the function is not known, the engine is believed."""
    used = {(p.source.index, p.slot): p.local for p in trace.pushes if p.local is not None}
    found = {}
    for node in graph.nodes:
        for slot in range(len(node.parents)):
            own = used.get((node.index, slot), 0.0)
            low, high = measured_local(node, slot) or (own, own)
            found[node.index, slot] = low if low == high else min(max(own, low), high)
    return found


def _gradients(graph: Graph, local) -> tuple[list[float], list[float]]:
    """The right gradient of each node, and the sum of absolute contributions as its scale."""
    right, scale = [0.0] * len(graph.nodes), [0.0] * len(graph.nodes)
    right[-1] = scale[-1] = 1.0
    for node in reversed(graph.nodes):
        for slot, parent in enumerate(node.parents):
            slope = local[node.index, slot]
            right[parent.index] += slope * right[node.index]
            scale[parent.index] += abs(slope) * scale[node.index]
    return right, scale


def _kept(graph: Graph) -> list[Node]:
    """The leaves whose gradient an engine must keep: not plain numbers, not frozen ones."""
    return [
        leaf
        for leaf in graph.leaves
        if leaf.grad is not None
        and type(leaf.obj) is type(graph.root.obj)
        and getattr(leaf.obj, "requires_grad", True)
    ]


def _close(a: float, b: float, scale: float) -> bool:
    if not (math.isfinite(a) and math.isfinite(b)):
        return a == b or (math.isnan(a) and math.isnan(b)) or not math.isfinite(b)
    return abs(a - b) <= TOLERANCE * max(scale, abs(b), 1e-300)


# ------------------------------------------------------------------ the five kinds


def _not_seeded(graph: Graph, trace: Trace) -> Fault:
    root, got = graph.root, trace.seed or 0.0
    top = root.label
    message = (
        f"backward() starts with ∂{top}/∂{top} = {number(got)}. It must be 1.0: set the gradient "
        f"of the result to 1 before the first push, or every product starts from {number(got)}."
    )
    return Fault(root.op, root, None, "not seeded", 1.0, got, message)


def _order(node: Node, pushes: list[tuple[int, Push]], trace: Trace) -> Fault | None:
    """A node that pushed before all its consumers had pushed to it, or that pushed twice."""
    if not pushes or not node.parents:
        return None
    first = pushes[0][0]
    late = [p for p in trace.pushes[first:] if p.parent is node and p.amount]
    arrived = sum(p.amount for p in trace.pushes if p.parent is node)
    then = pushes[0][1].upstream
    if late:
        consumers = ", ".join(dict.fromkeys(f"`{p.source.label}`" for p in late))
        message = (
            f"`{node.label}` (op `{node.op}`) pushed to its parents when its gradient was "
            f"{number(then)}; {consumers} had not pushed to it yet and made it {number(arrived)}. "
            "A node may push only after all its consumers: go through the topological order in "
            "reverse."
        )
        return Fault(node.op, node, late[0].source, "order", arrived, then, message)
    if len(pushes) > len(node.parents):
        parent = pushes[0][1].parent
        got = sum(p.amount for _, p in pushes if p.parent is parent)
        once = sum(p.amount for _, p in pushes[: len(node.parents)] if p.parent is parent)
        times = len(pushes) // len(node.parents)
        message = (
            f"`{node.label}` (op `{node.op}`) pushed {times} times, so `{parent.label}` got "
            f"{number(got)} from it instead of {number(once)}. Visit each node once: remember "
            "which ones the order already holds."
        )
        return Fault(node.op, node, parent, "order", once, got, message)
    return None


def _wrong_push(node: Node, pushes: list[tuple[int, Push]], local, right) -> Fault | None:
    for parent in dict.fromkeys(node.parents):
        slots = [slot for slot, p in enumerate(node.parents) if p is parent]
        sent = [push for _, push in pushes if push.parent is parent]
        upstream = sent[0].upstream if sent else right[node.index]
        wanted = [local[node.index, slot] * upstream for slot in slots]
        size = abs(upstream) * max(1.0, *(abs(local[node.index, slot]) for slot in slots))
        fault = _overwrote(node, parent, sent, wanted, size) or _not_as_wanted(
            node, parent, sent, wanted, size, local[node.index, slots[0]], upstream
        )
        if fault:
            return fault
    return None


def _overwrote(node, parent, sent, wanted, size) -> Fault | None:
    for push, amount in zip(sent, wanted):
        if push.overwrote and _close(push.after, amount, size):
            message = (
                f"the backward of `{node.op}` at node `{node.label}` set the gradient of "
                f"`{parent.label}` to {number(push.after)} and lost the {number(push.before)} that "
                f"was there. Add to it (`+=`): each path contributes, and the sum is "
                f"{number(push.before + amount)}."
            )
            total = push.before + amount
            return Fault(node.op, node, parent, "overwrote", total, push.after, message)
    return None


def _not_as_wanted(node, parent, sent, wanted, size, slope, upstream) -> Fault | None:
    expected, got = sum(wanted), sum(push.amount for push in sent)
    near = max([size, *(abs(push.before) for push in sent)])
    if _close(got, expected, near):
        return None
    where = f"the backward of `{node.op}` at node `{node.label}`"
    if len(sent) < len(wanted):
        missing = "nothing" if not sent else f"only {number(got)}"
        message = (
            f"{where} pushes {missing} to `{parent.label}`; it should push {number(expected)} "
            f"({len(wanted)} use{'s' if len(wanted) > 1 else ''} of `{parent.label}`)."
        )
        return Fault(node.op, node, parent, "missing push", expected, got, message)
    if len(wanted) > 1:
        slot = next(
            i for i, (p, w) in enumerate(zip(sent, wanted)) if not _close(p.amount, w, near)
        )
        expected, got = wanted[slot], sent[slot].amount
    message = (
        f"{where} pushes {number(got)} to `{parent.label}`; "
        f"∂{node.label}/∂{parent.label} × upstream is {factor(slope)} × {factor(upstream)} = "
        f"{number(expected)}{_guess(node, parent, slope, upstream, got)}."
    )
    return Fault(node.op, node, parent, "local derivative", expected, got, message)


def _wrong_total(graph: Graph, trace: Trace, right, scale) -> Fault | None:
    """For engines that write each gradient once, as a finished sum: blame its last consumer."""
    for node in reversed(graph.nodes):
        got, expected = trace.final[node.index], right[node.index]
        if not node.parents and node not in _kept(graph):
            continue
        if node is not graph.root and not _close(got, expected, scale[node.index]):
            user = graph.consumers(node)[0]
            message = (
                f"the gradient of `{node.label}` is {number(got)}, should be {number(expected)}, "
                f"while those of all later nodes are right: look at the backward of `{user.op}`."
            )
            return Fault(user.op, user, node, "local derivative", expected, got, message)
    return None


# ------------------------------------------------------------------ what was done instead


def _guess(node: Node, parent: Node, slope: float, upstream: float, got: float) -> str:
    """What the engine seems to have used instead of the right local derivative."""
    if upstream and got == 0.0:
        return ": it pushed zero, perhaps by using its own gradient instead of the upstream one"
    if not _close(upstream, 1.0, 1.0) and _close(got, slope, abs(slope)):
        return ": it left out the upstream gradient"
    for used, why in suspects(node, parent, slope):
        if _close(got, used * upstream, abs(used * upstream)):
            return f": it {why}"
    return ""


def suspects(node: Node, parent: Node, slope: float) -> list[tuple[float, str]]:
    """Local derivatives that people write by mistake, the most telling first."""
    x, out, op = parent.value, node.value, op_name(node)
    other = next((p.value for p in node.parents if p is not parent), x)
    found = []
    if op == "*":
        found = [(x, "used its own operand instead of the other one")]
    elif op == "/":
        a, b = (p.value for p in node.parents)
        found = [(-a / b, "forgot to square the divisor"), (-1 / b**2, "forgot the numerator")]
        found += [(a / b, "used the quotient itself")]
    elif op == "**" and (n := exponent_of(node)) is not None:
        found = [(n * out, "did not lower the exponent by one"), (n, "used the exponent alone")]
        found += [(slope / n if n else 0.0, "left out the factor n")]
    elif op in ("tanh", "sigmoid"):
        found = [(1 - x * x, "used the input where the output belongs")]
        found += [(x * (1 - x), "used the input where the output belongs")]
        found += [(1 - out, "forgot the square of the output"), ((1 - out) ** 2, "squared 1 − t")]
        found += [
            (out * (1 - out), "used the rule of the sigmoid"),
            (out, "used the output itself"),
        ]
        found += [(1 - out * out, "used the rule of tanh")]
    elif op == "exp":
        found = [(x, "used the input; the derivative of exp is its output")]
        if out and x:
            found += [(x * out / math.e, "used the power rule; exp has a variable exponent")]
    elif op == "relu":
        found = [(1.0 - slope, "used the mask the wrong way round, or none at all")]
    elif op == "+":
        found = [(x, "multiplied by its operand"), (other, "multiplied by the other operand")]
        found += [(x * other, "multiplied by both operands")]
    elif op == "log":
        found = [(x, "used x instead of 1/x"), (out, "used the output instead of 1/x")]
    found += [(-slope, "has the wrong sign"), (1.0, "passed the upstream gradient on unchanged")]
    if slope:
        found.append((1 / slope, "used one over the derivative"))
    return found
