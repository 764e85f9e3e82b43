"""Neurons, layers and a network on any scalar engine, and stochastic gradient descent.

Nothing here knows how gradients are computed. A parameter is a leaf of the graph: the forward pass
uses it, `backward()` fills its `grad`, `SGD` changes its `data`. Any class will do that has `data`,
`grad`, `+`, `*` and `relu()`: the course's `Value`, yours, or micrograd's.
"""

import random
from operator import mul

from helpers.engine import scalar


def affine(ws, xs, b):
    """w₁x₁ + … + wₙxₙ + b in plain operations: one node for each product and each sum.

    Examples
    --------
    >>> w = [scalar.Value(2.0), scalar.Value(-1.0)]
    >>> affine(w, [3.0, 4.0], scalar.Value(0.5))
    Value(2.5, grad=0)
    """
    for w, x in zip(ws, xs):
        b = b + w * x
    return b


class Dot(scalar.Value):
    """w₁x₁ + … + wₙxₙ + b as a single node, where plain operations need 2n.

    It takes the place of `affine` in `MLP(…, affine=Dot)`, and makes a training step several times
    as fast: a node costs the same whether it does one multiplication or sixteen.

    Parameters
    ----------
    ws, xs : sequences of Value
        Weights and inputs, equally many; inputs may be plain numbers.
    b : Value

    Examples
    --------
    >>> w = [scalar.Value(2.0), scalar.Value(-1.0)]
    >>> y = Dot(w, [3.0, 4.0], scalar.Value(0.5))
    >>> y.backward()
    >>> y.data, [wi.grad for wi in w]
    (2.5, [3.0, 4.0])
    """

    __slots__ = ("parents", "local_grads")

    def __init__(self, ws, xs, b):
        xs = [x if isinstance(x, scalar.Value) else scalar.Value(x) for x in xs]
        w, x = [node.data for node in ws], [node.data for node in xs]
        super().__init__(sum(map(mul, w, x), b.data), (b,), (1.0,), "dot")
        self.parents = (*ws, *xs, b)
        self.local_grads = (*x, *w, 1.0)

    def push(self):
        upstream = self.grad
        for parent, local in zip(self.parents, self.local_grads):
            parent.grad += local * upstream


class Neuron:
    """relu(w·x + b), or w·x + b alone.

    Parameters
    ----------
    n_in : int
        Number of inputs.
    rng : random.Random
        Where the weights come from: uniform between −1 and 1. The bias starts at 0.
    relu : bool
        Without it the neuron is linear, as in the last layer.
    Value : type
        The engine.
    affine : callable
        How w·x + b is computed.
    """

    def __init__(self, n_in, rng, relu=True, Value=scalar.Value, affine=affine):
        self.weights = [Value(rng.uniform(-1.0, 1.0)) for _ in range(n_in)]
        self.bias = Value(0.0)
        self.relu = relu
        self.affine = affine
        self.parameters = [*self.weights, self.bias]

    def __call__(self, xs):
        if len(xs) != len(self.weights):
            raise ValueError(f"This neuron has {len(self.weights)} weights, got {len(xs)} inputs.")
        z = self.affine(self.weights, xs, self.bias)
        return z.relu() if self.relu else z


class Layer:
    """`n_out` neurons that read the same inputs; takes a list, returns a list."""

    def __init__(self, n_in, n_out, rng, **neuron):
        self.neurons = [Neuron(n_in, rng, **neuron) for _ in range(n_out)]
        self.parameters = [p for neuron in self.neurons for p in neuron.parameters]

    def __call__(self, xs):
        return [neuron(xs) for neuron in self.neurons]


class MLP:
    """A multilayer perceptron: layers of neurons, ReLU after each but the last.

    Parameters
    ----------
    n_in : int
        Number of inputs.
    sizes : list of int
        Number of neurons in each layer; the last one counts the outputs.
    seed : int
        The same seed gives the same weights, on every machine and every engine.
    Value : type
        The engine: the course's by default, or your own.
    affine : callable
        How a neuron computes w·x + b: `affine`, or `Dot` for a single node.

    Attributes
    ----------
    parameters : list of Value
        Layer by layer, neuron by neuron: its weights, then its bias.

    Examples
    --------
    >>> model = MLP(2, [16, 16, 1])
    >>> model
    MLP(2-16-16-1, 337 parameters)
    >>> score = model([0.5, -1.0])
    """

    def __init__(self, n_in, sizes, seed=0, Value=scalar.Value, affine=affine):
        if not sizes:
            raise ValueError("An MLP needs at least one layer, for example MLP(2, [16, 1]).")
        rng = random.Random(seed)
        self.sizes = [n_in, *sizes]
        self.layers = [
            Layer(n_in, n_out, rng, relu=k < len(sizes), Value=Value, affine=affine)
            for k, (n_in, n_out) in enumerate(zip(self.sizes, sizes), start=1)
        ]
        self.parameters = [p for layer in self.layers for p in layer.parameters]
        self.Value = Value

    def __call__(self, xs):
        """The output for one sample: a Value, or a list of them where there are several.

        Plain numbers become leaves here, once, and not once in every neuron.
        """
        xs = [x if isinstance(x, self.Value) else self.Value(float(x)) for x in xs]
        for layer in self.layers:
            xs = layer(xs)
        return xs[0] if len(xs) == 1 else xs

    def __repr__(self):
        sizes = "-".join(map(str, self.sizes))
        return f"MLP({sizes}, {len(self.parameters)} parameters)"


class SGD:
    """Gradient descent: each parameter takes a step of `lr` against its gradient.

    Parameters
    ----------
    parameters : list of Value
    lr : float
        The learning rate; it may be changed between steps.
    """

    def __init__(self, parameters, lr):
        self.parameters = parameters
        self.lr = lr

    def step(self):
        """Move every parameter once."""
        for p in self.parameters:
            p.data -= self.lr * p.grad

    def zero_grad(self):
        """Forget the gradients of the last step; `backward` would add to them."""
        for p in self.parameters:
            p.grad = 0.0
