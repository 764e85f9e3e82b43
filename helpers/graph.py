"""One neutral record of a computation, whichever engine made it.

`Graph.record(root)` reads the course's `Value` and `Tensor`, an engine written in a notebook cell,
micrograd's `Value`, and PyTorch's own `grad_fn` graph. It needs only what every engine has: a
number, its parents, a gradient. `graph.backward_steps()` runs that engine's own backward pass and
watches the gradients change, so it tells what the engine does, also when the engine is wrong. How
an engine is read stands in `helpers.readers`; pictures, widgets and checks are built from the
record.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from helpers import readers
from helpers.readers import Summary, Write


@dataclass(slots=True, eq=False)
class Node:
    """One value of the computation.

    Attributes
    ----------
    index : int
        Place in `graph.nodes`; parents come before children.
    name : str
        The learner's variable name, or "" where none is known.
    op : str
        What made the value ("+", "tanh", "MulBackward0"); "" for a leaf.
    value, grad : float, Summary or None
        A number; shape and norm of an array; None where the engine does not keep it.
    parents : tuple of Node
        The operands in order; an operand used twice appears twice.
    obj : object
        The engine's own object.
    """

    index: int
    name: str
    op: str
    value: float | Summary | None
    grad: float | Summary | None
    parents: tuple[Node, ...]
    obj: object
    serial: int = 0

    @property
    def label(self) -> str:
        """A name that is never empty: `x`; without one `t3` for a result, `const1` for a leaf."""
        return self.name or f"{'t' if self.parents else 'const'}{self.serial}"

    def __repr__(self) -> str:
        made = f" = {expression(self)}" if self.parents else ""
        value = "" if self.value is None else f" = {number(self.value)}"
        return f"Node({self.label}{made}{value})"


@dataclass(frozen=True, slots=True, eq=False)
class Push:
    """One contribution of a node to the gradient of one of its parents.

    `amount` is what arrived; `local` is amount / upstream, the local derivative that the engine
    used (None where it cannot be told, as for arrays); `slot` is the operand's position.
    `overwrote` says that the engine assigned instead of adding.
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

    @property
    def text(self) -> str:
        """The push as the chain rule, with this graph's numbers."""
        top, source, parent = self.root, self.source.label, self.parent.label
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
    writes: list[Write]
    seed: float | Summary | None
    final: list


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One way from a leaf to the root; `product` multiplies the local derivatives along it."""

    nodes: tuple[Node, ...]
    locals: tuple[float, ...]

    @property
    def product(self) -> float:
        return math.prod(self.locals)

    def __repr__(self) -> str:
        way = " → ".join(node.label for node in self.nodes)
        return f"{way}: {' × '.join(factor(d) for d in self.locals)} = {number(self.product)}"


class Graph:
    """The record of one computation. Made by `Graph.record`.

    Attributes
    ----------
    nodes : list of Node
        All nodes, parents before children.
    engine : str
        "Value", "Tensor", "PyTorch", or the name of the class that was recorded.
    """

    def __init__(self, nodes: list[Node], reader: readers.Reader):
        self.nodes = nodes
        self.engine = reader.engine
        self._reader = reader

    @classmethod
    def record(cls, root: object, names: dict[str, object] | None = None) -> Graph:
        """Record the computation that ends in `root`, without changing it.

        Parameters
        ----------
        root : Value, Tensor, torch.Tensor, or an object of any similar engine
            The result; for PyTorch a tensor with a `grad_fn`.
        names : dict, optional
            Variable names and their objects; by default the caller's variables.

        Raises
        ------
        TypeError
            If `root` belongs to no engine.
        ValueError
            If the graph has a cycle, or a PyTorch tensor has no history.

        Examples
        --------
        >>> from helpers.engine.scalar import Value
        >>> x, y = Value(2.0), Value(3.0)
        >>> Graph.record((x + y) * y).nodes
        [Node(x = 2.0), Node(y = 3.0), Node(t1 = x + y = 5.0), Node(t2 = t1 * y = 15.0)]
        """
        if isinstance(root, Graph):
            return root
        reader = readers.for_root(root)
        order = _topological(reader)
        names = reader.names(readers.callers_variables() if names is None else names, order)
        nodes: list[Node] = []
        at: dict[int, Node] = {}
        counts = {True: 0, False: 0}
        for index, obj in enumerate(order):
            parents = tuple(at[id(parent)] for parent in reader.parents(obj))
            name = names.get(id(obj), "")
            serial = 0
            if not name:
                counts[bool(parents)] += 1
                serial = counts[bool(parents)]
            op = reader.op(obj)
            value, grad = reader.value(obj), reader.grad(obj)
            node = Node(index, name, op, value, grad, parents, obj, serial)
            at[id(obj)] = node
            nodes.append(node)
        return cls(nodes, reader)

    @property
    def root(self) -> Node:
        return self.nodes[-1]

    @property
    def leaves(self) -> list[Node]:
        return [node for node in self.nodes if not node.parents]

    @property
    def scalar(self) -> bool:
        """True where every known value is a single number."""
        return not any(isinstance(node.value, Summary) for node in self.nodes)

    def node(self, key: object) -> Node:
        """The node with this name, or of this engine object."""
        for node in self.nodes:
            if node.obj is key or (isinstance(key, str) and node.label == key):
                return node
        for node in self.nodes:
            if self._reader.is_obj(node.obj, key):
                return node
        known = ", ".join(node.label for node in self.nodes[:12])
        raise KeyError(f"This graph has no node {key!r}. It has: {known}.")

    def consumers(self, node: Node) -> list[Node]:
        """The nodes that use `node`, once for each use."""
        return [n for n in self.nodes for parent in n.parents if parent is node]

    def trace(self) -> Trace:
        """Run the engine's own backward pass, watch it, and put its gradients back.

        Returns
        -------
        Trace
            The pushes in the engine's own order, every write to a gradient, the seed that the
            root got, and the gradient of each node at the end.
        """
        writes, final, seed = self._reader.observe(self.nodes)
        root = self.root.label
        pushes, used = [], {}
        for write in writes:
            if write.source is None:
                continue
            source, parent = self.nodes[write.source], self.nodes[write.target]
            slots = [s for s, p in enumerate(source.parents) if p is parent]
            if not slots:
                continue
            turn = used.get((source.index, parent.index), 0)
            used[source.index, parent.index] = turn + 1
            slot = slots[turn % len(slots)]
            local = _ratio(write.amount, write.upstream)
            numbers = write.upstream, local, write.amount, write.before, write.after
            pushes.append(Push(source, parent, slot, *numbers, write.overwrote, root))
        return Trace(pushes, writes, seed, final)

    def backward_steps(self) -> list[Push]:
        """The pushes of the engine's own backward pass, one after another.

        Examples
        --------
        >>> from helpers.engine.scalar import Value
        >>> x, y = Value(2.0), Value(3.0)
        >>> q = x + y
        >>> f = q * y
        >>> names = {"x": x, "y": y, "q": q, "f": f}
        >>> print(Graph.record(f, names).backward_steps()[0])
        ∂f/∂q += ∂f/∂f · ∂f/∂q = 1.0 × 3.0 = 3.0
        """
        return self.trace().pushes

    def local_derivatives(self) -> dict[tuple[int, int], float]:
        """The local derivative that the engine uses on each edge, by (node index, operand slot).

        Taken from the pushes; where the upstream gradient is zero and hides it, from a backward
        pass that starts at that very node. Missing where the engine pushes nothing.
        """
        found = {}
        for push in self.trace().pushes:
            if push.local is not None:
                found.setdefault((push.source.index, push.slot), push.local)
        for node in self.nodes:
            if any((node.index, slot) not in found for slot in range(len(node.parents))):
                for slot, local in self._reader.locals_at(node).items():
                    found.setdefault((node.index, slot), local)
        return found

    def paths(self, leaf: object, limit: int = 10_000) -> list[Path]:
        """Every path from `leaf` to the root, with the product of local derivatives along it.

        The sum of the products is ∂root/∂leaf: the chain rule for a value that is used more
        than once.

        Raises
        ------
        ValueError
            If there are more than `limit` paths; their number can double with every node.
        """
        start = leaf if isinstance(leaf, Node) else self.node(leaf)
        local = self.local_derivatives()
        uses: dict[int, list[tuple[Node, int]]] = {}
        for node in self.nodes:
            for slot, parent in enumerate(node.parents):
                uses.setdefault(parent.index, []).append((node, slot))
        done: list[Path] = []
        todo = [((start,), ())]
        while todo:
            nodes, factors = todo.pop()
            if nodes[-1] is self.root:
                done.append(Path(nodes, factors))
                if len(done) > limit:
                    raise ValueError(f"There are more than {limit} paths from {start.label}.")
            for user, slot in reversed(uses.get(nodes[-1].index, [])):
                slope = local.get((user.index, slot), 0.0)
                todo.append(((*nodes, user), (*factors, slope)))
        return done


def number(x: float | Summary | None) -> str:
    """The course's one way to print a number: four significant digits, a true minus sign."""
    if x is None:
        return "?"
    if isinstance(x, Summary):
        return str(x)
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    text = f"{x:.4g}"
    if not any(mark in text for mark in ".e"):
        text += ".0"
    mantissa, e, exponent = text.partition("e")
    if e:
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")


def factor(x: float | Summary | None) -> str:
    """A number as a factor of a product: negative ones in parentheses."""
    text = number(x)
    return f"({text})" if text.startswith("−") else text


def expression(node: Node, operands: list[str] | None = None) -> str:
    """How a node was computed: `x + y`, `2.0 * q`, `q**3`; with other words for its operands."""
    names = operands or [_operand(parent) for parent in node.parents]
    if node.op in ("+", "-", "*", "/") and len(names) == 2:
        return f"{names[0]} {node.op} {names[1]}"
    if node.op.startswith("**"):
        return f"{names[0]}{node.op}"
    return f"{node.op or '?'}({', '.join(names)})"


def _operand(node: Node) -> str:
    """An operand's name; the number itself for a constant."""
    constant = not node.parents and not node.name and isinstance(node.value, float)
    return factor(node.value) if constant else node.label


def _ratio(amount, upstream) -> float | None:
    if isinstance(amount, Summary) or isinstance(upstream, Summary) or not upstream:
        return None
    return amount / upstream


def _topological(reader: readers.Reader) -> list:
    """All objects below the root, parents first. Iterative; a cycle is an error."""
    order, state = [], {}
    stack = [reader.start]
    while stack:
        obj = stack[-1]
        seen = state.get(id(obj))
        if seen is None:
            state[id(obj)] = "open"
            for parent in reversed(reader.parents(obj)):
                mark = state.get(id(parent))
                if mark == "open":
                    raise ValueError(
                        "This graph has a cycle: a value is computed from itself, so no order of "
                        "computation exists. Look for a line that changes `parents` afterwards."
                    )
                if mark is None:
                    stack.append(parent)
        else:
            stack.pop()
            if seen == "open":
                state[id(obj)] = "done"
                order.append(obj)
    return order
