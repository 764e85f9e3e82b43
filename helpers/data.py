"""The course's three data sets: small, seeded, and there without a network.

`digits` are real: 1797 scanned digits of 8 by 8 pixels, which come with scikit-learn. `spiral` and
`moons` are drawn at random from formulas. Labels are whole numbers that count the classes from 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

_SPLIT_SEED = 0


def digits() -> tuple[Floats, Labels, Floats, Labels]:
    """Handwritten digits, 80% to train on and 20% to test with; the split is always the same.

    Returns
    -------
    X_train, t_train, X_test, t_test : arrays of shape (1437, 64), (1437,), (360, 64), (360,)
        Pixels from 0 (paper) to 1 (ink), row by row, and the digit.

    Examples
    --------
    >>> X_train, t_train, X_test, t_test = digits()
    >>> X_train.shape, X_test.shape
    ((1437, 64), (360, 64))
    """
    from sklearn.datasets import load_digits  # takes a second to import

    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(_SPLIT_SEED).permutation(len(labels))
    X, t = pixels[order] / 16.0, labels[order].astype(np.int64)
    train = int(0.8 * len(t))
    return X[:train], t[:train], X[train:], t[train:]


def spiral(
    n_per_class: int = 100, classes: int = 3, noise: float = 0.2, seed: int = 0
) -> tuple[Floats, Labels]:
    """Points on arms that wind around each other: no straight line separates them.

    Parameters
    ----------
    n_per_class, classes : int
    noise : float
        Standard deviation of the angle, in radians.
    seed : int

    Returns
    -------
    X, t : arrays of shape (n_per_class * classes, 2) and (n_per_class * classes,)
        Points within the unit disk, and the number of the arm, one arm after the other.

    Raises
    ------
    ValueError
        For fewer than one point or class, or a negative noise.

    Examples
    --------
    >>> X, t = spiral(50)
    >>> X.shape, t.max()
    ((150, 2), np.int64(2))
    """
    _at_least("n_per_class", n_per_class, 1)
    _at_least("classes", classes, 1)
    _at_least("noise", noise, 0)
    rng = np.random.default_rng(seed)
    t = np.repeat(np.arange(classes), n_per_class)
    radius = np.tile(np.linspace(0.0, 1.0, n_per_class), classes)
    angle = 2 * np.pi * t / classes + 4.0 * radius + noise * rng.standard_normal(len(t))
    return radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1), t


def moons(n: int = 100, noise: float = 0.1, seed: int = 0) -> tuple[Floats, Labels]:
    """Two half-moons, the second turned around and pushed into the first.

    Parameters
    ----------
    n : int
        Points in all; the upper moon has the half of them, rounded up.
    noise : float
        Standard deviation of each coordinate.
    seed : int

    Returns
    -------
    X, t : arrays of shape (n, 2) and (n,)
        Points, and 0 for the upper moon, 1 for the lower one, one moon after the other.

    Raises
    ------
    ValueError
        For fewer than two points, or a negative noise.

    Examples
    --------
    >>> X, t = moons(100)
    >>> X.shape, t.sum()
    ((100, 2), np.int64(50))
    """
    _at_least("n", n, 2)
    _at_least("noise", noise, 0)
    rng = np.random.default_rng(seed)
    upper, lower = (np.linspace(0.0, np.pi, k) for k in (n - n // 2, n // 2))
    x = np.concatenate([np.cos(upper), 1.0 - np.cos(lower)])
    y = np.concatenate([np.sin(upper), 0.5 - np.sin(lower)])
    X = np.stack([x, y], axis=1) + noise * rng.standard_normal((n, 2))
    return X, np.repeat([0, 1], [len(upper), len(lower)])


def _at_least(name: str, value: float, least: int) -> None:
    if not value >= least:
        raise ValueError(f"`{name}` must be at least {least}, got {value!r}.")
