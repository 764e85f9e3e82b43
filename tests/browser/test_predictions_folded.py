"""The output that reveals a predicted answer stays folded until the learner runs its cell."""

import nbformat
import pytest
from lab import NOTEBOOKS
from playwright.sync_api import expect

SAVE = "() => jupyterapp.commands.execute('docmanager:save').then(() => null)"


@pytest.fixture
def folded(lab, open_notebook):
    """The start of a week as committed, trusted and not run; the places of question and answer."""
    committed = nbformat.read(NOTEBOOKS / "week02_numerical_gradients.ipynb", as_version=4)
    hidden = [cell.metadata.get("jupyter", {}).get("outputs_hidden") for cell in committed.cells]
    answer = hidden.index(True)
    committed.cells = committed.cells[: answer + 1]
    path = lab.write("folded.ipynb", committed, trusted=True)
    question = max(k for k in range(answer) if committed.cells[k].source.startswith("predict("))
    return open_notebook(path), question, answer


def text_of(output):
    return output.locator(".jp-OutputArea-output")


def test_answer_below_an_open_question_appears_when_its_cell_is_run(folded):
    notebook, question, answer = folded
    expect(notebook.output(question).get_by_role("button", name="Commit")).to_be_visible()
    expect(text_of(notebook.output(answer))).to_have_count(0)
    notebook.run_all()
    expect(text_of(notebook.output(answer))).to_be_visible()
    expect(text_of(notebook.output(answer))).to_contain_text("1e-06")


def test_answer_that_was_shown_is_saved_as_shown(folded, lab):
    notebook, _, answer = folded
    notebook.run_all()
    notebook.page.evaluate(SAVE)
    expect(text_of(notebook.output(answer))).to_be_visible()
    saved = nbformat.read(lab.root / "folded.ipynb", as_version=4).cells[answer]
    assert not saved.metadata.get("jupyter", {}).get("outputs_hidden")
