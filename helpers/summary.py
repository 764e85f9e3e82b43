"""How the course writes numbers, and arrays in one line: by shape and norm.

Everything that reads an engine goes through `short`: a single number becomes a float, an array its
Summary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """An array in one line: its shape and its Euclidean norm (None where it is not kept)."""

    shape: tuple[int, ...]
    norm: float | None

    def __str__(self) -> str:
        return str(self.shape) if self.norm is None else f"{self.shape} ‖{self.norm:.4g}‖"


def short(x: object) -> float | Summary | None:
    """A number as a float, an array as its Summary."""
    if x is None or isinstance(x, (float, Summary)):
        return x
    shape = tuple(getattr(x, "shape", ()))
    if math.prod(shape) == 1:
        return float(x.item() if hasattr(x, "item") else x)
    flat = x.reshape(-1)
    return Summary(shape, float((flat * flat).sum()) ** 0.5)


def number(x: float | Summary | None) -> str:
    """The course's one way to print a number: four significant digits, a true minus sign."""
    if x is None:
        return "?"
    if isinstance(x, Summary):
        return str(x)
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    text = f"{x + 0.0:.4g}"  # −0.0 is shown as 0.0
    if not any(mark in text for mark in ".e"):
        text += ".0"
    mantissa, e, exponent = text.partition("e")
    if e:
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")


def factor(x: float | Summary | None) -> str:
    """A number as a factor of a product: negative ones in parentheses."""
    text = number(x)
    return f"({text})" if text.startswith("−") else text
