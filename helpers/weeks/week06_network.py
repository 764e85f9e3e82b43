"""Week 6: a network on a scalar engine, from the neuron to the training loop.

These are the reference solutions of the week, as a notebook cell would have them. They use of the
engine only `data`, `grad`, `backward()`, `+`, `*` and `relu()`. What the exercises try them on
stands in `week06_cases`.
"""

from __future__ import annotations

import random

from helpers.engine.scalar import Value


class Neuron:
    """relu(w·x + b), or w·x + b alone if relu is False.

    `parameters`: its weights in the order of the inputs, then its bias; weights from
    rng.uniform(-1, 1), the bias 0.
    """

    def __init__(self, n_in, rng, relu=True):
        self.weights = [Value(rng.uniform(-1, 1)) for _ in range(n_in)]
        self.bias = Value(0.0)
        self.relu = relu
        self.parameters = [*self.weights, self.bias]

    def __call__(self, xs):
        z = self.bias
        for w, x in zip(self.weights, xs):
            z = z + w * x
        return z.relu() if self.relu else z


class Layer:
    """n_out neurons that read the same inputs: takes a list, gives a list.

    `parameters`: those of the first neuron, then those of the second, and so on.
    """

    def __init__(self, n_in, n_out, rng, relu=True):
        self.neurons = [Neuron(n_in, rng, relu) for _ in range(n_out)]
        self.parameters = [p for neuron in self.neurons for p in neuron.parameters]

    def __call__(self, xs):
        return [neuron(xs) for neuron in self.neurons]


class MLP:
    """Layers one after the other, with a ReLU after each but the last.

    MLP(2, [16, 16, 1]) reads 2 numbers and gives one node. `parameters`: layer by layer.
    """

    def __init__(self, n_in, sizes, seed=0):
        rng = random.Random(seed)
        self.layers = []
        for k, n_out in enumerate(sizes):
            self.layers.append(Layer(n_in, n_out, rng, relu=k < len(sizes) - 1))
            n_in = n_out
        self.parameters = [p for layer in self.layers for p in layer.parameters]

    def __call__(self, xs):
        for layer in self.layers:
            xs = layer(xs)
        return xs[0] if len(xs) == 1 else xs


def hinge_loss(scores, y):
    """The mean over the samples of relu(1 − yᵢ·scoreᵢ), as a node; each yᵢ is −1 or 1."""
    total = 0.0
    for score, yi in zip(scores, y):
        total = (score * -yi + 1.0).relu() + total
    return total * (1.0 / len(scores))


def l2_penalty(params, lam):
    """lam times the sum of the squares of all parameters, as a node."""
    total = 0.0
    for p in params:
        total = p * p + total
    return total * lam


def sgd_step(params, lr):
    """Move each parameter by lr against its gradient, in place."""
    for p in params:
        p.data -= lr * p.grad


def training_step(model, X, y):
    """One step on all samples; returns the loss before it, as a number.

    The loss is hinge_loss of the scores plus l2_penalty with lam = 1e-4; lr is 0.1. The gradients
    are those of this step alone, whatever stood in `grad` before.
    """
    loss = hinge_loss([model(x) for x in X], y) + l2_penalty(model.parameters, 1e-4)
    for p in model.parameters:
        p.grad = 0.0
    loss.backward()
    sgd_step(model.parameters, 0.1)
    return loss.data


def fix_the_loop(params, loss_of, lr, steps):
    """Gradient descent: the losses before each step, as numbers.

    loss_of() builds a fresh graph on the parameters and returns its root.
    """
    losses = []
    for _ in range(steps):
        loss = loss_of()
        for p in params:
            p.grad = 0.0
        loss.backward()
        for p in params:
            p.data -= lr * p.grad
        losses.append(loss.data)
    return losses


def momentum_step(params, velocities, lr, beta=0.9):
    """v ← beta·v + grad, then parameter ← parameter − lr·v; returns the new velocities, a list."""
    velocities = [beta * v + p.grad for v, p in zip(velocities, params)]
    for p, v in zip(params, velocities):
        p.data -= lr * v
    return velocities
