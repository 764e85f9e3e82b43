"""Week 5's exercises, whose notebook is still to come: references pass, stubs are open."""

import pytest

from helpers.attempt import stub_of
from helpers.exercise import Exercise
from helpers.weeks import week05

coded = pytest.mark.parametrize(
    "exercise",
    [task for task in week05.all if isinstance(task, Exercise)],
    ids=lambda exercise: exercise.name,
)


@coded
def test_the_reference_passes(exercise):
    assert exercise.check(exercise.reference).status == "passed"


@coded
def test_the_stub_is_not_attempted(exercise):
    assert exercise.check(stub_of(exercise.reference)).status == "not attempted"
