"""The stepper on a graph of arrays, of the course's engine and of one with shared gradients."""

import pytest
from lab import NARROW, WIDE
from test_looks import CUT_OFF, PALE, THEMES, at_every_step

LAYER = """
import numpy as np
from helpers import Stepper
from helpers.engine.tensor import Tensor
from helpers.weeks import week09
rng = np.random.default_rng(0)
X, t = rng.standard_normal((100, 30)), rng.integers(0, 10, 100)
W, b = Tensor(rng.standard_normal((30, 10))), Tensor(np.zeros(10))
H = (X @ W + b).tanh()
loss = H.cross_entropy(t) + (W * W).sum() * 1e-3
"""
ALIASED = (
    LAYER
    + """
Alias = next(m.attempt for m in week09.Tensor.mistakes if m.code == "ALIAS")
x, y = Alias([1.0, 2.0]), Alias([3.0, 4.0])
s = x + y
L = ((s + x) * 0.5).sum()
"""
)


def stepper(notebook, source):
    widget = notebook.run(source).locator(".ag-stepper")
    widget.locator(".ag-node").first.wait_for()
    return widget


def words_at(widget, step):
    widget.get_by_role("slider").fill(str(step))
    return widget.inner_text()


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_nothing_is_cut_off_on_a_graph_of_arrays(notebook, width):
    widget = stepper(notebook, LAYER + "Stepper(loss)")
    notebook.width(width)
    assert at_every_step(widget, CUT_OFF) == []


@pytest.mark.parametrize("name", THEMES)
def test_a_graph_of_arrays_has_contrast_at_every_step(notebook, name):
    widget = stepper(notebook, LAYER + "Stepper(loss)")
    notebook.theme(name)
    assert at_every_step(widget, PALE) == []


def test_a_push_says_the_shape_that_arrives(notebook):
    widget = stepper(notebook, LAYER + "Stepper(loss)")
    last = int(widget.get_by_role("slider").get_attribute("max"))
    shown = [words_at(widget, step) for step in range(last + 1)]
    to_b = next(words for words in shown if "pushes to b." in words)
    assert "(10,)" in to_b


def test_two_contributions_to_a_weight_add_up(notebook):
    widget = stepper(notebook, LAYER + "Stepper(loss)")
    last = int(widget.get_by_role("slider").get_attribute("max"))
    shown = [words_at(widget, step) for step in range(last + 1)]
    assert sum("W was reached before: the contributions add up." in words for words in shown) == 2


def test_an_engine_with_shared_gradients_steps_to_its_end(notebook):
    widget = stepper(notebook, ALIASED + "Stepper(L)")
    last = int(widget.get_by_role("slider").get_attribute("max"))
    assert "pushes to y." in words_at(widget, last)
