"""The initialization explorer: the network in the browser is the one that Python runs."""

import re

import pytest
from lab import NARROW, WIDE, errors_of
from playwright.sync_api import expect
from test_looks import CUT_OFF, PALE

from helpers import InitExplorer

EXAMPLE = """
from helpers import InitExplorer
explorer = InitExplorer()
explorer"""
# Where a signal is chaotic, rounding grows from layer to layer; what is left is chance.
CHAOTIC = {("tanh", scheme) for scheme in ("std 1", "gain 5/3", "He", "orthogonal")}


@pytest.fixture
def explorer(notebook):
    widget = notebook.run(EXAMPLE).locator(".ag-init")
    widget.locator(".ag-signal").wait_for()
    return widget


@pytest.fixture(scope="module")
def saved(browser, tmp_path_factory):
    """The widget in a saved page, without kernel and network."""
    file = tmp_path_factory.mktemp("saved") / "saved.html"
    page_of = InitExplorer().page()
    file.write_text(f"<!doctype html><meta charset=utf-8>{page_of}", encoding="utf-8")
    page = browser.new_page()
    errors = errors_of(page)
    page.goto(file.as_uri())
    yield page.locator(".ag-init")
    page.close()
    assert errors == []


def press(widget, name):
    widget.get_by_role("button", name=name, exact=True).click()


def drag(widget, label, value):
    widget.get_by_role("slider", name=label).fill(str(value))


def shown(widget):
    """The std of h and of ∂L/∂h at the chosen layer."""
    return tuple(float(widget.get_attribute(f"data-{name}")) for name in ("signal", "gradient"))


def twin(act="relu", scheme="He", depth=50, layer=25, seed=0):
    view = InitExplorer(act, scheme, depth, seed)
    return pytest.approx((view.signal[layer - 1], view.gradient[layer - 1]), rel=1e-9)


def test_it_starts_with_the_network_that_python_has(explorer):
    assert shown(explorer) == twin()


@pytest.mark.parametrize("act", ["relu", "tanh", "sigmoid", "linear"])
@pytest.mark.parametrize(
    "scheme", ["std 0.01", "std 1", "Xavier", "gain 5/3", "He", "default", "orthogonal"]
)
def test_every_bend_and_scheme_gives_the_numbers_that_python_has(saved, act, scheme):
    press(saved, act)
    press(saved, scheme)
    chaotic = (act, scheme) in CHAOTIC
    depth = 8 if chaotic else 50
    drag(saved, "Depth", depth)
    for layer in (1, depth // 2, depth):
        drag(saved, "Layer", layer)
        assert shown(saved) == twin(act, scheme, depth, layer)


def test_a_deep_chaotic_network_has_the_size_that_python_has(saved):
    press(saved, "tanh")
    press(saved, "std 1")
    drag(saved, "Depth", 50)
    drag(saved, "Layer", 1)
    signal, gradient = shown(saved)
    view = InitExplorer("tanh", "std 1")
    assert signal == pytest.approx(view.signal[0], rel=1e-9)
    assert 0.1 < gradient / view.gradient[0] < 10 and gradient > 1e12


def test_a_gain_of_its_own_presses_no_scheme_and_is_known_to_python(explorer, notebook):
    drag(explorer, "Gain", 40)
    pressed = explorer.locator(".ag-tabs").nth(1).locator("[aria-pressed=true]")
    expect(pressed).to_have_count(0)
    notebook.expect_value("explorer.state['scheme'], explorer.state['gain']", "own gain 1")
    signal, _ = shown(explorer)
    notebook.expect_value(f"abs(explorer.signal[24] / {signal!r} - 1) < 1e-9", "True")


def test_draw_again_gives_other_weights(explorer):
    before = shown(explorer)
    press(explorer, "draw again")
    assert shown(explorer) == twin(seed=1) != before


def test_python_moves_what_is_on_the_screen(explorer, notebook):
    notebook.run("explorer.state = {**explorer.state, 'depth': 10, 'layer': 4}")
    expect(explorer.locator(".ag-caption")).to_contain_text("Layer 4 of 10")
    assert shown(explorer) == twin(depth=10, layer=4)


def test_arrow_keys_home_and_end_move_the_layer(explorer):
    explorer.focus()
    for key, layer in (("ArrowRight", 26), ("End", 50), ("ArrowRight", 50), ("Home", 1)):
        explorer.page.keyboard.press(key)
        expect(explorer.locator(".ag-caption")).to_contain_text(f"Layer {layer} of 50")


def test_a_click_on_the_curves_chooses_the_layer(explorer):
    box = explorer.locator(".ag-touch").bounding_box()
    explorer.page.mouse.click(box["x"] + box["width"] * 9.1 / 49, box["y"] + 50)
    expect(explorer.locator(".ag-caption")).to_contain_text("Layer 10 of 50")


def test_a_shallower_network_has_no_layer_beyond_its_last(explorer):
    drag(explorer, "Depth", 3)
    expect(explorer.locator(".ag-caption")).to_contain_text("Layer 3 of 3")
    assert shown(explorer) == twin(depth=3, layer=3)


def test_saturated_units_stand_at_both_ends_of_the_histogram(explorer):
    press(explorer, "tanh")
    press(explorer, "std 1")
    heights = [
        float(bar.get_attribute("height")) for bar in explorer.locator(".ag-signal-bar").all()
    ]
    assert min(heights[0], heights[-1]) > 5 * max(heights[1:-1])
    words = explorer.locator(".ag-caption").inner_text()
    assert int(re.search(r"(\d+)% of the h are beyond", words)[1]) > 70


def test_where_scripts_are_stripped_a_picture_stands(browser, tmp_path):
    path = tmp_path / "still.html"
    still = re.sub(r"<script>.*</script>", "", InitExplorer().page(), flags=re.DOTALL)
    path.write_text(f"<!doctype html><meta charset=utf-8>{still}", encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.locator("img").evaluate("(img) => img.decode().then(() => img.naturalWidth)") > 400
    page.close()


@pytest.mark.parametrize("pixels", [WIDE, NARROW])
def test_nothing_is_cut_off(explorer, notebook, pixels):
    notebook.width(pixels)
    assert explorer.evaluate(CUT_OFF) == []


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_it_has_contrast(explorer, notebook, theme):
    notebook.theme(theme)
    assert explorer.evaluate(PALE) == []
