"""Week 12: every exercise as stub, as reference, as each known mistake, right in other styles, and
wrong in ways that nobody has listed; the harness on all 33 mutants; the capstones' references held
against PyTorch.
"""

import numpy as np
import pytest
import torch
from cells import written
from threadpoolctl import threadpool_limits
from week12_answers import CURVES, RIGHT, SAID, WRONG

from helpers import MutationBoard, mutants
from helpers.attempt import stub_of
from helpers.data import digits
from helpers.engine import scalar, tensor
from helpers.exercise import Case, Wrong
from helpers.weeks import (
    week09,
    week10,
    week12,
    week12_cases,
    week12_checks,
    week12_curves,
    week12_engines,
    week12_exam,
    week12_layers,
    week12_trial,
)
from helpers.weeks.rewrite import rewritten

TASKS = {task.name: task for task in week12.all}
EXACT = 1e-12
REF = {name: task.reference for name, task in TASKS.items()}
by_mutant = pytest.mark.parametrize("mutant", mutants.MUTANTS, ids=lambda mutant: mutant.name)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True, scope="module")
def known_mistakes_run_once():
    """Each verdict asks what the known mistakes do on a case; here that is computed once."""
    known = {mistake.attempt for task in TASKS.values() for mistake in task.mistakes}
    plain, kept = Case.outcome, {}

    def outcome(case, attempt, limit):
        if attempt not in known:
            return plain(case, attempt, limit)
        if (case, attempt) not in kept:
            kept[case, attempt] = plain(case, attempt, limit)
        return kept[case, attempt]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Case, "outcome", outcome)
        yield


def each(table):
    return [
        pytest.param(name, entry, id=f"{name}: {label}")
        for name, entries in table.items()
        for label, entry in entries.items()
    ]


def relative(a, b):
    return np.linalg.norm(a - b) / max(np.linalg.norm(a), np.linalg.norm(b))


# ------------------------------------------------------------------ the states of the exercises


def test_the_exercises_are_those_of_the_syllabus_the_capstones_and_the_exit_test():
    assert list(TASKS) == [
        "compare", "tolerance", "gradcheck_sampled", "mutation_score", "my_tests", "initial_sanity",
        "autograd_vs_engine", "engine_loss", "gradient_errors", "train_digits", "learning_curve",
        "error_bars", "claim", "attention", "attention_backward", "layer_test", "exit_test",
    ]  # fmt: skip


def test_each_capstone_has_three_milestones():
    assert [len(tasks) for tasks in week12.CAPSTONES.values()] == [3, 3, 3]


@pytest.mark.parametrize("name", TASKS)
def test_the_reference_passes(name):
    assert TASKS[name].check(REF[name]).status == "passed"


@pytest.mark.parametrize("name", TASKS)
def test_the_stub_is_not_attempted(name):
    assert TASKS[name].check(stub_of(REF[name])).status == "not attempted"


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        pytest.param(name, m, id=f"{name}: {m.code}")
        for name, t in TASKS.items()
        for m in t.mistakes
    ],
)
def test_a_known_mistake_is_named_and_explained_by_its_own_words(name, mistake):
    verdict = TASKS[name].check(mistake.attempt)
    assert (verdict.status, verdict.mistake) == ("failed", mistake.code), verdict
    assert verdict.message.startswith(mistake.explanation), verdict


@pytest.mark.parametrize("name", TASKS)
def test_there_are_two_other_right_styles_and_three_unlisted_wrong_answers(name):
    assert len(RIGHT[name]) >= 2 and len(WRONG[name]) >= 3


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "source"), each(RIGHT))
def test_a_right_answer_in_another_style_passes(name, source):
    verdict = TASKS[name].check(written(source, name))
    assert verdict.status == "passed", verdict


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "changes"), each(WRONG))
def test_an_unlisted_wrong_answer_fails(name, changes):
    verdict = TASKS[name].check(rewritten(REF[name], *changes))
    assert verdict.status == "failed"


@pytest.mark.parametrize("what", SAID)
def test_a_wrong_answer_is_told(what):
    *changes, words = SAID[what]
    name = what.partition(":")[0]
    assert words in TASKS[name].check(rewritten(REF[name], *changes)).message


@pytest.mark.parametrize("code", CURVES)
def test_a_training_run_with_one_slip_is_named_by_its_curves(code):
    attempt = rewritten(REF["learning_curve"], *CURVES[code])
    said = (case.run(attempt) for case in week12_curves.CURVES)
    assert next(one.code for one in said if isinstance(one, Wrong)) == code


# ------------------------------------------------------------------ the harness


@by_mutant
def test_the_harness_catches_and_names_every_wrong_backward(mutant):
    found = week12.examine(mutant.backward, REF["compare"])
    assert found.caught and mutant.name in found.names and found.codes == (mutant.code,)


def test_the_harness_lets_the_right_backward_pass():
    found = week12.examine(mutants.backward, REF["compare"])
    assert str(found) == "Every gradient agrees with PyTorch's."


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("1/N forgotten", "dW3"),
        ("dW2 transposed", "dW2"),
        ("dH1 without the transpose", "dW1"),
        ("db is a mean, not a sum", "db3"),
    ],
)
def test_the_harness_says_where_the_error_starts(name, start):
    mutant = next(m for m in mutants.MUTANTS if m.name == name)
    assert week12.examine(mutant.backward, REF["compare"]).start == start


def test_an_unknown_mistake_is_caught_without_a_name():
    def halved(*given):
        return {name: g / 2 for name, g in mutants.backward(*given).items()}

    found = week12.examine(halved, REF["compare"])
    assert str(found) == "wrong from dW3 on, by a factor 0.5."


def test_a_backward_that_fails_is_caught():
    assert week12.examine(lambda *_: 1 / 0, REF["compare"]).start == "dW3"


def test_rounding_in_a_network_of_one_layer_is_about_one_eps():
    assert 0.3 < week12.rounding(1) < 3


def test_the_worst_rounding_of_ten_seeds_is_about_7_eps_at_30_layers_and_100_at_100():
    assert 5 < week12.rounding(30) < 10 and 60 < week12.rounding(100) < 160


def test_the_reference_tolerance_is_above_the_rounding_of_other_seeds():
    for depth in (1, 10, 30):
        assert REF["tolerance"](np.float32, depth) > week12.rounding(depth, 25) * 2.0**-23


def test_gradients_of_the_models_are_those_of_autograd():
    for model in week12.models().values():
        if model._frozen:
            continue
        leaves = {n: torch.tensor(p, requires_grad=True) for n, p in model.params.items()}
        H = torch.tensor(model.X)
        for k in (1, 2):
            Z = H @ leaves[f"W{k}"] + leaves[f"b{k}"]
            Z = Z - model._centered * Z.mean(0)
            H = torch.relu(Z) if model._bend == "relu" else torch.tanh(Z)
        loss = torch.nn.functional.cross_entropy(
            H @ leaves["W3"] + leaves["b3"], torch.tensor(model.t)
        )
        loss.backward()
        assert model.loss(model.X, model.t) == pytest.approx(loss.item(), rel=EXACT)
        for n, g in model.gradients(model.X, model.t).items():
            np.testing.assert_allclose(g, leaves[n].grad.numpy(), rtol=1e-10, atol=1e-14)


def test_the_loss_that_is_sampled_has_the_gradient_that_it_claims():
    bowl = week12_cases.Bowl(bent=True, W=5, b=3)
    leaves = {n: torch.tensor(p, requires_grad=True) for n, p in bowl.params.items()}
    torch.stack([1 + torch.sin(p).mean() for p in leaves.values()]).prod().backward()
    for n, g in bowl.grads.items():
        np.testing.assert_allclose(g, leaves[n].grad.numpy(), rtol=EXACT)


# ------------------------------------------------------------------ tests on trial


@pytest.fixture(scope="module")
def board():
    return MutationBoard(week12.STANDARD)


def test_the_five_standard_tests_kill_what_the_notebook_says(board):
    assert board.killed == {
        "shapes": 0, "loss falls": 6, "accuracy": 18, "float32": 29, "float64": 33
    }  # fmt: skip


def test_the_right_backward_lives_and_no_mutant_does(board):
    assert board.right_lives and board.alive == []


def test_a_float32_check_misses_mistakes_in_the_penalty_only(board):
    i = board.data["tests"].index("float32")
    alive = {card["code"] for card in board.data["cards"] if not card["said"][i]}
    assert alive == {"L2FACTOR"}


def test_the_board_shows_the_changed_line_and_what_a_test_says(board):
    card = board.data["cards"][0]
    assert (card["old"], card["new"]) == ("dZ3 = (P - Y) / N", "dZ3 = P - Y")
    assert card["said"][-1].startswith("dW3 is off by") or card["said"][-1].startswith("db3")


def test_the_text_of_the_board_has_the_scores(board):
    assert "loss falls       kills 6 of 33" in board.text
    assert board.text in board.page()


def test_a_test_that_kills_the_right_backward_is_reported():
    def no(backward):
        raise AssertionError("no")

    widget = MutationBoard({"no": no})
    assert not widget.right_lives and "no kills the right backward pass, too: no" in widget.text


def test_a_test_that_stumbles_kills_and_its_error_is_named():
    widget = MutationBoard({"typo": lambda backward: backward.nothing})
    assert (
        widget.killed == {"typo": 33}
        and widget.data["cards"][0]["said"][0][:14] == "AttributeError"
    )


@pytest.mark.parametrize("tests", [{}, {"a": 3}])
def test_a_board_without_tests_is_refused(tests):
    with pytest.raises(ValueError, match="needs tests by label"):
        MutationBoard(tests)


def test_the_right_backwards_of_my_tests_are_right():
    for params, X, t, lam in mutants.problems():
        cache = mutants.forward(params, X)[1]
        right, other = mutants.backward(cache, t, lam), week12_trial._another_right(cache, t, lam)
        for name in right:
            np.testing.assert_allclose(other[name], right[name], rtol=1e-10, atol=1e-14)


# ------------------------------------------------------------------ the chain


ENGINES = {
    "scalar": week12.on_scalars(scalar.Value),
    "tensor": week12.on_tensors(tensor.Tensor),
    "tensor of week 9": week12.on_tensors(week09.Tensor.reference),
    "by hand": week12_engines.by_hand,
    "by hand, of week 10": week12.on_paper(week10.forward.reference, week10.backward.reference),
    "PyTorch": week12.on_pytorch,
}


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_the_chain_holds(engine):
    apart = REF["autograd_vs_engine"](engine)
    assert apart["loss"] < EXACT and apart["gradient"] < EXACT


def test_pytorchs_side_of_the_chain_is_pytorch():
    params, X, t, *_ = week12.NETWORK
    net = torch.nn.Sequential(
        torch.nn.Linear(5, 6), torch.nn.Tanh(), torch.nn.Linear(6, 6), torch.nn.ReLU(),
        torch.nn.Linear(6, 3),
    ).double()  # fmt: skip
    with torch.no_grad():
        for k, layer in zip("123", net[::2], strict=True):
            layer.weight.copy_(torch.tensor(params["W" + k]).T)
            layer.bias.copy_(torch.tensor(params["b" + k]))
    loss = torch.nn.functional.cross_entropy(net(torch.tensor(X)), torch.tensor(t))
    loss.backward()
    value, grads = week12.on_pytorch(params, X, t)
    assert value == pytest.approx(loss.item(), rel=EXACT)
    for k, layer in zip("123", net[::2], strict=True):
        assert relative(grads["dW" + k], layer.weight.grad.T.numpy()) < EXACT


# ------------------------------------------------------------------ the capstones


def test_capstone_a_gradients_are_within_1e_10_of_pytorchs():
    X, t, *_ = digits()
    errors = REF["gradient_errors"](tensor.Tensor, mutants.start((64, 128, 64, 10)), X[:64], t[:64])
    assert max(errors.values()) < 1e-10


def test_capstone_a_works_on_the_engine_that_week_9_builds():
    X, t, X_test, t_test = digits()
    params = REF["train_digits"](week09.Tensor.reference, X, t)
    H = np.maximum(X_test @ params["W1"] + params["b1"], 0)
    H = np.maximum(H @ params["W2"] + params["b2"], 0)
    assert ((H @ params["W3"] + params["b3"]).argmax(1) == t_test).mean() >= 0.97


def test_capstone_b_the_two_starts_part_in_every_seed():
    X, t = week12.study_data()
    curve = REF["learning_curve"]
    five = np.array([curve(X, t, 2.0, 30, seed) for seed in range(5)])
    he = five[:3]
    other = np.array([curve(X, t, 1.0, 30, seed) for seed in range(3)])
    assert (abs(other[:, -1] - np.log(10)) < 0.01).all() and (he[:, -1] < 2.2).all()
    assert REF["claim"](he, other) == 1

    def sure(curves, wide):
        mean, error = REF["error_bars"](curves)
        return (mean + wide * error < np.log(10))[[1, 5]].tolist()

    assert (sure(he, 4.3), sure(five, 2.8)) == ([True, False], [True, True])


def test_capstone_b_has_the_gradients_of_autograd():
    """One batch, one epoch's first step: the weights after it are those of PyTorch's step."""
    X, t = week12.study_data()
    mine = REF["learning_curve"](X[:32], t[:32], 2.0, 4, 7)
    rng = np.random.default_rng(7)
    sizes = [64] * 4 + [10]
    Ws = [
        torch.tensor(rng.standard_normal(s) * np.sqrt(2.0 / s[0]), requires_grad=True)
        for s in zip(sizes, sizes[1:], strict=False)
    ]
    losses = []
    for _ in range(6):
        rows, H = rng.permutation(32), torch.tensor(X[:32])
        H = H[rows]
        for W in Ws[:-1]:
            H = torch.relu(H @ W)
        loss = torch.nn.functional.cross_entropy(H @ Ws[-1], torch.tensor(t[:32][rows]))
        losses.append(loss.item())
        grads = torch.autograd.grad(loss, Ws)
        with torch.no_grad():
            for W, g in zip(Ws, grads, strict=True):
                W -= 0.02 * g
    np.testing.assert_allclose(mine, losses, rtol=1e-10)


@pytest.mark.parametrize("case", week12.attention_backward.cases, ids=lambda case: case.label)
def test_capstone_c_attention_is_pytorchs(case):
    Q, K, V, G = case.args
    leaves = [torch.tensor(a, requires_grad=True) for a in (Q, K, V)]
    Y = torch.nn.functional.scaled_dot_product_attention(*(a[None] for a in leaves))[0]
    assert relative(REF["attention"](Q, K, V), Y.detach().numpy()) < EXACT
    right = torch.autograd.grad(Y, leaves, torch.tensor(G))
    for mine, theirs in zip(REF["attention_backward"](Q, K, V, G), right, strict=True):
        assert relative(mine, theirs.numpy()) < EXACT


def test_capstone_c_batchnorm_is_pytorchs():
    layer = week12_layers.layers()["BatchNorm"]
    leaves = [torch.tensor(a, requires_grad=True) for a in layer.inputs]
    X, gamma, beta = leaves
    Y = torch.nn.functional.batch_norm(X, None, None, gamma, beta, training=True, eps=1e-5)
    assert relative(layer.forward(*layer.inputs), Y.detach().numpy()) < EXACT
    G = np.random.default_rng(1).standard_normal(Y.shape)
    right = torch.autograd.grad(Y, leaves, torch.tensor(G))
    for mine, theirs in zip(layer.backward(*layer.inputs, G), right, strict=True):
        assert relative(mine, theirs.numpy()) < 1e-11


@pytest.mark.parametrize("name", ["attention", "BatchNorm"])
def test_capstone_c_every_planted_mistake_is_wrong_and_dies(name):
    layer = week12_layers.layers()[name]
    G = np.random.default_rng(1).standard_normal(layer.forward(*layer.inputs).shape)
    right = layer.backward(*layer.inputs, G)
    for what, backward in layer.planted.items():
        wrong = backward(*layer.inputs, G)
        assert max(relative(a, b) for a, b in zip(wrong, right, strict=True)) > 1e-2, what
        with pytest.raises(AssertionError):
            REF["layer_test"](layer.forward, backward, *layer.inputs)


def test_the_notebook_says_how_many_mistakes_are_planted():
    layers = week12_layers.layers()
    assert [len(layer.planted) for layer in layers.values()] == [7, 9]


# ------------------------------------------------------------------ the exit test


@pytest.mark.parametrize("label", week12_exam.SIZES)
def test_the_exit_tests_reference_is_autograd(label):
    params, X, t, lam = week12_exam.problem(**week12_exam.SIZES[label])
    said = REF["exit_test"](params, X, t, lam)
    leaves = {n: p.clone().requires_grad_() for n, p in params.items()}
    H1 = torch.relu(X @ leaves["W1"] + leaves["b1"])
    H2 = torch.tanh(H1 @ leaves["W2"] + leaves["b2"]) + H1
    loss = torch.nn.functional.cross_entropy(H2 @ leaves["W3"] + leaves["b3"], t)
    loss = loss + lam / 2 * sum((leaves[n] ** 2).sum() for n in ("W1", "W2", "W3"))
    loss.backward()
    assert said["loss"].item() == pytest.approx(loss.item(), rel=EXACT)
    for n, leaf in leaves.items():
        assert relative(said["d" + n].numpy(), leaf.grad.numpy()) < EXACT


def test_autograd_is_out_of_reach_in_the_exit_test():
    def exit_test(params, X, t, lam):
        leaves = {n: p.requires_grad_() for n, p in params.items()}
        loss = (X @ leaves["W1"]).sum()
        loss.backward()
        return {"d" + n: leaf.grad for n, leaf in leaves.items()}

    verdict = TASKS["exit_test"].check(exit_test)
    assert verdict.status == "failed" and verdict.mistake == "AUTOGRAD"


def test_the_clock_of_the_exit_test_gives_month_3():
    clock = type(week12.clock)(week12.exit_test, now=iter([0.0, 600.0]).__next__)
    clock.start()
    assert clock.stop(lambda: 0).body == "Month 3 is yours."


# ------------------------------------------------------------------ numbers of the notebook


def test_a_sample_of_20_misses_a_row_of_48_in_66_percent():
    assert (1 - 48 / 2304) ** 20 == pytest.approx(0.66, abs=5e-3)


def test_the_measured_gradients_agree_with_autograd():
    params, (_, X, *_), t = week12_checks.tiny()
    right = week12.by_pytorch(params, X, t, week12_checks.LAM)
    for name, measured in week12_checks._measured(np.float64).items():
        assert relative(measured, right["d" + name]) < 1e-8


def test_no_unit_of_the_tiny_network_is_near_its_kink():
    _, cache, _ = week12_checks.tiny()
    assert abs(cache[4]).min() > 0.16
