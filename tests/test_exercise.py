"""An exercise answers every attempt with a verdict: never an exception, never a wrong pass."""

import math
import re
import sys
import textwrap
import time
import warnings
from html.parser import HTMLParser

import numpy as np
import pytest
from cells import run_cell, written
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from week01_engines import rule

from helpers import sandbox
from helpers.attempt import source_of, stub_of
from helpers.engine import fifty
from helpers.exercise import Arguments, Case, Wrong, exercise
from helpers.verdict import Verdict, prose, verified
from helpers.weeks import week01

# ------------------------------------------------------------------ three small exercises


@exercise(
    minutes=3,
    difficulty=2,
    cases=[(2.0, 3.0), (-1.0, 4.0), (0.5, -2.0), (0.0, 0.0)],
    hints=["What changes?", "Two things change.", "x + 2*y"],
)
def slope_of(x, y):
    """∂f/∂y of f(x, y) = (x + y)·y."""
    return x + 2 * y


@slope_of.mistake("ONEPATH", "You forgot the path through the sum.")
def one_path(x, y):
    return x + y


@slope_of.mistake("LOOKUP", "You look into an empty list.")
def lookup(x, y):
    return [][0]


def both_cases():
    return [(np.array([1.0, 2.0]), np.array([3.0, 4.0])), (np.array([-1.0]), np.array([0.5]))]


@exercise(minutes=3, difficulty=1, cases=both_cases, hints=["Both."])
def both(x, y):
    """The gradients of sum(x·y) by x and by y, and their common scale."""
    return {"dx": y.copy(), "dy": x.copy(), "scale": 1.0}


@exercise(
    minutes=1,
    difficulty=1,
    cases=[
        Case(f"{n} counts", lambda C, n=n: [C().up() for _ in range(n)] and C().value)
        for n in (1, 3)
    ],
    hints=["Keep a number."],
)
class Counter:
    """Counts up."""

    def __init__(self):
        self.value = 0

    def up(self):
        self.value += 1
        return self


def attempt(body, name="slope_of", args="x, y"):
    return written(f"def {name}({args}):\n    {body}", name)


# ------------------------------------------------------------------ the three states


def test_a_stub_is_not_attempted():
    verdict = slope_of.check(attempt("..."))
    assert verdict.status == "not attempted"
    assert "Replace the `...`" in verdict.message and "line 2" in verdict.message


def test_a_right_answer_passes_and_says_what_was_verified():
    verdict = slope_of.check(attempt("return x + y + y"))
    assert verdict.status == "passed"
    assert verdict.message == "Checked at 4 points; largest error below 1e-12."


def test_a_wrong_answer_fails_at_the_smallest_case():
    verdict = slope_of.check(attempt("return x - y"))
    assert (verdict.status, verdict.case) == ("failed", "slope_of(2.0, 3.0)")
    assert (verdict.expected, verdict.got) == (8.0, -1.0)


def test_a_known_mistake_is_named_whatever_its_code_looks_like():
    verdict = slope_of.check(attempt("q = sum([x, y])\n    return q"))
    assert (verdict.mistake, verdict.message) == ("ONEPATH", "You forgot the path through the sum.")


def test_a_known_mistake_that_raises_is_named_with_the_learners_line():
    verdict = slope_of.check(attempt("a = []\n    return a[0]"))
    assert (verdict.mistake, verdict.line_text) == ("LOOKUP", "return a[0]")


def test_another_error_than_the_known_one_is_not_taken_for_it():
    assert slope_of.check(attempt("return [1][5:][0]")).mistake == "LOOKUP"
    assert slope_of.check(attempt("return ().index(3)")).mistake is None


def test_the_decorator_binds_a_right_answer_and_else_the_reference():
    right, wrong, stub = attempt("return x + 2*y"), attempt("return x"), attempt("...")
    assert slope_of(right) is right
    assert slope_of(wrong) is slope_of.reference
    assert slope_of(stub) is slope_of.reference


def test_the_decorator_shows_the_verdict(capsys):
    slope_of(attempt("..."))
    assert capsys.readouterr().out.startswith("○ slope_of · not attempted · ●●○ · 3 min")


def test_another_name_is_noted(capsys):
    slope_of(attempt("return x + 2*y", "mine"))
    assert "Yours is called `mine`; later cells look for `slope_of`." in capsys.readouterr().out


def test_a_lambda_is_an_answer_like_any_other(capsys):
    assert slope_of(lambda x, y: x + 2 * y).__name__ == "<lambda>"
    assert capsys.readouterr().out.splitlines() == [
        "✓ slope_of · right",
        "Checked at 4 points; largest error below 1e-12.",
    ]


def test_a_cell_that_is_run_fifty_times_gets_the_same_answer():
    texts = {str(slope_of.check(attempt("return x * y"))) for _ in range(50)}
    assert len(texts) == 1


# ------------------------------------------------------------------ whatever an attempt does

STRANGE = {
    "returns None": ("x + 2*y", "is a `return` missing?"),
    "returns a text": ("return str(x + 2*y)", "the text"),
    "returns a bool": ("return x < y", "which is a bool"),
    "returns a tuple": ("return (x + 2*y,)", "you give (8.0,)"),
    "returns a function": ("return lambda: x + 2*y", "are its parentheses missing?"),
    "returns a generator": ("yield x + 2*y", "a generator"),
    "returns a class": ("return float", "the class `float` itself"),
    "returns NaN": ("return float('nan')", "not a number"),
    "returns NaN once": ("return x + 2*y if x else float('nan')", "not a number"),
    "returns infinity": ("return float('inf')", "infinity"),
    "returns an imaginary part": ("return x + 2*y + 1j", "real number"),
    "returns too large an integer": ("return 10**400", "infinity"),
    "returns an object": ("return object()", "an object object"),
    "raises": ("return x / 0", "line 2: `return x / 0`"),
    "raises once": ("return (x + 2*y) * x / x", "ZeroDivisionError"),
    "misspells a name": ("return x + 2*why", "name 'why' is not defined"),
    "recurses too deep": ("return slope_of(x, y)", "calls itself too deep"),
    "ends the program": ("raise SystemExit", "ends the whole program"),
    "uses the reference's name for itself": ("return slope_of", "the function `slope_of` itself"),
}


@pytest.mark.parametrize("body, said", STRANGE.values(), ids=STRANGE)
def test_an_attempt_gets_a_sentence_when_it(body, said):
    verdict = slope_of.check(attempt(body))
    assert verdict.status == "failed"
    assert said in verdict.message
    assert " at 0x" not in verdict.text


WRONG_KIND = {
    "None": (None, "must be a function, but you give None"),
    "a number": (8.0, "must be a function, but you give 8.0"),
    "a class": (Counter.reference, "must be a function, but you give the class `Counter`"),
    "too few parameters": (lambda x: x, "is called as (x, y); yours takes (x)"),
    "too many parameters": (lambda x, y, z: x, "is called as (x, y); yours takes (x, y, z)"),
    "only named parameters": (lambda *, x, y: x, "is called as (x, y)"),
}


@pytest.mark.parametrize("thing, said", WRONG_KIND.values(), ids=WRONG_KIND)
def test_something_else_than_a_function_of_these_arguments_gets_a_sentence(thing, said):
    verdict = slope_of.check(thing)
    assert verdict.status == "failed" and said in verdict.message


@pytest.mark.parametrize(
    "thing", [lambda a, b: a + 2 * b, lambda x, y, z=1: x + 2 * y, lambda *xy: xy[0] + 2 * xy[1]]
)
def test_other_parameters_that_take_the_arguments_pass(thing):
    assert slope_of.check(thing).status == "passed"


def test_an_attempt_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(sandbox, "TIME_LIMIT", 0.3)
    begin = time.monotonic()
    verdict = slope_of.check(
        attempt("while True:\n        try: sum(range(9))\n        except: pass")
    )
    assert "still running after 0.3 s" in verdict.message
    assert time.monotonic() - begin < 2


def test_the_time_limit_holds_for_all_cases_together(monkeypatch):
    monkeypatch.setattr(sandbox, "TIME_LIMIT", 0.4)
    begin = time.monotonic()
    verdict = slope_of.check(attempt("import time; time.sleep(0.3); return x + 2*y"))
    assert "still running" in verdict.message
    assert time.monotonic() - begin < 1


def test_an_attempt_that_prints_is_judged_and_heard(capsys):
    assert slope_of.check(attempt("print('here'); return x + 2*y")).status == "passed"
    assert "here" in capsys.readouterr().out


def test_an_attempt_that_warns_is_judged_in_silence(capsys):
    body = "import warnings; warnings.warn('noise'); return x + 2*y"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert slope_of.check(attempt(body)).status == "passed"


@pytest.mark.parametrize("body", ["x += y; return right(x, y)", "y[0] = 9.0; return right(x, y)"])
def test_an_attempt_that_changes_its_input_is_told_which(body):
    verdict = both.check(written(f"def both(x, y):\n    {body}", "both", right=both.reference))
    assert verdict.status == "failed"
    assert f"changes its input `{body[0]}`" in verdict.message


@pytest.mark.parametrize(
    "data, many",
    [(np.array([0.3, 1.0]), "1 of 2"), (np.full((4, 4), 0.3), "1 of 16"), ([0.3, 1.0], "1 of 2")],
    ids=["array", "large array", "list"],
)
def test_a_change_of_the_input_that_printing_hides_is_told_by_its_size(data, many):
    @exercise(minutes=1, difficulty=1, cases=[Arguments("x", args=(data,))], hints=["Copy."])
    def nothing(x):
        return 0.0

    def off_by_one_bit(x):
        entries = x if isinstance(x, list) else x.reshape(-1)
        entries[0] = math.nextafter(0.3, 0.0)
        return 0.0

    said = f"{many} numbers have changed, the first by -5.6e-17."
    assert said in nothing.check(off_by_one_bit).message


def test_cases_survive_an_attempt_that_changes_its_input():
    both.check(written("def both(x, y):\n    x *= 0; y *= 0", "both"))
    assert both.check(both.reference).status == "passed"


def test_a_wrong_shape_is_a_sentence():
    verdict = both.check(lambda x, y: {"dx": y[:, None], "dy": x, "scale": 1.0})
    assert "For `dx`, shape (2,) is expected, but yours is (2, 1)." in verdict.message


def test_only_the_wrong_entries_of_a_dict_are_shown():
    verdict = both.check(lambda x, y: {"dx": y, "dy": x, "scale": 2.0})
    assert (verdict.expected, verdict.got) == ({"scale": 1.0}, {"scale": 2.0})


def test_a_missing_key_is_named():
    assert "`scale` is missing" in both.check(lambda x, y: {"dx": y, "dy": x}).message


class Cheat(float):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__


class Anything:
    def __eq__(self, other):
        return True

    def __len__(self):
        return 1

    def __iter__(self):
        raise ValueError

    def __float__(self):
        return 8.0

    __getitem__ = keys = __len__
    __hash__ = None


@pytest.mark.parametrize("cheat", [Cheat(1.0), Anything(), 8.0, 0.0, [8.0], {"q": 8.0}])
def test_the_same_result_everywhere_does_not_pass(cheat):
    assert slope_of.check(lambda x, y: cheat).status == "failed"


@pytest.mark.parametrize("cheat", [Anything(), {}, {"dx": 0, "dy": 0, "scale": Anything()}])
def test_a_container_of_its_own_make_does_not_pass(cheat):
    assert both.check(lambda x, y: cheat).status == "failed"


# ------------------------------------------------------------------ what is said

RATIOS = {
    "twice": ("return 2 * (x + 2*y)", "is 2.0 times the right one everywhere"),
    "the sign": ("return -x - 2*y", "right up to the sign"),
    "nothing": ("return 0.0", "zero everywhere"),
}


@pytest.mark.parametrize("body, said", RATIOS.values(), ids=RATIOS)
def test_a_constant_factor_is_named(body, said):
    assert said in slope_of.check(attempt(body)).message


def test_a_constant_factor_of_one_entry_is_named():
    verdict = both.check(lambda x, y: {"dx": 2 * y, "dy": x, "scale": 1.0, "extra": 5})
    assert verdict.message.startswith(
        "`dx` is 2.0 times the right one everywhere; the rest is right"
    )


def test_an_answer_that_is_right_at_some_points_is_told_at_how_many():
    assert "Right at 2 of 4 points." in slope_of.check(attempt("return abs(x) + 2*abs(y)")).message


def with_advice(advice):
    @exercise(minutes=1, difficulty=1, cases=[(2.0,), (3.0,)], hints=["?"], advice=advice)
    def square(x):
        """x²."""
        return x * x

    return square


def test_advice_is_given_where_no_mistake_is_known():
    square = with_advice(lambda case, expected, got: f"{case.args[0]:g} times itself.")
    assert square.check(lambda x: x + 3).message == "Not right yet. 2 times itself."


def test_advice_that_fails_is_left_out():
    assert with_advice(lambda *_: 1 / 0).check(lambda x: x + 3).message == "Not right yet."


def judged(judge):
    @exercise(minutes=1, difficulty=1, cases=[(4.0,), (9.0,)], hints=["?"], judge=judge)
    def root(x):
        """A number whose square is x."""
        return x**0.5

    return root


def a_root(case, expected, got):
    if got < 0 and got * got < case.args[0]:
        return Wrong("The square is too small.", "SMALL")
    return None if abs(got * got - case.args[0]) < 1e-9 else "That square is another number."


def test_a_judge_lets_several_answers_pass():
    assert judged(a_root).check(lambda x: -(x**0.5)).status == "passed"


def test_a_judge_that_lets_another_answer_pass_states_no_error():
    assert judged(a_root).check(lambda x: -(x**0.5)).message == "Checked at 2 points."


def test_a_judge_that_sees_the_references_answer_states_the_error():
    verdict = judged(a_root).check(lambda x: x**0.5 * (1 + 1e-11))
    assert verdict.message == "Checked at 2 points; largest error below 1e-10."


def test_a_judge_of_answers_without_numbers_states_no_error():
    @exercise(minutes=1, difficulty=1, cases=["b", "c"], hints=["?"], judge=lambda *_: None)
    def twice(text):
        """The text twice."""
        return text * 2

    assert twice.check(lambda text: text + text).message == "Checked at 2 points."


def test_a_judge_names_a_mistake():
    verdict = judged(a_root).check(lambda x: -0.1)
    assert (verdict.message, verdict.mistake) == ("The square is too small.", "SMALL")


def test_a_judge_that_stumbles_over_a_strange_result_does_not_pass_it():
    verdict = judged(a_root).check(lambda x: "two")
    assert verdict.message == "Not right yet. A number is expected, but you give the text 'two'."


def test_one_of_several_right_answers_is_shown_as_an_example():
    assert "right, for example: 2.0" in judged(a_root).check(lambda x: 3.0).text


def test_a_reference_that_raises_wants_the_same_error():
    @exercise(minutes=1, difficulty=1, cases=[(1.0,), (0.0,)], hints=["?"])
    def inverse(x):
        """1/x."""
        return 1 / x

    assert inverse.check(lambda x: x**-1).status == "passed"
    verdict = inverse.check(lambda x: 1 / x if x else 0.0)
    assert "ZeroDivisionError must be raised here" in verdict.message


def test_a_case_may_say_itself_what_is_wrong():
    case = Case("size", lambda f: 1 if f(1) < 5 else Wrong("Too large.", "LARGE"))

    @exercise(minutes=1, difficulty=1, cases=[case], hints=["?"])
    def small(x):
        """Less than five."""
        return 1

    verdict = small.check(lambda x: 7)
    assert (verdict.message, verdict.mistake) == ("Too large.", "LARGE")


def test_arguments_may_have_a_label_of_their_own():
    @exercise(minutes=1, difficulty=1, cases=[Arguments("at two", args=(2.0,))], hints=["?"])
    def square(x):
        """x²."""
        return x * x

    assert square.check(lambda x: x + 3).case == "at two"


# ------------------------------------------------------------------ classes


def test_a_class_passes():
    value = written(
        "class Counter:\n    value = 0\n    def up(self):\n        self.value += 1", "Counter"
    )
    assert Counter.check(value).status == "passed"


def test_missing_methods_are_named():
    lacking = written("class Counter:\n    def down(self): return self", "Counter")
    verdict = Counter.check(lacking)
    assert (verdict.status, verdict.message) == ("not attempted", "Still missing: `up`.")


def test_open_methods_are_named():
    source = (
        "class Counter:\n    def __init__(self):\n        self.value = 0\n    def up(self): ..."
    )
    verdict = Counter.check(written(source, "Counter"))
    assert verdict.status == "not attempted"
    assert verdict.message == "Still open (`...`): `up`. First in line 4."


def test_a_table_of_which_a_part_is_filled_in_is_in_progress():
    source = 'def both(x, y):\n    return {\n        "dx": y,\n        "dy": ...,\n    }'
    verdict = both.check(written(source, "both"))
    assert (verdict.status, verdict.words) == ("not attempted", "in progress")
    assert verdict.message.startswith("Still open (`...`): `dy`. First in line 4.")


@pytest.mark.parametrize("answer", ["a word", True, 12])
def test_what_is_right_or_not_has_no_error(answer):
    @exercise(minutes=1, difficulty=1, cases=[(1,), (2,)], hints=["It."])
    def say(x):
        return answer

    assert say.check(lambda x: answer).message == "Checked at 2 points."


def test_a_table_of_answers_says_how_many_are_right():
    @exercise(minutes=1, difficulty=1, hints=["It."],
              cases=[Case("a table", lambda attempt: len(attempt()), answers=3)])  # fmt: skip
    def table():
        return {"a": True, "b": False, "c": True}

    assert table.check(lambda: {"a": True, "b": False, "c": True}).message == "All 3 are right."


def test_a_function_in_place_of_a_class_is_told():
    assert "must be a class" in Counter.check(lambda: 1).message


def test_a_class_that_cannot_be_made_is_told():
    source = "class Counter:\n    def __init__(self, start): pass\n    def up(self): pass"
    assert "start" in Counter.check(written(source, "Counter")).message


# ------------------------------------------------------------------ hints and solutions


def fresh():
    @exercise(minutes=3, difficulty=1, cases=[(2.0,)], hints=["first", "second", "third"])
    def one(x):
        """One."""
        return 1.0

    return one


def test_hints_come_one_by_one_and_the_last_one_stays():
    one = fresh()
    assert [one.hint().body.split("\n")[0] for _ in range(4)] == [
        "first",
        "second",
        "third",
        "third",
    ]


def test_the_solution_waits_for_an_attempt():
    one = fresh()
    assert one.solution().source == ""
    one.check(lambda x: 2.0)
    assert "return 1.0" in one.solution().source


def test_a_stub_is_no_attempt():
    one = fresh()
    one.check(written("def one(x): ...", "one"))
    assert one.solution().source == ""


def test_the_solution_opens_after_the_last_hint():
    one = fresh()
    hints = [one.hint() for _ in range(3)]
    assert "The solution is open now" in str(hints[-1])
    assert "return 1.0" in str(one.solution())


def test_who_insists_gets_the_solution_at_once():
    assert "return 1.0" in fresh().solution(now=True).source


def test_a_solved_cell_is_a_cell_that_passes(capsys):
    run_cell(slope_of.solution_cell(), ex=type("ex", (), {"slope_of": slope_of}))
    assert capsys.readouterr().out.startswith("✓")


# ------------------------------------------------------------------ an exercise checks itself


def test_a_good_exercise_has_nothing_to_report():
    assert slope_of.self_check() == []


def test_a_mistake_that_passes_is_reported():
    one = fresh()
    one.mistake("SAME", "No mistake at all.")(lambda x: 1.0)
    assert one.self_check() == ["one: the mistake SAME passes."]


def test_a_mistake_that_is_taken_for_another_is_reported():
    one = fresh()
    one.mistake("FIRST", "First.")(lambda x: 2.0)
    one.mistake("SECOND", "Second.")(lambda x: 2.0)
    assert "SECOND is taken for" in one.self_check()[0]


# ------------------------------------------------------------------ how a verdict reads


class Tags(HTMLParser):
    """Which tags are open, and all text."""

    def __init__(self, html):
        super().__init__()
        self.open, self.words = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


VERDICTS = {
    "open": "...",
    "right": "return x + 2*y",
    "wrong": "return x * y",
    "known": "return x + y",
    "raising": "return x < '<b>'",
}


@pytest.mark.parametrize("body", VERDICTS.values(), ids=VERDICTS)
def test_html_is_well_formed_and_says_what_the_text_says(body):
    verdict = slope_of.check(attempt(body))
    seen = Tags(verdict._repr_html_())
    assert seen.open == []
    words = "".join(seen.words)
    for word in verdict.message.replace("`", "").split():
        assert word in words


@pytest.mark.parametrize("body", VERDICTS.values(), ids=VERDICTS)
def test_a_verdict_is_the_same_every_time(body):
    first, second = slope_of.check(attempt(body)), slope_of.check(attempt(body))
    assert first._repr_html_() == second._repr_html_() and first.text == second.text


def test_a_failing_verdict_shows_effort_case_and_the_way_to_the_hints():
    assert slope_of.check(attempt("return x * y")).text == (
        "✗ slope_of · not right yet · ●●○ · 3 min\n"
        "Right at 1 of 4 points.\n"
        "  at: slope_of(2.0, 3.0)\n"
        "  expected: 8.0\n"
        "  yours: 6.0\n"
        "Hints, one by one: ex.slope_of.hint()"
    )


def test_the_second_hint_is_inside_the_first():
    html = slope_of.check(attempt("return x * y"))._repr_html_()
    assert html.index("Hint 1 of 3") < html.index("Hint 2 of 3") < html.index("Hint 3 of 3")
    between = html[html.index("Hint 1 of 3") : html.index("Hint 2 of 3")]
    assert "</details>" not in between


def test_a_stub_is_shown_hints_but_no_solution():
    html = slope_of.check(attempt("..."))._repr_html_()
    assert "Hint 1 of 3" in html and "Solution" not in html


PROSE = {
    "code": ("use `x*y`", "use <code>x*y</code>"),
    "stress": ("per *unit* of nudge", "per <em>unit</em> of nudge"),
    "a star in code is no stress": ("`*` and `**`", "<code>*</code> and <code>**</code>"),
    "powers are no stress": ("b·a**(b − 1), not b·a**b", "b·a**(b − 1), not b·a**b"),
    "a product is no stress": ("2*x and 3*y", "2*x and 3*y"),
    "angle brackets": ("a < b & c", "a &lt; b &amp; c"),
    "lines": ("one\ntwo", "one<br>two"),
    "an indented line": ("with x:\n    y", "with x:<br>&nbsp;&nbsp;&nbsp;&nbsp;y"),
}


@pytest.mark.parametrize("text, html", PROSE.values(), ids=PROSE)
def test_prose_marks(text, html):
    assert prose(text) == html


@pytest.mark.parametrize(
    "points, unit, error, text",
    [
        (12, "points", 0.0, "Checked at 12 points; largest error below 1e-12."),
        (12, "points", 3e-11, "Checked at 12 points; largest error below 1e-10."),
        (1, "cases", 0.0, "Checked on 1 case; largest error below 1e-12."),
        (4, "cases", None, "Checked on 4 cases."),
    ],
)
def test_says_what_was_verified(points, unit, error, text):
    assert verified(points, unit, error) == text


def test_a_verdict_stands_for_itself_in_a_notebook():
    assert repr(Verdict(status="passed", exercise="q", message="Done.")) == "✓ q · right\nDone."


# ------------------------------------------------------------------ in IPython


@pytest.fixture
def shell(monkeypatch):
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        InteractiveShell.clear_instance()
        shell = InteractiveShell.instance(history_manager=None)
    shell.user_ns["ex"] = type("ex", (), {"slope_of": slope_of, "Counter": Counter})
    yield shell
    InteractiveShell.clear_instance()


def outputs_of(shell, cell):
    """The display outputs of one cell."""
    with capture_output() as captured:
        shell.run_cell(textwrap.dedent(cell).strip())
    return captured.outputs


def test_a_cell_shows_its_verdict_as_html(shell):
    [output] = outputs_of(shell, "@ex.slope_of\ndef slope_of(x, y):\n    return x * y")
    assert set(output.data) == {"text/plain", "text/html"}
    assert output.data["text/plain"].startswith("✗ slope_of")


def test_in_a_cell_a_class_is_found_open_by_its_source(shell):
    cell = """
        @ex.Counter
        class Counter:
            def __init__(self):
                self.value = 0
            def up(self):
                '''Count.'''
                ...
        """
    [output] = outputs_of(shell, cell)
    assert "Still open (`...`): `up`. First in line 7." in output.data["text/plain"]
    assert shell.user_ns["Counter"] is Counter.reference


def test_in_a_cell_the_line_is_counted_from_its_top(shell):
    [output] = outputs_of(shell, "import math\n@ex.slope_of\ndef slope_of(x, y):\n    return z")
    assert "in line 4: `return z`" in output.data["text/plain"]


class TestAHalfWrittenClass:
    """A class in which some methods are still open."""

    @staticmethod
    def half(old: str = "", new: str = ""):
        """Week 1's engine with only + * and backward written, and one piece exchanged."""
        source = source_of(fifty.Value)
        for name in ("__sub__", "__truediv__", "__pow__", "exp", "tanh", "relu"):
            source = re.sub(
                rf"(    def {name}\(.*?\):).*?(?=\n    def |\Z)",
                r"\1 ...\n",
                source,
                count=1,
                flags=re.DOTALL,
            )
        return written(source.replace(old, new), "Value", math=math)

    def test_is_not_attempted_yet_but_what_is_there_is_tried(self):
        verdict = week01.Value.check(self.half())
        assert verdict.status == "not attempted"
        assert verdict.message.endswith(
            "\nWhat is there (`__add__`, `__mul__`, `backward`) is right, on the 9 of 45 cases "
            "that need nothing else yet."
        )

    def test_is_in_progress_in_text_and_html(self):
        verdict = week01.Value.check(self.half())
        assert verdict.text.startswith("○ Value · in progress · ●●●")
        assert ">○ in progress</span>" in verdict._repr_html_()

    def test_with_every_method_open_is_not_attempted(self):
        stub = stub_of(fifty.Value)
        assert week01.Value.check(stub).text.startswith("○ Value · not attempted")

    def test_may_lack_a_method_altogether(self):
        verdict = week01.Value.check(self.half("def __sub__(self, other): ...", ""))
        assert "`relu`. First in line" in verdict.message
        assert "Still missing: `__sub__`." in verdict.message
        assert "is right, on the 9 of 45 cases" in verdict.message

    def test_hears_of_a_mistake_beside_a_method_that_it_lacks(self):
        source = rule(
            "__mul__", "self.grad = other.data * out.grad", "other.grad = self.data * out.grad"
        )
        lacking = source.replace("def __sub__", "def minus").replace("def relu", "def rectified")
        verdict = week01.Value.check(written(lacking, "Value", math=math))
        assert "Still missing: `__sub__`, `relu`." in verdict.message
        assert "`+=`" in verdict.message

    def test_hears_of_a_mistake_in_what_is_there(self):
        wrong = self.half("(other.data, self.data)", "(self.data, other.data)")
        verdict = week01.Value.check(wrong)
        assert verdict.status == "not attempted"
        assert "swaps" in verdict.message

    @pytest.mark.parametrize("old", ["", "def __sub__(self, other): ..."])
    def test_is_left_as_it_was(self, old):
        attempt = self.half(old, "")
        before = dict(vars(attempt))
        week01.Value.check(attempt)
        assert dict(vars(attempt)) == before
