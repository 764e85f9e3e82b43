"""The tensor engine against PyTorch in float64, operation by operation and shape by shape."""

import gc
import itertools
import random
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch

from helpers import Graph, Stepper, draw
from helpers.engine import tensor
from helpers.engine.scalar import Value
from helpers.engine.tensor import VJP, Tensor, affine

SHAPES = [(), (1,), (4,), (3, 4), (1, 4), (3, 1), (2, 3, 4), (2, 1, 1), (0,), (0, 3), (3, 0)]
FITTING = [
    (a, b)
    for a, b in itertools.product(SHAPES, SHAPES)
    if all(m == n or 1 in (m, n) for m, n in zip(a[::-1], b[::-1]))
]
PRODUCTS = [
    ((3, 4), (4, 2)), ((4, 4), (4, 4)), ((4,), (4,)), ((4,), (4, 2)), ((3, 4), (4,)),
    ((2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 2)), ((4,), (2, 4, 3)),
    ((2, 3, 4), (4,)), ((0, 4), (4, 3)), ((3, 0), (0, 2)), ((3, 4), (4, 0)),
]  # fmt: skip
AXES = {
    0: [None],
    1: [None, 0, -1],
    2: [None, 0, 1, -1, (0, 1), (-1, 0)],
    3: [None, 1, -1, (0, 2), (-1, 0), (0, 1, 2)],
}
REDUCED = [
    (shape, axis, keepdims)
    for shape in [(), (4,), (3, 4), (2, 3, 4), (1, 4), (3, 1), (0, 3)]
    for axis in AXES[len(shape)]
    for keepdims in (False, True)
]
INDICES = {
    "one row": ((3, 4), 1),
    "a slice": ((5, 4), slice(1, 4)),
    "a repeated row": ((5, 3), np.array([0, 2, 2, 2])),
    "a repeated entry": ((3, 4), (np.array([0, 0, 1]), np.array([3, 3, 2]))),
    "an embedding of a batch": ((6, 3), np.array([[0, 5], [5, 5]])),
    "a mask": ((4,), np.array([True, False, True, True])),
    "a new axis": ((3,), (slice(None), None)),
    "an ellipsis": ((2, 3, 4), (..., 0)),
    "nothing": ((3, 4), np.array([], int)),
}


def rand(*shape, seed=0, low=None):
    x = np.random.default_rng(seed).standard_normal(shape)
    return np.asarray(x if low is None else abs(x) + low)


def assert_same(ours, theirs):
    got, wanted = np.asarray(ours), theirs.detach().numpy()
    assert got.shape == wanted.shape
    scale = max(1.0, abs(wanted).max(initial=0.0))
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12 * scale)


def against_torch(f, *arrays, in_torch=None):
    """Value, and gradients for a random upstream gradient, equal those of PyTorch."""
    xs = [Tensor(x) for x in arrays]
    ts = [torch.tensor(x, requires_grad=True) for x in arrays]
    y, z = f(*xs), (in_torch or f)(*ts)
    assert_same(y.data, z)
    G = rand(*y.shape, seed=99)
    y.backward(G)
    z.backward(torch.tensor(G))
    for x, t in zip(xs, ts):
        assert_same(x.grad, t.grad)


# ------------------------------------------------------------------ entry by entry


@pytest.mark.parametrize(("a", "b"), FITTING)
@pytest.mark.parametrize("op", "+-*/")
def test_arithmetic_with_broadcasting(op, a, b):
    function = {
        "+": lambda x, y: x + y,
        "-": lambda x, y: x - y,
        "*": lambda x, y: x * y,
        "/": lambda x, y: x / y,
    }[op]
    against_torch(function, rand(*a), rand(*b, seed=1, low=0.3))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("op", ["exp", "tanh", "sigmoid", "relu", "__neg__"])
def test_one_operand(op, shape):
    against_torch(lambda x: getattr(x, op)(), rand(*shape))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [2, 3, 0.5, -1, -1.5, 1, 0])
def test_powers(n, shape):
    against_torch(lambda x: x**n, rand(*shape, low=0.2))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_logarithm(shape):
    against_torch(lambda x: x.log(), rand(*shape, low=0.2))


@pytest.mark.parametrize("z", [-800.0, -40.0, 0.0, 40.0, 800.0])
def test_the_sigmoid_never_overflows(z):
    against_torch(lambda x: x.sigmoid(), np.array([z]))


def test_relu_has_slope_0_at_0():
    against_torch(lambda x: x.relu(), np.array([0.0, -0.0, 1.0]))


@pytest.mark.parametrize("number", [2, 2.5, np.float64(2.5), np.array([1.0, 2.0, 3.0])])
def test_a_constant_may_stand_on_either_side(number):
    c = torch.as_tensor(number)
    for f, g in [
        (lambda x: number + x, lambda x: c + x),
        (lambda x: number - x, lambda x: c - x),
        (lambda x: number * x, lambda x: c * x),
        (lambda x: number / x, lambda x: c / x),
    ]:
        against_torch(f, rand(3, low=0.5), in_torch=g)


# ------------------------------------------------------------------ products and reductions


@pytest.mark.parametrize(("a", "b"), PRODUCTS)
def test_matrix_products(a, b):
    against_torch(lambda x, y: x @ y, rand(*a), rand(*b, seed=1))


def test_an_array_times_a_tensor_is_a_tensor():
    X, W = rand(3, 4), rand(4, 2, seed=1)
    against_torch(lambda W: X @ W, W, in_torch=lambda W: torch.tensor(X) @ W)


@pytest.mark.parametrize("kind", ["sum", "mean"])
@pytest.mark.parametrize(("shape", "axis", "keepdims"), REDUCED)
def test_sum_and_mean(shape, axis, keepdims, kind):
    against_torch(
        lambda x: getattr(x, kind)(axis, keepdims=keepdims),
        rand(*shape),
        in_torch=lambda x: getattr(x, kind)(dim=axis, keepdim=keepdims),
    )


@pytest.mark.parametrize(("shape", "axis", "keepdims"), [r for r in REDUCED if 0 not in r[0]])
def test_max(shape, axis, keepdims):
    against_torch(
        lambda x: x.max(axis, keepdims=keepdims),
        rand(*shape),
        in_torch=lambda x: x.amax(dim=() if axis is None else axis, keepdim=keepdims),
    )


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_a_tied_maximum_is_shared_equally(axis):
    x = np.array([[1.0, 3.0, 3.0], [3.0, 0.0, 3.0]])
    against_torch(
        lambda x: x.max(axis), x, in_torch=lambda x: x.amax(dim=() if axis is None else axis)
    )


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (0, 3)])
def test_log_softmax(shape):
    against_torch(lambda z: z.log_softmax(-1), 30 * rand(*shape))


def test_log_softmax_along_the_first_axis():
    against_torch(lambda z: z.log_softmax(0), rand(3, 4))


@pytest.mark.parametrize(("n", "c"), [(1, 1), (1, 5), (5, 5), (7, 3)])
@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_cross_entropy(n, c, scale):
    t = np.random.default_rng(2).integers(c, size=n)
    against_torch(
        lambda z: z.cross_entropy(t),
        scale * rand(n, c),
        in_torch=lambda z: torch.nn.functional.cross_entropy(z, torch.tensor(t)),
    )


def test_the_loss_of_no_samples_is_nan_and_has_an_empty_gradient():
    z = Tensor(np.zeros((0, 3)))
    with np.errstate(all="ignore"):
        loss = z.cross_entropy(np.zeros(0, int))
        loss.backward()
    assert np.isnan(loss.data) and z.grad.shape == (0, 3)


@pytest.mark.parametrize(("n", "d", "m"), [(5, 3, 2), (4, 4, 4), (1, 1, 1), (0, 3, 2)])
def test_the_affine_node_is_the_layer_in_one_step(n, d, m):
    against_torch(
        affine, rand(n, d), rand(d, m, seed=1), rand(m, seed=2), in_torch=lambda X, W, b: X @ W + b
    )


# ------------------------------------------------------------------ entries moved


@pytest.mark.parametrize("label", INDICES)
def test_indexing(label):
    shape, index = INDICES[label]
    against_torch(lambda x: x[index], rand(*shape))


@pytest.mark.parametrize("new", [(4, 3), (12,), (2, -1), (1, 12, 1)])
def test_reshape(new):
    against_torch(lambda x: x.reshape(*new), rand(3, 4))
    against_torch(lambda x: x.reshape(new), rand(3, 4))


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (-1, 0, 1)])
def test_transpose(axes):
    against_torch(lambda x: x.transpose(*axes), rand(2, 3, 4), in_torch=lambda x: x.permute(*axes))


def test_T_turns_the_axes_around():
    against_torch(lambda x: x.T, rand(2, 3))


# ------------------------------------------------------------------ whole graphs


STEPS = {
    "+": lambda x, row, square, number: x + row,
    "-": lambda x, row, square, number: number - x,
    "*": lambda x, row, square, number: x * x,
    "/": lambda x, row, square, number: x / (row * row + 1.5),
    "@": lambda x, row, square, number: x @ square,
    "tanh": lambda x, row, square, number: x.tanh(),
    "relu": lambda x, row, square, number: (x + 0.1).relu(),
    "center": lambda x, row, square, number: x - x.mean(1).reshape(-1, 1),
    "max": lambda x, row, square, number: x + x.max(),
    "reuse": lambda x, row, square, number: x * number + x,
    "T": lambda x, row, square, number: (x.T * 2.0).T,
    "rows": lambda x, row, square, number: x[[0, *range(x.shape[0])]],
    "exp": lambda x, row, square, number: x.tanh().exp(),
}


def random_network(seed):
    """A function that runs on either engine, and the arrays that it takes."""
    rng = random.Random(seed)
    n, m = rng.randint(1, 4), rng.randint(1, 4)
    shapes = (n, m), (1, m), (m, m), ()
    plan = [STEPS[name] for name in rng.choices(sorted(STEPS), k=rng.randint(2, 12))]

    def run(x, *others):
        for step in plan:
            x = step(x, *others)
        return (x * x).mean().sigmoid() + x.sum()

    return run, [rand(*shape, seed=seed + k) for k, shape in enumerate(shapes)]


def inner_nodes(root):
    return [n for n in tensor.topological_order(root) if n.parents]


@pytest.mark.parametrize("block", range(10))
def test_two_thousand_random_graphs(block):
    tried = 0
    for seed in range(200 * block, 200 * (block + 1)):
        run, leaves = random_network(seed)
        xs, ts = [Tensor(x) for x in leaves], [torch.tensor(x, requires_grad=True) for x in leaves]
        y, z = run(*xs), run(*ts)
        if not torch.isfinite(z) or abs(z) > 1e3:
            continue  # squares of squares
        tried += 1
        y.backward()
        z.backward()
        scale = max(abs(n.grad).max() * abs(n.data).max() for n in inner_nodes(y))
        for x, t in zip(xs, ts):
            wanted = np.zeros(x.shape) if t.grad is None else t.grad.numpy()
            got = np.zeros(x.shape) if x.grad is None else x.grad
            np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12 * max(1.0, scale))
    assert tried > 190


def test_leaves_accumulate_and_inner_nodes_start_anew():
    x = Tensor([2.0, 3.0])
    h = x * x
    y = (h * h).sum()
    y.backward()
    once = x.grad.copy()
    y.backward()
    np.testing.assert_array_equal(x.grad, 2 * once)
    np.testing.assert_array_equal(h.grad, 2 * h.data)


SHARING = {
    "a sum of two": lambda a, b: (a + b).sum(),
    "a difference": lambda a, b: (a - b).sum(),
    "a sum of all": lambda a, b: a.sum() + b.sum(),
    "a reshaped one": lambda a, b: (a.reshape(2, 2) + b).sum(),
    "a transposed one": lambda a, b: (a.T + b.T).sum(),
}


@pytest.mark.parametrize("label", SHARING)
def test_a_leafs_gradient_is_an_array_of_its_own(label):
    a, b = Tensor(np.ones((2, 2))), Tensor(np.ones((2, 2)))
    root = SHARING[label](a, b)
    root.backward()
    others = [b.grad, *(n.grad for n in inner_nodes(root))]
    before = [g.tolist() for g in others]
    a.grad *= 7.0
    assert [g.tolist() for g in others] == before


@pytest.mark.parametrize("f", [lambda x: x * 3, lambda x: x * 3 + x, lambda x: x.exp()])
def test_the_gradient_of_a_single_number_is_an_array(f):
    x = Tensor(2.0)
    f(x).backward()
    assert isinstance(x.grad, np.ndarray) and x.grad.shape == ()


def test_the_gradient_that_was_given_is_not_kept():
    x, G = Tensor([1.0, 2.0]), np.array([3.0, 4.0])
    x.backward(G)
    x.grad *= 2.0
    assert G.tolist() == [3.0, 4.0]


def test_a_constant_gets_no_gradient():
    out = affine(rand(5, 3), Tensor(rand(3, 2)), Tensor(rand(2)))
    out.sum().backward()
    assert [parent.grad is None for parent in out.parents] == [True, False, False]


def test_a_chain_of_100_000_needs_no_recursion():
    x = y = Tensor(1.0)
    for _ in range(100_000):
        y = y + x
    y.backward()
    assert x.grad == 100_001.0


def test_a_graph_leaves_no_reference_cycle():
    gc.collect()
    gc.disable()
    try:
        y = (Tensor(rand(3, 3)) @ Tensor(rand(3, 3))).tanh().sum()
        y.backward()
        alive = weakref.ref(y.parents[0].data)
        del y
        assert alive() is None and gc.collect() == 0
    finally:
        gc.enable()


# ------------------------------------------------------------------ the float32 trap


FLOAT32 = {
    "a Python float": lambda x: x * 0.5 + 1.0,
    "a NumPy float64": lambda x: x * np.float64(0.5) - np.float64(1.0),
    "a 0-d array": lambda x: np.array(2.0) * x / np.array(3.0),
    "a float64 array": lambda x: np.ones((4, 3)) @ x,
    "integers": lambda x: np.arange(12).reshape(3, 4) * x + 1,
    "a power": lambda x: (x * x + 1.0) ** 0.5,
    "a mean": lambda x: x.mean(axis=0),
    "a maximum": lambda x: x.max(axis=0, keepdims=True),
    "a sum": lambda x: x.sum(),
    "entry by entry": lambda x: x.exp().log().tanh().sigmoid().relu() / (x * x + 1),
    "a softmax": lambda x: x.log_softmax(),
    "a loss": lambda x: x.cross_entropy([0, 1, 2]),
    "a layer": lambda x: affine(rand(5, 3), x, rand(4)),
    "moves": lambda x: x.reshape(4, 3).T[[0, 0, 1]],
}


@pytest.mark.parametrize("label", FLOAT32)
def test_a_float32_graph_stays_float32(label):
    y = FLOAT32[label](Tensor(rand(3, 4).astype(np.float32)))
    y.backward(np.ones(y.shape))
    nodes = tensor.topological_order(y)
    arrays = [a for n in nodes for a in (n.data, n.grad) if a is not None]
    assert {array.dtype.name for array in arrays} == {"float32"}


# ------------------------------------------------------------------ what bad input gets


@pytest.mark.parametrize(
    ("do", "error", "message"),
    [
        (lambda: Tensor("3"), TypeError, "Tensor holds numbers"),
        (lambda: Tensor([1.0]) + "3", TypeError, "Tensor holds numbers"),
        (lambda: Tensor(rand(3)) + Tensor(rand(4)), ValueError, r"shapes \(3,\) and \(4,\)"),
        (lambda: Tensor(rand(3, 2)) @ Tensor(rand(3, 2)), ValueError, "do not fit for @"),
        (lambda: Tensor(rand(3)).backward(), ValueError, "starts from a single number"),
        (lambda: Tensor(rand(3)).backward(rand(4)), ValueError, r"shape \(4,\), not \(3,\)"),
        (lambda: Tensor([1.0, 0.0]).log(), ValueError, "needs positive numbers"),
        (lambda: 1.0 / Tensor([1.0, 0.0]), ZeroDivisionError, "divisor is 0"),
        (lambda: Tensor([-1.0]) ** 0.5, ValueError, "no real power"),
        (lambda: Tensor([0.0]) ** -1, ZeroDivisionError, "not defined"),
        (lambda: Tensor([2.0]) ** Tensor([2.0]), TypeError, "takes a number"),
        (lambda: Tensor([1000.0]).exp(), OverflowError, "larger than the largest float64"),
        (lambda: Tensor(rand(2, 3)).cross_entropy([0]), ValueError, "N whole numbers"),
        (lambda: Tensor(rand(2, 3)).cross_entropy([0, 3]), ValueError, "classes are 0 to 2"),
        (lambda: Tensor(rand(2, 3)).cross_entropy([0, -1]), ValueError, "classes are 0 to 2"),
        (lambda: affine(rand(2, 3), Tensor(rand(2, 3)), rand(3)), ValueError, "do not fit"),
    ],
)
def test_bad_input_gets_a_sentence(do, error, message):
    with pytest.raises(error, match=message):
        do()


# ------------------------------------------------------------------ the other rooms


def test_every_operation_has_one_vjp_for_each_operand():
    x = Tensor(rand(3, 3, low=0.1))
    made = [
        x + x, x - x, x * x, x / x, x**2, -x, x.exp(), x.log(), x.tanh(), x.sigmoid(), x.relu(),
        x @ x, affine(x, x, x[0]), x.sum(), x.mean(), x.max(), x.log_softmax(),
        x.cross_entropy([0, 1, 2]), x.reshape(9), x.T, x[0],
    ]  # fmt: skip
    assert {y.op: len(y.parents) for y in made} == {op: len(vjps) for op, vjps in VJP.items()}


def test_the_scalar_engine_is_the_tensor_engine_on_single_numbers():
    def f(V):
        x, y = V(0.7), V(-1.2)
        z = (x * y + x).tanh() * (x - y).exp() / (y * y + 1.0) - x.relu() ** 2
        z.backward()
        return float(z.data), float(x.grad), float(y.grad)

    assert f(Tensor) == pytest.approx(f(Value), rel=1e-14)


def test_it_is_drawn_and_stepped_through():
    W, b = Tensor(rand(3, 2), name="W"), Tensor(rand(2), name="b")
    loss = affine(rand(4, 3), W, b).relu().cross_entropy([0, 1, 0, 1])
    assert "cross_entropy" in draw(loss).svg
    pushes = [push for push in Graph.record(loss).backward_steps() if push.parent.name == "W"]
    assert len(pushes) == 1 and len(Stepper(loss).steps) > 8
    assert W.grad is None


def test_the_engine_is_at_most_250_lines_of_code():
    parts = Path(tensor.__file__).read_text(encoding="utf-8").split('"""')[::2]  # no docstrings
    code = [line for part in parts for line in part.splitlines() if line.strip(" #-")]
    assert len(code) <= 250
