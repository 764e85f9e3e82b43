"""Exercises that answer: an exercise is its reference solution, with cases, hints and mistakes.

In a week's module a plain function or class becomes an exercise by the `exercise` decorator; known
mistakes stand below it as runnable code. In the notebook the exercise is itself a decorator: it
checks what the learner wrote, shows the verdict, and binds the name to the learner's own object if
it is right, to the reference otherwise. How an attempt is run and diagnosed stands in
`helpers.diagnosis`, how a verdict reads in `helpers.verdict`, pencil work in `helpers.paper`.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from helpers import memory
from helpers.agreement import show
from helpers.attempt import open_entries, open_line, open_parts, source_of, stub_of
from helpers.cases import Arguments, Battery, Case, Mistake, Wrong
from helpers.diagnosis import Knowledge, diagnose
from helpers.paper import Paper, paper
from helpers.portable import portable_source, revive
from helpers.task import Task, week_of
from helpers.verdict import Note, Verdict, display

__all__ = ["Arguments", "Case", "Exercise", "Mistake", "Paper", "Wrong", "exercise", "paper"]


def exercise(
    *,
    minutes: float,
    difficulty: int,
    cases: Iterable | Callable[[], Iterable],
    hints: Iterable[str],
    judge: Callable[[Case, object, object], None | str | Wrong] | None = None,
    required: Iterable[str] | None = None,
    tolerance: float = 1e-10,
    version: int = 1,
    name: str | None = None,
    fault_codes: dict[str, str] | None = None,
    advice: Callable[[Case, object, object], str | None] | None = None,
) -> Callable[[object], Exercise]:
    """Make an exercise of the reference solution below.

    Parameters
    ----------
    minutes, difficulty : float, int
        Estimated time; 1 to 3.
    cases : iterable, or a function that returns one
        Smallest first. For a function tuples of arguments (a lone argument needs no tuple), or
        `Arguments(label, args=…)` for a label of their own; for anything else `Case(label, run)`.
    hints : iterable of str
        From a nudge to nearly the answer; three of them.
    judge : function, optional
        `judge(case, expected, got)` replaces comparison where several answers are right: it returns
        None if `got` is right, else a sentence or `Wrong(sentence, CODE)`.
    required : iterable of str, optional
        Methods that a class must have; by default the public ones of the reference.
    tolerance : float
        Largest relative error.
    version : int
        Raise it when the check becomes stricter.
    name : str, optional
        By default the name of the reference.
    fault_codes : dict, optional
        CODE for a kind of `helpers.faults.Fault`, where no known mistake has the same fault.
    advice : function, optional
        `advice(case, expected, got)` gives a sentence on a wrong result that matches no mistake.

    Examples
    --------
    >>> @exercise(minutes=1, difficulty=1, cases=[(2.0,), (-1.0,)], hints=["Which rule?"])
    ... def slope_of_square(x):
    ...     return 2 * x
    >>> slope_of_square.check(lambda x: 2 * x).status
    'passed'
    """
    week = week_of(sys._getframe(1).f_globals)

    def make(reference: object) -> Exercise:
        return Exercise(
            reference,
            name=name or reference.__name__,
            week=week,
            minutes=minutes,
            difficulty=difficulty,
            cases=cases,
            hints=hints,
            judge=judge,
            required=required,
            tolerance=tolerance,
            version=version,
            fault_codes=fault_codes or {},
            advice=advice,
        )

    return make


class Exercise(Task):
    """One exercise; made by the `exercise` decorator.

    Attributes
    ----------
    reference : function or class
        The course's own solution.
    mistakes : list of Mistake
        Known mistakes, each with `code`, `explanation` and `attempt`.
    """

    def __init__(self, reference, *, name, week, minutes, difficulty, cases, hints, **rest):
        title = (inspect.getdoc(reference) or name).partition("\n")[0]
        super().__init__(name, title, week, minutes, difficulty, hints)
        self.reference = reference
        self.mistakes: list[Mistake] = []
        self.version = rest["version"]
        self._cases = cases
        self._judge = rest["judge"]
        self._required = rest["required"]
        self._tolerance = rest["tolerance"]
        self._knowledge = Knowledge(self.mistakes, rest["fault_codes"], rest["advice"])
        self._known_battery: Battery | None = None
        self._own: object = None

    def __call__(self, attempt: object) -> object:
        """Check an attempt and show the verdict; use it as a decorator.

        Returns
        -------
        function or class
            The attempt if it is right, else the reference, so that later cells always run.
        """
        verdict = self.check(attempt)
        notes = []
        called = getattr(attempt, "__name__", self.name)
        if called not in (self.name, "<lambda>"):
            notes.append(f"Yours is called `{called}`; later cells look for `{self.name}`.")
        if verdict.status == "passed":
            self._own = attempt
            source = portable_source(attempt, self.name)
            memory.save_passed(self.week, self.name, source or "", self.version)
        notes += memory.take_notes()
        display(replace(verdict, notes=tuple(notes)))
        return attempt if verdict.status == "passed" else self.reference

    def check(self, attempt: object) -> Verdict:
        """The verdict on an attempt, without showing or keeping it."""
        return self._complete(self._examine(attempt))

    def mistake(self, code: str, explanation: str) -> Callable[[object], object]:
        """Register the function or class below as a known mistake."""

        def register(attempt: object) -> object:
            self.mistakes.append(Mistake(code, explanation, attempt))
            return attempt

        return register

    def yours(self) -> object:
        """The learner's own solution from an earlier session, checked again; else the reference."""
        own, note = self._revive()
        display(Note(note))
        return self.reference if own is None else own

    def solution_source(self) -> str:
        """The source of the reference."""
        return source_of(self.reference) or f"# `{self.name}` has no source\n"

    def solution_cell(self) -> str:
        """A notebook cell with this exercise solved."""
        return f"@ex.{self.name}\n{self.solution_source()}"

    def self_check(self) -> list[str]:
        """What is wrong with the exercise itself, in sentences; an empty list is good.

        The stub must be "not attempted", the reference must pass, and each mistake must fail and
        be named by its own code.
        """
        found = []
        verdict = self._examine(self.reference)
        if verdict.status != "passed":
            found.append(f"{self.name}: the reference does not pass: {verdict.message}")
        stub = stub_of(self.reference)
        if stub is not None and self._examine(stub).status != "not attempted":
            found.append(f"{self.name}: the stub is taken for an attempt.")
        for mistake in self.mistakes:
            verdict = self._examine(mistake.attempt)
            if verdict.status == "passed":
                found.append(f"{self.name}: the mistake {mistake.code} passes.")
            elif verdict.mistake != mistake.code:
                found.append(f"{self.name}: the mistake {mistake.code} is taken for {verdict}")
        return found

    @property
    def cases(self) -> list[Case]:
        """The cases of the check, smallest first."""
        return self._battery.cases

    @property
    def _battery(self) -> Battery:
        if self._known_battery is None:
            cases = self._cases() if callable(self._cases) else self._cases
            made = [self._named(case) for case in cases]
            self._known_battery = Battery(made, self.reference, self._tolerance, self._judge)
        return self._known_battery

    def _named(self, case: object) -> Case:
        """A case as the battery needs it: arguments know their names and have a label."""
        if isinstance(case, Arguments):
            return replace(case, names=tuple(inspect.signature(self.reference).parameters))
        if isinstance(case, Case):
            return case
        args = case if isinstance(case, tuple) else (case,)
        label = f"{self.name}({', '.join(_show_argument(arg) for arg in args)})"
        return self._named(Arguments(label, args=args))

    def _examine(self, attempt: object) -> Verdict:
        """The bare verdict on an attempt."""
        wrong_kind = self._wrong_kind(attempt)
        if wrong_kind:
            return Verdict(status="failed", message=wrong_kind)
        still_open = open_parts(attempt)
        missing = self._missing(attempt)
        if still_open or missing:
            return self._unfinished(attempt, still_open, missing)
        misfit = self._misfit(attempt)
        if misfit:
            return Verdict(status="failed", message=misfit)
        return diagnose(self._battery, attempt, self._knowledge)

    def _wrong_kind(self, attempt: object) -> str | None:
        if isinstance(self.reference, type):
            if not isinstance(attempt, type):
                return f"`{self.name}` must be a class, but you give {show(attempt)}."
            return None
        if not callable(attempt) or isinstance(attempt, type):
            return f"`{self.name}` must be a function, but you give {show(attempt)}."
        return None

    def _unfinished(self, attempt: object, still_open: list[str], missing: list[str]) -> Verdict:
        """The verdict on an attempt of which some or all is still to be written."""
        line, _ = open_line(attempt)
        where = f" First in line {line}." if line else ""
        entries = [] if isinstance(attempt, type) else open_entries(attempt)
        if entries:
            message = (
                f"Still open (`...`): {_list([key for key, _ in entries])}. First in line "
                f"{entries[0][1]}. Until it is right, later cells use the course's `{self.name}`."
            )
            return Verdict(status="not attempted", message=message, begun=True)
        if not isinstance(attempt, type) or still_open == [attempt.__name__]:
            message = (
                f"Replace the `...` by your answer and run the cell again.{where} Until it is "
                f"right, later cells use the course's `{self.name}`."
            )
            return Verdict(status="not attempted", message=message)
        parts = [f"Still open (`...`): {_list(still_open)}.{where}"] if still_open else []
        parts += [f"Still missing: {_list(missing)}."] if missing else []
        done = [name for name in self._methods if name not in {*still_open, *missing}]
        message = " ".join(parts) + self._so_far(attempt, [*still_open, *missing], done)
        return Verdict(status="not attempted", message=message, begun=bool(done))

    def _so_far(self, attempt: type, to_come: list[str], done: list[str]) -> str:
        """What can be said already of a class in which some methods are still to come."""
        with _raising(attempt, to_come):
            outcomes = self._battery.run(attempt)
            ready = [
                case
                for case, outcome in zip(self.cases, outcomes, strict=False)
                if not (outcome.problem and outcome.problem.error == _StillOpen.__name__)
            ]
            if not ready:
                return ""
            part = Battery(ready, self.reference, self._tolerance, self._judge)
            verdict = diagnose(part, attempt, self._knowledge)
        if verdict.status == "passed":
            of = f"the {len(ready)} of {len(self.cases)} cases that need nothing else yet"
            return f"\nWhat is there ({_list(done)}) is right, on {of}." if done else ""
        return f"\nWhat is there is not right yet, for example on {verdict.case}: {verdict.message}"

    @property
    def _methods(self) -> list[str]:
        """The methods a class must have; none for a function."""
        if not isinstance(self.reference, type):
            return []
        return _methods(self.reference) if self._required is None else [*self._required]

    def _missing(self, attempt: object) -> list[str]:
        """The methods that a class must have and lacks."""
        return [name for name in self._methods if not _has(attempt, name)]

    def _misfit(self, attempt: object) -> str | None:
        """A sentence about parameters of a function that do not fit."""
        if isinstance(self.reference, type):
            return None
        wanted = list(inspect.signature(self.reference).parameters)
        first = self._battery.cases[0]
        if isinstance(first, Arguments):
            wanted = wanted[: len(first.args)]
        try:
            signature = inspect.signature(attempt)
        except (TypeError, ValueError):
            return None
        try:
            signature.bind(*wanted)
        except TypeError:
            return f"`{self.name}` is called as ({', '.join(wanted)}); yours takes {signature}."
        return None

    def _revive(self) -> tuple[object, str]:
        """The learner's own solution or None, and a sentence which one it is."""
        if self._own is not None:
            return self._own, f"Your own `{self.name}`, from this session."
        kept = memory.load_passed(self.week, self.name)
        if kept is None:
            notes = " ".join(memory.take_notes())
            return None, f"The course's `{self.name}`: yours is not here yet. {notes}".strip()
        if not kept.source:
            return None, (
                f"The course's `{self.name}`: yours passed on {kept.date}, but its source could "
                "not be read then. Run its cell again."
            )
        own, made = revive(kept.source, self.name, f"<your {self.week} {self.name}>")
        verdict = self._examine(own)
        if verdict.status == "passed":
            self._own = own
            return own, f"Your own `{self.name}`, passed on {kept.date}, checked again: right."
        why = f"Python says {made.problem.detail}." if made.problem else verdict.message
        return None, (
            f"The course's `{self.name}`: yours of {kept.date} does not pass today's check. {why}"
        )


class _StillOpen(Exception):
    """Raised by a method that is not written yet, while the others are tried."""


@contextlib.contextmanager
def _raising(attempt: type, names: list[str]) -> Iterator[None]:
    """Let these methods of a class, open or missing, raise `_StillOpen`."""

    def not_yet(*_, **__):
        raise _StillOpen

    kept = {name: vars(attempt)[name] for name in names if name in vars(attempt)}
    for name in names:
        setattr(attempt, name, not_yet)
    try:
        yield
    finally:
        for name in names:
            if name in kept:
                setattr(attempt, name, kept[name])
            else:
                delattr(attempt, name)


def _methods(reference: type) -> list[str]:
    """The methods a class must have: what the reference defines, without private ones."""
    optional = {"__repr__", "__str__", "__init__", "__hash__", "__eq__"}
    members = (name for name, member in vars(reference).items() if callable(member))
    return [
        name
        for name in members
        if name not in optional and (not name.startswith("_") or name.endswith("__"))
    ]


def _has(attempt: type, method: str) -> bool:
    return any(method in vars(family) for family in attempt.__mro__[:-1])


def _list(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _show_argument(arg: object) -> str:
    if callable(arg) and hasattr(arg, "__name__"):
        return "f" if arg.__name__ == "<lambda>" else arg.__name__
    return show(arg, 40)
