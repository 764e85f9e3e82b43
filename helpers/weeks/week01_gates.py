"""Week 1, sections 4 and 5: gates, local derivatives, staged computation, a whole neuron."""

from __future__ import annotations

import math

from helpers.exercise import exercise, paper
from helpers.weeks import week01_cases as cases
from helpers.weeks.rewrite import rewritten

# ------------------------------------------------------------------ gates and staged computation

gates = paper(
    "gates",
    "D3: the gradients of f = 2·(x·y + max(z, w)) at (3, −4, 2, −1), by the pattern of each gate",
    answers=dict(
        ds="2", dp="ds * 1", dm="ds * 1", dx="dp * y", dy="dp * x", dz="dm * 1", dw="dm * 0"
    ),
    at=dict(x=3.0, y=-4.0, z=2.0, w=-1.0, p="x * y", m="max(z, w)", s="p + m"),
    minutes=8,
    difficulty=1,
    hints=[
        "Name the stages: p = x·y, m = max(z, w), s = p + m, f = 2·s.",
        "Times 2 scales, plus copies, times swaps, max routes to the winner.",
        "f = 2·s gives ds = 2, and a plus hands it on to both. At the product, what stands beside x? "
        "At max, which operand would you nudge to move the result?",
    ],
    mistakes={
        "OWNDATA": (dict(dx="dp * x", dy="dp * y"), "The product swaps: x gets y, y gets x."),
        "LASTGATE": (dict(ds="1"), "f = 2·s: a nudge of s moves f twice as far."),
        "MAXVALUE": (dict(dz="dm * z"), "max hands on, it does not multiply: z gets what arrives."),
        "LOSERVALUE": (dict(dw="dm * w"), "w lost: a nudge of w changes nothing."),
        "MAXBOTH": (dict(dw="dm"), "w loses against z: a nudge of w does not reach f at all."),
        "NOUPSTREAM": (dict(dx="y", dy="x"), "The factor 2 from the end of the graph is missing."),
        "PLUSSPLITS": (
            dict(dp="ds / 2", dm="ds / 2"),
            "A plus does not share the gradient out, it *copies* it: each operand gets all of ds.",
        ),
    },
)

staged = paper(
    "staged",
    "D4: (x + σ(y)) / (σ(x) + (x + y)²), backward, line by line as formulas",
    answers=dict(
        dnum="1 / den",
        dden="-num / den**2",
        dxpy="dden * 2 * xpy",
        dsigx="dden",
        dsigy="dnum",
        dx="dnum + dxpy + dsigx * sigx * (1 - sigx)",
        dy="dxpy + dsigy * sigy * (1 - sigy)",
    ),
    at=dict(
        x=3.0,
        y=-4.0,
        sigy="sigmoid(y)",
        num="x + sigy",
        sigx="sigmoid(x)",
        xpy="x + y",
        den="sigx + xpy**2",
    ),
    minutes=20,
    difficulty=3,
    hints=[
        "f = num/den. Write dnum and dden first; everything else is upstream of them.",
        "den = sigx + xpy², so dsigx = dden and dxpy = dden·2·xpy. σ'(x) = sigx·(1 − sigx).",
        "x is used three times: in num, in xpy, in sigx. Its gradient is the sum of three terms.",
    ],
    mistakes={
        "DIVSIGN": (dict(dden="num / den**2"), "A larger denominator makes f smaller: minus."),
        "DIVSQUARE": (dict(dden="-num / den"), "The denominator is squared: −num/den²."),
        "NUMERATOR": (dict(dden="-1 / den**2"), "num stays as a factor: f = num/den."),
        "CHAINSUM": (
            dict(dx="dnum + dxpy"),
            "x is used three times; the path through σ(x) is missing.",
        ),
        "XPYPATH": (
            dict(dx="dnum + dsigx * sigx * (1 - sigx)", dy="dsigy * sigy * (1 - sigy)"),
            "The path through xpy is missing: xpy = x + y hands dxpy on to both.",
        ),
        "SIGMOIDIN": (
            dict(dy="dxpy + dsigy * y * (1 - y)"),
            "σ' is s·(1 − s) with the *output* s, not with the input.",
        ),
    },
)


# ------------------------------------------------------------------ local derivatives


@exercise(
    minutes=10,
    difficulty=2,
    cases=cases.LOCAL_POINTS,
    judge=cases.first_entries_count,
    hints=[
        "For each op hold one operand fixed and nudge the other. What happens to the result?",
        "add copies (1 and 1); mul gives each operand the other; max passes the nudge of the winner.",
        "exp is its own derivative; a**b with b fixed has slope b·a**(b − 1).",
    ],
)
def local_derivatives(op, a, b):
    """(∂out/∂a, ∂out/∂b) for "add", "mul", "max", "min"; (∂out/∂a,) for "exp" and "pow"."""
    if op == "add":
        return (1.0, 1.0)
    if op == "mul":
        return (b, a)
    if op == "max":
        return (1.0, 0.0) if a > b else (0.0, 1.0)
    if op == "min":
        return (1.0, 0.0) if a < b else (0.0, 1.0)
    if op == "exp":
        return (math.exp(a),)
    return (b * a ** (b - 1),)


local_derivatives.mistake(
    "OWNDATA",
    "For a product you return (a, b): each operand's own value. If a is nudged by h, a·b changes by "
    "h·b, so ∂out/∂a is b: mul *swaps*.",
)(rewritten(local_derivatives.reference, ("return (b, a)", "return (a, b)")))

local_derivatives.mistake("POWN", "d(aᵇ)/da lowers the exponent by one: b·a**(b − 1), not b·a**b.")(
    rewritten(local_derivatives.reference, ("b * a ** (b - 1)", "b * a**b"))
)

local_derivatives.mistake("POWFACTOR", "The exponent comes down as a factor: b·a**(b − 1).")(
    rewritten(local_derivatives.reference, ("b * a ** (b - 1)", "a ** (b - 1)"))
)

local_derivatives.mistake(
    "EXPPOWER", "exp is not a power of a: its slope is exp(a) itself, not a·exp(a − 1)."
)(rewritten(local_derivatives.reference, ("(math.exp(a),)", "(a * math.exp(a - 1),)")))

local_derivatives.mistake(
    "MAXVALUE",
    "max *routes*: the winner's local derivative is 1, not its value. If a wins and is nudged by h, "
    "the result moves by h.",
)(rewritten(local_derivatives.reference, ("(1.0, 0.0) if a > b", "(a, 0.0) if a > b"),
            ("(0.0, 1.0)\n    if op == \"min\"", "(0.0, b)\n    if op == \"min\"")))  # fmt: skip

local_derivatives.mistake(
    "MAXBOTH", "max lets only the winner through: a nudge of the smaller operand changes nothing."
)(rewritten(local_derivatives.reference, ("(1.0, 0.0) if a > b else (0.0, 1.0)", "(1.0, 1.0)")))


# ------------------------------------------------------------------ the sigmoid neuron


@exercise(
    minutes=25,
    difficulty=3,
    cases=cases.NEURON_POINTS,
    advice=cases.line_by_line,
    hints=[
        "Write the forward pass in stages, one operation a line, each with a name. Then walk the same "
        "lines from bottom to top, one backward line for each.",
        "The last stages: s = 1/den has the local derivative −1/den², den = exp + 1 has 1, "
        "exp = e^neg has exp itself, neg = −dot has −1.",
        "At (2, −3, −3), (−1, −2): dden = −0.5344, dexp = −0.5344, dneg = −0.1966, ddot = 0.1966. Then "
        "a product swaps: ∂s/∂w0 = x0·ddot.",
    ],
)
def sigmoid_neuron(w, x):
    """All numbers of s = σ(w0·x0 + w1·x1 + w2), forward and backward, as a dict.

    Keys: p0, p1, sum, dot, neg, exp, den, s, then dden, dexp, dneg, ddot, dw, dx.
    """
    p0, p1 = w[0] * x[0], w[1] * x[1]
    total = p0 + p1
    dot = total + w[2]
    neg = -dot
    exp = math.exp(neg)
    den = exp + 1.0
    s = 1.0 / den
    dden = -1.0 / den**2
    dexp = dden
    dneg = dexp * exp
    ddot = -dneg
    dw = (ddot * x[0], ddot * x[1], ddot)
    dx = (ddot * w[0], ddot * w[1])
    forward = dict(p0=p0, p1=p1, sum=total, dot=dot, neg=neg, exp=exp, den=den, s=s)
    return {**forward, "dden": dden, "dexp": dexp, "dneg": dneg, "ddot": ddot, "dw": dw, "dx": dx}


for _code, _why, _old, _new in [
    ("DIVSIGN", "The slope of 1/den is negative: −1/den². A larger denominator makes s smaller.",
     "-1.0 / den**2", "1.0 / den**2"),
    ("EXPINPUT", "The derivative of exp is its output: dneg = dexp·exp, not dexp·neg.",
     "dexp * exp", "dexp * neg"),
    ("NEGSIGN", "neg = −dot has the local derivative −1, so ddot = −dneg.",
     "ddot = -dneg", "ddot = dneg"),
    ("OWNDATA", "A product swaps its operands: ∂(w0·x0)/∂w0 is x0, and ∂/∂x0 is w0. You have them "
     "the other way round.",
     "(ddot * x[0], ddot * x[1], ddot)\n    dx = (ddot * w[0], ddot * w[1])",
     "(ddot * w[0], ddot * w[1], ddot)\n    dx = (ddot * x[0], ddot * x[1])"),
    ("NOUPSTREAM", "Your dw and dx are the local derivatives; each needs the upstream gradient ddot as "
     "a factor.",
     "(ddot * x[0], ddot * x[1], ddot)\n    dx = (ddot * w[0], ddot * w[1])",
     "(x[0], x[1], 1.0)\n    dx = (w[0], w[1])"),
]:  # fmt: skip
    sigmoid_neuron.mistake(_code, _why)(rewritten(sigmoid_neuron.reference, (_old, _new)))
