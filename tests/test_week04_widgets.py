"""What the widgets of week 4 send to the browser, and what they say in words."""

import base64
import doctest
import json
import sys

import numpy as np
import pytest
import torch

from helpers import SoftmaxBars, boundary, grid
from helpers.data import moons


def torch_loss_and_gradient(scores, target, temperature=1.0):
    z = torch.tensor(scores, dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(z[None] / temperature, torch.tensor([target]))
    loss.backward()
    return loss.item(), z.grad.numpy()


@pytest.mark.parametrize("change", [{}, {"shift": -900.0}, {"temperature": 0.4}])
def test_softmax_bars_show_the_loss_and_gradient_of_pytorch(change):
    bars = SoftmaxBars([2.0, -1.5, 0.3], target=2)
    bars.state = {**bars.state, **change}
    loss, gradient = torch_loss_and_gradient(bars.scores, 2, bars.state["temperature"])
    assert bars.loss == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(bars.dZ, gradient, rtol=0, atol=1e-13)


def test_softmax_bars_without_target_have_no_gradient():
    bars = SoftmaxBars([1.0, 0.0])
    assert bars.dZ is None and bars.loss is None
    assert "dZ" not in bars.text and "dZ" not in bars.svg


def test_softmax_bars_say_in_words_what_the_bars_show():
    bars = SoftmaxBars([2.0, 0.0], target=0, names=["cat", "dog"])
    assert bars.text.splitlines() == [
        "             score z        P       dZ",
        "cat              2.0    0.881   −0.119  ← target",
        "dog              0.0    0.119   +0.119",
        "L = −log P[target] = 0.127",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (dict(scores=[1.0]), "From 2 to 8 classes"),
        (dict(scores=[0.0] * 9), "From 2 to 8 classes"),
        (dict(scores=[7.0, 0.0]), "Scores go from −?-?6 to 6"),
        (dict(scores=[float("nan"), 0.0]), "Scores go from"),
        (dict(scores=[1.0, 0.0], target=2), "The target is one of 0 to 1, got 2"),
        (dict(scores=[1.0, 0.0], names=["a"]), "There are 2 scores, but 1 names"),
    ],
)
def test_softmax_bars_refuse_what_they_cannot_show(arguments, said):
    with pytest.raises(ValueError, match=said):
        SoftmaxBars(**arguments)


def test_a_grid_covers_the_points_and_ends_with_them():
    X, _ = moons(50)
    points = grid(X, size=20)
    assert points.shape == (450, 2)
    np.testing.assert_array_equal(points[400:], X)
    assert (points[:400].min(axis=0) < X.min(axis=0)).all()
    assert (points[:400].max(axis=0) > X.max(axis=0)).all()


def test_a_grid_is_square_and_row_by_row_from_below():
    points = grid(np.array([[0.0, 0.0], [4.0, 1.0]]), size=3)[:9].reshape(3, 3, 2)
    steps = np.array([points[0, 1] - points[0, 0], points[1, 0] - points[0, 0]])
    assert steps[0, 0] == steps[1, 1] > 0 and steps[0, 1] == steps[1, 0] == 0


def frames_of(X, size=10):
    """A boundary x₀ = c that moves to the right, as scores of three classes."""
    points = grid(X, size)
    return [
        (
            step,
            1.0 / (1 + step),
            np.stack([0 * points[:, 0], points[:, 0] - c, points[:, 1] - 99], 1),
        )
        for step, c in ((0, -2.0), (10, 0.5), (20, 2.9))
    ]


def test_a_boundary_counts_the_points_on_their_own_side():
    X, t = moons(40)
    view = boundary(frames_of(X), X, t)
    assert view.right == [int(((X[:, 0] > c) == t).sum()) for c in (-2.0, 0.5, 2.9)]
    assert [set(f["wrong"]) for f in view.data["frames"]] == [
        set(np.flatnonzero((X[:, 0] > c) != t).tolist()) for c in (-2.0, 0.5, 2.9)
    ]


def test_a_boundary_sends_how_far_each_score_is_below_the_largest():
    X, t = moons(40)
    view = boundary(frames_of(X), X, t)
    sent = np.frombuffer(base64.b64decode(view.data["frames"][1]["scores"]), np.uint8)
    below = sent.reshape(100, 3) * (view.data["deepest"] / 255)
    scores = frames_of(X)[1][2][:100]
    right = np.minimum(scores.max(axis=1, keepdims=True) - scores, 8.0)
    np.testing.assert_allclose(below, right, atol=8 / 255 / 2 + 1e-12)


def test_a_lone_score_means_class_1_where_it_is_positive():
    X, t = moons(40)
    points = grid(X, 10)
    lone = boundary([(0, 1.0, points[:, 0] - 0.5)], X, t)
    assert lone.right == [int(((X[:, 0] > 0.5) == t).sum())]
    column = boundary([(0, 1.0, points[:, :1] - 0.5)], X, t)
    assert column.data == lone.data


def test_a_boundary_says_its_frames_in_words():
    X, t = moons(40)
    view = boundary(frames_of(X), X, t)
    assert view.text.splitlines()[0] == "step     loss   right side"
    assert view.text.splitlines()[1] == f"    0    1.000   {view.right[0]} of 40"


def test_a_frame_can_be_chosen_from_python():
    X, t = moons(40)
    view = boundary(frames_of(X), X, t)
    assert view.frame == 2
    view.frame = 0
    assert view.state == {"frame": 0}
    with pytest.raises(ValueError, match="frames 0 to 2, got 3"):
        view.frame = 3


def test_a_training_that_blew_up_can_still_be_shown():
    X, t = moons(40)
    scores = np.full((140, 2), np.nan)
    view = boundary([(0, 1.0, 0 * scores + 1), (1, float("nan"), scores)], X, t)
    assert view.text.splitlines()[-1] == "    1      nan   0 of 40"
    json.dumps(view.data, allow_nan=False)


def test_the_finer_curve_has_its_own_points():
    X, t = moons(40)
    coarse = boundary(frames_of(X), X, t)
    fine = boundary(frames_of(X), X, t, losses=np.linspace(1, 0.1, 20))
    assert fine.svg.count("L") > coarse.svg.count("L")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda X, t, f: (f, X, t[:-1]), "t is one whole number"),
        (lambda X, t, f: (f, X, t - 1), "t is one whole number"),
        (lambda X, t, f: (f, X, t * 1.0), "t is one whole number"),
        (lambda X, t, f: ([], X, t), "no frame"),
        (lambda X, t, f: ([(0, 1.0, f[0][2][:-1])], X, t), "scores at the points of `grid"),
        (lambda X, t, f: (f, X, t + 3), "2 to 4 classes"),
        (lambda X, t, f: (f, X[:, :1], t), r"shape \(n, 2\)"),
    ],
)
def test_a_boundary_refuses_what_does_not_fit(change, said):
    X, t = moons(40)
    with pytest.raises(ValueError, match=said):
        boundary(*change(X, t, frames_of(X)))


@pytest.mark.parametrize("name", ["boundary", "softmax_bars"])
def test_the_examples_in_the_docstrings_run(name):
    failed, tried = doctest.testmod(sys.modules[f"helpers.widgets.{name}"])
    assert failed == 0 and tried >= 1
