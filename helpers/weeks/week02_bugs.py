"""Week 2: a function, its gradient line by line, and four versions with one bug each.

`value` and `gradient` are right. A version of `mutants` differs from them in one place. What a
gradient check sees of each bug is its fingerprint; `FINGERPRINTS` says what it would be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from helpers.agreement import agree
from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten


def value(p):
    """f(a, b, c, d) = s², with t = tanh(a·b + c) and s = t·b + c·d."""
    a, b, c, d = p
    t = np.tanh(a * b + c)
    s = t * b + c * d
    return s * s


def gradient(p):
    """The gradient of `value`: its lines from bottom to top."""
    a, b, c, d = p
    t = np.tanh(a * b + c)
    s = t * b + c * d
    ds = 2 * s
    dt, db = ds * b, ds * t
    dc, dd = ds * d, ds * c
    du = dt * (1 - t**2)  # u = a·b + c
    dc = dc + du
    da, db = du * b, db + du * a
    return np.array([da, db, dc, dd])


class Version(NamedTuple):
    """A function and what somebody takes for its gradient."""

    value: Callable
    gradient: Callable


mutants = {
    "A": Version(value, rewritten(gradient, ("(1 - t**2)", "(1 - (a * b + c) ** 2)"))),
    "B": Version(
        rewritten(value, ("t * b + c * d", "t * b - c * d")),
        rewritten(gradient, ("t * b + c * d", "t * b - c * d"), ("dc, dd = ds * d, ds * c",
                                                                 "dc, dd = -ds * d, -ds * c")),
    ),
    "C": Version(value, rewritten(gradient, ("    dc = dc + du\n", ""))),
    "D": Version(value, rewritten(gradient, ("ds = 2 * s", "ds = 1"))),
}  # fmt: skip

FINGERPRINTS = {
    "RIGHT": "the check passes and the values are those of the formula",
    "SIGN": "every entry is −1 times the measured one",
    "FACTOR": "every entry is the same multiple of the measured one, at every point",
    "NOUPSTREAM": "all entries are off by one common factor, and at another point by another factor",
    "CHAINSUM": "only the input that is used twice is off, because one of its paths is missing",
    "OWNDATA": "only the two operands of a product are off, here a and b",
    "TANHIN": "everything behind the tanh is off, here a, b and c, and d is right",
    "OWNFORWARD": "the check passes, but the values are not those of the formula",
}


ANSWERS = {"A": "TANHIN", "B": "OWNFORWARD", "C": "CHAINSUM", "D": "NOUPSTREAM"}


def _answers(find_the_bug: Callable) -> object:
    """The learner's answers, with "found" in place of each right one: a verdict gives none away."""
    got = find_the_bug()
    if not isinstance(got, Mapping):
        return got
    codes = {letter: str(code).strip().upper() for letter, code in got.items()}
    return {k: "found" if ANSWERS.get(k) == code else code for k, code in codes.items()}


def _judge(case, expected: Mapping, got: object):
    """The first letter that is wrong, and what its CODE would look like in a gradient check."""
    if not isinstance(got, Mapping) or set(got) != set(expected):
        return agree(expected, got).message
    wrong = {letter: got[letter] for letter in expected if got[letter] != "found"}
    if not wrong:
        return None
    letter, code = next(iter(wrong.items()))
    if code not in FINGERPRINTS:
        return f"{letter}: `{code}` is not in the table. It has {', '.join(FINGERPRINTS)}."
    known = next((k for k in _CONFUSIONS if _CONFUSIONS[k][0] == (letter, code)), None)
    said = f"{letter} is not {code}: there {FINGERPRINTS[code]}. "
    said += _CONFUSIONS[known][1] if known else "Print the ratios at two points, and the values."
    return Wrong(said, known)


_CONFUSIONS = {
    "OWNFORWARD": (
        ("B", "RIGHT"),
        "A gradient check asks the mutant's own value, so it cannot see that this value is wrong. "
        "Compare the values of B with those of the formula.",
    ),
    "NOUPSTREAM": (
        ("D", "FACTOR"),
        "At one point the two look alike. Print the ratios of D at a second point.",
    ),
    "CHAINSUM": (
        ("C", "OWNDATA"),
        "Which entries of C are off? c is no factor of a·b; it is used twice.",
    ),
    "TANHIN": (
        ("A", "CHAINSUM"),
        "A missing path spoils one entry. In A three are off, and they share one thing: they reach "
        "f through the tanh.",
    ),
}


@exercise(
    minutes=25,
    difficulty=3,
    cases=[Case("the four mutants", _answers)],
    judge=_judge,
    hints=[
        "For each mutant print analytic divided by numerical, entry by entry, at two different points. "
        "The numerical gradient is that of the mutant's own value.",
        "All ratios equal at one point: something in front of everything. The same at the second point? A "
        "constant factor. Another one? Something that depends on the point. Only some entries off: what do "
        "they have in common?",
        "All ratios 1: then the gradient is that of the mutant's own value. Compare this value with the "
        "formula, too.",
    ],
)
def find_the_bug():
    """The CODE of the bug in each mutant, as {"A": …, "B": …, "C": …, "D": …}."""
    return {
        "A": "TANHIN",  # d is right; a, b, c, all that goes through the tanh, are off
        "B": "OWNFORWARD",  # the check passes, but B.value is not the formula's: t·b − c·d
        "C": "CHAINSUM",  # only c is off: its path through the tanh is missing
        "D": "NOUPSTREAM",  # all off by the same factor 1/(2s), another one at each point
    }


for _code, _change in [
    ("OWNFORWARD", ('"OWNFORWARD"', '"RIGHT"')),
    ("NOUPSTREAM", ('"NOUPSTREAM"', '"FACTOR"')),
    ("CHAINSUM", ('"CHAINSUM"', '"OWNDATA"')),
    ("TANHIN", ('"TANHIN"', '"CHAINSUM"')),
]:
    (_letter, _claimed), _why = _CONFUSIONS[_code]
    _said = f"{_letter} is not {_claimed}: there {FINGERPRINTS[_claimed]}. {_why}"
    find_the_bug.mistake(_code, _said)(rewritten(find_the_bug.reference, _change))
