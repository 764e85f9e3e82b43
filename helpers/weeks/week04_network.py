"""Week 4: the two-layer network: on paper, as code, and once more for the exit test."""

from __future__ import annotations

import numpy as np

from helpers.exercise import exercise, paper
from helpers.weeks import week04_cases as cases
from helpers.weeks import week04_judge as judge
from helpers.weeks.rewrite import rewritten

tiny_network = paper(
    "tiny_network",
    "D17 with one input, one hidden unit and one score: every gradient, from the loss to the input",
    answers=dict(
        dz2="p - t", dw2="dz2 * h", db2="dz2", dh="dz2 * w2", dz1="dh * m", dw1="dz1 * x", db1="dz1"
    ),
    at=dict(
        x=1.5,
        w1=0.8,
        b1=0.1,
        w2=-1.1,
        b2=0.3,
        t=1.0,
        z1="w1 * x + b1",
        h="relu(z1)",
        m="relu(z1) / z1",
        z2="w2 * h + b2",
        p="sigmoid(z2)",
    ),
    minutes=20,
    difficulty=2,
    hints=[
        "Start at the loss and go left, one line for each line of the forward pass. The first one, "
        "dz2, is the P − Y of this section: p − t.",
        "z2 = w2·h + b2 is a product and a sum: w2 gets dz2 times h, h gets dz2 times w2, b2 gets dz2.",
        "h = relu(z1) has the slope m, which is 1 or 0: dz1 = dh·m. Then z1 = w1·x + b1 is again a "
        "product and a sum.",
    ],
    mistakes={
        "SIGN": (
            dict(dz2="t - p"),
            "The sign is turned around: with p above t the score must fall.",
        ),
        "EXTRASIG": (
            dict(dz2="(p - t) * p * (1 - p)"),
            "The slope p·(1 − p) has already canceled against the log's: what remains is p − t.",
        ),
        "OWNDATA": (
            dict(dw2="dz2 * w2", dh="dz2 * h", dw1="dz1 * w1"),
            "A product swaps: each factor gets the *other* one.",
        ),
        "PREACT": (dict(dw2="dz2 * z1"), "w2 is multiplied by h, the value *after* the ReLU."),
        "RELUMASK": (
            dict(dz1="dh"),
            "The ReLU's slope is missing: where z1 < 0 nothing passes. m is 1 there where z1 > 0.",
        ),
        "ACTIVATIONINPUT": (
            dict(dz1="dh * h"),
            "The slope of a ReLU is m, 1 or 0, and not its output h.",
        ),
        "NOUPSTREAM": (
            dict(dw2="h", db2="1", dh="w2", dz1="m", dw1="x", db1="1"),
            "That is the local derivative; times the upstream gradient.",
        ),
        "NOTARGET": (
            dict(dz2="p"),
            "That is P alone. The target is missing: p − t.",
        ),
        "STOPPED": (
            dict(dz2="-t / p"),
            "That is the gradient at p, for t = 1. From p to z2 the sigmoid's slope is still missing; then p − t is left.",
        ),
        "BIASVALUE": (
            dict(db2="dz2 * b2", db1="dz1 * b1"),
            "A bias is added, so its local derivative is 1, whatever its value is.",
        ),
        "MASKEARLY": (
            dict(dh="dz2 * w2 * m"),
            "The mask stands between h and z1: it belongs to dz1, one line further down.",
        ),
        "MASKSKIPPED": (
            dict(dw1="dh * x", db1="dh"),
            "You start from dh. w1 and b1 stand before the ReLU: what has arrived there is dz1.",
        ),
        "OTHERLAYER": (
            dict(dw2="dz2 * x", dw1="dz1 * h"),
            "Each weight meets the input of its *own* layer: w1 multiplies x, w2 multiplies h.",
        ),
    },
)


@exercise(
    minutes=40,
    difficulty=3,
    cases=cases.network_cases,
    judge=judge.layers(
        *("dW2", "db2", "dW1", "db1"),
        inside=cases.two_layer_inside,
        clues=cases.TWO_LAYER_CLUES,
        sizes=cases.network_sizes,
    ),
    hints=[
        "Write the forward pass first, one line for each step: Z1, H, Z2, loss. Then mirror it from "
        "the bottom to the top: dZ2, dW2, db2, dH, dZ1, dW1, db1.",
        "dZ2 = (P − Y)/N, and that is the only place where N appears. A linear layer you know from "
        "week 3: dW2 = Hᵀ·dZ2, db2 = column sums of dZ2, dH = dZ2·W2ᵀ.",
        "Through the ReLU: dZ1 = dH * (Z1 > 0). Then the same three lines once more with X: "
        "dW1 = X.T @ dZ1, db1 = dZ1.sum(axis=0).",
    ],
)
def two_layer_grads(params, X, t):
    """Loss and gradients of the scores relu(X·W1 + b1)·W2 + b2 with mean cross-entropy.

    Keys of params: W1, b1, W2, b2. Keys of the result: loss, dW1, db1, dW2, db2.
    """
    rows = np.arange(len(t))
    Z1 = X @ params["W1"] + params["b1"]
    H = np.maximum(Z1, 0)
    Z2 = H @ params["W2"] + params["b2"]
    shifted = Z2 - Z2.max(axis=1, keepdims=True)
    logP = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -logP[rows, t].mean()

    dZ2 = np.exp(logP)
    dZ2[rows, t] -= 1
    dZ2 = dZ2 / len(t)
    dW2 = H.T @ dZ2
    db2 = dZ2.sum(axis=0)
    dH = dZ2 @ params["W2"].T
    dZ1 = dH * (Z1 > 0)
    dW1 = X.T @ dZ1
    db1 = dZ1.sum(axis=0)
    return {"loss": loss, "dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}


_OUTPUT = (
    ("MEANSUM", "All gradients are N times the right ones, and N is the batch size: the loss is a "
     "mean, so 1/N belongs into dZ2, once.",
     ("dZ2 = dZ2 / len(t)", "dZ2 = dZ2 + 0")),
    ("MEANSUM", "All gradients are 1/N times the right ones: you divide by N twice.",
     ("dZ2 / len(t)", "dZ2 / len(t) / len(t)")),
    ("MEANSUM", "All gradients are N/C times the right ones: you divide by the number of classes "
     "where the number of samples belongs.",
     ("dZ2 / len(t)", "dZ2 / Z2.shape[1]")),
    ("SIGN", "All gradients are −1 times the right ones: dZ2 is (P − Y)/N, not (Y − P)/N.",
     ("dZ2 / len(t)", "-dZ2 / len(t)")),
    ("NO-1", "dZ2 is P/N in your code: the −1 at each sample's own class is missing.",
     ("    dZ2[rows, t] -= 1\n", "")),
    ("NO-1", "You subtract 1 from every class; only each sample's own class gets it: dZ2[rows, t].",
     ("dZ2[rows, t] -= 1", "dZ2 -= 1")),
    ("EXTRASIG", "There is an extra factor P·(1 − P) in dZ2. It is part of P − Y already.",
     ("dZ2 = dZ2 / len(t)", "dZ2 = dZ2 * np.exp(logP) * (1 - np.exp(logP)) / len(t)")),
    ("DOUBLESOFTMAX", "You take softmax twice. Cross-entropy works on the *scores* Z2.",
     ("    shifted = Z2",
      "    Z2 = np.exp(Z2 - Z2.max(axis=1, keepdims=True))\n"
      "    Z2 = Z2 / Z2.sum(axis=1, keepdims=True)\n    shifted = Z2")),
    ("MAXSHIFT", "Right for small scores; in the thousands exp overflows and NaN comes out. Subtract "
     "each row's maximum from Z2 first.",
     ("Z2 - Z2.max(axis=1, keepdims=True)", "Z2 + 0")),
    ("MAXSHIFT", "You take the log of a softmax. A probability that has underflowed to 0 gives −∞, "
     "though the loss is a finite number. Stay in logs: z − logsumexp(z).",
     ("-logP[rows, t]", "-np.log(np.exp(logP))[rows, t]")),
)  # fmt: skip

_BIASES = (
    ("DBMEAN", "db1 and db2 are 1/N times the right ones: a *mean* over the batch where a sum belongs. "
     "The bias is used by every sample, and what copies forward sums backward; the 1/N is in dZ2.",
     ("dZ2.sum(axis=0)", "dZ2.mean(axis=0)"), ("dZ1.sum(axis=0)", "dZ1.mean(axis=0)")),
    ("DBAXIS", "db1 and db2 are summed over axis 1, the units. The bias is shared by the *samples*: sum "
     "over axis 0. (With N = H = C the shapes would even fit.)",
     ("dZ2.sum(axis=0)", "dZ2.sum(axis=1)"), ("dZ1.sum(axis=0)", "dZ1.sum(axis=1)")),
)  # fmt: skip

for _code, _why, *_changes in [
    *_OUTPUT,
    *_BIASES,
    ("TRANSPOSE", "dW2 is transposed: dZ2ᵀ·H instead of Hᵀ·dZ2. Where H = C the shape fits and only "
     "the numbers tell.",
     ("H.T @ dZ2", "dZ2.T @ H")),
    ("TRANSPOSE", "dW1 is transposed: dZ1ᵀ·X instead of Xᵀ·dZ1. Where D = H the shape fits and only "
     "the numbers tell.",
     ("X.T @ dZ1", "dZ1.T @ X")),
    ("TRANSPOSE", "dH = dZ2·W2 lacks the transpose. For a square W2 it runs, and everything behind it "
     "(dW1, db1) is wrong.",
     ('params["W2"].T', 'params["W2"]')),
    ("RELUMASK", "dW1 and db1 are wrong, dW2 and db2 are right: look between them. All of dH passes the ReLU. "
     "Either there is no mask, or it is true everywhere: H >= 0 always holds. Take Z1 > 0, or H > 0.",
     ("(Z1 > 0)", "(H >= 0)")),
    ("RELUMASK", "dW1 and db1 are wrong, dW2 and db2 are right: look between them. The mask is taken "
     "from the gradient, dH > 0; take it from Z1.",
     ("(Z1 > 0)", "(dH > 0)")),
    ("RELUMASK", "dW1 and db1 are wrong, dW2 and db2 are right: look between them. dZ1 is the mask "
     "alone; the upstream gradient dH is dropped.",
     ("dH * (Z1 > 0)", "1.0 * (Z1 > 0)")),
    ("RELUMASK", "dW1 and db1 are wrong, dW2 and db2 are right: look between them. The ReLU's mask is "
     "inverted.",
     ("(Z1 > 0)", "(Z1 < 0)")),
    ("PREACT", "Only dW2 is wrong: it is made of Z1, but W2 is multiplied by H, the value *after* the "
     "ReLU.",
     ("H.T @ dZ2", "Z1.T @ dZ2")),
    ("UPDATEFIRST", "dW1 and db1 are slightly wrong, dW2 and db2 are right: the gradient goes through a "
     "W2 that has already been changed. First all gradients, then the updates.",
     ('dZ2 @ params["W2"].T', 'dZ2 @ (params["W2"] - 0.1 * dW2).T')),
]:  # fmt: skip
    two_layer_grads.mistake(_code, _why)(rewritten(two_layer_grads.reference, *_changes))


# ------------------------------------------------------------------ the exit test


@exercise(
    minutes=30,
    difficulty=3,
    cases=cases.exit_cases,
    judge=judge.layers(
        *("dW2", "db2", "dW3", "dW1", "db1", "dX"),
        inside=cases.exit_inside,
        clues=cases.EXIT_CLUES,
        sizes=cases.network_sizes,
    ),
    hints=[
        "Forward in stages: Z1, H, Z2, loss. Then each line backward, from the bottom to the top.",
        "Z2 is a sum of three terms, and a sum copies: H·W2, X·W3 and b2 all get dZ2. tanh's slope is "
        "1 − H².",
        "X is used twice: dX = dZ1·W1ᵀ + dZ2·W3ᵀ.",
    ],
)
def exit_test(params, X, t):
    """Loss and gradients of the scores tanh(X·W1 + b1)·W2 + X·W3 + b2 with mean cross-entropy.

    Keys of params: W1, b1, W2, W3, b2. Keys of the result: loss, dW1, db1, dW2, dW3, db2, dX.
    """
    rows = np.arange(len(t))
    H = np.tanh(X @ params["W1"] + params["b1"])
    Z2 = H @ params["W2"] + X @ params["W3"] + params["b2"]
    shifted = Z2 - Z2.max(axis=1, keepdims=True)
    logP = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -logP[rows, t].mean()

    dZ2 = np.exp(logP)
    dZ2[rows, t] -= 1
    dZ2 = dZ2 / len(t)
    dW2 = H.T @ dZ2
    dW3 = X.T @ dZ2
    db2 = dZ2.sum(axis=0)
    dH = dZ2 @ params["W2"].T
    dZ1 = dH * (1 - H**2)
    dW1 = X.T @ dZ1
    db1 = dZ1.sum(axis=0)
    dX = dZ1 @ params["W1"].T + dZ2 @ params["W3"].T
    return {"loss": loss, "dW1": dW1, "db1": db1, "dW2": dW2, "dW3": dW3, "db2": db2, "dX": dX}


for _code, _why, *_changes in [
    *_OUTPUT,
    *_BIASES,
    ("CHAINSUM", "dX lacks the path through the shortcut: X is used twice, so two contributions add "
     "up.",
     (' + dZ2 @ params["W3"].T', "")),
    ("ASSIGN", "dX holds the path through the shortcut only; the one through the hidden layer is lost. "
     "X is used twice, so two contributions add up.",
     ('dZ1 @ params["W1"].T + ', "")),
    ("ACTIVATIONINPUT", "dW1, db1 and dX are wrong, dW2, dW3 and db2 are right: look between them. "
     "tanh's slope is 1 − H² with the *output* H.",
     ("1 - H**2", '1 - (X @ params["W1"] + params["b1"]) ** 2')),
    ("ACTIVATIONINPUT", "dW1, db1 and dX are wrong, dW2, dW3 and db2 are right: tanh's slope is left "
     "out.",
     ("dH * (1 - H**2)", "dH + 0")),
    ("RELUMASK", "dW1, db1 and dX are wrong: that is a ReLU's mask. This hidden layer is a tanh.",
     ("(1 - H**2)", "(H > 0)")),
    ("TRANSPOSE", "dW2 is transposed: dZ2ᵀ·H instead of Hᵀ·dZ2.", ("H.T @ dZ2", "dZ2.T @ H")),
    ("TRANSPOSE", "dH = dZ2·W2 lacks the transpose. For a square W2 it runs, and everything behind it "
     "is wrong.",
     ('dZ2 @ params["W2"].T', 'dZ2 @ params["W2"]')),
]:  # fmt: skip
    exit_test.mistake(_code, _why)(rewritten(exit_test.reference, *_changes))
