"""`MemoryMeter(f, X, W)`: what PyTorch's graph keeps for its backward pass, and until when.

Everything shown is measured, by `helpers.widgets.memory_probe`. Two runs are watched: one backward
pass, and one with retain_graph=True before it. A block is one place in memory: two operations that
save the same tensor hold the same block.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from helpers.layout import text_width
from helpers.palette import CSS
from helpers.widgets.front import FrontWidget
from helpers.widgets.memory_probe import Block, Probes, class_name, op_name, operations

RUNS = {"backward()": (False,), "retain_graph=True, then backward()": (True, False)}
MOST_STEPS, MOST_BLOCKS = 40, 16  # that fit into the picture

WIDTH, LEFT, ROW, CHART, TOP = 728, 208, 24, 84, 46  # of the picture, in pixels
STYLE = CSS + (
    ".ag-meter text{font:12px 'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif;"
    "fill:var(--ag-ink)}"
    ".ag-meter .ag-paper{fill:var(--ag-paper)}"
    ".ag-meter .ag-end{text-anchor:end}.ag-meter .ag-middle{text-anchor:middle}"
    ".ag-meter .ag-quiet{fill:var(--ag-neutral-text)}"
    ".ag-meter .ag-head{font-weight:600}"
    ".ag-meter .ag-forward-head{fill:var(--ag-data-text);font-weight:600}"
    ".ag-meter .ag-backward-head{fill:var(--ag-gradient-text);font-weight:600}"
    ".ag-meter .ag-axis{stroke:var(--ag-line);fill:none}"
    ".ag-meter .ag-part{stroke:var(--ag-line);stroke-dasharray:2 4}"
    ".ag-meter .ag-held{fill:var(--ag-data);fill-opacity:.3;stroke:var(--ag-data);stroke-width:2}"
    ".ag-meter .ag-graphs .ag-bar{fill:var(--ag-data)}"
    ".ag-meter .ag-yours .ag-bar{fill:var(--ag-box);stroke:var(--ag-neutral);stroke-dasharray:4 3}"
    ".ag-meter .ag-holder{fill:var(--ag-paper);stroke:var(--ag-ink);stroke-width:1.5}"
    ".ag-meter .ag-now-line{stroke:var(--ag-ink);stroke-width:1.5}"
)


class MemoryMeter(FrontWidget):
    """Step through a forward and a backward pass, and see what the graph keeps in memory.

    Parameters
    ----------
    f : function
        Of PyTorch tensors; gives a tensor with one number.
    *inputs : torch.Tensor
        At least one that requires grad. Their `.grad` is not touched.
    names : sequence of str, optional
        What the inputs are called; by default as in the signature of f.

    Attributes
    ----------
    blocks : list of Block
        What the graph holds after the forward pass.
    held : int
        Bytes that it holds at the step that is shown.
    step : int
        Which step is shown, in the run that is shown; assign to it to move the one on the screen.

    Raises
    ------
    ValueError
        If the result of f is not one number, or has no graph, or the picture would be too large.

    Examples
    --------
    >>> import torch
    >>> meter = MemoryMeter(lambda x: x.exp().sin().sum(), torch.ones(1000, requires_grad=True))
    >>> meter.blocks[0].name, meter.blocks[0].bytes
    ('result of exp', 4000)
    """

    scripts = ("page.js", "memory_meter.js")
    styles = ("widget.css", "memory_meter.css")

    def __init__(self, f: Callable, *inputs, names: Sequence[str] | None = None):
        names = _names(f, len(inputs)) if names is None else list(names)
        if len(names) != len(inputs):
            raise ValueError(f"There are {len(inputs)} inputs, but {len(names)} names.")
        named = dict(zip(names, inputs))
        self._runs = [_Run(label, f, named, passes) for label, passes in RUNS.items()]
        data = {"variants": [run.data for run in self._runs]}
        super().__init__(data=data, state={"variant": 0, "step": 0})

    @property
    def _run(self) -> _Run:
        return self._runs[self.state["variant"]]

    @property
    def blocks(self) -> list[Block]:
        return self._run.blocks

    @property
    def held(self) -> int:
        return self._run.held(self.step)

    @property
    def step(self) -> int:
        return self.state["step"]

    @step.setter
    def step(self, k: int) -> None:
        if isinstance(k, bool) or k not in range(len(self._run.steps)):
            raise ValueError(f"This run has the steps 0 to {len(self._run.steps) - 1}, got {k!r}.")
        self.state = {**self.state, "step": k}

    @property
    def text(self) -> str:
        return "\n\n".join(run.text for run in self._runs)

    @property
    def svg(self) -> str:
        return self._runs[-1].svg


@dataclass
class Step:
    """One step: what happens, and which blocks the graph holds after it."""

    phase: str
    op: str
    words: str
    held: list[Block]


class _Run:
    """One measured run: its blocks and steps, as data, picture and text."""

    def __init__(self, label: str, f: Callable, inputs: dict, passes: tuple[bool, ...]):
        self.label = label
        probes = Probes()
        leaves = {n: x.detach().requires_grad_(x.requires_grad) for n, x in inputs.items()}
        with probes.watching():
            root = f(*leaves.values())
        ops = operations(root)
        self.blocks = probes.blocks(ops, leaves)
        self.steps = [Step("start", "", "Nothing is computed yet, and nothing is held.", [])]
        for k, op in enumerate(ops):
            self._forward(k, op)
        for number, retain in enumerate(passes):
            second = "second " if number else ""
            for op, alive in probes.backward(root, ops, retain):
                self._backward(op, ops.index(op), alive, retain, second)
        if len(self.steps) > MOST_STEPS or len(self.blocks) > MOST_BLOCKS:
            raise ValueError(
                f"This run has {len(self.steps)} steps and {len(self.blocks)} blocks of memory; "
                f"up to {MOST_STEPS} and {MOST_BLOCKS} can be shown. Take a smaller function."
            )

    def held(self, step: int) -> int:
        """Bytes that the graph holds after this step."""
        return sum(block.bytes for block in self.steps[step].held)

    def _forward(self, k: int, op) -> None:
        before = self.steps[-1].held
        saved = [block for block in self.blocks if k in block.holders]
        words = [f"{op_name(op)} is computed; {class_name(op)} saves"]
        if not saved:
            words.append("nothing.")
        else:
            said = []
            for block in saved:
                again = ", which is held already" if block in before else ""
                yours = ", which is yours and exists anyway" if block.yours and not again else ""
                said.append(f"{_the(block)} ({size(block.bytes)}{again}{yours})")
            words.append(f"{' and '.join(said)}.")
        now = before + [block for block in saved if block not in before]
        self.steps.append(Step("forward", op_name(op), " ".join(words), now))

    def _backward(self, op, k: int, alive: set[int], retain: bool, second: str) -> None:
        before = self.steps[-1].held
        now = [block for block in before if block.probes & alive]
        own = [block for block in before if k in block.holders]
        words = [f"{class_name(op)} runs"]
        if not own:
            words.append("; it has saved nothing.")
        elif retain:
            words.append(f" and keeps {' and '.join(map(_the, own))}, for a second pass.")
        else:
            words.append(f" and lets go of {' and '.join(map(_the, own))}.")
            freed = sum(block.bytes for block in own if block not in now and not block.yours)
            words += [f" {size(freed)} are free."] * bool(freed)
            for block in own:
                if block in now:
                    others = [self.steps[h + 1].op for h in block.holders if h != k]
                    name = _the(block)
                    words.append(f" {name[0].upper()}{name[1:]} stays: ")
                    words.append(f"{' and '.join(others)} saved it, too.")
                elif block.yours:
                    words.append(f" {block.name} is yours, so it stays in memory.")
        self.steps.append(Step(f"{second}backward", op_name(op), "".join(words), now))

    # ------------------------------------------------------------------ as data, text, picture

    @property
    def data(self) -> dict:
        return {
            "label": self.label,
            "svg": self.svg,
            "total": sum(block.bytes for block in self.blocks),
            "steps": [
                {
                    "phase": step.phase,
                    "words": step.words,
                    "held": self.held(k),
                    "yours": sum(block.bytes for block in step.held if block.yours),
                    "size": size(self.held(k)),
                    "blocks": [self.blocks.index(block) for block in step.held],
                    "x": round(self._x(k), 1),
                }
                for k, step in enumerate(self.steps)
            ],
        }

    @property
    def text(self) -> str:
        lines = [f"{self.label}: the graph holds"]
        for k, step in enumerate(self.steps):
            lines.append(f"{size(self.held(k)):>9}  {step.phase:>15}  {step.words}")
        return "\n".join(lines)

    def _x(self, k: float) -> float:
        return LEFT + (WIDTH - LEFT - 24) * (k + 0.5) / len(self.steps)

    @property
    def svg(self) -> str:
        """Over the steps: the bytes that are held, and below them one bar for each block."""
        floor = TOP + CHART
        bottom = floor + 16 + ROW * len(self.blocks)
        height = bottom + 88
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="ag-theme ag-meter" role="img" '
            f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
            f"<title>{escape(self.label)}</title><style>{STYLE}</style>",
            f'<rect class="ag-paper" width="{WIDTH}" height="{height}"/>',
            *self._phases(bottom),
            *self._curve(floor),
        ]
        for i, block in enumerate(self.blocks):
            parts += self._row(i, block, floor + 16 + ROW * i)
        for k, step in enumerate(self.steps):
            x = self._x(k)
            turn = f'transform="rotate(-40 {x + 4:.1f} {bottom + 16})"'
            parts.append(_text(x + 4, bottom + 16, step.op or "start", "ag-end ag-quiet", turn))
        return "\n".join([*parts, *_legend(height - 10), "</svg>"])

    def _phases(self, bottom: float) -> list[str]:
        """The names of the phases above the picture, and lines between them."""
        parts, phases = [], [step.phase for step in self.steps]
        for phase in dict.fromkeys(phases[1:]):
            first = phases.index(phase)
            last = first + phases.count(phase) - 1
            kind = "forward" if phase == "forward" else "backward"
            middle = (self._x(first) + self._x(last)) / 2
            parts.append(_text(middle, 18, phase, f"ag-middle ag-{kind}-head"))
            x = self._x(first - 0.5)
            parts.append(f'<path class="ag-part" d="M{x:.1f} 8V{bottom}"/>')
        return parts

    def _curve(self, floor: float) -> list[str]:
        held = [self.held(k) for k in range(len(self.steps))]
        top = max(held) or 1
        points = []
        for k, bytes_ in enumerate(held):
            y = floor - (CHART - 12) * bytes_ / top
            points += [f"{self._x(k - 0.5):.1f} {y:.1f}", f"{self._x(k + 0.5):.1f} {y:.1f}"]
        left, right = self._x(-0.5), self._x(len(held) - 0.5)
        path = f"M{left:.1f} {floor}L{'L'.join(points)}L{right:.1f} {floor}"
        return [
            _text(8, TOP + 14, "held for backward", "ag-head"),
            _text(left - 8, floor - CHART + 16, size(max(held)), "ag-end"),
            _text(left - 8, floor + 4, "0", "ag-end"),
            f'<path class="ag-held" d="{path}"/>',
            f'<path class="ag-axis" d="M{left:.1f} {TOP}V{floor}H{right:.1f}"/>',
        ]

    def _row(self, i: int, block: Block, y: float) -> list[str]:
        """One block: its bar from the first save to the release, a ring for each holder."""
        inside = [k for k, step in enumerate(self.steps) if block in step.held]
        start, end = self._x(inside[0] - 0.5), self._x(inside[-1] + 0.5)
        kind = "ag-yours" if block.yours else "ag-graphs"
        label = f"{_short(block.name)} · {size(block.bytes)}"
        parts = [
            f'<g class="ag-block {kind}" data-block="{i}">',
            _text(LEFT - 12, y + 16, label, "ag-end"),
            f'<rect class="ag-bar" x="{start + 1:.1f}" y="{y + 4}" width="{end - start - 2:.1f}" '
            f'height="{ROW - 8}" rx="3"/>',
        ]
        for k in block.holders:
            parts.append(
                f'<circle class="ag-holder" cx="{self._x(k + 1):.1f}" cy="{y + 12}" r="4"/>'
            )
        return [*parts, "</g>"]


def _legend(y: float) -> list[str]:
    return [
        f'<circle class="ag-holder" cx="16" cy="{y - 4}" r="4"/>',
        _text(26, y, "an operation saves it", "ag-quiet"),
        f'<g class="ag-graphs"><rect class="ag-bar" x="172" y="{y - 10}" width="22" height="12" '
        'rx="3"/></g>',
        _text(200, y, "held by the graph alone", "ag-quiet"),
        f'<g class="ag-yours"><rect class="ag-bar" x="362" y="{y - 10}" width="22" height="12" '
        'rx="3"/></g>',
        _text(390, y, "an input: it exists without the graph, too", "ag-quiet"),
    ]


def size(count: int) -> str:
    """Bytes as text: "32 B", "12.8 kB"."""
    for unit, factor in (("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.4g} {unit}"
    return f"{count} B"


def _the(block: Block) -> str:
    return block.name if block.yours else f"the {block.name}"


def _short(name: str) -> str:
    while text_width(name, 12) > 118:
        name = f"{name.rstrip('…')[:-1]}…"
    return name


def _names(f: Callable, count: int) -> list[str]:
    """The names of the inputs, as in the signature of f."""
    try:
        names = list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        names = []
    return names if len(names) == count else [f"input {k + 1}" for k in range(count)]


def _text(x: float, y: float, words: str, name: str, more: str = "") -> str:
    return f'<text class="{name}" x="{x:.1f}" y="{y:.1f}" {more}>{escape(words)}</text>'
