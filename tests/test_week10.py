"""Week 10: every exercise as stub, as reference, as each known mistake, right in other styles, and
wrong in ways that nobody has listed; every formula of the notebook against PyTorch; ten trainings.
The notebook's own runs of 690 steps are compared with PyTorch's in its cells.
"""

import inspect
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from cells import run_cell, written
from torch.nn import functional as F
from week10_answers import KNOWN, RIGHT, WRONG
from week10_slips import SLIPS

from helpers.attempt import stub_of
from helpers.data import digits
from helpers.exercise import Exercise
from helpers.mutants import MUTANTS
from helpers.weeks import week10
from helpers.weeks import week10_cases as cases
from helpers.weeks import week10_rules as rules
from helpers.weeks import week10_steps as steps
from helpers.weeks.rewrite import rewritten

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "week10_mlp_with_only_tensors.ipynb"
TASKS = {task.name: task for task in week10.all}
TYPED = {name: task for name, task in TASKS.items() if isinstance(task, Exercise)}
GRADIENTS = ["dZ3", "dW3", "db3", "dH2", "dZ2", "dW2", "db2", "dH1", "dZ1", "dW1", "db1"]
EXACT = 1e-12
NAMES = dict(np=np, torch=torch, F=F) | {
    name: getattr(rules, name) for name in ("forward", "loss_of", "l2_grad", "backward", "sgd_step")
}


@pytest.fixture(autouse=True)
def one_thread():
    """Small matrices are quickest on one thread, also where others compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def each(table):
    """(exercise, *entry) for each entry of a table by exercise and label."""
    return [
        pytest.param(name, *([entry] if isinstance(entry, str) else entry), id=f"{name}: {label}")
        for name, entries in table.items()
        for label, entry in entries.items()
    ]


def off(got, right):
    """Relative error in the norm."""
    assert got.shape == right.shape
    return ((got - right).norm() / right.norm()).item()


# ------------------------------------------------------------------ the states of the exercises


def test_the_exercises_are_those_of_the_syllabus():
    assert list(TASKS) == [
        "forward", "three_layers", "l2_grad", "backward", "verify_all", "sgd_step", "train",
        "adam_step", "norm_paths", "batchnorm_backward", "layernorm_backward",
    ]  # fmt: skip


@pytest.mark.parametrize("name", [name for name in TASKS if name not in TYPED])
def test_pencil_work_is_in_order(name):
    assert TASKS[name].self_check() == []


@pytest.mark.parametrize("name", TYPED)
def test_the_reference_passes(name):
    assert TYPED[name].check(TYPED[name].reference).status == "passed"


@pytest.mark.parametrize(
    ("name", "place"),
    [(name, place) for name, task in TYPED.items() for place in range(len(task.mistakes))],
)
def test_a_known_mistake_is_named_and_explained_by_its_own_words(name, place):
    mistake = TYPED[name].mistakes[place]
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
    verdict = TYPED[name].check(written(source, name, **NAMES))
    assert verdict.status == "passed", verdict


@pytest.mark.parametrize(("name", "code", "source"), each(KNOWN))
def test_a_known_mistake_in_another_style_is_named(name, code, source):
    verdict = TYPED[name].check(written(source, name, **NAMES))
    assert (verdict.status, verdict.mistake) == ("failed", code), verdict


@pytest.mark.parametrize(("name", "changes", "words"), each(WRONG))
def test_an_unlisted_wrong_answer_fails_and_is_told_what_is_wrong(name, changes, words):
    verdict = TYPED[name].check(rewritten(TYPED[name].reference, *changes))
    assert verdict.status == "failed"
    assert words in str(verdict)


@pytest.mark.parametrize(("name", "code", "words", "answer"), each(SLIPS))
def test_a_slip_is_refused_in_words_of_its_own(name, code, words, answer):
    task = TYPED[name]
    typed = isinstance(answer, str)
    attempt = written(answer, name, **NAMES) if typed else rewritten(task.reference, *answer)
    verdict = task.check(attempt)
    assert (verdict.status, verdict.mistake) == ("failed", code), verdict
    assert words in str(verdict), verdict
    assert "{}" not in str(verdict), verdict


RIGHT_PENCIL = [
    ("three_layers", dict(dz3="p-t", dw3="(p-t)*h2 + lam*w3", db3="p-t", dh2="w3*(p-t)",
                          dz2="m*dh2", dw2="dz2*tanh(z1) + lam*w2", db2="m*w3*(p-t)", dh1="w2*dz2",
                          dz1="dh1*(1-tanh(z1)^2)", dw1="x*dz1 + w1*lam", db1="dz1")),
    ("norm_paths", dict(dxh="gamma*g", dvar="-gamma*inv^2*S2/2", dmu="-gamma*inv*S1",
                        dx="inv*(dxh - gamma*S1/N - xh*gamma*S2/N)")),
    ("norm_paths", dict(dx="gamma*inv/N*(N*g - S1 - xh*S2)")),
    ("norm_paths", dict(dxh="γ·g", dx="γ·inv/N·(N·g − S1 − xh·S2)")),
    ("three_layers", dict(dz3="p − t", dw3="dz3·h2 + λ·w3", db3="dz3", dw2="dz2 h1 + λ w2",
                          db2="dz2", dw1="x·dz1 + λ·w1", db1="dz1")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "lines"), RIGHT_PENCIL)
def test_right_pencil_work_in_another_form_passes(name, lines):
    verdict = TASKS[name].check(**lines)
    assert verdict.status == "passed", verdict


@pytest.mark.parametrize(
    ("name", "lines", "words"),
    [
        ("three_layers", dict(dz3="p"), "`dz3`"),
        ("three_layers", dict(dz3="p - t", dw3="dz3*h2 + lam"), "`dw3`"),
        ("three_layers", dict(dz3="p - t", dh2="2*dz3*w3"), "2.0 times the right one"),
        ("three_layers", dict(dz3="p - t", dz1="dh1*x"), "`dz1`"),
        ("three_layers", dict(dz2="dh2*m", dz1="dh1"), "tanh's slope is missing: · (1 − h1²)"),
        ("three_layers", dict(dz2="dh2*(1-h2^2)"), "The two bends are exchanged"),
        ("norm_paths", dict(dxh="g*gamma", dvar="0.25*inv^2*gamma*S2"), "`dvar`"),
        ("norm_paths", dict(dx="dxh*inv + dvar*xc + dmu/N"), "`dx`"),
        ("norm_paths", dict(dmu="-inv*gamma*S1/2"), "`dmu`"),
    ],
)
def test_a_slip_of_the_pencil_is_found_on_its_own_line(name, lines, words):
    verdict = TASKS[name].check(**lines)
    assert verdict.status == "failed" and words in str(verdict)


# ------------------------------------------------------------------ what backward's judge says


def changed(*changes):
    return str(week10.backward.check(rewritten(rules.backward, *changes)))


@pytest.mark.parametrize(
    ("line", "factor", "words"),
    [
        ("dH2 = dZ3 @", "N *", "that is N."),
        ("dH2 = dZ3 @", "1 / N *", "that is 1/N."),
        ("dH2 = dZ3 @", "2 *", "a factor 2"),
        ("dH2 = dZ3 @", "-1 *", "the sign is turned around"),
        ("dH1 = dZ2 @", "N / dZ3.shape[1] *", "that is N/C."),
    ],
)
def test_a_constant_factor_is_called_by_its_name(line, factor, words):
    name, _, rest = line.partition(" = ")
    said = changed((line, f"{name} = {factor} {rest}"))
    assert f"It starts at `{name}`" in said and words in said


@pytest.mark.parametrize("name", GRADIENTS)
def test_the_line_where_it_starts_is_named_and_what_inherits_is_excused(name):
    line = re.search(rf"    {name} = (.*)\n(?!    {name} )", inspect.getsource(rules.backward))
    said = changed((line[0], f"    {name} = 3.7 * ({line[1]})\n"))
    assert f"It starts at `{name}`" in said
    assert "mistake of its own" not in said and "mistakes of their own" not in said


def test_a_transpose_that_only_a_square_matrix_hides_is_called_so():
    assert "transpose of the right one" in changed(
        ('cache["X"].T @ dZ1', '(cache["X"].T @ dZ1).T'), ("db1 = dZ1", "db1 = 2 * dZ1")
    )


# ------------------------------------------------------------------ references against PyTorch


def autograd(params, X, t, lam):
    """Every intermediate gradient, from torch.nn's own functions."""
    p = {name: x.clone().requires_grad_() for name, x in params.items()}
    Z1 = F.linear(X, p["W1"].T, p["b1"])
    H1 = Z1.tanh()
    Z2 = F.linear(H1, p["W2"].T, p["b2"])
    H2 = F.relu(Z2)
    Z3 = F.linear(H2, p["W3"].T, p["b3"])
    inner = dict(Z1=Z1, H1=H1, Z2=Z2, H2=H2, Z3=Z3)
    for tensor in inner.values():
        tensor.retain_grad()
    penalty = lam / 2 * sum(p[name].square().sum() for name in ("W1", "W2", "W3"))
    loss = F.cross_entropy(Z3, t) + penalty
    loss.backward()
    return loss.item(), {f"d{name}": x.grad for name, x in {**p, **inner}.items()}


NETWORKS = [pytest.param(*rest, id=label) for label, *rest in cases.networks()]


@pytest.mark.parametrize("lam", [0.0, 0.1, 1.0])
@pytest.mark.parametrize(("params", "X", "t"), NETWORKS)
def test_every_intermediate_gradient_is_that_of_autograd(params, X, t, lam):
    loss, right = autograd(params, X, t, lam)
    _, cache = rules.forward(params, X)
    grads = rules.backward(cache, t, lam)
    assert list(grads) == GRADIENTS
    assert rules.loss_of(cache, t, lam).item() == pytest.approx(loss, rel=EXACT)
    for name, grad in grads.items():
        assert (grad - right[name]).norm() <= EXACT * max(right[name].norm(), 1e-2), name


def test_every_intermediate_gradient_on_digits_is_that_of_autograd():
    X, t, _, _ = map(torch.from_numpy, digits())
    params = {name: p + 0.05 for name, p in rules.start(seed=1).items()}
    _, right = autograd(params, X[:64], t[:64], 1e-3)
    grads = rules.backward(rules.forward(params, X[:64])[1], t[:64], 1e-3)
    assert max(off(grad, right[name]) for name, grad in grads.items()) < EXACT


@pytest.mark.parametrize(("params", "X", "t"), NETWORKS)
def test_no_case_stands_near_a_kink(params, X, t):
    assert rules.forward(params, X)[1]["Z2"].abs().min() > 0.01


def on_digits():
    X, t, _, _ = map(torch.from_numpy, digits())
    return rules.minibatches(X, t, 64, epochs=10)


def losses_by_torch(data, optimizer, lam=1e-3):
    model = torch.nn.Sequential(
        torch.nn.Linear(64, 48), torch.nn.Tanh(), torch.nn.Linear(48, 48), torch.nn.ReLU(),
        torch.nn.Linear(48, 10),
    ).double()  # fmt: skip
    params = rules.start()
    with torch.no_grad():
        for k, layer in enumerate((model[0], model[2], model[4]), start=1):
            layer.weight.copy_(params[f"W{k}"].T)
            layer.bias.copy_(params[f"b{k}"])
    weights = [p for p in model.parameters() if p.ndim == 2]
    biases = [p for p in model.parameters() if p.ndim == 1]
    made = optimizer([{"params": weights, "weight_decay": lam}, {"params": biases}])
    losses = []
    for X, t in data:
        loss = F.cross_entropy(model(X), t)
        losses.append(loss.item() + lam / 2 * sum(W.square().sum().item() for W in weights))
        made.zero_grad()
        loss.backward()
        made.step()
    return losses


def test_ten_epochs_of_sgd_are_those_of_torch_loss_by_loss():
    data = on_digits()
    _, losses = rules.train(rules.start(), data)
    right = losses_by_torch(data, lambda groups: torch.optim.SGD(groups, lr=0.3))
    assert len(losses) == 230
    np.testing.assert_allclose(losses, right, rtol=0, atol=1e-9)


def test_ten_epochs_of_adam_are_those_of_torch_loss_by_loss():
    data, params, losses = on_digits(), rules.start(), []
    state = steps.adam_start(params)
    for X, t in data:
        _, cache = rules.forward(params, X)
        losses.append(rules.loss_of(cache, t, 1e-3).item())
        params, state = rules.adam_step(params, rules.backward(cache, t, 1e-3), state, 0.003)
    right = losses_by_torch(data, lambda groups: torch.optim.Adam(groups, lr=0.003))
    np.testing.assert_allclose(losses, right, rtol=0, atol=1e-9)


def test_ten_of_ten_seeds_read_at_least_96_percent_of_the_test_digits():
    X, t, others, answers = map(torch.from_numpy, digits())
    reached = []
    for seed in range(10):
        data = rules.minibatches(X, t, 64, epochs=30, seed=seed)
        params, _ = rules.train(rules.start(seed=seed), data)
        guesses = rules.forward(params, others)[0].argmax(dim=1)
        reached.append((guesses == answers).double().mean().item())
    assert min(reached) >= 0.96, reached
    assert reached[0] >= 0.97, reached  # the notebook's own run


@pytest.mark.parametrize("case", cases.norm_cases(), ids=lambda case: case.label)
def test_batchnorm_backward_is_that_of_torch(case):
    X, gamma, G = case.args
    leaves = [x.clone().requires_grad_() for x in (X, gamma, torch.zeros_like(gamma))]
    F.batch_norm(leaves[0], None, None, leaves[1], leaves[2], training=True).backward(G)
    for mine, leaf in zip(rules.batchnorm_backward(X, gamma, G), leaves):
        np.testing.assert_allclose(mine, leaf.grad, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("case", cases.norm_cases(), ids=lambda case: case.label)
def test_layernorm_backward_is_that_of_torch(case):
    X, gamma, G = case.args
    leaves = [x.clone().requires_grad_() for x in (X, gamma, torch.zeros_like(gamma))]
    F.layer_norm(leaves[0], gamma.shape, leaves[1], leaves[2]).backward(G)
    for mine, leaf in zip(rules.layernorm_backward(X, gamma, G), leaves):
        np.testing.assert_allclose(mine, leaf.grad, rtol=1e-10, atol=1e-11)


# ------------------------------------------------------------------ formulas of the notebook


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def formulas(notebook):
    """The formula of every row of a table of gradients in the notebook, by the row's name."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    rows = re.findall(r"^\| ((?:\w+ )?d\w+) \| [^|]+ \| `?([^|`]+)`? \|$", "\n".join(texts), re.M)
    assert len(dict(rows)) == len(rows)
    return dict(rows)


SIGNS = {
    "λ·": "lam * ", "·": " @ ", "⊙": "*", "ᵀ": ".T", "²": "**2", "−": "-", "[": "(", "]": ")",
}  # fmt: skip


def as_code(formula):
    """A formula of the notebook in Python."""
    for sign, code in SIGNS.items():
        formula = formula.replace(sign, code)
    return re.sub(r"column sums of (\w+)", r"\1.sum(0)", formula)


def test_the_backward_pass_in_the_notebook_is_that_of_pytorch(formulas):
    """D18, line by line in the order of the table, each with the lines above it."""
    _, params, X, t = cases.networks()[1]
    _, right = autograd(params, X, t, 0.1)
    Z3, cache = rules.forward(params, X)
    known = {**cache, "N": len(t), "lam": 0.1, "P": torch.softmax(Z3, 1)}
    known["Y"] = F.one_hot(t, Z3.shape[1])
    for line in GRADIENTS:
        known[line] = eval(as_code(formulas[line]), known)
        assert off(known[line], right[line]) < EXACT, line


def normalized(axis):
    """What the formulas of a norm are made of, and autograd's dX, dgamma and dbeta."""
    X, gamma, G = cases.norm_cases()[1].args
    inv = (X.var(axis, correction=0, keepdim=True) + 1e-5) ** -0.5
    Xh = (X - X.mean(axis, keepdim=True)) * inv
    x, scale, shift = (leaf.clone().requires_grad_() for leaf in (X, gamma, 0 * gamma))
    normal = F.layer_norm(x, gamma.shape) if axis else F.batch_norm(x, None, None, training=True)
    (normal * scale + shift).backward(G)
    right = dict(dX=x.grad, dgamma=scale.grad, dbeta=shift.grad)
    return dict(inv=inv, Xh=Xh, dXh=G * gamma, G=G), right


def test_the_backward_pass_of_batchnorm_in_the_notebook_is_that_of_pytorch(prose):
    known, right = normalized(axis=0)
    line = re.search(r"\$\$dx = (.*?)\$\$", prose)[1]
    for sign, code in {
        r"\mathrm{inv}\cdot": "inv * ", r"\Big": "", r"\textstyle": "",
        r"\tfrac1N\sum d\hat x\,\hat x": "(dXh * Xh).mean(0)",
        r"\tfrac1N\sum d\hat x": "dXh.mean(0)",
        r"d\hat x": "dXh", r"\hat x\cdot": "Xh * ",
    }.items():  # fmt: skip
        assert sign in line, sign
        line = line.replace(sign, code)
    assert off(eval(line, known), right["dX"]) < 1e-11
    assert "dγ = Σ g·x̂ and dβ = Σ g." in prose
    assert off((known["G"] * known["Xh"]).sum(0), right["dgamma"]) < 1e-11
    assert off(known["G"].sum(0), right["dbeta"]) < 1e-11


def test_the_lines_of_layernorm_in_the_notebook_are_those_of_pytorch(formulas):
    known, right = normalized(axis=1)
    for name, grad in right.items():
        assert off(eval(formulas[f"LayerNorm {name}"], known), grad) < 1e-11, name


def test_every_formula_in_the_notebook_is_tested(formulas):
    norms = {f"LayerNorm {name}" for name in ("dX", "dgamma", "dbeta")}
    assert set(formulas) == {*GRADIENTS, *norms}


@pytest.mark.parametrize("name", ["loss_of", "minibatches"])
def test_what_is_given_in_the_notebook_is_what_the_exercises_use(notebook, name):
    source = inspect.getsource(getattr(rules, name)).rstrip()
    assert any(source in cell.source for cell in notebook.cells if cell.cell_type == "code")


# ------------------------------------------------------------------ what the notebook says


@pytest.fixture(scope="module")
def outputs(notebook):
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
    return "\n".join(found)


@pytest.fixture(scope="module")
def prose(notebook):
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return re.sub(r"\s+", " ", "\n".join(cells))


def test_the_notebook_reads_97_percent_of_the_test_digits(outputs):
    assert float(re.search(r"test digits: +([\d.]+)%\n", outputs)[1]) >= 97


def test_the_honest_claim_is_what_the_runs_of_the_notebook_carry(outputs, prose):
    lines = re.findall(r"^other (?:starts and orders|splits): +(.*)", outputs, re.M)
    starts, splits = ([float(x) for x in re.findall(r"([\d.]+)%", line)] for line in lines)
    own = float(re.search(r"test digits: +([\d.]+)%\n", outputs)[1])
    mean = re.search(r"mean of the other splits: ([\d.]+%)", outputs)[1]
    assert (len(starts), len(splits)) == (3, 4)
    assert max(splits) < min([*starts, own])
    assert f"lower than every run on it, {mean} in the mean" in prose
    assert "*about 97%, give or take a point*" in prose
    assert all(96 <= share <= 98 for share in splits)
    assert f"the {own}% above belong to one split" in prose


def test_a_rate_that_is_too_large_turns_every_relu_off(outputs, prose):
    assert re.search(r"SGD at 1.0, after ten epochs: +0 of 68,976 entries", outputs)
    assert not re.search(r"SGD at 0.3, after ten epochs: +0 of", outputs)
    assert "At 1.0 every ReLU is off" in prose


def test_the_notebook_s_runs_equal_pytorch_s(outputs):
    assert outputs.count("690 losses; largest difference: below 1e-09") == 2


def test_the_safari_s_answers_are_what_it_measured(notebook, outputs):
    shapes, loss, share, grads = re.search(4 * r"(\d+) +" + "caught, of 33", outputs).groups()
    asked = "".join(cell.source for cell in notebook.cells if cell.source.startswith("predict("))
    assert len(MUTANTS) == 33 and grads == "33"
    assert f'answer="{shapes} and {loss}"' in asked
    assert f'answer="{share} and 33"' in asked


def test_the_shapes_catch_three_where_no_layer_is_square(outputs):
    crashed = re.search(r"3 of 33:\n(.*)", outputs)[1]
    assert "dW2 transposed, dH1 without the transpose" in crashed


def test_the_explorer_s_caption_says_what_the_runs_reach(outputs, prose):
    when = re.search(r"Adam, batch 64 +0.01 .*epoch (\d+)", outputs)[1]
    assert f"Adam at 0.01 reaches 97% after {when} epochs" in prose
    assert not re.search(r"SGD, batch 64 .*epoch", outputs)
    assert "SGD at batch 64 does not in ten. Section 5 gave it 30." in prose


def test_the_safari_runs_with_a_cache_that_autograd_has_built(notebook):
    source = next(c.source for c in notebook.cells if "def as_tensors" in c.source)
    space = run_cell(source, torch=torch, start=rules.start)
    leaves = {name: p.requires_grad_() for name, p in rules.start().items()}
    X, t, _, _ = map(torch.from_numpy, digits())
    _, cache = rules.forward(leaves, X[:9])
    given = space["as_tensors"](MUTANTS[0])(cache, t[:9], 0.1)
    assert {name: grad.shape for name, grad in given.items()} == {
        f"d{name}": p.shape for name, p in leaves.items()
    }
