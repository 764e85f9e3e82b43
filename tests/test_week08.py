"""Week 8: every exercise as stub, as reference, as each known mistake, right in other styles, and
wrong in ways that nobody has listed; every message and rule against PyTorch itself.
"""

import pytest
import torch
from cells import written
from week08_answers import RIGHT, WRONG
from week08_slips import ENGINES, SLIPS

from helpers import Versions
from helpers.attempt import stub_of
from helpers.weeks import week08, week08_bending, week08_exit, week08_inplace, week08_messages
from helpers.weeks.rewrite import rewritten

CARRIER = """
import math
class Value:
    def __init__(self, data, parents=(), slopes=None, saved=()):
        self.data, self.grad, self.version, self.parents = data, 0.0, 0, parents
        self.slopes, self.saved = slopes, [(v or self, (v or self).version) for v in saved]
    def __add__(self, o): return Value(self.data + o.data, (self, o), lambda y: (1.0, 1.0))
    def __mul__(self, o):
        return Value(self.data * o.data, (self, o), lambda y: (o.data, self.data), (self, o))
    def exp(self):
        return Value(math.exp(self.data), (self,), lambda y: (y.data,), (None,))
    def tanh(self):
        return Value(math.tanh(self.data), (self,), lambda y: (1 - y.data ** 2,), (None,))
    def add_(self, number):
        if not self.parents: raise RuntimeError("a leaf")
        self.data, self.version = self.data + number, self.version + 1
    def backward(self, retain_graph=False):
        order = []
        def visit(n):
            if n not in order:
                for p in n.parents: visit(p)
                order.append(n)
        visit(self)
        self.grad = 1.0
        for n in order[::-1]:
            if n.saved is None: raise RuntimeError("freed")
            if any(v.version != at for v, at in n.saved): raise RuntimeError("version")
            for p, slope in zip(n.parents, n.slopes(n) if n.parents else ()):
                p.grad += n.grad * slope
            if n.saved and not retain_graph: n.saved = None
"""

TASKS = {task.name: task for task in week08.all}
EXACT = 1e-12


def each(table):
    return [
        pytest.param(name, entry, id=f"{name}: {label}")
        for name, entries in table.items()
        for label, entry in entries.items()
    ]


# ------------------------------------------------------------------ the states of the exercises


def test_the_exercises_are_those_of_the_syllabus():
    assert list(TASKS) == [
        "predict_inplace", "Value", "name_error", "clip_hook", "Cube", "hvp", "checkpoint_saved",
        "straight_through", "ExitTest",
    ]  # fmt: skip


@pytest.mark.parametrize("name", TASKS)
def test_the_reference_passes(name):
    assert TASKS[name].check(TASKS[name].reference).status == "passed"


@pytest.mark.parametrize("name", TASKS)
def test_the_stub_is_not_attempted(name):
    assert TASKS[name].check(stub_of(TASKS[name].reference)).status == "not attempted"


@pytest.mark.parametrize("name", TASKS)
def test_a_known_mistake_is_named_and_explained_by_its_own_words(name):
    for mistake in TASKS[name].mistakes:
        verdict = TASKS[name].check(mistake.attempt)
        assert (verdict.status, verdict.mistake) == ("failed", mistake.code), verdict
        assert verdict.message.startswith(mistake.explanation), verdict


@pytest.mark.parametrize("name", TASKS)
def test_there_are_two_other_right_styles_and_three_unlisted_wrong_answers(name):
    assert len(RIGHT[name]) >= 2 and len(WRONG[name]) >= 3


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "source"), each(RIGHT))
def test_a_right_answer_in_another_style_passes(name, source):
    verdict = TASKS[name].check(written(source, name))
    assert verdict.status == "passed", verdict


@pytest.mark.parametrize(("name", "changes"), each(WRONG))
def test_an_unlisted_wrong_answer_fails(name, changes):
    verdict = TASKS[name].check(rewritten(TASKS[name].reference, *changes))
    assert verdict.status == "failed"


@pytest.mark.parametrize(("name", "slip"), each(SLIPS))
def test_a_slip_is_named_in_its_own_words(name, slip):
    source, code, words = slip
    verdict = TASKS[name].check(written(source, name))
    assert (verdict.status, verdict.mistake) == ("failed", code), verdict
    assert words in verdict.message


@pytest.mark.parametrize(("changes", "words"), ENGINES.values(), ids=ENGINES)
def test_a_slip_in_an_engine_is_explained(changes, words):
    verdict = week08.Value.check(rewritten(week08.Value.reference, *changes))
    assert verdict.status == "failed" and words in verdict.message, verdict


def test_gradients_that_stay_in_the_middle_are_noticed():
    verdict = week08.Value.check(written(CARRIER, "Value"))
    assert "The first pass has left something in the middle" in verdict.message


def test_a_backward_that_is_still_open_is_not_judged():
    source = CARRIER.partition("    def backward")[0] + "    def backward(self): ...\n"
    verdict = week08.Value.check(written(source, "Value"))
    assert verdict.words == "in progress" and "is right" in verdict.message
    assert "_StillOpen" not in verdict.message


# ------------------------------------------------------------------ PyTorch's rules and messages


@pytest.mark.parametrize("title", week08.MESSAGES)
def test_pytorch_says_what_the_notebook_quotes(title):
    assert week08.message(title) == week08.MESSAGES[title][2]


@pytest.mark.parametrize("op", [case.args[0] for case in week08.predict_inplace.cases])
def test_predict_inplace_agrees_with_pytorch(op):
    said = week08_messages.first_line(week08_inplace.program(op))
    refused = "modified by an inplace operation" in said
    assert refused or said == "no error"
    assert week08.predict_inplace.reference(op) == ("error" if refused else "ok")


def test_hvp_is_the_hessian_times_v():
    x, v = week08_bending.numbers(3, seed=1), week08_bending.numbers(3, seed=2)

    def f(x):
        return (x**3).sum() + x.prod().sin()

    H = torch.autograd.functional.hessian(f, x)
    assert torch.allclose(week08.hvp.reference(f, x, v), H @ v, rtol=EXACT, atol=EXACT)


def test_a_checkpoint_saves_its_input_alone():
    plain, checkpointed = week08.checkpoint_saved.reference(lambda x: x.tanh().sigmoid().relu())
    assert (plain, checkpointed) == (12_000, 4_000)


PLAIN = list(week08_exit.CASES)[:5]


@pytest.mark.parametrize("label", PLAIN)
def test_the_exit_test_expects_pytorchs_gradients(label):
    class Tensor:
        """PyTorch in float64, with log(1 + eᵃ) under its other name."""

        def __new__(cls, number, requires_grad):
            return torch.tensor(number, dtype=torch.float64, requires_grad=requires_grad)

    torch_softplus = lambda a: torch.logaddexp(a, torch.zeros_like(a))  # noqa: E731
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.Tensor, "softplus", torch_softplus, raising=False)
        theirs = week08_exit.CASES[label](Tensor)
    ours = week08_exit.CASES[label](week08.ExitTest.reference)
    assert ours["value"] == pytest.approx(theirs["value"].item(), rel=EXACT)
    right = [g.item() for g in theirs["gradients"]]
    assert ours["gradients"] == pytest.approx(right, rel=EXACT)


def test_the_clock_of_the_exit_test_is_that_of_month_2():
    assert week08.clock.start().title == "The clock runs: 45 minutes."
    assert week08.clock.stop(object()).body == "Month 2 is yours."


# ------------------------------------------------------------------ the version counters

START = "x = torch.ones(3, requires_grad=True); "


def run(code):
    return Versions(p=START + code).runs["p"]


def test_a_changed_saved_input_is_shown_with_both_versions():
    step = run("y = x * 2; z = y ** 2; y.add_(1)")[-1]
    assert step.saved == [
        {"holder": "PowBackward0", "tensor": "y", "at": 0, "now": 1, "state": "changed"}
    ]
    assert {row["name"]: row["version"] for row in step.tensors} == {"x": 0, "y": 1, "z": 0}


def test_a_program_ends_where_backward_fails_with_the_first_line_of_the_message():
    step = run("y = x.exp(); y.add_(1); y.sum().backward(); y = 0")[-1]
    assert step.line == 4
    assert step.error == f"RuntimeError: {week08.MESSAGES['a saved output is changed'][2]}"


def test_data_moves_no_counter():
    step = run("s = x.sigmoid(); s.data.zero_()")[-1]
    assert step.words == "No counter moves." and step.saved[0]["state"] == "same"


def test_saved_values_are_freed_by_backward():
    step = run("u = x * 2; y = u.exp(); u.add_(1); y.sum().backward()")[-1]
    assert step.error == "" and [row["state"] for row in step.saved] == ["freed"]
    assert "x.grad = [14.78, 14.78, 14.78]." in step.words


def test_a_program_that_is_not_python_is_refused():
    with pytest.raises(ValueError, match="not Python"):
        Versions(p="y = ")


def test_the_page_holds_all_steps_and_the_text_form_names_the_error():
    widget = Versions(p=START + "x.add_(1)")
    assert "leaf Variable" in widget.page() and "✗ RuntimeError: a leaf Variable" in widget.text
