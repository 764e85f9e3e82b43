"""Week 3: exercises in all their states, every formula against PyTorch, the widget's data."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from cells import written
from week03_answers import RIGHT, RIGHT_LINES, WRONG, WRONG_LINES
from week03_tired import ANSWERS, LINES

from helpers.weeks import week03 as ex
from helpers.weeks import week03_rules as rules
from helpers.widgets.shape_flow import ShapeFlow

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "week03_jacobians_and_vjps.ipynb"
EXACT = 1e-12  # absolute, for numbers of order one in float64: rounding of short sums is near 1e-15
rng = np.random.default_rng(0)
each_exercise = pytest.mark.parametrize("exercise", ex.all, ids=lambda exercise: exercise.name)


def listed(answers):
    """Parameters (name of the exercise, …) from a table of answers, with readable ids."""
    rows = [
        (name, *row) if isinstance(row, tuple) else (name, row)
        for name in answers
        for row in answers[name]
    ]
    ids = [f"{name}-{getattr(row[0], '__name__', i)}" for i, (name, *row) in enumerate(rows)]
    return dict(argvalues=rows, ids=ids)


def witness(forward, G, **arrays):
    """The gradients that PyTorch gives, by name of the input."""
    leaves = {
        name: torch.tensor(a, dtype=torch.float64, requires_grad=True) for name, a in arrays.items()
    }
    forward(**leaves).backward(torch.as_tensor(G, dtype=torch.float64))
    return {name: leaf.grad.numpy() for name, leaf in leaves.items()}


def close(mine, theirs):
    assert np.shape(mine) == np.shape(theirs)
    assert np.abs(np.asarray(mine) - theirs).max() < EXACT


# ------------------------------------------------------------------ the states of every exercise


@each_exercise
def test_stub_reference_and_known_mistakes_are_told_apart(exercise):
    assert exercise.self_check() == []


@pytest.mark.parametrize("name, attempt", **listed(RIGHT))
def test_another_right_style_passes(name, attempt):
    verdict = getattr(ex, name).check(attempt)
    assert verdict.status == "passed", verdict


@pytest.mark.parametrize("name, lines", **listed(RIGHT_LINES))
def test_other_right_lines_pass(name, lines):
    verdict = getattr(ex, name).check(**lines)
    assert verdict.status == "passed", verdict


@pytest.mark.parametrize("name, attempt, code, said", **listed(WRONG))
def test_a_wrong_answer_fails_and_is_described(name, attempt, code, said):
    verdict = getattr(ex, name).check(attempt)
    assert verdict.status == "failed"
    assert verdict.mistake == code, verdict
    assert said in verdict.message


@pytest.mark.parametrize("name, lines, said", **listed(WRONG_LINES))
def test_a_wrong_line_is_found(name, lines, said):
    verdict = getattr(ex, name).check(**lines)
    assert verdict.status == "failed"
    assert said in verdict.message


@pytest.mark.parametrize("name, code, words, cell", ANSWERS)
def test_a_tired_answer_is_told_what_is_wrong(name, code, words, cell):
    verdict = getattr(ex, name).check(written(cell, name, np=np, unbroadcast=rules.unbroadcast))
    assert (verdict.status, verdict.mistake) == ("failed", code), verdict
    assert words in verdict.message


@pytest.mark.parametrize("name, line, formula, code", LINES)
def test_a_tired_line_is_named(name, line, formula, code):
    exercise = getattr(ex, name)
    right = {line: answer.text for line, answer in exercise.answers.items()}
    assert exercise.check(**(right | {line: formula})).mistake == code


@pytest.mark.parametrize("name", ["linear_backward", "mul_backward", "batched_matmul_backward"])
def test_a_dict_is_told_what_to_return(name):
    reference = getattr(rules, name)
    verdict = getattr(ex, name).check(lambda *args: dict(zip("abc", reference(*args))))
    assert verdict.status == "failed" and "tuple" in verdict.message


@pytest.mark.parametrize("name", [n for n in WRONG if n not in ("jacobian", "chain_cost")])
def test_square_and_other_shapes_come_up(name):
    arrays = [a for case in getattr(ex, name).cases for a in case.args]
    matrices = [a for a in arrays if isinstance(a, np.ndarray) and a.ndim >= 2]
    assert {m.shape[-1] == m.shape[-2] for m in matrices} == {True, False}


@each_exercise
def test_no_upstream_gradient_is_made_of_ones(exercise):
    for case in getattr(exercise, "cases", []):
        upstream = dict(zip(case.names, case.args)).get("G")
        assert upstream is None or not np.any(np.asarray(upstream) == 1.0)


# ------------------------------------------------------------------ references against PyTorch


def test_jacobian_is_that_of_autograd():
    W, x = rng.normal(size=(4, 3)), rng.normal(size=3)
    layer = lambda x: torch.tanh(torch.tensor(W) @ x)  # noqa: E731
    exact = torch.autograd.functional.jacobian(layer, torch.tensor(x)).numpy()
    assert np.abs(rules.jacobian(lambda x: np.tanh(W @ x), x) - exact).max() < 1e-9


@pytest.mark.parametrize("m, n", [(4, 3), (3, 3), (1, 5)])
def test_vjp_tanh_linear(m, n):
    W, x, v = rng.normal(size=(m, n)), rng.normal(size=n), rng.normal(size=m)
    theirs = witness(lambda x: torch.tanh(torch.tensor(W) @ x), v, x=x)
    close(rules.vjp_tanh_linear(W, x, v), theirs["x"])


@pytest.mark.parametrize("n, d, h", [(5, 3, 4), (4, 4, 4), (1, 2, 3)])
def test_linear_backward(n, d, h):
    X, W, b, G = (rng.normal(size=s) for s in ((n, d), (d, h), (h,), (n, h)))
    theirs = witness(lambda X, W, b: X @ W + b, G, X=X, W=W, b=b)
    for mine, name in zip(rules.linear_backward(X, W, b, G), "XWb"):
        close(mine, theirs[name])


SHAPES = [((4, 3), (3,)), ((4, 3), (4, 1)), ((4, 3), ()), ((4, 3), (1,)), ((2, 4, 3), (4, 1)),
          ((4, 1), (1, 3)), ((3, 3), (3,))]  # fmt: skip


@pytest.mark.parametrize("a, b", SHAPES)
def test_mul_backward_and_unbroadcast(a, b):
    A, B, G = (rng.normal(size=s) for s in (a, b, np.broadcast_shapes(a, b)))
    theirs = witness(lambda A, B: A * B, G, A=A, B=B)
    dA, dB = rules.mul_backward(np.asarray(A), np.asarray(B), G)
    close(dA, theirs["A"])
    close(dB, theirs["B"])


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("kind", ["sum", "mean", "max"])
def test_reduce_backward(kind, axis, keepdims):
    X = np.round(rng.normal(size=(5, 4)) * 2)  # with ties: amax divides them
    G = rng.normal(size=np.shape(np.sum(X, axis=axis, keepdims=keepdims)))
    dims = (0, 1) if axis is None else axis
    op = {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}[kind]
    theirs = witness(lambda X: op(X, dim=dims, keepdim=keepdims), G, X=X)
    close(rules.reduce_backward(kind, X, np.asarray(G), axis, keepdims), theirs["X"])


@pytest.mark.parametrize("a, b", [((4, 3), (3, 2)), ((2, 1, 4, 3), (5, 3, 6)), ((3, 3), (2, 3, 3))])
def test_batched_matmul_backward(a, b):
    A, B = rng.normal(size=a), rng.normal(size=b)
    G = rng.normal(size=(A @ B).shape)
    theirs = witness(lambda A, B: A @ B, G, A=A, B=B)
    dA, dB = rules.batched_matmul_backward(A, B, G)
    close(dA, theirs["A"])
    close(dB, theirs["B"])


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_chain_cost_is_what_counting_matrix_products_gives(mode):
    class Counted(np.ndarray):
        total = 0

        def __matmul__(self, other):
            Counted.total += self.shape[0] * self.shape[1] * other.shape[1]
            return np.matmul(self, other).view(Counted)

    shapes = [(7, 5), (3, 7), (6, 3), (2, 6)]
    J1, J2, J3, J4 = (np.ones(shape).view(Counted) for shape in shapes)
    J4 @ (J3 @ (J2 @ J1)) if mode == "forward" else ((J4 @ J3) @ J2) @ J1
    assert rules.chain_cost(shapes, mode) == Counted.total


def test_forward_and_reverse_cost_the_same_with_as_many_outputs_as_inputs():
    shapes = [(256, 784), (256, 256), (784, 256)]
    assert rules.chain_cost(shapes, "forward") == rules.chain_cost(shapes, "reverse")


# ------------------------------------------------------------------ the notebook's formulas


def formulas():
    """The code of every derivation in the notebook, by its title: "D6 linear layer"."""
    text = "\n".join(cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells)
    found = {}
    for fence in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        for title, lines in re.findall(r"^# (D\d.*)\n((?:(?!# D).*\n)+)", fence, re.MULTILINE):
            found[title.partition(":")[0]] = lines
    return found


def tied(*shape):
    return np.round(rng.normal(size=shape) * 2)


MASK = torch.tensor([[True, False, True], [False, False, True]])
OTHER = {"u": rng.normal(size=3), "mask": MASK.numpy(), "np": np, "unbroadcast": rules.unbroadcast}
# title: (what PyTorch computes, the inputs, the name of the result)
DERIVATIONS = {
    "D5 tanh layer": (
        lambda x, W: torch.tanh(W @ x),
        dict(x=rng.normal(size=3), W=rng.normal(size=(4, 3))),
    ),
    "D6 linear layer": (
        lambda X, W, b: X @ W + b,
        dict(X=rng.normal(size=(5, 3)), W=rng.normal(size=(3, 4)), b=rng.normal(size=4)),
    ),
    "D6b linear layer with W of shape (H, D)": (
        torch.nn.functional.linear,
        dict(X=rng.normal(size=(5, 3)), W=rng.normal(size=(4, 3)), b=rng.normal(size=4)),
    ),
    "D7 add": (lambda A, B: A + B, dict(A=rng.normal(size=(2, 4, 3)), B=rng.normal(size=(4, 1)))),
    "D7 mul": (lambda A, B: A * B, dict(A=rng.normal(size=(4, 1)), B=rng.normal(size=(1, 3)))),
    "D7 quotient": (
        lambda A, B: A / (B**2 + 1),
        dict(A=rng.normal(size=(4, 3)), B=rng.normal(size=3)),
    ),
    "D8 sum": (lambda X: X.sum(0), dict(X=rng.normal(size=(5, 4)))),
    "D8 mean": (lambda X: X.mean(0), dict(X=rng.normal(size=(5, 4)))),
    "D8 max": (lambda X: X.amax(0), dict(X=tied(5, 4))),
    "D8 var": (lambda X: X.var(0, correction=0), dict(X=rng.normal(size=(5, 4)))),
    "D8 var, n - 1": (lambda X: X.var(0), dict(X=rng.normal(size=(5, 4)))),
    "D8 std, n - 1": (lambda X: X.std(0), dict(X=rng.normal(size=(5, 4)))),
    "D21 batched matmul": (
        torch.matmul,
        dict(A=rng.normal(size=(2, 1, 4, 3)), B=rng.normal(size=(5, 3, 6))),
    ),
    "D24 transpose and reshape": (
        lambda X: X.permute(1, 0, 2).reshape(4, 6),
        dict(X=rng.normal(size=(2, 4, 3))),
    ),
    "D24 cat": (
        lambda A, B: torch.cat([A, B]),
        dict(A=rng.normal(size=(2, 3)), B=rng.normal(size=(4, 3))),
    ),
    "D24 slice": (lambda X: X[1:3, ::2], dict(X=rng.normal(size=(5, 4)))),
    "D24 where": (
        lambda A, B: torch.where(MASK, A, B),
        dict(A=rng.normal(size=(2, 3)), B=rng.normal(size=(2, 3))),
    ),
    "D24 cumsum": (lambda x: x.cumsum(0), dict(x=rng.normal(size=5))),
    "D24 norm": (torch.linalg.vector_norm, dict(x=rng.normal(size=5))),
    "D24 unit rows": (
        lambda X: torch.nn.functional.normalize(X, dim=1),
        dict(X=rng.normal(size=(4, 3))),
    ),
    "D24 trace": (torch.trace, dict(X=rng.normal(size=(3, 3)))),
}


def test_every_derivation_of_the_notebook_is_executed_here():
    assert set(formulas()) == set(DERIVATIONS)


@pytest.mark.parametrize("title", DERIVATIONS)
def test_a_derivation_agrees_with_autograd(title):
    forward, arrays = DERIVATIONS[title]
    leaves = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays.values()]
    Y = forward(*leaves)
    G = rng.normal(size=tuple(Y.shape))
    Y.backward(torch.as_tensor(G, dtype=torch.float64))
    space = {**OTHER, **arrays, "G": G, "v": G}
    exec(formulas()[title], space)
    close(space["h" if title.startswith("D5") else "Y"], Y.detach().numpy())
    for name, leaf in zip(arrays, leaves):
        if f"d{name}" in space:
            close(space[f"d{name}"], leaf.grad.numpy())
    assert {f"d{name}" for name in arrays} - {"dW"} <= set(space)


def test_the_jacobian_and_the_jvp_of_the_tanh_layer_agree_with_autograd():
    W, x = rng.normal(size=(4, 3)), rng.normal(size=3)
    space = {**OTHER, "W": W, "x": x, "v": rng.normal(size=4)}
    exec(formulas()["D5 tanh layer"], space)
    f = lambda x: torch.tanh(torch.tensor(W) @ x)  # noqa: E731
    point, nudge = torch.tensor(x), torch.tensor(OTHER["u"])
    close(space["J"], torch.autograd.functional.jacobian(f, point).numpy())
    close(space["jvp"], torch.autograd.functional.jvp(f, point, nudge)[1].numpy())


# ------------------------------------------------------------------ pencil work


def lines_of(name, **values):
    """The right lines of pencil work, read as code, each with the right lines above it."""
    for line, formula in getattr(ex, name).answers.items():
        values[line] = formula.at(values)
    return values


def entries(letter, array):
    """The entries of an array as pencil work names them: x0, x1 or w00, w01."""
    return {letter + "".join(map(str, i)): array[i].item() for i in np.ndindex(array.shape)}


def test_the_lines_of_the_tanh_row_are_those_of_autograd():
    """D5."""
    W, x, v = (rng.normal(size=shape) for shape in ((2, 3), (3,), (2,)))
    z = W @ x
    theirs = witness(lambda x: torch.tanh(torch.tensor(W) @ x), v, x=x)["x"]
    by_z = witness(lambda z: torch.tanh(z), v, z=z)["z"]
    given = entries("w", W) | entries("x", x) | entries("v", v) | entries("z", z)
    got = lines_of("tanh_row", **given, **entries("h", np.tanh(z)))
    close([got["dz0"], got["dz1"]], by_z)
    close([got["dx0"], got["dx2"]], theirs[[0, 2]])


def test_the_lines_of_the_linear_layer_are_those_of_autograd():
    """D6."""
    X, W, b, G = (rng.normal(size=shape) for shape in ((2, 2), (2, 2), (2,), (2, 2)))
    theirs = witness(lambda X, W, b: X @ W + b, G, X=X, W=W, b=b)
    got = lines_of("linear_entries", **entries("x", X), **entries("w", W), **entries("g", G))
    close([got["dw01"], got["dw10"]], theirs["W"][[0, 1], [1, 0]])
    close([got["dx01"], got["db1"]], [theirs["X"][0, 1], theirs["b"][1]])


def test_the_lines_of_the_variance_are_those_of_autograd():
    """D8: the direct path with the mean held still, the mean's own gradient, and both together."""
    x, g = rng.normal(size=3), 1.7
    m = x.mean()
    apart = witness(lambda x, m: ((x - m) ** 2).mean(), g, x=x, m=m)
    theirs = witness(lambda x: x.var(correction=0), g, x=x)["x"]
    got = lines_of("variance", **entries("x", x), g=g, m=m)
    close([got["direct0"], got["dm"], got["dx0"]], [apart["x"][0], apart["m"], theirs[0]])


def test_the_lines_of_moves_and_norms_are_those_of_autograd():
    """D24."""
    x, g, gr = rng.normal(size=3), rng.normal(size=3), -0.6
    r = np.sqrt((x**2).sum())
    cumulated = witness(lambda x: x.cumsum(0), g, x=x)["x"]
    norm = witness(torch.linalg.vector_norm, gr, x=x)["x"]
    unit = witness(lambda x: x / torch.linalg.vector_norm(x), g, x=x)["x"]
    given = entries("x", x) | entries("g", g) | entries("u", x / r)
    got = lines_of("moves", **given, r=r, gr=gr)
    close([got["cum0"], got["cum2"]], cumulated[[0, 2]])
    close([got["norm0"], got["unit0"]], [norm[0], unit[0]])


# ------------------------------------------------------------------ the notebook's measured claims


def output_after(source):
    """The printed output of the notebook's cell that contains a piece of source."""
    for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
        if cell.cell_type == "code" and source in cell.source:
            return "".join(output.get("text", "") for output in cell.outputs)


def test_wrong_rules_of_the_square_layer_train_to_94_percent_and_are_found_by_numbers():
    rows = re.findall(r"(\S+|<1e-6) +(\S+) +(\S+) +(\d+)%", output_after("def relative_errors"))
    assert [int(row[-1]) >= 94 for row in rows] == [True] * 3
    assert [[float(e) > 0.5 if "<" not in e else False for e in row[:-1]] for row in rows] == [
        [False, False, False],
        [False, True, False],
        [True, False, False],
    ]


def test_square_shapes_let_all_eight_products_fit():
    said = output_after("def fitting")
    assert "4, 2, 3: 1 of 8 products fit, 1 is dW" in said
    assert "3, 3, 3: 8 of 8 products fit, 1 is dW" in said


# ------------------------------------------------------------------ the widget

X, W, b = (
    [[1.0, 2.0], [-1.0, 3.0], [0.5, -2.0]],
    [[2.0, -1.0, 0.5, 1.0], [1.0, 3.0, -2.0, 0.0]],
    np.arange(4.0),
)
G = np.round(rng.normal(size=(3, 4)), 2)


def test_shape_flow_shows_the_layer_and_its_gradients_as_pytorch_has_them():
    flow = ShapeFlow(X, W, b, G)
    shown = {view.key: np.array(view.result.values) for view in flow.views}
    theirs = witness(lambda X, W, b: X @ W + b, G, X=X, W=W, b=b)
    close(shown["Y"], np.array(X) @ np.array(W) + b)
    close(shown["dX"], theirs["X"])
    close(shown["dW"], theirs["W"])
    close(shown["db"][0], theirs["b"])


def test_shape_flow_sums_the_axis_that_the_result_does_not_have():
    flow = ShapeFlow(X, W, b, G)
    assert {view.key: view.summed for view in flow.views} == {
        "Y": "D",
        "dX": "H",
        "dW": "N",
        "db": "N",
    }


def test_shape_flow_says_every_entry_with_its_numbers():
    text = ShapeFlow([[1, 2]], [[3], [4]], [5], [[-10]]).text
    assert "  Y[0, 0] = 1·3 + 2·4 + 5 = 16" in text
    assert "  dX[0, 1] = (−10)·4 = −40" in text
    assert "  dW[1, 0] = 2·(−10) = −20" in text


def test_shape_flow_without_an_upstream_gradient_shows_the_forward_pass_only():
    assert [view.key for view in ShapeFlow(X, W, b).views] == ["Y"]


def test_shape_flow_moves_from_python():
    flow = ShapeFlow(X, W, b, G)
    flow.view = "dW"
    flow.entry = (1, 3)
    assert flow.state == {"view": 2, "block": "P", "i": 1, "j": 3}


def test_shape_flow_is_a_picture_and_a_page_without_a_kernel():
    flow = ShapeFlow(X, W, b, G)
    bundle, _ = flow._repr_mimebundle_()
    assert "<img alt=" in bundle["text/html"] and "mount(el, " in bundle["text/html"]
    assert flow.svg.count("ag-cell ag-chosen") == 4  # one entry in each product


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((X, X, b), "X (N, D), W (D, H) and b (H,)"),
        ((X, W, [1.0]), "b (1,)"),
        ((X, W, b, np.ones((4, 3))), "the shape of Y, here (3, 4)"),
        ((np.ones((9, 2)), W, b), "1 to 8 rows"),
    ],
)
def test_shape_flow_refuses_arrays_that_make_no_layer_or_cannot_be_read(arguments, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        ShapeFlow(*arguments)


def test_shape_flow_refuses_an_entry_or_a_view_that_is_not_there():
    flow = ShapeFlow(X, W, b)
    with pytest.raises(ValueError, match="3 rows and 4 columns"):
        flow.entry = (3, 0)
    with pytest.raises(ValueError, match="Give G"):
        flow.view = "dW"
