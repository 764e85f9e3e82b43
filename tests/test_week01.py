"""Week 1: every exercise as stub, as reference, as each known mistake in its own and in other
styles, right in other styles, and wrong in ways that nobody has listed.
"""

import math
import time

import numpy as np
import pytest
import torch
import week01_sheets as sheets
from cells import written
from week01_answers import KNOWN, RIGHT, STUBS, WRONG

from helpers.attempt import stub_of
from helpers.exercise import Exercise
from helpers.weeks import week01

TASKS = {task.name: task for task in week01.all}
TYPED = {name: task for name, task in TASKS.items() if isinstance(task, Exercise)}


def answer(name, source):
    return written(source, name, math=math, np=np)


def check(name, attempt):
    """The verdict, which always comes within a second."""
    begin = time.perf_counter()
    verdict = TYPED[name].check(attempt)
    assert time.perf_counter() - begin < 1
    return verdict


def each(table):
    """(exercise, *entry) for each entry of a table by exercise and label."""
    return [
        pytest.param(name, *(entry if isinstance(entry, tuple) else [entry]), id=f"{name}: {label}")
        for name, entries in table.items()
        for label, entry in entries.items()
    ]


def test_the_exercises_are_those_of_the_syllabus():
    assert list(TASKS) == [
        "slope", "forward_graph", "by_hand", "df_dx", "df_dy", "gates", "local_derivatives",
        "staged", "sigmoid_neuron", "sum_over_paths", "topological_order", "Value",
    ]  # fmt: skip


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_is_in_order(task):
    assert task.self_check() == []


@pytest.mark.parametrize("name", TYPED)
def test_the_stub_of_the_reference_is_not_attempted(name):
    assert TYPED[name].check(stub_of(TYPED[name].reference)).status == "not attempted"


@pytest.mark.parametrize("name", TYPED)
def test_the_stub_in_the_notebook_is_not_attempted(name):
    assert TYPED[name].check(answer(name, STUBS[name])).status == "not attempted"


@pytest.mark.parametrize("name", TYPED)
def test_the_reference_passes(name):
    assert check(name, TYPED[name].reference).status == "passed"


@pytest.mark.parametrize("name", TYPED)
def test_the_solution_passes_in_a_cell(name, capsys):
    written(TYPED[name].solution_cell(), name, ex=week01, math=math)
    assert capsys.readouterr().out.startswith(f"✓ {name}")


@pytest.mark.parametrize(
    "name, mistake",
    [
        pytest.param(name, mistake, id=f"{name}: {mistake.code}")
        for name, task in TYPED.items()
        for mistake in task.mistakes
    ],
)
def test_a_known_mistake_is_named(name, mistake):
    verdict = check(name, mistake.attempt)
    assert (verdict.status, verdict.mistake) == ("failed", mistake.code)
    assert verdict.message.startswith(mistake.explanation)


@pytest.mark.parametrize("name, source", each(RIGHT))
def test_a_right_answer_in_another_style_passes(name, source):
    verdict = check(name, answer(name, source))
    assert verdict.status == "passed", verdict.text


@pytest.mark.parametrize("name, source, code", each(KNOWN))
def test_a_known_mistake_in_another_style_is_named(name, source, code):
    verdict = check(name, answer(name, source))
    assert (verdict.status, verdict.mistake) == ("failed", code), verdict.text


@pytest.mark.parametrize("name, source, said", each(WRONG))
def test_another_wrong_answer_fails_and_is_told_why(name, source, said):
    verdict = check(name, answer(name, source))
    assert verdict.status == "failed"
    assert said in verdict.message, verdict.text
    assert len(verdict.message) > 20 and verdict.message[0].isupper() or verdict.message[0] in "`∂"


PAPERS = {name: task for name, task in TASKS.items() if name not in TYPED}


@pytest.mark.parametrize("name", PAPERS)
def test_an_empty_sheet_is_not_attempted(name):
    lines = dict.fromkeys(PAPERS[name].answers, ...)
    assert PAPERS[name].check(**lines).status == PAPERS[name].check().status == "not attempted"


@pytest.mark.parametrize("name, lines", each(sheets.RIGHT))
def test_a_right_sheet_passes(name, lines):
    verdict = PAPERS[name].check(**lines)
    assert verdict.status == "passed", verdict.text


@pytest.mark.parametrize("name, lines, code", each(sheets.KNOWN))
def test_a_known_slip_is_named(name, lines, code):
    verdict = PAPERS[name].check(**lines)
    assert (verdict.status, verdict.mistake) == ("failed", code), verdict.text


@pytest.mark.parametrize("name, lines, said", each(sheets.WRONG))
def test_another_slip_is_found_on_its_line(name, lines, said):
    verdict = PAPERS[name].check(**lines)
    assert verdict.status == "failed" and said in verdict.message, verdict.text


@pytest.mark.parametrize("name", PAPERS)
def test_the_gradients_of_a_sheet_are_those_of_pytorch(name):
    f, at = {
        "by_hand": (lambda x, y: (x + y) * y, (2.0, 3.0)),
        "gates": (lambda x, y, z, w: 2 * (x * y + torch.maximum(z, w)), (3.0, -4.0, 2.0, -1.0)),
        "staged": (
            lambda x, y: (x + torch.sigmoid(y)) / (torch.sigmoid(x) + (x + y) ** 2), (3.0, -4.0)),
    }[name]  # fmt: skip
    leaves = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in at]
    f(*leaves).backward()
    names = ("dx", "dy", "dz", "dw")
    grads = {line: leaf.grad.item() for line, leaf in zip(names, leaves, strict=False)}
    assert PAPERS[name].check(**grads).status == "passed"
    assert PAPERS[name].check(**{line: f"{g!r}" for line, g in grads.items()}).status == "passed"
