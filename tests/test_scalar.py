"""The reference engine: values, gradients, long graphs, and what bad input is told."""

import gc
import inspect
import math
import operator
import random
import tracemalloc

import pytest
import torch
from benchmarks.bench_engine import LADDER, OURS, code_lines, network, training_step

from helpers.engine import fifty, scalar
from helpers.engine.scalar import Value, topological_order
from helpers.fuzz import ALL, BASIC, random_program


def largest_error(engine, program):
    """Largest difference from PyTorch (float64), relative to the largest gradient in the graph."""
    ours = [engine(x) for x in program.leaves]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.leaves]
    result, reference = program.run(ours), program.run(theirs)
    result.backward()
    reference.backward()
    assert math.isclose(result.data, reference.item(), rel_tol=1e-12)
    scale = max(abs(node.grad) for node in topological_order(result))
    grads = [0.0 if t.grad is None else t.grad.item() for t in theirs]
    return max(abs(v.grad - g) for v, g in zip(ours, grads)) / scale


def test_ten_thousand_random_graphs_agree_with_pytorch():
    sizes = random.Random(0)
    worst = 0.0
    for seed in range(10_000):
        size = 200 if seed % 100 == 0 else sizes.randint(1, 20)
        program = random_program(seed, size=size, leaves=1 + seed % 4, ops=ALL)
        worst = max(worst, largest_error(Value, program))
    assert worst < 1e-12


def test_the_engine_of_week_1_agrees_with_pytorch():
    programs = [random_program(seed, size=1 + seed % 25, ops=BASIC) for seed in range(300)]
    assert max(largest_error(fifty.Value, p) for p in programs) < 1e-12


def test_the_engine_of_week_1_has_about_fifty_lines():
    lines = inspect.getsource(fifty.Value).splitlines()
    assert len([line for line in lines if line.strip()]) <= 55


def test_a_chain_of_a_million_nodes_runs_forward_and_backward():
    x = y = Value(1.0)
    for _ in range(1_000_000):
        y = y + x
    y.backward()
    assert y.data == x.grad == 1_000_001.0


def test_a_graph_leaves_no_reference_cycles():
    gc.collect()
    program = random_program(seed=0, size=200, ops=ALL)
    result = program.run([Value(x) for x in program.leaves])
    result.backward()
    del result
    assert gc.collect() == 0


def bytes_per_node(grow, n=10_000):
    """What a node of a chain costs, forward and backward pass done."""
    gc.collect()
    tracemalloc.start()
    y = x = Value(0.5)
    for _ in range(n):
        y = grow(y, x)
    y.backward()
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return used / n


@pytest.mark.parametrize(
    "grow",
    [lambda y, x: y + x, lambda y, x: y * x, lambda y, x: y.tanh(), lambda y, x: y.maximum(x)],
    ids=["+", "*", "tanh", "max"],
)
def test_a_node_costs_at_most_220_bytes(grow):
    assert bytes_per_node(grow) <= 220


def test_the_engine_has_at_most_a_hundred_lines():
    assert code_lines(inspect.getsource(scalar)) <= 100


def test_blank_lines_comments_and_docstrings_are_no_lines_of_code():
    source = (
        '"""What."""\n\n# why\ndef f(x):\n    """How."""\n    return (  # so\n        x\n    )\n'
    )
    assert code_lines(source) == 4


@pytest.mark.parametrize("label", LADDER)
def test_the_engines_of_the_benchmark_take_the_same_step(label):
    xs, ys = [[0.5, -1.0], [-0.3, 0.8], [1.2, 0.1]], [1.0, -1.0, 1.0]
    losses = [training_step(network(which), xs, ys) for which in (OURS, label)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-12)


def test_gradients_of_leaves_accumulate_over_backward_passes():
    x = Value(3.0)
    y = (x * x) * 2
    y.backward()
    y.backward()
    assert x.grad == 24.0  # twice 12; the inner gradient does not pile up


@pytest.mark.parametrize("build", [lambda x: 5 - x, lambda x: 5 / x, lambda x: 2 * x + 1])
def test_numbers_on_the_left_give_the_right_value(build):
    assert build(Value(2.0)).data == build(2.0)


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
@pytest.mark.parametrize("pair", [(1.0, 2.0), (2.0, 1.0), (2.0, 2.0)])
def test_values_compare_by_their_numbers(compare, pair):
    a, b = pair
    answers = compare(Value(a), Value(b)), compare(Value(a), b), compare(a, Value(b))
    assert answers == (compare(a, b),) * 3


def test_equal_numbers_are_not_the_same_node():
    assert Value(1.0) != Value(1.0)


def test_operands_and_local_derivatives_can_be_asked_for():
    x, y = Value(2.0), Value(3.0)
    nodes = [x, x.tanh(), x * y, x * x]
    assert [node.parents for node in nodes] == [(), (x,), (x, y), (x, x)]
    assert nodes[2].local_grads == (3.0, 2.0)


def test_a_value_takes_at_most_two_operands():
    x = Value(1.0)
    with pytest.raises(ValueError, match="too many values"):
        Value(3.0, (x, x, x), (1.0, 1.0, 1.0), "sum")


@pytest.mark.parametrize("x", [-800.0, -40.0, -1.0, 0.0, 1.0, 40.0, 800.0])
def test_sigmoid_equals_pytorch_far_from_zero(x):
    ours, theirs = Value(x), torch.tensor(x, dtype=torch.float64, requires_grad=True)
    s, reference = ours.sigmoid(), theirs.sigmoid()
    s.backward()
    reference.backward()
    assert s.data == pytest.approx(reference.item(), rel=1e-14, abs=1e-300)
    assert ours.grad == pytest.approx(theirs.grad.item(), rel=1e-14, abs=1e-300)


@pytest.mark.parametrize("n", [0, 0.5, 1, 2, 3])
def test_the_slope_of_a_power_at_zero_equals_pytorch(n):
    ours, theirs = Value(0.0), torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    (ours**n).backward()
    (theirs**n).backward()
    assert ours.grad == theirs.grad.item()


def test_division_by_a_tiny_number_does_not_divide_by_its_square():
    x = Value(1e-200)
    (1e-200 / x).backward()  # −1e−200 / x²
    assert x.grad == pytest.approx(-1e200, rel=1e-14)


def test_maximum_and_minimum_route_the_gradient():
    z, w = Value(2.0), Value(-1.0)
    (z.maximum(w) * 5 + z.minimum(w)).backward()
    assert (z.grad, w.grad) == (5.0, 1.0)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Value("3"), TypeError, "one number, got str '3'"),
        (lambda: Value([1, 2]), TypeError, "one number, got list"),
        (lambda: Value(2.0) ** Value(3.0), TypeError, "takes a number, got Value"),
        (lambda: Value(1.0) / 0, ZeroDivisionError, "the divisor is zero"),
        (lambda: Value(2.0) ** "2", TypeError, "takes a number, got str"),
        (lambda: Value(0.0) ** -1, ZeroDivisionError, "negative power"),
        (lambda: Value(-8.0) ** 0.5, ValueError, "no real power"),
        (lambda: Value(-1.0).log(), ValueError, "needs a positive number"),
        (lambda: Value(1000.0).exp(), OverflowError, "larger than the largest float"),
    ],
)
def test_bad_input_gets_a_sentence(act, error, words):
    with pytest.raises(error, match=words):
        act()


def test_a_topological_order_holds_each_node_once_parents_first():
    x = scalar.Value(2.0)
    a = x * 2
    b = a + 1
    d = a * b + a
    order = topological_order(d)
    assert len(order) == len(set(order))
    place = {node: i for i, node in enumerate(order)}
    assert all(place[p] < place[n] for n in order for p in n.parents)


# The two tests of micrograd 0.1.0, test/test_engine.py, as they are: they know nothing of this
# course. Copyright (c) 2020 Andrej Karpathy, MIT License; its text comes with the package.
# fmt: off

def test_sanity_check():

    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    xmg, ymg = x, y

    x = torch.Tensor([-4.0]).double()
    x.requires_grad = True
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    xpt, ypt = x, y

    # forward pass went well
    assert ymg.data == ypt.data.item()
    # backward pass went well
    assert xmg.grad == xpt.grad.item()

def test_more_ops():

    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    amg, bmg, gmg = a, b, g

    a = torch.Tensor([-4.0]).double()
    b = torch.Tensor([2.0]).double()
    a.requires_grad = True
    b.requires_grad = True
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + (b + a).relu()
    d = d + 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g = g + 10.0 / f
    g.backward()
    apt, bpt, gpt = a, b, g

    tol = 1e-6
    # forward pass went well
    assert abs(gmg.data - gpt.data.item()) < tol
    # backward pass went well
    assert abs(amg.grad - apt.grad.item()) < tol
    assert abs(bmg.grad - bpt.grad.item()) < tol
