"""Week 9: every exercise as stub, as reference, as each known mistake, right in other styles, and
wrong in ways that nobody has listed; half-written engines; formulas and claims of the notebook.
"""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from cells import written
from torch.nn import functional as F
from week09_answers import HALF_SLIPS, NOTEBOOK, RIGHT, TENSOR_SLIPS, WRONG

from helpers import Graph, Stepper
from helpers.attempt import stub_of
from helpers.engine.scalar import topological_order
from helpers.engine.tensor import Tensor
from helpers.exercise import Exercise
from helpers.weeks import week09
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week03_rules import unbroadcast
from helpers.weeks.week09_planted import PLANTED

PAGE = Path(__file__).parent.parent / "notebooks" / "week09_tensor_engine.ipynb"
TASKS = {task.name: task for task in week09.all}
TYPED = {name: task for name, task in TASKS.items() if isinstance(task, Exercise)}
CELL = dict(np=np, unbroadcast=unbroadcast, topological_order=topological_order)
EXACT = 1e-12


def each(table):
    """(exercise, *entry) for each entry of a table by exercise and label."""
    return [
        pytest.param(name, *([entry] if isinstance(entry, str) else entry), id=f"{name}: {label}")
        for name, entries in table.items()
        for label, entry in entries.items()
    ]


def tensor_of(source):
    return written(source, "Tensor", **CELL)


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(PAGE, as_version=4)


# ------------------------------------------------------------------ the states of the exercises


def test_the_exercises_are_those_of_the_syllabus():
    assert list(TASKS) == [
        "accumulate", "max_backward", "embedding_backward", "log_softmax_entries", "log_softmax",
        "cross_entropy", "check_op", "Tensor",
    ]  # fmt: skip


@pytest.mark.parametrize("name", TASKS)
def test_stub_reference_and_known_mistakes_are_told_apart(name):
    assert TASKS[name].self_check() == []


@pytest.mark.parametrize("name", [name for name in TYPED if name != "Tensor"])
def test_a_known_mistake_is_explained_by_its_own_words(name):
    for mistake in TYPED[name].mistakes:
        assert TYPED[name].check(mistake.attempt).message.startswith(mistake.explanation)


@pytest.mark.parametrize("name", TYPED)
def test_the_stub_is_not_attempted(name):
    assert TYPED[name].check(stub_of(TYPED[name].reference)).status == "not attempted"


@pytest.mark.parametrize(("name", "source"), each(RIGHT))
def test_a_right_answer_in_another_style_passes(name, source):
    verdict = TYPED[name].check(written(source, name, **CELL))
    assert verdict.status == "passed", verdict


@pytest.mark.parametrize(("name", "changes", "words"), each(WRONG))
def test_an_unlisted_wrong_answer_fails_and_is_told_what_is_wrong(name, changes, words):
    verdict = TYPED[name].check(rewritten(TYPED[name].reference, *changes))
    assert verdict.status == "failed"
    assert words in str(verdict)


@pytest.mark.parametrize(("code", "old", "new", "words"), TENSOR_SLIPS.values(), ids=TENSOR_SLIPS)
def test_a_slip_in_the_learners_engine_is_named(code, old, new, words):
    assert old in NOTEBOOK
    verdict = TYPED["Tensor"].check(tensor_of(NOTEBOOK.replace(old, new)))
    assert (verdict.status, verdict.mistake) == ("failed", code), verdict
    assert words in str(verdict)


def test_the_verdict_names_the_operation_and_its_shapes():
    wrong = NOTEBOOK.replace("G * other.data, G * self.data", "G * self.data, G * other.data")
    assert TYPED["Tensor"].check(tensor_of(wrong)).case == "a * b, shapes (2, 3) and (2, 3)"


@pytest.mark.parametrize(
    "lines",
    [
        dict(S="e1+e2+e3", dS="-g1/S - g2/S - g3/S", dz1="g1 - e1/S*(g1+g2+g3)", dz3="g3 + dS*e3"),
        dict(S=3.2380037, dS=-0.555898, dz1=0.5834787, dz3=0.0210247),
    ],
)
def test_right_pencil_work_in_another_form_passes(lines):
    verdict = TASKS["log_softmax_entries"].check(**lines)
    assert verdict.status == "passed", verdict


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (dict(S="e1 + e2"), "`S`"),
        (dict(S="e1+e2+e3", dS="(g1+g2+g3)/S"), "larger S"),
        (dict(S="e1+e2+e3", dS="-(g1+g2+g3)/S", dz1="g1 - dS*e1"), "its minus already"),
        (dict(S="e1+e2+e3", dS="-(g1+g2+g3)/S", dz1="g1"), "one path of several"),
    ],
)
def test_a_slip_of_the_pencil_is_found_on_its_own_line(lines, words):
    verdict = TASKS["log_softmax_entries"].check(**lines)
    assert verdict.status == "failed" and words in str(verdict)


# ------------------------------------------------------------------ half an engine

HALF = NOTEBOOK.split("        def exp(self)")[0] + (
    "        def exp(self): ...\n\n        def backward" + NOTEBOOK.split("        def backward")[1]
)


def test_half_an_engine_is_tried_as_far_as_it_goes():
    verdict = TYPED["Tensor"].check(tensor_of(HALF))
    assert verdict.status == "not attempted"
    assert "`exp`" in verdict.message and "is right, on the 43 of" in verdict.message


def test_a_wrong_rule_in_half_an_engine_is_named():
    wrong = HALF.replace("G * other.data, G * self.data", "G * self.data, G * other.data")
    assert "its *own* array" in TYPED["Tensor"].check(tensor_of(wrong)).message


@pytest.mark.parametrize(("old", "new", "words"), HALF_SLIPS.values(), ids=HALF_SLIPS)
def test_a_slip_in_half_an_engine_is_named(old, new, words):
    assert old in HALF
    assert words in TYPED["Tensor"].check(tensor_of(HALF.replace(old, new))).message


def test_the_solution_passes_in_a_cell(capsys):
    written(TYPED["Tensor"].solution_cell(), "Tensor", ex=week09, **CELL)
    assert "✓" in capsys.readouterr().out


def test_a_learners_engine_comes_back_from_its_kept_source():
    from helpers.portable import portable_source, revive

    source = portable_source(tensor_of(NOTEBOOK), "Tensor")
    own, outcome = revive(source, "Tensor", "<kept>")
    assert outcome.problem is None and TYPED["Tensor"].check(own).status == "passed"


# ------------------------------------------------------------------ references against PyTorch


def off(got, right):
    got, right = np.asarray(got), np.asarray(right)
    assert got.shape == right.shape
    return np.abs(got - right).max(initial=0) / max(np.abs(right).max(initial=0), 1e-2)


def gradient(f, *inputs, G):
    tensors = [torch.tensor(x, requires_grad=True) for x in inputs]
    f(*tensors).backward(torch.tensor(G))
    return [x.grad.numpy() for x in tensors]


@pytest.mark.parametrize("case", TYPED["max_backward"].cases, ids=lambda case: case.label)
def test_max_backward_agrees_with_amax(case):
    X, G, axis, keepdims = case.args
    dims = tuple(range(X.ndim)) if axis is None else axis
    right = gradient(lambda X: X.amax(dims, keepdim=keepdims), X, G=G)[0]
    assert off(week09.max_backward.reference(X, G, axis, keepdims), right) < EXACT


@pytest.mark.parametrize("case", TYPED["embedding_backward"].cases, ids=lambda case: case.label)
def test_embedding_backward_agrees_with_pytorch(case):
    E, idx, G = case.args
    right = gradient(lambda E: E[torch.tensor(idx)], E, G=G)[0]
    assert off(week09.embedding_backward.reference(E, idx, G), right) < EXACT


@pytest.mark.parametrize("shape", [(1, 3), (4, 3), (3, 3), (2, 2, 3)])
def test_log_softmax_agrees_with_pytorch(shape):
    rng = np.random.default_rng(0)
    Z, G = rng.standard_normal(shape), rng.standard_normal(shape)
    value, vjp = week09.log_softmax.reference(Z)
    assert off(value, torch.log_softmax(torch.tensor(Z), -1).numpy()) < EXACT
    assert off(vjp(G)[0], gradient(lambda Z: torch.log_softmax(Z, -1), Z, G=G)[0]) < EXACT


@pytest.mark.parametrize(("n", "c"), [(1, 3), (4, 3), (3, 3), (6, 10)])
def test_cross_entropy_agrees_with_pytorch(n, c):
    rng = np.random.default_rng(n)
    Z, t = rng.standard_normal((n, c)), rng.integers(0, c, n)
    value, vjp = week09.cross_entropy.reference(Z, t)
    target = torch.tensor(t)
    assert value == pytest.approx(F.cross_entropy(torch.tensor(Z), target).item(), rel=EXACT)
    right = gradient(lambda Z: F.cross_entropy(Z, target), Z, G=np.float64(-0.7))[0]
    assert off(vjp(-0.7)[0], right) < EXACT


OPS = {
    "a + b": (lambda a, b: a + b, (2, 3), (3,)),
    "a * b": (lambda a, b: a * b, (3, 3), (3, 1)),
    "a / b": (lambda a, b: a / b, (2, 3), (1, 3)),
    "a @ b": (lambda a, b: a @ b, (2, 3), (3, 4)),
    "a @ b, a stack": (lambda a, b: a @ b, (2, 3, 4), (4, 2)),
    "sum": (lambda a: a.sum(1), (2, 3)),
    "mean": (lambda a: a.mean(0), (3, 3)),
    "tanh": (lambda a: a.tanh(), (2, 3)),
    "relu": (lambda a: a.relu(), (2, 3)),
    "a[[0, 2, 0]]": (lambda a: a[[0, 2, 0]], (3, 2)),
    "reshape": (lambda a: a.reshape(3, 2), (2, 3)),
}


@pytest.mark.parametrize("engine", [Tensor, "notebook"], ids=["course", "notebook"])
@pytest.mark.parametrize("name", OPS)
def test_an_operation_of_a_passing_engine_is_that_of_pytorch(name, engine):
    engine = tensor_of(NOTEBOOK) if engine == "notebook" else engine
    f, *shapes = OPS[name]
    rng = np.random.default_rng(1)
    arrays = [rng.standard_normal(shape) for shape in shapes]
    leaves = [engine(x.copy()) for x in arrays]
    out = f(*leaves)
    G = rng.standard_normal(out.data.shape)
    out.backward(G)
    for leaf, right in zip(leaves, gradient(f, *arrays, G=G)):
        assert off(leaf.grad, right) < EXACT


# ------------------------------------------------------------------ what the checker is tried on


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.name)
def test_a_planted_operation_is_what_it_is_said_to_be(planted):
    """Exact slopes by a complex step, which the operations' own forward functions allow."""
    rng = np.random.default_rng(4)
    arrays = [rng.standard_normal(shape) for shape in planted.shapes]
    value, vjp = planted.op(*arrays)
    G = rng.standard_normal(np.shape(value))
    grads = vjp(G)
    fits = [np.shape(g) for g in grads] == [x.shape for x in arrays]
    for k, (x, g) in enumerate(zip(arrays, grads)):
        v = rng.standard_normal(x.shape)
        moved = [a + 1e-30j * v if i == k else a for i, a in enumerate(arrays)]
        slope = np.sum(G * planted.op(*moved)[0]).imag / 1e-30
        fits = fits and np.allclose(np.sum(g * v), slope, rtol=1e-9, atol=0 if slope else 1e-300)
    assert fits == planted.right


def test_the_text_counts_the_planted_operations(notebook):
    right = sum(planted.right for planted in PLANTED)
    said = f"{right} right operations that it must accept, and on {len(PLANTED) - right} wrong ones"
    assert said in prose(notebook)


# ------------------------------------------------------------------ graphs of arrays


def layer(engine, X):
    rng = np.random.default_rng(2)
    W, b = engine(rng.standard_normal((3, 5))), engine(np.zeros(5))
    loss = (X @ W + b).relu().mean()
    return loss, dict(X=X, W=W, b=b, loss=loss)


ENGINES = {
    "course": lambda: Tensor,
    "notebook": lambda: tensor_of(NOTEBOOK),
    "in place": lambda: tensor_of(RIGHT["Tensor"]["gradients in place"]),
    "closures": lambda: tensor_of(RIGHT["Tensor"]["closures"]),
}
every_engine = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)


@pytest.mark.parametrize("engine", list(ENGINES.values())[:3], ids=list(ENGINES)[:3])
def test_a_constant_is_called_by_its_variable_and_a_product_is_written_between_its_operands(engine):
    X = np.ones((4, 3))
    graph = Graph.record(*layer(engine(), X))
    assert str(graph.nodes[2]).startswith("Node(t1 = X @ W = (4, 5) ‖")


@every_engine
def test_every_push_on_a_graph_of_arrays_has_the_shape_of_its_target(engine):
    X = np.ones((4, 3))
    graph = Graph.record(*layer(engine(), X))
    shapes = {(p.parent.label, getattr(p.amount, "shape", ())) for p in graph.backward_steps()}
    assert {("b", (5,)), ("W", (3, 5)), ("t1", (4, 5))} <= shapes


@every_engine
def test_a_gradient_that_is_reached_twice_adds_up_in_the_stepper(engine):
    engine = engine()
    x, y = engine([1.0, 2.0]), engine([3.0, 4.0])
    s = x + y
    L = ((s + x) * 2.0).sum()
    steps = Stepper(L, names=dict(x=x, y=y, s=s, L=L)).steps
    to_x = [step.text for step in steps if step.text.startswith("∂L/∂x")]
    assert len(to_x) == 2 and to_x[1].endswith("that was there: (2,) ‖5.657‖")


@every_engine
def test_the_stepper_leaves_gradients_as_they_were(engine):
    engine = engine()
    x = engine([1.0, 2.0])
    L = (x * x).sum()
    before = x.grad
    Stepper(L, names=dict(x=x, L=L))
    assert x.grad is before


def test_a_constant_has_no_gradient_in_the_stepper():
    loss, names = layer(Tensor, np.ones((4, 3)))
    stepper = Stepper(loss, names=names)
    given = stepper.data["variants"][0]["start"]["nodes"]
    without = [node.label for node in Graph.record(loss, names).nodes if node.index not in given]
    assert without == ["X"] and "∂ –" in stepper.svg


def test_an_aliased_engine_shows_what_y_really_gets():
    x, y = week09.aliased_Tensor([1.0, 2.0]), week09.aliased_Tensor([3.0, 4.0])
    s = x + y
    L = ((s + x) * 0.5).sum()
    steps = [step.text for step in Stepper(L, names=dict(x=x, y=y, s=s, L=L)).steps]
    assert steps[-1] == "∂L/∂y += ∂L/∂s · ∂s/∂y = (2,) ‖1.414‖"
    assert not any(step.startswith("∂L/∂s") for step in steps[-2:])


# ------------------------------------------------------------------ what the notebook says


def prose(notebook):
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return re.sub(r"\s+", " ", "\n".join(cells))


def outputs(notebook):
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
    return "\n".join(found)


def table(notebook):
    """The code of every row of the table of VJPs, by the operation."""
    rows = re.findall(
        r"^\| ([^|]+?) \| `([^`]+)` \|.*\|$",
        "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown"),
        re.M,
    )
    return dict(rows)


ROWS = {
    "a + b": (lambda a, b: a + b, [(2, 3), (2, 3)]),
    "a · b": (lambda a, b: a * b, [(2, 3), (2, 3)]),
    "aⁿ": (lambda a: a**3, [(2, 3)]),
    "exp a": (torch.exp, [(2, 3)]),
    "log a": (lambda a: torch.log(a), [(2, 3)]),
    "tanh a": (torch.tanh, [(2, 3)]),
    "relu a": (torch.relu, [(2, 3)]),
    "A @ B": (lambda a, b: a @ b, [(3, 3), (3, 3)]),
    "sum over an axis": (lambda a: a.sum(1), [(2, 3)]),
    "mean over an axis": (lambda a: a.mean(1), [(2, 3)]),
    "reshape": (lambda a: a.reshape(3, 2), [(2, 3)]),
    "transpose": (lambda a: a.permute(2, 0, 1), [(2, 3, 4)]),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_rule_in_the_table_is_that_of_pytorch(notebook, name):
    f, shapes = ROWS[name]
    rng = np.random.default_rng(3)
    arrays = [rng.uniform(0.2, 2.0, shape) for shape in shapes]
    if name == "relu a":
        arrays = [x - 1.0 for x in arrays]
    out = f(*map(torch.tensor, arrays)).numpy()
    G = rng.standard_normal(out.shape)
    known = dict(zip("ab", arrays)) | dict(zip("AB", arrays))
    known |= dict(np=np, G=G, e=out, t=out, n=3, axis=1, axes=(2, 0, 1))
    for got, right in zip(
        eval(table(notebook)[name], known), gradient(f, *arrays, G=G), strict=True
    ):
        assert off(got, right) < EXACT


def test_every_rule_in_the_table_is_tested(notebook):
    assert set(table(notebook)) == set(ROWS)


@pytest.mark.parametrize(
    "line",
    [
        r"one node for each number: 65,140",
        r"one node for each array : 21, 12 of them computed",
        r"Value +0\.96880\d+ 0\.78508\d+ 0\.55270\d+\nTensor +0\.96880",
        r"composed +8 computed nodes, the same gradient as yours: True",
        r"Value keeps more than 40 times what Tensor keeps: True",
        r"Value takes more than 20 times as long as Tensor: True",
        r"PyTorch on whole numbers: Only Tensors of floating point",
    ],
)
def test_a_claim_of_the_text_stands_in_an_output(notebook, line):
    assert re.search(line, outputs(notebook))


def test_the_three_engines_agree_in_every_printed_digit(notebook):
    rows = re.findall(r"^(?:Value|Tensor|PyTorch) +(0\.\d{10} .*)$", outputs(notebook), re.M)
    assert len(rows) == 3 and len(set(rows)) == 1
