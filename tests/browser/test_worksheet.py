"""Worksheet and predict in a live notebook: what the learner enters is answered at once."""

import pytest
from playwright.sync_api import expect

EXAMPLE = """
from helpers import Value, Worksheet, predict
x, y = Value(2.0), Value(3.0)
q = x + y
f = q * y
"""
QUESTION = """
p = predict("Which is larger?", ["∂f/∂x", "∂f/∂y"], "∂f/∂y", "It is 8, the other 3.", name=here)
p
"""
# Every box of the sheet, in order, with its right answer: ∂f/∂x = y, ∂f/∂y = x + 2y.
RIGHT = {
    "∂f/∂f": "1",
    "∂(q * y)/∂q (local)": "3",
    "∂(q * y)/∂y (local)": "5",
    "∂f/∂q": "3",
    "∂(x + y)/∂x (local)": "1",
    "∂(x + y)/∂y (local)": "1",
    "∂f/∂y": "8",
    "∂f/∂x": "3",
}


@pytest.fixture
def sheet(notebook):
    widget = notebook.run(f"{EXAMPLE}w = Worksheet(f); w").locator(".ag-worksheet")
    widget.locator(".ag-node").first.wait_for()
    return widget


@pytest.fixture
def question(notebook, request):
    """A question under a name of its own: what another test commits is kept."""
    notebook.run(f"{EXAMPLE}here = {request.node.name!r}")
    widget = notebook.run(QUESTION).locator(".ag-predict")
    widget.get_by_role("button", name="Commit").wait_for()
    return widget


def box(sheet, label):
    return sheet.get_by_label(label, exact=True)


def enter(sheet, label, text):
    box(sheet, label).fill(text)
    box(sheet, label).press("Enter")


def commit(question, choice="∂f/∂x", confidence="75 %"):
    question.get_by_label(choice).check()
    question.get_by_label(confidence).check()
    question.get_by_role("button", name="Commit").click()


# ------------------------------------------------------------------------------- worksheet


@pytest.mark.parametrize(
    "label, slip, words",
    [
        ("∂(q * y)/∂q (local)", "-3", "sign"),
        ("∂f/∂y", "5", "q"),  # the path through q is forgotten
        ("∂f/∂x", "1", "∂f/∂q"),  # the factor that arrives at q is forgotten
        ("∂f/∂x", "three", "number"),
    ],
)
def test_slip_gets_a_cross_and_a_sentence(sheet, label, slip, words):
    enter(sheet, label, slip)
    expect(sheet.get_by_label("wrong")).to_have_count(1)
    expect(sheet.locator(".ag-messages", has_text=f"{label}:")).to_contain_text(words)


def test_right_answer_gets_a_tick_and_stays(sheet):
    enter(sheet, "∂f/∂x", "3")
    expect(sheet.get_by_label("right")).to_have_count(1)
    expect(box(sheet, "∂f/∂x")).not_to_be_editable()


def test_formula_in_the_graphs_names_is_right(sheet):
    enter(sheet, "∂f/∂y", "x + 2y")
    expect(sheet.get_by_label("right")).to_have_count(1)


def test_gradient_appears_in_the_picture_when_it_is_right(sheet):
    grad = sheet.locator(".ag-node[data-node='0'] .ag-grad")
    expect(grad).to_have_text("∂ ?")
    enter(sheet, "∂f/∂x", "3")
    expect(grad).to_have_text("∂ 3.0")


def test_right_answers_lead_from_box_to_box_to_the_end(sheet):
    box(sheet, "∂f/∂f").focus()
    for label, answer in RIGHT.items():
        expect(box(sheet, label)).to_be_focused()
        sheet.page.keyboard.type(answer)
        sheet.page.keyboard.press("Enter")
    expect(sheet.locator(".ag-score")).to_have_text("8 of 8 right, 8 at the first try")
    expect(sheet.locator(".ag-closing")).to_contain_text("∂f/∂y = 8.0")


def test_python_sees_the_score(sheet, notebook):
    enter(sheet, "∂(q * y)/∂q (local)", "-3")
    enter(sheet, "∂(q * y)/∂q (local)", "3")
    enter(sheet, "∂f/∂f", "1")
    notebook.expect_value("w.score", "2 of 8 right, 1 at the first try")


def test_answer_from_python_appears_in_the_sheet(sheet, notebook):
    notebook.run("_ = w.answer('grad_x', 3)")
    expect(box(sheet, "∂f/∂x")).to_have_value("3.0")


def test_keys_in_a_finished_box_do_not_reach_jupyterlab(sheet, notebook):
    enter(sheet, "∂f/∂x", "3")
    box(sheet, "∂f/∂x").click()
    for key in ["d", "d", "x"]:
        notebook.page.keyboard.press(key)
    expect(sheet).to_be_visible()


# ---------------------------------------------------------------------------------- predict


def test_answer_is_hidden_before_the_commit(question):
    expect(question).not_to_contain_text("It is 8")


def test_commit_waits_for_an_answer_and_a_confidence(question):
    expect(question.get_by_role("button", name="Commit")).to_be_disabled()
    question.get_by_label("∂f/∂x").check()
    expect(question.get_by_role("button", name="Commit")).to_be_disabled()


def test_commit_reveals_the_answer(question):
    commit(question)
    expect(question.locator(".ag-verdict")).to_contain_text("Not this time: you were 75 % sure.")
    expect(question.locator(".ag-verdict")).to_contain_text("It is 8, the other 3.")


def test_committed_prediction_cannot_be_changed(question):
    commit(question)
    for option in question.get_by_role("radio").all():
        expect(option).to_be_disabled()
    expect(question.get_by_role("button", name="Commit")).to_be_hidden()


def test_committed_prediction_is_kept_when_its_cell_runs_again(question, notebook):
    commit(question)
    again = notebook.run(QUESTION).locator(".ag-predict")
    expect(again.locator(".ag-verdict")).to_contain_text("you were 75 % sure")
    notebook.expect_value("p.right", "False")


def test_keys_after_a_commit_do_not_reach_jupyterlab(question, notebook):
    commit(question)
    for key in ["d", "d", "x"]:
        notebook.page.keyboard.press(key)
    expect(question).to_be_visible()
