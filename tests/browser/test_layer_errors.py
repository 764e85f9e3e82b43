"""The errors along a backward pass in a live notebook and in a saved page: tabs and tolerance."""

import re

import pytest
from lab import NARROW, WIDE, errors_of
from playwright.sync_api import expect
from test_looks import CUT_OFF, PALE, THEMES

from helpers import LayerErrors

ERRORS = {
    "right": {"dZ2": 2e-16, "dW2": 3e-16, "db2": 0.0, "dH1": 1e-16},
    "penalty": {"dZ2": 2e-16, "dW2": 0.004, "db2": 1e-16, "dH1": 1e-16},
    "transpose": {"dZ2": 2e-16, "dW2": 1e-16, "db2": 1e-16, "dH1": float("inf")},
}
EXAMPLE = f"""
from helpers import LayerErrors
inf = float("inf")
errors = LayerErrors({ERRORS})
errors"""


@pytest.fixture
def errors(notebook):
    widget = notebook.run(EXAMPLE).locator(".ag-layer-errors")
    widget.get_by_role("slider").wait_for()
    return widget


def choose(widget, name):
    widget.get_by_role("button", name=name).click()


def test_it_starts_with_the_first_program_and_no_error(errors):
    expect(errors).to_have_attribute("data-wrong", "")
    expect(errors.locator(".ag-words")).to_have_text(
        "All 4 agree with autograd, at this tolerance."
    )


def test_a_tab_chooses_a_program_and_names_where_it_starts(errors):
    choose(errors, "penalty")
    expect(errors).to_have_attribute("data-wrong", "dW2")
    expect(errors.locator(".ag-words")).to_contain_text("1 of 4 are off")
    expect(errors.locator(".ag-words")).to_contain_text("it starts at dW2")


def test_the_tolerance_lets_an_error_pass(errors):
    choose(errors, "penalty")
    errors.get_by_role("slider", name="Tolerance").fill("-2")
    expect(errors).to_have_attribute("data-wrong", "")
    errors.get_by_role("slider", name="Tolerance").press("ArrowLeft")
    expect(errors).to_have_attribute("data-wrong", "dW2")


def test_the_labels_of_the_axis_do_not_touch_where_the_page_is_narrow(errors):
    errors.evaluate("el => el.style.width = '350px'")
    ticks = errors.locator(".ag-scale span:visible").all()
    shown = [errors.get_by_text("error", exact=True), *ticks]
    boxes = [label.bounding_box() for label in shown]
    assert len(boxes) == 3
    for left, right in zip(boxes, boxes[1:]):
        assert left["x"] + left["width"] < right["x"]


def test_an_endless_error_is_wrong_at_any_tolerance(errors):
    choose(errors, "transpose")
    errors.get_by_role("slider").press("End")
    expect(errors.get_by_role("slider")).to_have_value("-2")
    expect(errors).to_have_attribute("data-wrong", "dH1")
    expect(errors.locator(".ag-wrong-ink")).to_have_text("✗ ∞")


def test_a_bar_ends_where_its_error_stands_on_the_scale(errors):
    choose(errors, "penalty")
    track, bar = errors.locator(".ag-track").nth(1), errors.locator(".ag-off")
    share = bar.bounding_box()["width"] / track.bounding_box()["width"]
    assert share == pytest.approx((-2.398 + 17) / 18, abs=0.01)


def test_python_knows_what_is_on_the_screen(errors, notebook):
    choose(errors, "penalty")
    notebook.expect_value("errors.program, errors.wrong", "penalty ['dW2']")


def test_python_moves_what_is_on_the_screen(errors, notebook):
    notebook.run('errors.state = {"i": 2, "power": -6}')
    expect(errors).to_have_attribute("data-wrong", "dH1")
    expect(errors.get_by_role("slider")).to_have_value("-6")


def test_it_works_in_a_saved_page_without_kernel_and_network(browser, tmp_path):
    path = tmp_path / "saved.html"
    page_of = LayerErrors(ERRORS).page()
    path.write_text(f"<!doctype html><meta charset=utf-8>{page_of}", encoding="utf-8")
    page = browser.new_page()
    found = errors_of(page)
    page.goto(path.as_uri())
    choose(page, "penalty")
    expect(page.locator(".ag-layer-errors")).to_have_attribute("data-wrong", "dW2")
    assert found == []
    page.close()


def test_where_scripts_are_stripped_a_picture_stands(browser, tmp_path):
    path = tmp_path / "still.html"
    still = re.sub(r"<script>.*</script>", "", LayerErrors(ERRORS).page(), flags=re.DOTALL)
    path.write_text(f"<!doctype html><meta charset=utf-8>{still}", encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.locator("img").evaluate("(img) => img.decode().then(() => img.naturalWidth)") > 400
    page.close()


@pytest.mark.parametrize("theme", THEMES)
def test_it_has_contrast(errors, notebook, theme):
    choose(errors, "penalty")
    notebook.theme(theme)
    assert errors.evaluate(PALE) == []


@pytest.mark.parametrize("pixels", [WIDE, NARROW])
def test_nothing_is_cut_off(errors, notebook, pixels):
    notebook.width(pixels)
    assert errors.evaluate(CUT_OFF) == []
    inner, outer = errors.evaluate("(el) => [el.scrollWidth, el.clientWidth]")
    assert inner <= outer
