"""The version counters in a live notebook and a saved page: lines, counters, errors, programs."""

import pytest
from lab import NARROW, WIDE, errors_of
from playwright.sync_api import expect

EXAMPLE = """
from helpers import Versions
x = "x = torch.ones(3, requires_grad=True); "
widget = Versions(
    square=x + "y = x * 2; z = y ** 2; y.add_(1); z.sum().backward()",
    harmless=x + "u = x * 2; y = u.exp(); u.add_(1); y.sum().backward()",
)
widget"""


@pytest.fixture
def versions(notebook):
    widget = notebook.run(EXAMPLE).locator(".ag-versions")
    widget.locator(".ag-code").wait_for()
    return widget


def next_line(widget, times=1):
    for _ in range(times):
        widget.get_by_role("button", name="Run one line").click()


def row(widget, start):
    return widget.locator("tr", has=widget.page.locator(f"td:first-child:text-is('{start}')"))


def test_a_counter_moves_and_the_saved_value_is_no_longer_the_same(versions):
    next_line(versions, 3)
    expect(row(versions, "PowBackward0")).to_have_text("PowBackward0y00✓ same")
    next_line(versions)
    expect(row(versions, "PowBackward0")).to_have_text("PowBackward0y01✗ changed")
    expect(versions.locator(".ag-caption")).to_contain_text("version 0 → 1")


def test_the_error_stands_where_backward_fails(versions):
    expect(versions.locator(".ag-error")).to_be_empty()
    next_line(versions, 5)
    expect(versions.locator(".ag-error")).to_contain_text("is at version 1; expected version 0")
    expect(versions.get_by_role("button", name="Run one line")).to_be_disabled()


def test_another_program_starts_at_its_first_line_and_frees_its_values(versions):
    next_line(versions, 4)
    versions.get_by_role("button", name="harmless").click()
    expect(versions).to_have_attribute("data-step", "0")
    next_line(versions, 5)
    expect(row(versions, "ExpBackward0")).to_contain_text("○ freed")
    expect(versions.locator(".ag-error")).to_be_empty()


def test_arrow_keys_go_line_by_line(versions):
    versions.focus()
    versions.press("ArrowRight")
    versions.press("ArrowRight")
    versions.press("ArrowLeft")
    expect(versions).to_have_attribute("data-step", "1")
    versions.press("End")
    expect(versions).to_have_attribute("data-step", "5")


def test_python_and_the_page_share_the_line(versions, notebook):
    next_line(versions, 2)
    notebook.expect_value("widget.state['step']", "2")
    notebook.run("widget.state = {'variant': 1, 'step': 3}")
    expect(row(versions, "ExpBackward0")).to_contain_text("✓ same")


def test_it_works_in_a_saved_page_without_kernel_and_network(browser, tmp_path):
    space = {}
    exec(EXAMPLE, space)
    path = tmp_path / "saved.html"
    path.write_text(
        f"<!doctype html><meta charset=utf-8>{space['widget'].page()}", encoding="utf-8"
    )
    page = browser.new_page()
    errors = errors_of(page)
    page.goto(path.as_uri())
    saved = page.locator(".ag-versions")
    next_line(saved, 5)
    expect(saved.locator(".ag-error")).to_contain_text("modified by an inplace operation")
    assert errors == []
    page.close()


@pytest.mark.parametrize("pixels", [WIDE, NARROW])
def test_nothing_sticks_out_of_the_page(versions, notebook, pixels):
    notebook.width(pixels)
    next_line(versions, 5)
    inner, outer = versions.evaluate("(el) => [el.scrollWidth, el.clientWidth]")
    assert inner <= outer
