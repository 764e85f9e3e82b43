"""The table by which one box of a worksheet judges an answer: intervals, each with its sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from helpers.graph import number

ROUNDED = 5e-3  # relative; a number worked out by hand may be rounded to three digits
CLOSE = 3e-2  # relative; rounded too early

Slip = tuple[float | None, str]


class Row(NamedTuple):
    """Answers from `low` to `high` get this sentence."""

    low: float
    high: float
    sentence: str


class Table(NamedTuple):
    """The rows of one box, the right answer first; `nudge` is for answers that fit no row."""

    rows: list[Row]
    nudge: str

    def find(self, x: float) -> tuple[bool, str]:
        """Whether x is right, and the sentence for it."""
        for place, (low, high, sentence) in enumerate(self.rows):
            if low <= x <= high:
                return place == 0, sentence
        return False, self.nudge


def table(
    right: float,
    slips: Iterable[Slip],
    nudge: str,
    low: float | None = None,
    high: float | None = None,
) -> Table:
    """The rows in order; a slip that an earlier row covers is left out."""
    low, high = (right if end is None else end for end in (low, high))
    praise = "Right."
    if low < high:
        praise = (
            f"Right: at this kink every slope from {number(low)} to {number(high)} is defensible; "
            f"the boxes that follow use {number(right)}."
        )
    rows = [Row(low - _width(low), high + _width(high), praise)]
    for x, sentence in slips:
        known = x is not None and math.isfinite(x)
        if known and not any(row.low <= x <= row.high for row in rows):
            rows.append(Row(x - _width(x), x + _width(x), sentence))
    if right:
        near, far = sorted((right * (1 - CLOSE), right * (1 + CLOSE)))
        rows.append(Row(near, far, "Close: three significant digits are needed; round at the end."))
    return Table(rows, nudge)


def _width(x: float) -> float:
    return ROUNDED * abs(x) or 1e-9
