"""The course's colors: one meaning each, the same in every picture, plot and widget.

The hues are Okabe and Ito's, which color-blind readers tell apart. Each comes in three tints: the
hue itself for lines, markers and bars; a darker one for words on a light background; a lighter
one for words on a dark background. Words reach a contrast of 4.5 to 1 on either background, lines
reach 3 to 1. Color is never the only cue: whoever uses one of these adds a sign, a word or a shape.

Python code (matplotlib) takes `DATA` and its neighbors. HTML and SVG put the class `ag-theme` on
their outermost element, include `CSS` once, and then use `var(--ag-data)` for lines and
`var(--ag-data-text)` for words; these follow JupyterLab's light and dark themes.
"""

from typing import NamedTuple


class Tints(NamedTuple):
    """One color as a hue for lines, and as text on a light and on a dark background."""

    hue: str
    on_light: str
    on_dark: str


TINTS = {
    "data": Tints("#0072B2", "#005F94", "#6BB8E8"),
    "gradient": Tints("#D55E00", "#A84800", "#FF9A52"),
    "correct": Tints("#009E73", "#007556", "#3CC99B"),
    "wrong": Tints("#CC79A7", "#A3457C", "#E3A3C6"),
    "neutral": Tints("#6E7681", "#5F6368", "#A8ADB5"),
}

DATA = TINTS["data"].hue  # values, the forward pass
GRADIENT = TINTS["gradient"].hue  # gradients, the backward pass
CORRECT = TINTS["correct"].hue
WRONG = TINTS["wrong"].hue
NEUTRAL = TINTS["neutral"].hue  # axes, edges, everything that carries no meaning of its own


def _css() -> str:
    light = [f"--ag-{name}:{t.hue};--ag-{name}-text:{t.on_light}" for name, t in TINTS.items()]
    light += [
        "--ag-ink:var(--jp-ui-font-color1,#1F2328)",
        "--ag-paper:var(--jp-layout-color0,#FFFFFF)",
        "--ag-box:#FFFFFF",
        "--ag-soft:#EEF5FA",
        "--ag-line:#8A929C",
    ]
    dark = [f"--ag-{name}-text:{t.on_dark}" for name, t in TINTS.items()]
    dark += [
        "--ag-ink:var(--jp-ui-font-color1,#FFFFFF)",
        "--ag-paper:var(--jp-layout-color0,#111111)",
        "--ag-neutral:#8A929C",
        "--ag-box:#1C1E21",
        "--ag-soft:#172733",
        "--ag-line:#7B838D",
    ]
    return (
        ".ag-theme{" + ";".join(light) + "}\n"
        '[data-jp-theme-light="false"] .ag-theme,.vscode-dark .ag-theme{' + ";".join(dark) + "}\n"
    )


CSS = _css()
