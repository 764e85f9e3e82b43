"""Widgets can be read: in both themes, and on a narrow page."""

import pytest
from lab import NARROW, WIDE
from test_stepper import EXAMPLE, OVERWRITING

THEMES = ["Light", "Dark"]

# What is too pale: [what, contrast] for each visible text below 4.5 to 1, each line below 3 to 1.
PALE = """(widget) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => {
    const [r, g, b] = rgba(color).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const style = (el) => getComputedStyle(el);
  const solid = (el) => rgba(style(el).backgroundColor)[3] === 255;
  const behind = (el) => {
    while (!solid(el)) el = el.parentElement;
    return style(el).backgroundColor;
  };
  const paper = (el) => style(el.ownerSVGElement.querySelector(".ag-paper")).fill;
  const box = (el) => {
    const rect = el.parentElement.querySelector("rect:not(.ag-paper)");
    return el.matches(".ag-badge") || !rect ? paper(el) : style(rect).fill;
  };
  const found = [];
  const judge = (what, ratio, least) => {
    if (ratio < least) found.push(`${what}: ${ratio.toFixed(2)}`);
  };
  for (const el of widget.querySelectorAll("*:not(:disabled, title, desc, style)")) {
    if (!el.getClientRects().length) continue;
    const words = [...el.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join("");
    const drawn = el.ownerSVGElement && !el.closest(".ag-icon");
    if (words.trim())
      judge(words, drawn ? contrast(style(el).fill, box(el))
        : contrast(style(el).color, behind(el)), 4.5);
    if (drawn && el.matches("rect, path") && style(el).stroke !== "none")
      judge(el.className.baseVal, contrast(style(el).stroke, paper(el)), 3);
    if (el.matches("button, select"))
      judge(`border of ${words}`, contrast(style(el).borderTopColor, behind(el.parentElement)), 3);
  }
  return [...new Set(found)];
}"""

# Texts that leave their box, parts that leave the widget and cannot be scrolled to.
CUT_OFF = """(widget) => {
  const found = [], inside = (a, b) => a.left >= b.left - 0.5 && a.right <= b.right + 0.5;
  const place = (el) => el.getBoundingClientRect();
  for (const text of widget.querySelectorAll(".ag-node text:not(.ag-badge), .ag-op text")) {
    const box = text.parentElement.querySelector("rect");
    if (text.textContent && !inside(place(text), place(box))) found.push(text.textContent);
  }
  for (const el of widget.querySelectorAll("button, select, input, span, .ag-words, math"))
    if (!inside(place(el), place(widget))) {
      const frame = el.closest(".ag-equation");
      if (!frame || !inside(place(frame), place(widget))) found.push(el.outerHTML.slice(0, 60));
    }
  const output = widget.closest(".jp-OutputArea-output");
  if (!inside(place(widget), place(output))) found.push("the widget");
  for (const frame of widget.querySelectorAll(".ag-frame, .ag-equation"))
    if (frame.scrollWidth > frame.clientWidth + 1 && getComputedStyle(frame).overflowX !== "auto")
      found.push(frame.className);
  return found;
}"""
LONG_NUMBERS = """
a, b = Value(-1.23456e-7), Value(2.34567e-8)
c = a * b
d = c - a
e = d * 1.2345e7
g = e + c * 1e8 + b * a * c
"""
ARRAYS = """
import torch
torch.manual_seed(0)
X, W = torch.randn(32, 64).double(), torch.randn(64, 100).double().requires_grad_()
b = torch.zeros(100).double().requires_grad_()
H = torch.tanh(X @ W + b)
L = (H * H).mean() + (W * W).sum()
"""


def widget_of(notebook, source):
    widget = notebook.run(EXAMPLE + source).locator(".ag-stepper")
    widget.locator(".ag-node").first.wait_for()
    return widget


def at_every_step(widget, look):
    """What `look` finds at any step of the stepper."""
    found = set()
    slider = widget.get_by_role("slider")
    for step in range(int(slider.get_attribute("max")) + 1):
        slider.fill(str(step))
        found.update(widget.evaluate(look))
    return sorted(found)


def damaged(notebook):
    """A drive-mode widget in which a node has pushed too early and another is in doubt."""
    widget = widget_of(
        notebook,
        "h = q * f\nk = h + f\nStepper(k, drive=True)",
    )
    for name in "k", "f":
        widget.locator(".ag-node").filter(has=notebook.page.get_by_text(name, exact=True)).click()
    widget.get_by_role("button", name="Push anyway").click()
    return widget


@pytest.mark.parametrize("name", THEMES)
def test_stepper_has_contrast_at_every_step(notebook, name):
    widget = widget_of(notebook, OVERWRITING + "Stepper({'=': g, '+=': f})")
    notebook.theme(name)
    assert at_every_step(widget, PALE) == []


@pytest.mark.parametrize("name", THEMES)
def test_drive_mode_has_contrast(notebook, name):
    widget = damaged(notebook)
    notebook.theme(name)
    assert widget.evaluate(PALE) == []


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize(
    "source",
    ["Stepper(f)", LONG_NUMBERS + "Stepper(g)", ARRAYS + "Stepper(L)"],
    ids=["short", "long numbers", "arrays"],
)
def test_nothing_in_the_stepper_is_cut_off(notebook, source, width):
    widget = widget_of(notebook, source)
    notebook.width(width)
    assert at_every_step(widget, CUT_OFF) == []


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_nothing_in_drive_mode_is_cut_off(notebook, width):
    widget = damaged(notebook)
    notebook.width(width)
    assert widget.evaluate(CUT_OFF) == []


def test_active_node_of_a_wide_graph_is_scrolled_into_sight(notebook):
    notebook.width(NARROW)
    widget = widget_of(notebook, "for k in range(12):\n    f = f * 0.9\nStepper(f)")
    widget.get_by_role("button", name="Last step").click()
    widget.get_by_role("button", name="One step back").click()
    assert widget.evaluate(
        """(widget) => {
            const box = widget.querySelector(".ag-pushes").getBoundingClientRect();
            const frame = widget.querySelector(".ag-frame").getBoundingClientRect();
            return box.left >= frame.left && box.right <= frame.right;
        }"""
    )
