"""Progress survives a session, and nothing that a learner has is ever lost or believed unseen."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from cells import written

import helpers
from helpers import memory
from helpers.exercise import exercise
from helpers.overview import progress
from helpers.paper import paper
from helpers.weeks import week01

ROOT = Path(__file__).parent.parent
TODAY = date.today().isoformat()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A progress folder that does not exist yet, and no notes from other tests."""
    monkeypatch.setenv("AUTOGRAD_PROGRESS", str(tmp_path / "progress"))
    monkeypatch.setattr(memory, "_notes", {})
    return tmp_path / "progress"


def doubling(version=1):
    @exercise(minutes=1, difficulty=1, cases=[(2.0,), (-3.0,)], hints=["?"], version=version)
    def doubled(x):
        """Twice x."""
        return 2 * x

    doubled.week = "week01"
    return doubled


def solve(task, source="def doubled(x):\n    return x + x", name="doubled", **names):
    """What a learner does in a cell."""
    return task(written(source, name, **names))


def note_of(capsys):
    return capsys.readouterr().out.strip()


# ------------------------------------------------------------------ what is kept


def test_a_passed_exercise_is_kept_with_source_date_and_version(folder):
    solve(doubling(version=3))
    passed = memory.load_passed("week01", "doubled")
    assert passed == memory.Passed("def doubled(x):\n    return x + x\n", TODAY, 3)


def test_the_file_is_json_that_a_person_can_read(folder):
    solve(doubling())
    data = json.loads((folder / "week01.json").read_text(encoding="utf-8"))
    assert data["exercises"]["doubled"]["attempts"] == 1


def test_a_wrong_attempt_is_counted_and_not_kept(folder):
    solve(doubling(), "def doubled(x):\n    return x * x")
    assert memory.load_passed("week01", "doubled") is None
    assert memory.attempts("week01", "doubled") == 1


def test_a_stub_is_not_counted(folder):
    solve(doubling(), "def doubled(x):\n    ...")
    assert memory.attempts("week01", "doubled") == 0


def test_an_exercise_that_checks_itself_counts_nothing(folder):
    doubling().self_check()
    assert not folder.exists()


def test_a_wrong_attempt_does_not_erase_a_right_one(folder):
    task = doubling()
    solve(task)
    solve(task, "def doubled(x):\n    return x * x")
    assert "x + x" in memory.load_passed("week01", "doubled").source


def test_a_new_right_attempt_replaces_the_old_one(folder):
    task = doubling()
    solve(task)
    solve(task, "def doubled(x):\n    return 2 * x")
    assert "2 * x" in memory.load_passed("week01", "doubled").source


def test_check_alone_keeps_nothing(folder):
    doubling().check(lambda x: 2 * x)
    assert memory.load_passed("week01", "doubled") is None


def test_pencil_work_is_kept(folder):
    sheet = paper("sheet", "One", at=dict(x=2.0), answers=dict(dx="2*x"), minutes=1, difficulty=1,
                  hints=["?"])  # fmt: skip
    sheet.check(dx="x + x")
    assert memory.load_passed(sheet.week, "sheet").source == "dx='x + x'"


def test_predictions_are_kept(folder):
    memory.save_prediction("larger", {"answer": 1, "right": True})
    assert memory.load_predictions() == {"larger": {"answer": 1, "right": True}}


# ------------------------------------------------------------------ yours()


def test_without_an_attempt_the_reference_stands_in(folder, capsys):
    task = doubling()
    assert task.yours() is task.reference
    assert note_of(capsys) == "The course's `doubled`: yours is not here yet."


def test_in_the_same_session_the_very_object_comes_back(folder, capsys):
    task = doubling()
    own = solve(task)
    capsys.readouterr()
    assert task.yours() is own
    assert note_of(capsys) == "Your own `doubled`, from this session."


def test_in_a_later_session_the_kept_source_is_checked_again(folder, capsys):
    solve(doubling())
    capsys.readouterr()
    later = doubling()
    own = later.yours()
    assert own is not later.reference and own(4.0) == 8.0
    assert note_of(capsys) == f"Your own `doubled`, passed on {TODAY}, checked again: right."


def test_a_kept_source_that_uses_helpers_of_its_notebook_comes_back(folder):
    solve(
        doubling(),
        """
        import math
        TWO = 2
        def times(x, n=TWO): return math.copysign(n * abs(x), x)
        def doubled(x): return times(x)
        """,
    )
    assert doubling().yours()(-1.5) == -3.0


def test_a_lambda_comes_back(folder):
    solve(doubling(), "doubled = lambda x: x + x")
    assert doubling().yours()(4.0) == 8.0


def test_an_attempt_of_another_name_comes_back(folder):
    solve(doubling(), "def mine(x): return x + x", "mine")
    assert doubling().yours()(4.0) == 8.0


def test_an_attempt_without_source_is_done_but_does_not_come_back(folder, capsys):
    space = {}
    exec("def doubled(x): return x + x", space)
    task = doubling()
    task(space["doubled"])
    assert memory.load_passed("week01", "doubled").date == TODAY
    capsys.readouterr()
    later = doubling()
    assert later.yours() is later.reference
    assert "its source could not be read" in note_of(capsys)


KEPT_BADLY = {
    "not Python": ("def doubled(x:", "Python says"),
    "raises when read": ("1/0", "division by zero"),
    "defines another name": ("def other(x): return 2*x", "must be a function, but you give None"),
    "wrong by now": ("def doubled(x): return x * x", "Right at 1 of 2 points."),
    "a stub": ("def doubled(x): ...", "Replace the `...`"),
}


@pytest.mark.parametrize("source, said", KEPT_BADLY.values(), ids=KEPT_BADLY)
def test_a_kept_source_is_not_believed_when_it_is(source, said, folder, capsys):
    memory.save_passed("week01", "doubled", source)
    task = doubling()
    assert task.yours() is task.reference
    note = note_of(capsys)
    assert f"yours of {TODAY} does not pass today's check" in note and said in note


def test_a_kept_source_that_does_not_pass_is_still_there(folder):
    memory.save_passed("week01", "doubled", "def doubled(x): return x * x")
    doubling().yours()
    assert memory.load_passed("week01", "doubled").source == "def doubled(x): return x * x"


def in_a_new_process(code, folder):
    environment = {**os.environ, "AUTOGRAD_PROGRESS": str(folder)}
    environment.pop("PYTEST_CURRENT_TEST", None)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_engine_comes_back_in_a_new_process_and_refers_to_itself(folder):
    source = week01.Value.solution_source().replace("math.", "m.")
    week01.Value(written(f"import math as m\n{source}", "Value"))
    out = in_a_new_process(
        "from helpers.weeks import week01 as ex\n"
        "V = ex.Value.yours()\n"
        "x = V(3.0); f = (x * x + 1.0).tanh(); f.backward()\n"
        "print(V is not ex.Value.reference, type(f) is V, type(f.parents[0].parents[1]) is V)",
        folder,
    )
    assert out.splitlines() == [
        f"Your own `Value`, passed on {TODAY}, checked again: right.",
        "True True True",
    ]


# ------------------------------------------------------------------ a folder as it should not be

FOREIGN = {
    "no JSON": "hello",
    "empty": "",
    "half of a file": '{"format": 1, "exercises": {"doub',
    "a list": "[]",
    "a number": "3",
    "another format": '{"format": 99, "exercises": {}}',
    "no format": '{"exercises": {}}',
    "other entries": '{"format": 1, "exercises": {"doubled": 3}}',
    "other records": '{"format": 1, "exercises": {"doubled": {"passed": {"source": 3}}}}',
    "other kinds": '{"format": 1, "exercises": {"doubled": {"attempts": "many"}}}',
    "no text at all": b"\xff\xfe\x00",
    "nested too deep": "[" * 100_000,
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_set_aside_and_not_lost(content, folder):
    folder.mkdir()
    content = content if isinstance(content, bytes) else content.encode()
    (folder / "week01.json").write_bytes(content)
    solve(doubling())
    [aside] = folder.glob("week01.set-aside-*.json")
    assert aside.read_bytes() == content
    assert memory.load_passed("week01", "doubled").date == TODAY


def test_a_file_set_aside_is_told_once(folder, capsys):
    folder.mkdir()
    (folder / "week01.json").write_text("hello")
    solve(doubling())
    solve(doubling())
    assert capsys.readouterr().out.count("it now lies beside as week01.set-aside-") == 1


def test_two_foreign_files_are_both_kept(folder):
    folder.mkdir()
    for _ in range(2):
        (folder / "week01.json").write_text("hello")
        memory.count_attempt("week01", "doubled")
    assert len([*folder.glob("*.set-aside-*")]) == 2


def test_a_file_that_cannot_be_read_is_not_overwritten(folder, monkeypatch, capsys):
    solve(doubling())
    before = (folder / "week01.json").read_bytes()

    def locked(*_, **__):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as m:
        m.setattr(Path, "read_text", locked)
        solve(doubling(), "def doubled(x): return 2 * x")
    assert (folder / "week01.json").read_bytes() == before
    assert "cannot be read (Permission denied)" in capsys.readouterr().out


def test_a_foreign_file_that_cannot_be_moved_is_not_overwritten(folder, monkeypatch, capsys):
    folder.mkdir()
    (folder / "week01.json").write_text("hello")

    def locked(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "rename", locked)
    solve(doubling())
    assert (folder / "week01.json").read_text() == "hello"
    assert "cannot be moved (Permission denied)" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_reported_and_the_attempt_passes(
    tmp_path, monkeypatch, capsys
):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("AUTOGRAD_PROGRESS", str(tmp_path / "file" / "progress"))
    monkeypatch.setattr(memory, "_notes", {})
    own = solve(doubling())
    out = capsys.readouterr().out
    assert own(2.0) == 4.0 and out.startswith("✓") and "Your progress" in out


def test_a_full_disk_is_reported_and_leaves_the_old_file(folder, monkeypatch, capsys):
    solve(doubling())
    before = (folder / "week01.json").read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(memory.json, "dump", full)
    solve(doubling())
    assert [path.name for path in folder.iterdir()] == ["week01.json"]
    assert (folder / "week01.json").read_bytes() == before
    assert "No space left on device" in capsys.readouterr().out


# ------------------------------------------------------------------ where it is off


@pytest.mark.parametrize("off", ["off", " OFF "])
def test_progress_can_be_turned_off(off, monkeypatch):
    monkeypatch.setenv("AUTOGRAD_PROGRESS", off)
    assert memory.folder() is None
    memory.save_passed("week01", "doubled", "")
    assert memory.load_passed("week01", "doubled") is None


@pytest.mark.parametrize("variable", ["CI", "PYTEST_CURRENT_TEST"])
def test_in_tests_and_on_ci_it_is_off(variable, monkeypatch):
    for name in ("AUTOGRAD_PROGRESS", "CI", "PYTEST_CURRENT_TEST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "true")
    assert memory.folder() is None


def test_by_default_it_lies_beside_the_helpers(monkeypatch):
    for name in ("AUTOGRAD_PROGRESS", "CI", "PYTEST_CURRENT_TEST"):
        monkeypatch.delenv(name, raising=False)
    assert memory.folder() == ROOT / "progress"


# ------------------------------------------------------------------ progress()


def test_the_overview_lists_the_exercises_of_a_week(folder):
    text = repr(progress("week01"))
    assert text.startswith("Week 1 · Computational graphs and the chain rule: 0 of 12 exercises")
    assert text.count("○") - text.count("●○○") * 2 - text.count("●●○") == 12


def test_the_overview_shows_what_is_done(folder):
    week01.df_dx.check(lambda x, y: x)
    week01.df_dx(written("def df_dx(x, y): return y", "df_dx"))
    assert f"✓ df_dx · ●○○ · 3 min · {TODAY} (2 attempts)" in repr(progress("week01"))


def test_the_overview_shows_what_was_tried(folder):
    week01.df_dx.check(lambda x, y: x)
    assert "○ df_dx · ●○○ · 3 min · tried\n" in repr(progress("week01"))


def test_what_passed_an_easier_check_is_to_be_done_again(folder, monkeypatch):
    week01.df_dx(written("def df_dx(x, y): return y", "df_dx"))
    monkeypatch.setattr(week01.df_dx, "version", 2)
    assert progress("week01").weeks[0].done == 0


def test_the_overview_is_a_table_in_a_notebook(folder):
    html = progress("week01")._repr_html_()
    assert html.count("<tr>") == 12 and "at 0x" not in html


def test_the_overview_of_an_unknown_week_says_which_there_are():
    with pytest.raises(ValueError, match="There is no week 'week77'. There are: week00, week01"):
        progress("week77")


def test_the_overview_says_where_progress_is_not_kept():
    assert "Progress is not kept here" in repr(progress("week01"))


def test_the_overview_of_all_weeks_begins_with_the_first(folder):
    assert [week.name for week in helpers.progress().weeks][:2] == ["week00", "week01"]
