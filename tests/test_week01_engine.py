"""The engine of week 1: right in every design, and wrong ones are named and led to their line."""

import math
import time

import pytest
from cells import written
from week01_answers import changed
from week01_bugs import KNOWN, WRONG
from week01_engines import CLOSURES, LOCALS, RIGHT, with_pass

from helpers import sandbox
from helpers.engine import scalar
from helpers.weeks import week01
from helpers.weeks.battery import GRAPHS

Value = week01.Value
MISTAKES = {mistake.code: mistake for mistake in Value.mistakes}


def engine(source):
    return written(source, "Value", math=math)


def check(source):
    """The verdict, which always comes within a second."""
    begin = time.perf_counter()
    verdict = Value.check(engine(source))
    assert time.perf_counter() - begin < 1
    return verdict


@pytest.mark.parametrize("source", RIGHT.values(), ids=RIGHT)
def test_a_right_engine_passes(source):
    verdict = check(source)
    assert verdict.status == "passed", verdict.text


def test_the_engine_of_week_five_passes():
    assert Value.check(scalar.Value).status == "passed"


@pytest.mark.parametrize("source, code", KNOWN.values(), ids=KNOWN)
def test_a_known_mistake_in_another_design_is_named(source, code):
    verdict = check(source)
    assert (verdict.status, verdict.mistake) == ("failed", code), verdict.text


@pytest.mark.parametrize("source, said", WRONG.values(), ids=WRONG)
def test_another_wrong_engine_fails_and_is_told_why(source, said):
    verdict = check(source)
    assert verdict.status == "failed"
    assert said in verdict.message and len(verdict.message) > 30, verdict.text


def test_no_mistake_shares_its_code_with_another():
    assert len(MISTAKES) == len(Value.mistakes)


def gradient(code, graph, leaf):
    root, named = GRAPHS[graph](MISTAKES[code].attempt)
    root.backward()
    return named[leaf].grad


DIAMOND = "diamond: a = 2x, b = a + 1, c = a·b, d = c + a"


@pytest.mark.parametrize(
    "code, graph, leaf, got",
    [("ASSIGN", "x·x", "x", 3.0), ("ORDER", DIAMOND, "x", 52.0), ("NOVISIT", DIAMOND, "x", 42.0)],
)
def test_the_numbers_in_an_explanation_are_those_of_the_mistake(code, graph, leaf, got):
    assert gradient(code, graph, leaf) == got
    assert f"{got:g} instead of" in MISTAKES[code].explanation


@pytest.mark.parametrize(
    "source, line",
    [
        (KNOWN["closures, = in + only"][0], "other.grad = out.grad"),
        (KNOWN["closures, own operand"][0], "self.grad += self.data * out.grad"),
        (KNOWN["closures, recursion"][0], "def backward(self):"),
        (changed(LOCALS, ("parent.grad +=", "parent.grad =")), "parent.grad = local * node.grad"),
        (changed(LOCALS, ("(1.0, -1.0)", "(1.0, 1.0)")),
         'return Value(self.data - other.data, (self, other), (1.0, 1.0), "-")'),
        (WRONG["exp without the comma"][0], 'return Value(e, (self,), (e), "exp")'),
        (WRONG["a power without the comma"][0],
         'return Value(self.data**n, (self,), (n * self.data ** (n - 1)), f"**{n}")'),
        (WRONG["backward raises"][0], "raise NotImplementedError"),
        (WRONG["a misspelled name"][0], "t = maths.tanh(self.data)"),
    ],
)  # fmt: skip
def test_a_verdict_points_to_the_learners_line(source, line):
    verdict = Value.check(engine(source))
    assert verdict.line_text == line
    assert f"line {verdict.line}: `{line}`" in verdict.message


def test_a_verdict_holds_the_fault():
    fault = Value.check(engine(KNOWN["closures, own operand"][0])).fault
    assert (fault.op, fault.kind) == ("*", "local derivative")


@pytest.mark.parametrize("method", ["__init__", "tanh", "backward"])
def test_one_open_method_is_enough_to_be_not_attempted(method):
    start = LOCALS.index(":", LOCALS.index(")", LOCALS.index(f"def {method}("))) + 1
    end = LOCALS.find("\n    def ", start)
    source = LOCALS[:start] + " ..." + (LOCALS[end:] if end > 0 else "\n")
    verdict = Value.check(engine(source))
    assert verdict.status == "not attempted"
    assert verdict.message.startswith(f"Still open (`...`): `{method}`.")


@pytest.mark.parametrize("method", ["tanh", "backward"])
def test_a_method_under_another_name_is_missing(method):
    verdict = Value.check(engine(changed(LOCALS, (f"def {method}", "def other"))))
    assert verdict.status == "not attempted"
    assert verdict.message.startswith(f"Still missing: `{method}`.")


@pytest.mark.parametrize("place", ["backward", "exp", "__init__"])
def test_an_engine_that_hangs_is_ended(place, monkeypatch):
    monkeypatch.setattr(sandbox, "TIME_LIMIT", 0.3)
    loop = "        while True:\n            try: len('')\n            except: pass\n"
    heads = {
        "backward": "    def backward(self):\n",
        "exp": "    def exp(self):\n",
        "__init__": '    def __init__(self, data, parents=(), local_grads=(), op=""):\n',
    }
    head = heads[place]
    begin = time.monotonic()
    verdict = Value.check(engine(changed(LOCALS, (head, head + loop))))
    assert "still running after 0.3 s" in verdict.message
    assert time.monotonic() - begin < 1.5


def test_an_engine_that_prints_passes(capsys):
    loud = with_pass(
        LOCALS, "        print('start')\n" + LOCALS[LOCALS.index("        order, seen") :]
    )
    assert Value.check(engine(loud)).status == "passed"


def test_an_engine_passes_each_time_its_cell_is_run(capsys):
    texts = set()
    for _ in range(5):
        Value(engine(CLOSURES))
        texts.add(capsys.readouterr().out)
    assert texts == {"✓ Value · right\nChecked on 45 cases; largest error below 1e-12.\n"}


@pytest.mark.parametrize(
    "source",
    [
        KNOWN["closures, = in + only"][0],
        KNOWN["local derivatives, breadth first"][0],
        WRONG["+ multiplies"][0],
        WRONG["− turned around"][0],
        WRONG["a pair comes back"][0],
        WRONG["backward raises"][0],
    ],
)
def test_a_verdict_is_the_same_every_time(source):
    html = {check(source)._repr_html_() for _ in range(3)}
    assert len(html) == 1 and " at 0x" not in html.pop()
