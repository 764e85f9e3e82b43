"""Pencil work that is checked line by line.

The learner enters the lines of a derivation, each as a number at the given point or as a formula.
Formulas are compared at random points, and every line with the right values of the lines above it,
so that a slip is found on its own line and not on all that follow.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from helpers import memory
from helpers.agreement import agree, show
from helpers.cases import Mistake
from helpers.formula import Formula, read
from helpers.graph import number
from helpers.task import Task, week_of
from helpers.verdict import Verdict

POINTS = 12  # random points for each formula
BACKWARD = "Take the upstream gradient times the local derivative, once for each use, and add."
_PLAIN = 1e-9  # relative; two formulas for the same thing differ by rounding only
_ROUNDED = 5e-3  # relative; a number worked out by hand may be rounded to three digits


def paper(
    name: str,
    title: str,
    *,
    answers: Mapping[str, str],
    at: Mapping[str, float | str],
    minutes: float,
    difficulty: int,
    hints: Iterable[str],
    mistakes: Mapping[str, tuple[Mapping[str, str], str]] | None = None,
    advice: str | Mapping[str, str] = BACKWARD,
    lowest: float = -2.0,
) -> Paper:
    """Make an exercise for pencil and paper.

    Parameters
    ----------
    name, title : str
        As in "by_hand", "D1 at (2, 3)".
    answers : dict
        The lines in their order, name and right formula; a line may use the names above it.
    at : dict
        The given values; a formula for one that follows from others: `q="x + y"`.
    minutes, difficulty, hints
        As for `exercise`.
    mistakes : dict, optional
        CODE to (the lines as this mistake has them, explanation).
    advice : str or dict, optional
        What to do about a wrong line of which no more is known, for all lines or by their names; by
        default for a backward pass.
    lowest : float, optional
        Of the random values; above 0 for sizes and stds, of which square roots are taken.

    Examples
    --------
    >>> by_hand = paper("by_hand", "D1 at (2, 3)", at=dict(x=2.0, y=3.0, q="x + y"),
    ...                 answers=dict(dq="y", dx="dq * 1", dy="q + dq"),
    ...                 minutes=10, difficulty=1, hints=["Start at f."])
    >>> by_hand.check(dq="y", dx=3, dy="x + 2y").status
    'passed'
    """
    week = week_of(sys._getframe(1).f_globals)
    rest = (answers, at, mistakes or {}, advice, lowest)
    return Paper(name, title, week, minutes, difficulty, hints, *rest)


class Paper(Task):
    """One derivation; made by `paper`. `mistakes` lists the known ones as for an exercise."""

    def __init__(
        self, name, title, week, minutes, difficulty, hints, answers, at, mistakes, advice, lowest
    ):
        super().__init__(name, title, week, minutes, difficulty, hints)
        self._wrong_line = dict.fromkeys(answers, advice) if isinstance(advice, str) else advice
        known = set(at)
        self._given = {key: _formula(value, known) for key, value in at.items()}
        self.answers: dict[str, Formula] = {}
        for line, text in answers.items():
            self.answers[line] = read(text, known)
            known.add(line)
        self.mistakes = [Mistake(code, why, dict(lines)) for code, (lines, why) in mistakes.items()]
        used = {name for formula in self.answers.values() for name in formula.names}
        self._results = [line for line in self.answers if line not in used]
        self._points = self._draw_points(lowest)

    def check(self, **lines: float | str) -> Verdict:
        """Check the lines of the derivation.

        Parameters
        ----------
        **lines : number, str, or ...
            A number is compared at the given point, a formula everywhere; `...` is open. A line
            on the way to others may be left out.
        """
        verdict = self._complete(self._examine(lines))
        if verdict.status == "passed":
            entered = ", ".join(f"{line}={value!r}" for line, value in lines.items())
            memory.save_passed(self.week, self.name, entered, self.version)
        return replace(verdict, notes=tuple(memory.take_notes()))

    def solution_source(self) -> str:
        """The right lines."""
        return "".join(f"{line} = {formula.text}\n" for line, formula in self.answers.items())

    def solution_cell(self) -> str:
        """A notebook cell with this exercise solved."""
        lines = ", ".join(f'{line}="{formula.text}"' for line, formula in self.answers.items())
        return f"ex.{self.name}.check({lines})\n"

    def self_check(self) -> list[str]:
        """What is wrong with the exercise itself, in sentences; an empty list is good."""
        right = {line: formula.text for line, formula in self.answers.items()}
        found = []
        if self._examine(right).status != "passed":
            found.append(f"{self.name}: the right answers do not pass.")
        if self._examine({}).status != "not attempted":
            found.append(f"{self.name}: an empty page is taken for an attempt.")
        for mistake in self.mistakes:
            verdict = self._examine(right | mistake.attempt)
            if verdict.mistake != mistake.code:
                found.append(f"{self.name}: the mistake {mistake.code} is taken for {verdict}")
        return found

    def _examine(self, lines: dict) -> Verdict:
        """The bare verdict on these lines."""
        unknown = [line for line in lines if line not in self.answers]
        if unknown:
            asked = _list(self.answers)
            message = f"`{unknown[0]}` is not asked for here; the lines are {asked}."
            return Verdict(status="failed", message=message)
        right: list[str] = []
        for line in self.answers:
            given = lines.get(line, ...)
            verdict = None if given is ... else self._examine_line(line, given)
            if verdict:
                so_far = f" Right so far: {_list(right)}." if right else ""
                return replace(verdict, message=verdict.message + so_far)
            if given is not ...:
                right.append(line)
        needed = [line for line in self.answers if line in lines or line in self._results]
        still_open = [line for line in needed if line not in right]
        if still_open:
            so_far = f" Right so far: {_list(right)}." if right else ""
            message = f"Still open: {_list(still_open)}.{so_far}"
            return Verdict(status="not attempted", message=message)
        written = not all(_is_number(lines[line]) for line in right)
        how = f"; formulas were tested at {POINTS} random points." if written else "."
        message = f"All {len(right)} lines are right{how}"
        return Verdict(status="passed", message=message, points=len(right), unit="lines")

    def _examine_line(self, line: str, given: object) -> Verdict | None:
        """A failed verdict, or None if this line is right."""
        failed = Verdict(status="failed", case=self._place(line))
        if isinstance(given, bool) or not (isinstance(given, str) or _is_number(given)):
            known = given is None or isinstance(given, bool | Sequence)
            what = show(given) if known else f"an object of type {type(given).__name__}"
            wanted = f"For `{line}` a number or a formula in quotes is expected, not {what}."
            return replace(failed, message=f'{wanted} Put the formula in quotes: `{line}="…"`.')
        above = list(self.answers)[: list(self.answers).index(line)]
        try:
            formula = _formula(given, {*self._given, *above})
        except ValueError as error:
            return replace(failed, message=f"Line `{line}`: {error}")
        at_point = not formula.names
        points = self._points[:1] if at_point else self._points
        values = [formula.at(point) for point in points]
        wanted = [point[line] for point in points]
        if _same(wanted, values, at_point):
            return None
        failed = replace(failed, got=values[0])
        known = self._known_mistake(line, values, at_point)
        if known:
            return replace(failed, message=known.explanation, mistake=known.code)
        return replace(failed, message=self._what_is_wrong(line, wanted, values, at_point))

    def _what_is_wrong(self, line, wanted: list[float], values: list[float], at_point: bool) -> str:
        if any(math.isnan(v) for v in values):
            return (
                f"Line `{line}` has no value at some points where one is expected: a division by "
                "zero, the log of a negative number, or a number too large for a float."
            )
        if not at_point and _same(wanted[:1], values[:1], False):
            return f"Line `{line}` is right at the given point by chance, but not at other points."
        ratios = [v / w for w, v in zip(wanted, values, strict=True) if w]
        same_ratio = _same(ratios[:1] * len(ratios), ratios, at_point)
        everywhere = len(ratios) == len(wanted) and same_ratio
        if everywhere and _same([-1.0], ratios[:1], at_point):
            return f"Line `{line}` has the right size, but the wrong sign."
        if everywhere and at_point and _same([1.0], ratios, True, 0.05):
            return f"Line `{line}` is close, but not right to three digits."
        if everywhere and not at_point and ratios[0]:
            ratio = number(ratios[0])
            return f"Line `{line}` is {ratio} times the right one everywhere: look for a factor."
        first = line == next(iter(self.answers))
        above = "" if first else "The lines above are right, so look at this step alone. "
        return f"Line `{line}` is not right yet. {above}{self._wrong_line[line]}"

    def _known_mistake(self, line: str, values: list[float], at_point: bool) -> Mistake | None:
        """The known mistake that has this line exactly as the learner has it."""
        points = self._points[: len(values)]
        for mistake in self.mistakes:
            if line in mistake.attempt:
                theirs = read(mistake.attempt[line])
                if _same([theirs.at(point) for point in points], values, at_point):
                    return mistake
        return None

    def _draw_points(self, lowest: float) -> list[dict[str, float]]:
        """The given point, then random ones, each with the right value of every line."""
        draw = random.Random(0)
        points = [self._values({})]
        for low in (lowest, 0.25):
            for _ in range(200):
                if len(points) > POINTS:
                    return points
                free = [key for key, formula in self._given.items() if not formula.names]
                point = self._values({key: draw.uniform(low, 2.0) for key in free})
                if all(map(math.isfinite, point.values())):
                    points.append(point)
        return points

    def _values(self, free: dict[str, float]) -> dict[str, float]:
        values: dict[str, float] = {}
        for key, formula in {**self._given, **self.answers}.items():
            values[key] = free[key] if key in free else formula.at(values)
        return values

    def _place(self, line: str) -> str:
        given = ", ".join(f"{key} = {number(self._points[0][key])}" for key in self._given)
        return f"{line} for {given}"


def _formula(value: float | str, known: set[str] | None = None) -> Formula:
    return read(value if isinstance(value, str) else repr(float(value)), known)


def _is_number(value: object) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool)


def _same(wanted: list[float], got: list[float], by_hand: bool, rounded: float = 5e-3) -> bool:
    """Equal up to rounding; a number that was worked out by hand may be right to three digits."""
    return bool(agree(wanted, got, rounded if by_hand else _PLAIN))


def _list(lines: Iterable[str]) -> str:
    return ", ".join(f"`{line}`" for line in lines)
