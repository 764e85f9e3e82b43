"""What an exercise tries with an attempt, and how an outcome compares with the right one.

A `Case` is one thing to try; `Arguments` is the usual one for a function. A `Battery` holds the
cases of an exercise with the outcomes of its reference. What a failure means is worked out in
`helpers.diagnosis`.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass

from helpers import sandbox
from helpers.agreement import Agreement, agree, numbers, show
from helpers.sandbox import Outcome, Problem, call


@dataclass(frozen=True)
class Case:
    """One thing to try with an attempt: `run(attempt)` gives a result that can be compared.

    `run` may return a `Wrong`, where it can say itself what is wrong. `graph(attempt)`, where
    given, builds a graph with the attempt's engine and returns its root, or the root and a dict of
    names; a failing case is then searched for the faulty op. `answers` is how many answers the
    result holds, where it is a table of them.
    """

    label: str
    run: Callable[[object], object]
    graph: Callable[[object], object] | None = None
    answers: int = 0

    def outcome(self, attempt: object, limit: float) -> Outcome:
        """What this attempt gives, or what happened instead."""
        return call(self.run, attempt, own=attempt, limit=limit)


@dataclass(frozen=True)
class Arguments(Case):
    """A case of a function: its arguments. The attempt gets copies, which it must leave alone."""

    run: None = None
    args: tuple = ()
    names: tuple[str, ...] = ()

    def outcome(self, attempt: object, limit: float) -> Outcome:
        before, args = _copies(self.args), _copies(self.args)
        outcome = call(attempt, *args, own=attempt, limit=limit)
        if outcome.problem:
            return outcome
        for name, old, new in zip(self.names, before, args, strict=False):
            if _changed(old, new):
                message = (
                    f"Your code changes its input `{name}`: {_change(old, new)} "
                    "Whoever called it still needs that; work on a copy."
                )
                return Outcome(outcome.value, Problem("changed input", "", message))
        return outcome


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong in a sentence, and the CODE where the mistake is a known one."""

    message: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """A known mistake: runnable code with one explanation."""

    code: str
    explanation: str
    attempt: object


class Battery:
    """What an exercise checks: its cases, the outcomes of the reference, and how to compare."""

    def __init__(
        self,
        cases: list[Case],
        reference: object,
        tolerance: float,
        judge: Callable[[Case, object, object], None | str | Wrong] | None,
    ):
        self.cases = cases
        self.tolerance = tolerance
        self.judge = judge
        self.expected = self.run(reference)

    @property
    def unit(self) -> str:
        """What one case is called in a verdict."""
        return "points" if isinstance(self.cases[0], Arguments) else "cases"

    def run(self, attempt: object) -> list[Outcome]:
        """The outcomes of an attempt, within the time limit; a case that hangs is the last."""
        end = time.monotonic() + sandbox.TIME_LIMIT
        outcomes = []
        for case in self.cases:
            outcome = case.outcome(attempt, max(end - time.monotonic(), 0.01))
            outcomes.append(outcome)
            if outcome.problem and outcome.problem.kind == "hung":
                break
        return outcomes

    def compare(self, index: int, outcome: Outcome, attempt: object) -> Agreement | Wrong | Problem:
        """How the outcome of one case relates to the right one; an Agreement may be true."""
        right = self.expected[index]
        if right.problem and outcome.problem and right.problem.error == outcome.problem.error:
            return Agreement()
        if outcome.problem:
            return outcome.problem
        if right.problem:
            why = f" ({right.problem.detail})" if right.problem.detail else ""
            return Agreement(
                f"{right.problem.error} must be raised here{why}; you give {show(outcome.value)}."
            )
        if isinstance(outcome.value, Wrong):
            return outcome.value
        if self.judge is not None and outcome.value is not None:
            said = call(self.judge, self.cases[index], right.value, outcome.value, own=attempt)
            if not said.problem:
                return said.value if isinstance(said.value, Wrong) else Agreement(said.value)
        # A result of another kind can be too strange for the judge, or a container of its own
        # make for any comparison.
        plain = call(agree, right.value, outcome.value, self.tolerance)
        return Agreement(plain.problem.message) if plain.problem else plain.value


def _copies(args: tuple) -> tuple:
    try:
        return copy.deepcopy(args)
    except Exception:  # what cannot be copied is passed as it is
        return args


def _change(old: object, new: object) -> str:
    """What has become of the data; a change that printing hides is named by its place and size."""
    if show(old) != show(new):
        return f"it was {show(old)}, afterwards it is {show(new)}."
    before, after = dict(numbers(old)), dict(numbers(new))
    differing = [place for place in before if before[place] != after.get(place)]
    if not differing:
        return f"it was {show(old)}, afterwards it looks alike and is not the same."
    place = differing[0]
    moved = f"{after[place] - before[place]:.1e}"
    if len(before) == 1:
        return f"it has changed by {moved}."
    return f"{len(differing)} of {len(before)} numbers have changed, the first by {moved}."


def _changed(old: object, new: object) -> bool:
    """True if data that the attempt was given is no longer the same; other objects are left out."""
    if callable(new) or type(new).__eq__ is object.__eq__:
        return False
    return not (agree(old, new, 0.0) and agree(new, old, 0.0))
