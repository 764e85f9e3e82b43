"""`InitExplorer()`: a deep network whose depth, bend and weights are chosen, run in the browser.

Two curves on a logarithmic axis, the std of the signal and of its gradient in each layer, and the
histogram of both in one layer. The browser draws the random weights itself, from a generator that
is computed here in the same way; so a page needs no data, and Python can say what it shows.
"""

from __future__ import annotations

import math

import numpy as np

from helpers.palette import CSS
from helpers.widgets.front import FrontWidget

ROWS = UNITS = 64
DEEPEST = 50
ACTS = ("relu", "tanh", "sigmoid", "linear")
SCHEMES = {
    "std 0.01": 0.01 * math.sqrt(UNITS),
    "std 1": math.sqrt(UNITS),
    "Xavier": 1.0,
    "gain 5/3": 5 / 3,
    "He": math.sqrt(2),
    "default": math.sqrt(1 / 3),
    "orthogonal": math.sqrt(2),
}
GAINS = [round(10 ** (k / 40), 3) for k in range(-40, 37)]
LEFT, RIGHT, TOP, BOTTOM = 56, 420, 14, 250  # as in the JavaScript
STYLE = CSS + (
    "text{font:12px Helvetica,Arial,'Liberation Sans',sans-serif;fill:var(--ag-ink);"
    "text-anchor:middle}.ag-paper{fill:var(--ag-paper)}"
    ".ag-axis{fill:none;stroke:var(--ag-line)}"
    ".ag-signal{fill:none;stroke:var(--ag-data);stroke-width:2.5}"
    ".ag-back{fill:none;stroke:var(--ag-gradient);stroke-width:2.5;stroke-dasharray:7 4}"
)


class InitExplorer(FrontWidget):
    """Choose depth, bend and weights of a network; see its signals and gradients.

    Parameters
    ----------
    act : str
        The bend at first: "relu", "tanh", "sigmoid" or "linear".
    scheme : str
        The weights at first: "std 0.01", "std 1", "Xavier", "gain 5/3", "He", "default" or
        "orthogonal".
    depth : int
        From 2 to 50 layers.
    seed : int
        Of the random weights.

    Attributes
    ----------
    signal, gradient : numpy.ndarray
        The std of h and of ∂L/∂h in each layer, of the network that is shown now; ∂L/∂h is standard
        normal at the last layer.

    Raises
    ------
    ValueError
        For an unknown bend or scheme, or a depth out of range.

    Examples
    --------
    >>> explorer = InitExplorer("linear", "orthogonal", depth=3)
    >>> (explorer.signal / explorer.signal[0]).round(3)
    array([1.   , 1.414, 2.   ])
    """

    scripts = ("page.js", "init_explorer.js")
    styles = ("widget.css", "init_explorer.css")

    def __init__(self, act: str = "relu", scheme: str = "He", depth: int = 50, seed: int = 0):
        if act not in ACTS:
            raise ValueError(f"The bend is one of {', '.join(ACTS)}, got {act!r}.")
        if scheme not in SCHEMES:
            raise ValueError(f"The weights are one of {', '.join(SCHEMES)}, got {scheme!r}.")
        if not 2 <= depth <= DEEPEST:
            raise ValueError(f"From 2 to {DEEPEST} layers can be shown, got {depth}.")
        super().__init__(
            data={
                "rows": ROWS, "units": UNITS, "deepest": DEEPEST,
                "schemes": [*map(list, SCHEMES.items())], "gains": GAINS,
            },
            state={
                "act": act, "scheme": scheme, "gain": SCHEMES[scheme],
                "depth": depth, "layer": (depth + 1) // 2, "seed": seed,
            },
        )  # fmt: skip

    @property
    def signal(self) -> np.ndarray:
        return self._run()[0]

    @property
    def gradient(self) -> np.ndarray:
        return self._run()[1]

    @property
    def text(self) -> str:
        s = self.state
        signal, gradient = self._run()
        lines = [
            f"{s['depth']} layers, {s['act']}, weights {s['scheme']}",
            "layer   std h   std ∂L/∂h",
        ]
        for k in sorted({1, 10, 20, 30, 40, s["depth"]}):
            if k <= s["depth"]:
                lines.append(f"{k:5} {signal[k - 1]:7.1e} {gradient[k - 1]:11.1e}")
        return "\n".join(lines)

    @property
    def svg(self) -> str:
        signal, gradient = self._run()
        powers = np.log10(np.concatenate([signal, gradient]).clip(1e-300, 1e300))
        low, high = math.floor(min(-2, powers.min())), math.ceil(max(2, powers.max()))

        def path(values):
            x = np.linspace(LEFT, RIGHT, len(values))
            y = BOTTOM - (np.log10(values.clip(1e-300)) - low) / (high - low) * (BOTTOM - TOP)
            return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y))

        s = self.state
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" class="ag-theme" role="img" '
            f'viewBox="0 0 460 292" width="460" height="292"><style>{STYLE}</style>'
            f"<title>Std of signal and gradient in {s['depth']} layers</title>"
            '<rect class="ag-paper" width="460" height="292"/>'
            f'<path class="ag-axis" d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"/>'
            f'<path class="ag-signal" d="{path(signal)}"/>'
            f'<path class="ag-back" d="{path(gradient)}"/>'
            f'<text x="28" y="{TOP + 8}">1e{high}</text><text x="28" y="{BOTTOM}">1e{low}</text>'
            f'<text x="{LEFT}" y="268">1</text><text x="{RIGHT}" y="268">{s["depth"]}</text>'
            f'<text x="238" y="268">solid blue: std of h, dashed orange: of ∂L/∂h</text>'
            f'<text x="238" y="285">layer; {s["act"]}, weights {s["scheme"]}</text></svg>'
        )

    def _run(self) -> tuple[np.ndarray, np.ndarray]:
        """The stds of signal and gradient in each layer."""
        s = self.state
        base, hs, Ws = 1000 * s["seed"], [_normals(1000 * s["seed"], ROWS)], []
        for k in range(1, s["depth"] + 1):
            Ws.append(_weights(s["scheme"], s["gain"], base + k))
            hs.append(_bend(s["act"], hs[-1] @ Ws[-1]))
        gs = [_normals(base + 999, ROWS)]
        for h, W in zip(hs[:1:-1], Ws[:0:-1]):
            gs.append((gs[-1] * _slope(s["act"], h)) @ W.T)
        return np.array([h.std() for h in hs[1:]]), np.array([g.std() for g in gs[::-1]])


def _uniforms(seed: int, count: int) -> np.ndarray:
    """Numbers between 0 and 1: the generator mulberry32, all at once."""
    a = (np.uint32(seed) + np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)).astype(
        np.uint32
    )
    t = (a ^ (a >> 15)) * (a | 1)
    t = (t + (t ^ (t >> 7)) * (t | 61)) ^ t
    return (t ^ (t >> 14)) / 2**32


def _normals(seed: int, rows: int) -> np.ndarray:
    """Standard normal numbers of shape (rows, UNITS), by Box and Muller."""
    u = _uniforms(seed, rows * UNITS)
    r, angle = np.sqrt(-2 * np.log(1 - u[::2])), 2 * np.pi * u[1::2]
    return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1).reshape(rows, UNITS)


def _weights(scheme: str, gain: float, seed: int) -> np.ndarray:
    if scheme == "default":
        u = _uniforms(seed, UNITS**2).reshape(UNITS, UNITS)
        return (2 * u - 1) * math.sqrt(3 / UNITS) * gain
    W = _normals(seed, UNITS)
    if scheme != "orthogonal":
        return W * gain / math.sqrt(UNITS)
    Q, R = np.linalg.qr(W)
    return Q * np.sign(np.diag(R)) * gain


def _bend(act: str, z: np.ndarray) -> np.ndarray:
    if act == "relu":
        return np.maximum(z, 0)
    if act == "tanh":
        return np.tanh(z)
    return 1 / (1 + np.exp(-z)) if act == "sigmoid" else z


def _slope(act: str, h: np.ndarray) -> np.ndarray:
    if act == "relu":
        return h > 0
    if act == "tanh":
        return 1 - h**2
    return h * (1 - h) if act == "sigmoid" else np.ones_like(h)
