"""The Stepper in a live notebook: stepping, driving, keys, and Python at the other end."""

import re

import pytest
from playwright.sync_api import expect

from helpers.engine.scalar import Value
from helpers.graph import Graph

# Steps of f = (x + y)·y: 1 q, 2 f, 3 seed, 4 f to q, 5 f to y, 6 q to x, 7 q to y.
EXAMPLE = """
from helpers import Stepper, Value
x, y = Value(2.0), Value(3.0)
q = x + y
f = q * y
f.backward()
"""
# An engine of its own, with `=` where `+=` belongs.
OVERWRITING = """
class Overwriting:
    def __init__(self, data, parents=(), slopes=(), op=""):
        self.data, self.parents, self.slopes, self.op = data, parents, slopes, op
        self.grad = 0.0
    def __add__(self, other):
        return Overwriting(self.data + other.data, (self, other), (1.0, 1.0), "+")
    def __mul__(self, other):
        return Overwriting(self.data * other.data, (self, other), (other.data, self.data), "*")
    def backward(self):
        self.grad, todo = 1.0, [self]
        for node in todo:
            for parent, slope in zip(node.parents, node.slopes):
                parent.grad = slope * node.grad
                todo.append(parent)
a, b = Overwriting(2.0), Overwriting(3.0)
g = (a + b) * b
"""
FORWARD, BACK = "One step forward (right arrow)", "One step back (left arrow)"
FIRST, LAST = "First step (home)", "Last step (end)"


@pytest.fixture
def show(notebook):
    """Runs the example and one more line; returns the stepper that this line shows."""

    def show(line):
        widget = notebook.run(EXAMPLE + line).locator(".ag-stepper")
        widget.locator(".ag-node").first.wait_for()
        return widget

    return show


def press(widget, name):
    widget.get_by_role("button", name=name, exact=True).click()


def named(widget, name):
    return widget.locator(".ag-node").filter(has=widget.page.get_by_text(name, exact=True))


def expect_step(widget, k):
    expect(widget).to_have_attribute("data-step", str(k))


# ------------------------------------------------------------------------------------ stepping


def test_buttons_step_forward_back_and_to_both_ends(show):
    widget = show("Stepper(f)")
    expect_step(widget, 0)
    for name, k in [(FORWARD, 1), (FORWARD, 2), (BACK, 1), (LAST, 7), (FIRST, 0)]:
        press(widget, name)
        expect_step(widget, k)


def test_stepping_stops_at_both_ends(show):
    widget = show("Stepper(f)")
    press(widget, BACK)
    expect_step(widget, 0)
    press(widget, LAST)
    press(widget, FORWARD)
    expect_step(widget, 7)


def test_arrow_keys_home_and_end_step(show):
    widget = show("Stepper(f)")
    widget.focus()
    keys = [("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 7), ("Home", 0)]
    for key, k in keys:
        widget.page.keyboard.press(key)
        expect_step(widget, k)


def test_slider_goes_to_its_step(show):
    widget = show("Stepper(f)")
    widget.get_by_role("slider").fill("5")
    expect_step(widget, 5)


def test_arrow_key_on_the_slider_moves_one_step(show):
    widget = show("Stepper(f)")
    widget.get_by_role("slider").press("ArrowRight")
    expect_step(widget, 1)


def test_play_runs_to_the_end_and_offers_play_again(show):
    widget = show("Stepper(f)")
    widget.get_by_label("Speed").select_option("fast")
    widget.locator(".ag-play").click()
    expect(widget.locator(".ag-play")).to_have_text("Pause")
    expect_step(widget, 7)
    expect(widget.locator(".ag-play")).to_have_text("Play")


def test_paused_stepper_stands_still_while_another_plays(show):
    paused, other = show("Stepper(f)"), show("Stepper(f)")
    for widget in paused, other:
        widget.get_by_label("Speed").select_option("fast")
    paused.locator(".ag-play").click()
    expect(paused).not_to_have_attribute("data-step", "0")
    paused.locator(".ag-play").click()
    here = paused.get_attribute("data-step")
    other.locator(".ag-play").click()
    expect_step(other, 7)
    expect_step(paused, here)


def test_space_on_the_widget_plays(show):
    widget = show("Stepper(f)")
    widget.press(" ")
    expect(widget.locator(".ag-play")).to_have_text("Pause")
    widget.press(" ")
    expect(widget.locator(".ag-play")).to_have_text("Play")


def test_click_on_a_node_goes_to_where_it_is_computed(show):
    widget = show("Stepper(f)")
    named(widget, "f").click()
    expect_step(widget, 2)


def test_click_on_a_node_on_the_way_back_goes_to_its_first_push(show):
    widget = show("Stepper(f)")
    press(widget, LAST)
    named(widget, "q").click()
    expect_step(widget, 6)


def test_values_are_hidden_until_they_are_computed(show):
    widget = show("Stepper(f)")
    value = named(widget, "q").locator(".ag-value")
    expect(value).to_have_text("?")
    press(widget, FORWARD)
    expect(value).to_have_text("5.0")


def test_last_step_shows_the_gradients_of_the_closed_form(show):
    widget = show("Stepper(f)")  # ∂f/∂x = y, ∂f/∂y = x + 2y, ∂f/∂q = y
    press(widget, LAST)
    for name, grad in {"x": "3.0", "y": "8.0", "q": "3.0", "f": "1.0"}.items():
        expect(named(widget, name).locator(".ag-grad")).to_have_text(f"∂ {grad}")


def test_second_contribution_is_shown_as_old_plus_new(show):
    widget = show("Stepper(f)")
    press(widget, LAST)
    expect(widget.locator(".ag-line").last).to_have_text(re.compile("5.0.*3.0.*8.0"))


def test_equations_say_what_helpers_says(show):
    widget = show("Stepper(f)")
    x, y = Value(2.0), Value(3.0)
    q = x + y
    f = q * y
    pushes = Graph.record(f, {"x": x, "y": y, "q": q, "f": f}).backward_steps()
    expected = ["q = x + y = 2.0 + 3.0 = 5.0", "f = q * y = 5.0 * 3.0 = 15.0", "∂f/∂f = 1.0"]
    expected += [push.text for push in pushes]
    shown = []
    for _ in expected:
        press(widget, FORWARD)
        shown.append(widget.locator(".ag-line").first.text_content())
    squeeze = str.maketrans("", "", "/ ")  # a fraction has a line, not a slash
    assert [text.translate(squeeze) for text in shown] == [t.translate(squeeze) for t in expected]


def test_variants_show_what_each_engine_does(show):
    widget = show(OVERWRITING + 'Stepper({"+=": f, "=": g})')
    press(widget, LAST)
    expect(named(widget, "y").locator(".ag-grad")).to_have_text("∂ 8.0")
    press(widget, "=")
    expect_step(widget, 7)
    expect(named(widget, "b").locator(".ag-grad")).to_have_text("∂ 3.0")
    expect(widget.locator(".ag-words")).to_contain_text("overwrites the 5.0")
    press(widget, "+=")
    expect(named(widget, "y").locator(".ag-grad")).to_have_text("∂ 8.0")


# ------------------------------------------------------------------------------- both ends


def test_python_moves_the_stepper_on_the_screen(show, notebook):
    widget = show("s = Stepper(f); s")
    notebook.run("s.step = 3")
    expect_step(widget, 3)
    expect(widget.locator(".ag-words")).to_contain_text("The backward pass starts")


def test_python_sees_the_steps_taken_in_the_browser(show, notebook):
    widget = show("s = Stepper(f); s")
    press(widget, FORWARD)
    press(widget, FORWARD)
    notebook.expect_value("s.step", "2")


def test_second_view_of_a_stepper_follows_the_first(show, notebook):
    first = show("s = Stepper(f); s")
    second = notebook.run("s").locator(".ag-stepper")
    press(first, LAST)
    expect_step(second, 7)


@pytest.mark.parametrize("target", [".ag-play", "select", "input", ".ag-frame", ".ag-node"])
def test_keys_in_the_stepper_do_not_reach_jupyterlab(show, notebook, target):
    widget = show("Stepper(f)")
    count = notebook.page.locator(".jp-Cell").count()
    widget.locator(target).first.click()
    for key in ["d", "d", "x", "b", "ArrowDown", "Escape", "d", "d"]:
        notebook.page.keyboard.press(key)
    notebook.expect_value("'still here'", "still here")
    assert notebook.page.locator(".jp-Cell").count() == count + 1
    expect(widget).to_be_visible()


# ------------------------------------------------------------------------------------ driving


def test_driver_in_the_right_order_gets_every_gradient_right(show):
    widget = show("Stepper(f, drive=True)")
    named(widget, "f").click()
    named(widget, "q").click()
    expect(widget.locator(".ag-words")).to_contain_text("every gradient is right")
    expect(named(widget, "y").locator(".ag-grad")).to_have_text("∂ 8.0")


def test_driver_is_told_which_consumer_has_not_finished(show):
    widget = show("Stepper(f, drive=True)")
    named(widget, "q").click()
    expect(widget.locator(".ag-words")).to_contain_text("f has not pushed to q yet")


def test_driver_who_waits_has_pushed_nothing(show):
    widget = show("Stepper(f, drive=True)")
    named(widget, "q").click()
    press(widget, "Wait")
    expect(widget.locator(".ag-count")).to_have_text("0 of 2 pushed")


def test_driver_who_insists_on_a_wrong_order_sees_the_damage(show):
    widget = show("Stepper(f, drive=True)")
    named(widget, "q").click()
    press(widget, "Push anyway")
    named(widget, "f").click()
    expect(named(widget, "q").locator(".ag-badge")).to_have_text("✗ too late")
    expect(widget.locator(".ag-words")).to_contain_text("∂f/∂x is 0.0, right is 3.0")
    expect(widget.locator(".ag-words")).to_contain_text("∂f/∂y is 5.0, right is 8.0")


def test_undo_takes_the_damage_back(show):
    widget = show("Stepper(f, drive=True)")
    named(widget, "q").click()
    press(widget, "Push anyway")
    named(widget, "f").click()
    for _ in range(2):
        press(widget, "Undo")
    expect(widget.locator(".ag-count")).to_have_text("0 of 2 pushed")
    for name in "f", "q":
        named(widget, name).click()
    expect(widget.locator(".ag-words")).to_contain_text("every gradient is right")


def test_undone_verdict_is_gone(show):
    widget = show("Stepper(f, drive=True)")
    for name in "f", "q":
        named(widget, name).click()
    expect(widget).to_have_attribute("data-verdict", "right")
    press(widget, "Undo")
    expect(widget).not_to_have_attribute("data-verdict", "right")


def test_enter_on_a_node_pushes(show):
    widget = show("Stepper(f, drive=True)")
    named(widget, "f").press("Enter")
    expect(widget.locator(".ag-count")).to_have_text("1 of 2 pushed")


def test_driver_keeps_the_keyboard_while_insisting(show):
    widget = show("Stepper(f, drive=True)")
    named(widget, "q").press("Enter")
    widget.get_by_role("button", name="Push anyway").press("Enter")
    expect(named(widget, "q")).to_be_focused()


def test_python_sees_the_order_driven(show, notebook):
    widget = show("s = Stepper(f, drive=True); s")
    for name in "f", "q":
        named(widget, name).click()
    notebook.expect_value("s.state['pushed']", "[3, 2]")  # x, y, q, f are nodes 0 to 3


# ---------------------------------------------------------------------------- other engines


def test_pytorch_graph_steps_to_pytorchs_gradients(show):
    widget = show(
        "import torch\n"
        "u, v = (torch.tensor(z, dtype=torch.float64, requires_grad=True) for z in (2.0, 3.0))\n"
        "w = (u + v) * v\n"
        "Stepper(w)"
    )
    press(widget, LAST)
    for name, grad in {"u": "3.0", "v": "8.0"}.items():
        expect(named(widget, name).locator(".ag-grad")).to_have_text(f"∂ {grad}")


def test_pytorch_operand_that_was_broadcast_gets_the_sum(show):
    widget = show(
        "import torch\n"
        "u = torch.ones(3, dtype=torch.float64, requires_grad=True)\n"
        "v = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)\n"
        "w = (u + v).sum()\n"
        "Stepper(w)"
    )
    press(widget, LAST)
    expect(named(widget, "v").locator(".ag-grad")).to_have_text("∂ 3.0")


def test_micrograds_graph_steps_to_the_gradients_of_the_closed_form(show):
    widget = show(
        "from micrograd.engine import Value as MicrogradValue\n"
        "u, v = MicrogradValue(2.0), MicrogradValue(3.0)\n"
        "w = (u + v) * v\n"
        "Stepper(w)"
    )
    press(widget, LAST)
    for name, grad in {"u": "3.0", "v": "8.0"}.items():
        expect(named(widget, name).locator(".ag-grad")).to_have_text(f"∂ {grad}")
