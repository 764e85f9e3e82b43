"""Whatever code does, the sandbox turns it into an outcome, a sentence and the learner's line."""

import sys
import textwrap
import threading
import time
import warnings

import numpy as np
import pytest
from cells import run_cell, written

from helpers import sandbox, timelimit
from helpers.sandbox import call

SHORT = 0.2  # seconds; the time limit of these tests


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(sandbox, "TIME_LIMIT", SHORT)


@pytest.fixture
def as_on_windows(monkeypatch):
    """No alarm signal: the time limit has to use a thread of its own."""
    monkeypatch.delattr(timelimit.signal, "setitimer")
    monkeypatch.setattr(timelimit, "GRACE", 0.2)


ENDLESS = {
    "plain": "while True: pass",
    "in a comprehension": "[n for n in iter(int, 1)]",
    "except Exception": """
        while True:
            try: sum(range(10))
            except Exception: pass""",
    "bare except": """
        n = 0
        while True:
            try: n += 1
            except: pass""",
    "finally": """
        while True:
            try: sum(range(10))
            finally: n = 1""",
}
STUBBORN = {
    "a loop inside a bare except": """
        while True:
            try:
                while True: pass
            except: pass""",
    "two of them": """
        while True:
            try:
                try:
                    while True: pass
                except: pass
            except: pass""",
    "asleep": """
        import time
        time.sleep(30)""",
    "asleep inside a bare except": """
        import time
        while True:
            try: time.sleep(0.01)
            except: pass""",
}


def endless(body):
    return written("def f():\n" + textwrap.indent(textwrap.dedent(body).strip("\n"), "    "), "f")


@pytest.mark.parametrize("body", (ENDLESS | STUBBORN).values(), ids=ENDLESS | STUBBORN)
def test_ends_what_never_ends(body, short):
    begin = time.monotonic()
    assert call(endless(body)).problem.kind == "hung"
    assert time.monotonic() - begin < SHORT + 2


@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS)
def test_ends_what_never_ends_without_signals(body, short, as_on_windows):
    assert call(endless(body)).problem.kind == "hung"


@pytest.mark.parametrize("body", STUBBORN.values(), ids=STUBBORN)
def test_leaves_a_thread_behind_that_cannot_be_ended(body, short, as_on_windows):
    ends = body.replace("30", "0.6").replace("while True", "while monotonic() < end", 1)
    head = "from time import monotonic\nend = monotonic() + 0.6\n"  # so that no thread is left
    begin = time.monotonic()
    outcome = call(endless(head + textwrap.dedent(ends).strip("\n")))
    assert outcome.problem.kind == "hung"
    assert time.monotonic() - begin < SHORT + timelimit.GRACE + 1


@pytest.mark.parametrize("way", ["by signal", "in a thread"])
def test_an_import_is_let_finish(short, tmp_path, monkeypatch, request, way):
    if way == "in a thread":
        request.getfixturevalue("as_on_windows")
    body = f"import time\nend = time.monotonic() + {2 * SHORT}\n"
    body += "while time.monotonic() < end:\n    pass\n"
    (tmp_path / "slow_module.py").write_text(f"{body}whole = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "slow_module", raising=False)
    assert call(endless("import slow_module\nwhile True: pass")).problem.kind == "hung"
    assert sys.modules["slow_module"].whole


def test_a_hung_call_points_to_the_loop(short):
    problem = call(endless("n = 0\nwhile True: n += 1")).problem
    assert (problem.line, problem.line_text) == (3, "while True: n += 1")


def test_the_message_of_a_hung_call_has_no_measured_time(short):
    assert f"after {SHORT:g} s" in call(endless("while True: pass"), limit=0.0987).problem.message


def test_works_in_a_thread_that_is_not_the_main_one(short):
    outcomes = []
    body = endless("while True: pass")
    thread = threading.Thread(target=lambda: outcomes.append(call(body)))
    thread.start()
    thread.join()
    assert outcomes[0].problem.kind == "hung"


def test_a_value_comes_through_without_signals(as_on_windows):
    assert call(lambda x: x + 1, 2).value == 3


def test_an_error_comes_through_without_signals(as_on_windows):
    assert call(lambda: 1 / 0).problem.error == "ZeroDivisionError"


def test_a_timer_of_the_notebook_goes_on(short):
    timelimit.signal.setitimer(timelimit.signal.ITIMER_REAL, 50)
    call(lambda: 1)
    left, _ = timelimit.signal.setitimer(timelimit.signal.ITIMER_REAL, 0)
    assert left > 40


def test_no_alarm_is_left_after_a_hung_call(short):
    call(endless("while True: pass"))
    assert timelimit.signal.getitimer(timelimit.signal.ITIMER_REAL) == (0.0, 0.0)


def test_too_deep_recursion_has_a_kind_of_its_own():
    f = written("def f(n):\n    return f(n + 1)", "f")
    problem = call(f, 0).problem
    assert problem.kind == "too deep"
    assert problem.line == 2


def test_too_deep_recursion_points_to_the_call_and_not_to_where_it_ended():
    source = "def f(n):\n    a = [i for i in (n, n)]\n    b = len(a)\n    return f(n + b)"
    ends = {call(written(source, "f"), 0).problem.line for _ in range(5)}
    assert ends == {4}


def test_an_error_in_a_class_below_points_to_the_line_above_it():
    below = written("class Below:\n    def half(self, x):\n        return x / 0", "Below")
    source = "class Own(Below):\n    def half(self, x):\n        return super().half(x)"
    own = written(source, "Own", Below=below)
    assert call(lambda engine: engine().half(1), own, own=own).problem.line == 3
    assert "super()" in call(lambda engine: engine().half(1), own, own=own).problem.message
    bare = written("class Own(Below):\n    pass", "Own", Below=below)
    assert "x / 0" in call(lambda engine: engine().half(1), bare, own=bare).problem.message


@pytest.mark.parametrize("end", ["exit()", "quit()", "raise SystemExit", "import sys; sys.exit(3)"])
def test_ending_the_program_is_caught(end):
    f = written(f"def f():\n    {end}", "f", exit=exit, quit=quit)
    assert call(f).problem.kind == "exited"


def test_the_stop_button_passes_through():
    def stopped():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(stopped)


def test_an_error_points_to_the_learners_line():
    f = written(
        """
        def f(x):
            y = x + 1
            return y / 0
        """,
        "f",
    )
    problem = call(f, 1).problem
    assert (problem.line, problem.line_text) == (4, "return y / 0")


def test_an_error_inside_a_library_points_to_the_line_that_called_it():
    f = written("import json\ndef f(x):\n    return json.loads(x)", "f")
    assert call(f, "{").problem.line_text == "return json.loads(x)"


def test_an_error_in_a_helper_of_another_cell_points_to_the_line_that_called_it():
    helper = written("def helper(x):\n    return 1 / x", "helper")
    f = written("def f(x):\n    return helper(x)", "f", helper=helper)
    assert call(f, 0).problem.line_text == "return helper(x)"


def test_an_error_in_a_helper_of_the_same_cell_points_into_the_helper():
    space = run_cell("def helper(x):\n    return 1 / x\ndef f(x):\n    return helper(x)")
    assert call(space["f"], 0).problem.line_text == "return 1 / x"


@pytest.mark.parametrize("name", sandbox.ADVICE)
def test_common_errors_come_with_advice(name):
    f = written(f"def f():\n    raise {name}('said')", "f")
    assert call(f).problem.message.endswith(sandbox.ADVICE[name])


def test_a_message_has_no_addresses():
    f = written("def f():\n    raise KeyError(object())", "f")
    assert " at 0x" not in call(f).problem.message


def test_an_error_whose_text_raises_is_an_error_like_any_other():
    f = written(
        """
        class Odd(Exception):
            def __str__(self): raise ValueError
        def f(): raise Odd
        """,
        "f",
    )
    assert call(f).problem.error == "Odd"


def test_a_very_long_error_is_cut():
    f = written("def f():\n    raise ValueError('x ' * 10000)", "f")
    assert len(call(f).problem.message) < 400


def test_warnings_stay_silent():
    def warns():
        warnings.warn("noise", stacklevel=1)
        return np.log(np.array([0.0, -1.0]))

    assert np.isnan(call(warns).value[1])


def test_printing_is_left_alone(capsys):
    call(print, "seen")
    assert capsys.readouterr().out == "seen\n"


def test_code_finds_its_own_name_before_the_name_is_bound():
    space = run_cell(
        """
        class Value:
            def __add__(self, other): return Value()
        """
    )
    value = space.pop("Value")
    assert isinstance(call(lambda V: V() + V(), value, own=value).value, value)
    assert "Value" not in space


def test_an_older_object_of_that_name_is_put_back():
    space = run_cell("def f(n):\n    return 1 if n == 0 else n * f(n - 1)")
    new, space["f"] = space["f"], "older"
    assert call(new, 4).value == 24
    assert space["f"] == "older"


def test_a_raised_recursion_limit_does_not_outlive_the_call():
    before = sys.getrecursionlimit()
    call(lambda: sys.setrecursionlimit(100_000))
    assert sys.getrecursionlimit() == before
