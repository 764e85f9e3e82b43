"""Week 4: every exercise as stub, as reference, as each known mistake, right in other styles, and
wrong in ways that nobody has listed; every formula of the notebook against PyTorch.
"""

import inspect
import math
import re
import textwrap
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from cells import written
from torch.nn import functional as F
from week04_answers import KNOWN, RIGHT, WRONG
from week04_tired import ANSWERS, LINES

from helpers.attempt import stub_of
from helpers.exercise import Exercise
from helpers.weeks import week04
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week04_cases import exit_cases, network_cases
from helpers.weeks.week04_clock import Clock

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "week04_network_by_hand.ipynb"
TASKS = {task.name: task for task in week04.all}
TYPED = {name: task for name, task in TASKS.items() if isinstance(task, Exercise)}
EXACT = 1e-12


def each(table):
    """(exercise, *entry) for each entry of a table by exercise and label."""
    return [
        pytest.param(name, *([entry] if isinstance(entry, str) else entry), id=f"{name}: {label}")
        for name, entries in table.items()
        for label, entry in entries.items()
    ]


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


# ------------------------------------------------------------------ the states of the exercises


def test_the_exercises_are_those_of_the_syllabus():
    assert list(TASKS) == [
        "slopes", "activation_backward", "logsumexp", "softmax_vjp", "one_sample",
        "cross_entropy_grad", "two_classes", "mse_grad", "tiny_network", "two_layer_grads",
        "train_two_layer", "overfit_small_batch", "exit_test",
    ]  # fmt: skip


@pytest.mark.parametrize("name", [name for name in TASKS if name not in TYPED])
def test_pencil_work_is_in_order(name):
    assert TASKS[name].self_check() == []


@pytest.mark.parametrize("name", TYPED)
def test_the_reference_passes(name):
    assert TYPED[name].check(TYPED[name].reference).status == "passed"


@pytest.mark.parametrize("name", TYPED)
def test_a_known_mistake_is_named_and_explained_by_its_own_words(name):
    for mistake in TYPED[name].mistakes:
        verdict = TYPED[name].check(mistake.attempt)
        assert (verdict.status, verdict.mistake) == ("failed", mistake.code), verdict
        assert verdict.message.startswith(mistake.explanation), verdict


@pytest.mark.parametrize("name", TYPED)
def test_the_stub_is_not_attempted(name):
    assert TYPED[name].check(stub_of(TYPED[name].reference)).status == "not attempted"


@pytest.mark.parametrize("name", TYPED)
def test_there_are_two_other_right_styles_and_three_unlisted_wrong_answers(name):
    assert len(RIGHT[name]) >= 2 and len(WRONG[name]) >= 3


@pytest.mark.parametrize(("name", "source"), each(RIGHT))
def test_a_right_answer_in_another_style_passes(name, source):
    verdict = TYPED[name].check(written(source, name, np=np))
    assert verdict.status == "passed", verdict


@pytest.mark.parametrize(("name", "code", "source"), each(KNOWN))
def test_a_known_mistake_in_another_style_is_named(name, code, source):
    verdict = TYPED[name].check(written(source, name, np=np))
    assert (verdict.status, verdict.mistake) == ("failed", code), verdict


@pytest.mark.parametrize(("name", "changes", "words"), each(WRONG))
def test_an_unlisted_wrong_answer_fails_and_is_told_what_is_wrong(name, changes, words):
    verdict = TYPED[name].check(rewritten(TYPED[name].reference, *changes))
    assert verdict.status == "failed"
    assert words in str(verdict)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("slopes", dict(dtanh="(1-h)(1+h)", dsigmoid="s - s²", dsoftplus="sigmoid(z)",
                        dsilu="s*(1 + z*(1-s))")),
        ("slopes", dict(dtanh="1 - tanh(z)^2", dsigmoid="exp(-z)/(1+exp(-z))^2",
                        dsoftplus="exp(z)/(1+exp(z))", dsilu="s + z*dsigmoid")),
        ("one_sample", dict(dS="1/S", dz0="e0/S", dz1="e1/S - 1", dz2="e2/S")),
        ("one_sample", dict(dS=0.10632, dz0=0.17529, dz1=-0.2144, dz2=0.03911)),
        ("two_classes", dict(dp="(p - t)/(p*(1-p))", slope="p - p²", dz="sigmoid(z) - t")),
        ("two_classes", dict(dp=-1.6065, slope=0.235, dz=-0.37754)),
        ("tiny_network", dict(dz2="p-t", dw2="(p-t)*h", db2="p-t", dh="(p-t)w2", dz1="m*dh",
                              dw1="x*dz1", db1="m*w2*(p-t)")),
        ("tiny_network", dict(dz2=-0.7558, dw2=-0.9826, db2=-0.7558, dh=0.8314, dz1=0.8314,
                              dw1=1.2471, db1=0.8314)),
    ],
)  # fmt: skip
def test_right_pencil_work_in_another_form_passes(name, lines):
    verdict = TASKS[name].check(**lines)
    assert verdict.status == "passed", verdict


@pytest.mark.parametrize(
    ("name", "lines", "words"),
    [
        ("slopes", dict(dtanh="1 - h^2", dsigmoid="2s*(1-s)"), "2.0 times the right one"),
        ("slopes", dict(dsoftplus="s*z"), "at z = 0, where h = 0 and s = ½"),
        ("slopes", dict(dtanh="1 - h"), "the right one: tanh has 1 − h²"),
        ("slopes", dict(dtanh="h*(1 - h)"), "have changed places"),
        ("slopes", dict(dsigmoid="1 - s^2"), "have changed places"),
        ("slopes", dict(dsoftplus="log(1 + exp(z))"), "the output itself"),
        ("slopes", dict(dsoftplus="1/(1 + exp(z))"), "The exp inside moves"),
        ("slopes", dict(dsoftplus="s - s^2"), "*its* slope is the sigmoid"),
        ("slopes", dict(dsilu="s"), "with s held still"),
        ("slopes", dict(dsilu="z*s*(1 - s)"), "add 1·s"),
        ("slopes", dict(dsilu="s*(2 - s)"), "the factor z is lost"),
        ("slopes", dict(dsilu="z*s"), "the output itself"),
        ("one_sample", dict(dS="S - 1"), "`dS`"),
        ("one_sample", dict(dS="1/S", dz1="dS*e1 - dS"), "`dz1`"),
        ("one_sample", dict(dS="1/S", dz1="dS*e1-1", dz2="-dS*e2"), "wrong sign"),
        ("one_sample", dict(dS="1/S", dz0="dS*e0 - 1"), "Classes are counted from 0"),
        ("one_sample", dict(dS="log(S)"), "the logarithm itself"),
        ("two_classes", dict(dp="-1/p"), "For t = 0 the other term"),
        ("two_classes", dict(dp="-t/p - (1-t)/(1-p)"), "turns the second term around"),
        ("two_classes", dict(dp="-t*log(p)"), "`dp`"),
        ("two_classes", dict(slope="p*(1+p)"), "`slope`"),
        ("two_classes", dict(dz="t - p"), "turned around"),
        ("two_classes", dict(dz="dp"), "still missing as a factor"),
        ("two_classes", dict(dz="(p - t)*slope"), "has been used"),
        ("tiny_network", dict(dz2="p*(1-p)"), "`dz2`"),
        ("tiny_network", dict(dz2="p - t", dw2="dz2*h*w2"), "`dw2`"),
        ("tiny_network", dict(dz2="p - t", dz1="dh*m*z1"), "not its output h"),
    ],
)
def test_a_slip_of_the_pencil_is_found_on_its_own_line(name, lines, words):
    verdict = TASKS[name].check(**lines)
    assert verdict.status == "failed" and words in str(verdict)


@pytest.mark.parametrize("name, code, words, body", ANSWERS)
def test_a_tired_answer_is_told_what_is_wrong(name, code, words, body):
    arguments = ", ".join(inspect.signature(TYPED[name].reference).parameters)
    cell = f"def {name}({arguments}):\n{textwrap.indent(textwrap.dedent(body), '    ')}"
    verdict = TYPED[name].check(written(cell, name, np=np))
    assert (verdict.status, verdict.mistake) == ("failed", code), verdict
    assert words in verdict.message


@pytest.mark.parametrize("name, line, formula, code", LINES)
def test_a_tired_line_is_named(name, line, formula, code):
    right = {line: answer.text for line, answer in TASKS[name].answers.items()}
    assert TASKS[name].check(**(right | {line: formula})).mistake == code


# ------------------------------------------------------------------ references against PyTorch


def off(got, right):
    """Relative error in the norm."""
    got, right = np.asarray(got), np.asarray(right)
    assert got.shape == right.shape
    return np.linalg.norm(got - right) / max(np.linalg.norm(right), 1e-300)


def leaves(params):
    return {k: torch.tensor(p, dtype=torch.float64, requires_grad=True) for k, p in params.items()}


@pytest.mark.parametrize("case", network_cases(), ids=lambda case: case.label)
def test_two_layer_grads_agree_with_autograd(case):
    params, X, t = case.args
    p = leaves(params)
    scores = torch.relu(torch.tensor(X) @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    loss = F.cross_entropy(scores, torch.tensor(t))
    loss.backward()
    got = week04.two_layer_grads.reference(params, X, t)
    assert got["loss"] == pytest.approx(loss.item(), rel=EXACT)
    assert max(off(got["d" + name], leaf.grad.numpy()) for name, leaf in p.items()) < EXACT


@pytest.mark.parametrize("case", exit_cases(), ids=lambda case: case.label)
def test_exit_test_agrees_with_autograd(case):
    params, X, t = case.args
    p = leaves({**params, "X": X})
    H = torch.tanh(p["X"] @ p["W1"] + p["b1"])
    loss = F.cross_entropy(H @ p["W2"] + p["X"] @ p["W3"] + p["b2"], torch.tensor(t))
    loss.backward()
    got = week04.exit_test.reference(params, X, t)
    assert got["loss"] == pytest.approx(loss.item(), rel=EXACT)
    assert max(off(got["d" + name], leaf.grad.numpy()) for name, leaf in p.items()) < EXACT


@pytest.mark.parametrize("case", [*network_cases(), *exit_cases()], ids=lambda case: case.label)
def test_no_case_stands_near_a_kink_or_has_a_gradient_that_is_all_zero(case):
    params, X, t = case.args
    assert np.abs(X @ params["W1"] + params["b1"]).min() > 1e-3
    task = week04.exit_test if "W3" in params else week04.two_layer_grads
    assert all(np.abs(g).max() > 1e-8 for g in task.reference(params, X, t).values())


def test_train_two_layer_follows_torch_optim():
    rng = np.random.default_rng(1)
    X, t = rng.standard_normal((9, 3)), rng.integers(0, 4, 9)
    start = {"W1": rng.standard_normal((3, 5)), "b1": rng.standard_normal(5),
             "W2": rng.standard_normal((5, 4)), "b2": rng.standard_normal(4)}  # fmt: skip
    p = leaves(start)
    optimizer, losses = torch.optim.SGD(p.values(), lr=0.3), []
    for _ in range(10):
        optimizer.zero_grad()
        scores = torch.relu(torch.tensor(X) @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
        loss = F.cross_entropy(scores, torch.tensor(t))
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
    grads_of = week04.two_layer_grads.reference
    params, got = week04.train_two_layer.reference(grads_of, start, X, t, 0.3, 10)
    np.testing.assert_allclose(got, losses, rtol=EXACT)
    assert max(off(params[name], leaf.detach().numpy()) for name, leaf in p.items()) < EXACT


# ------------------------------------------------------------------ formulas of the notebook


@pytest.fixture(scope="module")
def formulas(notebook):
    """The code of every row of a table in the notebook, by the row's name."""
    found = {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for name, code in re.findall(
                r"^\| ([^|]+?) \|(?:.*\|)? `([^`]+)` \|$", cell.source, re.M
            ):
                assert name not in found
                found[name] = code
    return found


def gradient(f, *inputs, G=None):
    """PyTorch's gradients of f, with an upstream gradient."""
    tensors = [torch.tensor(x, requires_grad=True) for x in inputs]
    out = f(*tensors)
    out.backward(torch.ones_like(out) if G is None else torch.tensor(G))
    return [x.grad.numpy() for x in tensors]


def draw(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


ACTIVATIONS = {
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "silu": F.silu,
    "exp": torch.exp,
    "log": torch.log,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_slope_in_the_notebook_is_that_of_pytorch(formulas, name):
    z, G = draw((4, 3), (4, 3))
    z = np.abs(z) if name == "log" else z
    h = ACTIVATIONS[name](torch.tensor(z)).numpy()
    known = {"np": np, "z": z, "h": h, "s": 1 / (1 + np.exp(-z))}
    slope = eval(formulas[name], known)
    assert off(G * slope, gradient(ACTIVATIONS[name], z, G=G)[0]) < EXACT


def losses():
    """For each derivation with a table: the names in its code, and PyTorch's gradient."""
    Z, G, g, A, B = draw((5, 3), (5, 3), (5,), (5, 2), (5, 2), seed=1)
    t = np.array([0, 2, 1, 1, 2])
    y = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    E = np.exp(Z)
    P = E / E.sum(axis=1, keepdims=True)
    rows = dict(np=np, P=P, Y=np.eye(3)[t], N=5, G=G, A=A, B=B)
    lone = dict(rows, G=g, p=1 / (1 + np.exp(-Z[:, 0])), t=y)
    target = torch.tensor(t)

    jacobian = torch.autograd.functional.jacobian(lambda z: z.softmax(0), torch.tensor(Z[0]))

    def cross_entropy(reduction):
        return lambda Z: F.cross_entropy(Z, target, reduction=reduction)

    def binary(z, reduction="mean"):
        return F.binary_cross_entropy_with_logits(z, torch.tensor(y), reduction=reduction)

    def of_probabilities(p):
        return F.binary_cross_entropy(p, torch.tensor(y), reduction="sum")

    return {
        "logsumexp": (lone, gradient(lambda Z: torch.logsumexp(Z, 1), Z, G=g)[0]),
        "softmax, J of a row": (dict(np=np, p=P[0]), jacobian.numpy()),
        "softmax": (rows, gradient(lambda Z: torch.softmax(Z, 1), Z, G=G)[0]),
        "log_softmax": (rows, gradient(lambda Z: torch.log_softmax(Z, 1), Z, G=G)[0]),
        "cross-entropy, mean": (rows, gradient(cross_entropy("mean"), Z)[0]),
        "cross-entropy, sum": (rows, gradient(cross_entropy("sum"), Z)[0]),
        "cross-entropy, none": (lone, gradient(cross_entropy("none"), Z, G=g)[0]),
        "binary, dp": (lone, gradient(of_probabilities, lone["p"])[0]),
        "binary, dz": (lone, gradient(lambda z: binary(z, "sum"), Z[:, 0].copy())[0]),
        "binary, mean": (lone, gradient(binary, Z[:, 0].copy())[0]),
        "squared error, dA": (rows, gradient(F.mse_loss, A, B)[0]),
        "squared error, dB": (rows, gradient(F.mse_loss, A, B)[1]),
    }


@pytest.mark.parametrize("name", losses())
def test_a_derivation_in_the_notebook_is_that_of_pytorch(formulas, name):
    known, right = losses()[name]
    assert off(eval(formulas[name], known), right) < EXACT


def autograd_at(f, **point):
    """The derivative of f by each of its inputs, as PyTorch has it."""
    tensors = {
        k: torch.tensor(x, dtype=torch.float64, requires_grad=True) for k, x in point.items()
    }
    f(**tensors).backward()
    return {k: tensor.grad.item() for k, tensor in tensors.items()}


def lines_of(name, **values):
    """The right lines of pencil work, read as code, each with the right lines above it."""
    for line, formula in TASKS[name].answers.items():
        values[line] = formula.at(values)
    return values


@pytest.mark.parametrize("z", [-1.7, -0.3, 0.4, 2.2])
def test_the_lines_of_slopes_are_those_of_pytorch(z):
    """D9."""
    got = lines_of("slopes", z=z, h=math.tanh(z), s=1 / (1 + math.exp(-z)))
    for name in ("tanh", "sigmoid", "softplus", "silu"):
        right = autograd_at(lambda z, name=name: ACTIVATIONS[name](z), z=z)["z"]
        assert abs(got[f"d{name}"] - right) < EXACT, name


@pytest.mark.parametrize("scores", [(0.0, 1.0, -1.0), (2.5, -0.5, 0.25)])
def test_the_lines_of_one_sample_are_those_of_pytorch(scores):
    """D10 and D12, for a sample of class 1."""
    z = dict(zip(("z0", "z1", "z2"), scores))
    e = {f"e{i}": math.exp(score) for i, score in enumerate(scores)}
    got = lines_of("one_sample", S=sum(e.values()), **e)
    right = autograd_at(
        lambda **z: F.cross_entropy(torch.stack([*z.values()]), torch.tensor(1)), **z
    )
    assert all(abs(got[f"d{name}"] - right[name]) < EXACT for name in z)
    dS = autograd_at(lambda S: S.log() - scores[1], S=got["S"])["S"]
    assert abs(got["dS"] - dS) < EXACT


@pytest.mark.parametrize("z, t", [(0.5, 1.0), (0.5, 0.0), (-1.3, 1.0), (-1.3, 0.0)])
def test_the_lines_of_two_classes_are_those_of_pytorch(z, t):
    """D12 for two classes."""
    p, target = 1 / (1 + math.exp(-z)), torch.tensor(t, dtype=torch.float64)
    got = lines_of("two_classes", z=z, t=t, p=p)
    by_p = autograd_at(lambda p: F.binary_cross_entropy(p, target), p=p)["p"]
    by_z = autograd_at(lambda z: F.binary_cross_entropy_with_logits(z, target), z=z)["z"]
    slope = autograd_at(lambda z: torch.sigmoid(z), z=z)["z"]
    assert max(abs(got["dp"] - by_p), abs(got["slope"] - slope), abs(got["dz"] - by_z)) < EXACT


@pytest.mark.parametrize("t", [0.0, 1.0])
@pytest.mark.parametrize("b1", [0.1, -2.5])
def test_the_lines_of_the_tiny_network_are_those_of_pytorch(b1, t):
    """D17 with one unit, with the ReLU open and closed."""
    given = dict(x=1.5, w1=0.8, b1=b1, w2=-1.1, b2=0.3)
    leaves = {k: torch.tensor(v, dtype=torch.float64, requires_grad=True) for k, v in given.items()}
    z1 = leaves["w1"] * leaves["x"] + leaves["b1"]
    h = torch.relu(z1)
    z2 = leaves["w2"] * h + leaves["b2"]
    on_the_way = dict(z1=z1, h=h, z2=z2)
    for tensor in on_the_way.values():
        tensor.retain_grad()
    target = torch.tensor(t, dtype=torch.float64)
    F.binary_cross_entropy_with_logits(z2, target).backward()
    known = {k: tensor.item() for k, tensor in on_the_way.items()}
    known |= dict(t=t, m=float(known["z1"] > 0), p=1 / (1 + math.exp(-known["z2"])))
    got = lines_of("tiny_network", **given, **known)
    for line in TASKS["tiny_network"].answers:
        right = {**leaves, **on_the_way}[line[1:]].grad.item()
        assert abs(got[line] - right) < EXACT, line


def test_the_backward_pass_in_the_notebook_is_that_of_pytorch(formulas):
    """D17, line by line in the order of the table, each with the lines above it."""
    X, W1, b1, W2, b2 = draw((7, 5), (5, 6), (6,), (6, 4), (4,), seed=2)
    t = np.arange(7) % 4
    tensors = {k: torch.tensor(v, requires_grad=True) for k, v in
               dict(W1=W1, b1=b1, W2=W2, b2=b2).items()}  # fmt: skip
    Z1 = torch.tensor(X) @ tensors["W1"] + tensors["b1"]
    H = torch.relu(Z1)
    Z2 = H @ tensors["W2"] + tensors["b2"]
    on_the_way = dict(Z1=Z1, H=H, Z2=Z2)
    for tensor in on_the_way.values():
        tensor.retain_grad()
    F.cross_entropy(Z2, torch.tensor(t)).backward()
    known = dict(X=X, W2=W2, N=7, Y=np.eye(4)[t], P=torch.softmax(Z2, 1).detach().numpy())
    known |= {name: tensor.detach().numpy() for name, tensor in on_the_way.items()}
    for line in ("dZ2", "dW2", "db2", "dH", "dZ1", "dW1", "db1"):
        known[line] = eval(formulas[line], known)
        right = {**tensors, **on_the_way}[line[1:]].grad.numpy()
        assert off(known[line], right) < EXACT, line


def test_every_formula_in_the_notebook_is_tested(formulas):
    tested = {*ACTIVATIONS, *losses(), "dZ2", "dW2", "db2", "dH", "dZ1", "dW1", "db1"}
    assert set(formulas) == tested


# ------------------------------------------------------------------ what the notebook says


def outputs(notebook):
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
    return "".join(found)


def prose(notebook):
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return re.sub(r"\s+", " ", "\n".join(cells))


def test_the_counts_in_the_text_are_those_of_the_output(notebook):
    said = r"slip through: accuracy (\d+), 20 samples (\d+), gradient check (\d+) of 33"
    slipped = re.search(said, outputs(notebook))
    text = prose(notebook)
    assert (
        f"Accuracy lets {slipped[1]} pass, and learning 20 samples by heart lets {slipped[2]}"
        in text
    )
    assert slipped[3] == "0" and "The gradient check lets none pass" in text
    asked = next(cell.source for cell in notebook.cells if "of the 33 wrong ones" in cell.source)
    assert f'answer="{slipped[1]}"' in asked


def test_the_clinic_says_what_it_measured(notebook):
    many = int(
        re.search(r"more than 100% of the largest entry: (\d+) of 200", outputs(notebook))[1]
    )
    trained = int(re.search(r"`>= 0` trained: (\d+)% of the test digits", outputs(notebook))[1])
    assert "more than 100% in a third of the samples" in prose(notebook) and 60 <= many <= 73
    assert "nine digits out of ten" in prose(notebook) and 88 <= trained <= 92


def test_the_floor_of_a_double_softmax_is_what_pytorch_gives(notebook):
    perfect = torch.eye(10, dtype=torch.float64)
    floor = F.cross_entropy(perfect, torch.arange(10)).item()
    assert floor == pytest.approx(math.log(1 + 9 / math.e), rel=1e-14)
    assert f"{floor:.4f}" in prose(notebook)


# ------------------------------------------------------------------ the clock of the exit test


def clock_after(minutes):
    times = iter([0.0, 60.0 * minutes])
    clock = Clock(week04.exit_test, now=lambda: next(times))
    clock.start()
    return clock


@pytest.mark.parametrize(
    ("minutes", "title"),
    [
        (0.2, "✓ Passed in about a minute of 30."),
        (12, "✓ Passed in 12 minutes of 30."),
        (45, "✓ Passed in 45 minutes; 30 was the mark."),
    ],
)
def test_the_clock_says_how_long_it_took(minutes, title):
    assert clock_after(minutes).stop(lambda params, X, t: None).title == title


def test_the_clock_goes_on_while_the_name_still_stands_for_the_reference():
    note = clock_after(5).stop(week04.exit_test.reference)
    assert note.title == "○ exit_test is not passed yet."


def test_a_clock_that_was_not_started_says_so():
    assert "not started" in Clock(week04.exit_test).stop(lambda: None).body
