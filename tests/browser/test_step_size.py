"""The step-size explorer in a live notebook and in a saved page: slider, keys, drag, Python."""

import re

import pytest
from lab import NARROW, WIDE, errors_of
from playwright.sync_api import expect

from helpers.widgets.step_size import STEPS, StepSize

EXAMPLE = """
from helpers import StepSize
f = lambda x: 1 / (1 + x * x)
df = lambda x: -2 * x / (1 + x * x) ** 2
widget = StepSize(f, df, 0.5)
widget"""
LAST = len(STEPS) - 1


@pytest.fixture
def explorer(notebook):
    widget = notebook.run(EXAMPLE).locator(".ag-step-size")
    widget.locator(".ag-secant").wait_for()
    return widget


def choose(widget, name):
    widget.get_by_role("button", name=name, exact=True).click()


def go(widget, step):
    widget.get_by_role("slider").fill(str(STEPS.index(step)))


def expect_step(widget, step):
    expect(widget).to_have_attribute("data-step", step)


def across(widget, step):
    """Where a step stands in the picture of the V-curves, on the screen."""
    box = widget.locator(".ag-touch").bounding_box()
    inside = (box["width"] - 16 * box["width"] / 320) * STEPS.index(step) / LAST
    return box["x"] + 8 * box["width"] / 320 + inside, box["y"] + box["height"] / 2


def number(widget, name, attribute):
    return float(widget.locator(name).first.get_attribute(attribute))


def test_it_starts_at_step_one_with_a_secant_beside_the_tangent(explorer):
    expect_step(explorer, "1")
    assert abs(number(explorer, ".ag-secant", "y1") - number(explorer, ".ag-tangent", "y1")) > 10


def test_secant_lies_on_the_tangent_at_a_small_step(explorer):
    go(explorer, "1e-4")
    expect_step(explorer, "1e-4")
    assert abs(number(explorer, ".ag-secant", "y1") - number(explorer, ".ag-tangent", "y1")) < 0.5


def test_curve_falls_apart_into_stairs_at_a_tiny_step(explorer):
    go(explorer, "1e-4")
    assert explorer.locator(".ag-f").get_attribute("d").count("L") == 1
    go(explorer, "1e-15")
    assert explorer.locator(".ag-f").get_attribute("d").count("L") > 50


def test_arrow_keys_home_and_end_move_the_step(explorer):
    explorer.focus()
    keys = [("ArrowLeft", "5.6e-1"), ("ArrowRight", "1"), ("ArrowRight", "1"), ("Home", "1e-16")]
    for key, step in [*keys, ("ArrowLeft", "1e-16"), ("End", "1")]:
        explorer.page.keyboard.press(key)
        expect_step(explorer, step)


def test_arrow_key_on_the_slider_moves_one_step(explorer):
    slider = explorer.get_by_role("slider")
    slider.press("ArrowLeft")
    expect_step(explorer, "5.6e-1")
    expect(slider).to_have_attribute("aria-valuetext", "5.6e-1")


def test_a_click_among_the_curves_goes_to_its_step(explorer):
    explorer.page.mouse.click(*across(explorer, "1e-8"))
    expect_step(explorer, "1e-8")


def test_a_drag_among_the_curves_takes_the_step_along(explorer):
    mouse = explorer.page.mouse
    mouse.move(*across(explorer, "1e-2"))
    mouse.down()
    expect_step(explorer, "1e-2")
    mouse.move(*across(explorer, "1e-6"), steps=5)
    expect_step(explorer, "1e-6")
    mouse.up()
    mouse.move(*across(explorer, "1e-10"))
    expect_step(explorer, "1e-6")


def test_a_choice_is_pressed_named_and_drawn_thicker(explorer):
    for name in ("central", "float32"):
        choose(explorer, name)
    expect(explorer.get_by_role("button", pressed=True)).to_have_text(["central", "float32"])
    expect(explorer.locator(".ag-chosen-name")).to_have_text("relative error: central, float32")
    expect(explorer.locator(".ag-v.ag-chosen")).to_have_attribute("data-key", "central float32")


def test_error_points_stand_on_their_curves_at_the_step(explorer):
    go(explorer, "1e-6")
    line = number(explorer, ".ag-here", "x1")
    for key in ("forward float64", "central float64", "forward float32", "central float32"):
        point = explorer.locator(f'.ag-point[data-key="{key}"]')
        curve = explorer.locator(f'.ag-v[data-key="{key}"]').get_attribute("d")
        place = re.split("[ML]", curve)[1:][STEPS.index("1e-6")].split()
        assert abs(float(place[0]) - line) < 0.1
        assert place[1] == point.get_attribute("cy")


def test_wrong_digits_are_marked(explorer):
    choose(explorer, "central")
    go(explorer, "1e-2")
    expect(explorer.locator(".ag-numbers")).to_contain_text("secant   −0.639938561802")
    expect(explorer.locator(".ag-lost")).to_have_text("938561802")


@pytest.mark.parametrize(
    "step, words", [("1e-1", "Truncation"), ("1.8e-6", "Near the best step"), ("1e-12", "Rounding")]
)
def test_words_say_which_error_it_is(explorer, step, words):
    choose(explorer, "central")
    go(explorer, step)
    expect(explorer.locator(".ag-words")).to_contain_text(words)


def test_a_secant_that_does_not_rise_at_all_has_lost_to_rounding(explorer):
    choose(explorer, "float32")
    go(explorer, "1e-9")
    expect(explorer.locator(".ag-words")).to_contain_text("Rounding has won")


def test_python_knows_the_step_on_the_screen(explorer, notebook):
    choose(explorer, "central")
    go(explorer, "1e-5")
    notebook.expect_value("(widget.h, widget.method)", "(1e-05, 'central')")
    notebook.expect_value("f'{widget.slope:.9f}'", "-0.640000000")


def test_python_moves_the_step_on_the_screen(explorer, notebook):
    notebook.run('widget.state = {"i": 24, "method": "central", "dtype": "float32"}')
    expect_step(explorer, STEPS[24])
    expect(explorer.locator(".ag-chosen-name")).to_have_text("relative error: central, float32")


def test_it_works_in_a_saved_page_without_kernel_and_network(browser, tmp_path):
    widget = StepSize(lambda x: x * x, lambda x: 2 * x, 1.0)
    path = tmp_path / "saved.html"
    path.write_text(f"<!doctype html><meta charset=utf-8>{widget.page()}", encoding="utf-8")
    page = browser.new_page()
    errors = errors_of(page)
    page.goto(path.as_uri())
    saved = page.locator(".ag-step-size")
    go(saved, "1e-3")
    expect_step(saved, "1e-3")
    choose(saved, "central")
    expect(saved.locator(".ag-chosen-name")).to_have_text("relative error: central, float64")
    assert errors == []
    page.close()


@pytest.mark.parametrize("pixels", [WIDE, NARROW])
def test_nothing_sticks_out_of_the_page(explorer, notebook, pixels):
    notebook.width(pixels)
    inner, outer = explorer.evaluate("(el) => [el.scrollWidth, el.clientWidth]")
    assert inner <= outer
