"""The data sets are what their contract says, every time."""

import doctest
import socket

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_moons

from helpers import data


@pytest.fixture(scope="module")
def digits():
    return data.digits()


def test_digits_are_split_80_to_20(digits):
    X_train, t_train, X_test, t_test = digits
    assert (X_train.shape, t_train.shape) == ((1437, 64), (1437,))
    assert (X_test.shape, t_test.shape) == ((360, 64), (360,))


def test_digits_are_float64_from_0_to_1_with_integer_labels(digits):
    X_train, t_train, X_test, t_test = digits
    for X, t in ((X_train, t_train), (X_test, t_test)):
        assert X.dtype == np.float64 and t.dtype == np.int64
        assert X.min() == 0.0 and X.max() == 1.0
        assert set(t.tolist()) == set(range(10))


def test_every_digit_is_in_one_part_of_the_split_and_keeps_its_label(digits):
    X_train, t_train, X_test, t_test = digits
    pixels, labels = load_digits(return_X_y=True)
    ours = sorted(zip(map(bytes, np.r_[X_train, X_test]), np.r_[t_train, t_test].tolist()))
    assert ours == sorted(zip(map(bytes, pixels / 16), labels.tolist()))


def test_the_split_mixes_the_file(digits):
    """The file is ordered by writer; a cut without shuffling would test on other hands only."""
    pixels, _ = load_digits(return_X_y=True)
    first = {bytes(row) for row in pixels[:360] / 16}
    in_test = sum(bytes(row) in first for row in digits[2])
    assert 50 < in_test < 95


def test_digits_are_the_same_every_time(digits):
    for a, b in zip(digits, data.digits()):
        np.testing.assert_array_equal(a, b)


def test_digits_need_no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "socket", refuse)
    assert len(data.digits()) == 4


@pytest.mark.parametrize("make", [data.spiral, data.moons])
def test_a_seed_gives_the_same_points_and_another_seed_others(make):
    np.testing.assert_array_equal(make(seed=3)[0], make(seed=3)[0])
    assert not np.array_equal(make(seed=3)[0], make(seed=4)[0])


@pytest.mark.parametrize("make", [data.spiral, data.moons])
def test_points_are_float64_with_integer_labels(make):
    X, t = make()
    assert X.dtype == np.float64 and t.dtype == np.int64
    assert X.shape == (len(t), 2)


def test_spiral_has_the_asked_number_of_points_on_each_arm():
    X, t = data.spiral(n_per_class=40, classes=4)
    assert X.shape == (160, 2)
    assert np.bincount(t).tolist() == [40] * 4


def test_spiral_without_noise_has_arms_that_are_turned_copies():
    X, t = data.spiral(n_per_class=30, classes=3, noise=0.0)
    turn = 2 * np.pi / 3
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    np.testing.assert_allclose(X[t == 0] @ rotation, X[t == 1], atol=1e-15)


def test_spiral_stays_in_the_unit_disk():
    X, _ = data.spiral(noise=1.0)
    assert np.hypot(*X.T).max() <= 1 + 1e-15


def test_moons_without_noise_are_the_moons_of_scikit_learn():
    X, t = data.moons(101, noise=0.0)
    theirs, labels = make_moons(101, shuffle=False)
    assert np.bincount(t).tolist() == [51, 50]
    assert sorted(np.bincount(labels).tolist()) == [50, 51]
    np.testing.assert_allclose(
        data.moons(100, 0.0)[0], make_moons(100, shuffle=False)[0], atol=1e-15
    )


def test_noise_of_moons_has_the_asked_standard_deviation():
    X, _ = data.moons(4000, noise=0.3)
    still, _ = data.moons(4000, noise=0.0)
    assert (X - still).std() == pytest.approx(0.3, rel=0.05)


@pytest.mark.parametrize(
    ("make", "arguments", "said"),
    [
        (data.spiral, dict(n_per_class=0), "`n_per_class` must be at least 1, got 0"),
        (data.spiral, dict(classes=0), "`classes` must be at least 1, got 0"),
        (data.spiral, dict(noise=-0.1), "`noise` must be at least 0, got -0.1"),
        (data.moons, dict(n=1), "`n` must be at least 2, got 1"),
        (data.moons, dict(noise=float("nan")), "`noise` must be at least 0, got nan"),
    ],
)
def test_impossible_wishes_are_refused_in_a_sentence(make, arguments, said):
    with pytest.raises(ValueError, match=said):
        make(**arguments)


def test_the_examples_in_the_docstrings_run():
    failed, tried = doctest.testmod(data)
    assert failed == 0 and tried >= 4
