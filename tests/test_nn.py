"""The network on a scalar engine: PyTorch's numbers, any engine, and two moons learned."""

import gc
import random

import micrograd.engine
import pytest
import torch

from helpers.data import moons
from helpers.engine import fifty
from helpers.engine.nn import MLP, SGD, Dot, Neuron, affine
from helpers.engine.scalar import Value, topological_order

WAYS = pytest.mark.parametrize("way", [affine, Dot], ids=["plain operations", "one node"])


def twin(model):
    """PyTorch's network (float64) with the weights of `model`."""
    sizes, numbers = model.sizes, [p.data for p in model.parameters]
    modules = []
    for n_in, n_out in zip(sizes, sizes[1:]):
        linear = torch.nn.Linear(n_in, n_out, dtype=torch.float64)
        size = n_out * (n_in + 1)
        block = torch.tensor(numbers[:size], dtype=torch.float64).view(n_out, n_in + 1)
        linear.weight.data, linear.bias.data = block[:, :-1].clone(), block[:, -1].clone()
        modules += [linear, torch.nn.ReLU()]
        numbers = numbers[size:]
    return torch.nn.Sequential(*modules[:-1])


def gradients(network):
    """PyTorch's gradients in the order of `model.parameters`."""
    linears = [m for m in network if isinstance(m, torch.nn.Linear)]
    blocks = [torch.cat([m.weight.grad, m.bias.grad[:, None]], dim=1) for m in linears]
    return torch.cat([block.flatten() for block in blocks])


def points(n, dim, seed=0):
    rng = random.Random(seed)
    return [[rng.gauss(0, 1) for _ in range(dim)] for _ in range(n)]


def worst(ours, theirs):
    """Largest difference, relative to the largest number."""
    theirs = theirs.detach().flatten()
    difference = torch.tensor(ours, dtype=torch.float64) - theirs
    return (difference.abs().max() / theirs.abs().max()).item()


def test_a_2_16_16_1_network_has_337_parameters():
    assert len(MLP(2, [16, 16, 1]).parameters) == 337


@WAYS
def test_the_forward_pass_equals_pytorch(way):
    model = MLP(3, [8, 5, 2], seed=1, affine=way)
    xs = points(20, 3)
    ours = [y.data for x in xs for y in model(x)]
    assert worst(ours, twin(model)(torch.tensor(xs, dtype=torch.float64))) < 1e-12


@WAYS
def test_the_gradients_equal_pytorch(way):
    model = MLP(3, [8, 5, 1], seed=2, affine=way)
    xs = points(20, 3)
    network = twin(model)
    sum([model(x).tanh() for x in xs]).backward()
    network(torch.tensor(xs, dtype=torch.float64)).tanh().sum().backward()
    assert worst([p.grad for p in model.parameters], gradients(network)) < 1e-12


@WAYS
def test_the_gradients_of_the_inputs_equal_pytorch(way):
    model = MLP(3, [8, 1], seed=3, affine=way)
    (x,) = points(1, 3)
    ours, theirs = [Value(v) for v in x], torch.tensor(x, dtype=torch.float64, requires_grad=True)
    model(ours).backward()
    twin(model)(theirs).backward()
    assert worst([v.grad for v in ours], theirs.grad) < 1e-12


def test_two_moons_are_learned_and_every_loss_equals_pytorch():
    X, t = moons(60)
    xs, ys = X.tolist(), [2.0 * int(k) - 1.0 for k in t]
    model = MLP(2, [16, 16, 1], affine=Dot)
    network, inputs, targets = twin(model), torch.tensor(X), torch.tensor(ys)
    optimizer, weights = SGD(model.parameters, lr=1.0), list(network.parameters())
    for step in range(40):
        scores = [model(x) for x in xs]
        loss = sum([(1.0 - y * s).relu() for y, s in zip(ys, scores)]) / len(xs)
        loss = loss + 1e-4 * sum([p * p for p in model.parameters])
        reference = (1.0 - targets * network(inputs).flatten()).relu().mean()
        reference = reference + 1e-4 * sum((w * w).sum() for w in weights)
        assert abs(loss.data - reference.item()) < 1e-9, step

        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for w, grad in zip(weights, torch.autograd.grad(reference, weights)):
                w -= optimizer.lr * grad
        optimizer.lr = 1.0 - 0.9 * step / 40
    assert all(y * model(x).data > 0 for x, y in zip(xs, ys))


@pytest.mark.parametrize(
    "engine", [fifty.Value, micrograd.engine.Value], ids=["week 1", "micrograd"]
)
def test_any_engine_trains_the_same_network(engine):
    models = [MLP(2, [4, 1], seed=5, Value=V) for V in (Value, engine)]
    for model in models:
        optimizer = SGD(model.parameters, lr=0.05)
        for _ in range(5):
            loss, *others = [(model(x) + 1.0) * (model(x) + 1.0) for x in points(6, 2)]
            for other in others:
                loss = loss + other
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    expected, got = ([p.data for p in model.parameters] for model in models)
    assert got == pytest.approx(expected, rel=1e-12)


def test_the_seed_decides_the_weights():
    first, same, other = (MLP(2, [3, 1], seed=seed) for seed in (7, 7, 8))
    numbers = [[p.data for p in model.parameters] for model in (first, same, other)]
    assert numbers[0] == numbers[1] != numbers[2]


def test_weights_start_between_minus_one_and_one_and_biases_at_zero():
    neuron = Neuron(1000, random.Random(0))
    assert -1 <= min(w.data for w in neuron.weights) < -0.99
    assert 0.99 < max(w.data for w in neuron.weights) <= 1
    assert neuron.bias.data == 0.0


def test_the_last_layer_has_no_relu():
    model = MLP(2, [16, 1], seed=0)
    assert min(model(x).data for x in points(50, 2)) < 0


def test_a_number_that_goes_in_becomes_one_leaf_for_all_neurons():
    y = MLP(1, [5, 1])([0.25])
    assert [node.data for node in topological_order(y)].count(0.25) == 1


def test_a_dot_product_is_one_node():
    w, x, b = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)], Value(5.0)
    y = Dot(w, x, b)
    assert (y.data, y.op, y.parents) == (16.0, "dot", (*w, *x, b))


def test_a_dot_product_adds_to_every_use_of_an_operand():
    a, b = Value(3.0), Value(0.0)
    (Dot([a, a], [a, 2.0], b) * 10.0).backward()  # 10(a² + 2a): 20a + 20
    assert (a.grad, b.grad) == (80.0, 10.0)


def test_a_network_of_dot_products_leaves_no_reference_cycles():
    gc.collect()
    y = MLP(2, [3, 1], affine=Dot)([1.0, 2.0])
    y.backward()
    del y
    assert gc.collect() == 0


def test_gradients_add_up_until_zero_grad():
    model = MLP(2, [3, 1])
    optimizer = SGD(model.parameters, lr=0.1)
    grads = []
    for _ in range(2):
        model([1.0, 2.0]).backward()
        grads.append([p.grad for p in model.parameters])
    assert grads[1] == [2 * g for g in grads[0]]
    optimizer.zero_grad()
    assert not any(p.grad for p in model.parameters)


def test_a_step_goes_against_the_gradient():
    p = Value(2.0)
    (p * p).backward()
    SGD([p], lr=0.25).step()
    assert p.data == 1.0


def test_a_model_says_its_sizes():
    assert repr(MLP(2, [16, 16, 1])) == "MLP(2-16-16-1, 337 parameters)"


def test_a_wrong_number_of_inputs_gets_a_sentence():
    with pytest.raises(ValueError, match="has 2 weights, got 3 inputs"):
        MLP(2, [4, 1])([1.0, 2.0, 3.0])


def test_a_network_without_layers_gets_a_sentence():
    with pytest.raises(ValueError, match="at least one layer"):
        MLP(2, [])
