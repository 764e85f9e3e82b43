"""From an attempt to a diagnosis: run the cases, compare, and find out what went wrong.

The order of the questions: does the attempt behave on all cases as a known mistake does? Did it
raise, hang, or change its input? Does its graph show a wrong op (`helpers.faults`), perhaps the one
that a known mistake has there? Is the result the right one times a constant? Otherwise the smallest
failing case speaks for itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from helpers.agreement import Agreement, agree, numbers
from helpers.cases import Battery, Case, Mistake, Wrong
from helpers.faultline import line_of_fault, without_comma
from helpers.faults import Fault, find_fault
from helpers.graph import number
from helpers.measure import op_name
from helpers.sandbox import Outcome, Problem, call
from helpers.verdict import Verdict, verified

MISTAKE_LIMIT = 1.0  # seconds for a known mistake on one case
FAULT_LIMIT = 0.5  # seconds for the search after a wrong op, and
GRAPHS_FOR_CODE = 6  # how many graphs with a wrong op are compared with the known mistakes


@dataclass(frozen=True)
class Knowledge:
    """What is known about the ways to fail an exercise.

    Attributes
    ----------
    mistakes : list of Mistake
    fault_codes : dict
        CODE of the mistake for a kind of `helpers.faults.Fault`.
    advice : function, optional
        `advice(case, expected, got)`: a sentence for a wrong result about which no more is known.
    """

    mistakes: list[Mistake]
    fault_codes: Mapping[str, str] = field(default_factory=dict)
    advice: Callable[[Case, object, object], str | None] | None = None


def diagnose(battery: Battery, attempt: object, known: Knowledge) -> Verdict:
    """The verdict on an attempt that is complete enough to run."""
    outcomes = battery.run(attempt)
    compared = [battery.compare(i, outcome, attempt) for i, outcome in enumerate(outcomes)]
    failed = [i for i, result in enumerate(compared) if not _is_right(result)]
    unit, points = battery.unit, len(outcomes)
    if not failed:
        error = _largest_error(battery, outcomes)
        answers = sum(case.answers for case in battery.cases)
        message = f"All {answers} are right." if answers else verified(points, unit, error)
        return Verdict(status="passed", message=message, points=points, unit=unit, error=error)

    hung = [i for i in failed if isinstance(compared[i], Problem) and compared[i].kind == "hung"]
    first = (hung or failed)[0]
    expected, got = _differing(battery.expected[first].value, outcomes[first].value, battery)
    verdict = Verdict(
        status="failed",
        case=battery.cases[first].label,
        expected=expected,
        got=got,
        only_answer=battery.judge is None,
        points=points,
        unit=unit,
    )
    alike = [m for m in known.mistakes if _behaves_like(m, battery, attempt, outcomes, first)]
    result = compared[first]
    if isinstance(result, Problem):
        verdict = replace(verdict, line=result.line, line_text=result.line_text)
        explained = _named(verdict, alike) or _bare_entry(
            verdict, result, battery.cases[first], attempt
        )
        return explained or replace(verdict, message=result.message)
    unequal = [i for i in failed if isinstance(compared[i], Agreement) and battery.cases[i].graph]
    tried = {battery.cases[i]: outcomes[i] for i in unequal}
    faulty = _faulty_op(tried, attempt, known)
    named = _named(_with(verdict, faulty, "fault", "line", "line_text"), alike, faulty.mistake)
    if named:
        return named
    if isinstance(result, Wrong):
        return replace(verdict, message=result.message, mistake=result.code)
    if faulty.fault:
        return _with(verdict, faulty, "message", "mistake", "fault", "line", "line_text", "case",
                     "expected", "got")  # fmt: skip
    said = _constant_ratio(battery, outcomes, compared) or _plainly(
        result, outcomes[first], points - len(failed), verdict
    )
    advice = _advice(battery.cases[first], battery.expected[first], outcomes[first], known)
    return replace(verdict, message=f"{said} {advice}".strip())


def _named(verdict: Verdict, alike: list[Mistake], code: str | None = None) -> Verdict | None:
    """The verdict with the known mistake that behaves alike; of several the one with this code."""
    if not alike:
        return None
    same = next((mistake for mistake in alike if mistake.code == code), alike[0])
    where = f"\nLook at line {verdict.line}: `{verdict.line_text}`" if verdict.line else ""
    return replace(verdict, mistake=same.code, message=same.explanation + where)


def _bare_entry(verdict: Verdict, problem: Problem, case: Case, engine) -> Verdict | None:
    """The verdict where backward stumbles over a number in place of a tuple."""
    if case.graph is None or problem.error != "TypeError":
        return None

    def search():
        built = case.graph(engine)
        return without_comma(engine, built[0] if isinstance(built, tuple) else built)

    found = call(search, own=engine, limit=FAULT_LIMIT).value
    if not found:
        return None
    said, line, text = found
    where = f" Look at line {line}: `{text}`" if line else ""
    return replace(verdict, message=said + where, line=line, line_text=text)


def _with(verdict: Verdict, other: Verdict, *names: str) -> Verdict:
    return replace(verdict, **{name: getattr(other, name) for name in names})


def _is_right(result: Agreement | Wrong | Problem) -> bool:
    return isinstance(result, Agreement) and bool(result)


def _largest_error(battery: Battery, outcomes: list[Outcome]) -> float | None:
    """The largest relative error of right results.

    None where several answers are right, and where an answer is right or not: text, True, a count.
    """
    pairs = [(e.value, o.value) for e, o in zip(battery.expected, outcomes, strict=True)]
    if all(isinstance(x, int) for right, _ in pairs for _, x in numbers(right)):
        return None
    found = [call(agree, right, got, battery.tolerance).value for right, got in pairs]
    if battery.judge and not (all(found) and any([*numbers(right)] for right, _ in pairs)):
        return None
    return max(result.error for result in found if result)


def _differing(expected: object, got: object, battery: Battery) -> tuple[object, object]:
    """Of two dicts the entries that differ, if any; nothing where the case says what is wrong."""
    if isinstance(got, Wrong):
        return None, None
    if not (isinstance(expected, Mapping) and isinstance(got, Mapping)):
        return expected, got
    keys = [
        k for k in expected if k not in got or not agree(expected[k], got[k], battery.tolerance)
    ]
    given = {k: got[k] for k in keys if k in got}
    return {k: expected[k] for k in keys} or None, given or None


def _plainly(result: Agreement, outcome: Outcome, right: int, verdict: Verdict) -> str:
    """The difference itself, where nothing more is known about it."""
    share = f"Right at {right} of {verdict.points} {verdict.unit}." if right else "Not right yet."
    one_number = result.number_only and all(place == () for place, _ in numbers(outcome.value))
    return share if one_number else f"{share} {result.message}"


def _advice(case: Case, right: Outcome, outcome: Outcome, known: Knowledge) -> str:
    said = call(known.advice, case, right.value, outcome.value) if known.advice else Outcome()
    return said.value or ""


def _behaves_like(
    mistake: Mistake, battery: Battery, attempt, outcomes: list[Outcome], failed: int
) -> bool:
    """True if the attempt does on every case what the mistake does; asked first where it failed."""
    if len(outcomes) < len(battery.cases):
        return False
    all_broken = all(outcome.problem for outcome in outcomes)
    tried = list(zip(battery.cases, outcomes, strict=True))
    tried.insert(0, tried.pop(failed))
    for case, outcome in tried:
        other = case.outcome(mistake.attempt, MISTAKE_LIMIT)
        a, b = outcome.problem, other.problem
        if bool(a) != bool(b) or (a and (a.kind, a.error) != (b.kind, b.error)):
            return False
        if all_broken and _anonymous(a, attempt) != _anonymous(b, mistake.attempt):
            return False  # any typo raises everywhere: then the texts must be equal, too
        same = call(agree, other.value, outcome.value, battery.tolerance)
        if not same.value:
            return False
    return True


def _anonymous(problem: Problem, attempt: object) -> str:
    """An exception's text without the attempt's own name."""
    name = re.escape(getattr(attempt, "__name__", "") or "?")
    return re.sub(rf"\b{name}\b", "·", problem.detail)


def _faulty_op(tried: dict[Case, Outcome], attempt, known: Knowledge) -> Verdict:
    """Search the graphs of the failing cases for the op whose backward is wrong.

    The first fault is reported. Its CODE is that of a known mistake with the same fault on the
    same graph; that may be another graph, since engines put their operations together differently.
    """
    end = time.monotonic() + FAULT_LIMIT
    verdict, first, compared = Verdict(status="failed"), None, 0
    for case in tried:
        fault = _fault(case, attempt, end - time.monotonic())
        if fault is None or (first and _kind(fault) != _kind(first)):
            continue
        if first is None:
            first, verdict = fault, _reported(fault, case, attempt)
        code = next((m.code for m in known.mistakes if _same_fault(m, fault, case, tried)), None)
        if code or fault.kind in known.fault_codes:
            return replace(verdict, mistake=code or known.fault_codes[fault.kind])
        compared += 1
        if compared == GRAPHS_FOR_CODE:
            break
    return verdict


def _reported(fault: Fault, case: Case, attempt) -> Verdict:
    line, text = line_of_fault(attempt, fault)
    said = str(fault).rstrip(".")
    said = f"Your {said}" if said.startswith("backward()") else f"{said[:1].upper()}{said[1:]}"
    where = f" Look at line {line}: `{text}`" if line else ""
    return Verdict(
        status="failed",
        message=f"{said}.{where}",
        fault=fault,
        line=line,
        line_text=text,
        case=case.label,
        expected=fault.expected,
        got=fault.got,
    )


def _fault(case: Case, engine: object, limit: float) -> Fault | None:
    """The fault of an engine on one graph, or None where none can be found."""

    def search():
        built = case.graph(engine)
        root, names = built if isinstance(built, tuple) else (built, {})
        return find_fault(root, names)

    return call(search, own=engine, limit=limit).value if limit > 0 else None


def _kind(fault: Fault) -> tuple[str, str]:
    return fault.kind, op_name(fault.node)


def _same_fault(mistake: Mistake, fault: Fault, case: Case, tried: dict[Case, Outcome]) -> bool:
    """True if a known mistake has this very fault on this graph.

    A wrong order shows the same fault for several reasons; there the mistake must also lead to the
    same gradients on most of the failing graphs.
    """
    other = _fault(case, mistake.attempt, MISTAKE_LIMIT)
    if other is None or other.kind != fault.kind:
        return False
    if op_name(fault.node) not in ("", op_name(other.node)):
        return False
    if not agree([other.expected, other.got], [fault.expected, fault.got], 1e-9):
        return False
    if fault.kind != "order":
        return True
    theirs = [case.outcome(mistake.attempt, MISTAKE_LIMIT) for case in tried]
    pairs = zip(theirs, tried.values(), strict=True)
    same = sum(bool(call(agree, a.value, b.value).value) for a, b in pairs)
    return same > len(tried) / 2


def _constant_ratio(battery: Battery, outcomes: list[Outcome], compared: list) -> str | None:
    """A sentence if what is wrong is the right result times the same number everywhere."""
    wrong = [result for result in compared if not _is_right(result)]
    if not all(isinstance(result, Agreement) and result.number_only for result in wrong):
        return None
    parts: dict[object, list[tuple[float, float]]] = {}
    for right, outcome in zip(battery.expected, outcomes, strict=True):
        expected, got = right.value, outcome.value
        named = isinstance(expected, Mapping)
        got = {key: got[key] for key in expected} if named else got
        pairs = [[*numbers(expected)], [*numbers(got)]]
        if len(pairs[0]) != len(pairs[1]):
            return None
        for (place, e), (_, g) in zip(*pairs, strict=True):
            parts.setdefault(place[0] if named else None, []).append((e, g))
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
    if abs(ratio + 1) < 1e-9:
        return f"{what} {verb} right up to the sign, everywhere{rest}: look for a minus."
    return (
        f"{what} {verb} {number(ratio)} times the right one everywhere{rest}: look for a factor "
        "that is missing or counted twice."
    )
