"""Week 7: tables of answers, and what is said about them without giving an answer away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from helpers.agreement import agree, show
from helpers.exercise import Case, Wrong


@dataclass(frozen=True)
class WrongAnswers(Wrong):
    """What is wrong with a table of answers; whoever answers alike makes the same mistake."""

    answers: tuple[str, ...] = ()


def table_case(label: str, right: Mapping, explain: Callable) -> Case:
    """A table of answers, of which a verdict gives none away.

    `explain(key, said)` has a sentence, or a `Wrong`, on the first answer that is wrong.
    """

    def run(attempt):
        said = attempt()
        if not isinstance(said, Mapping) or set(right) - set(said):
            return WrongAnswers(agree(right, said).message)
        if extra := set(said) - set(right):
            return WrongAnswers(f"The table has no entry {show(extra.pop())}.")
        found = {key: _same(right[key], said[key]) for key in right}
        if all(found.values()):
            return len(found)
        if not any(found.values()) and all(isinstance(said[key], bool) for key in right):
            return WrongAnswers(
                f"None of the {len(right)} is right: all your answers are the other way round. Which of the "
                "two does True stand for?"
            )
        key = next(key for key in right if not found[key])
        why = explain(key, said[key])
        why = why if isinstance(why, Wrong) else Wrong(why)
        message = f"{sum(found.values())} of {len(right)} are right. {why.message}"
        return WrongAnswers(message, why.code, tuple(str(said[key]) for key in right))

    return Case(label, run, answers=len(right))


def true_or_false(table: Mapping) -> Callable:
    """What to say about a wrong answer in a table {key: (True or False, reason)}."""

    def explain(key, said):
        if not isinstance(said, bool):
            return f"`{key}`: True or False is expected, but you say {show(said, 30)}."
        return f"Look at `{key}`: {table[key][1]}"

    return explain


def plainly(case: Case, expected: object, got: object) -> str | None:
    return agree(expected, got).message


def _same(right: object, answer: object) -> bool:
    if isinstance(right, str):
        return str(answer).strip().upper() == right
    return bool(agree(right, answer))
