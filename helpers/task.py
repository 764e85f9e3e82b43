"""What every exercise has, typed or worked on paper: effort, hints, a solution, a memory.

A `Task` is made by `helpers.exercise.exercise` or `helpers.paper.paper`, never by itself. The hints
come one by one; the solution opens after an attempt or the last hint, or at once for who insists.
"""

from __future__ import annotations

import re
from dataclasses import replace

from helpers import memory
from helpers.verdict import Note, Verdict, effort


class Task:
    """One exercise of a week.

    Attributes
    ----------
    name, title, week : str
        As in `df_dx`, "∂f/∂x of f(x, y) = (x + y)·y.", "week01".
    minutes, difficulty : float, int
        Estimated time; 1 to 3.
    hints : tuple of str
        From a nudge to nearly the answer.
    version : int
        Of the check: what passed an earlier one counts as done only when it passes again.
    """

    version = 1

    def __init__(self, name: str, title: str, week: str, minutes: float, difficulty: int, hints):
        self.name = name
        self.title = title
        self.week = week
        self.minutes = minutes
        self.difficulty = difficulty
        self.hints = tuple(hints)
        self._hints_given = 0
        self._attempted = False

    def __repr__(self) -> str:
        return f"{self.name} · {effort(self.difficulty, self.minutes)}: {self.title}"

    def hint(self) -> Note:
        """The next hint; after the last one it stays there."""
        if not self.hints:
            return Note(f"`{self.name}` has no hints.", f"Try `ex.{self.name}.solution()`.")
        self._hints_given = min(self._hints_given + 1, len(self.hints))
        number = self._hints_given
        last = number == len(self.hints)
        more = f"\nThe solution is open now: `ex.{self.name}.solution()`." if last else ""
        return Note(f"Hint {number} of {len(self.hints)}", self.hints[number - 1] + more)

    def solution(self, now: bool = False) -> Note:
        """The course's solution, once it was attempted or all hints were read.

        Parameters
        ----------
        now : bool
            Show it at once.
        """
        hints_read = bool(self.hints) and self._hints_given == len(self.hints)
        tried = self._attempted or memory.attempts(self.week, self.name) > 0
        if now or hints_read or tried or not self.hints:
            return Note(f"Solution of `{self.name}`", source=self.solution_source())
        return Note(
            f"Try it first: `{self.name}` takes about {self.minutes:g} minutes.",
            f"Write any attempt and run its cell, or read the hints one by one: "
            f"`ex.{self.name}.hint()`. After an attempt or the last hint the solution opens; "
            f"`ex.{self.name}.solution(now=True)` shows it at once.",
        )

    def solution_source(self) -> str:
        """The solution as code."""
        raise NotImplementedError

    def _complete(self, verdict: Verdict) -> Verdict:
        """The verdict with what belongs to this task; counted, unless nothing was attempted."""
        tried = verdict.status != "not attempted"
        if tried:
            self._attempted = True
            memory.count_attempt(self.week, self.name)
        return replace(
            verdict,
            exercise=self.name,
            minutes=self.minutes,
            difficulty=self.difficulty,
            hints=self.hints,
            solution=self.solution_source() if tried else "",
        )


def week_of(space: dict) -> str:
    """The week of a module, from its global names: "week01" for `helpers.weeks.week01_gates`."""
    module = space.get("__name__", "")
    found = re.search(r"week\d\d", module)
    return found[0] if found else module.rpartition(".")[2]
