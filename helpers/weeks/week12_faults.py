"""Week 12, capstone A: the course's tensor engine with a planted fault."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import numpy as np

from helpers.engine import tensor


@contextlib.contextmanager
def wrong_rule(vjp: Callable) -> Iterator[None]:
    """The course's tensor engine with another rule for ReLU."""
    right = tensor.VJP["relu"]
    tensor.VJP["relu"] = (vjp,)
    try:
        yield
    finally:
        tensor.VJP["relu"] = right


@contextlib.contextmanager
def wrong_seed(factor: float) -> Iterator[None]:
    """The course's tensor engine with a backward that begins with another number than 1."""
    right = tensor.Tensor.backward
    tensor.Tensor.backward = lambda self, gradient=None: right(self, np.full(self.shape, factor))
    try:
        yield
    finally:
        tensor.Tensor.backward = right


FAULTS = {
    "a right engine": contextlib.nullcontext,
    "relu lets everything through": lambda: wrong_rule(lambda g, n, a: g),
    "relu scales by one millionth too much": lambda: wrong_rule(lambda g, n, a: g * (n.data > 0) * 1.000001),
    "every gradient is 7 times too large": lambda: wrong_seed(7.0),
    "the gradient is NaN": lambda: wrong_rule(lambda g, n, a: g * np.nan),
}  # fmt: skip
