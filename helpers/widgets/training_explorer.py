"""`TrainingExplorer(runs)`: choose how a network is trained, and see loss and accuracy.

Tabs choose the way of training, a slider the learning rate, another one the epoch. At the left the
loss, at the right the accuracy on data that was not trained on. All runs are made elsewhere and
come along; the browser draws the chosen one over the others of its tab.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from helpers.palette import CSS
from helpers.widgets.front import FrontWidget

HIGHEST = 1  # power of ten at the upper end of the loss's axis
SHARES = (0.60, 1.00)  # ends of the accuracy's axis
BEYOND = {"loss": "▲ off the scale", "accuracy": "▼ off the scale"}
SIDE, LOW, TOP, BOTTOM = 270, 52, 30, 230  # sizes on the screen; LOW is the left panel's left edge
RIGHT = LOW + SIDE + 84  # the right panel's left edge
WIDTH, HEIGHT = RIGHT + SIDE + 16, BOTTOM + 44
STYLE = CSS + (
    ".ag-training text{font:12px 'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif;"
    "fill:var(--ag-ink);text-anchor:middle}"
    ".ag-training .ag-paper{fill:var(--ag-paper)}.ag-training .ag-end{text-anchor:end}"
    ".ag-training .ag-panel{fill:none;stroke:var(--ag-line)}"
    ".ag-training .ag-goal{stroke:var(--ag-correct);stroke-dasharray:5 4}"
    ".ag-training .ag-other{fill:none;stroke:var(--ag-line);stroke-width:1;opacity:.55}"
    ".ag-training .ag-run{fill:none;stroke-width:2.5;stroke-linejoin:round}"
    ".ag-training .ag-loss{stroke:var(--ag-gradient)}"
    ".ag-training .ag-accuracy{stroke:var(--ag-data)}"
    ".ag-training .ag-here{fill:var(--ag-paper);stroke:var(--ag-ink);stroke-width:2}"
)
Run = tuple[Sequence[float], Sequence[float]]


class TrainingExplorer(FrontWidget):
    """Drag the learning rate of a training run, and the epoch.

    Parameters
    ----------
    runs : dict
        From a way of training, "SGD, batch 64", to its runs by learning rate, smallest first; each
        is (losses, accuracies), one number for each epoch. The same number of rates in every tab.
    goal : float
        An accuracy to reach, drawn as a line.

    Attributes
    ----------
    way, rate, epoch : str, float, int
        What is chosen; epochs count from 1.
    loss, accuracy : float
        At the chosen epoch.

    Raises
    ------
    ValueError
        If there is no run, or the runs differ in their number of epochs or of rates.

    Examples
    --------
    >>> runs = {"SGD": {0.1: ([1.0, 0.5], [0.8, 0.9]), 0.3: ([0.9, 0.1], [0.9, 0.98])}}
    >>> TrainingExplorer(runs)
    way    rate   last loss   accuracy   97% first after
    SGD     0.1       0.500      90.0%   never
    SGD     0.3       0.100      98.0%   epoch 2
    """

    scripts = ("page.js", "training_explorer.js")
    styles = ("widget.css", "training_explorer.css")

    def __init__(self, runs: Mapping[str, Mapping[float, Run]], goal: float = 0.97):
        self._runs = {way: list(rates.items()) for way, rates in runs.items()}
        every = [run for rates in self._runs.values() for _, run in rates]
        self._epochs = len(every[0][0]) if every else 0
        if not self._epochs or any(len(part) != self._epochs for run in every for part in run):
            raise ValueError("Every run needs the same number of losses and of accuracies.")
        if len({len(rates) for rates in self._runs.values()}) > 1:
            raise ValueError("Every way of training needs the same number of learning rates.")
        self._goal = goal
        usual = [v for losses, _ in every for v in losses if _usual(v) and v > 0]
        self._lowest = math.floor(math.log10(min([*usual, 1.0])))
        data = {
            "ways": list(self._runs),
            "rates": [[f"{rate:g}" for rate, _ in rates] for rates in self._runs.values()],
            "runs": [[self._drawn(run) for _, run in rates] for rates in self._runs.values()],
            "epochs": self._epochs,
            "beyond": BEYOND,
            "svg": "",
        }
        middle = len(data["rates"][0]) // 2
        super().__init__(data=data, state={"way": 0, "rate": middle, "epoch": self._epochs})
        self.data = {**data, "svg": self.svg}

    @property
    def way(self) -> str:
        return self.data["ways"][self.state["way"]]

    @property
    def rate(self) -> float:
        return self._runs[self.way][self.state["rate"]][0]

    @property
    def epoch(self) -> int:
        return self.state["epoch"]

    @property
    def loss(self) -> float:
        return self._chosen[0][self.epoch - 1]

    @property
    def accuracy(self) -> float:
        return self._chosen[1][self.epoch - 1]

    @property
    def _chosen(self) -> Run:
        return self._runs[self.way][self.state["rate"]][1]

    @property
    def text(self) -> str:
        width = max(4, *map(len, self._runs))
        head = f"{'way':{width}} {'rate':>6}   last loss   accuracy   {self._goal:.0%} first after"
        lines = [head]
        for way, rates in self._runs.items():
            for rate, (losses, shares) in rates:
                loss = f"{losses[-1]:.3f}" if _usual(losses[-1]) else "too large"
                first = self._first(shares)
                when = f"epoch {first}" if first else "never"
                lines.append(f"{way:{width}} {rate:6g} {loss:>11} {shares[-1]:10.1%}   {when}")
        return "\n".join(lines)

    @property
    def svg(self) -> str:
        """Both panels with the chosen run."""
        run = self.data["runs"][self.state["way"]][self.state["rate"]]
        others = self.data["runs"][self.state["way"]]
        goal = _height((self._goal - SHARES[0]) / (SHARES[1] - SHARES[0]))
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="ag-theme ag-training" role="img" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">',
            f"<title>Loss and accuracy over {self._epochs} epochs</title><style>{STYLE}</style>",
            f'<rect class="ag-paper" width="{WIDTH}" height="{HEIGHT}"/>',
            _words(LOW + SIDE / 2, 18, "loss, mean of each epoch"),
            _words(RIGHT + SIDE / 2, 18, "accuracy on the test digits"),
            f'<path class="ag-goal" d="M{RIGHT} {goal}h{SIDE}"/>',
            *self._labels(),
        ]
        for left, kind in ((LOW, "loss"), (RIGHT, "accuracy")):
            parts += [
                f'<path class="ag-panel" d="M{left} {TOP}h{SIDE}V{BOTTOM}h-{SIDE}z"/>',
                *(_line(f"ag-other ag-{kind}-other", one[kind]) for one in others),
                _line(f"ag-run ag-{kind}", run[kind]),
                _words(left, BOTTOM + 18, "1"),
                _words(left + SIDE, BOTTOM + 18, str(self._epochs)),
                _words(left + SIDE / 2, BOTTOM + 34, "epoch"),
            ]
            x, y, beyond = run[kind][self.state["epoch"] - 1]
            parts.append(f'<circle class="ag-here ag-{kind}-here" cx="{x}" cy="{y}" r="5"/>')
            note = TOP + 22 if kind == "loss" else BOTTOM - 12
            said = BEYOND[kind] if beyond else ""
            parts.append(_words(left + SIDE / 2, note, said, f"ag-{kind}-beyond"))
        return "\n".join([*parts, "</svg>"])

    def _labels(self) -> list[str]:
        """The numbers at the two vertical axes."""
        powers = [
            _words(LOW - 6, _height(self._fall(10.0**p)) + 4, f"{10.0**p:g}", "ag-end")
            for p in range(self._lowest, HIGHEST + 1)
        ]
        shares = [
            _words(RIGHT - 6, _height((s - 60) / 40) + 4, f"{s}%", "ag-end")
            for s in (60, 70, 80, 90, 100)
        ]
        return powers + shares

    def _drawn(self, run: Run) -> dict:
        """The two curves of a run on the screen, its numbers as texts, and a sentence about it."""
        losses, shares = run
        across = [k / max(1, self._epochs - 1) * SIDE for k in range(self._epochs)]
        falls = [self._fall(v) for v in losses]
        rises = [(share - SHARES[0]) / (SHARES[1] - SHARES[0]) for share in shares]
        first = self._first(shares)
        when = f"first reached after epoch {first}" if first else "not reached"
        reached = f"{self._goal:.0%} is {when}."
        return {
            "loss": _points(LOW, across, falls),
            "accuracy": _points(RIGHT, across, rises),
            "losses": [
                f"{v:.3g}{_off(y)}" if _usual(v) else "too large" for v, y in zip(losses, falls)
            ],
            "shares": [f"{share:.1%}{_off(y)}" for share, y in zip(shares, rises)],
            "words": "It blows up." if not _usual(losses[-1]) else reached,
        }

    def _fall(self, loss: float) -> float:
        """Where a loss stands on its logarithmic axis, which goes from 0 to 1."""
        if not _usual(loss):
            return math.inf
        power = math.log10(loss) if loss > 0 else self._lowest
        return (power - self._lowest) / (HIGHEST - self._lowest)

    def _first(self, shares: Sequence[float]) -> int | None:
        """The first epoch that reaches the goal."""
        return next((k for k, share in enumerate(shares, 1) if share >= self._goal), None)


def _usual(loss: float) -> bool:
    return math.isfinite(loss) and loss < 1e3


def _height(share: float) -> float:
    """Where a share of the axis stands; what is beyond an end stands on it."""
    return round(BOTTOM - min(1.0, max(0.0, share)) * (BOTTOM - TOP), 1)


def _beyond(share: float) -> bool:
    return not 0 <= share <= 1


def _off(share: float) -> str:
    return " (off the scale)" if _beyond(share) else ""


def _points(left: float, across: list[float], shares: list[float]) -> list[list[float]]:
    """Points on the screen: x, y, and 1 where the value is off the scale."""
    return [[round(left + x, 1), _height(y), int(_beyond(y))] for x, y in zip(across, shares)]


def _line(name: str, points: list[list[float]]) -> str:
    """A line through points; not from one off the scale to the next, which would be the frame."""
    before = [None, *points]
    joined = (
        f"{'L' if last and not (beyond and last[2]) else 'M'}{x:g} {y:g}"
        for last, (x, y, beyond) in zip(before, points)
    )
    return f'<path class="{name}" d="{"".join(joined)}"/>'


def _words(x: float, y: float, words: str, name: str = "") -> str:
    return f'<text class="{name}" x="{x:g}" y="{y:g}">{escape(words)}</text>'
