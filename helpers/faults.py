"""Which line of an engine is wrong: the first op whose backward disagrees with mathematics.

`find_fault` lets the engine run its own backward pass under watch (`helpers.graph`), works out what
the gradients should be (`helpers.truth`), and compares push by push. A push can be wrong in six
ways: the local derivative is not the right one, it overwrote what another path had brought, it came
before the node's own gradient was complete, it never came, the pass was never seeded with 1, or a
node in its middle was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from helpers.graph import Graph, Node, Push, Trace, factor, number
from helpers.measure import exponent_of, op_name
from helpers.truth import Truth, close


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
        "local derivative", "overwrote", "order", "missing push", "not seeded" or "seeded again".
    expected, got : float
        The push as it should be and as it was; for "order" and a seed the gradient of `node`.
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
    truth = Truth(graph, trace)
    if all(truth.agrees(trace.final[leaf.index], leaf) for leaf in _kept(graph)):
        return None
    sent, arrived = _by_node(trace)
    if fault := _not_seeded(graph.root, trace.seed or 0.0, sent, truth):
        return fault
    for node in reversed(graph.nodes):
        fault = (
            _wrong_sum(graph, node, arrived[node.index], truth)
            or _order(node, sent[node.index], arrived[node.index], truth)
            or _wrong_push(node, sent[node.index], arrived, truth)
        )
        if fault:
            return fault
    return _wrong_total(graph, trace, truth)


Timed = tuple[int, Push]  # a push, and which one of the whole pass it was


def _kept(graph: Graph) -> list[Node]:
    """The leaves whose gradient an engine must keep: not plain numbers, not frozen ones."""
    lazy = graph.root.grad is None  # this engine makes its gradients when they are first needed
    return [
        leaf
        for leaf in graph.leaves
        if (leaf.grad is not None or (lazy and isinstance(leaf.obj, type(graph.root.obj))))
        and getattr(leaf.obj, "requires_grad", True)
    ]


def _by_node(trace: Trace) -> tuple[list[list[Timed]], list[list[Timed]]]:
    """The pushes that each node sent, and those that arrived at it."""
    sent: list[list[Timed]] = [[] for _ in trace.final]
    arrived: list[list[Timed]] = [[] for _ in trace.final]
    for when, push in enumerate(trace.pushes):
        arrived[push.parent.index].append((when, push))
        if push.manner != "sum":
            sent[push.source.index].append((when, push))
    return sent, arrived


# ------------------------------------------------------------------ the six kinds


def _not_seeded(root: Node, got: float, sent: list[list[Timed]], truth: Truth) -> Fault | None:
    used = [push.upstream for _, push in sent[root.index]]  # a seed may come as an argument
    if close(used[0] if used else got, 1.0, truth.tolerance):
        return None
    top = root.label
    message = (
        f"backward() starts with ∂{top}/∂{top} = {number(got)}. It must be 1.0: set the gradient "
        f"of the result to 1 before the first push, or every product starts from {number(got)}."
    )
    return Fault(root.op, root, None, "not seeded", 1.0, got, message)


def _order(node: Node, sent: list[Timed], arrived: list[Timed], truth: Truth) -> Fault | None:
    """A node that pushed before its own gradient was complete, or that pushed twice."""
    if not sent or sent[0][1].manner == "path":
        return None
    first, push = sent[0]
    where, then = _named(node), push.upstream
    late = [p for when, p in arrived if when > first and p.amount]
    if late:
        total = late[-1].after
        consumers = ", ".join(dict.fromkeys(f"`{p.source.label}`" for p in late))
        message = (
            f"{where} pushed to its parents when its gradient was {number(then)}; {consumers} had "
            f"not pushed to it yet and made it {number(total)}. A node may push only after all its "
            "consumers: go through the topological order in reverse."
        )
        return Fault(node.op, node, late[0].source, "order", total, then, message)
    if arrived and not close(then, arrived[-1][1].after, truth.tolerance * abs(then)):
        total = arrived[-1][1].after
        message = (
            f"{where} had received {number(total)}, but pushed with {number(then)}: a line in "
            "between sets its gradient. Leave it as it arrived until the node has pushed."
        )
        return Fault(node.op, node, None, "overwrote", total, then, message)
    if len(sent) > len(node.parents):
        pushes = [push for _, push in sent]
        return _seeded_again(node, pushes) or _pushed_twice(node, pushes, truth)
    return None


def _seeded_again(node: Node, sent: list[Push]) -> Fault | None:
    """A parent that got its due, which is 0, and was then set to 1 like a result."""
    for push in sent:
        parent = push.parent
        pushes = [p for p in sent if p.parent is parent]
        if push in pushes[node.parents.count(parent) :] and (push.before, push.after) == (0, 1):
            message = (
                f"The gradient of {_named(parent)} is 0 and is set to 1. A node whose gradient is "
                "0 is seeded again: only the result gets 1."
            )
            return Fault(parent.op, parent, None, "seeded again", 0.0, 1.0, message)
    return None


def _pushed_twice(node: Node, sent: list[Push], truth: Truth) -> Fault | None:
    for parent in dict.fromkeys(node.parents):
        pushes = [push for push in sent if push.parent is parent]
        uses = node.parents.count(parent)
        got = sum(push.amount for push in pushes)
        once = sum(truth.wanted(push) for push in pushes[:uses])
        if len(pushes) <= uses or close(got, once, truth.tolerance * truth.size(pushes[0])):
            continue
        times = len(sent) // len(node.parents)
        message = (
            f"{_named(node)} pushed {times} times, so `{parent.label}` got "
            f"{number(got)} from it instead of {number(once)}. Visit each node once: remember "
            "which ones the order already holds."
        )
        return Fault(node.op, node, parent, "order", once, got, message)
    return None


def _wrong_push(
    node: Node, sent: list[Timed], arrived: list[list[Timed]], truth: Truth
) -> Fault | None:
    for parent in dict.fromkeys(node.parents):
        if any(push.manner == "sum" for _, push in arrived[parent.index]):
            continue
        pushes = [push for _, push in sent if push.parent is parent]
        paths = any(push.manner == "path" for push in pushes)
        visits = len(arrived[node.index]) or 1 if paths else 1
        fault = (
            _overwrote(node, parent, pushes, truth)
            or _missing(node, parent, pushes, visits, truth)
            or _not_as_wanted(node, parent, pushes, truth)
        )
        if fault:
            return fault
    return None


def _overwrote(node: Node, parent: Node, pushes: list[Push], truth: Truth) -> Fault | None:
    for push in pushes:
        wanted = truth.wanted(push)
        slack = truth.tolerance * truth.size(push)
        if not push.overwrote or not close(push.after, wanted, slack):
            continue
        total = push.before + wanted
        message = (
            f"{_backward_of(node)} set the gradient of `{parent.label}` to {number(push.after)} "
            f"and lost the {number(push.before)} that was there. Add to it (`+=`): each path "
            f"contributes, and the sum is {number(total)}."
        )
        return Fault(node.op, node, parent, "overwrote", total, push.after, message)
    return None


def _missing(
    node: Node, parent: Node, pushes: list[Push], visits: int, truth: Truth
) -> Fault | None:
    slots = [slot for slot, p in enumerate(node.parents) if p is parent]
    if len(pushes) >= visits * len(slots):
        return None
    upstream = pushes[0].upstream if pushes else truth.grads[node.index]
    expected = visits * sum(truth.local[node.index, slot] * upstream for slot in slots)
    got = sum(push.amount for push in pushes)
    size = max((truth.size(push) for push in pushes), default=abs(expected))
    if close(got, expected, truth.tolerance * size):
        return None
    sends = f"only {number(got)}" if pushes else "nothing"
    uses = f"{len(slots)} use{'s' if len(slots) > 1 else ''}"
    message = (
        f"{_backward_of(node)} pushes {sends} to `{parent.label}`; it should push "
        f"{number(expected)} ({uses} of `{parent.label}`)."
    )
    return Fault(node.op, node, parent, "missing push", expected, got, message)


def _not_as_wanted(node: Node, parent: Node, pushes: list[Push], truth: Truth) -> Fault | None:
    total = sum(truth.wanted(push) for push in pushes)
    got = sum(push.amount for push in pushes)
    near = max((max(truth.size(p), abs(p.before)) for p in pushes), default=0.0)
    if not any(push.overwrote for push in pushes) and close(got, total, truth.tolerance * near):
        return None  # for x / x the two parts may come in either order
    push = next((p for p in pushes if not truth.right(p)), None)
    if push is None:
        return None
    slope, expected = truth.local[node.index, push.slot], truth.wanted(push)
    guess = _guess(node, parent, slope, push.upstream, push.amount)
    message = (
        f"{_backward_of(node)} pushes {number(push.amount)} to `{parent.label}`; "
        f"∂{node.label}/∂{parent.label} × upstream is {factor(slope)} × {factor(push.upstream)} = "
        f"{number(expected)}{guess}."
    )
    return Fault(node.op, node, parent, "local derivative", expected, push.amount, message)


def _named(node: Node) -> str:
    return f"`{node.label}` (op `{node.op}`)" if node.op else f"`{node.label}`"


def _backward_of(node: Node) -> str:
    op = f" of `{node.op}`" if node.op else ""
    return f"the backward{op} at node `{node.label}`"


# ------------------------------------------------------------------ gradients written once


def _wrong_sum(graph: Graph, node: Node, arrived: list[Timed], truth: Truth) -> Fault | None:
    """For engines that write each gradient once, as a finished sum over all uses."""
    sums = [push for _, push in arrived if push.manner == "sum"]
    if not sums or truth.agrees(sums[0].amount, node):
        return None
    got, expected = sums[0].amount, truth.grads[node.index]
    users = list(dict.fromkeys(graph.consumers(node)))
    for user in users:
        upstream = truth.grads[user.index]
        for slot in (s for s, p in enumerate(user.parents) if p is node):
            slope = truth.local[user.index, slot]
            rest = expected - slope * upstream
            if guess := _guess(user, node, slope, upstream, got - rest):
                message = f"{_about_sum(node, got, expected)}{_backward_of(user)}{guess}."
                kind = "missing push" if _same(got, rest) else "local derivative"
                return Fault(user.op, user, node, kind, expected, got, message)
    message = f"{_about_sum(node, got, expected)}{' or '.join(map(_backward_of, users))}."
    return Fault(users[0].op, users[0], node, "local derivative", expected, got, message)


def _about_sum(node: Node, got: float, expected: float) -> str:
    return (
        f"the gradient of `{node.label}` is {number(got)}, should be {number(expected)}, while "
        "those of all later nodes are right: look at "
    )


def _wrong_total(graph: Graph, trace: Trace, truth: Truth) -> Fault | None:
    """Every push is right, and yet a gradient is wrong: something else has changed it."""
    for leaf in reversed(_kept(graph)):
        got, expected = trace.final[leaf.index], truth.grads[leaf.index]
        if leaf is not graph.root and not truth.agrees(got, leaf):
            user = graph.consumers(leaf)[0]
            message = (
                f"the gradient of `{leaf.label}` ends as {number(got)}, should be "
                f"{number(expected)}, though every push is right: look for a line that changes it "
                "outside the backward of an op."
            )
            return Fault(user.op, user, leaf, "overwrote", expected, got, message)
    return None


# ------------------------------------------------------------------ what was done instead


def _guess(node: Node, parent: Node, slope: float, upstream: float, got: float) -> str:
    """What the engine seems to have used instead of the right local derivative."""
    if upstream and slope and got == 0.0:
        return ": it pushed zero, perhaps by using its own gradient instead of the upstream one"
    if not _same(upstream, 1.0) and _same(got, slope):
        return ": it left out the upstream gradient"
    for used, why in suspects(node, parent, slope):
        if _same(got, used * upstream):
            return f": it {why}"
    return ""


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-7, abs_tol=1e-12)


def suspects(node: Node, parent: Node, slope: float) -> list[tuple[float, str]]:
    """Local derivatives that people write by mistake, the most telling first."""
    x, out, op = parent.value, node.value, op_name(node)
    other = next((p.value for p in node.parents if p is not parent), x)
    found = []
    if op == "*":
        found = [(x, "used its own operand instead of the other one")]
    elif op == "/" and len(node.parents) == 2:
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
