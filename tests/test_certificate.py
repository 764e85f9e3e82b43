"""The certificate counts what was passed, and says whose engines they are and what is left."""

import html
import importlib

import pytest

from helpers import certificate, memory, weeks
from helpers.weeks import week12

DAY = "2031-02-0{}"


@pytest.fixture
def progress(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOGRAD_PROGRESS", str(tmp_path / "progress"))

    def passed(task, day=1):
        monkeypatch.setattr(memory, "date", Fixed(DAY.format(day)))
        memory.save_passed(task.week, task.name, "source", task.version)

    return passed


class Fixed:
    """A calendar that stands still."""

    def __init__(self, day):
        self.isoformat = lambda: day

    def today(self):
        return self


def every_task():
    for name in weeks.names():
        if name != "week00":
            yield from importlib.import_module(f"helpers.weeks.{name}").all


def line(name):
    return dict(certificate().lines)[name]


def test_without_a_folder_it_counts_nothing_and_says_why():
    page = certificate()
    assert not page.complete and page.lines == [] and "Progress is not kept here" in repr(page)


def test_with_nothing_done_it_says_so(progress):
    page = certificate()
    assert not page.complete and "under way" in page.title
    assert line("Month 1").startswith("0 of ") and "exit test still to come" in line("Month 1")
    assert (line("Capstone"), line("Days")) == ("not begun", "none yet")
    assert line("Scalar engine") == "the course's, so far"


def test_an_own_engine_and_an_exit_test_have_their_day(progress):
    week04, week05 = (importlib.import_module(f"helpers.weeks.week0{n}") for n in (4, 5))
    progress(week05.Value, day=2)
    progress(week04.exit_test, day=3)
    assert line("Scalar engine") == "your own, passed on 2031-02-02"
    assert line("Month 1").endswith("exit test passed on 2031-02-03")
    assert line("Days") == "2031-02-02 to 2031-02-03"


def test_a_capstone_that_is_begun_has_its_milestones_counted(progress):
    progress(week12.attention)
    assert line("Capstone") == "C · attention, and tests that kill: 1 of 3 milestones"


def test_all_exercises_and_one_capstone_are_complete(progress):
    optional = [task for tasks in week12.CAPSTONES.values() for task in tasks]
    for task in every_task():
        if task not in optional:
            progress(task, day=1)
    assert not certificate().complete
    for task in week12.CAPSTONES["B · a study of depth"]:
        progress(task, day=4)
    page = certificate()
    assert page.complete and "✓ complete" in page.title
    assert line("Capstone") == "B · a study of depth: 3 of 3 milestones, passed on 2031-02-04"


def test_one_open_exercise_is_enough_to_be_under_way(progress):
    for task in every_task():
        if task.name != "compare":
            progress(task)
    assert not certificate().complete


def test_what_passed_an_earlier_check_does_not_count(progress, monkeypatch):
    progress(week12.compare)
    monkeypatch.setattr(week12.compare, "version", 99)
    assert line("Month 3").startswith("0 of ")


def test_the_page_holds_the_same_lines_as_the_text(progress):
    progress(week12.compare)
    page = certificate()
    shown = html.unescape(page._repr_html_())
    assert all(said in shown and said in repr(page) for _, said in page.lines)
