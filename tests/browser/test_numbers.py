"""The browser prints a number as `helpers.graph.number` does."""

import math
import random

import pytest

from helpers.graph import number
from helpers.widgets.front import read


def spread(count=5000):
    """Numbers of every size, from a fixed seed."""
    draw = random.Random(0)
    return [draw.choice((-1, 1)) * 10 ** draw.uniform(-12, 12) for _ in range(count)]


def halfway():
    """Numbers exactly between two of four digits; the even neighbour is the right one."""
    return [k / 16 for k in range(-4000, 4000)] + [k + 0.5 for k in range(1000, 2000)]


def short():
    """Numbers as a lesson uses them."""
    return [k / 100 for k in range(-2000, 2000)] + [10.0**k for k in range(-9, 10)]


def borders():
    """Where the notation changes, and what is hardly a number."""
    edges = [1e-4, 1e4, 9999.4, 9999.6, 99995.0, 0.00099995, 9.9995e-5, 5e-324, 1.7e308]
    return [0.0, -0.0, math.inf, -math.inf, math.nan, *edges, *(-x for x in edges)]


@pytest.fixture(scope="module")
def blank_page(browser):
    page = browser.new_page()
    page.add_script_tag(content=read("page.js"))
    yield page
    page.close()


@pytest.mark.parametrize("values", [spread, halfway, short, borders], ids=lambda f: f.__name__)
def test_browser_prints_numbers_as_python_does(blank_page, values):
    numbers = values()
    shown = blank_page.evaluate("(numbers) => numbers.map(number)", numbers)
    wrong = [(x, js, number(x)) for x, js in zip(numbers, shown) if js != number(x)]
    assert wrong == []
