"""The Stepper that shows for how many consumers each node still waits."""

import pytest
from playwright.sync_api import expect
from test_stepper import BACK, FIRST, FORWARD, LAST, OVERWRITING, named, press

# b uses a, c uses a and b, d uses c and a; x is used by a. Step 4 makes d, step 5 is the seed.
DIAMOND = """
x = {engine}(2.0)
a = x * {engine}(2.0)
b = a + {engine}(1.0)
c = a * b
d = c + a
stepper = Stepper(d, waiting={waiting})
stepper
"""
WAITS = {  # after each step of the way back: d to c, d to a, c to a, c to b, b to a, …, a to x
    5: {"a": "waits for 3", "b": "waits for 1", "c": "waits for 1", "d": "✓ complete"},
    6: {"a": "waits for 3", "c": "✓ complete"},
    7: {"a": "waits for 2", "b": "waits for 1"},
    8: {"a": "waits for 1", "b": "waits for 1"},
    9: {"a": "waits for 1", "b": "✓ complete"},
    10: {"a": "✓ complete", "x": "waits for 1"},
    12: {"x": "✓ complete"},
}


@pytest.fixture
def show(notebook):
    """Shows the diamond on an engine."""

    def show(engine="Value", before="", waiting=True):
        imports = "from helpers import Stepper, Value\n"
        source = imports + before + DIAMOND.format(engine=engine, waiting=waiting)
        widget = notebook.run(source).locator(".ag-stepper")
        widget.locator(".ag-node").first.wait_for()
        return widget

    return show


def badge(widget, name):
    return named(widget, name).locator(".ag-badge")


def test_each_node_counts_down_the_consumers_that_it_waits_for(show):
    widget = show()
    for k in range(1, 13):
        press(widget, FORWARD)
        for name, said in WAITS.get(k, {}).items():
            expect(badge(widget, name)).to_have_text(said)


def test_nothing_is_said_on_the_way_forward(show):
    widget = show()
    for _ in range(4):
        press(widget, FORWARD)
        for name in "xabcd":
            expect(badge(widget, name)).to_have_text("")


def test_the_counts_follow_back_and_home(show):
    widget = show()
    press(widget, LAST)
    expect(badge(widget, "x")).to_have_text("✓ complete")
    for _ in range(7):
        press(widget, BACK)
    expect(badge(widget, "a")).to_have_text("waits for 3")
    press(widget, FIRST)
    expect(badge(widget, "a")).to_have_text("")


def test_the_counts_follow_python(show, notebook):
    widget = show()
    notebook.run("stepper.step = 8")
    expect(badge(widget, "a")).to_have_text("waits for 1")


def test_a_node_that_pushes_before_its_consumers_is_marked(show):
    widget = show("Overwriting", OVERWRITING)  # it goes level by level
    press(widget, LAST)
    expect(badge(widget, "a")).to_have_text("✗ too early")
    expect(badge(widget, "c")).to_have_text("✓ complete")


def test_without_waiting_there_are_no_counts(show):
    widget = show(waiting=False)
    press(widget, LAST)
    expect(widget.locator(".ag-badge")).to_have_count(0)
