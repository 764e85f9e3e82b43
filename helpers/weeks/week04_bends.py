"""Week 4: nonlinearities, their slopes with a pencil and their backward pass."""

from __future__ import annotations

import numpy as np

from helpers.exercise import exercise, paper
from helpers.weeks import week04_cases as cases
from helpers.weeks import week04_judge as judge
from helpers.weeks.rewrite import rewritten

# ------------------------------------------------------------------ nonlinearities

slopes = paper(
    "slopes",
    "D9 with a pencil: the slope of each nonlinearity, with what the forward pass already has",
    answers=dict(
        dtanh="1 - h**2", dsigmoid="s * (1 - s)", dsoftplus="s", dsilu="s + z * s * (1 - s)"
    ),
    at=dict(z=0.7, h="tanh(z)", s="sigmoid(z)"),
    minutes=12,
    difficulty=1,
    hints=[
        "tanh is u/v with u = eᶻ − e⁻ᶻ and v = eᶻ + e⁻ᶻ. Note that u′ = v and v′ = u.",
        "Quotient rule: (u′v − uv′)/v² = (v² − u²)/v² = 1 − h². In the same way s′ = s·(1 − s); "
        "softplus is log(1 + eᶻ), and its slope is eᶻ/(1 + eᶻ).",
        "silu(z) = z·s is a product: its slope is s + z·s′. And eᶻ/(1 + eᶻ) is s itself.",
    ],
    advice="No upstream gradient comes in here: each line is the derivative of one function by z. A quick "
    "test: at z = 0, where h = 0 and s = ½, the four slopes are 1, ¼, ½ and ½. What does yours give there?",
    mistakes={
        "ACTIVATIONINPUT": (
            dict(dtanh="1 - z**2", dsigmoid="z * (1 - z)"),
            "The slope has this form in terms of the *output* (h or s), not of the input z.",
        ),
        "SLOPEISOUTPUT": (
            dict(dsigmoid="s", dtanh="h", dsoftplus="log(1 + exp(z))", dsilu="z * s"),
            "That is the output itself. Only exp is its own slope.",
        ),
        "NOSQUARE": (
            dict(dtanh="1 - h", dsigmoid="1 - s"),
            "Nearly. At large z both your slope and the right one go to 0, at large −z only the right one: "
            "tanh has 1 − h², and the sigmoid s·(1 − s).",
        ),
        "SWAPPED": (
            dict(dtanh="h * (1 - h)", dsigmoid="1 - s**2"),
            "tanh and the sigmoid have changed places. tanh runs from −1 to 1, and 1 − h² is 0 at both ends; "
            "the sigmoid runs from 0 to 1, and so does the same with s·(1 − s).",
        ),
        "NOCHAIN": (
            dict(dsoftplus="1 / (1 + exp(z))", dsigmoid="-1 / (1 + exp(-z))**2"),
            "That is the outer derivative. The exp inside moves with z, too: times its own slope.",
        ),
        "TWICE": (
            dict(dsoftplus="s * (1 - s)"),
            "That is the slope of the sigmoid. Softplus is one step earlier: *its* slope is the sigmoid.",
        ),
        "PRODUCTRULE": (
            dict(dsilu="s * (1 - s)"),
            "silu is a *product*, z·s, and z moves both factors: two terms.",
        ),
        "FIRSTFACTOR": (
            dict(dsilu="s"),
            "That is the path through the first factor, z, with s held still. s moves with z, too: "
            "add z times its slope.",
        ),
        "SECONDFACTOR": (
            dict(dsilu="z * s * (1 - s)"),
            "That is the path through the second factor, s. The first factor is z itself, with slope 1: "
            "add 1·s.",
        ),
        "ONEFACTOR": (
            dict(dsilu="s + s * (1 - s)"),
            "In the second term the factor z is lost: it is z times the slope of s.",
        ),
        "BRACKETS": (
            dict(dtanh="(1 - h)**2"),
            "(1 − h)² is another number than 1 − h².",
        ),
        "CONSTANT": (
            dict(dsigmoid="1/4"),
            "That is the slope at z = 0, the largest. It is smaller everywhere else: in terms of s it is s·(1 − s).",
        ),
        "INNERONLY": (
            dict(dsoftplus="exp(z)"),
            "That is the slope of what stands inside the log. Times the slope of the log: divided by 1 + eᶻ.",
        ),
        "SIGN": (dict(dtanh="h**2 - 1"), "The sign is turned around: tanh rises everywhere."),
    },
)


@exercise(
    minutes=15,
    difficulty=1,
    cases=cases.activation_cases,
    judge=judge.arrays(sizes=lambda case: {}, known=lambda: activation_backward.mistakes),
    hints=[
        "An elementwise function has a diagonal Jacobian: the gradient is G times the slope, entry by "
        "entry.",
        "The slopes: relu 1 where z > 0 and 0 elsewhere; leaky_relu 1 and 0.01; tanh 1 − h² with "
        "h = tanh(z); sigmoid s·(1 − s) with s = 1/(1 + e⁻ᶻ).",
        'For example: if name == "relu": return G * (z > 0). The mask comes from z, never from G.',
    ],
)
def activation_backward(name, z, G):
    """∂L/∂z for h = relu(z), leaky_relu(z), tanh(z) or sigmoid(z).

    G is ∂L/∂h, of the shape of z. leaky_relu has the slope 0.01 below 0.
    """
    if name == "relu":
        return G * (z > 0)
    if name == "leaky_relu":
        return G * np.where(z > 0, 1.0, 0.01)
    if name == "tanh":
        h = np.tanh(z)
        return G * (1 - h**2)
    s = 1 / (1 + np.exp(-z))
    return G * (s * (1 - s))


for _code, _why, *_changes in [
    ("NOLOCAL", "You hand G on unchanged, as if every slope were 1. Multiply it by the slope of each function.",
     ('    if name == "relu"', '    if name:\n        return G + 0\n    if name == "relu"')),
    ("NOUPSTREAM", "These are the slopes alone. The chain rule is a product: times the upstream "
     "gradient G.",
     ("G * (", "1.0 * ("), ("G * np", "1.0 * np")),
    ("RELUMASK", "relu: all of G passes. Either there is no mask, or it is true everywhere: the *output* of relu "
     "is never negative, so `h >= 0` always holds. Ask `z > 0`, or `h > 0`.",
     ("G * (z > 0)", "G * (np.maximum(z, 0) >= 0)")),
    ("RELUMASK", "relu: you let the *gradient* decide, (G > 0). What passed on the way forward is "
     "decided by z; a negative G passes where z > 0.",
     ("G * (z > 0)", "G * (G > 0)")),
    ("RELUMASK", "relu: that is the mask alone, and the upstream gradient is dropped: G * (z > 0).",
     ("G * (z > 0)", "1.0 * (z > 0)")),
    ("RELUMASK", "relu: the mask is inverted. Where z > 0 the value passes, and so does its gradient.",
     ("G * (z > 0)", "G * (z < 0)")),
    ("RELUMASK", "relu: you apply relu to the gradient times z. The slope is 1, not z: the mask does "
     "not scale.",
     ("G * (z > 0)", "G * np.maximum(z, 0)")),
    ("RELUMASK", "relu: np.sign gives −1 where z < 0, and turns the gradient around there. A ReLU lets nothing "
     "pass: the slope is 0.",
     ("G * (z > 0)", "G * np.sign(z)")),
    ("LEAKYMASK", "leaky_relu: you let the *gradient* decide. What counts is the sign of z.",
     ("np.where(z > 0, 1.0, 0.01)", "np.where(G > 0, 1.0, 0.01)")),
    ("LEAKYVALUE", "leaky_relu: that is the function's own value. The slope is 1 or 0.01, and it multiplies G.",
     ("np.where(z > 0, 1.0, 0.01)", "np.where(z > 0, z, 0.01 * z)")),
    ("LEAKYVALUE", "leaky_relu: below 0 you give 0.01·z, a value of the function. The gradient there is 0.01·G.",
     ("G * np.where(z > 0, 1.0, 0.01)", "np.where(z > 0, G, 0.01 * z)")),
    ("LEAKYSLOPE", "leaky_relu: below 0 its slope is 0.01 here, and you take 0.1.",
     ("1.0, 0.01", "1.0, 0.1")),
    ("SLOPEISOUTPUT", "tanh: that is G·h. The slope is 1 − h².", ("1 - h**2", "h")),
    ("SLOPEISOUTPUT", "sigmoid: that is G·(1 − s). The slope is s·(1 − s).", ("s * (1 - s)", "1 - s")),
    ("PRECEDENCE", "sigmoid: `1/1 + np.exp(−z)` is 1 + e⁻ᶻ. Put the denominator in parentheses.",
     ("1 / (1 + np.exp(-z))", "1 / 1 + np.exp(-z)")),
    ("LEAKYZERO", "leaky_relu: below 0 its slope is 0.01, not 0. That leak is its point.",
     ("1.0, 0.01", "1.0, 0.0")),
    ("ACTIVATIONINPUT", "tanh: the slope is 1 − h² with the *output* h. With the input, 1 − z², it "
     "would be negative for |z| > 1, and tanh never falls.",
     ("1 - h**2", "1 - z**2")),
    ("ACTIVATIONINPUT", "tanh: 1 − h² needs the square.", ("1 - h**2", "1 - h")),
    ("ACTIVATIONINPUT", "tanh: (1 − h)² is another number than 1 − h².", ("1 - h**2", "(1 - h) ** 2")),
    ("ACTIVATIONINPUT", "tanh: h·(1 − h) is the form of the *sigmoid's* slope. tanh has 1 − h².",
     ("1 - h**2", "h * (1 - h)")),
    ("ACTIVATIONINPUT", "tanh: you took tanh of a tanh. h is the output already: 1 − h².",
     ("1 - h**2", "1 - np.tanh(h) ** 2")),
    ("ACTIVATIONINPUT", "sigmoid: s·(1 − s) is meant with the *output* s = σ(z), not with z.",
     ("s * (1 - s)", "z * (1 - z)")),
    ("ACTIVATIONINPUT", "sigmoid: you took σ of a σ. s is the output already.",
     ("(s * (1 - s))", "(1 / (1 + np.exp(-s)) * (1 - 1 / (1 + np.exp(-s))))")),
    ("SLOPEISOUTPUT", "sigmoid: that is G·s. The slope is s·(1 − s).", ("s * (1 - s)", "s")),
]:  # fmt: skip
    activation_backward.mistake(_code, _why)(rewritten(activation_backward.reference, *_changes))
