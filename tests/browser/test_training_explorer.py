"""The training explorer in a live notebook and in a saved page: tabs, sliders, Python."""

import re

import pytest
from lab import NARROW, WIDE, errors_of
from playwright.sync_api import expect
from test_looks import CUT_OFF, PALE, THEMES

from helpers import TrainingExplorer

RUNS = {
    "SGD, batch 64": {
        0.1: ([2.0, 0.9, 0.5], [0.62, 0.8, 0.9]),
        1.0: ([2.0, 9.0, 1e6], [0.5, 0.3, 0.1]),
    },
    "Adam": {
        0.001: ([1.0, 0.4, 0.2], [0.9, 0.96, 0.98]),
        0.01: ([0.9, 0.3, 0.3], [0.7, 0.9, 0.8]),
    },
}
EXAMPLE = f"""
from helpers import TrainingExplorer
view = TrainingExplorer({RUNS})
view"""


@pytest.fixture
def explorer(notebook):
    widget = notebook.run(EXAMPLE).locator(".ag-training-explorer")
    widget.locator(".ag-run").first.wait_for()
    return widget


def curve(widget, kind):
    return widget.locator(f".ag-run.ag-{kind}").get_attribute("d")


def words(widget):
    return widget.locator(".ag-words")


def test_it_starts_at_the_middle_rate_and_the_last_epoch(explorer):
    expect(explorer).to_have_attribute("data-rate", "1")
    expect(words(explorer)).to_have_text(
        "After epoch 3: loss too large, test accuracy 10.0% (off the scale). It blows up."
    )


def test_a_tab_chooses_a_way_with_rates_of_its_own(explorer):
    before = curve(explorer, "loss")
    explorer.get_by_role("button", name="Adam").click()
    expect(explorer).to_have_attribute("data-rate", "0.01")
    assert curve(explorer, "loss") != before


def test_the_slider_chooses_the_rate(explorer):
    explorer.get_by_role("button", name="Adam").click()
    explorer.get_by_role("slider", name="Learning rate").fill("0")
    expect(explorer).to_have_attribute("data-rate", "0.001")
    expect(words(explorer)).to_contain_text("97% is first reached after epoch 3.")


def test_the_epoch_moves_a_point_along_both_curves(explorer):
    explorer.get_by_role("slider", name="Learning rate").fill("0")
    explorer.get_by_role("slider", name="Epoch").fill("2")
    expect(words(explorer)).to_contain_text("After epoch 2: loss 0.9, test accuracy 80.0%.")
    for kind in "loss", "accuracy":
        here = explorer.locator(f".ag-{kind}-here")
        point = f"{here.get_attribute('cx')} {here.get_attribute('cy')}"
        assert curve(explorer, kind).removeprefix("M").split("L")[1] == point


def test_the_other_rates_of_the_tab_stand_behind(explorer):
    drawn = [line.get_attribute("d") for line in explorer.locator(".ag-loss-other").all()]
    assert len(drawn) == 2 and curve(explorer, "loss") in drawn


def test_what_is_off_the_scale_is_marked_and_not_drawn_along_the_frame(explorer):
    expect(explorer.locator(".ag-loss-beyond")).to_have_text("▲ off the scale")
    expect(explorer.locator(".ag-accuracy-beyond")).to_have_text("▼ off the scale")
    assert (curve(explorer, "loss").count("L"), curve(explorer, "accuracy").count("L")) == (2, 0)
    explorer.get_by_role("slider", name="Learning rate").fill("0")
    expect(explorer.locator(".ag-loss-beyond")).to_have_text("")
    expect(explorer.locator(".ag-accuracy-beyond")).to_have_text("")
    assert curve(explorer, "accuracy").count("L") == 2


def test_arrow_keys_move_the_rate(explorer):
    explorer.get_by_role("slider", name="Learning rate").press("ArrowLeft")
    expect(explorer).to_have_attribute("data-rate", "0.1")


def test_python_knows_what_is_on_the_screen(explorer, notebook):
    explorer.get_by_role("button", name="Adam").click()
    explorer.get_by_role("slider", name="Epoch").fill("1")
    notebook.expect_value("view.way, view.rate, view.loss", "Adam 0.01 0.9")


def test_python_moves_what_is_on_the_screen(explorer, notebook):
    notebook.run('view.state = {"way": 1, "rate": 0, "epoch": 2}')
    expect(explorer).to_have_attribute("data-rate", "0.001")
    expect(words(explorer)).to_contain_text("After epoch 2: loss 0.4")


def test_it_works_in_a_saved_page_without_kernel_and_network(browser, tmp_path):
    path = tmp_path / "saved.html"
    page_of = TrainingExplorer(RUNS).page()
    path.write_text(f"<!doctype html><meta charset=utf-8>{page_of}", encoding="utf-8")
    page = browser.new_page()
    found = errors_of(page)
    page.goto(path.as_uri())
    page.get_by_role("button", name="Adam").click()
    expect(words(page)).to_contain_text("After epoch 3: loss 0.3")
    assert found == []
    page.close()


def test_where_scripts_are_stripped_a_picture_stands(browser, tmp_path):
    path = tmp_path / "still.html"
    still = re.sub(r"<script>.*</script>", "", TrainingExplorer(RUNS).page(), flags=re.DOTALL)
    path.write_text(f"<!doctype html><meta charset=utf-8>{still}", encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.locator("img").evaluate("(img) => img.decode().then(() => img.naturalWidth)") > 400
    page.close()


@pytest.mark.parametrize("theme", THEMES)
def test_it_has_contrast(explorer, notebook, theme):
    notebook.theme(theme)
    assert explorer.evaluate(PALE) == []


@pytest.mark.parametrize("pixels", [WIDE, NARROW])
def test_nothing_is_cut_off(explorer, notebook, pixels):
    notebook.width(pixels)
    assert explorer.evaluate(CUT_OFF) == []
    inner, outer = explorer.evaluate("(el) => [el.scrollWidth, el.clientWidth]")
    assert inner <= outer
