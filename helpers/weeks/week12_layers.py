"""Week 12, capstone C: a test for any layer, and the planted mistakes that it must kill."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from helpers.exercise import Case, Wrong, exercise
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week12_capstone_attention import attention, attention_backward, inputs_of
from helpers.weeks.week12_trial import NANPASSES, OFF, RETURNS, by_size


def batchnorm(X, gamma, beta):
    """D15: gamma·(X − mean)/√(var + 1e-5) + beta, over the batch."""
    return gamma * (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 1e-5) + beta


def batchnorm_backward(X, gamma, beta, G):
    """(dX, dgamma, dbeta) of `batchnorm`."""
    N, inv = len(X), 1 / np.sqrt(X.var(axis=0) + 1e-5)
    xh = (X - X.mean(axis=0)) * inv
    dxh = G * gamma
    dX = inv / N * (N * dxh - dxh.sum(axis=0) - xh * (dxh * xh).sum(axis=0))
    return dX, (G * xh).sum(axis=0), G.sum(axis=0)


class Layer(NamedTuple):
    """A layer to test: its two directions, inputs, and planted mistakes by name."""

    forward: Callable
    backward: Callable
    inputs: tuple
    planted: dict[str, Callable]


_DX = "dX = inv / N * (N * dxh - dxh.sum(axis=0) - xh * (dxh * xh).sum(axis=0))"
_BATCHNORM = {
    "BNNAIVE: mean and variance as constants": (_DX, "dX = inv * dxh"),
    "BNVAR: the path through the mean is missing":
        (_DX, "dX = inv / N * (N * dxh - xh * (dxh * xh).sum(axis=0))"),
    "BNMEAN: the path through the variance is missing":
        (_DX, "dX = inv / N * (N * dxh - dxh.sum(axis=0))"),
    "N − 1 with a variance over N": ("inv / N *", "inv / (N - 1) *"),
    "gamma forgotten": ("dxh = G * gamma", "dxh = G"),
    "X instead of its normalized form": ("- xh * (dxh * xh)", "- X * (dxh * X)"),
    "dgamma from X": ("(G * xh).sum", "(G * X).sum"),
    "dbeta is a mean": ("G.sum(axis=0)\n", "G.mean(axis=0)\n"),
    "dgamma lacks the upstream gradient": ("(G * xh).sum", "(1.0 * xh).sum"),
}  # fmt: skip


def layers() -> dict[str, Layer]:
    """Attention and BatchNorm, each with its planted mistakes."""
    wrong = {f"{m.code}: {m.explanation}": m.attempt for m in attention_backward.mistakes
             if m.code not in ("SWAPPED", "AUTOGRAD", "MAXSHIFT")}  # fmt: skip
    rng = np.random.default_rng(6)
    X, gamma, beta = rng.standard_normal((7, 3)), np.array([0.5, 1.5, -2.0]), rng.standard_normal(3)
    norm = {name: rewritten(batchnorm_backward, change) for name, change in _BATCHNORM.items()}
    return {
        "attention": Layer(
            attention.reference, attention_backward.reference, inputs_of(4, 5, 3, 2)[:3], wrong
        ),
        "BatchNorm": Layer(batchnorm, batchnorm_backward, (X, gamma, beta), norm),
    }


def _right_lives(name: str):
    def run(layer_test):
        layer = layers()[name]
        try:
            layer_test(layer.forward, layer.backward, *layer.inputs)
        except AssertionError as error:
            return Wrong(
                f"The right backward pass of {name} is killed ({str(error) or 'without a message'})."
            )
        return "it lives"

    return Case(f"{name}: the right backward pass lives", run)


NEVER = (
    "Your test never raises, not even for zeros of another shape. np.allclose returns True or False; nothing happens "
    "without `assert`."
)


def _wrong_die(name: str):
    def run(layer_test):
        layer, alive = layers()[name], []
        with contextlib.suppress(Exception):
            said = layer_test(
                layer.forward,
                lambda *given: [np.zeros((1, *np.shape(x))) for x in given[:-1]],
                *layer.inputs,
            )
            return Wrong(
                NEVER if said is None else RETURNS, "CANNOTFAIL" if said is None else "RETURNS"
            )
        for what, backward in layer.planted.items():
            try:
                layer_test(layer.forward, backward, *layer.inputs)
            except Exception:
                continue
            alive.append(what.split(": ")[0])
        if alive:
            return Wrong(
                f"{len(alive)} of {len(layer.planted)} mistakes in {name} live: {', '.join(alive)}."
            )
        return "all die"

    return Case(f"{name}: every planted mistake dies", run)


CRUDE = {
    "NANPASSES": (lambda first, *more: (first * [np.nan, 1, 1], *more), NANPASSES),
    "COUNT": (lambda *grads: grads[:-1],
              "The last gradient may be missing. `zip` stops at the shorter one: ask for as many gradients as inputs."),
    "LOOSE": (lambda first, *more: (1.001 * first, *more),
              "A first gradient lives that is a thousandth too large. Central differences agree to nine digits: there is "
              "no need to be so patient."),
}  # fmt: skip


def _lives(layer_test, spoil) -> bool:
    """Does attention's backward pass live with its gradients spoiled?"""
    layer = layers()["attention"]
    try:
        layer_test(layer.forward, lambda *given: spoil(*layer.backward(*given)), *layer.inputs)
    except Exception:
        return False
    return True


def _crude_die(layer_test):
    """Mistakes that show without any mathematics."""
    for code in ("NANPASSES", "COUNT"):
        if _lives(layer_test, CRUDE[code][0]):
            return Wrong(CRUDE[code][1], code)
    off = {what: lambda *grads, one=one: [one(g) for g in grads] for what, one in OFF.items()}
    wrong = by_size([what for what, spoil in off.items() if _lives(layer_test, spoil)])
    if not wrong and _lives(layer_test, CRUDE["LOOSE"][0]):
        wrong = Wrong(CRUDE["LOOSE"][1], "LOOSE")
    return wrong or "all die"


@exercise(
    minutes=30,
    difficulty=3,
    version=2,
    cases=[
        _right_lives("attention"),
        _wrong_die("attention"),
        Case(
            "attention: NaN, a missing gradient, a wrong sign and a thousandth too much die",
            _crude_die,
        ),
        _right_lives("BatchNorm"),
        _wrong_die("BatchNorm"),
    ],
    hints=[
        "A gradient check of an array needs one number: L = Σ G·forward(*inputs) with *random* weights G. Then "
        "∂L/∂Y is G, and that is what backward gets.",
        "For each input and each of its entries: nudge to both sides, (L₊ − L₋)/2h, with h = 1e-5 in float64. Compare with "
        "the gradient by norms, to about 1e-6.",
        "helpers.numerical_gradient(lambda *xs: (G * forward(*xs)).sum(), *inputs) gives a tuple of gradients, one for "
        "each input.",
    ],
)
def layer_test(forward, backward, *inputs):
    """Raise an AssertionError where backward does not fit forward.

    forward(*inputs) gives an array Y; backward(*inputs, G) gives one
    gradient for each input, where G is ∂L/∂Y. It also wakes up at NaN, a
    wrong shape, a missing gradient and one that is off by a thousandth.
    """
    G = np.random.default_rng(0).standard_normal(forward(*inputs).shape)
    for k, (x, grad) in enumerate(zip(inputs, backward(*inputs, G), strict=True)):
        measured = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            ends = []
            for h in (1e-5, -1e-5):
                moved = [a.copy() for a in inputs]
                moved[k][index] += h
                ends.append((G * forward(*moved)).sum())
            measured[index] = (ends[0] - ends[1]) / 2e-5
        assert np.shape(grad) == x.shape, f"input {k}: shape {np.shape(grad)}"
        error = np.linalg.norm(grad - measured) / np.linalg.norm(measured)
        assert error < 1e-6, f"input {k} is off by {error:.1e}"


_DRAW = "np.random.default_rng(0).standard_normal(forward(*inputs).shape)"
_SHAPE = '        assert np.shape(grad) == x.shape, f"input {k}: shape {np.shape(grad)}"\n'
_ERROR = "        error = np.linalg.norm(grad - measured) / np.linalg.norm(measured)\n"
_ASK = '        assert error < 1e-6, f"input {k} is off by {error:.1e}"\n'
for _code, _why, *_changes in [
    ("ONES", "With G = 1 everywhere a backward pass that forgets G looks right. And BatchNorm's outputs then add up to a "
     "constant: its right dX is 0, and you divide rounding by rounding. Draw G at random.",
     (_DRAW, "np.ones(forward(*inputs).shape)")),
    ("SHAPEONLY", "You ask for shapes only. Every mistake has the right ones.", (_ASK, "")),
    ("CANNOTFAIL", NEVER, (", strict=True", ""), (_SHAPE, ""),
     (_ERROR + _ASK, "        np.allclose(grad, measured)\n")),
    ("RETURNS", RETURNS, (", strict=True", ""), (_SHAPE,
     "        if np.shape(grad) != x.shape:\n            return False\n"),
     (_ASK, "        if not error < 1e-6:\n            return False\n    return True\n")),
    ("FIRSTINPUT", "You look at the first input only. The gradients of the others are never compared.",
     (_ASK, '        assert error < 1e-6 or k > 0, f"input {k} is off by {error:.1e}"\n')),
    ("LASTINPUT", "You look at the last input only. The gradients of the others are never compared.",
     (_ASK, '        assert error < 1e-6 or k < len(inputs) - 1, f"input {k}"\n')),
    ("LOOSE", "You allow an error of one half. A lost factor can be smaller than that.",
     ("error < 1e-6", "error < 0.5")),
    ("NANPASSES", CRUDE["NANPASSES"][1], ("assert error < 1e-6", "assert not error > 1e-6")),
    ("COUNT", CRUDE["COUNT"][1], (", strict=True", "")),
    ("TIGHT", "You ask for 1e-13; central differences leave about 1e-10. The right backward pass dies, too.",
     ("error < 1e-6", "error < 1e-13")),
]:  # fmt: skip
    layer_test.mistake(_code, _why)(rewritten(layer_test.reference, *_changes))
