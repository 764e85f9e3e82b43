"""What holds for every exercise of every week."""

import importlib

import pytest

from helpers import weeks
from helpers.exercise import Exercise

MODULES = {name: importlib.import_module(f"helpers.weeks.{name}") for name in weeks.names()}
TASKS = [(week, task) for week, module in MODULES.items() for task in module.all]


@pytest.mark.parametrize("week, task", TASKS, ids=[f"{week}-{task.name}" for week, task in TASKS])
def test_has_three_hints_an_effort_and_three_known_mistakes(week, task):
    assert len(task.hints) == 3 and len(set(task.hints)) == 3
    assert task.minutes > 0 and task.difficulty in (1, 2, 3)
    assert len({mistake.code for mistake in task.mistakes}) >= 3
    assert task.week == week


CHECKED = [(week, task) for week, task in TASKS if isinstance(task, Exercise)]
REFUSES = {"mse_grad"}  # shapes that would broadcast: the right answer is an error


@pytest.mark.parametrize(
    "week, task", CHECKED, ids=[f"{week}-{task.name}" for week, task in CHECKED]
)
def test_no_case_raises_for_the_reference(week, task):
    """An attempt that raises the same error would be called right."""
    raising = [outcome.problem for outcome in task._battery.expected if outcome.problem]
    assert bool(raising) == (task.name in REFUSES)
