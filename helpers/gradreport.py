"""What a gradient check found: a verdict, a table, and the reasons for its step and tolerance.

Rounding differs a little from machine to machine, so what is right is shown to the digits that the
check can vouch for: a right gradient gives the same text and the same table everywhere.
"""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from helpers.palette import CORRECT, NEUTRAL, WRONG

SHOWN = 8  # rows of a table; the worst come first


class Entry(NamedTuple):
    """One number of a gradient: where it stands, the claim, the measurement, their difference.

    `error` is |analytic − numerical| / max(|analytic|, |numerical|, floor of the report). It is nan
    where nothing could be measured.
    """

    where: str
    analytic: float
    numerical: float
    error: float


@dataclass(frozen=True)
class GradReport:
    """The result of a check: shows as a table, prints as text, is true where all entries agree.

    Attributes
    ----------
    ok : bool
        True if every entry agrees.
    verdict : str
        "agree", "differ", or "unknown" where f is not a number and nothing could be measured.
    entries : list of Entry
        Every entry of the gradient with its relative error.
    worst : Entry
        The one with the largest error.
    method, why : str
        What the analytic numbers were compared with, and why this step and this tolerance.
    tolerance : float
        The relative error that is allowed.
    floor : float
        Entries that are smaller count as this large: the measurement cannot see them any better.
    notes : tuple of str
        What the reader should know: kinks, float32, integers, NaN.
    columns : tuple of str
        What the two numbers of an entry are called.
    """

    entries: list[Entry]
    method: str
    why: str
    tolerance: float
    floor: float = 0.0
    notes: tuple[str, ...] = ()
    columns: tuple[str, str] = ("analytic", "numerical")

    @property
    def verdict(self) -> str:
        if any(entry.error > self.tolerance for entry in self.entries):
            return "differ"
        return "unknown" if any(math.isnan(e.error) for e in self.entries) else "agree"

    @property
    def ok(self) -> bool:
        return self.verdict == "agree"

    def __bool__(self) -> bool:
        return self.ok

    @property
    def worst(self) -> Entry:
        return self._sorted()[0]

    def __repr__(self) -> str:
        lines = [self._headline(), f"  against {self.method}, tolerance {self.tolerance:g}"]
        lines += [f"  {line}" for line in self.why.splitlines()]
        if not self.ok:
            lines.append(f"  {'entry':<14}{self.columns[0]:>14}{self.columns[1]:>14}{'error':>12}")
            lines += [f"  {w:<14}{a:>14}{n:>14}{e:>12}" for w, a, n, e in self._rows()]
        wrapped = [
            textwrap.fill(n, 98, initial_indent="  ", subsequent_indent="    ") for n in self._few()
        ]
        return "\n".join([*lines, *wrapped])

    def _repr_html_(self) -> str:
        color = {"agree": CORRECT, "differ": WRONG, "unknown": NEUTRAL}[self.verdict]
        heads = "".join(f"<th>{h}</th>" for h in ("entry", *self.columns, "relative error"))
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
            for row in self._rows()
        )
        more = len(self.entries) - SHOWN
        rows += f"<tr><td>… {more:,} more</td></tr>" if more > 0 else ""
        small = "".join(
            f'<div style="opacity:.75">{escape(line)}</div>'
            for line in (
                f"against {self.method}, tolerance {self.tolerance:g}",
                *self.why.splitlines(),
            )
        )
        notes = "".join(f"<div>{escape(note)}</div>" for note in self._few())
        return (
            f'<div style="border-left:4px solid {color};padding-left:10px">'
            f"<b>{escape(self._headline())}</b><table><tr>{heads}</tr>{rows}</table>"
            f"{small}{notes}</div>"
        )

    def _headline(self) -> str:
        count = f"{len(self.entries):,} entr{'y' if len(self.entries) == 1 else 'ies'}"
        if self.verdict == "unknown":
            return f"? no verdict: {count}, and not all could be measured"
        if self.ok:
            return f"✓ gradients agree: {count}, worst relative error below {self.tolerance:g}"
        wrong = sum(entry.error > self.tolerance for entry in self.entries)
        return (
            f"✗ gradients differ: {wrong:,} of {count}, worst relative error {_error(self.worst)}"
        )

    def _few(self) -> list[str]:
        more = len(self.notes) - SHOWN
        return [*self.notes[:SHOWN], *([f"… and {more:,} more like these."] if more > 0 else [])]

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [
            (e.where, f"{e.analytic + 0.0:.6g}", self._measured(e), _error(e, self.tolerance))
            for e in self._sorted()[:SHOWN]
        ]

    def _measured(self, entry: Entry) -> str:
        """The measured number, rounded to what the check can vouch for where it agrees."""
        x = entry.numerical
        vouched = self.tolerance * max(abs(entry.analytic), self.floor)
        if entry.error <= self.tolerance and math.isfinite(x) and vouched:
            x = round(x, -math.floor(math.log10(vouched)))
        return f"{x + 0.0:.6g}"

    def _sorted(self) -> list[Entry]:
        """What differs comes first, the worst before the others; the rest keeps its order."""

        def badness(entry: Entry) -> float:
            if math.isnan(entry.error):
                return self.tolerance
            return entry.error if entry.error > self.tolerance else 0.0

        return sorted(self.entries, key=badness, reverse=True)


def _error(entry: Entry, tolerance: float = 0.0) -> str:
    if math.isnan(entry.error):
        return "?"
    return f"{entry.error:.2g}" if entry.error > tolerance else f"< {tolerance:g}"
