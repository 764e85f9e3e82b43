"""What the widgets of week 10 send to the browser, and what they say in words."""

import doctest
import json
import math
import re
import sys

import pytest

from helpers import LayerErrors, TrainingExplorer

ERRORS = {
    "right": {"dZ2": 2e-16, "dW2": 0.0, "dH1": 3e-17},
    "wrong": {"dZ2": 2e-16, "dW2": 0.004, "dH1": math.inf},
}
RUNS = {
    "SGD": {0.1: ([2.0, 0.2], [0.5, 0.9]), 1.0: ([5.0, math.nan], [0.98, 0.1])},
    "Adam": {0.001: ([1.0, 0.02], [0.9, 0.97]), 0.01: ([1.0, 0.5], [0.7, 0.8])},
}


def test_wrong_is_what_is_not_below_the_tolerance():
    errors = LayerErrors(ERRORS)
    assert (errors.program, errors.wrong) == ("right", [])
    errors.state = {"i": 1, "power": -12}
    assert (errors.program, errors.wrong) == ("wrong", ["dW2", "dH1"])
    errors.state = {"i": 1, "power": -2}
    assert (errors.tolerance, errors.wrong) == (0.01, ["dH1"])


def test_rounding_looks_the_same_on_every_machine():
    one = LayerErrors({"a": {"dZ3": 3e-17, "dW3": 4e-15, "db3": 0.0}})
    other = LayerErrors({"a": {"dZ3": 2e-16, "dW3": 9e-17, "db3": 1e-14}})
    assert one.data == other.data and "rounding" in str(one.data)


def test_errors_are_said_in_words():
    assert LayerErrors(ERRORS).text.splitlines() == [
        "right: 0 of 3 above 1e-12; all agree",
        "wrong: 2 of 3 above 1e-12; it starts at dW2",
    ]


def test_what_goes_to_the_browser_is_plain_json():
    for widget in LayerErrors(ERRORS), TrainingExplorer(RUNS):
        json.dumps(widget.data, allow_nan=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (({},), "There must be a backward pass"),
        (({"a": {}},), "There must be a backward pass"),
        ((ERRORS, 0.0), "from 1e-13 to 1e-2, got 0.0"),
        ((ERRORS, 0.1), "from 1e-13 to 1e-2, got 0.1"),
    ],
)
def test_layer_errors_refuse_what_they_cannot_show(arguments, said):
    with pytest.raises(ValueError, match=said):
        LayerErrors(*arguments)


def test_the_explorer_gives_loss_and_accuracy_of_what_is_chosen():
    view = TrainingExplorer(RUNS)
    view.state = {"way": 1, "rate": 0, "epoch": 2}
    assert (view.way, view.rate, view.epoch) == ("Adam", 0.001, 2)
    assert (view.loss, view.accuracy) == (0.02, 0.97)


def test_the_explorer_says_when_the_goal_is_reached_first():
    said = [run["words"] for way in TrainingExplorer(RUNS).data["runs"] for run in way]
    assert said == [
        "97% is not reached.", "It blows up.", "97% is first reached after epoch 2.",
        "97% is not reached.",
    ]  # fmt: skip


def test_what_is_off_the_scale_is_said_and_not_drawn_along_the_frame():
    lost = {"SGD": {3.0: ([2.0, 74.0, 80.0, 1e6], [0.7, 0.08, 0.08, 0.08])}}
    view = TrainingExplorer(lost)
    [[run]] = view.data["runs"]
    assert [beyond for _, _, beyond in run["loss"]] == [0, 1, 1, 1]
    assert run["losses"] == ["2", "74 (off the scale)", "80 (off the scale)", "too large"]
    assert run["shares"] == ["70.0%", *["8.0% (off the scale)"] * 3]
    drawn = re.search(r'class="ag-run ag-loss" d="(.*?)"', view.svg)[1]
    assert drawn.count("L") == 1 and drawn.count("M") == 3
    assert view.svg.count("off the scale") == 2


def test_the_axis_of_the_loss_reaches_the_smallest_one():
    view = TrainingExplorer(RUNS)
    heights = [y for run in view.data["runs"][1] for _, y, _ in run["loss"]]
    assert 30 < min(heights) and max(heights) < 230
    assert ">0.01</text>" in view.svg and ">0.001</text>" not in view.svg


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ({}, "same number of losses"),
        ({"a": {0.1: ([], [])}}, "same number of losses"),
        ({"a": {0.1: ([1.0], [0.5, 0.6])}}, "same number of losses"),
        ({"a": {0.1: ([1.0], [0.5])}, "b": {}}, "same number of learning rates"),
    ],
)
def test_the_explorer_refuses_runs_that_do_not_fit(runs, said):
    with pytest.raises(ValueError, match=said):
        TrainingExplorer(runs)


@pytest.mark.parametrize("name", ["layer_errors", "training_explorer"])
def test_the_examples_in_the_docstrings_run(name):
    failed, tried = doctest.testmod(sys.modules[f"helpers.widgets.{name}"])
    assert failed == 0 and tried >= 1
