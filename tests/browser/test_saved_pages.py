"""Pictures and widgets where no kernel runs: exported pages, fresh clones, reopened notebooks."""

import importlib.util
from pathlib import Path

import nbformat
import pytest
from lab import errors_of, notebook_of
from nbconvert import HTMLExporter
from playwright.sync_api import expect

REFRESH = Path(__file__).parents[2] / "tools" / "refresh.py"
SOURCES = (
    "from helpers import Stepper, Value, Worksheet, draw, predict\n"
    "x, y = Value(2.0), Value(3.0)\n"
    "q = x + y\n"
    "f = q * y\n"
    "f.backward()",
    "Stepper(f)",
    "Stepper(f, drive=True)",
    "draw(f)",
    "Worksheet(f)",
    "predict('Which is larger?', ['x', 'y'], 'y', 'It is 3.')",
)
STEPPER, DRIVE, PICTURE, WORKSHEET, PREDICTION = 1, 2, 3, 4, 5  # which cell shows what
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory):
    """A notebook as it is committed: executed and normalized by tools/refresh.py."""
    spec = importlib.util.spec_from_file_location("refresh", REFRESH)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    path = tmp_path_factory.mktemp("refreshed") / "saved.ipynb"
    nbformat.write(notebook_of(*SOURCES), path)
    tool.refresh(path)
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="module")
def exported(refreshed, browser, tmp_path_factory):
    """The notebook as a static page, opened from the disk without network; its errors."""
    path = tmp_path_factory.mktemp("exported") / "saved.html"
    path.write_text(HTMLExporter().from_notebook_node(refreshed)[0], encoding="utf-8")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    errors = errors_of(page)
    page.goto(path.as_uri())
    yield page, errors
    page.close()


def exported_output(page, place):
    return page.locator(".jp-Cell").nth(place).locator(".jp-Cell-outputWrapper")


def steps(output):
    """True when a click steps the stepper in this output."""
    output.get_by_role("button", name="One step forward").click()
    expect(output.locator(".ag-stepper")).to_have_attribute("data-step", "1")
    expect(output.locator(".ag-node[data-node='2'] .ag-value")).to_have_text("5.0")


def drives(output):
    output.locator(".ag-node[data-node='3']").click()
    expect(output.locator(".ag-count")).to_have_text("1 of 2 pushed")


def answers(output):
    box = output.get_by_label("∂f/∂x", exact=True)
    box.fill("3")
    box.press("Enter")
    expect(output.locator(".ag-score")).to_have_text("1 of 8 right, 1 at the first try")


def reveals(output):
    output.get_by_label("x", exact=True).check()
    output.get_by_label("75 %").check()
    output.get_by_role("button", name="Commit").click()
    expect(output.locator(".ag-verdict")).to_contain_text("The answer is y. It is 3.")


def shows_picture(output):
    """The SVG stands in the page itself, so that it follows the page's theme."""
    expect(output.locator("svg.ag-picture .ag-node")).to_have_count(4)
    expect(output.locator("svg.ag-picture")).to_be_visible()
    expect(output.locator("img")).to_have_count(0)


def shows_still(output):
    output = output.locator(".jp-OutputArea-output")
    image = output.locator("img")
    expect(image).to_be_visible()
    assert image.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 100
    assert "f" in image.get_attribute("alt")
    expect(output.locator("script, svg, button")).to_have_count(0)


# ---------------------------------------------------------------------------------- refresh


def test_refreshed_notebook_holds_no_view_of_a_widget_that_is_gone(refreshed):
    data = [output.data for cell in refreshed.cells for output in cell.outputs]
    assert len(data) == 5
    assert not any(WIDGET_VIEW in bundle for bundle in data)


# ----------------------------------------------------------------------------------- export


def test_exported_page_steps(exported):
    steps(exported_output(exported[0], STEPPER))


def test_exported_page_drives(exported):
    drives(exported_output(exported[0], DRIVE))


def test_exported_worksheet_answers(exported):
    answers(exported_output(exported[0], WORKSHEET))


def test_exported_prediction_reveals_the_answer(exported):
    reveals(exported_output(exported[0], PREDICTION))


def test_exported_page_shows_the_picture(exported):
    shows_picture(exported_output(exported[0], PICTURE))


def test_exported_page_has_no_error_without_network(exported):
    template = "https://cdnjs.cloudflare.com/"  # nbconvert's own page asks there for two scripts
    assert [error for error in exported[1] if template not in error] == []


# ------------------------------------------------------------------------------ reopened


def test_untrusted_notebook_shows_still_pictures_and_runs_no_script(lab, open_notebook, refreshed):
    notebook = open_notebook(lab.write("untrusted.ipynb", refreshed))
    for place in STEPPER, DRIVE, PICTURE, WORKSHEET:
        shows_still(notebook.output(place))
    expect(notebook.output(PREDICTION).locator("pre")).to_contain_text("Which is larger?")


def test_trusted_notebook_works_before_it_is_run(lab, open_notebook, refreshed):
    notebook = open_notebook(lab.write("trusted.ipynb", refreshed, trusted=True))
    steps(notebook.output(STEPPER))
    drives(notebook.output(DRIVE))
    shows_picture(notebook.output(PICTURE))
    answers(notebook.output(WORKSHEET))
    reveals(notebook.output(PREDICTION))


def test_live_notebook_shows_the_picture(notebook):
    notebook.run(SOURCES[0])
    shows_picture(notebook.run("draw(f)"))
