"""How the answer to an attempt reads: as HTML under a notebook cell, and as plain text.

The HTML needs neither styles nor scripts of its own: inline attributes and `<details>` folds
survive in a notebook that is not trusted yet. Words take the theme's own ink; the color sits in a
bar and in a label with white letters, each beside a sign (○ ✓ ✗), so it reads in light and dark and
without color.
"""

from __future__ import annotations

import html
import math
import re
import sys
from dataclasses import dataclass, field

from helpers.agreement import show
from helpers.palette import TINTS

SIGNS = {"passed": "✓", "failed": "✗", "not attempted": "○"}
WORDS = {"passed": "right", "failed": "not right yet", "not attempted": "not attempted"}
_TINT = {"passed": "correct", "failed": "wrong", "not attempted": "neutral"}
ROUNDING = -12  # power of ten; below it errors are rounding, and may differ from run to run
_QUIET = "font-size:90%"
_STRESS = re.compile(r"(?<![\w*)])\*(?![\s*])([^*\n]+?)(?<![\s*(])\*(?![\w*(])")
_BREAK = re.compile(r"\n( *)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to one attempt.

    Attributes
    ----------
    exercise : str
        Name of the exercise.
    status : str
        "passed", "failed" or "not attempted".
    message : str
        The diagnosis, in sentences.
    mistake : str or None
        CODE of the known mistake that the attempt behaves like.
    fault : helpers.faults.Fault or None
        The op whose backward is wrong, where the attempt builds a graph.
    case, expected, got
        The smallest failing case, and the two results there.
    line, line_text : int or None, str
        The learner's own line, where one can be named.
    points, unit, error : int, str, float
        How many points were checked, and the largest relative error (None where several answers
        are right).
    only_answer : bool
        False where other answers than `expected` are right, too.
    begun : bool
        True where a part is written and the rest is still to come.
    """

    status: str
    exercise: str = ""
    message: str = ""
    mistake: str | None = None
    fault: object = None
    case: str | None = None
    expected: object = None
    got: object = None
    line: int | None = None
    line_text: str = ""
    points: int = 0
    unit: str = "points"
    error: float | None = None
    only_answer: bool = True
    minutes: float | None = None
    difficulty: int | None = None
    hints: tuple[str, ...] = ()
    solution: str = field(default="", repr=False)
    notes: tuple[str, ...] = ()
    begun: bool = False

    @property
    def words(self) -> str:
        """The status as a learner reads it."""
        return "in progress" if self.begun else WORDS[self.status]

    @property
    def text(self) -> str:
        """The verdict as plain text."""
        lines = [f"{SIGNS[self.status]} {self.exercise} · {self.words}{self._effort()}"]
        lines += self.message.splitlines()
        lines += [f"  {name}: {value}" for name, value in self._facts()]
        if self.status == "failed" and self.hints:
            lines.append(f"Hints, one by one: ex.{self.exercise}.hint()")
        lines += self.notes
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__

    def _repr_html_(self) -> str:
        tint = TINTS[_TINT[self.status]]
        label = (
            f'<span style="background-color:{tint.on_light};color:#FFFFFF;padding:1px 8px;'
            f'border-radius:9px;font-weight:bold">{SIGNS[self.status]} {self.words}</span>'
        )
        head = f"{label}&nbsp; <b>{html.escape(self.exercise)}</b>{html.escape(self._effort())}"
        parts = [f"<div>{head}</div>"]
        if self.message:
            parts.append(f'<div style="margin-top:6px">{prose(self.message)}</div>')
        parts.append(_table(self._facts()))
        parts += [
            f'<div style="margin-top:6px;{_QUIET}">{prose(note)}</div>' for note in self.notes
        ]
        parts.append(self._folds())
        return _frame(tint.hue, "".join(parts))

    def _effort(self) -> str:
        marks = [effort(self.difficulty, self.minutes)] if self.status != "passed" else []
        return "".join(f" · {mark}" for mark in marks if mark)

    def _facts(self) -> list[tuple[str, str]]:
        """The few lines under the message: where it fails, and how."""
        right = "expected" if self.only_answer else "right, for example"
        facts = [("at", self.case), (right, self.expected), ("yours", self.got)]
        known = [(name, value) for name, value in facts if value is not None]
        return [(name, value if name == "at" else show(value)) for name, value in known]

    def _folds(self) -> str:
        folds = "" if self.status == "passed" else hint_folds(self.hints)
        if self.solution and self.status != "not attempted":
            word = "Compare with the course's solution" if self.status == "passed" else "Solution"
            advice = "" if self.status == "passed" or not self.hints else " (the hints come first)"
            folds += fold(f"{word}{advice}", _source(self.solution))
        return folds


@dataclass(frozen=True, slots=True)
class Note:
    """A short answer other than a verdict: a hint, a solution, a word about progress."""

    title: str
    body: str = ""
    source: str = ""

    def __repr__(self) -> str:
        return "\n".join(part for part in (self.title, self.body, self.source.rstrip()) if part)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        parts = [f"<div><b>{prose(self.title)}</b></div>"] if self.title else []
        if self.body:
            parts.append(f'<div style="margin-top:4px">{prose(self.body)}</div>')
        if self.source:
            parts.append(_source(self.source))
        return _frame(TINTS["neutral"].hue, "".join(parts))


def verified(points: int, unit: str, error: float | None) -> str:
    """What was verified: "Checked at 12 points; largest error below 1e-12."; None: no bound."""
    where = f"{'at' if unit == 'points' else 'on'} {points} {unit}"
    if points == 1:
        where = where.removesuffix("s")
    if error is None:
        return f"Checked {where}."
    power = max(ROUNDING, math.floor(math.log10(error)) + 1) if error > 0 else ROUNDING
    return f"Checked {where}; largest error below 1e{power}."


def effort(difficulty: int | None, minutes: float | None) -> str:
    """Difficulty out of three and time: "●●○ · 10 min"."""
    marks = [] if difficulty is None else ["●" * difficulty + "○" * (3 - difficulty)]
    return " · ".join(marks + ([] if minutes is None else [f"{minutes:g} min"]))


def hint_folds(hints: tuple[str, ...]) -> str:
    """The hints one inside another, so that the second can be opened only after the first."""
    folds = ""
    for number in range(len(hints), 0, -1):
        folds = fold(f"Hint {number} of {len(hints)}", f"{prose(hints[number - 1])}{folds}")
    return folds


def fold(title: str, body: str) -> str:
    """A closed fold."""
    return (
        f'<details style="margin-top:6px"><summary>{html.escape(title)}</summary>'
        f'<div style="margin-left:14px;margin-top:2px">{body}</div></details>'
    )


def prose(text: str) -> str:
    """Text as HTML: `code` in back quotes, *stress*, line breaks with indentation; else escaped."""
    parts = re.split(r"`([^`\n]+)`", html.escape(text, quote=False))
    parts[1::2] = [f"<code>{code}</code>" for code in parts[1::2]]
    parts[::2] = [_STRESS.sub(r"<em>\1</em>", words) for words in parts[::2]]
    return _BREAK.sub(lambda m: "<br>" + "&nbsp;" * len(m[1]), "".join(parts))


def display(thing: object) -> None:
    """Show a verdict or note under the running cell; outside of IPython print it."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        ipython.display.display(thing)
    else:
        print(thing)


def _source(code: str) -> str:
    return f'<pre style="margin-top:4px">{html.escape(code.rstrip(), quote=False)}</pre>'


def _table(facts: list[tuple[str, str]]) -> str:
    rows = "".join(
        f'<tr><td style="text-align:left;padding:1px 10px 1px 0">{name}</td>'
        f'<td style="text-align:left;padding:1px 0"><code>{html.escape(value)}</code></td></tr>'
        for name, value in facts
    )
    return f'<table style="margin-top:6px">{rows}</table>' if rows else ""


def _frame(hue: str, inside: str) -> str:
    return (
        f'<div style="border-left:4px solid {hue};padding:2px 0 4px 12px;margin:4px 0;'
        f'max-width:760px">{inside}</div>'
    )
