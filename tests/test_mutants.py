"""The right backward pass is right, and each of the 33 others differs from it by one line."""

import inspect

import numpy as np
import pytest
import torch

from helpers import mutants
from helpers.mutants import MUTANTS

by_mutant = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
LAM = 0.1


def problem(N=64):
    rng = np.random.default_rng(5)
    params = mutants.start(seed=3)
    params = {name: p + 0.1 * rng.standard_normal(p.shape) for name, p in params.items()}
    return params, rng.standard_normal((N, 64)), rng.integers(0, 10, N)


def relative_errors(got, right):
    return {
        name: np.linalg.norm(got[name] - right[name]) / np.linalg.norm(right[name])
        for name in right
    }


def test_there_are_33_with_different_names():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) == 33


@pytest.mark.parametrize("lam", [0.0, LAM])
def test_the_right_backward_agrees_with_autograd(lam):
    params, X, t = problem()
    grads = mutants.backward(mutants.forward(params, X)[1], t, lam)
    leaves = {name: torch.tensor(p, requires_grad=True) for name, p in params.items()}
    H1 = torch.tanh(torch.tensor(X) @ leaves["W1"] + leaves["b1"])
    H2 = torch.relu(H1 @ leaves["W2"] + leaves["b2"])
    scores = H2 @ leaves["W3"] + leaves["b3"]
    penalty = lam / 2 * sum((leaves[name] ** 2).sum() for name in ("W1", "W2", "W3"))
    value = torch.nn.functional.cross_entropy(scores, torch.tensor(t)) + penalty
    value.backward()
    right = {f"d{name}": leaf.grad.numpy() for name, leaf in leaves.items()}
    assert mutants.loss(params, X, t, lam) == pytest.approx(value.item(), rel=1e-14)
    assert max(relative_errors(grads, right).values()) < 1e-12


@by_mutant
def test_a_mutant_differs_from_the_right_source_by_one_line(mutant):
    right = inspect.getsource(mutants.backward).splitlines()
    wrong = mutant.source.splitlines()
    changed = [(a.strip(), b.strip()) for a, b in zip(right, wrong, strict=True) if a != b]
    assert len(changed) == 1
    assert mutant.old in changed[0][0] and mutant.new in changed[0][1]


@by_mutant
def test_a_mutant_runs_with_the_right_shapes_and_a_wrong_gradient(mutant):
    params, X, t = problem()
    cache = mutants.forward(params, X)[1]
    right, wrong = mutants.backward(cache, t, LAM), mutant.backward(cache, t, LAM)
    assert {name: g.shape for name, g in wrong.items()} == {n: g.shape for n, g in right.items()}
    assert max(relative_errors(wrong, right).values()) > 1e-4


@by_mutant
def test_a_mutant_shows_its_own_source(mutant):
    assert inspect.getsource(mutant.backward) == mutant.source


def test_ratios_of_wrong_batch_factors_are_those_that_their_names_say():
    params, X, t = problem(N=32)
    cache = mutants.forward(params, X)[1]
    right = mutants.backward(cache, t, 0.0)
    for name, ratio in [
        ("1/N forgotten", 32),
        ("1/N twice", 1 / 32),
        ("divided by C instead of N", 3.2),
        ("sign turned around, Y − P", -1),
    ]:
        wrong = next(m for m in MUTANTS if m.name == name).backward(cache, t, 0.0)
        for key in right:
            np.testing.assert_allclose(wrong[key], ratio * right[key], rtol=1e-12, atol=1e-15)


def test_training_with_the_right_backward_learns():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 64))
    t = X[:, :10].argmax(axis=1)
    params = mutants.train(mutants.backward, X, t, epochs=40)
    assert mutants.accuracy(params, X, t) > 0.95
    assert mutants.loss(params, X, t) < 0.3


def test_training_is_the_same_every_time_and_leaves_the_data_alone():
    X, t = np.eye(64), np.arange(64) % 10
    first = mutants.train(mutants.backward, X, t, epochs=2)
    second = mutants.train(mutants.backward, X, t, epochs=2)
    assert all(np.array_equal(first[name], second[name]) for name in first)
    np.testing.assert_array_equal(X, np.eye(64))


# ------------------------------------------------------------------ named


@by_mutant
def test_a_mutant_is_named_by_its_behavior(mutant):
    found = mutants.named(lambda *given: mutant.backward(*given))
    assert mutant in found and {other.code for other in found} == {mutant.code}


def test_only_the_two_ways_to_have_no_mask_behave_alike():
    alike = [m.name for m in MUTANTS if len(mutants.named(m.backward)) > 1]
    assert alike == ["ReLU mask H2 >= 0, always true", "ReLU's slope left out"]


def test_the_right_backward_is_like_no_mutant():
    assert mutants.named(mutants.backward) == []


@pytest.mark.parametrize(
    "backward",
    [lambda *_: {}, lambda *_: 1 / 0, lambda cache, t, lam: {"dW1": np.zeros(3)}],
    ids=["nothing", "an error", "other arrays"],
)
def test_what_gives_no_gradients_is_like_no_mutant(backward):
    assert mutants.named(backward) == []


def test_a_wrong_backward_that_is_not_among_them_has_no_name():
    def halved(*given):
        return {name: g / 2 for name, g in mutants.backward(*given).items()}

    assert mutants.named(halved) == []
