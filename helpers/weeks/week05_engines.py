"""Week 5: the six engines of the clinic, each complete, plausible, and with one bug.

They are written as people write them, in several designs. Nothing here says where the bug is;
`week05_clinic` does.
"""

# ruff: noqa: B023

from __future__ import annotations

import math

import numpy as np


class A:
    def __init__(self, data, parents=(), local_grads=()):
        self.data, self.grad = data, 0.0
        self.parents, self.local_grads = parents, local_grads

    def __add__(self, other):
        return A(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return A(self.data * other.data, (self, other), (other.data, self.data))

    def tanh(self):
        t = math.tanh(self.data)
        return A(t, (self,), (1.0 - t**2,))

    def backward(self):
        self.grad = 1.0
        for node in reversed(order_of(self)):
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad


class B:
    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents = data, 0.0, parents
        self.push = lambda: None

    def __add__(self, other):
        out = B(self.data + other.data, (self, other))

        def push():
            self.grad += out.grad
            other.grad += out.grad

        out.push = push
        return out

    def __mul__(self, other):
        out = B(self.data * other.data, (self, other))
        a, b = self.data, other.data

        def push():
            self.grad += b * out.grad
            other.grad += a * out.grad

        out.push = push
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = B(t, (self,))

        def push():
            self.grad += 1.0 - t**2

        out.push = push
        return out

    def backward(self):
        nodes = order_of(self)
        for node in nodes:
            if node.parents:
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(nodes):
            node.push()


class C:
    def __init__(self, data, parents=(), local_grads=()):
        self.data, self.grad = data, 0.0
        self.parents, self.local_grads = parents, local_grads

    def __add__(self, other):
        return C(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return C(self.data * other.data, (self, other), (other.data, self.data))

    def tanh(self):
        t = math.tanh(self.data)
        return C(t, (self,), (1.0 - t**2,))

    def backward(self):
        nodes, seen = [self], {self}
        for node in nodes:
            for parent in node.parents:
                if parent not in seen:
                    seen.add(parent)
                    nodes.append(parent)
        for node in nodes:
            if node.parents:
                node.grad = 0.0
        self.grad = 1.0
        for node in nodes:
            for parent, local in zip(node.parents, node.local_grads):
                parent.grad += local * node.grad


class D:
    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents = data, 0.0, parents
        self.push = lambda: None

    def __add__(self, other):
        out = D(self.data + other.data, (self, other))

        def push():
            self.grad += out.grad
            other.grad += out.grad

        out.push = push
        return out

    def __mul__(self, other):
        out = D(self.data * other.data, (self, other))

        def push():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.push = push
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = D(t, (self,))

        def push():
            self.grad += (1.0 - t**2) * out.grad

        out.push = push
        return out

    def backward(self):
        nodes = order_of(self)
        for node in nodes:
            if node.parents:
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(nodes):
            node.push()


class E:
    def __init__(self, data, parents=(), local_grads=()):
        self.data, self.grad, self.parents = data, 0.0, parents
        self.pushes = []
        for parent, local in zip(parents, local_grads):
            self.pushes.append(lambda: parent.receive(local * self.grad))

    def receive(self, amount):
        self.grad += amount

    def __add__(self, other):
        return E(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return E(self.data * other.data, (self, other), (other.data, self.data))

    def tanh(self):
        t = math.tanh(self.data)
        return E(t, (self,), (1.0 - t**2,))

    def backward(self):
        nodes = order_of(self)
        for node in nodes:
            if node.parents:
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(nodes):
            for push in node.pushes:
                push()


class F:
    def __init__(self, data, parents=(), rule=None):
        self.data, self.grad = data, np.zeros(1)
        self.parents, self.rule = parents, rule

    def receive(self, amount):
        if self.grad.any():
            self.grad += amount
        else:
            self.grad = amount

    def __add__(self, other):
        return F(self.data + other.data, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        a, b = self.data, other.data
        return F(a * b, (self, other), lambda g: (b * g, a * g))

    def tanh(self):
        t = math.tanh(self.data)
        return F(t, (self,), lambda g: ((1.0 - t**2) * g,))

    def backward(self):
        nodes = order_of(self)
        for node in nodes:
            if node.parents:
                node.grad = np.zeros(1)
        self.grad = np.ones(1)
        for node in reversed(nodes):
            for parent, amount in zip(node.parents, node.rule(node.grad) if node.rule else ()):
                parent.receive(amount)


def order_of(root):
    """The nodes, parents before children; this function is right."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(parent, False) for parent in node.parents]
    return order
