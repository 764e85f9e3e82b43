"""The learning-rate explorer in a live notebook and in a saved page: slider, keys, Python."""

import pytest
from lab import NARROW, WIDE, errors_of
from playwright.sync_api import expect

from helpers.widgets.learning_rate import LearningRate

EXAMPLE = """
from helpers import LearningRate
widget = LearningRate(lambda a, b: a * a * 0.5 + b * b * 4.0, (-1.8, 0.9), rates=[0.1, 0.2, 0.28])
widget"""


@pytest.fixture
def explorer(notebook):
    widget = notebook.run(EXAMPLE).locator(".ag-learning-rate")
    widget.locator(".ag-descent").wait_for()
    return widget


def path(widget):
    """The points of the drawn path."""
    d = widget.locator(".ag-descent").get_attribute("d")
    return [tuple(map(float, point.split())) for point in d[1:].split("L")]


def test_path_has_one_point_more_than_steps_and_starts_at_the_start(explorer):
    start = explorer.locator(".ag-start")
    first = float(start.get_attribute("cx")), float(start.get_attribute("cy"))
    assert len(path(explorer)) == 41 and path(explorer)[0] == first


def test_slider_chooses_another_path(explorer):
    before = path(explorer)
    explorer.get_by_role("slider").fill("1")
    expect(explorer).to_have_attribute("data-rate", "0.2")
    assert path(explorer) != before


def test_a_large_rate_leaves_the_picture_and_says_so(explorer):
    explorer.get_by_role("slider").fill("2")
    expect(explorer.locator(".ag-words")).to_contain_text("It diverges")
    assert not 24 <= path(explorer)[-1][1] <= 324


def test_arrow_keys_home_and_end_move_the_rate(explorer):
    explorer.focus()
    keys = [
        ("ArrowRight", "0.2"),
        ("End", "0.28"),
        ("ArrowRight", "0.28"),
        ("ArrowLeft", "0.2"),
        ("Home", "0.1"),
    ]
    for key, rate in keys:
        explorer.page.keyboard.press(key)
        expect(explorer).to_have_attribute("data-rate", rate)


def test_python_knows_the_rate_on_the_screen(explorer, notebook):
    explorer.get_by_role("slider").fill("1")
    expect(explorer).to_have_attribute("data-rate", "0.2")
    notebook.expect_value("widget.rate", "0.2")


def test_it_works_in_a_saved_page_without_kernel_and_network(browser, tmp_path):
    widget = LearningRate(lambda a, b: a * a + b * b, (1.0, 0.5), rates=[0.1, 1.1])
    file = tmp_path / "saved.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{widget.page()}", encoding="utf-8")
    page = browser.new_page()
    errors = errors_of(page)
    page.goto(file.as_uri())
    page.get_by_role("slider").fill("1")
    expect(page.locator(".ag-words")).to_contain_text("It diverges")
    assert errors == []
    page.close()


@pytest.mark.parametrize("pixels", [WIDE, NARROW])
def test_nothing_sticks_out_of_the_page(explorer, notebook, pixels):
    notebook.width(pixels)
    inner, outer = explorer.evaluate("(el) => [el.scrollWidth, el.clientWidth]")
    assert inner <= outer
