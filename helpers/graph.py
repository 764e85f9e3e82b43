"""One neutral record of a computation, whichever engine made it.

`Graph.record(root)` reads the course's `Value` and `Tensor`, an engine written in a notebook cell,
micrograd's `Value`, and PyTorch's own `grad_fn` graph. It needs only what every engine has: a
number, its parents, a gradient. `graph.backward_steps()` runs that engine's own backward pass and
watches the gradients change, so it tells what the engine does, also when the engine is wrong. How
an engine is read stands in `helpers.readers`; a `Node` in `helpers.node`, a `Push` in
`helpers.pushes`; pictures, widgets and checks are built from the record.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from helpers import readers
from helpers.node import Node, expression
from helpers.pushes import Push, Trace, as_pushes
from helpers.summary import Summary, factor, number

__all__ = ["Graph", "Node", "Path", "Push", "Trace", "expression", "factor", "number"]


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
        factors = " × ".join(factor(d) for d in self.locals)
        return f"{way}: {factors} = {number(self.product)}" if factors else f"{way}: 1.0"


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
        >>> Graph.record((x + y) * y, {"x": x, "y": y}).nodes
        [Node(x = 2.0), Node(y = 3.0), Node(t1 = x + y = 5.0), Node(t2 = t1 * y = 15.0)]
        """
        if isinstance(root, Graph):
            return root
        reader = readers.for_root(root)
        order = _topological(reader)
        variables = readers.callers_variables() if names is None else names
        names = readers.names_of(reader, variables, order)
        nodes: list[Node] = []
        at: dict[int, Node] = {}
        counts = {True: 0, False: 0}
        for index, obj in enumerate(order):
            parents = tuple([at[id(parent)] for parent in reader.parents(obj)])
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
    def epsilon(self) -> float:
        """Distance from 1 to the next number, for the coarsest values in the graph."""
        return self._reader.epsilon

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
            if node is key or node.obj is key or (isinstance(key, str) and node.label == key):
                return node
        if not isinstance(key, str):
            wanted = self._reader.key_of_variable(key)
            for node in self.nodes:
                if wanted is not None and self._reader.key(node.obj) is wanted:
                    return node
        known = ", ".join(node.label for node in self.nodes[:12])
        raise KeyError(f"This graph has no node {key!r}. It has: {known}.")

    def consumers(self, node: Node) -> list[Node]:
        """The nodes that use `node`, once for each use."""
        return [user for user, _ in self._uses[node.index]]

    @cached_property
    def _uses(self) -> list[list[tuple[Node, int]]]:
        """Who uses each node: pairs of the user and the operand's slot."""
        uses: list[list[tuple[Node, int]]] = [[] for _ in self.nodes]
        for user in self.nodes:
            for slot, parent in enumerate(user.parents):
                uses[parent.index].append((user, slot))
        return uses

    def trace(self) -> Trace:
        """Run the engine's own backward pass, watch it, and put its gradients back.

        Returns
        -------
        Trace
            The pushes in the engine's own order, the seed that the root got, and the gradient of
            each node at the end.

        Raises
        ------
        ValueError
            If the engine has no `backward()`, or if PyTorch's result is not one number or its graph
            was freed. What the engine's own backward raises, it raises here, too.
        """
        writes, final, seed = self._reader.observe(self.nodes)
        return Trace(as_pushes(writes, self.nodes, self.consumers), seed, final)

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
        pass that starts at that very node. Missing where the engine pushes nothing, and for arrays.
        """
        found = {}
        for push in self.trace().pushes:
            if push.local is not None:
                found.setdefault((push.source.index, push.slot), push.local)
        for node in self.nodes:
            if any((node.index, slot) not in found for slot in range(len(node.parents))):
                for slot, local in self._reader.locals_at(self.nodes, node).items():
                    found.setdefault((node.index, slot), local)
        return found

    def paths(self, leaf: object, limit: int = 10_000) -> list[Path]:
        """Every path from `leaf` to the root, with the product of local derivatives along it.

        The sum of the products is ∂root/∂leaf: the chain rule for a value that is used more
        than once.

        Raises
        ------
        ValueError
            If there are more than `limit` paths (their number can double with every node), or if
            a value on the way is an array.

        Examples
        --------
        >>> from helpers.engine.scalar import Value
        >>> x = Value(3.0)
        >>> f = x * x + x
        >>> Graph.record(f, {"x": x, "f": f}).paths("x")
        [x → t1 → f: 3.0 × 1.0 = 3.0, x → t1 → f: 3.0 × 1.0 = 3.0, x → f: 1.0 = 1.0]
        """
        start = leaf if isinstance(leaf, Node) else self.node(leaf)
        count = self._count_paths(start)
        if count > limit:
            raise ValueError(
                f"There are {count:,} paths from {start.label} to {self.root.label}, more than the "
                f"{limit:,} that are listed. Take a smaller graph, or paths(…, limit={count})."
            )
        if not self.scalar:
            raise ValueError(
                "This graph holds arrays, and along a path of arrays the chain rule multiplies "
                "matrices, not numbers. Take a graph of single numbers for paths()."
            )
        local = self.local_derivatives()
        done: list[Path] = []
        nodes, factors, ways = [start], [], [iter(self._uses[start.index])]
        while ways:
            step = next(ways[-1], None)
            if step is not None:
                user, slot = step
                nodes.append(user)
                factors.append(self._factor(local, user, slot))
                ways.append(iter(self._uses[user.index]))
                continue
            if nodes[-1] is self.root:
                done.append(Path(tuple(nodes), tuple(factors)))
            nodes.pop()
            ways.pop()
            if factors:
                factors.pop()
        return done

    def _factor(self, local: dict[tuple[int, int], float], user: Node, slot: int) -> float:
        """The local derivative on an edge; 0 where the engine pushes nothing."""
        if (user.index, slot) not in local and self.engine == "PyTorch":
            raise ValueError(
                f"{user.label} ({user.op}) has several results, so it has no one local derivative "
                f"with respect to {user.parents[slot].label}. Take a graph without such an op."
            )
        return local.get((user.index, slot), 0.0)

    def _count_paths(self, start: Node) -> int:
        """How many paths lead from `start` to the root: each node has the sum over its parents."""
        counts = [0] * len(self.nodes)
        counts[start.index] = 1
        for node in self.nodes[start.index + 1 :]:
            counts[node.index] = sum(counts[parent.index] for parent in node.parents)
        return counts[self.root.index]


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
