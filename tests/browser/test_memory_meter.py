"""The memory meter in a live notebook and in a saved page: steps, bytes, blocks, runs."""

import re

import pytest
from lab import NARROW, WIDE, errors_of
from playwright.sync_api import expect

# 4000 bytes of input, 4000 of exp's output, which exp and sin save.
EXAMPLE = """
import torch
from helpers import MemoryMeter
x = torch.ones(1000, requires_grad=True)
meter = MemoryMeter(lambda x: (x * x).exp().sin().sum(), x)
meter"""
HELD = ["0 B", "4 kB", "8 kB", "8 kB", "8 kB", "8 kB", "8 kB", "4 kB", "0 B"]


@pytest.fixture
def meter(notebook):
    widget = notebook.run(EXAMPLE).locator(".ag-memory")
    widget.locator(".ag-amount").wait_for()
    return widget


def expect_step(widget, step, last=8):
    expect(widget).to_have_attribute("data-step", str(step))
    expect(widget.locator(".ag-count")).to_have_text(f"step {step} of {last}")


def expect_held(widget, size):
    expect(widget.locator(".ag-amount")).to_have_text(f"{size} held")


def go(widget, step):
    widget.get_by_role("slider").fill(str(step))


def test_bytes_rise_on_the_way_forward_and_fall_on_the_way_back(meter):
    for step, size in enumerate(HELD):
        go(meter, step)
        expect_step(meter, step)
        expect_held(meter, size)


def test_words_say_what_is_saved_shared_and_freed(meter):
    words = meter.locator(".ag-words")
    go(meter, 2)
    expect(words).to_contain_text("ExpBackward0 saves the result of exp (4 kB)")
    go(meter, 3)
    expect(words).to_contain_text("which is held already")
    go(meter, 6)
    expect(words).to_contain_text("stays: exp saved it, too")
    go(meter, 7)
    expect(words).to_contain_text("4 kB are free")


def test_phase_is_named(meter):
    for step, phase in [(0, "start"), (4, "forward"), (5, "backward")]:
        go(meter, step)
        expect(meter.locator(".ag-phase")).to_have_text(phase)


def test_blocks_that_are_held_now_are_marked(meter):
    now = meter.locator(".ag-block.ag-now")
    for step, count in [(0, 0), (1, 1), (3, 2), (7, 1), (8, 0)]:
        go(meter, step)
        expect(now).to_have_count(count)


def test_gauge_is_full_at_the_peak_and_empty_at_the_end(meter):
    fills = meter.locator(".ag-fill")
    widths = {}
    for step in (0, 3, 7, 8):
        go(meter, step)
        expect_step(meter, step)
        widths[step] = [
            float(f.evaluate("(el) => parseFloat(el.style.width)")) for f in fills.all()
        ]
    assert widths == {0: [0, 0], 3: [50, 50], 7: [0, 50], 8: [0, 0]}


def test_line_stands_at_the_step(meter):
    places = []
    for step in range(9):
        go(meter, step)
        places.append(float(re.match(r"M([\d.]+)", line(meter))[1]))
    assert places == sorted(set(places))


def line(widget):
    return widget.locator(".ag-now-line").get_attribute("d")


def test_with_retain_graph_nothing_is_freed_in_the_first_pass(meter):
    meter.get_by_role("button", name="retain_graph=True, then backward()").click()
    go(meter, 8)
    expect_held(meter, "8 kB")
    expect(meter.locator(".ag-words")).to_contain_text("keeps x")
    go(meter, 12)
    expect(meter.locator(".ag-phase")).to_have_text("second backward")
    expect_held(meter, "0 B")


def test_changing_the_run_keeps_the_step_where_it_can(meter):
    meter.get_by_role("button", name="retain_graph=True, then backward()").click()
    go(meter, 12)
    meter.get_by_role("button", name="backward()", exact=True).click()
    expect_step(meter, 8)


def test_arrow_keys_home_and_end_move_the_step(meter):
    meter.focus()
    for key, step in [
        ("ArrowRight", 1),
        ("ArrowLeft", 0),
        ("ArrowLeft", 0),
        ("End", 8),
        ("Home", 0),
    ]:
        meter.page.keyboard.press(key)
        expect_step(meter, step)


def test_buttons_step_and_play_runs_to_the_end(meter):
    meter.get_by_role("button", name="One step forward (right arrow)").click()
    expect_step(meter, 1)
    meter.get_by_role("button", name="One step back (left arrow)").click()
    expect_step(meter, 0)
    go(meter, 6)
    play = meter.locator(".ag-play")
    play.click()
    expect(play).to_have_text("Pause")
    expect_step(meter, 8)
    expect(play).to_have_text("Play")


def test_python_and_the_screen_show_the_same_step(meter, notebook):
    go(meter, 3)
    notebook.expect_value("(meter.step, meter.held)", "(3, 8000)")
    notebook.run("meter.step = 7")
    expect_step(meter, 7)


def test_it_works_in_a_saved_page_without_kernel_and_network(browser, tmp_path):
    space = {}
    exec(EXAMPLE, space)
    path = tmp_path / "saved.html"
    page_of = space["meter"].page()
    path.write_text(f"<!doctype html><meta charset=utf-8>{page_of}", encoding="utf-8")
    page = browser.new_page()
    errors = errors_of(page)
    page.goto(path.as_uri())
    saved = page.locator(".ag-memory")
    expect_step(saved, 0)
    go(saved, 7)
    expect_held(saved, "4 kB")
    saved.get_by_role("button", name="retain_graph=True, then backward()").click()
    expect_held(saved, "8 kB")
    assert errors == []
    page.close()


@pytest.mark.parametrize("pixels", [WIDE, NARROW])
def test_nothing_sticks_out_of_the_page(meter, notebook, pixels):
    notebook.width(pixels)
    inner, outer = meter.evaluate("(el) => [el.scrollWidth, el.clientWidth]")
    assert inner <= outer
