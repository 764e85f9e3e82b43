"""Formulas are read as they are meant, and pencil work is judged line by line."""

import math
import time

import pytest

from helpers.engine.scalar import Value
from helpers.formula import read
from helpers.paper import paper

AT = {"x": 2.0, "y": 3.0, "dq": 3.0}

READ = {
    "2y": 6.0,
    "2 y": 6.0,
    "y x": 6.0,
    "x(y + 1)": 8.0,
    "x (y + 1)": 8.0,
    "exp (0)": 1.0,
    "x exp(0)": 2.0,
    "(1 − x)x": -2.0,
    "x·y": 6.0,
    "x × y": 6.0,
    "x*y": 6.0,
    "x^2": 4.0,
    "x**2": 4.0,
    "x²": 4.0,
    "x³y": 24.0,
    "3x^2": 12.0,
    "-x^2": -4.0,
    "−x": -2.0,
    "x − y": -1.0,
    "y ÷ x": 1.5,
    "2(x + y)": 10.0,
    "(x + y)y": 15.0,
    "(x + y)(x - y)": -5.0,
    "exp(x)(y)": 3 * math.exp(2),
    "2e3": 2000.0,
    "1.5e-2x": 0.03,
    ".5x": 1.0,
    "1/2": 0.5,
    "σ(0)": 0.5,
    "2σ(0)": 1.0,
    "tanh(0) + relu(-1) + sqrt(4)": 2.0,
    "cbrt(-8) + cbrt(x**3)": 0.0,
    "sqrt(2π) - (2 * pi)**0.5": 0.0,
    "½y": 1.5,
    "½(x + y)": 2.5,
    "x^½": 2**0.5,
    "√x": 2**0.5,
    "y√(x·y)": 3 * 6**0.5,
    "2√dq/x": 3**0.5,
    "√½": 0.5**0.5,
    "max(x, y, 1)": 3.0,
    "log(exp(x)) + ln(1)": 2.0,
    "2**-1": 0.5,
    "dq": 3.0,
}


@pytest.mark.parametrize("text", READ)
def test_reads(text):
    assert read(text, set(AT)).at(AT) == pytest.approx(READ[text], rel=1e-12)


REFUSED = {
    "xy": "For a product write `x*y`.",
    "dqx": "For a product write `dq*x`.",
    "z": "`z` is not defined here; you can use `dq`, `x`, `y`.",
    "e^x": "For a power of e write `exp(…)`.",
    "q(1)": "`q` is not defined here",
    "import os": "cannot be read as a formula",
    "√2x": "a root as `sqrt(…)`",
    "2½": "cannot be read as a formula",
    "sigmoid": "A function needs an argument: `sigmoid(…)`.",
    "sigmoid(x, y)": "`sigmoid` takes one argument.",
    "max(x)": "`max` takes two arguments or more.",
    "3,5": "Decimals are written with a point",
    "dq = y": "write only what stands on its right",
    "": "cannot be read as a formula",
    "x +": "cannot be read as a formula",
    "(x": "cannot be read as a formula",
    "x\0": "cannot be read as a formula",
    "__import__('os')": "`__import__` is not defined here",
    "x.__class__()": "is not a formula that can be checked",
    "x.__class__": "is not a formula that can be checked",
    "open('x')": "`open` is not defined here",
    "lambda: 1": "is not a formula that can be checked",
    "[x]": "is not a formula that can be checked",
    "[x for x in y]": "cannot be read as a formula",
    "x if y else 1": "cannot be read as a formula",
    "x < y": "is not a formula that can be checked",
    "x % y": "is not a formula that can be checked",
    "'x'": "is not a formula that can be checked",
    "True": "is not a formula that can be checked",
    "1j": "`j` is not defined here",
    "max(x, key=y)": "equals sign",
    "x" * 301: "too long",
}


@pytest.mark.parametrize("text", REFUSED)
def test_refuses_with_a_sentence(text):
    with pytest.raises(ValueError) as said:
        read(text, set(AT))
    assert REFUSED[text] in str(said.value)


@pytest.mark.parametrize("text", ["9**9**9", "9^9^9^9", "exp(exp(99))", "1e308*10 - 1e308*10"])
def test_huge_numbers_neither_hang_nor_count(text):
    begin = time.monotonic()
    assert math.isnan(read(text).at({}))
    assert time.monotonic() - begin < 0.1


@pytest.mark.parametrize("text", ["1/0", "0**-1", "log(-1)", "(-1)**0.5", "max((-1)**0.5, 1)"])
def test_a_formula_without_a_value_gives_nan(text):
    assert math.isnan(read(text).at({}))


def test_deep_formulas_are_read():
    assert read("-" * 298 + "x").at(AT) == 2.0


def test_the_names_in_a_formula_are_known():
    assert read("x*y + exp(x)").names == {"x", "y"}


# ------------------------------------------------------------------ pencil work

MISTAKES = {
    "OWNDATA": (dict(dq="q"), "The other operand."),
    "CHAINSUM": (dict(dy="q"), "Only the direct path."),
}


@pytest.fixture
def by_hand():
    return paper(
        "by_hand",
        "The gradients of (x + y)·y at (2, 3)",
        at=dict(x=2.0, y=3.0, q="x + y"),
        answers=dict(dq="y", dx="dq * 1", dy="q + dq"),
        minutes=8,
        difficulty=1,
        hints=["one", "two", "three"],
        mistakes=MISTAKES,
    )


RIGHT = {
    "numbers": dict(dq=3, dx=3.0, dy=8),
    "numbers as text": dict(dq="3", dx="6/2", dy="5 + 3"),
    "formulas": dict(dq="y", dx="y", dy="x + 2y"),
    "formulas of the lines above": dict(dq="y", dx="dq", dy="q + dx"),
    "both": dict(dq=3, dx="dq", dy="x + y + y"),
    "another order": dict(dy=8, dq=3, dx=3),
    "rounded": dict(dq=3.001, dx=2.999, dy=8.003),
    "without the line on the way": dict(dx=3, dy=8),
}


@pytest.mark.parametrize("lines", RIGHT.values(), ids=RIGHT)
def test_right_lines_pass(by_hand, lines):
    assert by_hand.check(**lines).status == "passed"


def test_says_how_formulas_were_tested(by_hand):
    assert by_hand.check(**RIGHT["formulas"]).message == (
        "All 3 lines are right; formulas were tested at 12 random points."
    )


OPEN = {
    "nothing": ({}, "Still open: `dx`, `dy`."),
    "dots": (dict(dq=..., dx=..., dy=...), "Still open: `dq`, `dx`, `dy`."),
    "some": (dict(dq="y", dx=..., dy=...), "Still open: `dx`, `dy`. Right so far: `dq`."),
    "a hole": (dict(dq=..., dx=3, dy=...), "Still open: `dq`, `dy`. Right so far: `dx`."),
    "dots on the way": (dict(dq=..., dx=3, dy=8), "Still open: `dq`. Right so far: `dx`, `dy`."),
}


@pytest.mark.parametrize("lines, said", OPEN.values(), ids=OPEN)
def test_open_lines_are_not_attempted(by_hand, lines, said):
    verdict = by_hand.check(**lines)
    assert (verdict.status, verdict.message) == ("not attempted", said)


WRONG = {
    "a number": (dict(dq=3, dx=4, dy=8), "`dx` is not right yet. The lines above are right"),
    "the first line": (dict(dq=7), "Line `dq` is not right yet. Take the upstream gradient"),
    "the sign of a number": (dict(dq=-3), "the right size, but the wrong sign"),
    "the sign of a formula": (dict(dq="-y"), "the right size, but the wrong sign"),
    "a factor": (dict(dq="2y"), "Line `dq` is 2.0 times the right one everywhere"),
    "nearly": (dict(dq=3.1), "close, but not right to three digits"),
    "right by chance": (dict(dq="x + 1"), "right at the given point by chance"),
    "no value": (dict(dq="y/(x - x)"), "has no value at some points"),
    "a huge number": (dict(dq="9**9**9"), "has no value at some points"),
    "an unknown name": (dict(dq="z"), "`z` is not defined here; you can use `q`, `x`, `y`."),
    "a later line": (dict(dq="dx"), "`dx` is not defined here"),
    "names without a sign": (dict(dq=3, dx=3, dy="qy"), "For a product write `q*y`."),
    "no formula": (dict(dq="import os"), "cannot be read as a formula"),
    "None": (dict(dq=None), "a number or a formula in quotes is expected, not None"),
    "a bool": (dict(dq=True), "a number or a formula in quotes is expected, not True"),
    "a list": (dict(dq=[3]), "a number or a formula in quotes is expected, not [3]"),
    "a node": (dict(dq=Value(3.0)), 'Put the formula in quotes: `dq="…"`.'),
    "a node is named as such": (dict(dq=Value(3.0)), "not an object of type Value."),
    "NaN": (dict(dq=float("nan")), "is not defined here"),
    "an unknown line": (dict(dz=3), "`dz` is not asked for here; the lines are `dq`, `dx`, `dy`."),
    "a slip after a hole": (dict(dq=..., dx=4), "`dx` is not right yet"),
}


@pytest.mark.parametrize("lines, said", WRONG.values(), ids=WRONG)
def test_a_slip_is_found_on_its_line(by_hand, lines, said):
    verdict = by_hand.check(**lines)
    assert verdict.status == "failed" and said in verdict.message


@pytest.mark.parametrize("line", [dict(dq="x + y"), dict(dq="q"), dict(dq=5), dict(dq="5.0")])
def test_a_known_mistake_is_named_as_number_and_as_formula(by_hand, line):
    verdict = by_hand.check(**line)
    assert (verdict.mistake, verdict.message) == ("OWNDATA", "The other operand.")


def test_pencil_work_may_have_an_advice_of_its_own():
    count = paper("count", "calls of f", answers=dict(forward="n + 1"), at=dict(n=5.0), minutes=1,
                  difficulty=1, hints=["?"], advice="Count the calls.")  # fmt: skip
    said = "Line `forward` is not right yet. Count the calls."
    assert count.check(forward="n * n").message == said


def test_each_line_may_have_an_advice_of_its_own():
    advice = dict(forward="Count the calls.", back="Count them on the way back.")
    count = paper("count", "calls of f", answers=dict(forward="n + 1", back="n"), at=dict(n=5.0),
                  minutes=1, difficulty=1, hints=["?"], advice=advice)  # fmt: skip
    said = count.check(forward="n + 1", back="n * n").message
    assert "Count them on the way back." in said and "Count the calls." not in said


def test_a_line_of_sizes_is_compared_at_positive_points():
    area = paper("area", "of a square", answers=dict(area="side**2"), at=dict(side=3.0), minutes=1,
                 difficulty=1, hints=["?"], lowest=0.25,
                 mistakes=dict(ROOT=(dict(area="sqrt(side)"), "Its root.")))  # fmt: skip
    assert area.check(area="sqrt(side)").mistake == "ROOT"
    assert area.check(area="sqrt(side**4)").status == "passed"


def test_what_was_right_before_a_slip_is_said(by_hand):
    verdict = by_hand.check(dq="y", dx="y", dy="q")
    assert verdict.mistake == "CHAINSUM"
    assert verdict.message.endswith("Right so far: `dq`, `dx`.")


def test_a_slip_does_not_give_the_answer_away(by_hand):
    assert "expected" not in by_hand.check(dq=3, dx=3, dy=9).text


def test_the_solution_is_a_cell_that_passes(by_hand):
    verdict = eval(by_hand.solution_cell().replace("ex.by_hand", "by_hand"), {"by_hand": by_hand})
    assert verdict.status == "passed"


def test_a_good_sheet_has_nothing_to_report(by_hand):
    assert by_hand.self_check() == []


def test_the_solution_waits_for_an_attempt(by_hand):
    assert by_hand.solution().source == ""
    by_hand.check(dq=5)
    assert by_hand.solution().source == "dq = y\ndx = dq * 1\ndy = q + dq\n"
