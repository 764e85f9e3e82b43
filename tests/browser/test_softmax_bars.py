"""The softmax bars in a live notebook and in a saved page: what is dragged and what it shows."""

import re

import pytest
from lab import NARROW, WIDE, errors_of
from playwright.sync_api import expect

from helpers import SoftmaxBars

NAMES = ["cat", "dog", "owl"]
EXAMPLE = f"""
from helpers import SoftmaxBars
bars = SoftmaxBars([2.0, 1.0, -1.0], target=1, names={NAMES})
bars"""


@pytest.fixture
def bars(notebook):
    widget = notebook.run(EXAMPLE).locator(".ag-softmax")
    widget.get_by_role("slider").first.wait_for()
    return widget


def drag(widget, label, value):
    widget.get_by_role("slider", name=label).fill(str(value))


def shown(widget, kind):
    """The numbers of one column, as Python's floats."""
    texts = widget.locator(f".ag-rows .ag-number.ag-{kind}-ink").all_inner_texts()
    return [float(text.replace("−", "-")) for text in texts]


def scores(widget):
    return widget.locator(".ag-rows .ag-number:not(.ag-data-ink):not(.ag-gradient-ink)")


def python(state):
    widget = SoftmaxBars([2.0, 1.0, -1.0], target=1, names=NAMES)
    widget.state = {**widget.state, **state}
    return widget


def expect_numbers_of(widget, state):
    twin = python(state)
    assert shown(widget, "data") == [round(float(p), 3) for p in twin.P]
    assert shown(widget, "gradient") == [round(float(d), 3) + 0.0 for d in twin.dZ]
    expect(widget.locator(".ag-caption")).to_contain_text(f"= {twin.loss:.3f}.")


def test_it_starts_with_the_numbers_that_python_has(bars):
    expect_numbers_of(bars, {})


@pytest.mark.parametrize(
    "label, value, state",
    [
        ("Score of dog", 4.5, {"scores": [2.0, 4.5, -1.0]}),
        ("Score of owl", -6, {"scores": [2.0, 1.0, -6.0]}),
        ("Temperature", 0.4, {"temperature": 0.4}),
        ("Add a constant to all scores", -500, {"shift": -500.0}),
    ],
)
def test_a_dragged_slider_gives_the_numbers_that_python_has(bars, label, value, state):
    drag(bars, label, value)
    expect_numbers_of(bars, state)


def test_a_bar_is_as_long_as_its_number_says(bars):
    track, bar = bars.locator(".ag-track").first, bars.locator(".ag-data-bar").first
    share = bar.bounding_box()["width"] / track.bounding_box()["width"]
    assert share == pytest.approx(shown(bars, "data")[0], abs=0.01)


def test_the_gradient_of_the_target_points_left_and_the_others_right(bars):
    middles = [
        track.evaluate(
            "(el) => { const b = el.getBoundingClientRect(); return b.x + b.width / 2; }"
        )
        for track in bars.locator(".ag-two-sided").all()
    ]
    boxes = [bar.bounding_box() for bar in bars.locator(".ag-gradient-bar").all()]
    left = [box["x"] + box["width"] < middle + 1 for box, middle in zip(boxes, middles)]
    assert left == [False, True, False]


def test_another_target_moves_the_minus_one(bars):
    bars.get_by_role("radio", name="Target: cat").check()
    expect_numbers_of(bars, {"target": 0})


def test_adding_a_constant_changes_the_scores_and_nothing_else(bars):
    before = shown(bars, "data"), shown(bars, "gradient")
    drag(bars, "Add a constant to all scores", 700)
    expect(scores(bars)).to_have_text(["702.0", "701.0", "699.0"])
    assert (shown(bars, "data"), shown(bars, "gradient")) == before


@pytest.mark.parametrize("shift, words", [(800, "∞ / ∞ = NaN"), (-900, "0 / 0 = NaN")])
def test_it_says_when_the_formula_as_written_would_break(bars, shift, words):
    caption = bars.locator(".ag-caption")
    expect(caption).not_to_contain_text("NaN")
    drag(bars, "Add a constant to all scores", shift)
    expect(caption.locator(".ag-wrong-ink")).to_contain_text(words)


def test_the_temperature_stands_in_the_head_of_the_gradient(bars):
    drag(bars, "Temperature", 2)
    expect(bars.get_by_text("dZ = (P − Y) / T")).to_be_visible()


def test_arrow_keys_move_a_score(bars):
    bars.get_by_role("slider", name="Score of cat").press("ArrowRight")
    expect(scores(bars).first).to_have_text("2.1")


def test_reset_goes_back_to_the_start(bars):
    drag(bars, "Score of cat", -3)
    drag(bars, "Temperature", 3)
    bars.get_by_role("button", name="Reset").click()
    expect_numbers_of(bars, {})


def test_python_knows_what_is_on_the_screen(bars, notebook):
    drag(bars, "Score of dog", 3)
    bars.get_by_role("radio", name="Target: owl").check()
    notebook.expect_value("(bars.state['scores'], bars.state['target'])", "([2, 3, -1], 2)")


def test_python_moves_what_is_on_the_screen(bars, notebook):
    notebook.run('bars.state = {**bars.state, "scores": [0.0, 0.0, 0.0]}')
    expect(bars.locator(".ag-data-ink").first).to_have_text("0.333")


def test_without_a_target_there_are_no_gradients(notebook):
    widget = notebook.run(EXAMPLE + "\nSoftmaxBars([1.0, 0.0])").locator(".ag-softmax")
    expect(widget.locator(".ag-data-bar")).to_have_count(2)
    expect(widget.locator(".ag-gradient-bar, input[type=radio]")).to_have_count(0)


def test_two_of_them_have_targets_of_their_own(notebook):
    one = notebook.run(EXAMPLE).locator(".ag-softmax")
    other = notebook.run(EXAMPLE).locator(".ag-softmax")
    other.get_by_role("radio", name="Target: owl").check()
    expect(one.get_by_role("radio", name="Target: dog")).to_be_checked()


def test_it_works_in_a_saved_page_without_kernel_and_network(browser, tmp_path):
    path = tmp_path / "saved.html"
    page_of = python({}).page()
    path.write_text(f"<!doctype html><meta charset=utf-8>{page_of}", encoding="utf-8")
    page = browser.new_page()
    errors = errors_of(page)
    page.goto(path.as_uri())
    saved = page.locator(".ag-softmax")
    drag(saved, "Score of dog", 5)
    expect_numbers_of(saved, {"scores": [2.0, 5.0, -1.0]})
    assert errors == []
    page.close()


def test_where_scripts_are_stripped_a_picture_stands(browser, tmp_path):
    path = tmp_path / "still.html"
    still = re.sub(r"<script>.*</script>", "", python({}).page(), flags=re.DOTALL)
    path.write_text(f"<!doctype html><meta charset=utf-8>{still}", encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.locator("img").evaluate("(img) => img.decode().then(() => img.naturalWidth)") > 400
    page.close()


@pytest.mark.parametrize("pixels", [WIDE, NARROW])
def test_nothing_sticks_out_of_the_page(bars, notebook, pixels):
    notebook.width(pixels)
    inner, outer = bars.evaluate("(el) => [el.scrollWidth, el.clientWidth]")
    assert inner <= outer
