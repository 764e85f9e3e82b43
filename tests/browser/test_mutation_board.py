"""The mutation board in a live notebook and a saved page: cards, tests, what each test says."""

import pytest
from lab import NARROW, WIDE, errors_of
from playwright.sync_api import expect
from test_looks import CUT_OFF, PALE, THEMES

EXAMPLE = """
from helpers import MutationBoard, mutants

def data_of(lam):
    params = {name: p + 0.1 for name, p in mutants.start((6, 5, 5, 4), seed=1).items()}
    X = np.random.default_rng(0).standard_normal((8, 6))
    return params, X, np.arange(8) % 4, lam

def shapes(backward):
    params, X, t, lam = data_of(0.1)
    grads = backward(mutants.forward(params, X)[1], t, lam)
    assert all(grads["d" + name].shape == p.shape for name, p in params.items())

def biases(backward):
    params, X, t, lam = data_of(0.1)
    cache = mutants.forward(params, X)[1]
    right, given = mutants.backward(cache, t, lam), backward(cache, t, lam)
    for name in ("db3", "db2", "db1"):
        assert np.allclose(right[name], given[name]), f"{name} is wrong."

board = MutationBoard({"shapes": shapes, "biases": biases})
board"""
EXAMPLE = "import numpy as np\n" + EXAMPLE


@pytest.fixture
def board(notebook):
    widget = notebook.run(EXAMPLE).locator(".ag-board")
    widget.locator(".ag-grid button").first.wait_for()
    return widget


def card(board, name):
    return board.locator(".ag-grid button", has_text=name).first


def choose(board, test):
    board.locator(".ag-tabs").get_by_role("button", name=test, exact=True).click()


def test_there_is_a_card_for_each_mutant_and_the_count_of_the_dead(board):
    expect(board.locator(".ag-grid button")).to_have_count(33)
    choose(board, "shapes")
    expect(board).to_contain_text("“shapes” kills 0 of 33. The right backward pass lives.")
    expect(board.locator(".ag-grid .ag-lives")).to_have_count(33)


def test_the_cards_are_those_that_python_counts(board, notebook):
    choose(board, "biases")
    dead = board.locator(".ag-grid .ag-dies").count()
    notebook.expect_value("board.killed['biases']", str(dead))
    assert 0 < dead < 33


def test_a_click_shows_the_changed_line_and_what_each_test_says(board):
    card(board, "1/N forgotten").click()
    expect(board.locator(".ag-lines")).to_contain_text("dZ3 = (P - Y) / N")
    expect(board.locator(".ag-lines")).to_contain_text("dZ3 = P - Y")
    rows = board.locator(".ag-verdicts tr")
    expect(rows.nth(0)).to_have_text("shapes○ aliveIt has nothing to say.")
    expect(rows.nth(1)).to_have_text("biases✓ killeddb3 is wrong.")


def test_arrow_keys_choose_card_and_test(board):
    board.focus()
    board.press("ArrowRight")
    board.press("ArrowRight")
    board.press("ArrowDown")
    expect(board).to_have_attribute("data-card", "2")
    expect(board).to_have_attribute("data-test", "0")
    board.press("End")
    expect(board).to_have_attribute("data-card", "32")


def test_python_and_the_page_share_the_choice(board, notebook):
    card(board, "dW2 transposed").click()
    notebook.expect_value("board.state['card']", "19")
    notebook.run("board.state = {'test': 1, 'card': 5}")
    expect(board).to_have_attribute("data-card", "5")
    expect(board).to_contain_text("“biases” kills")


def test_it_works_in_a_saved_page_without_kernel_and_network(browser, tmp_path):
    space = {}
    exec(EXAMPLE, space)
    path = tmp_path / "saved.html"
    path.write_text(f"<!doctype html><meta charset=utf-8>{space['board'].page()}", encoding="utf-8")
    page = browser.new_page()
    errors = errors_of(page)
    page.goto(path.as_uri())
    saved = page.locator(".ag-board")
    card(saved, "tanh′ as 1 − H1").click()
    expect(saved.locator(".ag-lines")).to_contain_text("dZ1 = dH1 * (1 - H1)")
    assert errors == []
    page.close()


@pytest.mark.parametrize("theme", THEMES)
def test_it_has_contrast(board, notebook, theme):
    notebook.theme(theme)
    choose(board, "biases")
    assert board.evaluate(PALE) == []


@pytest.mark.parametrize("pixels", [WIDE, NARROW])
def test_nothing_sticks_out_of_the_page(board, notebook, pixels):
    notebook.width(pixels)
    assert board.evaluate(CUT_OFF) == []
    inner, outer = board.evaluate("(el) => [el.scrollWidth, el.clientWidth]")
    assert inner <= outer
