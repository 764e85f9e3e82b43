"""The reference engine: values, gradients, long graphs, and what bad input is told."""

import gc
import inspect
import math
import random

import pytest
import torch

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
    x = Value(0.5)
    y = ((x * 3).tanh() + x) ** 2
    y.backward()
    del x, y
    assert gc.collect() == 0


def test_gradients_of_leaves_accumulate_over_backward_passes():
    x = Value(3.0)
    y = (x * x) * 2
    y.backward()
    y.backward()
    assert x.grad == 24.0  # twice 12; the inner gradient does not pile up


@pytest.mark.parametrize("build", [lambda x: 5 - x, lambda x: 5 / x, lambda x: 2 * x + 1])
def test_numbers_on_the_left_give_the_right_value(build):
    assert build(Value(2.0)).data == build(2.0)


def test_values_compare_by_their_numbers():
    assert Value(1.0) < 2 and Value(2.0) >= Value(2.0) and not Value(1.0) > Value(2.0)


def test_maximum_and_minimum_route_the_gradient():
    z, w = Value(2.0), Value(-1.0)
    (z.maximum(w) * 5 + z.minimum(w)).backward()
    assert (z.grad, w.grad) == (5.0, 1.0)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Value("3"), TypeError, "one number, got str '3'"),
        (lambda: Value([1, 2]), TypeError, "one number, got list"),
        (lambda: Value(2.0) ** Value(3.0), TypeError, "takes a number as exponent"),
        (lambda: Value(1.0) / 0, ZeroDivisionError, "the divisor is zero"),
        (lambda: Value(0.0) ** -1, ZeroDivisionError, "divides by zero"),
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
