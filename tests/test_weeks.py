"""What holds for every exercise of every week."""

import importlib

import pytest

from helpers import weeks

MODULES = {name: importlib.import_module(f"helpers.weeks.{name}") for name in weeks.names()}
TASKS = [(week, task) for week, module in MODULES.items() for task in module.all]


@pytest.mark.parametrize("week, task", TASKS, ids=[f"{week}-{task.name}" for week, task in TASKS])
def test_has_three_hints_an_effort_and_three_known_mistakes(week, task):
    assert len(task.hints) == 3 and len(set(task.hints)) == 3
    assert task.minutes > 0 and task.difficulty in (1, 2, 3)
    assert len({mistake.code for mistake in task.mistakes}) >= 3
    assert task.week == week
