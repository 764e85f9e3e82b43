"""Week 5, section 6: engines with one mistake, most of them in their backward pass.

`engine_with` exchanges pieces of the course's engine, or its `backward` for one of those below.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

from helpers.engine import scalar
from helpers.engine.scalar import topological_order


def engine_with(*changes: tuple[str, str], backward: Callable | None = None) -> type:
    """The course's engine with pieces of its source exchanged, or with another backward pass."""
    source = inspect.getsource(scalar)
    for old, new in changes:
        if old not in source:
            raise ValueError(f"helpers.engine.scalar has no {old!r} to exchange.")
        source = source.replace(old, new)
    space = {"__name__": "helpers.engine.scalar"}
    exec(compile(source, "<scalar with a mistake>", "exec"), space)
    if backward:
        space["Value"].backward = backward
    return space["Value"]


def start(root, nodes: list) -> None:
    for node in nodes:
        if node.parents:
            node.grad = 0.0
    root.grad += 1.0


def push(node) -> None:
    for parent, local in zip(node.parents, node.local_grads):
        parent.grad += local * node.grad


def pushing(how: Callable) -> Callable:
    """A backward pass in the right order, in which each node pushes in another way."""

    def backward(self):
        nodes = topological_order(self)
        start(self, nodes)
        for node in reversed(nodes):
            how(node)

    return backward


@pushing
def assigning(node):
    for parent, local in zip(node.parents, node.local_grads):
        parent.grad = local * node.grad


@pushing
def local_alone(node):
    for parent, local in zip(node.parents, node.local_grads):
        parent.grad += local


@pushing
def each_parent_once(node):
    for parent, local in dict(zip(node.parents, node.local_grads)).items():
        parent.grad += local * node.grad


@pushing
def first_parent_of_a_product(node):
    for parent, local in [*zip(node.parents, node.local_grads)][: 1 if node.op == "*" else 2]:
        parent.grad += local * node.grad


def without_a_seed(self):
    nodes = topological_order(self)
    start(self, nodes)
    self.grad -= 1.0
    for node in reversed(nodes):
        push(node)


def forwards(self):
    nodes = topological_order(self)
    start(self, nodes)
    for node in nodes:
        push(node)


def by_recursion(self):
    start(self, topological_order(self))
    todo = [self]  # the calls that are still open
    while todo:
        node = todo.pop()
        push(node)
        todo += node.parents[::-1]


def as_met(self):
    nodes, stack = {}, [self]
    while stack:
        node = stack.pop()
        if node not in nodes:
            nodes[node] = True
            stack += node.parents[::-1]
    start(self, nodes)
    for node in nodes:
        push(node)


def level_by_level(self):
    nodes = [self]
    seen = {self}
    for node in nodes:
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                nodes.append(parent)
    start(self, nodes)
    for node in nodes:
        push(node)


def along_every_path(self):
    order, stack = [], [(self, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        else:
            stack.append((node, True))
            stack += [(parent, False) for parent in node.parents[::-1]]
    start(self, order)
    for node in reversed(order):
        push(node)


def with_old_gradients(self):
    self.grad = 1.0
    for node in reversed(topological_order(self)):
        push(node)


def clearing(which: Callable) -> Callable:
    """A backward pass that starts only some of the nodes in the middle at 0."""

    def backward(self):
        for node in which(self):
            if node.parents:
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(topological_order(self)):
            push(node)

    return backward


@clearing
def clearing_the_operands_alone(root):
    return root.parents


@clearing
def clearing_sums_and_products_alone(root):
    return [node for node in topological_order(root) if len(node.parents) == 2]


def all_from_zero(self):
    nodes = topological_order(self)
    for node in nodes:
        node.grad = 0.0
    self.grad = 1.0
    for node in reversed(nodes):
        push(node)


def too_deep(self):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(self)
    start(self, order)
    for node in reversed(order):
        push(node)
