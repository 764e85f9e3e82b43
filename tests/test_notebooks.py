"""Every notebook is clean as committed, and runs with every exercise solved."""

import importlib
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
ATTEMPT = re.compile(r"^@ex\.(\w+)|^ex\.(\w+)\.check\(", re.MULTILINE)
pytestmark = pytest.mark.filterwarnings("default")

by_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def exercise_in(cell) -> str | None:
    found = ATTEMPT.search(cell.source)
    return found and (found[1] or found[2])


def asks(cell) -> bool:
    return bool(re.search(r"^predict\(", cell.source, re.MULTILINE))


def is_heading(cell) -> bool:
    return cell.cell_type == "markdown" and any(x.startswith("#") for x in cell.source.splitlines())


@by_notebook
def test_every_code_cell_was_run_in_order(path):
    counts = [cell.execution_count for cell in code_cells(read(path))]
    assert counts == list(range(1, len(counts) + 1))


@by_notebook
def test_no_output_is_an_error_a_warning_or_an_address(path):
    for cell in code_cells(read(path)):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", cell.source
            assert "object at 0x" not in str(output), cell.source


@by_notebook
def test_metadata_is_normal_and_holds_no_widget_state(path):
    notebook = read(path)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    ids = [cell.id for cell in notebook.cells]
    assert len(ids) == len(set(ids))


@by_notebook
def test_cells_are_short(path):
    for cell in read(path).cells:
        if cell.cell_type == "code":
            assert len([x for x in cell.source.splitlines() if x.strip()]) <= 18, cell.source
        else:
            unfolded = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.DOTALL)
            assert len(unfolded.split()) <= 160, cell.source


@by_notebook
def test_the_answer_of_a_prediction_is_folded_away_with_its_cell(path):
    for cell in code_cells(read(path)):
        if asks(cell):
            assert cell.source.startswith("predict("), cell.source
            assert cell.metadata.jupyter.source_hidden


@by_notebook
def test_the_output_that_reveals_a_predicted_answer_is_folded_and_no_other(path):
    """The first output below the prediction, unless a heading or an exercise comes before it."""
    cells = read(path).cells
    revealing = set()
    for place, cell in enumerate(cells):
        below = cells[place + 1 :] if asks(cell) else []
        for k, later in enumerate(below, start=place + 1):
            if exercise_in(later) or is_heading(later):
                break
            if later.get("outputs") and not asks(later):
                revealing.add(k)
                break
    hidden = [cell.metadata.get("jupyter", {}).get("outputs_hidden") for cell in cells]
    assert {place for place, is_hidden in enumerate(hidden) if is_hidden} == revealing


@by_notebook
def test_every_exercise_is_committed_unsolved(path):
    for cell in code_cells(read(path)):
        if exercise_in(cell):
            assert "○" in str(cell.outputs), cell.source


@pytest.mark.parametrize("path", [p for p in NOTEBOOKS if "week" in p.stem], ids=lambda p: p.stem)
def test_every_exercise_of_the_week_has_a_cell(path):
    ex = importlib.import_module(f"helpers.weeks.{path.stem.partition('_')[0]}")
    found = [name for cell in code_cells(read(path)) if (name := exercise_in(cell))]
    assert found == [exercise.name for exercise in ex.all]


@by_notebook
def test_runs_with_every_exercise_solved(path, monkeypatch):
    notebook = read(path)
    setup = re.search(r"from helpers\.weeks import (\w+) as ex", str(notebook))
    ex = importlib.import_module(f"helpers.weeks.{setup[1]}")
    solved = []
    for cell in code_cells(notebook):
        if name := exercise_in(cell):
            cell.source = getattr(ex, name).solution_cell()
            solved.append(cell)
    monkeypatch.setenv("AUTOGRAD_PROGRESS", "off")
    folder = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=folder).execute()
    for cell in solved:
        assert "✓" in str(cell.outputs), cell.source
