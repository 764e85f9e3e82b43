"""The record of a computation: read from any engine, watched backward, and left as it was."""

import math
import operator
import subprocess
import sys
from types import SimpleNamespace

import micrograd.engine
import numpy as np
import pytest
import torch
from broken_engines import BROKEN, engine
from designs import NAMES, Plain, design
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.engine import fifty
from helpers.engine.scalar import Value
from helpers.fuzz import ALL, BASIC, random_program
from helpers.graph import Graph
from helpers.summary import Summary

ENGINES = {
    "course": Value,
    "fifty lines": fifty.Value,
    "closures": engine(),
    "micrograd": micrograd.engine.Value,
    **{name: design(name) for name in NAMES},
}
every_engine = pytest.mark.parametrize("V", ENGINES.values(), ids=ENGINES.keys())


def labels(nodes):
    return [node.label for node in nodes]


def pushes(root, names):
    """The steps as (source, parent, amount)."""
    steps = Graph.record(root, names).backward_steps()
    return [(s.source.label, s.parent.label, s.amount) for s in steps]


def plus_times(V):
    x, y = V(2.0), V(3.0)
    q = x + y
    f = q * y
    return f, dict(x=x, y=y, q=q, f=f)


# ------------------------------------------------------------------ what is recorded


@every_engine
def test_operands_are_recorded_in_their_order(V):
    x, y = V(2.0), V(3.0)
    f = y * x
    assert labels(Graph.record(f, dict(x=x, y=y)).root.parents) == ["y", "x"]


@every_engine
def test_an_operand_used_twice_appears_twice(V):
    x = V(3.0)
    assert labels(Graph.record(x * x, dict(x=x)).root.parents) == ["x", "x"]


@every_engine
def test_values_and_ops_are_recorded(V):
    f, names = plus_times(V)
    found = [(node.label, node.op, node.value) for node in Graph.record(f, names).nodes]
    assert found == [("x", "", 2.0), ("y", "", 3.0), ("q", "+", 5.0), ("f", "*", 15.0)]


@every_engine
def test_before_backward_no_gradient_is_shown(V):
    f, names = plus_times(V)
    assert {node.grad for node in Graph.record(f, names).nodes} <= {0.0, None}


@every_engine
def test_recording_changes_nothing(V):
    f, names = plus_times(V)
    before = [attributes(value) for value in names.values()]
    Graph.record(f, names)
    assert [attributes(value) for value in names.values()] == before


def attributes(obj):
    slots = [name for c in type(obj).__mro__ for name in getattr(c, "__slots__", ())]
    held = {n: getattr(obj, n) for n in slots if hasattr(obj, n) and n != "__dict__"}
    return type(obj), {**held, **getattr(obj, "__dict__", {})}


def test_a_power_in_micrograd_has_one_operand_and_its_exponent_in_the_op():
    x = micrograd.engine.Value(2.0)
    root = Graph.record(x**3, dict(x=x)).root
    assert (root.op, labels(root.parents), root.value) == ("**3", ["x"], 8.0)


@pytest.mark.parametrize("kept", [tuple, list, lambda pair: dict.fromkeys(pair, 1.0), iter])
def test_parents_may_stand_in_any_container(kept):
    x, y = Plain(2.0), Plain(3.0)
    f = x * y
    f.parents = kept((x, y)) if kept is not iter else tuple(iter((x, y)))
    assert labels(Graph.record(f, dict(x=x, y=y)).root.parents) == ["x", "y"]


def test_a_set_of_parents_is_put_in_order_by_what_else_the_node_holds():
    x, y = Plain(5.0), Plain(3.0)
    f = x * y
    f.parents, f.pairs = {x, y}, [(x, 3.0), (y, 5.0)]
    assert labels(Graph.record(f, dict(x=x, y=y)).root.parents) == ["x", "y"]


@pytest.mark.parametrize("value", ["data", "value", "val", "_data"])
@pytest.mark.parametrize("parents", ["parents", "_prev", "children", "inputs"])
def test_other_names_of_attributes_are_understood(value, parents):
    x = SimpleNamespace(**{value: 2.0, parents: (), "grad": 0.0})
    f = SimpleNamespace(**{value: 4.0, parents: (x, x), "grad": 0.0, "_op": "+"})
    assert [node.value for node in Graph.record(f, {}).nodes] == [2.0, 4.0]


def test_plain_numbers_among_the_parents_are_constants():
    x = Plain(2.0)
    f = x * 3.0
    f.parents = (x, 3.0)
    assert [node.value for node in Graph.record(f, {}).leaves] == [2.0, 3.0]


def test_an_empty_place_among_the_parents_is_passed_over():
    x = Plain(2.0)
    f = -x
    f.parents = (x, None)
    assert len(Graph.record(f, {}).root.parents) == 1


@pytest.mark.parametrize("data", [3, np.float64(3), np.float32(3), np.array(3.0), True + 2])
def test_any_kind_of_number_is_a_float_in_the_record(data):
    assert Graph.record(Plain(data), {}).root.value == 3.0


def test_a_whole_number_beyond_the_floats_is_infinite_in_the_record():
    assert Graph.record(Plain(10**400), {}).root.value == math.inf


def test_a_gradient_that_is_a_node_itself_is_recorded_as_its_number():
    x = Plain(2.0)
    x.grad = Value(3.0)
    assert Graph.record(x, {}).root.grad == 3.0


def test_an_op_that_is_a_function_has_the_functions_name():
    f = Plain(6.0, (Plain(2.0), Plain(3.0)), operator.mul)
    assert Graph.record(f, {}).root.op == "mul"


def test_a_root_without_parents_is_a_graph_of_one_node():
    graph = Graph.record(Value(3.0), {})
    assert (len(graph.nodes), graph.backward_steps()) == (1, [])


def test_a_leaf_that_is_not_used_is_not_in_the_graph():
    x, unused = Value(2.0), Value(3.0)
    assert labels(Graph.record(x * 2.0, dict(x=x, unused=unused)).leaves) == ["x", "const1"]


def test_recording_a_graph_gives_the_graph():
    graph = Graph.record(Value(1.0) + 2.0)
    assert Graph.record(graph) is graph


# ------------------------------------------------------------------ names


def test_the_callers_variables_give_the_names():
    apple, pear = Value(2.0), Value(3.0)
    both = apple + pear
    assert labels(Graph.record(both).nodes) == ["apple", "pear", "both"]


def test_elements_of_a_list_are_named_by_their_place():
    w = [Value(1.0), Value(2.0)]
    assert labels(Graph.record(w[0] * w[1]).leaves) == ["w[0]", "w[1]"]


@pytest.mark.parametrize("attribute", ["name", "label"])
def test_a_nodes_own_name_comes_first(attribute):
    x = Plain(2.0)
    setattr(x, attribute, "input")
    assert labels(Graph.record(x * 2.0).leaves)[0] == "input"


def test_nodes_without_a_name_are_counted():
    f = (Value(1.0) + 2.0) * 3.0
    assert labels(Graph.record(f, {}).nodes) == ["const1", "const2", "t1", "const3", "t2"]


@pytest.mark.parametrize("key", ["x", "the object"])
def test_a_node_is_found_by_its_name_and_by_its_object(key):
    x = Value(2.0)
    graph = Graph.record(x * 3.0, dict(x=x))
    assert graph.node(x if key == "the object" else key).obj is x


def test_an_unknown_node_is_told_which_there_are():
    with pytest.raises(KeyError, match="no node 'z'. It has: x, y, q, f"):
        f, names = plus_times(Value)
        Graph.record(f, names).node("z")


# ------------------------------------------------------------------ long graphs


def test_a_chain_of_a_million_nodes_is_recorded():
    x = y = Value(1.0)
    for _ in range(1_000_000):
        y = y + x
    assert len(Graph.record(y, {}).nodes) == 1_000_001  # 6 to 8 s, 0.4 GB


def test_a_long_chain_is_watched_backward():
    x = y = Value(1.0)
    for _ in range(50_000):
        y = y + x
    trace = Graph.record(y, {}).trace()
    assert (len(trace.pushes), trace.final[0]) == (100_000, 50_001.0)


def test_an_engine_at_its_recursion_limit_is_watched_all_the_same():
    depth = sys.getrecursionlimit() - 200
    x = y = fifty.Value(1.0)
    for _ in range(depth):
        y = y + x
    assert Graph.record(y, {}).trace().final[0] == depth + 1


# ------------------------------------------------------------------ the engine's backward, watched


@every_engine
def test_steps_are_the_engines_pushes(V):
    f, names = plus_times(V)
    found = pushes(f, names)
    if found[0][1] in ("x", "y") and len(found) == 3:  # y is written once, as a finished sum
        assert sorted(found) == [("f", "q", 3.0), ("f", "y", 8.0), ("q", "x", 3.0)]
    else:
        assert sorted(found)[0] == ("f", "q", 3.0)
        assert sum(amount for _, parent, amount in found if parent == "y") == 8.0


@every_engine
def test_afterwards_everything_is_as_before(V):
    f, names = plus_times(V)
    f.backward(1.0) if V is ENGINES["with_a_seed"] else f.backward()
    before = [attributes(value) for value in names.values()]
    own = [dict(vars(c)) for c in type(f).__mro__]
    Graph.record(f, names).backward_steps()
    assert [attributes(value) for value in names.values()] == before
    assert [dict(vars(c)) for c in type(f).__mro__] == own


def test_a_backward_that_raises_leaves_everything_as_before():
    class Fails(Plain):
        def backward(self):
            self.grad = 1.0
            self.parents[0].grad += 5.0
            raise RuntimeError("a slip")

    x = Fails(2.0)
    f = x * 3.0
    x.grad = 7.0
    with pytest.raises(RuntimeError, match="a slip"):
        Graph.record(f).backward_steps()
    assert (x.grad, f.grad, type(x)) == (7.0, 0.0, Fails) and "grad" not in vars(Fails)


def test_gradients_from_an_earlier_pass_do_not_count():
    f, names = plus_times(Value)
    f.backward()
    assert pushes(f, names) == pushes(*plus_times(Value))


def test_steps_come_in_the_engines_own_order():
    log = []

    def noted(s, o, out):
        log.extend([(id(out), id(s)), (id(out), id(o))])
        s.grad += out.grad
        o.grad += out.grad

    V = engine(add=noted)
    a, b, c = V(1.0), V(2.0), V(3.0)
    f = (a + b) + (c + (a + c))
    steps = Graph.record(f).backward_steps()
    assert [(id(s.source.obj), id(s.parent.obj)) for s in steps] == log


def test_a_step_reads_as_the_chain_rule_with_numbers():
    f, names = plus_times(Value)
    assert [str(step) for step in Graph.record(f, names).backward_steps()] == [
        "∂f/∂q += ∂f/∂f · ∂f/∂q = 1.0 × 3.0 = 3.0",
        "∂f/∂y += ∂f/∂f · ∂f/∂y = 1.0 × 5.0 = 5.0",
        "∂f/∂x += ∂f/∂q · ∂q/∂x = 3.0 × 1.0 = 3.0",
        "∂f/∂y += ∂f/∂q · ∂q/∂y = 3.0 × 1.0 = 3.0",
    ]


def test_an_assignment_is_shown_as_one():
    f, names = plus_times(BROKEN["ASSIGN-add"][0])
    last = Graph.record(f, names).backward_steps()[-1]
    assert (last.overwrote, last.before, last.after) == (True, 5.0, 3.0)
    assert str(last).startswith("∂f/∂y = ")


def test_a_wrong_order_is_shown_with_the_upstream_gradient_of_that_moment():
    x = BROKEN["ORDER-dfs"][0](2.0)
    a = x * 2.0
    b = a + 1.0
    c = a * b
    d = c + a
    steps = Graph.record(d).backward_steps()
    assert next(s.upstream for s in steps if s.source.label == "a") == 6.0  # 10 in the end


def test_a_node_that_is_visited_twice_pushes_twice():
    f, names = plus_times(BROKEN["NOVISIT"][0])
    g = f + f
    steps = Graph.record(g, names).backward_steps()
    assert [(s.source.label, s.parent.label) for s in steps].count(("f", "q")) == 2


def test_a_recursion_along_paths_pushes_the_part_of_each_path():
    x = design("along_each_path")(3.0)
    a = x + x
    f = a * a
    steps = [s for s in Graph.record(f).backward_steps() if s.parent.label == "x"]
    assert [(s.manner, s.upstream, s.amount) for s in steps] == [("path", 6.0, 6.0)] * 4


def test_a_finished_sum_is_shown_over_all_its_uses():
    f, names = plus_times(design("sums_in_a_dict"))
    steps = {s.parent.label: str(s) for s in Graph.record(f, names).backward_steps()}
    assert steps["y"] == "∂f/∂y = ∂f/∂f · ∂f/∂y + ∂f/∂q · ∂q/∂y = 8.0"


def test_a_running_total_is_no_overwriting():
    f, names = plus_times(design("running_totals"))
    steps = Graph.record(f, names).backward_steps()
    assert [s.amount for s in steps if s.parent.label == "y"] == [5.0, 3.0]
    assert not any(step.overwrote for step in steps)


def test_an_attribute_that_holds_a_function_is_handed_out_as_it_is():
    class ByFunction(Plain):
        rules = {**Plain.rules, operator.mul: Plain.rules["*"]}

        def backward(self):
            a, b = self.parents
            self.grad = 1.0
            assert self.op is operator.mul
            a.grad += b.data * self.grad
            b.grad += a.data * self.grad

    f = ByFunction(6.0, (ByFunction(2.0), ByFunction(3.0)), operator.mul)
    assert [s.amount for s in Graph.record(f, {}).backward_steps()] == [3.0, 2.0]


def test_an_engine_that_asks_for_the_class_of_a_node_is_not_deceived():
    class Strict(Plain):
        def backward(self):
            self.grad = 1.0
            for parent, local in zip(self.parents, self.local_grads):
                if type(parent) is Strict:
                    parent.grad += local * self.grad

    f = Strict(2.0) * Strict(3.0)
    assert [s.amount for s in Graph.record(f, {}).backward_steps()] == [3.0, 2.0]


class Array:
    """A small tensor engine: gradients are None at first, and change inside their array."""

    def __init__(self, data, parents=(), op="", vjps=()):
        self.data, self.parents, self.op, self.vjps = np.asarray(data, float), parents, op, vjps
        self.grad = None

    def __matmul__(self, other):
        vjps = (lambda g: g @ other.data.T), (lambda g: self.data.T @ g)
        return Array(self.data @ other.data, (self, other), "@", vjps)

    def sum(self):
        return Array(self.data.sum(), (self,), "sum", (lambda g: g * np.ones_like(self.data),))

    def backward(self):
        self.grad = np.ones(())
        order, todo = [], [self]
        while todo:
            order.append(todo.pop())
            todo.extend(order[-1].parents)
        for node in order:
            for parent, vjp in zip(node.parents, node.vjps):
                if parent.grad is None:
                    parent.grad = np.zeros_like(parent.data)
                parent.grad += vjp(node.grad)


def test_an_array_engine_is_recorded_by_shapes_and_norms():
    X, W = Array(np.ones((5, 3))), Array(np.ones((3, 2)))
    assert str(Graph.record((X @ W).sum()).nodes[0]) == "Node(X = (5, 3) ‖3.873‖)"


def test_an_array_engines_pushes_are_shapes_and_norms():
    X, W = Array(np.ones((5, 3))), Array(np.ones((3, 2)))
    steps = Graph.record((X @ W).sum()).backward_steps()
    assert steps[-1].amount == Summary((3, 2), pytest.approx(math.sqrt(6 * 25)))


# ------------------------------------------------------------------ PyTorch's own graph


def leaves(*numbers):
    return [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]


def test_pytorchs_graph_is_recorded_down_to_the_leaves():
    x, y = leaves(2.0, 3.0)
    f = (x + y) * y
    found = [(node.label, node.op, node.value) for node in Graph.record(f).nodes]
    assert found == [
        ("x", "", 2.0),
        ("y", "", 3.0),
        ("t1", "AddBackward0", 5.0),  # saved for the backward of the product
        ("f", "MulBackward0", 15.0),
    ]


def test_an_operand_used_twice_appears_twice_in_pytorch():
    (x,) = leaves(3.0)
    assert labels(Graph.record(x * x).root.parents) == ["x", "x"]


def test_a_value_that_pytorch_does_not_keep_is_unknown_but_its_shape_is_not():
    x = torch.ones(3, requires_grad=True)
    assert Graph.record(((x + 1) + 2).sum()).nodes[1].value == Summary((3,), None)


def test_pytorchs_gradients_are_recorded():
    x, y = leaves(2.0, 3.0)
    f = (x + y) * y
    f.backward(retain_graph=True)
    assert [node.grad for node in Graph.record(f).leaves] == [3.0, 8.0]


@given(seed=st.integers(0, 10**6), size=st.integers(1, 30), count=st.integers(1, 4))
@settings(deadline=None, max_examples=150)
def test_nodes_driven_one_at_a_time_give_pytorchs_gradients(seed, size, count):
    program = random_program(seed, size=size, leaves=count, ops=ALL)
    inputs = leaves(*program.leaves)
    result = program.run(inputs)
    graph = Graph.record(result, {})
    final = graph.trace().final
    result.backward()
    for leaf in graph.leaves:
        grad = leaf.obj.variable.grad.item()
        assert math.isclose(final[leaf.index], grad, rel_tol=1e-12, abs_tol=1e-300)


class SinCos(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.sin(), x.cos()

    @staticmethod
    def backward(ctx, g, h):
        (x,) = ctx.saved_tensors
        return g * x.cos() - h * x.sin()


class Power(torch.autograd.Function):
    @staticmethod
    def forward(ctx, n, x):
        ctx.save_for_backward(x)
        ctx.n = n
        return x**n

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return None, ctx.n * x ** (ctx.n - 1) * g


def in_place_through_a_view(x):
    z = x * 1.0
    z[0:2].mul_(3.0)
    return (z * z).sum()


def in_place(x):
    z = x * 2.0
    z[1:] = z[1:].exp()
    return z.add_(1.0).prod()


TORCH = {
    "saved tensors": lambda x: (x.tanh() * x.exp() / (x * x + 1)).sum(),
    "unbind": lambda x: x.unbind()[0] * x.unbind()[1] + x.unbind()[2].exp(),
    "split": lambda x: (x.split(2)[0] ** 2).sum() + x.split(2)[1].prod(),
    "split, one part used": lambda x: x.split(2)[1].exp().sum(),
    "max with dim": lambda x: (x.reshape(2, 2).max(0).values * x[:2]).sum(),
    "sort": lambda x: (x.sort().values * torch.arange(4.0)).sum(),
    "var and mean": lambda x: torch.var_mean(x)[0] * torch.var_mean(x)[1],
    "one of several results is the root": lambda x: x.unbind()[1],
    "broadcast": lambda x: ((torch.ones(5, 4) * x + x) ** 2).sum(),
    "broadcast of a number": lambda x: (x * x.sum()).exp().sum(),
    "matmul": lambda x: (x.reshape(2, 2) @ x.reshape(2, 2) + x[:2]).tanh().sum(),
    "einsum": lambda x: torch.einsum("i,j->ij", x, x).tanh().sum(),
    "cross entropy": lambda x: torch.nn.functional.cross_entropy(x[None], torch.tensor([1])),
    "layer norm": lambda x: torch.nn.functional.layer_norm(x, [4]).pow(3).sum(),
    "float32 inside": lambda x: (x.float() * 2).double().pow(2).sum(),
    "in place": in_place,
    "in place through a view": in_place_through_a_view,
    "a function with two results": lambda x: (SinCos.apply(x)[0] * SinCos.apply(x)[1]).sum(),
    "a function with a plain argument": lambda x: Power.apply(3, x).sum(),
}


@pytest.mark.parametrize("f", TORCH.values(), ids=TORCH.keys())
def test_pytorchs_gradient_is_reached_node_by_node_through(f):
    x = torch.tensor([0.3, -1.2, 0.8, 2.1], dtype=torch.float64, requires_grad=True)
    result = f(x)
    graph = Graph.record(result)
    final = graph.trace().final[graph.node(x).index]
    result.backward()  # the graph is whole: nothing was freed
    assert final == Summary((4,), pytest.approx(x.grad.norm().item(), rel=1e-12))


def test_driving_pytorchs_nodes_leaves_its_gradients_alone():
    (x,) = leaves(3.0)
    x.grad = torch.tensor(7.0, dtype=torch.float64)
    Graph.record(x * x).backward_steps()
    assert x.grad.item() == 7.0


def test_a_graph_whose_buffers_are_freed_gets_a_sentence():
    (x,) = leaves(3.0)
    f = x.exp() * x
    f.backward()
    with pytest.raises(ValueError, match=r"retain_graph=True"):
        Graph.record(f).backward_steps()


# ------------------------------------------------------------------ paths


@given(seed=st.integers(0, 10**6), size=st.integers(1, 9), count=st.integers(1, 3))
@settings(deadline=None, max_examples=100)
def test_the_sum_over_paths_is_the_gradient(seed, size, count):
    program = random_program(seed, size=size, leaves=count, ops=BASIC)
    theirs = leaves(*program.leaves)
    program.run(theirs).backward()
    name = NAMES[seed % len(NAMES)]
    ours = [(Value if seed % 2 else design(name))(x) for x in program.leaves]
    graph = Graph.record(program.run(ours), {})
    for mine, right in zip(ours, theirs):
        if right.grad is not None:
            total = sum(path.product for path in graph.paths(mine))
            assert math.isclose(total, right.grad.item(), rel_tol=1e-9, abs_tol=1e-9)


def test_the_sum_over_paths_is_the_gradient_in_pytorch():
    x, y = leaves(0.5, -1.5)
    f = (x * y + x).tanh() * x
    total = sum(path.product for path in Graph.record(f).paths(x))
    f.backward()
    assert total == pytest.approx(x.grad.item(), rel=1e-12)


def test_a_path_shows_its_nodes_and_factors():
    f, names = plus_times(Value)
    assert repr(Graph.record(f, names).paths("y")) == (
        "[y → q → f: 1.0 × 3.0 = 3.0, y → f: 5.0 = 5.0]"
    )


def test_a_local_derivative_behind_a_dead_relu_is_still_known():
    x = Value(2.0)
    y = x * 3.0
    dead = (y - 100.0).relu()
    path = Graph.record(dead * 5.0).paths(x)[0]
    assert path.locals == (3.0, 1.0, 0.0, 5.0)


def test_more_paths_than_the_limit_are_counted_and_not_listed():
    x = y = Value(1.0)
    for _ in range(40):
        y = y + y
    with pytest.raises(ValueError, match=r"1,099,511,627,776 paths from x to y.*10,000"):
        Graph.record(y).paths(x)


def test_a_path_of_a_thousand_nodes_is_listed():
    x = y = Value(1.0)
    for _ in range(1000):
        y = y * 1.001
    assert Graph.record(y).paths(x)[0].product == pytest.approx(1.001**1000)


def test_paths_of_arrays_get_a_sentence():
    x = torch.ones(3, requires_grad=True)
    with pytest.raises(ValueError, match="holds arrays"):
        Graph.record((x * 2).sum()).paths(x)


def test_paths_through_an_op_with_several_results_get_a_sentence():
    (x,) = leaves(0.5)
    s, c = SinCos.apply(x)
    with pytest.raises(ValueError, match="several results"):
        Graph.record(s * c).paths(x)


# ------------------------------------------------------------------ bad input


def of_a_leaf():
    return Graph.record(leaves(2.0)[0])


def of_the_data():
    (x,) = leaves(2.0)
    return Graph.record((x * x).data)


def of_a_cycle():
    x = Plain(2.0)
    f = x * x
    f.parents = (x, f + x)
    return Graph.record(f)


def of_itself():
    x = Plain(2.0)
    x.parents = (x,)
    return Graph.record(x)


def of_words():
    f = Plain(2.0) * 3.0
    f.parents = ("x", "y")
    return Graph.record(f)


def without_backward():
    return Graph.record(Plain(2.0) * 3.0).backward_steps()


def of_a_backward_with_two_arguments():
    class Two(Plain):
        def backward(self, seed, order):
            pass

    return Graph.record(Two(2.0) * 3.0).backward_steps()


def of_gradients_kept_elsewhere():
    class Elsewhere:
        grads = {}
        grad = property(lambda self: self.grads.get(id(self), 0.0))

        def __init__(self, data, parents=()):
            self.data, self.parents = data, parents

        def backward(self):
            self.grads[id(self)] = 1.0

    return Graph.record(Elsewhere(2.0)).backward_steps()


def of_a_vector_in_pytorch():
    return Graph.record(torch.ones(3, requires_grad=True) * 2).backward_steps()


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: Graph.record(None), TypeError, "Got None.*Pass the node itself"),
        (lambda: Graph.record(3.0), TypeError, "Got float 3.0, which has no data"),
        (lambda: Graph.record("f"), TypeError, "Got str 'f'"),
        (lambda: Graph.record(object()), TypeError, "any object with data, grad and parents"),
        (lambda: Graph.record(np.ones(3)), TypeError, "ndarray, which has no grad and no parents"),
        (lambda: Graph.record([Value(1.0)]), TypeError, "Got list"),
        (lambda: Graph.record(Value), TypeError, "the class Value"),
        (lambda: Graph.record((Value(1.0) * 2).data), TypeError, r"draw\(f\) and not draw\(f.data"),
        (of_a_leaf, ValueError, "is a leaf.*result of the computation"),
        (of_the_data, ValueError, "no grad_fn.*not its .data"),
        (of_a_cycle, ValueError, "has a cycle.*changes `parents`"),
        (of_itself, ValueError, "has a cycle"),
        (of_words, TypeError, "`parents` of a Plain holds 'x'.*operands themselves"),
        (without_backward, ValueError, r"Plain has no backward\(\) to run"),
        (of_a_backward_with_two_arguments, ValueError, "asks for seed, order.*defaults"),
        (of_gradients_kept_elsewhere, ValueError, "cannot be watched.*as self.grad"),
        (of_a_vector_in_pytorch, ValueError, r"shape \(3,\).*for example with .sum\(\)"),
    ],
)
def test_bad_input_gets_a_sentence(act, error, words):
    with pytest.raises(error, match=words):
        act()


def test_a_vector_in_pytorch_is_recorded_all_the_same():
    y = torch.ones(3, requires_grad=True) * 2
    assert Graph.record(y).root.value.shape == (3,)


def test_pytorch_is_not_imported_to_read_another_engine():
    code = """
import sys
import helpers.gradcheck
from helpers.engine.scalar import Value
from helpers.faults import find_fault
find_fault(Value(2.0) * 3.0)
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
