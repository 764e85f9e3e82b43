"""From an attempt to a diagnosis: run the cases, compare, and find out what went wrong.

The order of the questions: does the attempt behave on all cases as a known mistake does? Did it
raise, hang, or change its input? Does its graph show a wrong op (`helpers.faults`)? Is the result
the right one times a constant? Otherwise the smallest failing case speaks for itself.
"""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from helpers import sandbox
from helpers.agreement import Agreement, agree, numbers, show
from helpers.attempt import line_of_fault
from helpers.graph import number
from helpers.sandbox import Outcome, Problem, call
from helpers.verdict import Verdict, verified

MISTAKE_LIMIT = 1.0  # seconds for a known mistake on one case


@dataclass(frozen=True)
class Case:
    """One thing to try with an attempt: `run(attempt)` gives a result that can be compared.

    `graph(attempt)`, where given, builds a graph with the attempt's engine and returns its root,
    or the root and a dict of names; a failing case is then searched for the faulty op.
    """

    label: str
    run: Callable[[object], object]
    graph: Callable[[object], object] | None = None

    def outcome(self, attempt: object, limit: float) -> Outcome:
        """What this attempt gives, or what happened instead."""
        return call(self.run, attempt, own=attempt, limit=limit)


@dataclass(frozen=True)
class Arguments(Case):
    """A case of a function: its arguments. The attempt gets copies, which it must leave alone."""

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
                    f"Your code changes its input `{name}`: it was {show(old)}, afterwards it is "
                    f"{show(new)}. Whoever called it still needs that; work on a copy."
                )
                return Outcome(outcome.value, Problem("changed input", "", message))
        return outcome


@dataclass(frozen=True, slots=True)
class Wrong:
    """What a `judge` may return: a sentence, and the CODE where the mistake is a known one."""

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
        if self.judge is None or outcome.value is None:
            return agree(right.value, outcome.value, self.tolerance)
        said = call(self.judge, self.cases[index], right.value, outcome.value, own=attempt)
        if said.problem:  # a result of another kind can be too strange for the judge
            plain = agree(right.value, outcome.value, self.tolerance)
            return Agreement(plain.message or said.problem.message)
        return said.value if isinstance(said.value, Wrong) else Agreement(said.value or None)


def diagnose(
    battery: Battery,
    attempt: object,
    mistakes: list[Mistake],
    fault_codes: Mapping[str, str] | None = None,
) -> Verdict:
    """The verdict on an attempt that is complete enough to run.

    `fault_codes` gives the CODE of the mistake for a kind of `helpers.faults.Fault`, for attempts
    that make a known mistake in some operations only.
    """
    outcomes = battery.run(attempt)
    compared = [battery.compare(i, outcome, attempt) for i, outcome in enumerate(outcomes)]
    failed = [i for i, result in enumerate(compared) if not _is_right(result)]
    unit, points = battery.unit, len(outcomes)
    if not failed:
        error = None if battery.judge else max(result.error for result in compared)
        message = verified(points, unit, error)
        return Verdict(status="passed", message=message, points=points, unit=unit, error=error)

    broken = [i for i in failed if isinstance(compared[i], Problem)]
    first = broken[0] if broken else failed[0]
    result = compared[first]
    verdict = Verdict(
        status="failed",
        case=battery.cases[first].label,
        expected=battery.expected[first].value,
        got=outcomes[first].value,
        points=points,
        unit=unit,
    )
    known = next((m for m in mistakes if _behaves_like(m, battery, attempt, outcomes)), None)
    if isinstance(result, Problem):
        verdict = replace(verdict, line=result.line, line_text=result.line_text)
    if known:
        where = f"\nIt shows in line {verdict.line}: `{verdict.line_text}`" if verdict.line else ""
        return replace(verdict, mistake=known.code, message=known.explanation + where)
    if isinstance(result, Problem):
        return replace(verdict, message=result.message)
    if isinstance(result, Wrong):
        return replace(verdict, message=result.message, mistake=result.code)
    faulty = _faulty_op(battery, attempt, failed, verdict)
    if faulty:
        code = (fault_codes or {}).get(faulty.fault.kind)
        why = next((m.explanation for m in mistakes if m.code == code), "")
        return replace(faulty, mistake=code, message=f"{why}\n{faulty.message}".strip())
    ratio = _constant_ratio(battery, outcomes, compared)
    if ratio:
        return replace(verdict, message=ratio)
    return replace(
        verdict, message=_plainly(result, outcomes[first], points - len(failed), verdict)
    )


def _is_right(result: Agreement | Wrong | Problem) -> bool:
    return isinstance(result, Agreement) and bool(result)


def _plainly(result: Agreement, outcome: Outcome, right: int, verdict: Verdict) -> str:
    """The difference itself, where nothing more is known about it."""
    share = f"Right at {right} of {verdict.points} {verdict.unit}. " if right else ""
    one_number = result.number_only and all(place == () for place, _ in numbers(outcome.value))
    what = "The smallest that is not:" if right else "Not right yet, already at the smallest case:"
    return share + (what if one_number else result.message)


def _behaves_like(mistake: Mistake, battery: Battery, attempt, outcomes: list[Outcome]) -> bool:
    """True if the attempt does on every case what the mistake does."""
    if len(outcomes) < len(battery.cases):
        return False
    all_broken = all(outcome.problem for outcome in outcomes)
    for case, outcome in zip(battery.cases, outcomes, strict=True):
        other = case.outcome(mistake.attempt, MISTAKE_LIMIT)
        a, b = outcome.problem, other.problem
        if bool(a) != bool(b) or (a and (a.kind, a.error) != (b.kind, b.error)):
            return False
        if all_broken and _anonymous(a, attempt) != _anonymous(b, mistake.attempt):
            return False  # any typo raises everywhere: then the texts must be equal, too
        if not agree(other.value, outcome.value, battery.tolerance):
            return False
    return True


def _anonymous(problem: Problem, attempt: object) -> str:
    """An exception's text without the attempt's own name."""
    name = re.escape(getattr(attempt, "__name__", "") or "?")
    return re.sub(rf"\b{name}\b", "·", problem.detail)


def _faulty_op(battery: Battery, attempt, failed: list[int], verdict: Verdict) -> Verdict | None:
    """Search the graphs of the failing cases for the op whose backward is wrong."""
    from helpers.faults import find_fault

    for case in (battery.cases[i] for i in failed if battery.cases[i].graph):
        built = call(case.graph, attempt, own=attempt)
        if built.problem:
            continue
        root, names = built.value if isinstance(built.value, tuple) else (built.value, {})
        fault = call(find_fault, root, names, own=attempt).value
        if fault is None:
            continue
        line, text = line_of_fault(attempt, fault)
        said = str(fault)
        where = f" Look at line {line}: `{text}`" if line else ""
        return replace(
            verdict,
            message=f"{said[:1].upper()}{said[1:].rstrip('.')}.{where}",
            fault=fault,
            line=line,
            line_text=text,
            case=case.label,
            expected=fault.expected,
            got=fault.got,
        )
    return None


def _constant_ratio(battery: Battery, outcomes: list[Outcome], compared: list) -> str | None:
    """A sentence if what is wrong is the right result times the same number everywhere."""
    if not all(result.number_only for result in compared if not result):
        return None
    parts: dict[object, list[tuple[float, float]]] = {}
    for right, outcome in zip(battery.expected, outcomes, strict=True):
        named = isinstance(right.value, dict)
        pairs = zip(numbers(right.value), numbers(outcome.value), strict=True)
        for (place, expected), (_, got) in pairs:
            parts.setdefault(place[0] if named else None, []).append((expected, got))
    wrong = {
        part: pairs
        for part, pairs in parts.items()
        if not agree([e for e, _ in pairs], [g for _, g in pairs], battery.tolerance)
    }
    pairs = [pair for pairs in wrong.values() for pair in pairs if any(pair)]
    if len(pairs) < 2 or not all(expected for expected, _ in pairs):
        return None
    ratio = pairs[0][1] / pairs[0][0]
    if not agree([ratio * expected for expected, _ in pairs], [got for _, got in pairs], 1e-9):
        return None
    what = "Your result" if None in wrong else " and ".join(f"`{part}`" for part in wrong)
    verb = "is" if len(wrong) == 1 else "are"
    rest = "; the rest is right" if len(wrong) < len(parts) else ""
    if ratio == 0:
        return f"{what} {verb} zero everywhere{rest}: nothing arrives there."
    why = "a sign" if abs(ratio + 1) < 1e-9 else "a factor"
    return f"{what} {verb} {number(ratio)} times the right one everywhere{rest}: {why}."


def _copies(args: tuple) -> tuple:
    try:
        return copy.deepcopy(args)
    except Exception:  # what cannot be copied is passed as it is
        return args


def _changed(old: object, new: object) -> bool:
    """True if data that the attempt was given is no longer the same; other objects are left out."""
    if callable(new) or type(new).__eq__ is object.__eq__:
        return False
    return not agree(old, new, 0.0)
