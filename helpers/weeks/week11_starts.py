"""Week 11: what the first step of a training depends on: symmetry, the loss, dead units, scale.

`Value` and `POINTS` are what the notebook has under these names: the references use them as a
learner's cell does.
"""

from __future__ import annotations

import numpy as np

from helpers.engine.scalar import Value
from helpers.exercise import exercise
from helpers.weeks import week11_cases as cases
from helpers.weeks.rewrite import rewritten
from helpers.weeks.week11_judge import closest

EQUAL = (
    "log C is the loss of *equal* scores. Yours spread with std s, and confident wrong answers cost. (The mean of p is 1/C "
    "for any s: take the log of each p first, then the mean.)"
)
FEW = "Near, but too far off for 20,000 rows of normal scores. Are there as many, each a draw of its own with mean 0 and std s?"
NOTADDED = (
    "Either the row's maximum was taken out and not added again (top + log Σ exp(Z − top) − score), or you take the "
    "*largest* score as the right class, and the labels know nothing of the scores."
)
SPREAD = (
    "At s = 0 all scores are equal, so the loss is exactly log C, without chance. Yours still spread there: in `rng.normal` "
    "the first number is the *mean*, the second the std."
)
OLDGRAD = (
    "The gradients of an earlier backward() are still there when you call it again: `.grad` adds up until you set it to 0 "
    "(in *all* weights, and also after a measurement before the loop), or make new Values."
)
ADDED = "for i, w in enumerate([*sum(rows, []), *out]):\n                w.grad = old[i] ="
INFINITE = (
    "Where the scores are large, exp overflows, or p is exactly 0 and its log −∞. Take the log of softmax without "
    "computing softmax: top + log Σ exp(Z − top) − score, where top is the maximum of *each row* (week 4)."
)
POINTS = [(1.0, 0.2, 1.0), (0.5, 1.0, -1.0), (-0.6, 1.0, 1.0), (-1.0, 0.3, -1.0)]  # x1, x2, target


@exercise(
    minutes=30,
    difficulty=3,
    cases=cases.symmetry_cases,
    version=2,
    hints=[
        "Make a Value of every weight, anew in each step, so that no gradient is left from the last. The "
        "loss of a point: (Σⱼ W2[j]·act(W1[j][0]·x1 + W1[j][1]·x2) − t)².",
        "loss.backward() once per step; step 0 is where you note the largest |grad| in W1. Then all "
        "weights take one step: w.data − 0.1·w.grad.",
        "After the last step, build the loss once more for its value. getattr(z, act)() calls tanh or "
        "relu. spread: max of abs(W1[j][i] − W1[0][i]).",
    ],
)
def symmetry_report(W1, W2, act, steps):
    """Train H hidden units on POINTS in the scalar engine; are they still equal?

    W1: H rows of two incoming weights; W2: H outgoing weights; no biases. The loss is the mean
    over POINTS of (output − t)², the learning rate 0.1. Returns a dict:
    "grad": the largest |∂L/∂w| in W1 at the start; "loss": after the last step;
    "spread": the largest |W1[j][i] − W1[0][i]| after the last step.
    """
    for step in range(steps + 1):
        rows, out = [[Value(w) for w in row] for row in W1], [Value(w) for w in W2]
        loss = Value(0.0)
        for x1, x2, t in POINTS:
            hidden = [getattr(a * x1 + b * x2, act)() for a, b in rows]
            y = Value(0.0)
            for v, h in zip(out, hidden):
                y = y + v * h
            loss = loss + (y - t) ** 2 * (1 / len(POINTS))
        loss.backward()
        if step == 0:
            grad = max(abs(w.grad) for row in rows for w in row)
        if step < steps:
            W1 = [[w.data - 0.1 * w.grad for w in row] for row in rows]
            W2 = [v.data - 0.1 * v.grad for v in out]
    spread = max(abs(w - first) for row in W1 for w, first in zip(row, W1[0]))
    return {"grad": grad, "loss": loss.data, "spread": spread}


for _code, _why, *_changes in [
    ("MEANSUM", "Your loss is the sum over the points; asked for is the mean.", (" * (1 / len(POINTS))", "")),
    ("STALE", "`loss` is the one before the last step. Build it once more afterwards.",
     ("range(steps + 1)", "range(steps)")),
    ("GRADSIGN", "`grad` is the largest *size*: take abs(w.grad).", ("max(abs(w.grad)", "max(w.grad")),
    ("LASTGRAD", "`grad` is meant at the *start*, before the first step.", ("if step == 0:", "if step < steps:")),
    ("ASCENT", "The sign of the update is turned around: you climb.", ("- 0.1 * w.grad", "+ 0.1 * w.grad"),
     ("- 0.1 * v.grad", "+ 0.1 * v.grad")),
    ("W2FIXED", "W2 does not move in your training. All weights take a step.",
     ("[v.data - 0.1 * v.grad for v in out]", "[v.data for v in out]")),
    ("W1FIXED", "W1 does not move in your training. All weights take a step.",
     ("[[w.data - 0.1 * w.grad for w in row] for row in rows]", "[[w.data for w in row] for row in rows]")),
    ("ONESTEPMORE", "You take one step more than `steps`.",
     ("range(steps + 1)", "range(steps + 2)"), ("step < steps", "step <= steps")),
    ("STALE", "`loss` is the one at the start. Build it once more after the last step, from the new weights.",
     ("if step == 0:\n", "if step == 0:\n            first = loss.data\n"), ("loss.data, \"spread\"", "first, \"spread\"")),
    ("ONESTEPLESS", "You take one step less than `steps`: your loss and spread are those before the last one.",
     ("range(steps + 1)", "range(steps)"), ("step < steps", "step < steps - 1")),
    *[("OLDGRAD", OLDGRAD, ("    for step in", "    old = [0.0] * 3 * len(W2)\n    for step in"),
       ("if step < steps:\n", f"if step < steps:\n            {ADDED} {added}\n"))
      for added in ("w.grad + old[i]", "w.grad * (1 + (step == 0)) + old[i]", "w.grad * (1 + (step == 0))",
                    "w.grad + (w in out) * (old[i] + w.grad * (step == 0))")],
    ("LEARNINGRATE", "Your steps are a tenth of what is asked for: the learning rate is 0.1.",
     ("- 0.1 * w.grad", "- 0.01 * w.grad"), ("- 0.1 * v.grad", "- 0.01 * v.grad")),
    ("HALFSQUARE", "Your loss has a factor ½. Asked for is the mean of (output − t)² itself.",
     ("(1 / len(POINTS))", "(0.5 / len(POINTS))")),
    ("ONEBEND", "You bend with tanh whatever act says.", ("getattr(a * x1 + b * x2, act)()", "(a * x1 + b * x2).tanh()")),
    ("GRADBOTH", "`grad` is the largest in W1 alone; yours looks at W2, too.",
     ("abs(w.grad) for row in rows", "abs(w.grad) for row in [*rows, out]")),
    ("SPREADRANGE", "`spread` is the largest distance to *unit 0*; you take the largest distance of any two units.",
     ("abs(w - first) for row in W1 for w, first in zip(row, W1[0])", "max(c) - min(c) for c in zip(*W1)")),
    ("SPREADW2", "`spread` looks at W1, the incoming weights. You compare those of W2.",
     ("abs(w - first) for row in W1 for w, first in zip(row, W1[0])", "abs(v - W2[0]) for v in W2")),
    ("SPREADSIGN", "`spread` is the largest *size* of a difference: take abs.", ("abs(w - first)", "w - first")),
    ("SPREADALL", "`spread` compares each unit with unit 0, weight by weight. You compare weights of one unit with each "
     "other.",
     ("abs(w - first) for row in W1 for w, first in zip(row, W1[0])", "abs(w - row[0]) for row in W1 for w in row")),
]:  # fmt: skip
    symmetry_report.mistake(_code, _why)(rewritten(symmetry_report.reference, *_changes))


def as_a_mistake_here(case, expected, got) -> str | None:
    """The explanation of a known mistake, where other cases overflow and do not show it."""
    off = abs(got / expected - 1)
    mistake = closest(case, got, expected_initial_loss.mistakes, min(0.01, off / 20))
    few = case.args[1] and off < 0.06  # at s = 0 there is no chance
    return mistake.explanation if mistake else FEW if few else None


@exercise(
    minutes=15,
    difficulty=2,
    cases=cases.loss_cases,
    tolerance=0.03,
    advice=as_a_mistake_here,
    hints=[
        "There is no formula for it that holds for all s: draw scores, and average the loss of each row.",
        "Z = s * rng.standard_normal((20000, C)); the loss of a row is logsumexp(row) − score of its "
        "class. Take class 0 for all of them.",
        "logsumexp needs the row's maximum taken out (week 4): top + log Σ exp(Z − top). Then .mean().",
    ],
)
def expected_initial_loss(C, s):
    """The cross-entropy to expect before any training, for C classes.

    The scores of a sample are independent and normal with mean 0 and std s, whatever its
    class. Average over many samples (20,000 are enough); 3% is close enough. s may be large
    (300): use week 4's stable log-softmax.
    """
    rng = np.random.default_rng(0)
    Z = s * rng.standard_normal((20000, C))
    top = Z.max(axis=1)
    logsumexp = top + np.log(np.exp(Z - top[:, None]).sum(axis=1))
    return (logsumexp - Z[:, 0]).mean()


for _code, _why, *_changes in [
    ("INITLOSS", EQUAL, ("(logsumexp - Z[:, 0]).mean()", "np.log(C)")),
    ("INITLOSS", EQUAL, ("(logsumexp - Z[:, 0]).mean()", "-np.log(np.exp(Z[:, 0] - logsumexp).mean())")),
    ("QUADRATIC", "log C + s²/2 holds for small s only. At s = 4 it is far too large: draw scores instead.",
     ("(logsumexp - Z[:, 0]).mean()", "np.log(C) + s**2 / 2")),
    ("STDVAR", "You scale by the variance: the factor in front of a standard normal is the std s itself.",
     ("Z = s *", "Z = s**2 *")),
    ("STDVAR", "You scale by √s. The factor in front of a standard normal is the std s itself.",
     ("Z = s *", "Z = np.sqrt(s) *")),
    ("MAXSHIFT", INFINITE, ("top = Z.max(axis=1)", "top = np.zeros(len(Z))")),
    ("MAXSHIFT", INFINITE, ("top = Z.max(axis=1)", "top = Z.max() + np.zeros(len(Z))")),
    ("MAXSHIFT", INFINITE, ("(logsumexp - Z[:, 0]).mean()",
                            "-np.log((np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True))[:, 0]).mean()")),
    ("MAXSHIFT", "At s = 300 most p are exactly 0, and what you add to them before the log decides the loss. Take the log "
     "without softmax: top + log Σ exp(Z − top) − score.",
     ("(logsumexp - Z[:, 0])", "-np.log(np.exp(Z[:, 0] - logsumexp) + 1e-12)")),
    ("ENTROPY", "That is the entropy of the probabilities, −Σ p·log p. The labels know nothing of p: −log p of one class.",
     ("(logsumexp - Z[:, 0]).mean()",
      "(logsumexp - (np.exp(Z - logsumexp[:, None]) * Z).sum(axis=1)).mean()")),
    ("LOGBASE", "That is the loss in bits. Take the natural log, np.log.", (".mean()", ".mean() / np.log(2)")),
    ("SIGN", "The loss is *minus* the log of a probability, so it is positive.",
     ("(logsumexp - Z[:, 0]).mean()", "(Z[:, 0] - logsumexp).mean()")),
    ("NOLOG", "That is 1 − p. The loss of a row is −log p of its class.",
     ("(logsumexp - Z[:, 0]).mean()", "(1 - np.exp(Z[:, 0] - logsumexp)).mean()")),
    ("BESTCLASS", NOTADDED, ("Z[:, 0]", "top")),
    ("BESTCLASS", NOTADDED, ("logsumexp = top + np.log", "logsumexp = np.log")),
    ("STDVAR", SPREAD, ("s * rng.standard_normal(", "rng.normal(s, size=")),
    ("LOGMEAN", "The log is of the *sum* over the classes; you take their mean.",
     (".sum(axis=1))", ".mean(axis=1))")),
]:  # fmt: skip
    expected_initial_loss.mistake(_code, _why)(
        rewritten(expected_initial_loss.reference, *_changes)
    )


def seldom(case, expected, got) -> str | None:
    """What to say where only units that seldom fire, or always fire alike, are taken for dead."""
    if len(case.args[0]) < 250:
        return None
    return (
        "One unit there fires at one input of 250 and by 0.0005, one at ten late inputs, one is 2 at all of them. "
        "All three get a gradient: they are not dead."
    )


@exercise(
    minutes=5,
    difficulty=1,
    cases=cases.activation_cases,
    version=2,
    advice=seldom,
    hints=[
        "A unit is a column of H. When is it dead: at one input, or at all of them?",
        "H == 0 is a table of yes and no; .all(axis=…) asks about a whole column.",
        "The mean of yes and no is the share of yes: (H == 0).all(axis=0).mean().",
    ],
)
def dead_fraction(H):
    """The share of ReLU units that are 0 on *all* inputs; H (N, units) is the ReLU's output."""
    return (H == 0).all(axis=0).mean()


for _code, _why, *_changes in [
    ("DEADRELU", "That is the share of *zeros*. A healthy unit is silent at half of the inputs; dead is a unit that is silent "
     "at all of them.",
     (".all(axis=0).mean()", ".mean()")),
    ("DEADRELU", "One zero does not make a unit dead. It must be 0 on all inputs: `all`, not `any`.",
     (".all(axis=0)", ".any(axis=0)")),
    ("AXIS", "You ask which *inputs* silence all units. A unit is a column: axis 0.", ("axis=0", "axis=1")),
    ("COUNT", "That is how many are dead. The share is asked for.", (".mean()", ".sum()")),
    ("NEGATIVE", "H is relu's *output*, never below 0. Where z is negative, it is exactly 0.", ("(H == 0)", "(H < 0)")),
    ("ALIVE", "That is the share of the units that *live*.", ("(H == 0).all(axis=0).mean()", "(H > 0).any(axis=0).mean()")),
    ("ALIVE", "That is the share of units that fire at *every* input.", ("(H == 0)", "(H > 0)")),
]:  # fmt: skip
    dead_fraction.mistake(_code, _why)(rewritten(dead_fraction.reference, *_changes))


@exercise(
    minutes=15,
    difficulty=2,
    cases=cases.lsuv_cases,
    hints=[
        "Walk forward with the batch. At each layer compute z = h @ W with the weights as they are, and "
        "ask for its std.",
        "z is linear in W: divide W by z.std(), and z has std 1.",
        "h of the next layer comes from the *scaled* weights: h = np.maximum(h @ W, 0). Collect the scaled "
        "W in a new list.",
    ],
)
def lsuv(layers, X):
    """New weights, one array for each in layers, so that every z = h @ W has std 1 on X.

    h is X at first, then relu(z) of the layer before. Each W is multiplied by one number.
    """
    h, scaled = X, []
    for W in layers:
        W = W / (h @ W).std()
        h = np.maximum(h @ W, 0)
        scaled.append(W)
    return scaled


for _code, _why, *_changes in [
    ("STDVAR", "You divide by the variance. To get std 1, divide by the std.", (".std()", ".var()")),
    ("SECONDMOMENT", "You divide by √E[z²]. The mean of z on a batch is not 0, and a std leaves it out: z.std().",
     ("(h @ W).std()", "np.sqrt(((h @ W) ** 2).mean())")),
    ("RELUINPUT", "The first layer sees X as it is; the relu comes after a layer, not before the first.",
     ("h, scaled = X, []", "h, scaled = np.maximum(X, 0), []")),
    ("LASTALONE", "The last layer stays as it was. Every z is to have std 1, the last one, too.",
     ("return scaled", "return [*scaled[:-1], layers[-1]]")),
    ("TWICEGAIN", "You scale by √2 besides. The std of z is to be 1; what relu takes is measured in the next layer.",
     ("W = W / (h @ W).std()", "W = np.sqrt(2) * W / (h @ W).std()")),
    ("STDVAR", "You divide by √std. z is linear in W: divide by the std itself.",
     ("(h @ W).std()", "np.sqrt((h @ W).std())")),
    ("POSTACT", "You measure after the relu. The std of z, before it, is to be 1.",
     ("(h @ W).std()", "np.maximum(h @ W, 0).std()")),
    ("STALE", "The next layer must see the *scaled* signal; yours runs on with the old weights.",
     ("W = W / (h @ W).std()\n        h = np.maximum(h @ W, 0)\n        scaled.append(W)",
      "scaled.append(W / (h @ W).std())\n        h = np.maximum(h @ W, 0)")),
    ("NOBEND", "Between the layers there is a relu; yours runs on with z.", ("np.maximum(h @ W, 0)", "h @ W")),
    ("PERUNIT", "You scale each column by its own std. Each W is multiplied by *one* number: the std of all of z.",
     (".std()", ".std(axis=0)")),
    ("WEIGHTSTD", "You divide by the std of the *weights*. What counts is the std of z on this batch.",
     ("(h @ W).std()", "W.std()")),
    ("TIMES", "You multiply by the std. A z that is too large needs smaller weights: divide.", ("W / (h", "W * (h")),
]:  # fmt: skip
    lsuv.mistake(_code, _why)(rewritten(lsuv.reference, *_changes))
