"""The decision boundary in a live notebook and in a saved page: frames, field, points, loss."""

import numpy as np
import pytest
from lab import NARROW, WIDE, errors_of
from playwright.sync_api import expect

from helpers import boundary, grid

# A border that moves to the right over four points; 1, 3 and 4 of them are on their own side.
EXAMPLE = """
import numpy as np
from helpers import boundary, grid
X, t = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 1.0], [3.0, 3.0]]), np.array([0, 0, 0, 1])
frames = [(10 * k, 1.0 / (1 + k), 5 * (grid(X)[:, 0] - c)) for k, c in enumerate((-1.0, 1.5, 2.5))]
view = boundary(frames, X, t)
view.frame = 0
view"""
WORDS = [
    "step 0, loss 1.000, 1 of 4 on their own side",
    "step 10, loss 0.500, 3 of 4 on their own side",
    "step 20, loss 0.333, 4 of 4 on their own side",
]
# The color of the field at a share of its width and height, [r, g, b, a].
COLOR = """(canvas, [x, y]) => [...canvas.getContext("2d")
  .getImageData(x * canvas.width, y * canvas.height, 1, 1).data]"""
SKY, YELLOW = [86, 180, 233], [240, 228, 66]


@pytest.fixture
def view(notebook):
    widget = notebook.run(EXAMPLE).locator(".ag-boundary")
    widget.locator("canvas").wait_for()
    return widget


def expect_frame(widget, k):
    expect(widget).to_have_attribute("data-frame", str(k))
    expect(widget.locator(".ag-words")).to_have_text(WORDS[k])


def color(widget, x, y):
    return widget.locator("canvas").evaluate(COLOR, [x, y])[:3]


def test_a_frame_says_its_step_its_loss_and_the_points_on_their_own_side(view):
    expect_frame(view, 0)
    for k in (1, 2):
        view.get_by_role("slider").fill(str(k))
        expect_frame(view, k)


def test_the_field_has_the_color_of_the_winner_on_both_sides_of_the_border(view):
    view.get_by_role("slider").fill("1")
    for x, ink in ((0.1, SKY), (0.45, SKY), (0.55, YELLOW), (0.9, YELLOW)):
        assert np.abs(np.array(color(view, x, 0.5)) - ink).max() <= 4  # alpha rounds the color


def test_the_border_moves_with_the_frames(view):
    assert np.abs(np.array(color(view, 0.3, 0.5)) - YELLOW).max() <= 4
    view.get_by_role("slider").fill("2")
    assert np.abs(np.array(color(view, 0.3, 0.5)) - SKY).max() <= 4


def test_rings_mark_the_points_on_the_wrong_side(view):
    rings = view.locator(".ag-ring")
    assert [ring.get_attribute("visibility") for ring in rings.all()] == [
        "visible", "visible", "visible", "hidden",
    ]  # fmt: skip
    view.get_by_role("slider").fill("2")
    expect(view.locator(".ag-ring[visibility=visible]")).to_have_count(0)


def test_points_stand_where_the_field_has_them(view):
    """The rightmost point is class 1: its mark lies in the yellow part of the third frame."""
    view.get_by_role("slider").fill("2")
    canvas, mark = (
        view.locator("canvas").bounding_box(),
        view.locator(".ag-mark").last.bounding_box(),
    )
    x = (mark["x"] + mark["width"] / 2 - canvas["x"]) / canvas["width"]
    y = (mark["y"] + mark["height"] / 2 - canvas["y"]) / canvas["height"]
    assert x == pytest.approx(0.5 + 0.5 / 1.15, abs=0.01)
    assert y == pytest.approx(0.5 - 0.5 / 1.15, abs=0.01)
    assert np.abs(np.array(color(view, x, y)) - YELLOW).max() <= 4


def test_classes_differ_in_shape_and_not_only_in_color(view):
    marks = view.locator(".ag-mark")
    assert [m.evaluate("(el) => el.tagName") for m in marks.all()] == ["circle"] * 3 + ["path"]


def test_the_dot_on_the_loss_curve_moves_along(view):
    dot = view.locator(".ag-dot")
    places = []
    for k in (0, 1, 2):
        view.get_by_role("slider").fill(str(k))
        places.append((float(dot.get_attribute("cx")), float(dot.get_attribute("cy"))))
    assert places == sorted(places)  # to the right, and downward


def test_play_runs_to_the_last_frame_and_begins_anew_from_there(view):
    play = view.locator(".ag-play")
    play.click()
    expect(play).to_have_text("Pause")
    expect_frame(view, 2)
    expect(play).to_have_text("Play")
    play.click()
    expect_frame(view, 0)
    play.click()


def test_arrow_keys_home_and_end_move_the_frame(view):
    view.focus()
    for key, frame in [
        ("ArrowRight", 1),
        ("ArrowLeft", 0),
        ("ArrowLeft", 0),
        ("End", 2),
        ("Home", 0),
    ]:
        view.page.keyboard.press(key)
        expect_frame(view, frame)


def test_python_and_the_screen_show_the_same_frame(view, notebook):
    view.get_by_role("slider").fill("1")
    notebook.expect_value("view.frame", "1")
    notebook.run("view.frame = 2")
    expect_frame(view, 2)


def test_it_works_in_a_saved_page_without_kernel_and_network(browser, tmp_path):
    space = {}
    exec(EXAMPLE, space)
    path = tmp_path / "saved.html"
    page_of = space["view"].page()
    path.write_text(f"<!doctype html><meta charset=utf-8>{page_of}", encoding="utf-8")
    page = browser.new_page()
    errors = errors_of(page)
    page.goto(path.as_uri())
    saved = page.locator(".ag-boundary")
    expect_frame(saved, 0)
    saved.get_by_role("slider").fill("2")
    expect_frame(saved, 2)
    assert errors == []
    page.close()


def test_a_new_frame_is_painted_within_a_tenth_of_a_second(browser, tmp_path):
    """Three classes and 300 points; once painted, a frame is kept."""
    rng = np.random.default_rng(0)
    X, t = rng.standard_normal((300, 2)), np.arange(300) % 3
    frames = [(k, 1.0, rng.standard_normal((len(grid(X)), 3))) for k in range(8)]
    path = tmp_path / "saved.html"
    path.write_text(f"<!doctype html><meta charset=utf-8>{boundary(frames, X, t).page()}")
    page = browser.new_page()
    page.goto(path.as_uri())
    slider = page.locator(".ag-boundary input")
    times = slider.evaluate("""(slider) => [0, 1, 2, 3, 4, 5].map((k) => {
      const start = performance.now();
      slider.value = k;
      slider.oninput();
      return performance.now() - start;
    })""")
    assert sorted(times)[2] < 100
    page.close()


@pytest.mark.parametrize("pixels", [WIDE, NARROW])
def test_nothing_sticks_out_of_the_page(view, notebook, pixels):
    notebook.width(pixels)
    inner, outer = view.evaluate("(el) => [el.scrollWidth, el.clientWidth]")
    assert inner <= outer
