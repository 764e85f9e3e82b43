"""find_fault names the broken op and the kind of the bug, and is silent on right engines."""

import math

import micrograd.engine
import numpy as np
import pytest
import torch
from broken_engines import BROKEN, diamond, engine, quotient, rectify, squash
from designs import EXPONENTIAL, NAMES, Plain, by_order, design

from helpers.engine import fifty
from helpers.engine.scalar import Value
from helpers.faults import find_fault
from helpers.fuzz import ALL, BASIC, random_program
from helpers.graph import Graph
from helpers.measure import measured_local


@pytest.mark.parametrize("code", BROKEN)
def test_names_op_and_kind_of(code):
    broken, build, op, kind = BROKEN[code]
    fault = find_fault(build(broken))
    assert (fault.op, fault.kind) == (op, kind)


def test_the_catalog_has_more_than_25_broken_engines():
    assert len(BROKEN) >= 25


def test_the_catalog_has_all_five_kinds():
    kinds = {kind for _, _, _, kind in BROKEN.values()}
    assert kinds == {"local derivative", "overwrote", "order", "not seeded", "missing push"}


def torchs_gradients(program):
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in program.leaves]
    program.run(leaves).backward()
    return [0.0 if leaf.grad is None else leaf.grad.item() for leaf in leaves]


@pytest.mark.parametrize("code", BROKEN)
def test_a_bug_is_found_wherever_it_shows(code):
    broken, _, op, kind = BROKEN[code]
    for seed in range(60):
        program = random_program(seed, size=1 + seed % 15, leaves=1 + seed % 3, ops=BASIC)
        leaves = [broken(x) for x in program.leaves]
        root = program.run(leaves)
        fault = find_fault(root, {})
        root.backward()
        pairs = zip([leaf.grad for leaf in leaves], torchs_gradients(program))
        right = all(math.isclose(g, r, rel_tol=1e-9, abs_tol=1e-9) for g, r in pairs)
        assert fault or right
        assert fault is None or fault.kind == kind
        assert fault is None or kind in ("order", "not seeded") or fault.op[:2] == op[:2]


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


# ------------------------------------------------------------------ engines of any design


@pytest.mark.parametrize("name", NAMES)
def test_is_silent_on_random_programs_in_a_right_engine_of_the_design(name):
    for seed in range(60):
        size = 1 + seed % (10 if name in EXPONENTIAL else 40)
        program = random_program(seed, size=size, leaves=1 + seed % 3, ops=ALL)
        V = design(name)
        assert find_fault(program.run([V(x) for x in program.leaves]), {}) is None


@pytest.mark.parametrize("name", [name for name in NAMES if name not in EXPONENTIAL])
def test_is_silent_on_programs_of_two_hundred_steps_in_the_design(name):
    for seed in range(3):
        program = random_program(seed, size=200, leaves=3, ops=ALL)
        V = design(name)
        assert find_fault(program.run([V(x) for x in program.leaves]), {}) is None


@pytest.mark.parametrize("name", NAMES)
def test_names_the_op_in_a_broken_engine_of_the_design(name):
    V = design(name, mul=lambda a, b, out: (a, b))
    x, w = V(0.8), V(-1.3)
    u = x * w
    f = (u.tanh() + x) * 2.0
    names = dict(x=x, w=w, u=u, f=f)
    fault = find_fault(f, names)
    assert (fault.op, fault.kind) == ("*", "local derivative")


@pytest.mark.parametrize("name", NAMES)
def test_names_another_op_in_a_broken_engine_of_the_design(name):
    V = design(name, tanh=lambda a, out: (1 - out,))
    x, w = V(0.8), V(-1.3)
    u = (x * w).tanh()
    fault = find_fault(u * x + u, dict(x=x, w=w, u=u))
    assert (fault.op, fault.node.label, fault.kind) == ("tanh", "u", "local derivative")


# ------------------------------------------------------------------ what the message says


def test_the_message_names_op_node_parent_both_numbers_and_a_guess():
    V = BROKEN["OWNDATA"][0]
    a, b = V(2.0), V(-3.0)
    e = a * b
    L = e + b + e
    assert str(find_fault(L)) == (
        "the backward of `*` at node `e` pushes 4.0 to `a`; ∂e/∂a × upstream is (−3.0) × 2.0 = "
        "−6.0: it used its own operand instead of the other one."
    )


def test_the_message_of_an_overwritten_gradient_shows_what_was_lost():
    V = BROKEN["ASSIGN-add"][0]
    x, y = V(2.0), V(3.0)
    q = x + y
    f = q * y
    fault = find_fault(f)
    assert (fault.expected, fault.got) == (8.0, 3.0)
    assert "set the gradient of `y` to 3.0 and lost the 5.0 that was there" in str(fault)


def test_the_message_of_a_wrong_order_names_who_was_late():
    fault = find_fault(diamond(BROKEN["ORDER-dfs"][0]), {})
    assert "when its gradient was 8.0; `t2` had not pushed to it yet and made it 14.0" in str(fault)
    assert (fault.got, fault.expected) == (8.0, 14.0)


def test_the_message_of_a_second_visit_says_how_often():
    V = BROKEN["NOVISIT"][0]
    x = V(3.0)
    a = x * 2.0
    f = a + a
    assert "`a` (op `*`) pushed 2 times" in str(find_fault(f))


def test_the_message_of_a_missing_seed_says_what_it_must_be():
    fault = find_fault(diamond(BROKEN["NOSEED"][0]), {})
    assert "It must be 1.0" in str(fault) and (fault.expected, fault.got) == (1.0, 0.0)


def test_the_message_of_a_missing_push_says_how_much_is_missing():
    V = BROKEN["ONESIDE"][0]
    a, b = V(2.0), V(-3.0)
    f = a * b
    assert "pushes nothing to `b`; it should push 2.0 (1 use of `b`)" in str(find_fault(f))


def test_a_gradient_that_is_reset_before_its_node_pushes_is_found():
    class Forgets(Plain):
        def backward(self):
            self.grad = 1.0
            for node in (self, *self.parents):
                if node is not self:
                    node.grad = 0.0
                for parent, local in zip(node.parents, node.local_grads):
                    parent.grad += local * node.grad

    x = Forgets(2.0)
    q = x * 3.0
    fault = find_fault(q * 5.0)
    assert (fault.node.label, fault.expected, fault.got) == ("q", 5.0, 0.0)


def test_a_change_outside_the_pushes_is_found():
    class Halves(Plain):
        def backward(self):
            by_order(self)
            self.parents[0].grad *= 0.5

    x = Halves(2.0)
    f = x * 3.0
    fault = find_fault(f)
    assert (fault.parent.label, fault.expected, fault.got) == ("x", 3.0, 1.5)


# ------------------------------------------------------------------ odd, but right

ODD = {
    "saturated tanh": lambda V: V(15.0).tanh() * 3.0,
    "saturated sigmoid": lambda V: V(-36.0).sigmoid() + V(36.0).sigmoid(),
    "a negative base": lambda V: V(-1.5) ** 3 / V(-2.0) ** -1,
    "kinks": lambda V: V(0.0).relu() * 2.0 + V(0.0).relu(),
    "not a number": lambda V: V(math.nan) * 2.0 + 1.0,
    "infinity": lambda V: V(math.inf) * 2.0 + 1.0,
    "zero times infinity": lambda V: V(0.0) * math.inf,
    "whole numbers": lambda V: V(3) * V(4) - V(3) ** 2,
    "numpy numbers": lambda V: V(np.float64(0.3)) * V(np.float64(2.0)) + 1.0,
    "float32": lambda V: (V(np.float32(0.3)) * V(np.float32(1.7))).tanh() * V(np.float32(0.9)),
    "a leaf": lambda V: V(3.0),
    "x - x and x / x": lambda V: (lambda x: (x - x) + x / x)(V(3.0)),
    "cancellation": lambda V: (lambda x: (x + 1e8) - 1e8 - x)(V(0.1)),
    "tiny numbers": lambda V: V(1e-200) * V(1e-100),
}


@pytest.mark.parametrize("V", [design("by_order"), design("Closures")], ids=["order", "closures"])
@pytest.mark.parametrize("build", ODD.values(), ids=ODD.keys())
def test_is_silent_on(build, V):
    assert find_fault(build(V), {}) is None


@pytest.mark.parametrize("V", [Value, fifty.Value])
@pytest.mark.parametrize(
    "build", [lambda x: x**101, lambda x: x**0.5, lambda x: x**0, lambda x: x**1]
)
def test_is_silent_on_powers(build, V):
    assert find_fault(build(V(1.3)), {}) is None


class Fixed(Plain):
    """An engine in which a test says what an op is called, and what it does."""

    backward = by_order


@pytest.mark.parametrize(
    ("op", "value", "slope"),
    [
        ("", 2.0, 0.0),  # a copy that passes nothing on
        ("detach", 2.0, 0.0),
        ("floor", 2.0, 0.0),
        ("dropout", 4.0, 2.0),
        ("leaky_relu", 2.0, 1.0),
        ("", 6.0, 3.0),  # times a constant that is no operand
        ("*", 6.0, 3.0),
        ("-", -2.0, 1.0),  # 2 − 4, not −2
        ("/", 8.0, -4.0),  # 16 / 2
        ("**", 4.0, math.log(2) * 4.0),  # 2**x, not x**2
        ("pow", 4.0, 4.0),
        ("gelu", 1.9, 1.1),
    ],
)
def test_an_op_that_can_be_read_in_two_ways_is_given_the_benefit(op, value, slope):
    f = Fixed(value, (Fixed(2.0),), op, (slope,))
    assert find_fault(f, {}) is None


@pytest.mark.parametrize(
    ("op", "value", "slope"),
    [("pow", 4.0, 2.0), ("*", 6.0, 2.0), ("+", 5.0, 2.0), ("", math.exp(2.0), 2.0)],
)
def test_an_op_that_fits_no_reading_is_found(op, value, slope):
    f = Fixed(value, (Fixed(2.0),), op, (slope,))
    assert find_fault(f, {}).kind == "local derivative"


def test_an_exponent_that_is_kept_as_an_operand_needs_no_gradient():
    class First(Plain):
        def backward(self):
            self.grad = 1.0
            self.parents[0].grad += self.local_grads[0] * self.grad

    f = First(8.0, (First(2.0), First(3.0)), "**", (12.0, 0.0))
    assert find_fault(f, {}) is None


def test_operands_in_the_other_order_are_understood():
    f = Fixed(1.0, (Fixed(2.0), Fixed(3.0)), "-", (-1.0, 1.0))  # 3 − 2
    assert find_fault(f, {}) is None


def test_a_leaf_that_is_frozen_needs_no_gradient():
    class Frozen(Plain):
        requires_grad = True

        def backward(self):
            self.grad = 1.0
            for parent, local in zip(self.parents, self.local_grads):
                if parent.requires_grad:
                    parent.grad += local

    x, c = Frozen(2.0), Frozen(3.0)
    c.requires_grad = False
    assert find_fault(x * c) is None


# ------------------------------------------------------------------ odd, and wrong


@pytest.mark.parametrize(
    "op", ["mul", "Mul", "×", "·", "times", "multiply", "__mul__", "MulBackward0", "mul()", ""]
)
def test_an_op_is_known_by_many_names(op):
    f = Fixed(10.0, (Fixed(2.0), Fixed(5.0)), op, (2.0, 5.0))
    assert find_fault(f, {}).kind == "local derivative"


def test_a_bug_is_found_where_gradients_are_none_at_first():
    V = design("Lazy", mul=lambda a, b, out: (a, b))
    assert find_fault(V(2.0) * V(5.0), {}).op == "*"


def test_a_bug_is_found_in_float32():
    V = design("by_order", tanh=lambda a, out: (1 - out,))
    assert find_fault((V(np.float32(0.3)) * 2.0).tanh(), {}).op == "tanh"


def test_a_push_that_is_not_a_number_is_found():
    V = design("by_order", mul=lambda a, b, out: (math.nan, a))
    assert find_fault(V(2.0) * V(5.0), {}).kind == "local derivative"


def test_a_leaf_that_is_never_seeded_is_found():
    class Idle(Plain):
        def backward(self):
            pass

    assert find_fault(Idle(3.0), {}).kind == "not seeded"


def test_a_seed_that_comes_as_an_argument_is_no_missing_seed():
    V = design("along_each_path_by_a_function", add=lambda a, b, out: (2.0, 1.0))
    assert find_fault(V(2.0) + V(3.0), {}).kind == "local derivative"


def test_says_so_for_arrays():
    f = Fixed(np.ones(3), (Fixed(np.ones(3)),), "exp", (1.0,))
    with pytest.raises(ValueError, match="scalar engines"):
        find_fault(f)
