"""The ShapeFlow in a live notebook: what lights up, stepping, keys, and Python at the other end."""

import re

import pytest
from lab import NARROW, WIDE, errors_of
from playwright.sync_api import expect
from test_looks import CUT_OFF, PALE

from helpers import ShapeFlow

# Y = X·W + b with N = 3 samples, D = 2 inputs, H = 4 outputs: no two sizes are equal.
X = [[1.0, 2.0], [-1.0, 3.0], [0.5, -2.0]]
W = [[2.0, -1.0, 0.5, 1.0], [1.0, 3.0, -2.0, 4.0]]
b = [1.0, -2.0, 0.5, 0.0]
G = [[1.0, -2.0, 0.5, 3.0], [0.5, 1.0, 3.0, -1.0], [-1.0, 2.0, 1.0, 2.0]]
EXAMPLE = f"""
from helpers import ShapeFlow
X, W, b, G = {X}, {W}, {b}, {G}
"""
L, R, B, P = "LRBP"  # left factor, right factor, bias, result


@pytest.fixture
def show(notebook):
    """Runs the example and one more line; returns the widget that this line shows."""

    def show(line):
        widget = notebook.run(EXAMPLE + line).locator(".ag-shapes")
        widget.locator(".ag-cell").first.wait_for()
        notebook.page.mouse.move(0, 0)  # a cell under the pointer would be shown
        return widget

    return show


def cell(widget, block, i, j):
    return widget.locator(f'[data-block="{block}"] .ag-cell[data-i="{i}"][data-j="{j}"]')


def press(widget, name):
    widget.get_by_role("button", name=name, exact=True).click()


def lit(widget, block):
    """The places of the lit cells of a block."""
    cells = widget.locator(f'[data-block="{block}"] .ag-cell.ag-lit')
    return cells.evaluate_all("(cells) => cells.map((c) => [+c.dataset.i, +c.dataset.j])")


def says(widget, *parts):
    for part in parts:
        expect(widget.locator(".ag-caption")).to_contain_text(part)


def test_an_entry_of_y_lights_its_row_of_x_and_its_column_of_w(show):
    widget = show("ShapeFlow(X, W, b, G)")
    cell(widget, P, 1, 2).click()
    assert lit(widget, L) == [[1, 0], [1, 1]]
    assert lit(widget, R) == [[0, 2], [1, 2]]
    assert lit(widget, B) == [[0, 2]]


def test_an_entry_of_y_is_written_as_a_sum_with_its_numbers(show):
    widget = show("ShapeFlow(X, W, b, G)")
    cell(widget, P, 1, 2).click()
    says(widget, "Row 1 of X meets column 2 of W", "over D = 2 inputs", "b[2] is added")
    said = widget.locator(".ag-line").text_content().replace(" ", "")
    assert said.endswith("=(−1)·0.5+3·(−2)+0.5=−6")


def test_an_entry_of_dw_is_made_by_a_column_of_x_and_a_column_of_g(show):
    widget = show("ShapeFlow(X, W, b, G, view='dW')")
    cell(widget, P, 1, 0).click()
    assert lit(widget, L) == [[1, 0], [1, 1], [1, 2]]
    assert lit(widget, R) == [[0, 0], [1, 0], [2, 0]]
    says(widget, "column 1 of X", "meets column 0 of G", "over N = 3 samples")


@pytest.mark.parametrize(
    "tab, axis",
    [("Y = X·W + b", "D=2"), ("dX = G·Wᵀ", "H=4"), ("dW = Xᵀ·G", "N=3")],
)
def test_the_axis_that_is_summed_is_marked_on_both_factors(show, tab, axis):
    widget = show("ShapeFlow(X, W, b, G)")
    press(widget, tab)
    expect(widget.locator(".ag-summed .ag-axis-name")).to_have_text([f"Σ {axis}"] * 2)


def test_a_weight_lights_the_entries_of_y_where_it_is_used(show):
    widget = show("ShapeFlow(X, W, b, G)")
    cell(widget, R, 1, 3).click()
    assert lit(widget, P) == [[0, 3], [1, 3], [2, 3]]
    says(widget, "W[1, 3] is used 3 times", "with the factors 2, 3, −2", "dW[1, 3]")


def test_an_input_lights_its_row_of_y(show):
    widget = show("ShapeFlow(X, W, b, G)")
    cell(widget, L, 2, 0).click()
    assert lit(widget, P) == [[2, j] for j in range(4)]
    says(widget, "X[2, 0] is used 4 times", "with the factors 2, −1, 0.5, 1")


def test_a_bias_lights_its_column_of_y(show):
    widget = show("ShapeFlow(X, W, b, G)")
    cell(widget, B, 0, 1).click()
    assert lit(widget, P) == [[0, 1], [1, 1], [2, 1]]
    says(widget, "b[1] is used 3 times")


def test_without_an_upstream_gradient_nothing_of_the_backward_pass_is_told(show):
    widget = show("ShapeFlow(X, W, b)")
    cell(widget, R, 1, 3).click()
    expect(widget.locator(".ag-tabs button")).to_have_count(0)
    expect(widget.locator(".ag-caption")).not_to_contain_text("dW")


def test_pointing_at_a_cell_shows_it_until_the_pointer_leaves(show):
    widget = show("ShapeFlow(X, W, b, G)")
    cell(widget, P, 0, 0).click()
    cell(widget, P, 2, 1).hover()
    expect(widget).to_have_attribute("data-cell", "P 2 1")
    widget.locator(".ag-words").hover()
    expect(widget).to_have_attribute("data-cell", "P 0 0")


def test_next_walks_through_the_entries_and_on_to_the_next_product(show):
    widget = show("ShapeFlow(X, W, b, G)")
    for _ in range(11):
        press(widget, "Next")
    expect(widget).to_have_attribute("data-cell", "P 2 3")
    press(widget, "Next")
    expect(widget).to_have_attribute("data-view", "dX")
    press(widget, "Back")
    expect(widget).to_have_attribute("data-view", "Y")
    expect(widget).to_have_attribute("data-cell", "P 2 3")


def test_stepping_stops_at_both_ends(show):
    widget = show("ShapeFlow(X, W, b, G)")
    press(widget, "Back")
    expect(widget).to_have_attribute("data-cell", "P 0 0")
    press(widget, "db = column sums of G")
    for _ in range(5):
        press(widget, "Next")
    expect(widget).to_have_attribute("data-cell", "P 0 3")
    says(widget, "db[3]")


def test_arrow_keys_step(show):
    widget = show("ShapeFlow(X, W, b, G)")
    widget.focus()
    for key, place in [("ArrowRight", "P 0 1"), ("ArrowRight", "P 0 2"), ("ArrowLeft", "P 0 1")]:
        widget.page.keyboard.press(key)
        expect(widget).to_have_attribute("data-cell", place)


def test_arrow_keys_move_within_the_block_that_has_the_focus(show):
    widget = show("ShapeFlow(X, W, b, G)")
    widget.get_by_label("W, shape (2, 4)").focus()
    for key, place in [("ArrowDown", "R 1 0"), ("ArrowRight", "R 1 1"), ("ArrowDown", "R 1 1")]:
        widget.page.keyboard.press(key)
        expect(widget).to_have_attribute("data-cell", place)


@pytest.mark.parametrize("target", ["cell", "block", "button"])
def test_keys_do_not_reach_jupyterlab(show, notebook, target):
    widget = show("ShapeFlow(X, W, b, G)")
    count = notebook.page.locator(".jp-Cell").count()
    if target == "block":
        widget.get_by_label("W, shape (2, 4)").focus()
    else:
        (cell(widget, P, 0, 0) if target == "cell" else widget.locator("button").first).click()
    for key in ["d", "d", "x", "b", "Escape", "d", "d"]:
        notebook.page.keyboard.press(key)
    notebook.expect_value("'still here'", "still here")
    assert notebook.page.locator(".jp-Cell").count() == count + 1


def test_python_moves_the_widget_on_the_screen(show, notebook):
    widget = show("flow = ShapeFlow(X, W, b, G); flow")
    notebook.run("flow.view = 'dX'; flow.entry = (2, 1)")
    expect(widget).to_have_attribute("data-view", "dX")
    expect(widget).to_have_attribute("data-cell", "P 2 1")


def test_python_sees_what_was_chosen_in_the_browser(show, notebook):
    widget = show("flow = ShapeFlow(X, W, b, G); flow")
    press(widget, "dW = Xᵀ·G")
    cell(widget, P, 1, 2).click()
    notebook.expect_value("(flow.view, flow.entry)", "('dW', (1, 2))")


def test_every_entry_says_what_the_text_form_says(show):
    widget = show("ShapeFlow(X, W, b, G)")
    text = ShapeFlow(X, W, b, G).text
    said = []
    for _ in range(12 + 6 + 8 + 4):
        line = widget.locator(".ag-line").text_content()
        said.append(re.sub(r"=∑.*?=", "=", line).replace(" ", ""))  # without the formula in letters
        press(widget, "Next")
    entries = [line for line in text.splitlines() if "summed over" not in line]
    assert said == [line.replace(" ", "") for line in entries]


def test_it_steps_in_a_saved_page_without_a_kernel(browser, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(f"<meta charset=utf8>{ShapeFlow(X, W, b, G).page()}", encoding="utf-8")
    page = browser.new_page()
    errors = errors_of(page)
    page.goto(file.as_uri())
    widget = page.locator(".ag-shapes")
    press(widget, "dW = Xᵀ·G")
    press(widget, "Next")
    expect(widget).to_have_attribute("data-cell", "P 0 1")
    page.close()
    assert errors == []


@pytest.mark.parametrize("theme", ["Light", "Dark"])
@pytest.mark.parametrize("view", ["Y", "dX", "dW", "db"])
def test_everything_has_contrast(show, notebook, view, theme):
    widget = show(f"ShapeFlow(X, W, b, G, view='{view}')")
    notebook.theme(theme)
    found = widget.evaluate(PALE)
    notebook.theme("Light")
    assert found == []


@pytest.mark.parametrize("view", ["Y", "dX", "dW", "db"])
def test_nothing_is_cut_off_on_a_narrow_page(show, notebook, view):
    widget = show(f"ShapeFlow(X, W, b, G, view='{view}')")
    notebook.width(NARROW)
    found = widget.evaluate(CUT_OFF)
    notebook.width(WIDE)
    assert found == []
