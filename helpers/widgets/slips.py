"""What people enter instead of a derivative, and the sentence that each slip deserves.

Each box of a worksheet gets a short table: the right interval first, then intervals of known wrong
answers, the most telling first, each with its sentence. Checking an answer means finding the first
interval that holds it, so the browser and Python cannot disagree. A sentence names this graph's
variables and never tells the right number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from helpers.faults import suspects
from helpers.graph import Graph, Node, expression
from helpers.measure import ALIASES, BINARY, measured_local, op_name
from helpers.widgets.answer_table import Slip, Table, table

MANY_PATHS = 6  # more are not told one by one
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


class Slips:
    """The right derivatives of a scalar graph, and a table of slips for every box.

    Attributes
    ----------
    nodes : list of Node
        As in the graph; PyTorch's operations under their usual names.
    asked : set of int
        The nodes that have a gradient worth asking for: not constants.
    local : dict
        The right local derivative by (node index, operand slot).
    right : list of float
        The right gradient of each node.

    Raises
    ------
    ValueError
        If a local derivative is not known, or a number is not finite.
    """

    def __init__(self, graph: Graph):
        self.nodes = [_usual(node) for node in graph.nodes]
        self.root = self.nodes[-1]
        self.asked = _asked(graph)
        self._spans = _spans(graph, self.asked)
        self.local = {key: slope for key, (_, slope, _) in self._spans.items()}
        self.right = [0.0] * len(self.nodes)
        self._uses: list[list[tuple[Node, int]]] = [[] for _ in self.nodes]
        self._paths = [0] * len(self.nodes)  # how many lead from the node to the root
        size = [0.0] * len(self.nodes)  # the gradient, had no contribution cancelled another
        self.right[-1] = size[-1] = 1.0
        self._paths[-1] = 1
        for node in reversed(self.nodes):
            for slot, parent in self.edges(node):
                slope, i = self.local[node.index, slot], parent.index
                self.right[i] += slope * self.right[node.index]
                size[i] += abs(slope) * size[node.index]
                self._paths[i] += self._paths[node.index]
                self._uses[i].append((node, slot))
        self.right = [g if abs(g) > 1e-12 * s else 0.0 for g, s in zip(self.right, size)]
        if not all(map(math.isfinite, (*self.right, *self.local.values()))):
            raise ValueError("A derivative of this graph is not finite; choose other values.")

    def edges(self, node: Node) -> list[tuple[int, Node]]:
        """The operands that are no constants, with their places."""
        return [(slot, p) for slot, p in enumerate(node.parents) if p.index in self.asked]

    def value_table(self, node: Node) -> Table:
        """The box for a forward value."""
        many = "s" * (len(node.parents) > 1)
        nudge = f"Not right yet: put the number{many} of {_names(node.parents)} into {_made(node)}."
        return table(node.value, _value_slips(node), nudge)

    def local_table(self, node: Node, slot: int) -> Table:
        """The box for the local derivative on one edge."""
        low, slope, high = self._spans[node.index, slot]
        nudge = f"Not right yet: {_nudge(node, slot)}"
        return table(slope, self._local_slips(node, slot, slope), nudge, low, high)

    def gradient_table(self, node: Node) -> Table:
        """The box for ∂root/∂node."""
        right = self.right[node.index]
        if node is self.root:
            nudge = f"when {node.label} itself moves by h, how far does {node.label} move?"
            zero = 0.0, f"Then nothing would flow back at all: {nudge}"
            value = node.value, f"That is the value of {node.label}: {nudge}"
            return table(right, [zero, value], f"Not right yet: {nudge}")
        return table(right, self._gradient_slips(node, right), self._chain(node))

    # ------------------------------------------------------------------ slips on an edge

    def _local_slips(self, node: Node, slot: int, slope: float) -> Iterator[Slip]:
        parent, up = node.parents[slot], self.right[node.index]
        u, p = node.label, parent.label
        yield -slope, f"The size is right, the sign is not: nudge {p} up; does {u} go up or down?"
        if node.parents.count(parent) > 1:
            slots = [s for s, other in enumerate(node.parents) if other is parent]
            yield (
                sum(self.local[node.index, s] for s in slots),
                f"That is all uses of {p} in {_made(node)} together: this box asks for one edge, "
                "while what the other edge brings stays as it is.",
            )
        if node is not self.root:
            yield (
                slope * up,
                f"That holds the upstream gradient {self._d(node)} already: this box asks for the "
                f"local derivative alone, how {u} moves with {p}.",
            )
        yield (
            self.right[parent.index],
            f"That is the whole gradient of {p}: this box asks for the edge from {p} to {u} alone.",
        )
        if node is not self.root:
            yield (
                up,
                f"That is the upstream gradient {self._d(node)}, which arrives at {u}: this box "
                f"asks how {u} moves with {p}.",
            )
        yield from self._rules(node, slot)
        for other in dict.fromkeys((*node.parents, node)):
            asked = f"this box asks how {u} moves when {p} moves"
            yield other.value, f"That is the value of {other.label}: {asked}."

    def _rules(self, node: Node, slot: int) -> Iterator[Slip]:
        """Local derivatives that people write by mistake."""
        parent, slope = node.parents[slot], self.local[node.index, slot]
        where = f"In {local_name(node, parent)} it looks as if you"
        if None in (node.value, *(p.value for p in node.parents)):
            return
        for used, why in (*_named(node, slot, slope), *suspects(node, parent, slope)):
            if used != -slope:
                yield used, f"{where} {why}."

    # ------------------------------------------------------------------ slips in a gradient

    def _gradient_slips(self, node: Node, right: float) -> Iterator[Slip]:
        v, f, uses = node.label, self.root.label, self._uses[node.index]
        yield -right, f"The size is right, the sign is not: nudge {v} up; does {f} go up or down?"
        yield from self._wrong_sums(node, right)
        if len(uses) == 1:
            yield from self._wrong_product(node, *uses[0])
        else:
            yield from self._wrong_products(node, right)
        for user, slot in uses:
            rest, up = right - self._brought(user, slot), self.right[user.index]
            for used, why in self._rules(user, slot):
                yield rest + used * up, why
        yield node.value, f"That is the value of {v}: asked is how {f} moves when {v} moves."

    def _wrong_sums(self, node: Node, right: float) -> Iterator[Slip]:
        """A path that is missing, alone, counted twice, or of the wrong sign."""
        v, f, uses = node.label, self.root.label, self._uses[node.index]
        count = self._paths[node.index]
        ways = list(self._ways(node)) if count <= MANY_PATHS else []
        reach = f"{v} reaches {f} by {_count(count)} paths, and their contributions add up"
        if count > 1:
            for text, product in ways:
                alike = sum(other == text for other, _ in ways)
                one = "The path" if alike == 1 else f"One of the {_count(alike)} paths"
                yield right - product, f"{one} {text} is missing: {reach}."
        if count > 2:
            for text, product in ways:
                yield product, f"That is the path {text} alone: {reach}."
        if len(uses) > 1:
            for user, slot in uses:
                yield (
                    right - self._brought(user, slot),
                    f"What comes back through {user.label} is missing: {v} is used "
                    f"{_count(len(uses))} times, and each use contributes.",
                )
        for text, product in ways:
            once = "each path contributes" if count > 1 else "it is the only path, and contributes"
            yield right + product, f"The path {text} is counted twice: {once} once."
        if len(uses) > 1:
            yield (
                math.prod(self._brought(*use) for use in uses),
                f"That is a product of what comes back to {v} on different paths: contributions "
                "of different paths add up.",
            )
            for user, slot in uses:
                u = user.label
                yield (
                    right - 2 * self._brought(user, slot),
                    f"What comes back through {u} has the wrong sign: nudge {v} up; does {u} go "
                    "up or down?",
                )

    def _wrong_product(self, node: Node, user: Node, slot: int) -> Iterator[Slip]:
        """For a node with one use: a factor left out, or factors added."""
        up, slope = self.right[user.index], self.local[user.index, slot]
        above, below = f"the upstream gradient {self._d(user)}", local_name(user, node)
        yield slope, f"That is the local derivative {below} alone: multiply it by {above}."
        yield up, f"That is {above} alone: multiply it by the local derivative {below}."
        both = f"{self._d(user)} and {below}"
        yield up + slope, f"That is the sum of {both}: the chain rule multiplies them."

    def _wrong_products(self, node: Node, right: float) -> Iterator[Slip]:
        """For a node with several uses: a factor left out in all of them, or in one."""
        uses = [
            (user, self.right[user.index], self.local[user.index, slot])
            for user, slot in self._uses[node.index]
        ]
        yield (
            sum(slope for _, _, slope in uses),
            "Those are the local derivatives alone: multiply each by the upstream gradient of the "
            f"node that uses {node.label}, then add.",
        )
        for user, up, slope in uses:
            left_out = f"the upstream gradient {self._d(user)} is left out"
            yield right - up * slope + slope, f"On the way through {user.label} {left_out}."
        yield (
            sum(up for _, up, _ in uses),
            "Those are the upstream gradients alone: multiply each by the local derivative of its "
            f"edge from {node.label}, then add.",
        )
        for user, up, slope in uses:
            left_out = f"the local derivative {local_name(user, node)} is left out"
            yield right - up * slope + up, f"On the way through {user.label} {left_out}."

    def _chain(self, node: Node) -> str:
        v, uses = node.label, self._uses[node.index]
        if len(uses) == 1:
            [(user, _)] = uses
            return (
                f"Not right yet: take what arrives at {user.label}, {self._d(user)}, times the "
                f"local derivative {local_name(user, node)}."
            )
        return (
            f"Not right yet: {v} is used {_count(len(uses))} times, in "
            f"{_names(user for user, _ in uses)}; take upstream times local for each use, and add."
        )

    # ------------------------------------------------------------------ facts

    def _brought(self, user: Node, slot: int) -> float:
        """What one use of a node contributes to its gradient."""
        return self.right[user.index] * self.local[user.index, slot]

    def _ways(self, node: Node) -> Iterator[tuple[str, float]]:
        """Every path from a node to the root as text, with its product."""
        if node.index == self.root.index:
            yield node.label, 1.0
        for user, slot in self._uses[node.index]:
            for text, product in self._ways(user):
                yield f"{node.label} → {text}", self.local[user.index, slot] * product

    def _d(self, node: Node) -> str:
        return f"∂{self.root.label}/∂{node.label}"


# ---------------------------------------------------------------------- the right numbers


def _asked(graph: Graph) -> set[int]:
    """All nodes but leaves without a name, and what is made of such leaves alone."""
    named = any(leaf.name for leaf in graph.leaves)
    asked: set[int] = set()
    for node in graph.nodes:
        above = any(parent.index in asked for parent in node.parents)
        if above or (not node.parents and (node.name or not named)):
            asked.add(node.index)
    return asked


def _usual(node: Node) -> Node:
    """A node of PyTorch under the operation's usual name: `*` for MulBackward0."""
    name, backward, _ = node.op.lower().partition("backward")
    if not backward:
        return node
    name = ALIASES.get(name, name)
    if node.op == "PowBackward0":
        name = f"**{node.obj._saved_exponent}"
    missing = name in BINARY and len(node.parents) != 2  # the other operand is a plain number
    return node if missing else replace(node, op=name)


def _spans(graph: Graph, asked: set[int]) -> dict[tuple[int, int], tuple[float, float, float]]:
    """The right local derivative on each edge, with the lowest and highest that is defensible.

    Measured from the forward function, so that a wrong engine does not decide; PyTorch's own where
    the graph is PyTorch's. At a kink, and where the function is not known, the engine's choice.
    """
    found, own = {}, None
    for node in graph.nodes:
        for slot, parent in enumerate(node.parents):
            if parent.index not in asked:
                continue
            span = None if graph.engine == "PyTorch" else measured_local(node, slot)
            slope = span and span[0]
            if not span or span[0] != span[1]:
                own = graph.local_derivatives() if own is None else own
                slope = own.get((node.index, slot))
            if slope is None:
                raise ValueError(
                    f"The derivative of `{node.op}` at {node.label} is not known: neither its "
                    "value nor the engine's own backward pass tells it."
                )
            low, high = span or (slope, slope)
            found[node.index, slot] = low, min(max(slope, low), high), high
    return found


# ---------------------------------------------------------------------- single slips and nudges


def _value_slips(node: Node) -> Iterator[Slip]:
    asked = f"this box asks for {_made(node)}"
    yield -node.value, f"The size is right, the sign is not: {asked}."
    values = [parent.value for parent in node.parents]
    if len(values) == 2 and None not in values:
        for sign in "+-*/":
            if sign != "/" or values[1]:
                wrong = expression(replace(node, op=sign))
                yield BINARY[sign](*values), f"That is {wrong}: {asked}."
    for parent in node.parents:
        yield parent.value, f"That is {parent.label} itself: {asked}."


def _named(node: Node, slot: int, slope: float) -> Iterator[tuple[float, str]]:
    """The slips in which a variable is mistaken for another one."""
    op, parent = op_name(node), node.parents[slot]
    u, p, x = node.label, parent.label, parent.value
    others = [other for s, other in enumerate(node.parents) if s != slot]
    if op == "*" and others:
        other = f", {others[0].label}" if others[0].name or others[0].parents else ""
        yield x, f"used {p} itself instead of the other operand{other}"
    if op == "+" and others:
        yield x, f"multiplied by {p}"
        yield others[0].value, f"multiplied by {others[0].label}"
    if op in ("tanh", "sigmoid"):
        used = 1 - x * x if op == "tanh" else x * (1 - x)
        yield used, f"used the input {p} where the output {u} belongs"
    if op == "exp":
        yield x, f"used the input {p}: the derivative of exp is its output, {u}"
    if op in ("max", "min"):
        winner = "larger" if op == "max" else "smaller"
        for used in (1.0 - slope, 0.5):
            yield used, f"did not ask which operand is the {winner} one: {u} follows that one alone"
    if op != "+":
        yield 1.0, "used the rule of a sum"


def _nudge(node: Node, slot: int) -> str:
    """A question whose answer is the local derivative."""
    op, u, p = op_name(node), node.label, node.parents[slot].label
    both = [parent.label for parent in node.parents]
    questions = {
        "*": f"nudge {p} by h; by how many h does {_made(node)} move?",
        "**": f"in {_made(node)}, what becomes of the exponent, and which factor comes down?",
        "exp": f"how steep is exp at {p}, compared with how high it is there?",
        "log": f"log gets flatter as {p} grows; how does its slope depend on {p}?",
        "tanh": f"tanh is steepest at zero and flat far out; how does {u} tell its slope?",
        "sigmoid": f"the sigmoid is flat near its ends; how does {u} tell its slope?",
        "relu": f"is {p} on the flat side of relu, or on the rising one?",
        "max": f"which of {' and '.join(both)} decides {u}, and does the other one matter?",
        "sqrt": f"write {_made(node)} as a power of {p}; what becomes of the exponent?",
    }
    questions["min"] = questions["max"]
    if op == "/" and len(both) == 2:
        by = f"nudge {p} by h; {u} = {expression(node)} moves by h divided by what?"
        under = f"when {p} grows, does {_made(node)} grow or shrink, and how fast?"
        return under if slot else by
    return questions.get(op, f"nudge {p} by h; how far, and which way, does {_made(node)} move?")


# ---------------------------------------------------------------------- words


def local_name(node: Node, parent: Node) -> str:
    """A local derivative as it is written: ∂(q * y)/∂y.

    With the operation in place of its result it cannot be taken for the gradient ∂f/∂y, which
    counts every path.
    """
    return f"∂{operation(node)}/∂{parent.label}"


def operation(node: Node) -> str:
    """What stands above the line: `(q * y)`, `tanh(x)`."""
    made = expression(node)
    return made if re.fullmatch(r"\w+\(.*\)", made) else f"({made})"


def _made(node: Node) -> str:
    return f"{node.label} = {expression(node)}"


def _names(nodes: Iterable[Node]) -> str:
    *most, last = dict.fromkeys(node.label for node in nodes)
    return f"{', '.join(most)} and {last}" if most else last


def _count(n: int) -> str:
    return _COUNTS[n] if n < len(_COUNTS) else str(n)
