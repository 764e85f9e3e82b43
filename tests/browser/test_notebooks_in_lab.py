"""Every notebook of the course, opened in JupyterLab and run from top to bottom."""

import pytest
from lab import ERROR, NOTEBOOKS

WARNING = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"
# For each output that names a widget: what is drawn for it, as [cell, height, words].
WIDGETS = """() => jupyterapp.shell.currentWidget.content.widgets.flatMap((cell, place) =>
  (cell.outputArea?.model.toJSON() ?? []).flatMap((output, k) => {
    if (!output.data?.["application/vnd.jupyter.widget-view+json"]) return [];
    const { node } = cell.outputArea.widgets[k];
    return [[place, node.getBoundingClientRect().height, node.innerText]];
  }))"""


@pytest.mark.parametrize("name", sorted(path.name for path in NOTEBOOKS.glob("*.ipynb")))
def test_notebook_runs_without_errors_and_draws_its_widgets(open_notebook, name):
    notebook = open_notebook(f"notebooks/{name}")
    notebook.run_all()
    for kind in ERROR, WARNING:
        assert notebook.page.locator(kind).all_text_contents() == []
    for place, height, words in notebook.page.evaluate(WIDGETS):
        assert height > 40 and "Error" not in words, (place, words)
