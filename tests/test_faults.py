"""find_fault names the broken op and the kind of the bug, and is silent on right engines."""

import micrograd.engine
import pytest
import torch
from broken_engines import BROKEN, diamond, engine, quotient, rectify, squash

from helpers.engine import fifty
from helpers.engine.scalar import Value
from helpers.faults import find_fault
from helpers.fuzz import BASIC, random_program
from helpers.graph import Graph
from helpers.measure import measured_local


@pytest.mark.parametrize("code", BROKEN)
def test_names_op_and_kind_of(code):
    broken, build, op, kind = BROKEN[code]
    fault = find_fault(build(broken))
    assert (fault.op, fault.kind) == (op, kind)


def test_the_catalog_has_more_than_25_broken_engines():
    assert len(BROKEN) >= 25


@pytest.mark.parametrize("build", [diamond, quotient, squash, rectify])
@pytest.mark.parametrize("right", [engine(), Value, fifty.Value])
def test_is_silent_on_right_engines(build, right):
    assert find_fault(build(right)) is None


def test_is_silent_on_ten_thousand_right_graphs():
    closures = engine()
    for seed in range(10_000):
        program = random_program(seed, size=1 + seed % 12, leaves=1 + seed % 3, ops=BASIC)
        used = closures if seed % 2 else Value
        assert find_fault(program.run([used(x) for x in program.leaves])) is None


def test_works_on_micrograd_from_pypi():
    a, b = micrograd.engine.Value(-4.0), micrograd.engine.Value(2.0)
    c = a + b
    d = a * b + b**3
    assert find_fault((c * d + d.relu() / b - c) * c) is None


def test_finds_a_bug_planted_in_micrograd(monkeypatch):
    def wrong(self, other):
        other = other if isinstance(other, micrograd.engine.Value) else type(self)(other)
        out = micrograd.engine.Value(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += self.data * out.grad
            other.grad += other.data * out.grad

        out._backward = _backward
        return out

    monkeypatch.setattr(micrograd.engine.Value, "__mul__", wrong)
    a, b = micrograd.engine.Value(-4.0), micrograd.engine.Value(2.0)
    fault = find_fault(a * b + b)
    assert (fault.op, fault.kind) == ("*", "local derivative")
    assert "used its own operand" in fault.message


def test_accepts_a_right_engine_that_recurses_path_by_path():
    class Pathwise(fifty.Value):
        def backward(self, upstream=1.0):
            self.grad += upstream
            for parent, local in zip(self.parents, self.local_grads):
                Pathwise.backward(parent, upstream * local)

    x = Pathwise(3.0)
    assert find_fault((x * x + x) * x, {"x": x}) is None


def test_accepts_a_right_engine_that_writes_finished_sums():
    class Sums(fifty.Value):
        def backward(self):
            grads = {self: 1.0}
            nodes = [n.obj for n in Graph.record(self, {}).nodes]
            for node in reversed(nodes):
                for parent, local in zip(node.parents, node.local_grads):
                    grads[parent] = grads.get(parent, 0.0) + local * grads[node]
            for node, grad in grads.items():
                node.grad = grad

    assert find_fault(Sums.__mul__(Sums(2.0), Sums(3.0))) is None


@pytest.mark.parametrize("kink", [lambda x: x.relu(), lambda x: x.maximum(0.0)])
def test_accepts_any_slope_between_the_two_at_a_kink(kink):
    assert find_fault(kink(Value(0.0)) * 3.0) is None


def test_leaves_the_gradients_as_they_were():
    x = Value(3.0)
    y = x * x
    y.backward()
    find_fault(y)
    assert x.grad == 6.0


def test_measures_a_power_whose_exponent_is_hidden():
    x = Value(1.7)
    node = Graph.record(x**3, {}).root
    node.op = "pow"
    assert measured_local(node, 0)[0] == pytest.approx(3 * 1.7**2, rel=1e-12)


def test_says_so_for_pytorch():
    x = torch.tensor(2.0, requires_grad=True)
    with pytest.raises(ValueError, match="compare_with_torch"):
        find_fault(x * x)
